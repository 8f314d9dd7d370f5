/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated API server as its clients see it: server and client on one loop. */
#include "check.h"
#include "sluice/json/jfmt.h"
#include "sluice/kube/config.h"
#include "sluice/kube/sync.h"
#include "sluice/kube/watch.h"
#include "sluice/serve/serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define WAIT_MS 20000
#define MAPS    "/api/v1/namespaces/default/configmaps"
#define SERVICE "/api/v1/namespaces/default/services/web"
#define DEPLOYS "/apis/apps/v1/namespaces/default/deployments"

struct fixture {
    struct loop *loop;
    struct serve *serve;
    struct kube_config config;
    struct kube_client *client;
    struct arena a;
    char path[64];
};

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof *f);
    struct err e = {0};
    int fd;

    snprintf(f->path, sizeof f->path, "/tmp/serve-XXXXXX");
    fd = mkstemp(f->path);
    assert_true(fd >= 0);
    close(fd);
    arena_init(&f->a);
    f->loop = loop_new();
    f->serve = serve_new(
        f->loop, &(struct serve_options){.kubeconfig = f->path, .metrics_port = -1, .speed = 20},
        &e);
    CHECK(f->serve, "%s", e.text);
    CHECK(serve_announce(f->serve, &e), "%s", e.text);
    CHECK(kube_config_load(&(struct kube_config_options){.kubeconfig = f->path}, &f->config, &e),
          "%s", e.text);
    f->client = kube_client_new(f->loop, &f->config, NULL, &e);
    CHECK(f->client, "%s", e.text);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    kube_client_free(f->client);
    kube_config_release(&f->config);
    serve_free(f->serve);
    loop_free(f->loop);
    unlink(f->path);
    unlink(arena_printf(&f->a, "%s.operator", f->path));
    arena_release(&f->a);
    free(f);
    return 0;
}

/* The document that comes back, NULL when it is refused; `kind` says how. */
static cJSON *ask(struct fixture *f, struct kube_request req, enum err_kind *kind)
{
    auto_reply struct kube_reply_owned reply = {0};
    struct err e = {0};
    cJSON *doc = NULL;

    if (kube_call(f->client, &req, &reply, &e))
        doc = json_parse(reply.body, reply.len, &e);
    *kind = e.kind;
    return doc;
}

/* Quotes as in json_fmt. */
static enum err_kind send(struct fixture *f, enum kube_verb verb, const char *path,
                          const char *query, const char *type, const char *body)
{
    enum err_kind kind;
    cJSON *doc = ask(f,
                     (struct kube_request){.verb = verb,
                                           .path = path,
                                           .query = query,
                                           .content_type = type,
                                           .body = body ? json_fmt(&f->a, body) : NULL},
                     &kind);

    json_release(&doc);
    return kind;
}

static cJSON *get(struct fixture *f, const char *path, const char *query)
{
    enum err_kind kind;
    cJSON *doc =
        ask(f, (struct kube_request){.verb = KUBE_GET, .path = path, .query = query}, &kind);

    CHECK(doc, "%s: %s", path, err_kind_name(kind));
    return doc;
}

static void create_map(struct fixture *f, const char *name)
{
    assert_int_equal(send(f, KUBE_POST, MAPS, NULL, NULL,
                          arena_printf(&f->a, "{'metadata':{'name':'%s'}}", name)),
                     ERR_NONE);
}

/* ---- writes ---------------------------------------------------------------------------------- */

static void writes_keep_what_they_do_not_know(void **state)
{
    struct fixture *f = *state;
    static const char body[] =
        "{'metadata':{'name':'web','annotations':{'x':'y'}},'spec':{'ports':[{'port':80}],"
        "'unknown':{'a':[1,{'b':null,'c':2}]},'selector':{'app':'web'}}}";
    cJSON *doc;

    assert_int_equal(send(f, KUBE_POST, "/api/v1/namespaces/default/services", NULL, NULL, body),
                     ERR_NONE);
    assert_int_equal(
        send(f, KUBE_PATCH, SERVICE, NULL, KUBE_MERGE_PATCH, "{'metadata':{'labels':{'l':'m'}}}"),
        ERR_NONE);
    doc = get(f, SERVICE, NULL);
    assert_int_equal(json_count(json_at(doc, "spec.unknown.a")), 2);
    assert_string_equal(json_str(doc, "metadata.annotations.x"), "y");
    assert_string_equal(json_str(doc, "metadata.labels.l"), "m");
    assert_string_equal(json_str(doc, "kind"), "Service");
    json_release(&doc);
}

static void stale_writes_are_refused(void **state)
{
    static const struct {
        const char *type, *body;
        enum err_kind kind;
    } rows[] = {
        {KUBE_MERGE_PATCH, "{'metadata':{'resourceVersion':'1'},'data':{'a':'b'}}", ERR_CONFLICT},
        {KUBE_MERGE_PATCH, "{'metadata':{'uid':'other'},'data':{'a':'b'}}", ERR_CONFLICT},
        {KUBE_JSON_PATCH, "[{'op':'test','path':'/metadata/uid','value':'other'}]", ERR_CONFLICT},
        {KUBE_JSON_PATCH, "[{'op':'test','path':'/metadata/name','value':'m'}]", ERR_NONE},
        {KUBE_MERGE_PATCH, "{'data':{'a':'b'}}", ERR_NONE},
        {"text/plain", "{}", ERR_INVALID},
    };
    struct fixture *f = *state;

    create_map(f, "m");
    for (size_t i = 0; i < COUNT(rows); i++) {
        const enum err_kind kind = send(f, KUBE_PATCH, MAPS "/m", NULL, rows[i].type, rows[i].body);

        CHECK(kind == rows[i].kind, "row %zu: %s", i, err_kind_name(kind));
    }
    assert_int_equal(send(f, KUBE_POST, MAPS, NULL, NULL, "{'metadata':{'name':'m'}}"), ERR_EXISTS);
    assert_int_equal(send(f, KUBE_DELETE, MAPS "/m", NULL, NULL, "{'preconditions':{'uid':'x'}}"),
                     ERR_CONFLICT);
    assert_int_equal(send(f, KUBE_DELETE, MAPS "/m", NULL, NULL, NULL), ERR_NONE);
    assert_int_equal(send(f, KUBE_DELETE, MAPS "/m", NULL, NULL, NULL), ERR_NOT_FOUND);
}

static void an_apply_takes_back_what_it_no_longer_names(void **state)
{
    static const char query[] = "fieldManager=me";
    struct fixture *f = *state;
    cJSON *doc;

    assert_int_equal(send(f, KUBE_PATCH, MAPS "/m", query, KUBE_SSA, "{'data':{'a':'1','b':'2'}}"),
                     ERR_INVALID); /* created by apply: the name is in the body too */
    assert_int_equal(send(f, KUBE_PATCH, MAPS "/m", query, KUBE_SSA,
                          "{'metadata':{'name':'m'},'data':{'a':'1'}}"),
                     ERR_NONE);
    assert_int_equal(send(f, KUBE_PATCH, MAPS "/m", query, KUBE_SSA, "{'data':{'a':'1','b':'2'}}"),
                     ERR_NONE);
    assert_int_equal(send(f, KUBE_PATCH, MAPS "/m", NULL, KUBE_MERGE_PATCH, "{'data':{'c':'3'}}"),
                     ERR_NONE);
    assert_int_equal(send(f, KUBE_PATCH, MAPS "/m", query, KUBE_SSA, "{'data':{'a':'4'}}"),
                     ERR_NONE);
    doc = get(f, MAPS "/m", NULL);
    assert_string_equal(json_str(doc, "data.a"), "4");
    assert_null(json_str(doc, "data.b"));
    assert_string_equal(json_str(doc, "data.c"), "3");
    json_release(&doc);
}

static void a_dry_run_changes_nothing(void **state)
{
    struct fixture *f = *state;
    cJSON *doc;

    create_map(f, "m");
    assert_int_equal(
        send(f, KUBE_PATCH, MAPS "/m", "dryRun=All", KUBE_MERGE_PATCH, "{'data':{'a':'b'}}"),
        ERR_NONE);
    assert_int_equal(send(f, KUBE_DELETE, MAPS "/m", "dryRun=All", NULL, NULL), ERR_NONE);
    doc = get(f, MAPS "/m", NULL);
    assert_null(json_at(doc, "data"));
    json_release(&doc);
}

static void finalizers_hold_and_dependents_go(void **state)
{
    struct fixture *f = *state;
    cJSON *doc;
    char *child;

    create_map(f, "owner");
    doc = get(f, MAPS "/owner", NULL);
    child = arena_printf(&f->a,
                         "{'metadata':{'name':'child','ownerReferences':[{'apiVersion':'v1','kind':"
                         "'ConfigMap','name':'owner','uid':'%s'}]}}",
                         json_str(doc, "metadata.uid"));
    json_release(&doc);
    assert_int_equal(send(f, KUBE_POST, MAPS, NULL, NULL, child), ERR_NONE);
    assert_int_equal(send(f, KUBE_PATCH, MAPS "/owner", NULL, KUBE_MERGE_PATCH,
                          "{'metadata':{'finalizers':['x/y']}}"),
                     ERR_NONE);
    assert_int_equal(send(f, KUBE_DELETE, MAPS "/owner", NULL, NULL, NULL), ERR_NONE);
    doc = get(f, MAPS "/owner", NULL);
    assert_non_null(json_str(doc, "metadata.deletionTimestamp"));
    json_release(&doc);
    assert_int_equal(send(f, KUBE_PATCH, MAPS "/owner", NULL, KUBE_MERGE_PATCH,
                          "{'metadata':{'finalizers':null}}"),
                     ERR_NONE);
    assert_int_equal(send(f, KUBE_GET, MAPS "/owner", NULL, NULL, NULL), ERR_NOT_FOUND);
    while (send(f, KUBE_GET, MAPS "/child", NULL, NULL, NULL) == ERR_NONE)
        ;
}

static void status_and_scale_are_written_apart(void **state)
{
    static const char body[] =
        "{'metadata':{'name':'web'},'spec':{'replicas':2,'selector':{'matchLabels':{'app':'web'}},"
        "'template':{'metadata':{'labels':{'app':'web'}},'spec':{'containers':[{'name':'a',"
        "'image':'i:v1'}]}}},'status':{'replicas':9}}";
    struct fixture *f = *state;
    cJSON *doc;

    assert_int_equal(send(f, KUBE_POST, DEPLOYS, NULL, NULL, body), ERR_NONE);
    assert_int_equal(send(f, KUBE_PATCH, DEPLOYS "/web/scale", NULL, KUBE_MERGE_PATCH,
                          "{'spec':{'replicas':5}}"),
                     ERR_NONE);
    assert_int_equal(send(f, KUBE_PATCH, DEPLOYS "/web/status", NULL, KUBE_MERGE_PATCH,
                          "{'spec':{'replicas':7},'status':{'note':'n'}}"),
                     ERR_NONE);
    assert_int_equal(send(f, KUBE_PATCH, DEPLOYS "/web", NULL, KUBE_MERGE_PATCH,
                          "{'spec':{'selector':{'matchLabels':{'app':'x'}}}}"),
                     ERR_INVALID);
    doc = get(f, DEPLOYS "/web", NULL);
    assert_int_equal(json_i64(doc, "spec.replicas", 0), 5);
    assert_string_equal(json_str(doc, "status.note"), "n");
    assert_string_equal(json_str(doc, "spec.strategy.type"), "RollingUpdate");
    json_release(&doc);
}

/* ---- reads ----------------------------------------------------------------------------------- */

static void lists_go_on_where_they_stopped(void **state)
{
    struct fixture *f = *state;
    cJSON *first, *second;
    char *query;

    create_map(f, "b");
    create_map(f, "a");
    create_map(f, "c");
    first = get(f, MAPS, "limit=2");
    assert_int_equal(json_count(json_at(first, "items")), 2);
    assert_string_equal(json_str(json_at(first, "items")->child, "metadata.name"), "a");
    create_map(f, "d"); /* not in the snapshot that goes on */
    query = arena_printf(&f->a, "limit=2&continue=%s", json_str(first, "metadata.continue"));
    second = get(f, MAPS, query);
    assert_int_equal(json_count(json_at(second, "items")), 1);
    assert_string_equal(json_str(json_at(second, "items")->child, "metadata.name"), "c");
    assert_null(json_str(second, "metadata.continue"));
    assert_string_equal(json_str(second, "metadata.resourceVersion"),
                        json_str(first, "metadata.resourceVersion"));
    json_release(&first);
    json_release(&second);
    assert_int_equal(send(f, KUBE_GET, MAPS, "continue=999.2", NULL, NULL), ERR_GONE);
}

static void selectors_choose(void **state)
{
    static const struct {
        const char *query;
        size_t count;
    } rows[] = {
        {"labelSelector=app", 2},
        {"labelSelector=app%3Dx", 1},
        {"labelSelector=app%3D%3Dx", 1},
        {"labelSelector=app%21%3Dx", 2},
        {"labelSelector=%21app", 1},
        {"labelSelector=app%20in%20%28x%2Cy%29", 2},
        {"labelSelector=app%20notin%20%28x%2C%20y%29", 1},
        {"labelSelector=app%3Dx%2Ctier%3D1", 1},
        {"labelSelector=app%3Dx%2Ctier%3D2", 0},
        {"fieldSelector=metadata.name%3Dm2", 1},
        {"fieldSelector=metadata.name%21%3Dm2", 2},
    };
    struct fixture *f = *state;

    create_map(f, "m3");
    assert_int_equal(send(f, KUBE_POST, MAPS, NULL, NULL,
                          "{'metadata':{'name':'m1','labels':{'app':'x','tier':'1'}}}"),
                     ERR_NONE);
    assert_int_equal(
        send(f, KUBE_POST, MAPS, NULL, NULL, "{'metadata':{'name':'m2','labels':{'app':'y'}}}"),
        ERR_NONE);
    for (size_t i = 0; i < COUNT(rows); i++) {
        cJSON *doc = get(f, MAPS, rows[i].query);
        const size_t count = json_count(json_at(doc, "items"));

        CHECK(count == rows[i].count, "%s: %zu", rows[i].query, count);
        json_release(&doc);
    }
}

/* ---- watches --------------------------------------------------------------------------------- */

struct watching {
    struct watch_framer framer;
    char seen[256]; /* "ADDED m1;BOOKMARK;" */
    bool done;
};

static bool on_line(const char *line, size_t len, void *arg)
{
    struct watching *w = arg;
    struct err e = {0};
    cJSON *doc = json_parse(line, len, &e);
    const char *name = json_str(doc, "object.metadata.name");
    const size_t have = strlen(w->seen);

    snprintf(w->seen + have, sizeof w->seen - have, "%s%s%s;", json_str(doc, "type"),
             name ? " " : "", name ? name : "");
    json_release(&doc);
    return true;
}

static bool on_chunk(const char *p, size_t len, void *arg)
{
    struct watching *w = arg;
    struct err e = {0};

    return watch_framer_feed(&w->framer, p, len, on_line, w, &e);
}

static void on_done(const struct kube_reply *reply, void *arg)
{
    (void)reply;
    ((struct watching *)arg)->done = true;
}

static const char *awaited;

static bool has_seen(void *arg)
{
    return strstr(((struct watching *)arg)->seen, awaited) != NULL;
}

static struct kube_call *begin(struct fixture *f, struct watching *w, const char *query)
{
    *w = (struct watching){0};
    watch_framer_init(&w->framer, 0);
    return kube_send(f->client,
                     &(struct kube_request){.verb = KUBE_GET,
                                            .path = MAPS,
                                            .query = query,
                                            .pool = KUBE_WATCH,
                                            .on_chunk = on_chunk,
                                            .idle_ms = WAIT_MS},
                     on_done, w);
}

static void sees(struct fixture *f, struct watching *w, const char *what)
{
    awaited = what;
    CHECK(loop_run_until(f->loop, has_seen, w, WAIT_MS), "%s is not in %s", what, w->seen);
}

static void end(struct watching *w, struct kube_call *call)
{
    if (!w->done)
        kube_cancel(call);
    watch_framer_release(&w->framer);
}

static void watches_tell_what_happens(void **state)
{
    struct fixture *f = *state;
    struct watching w;
    struct kube_call *call;

    create_map(f, "m1");
    call = begin(f, &w, "watch=1&sendInitialEvents=true&allowWatchBookmarks=true");
    sees(f, &w, "ADDED m1;BOOKMARK;");
    assert_int_equal(send(f, KUBE_PATCH, MAPS "/m1", NULL, KUBE_MERGE_PATCH, "{'data':{'a':'b'}}"),
                     ERR_NONE);
    assert_int_equal(send(f, KUBE_DELETE, MAPS "/m1", NULL, NULL, NULL), ERR_NONE);
    sees(f, &w, "BOOKMARK;MODIFIED m1;DELETED m1;");
    end(&w, call);
}

static void what_leaves_a_selection_is_deleted_from_it(void **state)
{
    struct fixture *f = *state;
    struct watching w;
    struct kube_call *call = begin(f, &w, "watch=1&labelSelector=on");

    create_map(f, "m1");
    assert_int_equal(send(f, KUBE_PATCH, MAPS "/m1", NULL, KUBE_MERGE_PATCH,
                          "{'metadata':{'labels':{'on':'1'}}}"),
                     ERR_NONE);
    assert_int_equal(send(f, KUBE_PATCH, MAPS "/m1", NULL, KUBE_MERGE_PATCH,
                          "{'metadata':{'labels':{'on':null}}}"),
                     ERR_NONE);
    sees(f, &w, "ADDED m1;DELETED m1;");
    end(&w, call);
}

/* Taking off the last finalizer is the end itself, not a change before it. */
static void the_last_finalizer_goes_with_its_object(void **state)
{
    struct fixture *f = *state;
    struct watching w;
    struct kube_call *call = begin(f, &w, "watch=1");

    create_map(f, "m1");
    assert_int_equal(send(f, KUBE_PATCH, MAPS "/m1", NULL, KUBE_MERGE_PATCH,
                          "{'metadata':{'finalizers':['a/b']}}"),
                     ERR_NONE);
    assert_int_equal(send(f, KUBE_DELETE, MAPS "/m1", NULL, NULL, NULL), ERR_NONE);
    assert_int_equal(
        send(f, KUBE_PATCH, MAPS "/m1", NULL, KUBE_MERGE_PATCH, "{'metadata':{'finalizers':null}}"),
        ERR_NONE);
    create_map(f, "m2");
    sees(f, &w, "ADDED m1;MODIFIED m1;MODIFIED m1;DELETED m1;ADDED m2;");
    end(&w, call);
}

static void a_watch_goes_on_from_a_version_until_that_is_forgotten(void **state)
{
    struct fixture *f = *state;
    struct watching w;
    struct kube_call *call;
    cJSON *doc;
    char *query;

    create_map(f, "m1");
    doc = get(f, MAPS "/m1", NULL);
    query = arena_printf(&f->a, "watch=1&resourceVersion=%s",
                         json_str(doc, "metadata.resourceVersion"));
    json_release(&doc);
    create_map(f, "m2");
    call = begin(f, &w, query);
    sees(f, &w, "ADDED m2;");
    assert_null(strstr(w.seen, "m1"));
    end(&w, call);

    for (int i = 0; i < 2100; i++) /* more than are kept */
        assert_int_equal(send(f, KUBE_PATCH, MAPS "/m2", NULL, KUBE_MERGE_PATCH,
                              arena_printf(&f->a, "{'data':{'n':'%d'}}", i)),
                         ERR_NONE);
    call = begin(f, &w, query);
    sees(f, &w, "ERROR;");
    end(&w, call);
}

/* ---- who asks -------------------------------------------------------------------------------- */

static void a_wrong_token_is_refused(void **state)
{
    struct fixture *f = *state;
    const struct kube_config_options options = {.kubeconfig = f->path, .token = "guessed"};
    struct kube_config config;
    struct kube_client *client;
    auto_reply struct kube_reply_owned reply = {0};
    struct err e = {0};

    assert_true(kube_config_load(&options, &config, &e));
    client = kube_client_new(f->loop, &config, NULL, &e);
    assert_non_null(client);
    assert_false(
        kube_call(client, &(struct kube_request){.verb = KUBE_GET, .path = MAPS}, &reply, &e));
    assert_int_equal(e.kind, ERR_DENIED);
    kube_client_free(client);
    kube_config_release(&config);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(writes_keep_what_they_do_not_know),
        TEST(stale_writes_are_refused),
        TEST(an_apply_takes_back_what_it_no_longer_names),
        TEST(a_dry_run_changes_nothing),
        TEST(finalizers_hold_and_dependents_go),
        TEST(status_and_scale_are_written_apart),
        TEST(lists_go_on_where_they_stopped),
        TEST(selectors_choose),
        TEST(watches_tell_what_happens),
        TEST(what_leaves_a_selection_is_deleted_from_it),
        TEST(the_last_finalizer_goes_with_its_object),
        TEST(a_watch_goes_on_from_a_version_until_that_is_forgotten),
        TEST(a_wrong_token_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

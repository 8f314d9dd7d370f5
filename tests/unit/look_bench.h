/* SPDX-License-Identifier: Apache-2.0 */
/* look_bench.h - a live look before a handful of objects: the client and the server are this
 * file. */
#ifndef SLUICE_TESTS_UNIT_LOOK_BENCH_H
#define SLUICE_TESTS_UNIT_LOOK_BENCH_H

#include "../../src/ctl/ctl.h"
#include "check.h"
#include "sluice/ctl/look.h"
#include "sluice/json/jfmt.h"
#include "sluice/kube/watch.h"

#include <stdio.h>

/* Whoever calls these gets ours (ld --wrap; CMake sees the names). */
__typeof__(kube_send) __wrap_kube_send;
__typeof__(kube_cancel) __wrap_kube_cancel;

#define OBJECTS_MAX 320
#define OPEN_MAX    160

struct served {
    enum kube_kind kind;
    const char *name, *json;
};

static struct bench {
    struct store *store;
    struct arena a;
    struct served served[OBJECTS_MAX]; /* what the server has */
    size_t served_count;
    struct open {
        char path[160], query[2048];
        kube_done *done;
        void *arg;
        bool answered;
    } open[OPEN_MAX];
    size_t asked, cancelled;
    const char *fails; /* requests of this path are refused */
    struct {
        const char *path, *body; /* what is answered there, once, whatever the server has */
    } odd;
    struct look *look;
    int done;
    struct look_result result;
    char what[80];
} b;

/* ---- the client ------------------------------------------------------------------------------ */

static inline void decode(char *out, const char *query)
{
    for (; *query; query++) {
        unsigned byte = (unsigned char)*query;

        if (*query == '%') {
            const char digits[] = {query[1], query[2], '\0'};
            byte = (unsigned)strtoul(digits, NULL, 16);
            query += 2;
        }
        *out++ = (char)byte;
    }
    *out = '\0';
}

struct kube_call *__wrap_kube_send(struct kube_client *c UNUSED, const struct kube_request *req,
                                   kube_done *done, void *arg)
{
    struct open *o = &b.open[b.asked++];

    CHECK(b.asked < OPEN_MAX, "%s: no end", req->path);
    assert_int_equal(req->verb, KUBE_GET);
    snprintf(o->path, sizeof(o->path), "%s", req->path);
    decode(o->query, req->query ? req->query : "");
    o->done = done;
    o->arg = arg;
    return (struct kube_call *)o;
}

void __wrap_kube_cancel(struct kube_call *call)
{
    if (call) {
        b.cancelled++;
        ((struct open *)call)->answered = true;
    }
}

/* ---- the server ------------------------------------------------------------------------------ */

static inline const char *path_of(const struct served *s, bool collection)
{
    return kube_path(&b.a, s->kind, "shop", collection ? NULL : s->name, NULL);
}

/* "labelSelector=a=b,c=d" or "... in (x,y)": one of the texts that a look asks with. */
static inline bool selected(const struct served *s, const char *query)
{
    struct err e = {0};
    auto_json cJSON *doc = kube_object_parse(s->json, strlen(s->json), &e);
    const cJSON *labels = json_at(doc, "metadata.labels");
    const char *at = strchr(query, '='), *in = strstr(query, " in (");
    char key[64];

    if (!at)
        return true;
    at++;
    if (in) {
        const char *value;
        snprintf(key, sizeof(key), "%.*s", (int)(in - at), at);
        value = json_str(json_key(labels, key), "");
        return value && strstr(in, value);
    }
    while (*at) {
        const size_t len = strcspn(at, "=");
        const char *value;
        snprintf(key, sizeof(key), "%.*s", (int)len, at);
        value = json_str(json_key(labels, key), "");
        at += len + 1;
        if (!value || strncmp(at, value, strlen(value)) != 0)
            return false;
        at += strcspn(at, ",");
        at += *at == ',';
    }
    return true;
}

static inline const char *answer_to(const struct open *o)
{
    const char *items = "", *comma = "";
    bool list = false;

    for (size_t i = 0; i < b.served_count; i++) {
        const struct served *s = &b.served[i];
        if (strcmp(o->path, path_of(s, false)) == 0)
            return s->json;
        list = list || strcmp(o->path, path_of(s, true)) == 0;
        if (strcmp(o->path, path_of(s, true)) == 0 && selected(s, o->query)) {
            items = arena_printf(&b.a, "%s%s%s", items, comma, s->json);
            comma = ",";
        }
    }
    if (!list && strchr("sy", o->path[strlen(o->path) - 1]) == NULL)
        return NULL;
    return arena_printf(&b.a, "{\"metadata\":{\"resourceVersion\":\"99\"},\"items\":[%s]}", items);
}

static inline void answer(struct open *o)
{
    const bool odd = b.odd.path && strcmp(o->path, b.odd.path) == 0;
    const char *body = odd ? b.odd.body : answer_to(o);
    struct kube_reply reply = {.code = body ? 200 : 404, .body = body ? body : ""};

    reply.len = strlen(reply.body);
    if (b.fails && strcmp(o->path, b.fails) == 0)
        err_set(&reply.err, ERR_DENIED, "no");
    else if (!body)
        err_set(&reply.err, ERR_NOT_FOUND, "not found");
    if (odd)
        b.odd.path = NULL;
    o->answered = true;
    o->done(&reply, o->arg);
}

static inline void serve(void)
{
    for (size_t i = 0; i < b.asked && !b.done; i++)
        if (!b.open[i].answered)
            answer(&b.open[i]);
}

/* ---- objects --------------------------------------------------------------------------------- */

static inline const char *object(const char *name, const char *uid, const char *rv,
                                 const char *more, const char *rest)
{
    return json_fmt(&b.a,
                    "{'metadata':{'namespace':'shop','name':%q,'uid':%q,'resourceVersion':%q%r}%r}",
                    name, uid, rv, json_fmt(&b.a, more), json_fmt(&b.a, rest));
}

static inline void serves(enum kube_kind kind, const char *name, const char *json)
{
    b.served[b.served_count++] = (struct served){kind, name, json};
    CHECK(b.served_count < OBJECTS_MAX, "%s", name);
}

static inline void caches(enum kube_kind kind, const char *json)
{
    struct err e = {0};
    auto_json cJSON *doc = kube_object_parse(json, strlen(json), &e);
    struct object *o = object_read(kind, doc, json, strlen(json));

    CHECK(o, "%s", json);
    CHECK(store_put(b.store, o, 1), "not kept: %s", json);
    object_unref(o);
}

static inline void both(enum kube_kind kind, const char *name, const char *json)
{
    serves(kind, name, json);
    caches(kind, json);
}

#define BLUE_GREEN_SPEC                                                                            \
    ",'spec':{'targetRef':{'name':'web'},'strategy':{'blueGreen':{'activeService':'web'}}}"
#define ROLLING_SPEC ",'spec':{'targetRef':{'name':'web'},'strategy':{'rolling':{}}}"
#define CANARY_SPEC                                                                                \
    ",'spec':{'targetRef':{'name':'web'},'strategy':{'canary':{'stableService':'web','traffic':[{" \
    "'gatewayAPI':{'name':'edge'}},{'gatewayAPI':{'name':'inner'}}],'steps':[{'weight':20}]}}}"
#define DEPLOYMENT_SPEC                                                                            \
    ",'spec':{'replicas':1,'selector':{'matchLabels':{'app':'web'}},'template':{'metadata':{"      \
    "'labels':{'app':'web'}},'spec':{'containers':[{'name':'c'}]}}}"
#define SET(more)                                                                                  \
    ",'labels':{'app':'web'" more "},'ownerReferences':[{'apiVersion':'apps/v1','kind':"           \
    "'Deployment','name':'web','uid':'u-d','controller':true}]"
#define SERVICE_SPEC ",'spec':{'selector':{'app':'web'},'ports':[{'port':80}]}"
#define SLICE        ",'labels':{'kubernetes.io/service-name':'web'}"

static inline void on_woken(void *arg UNUSED, const struct object *rollout UNUSED,
                            enum kube_kind by UNUSED)
{
}

static inline void on_gone(void *arg UNUSED, const struct object *rollout UNUSED) {}

static inline int setup(void **state UNUSED)
{
    const struct store_listener listener = {.woken = on_woken, .gone = on_gone};

    b = (struct bench){0};
    b.store = store_new(&listener);
    return 0;
}

static inline int teardown(void **state UNUSED)
{
    scene_release(&b.result.scene);
    store_free(b.store);
    arena_release(&b.a);
    return 0;
}

static inline void ordinary(const char *rollout_spec)
{
    both(KIND_ROLLOUT, "web", object("web", "u-r", "5", "", rollout_spec));
    both(KIND_DEPLOYMENT, "web", object("web", "u-d", "6", "", DEPLOYMENT_SPEC));
    both(KIND_REPLICASET, "web-1", object("web-1", "u-1", "7", SET(""), ""));
    both(KIND_SERVICE, "web", object("web", "u-s", "8", "", SERVICE_SPEC));
    both(KIND_ENDPOINTSLICE, "web-x", object("web-x", "u-e", "9", SLICE, ""));
}

static inline void on_done(struct look_result *result, void *arg UNUSED)
{
    b.done++;
    b.result = *result;
    snprintf(b.what, sizeof b.what, "%s", result->what ? result->what : ""); /* borrowed */
    b.result.what = b.what;
    result->scene = (struct scene){0};
}

static inline void begin(bool all)
{
    b.look = look_start(&(struct look_spec){
        .store = b.store, .ns = "shop", .name = "web", .all = all, .done = on_done});
}

static inline void look(bool all)
{
    begin(all);
    serve();
    assert_int_equal(b.done, 1);
}

static inline size_t asked(const char *path, const char *query)
{
    size_t n = 0;

    for (size_t i = 0; i < b.asked; i++)
        n += strcmp(b.open[i].path, path) == 0 && (!query || strcmp(b.open[i].query, query) == 0);
    return n;
}

#define APPS      "/apis/apps/v1/namespaces/shop/"
#define CORE      "/api/v1/namespaces/shop/"
#define SETS      APPS "replicasets"
#define SERVICES  CORE "services"
#define SLICES    "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices"
#define BY_APP    "labelSelector=app=web"
#define BY_OF     "labelSelector=sluice.dev/of=web"
#define BY_SLICED "labelSelector=kubernetes.io/service-name in (web)"

#endif

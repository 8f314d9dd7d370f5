/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to the API server: what leaves, in whose name and to which address, and what the client
 * tells of it. */
#include "../../src/kube/client_parts.h"
#include "kube_calls.h"
#include "pki.h"
#include "sluice/kube/sync.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- what leaves ------------------------------------------------------------------------------ */

static void requests_as_they_leave(void **state)
{
    struct fixture *f = *state;
    struct outcome o;

    SCRIPT(f->script, .want = "GET /api/v1/pods?limit=5&timeout=24000ms HTTP/1.1\r\n",
           .want_head = "Accept: application/json\r\n", .lack_head = "Authorization", .code = 200,
           .body = "{\"a\":1}");
    o = ask(f, (struct kube_request){.path = "/api/v1/pods", .query = "limit=5"});
    assert_int_equal(o.err.kind, ERR_NONE);
    assert_string_equal(o.body, "{\"a\":1}");
    assert_non_null(strstr(script_last(f->script), "User-Agent: sluice/"));
    assert_non_null(strstr(script_last(f->script), " (linux/"));
    assert_non_null(strstr(script_last(f->script), ") test\r\n"));

    /* C5, C69: the server gives up before we do; a write after 4 s. */
    SCRIPT(f->script, .want = "PATCH /p?timeout=4000ms HTTP/1.1\r\n",
           .want_head = "Content-Type: application/merge-patch+json\r\n", .want_body = PATCH_BODY,
           .code = 200);
    assert_int_equal(patch(f).code, 200);
    SCRIPT(f->script, .want = "POST /p?timeout=4000ms",
           .want_head = "Content-Type: application/json\r\n", .want_body = "{}", .code = 201);
    o = ask(f, (struct kube_request){.verb = KUBE_POST, .path = "/p", .body = "{}"});
    assert_int_equal(o.code, 201);
    SCRIPT(f->script, .want = "DELETE /p?timeout=800ms", .code = 200);
    o = ask(f, (struct kube_request){.verb = KUBE_DELETE, .path = "/p", .timeout_ms = 1000});
    assert_int_equal(o.code, 200);
}

static void reopen_as_jane(struct fixture *f, const char *const *groups, size_t count,
                           const struct kube_pair extra[static 1])
{
    f->config.as = "jane";
    f->config.as_groups = groups;
    f->config.as_group_count = count;
    f->config.as_extra = extra;
    f->config.as_extra_count = 1;
    fixture_reopen(f);
}

static void as_whom(void **state)
{
    struct fixture *f = *state;
    static const char *const groups[] = {"g1", "g2"};
    static const struct kube_pair extra[] = {{"scopes/x y", "v"}};

    f->config.token.reveal = "t0k";
    f->config.as_uid = "7";
    reopen_as_jane(f, groups, COUNT(groups), extra);
    SCRIPT(f->script,
           .want_head = "Authorization: Bearer t0k\r\nImpersonate-User: jane\r\n"
                        "Impersonate-Uid: 7\r\nImpersonate-Group: g1\r\nImpersonate-Group: g2\r\n"
                        "Impersonate-Extra-scopes%2Fx%20y: v\r\n",
           .code = 200);
    get(f, "/");
    f->config = (struct kube_config){
        .server = f->config.server, .proxy_url = "", .user = "me", .password = {"pass"}};
    fixture_reopen(f);
    SCRIPT(f->script, .want_head = "Authorization: Basic bWU6cGFzcw==\r\n", .code = 200);
    get(f, "/");
}

/* Whoever is in many groups is in all of them: less would be other rights than were asked for. */
static void as_one_of_many_groups(void **state)
{
    struct fixture *f = *state;
    const char *groups[200];
    static const struct kube_pair extra[] = {{"last", "one"}};
    struct arena a;

    arena_init(&a);
    for (size_t i = 0; i < COUNT(groups); i++)
        groups[i] = arena_printf(&a, "group-%zu", i);
    reopen_as_jane(f, groups, COUNT(groups), extra);
    SCRIPT(f->script,
           .want_head = "Impersonate-Group: group-199\r\nImpersonate-Extra-last: one\r\n",
           .code = 200);
    get(f, "/");
    for (size_t i = 0; i < COUNT(groups); i++)
        CHECK(strstr(script_last(f->script),
                     arena_printf(&a, "Impersonate-Group: %s\r\n", groups[i])),
              "%s", groups[i]);
    arena_release(&a);
}

/* C38: a PUT without resourceVersion would overwrite anybody. */
static void an_unconditional_put_aborts(void **state)
{
    struct fixture *f = *state;
    static const char *const bodies[] = {"{}", "{\"metadata\":{}}",
                                         "{\"metadata\":{\"resourceVersion\":\"\"}}",
                                         "{\"metadata\":{\"resourceVersion\":null}}"};
    struct outcome o;

    for (size_t i = 0; i < COUNT(bodies); i++) {
        int status = 0;
        const pid_t pid = fork();
        if (pid == 0) {
            signal(SIGABRT, SIG_DFL);
            kube_send(f->client,
                      &(struct kube_request){.verb = KUBE_PUT, .path = "/", .body = bodies[i]},
                      on_done, &o);
            _exit(0);
        }
        waitpid(pid, &status, 0);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    }
    SCRIPT(f->script, .want = "PUT /", .code = 200);
    o = ask(f, (struct kube_request){.verb = KUBE_PUT,
                                     .path = "/",
                                     .body = "{\"metadata\":{\"resourceVersion\":\"7\"}}"});
    assert_int_equal(o.code, 200);
}

/* --- an address that no server takes ---------------------------------------------------------- */

static char *path_of(size_t len)
{
    char *path = xmalloc(len + 1);

    memset(path, 'x', len);
    path[0] = '/';
    path[len] = '\0';
    return path;
}

/* It is the caller's input: an answer, reads and writes alike, and room for others at once. */
static void an_address_that_is_too_long(void **state)
{
    static const enum kube_verb verbs[] = {KUBE_GET, KUBE_PATCH, KUBE_DELETE};
    struct fixture *f = *state;
    auto_free char *path = path_of(70000);

    for (size_t i = 0; i < COUNT(verbs); i++) {
        struct outcome o = ask(f, (struct kube_request){.verb = verbs[i], .path = path});

        assert_int_equal(o.err.kind, ERR_INVALID);
        CHECK(strstr(o.err.text, "address of the request is longer than 64 KiB"), "%s", o.err.text);
        assert_int_equal(kube_client_writes_open(f->client), 0);
    }
    assert_int_equal(script_requests(f->script), 0);
    SCRIPT(f->script, .code = 200);
    assert_int_equal(get(f, "/").err.kind, ERR_NONE);
}

/* Cancelled before its answer came over the loop. */
static void an_address_that_is_too_long_cancelled(void **state)
{
    struct fixture *f = *state;
    auto_free char *path = path_of(70000);
    struct outcome o;

    start(f, &(struct kube_request){.verb = KUBE_DELETE, .path = path}, &o);
    assert_int_equal(kube_client_writes_open(f->client), 1);
    kube_cancel(o.call);
    assert_int_equal(kube_client_writes_open(f->client), 0);
    SCRIPT(f->script, .code = 200);
    assert_int_equal(get(f, "/").err.kind, ERR_NONE);
    assert_int_equal(o.done, 0);
}

/* --- around it -------------------------------------------------------------------------------- */

static int warned;

static void on_warning(const char *text, void *arg)
{
    (void)arg;
    assert_string_equal(text, "old API");
    warned++;
}

static struct {
    int calls, code;
    enum kube_verb verb;
} seen;

static void on_request(enum kube_verb verb, int code, int64_t took_ms, void *arg)
{
    (void)arg;
    assert_true(took_ms >= 0);
    seen.calls++;
    seen.code = code;
    seen.verb = verb;
}

static void add_count(const char *method, int code, uint64_t count, void *arg)
{
    char *out = arg;
    const size_t used = strlen(out);

    snprintf(out + used, 200 - used, "%s %d %d, ", method, code, (int)count);
}

static void warnings_and_counts(void **state)
{
    struct fixture *f = *state;
    char counts[200] = "";

    warned = 0;
    kube_client_on_warning(f->client, on_warning, NULL);
    kube_client_on_request(f->client, on_request, NULL);
    for (int i = 0; i < 2; i++) {
        SCRIPT(f->script, .code = 200, .headers = "Warning: 299 - \"old API\"\r\n");
        get(f, "/");
    }
    assert_int_equal(warned, 1); /* C9: each once */
    SCRIPT(f->script, .code = 0, .end = SCRIPT_CLOSE);
    patch(f);
    assert_int_equal(seen.calls, 3);
    assert_int_equal(seen.code, 0);
    assert_int_equal(seen.verb, KUBE_PATCH);
    kube_client_counts(f->client, add_count, counts);
    assert_string_equal(counts, "GET 200 2, PATCH 0 1, ");
    assert_ptr_equal(kube_client_loop(f->client), f->loop);
    assert_ptr_equal(kube_client_config(f->client), &f->config);
}

static void interrupt(void *arg)
{
    loop_stop(arg);
}

static void waited_for(void **state)
{
    struct fixture *f = *state;
    struct kube_reply_owned r = {0};
    struct err e = {0};
    struct timer *timer;

    SCRIPT(f->script, .code = 200, .body = "{\"a\":1}");
    assert_true(kube_call(f->client, &(struct kube_request){.path = "/"}, &r, &e));
    assert_int_equal(r.code, 200);
    assert_string_equal(r.body, "{\"a\":1}");
    kube_reply_release(&r);
    SCRIPT(f->script, .code = 404, .body = STATUS_BODY(404, "NotFound", "no such pod"));
    assert_false(kube_call(f->client, &(struct kube_request){.path = "/"}, &r, &e));
    assert_int_equal(e.kind, ERR_NOT_FOUND);
    assert_string_equal(e.text, "no such pod");
    assert_null(r.body);
    for (int write = 0; write < 2; write++) {
        SCRIPT(f->script, .end = SCRIPT_HANG);
        timer = loop_timer(f->loop, 20, interrupt, f->loop);
        assert_false(kube_call(
            f->client, &(struct kube_request){.verb = write ? KUBE_DELETE : KUBE_GET, .path = "/"},
            &r, &e));
        assert_int_equal(e.kind, write ? ERR_UNKNOWN : ERR_RETRY);
        timer_cancel(timer);
    }
}

static void over_tls(void **state)
{
    struct fixture *f = *state;
    struct pki_pair ca = pki_ca("ca"), server = pki_leaf(&ca, "s", "DNS:api.test"),
                    client = pki_leaf(&ca, "c", NULL);
    struct script *s = script_new_tls(f->loop, server.cert, server.key, ca.cert);
    struct err e = {0};

    script_free(f->script);
    f->script = s;
    f->config = (struct kube_config){
        .server = script_url(s),
        .proxy_url = "",
        .ca = {.data = ca.cert, .data_len = strlen(ca.cert)},
        .cert = {.data = client.cert, .data_len = strlen(client.cert)},
        .key = {.data = client.key, .data_len = strlen(client.key)},
        .token = {"t0k"},
        .tls_server_name = "api.test",
    };
    fixture_reopen(f);
    SCRIPT(s, .want = "PATCH /p?timeout=", .want_head = "Authorization: Bearer t0k\r\n",
           .want_body = PATCH_BODY, .code = 200);
    assert_int_equal(patch(f).code, 200);
    f->config.tls_server_name = NULL; /* the certificate has no IP address in it */
    fixture_reopen(f);
    assert_int_equal(patch(f).err.kind, ERR_RETRY);
    f->config.token_file = "/nonexistent/token";
    assert_null(kube_client_new(f->loop, &f->config, NULL, &e));
    assert_non_null(strstr(e.text, "/nonexistent/token"));
    pki_release(&ca);
    pki_release(&server);
    pki_release(&client);
}

/* C16: the URL has the certificate's name, the connection goes to the server. */
static void under_another_name(void **state)
{
    static const struct {
        const char *server, *url, *connect_to;
    } rows[] = {
        {"https://10.0.0.1:6443", "https://api:6443/x", "10.0.0.1:6443"},
        {"https://10.0.0.1", "https://api:443/x", "10.0.0.1:443"},
        {"https://[fd00::1]:6443/pre", "https://api:6443/pre/x", "[fd00::1]:6443"},
        {"https://[fd00::1]", "https://api:443/x", "[fd00::1]:443"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct kube_config config = {.server = rows[i].server, .tls_server_name = "api"};
        struct kube_client c = {.config = &config};
        const struct kube_request req = {.path = "/x", .on_chunk = on_chunk};
        char *url;
        wire_init(&c, NULL);
        url = wire_url(&c, &req, 0);
        CHECK_TEXT(url, rows[i].url, rows[i].server);
        CHECK_TEXT(c.connect_to, rows[i].connect_to, rows[i].server);
        free(url);
        wire_release(&c);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(requests_as_they_leave),
        TEST(as_whom),
        TEST(as_one_of_many_groups),
        TEST(an_unconditional_put_aborts),
        TEST(an_address_that_is_too_long),
        TEST(an_address_that_is_too_long_cancelled),
        TEST(warnings_and_counts),
        TEST(waited_for),
        TEST(over_tls),
        cmocka_unit_test(under_another_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

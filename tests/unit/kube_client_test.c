/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to the API server: what leaves, how often, and what its end means. */
#include "../../src/kube/client_parts.h"
#include "kube_fixture.h"
#include "pki.h"
#include "sluice/kube/sync.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATCH_BODY "{\"spec\":{}}"

struct outcome {
    struct kube_call *call;
    int done, code;
    struct err err;
    char body[256];
    size_t chunks;
};

static void on_done(const struct kube_reply *reply, void *arg)
{
    struct outcome *o = arg;

    o->done++;
    o->call = NULL;
    o->code = reply->code;
    o->err = reply->err;
    snprintf(o->body, sizeof(o->body), "%.200s", reply->body);
}

static bool is_done(void *arg)
{
    const struct outcome *o = arg;

    return o->done > 0;
}

static void start(struct fixture *f, const struct kube_request *req, struct outcome *o)
{
    *o = (struct outcome){0};
    o->call = kube_send(f->client, req, on_done, o);
    assert_int_equal(o->done, 0);
}

static struct outcome ask(struct fixture *f, struct kube_request req)
{
    struct outcome o;

    start(f, &req, &o);
    await(f, is_done, &o);
    assert_int_equal(o.done, 1);
    return o;
}

static struct outcome get(struct fixture *f, const char *path)
{
    return ask(f, (struct kube_request){.verb = KUBE_GET, .path = path});
}

static struct outcome patch(struct fixture *f)
{
    return ask(f, (struct kube_request){.verb = KUBE_PATCH,
                                        .path = "/p",
                                        .body = PATCH_BODY,
                                        .content_type = KUBE_MERGE_PATCH});
}

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

/* --- reads are repeated, writes are not (C10) ------------------------------------------------- */

static void a_read_is_sent_again(void **state)
{
    static const struct script_step faults[] = {
        {.code = 0, .end = SCRIPT_CLOSE},
        {.code = 0, .end = SCRIPT_RESET},
        {.code = 200, .body = "{", .claim_len = 50, .end = SCRIPT_RESET},
        {.code = 200, .body = "{", .claim_len = 50, .end = SCRIPT_CLOSE},
        {.code = 429, .body = "slow down"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNT(faults); i++) {
        script_add(f->script, &faults[i]);
        SCRIPT(f->script, .want = "GET /x", .code = 200, .body = "{}");
        const struct outcome o = get(f, "/x");
        CHECK(o.err.kind == ERR_NONE, "fault %zu: %s", i, o.err.text);
    }
}

static void but_not_for_ever(void **state)
{
    struct fixture *f = *state;
    struct outcome o;

    for (int i = 0; i < 5; i++)
        SCRIPT(f->script, .code = 0, .end = SCRIPT_CLOSE);
    o = get(f, "/x");
    assert_int_equal(o.err.kind, ERR_RETRY);
    assert_true(script_empty(f->script));
    SCRIPT(f->script, .code = 500); /* no retry for what the server said (C10) */
    o = get(f, "/x");
    assert_int_equal(o.err.kind, ERR_RETRY);
    /* What the server asks for is longer than this call may last. */
    SCRIPT(f->script, .code = 429, .headers = "Retry-After: 100\r\n");
    o = get(f, "/x");
    assert_int_equal(o.err.kind, ERR_RETRY);
    assert_int_equal(o.err.retry_after_s, 100);
}

static void the_server_says_how_long(void **state)
{
    struct fixture *f = *state;
    struct outcome o;
    int64_t start_ms;

    SCRIPT(f->script, .want = "GET /x", .code = 429, .headers = "Retry-After: 1\r\n");
    SCRIPT(f->script, .want = "GET /x", .code = 200);
    start(f, &(struct kube_request){.path = "/x"}, &o);
    while (script_requests(f->script) < 1)
        loop_run_until(f->loop, is_done, &o, 1);
    start_ms = script_last_ms(f->script);
    await(f, is_done, &o);
    assert_int_equal(o.err.kind, ERR_NONE);
    assert_true(script_last_ms(f->script) - start_ms >= 1000); /* C74 */
}

static void a_write_is_never_repeated(void **state)
{
    static const struct {
        struct script_step step;
        enum err_kind want;
    } rows[] = {
        {{.code = 0, .end = SCRIPT_CLOSE}, ERR_UNKNOWN},
        {{.code = 0, .end = SCRIPT_RESET}, ERR_UNKNOWN},
        {{.code = 200, .body = "{", .claim_len = 50, .end = SCRIPT_RESET}, ERR_UNKNOWN},
        {{.code = 500, .body = "x"}, ERR_UNKNOWN},
        {{.code = 503, .headers = "Retry-After: 1\r\n"}, ERR_UNKNOWN},
        {{.code = 504}, ERR_UNKNOWN},
        {{.code = 429, .headers = "Retry-After: 3\r\n"}, ERR_RETRY},
        {{.code = 409, .body = STATUS_BODY(409, "Conflict", "x")}, ERR_CONFLICT},
        {{.code = 401}, ERR_DENIED},
        {{.code = 302, .headers = "Location: http://127.0.0.1:1/\r\n"}, ERR_INVALID},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        script_add(f->script, &rows[i].step);
        const struct outcome o = patch(f);
        CHECK(o.err.kind == rows[i].want, "row %zu: %s", i, err_kind_name(o.err.kind));
        assert_int_equal(script_requests(f->script), i + 1);
    }
}

static void a_write_that_could_not_leave(void **state)
{
    struct fixture *f = *state;
    struct outcome o;
    char url[64];

    snprintf(url, sizeof(url), "%s", script_url(f->script));
    script_free(f->script);
    f->config.server = url;
    fixture_reopen(f);
    f->script = script_new(f->loop);
    o = patch(f);
    assert_int_equal(o.err.kind, ERR_RETRY); /* certainly not executed */
    o = get(f, "/x");
    assert_int_equal(o.err.kind, ERR_RETRY);
}

static void a_write_that_takes_too_long(void **state)
{
    struct fixture *f = *state;
    struct outcome o;

    SCRIPT(f->script, .end = SCRIPT_HANG);
    o = ask(
        f, (struct kube_request){.verb = KUBE_PATCH, .path = "/p", .body = "{}", .timeout_ms = 50});
    assert_int_equal(o.err.kind, ERR_UNKNOWN);
    SCRIPT(f->script, .end = SCRIPT_HANG);
    o = ask(f, (struct kube_request){.path = "/p", .timeout_ms = 50});
    assert_int_equal(o.err.kind, ERR_RETRY);
}

/* C4: with HTTP/2 the next request would share the connection that may be dead. */
static void a_connection_in_doubt_is_left(void **state)
{
    struct fixture *f = *state;
    struct outcome slow, quick;

    SCRIPT(f->script, .end = SCRIPT_HANG);
    start(f, &(struct kube_request){.path = "/slow", .timeout_ms = 50}, &slow);
    await(f, script_empty, f->script);
    SCRIPT(f->script, .want = "GET /quick", .code = 200);
    quick = get(f, "/quick");
    SCRIPT(f->script, .want = "GET /quick", .code = 200);
    quick = get(f, "/quick");
    assert_int_equal(quick.code, 200);
    assert_int_equal(script_connections(f->script), 2);
    await(f, is_done, &slow);
    SCRIPT(f->script, .want = "GET /after", .code = 200);
    get(f, "/after");
    assert_int_equal(script_connections(f->script), 3);
}

static void an_answer_that_is_too_long(void **state)
{
    struct fixture *f = *state;
    struct outcome o;

    SCRIPT(f->script, .code = 200, .body = "0123456789");
    o = ask(f, (struct kube_request){.path = "/p", .max_bytes = 5});
    assert_int_equal(o.err.kind, ERR_INVALID);
}

/* --- tokens (C13) ----------------------------------------------------------------------------- */

static void a_revoked_token(void **state)
{
    struct fixture *f = *state;
    char path[] = "/tmp/sluice-token-XXXXXX";
    const int fd = mkstemp(path);
    struct outcome o;

    assert_int_equal(write(fd, "old", 3), 3);
    f->config.token_file = path;
    fixture_reopen(f);
    SCRIPT(f->script, .want_head = "Bearer old\r\n", .code = 200);
    assert_int_equal(get(f, "/").code, 200);
    assert_int_equal(pwrite(fd, "new", 3, 0), 3);
    /* Read again at once, sent again once: also a write, which a 401 did not execute. */
    SCRIPT(f->script, .want = "PATCH", .want_head = "Bearer old\r\n", .code = 401);
    SCRIPT(f->script, .want = "PATCH", .want_head = "Bearer new\r\n", .want_body = PATCH_BODY,
           .code = 200);
    assert_int_equal(patch(f).code, 200);
    SCRIPT(f->script, .want_head = "Bearer new\r\n", .code = 401); /* still the same: no loop */
    o = get(f, "/");
    assert_int_equal(o.err.kind, ERR_DENIED);
    assert_int_equal(pwrite(fd, "n3w", 3, 0), 3);
    SCRIPT(f->script, .want_head = "Bearer new\r\n", .code = 401);
    SCRIPT(f->script, .want_head = "Bearer n3w\r\n", .code = 401);
    o = get(f, "/");
    assert_int_equal(o.err.kind, ERR_DENIED);
    close(fd);
    unlink(path);
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

/* --- places, tokens, order -------------------------------------------------------------------- */

static size_t open_now(struct fixture *f)
{
    return script_open(f->script);
}

static bool all_done(void *arg)
{
    const struct outcome *o = arg;

    for (size_t i = 0; i < KUBE_READS_MAX + 8; i++)
        if (!o[i].done)
            return false;
    return true;
}

static void only_so_many_reads(void **state)
{
    struct fixture *f = *state;
    struct outcome o[KUBE_READS_MAX + 8];

    for (size_t i = 0; i < KUBE_READS_MAX; i++)
        SCRIPT(f->script, .end = SCRIPT_HANG);
    for (size_t i = 0; i < COUNT(o); i++)
        start(f, &(struct kube_request){.path = "/"}, &o[i]);
    await(f, script_empty, f->script);
    assert_false(loop_run_until(f->loop, all_done, o, 20));
    assert_int_equal(script_requests(f->script), KUBE_READS_MAX);
    assert_int_equal(open_now(f), KUBE_READS_MAX);
    /* Those that wait can be cancelled: the last, one in the middle, the first. */
    const size_t cancelled[] = {COUNT(o) - 1, KUBE_READS_MAX + 2, KUBE_READS_MAX};
    for (size_t i = 0; i < COUNT(cancelled); i++) {
        kube_cancel(o[cancelled[i]].call);
        o[cancelled[i]].done = 1;
    }
    /* One under way that is cancelled makes room. */
    for (size_t i = 0; i < 8 - COUNT(cancelled); i++)
        SCRIPT(f->script, .code = 200);
    for (size_t i = 0; i < KUBE_READS_MAX; i++) {
        kube_cancel(o[i].call);
        o[i].done = 1;
    }
    await(f, all_done, o);
}

static char order[600];

static void note_order(const struct kube_reply *reply, void *arg)
{
    (void)reply;
    const size_t len = strlen(order);

    order[len] = *(const char *)arg;
    order[len + 1] = 0;
}

static bool has_all(void *arg)
{
    return strlen(order) >= *(size_t *)arg;
}

static void writes_leave_in_order(void **state)
{
    static char letters[260];
    struct fixture *f = *state;
    size_t count = sizeof(letters);

    order[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        letters[i] = (char)('a' + i % 26);
        SCRIPT(f->script, .want = "PATCH", .code = 200);
    }
    for (size_t i = 0; i < count; i++)
        kube_send(f->client, &(struct kube_request){.verb = KUBE_PATCH, .path = "/p", .body = "{}"},
                  note_order, &letters[i]);
    assert_int_equal(kube_client_writes_open(f->client), count);
    await(f, has_all, &count);
    assert_int_equal(kube_client_writes_open(f->client), 0);
    assert_int_equal(script_requests(f->script), count);
}

static bool gate_open;

static bool may_write(void *arg)
{
    ++*(int *)arg;
    return gate_open;
}

static void deposed_leaders_do_not_write(void **state)
{
    struct fixture *f = *state;
    struct outcome o;
    int asked = 0;

    kube_client_set_write_gate(f->client, may_write, &asked);
    gate_open = false;
    o = patch(f);
    assert_int_equal(o.err.kind, ERR_RETRY); /* C68 */
    assert_int_equal(asked, 1);
    assert_int_equal(script_requests(f->script), 0);
    SCRIPT(f->script, .want = "GET", .code = 200);
    get(f, "/");
    SCRIPT(f->script, .want = "POST", .code = 201);
    o = ask(f, (struct kube_request){
                   .verb = KUBE_POST, .path = "/l", .body = "{}", .pool = KUBE_LEASE});
    assert_int_equal(o.code, 201); /* the lease itself is not gated */
    gate_open = true;
    SCRIPT(f->script, .want = "PATCH", .code = 200);
    assert_int_equal(patch(f).code, 200);
    assert_int_equal(asked, 2);
}

/* C2: what hangs in one pool does not hold up another. */
static void pools_do_not_wait_for_each_other(void **state)
{
    struct fixture *f = *state;
    struct outcome hung;

    SCRIPT(f->script, .end = SCRIPT_HANG);
    start(f, &(struct kube_request){.path = "/watch", .pool = KUBE_WATCH}, &hung);
    await(f, script_empty, f->script);
    SCRIPT(f->script, .want = "GET /lease?timeout=4000ms", .code = 200);
    ask(f, (struct kube_request){.path = "/lease", .pool = KUBE_LEASE});
    SCRIPT(f->script, .want = "GET /call", .code = 200);
    get(f, "/call");
    assert_int_equal(script_connections(f->script), 3);
    kube_cancel(hung.call);
    kube_cancel(NULL);
}

/* --- streams ---------------------------------------------------------------------------------- */

static bool on_chunk(const char *p, size_t len, void *arg)
{
    struct outcome *o = arg;

    (void)p;
    o->chunks += len;
    return true;
}

static bool has_chunk(void *arg)
{
    const struct outcome *o = arg;

    return o->chunks > 0;
}

static void streams(void **state)
{
    struct fixture *f = *state;
    struct outcome o;
    const struct kube_request req = {.path = "/w",
                                     .query = "watch=1",
                                     .pool = KUBE_WATCH,
                                     .on_chunk = on_chunk,
                                     .idle_ms = 5000};

    SCRIPT(f->script, .want = "GET /w?watch=1 HTTP", .code = 200, .body = "x",
           .end = SCRIPT_STREAM);
    start(f, &req, &o);
    await(f, has_chunk, &o);
    script_finish(f->script, SCRIPT_KEEP);
    await(f, is_done, &o);
    assert_int_equal(o.err.kind, ERR_NONE);
    SCRIPT(f->script, .code = 410, .body = STATUS_BODY(410, "Expired", "too old"),
           .end = SCRIPT_CLOSE);
    o = ask(f, req);
    assert_int_equal(o.err.kind, ERR_GONE);
    SCRIPT(f->script, .code = 0, .end = SCRIPT_RESET); /* not sent again: its owner knows how */
    o = ask(f, req);
    assert_int_equal(o.err.kind, ERR_RETRY);
    assert_true(script_empty(f->script));
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

static void freed_with_calls_open(void **state)
{
    struct fixture *f = *state;
    struct outcome o[3];

    SCRIPT(f->script, .end = SCRIPT_HANG);
    start(f, &(struct kube_request){.path = "/"}, &o[0]);
    await(f, script_empty, f->script);
    gate_open = false;
    int asked = 0;
    kube_client_set_write_gate(f->client, may_write, &asked);
    start(f, &(struct kube_request){.verb = KUBE_PATCH, .path = "/", .body = "{}"}, &o[1]);
    start(f, &(struct kube_request){.path = "/"}, &o[2]);
    kube_client_free(f->client);
    f->client = NULL;
    assert_int_equal(o[0].done + o[1].done + o[2].done, 0);
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
        TEST(a_read_is_sent_again),
        TEST(but_not_for_ever),
        TEST(the_server_says_how_long),
        TEST(a_write_is_never_repeated),
        TEST(a_write_that_could_not_leave),
        TEST(a_write_that_takes_too_long),
        TEST(a_connection_in_doubt_is_left),
        TEST(an_answer_that_is_too_long),
        TEST(an_address_that_is_too_long),
        TEST(an_address_that_is_too_long_cancelled),
        TEST(a_revoked_token),
        TEST(only_so_many_reads),
        TEST(writes_leave_in_order),
        TEST(deposed_leaders_do_not_write),
        TEST(pools_do_not_wait_for_each_other),
        TEST(streams),
        TEST(warnings_and_counts),
        TEST(waited_for),
        TEST(freed_with_calls_open),
        TEST(over_tls),
        cmocka_unit_test(under_another_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

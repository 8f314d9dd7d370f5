/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP client against a scripted server: exact bytes, any split, every way to break off. */
#include "http_bench.h"

/* --- whole answers ---------------------------------------------------------------------------- */

static void a_get_and_its_answer(void **state)
{
    struct fixture *f = *state;
    const char *headers[] = {"Accept: application/json", "Authorization: Bearer x"};
    struct outcome o;

    SCRIPT(f->script, .want = "GET /a?b=c HTTP/1.1\r\n", .want_head = "Authorization: Bearer x\r\n",
           .lack_head = "Content-", .code = 200,
           .headers = "Content-Type: application/json\r\nRetry-After: 7\r\n"
                      "X-Kubernetes-PF-FlowSchema-UID: f-1\r\n"
                      "Warning: 299 - \"old \\\"thing\\\"\"\r\nwarning: 199 - \"no\"\r\n",
           .body = "{}");
    ask(f, (struct http_request){.headers = headers, .header_count = 2, .user_agent = "me/1"},
        "/a?b=c", &o);
    script_check(f->script);
    assert_non_null(strstr(script_last(f->script), "User-Agent: me/1\r\n"));
    assert_null(strstr(script_last(f->script), "Accept-Encoding"));
    assert_int_equal(o.err.kind, ERR_NONE);
    assert_int_equal(o.code, 200);
    assert_string_equal(strbuf_str(&o.body), "{}");
    assert_string_equal(o.type, "application/json");
    assert_string_equal(o.flow, "f-1");
    assert_int_equal(o.retry_after_s, 7);
    assert_int_equal(o.warnings, 1);
    assert_string_equal(o.warning, "old \"thing\"");
    assert_int_equal(o.grpc_status, -1);
    assert_true(o.sent);
    release(&o);
}

static void bodies_of_all_methods(void **state)
{
    struct fixture *f = *state;
    static const char *const methods[] = {"POST", "PUT", "PATCH", "DELETE"};
    const char *headers[] = {"Content-Type: application/json"};
    struct outcome o;

    for (size_t i = 0; i < COUNT(methods); i++) {
        char want[32];
        snprintf(want, sizeof(want), "%s /x HTTP/1.1", methods[i]);
        SCRIPT(f->script, .want = want, .want_head = "Content-Type: application/json\r\n",
               .want_body = "{\"a\":1}", .lack_head = "Expect", .code = 201);
        ask(f,
            (struct http_request){.method = methods[i],
                                  .headers = headers,
                                  .header_count = 1,
                                  .body = "{\"a\":1}",
                                  .body_len = 7},
            "/x", &o);
        script_check(f->script);
        assert_int_equal(o.code, 201);
        release(&o);
    }
    /* No type made up; an empty body has a length. */
    SCRIPT(f->script, .want = "POST /y", .want_head = "Content-Length: 0\r\n",
           .lack_head = "Content-Type", .code = 200);
    ask(f, (struct http_request){.method = "POST", .body = "", .body_len = 0}, "/y", &o);
    release(&o);
    SCRIPT(f->script, .want = "DELETE /z", .lack_head = "Content-", .code = 200);
    ask(f, (struct http_request){.method = "DELETE"}, "/z", &o);
    release(&o);
    SCRIPT(f->script, .want = "HEAD /h", .code = 204, .headers = "X: y\r\n", .no_length = true);
    ask(f, (struct http_request){.method = "HEAD"}, "/h", &o);
    release(&o);
    script_check(f->script);
    assert_int_equal(script_connections(f->script), 1); /* kept and used again (C1) */
}

static void any_split_of_the_answer(void **state)
{
    struct fixture *f = *state;
    struct outcome o;

    for (size_t piece = 1; piece <= 9; piece++) {
        SCRIPT(f->script, .code = 200, .body = "0123456789", .piece = piece);
        ask(f, (struct http_request){0}, "/", &o);
        assert_string_equal(strbuf_str(&o.body), "0123456789");
        release(&o);
    }
    script_check(f->script);
}

static void other_codes_are_answers(void **state)
{
    static const int codes[] = {201, 204, 302, 304, 400, 404, 409, 410, 422, 429, 500, 503};
    struct fixture *f = *state;
    struct outcome o;

    for (size_t i = 0; i < COUNT(codes); i++) {
        SCRIPT(f->script, .code = codes[i], .body = codes[i] == 204 || codes[i] == 304 ? "" : "b",
               .headers = "Location: file:///etc/passwd\r\n");
        ask(f, (struct http_request){0}, "/", &o);
        assert_int_equal(o.err.kind, ERR_NONE); /* C7: a redirect is not followed */
        assert_int_equal(o.code, codes[i]);
        release(&o);
    }
    script_check(f->script);
}

/* --- broken answers --------------------------------------------------------------------------- */

static void broken_answers(void **state)
{
    static const struct script_step steps[] = {
        {.code = 200, .body = "half", .claim_len = 100, .end = SCRIPT_CLOSE},
        {.code = 200, .body = "half", .claim_len = 100, .end = SCRIPT_RESET},
        {.code = 0, .end = SCRIPT_CLOSE},
        {.code = 0, .end = SCRIPT_RESET},
    };
    struct fixture *f = *state;
    struct outcome o;

    for (size_t i = 0; i < COUNT(steps); i++) {
        script_add(f->script, &steps[i]);
        ask(f, (struct http_request){.method = "POST", .body = "x", .body_len = 1}, "/", &o);
        CHECK(o.err.kind == ERR_RETRY && o.sent && o.err.text[0], "step %zu: %s", i, o.err.text);
        release(&o);
    }
    assert_int_equal(script_requests(f->script), COUNT(steps));
}

static void nobody_there(void **state)
{
    struct fixture *f = *state;
    struct script *gone = script_new(f->loop);
    char text[64];
    struct outcome o;

    snprintf(text, sizeof(text), "%s/", script_url(gone));
    script_free(gone);
    ask(f, (struct http_request){.method = "POST", .body = "x", .body_len = 1, .url = text}, "",
        &o);
    assert_int_equal(o.err.kind, ERR_RETRY);
    assert_false(o.sent); /* certainly not executed */
    assert_int_equal(o.code, 0);
    release(&o);
}

static void bad_requests(void **state)
{
    static const char *const headers[] = {"A: b\r\nEvil: c"};
    static char far[600];
    const struct http_request bad[] = {
        {.url = "file:///etc/passwd"},
        {.url = "ftp://127.0.0.1/"},
        {.url = "http://"},
        {.url = "http://127.0.0.1/", .headers = headers, .header_count = 1},
        {.url = "http://127.0.0.1/", .method = "GET / HTTP/1.0\r\n"},
        {.url = "http://127.0.0.1/", .connect_to = far},
        {.url = "http://127.0.0.1:99999/"},
    };
    struct fixture *f = *state;
    struct outcome o;

    memset(far, 'a', sizeof(far) - 1);
    for (size_t i = 0; i < COUNT(bad); i++) {
        ask(f, bad[i], "", &o);
        CHECK(o.err.kind == ERR_INVALID && !o.sent, "row %zu: %s", i, o.err.text);
        release(&o);
    }
}

/* --- limits (C8) ------------------------------------------------------------------------------ */

static void a_body_over_its_limit(void **state)
{
    struct fixture *f = *state;
    struct outcome o;

    SCRIPT(f->script, .code = 200, .body = "0123456789");
    ask(f, (struct http_request){.max_bytes = 10}, "/", &o);
    assert_int_equal(o.err.kind, ERR_NONE);
    release(&o);
    SCRIPT(f->script, .code = 200, .body = "0123456789a");
    ask(f, (struct http_request){.max_bytes = 10}, "/", &o);
    assert_int_equal(o.err.kind, ERR_INVALID);
    assert_non_null(strstr(o.err.text, "longer than 10 bytes"));
    release(&o);
}

/* 1 MiB of zeros in 1 KiB: counted after decompression. */
static const unsigned char bomb[] = {
#include "gzip_bomb.inc"
};

static void a_gzip_bomb(void **state)
{
    struct fixture *f = *state;
    struct outcome o;

    SCRIPT(f->script, .want_head = "Accept-Encoding: gzip\r\n", .code = 200,
           .headers = "Content-Encoding: gzip\r\n", .body = (const char *)bomb,
           .body_len = sizeof(bomb));
    ask(f, (struct http_request){.gzip = true, .max_bytes = 1000000}, "/", &o);
    assert_int_equal(o.err.kind, ERR_INVALID);
    assert_true(o.body.len <= 1000000);
    release(&o);
    SCRIPT(f->script, .code = 200, .headers = "Content-Encoding: gzip\r\n",
           .body = (const char *)bomb, .body_len = sizeof(bomb));
    ask(f, (struct http_request){.gzip = true}, "/", &o);
    assert_int_equal(o.err.kind, ERR_NONE);
    assert_int_equal(o.body.len, 1024 * 1024);
    release(&o);
}

static void headers_without_end(void **state)
{
    struct fixture *f = *state;
    auto_strbuf struct strbuf headers = {.max = SIZE_MAX / 4};
    struct outcome o;

    for (int i = 0; i < 3000; i++)
        strbuf_addf(&headers, "X-%d: 0123456789012345678901234567890123456789\r\n", i);
    SCRIPT(f->script, .code = 200, .headers = headers.p);
    ask(f, (struct http_request){0}, "/", &o);
    assert_int_equal(o.err.kind, ERR_INVALID);
    assert_non_null(strstr(o.err.text, "headers"));
    release(&o);
}

static void deadlines(void **state)
{
    struct fixture *f = *state;
    struct outcome o;

    SCRIPT(f->script, .end = SCRIPT_HANG);
    ask(f, (struct http_request){.total_ms = 30}, "/", &o);
    assert_int_equal(o.err.kind, ERR_RETRY);
    assert_true(o.sent);
    release(&o);
    SCRIPT(f->script, .end = SCRIPT_HANG);
    ask(f, (struct http_request){.idle_ms = 30}, "/", &o);
    assert_int_equal(o.err.kind, ERR_RETRY);
    assert_non_null(strstr(o.err.text, "no byte for 30 ms"));
    release(&o);
}

/* --- streams ---------------------------------------------------------------------------------- */

static bool on_chunk(const char *p, size_t len, void *arg)
{
    struct outcome *o = arg;

    (void)p;
    o->chunks += len;
    if (o->other) {
        http_cancel(o->other->call);
        o->other->call = NULL;
        o->other = NULL;
    }
    if (o->cancel_self) {
        http_cancel(o->call);
        o->call = NULL;
    }
    return !o->stop;
}

static bool has_chunks(void *arg)
{
    const struct outcome *o = arg;

    return o->chunks > 0;
}

static void a_stream_and_its_end(void **state)
{
    struct fixture *f = *state;
    struct outcome o;

    SCRIPT(f->script, .code = 200, .end = SCRIPT_STREAM);
    start(f, (struct http_request){.on_chunk = on_chunk, .max_bytes = 1}, "/", &o);
    assert_true(loop_run_until(f->loop, script_streaming, f->script, WAIT_MS));
    script_push(f->script, "hello");
    assert_true(loop_run_until(f->loop, has_chunks, &o, WAIT_MS));
    assert_int_equal(o.chunks, 5);
    script_finish(f->script, SCRIPT_KEEP);
    wait_for(f, &o);
    assert_int_equal(o.err.kind, ERR_NONE);
    assert_int_equal(o.body.len, 0);
    release(&o);
    /* An answer that is no stream is collected. */
    SCRIPT(f->script, .code = 410, .body = "gone");
    ask(f, (struct http_request){.on_chunk = on_chunk}, "/", &o);
    assert_int_equal(o.chunks, 0);
    assert_string_equal(strbuf_str(&o.body), "gone");
    release(&o);
}

static void a_stream_cut_off(void **state)
{
    static const enum script_end ends[] = {SCRIPT_CLOSE, SCRIPT_RESET};
    struct fixture *f = *state;
    struct outcome o;

    for (size_t i = 0; i < COUNT(ends); i++) {
        SCRIPT(f->script, .code = 200, .end = SCRIPT_STREAM, .body = "x");
        start(f, (struct http_request){.on_chunk = on_chunk}, "/", &o);
        assert_true(loop_run_until(f->loop, has_chunks, &o, WAIT_MS));
        script_finish(f->script, ends[i]);
        wait_for(f, &o);
        assert_int_equal(o.err.kind, ERR_RETRY);
        release(&o);
    }
}

static void the_reader_ends_it(void **state)
{
    struct fixture *f = *state;
    struct outcome o;

    SCRIPT(f->script, .code = 200, .end = SCRIPT_STREAM, .body = "x");
    start(f, (struct http_request){.on_chunk = on_chunk}, "/", &o);
    o.stop = true;
    wait_for(f, &o);
    assert_int_equal(o.err.kind, ERR_INVALID);
    release(&o);
}

static void silence_ends_a_stream(void **state)
{
    struct fixture *f = *state;
    struct outcome o;

    SCRIPT(f->script, .code = 200, .end = SCRIPT_STREAM, .body = "x");
    start(f, (struct http_request){.on_chunk = on_chunk, .idle_ms = 40}, "/", &o);
    wait_for(f, &o);
    assert_int_equal(o.err.kind, ERR_RETRY);
    assert_int_equal(o.chunks, 1);
    release(&o);
}

static bool none_open(void *arg)
{
    return script_open(arg) == 0;
}

static void cancelled_from_inside(void **state)
{
    struct fixture *f = *state;
    struct outcome o, other;

    SCRIPT(f->script, .end = SCRIPT_HANG);
    start(f, (struct http_request){0}, "/", &other);
    assert_true(loop_run_until(f->loop, script_empty, f->script, WAIT_MS));
    SCRIPT(f->script, .code = 200, .end = SCRIPT_STREAM, .body = "x");
    start(f, (struct http_request){.on_chunk = on_chunk}, "/", &o);
    o.other = &other;
    o.cancel_self = true;
    assert_true(loop_run_until(f->loop, has_chunks, &o, WAIT_MS));
    assert_true(loop_run_until(f->loop, none_open, f->script, WAIT_MS));
    assert_int_equal(o.done, 0);
    assert_int_equal(other.done, 0);
    http_cancel(NULL);
}

static struct outcome nested;

static bool send_inside(const char *p, size_t len, void *arg)
{
    struct outcome *o = arg;

    (void)p;
    o->chunks += len;
    start(o->f, (struct http_request){0}, "/nested", &nested);
    return true;
}

static void sent_from_inside(void **state)
{
    struct fixture *f = *state;
    struct outcome o;

    SCRIPT(f->script, .code = 200, .end = SCRIPT_STREAM, .body = "x");
    SCRIPT(f->script, .want = "GET /nested", .code = 200, .body = "n");
    start(f, (struct http_request){.on_chunk = send_inside}, "/", &o);
    assert_true(loop_run_until(f->loop, has_chunks, &o, WAIT_MS));
    wait_for(f, &nested);
    assert_string_equal(strbuf_str(&nested.body), "n");
    release(&nested);
    http_cancel(o.call);
    script_check(f->script);
}

static void pools_go_with_calls_open(void **state)
{
    struct fixture *f = *state;
    struct outcome a, b;

    SCRIPT(f->script, .end = SCRIPT_HANG);
    start(f, (struct http_request){.idle_ms = 1000}, "/", &a);
    start(f, (struct http_request){.url = "nonsense://"}, "/", &b);
    assert_true(loop_run_until(f->loop, script_empty, f->script, WAIT_MS));
    http_pool_free(f->pool);
    f->pool = NULL;
    http_pool_free(NULL);
    release(&b);
}

/* --- connections ------------------------------------------------------------------------------ */

static void replay_is_for_reads_only(void **state)
{
    struct fixture *f = *state;
    struct outcome o;

    /* The server dies at the second request of a connection: libcurl would repeat it (C10). */
    for (int write = 0; write < 2; write++) {
        SCRIPT(f->script, .code = 200);
        ask(f, (struct http_request){0}, "/", &o);
        release(&o);
        SCRIPT(f->script, .code = 0, .end = SCRIPT_CLOSE);
        if (!write)
            SCRIPT(f->script, .want = "GET /again", .code = 200, .body = "ok");
        ask(f,
            (struct http_request){.method = write ? "PATCH" : "GET",
                                  .body = write ? "x" : NULL,
                                  .body_len = (size_t)write},
            "/again", &o);
        assert_int_equal(o.err.kind, write ? ERR_RETRY : ERR_NONE);
        assert_true(o.sent);
        assert_int_equal(script_left(f->script), 0);
        release(&o);
    }
    assert_int_equal(script_requests(f->script), 5);
}

static bool refuse_all(const struct sockaddr *address, void *arg)
{
    (void)address;
    ++*(int *)arg;
    return false;
}

static void addresses_are_asked_for(void **state)
{
    struct fixture *f = *state;
    struct outcome o;
    int asked = 0;

    ask(f, (struct http_request){.allow_address = refuse_all, .allow_arg = &asked, .proxy = ""},
        "/", &o);
    assert_int_equal(o.err.kind, ERR_INVALID);
    assert_non_null(strstr(o.err.text, "127.0.0.1:"));
    assert_true(asked > 0);
    assert_int_equal(script_connections(f->script), 0);
    release(&o);
    /* Also on a connection that somebody else made (C84: before each use). */
    SCRIPT(f->script, .code = 200);
    ask(f, (struct http_request){0}, "/", &o);
    release(&o);
    ask(f, (struct http_request){.allow_address = addr_allowed_for_gates, .proxy = ""}, "/", &o);
    assert_int_equal(o.err.kind, ERR_INVALID);
    assert_false(o.sent);
    assert_int_equal(script_requests(f->script), 1);
    release(&o);
}

static bool forget(const struct sockaddr *address, void *arg)
{
    struct outcome *o = arg;

    (void)address;
    http_cancel(o->call);
    return true;
}

/* Whoever is asked for an address may forget the call: then nothing leaves on the connection. */
static void cancelled_when_asked(void **state)
{
    struct fixture *f = *state;
    struct outcome o, next;

    start(f, (struct http_request){.allow_address = forget, .allow_arg = &o, .proxy = ""}, "/", &o);
    SCRIPT(f->script, .want = "GET /next", .code = 200);
    ask(f, (struct http_request){0}, "/next", &next);
    assert_int_equal(next.code, 200);
    assert_int_equal(o.done, 0);
    assert_int_equal(script_requests(f->script), 1);
    release(&next);
}

static void dialled_elsewhere(void **state)
{
    struct fixture *f = *state;
    struct outcome o;
    char real[32];

    snprintf(real, sizeof(real), "127.0.0.1:%d", script_port(f->script));
    SCRIPT(f->script, .want_head = "Host: api.test:6443\r\n", .code = 200);
    ask(f, (struct http_request){.url = "http://api.test:6443/", .connect_to = real, .proxy = ""},
        "", &o);
    assert_int_equal(o.err.kind, ERR_NONE); /* C16 */
    release(&o);
    script_check(f->script);
}

static void through_a_proxy(void **state)
{
    struct fixture *f = *state;
    struct outcome o;

    SCRIPT(f->script, .want = "GET http://far.test/x HTTP/1.1", .code = 200);
    ask(f, (struct http_request){.url = "http://far.test/x", .proxy = script_url(f->script)}, "",
        &o);
    assert_int_equal(o.err.kind, ERR_NONE);
    release(&o);
    /* C19: from the environment, but not what NO_PROXY names, by CIDR too. */
    setenv("http_proxy", script_url(f->script), 1);
    setenv("no_proxy", "127.0.0.0/8", 1);
    SCRIPT(f->script, .want = "GET http://far.test/y HTTP/1.1", .code = 200);
    ask(f, (struct http_request){.url = "http://far.test/y"}, "", &o);
    release(&o);
    SCRIPT(f->script, .want = "GET /z HTTP/1.1", .code = 200);
    ask(f, (struct http_request){0}, "/z", &o);
    release(&o);
    unsetenv("http_proxy");
    unsetenv("no_proxy");
    script_check(f->script);
}

static void new_connections_after_drop(void **state)
{
    struct fixture *f = *state;
    struct outcome o, open;

    SCRIPT(f->script, .code = 200);
    ask(f, (struct http_request){0}, "/", &o);
    release(&o);
    http_pool_drop_idle(f->pool);
    assert_true(loop_run_until(f->loop, none_open, f->script, WAIT_MS));
    SCRIPT(f->script, .code = 200, .end = SCRIPT_STREAM, .body = "x");
    start(f, (struct http_request){.on_chunk = on_chunk}, "/", &open);
    assert_true(loop_run_until(f->loop, has_chunks, &open, WAIT_MS));
    http_pool_drop_idle(f->pool); /* the open call goes on */
    SCRIPT(f->script, .code = 200);
    ask(f, (struct http_request){0}, "/", &o);
    release(&o);
    http_pool_drop_idle(f->pool);
    http_cancel(open.call);
    assert_true(loop_run_until(f->loop, none_open, f->script, WAIT_MS));
    assert_int_equal(script_connections(f->script), 3);
}

static void basic_credentials(void **state)
{
    struct fixture *f = *state;
    struct outcome o;

    SCRIPT(f->script, .want_head = "Authorization: Basic bWU6YTpi\r\n", .code = 200);
    ask(f, (struct http_request){.credentials = "me:a:b"}, "/", &o);
    release(&o);
    script_check(f->script);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_get_and_its_answer),
        TEST(bodies_of_all_methods),
        TEST(any_split_of_the_answer),
        TEST(other_codes_are_answers),
        TEST(broken_answers),
        TEST(nobody_there),
        TEST(bad_requests),
        TEST(a_body_over_its_limit),
        TEST(a_gzip_bomb),
        TEST(headers_without_end),
        TEST(deadlines),
        TEST(a_stream_and_its_end),
        TEST(a_stream_cut_off),
        TEST(the_reader_ends_it),
        TEST(silence_ends_a_stream),
        TEST(cancelled_from_inside),
        TEST(sent_from_inside),
        TEST(pools_go_with_calls_open),
        TEST(replay_is_for_reads_only),
        TEST(addresses_are_asked_for),
        TEST(cancelled_when_asked),
        TEST(dialled_elsewhere),
        TEST(through_a_proxy),
        TEST(new_connections_after_drop),
        TEST(basic_credentials),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

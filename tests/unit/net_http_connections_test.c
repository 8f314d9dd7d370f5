/* SPDX-License-Identifier: Apache-2.0 */
/* Streams and connections of the HTTP client: who ends them, which are used again, and where they
 * lead. */
#include "http_bench.h"

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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_stream_and_its_end),       TEST(a_stream_cut_off),
        TEST(the_reader_ends_it),         TEST(silence_ends_a_stream),
        TEST(cancelled_from_inside),      TEST(sent_from_inside),
        TEST(pools_go_with_calls_open),   TEST(replay_is_for_reads_only),
        TEST(addresses_are_asked_for),    TEST(cancelled_when_asked),
        TEST(dialled_elsewhere),          TEST(through_a_proxy),
        TEST(new_connections_after_drop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

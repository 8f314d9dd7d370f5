/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP client against a scripted server: exact bytes, any split, every broken answer, and its
 * limits. */
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

static void basic_credentials(void **state)
{
    struct fixture *f = *state;
    struct outcome o;

    SCRIPT(f->script, .want_head = "Authorization: Basic bWU6YTpi\r\n", .code = 200);
    ask(f, (struct http_request){.credentials = "me:a:b"}, "/", &o);
    release(&o);
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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_get_and_its_answer),
        TEST(bodies_of_all_methods),
        TEST(any_split_of_the_answer),
        TEST(other_codes_are_answers),
        TEST(basic_credentials),
        TEST(broken_answers),
        TEST(nobody_there),
        TEST(bad_requests),
        TEST(a_body_over_its_limit),
        TEST(a_gzip_bomb),
        TEST(headers_without_end),
        TEST(deadlines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that fail: which are sent again, which never are, and what their end means (C4, C10,
 * C13, C74). */
#include "kube_calls.h"

#include <unistd.h>

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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_read_is_sent_again),
        TEST(but_not_for_ever),
        TEST(the_server_says_how_long),
        TEST(a_write_is_never_repeated),
        TEST(a_write_that_could_not_leave),
        TEST(a_write_that_takes_too_long),
        TEST(a_connection_in_doubt_is_left),
        TEST(an_answer_that_is_too_long),
        TEST(a_revoked_token),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

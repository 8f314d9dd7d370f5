/* SPDX-License-Identifier: Apache-2.0 */
/* How a watch ends, and whether the next one goes on from there or after a list (C23, C27, C31,
 * C32, C35). */
#include "reflector_bench.h"

/* --- the end of a watch ----------------------------------------------------------------------- */

static void watch_resumes_from_the_last_rv(void **state)
{
    static const enum script_end ends[] = {SCRIPT_KEEP, SCRIPT_CLOSE, SCRIPT_RESET};
    struct heard *h = *state;

    start_synced(h);
    script_push(h->f.script, EVENT("ADDED", OBJECT("b", "u2", "11")));
    expect(h, "+b@11 =11 ");
    for (size_t i = 0; i < COUNT(ends); i++) { /* C32: no list */
        SCRIPT(h->f.script, .want = WANT_WATCH("11"), .code = 200, .end = SCRIPT_STREAM);
        script_push(h->f.script, BOOKMARK("11"));
        expect(h, "=11 ");
        script_push(h->f.script, "{\"type\":\"ADDED\",\"obj"); /* C31: a tail is no event */
        script_finish(h->f.script, ends[i]);
        await_stream(h);
    }
    assert_int_equal(reflector_stats(h->r).lists, 1);
    assert_int_equal(reflector_stats(h->r).watches, 4);
}

static void a_watch_that_ends_at_once_failed(void **state)
{
    struct heard *h = *state;
    struct reflector_stats stats;

    start_synced(h);
    SCRIPT(h->f.script, .want = WANT_WATCH("10"), .code = 200, .end = SCRIPT_STREAM);
    script_finish(h->f.script, SCRIPT_KEEP);
    await_stream(h);
    stats = reflector_stats(h->r);
    assert_int_equal(stats.failures, 1); /* C32: with back-off */
    script_push(h->f.script, BOOKMARK("11"));
    expect(h, "=11 ");
    assert_string_equal(reflector_trouble(h->r), "");
}

static void after_three_failures_the_list_is_asked(void **state)
{
    struct heard *h = *state;

    start_synced(h);
    SCRIPT(h->f.script, .want = WANT_WATCH("10"), .code = 500);
    SCRIPT(h->f.script, .want = WANT_WATCH("10"), .code = 500);
    SCRIPT(h->f.script,
           .want = "GET /api/v1/pods?limit=100&resourceVersion=10&resourceVersionMatch="
                   "NotOlderThan&",
           .code = 200, .body = LIST("20", OBJECT("b", "u2", "15")));
    SCRIPT(h->f.script, .want = WANT_WATCH("20"), .code = 200, .end = SCRIPT_STREAM);
    script_finish(h->f.script, SCRIPT_RESET);
    await(&h->f, script_streaming, h->f.script);
    expect(h, "+b@15 -a#u1 =20 "); /* C29: what is missing is removed */
}

static void events_that_are_errors(void **state)
{
    static const struct {
        const char *event;
        bool list;
    } rows[] = {
        {EVENT("ERROR", "{\"kind\":\"Status\",\"code\":500,\"message\":\"etcd\"}"), false},
        {EVENT("ERROR", "{\"kind\":\"Status\",\"code\":429,\"message\":\"busy\"}"), false},
        {EVENT("ERROR", "{\"kind\":\"Status\",\"code\":410,\"message\":\"too old\"}"), true},
        {EVENT("ERROR", "{\"nonsense\":1}"), false},
        {"this is not JSON\n", false},
        {EVENT("ADDED", "[]"), false},
    };
    struct heard *h = *state;

    start_synced(h);
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (rows[i].list) /* C27: to C23 */
            SCRIPT(h->f.script, .want = WANT_LIST, .code = 200,
                   .body = LIST("10", OBJECT("a", "u1", "5")));
        SCRIPT(h->f.script, .want = WANT_WATCH("10"), .code = 200, .end = SCRIPT_STREAM);
        script_push(h->f.script, rows[i].event);
        await_stream(h);
        script_push(h->f.script, BOOKMARK("10")); /* so that the failures are not in a row */
        expect(h, rows[i].list ? "=10 =10 " : "=10 ");
        SCRIPT(h->f.script, .want = WANT_WATCH("10"), .code = 200, .end = SCRIPT_STREAM);
        script_finish(h->f.script, SCRIPT_KEEP);
        await_stream(h);
    }
}

static void a_line_without_end(void **state)
{
    struct heard *h = *state;
    const size_t len = 4u * 1024 * 1024 + 1;
    char *line = xmalloc(len);

    start_synced(h);
    memset(line, 'x', len);
    SCRIPT(h->f.script, .want = WANT_WATCH("10"), .code = 200, .end = SCRIPT_STREAM);
    script_push_bytes(h->f.script, line, len); /* C8 */
    free(line);
    await_stream(h);
    assert_int_equal(reflector_stats(h->r).failures, 1);
}

static bool no_trouble(void *arg)
{
    const struct heard *h = arg;

    return reflector_trouble(h->r)[0] == '\0';
}

static void trouble_ends_when_a_watch_holds(void **state)
{
    struct heard *h = *state;
    struct reflector_spec spec = spec_of(h);

    spec.timing.brief_ms = 20;
    SCRIPT(h->f.script, .want = WANT_LIST, .code = 200, .body = LIST("10", ""));
    SCRIPT(h->f.script, .want = WANT_WATCH("10"), .code = 500);
    SCRIPT(h->f.script, .want = WANT_WATCH("10"), .code = 200, .end = SCRIPT_STREAM);
    h->r = reflector_new(h->f.client, &spec);
    await_stream(h);
    assert_false(no_trouble(h));
    await(&h->f, no_trouble, h); /* without a word of the server */
    expect(h, "=10 S ");
}

static void silence_is_noticed(void **state)
{
    struct heard *h = *state;
    struct reflector_spec spec = spec_of(h);

    spec.timing.idle_ms = 30; /* C6 */
    SCRIPT(h->f.script, .want = WANT_LIST, .code = 200, .body = LIST("10", ""));
    SCRIPT(h->f.script, .want = WANT_WATCH("10"), .code = 200, .end = SCRIPT_STREAM);
    SCRIPT(h->f.script, .want = WANT_WATCH("10"), .code = 200, .end = SCRIPT_STREAM);
    h->r = reflector_new(h->f.client, &spec);
    await_script(h);
    assert_true(reflector_stats(h->r).failures >= 1);
}

/* --- 410 (C23, C35) --------------------------------------------------------------------------- */

static void gone_lists_anew(void **state)
{
    struct heard *h = *state;

    start_synced(h);
    SCRIPT(h->f.script, .want = WANT_WATCH("10"), .code = 410, .body = GONE);
    SCRIPT(h->f.script, .want = WANT_LIST, .code = 200,
           .body = LIST("30", OBJECT("a", "u1", "5") "," OBJECT("b", "u2", "25")));
    SCRIPT(h->f.script, .want = WANT_WATCH("30"), .code = 200, .end = SCRIPT_STREAM);
    script_push(h->f.script, BOOKMARK("10"));
    expect(h, "=10 ");
    script_finish(h->f.script, SCRIPT_KEEP);
    await_stream(h);
    expect(h, "+b@25 =30 "); /* a is as it was: not told again */
    assert_int_equal(reflector_stats(h->r).lists, 2);
}

static void not_older_than_may_be_refused(void **state)
{
    struct heard *h = *state;

    start_synced(h);
    for (int i = 0; i < 2; i++)
        SCRIPT(h->f.script, .want = WANT_WATCH("10"), .code = 500);
    SCRIPT(h->f.script, .want = "GET /api/v1/pods?limit=100&resourceVersion=10&", .code = 504,
           .body = "{\"kind\":\"Status\",\"message\":\"Too large resource version: 10, current: "
                   "9\",\"code\":504}");
    SCRIPT(h->f.script, .want = WANT_LIST, .code = 200, .body = LIST("11", OBJECT("a", "u1", "5")));
    SCRIPT(h->f.script, .want = WANT_WATCH("11"), .code = 200, .end = SCRIPT_STREAM);
    script_finish(h->f.script, SCRIPT_RESET);
    await_stream(h);
    expect(h, "=11 ");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(watch_resumes_from_the_last_rv),
        TEST(a_watch_that_ends_at_once_failed),
        TEST(after_three_failures_the_list_is_asked),
        TEST(events_that_are_errors),
        TEST(a_line_without_end),
        TEST(trouble_ends_when_a_watch_holds),
        TEST(silence_is_noticed),
        TEST(gone_lists_anew),
        TEST(not_older_than_may_be_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

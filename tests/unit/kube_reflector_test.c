/* SPDX-License-Identifier: Apache-2.0 */
/* List and watch (C22 to C35): each rule as a recorded stream. */
#include "reflector_bench.h"

/* --- the calm way ----------------------------------------------------------------------------- */

static void list_then_watch(void **state)
{
    struct heard *h = *state;

    start_synced(h);
    assert_true(reflector_synced(h->r));
    assert_true(reflector_served(h->r));
    assert_string_equal(reflector_rv(h->r), "10");
    assert_string_equal(reflector_trouble(h->r), "");
    assert_non_null(strstr(script_last(h->f.script), "&timeoutSeconds="));
    script_push(h->f.script, EVENT("ADDED", OBJECT("b", "u2", "11")));
    expect(h, "+b@11 =11 ");
    script_push(h->f.script, EVENT("MODIFIED", OBJECT("a", "u1", "12"))
                                 EVENT("DELETED", OBJECT("b", "u2", "13")));
    expect(h, "+a@12 =12 -b#u2 =13 ");
    script_push(h->f.script, BOOKMARK("99")); /* C28: moves the RV and nothing else */
    expect(h, "=99 ");
    script_push(h->f.script, EVENT("FUTURE", OBJECT("c", "u3", "100")));
    script_push(h->f.script, EVENT("ADDED", OBJECT("d", "u4", "101")));
    expect(h, "+d@101 =101 ");
    assert_int_equal(reflector_count(h->r), 2);
    assert_int_equal(reflector_stats(h->r).events, 5);
    assert_int_equal(reflector_stats(h->r).lists, 1);
}

static void bytes_split_anywhere(void **state)
{
    struct heard *h = *state;
    static const char text[] =
        EVENT("ADDED", OBJECT("b", "u2", "11")) "\r\n" EVENT("MODIFIED", OBJECT("b", "u2", "12"))
            BOOKMARK("13");

    start_synced(h);
    for (size_t i = 0; i < sizeof(text) - 1; i++)
        script_push_bytes(h->f.script, text + i, 1);
    expect(h, "+b@11 =11 +b@12 =12 =13 ");
}

static void a_new_life_under_the_same_name(void **state)
{
    struct heard *h = *state;

    start_synced(h);
    script_push(h->f.script, EVENT("ADDED", OBJECT("a", "u9", "11"))); /* C29 */
    expect(h, "-a#u1 +a@11 =11 ");
    script_push(h->f.script, EVENT("DELETED", OBJECT("a", "u1", "12"))); /* of the former life */
    expect(h, "=12 ");
    script_push(h->f.script, EVENT("DELETED", OBJECT("a", "u9", "13")));
    expect(h, "-a#u9 =13 ");
    script_push(h->f.script, EVENT("DELETED", OBJECT("a", "u9", "14"))); /* not known any more */
    expect(h, "=14 ");
}

/* They are kept as bytes or as text, and told as they came. */
static void uids_of_any_spelling(void **state)
{
    static const char *const uids[] = {
        "01234567-89ab-cdef-fedc-ba9876543210",
        "f1234567-89ab-cdef-fedc-ba9876543210",
        "F1234567-89AB-CDEF-FEDC-BA9876543210",
        "f1234567089ab0cdef0fedc0ba9876543210",
        "01234567-89ab-cdef-fedc-ba9876543210",
        "f1234567-89ab-cdef-fedc-ba987654321g",
        "f1234567-89ab-cdef-fedc-ba98765432100",
        "f1234567-89ab-cdef-fedc-ba987654-210",
        "u",
    };
    struct heard *h = *state;
    char last[40] = "u1";

    start_synced(h);
    for (size_t i = 0; i < COUNT(uids); i++) {
        char line[256], want[128];
        snprintf(line, sizeof(line), EVENT("ADDED", OBJECT("a", "%s", "%zu")), uids[i], i + 11);
        script_push(h->f.script, line);
        snprintf(want, sizeof(want), "-a#%s +a@%zu =%zu ", last, i + 11, i + 11);
        expect(h, want);
        snprintf(line, sizeof(line), EVENT("DELETED", OBJECT("a", "%s", "%zu")), last, i + 11);
        script_push(h->f.script, line); /* of the former life */
        snprintf(want, sizeof(want), "=%zu ", i + 11);
        expect(h, want);
        snprintf(last, sizeof(last), "%s", uids[i]);
    }
    /* A version with a digit more. */
    script_push(h->f.script, EVENT("MODIFIED", OBJECT("a", "u", "100")));
    expect(h, "+a@100 =100 ");
    script_push(h->f.script, EVENT("DELETED", OBJECT("a", "u", "101")));
    expect(h, "-a#u =101 ");
    script_push(h->f.script,
                EVENT("ADDED", OBJECT("a", "01234567-89ab-cdef-fedc-ba9876543210", "102")));
    script_push(h->f.script,
                EVENT("DELETED", OBJECT("a", "01234567-89ab-cdef-fedc-ba9876543210", "103")));
    expect(h, "+a@102 =102 -a#01234567-89ab-cdef-fedc-ba9876543210 =103 ");
}

static void selectors_and_namespaces(void **state)
{
    struct heard *h = *state;
    struct reflector_spec spec = spec_of(h);

    spec.namespace = "n";
    spec.label_selector = "a=b";
    spec.field_selector = "c!=d";
    spec.timing.page_limit = 7;
    SCRIPT(h->f.script,
           .want = "GET /api/v1/namespaces/n/pods?labelSelector=a%3Db&fieldSelector=c%21%3Dd&"
                   "limit=7&",
           .code = 200, .body = LIST("10", ""));
    SCRIPT(h->f.script,
           .want = "GET /api/v1/namespaces/n/pods?watch=1&allowWatchBookmarks=true&"
                   "resourceVersion=10&timeoutSeconds=",
           .want_head = "&labelSelector=a%3Db&fieldSelector=c%21%3Dd HTTP", .code = 200,
           .end = SCRIPT_STREAM);
    h->r = reflector_new(h->f.client, &spec);
    expect(h, "=10 S ");
    await_stream(h);
    assert_int_equal(reflector_spec(h->r)->timing.page_limit, 7);
}

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

/* --- no step back (C24) ----------------------------------------------------------------------- */

static void older_news_are_dropped(void **state)
{
    struct heard *h = *state;

    start_synced(h);
    script_push(h->f.script,
                EVENT("MODIFIED", OBJECT("a", "u1", "12"))
                    EVENT("MODIFIED", OBJECT("a", "u1", "11"))
                        EVENT("DELETED", OBJECT("a", "u1", "9")) BOOKMARK("8") BOOKMARK("13"));
    expect(h, "+a@12 =12 =13 ");
    assert_int_equal(reflector_stats(h->r).stale, 3);
}

static void an_older_list_is_dropped(void **state)
{
    struct heard *h = *state;

    start_synced(h);
    SCRIPT(h->f.script, .want = WANT_LIST, .code = 200, .body = LIST("9", ""));
    SCRIPT(h->f.script, .want = WANT_LIST, .code = 200, .body = LIST("10", OBJECT("a", "u1", "5")));
    SCRIPT(h->f.script, .want = WANT_WATCH("10"), .code = 200, .end = SCRIPT_STREAM);
    script_push(h->f.script, EVENT("ERROR", GONE));
    await_stream(h);
    expect(h, "=10 "); /* nothing was removed by the server that lags */
    assert_int_equal(reflector_stats(h->r).stale, 1);
}

static void an_older_object_in_a_list(void **state)
{
    struct heard *h = *state;

    start_synced(h);
    script_push(h->f.script, EVENT("MODIFIED", OBJECT("a", "u1", "12")));
    expect(h, "+a@12 =12 ");
    SCRIPT(h->f.script, .want = WANT_LIST, .code = 200, .body = LIST("14", OBJECT("a", "u1", "6")));
    SCRIPT(h->f.script, .want = WANT_WATCH("14"), .code = 200, .end = SCRIPT_STREAM);
    script_push(h->f.script, EVENT("ERROR", GONE));
    await_stream(h);
    expect(h, "=14 ");
    assert_int_equal(reflector_stats(h->r).stale, 1);
}

static void versions_that_cannot_be_compared(void **state)
{
    struct heard *h = *state;

    start_synced(h);
    SCRIPT(h->f.script, .want = WANT_LIST, .code = 200, .body = LIST("0", ""));
    SCRIPT(h->f.script, .want = WANT_LIST, .code = 200,
           .body = LIST("15", OBJECT("a", "u1", "14")));
    SCRIPT(h->f.script, .want = WANT_WATCH("15"), .code = 200, .end = SCRIPT_STREAM);
    script_push(h->f.script, EVENT("MODIFIED", OBJECT("a", "u1", "x")));
    await_stream(h);
    expect(h, "+a@14 =15 "); /* malformed is unknown: look live */
}

/* --- lists that fail -------------------------------------------------------------------------- */

static void a_broken_list_changes_nothing(void **state)
{
    static const char *const bodies[] = {"", "{", LIST("20", "") "}", LIST("20", "{}"),
                                         "{\"items\":[]}"};
    struct heard *h = *state;

    start_synced(h);
    for (size_t i = 0; i < COUNT(bodies); i++)
        SCRIPT(h->f.script, .want = WANT_LIST, .code = 200, .body = bodies[i]);
    SCRIPT(h->f.script, .want = WANT_LIST, .code = 200, .body = LIST("20", ""));
    SCRIPT(h->f.script, .want = WANT_WATCH("20"), .code = 200, .end = SCRIPT_STREAM);
    script_push(h->f.script, EVENT("ERROR", GONE));
    await_stream(h);
    expect(h, "-a#u1 =20 ");
}

static bool in_trouble(void *arg)
{
    const struct heard *h = arg;

    return strstr(reflector_trouble(h->r), h->want) != NULL;
}

static void trouble_is_named(void **state)
{
    struct heard *h = *state;
    struct reflector_spec spec = spec_of(h);

    spec.timing.denied_ms = 60000;
    SCRIPT(h->f.script, .want = WANT_LIST, .code = 403,
           .body = STATUS_BODY(403, "Forbidden", "pods is forbidden"));
    h->r = reflector_new(h->f.client, &spec);
    assert_non_null(strstr(reflector_trouble(h->r), "pods: not synced"));
    h->want = "pods: not synced: pods is forbidden";
    await(&h->f, in_trouble, h);
    assert_false(reflector_synced(h->r)); /* C34 */
    assert_string_equal(reflector_rv(h->r), "");
}

static bool missed_twice(void *arg)
{
    struct heard *h = arg;

    return ++h->missed == 2;
}

static bool asked_twice(void *arg)
{
    const struct heard *h = arg;

    return h->missed >= 2;
}

/* Asked again only when somebody misses it. */
static void a_kind_that_nobody_misses(void **state)
{
    struct heard *h = *state;
    struct reflector_spec spec = spec_of(h);

    spec.optional = true;
    spec.sink.misses = missed_twice;
    SCRIPT(h->f.script, .want = WANT_LIST, .code = 404);
    h->r = reflector_new(h->f.client, &spec);
    expect(h, "S ");
    assert_int_equal(reflector_stats(h->r).lists, 1);
    SCRIPT(h->f.script, .want = WANT_LIST, .code = 200, .body = LIST("10", ""));
    SCRIPT(h->f.script, .want = WANT_WATCH("10"), .code = 200, .end = SCRIPT_STREAM);
    assert_true(loop_run_until(h->f.loop, asked_twice, h, WAIT_MS));
    expect(h, "=10 ");
    assert_int_equal(h->missed, 2);
    assert_int_equal(reflector_stats(h->r).lists, 2);
}

static void a_kind_that_is_not_served(void **state)
{
    struct heard *h = *state;
    struct reflector_spec spec = spec_of(h);

    spec.optional = true;
    SCRIPT(h->f.script, .want = WANT_LIST, .code = 404, .body = "404 page not found\n");
    SCRIPT(h->f.script, .want = WANT_LIST, .code = 404, .body = "404 page not found\n");
    h->r = reflector_new(h->f.client, &spec);
    expect(h, "S ");
    assert_false(reflector_served(h->r));
    assert_true(reflector_synced(h->r));
    assert_string_equal(reflector_trouble(h->r), "");
    await_script(h);
    /* It comes, and goes again with all its objects. */
    SCRIPT(h->f.script, .want = WANT_LIST, .code = 200, .body = LIST("10", OBJECT("a", "u1", "5")));
    SCRIPT(h->f.script, .want = WANT_WATCH("10"), .code = 200, .end = SCRIPT_STREAM);
    expect(h, "+a@5 =10 ");
    assert_true(reflector_served(h->r));
    await_stream(h);
    SCRIPT(h->f.script, .want = WANT_WATCH("10"), .code = 404, .body = "404 page not found\n");
    SCRIPT(h->f.script, .want = WANT_LIST, .code = 404, .body = "404 page not found\n");
    script_finish(h->f.script, SCRIPT_RESET);
    expect(h, "-a#u1 ");
    assert_false(reflector_served(h->r));
    assert_string_equal(reflector_rv(h->r), "");
}

static void a_kind_that_must_be_served(void **state)
{
    struct heard *h = *state;

    SCRIPT(h->f.script, .want = WANT_LIST, .code = 404, .body = "404 page not found\n");
    SCRIPT(h->f.script, .want = WANT_LIST, .code = 200, .body = LIST("10", ""));
    SCRIPT(h->f.script, .want = WANT_WATCH("10"), .code = 200, .end = SCRIPT_STREAM);
    start(h);
    expect(h, "=10 S ");
    await_stream(h);
}

/* --- asked for (C37, C70) --------------------------------------------------------------------- */

static void on_relisted(void *arg)
{
    struct heard *h = arg;

    h->relisted++;
    strbuf_adds(&h->text, "R ");
}

static void a_list_on_demand(void **state)
{
    struct heard *h = *state;

    start_synced(h);
    SCRIPT(h->f.script, .want = WANT_LIST, .code = 500);
    SCRIPT(h->f.script, .want = WANT_LIST, .code = 200, .body = LIST("20", OBJECT("a", "u1", "7")));
    SCRIPT(h->f.script, .want = WANT_WATCH("20"), .code = 200, .end = SCRIPT_STREAM);
    reflector_relist(h->r, NULL, NULL);
    reflector_relist(h->r, on_relisted, h); /* only the last one is called */
    await_stream(h);
    expect(h, "+a@7 =20 R ");
    assert_int_equal(h->relisted, 1);
}

static void a_list_that_began_before_does_not_count(void **state)
{
    struct heard *h = *state;

    SCRIPT(h->f.script, .want = WANT_LIST, .end = SCRIPT_HANG);
    start(h);
    await_script(h);
    SCRIPT(h->f.script, .want = WANT_LIST, .code = 200, .body = LIST("20", ""));
    SCRIPT(h->f.script, .want = WANT_WATCH("20"), .code = 200, .end = SCRIPT_STREAM);
    reflector_relist(h->r, on_relisted, h);
    await_stream(h);
    expect(h, "=20 S R ");
}

static void from_inside_a_callback(void **state)
{
    struct heard *h = *state;

    start_synced(h);
    h->relist_at_upsert = true;
    SCRIPT(h->f.script, .want = WANT_LIST, .code = 200,
           .body = LIST("20", OBJECT("a", "u1", "11") "," OBJECT("b", "u2", "12")));
    SCRIPT(h->f.script, .want = WANT_WATCH("20"), .code = 200, .end = SCRIPT_STREAM);
    script_push(h->f.script,
                EVENT("MODIFIED", OBJECT("a", "u1", "11")) EVENT("ADDED", OBJECT("b", "u2", "12")));
    await_stream(h);
    expect(h, "+a@11 =11 +b@12 =12 =20 ");
}

static bool wants_no_x(void *arg UNUSED, const struct ident *id)
{
    return strcmp(id->name, "x") != 0;
}

/* It is noted all the same: progress is told, and so is its end. */
static void what_the_sink_does_not_want_is_not_decoded(void **state)
{
    struct heard *h = *state;
    struct reflector_spec spec = spec_of(h);

    spec.sink.wants = wants_no_x;
    SCRIPT(h->f.script, .want = WANT_LIST, .code = 200, .body = LIST("10", ""));
    SCRIPT(h->f.script, .want = WANT_WATCH("10"), .code = 200, .end = SCRIPT_STREAM);
    h->r = reflector_new(h->f.client, &spec);
    expect(h, "=10 S ");
    await_stream(h);
    script_push(h->f.script, EVENT("ADDED", OBJECT("x", "u1", "11")));
    script_push(h->f.script, EVENT("MODIFIED", OBJECT("x", "u2", "12")));
    script_push(h->f.script, EVENT("ADDED", OBJECT("b", "u3", "13")));
    script_push(h->f.script, EVENT("DELETED", OBJECT("x", "u2", "14")));
    expect(h, "=11 -x#u1 =12 +b@13 =13 -x#u2 =14 ");
}

static void freed_at_any_time(void **state)
{
    struct heard *h = *state;

    SCRIPT(h->f.script, .want = WANT_LIST, .end = SCRIPT_HANG);
    start(h);
    await_script(h);
    reflector_free(h->r);
    start(h);
    reflector_relist(h->r, on_relisted, h);
    reflector_free(h->r);
    reflector_free(NULL);
    start_synced(h);
    reflector_free(h->r);
    h->r = NULL;
    assert_int_equal(h->relisted, 0);
}

/* --- a stream of random news against a plain copy of the world -------------------------------- */

static void random_news(void **state)
{
    struct heard *h = *state;
    uint64_t seed = 7;
    unsigned rv = 10;

    start_synced(h);
    for (int i = 0; i < 400; i++) {
        const uint64_t r = next_random(&seed);
        char event[256], name[2] = {(char)('a' + r % 5), '\0'}, rv_text[16];
        static const char *const types[] = {"ADDED", "MODIFIED", "MODIFIED", "DELETED"};
        snprintf(rv_text, sizeof(rv_text), "%u", ++rv);
        snprintf(event, sizeof(event),
                 "{\"type\":\"%s\",\"object\":{\"metadata\":{\"name\":\"%s\",\"namespace\":\"n\","
                 "\"uid\":\"u%d\",\"resourceVersion\":\"%s\"}}}\n",
                 types[r / 8 % 4], name, (int)(r / 64 % 2), rv_text);
        script_push(h->f.script, event);
        if (r / 256 % 40 == 0) {
            char want[128];
            snprintf(want, sizeof(want), "=%u ", rv);
            h->want = want;
            await(&h->f, heard_it, h);
            char watch[160];
            snprintf(watch, sizeof(watch), WANT_WATCH("%u"), rv);
            script_push(h->f.script, BOOKMARK("1"));
            SCRIPT(h->f.script, .want = watch, .code = 200, .end = SCRIPT_STREAM);
            script_finish(h->f.script, r / 65536 % 2 ? SCRIPT_KEEP : SCRIPT_RESET);
            await_stream(h);
        }
    }
    char last[32];
    snprintf(last, sizeof(last), "=%u ", rv);
    h->want = last;
    await(&h->f, heard_it, h);
    /* Every name is told as there once, and as gone only while it is there. */
    bool there[5] = {true};
    for (char *p = strbuf_str(&h->text) ? h->text.p : NULL; p && *p; p = strchr(p, ' ') + 1) {
        if (*p == '+')
            there[p[1] - 'a'] = true;
        else if (*p == '-') {
            assert_true(there[p[1] - 'a']);
            there[p[1] - 'a'] = false;
        }
    }
    size_t count = 0;
    for (size_t i = 0; i < COUNT(there); i++)
        count += there[i];
    assert_int_equal(reflector_count(h->r), count);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(list_then_watch),
        TEST(bytes_split_anywhere),
        TEST(a_new_life_under_the_same_name),
        TEST(uids_of_any_spelling),
        TEST(selectors_and_namespaces),
        TEST(watch_resumes_from_the_last_rv),
        TEST(a_watch_that_ends_at_once_failed),
        TEST(after_three_failures_the_list_is_asked),
        TEST(events_that_are_errors),
        TEST(a_line_without_end),
        TEST(trouble_ends_when_a_watch_holds),
        TEST(silence_is_noticed),
        TEST(gone_lists_anew),
        TEST(not_older_than_may_be_refused),
        TEST(older_news_are_dropped),
        TEST(an_older_list_is_dropped),
        TEST(an_older_object_in_a_list),
        TEST(versions_that_cannot_be_compared),
        TEST(a_broken_list_changes_nothing),
        TEST(trouble_is_named),
        TEST(a_kind_that_nobody_misses),
        TEST(a_kind_that_is_not_served),
        TEST(a_kind_that_must_be_served),
        TEST(a_list_on_demand),
        TEST(a_list_that_began_before_does_not_count),
        TEST(from_inside_a_callback),
        TEST(what_the_sink_does_not_want_is_not_decoded),
        TEST(freed_at_any_time),
        TEST(random_news),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

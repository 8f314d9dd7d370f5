/* SPDX-License-Identifier: Apache-2.0 */
/* What a reflector tells of a list and the watch behind it (C22 to C35): each rule as a recorded
 * stream. */
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
        TEST(what_the_sink_does_not_want_is_not_decoded),
        TEST(older_news_are_dropped),
        TEST(an_older_list_is_dropped),
        TEST(an_older_object_in_a_list),
        TEST(versions_that_cannot_be_compared),
        TEST(random_news),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

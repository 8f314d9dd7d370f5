/* SPDX-License-Identifier: Apache-2.0 */
/* Lists that fail, kinds that are not served, and lists that are asked for (C34, C37, C70). */
#include "reflector_bench.h"

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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_broken_list_changes_nothing),
        TEST(trouble_is_named),
        TEST(a_kind_that_nobody_misses),
        TEST(a_kind_that_is_not_served),
        TEST(a_kind_that_must_be_served),
        TEST(a_list_on_demand),
        TEST(a_list_that_began_before_does_not_count),
        TEST(from_inside_a_callback),
        TEST(freed_at_any_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

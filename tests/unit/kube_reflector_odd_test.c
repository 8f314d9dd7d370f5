/* SPDX-License-Identifier: Apache-2.0 */
/* List and watch at what is seldom: watches that lived long, a 410 after failures, lines that are
 * not passed over. */
#include "../../src/kube/reflector_parts.h"
#include "reflector_bench.h"

static bool never(void *arg UNUSED)
{
    return false;
}

/* What went wrong before is over, once a watch has lived. */
static void a_long_life_resets_the_back_off(void **state)
{
    struct heard *h = *state;
    struct reflector_spec spec = spec_of(h);

    spec.timing.healthy_ms = spec.timing.brief_ms = 5;
    SCRIPT(h->f.script, .want = WANT_LIST, .code = 200, .body = LIST("10", ""));
    SCRIPT(h->f.script, .want = WANT_WATCH("10"), .code = 500);
    SCRIPT(h->f.script, .want = WANT_WATCH("10"), .code = 200, .end = SCRIPT_STREAM);
    SCRIPT(h->f.script, .want = WANT_WATCH("10"), .code = 200, .end = SCRIPT_STREAM);
    h->r = reflector_new(h->f.client, &spec);
    await(&h->f, script_streaming, h->f.script);
    assert_int_equal(h->r->failures, 1);
    loop_run_until(h->f.loop, never, NULL, 30);
    script_finish(h->f.script, SCRIPT_KEEP);
    await_stream(h);
    assert_int_equal(h->r->failures, 0);
    expect(h, "=10 S ");
}

/* The first 410 is no failure; one after a failure is another. */
static void gone_after_a_failure(void **state)
{
    struct heard *h = *state;

    SCRIPT(h->f.script, .want = WANT_LIST, .code = 200, .body = LIST("10", ""));
    SCRIPT(h->f.script, .want = WANT_WATCH("10"), .code = 500);
    SCRIPT(h->f.script, .want = WANT_WATCH("10"), .code = 410, .body = GONE);
    SCRIPT(h->f.script, .want = WANT_LIST, .code = 200, .body = LIST("20", ""));
    SCRIPT(h->f.script, .want = WANT_WATCH("20"), .code = 200, .end = SCRIPT_STREAM);
    start(h);
    await_stream(h);
    expect(h, "=10 S =20 ");
}

static bool wants_nothing(void *arg UNUSED, const struct ident *id UNUSED)
{
    return false;
}

/* What does not end with its object is decoded, whatever it is about. */
static void what_goes_on_behind_its_object_is_decoded(void **state)
{
    struct heard *h = *state;
    struct reflector_spec spec = spec_of(h);

    spec.sink.wants = wants_nothing;
    SCRIPT(h->f.script, .want = WANT_LIST, .code = 200, .body = LIST("10", ""));
    SCRIPT(h->f.script, .want = WANT_WATCH("10"), .code = 200, .end = SCRIPT_STREAM);
    h->r = reflector_new(h->f.client, &spec);
    expect(h, "=10 S ");
    await_stream(h);
    script_push(h->f.script,
                "{\"type\":\"ADDED\",\"object\":" OBJECT("x", "u1", "11") ",\"y\":1}\n");
    expect(h, "+x@11 =11 ");
    script_push(h->f.script,
                EVENT("ADDED", OBJECT("x", "u1", "9"))); /* old, and so is told nobody */
    script_push(h->f.script, EVENT("MODIFIED", OBJECT("x", "u1", "12")));
    expect(h, "=12 ");
}

static void before_the_first_list_there_is_no_progress(void **state)
{
    struct heard *h = *state;

    SCRIPT(h->f.script, .want = WANT_LIST, .end = SCRIPT_HANG);
    start(h);
    reflector_tell_progress(h->r);
    CHECK_TEXT(strbuf_str(&h->text), "", "heard");
}

/* Whoever wants a list now gets one, of a kind that nobody misses too; not at the first try, it is
 * tried again. */
static bool nobody_misses(void *arg UNUSED)
{
    return false;
}

static void a_list_on_demand_of_what_nobody_misses(void **state)
{
    struct heard *h = *state;
    struct reflector_spec spec = spec_of(h);

    spec.optional = true;
    spec.sink.misses = nobody_misses;
    SCRIPT(h->f.script, .want = WANT_LIST, .code = 404);
    h->r = reflector_new(h->f.client, &spec);
    expect(h, "S ");
    SCRIPT(h->f.script, .want = "GET /api/v1/pods?limit=100", .code = 500);
    SCRIPT(h->f.script, .want = "GET /api/v1/pods?limit=100", .code = 200, .body = LIST("10", ""));
    SCRIPT(h->f.script, .want = WANT_WATCH("10"), .code = 200, .end = SCRIPT_STREAM);
    reflector_relist(h->r, NULL, NULL);
    await_stream(h);
    expect(h, "=10 ");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_long_life_resets_the_back_off),
        TEST(gone_after_a_failure),
        TEST(what_goes_on_behind_its_object_is_decoded),
        TEST(before_the_first_list_there_is_no_progress),
        TEST(a_list_on_demand_of_what_nobody_misses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

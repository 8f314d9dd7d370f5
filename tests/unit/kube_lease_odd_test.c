/* SPDX-License-Identifier: Apache-2.0 */
/* Who leads, at what is seldom (C65 to C73): what others store, times that are none, and what comes
 * when it is given back. */
#include "../../src/kube/lease_record.h"
#include "lease_bench.h"

__typeof__(clock_mono_ms) __wrap_clock_mono_ms;
__typeof__(clock_mono_ms) __real_clock_mono_ms;
static int64_t ahead_ms;

int64_t __wrap_clock_mono_ms(void)
{
    return __real_clock_mono_ms() + ahead_ms;
}

static bool leads(void *arg)
{
    return lease_leading(arg);
}

/* ---- times ----------------------------------------------------------------------------------- */

static void times_that_are_none_make_no_lease(void **state)
{
    struct world *w = *state;
    struct lease_spec spec = {.namespace = "ns", .name = "l", .identity = "me"};
    struct err e = {0};

    spec.timing.retry_ms = 9000;
    assert_null(lease_new(w->f.client, &spec, &e));
    assert_non_null(strstr(e.text, "renew deadline"));
    spec.timing.retry_ms = 0; /* the usual ones */
    SCRIPT(w->f.script, .want = WANT_GET, NOT_FOUND);
    SCRIPT(w->f.script, .want = WANT_POST, .want_head = "\"leaseDurationSeconds\":15,", .code = 201,
           RECORD("1", "me", 0));
    w->lease = lease_new(w->f.client, &spec, &e);
    await(&w->f, leads, w->lease); /* nobody asked to be told */
}

/* ---- what is stored -------------------------------------------------------------------------- */

/* Somebody's admission wrote another name into it: whoever that is leads, and not we. */
static void what_is_stored_is_what_counts(void **state)
{
    struct world *w = *state;

    SCRIPT(w->f.script, .want = WANT_GET, .code = 200, RECORD("10", "", 2));
    SCRIPT(w->f.script, .want = WANT_PUT, .code = 200, RECORD("11", "other", 3));
    SCRIPT(w->f.script, .want = WANT_GET, .code = 200, RECORD("11", "other", 3));
    start(w, 15000, 10000, 5);
    await(&w->f, script_empty, w->f.script);
    assert_int_equal(w->led, 0);
    assert_false(lease_leading(w->lease));
    assert_non_null(strstr(lease_trouble(w->lease), "another holder"));
}

/* ... also of one who leads: it is looked at, and lost. */
static void what_is_stored_for_another_is_lost(void **state)
{
    struct world *w = *state;

    start_leading(w, 10000, 5);
    SCRIPT(w->f.script, .want = WANT_PUT, .code = 200, RECORD("12", "other", 4));
    SCRIPT(w->f.script, .want = WANT_GET, .code = 200, RECORD("12", "other", 4));
    await(&w->f, has_lost, w);
    assert_string_equal(w->why, "another one holds it");
    assert_int_equal(w->led, 1);
}

/* An answer that nobody can read says nothing of what was stored: it is looked at. */
static void an_answer_that_is_none(void **state)
{
    struct world *w = *state;

    start_leading(w, 10000, 5);
    SCRIPT(w->f.script, .want = WANT_PUT, .code = 200, .body = "{}");
    SCRIPT(w->f.script, .want = WANT_GET, .code = 200, RECORD("12", "me", 3));
    SCRIPT(w->f.script, .want = WANT_PUT, .want_head = "\"resourceVersion\":\"12\"", .code = 200,
           RECORD("13", "me", 3));
    await(&w->f, script_empty, w->f.script);
    assert_int_equal(w->lost, 0);
    assert_true(lease_leading(w->lease));
}

/* Refused, for whatever reason: it leads until its deadline, and tries on. */
static void a_refusal_is_no_loss(void **state)
{
    struct world *w = *state;

    start_leading(w, 10000, 5);
    SCRIPT(w->f.script, .want = WANT_PUT, .code = 403,
           .body = STATUS_BODY(403, "Forbidden", "no more"));
    SCRIPT(w->f.script, .want = WANT_GET, .code = 200, RECORD("11", "me", 3));
    SCRIPT(w->f.script, .want = WANT_PUT, .code = 200, RECORD("12", "me", 3));
    await(&w->f, script_empty, w->f.script);
    assert_int_equal(w->lost, 0);
    assert_true(lease_leading(w->lease));
}

/* The machine slept: nothing is written from the moment it wakes, before any timer has come. */
static void who_overslept_leads_no_more(void **state)
{
    struct world *w = *state;

    start_leading(w, 10000, 100);
    assert_true(lease_alive(w->lease));
    ahead_ms = 10000;
    assert_false(lease_leading(w->lease));
    assert_true(lease_alive(w->lease));
    ahead_ms = 15000 + 1000;
    assert_false(lease_alive(w->lease));
    await(&w->f, has_lost, w);
    ahead_ms = 0;
    assert_string_equal(w->why, "not renewed before the deadline");
}

/* A record that was read without metadata is written under the name that it has. */
static void a_record_without_metadata(void **state UNUSED)
{
    const struct lease_record r = {.holder = ""};
    const struct lease_claim claim = {.holder = "me", .duration_s = 15, .now_ms = 1};
    struct arena a = {0};

    assert_non_null(strstr(lease_record_write(&a, &r, "ns", "l", &claim),
                           "\"metadata\":{\"namespace\":\"ns\",\"name\":\"l\"}"));
    arena_release(&a);
}

/* ---- giving it back (C71) -------------------------------------------------------------------- */

/* Its last look fails, finds nothing, or nothing that can be read: it is over all the same. */
static void given_back_into_nothing(void **state)
{
    static const struct script_step looks[] = {
        {.want = WANT_GET, NOT_FOUND},
        {.want = WANT_GET, .code = 200, .body = "{}"},
        {.want = WANT_GET, .code = 403, .body = STATUS_BODY(403, "Forbidden", "no")},
    };
    struct world *w = *state;

    for (size_t i = 0; i < COUNT(looks); i++) {
        w->led = w->released = 0;
        start_leading(w, 10000, 5000);
        SCRIPT(w->f.script, .want = WANT_PUT, CONFLICT);
        script_add(w->f.script, &looks[i]);
        lease_release(w->lease, on_released, w);
        await(&w->f, has_released, w);
        assert_int_equal(script_left(w->f.script), 0);
        assert_int_equal(w->lost, 0);
        lease_free(w->lease);
        w->lease = NULL;
    }
}

/* The answer got lost: it is looked at, and found given back. */
static void given_back_and_not_told(void **state)
{
    struct world *w = *state;

    start_leading(w, 10000, 5000);
    SCRIPT(w->f.script, .want = WANT_PUT, .code = 0, .end = SCRIPT_RESET);
    SCRIPT(w->f.script, .want = WANT_GET, .code = 200, RECORD("12", "", 3));
    lease_release(w->lease, on_released, w);
    await(&w->f, has_released, w);
    assert_int_equal(script_left(w->f.script), 0);
}

/* Whoever writes it again and again is not fought with. */
static void given_back_is_not_tried_for_ever(void **state)
{
    struct world *w = *state;

    start_leading(w, 10000, 5000);
    for (int i = 0; i < 3; i++) {
        SCRIPT(w->f.script, .want = WANT_PUT, CONFLICT);
        SCRIPT(w->f.script, .want = WANT_GET, .code = 200, RECORD("12", "me", 3));
    }
    lease_release(w->lease, on_released, w);
    await(&w->f, has_released, w);
    assert_int_equal(w->released, 1);
}

/* The server hangs: who stops waits no longer than that; nobody has to be told. */
static void given_back_to_a_server_that_hangs(void **state)
{
    struct world *w = *state;

    start_leading(w, 10000, 5000);
    SCRIPT(w->f.script, .want = WANT_PUT, .end = SCRIPT_HANG);
    lease_release(w->lease, on_released, w);
    await(&w->f, has_released, w);
    assert_false(lease_leading(w->lease));
    w->released = 0;
    lease_release(w->lease, NULL, NULL); /* once more: there is nothing left to give */
    assert_false(loop_run_until(w->f.loop, has_released, w, 20));
    assert_int_equal(w->lost, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(times_that_are_none_make_no_lease),
        TEST(what_is_stored_is_what_counts),
        TEST(what_is_stored_for_another_is_lost),
        TEST(an_answer_that_is_none),
        TEST(a_refusal_is_no_loss),
        TEST(who_overslept_leads_no_more),
        TEST(a_record_without_metadata),
        TEST(given_back_into_nothing),
        TEST(given_back_and_not_told),
        TEST(given_back_is_not_tried_for_ever),
        TEST(given_back_to_a_server_that_hangs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What a pass waits for before it plans, and what it must look at first: a refusal, a write without
 * an answer, caches that lag (C45, C60, C61, C69). */
#include "turn_bench.h"

/* ---- refused --------------------------------------------------------------------------------- */

static void refuse(struct ctl *c, const struct action *act)
{
    struct err e = {0};

    err_set(&e, ERR_QUOTA, "full");
    refused_remember(&web(c)->refused, act, "patch replicasets", &e, WALL, turn.mono);
}

/* C45: tried slowly, and the status says so meanwhile. */
static void what_was_refused_waits_for_its_time(void **state)
{
    struct ctl *c = *state;
    int64_t wait;

    refuse(c, &scale);
    wait = web(c)->refused.due_ms - turn.mono;
    plans(&scale, NULL, PLAN_SLEEP);
    event(c);
    assert_int_equal(turn.looks + turn.sends, 0);
    assert_true(turn.refusal);
    due_in(c, wait);
    turn.mono += wait;
    event(c);
    assert_int_equal(turn.looks, 1);
    looked(1);
    assert_int_equal(turn.sends, 1);
}

static void a_plan_for_nothing_comes_back_for_the_refused(void **state)
{
    struct ctl *c = *state;

    refuse(c, &scale);
    event(c);
    due_in(c, web(c)->refused.due_ms - turn.mono);
}

/* Another act is wanted than the refused one, and its time has come: it stands no longer. */
static void another_wish_ends_a_refusal(void **state)
{
    struct ctl *c = *state;

    refuse(c, &scale);
    plans(&decide, NULL, PLAN_SLEEP);
    event(c); /* not yet */
    assert_true(web(c)->refused.present);
    passes_stop(c, true);
    c->stopping = false;
}

static void due_it_ends_with_another_wish(void **state)
{
    struct ctl *c = *state;

    refuse(c, &scale);
    turn.mono = web(c)->refused.due_ms;
    plans(&report, NULL, PLAN_SLEEP);
    event(c);
    assert_true(web(c)->refused.present); /* telling of it is no other wish */
    plans(&decide, NULL, PLAN_SLEEP);
    event(c);
    assert_false(web(c)->refused.present);
    assert_int_equal(turn.planned, 2); /* once more, without it */
    assert_false(turn.refusal);
}

/* ---- a write without an answer --------------------------------------------------------------- */

/* C61, C69: the server may do it as long as it works at it; till then it was neither done nor not,
 * whatever people ask for meanwhile. */
static void what_is_open_is_waited_for(void **state)
{
    struct ctl *c = *state;

    plans(&decide, &scale, PLAN_SLEEP);
    web(c)->needs_look = true;
    web(c)->open_until_ms = turn.mono + 3000;
    event(c);
    assert_int_equal(turn.planned + turn.looks, 0);
    assert_int_equal(web(c)->woken_ms, turn.mono);
    due_in(c, 3000);
    turn.mono += 2999;
    event(c);
    assert_int_equal(turn.planned + turn.looks, 0);
    turn.mono += 1;
    event(c);
    assert_int_equal(turn.looks, 1);
}

/* ---- caches that lag ------------------------------------------------------------------------- */

static void own_writes_are_waited_for(void **state)
{
    struct ctl *c = *state;

    barrier_wrote(&web(c)->barrier, KIND_REPLICASET, "9", turn.mono);
    key_barrier_changed(web(c));
    turn.mono += 100;
    event(c);
    assert_int_equal(turn.planned + turn.looks, 0);
    assert_int_equal(c->metrics.barrier_waits, 1);
    assert_int_equal(web(c)->woken_ms, turn.mono); /* its event is still to be answered */
    due_in(c, BARRIER_WAIT_MS - 100);
    turn.mono += BARRIER_WAIT_MS - 101;
    event(c);
    assert_int_equal(turn.looks, 0);
    turn.mono += 1;
    event(c);
    assert_int_equal(turn.looks, 1);
    assert_int_equal(c->metrics.barrier_looks, 1);
    looked(1);
    assert_true(barrier_open(&web(c)->barrier)); /* C60: the look took their place */
    assert_int_equal(c->closed.count, 0);
    assert_int_equal(web(c)->woken_ms, 0);
}

/* An ordinary look sees what it reads, not what the caches lack. */
static void an_ordinary_look_opens_no_barrier(void **state)
{
    struct ctl *c = *state;

    web(c)->needs_look = true;
    barrier_wrote(&web(c)->barrier, KIND_REPLICASET, "9", turn.mono);
    event(c);
    looked(1);
    assert_false(barrier_open(&web(c)->barrier));
}

/* ---- looks that must be ---------------------------------------------------------------------- */

static void what_is_unknown_is_looked_at_first(void **state)
{
    struct ctl *c = *state;

    web(c)->needs_look = true;
    event(c);
    assert_int_equal(turn.planned, 0);
    assert_true(turn.look.all);
    looked(1);
    assert_int_equal(turn.planned, 1);
    assert_false(web(c)->needs_look);
}

static void a_look_that_fails_comes_back(void **state)
{
    struct ctl *c = *state;

    web(c)->needs_look = true;
    event(c);
    look_fails(ERR_RETRY, 7);
    assert_int_equal(c->metrics.looks_failed, 1);
    assert_int_equal(c->metrics.passes_failed, 1);
    assert_int_equal(c->metrics.passes_ok, 0);
    assert_int_equal(c->passes, 0);
    assert_true(queue_due_ms(c->queue) >= turn.mono + 7 * SECOND_MS);
    assert_true(web(c)->needs_look);
    assert_false(web(c)->refused.present);
}

/* Nobody may read it: the plan on the cache says so, and no look is tried before its time. */
static void a_look_that_is_refused_is_told(void **state)
{
    struct ctl *c = *state;

    web(c)->needs_look = true;
    event(c);
    look_fails(ERR_DENIED, 0);
    assert_true(web(c)->refused.reading);
    assert_string_equal(web(c)->refused.what, "get services");
    due_in(c, 0);
    event(c);
    assert_int_equal(turn.looks, 1);
    assert_int_equal(turn.planned, 1);
    assert_true(turn.refusal);
    turn.mono = web(c)->refused.due_ms;
    event(c);
    assert_int_equal(turn.looks, 2);
    looked(1);
    assert_false(web(c)->refused.present);
}

static void of_what_is_gone_nothing_is_asked(void **state)
{
    struct ctl *c = *state;

    web(c)->needs_look = true;
    store_remove(c->store, KIND_ROLLOUT, "shop", "web", "u", turn.mono);
    event(c);
    assert_int_equal(turn.looks + turn.planned, 0);
    assert_int_equal(c->passes, 0);
    assert_int_equal(queue_due_ms(c->queue), QUEUE_NEVER);
}

static void gone_in_the_look_it_ends(void **state)
{
    struct ctl *c = *state;
    struct look_result result = {.started_ms = turn.mono};

    web(c)->needs_look = true;
    event(c);
    turn.look.done(&result, turn.look.arg);
    assert_int_equal(turn.planned, 0);
    assert_int_equal(c->passes, 0);
    assert_int_equal(queue_due_ms(c->queue), QUEUE_NEVER);
}

static void a_key_that_is_gone_goes_with_its_pass(void **state)
{
    struct ctl *c = *state;

    plans(&scale, NULL, PLAN_SLEEP);
    event(c);
    key_forget(web(c));
    assert_non_null(web(c)); /* its pass is under way */
    looked(1);
    pass_end(turn.pass, turn.mono);
    assert_null(web(c));
    assert_int_equal(queue_due_ms(c->queue), QUEUE_NEVER);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_refused_waits_for_its_time),
        TEST(a_plan_for_nothing_comes_back_for_the_refused),
        TEST(another_wish_ends_a_refusal),
        TEST(due_it_ends_with_another_wish),
        TEST(what_is_open_is_waited_for),
        TEST(own_writes_are_waited_for),
        TEST(an_ordinary_look_opens_no_barrier),
        TEST(what_is_unknown_is_looked_at_first),
        TEST(a_look_that_fails_comes_back),
        TEST(a_look_that_is_refused_is_told),
        TEST(of_what_is_gone_nothing_is_asked),
        TEST(gone_in_the_look_it_ends),
        TEST(a_key_that_is_gone_goes_with_its_pass),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

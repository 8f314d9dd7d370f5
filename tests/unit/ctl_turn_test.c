/* SPDX-License-Identifier: Apache-2.0 */
/* The turns of a pass: when it looks, sends and reports, when it comes back, and who may begin one
 * (C37, C49, C64, C68). */
#include "turn_bench.h"

/* ---- nothing to do --------------------------------------------------------------------------- */

/* C37: it is planned again some time, not all at once with the others. */
static void at_rest_it_comes_back_once_in_a_while(void **state)
{
    struct ctl *c = *state;

    event(c);
    assert_int_equal(turn.planned, 1);
    assert_int_equal(turn.looks + turn.sends, 0);
    assert_int_equal(c->passes, 0);
    assert_int_equal(turn.random_lo, 5 * MINUTE_MS);
    assert_int_equal(turn.random_hi, 10 * MINUTE_MS);
    due_in(c, 10 * MINUTE_MS);
    assert_int_equal(c->metrics.passes_ok, 1);
    assert_int_equal(c->metrics.pass_time.count, 1);
    assert_int_equal(c->metrics.queue_time.count, 1);
    assert_string_equal(turn.prometheus, "http://prometheus");
}

static void it_wakes_when_the_plan_says(void **state)
{
    static const struct {
        int64_t in, due;
    } rows[] = {{300, 300}, {0, 1}, {-5, 1}, {HOUR_MS, 10 * MINUTE_MS}};

    for (size_t i = 0; i < COUNT(rows); i++) {
        plans(&nothing, NULL, WALL + rows[i].in);
        event(*state);
        due_in(*state, rows[i].due);
    }
}

/* ---- something to do ------------------------------------------------------------------------- */

/* C64: the cache is a suspicion; the live plan's action goes out. */
static void a_look_comes_before_the_write(void **state)
{
    struct ctl *c = *state;

    plans(&decide, &scale, PLAN_SLEEP);
    event(c);
    assert_int_equal(turn.looks, 1);
    assert_int_equal(turn.sends, 0);
    assert_string_equal(turn.look.name, "web");
    assert_string_equal(turn.look.ns, "shop");
    assert_false(turn.look.all);
    looked(30);
    assert_int_equal(turn.sends, 1);
    assert_int_equal(turn.pass->plan->action.act, ACT_RS_SCALE);
    assert_true(turn.pass->live && turn.pass->fresh);
    assert_int_equal(c->metrics.changed_minds, 1);
    assert_int_equal(c->metrics.looks, 1);
    assert_int_equal(c->metrics.relooks, 0);
    assert_int_equal(c->metrics.look_time.count, 1);
    CHECK(c->metrics.look_time.sum > 0.029 && c->metrics.look_time.sum < 0.031, "%f",
          c->metrics.look_time.sum);
    assert_int_equal(c->passes, 1);
}

/* A scene of two moments decides nothing; nor for ever. */
static void what_moved_is_looked_at_again(void **state)
{
    struct ctl *c = *state;

    plans(&scale, NULL, PLAN_SLEEP);
    event(c);
    looked_at(1, true);
    assert_int_equal(turn.looks, 2);
    assert_int_equal(turn.sends, 0);
    looked(1);
    assert_int_equal(turn.looks, 2);
    assert_int_equal(turn.sends, 1);
    turn.pass->fresh = false;
    turn.pass->looks = PASS_LOOKS_MAX - 1;
    pass_look(turn.pass);
    looked_at(1, true);
    assert_int_equal(turn.looks, 3);
    assert_int_equal(turn.sends, 1);
    due_in(c, 0);
}

static void the_same_mind_is_not_a_changed_one(void **state)
{
    struct ctl *c = *state;

    plans(&scale, NULL, PLAN_SLEEP);
    event(c);
    looked(1);
    assert_int_equal(c->metrics.changed_minds, 0);
    turn.plans[0].action = decide; /* the next plan of this pass is no confirmation */
    pass_plan(turn.pass);
    assert_int_equal(c->metrics.changed_minds, 0);
}

static void an_old_look_is_taken_again(void **state)
{
    struct ctl *c = *state;

    plans(&scale, NULL, PLAN_SLEEP);
    event(c);
    looked(1);
    turn.pass->fresh = false; /* as after a write */
    turn.mono += LOOK_AGE_MS;
    pass_plan(turn.pass);
    assert_int_equal(turn.sends, 2);
    turn.mono += 1;
    pass_plan(turn.pass);
    assert_int_equal(turn.sends, 2);
    assert_int_equal(turn.looks, 2);
    assert_int_equal(c->metrics.relooks, 1);
    assert_int_equal(c->metrics.looks, 2);
}

/* A look that took longer than it lasts is as old as its first read. */
static void a_slow_look_is_old_when_it_ends(void **state)
{
    plans(&scale, NULL, PLAN_SLEEP);
    event(*state);
    looked(LOOK_AGE_MS + 1);
    assert_int_equal(turn.sends, 1); /* its first action goes all the same */
    turn.pass->fresh = false;
    pass_plan(turn.pass);
    assert_int_equal(turn.sends, 1);
    assert_int_equal(turn.looks, 2);
}

static void a_long_pass_lets_others_come_first(void **state)
{
    struct ctl *c = *state;

    plans(&scale, NULL, PLAN_SLEEP);
    event(c);
    looked(1);
    turn.pass->writes = PASS_WRITES_MAX;
    pass_plan(turn.pass);
    assert_int_equal(turn.sends, 1);
    assert_int_equal(c->passes, 0);
    due_in(c, 0);
}

/* C49. */
static void a_spent_budget_waits(void **state)
{
    struct ctl *c = *state;

    plans(&scale, NULL, PLAN_SLEEP);
    web(c)->budget = 0;
    web(c)->budget_at_ms = turn.mono;
    event(c);
    assert_int_equal(turn.looks + turn.sends, 0);
    due_in(c, SECOND_MS);
}

/* ---- reports --------------------------------------------------------------------------------- */

/* All that was written to it is known. */
static void nobody_else_wrote(struct ctl *c)
{
    key_knows(web(c), store_get(c->store, KIND_ROLLOUT, "shop", "web")->meta->rv, "");
}

static void a_report_waits_a_moment(void **state)
{
    struct ctl *c = *state;

    said.display.status = "Holding";
    plans(&report, NULL, PLAN_SLEEP);
    nobody_else_wrote(c);
    event(c);
    assert_int_equal(web(c)->report_since_ms, MONO);
    due_in(c, REPORT_DELAY_MS);
    turn.mono += REPORT_DELAY_MS - 1;
    event(c); /* what happens meanwhile does not put it off */
    assert_int_equal(web(c)->report_since_ms, MONO);
    due_in(c, 1);
    assert_int_equal(turn.sends, 0);
    turn.mono += 1;
    event(c);
    assert_int_equal(turn.sends, 1);
    assert_int_equal(turn.looks, 0);
}

/* He may know more than our caches do. */
static void a_report_over_what_others_wrote_looks_first(void **state)
{
    struct ctl *c = *state;

    said.display.status = "Holding";
    plans(&report, NULL, PLAN_SLEEP);
    event(c);
    turn.mono += REPORT_DELAY_MS;
    event(c);
    assert_int_equal(turn.looks, 1);
    assert_int_equal(turn.sends, 0);
    looked(1);
    assert_int_equal(turn.sends, 1);
    assert_int_equal(turn.looks, 1);
}

/* Where the reads are refused it is the report that says so. */
static void a_report_of_refused_reads_goes_out(void **state)
{
    const struct err denied = {.kind = ERR_DENIED, .text = "no"};
    struct ctl *c = *state;

    said.display.status = "Holding";
    plans(&report, NULL, PLAN_SLEEP);
    event(c);
    refused_remember(&web(c)->refused, NULL, "get services", &denied, WALL, turn.mono);
    turn.mono += REPORT_DELAY_MS;
    event(c);
    assert_int_equal(turn.looks, 0);
    assert_int_equal(turn.sends, 1);
}

static void a_report_that_is_not_wanted_any_more_is_forgotten(void **state)
{
    struct ctl *c = *state;

    plans(&report, &nothing, PLAN_SLEEP);
    event(c);
    assert_int_equal(web(c)->report_since_ms, MONO);
    event(c);
    assert_int_equal(web(c)->report_since_ms, 0);
}

/* How far it is may wait longer than what it does, what it answers, and what gates said. */
static void only_what_is_minor_waits_long(void **state)
{
    static const struct {
        const char *word;
        int64_t generation, target;
        size_t asks;
        int64_t due;
        const char *ready;
        bool flight;
    } rows[] = {{"Gating", 3, 4, 0, MINOR_DELAY_MS, NULL, true},
                {"Gating", 3, 4, 0, MINOR_DELAY_MS, "8/8", true},
                {"Gating", 3, 4, 0, MINOR_DELAY_MS, "6/8", false},
                {"Gating", 3, 4, 0, MINOR_DELAY_MS, "1/10", false},
                {"Gating", 3, 4, 0, REPORT_DELAY_MS, "10/10", false},
                {"Holding", 3, 4, 0, REPORT_DELAY_MS, NULL, true},
                {"Gating", 2, 4, 0, REPORT_DELAY_MS, NULL, true},
                {"Gating", 3, 5, 0, REPORT_DELAY_MS, NULL, true},
                {"Gating", 3, 4, 1, REPORT_DELAY_MS, NULL, true}};
    struct ctl *c = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        plans(&report, NULL, PLAN_SLEEP);
        turn.plans[0].ask_count = rows[i].asks;
        said.display.status = rows[i].word;
        said.display.ready = rows[i].ready;
        said.flight.present = rows[i].flight;
        said.observed_generation = rows[i].generation;
        said.target.observed_generation = rows[i].target;
        web(c)->report_since_ms = 0;
        event(c);
        due_in(c, rows[i].due);
    }
    assert_int_equal(turn.asked, 1);
}

/* ---- who may work ---------------------------------------------------------------------------- */

static void only_a_leader_that_knows_works(void **state)
{
    struct ctl *c = *state;

    c->leading = false;
    event(c);
    c->leading = true;
    turn.ready = false;
    event(c);
    turn.ready = true;
    c->stopping = true;
    event(c);
    assert_int_equal(turn.planned, 0);
    c->stopping = false;
    event(c);
    assert_int_equal(turn.planned, 1);
}

/* It is asked to come when the next one is due, and at once when a pass has ended. */
static void the_pump_is_set(void **state)
{
    struct ctl *c = *state;

    plans(&nothing, NULL, WALL + 300);
    event(c);
    assert_int_equal(turn.pump_ms, 300);
    turn.mono += 400;
    turn.pumps = 0;
    passes_kick(c);
    assert_int_equal(turn.pumps, 1);
    assert_int_equal(turn.pump_ms, 0);
}

static void so_many_at_once(void **state)
{
    struct ctl *c = *state;

    plans(&scale, NULL, PLAN_SLEEP);
    c->passes = PASSES_MAX;
    event(c);
    assert_int_equal(turn.planned, 0);
    c->passes = PASSES_MAX - 1;
    passes_pump(c);
    assert_int_equal(turn.planned, 1);
    c->passes -= PASSES_MAX - 1;
}

static void a_key_that_nobody_knows_is_done(void **state)
{
    struct ctl *c = *state;

    queue_add(c->queue, "shop/other", turn.mono, QUEUE_HIGH, "test");
    passes_pump(c);
    assert_int_equal(queue_stats(c->queue).working, 0);
    assert_int_equal(c->passes, 0);
}

/* ---- stopping -------------------------------------------------------------------------------- */

static void stopping_drops_a_look(void **state)
{
    struct ctl *c = *state;

    plans(&scale, NULL, PLAN_SLEEP);
    event(c);
    passes_stop(c, false);
    assert_int_equal(c->passes, 0);
    assert_int_equal(turn.cancelled_looks, 1);
    event(c);
    assert_int_equal(turn.planned, 1);
}

static void stopping_lets_a_write_end(void **state)
{
    struct ctl *c = *state;

    plans(&scale, NULL, PLAN_SLEEP);
    event(c);
    looked(1);
    turn.pass->call = (struct kube_call *)&turn;
    passes_stop(c, false);
    assert_int_equal(c->passes, 1);
    turn.pass->call = NULL;
    pass_plan(turn.pass); /* as after its answer */
    assert_int_equal(c->passes, 0);
    assert_int_equal(turn.sends, 1);
    assert_int_equal(turn.cancelled_calls, 0);
}

static void stopping_now_cancels_a_write(void **state)
{
    struct ctl *c = *state;

    plans(&scale, NULL, PLAN_SLEEP);
    event(c);
    looked(1);
    turn.pass->call = (struct kube_call *)&turn;
    passes_stop(c, true);
    assert_int_equal(c->passes, 0);
    assert_int_equal(turn.cancelled_calls, 1);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(at_rest_it_comes_back_once_in_a_while),
        TEST(it_wakes_when_the_plan_says),
        TEST(a_look_comes_before_the_write),
        TEST(what_moved_is_looked_at_again),
        TEST(the_same_mind_is_not_a_changed_one),
        TEST(an_old_look_is_taken_again),
        TEST(a_slow_look_is_old_when_it_ends),
        TEST(a_long_pass_lets_others_come_first),
        TEST(a_spent_budget_waits),
        TEST(a_report_waits_a_moment),
        TEST(a_report_over_what_others_wrote_looks_first),
        TEST(a_report_of_refused_reads_goes_out),
        TEST(a_report_that_is_not_wanted_any_more_is_forgotten),
        TEST(only_what_is_minor_waits_long),
        TEST(only_a_leader_that_knows_works),
        TEST(the_pump_is_set),
        TEST(so_many_at_once),
        TEST(a_key_that_nobody_knows_is_done),
        TEST(stopping_drops_a_look),
        TEST(stopping_lets_a_write_end),
        TEST(stopping_now_cancels_a_write),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of a Rollout between passes, who wakes it, and its write budget (C49, C60). */
#include "../../src/ctl/ctl.h"
#include "check.h"

#include <stdio.h>

static struct noted {
    bool ready;
    int brakes_forgotten, gates_forgotten, policies;
    int64_t moved_ms;
} noted;

__typeof__(caches_ready) __wrap_caches_ready;
__typeof__(brake_forget) __wrap_brake_forget;
__typeof__(gate_forget) __wrap_gate_forget;
__typeof__(prover_policy_changed) __wrap_prover_policy_changed;
__typeof__(timer_move) __wrap_timer_move;

bool __wrap_caches_ready(const struct ctl *c UNUSED)
{
    return noted.ready;
}

void __wrap_brake_forget(struct key *key UNUSED)
{
    noted.brakes_forgotten++;
}

void __wrap_gate_forget(struct gate_runner *g UNUSED, const char *key)
{
    assert_string_equal(key, "shop/web");
    noted.gates_forgotten++;
}

void __wrap_prover_policy_changed(struct prover *p UNUSED)
{
    noted.policies++;
}

void __wrap_timer_move(struct timer *timer UNUSED, int64_t delay_ms)
{
    noted.moved_ms = delay_ms;
}

/* ---- a Rollout ------------------------------------------------------------------------------- */

static struct meta meta;
static struct object rollout = {.kind = KIND_ROLLOUT, .meta = &meta};

static int setup(void **state)
{
    struct ctl *c = xcalloc(1, sizeof(*c));

    noted = (struct noted){.ready = true, .moved_ms = -1};
    meta = (struct meta){.ns = "shop", .name = "web", .uid = "u", .generation = 3};
    c->queue = queue_new(1);
    *state = c;
    return 0;
}

static int teardown(void **state)
{
    struct ctl *c = *state;

    noted.gates_forgotten = 0;
    keys_release(c);
    queue_free(c->queue);
    free(c);
    return 0;
}

/* ---- keys ------------------------------------------------------------------------------------ */

static void a_new_key_knows_its_names(void **state)
{
    struct ctl *c = *state;
    const struct key *key = key_of(c, &rollout);

    assert_string_equal(key->name, "shop/web");
    assert_string_equal(key->ns, "shop");
    assert_string_equal(key->rollout, "web");
    assert_int_equal(key->generation, 3);
    assert_true(key->budget >= BUDGET_BURST);
    assert_ptr_equal(key_find(c, "shop/web"), key);
    assert_ptr_equal(key_of(c, &rollout), key);
    assert_int_equal(noted.brakes_forgotten, 0);
}

/* The caches keep only what concerns somebody: for one that comes late they may have dropped it. */
static void one_that_comes_late_is_read(void **state)
{
    struct ctl *c = *state;
    const struct key *key = key_of(c, &rollout);

    assert_false(key->needs_look);
    key_forget(key_find(c, "shop/web"));
    c->others_started = true;
    key = key_of(c, &rollout);
    assert_true(key->needs_look);
}

static void an_edit_may_name_other_objects(void **state)
{
    struct ctl *c = *state;
    const struct key *key = key_of(c, &rollout);

    key_of(c, &rollout);
    assert_false(key->needs_look);
    meta.generation = 4;
    key_of(c, &rollout);
    assert_true(key->needs_look);
    assert_int_equal(key->generation, 4);
    assert_int_equal(noted.brakes_forgotten, 0);
}

static void what_is_forgotten_is_gone(void **state)
{
    struct ctl *c = *state;
    struct key *key = key_of(c, &rollout);

    barrier_wrote(&key->barrier, KIND_SERVICE, "9", 1);
    key_barrier_changed(key);
    key_queue(key, clock_mono_ms(), QUEUE_HIGH, "test");
    key_forget(key);
    assert_null(key_find(c, "shop/web"));
    assert_int_equal(c->closed.count, 0);
    assert_int_equal(queue_due_ms(c->queue), QUEUE_NEVER);
    assert_int_equal(noted.gates_forgotten, 1);
    assert_int_equal(noted.brakes_forgotten, 1);
}

/* ---- the barrier ----------------------------------------------------------------------------- */

static void an_open_barrier_wakes_what_it_held(void **state)
{
    struct ctl *c = *state;
    struct key *key = key_of(c, &rollout);

    key_barrier_changed(key); /* it held nothing */
    assert_int_equal(queue_due_ms(c->queue), QUEUE_NEVER);
    barrier_wrote(&key->barrier, KIND_SERVICE, "9", 1);
    key_barrier_changed(key);
    assert_ptr_equal(map_get(&c->closed, "shop/web"), key);
    assert_int_equal(queue_due_ms(c->queue), QUEUE_NEVER);
    barrier_progress(&key->barrier, KIND_SERVICE, "9");
    key_barrier_changed(key);
    assert_int_equal(c->closed.count, 0);
    assert_true(queue_due_ms(c->queue) <= clock_mono_ms());
}

/* ---- the budget ------------------------------------------------------------------------------ */

static void a_budget_is_spent_and_grows(void **state)
{
    struct key *key = key_of(*state, &rollout);
    const int64_t now = 1000000;

    key->budget_at_ms = now;
    for (int i = 0; i < BUDGET_BURST; i++) {
        CHECK(key_may_write(key, now), "write %d", i);
        key_wrote(key, now);
    }
    assert_false(key_may_write(key, now));
    assert_false(key_may_write(key, now + BUDGET_EVERY_MS - 1));
    assert_true(key_may_write(key, now + BUDGET_EVERY_MS));
    key_wrote(key, now + BUDGET_EVERY_MS);
    assert_false(key_may_write(key, now + BUDGET_EVERY_MS));
}

static void it_grows_no_further_than_full(void **state)
{
    struct key *key = key_of(*state, &rollout);
    const int64_t later = HOUR_MS * 24;

    key->budget_at_ms = 0;
    assert_true(key_may_write(key, later));
    for (int i = 0; i < BUDGET_BURST; i++)
        key_wrote(key, later);
    assert_false(key_may_write(key, later));
}

/* It grows up to the write, too. */
static void writes_after_a_long_time_are_no_more(void **state)
{
    struct key *key = key_of(*state, &rollout);

    key->budget_at_ms = 0;
    for (int i = 0; i < BUDGET_BURST; i++)
        key_wrote(key, HOUR_MS);
    assert_false(key_may_write(key, HOUR_MS));
}

/* ---- who wakes it ---------------------------------------------------------------------------- */

static void wake(struct ctl *c, bool ready)
{
    noted.ready = ready;
    ctl_store_listener.woken(c, &rollout, KIND_SERVICE);
}

/* While all is being read for the first time an edit of one comes before the rest. */
static void the_first_lists_wake_quietly(void **state)
{
    struct ctl *c = *state;
    const int64_t now = clock_mono_ms();

    wake(c, false);
    queue_add(c->queue, "shop/edited", now, QUEUE_HIGH, "test");
    assert_string_equal(queue_take(c->queue, now + 1000)->key, "shop/edited");
    assert_string_equal(queue_take(c->queue, now + 1000)->key, "shop/web");
    queue_done(c->queue, "shop/edited", now);
    queue_done(c->queue, "shop/web", now);
    wake(c, true);
    queue_add(c->queue, "shop/late", now + 1000, QUEUE_LOW, "test");
    assert_string_equal(queue_take(c->queue, now + 2000)->key, "shop/web");
    queue_done(c->queue, "shop/web", now);
}

/* How long it took counts from the first event that no pass has answered yet; one that comes in
 * the middle of a pass may be answered by it. */
static void the_first_event_begins_the_wait(void **state)
{
    struct ctl *c = *state;
    struct key *key = key_of(c, &rollout);
    const int64_t before = clock_mono_ms();

    wake(c, true);
    assert_true(key->woken_ms >= before && key->woken_ms <= clock_mono_ms());
    key->woken_ms = 5;
    wake(c, true);
    assert_int_equal(key->woken_ms, 5);
    key->woken_ms = 0;
    key->pass = (struct pass *)c;
    wake(c, true);
    assert_int_equal(key->woken_ms, 0);
    key->pass = NULL;
}

static void what_is_queued_is_worked_on_at_once(void **state)
{
    struct ctl *c = *state;

    c->pump = (struct timer *)c;
    key_queue(key_of(c, &rollout), clock_mono_ms(), QUEUE_HIGH, "test");
    assert_int_equal(noted.moved_ms, 0);
}

/* Deleted in the middle of its pass, and made again: the key is wanted. */
static void made_again_in_its_pass_it_stays(void **state)
{
    struct ctl *c = *state;
    struct key *key = key_of(c, &rollout);

    key->pass = (struct pass *)c;
    key_forget(key);
    assert_true(key->gone);
    assert_ptr_equal(key_of(c, &rollout), key);
    assert_false(key->gone);
    key->pass = NULL;
}

static void releases_in_flight_are_counted(void **state)
{
    struct ctl *c = *state;
    struct key *key = key_of(c, &rollout);

    key_flies(key, false);
    assert_int_equal(c->in_flight, 0);
    key_flies(key, true);
    key_flies(key, true);
    assert_int_equal(c->in_flight, 1);
    key_flies(key, false);
    assert_int_equal(c->in_flight, 0);
    key_flies(key, true);
    key_forget(key);
    assert_int_equal(c->in_flight, 0);
}

static void a_deleted_rollout_is_forgotten(void **state)
{
    struct ctl *c = *state;

    key_of(c, &rollout);
    ctl_store_listener.gone(c, &rollout);
    assert_null(key_find(c, "shop/web"));
    assert_int_equal(noted.moved_ms, SECOND_MS); /* what only it needed is swept */
}

static void policies_are_proved_again(void **state)
{
    ctl_store_listener.policy_changed(*state);
    assert_int_equal(noted.policies, 1);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_key_knows_its_names),           TEST(one_that_comes_late_is_read),
        TEST(an_edit_may_name_other_objects),      TEST(what_is_forgotten_is_gone),
        TEST(an_open_barrier_wakes_what_it_held),  TEST(a_budget_is_spent_and_grows),
        TEST(it_grows_no_further_than_full),       TEST(writes_after_a_long_time_are_no_more),
        TEST(the_first_lists_wake_quietly),        TEST(the_first_event_begins_the_wait),
        TEST(what_is_queued_is_worked_on_at_once), TEST(made_again_in_its_pass_it_stays),
        TEST(releases_in_flight_are_counted),      TEST(a_deleted_rollout_is_forgotten),
        TEST(policies_are_proved_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

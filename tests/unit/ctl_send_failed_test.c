/* SPDX-License-Identifier: Apache-2.0 */
/* One write of a pass that failed: how the pass goes on, what is to be looked at, and what a
 * refusal leaves until another write goes through (C10, C45, C61, C74). */
#include "send_bench.h"

/* ---- it failed ------------------------------------------------------------------------------- */

static void each_failure_has_its_reaction(void **state)
{
    enum { LOOKS, ENDS, FAILS };
    static const struct {
        enum err_kind kind;
        int then;
    } rows[] = {{ERR_CONFLICT, LOOKS}, {ERR_NOT_FOUND, LOOKS}, {ERR_GONE, LOOKS},
                {ERR_EXISTS, LOOKS},   {ERR_UNKNOWN, FAILS},   {ERR_RETRY, FAILS},
                {ERR_DENIED, ENDS},    {ERR_QUOTA, ENDS},      {ERR_INVALID, ENDS}};
    struct bench *b = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *name = err_kind_name(rows[i].kind);

        noted = (struct noted){0};
        b->pass.conflicts = 0;
        b->key.needs_look = false;
        b->key.open_until_ms = 0;
        sends(b, &scale);
        fails_with(b, rows[i].kind, 0);
        CHECK((b->key.open_until_ms > 0) == (rows[i].kind == ERR_UNKNOWN), "%s: open", name);
        CHECK(b->key.open_until_ms <= clock_mono_ms() + KUBE_WRITE_TIMEOUT_MS, "%s: open", name);
        CHECK((noted.looks == 1) == (rows[i].then == LOOKS), "%s: look", name);
        CHECK((noted.ends == 1) == (rows[i].then == ENDS), "%s: end", name);
        CHECK(noted.failed == (rows[i].then == FAILS), "%s: fail", name);
        CHECK(noted.plans == 0, "%s: planned on what is not known", name);
        CHECK(b->key.needs_look == (rows[i].then != ENDS && rows[i].kind != ERR_CONFLICT),
              "%s: C61", name);
        CHECK(b->key.refused.present == (rows[i].then == ENDS), "%s: remembered", name);
        refused_clear(&b->key.refused);
    }
    assert_int_equal(b->pass.writes, 0);
    assert_int_equal(b->ctl.metrics.conflicts, 1);
    assert_int_equal(b->ctl.metrics.unknown, 1);
    assert_int_equal(b->ctl.metrics.refused, 3);
    assert_int_equal(b->key.barrier.count, 0);
}

/* What the server asks for in Retry-After is kept (C74). */
static void backs_off_as_long_as_asked(void **state)
{
    struct bench *b = *state;

    sends(b, &scale);
    fails_with(b, ERR_RETRY, 7);
    assert_int_equal(noted.at_least_ms, 7 * SECOND_MS);
}

static void conflicts_in_a_row_end_the_pass(void **state)
{
    struct bench *b = *state;

    for (int i = 0; i < CONFLICTS_MAX; i++) {
        sends(b, &scale);
        fails_with(b, ERR_CONFLICT, 0);
        assert_int_equal(noted.looks, i + 1);
        assert_false(noted.failed);
    }
    sends(b, &scale);
    fails_with(b, ERR_CONFLICT, 0);
    assert_int_equal(noted.looks, CONFLICTS_MAX);
    assert_true(noted.failed);
}

/* Another operator creates the same: what it was quicker with is no stranger's. */
static void each_create_may_be_there_once(void **state)
{
    struct bench *b = *state;

    sends(b, &scale);
    fails_with(b, ERR_CONFLICT, 0);
    sends(b, &scale);
    fails_with(b, ERR_EXISTS, 0);
    sends(b, &drop);
    fails_with(b, ERR_EXISTS, 0);
    assert_int_equal(noted.looks, 3);
    assert_false(b->key.refused.present);
    sends(b, &drop);
    fails_with(b, ERR_EXISTS, 0);
    assert_true(b->key.refused.present);
}

static void stopping_a_failure_ends(void **state)
{
    struct bench *b = *state;

    b->pass.stopping = true;
    sends(b, &scale);
    fails_with(b, ERR_CONFLICT, 0);
    assert_int_equal(noted.looks, 0);
    assert_true(noted.failed);
    assert_true(b->key.needs_look);
}

static void a_conflict_takes_back_no_need_to_look(void **state)
{
    struct bench *b = *state;

    b->key.needs_look = true;
    sends(b, &scale);
    fails_with(b, ERR_CONFLICT, 0);
    assert_true(b->key.needs_look);
}

/* ---- it was refused -------------------------------------------------------------------------- */

static void a_refusal_says_what_was_refused(void **state)
{
    struct bench *b = *state;
    struct refusal r;

    sends(b, &drop);
    fails_with(b, ERR_DENIED, 0);
    r = refused_view(&b->key.refused);
    assert_true(r.present);
    assert_int_equal(r.kind, ERR_DENIED);
    assert_string_equal(r.what, "delete replicasets");
    assert_string_equal(r.text, "no");
    assert_true(noted.due_ms <= clock_mono_ms()); /* planned at once: the status says so */
}

static void refuse(struct bench *b, const struct action *act)
{
    struct err e = {0};

    err_set(&e, ERR_QUOTA, "full");
    refused_remember(&b->key.refused, act, "patch replicasets", &e, 1, 1);
}

/* C45: what was refused stands until something else goes through, and telling of it is nothing. */
static void a_refusal_ends_with_the_next_act(void **state)
{
    struct bench *b = *state;

    refuse(b, &scale);
    sends(b, &report);
    answers(b, text_of(b, "Rollout", "web", "30", ""));
    assert_true(b->key.refused.present);
    sends(b, &drop);
    answers(b, "{\"kind\":\"Status\"}");
    assert_false(b->key.refused.present);
    refuse(b, &report);
    sends(b, &report);
    answers(b, text_of(b, "Rollout", "web", "31", ""));
    assert_false(b->key.refused.present);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_failure_has_its_reaction),   TEST(backs_off_as_long_as_asked),
        TEST(conflicts_in_a_row_end_the_pass), TEST(each_create_may_be_there_once),
        TEST(stopping_a_failure_ends),         TEST(a_conflict_takes_back_no_need_to_look),
        TEST(a_refusal_says_what_was_refused), TEST(a_refusal_ends_with_the_next_act),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

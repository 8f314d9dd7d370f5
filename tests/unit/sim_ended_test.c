/* SPDX-License-Identifier: Apache-2.0 */
/* The operator dies between the fence's deletion and the status of the end: a template that comes
 * right then is a release of its own, and what routes rest at is still known (I13). */
#include "sim_bed.h"

#define ABORT_REVERTS                                                                              \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'stableService':'web','traffic':[{"         \
    "'gatewayAPI':{'name':'web'},'settle':'500ms'}],'steps':[{'weight':50}]}},'afterAbort':'"      \
    "Revert',"                                                                                     \
    "'drain':'1s','bake':'0s','progressDeadline':'60s'," GATE "}"

/* Turns until nothing is left of the release to app:v2 but its flight in the status. */
static void to_the_end(struct stage *st)
{
    for (int i = 0; i < 3000 && st->s.writes[ACT_FENCE_DELETE] == 0; i++)
        bed_turn(st);
    assert_int_equal(st->s.writes[ACT_FENCE_DELETE], 1);
    assert_null(sim_find(&st->s, SIM_FENCE, "web-sluice"));
    assert_true(stage_status(st)->flight.present);
    bed_do(st, "operator killed");
    bed_judge(st);
}

static void open_at_rest(struct stage *st, const char *spec)
{
    const struct bed_options o = {
        .spec = spec, .replicas = 2, .apart = true, .sim = {.gate_bad = "bad"}};

    bed_open(st, &o);
    bed_rest(st, "app:v1", 2);
}

static const struct history_entry *last(struct stage *st)
{
    return &stage_status(st)->history[0];
}

static const struct history_entry *first(struct stage *st)
{
    return &stage_status(st)->history[stage_status(st)->history_count - 1];
}

/* The one before comes: that is no undo any more, its pods are gone. */
static void old_template_at_the_end(void **state)
{
    struct stage st;
    (void)state;

    open_at_rest(&st, ABORT_REVERTS);
    bed_image(&st, "app:v2");
    to_the_end(&st);
    bed_do(&st, "old image");
    bed_rest(&st, "app:v1", 2);
    assert_int_equal(stage_status(&st)->history_count, 2);
    assert_string_equal(last(&st)->outcome, "Promoted");
    assert_string_equal(first(&st)->outcome, "Promoted");
    stage_close(&st);
}

/* Twice, the second time when the fence of the second release is made: the first was promoted,
 * whatever comes. */
static void edited_twice_at_the_end(void **state)
{
    static const char *const then[] = {"app:v3", "app:v2"};
    (void)state;

    for (size_t i = 0; i < COUNT(then); i++) {
        struct stage st;

        open_at_rest(&st, ABORT_REVERTS);
        bed_image(&st, "app:v2");
        to_the_end(&st);
        bed_do(&st, "old image");
        for (int k = 0; k < 200 && st.s.writes[ACT_FENCE_CREATE] < 2; k++)
            bed_turn(&st);
        assert_int_equal(st.s.writes[ACT_FENCE_CREATE], 2);
        bed_do(&st, "operator killed");
        bed_image(&st, then[i]);
        bed_rest(&st, then[i], 2);
        assert_string_equal(first(&st)->outcome, "Promoted");
        stage_close(&st);
    }
}

/* The Deployment keeps no old ReplicaSets: nothing but the status tells of the commit. */
static void promoted_without_history(void **state)
{
    const struct bed_options o = {
        .spec = ABORT_REVERTS, .replicas = 2, .history_limit = "0", .apart = true};
    struct stage st;
    (void)state;

    bed_open(&st, &o);
    bed_rest(&st, "app:v1", 2);
    bed_image(&st, "app:v2");
    to_the_end(&st);
    bed_rest(&st, "app:v2", 2);
    assert_string_equal(last(&st)->outcome, "Promoted");
    stage_close(&st);
}

/* Taken back, and applied again at once: by Git, or by whoever put the stable template back. */
static void taken_back_and_again(void **state)
{
    struct stage st;
    (void)state;

    open_at_rest(&st, ABORT_REVERTS);
    bed_image(&st, "app:bad");
    to_the_end(&st);
    bed_image(&st, "app:bad");
    bed_until(&st, "Aborted", 60000);
    bed_do(&st, "old image");
    bed_rest(&st, "app:v1", 2);
    stage_close(&st);

    open_at_rest(&st, CANARY_ROUTE);
    bed_image(&st, "app:v2");
    for (int i = 0; i < 2000 && stage_status(&st)->flight.weight_accepted < 50; i++)
        bed_turn(&st);
    bed_do(&st, "old image");
    to_the_end(&st);
    bed_image(&st, "app:v2");
    bed_rest(&st, "app:v2", 2);
    assert_string_equal(last(&st)->outcome, "Promoted");
    stage_close(&st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(old_template_at_the_end),
        cmocka_unit_test(edited_twice_at_the_end),
        cmocka_unit_test(promoted_without_history),
        cmocka_unit_test(taken_back_and_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Hands other than ours on the Deployment: a pause or a resume, a template that rolls because no
 * brake saw it, another Deployment of the same name, an earlier revision that is gone. */
#include "sim_bed.h"

#define PLAIN                                                                                      \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':50,'approve':true}]}},"  \
    "'drain':'1s','bake':'2s'}"

static void open_plain(struct stage *st, bool no_policies)
{
    const struct bed_options o = {.spec = PLAIN, .sim = {.no_policies = no_policies}};

    bed_open(st, &o);
    if (no_policies)
        bed_until(st, "Stalled", 30000); /* attached; says that there is no brake */
    else
        bed_rest(st, "app:v1", 4);
    stage_begin(st, NULL);
}

static const char *reason(struct stage *st)
{
    return stage_status(st)->conditions[COND_READY].reason;
}

static bool is_paused(const struct stage *st)
{
    return json_bool(sim_find(&st->s, SIM_DEPLOYMENT, "web")->doc, "spec.paused", false);
}

/* A person's pause at rest stays theirs: it is said, and nothing is written but that (I9). */
static void a_users_pause_is_obeyed(void **state UNUSED)
{
    struct stage st;
    int before;

    open_plain(&st, false);
    before = bed_writes(&st);
    bed_do(&st, "deployment paused");
    bed_until(&st, "Pending", 30000);
    assert_string_equal(reason(&st), "PausedByUser");
    assert_true(is_paused(&st));
    assert_int_equal(bed_writes(&st), before);
    bed_do(&st, "deployment resumed");
    bed_rest(&st, "app:v1", 4);
    stage_close(&st);
}

/* Deleted under a person's pause: the Rollout goes, the pause stays. */
static void a_users_pause_outlives_the_rollout(void **state UNUSED)
{
    struct stage st;

    open_plain(&st, false);
    bed_do(&st, "deployment paused");
    bed_turns(&st, 40);
    bed_do(&st, "rollout deleted");
    bed_turns(&st, 40);
    assert_null(sim_find(&st.s, SIM_ROLLOUT, "web"));
    assert_true(is_paused(&st));
    stage_close(&st);
}

/* Without a brake the template rolls at once: that is told, and what it came to is stable. */
static void a_roll_that_nobody_braked_is_stable(void **state UNUSED)
{
    struct stage st;
    char stable[64];

    open_plain(&st, true);
    snprintf(stable, sizeof stable, "%s", stage_status(&st)->stable.revision);
    bed_image(&st, "app:v2");
    assert_true(bed_reaches(&st, "Pending", 30000));
    assert_string_equal(reason(&st), "NotComplete");
    assert_string_equal(stage_status(&st)->stable.revision, stable);
    assert_true(bed_reaches(&st, "Stalled", 30000));
    assert_string_not_equal(stage_status(&st)->stable.revision, stable);
    assert_int_equal(sim_endpoints(&st.s, "web", stage_status(&st)->stable.revision), 4);
    assert_false(is_paused(&st));
    stage_close(&st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_users_pause_is_obeyed),
        cmocka_unit_test(a_users_pause_outlives_the_rollout),
        cmocka_unit_test(a_roll_that_nobody_braked_is_stable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

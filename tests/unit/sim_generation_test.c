/* SPDX-License-Identifier: Apache-2.0 */
/* What an object's generation counts on the simulated API server, as on a real one: the spec, a
 * Deployment's annotations, a deletion that waits for a finalizer. */
#include "sim_bed.h"

static int64_t generation(const struct sim *s, enum sim_kind kind, const char *name)
{
    return json_i64(sim_find(s, kind, name)->doc, "metadata.generation", 0);
}

static void counts_what_is_wanted(void **state)
{
    static const struct {
        enum sim_kind kind;
        const char *patch;
        int64_t counts;
    } edits[] = {
        {SIM_DEPLOYMENT, "{'metadata':{'annotations':{'note':'1'}}}", 1},
        {SIM_DEPLOYMENT, "{'metadata':{'annotations':{'note':'1'}}}", 0}, /* as it is */
        {SIM_DEPLOYMENT, "{'metadata':{'labels':{'note':'1'}}}", 0},
        {SIM_DEPLOYMENT, "{'status':{'observedGeneration':0}}", 0},
        {SIM_DEPLOYMENT, "{'spec':{'replicas':5}}", 1},
        {SIM_ROLLOUT, "{'metadata':{'annotations':{'note':'1'}}}", 0},
        {SIM_ROLLOUT, "{'spec':{'paused':true}}", 1},
        {SIM_SERVICE, "{'metadata':{'annotations':{'note':'1'}}}", 0},
    };
    const struct bed_options o = {.spec = BLUE_GREEN};
    struct stage st;
    (void)state;

    bed_open(&st, &o);
    for (size_t i = 0; i < COUNT(edits); i++) {
        const int64_t was = generation(&st.s, edits[i].kind, "web");

        bed_patch(&st, edits[i].kind, edits[i].patch);
        CHECK(generation(&st.s, edits[i].kind, "web") == was + edits[i].counts, "%s",
              edits[i].patch);
    }
    stage_close(&st);
}

static void counts_a_deletion_once(void **state)
{
    const struct bed_options o = {.spec = BLUE_GREEN};
    struct stage st;
    int64_t was;
    (void)state;

    bed_open(&st, &o);
    bed_patch(&st, SIM_ROLLOUT, "{'metadata':{'finalizers':['" FINALIZER_FLIGHT "']}}");
    was = generation(&st.s, SIM_ROLLOUT, "web");
    sim_delete(&st.s, SIM_ROLLOUT, "web");
    assert_int_equal(generation(&st.s, SIM_ROLLOUT, "web"), was + 1);
    sim_delete(&st.s, SIM_ROLLOUT, "web");
    assert_int_equal(generation(&st.s, SIM_ROLLOUT, "web"), was + 1);
    stage_close(&st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_what_is_wanted),
        cmocka_unit_test(counts_a_deletion_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

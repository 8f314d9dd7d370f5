/* SPDX-License-Identifier: Apache-2.0 */
/* A Service with two address families has each pod in two slices: that is one pod, and a plan must
 * be the same with them as without. */
#include "sim_bed.h"
#include "sluice/plan/plan.h"

/* The world, with a slice of the other family beside each. */
static struct world with_two(struct arena *a, const struct world *w)
{
    struct world two = *w;
    const struct slice **all = ARENA_ARRAY(a, const struct slice *, 2 * w->slice_count + 1);

    for (size_t i = 0; i < w->slice_count; i++) {
        struct slice *other = ARENA_NEW(a, struct slice);

        *other = *w->slices[i];
        other->v6 = true;
        all[2 * i] = w->slices[i];
        all[2 * i + 1] = other;
    }
    two.slices = all;
    two.slice_count = 2 * w->slice_count;
    return two;
}

static void same_plan(struct stage *st)
{
    const struct plan *one, *two;
    struct world twice;
    struct arena a;
    const struct world *w;

    arena_init(&a);
    w = sim_world(&st->s, &a, "web");
    twice = with_two(&a, w);
    one = plan_rollout(&a, w, st->s.now_ms);
    two = plan_rollout(&a, &twice, st->s.now_ms);
    CHECK(one->action.act == two->action.act && str_equal(one->action.body, two->action.body),
          "at %.2f s: %s by %s, with two families %s by %s",
          (double)(st->s.now_ms - SIM_BIRTH_MS) / 1000, act_name(one->action.act), one->rule,
          act_name(two->action.act), two->rule);
    arena_release(&a);
}

static void released_with(const char *spec)
{
    const struct bed_options o = {.spec = spec, .sim = {.slice_lag_ms = 1000}};
    struct stage st;

    bed_open(&st, &o);
    bed_rest(&st, "app:v1", 4);
    bed_image(&st, "app:v2");
    for (int i = 0; i < 600; i++) {
        same_plan(&st);
        bed_turn(&st);
    }
    bed_rest(&st, "app:v2", 4);
    stage_close(&st);
}

static void as_with_one(void **state UNUSED)
{
    released_with(BLUE_GREEN);
    released_with(CANARY_PODS);
    released_with(CANARY_ROUTE);
    released_with(ROLLING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_with_one)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

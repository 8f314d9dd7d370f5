/* SPDX-License-Identifier: Apache-2.0 */
/* Any object may be gone by the time it is looked for: at every moment of a release the planner
 * must have an answer to the world without it, and without any two. What it then does is told by
 * other tests; here nothing may crash, and what it writes names its object. */
#include "sim_bed.h"
#include "sluice/plan/plan.h"

#define PARTS_MAX 40

/* What a world may lack. The Rollout is always there. */
struct part {
    enum { DEPLOYMENT, FENCE, SET, SERVICE, SLICE, ROUTE } kind;
    size_t at;
};

static size_t parts_of(const struct world *w, struct part *out)
{
    const size_t counts[] = {
        [DEPLOYMENT] = w->dep != NULL, [FENCE] = w->fence != NULL, [SET] = w->rs_count,
        [SERVICE] = w->service_count,  [SLICE] = w->slice_count,   [ROUTE] = w->route_count};
    size_t n = 0;

    for (size_t kind = 0; kind < COUNT(counts); kind++) {
        for (size_t i = 0; i < counts[kind] && n < PARTS_MAX; i++) {
            out[n].kind = (unsigned)kind;
            out[n++].at = i;
        }
    }
    return n;
}

static const void *without(struct arena *a, const void *list, size_t *count, size_t at)
{
    const void *const *from = list;
    const void **to = ARENA_ARRAY(a, const void *, *count);
    size_t n = 0;

    for (size_t i = 0; i < *count; i++) {
        if (i != at)
            to[n++] = from[i];
    }
    *count = n;
    return to;
}

static void tear(struct arena *a, struct world *w, struct part part)
{
    switch (part.kind) {
    case DEPLOYMENT:
        w->dep = NULL;
        break;
    case FENCE:
        w->fence = NULL;
        break;
    case SET:
        w->rs = without(a, w->rs, &w->rs_count, part.at);
        break;
    case SERVICE:
        w->services = without(a, w->services, &w->service_count, part.at);
        break;
    case SLICE:
        w->slices = without(a, w->slices, &w->slice_count, part.at);
        break;
    case ROUTE:
        w->routes = without(a, w->routes, &w->route_count, part.at);
        break;
    }
}

static int plans;

static void plan_torn(const struct world *whole, struct part one, struct part two, int64_t now)
{
    struct world w = *whole;
    struct arena a;
    const struct plan *p;

    arena_init(&a);
    tear(&a, &w, two); /* the later one first: the places of those before it stay */
    if (one.kind != two.kind || one.at != two.at)
        tear(&a, &w, one);
    p = plan_rollout(&a, &w, now);
    plans++;
    if (p->action.act != ACT_NONE)
        CHECK(p->action.name && *p->action.name, "%s of nothing", act_name(p->action.act));
    arena_release(&a);
}

static void tear_all(struct stage *st)
{
    struct part parts[PARTS_MAX];
    struct arena a;
    const struct world *w;
    size_t n;

    arena_init(&a);
    w = sim_world(&st->s, &a, "web");
    n = w ? parts_of(w, parts) : 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = i; k < n; k++)
            plan_torn(w, parts[i], parts[k], st->s.now_ms);
    }
    arena_release(&a);
    sim_forget(&st->s);
}

/* Each of the worlds on the way. */
static void tear_on_the_way(struct stage *st)
{
    int64_t epoch = -1;

    for (int i = 0; i < 700; i++) {
        if (st->s.epoch != epoch)
            tear_all(st);
        epoch = st->s.epoch;
        bed_turn(st);
    }
}

static void each_may_be_gone(void **state UNUSED)
{
    static const char *const specs[] = {BLUE_GREEN, CANARY_PODS, CANARY_ROUTE, ROLLING};
    static const char *const then[] = {
        "when Gating step 1 image app:v3", "when Gating step 1 abort", "when Baking undo",
        "when Gating step 1 rollout deleted", "when Baking old image"};

    for (size_t i = 0; i < COUNT(specs); i++) {
        for (size_t k = 0; k < COUNT(then); k++) {
            const struct bed_options o = {.spec = specs[i], .replicas = 2, .apart = true};
            struct err e = {0};
            struct stage st;

            bed_open(&st, &o);
            bed_until(&st, "Resting", 60000);
            assert_true(scenario_parse(&st.a, then[k], &st.scenario, &e));
            bed_image(&st, "app:v2");
            tear_on_the_way(&st);
            stage_close(&st);
        }
    }
    assert_true(plans > 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_may_be_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

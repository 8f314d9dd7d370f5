/* SPDX-License-Identifier: Apache-2.0 */
/* Every order in which a release can go, within bounds that are printed.
 *
 * SIM_STATES=n visits at most n states of each row (default 1500); SIM_ROW=i takes row i alone. */
#include "sim_bed.h"

#include "sluice/sim/explore.h"

#define AT_ONCE "'drain':'0s','bake':'0s','progressDeadline':'24h'"
#define PODS                                                                                       \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':%d}]}}," AT_ONCE "}"
#define ROUTE                                                                                      \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'stableService':'web','traffic':[{"         \
    "'gatewayAPI':{'name':'web'},'settle':'0s'}],'steps':[{'weight':%d},{'weight':50}]}}," AT_ONCE \
    "}"
#define SWITCH                                                                                     \
    "{'targetRef':{'name':'web'},'strategy':{'blueGreen':{'activeService':'web'}}," AT_ONCE "}"
#define BATCH                                                                                      \
    "{'targetRef':{'name':'web'},'strategy':{'rolling':{'steps':[{'replicas':'%d%%%%'}]}}"         \
    "," AT_ONCE "}"

/* Pinned there and back, slices may carry the label of the pin before: without a drain, which is
 * what helps against that, a look must be new. Hence lag 0 where blue-green is edited. */
static const struct row {
    const char *name, *spec;
    int weight, replicas, lag;
    unsigned people;
} rows[] = {
    {"blue-green", SWITCH, 0, 2, 2, 1U << PERSON_ABORTS | 1U << PERSON_RESTARTS},
    {"canary by pods", PODS, 50, 2, 2, 1U << PERSON_ABORTS | 1U << PERSON_RESTARTS},
    {"canary by a route", ROUTE, 20, 2, 2, 1U << PERSON_ABORTS | 1U << PERSON_RESTARTS},
    {"rolling", BATCH, 50, 3, 2, 1U << PERSON_ABORTS | 1U << PERSON_RESTARTS},
    {"blue-green, edited", SWITCH, 0, 1, 0, 1U << PERSON_NEW_IMAGE | 1U << PERSON_OLD_IMAGE},
    {"canary by a route, edited", ROUTE, 20, 2, 1,
     1U << PERSON_NEW_IMAGE | 1U << PERSON_OLD_IMAGE | 1U << PERSON_ABORTS},
    {"rolling, edited", BATCH, 50, 3, 1, 1U << PERSON_NEW_IMAGE | 1U << PERSON_OLD_IMAGE},
    {"canary by a route, scaled", ROUTE, 20, 2, 1, 1U << PERSON_SCALES_UP | 1U << PERSON_ABORTS},
};

static long states, violations;

/* At rest, and then a new template is applied. */
static void begin(struct stage *st, const struct row *r)
{
    struct bed_options o = {.replicas = r->replicas, .apart = true};
    struct arena a;

    arena_init(&a);
    o.spec = r->weight ? arena_printf(&a, r->spec, r->weight) : r->spec;
    o.sim = (struct sim_options){.pod_start_ms = 1,
                                 .pod_stop_ms = 1,
                                 .slice_lag_ms = SIM_TICK_MS,
                                 .route_lag_ms = 1,
                                 .proxy_lag_ms = 1};
    bed_open(st, &o);
    bed_rest(st, "app:v1", r->replicas);
    bed_image(st, "app:v2");
    arena_release(&a);
}

static void explore(const struct row *r)
{
    struct explore_options o = {.rollout = "web",
                                .deployment = "web",
                                .old_image = "app:v1",
                                .lag = r->lag,
                                .people = r->people,
                                .depth_max = 4000};
    struct explored got;
    struct stage st;

    o.states_max = bed_number("SIM_STATES", 1500);
    begin(&st, r);
    o.judge = &st.judge;
    if (!sim_explore(&st.s, &o, &got)) {
        violations++;
        print_error("%s: %s\n  by: %s\n", r->name, got.trouble, got.way);
    }
    states += (long)got.states;
    print_message("%-26s %d replicas, look %d moves old, people %#x: %zu states, %zu moves, "
                  "longest way %d%s\n",
                  r->name, r->replicas, r->lag, r->people, got.states, got.moves, got.depth,
                  got.whole ? ", all" : "");
    assert_true(got.states > 100);
    stage_close(&st);
}

static void every_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (bed_number("SIM_ROW", i) == i)
            explore(&rows[i]);
    }
    assert_int_equal(violations, 0);
}

static int count_states(void **state)
{
    (void)state;
    bed_tally("states", states);
    bed_tally("violations", violations);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_order)};

    return cmocka_run_group_tests(tests, NULL, count_states);
}

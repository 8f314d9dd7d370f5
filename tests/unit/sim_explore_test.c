/* SPDX-License-Identifier: Apache-2.0 */
/* Every order in which a release can go, within bounds that are printed.
 *
 * SIM_STATES=n visits at most n states of each row (default 3000); SIM_ROW=i takes row i alone. */
#include "sim_bed.h"

#include "sim_orders.h"

static long states, moves, violations;

/* At rest, and then a new template is applied. */
static void begin(struct stage *st, const struct order *r)
{
    auto_free char *spec = NULL;
    struct bed_options o = {.replicas = r->replicas,
                            .apart = true,
                            .sim.no_policies = strstr(r->spec, "'brake':'Paused'") != NULL};

    if (asprintf(&spec, "{%s}", r->spec) < 0)
        out_of_memory();
    o.spec = spec;
    bed_open(st, &o);
    bed_rest(st, "app:v1", r->replicas);
    bed_image(st, "app:v2");
}

static void tell(const struct order *r, const struct explored *got)
{
    print_message("%-40s %d replicas, lags %s, people %#5x: %9zu states, %9zu moves, way %3d, "
                  "%zu clusters, %zu views, %zu writes, %zu MB%s\n",
                  r->name, r->replicas, r->lags, r->people, got->states, got->moves, got->depth,
                  got->clusters, got->views, got->writes, got->bytes >> 20,
                  got->whole && !got->trouble[0] ? ", whole" : "");
    if (!got->trouble[0])
        return;
    violations++;
    fprintf(stderr, "%s: %s\n%s", r->name, got->trouble, got->way); /* longer than cmocka's */
}

static void explore(const struct order *r, uint64_t states_max)
{
    struct explore_options o = {.rollout = "web",
                                .deployment = "web",
                                .old_image = "app:v1",
                                .people = r->people,
                                .clock = strstr(r->spec, "4s") != NULL,
                                .states_max = states_max};
    struct explored *got = xcalloc(1, sizeof *got);
    struct stage st;

    for (int i = 0; i < SIM_KIND_COUNT; i++)
        o.lag[i] = (uint8_t)(r->lags[i] - '0');
    begin(&st, r);
    o.judge = &st.judge;
    (void)!sim_explore(&st.s, &o, got);
    tell(r, got);
    states += (long)got->states;
    moves += (long)got->moves;
    assert_true(got->states > 50);
    stage_close(&st);
    free(got);
}

static void every_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(orders); i++) {
        if (bed_number("SIM_ROW", i) == i)
            explore(&orders[i], bed_number("SIM_STATES", 3000));
    }
    assert_int_equal(violations, 0);
}

/* What was found once is within so many states. */
static void explore_again(const char *name, uint64_t states_max)
{
    for (size_t i = 0; i < COUNT(orders) && !getenv("SIM_ROW"); i++) {
        if (str_equal(orders[i].name, name))
            explore(&orders[i], states_max);
    }
    assert_int_equal(violations, 0);
}

/* I4, after 24,536 states: the stable template is back for a moment and its ReplicaSet gets another
 * number, then a third comes, and the operator sees only that. */
static void rolling_edited_twice_numbers_seen_late(void **state)
{
    (void)state;
    explore_again("rolling, edited twice", 30000);
}

/* After 25,095 states: slices still carry the pin of before, nobody has counted a pod as available
 * yet, and the Service sends requests to it already: it went without a drain. */
static void canary_by_pods_edited_pod_seen_late(void **state)
{
    (void)state;
    explore_again("canary by pods, edited", 30000);
}

static int count_states(void **state)
{
    (void)state;
    bed_tally("states", states);
    bed_tally("moves", moves);
    bed_tally("violations", violations);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_order),
        cmocka_unit_test(rolling_edited_twice_numbers_seen_late),
        cmocka_unit_test(canary_by_pods_edited_pod_seen_late),
    };

    return cmocka_run_group_tests(tests, NULL, count_states);
}

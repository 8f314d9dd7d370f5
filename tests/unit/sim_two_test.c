/* SPDX-License-Identifier: Apache-2.0 */
/* Two operators at once, without a lease, each with caches that lag behind, kind by kind; and the
 * next release begins in the moment in which the one before ends. What one has ended the other must
 * not begin again. */
#include "sim_bed.h"

#define SHORT                                                                                      \
    "{'targetRef':{'name':'web'},'strategy':%s,'drain':'1s','bake':'3s','progressDeadline':'20s'}"

static const char *const strategies[] = {
    "{'canary':{'steps':[{'weight':10},{'weight':50}]}}",
    "{'blueGreen':{'activeService':'web'}}",
    "{'rolling':{'steps':[{'replicas':'50%%'}]}}",
};

static bool flies(struct stage *st)
{
    return stage_status(st)->flight.present;
}

/* What is stable serves alone, whoever is in the midst of writing what. */
static bool ends(struct stage *st, bool in_flight, int64_t ms)
{
    const int64_t end = st->s.now_ms + ms;

    while (flies(st) != in_flight && st->s.now_ms < end)
        bed_turn(st);
    return flies(st) == in_flight;
}

static void play(const char *strategy, uint64_t seed, int releases)
{
    char image[16], where[600];
    struct arena a = {0};
    const struct bed_options o = {
        .spec = arena_printf(&a, SHORT, strategy),
        .replicas = 3,
        .sim = {.seed = seed},
        .op = {.seed = seed, .cache_lag_ms = 3000, .turn_writes = 2, .write_ms = 50}};
    struct stage st;

    bed_open(&st, &o);
    bed_until(&st, "Resting", 60000);
    bed_do(&st, "second operator for 900s");
    for (int i = 2; i < 2 + releases; i++) {
        snprintf(image, sizeof image, "app:v%d", i);
        bed_image(&st, image);
        CHECK(ends(&st, true, 30000) && ends(&st, false, 120000), "%s, seed %d, %s: %s", strategy,
              (int)seed, image, bed_where(&st, where));
        bed_judge(&st);
    }
    bed_rest(&st, image, 3);
    stage_close(&st);
    arena_release(&a);
}

static void one_release_after_the_other(void **state UNUSED)
{
    const uint64_t first = bed_number("SIM_FIRST", 30), seeds = bed_number("SIM_SEEDS", 12);

    for (size_t i = 0; i < COUNT(strategies); i++) {
        for (uint64_t seed = first; seed < first + seeds; seed++)
            play(strategies[i], seed, 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_release_after_the_other)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Releases that follow each other under two operators that both act (sim_two.h). */
#include "sim_two.h"

static void releases(enum two_ears ears)
{
    const uint64_t first = bed_number("SIM_FIRST", 30), seeds = bed_number("SIM_SEEDS", 12);
    char trouble[800];

    for (size_t i = 0; i < COUNT(two_strategies); i++) {
        for (uint64_t seed = first; seed < first + seeds; seed++)
            CHECK(two_play(i, seed, ears, trouble), "%s, seed %d: %s", two_strategies[i], (int)seed,
                  trouble);
    }
}

static void each_kind_late_by_chance(void **state UNUSED)
{
    releases(TWO_LAG);
}

static void all_late_but_the_rollout(void **state UNUSED)
{
    releases(TWO_OLD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_kind_late_by_chance),
                                       cmocka_unit_test(all_late_but_the_rollout)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Releases among people, programs and machines that meddle, with an operator whose caches lag,
 * whose requests fail and who dies. Whatever happens, the judge finds nothing; and once it stops
 * the Rollout settles, what users reach is whole and of the right revision, and nothing is written
 * any more, not at three resyncs either.
 *
 * SIM_SEEDS=n tries n seeds a strategy (default 25) from SIM_FIRST (1) on. What fails is made small
 * and told with the command that plays it again. */
#include "sim_game_small.h"

static long runs, faults, violations;

static void play(size_t strategy, uint64_t seed)
{
    struct game *g = xcalloc(1, sizeof *g);

    game_make(g, strategy, seed);
    game_as_asked(g);
    if (!game_run(g)) {
        violations++;
        if (!getenv("SIM_KEEP"))
            game_shrink(g);
        game_tell(g);
    }
    runs++;
    faults += g->faults;
    free(g);
}

static void seeds(size_t strategy)
{
    const uint64_t one = bed_number("SIM_SEED", 0), first = bed_number("SIM_FIRST", 1);
    const long before = violations;

    if (bed_number("SIM_STRATEGY", strategy) != strategy)
        return;
    for (uint64_t i = 0; !one && i < bed_number("SIM_SEEDS", 25); i++)
        play(strategy, first + i);
    if (one)
        play(strategy, one);
    assert_int_equal(violations, before);
}

static void blue_green(void **state)
{
    (void)state;
    seeds(0);
}

static void canary_pods(void **state)
{
    (void)state;
    seeds(1);
}

static void canary_route(void **state)
{
    (void)state;
    seeds(2);
}

static void rolling(void **state)
{
    (void)state;
    seeds(3);
}

static void under_a_pause(void **state)
{
    (void)state;
    for (size_t k = GAME_PAUSED; k < GAME_STRATEGIES; k++)
        seeds(k);
}

/* The same seed gives the same run, to the last byte of every request. */
static void same_seed_same_trace(void **state)
{
    struct game *g = xcalloc(1, sizeof *g);
    (void)state;

    for (size_t k = 0; k < GAME_STRATEGIES && !getenv("SIM_SEED"); k++) {
        for (uint64_t seed = 1; seed <= 4; seed++) {
            uint64_t first;

            game_make(g, k, seed);
            game_run(g);
            first = g->trace;
            game_run(g);
            CHECK(g->trace == first && g->writes > 0, "strategy %zu seed %llu", k,
                  (unsigned long long)seed);
        }
    }
    free(g);
}

/* ---- the tests are tested -------------------------------------------------------------------- */

/* An operator that takes every drain for over. */
static void no_drain(void *arg, struct arena *a, struct world *w, int64_t *now_ms)
{
    struct rollout *r = ARENA_NEW(a, struct rollout);
    (void)arg;
    (void)now_ms;

    *r = *w->rollout;
    r->spec.drain_ms = 0;
    w->rollout = r;
}

static int kept(const struct game *g)
{
    int n = 0;

    for (int i = 0; i < g->event_count; i++)
        n += !g->events[i].left_out;
    return n;
}

/* A failure is made small, and what is told of it plays the same failure again. */
static void failures_get_small(void **state)
{
    struct game *g = xcalloc(1, sizeof *g);
    int failed = 0;
    (void)state;

    for (uint64_t seed = 1; seed <= 40 && failed < 2 && !getenv("SIM_SEED"); seed++) {
        int before;

        game_make(g, 0, seed);
        g->bed.op.lie = no_drain;
        if (game_run(g))
            continue;
        failed++;
        before = kept(g);
        CHECK(game_same(g->trouble, "drain:"), "%s", g->trouble);
        game_shrink(g);
        CHECK(kept(g) <= 4 && kept(g) <= before, "%d events are left of %d", kept(g), before);
        assert_false(game_run(g));
        assert_true(game_same(g->trouble, "drain:"));
    }
    assert_true(failed > 0 || getenv("SIM_SEED"));
    free(g);
}

static int count_runs(void **state)
{
    (void)state;
    bed_tally("runs", runs);
    bed_tally("faults", faults);
    bed_tally("violations", violations);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blue_green),         cmocka_unit_test(canary_pods),
        cmocka_unit_test(canary_route),       cmocka_unit_test(rolling),
        cmocka_unit_test(under_a_pause),      cmocka_unit_test(same_seed_same_trace),
        cmocka_unit_test(failures_get_small),
    };

    return cmocka_run_group_tests(tests, NULL, count_runs);
}

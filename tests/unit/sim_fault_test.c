/* SPDX-License-Identifier: Apache-2.0 */
/* Every write of the reference releases meets every fault: each run ends as the one without a
 * fault, starts no pod more, and the judge finds nothing on the way.
 *
 * By default a part of all is tried, another one with another SIM_PART (0 .. 159); SIM_FULL=1 tries
 * all, SIM_SHARE=i/n the i-th of n shares of the releases. To see one: SIM_RELEASE=name
 * SIM_FAULT=name SIM_AT=n SIM_TRACE=1. */
#include "sim_releases.h"

#define TOLD_MAX 12
#define PARTS    160

static long runs, faults, violations;
static int told;

static bool is_asked(const char *variable, const char *name)
{
    const char *asked = getenv(variable);

    return !asked || strcmp(asked, name) == 0;
}

static uint32_t number_of(size_t release, int at, int fault)
{
    uint32_t h = (uint32_t)release * 0x9e3779b1U + (uint32_t)at * 0x85ebca6bU + (uint32_t)fault;

    h = (h ^ h >> 15) * 0xc2b2ae35U;
    return h ^ h >> 13;
}

static bool is_tried(size_t release, int at, int fault)
{
    const char *only = getenv("SIM_AT");

    if (only)
        return at == (int)strtol(only, NULL, 10);
    if (getenv("SIM_FULL") || getenv("SIM_FAULT"))
        return true;
    return number_of(release, at, fault) % PARTS == bed_number("SIM_PART", 0) % PARTS;
}

/* SIM_SHARE=1/2: this process tries every second release, from the second on. */
static bool is_ours(size_t release)
{
    const char *share = getenv("SIM_SHARE");
    char *end = NULL;
    const size_t mine = share ? strtoull(share, &end, 10) : 0;
    const size_t all = share && *end == '/' ? strtoull(end + 1, NULL, 10) : 1;

    return release % (all ? all : 1) == mine;
}

static void tell(const char *release, const char *what, int at, const struct outcome *o)
{
    violations++;
    if (told++ < TOLD_MAX)
        print_error("%s, %s at write %d: %s\n", release, what, at, o->trouble);
}

/* The write arrives after others were sent, or is sent again by somebody who knows of none: what is
 * not there any more is then made, and taken away, once more. */
static bool comes_late(enum sim_fault f)
{
    return f == FAULT_LATE || f == FAULT_DEPOSED;
}

static void try_fault(const struct release *r, const struct outcome *want, enum sim_fault f, int at)
{
    const struct bed_options o = {.apart = true, .op = {.fault = f, .fault_at = at}};
    struct outcome have;
    struct arena a;

    arena_init(&a);
    release_play(r, &o, &a, &have);
    /* An outage lets deadlines pass, and long waits hide words that the script waits for. */
    if (f != FAULT_OUTAGE && have.played)
        release_compare(want, &have, comes_late(f));
    runs++;
    faults += have.faults;
    if (!have.good)
        tell(r->name, sim_fault_name(f), at, &have);
    arena_release(&a);
}

static void all_faults(const struct release *r, size_t index)
{
    const struct bed_options plain = {.apart = true};
    struct outcome want;
    struct arena a;

    arena_init(&a);
    release_play(r, &plain, &a, &want);
    runs++;
    if (!want.good)
        tell(r->name, "nothing", 0, &want);
    for (int at = 0; want.good && at < want.writes; at++) {
        for (int f = 1; f < FAULT_COUNT; f++) {
            if (is_tried(index, at, f) && is_asked("SIM_FAULT", sim_fault_name((enum sim_fault)f)))
                try_fault(r, &want, (enum sim_fault)f, at);
        }
    }
    arena_release(&a);
}

static void every_fault(void **state)
{
    const long before = violations;
    (void)state;

    for (size_t i = 0; i < COUNT(releases); i++) {
        if (is_ours(i) && is_asked("SIM_RELEASE", releases[i].name))
            all_faults(&releases[i], i);
    }
    assert_int_equal(violations, before);
}

/* Caches that lag, controllers that sleep, several writes between two looks of anybody. */
static void stale_caches(void **state)
{
    const int seeds = (int)bed_number("SIM_SEEDS", 3);
    const long before = violations;
    (void)state;

    if (getenv("SIM_FAULT"))
        return;
    for (size_t i = 0; i < COUNT(releases); i++) {
        struct outcome want, have;
        const struct bed_options plain = {.apart = true};
        struct arena a;

        if (!is_ours(i) || !is_asked("SIM_RELEASE", releases[i].name))
            continue;
        arena_init(&a);
        release_play(&releases[i], &plain, &a, &want);
        for (int seed = 1; seed <= seeds; seed++) {
            const struct bed_options o = {
                .apart = true,
                .sim = {.idle_percent = 30 * (seed % 3), .seed = (uint64_t)seed},
                .op = {.cache_lag_ms = 700, .turn_writes = 1 + seed % 3, .seed = (uint64_t)seed}};

            release_play(&releases[i], &o, &a, &have);
            release_compare(&want, &have, false);
            runs++;
            if (!have.good)
                tell(releases[i].name, "stale caches, seed", seed, &have);
        }
        arena_release(&a);
    }
    assert_int_equal(violations, before);
}

/* All ordered pairs of two faults, one soon after the other. */
static void pairs_on(const struct release *r)
{
    const struct bed_options plain = {.apart = true};
    const int step = getenv("SIM_FULL") ? 1 : 1600;
    struct outcome want, have;
    struct arena a;
    int n = 0;

    arena_init(&a);
    release_play(r, &plain, &a, &want);
    for (int f = 1; f < FAULT_COUNT * FAULT_COUNT; f++) {
        for (int at = 0; at < want.writes; at++) {
            const struct bed_options o = {.apart = true,
                                          .op = {.fault = (enum sim_fault)(f % FAULT_COUNT),
                                                 .fault_at = at,
                                                 .fault_too = (enum sim_fault)(f / FAULT_COUNT),
                                                 .fault_too_at = at + 1 + f % 3}};
            struct arena one;

            if (++n % step || !o.op.fault || !o.op.fault_too || o.op.fault == FAULT_OUTAGE ||
                o.op.fault_too == FAULT_OUTAGE)
                continue;
            arena_init(&one);
            release_play(r, &o, &one, &have);
            release_compare(&want, &have, true);
            runs++;
            faults += have.faults;
            if (!have.good)
                tell(r->name, "a pair of faults", at * 1000 + f, &have);
            arena_release(&one);
        }
    }
    arena_release(&a);
}

/* On releases of few pods and writes, one of each kind. */
static void pairs(void **state)
{
    static const char *const short_ones[] = {"blue-green-one", "canary-route-one", "rolling-one",
                                             "canary-pods-one-step"};
    const long before = violations;
    (void)state;

    for (size_t i = 0; i < COUNT(releases) && !getenv("SIM_FAULT"); i++) {
        for (size_t k = 0; k < COUNT(short_ones); k++) {
            if (is_ours(i) && str_equal(releases[i].name, short_ones[k]) &&
                is_asked("SIM_RELEASE", releases[i].name))
                pairs_on(&releases[i]);
        }
    }
    assert_int_equal(violations, before);
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
        cmocka_unit_test(every_fault),
        cmocka_unit_test(stale_caches),
        cmocka_unit_test(pairs),
    };

    return cmocka_run_group_tests(tests, NULL, count_runs);
}

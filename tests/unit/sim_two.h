/* SPDX-License-Identifier: Apache-2.0 */
/* sim_two.h - two operators at once, without a lease, each with caches that lag behind; the next
 * release begins in the moment in which the one before ends, or in its bake. What one has ended the
 * other must not begin again, and what it hears late of one release it must not tell of the next.
 */
#ifndef SLUICE_TESTS_UNIT_SIM_TWO_H
#define SLUICE_TESTS_UNIT_SIM_TWO_H

#include "sim_bed.h"

#define TWO_RELEASES   9
#define TWO_AGE_MS     8000
#define TWO_RELEASE_MS 150000
#define TWO_QUIET      300 /* turns: longer than a report waits */
#define TWO_SPEC(kinds)                                                                            \
    "{'targetRef':{'name':'web'},'strategy':{" kinds "},'drain':'1s','bake':'3s',"                 \
    "'progressDeadline':'20s'}"

static const char *const two_strategies[] = {
    TWO_SPEC("'canary':{'steps':[{'weight':10},{'weight':50}]}"),
    TWO_SPEC("'blueGreen':{'activeService':'web'}"),
    TWO_SPEC("'rolling':{'steps':[{'replicas':'50%%'}]}"),
};

/* How the second one hears of things. */
enum two_ears {
    TWO_LAG, /* each kind late by chance, at each turn anew */
    TWO_OLD, /* of the Rollout at once, of all else late */
    TWO_EARS
};

/* A release of another revision than `before` has come so far: it bakes, or is over. */
static inline bool two_came(struct stage *st, const char *before, bool over)
{
    const struct rollout_status *status = stage_status(st);
    const struct flight *fl = &status->flight;

    if (over)
        return !fl->present && !str_equal(status->stable.revision, before);
    return fl->bake_until_ms && !str_equal(fl->revision, before);
}

static inline bool two_comes(struct stage *st, const char *before, bool over)
{
    const int64_t end = st->s.now_ms + TWO_RELEASE_MS;

    while (!two_came(st, before, over) && st->s.now_ms < end)
        bed_turn(st);
    return two_came(st, before, over);
}

/* The revision that is on its way, or stable. */
static inline const char *two_newest(struct stage *st)
{
    const struct rollout_status *status = stage_status(st);

    return arena_strdup(&st->a,
                        status->flight.present ? status->flight.revision : status->stable.revision);
}

/* Every third release goes to its end; the others are superseded somewhere in their bake. */
static inline bool two_release(struct stage *st, uint64_t seed, int number,
                               char trouble[static 800])
{
    const char *before = two_newest(st);
    const bool over = number % 3 == 0;
    char image[24], where[600];

    snprintf(image, sizeof image, "app:v%d", number + 1);
    bed_image(st, image);
    if (!two_comes(st, before, over))
        snprintf(trouble, 800, "%s does not come, %.600s", image, bed_where(st, where));
    else if (st->judge.violations)
        snprintf(trouble, 800, "%.700s", st->judge.words);
    bed_turns(st, (int)(seed % 5) * 10);
    return !*trouble;
}

/* False: `trouble` says what was found. */
static inline bool two_play(size_t strategy, uint64_t seed, enum two_ears ears,
                            char trouble[static 800])
{
    const struct bed_options o = {
        .spec = two_strategies[strategy],
        .replicas = 3,
        .sim = {.seed = seed},
        .op = {.seed = seed, .cache_lag_ms = 3000, .turn_writes = 2, .write_ms = 50}};
    struct stage st;
    int number = 1;

    *trouble = '\0';
    bed_open(&st, &o);
    bed_until(&st, "Resting", 60000);
    bed_do(&st, "second operator for 1500s");
    if (ears == TWO_OLD)
        st.second.opt.cache_age_ms = TWO_AGE_MS;
    while (number <= TWO_RELEASES && two_release(&st, seed, number, trouble))
        number++;
    if (!*trouble) {
        char image[24];

        snprintf(image, sizeof image, "app:v%d", number);
        bed_turns(&st, TWO_QUIET);
        bed_rest(&st, image, 3);
    }
    stage_close(&st);
    return !*trouble;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* sim_game_small.h - a game that failed is made small, and told with the command that plays it
 * again. */
#ifndef SLUICE_TESTS_UNIT_SIM_GAME_SMALL_H
#define SLUICE_TESTS_UNIT_SIM_GAME_SMALL_H

#include "sim_game.h"

/* The rule that was broken: "I1". */
static inline bool game_same(const char *a, const char *b)
{
    const size_t n = strcspn(a, ":,");

    return n == strcspn(b, ":,") && strncmp(a, b, n) == 0;
}

static inline bool game_fails_alike(struct game *g, const char *trouble)
{
    return !game_run(g) && game_same(g->trouble, trouble);
}

static inline void game_leave_out(struct game *g, int from, int count, bool out)
{
    for (int i = from; i < from + count && i < g->event_count; i++)
        g->events[i].left_out = out;
}

static inline void game_fewer_events(struct game *g, const char *trouble)
{
    for (int count = g->event_count / 2; count >= 1; count /= 2) {
        for (int from = 0; from < g->event_count; from += count) {
            struct game_event was[GAME_EVENTS_MAX];

            memcpy(was, g->events, sizeof was);
            game_leave_out(g, from, count, true);
            if (!game_fails_alike(g, trouble))
                memcpy(g->events, was, sizeof was);
        }
    }
}

static inline void game_fewer_faults(struct game *g, const char *trouble)
{
    struct sim_operator_options *o = &g->bed.op;
    const int percent = o->fault_percent;

    if (!percent)
        return;
    o->fault_percent = 0;
    if (game_fails_alike(g, trouble))
        return;
    o->fault_percent = percent;
    o->fault_until = o->fault_until ? o->fault_until : g->writes + 1;
    for (int step = (o->fault_until - o->fault_from) / 2; step >= 1; step /= 2) {
        o->fault_until -= step;
        if (o->fault_until <= o->fault_from || !game_fails_alike(g, trouble))
            o->fault_until += step;
        o->fault_from += step;
        if (o->fault_from >= o->fault_until || !game_fails_alike(g, trouble))
            o->fault_from -= step;
    }
}

/* Plainer circumstances, where it fails alike in them. */
static inline void game_plainer(struct game *g, const char *trouble)
{
    const struct bed_options was = g->bed;

    g->bed.sim.idle_percent = 0;
    if (!game_fails_alike(g, trouble))
        g->bed.sim.idle_percent = was.sim.idle_percent;
    g->bed.op.cache_lag_ms = 0;
    if (!game_fails_alike(g, trouble))
        g->bed.op.cache_lag_ms = was.op.cache_lag_ms;
    g->bed.op.look_ms = 0;
    if (!game_fails_alike(g, trouble))
        g->bed.op.look_ms = was.op.look_ms;
}

static inline void game_shrink(struct game *g)
{
    char trouble[sizeof g->trouble];

    memcpy(trouble, g->trouble, sizeof trouble);
    game_fewer_faults(g, trouble);
    game_fewer_events(g, trouble);
    game_plainer(g, trouble);
    if (!game_fails_alike(g, trouble))
        memcpy(g->trouble, trouble, sizeof trouble);
}

/* The command that plays exactly this again. */
static inline void game_tell(const struct game *g)
{
    print_error("%s\n", g->trouble);
    for (int i = 0; i < g->event_count; i++) {
        if (!g->events[i].left_out)
            print_error("  at %5.2fs  %s\n", (double)(g->events[i].turn * SIM_TICK_MS) / 1000,
                        g->events[i].words);
    }
    print_error("again: SIM_STRATEGY=%zu SIM_SEED=%llu SIM_FAULTS=%d,%d,%d SIM_IDLE=%d SIM_LAG=%d "
                "SIM_LOOK=%d SIM_KEEP=",
                g->strategy, (unsigned long long)g->seed, g->bed.op.fault_percent,
                g->bed.op.fault_from, g->bed.op.fault_until, g->bed.sim.idle_percent,
                (int)g->bed.op.cache_lag_ms, (int)g->bed.op.look_ms);
    for (int i = 0; i < g->event_count; i++)
        print_error("%s", g->events[i].left_out ? "-" : "+");
    print_error(" SIM_TRACE=1 build/dev/bin/sim_adversary_test\n");
}

/* What the environment asks for, as game_tell wrote it. */
static inline void game_as_asked(struct game *g)
{
    const char *keep = getenv("SIM_KEEP"), *faults = getenv("SIM_FAULTS");
    char *end = NULL;

    for (int i = 0; keep && keep[i] && i < g->event_count; i++)
        g->events[i].left_out = keep[i] == '-';
    if (faults) {
        g->bed.op.fault_percent = (int)strtol(faults, &end, 10);
        g->bed.op.fault_from = *end ? (int)strtol(end + 1, &end, 10) : 0;
        g->bed.op.fault_until = *end ? (int)strtol(end + 1, &end, 10) : 0;
    }
    g->bed.sim.idle_percent = (int)bed_number("SIM_IDLE", (uint64_t)g->bed.sim.idle_percent);
    g->bed.op.cache_lag_ms = (int64_t)bed_number("SIM_LAG", (uint64_t)g->bed.op.cache_lag_ms);
    g->bed.op.look_ms = (int64_t)bed_number("SIM_LOOK", (uint64_t)g->bed.op.look_ms);
}

#endif

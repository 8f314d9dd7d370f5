/* SPDX-License-Identifier: Apache-2.0 */
/* sim_game.h - a release among people, programs and machines that meddle, made from a seed: first
 * the list of all that is going to happen, then the run. So a part of the list can be left out and
 * the rest stays as it was: that is how a failure is made small. */
#ifndef SLUICE_TESTS_UNIT_SIM_GAME_H
#define SLUICE_TESTS_UNIT_SIM_GAME_H

#include "sim_bed.h"

#define GAME_EVENTS_MAX 64
#define GAME_START      120 /* turns until the first thing happens */
#define GAME_STRATEGIES 8   /* the second half under `brake: Paused` */
#define GAME_PAUSED     4
#define GAME_ROLLING    3
#define GAME_QUIET      300 /* turns: longer than any report waits */

static const char *const game_strategies[GAME_STRATEGIES] = {
    BLUE_GREEN,        CANARY_PODS,   CANARY_ROUTE,        ROLLING,
    PAUSED_BLUE_GREEN, PAUSED_CANARY, PAUSED_CANARY_ROUTE, PAUSED_ROLLING};

/* Nothing is judged or baked: fewer writes, and other ones follow each other. */
static const char *const game_plain[GAME_PAUSED] = {
    "{'targetRef':{'name':'web'},'strategy':{'blueGreen':{'activeService':'web'}},'drain':'4s',"
    "'progressDeadline':'60s'}",
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':20},{'weight':50}]}},"
    "'drain':'4s','progressDeadline':'60s'}",
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'stableService':'web','traffic':[{"
    "'gatewayAPI':{'name':'web'},'settle':'500ms'}],'steps':[{'weight':20},{'weight':50}]}},"
    "'drain':'4s','progressDeadline':'60s'}",
    "{'targetRef':{'name':'web'},'strategy':{'rolling':{'steps':[{'replicas':'20%%'},{'replicas':"
    "'60%%'}]}},'progressDeadline':'60s'}",
};

struct game_event {
    int turn;
    char words[40];
    bool left_out;
};

struct game {
    size_t strategy;
    uint64_t seed;
    struct bed_options bed;
    struct game_event events[GAME_EVENTS_MAX];
    int event_count, turns;
    struct stage st; /* of the last run */
    uint64_t trace;  /* hash of all that was written in it, and when */
    int writes, faults;
    char trouble[800]; /* "": none */
};

/* ---- what is going to happen ----------------------------------------------------------------- */

struct game_maker {
    struct game *g;
    uint64_t random;
    int version;
};

static inline uint32_t game_pick(struct game_maker *m, uint32_t n)
{
    return (uint32_t)(next_random(&m->random) >> 16) % n;
}

static inline void game_image(struct game_maker *m, char words[static 40])
{
    static const char *const kinds[] = {"v", "v", "v", "bad", "never"};
    const bool old = game_pick(m, 4) == 0;
    const int v = old ? 1 + (int)game_pick(m, (uint32_t)m->version) : ++m->version;

    snprintf(words, 40, "image app:%s%d", old ? "v" : kinds[game_pick(m, COUNT(kinds))], v);
}

static inline void game_something(struct game_maker *m, char words[static 40])
{
    static const char *const acts[] = {"approve",
                                       "skip",
                                       "promote",
                                       "abort",
                                       "retry",
                                       "undo",
                                       "pause",
                                       "resume",
                                       "resume",
                                       "node lost",
                                       "operator killed",
                                       "operator down for 3s",
                                       "operator down for 12s",
                                       "route refuses",
                                       "route accepts",
                                       "route accepts",
                                       "route reset",
                                       "service reset",
                                       "service recreated",
                                       "service recreated",
                                       "deployment resumed",
                                       "deployment paused",
                                       "dead man dropped",
                                       "fence deleted",
                                       "stable replicaset deleted",
                                       "other replicaset deleted"};
    const uint32_t which = game_pick(m, COUNT(acts) + 12);

    if (which < COUNT(acts))
        snprintf(words, 40, "%s", acts[which]);
    else if (which < COUNT(acts) + 8)
        game_image(m, words);
    else
        snprintf(words, 40, "scale to %d", (int)game_pick(m, 9));
}

static inline struct game_event *game_add(struct game *g, int turn)
{
    struct game_event *e = &g->events[g->event_count++];

    e->turn = turn;
    return e;
}

/* Two at once, for as long as a lease needs to change hands and longer. */
static inline void game_second(struct game_maker *m)
{
    struct game *g = m->g;
    const int from = GAME_START + (int)game_pick(m, (uint32_t)(g->turns - GAME_START));

    struct game_event *e = &g->events[g->event_count];

    if (g->event_count == GAME_EVENTS_MAX)
        return;
    for (; e > g->events && e[-1].turn > from; e--)
        *e = e[-1];
    *e = (struct game_event){.turn = from};
    snprintf(e->words, sizeof e->words, "second operator for %ds", 2 + (int)game_pick(m, 30));
    g->event_count++;
}

static inline void game_make(struct game *g, size_t strategy, uint64_t seed)
{
    static const char *const limits[] = {"0", "1", "3", "10"}, *const ones[] = {"0", "1", "2"};
    struct game_maker m = {.g = g, .random = seed * 0x9e3779b97f4a7c15U + 1, .version = 1};

    *g = (struct game){.seed = seed, .strategy = strategy};
    g->bed = (struct bed_options){.spec = game_strategies[strategy],
                                  .replicas = 1 + (int)game_pick(&m, 8),
                                  .history_limit = limits[game_pick(&m, 4)],
                                  .surge = ones[1 + game_pick(&m, 2)],
                                  .unavailable = ones[game_pick(&m, 2)],
                                  .sim = {.gate_bad = "bad", .never_ready = "never", .seed = seed},
                                  .op = {.seed = seed}};
    if (strategy >= GAME_PAUSED) {
        g->bed.sim.no_policies = true;
        g->bed.sim.pod_start_ms = 200 << game_pick(&m, 5);
    } else if (seed % 3 == 0) {
        g->bed.spec = game_plain[strategy];
        g->bed.sim.gate_bad = NULL; /* nobody asks */
    }
    g->bed.sim.idle_percent = (int)game_pick(&m, 3) * 30;
    g->bed.op.cache_lag_ms = game_pick(&m, 3) * 700;
    g->bed.op.look_ms = (int64_t)(seed / 3 % 3) * 300;
    g->bed.op.turn_writes = 1 + (int)game_pick(&m, 3);
    g->bed.op.fault_percent = (int)game_pick(&m, 3) * 5;
    g->bed.op.write_ms = game_pick(&m, 3) * 150;
    g->turns = GAME_START + 100 + (int)game_pick(&m, 500);
    game_image(&m, game_add(g, GAME_START)->words);
    for (int i = GAME_START; i < g->turns && g->event_count < GAME_EVENTS_MAX; i++) {
        if (game_pick(&m, 40) == 0)
            game_something(&m, game_add(g, i)->words);
    }
    game_second(&m);
}

/* ---- the run --------------------------------------------------------------------------------- */

static inline uint64_t game_hash(uint64_t h, const char *text)
{
    for (const char *c = text ? text : ""; *c; c++)
        h = (h ^ (unsigned char)*c) * 0x100000001b3U;
    return (h ^ 0xff) * 0x100000001b3U;
}

static inline void game_sent(void *arg, const struct plan *plan, const struct action *act,
                             enum sim_fault fault)
{
    struct game *g = arg;
    char moment[64];

    snprintf(moment, sizeof moment, "%lld %d %d", (long long)g->st.s.now_ms, (int)act->act,
             (int)fault);
    g->trace = game_hash(game_hash(game_hash(g->trace, moment), plan->rule), act->body);
    if (getenv("SIM_TRACE"))
        bed_show(&g->st, plan, act, fault);
}

static inline bool game_lost(struct game *g, const char *what)
{
    char where[600];

    if (!*g->trouble)
        snprintf(g->trouble, sizeof g->trouble, "%.300s, %.450s", what, bed_where(&g->st, where));
    return false;
}

/* In rolling, new pods get their part of the growth, ready or not, as in any Deployment: what is
 * missing then is missing until the release goes back, at its progress deadline. What comes before
 * the Rollout is attached goes out natively. */
static inline void game_do(struct game *g, const char *words)
{
    const struct rollout_status *status = stage_status(&g->st);

    if (status && !status->stable.revision)
        sim_judge_disturbed(&g->st.judge, 20 * SECOND_MS);
    if (g->strategy >= GAME_PAUSED && strncmp(words, "service", 7) == 0)
        sim_judge_disturbed(&g->st.judge, 8 * SECOND_MS);
    if (g->strategy % GAME_PAUSED == GAME_ROLLING && strncmp(words, "scale", 5) == 0)
        sim_judge_disturbed(&g->st.judge, 75 * SECOND_MS);
    bed_do(&g->st, words);
}

/* What went out natively is stable, whatever it is like. */
static inline bool game_never_served(const struct game *g, const char *stable)
{
    if (g->strategy < GAME_PAUSED)
        return false;
    for (struct sim_object *o = g->st.s.objects; o; o = o->next) {
        const struct replicaset *rs = o->kind == SIM_REPLICASET ? sim_view(o) : NULL;

        if (rs && str_equal(rs->digest, stable) && rs->image && strstr(rs->image, "never"))
            return true;
    }
    return false;
}

static inline bool game_turn(struct game *g)
{
    const struct rollout_status *status = stage_status(&g->st);

    bed_patience(&g->st);
    if (status && game_never_served(g, status->stable.digest))
        sim_judge_disturbed(&g->st.judge, 8 * SECOND_MS);
    stage_turn(&g->st);
    return g->st.judge.violations ? game_lost(g, g->st.judge.words) : true;
}

static inline bool game_ended(struct game *g)
{
    return sim_operator_idle(&g->st.op) &&
           (str_equal(stage_word(&g->st), "Resting") || str_equal(stage_word(&g->st), "Aborted"));
}

/* Faults stop, and people take back what only people can. */
static inline void game_calm_down(struct game *g)
{
    const cJSON *d = sim_find(&g->st.s, SIM_DEPLOYMENT, "web")->doc;

    g->st.op.opt.fault_percent = 0;
    g->st.second_until_ms = 0;
    game_do(g, "route accepts");
    bed_patch(&g->st, SIM_ROLLOUT, "{'spec':{'paused':null,'action':null}}");
    if (json_i64(d, "spec.replicas", 0) == 0) { /* nothing is judged at 0 */
        if (g->strategy >= GAME_PAUSED && strstr(stage_image(&g->st), "never"))
            game_do(g, "image app:v1");
        game_do(g, "scale to 3");
    }
    if (g->strategy < GAME_PAUSED &&
        !json_key(json_at(d, "metadata.annotations"), ANNOTATION_DEAD_MAN))
        game_do(g, "deployment resumed"); /* a person's own pause */
}

/* All that knew of stable's template was deleted: only a person can put it back. */
static inline bool game_beyond_help(struct game *g)
{
    const struct rollout_status *status = stage_status(&g->st);

    return (str_equal(stage_word(&g->st), "Stalled") &&
            strstr(status->display.message, "put its template back")) ||
           game_never_served(g, status->stable.digest);
}

/* Three resyncs write nothing. */
static inline bool game_still(struct game *g)
{
    const int writes = g->st.op.writes;

    for (int i = 0; i < 3; i++) {
        sim_operator_resync(&g->st.op);
        for (int k = 0; k < 20; k++) {
            if (!game_turn(g))
                return false;
        }
    }
    return g->st.op.writes == writes ? true : game_lost(g, "it settled, and writes at a resync");
}

/* Deleted in flight and made again by the Deployment controller, it has a name that only its status
 * at rest will have. */
static inline const char *game_stable(struct game *g)
{
    const struct rollout_status *status = stage_status(&g->st);

    for (struct sim_object *o = g->st.s.objects; o; o = o->next) {
        const struct replicaset *rs = o->kind == SIM_REPLICASET ? sim_view(o) : NULL;

        if (rs && rs->replicas > 0 && str_equal(rs->digest, status->stable.digest))
            return rs->revision;
    }
    return status->stable.revision;
}

static inline bool game_whole(struct game *g)
{
    const cJSON *d = sim_find(&g->st.s, SIM_DEPLOYMENT, "web")->doc;
    const int64_t n = json_i64(d, "spec.replicas", 0);
    const char *stable = game_stable(g);

    if (sim_endpoints(&g->st.s, "web", NULL) != n || sim_endpoints(&g->st.s, "web", stable) != n)
        return game_lost(g, "not all endpoints are stable's");
    if (str_equal(stage_word(&g->st), "Resting"))
        sim_judge_rest(&g->st.judge);
    return game_still(g);
}

/* Attaching waits for them. Under `brake: Paused` a template that never gets ready may have gone
 * out natively: somebody has to put another one. */
static inline void game_help(struct game *g)
{
    if (g->strategy < GAME_PAUSED ||
        strstr(stage_status(&g->st)->display.message, "kubectl rollout resume"))
        game_do(g, "deployment resumed");
    else if (strstr(stage_image(&g->st), "never"))
        game_do(g, "image app:v1");
}

static inline bool game_settles(struct game *g)
{
    const int64_t end = g->st.s.now_ms + 600000;
    int quiet = 0, writes = g->st.op.writes;

    game_calm_down(g);
    while (quiet < GAME_QUIET && g->st.s.now_ms < end) {
        if (!game_turn(g))
            return false;
        if (str_equal(stage_word(&g->st), "Pending") && sim_operator_idle(&g->st.op))
            game_help(g);
        quiet = game_ended(g) && g->st.op.writes == writes ? quiet + 1 : 0;
        writes = g->st.op.writes;
    }
    if (game_beyond_help(g))
        return true;
    return quiet >= GAME_QUIET ? game_whole(g) : game_lost(g, "it never settles");
}

static inline bool game_plays(struct game *g)
{
    int at = 0;

    for (int turn = 0; turn < g->turns; turn++) {
        for (; at < g->event_count && g->events[at].turn <= turn; at++) {
            if (!g->events[at].left_out)
                game_do(g, g->events[at].words);
        }
        if (!game_turn(g))
            return false;
    }
    return game_settles(g);
}

/* False: `trouble` says what was found. */
static inline bool game_run(struct game *g)
{
    bool good;

    g->trace = 0xcbf29ce484222325U;
    g->trouble[0] = '\0';
    bed_open(&g->st, &g->bed);
    g->st.sent = game_sent;
    g->st.arg = g;
    good = game_plays(g);
    g->writes = g->st.op.writes;
    g->faults = g->st.op.faults;
    stage_close(&g->st);
    return good;
}

#endif

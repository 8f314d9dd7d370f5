/* SPDX-License-Identifier: Apache-2.0 */
/* operator.c - one turn of the simulated operator: caches, looks, the discipline of ctl/next.h. */
#include "sluice/sim/operator.h"

#include "sluice/base/clock.h"
#include "sluice/sim/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As ctl/next.h has them, which is a layer above. */
#define REPORT_DELAY_MS     INT64_C(1000)
#define MINOR_DELAY_MS      INT64_C(10000) /* how far it is, when what it does is told already */
#define LOOK_AGE_HARMFUL_MS INT64_C(1000)
#define LOOK_AGE_MS         INT64_C(5000)
#define REFUSED_KEEP_MS     INT64_C(5000)
#define BRAKE_PROOF_MS      INT64_C(300) /* a fresh operator knows nothing of the brake so long */
#define PODS_MS             INT64_C(100) /* until the pods that a plan asked for are listed */
#define TURN_PLANS_MAX      12

static uint64_t mix(uint64_t v)
{
    v = (v ^ v >> 30) * 0xbf58476d1ce4e5b9U;
    v = (v ^ v >> 27) * 0x94d049bb133111ebU;
    return v ^ v >> 31;
}

uint32_t sim_operator_pick(const struct sim_operator *op, uint64_t use, uint64_t at, uint32_t n)
{
    return (uint32_t)(mix(mix(mix(op->opt.seed + 1) + use) + at) >> 16) % n;
}

void sim_operator_init(struct sim_operator *op, struct sim *s,
                       const struct sim_operator_options *opt)
{
    *op = (struct sim_operator){.s = s, .opt = *opt, .planned_epoch = -1};
    if (!op->opt.rollout)
        op->opt.rollout = "web";
    if (!op->opt.turn_writes)
        op->opt.turn_writes = 1;
    op->started_ms = s->now_ms;
    op->brake_ms = s->now_ms + BRAKE_PROOF_MS;
    op->need_look = true;
    arena_init(&op->a);
}

/* All that is in memory. */
static void lose_all(struct sim_operator *op)
{
    if (op->looking)
        sim_release(&op->look);
    for (int i = 0; i < op->past_count; i++)
        sim_release(&op->past[i]);
    memset(op->gates, 0, sizeof op->gates);
    memset(&op->refused, 0, sizeof op->refused);
    arena_release(&op->a);
    op->past_count = 0;
    op->pods_of[0] = '\0';
    op->looking = op->fresh = op->cached = op->passing = op->reads = false;
    op->plan = NULL;
    op->planned_epoch = -1;
    op->report_since_ms = op->looked_ms = 0;
    op->need_look = true;
}

void sim_operator_release(struct sim_operator *op)
{
    lose_all(op);
    for (size_t i = 0; i < SIM_LATE_MAX; i++)
        arena_release(&op->late[i].a);
    *op = (struct sim_operator){0};
}

void sim_operator_crash(struct sim_operator *op, int64_t ms)
{
    lose_all(op);
    op->down_until_ms = op->started_ms = op->s->now_ms + ms;
    op->brake_ms = op->started_ms + BRAKE_PROOF_MS;
}

/* ---- caches ---------------------------------------------------------------------------------- */

static bool lags(const struct sim_operator *op)
{
    return op->opt.cache_lag_ms > 0 || op->opt.cache_age_ms > 0;
}

static void remember(struct sim_operator *op)
{
    if (!lags(op))
        return;
    if (op->past_count && op->past[0].epoch == op->s->epoch)
        return;
    if (op->past_count == SIM_PAST_MAX)
        sim_release(&op->past[--op->past_count]);
    memmove(&op->past[1], &op->past[0], (size_t)op->past_count * sizeof op->past[0]);
    sim_fork(&op->past[0], op->s);
    op->past_count++;
}

static int64_t lag_of(const struct sim_operator *op, int kind)
{
    if (op->opt.cache_age_ms > 0)
        return kind == SIM_ROLLOUT ? 0 : op->opt.cache_age_ms;
    return (int64_t)sim_operator_pick(op, (uint64_t)kind, (uint64_t)op->s->now_ms,
                                      (uint32_t)op->opt.cache_lag_ms + 1);
}

/* The state that the cache of one kind shows, but never older than our own last write: until then
 * the caches decide nothing (ctl/barrier.h); nor than the last look, whose answers they have. */
static struct sim *cache_of(struct sim_operator *op, int kind)
{
    const int64_t known_ms = max_i64(op->wrote_ms + 1, op->looked_ms);
    const int64_t then = max_i64(op->s->now_ms - lag_of(op, kind), known_ms);

    for (int i = op->past_count; i-- > 0;) {
        if (op->past[i].now_ms >= then)
            return &op->past[i];
    }
    return op->s;
}

static const struct sim_version *version_of(const struct sim *s, enum sim_kind kind,
                                            const char *name)
{
    const struct sim_object *o = sim_find(s, kind, name);

    return o ? o->version : NULL;
}

static const char *fence_of(struct sim_operator *op, const struct sim *s)
{
    const struct sim_object *rollout = sim_find(s, SIM_ROLLOUT, op->opt.rollout);

    return name_fence(&op->a, rollout ? json_str(rollout->doc, "spec.targetRef.name") : "");
}

/* As others_wrote() in ctl/pass.c. */
static bool others_wrote(struct sim_operator *op, const struct sim_sight *sight)
{
    const struct sim *rollouts = sight->of[SIM_ROLLOUT], *fences = sight->of[SIM_FENCE];
    const char *fence = fence_of(op, rollouts);

    return op->looking &&
           (version_of(&op->look, SIM_ROLLOUT, op->opt.rollout) !=
                version_of(rollouts, SIM_ROLLOUT, op->opt.rollout) ||
            version_of(&op->look, SIM_FENCE, fence) != version_of(fences, SIM_FENCE, fence));
}

static struct world *cached_world(struct sim_operator *op)
{
    struct sim_sight sight;

    for (int i = 0; i < SIM_KIND_COUNT; i++)
        sight.of[i] = lags(op) ? cache_of(op, i) : op->s;
    op->moved = others_wrote(op, &sight);
    return sim_sight_world(&sight, &op->a, op->opt.rollout);
}

/* ---- planning -------------------------------------------------------------------------------- */

/* As ctl/pods.c: pods are listed while plans ask for them, and forgotten after. */
static void show_pods(struct sim_operator *op, struct world *w)
{
    w->pods_of = op->pods_of[0] && op->s->now_ms >= op->pods_ms ? op->pods_of : NULL;
    if (w->pods_of)
        return;
    w->pods = NULL;
    w->pod_count = 0;
}

static void want_pods(struct sim_operator *op, const char *revision)
{
    op->blind = revision && (!str_equal(revision, op->pods_of) || op->s->now_ms < op->pods_ms);
    if (str_equal(revision ? revision : "", op->pods_of))
        return;
    snprintf(op->pods_of, sizeof op->pods_of, "%s", revision ? revision : "");
    op->pods_ms = op->s->now_ms + PODS_MS;
}

static void complete(struct sim_operator *op, struct world *w)
{
    show_pods(op, w);
    w->reading_count = sim_gates_read(op, &op->a, &w->readings);
    w->prometheus = "http://prometheus";
    w->led_since_ms = op->started_ms;
    if (op->s->now_ms < op->brake_ms)
        w->brake.state = BRAKE_UNKNOWN;
    if (op->refused.present)
        w->refusal = (struct refusal){.present = true,
                                      .kind = op->refused.kind,
                                      .what = arena_strdup(&op->a, op->refused.text),
                                      .text = "refused",
                                      .at_ms = op->refused.at_ms};
}

static void plan_once(struct sim_operator *op, bool on_look)
{
    int64_t now = op->s->now_ms;
    struct world *w;

    arena_release(&op->a);
    if (!op->shared)
        sim_forget(op->s);
    if (op->looking)
        sim_forget(&op->look);
    op->planned_epoch = on_look ? -1 : op->s->epoch;
    op->planned_gates = op->gates_changed;
    op->cached = !on_look;
    op->moved = false;
    w = on_look ? sim_world(&op->look, &op->a, op->opt.rollout) : cached_world(op);
    op->plan = NULL;
    if (!w)
        return;
    complete(op, w);
    if (op->opt.lie)
        op->opt.lie(op->opt.arg, &op->a, w, &now);
    op->plan = plan_rollout(&op->a, w, now);
    op->plans++;
    sim_gates_ask(op, op->plan);
    want_pods(op, op->plan->pods_of);
}

/* As refused_over in ctl/refused.h. */
static bool refusal_is_over(const struct sim_operator *op)
{
    const struct action *act = &op->plan->action;
    const int64_t now = op->s->now_ms;

    if (!op->refused.present || now < op->refused.due_ms)
        return false;
    if (now >= op->refused.due_ms + REFUSED_KEEP_MS)
        return true;
    return act->act != ACT_REPORT &&
           !(act->act == op->refused.act && str_equal(act->name, op->refused.name));
}

static void make_plan(struct sim_operator *op, bool on_look)
{
    plan_once(op, on_look);
    if (op->plan && refusal_is_over(op)) {
        op->refused.present = false;
        plan_once(op, on_look);
    }
}

static bool has_moved(const struct sim_operator *op, enum sim_kind kind, const char *name)
{
    return version_of(&op->look, kind, name) != version_of(op->s, kind, name);
}

/* Fence and Rollout are read last. Where they are others than when it began it begins again, as in
 * ctl/pass.c: what it has of the rest may be from before. */
static bool of_two_moments(struct sim_operator *op)
{
    return has_moved(op, SIM_ROLLOUT, op->opt.rollout) ||
           has_moved(op, SIM_FENCE, fence_of(op, op->s));
}

static void begin_look(struct sim_operator *op)
{
    op->plan = NULL; /* it borrows from the look before */
    if (op->looking)
        sim_release(&op->look);
    sim_fork(&op->look, op->s);
    op->looking = op->reads = true;
    op->looked_ms = op->s->now_ms;
    op->need_look = false;
    op->looks++;
}

/* False: it takes its time. */
static bool end_look(struct sim_operator *op)
{
    if (op->s->now_ms < op->looked_ms + op->opt.look_ms)
        return false;
    if (op->opt.look_ms && of_two_moments(op)) {
        begin_look(op);
        return false;
    }
    op->reads = false;
    op->fresh = op->passing = true;
    make_plan(op, true);
    return true;
}

static bool look(struct sim_operator *op)
{
    begin_look(op);
    return end_look(op);
}

static bool is_refused(const struct sim_operator *op)
{
    const struct action *act = &op->plan->action;

    return op->refused.present && op->refused.act == act->act &&
           str_equal(op->refused.name, act->name) && op->s->now_ms < op->refused.due_ms;
}

/* Nothing that the last plan rests on is another than it was. */
static bool unchanged(const struct sim_operator *op)
{
    return op->plan && op->plan->action.act == ACT_NONE && !lags(op) &&
           op->planned_epoch == op->s->epoch && op->planned_gates == op->gates_changed &&
           !(op->blind && op->s->now_ms >= op->pods_ms) && op->s->now_ms < op->plan->wake_ms &&
           op->s->now_ms != op->brake_ms && !op->refused.present;
}

/* ---- what is to be done with a plan ---------------------------------------------------------- */

static int64_t report_delay_ms(const struct sim_operator *op)
{
    const struct sim_object *o = sim_find(op->s, SIM_ROLLOUT, op->opt.rollout);
    const char *told = o ? json_str(o->doc, "status.display.status") : NULL;

    return o && op->plan->ask_count == 0 && str_equal(told, op->plan->status->display.status)
               ? MINOR_DELAY_MS
               : REPORT_DELAY_MS;
}

enum sim_next sim_operator_next(struct sim_operator *op)
{
    const struct action *act = &op->plan->action;
    const int64_t now = op->s->now_ms, age = now - op->looked_ms;

    if (act->act == ACT_NONE || is_refused(op))
        return SIM_END;
    if (act->act == ACT_REPORT) {
        if (!op->report_since_ms)
            op->report_since_ms = now;
        if (now - op->report_since_ms < report_delay_ms(op))
            return SIM_END;
        return op->cached && op->moved ? SIM_LOOK : SIM_SEND;
    }
    if (op->cached)
        return act->harmful || op->moved || !op->looked_ms || age > LOOK_AGE_MS ? SIM_LOOK
                                                                                : SIM_SEND;
    if (!op->fresh && age > (act->harmful ? LOOK_AGE_HARMFUL_MS : LOOK_AGE_MS))
        return SIM_LOOK;
    return SIM_SEND;
}

/* What comes next begins on the caches again. */
static void end_pass(struct sim_operator *op)
{
    op->fresh = op->passing = false;
    op->conflicts = 0;
    if (op->plan->action.act == ACT_NONE)
        op->report_since_ms = 0;
}

static void run_pass(struct sim_operator *op)
{
    int sent = 0;

    if (op->reads) {
        if (!end_look(op))
            return;
    } else if (op->need_look) {
        if (!look(op))
            return;
    } else if (op->passing) {
        make_plan(op, true);
    } else if (!unchanged(op)) {
        make_plan(op, false);
    } else {
        return;
    }
    for (int i = 0; op->plan && i < TURN_PLANS_MAX; i++) {
        const enum sim_next next = sim_operator_next(op);

        if (next == SIM_END) {
            end_pass(op);
            return;
        }
        if (next == SIM_LOOK) {
            if (!look(op))
                return;
            continue;
        }
        if (!sim_operator_send(op, &op->plan->action) || ++sent >= op->opt.turn_writes)
            return;
        make_plan(op, op->passing);
    }
}

void sim_operator_act(struct sim_operator *op)
{
    if (op->s->now_ms >= op->down_until_ms) {
        remember(op);
        sim_gates_run(op);
        if (op->s->now_ms >= op->answer_ms)
            run_pass(op);
    }
    sim_operator_late(op);
}

const struct plan *sim_operator_turn(struct sim_operator *op)
{
    sim_operator_act(op);
    sim_tick(op->s, SIM_TICK_MS);
    return op->s->now_ms > op->down_until_ms ? op->plan : NULL;
}

void sim_operator_resync(struct sim_operator *op)
{
    op->planned_epoch = -1;
    op->need_look = true;
}

bool sim_operator_idle(const struct sim_operator *op)
{
    if (op->late_count > 0)
        return false;
    if (!op->plan || op->s->now_ms < op->down_until_ms || op->refused.present)
        return false;
    return op->plan->action.act == ACT_NONE || op->plan->action.act == ACT_REPORT;
}

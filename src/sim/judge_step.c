/* SPDX-License-Identifier: Apache-2.0 */
/* judge_step.c - what must be true when the operator records that a step stands, that it was
 * passed, that a revision is committed, or gives a Deployment back. */
#include "sluice/sim/judge.h"

#include "sluice/plan/compile.h"

#include <string.h>

struct step_case {
    struct sim_judge *j;
    const struct world *w;              /* with the write */
    const struct flight *then, *now;    /* without and with it */
    const struct rollout_status *st[2]; /* the same two */
    struct compiled c;
};

/* ---- a step stands: its pods are there, its weight is what is sent --------------------------- */

static int new_pods(const struct step_case *k)
{
    int n = 0;

    for (size_t i = 0; i < k->j->s->pod_count; i++) {
        const struct sim_pod *p = &k->j->s->pods[i];

        n += p->available && !p->gone_at_ms && str_equal(p->revision, k->now->revision);
    }
    return n;
}

static const struct replicaset *set_of(const struct step_case *k, const char *revision)
{
    for (size_t i = 0; i < k->w->rs_count; i++) {
        if (str_equal(k->w->rs[i]->revision, revision))
            return k->w->rs[i];
    }
    return NULL;
}

/* Inside, two sides that cannot meet exactly stay one pod apart, and a candidate from history,
 * older than stable, may not get beyond the half (plan/capacity.c). */
static int needed_pods(const struct step_case *k)
{
    const struct replicaset *c = set_of(k, k->now->revision),
                            *s = set_of(k, k->w->rollout->status.stable.revision);
    const int n = step_replicas(&k->c, k->w->dep, k->now->step);

    if (k->now->regime != REGIME_INSIDE || n <= 1)
        return n;
    if (c && s && c->meta.created_ms < s->meta.created_ms)
        return (int)min_i64(n - 1, (k->w->dep->replicas - 1) / 2);
    return n - 1;
}

static void check_stands(const struct step_case *k)
{
    const int step = k->now->step, weight = k->c.steps[step - 1].weight_pct;
    struct sim_judge *j = k->j;

    if (!sim_judge_calm(j))
        return;
    if (new_pods(k) < needed_pods(k))
        sim_judge_violation(j, "I12", "step %d stands on %d pods of %d", step, new_pods(k),
                            needed_pods(k));
    if (k->c.by == TRAFFIC_ROUTE && j->sent_ms[weight] < j->s->now_ms - JUDGE_GRACE_MS)
        sim_judge_violation(j, "settle", "step %d stands, but weight %d is not what is sent", step,
                            weight);
}

static bool begins_to_stand(const struct step_case *k)
{
    return k->now->settled_ms && k->now->step >= 1 && k->now->step <= k->c.step_count &&
           (!k->then->settled_ms || k->then->step != k->now->step) &&
           k->now->direction == DIRECTION_FORWARD && !k->now->committed_ms;
}

/* ---- a step is passed: held, gates, approval, nobody paused it ------------------------------- */

static const struct gate_state *gate_in(const struct rollout_status *st, const char *name)
{
    for (int i = 0; i < st->gate_count; i++) {
        if (str_equal(st->gates[i].name, name))
            return &st->gates[i];
    }
    return NULL;
}

/* Asked in a later step already: what it said in this one is not known any more. */
static bool has_passed(const struct step_case *k, const char *name, int step)
{
    for (int i = 0; i < 2; i++) {
        const struct gate_state *g = gate_in(k->st[i], name);

        if (g && (g->step > step || (g->step == step && g->verdict == VERDICT_PASS)))
            return true;
    }
    return false;
}

static void check_gates(const struct step_case *k, int step)
{
    const struct rollout_spec *spec = &k->w->rollout->spec;

    for (size_t i = 0; i < spec->gate_count; i++) {
        const struct gate_spec *g = &spec->gates[i];

        if (k->c.steps[step - 1].gates & 1U << i && !g->dry_run && !has_passed(k, g->name, step))
            sim_judge_violation(k->j, "I2", "step %d is passed, but gate %s has not", step,
                                g->name);
    }
}

static void check_passed(const struct step_case *k, int step)
{
    const struct step *s = &k->c.steps[step - 1];
    const struct flight_step *rec = &k->now->steps[step - 1];
    struct sim_judge *j = k->j;

    if (k->w->rollout->spec.paused && k->then->paused_ms)
        sim_judge_violation(j, "I9", "step %d is passed while it is paused", step);
    if (k->now->forced || rec->skipped)
        return;
    if (s->hold_ms && (!k->then->settled_ms || j->s->now_ms < k->then->settled_ms + s->hold_ms))
        sim_judge_violation(j, "I2", "step %d is passed before its hold is over", step);
    if (s->approve && !rec->approved)
        sim_judge_violation(j, "I2", "step %d is passed without approval", step);
    check_gates(k, step);
}

/* An edit of the steps moves the record of those before: that is no pass. */
static bool is_passed_now(const struct step_case *k, int step)
{
    return k->now->steps[step - 1].ended_ms && !k->then->steps[step - 1].ended_ms &&
           str_equal(k->now->spec_digest, k->then->spec_digest);
}

static bool same_flight(const struct step_case *k)
{
    return k->then->present && k->now->present && k->then->started_ms == k->now->started_ms &&
           str_equal(k->then->revision, k->now->revision);
}

static void check_steps(const struct step_case *k)
{
    int passed = 0;

    if (!same_flight(k))
        return;
    for (int step = 1; step <= k->c.step_count; step++) {
        if (!is_passed_now(k, step))
            continue;
        passed++;
        check_passed(k, step);
        if (step > 1 && !k->now->steps[step - 2].ended_ms)
            sim_judge_violation(k->j, "I2", "step %d is passed before step %d", step, step - 1);
    }
    if (begins_to_stand(k))
        check_stands(k);
}

/* ---- the commit ------------------------------------------------------------------------------ */

/* A step that judges nothing leaves nothing to be recorded: the commit itself is the record. */
static bool is_barrier(const struct world *w, int step)
{
    struct compiled c;

    compile_steps(&w->rollout->spec, &c);
    return step < c.step_count && !c.steps[step].gates && !c.steps[step].hold_ms &&
           !c.steps[step].approve;
}

static void check_commit(struct sim_judge *j, const struct world *w)
{
    const char *revision = w->fence->record.stable_revision;
    const struct flight *fl = &w->rollout->status.flight;

    if (!j->apart && !str_equal(fl->revision, revision))
        return; /* the other hand has begun the next flight a moment ago */
    for (int i = 0; i < fl->step_count; i++) {
        if (!fl->steps[i].ended_ms && !(i + 1 == fl->step_count && is_barrier(w, i)))
            sim_judge_violation(j, "I2", "%s is committed before step %d is passed", revision,
                                i + 1);
    }
    if (fl->regime != REGIME_OUTSIDE || !sim_judge_calm(j))
        return;
    for (size_t i = 0; i < w->service_count; i++) {
        const char *name = w->services[i]->meta.name;
        const int all = sim_endpoints(j->s, name, NULL),
                  fresh = sim_endpoints(j->s, name, revision);

        if (sim_judge_live(w, w->services[i]) && fresh < all)
            sim_judge_violation(j, "I4", "%s is committed, but serves %d of %d behind %s", revision,
                                fresh, all, name);
    }
}

static void check_record(struct sim_judge *j, const struct world *w, const cJSON *before,
                         struct arena *a)
{
    auto_free char *raw = json_print(before);
    const struct fence *then = fence_read(a, before, raw, strlen(raw));

    if (w->fence && w->fence->record.committed_ms && !then->record.committed_ms)
        check_commit(j, w);
}

/* ---- giving back ----------------------------------------------------------------------------- */

/* Unpaused, the Deployment controller makes its template whole: what it has must be all of it. */
static void check_resume(struct sim_judge *j, const struct world *w)
{
    int32_t inside = 0;

    for (size_t i = 0; i < w->rs_count; i++) {
        if (str_equal(w->rs[i]->controller_uid, w->dep->meta.uid) &&
            str_equal(w->rs[i]->digest, w->dep->digest))
            inside += w->rs[i]->replicas;
    }
    if (sim_judge_calm(j) && inside < w->dep->replicas)
        sim_judge_violation(j, "resume", "given back with %d pods of its template, %d are missing",
                            inside, w->dep->replicas - inside);
}

static const struct rollout *rollout_before(struct arena *a, const struct sim_judge *j,
                                            const cJSON *before)
{
    auto_free char *raw = j->was ? NULL : json_print(before);

    return j->was ? j->was : rollout_read(a, before, raw, strlen(raw));
}

void sim_judge_step(struct sim_judge *j, const struct world *w, const struct action *act,
                    const cJSON *before)
{
    struct arena a;

    arena_init(&a);
    if (act->target == TARGET_ROLLOUT && act->subresource) {
        const struct rollout *then = rollout_before(&a, j, before);
        struct step_case k = {.j = j,
                              .w = w,
                              .then = &then->status.flight,
                              .now = &w->rollout->status.flight,
                              .st = {&then->status, &w->rollout->status}};

        compile_steps(&w->rollout->spec, &k.c);
        check_steps(&k);
    }
    if (act->act == ACT_RECORD)
        check_record(j, w, before, &a);
    if (act->act == ACT_RESUME)
        check_resume(j, w);
    arena_release(&a);
}

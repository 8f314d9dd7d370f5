/* SPDX-License-Identifier: Apache-2.0 */
/* judge.c - what must hold at every moment. */
#include "sluice/sim/judge.h"

#include "sluice/base/clock.h"
#include "sluice/plan/compile.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLLOW_MS (6 * SECOND_MS)

void sim_judge_init(struct sim_judge *j, struct sim *s, const char *rollout)
{
    *j = (struct sim_judge){.s = s,
                            .rollout = rollout,
                            .seen_epoch = -1,
                            .rested_ms = s->now_ms,
                            .weighs = -1,
                            .sends = -1};
}

void sim_judge_release(struct sim_judge *j)
{
    sim_judge_forget_resting(j);
    *j = (struct sim_judge){0};
}

void sim_judge_violation(struct sim_judge *j, const char *rule, const char *fmt, ...)
{
    char words[JUDGE_WORDS_MAX / 2];
    va_list ap;

    if (j->violations++)
        return;
    va_start(ap, fmt);
    vsnprintf(words, sizeof words, fmt, ap);
    va_end(ap);
    snprintf(j->words, sizeof j->words, "%s: %s (at %.1f s)", rule, words,
             (double)(j->s->now_ms - SIM_BIRTH_MS) / 1000);
}

void sim_judge_disturbed(struct sim_judge *j, int64_t ms)
{
    j->calm_ms = max_i64(j->calm_ms, j->s->now_ms + ms);
}

bool sim_judge_calm(const struct sim_judge *j)
{
    return j->s->now_ms >= j->calm_ms;
}

#define NATIVE_MS (20 * SECOND_MS) /* until what went out natively is taken in */

bool sim_judge_native(const struct sim_judge *j)
{
    return j->s->now_ms < j->native_ms;
}

/* Without the policies nobody holds a template that comes while the Deployment is not paused, nor
 * a Service's pin: till the operator has followed it goes out as from any Deployment. */
static void note_native(struct sim_judge *j, const struct world *w)
{
    const struct deployment *d = w->dep;

    if (j->s->opt.no_policies && w->rollout->spec.brake == BRAKE_PAUSED && !d->paused &&
        (d->observed_generation != d->meta.generation || d->st_updated != d->replicas ||
         !str_equal(d->digest, w->rollout->status.stable.digest)))
        j->native_ms = j->s->now_ms + NATIVE_MS;
}

/* ---- who is who ------------------------------------------------------------------------------ */

const char *sim_judge_side(const struct world *w)
{
    const struct rollout_spec *spec = &w->rollout->spec;

    return spec->strategy == STRATEGY_BLUE_GREEN ? spec->preview_service
           : spec->strategy == STRATEGY_CANARY   ? spec->canary_service
                                                 : NULL;
}

bool sim_judge_live(const struct world *w, const struct service *v)
{
    return service_selects(v, w->dep) && !v->created_for &&
           !str_equal(v->meta.name, sim_judge_side(w));
}

static bool outside(const struct world *w)
{
    return w->rollout->spec.strategy != STRATEGY_ROLLING;
}

static bool committed(const struct world *w)
{
    return w->fence && w->fence->record.committed_ms != 0;
}

int sim_judge_weight(const struct sim *s, const struct world *w, bool sent)
{
    struct sim_backend b[SIM_BACKENDS_MAX];
    int64_t most = 0;

    for (size_t i = 0; i < w->rollout->spec.traffic_count; i++) {
        const size_t n =
            sim_backends(s, w->rollout->spec.traffic[i].name, sent, b, SIM_BACKENDS_MAX);

        for (size_t k = 0; k < n; k++) {
            if (str_equal(b[k].service, sim_judge_side(w)) && b[k].sum > 0)
                most = max_i64(most, 100 * b[k].weight / b[k].sum);
        }
    }
    return (int)most;
}

/* ---- I1: ready endpoints never fall below their share ---------------------------------------- */

static void routes_capacity(struct sim_judge *j, const struct world *w, const char *route,
                            bool sent)
{
    struct sim_backend b[SIM_BACKENDS_MAX];
    const size_t n = sim_backends(j->s, route, sent, b, SIM_BACKENDS_MAX);

    for (size_t i = 0; i < n; i++) {
        const int ready = sim_endpoints(j->s, b[i].service, NULL);

        if (!str_equal(b[i].service, w->rollout->spec.stable_service) &&
            !str_equal(b[i].service, sim_judge_side(w)))
            continue; /* somebody else's */
        if (b[i].weight > 0 && ready == 0)
            sim_judge_violation(j, "I1", "weight %d on %s, which has no ready endpoint",
                                (int)b[i].weight, b[i].service);
        else if (b[i].sum > 0 && ready * b[i].sum < w->dep->replicas * b[i].weight)
            sim_judge_violation(j, "I1", "%d ready behind %s for weight %d of %d", ready,
                                b[i].service, (int)b[i].weight, (int)b[i].sum);
    }
}

/* Pods that walk within the Deployment's own surge: as there, what counts is that they are ready,
 * and not yet that every slice says so. */
static void check_walk(struct sim_judge *j, const struct world *w)
{
    const int32_t need = w->dep->replicas - surge_of(w->dep).unavailable;
    int32_t ready = 0;

    for (size_t i = 0; i < w->pod_count; i++)
        ready += w->pods[i]->ready;
    if (ready < need)
        sim_judge_violation(j, "I1", "%d pods ready, less than %d", ready, need);
}

static void check_capacity(struct sim_judge *j, const struct world *w)
{
    const int32_t need = w->dep->replicas;

    if (!sim_judge_calm(j) || need == 0)
        return;
    if (!outside(w) || sim_judge_native(j)) {
        check_walk(j, w);
        return;
    }
    for (size_t i = 0; i < w->service_count; i++) {
        const struct service *v = w->services[i];
        const int ready = sim_endpoints(j->s, v->meta.name, NULL);

        if (sim_judge_live(w, v) && ready < need)
            sim_judge_violation(j, "I1", "%d ready behind %s, less than %d", ready, v->meta.name,
                                need);
    }
    for (size_t i = 0; i < w->rollout->spec.traffic_count; i++) {
        routes_capacity(j, w, w->rollout->spec.traffic[i].name, false);
        routes_capacity(j, w, w->rollout->spec.traffic[i].name, true);
    }
}

/* ---- I2: a version that no gate lets pass gets no more than the first step gives ------------- */

static void check_bad(struct sim_judge *j, const struct world *w, const struct replicaset *rs)
{
    struct compiled c;
    int32_t most = 0;

    compile_steps(&w->rollout->spec, &c);
    if (c.by == TRAFFIC_PODS)
        most = (int32_t)max_i64(step_replicas(&c, w->dep, 1), 1);
    for (size_t i = 0; i < w->service_count; i++) {
        const struct service *v = w->services[i];
        const int served = sim_endpoints(j->s, v->meta.name, rs->revision);

        if (sim_judge_live(w, v) && served > most &&
            ((most == 0 && !j->s->opt.no_policies) || sim_judge_calm(j)))
            sim_judge_violation(j, "I2", "%d pods of a version that no gate passed are behind %s",
                                served, v->meta.name);
    }
    if (c.by == TRAFFIC_ROUTE && sim_judge_weight(j->s, w, false) > c.steps[0].weight_pct)
        sim_judge_violation(j, "I2", "weight %d on a version that no gate passed",
                            sim_judge_weight(j->s, w, false));
}

/* A person forced it on, or it was there before. */
static bool is_excused(const struct sim_judge *j, const char *revision)
{
    for (int i = 0; i < j->excused_count; i++) {
        if (str_equal(j->excused[i], revision))
            return true;
    }
    return false;
}

static void excuse(struct sim_judge *j, const char *revision)
{
    if (str_empty(revision) || is_excused(j, revision))
        return;
    if (j->excused_count == JUDGE_EXCUSED_MAX)
        memmove(j->excused[0], j->excused[1], (size_t)--j->excused_count * sizeof j->excused[0]);
    snprintf(j->excused[j->excused_count++], sizeof j->excused[0], "%s", revision);
}

static void check_judged(struct sim_judge *j, const struct world *w)
{
    const struct rollout_status *st = &w->rollout->status;
    const char *bad = j->s->opt.gate_bad;

    if (st->flight.forced)
        excuse(j, st->flight.revision);
    excuse(j, st->stable.revision);
    for (size_t i = 0; i < w->rs_count && bad && !sim_judge_native(j); i++) {
        const struct replicaset *rs = w->rs[i];

        if (str_equal(rs->digest, st->stable.digest))
            excuse(j, rs->revision); /* deleted, and made again under another name */
        if (rs->image && strstr(rs->image, bad) && rs->replicas > 0 && !is_excused(j, rs->revision))
            check_bad(j, w, rs);
    }
}

/* ---- I4: the way back is there until promotion ----------------------------------------------- */

/* The status follows the record with its next write: till then it may name a ReplicaSet that is
 * gone, for a commit whose record went with it. */
static const char *stable_digest(const struct world *w)
{
    const char *told = w->rollout->status.stable.digest;

    for (size_t i = 0; i < w->rs_count; i++)
        if (str_equal(w->rs[i]->digest, told))
            return told;
    return w->fence ? w->fence->record.stable_digest : told;
}

bool sim_judge_leads_back(const struct world *w)
{
    for (size_t i = 0; w->dep->dead_man && i < w->rs_count; i++) {
        const struct replicaset *rs = w->rs[i];

        if (str_equal(rs->controller_uid, w->dep->meta.uid) &&
            str_equal(rs->digest, stable_digest(w)) &&
            rs->deployment_revision == strtoll(w->dep->dead_man, NULL, 10))
            return true;
    }
    return false;
}

/* Others renumber revisions, and the operator follows as soon as it is there. */
static bool lost_for_good(struct sim_judge *j, bool lost)
{
    if (!lost)
        j->lost_ms = 0;
    else if (!j->lost_ms)
        j->lost_ms = j->s->now_ms;
    if (lost)
        j->seen_epoch = -1; /* its time runs */
    return lost && (j->apart || j->s->now_ms > j->lost_ms + FOLLOW_MS);
}

static int32_t pods_of(const struct world *w, const char *digest)
{
    int32_t most = 0;

    for (size_t i = 0; i < w->rs_count; i++) {
        if (str_equal(w->rs[i]->digest, digest))
            most = (int32_t)max_i64(most, w->rs[i]->replicas);
    }
    return most;
}

bool sim_judge_on_the_way(const struct world *w)
{
    const struct flight *fl = &w->rollout->status.flight;

    return fl->present && fl->step >= 1 && fl->direction == DIRECTION_FORWARD && !committed(w) &&
           !fl->committed_ms && w->dep->paused && !str_equal(w->dep->digest, stable_digest(w));
}

/* What was stable before came back as the candidate while the hand-over from it still goes on: it
 * has its pods from then, and the dead man its number. Until a step stands on it, its flight has
 * brought nothing; a write that does is judged by itself (judge_write.c). */
static bool has_pods_from_before(const struct world *w)
{
    const struct flight *fl = &w->rollout->status.flight;
    const struct record *rec = w->fence ? &w->fence->record : NULL;

    if (fl->settled_ms)
        return false;
    for (size_t i = 0; i < w->rs_count; i++) {
        for (size_t k = 0; rec && k < rec->history_count; k++) {
            if (str_equal(w->rs[i]->digest, w->dep->digest) &&
                str_equal(w->rs[i]->revision, rec->history[k]))
                return true;
        }
    }
    return false;
}

static bool in_order(const struct world *w)
{
    return (!outside(w) || pods_of(w, stable_digest(w)) >= w->dep->replicas) &&
           (!w->dep->dead_man || sim_judge_on_the_way(w) || sim_judge_leads_back(w));
}

bool sim_judge_in_order(const struct sim_judge *j)
{
    struct arena a;
    const struct world *w;
    bool is;

    arena_init(&a);
    w = sim_world(j->s, &a, j->rollout);
    is = !w || !w->dep || in_order(w);
    arena_release(&a);
    return is;
}

/* Not before the candidate has pods: a flight may begin while the hand-over of the one before it
 * still goes on. */
static bool needs_way_back(const struct sim_judge *j, const struct world *w)
{
    return sim_judge_calm(j) && sim_judge_on_the_way(w) && pods_of(w, w->dep->digest) > 0 &&
           !has_pods_from_before(w);
}

static void check_way_back(struct sim_judge *j, const struct world *w)
{
    const bool needed = needs_way_back(j, w) && !sim_judge_native(j);

    if (lost_for_good(j, needed && !sim_judge_leads_back(w)))
        sim_judge_violation(j, "I4", "the way back, revision %s, is not stable's",
                            w->dep->dead_man ? w->dep->dead_man : "(none)");
    if (needed && outside(w) && pods_of(w, stable_digest(w)) < w->dep->replicas)
        sim_judge_violation(j, "I4", "stable has %d pods of %d before the promotion",
                            pods_of(w, stable_digest(w)), w->dep->replicas);
}

/* ---- I5: one owner each, one ReplicaSet for a revision --------------------------------------- */

static void check_owners(struct sim_judge *j, const struct world *w)
{
    for (const struct sim_object *o = j->s->objects; o; o = o->next) {
        int controllers = 0;

        if (o->kind != SIM_REPLICASET)
            continue;
        JSON_EACH(owner, json_at(o->doc, "metadata.ownerReferences"))
            controllers += json_bool(owner, "controller", false);
        if (controllers != 1 && sim_judge_calm(j))
            sim_judge_violation(j, "I5", "ReplicaSet %s has %d controllers",
                                json_str(o->doc, "metadata.name"), controllers);
    }
    /* Resumed without the policies, the Deployment makes its own when ours is under way. */
    for (size_t i = 0; i < w->rs_count && j->apart && !j->s->opt.no_policies; i++) {
        for (size_t k = 0; k < i; k++) {
            if (str_equal(w->rs[i]->digest, w->rs[k]->digest))
                sim_judge_violation(j, "I5", "%s and %s have the same template",
                                    w->rs[k]->meta.name, w->rs[i]->meta.name);
        }
    }
}

static const char *shares(const struct world *w, struct arena *a)
{
    const char *text = "";

    for (size_t i = 0; i < w->rs_count; i++)
        text = arena_printf(a, "%s%s%s%s %d", text, i ? ", " : "", w->rs[i]->meta.name,
                            w->rs[i]->of ? " (fenced)" : "", w->rs[i]->replicas);
    return text;
}

static void check_cost(struct sim_judge *j, const struct world *w, struct arena *a)
{
    const int32_t n = w->dep->replicas, surge = surge_of(w->dep).surge;
    const int32_t most = 2 * n + (outside(w) ? 0 : surge + 1);
    int32_t all = 0;

    for (size_t i = 0; i < w->rs_count; i++)
        all += w->rs[i]->replicas;
    if (j->apart && sim_judge_calm(j) && n > 0 && all > most)
        sim_judge_violation(j, "cost", "%d pods are asked for, %d at most: %s", all, most,
                            shares(w, a));
}

/* ---- who is sent requests, and what is true: remembered for the writes that rest on it ------- */

static struct judge_served *served(struct sim_judge *j, const char *uid)
{
    struct judge_served *e;

    for (int i = 0; i < j->served_count; i++) {
        if (str_equal(j->served[i].uid, uid))
            return &j->served[i];
    }
    if (j->served_count == JUDGE_SERVED_MAX)
        memmove(&j->served[0], &j->served[1], (size_t)--j->served_count * sizeof j->served[0]);
    e = &j->served[j->served_count++];
    *e = (struct judge_served){0};
    snprintf(e->uid, sizeof e->uid, "%s", uid);
    return e;
}

static bool is_served(const struct sim_judge *j, const struct world *w, const struct replicaset *rs)
{
    const char *side = sim_judge_side(w);

    for (size_t i = 0; i < w->service_count; i++) {
        if (sim_judge_live(w, w->services[i]) &&
            sim_endpoints(j->s, w->services[i]->meta.name, rs->revision) > 0)
            return true;
    }
    return side && sim_judge_weight(j->s, w, true) > 0 &&
           sim_endpoints(j->s, side, rs->revision) > 0;
}

static void note_served(struct sim_judge *j, const struct world *w)
{
    for (size_t i = 0; i < w->rs_count; i++) {
        struct judge_served *e = served(j, w->rs[i]->meta.uid);
        const bool now = is_served(j, w, w->rs[i]);

        if (now && !e->now)
            e->since_ms = j->s->now_ms;
        e->now = now;
    }
}

static bool accepted_now(const struct world *w)
{
    for (size_t i = 0; i < w->route_count; i++) {
        const struct route *r = w->routes[i];

        for (size_t k = 0; k < r->parent_count; k++) {
            if (!r->parents[k].accepted || r->parents[k].observed_generation < r->meta.generation)
                return false;
        }
    }
    return true;
}

/* Before a status said what is stable. */
static bool is_whole(const struct deployment *d)
{
    return d->observed_generation == d->meta.generation && d->st_updated == d->replicas &&
           d->st_replicas == d->replicas;
}

static void note_truths(struct sim_judge *j, const struct world *w)
{
    const struct deployment *d = w->dep;

    j->rests = str_equal(d->digest, w->rollout->status.stable.digest);
    if (w->rollout->spec.traffic_count && accepted_now(w))
        j->weighs = sim_judge_weight(j->s, w, false);
    if (w->rollout->spec.traffic_count)
        j->sends = sim_judge_weight(j->s, w, true);
}

/* Until the cluster changes, what was true stays true. */
static void truths_last(struct sim_judge *j)
{
    for (int i = 0; i < j->served_count; i++) {
        if (j->served[i].now)
            j->served[i].last_ms = j->s->now_ms;
    }
    if (j->rests)
        j->rested_ms = j->s->now_ms;
    if (j->weighs >= 0)
        j->weighed_ms[j->weighs] = j->s->now_ms;
    if (j->sends >= 0)
        j->sent_ms[j->sends] = j->s->now_ms;
}

void sim_judge_look(struct sim_judge *j)
{
    struct arena a;
    const struct world *w;

    truths_last(j);
    if (j->seen_epoch == j->s->epoch && sim_judge_calm(j))
        return;
    j->seen_epoch = sim_judge_calm(j) ? j->s->epoch : -1;
    arena_init(&a);
    w = sim_world(j->s, &a, j->rollout);
    if (w && w->dep)
        note_native(j, w);
    if (w && w->dep && w->rollout->status.stable.revision) {
        check_capacity(j, w);
        check_judged(j, w);
        check_way_back(j, w);
        check_owners(j, w);
        check_cost(j, w, &a);
        note_served(j, w);
        note_truths(j, w);
        truths_last(j);
    } else if (w && w->dep) {
        j->rests = is_whole(w->dep);
        truths_last(j);
    }
    arena_release(&a);
}

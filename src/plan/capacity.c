/* SPDX-License-Identifier: Apache-2.0 */
/* capacity.c - how many pods each side has: what is left over goes, what is new comes. */
#include "planner.h"

#include <string.h>

/* ---- what is neither stable nor candidate ---------------------------------------------------- */

bool drained(struct planner *p)
{
    struct flight *fl = &p->st.flight;
    int64_t until;

    if (!fl->present)
        return true;
    if (!fl->drained_ms) {
        fl->drained_ms = p->now;
        decide(p);
    }
    until = fl->drained_ms + p->spec->drain_ms;
    if (p->now >= until)
        return true;
    awaits(p, "Drain", "", fl->drained_ms, until, "its pods go", "",
           "requests in the old pods to end");
    return false;
}

bool drain_anew(struct planner *p)
{
    struct flight *fl = &p->st.flight;

    if (!fl->drained_ms)
        return false;
    fl->drained_ms = 0;
    decide(p);
    return true;
}

/* What every Service selects may have served since the last look, which tells of none available. */
static bool never_served(const struct planner *p, const struct replicaset *rs)
{
    return available(rs) == 0 && p->c.by != TRAFFIC_PODS;
}

/* Pods go only when nothing is sent to them any more, or when they never served. */
static bool may_go(struct planner *p, const struct replicaset *rs)
{
    if (rs->controller_uid && !rs_fenced(p, rs))
        return false; /* a fence we do not know: the view is stale */
    if (!p->stable)
        return false;
    if (!p->outside)
        return available(rs) == 0 || serves(p, p->stable, p->n);
    if (!traffic_off(p))
        return false;
    return never_served(p, rs) || drained(p);
}

/* O9: it has the candidate's name and not its template. Made anew it would be the same again, so it
 * stays, without pods, for whoever is to see it. */
static const struct replicaset *mutant(const struct planner *p)
{
    const struct replicaset *rs = rs_by_revision(p, p->st.flight.revision);

    return p->forward && !p->candidate && rs != p->stable ? rs : NULL;
}

/* Inside, on the way back. The Deployment controller may still be about to shrink stable for what
 * was walking beside it, and no look can tell: all stand ready until its write is there. A write of
 * ours on stable comes before or makes that one fail (it names the version that it was decided on),
 * and who has seen ours has seen the fence. So stable's sum is written first: N, for it is alone.
 * Without a surge that is the sum anyway, and what may go is within maxUnavailable. */
static bool is_alone(const struct planner *p)
{
    return p->outside || p->committed || p->stable->max_annotation == p->n;
}

static enum flow drop(struct planner *p, const struct replicaset *rs)
{
    if (available(rs) > 0 && !is_alone(p))
        return act_rs_counts(p, p->stable, p->n);
    return act_rs_scale(p, rs, 0);
}

static enum flow drop_empty(struct planner *p)
{
    for (size_t i = 0; i < p->w->rs_count; i++) {
        const struct replicaset *rs = p->w->rs[i];

        if (!is_extra(p, rs) || rs_inside(p, rs) || rs == p->previous || !rs_empty(rs))
            continue;
        if (in_history(p, rs) && !str_equal(rs->digest, p->rec.stable_digest))
            continue;
        if (rs == mutant(p))
            continue;
        return act_rs_delete(p, rs);
    }
    return NEXT;
}

enum flow rule_extras(struct planner *p)
{
    bool wait = false;

    if (!p->f)
        return NEXT;
    if (p->d->paused && drop_empty(p) == STOP)
        return STOP;
    for (size_t i = 0; i < p->w->rs_count; i++) {
        const struct replicaset *rs = p->w->rs[i];

        if (!is_extra(p, rs) || rs_inside(p, rs) || rs_empty(rs) || is_warm(p, rs))
            continue;
        if (rs->replicas > 0 && may_go(p, rs))
            return drop(p, rs);
        wait = true;
    }
    if (!wait)
        return NEXT;
    if (p->committed)
        say(p, "Promoting", REASON_PROMOTING, false,
            "Hands over to revision %s; the old pods drain and go.",
            str_name(p->st.stable.revision));
    else
        say(p, "Aborting", REASON_ABORTING, false,
            "Takes back: traffic off first, then drain, then pods.");
    return STOP;
}

/* ---- the candidate --------------------------------------------------------------------------- */

static enum flow mutated(struct planner *p)
{
    const struct replicaset *rs = mutant(p);

    if (!rs)
        return NEXT;
    say(p, "Stalled", REASON_TEMPLATE_MUTATED, true,
        "Something changes ReplicaSets on creation: %s is not what was asked for. Exempt them, "
        "then delete it.",
        rs->meta.name);
    return STOP;
}

static bool shares_deployment(const struct planner *p)
{
    return !p->outside && p->n > 1;
}

static int32_t sum_inside(const struct planner *p)
{
    return p->n + p->surge.surge;
}

static bool counts_written(const struct planner *p, const struct replicaset *rs)
{
    return rs->desired_annotation == p->n && rs->max_annotation == sum_inside(p);
}

/* Inside: both sides know the sum before the candidate gets its first pod (C7). */
static enum flow bring_inside(struct planner *p)
{
    const struct replicaset *c = p->candidate, *s = p->stable;

    if (!shares_deployment(p))
        return NEXT;
    if (!counts_written(p, s) && c->replicas == 0)
        return act_rs_counts(p, s, sum_inside(p));
    if (rs_inside(p, c))
        return c->replicas > 0 || counts_written(p, c) ? NEXT : act_rs_counts(p, c, sum_inside(p));
    if (c->replicas > 0) {
        if (c->st_ready > 0 && !rs_available(s, p->n))
            return STOP; /* they serve */
        return drop(p, c);
    }
    if (!rs_empty(c))
        return STOP;
    if (c->deployment_revision + 1 < revision_next(p))
        return act_rs_number(p, c, revision_next(p));
    if (!counts_written(p, c))
        return act_rs_counts(p, c, sum_inside(p));
    return act_rs_give(p, c);
}

/* Inside, the Deployment controller sees to it. */
static enum flow follow_min_ready(struct planner *p)
{
    const struct replicaset *c = p->candidate;

    if (rs_inside(p, c) || c->min_ready_seconds == p->d->min_ready_seconds)
        return NEXT;
    return act_rs_min_ready(p, c);
}

static enum flow no_pods_to_judge(struct planner *p)
{
    say(p, "Progressing", REASON_SCALED_TO_ZERO, false,
        "Deployment %s has 0 replicas: nothing can be judged; promotion waits.", p->d->meta.name);
    return STOP;
}

/* With its pods at once, where no request reaches them before it was compared. */
static int32_t first_size(const struct planner *p)
{
    return p->outside && p->c.by != TRAFFIC_PODS ? want_new(p) : 0;
}

enum flow rule_candidate(struct planner *p)
{
    if (!p->forward || p->st.flight.step < 1)
        return NEXT;
    if (p->candidate && follow_min_ready(p) == STOP)
        return STOP;
    if (p->candidate)
        return bring_inside(p);
    if (mutated(p) == STOP)
        return STOP;
    if (p->n == 0)
        return no_pods_to_judge(p);
    return act_rs_create(p, p->st.flight.revision, first_size(p), p->d->template_raw,
                         revision_next(p), shares_deployment(p));
}

static bool older(const struct replicaset *a, const struct replicaset *b)
{
    if (a->meta.created_ms != b->meta.created_ms)
        return a->meta.created_ms < b->meta.created_ms;
    return strcmp(a->meta.name, b->meta.name) < 0;
}

/* One write moves as many. Of two sides as large as each other the Deployment controller shrinks
 * the older and grows the newer: a candidate from history must step over that, or not get there. */
static int32_t next_size(const struct planner *p, int32_t want)
{
    const struct replicaset *c = p->candidate, *s = p->stable;
    const int32_t next =
        (int32_t)min_i64(want, c->replicas + p->surge.surge + p->surge.unavailable);

    return next == s->replicas && c->replicas > 0 && older(c, s) ? next - 1 : next;
}

/* Then what it has is enough: the commit gives it the rest. */
static bool as_far_as_it_goes(const struct planner *p, int32_t want)
{
    const struct replicaset *c = p->candidate, *s = p->stable;

    return c && shares_deployment(p) && rs_inside(p, c) && c->replicas < want &&
           s->replicas == c->replicas + 1 && next_size(p, want) <= c->replicas;
}

int32_t want_new(const struct planner *p)
{
    const int step = p->st.flight.step;
    int32_t want;

    if (!p->forward || step < 1 || p->n == 0)
        return 0;
    if (p->outside && p->candidate && str_equal(serve_revision(p), p->candidate->revision))
        return p->n;
    want = step_replicas(&p->c, p->d, step);
    return as_far_as_it_goes(p, want) ? p->candidate->replicas : want;
}

static bool all_available(const struct replicaset *rs)
{
    return rs_available(rs, rs->replicas);
}

/* One write moves at most surge + unavailable pods; the Deployment controller moves the other side
 * so that both are N + surge together (deployment-controller.md section 4). */
static enum flow walk(struct planner *p, int32_t want)
{
    const struct replicaset *c = p->candidate, *s = p->stable;
    const int32_t all = p->n + p->surge.surge;
    int32_t next;

    if (c->replicas >= want)
        return NEXT;
    if (c->replicas > 0 && (c->replicas + s->replicas != all || !all_available(c)))
        return NEXT;
    if (!all_available(s) && available(s) > 0)
        return NEXT;
    next = next_size(p, want);
    if (s->replicas >= next)
        return act_rs_scale(p, c, next);
    return act_rs_scale(p, s, all - next);
}

/* No more weight than this step has, on the way or settled: an edit of the steps may have left the
 * weight of a later one. */
static bool weight_lowered(struct planner *p)
{
    const struct flight *fl = &p->st.flight;

    return fl->weight_desired <= step_weight(p) && weight_settled(p);
}

/* The Deployment was resumed, and the candidate has what stable lost. */
static enum flow stable_grows(struct planner *p)
{
    say(p, "Progressing", REASON_PROGRESSING, false,
        "Waits for the pods of revision %s: the new ones serve in their stead.",
        str_name(p->stable->revision));
    return STOP;
}

enum flow rule_size(struct planner *p)
{
    const struct replicaset *c = p->candidate;
    const int32_t want = want_new(p);

    if (!p->forward || !c || p->st.flight.step < 1)
        return NEXT;
    if (shares_deployment(p))
        return walk(p, want);
    if (c->replicas == want)
        return p->n == 0 ? no_pods_to_judge(p) : NEXT;
    if (want < c->replicas && p->c.by == TRAFFIC_ROUTE && !weight_lowered(p))
        return NEXT; /* its weight would be too much for what is left */
    if (want < c->replicas && available(c) > 0 && !rs_available(p->stable, p->n))
        return stable_grows(p);
    return act_rs_scale(p, c, want);
}

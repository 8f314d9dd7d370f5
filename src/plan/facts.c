/* SPDX-License-Identifier: Apache-2.0 */
#include "planner.h"

bool rs_inside(const struct planner *p, const struct replicaset *rs)
{
    return str_equal(rs->controller_uid, p->d->meta.uid);
}

bool rs_fenced(const struct planner *p, const struct replicaset *rs)
{
    return p->f && str_equal(rs->controller_uid, p->f->meta.uid);
}

bool rs_empty(const struct replicaset *rs)
{
    return rs->replicas == 0 && rs->st_replicas == 0 &&
           rs->observed_generation >= rs->meta.generation;
}

int32_t available(const struct replicaset *rs)
{
    return rs ? rs->st_available : 0;
}

bool rs_available(const struct replicaset *rs, int32_t n)
{
    return rs && rs->observed_generation >= rs->meta.generation && rs->st_available >= n;
}

bool dep_observed(const struct planner *p)
{
    return p->d->observed_generation >= p->d->meta.generation;
}

bool dep_complete(const struct planner *p)
{
    const struct deployment *d = p->d;

    return dep_observed(p) && d->st_replicas == d->replicas && d->st_updated == d->replicas &&
           d->st_available == d->replicas;
}

/* Of the Deployment (owner reference, in or out), or left by a flight of one of its name. */
static bool rs_ours(const struct planner *p, const struct replicaset *rs)
{
    return rs->meta.deleting_ms == 0 &&
           (str_equal(rs->deployment_uid, p->d->meta.uid) || str_equal(rs->of, p->d->meta.name));
}

const struct replicaset *rs_by_revision(const struct planner *p, const char *revision)
{
    for (size_t i = 0; revision && i < p->w->rs_count; i++) {
        if (rs_ours(p, p->w->rs[i]) && str_equal(p->w->rs[i]->revision, revision))
            return p->w->rs[i];
    }
    return NULL;
}

static bool better(const struct planner *p, const struct replicaset *a, const struct replicaset *b)
{
    const bool named_a = str_equal(a->revision, p->st.flight.revision);
    const bool named_b = b && str_equal(b->revision, p->st.flight.revision);

    if (!b || named_a != named_b)
        return !b || named_a;
    if (a->replicas != b->replicas)
        return a->replicas > b->replicas;
    return a->meta.created_ms < b->meta.created_ms;
}

/* One without hash was adopted from somebody: its pods cannot be told from others. */
const struct replicaset *rs_by_digest(const struct planner *p, const char *digest)
{
    const struct replicaset *best = NULL;

    for (size_t i = 0; !str_empty(digest) && i < p->w->rs_count; i++) {
        const struct replicaset *rs = p->w->rs[i];

        if (rs->revision && rs_ours(p, rs) && str_equal(rs->digest, digest) && better(p, rs, best))
            best = rs;
    }
    return best;
}

bool in_history(const struct planner *p, const struct replicaset *rs)
{
    for (size_t i = 0; i < p->rec.history_count; i++) {
        if (str_equal(p->rec.history[i], rs->revision))
            return true;
    }
    return false;
}

bool waits_to_start(const struct planner *p)
{
    return p->c.start_gates || p->spec->paused;
}

/* A candidate's pods come with its first step. Where something is waited for before that, they came
 * with the Deployment controller, for somebody resumed it: they go as all others do. */
static bool came_early(const struct planner *p, const struct replicaset *rs)
{
    return p->forward && p->st.flight.step < 1 && waits_to_start(p) && !rs_empty(rs);
}

bool is_extra(const struct planner *p, const struct replicaset *rs)
{
    return rs_ours(p, rs) && rs != p->stable && (rs != p->candidate || came_early(p, rs));
}

/* Outside, the old stable pods stay as they are until the bake is over: undo is a pin. */
bool is_warm(const struct planner *p, const struct replicaset *rs)
{
    return p->committed && rs == p->previous && p->outside && p->n > 0 &&
           p->st.flight.direction == DIRECTION_FORWARD &&
           (!p->st.flight.bake_until_ms || p->now < p->st.flight.bake_until_ms);
}

static bool extra_has_pods(const struct planner *p, bool outside)
{
    for (size_t i = 0; i < p->w->rs_count; i++) {
        const struct replicaset *rs = p->w->rs[i];

        if (is_extra(p, rs) && !rs_empty(rs) && !(outside && rs_inside(p, rs)))
            return true;
    }
    return false;
}

bool extras_have_pods(const struct planner *p)
{
    return extra_has_pods(p, false);
}

bool given_back(const struct planner *p)
{
    for (size_t i = 0; i < p->w->rs_count; i++) {
        if (is_extra(p, p->w->rs[i]) && !rs_inside(p, p->w->rs[i]))
            return false;
    }
    return p->stable && rs_inside(p, p->stable);
}

/* Inside regime: the candidate shares the Deployment while there are at least two pods to share
 * and the Deployment controller has not made it whole (it would then drop stable). Not while others
 * have pods: those go when stable is whole, which it never gets beside a candidate. */
bool inside_allowed(const struct planner *p, const struct replicaset *rs)
{
    if (rs == p->stable)
        return true;
    /* Given back under the pause that stays: the pods are stable's, which has the newest template;
     * where it is not there yet they would be whose is left. */
    if (p->spec->brake == BRAKE_PAUSED && !p->changed && in_history(p, rs) && rs_empty(rs))
        return rs_inside(p, p->stable);
    return rs == p->candidate && p->forward && !p->outside && p->n > 1 && rs->replicas < p->n &&
           !is_extra(p, rs) && rs_inside(p, p->stable) &&
           (rs->replicas == 0 || !extra_has_pods(p, true));
}

int64_t revision_next(const struct planner *p)
{
    int64_t top = p->d->revision;

    for (size_t i = 0; i < p->w->rs_count; i++)
        top = max_i64(top, p->w->rs[i]->deployment_revision);
    return top + 1;
}

bool baking(const struct planner *p)
{
    return p->committed && p->st.flight.bake_until_ms != 0;
}

bool at_last_step(const struct planner *p)
{
    return p->st.flight.step >= p->c.step_count;
}

/* A status that others wrote may lack its step. */
int step_weight(const struct planner *p)
{
    const int step = p->st.flight.step;

    return step >= 1 ? p->c.steps[step - 1].weight_pct : 0;
}

bool step_ended(const struct planner *p, int step)
{
    return step >= 1 && step <= FLIGHT_STEPS_MAX && p->st.flight.steps[step - 1].ended_ms != 0;
}

bool way_back(const struct planner *p)
{
    return !p->committed || p->rec.previous;
}

/* The fence was lost after the commit: the status and the ReplicaSets still tell of it. */
static void recall_commit(struct planner *p)
{
    const struct flight *fl = &p->st.flight;
    const struct replicaset *old = rs_by_revision(p, fl->from_revision);

    if (!fl->present || !fl->committed_ms || !str_equal(fl->revision, p->rec.stable_revision))
        return;
    p->rec.committed_ms = fl->committed_ms;
    if (!old)
        return;
    p->rec.previous = old->revision;
    p->rec.previous_digest = old->digest;
    p->rec.previous_number = old->deployment_revision;
    p->rec.previous_template = old->template_raw;
}

bool status_knows(const struct planner *p)
{
    return !str_empty(p->st.stable.revision) && str_equal(p->st.target.uid, p->d->meta.uid);
}

/* Written by a leader long replaced, for a flight that is over: nothing that is open now, and it
 * names another revision than the status without telling of the commit that would explain it. But
 * where nothing is left of the status' stable, the record was made of what is. */
static bool comes_late(const struct planner *p, const struct fence *f)
{
    const struct flight *fl = &p->st.flight;

    return status_knows(p) && !f->record.committed_ms && !fl->committed_ms &&
           fl->direction == DIRECTION_FORWARD &&
           !str_equal(f->record.stable_revision, p->st.stable.revision) &&
           (rs_by_revision(p, p->st.stable.revision) || rs_by_digest(p, p->st.stable.digest));
}

static bool is_good(const struct planner *p, const struct fence *f)
{
    return f && f->readable && f->meta.deleting_ms == 0 &&
           str_equal(f->deployment_uid, p->d->meta.uid) && !comes_late(p, f);
}

/* The fence is right about what is stable, previous and committed; without it the status is. */
static void find_record(struct planner *p)
{
    p->f = is_good(p, p->w->fence) ? p->w->fence : NULL;
    p->rec = (struct record){0};
    if (p->f) {
        p->rec = p->f->record;
        p->rec_known = true;
        return;
    }
    p->rec_known = status_knows(p);
    if (!p->rec_known)
        return;
    p->rec.stable_revision = p->st.stable.revision;
    p->rec.stable_digest = p->st.stable.digest;
    p->rec.stable_number = p->st.stable.deployment_revision;
    recall_commit(p);
}

/* The same template under another version of the digest: the Deployment is as it was when its
 * digest was recorded, or the revision's ReplicaSet has the template that the Deployment has. */
static bool is_renamed(const struct planner *p, const char *revision, const char *digest)
{
    const struct replicaset *rs = rs_by_revision(p, revision);

    if (str_empty(digest) || str_equal(digest, p->d->digest))
        return false;
    if (rs && str_equal(rs->digest, p->d->digest))
        return true;
    return str_equal(p->st.target.uid, p->d->meta.uid) &&
           p->st.target.observed_generation == p->d->meta.generation &&
           str_equal(digest, p->st.target.digest);
}

/* An upgrade of Sluice must never start a release: templates are compared, and what was recorded
 * of them by an earlier version of the digest is read anew. What counts as stable is its
 * ReplicaSet. */
static void renew_digests(struct planner *p)
{
    const struct replicaset *stable = rs_by_revision(p, p->rec.stable_revision);
    const struct replicaset *previous = rs_by_revision(p, p->rec.previous);

    if (stable)
        p->rec.stable_digest = stable->digest;
    else if (is_renamed(p, NULL, p->rec.stable_digest))
        p->rec.stable_digest = p->d->digest;
    if (previous)
        p->rec.previous_digest = previous->digest;
    if (is_renamed(p, p->st.flight.revision, p->st.flight.digest))
        p->st.flight.digest = p->d->digest;
    if (is_renamed(p, p->st.rejected.revision, p->st.rejected.digest))
        p->st.rejected.digest = p->d->digest;
}

/* Does the record tell of a commit of this very flight? A cache that lags may show the one of the
 * flight before, which named what this one leaves. */
static bool is_committed(const struct planner *p)
{
    const struct flight *fl = &p->st.flight;

    return fl->present && p->rec.committed_ms != 0 &&
           (str_equal(p->rec.stable_revision, fl->revision) ||
            str_equal(p->rec.stable_digest, fl->digest));
}

/* It goes by its name. But where we and the Deployment controller made it at the same time, there
 * are two of one template, and the Deployment controller keeps its own. */
static const struct replicaset *find_stable(const struct planner *p)
{
    const struct replicaset *named = rs_by_revision(p, p->rec.stable_revision);
    const struct replicaset *alike;

    if (named && named->replicas > 0)
        return named;
    alike = rs_by_digest(p, p->rec.stable_digest);
    if (alike && alike->replicas > 0)
        return alike;
    return named ? named : alike;
}

void facts(struct planner *p)
{
    const struct flight *fl = &p->st.flight;

    p->stable = p->candidate = p->previous = NULL;
    p->changed = p->rejected = p->forward = p->back = p->committed = false;
    compile_steps(p->spec, &p->c);
    if (fl->present)
        p->c.regime = fl->regime;
    p->outside = p->c.regime == REGIME_OUTSIDE;
    if (!p->d)
        return;
    p->n = p->d->replicas;
    p->surge = surge_of(p->d);
    find_record(p);
    if (!p->rec_known)
        return;
    renew_digests(p);
    p->stable = find_stable(p);
    p->changed = !str_equal(p->d->digest, p->rec.stable_digest);
    p->rejected = p->changed && str_equal(p->d->digest, p->st.rejected.digest);
    p->committed = is_committed(p);
    p->previous = p->committed ? rs_by_revision(p, p->rec.previous) : NULL;
    p->back = fl->present && fl->direction == DIRECTION_BACK;
    p->forward = fl->present && !p->back && !p->committed && p->changed && !p->rejected;
    if (p->forward || (!fl->present && p->changed && !p->rejected && !p->r->meta.deleting_ms))
        p->candidate = rs_by_digest(p, p->d->digest);
}

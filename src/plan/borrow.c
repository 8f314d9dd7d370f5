/* SPDX-License-Identifier: Apache-2.0 */
/* borrow.c - who owns which ReplicaSet: brake, fence, record (design.md 3, prototype.md 5-11).
 *
 * While the Deployment is paused it holds stable and, inside, the candidate: nothing else, or its
 * controller would revive history (O1, O3). Everything else hangs on the fence. */
#include "planner.h"

#include <string.h>

/* Anything of ours open: the Deployment is kept paused. */
static bool held(const struct planner *p)
{
    return p->d->paused && (p->st.flight.present || p->d->dead_man || p->f);
}

enum flow rule_finalizer(struct planner *p)
{
    if (!held(p) || p->r->has_finalizer || p->r->meta.deleting_ms)
        return NEXT;
    return act_finalizer(p, true);
}

/* Paused without the way back natively: the same write is the late brake. */
enum flow rule_dead_man(struct planner *p)
{
    if (!p->d->paused || p->d->dead_man)
        return NEXT;
    if (!p->changed && !p->st.flight.present)
        return NEXT; /* about to be resumed */
    return act_brake(p, p->rec.stable_number, NULL);
}

/* O10b: nothing changes hands before the Deployment controller knows of the pause. */
enum flow rule_observed(struct planner *p)
{
    if (!p->d->paused || dep_observed(p))
        return NEXT;
    say(p, "Progressing", REASON_PROGRESSING, false,
        "Waits for the Deployment controller to see the pause.");
    awaits(p, "Barrier", "deployment", p->st.flight.progressed_ms, 0, "", "",
           "the Deployment controller to see the pause");
    return STOP;
}

char *template_plain(struct planner *p, const char *raw)
{
    struct strbuf out;
    char *text;

    strbuf_init(&out, 2 * RECORD_BYTES_MAX);
    json_canonical(&out, (struct jslice){raw, strlen(raw)}, "metadata.labels." LABEL_REVISION);
    text = arena_strdup(p->a, strbuf_str(&out));
    strbuf_release(&out);
    return text;
}

static const struct replicaset *find_stable(const struct planner *p)
{
    const struct replicaset *only = NULL;

    if (p->stable)
        return p->stable;
    for (size_t i = 0; i < p->w->rs_count; i++) {
        const struct replicaset *rs = p->w->rs[i];

        if (str_equal(rs->digest, p->d->digest))
            continue; /* what is new was not judged yet, even where it is all that is left */
        if (rs->deployment_revision > 0 &&
            str_equal(p->d->dead_man,
                      arena_printf(p->a, "%lld", (long long)rs->deployment_revision)))
            return rs;
        if (rs_inside(p, rs) && rs->replicas > 0)
            only = rs;
    }
    return only;
}

static bool goes_back(const struct planner *p, const struct replicaset *rs)
{
    return rs_inside(p, rs) || str_equal(rs->revision, p->rec.previous);
}

/* Everything of the Deployment at this moment but stable goes back to it at the end. */
static void list_history(struct planner *p, const struct replicaset *stable)
{
    const char **names = ARENA_ARRAY(p->a, const char *, p->w->rs_count + 1);
    size_t count = 0;

    for (size_t i = 0; i < p->w->rs_count; i++) {
        const struct replicaset *rs = p->w->rs[i];

        if (rs != stable && rs->revision && goes_back(p, rs) &&
            !str_equal(rs->digest, p->rec.stable_digest))
            names[count++] = rs->revision;
    }
    p->rec.history = names;
    p->rec.history_count = count;
}

static enum flow broken_fence(struct planner *p)
{
    if (!p->w->fence)
        return NEXT;
    if (p->w->fence->meta.deleting_ms)
        return STOP;
    return act_fence_delete(p);
}

/* The Rollout leaves and everything is given back but the pause: nothing to borrow any more. */
static bool leaving(const struct planner *p)
{
    return p->r->meta.deleting_ms && !p->st.flight.present && given_back(p);
}

static bool record_stable(struct planner *p)
{
    const struct replicaset *stable = p->changed ? find_stable(p) : p->stable;

    if (stable && stable->template_raw) {
        p->rec.stable_revision = stable->revision;
        p->rec.stable_name = stable->meta.name;
        p->rec.stable_digest = stable->digest;
        p->rec.stable_number = stable->deployment_revision;
        p->rec.stable_template = template_plain(p, stable->template_raw);
        p->rec.stable_min_ready = stable->min_ready_seconds;
    } else if (!p->changed) { /* it was deleted, and its template put back: there it is */
        p->rec.stable_name = name_candidate(p->a, p->d->meta.name, p->rec.stable_revision);
        p->rec.stable_template = template_plain(p, p->d->template_raw);
        p->rec.stable_min_ready = p->d->min_ready_seconds;
    } else {
        return false;
    }
    list_history(p, stable);
    return true;
}

enum flow rule_fence(struct planner *p)
{
    if (p->f || !p->d->paused)
        return NEXT;
    if (broken_fence(p) == STOP)
        return STOP;
    if ((!p->changed && !p->st.flight.present && p->stable) || leaving(p))
        return NEXT; /* nothing to borrow for */
    if (!record_stable(p)) {
        say(p, "Stalled", REASON_STABLE_BROKEN, true,
            "No ReplicaSet of stable %s is left, and no flight record: put its template back.",
            str_name(p->st.stable.revision));
        return STOP;
    }
    if (p->rec.previous_template)
        p->rec.previous_template = template_plain(p, p->rec.previous_template);
    routes_of_spec(p, &p->rec);
    if (p->r->status.flight.present && p->r->status.flight.step > 0)
        event(p, true, REASON_RECORD_LOST,
              "The flight record was lost; it is made again from the status%s.",
              p->rec.route_count ? ", and routes will rest with all weight on stable" : "");
    return act_fence_create(p);
}

/* History before what has pods: a paused Deployment without an active ReplicaSet revives its newest
 * old one (O1, O3). */
static bool goes_before(const struct replicaset *rs, const struct replicaset *other)
{
    return !other || (other->replicas > 0 && rs->replicas == 0);
}

static const struct replicaset *left_inside(const struct planner *p)
{
    const struct replicaset *found = NULL;

    for (size_t i = 0; i < p->w->rs_count; i++) {
        const struct replicaset *rs = p->w->rs[i];

        if (rs_inside(p, rs) && !rs->meta.deleting_ms && goes_before(rs, found))
            found = rs;
    }
    return found;
}

static bool stable_goes(const struct planner *p)
{
    for (size_t i = 0; i < p->w->rs_count; i++) {
        const struct replicaset *rs = p->w->rs[i];

        if (rs->meta.deleting_ms && str_equal(rs->revision, p->rec.stable_revision))
            return true;
    }
    return false;
}

/* O7: nobody else heals a paused Deployment. */
enum flow rule_stable_missing(struct planner *p)
{
    const struct replicaset *rs;

    if (p->stable || !p->d->paused)
        return NEXT;
    rs = left_inside(p);
    if (rs)
        return act_rs_fence(p, rs);
    if (stable_goes(p)) {
        say(p, "Progressing", REASON_PROGRESSING, false,
            "Waits for the deleted ReplicaSet of stable to be gone.");
        return STOP;
    }
    return act_rs_create(p, p->rec.stable_revision, p->n, p->rec.stable_template,
                         p->rec.stable_number, true);
}

/* With maxSurge 0 the old stable's last pods go within maxUnavailable, before the new one has all.
 * Before it is fenced, too; but a Deployment of one pod has that pod's ReplicaSet alone, and would
 * give it back at once what is taken from it: that one goes when it is fenced. */
static bool goes_first(const struct planner *p, const struct replicaset *rs)
{
    return rs && rs == p->previous && !p->outside && p->surge.surge == 0 && rs->replicas > 0 &&
           rs->replicas <= p->surge.unavailable && rs_inside(p, rs) == (p->n > 1);
}

static const struct replicaset *next_to_fence(const struct planner *p)
{
    const struct replicaset *found = NULL;

    for (size_t i = 0; i < p->w->rs_count; i++) {
        const struct replicaset *rs = p->w->rs[i];

        if (rs->meta.deleting_ms || rs_fenced(p, rs) || inside_allowed(p, rs))
            continue; /* what hangs on a fence that is gone is taken over by the new one */
        if (goes_before(rs, found))
            found = rs;
    }
    return found;
}

enum flow rule_inside(struct planner *p)
{
    const struct replicaset *rs;

    if (!p->d->paused || !p->f)
        return NEXT;
    rs = next_to_fence(p);
    if (!rs)
        return NEXT;
    return goes_first(p, rs) ? act_rs_scale(p, rs, 0) : act_rs_fence(p, rs);
}

/* Its number must be the highest before the Deployment takes it: history is ordered by it. */
static enum flow give(struct planner *p, const struct replicaset *rs)
{
    const int64_t top = revision_next(p);

    if (rs->deployment_revision + 1 < top)
        return act_rs_number(p, rs, top);
    return act_rs_give(p, rs);
}

enum flow rule_give(struct planner *p)
{
    const struct replicaset *s = p->stable;

    if (!p->d->paused || !p->f || rs_inside(p, s))
        return NEXT;
    return goes_first(p, p->previous) ? act_rs_scale(p, p->previous, 0) : give(p, s);
}

/* Where the template is stable's a resume does no harm: a dead man that names a fenced revision is
 * dropped by the Deployment controller. But a bake is long enough for a new template to come while
 * nobody is there to follow, and under a pause that stays history is given back. */
static bool may_lag(const struct planner *p)
{
    return !p->changed && p->d->dead_man && p->spec->bake_ms == 0 && p->spec->brake != BRAKE_PAUSED;
}

static bool has_number(const struct planner *p, int64_t number)
{
    for (size_t i = 0; i < p->w->rs_count; i++) {
        if (p->w->rs[i]->deployment_revision == number)
            return true;
    }
    return false;
}

static bool is_number_of_a_flight(const struct planner *p, int64_t number)
{
    for (int i = 0; i < p->st.history_count; i++) {
        if (p->st.history[i].deployment_revision == number)
            return true;
    }
    return p->st.flight.deployment_revision == number;
}

/* The Deployment has a number that no ReplicaSet in sight has, and no flight, whose own may be
 * deleted. */
static bool number_unseen(const struct planner *p)
{
    return p->forward && p->d->revision + 1 == revision_next(p) && !has_number(p, p->d->revision) &&
           !is_number_of_a_flight(p, p->d->revision);
}

/* Its controller gave it to the candidate; or to stable, when that one's template came back for a
 * moment, and then the dead man leads nowhere. To number it anew tells: that write names the
 * version seen. */
static enum flow renumber(struct planner *p)
{
    const struct replicaset *c = p->candidate;

    return act_rs_number(p, c && rs_inside(p, c) ? c : p->stable, revision_next(p));
}

/* The dead man names what is stable now. */
enum flow rule_dead_man_follows(struct planner *p)
{
    const struct replicaset *s = p->stable;
    const char *want;

    if (!p->d->paused || !p->f || s->deployment_revision == 0)
        return NEXT;
    if (number_unseen(p))
        return renumber(p);
    if (may_lag(p))
        return NEXT;
    want = arena_printf(p->a, "%lld", (long long)s->deployment_revision);
    if (str_equal(p->d->dead_man, want))
        return NEXT;
    return act_brake(p, s->deployment_revision, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* rest.c - the Deployment as its owner left it: unpaused, or paused by somebody else. */
#include "planner.h"

static bool in_flight(const struct planner *p)
{
    return p->w->fence || p->st.flight.present;
}

/* status.stable follows the record, and at rest the ReplicaSet's own number: a dead man that names
 * a revision that is gone reverts nothing. */
enum flow rule_stable_follows(struct planner *p)
{
    const char *revision = p->rec.stable_revision;
    int64_t number = p->rec.stable_number;

    if (p->stable && p->stable->deployment_revision > 0)
        number = p->stable->deployment_revision;
    if (p->stable && !p->f)
        revision = p->stable->revision; /* the Deployment healed itself under another name */
    if (str_equal(p->st.stable.revision, revision) && p->st.stable.deployment_revision == number &&
        str_equal(p->st.stable.digest, p->rec.stable_digest))
        return NEXT;
    p->st.stable.revision = revision;
    p->st.stable.digest = p->rec.stable_digest;
    p->st.stable.deployment_revision = number;
    if (!p->f)
        decide(p); /* else the record says so, and goes on saying it */
    return AGAIN;
}

/* A person asked for the template before: one write puts it in, paused, with the dead man. Without
 * stable's ReplicaSet there would be nobody to come from, and no record to be made: that comes
 * first, and the template that it needs is there. */
enum flow rule_undo_start(struct planner *p)
{
    const struct flight *fl = &p->st.flight;
    const struct replicaset *earlier = fl->undo ? rs_by_revision(p, fl->revision) : NULL;

    if (!fl->present || !fl->undo || p->back || p->changed || p->committed || !p->stable)
        return NEXT;
    if (!earlier || !earlier->template_raw) {
        flight_end(p, "Aborted", "the earlier revision is gone");
        return AGAIN;
    }
    return act_brake(p, p->rec.stable_number, template_plain(p, earlier->template_raw));
}

static bool stable_has_pods(const struct planner *p)
{
    return p->stable && p->stable->replicas > 0;
}

/* Of a flight: a fence is made under a pause only, and without one nobody knows what is to be given
 * back. By admission no resume takes the pause off while there is something. */
static bool lacks_fence(const struct planner *p)
{
    return p->spec->brake == BRAKE_PAUSED && !p->w->fence;
}

static bool has_old_pods(const struct planner *p)
{
    return p->previous && !rs_empty(p->previous);
}

/* Unpaused with a flight open: a settled one is being closed, or somebody resumed by hand. While
 * the old pods are kept for the bake, or have requests in them, it is paused again. */
enum flow rule_unpaused(struct planner *p)
{
    if (p->d->paused || !in_flight(p))
        return NEXT;
    if (!p->changed)
        return has_old_pods(p) || lacks_fence(p) ? act_brake(p, p->rec.stable_number, NULL) : NEXT;
    if (p->d->dead_man) {
        say(p, "Progressing", REASON_PROGRESSING, false,
            "Deployment %s was resumed; it takes stable's template back by itself.",
            p->d->meta.name);
        return STOP;
    }
    return act_brake(p, p->rec.stable_number, NULL);
}

/* What it keeps from users are pods that nobody approved: it stays until those are gone. */
static bool pin_needed(const struct planner *p, const struct service *s)
{
    return p->stable && str_equal(s->pin, p->stable->revision) && extras_have_pods(p);
}

/* Left over by a flight of an earlier Deployment of this name (S4), or, under the pause that stays,
 * by one that was resumed by hand: pods, then pins. */
static enum flow leftovers(struct planner *p)
{
    bool wait = false;

    if (!dep_complete(p))
        return NEXT;
    for (size_t i = 0; i < p->w->service_count; i++) {
        const struct service *s = p->w->services[i];

        if (s->created_for && str_equal(s->created_for, p->r->meta.name))
            return act_service_delete(p, s);
        if (!s->pin || !service_selects(s, p->d))
            continue;
        if (!pin_needed(p, s))
            return act_service_unpin(p, s);
        wait = true;
    }
    for (size_t i = 0; i < p->w->rs_count; i++) {
        const struct replicaset *rs = p->w->rs[i];

        if (rs_inside(p, rs) || rs == p->stable || rs->meta.deleting_ms)
            continue;
        if (rs->replicas > 0)
            return act_rs_scale(p, rs, 0);
        if (rs_empty(rs))
            return act_rs_delete(p, rs);
    }
    if (!wait)
        return NEXT;
    say(p, "Progressing", REASON_PROGRESSING, false,
        "Waits for the pods of an earlier Deployment of this name to go.");
    return STOP;
}

/* Was a template change to be stopped? Then one that was not is stopped late. */
static bool brakes(const struct planner *p)
{
    return p->spec->brake == BRAKE_PAUSED || p->w->brake.state == BRAKE_PROVED;
}

static enum flow native_roll(struct planner *p)
{
    const struct replicaset *now = rs_by_digest(p, p->d->digest);

    if (p->r->meta.deleting_ms && p->r->has_finalizer)
        return act_finalizer(p, false); /* given back already: what rolls is no longer ours */
    if (brakes(p) && stable_has_pods(p) && !dep_complete(p))
        return act_brake(p, p->st.stable.deployment_revision, NULL);
    if (!dep_complete(p) || !now) {
        say(p, "Pending", REASON_NOT_COMPLETE, false,
            "Deployment %s rolls by itself; attaching waits for its end.", p->d->meta.name);
        return STOP;
    }
    event(p, true, REASON_BRAKE_MISSED,
          "Revision %s went out natively, ungated: the brake did not see it. It counts as stable.",
          now->revision);
    p->st.stable.revision = now->revision;
    p->st.stable.digest = now->digest;
    p->st.stable.deployment_revision = now->deployment_revision;
    p->st.rejected.revision = p->st.rejected.digest = NULL;
    decide(p);
    return AGAIN;
}

static void say_resting(struct planner *p)
{
    say(p, "Resting", REASON_RESTING, false,
        "%s runs revision %s on %d/%d pods; no release in flight.", p->d->meta.name,
        str_name(p->st.stable.revision), p->d->st_available, p->n);
    p->sum.resting = true;
}

/* Whoever paused it: under brake: Paused that is how it is to be. */
static bool pause_is_ours(const struct planner *p)
{
    return p->spec->brake == BRAKE_PAUSED && p->d->paused && !p->changed;
}

static bool is_braked(const struct planner *p)
{
    return p->d->paused &&
           str_equal(p->d->dead_man, arena_printf(p->a, "%lld", (long long)p->rec.stable_number));
}

/* brake: Paused keeps the pause at rest too, and a finalizer, so that leaving takes it off. Others
 * that still have pods are replaced natively first: paused, that would stop half way. */
static enum flow rest_paused(struct planner *p)
{
    if (p->r->meta.deleting_ms)
        return p->d->paused ? act_resume(p, NULL) : NEXT;
    if (p->r->has_finalizer && is_braked(p))
        return NEXT;
    say(p, "Pending", REASON_PENDING, false, "Pauses Deployment %s: that is its brake.",
        p->d->meta.name);
    if (!p->r->has_finalizer)
        return act_finalizer(p, true);
    if (!p->d->paused && extras_have_pods(p))
        return STOP;
    return act_brake(p, p->rec.stable_number, NULL);
}

/* At rest: nothing of ours is left, and nothing is to be done. */
enum flow rule_rest(struct planner *p)
{
    const bool paused_rest = pause_is_ours(p) && p->stable;
    enum flow flow;

    if (in_flight(p) || (p->d->paused && !paused_rest))
        return NEXT;
    flow = leftovers(p);
    if (flow != NEXT)
        return flow;
    if (p->changed)
        return native_roll(p);
    if (p->st.held || p->st.pin_count) {
        /* the finalizer goes only after this is written */
        p->st.held = false;
        p->st.pin_count = 0;
        decide(p);
        return AGAIN;
    }
    if (p->spec->brake == BRAKE_PAUSED && rest_paused(p) != NEXT)
        return STOP;
    if (p->r->has_finalizer && (p->spec->brake != BRAKE_PAUSED || p->r->meta.deleting_ms)) {
        say_resting(p);
        return act_finalizer(p, false);
    }
    if (!p->r->meta.deleting_ms && !attach_checks(p))
        return STOP;
    say_resting(p);
    return STOP;
}

/* Paused without our dead man and without a flight: a person's pause, nothing of ours (S7). */
enum flow rule_user_pause(struct planner *p)
{
    if (in_flight(p) || !p->d->paused || p->d->dead_man || pause_is_ours(p))
        return NEXT;
    if (p->changed && !p->rejected && brakes(p))
        return act_brake(p, p->st.stable.deployment_revision, NULL);
    if (p->r->meta.deleting_ms && p->r->has_finalizer)
        return act_finalizer(p, false);
    say(p, "Pending", REASON_PAUSED_BY_USER, true,
        "Deployment %s is paused, not by Sluice: kubectl rollout resume.", p->d->meta.name);
    return STOP;
}

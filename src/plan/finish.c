/* SPDX-License-Identifier: Apache-2.0 */
/* finish.c - everything is given back, or held on stable where a revision was aborted. */
#include "planner.h"

/* ---- our own Services ------------------------------------------------------------------------ */

/* This flight, or the one that was just closed. */
static bool promoted(const struct planner *p)
{
    const struct rollout_status *st = &p->st;

    return p->committed || (!st->flight.present && st->history_count &&
                            str_equal(st->history[0].revision, p->rec.stable_revision));
}

static void say_closing(struct planner *p, const char *what)
{
    say(p, promoted(p) ? "Promoting" : "Aborting", promoted(p) ? REASON_PROMOTING : REASON_ABORTING,
        false, "%s", what);
}

static enum flow close_side(struct planner *p)
{
    const char *name = side_service(p);
    const struct service *s = name ? world_service(p->w, name) : NULL;
    struct pin_state *entry = pin_find(p, name);

    if (!routes_at_rest(p)) {
        say_closing(p, "Waits for the routes to be as they were.");
        return STOP;
    }
    if (entry)
        *entry = p->st.pins[--p->st.pin_count];
    if (!s || s->meta.deleting_ms)
        return NEXT;
    if (s->created_for)
        return act_service_delete(p, s);
    return s->pin ? act_service_unpin(p, s) : NEXT;
}

/* ---- giving back ----------------------------------------------------------------------------- */

/* Extras, which went before, leave none with pods; whoever deletes asks all the same. */
static enum flow give_history(struct planner *p)
{
    for (size_t i = 0; i < p->w->rs_count; i++) {
        const struct replicaset *rs = p->w->rs[i];

        if (rs == p->stable || rs_inside(p, rs) || rs->meta.deleting_ms)
            continue;
        if (rs->controller_uid && !rs_fenced(p, rs))
            continue;
        if (!rs_empty(rs))
            return STOP;
        if (!in_history(p, rs) || str_equal(rs->digest, p->rec.stable_digest) ||
            str_equal(rs->digest, p->d->digest))
            return act_rs_delete(p, rs);
        return act_rs_give(p, rs);
    }
    return NEXT;
}

/* Under a pause with the dead man nobody else keeps to revisionHistoryLimit. */
static enum flow trim_history(struct planner *p)
{
    const struct replicaset *oldest = NULL;
    int32_t old = 0;

    if (!p->d->paused)
        return NEXT;
    for (size_t i = 0; i < p->w->rs_count; i++) {
        const struct replicaset *rs = p->w->rs[i];

        if (rs == p->stable || !rs_inside(p, rs) || rs->meta.deleting_ms)
            continue;
        old++;
        if (rs_empty(rs) && (!oldest || rs->deployment_revision < oldest->deployment_revision))
            oldest = rs;
    }
    return oldest && old > p->d->history_limit ? act_rs_delete(p, oldest) : NEXT;
}

static void end_flight(struct planner *p)
{
    const struct flight *fl = &p->st.flight;
    const char *why = fl->abort_reason ? fl->abort_reason : "";

    if (p->committed) {
        event(p, false, REASON_PROMOTED, "Revision %s was promoted.", str_name(fl->revision));
        p->st.rejected.revision = p->st.rejected.digest = NULL;
        flight_end(p, fl->forced ? "Forced" : "Promoted", "");
        return;
    }
    event(p, true, fl->undo ? REASON_UNDONE : REASON_REVERTED,
          "Revision %s was taken back; the Deployment has the template of %s again.",
          str_name(fl->revision), str_name(p->rec.stable_revision));
    flight_end(p, fl->undo ? "Undone" : "Reverted", why);
}

/* Nothing of a flight is anywhere: pods, pins, a Service of the other side. */
static bool nothing_left(struct planner *p)
{
    const char *name = side_service(p);
    const struct service *side = name ? world_service(p->w, name) : NULL;

    return given_back(p) && !extras_have_pods(p) && pins_off(p) &&
           !(side && (side->pin || side->created_for));
}

/* All was given back, and only the status is left to say so; or a new template, paused by the
 * brake, was there before that was written. What a person wants now is meant for the rest that this
 * is: a flight without fence cannot go back, and a fence made for it would not know what routes
 * rest at. Of a fence that is lost on the way something is left. */
static bool is_over(struct planner *p)
{
    const struct flight *fl = &p->st.flight;

    if (p->w->fence || !(fl->committed_ms || p->back))
        return false;
    return p->d->paused ? p->changed && nothing_left(p) : !p->changed && given_back(p);
}

enum flow rule_ended(struct planner *p)
{
    const struct flight *fl = &p->st.flight;

    if (!fl->present || !is_over(p))
        return NEXT;
    if (p->changed && !p->committed)
        flight_end(p, fl->undo ? "Undone" : "Aborted", fl->abort_reason ? fl->abort_reason : "");
    else
        end_flight(p);
    return AGAIN;
}

static bool resumes(const struct planner *p)
{
    return p->spec->brake != BRAKE_PAUSED || p->r->meta.deleting_ms;
}

/* Does the status say what the fence does? The brake names status.stable as the one to go back to,
 * and without a fence the status alone tells that a flight was committed. */
static bool status_follows(const struct planner *p)
{
    const struct rollout_status *told = &p->r->status;

    return str_equal(told->stable.revision, p->st.stable.revision) &&
           told->stable.deployment_revision == p->st.stable.deployment_revision &&
           told->flight.committed_ms == p->st.flight.committed_ms;
}

static enum flow resume(struct planner *p, const char *template_json)
{
    if (!status_follows(p))
        decide(p);
    return act_resume(p, template_json);
}

/* Under a pause that stays, a flight without its fence would make a new one. */
static bool fence_goes_first(const struct planner *p)
{
    return p->w->fence && !p->d->paused;
}

enum flow rule_settle(struct planner *p)
{
    enum flow flow;

    if (p->forward || p->changed || !p->stable)
        return NEXT;
    flow = close_side(p);
    if (flow != NEXT)
        return flow;
    say_closing(p, "Gives the Deployment back.");
    if (p->d->paused && resumes(p)) {
        if (!rs_inside(p, p->stable) && p->f)
            return STOP;
        return resume(p, NULL);
    }
    flow = p->f ? give_history(p) : NEXT;
    if (flow == NEXT && p->f)
        flow = trim_history(p);
    if (flow != NEXT)
        return flow;
    if (p->st.flight.present && !fence_goes_first(p)) {
        end_flight(p);
        return AGAIN;
    }
    if (p->w->fence->meta.deleting_ms)
        return STOP;
    if (!status_follows(p))
        decide(p);
    return act_fence_delete(p);
}

/* ---- held ------------------------------------------------------------------------------------ */

static bool reverts(const struct planner *p)
{
    if (p->r->meta.deleting_ms)
        return p->spec->on_delete == ON_DELETE_REVERT || p->st.flight.undo;
    return p->st.flight.present &&
           (p->st.flight.undo || p->spec->after_abort == AFTER_ABORT_REVERT);
}

/* Without a fence, in a Rollout deleted before its flight began, only the ReplicaSet has it. */
static const char *stable_template(struct planner *p)
{
    if (p->rec.stable_template)
        return p->rec.stable_template;
    return p->stable->template_raw ? template_plain(p, p->stable->template_raw) : NULL;
}

/* Resumed without it the new template would roll, ungated. */
static enum flow revert(struct planner *p)
{
    const char *template = stable_template(p);

    return template ? resume(p, template) : STOP;
}

/* Detached and held: paused on stable, the dead man set, healed and braked by nobody. */
static enum flow detach(struct planner *p)
{
    enum flow flow = give_history(p);

    if (flow != NEXT)
        return flow;
    if (p->w->fence)
        return act_fence_delete(p);
    return p->r->has_finalizer ? act_finalizer(p, false) : STOP;
}

static const char *why_held(const struct planner *p)
{
    const char *why = p->rejected ? p->st.rejected.reason : p->st.flight.abort_reason;

    return why ? why : "it was rejected before";
}

/* A Rollout may leave while a revision goes back that was not rejected, or before one began. */
static enum flow say_failed(struct planner *p)
{
    const char *revision = p->rejected ? p->st.rejected.revision : p->st.flight.revision;

    if (!revision)
        return act_dep_failed(p, "Sluice: the Rollout was deleted before the release began");
    return act_dep_failed(
        p, arena_printf(p->a, "Sluice: revision %s was aborted: %s", revision, why_held(p)));
}

/* The strategy was changed in flight: what was there is taken back, then it starts anew. */
static enum flow start_over(struct planner *p)
{
    flight_end(p, "Superseded", "the strategy was changed in flight");
    return AGAIN;
}

/* What was said of the revision before would be read as said of this one. */
enum flow rule_not_failed(struct planner *p)
{
    if (!p->forward || !str_equal(p->d->progressing_reason, PROGRESS_FAILED))
        return NEXT;
    return act_dep_paused(p);
}

enum flow rule_hold(struct planner *p)
{
    enum flow flow;

    if (!p->changed || p->forward || p->committed)
        return NEXT;
    flow = close_side(p);
    if (flow != NEXT)
        return flow;
    if (!p->rejected && p->back && !p->st.flight.undo && !p->r->meta.deleting_ms)
        return start_over(p);
    if (reverts(p))
        return revert(p);
    if (!str_equal(p->d->progressing_reason, PROGRESS_FAILED))
        return say_failed(p);
    if (p->back) {
        flight_end(p, "Aborted", why_held(p));
        return AGAIN;
    }
    if (p->r->meta.deleting_ms)
        return detach(p);
    say(p, "Aborted", REASON_ABORTED, true,
        "Revision %s was aborted at step %d: %s. Stable %s serves all requests.",
        str_name(p->st.rejected.revision), p->st.rejected.step, why_held(p),
        str_name(p->rec.stable_revision));
    return STOP;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* finish.c - the commit, the way back from it, the bake, and giving everything back. */
#include "planner.h"

#include <string.h>

/* ---- commit ---------------------------------------------------------------------------------- */

static bool has(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(names[i], name))
            return true;
    }
    return false;
}

static void add_history(struct planner *p, struct record *rec, const char *revision)
{
    const char **names = ARENA_ARRAY(p->a, const char *, rec->history_count + 1);

    if (has(rec->history, rec->history_count, revision))
        return;
    for (size_t i = 0; i < rec->history_count; i++)
        names[i] = rec->history[i];
    names[rec->history_count++] = revision;
    rec->history = names;
}

/* One write says who is stable now; everything after follows from it (prototype.md 1). */
static enum flow commit(struct planner *p)
{
    const struct replicaset *c = p->candidate;
    struct record rec = p->rec;

    rec.previous = p->rec.stable_revision;
    rec.previous_template = p->rec.stable_template;
    rec.previous_digest = p->rec.stable_digest;
    rec.previous_number = p->rec.stable_number;
    add_history(p, &rec, p->rec.stable_revision);
    rec.stable_revision = c->revision;
    rec.stable_name = c->meta.name;
    rec.stable_digest = c->digest;
    rec.stable_number = c->deployment_revision;
    rec.stable_template = template_plain(p, p->d->template_raw);
    rec.stable_min_ready = c->min_ready_seconds;
    rec.committed_ms = p->now;
    return act_record(p, &rec);
}

static bool switch_proved(struct planner *p)
{
    if (!p->outside)
        return true;
    return pins_proved(p, p->candidate->revision) && weight_settled(p);
}

enum flow rule_commit(struct planner *p)
{
    const struct replicaset *c = p->candidate;

    if (!p->forward || !step_ended(p, p->c.step_count))
        return NEXT;
    say(p, "Promoting", REASON_PROMOTING, false, "Hands over to revision %s.",
        str_name(p->st.flight.revision));
    if (!rs_available(c, want_new(p)) || c->replicas < want_new(p))
        return STOP;
    if (!switch_proved(p))
        return STOP;
    return commit(p);
}

/* ---- back over the commit -------------------------------------------------------------------- */

static enum flow uncommit(struct planner *p)
{
    struct record rec = p->rec;

    rec.stable_revision = p->rec.previous;
    rec.stable_name = p->previous ? p->previous->meta.name : NULL;
    rec.stable_digest = p->rec.previous_digest;
    rec.stable_template = p->rec.previous_template;
    rec.stable_number = p->rec.previous_number;
    rec.previous = NULL;
    rec.committed_ms = 0;
    return act_record(p, &rec);
}

static bool handed_over(struct planner *p)
{
    return dep_complete(p) && p->stable && rs_inside(p, p->stable) && routes_at_rest(p);
}

/* The hand-over has a deadline too: a promoted revision that cannot reach N turns back. */
static enum flow hand_over_deadline(struct planner *p)
{
    const int64_t until = progress_deadline(p);

    if (p->st.flight.bake_until_ms || p->n == 0 || !p->d->paused || handed_over(p) || !way_back(p))
        return NEXT;
    if (p->now < until) {
        wake_at(p, until);
        return NEXT;
    }
    flight_back(p, "the promoted revision did not reach all replicas in time", true, false);
    return AGAIN;
}

/* What follows from the record is no decision: it is found again, and written with what comes. */
static void note_commit(struct planner *p)
{
    struct flight *fl = &p->st.flight;

    fl->committed_ms = p->rec.committed_ms;
    if (p->back)
        return;
    fl->progressed_ms = fl->drained_ms = p->rec.committed_ms; /* all pins were proved by then */
    if (fl->step >= 1 && !step_ended(p, fl->step))
        end_step(p, p->rec.committed_ms);
}

/* The status tells of a commit that was none, and of a step that nobody saw pass. */
static enum flow take_note_back(struct planner *p)
{
    struct flight *fl = &p->st.flight;

    if (!p->forward || !p->f || !fl->committed_ms)
        return NEXT;
    fl->committed_ms = 0;
    if (fl->step >= 1)
        fl->steps[fl->step - 1].ended_ms = 0;
    decide(p);
    return AGAIN;
}

enum flow rule_turn_back(struct planner *p)
{
    struct flight *fl = &p->st.flight;

    if (!p->committed)
        return take_note_back(p);
    if (!fl->committed_ms)
        note_commit(p);
    if (p->back)
        return p->f && p->rec.previous ? uncommit(p) : NEXT;
    return hand_over_deadline(p);
}

/* ---- bake ------------------------------------------------------------------------------------ */

static enum flow begin_bake(struct planner *p)
{
    if (!p->d->paused)
        return NEXT; /* it was resumed because all was handed over */
    if (!handed_over(p)) {
        say(p, "Promoting", REASON_PROMOTING, false, "Hands over to revision %s: %d/%d pods ready.",
            str_name(p->st.stable.revision), p->d->st_available, p->n);
        return STOP;
    }
    if (!p->outside && p->spec->bake_ms == 0)
        return NEXT; /* no old pods wait for it, and no clock */
    p->st.flight.bake_until_ms = p->now + p->spec->bake_ms;
    decide(p);
    return AGAIN;
}

static enum flow judge_bake(struct planner *p)
{
    enum verdict verdict;
    const struct gate_spec *g = gates_ask(p, p->c.bake_gates, p->st.flight.step,
                                          p->st.flight.bake_until_ms - p->spec->bake_ms, &verdict);

    if (verdict != VERDICT_FAIL || !way_back(p))
        return NEXT;
    flight_fails(p, REASON_GATE_FAILED,
                 arena_printf(p->a, "gate %s failed in the bake: %s", g->name,
                              str_name(gate_find(p, g->name, p->st.flight.step)->message)));
    return AGAIN;
}

enum flow rule_bake(struct planner *p)
{
    struct flight *fl = &p->st.flight;
    char at[TIME_TEXT_MAX];

    if (!p->committed || p->back || !p->stable)
        return NEXT;
    if (!fl->bake_until_ms)
        return begin_bake(p);
    if (fl->decision_ms) {
        say(p, "Decision", REASON_GATE_FAILED, true, "%s.", str_name(fl->decision));
        return STOP;
    }
    if (p->now >= fl->bake_until_ms)
        return NEXT;
    if (judge_bake(p) == AGAIN)
        return AGAIN;
    time_format_clock(fl->bake_until_ms, at);
    say(p, "Baking", REASON_BAKING, false, "Watches revision %s until %s.",
        str_name(p->st.stable.revision), at);
    awaits(p, "Bake", "", fl->bake_until_ms - p->spec->bake_ms, fl->bake_until_ms, "ends",
           cmd(p, "promote"), "the bake to end");
    return STOP;
}

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

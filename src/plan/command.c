/* SPDX-License-Identifier: Apache-2.0 */
/* command.c - spec.action: one command of a person, run once, answered in status.lastAction. */
#include "planner.h"

#include <string.h>

/* NULL: accepted and done; else the reason for refusing, with words in *why. */
typedef const char *verb_fn(struct planner *p, const char **why);

static struct flight_step *this_step(struct planner *p)
{
    struct flight *fl = &p->st.flight;

    return fl->step >= 1 ? &fl->steps[fl->step - 1] : NULL;
}

static unsigned gates_here(const struct planner *p)
{
    const int step = p->st.flight.step;

    if (p->committed)
        return p->c.bake_gates;
    return step == 0 ? p->c.start_gates : p->c.steps[step - 1].gates;
}

static void undecide(struct planner *p)
{
    struct flight *fl = &p->st.flight;

    fl->decision_ms = 0;
    fl->decision = fl->decision_reason = NULL;
    fl->progressed_ms = p->now;
}

/* Approval gates of this place are answered in their own state, steps in their own record. */
static bool approve_gates(struct planner *p)
{
    bool any = false;

    for (size_t i = 0; i < p->spec->gate_count; i++) {
        struct gate_state *g;

        if (p->spec->gates[i].kind != GATE_APPROVAL || !(gates_here(p) & 1U << i))
            continue;
        g = gate_find(p, p->spec->gates[i].name, p->st.flight.step);
        g->verdict = VERDICT_PASS;
        g->message = "approved";
        any = true;
    }
    return any;
}

static const char *approve(struct planner *p, const char **why)
{
    struct flight_step *step = this_step(p);
    const bool asked = p->forward && step && p->c.steps[p->st.flight.step - 1].approve;

    *why = arena_printf(p->a, "step %d asks for no approval", p->st.flight.step);
    if (!p->forward && !p->committed)
        return "NothingToApprove";
    if (!approve_gates(p) && !asked)
        return "NothingToApprove";
    if (asked)
        step->approved = true;
    if (str_equal(p->st.flight.decision_reason, "DeadlineExceeded"))
        undecide(p);
    return NULL;
}

static const char *skip(struct planner *p, const char **why)
{
    struct flight *fl = &p->st.flight;
    struct flight_step *step = this_step(p);

    *why = "nothing is waited for";
    if (baking(p) && !p->back) {
        fl->bake_until_ms = p->now;
        return NULL;
    }
    if (!p->forward)
        return "NotWaiting";
    if (!step) {
        fl->step = 1;
        fl->step_started_ms = p->now;
    } else {
        step->skipped = true;
    }
    fl->forced = true;
    undecide(p);
    return NULL;
}

static const char *promote(struct planner *p, const char **why)
{
    struct flight *fl = &p->st.flight;

    *why = "nothing is in flight";
    if (!fl->present || p->back)
        return "NothingInFlight";
    if (baking(p)) {
        fl->bake_until_ms = p->now;
        undecide(p);
        return NULL;
    }
    fl->promote_all = fl->forced = true;
    undecide(p);
    return NULL;
}

static const char nothing_before[] = "nothing is left of the revision before";

static const char *abort_flight(struct planner *p, const char **why)
{
    *why = p->back ? "it goes back already" : "nothing is in flight";
    if (!p->st.flight.present || p->back)
        return "NothingInFlight";
    *why = nothing_before;
    if (!way_back(p))
        return "NoEarlierRevision";
    flight_back(p, "aborted by a person", true, false);
    return NULL;
}

static const char *retry(struct planner *p, const char **why)
{
    struct flight *fl = &p->st.flight;
    const int step = p->spec->action.step;

    *why = "no revision was rejected, and none waits for a decision";
    if (fl->present && fl->decision_ms) {
        undecide(p);
        for (int i = 0; i < p->st.gate_count; i++) {
            if (p->st.gates[i].step == fl->step)
                p->st.gates[i] = (struct gate_state){.name = p->st.gates[i].name,
                                                     .kind = p->st.gates[i].kind,
                                                     .step = fl->step,
                                                     .since_ms = p->now};
        }
        if (fl->settled_ms)
            fl->settled_ms = p->now;
        return NULL;
    }
    if (fl->present || !p->rejected || !p->d->paused)
        return "NothingRejected";
    if (step > p->st.rejected.step && step > 1) {
        *why = arena_printf(p->a, "it failed in step %d: retry from there or earlier",
                            p->st.rejected.step);
        return "WrongStep";
    }
    p->st.rejected.revision = p->st.rejected.digest = NULL;
    flight_begin(p, step);
    return NULL;
}

/* Highest number below stable's among those given back: what kubectl rollout undo would take. */
static const struct replicaset *earlier_revision(const struct planner *p)
{
    const struct replicaset *best = NULL;

    for (size_t i = 0; i < p->w->rs_count; i++) {
        const struct replicaset *rs = p->w->rs[i];

        if (rs == p->stable || !rs_inside(p, rs) || str_equal(rs->digest, p->rec.stable_digest) ||
            str_equal(rs->digest, p->st.rejected.digest))
            continue;
        if (!best || rs->deployment_revision > best->deployment_revision)
            best = rs;
    }
    return best;
}

/* At rest: barriers only, no steps, no gates. The brake comes with the template (rest.c). */
static const char *undo_at_rest(struct planner *p, const char **why)
{
    const struct replicaset *earlier = earlier_revision(p);
    struct flight *fl = &p->st.flight;

    *why = "there is no earlier revision";
    if (!earlier || p->changed || (p->d->paused && p->spec->brake != BRAKE_PAUSED))
        return "NoEarlierRevision";
    flight_begin(p, 1);
    fl->revision = earlier->revision;
    fl->digest = earlier->digest;
    fl->deployment_revision = revision_next(p);
    fl->undo = fl->promote_all = fl->forced = true;
    return NULL;
}

static const char *undo(struct planner *p, const char **why)
{
    if (!p->st.flight.present)
        return undo_at_rest(p, why);
    *why = p->back ? "it goes back already" : "in a step use abort";
    if (!p->committed || p->back)
        return "NoEarlierRevision";
    *why = nothing_before;
    if (!way_back(p))
        return "NoEarlierRevision";
    flight_back(p, "undone by a person", true, true);
    return NULL;
}

static verb_fn *const verbs[VERB_COUNT] = {
    [VERB_APPROVE] = approve,    [VERB_SKIP] = skip,   [VERB_PROMOTE] = promote,
    [VERB_ABORT] = abort_flight, [VERB_RETRY] = retry, [VERB_UNDO] = undo,
};

/* ---- meant for what is there now? ------------------------------------------------------------ */

static bool seen(const struct planner *p, const char *id)
{
    for (int i = 0; i < p->st.action_id_count; i++) {
        if (str_equal(p->st.action_ids[i], id))
            return true;
    }
    return false;
}

static const char *stale(struct planner *p, const char **why)
{
    const struct action_spec *a = &p->spec->action;
    const struct rollout_status *st = &p->st;
    const char *here = st->flight.present ? st->flight.revision : st->stable.revision;
    const bool rejected = !st->flight.present && str_equal(a->revision, st->rejected.revision);

    if (!str_equal(a->revision, here) && !rejected) {
        *why = arena_printf(p->a, "meant for %s, %s is %s", str_name(a->revision),
                            st->flight.present ? "in flight" : "at rest", str_name(here));
        return "WrongRevision";
    }
    if (st->flight.present && a->step >= 0 && a->step != st->flight.step && a->verb != VERB_RETRY) {
        *why =
            arena_printf(p->a, "meant for step %d, in flight is step %d", a->step, st->flight.step);
        return "WrongStep";
    }
    return NULL;
}

static void remember(struct planner *p, const char *id)
{
    struct rollout_status *st = &p->st;

    if (st->action_id_count == ACTION_IDS_MAX) {
        memmove(&st->action_ids[0], &st->action_ids[1],
                (ACTION_IDS_MAX - 1) * sizeof st->action_ids[0]);
        st->action_id_count--;
    }
    st->action_ids[st->action_id_count++] = id;
}

enum flow rule_command(struct planner *p)
{
    const struct action_spec *a = &p->spec->action;
    const char *why = NULL, *refused;
    int step;

    if (str_empty(a->id) || a->verb == VERB_NONE || a->verb >= VERB_COUNT || seen(p, a->id) ||
        p->r->meta.deleting_ms)
        return NEXT;
    step = p->st.flight.step;
    refused = stale(p, &why);
    if (!refused)
        refused = verbs[a->verb](p, &why);
    remember(p, a->id);
    p->st.last_action.id = a->id;
    p->st.last_action.verb = a->verb;
    p->st.last_action.revision = a->revision;
    p->st.last_action.step = step;
    p->st.last_action.outcome = refused ? "Refused" : "Accepted";
    p->st.last_action.reason = refused ? refused : "Accepted";
    p->st.last_action.message = refused ? why : "";
    p->st.last_action.time_ms = p->now;
    decide(p);
    if (refused)
        event(p, true, REASON_ACTION_REFUSED, "%s: %s: %s", verb_name(a->verb), refused, why);
    return AGAIN;
}

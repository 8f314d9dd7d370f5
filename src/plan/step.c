/* SPDX-License-Identifier: Apache-2.0 */
/* step.c - one step: capacity ready, traffic written and settled, then hold and gates side by
 * side, then approval; its pass is what authorises the weight of the next (I2). */
#include "planner.h"

static const struct step *here(const struct planner *p)
{
    return &p->c.steps[p->st.flight.step - 1];
}

static struct flight_step *record_of(struct planner *p)
{
    return &p->st.flight.steps[p->st.flight.step - 1];
}

/* Is anything asked but barriers? Those are found again, and need not be remembered. */
static bool judges(const struct planner *p)
{
    return here(p)->gates || here(p)->hold_ms || here(p)->approve;
}

/* Barriers stay; what is waited for by the clock, a gate or a person may be passed over. */
static bool passed_over(struct planner *p)
{
    return p->st.flight.promote_all || record_of(p)->skipped;
}

static bool stable_broken(const struct planner *p)
{
    return available(p->stable) == 0;
}

/* ---- step 0 ---------------------------------------------------------------------------------- */

static void enter_step(struct planner *p, int step)
{
    struct flight *fl = &p->st.flight;

    fl->step = step;
    fl->step_started_ms = fl->progressed_ms = p->now;
    fl->settled_ms = 0;
    decide(p);
}

static enum flow decision_stands(struct planner *p)
{
    const struct flight *fl = &p->st.flight;
    enum reason reason = REASON_GATE_FAILED;

    if (str_equal(fl->decision_reason, "DeadlineExceeded"))
        reason = REASON_DEADLINE_EXCEEDED;
    else if (str_equal(fl->decision_reason, "ProgressDeadlineExceeded"))
        reason = REASON_PROGRESS_DEADLINE_EXCEEDED;
    say(p, "Decision", reason, true, "%s.", fl->decision ? fl->decision : "");
    awaits(p, "Decision", "", fl->decision_ms, 0, "", cmd(p, "retry"), "a person to decide");
    return STOP;
}

static enum flow paused(struct planner *p)
{
    say(p, "Paused", REASON_PAUSED, false, "spec.paused is true.");
    awaits(p, "Decision", "paused", p->st.flight.paused_ms, 0, "", cmd(p, "resume"),
           "spec.paused to be taken away");
    return STOP;
}

static const char *unblock(struct planner *p, const struct gate_spec *g)
{
    return cmd(p, g->kind == GATE_APPROVAL ? "approve" : "skip");
}

static enum flow gate_failed(struct planner *p, const struct gate_spec *g, int step)
{
    const char *message = gate_find(p, g->name, step)->message;

    /* A status that others wrote may lack it. */
    flight_fails(p, REASON_GATE_FAILED,
                 arena_printf(p->a, "gate %s failed: %s", g->name, message ? message : ""));
    return AGAIN;
}

static enum flow queued(struct planner *p)
{
    struct flight *fl = &p->st.flight;
    enum verdict verdict = VERDICT_PASS;
    const struct gate_spec *g = NULL;

    if (p->spec->paused)
        return paused(p);
    if (fl->decision_ms)
        return decision_stands(p);
    if (!fl->promote_all)
        g = gates_ask(p, p->c.start_gates, 0, fl->step_started_ms, &verdict);
    if (fl->decision_ms)
        return AGAIN;
    if (verdict == VERDICT_FAIL)
        return gate_failed(p, g, 0);
    if (verdict == VERDICT_PASS) {
        enter_step(p, 1);
        return AGAIN;
    }
    say(p, "Queued", REASON_QUEUED, false, "Waits for gate %s.", g->name);
    awaits(p, g->kind == GATE_APPROVAL ? "Approval" : "Gate", g->name, fl->step_started_ms,
           gate_find(p, g->name, 0)->until_ms, "pauses", unblock(p, g), "gate %s before step 1",
           g->name);
    return STOP;
}

/* ---- capacity and traffic -------------------------------------------------------------------- */

/* A pod that is slow is asked why; most are ready before anybody would. */
#define POD_SLOW_MS (5 * SECOND_MS)

static const char *pod_trouble(struct planner *p)
{
    const char *revision = p->st.flight.revision;
    const int64_t slow_ms = p->st.flight.progressed_ms + POD_SLOW_MS;

    wake_at(p, slow_ms);
    if (p->now < slow_ms)
        return NULL;
    if (!pods_known(p, revision) && p->w->pods_trouble)
        return arena_printf(p->a, "the pods could not be read: %s", p->w->pods_trouble);
    for (size_t i = 0; i < p->w->pod_count; i++) {
        const struct pod *pod = p->w->pods[i];

        if (str_equal(pod->revision, revision) && !pod->ready && pod->waiting_reason)
            return pod->waiting_reason;
    }
    return NULL;
}

static const char *worst_pod(struct planner *p)
{
    const char *why = pod_trouble(p);

    return why ? why : p->candidate->failure;
}

/* How many were ready before is in the status: report.c writes it each time. */
static void note_progress(struct planner *p)
{
    struct flight *fl = &p->st.flight;

    if (p->candidate->st_ready > fl->new_ready)
        fl->progressed_ms = p->now;
}

/* Not counted while nobody leads: what nobody asked for could not come. */
int64_t progress_deadline(const struct planner *p)
{
    return max_i64(p->st.flight.progressed_ms, p->w->led_since_ms) + p->spec->progress_deadline_ms;
}

static enum flow no_progress(struct planner *p, const char *what)
{
    struct flight *fl = &p->st.flight;
    const int64_t until = progress_deadline(p);
    char span[TIME_TEXT_MAX];

    if (p->st.flight.paused_ms || p->now < until) {
        awaits(p, "Capacity", "", fl->progressed_ms, until,
               p->spec->on_failure == ON_FAILURE_ABORT ? "aborts" : "pauses", "", "%s", what);
        return STOP;
    }
    duration_format(p->spec->progress_deadline_ms, span);
    flight_fails(p, REASON_PROGRESS_DEADLINE_EXCEEDED,
                 arena_printf(p->a, "no progress for %s: %s", span, what));
    return AGAIN;
}

static bool capacity_ready(struct planner *p)
{
    const int32_t want = want_new(p);

    if (want == 0)
        return true; /* rolling, one replica, no surge: nothing to judge */
    if (p->candidate->replicas < want || !rs_available(p->candidate, want))
        return false;
    return p->outside || p->n == 1 || stable_broken(p) ||
           rs_available(p->stable, p->stable->replicas);
}

/* The first thing that is missing. */
static const char *missing_capacity(struct planner *p)
{
    const int32_t want = want_new(p), ready = p->candidate->st_ready;

    if (ready < want) {
        const char *why = worst_pod(p);

        return arena_printf(p->a, "%d of %d new pods ready%s%s", ready, want, why ? ": " : "",
                            why ? why : "");
    }
    if (!rs_available(p->candidate, want))
        return arena_printf(p->a, "%d of %d new pods ready for %ds", available(p->candidate), want,
                            (int)p->candidate->min_ready_seconds);
    return arena_printf(p->a, "%d of %d stable pods available", available(p->stable),
                        p->stable->replicas);
}

static enum flow wait_capacity(struct planner *p)
{
    const char *what = missing_capacity(p);

    say(p, "Progressing", stable_broken(p) ? REASON_STABLE_BROKEN : REASON_PROGRESSING, false,
        "Waits for pods: %s.", what);
    return no_progress(p, what);
}

/* Ready behind the Service that the weight points at, not only ready (design.md 3). Slices that
 * list more than are ready have not seen yet that some went: who of theirs is still there? */
bool endpoints_ready(const struct planner *p, int32_t want)
{
    const struct service *side = world_service(p->w, side_service(p));
    int32_t ready[2] = {0, 0}, most;

    if (!p->candidate)
        return false;
    for (size_t i = 0; i < p->w->slice_count; i++) {
        const struct slice *s = p->w->slices[i];

        if (!slice_is_of(s, side))
            continue;
        if (!str_equal(s->pin, p->candidate->revision))
            return false;
        ready[s->v6] += s->ready;
    }
    most = (int32_t)max_i64(ready[0], ready[1]);
    return most >= want && most <= p->candidate->st_ready;
}

/* Next: wait; Stop: ready; Again: a weight was decided. */
static enum flow weight(struct planner *p)
{
    struct flight *fl = &p->st.flight;
    const int want = here(p)->weight_pct;

    if (fl->weight_desired != want) {
        if (!endpoints_ready(p, want_new(p)) || !pins_proved(p, p->stable->revision))
            return NEXT;
        fl->weight_desired = want;
        fl->drained_ms = 0;
        decide(p);
        return AGAIN;
    }
    return weight_settled(p) ? STOP : NEXT;
}

static enum flow traffic(struct planner *p)
{
    if (!p->outside)
        return STOP;
    if (p->c.by == TRAFFIC_ROUTE)
        return weight(p);
    return !here(p)->last || pins_proved(p, p->candidate->revision) ? STOP : NEXT;
}

static enum flow wait_traffic(struct planner *p)
{
    const char *what = p->c.by == TRAFFIC_ROUTE
                           ? arena_printf(p->a, "the route to accept %d %%", here(p)->weight_pct)
                           : "every Service to serve the new revision";

    say(p, "Progressing", REASON_PROGRESSING, false, "Waits for %s.", what);
    return no_progress(p, what);
}

/* ---- hold, gates, approval ------------------------------------------------------------------- */

static enum flow wait_gate(struct planner *p, const struct gate_spec *g)
{
    const struct gate_state *state = gate_find(p, g->name, p->st.flight.step);

    if (g->kind == GATE_APPROVAL)
        say(p, "Approval", REASON_AWAITING_APPROVAL, false, "Gate %s waits for approval: %s.",
            g->name, cmd(p, "approve"));
    else
        say(p, "Gating", REASON_GATING, false, "Gate %s: %s.", g->name,
            state->message ? state->message : "no answer yet");
    awaits(p, g->kind == GATE_APPROVAL ? "Approval" : "Gate", g->name, p->st.flight.settled_ms,
           state->until_ms, g->on_deadline == ON_DEADLINE_PAUSE ? "pauses" : "fails", unblock(p, g),
           "gate %s", g->name);
    return STOP;
}

static enum flow hold(struct planner *p, int64_t until)
{
    char at[TIME_TEXT_MAX];

    time_format_clock(until, at);
    say(p, "Holding", REASON_HOLDING, false, "Holds step %d until %s.", p->st.flight.step, at);
    awaits(p, "Hold", "", p->st.flight.settled_ms, until, "goes on", cmd(p, "skip"),
           "the hold of step %d", p->st.flight.step);
    return STOP;
}

static enum flow approval(struct planner *p)
{
    const struct step *s = here(p);
    const struct flight *fl = &p->st.flight;
    const int64_t until = fl->settled_ms + s->deadline_ms;
    char at[TIME_TEXT_MAX];

    time_format_clock(until, at);
    if (p->now >= until) {
        const char *why = arena_printf(p->a, "approval had no answer by %s", at);

        if (s->on_deadline == ON_DEADLINE_PASS) {
            record_of(p)->approved = true;
            p->st.flight.forced = true;
            decide(p);
        } else if (s->on_deadline == ON_DEADLINE_FAIL) {
            flight_fails(p, REASON_GATE_FAILED, why);
        } else {
            flight_fails(p, REASON_DEADLINE_EXCEEDED,
                         arena_printf(p->a, "%s; onDeadline is Pause", why));
        }
        return AGAIN;
    }
    say(p, "Approval", REASON_AWAITING_APPROVAL, false, "Step %d waits for approval until %s: %s.",
        fl->step, at, cmd(p, "approve"));
    awaits(p, "Approval", "", fl->settled_ms, until,
           s->on_deadline == ON_DEADLINE_PAUSE ? "pauses" : "", cmd(p, "approve"),
           "approval of step %d", fl->step);
    return STOP;
}

void end_step(struct planner *p, int64_t ms)
{
    const struct flight *fl = &p->st.flight;

    record_of(p)->ended_ms = ms;
    event(p, false, REASON_STEP_PASSED, "Revision %s passed step %d/%d.", str_name(fl->revision),
          fl->step, p->c.step_count);
}

static enum flow pass_step(struct planner *p)
{
    struct flight *fl = &p->st.flight;

    end_step(p, p->now);
    fl->progressed_ms = p->now;
    if (fl->step < p->c.step_count)
        enter_step(p, fl->step + 1);
    else if (judges(p))
        decide(p);
    return AGAIN;
}

static enum flow judge(struct planner *p)
{
    struct flight *fl = &p->st.flight;
    const struct step *s = here(p);
    enum verdict verdict = VERDICT_PASS;
    const struct gate_spec *g = NULL;

    if (!passed_over(p))
        g = gates_ask(p, s->gates, fl->step, fl->settled_ms, &verdict);
    if (fl->decision_ms)
        return AGAIN;
    if (verdict == VERDICT_FAIL)
        return gate_failed(p, g, fl->step);
    if (p->spec->paused)
        return paused(p);
    if (passed_over(p))
        return pass_step(p);
    if (p->now < fl->settled_ms + s->hold_ms)
        return hold(p, fl->settled_ms + s->hold_ms);
    if (verdict == VERDICT_WAIT)
        return wait_gate(p, g);
    if (s->approve && !record_of(p)->approved)
        return approval(p);
    return pass_step(p);
}

enum flow rule_step(struct planner *p)
{
    struct flight *fl = &p->st.flight;
    enum flow flow;

    if (!p->forward)
        return NEXT;
    if (fl->step < 1)
        return queued(p);
    if (step_ended(p, fl->step))
        return NEXT;
    note_progress(p);
    if (fl->decision_ms)
        return decision_stands(p);
    if (p->n == 0) {
        say(p, "Progressing", REASON_SCALED_TO_ZERO, false,
            "Deployment %s has 0 replicas: nothing can be judged; promotion waits.",
            p->d->meta.name);
        return STOP;
    }
    if (!capacity_ready(p) && !fl->settled_ms)
        return wait_capacity(p);
    if (fl->settled_ms)
        return judge(p);
    if (p->spec->paused)
        return paused(p);
    flow = traffic(p);
    if (flow != STOP)
        return flow == AGAIN ? AGAIN : wait_traffic(p);
    fl->settled_ms = fl->progressed_ms = p->now;
    if (judges(p))
        decide(p);
    return AGAIN;
}

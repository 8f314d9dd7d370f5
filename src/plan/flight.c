/* SPDX-License-Identifier: Apache-2.0 */
/* flight.c - when a flight begins, turns round, ends, and what edits during it mean. */
#include "planner.h"

#include <stdio.h>
#include <string.h>

/* ---- what the steps were compiled from ------------------------------------------------------- */

static uint32_t mix(uint32_t h, const char *text)
{
    for (const unsigned char *c = (const unsigned char *)(text ? text : "\x01"); *c; c++)
        h = (h ^ *c) * 16777619U;
    return (h ^ 0xffU) * 16777619U;
}

static uint32_t mix_number(uint32_t h, int64_t v)
{
    for (int i = 0; i < 8; i++)
        h = (h ^ (uint32_t)((uint64_t)v >> (8 * i) & 0xffU)) * 16777619U;
    return h;
}

#define STRATEGY_DIGITS 8
#define STEP_DIGITS     4

/* Eight digits of the strategy, then four of each step: an edit shows where it is. */
const char *spec_digest(struct planner *p)
{
    const struct rollout_spec *s = &p->spec[0];
    uint32_t h = mix_number(2166136261U, (int64_t)s->strategy);
    char out[STRATEGY_DIGITS + STEP_DIGITS * FLIGHT_STEPS_MAX + 1];
    size_t at = 0;

    h = mix(mix(mix(mix(h, s->active_service), s->preview_service), s->stable_service),
            s->canary_service);
    for (size_t i = 0; i < s->traffic_count; i++) {
        h = mix(mix(h, s->traffic[i].router), s->traffic[i].name);
        for (size_t k = 0; k < s->traffic[i].rule_count; k++)
            h = mix(h, s->traffic[i].rules[k]);
    }
    at += (size_t)snprintf(out, sizeof out, "%08x", h);
    for (int i = 0; i < p->c.step_count; i++) {
        const struct step *step = &p->c.steps[i];
        uint32_t d = mix_number(mix(2166136261U, step->replicas), step->weight_pct);

        d = mix_number(mix_number(d, step->hold_ms), step->approve);
        at += (size_t)snprintf(out + at, sizeof out - at, "%04x", (d ^ d >> 16) & 0xffffU);
    }
    return arena_strdup(p->a, out);
}

/* ---- begin, turn, end ------------------------------------------------------------------------ */

static const char *fresh_revision(struct planner *p, const char *digest)
{
    for (int salt = 0;; salt++) {
        const char *revision = template_revision(p->a, digest, salt);

        if (!rs_by_revision(p, revision) || salt > 64)
            return revision;
    }
}

static const char *revision_of(struct planner *p, const struct replicaset *rs)
{
    return rs ? rs->revision : fresh_revision(p, p->d->digest);
}

static void copy_steps(struct planner *p)
{
    struct flight *fl = &p->st.flight;

    fl->step_count = p->c.step_count;
    for (int i = 0; i < p->c.step_count; i++)
        fl->steps[i].weight_pct = p->c.steps[i].weight_pct; /* its pods are counted in report.c */
}

/* 0 where something is waited for before the first. */
static int first_step(const struct planner *p, int step)
{
    return (int)clamp_i64(step > 1 || !waits_to_start(p) ? max_i64(step, 1) : 0, 0,
                          p->c.step_count);
}

void flight_begin(struct planner *p, int step)
{
    struct flight *fl = &p->st.flight;
    const struct replicaset *rs = rs_by_digest(p, p->d->digest);

    *fl = (struct flight){.present = true,
                          .digest = p->d->digest,
                          .from_revision = p->rec.stable_revision,
                          .regime = p->c.regime,
                          .generation = p->r->meta.generation,
                          .started_ms = p->now,
                          .step_started_ms = p->now,
                          .progressed_ms = p->now};
    fl->revision = revision_of(p, rs);
    fl->deployment_revision = rs && rs->deployment_revision == revision_next(p) - 1
                                  ? rs->deployment_revision
                                  : revision_next(p);
    fl->spec_digest = spec_digest(p);
    copy_steps(p);
    fl->step = first_step(p, step);
    for (int i = 0; i + 1 < fl->step; i++)
        fl->steps[i].ended_ms = p->now;
    p->st.gate_count = 0;
    p->st.route_count = 0;
    pin_side(p, fl->revision);
    decide(p);
    event(p, false, REASON_STARTED, "Revision %s starts: %s, %d steps.", fl->revision,
          strategy_name(p->spec->strategy), p->c.step_count);
}

void flight_back(struct planner *p, const char *why, bool reject, bool undo)
{
    struct flight *fl = &p->st.flight;

    fl->direction = DIRECTION_BACK;
    fl->abort_reason = why;
    fl->undo = undo;
    fl->decision_ms = 0;
    fl->decision = fl->decision_reason = NULL;
    fl->drained_ms = 0;
    fl->bake_until_ms = 0;
    fl->progressed_ms = p->now;
    if (reject) {
        p->st.rejected.revision = fl->revision;
        p->st.rejected.digest = fl->digest;
        p->st.rejected.reason = why;
        p->st.rejected.at_ms = p->now;
        p->st.rejected.step = fl->step;
    }
    decide(p);
    event(p, reject, reject ? REASON_ABORTED : REASON_REVERTED,
          "Revision %s goes back at step %d/%d: %s", str_name(fl->revision), fl->step,
          p->c.step_count, why);
}

void flight_end(struct planner *p, const char *outcome, const char *message)
{
    struct rollout_status *st = &p->st;
    struct history_entry e = {.revision = st->flight.revision,
                              .deployment_revision = st->flight.deployment_revision,
                              .outcome = outcome,
                              .step = st->flight.step,
                              .started_ms = st->flight.started_ms,
                              .ended_ms = p->now,
                              .message = arena_strndup(p->a, message, 120)};
    const int keep = (int)min_i64(st->history_count, HISTORY_MAX - 1);

    memmove(&st->history[1], &st->history[0], (size_t)keep * sizeof st->history[0]);
    st->history[0] = e;
    st->history_count = keep + 1;
    st->flight = (struct flight){0};
    st->route_count = 0;
    decide(p);
}

/* A gate failed or a deadline passed: back to stable, or stay and let a person decide. */
void flight_fails(struct planner *p, enum reason reason, const char *why)
{
    struct flight *fl = &p->st.flight;

    if (p->spec->on_failure == ON_FAILURE_ABORT && reason != REASON_DEADLINE_EXCEEDED) {
        event(p, true, reason, "%s", why);
        flight_back(p, why, true, false);
        return;
    }
    fl->decision_ms = p->now;
    fl->decision = why;
    fl->decision_reason = reason_name(reason);
    decide(p);
    event(p, true, reason, "%s", why);
}

/* ---- the Rollout goes ------------------------------------------------------------------------ */

enum flow rule_deleted(struct planner *p)
{
    struct flight *fl = &p->st.flight;

    if (!p->r->meta.deleting_ms || !fl->present || p->back)
        return NEXT;
    if (p->committed) {
        if (!fl->bake_until_ms || fl->bake_until_ms <= p->now)
            return NEXT;
        fl->bake_until_ms = p->now;
        decide(p);
        return AGAIN;
    }
    if (p->spec->on_delete == ON_DELETE_PROMOTE) {
        if (fl->promote_all)
            return NEXT;
        fl->promote_all = fl->forced = true;
        fl->decision_ms = 0;
        decide(p);
        return AGAIN;
    }
    flight_back(p, "the Rollout is being deleted", true, false);
    return AGAIN;
}

/* ---- the template moved ---------------------------------------------------------------------- */

static enum flow superseded(struct planner *p)
{
    event(p, false, REASON_SUPERSEDED, "Revision %s is superseded by a newer template.",
          str_name(p->st.flight.revision));
    flight_end(p, "Superseded", "superseded by a newer template");
    return AGAIN;
}

/* spec.traffic names other routes than the flight has moved: those go to rest first. */
static bool routes_bind(struct planner *p)
{
    struct record anew = p->rec;

    if (!p->f)
        return false;
    routes_of_spec(p, &anew);
    return routes_differ(&anew, &p->rec) && !routes_at_rest(p);
}

/* After the commit the promoted revision stays stable, unless what came is the one before. */
static enum flow moved_after_commit(struct planner *p)
{
    if (!p->changed || p->back)
        return NEXT;
    if (str_equal(p->d->digest, p->rec.previous_digest)) {
        flight_back(p, "the template before was put back", false, true);
        return AGAIN;
    }
    if (routes_bind(p))
        return NEXT;
    flight_end(p, p->st.flight.forced ? "Forced" : "Promoted", "a new template ended the bake");
    return AGAIN;
}

/* All goes by the name of the candidate. A status that others wrote may lack it, and where the
 * Deployment controller made the ReplicaSet, for somebody resumed it, that one has its own. */
static bool is_named(const struct planner *p)
{
    return p->st.flight.revision &&
           (!p->candidate || str_equal(p->candidate->revision, p->st.flight.revision));
}

static enum flow name_again(struct planner *p)
{
    p->st.flight.revision = revision_of(p, p->candidate);
    pin_side(p, p->st.flight.revision);
    decide(p);
    return AGAIN;
}

static enum flow moved_forward(struct planner *p)
{
    if (!p->changed) {
        flight_back(p, "the stable template was put back", false, false);
        return AGAIN;
    }
    if (p->rejected) { /* what served until now is drained before it goes */
        flight_back(p, "a revision that was rejected before was put back", false, false);
        return AGAIN;
    }
    if (!str_equal(p->d->digest, p->st.flight.digest) && !routes_bind(p))
        return superseded(p);
    return is_named(p) ? NEXT : name_again(p);
}

/* On the way back a newer template need not wait: its flight finds the same extras to drain. */
static enum flow moved_back(struct planner *p)
{
    const struct flight *fl = &p->st.flight;

    if (!p->changed || p->rejected || str_equal(p->d->digest, fl->digest) || routes_bind(p))
        return NEXT;
    flight_end(p, fl->undo ? "Undone" : "Aborted", fl->abort_reason ? fl->abort_reason : "");
    return AGAIN;
}

/* A new flight must not carry the commit of the one before it, nor its routes. */
static enum flow clean_record(struct planner *p)
{
    struct record rec = p->rec, anew = p->rec;

    if (!p->f)
        return NEXT;
    routes_of_spec(p, &anew);
    if (routes_differ(&anew, &rec)) {
        rec.routes = anew.routes;
        rec.route_count = anew.route_count;
    } else if (!rec.committed_ms) {
        return NEXT;
    }
    rec.committed_ms = 0;
    rec.previous = NULL;
    return act_record(p, &rec);
}

enum flow rule_flight(struct planner *p)
{
    if (p->st.flight.present)
        return p->committed ? moved_after_commit(p) : p->back ? moved_back(p) : moved_forward(p);
    if (!p->changed || p->rejected || !p->d->paused || p->r->meta.deleting_ms)
        return NEXT;
    if (routes_bind(p))
        return NEXT;
    if (!attach_checks(p))
        return STOP;
    if (clean_record(p) == STOP)
        return STOP;
    flight_begin(p, 1);
    return AGAIN;
}

/* ---- the spec moved -------------------------------------------------------------------------- */

/* Of two digests of one strategy. */
static int first_difference(const char *now, const char *then)
{
    for (int step = 1;; step++) {
        const size_t at = STRATEGY_DIGITS + STEP_DIGITS * (size_t)(step - 1);

        if (!now[at] || strncmp(now + at, then + at, STEP_DIGITS) != 0)
            return step;
    }
}

/* Rolling keeps its pods and goes on where the new steps have as many, or the next fewer: that many
 * must pass before there are more (I2). Steps before the first that differs have passed. Pods that
 * no step allowed, the Deployment controller's own while stable had none, count for nothing. */
static int rolling_position(const struct planner *p, int differs)
{
    const struct flight *fl = &p->st.flight;
    const int32_t allowed = fl->steps[fl->step - 1].replicas;
    const int32_t have = p->candidate ? (int32_t)min_i64(p->candidate->replicas, allowed) : 0;
    int step = differs;

    for (int i = step + 1; i <= p->c.step_count; i++) {
        const int32_t pods = step_replicas(&p->c, p->d, i);

        if (pods <= have && pods > step_replicas(&p->c, p->d, step))
            step = i;
    }
    return step;
}

static void move_to(struct planner *p, int step)
{
    struct flight *fl = &p->st.flight;

    for (int i = 0; i < FLIGHT_STEPS_MAX; i++) {
        if (i + 1 >= step)
            fl->steps[i] = (struct flight_step){0};
        else if (!fl->steps[i].ended_ms)
            fl->steps[i].ended_ms = p->now;
    }
    fl->step = step;
    fl->step_started_ms = fl->progressed_ms = p->now;
    fl->settled_ms = fl->decision_ms = fl->drained_ms = 0;
}

static void follow_steps(struct planner *p, int differs)
{
    if (differs > p->st.flight.step)
        return;
    differs = (int)min_i64(differs, p->c.step_count);
    move_to(p, p->outside ? differs : rolling_position(p, differs));
}

enum flow rule_edit(struct planner *p)
{
    struct flight *fl = &p->st.flight;
    const char *now = spec_digest(p), *then = fl->spec_digest ? fl->spec_digest : "";

    if (!p->forward || str_equal(now, then))
        return NEXT;
    if (fl->step > 0) {
        if (strncmp(now, then, STRATEGY_DIGITS) != 0) {
            flight_back(p, "the strategy was changed in flight", false, false);
            return AGAIN;
        }
        follow_steps(p, first_difference(now, then));
    }
    fl->spec_digest = now;
    fl->generation = p->r->meta.generation;
    copy_steps(p);
    decide(p);
    return AGAIN;
}

/* spec.paused: what people and pods are waited for stands still as long as it stands. */
enum flow rule_pause(struct planner *p)
{
    struct flight *fl = &p->st.flight;
    int64_t stood;

    if (!p->forward || p->spec->paused == (fl->paused_ms != 0))
        return NEXT;
    stood = fl->paused_ms ? p->now - fl->paused_ms : 0;
    fl->paused_ms = p->spec->paused ? p->now : 0;
    fl->progressed_ms += stood;
    if (fl->settled_ms)
        fl->settled_ms += stood;
    decide(p);
    return AGAIN;
}

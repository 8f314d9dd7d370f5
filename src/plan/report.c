/* SPDX-License-Identifier: Apache-2.0 */
/* report.c - the status in words, columns and conditions (api.md 3). Decides nothing. */
#include "planner.h"

static const char *percent(struct planner *p, int permille)
{
    if (permille % 10)
        return arena_printf(p->a, "%d.%d%%", permille / 10, permille % 10);
    return arena_printf(p->a, "%d%%", permille / 10);
}

/* When the call ended in a write and no rule said a word, the phase is the word. */
static void default_words(struct planner *p)
{
    const struct flight *fl = &p->st.flight;

    if (p->back)
        say(p, "Aborting", REASON_ABORTING, false, "Takes back revision %s: %s.",
            str_name(fl->revision), fl->abort_reason ? fl->abort_reason : "");
    if (p->committed)
        say(p, "Promoting", REASON_PROMOTING, false, "Hands over to revision %s.",
            str_name(fl->revision));
    if (fl->present)
        say(p, "Progressing", REASON_PROGRESSING, false, "Revision %s is at step %d/%d.",
            str_name(fl->revision), fl->step, p->c.step_count);
    if (p->d && p->rec_known && p->changed && !p->rejected)
        say(p, "Progressing", REASON_PROGRESSING, false, "A new template begins its release.");
    if (p->d && p->rejected)
        say(p, "Aborting", REASON_ABORTING, false, "Holds stable %s.",
            str_name(p->st.stable.revision));
    if (p->d && p->rec_known)
        say(p, "Progressing", REASON_PROGRESSING, false, "Brings stable %s in order.",
            str_name(p->rec.stable_revision));
    say(p, "Pending", REASON_PENDING, false, "Not attached yet.");
}

/* ---- the brake ------------------------------------------------------------------------------- */

struct brake_word {
    const char *status;
    enum reason reason;
    const char *message;
};

/* `before`: what a status says of it, which others may have written. */
static struct brake_word brake_proved(const char *before)
{
    return (struct brake_word){"True", REASON_ADMISSION,
                               before ? before : "A template change is stopped at admission."};
}

static struct brake_word brake_word(struct planner *p)
{
    static const enum reason reasons[] = {[BRAKE_NOT_SERVED] = REASON_NOT_SERVED,
                                          [BRAKE_NOT_INSTALLED] = REASON_NOT_INSTALLED,
                                          [BRAKE_PROOF_FAILED] = REASON_PROOF_FAILED};
    const struct brake_proof *b = &p->w->brake;

    if (p->spec->brake == BRAKE_PAUSED && !(p->d && p->d->paused && p->d->dead_man))
        return (struct brake_word){"Unknown", REASON_PROVING, "The Deployment is not paused yet."};
    if (p->spec->brake == BRAKE_PAUSED)
        return (struct brake_word){"True", REASON_PAUSED,
                                   "The Deployment is kept paused: a template change waits."};
    if (b->state == BRAKE_PROVED)
        return brake_proved(NULL);
    if (b->state == BRAKE_UNKNOWN)
        return (struct brake_word){"Unknown", REASON_PROVING, "Not proved yet."};
    return (struct brake_word){
        "False", reasons[b->state],
        arena_printf(p->a, "A template change would roll at once, ungated: %s",
                     b->message ? b->message : reason_remedy(reasons[b->state]))};
}

/* A brake that is not armed is nothing to rest on: who waits for Ready may rely on it. */
static void brake_in_summary(struct planner *p, const struct brake_word *b)
{
    if (!p->sum.resting || str_equal(b->status, "True"))
        return;
    p->sum = (struct summary){0};
    if (str_equal(b->status, "False"))
        say(p, "Stalled", b->reason, true, "%s", b->message);
    else
        say(p, "Pending", REASON_PENDING, false, "Proves the brake.");
}

/* ---- conditions ------------------------------------------------------------------------------ */

static void set(struct planner *p, enum condition_type type, const char *status, enum reason reason,
                const char *message)
{
    struct condition *c = &p->st.conditions[type];
    const bool moved = !str_equal(c->status, status);

    c->type = condition_types[type];
    c->status = status;
    c->reason = reason_name(reason);
    c->message = arena_strndup(p->a, message, 160);
    c->observed_generation = p->r->meta.generation;
    if (moved || !c->transition_ms)
        c->transition_ms = p->now;
}

static void set_promoted(struct planner *p)
{
    const struct rollout_status *st = &p->st;
    const struct history_entry *last = st->history_count ? &st->history[0] : NULL;

    if (st->flight.present) {
        set(p, COND_PROMOTED, "False", REASON_IN_FLIGHT,
            arena_printf(p->a, "Revision %s is at step %d/%d; users' stable revision is %s.",
                         str_name(st->flight.revision), st->flight.step, p->c.step_count,
                         st->stable.revision ? st->stable.revision : "unknown"));
        return;
    }
    if (!st->stable.revision) {
        set(p, COND_PROMOTED, "Unknown", REASON_PENDING, "Not attached yet.");
        return;
    }
    if (p->rejected) {
        set(p, COND_PROMOTED, "False", REASON_ABORTED, p->sum.message);
        return;
    }
    if (last && (str_equal(last->outcome, "Reverted") || str_equal(last->outcome, "Undone"))) {
        set(p, COND_PROMOTED, "False", last->outcome[0] == 'R' ? REASON_REVERTED : REASON_UNDONE,
            arena_printf(p->a, "Revision %s was taken back; the Deployment has the template of %s.",
                         str_name(last->revision), st->stable.revision));
        return;
    }
    if (last && str_equal(last->revision, st->stable.revision))
        set(p, COND_PROMOTED, "True", REASON_PROMOTED,
            arena_printf(p->a, "Revision %s passed %d steps and was promoted.", last->revision,
                         last->step));
    else
        set(p, COND_PROMOTED, "True", REASON_ATTACHED,
            arena_printf(p->a, "What runs counts as stable: %s.", st->stable.revision));
}

static bool target_reason(enum reason r)
{
    return r == REASON_NOT_FOUND || r == REASON_STRATEGY_RECREATE || r == REASON_ALREADY_ATTACHED ||
           r == REASON_NOT_COMPLETE || r == REASON_PAUSED_BY_USER || r == REASON_NO_ROOM ||
           r == REASON_TERMINATING;
}

static void set_target_valid(struct planner *p)
{
    if (target_reason(p->sum.reason))
        set(p, COND_TARGET_VALID, "False", p->sum.reason, p->sum.message);
    else if (p->st.stable.revision)
        set(p, COND_TARGET_VALID, "True", REASON_ATTACHED,
            arena_printf(p->a, "Deployment %s is attached.", str_name(p->spec->target)));
    else
        set(p, COND_TARGET_VALID, "Unknown", REASON_PENDING, p->sum.message);
}

static void set_conditions(struct planner *p, const struct brake_word *b)
{
    const struct summary *s = &p->sum;
    const bool moving = !s->resting && !s->stalled;

    set(p, COND_READY, s->resting ? "True" : "False", s->reason, s->message);
    set(p, COND_RECONCILING, moving ? "True" : "False", moving ? s->reason : REASON_NONE_ELSE,
        moving ? s->message : "");
    set(p, COND_STALLED, s->stalled ? "True" : "False", s->stalled ? s->reason : REASON_NONE_ELSE,
        s->stalled ? s->message : "");
    set_promoted(p);
    if (p->contended)
        set(p, COND_CONTENDED, "True", REASON_MANAGED_ELSEWHERE, s->message);
    else
        set(p, COND_CONTENDED, "False", REASON_NONE_ELSE, "");
    set_target_valid(p);
    set(p, COND_BRAKE_ARMED, b->status, b->reason, b->message);
}

/* ---- counts ---------------------------------------------------------------------------------- */

/* Pods of both sides; more than an int holds. */
static int64_t both_ready(const struct flight *fl)
{
    return (int64_t)fl->new_ready + fl->stable_ready;
}

static void count_flight(struct planner *p)
{
    struct flight *fl = &p->st.flight;
    const struct replicaset *fresh = p->committed ? p->stable : p->candidate;
    const struct replicaset *old = p->committed ? p->previous : p->stable;
    const bool switched =
        fresh && str_equal(serve_revision(p), fresh->revision) && pins_proved(p, fresh->revision);

    fl->new_replicas = fresh ? fresh->replicas : 0;
    fl->new_ready = fresh ? fresh->st_ready : 0;
    fl->stable_replicas = old ? old->replicas : 0;
    fl->stable_ready = old ? old->st_ready : 0;
    for (int i = 0; i < fl->step_count; i++)
        fl->steps[i].replicas = step_replicas(&p->c, p->d, i + 1);
    if (p->c.by == TRAFFIC_ROUTE && !p->committed) {
        if (p->back)
            fl->weight_desired = 0;
        weight_told(p);
        return;
    }
    fl->weight_desired = p->back ? 0 : step_weight(p);
    if (p->committed || (p->outside && switched && at_last_step(p)))
        fl->weight_accepted = 100;
    else if (p->c.by == TRAFFIC_PODS && fl->new_ready > 0)
        fl->weight_accepted = (int)(INT64_C(100) * fl->new_ready / both_ready(fl));
    else
        fl->weight_accepted = 0;
    fl->weight_written = fl->weight_accepted;
}

static int shown_permille(const struct planner *p)
{
    const struct flight *fl = &p->st.flight;

    if (p->c.by == TRAFFIC_PODS && !p->committed && fl->weight_accepted < 100 && fl->new_ready > 0)
        return (int)((INT64_C(2000) * fl->new_ready + both_ready(fl)) / (2 * both_ready(fl)));
    return fl->weight_accepted * 10;
}

static void set_display(struct planner *p)
{
    struct rollout_status *st = &p->st;
    const int32_t ready = p->stable ? p->stable->st_available : 0;

    st->display.status = p->sum.word;
    st->display.message = p->sum.message;
    st->display.strategy = strategy_name(p->spec->strategy);
    st->display.step = st->display.weight = st->display.ready = "";
    if (st->flight.present) {
        st->display.step = arena_printf(p->a, "%d/%d", st->flight.step, p->c.step_count);
        st->display.weight = percent(p, shown_permille(p));
    }
    if (p->d)
        st->display.ready = arena_printf(p->a, "%d/%d", ready, p->n);
}

void report(struct planner *p)
{
    struct rollout_status *st = &p->st;
    struct brake_word b = brake_word(p);

    /* A restarted controller has not asked yet: what was proved before still stands in status. */
    if (p->w->brake.state == BRAKE_UNKNOWN &&
        str_equal(st->conditions[COND_BRAKE_ARMED].status, "True") &&
        p->spec->brake != BRAKE_PAUSED)
        b = brake_proved(st->conditions[COND_BRAKE_ARMED].message);
    default_words(p);
    brake_in_summary(p, &b);
    st->observed_generation = p->r->meta.generation;
    st->held = p->d && (st->flight.present || p->w->fence != NULL);
    if (p->d && str_equal(st->target.uid, p->d->meta.uid)) {
        st->target.observed_generation = p->d->meta.generation;
        st->target.replicas = p->n;
        st->target.digest = p->d->digest;
    }
    if (p->d && st->flight.present)
        count_flight(p);
    set_display(p);
    set_conditions(p, &b);
}

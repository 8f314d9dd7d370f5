/* SPDX-License-Identifier: Apache-2.0 */
/* commit.c - the commit, the way back over it, and the bake. */
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

    if (!p->forward || !fl->committed_ms)
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

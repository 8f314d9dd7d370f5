/* SPDX-License-Identifier: Apache-2.0 */
/* part_tail.c - how every screen ends: what is awaited, until when, what a person can type. */
#include "facts.h"
#include "words.h"

#include "sluice/base/clock.h"
#include <string.h>

#define COMMAND_COLUMN   36 /* where the second command of a line begins */
#define REFUSAL_SHOWN_MS (10 * MINUTE_MS)

char *to_type(struct screen *s, const char *verb, const char *name)
{
    return word(s, "%s %s %s%s", s->program, verb, name, s->where);
}

/* --- what is awaited -------------------------------------------------------------------------- */

/* status says "Pause", "Fail", "Pass" or words of its own. */
static const char *then_words(const char *then)
{
    static const struct {
        const char *is, *say;
    } known[] = {
        {"Pause", "pauses"},   {"Fail", "goes back"}, {"Pass", "goes on"}, {"pause", "pauses"},
        {"fail", "goes back"}, {"pass", "goes on"},   {"ends", NULL},
    };

    for (size_t i = 0; i < COUNT(known); i++)
        if (str_equal(then, known[i].is))
            return known[i].say;
    return then;
}

static bool is(const struct awaiting *a, const char *what)
{
    return str_equal(a->what, what);
}

/* A message that is a sentence of its own, as against "2 of 3 new pods to be ready". */
static bool own_sentence(const char *message)
{
    return has_text(message) && strncmp(message, "Waits ", 6) == 0;
}

static const char *subject_of(struct screen *s, const struct facts *f, const struct awaiting *a)
{
    if (is(a, "Gate"))
        return word(s, "Waits for gate %s", str_name(a->name));
    if (is(a, "Approval"))
        return "Waits for approval";
    if (is(a, "Decision"))
        return "Waits for a decision";
    if (is(a, "Hold"))
        return word(s, "Holds step %d", f->step);
    if (is(a, "Bake"))
        return word(s, "Watches revision %s", facts_called(&s->a, f, f->flight->revision));
    if (own_sentence(a->message))
        return words_trimmed(&s->a, a->message);
    if (facts_counts_pods(a))
        return word(s, "Waits for pods (%s)", words_trimmed(&s->a, a->message));
    if (has_text(a->message))
        return word(s, "Waits for %s", words_trimmed(&s->a, a->message));
    return word(s, "Waits (%s)", a->what ? a->what : "not said");
}

static void put_awaited(struct screen *s, const struct facts *f, const struct awaiting *a)
{
    auto_strbuf struct strbuf b = {.max = SCREEN_BYTES_MAX};
    const char *then = then_words(a->then);

    strbuf_adds(&b, subject_of(s, f, a));
    if (a->since_ms && !own_sentence(a->message))
        strbuf_addf(&b, " since %s", words_clock(&s->a, a->since_ms, s->now_ms));
    if (a->until_ms)
        strbuf_addf(&b, ", until %s", words_clock(&s->a, a->until_ms, s->now_ms));
    if (has_text(then))
        strbuf_addf(&b, ", then %s", then);
    put_paragraph(s, "%s.", strbuf_str(&b));
}

/* --- commands --------------------------------------------------------------------------------- */

struct offer {
    const char *label, *verb;
};
#define OFFERS_MAX 3

/* What to type while this is awaited; the first that holds. */
static const struct offers {
    const char *what;
    struct offer offer[OFFERS_MAX];
} offers[] = {
    {"Gate", {{"Go on now", "skip"}, {"Go back", "abort"}}},
    {"Hold", {{"Go on now", "skip"}, {"Go back", "abort"}}},
    {"Queue", {{"Go on now", "skip"}, {"Give it up", "abort"}}},
    {"Approval", {{"Go on", "approve"}, {"Go back", "abort"}}},
    {"Decision", {{"Ask again", "retry"}, {"Go on all the same", "skip"}, {"Go back", "abort"}}},
    {"Bake", {{"End it now", "promote"}, {"Take it back", "undo"}}},
    {NULL, {{"Go back", "abort"}}},
};

static const struct offer *offers_for(const struct facts *f, const struct awaiting *a)
{
    static const struct offer paused[OFFERS_MAX] = {{"Go on", "resume"}, {"Go back", "abort"}};
    static const struct offer preview[OFFERS_MAX] = {{"Switch", "approve"}, {"Go back", "abort"}};
    size_t i = 0;

    if (f->paused)
        return paused;
    if (a && is(a, "Approval") && f->spec->strategy == STRATEGY_BLUE_GREEN && f->step == 1)
        return preview;
    while (offers[i].what && !(a && is(a, offers[i].what)))
        i++;
    return offers[i].offer;
}

static void put_offers(struct screen *s, const struct facts *f, const struct offer *offer)
{
    put_spaces(s, 2);
    for (size_t i = 0; i < OFFERS_MAX && offer[i].verb; i++) {
        const char *text = word(s, "%s: %s", offer[i].label, to_type(s, offer[i].verb, f->name));
        const int next = (int)max_i64(COMMAND_COLUMN, s->column + TABLE_GAP);
        const int at = s->column <= 2 ? 2 : next;

        if (at > 2 && at + text_width(text) > s->width) {
            new_line(s);
            put_spaces(s, 2);
        } else if (at > 2) {
            put_to(s, at);
        }
        put(s, text);
    }
    new_line(s);
}

/* --- in flight -------------------------------------------------------------------------------- */

static void put_flight(struct screen *s, const struct facts *f)
{
    const struct awaiting *a = facts_awaited(f);

    if (f->paused)
        put_paragraph(s, "Paused by spec.paused: no new step, no more weight, no promotion.");
    if (has_text(f->flight->decision))
        put_paragraph(s, "%s.", words_sentence(&s->a, f->flight->decision));
    if (!f->forward && has_text(f->flight->abort_reason))
        put_paragraph(s, "Goes back to revision %s: %s.",
                      facts_called(&s->a, f, f->flight->from_revision), f->flight->abort_reason);
    if (a && !f->paused)
        put_awaited(s, f, a);
    else if (!a && has_text(f->st->display.message))
        put_paragraph(s, "%s", f->st->display.message);
    if (f->forward)
        put_offers(s, f, offers_for(f, a));
}

/* --- aborted and held ------------------------------------------------------------------------- */

static bool gate_failed(const struct facts *f)
{
    for (int i = 0; i < f->st->gate_count; i++)
        if (f->st->gates[i].verdict == VERDICT_FAIL)
            return true;
    return false;
}

static const char *back_in(struct screen *s, const struct facts *f)
{
    const struct history_entry *h = facts_last(f);

    if (!h || !str_equal(h->revision, f->rejected) || h->ended_ms <= f->st->rejected.at_ms)
        return "";
    return word(s, " in %s", words_took(&s->a, h->ended_ms - f->st->rejected.at_ms));
}

static void put_aborted(struct screen *s, const struct facts *f)
{
    const char *untouched = f->c.regime == REGIME_OUTSIDE ? ", no pod of it was touched" : "";

    if (!gate_failed(f) && has_text(f->st->rejected.reason))
        put_paragraph(s, "Stopped: %s.", words_trimmed(&s->a, f->st->rejected.reason));
    put_paragraph(s,
                  "Back on stable%s%s. Deployment %s is paused on it and reports failed; resuming "
                  "it by hand puts template %s back.",
                  back_in(s, f), untouched, f->target, facts_called(&s->a, f, f->stable));
    put_paragraph(s, "Next: apply a new template, or try this one again: %s",
                  to_type(s, "retry", f->name));
}

/* --- at rest ---------------------------------------------------------------------------------- */

static const char *gates_said(struct screen *s, const struct facts *f)
{
    if (!f->st->gate_count)
        return "";
    for (int i = 0; i < f->st->gate_count; i++)
        if (f->st->gates[i].verdict == VERDICT_FAIL)
            return word(s, ", gate %s failed", str_name(f->st->gates[i].name));
    return ", no gate failed";
}

static const char *length_of(struct screen *s, const struct history_entry *h)
{
    if (!h->started_ms || h->ended_ms <= h->started_ms)
        return words_count(&s->a, h->step, "step");
    return word(s, "%s in %s", words_count(&s->a, h->step, "step"),
                words_took(&s->a, h->ended_ms - h->started_ms));
}

static char *lower_first(struct screen *s, const char *text)
{
    char *t = word(s, "%s", text ? text : "");

    if (t[0] >= 'A' && t[0] <= 'Z')
        t[0] = (char)(t[0] + 32);
    return t;
}

static void put_last(struct screen *s, const struct facts *f, const struct history_entry *h)
{
    const char *ago = words_ago(&s->a, h->ended_ms, s->now_ms);
    const char *revision = h->deployment_revision
                               ? word(s, "%lld", (long long)h->deployment_revision)
                               : str_name(h->revision);

    if (str_equal(h->outcome, "Promoted"))
        put_paragraph(s, "Last release: %s promoted %s, %s%s.", revision, ago, length_of(s, h),
                      gates_said(s, f));
    else if (str_equal(h->outcome, "Forced"))
        put_paragraph(s, "Last release: %s promoted %s by a person, past its gates, %s.", revision,
                      ago, length_of(s, h));
    else
        put_paragraph(s, "Last release: %s %s %s at step %d%s%s.", revision,
                      lower_first(s, h->outcome), ago, h->step, has_text(h->message) ? ": " : "",
                      words_trimmed(&s->a, h->message));
}

/* The time of the proof stands in the message; the condition's own time is when it first held. */
static int64_t proved_at(const struct condition *c)
{
    const char *said = c->message ? strstr(c->message, "proved ") : NULL;
    char time[TIME_TEXT_MAX] = "";

    if (said)
        for (size_t i = 0;
             i + 1 < sizeof(time) && strchr("0123456789-:TZ.", said[7 + i]) && said[7 + i]; i++)
            time[i] = said[7 + i];
    return time_parse(time) ? time_parse(time) : c->transition_ms;
}

static void put_unarmed(struct screen *s, const struct condition *off)
{
    const char *remedy = facts_remedy(off);

    put_paragraph(s, "%s.%s",
                  has_text(off->message) ? words_sentence(&s->a, off->message)
                                         : "The brake is not armed",
                  has_text(remedy) ? word(s, " Next: %s.", remedy) : "");
}

static void put_brake(struct screen *s, const struct facts *f)
{
    const struct condition *on = facts_true(f, COND_BRAKE_ARMED);
    const struct condition *off = facts_false(f, COND_BRAKE_ARMED);

    if (on && proved_at(on))
        put_paragraph(s, "A template change starts a release: the brake is armed (proved %s).",
                      words_ago(&s->a, proved_at(on), s->now_ms));
    else if (on)
        put_paragraph(s, "A template change starts a release: the brake is armed.");
    else if (off)
        put_unarmed(s, off);
    else
        put_paragraph(s, "The brake is not proved yet: until then a template change rolls at "
                         "once, ungated.");
}

static void put_rest(struct screen *s, const struct facts *f)
{
    const struct history_entry *h = facts_last(f);

    if (h)
        put_last(s, f, h);
    else
        put_paragraph(s, "No release yet: what ran when Sluice was attached counts as stable.");
    if (!facts_true(f, COND_STALLED) || facts_true(f, COND_BRAKE_ARMED))
        put_brake(s, f);
}

/* --- what stands in the way ------------------------------------------------------------------- */

static void put_remedy(struct screen *s, const struct condition *c)
{
    const char *remedy = facts_remedy(c);

    put_paragraph(s, "%s%s%s.", str_name(c->reason), has_text(c->message) ? ": " : "",
                  words_trimmed(&s->a, c->message));
    if (has_text(remedy))
        put_paragraph(s, "Next: %s.", remedy);
}

/* A person's decision, an abort that is held, and findings have their own words. */
static void put_stalled(struct screen *s, const struct facts *f)
{
    const struct condition *c = facts_true(f, COND_STALLED);
    const bool invalid = c && str_equal(c->reason, "InvalidSpec") && f->r->finding_count;

    if (invalid) {
        put_findings(s, f->r->findings, f->r->finding_count, s->verbose ? SIZE_MAX : 5);
        put_paragraph(s, "InvalidSpec: %s. Next: correct the Rollout; sluice lint checks it.",
                      words_count(&s->a, (int64_t)f->r->finding_count, "error"));
    }
    if (c && !invalid && !f->aborted && !(f->flight && has_text(f->flight->decision)))
        put_remedy(s, c);
    if (facts_true(f, COND_CONTENDED))
        put_remedy(s, facts_true(f, COND_CONTENDED));
}

static void put_not_attached(struct screen *s, const struct facts *f)
{
    const struct condition *c = facts_false(f, COND_TARGET_VALID);

    if (facts_true(f, COND_STALLED))
        return;
    if (c)
        put_remedy(s, c);
    else if (has_text(f->st->display.message))
        put_paragraph(s, "Not attached yet: %s", f->st->display.message);
    else
        put_paragraph(s, "Not attached yet: no controller has looked at it. Next: see that "
                         "sluice-controller runs (kubectl -n sluice-system get pods).");
}

static void put_refusal(struct screen *s, const struct facts *f)
{
    if (!str_equal(f->st->last_action.outcome, "Refused") ||
        s->now_ms - f->st->last_action.time_ms > REFUSAL_SHOWN_MS)
        return;
    put_paragraph(
        s, "Refused %s: %s: %s (%s).", words_ago(&s->a, f->st->last_action.time_ms, s->now_ms),
        lower_first(s, verb_name(f->st->last_action.verb)),
        words_trimmed(&s->a, f->st->last_action.message), str_name(f->st->last_action.reason));
}

void part_tail(struct screen *s, const struct facts *f)
{
    new_line(s);
    if (f->r->meta.deleting_ms)
        put_paragraph(s, "This Rollout is being deleted (onDelete acts first).");
    put_stalled(s, f);
    put_refusal(s, f);
    if (f->flight)
        put_flight(s, f);
    else if (f->aborted)
        put_aborted(s, f);
    else if (f->attached)
        put_rest(s, f);
    else
        put_not_attached(s, f);
}

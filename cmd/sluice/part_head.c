/* SPDX-License-Identifier: Apache-2.0 */
/* part_head.c - first line, and the list of steps. */
#include "facts.h"
#include "words.h"

#include "sluice/base/clock.h"
#include <string.h>

#define STEP_NOTE_MAX 200

static enum style style_of_status(const struct facts *f)
{
    const struct awaiting *a = facts_awaited(f);

    if (f->aborted || facts_true(f, COND_STALLED))
        return STYLE_BAD;
    if (f->paused || (a && str_equal(a->what, "Approval")))
        return STYLE_WARN;
    return f->flight ? STYLE_BOLD : STYLE_GOOD;
}

/* "step 2 of 4, 25 %"; blue-green's share is 0 or all, which its words say. */
static const char *position(struct screen *s, const struct facts *f)
{
    const char *of = word(s, "step %d of %d", f->step, f->step_count);

    if (f->step == 0)
        return "before step 1";
    if (f->spec->strategy == STRATEGY_BLUE_GREEN)
        return of;
    return word(s, "%s, %s", of, facts_share(&s->a, f, f->step));
}

static int64_t since_of(const struct facts *f)
{
    return f->flight->step_started_ms ? f->flight->step_started_ms : f->flight->started_ms;
}

static void put_position(struct screen *s, const struct facts *f)
{
    if (f->aborted) {
        putf(s, "   at %s", position(s, f));
        if (f->st->rejected.at_ms)
            putf(s, "   %s", words_ago(&s->a, f->st->rejected.at_ms, s->now_ms));
        return;
    }
    if (!f->flight)
        return;
    if (f->baking)
        put(s, "   promoted");
    else
        putf(s, "   %s%s", f->forward ? "" : "from ", position(s, f));
    if (since_of(f))
        putf(s, "   for %s", words_lasts(&s->a, s->now_ms - since_of(f)));
}

void part_head(struct screen *s, const struct facts *f)
{
    const char *status = f->st->display.status;

    put_styled(s, STYLE_BOLD, f->name);
    putf(s, "   %s   ", f->spec->strategy ? strategy_name(f->spec->strategy) : "-");
    put_styled(s, style_of_status(f), has_text(status) ? status : "Pending");
    put_position(s, f);
    new_line(s);
}

/* --- steps ------------------------------------------------------------------------------------ */

/* Joins with a separator; "" parts are left out. */
static char *join(struct screen *s, const char *a, const char *between, const char *b)
{
    if (!has_text(a) || !has_text(b))
        return word(s, "%s%s", a, b);
    return word(s, "%s%s%s", a, between, b);
}

static const char *passed_note(struct screen *s, const struct facts *f, int step)
{
    const struct flight_step *me = &f->flight->steps[step - 1];
    const int64_t before = step > 1 ? f->flight->steps[step - 2].ended_ms : f->flight->started_ms;
    const char *took = before && me->ended_ms > before
                           ? word(s, " %s %s", me->skipped ? "after" : "in",
                                  words_took(&s->a, me->ended_ms - before))
                           : "";

    return word(s, "%s%s", me->skipped ? "skipped" : "passed", took);
}

static const char *hold_note(struct screen *s, const struct facts *f, const struct step *step)
{
    const int64_t end = f->flight->settled_ms + step->hold_ms;

    if (!step->hold_ms || !f->flight->settled_ms)
        return "";
    if (s->now_ms >= end)
        return word(s, "held %s", words_duration(&s->a, step->hold_ms));
    return word(s, "holds %s, %s left", words_duration(&s->a, step->hold_ms),
                words_lasts(&s->a, end - s->now_ms));
}

static const char *waits_note(struct screen *s, const struct facts *f)
{
    const struct awaiting *a = facts_awaited(f);

    if (f->paused)
        return "paused";
    if (!a || str_equal(a->what, "Hold"))
        return "";
    if (str_equal(a->what, "Gate"))
        return word(s, "waits for gate %s", str_name(a->name));
    if (str_equal(a->what, "Approval"))
        return "waits for approval";
    if (str_equal(a->what, "Decision"))
        return "a person must decide";
    if (str_equal(a->what, "Capacity") && facts_counts_pods(a))
        return "waits for pods";
    if (str_equal(a->what, "Capacity"))
        return "waits for traffic";
    if (str_equal(a->what, "Acceptance") || str_equal(a->what, "Settle"))
        return "waits for the route";
    return word(s, "waits (%s)", str_name(a->what));
}

static const char *hand_over_note(struct screen *s, const struct facts *f)
{
    if (!f->spec->bake_ms)
        return "then hand-over";
    return word(s, "then hand-over and %s bake", words_duration(&s->a, f->spec->bake_ms));
}

/* What a step still ahead asks for before it is left. */
static const char *ahead_note(struct screen *s, const struct step *step)
{
    const char *held =
        step->hold_ms ? word(s, "held %s", words_duration(&s->a, step->hold_ms)) : "";
    const char *asks = join(s, held, " and ", step->approve ? "a person approves" : "");

    return has_text(asks) ? word(s, "then %s", asks) : step->gates ? "then its gates pass" : "";
}

static const char *blue_green_note(struct screen *s, const struct facts *f, int step)
{
    if (step == 1)
        return word(s, "preview behind Service %s", str_name(f->spec->preview_service));
    return word(s, "switch, %s", hand_over_note(s, f));
}

static const char *step_note(struct screen *s, const struct facts *f, int step)
{
    const struct step *compiled = &f->c.steps[step - 1];

    if (f->flight->steps[step - 1].ended_ms)
        return passed_note(s, f, step);
    if (f->spec->strategy == STRATEGY_BLUE_GREEN)
        return blue_green_note(s, f, step);
    if (step == f->step)
        return join(s, hold_note(s, f, compiled), "; ", waits_note(s, f));
    return facts_last_step(f, step) ? hand_over_note(s, f) : ahead_note(s, compiled);
}

/* "3 + 10": as wide as the widest number on either side, so that the signs stand in one column. */
static const char *pods_pair(struct screen *s, int wide, int32_t new_pods, int32_t old_pods)
{
    return word(s, "%*d + %d", wide, (int)new_pods, (int)old_pods);
}

void part_steps(struct screen *s, const struct facts *f)
{
    struct table t;
    const int wide = (int)max_i64(2, text_width(word(s, "%d", (int)facts_replicas(f))));

    new_line(s);
    table_init(&t, s, 4);
    table_column(&t, (struct column){.head = "STEP", .least = 4});
    table_column(&t, (struct column){.head = "NEW + OLD"});
    table_column(&t, (struct column){.head = "WEIGHT", .least = 5, .right = true, .loose = true});
    table_column(&t, (struct column){.block = true});
    for (int i = 1; i <= f->step_count && i <= f->c.step_count; i++) {
        struct row *r = table_row(&t);
        r->mark = i == f->step ? '>' : 0;
        r->cells[0].text = word(s, "%d", i);
        r->cells[1].text = pods_pair(s, wide, facts_new_pods(f, i), facts_old_pods(f, i));
        r->cells[2].text = facts_share(&s->a, f, i);
        r->cells[3].text = step_note(s, f, i);
        r->cells[0].style = r->mark ? STYLE_BOLD : STYLE_PLAIN;
    }
    table_put(&t);
}

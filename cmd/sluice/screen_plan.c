/* SPDX-License-Identifier: Apache-2.0 */
/* screen_plan.c - `sluice plan`: what every strategy compiles to, for the Deployment at hand. */
#include "facts.h"
#include "words.h"

#include "sluice/plan/plan.h"
#include <string.h>

#define BODY_SHOWN 2000 /* bytes of a request: a body may hold a whole pod template */

/* --- first line ------------------------------------------------------------------------------- */

static const char *routes_said(struct screen *s, const struct facts *f)
{
    auto_strbuf struct strbuf b = {.max = SCREEN_BYTES_MAX};

    for (size_t i = 0; i < f->spec->traffic_count; i++)
        strbuf_addf(&b, "%s%s %s", i ? ", " : "", str_name(f->spec->traffic[i].kind),
                    str_name(f->spec->traffic[i].name));
    return word(s, "%s", strbuf_str(&b));
}

static const char *strategy_said(struct screen *s, const struct facts *f)
{
    switch (f->spec->strategy) {
    case STRATEGY_CANARY:
        if (f->c.by == TRAFFIC_ROUTE)
            return word(s, "canary through %s", routes_said(s, f));
        return "canary by the share of pods";
    case STRATEGY_BLUE_GREEN:
        return word(s, "blue-green behind Service %s", str_name(f->spec->active_service));
    case STRATEGY_ROLLING:
        return "rolling";
    case STRATEGY_NONE:
    default:
        return "no strategy";
    }
}

/* --- when a step is left ---------------------------------------------------------------------- */

static const char *gate_names(struct screen *s, const struct facts *f, unsigned gates)
{
    const char *names[GATES_MAX];
    size_t n = 0;

    for (size_t i = 0; i < f->spec->gate_count && i < GATES_MAX; i++)
        if (gates & (1U << i))
            names[n++] = str_name(f->spec->gates[i].name);
    return word(s, "gate%s %s pass%s", n == 1 ? "" : "s", words_list(&s->a, names, n),
                n == 1 ? "es" : "");
}

static const char *deadline_then(enum on_deadline then)
{
    return then == ON_DEADLINE_PASS ? "goes on" : then == ON_DEADLINE_FAIL ? "goes back" : "pauses";
}

static const char *hand_over_said(struct screen *s, const struct facts *f)
{
    const char *drain =
        f->c.regime == REGIME_OUTSIDE
            ? word(s, ", stable drained %s", words_duration(&s->a, f->spec->drain_ms))
            : "";
    const char *bake =
        f->spec->bake_ms ? word(s, ", %s bake", words_duration(&s->a, f->spec->bake_ms)) : "";

    return word(s, "hand-over%s%s", drain, bake);
}

static void add(struct strbuf *b, const char *part)
{
    strbuf_addf(b, "%s%s", b->len ? "; " : "", part);
}

/* Names of gates only where they leave the line whole. */
static const char *left_when(struct screen *s, const struct facts *f, const struct step *step,
                             bool names)
{
    auto_strbuf struct strbuf b = {.max = SCREEN_BYTES_MAX};

    if (step->hold_ms)
        add(&b, word(s, "held %s", words_duration(&s->a, step->hold_ms)));
    if (step->approve)
        add(&b, word(s, "approved (%s, then %s)", words_duration(&s->a, step->deadline_ms),
                     deadline_then(step->on_deadline)));
    if (step->gates)
        add(&b, names ? gate_names(s, f, step->gates) : "gates pass");
    if (step->last)
        add(&b, hand_over_said(s, f));
    return b.len ? word(s, "%s", strbuf_str(&b)) : "once its pods are ready";
}

static const char *start_when(struct screen *s, const struct facts *f)
{
    return f->c.start_gates ? gate_names(s, f, f->c.start_gates) : "at once (no Start gate)";
}

/* --- the table -------------------------------------------------------------------------------- */

static void plan_row(struct table *t, const struct facts *f, int step, int wide, int at)
{
    struct screen *s = t->s;
    struct row *r = table_row(t);

    r->mark = at >= 0 && step == at ? '>' : 0;
    r->cells[0].text = word(s, "%d", step);
    r->cells[1].text =
        word(s, "%*d + %d", wide, (int)facts_new_pods(f, step), (int)facts_old_pods(f, step));
    r->cells[2].text = facts_share(&s->a, f, step);
    r->cells[3].text = step == 0 ? start_when(s, f) : left_when(s, f, &f->c.steps[step - 1], true);
}

/* The column LEFT WHEN begins behind the three others, which must be known first. */
static void shorten(struct table *t, const struct facts *f)
{
    struct screen *s = t->s;
    const int at =
        t->indent + table_width(t, 0) + table_width(t, 1) + table_width(t, 2) + 3 * TABLE_GAP;

    for (int step = 1; step <= f->step_count; step++) {
        struct cell *cell = &t->rows[step].cells[3];
        if (at + text_width(cell->text) > s->width)
            cell->text = left_when(s, f, &f->c.steps[step - 1], false);
    }
}

static void put_table(struct screen *s, const struct facts *f, int at)
{
    const int wide = (int)max_i64(2, text_width(word(s, "%d", (int)facts_replicas(f))));
    struct table t;

    table_init(&t, s, 2);
    table_column(&t, (struct column){.head = "STEP", .least = 4});
    table_column(&t, (struct column){.head = "NEW + OLD"});
    table_column(&t, (struct column){.head = "WEIGHT", .right = true});
    table_column(&t, (struct column){.head = "LEFT WHEN", .block = true});
    for (int step = 0; step <= f->step_count; step++)
        plan_row(&t, f, step, wide, at);
    shorten(&t, f);
    /* "5 %" stands under the H, so that a decimal does not move the column. */
    for (int step = 0; step <= f->step_count; step++)
        if (text_width(t.rows[step].cells[2].text) <= 5)
            t.rows[step].cells[2].text = word(s, "%s ", t.rows[step].cells[2].text);
    table_put(&t);
}

static void put_end(struct screen *s, const struct facts *f)
{
    const int32_t n = facts_replicas(f);
    const struct deployment known = {.replicas = n, .max_surge = "25%", .max_unavailable = "25%"};
    const struct surge surge = surge_of(f->w->dep ? f->w->dep : &known);

    if (f->c.regime == REGIME_OUTSIDE)
        put_paragraph(s, "Most pods at once: %d. Back from any step: traffic first, then %s drain.",
                      (int)(2 * n), words_duration(&s->a, f->spec->drain_ms));
    else
        put_paragraph(s,
                      "Most pods at once: %d. Back from any step: stable pods first, then the "
                      "new ones go.",
                      (int)(n + surge.surge + (surge.surge ? 1 : 0)));
}

void screen_plan(struct screen *s, const struct world *w)
{
    struct facts f;
    int at = -1;

    facts_of(w, &f);
    if (f.forward && !f.baking)
        at = f.step;
    f.flight = NULL; /* the list as the spec compiles now */
    f.step_count = f.c.step_count;
    putf(s, "Rollout %s: %s, Deployment %s with %s", f.name, strategy_said(s, &f), f.target,
         words_count(&s->a, facts_replicas(&f), "replica"));
    new_line(s);
    put_table(s, &f, at);
    put_end(s, &f);
}

/* --- -v: what the planner would write next ---------------------------------------------------- */

static void put_write(struct screen *s, const struct action *act)
{
    putf(s, "  Next write: %s, %s %s/%s%s%s", act_name(act->act), act->method,
         target_name(act->target), act->name ? act->name : "", act->subresource ? "/" : "",
         act->subresource ? act->subresource : "");
    new_line(s);
    if (!has_text(act->body))
        return;
    put_spaces(s, 4);
    put_block(s, TEXT_MARGIN,
              strlen(act->body) > BODY_SHOWN ? word(s, "%.*s ...", BODY_SHOWN, act->body)
                                             : act->body);
    new_line(s);
}

void screen_plan_next(struct screen *s, const struct plan *p)
{
    new_line(s);
    putf(s, "  Rule: %s", p->rule);
    new_line(s);
    if (p->action.act == ACT_NONE)
        put_paragraph(s, "%s", p->settled ? "Nothing to write: at rest." : "Nothing to write now.");
    else
        put_write(s, &p->action);
    for (size_t i = 0; i < p->ask_count; i++) {
        const struct ask *a = &p->asks[i];
        put_paragraph(s, "Asks gate %s about %s%s%s", str_name(a->gate->name),
                      str_name(a->revision),
                      a->broken  ? ": cannot be asked: "
                      : a->query ? ": "
                                 : "",
                      a->broken  ? a->broken
                      : a->query ? a->query
                                 : "");
    }
    if (p->wake_ms != PLAN_SLEEP)
        put_paragraph(s, "Looks again at %s.", words_clock(&s->a, p->wake_ms, s->now_ms));
    else
        put_paragraph(s, "Looks again when something changes.");
}

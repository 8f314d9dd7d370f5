/* SPDX-License-Identifier: Apache-2.0 */
/* screen_get.c - `sluice get`: one Rollout on one screen, and the table of many. */
#include "facts.h"
#include "words.h"

void screen_get(struct screen *s, const struct world *w, const char *trouble)
{
    struct facts f;

    facts_of(w, &f);
    part_head(s, &f);
    if (f.forward && !f.baking)
        part_steps(s, &f);
    part_gates(s, &f);
    part_revisions(s, &f);
    part_pods(s, &f);
    part_tail(s, &f);
    if (has_text(trouble))
        put_paragraph(s, "Not all could be read: %s", trouble);
}

/* --- the table of many ------------------------------------------------------------------------ */

static void list_columns(struct table *t, bool ns, bool wide)
{
    static const char *const heads[] = {"NAME",  "STRATEGY", "STATUS",   "STEP",   "WEIGHT",
                                        "READY", "AGE",      "REVISION", "MESSAGE"};

    if (ns)
        table_column(t, (struct column){.head = "NAMESPACE"});
    for (size_t i = 0; i < COUNT(heads) - (wide ? 0 : 2); i++)
        table_column(t, (struct column){.head = heads[i]});
}

static const char *strategy_of(const struct rollout *r)
{
    if (has_text(r->status.display.strategy))
        return r->status.display.strategy;
    return r->spec.strategy ? strategy_name(r->spec.strategy) : "";
}

static void list_row(struct table *t, const struct rollout *r, bool ns, bool wide)
{
    const struct rollout_status *st = &r->status;
    struct row *row = table_row(t);
    size_t i = 0;

    if (ns)
        row->cells[i++].text = r->meta.ns;
    row->cells[i++].text = str_name(r->meta.name);
    row->cells[i++].text = strategy_of(r);
    row->cells[i++].text = has_text(st->display.status) ? st->display.status : "Pending";
    row->cells[i++].text = st->display.step;
    row->cells[i++].text = st->display.weight;
    row->cells[i++].text = st->display.ready;
    row->cells[i++].text = words_age(&t->s->a, r->meta.created_ms, t->s->now_ms);
    if (wide) {
        row->cells[i++].text = st->flight.present ? st->flight.revision : NULL;
        row->cells[i].text = st->display.message;
    }
}

void screen_list(struct screen *s, const struct rollout *const *rollouts, size_t count, bool ns,
                 bool wide)
{
    struct table t;

    table_init(&t, s, 0);
    list_columns(&t, ns, wide);
    for (size_t i = 0; i < count; i++)
        list_row(&t, rollouts[i], ns, wide);
    table_put(&t);
}

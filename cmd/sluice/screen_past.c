/* SPDX-License-Identifier: Apache-2.0 */
/* screen_past.c - `sluice history` and `sluice traffic`. */
#include "facts.h"
#include "words.h"

static enum style outcome_style(const char *outcome)
{
    if (str_equal(outcome, "Promoted"))
        return STYLE_GOOD;
    return str_equal(outcome, "Forced") ? STYLE_WARN : STYLE_BAD;
}

static const char *took_of(struct screen *s, const struct history_entry *h)
{
    if (!h->started_ms || h->ended_ms < h->started_ms)
        return "-";
    return words_took(&s->a, h->ended_ms - h->started_ms);
}

static void history_row(struct table *t, const struct history_entry *h)
{
    struct screen *s = t->s;
    struct row *r = table_row(t);

    r->cells[0].text =
        h->deployment_revision
            ? word(s, "%lld  %s", (long long)h->deployment_revision, str_name(h->revision))
            : str_name(h->revision);
    r->cells[1] = (struct cell){h->outcome, outcome_style(h->outcome)};
    r->cells[2].text = word(s, "%d", h->step);
    r->cells[3].text = words_ago(&s->a, h->ended_ms, s->now_ms);
    r->cells[4].text = took_of(s, h);
    r->cells[5].text = h->message;
}

void screen_history(struct screen *s, const struct world *w)
{
    static const char *const heads[] = {"REVISION", "OUTCOME", "STEP", "ENDED", "TOOK"};
    struct table t;
    struct facts f;

    facts_of(w, &f);
    part_head(s, &f);
    new_line(s);
    if (!f.st->history_count) {
        put_paragraph(s, "No release yet.");
        return;
    }
    table_init(&t, s, 2);
    for (size_t i = 0; i < COUNT(heads); i++)
        table_column(&t, (struct column){.head = heads[i]});
    table_column(&t, (struct column){.head = "MESSAGE", .block = true});
    for (int i = 0; i < f.st->history_count; i++)
        history_row(&t, &f.st->history[i]);
    table_put(&t);
    new_line(s);
    put_paragraph(s,
                  "The last %d at most. Their templates: kubectl rollout history deployment/%s%s",
                  HISTORY_MAX, f.target, s->where);
    if (!f.flight && f.attached)
        put_paragraph(s, "Take back what runs now: %s", to_type(s, "undo", f.name));
}

/* --- traffic ---------------------------------------------------------------------------------- */

static void put_routes(struct screen *s, const struct facts *f)
{
    static const char *const heads[] = {"ROUTE", "WRITTEN", "ACCEPTED", "SETTLED", "RESET"};
    struct table t;

    if (!f->st->route_count)
        return;
    new_line(s);
    table_init(&t, s, 2);
    for (size_t i = 0; i < COUNT(heads); i++)
        table_column(&t, (struct column){.head = heads[i]});
    for (int i = 0; i < f->st->route_count; i++) {
        const struct route_state *route = &f->st->routes[i];
        struct row *r = table_row(&t);
        r->cells[0].text = str_name(route->route);
        r->cells[1].text = word(s, "%d %%", route->written);
        r->cells[2].text = route->accepted < 0 ? "not known" : word(s, "%d %%", route->accepted);
        r->cells[3].text =
            route->settled_ms ? words_clock(&s->a, route->settled_ms, s->now_ms) : "not yet";
        r->cells[4].text = route->resets ? words_count(&s->a, route->resets, "time") : "never";
    }
    table_put(&t);
}

static void put_pins(struct screen *s, const struct facts *f)
{
    static const char *const heads[] = {"SERVICE", "NARROWED TO", "PROVED"};
    struct table t;

    if (!f->st->pin_count)
        return;
    new_line(s);
    table_init(&t, s, 2);
    for (size_t i = 0; i < COUNT(heads); i++)
        table_column(&t, (struct column){.head = heads[i]});
    for (int i = 0; i < f->st->pin_count; i++) {
        const struct pin_state *pin = &f->st->pins[i];
        struct row *r = table_row(&t);
        const char *called = facts_called(&s->a, f, pin->revision);
        r->cells[0].text = str_name(pin->service);
        r->cells[1].text = !has_text(pin->revision) || str_equal(called, pin->revision)
                               ? called
                               : word(s, "%s  %s", called, pin->revision);
        r->cells[2].text = pin->proved ? "yes" : "not yet";
    }
    table_put(&t);
}

static void put_traffic_end(struct screen *s, const struct facts *f)
{
    const struct flight *fl = f->flight;

    new_line(s);
    if (fl && f->c.by == TRAFFIC_ROUTE && fl->weight_accepted != facts_desired(f))
        put_paragraph(s, "Wanted for the new revision: %d %%; accepted: %d %%.", facts_desired(f),
                      fl->weight_accepted);
    if (!f->st->route_count && !f->st->pin_count)
        put_paragraph(s, "Nothing of Sluice is in the way of requests: no route weight is set, no "
                         "Service is narrowed.");
    else
        put_paragraph(s, "All of this is put back as it was when the release ends.");
}

void screen_traffic(struct screen *s, const struct world *w)
{
    struct facts f;

    facts_of(w, &f);
    part_head(s, &f);
    put_routes(s, &f);
    put_pins(s, &f);
    put_traffic_end(s, &f);
}

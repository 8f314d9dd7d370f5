/* SPDX-License-Identifier: Apache-2.0 */
/* lapse_html.c - `sluice simulate -o html`: one picture of pods, traffic, steps and gates over
 * time, in a file that loads nothing. */
#include "lapse.h"
#include "words.h"

#define LEFT   90
#define WIDTH  880
#define PODS_H 160
#define FLOW_H 110
#define BAR_H  18
#define GAP    34

struct picture {
    struct strbuf *out;
    const struct lapse *l;
    struct arena a;
    int64_t end_ms;
    int pods_most;
    int y; /* of what comes next */
};

/* Text between tags. */
static void add_text(struct strbuf *out, const char *text)
{
    for (const char *c = text ? text : ""; *c; c++) {
        if (*c == '<')
            strbuf_adds(out, "&lt;");
        else if (*c == '>')
            strbuf_adds(out, "&gt;");
        else if (*c == '&')
            strbuf_adds(out, "&amp;");
        else if (*c == '"')
            strbuf_adds(out, "&quot;");
        else
            strbuf_addc(out, (unsigned char)*c < 0x20 ? ' ' : *c);
    }
}

static double x_of(const struct picture *p, int64_t ms)
{
    return LEFT + (double)WIDTH * (double)ms / (double)max_i64(p->end_ms, 1);
}

static void label(struct picture *p, double x, double y, const char *class, const char *text)
{
    strbuf_addf(p->out, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">", x, y, class);
    add_text(p->out, text);
    strbuf_adds(p->out, "</text>\n");
}

static void box(struct picture *p, int64_t from_ms, int64_t until_ms, double y, double h,
                const char *class, const char *title)
{
    strbuf_addf(p->out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" class=\"%s\">",
                x_of(p, from_ms), y, x_of(p, until_ms) - x_of(p, from_ms), h, class);
    if (title) {
        strbuf_adds(p->out, "<title>");
        add_text(p->out, title);
        strbuf_adds(p->out, "</title>");
    }
    strbuf_adds(p->out, "</rect>\n");
}

static int64_t until(const struct picture *p, size_t i)
{
    return i + 1 < p->l->point_count ? p->l->points[i + 1].ms : p->end_ms;
}

/* ---- parts ----------------------------------------------------------------------------------- */

static void pods(struct picture *p)
{
    const struct lapse *l = p->l;
    const double unit = (double)PODS_H / p->pods_most;

    label(p, 8, p->y + 14, "head", "ready pods");
    label(p, LEFT - 8, p->y + 10, "axis", arena_printf(&p->a, "%d", p->pods_most));
    label(p, LEFT - 8, p->y + PODS_H, "axis", "0");
    for (size_t i = 0; i < l->point_count; i++) {
        const struct lapse_point *at = &l->points[i];
        const double old = at->old * unit, fresh = at->fresh * unit;
        const char *title = arena_printf(&p->a, "%s: %d new, %d old", lapse_time(&p->a, at->ms),
                                         at->fresh, at->old);

        box(p, at->ms, until(p, i), p->y + PODS_H - old, old, "old", title);
        box(p, at->ms, until(p, i), p->y + PODS_H - old - fresh, fresh, "new", title);
    }
    p->y += PODS_H + GAP;
}

static void flow(struct picture *p)
{
    const struct lapse *l = p->l;

    label(p, 8, p->y + 14, "head", "requests");
    label(p, LEFT - 8, p->y + 10, "axis", "100 %");
    label(p, LEFT - 8, p->y + FLOW_H, "axis", "0");
    for (size_t i = 0; i < l->point_count; i++) {
        const struct lapse_point *at = &l->points[i];
        const double fresh = at->share * FLOW_H / 1000.0;
        const char *title =
            arena_printf(&p->a, "%s: %s to the new revision", lapse_time(&p->a, at->ms),
                         words_permille(&p->a, at->share));

        box(p, at->ms, until(p, i), p->y, FLOW_H - fresh, "old", title);
        box(p, at->ms, until(p, i), p->y + FLOW_H - fresh, fresh, "new", title);
    }
    p->y += FLOW_H + GAP;
}

static const char *word_class(const char *word)
{
    static const char *const classes[][2] = {
        {"Holding", "wait"}, {"Gating", "wait"}, {"Approval", "ask"}, {"Decision", "ask"},
        {"Paused", "ask"},   {"Stalled", "bad"}, {"Aborting", "bad"}, {"Aborted", "bad"},
        {"Baking", "wait"},  {"Resting", "rest"}};

    for (size_t i = 0; i < COUNT(classes); i++) {
        if (str_equal(classes[i][0], word))
            return classes[i][1];
    }
    return "move";
}

static void status(struct picture *p)
{
    const struct lapse *l = p->l;

    label(p, 8, p->y + 14, "head", "status");
    for (size_t i = 0, first = 0; i < l->point_count; i++) {
        const struct lapse_point *at = &l->points[first];
        const bool last = i + 1 == l->point_count;

        if (!last && str_equal(l->points[i + 1].word, at->word) &&
            l->points[i + 1].step == at->step)
            continue;
        box(p, at->ms, until(p, i), p->y, BAR_H, word_class(at->word),
            arena_printf(&p->a, "%s: %s, step %d", lapse_time(&p->a, at->ms), at->word, at->step));
        first = i + 1;
    }
    p->y += BAR_H + 8;
}

static void gates(struct picture *p)
{
    static const char *const classes[] = {
        [VERDICT_WAIT] = "wait", [VERDICT_PASS] = "good", [VERDICT_FAIL] = "bad"};
    const struct lapse *l = p->l;

    for (size_t i = 0; i < l->gate_count; i++) {
        const char *name = l->gates[i].name;
        bool seen = false;

        for (size_t k = 0; k < i; k++)
            seen = seen || str_equal(l->gates[k].name, name);
        if (seen)
            continue;
        label(p, 8, p->y + 14, "head", arena_printf(&p->a, "gate %s", name));
        for (size_t k = i; k < l->gate_count; k++) {
            const struct lapse_gate *g = &l->gates[k];

            if (str_equal(g->name, name))
                box(p, g->from_ms, g->until_ms, p->y, BAR_H, classes[g->verdict],
                    classes[g->verdict]);
        }
        p->y += BAR_H + 8;
    }
}

static void events(struct picture *p)
{
    for (size_t i = 0; i < p->l->line_count; i++) {
        const struct lapse_line *line = &p->l->lines[i];
        const double x = x_of(p, line->at.ms);

        if (!line->happened)
            continue;
        strbuf_addf(p->out, "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"20\" y2=\"%d\" class=\"event\"/>\n",
                    x, x, p->y);
        label(p, x + 4, 16, "event", line->what);
    }
}

static void axis(struct picture *p)
{
    for (int i = 0; i <= 4; i++) {
        const int64_t ms = p->end_ms * i / 4;

        label(p, x_of(p, ms), p->y + 16, "time", lapse_time(&p->a, ms / 1000 * 1000));
    }
    p->y += 30;
}

static void rows(struct picture *p)
{
    strbuf_adds(p->out, "<table><tr><th>time<th>new + old<th>share<th>status<th>what</tr>\n");
    for (size_t i = 0; i < p->l->line_count; i++) {
        const struct lapse_line *line = &p->l->lines[i];

        strbuf_addf(p->out, "<tr%s><td>%s<td>%d + %d<td>%s<td>",
                    line->happened ? " class=said" : "", lapse_time(&p->a, line->at.ms),
                    line->at.fresh, line->at.old, words_permille(&p->a, line->at.share));
        add_text(p->out, line->at.word);
        strbuf_adds(p->out, "<td>");
        add_text(p->out, line->what);
        strbuf_adds(p->out, "</tr>\n");
    }
    strbuf_adds(p->out, "</table>\n");
}

/* ---- the whole ------------------------------------------------------------------------------- */

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>sluice "
    "simulate</title>"
    "<style>body{font:14px system-ui,sans-serif;margin:24px;color:#222;background:#fff}"
    "h1{font-size:18px}svg{max-width:100%}rect.old{fill:#8aa9c9}rect.new{fill:#2f7d4f}"
    "rect.wait{fill:#e0c060}rect.good{fill:#2f7d4f}rect.bad{fill:#c0453a}rect.ask{fill:#7a5ea8}"
    "rect.rest{fill:#cfd8d2}rect.move{fill:#6f93b8}text{font:12px system-ui,sans-serif}"
    "text.axis{text-anchor:end;fill:#666}text.time{text-anchor:middle;fill:#666}"
    "text.event{fill:#555;font-size:11px}line.event{stroke:#555;stroke-dasharray:3 3}"
    "table{border-collapse:collapse;margin-top:16px}td,th{text-align:left;padding:2px 12px 2px 0;"
    "vertical-align:top}tr.said td{font-weight:bold}</style></head><body>\n";

static void draw(struct picture *p)
{
    auto_strbuf struct strbuf body = {.max = SCREEN_BYTES_MAX};
    struct strbuf *out = p->out;

    p->out = &body;
    p->y = 28;
    pods(p);
    flow(p);
    status(p);
    gates(p);
    events(p);
    axis(p);
    p->out = out;
    strbuf_addf(out, "<svg viewBox=\"0 0 %d %d\" width=\"%d\" role=\"img\">\n", LEFT + WIDTH + 40,
                p->y, LEFT + WIDTH + 40);
    strbuf_adds(out, strbuf_str(&body));
    strbuf_adds(out, "</svg>\n<p>Blue: the revision before. Green: the new one. Yellow: held or "
                     "asked. Purple: a person is asked. Red: failed, or going back.</p>\n");
}

void lapse_html(struct strbuf *out, const struct lapse *l)
{
    struct picture p = {.out = out, .l = l, .end_ms = l->took_ms, .pods_most = 1};

    arena_init(&p.a);
    for (size_t i = 0; i < l->point_count; i++)
        p.pods_most = (int)max_i64(p.pods_most, l->points[i].fresh + l->points[i].old);
    p.end_ms += p.end_ms / 30 + 1000;
    strbuf_adds(out, head);
    strbuf_adds(out, "<h1>");
    add_text(out, arena_printf(&p.a, "%s: %s", l->w->rollout->meta.name, l->end));
    strbuf_adds(out, "</h1>\n");
    if (l->broken) {
        strbuf_adds(out, "<p><b>A promise was broken: ");
        add_text(out, l->broken);
        strbuf_adds(out, "</b></p>\n");
    }
    draw(&p);
    rows(&p);
    strbuf_adds(out, "</body></html>\n");
    arena_release(&p.a);
}

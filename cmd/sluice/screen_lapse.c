/* SPDX-License-Identifier: Apache-2.0 */
/* screen_lapse.c - `sluice simulate` as a timeline in text, and the same as JSON. */
#include "lapse.h"
#include "words.h"

#include "sluice/json/jfmt.h"

/* ---- text ------------------------------------------------------------------------------------ */

static void put_head(struct screen *s, const struct lapse *l)
{
    putf(s, "Simulated: Rollout %s, %s, Deployment %s with %s", l->w->rollout->meta.name,
         strategy_name(l->w->rollout->spec.strategy), str_name(l->w->rollout->spec.target),
         words_count(&s->a, l->w->dep->replicas, "replica"));
    new_line(s);
    if (*l->made_up)
        put_paragraph(s, "Not in the files, and made up: %s.", l->made_up);
}

static const char *word_said(const struct lapse_point *p)
{
    return str_empty(p->word) ? "-" : p->word;
}

static void put_lapse_line(struct table *t, const struct lapse_line *line, const char *word_before)
{
    struct screen *s = t->s;
    struct row *r = table_row(t);

    r->mark = line->happened ? '>' : 0;
    r->cells[0].text = lapse_time(&s->a, line->at.ms);
    r->cells[1].text = word(s, "%2d + %d", line->at.fresh, line->at.old);
    r->cells[2].text = words_permille(&s->a, line->at.share);
    if (line->happened) {
        r->cells[4] = (struct cell){.text = line->what, .style = STYLE_BOLD};
        return;
    }
    if (!str_equal(word_before, line->at.word) || *line->what)
        r->cells[3].text = line->at.step ? word(s, "%s %d", word_said(&line->at), line->at.step)
                                         : word_said(&line->at);
    r->cells[4].text = line->what;
}

static void put_lines(struct screen *s, const struct lapse *l)
{
    const char *before = "";
    struct table t;

    table_init(&t, s, 2);
    table_column(&t, (struct column){.head = "TIME", .least = 6});
    table_column(&t, (struct column){.head = "NEW + OLD"});
    table_column(&t, (struct column){.head = "SHARE", .right = true});
    table_column(&t, (struct column){.head = "STATUS"});
    table_column(&t, (struct column){.head = "WHAT", .block = true});
    for (size_t i = 0; i < l->line_count; i++) {
        put_lapse_line(&t, &l->lines[i], before);
        before = l->lines[i].at.word;
    }
    table_put(&t);
}

void screen_lapse(struct screen *s, const struct lapse *l)
{
    put_head(s, l);
    new_line(s);
    put_lines(s, l);
    new_line(s);
    if (l->broken)
        put_paragraph(s, "A promise was broken: %s", l->broken);
    put_block(s, TEXT_MARGIN, word(s, "%s: %s", l->w->rollout->meta.name, l->end));
    new_line(s);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static const char *code_name(enum exit_code code)
{
    switch (code) {
    case EXIT_GOOD:
        return "promoted";
    case EXIT_TAKEN_BACK:
        return "aborted";
    case EXIT_PERSON:
        return "held";
    case EXIT_STALLED:
        return "stalled";
    case EXIT_IN_FLIGHT:
    case EXIT_NOT_KNOWN:
    case EXIT_USAGE:
    case EXIT_TIMEOUT:
        break;
    }
    return "in flight";
}

static void point_json(struct strbuf *out, const struct lapse_point *p)
{
    json_fmt_to(out, "{'ms':%l,'new':%d,'old':%d,'sharePermille':%d,'step':%d,'status':%q", p->ms,
                p->fresh, p->old, p->share, p->step, p->word ? p->word : "");
}

static void gates_json(struct strbuf *out, const struct lapse *l)
{
    static const char *const verdicts[] = {
        [VERDICT_WAIT] = "Wait", [VERDICT_PASS] = "Pass", [VERDICT_FAIL] = "Fail"};

    for (size_t i = 0; i < l->gate_count; i++)
        json_fmt_to(out, "%r{'name':%q,'verdict':%q,'fromMs':%l,'untilMs':%l}", i ? "," : "",
                    l->gates[i].name, verdicts[l->gates[i].verdict], l->gates[i].from_ms,
                    l->gates[i].until_ms);
}

void lapse_json(struct strbuf *out, const struct lapse *l)
{
    json_fmt_to(out,
                "{'rollout':%q,'replicas':%d,'outcome':%q,'exitCode':%d,'tookMs':%l,'end':%q,"
                "'broken':%q,'timeline':[",
                l->w->rollout->meta.name, l->w->dep->replicas, code_name(l->code), (int)l->code,
                l->took_ms, l->end, l->broken);
    for (size_t i = 0; i < l->line_count; i++) {
        strbuf_adds(out, i ? "," : "");
        point_json(out, &l->lines[i].at);
        json_fmt_to(out, ",'what':%q,'scenario':%b}", l->lines[i].what, l->lines[i].happened);
    }
    strbuf_adds(out, "],\"points\":[");
    for (size_t i = 0; i < l->point_count; i++) {
        strbuf_adds(out, i ? "," : "");
        point_json(out, &l->points[i]);
        strbuf_addc(out, '}');
    }
    strbuf_adds(out, "],\"gates\":[");
    gates_json(out, l);
    strbuf_adds(out, "]}\n");
}

/* SPDX-License-Identifier: Apache-2.0 */
/* part_gates.c - gates with their verdict and the evidence for it, in words. */
#include "facts.h"
#include "words.h"

static const struct verdict_look {
    const char *name;
    enum style style;
} verdicts[] = {
    [VERDICT_WAIT] = {"wait", STYLE_WARN},
    [VERDICT_PASS] = {"pass", STYLE_GOOD},
    [VERDICT_FAIL] = {"fail", STYLE_BAD},
};

static bool dry_run(const struct facts *f, const char *gate)
{
    for (size_t i = 0; i < f->spec->gate_count; i++)
        if (str_equal(f->spec->gates[i].name, gate))
            return f->spec->gates[i].dry_run;
    return false;
}

static const char *evidence(struct screen *s, const struct facts *f, const struct gate_state *g)
{
    const char *said = has_text(g->message) ? g->message
                       : g->since_ms
                           ? word(s, "asked since %s", words_clock(&s->a, g->since_ms, s->now_ms))
                           : "not asked yet";

    return dry_run(f, g->name) ? word(s, "%s (dry run: decides nothing)", said) : said;
}

/* Going back or gone back, only what failed is of interest. */
static bool shown(const struct facts *f, const struct gate_state *g)
{
    return f->forward || g->verdict == VERDICT_FAIL;
}

void part_gates(struct screen *s, const struct facts *f)
{
    struct table t;

    if (!f->flight && !f->aborted)
        return;
    table_init(&t, s, 4);
    table_column(&t, (struct column){.head = "GATE", .least = 7});
    table_column(&t, (struct column){.head = "VERDICT"});
    table_column(&t, (struct column){.head = "EVIDENCE", .block = true});
    for (int i = 0; i < f->st->gate_count; i++) {
        const struct gate_state *g = &f->st->gates[i];
        struct row *r = shown(f, g) ? table_row(&t) : NULL;
        if (!r)
            continue;
        r->cells[0].text = str_name(g->name);
        r->cells[1] = (struct cell){verdicts[g->verdict].name, verdicts[g->verdict].style};
        r->cells[2].text = evidence(s, f, g);
    }
    if (!t.count)
        return;
    new_line(s);
    table_put(&t);
}

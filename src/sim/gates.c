/* SPDX-License-Identifier: Apache-2.0 */
/* gates.c - the gate runner of the simulated operator: questions asked at their intervals. */
#include "sluice/base/clock.h"
#include "sluice/sim/operator.h"

#include <stdio.h>
#include <string.h>

#define KEEP_MS  (60 * SECOND_MS) /* counts of what is not asked for at present */
#define FIRST_MS 100              /* until the first answer */

static bool is_of(const struct sim_gate *g, const struct ask *ask)
{
    return g->used && str_equal(g->gate, ask->gate->name) &&
           str_equal(g->revision, ask->revision) && g->step == ask->step;
}

static struct sim_gate *place_for(struct sim_operator *op, const struct ask *ask)
{
    struct sim_gate *oldest = &op->gates[0];

    for (size_t i = 0; i < SIM_GATES_MAX; i++) {
        struct sim_gate *g = &op->gates[i];

        if (is_of(g, ask))
            return g;
        if (!g->used || (oldest->used && g->since_ms < oldest->since_ms))
            oldest = g;
    }
    *oldest = (struct sim_gate){0};
    return oldest;
}

static void begin(struct sim_operator *op, struct sim_gate *g, const struct ask *ask)
{
    const int64_t now = op->s->now_ms;

    *g = (struct sim_gate){
        .used = true,
        .step = ask->step,
        .since_ms = ask->since_ms ? ask->since_ms : now,
        .next_ms = now + FIRST_MS,
        .tally = {
            .samples = ask->samples, .good = ask->good, .bad = ask->bad, .errors = ask->errors}};
    snprintf(g->gate, sizeof g->gate, "%s", ask->gate->name);
    snprintf(g->revision, sizeof g->revision, "%s", ask->revision ? ask->revision : "");
}

void sim_gates_ask(struct sim_operator *op, const struct plan *plan)
{
    for (size_t i = 0; i < SIM_GATES_MAX; i++) {
        struct sim_gate *g = &op->gates[i];

        g->asked = false;
        if (g->used && op->s->now_ms > max_i64(g->at_ms, g->since_ms) + KEEP_MS && !plan->ask_count)
            g->used = false;
    }
    for (size_t i = 0; i < plan->ask_count; i++) {
        struct sim_gate *g = place_for(op, &plan->asks[i]);

        if (!g->used || plan->asks[i].since_ms > g->since_ms)
            begin(op, g, &plan->asks[i]);
        g->asked = true;
    }
}

static const char *image_of(const struct sim *s, const char *revision)
{
    for (struct sim_object *o = s->objects; o; o = o->next) {
        const struct replicaset *rs = o->kind == SIM_REPLICASET ? sim_view(o) : NULL;

        if (rs && str_equal(rs->revision, revision))
            return rs->image ? rs->image : "";
    }
    return NULL;
}

enum answer sim_gate_answer(const struct sim *s, const struct ask *ask, char *text)
{
    const char *bad = s->opt.gate_bad, *image = image_of(s, ask->revision);

    if (!image) {
        evidence_set(text, "no pod answers");
        return ANSWER_ERROR;
    }
    if (bad && strstr(image, bad)) {
        evidence_set(text, "bad");
        return ANSWER_BAD;
    }
    evidence_set(text, "good");
    return ANSWER_GOOD;
}

static int64_t interval(const struct gate_spec *g)
{
    const int64_t every = g->kind == GATE_PROBE ? g->probe.every_ms : g->metric.every_ms;

    return max_i64(every, 100);
}

static void answer(struct sim_operator *op, struct sim_gate *g, const struct ask *ask)
{
    enum answer got = ANSWER_ERROR;

    g->next_ms = op->s->now_ms + interval(ask->gate);
    if (ask->broken)
        evidence_set(g->text, "%s", ask->broken);
    else if (op->opt.ask)
        got = op->opt.ask(op->opt.arg, op->s, ask, g->text);
    else
        got = sim_gate_answer(op->s, ask, g->text);
    tally_add(&g->tally, ask->gate, got);
    g->at_ms = op->s->now_ms;
    op->gates_changed++;
}

void sim_gates_run(struct sim_operator *op)
{
    for (size_t i = 0; op->plan && i < op->plan->ask_count; i++) {
        for (size_t k = 0; k < SIM_GATES_MAX; k++) {
            struct sim_gate *g = &op->gates[k];

            if (is_of(g, &op->plan->asks[i]) && g->asked && op->s->now_ms >= g->next_ms)
                answer(op, g, &op->plan->asks[i]);
        }
    }
}

size_t sim_gates_read(const struct sim_operator *op, struct arena *a, const struct reading **out)
{
    struct reading *r = ARENA_ARRAY(a, struct reading, SIM_GATES_MAX);
    size_t n = 0;

    for (size_t i = 0; i < SIM_GATES_MAX; i++) {
        const struct sim_gate *g = &op->gates[i];

        if (!g->used)
            continue;
        r[n++] = (struct reading){.gate = arena_strdup(a, g->gate),
                                  .revision = arena_strdup(a, g->revision),
                                  .step = g->step,
                                  .since_ms = g->since_ms,
                                  .at_ms = g->at_ms,
                                  .samples = g->tally.samples,
                                  .good = g->tally.good,
                                  .bad = g->tally.bad,
                                  .errors = g->tally.errors,
                                  .message = arena_strdup(a, g->text)};
    }
    *out = r;
    return n;
}

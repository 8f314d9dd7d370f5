/* SPDX-License-Identifier: Apache-2.0 */
/* gates.c - what is asked, of which pods, and what the answers so far mean. */
#include "planner.h"

#include <stdlib.h>
#include <string.h>

#define ASK_PODS_MAX 10

static const char *const kinds[] = {
    [GATE_METRIC] = "metric", [GATE_PROBE] = "probe", [GATE_APPROVAL] = "approval"};

struct gate_state *gate_find(struct planner *p, const char *name, int step)
{
    struct gate_state *g = NULL;

    for (int i = 0; i < p->st.gate_count && !g; i++) {
        if (str_equal(p->st.gates[i].name, name))
            g = &p->st.gates[i];
    }
    if (g && g->step == step)
        return g;
    if (!g && p->st.gate_count < GATE_STATES_MAX)
        g = &p->st.gates[p->st.gate_count++];
    if (!g)
        g = &p->st.gates[0];
    *g = (struct gate_state){.name = name, .step = step, .since_ms = p->now};
    return g;
}

/* ---- asking ---------------------------------------------------------------------------------- */

static const char *asked_revision(const struct planner *p)
{
    return p->committed ? p->rec.stable_revision : p->st.flight.revision;
}

static int32_t port_of(const struct gate_spec *g, const struct pod *pod)
{
    const char *want = g->probe.port;
    char *end = NULL;
    const long number = want ? strtol(want, &end, 10) : 0;

    if (want && end != want && *end == '\0')
        return (int32_t)number;
    for (size_t i = 0; i < pod->port_count; i++) {
        if (!want || str_equal(pod->ports[i].name, want))
            return pod->ports[i].port;
    }
    return 0;
}

bool pods_known(struct planner *p, const char *revision)
{
    const char *have = p->w->pods_of;

    p->pods_of = revision;
    return have && (!*have || str_equal(have, revision));
}

/* The names are asked for only where they are used. */
static bool needs_pods(const struct gate_spec *g)
{
    return g->kind == GATE_PROBE || (g->metric.query && strstr(g->metric.query, "$(pods)"));
}

static bool new_and_ready(const struct planner *p, const struct pod *pod)
{
    return pod->ready && pod->ip && !pod->meta.deleting_ms &&
           str_equal(pod->revision, asked_revision(p));
}

static void pods_to_ask(struct planner *p, const struct gate_spec *g, struct ask *ask)
{
    struct ask_pod *pods = ARENA_ARRAY(p->a, struct ask_pod, ASK_PODS_MAX);
    size_t n = 0;

    for (size_t i = 0; i < p->w->pod_count && n < ASK_PODS_MAX; i++) {
        const struct pod *pod = p->w->pods[i];

        if (!new_and_ready(p, pod))
            continue;
        pods[n] = (struct ask_pod){.name = pod->meta.name, .ip = pod->ip, .port = port_of(g, pod)};
        if (pods[n].port == 0)
            ask->broken =
                arena_printf(p->a, "no container port %s", g->probe.port ? g->probe.port : "");
        n++;
    }
    ask->pods = pods;
    ask->pod_count = n;
    if (n == 0)
        ask->broken = "no ready new pod to ask";
}

static const char *pods_expression(struct planner *p)
{
    const char **names = ARENA_ARRAY(p->a, const char *, p->w->pod_count + 1);
    size_t n = 0;

    for (size_t i = 0; i < p->w->pod_count; i++) {
        if (str_equal(p->w->pods[i]->revision, asked_revision(p)))
            names[n++] = p->w->pods[i]->meta.name;
    }
    return pods_regex(p->a, names, n);
}

static void query_to_ask(struct planner *p, const struct gate_spec *g, int step, struct ask *ask)
{
    const struct pair pairs[] = {
        {"namespace", p->r->meta.ns},
        {"name", p->r->meta.name},
        {"target", p->spec->target},
        {"hash", asked_revision(p)},
        {"pods", pods_expression(p)},
        {"service", side_service(p) ? side_service(p) : ""},
        {"step", arena_printf(p->a, "%d", step)},
        {"weight", arena_printf(p->a, "%d", p->st.flight.weight_desired)},
    };
    const struct variables v = {pairs, COUNT(pairs)};
    char *query = NULL;
    struct err e = {0};

    ask->address = g->metric.address ? g->metric.address : p->w->prometheus;
    if (!variables_replace(p->a, g->metric.query, &v, &query, &e))
        ask->broken = arena_strdup(p->a, e.text);
    ask->query = query;
    if (!ask->address)
        ask->broken = "no Prometheus address: set address, or the operator's --prometheus";
}

/* Evidence is "g3 b0 e0": good, bad and errors in a row. */
static int count_in(const char *evidence, char letter)
{
    const char *at = evidence ? strchr(evidence, letter) : NULL;

    return at ? (int)clamp_i64(strtol(at + 1, NULL, 10), 0, INT32_MAX) : 0;
}

/* Where a restarted runner goes on from: what was written of the answers so far. */
static void seed(const struct gate_state *state, struct ask *ask)
{
    ask->since_ms = state->since_ms;
    ask->samples = state->samples;
    ask->good = count_in(state->evidence, 'g');
    ask->bad = count_in(state->evidence, 'b');
    ask->errors = count_in(state->evidence, 'e');
}

static void ask_gate(struct planner *p, const struct gate_spec *g, const struct gate_state *state)
{
    const int step = state->step;
    const bool blind = needs_pods(g) && !pods_known(p, asked_revision(p));
    struct ask *ask;

    if (p->ask_count >= GATES_MAX || (blind && !p->w->pods_trouble))
        return; /* they are on their way */
    ask = &p->asks[p->ask_count++];
    *ask = (struct ask){.gate = g, .revision = asked_revision(p), .step = step};
    seed(state, ask);
    if (g->kind == GATE_PROBE) {
        ask->query = g->probe.path;
        pods_to_ask(p, g, ask);
    } else {
        query_to_ask(p, g, step, ask);
    }
    if (blind)
        ask->broken = arena_printf(p->a, "the pods could not be read: %s", p->w->pods_trouble);
}

/* ---- answers --------------------------------------------------------------------------------- */

static const struct reading *reading_of(const struct planner *p, const struct gate_spec *g,
                                        const struct gate_state *state)
{
    for (size_t i = 0; i < p->w->reading_count; i++) {
        const struct reading *r = &p->w->readings[i];

        if (str_equal(r->gate, g->name) && str_equal(r->revision, asked_revision(p)) &&
            r->step == state->step && r->at_ms && r->since_ms >= state->since_ms)
            return r;
    }
    return NULL;
}

/* The counts live in the status too: a restarted controller goes on from what was written. */
static void take_reading(struct planner *p, const struct gate_spec *g, struct gate_state *state)
{
    const struct reading *r = reading_of(p, g, state);
    const enum verdict before = state->verdict;

    if (!r)
        return;
    state->verdict = gate_verdict(g, r->good, r->bad);
    state->samples = r->samples;
    state->message = arena_strndup(p->a, r->message, 100);
    state->evidence = arena_printf(p->a, "g%d b%d e%d", r->good, r->bad, r->errors);
    if (state->verdict != before && !g->dry_run)
        decide(p);
}

static bool out_of_time(struct planner *p, const struct gate_spec *g, struct gate_state *state,
                        int64_t since)
{
    const int64_t until = since + g->deadline_ms;

    state->until_ms = until;
    if (p->st.flight.paused_ms)
        return false;
    wake_at(p, until);
    return p->now >= until;
}

/* One gate's word in this step: Pass, Wait or Fail; under Pause a deadline asks a person. */
static enum verdict word_of(struct planner *p, const struct gate_spec *g, struct gate_state *state,
                            int64_t since)
{
    if (g->dry_run)
        return VERDICT_PASS;
    if (state->verdict != VERDICT_WAIT || p->committed)
        return state->verdict;
    if (!out_of_time(p, g, state, since))
        return VERDICT_WAIT;
    if (g->on_deadline == ON_DEADLINE_PASS) {
        p->st.flight.forced = true;
        state->message = "no answer by its deadline; onDeadline is Pass";
        return VERDICT_PASS;
    }
    if (g->on_deadline == ON_DEADLINE_FAIL) {
        state->message = "no answer by its deadline";
        return VERDICT_FAIL;
    }
    if (!p->st.flight.decision_ms) {
        char at[TIME_TEXT_MAX];

        time_format_clock(state->until_ms, at);
        flight_fails(p, REASON_DEADLINE_EXCEEDED,
                     arena_printf(p->a, "%s %s had no answer by %s; onDeadline is Pause",
                                  g->kind == GATE_APPROVAL ? "approval" : "gate", g->name, at));
    }
    return VERDICT_WAIT;
}

const struct gate_spec *gates_ask(struct planner *p, unsigned set, int step, int64_t since,
                                  enum verdict *verdict)
{
    const struct gate_spec *waits = NULL;

    *verdict = VERDICT_PASS;
    for (size_t i = 0; i < p->spec->gate_count; i++) {
        const struct gate_spec *g = &p->spec->gates[i];
        struct gate_state *state;
        enum verdict word;

        if (!(set & 1U << i))
            continue;
        state = gate_find(p, g->name, step);
        state->kind = kinds[g->kind];
        if (g->kind != GATE_APPROVAL) {
            ask_gate(p, g, state);
            take_reading(p, g, state);
        }
        word = word_of(p, g, state, since);
        if (word == VERDICT_FAIL) {
            *verdict = VERDICT_FAIL;
            return g;
        }
        if (word == VERDICT_WAIT && !waits)
            waits = g;
    }
    if (waits)
        *verdict = VERDICT_WAIT;
    return waits;
}

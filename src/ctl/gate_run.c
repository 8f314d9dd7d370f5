/* SPDX-License-Identifier: Apache-2.0 */
/* gate_run.c - runs: what is asked, when it is asked again, and the counts of the answers. */
#include "gate_parts.h"
#include "sluice/base/clock.h"
#include "sluice/base/log.h"

#include <stdlib.h>
#include <string.h>

#define EVERY_QUERY_MS  (30 * SECOND_MS) /* where the gate has none */
#define EVERY_PROBE_MS  (10 * SECOND_MS)
#define RUNS_OF_KEY_MAX (4 * GATES_MAX)

static void on_due(void *arg);

/* --- one run ---------------------------------------------------------------------------------- */

static int64_t every_of(const struct run *run)
{
    const struct gate_spec *g = run->now->ask.gate;
    const bool probe = g->kind == GATE_PROBE;
    const int64_t asked = probe ? g->probe.every_ms : g->metric.every_ms;

    if (asked <= 0)
        return probe ? EVERY_PROBE_MS : EVERY_QUERY_MS;
    return max_i64(asked, GATE_EVERY_MIN_MS);
}

/* A round that took longer than `every` is followed by the next at once, never overlapped. */
static void schedule(struct run *run)
{
    const int64_t since = clock_mono_ms() - run->started_ms;

    timer_move(run->timer, run->started_ms ? max_i64(every_of(run) - since, 0) : 0);
}

static void count_from(struct run *run, const struct ask *ask)
{
    run->tally = (struct tally){ask->samples, ask->good, ask->bad, ask->errors};
    run->since_ms = ask->since_ms ? ask->since_ms : clock_wall_ms();
    run->at_ms = 0;
    run->message[0] = '\0';
    run->outdated = true; /* an answer under way was asked for before */
}

static struct run *run_new(struct gate_runner *g, struct run_set *set, const struct ask *ask)
{
    struct run *run = xcalloc(1, sizeof(*run));

    run->runner = g;
    run->set = set;
    run->now = question_new(ask);
    run->asked = true;
    count_from(run, ask);
    run->timer = loop_timer(g->o.loop, 0, on_due, run);
    run->next = set->runs;
    set->runs = run;
    return run;
}

static void run_free(struct run *run)
{
    struct run **link = &run->set->runs;

    while (*link != run)
        link = &(*link)->next;
    *link = run->next;
    round_cancel(run);
    lane_leave(run);
    timer_cancel(run->timer);
    question_free(run->now);
    question_free(run->fresh);
    free(run);
}

static void set_free(struct gate_runner *g, struct run_set *set)
{
    while (set->runs)
        run_free(set->runs);
    map_remove(&g->sets, set->key);
    free(set->key);
    free(set);
}

static int64_t keep_ms(const struct gate_runner *g)
{
    return g->o.keep_ms ? g->o.keep_ms : GATE_KEEP_MS;
}

static void note_unasked(struct run *run)
{
    if (!run->asked)
        return;
    run->asked = false;
    if (!run->open)
        lane_leave(run);
    if (!run->open)
        timer_move(run->timer, keep_ms(run->runner));
}

static void note_asked(struct run *run, const struct ask *ask)
{
    const bool again = !run->asked;

    run->asked = true;
    if (ask->since_ms > run->since_ms)
        count_from(run, ask);
    if (!question_equals(run->fresh ? run->fresh : run->now, ask)) {
        question_free(run->fresh);
        run->fresh = question_new(ask);
    }
    if (again && !run->lane)
        schedule(run);
}

/* --- rounds ----------------------------------------------------------------------------------- */

/* Why this cannot be asked, or NULL. */
static const char *why_not(const struct ask *ask)
{
    if (ask->broken)
        return ask->broken;
    if (ask->gate->kind == GATE_METRIC && (str_empty(ask->address) || str_empty(ask->query)))
        return str_empty(ask->query) ? "the query is empty" : "no address to ask";
    return NULL;
}

static void begin_round(struct run *run)
{
    const char *why;

    if (run->fresh) {
        question_free(run->now);
        run->now = run->fresh;
        run->fresh = NULL;
    }
    why = why_not(&run->now->ask);
    if (why) {
        struct judged judged = {.answer = ANSWER_ERROR};

        run->started_ms = clock_mono_ms();
        run->outdated = false;
        evidence_set(judged.text, "%s", why);
        round_answered(run, &judged);
        return;
    }
    lane_enter(run);
}

static void on_due(void *arg)
{
    struct run *run = arg;
    struct run_set *set = run->set;
    struct gate_runner *g = run->runner; /* the run may end here */

    if (run->open) { /* and nothing was sent: else its timer is not set (round_start) */
        assert(!run->pods_open);
        round_finish_probes(run);
        return;
    }
    if (run->asked) {
        begin_round(run);
        return;
    }
    run_free(run);
    if (!set->runs)
        set_free(g, set);
}

static const char *const answer_words[] = {[ANSWER_GOOD] = "good",
                                           [ANSWER_BAD] = "bad",
                                           [ANSWER_NO_DATA] = "noData",
                                           [ANSWER_ERROR] = "error"};

/* The last that is done with a run: the callback may forget it. */
static void tell(struct run *run)
{
    const struct gate_runner_options *o = &run->runner->o;
    auto_free char *key = xstrdup(run->set->key);

    o->answered(key, o->arg);
}

void round_answered(struct run *run, const struct judged *judged)
{
    const struct question *q = run->now;
    const bool counts = !run->outdated;

    lane_leave(run);
    if (counts) {
        tally_add(&run->tally, q->ask.gate, judged->answer);
        run->at_ms = clock_wall_ms();
        memcpy(run->message, judged->text, sizeof(run->message));
        run->runner->answers[judged->answer]++;
        log_debug("gate answered", "rollout", run->set->key, "gate", q->ask.gate->name, "revision",
                  q->ask.revision, "answer", answer_words[judged->answer], "text", run->message,
                  NULL);
    }
    if (!run->asked) {
        timer_move(run->timer, keep_ms(run->runner));
        return;
    }
    schedule(run);
    if (counts)
        tell(run);
}

/* --- the interface ---------------------------------------------------------------------------- */

struct gate_runner *gate_runner_new(const struct gate_runner_options *o)
{
    struct gate_runner *g = xcalloc(1, sizeof(*g));

    g->o = *o;
    g->lanes.probes.max = GATE_PROBE_ROUNDS_MAX;
    g->lanes.queries.max = GATE_QUERIES_MAX;
    g->queries = http_pool_new(o->loop, "queries");
    g->probes = http_pool_new(o->loop, "probes");
    g->grpc = http_pool_new(o->loop, "grpc");
    return g;
}

void gate_runner_free(struct gate_runner *g)
{
    const char *key;
    void *set;

    if (!g)
        return;
    g->lanes.closed = true;
    for (size_t i = 0; map_next(&g->sets, &i, &key, &set);)
        set_free(g, set);
    map_release(&g->sets);
    http_pool_free(g->queries);
    http_pool_free(g->probes);
    http_pool_free(g->grpc);
    free(g);
}

static struct run_set *set_of(struct gate_runner *g, const char *key)
{
    struct run_set *set = map_get(&g->sets, key);

    if (!set) {
        set = xcalloc(1, sizeof(*set));
        set->key = xstrdup(key);
        map_put(&g->sets, key, set);
    }
    return set;
}

static struct run *run_find(const struct run_set *set, const struct ask *ask)
{
    for (struct run *run = set->runs; run; run = run->next) {
        if (question_is(run->now, ask))
            return run;
    }
    return NULL;
}

static bool is_asked(const struct run *run, const struct ask *asks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (asks[i].gate->kind != GATE_APPROVAL && question_is(run->now, &asks[i]))
            return true;
    }
    return false;
}

/* Steps that follow each other within GATE_KEEP_MS leave unasked runs behind: the oldest go. */
static void keep_few(struct run_set *set)
{
    struct run *next;
    size_t n = 0;

    for (struct run *run = set->runs; run; run = next) {
        next = run->next;
        if (++n > RUNS_OF_KEY_MAX && !run->asked)
            run_free(run);
    }
}

void gate_run(struct gate_runner *g, const char *key, const struct ask *asks, size_t count)
{
    struct run_set *set = count ? set_of(g, key) : map_get(&g->sets, key);

    if (!set)
        return;
    for (struct run *run = set->runs; run; run = run->next) {
        if (!is_asked(run, asks, count))
            note_unasked(run);
    }
    for (size_t i = 0; i < count; i++) {
        struct run *run = run_find(set, &asks[i]);

        if (asks[i].gate->kind == GATE_APPROVAL)
            continue;
        if (run && !question_defines(run->now, &asks[i])) {
            run_free(run);
            run = NULL;
        }
        if (run)
            note_asked(run, &asks[i]);
        else
            run_new(g, set, &asks[i]);
    }
    keep_few(set);
    if (!set->runs)
        set_free(g, set);
}

void gate_forget(struct gate_runner *g, const char *key)
{
    struct run_set *set = map_get(&g->sets, key);

    if (set)
        set_free(g, set);
}

static struct reading reading_of(struct arena *a, const struct run *run)
{
    return (struct reading){
        .gate = arena_strdup(a, run->now->ask.gate->name),
        .revision = arena_strdup(a, run->now->ask.revision),
        .step = run->now->ask.step,
        .since_ms = run->since_ms,
        .at_ms = run->at_ms,
        .samples = run->tally.samples,
        .good = run->tally.good,
        .bad = run->tally.bad,
        .errors = run->tally.errors,
        .message = arena_strdup(a, run->message),
    };
}

size_t gate_readings(const struct gate_runner *g, const char *key, struct arena *a,
                     const struct reading **out)
{
    const struct run_set *set = map_get(&g->sets, key);
    struct reading *readings;
    size_t n = 0;

    for (const struct run *run = set ? set->runs : NULL; run; run = run->next)
        n++;
    readings = ARENA_ARRAY(a, struct reading, n + 1);
    n = 0;
    for (const struct run *run = set ? set->runs : NULL; run; run = run->next)
        readings[n++] = reading_of(a, run);
    *out = readings;
    return n;
}

struct gate_stats gate_stats(const struct gate_runner *g)
{
    struct gate_stats s = {
        .open = g->lanes.probes.open + g->lanes.queries.open,
        .waiting = g->lanes.waiting,
    };
    const char *key;
    void *value;

    memcpy(s.answers, g->answers, sizeof(s.answers));
    for (size_t i = 0; map_next(&g->sets, &i, &key, &value);) {
        const struct run_set *set = value;

        for (const struct run *run = set->runs; run; run = run->next)
            s.questions += run->asked;
    }
    return s;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.c - Prometheus text. Names that operators of controllers already chart, then our own. */
#include "metrics.h"
#include "ctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const double histogram_bounds[HISTOGRAM_BUCKETS] = {0.001, 0.005, 0.02, 0.1, 0.25, 0.5, 1, 5, 30};

void histogram_add(struct histogram *h, int64_t took_ms)
{
    const double s = (double)max_i64(took_ms, 0) / 1000;
    size_t i = 0;

    while (i < HISTOGRAM_BUCKETS && s > histogram_bounds[i])
        i++;
    h->buckets[i]++;
    h->count++;
    h->sum += s;
}

/* `labels`: "" or "a=\"b\"". */
static void line(struct strbuf *out, const char *name, const char *labels, double value)
{
    strbuf_addf(out, *labels ? "%s{%s} %.15g\n" : "%s%s %.15g\n", name, labels, value);
}

static void head(struct strbuf *out, const char *name, const char *type)
{
    strbuf_addf(out, "# TYPE %s %s\n", name, type);
}

static void one(struct strbuf *out, const char *name, const char *type, double value)
{
    head(out, name, type);
    line(out, name, "", value);
}

static void labelled(struct strbuf *out, const char *name, const char *label, const char *text,
                     double value)
{
    strbuf_addf(out, "%s{%s=\"%s\"} %.15g\n", name, label, text, value);
}

static void histogram_write(struct strbuf *out, const char *name, const char *labels,
                            const struct histogram *h)
{
    const char *comma = *labels ? "," : "";
    uint64_t below = 0;

    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        below += h->buckets[i];
        strbuf_addf(out, "%s_bucket{%s%sle=\"%g\"} %llu\n", name, labels, comma,
                    histogram_bounds[i], (unsigned long long)below);
    }
    strbuf_addf(out, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", name, labels, comma,
                (unsigned long long)h->count);
    strbuf_addf(out, *labels ? "%s_sum{%s} %.15g\n" : "%s_sum%s %.15g\n", name, labels, h->sum);
    strbuf_addf(out, *labels ? "%s_count{%s} %llu\n" : "%s_count%s %llu\n", name, labels,
                (unsigned long long)h->count);
}

static void write_reconcile(const struct ctl *c, struct strbuf *out)
{
    static const char who[] = "controller=\"rollout\"";
    const struct metrics *m = &c->metrics;
    const char *total = "controller_runtime_reconcile_total";

    head(out, total, "counter");
    line(out, total, "controller=\"rollout\",result=\"success\"", (double)m->passes_ok);
    line(out, total, "controller=\"rollout\",result=\"error\"", (double)m->passes_failed);
    head(out, "controller_runtime_reconcile_errors_total", "counter");
    line(out, "controller_runtime_reconcile_errors_total", who, (double)m->passes_failed);
    head(out, "controller_runtime_reconcile_time_seconds", "histogram");
    histogram_write(out, "controller_runtime_reconcile_time_seconds", who, &m->pass_time);
    head(out, "controller_runtime_max_concurrent_reconciles", "gauge");
    line(out, "controller_runtime_max_concurrent_reconciles", who, PASSES_MAX);
    head(out, "controller_runtime_active_workers", "gauge");
    line(out, "controller_runtime_active_workers", who, (double)c->passes);
}

static void write_queue(const struct ctl *c, struct strbuf *out)
{
    static const char who[] = "name=\"rollout\"";
    const struct queue_stats s = queue_stats(c->queue);

    head(out, "workqueue_depth", "gauge");
    line(out, "workqueue_depth", who, (double)s.depth);
    head(out, "workqueue_adds_total", "counter");
    line(out, "workqueue_adds_total", who, (double)s.adds);
    head(out, "workqueue_retries_total", "counter");
    line(out, "workqueue_retries_total", who, (double)s.retries);
    head(out, "workqueue_queue_duration_seconds", "histogram");
    histogram_write(out, "workqueue_queue_duration_seconds", who, &c->metrics.queue_time);
}

static void write_request(const char *method, int code, uint64_t count, void *arg)
{
    char code_text[16] = "<error>";

    if (code)
        snprintf(code_text, sizeof(code_text), "%d", code);
    strbuf_addf(arg, "rest_client_requests_total{code=\"%s\",method=\"%s\"} %llu\n", code_text,
                method, (unsigned long long)count);
}

static void write_requests(const struct ctl *c, struct strbuf *out)
{
    char labels[64];

    head(out, "rest_client_requests_total", "counter");
    kube_client_counts(c->client, write_request, out);
    head(out, "rest_client_request_duration_seconds", "histogram");
    for (int verb = 0; verb < KUBE_VERB_COUNT; verb++) {
        snprintf(labels, sizeof(labels), "verb=\"%s\"", kube_verb_name((enum kube_verb)verb));
        histogram_write(out, "rest_client_request_duration_seconds", labels,
                        &c->metrics.requests[verb]);
    }
}

static void write_passes(const struct ctl *c, struct strbuf *out)
{
    const struct metrics *m = &c->metrics;

    head(out, "sluice_writes_total", "counter");
    for (int act = ACT_NONE + 1; act < ACT_COUNT; act++)
        if (m->writes[act])
            labelled(out, "sluice_writes_total", "act", act_name((enum act)act),
                     (double)m->writes[act]);
    head(out, "sluice_write_failures_total", "counter");
    labelled(out, "sluice_write_failures_total", "kind", "conflict", (double)m->conflicts);
    labelled(out, "sluice_write_failures_total", "kind", "unknown", (double)m->unknown);
    labelled(out, "sluice_write_failures_total", "kind", "refused", (double)m->refused);
    head(out, "sluice_reaction_seconds", "histogram");
    histogram_write(out, "sluice_reaction_seconds", "", &m->reaction);
    head(out, "sluice_look_seconds", "histogram");
    histogram_write(out, "sluice_look_seconds", "", &m->look_time);
    one(out, "sluice_looks_total", "counter", (double)m->looks);
    one(out, "sluice_looks_failed_total", "counter", (double)m->looks_failed);
    one(out, "sluice_looks_again_total", "counter", (double)m->relooks);
    one(out, "sluice_cache_misled_total", "counter", (double)m->changed_minds);
    one(out, "sluice_barrier_waits_total", "counter", (double)m->barrier_waits);
    one(out, "sluice_barrier_looks_total", "counter", (double)m->barrier_looks);
    one(out, "sluice_brake_proofs_total", "counter", (double)m->proofs);
    one(out, "sluice_brake_proofs_failed_total", "counter", (double)m->proofs_failed);
}

/* ---- Rollouts by their word: counted when asked ---------------------------------------------- */

/* The words of api.md 3; an unknown one is "Other", so that labels stay bounded. */
static const char *const words[] = {"Pending", "Resting",  "Queued",   "Progressing", "Holding",
                                    "Gating",  "Approval", "Decision", "Paused",      "Promoting",
                                    "Baking",  "Aborting", "Aborted",  "Stalled",     "Other"};

static void count_word(const struct object *o, void *arg)
{
    size_t *counts = arg, i = 0;
    struct rollout_status status;
    const char *word;

    status_unpack(o->as.rollout, &status);
    word = status.display.status ? status.display.status : "Pending";
    while (i < COUNT(words) - 1 && !str_equal(word, words[i]))
        i++;
    counts[i]++;
}

static void write_rollouts(const struct ctl *c, struct strbuf *out)
{
    size_t counts[COUNT(words)] = {0};

    store_each(c->store, KIND_ROLLOUT, count_word, counts);
    head(out, "sluice_rollouts", "gauge");
    for (size_t i = 0; i < COUNT(words); i++)
        labelled(out, "sluice_rollouts", "status", words[i], (double)counts[i]);
}

/* ---- caches, kind by kind -------------------------------------------------------------------- */

static double objects_of(const struct ctl *c, enum kube_kind kind)
{
    return (double)store_count(c->store, kind);
}

static double bytes_of(const struct ctl *c, enum kube_kind kind)
{
    return (double)store_bytes(c->store, kind);
}

static double silence_of(const struct ctl *c, enum kube_kind kind)
{
    const int64_t last_ms = reflector_stats(c->reflectors[kind]).last_byte_ms;

    return (double)(clock_mono_ms() - last_ms) / 1000;
}

static double relists_of(const struct ctl *c, enum kube_kind kind)
{
    return (double)reflector_stats(c->reflectors[kind]).lists;
}

static void write_caches(const struct ctl *c, struct strbuf *out)
{
    static const struct {
        const char *name, *type;
        double (*value)(const struct ctl *c, enum kube_kind kind);
    } rows[] = {
        {"sluice_cache_objects", "gauge", objects_of},
        {"sluice_cache_bytes", "gauge", bytes_of},
        {"sluice_cache_silence_seconds", "gauge", silence_of},
        {"sluice_relists_total", "counter", relists_of},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        head(out, rows[i].name, rows[i].type);
        for (int kind = 0; kind < KIND_COUNT; kind++)
            if (c->reflectors[kind])
                labelled(out, rows[i].name, "kind", kube_kind_info((enum kube_kind)kind)->plural,
                         rows[i].value(c, (enum kube_kind)kind));
    }
}

static double resident_bytes(void)
{
    FILE *f = fopen("/proc/self/statm", "r");
    char text[128], *second;

    if (!f)
        return 0;
    text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
    fclose(f);
    (void)strtoul(text, &second, 10); /* the first number is of all that is mapped */
    return (double)strtoul(second, NULL, 10) * (double)sysconf(_SC_PAGESIZE);
}

static void write_gates(const struct ctl *c, struct strbuf *out)
{
    static const char *const answers[ANSWER_COUNT] = {[ANSWER_GOOD] = "good",
                                                      [ANSWER_BAD] = "bad",
                                                      [ANSWER_NO_DATA] = "no-data",
                                                      [ANSWER_ERROR] = "error"};
    const struct gate_stats s = gate_stats(c->runner);

    head(out, "sluice_gate_answers_total", "counter");
    for (int i = 0; i < ANSWER_COUNT; i++)
        labelled(out, "sluice_gate_answers_total", "answer", answers[i], (double)s.answers[i]);
    one(out, "sluice_gate_questions", "gauge", (double)s.questions);
    one(out, "sluice_gate_requests_open", "gauge", (double)s.open);
    one(out, "sluice_gate_requests_waiting", "gauge", (double)s.waiting);
}

void metrics_write(struct ctl *c, struct strbuf *out)
{
    const struct recorder_stats events = recorder_stats(c->recorder);

    write_reconcile(c, out);
    one(out, "sluice_releases_in_flight", "gauge", (double)c->in_flight);
    write_queue(c, out);
    write_requests(c, out);
    write_passes(c, out);
    write_rollouts(c, out);
    write_caches(c, out);
    write_gates(c, out);
    head(out, "sluice_events_total", "counter");
    labelled(out, "sluice_events_total", "outcome", "written", (double)events.written);
    labelled(out, "sluice_events_total", "outcome", "dropped", (double)events.dropped);
    labelled(out, "sluice_events_total", "outcome", "failed", (double)events.failed);
    head(out, "leader_election_master_status", "gauge");
    labelled(out, "leader_election_master_status", "name", "sluice-controller", c->leading);
    one(out, "process_resident_memory_bytes", "gauge", resident_bytes());
}

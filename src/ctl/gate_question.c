/* SPDX-License-Identifier: Apache-2.0 */
#include "gate_parts.h"
#include "sluice/json/jfmt.h"

#include <stdlib.h>

#define QUESTION_BYTES_MAX (4u * 1024 * 1024)

/* --- as text, to compare
 * Everything is quoted, so that two texts are the same only when all parts are. */

static void add_metric(struct strbuf *out, const struct ask *ask)
{
    const struct gate_spec *g = ask->gate;

    json_fmt_to(out, "[%q,%q,%q,%q,%l,%d,%d,%b]", ask->address, g->metric.query,
                g->metric.has_min ? g->metric.min : NULL, g->metric.has_max ? g->metric.max : NULL,
                g->metric.every_ms, g->metric.count, g->metric.failures, g->metric.no_data_fails);
}

static void add_probe(struct strbuf *out, const struct gate_spec *g)
{
    json_fmt_to(out, "[%d,%q,%q,%q,%q,%d,%l,%l,%d,%d", (int)g->probe.kind, g->probe.path,
                g->probe.scheme, g->probe.port, g->probe.service, g->probe.expect_status,
                g->probe.every_ms, g->probe.timeout_ms, g->probe.successes, g->probe.failures);
    for (size_t i = 0; i < g->probe.header_count; i++)
        json_fmt_to(out, ",%q,%q", g->probe.headers[i].key, g->probe.headers[i].value);
    strbuf_addc(out, ']');
}

static void add_identity(struct strbuf *out, const struct ask *ask)
{
    json_fmt_to(out, "[%q,%q,%d,", ask->gate->name, ask->revision, ask->step);
    if (ask->gate->kind == GATE_PROBE)
        add_probe(out, ask->gate);
    else
        add_metric(out, ask);
    strbuf_addc(out, ']');
}

static void add_whole(struct strbuf *out, const struct ask *ask)
{
    add_identity(out, ask);
    json_fmt_to(out, ",%q,%q", ask->query, ask->broken);
    for (size_t i = 0; i < ask->pod_count; i++)
        json_fmt_to(out, ",[%q,%q,%d]", ask->pods[i].name, ask->pods[i].ip, (int)ask->pods[i].port);
}

/* --- a copy ----------------------------------------------------------------------------------- */

static const struct pair *copy_pairs(struct arena *a, const struct pair *pairs, size_t count)
{
    struct pair *copy = ARENA_ARRAY(a, struct pair, count + 1);

    for (size_t i = 0; i < count; i++)
        copy[i] = (struct pair){arena_strdup(a, pairs[i].key), arena_strdup(a, pairs[i].value)};
    return copy;
}

static const struct gate_spec *copy_gate(struct arena *a, const struct gate_spec *g)
{
    struct gate_spec *copy = ARENA_NEW(a, struct gate_spec);

    *copy = *g;
    copy->name = arena_strdup(a, g->name);
    copy->metric.address = arena_strdup(a, g->metric.address);
    copy->metric.query = arena_strdup(a, g->metric.query);
    copy->metric.min = arena_strdup(a, g->metric.min);
    copy->metric.max = arena_strdup(a, g->metric.max);
    copy->probe.path = arena_strdup(a, g->probe.path);
    copy->probe.scheme = arena_strdup(a, g->probe.scheme);
    copy->probe.port = arena_strdup(a, g->probe.port);
    copy->probe.service = arena_strdup(a, g->probe.service);
    copy->probe.headers = copy_pairs(a, g->probe.headers, g->probe.header_count);
    return copy;
}

static const struct ask_pod *copy_pods(struct arena *a, const struct ask *ask, size_t count)
{
    struct ask_pod *copy = ARENA_ARRAY(a, struct ask_pod, count + 1);

    for (size_t i = 0; i < count; i++)
        copy[i] = (struct ask_pod){
            .name = arena_strdup(a, ask->pods[i].name),
            .ip = arena_strdup(a, ask->pods[i].ip),
            .port = ask->pods[i].port,
        };
    return copy;
}

static char *text_of(struct arena *a, void (*add)(struct strbuf *out, const struct ask *ask),
                     const struct ask *ask)
{
    auto_strbuf struct strbuf text = {.max = QUESTION_BYTES_MAX};

    add(&text, ask);
    return arena_strndup(a, strbuf_str(&text), text.len);
}

struct question *question_new(const struct ask *ask)
{
    struct arena a;
    struct question *q;

    arena_init(&a);
    q = ARENA_NEW(&a, struct question);
    q->ask = *ask;
    q->ask.gate = copy_gate(&a, ask->gate);
    q->ask.revision = arena_strdup(&a, ask->revision);
    q->ask.query = arena_strdup(&a, ask->query);
    q->ask.address = arena_strdup(&a, ask->address);
    q->ask.broken = arena_strdup(&a, ask->broken);
    q->ask.pod_count = (size_t)min_i64((int64_t)ask->pod_count, GATE_PODS_MAX);
    q->ask.pods = copy_pods(&a, ask, q->ask.pod_count);
    q->identity = text_of(&a, add_identity, ask);
    q->whole = text_of(&a, add_whole, ask);
    q->arena = a;
    return q;
}

void question_free(struct question *q)
{
    struct arena a;

    if (!q)
        return;
    a = q->arena; /* which holds q itself */
    arena_release(&a);
}

/* --- comparing -------------------------------------------------------------------------------- */

static bool reads_as(const char *text, void (*add)(struct strbuf *out, const struct ask *ask),
                     const struct ask *ask)
{
    auto_strbuf struct strbuf other = {.max = QUESTION_BYTES_MAX};

    add(&other, ask);
    return !other.overflow && str_equal(text, strbuf_str(&other));
}

bool question_is(const struct question *q, const struct ask *ask)
{
    return q->ask.step == ask->step && str_equal(q->ask.gate->name, ask->gate->name) &&
           str_equal(q->ask.revision, ask->revision);
}

bool question_defines(const struct question *q, const struct ask *ask)
{
    return reads_as(q->identity, add_identity, ask);
}

bool question_equals(const struct question *q, const struct ask *ask)
{
    return reads_as(q->whole, add_whole, ask);
}

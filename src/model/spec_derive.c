/* SPDX-License-Identifier: Apache-2.0 */
/* spec_derive.c - what follows from several fields: kinds, names made of names. */
#include "sluice/base/clock.h"
#include "spec.h"

#define GATE_DEADLINE_MS     HOUR_MS
#define APPROVAL_DEADLINE_MS (24 * HOUR_MS)
#define METRIC_ERRORS        10 /* failed queries in a row before onDeadline acts */

void spec_doc_init(struct spec_doc *doc)
{
    *doc = (struct spec_doc){.spec = {.action = {.step = -1}}};
}

void derive_blue_green(struct checker *c, const cJSON *o UNUSED, void *base)
{
    struct rollout_spec *s = base;

    if (!s->preview_service && s->active_service)
        s->preview_service = name_join(c->a, s->active_service, "-preview");
}

void derive_canary(struct checker *c, const cJSON *o UNUSED, void *base)
{
    struct rollout_spec *s = base;

    if (!s->canary_service && s->stable_service && s->traffic_count > 0)
        s->canary_service = name_join(c->a, s->stable_service, "-canary");
}

void derive_traffic(struct checker *c UNUSED, const cJSON *o, void *base)
{
    struct traffic_spec *t = base;

    if (json_key(o, "gatewayAPI"))
        t->router = "gatewayAPI";
}

void derive_strategy(struct checker *c UNUSED, const cJSON *o, void *base)
{
    struct rollout_spec *s = base;

    if (json_key(o, "canary"))
        s->strategy = STRATEGY_CANARY;
    else if (json_key(o, "blueGreen"))
        s->strategy = STRATEGY_BLUE_GREEN;
    else if (json_key(o, "rolling"))
        s->strategy = STRATEGY_ROLLING;
}

void derive_metric(struct checker *c UNUSED, const cJSON *o UNUSED, void *base)
{
    struct gate_spec *g = base;

    g->metric.has_min = g->metric.min != NULL;
    g->metric.has_max = g->metric.max != NULL;
    g->metric.errors = METRIC_ERRORS;
}

void derive_probe(struct checker *c UNUSED, const cJSON *o, void *base)
{
    struct gate_spec *g = base;

    if (json_key(o, "tcp"))
        g->probe.kind = PROBE_TCP;
    else if (json_key(o, "grpc"))
        g->probe.kind = PROBE_GRPC;
    else
        g->probe.kind = PROBE_HTTP;
}

void derive_gate(struct checker *c UNUSED, const cJSON *o, void *base)
{
    struct gate_spec *g = base;

    if (json_key(o, "approval"))
        g->kind = GATE_APPROVAL;
    else if (json_key(o, "probe"))
        g->kind = GATE_PROBE;
    else
        g->kind = GATE_METRIC;
    if (!json_key(o, "deadline"))
        g->deadline_ms = g->kind == GATE_APPROVAL ? APPROVAL_DEADLINE_MS : GATE_DEADLINE_MS;
}

static bool named_by_step(const struct rollout_spec *s, const char *gate)
{
    for (size_t i = 0; i < s->step_count; i++) {
        for (size_t j = 0; j < s->steps[i].gate_count; j++) {
            if (gate && str_equal(s->steps[i].gates[j], gate))
                return true;
        }
    }
    return false;
}

void derive_spec(struct checker *c UNUSED, const cJSON *o UNUSED, void *base)
{
    struct rollout_spec *s = base;

    for (size_t i = 0; i < s->gate_count; i++) {
        /* The list was made by this pass; only its readers see it as constant. */
        struct gate_spec *g = (struct gate_spec *)&s->gates[i];

        g->named_by_step = named_by_step(s, g->name);
    }
}

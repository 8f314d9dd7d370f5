/* SPDX-License-Identifier: Apache-2.0 */
#include "sluice/plan/compile.h"

#include "sluice/base/clock.h"
#include <stdlib.h>
#include <string.h>

#define DAY_MS (24 * HOUR_MS)

int percent_of(const char *percent)
{
    if (str_empty(percent))
        return 0;
    return (int)clamp_i64(strtol(percent, NULL, 10), 0, 100);
}

int32_t count_of(const char *count, int32_t n)
{
    char *end = NULL;
    long v;

    if (str_empty(count))
        return n;
    v = strtol(count, &end, 10);
    if (end == count)
        return n;
    v = clamp_i64(v, 0, COUNT_MAX);
    if (*end == '%')
        return (int32_t)min_i64((v * (int64_t)n + 99) / 100, COUNT_MAX);
    return (int32_t)v;
}

/* maxUnavailable rounds down, maxSurge up; both 0 counts as unavailable 1, as the Deployment
 * controller does (deployment-controller.md, ResolveFenceposts). */
struct surge surge_of(const struct deployment *d)
{
    struct surge s = {0};
    const char *u = d->max_unavailable ? d->max_unavailable : "25%";
    const int64_t v = clamp_i64(strtol(u, NULL, 10), 0, INT32_MAX);

    s.surge = count_of(d->max_surge ? d->max_surge : "25%", d->replicas);
    s.unavailable = (int32_t)min_i64(strchr(u, '%') ? v * d->replicas / 100 : v, d->replicas);
    if (s.surge == 0 && s.unavailable == 0)
        s.unavailable = 1;
    return s;
}

/* ---- step list ------------------------------------------------------------------------------- */

static bool names_gate(const struct step_spec *s, const char *name)
{
    for (size_t i = 0; i < s->gate_count; i++) {
        if (str_equal(s->gates[i], name))
            return true;
    }
    return false;
}

/* Gates of one step: those it names, and those that no step names and whose phase fits. */
static unsigned step_gates(const struct rollout_spec *spec, const struct step_spec *s,
                           enum phase phase)
{
    unsigned set = 0;

    for (size_t i = 0; i < spec->gate_count; i++) {
        const struct gate_spec *g = &spec->gates[i];
        const unsigned during =
            g->during ? g->during : PHASE_BEFORE_SWITCH | PHASE_AFTER_SWITCH | PHASE_BAKE;
        const bool runs = g->named_by_step ? s && names_gate(s, g->name) : (during & phase) != 0;

        if (runs)
            set |= 1U << i;
    }
    return set;
}

static unsigned phase_gates(const struct rollout_spec *spec, enum phase phase)
{
    unsigned set = 0;

    for (size_t i = 0; i < spec->gate_count; i++) {
        const unsigned during = spec->gates[i].during
                                    ? spec->gates[i].during
                                    : PHASE_BEFORE_SWITCH | PHASE_AFTER_SWITCH | PHASE_BAKE;

        if (!spec->gates[i].named_by_step && (during & phase))
            set |= 1U << i;
    }
    return set;
}

static struct step *add(struct compiled *out, int weight, const char *replicas)
{
    struct step *s = &out->steps[out->step_count++];

    *s = (struct step){.weight_pct = weight, .replicas = replicas, .deadline_ms = DAY_MS};
    return s;
}

static void compile_blue_green(const struct rollout_spec *spec, struct compiled *out)
{
    struct step *preview = add(out, 0, spec->preview_replicas);

    preview->approve = spec->switch_approve;
    preview->gates = step_gates(spec, NULL, PHASE_BEFORE_SWITCH);
    add(out, 100, "100%");
    out->by = TRAFFIC_PIN;
}

static bool is_last(const struct rollout_spec *spec, const struct step_spec *s, size_t i)
{
    if (i + 1 != spec->step_count)
        return false;
    if (spec->strategy == STRATEGY_ROLLING)
        return str_equal(s->replicas, "100%");
    return s->weight && percent_of(s->weight) == 100;
}

static void compile_listed(const struct rollout_spec *spec, struct compiled *out)
{
    const char *replicas = NULL;
    int weight = 0;

    for (size_t i = 0; i < spec->step_count && i < STEPS_MAX; i++) {
        const struct step_spec *in = &spec->steps[i];
        struct step *s;

        if (in->weight)
            weight = percent_of(in->weight);
        if (in->replicas)
            replicas = in->replicas;
        s = add(out, weight, replicas);
        s->hold_ms = in->hold_ms;
        s->approve = in->approve;
        s->deadline_ms = in->deadline_ms ? in->deadline_ms : DAY_MS;
        s->on_deadline = in->on_deadline;
        s->last = is_last(spec, in, i);
        s->gates = step_gates(spec, in, s->last ? PHASE_AFTER_SWITCH : PHASE_BEFORE_SWITCH);
    }
    if (!out->step_count || !out->steps[out->step_count - 1].last)
        add(out, 100, "100%");
}

void compile_steps(const struct rollout_spec *spec, struct compiled *out)
{
    struct step *last;

    *out = (struct compiled){.regime = REGIME_OUTSIDE, .by = TRAFFIC_PODS};
    if (spec->strategy == STRATEGY_BLUE_GREEN) {
        compile_blue_green(spec, out);
    } else {
        compile_listed(spec, out);
        if (spec->strategy == STRATEGY_ROLLING)
            out->regime = REGIME_INSIDE;
        else if (spec->traffic_count)
            out->by = TRAFFIC_ROUTE;
    }
    last = &out->steps[out->step_count - 1];
    if (!last->last)
        last->gates = step_gates(spec, NULL, PHASE_AFTER_SWITCH);
    last->last = true;
    for (size_t i = 0; i < spec->gate_count; i++) {
        if (spec->gates[i].during & PHASE_START)
            out->start_gates |= 1U << i;
    }
    out->bake_gates = phase_gates(spec, PHASE_BAKE);
}

/* ---- pods of a step -------------------------------------------------------------------------- */

static int32_t outside_routed(const struct step *s, int32_t n)
{
    int64_t need = ((int64_t)n * s->weight_pct + 99) / 100;

    if (s->replicas)
        need = max_i64(need, count_of(s->replicas, n));
    return (int32_t)min_i64(need, n);
}

/* Without a router the share is C/(N+C): C = N*w/(100-w) rounded to nearest, at most N. */
static int32_t outside_share(const struct step *s, int32_t n)
{
    int64_t c;

    if (s->weight_pct >= 100)
        return n;
    if (s->weight_pct == 0 && s->replicas)
        return (int32_t)clamp_i64(count_of(s->replicas, n), 1, n);
    c = (2 * (int64_t)n * s->weight_pct + (100 - s->weight_pct)) / (2 * (100 - s->weight_pct));
    return (int32_t)clamp_i64(c, 1, n);
}

/* Until the commit one pod short of N: at N the Deployment controller would drop stable. */
static int32_t inside_share(const struct step *s, const struct deployment *d)
{
    const int32_t n = d->replicas;

    if (n == 1)
        return surge_of(d).surge ? 1 : 0;
    return (int32_t)clamp_i64(count_of(s->replicas, n), 1, n - 1);
}

int32_t step_replicas(const struct compiled *c, const struct deployment *d, int step)
{
    const struct step *s;

    if (step < 1 || step > c->step_count || d->replicas == 0)
        return 0;
    s = &c->steps[step - 1];
    if (c->regime == REGIME_INSIDE)
        return inside_share(s, d);
    if (c->by == TRAFFIC_ROUTE)
        return outside_routed(s, d->replicas);
    if (c->by == TRAFFIC_PODS)
        return outside_share(s, d->replicas);
    return (int32_t)clamp_i64(count_of(s->replicas, d->replicas), 1, d->replicas);
}

int share_permille(const struct compiled *c, int step, int32_t new_pods, int32_t stable_pods)
{
    const int64_t all = (int64_t)new_pods + stable_pods;
    const struct step *s;

    if (step < 1 || step > c->step_count)
        return 0;
    s = &c->steps[step - 1];
    if (c->by == TRAFFIC_ROUTE || c->by == TRAFFIC_PIN || (s->last && c->regime == REGIME_OUTSIDE))
        return s->weight_pct * 10;
    return all ? (int)((2000 * (int64_t)new_pods + all) / (2 * all)) : 0;
}

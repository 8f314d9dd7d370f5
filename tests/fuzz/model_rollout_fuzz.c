/* SPDX-License-Identifier: Apache-2.0 */
/* model_rollout_fuzz.c - any Rollout: its errors are named and bounded, its status reads back. */
#include "check.h"
#include "sluice/json/json.h"
#include "sluice/model/validate.h"

#define FINDINGS_BOUND    64
#define DURATION_BOUND_MS (INT64_C(4) * 99999 * 3600 * 1000)

static void check_findings(const struct finding *f, size_t count, const char *root)
{
    CHECK(count <= FINDINGS_BOUND, "%zu findings", count);
    for (size_t i = 0; i < count; i++) {
        CHECK(f[i].rule && f[i].message && f[i].path && f[i].at, "finding %zu", i);
        CHECK(strncmp(f[i].path, root, strlen(root)) == 0, "%s", f[i].path);
        CHECK(!f[i].value || strlen(f[i].value) <= 80, "%s", f[i].value);
        CHECK(!(f[i].rule[0] == 'V') || validate_rule_message(f[i].rule), "%s", f[i].rule);
    }
}

/* What the planner counts on without asking, whatever was written. */
static void check_spec(const struct rollout_spec *s)
{
    CHECK(s->step_count <= STEPS_MAX && s->gate_count <= GATES_MAX, "lists");
    CHECK(s->traffic_count <= ROUTES_MAX, "traffic");
    CHECK(s->progress_deadline_ms >= 10000 && s->drain_ms >= 0 && s->bake_ms >= 0, "durations");
    CHECK(s->progress_deadline_ms <= DURATION_BOUND_MS, "duration");
    for (size_t i = 0; i < s->step_count; i++)
        CHECK(s->steps[i].deadline_ms > 0 && s->steps[i].gate_count <= GATES_MAX, "step %zu", i);
    for (size_t i = 0; i < s->gate_count; i++)
        CHECK(s->gates[i].kind <= GATE_APPROVAL && s->gates[i].during < 16, "gate %zu", i);
}

static void check_no_error_no_hole(const struct rollout *r)
{
    const struct rollout_spec *s = &r->spec;

    if (r->finding_count)
        return;
    CHECK(s->target && s->strategy != STRATEGY_NONE && !s->unknown_field, "spec");
    CHECK(s->strategy != STRATEGY_BLUE_GREEN || (s->active_service && s->preview_service),
          "services");
    CHECK(!s->traffic_count || (s->stable_service && s->canary_service), "services");
    for (size_t i = 0; i < s->gate_count; i++) {
        const struct gate_spec *g = &s->gates[i];

        CHECK(g->name && g->deadline_ms > 0, "gate %zu", i);
        CHECK(g->kind != GATE_METRIC || (g->metric.query && g->metric.every_ms > 0), "metric");
        CHECK(g->kind != GATE_PROBE || (g->probe.every_ms > 0 && g->probe.timeout_ms > 0), "probe");
    }
    for (size_t i = 0; i < s->traffic_count; i++)
        CHECK(s->traffic[i].name && s->traffic[i].router && s->traffic[i].kind, "traffic %zu", i);
}

static char *written_again(struct arena *a, const char *text)
{
    struct err e = {0};
    auto_json cJSON *doc = json_parse(text, strlen(text), &e);
    struct rollout_status s;

    CHECK(doc, "%s: %s", e.text, text);
    status_read_raw(a, doc, (struct jslice){text, strlen(text)}, &s);
    return status_write(a, &s);
}

static void check_status(struct arena *a, const struct rollout *r)
{
    const char *once = status_write(a, &r->status), *twice = written_again(a, once);

    CHECK(strlen(once) <= STATUS_BYTES_MAX, "%zu bytes", strlen(once));
    CHECK(strcmp(once, twice) == 0, "%s\n%s", once, twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const char *const text = (const char *)data;
    const struct finding *findings;
    const struct rollout *r;
    struct err e = {0};
    auto_json cJSON *doc = json_parse(text, len, &e);
    struct arena a;
    size_t count;

    if (!doc)
        return REFUSED;
    arena_init(&a);
    r = rollout_read(&a, doc, text, len);
    check_findings(r->findings, r->finding_count, "spec");
    check_spec(&r->spec);
    check_no_error_no_hole(r);
    check_status(&a, r);
    count = validate_manifest(&a, doc, &findings);
    check_findings(findings, count, "");
    count = validate_change(&a, json_key(doc, "spec"), json_key(doc, "old"), &findings);
    check_findings(findings, count, "spec");
    arena_release(&a);
    return 0;
}

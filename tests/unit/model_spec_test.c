/* SPDX-License-Identifier: Apache-2.0 */
/* Rollout.spec as decoded: every field, every default, and what a broken one leaves behind. */
#include "sluice/base/clock.h"
#include "spec_bench.h"

#include <regex.h>

static const struct rollout_spec *spec_of(const char *spec)
{
    const struct rollout *r = rollout_of(spec);

    CHECK(r->finding_count == 0, "%s: %s", r->findings[0].path, r->findings[0].message);
    return &r->spec;
}

/* ---- top, strategies ------------------------------------------------------------------------- */

static void defaults_of_the_top(void **state UNUSED)
{
    const struct rollout_spec *s = spec_of("{targetRef: {name: web}, strategy: {rolling: {}}}");

    CHECK_TEXT(s->target, "web", "target");
    assert_int_equal(s->strategy, STRATEGY_ROLLING);
    assert_int_equal(s->step_count, 0);
    assert_int_equal(s->on_failure, ON_FAILURE_ABORT);
    assert_int_equal(s->after_abort, AFTER_ABORT_HOLD);
    assert_int_equal(s->on_delete, ON_DELETE_REVERT);
    assert_int_equal(s->brake, BRAKE_AUTO);
    assert_int_equal(s->progress_deadline_ms, 10 * MINUTE_MS);
    assert_int_equal(s->drain_ms, 30 * SECOND_MS);
    assert_int_equal(s->bake_ms, 0);
    assert_false(s->paused);
    assert_null(s->action.id);
    assert_int_equal(s->action.step, -1);
    assert_null(s->unknown_field);
}

static void every_word_of_the_top(void **state UNUSED)
{
    const struct rollout_spec *s = spec_of(
        "{targetRef: {name: web}, strategy: {rolling: {}}, onFailure: Pause, afterAbort: Revert, "
        "onDelete: Promote, brake: Admission, progressDeadline: 1h, drain: 0s, bake: 1h30m, "
        "paused: true, action: {id: '42', verb: Undo, revision: s1-1, step: 21}}");

    assert_int_equal(s->on_failure, ON_FAILURE_PAUSE);
    assert_int_equal(s->after_abort, AFTER_ABORT_REVERT);
    assert_int_equal(s->on_delete, ON_DELETE_PROMOTE);
    assert_int_equal(s->brake, BRAKE_ADMISSION);
    assert_int_equal(s->progress_deadline_ms, HOUR_MS);
    assert_int_equal(s->drain_ms, 0);
    assert_int_equal(s->bake_ms, 90 * MINUTE_MS);
    assert_true(s->paused);
    CHECK_TEXT(s->action.id, "42", "id");
    CHECK_TEXT(s->action.revision, "s1-1", "revision");
    assert_int_equal(s->action.verb, VERB_UNDO);
    assert_int_equal(s->action.step, 21);
}

static void blue_green_names_its_preview(void **state UNUSED)
{
    const struct rollout_spec *s =
        spec_of("{targetRef: {name: web}, strategy: {blueGreen: {activeService: shop}}}");

    assert_int_equal(s->strategy, STRATEGY_BLUE_GREEN);
    CHECK_TEXT(s->active_service, "shop", "active");
    CHECK_TEXT(s->preview_service, "shop-preview", "preview");
    CHECK_TEXT(s->preview_replicas, "100%", "replicas");
    assert_false(s->switch_approve);
    s = spec_of("{targetRef: {name: web}, strategy: {blueGreen: {activeService: shop, "
                "previewService: green, previewReplicas: 3, switch: Approve}}}");
    CHECK_TEXT(s->preview_service, "green", "preview");
    CHECK_TEXT(s->preview_replicas, "3", "replicas");
    assert_true(s->switch_approve);
}

static void canary_names_its_service_with_traffic(void **state UNUSED)
{
    const struct rollout_spec *s = spec_of(
        "{targetRef: {name: web}, strategy: {canary: {stableService: web, steps: [{weight: 5}]}}}");

    assert_int_equal(s->strategy, STRATEGY_CANARY);
    CHECK_TEXT(s->stable_service, "web", "stable");
    assert_null(s->canary_service);
    s = spec_of("{targetRef: {name: web}, strategy: {canary: {stableService: web, "
                "traffic: [{gatewayAPI: {name: r, rules: [a, b]}, settle: 5s}, "
                "{gatewayAPI: {name: q}}], steps: [{weight: 5}]}}}");
    CHECK_TEXT(s->canary_service, "web-canary", "canary");
    assert_int_equal(s->traffic_count, 2);
    CHECK_TEXT(s->traffic[0].router, "gatewayAPI", "router");
    CHECK_TEXT(s->traffic[0].kind, "HTTPRoute", "kind");
    CHECK_TEXT(s->traffic[0].rules[1], "b", "rules");
    assert_int_equal(s->traffic[0].rule_count, 2);
    assert_int_equal(s->traffic[0].settle_ms, 5 * SECOND_MS);
    assert_int_equal(s->traffic[1].settle_ms, 2 * SECOND_MS);
    CHECK_TEXT(s->traffic[1].name, "q", "name");
}

static void steps_in_full(void **state UNUSED)
{
    const struct rollout_spec *s = spec_of(
        "{targetRef: {name: web}, gates: [{name: a, approval: {}}, {name: b, approval: {}}], "
        "strategy: {canary: {steps: [{weight: 5, hold: 2m}, {replicas: 20%, gates: [a]}, "
        "{weight: 25%, approve: true, deadline: 8h, onDeadline: Pass}]}}}");

    assert_int_equal(s->step_count, 3);
    CHECK_TEXT(s->steps[0].weight, "5", "weight");
    assert_null(s->steps[0].replicas);
    assert_int_equal(s->steps[0].hold_ms, 2 * MINUTE_MS);
    assert_int_equal(s->steps[0].deadline_ms, 24 * HOUR_MS);
    assert_int_equal(s->steps[0].on_deadline, ON_DEADLINE_PAUSE);
    assert_false(s->steps[0].approve);
    CHECK_TEXT(s->steps[1].replicas, "20%", "replicas");
    CHECK_TEXT(s->steps[1].gates[0], "a", "gates");
    CHECK_TEXT(s->steps[2].weight, "25%", "weight");
    assert_true(s->steps[2].approve);
    assert_int_equal(s->steps[2].deadline_ms, 8 * HOUR_MS);
    assert_int_equal(s->steps[2].on_deadline, ON_DEADLINE_PASS);
    assert_true(s->gates[0].named_by_step);
    assert_false(s->gates[1].named_by_step);
}

/* ---- gates ----------------------------------------------------------------------------------- */

static const struct rollout_spec *with_gates(const char *gates)
{
    return spec_of(arena_printf(
        &arena, "{targetRef: {name: web}, strategy: {rolling: {}}, gates: [%s]}", gates));
}

static void metric_gate(void **state UNUSED)
{
    const struct gate_spec *g =
        with_gates("{name: a, metric: {prometheus: {query: up}, max: '0.3'}}")->gates;

    assert_int_equal(g->kind, GATE_METRIC);
    CHECK_TEXT(g->metric.query, "up", "query");
    assert_null(g->metric.address);
    assert_false(g->metric.has_min);
    assert_true(g->metric.has_max);
    CHECK_TEXT(g->metric.max, "0.3", "max");
    assert_int_equal(g->metric.every_ms, 30 * SECOND_MS);
    assert_int_equal(g->metric.count, 1);
    assert_int_equal(g->metric.failures, 1);
    assert_int_equal(g->metric.errors, 10);
    assert_false(g->metric.no_data_fails);
    assert_int_equal(g->deadline_ms, HOUR_MS);
    assert_int_equal(g->during, 0);
    assert_false(g->dry_run);
    g = with_gates(
            "{name: a, during: [Start, Bake], dryRun: true, deadline: 5m, onDeadline: Fail, "
            "metric: {prometheus: {query: up, address: 'http://p:9090'}, min: '-1', every: 5s, "
            "count: 3, failures: 2, noData: Fail}}")
            ->gates;
    assert_int_equal(g->during, PHASE_START | PHASE_BAKE);
    assert_true(g->dry_run && g->metric.no_data_fails && g->metric.has_min && !g->metric.has_max);
    assert_int_equal(g->deadline_ms, 5 * MINUTE_MS);
    assert_int_equal(g->on_deadline, ON_DEADLINE_FAIL);
    assert_int_equal(g->metric.count * 10 + g->metric.failures, 32);
    CHECK_TEXT(g->metric.address, "http://p:9090", "address");
}

static void probe_gate(void **state UNUSED)
{
    const struct gate_spec *g = with_gates("{name: a, probe: {http: {}}}")->gates;

    assert_int_equal(g->kind, GATE_PROBE);
    assert_int_equal(g->probe.kind, PROBE_HTTP);
    CHECK_TEXT(g->probe.path, "/", "path");
    CHECK_TEXT(g->probe.scheme, "HTTP", "scheme");
    assert_null(g->probe.port);
    assert_int_equal(g->probe.expect_status, 200);
    assert_int_equal(g->probe.every_ms, 10 * SECOND_MS);
    assert_int_equal(g->probe.timeout_ms, 5 * SECOND_MS);
    assert_int_equal(g->probe.successes, 1);
    assert_int_equal(g->probe.failures, 3);
    g = with_gates("{name: a, probe: {grpc: {port: 9000, service: web.v1}, successes: 3}}, "
                   "{name: b, probe: {tcp: {port: http}}}, {name: c, probe: {http: {headers: "
                   "[{name: X-A, value: b}], scheme: HTTPS, expectStatus: 204, path: /x}}}")
            ->gates;
    assert_int_equal(g[0].probe.kind, PROBE_GRPC);
    CHECK_TEXT(g[0].probe.port, "9000", "port");
    CHECK_TEXT(g[0].probe.service, "web.v1", "service");
    assert_int_equal(g[0].probe.successes, 3);
    assert_int_equal(g[1].probe.kind, PROBE_TCP);
    CHECK_TEXT(g[1].probe.port, "http", "port");
    CHECK_TEXT(g[2].probe.headers[0].key, "X-A", "header");
    CHECK_TEXT(g[2].probe.headers[0].value, "b", "header");
    assert_int_equal(g[2].probe.header_count, 1);
    CHECK_TEXT(g[2].probe.scheme, "HTTPS", "scheme");
}

static void approval_gate(void **state UNUSED)
{
    const struct gate_spec *g = with_gates("{name: a, approval: {}}")->gates;

    assert_int_equal(g->kind, GATE_APPROVAL);
    assert_int_equal(g->deadline_ms, 24 * HOUR_MS);
    assert_int_equal(g->on_deadline, ON_DEADLINE_PAUSE);
}

/* ---- broken ones ----------------------------------------------------------------------------- */

static void broken_values_leave_defaults(void **state UNUSED)
{
    const struct rollout *r = rollout_of("{targetRef: {name: web}, strategy: {rolling: {}}, "
                                         "progressDeadline: 3, drain: 9h, paused: 1, bogus: 1}");

    assert_int_equal(r->finding_count, 4);
    assert_int_equal(r->spec.progress_deadline_ms, 10 * MINUTE_MS);
    assert_int_equal(r->spec.drain_ms, 30 * SECOND_MS);
    assert_false(r->spec.paused);
    CHECK_TEXT(r->spec.unknown_field, "spec.bogus", "unknown");
}

static void no_spec_at_all(void **state UNUSED)
{
    auto_object struct object o = object_of("{\"metadata\":{\"name\":\"web\",\"finalizers\":[\"x\","
                                            "\"sluice.dev/flight\"]},\"status\":{\"held\":true}}");
    const struct rollout *r = rollout_read(&arena, o.doc, o.text, o.len);

    assert_int_equal(r->finding_count, 1);
    CHECK_TEXT(r->findings[0].path, "spec", "path");
    assert_int_equal(r->spec.strategy, STRATEGY_NONE);
    assert_true(r->has_finalizer);
    assert_true(r->status.held);
    CHECK_TEXT(status_write(&arena, &r->status), "{\"observedGeneration\":0,\"held\":true}",
               "status");
}

static void warnings_do_not_stop(void **state UNUSED)
{
    const struct rollout *r =
        rollout_of("{targetRef: {name: web}, strategy: {canary: {steps: [{weight: 80}]}}}");

    assert_int_equal(r->finding_count, 0);
}

/* Lists of names: rules of a route, gates of a step, phases of a gate. */
static void lists_of_names(void **state UNUSED)
{
#define ROUTED(rules)                                                                              \
    "{targetRef: {name: web}, strategy: {canary: {stableService: web, traffic: [{gatewayAPI: "     \
    "{name: web, rules: " rules "}}], steps: [{weight: 10}]}}}"
#define RULES "spec.strategy.canary.traffic[0].gatewayAPI.rules"
    static const struct {
        const char *spec, *path, *words;
    } rows[] = {
        {ROUTED("main"), RULES, "must be a list"},
        {ROUTED("[a, a]"), RULES "[1]", "stands twice"},
        {ROUTED("[1]"), RULES "[0]", "must be text"},
        {ROUTED("[a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q]"), RULES, "at most 16"},
        {"{targetRef: {name: web}, strategy: {canary: {steps: [{weight: 10, gates: x}]}}}",
         "spec.strategy.canary.steps[0].gates", "must be a list"},
        {"{targetRef: {name: web}, strategy: {rolling: {}}, gates: [{name: a, approval: {}, "
         "during: Bake}]}",
         "spec.gates[name=a].during", "must be a list"},
        {"{targetRef: {name: web}, strategy: {rolling: {}}, gates: [{name: a, approval: {}, "
         "during: [Never]}]}",
         "spec.gates[name=a].during[0]", "Bake"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *message = finding_at(rollout_of(rows[i].spec), rows[i].path);

        CHECK(message && strstr(message, rows[i].words), "row %zu: %s", i,
              message ? message : "nothing found there");
    }
}

/* However many errors there are, some are said and the rest is not. */
static void errors_are_bounded(void **state UNUSED)
{
    auto_strbuf struct strbuf spec = {.max = 1 << 20};
    const struct rollout *r;

    strbuf_adds(&spec, "{");
    for (int i = 0; i < 5000; i++)
        strbuf_addf(&spec, "%sx%d: 1", i ? ", " : "", i);
    strbuf_adds(&spec, "}");
    r = rollout_of(spec.p);
    assert_int_equal(r->finding_count, FINDINGS_MAX);
    CHECK_TEXT(r->findings[0].path, "spec.x0", "in order");
}

static void values_are_shown_as_written(void **state UNUSED)
{
    static const struct {
        const char *value, *shown;
    } cases[] = {
        {"x", "\"x\""},
        {"7", "7"},
        {"-1.5", "-1.5"},
        {"true", "true"},
        {"false", "false"},
        {"[1]", NULL},
        {"'1234567890123456789012345678901234567890123456789012345678901234567890'",
         "\"12345678901234567890123456789012345678901234567890123456..."},
        {"'1234567890123456789012345678901234567890123456789012345\xc3\xa9 and so on'",
         "\"1234567890123456789012345678901234567890123456789012345..."},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct rollout *r = rollout_of(
            arena_printf(&arena, "{targetRef: {name: web}, strategy: {rolling: {}}, brake: %s}",
                         cases[i].value));

        assert_int_equal(r->finding_count, 1);
        CHECK_TEXT(r->findings[0].value, cases[i].shown, cases[i].value);
    }
}

static void paths_for_people_and_for_files(void **state UNUSED)
{
    const struct rollout *r = rollout_of("{targetRef: {name: web}, strategy: {rolling: {}}, gates: "
                                         "[{name: a, approval: {}}, {name: b, probe: {}}]}");

    assert_int_equal(r->finding_count, 1);
    CHECK_TEXT(r->findings[0].path, "spec.gates[name=b].probe", "path");
    CHECK_TEXT(r->findings[0].at, "spec.gates[1].probe", "at");
    CHECK_TEXT(r->findings[0].rule, "V26", "rule");
}

/* ---- forms ----------------------------------------------------------------------------------- */

/* The checks of text are those of the patterns that the CRD shows the API server. */
static void forms_are_their_patterns(void **state UNUSED)
{
    static const struct format *const formats[] = {
        &format_label,        &format_name,   &format_gate,     &format_url,
        &format_path,         &format_id,     &format_token,    &format_rule,
        &format_header_value, &format_header, &format_revision,
    };
    static const char *const pieces[] = {"a",    "b9",       "-",        ".", "_", "A",
                                         "/",    "http://",  "https://", " ", "~", "!",
                                         "\x7f", "\xc3\xa9", "\n",       "0"};
    uint64_t seed = 7;

    for (size_t i = 0; i < COUNT(formats); i++) {
        regex_t pattern;

        assert_int_equal(regcomp(&pattern, formats[i]->pattern, REG_EXTENDED | REG_NOSUB), 0);
        for (int round = 0; round < 4000; round++) {
            char text[64] = "";
            size_t len = 0;

            for (uint64_t n = next_random(&seed) % 5; n > 0; n--) {
                const char *piece = pieces[next_random(&seed) % COUNT(pieces)];
                memcpy(text + len, piece, strlen(piece) + 1);
                len += strlen(piece);
            }
            CHECK(format_fits(formats[i], text) == (regexec(&pattern, text, 0, NULL, 0) == 0),
                  "%s and \"%s\"", formats[i]->pattern, text);
        }
        regfree(&pattern);
    }
}

static void lengths_are_characters(void **state UNUSED)
{
    auto_strbuf struct strbuf text = {.max = 1 << 16};

    for (int i = 0; i < format_query.max; i++)
        strbuf_adds(&text, "\xc3\xa9");
    assert_true(format_fits(&format_query, text.p));
    strbuf_adds(&text, "x");
    assert_false(format_fits(&format_query, text.p));
    assert_false(format_fits(&format_query, ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_of_the_top),
        cmocka_unit_test(every_word_of_the_top),
        cmocka_unit_test(blue_green_names_its_preview),
        cmocka_unit_test(canary_names_its_service_with_traffic),
        cmocka_unit_test(steps_in_full),
        cmocka_unit_test(metric_gate),
        cmocka_unit_test(probe_gate),
        cmocka_unit_test(approval_gate),
        cmocka_unit_test(broken_values_leave_defaults),
        cmocka_unit_test(no_spec_at_all),
        cmocka_unit_test(warnings_do_not_stop),
        cmocka_unit_test(lists_of_names),
        cmocka_unit_test(errors_are_bounded),
        cmocka_unit_test(values_are_shown_as_written),
        cmocka_unit_test(paths_for_people_and_for_files),
        cmocka_unit_test(forms_are_their_patterns),
        cmocka_unit_test(lengths_are_characters),
    };

    return cmocka_run_group_tests(tests, begin, end);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* spec_table.c - api.md section 2, field by field. manifests/crd/rollouts.yaml says the same to the
 * API server; tests/unit/model_crd_test.c compares the two. */
#include "sluice/base/clock.h"
#include "spec.h"

#define SHAPE(fields_) .fields = (fields_), .count = COUNT(fields_)
#define RESERVED(key_)                                                                             \
    {                                                                                              \
        .key = (key_), .kind = F_RESERVED                                                          \
    }
#define LATER_CHOICE(key_)                                                                         \
    {                                                                                              \
        .key = (key_), .kind = F_RESERVED, .choice = true                                          \
    }
#define WEEK_MS (168 * HOUR_MS)

static const char *const api_versions[] = {"apps/v1", NULL};
static const char *const target_kinds[] = {"Deployment", NULL};
static const char *const on_failures[] = {"Abort", "Pause", NULL};
static const char *const after_aborts[] = {"Hold", "Revert", NULL};
static const char *const brakes[] = {"Auto", "Admission", "Paused", NULL};
static const char *const on_deletes[] = {"Revert", "Hold", "Promote", NULL};
static const char *const on_deadlines[] = {"Pause", "Fail", "Pass", NULL};
static const char *const phases[] = {"Start", "BeforeSwitch", "AfterSwitch", "Bake", NULL};
static const char *const switches[] = {"Auto", "Approve", NULL};
static const char *const no_datas[] = {"Wait", "Fail", NULL};
static const char *const schemes[] = {"HTTP", "HTTPS", NULL};
static const char *const route_kinds[] = {"HTTPRoute", NULL};
static const char *const verbs[] = {"",      "Approve", "Skip", "Promote",
                                    "Abort", "Retry",   "Undo", NULL};

/* ---- steps ----------------------------------------------------------------------------------- */

#define STEP(member) .at = offsetof(struct step_spec, member)
static const struct spec_field step_fields[] = {
    {.key = "weight", .kind = F_PERCENT, STEP(weight)},
    {.key = "replicas", .kind = F_COUNT, STEP(replicas)},
    {.key = "hold", .kind = F_DURATION, STEP(hold_ms), .max = WEEK_MS},
    {.key = "approve", .kind = F_BOOL, STEP(approve)},
    {.key = "deadline", .kind = F_DURATION, STEP(deadline_ms), .min = 1, .dflt = "24h"},
    {.key = "onDeadline", .kind = F_WORD, STEP(on_deadline), .words = on_deadlines},
    {.key = "gates",
     .kind = F_NAMES,
     STEP(gates),
     .max = GATES_MAX,
     .count_at = offsetof(struct step_spec, gate_count),
     .format = &format_gate},
    RESERVED("match"), /* D */
    RESERVED("mirror"),
};
static const struct spec_shape step_shape = {
    .name = "step",
    SHAPE(step_fields),
    .size = sizeof(struct step_spec),
    .empty = "a step needs at least one field: give it weight, replicas, hold or approve",
};

/* ---- strategies ------------------------------------------------------------------------------ */

#define AT(member)            .at = offsetof(struct rollout_spec, member)
#define DOC(member)           .at = offsetof(struct spec_doc, member)
#define LIST(member, counter) AT(member), .count_at = offsetof(struct rollout_spec, counter)

static const struct spec_field rolling_fields[] = {
    {.key = "steps",
     .kind = F_LIST,
     LIST(steps, step_count),
     .min = 1,
     .max = STEPS_MAX,
     .shape = &step_shape},
};
static const struct spec_shape rolling_shape = {.name = "rolling", SHAPE(rolling_fields)};

static const struct spec_field blue_green_fields[] = {
    {.key = "activeService",
     .kind = F_TEXT,
     AT(active_service),
     .format = &format_label,
     .required = true},
    {.key = "previewService", .kind = F_TEXT, AT(preview_service), .format = &format_label},
    {.key = "previewReplicas", .kind = F_COUNT, AT(preview_replicas), .dflt = "100%"},
    {.key = "switch", .kind = F_WORD_FLAG, AT(switch_approve), .words = switches},
};
static const struct spec_shape blue_green_shape = {
    .name = "blueGreen",
    SHAPE(blue_green_fields),
    .derive = derive_blue_green,
};

#define TRAFFIC(member) .at = offsetof(struct traffic_spec, member)
static const struct spec_field gateway_fields[] = {
    {.key = "name", .kind = F_TEXT, TRAFFIC(name), .format = &format_name, .required = true},
    {.key = "kind", .kind = F_WORD_TEXT, TRAFFIC(kind), .words = route_kinds, .dflt = "HTTPRoute"},
    {.key = "rules",
     .kind = F_NAMES,
     TRAFFIC(rules),
     .max = 16,
     .count_at = offsetof(struct traffic_spec, rule_count),
     .format = &format_rule},
    RESERVED("affinity"), /* D */
};
static const struct spec_shape gateway_shape = {.name = "gatewayAPI", SHAPE(gateway_fields)};

static const struct spec_field traffic_fields[] = {
    {.key = "gatewayAPI", .kind = F_OBJECT, .choice = true, .shape = &gateway_shape},
    {.key = "settle", .kind = F_DURATION, TRAFFIC(settle_ms), .max = HOUR_MS, .dflt = "2s"},
    RESERVED("check"), /* all D from here */
    LATER_CHOICE("ingressNginx"),
    LATER_CHOICE("istio"),
    LATER_CHOICE("traefik"),
    LATER_CHOICE("contour"),
    LATER_CHOICE("alb"),
    LATER_CHOICE("smi"),
    LATER_CHOICE("apisix"),
    LATER_CHOICE("kong"),
    LATER_CHOICE("haproxy"),
    LATER_CHOICE("skipper"),
    LATER_CHOICE("gloo"),
    LATER_CHOICE("kuma"),
    LATER_CHOICE("ambassador"),
    LATER_CHOICE("openshift"),
    LATER_CHOICE("custom"),
};
static const struct spec_shape traffic_shape = {
    .name = "traffic",
    SHAPE(traffic_fields),
    .choice = "V15",
    .size = sizeof(struct traffic_spec),
    .derive = derive_traffic,
};

static const struct spec_field canary_fields[] = {
    {.key = "stableService", .kind = F_TEXT, AT(stable_service), .format = &format_label},
    {.key = "canaryService", .kind = F_TEXT, AT(canary_service), .format = &format_label},
    {.key = "traffic",
     .kind = F_LIST,
     LIST(traffic, traffic_count),
     .min = 1,
     .max = ROUTES_MAX,
     .shape = &traffic_shape},
    {.key = "steps",
     .kind = F_LIST,
     LIST(steps, step_count),
     .min = 1,
     .max = STEPS_MAX,
     .shape = &step_shape,
     .required = true},
};
static const struct spec_shape canary_shape = {
    .name = "canary",
    SHAPE(canary_fields),
    .derive = derive_canary,
};

static const struct spec_field strategy_fields[] = {
    {.key = "rolling", .kind = F_OBJECT, .choice = true, .shape = &rolling_shape},
    {.key = "blueGreen", .kind = F_OBJECT, .choice = true, .shape = &blue_green_shape},
    {.key = "canary", .kind = F_OBJECT, .choice = true, .shape = &canary_shape},
};
static const struct spec_shape strategy_shape = {
    .name = "strategy",
    SHAPE(strategy_fields),
    .choice = "V2",
    .derive = derive_strategy,
};

/* ---- gates ----------------------------------------------------------------------------------- */

#define GATE(member) .at = offsetof(struct gate_spec, member)
static const struct spec_field prometheus_fields[] = {
    {.key = "address", .kind = F_TEXT, GATE(metric.address), .format = &format_url},
    {.key = "query", .kind = F_TEXT, GATE(metric.query), .format = &format_query, .required = true},
    RESERVED("headers"),
    RESERVED("timeout"),
    RESERVED("secretRef"),
    RESERVED("tls"), /* C */
    RESERVED("range"),
    RESERVED("sigV4"),
};
static const struct spec_shape prometheus_shape = {.name = "prometheus", SHAPE(prometheus_fields)};

static const struct spec_field metric_fields[] = {
    {.key = "prometheus", .kind = F_OBJECT, .choice = true, .shape = &prometheus_shape},
    {.key = "min", .kind = F_DECIMAL, GATE(metric.min)},
    {.key = "max", .kind = F_DECIMAL, GATE(metric.max)},
    {.key = "every", .kind = F_DURATION, GATE(metric.every_ms), .min = SECOND_MS, .dflt = "30s"},
    {.key = "count", .kind = F_INT, GATE(metric.count), .min = 1, .max = 1000, .dflt = "1"},
    {.key = "failures", .kind = F_INT, GATE(metric.failures), .min = 1, .max = 100, .dflt = "1"},
    {.key = "noData", .kind = F_WORD_FLAG, GATE(metric.no_data_fails), .words = no_datas},
    RESERVED("initialDelay"),
    RESERVED("errors"), /* all C from here */
    LATER_CHOICE("web"),
    LATER_CHOICE("datadog"),
    LATER_CHOICE("newRelic"),
    LATER_CHOICE("dynatrace"),
    LATER_CHOICE("splunk"),
    LATER_CHOICE("wavefront"),
    LATER_CHOICE("cloudWatch"),
    LATER_CHOICE("googleCloud"),
    LATER_CHOICE("azureMonitor"),
    LATER_CHOICE("graphite"),
    LATER_CHOICE("influxDB"),
    LATER_CHOICE("elasticsearch"),
    LATER_CHOICE("loki"),
    LATER_CHOICE("skyWalking"),
    LATER_CHOICE("kayenta"),
    LATER_CHOICE("kubernetes"),
};
static const struct spec_shape metric_shape = {
    .name = "metric",
    SHAPE(metric_fields),
    .choice = "V20",
    .derive = derive_metric,
};

#define HEADER(member) .at = offsetof(struct pair, member)
static const struct spec_field header_fields[] = {
    {.key = "name", .kind = F_TEXT, HEADER(key), .format = &format_header, .required = true},
    {.key = "value",
     .kind = F_TEXT,
     HEADER(value),
     .format = &format_header_value,
     .required = true},
};
static const struct spec_shape header_shape = {
    .name = "header",
    SHAPE(header_fields),
    .size = sizeof(struct pair),
    .merge_key = "name",
};

static const struct spec_field http_fields[] = {
    {.key = "path", .kind = F_TEXT, GATE(probe.path), .format = &format_path, .dflt = "/"},
    {.key = "port", .kind = F_PORT, GATE(probe.port)},
    {.key = "scheme", .kind = F_WORD_TEXT, GATE(probe.scheme), .words = schemes, .dflt = "HTTP"},
    {.key = "expectStatus",
     .kind = F_INT,
     GATE(probe.expect_status),
     .min = 100,
     .max = 599,
     .dflt = "200"},
    {.key = "headers",
     .kind = F_LIST,
     GATE(probe.headers),
     .max = 16,
     .shape = &header_shape,
     .count_at = offsetof(struct gate_spec, probe.header_count)},
    RESERVED("body"), /* C */
};
static const struct spec_shape http_shape = {.name = "http", SHAPE(http_fields)};

static const struct spec_field tcp_fields[] = {
    {.key = "port", .kind = F_PORT, GATE(probe.port)},
};
static const struct spec_shape tcp_shape = {.name = "tcp", SHAPE(tcp_fields)};

static const struct spec_field grpc_fields[] = {
    {.key = "port", .kind = F_PORT, GATE(probe.port)},
    {.key = "service", .kind = F_TEXT, GATE(probe.service), .format = &format_token},
};
static const struct spec_shape grpc_shape = {.name = "grpc", SHAPE(grpc_fields)};

static const struct spec_field probe_fields[] = {
    {.key = "http", .kind = F_OBJECT, .choice = true, .shape = &http_shape},
    {.key = "tcp", .kind = F_OBJECT, .choice = true, .shape = &tcp_shape},
    {.key = "grpc", .kind = F_OBJECT, .choice = true, .shape = &grpc_shape},
    {.key = "every", .kind = F_DURATION, GATE(probe.every_ms), .min = SECOND_MS, .dflt = "10s"},
    {.key = "timeout",
     .kind = F_DURATION,
     GATE(probe.timeout_ms),
     .min = 1,
     .max = MINUTE_MS,
     .dflt = "5s"},
    {.key = "successes", .kind = F_INT, GATE(probe.successes), .min = 1, .max = 100, .dflt = "1"},
    {.key = "failures", .kind = F_INT, GATE(probe.failures), .min = 1, .max = 100, .dflt = "3"},
    RESERVED("via"), /* C */
};
static const struct spec_shape probe_shape = {
    .name = "probe",
    SHAPE(probe_fields),
    .choice = "V26",
    .derive = derive_probe,
};

static const struct spec_shape approval_shape = {.name = "approval"};

static const struct spec_field gate_fields[] = {
    {.key = "name", .kind = F_TEXT, GATE(name), .format = &format_gate, .required = true},
    {.key = "metric", .kind = F_OBJECT, .choice = true, .shape = &metric_shape},
    {.key = "probe", .kind = F_OBJECT, .choice = true, .shape = &probe_shape},
    {.key = "approval", .kind = F_OBJECT, .choice = true, .shape = &approval_shape},
    {.key = "during", .kind = F_BITS, GATE(during), .words = phases},
    {.key = "deadline", .kind = F_DURATION, GATE(deadline_ms), .min = 1},
    {.key = "onDeadline", .kind = F_WORD, GATE(on_deadline), .words = on_deadlines},
    {.key = "dryRun", .kind = F_BOOL, GATE(dry_run)},
    LATER_CHOICE("compare"),
    LATER_CHOICE("health"),
    LATER_CHOICE("job"),
    LATER_CHOICE("webhook"), /* C */
    LATER_CHOICE("window"),
    LATER_CHOICE("ref"),
    RESERVED("args"),
};
static const struct spec_shape gate_shape = {
    .name = "gate",
    SHAPE(gate_fields),
    .choice = "V17",
    .size = sizeof(struct gate_spec),
    .merge_key = "name",
    .derive = derive_gate,
};

/* ---- the spec -------------------------------------------------------------------------------- */

static const struct spec_field target_fields[] = {
    {.key = "apiVersion",
     .kind = F_WORD_TEXT,
     DOC(target_api_version),
     .words = api_versions,
     .dflt = "apps/v1"},
    {.key = "kind",
     .kind = F_WORD_TEXT,
     DOC(target_kind),
     .words = target_kinds,
     .dflt = "Deployment"},
    {.key = "name", .kind = F_TEXT, AT(target), .format = &format_label, .required = true},
};
static const struct spec_shape target_shape = {.name = "targetRef", SHAPE(target_fields)};

static const struct spec_field action_fields[] = {
    {.key = "id", .kind = F_TEXT, AT(action.id), .format = &format_id, .required = true},
    {.key = "verb", .kind = F_WORD, AT(action.verb), .words = verbs, .required = true},
    {.key = "revision",
     .kind = F_TEXT,
     AT(action.revision),
     .format = &format_revision,
     .required = true},
    {.key = "step",
     .kind = F_INT,
     AT(action.step),
     .min = 0,
     .max = FLIGHT_STEPS_MAX,
     .dflt = "-1"},
};
static const struct spec_shape action_shape = {.name = "action", SHAPE(action_fields)};

static const struct spec_field spec_fields[] = {
    {.key = "targetRef", .kind = F_OBJECT, .shape = &target_shape, .required = true},
    {.key = "strategy", .kind = F_OBJECT, .shape = &strategy_shape, .required = true},
    {.key = "gates",
     .kind = F_LIST,
     LIST(gates, gate_count),
     .max = GATES_MAX,
     .shape = &gate_shape},
    {.key = "onFailure", .kind = F_WORD, AT(on_failure), .words = on_failures},
    {.key = "afterAbort", .kind = F_WORD, AT(after_abort), .words = after_aborts},
    {.key = "progressDeadline",
     .kind = F_DURATION,
     AT(progress_deadline_ms),
     .min = 10 * SECOND_MS,
     .rule = "V3",
     .dflt = "10m"},
    {.key = "drain", .kind = F_DURATION, AT(drain_ms), .max = HOUR_MS, .dflt = "30s"},
    {.key = "bake", .kind = F_DURATION, AT(bake_ms), .max = WEEK_MS},
    {.key = "paused", .kind = F_BOOL, AT(paused)},
    {.key = "brake", .kind = F_WORD, AT(brake), .words = brakes},
    {.key = "onDelete", .kind = F_WORD, AT(on_delete), .words = on_deletes},
    {.key = "action", .kind = F_OBJECT, .shape = &action_shape},
    RESERVED("concurrency"),   /* C */
    RESERVED("notifications"), /* E */
    RESERVED("dependsOn"),
    RESERVED("configRefs"), /* F */
};
const struct spec_shape spec_shape = {.name = "spec", SHAPE(spec_fields), .derive = derive_spec};

/* ---- a whole manifest ------------------------------------------------------------------------ */

static const char *const our_versions[] = {SLUICE_API_VERSION, NULL};
static const char *const our_kinds[] = {"Rollout", NULL};

#define ANY(key_)                                                                                  \
    {                                                                                              \
        .key = (key_), .kind = F_ANY                                                               \
    }
/* Names are checked and not kept: the API server has them. */
static const struct spec_field meta_fields[] = {
    {.key = "name", .kind = F_TEXT, DOC(name), .format = &format_name, .required = true},
    {.key = "namespace", .kind = F_TEXT, DOC(ns), .format = &format_label},
    ANY("labels"),
    ANY("annotations"),
    ANY("finalizers"),
    ANY("ownerReferences"),
    ANY("uid"),
    ANY("resourceVersion"),
    ANY("generation"),
    ANY("creationTimestamp"),
    ANY("deletionTimestamp"),
    ANY("deletionGracePeriodSeconds"),
    ANY("managedFields"),
    ANY("generateName"),
    ANY("selfLink"),
};
static const struct spec_shape meta_shape = {.name = "metadata", SHAPE(meta_fields)};

static const struct spec_field manifest_fields[] = {
    {.key = "apiVersion",
     .kind = F_WORD_TEXT,
     DOC(api_version),
     .words = our_versions,
     .required = true},
    {.key = "kind", .kind = F_WORD_TEXT, DOC(kind), .words = our_kinds, .required = true},
    {.key = "metadata", .kind = F_OBJECT, .shape = &meta_shape, .required = true},
    {.key = "spec", .kind = F_OBJECT, .shape = &spec_shape, .required = true},
    ANY("status"),
};
const struct spec_shape manifest_shape = {.name = "manifest", SHAPE(manifest_fields)};

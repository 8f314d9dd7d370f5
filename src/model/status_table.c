/* SPDX-License-Identifier: Apache-2.0 */
/* status_table.c - api.md section 3, member by member. Sizes: status_write.c keeps the whole under
 * STATUS_BYTES_MAX; a test fills everything to its limit. */
#include "status.h"

#define NAME   63
#define DIGEST 64
#define WORD   40

#define AT(member)            .at = offsetof(struct rollout_status, member)
#define LIST(member, counter) AT(member), .count_at = offsetof(struct rollout_status, counter)
#define SHAPE(fields_, size_, flag, unknown_)                                                      \
    {                                                                                              \
        .fields = (fields_), .count = COUNT(fields_), .size = (size_), .flag_at = (flag),          \
        .unknown_at = (unknown_)                                                                   \
    }
#define KEYED(fields_, size_, flag, unknown_)                                                      \
    {                                                                                              \
        .fields = (fields_), .count = COUNT(fields_), .size = (size_), .flag_at = (flag),          \
        .keyed = true, .unknown_at = (unknown_)                                                    \
    }
#define OBJECT_OF(fields_) SHAPE(fields_, 0, STATUS_NONE, STATUS_NONE)

const char *const condition_types[COND_COUNT] = {
    [COND_READY] = "Ready",
    [COND_RECONCILING] = "Reconciling",
    [COND_STALLED] = "Stalled",
    [COND_PROMOTED] = "Promoted",
    [COND_CONTENDED] = "Contended",
    [COND_TARGET_VALID] = "TargetValid",
    [COND_BRAKE_ARMED] = "BrakeArmed",
};

static const char *const regimes[] = {"Outside", "Inside", NULL};
static const char *const directions[] = {"Forward", "Back", NULL};
static const char *const verdicts[] = {"Wait", "Pass", "Fail", NULL};
static const char *const verbs[] = {"",      "Approve", "Skip", "Promote",
                                    "Abort", "Retry",   "Undo", NULL};
static const char *const strategies[] = {"", "Rolling", "BlueGreen", "Canary"};

static const struct status_field display_fields[] = {
    {.key = "status", .kind = S_STR, AT(display.status), .max = WORD},
    {.key = "strategy", .kind = S_STR, AT(display.strategy), .max = WORD},
    {.key = "step", .kind = S_STR, AT(display.step), .max = WORD},
    {.key = "weight", .kind = S_STR, AT(display.weight), .max = WORD},
    {.key = "ready", .kind = S_STR, AT(display.ready), .max = WORD},
    {.key = "message", .kind = S_STR, AT(display.message), .max = 160, .talk = true},
};
static const struct status_shape display_shape = OBJECT_OF(display_fields);

static const struct status_field target_fields[] = {
    {.key = "uid", .kind = S_STR, AT(target.uid), .max = WORD},
    {.key = "observedGeneration", .kind = S_I64, AT(target.observed_generation), .always = true},
    {.key = "replicas", .kind = S_I32, AT(target.replicas), .max = COUNT_MAX, .always = true},
    {.key = "digest", .kind = S_STR, AT(target.digest), .max = DIGEST},
};
static const struct status_shape target_shape = OBJECT_OF(target_fields);

static const struct status_field stable_fields[] = {
    {.key = "revision", .kind = S_STR, AT(stable.revision), .max = NAME},
    {.key = "deploymentRevision", .kind = S_I64, AT(stable.deployment_revision), .always = true},
    {.key = "digest", .kind = S_STR, AT(stable.digest), .max = DIGEST},
};
static const struct status_shape stable_shape = OBJECT_OF(stable_fields);

static const struct status_field rejected_fields[] = {
    {.key = "revision", .kind = S_STR, AT(rejected.revision), .max = NAME},
    {.key = "digest", .kind = S_STR, AT(rejected.digest), .max = DIGEST},
    {.key = "at", .kind = S_SECOND, AT(rejected.at_ms)},
    {.key = "step", .kind = S_I32, AT(rejected.step), .always = true},
    {.key = "reason", .kind = S_STR, AT(rejected.reason), .max = 120, .talk = true},
};
static const struct status_shape rejected_shape = OBJECT_OF(rejected_fields);

/* ---- flight ---------------------------------------------------------------------------------- */

static const struct status_field weight_fields[] = {
    {.key = "desired", .kind = S_I32, AT(flight.weight_desired), .max = 100, .always = true},
    {.key = "written", .kind = S_I32, AT(flight.weight_written), .max = 100, .always = true},
    {.key = "accepted", .kind = S_I32, AT(flight.weight_accepted), .max = 100, .always = true},
};
static const struct status_shape weight_shape = OBJECT_OF(weight_fields);

static const struct status_field replicas_fields[] = {
    {.key = "new", .kind = S_I32, AT(flight.new_replicas), .max = COUNT_MAX, .always = true},
    {.key = "newReady", .kind = S_I32, AT(flight.new_ready), .max = COUNT_MAX, .always = true},
    {.key = "stable", .kind = S_I32, AT(flight.stable_replicas), .max = COUNT_MAX, .always = true},
    {.key = "stableReady",
     .kind = S_I32,
     AT(flight.stable_ready),
     .max = COUNT_MAX,
     .always = true},
};
static const struct status_shape replicas_shape = OBJECT_OF(replicas_fields);

#define STEP(member) .at = offsetof(struct flight_step, member)
static const struct status_field step_fields[] = {
    {.key = "weight", .kind = S_I32, STEP(weight_pct), .max = 100, .always = true},
    {.key = "replicas", .kind = S_I32, STEP(replicas), .max = COUNT_MAX, .always = true},
    {.key = "endedAt", .kind = S_SECOND, STEP(ended_ms)},
    {.key = "approved", .kind = S_BOOL, STEP(approved)},
    {.key = "skipped", .kind = S_BOOL, STEP(skipped)},
};
static const struct status_shape step_shape =
    SHAPE(step_fields, sizeof(struct flight_step), STATUS_NONE, STATUS_NONE);

#define AWAITS(member) .at = offsetof(struct awaiting, member)
static const struct status_field awaiting_fields[] = {
    {.key = "what", .kind = S_STR, AWAITS(what), .max = 16, .always = true},
    {.key = "name", .kind = S_STR, AWAITS(name), .max = NAME},
    {.key = "since", .kind = S_SECOND, AWAITS(since_ms)},
    {.key = "until", .kind = S_SECOND, AWAITS(until_ms)},
    {.key = "then", .kind = S_STR, AWAITS(then), .max = WORD},
    {.key = "message", .kind = S_STR, AWAITS(message), .max = 120, .talk = true},
    {.key = "unblock", .kind = S_STR, AWAITS(unblock), .max = 100, .talk = true},
};
static const struct status_shape awaiting_shape =
    SHAPE(awaiting_fields, sizeof(struct awaiting), STATUS_NONE, STATUS_NONE);

static const struct status_field flight_fields[] = {
    {.key = "revision", .kind = S_STR, AT(flight.revision), .max = NAME},
    {.key = "fromRevision", .kind = S_STR, AT(flight.from_revision), .max = NAME},
    {.key = "digest", .kind = S_STR, AT(flight.digest), .max = DIGEST},
    {.key = "deploymentRevision", .kind = S_I64, AT(flight.deployment_revision)},
    {.key = "regime", .kind = S_WORD, AT(flight.regime), .words = regimes},
    {.key = "direction", .kind = S_WORD, AT(flight.direction), .words = directions},
    {.key = "generation", .kind = S_I64, AT(flight.generation)},
    {.key = "specDigest", .kind = S_STR, AT(flight.spec_digest), .max = DIGEST},
    {.key = "startedAt", .kind = S_TIME, AT(flight.started_ms)},
    {.key = "step", .kind = S_I32, AT(flight.step), .max = FLIGHT_STEPS_MAX, .always = true},
    {.key = "stepStartedAt", .kind = S_TIME, AT(flight.step_started_ms)},
    {.key = "progressedAt", .kind = S_TIME, AT(flight.progressed_ms)},
    {.key = "settledAt", .kind = S_TIME, AT(flight.settled_ms)},
    {.key = "decidedAt", .kind = S_TIME, AT(flight.decision_ms)},
    {.key = "decision", .kind = S_STR, AT(flight.decision), .max = 120, .talk = true},
    {.key = "decisionReason", .kind = S_STR, AT(flight.decision_reason), .max = WORD},
    {.key = "forced", .kind = S_BOOL, AT(flight.forced)},
    {.key = "promoteAll", .kind = S_BOOL, AT(flight.promote_all)},
    {.key = "abortReason", .kind = S_STR, AT(flight.abort_reason), .max = 120, .talk = true},
    {.key = "undo", .kind = S_BOOL, AT(flight.undo)},
    {.key = "committedAt", .kind = S_TIME, AT(flight.committed_ms)},
    {.key = "bakeUntil", .kind = S_TIME, AT(flight.bake_until_ms)},
    {.key = "drainedAt", .kind = S_TIME, AT(flight.drained_ms)},
    {.key = "pausedAt", .kind = S_TIME, AT(flight.paused_ms)},
    {.key = "steps",
     .kind = S_LIST,
     LIST(flight.steps, flight.step_count),
     .max = FLIGHT_STEPS_MAX,
     .shape = &step_shape},
    {.key = "weight", .kind = S_OBJECT, .shape = &weight_shape, .always = true},
    {.key = "replicas", .kind = S_OBJECT, .shape = &replicas_shape, .always = true},
    {.key = "awaiting",
     .kind = S_LIST,
     LIST(awaiting, awaiting_count),
     .max = AWAITING_MAX,
     .shape = &awaiting_shape},
};
static const struct status_shape flight_shape =
    SHAPE(flight_fields, 0, offsetof(struct rollout_status, flight.present),
          offsetof(struct rollout_status, flight.unknown));

/* ---- lists ----------------------------------------------------------------------------------- */

#define GATE(member) .at = offsetof(struct gate_state, member)
static const struct status_field gate_fields[] = {
    {.key = "name", .kind = S_STR, GATE(name), .max = 32},
    {.key = "kind", .kind = S_STR, GATE(kind), .max = 16},
    {.key = "verdict", .kind = S_WORD, GATE(verdict), .words = verdicts},
    {.key = "step", .kind = S_I32, GATE(step), .always = true},
    {.key = "since", .kind = S_TIME, GATE(since_ms)},
    {.key = "until", .kind = S_TIME, GATE(until_ms)},
    {.key = "samples", .kind = S_I32, GATE(samples), .max = COUNT_MAX},
    {.key = "message", .kind = S_STR, GATE(message), .max = 100, .talk = true},
    {.key = "evidence", .kind = S_STR, GATE(evidence), .max = 208},
};
static const struct status_shape gate_shape = KEYED(
    gate_fields, sizeof(struct gate_state), STATUS_NONE, offsetof(struct gate_state, unknown));

#define ROUTE(member) .at = offsetof(struct route_state, member)
static const struct status_field route_fields[] = {
    {.key = "route", .kind = S_STR, ROUTE(route), .max = NAME + 16},
    {.key = "written", .kind = S_I32, ROUTE(written), .max = 100, .always = true},
    {.key = "accepted", .kind = S_I32, ROUTE(accepted), .max = 100, .always = true},
    {.key = "settledAt", .kind = S_TIME, ROUTE(settled_ms)},
    {.key = "resets", .kind = S_I32, ROUTE(resets), .max = COUNT_MAX},
};
static const struct status_shape route_shape = SHAPE(
    route_fields, sizeof(struct route_state), STATUS_NONE, offsetof(struct route_state, unknown));

#define PIN(member) .at = offsetof(struct pin_state, member)
static const struct status_field pin_fields[] = {
    {.key = "service", .kind = S_STR, PIN(service), .max = NAME},
    {.key = "revision", .kind = S_STR, PIN(revision), .max = NAME},
    {.key = "proved", .kind = S_BOOL, PIN(proved), .always = true},
};
static const struct status_shape pin_shape =
    KEYED(pin_fields, sizeof(struct pin_state), STATUS_NONE, STATUS_NONE);

#define PAST(member) .at = offsetof(struct history_entry, member)
static const struct status_field history_fields[] = {
    {.key = "revision", .kind = S_STR, PAST(revision), .max = NAME},
    {.key = "deploymentRevision", .kind = S_I64, PAST(deployment_revision)},
    {.key = "outcome", .kind = S_STR, PAST(outcome), .max = 16},
    {.key = "step", .kind = S_I32, PAST(step), .always = true},
    {.key = "startedAt", .kind = S_SECOND, PAST(started_ms)},
    {.key = "endedAt", .kind = S_SECOND, PAST(ended_ms)},
    {.key = "message", .kind = S_STR, PAST(message), .max = 120, .talk = true},
};
static const struct status_shape history_shape =
    SHAPE(history_fields, sizeof(struct history_entry), STATUS_NONE,
          offsetof(struct history_entry, unknown));

static const struct status_field action_fields[] = {
    {.key = "id", .kind = S_STR, AT(last_action.id), .max = 72},
    {.key = "verb", .kind = S_WORD, AT(last_action.verb), .words = verbs},
    {.key = "revision", .kind = S_STR, AT(last_action.revision), .max = NAME},
    {.key = "step", .kind = S_STEP, AT(last_action.step)},
    {.key = "outcome", .kind = S_STR, AT(last_action.outcome), .max = 16},
    {.key = "reason", .kind = S_STR, AT(last_action.reason), .max = WORD},
    {.key = "message", .kind = S_STR, AT(last_action.message), .max = 120, .talk = true},
    {.key = "time", .kind = S_SECOND, AT(last_action.time_ms)},
};
static const struct status_shape action_shape = OBJECT_OF(action_fields);

#define COND(member) .at = offsetof(struct condition, member)
static const struct status_field condition_fields[] = {
    {.key = "type", .kind = S_STR, COND(type), .max = WORD},
    {.key = "status", .kind = S_STR, COND(status), .max = 8},
    {.key = "reason", .kind = S_STR, COND(reason), .max = WORD},
    {.key = "message", .kind = S_STR, COND(message), .max = 160, .talk = true, .always = true},
    {.key = "lastTransitionTime", .kind = S_SECOND, COND(transition_ms)},
    {.key = "observedGeneration", .kind = S_I64, COND(observed_generation)},
};
static const struct status_shape condition_shape =
    SHAPE(condition_fields, sizeof(struct condition), STATUS_NONE, STATUS_NONE);

static const struct status_field status_fields[] = {
    {.key = "observedGeneration", .kind = S_I64, AT(observed_generation), .always = true},
    {.key = "display", .kind = S_OBJECT, .shape = &display_shape},
    {.key = "held", .kind = S_BOOL, AT(held), .always = true},
    {.key = "target", .kind = S_OBJECT, .shape = &target_shape},
    {.key = "stable", .kind = S_OBJECT, .shape = &stable_shape},
    {.key = "rejected", .kind = S_OBJECT, .shape = &rejected_shape},
    {.key = "flight", .kind = S_OBJECT, .shape = &flight_shape},
    {.key = "gates",
     .kind = S_LIST,
     LIST(gates, gate_count),
     .max = GATE_STATES_MAX,
     .shape = &gate_shape},
    {.key = "traffic",
     .kind = S_LIST,
     LIST(routes, route_count),
     .max = ROUTES_MAX,
     .shape = &route_shape},
    {.key = "pins", .kind = S_LIST, LIST(pins, pin_count), .max = PINS_MAX, .shape = &pin_shape},
    {.key = "history",
     .kind = S_LIST,
     LIST(history, history_count),
     .max = HISTORY_MAX,
     .shape = &history_shape},
    {.key = "lastAction", .kind = S_OBJECT, .shape = &action_shape},
    {.key = "actionIDs", .kind = S_NAMES, LIST(action_ids, action_id_count), .max = ACTION_IDS_MAX},
    {.key = "conditions", .kind = S_CONDITIONS, AT(conditions), .shape = &condition_shape},
};
const struct status_shape status_shape =
    SHAPE(status_fields, 0, STATUS_NONE, offsetof(struct rollout_status, unknown));

/* ---- words ----------------------------------------------------------------------------------- */

const char *strategy_name(enum strategy s)
{
    return (size_t)s < COUNT(strategies) ? strategies[s] : "";
}

const char *verb_name(enum verb v)
{
    return (size_t)v < VERB_COUNT ? verbs[v] : "";
}

const char *verdict_name(enum verdict v)
{
    return (size_t)v < COUNT(verdicts) - 1 ? verdicts[v] : "";
}

enum verb verb_from(const char *name)
{
    for (int v = VERB_NONE + 1; name && v < VERB_COUNT; v++) {
        if (str_equal(verbs[v], name))
            return (enum verb)v;
    }
    return VERB_NONE;
}

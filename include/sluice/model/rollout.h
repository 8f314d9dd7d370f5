/* SPDX-License-Identifier: Apache-2.0 */
/* rollout.h - the Rollout as decoded: spec with all defaults applied, and status.
 *
 * Source: api.md sections 2 and 3 (field by field). Durations are milliseconds. Counts and
 * percents stay text until they meet a Deployment's replicas (plan/scale.h). */
#ifndef SLUICE_MODEL_ROLLOUT_H
#define SLUICE_MODEL_ROLLOUT_H

#include "sluice/model/objects.h"

#define STEPS_MAX        20
#define GATES_MAX        12
#define FLIGHT_STEPS_MAX 21
#define GATE_STATES_MAX  13
#define ROUTES_MAX       8
#define PINS_MAX         8
#define HISTORY_MAX      6
#define ACTION_IDS_MAX   8
#define AWAITING_MAX     3

enum strategy { STRATEGY_NONE, STRATEGY_ROLLING, STRATEGY_BLUE_GREEN, STRATEGY_CANARY };
enum on_failure { ON_FAILURE_ABORT, ON_FAILURE_PAUSE };
enum after_abort { AFTER_ABORT_HOLD, AFTER_ABORT_REVERT };
enum on_delete { ON_DELETE_REVERT, ON_DELETE_HOLD, ON_DELETE_PROMOTE };
enum brake { BRAKE_AUTO, BRAKE_ADMISSION, BRAKE_PAUSED };
enum on_deadline { ON_DEADLINE_PAUSE, ON_DEADLINE_FAIL, ON_DEADLINE_PASS };
enum phase { PHASE_START = 1, PHASE_BEFORE_SWITCH = 2, PHASE_AFTER_SWITCH = 4, PHASE_BAKE = 8 };
enum verb {
    VERB_NONE,
    VERB_APPROVE,
    VERB_SKIP,
    VERB_PROMOTE,
    VERB_ABORT,
    VERB_RETRY,
    VERB_UNDO,
    VERB_COUNT
};
enum gate_kind { GATE_METRIC, GATE_PROBE, GATE_APPROVAL };
enum probe_kind { PROBE_HTTP, PROBE_TCP, PROBE_GRPC };
enum verdict { VERDICT_WAIT, VERDICT_PASS, VERDICT_FAIL };

struct step_spec {
    const char *weight;   /* "25" or "25%", NULL = as before */
    const char *replicas; /* Count, NULL = what the weight needs */
    int64_t hold_ms;
    bool approve;
    int64_t deadline_ms; /* of approve, default 24h */
    enum on_deadline on_deadline;
    const char *const *gates; /* names; NULL = the gates without a step of their own */
    size_t gate_count;
};

struct gate_spec {
    const char *name;
    enum gate_kind kind;
    unsigned during;    /* set of enum phase; 0 = BeforeSwitch|AfterSwitch|Bake ("always") */
    bool named_by_step; /* runs only in the steps that name it */
    int64_t deadline_ms;
    enum on_deadline on_deadline;
    bool dry_run;
    struct {
        const char *address, *query;
        bool has_min, has_max;
        const char *min, *max; /* Decimal text */
        int64_t every_ms;
        int count, failures, errors;
        bool no_data_fails;
    } metric;
    struct {
        enum probe_kind kind;
        const char *path, *scheme, *port; /* port: number or name, NULL = the first */
        const char *service;              /* gRPC */
        int expect_status;
        const struct pair *headers;
        size_t header_count;
        int64_t every_ms, timeout_ms;
        int successes, failures;
    } probe;
};

struct traffic_spec {
    const char *router; /* "gatewayAPI" */
    const char *kind, *name;
    const char *const *rules;
    size_t rule_count;
    int64_t settle_ms;
};

/* One route of a flight, as spec.traffic said when it began: it is given back by that, whatever the
 * spec says since. */
struct flown_route {
    struct traffic_spec traffic;
    const char *stable, *canary; /* Services */
    const char *rest;            /* resting values, JSON text of its router; NULL: not known */
};

struct action_spec {
    const char *id; /* NULL = no action */
    enum verb verb;
    const char *revision;
    int step; /* -1 = not given */
};

struct rollout_spec {
    const char *target; /* targetRef.name */
    enum strategy strategy;
    const char *active_service, *preview_service,
        *preview_replicas; /* blueGreen, defaults applied */
    bool switch_approve;
    const char *stable_service, *canary_service; /* canary; NULL = none */
    const struct traffic_spec *traffic;
    size_t traffic_count;
    const struct step_spec *steps;
    size_t step_count;
    const struct gate_spec *gates;
    size_t gate_count;
    enum on_failure on_failure;
    enum after_abort after_abort;
    int64_t progress_deadline_ms, drain_ms, bake_ms;
    bool paused;
    enum brake brake;
    enum on_delete on_delete;
    struct action_spec action;
    const char
        *unknown_field; /* path of a field this controller does not know, or NULL (api.md 8) */
};

/* One finding of the validator (model/validate.h). */
struct finding {
    const char *rule;  /* "V9" */
    const char *path;  /* "spec.gates[name=latency].metric" */
    const char *at;    /* the same with indexes only, for yaml_line: "spec.gates[1].metric" */
    const char *value; /* offending value as written, NULL = none */
    const char *message;
    bool warning;
};

/* ---- status ---------------------------------------------------------------------------------- */

enum direction { DIRECTION_FORWARD, DIRECTION_BACK };
enum regime { REGIME_OUTSIDE, REGIME_INSIDE };

struct flight_step {
    int weight_pct;   /* compiled */
    int32_t replicas; /* compiled for the replicas seen last */
    int64_t ended_ms; /* the record that the step was passed; 0 = not yet */
    bool approved;    /* an approval was given for it, early or in time */
    bool skipped;     /* a person ended its waiting */
};

struct flight {
    bool present;
    const char *revision, *from_revision;
    const char *digest; /* of the candidate's template */
    int64_t deployment_revision;
    enum regime regime;
    enum direction direction;
    int64_t generation; /* of the spec the steps were compiled from */
    int64_t started_ms;
    int step; /* 0 .. step_count */
    int64_t step_started_ms, progressed_ms;
    int64_t settled_ms;  /* this step's traffic accepted and settled, capacity ready; 0 = not yet */
    int64_t decision_ms; /* a gate failed or a deadline passed under Pause; 0 = none */
    const char *decision;        /* why: "gate errors failed: ..." */
    const char *decision_reason; /* GateFailed, DeadlineExceeded, ProgressDeadlineExceeded */
    bool forced;                 /* a person went past gates: history says Forced */
    bool promote_all;            /* verb Promote: nothing left to wait for but barriers */
    const char *abort_reason;    /* direction Back: why */
    bool undo;                   /* Back by Undo: template is put back whatever afterAbort says */
    int64_t committed_ms;        /* copy of the fence's, for display and bake */
    int64_t bake_until_ms;       /* set at the commit's proof; 0 = not baking */
    int64_t drained_ms;          /* since when the side to go is without traffic; 0 = it has some */
    int64_t paused_ms;           /* since when spec.paused stands; 0 = not paused */
    const char *spec_digest;     /* of strategy and gates, to see edits in flight */
    struct flight_step steps[FLIGHT_STEPS_MAX];
    int step_count;
    int weight_desired, weight_written, weight_accepted;
    int32_t new_replicas, new_ready, stable_replicas, stable_ready;
    const char *unknown; /* see rollout_status.unknown */
};

struct gate_state {
    const char *name, *kind;
    enum verdict verdict;
    int step;
    int64_t since_ms, until_ms;
    int samples;
    const char *message;  /* evidence in words, max 100 */
    const char *evidence; /* exact state, opaque to all but the gate; max 40 */
    const char *unknown;
};

struct route_state {
    const char *route; /* "gatewayAPI/web" */
    int written, accepted;
    int64_t settled_ms;
    int resets; /* times somebody else took our weight away in this flight */
    const char *unknown;
};

struct pin_state {
    const char *service, *revision;
    bool proved;
};

struct history_entry {
    const char *revision;
    int64_t deployment_revision;
    const char *outcome; /* Promoted, Forced, Aborted, Reverted, Undone, Superseded */
    int step;
    int64_t started_ms, ended_ms;
    const char *message; /* max 120 */
    const char *unknown;
};

struct condition {
    const char *type, *status, *reason, *message;
    int64_t transition_ms, observed_generation;
};
enum condition_type {
    COND_READY,
    COND_RECONCILING,
    COND_STALLED,
    COND_PROMOTED,
    COND_CONTENDED,
    COND_TARGET_VALID,
    COND_BRAKE_ARMED,
    COND_COUNT
};
extern const char *const condition_types[COND_COUNT];

struct awaiting {
    const char *what; /* Capacity, Acceptance, Settle, Hold, Gate, Approval, Decision, ... */
    const char *name;
    int64_t since_ms, until_ms;
    const char *then, *message, *unblock;
};

struct rollout_status {
    int64_t observed_generation;
    struct {
        const char *status, *strategy, *step, *weight, *ready, *message;
    } display;
    bool held;
    struct {
        const char *uid;
        int64_t observed_generation;
        int32_t replicas;
        const char *digest;
    } target;
    struct {
        const char *revision, *digest;
        int64_t deployment_revision;
    } stable; /* NULL = not attached */
    struct {
        const char *revision, *digest, *reason;
        int64_t at_ms;
        int step;
    } rejected; /* NULL = none */
    struct flight flight;
    struct awaiting awaiting[AWAITING_MAX];
    int awaiting_count;
    struct gate_state gates[GATE_STATES_MAX];
    int gate_count;
    struct route_state routes[ROUTES_MAX];
    int route_count;
    struct pin_state pins[PINS_MAX];
    int pin_count;
    struct history_entry history[HISTORY_MAX];
    int history_count;
    struct {
        const char *id, *outcome, *reason, *message, *revision;
        enum verb verb;
        int step;
        int64_t time_ms;
    } last_action;
    const char *action_ids[ACTION_IDS_MAX];
    int action_id_count;
    struct condition conditions[COND_COUNT]; /* by enum; type NULL = never written */
    /* Members and conditions of a later version, as the bytes they came in (api.md 8): text like
     * ",'epoch':7" that status_write adds. The planner leaves them alone. */
    const char *unknown, *unknown_conditions;
};

struct rollout {
    struct meta meta;
    bool has_finalizer;
    struct rollout_spec spec;
    const struct finding *findings; /* errors of validation only (warnings left out) */
    size_t finding_count;
    struct rollout_status status;
    uint64_t status_mark; /* of it as status_write has it: another text has another mark */
};

/* Decodes and validates; never NULL. */
struct rollout *rollout_read(struct arena *a, const cJSON *o, const char *raw, size_t len);
/* The same with the struct itself elsewhere. */
void rollout_read_to(struct arena *a, const cJSON *o, const char *raw, size_t len,
                     struct rollout *out);
/* The whole status as JSON text (kept under STATUS_BYTES_MAX by dropping oldest history, then
 * cutting messages). Unwritten optional members are left out. Arena text. */
char *status_write(struct arena *a, const struct rollout_status *s);
uint64_t status_mark(const char *text);
/* Would both be written as the same text? True is certain and costs no text; where it is false,
 * words that are cut may still make the texts equal. */
bool status_same(const struct rollout_status *a, const struct rollout_status *b);
/* Reads a status object. `raw` is its text, for the members we do not know; p NULL drops them. */
void status_read_raw(struct arena *a, const cJSON *status, struct jslice raw,
                     struct rollout_status *out);
/* The same without the unknown members. */
void status_read(struct arena *a, const cJSON *status, struct rollout_status *out);

const char *strategy_name(enum strategy s); /* "BlueGreen" */
const char *verb_name(enum verb v);         /* "Approve" */
const char *verdict_name(enum verdict v);   /* "Pass" */
enum verb verb_from(const char *name);      /* VERB_NONE when unknown */

#endif

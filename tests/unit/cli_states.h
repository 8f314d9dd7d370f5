/* SPDX-License-Identifier: Apache-2.0 */
/* cli_states.h - the moments that api.md 7 shows, as typed state; and small changes of them. */
#ifndef SLUICE_TESTS_UNIT_CLI_STATES_H
#define SLUICE_TESTS_UNIT_CLI_STATES_H

#include "sluice/base/clock.h"
#include "sluice/model/world.h"

#include <stdio.h>

#define OLD      "s1-7c9f58d6"
#define NEW      "s1-9d21c07e"
#define DAY_MS   (24 * HOUR_MS)
#define AT(text) time_parse("2026-11-24T" text "Z")
#define NOW      AT("14:08:50")

struct state {
    struct rollout r;
    struct deployment d;
    struct replicaset old, fresh;
    struct pod pods[12];
    struct step_spec steps[3];
    struct gate_spec gates[3];
    struct traffic_spec traffic;
    const struct replicaset *rs[2];
    const struct pod *pod_list[12];
    struct world w;
};

static inline void state_link(struct state *s)
{
    s->rs[0] = &s->old;
    s->rs[1] = &s->fresh;
    for (int i = 0; i < 12; i++)
        s->pod_list[i] = &s->pods[i];
    s->w.rollout = &s->r;
    s->w.dep = &s->d;
    s->w.rs = s->rs;
    s->w.pods = s->pod_list;
    s->r.spec.steps = s->steps;
    s->r.spec.gates = s->gates;
    s->r.spec.traffic = &s->traffic;
}

static inline void state_condition(struct state *s, enum condition_type type, const char *status,
                                   const char *reason, const char *message)
{
    s->r.status.conditions[type] = (struct condition){
        .type = condition_types[type],
        .status = status,
        .reason = reason,
        .message = message,
        .transition_ms = NOW - 2 * MINUTE_MS,
        .observed_generation = s->r.meta.generation,
    };
}

static inline void state_pods(struct state *s)
{
    static const char *const names[] = {"4kq2v", "8xw7m", "9bz4d", "c2lqp", "fh8sn",
                                        "jx5tw", "mk3vr", "p7wzq", "t6ncb", "z9dkh"};
    static char text[10][40];

    for (int i = 0; i < 10; i++) {
        snprintf(text[i], sizeof(text[i]), "web-" OLD "-%s", names[i]);
        s->pods[i] = (struct pod){.meta = {.name = text[i]},
                                  .revision = OLD,
                                  .node = i == 0 ? "node-a" : "node-b",
                                  .ready = true};
    }
    s->w.pod_count = 10;
}

/* web at rest: the second screen of api.md 7. */
static inline void state_rest(struct state *s)
{
    struct rollout_status *st = &s->r.status;

    *s = (struct state){0};
    state_link(s);
    s->r.meta = (struct meta){
        .ns = "default", .name = "web", .generation = 3, .created_ms = NOW - 41 * DAY_MS};
    s->r.spec.target = "web";
    s->r.spec.strategy = STRATEGY_CANARY;
    s->r.spec.stable_service = "web";
    s->r.spec.canary_service = "web-canary";
    s->traffic = (struct traffic_spec){.router = "gatewayAPI", .kind = "HTTPRoute", .name = "web"};
    s->r.spec.traffic_count = 1;
    s->steps[0] = (struct step_spec){.weight = "5", .hold_ms = 2 * MINUTE_MS};
    s->steps[1] = (struct step_spec){.weight = "25", .hold_ms = 5 * MINUTE_MS};
    s->steps[2] = (struct step_spec){.weight = "50", .approve = true};
    s->r.spec.step_count = 3;
    s->gates[0].name = "health";
    s->gates[1].name = "errors";
    s->gates[2].name = "latency";
    s->r.spec.gate_count = 3;
    s->r.spec.drain_ms = 30 * SECOND_MS;
    s->r.spec.bake_ms = 10 * MINUTE_MS;
    s->d = (struct deployment){.meta = {.name = "web", .generation = 7},
                               .replicas = 10,
                               .rolling_update = true,
                               .max_surge = "25%",
                               .max_unavailable = "25%",
                               .image = "web:1.9.0"};
    s->old = (struct replicaset){.meta = {.name = "web-" OLD, .created_ms = NOW - 3 * DAY_MS},
                                 .revision = OLD,
                                 .deployment_revision = 41,
                                 .replicas = 10,
                                 .st_replicas = 10,
                                 .st_ready = 10,
                                 .st_available = 10,
                                 .image = "web:1.8.2"};
    s->w.rs_count = 1;
    state_pods(s);
    st->observed_generation = 3;
    st->target.observed_generation = 7;
    st->target.replicas = 10;
    st->display.status = "Resting";
    st->display.strategy = "Canary";
    st->display.ready = "10/10";
    st->stable.revision = OLD;
    st->stable.deployment_revision = 41;
    st->history[0] = (struct history_entry){.revision = OLD,
                                            .deployment_revision = 41,
                                            .outcome = "Promoted",
                                            .step = 4,
                                            .started_ms = NOW - 3 * DAY_MS - 24 * MINUTE_MS,
                                            .ended_ms = NOW - 3 * DAY_MS};
    st->history_count = 1;
    st->gates[0] = (struct gate_state){.name = "health", .verdict = VERDICT_PASS};
    st->gate_count = 1;
    state_condition(s, COND_BRAKE_ARMED, "True", "Admission",
                    "A template change is stopped at admission.");
    state_condition(s, COND_PROMOTED, "True", "Promoted", "Revision 41 passed 4 steps.");
    state_condition(s, COND_TARGET_VALID, "True", "Attached", "Deployment web is attached.");
}

static inline void state_flight_steps(struct flight *fl)
{
    static const int weights[] = {5, 25, 50, 100}, pods[] = {1, 3, 5, 10};

    fl->step_count = 4;
    for (int i = 0; i < 4; i++)
        fl->steps[i] = (struct flight_step){.weight_pct = weights[i], .replicas = pods[i]};
}

/* web in step 2, a compare gate gathering evidence: the third screen. */
static inline void state_gating(struct state *s)
{
    struct rollout_status *st = &s->r.status;
    struct flight *fl = &st->flight;

    state_rest(s);
    fl->present = true;
    fl->revision = NEW;
    fl->from_revision = OLD;
    fl->deployment_revision = 42;
    fl->started_ms = NOW - 6 * MINUTE_MS - 40 * SECOND_MS - 192 * SECOND_MS;
    fl->step = 2;
    fl->step_started_ms = NOW - 6 * MINUTE_MS - 40 * SECOND_MS;
    fl->settled_ms = fl->step_started_ms + 20 * SECOND_MS;
    state_flight_steps(fl);
    fl->steps[0].ended_ms = fl->step_started_ms;
    fl->weight_desired = fl->weight_written = fl->weight_accepted = 25;
    fl->new_replicas = fl->new_ready = 3;
    fl->stable_replicas = fl->stable_ready = 10;
    st->held = true;
    st->display.status = "Gating";
    st->display.step = "2/4";
    st->display.weight = "25%";
    st->gates[0] = (struct gate_state){
        .name = "health", .verdict = VERDICT_PASS, .message = "3 new pods, no restart, no warning"};
    st->gates[1] = (struct gate_state){.name = "latency",
                                       .verdict = VERDICT_PASS,
                                       .message = "0.212, at most 0.3; 11 good samples in a row"};
    st->gates[2] = (struct gate_state){
        .name = "errors",
        .verdict = VERDICT_WAIT,
        .message = "0.9x the errors of stable (14 in 2,311 requests): 71 % sure of less than 2x, "
                   "passes at 95 %"};
    st->gate_count = 3;
    st->routes[0] = (struct route_state){
        .route = "gatewayAPI/web", .written = 25, .accepted = 25, .settled_ms = fl->settled_ms};
    st->route_count = 1;
    st->pins[0] = (struct pin_state){.service = "web", .revision = OLD, .proved = true};
    st->pins[1] = (struct pin_state){.service = "web-canary", .revision = NEW, .proved = true};
    st->pin_count = 2;
    st->awaiting[0] = (struct awaiting){.what = "Gate",
                                        .name = "errors",
                                        .since_ms = AT("14:02:10"),
                                        .until_ms = AT("15:02:10"),
                                        .then = "pauses",
                                        .unblock = "sluice skip web",
                                        .message = "gate errors"};
    st->awaiting_count = 1;
    s->fresh = (struct replicaset){.meta = {.name = "web-" NEW, .created_ms = fl->started_ms},
                                   .revision = NEW,
                                   .deployment_revision = 42,
                                   .replicas = 3,
                                   .st_replicas = 3,
                                   .st_ready = 3,
                                   .st_available = 3,
                                   .image = "web:1.9.0"};
    s->w.rs_count = 2;
    state_condition(s, COND_PROMOTED, "False", "InFlight", "Revision 42 is at step 2/4.");
}

/* Stopped by that gate, and held: the fourth screen. */
static inline void state_aborted(struct state *s)
{
    struct rollout_status *st = &s->r.status;
    const int64_t at = NOW - 2 * MINUTE_MS;

    state_gating(s);
    st->flight = (struct flight){0};
    st->awaiting_count = 0;
    st->display.status = "Aborted";
    st->rejected.revision = NEW;
    st->rejected.reason = "gate errors failed";
    st->rejected.at_ms = at;
    st->rejected.step = 2;
    st->history[1] = st->history[0];
    st->history[0] = (struct history_entry){.revision = NEW,
                                            .deployment_revision = 42,
                                            .outcome = "Aborted",
                                            .step = 2,
                                            .started_ms = at - 8 * MINUTE_MS,
                                            .ended_ms = at + 1800,
                                            .message = "gate errors failed"};
    st->history_count = 2;
    st->gates[0] = st->gates[2];
    st->gates[0].verdict = VERDICT_FAIL;
    st->gates[0].message =
        "3.1x more errors than stable (122 in 3,870 requests): 98 % sure of more "
        "than 1x, fails at 95 %";
    st->gate_count = 1;
    st->routes[0].written = st->routes[0].accepted = 0;
    st->pin_count = 0;
    s->fresh.replicas = s->fresh.st_replicas = s->fresh.st_ready = s->fresh.st_available = 0;
    state_condition(s, COND_PROMOTED, "False", "Aborted", "Revision 42 was aborted.");
    state_condition(s, COND_STALLED, "True", "Aborted", "Revision 42 was aborted at step 2/4.");
}

/* shop behind its preview, waiting for a person: the fifth screen. */
static inline void state_approval(struct state *s)
{
    struct rollout_status *st = &s->r.status;
    struct flight *fl = &st->flight;

    state_gating(s);
    s->r.meta.name = "shop";
    s->r.spec.target = "shop";
    s->r.spec.strategy = STRATEGY_BLUE_GREEN;
    s->r.spec.active_service = "shop";
    s->r.spec.preview_service = "shop-preview";
    s->r.spec.preview_replicas = "100%";
    s->r.spec.switch_approve = true;
    s->r.spec.traffic_count = s->r.spec.step_count = s->r.spec.gate_count = 0;
    s->d.meta.name = "shop";
    fl->step = 1;
    fl->step_count = 2;
    fl->steps[0] = (struct flight_step){.weight_pct = 0, .replicas = 10};
    fl->steps[1] = (struct flight_step){.weight_pct = 100, .replicas = 10};
    fl->weight_desired = fl->weight_written = fl->weight_accepted = 0;
    fl->step_started_ms = AT("09:14:03");
    st->display.status = "Approval";
    st->display.strategy = "BlueGreen";
    st->display.step = "1/2";
    st->display.weight = "0%";
    st->gates[0] = (struct gate_state){.name = "smoke",
                                       .verdict = VERDICT_PASS,
                                       .message = "GET /healthz gives 200 on 10 of 10 pods"};
    st->gate_count = 1;
    st->route_count = st->pin_count = 0;
    st->awaiting[0] = (struct awaiting){.what = "Approval",
                                        .since_ms = AT("09:14:03"),
                                        .until_ms = AT("09:14:03") + DAY_MS,
                                        .then = "pauses",
                                        .unblock = "sluice approve shop",
                                        .message = "approval of step 1"};
    s->w.rs_count = 0; /* as where ReplicaSets may not be read */
    s->w.pod_count = 0;
}
#define NOW_APPROVAL (AT("09:14:03") + 11 * MINUTE_MS)

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* compile.h - every strategy is one list of steps. Source: api.md section 6. */
#ifndef SLUICE_PLAN_COMPILE_H
#define SLUICE_PLAN_COMPILE_H

#include "sluice/model/world.h"

/* How traffic follows: by the share of pods, by a router's weight, or by the pin of the switch. */
enum traffic_by { TRAFFIC_PODS, TRAFFIC_ROUTE, TRAFFIC_PIN };

struct step {
    int weight_pct;       /* share of requests asked for (rolling: of pods, as compiled) */
    const char *replicas; /* Count or NULL */
    int64_t hold_ms;
    bool approve;
    int64_t deadline_ms;
    enum on_deadline on_deadline;
    unsigned gates; /* bit i: spec.gates[i] runs in this step */
    bool last;
};

struct compiled {
    enum regime regime;
    enum traffic_by by;
    struct step steps[FLIGHT_STEPS_MAX]; /* steps[0] is step 1 */
    int step_count;
    unsigned start_gates, bake_gates; /* bit sets over spec.gates */
};

void compile_steps(const struct rollout_spec *spec, struct compiled *out);

/* Pods of the new revision that `step` (from 1; 0 = none) needs at N replicas, before the commit.
 * Rolling keeps within 1 and N-1 and knows surge; see api.md 6. */
struct surge {
    int32_t surge, unavailable;
}; /* in pods: maxSurge up, maxUnavailable down */
struct surge surge_of(const struct deployment *d);
int32_t step_replicas(const struct compiled *c, const struct deployment *d, int step);
/* "3" or "20%" of n, percents rounded up; bad text counts as n. */
int32_t count_of(const char *count, int32_t n);
int percent_of(const char *percent); /* "25" or "25%" -> 25 */
/* Share of requests the new revision gets in `step` with c of its pods beside s, in tenths of a
 * percent. */
int share_permille(const struct compiled *c, int step, int32_t new_pods, int32_t stable_pods);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* sim.h - a cluster in memory, with a clock of its own: API objects, the Deployment and ReplicaSet
 * controllers, a kubelet, EndpointSlices that lag, our two admission policies.
 *
 * What it models and from where: reference/deployment-controller.md (appendix A is that controller
 * line by line), reference/correctness.md section 5. It is evidence only where it agrees with the
 * real thing; what it leaves out is listed in src/README.md. Pure: time moves by sim_tick only, and
 * the same calls give the same cluster. */
#ifndef SLUICE_SIM_SIM_H
#define SLUICE_SIM_SIM_H

#include "sluice/json/edit.h"
#include "sluice/plan/plan.h"

enum sim_kind {
    SIM_ROLLOUT,
    SIM_DEPLOYMENT,
    SIM_REPLICASET,
    SIM_FENCE,
    SIM_SERVICE,
    SIM_SLICE,
    SIM_ROUTE,
    SIM_KIND_COUNT
};

struct sim_object {
    enum sim_kind kind;
    cJSON *doc;
    struct sim_object *next;
};

/* One pod: pods have no object of their own here, only what others see of them. */
struct sim_pod {
    char name[80], rs_uid[24], revision[64];
    int64_t ready_at_ms; /* INT64_MAX: never */
    int64_t gone_at_ms;  /* 0: not being deleted */
    bool ready;
};

struct sim_options {
    int64_t pod_start_ms, pod_stop_ms; /* 200, 100 */
    int64_t slice_lag_ms;              /* 200 */
    bool no_policies;                  /* neither brake nor pin policy */
    const char *never_ready;           /* pods whose image holds this text never get ready */
    const char *gate_bad;              /* gates asked of such pods answer badly */
    bool mutates;                      /* somebody's webhook changes each new ReplicaSet */
};

struct sim {
    struct sim_options opt;
    int64_t now_ms;
    int64_t last_rv, last_uid;
    struct sim_object *objects;
    struct sim_pod *pods;
    size_t pod_count, pod_cap;
    int writes[ACT_COUNT]; /* of the controller, by kind of act */
    int conflicts;
};

void sim_init(struct sim *s, const struct sim_options *opt);
void sim_release(struct sim *s);

/* Creates from JSON text (metadata.name given, namespace "default"), as the API server stores it:
 * uid, resourceVersion, generation. */
bool sim_create(struct sim *s, enum sim_kind kind, const char *json, struct err *e);
struct sim_object *sim_find(const struct sim *s, enum sim_kind kind, const char *name);
/* A user's edits pass the admission policies; the controllers' do not. Merge patch text. */
bool sim_user_patch(struct sim *s, enum sim_kind kind, const char *name, const char *merge,
                    struct err *e);
/* Background deletion: finalizers hold a Rollout, dependents go with their last owner. */
void sim_delete(struct sim *s, enum sim_kind kind, const char *name);

/* Controllers, kubelet and slices run; the clock moves on. */
void sim_tick(struct sim *s, int64_t ms);

/* The world of one Rollout as it is now, in `a`; NULL when the Rollout is not there. */
struct world *sim_world(struct sim *s, struct arena *a, const char *rollout);
/* Sends an action of the planner. */
bool sim_send(struct sim *s, const struct action *act, struct err *e);
/* Plans and sends until the plan only waits; at most `max` writes. Gives the last plan. */
const struct plan *sim_reconcile(struct sim *s, struct arena *a, const char *rollout, int max);

/* Ready pods of `revision` (NULL: of any) that Service `name` sends to now. */
int sim_endpoints(const struct sim *s, const char *service, const char *revision);

/* ---- between the files of the simulator ------------------------------------------------------ */
void sim_touch(struct sim *s, struct sim_object *o, bool spec_changed);
void sim_deployments(struct sim *s); /* deployment.c */
void sim_replicasets(struct sim *s); /* workload.c: ReplicaSet controller and kubelet */
void sim_slices(struct sim *s);      /* workload.c */
void sim_collect(struct sim *s);     /* garbage collection */
void sim_admit(const struct sim *s, enum sim_kind kind, const cJSON *old, cJSON *now); /* admit.c */
bool sim_set(struct sim *s, struct sim_object *o, const char *merge); /* a controller's own write */

#endif

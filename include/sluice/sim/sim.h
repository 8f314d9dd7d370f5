/* SPDX-License-Identifier: Apache-2.0 */
/* sim.h - a cluster in memory, with a clock of its own: API objects, the Deployment and ReplicaSet
 * controllers, a kubelet, EndpointSlices and a router that lag, our two admission policies.
 *
 * What it models and from where: reference/deployment-controller.md (appendix A is that controller
 * line by line), reference/correctness.md section 5. It is evidence only where it agrees with the
 * real thing; what it leaves out is listed in src/README.md. Pure: time moves by sim_tick only, and
 * the same calls give the same cluster. */
#ifndef SLUICE_SIM_SIM_H
#define SLUICE_SIM_SIM_H

#include "sluice/json/edit.h"
#include "sluice/plan/plan.h"

#define SIM_TICK_MS  INT64_C(50)
#define SIM_BIRTH_MS INT64_C(1700000000000) /* when its clock begins */

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

/* One version of an object, as the server keeps it: never edited, shared by forks. */
struct sim_version {
    cJSON *doc;
    struct arena a;   /* of the view */
    const void *view; /* made when first asked for */
    uint32_t number;  /* in the explorer's stock, 0: none */
    int refs;
};

struct sim_object {
    enum sim_kind kind;
    const cJSON *doc; /* the version's */
    struct sim_version *version;
    struct sim_object *next;
    /* Routes: what the router's proxies send by (NULL: nothing yet), and when it is next due. */
    struct sim_version *sent_by;
    int64_t seen_generation, accept_ms, send_ms;
};

/* One pod: pods have no object of their own here, only what others see of them. */
struct sim_pod {
    char name[96], rs_uid[24], revision[64];
    int64_t ready_at_ms; /* INT64_MAX: never */
    int64_t min_ready_ms;
    int64_t gone_at_ms; /* 0: not being deleted */
    bool ready, available;
};

struct sim_options {
    int64_t pod_start_ms, pod_stop_ms; /* 200, 100 */
    int64_t slice_lag_ms;              /* 200 */
    int64_t route_lag_ms;              /* 150: until the router accepts a changed route */
    int64_t proxy_lag_ms;              /* 100: ... and until its proxies send by it */
    int64_t pause_lag_ms;              /* 0: until the Deployment controller sees a pause */
    bool route_refused;                /* the router says no to what changes */
    bool no_policies;                  /* neither brake nor pin policy */
    bool no_controllers;               /* nobody acts on what is written, nothing is garbage */
    bool only_deployments;             /* the Deployment controller alone acts: there are no pods */
    int idle_percent;                  /* chance that a controller sleeps through a tick */
    uint64_t seed;                     /* of those chances */
    const char *never_ready;           /* pods whose image holds this text never get ready */
    const char *only_ready;            /* a revision: pods of others never get ready */
    const char *gate_bad;              /* gates asked of such pods answer badly */
    bool mutates;                      /* somebody's webhook changes each new ReplicaSet */
    const char *ns;                    /* of all objects; NULL: "default" */
    /* Told of every new version of an object, and of its end; NULL: nobody asks. */
    void (*changed)(void *arg, struct sim_object *o, bool gone);
    void *changed_arg;
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
    int pods_started;
    int created[SIM_KIND_COUNT], deleted[SIM_KIND_COUNT]; /* objects, by whomever */
    /* Counts every change of any object or pod: equal means that nothing changed. */
    int64_t epoch, quiet_epoch, sliced_epoch;
    uint64_t random;
    int64_t paused_ms; /* since when the Deployment is paused; 0: it is not, or nobody asks */
    char acted[96];    /* the digest of the template that its controller last saw unpaused */
    /* Versions that were replaced stay until sim_forget: what was read of them is still valid. */
    struct sim_version **retired;
    size_t retired_count, retired_cap;
    bool partial; /* some kinds were left out (stock.h): nothing is garbage */
};

void sim_init(struct sim *s, const struct sim_options *opt);
void sim_release(struct sim *s);
/* A cluster of its own that is the same now. Cheap: versions are shared. */
void sim_fork(struct sim *to, const struct sim *from);
/* The object is what it is in another cluster; NULL: it is not there. */
void sim_adopt(struct sim *s, enum sim_kind kind, const char *name, const struct sim_object *as);
/* Ends the validity of what was read of versions that are no more. */
void sim_forget(struct sim *s);

/* Creates from JSON text (metadata.name given, namespace "default"), as the API server stores it:
 * uid, resourceVersion, generation. */
bool sim_create(struct sim *s, enum sim_kind kind, const char *json, struct err *e);
struct sim_object *sim_find(const struct sim *s, enum sim_kind kind, const char *name);
/* A user's edits pass the admission policies; the controllers' do not. Merge patch or, when it is
 * an array, JSON Patch. */
bool sim_user_patch(struct sim *s, enum sim_kind kind, const char *name, const char *merge,
                    struct err *e);
/* Background deletion: finalizers hold a Rollout, dependents go with their last owner. */
void sim_delete(struct sim *s, enum sim_kind kind, const char *name);

/* Controllers, kubelet, slices and router run; the clock moves on. */
void sim_tick(struct sim *s, int64_t ms);

/* Which state of the cluster is seen, kind by kind: watches lag each on its own. */
struct sim_sight {
    struct sim *of[SIM_KIND_COUNT]; /* pods: with the ReplicaSets */
};
/* The world of one Rollout, in `a`, borrowing from the sims until they forget; NULL when it is not
 * there. */
struct world *sim_sight_world(const struct sim_sight *sight, struct arena *a, const char *rollout);
struct world *sim_world(struct sim *s, struct arena *a, const char *rollout); /* as it is now */
/* Sends an action of the planner. */
bool sim_send(struct sim *s, const struct action *act, struct err *e);
enum sim_kind sim_kind_of(enum target t);

/* ---- what users get -------------------------------------------------------------------------- */

/* Ready pods of `revision` (NULL: of any) that Service `name` sends to now. */
int sim_endpoints(const struct sim *s, const char *service, const char *revision);
/* One backend of a route's rule: by what is written, or by what its proxies send. */
struct sim_backend {
    int rule;
    const char *service;
    int64_t weight, sum; /* of all backends of the rule */
};
#define SIM_BACKENDS_MAX 32 /* of a route that is looked at: two rules full of them */
size_t sim_backends(const struct sim *s, const char *route, bool sent, struct sim_backend *out,
                    size_t max);
/* Part of the requests, in tenths of a percent, that `revision` gets of those that come in by the
 * route (NULL: by the Service); the first rule that names Service `service` counts. */
int sim_share(const struct sim *s, const char *route, const char *service, const char *revision);

/* Everything that lasts, as text: what two runs that ended alike have in common. Times, versions,
 * uids and names of pods are left out. */
char *sim_fingerprint(const struct sim *s, struct arena *a);

/* ---- between the files of the simulator ------------------------------------------------------ */
const void *sim_view(struct sim_object *o); /* struct deployment and so on, by kind */
void sim_deployments(struct sim *s);        /* deployment.c */
void sim_replicasets(struct sim *s);        /* workload.c: ReplicaSet controller and kubelet */
void sim_slices(struct sim *s);             /* endpoints.c */
void sim_routers(struct sim *s);            /* router.c */
void sim_proxies(struct sim *s);            /* ... what they send by, alone */
void sim_collect(struct sim *s);            /* garbage collection */
bool sim_timer_due(const struct sim *s);    /* a pod or a router has something to do by now */
void sim_admit(const struct sim *s, enum sim_kind kind, const cJSON *old, cJSON *now); /* admit.c */
bool sim_set(struct sim *s, struct sim_object *o, const char *merge); /* a controller's own write */
/* Does it want anything else than it did? Its generation counts that. */
bool sim_says_other(enum sim_kind kind, const cJSON *was, const cJSON *now);
/* Makes the edited copy the object's newest version, when it differs. */
void sim_accept(struct sim *s, struct sim_object *o, cJSON *next);
void sim_bump(struct sim *s, struct sim_object *o); /* a new resourceVersion, nothing else */
struct sim_version *sim_version_new(cJSON *doc);    /* owns the document */
void sim_version_drop(struct sim_version *v);       /* NULL is fine */

#endif

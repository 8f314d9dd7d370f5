/* SPDX-License-Identifier: Apache-2.0 */
/* plan.h - what to do next about one Rollout.
 *
 * Planning is a function of its arguments: it reads no clock, does no I/O and keeps nothing
 * between calls. Progress lives in the cluster (status, record, labels, counts): a controller that
 * dies half way just plans again. At most one write comes out. The cache may only say "nothing to
 * do": the shell reads the rollout's objects live and plans again before it sends anything.
 * Source: design.md 3, 4; reference/prototype.md (rule table); api.md 5, 6. */
#ifndef SLUICE_PLAN_PLAN_H
#define SLUICE_PLAN_PLAN_H

#include "sluice/model/reasons.h"
#include "sluice/model/world.h"

#define PLAN_SLEEP INT64_MAX /* nothing to wait for: only a watch event can change the plan */

enum target {
    TARGET_ROLLOUT,
    TARGET_DEPLOYMENT,
    TARGET_REPLICASET,
    TARGET_FENCE,
    TARGET_SERVICE,
    TARGET_ROUTE,
    TARGET_COUNT
};

enum act {
    ACT_NONE,
    ACT_DECIDE, /* status: something others rest on; before the act that rests on it */
    ACT_REPORT, /* status that only reports; may go out on the cache */
    ACT_FINALIZER_ADD,
    ACT_FINALIZER_DROP,
    ACT_BRAKE,      /* Deployment: paused and dead man */
    ACT_RESUME,     /* Deployment: un-paused, dead man off, with stable's template if it differs */
    ACT_DEP_STATUS, /* Deployment status: Progressing=False, so that kubectl says failed */
    ACT_FENCE_CREATE,
    ACT_RECORD,
    ACT_FENCE_DELETE,
    ACT_RS_CREATE,
    ACT_RS_SCALE,
    ACT_RS_FENCE,
    ACT_RS_GIVE,
    ACT_RS_ANNOTATE,
    ACT_RS_MIN_READY,
    ACT_RS_DELETE,
    ACT_SERVICE_CREATE,
    ACT_SERVICE_PIN,
    ACT_SERVICE_UNPIN,
    ACT_SERVICE_DELETE,
    ACT_ROUTE_WEIGHT,
    ACT_ROUTE_REST,
    ACT_COUNT
};

/* One request, complete but for the host. */
struct action {
    enum act act;
    enum target target;
    const char *ns, *name;    /* name of the object; for POST only for messages */
    const char *uid;          /* decided on; carried in the body or preconditions */
    const char *method;       /* "PATCH", "POST", "DELETE" */
    const char *subresource;  /* "status" or NULL */
    const char *query;        /* "fieldManager=sluice&force=true" or NULL */
    const char *content_type; /* NULL for DELETE with JSON options: application/json */
    const char *body;
    bool harmful; /* takes capacity, traffic or ownership from something */
};

struct plan_event {
    const char *type; /* Normal, Warning */
    enum reason reason;
    const char *note;
};
#define PLAN_EVENTS_MAX 6

/* A question for the gate runner, alive as long as plans keep asking it. */
struct ask {
    const struct gate_spec *gate;
    const char *revision;
    int step;
    const char *query;   /* metric: variables replaced; probe http: path */
    const char *address; /* metric: base URL */
    /* probe: the ready new pods to ask, at most 10 */
    const struct ask_pod {
        const char *name, *ip;
        int32_t port;
    } * pods;
    size_t pod_count;
    const char *broken; /* the gate cannot be asked: why, in words; NULL = fine */
    /* Answers from before this do not count (the gate state's since_ms): when it moves on, the
     * runner counts anew. 0 = from the first ask. */
    int64_t since_ms;
    /* What status remembers of the answers since then: where a restarted runner goes on. */
    int samples, good, bad, errors;
};

struct plan {
    const char *rule;     /* name of the row that decided; logs, status and CLI share it */
    struct action action; /* act == ACT_NONE: nothing to write */
    struct plan_event events[PLAN_EVENTS_MAX]; /* to emit once the action was written */
    int event_count;
    const struct ask *asks;
    size_t ask_count;
    /* The revision whose pods it looks at, or would if the world had them: the shell lists them as
     * long as plans say so. NULL: none. */
    const char *pods_of;
    int64_t wake_ms;                     /* absolute time to plan again, or PLAN_SLEEP */
    const struct rollout_status *status; /* as this plan sees it, written or not (CLI, tests) */
    bool settled;                        /* nothing awaited at all: at rest */
};

/* Decides the next write for `world` as seen at `now_ms`. Never fails: a Rollout that cannot
 * proceed yields a plan whose status says why. The result is in arena `a`. */
const struct plan *plan_rollout(struct arena *a, const struct world *world, int64_t now_ms);

const char *act_name(enum act act);          /* "RsScale", for logs and `plan -v` */
const char *target_name(enum target target); /* "replicasets" */

#endif

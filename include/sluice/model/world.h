/* SPDX-License-Identifier: Apache-2.0 */
/* world.h - all that a plan may look at: one Rollout and everything it touches, at one moment.
 *
 * Made by ctl from the cache (to see whether there is anything to do) or from live reads (before
 * any write, C64), by the CLI from live reads, by tests from text. Immutable; everything borrowed
 * from the maker until it releases the arena. Arrays hold no NULL. */
#ifndef SLUICE_MODEL_WORLD_H
#define SLUICE_MODEL_WORLD_H

#include "sluice/model/rollout.h"

/* What the gate runner knows of one gate in one step, counted since `since_ms`. */
struct reading {
    const char *gate, *revision;
    int step;
    int64_t since_ms;      /* first ask */
    int64_t at_ms;         /* last answer, 0 = none yet */
    int samples;           /* answers that were samples (good or bad) */
    int good, bad, errors; /* in a row, up to the last answer */
    const char *message;   /* the last answer in words: "0.212, at most 0.3" */
};

/* The brake as proved by the shell (design.md 3, api.md 8). */
struct brake_proof {
    enum brake_state {
        BRAKE_UNKNOWN,
        BRAKE_PROVED,
        BRAKE_NOT_SERVED,
        BRAKE_NOT_INSTALLED,
        BRAKE_PROOF_FAILED
    } state;
    int64_t at_ms;
    const char *message;
};

/* The last write that the API server refused for good; cleared by the next that succeeds. */
struct refusal {
    bool present;
    enum err_kind kind; /* ERR_DENIED, ERR_QUOTA, ERR_INVALID, ERR_TERMINATING */
    const char *what;   /* "create replicasets" */
    const char *text;   /* the server's words */
    int64_t at_ms;
};

struct world {
    const struct rollout *rollout;      /* never NULL */
    const char *rival;                  /* an older Rollout with the same target, or NULL */
    const struct deployment *dep;       /* NULL: not there */
    const struct fence *fence;          /* NULL: not there */
    const struct replicaset *const *rs; /* owned by the Deployment, or with label sluice.dev/of */
    size_t rs_count;
    /* Services that select the Deployment's pods by their resting or pinned selector, that the
     * spec or status.pins names, or that we made for this Deployment. */
    const struct service *const *services;
    size_t service_count;
    const struct slice *const *slices; /* of those Services */
    size_t slice_count;
    const struct route *const
        *routes; /* named by spec.strategy.canary.traffic, or by the fence's record */
    size_t route_count;
    /* Pods that match the Deployment's selector: those of one revision, when the last plan asked
     * for them (plan.h). Nothing else rests on pods: ReplicaSets and EndpointSlices count them. */
    const struct pod *const *pods;
    size_t pod_count;
    const char *pods_of;      /* that revision; "": all of them are here; NULL: none was read yet */
    const char *pods_trouble; /* why they cannot be read, for long enough to say so; or NULL */
    const struct reading *readings;
    size_t reading_count;
    struct brake_proof brake;
    struct refusal refusal;
    int64_t led_since_ms;   /* since when whoever plans this has been at work; 0 = always */
    const char *prometheus; /* the operator's default address, NULL = none */
    bool offline;           /* made from files: nothing is known of readiness (sluice plan) */
};

const struct service *world_service(const struct world *w, const char *name);
const struct route *world_route(const struct world *w, const char *name);
/* Does the Service's selector, without our pin key, match the pods of the Deployment? */
bool service_selects(const struct service *s, const struct deployment *d);

#endif

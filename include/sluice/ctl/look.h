/* SPDX-License-Identifier: Apache-2.0 */
/* look.h - one Rollout's objects read live, before anything is written (C64).
 *
 * Consistent reads (resourceVersion unset) in rounds, those of a round all at once: what the cached
 * scene rests on; then, when the answers tell of more, that; then fence and Rollout, which say what
 * the others are. What was decided may not be done yet in a scene; what was done was decided.
 * That holds while fence and Rollout stand still: of two that decide, one's deeds may be missing in
 * the other's scene and what followed from them be there. Such a scene says that it moved.
 * Services that the strategy leaves alone come from the cache. What was read goes into the store
 * too. */
#ifndef SLUICE_CTL_LOOK_H
#define SLUICE_CTL_LOOK_H

#include "sluice/ctl/scene.h"
#include "sluice/kube/client.h"

struct look;

struct look_result {
    struct scene scene; /* the receiver's: move it out, or it is released */
    int64_t started_ms; /* monotonic: the scene is at least as new as this */
    bool moved;         /* fence or Rollout changed since: the scene may be of two moments */
    const char *what; /* of the read that failed: "get httproutes"; borrowed until `done` returns */
    struct err err;   /* ERR_NONE: the scene is whole; without a Rollout when that is gone */
};

struct look_spec {
    struct kube_client *client;
    struct store *store;
    const char *ns, *name; /* of the Rollout, in the store; copied */
    bool all;              /* leave nothing to the cache: it may lack something */
    void (*done)(struct look_result *result, void *arg); /* once, unless cancelled; from the loop */
    void *arg;
};

struct look *look_start(const struct look_spec *spec);
void look_cancel(struct look *look); /* not from inside `done`; NULL is fine */

/* More Services than this in the namespace: only those that cache and spec know are read. */
#define LOOK_SERVICES_MAX 50

#endif

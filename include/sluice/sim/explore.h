/* SPDX-License-Identifier: Apache-2.0 */
/* explore.h - every order in which things can happen, up to stated bounds: the real planner on the
 * simulated cluster, where at each moment any one of its parts may be next.
 *
 * A move is one pass of one controller (Deployment, ReplicaSet and kubelet, EndpointSlices,
 * router), one look or one write of the operator, its restart, or one act of a person. A look of
 * the operator is used for at most `lag` moves of others. States that differ only in times,
 * versions, uids and names of pods are one; each is visited once (by a 64-bit hash: two that
 * collide are taken for one). No time passes that anything waits for, so holds, drains and settle
 * times must be 0 and deadlines far. The judge looks after every move; where nothing moves any
 * more, the Rollout must be at rest or aborted.
 */
#ifndef SLUICE_SIM_EXPLORE_H
#define SLUICE_SIM_EXPLORE_H

#include "sluice/sim/judge.h"

/* Each may happen once, at any moment. */
enum explore_person {
    PERSON_ABORTS,
    PERSON_NEW_IMAGE, /* app:v3 */
    PERSON_OLD_IMAGE, /* what ran in the beginning */
    PERSON_SCALES_UP, /* by one */
    PERSON_RESTARTS,  /* the operator: its look is gone */
    PERSON_COUNT
};

struct explore_options {
    const char *rollout, *deployment, *old_image;
    const struct sim_judge *judge; /* as it is in the beginning */
    int lag;                       /* moves of others that a look may be old, 2 */
    unsigned people;               /* bits of enum explore_person */
    size_t states_max;             /* ends there: not all was visited then */
    int depth_max;                 /* moves in a row */
};

struct explored {
    size_t states, moves;
    int depth;
    bool whole;        /* all that can be reached within the bounds was visited */
    char trouble[600]; /* what the judge found, "": nothing */
    char way[1200];    /* the last moves to it */
};

/* False: something was found. */
bool sim_explore(const struct sim *from, const struct explore_options *o, struct explored *out);

/* A state, without what may differ; versions keep their hash. */
uint64_t sim_state_hash(const struct sim *s);

#endif

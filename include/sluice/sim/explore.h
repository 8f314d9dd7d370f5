/* SPDX-License-Identifier: Apache-2.0 */
/* explore.h - every order in which things can happen, up to stated bounds: the real planner on the
 * simulated cluster, where at each moment any one of its parts may be next.
 *
 * A move is one pass of one controller (Deployment, ReplicaSets, EndpointSlices of one side,
 * router), one pod that gets ready, one write of the operator, a kind of objects that the operator
 * sees anew, or one act of a person. The operator plans on what it sees: each kind of objects as it
 * is now or as it was up to `lag` changes ago, each on its own; its own writes it sees at once. A
 * real look mixes less: it reads all kinds at about the same time.
 *
 * The clock stands still: holds, drains and settle times are 0 and deadlines far; or, with `clock`,
 * one more move lets 4 s pass, and drains, holds and bakes are that long at most. Who takes
 * capacity away leaves the judge blind until all have seen it and the cluster is whole again; so
 * does, without the policies, a template that goes out natively.
 *
 * States that differ only in versions, uids and names of pods, or in what a status only tells, are
 * one (src/sim/stock.h); they are compared whole, none is taken for another. Breadth first: what is
 * found is found by a shortest way. The judge looks at every cluster and at every write; where
 * nothing moves any more but people, the Rollout must be at rest or aborted, and at rest nothing of
 * ours is left. A Rollout that was deleted before its finalizer was there leaves its Deployment as
 * onDelete: Hold does: paused, with the way back for whoever resumes it. */
#ifndef SLUICE_SIM_EXPLORE_H
#define SLUICE_SIM_EXPLORE_H

#include "sluice/sim/judge.h"

/* Each may happen once, at any moment. */
enum explore_person {
    PERSON_ABORTS,
    PERSON_NEW_IMAGE,   /* app:v3 */
    PERSON_OLD_IMAGE,   /* what ran in the beginning */
    PERSON_SCALES_UP,   /* by one */
    PERSON_SCALES_DOWN, /* by one */
    PERSON_UNDOES,
    PERSON_RETRIES,
    PERSON_RESUMES,     /* the Deployment, by hand */
    PERSON_DELETES_SET, /* the ReplicaSet of the revision in flight */
    PERSON_DETACHES,    /* deletes the Rollout, in flight */
    PERSON_COMES_FIRST, /* deletes it before the operator's first write, the finalizer */
    PERSON_RESTARTS,    /* the operator: what it saw is gone, and the brake must be proved again */
    PERSON_COUNT
};

struct explore_options {
    const char *rollout, *deployment, *old_image;
    const struct sim_judge *judge; /* as it is in the beginning */
    uint8_t lag[SIM_KIND_COUNT];   /* changes of each kind that are not seen yet, at most 3 */
    bool clock;                    /* time passes at any moment: 4 s, and no look is so old */
    unsigned people;               /* bits of enum explore_person */
    size_t states_max;             /* ends there: not all was visited then */
};

#define EXPLORE_WAY_MAX 32768
struct explored {
    size_t states, moves;
    size_t clusters, views, writes; /* different ones: what was judged, planned and sent */
    size_t bytes;                   /* held at the end, about */
    int depth;                      /* moves of the longest shortest way */
    bool whole;                     /* all that can be reached within the bounds was visited */
    char trouble[600];              /* what the judge found, "": nothing */
    char way[EXPLORE_WAY_MAX];      /* the moves to it, one a line */
};

/* False: something was found. */
bool sim_explore(const struct sim *from, const struct explore_options *o, struct explored *out);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* deployment_parts.h - one pass of the simulated Deployment controller over one Deployment. Private
 * to deployment.c, which says what is done when, deployment_scale.c, and deployment_roll.c. */
#ifndef SLUICE_SIM_DEPLOYMENT_PARTS_H
#define SLUICE_SIM_DEPLOYMENT_PARTS_H

#include "sluice/plan/compile.h"
#include "sluice/sim/sim.h"

#define RS_MAX 32

struct dc {
    struct sim *s;
    struct arena a;
    struct sim_object *dep;
    const struct deployment *d; /* as it was when this pass began */
    struct surge surge;
    struct sim_object *obj[RS_MAX]; /* ReplicaSets that it controls */
    struct replicaset *rs[RS_MAX];
    int32_t was[RS_MAX]; /* their sizes when they were read */
    int count;
    int fresh; /* index of the one with the Deployment's template, -1 */
};

/* deployment.c */
void dc_load(struct dc *c); /* the ReplicaSets that are there now */
void dc_sync_revision(struct dc *c);

/* deployment_scale.c: sizes, without a change of template. */
int32_t dc_total(const struct dc *c); /* of the sizes */
void dc_scale_to(struct dc *c, int i, int32_t n);
void dc_scale(struct dc *c); /* after a change of size, or under a pause */

/* deployment_roll.c: one step of the way to the Deployment's template. */
void dc_roll(struct dc *c);
void dc_recreate(struct dc *c);

#endif

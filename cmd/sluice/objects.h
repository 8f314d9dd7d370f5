/* SPDX-License-Identifier: Apache-2.0 */
/* objects.h - what an API server would refuse of the objects that a Rollout meets: Deployments,
 * Services and HTTPRoutes. Pure.
 *
 * Asked of files, before a release is planned or played with them: the planner and the simulated
 * cluster take for granted what a server has admitted. Not all of a server's validation: what
 * Sluice reads of these objects, and what makes pods and routes at all. */
#ifndef SLUICE_CMD_OBJECTS_H
#define SLUICE_CMD_OBJECTS_H

#include "manifests.h"

#define OBJECT_FINDINGS_MAX 64 /* of one object; the rest is not listed */

/* Is it of a kind that has demands? */
bool objects_of_kind(const struct manifest *d);
/* Findings in `a`, one for each wrong thing; none for objects of other kinds. What members say
 * about each other is asked once each is right by itself. */
size_t objects_check(struct arena *a, const struct manifest *d, const struct finding **findings);

#endif

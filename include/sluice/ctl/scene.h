/* SPDX-License-Identifier: Apache-2.0 */
/* scene.h - the objects of one Rollout at one moment: what a world is made of.
 *
 * Taken from the store, or read live by look.h; the server's answers to our own writes are folded
 * in. Holds references, so it stays as it is whatever the store does meanwhile. */
#ifndef SLUICE_CTL_SCENE_H
#define SLUICE_CTL_SCENE_H

#include "sluice/ctl/store.h"
#include "sluice/model/world.h"

struct scene {
    struct object *rollout; /* NULL: gone */
    struct object *rival;
    struct object *deployment, *fence;
    struct object_list sets, services, slices, routes;
};

void scene_release(struct scene *sc);

/* Everything from the cache. */
void scene_from_store(struct scene *sc, const struct store *s, const char *ns, const char *name);
/* Services and EndpointSlices alone, for a scene whose other objects were read live. */
void scene_services_from_store(struct scene *sc, const struct store *s);
/* Keeps the Services of this Rollout and the ReplicaSets of its Deployment, drops the rest; in
 * order of their names. */
void scene_keep_own(struct scene *sc);

/* What the server answered, to a read or to a write of ours. Of a kind that a scene has. */
void scene_put(struct scene *sc, struct object *o);
void scene_remove(struct scene *sc, enum kube_kind kind, const char *name);

/* The world, in `a`, borrowed until the scene changes; pods, readings, brake, refusal and
 * prometheus are left for the caller. NULL when the Rollout is gone. */
struct world *scene_world(const struct scene *sc, struct arena *a);

#endif

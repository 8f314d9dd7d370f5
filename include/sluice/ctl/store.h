/* SPDX-License-Identifier: Apache-2.0 */
/* store.h - the cache: the newest known state of every object that some Rollout rests on.
 *
 * Fed by the reflectors, and by what passes read live or got back from writes: newer states only,
 * never a step back in resourceVersion, never an object that is known to be gone (C24; C62 forbids
 * results that overwrite fresher state, which this cannot). What no Rollout concerns is not kept.
 * Indices lead from a Rollout to its objects and back, so no search walks all objects. */
#ifndef SLUICE_CTL_STORE_H
#define SLUICE_CTL_STORE_H

#include "sluice/ctl/object.h"
#include "sluice/kube/ident.h"

struct store;

/* Called in the midst of a change: only take notes. */
struct store_listener {
    void *arg;
    /* This Rollout's world changed because of an object of kind `by`. */
    void (*woken)(void *arg, const struct object *rollout, enum kube_kind by);
    /* The Rollout itself is gone. */
    void (*gone)(void *arg, const struct object *rollout);
    /* A policy or binding appeared, changed or went. */
    void (*policy_changed)(void *arg);
};

struct store *store_new(const struct store_listener *listener); /* owned */
void store_free(struct store *s);                               /* NULL is fine */

/* Takes its own reference. False: not newer than what is known, known to be gone, or not wanted.
 * `now_ms` is monotonic. */
bool store_put(struct store *s, struct object *o, int64_t now_ms);
/* The object with this uid is gone, whether it is here or not: for GRAVE_MS no late word about it
 * is believed. `uid` "" removes whatever has the name. */
void store_remove(struct store *s, enum kube_kind kind, const char *ns, const char *name,
                  const char *uid, int64_t now_ms);
bool store_is_gone(const struct store *s, const char *uid); /* was said to be, lately */
#define GRAVE_MS INT64_C(120000)                            /* longer than any read takes */

/* Is there a Rollout in the namespace ("" - a cluster-scoped kind - always is)? A cheap first look
 * before an object is decoded. */
bool store_wants_namespace(const struct store *s, enum kube_kind kind, const char *ns);
/* Drops what no Rollout concerns any more; after Rollouts went or named other objects. */
void store_sweep(struct store *s);

struct object *store_get(const struct store *s, enum kube_kind kind, const char *ns,
                         const char *name); /* borrowed until the next change; NULL: absent */
/* The very state, NULL when there is none or another. Borrowed as store_get. */
struct object *store_has(const struct store *s, enum kube_kind kind, const struct ident *id);
size_t store_count(const struct store *s, enum kube_kind kind);
size_t store_bytes(const struct store *s, enum kube_kind kind); /* of arenas (C36) */
void store_each(const struct store *s, enum kube_kind kind,
                void (*fn)(const struct object *o, void *arg), void *arg);

/* ---- indices: objects of one kind by something they have ------------------------------------- */
enum bucket {
    BUCKET_TARGET,        /* Rollouts by the Deployment's name */
    BUCKET_NAMED_SERVICE, /* Rollouts by a Service of their spec or pins */
    BUCKET_NAMED_ROUTE,   /* Rollouts by a route of their spec */
    BUCKET_NAMESPACE,     /* Rollouts by nothing but their namespace: text "" */
    BUCKET_LABEL,         /* Deployments by a label of their template, "key=value" */
    BUCKET_OWNED,         /* ReplicaSets by replicaset_deployment */
    BUCKET_SELECTS,       /* Services by the first pair of their resting selector */
    BUCKET_MADE_FOR,      /* Services by label sluice.dev/of */
    BUCKET_SERVICES,      /* Services by nothing but their namespace: text "" */
    BUCKET_SLICES,        /* EndpointSlices by Service */
    BUCKET_COUNT
};
/* Borrowed until the next change; NULL: none. */
const struct object_list *store_bucket(const struct store *s, enum bucket bucket, const char *ns,
                                       const char *text);

/* ---- who rests on what (wake.c) -------------------------------------------------------------- */
typedef void store_each_rollout(void *arg, const struct object *rollout);
/* Calls `fn` for every Rollout whose world `o` is a part of, maybe more than once for one. */
void store_rollouts_of(const struct store *s, const struct object *o, store_each_rollout *fn,
                       void *arg);
/* Does some Rollout rest on an object like this? */
bool store_wants(const struct store *s, const struct object *o);
/* An older Rollout with the same target, or NULL. Borrowed as store_get. */
const struct object *store_rival(const struct store *s, const struct object *rollout);
/* Is the Service part of the world of this Rollout and Deployment (world.h)? `dep` may be NULL. */
bool service_concerns(const struct service *s, const struct kept_rollout *r,
                      const struct deployment *dep);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* object.h - one object of the API server: decoded once, never changed, shared by count.
 *
 * The store, a pass and its live look may hold the same object; it goes with the last of them. */
#ifndef SLUICE_CTL_OBJECT_H
#define SLUICE_CTL_OBJECT_H

#include "sluice/kube/path.h"
#include "sluice/model/kept.h"

struct object {
    enum kube_kind kind;
    int refs;
    const struct meta *meta; /* of the view below; ns is "" for cluster-scoped kinds */
    const char *key;         /* as object_key has it */
    union {
        const void *any;
        const struct kept_rollout *rollout;
        const struct deployment *deployment;
        const struct replicaset *replicaset;
        const struct fence *fence;
        const struct service *service;
        const struct slice *slice;
        const struct pod *pod;
        const struct route *route;
        const struct policy *policy;
    } as;
    struct arena arena; /* owns it all, this struct too */
};

/* One reference, the caller's; NULL when there is no name or uid, or `kind` is none of ours.
 * `raw` is the text `o` was parsed from. */
struct object *object_read(enum kube_kind kind, const cJSON *o, const char *raw, size_t len);
struct object *object_ref(struct object *o);
void object_unref(struct object *o); /* NULL is fine */

/* A growing list that holds a reference to each of its objects. */
struct object_list {
    struct object **items;
    size_t count, cap;
};
void object_list_add(struct object_list *list, struct object *o); /* takes one more reference */
/* In the place of the one with the same name, else at the end. */
void object_list_put(struct object_list *list, struct object *o);
void object_list_remove(struct object_list *list, const char *name); /* absent is fine */
struct object *object_list_find(const struct object_list *list, const char *name);
void object_list_sort(struct object_list *list); /* by name: same objects, same world */
void object_list_release(struct object_list *list);

/* "NAMESPACE/NAME", as keys of the queue and of the store's tables. */
#define OBJECT_KEY_MAX 320
void object_key(char out[static OBJECT_KEY_MAX], const char *ns, const char *name);
/* The Deployment a ReplicaSet belongs to, by name: label sluice.dev/of, else its controller. */
const char *replicaset_deployment(const struct replicaset *rs); /* NULL: none */

#endif

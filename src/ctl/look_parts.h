/* SPDX-License-Identifier: Apache-2.0 */
/* look_parts.h - what the files of a look share. Private to src/ctl.
 *
 *   look_ask.c: what the scene rests on, as far as it was not asked for --answers--> look.c
 *        '<----------------------- more, or the record --------------------------------' */
#ifndef SLUICE_CTL_LOOK_PARTS_H
#define SLUICE_CTL_LOOK_PARTS_H

#include "sluice/ctl/look.h"

/* One read: of an object by name, or of a list. */
struct ask_live {
    struct look *look;
    enum kube_kind kind;
    bool list;
    char *name;             /* of an object */
    char *known_uid;        /* of the cached object with that name; NULL: none */
    struct kube_call *call; /* NULL: answered */
};

/* A Service whose EndpointSlices were asked for. */
struct sliced {
    const char *service;
    struct sliced *next;
};

struct look {
    struct look_spec spec; /* ns and name are our copies */
    struct arena arena;    /* paths, queries, asks */
    struct ask_live **asks;
    size_t ask_count, ask_cap, open;
    const char *rollout_rv, *fence_rv; /* as the cache had them when this began; "": not there */
    char *deployment_uid;              /* whose selector was used; NULL: none */
    bool all_ours;                     /* ReplicaSets with our label were asked for */
    bool services, all_services;       /* were asked for; ... all of the namespace */
    bool record_read;                  /* fence and Rollout were, after all else that was */
    struct sliced *sliced;
    struct look_result result;
};

/* ---- look_ask.c ------------------------------------------------------------------------------ */
/* What the scene rests on but its record, as far as it was not asked for yet: first of the cached
 * scene, then of the one that was read. */
void look_ask_for(struct look *look, const struct scene *sc);
/* Known to the cache and in neither list: gone, or changed hands between the two. */
void look_ask_missing_sets(struct look *look, const struct scene *sc);
/* The fence, whose record says which side is stable, and the Rollout with its status. They come
 * last: whatever somebody else did to ReplicaSets and Services that were read, its reason was in
 * the record before. Read the other way round, a commit in between looks like none, and what it
 * did like damage to be repaired: the replaced side would be given back. */
void look_ask_record(struct look *look);

/* ---- look.c ---------------------------------------------------------------------------------- */
void look_answered(const struct kube_reply *reply, void *ask); /* a kube_done */

#endif

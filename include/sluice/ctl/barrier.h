/* SPDX-License-Identifier: Apache-2.0 */
/* barrier.h - read your own writes (C60): what one Rollout wrote that a cache may not show yet.
 *
 * Until every cache has seen the Rollout's own last writes of its kind, deletes too, its cached
 * world decides nothing. Our writes are put into the store at once, but what others did before
 * them, in the same kind, only comes with the watch. */
#ifndef SLUICE_CTL_BARRIER_H
#define SLUICE_CTL_BARRIER_H

#include "sluice/kube/path.h"

#define BARRIER_WAIT_MS INT64_C(1000) /* longer than a watch takes: then look live instead */

struct barrier {
    struct barrier_entry {
        enum kube_kind kind;
        char *rv;  /* of the newest write; NULL: a delete */
        char *uid; /* of the deleted object; NULL: a write */
    } * entries;
    size_t count, cap;
    int64_t since_ms; /* of the newest entry; monotonic */
};

void barrier_release(struct barrier *b);
void barrier_wrote(struct barrier *b, enum kube_kind kind, const char *rv, int64_t now_ms);
void barrier_deleted(struct barrier *b, enum kube_kind kind, const char *uid, int64_t now_ms);

/* The cache of `kind` has seen everything up to `rv`; or that the object with `uid` is gone. */
void barrier_progress(struct barrier *b, enum kube_kind kind, const char *rv);
void barrier_removed(struct barrier *b, enum kube_kind kind, const char *uid);
static inline bool barrier_open(const struct barrier *b)
{
    return b->count == 0;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* pass.h - one turn of work on one Rollout. Private to src/ctl.
 *
 *   start --cache trusted--> plan --nothing--> end
 *     '--else--> look ----'   | ^--- fold <--- send
 *                  ^----------'  too old, or planned on the cache
 *
 * A chain of callbacks on the loop: at most one look or one write is open at a time. */
#ifndef SLUICE_CTL_PASS_H
#define SLUICE_CTL_PASS_H

#include "ctl.h"
#include "sluice/ctl/look.h"
#include "sluice/ctl/next.h"

struct pass {
    struct ctl *ctl;
    struct key *key;
    struct arena arena; /* of the plan at hand */
    struct scene scene;
    const struct plan *plan;
    bool live;     /* the scene was read live, our own writes since folded in */
    bool fresh;    /* ... and nothing was written since it was read */
    bool moved;    /* others have written to Rollout or fence since the last look */
    bool look_all; /* the open look leaves nothing to the caches: they may lack something */
    bool instead;  /* the look takes the place of caches that do not show our own writes (C60) */
    enum act cached_act; /* what the cache asked for: was it the same live? */
    int64_t started_ms, sent_ms;
    int writes, looks, conflicts;
    enum act existed; /* the last that was refused because its object is there, in this pass */
    bool waited;      /* for caches or a write, and no more: its event is still to be answered */
    bool stopping;
    struct look *look;
    struct kube_call *call;
};

void pass_knows(struct pass *p); /* what the scene has of Rollout and fence is the newest word */
void pass_plan(struct pass *p);
void pass_look(struct pass *p);
void pass_end(struct pass *p, int64_t due_ms); /* monotonic; QUEUE_NEVER: when something changes */
void pass_fail(struct pass *p, int64_t at_least_ms, const char *why);

/* ---- send.c ---------------------------------------------------------------------------------- */
void pass_send(struct pass *p); /* the plan's action; goes on with pass_plan, pass_look or an end */

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* reflector_parts.h - shared by reflector.c (its life and its lists) and reflector_watch.c. */
#ifndef SLUICE_KUBE_REFLECTOR_PARTS_H
#define SLUICE_KUBE_REFLECTOR_PARTS_H

#include "known.h"
#include "sluice/base/strbuf.h"
#include "sluice/kube/list.h"
#include "sluice/kube/reflector.h"
#include "sluice/kube/watch.h"

enum next { NEXT_WATCH, NEXT_LIST_NOT_OLDER, NEXT_LIST }; /* the first two: a version is known */

struct reflector {
    struct kube_client *client;
    struct arena arena; /* of the spec's texts */
    struct reflector_spec spec;
    struct known known;
    char *rv; /* everything up to it was given to the sink; NULL: nothing yet */
    bool synced, absent;

    enum next next; /* what the timer begins */
    struct timer *timer;
    struct kube_lister *lister;
    struct kube_call *watch;
    struct watch_framer framer;
    int64_t watch_start_ms;
    uint64_t watch_events; /* of this watch */
    bool watch_ended;      /* by an event in it: `watch_end` says why */
    struct err watch_end;
    int failures; /* in a row */

    struct timer *relist_timer; /* NULL until the first reflector_relist */
    bool relisting;             /* the list that runs was asked for by reflector_relist */
    void (*relist_done)(void *arg);
    void *relist_arg;
    struct strbuf trouble;
    struct reflector_stats stats;
};

/* reflector.c */
void reflector_set_rv(struct reflector *r, const char *rv);
void reflector_tell_progress(const struct reflector *r);
void reflector_begin_after(struct reflector *r, enum next next, int64_t ms);
/* Notes the trouble, begins `next` after the back-off. */
void reflector_fail(struct reflector *r, const char *what, const struct err *e, enum next next);
/* reflector_watch.c */
void reflector_start_watch(struct reflector *r);

#endif

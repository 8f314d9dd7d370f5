/* SPDX-License-Identifier: Apache-2.0 */
/* events.h - events.k8s.io/v1, written beside the work (C76).
 *
 * Never blocks and never fails: a queue of 1000, oldest dropped with a counter; 12 tries each.
 * Equal ones (object, type, reason, action, note) become a series: the first is written at once,
 * the count again at most every 30 min, and when it has been quiet for 6 min. */
#ifndef SLUICE_KUBE_EVENTS_H
#define SLUICE_KUBE_EVENTS_H

#include "sluice/kube/client.h"

#define EVENT_QUEUE_MAX  1000
#define EVENT_TRIES_MAX  12
#define EVENT_NOTE_MAX   1024
#define EVENT_CONTROLLER "sluice.dev/controller"

struct kube_ref {
    const char *api_version, *kind, *namespace, *name, *uid;
};

enum event_type { EVENT_NORMAL, EVENT_WARNING };

struct recorder;
/* `instance`: the pod's name, cut at 128. Borrowed: client, until recorder_free. */
struct recorder *recorder_new(struct kube_client *c, const char *instance);
void recorder_free(struct recorder *r); /* what is not written is lost; NULL is fine */

/* All ms; 0 = the default in the comment. For tests. */
struct recorder_timing {
    int64_t retry_ms;   /* 10000: pause after a failure */
    int64_t refresh_ms; /* 1800000: a series' count is written at most so often */
    int64_t quiet_ms;   /* 360000: a series without news ends */
    int64_t review_ms;  /* 60000: how often that is looked at */
};
void recorder_set_timing(struct recorder *r, const struct recorder_timing *timing);

/* `note` is cut at EVENT_NOTE_MAX bytes on a character border. `r` NULL: nothing happens. */
void kube_event(struct recorder *r, const struct kube_ref *regarding, enum event_type type,
                const char *reason, const char *action, const char *note);

/* `done` once when all is written or given up, or after `timeout_ms` (C81). */
void recorder_flush(struct recorder *r, int64_t timeout_ms, void (*done)(void *arg), void *arg);

struct recorder_stats {
    size_t waiting;
    uint64_t written, dropped, failed;
};
struct recorder_stats recorder_stats(const struct recorder *r);

#endif

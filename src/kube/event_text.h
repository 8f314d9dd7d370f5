/* SPDX-License-Identifier: Apache-2.0 */
/* event_text.h - events.k8s.io/v1 as JSON: the first of a kind, and its count later (C76). Pure. */
#ifndef SLUICE_KUBE_EVENT_TEXT_H
#define SLUICE_KUBE_EVENT_TEXT_H

#include "sluice/base/arena.h"
#include "sluice/kube/events.h"

#define EVENT_INSTANCE_MAX 128
#define EVENT_REASON_MAX   128
#define EVENT_ACTION_MAX   128

struct event_text {
    struct kube_ref regarding;
    enum event_type type;
    const char *reason, *action, *note;
};

/* "web.18a5c0ffee": a valid name for any object's name; `unique` makes it one of its own. */
char *event_name(struct arena *a, const char *object, uint64_t unique);
const char *event_namespace(const struct kube_ref *regarding);
/* The same for all that belong into one series. */
char *event_key(struct arena *a, const struct event_text *t);
char *event_create_body(struct arena *a, const struct event_text *t, const char *name,
                        const char *instance, int64_t wall_ms);
char *event_series_body(struct arena *a, int64_t count, int64_t last_wall_ms);
/* At most `max` bytes of `s`, ending on a character border. */
char *event_cut(struct arena *a, const char *s, size_t max);

#endif

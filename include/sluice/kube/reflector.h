/* SPDX-License-Identifier: Apache-2.0 */
/* reflector.h - one kind of object, listed and watched for ever.
 *
 * List consistently first (resourceVersion unset, in pages), then watch with bookmarks; on
 * 410 list again; never step back in resourceVersion; back off 0.8 s x2 to 30 s, jittered (C22 to
 * C29, C32 to C35). The reflector keeps only ns/name -> uid, resourceVersion; objects live in the
 * sink. A list that does not parse whole changes nothing. */
#ifndef SLUICE_KUBE_REFLECTOR_H
#define SLUICE_KUBE_REFLECTOR_H

#include "sluice/kube/client.h"
#include "sluice/kube/ident.h"

struct reflector;

/* All from the loop, one after the other. Pointers are borrowed until the callback returns.
 * They must not free the reflector. */
struct reflector_sink {
    void *arg;
    /* New or changed; `raw` are the object's exact bytes. Never an older state than given before.
     * Same name with a new uid: remove(old uid), then upsert (C29). */
    void (*upsert)(void *arg, const cJSON *object, const char *raw, size_t len);
    /* False: this state would be ignored, and is not worth decoding. May be NULL: all are wanted.
     * Asked of what a watch says; pages of a list are decoded as they are. */
    bool (*wants)(void *arg, const struct ident *id);
    /* The kind is not served: is that anybody's concern, so that it is worth asking again? May be
     * NULL: it is. */
    bool (*misses)(void *arg);
    /* Gone: seen as DELETED, or missing from a new list (its last state is unknown then). */
    void (*remove)(void *arg, const char *ns, const char *name, const char *uid);
    /* Once: the first list is complete. May be NULL. */
    void (*synced)(void *arg);
    /* The sink has seen everything up to `rv`: after lists, events and bookmarks; the C60 barrier
     * waits for it. May be NULL. */
    void (*progress)(void *arg, const char *rv);
};

/* All ms; 0 = the default in the comment. For tests. */
struct reflector_timing {
    int64_t backoff_min_ms, backoff_max_ms; /* 800, 30000 (C33) */
    int64_t healthy_ms; /* 120000: a watch that lived so long resets the back-off */
    int64_t idle_ms;    /* 125000: two bookmark periods without a byte (C6) */
    int64_t brief_ms;   /* 1000: a watch that ends earlier, with no event, failed (C32) */
    int64_t absent_ms;  /* 60000: ask again for a kind that is not served */
    int64_t denied_ms;  /* 30000: try again after 401, 403 */
    int page_limit;     /* LIST_PAGE_LIMIT (C25) */
};

struct reflector_spec {
    enum kube_kind kind;
    const char *namespace;      /* NULL or "": all */
    const char *label_selector; /* NULL: none */
    const char *field_selector; /* NULL: none */
    bool optional;              /* 404 means: not served, so empty and synced; asked again later */
    struct reflector_sink sink;
    struct reflector_timing timing;
};

/* Starts at once. The spec is copied, its sink's arg borrowed until reflector_free. */
struct reflector *reflector_new(struct kube_client *c, const struct reflector_spec *spec);
void reflector_free(struct reflector *r); /* no callbacks; not from its own; NULL is fine */

bool reflector_synced(const struct reflector *r);    /* the first list is complete (C34) */
const char *reflector_rv(const struct reflector *r); /* "" before that, and while not served */
size_t reflector_count(const struct reflector *r);   /* objects known */
bool reflector_served(const struct reflector *r);    /* false: optional kind answered 404 */
/* "rollouts: not synced: rollouts.sluice.dev is forbidden: ...", "" when healthy: for /readyz. */
const char *reflector_trouble(const struct reflector *r);
/* Lists consistently now (take-over C70, audit C37); `done` (may be NULL) when the sink has it
 * all. Only the last `done` asked for is called. */
void reflector_relist(struct reflector *r, void (*done)(void *arg), void *arg);

struct reflector_stats {
    uint64_t lists, watches, events, failures, stale; /* stale: older than known, dropped (C24) */
    int64_t last_byte_ms;                             /* monotonic; cache lag */
};
struct reflector_stats reflector_stats(const struct reflector *r);
const struct reflector_spec *reflector_spec(const struct reflector *r);

#endif

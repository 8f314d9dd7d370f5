/* SPDX-License-Identifier: Apache-2.0 */
/* queue.h - which key to work on next. Pure: time is an argument (any clock, ms).
 *
 * A key is in the queue once, with its earliest due time; it is never worked on twice at once: a
 * change during work queues it once more when the work is done (C57). Among keys that are due,
 * high priority goes first, then who became due first (C59). Failures wait 5 ms x2 up to 60 s,
 * jittered down by up to a quarter (C58). */
#ifndef SLUICE_KUBE_QUEUE_H
#define SLUICE_KUBE_QUEUE_H

#include "sluice/base/base.h"

#define QUEUE_BACKOFF_MIN_MS INT64_C(5)
#define QUEUE_BACKOFF_MAX_MS INT64_C(60000)
#define QUEUE_NEVER          INT64_MAX

enum queue_priority { QUEUE_LOW /* start-up, resync */, QUEUE_HIGH /* edits, aborts, timers */ };

struct queue;
struct queue_item {
    const char *key;
    const char *reason; /* of the earliest request, for logs */
    int64_t added_ms;   /* when it became due: queue_duration */
    int failures;       /* in a row */
};

struct queue *queue_new(uint64_t seed); /* seed of the jitter; owned */
void queue_free(struct queue *q);

/* Due at `due_ms` (<= now: at once). Earlier of both when it is queued already; the higher
 * priority stays. `reason` is a literal. During work: remembered until queue_done. */
void queue_add(struct queue *q, const char *key, int64_t due_ms, enum queue_priority priority,
               const char *reason);
/* The next key to work on, or NULL; borrowed until queue_done(key). Several keys may be taken. */
const struct queue_item *queue_take(struct queue *q, int64_t now_ms);
/* Work on `key` is over. Success forgets its failures; failure queues it with back-off, at
 * `at_least_ms` from now or later (Retry-After; else 0). */
void queue_done(struct queue *q, const char *key, int64_t now_ms);
void queue_done_failed(struct queue *q, const char *key, int64_t now_ms, int64_t at_least_ms,
                       const char *reason);
void queue_drop(struct queue *q, const char *key); /* waiting entries only; forgets failures */
void queue_close(struct queue *q); /* takes nothing more, adds nothing more: shutdown drains */

int64_t queue_due_ms(const struct queue *q); /* earliest due of all waiting, or QUEUE_NEVER */

struct queue_stats {
    size_t depth;   /* due or waiting */
    size_t working; /* taken, not done */
    uint64_t adds, retries;
};
struct queue_stats queue_stats(const struct queue *q);

#endif

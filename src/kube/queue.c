/* SPDX-License-Identifier: Apache-2.0 */
/* queue.c - two heaps over one table of keys.
 *
 *   add ---> waiting (by due time) --due--> ready (by priority, then due time) --take--> working
 *               ^------------------- failed, or changed meanwhile ----------------------'
 */
#include "sluice/kube/queue.h"
#include "sluice/base/map.h"

#include <stdlib.h>
#include <string.h>

enum place { NOWHERE, WAITING, READY, WORKING };

struct entry {
    struct queue_item item; /* what the worker sees; its key is owned */
    int64_t due_ms;
    enum queue_priority priority;
    uint64_t sequence; /* first come, first served among equals */
    enum place place;
    size_t index; /* in its heap */
    /* Asked for again during work. */
    bool again;
    int64_t again_due_ms;
    enum queue_priority again_priority;
    const char *again_reason;
};

struct heap {
    struct entry **at;
    size_t count, cap;
    bool (*before)(const struct entry *a, const struct entry *b);
};

struct queue {
    struct map entries;
    struct heap waiting, ready;
    size_t working;
    uint64_t random, sequence, adds, retries;
    bool closed;
};

/* --- heap ------------------------------------------------------------------------------------- */

static bool due_before(const struct entry *a, const struct entry *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->sequence < b->sequence;
}

static bool turn_before(const struct entry *a, const struct entry *b)
{
    return a->priority != b->priority ? a->priority > b->priority : due_before(a, b);
}

static void put(struct heap *h, size_t i, struct entry *entry)
{
    h->at[i] = entry;
    entry->index = i;
}

static void sift_up(struct heap *h, size_t i)
{
    struct entry *entry = h->at[i];

    for (; i > 0 && h->before(entry, h->at[(i - 1) / 2]); i = (i - 1) / 2)
        put(h, i, h->at[(i - 1) / 2]);
    put(h, i, entry);
}

static void sift_down(struct heap *h, size_t i)
{
    struct entry *entry = h->at[i];

    for (;;) {
        size_t child = 2 * i + 1;
        if (child + 1 < h->count && h->before(h->at[child + 1], h->at[child]))
            child++;
        if (child >= h->count || !h->before(h->at[child], entry))
            break;
        put(h, i, h->at[child]);
        i = child;
    }
    put(h, i, entry);
}

static void heap_add(struct heap *h, struct entry *entry)
{
    if (h->count == h->cap) {
        h->cap = h->cap ? h->cap * 2 : 64;
        h->at = xrealloc(h->at, h->cap * sizeof(struct entry *));
    }
    h->count++;
    put(h, h->count - 1, entry);
    sift_up(h, h->count - 1);
}

static void heap_remove(struct heap *h, const struct entry *entry)
{
    const size_t i = entry->index;
    struct entry *last = h->at[--h->count];

    assert(i <= h->count);
    if (last == entry)
        return;
    put(h, i, last);
    sift_up(h, i);
    sift_down(h, last->index);
}

/* --- entries ---------------------------------------------------------------------------------- */

static struct heap *heap_of(struct queue *q, const struct entry *entry)
{
    return entry->place == WAITING ? &q->waiting : entry->place == READY ? &q->ready : NULL;
}

static void wait_for(struct queue *q, struct entry *entry, int64_t due_ms,
                     enum queue_priority priority, const char *reason)
{
    entry->due_ms = due_ms;
    entry->priority = priority;
    entry->item.reason = reason;
    entry->item.added_ms = due_ms;
    entry->sequence = q->sequence++;
    entry->place = WAITING;
    heap_add(&q->waiting, entry);
}

static struct entry *new_entry(struct queue *q, const char *key)
{
    struct entry *entry = xcalloc(1, sizeof(*entry));

    entry->item.key = xstrdup(key);
    map_put_lent(&q->entries, entry->item.key, entry);
    return entry;
}

static void free_entry(struct entry *entry)
{
    free((char *)(uintptr_t)entry->item.key);
    free(entry);
}

static void forget(struct queue *q, struct entry *entry)
{
    map_remove(&q->entries, entry->item.key);
    free_entry(entry);
}

/* Queued already: the earlier time and the higher priority win. */
static void merge(struct queue *q, struct entry *entry, int64_t due_ms,
                  enum queue_priority priority, const char *reason)
{
    if (due_ms < entry->due_ms) {
        entry->due_ms = due_ms;
        entry->item.added_ms = due_ms;
        entry->item.reason = reason;
    }
    if (priority > entry->priority)
        entry->priority = priority;
    sift_up(heap_of(q, entry), entry->index);
}

static void note_again(struct entry *entry, int64_t due_ms, enum queue_priority priority,
                       const char *reason)
{
    if (!entry->again || due_ms < entry->again_due_ms) {
        entry->again_due_ms = due_ms;
        entry->again_reason = reason;
    }
    if (!entry->again || priority > entry->again_priority)
        entry->again_priority = priority;
    entry->again = true;
}

/* --- the interface ---------------------------------------------------------------------------- */

struct queue *queue_new(uint64_t seed)
{
    struct queue *q = xcalloc(1, sizeof(*q));

    q->random = seed;
    q->waiting.before = due_before;
    q->ready.before = turn_before;
    return q;
}

void queue_free(struct queue *q)
{
    const char *key;
    void *entry;

    if (!q)
        return;
    for (size_t i = 0; map_next(&q->entries, &i, &key, &entry);)
        free_entry(entry);
    map_release(&q->entries);
    free(q->waiting.at);
    free(q->ready.at);
    free(q);
}

void queue_add(struct queue *q, const char *key, int64_t due_ms, enum queue_priority priority,
               const char *reason)
{
    struct entry *entry = map_get(&q->entries, key);

    if (q->closed)
        return;
    q->adds++;
    if (!entry)
        wait_for(q, new_entry(q, key), due_ms, priority, reason);
    else if (entry->place == WORKING)
        note_again(entry, due_ms, priority, reason);
    else
        merge(q, entry, due_ms, priority, reason);
}

static void ripen(struct queue *q, int64_t now_ms)
{
    while (q->waiting.count > 0 && q->waiting.at[0]->due_ms <= now_ms) {
        struct entry *entry = q->waiting.at[0];
        heap_remove(&q->waiting, entry);
        entry->place = READY;
        heap_add(&q->ready, entry);
    }
}

const struct queue_item *queue_take(struct queue *q, int64_t now_ms)
{
    struct entry *entry;

    if (q->closed)
        return NULL;
    ripen(q, now_ms);
    if (q->ready.count == 0)
        return NULL;
    entry = q->ready.at[0];
    heap_remove(&q->ready, entry);
    entry->place = WORKING;
    entry->again = false;
    q->working++;
    return &entry->item;
}

static struct entry *end_work(struct queue *q, const char *key)
{
    struct entry *entry = map_get(&q->entries, key);

    assert(entry && entry->place == WORKING && q->working > 0);
    entry->place = NOWHERE;
    q->working--;
    return entry;
}

void queue_done(struct queue *q, const char *key, int64_t now_ms)
{
    struct entry *entry = end_work(q, key);

    (void)now_ms;
    entry->item.failures = 0;
    if (entry->again && !q->closed)
        wait_for(q, entry, entry->again_due_ms, entry->again_priority, entry->again_reason);
    else
        forget(q, entry);
}

static uint64_t next_random(struct queue *q)
{
    uint64_t z = (q->random += UINT64_C(0x9e3779b97f4a7c15)); /* splitmix64 */

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static int64_t backoff_ms(struct queue *q, int failures)
{
    int64_t ms = QUEUE_BACKOFF_MIN_MS;

    for (int i = 1; i < failures && ms < QUEUE_BACKOFF_MAX_MS; i++)
        ms *= 2;
    ms = min_i64(ms, QUEUE_BACKOFF_MAX_MS);
    return ms - (int64_t)(next_random(q) % (uint64_t)(ms / 4 + 1));
}

void queue_done_failed(struct queue *q, const char *key, int64_t now_ms, int64_t at_least_ms,
                       const char *reason)
{
    struct entry *entry = end_work(q, key);
    enum queue_priority priority = entry->priority;
    int64_t due_ms;

    if (q->closed) {
        forget(q, entry);
        return;
    }
    if (entry->item.failures < INT32_MAX)
        entry->item.failures++;
    q->retries++;
    due_ms = now_ms + backoff_ms(q, entry->item.failures);
    if (entry->again) {
        if (entry->again_due_ms < due_ms) {
            due_ms = entry->again_due_ms;
            reason = entry->again_reason;
        }
        if (entry->again_priority > priority)
            priority = entry->again_priority;
    }
    wait_for(q, entry, max_i64(due_ms, now_ms + at_least_ms), priority, reason);
}

void queue_drop(struct queue *q, const char *key)
{
    struct entry *entry = map_get(&q->entries, key);

    if (!entry)
        return;
    entry->item.failures = 0;
    if (entry->place == WORKING)
        return;
    heap_remove(heap_of(q, entry), entry);
    forget(q, entry);
}

void queue_close(struct queue *q)
{
    q->closed = true;
}

int64_t queue_due_ms(const struct queue *q)
{
    int64_t due_ms = QUEUE_NEVER;

    if (q->closed)
        return QUEUE_NEVER;
    if (q->ready.count > 0)
        due_ms = q->ready.at[0]->due_ms;
    if (q->waiting.count > 0)
        due_ms = min_i64(due_ms, q->waiting.at[0]->due_ms);
    return due_ms;
}

struct queue_stats queue_stats(const struct queue *q)
{
    return (struct queue_stats){
        .depth = q->waiting.count + q->ready.count,
        .working = q->working,
        .adds = q->adds,
        .retries = q->retries,
    };
}

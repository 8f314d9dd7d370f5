/* SPDX-License-Identifier: Apache-2.0 */
/* events.c - one writer behind a queue of series.
 *
 * A series is created once and then patched with its count. `written` says how far the server
 * is; what differs from `count` is owed. Owed series wait in the queue, the others only for news
 * or for being forgotten. */
#include "sluice/kube/events.h"
#include "event_text.h"
#include "sluice/base/clock.h"
#include "sluice/base/log.h"
#include "sluice/base/map.h"

#include <stdlib.h>
#include <string.h>

static const struct recorder_timing usual = {
    .retry_ms = 10 * SECOND_MS,
    .refresh_ms = 30 * MINUTE_MS,
    .quiet_ms = 6 * MINUTE_MS,
    .review_ms = MINUTE_MS,
};

#define OTHER_TEXT 128 /* of a series, beside its key and what is in it */

struct series {
    struct series *prev, *next;             /* all, the latest news first */
    struct series *queue_prev, *queue_next; /* those that owe a write */
    bool queued;
    struct arena arena; /* of its texts */
    struct event_text text;
    const char *key, *name;
    int64_t count, written;
    int64_t last_ms, last_wall_ms; /* of the news */
    int64_t written_ms;
    int tries;
};

struct recorder {
    struct kube_client *client;
    char instance[EVENT_INSTANCE_MAX + 1];
    struct map by_key;
    struct series *newest, *oldest;
    struct series *queue_first, *queue_last;
    size_t count, queued;
    uint64_t unique;

    struct kube_call *call; /* for the queue's first */
    int64_t sent_count;     /* what it says */
    struct recorder_timing timing;
    struct timer *writer, *housekeeper;
    struct timer *flush_timer;
    void (*flushed)(void *arg);
    void *flushed_arg;
    struct recorder_stats stats;
};

static void write_next(void *arg);

/* --- lists ------------------------------------------------------------------------------------ */

static void queue_add(struct recorder *r, struct series *s)
{
    if (s->queued)
        return;
    s->queued = true;
    s->queue_next = NULL;
    s->queue_prev = r->queue_last;
    if (r->queue_last)
        r->queue_last->queue_next = s;
    else
        r->queue_first = s;
    r->queue_last = s;
    r->queued++;
    if (!r->call && r->queued == 1)
        timer_move(r->writer, 0);
}

static void queue_remove(struct recorder *r, struct series *s)
{
    if (!s->queued)
        return;
    s->queued = false;
    if (s->queue_prev)
        s->queue_prev->queue_next = s->queue_next;
    else
        r->queue_first = s->queue_next;
    if (s->queue_next)
        s->queue_next->queue_prev = s->queue_prev;
    else
        r->queue_last = s->queue_prev;
    r->queued--;
}

static void list_add(struct recorder *r, struct series *s)
{
    s->prev = NULL;
    s->next = r->newest;
    if (r->newest)
        r->newest->prev = s;
    else
        r->oldest = s;
    r->newest = s;
}

static void list_remove(struct recorder *r, struct series *s)
{
    if (s->prev)
        s->prev->next = s->next;
    else
        r->newest = s->next;
    if (s->next)
        s->next->prev = s->prev;
    else
        r->oldest = s->prev;
}

static void forget(struct recorder *r, struct series *s)
{
    queue_remove(r, s);
    list_remove(r, s);
    map_remove(&r->by_key, s->key);
    r->count--;
    arena_release(&s->arena);
    free(s);
}

/* --- writing ---------------------------------------------------------------------------------- */

static void check_flushed(struct recorder *r)
{
    void (*flushed)(void *arg) = r->flushed;

    if (!flushed || r->call || r->queued > 0)
        return;
    r->flushed = NULL;
    timer_stop(r->flush_timer);
    flushed(r->flushed_arg);
}

static void written(struct recorder *r, struct series *s, int64_t count)
{
    s->written = count;
    s->written_ms = clock_mono_ms();
    s->tries = 0;
    r->stats.written++;
    queue_remove(r, s);
    if (r->flushed && s->count > s->written)
        queue_add(r, s);
}

static void give_up(struct recorder *r, struct series *s, const struct err *e)
{
    log_warn("event not written", "namespace", event_namespace(&s->text.regarding), "name",
             s->text.regarding.name, "reason", s->text.reason, "err", e->text, NULL);
    r->stats.failed++;
    forget(r, s);
}

/* The server forgets events after an hour: the series begins anew. */
static void begin_anew(struct recorder *r, struct series *s)
{
    s->written = 0;
    s->name = event_name(&s->arena, s->text.regarding.name, r->unique++);
}

static bool hopeless(enum err_kind kind)
{
    return kind == ERR_INVALID || kind == ERR_TERMINATING || kind == ERR_NOT_FOUND ||
           kind == ERR_DENIED || kind == ERR_GONE;
}

/* The next write waits as well: most failures are not about this one. */
static void failed(struct recorder *r, struct series *s, const struct err *e)
{
    if (hopeless(e->kind) || ++s->tries >= EVENT_TRIES_MAX) {
        give_up(r, s, e);
        timer_move(r->writer, 0);
        return;
    }
    queue_remove(r, s);
    queue_add(r, s);
    timer_move(r->writer, max_i64(loop_random(r->timing.retry_ms / 2, r->timing.retry_ms),
                                  e->retry_after_s * SECOND_MS));
}

static void on_written(const struct kube_reply *reply, void *arg)
{
    struct recorder *r = arg;
    struct series *s = r->queue_first;
    const bool created = s->written == 0;
    const enum err_kind kind = reply->err.kind;

    r->call = NULL;
    if (kind == ERR_NONE || (created && kind == ERR_EXISTS)) {
        written(r, s, r->sent_count); /* EXISTS: an earlier try was stored after all */
        timer_move(r->writer, 0);
    } else if (!created && kind == ERR_NOT_FOUND) {
        begin_anew(r, s);
        timer_move(r->writer, 0);
    } else {
        failed(r, s, &reply->err);
    }
    check_flushed(r);
}

static void write_next(void *arg)
{
    struct recorder *r = arg;
    const struct series *s = r->queue_first;
    CLEANUP(arena_release) struct arena a = {0};
    struct kube_request req = {0};
    const char *ns;

    if (r->call || !s)
        return;
    ns = event_namespace(&s->text.regarding);
    r->sent_count = s->written == 0 ? 1 : s->count;
    if (s->written == 0) {
        req.verb = KUBE_POST;
        req.path = kube_path(&a, KIND_EVENT, ns, NULL, NULL);
        req.body = event_create_body(&a, &s->text, s->name, r->instance, s->last_wall_ms);
    } else {
        req.verb = KUBE_PATCH;
        req.path = kube_path(&a, KIND_EVENT, ns, s->name, NULL);
        req.content_type = KUBE_MERGE_PATCH;
        req.body = event_series_body(&a, r->sent_count, s->last_wall_ms);
    }
    r->call = kube_send(r->client, &req, on_written, r);
}

/* --- news ------------------------------------------------------------------------------------- */

/* Makes room for one more series; the one being written stays. */
static void make_room(struct recorder *r)
{
    const struct series *open = r->call ? r->queue_first : NULL;
    struct series *s = r->oldest;

    if (r->count < EVENT_QUEUE_MAX)
        return;
    if (s == open)
        s = s->prev;
    r->stats.dropped += s->count > s->written;
    forget(r, s);
}

static struct series *add_series(struct recorder *r, const struct event_text *t, const char *key)
{
    struct series *s = xcalloc(1, sizeof(*s));
    struct arena *a = &s->arena;

    make_room(r);
    arena_init_sized(a, 2 * strlen(key) + OTHER_TEXT); /* a thousand of them may be kept */
    s->text = (struct event_text){
        .regarding = {.api_version = arena_strdup(a, t->regarding.api_version),
                      .kind = arena_strdup(a, t->regarding.kind),
                      .namespace = arena_strdup(a, t->regarding.namespace),
                      .name = arena_strdup(a, t->regarding.name ? t->regarding.name : ""),
                      .uid = arena_strdup(a, t->regarding.uid)},
        .type = t->type,
        .reason = arena_strdup(a, t->reason),
        .action = arena_strdup(a, t->action),
        .note = arena_strdup(a, t->note),
    };
    s->key = arena_strdup(a, key);
    s->name = event_name(a, s->text.regarding.name, r->unique++);
    map_put_lent(&r->by_key, s->key, s);
    r->count++;
    list_add(r, s);
    return s;
}

void kube_event(struct recorder *r, const struct kube_ref *regarding, enum event_type type,
                const char *reason, const char *action, const char *note)
{
    CLEANUP(arena_release) struct arena a = {0};
    struct series *s;
    const char *key;

    if (!r)
        return;
    const struct event_text text = {
        .regarding = *regarding,
        .type = type,
        .reason = event_cut(&a, reason, EVENT_REASON_MAX),
        .action = event_cut(&a, action, EVENT_ACTION_MAX),
        .note = event_cut(&a, note, EVENT_NOTE_MAX),
    };
    key = event_key(&a, &text);
    s = map_get(&r->by_key, key);
    if (s) {
        list_remove(r, s);
        list_add(r, s);
    } else {
        s = add_series(r, &text, key);
    }
    s->count++;
    s->last_ms = clock_mono_ms();
    s->last_wall_ms = clock_wall_ms();
    if (s->written == 0)
        queue_add(r, s);
}

/* --- time passing ----------------------------------------------------------------------------- */

static void review(struct recorder *r, struct series *s, int64_t now_ms)
{
    const bool quiet = now_ms - s->last_ms >= r->timing.quiet_ms;

    if (s->queued)
        return;
    if (s->count == s->written) {
        if (quiet)
            forget(r, s);
    } else if (quiet || now_ms - s->written_ms >= r->timing.refresh_ms) {
        queue_add(r, s);
    }
}

static void on_housekeeping(void *arg)
{
    struct recorder *r = arg;
    const int64_t now_ms = clock_mono_ms();
    struct series *next;

    for (struct series *s = r->newest; s; s = next) {
        next = s->next;
        review(r, s, now_ms);
    }
    timer_move(r->housekeeper, r->timing.review_ms);
}

/* --- the interface ---------------------------------------------------------------------------- */

struct recorder *recorder_new(struct kube_client *c, const char *instance)
{
    CLEANUP(arena_release) struct arena a = {0};
    struct recorder *r = xcalloc(1, sizeof(*r));
    struct loop *loop = kube_client_loop(c);
    const char *cut = event_cut(&a, instance, EVENT_INSTANCE_MAX);

    r->client = c;
    memcpy(r->instance, cut, strlen(cut) + 1);
    /* As client-go does: the time makes names unique, also across restarts. */
    r->unique = (uint64_t)clock_wall_ms() << 20 | (uint64_t)loop_random(0, (1 << 20) - 1);
    r->writer = loop_timer(loop, 0, write_next, r);
    r->timing = usual;
    r->housekeeper = loop_timer(loop, r->timing.review_ms, on_housekeeping, r);
    return r;
}

void recorder_set_timing(struct recorder *r, const struct recorder_timing *timing)
{
    const struct recorder_timing *t = timing;

    r->timing = (struct recorder_timing){
        .retry_ms = t->retry_ms ? t->retry_ms : usual.retry_ms,
        .refresh_ms = t->refresh_ms ? t->refresh_ms : usual.refresh_ms,
        .quiet_ms = t->quiet_ms ? t->quiet_ms : usual.quiet_ms,
        .review_ms = t->review_ms ? t->review_ms : usual.review_ms,
    };
    timer_move(r->housekeeper, r->timing.review_ms);
}

void recorder_free(struct recorder *r)
{
    if (!r)
        return;
    kube_cancel(r->call);
    timer_cancel(r->writer);
    timer_cancel(r->housekeeper);
    timer_cancel(r->flush_timer);
    while (r->newest)
        forget(r, r->newest);
    map_release(&r->by_key);
    free(r);
}

static void on_flush_timer(void *arg)
{
    struct recorder *r = arg;
    void (*flushed)(void *arg) = r->flushed;

    r->flushed = NULL;
    if (flushed)
        flushed(r->flushed_arg);
}

void recorder_flush(struct recorder *r, int64_t timeout_ms, void (*done)(void *arg), void *arg)
{
    r->flushed = done;
    r->flushed_arg = arg;
    for (struct series *s = r->newest; s; s = s->next)
        if (s->count > s->written)
            queue_add(r, s);
    timer_cancel(r->flush_timer);
    r->flush_timer =
        loop_timer(kube_client_loop(r->client), r->queued > 0 ? timeout_ms : 0, on_flush_timer, r);
}

struct recorder_stats recorder_stats(const struct recorder *r)
{
    struct recorder_stats stats = r->stats;

    stats.waiting = r->queued;
    return stats;
}

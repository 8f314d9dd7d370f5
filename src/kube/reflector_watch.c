/* SPDX-License-Identifier: Apache-2.0 */
/* reflector_watch.c - the stream: what its events mean, and where to go on when it ends. */
#include "reflector_parts.h"
#include "sluice/base/clock.h"
#include "sluice/kube/status.h"

#include <stdio.h>

#define WATCH_SECONDS_MIN  300 /* C26 */
#define WATCH_SECONDS_MAX  600
#define WATCH_FAILURES_MAX 3 /* in a row: then the list is asked (C27) */

static bool end_watch(struct reflector *r)
{
    r->watch_ended = true;
    return false;
}

/* C24: an event that is not newer than what the sink has is not told. */
static bool is_news(struct reflector *r, const struct watch_event *ev)
{
    const enum rv_order order = rv_compare(ev->rv, r->rv);

    if (order == RV_OLDER) {
        r->stats.stale++;
        return false;
    }
    if (order == RV_UNKNOWN) {
        err_set(&r->watch_end, ERR_GONE, "an event has no usable resourceVersion");
        return end_watch(r);
    }
    return true;
}

static bool on_error_event(struct reflector *r, const struct watch_event *ev)
{
    struct kube_status s;

    if (kube_status_read(ev->object, &s))
        kube_status_judge_parsed(&s, false, &r->watch_end);
    else
        err_set(&r->watch_end, ERR_RETRY, "the stream ended with an unreadable error");
    return end_watch(r);
}

static void on_progress(struct reflector *r, const char *rv)
{
    r->stats.events++;
    r->watch_events++;
    reflector_set_rv(r, rv);
    strbuf_reset(&r->trouble);
    reflector_tell_progress(r);
}

/* A state that the sink has no use for is noted, and not decoded. */
static bool pass_over(struct reflector *r, const char *line, size_t len)
{
    const struct reflector_sink *sink = &r->spec.sink;
    enum watch_type type;
    struct ident id;

    if (!sink->wants || !watch_peek(line, len, &type, &id) ||
        (type != WATCH_ADDED && type != WATCH_MODIFIED) || !rv_reached(id.rv, r->rv) ||
        sink->wants(sink->arg, &id) || !watch_closes(line, len))
        return false;
    known_note(&r->known, sink, &id);
    on_progress(r, id.rv);
    return true;
}

static bool on_event(struct reflector *r, const struct watch_event *ev)
{
    if (ev->type == WATCH_ERROR)
        return on_error_event(r, ev);
    if (ev->type == WATCH_UNKNOWN)
        return true;
    if (!is_news(r, ev))
        return !r->watch_ended;
    if (ev->type == WATCH_DELETED)
        known_delete(&r->known, &r->spec.sink, ev->object);
    else if (ev->type != WATCH_BOOKMARK)
        known_upsert(&r->known, &r->spec.sink, ev->object, ev->raw.p, ev->raw.len);
    on_progress(r, ev->rv);
    return true;
}

static bool on_line(const char *line, size_t len, void *arg)
{
    struct reflector *r = arg;
    struct watch_event ev;
    bool more;

    if (pass_over(r, line, len))
        return true;
    if (!watch_decode(line, len, &ev, &r->watch_end)) {
        r->watch_end.kind = ERR_RETRY;
        return end_watch(r);
    }
    more = on_event(r, &ev);
    watch_event_release(&ev);
    return more;
}

static bool on_chunk(const char *p, size_t len, void *arg)
{
    struct reflector *r = arg;
    struct err e = {0};

    r->stats.last_byte_ms = clock_mono_ms();
    if (watch_framer_feed(&r->framer, p, len, on_line, r, &e))
        return true;
    if (!r->watch_ended) { /* a line without end */
        r->watch_end = e;
        r->watch_end.kind = ERR_RETRY;
    }
    return end_watch(r);
}

/* Where to go on, given why the watch ended. */
static enum next next_after(const struct reflector *r, const struct err *e)
{
    switch ((int)e->kind) {
    case ERR_GONE:
    case ERR_INVALID:
    case ERR_NOT_FOUND:
        return NEXT_LIST;
    default:
        return r->failures + 1 >= WATCH_FAILURES_MAX ? NEXT_LIST_NOT_OLDER : NEXT_WATCH;
    }
}

static void watch_over(struct reflector *r, const struct err *e)
{
    const int64_t lived_ms = clock_mono_ms() - r->watch_start_ms;
    const struct reflector_timing *t = &r->spec.timing;
    struct err brief = {0};

    if (lived_ms >= t->healthy_ms)
        r->failures = 0;
    if (e->kind == ERR_NONE && (r->watch_events > 0 || lived_ms >= t->brief_ms)) {
        r->failures = 0;
        reflector_begin_after(r, NEXT_WATCH, 0);
        return;
    }
    if (e->kind == ERR_NONE) { /* C32 */
        err_set(&brief, ERR_RETRY, "the stream ended at once");
        e = &brief;
    }
    /* The first 410 is an everyday matter: list at once, without back-off (C35). */
    if (e->kind == ERR_GONE && r->failures == 0) {
        r->failures++;
        reflector_begin_after(r, NEXT_LIST, 0);
        return;
    }
    reflector_fail(r, "watch", e, next_after(r, e));
}

static void on_watch_done(const struct kube_reply *reply, void *arg)
{
    struct reflector *r = arg;
    const struct err e = r->watch_ended ? r->watch_end : reply->err;

    r->watch = NULL;
    timer_stop(r->timer);
    watch_framer_release(&r->framer); /* a tail without line end is no event (C31) */
    watch_over(r, &e);
}

void reflector_start_watch(struct reflector *r)
{
    CLEANUP(arena_release) struct arena a = {0};
    struct kube_request req = {
        .verb = KUBE_GET,
        .path = kube_path(&a, r->spec.kind, r->spec.namespace, NULL, NULL),
        .pool = KUBE_WATCH,
        .on_chunk = on_chunk,
        .idle_ms = r->spec.timing.idle_ms,
    };
    char seconds[24];

    snprintf(seconds, sizeof(seconds), "%lld",
             (long long)loop_random(WATCH_SECONDS_MIN, WATCH_SECONDS_MAX));
    req.query = kube_query(&a, "watch", "1", "allowWatchBookmarks", "true", "resourceVersion",
                           r->rv, "timeoutSeconds", seconds, "labelSelector",
                           r->spec.label_selector, "fieldSelector", r->spec.field_selector, NULL);
    watch_framer_init(&r->framer, 0);
    r->watch_start_ms = clock_mono_ms();
    r->watch_events = 0;
    r->watch_ended = false;
    r->watch_end = (struct err){0};
    r->stats.watches++;
    r->watch = kube_send(r->client, &req, on_watch_done, r);
    timer_move(r->timer, r->spec.timing.brief_ms);
}

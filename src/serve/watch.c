/* SPDX-License-Identifier: Apache-2.0 */
/* watch.c - streams of what happens, from a resourceVersion on. */
#include "parts.h"

#include <stdlib.h>
#include <string.h>

#define BOOKMARK_MS      (5 * SECOND_MS)
#define WATCH_DEFAULT_MS (30 * MINUTE_MS)

struct watcher {
    struct serve *v;
    struct server_stream *stream;
    const struct served_kind *kind; /* as asked for */
    char *ns, *labels, *fields;
    bool bookmarks, table, columns_sent;
    int64_t end_ms, bookmark_ms; /* of the monotonic clock */
    struct watcher *next;
};

static void watcher_free(struct watcher *w)
{
    free(w->ns);
    free(w->labels);
    free(w->fields);
    free(w);
}

static void unlink_watcher(struct watcher *w)
{
    struct watcher **at = &w->v->watchers;

    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
}

static void on_closed(void *arg)
{
    struct watcher *w = arg;

    unlink_watcher(w);
    watcher_free(w);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void send_line(struct watcher *w, const char *type, const char *object)
{
    auto_strbuf struct strbuf line = {.max = SIZE_MAX / 4};

    json_fmt_to(&line, "{'type':%q,'object':%r}", type, object);
    strbuf_addc(&line, '\n');
    server_stream_send(w->stream, line.p, line.len);
}

static void send_version(struct watcher *w, const char *type, struct version *version)
{
    struct arena a;
    char *meta;

    arena_init(&a);
    meta = json_fmt(&a, "{'resourceVersion':'%l'}", version->rv);
    send_line(w, type,
              w->table ? table_text(w->v, &a, w->kind, &version, 1, meta, !w->columns_sent)
                       : view_text(w->kind, &a, version));
    w->columns_sent = true;
    arena_release(&a);
}

static void send_bookmark(struct watcher *w, bool initial_end)
{
    struct arena a;

    arena_init(&a);
    send_line(w, "BOOKMARK",
              json_fmt(&a,
                       "{'kind':%q,'apiVersion':%q,'metadata':{'resourceVersion':'%l',"
                       "'annotations':%r}}",
                       w->kind->kind, kind_api_version(w->kind, &a), w->v->rv,
                       initial_end ? "{\"k8s.io/initial-events-end\":\"true\"}" : "{}"));
    arena_release(&a);
    w->bookmark_ms = clock_mono_ms() + BOOKMARK_MS;
}

static void send_too_old(struct watcher *w)
{
    send_line(w, "ERROR",
              "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\","
              "\"message\":\"too old resource version\",\"reason\":\"Expired\",\"code\":410}");
}

/* ---- events ---------------------------------------------------------------------------------- */

static bool matches(const struct watcher *w, const struct version *version)
{
    const struct selector_text s = {w->labels, w->fields};

    return version && select_matches(&s, version->doc);
}

/* What leaves the selection is deleted for this one, what enters it is new. */
static void send_event(struct watcher *w, const struct history_event *e)
{
    const bool is = e->type != EVENT_DELETED && matches(w, e->now), was = matches(w, e->before);

    if (e->kind != kind_stored(w->kind) || (*w->ns && !str_equal(w->ns, e->ns)))
        return;
    if (is)
        send_version(w, was ? "MODIFIED" : "ADDED", e->now);
    else if (was)
        send_version(w, "DELETED", e->now);
}

void watch_event(struct serve *v, const struct history_event *e)
{
    for (struct watcher *w = v->watchers; w; w = w->next)
        send_event(w, e);
}

static void send_all(struct watcher *w)
{
    for (struct served_object *o = w->v->objects; o; o = o->next) {
        if (o->kind == kind_stored(w->kind) && (!*w->ns || str_equal(o->ns, w->ns)) &&
            matches(w, o->v))
            send_version(w, "ADDED", o->v);
    }
}

/* False: part of what happened since is no longer known. */
static bool send_since(struct watcher *w, int64_t rv)
{
    const struct serve *v = w->v;

    if (rv < v->compacted_rv)
        return false;
    for (size_t i = 0; i < EVENTS_KEPT; i++) {
        const struct history_event *e = &v->history[(v->history_next + i) % EVENTS_KEPT];

        if (e->rv > rv)
            send_event(w, e);
    }
    return true;
}

/* ---- begin and end --------------------------------------------------------------------------- */

static int64_t timeout_ms(const struct call *c)
{
    const char *text = call_query(c, "timeoutSeconds");
    const int64_t s = text ? strtoll(text, NULL, 10) : 0;

    return s > 0 ? s * SECOND_MS : WATCH_DEFAULT_MS;
}

static bool says_true(const struct call *c, const char *key)
{
    const char *text = call_query(c, key);

    return text && (str_equal(text, "true") || str_equal(text, "1"));
}

static char *copy_of(const char *text)
{
    return text ? xstrdup(text) : NULL;
}

static struct watcher *watcher_new(struct call *c)
{
    struct watcher *w = xcalloc(1, sizeof *w);
    const int64_t now = clock_mono_ms();

    *w = (struct watcher){.v = c->v,
                          .kind = c->kind,
                          .ns = xstrdup(c->ns),
                          .labels = copy_of(call_query(c, "labelSelector")),
                          .fields = copy_of(call_query(c, "fieldSelector")),
                          .bookmarks = says_true(c, "allowWatchBookmarks"),
                          .table = view_table_wanted(c),
                          .end_ms = now + timeout_ms(c),
                          .bookmark_ms = now + BOOKMARK_MS,
                          .next = c->v->watchers};
    c->v->watchers = w;
    return w;
}

static void end(struct watcher *w)
{
    unlink_watcher(w);
    server_stream_end(w->stream);
    watcher_free(w);
}

void watch_begin(struct call *c)
{
    const struct selector_text s = {call_query(c, "labelSelector"), call_query(c, "fieldSelector")};
    const char *text = call_query(c, "resourceVersion");
    const int64_t rv = text ? strtoll(text, NULL, 10) : 0;
    const bool initial = says_true(c, "sendInitialEvents");
    struct watcher *w;

    if (!select_valid(c, &s))
        return;
    w = watcher_new(c);
    w->stream = server_stream_begin(c->http, c->reply, "application/json", on_closed, w);
    if (initial || rv == 0) {
        send_all(w);
        if (initial)
            send_bookmark(w, true);
    } else if (!send_since(w, rv)) {
        send_too_old(w);
        end(w);
    }
}

void watch_turn(struct serve *v)
{
    const int64_t now = clock_mono_ms();
    struct watcher *next;

    for (struct watcher *w = v->watchers; w; w = next) {
        next = w->next;
        if (now >= w->end_ms)
            end(w);
        else if (w->bookmarks && now >= w->bookmark_ms)
            send_bookmark(w, false);
    }
}

void watch_free(struct serve *v)
{
    while (v->watchers)
        end(v->watchers);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* ctl_fixture.h - the operator's shell without its main: caches, store, queue and passes, before
 * an API server of our own that holds one Rollout's objects, notes every request, and fails on
 * demand. Watches stay open and say nothing unless told. */
#ifndef SLUICE_TESTS_UNIT_CTL_FIXTURE_H
#define SLUICE_TESTS_UNIT_CTL_FIXTURE_H

#include "../../src/ctl/ctl.h"
#include "check.h"
#include "sluice/json/jfmt.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <stdio.h>

#define FAKE_OBJECTS  32
#define FAKE_FAILURES 8
#define FAKE_WATCHES  16

struct fake_object {
    char path[256];   /* "/apis/apps/v1/namespaces/shop/deployments/web"; "" when unused */
    const char *meta; /* members of metadata but the resourceVersion; arena */
    char *json;
};

struct fake {
    struct ctl ctl;
    struct kube_config config;
    struct arena arena;
    struct evhttp *http;
    char url[64];
    struct fake_object objects[FAKE_OBJECTS];
    long rv;
    struct strbuf log; /* "PATCH /path;" of every write, "GET /path;" of every read by name */
    /* The next requests whose text ("PATCH /apis/...") begins so are answered with code and body;
     * an answer with `commit` comes after the write was done. */
    struct fake_failure {
        const char *begins;
        int code;
        const char *body;
        bool commit;
        bool silent; /* the connection ends without an answer */
        bool hangs;  /* no answer ever */
    } failures[FAKE_FAILURES];
    struct {
        struct evhttp_request *req;
        char path[256];
    } watches[FAKE_WATCHES];
    bool mute; /* writes are not told to the watches */
    size_t lists_of_pods;
    struct strbuf reads;                               /* "GET /path;" of every read but watches */
    void (*on_read)(struct fake *f, const char *path); /* before it is answered; NULL: none */
};

static inline struct fake_object *fake_find(struct fake *f, const char *path)
{
    for (size_t i = 0; i < FAKE_OBJECTS; i++)
        if (f->objects[i].json && strcmp(f->objects[i].path, path) == 0)
            return &f->objects[i];
    return NULL;
}

/* Does the collection `list` ("/apis/apps/v1/deployments", or of a namespace) hold `path`? */
static inline bool fake_holds(const char *list, const char *path)
{
    const char *plural = strrchr(list, '/'), *end = strrchr(path, '/');
    const char *kind = end;

    while (kind > path && kind[-1] != '/')
        kind--;
    return strlen(plural + 1) == (size_t)(end - kind) &&
           strncmp(plural + 1, kind, (size_t)(end - kind)) == 0;
}

static inline void fake_tell(struct fake *f, const char *type, const char *path, const char *json)
{
    for (size_t i = 0; i < FAKE_WATCHES; i++) {
        struct evbuffer *line;
        if (!f->watches[i].req || !fake_holds(f->watches[i].path, path))
            continue;
        line = evbuffer_new();
        evbuffer_add_printf(line, "{\"type\":\"%s\",\"object\":%s}\n", type, json);
        evhttp_send_reply_chunk(f->watches[i].req, line);
        evbuffer_free(line);
    }
}

/* The object at `path`, in a new version: members of its metadata, and what follows metadata. */
static inline const char *fake_put(struct fake *f, const char *path, const char *meta,
                                   const char *rest)
{
    struct fake_object *o = fake_find(f, path);
    const bool known = o != NULL;

    for (size_t i = 0; !o && i < FAKE_OBJECTS; i++)
        if (!f->objects[i].json)
            o = &f->objects[i];
    CHECK(o, "no room for %s", path);
    snprintf(o->path, sizeof(o->path), "%s", path);
    free(o->json);
    o->meta = arena_strdup(&f->arena, meta);
    o->json = xstrdup(json_fmt(&f->arena, "{'metadata':{%r,'resourceVersion':'%l'},%r}", o->meta,
                               (int64_t)++f->rv, rest));
    if (!f->mute)
        fake_tell(f, known ? "MODIFIED" : "ADDED", path, o->json);
    return o->json;
}

static inline const struct fake_failure *fake_failing(struct fake *f, const char *text)
{
    static struct fake_failure found;

    for (size_t i = 0; i < FAKE_FAILURES; i++) {
        struct fake_failure *failure = &f->failures[i];
        if (!failure->begins || strncmp(text, failure->begins, strlen(failure->begins)) != 0)
            continue;
        found = *failure;
        *failure = (struct fake_failure){0};
        return &found;
    }
    return NULL;
}

static inline void fake_fail_next(struct fake *f, struct fake_failure failure)
{
    size_t i = 0;

    while (f->failures[i].begins)
        i++;
    f->failures[i] = failure;
}

static inline void fake_reply(struct evhttp_request *req, int code, const char *body)
{
    struct evbuffer *out = evbuffer_new();

    evbuffer_add(out, body, strlen(body));
    evhttp_send_reply(req, code, NULL, out);
    evbuffer_free(out);
}

static inline void fake_list(struct fake *f, struct evhttp_request *req, const char *path)
{
    struct evbuffer *out = evbuffer_new();
    const char *comma = "";

    f->lists_of_pods += fake_holds(path, "/pods/");
    evbuffer_add_printf(out, "{\"metadata\":{\"resourceVersion\":\"%ld\"},\"items\":[", f->rv);
    for (size_t i = 0; i < FAKE_OBJECTS; i++) {
        if (!f->objects[i].json || !fake_holds(path, f->objects[i].path))
            continue;
        evbuffer_add_printf(out, "%s%s", comma, f->objects[i].json);
        comma = ",";
    }
    evbuffer_add_printf(out, "]}");
    evhttp_send_reply(req, 200, NULL, out);
    evbuffer_free(out);
}

static inline void fake_watch(struct fake *f, struct evhttp_request *req, const char *path)
{
    size_t i = 0;

    while (f->watches[i].req)
        i++;
    f->watches[i].req = req;
    snprintf(f->watches[i].path, sizeof(f->watches[i].path), "%s", path);
    evhttp_send_reply_start(req, 200, NULL);
}

/* A status written with server-side apply takes the old one's place; other writes change nothing
 * but the version. NULL: there is no such object. */
static inline const char *fake_write(struct fake *f, const char *path, const char *body, size_t len)
{
    const size_t tail = strlen("/status"), all = strlen(path);
    const bool of_status = all > tail && strcmp(path + all - tail, "/status") == 0;
    const struct fake_object *o =
        fake_find(f, arena_strndup(&f->arena, path, of_status ? all - tail : all));
    struct jslice spec, status;

    if (!o)
        return NULL;
    spec = json_slice(o->json, strlen(o->json), "spec");
    status = of_status ? json_slice(body, len, "status")
                       : json_slice(o->json, strlen(o->json), "status");
    return fake_put(f, arena_strdup(&f->arena, o->path), o->meta,
                    arena_printf(&f->arena, "\"spec\":%.*s,\"status\":%.*s", (int)spec.len, spec.p,
                                 status.p ? (int)status.len : 2, status.p ? status.p : "{}"));
}

static inline const char *fake_body(struct evhttp_request *req, size_t *len)
{
    struct evbuffer *in = evhttp_request_get_input_buffer(req);

    *len = evbuffer_get_length(in);
    return *len ? (const char *)evbuffer_pullup(in, -1) : "";
}

static inline void fake_answer_write(struct fake *f, struct evhttp_request *req, const char *path,
                                     const struct fake_failure *failure)
{
    static const char not_found[] = "{\"kind\":\"Status\",\"reason\":\"NotFound\",\"code\":404}";
    size_t len;
    const char *body = fake_body(req, &len), *json = NULL;

    if (!failure || failure->commit)
        json = fake_write(f, path, body, len);
    if (failure)
        fake_reply(req, failure->code, failure->body);
    else
        fake_reply(req, json ? 200 : 404, json ? json : not_found);
}

static inline void fake_note_read(struct fake *f, const char *path)
{
    strbuf_addf(&f->reads, "GET %s;", path);
    if (f->on_read)
        f->on_read(f, path);
}

/* Names end in "web" or begin with it: a path without it is a collection's. */
static inline void fake_answer_read(struct fake *f, struct evhttp_request *req, const char *path,
                                    const struct fake_failure *failure)
{
    const char *query = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(req));
    const bool watch = query && strstr(query, "watch=");
    const struct fake_object *o;

    if (!watch)
        fake_note_read(f, path);
    o = fake_find(f, path);
    if (failure)
        fake_reply(req, failure->code, failure->body);
    else if (watch)
        fake_watch(f, req, path);
    else if (o)
        fake_reply(req, 200, o->json);
    else if (strstr(path, "/web"))
        fake_reply(req, 404, "{\"kind\":\"Status\",\"reason\":\"NotFound\",\"code\":404}");
    else
        fake_list(f, req, path);
}

static inline void fake_answer(struct evhttp_request *req, void *arg)
{
    struct fake *f = arg;
    const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(req));
    const bool read = evhttp_request_get_command(req) == EVHTTP_REQ_GET;
    const char *text = arena_printf(&f->arena, "%s %s", read ? "GET" : "PATCH", path);
    const struct fake_failure *failure = fake_failing(f, text);

    if (!read || fake_find(f, path))
        strbuf_addf(&f->log, "%s;", text);
    if (failure && failure->silent)
        evhttp_connection_free(evhttp_request_get_connection(req));
    if (failure && (failure->silent || failure->hangs))
        return;
    if (read)
        fake_answer_read(f, req, path, failure);
    else
        fake_answer_write(f, req, path, failure);
}

/* ---- the operator ---------------------------------------------------------------------------- */

static inline void fake_pump(void *arg)
{
    passes_pump(arg);
}

static inline int fake_port(evutil_socket_t fd)
{
    struct sockaddr_in in = {0};
    socklen_t len = sizeof(in);

    getsockname(fd, (struct sockaddr *)&in, &len);
    return ntohs(in.sin_port);
}

static inline void fake_nothing(void *arg UNUSED) {}

static inline void fake_open(struct fake *f)
{
    struct store_listener listener = ctl_store_listener;
    struct ctl *c = &f->ctl;
    struct err e = {0};
    struct evhttp_bound_socket *bound;

    log_set_level(LOG_ERROR);
    *f = (struct fake){.rv = 100, .log.max = 64 * 1024, .reads.max = 64 * 1024};
    c->loop = loop_new();
    f->http = evhttp_new(loop_base(c->loop));
    evhttp_set_allowed_methods(f->http, EVHTTP_REQ_GET | EVHTTP_REQ_PATCH | EVHTTP_REQ_POST);
    evhttp_set_gencb(f->http, fake_answer, f);
    bound = evhttp_bind_socket_with_handle(f->http, "127.0.0.1", 0);
    snprintf(f->url, sizeof(f->url), "http://127.0.0.1:%d",
             fake_port(evhttp_bound_socket_get_fd(bound)));
    f->config.server = f->url;
    f->config.proxy_url = "";
    c->client = kube_client_new(c->loop, &f->config, "test", &e);
    CHECK(c->client, "%s", e.text);
    listener.arg = c;
    c->store = store_new(&listener);
    c->queue = queue_new(1);
    c->pump = loop_timer(c->loop, SECOND_MS, fake_pump, c);
    c->housekeeping = loop_timer(c->loop, HOUR_MS, fake_nothing, c);
    c->runner = runner_new(c);
    c->prover = prover_new(c);
    c->leading = true;
}

static inline void fake_close(struct fake *f)
{
    struct ctl *c = &f->ctl;

    passes_stop(c, true);
    timer_cancel(c->pump);
    timer_cancel(c->housekeeping);
    c->pump = NULL;
    caches_free(c);
    keys_release(c);
    prover_free(c->prover);
    gate_runner_free(c->runner);
    queue_free(c->queue);
    store_free(c->store);
    kube_client_free(c->client);
    evhttp_free(f->http);
    for (size_t i = 0; i < FAKE_OBJECTS; i++)
        free(f->objects[i].json);
    strbuf_release(&f->log);
    strbuf_release(&f->reads);
    arena_release(&f->arena);
    loop_free(c->loop);
}

#endif

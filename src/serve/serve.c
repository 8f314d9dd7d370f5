/* SPDX-License-Identifier: Apache-2.0 */
/* serve.c - the whole: begin, the clock, the end; manifests that are there from the start. */
#include "calls.h"
#include "sluice/json/yaml.h"

#include <stdlib.h>
#include <string.h>

#define TURN_MS        SIM_TICK_MS
#define TURN_MAX_MS    100 /* of a turn's work: callers wait meanwhile, and SIGTERM */
#define IDLE_S         3600
#define REQUESTS_PER_S 100
#define POD_START_MS   INT64_C(1000)
#define POD_STOP_MS    INT64_C(1000)

static const char *const namespaces[] = {"default", "kube-system", "sluice-system"};

/* ---- the clock ------------------------------------------------------------------------------- */

static void on_turn(void *arg)
{
    struct serve *v = arg;
    const int64_t now = clock_mono_ms();
    const double speed = v->opt.speed;
    const int64_t ticks = (int64_t)((double)(now - v->real_ms) * speed) / SIM_TICK_MS;
    int64_t done = 0;

    for (; done < ticks && clock_mono_ms() - now < TURN_MAX_MS; done++)
        realms_tick(v);
    /* A machine that slept, or is too slow for what there is, does not catch up. */
    v->real_ms = done < ticks ? clock_mono_ms()
                              : v->real_ms + (int64_t)((double)(ticks * SIM_TICK_MS) / speed);
    if (v->collect_due)
        write_collect(v);
    watch_turn(v);
    timer_move(v->timer, TURN_MS);
}

/* ---- manifests ------------------------------------------------------------------------------- */

static bool create_one(struct serve *v, const struct yaml_doc *d, struct err *e)
{
    auto_json cJSON *doc = json_parse(d->json, d->json_len, e);
    const struct served_kind *k = doc ? kind_of_manifest(doc) : NULL;
    const char *ns = json_str(doc, "metadata.namespace");
    const struct server_request http = {.method = "POST",
                                        .path = "",
                                        .query = "",
                                        .content_type = "application/json",
                                        .accept = "",
                                        .body = d->json,
                                        .body_len = d->json_len};
    struct server_reply reply = {.code = 200};
    struct arena a;
    struct call c = {.v = v, .a = &a, .http = &http, .reply = &reply, .kind = k, .sub = ""};

    if (!doc)
        return false;
    if (!k)
        return err_set(e, ERR_INVALID, "%s %s: not a kind that is served here",
                       json_str(doc, "apiVersion"), json_str(doc, "kind"));
    arena_init(&a);
    strbuf_init(&reply.body, SIZE_MAX / 4);
    c.ns = k->flags & K_NAMESPACED ? (ns ? ns : "default") : "";
    c.name = json_str(doc, "metadata.name");
    write_create(&c);
    arena_release(&a);
    if (reply.code >= 300 && reply.code != 409)
        err_set(e, ERR_INVALID, "%.400s", strbuf_str(&reply.body));
    strbuf_release(&reply.body);
    return reply.code < 300 || reply.code == 409;
}

bool serve_apply(struct serve *v, const char *text, size_t len, struct err *e)
{
    struct yaml_doc *docs = NULL;
    size_t count = 0;
    struct arena a;
    bool ok;

    arena_init(&a);
    ok = yaml_read(&a, text, len, &docs, &count, e);
    for (size_t i = 0; ok && i < count; i++)
        ok = create_one(v, &docs[i], e);
    arena_release(&a);
    return ok;
}

static bool create_namespaces(struct serve *v, struct err *e)
{
    bool ok = true;
    struct arena a;

    arena_init(&a);
    for (size_t i = 0; i < COUNT(namespaces) && ok; i++) {
        const char *text = json_fmt(
            &a, "{'apiVersion':'v1','kind':'Namespace','metadata':{'name':%q}}", namespaces[i]);

        ok = serve_apply(v, text, strlen(text), e);
    }
    arena_release(&a);
    return ok;
}

/* ---- begin and end --------------------------------------------------------------------------- */

static int64_t or_else(int64_t value, int64_t dflt)
{
    return value ? value : dflt;
}

static void options(struct serve *v, const struct serve_options *o)
{
    v->opt = *o;
    if (!(v->opt.speed > 0))
        v->opt.speed = 1;
    v->opt.requests_per_s = (int)or_else(o->requests_per_s, REQUESTS_PER_S);
    v->opt.sim.pod_start_ms = or_else(o->sim.pod_start_ms, POD_START_MS);
    v->opt.sim.pod_stop_ms = or_else(o->sim.pod_stop_ms, POD_STOP_MS);
    v->opt.sim.never_ready = o->sim.never_ready ? xstrdup(o->sim.never_ready) : NULL;
}

static bool listen_all(struct serve *v, struct err *e)
{
    static struct server_handler handlers[] = {
        {"/healthz", http_alive, NULL}, {"/livez", http_alive, NULL},
        {"/readyz", http_alive, NULL},  {"/version", http_request, NULL},
        {"/api", http_request, NULL},   {"/api/", http_request, NULL},
        {"/apis", http_request, NULL},  {"/apis/", http_request, NULL},
        {"/sim/", http_request, NULL},  {"/openapi/", http_request, NULL},
    };
    struct serve_keys keys = serve_keys_new();
    const struct server_pem pem = {keys.cert, strlen(keys.cert), keys.key, strlen(keys.key)};
    bool ok;

    for (size_t i = 0; i < COUNT(handlers); i++)
        handlers[i].arg = v;
    v->server =
        server_new_tls(v->loop, "127.0.0.1", v->opt.port, &pem, handlers, COUNT(handlers), e);
    ok = v->server != NULL;
    if (ok)
        server_open_up(v->server, BODY_BYTES_MAX, IDLE_S);
    if (ok && v->opt.metrics_port >= 0)
        ok = (v->metrics = metrics_listen(v, e)) != NULL;
    v->ca = keys.ca;
    keys.ca = NULL;
    serve_keys_release(&keys);
    return ok;
}

struct serve *serve_new(struct loop *loop, const struct serve_options *o, struct err *e)
{
    struct serve *v = xcalloc(1, sizeof *v);

    v->loop = loop;
    v->end = &v->objects;
    v->rv = 1;
    v->now_ms = clock_wall_ms();
    v->real_ms = clock_mono_ms();
    v->token = serve_token();
    v->operator_token = serve_token();
    options(v, o);
    v->timer = loop_timer(loop, TURN_MS, on_turn, v);
    if (create_namespaces(v, e) && listen_all(v, e))
        return v;
    serve_free(v);
    return NULL;
}

static void free_texts(struct map *m)
{
    const char *key;
    void *value;

    for (size_t i = 0; map_next(m, &i, &key, &value);)
        free(value);
    map_release(m);
}

void serve_free(struct serve *v)
{
    if (!v)
        return;
    v->closing = true;
    watch_free(v);
    server_free(v->server);
    server_free(v->metrics);
    timer_cancel(v->timer);
    clients_free(v);
    doors_free(v);
    realms_free(v);
    store_free(v);
    free_texts(&v->applied);
    map_release(&v->errors);
    free((void *)(uintptr_t)v->opt.sim.never_ready);
    free(v->ca);
    free(v->token);
    free(v->operator_token);
    free(v);
}

int serve_port(const struct serve *v)
{
    return server_port(v->server);
}

int serve_metrics_port(const struct serve *v)
{
    return v->metrics ? server_port(v->metrics) : -1;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* knobs.c - /sim/...: what became of the requests, and what goes wrong; a little of Prometheus. */
#include "calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_DEFAULT_MS MINUTE_MS

static void done(struct call *c)
{
    call_text(c, 200, "{\"done\":true}\n");
}

/* ---- what goes wrong ------------------------------------------------------------------------- */

/* POST /sim/errors?version=v2&percent=25 */
static void errors(struct call *c)
{
    const char *version = call_query(c, "version"), *percent = call_query(c, "percent");

    if (!version || !percent) {
        call_refuse(c, 400, "BadRequest", "give version= and percent=");
        return;
    }
    map_put(&c->v->errors, version, (void *)(intptr_t)strtol(percent, NULL, 10));
    done(c);
}

/* POST /sim/never-ready?version=v2: pods that start from now on; "" ends it. */
static void never_ready(struct call *c)
{
    const char *version = call_query(c, "version");
    char *text = str_empty(version) ? NULL : xstrdup(arena_printf(c->a, ":%s", version));

    for (struct realm *r = c->v->realms; r; r = r->next)
        r->s.opt.never_ready = text;
    free((void *)(uintptr_t)c->v->opt.sim.never_ready);
    c->v->opt.sim.never_ready = text;
    done(c);
}

/* POST /sim/metrics?down=true */
static void metrics(struct call *c)
{
    c->v->metrics_down = str_equal(call_query(c, "down"), "true");
    done(c);
}

static void requests(struct call *c)
{
    call_text(c, 200, clients_text(c->v, c->a));
}

static void forget(struct call *c)
{
    clients_free(c->v);
    done(c);
}

static const struct knob {
    const char *method, *path;
    void (*turn)(struct call *c);
} all[] = {
    {"GET", "/sim/requests", requests}, {"POST", "/sim/forget", forget},
    {"POST", "/sim/errors", errors},    {"POST", "/sim/never-ready", never_ready},
    {"POST", "/sim/metrics", metrics},
};

bool knobs(struct call *c)
{
    if (strncmp(c->http->path, "/sim/", 5) != 0)
        return false;
    for (size_t i = 0; i < COUNT(all); i++) {
        if (str_equal(all[i].path, c->http->path) && str_equal(all[i].method, c->http->method)) {
            all[i].turn(c);
            return true;
        }
    }
    call_refuse(c, 404, "NotFound", "%s %s: there is no such knob", c->http->method, c->http->path);
    return true;
}

/* ---- a little of Prometheus ------------------------------------------------------------------ */

/* What stands between `begin` and `end`, arena text; NULL: not there. */
static const char *between(struct arena *a, const char *text, const char *begin, char end)
{
    const char *at = strstr(text, begin), *stop;

    if (!at)
        return NULL;
    at += strlen(begin);
    stop = strchr(at, end);
    return stop ? arena_strndup(a, at, (size_t)(stop - at)) : NULL;
}

static int64_t window_of(struct arena *a, const char *query)
{
    const char *text = between(a, query, "[", ']');
    int64_t ms;

    return text && duration_parse(text, &ms) ? ms : WINDOW_DEFAULT_MS;
}

/* Any query is taken for the one that canaries ask: which part of their answers, by the pods that
 * it names, were errors. */
static void query(struct call *c)
{
    const char *text = call_query(c, "query");
    const char *pods = text ? between(c->a, text, "pod=~\"", '"') : NULL;
    const double ratio =
        text ? clients_error_ratio(c->v, pods ? pods : "", window_of(c->a, text)) : -1;
    const char *sample = "";

    if (ratio >= 0)
        sample = arena_printf(c->a, "{\"metric\":{},\"value\":[%.3f,\"%.6f\"]}",
                              (double)clock_wall_ms() / 1000, ratio);
    call_text(c, 200,
              json_fmt(c->a, "{'status':'success','data':{'resultType':'vector','result':[%r]}}",
                       sample));
}

static void on_metrics(const struct server_request *req, struct server_reply *reply, void *arg)
{
    struct arena a;
    struct call c = {
        .v = arg, .a = &a, .http = req, .reply = reply, .ns = "", .name = "", .sub = ""};

    arena_init(&a);
    if (c.v->metrics_down)
        call_refuse(&c, 503, "ServiceUnavailable", "the metrics are down");
    else
        query(&c);
    arena_release(&a);
}

static void on_knob(const struct server_request *req, struct server_reply *reply, void *arg)
{
    struct arena a;
    struct call c = {
        .v = arg, .a = &a, .http = req, .reply = reply, .ns = "", .name = "", .sub = ""};

    arena_init(&a);
    knobs(&c);
    arena_release(&a);
}

/* The knobs too: for scripts without a client of the API. */
struct server *metrics_listen(struct serve *v, struct err *e)
{
    static struct server_handler handlers[] = {{"/api/v1/query", on_metrics, NULL},
                                               {"/sim/", on_knob, NULL}};
    struct server *s;

    for (size_t i = 0; i < COUNT(handlers); i++)
        handlers[i].arg = v;
    s = server_new(v->loop, "127.0.0.1", v->opt.metrics_port, handlers, COUNT(handlers), e);
    if (s)
        server_open_up(s, BODY_BYTES_MAX, HOUR_MS / SECOND_MS);
    return s;
}

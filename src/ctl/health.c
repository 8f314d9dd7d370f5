/* SPDX-License-Identifier: Apache-2.0 */
/* health.c - /livez, /healthz, /readyz, /metrics (C79). */
#include "ctl.h"
#include "sluice/net/server.h"

#include <stdlib.h>
#include <string.h>

#define HANDLERS 4

struct health {
    struct server *server;
    struct server_handler handlers[HANDLERS];
};

/* The loop answers, so it runs; what is left to doubt is a lease that we believe in too long. Never
 * the API server: a restart of ours does not heal it. */
static void live(const struct server_request *req, struct server_reply *reply, void *arg)
{
    const struct ctl *c = arg;

    (void)req;
    if (!c->lease || lease_alive(c->lease)) {
        strbuf_adds(&reply->body, "ok\n");
        return;
    }
    reply->code = 503;
    strbuf_adds(&reply->body, "leads beyond its lease\n");
}

/* A standby is ready too: its caches are warm. */
static void ready(const struct server_request *req, struct server_reply *reply, void *arg)
{
    const struct ctl *c = arg;

    (void)req;
    if (c->stopping) {
        reply->code = 503;
        strbuf_adds(&reply->body, "stopping\n");
        return;
    }
    if (!caches_ready(c))
        reply->code = 503;
    strbuf_adds(&reply->body, caches_ready(c) ? "ok\n" : "caches are not synced\n");
    caches_trouble(c, &reply->body);
    if (c->lease) {
        strbuf_addf(&reply->body, "%s\n", c->leading ? "leads" : "stands by");
        if (*lease_trouble(c->lease))
            strbuf_addf(&reply->body, "lease: %s\n", lease_trouble(c->lease));
    }
}

static void metrics(const struct server_request *req, struct server_reply *reply, void *arg)
{
    (void)req;
    reply->content_type = "text/plain; version=0.0.4; charset=utf-8";
    metrics_write(arg, &reply->body);
}

/* The default "::" also takes IPv4, but a host without IPv6 has no such address. */
static struct server *listen_on(struct ctl *c, const struct health *h, struct err *e)
{
    const struct app_options *o = &c->options;
    struct err no_ipv6 = {0};
    struct server *server;

    if (!str_equal(o->listen_address, "::"))
        return server_new(c->loop, o->listen_address, o->listen_port, h->handlers, HANDLERS, e);
    server = server_new(c->loop, "::", o->listen_port, h->handlers, HANDLERS, &no_ipv6);
    if (server)
        return server;
    return server_new(c->loop, "0.0.0.0", o->listen_port, h->handlers, HANDLERS, e);
}

struct health *health_new(struct ctl *c, struct err *e)
{
    const struct server_handler handlers[HANDLERS] = {
        {.path = "/livez", .fn = live, .arg = c},
        {.path = "/healthz", .fn = live, .arg = c},
        {.path = "/readyz", .fn = ready, .arg = c},
        {.path = "/metrics", .fn = metrics, .arg = c},
    };
    struct health *h = xcalloc(1, sizeof(*h));

    memcpy(h->handlers, handlers, sizeof(handlers));
    h->server = listen_on(c, h, e);
    if (!h->server) {
        free(h);
        return NULL;
    }
    return h;
}

void health_free(struct health *h)
{
    if (!h)
        return;
    server_free(h->server);
    free(h);
}

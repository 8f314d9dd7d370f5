/* SPDX-License-Identifier: Apache-2.0 */
/* doors.c - ready pods answer HTTP at their address, for probes. It needs an address that is this
 * machine's: in a network namespace, ip route add local 198.18.0.0/16 dev lo. */
#include "parts.h"
#include "sluice/base/log.h"

#include <stdlib.h>

#define PORT_DEFAULT 8080
#define PATHS        3

struct door {
    struct realm *realm;
    char *pod;
    struct server_handler handlers[PATHS];
    struct server *server;
    struct door *next;
};

static void on_ready(const struct server_request *req, struct server_reply *reply, void *arg)
{
    const struct door *d = arg;
    const struct sim_pod *p = realm_pod(d->realm, d->pod);

    (void)req;
    reply->code = p && p->ready ? 200 : 503;
    strbuf_adds(&reply->body, reply->code == 200 ? "ok\n" : "not ready\n");
}

static void on_health(const struct server_request *req, struct server_reply *reply, void *arg)
{
    const struct door *d = arg;
    const struct sim_pod *p = realm_pod(d->realm, d->pod);

    (void)req;
    reply->code = p && !pod_env(d->realm, p, "FAIL_HEALTH") ? 200 : 500;
    strbuf_adds(&reply->body, reply->code == 200 ? "ok\n" : "sick\n");
}

static int port_of(const struct realm *r, const struct sim_pod *p)
{
    const cJSON *all = pod_containers(r, p);
    const cJSON *ports = all && all->child ? json_key(all->child, "ports") : NULL;

    return (int)json_i64(ports ? ports->child : NULL, "containerPort", PORT_DEFAULT);
}

static void door_free(struct door *d)
{
    server_free(d->server);
    free(d->pod);
    free(d);
}

static void open_door(struct realm *r, const struct sim_pod *p)
{
    struct serve *v = r->v;
    struct door *d = xcalloc(1, sizeof *d);
    struct err e = {0};
    char address[24];

    *d = (struct door){
        .realm = r,
        .pod = xstrdup(p->name),
        .handlers = {{"/", on_ready, d}, {"/readyz", on_ready, d}, {"/healthz", on_health, d}}};
    pod_address(p->name, address);
    d->server = server_new(v->loop, address, port_of(r, p), d->handlers, PATHS, &e);
    if (!d->server) {
        log_info("pods answer no probes", "reason", e.text, NULL);
        v->no_doors = true;
        door_free(d);
        return;
    }
    d->next = v->doors;
    v->doors = d;
}

static bool has_door(const struct realm *r, const struct sim_pod *p)
{
    for (const struct door *d = r->v->doors; d; d = d->next) {
        if (d->realm == r && str_equal(d->pod, p->name))
            return true;
    }
    return false;
}

void doors_sync(struct realm *r)
{
    struct door **at = &r->v->doors;

    while (*at) {
        struct door *d = *at;

        if (d->realm == r && !realm_pod(r, d->pod)) {
            *at = d->next;
            door_free(d);
        } else {
            at = &d->next;
        }
    }
    for (size_t i = 0; i < r->s.pod_count && !r->v->no_doors; i++) {
        if (r->s.pods[i].ready && !has_door(r, &r->s.pods[i]))
            open_door(r, &r->s.pods[i]);
    }
}

void doors_free(struct serve *v)
{
    while (v->doors) {
        struct door *d = v->doors;

        v->doors = d->next;
        door_free(d);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* world.c - what a planner may see of the simulated cluster. */
#include "sluice/sim/sim.h"

#define LIST_MAX 64

struct maker {
    const struct sim_sight *sight;
    struct arena *a;
    struct world *w;
    const void *rs[LIST_MAX], *services[LIST_MAX], *slices[LIST_MAX], *routes[LIST_MAX];
    const struct pod *pods[4 * LIST_MAX];
};

static bool is_for(const struct maker *m, const struct service *v)
{
    const struct rollout_status *st = &m->w->rollout->status;
    const struct rollout_spec *spec = &m->w->rollout->spec;
    const char *const named[] = {spec->active_service, spec->preview_service, spec->stable_service,
                                 spec->canary_service};

    for (size_t i = 0; i < COUNT(named); i++) {
        if (named[i] && str_equal(v->meta.name, named[i]))
            return true;
    }
    for (int i = 0; i < st->pin_count; i++) {
        if (str_equal(st->pins[i].service, v->meta.name))
            return true;
    }
    return (m->w->dep && service_selects(v, m->w->dep)) || v->created_for;
}

static void put(const void **list, size_t *count, const void *item)
{
    if (*count < LIST_MAX)
        list[(*count)++] = item;
}

static void add_replicasets(struct maker *m)
{
    const struct deployment *d = m->w->dep;

    for (struct sim_object *o = m->sight->of[SIM_REPLICASET]->objects; d && o; o = o->next) {
        const struct replicaset *rs = o->kind == SIM_REPLICASET ? sim_view(o) : NULL;

        if (rs && (str_equal(rs->deployment_uid, d->meta.uid) || str_equal(rs->of, d->meta.name)))
            put(m->rs, &m->w->rs_count, rs);
    }
}

static void add_services(struct maker *m)
{
    for (struct sim_object *o = m->sight->of[SIM_SERVICE]->objects; o; o = o->next) {
        if (o->kind == SIM_SERVICE && is_for(m, sim_view(o)))
            put(m->services, &m->w->service_count, sim_view(o));
    }
}

static void add_all(struct maker *m, enum sim_kind kind, const void **list, size_t *count)
{
    for (struct sim_object *o = m->sight->of[kind]->objects; o; o = o->next) {
        if (o->kind == kind)
            put(list, count, sim_view(o));
    }
}

static void add_pods(struct maker *m)
{
    static const struct port http = {"http", 8080};
    const struct sim *s = m->sight->of[SIM_REPLICASET];

    for (size_t i = 0; i < s->pod_count && m->w->pod_count < COUNT(m->pods); i++) {
        struct pod *p;

        if (s->pods[i].gone_at_ms)
            continue;
        p = ARENA_NEW(m->a, struct pod);
        p->meta.name = arena_strdup(m->a, s->pods[i].name);
        p->meta.ns = "default";
        p->revision = arena_strdup(m->a, s->pods[i].revision);
        p->ip = "198.18.0.1";
        p->ready = s->pods[i].ready;
        p->phase = "Running";
        p->ports = m->w->dep && m->w->dep->port_count ? m->w->dep->ports : &http;
        p->port_count = m->w->dep && m->w->dep->port_count ? m->w->dep->port_count : 1;
        m->pods[m->w->pod_count++] = p;
    }
}

static void add_fence(struct maker *m)
{
    struct sim_object *o = m->w->dep ? sim_find(m->sight->of[SIM_FENCE], SIM_FENCE,
                                                name_fence(m->a, m->w->dep->meta.name))
                                     : NULL;

    m->w->fence = o ? sim_view(o) : NULL;
}

struct world *sim_sight_world(const struct sim_sight *sight, struct arena *a, const char *rollout)
{
    struct sim_object *o = sim_find(sight->of[SIM_ROLLOUT], SIM_ROLLOUT, rollout);
    struct maker *m = ARENA_NEW(a, struct maker);
    struct world *w = ARENA_NEW(a, struct world);

    if (!o)
        return NULL;
    *m = (struct maker){.sight = sight, .a = a, .w = w};
    w->rollout = sim_view(o);
    o = sim_find(sight->of[SIM_DEPLOYMENT], SIM_DEPLOYMENT, w->rollout->spec.target);
    w->dep = o ? sim_view(o) : NULL;
    add_replicasets(m);
    add_fence(m);
    add_services(m);
    add_all(m, SIM_SLICE, m->slices, &w->slice_count);
    add_all(m, SIM_ROUTE, m->routes, &w->route_count);
    add_pods(m);
    w->rs = (const struct replicaset *const *)m->rs;
    w->services = (const struct service *const *)m->services;
    w->slices = (const struct slice *const *)m->slices;
    w->routes = (const struct route *const *)m->routes;
    w->pods = m->pods;
    w->pods_of = ""; /* all of them */
    w->brake.state = sight->of[SIM_ROLLOUT]->opt.no_policies ? BRAKE_NOT_SERVED : BRAKE_PROVED;
    w->brake.at_ms = sight->of[SIM_ROLLOUT]->now_ms;
    return w;
}

struct world *sim_world(struct sim *s, struct arena *a, const char *rollout)
{
    struct sim_sight now;

    for (int i = 0; i < SIM_KIND_COUNT; i++)
        now.of[i] = s;
    return sim_sight_world(&now, a, rollout);
}

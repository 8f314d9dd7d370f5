/* SPDX-License-Identifier: Apache-2.0 */
/* world.c - what a planner may see of the simulated cluster, and the loop around it. */
#include "sluice/sim/sim.h"

#include <stdlib.h>
#include <string.h>

#define LIST_MAX 64

struct raw {
    char *p;
    size_t len;
};

static struct raw raw_of(struct arena *a, const struct sim_object *o)
{
    char *text = json_print(o->doc);
    struct raw r = {arena_strdup(a, text), strlen(text)};

    free(text);
    return r;
}

struct maker {
    struct sim *s;
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

static void add(struct maker *m, struct sim_object *o)
{
    const struct raw r = raw_of(m->a, o);
    const struct deployment *d = m->w->dep;

    if (o->kind == SIM_REPLICASET && d && m->w->rs_count < LIST_MAX) {
        const struct replicaset *rs = replicaset_read(m->a, o->doc, r.p, r.len, true);

        if (str_equal(rs->deployment_uid, d->meta.uid) || str_equal(rs->of, d->meta.name))
            m->rs[m->w->rs_count++] = rs;
    } else if (o->kind == SIM_FENCE && d) {
        if (str_equal(json_str(o->doc, "metadata.name"), name_fence(m->a, d->meta.name)))
            m->w->fence = fence_read(m->a, o->doc, r.p, r.len);
    } else if (o->kind == SIM_SERVICE && m->w->service_count < LIST_MAX) {
        const struct service *v = service_read(m->a, o->doc, r.p, r.len);

        if (is_for(m, v))
            m->services[m->w->service_count++] = v;
    } else if (o->kind == SIM_SLICE && m->w->slice_count < LIST_MAX) {
        m->slices[m->w->slice_count++] = slice_read(m->a, o->doc);
    } else if (o->kind == SIM_ROUTE && m->w->route_count < LIST_MAX) {
        m->routes[m->w->route_count++] = route_read(m->a, o->doc, r.p, r.len);
    }
}

static void add_pods(struct maker *m)
{
    static const struct port http = {"http", 8080};
    struct sim *s = m->s;

    for (size_t i = 0; i < s->pod_count && m->w->pod_count < COUNT(m->pods); i++) {
        struct pod *p = ARENA_NEW(m->a, struct pod);

        if (s->pods[i].gone_at_ms)
            continue;
        p->meta.name = s->pods[i].name;
        p->meta.ns = "default";
        p->revision = s->pods[i].revision;
        p->ip = "198.18.0.1";
        p->ready = s->pods[i].ready;
        p->phase = "Running";
        p->ports = &http;
        p->port_count = 1;
        m->pods[m->w->pod_count++] = p;
    }
}

struct world *sim_world(struct sim *s, struct arena *a, const char *rollout)
{
    struct sim_object *o = sim_find(s, SIM_ROLLOUT, rollout);
    struct maker *m = ARENA_NEW(a, struct maker);
    struct raw r;

    if (!o)
        return NULL;
    m->s = s;
    m->a = a;
    m->w = ARENA_NEW(a, struct world);
    r = raw_of(a, o);
    m->w->rollout = rollout_read(a, o->doc, r.p, r.len);
    o = sim_find(s, SIM_DEPLOYMENT, m->w->rollout->spec.target);
    if (o) {
        r = raw_of(a, o);
        m->w->dep = deployment_read(a, o->doc, r.p, r.len);
    }
    for (o = s->objects; o; o = o->next)
        add(m, o);
    add_pods(m);
    m->w->rs = (const struct replicaset *const *)m->rs;
    m->w->services = (const struct service *const *)m->services;
    m->w->slices = (const struct slice *const *)m->slices;
    m->w->routes = (const struct route *const *)m->routes;
    m->w->pods = m->pods;
    m->w->brake.state = s->opt.no_policies ? BRAKE_NOT_SERVED : BRAKE_PROVED;
    m->w->brake.at_ms = s->now_ms;
    return m->w;
}

/* Every gate that was asked has its answers at once: good, or bad for the images that are. */
static void answer(struct sim *s, struct arena *a, struct world *w, const struct plan *plan)
{
    struct reading *r = ARENA_ARRAY(a, struct reading, plan->ask_count + 1);
    bool bad = false;

    for (size_t i = 0; i < w->rs_count; i++) {
        if (s->opt.gate_bad && w->rs[i]->image && strstr(w->rs[i]->image, s->opt.gate_bad) &&
            str_equal(w->rs[i]->revision, plan->status->flight.revision))
            bad = true;
    }
    for (size_t i = 0; i < plan->ask_count; i++) {
        const struct ask *ask = &plan->asks[i];

        r[i] = (struct reading){.gate = ask->gate->name,
                                .revision = ask->revision,
                                .step = ask->step,
                                .at_ms = s->now_ms,
                                .since_ms = s->now_ms,
                                .samples = 5,
                                .good = bad ? 0 : 5,
                                .bad = bad ? 5 : 0,
                                .message = bad ? "bad" : "good"};
        if (ask->broken)
            r[i] = (struct reading){.gate = ask->gate->name};
    }
    w->readings = r;
    w->reading_count = plan->ask_count;
}

const struct plan *sim_reconcile(struct sim *s, struct arena *a, const char *rollout, int max)
{
    const struct plan *plan = NULL;

    for (int i = 0; i < max; i++) {
        struct world *w = sim_world(s, a, rollout);
        struct err e = {0};

        if (!w)
            return NULL;
        plan = plan_rollout(a, w, s->now_ms);
        answer(s, a, w, plan);
        plan = plan_rollout(a, w, s->now_ms);
        if (plan->action.act == ACT_NONE)
            break;
        if (!sim_send(s, &plan->action, &e))
            break;
    }
    return plan;
}

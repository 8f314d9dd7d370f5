/* SPDX-License-Identifier: Apache-2.0 */
/* router.c - a Gateway API router: it accepts a changed HTTPRoute some time later, and its proxies
 * send by it some time after that. */
#include "sluice/base/clock.h"
#include "sluice/json/jfmt.h"
#include "sluice/sim/sim.h"

/* ---- acceptance ------------------------------------------------------------------------------ */

static char *conditions(const struct sim *s, struct arena *a, int64_t generation)
{
    const bool ok = !s->opt.route_refused;

    return json_fmt(a,
                    "[{'type':'Accepted','status':%q,'reason':%q,'message':%q,"
                    "'observedGeneration':%l},{'type':'ResolvedRefs','status':'True','reason':"
                    "'ResolvedRefs','message':'','observedGeneration':%l}]",
                    ok ? "True" : "False", ok ? "Accepted" : "UnsupportedValue",
                    ok ? "" : "the router says no", generation, generation);
}

static void accept_route(struct sim *s, struct sim_object *o)
{
    const int64_t generation = json_i64(o->doc, "metadata.generation", 0);
    struct strbuf parents;
    struct arena a;

    arena_init(&a);
    strbuf_init(&parents, 1 << 16);
    JSON_EACH(parent, json_at(o->doc, "spec.parentRefs"))
        json_fmt_to(&parents,
                    "%r{'parentRef':{'name':%q},'controllerName':'sim.sluice.dev/router',"
                    "'conditions':%r}",
                    parents.len ? "," : "", json_str(parent, "name"),
                    conditions(s, &a, generation));
    sim_set(s, o, json_fmt(&a, "{'status':{'parents':[%r]}}", strbuf_str(&parents)));
    strbuf_release(&parents);
    arena_release(&a);
}

static void send_by(struct sim *s, struct sim_object *o)
{
    sim_version_drop(o->sent_by);
    o->sent_by = o->version;
    o->version->refs++;
    s->epoch++;
}

static void run_route(struct sim *s, struct sim_object *o)
{
    const int64_t generation = json_i64(o->doc, "metadata.generation", 0);

    if (o->seen_generation != generation) {
        o->seen_generation = generation;
        o->accept_ms = s->now_ms + s->opt.route_lag_ms;
        o->send_ms = 0;
    }
    if (o->accept_ms && s->now_ms >= o->accept_ms) {
        o->accept_ms = 0;
        o->send_ms = s->opt.route_refused ? 0 : s->now_ms + s->opt.proxy_lag_ms;
        accept_route(s, o);
    }
}

/* These never sleep: a settle time is longer than they take. */
void sim_proxies(struct sim *s)
{
    for (struct sim_object *o = s->objects; o; o = o->next) {
        if (o->kind != SIM_ROUTE || !o->send_ms || s->now_ms < o->send_ms)
            continue;
        o->send_ms = 0;
        send_by(s, o);
    }
}

void sim_routers(struct sim *s)
{
    for (struct sim_object *o = s->objects; o; o = o->next) {
        if (o->kind == SIM_ROUTE)
            run_route(s, o);
    }
    sim_proxies(s);
}

/* ---- what is sent where ---------------------------------------------------------------------- */

static int64_t sum_of(const cJSON *refs)
{
    int64_t sum = 0;

    JSON_EACH(ref, refs)
        sum += json_i64(ref, "weight", 1);
    return sum;
}

size_t sim_backends(const struct sim *s, const char *route, bool sent, struct sim_backend *out,
                    size_t max)
{
    const struct sim_object *o = sim_find(s, SIM_ROUTE, route);
    const cJSON *doc = !o ? NULL : !sent ? o->doc : o->sent_by ? o->sent_by->doc : NULL;
    size_t n = 0;
    int index = 0;

    JSON_EACH(rule, json_at(doc, "spec.rules")) {
        const cJSON *refs = json_key(rule, "backendRefs");

        JSON_EACH(ref, refs) {
            if (n < max)
                out[n++] = (struct sim_backend){.rule = index,
                                                .service = json_str(ref, "name"),
                                                .weight = json_i64(ref, "weight", 1),
                                                .sum = sum_of(refs)};
        }
        index++;
    }
    return n;
}

static int64_t part_of_service(const struct sim *s, const char *service, const char *revision)
{
    const int all = sim_endpoints(s, service, NULL);

    return all ? 1000 * (int64_t)sim_endpoints(s, service, revision) / all : 0;
}

int sim_share(const struct sim *s, const char *route, const char *service, const char *revision)
{
    struct sim_backend b[SIM_BACKENDS_MAX];
    const size_t n = route ? sim_backends(s, route, true, b, SIM_BACKENDS_MAX) : 0;
    int rule = -1;
    int64_t share = 0;

    if (!route)
        return (int)part_of_service(s, service, revision);
    for (size_t i = n; i-- > 0;) {
        if (str_equal(b[i].service, service))
            rule = b[i].rule;
    }
    for (size_t i = 0; i < n; i++) {
        if (b[i].rule == rule && b[i].sum > 0)
            share += b[i].weight * part_of_service(s, b[i].service, revision) / b[i].sum;
    }
    return (int)share;
}

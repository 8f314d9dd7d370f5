/* SPDX-License-Identifier: Apache-2.0 */
/* world_load.c - one Rollout and what belongs to it, read live. */
#include "session.h"

#include "sluice/kube/watch.h"
#include <string.h>

/* A list being read: each item becomes one typed object, kept when `keep` wants it. */
struct load {
    struct session *s;
    struct arena *a;
    struct world *w;
    const char *ns;
    const char *trouble; /* first thing that could not be read */
    const void **items;  /* of the list at hand */
    size_t count, cap;
};

typedef void each_fn(struct load *l, const cJSON *o, struct jslice raw);

static void keep(struct load *l, const void *item)
{
    if (l->count == l->cap) {
        const void **more;
        l->cap = l->cap ? l->cap * 2 : 16;
        more = ARENA_ARRAY(l->a, const void *, l->cap);
        if (l->count)
            memcpy(more, l->items, l->count * sizeof(*more));
        l->items = more;
    }
    l->items[l->count++] = item;
}

static void begin(struct load *l)
{
    l->items = NULL;
    l->count = l->cap = 0;
}

static void trouble(struct load *l, const char *what, const struct err *e)
{
    if (!l->trouble)
        l->trouble = arena_printf(l->a, "%s: %s", what, e->text);
}

struct visit {
    struct load *l;
    each_fn *each;
};

static bool visit(struct jslice item, void *arg)
{
    const struct visit *v = arg;
    struct err e = {0};
    auto_json cJSON *o = kube_object_parse(item.p, item.len, &e);

    if (o)
        v->each(v->l, o, item);
    return true;
}

static void list(struct load *l, enum kube_kind kind, const char *selector, each_fn *each)
{
    struct visit v = {.l = l, .each = each};
    struct jslice text = {0};
    struct err e = {0};

    if (!session_get(l->s, l->a, kind, l->ns, NULL,
                     kube_query(l->a, "labelSelector", selector, NULL), &text, &e)) {
        trouble(l, kube_kind_info(kind)->plural, &e);
        return;
    }
    json_slice_each(json_slice(text.p, text.len, "items"), visit, &v);
}

/* One object by name; absent is no trouble. */
static void one(struct load *l, enum kube_kind kind, const char *name, each_fn *each)
{
    struct jslice text = {0};
    struct err e = {0};
    auto_json cJSON *o = NULL;

    if (!name || !*name)
        return;
    if (!session_get(l->s, l->a, kind, l->ns, name, NULL, &text, &e)) {
        if (e.kind != ERR_NOT_FOUND)
            trouble(l, kube_kind_info(kind)->plural, &e);
        return;
    }
    o = kube_object_parse(text.p, text.len, &e);
    if (o)
        each(l, o, text);
    else
        trouble(l, name, &e);
}

/* --- Deployment, ReplicaSets, pods ------------------------------------------------------------ */

static void take_deployment(struct load *l, const cJSON *o, struct jslice raw)
{
    l->w->dep = deployment_read(l->a, o, raw.p, raw.len);
}

static const char *selector_text(struct load *l, const struct selector *s)
{
    auto_strbuf struct strbuf b = {.max = 64 * 1024};

    if (s->complex)
        return NULL; /* all of them, told apart below */
    for (size_t i = 0; i < s->count; i++)
        strbuf_addf(&b, "%s%s=%s", i ? "," : "", s->pairs[i].key, s->pairs[i].value);
    return arena_strndup(l->a, strbuf_str(&b), b.len);
}

/* Its Deployment's, inside or fenced. */
static void take_replicaset(struct load *l, const cJSON *o, struct jslice raw)
{
    const struct replicaset *rs = replicaset_read(l->a, o, raw.p, raw.len);
    const char *uid = l->w->dep->meta.uid;

    if (!str_equal(rs->deployment_uid, uid) && !str_equal(rs->controller_uid, uid) &&
        !str_equal(rs->of, l->w->dep->meta.name))
        return;
    for (size_t i = 0; i < l->count; i++) {
        const struct replicaset *have = l->items[i];
        if (str_equal(have->meta.uid, rs->meta.uid))
            return;
    }
    keep(l, rs);
}

static void take_pod(struct load *l, const cJSON *o, struct jslice raw)
{
    (void)raw;
    keep(l, pod_read(l->a, o));
}

static void load_pods(struct load *l)
{
    const char *selector = selector_text(l, &l->w->dep->selector);

    begin(l);
    list(l, KIND_REPLICASET, selector, take_replicaset);
    /* A fenced one has lost the Deployment's labels. */
    if (selector)
        list(l, KIND_REPLICASET, arena_printf(l->a, LABEL_OF "=%s", l->w->dep->meta.name),
             take_replicaset);
    l->w->rs = (const struct replicaset *const *)l->items;
    l->w->rs_count = l->count;
    begin(l);
    list(l, KIND_POD, selector, take_pod);
    l->w->pods = (const struct pod *const *)l->items;
    l->w->pod_count = l->count;
    l->w->pods_of = ""; /* all of them */
}

/* --- what the planner needs besides ----------------------------------------------------------- */

static bool pinned_by_us(const struct rollout *r, const char *service)
{
    for (int i = 0; i < r->status.pin_count; i++)
        if (str_equal(r->status.pins[i].service, service))
            return true;
    return false;
}

static bool named(const struct rollout_spec *spec, const char *service)
{
    return str_equal(service, spec->active_service) || str_equal(service, spec->preview_service) ||
           str_equal(service, spec->stable_service) || str_equal(service, spec->canary_service);
}

static void take_service(struct load *l, const cJSON *o, struct jslice raw)
{
    const struct service *s = service_read(l->a, o, raw.p, raw.len);
    const struct rollout *r = l->w->rollout;

    if ((l->w->dep && service_selects(s, l->w->dep)) || named(&r->spec, s->meta.name) ||
        pinned_by_us(r, s->meta.name) || (l->w->dep && str_equal(s->of, l->w->dep->meta.name)))
        keep(l, s);
}

static void take_slice(struct load *l, const cJSON *o, struct jslice raw)
{
    const struct slice *s = slice_read(l->a, o);

    (void)raw;
    if (world_service(l->w, s->service))
        keep(l, s);
}

static void take_route(struct load *l, const cJSON *o, struct jslice raw)
{
    keep(l, route_read(l->a, o, raw.p, raw.len));
}

static void take_fence(struct load *l, const cJSON *o, struct jslice raw)
{
    l->w->fence = fence_read(l->a, o, raw.p, raw.len);
}

static void load_traffic(struct load *l)
{
    const struct rollout_spec *spec = &l->w->rollout->spec;

    begin(l);
    list(l, KIND_SERVICE, NULL, take_service);
    l->w->services = (const struct service *const *)l->items;
    l->w->service_count = l->count;
    begin(l);
    list(l, KIND_ENDPOINTSLICE, NULL, take_slice);
    l->w->slices = (const struct slice *const *)l->items;
    l->w->slice_count = l->count;
    begin(l);
    for (size_t i = 0; i < spec->traffic_count; i++)
        one(l, KIND_HTTPROUTE, spec->traffic[i].name, take_route);
    l->w->routes = (const struct route *const *)l->items;
    l->w->route_count = l->count;
    if (l->w->dep)
        one(l, KIND_FENCE, name_fence(l->a, l->w->dep->meta.name), take_fence);
}

/* The controller's own word for it: nobody else can prove the brake. */
static void load_brake(struct load *l)
{
    const struct condition *c = &l->w->rollout->status.conditions[COND_BRAKE_ARMED];

    if (c->type && str_equal(c->status, "True"))
        l->w->brake = (struct brake_proof){.state = BRAKE_PROVED, .at_ms = c->transition_ms};
}

struct world *world_around(struct session *s, struct arena *a, const struct rollout *r,
                           unsigned parts, const char **trouble)
{
    struct load l = {.s = s, .a = a, .w = ARENA_NEW(a, struct world)};

    l.w->rollout = r;
    l.ns = has_text(r->meta.ns) ? r->meta.ns : s->ns;
    one(&l, KIND_DEPLOYMENT, r->spec.target, take_deployment);
    if (parts & WORLD_PODS && l.w->dep)
        load_pods(&l);
    if (parts & WORLD_TRAFFIC)
        load_traffic(&l);
    load_brake(&l);
    *trouble = l.trouble;
    return l.w;
}

struct world *world_load(struct session *s, struct arena *a, const char *name, unsigned parts,
                         const char **trouble, struct err *e)
{
    struct jslice text = {0};
    auto_json cJSON *o = NULL;

    if (!session_get(s, a, KIND_ROLLOUT, s->ns, name, NULL, &text, e))
        return NULL;
    o = kube_object_parse(text.p, text.len, e);
    if (!o)
        return NULL;
    return world_around(s, a, rollout_read(a, o, text.p, text.len), parts, trouble);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "sluice/ctl/scene.h"
#include "index.h"
#include "sluice/kube/watch.h"

static void replace(struct object **place, struct object *o)
{
    object_ref(o);
    object_unref(*place);
    *place = o;
}

static void clear(struct object **place)
{
    object_unref(*place);
    *place = NULL;
}

void scene_release(struct scene *sc)
{
    clear(&sc->rollout);
    clear(&sc->rival);
    clear(&sc->deployment);
    clear(&sc->fence);
    object_list_release(&sc->sets);
    object_list_release(&sc->services);
    object_list_release(&sc->slices);
    object_list_release(&sc->routes);
}

/* ---- from the cache -------------------------------------------------------------------------- */

/* Is it one of this Deployment's own, inside or in our hands? By uid, so that those of a former
 * Deployment with the same name are told apart; a fenced one is known by its label. */
static bool set_concerns(const struct scene *sc, const struct replicaset *rs)
{
    if (!str_empty(rs->of) && str_equal(rs->of, sc->rollout->as.rollout->spec.target))
        return true;
    return sc->deployment && str_equal(rs->deployment_uid, sc->deployment->meta->uid);
}

static void add_all(struct object_list *out, const struct object_list *in)
{
    for (size_t i = 0; in && i < in->count; i++)
        object_list_add(out, in->items[i]);
}

struct named {
    struct scene *scene;
    const struct store *store;
};

static void add_service(struct scene *sc, struct object *o)
{
    if (o && !object_list_find(&sc->services, o->meta->name))
        object_list_add(&sc->services, o);
}

static void add_named(const char *name, void *arg)
{
    const struct named *n = arg;

    add_service(n->scene, store_get(n->store, KIND_SERVICE, n->scene->rollout->meta->ns, name));
}

static void add_selecting(struct scene *sc, const struct store *s, const struct deployment *d)
{
    for (size_t i = 0; i < d->template_label_count; i++) {
        const struct pair *label = &d->template_labels[i];
        struct selector one = {.pairs = label, .count = 1, .present = true};
        char text[PAIR_TEXT_MAX];
        const struct object_list *found;
        if (!selector_first_pair(&one, text))
            continue;
        found = store_bucket(s, BUCKET_SELECTS, d->meta.ns, text);
        for (size_t k = 0; found && k < found->count; k++)
            if (service_selects(found->items[k]->as.service, d))
                add_service(sc, found->items[k]);
    }
}

static void add_services(struct scene *sc, const struct store *s)
{
    const struct kept_rollout *r = sc->rollout->as.rollout;
    const struct object_list *made = store_bucket(s, BUCKET_MADE_FOR, r->meta.ns, r->spec.target);

    rollout_named_services(r, add_named, &(struct named){.scene = sc, .store = s});
    for (size_t i = 0; made && i < made->count; i++)
        add_service(sc, made->items[i]);
    if (sc->deployment)
        add_selecting(sc, s, sc->deployment->as.deployment);
}

void scene_services_from_store(struct scene *sc, const struct store *s)
{
    const char *ns = sc->rollout->meta->ns;

    add_services(sc, s);
    for (size_t i = 0; i < sc->services.count; i++)
        add_all(&sc->slices, store_bucket(s, BUCKET_SLICES, ns, sc->services.items[i]->meta->name));
}

static void add_route(struct scene *sc, const struct store *s, const char *name)
{
    struct object *o = store_get(s, KIND_HTTPROUTE, sc->rollout->meta->ns, name);

    if (o && !object_list_find(&sc->routes, o->meta->name))
        object_list_add(&sc->routes, o);
}

/* Those of the spec, and those that the flight has moved, whatever the spec says since. */
static void routes_from_store(struct scene *sc, const struct store *s)
{
    const struct kept_rollout *r = sc->rollout->as.rollout;
    const struct record *flown = sc->fence ? &sc->fence->as.fence->record : NULL;

    for (size_t i = 0; i < r->spec.traffic_count; i++)
        add_route(sc, s, r->spec.traffic[i].name);
    for (size_t i = 0; flown && i < flown->route_count; i++)
        add_route(sc, s, flown->routes[i].traffic.name);
}

void scene_from_store(struct scene *sc, const struct store *s, const char *ns, const char *name)
{
    struct object *rollout = store_get(s, KIND_ROLLOUT, ns, name), *o;
    const struct object *rival;
    struct arena scratch = {0};
    const char *target;

    *sc = (struct scene){0};
    if (!rollout)
        return;
    replace(&sc->rollout, rollout);
    target = rollout->as.rollout->spec.target;
    if ((rival = store_rival(s, rollout)))
        replace(&sc->rival, store_get(s, KIND_ROLLOUT, ns, rival->meta->name));
    if ((o = store_get(s, KIND_DEPLOYMENT, ns, target)))
        replace(&sc->deployment, o);
    if (!str_empty(target) && (o = store_get(s, KIND_FENCE, ns, name_fence(&scratch, target))))
        replace(&sc->fence, o);
    arena_release(&scratch);
    add_all(&sc->sets, store_bucket(s, BUCKET_OWNED, ns, target));
    scene_services_from_store(sc, s);
    routes_from_store(sc, s);
    scene_keep_own(sc);
}

static void keep(struct object_list *list,
                 bool (*wanted)(const struct scene *, const struct object *),
                 const struct scene *sc)
{
    size_t kept = 0;

    for (size_t i = 0; i < list->count; i++) {
        if (wanted(sc, list->items[i]))
            list->items[kept++] = list->items[i];
        else
            object_unref(list->items[i]);
    }
    list->count = kept;
}

static bool set_wanted(const struct scene *sc, const struct object *o)
{
    return set_concerns(sc, o->as.replicaset);
}

static bool service_wanted(const struct scene *sc, const struct object *o)
{
    return service_concerns(o->as.service, sc->rollout->as.rollout,
                            sc->deployment ? sc->deployment->as.deployment : NULL);
}

void scene_keep_own(struct scene *sc)
{
    keep(&sc->sets, set_wanted, sc);
    keep(&sc->services, service_wanted, sc);
    object_list_sort(&sc->sets);
    object_list_sort(&sc->services);
    object_list_sort(&sc->slices);
}

/* ---- the server's answers -------------------------------------------------------------------- */

static struct object_list *list_of(struct scene *sc, enum kube_kind kind)
{
    switch ((int)kind) { /* the kinds with several objects a Rollout */
    case KIND_REPLICASET:
        return &sc->sets;
    case KIND_SERVICE:
        return &sc->services;
    case KIND_ENDPOINTSLICE:
        return &sc->slices;
    default:
        assert(kind == KIND_HTTPROUTE);
        return &sc->routes;
    }
}

static struct object **place_of(struct scene *sc, enum kube_kind kind)
{
    switch ((int)kind) { /* the kinds with one */
    case KIND_ROLLOUT:
        return &sc->rollout;
    case KIND_DEPLOYMENT:
        return &sc->deployment;
    case KIND_FENCE:
        return &sc->fence;
    default:
        return NULL;
    }
}

/* Two lists of one look may hold the same object, read at different moments. */
static bool older_twin(const struct object *o, const struct object *known)
{
    return known && str_equal(o->meta->uid, known->meta->uid) &&
           rv_compare(o->meta->rv, known->meta->rv) == RV_OLDER;
}

void scene_put(struct scene *sc, struct object *o)
{
    struct object **place = place_of(sc, o->kind);

    if (place)
        replace(place, o);
    else if (!older_twin(o, object_list_find(list_of(sc, o->kind), o->meta->name)))
        object_list_put(list_of(sc, o->kind), o);
}

void scene_remove(struct scene *sc, enum kube_kind kind, const char *name)
{
    struct object **place = place_of(sc, kind);

    if (place)
        clear(place);
    else
        object_list_remove(list_of(sc, kind), name);
}

/* ---- the world ------------------------------------------------------------------------------- */

static void *views(struct arena *a, const struct object_list *list, size_t *count)
{
    const void **out = list->count ? ARENA_ARRAY(a, const void *, list->count) : NULL;

    for (size_t i = 0; i < list->count; i++)
        out[i] = list->items[i]->as.any;
    *count = list->count;
    return out;
}

struct world *scene_world(const struct scene *sc, struct arena *a)
{
    struct world *w;
    struct rollout *rollout;

    if (!sc->rollout)
        return NULL;
    rollout = ARENA_NEW(a, struct rollout);
    rollout_unpack(sc->rollout->as.rollout, rollout);
    w = ARENA_NEW(a, struct world);
    w->rollout = rollout;
    w->rival = sc->rival ? sc->rival->meta->name : NULL;
    w->dep = sc->deployment ? sc->deployment->as.deployment : NULL;
    w->fence = sc->fence ? sc->fence->as.fence : NULL;
    w->rs = views(a, &sc->sets, &w->rs_count);
    w->services = views(a, &sc->services, &w->service_count);
    w->slices = views(a, &sc->slices, &w->slice_count);
    w->routes = views(a, &sc->routes, &w->route_count);
    return w;
}

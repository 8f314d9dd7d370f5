/* SPDX-License-Identifier: Apache-2.0 */
/* look_ask.c - which objects a look asks for. */
#include "index.h"
#include "look_parts.h"

#include <stdlib.h>

#define SELECTOR_TEXT_MAX (16 * 1024)

static struct ask_live *ask_new(struct look *look, enum kube_kind kind, const char *name)
{
    struct ask_live *ask = ARENA_NEW(&look->arena, struct ask_live);
    const struct object *known =
        name ? store_get(look->spec.store, kind, look->spec.ns, name) : NULL;

    *ask = (struct ask_live){
        .look = look,
        .kind = kind,
        .list = !name,
        .name = arena_strdup(&look->arena, name),
        .known_uid = known ? arena_strdup(&look->arena, known->meta->uid) : NULL,
    };
    if (look->ask_count == look->ask_cap)
        look->asks = xgrow(look->asks, &look->ask_cap, 16, sizeof(struct ask_live *));
    look->asks[look->ask_count++] = ask;
    look->open++;
    return ask;
}

static bool asked(const struct look *look, enum kube_kind kind, const char *name)
{
    for (size_t i = 0; i < look->ask_count; i++)
        if (look->asks[i]->kind == kind && str_equal(look->asks[i]->name, name))
            return true;
    return false;
}

static void ask_again(struct look *look, enum kube_kind kind, const char *name)
{
    struct ask_live *ask = ask_new(look, kind, name);

    ask->call = kube_send(look->spec.client,
                          &(struct kube_request){
                              .verb = KUBE_GET,
                              .path = kube_path(&look->arena, kind, look->spec.ns, name, NULL),
                          },
                          look_answered, ask);
}

static void ask_get(struct look *look, enum kube_kind kind, const char *name)
{
    if (!str_empty(name) && !asked(look, kind, name))
        ask_again(look, kind, name);
}

/* `labels` NULL: all of the namespace. */
static void ask_list(struct look *look, enum kube_kind kind, const char *labels)
{
    struct ask_live *ask = ask_new(look, kind, NULL);

    ask->call = kube_send(look->spec.client,
                          &(struct kube_request){
                              .verb = KUBE_GET,
                              .path = kube_path(&look->arena, kind, look->spec.ns, NULL, NULL),
                              .query = kube_query(&look->arena, "labelSelector", labels, NULL),
                              .max_bytes = KUBE_LIST_BYTES_MAX,
                          },
                          look_answered, ask);
}

/* "app=web,tier=front"; NULL for a selector without plain pairs, which then narrows nothing: what
 * does not belong is dropped by owner afterwards. */
static const char *selector_text(struct arena *a, const struct selector *s)
{
    struct strbuf text;
    const char *out = NULL;

    strbuf_init(&text, SELECTOR_TEXT_MAX);
    for (size_t i = 0; i < s->count; i++)
        strbuf_addf(&text, "%s%s=%s", i ? "," : "", s->pairs[i].key, s->pairs[i].value);
    if (text.len && !text.overflow)
        out = arena_strdup(a, strbuf_str(&text));
    strbuf_release(&text);
    return out;
}

/* Is there one that the Deployment's selector does not match? What is fenced lost its labels; and
 * one may be left over from an earlier Deployment of that name. */
static bool has_strangers(const struct scene *sc, const struct deployment *d)
{
    for (size_t i = 0; i < sc->sets.count; i++) {
        const struct meta *m = sc->sets.items[i]->meta;
        if (!selector_matches(&d->selector, m->labels, m->label_count))
            return true;
    }
    return false;
}

/* The selector tells of those inside, our label of the others. Where the cache knows of no fence
 * and of none without the labels there are none, unless the cache is new to this Rollout or a
 * write's outcome is unknown. */
static void ask_sets(struct look *look, const char *target, const struct scene *sc)
{
    const struct deployment *d = sc->deployment ? sc->deployment->as.deployment : NULL;

    if (!look->all_ours && (!d || sc->fence || look->spec.all || has_strangers(sc, d))) {
        look->all_ours = true;
        ask_list(look, KIND_REPLICASET, arena_printf(&look->arena, LABEL_OF "=%s", target));
    }
    if (!d || str_equal(d->meta.uid, look->deployment_uid))
        return;
    look->deployment_uid = arena_strdup(&look->arena, d->meta.uid);
    ask_list(look, KIND_REPLICASET, selector_text(&look->arena, &d->selector));
}

void look_ask_missing_sets(struct look *look, const struct scene *sc)
{
    const struct object_list *cached = store_bucket(look->spec.store, BUCKET_OWNED, look->spec.ns,
                                                    sc->rollout->as.rollout->spec.target);

    for (size_t i = 0; cached && i < cached->count; i++)
        if (!object_list_find(&sc->sets, cached->items[i]->meta->name))
            ask_get(look, KIND_REPLICASET, cached->items[i]->meta->name);
}

/* Those of the spec, and those that the flight has moved, whatever the spec says since. */
static void ask_routes(struct look *look, const struct kept_rollout *r, const struct object *fence)
{
    const struct record *flown = fence ? &fence->as.fence->record : NULL;

    for (size_t i = 0; i < r->spec.traffic_count; i++)
        ask_get(look, KIND_HTTPROUTE, r->spec.traffic[i].name);
    for (size_t i = 0; flown && i < flown->route_count; i++)
        ask_get(look, KIND_HTTPROUTE, flown->routes[i].traffic.name);
}

static bool any_pinned(const struct object_list *services)
{
    for (size_t i = 0; i < services->count; i++)
        if (services->items[i]->as.service->pin)
            return true;
    return false;
}

/* A rolling update leaves Services alone, and nothing rests on them: the cache is good enough to
 * see that no flight of another strategy left a pin. */
static bool services_matter(const struct look *look, const struct scene *sc)
{
    const struct kept_rollout *r = sc->rollout->as.rollout;
    struct rollout_status status;

    status_unpack(r, &status);
    return look->spec.all || r->spec.strategy != STRATEGY_ROLLING || status.pin_count > 0 ||
           (status.flight.present && status.flight.regime == REGIME_OUTSIDE) ||
           any_pinned(&sc->services);
}

static void ask_named_service(const char *name, void *arg)
{
    ask_get(arg, KIND_SERVICE, name);
}

static void ask_services(struct look *look, const struct kept_rollout *r,
                         const struct object_list *services)
{
    const struct object_list *all =
        store_bucket(look->spec.store, BUCKET_SERVICES, look->spec.ns, "");

    if (look->all_services)
        return;
    look->services = true;
    if (!all || all->count <= LOOK_SERVICES_MAX || look->spec.all) {
        look->all_services = true;
        ask_list(look, KIND_SERVICE, NULL);
        return;
    }
    rollout_named_services(r, ask_named_service, look);
    for (size_t i = 0; i < services->count; i++)
        ask_get(look, KIND_SERVICE, services->items[i]->meta->name);
}

static bool is_sliced(const struct look *look, const char *service)
{
    const struct sliced *s = look->sliced;

    while (s && !str_equal(s->service, service))
        s = s->next;
    return s != NULL;
}

static void ask_slices(struct look *look, const struct object_list *services)
{
    struct strbuf names;

    strbuf_init(&names, SELECTOR_TEXT_MAX);
    for (size_t i = 0; i < services->count; i++) {
        const char *name = services->items[i]->meta->name;
        struct sliced *s;
        if (is_sliced(look, name))
            continue;
        s = ARENA_NEW(&look->arena, struct sliced);
        *s = (struct sliced){.service = arena_strdup(&look->arena, name), .next = look->sliced};
        look->sliced = s;
        strbuf_addf(&names, "%s%s", names.len ? "," : "", name);
    }
    if (names.len)
        ask_list(look, KIND_ENDPOINTSLICE,
                 names.overflow ? LABEL_SLICE_SERVICE
                                : arena_printf(&look->arena, LABEL_SLICE_SERVICE " in (%s)",
                                               strbuf_str(&names)));
    strbuf_release(&names);
}

void look_ask_for(struct look *look, const struct scene *sc)
{
    const struct kept_rollout *r = sc->rollout->as.rollout;
    const char *target = r->spec.target;

    ask_routes(look, r, sc->fence);
    if (services_matter(look, sc)) {
        ask_services(look, r, &sc->services);
        ask_slices(look, &sc->services);
    }
    if (str_empty(target))
        return; /* not a valid Rollout: it has nothing else */
    ask_get(look, KIND_DEPLOYMENT, target);
    ask_sets(look, target, sc);
}

void look_ask_record(struct look *look)
{
    const char *target = look->result.scene.rollout->as.rollout->spec.target;

    look->record_read = true;
    ask_again(look, KIND_ROLLOUT, look->spec.name);
    if (!str_empty(target))
        ask_again(look, KIND_FENCE, name_fence(&look->arena, target));
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "sluice/ctl/look.h"
#include "index.h"
#include "sluice/base/clock.h"
#include "sluice/kube/watch.h"

#include <stdlib.h>
#include <string.h>

#define SELECTOR_TEXT_MAX (16 * 1024)

/* One read: of an object by name, or of a list. */
struct ask_live {
    struct look *look;
    enum kube_kind kind;
    bool list;
    char *name;             /* of an object */
    char *known_uid;        /* of the cached object with that name; NULL: none */
    struct kube_call *call; /* NULL: answered */
};

/* A Service whose EndpointSlices were asked for. */
struct sliced {
    const char *service;
    struct sliced *next;
};

struct look {
    struct look_spec spec; /* ns and name are our copies */
    struct arena arena;    /* paths, queries, asks */
    struct ask_live **asks;
    size_t ask_count, ask_cap, open;
    char *deployment_uid;        /* whose selector was used; NULL: none */
    bool all_ours;               /* ReplicaSets with our label were asked for */
    bool services, all_services; /* were asked for; ... all of the namespace */
    bool record_read;            /* fence and Rollout were, after all else that was */
    struct sliced *sliced;
    struct look_result result;
};

static void look_free(struct look *look)
{
    for (size_t i = 0; i < look->ask_count; i++)
        kube_cancel(look->asks[i]->call);
    free(look->asks);
    scene_release(&look->result.scene);
    arena_release(&look->arena);
    free(look);
}

void look_cancel(struct look *look)
{
    if (look)
        look_free(look);
}

static void end(struct look *look)
{
    look->spec.done(&look->result, look->spec.arg);
    look_free(look);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void answered(const struct kube_reply *reply, void *arg);

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
    if (look->ask_count == look->ask_cap) {
        look->ask_cap = look->ask_cap ? look->ask_cap * 2 : 16;
        look->asks = xrealloc(look->asks, look->ask_cap * sizeof(struct ask_live *));
    }
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
                          answered, ask);
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
                          answered, ask);
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
    if (text.len > 0 && !text.overflow)
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

/* Known to the cache and in neither list: gone, or changed hands between the two. */
static void ask_missing_sets(struct look *look, const struct scene *sc)
{
    const struct object_list *cached = store_bucket(look->spec.store, BUCKET_OWNED, look->spec.ns,
                                                    sc->rollout->as.rollout->spec.target);

    for (size_t i = 0; cached && i < cached->count; i++)
        if (!object_list_find(&sc->sets, cached->items[i]->meta->name))
            ask_get(look, KIND_REPLICASET, cached->items[i]->meta->name);
}

/* Those of the spec, and those that the flight has moved, whatever the spec says since. */
static void ask_routes(struct look *look, const struct rollout *r, const struct object *fence)
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
    const struct rollout *r = sc->rollout->as.rollout;

    return look->spec.all || r->spec.strategy != STRATEGY_ROLLING || r->status.pin_count > 0 ||
           (r->status.flight.present && r->status.flight.regime == REGIME_OUTSIDE) ||
           any_pinned(&sc->services);
}

static void ask_named_service(const char *name, void *arg)
{
    ask_get(arg, KIND_SERVICE, name);
}

static void ask_services(struct look *look, const struct rollout *r,
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
    if (names.len > 0 || names.overflow)
        ask_list(look, KIND_ENDPOINTSLICE,
                 names.overflow ? LABEL_SLICE_SERVICE
                                : arena_printf(&look->arena, LABEL_SLICE_SERVICE " in (%s)",
                                               strbuf_str(&names)));
    strbuf_release(&names);
}

/* What the scene rests on but its record, as far as it was not asked for yet: first of the cached
 * scene, then of the one that was read. */
static void ask_for(struct look *look, const struct scene *sc)
{
    const struct rollout *r = sc->rollout->as.rollout;
    const char *target = r->spec.target ? r->spec.target : "";

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

/* The fence, whose record says which side is stable, and the Rollout with its status. They come
 * last: whatever somebody else did to ReplicaSets and Services that were read, its reason was in
 * the record before. Read the other way round, a commit in between looks like none, and what it
 * did like damage to be repaired: the replaced side would be given back. */
static void ask_record(struct look *look)
{
    const char *target = look->result.scene.rollout->as.rollout->spec.target;

    look->record_read = true;
    ask_again(look, KIND_ROLLOUT, look->spec.name);
    if (!str_empty(target))
        ask_again(look, KIND_FENCE, name_fence(&look->arena, target));
}

struct look *look_start(const struct look_spec *spec)
{
    struct look *look = xcalloc(1, sizeof(*look));
    struct scene cached;

    scene_from_store(&cached, spec->store, spec->ns, spec->name);
    assert(cached.rollout);
    look->spec = *spec;
    look->spec.ns = arena_strdup(&look->arena, spec->ns);
    look->spec.name = arena_strdup(&look->arena, spec->name);
    look->result.started_ms = clock_mono_ms();
    scene_put(&look->result.scene, cached.rollout); /* until they are read */
    if (cached.fence)
        scene_put(&look->result.scene, cached.fence);
    ask_for(look, &cached);
    if (look->open == 0)
        ask_record(look);
    scene_release(&cached);
    return look;
}

/* ---- answers --------------------------------------------------------------------------------- */

static void put(struct look *look, struct object *o)
{
    if (o->kind == KIND_ENDPOINTSLICE)
        object_list_put(&look->result.scene.slices, o);
    else
        scene_put(&look->result.scene, o);
}

static void take(struct look *look, enum kube_kind kind, const cJSON *doc, struct jslice raw)
{
    struct object *o = object_read(kind, doc, raw.p, raw.len);

    if (!o)
        return;
    store_put(look->spec.store, o, clock_mono_ms());
    put(look, o);
    object_unref(o);
}

/* The state that the cache has: the usual answer, and decoded already. */
static bool take_known(struct ask_live *ask, struct jslice raw)
{
    struct look *look = ask->look;
    struct ident id;
    struct object *o;

    if (!ident_read(raw, &id))
        return false;
    o = store_has(look->spec.store, ask->kind, &id);
    if (o)
        put(look, o);
    return o != NULL;
}

struct known_items {
    struct ask_live *ask;
    size_t count;
};

static bool take_known_item(struct jslice raw, void *arg)
{
    struct known_items *items = arg;

    items->count++;
    return take_known(items->ask, raw);
}

/* A list of known states only. What was taken before one that is not is taken again, and is the
 * same. */
static bool take_known_answer(struct ask_live *ask, const struct kube_reply *reply)
{
    const struct jslice whole = {reply->body, reply->len};
    struct known_items items = {.ask = ask};

    if (!json_valid(reply->body, reply->len))
        return false;
    if (!ask->list)
        return take_known(ask, whole);
    return json_slice_each(json_begin(whole, "items"), take_known_item, &items) && items.count > 0;
}

struct items {
    struct ask_live *ask;
    const cJSON *next; /* the parsed twin of the slice that comes next */
};

static bool take_item(struct jslice raw, void *arg)
{
    struct items *items = arg;

    if (!items->next)
        return false;
    take(items->ask->look, items->ask->kind, items->next, raw);
    items->next = items->next->next;
    return true;
}

static void take_list(struct ask_live *ask, const cJSON *doc, const struct kube_reply *reply)
{
    const cJSON *list = json_at(doc, "items");
    struct items items = {.ask = ask, .next = list ? list->child : NULL};

    json_slice_each(json_slice(reply->body, reply->len, "items"), take_item, &items);
}

/* A consistent read says it is not there: then the one we knew before asking is gone. One that
 * came since is another (its uid differs), and stays. */
static void take_absence(struct ask_live *ask)
{
    struct look *look = ask->look;

    if (ask->known_uid)
        store_remove(look->spec.store, ask->kind, look->spec.ns, ask->name, ask->known_uid,
                     clock_mono_ms());
    scene_remove(&look->result.scene, ask->kind, ask->name);
}

static const char *words(struct ask_live *ask)
{
    return arena_printf(&ask->look->arena, "%s %s", ask->list ? "list" : "get",
                        kube_kind_info(ask->kind)->plural);
}

static bool take_answer(struct ask_live *ask, const struct kube_reply *reply, struct err *e)
{
    auto_json cJSON *doc = NULL;

    if (reply->err.kind == ERR_NOT_FOUND && !ask->list) {
        take_absence(ask);
        return true;
    }
    if (reply->err.kind != ERR_NONE) {
        *e = reply->err;
        return false;
    }
    if (take_known_answer(ask, reply))
        return true;
    doc = kube_object_parse(reply->body, reply->len, e);
    if (!doc)
        return false;
    if (ask->list)
        take_list(ask, doc, reply);
    else
        take(ask->look, ask->kind, doc, (struct jslice){reply->body, reply->len});
    return true;
}

/* The Rollout that was read may have another target than the cached one. */
static void drop_other_targets(struct look *look)
{
    struct scene *sc = &look->result.scene;
    const char *target = sc->rollout->as.rollout->spec.target;

    if (sc->deployment && !str_equal(sc->deployment->meta->name, target))
        scene_remove(sc, KIND_DEPLOYMENT, NULL);
    if (sc->fence &&
        (str_empty(target) || !str_equal(sc->fence->meta->name, name_fence(&look->arena, target))))
        scene_remove(sc, KIND_FENCE, NULL);
}

/* What the answers so far tell of. Only what is its own matters, but nothing is dropped yet: the
 * Rollout that is still to be read may name more. */
static void ask_more(struct look *look)
{
    const struct scene *sc = &look->result.scene;
    struct scene own = {.rollout = sc->rollout, .deployment = sc->deployment, .fence = sc->fence};

    for (size_t i = 0; i < sc->sets.count; i++)
        object_list_add(&own.sets, sc->sets.items[i]);
    for (size_t i = 0; i < sc->services.count; i++)
        object_list_add(&own.services, sc->services.items[i]);
    scene_keep_own(&own);
    ask_for(look, &own);
    ask_missing_sets(look, &own);
    object_list_release(&own.sets);
    object_list_release(&own.services);
}

static void complete(struct look *look)
{
    struct scene *sc = &look->result.scene;
    const struct object *rival;

    if (!look->services)
        scene_services_from_store(sc, look->spec.store);
    scene_keep_own(sc);
    rival = store_rival(look->spec.store, sc->rollout);
    if (rival)
        sc->rival =
            object_ref(store_get(look->spec.store, KIND_ROLLOUT, look->spec.ns, rival->meta->name));
    end(look);
}

/* All is answered: more, the record, or the end. */
static void go_on(struct look *look)
{
    if (!look->result.scene.rollout) {
        end(look); /* gone; the rest means nothing */
        return;
    }
    drop_other_targets(look);
    ask_more(look);
    if (look->open > 0)
        look->record_read = false;
    else if (!look->record_read)
        ask_record(look);
    else
        complete(look);
}

static void answered(const struct kube_reply *reply, void *arg)
{
    struct ask_live *ask = arg;
    struct look *look = ask->look;

    ask->call = NULL;
    look->open--;
    if (!take_answer(ask, reply, &look->result.err)) {
        look->result.what = words(ask);
        end(look);
        return;
    }
    if (look->open == 0)
        go_on(look);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* look.c - a look from start to end, and what its answers bring. */
#include "look_parts.h"
#include "sluice/base/clock.h"
#include "sluice/kube/watch.h"

#include <stdlib.h>

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

static const char *rv_of(const struct object *o)
{
    return o ? o->meta->rv : "";
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
    look->rollout_rv = arena_strdup(&look->arena, rv_of(cached.rollout));
    look->fence_rv = arena_strdup(&look->arena, rv_of(cached.fence));
    scene_put(&look->result.scene, cached.rollout); /* until it is read */
    look_ask_for(look, &cached);
    if (look->open == 0)
        look_ask_record(look);
    scene_release(&cached);
    return look;
}

/* ---- answers --------------------------------------------------------------------------------- */

/* False: it has no name or uid. */
static bool take(struct look *look, enum kube_kind kind, const cJSON *doc, struct jslice raw)
{
    struct object *o = object_read(kind, doc, raw.p, raw.len);

    if (!o)
        return false;
    store_put(look->spec.store, o, clock_mono_ms());
    scene_put(&look->result.scene, o);
    object_unref(o);
    return true;
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
        scene_put(&look->result.scene, o);
    return o != NULL;
}

static bool take_known_item(struct jslice raw, void *arg)
{
    return take_known(arg, raw);
}

/* A list of known states only. What was taken before one that is not is taken again, and is the
 * same. */
static bool take_known_answer(struct ask_live *ask, const struct kube_reply *reply)
{
    const struct jslice whole = {reply->body, reply->len};

    if (!json_valid(reply->body, reply->len))
        return false;
    if (!ask->list)
        return take_known(ask, whole);
    return json_slice_each(json_begin(whole, "items"), take_known_item, ask);
}

struct items {
    struct ask_live *ask;
    const cJSON *next; /* the parsed twin of the slice that comes next */
};

static bool take_item(struct jslice raw, void *arg)
{
    struct items *items = arg;

    assert(items->next);
    take(items->ask->look, items->ask->kind, items->next, raw);
    items->next = items->next->next;
    return true;
}

static void take_list(struct ask_live *ask, const cJSON *doc, const struct kube_reply *reply)
{
    struct items items = {.ask = ask, .next = json_first(json_at(doc, "items"))};

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
    else if (!take(ask->look, ask->kind, doc, (struct jslice){reply->body, reply->len}))
        return err_set(e, ERR_INVALID, "the answer has no name or uid");
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
    look_ask_for(look, &own);
    look_ask_missing_sets(look, &own);
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
    look->result.moved = !str_equal(look->rollout_rv, rv_of(sc->rollout)) ||
                         !str_equal(look->fence_rv, rv_of(sc->fence));
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
        look_ask_record(look);
    else
        complete(look);
}

void look_answered(const struct kube_reply *reply, void *arg)
{
    struct ask_live *ask = arg;
    struct look *look = ask->look;

    ask->call = NULL;
    look->open--;
    if (!take_answer(ask, reply, &look->result.err)) {
        look->result.what = words(ask);
        end(look);
    } else if (look->open == 0) {
        go_on(look);
    }
}

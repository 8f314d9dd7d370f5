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

struct look {
    struct look_spec spec; /* ns and name are our copies */
    struct arena arena;    /* paths, queries, asks */
    struct ask_live **asks;
    size_t ask_count, ask_cap, open;
    int round;
    char *deployment_uid; /* whose selector the first round used; NULL: none */
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

static void ask_get(struct look *look, enum kube_kind kind, const char *name)
{
    struct ask_live *ask;

    if (str_empty(name) || asked(look, kind, name))
        return;
    ask = ask_new(look, kind, name);
    ask->call = kube_send(look->spec.client,
                          &(struct kube_request){
                              .verb = KUBE_GET,
                              .path = kube_path(&look->arena, kind, look->spec.ns, name, NULL),
                          },
                          answered, ask);
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

static void ask_sets_of(struct look *look, const struct deployment *d)
{
    look->deployment_uid = arena_strdup(&look->arena, d->meta.uid);
    ask_list(look, KIND_REPLICASET, selector_text(&look->arena, &d->selector));
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

static void ask_named_service(const char *name, void *arg)
{
    ask_get(arg, KIND_SERVICE, name);
}

static void ask_services(struct look *look, const struct rollout *r)
{
    const struct object_list *all =
        store_bucket(look->spec.store, BUCKET_SERVICES, look->spec.ns, "");
    struct scene cached;

    if (!all || all->count <= LOOK_SERVICES_MAX || look->spec.pods) {
        ask_list(look, KIND_SERVICE, NULL);
        return;
    }
    rollout_named_services(r, ask_named_service, look);
    scene_from_store(&cached, look->spec.store, look->spec.ns, look->spec.name);
    for (size_t i = 0; i < cached.services.count; i++)
        ask_get(look, KIND_SERVICE, cached.services.items[i]->meta->name);
    scene_release(&cached);
}

static void first_round(struct look *look, const struct rollout *r)
{
    const char *target = r->spec.target ? r->spec.target : "";
    const struct object *dep = store_get(look->spec.store, KIND_DEPLOYMENT, look->spec.ns, target);

    look->round = 1;
    ask_get(look, KIND_ROLLOUT, look->spec.name);
    ask_services(look, r);
    ask_routes(
        look, r,
        store_get(look->spec.store, KIND_FENCE, look->spec.ns, name_fence(&look->arena, target)));
    if (str_empty(target))
        return; /* not a valid Rollout: it has nothing else */
    ask_get(look, KIND_DEPLOYMENT, target);
    ask_get(look, KIND_FENCE, name_fence(&look->arena, target));
    ask_list(look, KIND_REPLICASET, arena_printf(&look->arena, LABEL_OF "=%s", target));
    if (dep)
        ask_sets_of(look, dep->as.deployment);
}

static void ask_slices(struct look *look)
{
    const struct object_list *services = &look->result.scene.services;
    struct strbuf names;

    if (services->count == 0)
        return;
    strbuf_init(&names, SELECTOR_TEXT_MAX);
    for (size_t i = 0; i < services->count; i++)
        strbuf_addf(&names, "%s%s", i ? "," : "", services->items[i]->meta->name);
    ask_list(look, KIND_ENDPOINTSLICE,
             names.overflow
                 ? LABEL_SLICE_SERVICE
                 : arena_printf(&look->arena, LABEL_SLICE_SERVICE " in (%s)", strbuf_str(&names)));
    strbuf_release(&names);
}

static void second_round(struct look *look)
{
    struct scene *sc = &look->result.scene;
    const struct deployment *d = sc->deployment ? sc->deployment->as.deployment : NULL;

    look->round = 2;
    scene_keep_own(sc);
    ask_slices(look);
    ask_routes(look, sc->rollout->as.rollout, sc->fence);
    if (d && !str_equal(d->meta.uid, look->deployment_uid))
        ask_sets_of(look, d);
    if (d && look->spec.pods)
        ask_list(look, KIND_POD, selector_text(&look->arena, &d->selector));
}

struct look *look_start(const struct look_spec *spec)
{
    const struct object *rollout = store_get(spec->store, KIND_ROLLOUT, spec->ns, spec->name);
    struct look *look = xcalloc(1, sizeof(*look));

    assert(rollout);
    look->spec = *spec;
    look->spec.ns = arena_strdup(&look->arena, spec->ns);
    look->spec.name = arena_strdup(&look->arena, spec->name);
    look->result.started_ms = clock_mono_ms();
    first_round(look, rollout->as.rollout);
    return look;
}

/* ---- answers --------------------------------------------------------------------------------- */

static void take(struct look *look, enum kube_kind kind, const cJSON *doc, struct jslice raw)
{
    struct object *o = object_read(kind, doc, raw.p, raw.len);

    if (!o)
        return;
    store_put(look->spec.store, o, clock_mono_ms());
    if (kind == KIND_ENDPOINTSLICE)
        object_list_put(&look->result.scene.slices, o);
    else
        scene_put(&look->result.scene, o);
    object_unref(o);
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
    doc = kube_object_parse(reply->body, reply->len, e);
    if (!doc)
        return false;
    if (ask->list)
        take_list(ask, doc, reply);
    else
        take(ask->look, ask->kind, doc, (struct jslice){reply->body, reply->len});
    return true;
}

static void complete(struct look *look)
{
    struct scene *sc = &look->result.scene;
    const struct object *rival;

    scene_keep_own(sc);
    scene_pods_from_store(sc, look->spec.store);
    rival = store_rival(look->spec.store, sc->rollout);
    if (rival)
        sc->rival =
            object_ref(store_get(look->spec.store, KIND_ROLLOUT, look->spec.ns, rival->meta->name));
    end(look);
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
    if (look->open > 0)
        return;
    if (!look->result.scene.rollout) {
        end(look); /* gone; the rest means nothing */
        return;
    }
    if (look->round == 1)
        second_round(look);
    if (look->open == 0)
        complete(look);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* ctl_store_fuzz.c - the operator's cache, whatever comes in, is replaced and goes: what it has is
 * found by name and by every index, a Rollout's world is whole, whoever's world changed was woken,
 * and in the end nothing is left.
 *
 * {"items":[objects in the order in which they are told]}; a member "do" beside an object's kind
 * says that it is "gone" (by its uid), "lost" (by its name), or that what nobody needs is "swept"
 * after it, or that all graves are forgotten "later". */
#include "check.h"
#include "items.h"
#include "sluice/ctl/scene.h"
#include "sluice/ctl/store.h"

#define ROLLOUTS_MAX 16
#define TOLD_MAX     64

/* What a Rollout's world was before a step. */
struct seen {
    char key[OBJECT_KEY_MAX];
    struct strbuf world;
    bool woken;
};

/* Whose a uid is: no two objects ever have the same. */
struct told {
    enum kube_kind kind;
    char key[OBJECT_KEY_MAX], uid[256];
};

struct bench {
    struct store *store;
    int64_t now_ms;
    struct told told[TOLD_MAX];
    size_t told_count;
    struct seen seen[ROLLOUTS_MAX];
    size_t seen_count;
};

/* ---- what it tells --------------------------------------------------------------------------- */

static void on_woken(void *arg, const struct object *rollout, enum kube_kind by UNUSED)
{
    struct bench *b = arg;

    CHECK(rollout->kind == KIND_ROLLOUT && rollout->refs > 0, "%s", rollout->key);
    for (size_t i = 0; i < b->seen_count; i++)
        if (str_equal(b->seen[i].key, rollout->key))
            b->seen[i].woken = true;
}

static void on_gone(void *arg, const struct object *rollout)
{
    on_woken(arg, rollout, KIND_ROLLOUT);
}

static void on_policy(void *arg UNUSED) {}

/* ---- worlds ---------------------------------------------------------------------------------- */

static void add_state(struct strbuf *out, const struct object *o)
{
    if (o)
        strbuf_addf(out, "%s %s %s %s\n", kube_kind_info(o->kind)->kind, o->key, o->meta->uid,
                    o->meta->rv ? o->meta->rv : "");
}

static void add_states(struct strbuf *out, const struct object_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        add_state(out, list->items[i]);
}

static void world_text(const struct bench *b, const struct object *rollout, struct strbuf *out)
{
    struct scene sc;

    scene_from_store(&sc, b->store, rollout->meta->ns, rollout->meta->name);
    add_state(out, sc.rollout);
    add_state(out, sc.rival);
    add_state(out, sc.deployment);
    add_state(out, sc.fence);
    add_states(out, &sc.sets);
    add_states(out, &sc.services);
    add_states(out, &sc.slices);
    add_states(out, &sc.routes);
    scene_release(&sc);
}

static void note_world(const struct object *rollout, void *arg)
{
    struct bench *b = arg;
    struct seen *s = &b->seen[b->seen_count];

    if (b->seen_count == ROLLOUTS_MAX)
        return;
    b->seen_count++;
    snprintf(s->key, sizeof(s->key), "%s", rollout->key);
    s->woken = false;
    s->world.max = 1024 * 1024;
    world_text(b, rollout, &s->world);
}

static void before_step(struct bench *b)
{
    for (size_t i = 0; i < b->seen_count; i++)
        strbuf_release(&b->seen[i].world);
    b->seen_count = 0;
    store_each(b->store, KIND_ROLLOUT, note_world, b);
}

static void check_woken(const struct object *rollout, void *arg)
{
    const struct bench *b = arg;

    for (size_t i = 0; i < b->seen_count; i++) {
        auto_strbuf struct strbuf now = {.max = 1024 * 1024};
        if (!str_equal(b->seen[i].key, rollout->key))
            continue;
        world_text(b, rollout, &now);
        CHECK(b->seen[i].woken || str_equal(strbuf_str(&now), strbuf_str(&b->seen[i].world)),
              "%s was not woken:\n%s\n%s", rollout->key, strbuf_str(&b->seen[i].world),
              strbuf_str(&now));
    }
}

/* ---- a world by its definition, not by the indices ------------------------------------------- */

struct count {
    const struct scene *sc;
    size_t sets, services, slices;
};

static bool beside(const struct object *o, const struct scene *sc)
{
    return str_equal(o->meta->ns, sc->rollout->meta->ns);
}

static void count_set(const struct object *o, void *arg)
{
    struct count *c = arg;
    const struct replicaset *rs = o->as.replicaset;
    const char *target = c->sc->rollout->as.rollout->spec.target;
    const struct object *dep = c->sc->deployment;

    if (beside(o, c->sc) && target && str_equal(replicaset_deployment(rs), target))
        c->sets += (!str_empty(rs->of) && str_equal(rs->of, target)) ||
                   (dep && str_equal(rs->deployment_uid, dep->meta->uid));
}

static void count_service(const struct object *o, void *arg)
{
    struct count *c = arg;
    const struct object *dep = c->sc->deployment;

    c->services += beside(o, c->sc) && service_concerns(o->as.service, c->sc->rollout->as.rollout,
                                                        dep ? dep->as.deployment : NULL);
}

static void count_slice(const struct object *o, void *arg)
{
    struct count *c = arg;

    c->slices += beside(o, c->sc) && o->as.slice->service &&
                 object_list_find(&c->sc->services, o->as.slice->service) != NULL;
}

static void check_world(const struct object *rollout, void *arg)
{
    const struct bench *b = arg;
    struct count c = {0};
    struct arena a = {0};
    struct scene sc;
    const struct world *w;

    scene_from_store(&sc, b->store, rollout->meta->ns, rollout->meta->name);
    c.sc = &sc;
    w = scene_world(&sc, &a);
    CHECK(w && sc.rollout == rollout, "%s", rollout->key);
    CHECK(str_equal(w->rollout->meta.uid, rollout->meta->uid), "%s", rollout->key);
    store_each(b->store, KIND_REPLICASET, count_set, &c);
    store_each(b->store, KIND_SERVICE, count_service, &c);
    store_each(b->store, KIND_ENDPOINTSLICE, count_slice, &c);
    CHECK(w->rs_count == c.sets, "%zu ReplicaSets of %zu", w->rs_count, c.sets);
    CHECK(w->service_count == c.services, "%zu Services of %zu", w->service_count, c.services);
    CHECK(w->slice_count == c.slices, "%zu slices of %zu", w->slice_count, c.slices);
    scene_release(&sc);
    arena_release(&a);
}

/* ---- all that is kept ------------------------------------------------------------------------ */

struct tally {
    const struct bench *b;
    size_t count, bytes;
};

static void check_kept(const struct object *o, void *arg)
{
    struct tally *t = arg;
    const struct ident id = {
        .ns = o->meta->ns, .name = o->meta->name, .uid = o->meta->uid, .rv = o->meta->rv};

    CHECK(o->refs == 1, "%s: %d references", o->key, o->refs);
    CHECK(store_get(t->b->store, o->kind, o->meta->ns, o->meta->name) == o, "%s", o->key);
    CHECK(store_has(t->b->store, o->kind, &id) == o, "%s", o->key);
    CHECK(!store_is_gone(t->b->store, o->meta->uid), "%s is there, and gone", o->key);
    t->count++;
    t->bytes += o->arena.bytes;
}

static void check_all(struct bench *b)
{
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        struct tally t = {.b = b};

        store_each(b->store, (enum kube_kind)kind, check_kept, &t);
        CHECK(t.count == store_count(b->store, (enum kube_kind)kind), "%zu", t.count);
        CHECK(t.bytes == store_bytes(b->store, (enum kube_kind)kind), "%zu", t.bytes);
    }
    store_each(b->store, KIND_ROLLOUT, check_world, b);
    store_each(b->store, KIND_ROLLOUT, check_woken, b);
}

/* ---- steps ----------------------------------------------------------------------------------- */

static bool kind_of(const char *name, enum kube_kind *kind)
{
    static const enum kube_kind kinds[] = {KIND_ROLLOUT,   KIND_DEPLOYMENT, KIND_REPLICASET,
                                           KIND_FENCE,     KIND_SERVICE,    KIND_ENDPOINTSLICE,
                                           KIND_HTTPROUTE, KIND_MAP,        KIND_MAP_BINDING};

    for (size_t i = 0; i < COUNT(kinds); i++) {
        if (str_equal(kube_kind_info(kinds[i])->kind, name)) {
            *kind = kinds[i];
            return true;
        }
    }
    return false;
}

static void put(struct bench *b, struct object *o)
{
    const bool kept = store_put(b->store, o, b->now_ms);

    CHECK(kept == (store_get(b->store, o->kind, o->meta->ns, o->meta->name) == o), "%s", o->key);
}

static void take_away(struct bench *b, const struct object *o, bool by_name)
{
    const struct object *left;

    store_remove(b->store, o->kind, o->meta->ns, o->meta->name, by_name ? "" : o->meta->uid,
                 b->now_ms);
    left = store_get(b->store, o->kind, o->meta->ns, o->meta->name);
    CHECK(!left || (!by_name && !str_equal(left->meta->uid, o->meta->uid)), "%s is left", o->key);
}

static void act(struct bench *b, struct object *o, const char *what)
{
    before_step(b);
    if (str_equal(what, "gone") || str_equal(what, "lost"))
        take_away(b, o, str_equal(what, "lost"));
    else
        put(b, o);
    if (str_equal(what, "swept"))
        store_sweep(b->store);
    b->now_ms += str_equal(what, "later") ? GRAVE_MS : 1;
}

/* Can there be such an object, after those that were told? */
static bool possible(struct bench *b, const struct object *o)
{
    struct told *t = &b->told[b->told_count];

    if (b->told_count == TOLD_MAX || !item_name(o->meta->name) || !item_name(o->meta->uid) ||
        (kube_kind_info(o->kind)->namespaced ? !item_name(o->meta->ns) : !str_empty(o->meta->ns)))
        return false;
    for (size_t i = 0; i < b->told_count; i++) {
        const struct told *was = &b->told[i];
        if (str_equal(was->uid, o->meta->uid) &&
            (was->kind != o->kind || !str_equal(was->key, o->key)))
            return false;
    }
    t->kind = o->kind;
    snprintf(t->key, sizeof(t->key), "%s", o->key);
    snprintf(t->uid, sizeof(t->uid), "%s", o->meta->uid);
    b->told_count++;
    return true;
}

static void step(const cJSON *doc, const char *raw, size_t len, void *arg)
{
    struct bench *b = arg;
    enum kube_kind kind;
    struct object *o;

    if (!kind_of(json_str(doc, "kind"), &kind) || !(o = object_read(kind, doc, raw, len)))
        return;
    if (possible(b, o)) {
        act(b, o, json_str(doc, "do"));
        object_unref(o);
        check_all(b);
    } else {
        object_unref(o);
    }
}

/* ---- the end --------------------------------------------------------------------------------- */

static void remove_one(const cJSON *doc, const char *raw UNUSED, size_t len UNUSED, void *arg)
{
    struct bench *b = arg;
    const char *ns = json_str(doc, "metadata.namespace"), *name = json_str(doc, "metadata.name");
    enum kube_kind kind;

    if (!kind_of(json_str(doc, "kind"), &kind) || !name)
        return;
    before_step(b);
    store_remove(b->store, kind, ns ? ns : "", name, "", b->now_ms);
    check_all(b);
}

static void check_empty(const struct bench *b)
{
    for (int kind = 0; kind < KIND_COUNT; kind++)
        CHECK(!store_count(b->store, (enum kube_kind)kind) &&
                  !store_bytes(b->store, (enum kube_kind)kind),
              "%s are left", kube_kind_info((enum kube_kind)kind)->plural);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const char *const text = (const char *)data;
    struct err e = {0};
    auto_json cJSON *doc = json_parse(text, len, &e);
    struct bench b = {.now_ms = 1000};

    if (!doc)
        return REFUSED;
    b.store = store_new(&(struct store_listener){
        .arg = &b, .woken = on_woken, .gone = on_gone, .policy_changed = on_policy});
    items_each(doc, text, len, step, &b);
    if (len % 2) /* else all goes at once */
        items_each(doc, text, len, remove_one, &b);
    if (len % 2)
        check_empty(&b);
    store_free(b.store);
    b.store = NULL;
    for (size_t i = 0; i < b.seen_count; i++)
        strbuf_release(&b.seen[i].world);
    return b.told_count ? 0 : REFUSED;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "sluice/ctl/store.h"
#include "index.h"
#include "sluice/kube/watch.h"

#include <stdlib.h>

/* The uid of an object that is gone, and until when that is remembered. */
struct grave {
    char *uid;
    int64_t until_ms;
};

struct store {
    struct store_listener listener;
    struct map tables[KIND_COUNT]; /* "ns/name" -> struct object, one reference each */
    size_t bytes[KIND_COUNT];
    struct index index;
    struct map dead;      /* uid -> any non-NULL */
    struct grave *graves; /* in order of time, a ring */
    size_t grave_first, grave_count, grave_cap;
};

struct store *store_new(const struct store_listener *listener)
{
    struct store *s = xcalloc(1, sizeof(*s));

    s->listener = *listener;
    return s;
}

void store_free(struct store *s)
{
    const char *key;
    void *value;

    if (!s)
        return;
    index_release(&s->index);
    for (size_t kind = 0; kind < KIND_COUNT; kind++) {
        for (size_t i = 0; map_next(&s->tables[kind], &i, &key, &value);)
            object_unref(value);
        map_release(&s->tables[kind]);
    }
    for (size_t i = 0; i < s->grave_count; i++)
        free(s->graves[(s->grave_first + i) % s->grave_cap].uid);
    free(s->graves);
    map_release(&s->dead);
    free(s);
}

/* ---- graves: a read that began before an object was deleted may end after -------------------- */

static void graves_forget(struct store *s, int64_t now_ms)
{
    while (s->grave_count > 0 && s->graves[s->grave_first].until_ms <= now_ms) {
        struct grave *g = &s->graves[s->grave_first];
        map_remove(&s->dead, g->uid);
        free(g->uid);
        s->grave_first = (s->grave_first + 1) % s->grave_cap;
        s->grave_count--;
    }
}

static void graves_grow(struct store *s)
{
    const size_t cap = s->grave_cap ? s->grave_cap * 2 : 16;
    struct grave *graves = xcalloc(cap, sizeof(*graves));

    for (size_t i = 0; i < s->grave_count; i++)
        graves[i] = s->graves[(s->grave_first + i) % s->grave_cap];
    free(s->graves);
    s->graves = graves;
    s->grave_cap = cap;
    s->grave_first = 0;
}

static void bury(struct store *s, const char *uid, int64_t now_ms)
{
    struct grave grave;

    graves_forget(s, now_ms);
    if (str_empty(uid) || map_get(&s->dead, uid))
        return;
    if (s->grave_count == s->grave_cap)
        graves_grow(s);
    grave = (struct grave){.uid = xstrdup(uid), .until_ms = now_ms + GRAVE_MS};
    s->graves[(s->grave_first + s->grave_count) % s->grave_cap] = grave;
    s->grave_count++;
    map_put_lent(&s->dead, grave.uid, s);
}

/* ---- what a change tells others -------------------------------------------------------------- */

struct waking {
    struct store *store;
    enum kube_kind by;
};

static void wake_one(void *arg, const struct object *rollout)
{
    const struct waking *w = arg;

    w->store->listener.woken(w->store->listener.arg, rollout, w->by);
}

static void wake(struct store *s, const struct object *o)
{
    struct waking w = {.store = s, .by = o->kind};

    if (o->kind == KIND_MAP || o->kind == KIND_MAP_BINDING)
        s->listener.policy_changed(s->listener.arg);
    else
        store_rollouts_of(s, o, wake_one, &w);
}

/* ---- in and out ------------------------------------------------------------------------------ */

static void take_out(struct store *s, struct object *o)
{
    wake(s, o);
    index_remove(&s->index, o);
    map_remove(&s->tables[o->kind], o->key);
    s->bytes[o->kind] -= o->arena.bytes;
    if (o->kind == KIND_ROLLOUT)
        s->listener.gone(s->listener.arg, o);
    object_unref(o);
}

/* Is `o` a later state than the one we have of the same name? A malformed resourceVersion tells
 * nothing: the newer word is believed then (C24). */
static bool later(const struct object *o, const struct object *known)
{
    const enum rv_order order = rv_compare(o->meta->rv, known->meta->rv);

    return order == RV_NEWER || order == RV_UNKNOWN;
}

bool store_put(struct store *s, struct object *o, int64_t now_ms)
{
    struct object *known = map_get(&s->tables[o->kind], o->key);

    graves_forget(s, now_ms);
    if (map_get(&s->dead, o->meta->uid) || (known && !later(o, known)))
        return false;
    if (o->kind != KIND_ROLLOUT && !store_wants(s, o)) {
        if (known)
            take_out(s, known);
        return false;
    }
    if (known) {
        if (!str_equal(known->meta->uid, o->meta->uid))
            bury(s, known->meta->uid, now_ms);
        wake(s, known); /* whom it concerned so far */
        index_remove(&s->index, known);
    }
    map_put_lent(&s->tables[o->kind], o->key, object_ref(o));
    s->bytes[o->kind] += o->arena.bytes - (known ? known->arena.bytes : 0);
    index_add(&s->index, o);
    object_unref(known);
    wake(s, o);
    return true;
}

void store_remove(struct store *s, enum kube_kind kind, const char *ns, const char *name,
                  const char *uid, int64_t now_ms)
{
    char key[OBJECT_KEY_MAX];
    struct object *known;

    object_key(key, ns, name);
    known = map_get(&s->tables[kind], key);
    if (known && str_empty(uid))
        uid = known->meta->uid;
    if (store_wants_namespace(s, kind, ns))
        bury(s, uid, now_ms);
    if (known && str_equal(known->meta->uid, uid))
        take_out(s, known);
}

bool store_is_gone(const struct store *s, const char *uid)
{
    return !str_empty(uid) && map_get(&s->dead, uid);
}

bool store_wants_namespace(const struct store *s, enum kube_kind kind, const char *ns)
{
    return kind == KIND_ROLLOUT || !kube_kind_info(kind)->namespaced ||
           store_bucket(s, BUCKET_NAMESPACE, ns, "");
}

void store_sweep(struct store *s)
{
    const char *key;
    void *value;

    for (int kind = 0; kind < KIND_COUNT; kind++) {
        if (kind == KIND_ROLLOUT)
            continue;
        for (size_t i = 0; map_next(&s->tables[kind], &i, &key, &value);) {
            if (!store_wants(s, value))
                take_out(s, value);
        }
    }
}

/* ---- reading --------------------------------------------------------------------------------- */

struct object *store_get(const struct store *s, enum kube_kind kind, const char *ns,
                         const char *name)
{
    char key[OBJECT_KEY_MAX];

    if (str_empty(name))
        return NULL;
    object_key(key, ns, name);
    return map_get(&s->tables[kind], key);
}

struct object *store_has(const struct store *s, enum kube_kind kind, const struct ident *id)
{
    struct object *o = store_get(s, kind, id->ns, id->name);

    return o && str_equal(o->meta->uid, id->uid) && str_equal(o->meta->rv, id->rv) ? o : NULL;
}

size_t store_count(const struct store *s, enum kube_kind kind)
{
    return s->tables[kind].count;
}

size_t store_bytes(const struct store *s, enum kube_kind kind)
{
    return s->bytes[kind];
}

void store_each(const struct store *s, enum kube_kind kind,
                void (*fn)(const struct object *o, void *arg), void *arg)
{
    const char *key;
    void *value;

    for (size_t i = 0; map_next(&s->tables[kind], &i, &key, &value);)
        fn(value, arg);
}

const struct object_list *store_bucket(const struct store *s, enum bucket bucket, const char *ns,
                                       const char *text)
{
    return index_find(&s->index, bucket, ns, text);
}

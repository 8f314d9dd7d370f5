/* SPDX-License-Identifier: Apache-2.0 */
#include "known.h"
#include "sluice/base/strbuf.h"
#include "sluice/json/json.h"
#include "sluice/kube/watch.h"

#include <stdlib.h>
#include <string.h>

struct known_object {
    bool marked;
    size_t rv_at;
    char text[]; /* uid, NUL, resourceVersion, NUL */
};

static const char *uid_of(const struct known_object *o)
{
    return o->text;
}

static const char *rv_of(const struct known_object *o)
{
    return o->text + o->rv_at;
}

static struct known_object *make(const char *uid, const char *rv)
{
    const size_t uid_size = strlen(uid) + 1, rv_size = strlen(rv) + 1;
    struct known_object *o = xmalloc(sizeof(*o) + uid_size + rv_size);

    o->marked = true;
    o->rv_at = uid_size;
    memcpy(o->text, uid, uid_size);
    memcpy(o->text + uid_size, rv, rv_size);
    return o;
}

/* Names hold no '/', so the first one parts them. */
static void key_of(const struct ident *id, struct strbuf *key)
{
    strbuf_init(key, 1024);
    strbuf_addf(key, "%s/%s", id->ns, id->name);
}

/* `key` is in the map; the object is not any more when the sink hears of it. */
static void tell_removed(struct known *k, const struct reflector_sink *sink, const char *key)
{
    auto_free struct known_object *o = NULL;
    auto_free char *ns = xstrdup(key);
    char *slash = strchr(ns, '/');

    assert(slash);
    *slash = '\0';
    o = map_remove(&k->objects, key);
    sink->remove(sink->arg, ns, slash + 1, uid_of(o));
}

bool known_note(struct known *k, const struct reflector_sink *sink, const struct ident *id)
{
    auto_strbuf struct strbuf key;
    struct known_object *o;

    key_of(id, &key);
    o = map_get(&k->objects, strbuf_str(&key));
    if (o && strcmp(uid_of(o), id->uid) != 0) {
        tell_removed(k, sink, strbuf_str(&key));
        o = NULL;
    }
    if (o) {
        const enum rv_order order = rv_compare(id->rv, rv_of(o));
        o->marked = true;
        k->stale += order == RV_OLDER;
        if (order == RV_OLDER || order == RV_SAME)
            return false;
    }
    free(map_put(&k->objects, strbuf_str(&key), make(id->uid, id->rv)));
    return true;
}

void known_upsert(struct known *k, const struct reflector_sink *sink, const cJSON *object,
                  const char *raw, size_t len)
{
    struct ident id;

    ident_of(object, &id);
    if (known_note(k, sink, &id))
        sink->upsert(sink->arg, object, raw, len);
}

void known_delete(struct known *k, const struct reflector_sink *sink, const cJSON *object)
{
    auto_strbuf struct strbuf key;
    const struct known_object *o;
    struct ident id;

    ident_of(object, &id);
    key_of(&id, &key);
    o = map_get(&k->objects, strbuf_str(&key));
    /* The end of a former life: the present one is somebody else. */
    if (o && strcmp(uid_of(o), id.uid) == 0)
        tell_removed(k, sink, strbuf_str(&key));
}

void known_unmark(struct known *k)
{
    const char *key;
    void *o;

    for (size_t i = 0; map_next(&k->objects, &i, &key, &o);)
        ((struct known_object *)o)->marked = false;
}

void known_sweep(struct known *k, const struct reflector_sink *sink)
{
    const char *key;
    void *o;

    for (size_t i = 0; map_next(&k->objects, &i, &key, &o);) {
        if (((struct known_object *)o)->marked)
            continue;
        auto_free char *copy = xstrdup(key); /* the map frees the key with its slot */
        tell_removed(k, sink, copy);
    }
}

size_t known_count(const struct known *k)
{
    return k->objects.count;
}

void known_release(struct known *k)
{
    const char *key;
    void *o;

    for (size_t i = 0; map_next(&k->objects, &i, &key, &o);)
        free(o);
    map_release(&k->objects);
}

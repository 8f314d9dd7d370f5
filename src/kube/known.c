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

static const char *field(const cJSON *object, const char *path)
{
    const char *s = json_str(object, path);

    return s ? s : "";
}

/* Names hold no '/', so the first one parts them. */
static void key_of(const cJSON *object, struct strbuf *key)
{
    strbuf_init(key, 1024);
    strbuf_addf(key, "%s/%s", field(object, "metadata.namespace"), field(object, "metadata.name"));
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

void known_upsert(struct known *k, const struct reflector_sink *sink, const cJSON *object,
                  const char *raw, size_t len)
{
    const char *uid = field(object, "metadata.uid"),
               *rv = field(object, "metadata.resourceVersion");
    auto_strbuf struct strbuf key;
    struct known_object *o;

    key_of(object, &key);
    o = map_get(&k->objects, strbuf_str(&key));
    if (o && strcmp(uid_of(o), uid) != 0) {
        tell_removed(k, sink, strbuf_str(&key));
        o = NULL;
    }
    if (o) {
        const enum rv_order order = rv_compare(rv, rv_of(o));
        o->marked = true;
        k->stale += order == RV_OLDER;
        if (order == RV_OLDER || order == RV_SAME)
            return;
    }
    free(map_put(&k->objects, strbuf_str(&key), make(uid, rv)));
    sink->upsert(sink->arg, object, raw, len);
}

void known_delete(struct known *k, const struct reflector_sink *sink, const cJSON *object)
{
    auto_strbuf struct strbuf key;
    const struct known_object *o;

    key_of(object, &key);
    o = map_get(&k->objects, strbuf_str(&key));
    /* The end of a former life: the present one is somebody else. */
    if (o && strcmp(uid_of(o), field(object, "metadata.uid")) == 0)
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

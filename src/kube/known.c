/* SPDX-License-Identifier: Apache-2.0 */
#include "known.h"
#include "sluice/base/strbuf.h"
#include "sluice/json/json.h"
#include "sluice/kube/watch.h"

#include <stdlib.h>
#include <string.h>

/* One piece of memory for each, and as small as can be: there are as many as objects in the
 * cluster. */
struct known_object {
    uint32_t rv_at, uid_at;
    bool marked;
    bool packed; /* the uid is the bytes of a UUID; else text */
    char text[]; /* key, NUL, resourceVersion, NUL, uid */
};

/* ---- uids: a UUID in the API server's spelling takes 16 bytes, whatever else its text -------- */

#define UUID_BYTES 16
#define UUID_CHARS 36

static const char digits[] = "0123456789abcdef";

static bool dash_at(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

static bool uid_pack(const char *uid, char out[static UUID_BYTES])
{
    size_t n = 0;

    if (strlen(uid) != UUID_CHARS)
        return false;
    for (size_t i = 0; i < UUID_CHARS; i++) {
        const char *digit = strchr(digits, uid[i]);
        if (dash_at(i) ? uid[i] != '-' : !digit)
            return false;
        if (dash_at(i))
            continue;
        out[n / 2] = (char)(n % 2 ? out[n / 2] | (digit - digits) : (digit - digits) << 4);
        n++;
    }
    return true;
}

static void uid_unpack(const char *bytes, char out[static UUID_CHARS + 1])
{
    size_t n = 0;

    for (size_t i = 0; i < UUID_CHARS; i++) {
        if (dash_at(i)) {
            out[i] = '-';
            continue;
        }
        out[i] = digits[(unsigned char)bytes[n / 2] >> (n % 2 ? 0 : 4) & 15];
        n++;
    }
    out[UUID_CHARS] = '\0';
}

/* ---- one object ------------------------------------------------------------------------------ */

static const char *rv_of(const struct known_object *o)
{
    return o->text + o->rv_at;
}

static bool same_uid(const struct known_object *o, const char *uid)
{
    char bytes[UUID_BYTES];

    if (!o->packed)
        return strcmp(o->text + o->uid_at, uid) == 0;
    return uid_pack(uid, bytes) && memcmp(o->text + o->uid_at, bytes, sizeof(bytes)) == 0;
}

static struct known_object *make(const char *key, const char *uid, const char *rv)
{
    const size_t key_size = strlen(key) + 1, rv_size = strlen(rv) + 1;
    char bytes[UUID_BYTES];
    const bool packed = uid_pack(uid, bytes);
    const size_t uid_size = packed ? sizeof(bytes) : strlen(uid) + 1;
    struct known_object *o = xmalloc(sizeof(*o) + key_size + rv_size + uid_size);

    *o = (struct known_object){.rv_at = (uint32_t)key_size,
                               .uid_at = (uint32_t)(key_size + rv_size),
                               .marked = true,
                               .packed = packed};
    memcpy(o->text, key, key_size);
    memcpy(o->text + o->rv_at, rv, rv_size);
    memcpy(o->text + o->uid_at, packed ? bytes : uid, uid_size);
    return o;
}

/* A newer version of the same object, which mostly is as long. */
static bool renew(struct known_object *o, const char *rv)
{
    if (strlen(rv) != strlen(rv_of(o)))
        return false;
    memcpy(o->text + o->rv_at, rv, strlen(rv));
    return true;
}

/* Names hold no '/', so the first one parts them. */
static void key_of(const struct ident *id, struct strbuf *key)
{
    strbuf_init(key, 1024);
    strbuf_addf(key, "%s/%s", id->ns, id->name);
}

/* It is not in the map any more when the sink hears of it. */
static void tell_removed(struct known *k, const struct reflector_sink *sink, struct known_object *o)
{
    char *slash = strchr(o->text, '/');
    char uid[UUID_CHARS + 1];

    assert(slash);
    map_remove(&k->objects, o->text);
    *slash = '\0';
    if (o->packed)
        uid_unpack(o->text + o->uid_at, uid);
    sink->remove(sink->arg, o->text, slash + 1, o->packed ? uid : o->text + o->uid_at);
    free(o);
}

bool known_note(struct known *k, const struct reflector_sink *sink, const struct ident *id)
{
    auto_strbuf struct strbuf key;
    struct known_object *o;

    key_of(id, &key);
    o = map_get(&k->objects, strbuf_str(&key));
    if (o && !same_uid(o, id->uid)) {
        tell_removed(k, sink, o);
        o = NULL;
    }
    if (o) {
        const enum rv_order order = rv_compare(id->rv, rv_of(o));
        o->marked = true;
        k->stale += order == RV_OLDER;
        if (order == RV_OLDER || order == RV_SAME)
            return false;
        if (renew(o, id->rv))
            return true;
    }
    o = make(strbuf_str(&key), id->uid, id->rv);
    free(map_put_lent(&k->objects, o->text, o));
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
    struct known_object *o;
    struct ident id;

    ident_of(object, &id);
    key_of(&id, &key);
    o = map_get(&k->objects, strbuf_str(&key));
    /* The end of a former life: the present one is somebody else. */
    if (o && same_uid(o, id.uid))
        tell_removed(k, sink, o);
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

    for (size_t i = 0; map_next(&k->objects, &i, &key, &o);)
        if (!((struct known_object *)o)->marked)
            tell_removed(k, sink, o);
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

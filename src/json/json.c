/* SPDX-License-Identifier: Apache-2.0 */
/* json.c - the only file that calls cJSON: our own check of the text first, then its tree. */
#include "sluice/json/json.h"
#include "scan.h"

#include <math.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

/* Above this a double no longer holds each integer. */
#define EXACT_MAX 9007199254740992.0

/* --- memory of trees --------------------------------------------------------------------------
 *
 * A tree is hundreds of small pieces that come and go together, between objects that stay: on the
 * heap they cost more time than the parsing, and leave it in shreds. So they are laid one behind
 * the other in a pool, which is empty again when its last piece is given back. What does not fit
 * is the heap's, and so is all under a sanitizer, which shall see each piece by itself. */

#define POOL_BYTES ((size_t)128 * 1024)
#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define POOLED false
#else
#define POOLED true
#endif

static struct {
    alignas(max_align_t) char bytes[POOL_BYTES];
    size_t used, live; /* live: pieces not yet given back */
} pool;

static void *pool_get(size_t n)
{
    const size_t align = alignof(max_align_t);
    void *p;

    if (!POOLED || n > POOL_BYTES - align || n + align > POOL_BYTES - pool.used)
        return xmalloc(n);
    p = pool.bytes + pool.used;
    pool.used += (n + align - 1) / align * align;
    pool.live++;
    return p;
}

static void pool_put(void *p)
{
    const uintptr_t at = (uintptr_t)p - (uintptr_t)pool.bytes; /* below it: far behind it */

    if (at >= POOL_BYTES) {
        free(p);
        return;
    }
    assert(pool.live > 0);
    if (--pool.live == 0)
        pool.used = 0;
}

/* Texts that cJSON prints are given to others, who free them: they stay on the heap. */
static cJSON *parse_pooled(const char *text, size_t len)
{
    cJSON_Hooks hooks = {.malloc_fn = pool_get, .free_fn = pool_put};
    cJSON *doc;

    cJSON_InitHooks(&hooks);
    doc = cJSON_ParseWithLengthOpts(text, len, NULL, 0);
    hooks.malloc_fn = xmalloc;
    cJSON_InitHooks(&hooks);
    return doc;
}

void json_release(cJSON **doc)
{
    cJSON_Delete(*doc);
    *doc = NULL;
}

/* --- duplicate keys --------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;

    return strcmp(*x, *y);
}

/* Most objects have no two keys that fall on the same of these bits: then none stands twice. */
#define KEY_BITS 1024

static bool all_differ(const cJSON *object)
{
    uint64_t seen[KEY_BITS / 64] = {0};

    JSON_EACH(item, object) {
        uint32_t h = 2166136261; /* FNV-1a */
        for (const char *p = item->string; *p; p++)
            h = (h ^ (unsigned char)*p) * 16777619;
        h = (h ^ h >> 16) % KEY_BITS;
        if (seen[h / 64] >> h % 64 & 1)
            return false;
        seen[h / 64] |= UINT64_C(1) << h % 64;
    }
    return true;
}

/* A key that stands twice in the object, else NULL. */
static const char *duplicate_in(const cJSON *object)
{
    auto_free const char **keys = NULL;
    size_t count, i = 0;

    if (all_differ(object))
        return NULL;
    count = json_count(object);
    keys = xcalloc(count, sizeof(*keys));
    JSON_EACH(item, object)
        keys[i++] = item->string;
    qsort(keys, count, sizeof(*keys), by_text);
    for (i = 1; i < count; i++)
        if (strcmp(keys[i - 1], keys[i]) == 0)
            return keys[i];
    return NULL;
}

/* Every object of the tree; the stack is as deep as scan_check allows. */
static const char *duplicate_key(const cJSON *doc)
{
    const cJSON *stack[JSON_DEPTH_MAX + 1];
    size_t depth = 0;

    for (const cJSON *item = doc; item;) {
        const char *key = (item->type & 0xff) == cJSON_Object ? duplicate_in(item) : NULL;
        if (key)
            return key;
        if (item->child) {
            assert(depth < COUNT(stack));
            stack[depth++] = item;
            item = item->child;
            continue;
        }
        while (!item->next && depth > 0)
            item = stack[--depth];
        item = item->next; /* NULL for the root */
    }
    return NULL;
}

bool json_valid(const char *text, size_t len)
{
    size_t at;

    return !scan_check(text, len, &at);
}

/* The tree of a text whose grammar was checked. */
static cJSON *build(const char *text, size_t len, struct err *e)
{
    auto_json cJSON *doc = parse_pooled(text, len);
    const char *key;
    cJSON *result;

    if (!doc) { /* scan_check lets through what this cJSON takes; another may not */
        err_set(e, ERR_INVALID, "not JSON");
        return NULL;
    }
    key = duplicate_key(doc);
    if (key) {
        err_set(e, ERR_INVALID, "not JSON we take: key \"%s\" stands twice in an object", key);
        return NULL;
    }
    result = doc;
    doc = NULL;
    return result;
}

static bool checked(const char *text, size_t len, struct err *e)
{
    size_t at = 0;
    const char *wrong = scan_check(text, len, &at);

    if (wrong)
        return err_set(e, ERR_INVALID, "not JSON at byte %zu: %s", at, wrong);
    return true;
}

cJSON *json_parse(const char *text, size_t len, struct err *e)
{
    return checked(text, len, e) ? build(text, len, e) : NULL;
}

cJSON *json_parse_without(const char *text, size_t len, const char *quoted, struct err *e)
{
    auto_free char *shorter = NULL;

    if (!checked(text, len, e))
        return NULL;
    shorter = scan_omit(text, len, quoted, &len);
    return build(shorter ? shorter : text, len, e);
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool is_type(const cJSON *o, int type)
{
    return o && (o->type & 0xff) == type;
}

/* An explicit null means "absent", as in the Kubernetes API. */
static const cJSON *member(const cJSON *o, const char *key, size_t len)
{
    if (!is_type(o, cJSON_Object))
        return NULL;
    JSON_EACH(item, o)
        if (strncmp(item->string, key, len) == 0 && item->string[len] == '\0')
            return is_type(item, cJSON_NULL) ? NULL : item;
    return NULL;
}

const cJSON *json_key(const cJSON *o, const char *key)
{
    return member(o, key, strlen(key));
}

const cJSON *json_at(const cJSON *o, const char *path)
{
    while (o && *path) {
        const size_t len = strcspn(path, ".");
        o = member(o, path, len);
        path += len + (path[len] == '.');
    }
    return o;
}

const char *json_str(const cJSON *o, const char *path)
{
    const cJSON *item = json_at(o, path);

    return is_type(item, cJSON_String) ? item->valuestring : NULL;
}

static bool integral(const cJSON *item, int64_t *value)
{
    if (!is_type(item, cJSON_Number) || !(fabs(item->valuedouble) < EXACT_MAX) ||
        trunc(item->valuedouble) != item->valuedouble)
        return false;
    *value = (int64_t)item->valuedouble;
    return true;
}

int64_t json_i64(const cJSON *o, const char *path, int64_t dflt)
{
    int64_t value = dflt;

    return integral(json_at(o, path), &value) ? value : dflt;
}

bool json_bool(const cJSON *o, const char *path, bool dflt)
{
    const cJSON *item = json_at(o, path);

    return is_type(item, cJSON_True) || (!is_type(item, cJSON_False) && dflt);
}

const char *json_int_or_str(struct arena *a, const cJSON *o, const char *path)
{
    const cJSON *item = json_at(o, path);
    int64_t value;

    if (is_type(item, cJSON_String))
        return item->valuestring;
    return integral(item, &value) ? arena_printf(a, "%lld", (long long)value) : NULL;
}

size_t json_count(const cJSON *array)
{
    size_t n = 0;

    JSON_EACH(item, array)
        n++;
    return n;
}

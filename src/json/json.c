/* SPDX-License-Identifier: Apache-2.0 */
/* json.c - the only file that calls cJSON: our own check of the text first, then its tree. */
#include "sluice/json/json.h"
#include "scan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Above this a double no longer holds each integer. */
#define EXACT_MAX 9007199254740992.0

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

/* A key that stands twice in the object, else NULL. */
static const char *duplicate_in(const cJSON *object)
{
    const size_t count = json_count(object);
    auto_free const char **keys = NULL;
    size_t i = 0;

    if (count < 2)
        return NULL;
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

cJSON *json_parse(const char *text, size_t len, struct err *e)
{
    auto_json cJSON *doc = NULL;
    const char *wrong, *key;
    cJSON *result;
    size_t at = 0;

    wrong = scan_check(text, len, &at);
    if (wrong) {
        err_set(e, ERR_INVALID, "not JSON at byte %zu: %s", at, wrong);
        return NULL;
    }
    doc = cJSON_ParseWithLengthOpts(text, len, NULL, 0);
    if (!doc) {
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

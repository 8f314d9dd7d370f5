/* SPDX-License-Identifier: Apache-2.0 */
/* json_patch.h - JSON Patch on bytes, for tests: what no operation names stays byte for byte.
 *
 * test, add, replace and remove, on paths of plain tokens. An added member goes to the end. */
#ifndef SLUICE_TEST_JSON_PATCH_H
#define SLUICE_TEST_JSON_PATCH_H

#include "sluice/json/json.h"

#include <stdlib.h>
#include <string.h>

struct nth {
    long want, at;
    struct jslice found;
};

static inline bool nth_item(struct jslice item, void *arg)
{
    struct nth *n = arg;

    n->found = n->at == n->want ? item : n->found;
    return n->at++ != n->want;
}

static inline struct jslice array_item(struct jslice array, long index)
{
    struct nth n = {.want = index};

    json_slice_each(array, nth_item, &n);
    return n.found;
}

/* The value at a JSON Pointer; p NULL: not there. */
static inline struct jslice pointer_get(struct jslice at, const char *pointer, size_t len)
{
    while (len > 0 && at.p) {
        char token[256];
        size_t n;

        pointer++, len--;
        for (n = 0; n < len && pointer[n] != '/' && n + 1 < sizeof(token); n++)
            token[n] = pointer[n];
        token[n] = '\0';
        pointer += n, len -= n;
        at = *at.p == '[' ? array_item(at, strtol(token, NULL, 10))
                          : json_slice(at.p, at.len, token);
    }
    return at;
}

/* Strings by what they say, however they are escaped; all else by its bytes. */
static inline bool same_json(struct jslice a, struct jslice b)
{
    auto_json cJSON *x = a.p ? json_parse(a.p, a.len, NULL) : NULL;
    auto_json cJSON *y = b.p ? json_parse(b.p, b.len, NULL) : NULL;

    if (x && y && json_str(x, "") && json_str(y, ""))
        return str_equal(json_str(x, ""), json_str(y, ""));
    return x && y && a.len == b.len && memcmp(a.p, b.p, a.len) == 0;
}

/* `doc` with the bytes from `p`, `len` of them, replaced. */
static inline char *put_bytes(struct arena *a, struct jslice doc, const char *p, size_t len,
                              const char *text)
{
    const size_t head = (size_t)(p - doc.p);

    return arena_printf(a, "%.*s%s%s", (int)head, doc.p, text, p + len);
}

static inline bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* The bytes of a value with its key, and one of the commas beside it. */
static inline struct jslice with_comma(struct jslice doc, struct jslice value, bool member)
{
    const char *p = value.p, *end = value.p + value.len;

    if (member) {
        while (*--p != ':')
            ;
        while (*--p != '"')
            ;
        while (*--p != '"')
            ;
    }
    while (p > doc.p && is_blank(p[-1]))
        p--;
    if (p[-1] == ',') {
        p--;
    } else {
        while (is_blank(*end))
            end++;
        end += *end == ',';
    }
    return (struct jslice){.p = p, .len = (size_t)(end - p)};
}

static inline char *add_member(struct arena *a, struct jslice doc, struct jslice into,
                               const char *key, const char *value)
{
    const char *end = into.p + into.len - 1, *last = end;
    const bool array = *into.p == '[';

    while (is_blank(last[-1]))
        last--;
    return put_bytes(a, doc, last, 0,
                     arena_printf(a, "%s%s%s%s%s", last - 1 == into.p ? "" : ",", array ? "" : "\"",
                                  array ? "" : key, array ? "" : "\":", value));
}

/* The new text, or NULL when a test does not hold or a path is not there. */
static inline char *apply_one(struct arena *a, const char *text, const cJSON *op, struct jslice raw)
{
    const struct jslice doc = {.p = text, .len = strlen(text)};
    const char *path = json_str(op, "path"), *what = json_str(op, "op");
    const char *key = strrchr(path, '/') + 1;
    const struct jslice into = pointer_get(doc, path, (size_t)(key - 1 - path));
    const struct jslice old = pointer_get(doc, path, strlen(path));
    const struct jslice new = json_slice(raw.p, raw.len, "value");
    const char *value = arena_strndup(a, new.p ? new.p : "", new.len);
    const bool append = into.p && *into.p == '[' && strcmp(key, "-") == 0;

    if (strcmp(what, "test") == 0)
        return same_json(old, new) ? arena_strdup(a, text) : NULL;
    if (!into.p)
        return NULL;
    if (strcmp(what, "add") == 0 && (append || !old.p))
        return add_member(a, doc, into, key, value);
    if (!old.p)
        return NULL;
    if (strcmp(what, "remove") == 0) {
        const struct jslice gone = with_comma(doc, old, *into.p == '{');

        return put_bytes(a, doc, gone.p, gone.len, "");
    }
    return put_bytes(a, doc, old.p, old.len, value);
}

static inline char *apply_patch(struct arena *a, const char *text, const char *patch)
{
    auto_json cJSON *doc = json_parse(patch, strlen(patch), NULL);
    const struct jslice ops = {.p = patch, .len = strlen(patch)};
    char *now = arena_strdup(a, text);
    long i = 0;

    if (!doc)
        return NULL;
    JSON_EACH(op, doc) {
        if (now)
            now = apply_one(a, now, op, array_item(ops, i));
        i++;
    }
    return now;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* slice.c - pieces of the original text: found, sorted, and with one label set. */
#include "scan.h"
#include "sluice/json/jfmt.h"
#include "sluice/json/json.h"

#include <stdlib.h>
#include <string.h>

static struct jslice trim(const char *text, size_t len)
{
    const char *p = text ? scan_blank(text, text + len) : NULL;
    struct jslice s = {.p = p, .len = p ? len - (size_t)(p - text) : 0};

    while (s.len > 0 && scan_blank(s.p + s.len - 1, s.p + s.len) == s.p + s.len)
        s.len--;
    return s;
}

/* The member `path` starts with. A key equal to the whole path wins over one with a dot behind. */
static bool find_member(struct jslice object, const char *path, struct scan_item *found,
                        const char **rest)
{
    struct scan_item item;
    const char *p = NULL;

    *rest = NULL;
    if (!scan_is(object, '{'))
        return false;
    while (scan_next(object, &p, &item)) {
        const char *after = scan_path_rest(item.key, path);
        if (!after || (*rest && *after))
            continue;
        *found = item;
        *rest = after;
        if (!*after)
            break;
    }
    return *rest != NULL;
}

struct jslice json_slice(const char *text, size_t len, const char *path)
{
    struct jslice at = trim(text, len);
    struct scan_item found = {0};
    const char *rest;

    while (*path) {
        if (!find_member(at, path, &found, &rest))
            return (struct jslice){0};
        at = found.value;
        path = rest;
    }
    return at;
}

struct jslice json_begin(struct jslice object, const char *key)
{
    const struct jslice at = trim(object.p, object.len);
    const char *p = NULL, *const end = at.p + at.len;
    struct jslice found;

    if (!scan_is(at, '{'))
        return (struct jslice){0};
    while (scan_key(at, &p, &found) && p < end) {
        if (scan_key_is(found, key, strlen(key)))
            return (struct jslice){p, (size_t)(end - p)};
        p = scan_value(p, end);
    }
    return (struct jslice){0};
}

size_t json_members(struct jslice object, const char *const *keys, size_t count, struct jslice *out)
{
    struct scan_item item;
    const char *p = NULL;
    size_t found = 0;

    for (size_t i = 0; i < count; i++)
        out[i] = (struct jslice){0};
    while (found < count && scan_is(object, '{') && scan_next(object, &p, &item))
        for (size_t i = 0; i < count; i++)
            if (!out[i].p && scan_key_is(item.key, keys[i], strlen(keys[i]))) {
                out[i] = item.value;
                found++;
            }
    return found;
}

bool json_slice_each(struct jslice array, bool (*each)(struct jslice item, void *arg), void *arg)
{
    struct scan_item item;
    const char *p = NULL;

    if (!scan_is(array, '['))
        return true;
    while (scan_next(array, &p, &item))
        if (!each(item.value, arg))
            return false;
    return true;
}

/* --- canonical form --------------------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
    const struct scan_item *x = a, *y = b;
    const size_t least = x->key.len < y->key.len ? x->key.len : y->key.len;
    int order;

    assert(least > 0); /* its quotes */
    /* Without the closing one, so that a key sorts before those it begins. */
    order = memcmp(x->key.p, y->key.p, least - 1);
    return order ? order : (x->key.len > y->key.len) - (x->key.len < y->key.len);
}

/* Most objects are small, or have come in order. */
#define INSERT_MAX 16

static void sort_members(struct scan_item *items, size_t count)
{
    if (count > INSERT_MAX) {
        qsort(items, count, sizeof(*items), by_key);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        const struct scan_item item = items[i];
        size_t at = i;
        for (; at > 0 && by_key(&items[at - 1], &item) > 0; at--)
            items[at] = items[at - 1];
        items[at] = item;
    }
}

static struct scan_item *sorted_members(struct jslice object, size_t *count)
{
    struct scan_item *items = NULL, item;
    const char *p = NULL;
    size_t cap = 0;

    *count = 0;
    while (scan_next(object, &p, &item)) {
        if (*count == cap)
            items = xgrow(items, &cap, INSERT_MAX, sizeof(*items));
        items[(*count)++] = item;
    }
    sort_members(items, *count);
    return items;
}

/* False when nothing of the value is left and its member is to go as well. */
static bool canonical(struct strbuf *out, struct jslice value, const char *drop, size_t depth);

static bool canonical_member(struct strbuf *out, const struct scan_item *item, const char *drop,
                             size_t depth)
{
    const char *rest = drop ? scan_path_rest(item->key, drop) : NULL;

    if (rest && !*rest)
        return false;
    strbuf_add(out, item->key.p, item->key.len);
    strbuf_addc(out, ':');
    return canonical(out, item->value, rest, depth + 1);
}

static bool canonical_object(struct strbuf *out, struct jslice object, const char *drop,
                             size_t depth)
{
    size_t count = 0;
    auto_free struct scan_item *items = sorted_members(object, &count);
    bool empty = true, dropped = false;

    strbuf_addc(out, '{');
    for (size_t i = 0; i < count; i++) {
        const size_t before = out->len;
        if (scan_is(items[i].value, 'n'))
            continue;
        if (!empty)
            strbuf_addc(out, ',');
        if (canonical_member(out, &items[i], drop, depth)) {
            empty = false;
        } else {
            out->len = before;
            dropped = true;
        }
    }
    strbuf_addc(out, '}');
    return !empty || !dropped;
}

static void canonical_array(struct strbuf *out, struct jslice array, size_t depth)
{
    struct scan_item item;
    const char *p = NULL, *comma = "";

    strbuf_addc(out, '[');
    while (scan_next(array, &p, &item)) {
        strbuf_adds(out, comma);
        canonical(out, item.value, NULL, depth + 1);
        comma = ",";
    }
    strbuf_addc(out, ']');
}

/* Recursion ends with the depth that json_parse lets through. */
static bool canonical(struct strbuf *out, struct jslice value, const char *drop, size_t depth)
{
    assert(depth <= JSON_DEPTH_MAX);
    if (scan_is(value, '{'))
        return canonical_object(out, value, drop, depth);
    if (scan_is(value, '['))
        canonical_array(out, value, depth);
    else
        strbuf_add(out, value.p, value.len);
    return true;
}

void json_canonical(struct strbuf *out, struct jslice value, const char *drop)
{
    value = trim(value.p, value.len);
    if (!value.p)
        return;
    const size_t before = out->len;
    if (!canonical(out, value, drop, 0) && !out->overflow) {
        out->len = before;
        strbuf_adds(out, "{}");
    }
}

/* --- one string set --------------------------------------------------------------------------- */

/* The text for `path`/`key` from here on: "labels" and "x" give {"labels":{"x":"text"}}. */
static void add_nested(struct strbuf *out, const char *path, const char *key, const char *text)
{
    size_t opened = 0;

    while (*path) {
        const size_t len = strcspn(path, ".");
        auto_free char *name = xmalloc(len + 1);
        memcpy(name, path, len);
        name[len] = '\0';
        json_fmt_to(out, "{%q:", name);
        opened++;
        path += len + (path[len] == '.');
    }
    json_fmt_to(out, "{%q:%q}", key, text);
    while (opened-- > 0)
        strbuf_addc(out, '}');
}

/* `whole` with the bytes of `old` replaced. */
static void add_replaced(struct strbuf *out, struct jslice whole, struct jslice old,
                         const char *path, const char *key, const char *text)
{
    const char *const after = old.p + old.len;

    strbuf_add(out, whole.p, (size_t)(old.p - whole.p));
    if (key)
        add_nested(out, path, key, text);
    else
        json_quote(out, text);
    strbuf_add(out, after, (size_t)(whole.p + whole.len - after));
}

/* `whole` with a first member put into `object`, which is part of it. */
static void add_inserted(struct strbuf *out, struct jslice whole, struct jslice object,
                         const char *path, const char *key, const char *text)
{
    const char *const inside = object.p + 1;
    auto_strbuf struct strbuf nested = {.max = out->max};
    const char *p = NULL;
    struct scan_item item;

    add_nested(&nested, path, key, text);
    strbuf_add(out, whole.p, (size_t)(inside - whole.p));
    strbuf_add(out, nested.p + 1, nested.len - 2); /* without its braces */
    if (scan_next(object, &p, &item))
        strbuf_addc(out, ',');
    strbuf_add(out, inside, (size_t)(whole.p + whole.len - inside));
}

static bool find_key(struct jslice object, const char *key, struct scan_item *found)
{
    const char *p = NULL;

    while (scan_next(object, &p, found))
        if (scan_key_is(found->key, key, strlen(key)))
            return true;
    return false;
}

static void splice(struct strbuf *out, struct jslice whole, const char *path, const char *key,
                   const char *text)
{
    struct scan_item found = {0};
    struct jslice at = whole;
    const char *rest;

    while (*path) {
        if (!find_member(at, path, &found, &rest)) {
            add_inserted(out, whole, at, path, key, text);
            return;
        }
        path = rest;
        if (!scan_is(found.value, '{')) { /* null counts as absent */
            add_replaced(out, whole, found.value, path, key, text);
            return;
        }
        at = found.value;
    }
    if (find_key(at, key, &found))
        add_replaced(out, whole, found.value, "", NULL, text);
    else
        add_inserted(out, whole, at, "", key, text);
}

char *json_splice(struct arena *a, struct jslice value, const char *path, const char *key,
                  const char *text)
{
    auto_strbuf struct strbuf out = {.max = SIZE_MAX / 2};

    value = trim(value.p, value.len);
    if (!scan_is(value, '{'))
        return NULL;
    splice(&out, value, path ? path : "", key, text);
    return arena_strndup(a, out.p, out.len);
}

/* --- one member taken out --------------------------------------------------------------------- */

/* Where it stands, with one comma: that before it, or the one behind it where it is the first.
 * Nowhere where it is the only one. */
static struct jslice place_of(struct jslice object, const char *key)
{
    const char *p = NULL, *before = NULL, *first = NULL, *after;
    struct scan_item item;

    while (scan_next(object, &p, &item)) {
        after = item.value.p + item.value.len;
        if (first)
            return (struct jslice){first, (size_t)(item.key.p - first)};
        if (!scan_key_is(item.key, key, strlen(key)))
            before = after;
        else if (before)
            return (struct jslice){before, (size_t)(after - before)};
        else
            first = item.key.p;
    }
    return (struct jslice){0};
}

/* A null is nothing: json_canonical leaves both out, and then the object. */
static bool says_more(struct jslice object, const char *key)
{
    const char *p = NULL;
    struct scan_item item;

    while (scan_next(object, &p, &item)) {
        if (!scan_key_is(item.key, key, strlen(key)) && !scan_is(item.value, 'n'))
            return true;
    }
    return false;
}

bool json_cut(struct strbuf *out, struct jslice value, const char *path, const char *key)
{
    const struct jslice object = json_slice(value.p, value.len, path);
    struct jslice cut = {0};

    if (scan_is(object, '{') && says_more(object, key))
        cut = place_of(object, key);
    if (!cut.p)
        return false;
    strbuf_add(out, value.p, (size_t)(cut.p - value.p));
    strbuf_add(out, cut.p + cut.len, (size_t)(value.p + value.len - cut.p) - cut.len);
    return true;
}

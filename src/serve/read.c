/* SPDX-License-Identifier: Apache-2.0 */
/* read.c - get and list. A list whose next page is asked for goes on with what it found at first.
 */
#include "parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void read_get(struct call *c)
{
    const struct served_object *o = store_find(c->v, kind_stored(c->kind), c->ns, c->name);

    if (o)
        call_version(c, 200, o->v);
    else
        call_refuse(c, 404, "NotFound", "%s \"%s\" not found", c->kind->plural, c->name);
}

/* ---- lists ----------------------------------------------------------------------------------- */

struct found {
    struct version **items;
    size_t count, cap;
    int64_t rv;
};

static void add(struct found *f, struct version *v)
{
    if (f->count == f->cap) {
        f->cap = f->cap ? 2 * f->cap : 64;
        f->items = xrealloc(f->items, f->cap * sizeof(struct version *));
    }
    f->items[f->count++] = version_ref(v);
}

static int by_name(const void *x, const void *y)
{
    const struct version *const *a = x, *const *b = y;
    const char *na = json_str((*a)->doc, "metadata.namespace");
    const char *nb = json_str((*b)->doc, "metadata.namespace");
    const int order = strcmp(na ? na : "", nb ? nb : "");

    return order
               ? order
               : strcmp(json_str((*a)->doc, "metadata.name"), json_str((*b)->doc, "metadata.name"));
}

static void find_all(struct call *c, const struct selector_text *s, struct found *f)
{
    const struct served_kind *k = kind_stored(c->kind);

    for (struct served_object *o = c->v->objects; o; o = o->next) {
        if (o->kind == k && (!*c->ns || str_equal(o->ns, c->ns)) && select_matches(s, o->v->doc))
            add(f, o->v);
    }
    if (f->count > 1)
        qsort(f->items, f->count, sizeof(struct version *), by_name);
    f->rv = c->v->rv;
}

static void drop(struct version **items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        version_drop(items[i]);
    free(items);
}

/* Keeps what was found; gives its number. */
static int64_t keep(struct serve *v, const struct found *f)
{
    struct continuation *k = &v->continuations[++v->continuation_last % CONTINUATIONS_MAX];

    drop(k->items, k->count);
    *k = (struct continuation){.id = v->continuation_last, .rv = f->rv, .count = f->count};
    k->items = xcalloc(f->count, sizeof(struct version *));
    for (size_t i = 0; i < f->count; i++)
        k->items[i] = version_ref(f->items[i]);
    return k->id;
}

static char *list_meta(struct arena *a, int64_t rv, int64_t id, size_t next, size_t count,
                       bool chosen)
{
    if (next >= count)
        return json_fmt(a, "{'resourceVersion':'%l'}", rv);
    if (chosen) /* how many more is only known of lists of all */
        return json_fmt(a, "{'resourceVersion':'%l','continue':'%l.%l'}", rv, id, (int64_t)next);
    return json_fmt(a, "{'resourceVersion':'%l','continue':'%l.%l','remainingItemCount':%l}", rv,
                    id, (int64_t)next, (int64_t)(count - next));
}

/* Items of built-in kinds do not say what they are. */
static void put_item(struct strbuf *out, struct call *c, const struct version *v)
{
    if (c->kind->flags & K_CUSTOM || kind_stored(c->kind) != c->kind) {
        strbuf_adds(out, view_text(c->kind, c->a, v));
        return;
    }
    strbuf_addc(out, '{');
    strbuf_adds(out, v->bare);
}

static void show(struct call *c, struct version *const *items, size_t count, const char *meta)
{
    auto_strbuf struct strbuf out = {.max = SIZE_MAX / 4};

    if (view_table_wanted(c)) {
        call_text(c, 200, table_text(c->v, c->a, c->kind, items, count, meta, true));
        return;
    }
    json_fmt_to(&out, "{'kind':'%sList','apiVersion':%q,'metadata':%r,'items':[", c->kind->kind,
                kind_api_version(c->kind, c->a), meta);
    for (size_t i = 0; i < count; i++) {
        if (i)
            strbuf_addc(&out, ',');
        put_item(&out, c, items[i]);
    }
    strbuf_adds(&out, "]}");
    call_text(c, 200, strbuf_str(&out));
}

void read_show(struct call *c, struct version *const *items, size_t count)
{
    show(c, items, count, json_fmt(c->a, "{'resourceVersion':'%l'}", c->v->rv));
}

static size_t limit_of(const struct call *c)
{
    const char *text = call_query(c, "limit");
    const long n = text ? strtol(text, NULL, 10) : 0;

    return n > 0 ? (size_t)n : SIZE_MAX;
}

static void show_page(struct call *c, struct version *const *items, size_t count, size_t from,
                      int64_t rv, int64_t id)
{
    const size_t limit = limit_of(c);
    const size_t n = count - from < limit ? count - from : limit;

    show(c, items ? items + from : NULL, n,
         list_meta(c->a, rv, id, from + n, count,
                   call_query(c, "labelSelector") || call_query(c, "fieldSelector")));
}

static void next_page(struct call *c, const char *token)
{
    char *end = NULL;
    const int64_t id = strtoll(token, &end, 10);
    const size_t from = *end == '.' ? (size_t)strtoull(end + 1, NULL, 10) : 0;
    const struct continuation *k = &c->v->continuations[(size_t)id % CONTINUATIONS_MAX];

    if (k->id != id || id <= 0 || from > k->count)
        call_refuse(c, 410, "Expired",
                    "The provided continue parameter is too old to display a "
                    "consistent list result");
    else
        show_page(c, k->items, k->count, from, k->rv, id);
}

void read_list(struct call *c)
{
    const struct selector_text s = {call_query(c, "labelSelector"), call_query(c, "fieldSelector")};
    const char *token = call_query(c, "continue");
    struct found f = {0};
    int64_t id = 0;

    if (!select_valid(c, &s))
        return;
    if (!str_empty(token)) {
        next_page(c, token);
        return;
    }
    find_all(c, &s, &f);
    if (f.count > limit_of(c))
        id = keep(c->v, &f);
    show_page(c, f.items, f.count, 0, f.rv, id);
    drop(f.items, f.count);
}

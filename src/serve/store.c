/* SPDX-License-Identifier: Apache-2.0 */
/* store.c - all objects in order of creation, and what happened to them of late. */
#include "parts.h"

#include <stdlib.h>
#include <string.h>

cJSON *doc_parse(const char *text)
{
    struct err e = {0};
    cJSON *doc = json_parse(text, strlen(text), &e);

    assert(doc);
    return doc;
}

void doc_merge(cJSON *doc, const char *text)
{
    cJSON *patch = doc_parse(text);

    json_edit_merge(doc, patch);
    json_release(&patch);
}

/* ---- versions -------------------------------------------------------------------------------- */

static struct version *version_new(const struct served_kind *k, cJSON *doc)
{
    struct version *v = xcalloc(1, sizeof *v);
    auto_free char *rest = NULL;
    auto_strbuf struct strbuf text = {.max = SIZE_MAX / 4};
    struct arena a;

    doc_merge(doc, "{\"apiVersion\":null,\"kind\":null}");
    rest = json_print(doc);
    arena_init(&a);
    json_fmt_to(&text, "{'apiVersion':%q,'kind':%q,%r", kind_api_version(k, &a), k->kind, rest + 1);
    arena_release(&a);
    v->doc = doc;
    v->len = text.len;
    v->text = xstrdup(text.p);
    v->bare = v->text + (v->len - strlen(rest + 1));
    v->rv = strtoll(json_str(doc, "metadata.resourceVersion"), NULL, 10);
    v->refs = 1;
    return v;
}

struct version *version_ref(struct version *v)
{
    if (v)
        v->refs++;
    return v;
}

void version_drop(struct version *v)
{
    if (!v || --v->refs > 0)
        return;
    json_release(&v->doc);
    free(v->text);
    free(v);
}

/* ---- what happened --------------------------------------------------------------------------- */

static void history_clear(struct history_event *e)
{
    version_drop(e->now);
    version_drop(e->before);
    free(e->ns);
    *e = (struct history_event){0};
}

/* Takes the references that `e` holds. */
static void tell(struct serve *v, struct history_event e)
{
    struct history_event *slot = &v->history[v->history_next++ % EVENTS_KEPT];

    if (slot->rv)
        v->compacted_rv = slot->rv;
    history_clear(slot);
    *slot = e;
    watch_event(v, slot);
}

/* ---- objects --------------------------------------------------------------------------------- */

struct served_object *store_find(const struct serve *v, const struct served_kind *k, const char *ns,
                                 const char *name)
{
    for (struct served_object *o = v->objects; o; o = o->next) {
        if (o->kind == k && str_equal(o->name, name) && str_equal(o->ns, ns))
            return o;
    }
    return NULL;
}

bool store_says_other(const struct served_kind *k, const cJSON *was, const cJSON *now)
{
    if (k->sim != NOT_SIMULATED)
        return sim_says_other((enum sim_kind)k->sim, was, now);
    return !json_same(json_at(was, "spec"), json_at(now, "spec"));
}

void store_stamp(struct serve *v, const struct served_kind *k, const cJSON *old, cJSON *doc)
{
    const bool changed = !old || store_says_other(k, old, doc);
    const int64_t generation = json_i64(old, "metadata.generation", 0) + changed;
    struct arena a;

    arena_init(&a);
    doc_merge(doc, json_fmt(&a, "{'metadata':{'resourceVersion':'%l'}}", ++v->rv));
    if (k->flags & K_COUNTED)
        doc_merge(doc, json_fmt(&a, "{'metadata':{'generation':%l}}", generation));
    arena_release(&a);
}

static struct served_object *object_new(struct serve *v, const struct served_kind *k,
                                        const cJSON *doc)
{
    struct served_object *o = xcalloc(1, sizeof *o);
    const char *ns = json_str(doc, "metadata.namespace");

    o->kind = k;
    o->ns = xstrdup(ns ? ns : "");
    o->name = xstrdup(json_str(doc, "metadata.name"));
    *v->end = o;
    v->end = &o->next;
    return o;
}

struct served_object *store_put(struct serve *v, const struct served_kind *k, cJSON *doc)
{
    struct served_object *o =
        store_find(v, k, json_str(doc, "metadata.namespace"), json_str(doc, "metadata.name"));
    const bool is_new = !o;
    struct version *before;

    if (is_new)
        o = object_new(v, k, doc);
    before = o->v;
    o->v = version_new(k, doc);
    tell(v, (struct history_event){.rv = o->v->rv,
                                   .type = is_new ? EVENT_ADDED : EVENT_MODIFIED,
                                   .kind = k,
                                   .ns = xstrdup(o->ns),
                                   .now = version_ref(o->v),
                                   .before = before});
    return o;
}

static void object_free(struct served_object *o)
{
    version_drop(o->v);
    free(o->ns);
    free(o->name);
    free(o);
}

static void unlink_object(struct serve *v, struct served_object *o)
{
    struct served_object **at = &v->objects;

    while (*at != o)
        at = &(*at)->next;
    *at = o->next;
    if (v->end == &o->next)
        v->end = at;
}

void store_remove(struct serve *v, struct served_object *o, int64_t rv)
{
    cJSON *last = json_copy(o->v->doc);
    struct arena a;

    arena_init(&a);
    doc_merge(last, json_fmt(&a, "{'metadata':{'resourceVersion':'%l'}}", rv));
    arena_release(&a);
    unlink_object(v, o);
    v->collect_due = true;
    tell(v, (struct history_event){.rv = rv,
                                   .type = EVENT_DELETED,
                                   .kind = o->kind,
                                   .ns = xstrdup(o->ns),
                                   .now = version_new(o->kind, last),
                                   .before = version_ref(o->v)});
    object_free(o);
}

static void continuation_clear(struct continuation *c)
{
    for (size_t i = 0; i < c->count; i++)
        version_drop(c->items[i]);
    free(c->items);
    *c = (struct continuation){0};
}

void store_free(struct serve *v)
{
    while (v->objects) {
        struct served_object *o = v->objects;

        v->objects = o->next;
        object_free(o);
    }
    for (size_t i = 0; i < EVENTS_KEPT; i++)
        history_clear(&v->history[i]);
    for (size_t i = 0; i < CONTINUATIONS_MAX; i++)
        continuation_clear(&v->continuations[i]);
}

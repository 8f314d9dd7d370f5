/* SPDX-License-Identifier: Apache-2.0 */
#include "sluice/kube/list.h"
#include "sluice/json/json.h"
#include "sluice/kube/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RESTARTS_MAX 5 /* a list that expires again and again is an error, not a loop */

struct page {
    char *text;
    size_t len;
};

struct kube_list {
    struct page *pages;
    size_t page_count, count, bytes;
    char *rv; /* of the first page: the others continue its snapshot */
};

struct kube_lister {
    struct kube_client *client;
    struct kube_call *call;
    struct arena arena; /* of the spec's texts */
    struct kube_list_spec spec;
    struct kube_list list;
    int restarts;
    kube_list_done *done;
    void *arg;
};

static void clear_list(struct kube_list *list)
{
    for (size_t i = 0; i < list->page_count; i++)
        free(list->pages[i].text);
    free(list->pages);
    free(list->rv);
    *list = (struct kube_list){0};
}

static void destroy(struct kube_lister *l)
{
    clear_list(&l->list);
    arena_release(&l->arena);
    free(l);
}

static void fail(struct kube_lister *l, const struct err *e)
{
    l->done(NULL, e, l->arg);
    destroy(l);
}

/* --- pages ------------------------------------------------------------------------------------ */

static bool check_item(const cJSON *item, struct err *e)
{
    if (!json_str(item, "metadata.name"))
        return err_set(e, ERR_RETRY, "list: an item has no name");
    return true;
}

static bool check_page(const cJSON *doc, size_t *count, struct err *e)
{
    const cJSON *items = json_key(doc, "items");

    if (!json_at(doc, "metadata") || (items && (items->type & 0xff) != cJSON_Array))
        return err_set(e, ERR_RETRY, "list: the answer is not a list");
    JSON_EACH(item, items) {
        if (!check_item(item, e))
            return false;
        (*count)++;
    }
    return true;
}

static void keep_page(struct kube_list *list, const char *body, size_t len, size_t count)
{
    struct page page = {.text = xmalloc(len + 1), .len = len};

    memcpy(page.text, body, len + 1);
    list->pages = xrealloc(list->pages, (list->page_count + 1) * sizeof(*list->pages));
    list->pages[list->page_count++] = page;
    list->count += count;
    list->bytes += len;
}

/* What the page says goes on, arena text; NULL after the last. False: not a page. */
static bool take_page(struct kube_lister *l, const char *body, size_t len, const char **token,
                      struct err *e)
{
    auto_json cJSON *doc = kube_object_parse(body, len, e);
    const char *rv, *more;
    size_t count = 0;

    if (!doc) {
        e->kind = ERR_RETRY;
        return err_wrap(e, "list");
    }
    if (!check_page(doc, &count, e))
        return false;
    if (l->list.bytes + len > l->spec.max_bytes)
        return err_set(e, ERR_INVALID, "list: longer than %zu bytes", l->spec.max_bytes);
    rv = json_str(doc, "metadata.resourceVersion");
    if (!l->list.rv)
        l->list.rv = xstrdup(rv ? rv : "");
    more = json_str(doc, "metadata.continue");
    *token = str_empty(more) ? NULL : arena_strdup(&l->arena, more);
    keep_page(&l->list, body, len, count);
    return true;
}

/* --- requests --------------------------------------------------------------------------------- */

static void on_page(const struct kube_reply *reply, void *arg);

static void ask(struct kube_lister *l, const char *token)
{
    CLEANUP(arena_release) struct arena a = {0};
    const struct kube_list_spec *s = &l->spec;
    const bool bounded = !token && !str_empty(s->resource_version);
    char limit[16];
    struct kube_request req = {
        .verb = KUBE_GET,
        .path = kube_path(&a, s->kind, s->namespace, NULL, NULL),
        .max_bytes = KUBE_LIST_BYTES_MAX,
    };

    snprintf(limit, sizeof(limit), "%d", s->page_limit);
    req.query = kube_query(&a, "labelSelector", s->label_selector, "fieldSelector",
                           s->field_selector, "limit", limit, "continue", token, "resourceVersion",
                           bounded ? s->resource_version : NULL, "resourceVersionMatch",
                           bounded ? "NotOlderThan" : NULL, NULL);
    l->call = kube_send(l->client, &req, on_page, l);
}

/* The snapshot that the pages continue is gone (C25). */
static bool restart(struct kube_lister *l, const struct err *e)
{
    if (e->kind != ERR_GONE || l->list.page_count == 0 || l->restarts++ >= RESTARTS_MAX)
        return false;
    clear_list(&l->list);
    ask(l, NULL);
    return true;
}

static void on_page(const struct kube_reply *reply, void *arg)
{
    struct kube_lister *l = arg;
    const char *token = NULL;
    struct err e = reply->err;

    l->call = NULL;
    if (e.kind != ERR_NONE) {
        if (!restart(l, &e))
            fail(l, &e);
        return;
    }
    if (!take_page(l, reply->body, reply->len, &token, &e)) {
        fail(l, &e);
        return;
    }
    if (token) {
        ask(l, token);
        return;
    }
    l->done(&l->list, &e, l->arg);
    destroy(l);
}

/* --- the interface ---------------------------------------------------------------------------- */

struct kube_lister *kube_list(struct kube_client *c, const struct kube_list_spec *spec,
                              kube_list_done *done, void *arg)
{
    struct kube_lister *l = xcalloc(1, sizeof(*l));

    l->client = c;
    l->done = done;
    l->arg = arg;
    l->spec = *spec;
    l->spec.namespace = arena_strdup(&l->arena, spec->namespace);
    l->spec.label_selector = arena_strdup(&l->arena, spec->label_selector);
    l->spec.field_selector = arena_strdup(&l->arena, spec->field_selector);
    l->spec.resource_version = arena_strdup(&l->arena, spec->resource_version);
    if (l->spec.page_limit <= 0)
        l->spec.page_limit = LIST_PAGE_LIMIT;
    if (l->spec.max_bytes == 0)
        l->spec.max_bytes = LIST_TOTAL_BYTES_MAX;
    ask(l, NULL);
    return l;
}

void kube_list_cancel(struct kube_lister *lister)
{
    if (!lister)
        return;
    kube_cancel(lister->call);
    destroy(lister);
}

const char *kube_list_rv(const struct kube_list *list)
{
    return list->rv;
}

size_t kube_list_count(const struct kube_list *list)
{
    return list->count;
}

/* The tree and the bytes of a page hold the same items in the same order. */
struct walk {
    const cJSON *item;
    bool (*each)(const cJSON *object, const char *raw, size_t len, void *arg);
    void *arg;
    bool stopped;
};

static bool walk_item(struct jslice slice, void *arg)
{
    struct walk *w = arg;
    const cJSON *item = w->item;

    assert(item);
    w->item = item->next;
    w->stopped = !w->each(item, slice.p, slice.len, w->arg);
    return !w->stopped;
}

void kube_list_each(const struct kube_list *list,
                    bool (*each)(const cJSON *object, const char *raw, size_t len, void *arg),
                    void *arg)
{
    struct walk w = {.each = each, .arg = arg};

    for (size_t i = 0; i < list->page_count && !w.stopped; i++) {
        const struct page *page = &list->pages[i];
        auto_json cJSON *doc = kube_object_parse(page->text, page->len, NULL);
        const cJSON *items = json_key(doc, "items");
        w.item = items ? items->child : NULL;
        if (w.item)
            json_slice_each(json_slice(page->text, page->len, "items"), walk_item, &w);
    }
}

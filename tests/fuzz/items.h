/* SPDX-License-Identifier: Apache-2.0 */
/* items.h - inputs that hold objects as a list has them: {"items":[...]}. */
#ifndef SLUICE_TESTS_FUZZ_ITEMS_H
#define SLUICE_TESTS_FUZZ_ITEMS_H

#include "sluice/json/edit.h"
#include "sluice/model/world.h"

#include <string.h>

/* One object, with the bytes that it was read from. */
typedef void item_fn(const cJSON *object, const char *raw, size_t len, void *arg);

struct items_walk {
    const cJSON *next; /* the parsed twin of the slice that comes next */
    item_fn *each;
    void *arg;
};

static inline bool items_step(struct jslice raw, void *arg)
{
    struct items_walk *w = arg;

    if (!w->next)
        return false;
    if (json_is_object(w->next))
        w->each(w->next, raw.p, raw.len, w->arg);
    w->next = w->next->next;
    return true;
}

/* Calls `each` for every object in the list `items` of `doc`, which is `text` parsed. */
static inline void items_each(const cJSON *doc, const char *text, size_t len, item_fn *each,
                              void *arg)
{
    const cJSON *list = json_key(doc, "items");
    struct items_walk w = {.next = json_first(list), .each = each, .arg = arg};

    if (json_is_list(list))
        json_slice_each(json_slice(text, len, "items"), items_step, &w);
}

/* Letters, digits, dots and dashes, as names and uids have. */
static inline bool item_name(const char *text)
{
    const size_t len = text ? strlen(text) : 0;

    return len > 0 && len <= 253 &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") == len;
}

/* What the API server gives every object of a namespace that it stores. */
static inline bool item_named(const struct meta *m)
{
    return item_name(m->name) && item_name(m->ns) && item_name(m->uid) && !str_empty(m->rv) &&
           strspn(m->rv, "0123456789") == strlen(m->rv);
}

#endif

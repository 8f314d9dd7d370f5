/* SPDX-License-Identifier: Apache-2.0 */
/* list.h - all pages of a list, whole or not at all (C22, C23, C25).
 *
 * Pages of 500 by `continue`; a 410 between pages starts anew. Each page was parsed before it
 * counts. */
#ifndef SLUICE_KUBE_LIST_H
#define SLUICE_KUBE_LIST_H

#include "sluice/kube/client.h"
#include <cjson/cJSON.h>

#define LIST_PAGE_LIMIT      100 /* a page is held as a tree, ten times its text */
#define LIST_TOTAL_BYTES_MAX ((size_t)1024 * 1024 * 1024)

struct kube_lister;
struct kube_list;

struct kube_list_spec {
    enum kube_kind kind;
    const char *namespace;        /* NULL or "": all */
    const char *label_selector;   /* NULL: none */
    const char *field_selector;   /* NULL: none */
    const char *resource_version; /* NULL or "": consistent (C22); else not older than this */
    int page_limit;               /* 0 = LIST_PAGE_LIMIT */
    size_t max_bytes;             /* of all pages, beyond: ERR_INVALID; 0 = LIST_TOTAL_BYTES_MAX */
};

/* `list` is NULL when `e` says why; both borrowed until done returns. */
typedef void kube_list_done(const struct kube_list *list, const struct err *e, void *arg);

/* The spec is copied. `done` runs once from the loop unless cancelled. */
struct kube_lister *kube_list(struct kube_client *c, const struct kube_list_spec *spec,
                              kube_list_done *done, void *arg);
void kube_list_cancel(struct kube_lister *lister); /* not inside or after done; NULL ok */

const char *kube_list_rv(const struct kube_list *list); /* "" when the server gave none */
size_t kube_list_count(const struct kube_list *list);
/* Every item in order; stops when `each` returns false. Items do not carry kind and apiVersion;
 * `raw` are the item's exact bytes. */
void kube_list_each(const struct kube_list *list,
                    bool (*each)(const cJSON *object, const char *raw, size_t len, void *arg),
                    void *arg);

#endif

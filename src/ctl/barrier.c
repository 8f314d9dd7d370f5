/* SPDX-License-Identifier: Apache-2.0 */
#include "sluice/ctl/barrier.h"
#include "sluice/kube/watch.h"

#include <stdlib.h>

static void entry_release(struct barrier_entry *entry)
{
    free(entry->rv);
    free(entry->uid);
}

void barrier_release(struct barrier *b)
{
    for (size_t i = 0; i < b->count; i++)
        entry_release(&b->entries[i]);
    free(b->entries);
    *b = (struct barrier){0};
}

static void add(struct barrier *b, enum kube_kind kind, const char *rv, const char *uid)
{
    if (b->count == b->cap)
        b->entries = xgrow(b->entries, &b->cap, 4, sizeof(*b->entries));
    b->entries[b->count++] = (struct barrier_entry){
        .kind = kind, .rv = rv ? xstrdup(rv) : NULL, .uid = uid ? xstrdup(uid) : NULL};
}

static void drop(struct barrier *b, size_t i)
{
    entry_release(&b->entries[i]);
    b->entries[i] = b->entries[--b->count];
}

void barrier_wrote(struct barrier *b, enum kube_kind kind, const char *rv, int64_t now_ms)
{
    b->since_ms = now_ms;
    for (size_t i = 0; i < b->count; i++) {
        struct barrier_entry *entry = &b->entries[i];
        if (entry->kind != kind || !entry->rv)
            continue;
        if (rv_compare(rv, entry->rv) == RV_OLDER)
            return;
        free(entry->rv);
        entry->rv = xstrdup(rv ? rv : "");
        return;
    }
    add(b, kind, rv ? rv : "", NULL);
}

void barrier_deleted(struct barrier *b, enum kube_kind kind, const char *uid, int64_t now_ms)
{
    b->since_ms = now_ms;
    add(b, kind, NULL, uid);
}

void barrier_progress(struct barrier *b, enum kube_kind kind, const char *rv)
{
    for (size_t i = b->count; i-- > 0;)
        if (b->entries[i].kind == kind && b->entries[i].rv && rv_reached(rv, b->entries[i].rv))
            drop(b, i);
}

void barrier_removed(struct barrier *b, enum kube_kind kind, const char *uid)
{
    for (size_t i = b->count; i-- > 0;)
        if (b->entries[i].kind == kind && str_equal(b->entries[i].uid, uid) && b->entries[i].uid)
            drop(b, i);
}

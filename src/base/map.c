/* SPDX-License-Identifier: Apache-2.0 */
/* map.c - open addressing, linear probing, at most 3/4 full (tombstones counted). */
#include "sluice/base/map.h"

#include <stdlib.h>
#include <string.h>

struct map_slot {
    char *key; /* NULL: never used; `dead`: removed, the probe goes on */
    void *value;
    uint64_t hash;
};

static char dead[] = "";

static uint64_t hash_key(const char *key)
{
    uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */

    for (; *key; key++)
        h = (h ^ (unsigned char)*key) * UINT64_C(1099511628211);
    return h ^ h >> 32; /* the table uses the low bits */
}

static bool taken(const struct map_slot *slot)
{
    return slot->key && slot->key != dead;
}

static struct map_slot *find(const struct map *m, const char *key, uint64_t hash)
{
    if (m->cap == 0)
        return NULL;
    for (size_t i = hash & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
        struct map_slot *slot = &m->slots[i];
        if (!slot->key)
            return NULL;
        if (slot->hash == hash && slot->key != dead && strcmp(slot->key, key) == 0)
            return slot;
    }
}

/* Into a table without tombstones that has room. */
static void place(struct map *m, struct map_slot slot)
{
    size_t i = slot.hash & (m->cap - 1);

    while (m->slots[i].key)
        i = (i + 1) & (m->cap - 1);
    m->slots[i] = slot;
    m->used++;
}

/* Also the way tombstones go: a table that is mostly tombstones keeps its size. */
static void make_room(struct map *m)
{
    struct map old = *m;

    if ((m->used + 1) * 4 <= m->cap * 3)
        return;
    m->cap = old.cap == 0 ? 16 : old.count * 2 >= old.cap ? old.cap * 2 : old.cap;
    m->slots = xcalloc(m->cap, sizeof(*m->slots));
    m->used = 0;
    for (size_t i = 0; i < old.cap; i++)
        if (taken(&old.slots[i]))
            place(m, old.slots[i]);
    free(old.slots);
}

void map_release(struct map *m)
{
    for (size_t i = 0; i < m->cap; i++)
        if (taken(&m->slots[i]))
            free(m->slots[i].key);
    free(m->slots);
    *m = (struct map){0};
}

void *map_get(const struct map *m, const char *key)
{
    const struct map_slot *slot = find(m, key, hash_key(key));

    return slot ? slot->value : NULL;
}

void *map_put(struct map *m, const char *key, void *value)
{
    const uint64_t hash = hash_key(key);
    struct map_slot *slot = find(m, key, hash);

    if (slot) {
        void *former = slot->value;
        slot->value = value;
        return former;
    }
    make_room(m);
    place(m, (struct map_slot){.key = xstrdup(key), .value = value, .hash = hash});
    m->count++;
    return NULL;
}

/* Never moves a slot, so a walk with map_next goes on undisturbed. */
void *map_remove(struct map *m, const char *key)
{
    struct map_slot *slot = find(m, key, hash_key(key));
    void *former;

    if (!slot)
        return NULL;
    former = slot->value;
    free(slot->key);
    slot->key = dead;
    slot->value = NULL;
    m->count--;
    return former;
}

bool map_next(const struct map *m, size_t *i, const char **key, void **value)
{
    while (*i < m->cap && !taken(&m->slots[*i]))
        (*i)++;
    if (*i >= m->cap)
        return false;
    *key = m->slots[*i].key;
    *value = m->slots[*i].value;
    (*i)++;
    return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* map.c - open addressing, linear probing, at most 4/5 full (tombstones counted).
 *
 * A probe goes along the hashes, which lie by themselves: 0 was never used. A slot without a key
 * was removed, and the probe goes on. */
#include "sluice/base/map.h"

#include <stdlib.h>
#include <string.h>

#define CAP_FIRST ((size_t)16)

struct map_slot {
    const char *key;
    void *value;
};

static uint32_t hash_key(const char *key)
{
    uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */
    uint32_t hash;

    for (; *key; key++)
        h = (h ^ (unsigned char)*key) * UINT64_C(1099511628211);
    /* The place is by the high bits, which the last characters have not reached yet. */
    hash = (uint32_t)(((h ^ h >> 32) * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
    return hash ? hash : 1;
}

static size_t first_place(const struct map *m, uint32_t hash)
{
    return (size_t)((uint64_t)hash * m->cap >> 32);
}

static size_t next_place(const struct map *m, size_t i)
{
    return i + 1 < m->cap ? i + 1 : 0;
}

static struct map_slot *find(const struct map *m, const char *key, uint32_t hash)
{
    if (m->cap == 0)
        return NULL;
    for (size_t i = first_place(m, hash); m->hashes[i]; i = next_place(m, i)) {
        struct map_slot *slot = &m->slots[i];
        if (m->hashes[i] == hash && slot->key && strcmp(slot->key, key) == 0)
            return slot;
    }
    return NULL;
}

/* Into a table without tombstones that has room. */
static void place(struct map *m, struct map_slot slot, uint32_t hash)
{
    size_t i = first_place(m, hash);

    while (m->hashes[i])
        i = next_place(m, i);
    m->slots[i] = slot;
    m->hashes[i] = hash;
    m->used++;
}

/* Growing by halves leaves a table of thousands less empty than by doubling. */
static size_t roomy_cap(const struct map *m)
{
    if (m->cap == 0)
        return CAP_FIRST;
    return m->count * 3 >= m->cap * 2 ? m->cap + m->cap / 2 : m->cap;
}

/* Also the way tombstones go: a table that is mostly tombstones keeps its size. */
static void make_room(struct map *m)
{
    const struct map old = *m;

    if ((m->used + 1) * 5 <= m->cap * 4)
        return;
    m->cap = roomy_cap(&old);
    assert(m->cap < UINT32_MAX);
    m->slots = xcalloc(m->cap, sizeof(*m->slots));
    m->hashes = xcalloc(m->cap, sizeof(*m->hashes));
    m->used = 0;
    for (size_t i = 0; i < old.cap; i++)
        if (old.slots[i].key)
            place(m, old.slots[i], old.hashes[i]);
    free(old.slots);
    free(old.hashes);
}

static void drop_key(const struct map *m, const char *key)
{
    if (!m->lent)
        free((char *)(uintptr_t)key);
}

void map_release(struct map *m)
{
    for (size_t i = 0; i < m->cap; i++)
        drop_key(m, m->slots[i].key);
    free(m->slots);
    free(m->hashes);
    *m = (struct map){0};
}

void *map_get(const struct map *m, const char *key)
{
    const struct map_slot *slot = find(m, key, hash_key(key));

    return slot ? slot->value : NULL;
}

static void *put(struct map *m, const char *key, void *value, bool lent)
{
    const uint32_t hash = hash_key(key);
    struct map_slot *slot = find(m, key, hash);

    assert(m->count == 0 || m->lent == lent);
    m->lent = lent;
    if (slot) {
        void *former = slot->value;
        slot->value = value;
        if (lent)
            slot->key = key;
        return former;
    }
    make_room(m);
    place(m, (struct map_slot){.key = lent ? key : xstrdup(key), .value = value}, hash);
    m->count++;
    return NULL;
}

void *map_put(struct map *m, const char *key, void *value)
{
    return put(m, key, value, false);
}

void *map_put_lent(struct map *m, const char *key, void *value)
{
    return put(m, key, value, true);
}

/* Never moves a slot, so a walk with map_next goes on undisturbed. */
void *map_remove(struct map *m, const char *key)
{
    struct map_slot *slot = find(m, key, hash_key(key));
    void *former;

    if (!slot)
        return NULL;
    former = slot->value;
    drop_key(m, slot->key);
    *slot = (struct map_slot){0};
    m->count--;
    return former;
}

bool map_next(const struct map *m, size_t *i, const char **key, void **value)
{
    while (*i < m->cap && !m->slots[*i].key)
        (*i)++;
    if (*i >= m->cap)
        return false;
    *key = m->slots[*i].key;
    *value = m->slots[*i].value;
    (*i)++;
    return true;
}

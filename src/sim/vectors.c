/* SPDX-License-Identifier: Apache-2.0 */
/* vectors.c - a hash table over one long array. */
#include "vectors.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 1024

void *grown(void *array, size_t *cap, size_t i, size_t size)
{
    const size_t was = *cap;

    if (i < was)
        return array;
    *cap = was ? was : 64;
    while (i >= *cap)
        *cap += *cap / 2;
    array = xrealloc(array, *cap * size);
    memset((char *)array + was * size, 0, (*cap - was) * size);
    return array;
}

void vectors_release(struct vectors *v)
{
    free(v->words);
    free(v->starts);
    free(v->slots);
    *v = (struct vectors){0};
}

static uint64_t hash(const uint32_t *words, size_t n)
{
    uint64_t h = n * 0x9e3779b97f4a7c15U;

    for (size_t i = 0; i < n; i++) {
        h = (h ^ words[i]) * 0xff51afd7ed558ccdU;
        h ^= h >> 32;
    }
    return h;
}

const uint32_t *vectors_get(const struct vectors *v, uint32_t id, size_t *n)
{
    const uint32_t *at = v->words + v->starts[id];

    *n = at[0];
    return at + 1;
}

static bool is_it(const struct vectors *v, uint32_t id, const uint32_t *words, size_t n)
{
    const uint32_t *at = v->words + v->starts[id];

    return at[0] == n && memcmp(at + 1, words, n * sizeof *words) == 0;
}

static void rehash(struct vectors *v)
{
    const size_t slots = v->mask ? 2 * (v->mask + 1) : FIRST_SLOTS;

    free(v->slots);
    v->slots = xcalloc(slots, sizeof *v->slots);
    v->mask = slots - 1;
    for (uint32_t id = 1; id <= v->count; id++) {
        size_t n, at;
        const uint32_t *words = vectors_get(v, id, &n);

        for (at = hash(words, n) & v->mask; v->slots[at];)
            at = (at + 1) & v->mask;
        v->slots[at] = id;
    }
}

static void append(struct vectors *v, const uint32_t *words, size_t n)
{
    size_t cap = v->starts_cap;

    v->starts = grown(v->starts, &cap, v->count, sizeof *v->starts);
    v->starts_cap = (uint32_t)cap;
    v->words = grown(v->words, &v->cap, v->used + n, sizeof *v->words);
    v->starts[v->count] = v->used;
    v->words[v->used++] = (uint32_t)n;
    if (n)
        memcpy(v->words + v->used, words, n * sizeof *words);
    v->used += n;
}

uint32_t vectors_put(struct vectors *v, const uint32_t *words, size_t n)
{
    size_t at;

    if (2 * (size_t)v->count >= v->mask)
        rehash(v);
    for (at = hash(words, n) & v->mask; v->slots[at]; at = (at + 1) & v->mask) {
        if (is_it(v, v->slots[at], words, n))
            return v->slots[at];
    }
    v->count++;
    v->slots[at] = v->count;
    append(v, words, n);
    return v->count;
}

uint32_t vectors_put_text(struct vectors *v, const char *text)
{
    const size_t n = strlen(text) / sizeof(uint32_t) + 1; /* a zero byte at least */
    uint32_t *words = xcalloc(n, sizeof *words), id;

    memcpy(words, text, strlen(text));
    id = vectors_put(v, words, n);
    free(words);
    return id;
}

const char *vectors_text(const struct vectors *v, uint32_t id)
{
    size_t n;

    return (const char *)vectors_get(v, id, &n);
}

void memo_release(struct memo *m)
{
    vectors_release(&m->keys);
    free(m->values);
    *m = (struct memo){0};
}

uint32_t *memo_at(struct memo *m, const uint32_t *key, size_t n)
{
    const uint32_t id = vectors_put(&m->keys, key, n);

    m->values = grown(m->values, &m->cap, id, sizeof *m->values);
    return &m->values[id];
}

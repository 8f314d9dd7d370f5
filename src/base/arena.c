/* SPDX-License-Identifier: Apache-2.0 */
#include "sluice/base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Blocks double from 1 KiB, so a small arena costs little and a large one few calls. */
#define BLOCK_MIN ((size_t)1024)
#define BLOCK_MAX ((size_t)256 * 1024)
#define BLOCK_ADD ((size_t)256) /* least further one of an arena that was sized */

/* Structs are laid from the beginning, texts, which need no alignment, from the end. */
struct arena_block {
    struct arena_block *next; /* older */
    size_t cap, used, tail;
    alignas(max_align_t) char data[];
};

void arena_init(struct arena *a)
{
    *a = (struct arena){0};
}

void arena_init_sized(struct arena *a, size_t first)
{
    *a = (struct arena){.first = first};
}

size_t arena_used(const struct arena *a)
{
    size_t sum = 0;

    for (const struct arena_block *block = a->head; block; block = block->next)
        sum += block->used + block->cap - block->tail;
    return sum;
}

struct arena_end {
    struct arena_end *next;
    void (*fn)(void *arg);
    void *arg;
};

void arena_at_release(struct arena *a, void (*fn)(void *arg), void *arg)
{
    struct arena_end *end = ARENA_NEW(a, struct arena_end);

    *end = (struct arena_end){.next = a->ends, .fn = fn, .arg = arg};
    a->ends = end;
}

void arena_release(struct arena *a)
{
    struct arena_block *block = a->head;

    for (const struct arena_end *end = a->ends; end; end = end->next)
        end->fn(end->arg);
    while (block) {
        struct arena_block *older = block->next;
        free(block);
        block = older;
    }
    *a = (struct arena){0};
}

static size_t usual_size(const struct arena *a)
{
    if (!a->head)
        return a->first ? a->first : BLOCK_MIN;
    if (a->first)
        return a->first / 8 > BLOCK_ADD ? a->first / 8 : BLOCK_ADD;
    return a->head->cap * 2 < BLOCK_MAX ? a->head->cap * 2 : BLOCK_MAX;
}

static struct arena_block *block_new(struct arena *a, size_t need)
{
    size_t cap = usual_size(a);
    struct arena_block *block;

    if (cap < need)
        cap = need;
    if (cap > SIZE_MAX - sizeof(*block) - alignof(max_align_t))
        abort();
    cap = (cap + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
    block = xcalloc(1, sizeof(*block) + cap);
    block->cap = block->tail = cap;
    a->bytes += sizeof(*block) + cap;
    return block;
}

/* A block made for one large piece goes behind the head, whose free rest stays in use. */
static struct arena_block *block_with_room(struct arena *a, size_t n)
{
    struct arena_block *block = a->head;

    if (block && block->tail - block->used >= n)
        return block;
    const bool large = block && n > BLOCK_MAX / 4;
    block = block_new(a, n);
    if (large) {
        block->next = a->head->next;
        a->head->next = block;
    } else {
        block->next = a->head;
        a->head = block;
    }
    return block;
}

void *arena_alloc(struct arena *a, size_t n)
{
    const size_t align = alignof(max_align_t);
    struct arena_block *block;
    void *p;

    if (n > SIZE_MAX - align)
        abort();
    n = n ? (n + align - 1) / align * align : align;
    block = block_with_room(a, n);
    p = block->data + block->used;
    block->used += n;
    return p;
}

static char *alloc_text(struct arena *a, size_t n)
{
    struct arena_block *block = block_with_room(a, n);

    block->tail -= n;
    return block->data + block->tail;
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
    const size_t n = len ? strnlen(s, len) : 0; /* `s` may be NULL then */
    char *copy = alloc_text(a, n + 1);

    if (n)
        memcpy(copy, s, n);
    return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return s ? arena_strndup(a, s, strlen(s)) : NULL;
}

#define PRINT_FIRST 256 /* most texts are shorter: they are formatted once */

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    char first[PRINT_FIRST];
    va_list ap, again;
    char *text;
    int len;

    va_start(ap, fmt);
    va_copy(again, ap);
    len = vsnprintf(first, sizeof(first), fmt, ap);
    va_end(ap);
    if (len < 0)
        abort();
    text = alloc_text(a, (size_t)len + 1);
    if ((size_t)len < sizeof(first))
        memcpy(text, first, (size_t)len + 1);
    else
        vsnprintf(text, (size_t)len + 1, fmt, again);
    va_end(again);
    return text;
}

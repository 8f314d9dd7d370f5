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

struct arena_block {
    struct arena_block *next; /* older */
    size_t cap, used;
    alignas(max_align_t) char data[];
};

void arena_init(struct arena *a)
{
    *a = (struct arena){0};
}

void arena_release(struct arena *a)
{
    struct arena_block *block = a->head;

    while (block) {
        struct arena_block *older = block->next;
        free(block);
        block = older;
    }
    *a = (struct arena){0};
}

static struct arena_block *block_new(struct arena *a, size_t need)
{
    size_t cap = a->head ? a->head->cap * 2 : BLOCK_MIN;
    struct arena_block *block;

    if (cap > BLOCK_MAX)
        cap = BLOCK_MAX;
    if (cap < need)
        cap = need;
    if (cap > SIZE_MAX - sizeof(*block))
        abort();
    block = xcalloc(1, sizeof(*block) + cap);
    block->cap = cap;
    a->bytes += sizeof(*block) + cap;
    return block;
}

/* A block made for one large piece goes behind the head, whose free rest stays in use. */
static struct arena_block *block_with_room(struct arena *a, size_t n)
{
    struct arena_block *block = a->head;

    if (block && block->cap - block->used >= n)
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

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
    const size_t n = len ? strnlen(s, len) : 0; /* `s` may be NULL then */
    char *copy = arena_alloc(a, n + 1);

    if (n)
        memcpy(copy, s, n);
    return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return s ? arena_strndup(a, s, strlen(s)) : NULL;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap, again;
    char *text;
    int len;

    va_start(ap, fmt);
    va_copy(again, ap);
    len = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (len < 0)
        abort();
    text = arena_alloc(a, (size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, fmt, again);
    va_end(again);
    return text;
}

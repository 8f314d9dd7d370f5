/* SPDX-License-Identifier: Apache-2.0 */
/* arena.h - memory that is freed all at once: one arena per pass, per stored object, per command.
 *
 * Pure code takes `struct arena *` and never frees. Nothing here fails: out of memory aborts. */
#ifndef SLUICE_BASE_ARENA_H
#define SLUICE_BASE_ARENA_H

#include "sluice/base/base.h"

struct arena_block;
struct arena_end;
struct arena {
    struct arena_block *head; /* newest block */
    size_t bytes;             /* taken from malloc so far, for memory budgets (C36) */
    size_t first;             /* size of the first block; 0: the default */
    struct arena_end *ends;   /* what is told of its release, newest first */
};

void arena_init(struct arena *a);
/* One that is kept for long: the first block is `first` bytes, what goes beyond that gets small
 * ones. The arena_used() of one with like contents is a good size. */
void arena_init_sized(struct arena *a, size_t first);
size_t arena_used(const struct arena *a); /* by what lies in it */
void arena_release(struct arena *a);      /* frees all; the arena is empty and usable again */

/* Calls `fn` when the arena is released, for what it shares with others. */
void arena_at_release(struct arena *a, void (*fn)(void *arg), void *arg);

void *arena_alloc(struct arena *a, size_t n);                    /* zeroed, aligned for any type */
char *arena_strdup(struct arena *a, const char *s);              /* NULL gives NULL */
char *arena_strndup(struct arena *a, const char *s, size_t len); /* at most `len` bytes */
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF(2, 3);

#define ARENA_NEW(a, type)      ((type *)arena_alloc((a), sizeof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_alloc((a), sizeof(type) * (n)))

#endif

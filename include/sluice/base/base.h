/* SPDX-License-Identifier: Apache-2.0 */
/* base.h - the few words every file uses: attributes, counts, limits of the language.
 *
 * C17 plus two extensions, named only here: cleanup attributes (a resource releases itself, so
 * every failure is one line) and warn_unused_result (an error cannot be dropped by accident). */
#ifndef SLUICE_BASE_BASE_H
#define SLUICE_BASE_BASE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COUNT(a)          (sizeof(a) / sizeof((a)[0]))
#define MUST_USE          __attribute__((warn_unused_result))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define UNUSED            __attribute__((unused))
#define CLEANUP(fn)       __attribute__((cleanup(fn)))

/* A free(3) for `auto_free char *text = NULL;`. */
void free_pointer(void *address_of_pointer);
#define auto_free CLEANUP(free_pointer)

/* Out of memory ends the process: progress is in the cluster, a restart plans again (C posture).
 * It says so on standard error, and leaves a core: no exit handler runs that would want memory. */
_Noreturn void out_of_memory(void);
void *xmalloc(size_t n) MUST_USE;
void *xcalloc(size_t count, size_t size) MUST_USE;
void *xrealloc(void *p, size_t n) MUST_USE;
char *xstrdup(const char *s) MUST_USE;
/* Items with twice the room, `first` when there was none; *cap counts them. */
void *xgrow(void *items, size_t *cap, size_t first, size_t item_size) MUST_USE;

/* NULL counts as "" in both: absent text and empty text mean the same in the Kubernetes API. */
bool str_equal(const char *a, const char *b);
bool str_empty(const char *s);
/* A name for people to read: "?" where it is absent or empty. */
const char *str_name(const char *s);

static inline int64_t min_i64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}
static inline int64_t max_i64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}
static inline int64_t clamp_i64(int64_t v, int64_t lo, int64_t hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

#endif

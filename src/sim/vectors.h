/* SPDX-License-Identifier: Apache-2.0 */
/* vectors.h - vectors of numbers, each kept once: equal ones have equal numbers. Numbers count from
 * 1 in the order of arrival. Texts are vectors too. All memory is owned and lives until release. */
#ifndef SLUICE_SIM_VECTORS_H
#define SLUICE_SIM_VECTORS_H

#include "sluice/base/base.h"

struct vectors {
    uint32_t *words; /* one after the other, each behind its length */
    size_t used, cap;
    size_t *starts;
    uint32_t count, starts_cap;
    uint32_t *slots; /* open addressing; 0: free */
    size_t mask;
};

void vectors_release(struct vectors *v);
uint32_t vectors_put(struct vectors *v, const uint32_t *words, size_t n);
/* Borrowed until the next put. */
const uint32_t *vectors_get(const struct vectors *v, uint32_t id, size_t *n);
uint32_t vectors_put_text(struct vectors *v, const char *text);
const char *vectors_text(const struct vectors *v, uint32_t id);

/* What was computed before, by the numbers it was computed from. */
struct memo {
    struct vectors keys;
    uint32_t *values;
    size_t cap;
};

void memo_release(struct memo *m);
/* Where the value of the key stands, 0 when it is new. Borrowed until the next call. */
uint32_t *memo_at(struct memo *m, const uint32_t *key, size_t n);

/* Room for item `i` of an array; what is new is zero. */
void *grown(void *array, size_t *cap, size_t i, size_t size) MUST_USE;

#endif

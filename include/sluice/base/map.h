/* SPDX-License-Identifier: Apache-2.0 */
/* map.h - string keys to pointers. Keys are copied; values are the caller's. Order is undefined
 * but stable between changes. */
#ifndef SLUICE_BASE_MAP_H
#define SLUICE_BASE_MAP_H

#include "sluice/base/base.h"

struct map_slot;
struct map {
    struct map_slot *slots;
    size_t count, cap, used; /* used counts tombstones too */
};

void map_release(struct map *m); /* frees keys and table, not values; zeroed map is empty map */
void *map_get(const struct map *m, const char *key);        /* NULL when absent */
void *map_put(struct map *m, const char *key, void *value); /* returns the former value */
void *map_remove(struct map *m, const char *key);           /* returns the former value */
/* for (size_t i = 0; map_next(&m, &i, &key, &value);) - removing the visited key is allowed. */
bool map_next(const struct map *m, size_t *i, const char **key, void **value);

#endif

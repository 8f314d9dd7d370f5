/* SPDX-License-Identifier: Apache-2.0 */
/* map.h - string keys to pointers. Keys are copied, or lent; values are the caller's. Order is
 * undefined but stable between changes. */
#ifndef SLUICE_BASE_MAP_H
#define SLUICE_BASE_MAP_H

#include "sluice/base/base.h"

struct map_slot;
struct map {
    struct map_slot *slots;
    uint32_t *hashes;        /* of the slots */
    size_t count, cap, used; /* used counts tombstones too */
    bool lent;               /* whose keys these are: all or none */
};

/* Frees the table and the keys that were copied, not the values; zeroed map is empty map. Keys that
 * were lent may be gone by then. */
void map_release(struct map *m);
void *map_get(const struct map *m, const char *key);        /* NULL when absent */
void *map_put(struct map *m, const char *key, void *value); /* returns the former value */
/* The same without a copy, for a key that lies in its value: borrowed as long as it is in the map.
 * Where an equal key is there, this one stands for it from now on. */
void *map_put_lent(struct map *m, const char *key, void *value);
void *map_remove(struct map *m, const char *key); /* returns the former value */
/* for (size_t i = 0; map_next(&m, &i, &key, &value);) - removing the visited key is allowed. */
bool map_next(const struct map *m, size_t *i, const char **key, void **value);

#endif

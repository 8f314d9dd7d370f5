/* SPDX-License-Identifier: Apache-2.0 */
/* index.h - the buckets of the store. Private to src/ctl.
 *
 * In which buckets an object is follows from the object alone, so nothing has to be remembered to
 * take it out again. Buckets hold no references: the store's table does. */
#ifndef SLUICE_CTL_INDEX_H
#define SLUICE_CTL_INDEX_H

#include "sluice/base/map.h"
#include "sluice/ctl/store.h"

struct index {
    struct map buckets; /* name -> struct place (index.c) */
};

void index_add(struct index *x, struct object *o);
void index_remove(struct index *x, struct object *o);
void index_release(struct index *x);
const struct object_list *index_find(const struct index *x, enum bucket bucket, const char *ns,
                                     const char *text);

/* "key=value" of the pair that stands for a Service's selector; false when there is none. */
#define PAIR_TEXT_MAX 512
bool selector_first_pair(const struct selector *s, char out[static PAIR_TEXT_MAX]);
/* Services that a Rollout names, in spec and pins. */
void rollout_named_services(const struct kept_rollout *r, void (*fn)(const char *name, void *arg),
                            void *arg);

#endif

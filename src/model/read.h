/* SPDX-License-Identifier: Apache-2.0 */
/* read.h - the steps of reading that all objects share. Private to src/model.
 *
 * Everything given is copied into the arena, so that the document may go. */
#ifndef SLUICE_MODEL_READ_H
#define SLUICE_MODEL_READ_H

#include "sluice/model/objects.h"

char *read_str(struct arena *a, const cJSON *o, const char *path); /* NULL when absent */
char *read_key(struct arena *a, const cJSON *o, const char *path, const char *key);
int32_t read_i32(const cJSON *o, const char *path, int32_t dflt);   /* saturates */
int32_t read_count(const cJSON *o, const char *path, int32_t dflt); /* of pods: 0 to COUNT_MAX */
int64_t read_time(const cJSON *o, const char *path);                /* 0 when absent */
const char *annotation(const cJSON *o, const char *key);            /* borrowed from the document */
int64_t annotation_i64(const cJSON *o, const char *key, int64_t dflt);

/* The bytes of the value at `path`; NULL when absent or null. */
char *read_raw(struct arena *a, const char *raw, size_t len, const char *path);

/* An object of strings, sorted by key. */
const struct pair *read_pairs(struct arena *a, const cJSON *map, size_t *count);
const char *pair_get(const struct pair *pairs, size_t count, const char *key);
/* metav1.LabelSelector. */
void read_selector(struct arena *a, const cJSON *selector, struct selector *out);
/* Does a metav1.LabelSelector match, expressions included? Absent matches nothing, {} all. */
bool label_selector_matches(const cJSON *selector, const struct pair *labels, size_t count);

/* The ports of all containers of a pod spec. */
const struct port *read_container_ports(struct arena *a, const cJSON *pod_spec, size_t *count);

static inline bool raw_is_there(struct jslice raw)
{
    return raw.p && *raw.p != 'n'; /* null */
}

/* The entry of `conditions` of this type, NULL when absent. */
const cJSON *find_condition(const cJSON *conditions, const char *type);
bool condition_true(const cJSON *conditions, const char *type);

/* Who owns `fields` ("f:spec.f:rules") of the object itself, by the newest entry of
 * metadata.managedFields that is not ours; an Apply wins over an Update where `apply_first`. Read
 * from the object's bytes: a tree may have been made without them (kube/watch.h). Arena text;
 * NULL: nobody, or without a name. */
const char *read_manager(struct arena *a, struct jslice object, const char *fields,
                         bool apply_first);

#endif

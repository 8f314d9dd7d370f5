/* SPDX-License-Identifier: Apache-2.0 */
/* meta.c - what all objects have, and the objects of which that is all we read. */
#include "read.h"

const char *meta_label(const struct meta *m, const char *key)
{
    return pair_get(m->labels, m->label_count, key);
}

void meta_read(struct arena *a, const cJSON *o, struct meta *out)
{
    const cJSON *m = json_key(o, "metadata");

    out->ns = read_str(a, m, "namespace");
    out->name = read_str(a, m, "name");
    out->uid = read_str(a, m, "uid");
    out->rv = read_str(a, m, "resourceVersion");
    out->generation = json_i64(m, "generation", 0);
    out->created_ms = read_time(m, "creationTimestamp");
    out->deleting_ms = read_time(m, "deletionTimestamp");
    out->labels = read_pairs(a, json_key(m, "labels"), &out->label_count);
}

struct policy *policy_read(struct arena *a, const cJSON *o)
{
    struct policy *p = ARENA_NEW(a, struct policy);

    meta_read(a, o, &p->meta);
    return p;
}

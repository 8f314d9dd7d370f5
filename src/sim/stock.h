/* SPDX-License-Identifier: Apache-2.0 */
/* stock.h - clusters as small vectors of numbers. An object is kept once for all clusters in which
 * it says the same; objects of one kind make a group, groups make a cluster.
 *
 * What differs from way to way and means nothing is made the same: a resourceVersion is the number
 * of the text, a generation that of the spec, a uid the kind and how many were created before; a
 * pod has the lowest number that is free. The clock stands still: time that passes makes older
 * what is waited from or to, and old is old. */
#ifndef SLUICE_SIM_STOCK_H
#define SLUICE_SIM_STOCK_H

#include "sluice/sim/sim.h"
#include "vectors.h"

enum group {
    GROUP_PODS = SIM_KIND_COUNT, /* before: the kinds of objects */
    GROUP_BIRTHS,                /* objects created so far, by kind */
    GROUP_COUNT
};
#define ALL_GROUPS ((1U << GROUP_COUNT) - 1)
#define BIT(group) (1U << (group))

#define OWNERS_MAX 4
struct item {
    struct sim_version *version; /* NULL: the text is no object's */
    enum sim_kind kind;
    uint32_t name, uid; /* texts */
    uint32_t owners[OWNERS_MAX], owner_count;
    bool ends; /* nothing keeps it any more */
};

struct stock {
    struct vectors texts, groups;
    struct item *items; /* by the number of the text */
    size_t item_cap;
    struct sim_pod *bases; /* what pods of one ReplicaSet have in common */
    size_t base_cap, base_count;
    struct sim_options opt;
    bool clock;              /* times that are waited for matter */
    int64_t now_ms, born_ms; /* when it is; when the first one was created */
};

void stock_init(struct stock *k, const struct sim *from);
void stock_release(struct stock *k);
/* A cluster of those groups whose bit is set; the others are empty and nothing is collected. */
void stock_load(const struct stock *k, const uint32_t groups[GROUP_COUNT], unsigned which,
                struct sim *out);
/* The groups of that cluster whose bit is set. Pods get numbers that are free in it. */
void stock_store(struct stock *k, struct sim *s, unsigned which, uint32_t groups[GROUP_COUNT]);
/* What an object is known by, with that resourceVersion; owned (stock_text.c). */
char *stock_text(struct stock *k, const struct sim_object *o, const char *version);
/* So much time passes: what anything waits for is over then. */
#define STOCK_WAIT_MS (4 * INT64_C(1000))
void stock_age(const struct stock *k, struct sim *s);
/* The object of that name, 0: it is not in the group. */
uint32_t stock_find(const struct stock *k, uint32_t group, uint32_t name);
/* The group with its object of that name as it is in another group. */
uint32_t stock_adopt(struct stock *k, uint32_t group, uint32_t name, uint32_t from);
/* Something must be collected. */
bool stock_orphans(const struct stock *k, const uint32_t groups[GROUP_COUNT]);

/* Words of one object in its group: routes have what their proxies send by beside them. */
static inline size_t stock_stride(enum sim_kind kind)
{
    return kind == SIM_ROUTE ? 3 : 1;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* rules.h - the rules of a route as we see them: where our two Services stand. Private to
 * src/route. */
#ifndef SLUICE_ROUTE_RULES_H
#define SLUICE_ROUTE_RULES_H

#include "sluice/route/route.h"

struct rule {
    int index;                             /* spec.rules[index] */
    const char *name;                      /* NULL = none */
    bool named;                            /* in traffic.rules, or no names were given */
    const struct backend *stable, *canary; /* the first of that name, NULL = none */
    int stable_count, canary_count;
    const struct backend *third; /* the first other backend with a weight */
    int count;                   /* backendRefs in all */
};

/* Every rule of the route, in order. */
struct rules {
    struct rule *rules;
    size_t count;
};

struct rules rules_find(struct arena *a, const struct route *r, const struct traffic_spec *t,
                        const char *stable, const char *canary);

/* May its weights be written? */
static inline bool rule_is_ours(const struct rule *rule)
{
    return rule->named && rule->stable;
}

#endif

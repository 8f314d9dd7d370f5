/* SPDX-License-Identifier: Apache-2.0 */
/* route.h - routers: a table of pure functions between weights and users' route objects.
 *
 * To add a router: one file with these functions, one row in table.c, one fixture. Only the
 * backends that name our two Services are touched, found by Service name; everything else in the
 * object stays byte for byte. Source: api.md 2.3; dataplanes.md 3. */
#ifndef SLUICE_ROUTE_ROUTE_H
#define SLUICE_ROUTE_ROUTE_H

#include "sluice/model/objects.h"
#include "sluice/model/rollout.h"

struct route_view {
    bool found;          /* the stable Service is in a rule that we may edit */
    int weight;          /* percent on the canary Service now; -1 = not the same in all rules, not a
                          whole percent, or a Service stands twice in a rule */
    bool canary_present; /* in a rule that we may edit */
    int third_rule;      /* a rule with a third backend that has a weight (V32), -1 = none */
    bool accepted;       /* Accepted and ResolvedRefs by every parent, for this generation */
    bool seen;           /* Accepted alone, likewise: enough on the way back, where a leftover of
                          others at weight 0 must not hold up an abort (dataplanes.md 3.6) */
    const char *refused; /* a parent's words when it says no, else NULL */
};

struct router {
    const char *name; /* key under traffic[], "gatewayAPI" */
    const char *kinds[5];
    int64_t settle_ms, settle_floor_ms;
    /* `r` NULL: the object is not there. */
    void (*view)(struct arena *a, const struct route *r, const struct traffic_spec *t,
                 const char *stable, const char *canary, struct route_view *out);
    /* JSON Patch (array text) with resourceVersion test that makes the canary's share `weight`
     * percent, adding its entry as a copy of stable's where missing. NULL when no byte would
     * change. */
    char *(*render)(struct arena *a, const struct route *r, const struct traffic_spec *t,
                    const char *stable, const char *canary, int weight);
    /* Resting values of the rules we may edit, as JSON text, kept in the record. */
    char *(*resting)(struct arena *a, const struct route *r, const struct traffic_spec *t,
                     const char *stable, const char *canary);
    /* JSON Patch that puts `resting` back (the canary's entry removed if it was not there, weights
     * as they were, absent weights absent); NULL when the object is as it was. Rules are found
     * again by name, else by their order. A rule that `resting` does not know, or a `resting` that
     * is NULL or broken (RecordLost): all weight on stable, and a canary's entry that we would
     * have made so goes. Entries that somebody took away stay away. */
    char *(*restore)(struct arena *a, const struct route *r, const struct traffic_spec *t,
                     const char *stable, const char *canary, const char *resting);
    /* Why this route cannot be used (V32), as findings with field, value and remedy; `index` is
     * its place in spec.strategy.canary.traffic. Meant for a route at rest, fine in flight. 0 =
     * all is well. */
    size_t (*check)(struct arena *a, const struct route *r, const struct traffic_spec *t,
                    size_t index, const char *stable, const char *canary,
                    const struct finding **findings);
};
const struct router *router_find(const char *name); /* NULL: unknown */

#endif

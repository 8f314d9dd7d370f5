/* SPDX-License-Identifier: Apache-2.0 */
/* route.c - HTTPRoute of the Gateway API, and the kinds of the same shape. */
#include "read.h"

#include <string.h>

struct reading_rules {
    struct arena *a;
    struct route *route;
    struct backend *backends;
    const cJSON *rule, *ref; /* in step with the slices */
    int rule_index, ref_index;
};

/* Only a Service of the route's own namespace: another one is not ours to shift. */
static const char *service_of(struct arena *a, const cJSON *ref, const char *ns)
{
    const char *group = json_str(ref, "group"), *kind = json_str(ref, "kind");
    const char *there = json_str(ref, "namespace");

    if (!str_empty(group) || (kind && strcmp(kind, "Service") != 0))
        return NULL;
    if (there && !str_equal(there, ns))
        return NULL;
    return read_str(a, ref, "name");
}

static bool read_backend(struct jslice raw, void *arg)
{
    struct reading_rules *r = arg;

    r->backends[r->route->backend_count++] = (struct backend){
        .rule = r->rule_index,
        .index = r->ref_index++,
        .rule_name = read_str(r->a, r->rule, "name"),
        .service = service_of(r->a, r->ref, r->route->meta.ns),
        .raw = arena_strndup(r->a, raw.p, raw.len),
        .weight = read_i32(r->ref, "weight", 1),
        .weight_set = json_key(r->ref, "weight") != NULL,
        .port = read_i32(r->ref, "port", 0),
    };
    r->ref = r->ref->next;
    return r->ref != NULL;
}

static bool read_rule(struct jslice raw, void *arg)
{
    struct reading_rules *r = arg;
    const cJSON *refs = json_key(r->rule, "backendRefs");

    r->ref = refs ? refs->child : NULL;
    r->ref_index = 0;
    if (r->ref)
        json_slice_each(json_slice(raw.p, raw.len, "backendRefs"), read_backend, r);
    r->rule_index++;
    r->rule = r->rule->next;
    return r->rule != NULL;
}

static void read_rules(struct arena *a, const cJSON *rules, struct jslice raw, struct route *route)
{
    struct reading_rules r = {.a = a, .route = route, .rule = rules ? rules->child : NULL};
    size_t n = 0;

    JSON_EACH(rule, rules)
        n += json_count(json_key(rule, "backendRefs"));
    r.backends = ARENA_ARRAY(a, struct backend, n + 1);
    if (r.rule)
        json_slice_each(raw, read_rule, &r);
    route->backends = r.backends;
    route->rule_count = r.rule_index;
}

/* The words of the first condition that says no. */
static const char *refusal_of(struct arena *a, const cJSON *conditions)
{
    static const char *const types[] = {"Accepted", "ResolvedRefs"};

    for (size_t i = 0; i < COUNT(types); i++) {
        const cJSON *c = find_condition(conditions, types[i]);

        if (c && !str_equal(json_str(c, "status"), "True"))
            return read_str(a, c, "message");
    }
    return NULL;
}

static void read_parents(struct arena *a, const cJSON *list, struct route *route)
{
    struct parent *parents = ARENA_ARRAY(a, struct parent, json_count(list) + 1);

    JSON_EACH(p, list) {
        const cJSON *conditions = json_key(p, "conditions");

        parents[route->parent_count++] = (struct parent){
            .parent = read_str(a, p, "parentRef.name"),
            .observed_generation =
                json_i64(find_condition(conditions, "Accepted"), "observedGeneration", 0),
            .accepted = condition_true(conditions, "Accepted"),
            .resolved = condition_true(conditions, "ResolvedRefs"),
            .message = refusal_of(a, conditions),
        };
    }
    route->parents = parents;
}

struct route *route_read(struct arena *a, const cJSON *o, const char *raw, size_t len)
{
    struct route *r = ARENA_NEW(a, struct route);

    meta_read(a, o, &r->meta);
    r->rules_raw = read_raw(a, raw, len, "spec.rules");
    read_rules(a, json_at(o, "spec.rules"), json_slice(raw, len, "spec.rules"), r);
    read_parents(a, json_at(o, "status.parents"), r);
    r->spec_parent_count = json_count(json_at(o, "spec.parentRefs"));
    r->rules_manager = read_manager(a, (struct jslice){raw, len}, "f:spec.f:rules", false);
    return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "rules.h"

static bool is_named(const struct traffic_spec *t, const char *name)
{
    if (!t->rule_count)
        return true;
    for (size_t i = 0; i < t->rule_count && name; i++) {
        if (str_equal(t->rules[i], name))
            return true;
    }
    return false;
}

static void add_backend(struct rule *rule, const struct backend *b, const char *stable,
                        const char *canary)
{
    rule->count++;
    if (b->service && str_equal(b->service, stable)) {
        if (!rule->stable_count++)
            rule->stable = b;
    } else if (b->service && str_equal(b->service, canary)) {
        if (!rule->canary_count++)
            rule->canary = b;
    } else if (b->weight > 0 && !rule->third) {
        rule->third = b;
    }
}

struct rules rules_find(struct arena *a, const struct route *r, const struct traffic_spec *t,
                        const char *stable, const char *canary)
{
    struct rules found = {0};

    if (!r || r->rule_count <= 0)
        return found;
    found.count = (size_t)r->rule_count;
    found.rules = ARENA_ARRAY(a, struct rule, found.count);
    for (size_t i = 0; i < found.count; i++)
        found.rules[i].index = (int)i;
    for (size_t i = 0; i < r->backend_count; i++) {
        const struct backend *b = &r->backends[i];
        struct rule *rule;

        if (b->rule < 0 || b->rule >= r->rule_count)
            continue;
        rule = &found.rules[b->rule];
        rule->name = b->rule_name;
        add_backend(rule, b, stable, canary);
    }
    for (size_t i = 0; i < found.count; i++)
        found.rules[i].named = is_named(t, found.rules[i].name);
    return found;
}

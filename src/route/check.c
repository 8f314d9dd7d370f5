/* SPDX-License-Identifier: Apache-2.0 */
/* check.c - why an HTTPRoute cannot be used (V32): each finding says what to write instead. */
#include "gateway.h"

#include "sluice/model/validate.h"

#define BACKENDS_MAX 16 /* of a rule, in the Gateway API */

struct check {
    struct arena *a;
    const struct route *r;
    const struct traffic_spec *t;
    const struct rules *rules;
    const char *base; /* "spec.strategy.canary.traffic[0].gatewayAPI" */
    const char *kind, *stable, *canary;
    struct finding *found;
    size_t count;
};

static void add(struct check *c, const char *path, const char *value, const char *message)
{
    c->found[c->count++] =
        (struct finding){.rule = "V32", .path = path, .value = value, .message = message};
}

static void add_at_name(struct check *c, const char *message)
{
    add(c, arena_printf(c->a, "%s.name", c->base), c->t->name, message);
}

static const struct rule *rule_named(const struct check *c, const char *name)
{
    for (size_t i = 0; i < c->rules->count; i++) {
        if (c->rules->rules[i].name && str_equal(c->rules->rules[i].name, name))
            return &c->rules->rules[i];
    }
    return NULL;
}

static const char *near_name(const struct check *c, const char *name)
{
    const char **names = ARENA_ARRAY(c->a, const char *, c->rules->count + 1);
    const char *near;
    size_t n = 0;

    for (size_t i = 0; i < c->rules->count; i++) {
        if (c->rules->rules[i].name)
            names[n++] = c->rules->rules[i].name;
    }
    near = did_you_mean(name, names, n);
    return near ? arena_printf(c->a, " (did you mean \"%s\"?)", near) : "";
}

static void check_names(struct check *c)
{
    for (size_t i = 0; i < c->t->rule_count; i++) {
        const char *name = c->t->rules[i];
        const struct rule *rule = rule_named(c, name);

        if (rule && rule->stable)
            continue;
        add(c, arena_printf(c->a, "%s.rules[%zu]", c->base, i), name,
            rule ? arena_printf(c->a,
                                "this rule of %s %s does not send to Service %s: name a rule that "
                                "does, or correct stableService",
                                c->kind, c->t->name, c->stable)
                 : arena_printf(c->a,
                                "no rule of %s %s that has backends bears this name: correct it%s",
                                c->kind, c->t->name, near_name(c, name)));
    }
}

/* One finding a rule: the first that must be put right. */
static const char *rule_fault(const struct check *c, const struct rule *rule)
{
    const char *const title = rule->name ? arena_printf(c->a, "rule %s", rule->name)
                                         : arena_printf(c->a, "spec.rules[%d]", rule->index);

    if (rule->stable_count > 1 || rule->canary_count > 1)
        return arena_printf(c->a,
                            "%s of %s %s names Service %s more than once, so the choice is not "
                            "clear: leave one entry, or set rules to other rules",
                            title, c->kind, c->t->name,
                            rule->stable_count > 1 ? c->stable : c->canary);
    if (rule->third)
        return arena_printf(
            c->a,
            "in %s of %s %s another backend%s has weight %d and its share would "
            "move: take it out, or set rules to other rules",
            title, c->kind, c->t->name,
            rule->third->service ? arena_printf(c->a, " (Service %s)", rule->third->service) : "",
            (int)rule->third->weight);
    if (!rule->canary && rule->count >= BACKENDS_MAX)
        return arena_printf(c->a,
                            "%s of %s %s has %d backendRefs, which leaves no room for Service %s: "
                            "take one out",
                            title, c->kind, c->t->name, rule->count, c->canary);
    return NULL;
}

static void check_rules(struct check *c)
{
    bool held = false;

    for (size_t i = 0; i < c->rules->count; i++) {
        const struct rule *rule = &c->rules->rules[i];
        const char *fault = rule_is_ours(rule) ? rule_fault(c, rule) : NULL;

        held |= rule_is_ours(rule);
        if (fault)
            add_at_name(c, fault);
    }
    if (!held && !c->t->rule_count)
        add_at_name(c, arena_printf(c->a,
                                    "no rule of %s %s sends to Service %s: correct name or "
                                    "stableService, or add the Service to backendRefs",
                                    c->kind, c->t->name, c->stable));
}

size_t gateway_check(struct arena *a, const struct route *r, const struct traffic_spec *t,
                     size_t index, const char *stable, const char *canary,
                     const struct finding **findings)
{
    const struct rules rules = rules_find(a, r, t, stable, canary);
    struct check c = {
        .a = a,
        .r = r,
        .t = t,
        .rules = &rules,
        .stable = stable,
        .canary = canary,
        .kind = t->kind ? t->kind : "HTTPRoute",
        .base = arena_printf(a, "spec.strategy.canary.traffic[%zu].%s", index, t->router),
    };

    c.found = ARENA_ARRAY(a, struct finding, rules.count + t->rule_count + 2);
    if (!r) {
        add_at_name(&c, arena_printf(a, "%s %s does not exist: create it, or correct the name",
                                     c.kind, t->name));
    } else {
        if (!r->spec_parent_count)
            add_at_name(&c, arena_printf(a,
                                         "%s %s has no parentRefs, so no Gateway serves it: "
                                         "add the Gateway",
                                         c.kind, t->name));
        check_names(&c);
        check_rules(&c);
    }
    *findings = c.found;
    return c.count;
}

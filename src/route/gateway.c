/* SPDX-License-Identifier: Apache-2.0 */
/* gateway.c - HTTPRoute: reading it and writing weights. rest.c takes them back. */
#include "gateway.h"
#include "patch.h"

/* --- reading -------------------------------------------------------------------------------- */

/* Share of the canary in percent; -1 when it is none, or none that we would write. */
static int rule_weight(const struct rule *rule)
{
    const int64_t stable = max_i64(rule->stable->weight, 0);
    const int64_t canary = rule->canary ? max_i64(rule->canary->weight, 0) : 0;
    const int64_t sum = stable + canary;

    if (rule->stable_count > 1 || rule->canary_count > 1 || sum == 0 || 100 * canary % sum)
        return -1;
    return (int)(100 * canary / sum);
}

static void view_rules(const struct rules *rules, struct route_view *out)
{
    for (size_t i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->rules[i];
        int weight;

        if (!rule_is_ours(rule))
            continue;
        weight = rule_weight(rule);
        if (!out->found)
            out->weight = weight;
        else if (out->weight != weight)
            out->weight = -1;
        out->found = true;
        out->canary_present |= rule->canary != NULL;
        if (rule->third && out->third_rule < 0)
            out->third_rule = rule->index;
    }
}

static const char *parent_words(struct arena *a, const struct parent *p)
{
    const char *words = p->message;

    if (str_empty(words))
        words = p->accepted ? "ResolvedRefs is not True" : "Accepted is not True";
    return arena_printf(a, "%s: %s", p->parent ? p->parent : "parent", words);
}

/* A controller that was uninstalled, or lost the Gateway to another class, leaves its entry behind
 * for ever. Such an entry is of an older generation; it does not count against the route as long
 * as there are enough parents of this generation for all that spec.parentRefs names. One that
 * speaks of this generation and says no always counts. */
static void view_parents(struct arena *a, const struct route *r, struct route_view *out)
{
    size_t now = 0, accepted = 0, resolved = 0;

    for (size_t i = 0; i < r->parent_count; i++) {
        const struct parent *p = &r->parents[i];

        if (p->observed_generation < r->meta.generation)
            continue;
        now++;
        accepted += p->accepted;
        resolved += p->accepted && p->resolved;
        if (!out->refused && !(p->accepted && p->resolved))
            out->refused = parent_words(a, p);
    }
    if (!r->spec_parent_count) {
        out->refused = "the route has no parentRefs: no Gateway serves it";
        return;
    }
    out->seen = accepted == now && accepted >= r->spec_parent_count;
    out->accepted = out->seen && resolved == now;
}

void gateway_view(struct arena *a, const struct route *r, const struct traffic_spec *t,
                  const char *stable, const char *canary, struct route_view *out)
{
    const struct rules rules = rules_find(a, r, t, stable, canary);

    *out = (struct route_view){.third_rule = -1};
    if (!r)
        return;
    view_rules(&rules, out);
    view_parents(a, r, out);
}

/* --- writing -------------------------------------------------------------------------------- */

static void weigh(struct patch *p, const struct backend *b, int32_t weight)
{
    if (b->weight_set && b->weight == weight)
        return;
    patch_test_name(p, b);
    patch_add(p, "{'op':'add','path':'/spec/rules/%d/backendRefs/%d/weight','value':%d}", b->rule,
              b->index, (int)weight);
}

/* The new entry goes behind the others, so that no index of this patch moves. */
static void add_canary(struct patch *p, const struct rule *rule, const char *canary, int weight)
{
    patch_add(p, "{'op':'add','path':'/spec/rules/%d/backendRefs/-','value':%r}", rule->index,
              backend_copy(p->a, rule->stable, canary, weight));
}

char *gateway_render(struct arena *a, const struct route *r, const struct traffic_spec *t,
                     const char *stable, const char *canary, int weight)
{
    const struct rules rules = rules_find(a, r, t, stable, canary);
    const int share = (int)clamp_i64(weight, 0, 100);
    struct patch p;

    if (!r)
        return NULL;
    patch_begin(&p, a, &r->meta);
    for (size_t i = 0; i < rules.count; i++) {
        const struct rule *rule = &rules.rules[i];

        if (!rule_is_ours(rule) || rule_weight(rule) == share)
            continue;
        weigh(&p, rule->stable, 100 - share);
        if (rule->canary)
            weigh(&p, rule->canary, share);
        else if (share > 0)
            add_canary(&p, rule, canary, share);
    }
    return patch_end(&p);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* rest.c - HTTPRoute: resting values, kept in the record and put back.
 *
 * {"canary":false,"rules":[{"name":"checkout","stable":{"weight":1}}]}: one member of `rules` for
 * each rule that we may edit, in order; a weight that was not written is not written here;
 * "canary" of a rule only where its entry was there. The "canary" outside says whether any rule
 * named it, also one without stable: when not, every entry of it is ours. */
#include "gateway.h"
#include "patch.h"

#include <string.h>

#define WEIGHT_MAX 1000000 /* of the Gateway API */

static void add_weight(struct strbuf *out, const char *key, const struct backend *b)
{
    if (b->weight_set)
        json_fmt_to(out, ",%q:{'weight':%d}", key, (int)b->weight);
    else
        json_fmt_to(out, ",%q:{}", key);
}

static bool canary_anywhere(const struct rules *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        if (rules->rules[i].named && rules->rules[i].canary)
            return true;
    }
    return false;
}

char *gateway_resting(struct arena *a, const struct route *r, const struct traffic_spec *t,
                      const char *stable, const char *canary)
{
    const struct rules rules = rules_find(a, r, t, stable, canary);
    auto_strbuf struct strbuf out = {.max = RECORD_BYTES_MAX};
    const char *comma = "";

    json_fmt_to(&out, "{'canary':%b,'rules':[", canary_anywhere(&rules));
    for (size_t i = 0; i < rules.count; i++) {
        const struct rule *rule = &rules.rules[i];

        if (!rule_is_ours(rule))
            continue;
        json_fmt_to(&out, "%r{'name':%q", comma, rule->name);
        add_weight(&out, "stable", rule->stable);
        if (rule->canary)
            add_weight(&out, "canary", rule->canary);
        strbuf_addc(&out, '}');
        comma = ",";
    }
    strbuf_adds(&out, "]}");
    return arena_strndup(a, strbuf_str(&out), out.len);
}

/* --- back ----------------------------------------------------------------------------------- */

/* Resting values of one rule. */
struct rest {
    bool known;     /* false: of a rule that was not there, or a record that is lost */
    int64_t stable; /* weight, -1 = not written */
    bool had_canary;
    int64_t canary;
};

struct memory {
    const cJSON *doc;   /* NULL: lost */
    const cJSON *rules; /* its members, may be NULL */
    bool had_canary;    /* in any rule */
    bool in_order;      /* as many rules now as then: the k-th is the k-th */
};

static int64_t weight_read(const cJSON *o, const char *path)
{
    const int64_t weight = json_i64(o, path, -1);

    return weight >= 0 && weight <= WEIGHT_MAX ? weight : -1;
}

static struct rest rest_read(const cJSON *o)
{
    if (!o)
        return (struct rest){.stable = 1};
    return (struct rest){
        .known = true,
        .stable = weight_read(o, "stable.weight"),
        .had_canary = json_at(o, "canary") != NULL,
        .canary = weight_read(o, "canary.weight"),
    };
}

static const cJSON *by_name(const struct memory *m, const char *name)
{
    JSON_EACH(o, m->rules)
        if (str_equal(json_str(o, "name"), name))
            return o;
    return NULL;
}

static bool same_rest(const cJSON *one, const cJSON *other)
{
    const struct rest x = rest_read(one), y = rest_read(other);

    return x.stable == y.stable && x.had_canary == y.had_canary && x.canary == y.canary;
}

/* Rules came or went: which is which is no longer known, but may be no question. */
static const cJSON *by_likeness(const struct memory *m)
{
    const cJSON *first = m->rules ? m->rules->child : NULL;

    JSON_EACH(o, m->rules)
        if (!same_rest(first, o))
            return NULL;
    return first;
}

/* There is one: in order, as many are recorded as there are now. */
static const cJSON *nth(const struct memory *m, size_t place)
{
    const cJSON *o = m->rules->child;

    for (; place > 0; place--)
        o = o->next;
    return o;
}

/* What is recorded of the rule that is the `place`-th of ours now; NULL: nothing. */
static const cJSON *recorded(const struct memory *m, const struct rule *rule, size_t place)
{
    const cJSON *same_place = m->in_order ? nth(m, place) : NULL;

    if (same_place && str_equal(json_str(same_place, "name"), rule->name))
        return same_place;
    if (rule->name)
        return by_name(m, rule->name);
    return m->in_order ? NULL : by_likeness(m);
}

static void put_weight(struct patch *p, const struct backend *b, int64_t weight)
{
    const int32_t now = b->weight_set ? b->weight : 1;

    if (now == (weight < 0 ? 1 : weight))
        return; /* absent and 1 mean the same, and a server that writes the default in keeps it */
    patch_test_name(p, b);
    if (weight < 0)
        patch_add(p, "{'op':'remove','path':'/spec/rules/%d/backendRefs/%d/weight'}", b->rule,
                  b->index);
    else
        patch_add(p, "{'op':'add','path':'/spec/rules/%d/backendRefs/%d/weight','value':%l}",
                  b->rule, b->index, weight);
}

static void remove_entry(struct patch *p, const struct backend *b)
{
    patch_test_name(p, b);
    patch_add(p, "{'op':'remove','path':'/spec/rules/%d/backendRefs/%d'}", b->rule, b->index);
}

static void restore_rule(struct patch *p, const struct rule *rule, struct rest rest)
{
    if (!rest.known && !rule->canary && rule->stable->weight > 0)
        return; /* never written by us, or long taken back */
    put_weight(p, rule->stable, rest.stable);
    if (!rule->canary)
        return;
    if (rest.known && rest.had_canary)
        put_weight(p, rule->canary, rest.canary);
    else if (rest.known || backend_is_copy(p->a, rule->canary, rule->stable))
        remove_entry(p, rule->canary); /* last: indexes behind it move */
    else
        put_weight(p, rule->canary, 0);
}

/* Somebody took stable out of this rule and left our entry, whose Service goes at rest: its share
 * of requests would fail. Left alone where it is all there is, and where entries of the canary
 * stood at rest: then its Service is the users' own and stays. */
static void restore_orphan(struct patch *p, const struct rule *rule, const struct memory *m)
{
    if (rule->named && rule->canary && rule->third && m->doc && !m->had_canary)
        remove_entry(p, rule->canary);
}

static size_t count_ours(const struct rules *rules)
{
    size_t n = 0;

    for (size_t i = 0; i < rules->count; i++)
        n += rule_is_ours(&rules->rules[i]);
    return n;
}

char *gateway_restore(struct arena *a, const struct route *r, const struct traffic_spec *t,
                      const char *stable, const char *canary, const char *resting)
{
    const struct rules rules = rules_find(a, r, t, stable, canary);
    auto_json cJSON *doc = str_empty(resting) ? NULL : json_parse(resting, strlen(resting), NULL);
    struct memory m = {.doc = doc, .rules = json_at(doc, "rules")};
    struct patch p;
    size_t place = 0;

    if (!r)
        return NULL;
    m.had_canary = json_bool(doc, "canary", true);
    m.in_order = json_count(m.rules) == count_ours(&rules);
    patch_begin(&p, a, &r->meta);
    for (size_t i = 0; i < rules.count; i++) {
        const struct rule *rule = &rules.rules[i];

        if (rule_is_ours(rule))
            restore_rule(&p, rule, rest_read(recorded(&m, rule, place++)));
        else
            restore_orphan(&p, rule, &m);
    }
    return patch_end(&p);
}

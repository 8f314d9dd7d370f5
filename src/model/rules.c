/* SPDX-License-Identifier: Apache-2.0 */
/* rules.c - the numbered rules of api.md section 2: those that look at more than one field.
 *
 * Each row is shown in four places: as CEL in manifests/crd/rollouts.yaml (a test compares the
 * sentences), by `sluice lint`, in the condition InvalidSpec and by `sluice plan`. To add one: a
 * row here, CEL there, a case in tests/model/corpus. */
#include "spec.h"

#include <stdlib.h>
#include <string.h>

struct rule {
    const char *id, *place, *message;
    /* NULL: the table checks it (a bound, a choice), or a comparison with the old object. */
    void (*check)(struct checker *c, const struct rule *r, const cJSON *o);
};

/* Notes the rule at o.key; at `o` itself where the key is NULL. */
static void broken(struct checker *c, const struct rule *r, const cJSON *o, const char *key)
{
    const cJSON *node = key ? json_key(o, key) : o;
    struct path_mark mark;

    if (!key) {
        note(c, r->id, o, "%s", r->message);
        return;
    }
    mark = enter(c, key);
    note(c, r->id, node ? node : o, "%s", r->message);
    leave(c, mark);
}

/* ---- strategies ------------------------------------------------------------------------------ */

static void no_weight(struct checker *c, const struct rule *r, const cJSON *o)
{
    const struct path_mark list = enter(c, "steps");
    size_t i = 0;

    JSON_EACH(step, json_key(o, "steps")) {
        const struct path_mark mark = enter_item(c, step, i++, NULL);

        if (json_key(step, "weight"))
            broken(c, r, step, "weight");
        leave(c, mark);
    }
    leave(c, list);
}

static void preview_differs(struct checker *c, const struct rule *r, const cJSON *o)
{
    const char *preview = json_str(o, "previewService");

    if (preview && str_equal(preview, json_str(o, "activeService")))
        broken(c, r, o, "previewService");
}

static void traffic_needs_stable(struct checker *c, const struct rule *r, const cJSON *o)
{
    if (json_key(o, "traffic") && !json_key(o, "stableService"))
        broken(c, r, o, "traffic");
}

static void canary_needs_stable(struct checker *c, const struct rule *r, const cJSON *o)
{
    if (json_key(o, "canaryService") && !json_key(o, "stableService"))
        broken(c, r, o, "canaryService");
}

static void canary_differs(struct checker *c, const struct rule *r, const cJSON *o)
{
    const char *canary = json_str(o, "canaryService");

    if (canary && str_equal(canary, json_str(o, "stableService")))
        broken(c, r, o, "canaryService");
}

/* -1: none, or not a weight. */
static long weight_of(const cJSON *step)
{
    const char *text = json_str(step, "weight");

    return text ? strtol(text, NULL, 10) : (long)json_i64(step, "weight", -1);
}

static void ascending(struct checker *c, const struct rule *r, const cJSON *o)
{
    const struct path_mark list = enter(c, "steps");
    long before = 0;
    size_t i = 0;

    JSON_EACH(step, json_key(o, "steps")) {
        const struct path_mark mark = enter_item(c, step, i++, NULL);
        const long weight = weight_of(step);

        if (weight >= 0 && weight < before)
            broken(c, r, step, "weight");
        before = weight > before ? weight : before;
        leave(c, mark);
    }
    leave(c, list);
}

static void one_measure(struct checker *c, const struct rule *r, const cJSON *o)
{
    const struct path_mark list = enter(c, "steps");
    size_t i = 0;

    JSON_EACH(step, json_key(o, "traffic") ? NULL : json_key(o, "steps")) {
        const struct path_mark mark = enter_item(c, step, i++, NULL);

        if (json_key(step, "weight") && json_key(step, "replicas"))
            broken(c, r, step, "replicas");
        leave(c, mark);
    }
    leave(c, list);
}

static void at_most_half(struct checker *c, const struct rule *r, const cJSON *o)
{
    const struct path_mark list = enter(c, "steps");
    size_t i = 0;

    JSON_EACH(step, json_key(o, "traffic") ? NULL : json_key(o, "steps")) {
        const struct path_mark mark = enter_item(c, step, i++, NULL);
        const struct path_mark key = enter(c, "weight");
        const long weight = weight_of(step);

        if (weight > 50 && weight < 100)
            note_warning(c, r->id, json_key(step, "weight"), "%s %ld", r->message, weight);
        leave(c, key);
        leave(c, mark);
    }
    leave(c, list);
}

static void deadline_of_approve(struct checker *c, const struct rule *r, const cJSON *o)
{
    if (json_bool(o, "approve", false))
        return;
    if (json_key(o, "deadline"))
        broken(c, r, o, "deadline");
    else if (json_key(o, "onDeadline"))
        broken(c, r, o, "onDeadline");
}

/* ---- gates and steps ------------------------------------------------------------------------- */

static const char *const stepped[] = {"rolling", "canary"};

static const cJSON *gate_named(const cJSON *spec, const char *name)
{
    JSON_EACH(gate, json_key(spec, "gates")) {
        if (str_equal(json_str(gate, "name"), name))
            return gate;
    }
    return NULL;
}

static void unknown_gate(struct checker *c, const struct rule *r, const cJSON *spec,
                         const cJSON *item)
{
    const char *names[GATES_MAX];
    const char *meant;
    size_t n = 0;

    JSON_EACH(gate, json_key(spec, "gates")) {
        if (n < COUNT(names) && json_str(gate, "name"))
            names[n++] = json_str(gate, "name");
    }
    meant = did_you_mean(json_str(item, ""), names, n);
    if (meant)
        note(c, r->id, item, "%s (did you mean \"%s\"?)", r->message, meant);
    else
        note(c, r->id, item, "%s", r->message);
}

static void gates_of_step(struct checker *c, const struct rule *r, const cJSON *spec,
                          const cJSON *step)
{
    const struct path_mark list = enter(c, "gates");
    size_t i = 0;

    JSON_EACH(item, json_key(step, "gates")) {
        const struct path_mark mark = enter_item(c, item, i++, NULL);
        const char *name = json_str(item, "");

        if (name && !gate_named(spec, name))
            unknown_gate(c, r, spec, item);
        leave(c, mark);
    }
    leave(c, list);
}

static void gates_exist(struct checker *c, const struct rule *r, const cJSON *spec)
{
    for (size_t s = 0; s < COUNT(stepped); s++) {
        const cJSON *one = json_key(json_key(spec, "strategy"), stepped[s]);
        const struct path_mark strategy = enter(c, "strategy"), way = enter(c, stepped[s]),
                               list = enter(c, "steps");
        size_t i = 0;

        JSON_EACH(step, json_key(one, "steps")) {
            const struct path_mark mark = enter_item(c, step, i++, NULL);

            gates_of_step(c, r, spec, step);
            leave(c, mark);
        }
        leave(c, list);
        leave(c, way);
        leave(c, strategy);
    }
}

static bool step_names(const cJSON *spec, const char *name)
{
    for (size_t s = 0; s < COUNT(stepped); s++) {
        const cJSON *one = json_key(json_key(spec, "strategy"), stepped[s]);

        JSON_EACH(step, json_key(one, "steps")) {
            JSON_EACH(item, json_key(step, "gates")) {
                if (json_str(item, "") && str_equal(json_str(item, ""), name))
                    return true;
            }
        }
    }
    return false;
}

static void one_place(struct checker *c, const struct rule *r, const cJSON *spec)
{
    const struct path_mark list = enter(c, "gates");
    size_t i = 0;

    JSON_EACH(gate, json_key(spec, "gates")) {
        const struct path_mark mark = enter_item(c, gate, i++, "name");
        const char *name = json_str(gate, "name");

        if (name && json_key(gate, "during") && step_names(spec, name))
            broken(c, r, gate, "during");
        leave(c, mark);
    }
    leave(c, list);
}

static void no_dry_approval(struct checker *c, const struct rule *r, const cJSON *o)
{
    if (json_key(o, "approval") && json_bool(o, "dryRun", false))
        broken(c, r, o, "dryRun");
}

static void has_threshold(struct checker *c, const struct rule *r, const cJSON *o)
{
    if (!json_key(o, "min") && !json_key(o, "max"))
        broken(c, r, o, NULL);
}

/* As the API server compares them. */
static void min_below_max(struct checker *c, const struct rule *r, const cJSON *o)
{
    const char *min = json_str(o, "min"), *max = json_str(o, "max");

    if (min && max && strtod(min, NULL) > strtod(max, NULL))
        broken(c, r, o, "min");
}

/* ---- commands and manifests ------------------------------------------------------------------ */

static void verb_needs_step(struct checker *c, const struct rule *r, const cJSON *o)
{
    const char *verb = json_str(o, "verb");

    if ((str_equal(verb, "Approve") || str_equal(verb, "Skip")) && !json_key(o, "step"))
        broken(c, r, o, "step");
}

static void not_from_git(struct checker *c, const struct rule *r, const cJSON *o)
{
    static const char *const keys[] = {"paused", "action"};
    const struct path_mark mark = enter(c, "spec");

    for (size_t i = 0; i < COUNT(keys); i++) {
        const cJSON *node = json_key(json_key(o, "spec"), keys[i]);
        const struct path_mark key = enter(c, keys[i]);

        if (node)
            note_warning(c, r->id, node, "%s", r->message);
        leave(c, key);
    }
    leave(c, mark);
}

static const struct rule rules[] = {
    {"V1", "targetRef",
     "targetRef is immutable: delete this Rollout (nothing restarts) and create one for the other "
     "Deployment",
     NULL},
    {"V2", "strategy", "set exactly one of rolling, blueGreen, canary", NULL},
    {"V3", "spec", "progressDeadline must be at least 10s: raise it, or leave it out for 10m",
     NULL},
    {"V4", "rolling",
     "rolling moves capacity, not weight: write replicas: 20% instead of weight: 20, or use canary",
     no_weight},
    {"V5", "blueGreen",
     "activeService and previewService must differ: leave previewService out to get ACTIVE-preview",
     preview_differs},
    {"V6", "canary", "traffic needs stableService: name the Service your route sends to",
     traffic_needs_stable},
    {"V7", "canary", "canaryService needs stableService: its ports are copied from there",
     canary_needs_stable},
    {"V8", "canary",
     "canaryService must differ from stableService: leave it out to get STABLE-canary",
     canary_differs},
    {"V9", "canary",
     "weights must not go down: put the steps in ascending order; to go back use abort", ascending},
    {"V10", "canary",
     "without traffic a step has weight or replicas, not both: the share of pods is the share of "
     "traffic; add traffic to set them apart",
     one_measure},
    {"V12", "step", "deadline belongs to approve: add approve: true, or set the deadline on a gate",
     deadline_of_approve},
    {"V13", "spec",
     "a step names a gate that is not in spec.gates: add the gate or correct the name",
     gates_exist},
    {"V14", "spec",
     "a gate named by a step runs in that step: remove its during, or the name from the step",
     one_place},
    {"V15", "traffic", "set exactly one router per entry: use one list entry for each route", NULL},
    {"V17", "gate", "a gate is of exactly one kind: set one of metric, probe, approval", NULL},
    {"V18", "gate", "an approval cannot be a dry run: remove the gate instead", no_dry_approval},
    {"V20", "metric", "metric asks exactly one provider: set prometheus", NULL},
    {"V21", "metric", "metric needs a threshold: set min, max or both", has_threshold},
    {"V22", "metric", "min must not be above max: swap them", min_below_max},
    {"V26", "probe", "probe asks in exactly one way: set one of http, tcp, grpc", NULL},
    {"V27", "action", "Approve and Skip need the step they are meant for: copy status.flight.step",
     verb_needs_step},
    {"V39", "manifest",
     "paused and action are commands of people: leave them out of files that are applied from Git",
     not_from_git},
    {"V41", "canary",
     "without traffic at most 50 % reach the new pods before the switch: add traffic for weight",
     at_most_half},
};

void rules_run(struct checker *c, const char *place, const cJSON *o)
{
    for (size_t i = 0; i < COUNT(rules); i++) {
        if (rules[i].check && str_equal(rules[i].place, place))
            rules[i].check(c, &rules[i], o);
    }
}

const char *validate_rule_message(const char *rule)
{
    for (size_t i = 0; i < COUNT(rules); i++) {
        if (rule && str_equal(rules[i].id, rule))
            return rules[i].message;
    }
    return NULL;
}

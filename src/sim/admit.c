/* SPDX-License-Identifier: Apache-2.0 */
/* admit.c - the two policies of api.md section 8, as the API server applies them to users. */
#include "sluice/json/jfmt.h"
#include "sluice/sim/sim.h"

#include <string.h>

static void merge(cJSON *doc, const char *text)
{
    struct err e = {0};
    cJSON *patch = json_parse(text, strlen(text), &e);

    assert(patch);
    json_edit_merge(doc, patch);
    json_release(&patch);
}

static const char *dead_man_of(const cJSON *doc)
{
    return json_str(json_key(json_at(doc, "metadata.annotations"), ANNOTATION_DEAD_MAN), "");
}

static const char *label_of(const cJSON *doc, const char *key)
{
    return json_str(json_key(json_at(doc, "metadata.labels"), key), "");
}

static void brake(const cJSON *rollout, const cJSON *old, cJSON *now)
{
    const int64_t stable = json_i64(rollout, "status.stable.deploymentRevision", 0);
    const char *dead_man = dead_man_of(old);
    const bool braked = json_bool(old, "spec.paused", false) && dead_man;
    const bool changed = !json_same(json_at(old, "spec.template"), json_at(now, "spec.template"));
    const bool loosened =
        braked && (!json_bool(now, "spec.paused", false) || !str_equal(dead_man_of(now), dead_man));
    struct arena a;

    if (!stable ||
        !str_equal(json_str(rollout, "spec.targetRef.name"), json_str(now, "metadata.name")) ||
        !(changed || loosened))
        return;
    arena_init(&a);
    merge(now, json_fmt(&a, "{'metadata':{'annotations':{%q:%q}},'spec':{'paused':true}}",
                        ANNOTATION_DEAD_MAN,
                        braked ? dead_man : arena_printf(&a, "%lld", (long long)stable)));
    arena_release(&a);
}

static void pin(const cJSON *rollout, const cJSON *old, cJSON *now)
{
    struct arena a;

    JSON_EACH(entry, json_at(rollout, "status.pins")) {
        const char *revision = old ? label_of(old, LABEL_PIN) : NULL;

        if (!str_equal(json_str(entry, "service"), json_str(now, "metadata.name")))
            continue;
        if (!revision)
            revision = json_str(entry, "revision");
        arena_init(&a);
        merge(now, json_fmt(&a, "{'metadata':{'labels':{%q:%q}},'spec':{'selector':{%q:%q}}}",
                            LABEL_PIN, revision, LABEL_REVISION, revision));
        arena_release(&a);
    }
}

void sim_admit(const struct sim *s, enum sim_kind kind, const cJSON *old, cJSON *now)
{
    if (s->opt.no_policies)
        return;
    for (const struct sim_object *o = s->objects; o; o = o->next) {
        if (o->kind != SIM_ROLLOUT)
            continue;
        if (kind == SIM_DEPLOYMENT && old)
            brake(o->doc, old, now);
        if (kind == SIM_SERVICE)
            pin(o->doc, old, now);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* admit.c - what the API server fills in, what it refuses, and what Sluice's two policies do. */
#include "calls.h"
#include "sluice/model/validate.h"

#include <stdlib.h>

/* ---- defaults -------------------------------------------------------------------------------- */

/* `text` under what is there. */
static void fill_in(cJSON *doc, const char *text)
{
    cJSON *under = doc_parse(text), *copy = json_copy(doc);
    auto_free char *spec = NULL;
    const cJSON *filled;
    struct arena a;

    json_edit_merge(under, copy);
    json_release(&copy);
    filled = json_key(under, "spec");
    spec = filled ? json_print(filled) : NULL;
    arena_init(&a);
    if (spec)
        doc_merge(doc, json_fmt(&a, "{'spec':%r}", spec));
    arena_release(&a);
    json_release(&under);
}

static void default_deployment(struct call *c, cJSON *doc)
{
    (void)c;
    fill_in(doc, "{\"spec\":{\"replicas\":1,\"revisionHistoryLimit\":10,"
                 "\"progressDeadlineSeconds\":600,\"strategy\":{\"type\":\"RollingUpdate\"}}}");
    if (str_equal(json_str(doc, "spec.strategy.type"), "RollingUpdate"))
        fill_in(doc, "{\"spec\":{\"strategy\":{\"rollingUpdate\":{\"maxSurge\":\"25%\","
                     "\"maxUnavailable\":\"25%\"}}}}");
}

static void default_service(struct call *c, cJSON *doc)
{
    const int64_t n = ++c->v->uid;

    fill_in(doc, "{\"spec\":{\"type\":\"ClusterIP\",\"sessionAffinity\":\"None\"}}");
    if (!json_str(doc, "spec.clusterIP"))
        fill_in(doc, json_fmt(c->a, "{'spec':{'clusterIP':'198.18.%d.%d'}}",
                              (int)(192 + n / 250 % 60), (int)(n % 250 + 1)));
}

static void default_definition(struct call *c, cJSON *doc)
{
    (void)c;
    doc_merge(doc, "{\"status\":{\"conditions\":[{\"type\":\"NamesAccepted\",\"status\":\"True\"},"
                   "{\"type\":\"Established\",\"status\":\"True\"}]}}");
}

static void default_namespace(struct call *c, cJSON *doc)
{
    doc_merge(doc, json_fmt(c->a,
                            "{'metadata':{'labels':{'kubernetes.io/metadata.name':%q}},"
                            "'status':{'phase':'Active'}}",
                            c->name));
}

/* ---- what is refused ------------------------------------------------------------------------- */

static bool invalid(struct call *c, const char *field, const char *why)
{
    return call_invalid(c, arena_printf(c->a, "%s: %s", field, why),
                        json_fmt(c->a, "{'field':%q,'message':%q}", field, why));
}

static bool check_deployment(struct call *c, const cJSON *old, const cJSON *next)
{
    const cJSON *labels = json_at(next, "spec.template.metadata.labels");
    const cJSON *wanted = json_at(next, "spec.selector.matchLabels");

    if (!json_at(next, "spec.selector"))
        return invalid(c, "spec.selector", "Required value");
    if (json_count(json_at(next, "spec.template.spec.containers")) == 0)
        return invalid(c, "spec.template.spec.containers", "Required value");
    if (old && !json_same(json_at(old, "spec.selector"), json_at(next, "spec.selector")))
        return invalid(c, "spec.selector", "field is immutable");
    JSON_EACH(want, wanted) {
        if (!str_equal(json_str(json_key(labels, want->string), ""), json_str(want, "")))
            return invalid(c, "spec.template.metadata.labels",
                           "`selector` does not match template `labels`");
    }
    return true;
}

static bool check_rollout(struct call *c, const cJSON *old, const cJSON *next)
{
    const struct finding *findings = NULL;
    const cJSON *spec = json_key(next, "spec"), *before = old ? json_key(old, "spec") : NULL;
    const size_t count = before ? validate_change(c->a, before, spec, &findings)
                                : validate_spec(c->a, spec, &findings);
    const char *all = "", *causes = "";

    for (size_t i = 0; i < count; i++) {
        const struct finding *f = &findings[i];

        if (f->warning)
            continue;
        causes = json_fmt(c->a, "%r%r{'field':%q,'message':%q}", causes, *all ? "," : "", f->path,
                          f->message);
        all = arena_printf(c->a, "%s%s%s: %s", all, *all ? "; " : "", f->path, f->message);
    }
    return !*all || call_invalid(c, all, causes);
}

/* ---- kinds ----------------------------------------------------------------------------------- */

static const struct admission {
    const char *kind;
    void (*fill)(struct call *c, cJSON *doc);
    bool (*check)(struct call *c, const cJSON *old, const cJSON *next);
} admissions[] = {
    {"Deployment", default_deployment, check_deployment},
    {"Service", default_service, NULL},
    {"CustomResourceDefinition", default_definition, NULL},
    {"Namespace", default_namespace, NULL},
    {"Rollout", NULL, check_rollout},
};

/* The operator is exempt, but not when it only asks what would become of a change. */
static void by_policies(struct call *c, const cJSON *old, cJSON *next)
{
    struct realm *r;

    if (c->kind->sim == NOT_SIMULATED || (c->operator&& !c->dry_run))
        return;
    r = realm_of(c->v, c->ns);
    realm_enter(r);
    sim_admit(&r->s, (enum sim_kind)c->kind->sim, old, next);
    realm_leave(r);
}

bool admit_write(struct call *c, const cJSON *old, cJSON *next)
{
    if (str_equal(c->sub, "status"))
        return true;
    for (size_t i = 0; i < COUNT(admissions); i++) {
        const struct admission *a = &admissions[i];

        if (!str_equal(a->kind, c->kind->kind))
            continue;
        if (a->fill)
            a->fill(c, next);
        if (a->check && !a->check(c, old, next))
            return false;
    }
    by_policies(c, old, next);
    return true;
}

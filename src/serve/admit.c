/* SPDX-License-Identifier: Apache-2.0 */
/* admit.c - what the API server fills in, what it refuses, and what Sluice's two policies do. */
#include "calls.h"
#include "sluice/model/validate.h"

#include <stdlib.h>
#include <string.h>

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

/* What is tagged stays; what is not, or "latest", is pulled every time. */
static void pull_policies(cJSON *doc)
{
    cJSON *c = (cJSON *)(uintptr_t)json_at(doc, "spec.template.spec.containers");

    for (c = c ? c->child : NULL; c; c = c->next) {
        const char *image = json_str(c, "image"), *tag = image ? strrchr(image, ':') : NULL;
        const bool always = !tag || strchr(tag, '/') || str_equal(tag, ":latest");

        if (image && !json_str(c, "imagePullPolicy"))
            doc_merge(c, always ? "{\"imagePullPolicy\":\"Always\"}"
                                : "{\"imagePullPolicy\":\"IfNotPresent\"}");
    }
}

static void default_deployment(struct call *c, cJSON *doc)
{
    (void)c;
    pull_policies(doc);
    if (str_equal(json_str(doc, "spec.strategy.type"), "RollingUpdate"))
        fill_in(doc, "{\"spec\":{\"strategy\":{\"rollingUpdate\":{\"maxSurge\":\"25%\","
                     "\"maxUnavailable\":\"25%\"}}}}");
}

static void default_service(struct call *c, cJSON *doc)
{
    cJSON *ports = (cJSON *)(uintptr_t)json_at(doc, "spec.ports");
    const int64_t n = ++c->v->uid;

    for (cJSON *port = ports ? ports->child : NULL; port; port = port->next) {
        if (!json_key(port, "targetPort"))
            doc_merge(port, json_fmt(c->a, "{'targetPort':%l}", json_i64(port, "port", 0)));
    }
    if (!json_str(doc, "spec.clusterIP"))
        fill_in(doc, json_fmt(c->a, "{'spec':{'clusterIP':'198.18.%d.%d'}}",
                              (int)(192 + n / 250 % 60), (int)(n % 250 + 1)));
    if (!json_at(doc, "spec.clusterIPs"))
        doc_merge(doc,
                  json_fmt(c->a, "{'spec':{'clusterIPs':[%q]}}", json_str(doc, "spec.clusterIP")));
    if (str_equal(json_str(doc, "spec.sessionAffinity"), "None"))
        doc_merge(doc, "{\"spec\":{\"sessionAffinityConfig\":null}}");
    if (str_equal(json_str(doc, "spec.sessionAffinity"), "ClientIP"))
        fill_in(doc,
                "{\"spec\":{\"sessionAffinityConfig\":{\"clientIP\":{\"timeoutSeconds\":10800}}}}");
}

static void default_replicaset(struct call *c, cJSON *doc)
{
    (void)c;
    pull_policies(doc);
}

static void default_slice(struct call *c, cJSON *doc)
{
    (void)c;
    if (!json_member(doc, "ports"))
        json_add(doc, "ports", NULL);
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

static bool check_selector(struct call *c, const cJSON *old, const cJSON *next)
{
    const cJSON *labels = json_at(next, "spec.template.metadata.labels");
    const cJSON *wanted = json_at(next, "spec.selector.matchLabels");

    if (!json_at(next, "spec.selector"))
        return invalid(c, "spec.selector", "Required value");
    if (old && !json_same(json_at(old, "spec.selector"), json_at(next, "spec.selector")))
        return invalid(c, "spec.selector", "field is immutable");
    JSON_EACH(want, wanted) {
        if (!str_equal(json_str(json_key(labels, want->string), ""), json_str(want, "")))
            return invalid(c, "spec.template.metadata.labels",
                           "`selector` does not match template `labels`");
    }
    return true;
}

static bool check_counts(struct call *c, const cJSON *next)
{
    static const char *const paths[] = {"spec.replicas", "spec.minReadySeconds",
                                        "spec.revisionHistoryLimit"};

    for (size_t i = 0; i < COUNT(paths); i++) {
        if (json_i64(next, paths[i], 0) < 0)
            return invalid(c, paths[i], "must be greater than or equal to 0");
    }
    return true;
}

static bool check_replicaset(struct call *c, const cJSON *old, const cJSON *next)
{
    if (json_count(json_at(next, "spec.template.spec.containers")) == 0)
        return invalid(c, "spec.template.spec.containers", "Required value");
    return check_selector(c, old, next) && check_counts(c, next);
}

static bool is_zero(const cJSON *value)
{
    return json_is_number(value) ? json_is_empty(value) : str_equal(json_str(value, ""), "0%");
}

static bool check_deployment(struct call *c, const cJSON *old, const cJSON *next)
{
    const cJSON *roll = json_at(next, "spec.strategy.rollingUpdate");

    if (!check_replicaset(c, old, next))
        return false;
    if (str_equal(json_str(next, "spec.strategy.type"), "Recreate") && roll)
        return invalid(c, "spec.strategy.rollingUpdate",
                       "may not be specified when strategy "
                       "`type` is 'Recreate'");
    if (roll && is_zero(json_key(roll, "maxSurge")) && is_zero(json_key(roll, "maxUnavailable")))
        return invalid(c, "spec.strategy.rollingUpdate.maxUnavailable",
                       "may not be 0 when `maxSurge` is 0");
    if (json_i64(next, "spec.progressDeadlineSeconds", 600) <=
        json_i64(next, "spec.minReadySeconds", 0))
        return invalid(c, "spec.progressDeadlineSeconds", "must be greater than minReadySeconds");
    return true;
}

static bool check_service(struct call *c, const cJSON *old, const cJSON *next)
{
    const char *affinity = json_str(next, "spec.sessionAffinity");
    const char *was = old ? json_str(old, "spec.clusterIP") : NULL;

    JSON_EACH(port, json_at(next, "spec.ports")) {
        for (const cJSON *other = port->next; other; other = other->next) {
            if (str_equal(json_str(port, "name"), json_str(other, "name")))
                return invalid(c, "spec.ports[1].name", "Duplicate value");
        }
    }
    if (json_count(json_at(next, "spec.ports")) == 0 &&
        !str_equal(json_str(next, "spec.clusterIP"), "None"))
        return invalid(c, "spec.ports", "Required value");
    if (!str_equal(affinity, "None") && !str_equal(affinity, "ClientIP"))
        return invalid(c, "spec.sessionAffinity", "Unsupported value");
    if (was && !str_equal(was, json_str(next, "spec.clusterIP")))
        return invalid(c, "spec.clusterIPs[0]", "may not change once set");
    return true;
}

static bool check_event(struct call *c, const cJSON *old, const cJSON *next)
{
    static const char *const needed[] = {
        "eventTime", "reportingController", "reportingInstance", "action", "reason", "type"};
    static const char *const fixed[] = {"eventTime",
                                        "reportingController",
                                        "reportingInstance",
                                        "action",
                                        "reason",
                                        "type",
                                        "note",
                                        "regarding",
                                        "related"};

    for (size_t i = 0; i < COUNT(needed); i++) {
        if (str_empty(json_str(next, needed[i])))
            return invalid(c, needed[i], "Required value");
    }
    for (size_t i = 0; old && i < COUNT(fixed); i++) {
        const cJSON *was = json_key(old, fixed[i]), *is = json_key(next, fixed[i]);

        if (was != is && !json_same(was, is))
            return invalid(c, fixed[i], "field is immutable");
    }
    if (!json_key(next, "regarding"))
        return invalid(c, "regarding.namespace", "does not match event.namespace");
    return !json_key(next, "series") || json_i64(next, "series.count", 0) >= 2 ||
           invalid(c, "series.count", "should be at least 2");
}

static bool check_lease(struct call *c, const cJSON *old, const cJSON *next)
{
    (void)old;
    if (json_i64(next, "spec.leaseDurationSeconds", 1) <= 0)
        return invalid(c, "spec.leaseDurationSeconds", "must be greater than 0");
    return json_i64(next, "spec.leaseTransitions", 0) >= 0 ||
           invalid(c, "spec.leaseTransitions", "must be greater than or equal to 0");
}

static bool check_configmap(struct call *c, const cJSON *old, const cJSON *next)
{
    const bool fixed = old && json_bool(old, "immutable", false);
    const cJSON *was = old ? json_key(old, "data") : NULL, *is = json_key(next, "data");

    if (fixed && (!json_bool(next, "immutable", false) || (was != is && !json_same(was, is))))
        return invalid(c, "data", "field is immutable when `immutable` is set");
    JSON_EACH(item, json_key(next, "data")) {
        if (strspn(item->string, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                 "-._") != strlen(item->string))
            return invalid(c, "data", "a key has other characters than letters, digits, - . _");
    }
    return true;
}

static bool check_revision(struct call *c, const cJSON *old, const cJSON *next)
{
    if (json_i64(next, "revision", 0) < 0)
        return invalid(c, "revision", "must be greater than or equal to 0");
    if (!json_key(next, "data"))
        return invalid(c, "data", "Required value");
    return !old || json_same(json_key(old, "data"), json_key(next, "data")) ||
           invalid(c, "data", "field is immutable");
}

static bool check_slice(struct call *c, const cJSON *old, const cJSON *next)
{
    const char *type = json_str(next, "addressType");

    if (str_empty(type))
        return invalid(c, "addressType", "Required value");
    if (old && json_str(old, "addressType") && !str_equal(type, json_str(old, "addressType")))
        return invalid(c, "addressType", "field is immutable");
    JSON_EACH(end, json_key(next, "endpoints")) {
        if (json_count(json_key(end, "addresses")) == 0)
            return invalid(c, "endpoints[0].addresses", "Required value");
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
    {"ReplicaSet", default_replicaset, check_replicaset},
    {"Service", default_service, check_service},
    {"Event", NULL, check_event},
    {"Lease", NULL, check_lease},
    {"ConfigMap", NULL, check_configmap},
    {"ControllerRevision", NULL, check_revision},
    {"EndpointSlice", default_slice, check_slice},
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

static bool check_status(struct call *c, const cJSON *next)
{
    static const char *const counts[] = {
        "status.replicas",           "status.updatedReplicas",     "status.readyReplicas",
        "status.availableReplicas",  "status.unavailableReplicas", "status.fullyLabeledReplicas",
        "status.observedGeneration",
    };
    const int64_t all = json_i64(next, "status.replicas", 0);

    if (c->kind->sim == SIM_SERVICE &&
        json_count(json_at(next, "status.loadBalancer.ingress")) > 0 &&
        !str_equal(json_str(next, "spec.type"), "LoadBalancer"))
        return invalid(c, "status.loadBalancer.ingress",
                       "may only be used when `spec.type` is "
                       "\"LoadBalancer\"");
    if (c->kind->sim != SIM_DEPLOYMENT && c->kind->sim != SIM_REPLICASET)
        return true;
    for (size_t i = 0; i < COUNT(counts); i++) {
        const int64_t n = json_i64(next, counts[i], 0);

        if (n < 0 || (n > all && i > 0 && i < 4))
            return invalid(c, counts[i],
                           n < 0 ? "must be greater than or equal to 0"
                                 : "cannot be greater than status.replicas");
    }
    return true;
}

/* Who is on the way out takes no new finalizers. */
static bool finalizers_fit(struct call *c, const cJSON *old, const cJSON *next)
{
    const cJSON *had = json_at(old, "metadata.finalizers");

    if (!old || !json_str(old, "metadata.deletionTimestamp"))
        return true;
    JSON_EACH(finalizer, json_at(next, "metadata.finalizers")) {
        bool known = false;

        JSON_EACH(was, had)
            known |= json_same(was, finalizer);
        if (!known)
            return invalid(c, "metadata.finalizers",
                           "no new finalizers can be added if the object is being deleted");
    }
    return true;
}

bool admit_write(struct call *c, const cJSON *old, cJSON *next)
{
    schema_settle(c, next);
    if (str_equal(c->sub, "status"))
        return check_status(c, next);
    if (!shape_settle(c, next) || !meta_valid(c, next) || !finalizers_fit(c, old, next))
        return false;
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

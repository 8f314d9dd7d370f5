/* SPDX-License-Identifier: Apache-2.0 */
#include "read.h"

#include <string.h>

/* ---- what the checks of attaching ask of the template ---------------------------------------- */

/* With hostNetwork the API server fills in hostPort itself. */
static const char *first_host_port(struct arena *a, const cJSON *containers)
{
    JSON_EACH(c, containers) {
        JSON_EACH(p, json_key(c, "ports")) {
            const int32_t port = read_i32(p, "hostPort", 0);

            if (port > 0)
                return arena_printf(a, "%d", (int)port);
        }
    }
    return NULL;
}

/* A term with the hash among its matchLabelKeys keeps apart only pods of one revision. */
static bool per_revision(const cJSON *term)
{
    JSON_EACH(key, json_key(term, "matchLabelKeys")) {
        if (str_equal(json_str(key, ""), LABEL_REVISION))
            return true;
    }
    return false;
}

static bool own_namespace(const cJSON *term, const char *ns)
{
    const cJSON *namespaces = json_key(term, "namespaces");

    if (!json_count(namespaces))
        return true;
    JSON_EACH(item, namespaces) {
        if (str_equal(json_str(item, ""), ns))
            return true;
    }
    return false;
}

static bool anti_affine_to_self(const cJSON *pod_spec, const struct deployment *d)
{
    const cJSON *terms = json_at(
        pod_spec, "affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution");

    JSON_EACH(term, terms) {
        if (!per_revision(term) && own_namespace(term, d->meta.ns) &&
            label_selector_matches(json_key(term, "labelSelector"), d->template_labels,
                                   d->template_label_count))
            return true;
    }
    return false;
}

static bool any_pre_stop(const cJSON *containers)
{
    JSON_EACH(c, containers) {
        if (json_at(c, "lifecycle.preStop"))
            return true;
    }
    return false;
}

static const char *first_claim(struct arena *a, const cJSON *pod_spec)
{
    JSON_EACH(v, json_key(pod_spec, "volumes")) {
        const char *claim = json_str(v, "persistentVolumeClaim.claimName");

        if (claim)
            return arena_strdup(a, claim);
    }
    return NULL;
}

static void read_template(struct arena *a, const cJSON *tmpl, struct deployment *d)
{
    const cJSON *pod = json_key(tmpl, "spec"), *containers = json_key(pod, "containers");

    d->template_labels = read_pairs(a, json_at(tmpl, "metadata.labels"), &d->template_label_count);
    d->host_port = first_host_port(a, containers);
    if (!d->host_port)
        d->host_port = first_host_port(a, json_key(pod, "initContainers"));
    d->anti_affinity_self = anti_affine_to_self(pod, d);
    d->has_pre_stop = any_pre_stop(containers);
    d->first_claim = first_claim(a, pod);
    d->image = containers ? read_str(a, containers->child, "image") : NULL;
    d->ports = read_container_ports(a, pod, &d->port_count);
}

/* ---- spec and status ------------------------------------------------------------------------- */

static const char *count_or(struct arena *a, const cJSON *o, const char *path, const char *dflt)
{
    const char *text = json_int_or_str(a, o, path);

    return arena_strdup(a, text ? text : dflt);
}

static void read_spec(struct arena *a, const cJSON *spec, struct deployment *d)
{
    const char *type = json_str(spec, "strategy.type");

    d->replicas = read_count(spec, "replicas", 1);
    d->paused = json_bool(spec, "paused", false);
    d->rolling_update = !type || str_equal(type, "RollingUpdate");
    d->max_surge = count_or(a, spec, "strategy.rollingUpdate.maxSurge", "25%");
    d->max_unavailable = count_or(a, spec, "strategy.rollingUpdate.maxUnavailable", "25%");
    d->min_ready_seconds = read_i32(spec, "minReadySeconds", 0);
    d->history_limit = read_i32(spec, "revisionHistoryLimit", 10);
    read_selector(a, json_key(spec, "selector"), &d->selector);
    read_template(a, json_key(spec, "template"), d);
}

static void read_status(struct arena *a, const cJSON *status, struct deployment *d)
{
    const cJSON *progressing = find_condition(json_key(status, "conditions"), "Progressing");

    d->observed_generation = json_i64(status, "observedGeneration", 0);
    d->st_replicas = read_count(status, "replicas", 0);
    d->st_updated = read_count(status, "updatedReplicas", 0);
    d->st_ready = read_count(status, "readyReplicas", 0);
    d->st_available = read_count(status, "availableReplicas", 0);
    d->progressing_reason = progressing ? read_str(a, progressing, "reason") : NULL;
    d->progressing_status = progressing ? read_str(a, progressing, "status") : NULL;
    if (!d->progressing_reason)
        d->progressing_reason = "";
    if (!d->progressing_status)
        d->progressing_status = "";
}

static const char *raw_text(struct arena *a, struct jslice raw)
{
    return raw_is_there(raw) ? arena_strndup(a, raw.p, raw.len) : NULL;
}

/* One walk over the spec for all of them. */
static void read_raw_parts(struct arena *a, const char *raw, size_t len, struct deployment *d)
{
    static const char *const keys[] = {"selector", "template"};
    const struct pod_template *t;
    struct jslice found[COUNT(keys)];

    json_members(json_begin((struct jslice){raw, len}, "spec"), keys, COUNT(keys), found);
    d->selector_raw = raw_text(a, found[0]);
    t = template_intern(a, found[1]);
    d->template_raw = t->raw;
    d->digest = t->digest;
}

struct deployment *deployment_read(struct arena *a, const cJSON *o, const char *raw, size_t len)
{
    struct deployment *d = ARENA_NEW(a, struct deployment);

    meta_read(a, o, &d->meta);
    d->dead_man = arena_strdup(a, annotation(o, ANNOTATION_DEAD_MAN));
    d->revision = annotation_i64(o, ANNOTATION_REVISION, 0);
    read_spec(a, json_key(o, "spec"), d);
    read_status(a, json_key(o, "status"), d);
    read_raw_parts(a, raw, len, d);
    return d;
}

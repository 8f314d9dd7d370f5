/* SPDX-License-Identifier: Apache-2.0 */
#include "read.h"

#include <string.h>

static void read_owners(struct arena *a, const cJSON *refs, struct replicaset *rs)
{
    JSON_EACH(ref, refs) {
        const char *uid = read_str(a, ref, "uid");

        if (!rs->first_owner_uid)
            rs->first_owner_uid = uid;
        if (!rs->deployment_uid && str_equal(json_str(ref, "kind"), "Deployment"))
            rs->deployment_uid = uid;
        if (json_bool(ref, "controller", false)) {
            rs->controller_uid = uid;
            rs->controller_kind = read_str(a, ref, "kind");
            rs->controller_name = read_str(a, ref, "name");
        }
    }
}

static void read_spec(struct arena *a, const cJSON *spec, struct replicaset *rs)
{
    const cJSON *containers = json_at(spec, "template.spec.containers");

    rs->revision = read_key(a, spec, "selector.matchLabels", LABEL_REVISION);
    rs->replicas = read_count(spec, "replicas", 1);
    rs->min_ready_seconds = read_i32(spec, "minReadySeconds", 0);
    rs->template_labels =
        read_pairs(a, json_at(spec, "template.metadata.labels"), &rs->template_label_count);
    rs->image = containers ? read_str(a, containers->child, "image") : NULL;
}

static void read_status(struct arena *a, const cJSON *status, struct replicaset *rs)
{
    const cJSON *conditions = json_key(status, "conditions");

    rs->observed_generation = json_i64(status, "observedGeneration", 0);
    rs->st_replicas = read_count(status, "replicas", 0);
    rs->st_ready = read_count(status, "readyReplicas", 0);
    rs->st_available = read_count(status, "availableReplicas", 0);
    if (condition_true(conditions, "ReplicaFailure"))
        rs->failure = read_str(a, find_condition(conditions, "ReplicaFailure"), "message");
}

static int32_t annotation_i32(const cJSON *o, const char *key)
{
    return (int32_t)clamp_i64(annotation_i64(o, key, -1), -1, INT32_MAX);
}

/* Its Deployment's own bytes where nothing changed since: without the label that it was given. */
static void read_template(struct arena *a, struct jslice tmpl, struct replicaset *rs)
{
    auto_strbuf struct strbuf plain = {.max = SIZE_MAX / 2};
    const struct pod_template *t;

    if (json_cut(&plain, tmpl, "metadata.labels", LABEL_REVISION))
        tmpl = (struct jslice){plain.p, plain.len};
    t = template_intern(a, tmpl);
    rs->template_raw = t->raw;
    rs->digest = t->digest;
}

struct replicaset *replicaset_read(struct arena *a, const cJSON *o, const char *raw, size_t len)
{
    struct replicaset *rs = ARENA_NEW(a, struct replicaset);
    static const char *const key = "template";
    struct jslice tmpl;

    meta_read(a, o, &rs->meta);
    json_members(json_begin((struct jslice){raw, len}, "spec"), &key, 1, &tmpl);
    read_template(a, tmpl, rs);
    rs->of = arena_strdup(a, meta_label(&rs->meta, LABEL_OF));
    rs->deployment_revision = annotation_i64(o, ANNOTATION_REVISION, 0);
    rs->desired_annotation = annotation_i32(o, ANNOTATION_DESIRED);
    rs->max_annotation = annotation_i32(o, ANNOTATION_MAX);
    read_owners(a, json_at(o, "metadata.ownerReferences"), rs);
    read_spec(a, json_key(o, "spec"), rs);
    read_status(a, json_key(o, "status"), rs);
    return rs;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* table.c - objects as the rows that kubectl get shows. */
#include "parts.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 16

struct column {
    const char *kind, *name, *path; /* path: what the cell says, "" when cell() tells */
    int wide;                       /* only with -o wide */
    char *(*cell)(const struct serve *v, struct arena *a, const cJSON *doc, const char *path);
};

/* ---- cells ----------------------------------------------------------------------------------- */

static char *ago(const struct serve *v, struct arena *a, const char *at)
{
    const int64_t s = max_i64((v->now_ms - time_parse(at)) / SECOND_MS, 0), m = s / 60, h = m / 60;

    if (!time_parse(at))
        return arena_strdup(a, "<unknown>");
    if (s < 120)
        return arena_printf(a, "%llds", (long long)s);
    if (m < 10)
        return arena_printf(a, "%lldm%llds", (long long)m, (long long)(s % 60));
    if (h < 3)
        return arena_printf(a, "%lldm", (long long)m);
    if (h < 48)
        return arena_printf(a, "%lldh", (long long)h);
    return arena_printf(a, "%lldd", (long long)(h / 24));
}

static char *cell_age(const struct serve *v, struct arena *a, const cJSON *doc, const char *path)
{
    return ago(v, a, json_str(doc, path));
}

static char *cell_text(const struct serve *v, struct arena *a, const cJSON *doc, const char *path)
{
    const char *text = json_int_or_str(a, doc, path);

    (void)v;
    return arena_strdup(a, text ? text : "");
}

static char *cell_count(const struct serve *v, struct arena *a, const cJSON *doc, const char *path)
{
    (void)v;
    return arena_printf(a, "%lld", (long long)json_i64(doc, path, 0));
}

static char *cell_ready(const struct serve *v, struct arena *a, const cJSON *doc, const char *path)
{
    (void)v;
    (void)path;
    return arena_printf(a, "%lld/%lld", (long long)json_i64(doc, "status.readyReplicas", 0),
                        (long long)json_i64(doc, "spec.replicas", 0));
}

static char *cell_pod_ready(const struct serve *v, struct arena *a, const cJSON *doc,
                            const char *path)
{
    const cJSON *all = json_at(doc, "status.containerStatuses");
    int ready = 0;

    (void)v;
    (void)path;
    JSON_EACH(c, all)
        ready += json_bool(c, "ready", false);
    return arena_printf(a, "%d/%zu", ready, json_count(all));
}

static char *cell_pod_status(const struct serve *v, struct arena *a, const cJSON *doc,
                             const char *path)
{
    if (json_str(doc, "metadata.deletionTimestamp"))
        return arena_strdup(a, "Terminating");
    return cell_text(v, a, doc, path);
}

static char *cell_ports(const struct serve *v, struct arena *a, const cJSON *doc, const char *path)
{
    char *out = arena_strdup(a, "");

    (void)v;
    JSON_EACH(port, json_at(doc, path))
        out = arena_printf(a, "%s%s%lld/TCP", out, *out ? "," : "",
                           (long long)json_i64(port, "port", 0));
    return out;
}

static char *cell_images(const struct serve *v, struct arena *a, const cJSON *doc, const char *path)
{
    char *out = arena_strdup(a, "");

    (void)v;
    JSON_EACH(c, json_at(doc, path))
        out = arena_printf(a, "%s%s%s", out, *out ? "," : "", json_str(c, "image"));
    return out;
}

static char *cell_endpoints(const struct serve *v, struct arena *a, const cJSON *doc,
                            const char *path)
{
    char *out = arena_strdup(a, "");

    (void)v;
    JSON_EACH(e, json_at(doc, path)) {
        const cJSON *first = json_key(e, "addresses")->child;

        out = arena_printf(a, "%s%s%s", out, *out ? "," : "", json_str(first, ""));
    }
    return *out ? out : arena_strdup(a, "<unset>");
}

static char *cell_object(const struct serve *v, struct arena *a, const cJSON *doc, const char *path)
{
    (void)v;
    (void)path;
    return arena_printf(a, "%s/%s", json_str(doc, "regarding.kind"),
                        json_str(doc, "regarding.name"));
}

static const struct column columns[] = {
    {"Deployment", "Ready", "", 0, cell_ready},
    {"Deployment", "Up-to-date", "status.updatedReplicas", 0, cell_count},
    {"Deployment", "Available", "status.availableReplicas", 0, cell_count},
    {"Deployment", "Age", "metadata.creationTimestamp", 0, cell_age},
    {"Deployment", "Images", "spec.template.spec.containers", 1, cell_images},
    {"ReplicaSet", "Desired", "spec.replicas", 0, cell_count},
    {"ReplicaSet", "Current", "status.replicas", 0, cell_count},
    {"ReplicaSet", "Ready", "status.readyReplicas", 0, cell_count},
    {"ReplicaSet", "Age", "metadata.creationTimestamp", 0, cell_age},
    {"ReplicaSet", "Images", "spec.template.spec.containers", 1, cell_images},
    {"Pod", "Ready", "", 0, cell_pod_ready},
    {"Pod", "Status", "status.phase", 0, cell_pod_status},
    {"Pod", "Age", "metadata.creationTimestamp", 0, cell_age},
    {"Pod", "IP", "status.podIP", 1, cell_text},
    {"Pod", "Images", "spec.containers", 1, cell_images},
    {"Service", "Type", "spec.type", 0, cell_text},
    {"Service", "Cluster-IP", "spec.clusterIP", 0, cell_text},
    {"Service", "Port(s)", "spec.ports", 0, cell_ports},
    {"Service", "Age", "metadata.creationTimestamp", 0, cell_age},
    {"Namespace", "Status", "status.phase", 0, cell_text},
    {"Namespace", "Age", "metadata.creationTimestamp", 0, cell_age},
    {"EndpointSlice", "Endpoints", "endpoints", 0, cell_endpoints},
    {"EndpointSlice", "Age", "metadata.creationTimestamp", 0, cell_age},
    {"Lease", "Holder", "spec.holderIdentity", 0, cell_text},
    {"Lease", "Age", "metadata.creationTimestamp", 0, cell_age},
    {"Event", "Last Seen", "eventTime", 0, cell_age},
    {"Event", "Type", "type", 0, cell_text},
    {"Event", "Reason", "reason", 0, cell_text},
    {"Event", "Object", "", 0, cell_object},
    {"Event", "Message", "note", 0, cell_text},
};
static const struct column age = {"", "Age", "metadata.creationTimestamp", 0, cell_age};

/* ---- which columns --------------------------------------------------------------------------- */

static size_t of_definition(struct serve *v, struct arena *a, const struct served_kind *k,
                            struct column out[static COLUMNS_MAX])
{
    const struct served_object *crd = store_find(v, kind_named("CustomResourceDefinition"), "",
                                                 arena_printf(a, "%s.%s", k->plural, k->group));
    const cJSON *versions = crd ? json_at(crd->v->doc, "spec.versions") : NULL;
    size_t n = 0;

    JSON_EACH(c, versions ? json_key(versions->child, "additionalPrinterColumns") : NULL) {
        const char *path = json_str(c, "jsonPath");

        if (n < COLUMNS_MAX && path)
            out[n++] = (struct column){
                k->kind, json_str(c, "name"), path + (*path == '.'), json_i64(c, "priority", 0) > 0,
                str_equal(json_str(c, "type"), "date") ? cell_age : cell_text};
    }
    return n;
}

static size_t columns_of(struct serve *v, struct arena *a, const struct served_kind *k,
                         struct column out[static COLUMNS_MAX])
{
    size_t n = k->flags & K_BY_CRD ? of_definition(v, a, k, out) : 0;

    for (size_t i = 0; i < COUNT(columns) && n < COLUMNS_MAX; i++) {
        if (str_equal(columns[i].kind, k->kind))
            out[n++] = columns[i];
    }
    if (n == 0)
        out[n++] = age;
    return n;
}

/* ---- the text -------------------------------------------------------------------------------- */

static char *head(struct arena *a, const struct column *cols, size_t n)
{
    char *out = json_fmt(a, "{'name':'Name','type':'string','format':'name','description':'',"
                            "'priority':0}");

    for (size_t i = 0; i < n; i++)
        out =
            json_fmt(a, "%r,{'name':%q,'type':'string','format':'','description':'','priority':%d}",
                     out, cols[i].name, cols[i].wide);
    return out;
}

static void row(struct serve *v, struct arena *a, struct strbuf *out, const struct column *cols,
                size_t n, const struct version *item)
{
    auto_free char *metadata = json_print(json_key(item->doc, "metadata"));

    json_fmt_to(out, "{'cells':[%q", json_str(item->doc, "metadata.name"));
    for (size_t i = 0; i < n; i++)
        json_fmt_to(out, ",%q", cols[i].cell(v, a, item->doc, cols[i].path));
    json_fmt_to(out,
                "],'object':{'kind':'PartialObjectMetadata','apiVersion':'meta.k8s.io/v1',"
                "'metadata':%r}}",
                metadata);
}

char *table_text(struct serve *v, struct arena *a, const struct served_kind *k,
                 struct version *const *items, size_t count, const char *list_meta, bool with_head)
{
    auto_strbuf struct strbuf out = {.max = SIZE_MAX / 4};
    struct column cols[COLUMNS_MAX];
    const size_t n = columns_of(v, a, kind_stored(k), cols);

    json_fmt_to(&out,
                "{'kind':'Table','apiVersion':'meta.k8s.io/v1','metadata':%r,"
                "'columnDefinitions':[%r],'rows':[",
                list_meta, with_head ? head(a, cols, n) : "");
    for (size_t i = 0; i < count; i++) {
        if (i)
            strbuf_addc(&out, ',');
        row(v, a, &out, cols, n, items[i]);
    }
    strbuf_adds(&out, "]}");
    return arena_strdup(a, out.p);
}

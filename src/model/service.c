/* SPDX-License-Identifier: Apache-2.0 */
/* service.c - Services and their EndpointSlices. */
#include "read.h"

static void read_ports(struct arena *a, const cJSON *list, struct service *s)
{
    struct service_port *ports = ARENA_ARRAY(a, struct service_port, json_count(list) + 1);

    s->port_count = 0;
    JSON_EACH(p, list) {
        ports[s->port_count++] = (struct service_port){
            .name = read_str(a, p, "name"),
            .port = read_i32(p, "port", 0),
            .target = arena_strdup(a, json_int_or_str(a, p, "targetPort")),
        };
    }
    s->ports = ports;
}

/* An empty selector is none: nothing fills the endpoints then. */
static void read_service_selector(struct arena *a, const cJSON *o, struct jslice raw,
                                  struct service *s)
{
    s->selector.pairs = read_pairs(a, json_at(o, "spec.selector"), &s->selector.count);
    s->selector.present = s->selector.count > 0;
    s->selector_manager = read_manager(a, raw, "f:spec.f:selector", true);
}

struct service *service_read(struct arena *a, const cJSON *o, const char *raw, size_t len)
{
    struct service *s = ARENA_NEW(a, struct service);

    meta_read(a, o, &s->meta);
    s->pin = meta_label(&s->meta, LABEL_PIN);
    s->created_for = meta_label(&s->meta, LABEL_CREATED);
    s->of = meta_label(&s->meta, LABEL_OF);
    s->ports_raw = read_raw(a, raw, len, "spec.ports");
    s->ip_families_raw = read_raw(a, raw, len, "spec.ipFamilies");
    s->ip_family_policy = read_str(a, o, "spec.ipFamilyPolicy");
    s->external_name = str_equal(json_str(o, "spec.type"), "ExternalName");
    read_ports(a, json_at(o, "spec.ports"), s);
    read_service_selector(a, o, (struct jslice){raw, len}, s);
    return s;
}

/* Absent means ready, as the EndpointSlice API has it. */
static bool endpoint_ready(const cJSON *endpoint)
{
    return json_bool(endpoint, "conditions.ready", true);
}

bool slice_is_of(const struct slice *s, const struct service *v)
{
    return v && str_equal(s->service, v->meta.name) &&
           (!s->owner_uid || str_equal(s->owner_uid, v->meta.uid));
}

struct slice *slice_read(struct arena *a, const cJSON *o)
{
    struct slice *s = ARENA_NEW(a, struct slice);
    const cJSON *owners = json_at(o, "metadata.ownerReferences");
    const cJSON *endpoints = json_key(o, "endpoints");
    const char **pods = ARENA_ARRAY(a, const char *, json_count(endpoints) + 1);

    meta_read(a, o, &s->meta);
    s->service = meta_label(&s->meta, LABEL_SLICE_SERVICE);
    s->pin = meta_label(&s->meta, LABEL_PIN);
    s->v6 = str_equal(json_str(o, "addressType"), "IPv6");
    s->owner_uid = owners && owners->child ? read_str(a, owners->child, "uid") : NULL;
    JSON_EACH(e, endpoints) {
        s->total++;
        if (!endpoint_ready(e))
            continue;
        s->ready++;
        if (str_equal(json_str(e, "targetRef.kind"), "Pod") && json_str(e, "targetRef.name"))
            pods[s->ready_pod_count++] = read_str(a, e, "targetRef.name");
    }
    s->ready_pods = pods;
    return s;
}

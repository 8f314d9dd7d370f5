/* SPDX-License-Identifier: Apache-2.0 */
/* endpoints.c - EndpointSlices that follow Services and pods some time later. */
#include "sluice/json/jfmt.h"
#include "sluice/sim/sim.h"

static const cJSON *labels_of_pod(const struct sim *s, const struct sim_pod *pod)
{
    for (const struct sim_object *o = s->objects; o; o = o->next) {
        if (o->kind == SIM_REPLICASET && str_equal(json_str(o->doc, "metadata.uid"), pod->rs_uid))
            return json_at(o->doc, "spec.template.metadata.labels");
    }
    return NULL;
}

/* All pods of the simulator carry the labels of their ReplicaSet's template. */
static bool serves(const struct sim *s, const cJSON *selector, const struct sim_pod *pod)
{
    const cJSON *labels = labels_of_pod(s, pod);

    if (!labels || !selector || !selector->child)
        return false;
    JSON_EACH(want, selector) {
        if (!str_equal(json_str(json_key(labels, want->string), ""), json_str(want, "")))
            return false;
    }
    return true;
}

static char *endpoints_json(const struct sim *s, struct arena *a, const cJSON *selector)
{
    struct strbuf out;
    char *text;
    bool first = true;

    strbuf_init(&out, 1 << 20);
    for (size_t i = 0; i < s->pod_count; i++) {
        const struct sim_pod *p = &s->pods[i];

        if (p->gone_at_ms || !serves(s, selector, p))
            continue;
        json_fmt_to(&out,
                    "%r{'addresses':['198.18.0.1'],'conditions':{'ready':%b},'targetRef':{'kind':"
                    "'Pod','name':%q}}",
                    first ? "" : ",", p->ready, p->name);
        first = false;
    }
    text = arena_strdup(a, strbuf_str(&out));
    strbuf_release(&out);
    return text;
}

static void sync_slice(struct sim *s, struct arena *a, const struct sim_object *svc)
{
    const char *name = json_str(svc->doc, "metadata.name");
    const char *pin = json_str(json_key(json_at(svc->doc, "metadata.labels"), LABEL_PIN), "");
    const char *slice_name = arena_printf(a, "%s-1", name);
    struct err e = {0};

    if (!sim_find(s, SIM_SLICE, slice_name))
        sim_create(s, SIM_SLICE,
                   json_fmt(a,
                            "{'metadata':{'name':%q,'labels':{%q:%q},'ownerReferences':[{'uid':%q}]"
                            "},'endpoints':[]}",
                            slice_name, LABEL_SLICE_SERVICE, name,
                            json_str(svc->doc, "metadata.uid")),
                   &e);
    sim_set(s, sim_find(s, SIM_SLICE, slice_name),
            json_fmt(a, "{'metadata':{'labels':{%q:%q}},'endpoints':[%r]}", LABEL_PIN, pin,
                     endpoints_json(s, a, json_at(svc->doc, "spec.selector"))));
}

void sim_slices(struct sim *s)
{
    const int64_t every = max_i64(s->opt.slice_lag_ms / SIM_TICK_MS, 1);

    if (s->now_ms / SIM_TICK_MS % every != 0 || s->sliced_epoch == s->epoch)
        return;
    for (struct sim_object *o = s->objects; o; o = o->next) {
        struct arena a;

        if (o->kind != SIM_SERVICE)
            continue;
        arena_init(&a);
        sync_slice(s, &a, o);
        arena_release(&a);
    }
    s->sliced_epoch = s->epoch;
}

static const struct sim_pod *pod_named(const struct sim *s, const char *name)
{
    for (size_t i = 0; i < s->pod_count; i++) {
        if (str_equal(s->pods[i].name, name))
            return &s->pods[i];
    }
    return NULL;
}

/* Sent to is who is in a slice; served is who is ready as well. */
int sim_endpoints(const struct sim *s, const char *service, const char *revision)
{
    int n = 0;

    for (struct sim_object *o = s->objects; o; o = o->next) {
        const struct slice *slice = o->kind == SIM_SLICE ? sim_view(o) : NULL;

        if (!slice || !str_equal(slice->service, service))
            continue;
        for (size_t i = 0; i < slice->ready_pod_count; i++) {
            const struct sim_pod *p = pod_named(s, slice->ready_pods[i]);

            n += p && p->ready && (!revision || str_equal(p->revision, revision));
        }
    }
    return n;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* workload.c - ReplicaSet controller, kubelet, EndpointSlices. */
#include "sluice/json/jfmt.h"
#include "sluice/sim/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- pods ------------------------------------------------------------------------------------ */

static void add_pod(struct sim *s, const struct replicaset *rs)
{
    struct sim_pod *p;
    const bool never = s->opt.never_ready && rs->image && strstr(rs->image, s->opt.never_ready);

    if (s->pod_count == s->pod_cap) {
        s->pod_cap = s->pod_cap ? 2 * s->pod_cap : 64;
        s->pods = xrealloc(s->pods, s->pod_cap * sizeof *s->pods);
    }
    p = &s->pods[s->pod_count++];
    *p = (struct sim_pod){.ready_at_ms = never ? INT64_MAX : s->now_ms + s->opt.pod_start_ms};
    snprintf(p->name, sizeof p->name, "%.60s-%lld", rs->meta.name, (long long)++s->last_uid);
    snprintf(p->rs_uid, sizeof p->rs_uid, "%s", rs->meta.uid);
    snprintf(p->revision, sizeof p->revision, "%s", rs->revision ? rs->revision : "");
}

static int32_t pods_of(const struct sim *s, const char *rs_uid, int32_t *ready)
{
    int32_t n = 0;

    *ready = 0;
    for (size_t i = 0; i < s->pod_count; i++) {
        const struct sim_pod *p = &s->pods[i];

        if (!str_equal(p->rs_uid, rs_uid) || p->gone_at_ms)
            continue;
        n++;
        *ready += p->ready;
    }
    return n;
}

/* Those not ready go first, as the ReplicaSet controller ranks them. */
static void stop_pod(struct sim *s, const char *rs_uid)
{
    struct sim_pod *victim = NULL;

    for (size_t i = 0; i < s->pod_count; i++) {
        struct sim_pod *p = &s->pods[i];

        if (str_equal(p->rs_uid, rs_uid) && !p->gone_at_ms &&
            (!victim || (victim->ready && !p->ready)))
            victim = p;
    }
    if (victim) {
        victim->gone_at_ms = s->now_ms + s->opt.pod_stop_ms;
        victim->ready = false;
    }
}

static bool replicaset_there(const struct sim *s, const char *uid)
{
    for (const struct sim_object *o = s->objects; o; o = o->next) {
        if (o->kind == SIM_REPLICASET && str_equal(json_str(o->doc, "metadata.uid"), uid))
            return true;
    }
    return false;
}

static void run_pods(struct sim *s)
{
    size_t keep = 0;

    for (size_t i = 0; i < s->pod_count; i++) {
        struct sim_pod *p = &s->pods[i];

        if (!p->gone_at_ms && !replicaset_there(s, p->rs_uid)) {
            p->gone_at_ms = s->now_ms + s->opt.pod_stop_ms;
            p->ready = false;
        }
        if (!p->gone_at_ms && s->now_ms >= p->ready_at_ms)
            p->ready = true;
        if (!p->gone_at_ms || s->now_ms < p->gone_at_ms)
            s->pods[keep++] = *p;
    }
    s->pod_count = keep;
}

void sim_replicasets(struct sim *s)
{
    run_pods(s);
    for (struct sim_object *o = s->objects; o; o = o->next) {
        struct arena a;
        struct replicaset *rs;
        char *raw;
        int32_t have, ready;

        if (o->kind != SIM_REPLICASET)
            continue;
        arena_init(&a);
        raw = json_print(o->doc);
        rs = replicaset_read(&a, o->doc, raw, strlen(raw), false);
        for (have = pods_of(s, rs->meta.uid, &ready); have < rs->replicas; have++)
            add_pod(s, rs);
        for (; have > rs->replicas; have--)
            stop_pod(s, rs->meta.uid);
        have = pods_of(s, rs->meta.uid, &ready);
        sim_set(s, o,
                json_fmt(&a,
                         "{'status':{'observedGeneration':%l,'replicas':%d,'readyReplicas':%d,"
                         "'availableReplicas':%d}}",
                         rs->meta.generation, have, ready, ready));
        free(raw);
        arena_release(&a);
    }
}

/* ---- endpoints ------------------------------------------------------------------------------- */

/* All pods of the simulator carry the labels of their ReplicaSet's template. */
static bool serves(const struct sim *s, const cJSON *selector, const struct sim_pod *pod)
{
    for (const struct sim_object *o = s->objects; o; o = o->next) {
        const cJSON *labels;

        if (o->kind != SIM_REPLICASET || !str_equal(json_str(o->doc, "metadata.uid"), pod->rs_uid))
            continue;
        labels = json_at(o->doc, "spec.template.metadata.labels");
        JSON_EACH(want, selector) {
            if (!str_equal(json_str(json_key(labels, want->string), ""), json_str(want, "")))
                return false;
        }
        return json_count(selector) > 0 || (selector && selector->child);
    }
    return false;
}

static char *endpoints_json(struct sim *s, struct arena *a, const cJSON *selector)
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
    struct sim_object *slice = sim_find(s, SIM_SLICE, slice_name);
    struct err e = {0};

    if (!slice) {
        sim_create(s, SIM_SLICE,
                   json_fmt(a,
                            "{'metadata':{'name':%q,'labels':{%q:%q},'ownerReferences':[{'uid':%q}]"
                            "},'endpoints':[]}",
                            slice_name, LABEL_SLICE_SERVICE, name,
                            json_str(svc->doc, "metadata.uid")),
                   &e);
        slice = sim_find(s, SIM_SLICE, slice_name);
    }
    sim_set(s, slice,
            json_fmt(a, "{'metadata':{'labels':{%q:%q}},'endpoints':[%r]}", LABEL_PIN, pin,
                     endpoints_json(s, a, json_at(svc->doc, "spec.selector"))));
}

/* A slice follows its Service and its pods some time later. */
void sim_slices(struct sim *s)
{
    if ((s->now_ms / 50) % (s->opt.slice_lag_ms / 50 ? s->opt.slice_lag_ms / 50 : 1) != 0)
        return;
    for (struct sim_object *o = s->objects; o; o = o->next) {
        struct arena a;

        if (o->kind != SIM_SERVICE)
            continue;
        arena_init(&a);
        sync_slice(s, &a, o);
        arena_release(&a);
    }
}

static const char *revision_of_pod(const struct sim *s, const char *name)
{
    for (size_t i = 0; i < s->pod_count; i++) {
        if (str_equal(s->pods[i].name, name))
            return s->pods[i].ready ? s->pods[i].revision : NULL;
    }
    return NULL;
}

int sim_endpoints(const struct sim *s, const char *service, const char *revision)
{
    int n = 0;

    for (const struct sim_object *o = s->objects; o; o = o->next) {
        if (o->kind != SIM_SLICE ||
            !str_equal(
                json_str(json_key(json_at(o->doc, "metadata.labels"), LABEL_SLICE_SERVICE), ""),
                service))
            continue;
        JSON_EACH(ep, json_key(o->doc, "endpoints")) {
            const char *has = revision_of_pod(s, json_str(ep, "targetRef.name"));

            n += has && (!revision || str_equal(has, revision));
        }
    }
    return n;
}

void sim_tick(struct sim *s, int64_t ms)
{
    for (int64_t end = s->now_ms + ms; s->now_ms < end;) {
        s->now_ms += 50;
        sim_deployments(s);
        sim_replicasets(s);
        sim_slices(s);
        sim_collect(s);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* pods.c - what the simulator knows of pods, as objects; their addresses in EndpointSlices. */
#include "parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODE         "simulated"
#define PODS_PER_NET 250
#define NETS         128

static int64_t number_of(const char *name)
{
    const char *dash = strrchr(name, '-');

    return dash ? strtoll(dash + 1, NULL, 10) : 0;
}

void pod_address(const char *name, char out[static 24])
{
    const int64_t n = number_of(name);

    snprintf(out, 24, "198.18.%d.%d", (int)(n / PODS_PER_NET % NETS), (int)(n % PODS_PER_NET + 1));
}

const struct sim_pod *realm_pod(const struct realm *r, const char *name)
{
    for (size_t i = 0; i < r->s.pod_count; i++) {
        if (str_equal(r->s.pods[i].name, name))
            return &r->s.pods[i];
    }
    return NULL;
}

static const struct sim_object *replicaset_of(const struct realm *r, const struct sim_pod *p)
{
    for (const struct sim_object *o = r->s.objects; o; o = o->next) {
        if (o->kind == SIM_REPLICASET && str_equal(json_str(o->doc, "metadata.uid"), p->rs_uid))
            return o;
    }
    return NULL;
}

const cJSON *pod_containers(const struct realm *r, const struct sim_pod *p)
{
    const struct sim_object *rs = replicaset_of(r, p);

    return rs ? json_at(rs->doc, "spec.template.spec.containers") : NULL;
}

const char *pod_env(const struct realm *r, const struct sim_pod *p, const char *name)
{
    JSON_EACH(c, pod_containers(r, p)) {
        JSON_EACH(variable, json_key(c, "env")) {
            if (str_equal(json_str(variable, "name"), name))
                return json_str(variable, "value");
        }
    }
    return NULL;
}

/* ---- one pod --------------------------------------------------------------------------------- */

static char *raw(struct arena *a, const cJSON *doc, const char *otherwise)
{
    auto_free char *text = doc ? json_print(doc) : NULL;

    return arena_strdup(a, text ? text : otherwise);
}

static char *conditions(struct arena *a, const struct sim_pod *p, const char *now)
{
    static const char *const types[] = {"PodScheduled", "Initialized", "ContainersReady", "Ready"};
    char *out = arena_strdup(a, "");

    for (size_t i = 0; i < COUNT(types); i++)
        out = json_fmt(a, "%r%r{'type':%q,'status':%q,'lastTransitionTime':%q}", out, i ? "," : "",
                       types[i], i < 2 || p->ready ? "True" : "False", now);
    return out;
}

static char *containers(struct arena *a, const struct sim_pod *p, const cJSON *spec,
                        const char *started)
{
    char *out = arena_strdup(a, "");

    JSON_EACH(c, json_key(spec, "containers"))
        out = json_fmt(a,
                       "%r%r{'name':%q,'image':%q,'imageID':%q,'ready':%b,'started':true,"
                       "'restartCount':0,'state':{'running':{'startedAt':%q}}}",
                       out, *out ? "," : "", json_str(c, "name"), json_str(c, "image"),
                       json_str(c, "image"), p->ready, started);
    return out;
}

static char *status(struct realm *r, struct arena *a, const struct sim_pod *p, const cJSON *spec,
                    const char *started)
{
    char now[TIME_TEXT_MAX], ip[24];

    time_format(r->v->now_ms, now);
    pod_address(p->name, ip);
    return json_fmt(a,
                    "{'phase':'Running','conditions':[%r],'hostIP':'198.18.255.1','podIP':%q,"
                    "'podIPs':[{'ip':%q}],'startTime':%q,'containerStatuses':[%r]}",
                    conditions(a, p, now), ip, ip, started, containers(a, p, spec, started));
}

static void create(struct realm *r, const struct sim_pod *p)
{
    const struct sim_object *rs = replicaset_of(r, p);
    const cJSON *template = rs ? json_at(rs->doc, "spec.template") : NULL;
    struct arena a;
    char now[TIME_TEXT_MAX];
    cJSON *doc;

    if (!template)
        return;
    arena_init(&a);
    time_format(r->v->now_ms, now);
    doc = doc_parse(json_fmt(
        &a,
        "{'metadata':{'name':%q,'namespace':%q,'uid':'u%l','creationTimestamp':%q,'labels':%r,"
        "'annotations':%r,'ownerReferences':[{'apiVersion':'apps/v1','kind':'ReplicaSet','name':%q,"
        "'uid':%q,'controller':true,'blockOwnerDeletion':true}]},'spec':%r,'status':%r}",
        p->name, r->ns, number_of(p->name), now,
        raw(&a, json_at(template, "metadata.labels"), "{}"),
        raw(&a, json_at(template, "metadata.annotations"), "{}"),
        json_str(rs->doc, "metadata.name"), p->rs_uid, raw(&a, json_key(template, "spec"), "{}"),
        status(r, &a, p, json_key(template, "spec"), now)));
    doc_merge(doc, "{\"spec\":{\"nodeName\":\"" NODE "\"}}");
    store_stamp(r->v, kind_named("Pod"), NULL, doc);
    store_put(r->v, kind_named("Pod"), doc);
    arena_release(&a);
}

static bool said_ready(const cJSON *doc)
{
    JSON_EACH(c, json_at(doc, "status.conditions")) {
        if (str_equal(json_str(c, "type"), "Ready"))
            return str_equal(json_str(c, "status"), "True");
    }
    return false;
}

static void update(struct realm *r, const struct sim_pod *p, const struct served_object *o)
{
    const bool going = p->gone_at_ms != 0;
    const bool said_going = json_str(o->v->doc, "metadata.deletionTimestamp") != NULL;
    struct arena a;
    char now[TIME_TEXT_MAX];
    cJSON *next;

    if (said_ready(o->v->doc) == p->ready && said_going == going)
        return;
    arena_init(&a);
    time_format(r->v->now_ms, now);
    next = json_copy(o->v->doc);
    doc_merge(next, json_fmt(&a, "{'status':%r}",
                             status(r, &a, p, json_key(next, "spec"),
                                    json_str(next, "metadata.creationTimestamp"))));
    if (going && !said_going)
        doc_merge(next, json_fmt(&a,
                                 "{'metadata':{'deletionTimestamp':%q,"
                                 "'deletionGracePeriodSeconds':1}}",
                                 now));
    store_stamp(r->v, o->kind, o->v->doc, next);
    store_put(r->v, o->kind, next);
    arena_release(&a);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void drop_gone(struct realm *r)
{
    const struct served_kind *pods = kind_named("Pod");
    struct served_object *next;

    for (struct served_object *o = r->v->objects; o; o = next) {
        next = o->next;
        if (o->kind == pods && str_equal(o->ns, r->ns) && !realm_pod(r, o->name))
            store_remove(r->v, o, ++r->v->rv);
    }
}

void realm_show_pods(struct realm *r)
{
    drop_gone(r);
    for (size_t i = 0; i < r->s.pod_count; i++) {
        const struct sim_pod *p = &r->s.pods[i];
        const struct served_object *o = store_find(r->v, kind_named("Pod"), r->ns, p->name);

        if (o)
            update(r, p, o);
        else
            create(r, p);
    }
    doors_sync(r);
}

void realm_stop_pod(struct realm *r, const char *name)
{
    for (size_t i = 0; i < r->s.pod_count; i++) {
        struct sim_pod *p = &r->s.pods[i];

        if (!str_equal(p->name, name) || p->gone_at_ms)
            continue;
        p->gone_at_ms = r->s.now_ms + r->s.opt.pod_stop_ms;
        p->ready = p->available = false;
        r->s.epoch++;
    }
}

/* ---- EndpointSlices -------------------------------------------------------------------------- */

static char *endpoint(const struct realm *r, struct arena *a, const cJSON *item)
{
    const char *name = json_str(item, "targetRef.name");
    const bool ready = json_bool(item, "conditions.ready", false);
    char ip[24];

    pod_address(name, ip);
    return json_fmt(a,
                    "{'addresses':[%q],'conditions':{'ready':%b,'serving':%b,'terminating':false},"
                    "'nodeName':'" NODE "','targetRef':{'kind':'Pod','name':%q,'namespace':%q,"
                    "'uid':'u%l'}}",
                    ip, ready, ready, name, r->ns, number_of(name));
}

void realm_dress_slice(const struct realm *r, cJSON *doc)
{
    struct arena a;
    char *out;

    arena_init(&a);
    out = arena_strdup(&a, "");
    JSON_EACH(item, json_at(doc, "endpoints"))
        out = json_fmt(&a, "%r%r%r", out, *out ? "," : "", endpoint(r, &a, item));
    doc_merge(doc, json_fmt(&a,
                            "{'addressType':'IPv4','endpoints':[%r],'ports':[{'name':'http',"
                            "'port':8080,'protocol':'TCP'}]}",
                            out));
    arena_release(&a);
}

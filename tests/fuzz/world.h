/* SPDX-License-Identifier: Apache-2.0 */
/* world.h - a world out of an input, for what plans it and what shows it.
 *
 * {"nowMs":n,"brake":0-4,"rival":"name","prometheus":"url","podsOf":"revision","podsTrouble":"why",
 * "refusal":{kind,what,text},"items":[objects by kind]}. All of an object may be missing or odd but
 * what the API server gives every one that it stores: names, a uid and a version; and a Deployment
 * has no size below zero. */
#ifndef SLUICE_TESTS_FUZZ_WORLD_H
#define SLUICE_TESTS_FUZZ_WORLD_H

#include "check.h"
#include "items.h"
#include "sluice/model/world.h"

#define LIST_MAX 24

struct maker {
    struct arena a;
    struct world w;
    int64_t now_ms;
    bool nameless; /* an object that no API server has was among them */
    const struct replicaset *rs[LIST_MAX];
    const struct service *services[LIST_MAX];
    const struct slice *slices[LIST_MAX];
    const struct route *routes[LIST_MAX];
    const struct pod *pods[LIST_MAX];
    struct reading readings[LIST_MAX];
};

static inline const struct meta *maker_list(struct maker *m, const char *kind, const cJSON *o,
                                            struct jslice raw)
{
    struct world *w = &m->w;

    if (str_equal(kind, "ReplicaSet") && w->rs_count < LIST_MAX)
        return &(m->rs[w->rs_count++] = replicaset_read(&m->a, o, raw.p, raw.len))->meta;
    if (str_equal(kind, "Service") && w->service_count < LIST_MAX)
        return &(m->services[w->service_count++] = service_read(&m->a, o, raw.p, raw.len))->meta;
    if (str_equal(kind, "EndpointSlice") && w->slice_count < LIST_MAX)
        return &(m->slices[w->slice_count++] = slice_read(&m->a, o))->meta;
    if (str_equal(kind, "HTTPRoute") && w->route_count < LIST_MAX)
        return &(m->routes[w->route_count++] = route_read(&m->a, o, raw.p, raw.len))->meta;
    if (str_equal(kind, "Pod") && w->pod_count < LIST_MAX)
        return &(m->pods[w->pod_count++] = pod_read(&m->a, o))->meta;
    return NULL;
}

static inline void maker_take(const cJSON *o, const char *p, size_t len, void *arg)
{
    struct maker *m = arg;
    struct world *w = &m->w;
    const struct meta *meta = NULL;
    const char *kind = json_str(o, "kind");

    if (str_equal(kind, "Rollout") && !w->rollout)
        meta = &(w->rollout = rollout_read(&m->a, o, p, len))->meta;
    else if (str_equal(kind, "Deployment") && !w->dep)
        meta = &(w->dep = deployment_read(&m->a, o, p, len))->meta;
    else if (str_equal(kind, "ControllerRevision") && !w->fence)
        meta = &(w->fence = fence_read(&m->a, o, p, len))->meta;
    else
        meta = maker_list(m, kind, o, (struct jslice){p, len});
    m->nameless |= meta && !item_named(meta);
}

static inline void maker_around(struct maker *m, const cJSON *doc)
{
    struct world *w = &m->w;
    const cJSON *refusal = json_key(doc, "refusal");

    w->brake.state = (enum brake_state)clamp_i64(json_i64(doc, "brake", 1), 0, 4);
    w->rival = json_str(doc, "rival");
    w->prometheus = json_str(doc, "prometheus");
    w->pods_of = json_str(doc, "podsOf");
    w->pods_trouble = json_str(doc, "podsTrouble");
    if (refusal)
        w->refusal = (struct refusal){
            .present = true,
            .kind = (enum err_kind)clamp_i64(json_i64(refusal, "kind", ERR_DENIED), ERR_DENIED,
                                             ERR_INVALID),
            .what = json_str(refusal, "what") ? json_str(refusal, "what") : "create replicasets",
            .text = json_str(refusal, "text") ? json_str(refusal, "text") : "no",
            .at_ms = m->now_ms};
}

/* False: that is no world. `m` is zeroed before, and its arena released after, in any case. */
static inline bool maker_world(struct maker *m, const cJSON *doc, const char *text, size_t len)
{
    struct world *w = &m->w;

    m->now_ms = clamp_i64(json_i64(doc, "nowMs", 0), 1, INT64_C(4000000000000));
    w->rs = m->rs;
    w->services = m->services;
    w->slices = m->slices;
    w->routes = m->routes;
    w->pods = m->pods;
    w->readings = m->readings;
    items_each(doc, text, len, maker_take, m);
    maker_around(m, doc);
    return w->rollout && !m->nameless && (!w->dep || w->dep->replicas >= 0);
}

/* Has `check` look at the world that the input holds; what LLVMFuzzerTestOneInput returns. */
static inline int maker_try(const uint8_t *data, size_t len,
                            void (*check)(struct maker *m, const cJSON *doc, const char *text,
                                          size_t len))
{
    const char *const text = (const char *)data;
    struct err e = {0};
    auto_json cJSON *doc = says_null(text, len) ? NULL : json_parse(text, len, &e);
    struct maker *m;
    bool whole;

    if (!doc)
        return REFUSED;
    m = xcalloc(1, sizeof(*m));
    whole = maker_world(m, doc, text, len);
    if (whole)
        check(m, doc, text, len);
    arena_release(&m->a);
    free(m);
    return whole ? 0 : REFUSED;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* store_bench.h - a store, who was woken by it, and objects of namespace "shop" to put into it. */
#ifndef SLUICE_TESTS_UNIT_STORE_BENCH_H
#define SLUICE_TESTS_UNIT_STORE_BENCH_H

#include "check.h"
#include "sluice/ctl/scene.h"
#include "sluice/ctl/store.h"
#include "sluice/json/jfmt.h"

#include <stdio.h>

struct fixture {
    struct store *store;
    struct arena a;
    char woken[1024]; /* names, each followed by a blank */
    char gone[256];
    int policies;
    int64_t now;
};

static inline void on_woken(void *arg, const struct object *rollout, enum kube_kind by UNUSED)
{
    struct fixture *f = arg;
    const size_t len = strlen(f->woken);

    if (!strstr(f->woken, rollout->meta->name))
        snprintf(f->woken + len, sizeof(f->woken) - len, "%s ", rollout->meta->name);
}

static inline void on_gone(void *arg, const struct object *rollout)
{
    struct fixture *f = arg;
    const size_t len = strlen(f->gone);

    snprintf(f->gone + len, sizeof(f->gone) - len, "%s ", rollout->meta->name);
}

static inline void on_policy(void *arg)
{
    ((struct fixture *)arg)->policies++;
}

static inline int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));

    f->store = store_new(&(struct store_listener){
        .arg = f, .woken = on_woken, .gone = on_gone, .policy_changed = on_policy});
    f->now = 1000;
    *state = f;
    return 0;
}

static inline int teardown(void **state)
{
    struct fixture *f = *state;

    store_free(f->store);
    arena_release(&f->a);
    free(f);
    return 0;
}

static inline bool put_text(struct fixture *f, enum kube_kind kind, const char *text)
{
    struct err e = {0};
    auto_json cJSON *doc = json_parse(text, strlen(text), &e);
    struct object *o;
    bool kept;

    CHECK(doc, "%s in %s", e.text, text);
    o = object_read(kind, doc, text, strlen(text));
    assert_non_null(o);
    f->woken[0] = '\0';
    kept = store_put(f->store, o, f->now);
    object_unref(o);
    return kept;
}

/* An object of namespace "shop" with uid "u-NAME"; `rest` follows its metadata. */
static inline bool put(struct fixture *f, enum kube_kind kind, const char *name, const char *rv,
                       const char *meta, const char *rest)
{
    return put_text(f, kind,
                    json_fmt(&f->a,
                             "{'metadata':{'namespace':'shop','name':%q,'uid':'u-%s',"
                             "'resourceVersion':%q%r}%r}",
                             name, name, rv, meta, rest));
}

static inline bool put_rollout(struct fixture *f, const char *name, const char *target,
                               const char *rv)
{
    return put(
        f, KIND_ROLLOUT, name, rv, "",
        json_fmt(&f->a,
                 ",'spec':{'targetRef':{'name':%q},'strategy':{'canary':{'stableService':"
                 "%q,'traffic':[{'gatewayAPI':{'name':'route-%s'}}],'steps':[{'weight':5}]}}}",
                 target, target, target));
}

static inline bool put_deployment(struct fixture *f, const char *name, const char *rv)
{
    return put(f, KIND_DEPLOYMENT, name, rv, "",
               json_fmt(&f->a,
                        ",'spec':{'replicas':2,'selector':{'matchLabels':{'app':%q}},'template':"
                        "{'metadata':{'labels':{'app':%q,'tier':'front'}},'spec':{'containers':"
                        "[{'name':'c','image':'i'}]}}}",
                        name, name));
}

static inline bool put_set(struct fixture *f, const char *name, const char *deployment,
                           const char *revision, const char *rv)
{
    return put(f, KIND_REPLICASET, name, rv,
               json_fmt(&f->a,
                        ",'ownerReferences':[{'apiVersion':'apps/v1','kind':'Deployment','name':%q,"
                        "'uid':'u-%s','controller':true}]",
                        deployment, deployment),
               json_fmt(&f->a,
                        ",'spec':{'replicas':1,'selector':{'matchLabels':{'pod-template-hash':%q}},"
                        "'template':{'metadata':{'labels':{'app':%q}},'spec':{}}}",
                        revision, deployment));
}

static inline bool put_service(struct fixture *f, const char *name, const char *selector,
                               const char *rv)
{
    return put(f, KIND_SERVICE, name, rv, "", json_fmt(&f->a, ",'spec':{'selector':%r}", selector));
}

static inline bool put_slice(struct fixture *f, const char *name, const char *service)
{
    return put(f, KIND_ENDPOINTSLICE, name, "5",
               json_fmt(&f->a, ",'labels':{'kubernetes.io/service-name':%q}", service), "");
}

static inline void world_of_two(struct fixture *f)
{
    put_rollout(f, "ro-web", "web", "1");
    put_rollout(f, "ro-shop", "shop", "1");
    put_deployment(f, "web", "2");
    put_deployment(f, "shop", "2");
    put_set(f, "web-1", "web", "h1", "2");
    put_set(f, "shop-1", "shop", "h2", "2");
    put_service(f, "web", "{\"app\":\"web\"}", "2");
    put_service(f, "shop", "{\"app\":\"shop\"}", "2");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

#endif

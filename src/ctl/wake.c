/* SPDX-License-Identifier: Apache-2.0 */
/* wake.c - from an object back to the Rollouts that rest on it. */
#include "index.h"
#include "sluice/ctl/store.h"
#include "sluice/model/world.h"

#include <string.h>

static void each_of(const struct object_list *list, store_each_rollout *fn, void *arg)
{
    for (size_t i = 0; list && i < list->count; i++)
        fn(arg, list->items[i]);
}

static void of_target(const struct store *s, const char *ns, const char *deployment,
                      store_each_rollout *fn, void *arg)
{
    each_of(store_bucket(s, BUCKET_TARGET, ns, deployment), fn, arg);
}

/* And its rivals. One that names no target has none, and is to be told so. */
static void of_rollout(const struct store *s, const struct object *rollout, store_each_rollout *fn,
                       void *arg)
{
    const char *target = rollout->as.rollout->spec.target;

    if (str_empty(target))
        fn(arg, rollout);
    else
        of_target(s, rollout->meta->ns, target, fn, arg);
}

/* By the selector: a Deployment whose pods it selects has its first pair among the labels. */
static void of_selected(const struct store *s, const struct service *service,
                        store_each_rollout *fn, void *arg)
{
    char text[PAIR_TEXT_MAX];
    const struct object_list *deployments;

    if (!selector_first_pair(&service->selector, text))
        return;
    deployments = store_bucket(s, BUCKET_LABEL, service->meta.ns, text);
    for (size_t i = 0; deployments && i < deployments->count; i++) {
        const struct deployment *d = deployments->items[i]->as.deployment;
        if (service_selects(service, d))
            of_target(s, d->meta.ns, d->meta.name, fn, arg);
    }
}

static void of_service(const struct store *s, const struct service *service, store_each_rollout *fn,
                       void *arg)
{
    each_of(store_bucket(s, BUCKET_NAMED_SERVICE, service->meta.ns, service->meta.name), fn, arg);
    of_target(s, service->meta.ns, service->of, fn, arg);
    of_selected(s, service, fn, arg);
}

static void of_slice(const struct store *s, const struct slice *slice, store_each_rollout *fn,
                     void *arg)
{
    const struct object *service = store_get(s, KIND_SERVICE, slice->meta.ns, slice->service);

    if (service)
        of_service(s, service->as.service, fn, arg);
    else
        each_of(store_bucket(s, BUCKET_NAMED_SERVICE, slice->meta.ns, slice->service), fn, arg);
}

void store_rollouts_of(const struct store *s, const struct object *o, store_each_rollout *fn,
                       void *arg)
{
    const char *ns = o->meta->ns;

    switch ((int)o->kind) { /* the kinds a world is made of */
    case KIND_ROLLOUT:
        of_rollout(s, o, fn, arg);
        break;
    case KIND_DEPLOYMENT:
        of_target(s, ns, o->meta->name, fn, arg);
        break;
    case KIND_REPLICASET:
        of_target(s, ns, replicaset_deployment(o->as.replicaset), fn, arg);
        break;
    case KIND_FENCE:
        of_target(s, ns, meta_label(o->meta, LABEL_OF), fn, arg);
        break;
    case KIND_SERVICE:
        of_service(s, o->as.service, fn, arg);
        break;
    case KIND_ENDPOINTSLICE:
        of_slice(s, o->as.slice, fn, arg);
        break;
    default:
        assert(o->kind == KIND_HTTPROUTE);
        each_of(store_bucket(s, BUCKET_NAMED_ROUTE, ns, o->meta->name), fn, arg);
    }
}

bool store_wants(const struct store *s, const struct object *o)
{
    const char *ns = o->meta->ns;

    switch ((int)o->kind) { /* all others: their namespace decides */
    case KIND_DEPLOYMENT:
        return store_bucket(s, BUCKET_TARGET, ns, o->meta->name) != NULL;
    case KIND_REPLICASET:
        return store_bucket(s, BUCKET_TARGET, ns, replicaset_deployment(o->as.replicaset)) != NULL;
    case KIND_FENCE:
        return store_bucket(s, BUCKET_TARGET, ns, meta_label(o->meta, LABEL_OF)) != NULL;
    case KIND_HTTPROUTE:
        return store_bucket(s, BUCKET_NAMED_ROUTE, ns, o->meta->name) != NULL;
    default:
        return store_wants_namespace(s, o->kind, ns);
    }
}

static bool older(const struct meta *a, const struct meta *b)
{
    if (a->created_ms != b->created_ms)
        return a->created_ms < b->created_ms;
    return strcmp(a->name, b->name) < 0;
}

const struct object *store_rival(const struct store *s, const struct object *rollout)
{
    const struct object_list *same =
        store_bucket(s, BUCKET_TARGET, rollout->meta->ns, rollout->as.rollout->spec.target);
    const struct object *rival = NULL;

    for (size_t i = 0; same && i < same->count; i++) {
        const struct object *other = same->items[i];
        if (str_equal(other->meta->name, rollout->meta->name) || !older(other->meta, rollout->meta))
            continue;
        if (!rival || older(other->meta, rival->meta))
            rival = other;
    }
    return rival;
}

struct name_search {
    const char *name;
    bool found;
};

static void compare_name(const char *name, void *arg)
{
    struct name_search *search = arg;

    search->found = search->found || str_equal(name, search->name);
}

bool service_concerns(const struct service *s, const struct kept_rollout *r,
                      const struct deployment *dep)
{
    struct name_search search = {.name = s->meta.name};

    if ((!str_empty(s->of) && str_equal(s->of, r->spec.target)) || (dep && service_selects(s, dep)))
        return true;
    rollout_named_services(r, compare_name, &search);
    return search.found;
}

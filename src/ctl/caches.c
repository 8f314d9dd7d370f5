/* SPDX-License-Identifier: Apache-2.0 */
/* caches.c - from the reflectors into the store.
 *
 * The Rollouts come first: they say which other objects are worth keeping. */
#include "ctl.h"

/* What is watched. An optional kind may not be served, or not be ours to read: then those who
 * need it look live and say why it fails. */
static const struct cache {
    enum kube_kind kind;
    bool optional;
    const char *labels, *fields;
} caches[] = {
    {KIND_ROLLOUT, .optional = false},
    {KIND_DEPLOYMENT, .optional = false},
    {KIND_REPLICASET, .optional = false},
    {KIND_FENCE, .optional = false, .labels = LABEL_OF},
    {KIND_SERVICE, .optional = false},
    {KIND_ENDPOINTSLICE, .optional = false},
    {KIND_HTTPROUTE, .optional = true},
    {KIND_MAP, .optional = true, .fields = "metadata.name=" POLICY_BRAKE},
    {KIND_MAP_BINDING, .optional = true, .fields = "metadata.name=" POLICY_BRAKE},
};

/* Nobody's, or known: an answer to our own write, or a look, was faster than the watch. */
static bool wants(void *arg, const struct ident *id)
{
    const struct cache_sink *sink = arg;
    const struct store *s = sink->ctl->store;

    return store_wants_namespace(s, sink->kind, id->ns) && !store_has(s, sink->kind, id);
}

static void has_routes(const struct object *o, void *arg)
{
    bool *any = arg;

    *any |= o->as.rollout->spec.traffic_count > 0;
}

/* The policies are looked for as long as they are not there: the brake rests on them. */
static bool misses(void *arg)
{
    const struct cache_sink *sink = arg;
    bool any = sink->kind != KIND_HTTPROUTE;

    store_each(sink->ctl->store, KIND_ROLLOUT, has_routes, &any);
    return any;
}

static void on_upsert(void *arg, const cJSON *doc, const char *raw, size_t len)
{
    const struct cache_sink *sink = arg;
    struct object *o;
    struct ident id;

    ident_of(doc, &id);
    if (!wants(arg, &id))
        return;
    o = object_read(sink->kind, doc, raw, len);
    if (!o)
        return;
    store_put(sink->ctl->store, o, clock_mono_ms());
    object_unref(o);
}

static void on_remove(void *arg, const char *ns, const char *name, const char *uid)
{
    const struct cache_sink *sink = arg;
    struct ctl *c = sink->ctl;
    const char *key_name;
    void *value;

    store_remove(c->store, sink->kind, ns, name, uid, clock_mono_ms());
    for (size_t i = 0; map_next(&c->closed, &i, &key_name, &value);) {
        struct key *key = value;
        barrier_removed(&key->barrier, sink->kind, uid);
        if (barrier_open(&key->barrier))
            key_barrier_changed(key);
    }
}

static void on_progress(void *arg, const char *rv)
{
    const struct cache_sink *sink = arg;
    const char *key_name;
    void *value;

    for (size_t i = 0; map_next(&sink->ctl->closed, &i, &key_name, &value);) {
        struct key *key = value;
        barrier_progress(&key->barrier, sink->kind, rv);
        if (barrier_open(&key->barrier))
            key_barrier_changed(key);
    }
}

static void start_others(struct ctl *c);

static void on_synced(void *arg)
{
    const struct cache_sink *sink = arg;

    log_info("cache synced", "kind", kube_kind_info(sink->kind)->kind, NULL);
    if (sink->kind == KIND_ROLLOUT)
        start_others(sink->ctl);
    passes_kick(sink->ctl);
}

static void start(struct ctl *c, const struct cache *cache)
{
    struct cache_sink *sink = &c->sinks[cache->kind];

    *sink = (struct cache_sink){.ctl = c, .kind = cache->kind};
    c->reflectors[cache->kind] =
        reflector_new(c->client, &(struct reflector_spec){
                                     .kind = cache->kind,
                                     .namespace = kube_kind_info(cache->kind)->namespaced
                                                      ? c->options.watch_namespace
                                                      : NULL,
                                     .label_selector = cache->labels,
                                     .field_selector = cache->fields,
                                     .optional = cache->optional,
                                     .sink = {.arg = sink,
                                              .upsert = on_upsert,
                                              .wants = wants,
                                              .misses = misses,
                                              .remove = on_remove,
                                              .synced = on_synced,
                                              .progress = on_progress},
                                 });
}

static void start_others(struct ctl *c)
{
    c->others_started = true;
    for (size_t i = 0; i < COUNT(caches); i++)
        if (!c->reflectors[caches[i].kind])
            start(c, &caches[i]);
}

void caches_start(struct ctl *c)
{
    start(c, &caches[0]);
}

void caches_free(struct ctl *c)
{
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        reflector_free(c->reflectors[kind]);
        c->reflectors[kind] = NULL;
    }
}

bool caches_know(const struct ctl *c, enum kube_kind kind)
{
    return c->reflectors[kind] && reflector_synced(c->reflectors[kind]);
}

/* An optional cache that cannot be read stops nobody, nor does one that is still being read: where
 * it is not known whole, its emptiness is no word that there is nothing. A pass that rests on a
 * route then looks (pass.c), the brake asks by its dry run (brake.c), and no write goes out on a
 * cache alone. */
static bool settled(const struct ctl *c, const struct cache *cache)
{
    const struct reflector *r = c->reflectors[cache->kind];

    return r && (cache->optional || reflector_synced(r));
}

bool caches_ready(const struct ctl *c)
{
    for (size_t i = 0; i < COUNT(caches); i++)
        if (!settled(c, &caches[i]))
            return false;
    return true;
}

void caches_trouble(const struct ctl *c, struct strbuf *out)
{
    for (size_t i = 0; i < COUNT(caches); i++) {
        const struct reflector *r = c->reflectors[caches[i].kind];
        const char *plural = kube_kind_info(caches[i].kind)->plural;
        if (!r)
            strbuf_addf(out, "%s: waits for the Rollouts\n", plural);
        else if (*reflector_trouble(r)) /* which it has until it is synced */
            strbuf_addf(out, "%s\n", reflector_trouble(r));
    }
}

/* ---- all anew, when we begin to lead (C70) --------------------------------------------------- */

static void on_relisted(void *arg)
{
    struct relist *r = arg;

    assert(r->open > 0);
    if (--r->open == 0)
        r->done(r->arg);
}

void caches_relist(struct ctl *c, void (*done)(void *arg), void *arg)
{
    c->relist = (struct relist){.done = done, .arg = arg, .open = 1};
    for (size_t i = 0; i < COUNT(caches); i++) {
        struct reflector *r = c->reflectors[caches[i].kind];
        if (!r || !reflector_synced(r) || !reflector_served(r))
            continue; /* its first list is still to come, and is consistent (C22) */
        c->relist.open++;
        reflector_relist(r, on_relisted, &c->relist);
    }
    on_relisted(&c->relist);
}

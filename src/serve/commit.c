/* SPDX-License-Identifier: Apache-2.0 */
/* commit.c - the way of an object into the store, by the simulator where it knows the kind. */
#include "calls.h"

#include <stdlib.h>

struct sim_object *sim_object_of(struct serve *v, const struct served_kind *k, const char *ns,
                                 const char *name)
{
    return k->sim == NOT_SIMULATED ? NULL
                                   : sim_find(&realm_of(v, ns)->s, (enum sim_kind)k->sim, name);
}

const cJSON *stored_doc(struct serve *v, const struct served_kind *k, const char *ns,
                        const char *name)
{
    const struct sim_object *simulated = sim_object_of(v, k, ns, name);
    const struct served_object *o = store_find(v, k, ns, name);

    return simulated ? simulated->doc : o ? o->v->doc : NULL;
}

/* ---- new ------------------------------------------------------------------------------------- */

static bool new_simulated(struct serve *v, const struct served_kind *k, cJSON *doc, struct err *e)
{
    struct realm *r = realm_of(v, json_str(doc, "metadata.namespace"));
    auto_free char *text = NULL;
    bool ok;

    doc_merge(doc, "{\"apiVersion\":null,\"kind\":null}");
    text = json_print(doc);
    realm_enter(r);
    ok = sim_create(&r->s, (enum sim_kind)k->sim, text, e);
    sim_collect(&r->s);
    realm_leave(r);
    json_release(&doc);
    return ok;
}

bool commit_new(struct serve *v, const struct served_kind *k, cJSON *doc, struct err *e)
{
    struct arena a;
    char now[TIME_TEXT_MAX];

    if (k->sim != NOT_SIMULATED)
        return new_simulated(v, k, doc, e);
    arena_init(&a);
    time_format(v->now_ms, now);
    doc_merge(doc,
              json_fmt(&a, "{'metadata':{'uid':'u%l','creationTimestamp':%q}}", ++v->uid, now));
    arena_release(&a);
    store_stamp(v, k, NULL, doc);
    store_put(v, k, doc);
    return true;
}

/* ---- changed --------------------------------------------------------------------------------- */

static bool is_over(const cJSON *doc)
{
    return json_str(doc, "metadata.deletionTimestamp") &&
           json_count(json_at(doc, "metadata.finalizers")) == 0;
}

static void change_simulated(struct serve *v, const struct served_kind *k, const char *ns,
                             const char *name, cJSON *next)
{
    struct realm *r = realm_of(v, ns);
    struct sim_object *o = sim_object_of(v, k, ns, name);

    realm_enter(r);
    if (is_over(next)) {
        sim_adopt(&r->s, o->kind, name, NULL);
        json_release(&next);
    } else {
        sim_accept(&r->s, o, next);
    }
    sim_collect(&r->s);
    realm_leave(r);
}

/* Whoever takes the last finalizer off what is being deleted deletes it: watches are told of the
 * end alone, with the object as it was before. */
void commit_change(struct serve *v, const struct served_kind *k, const char *ns, const char *name,
                   cJSON *next)
{
    struct served_object *o;

    if (k->sim != NOT_SIMULATED) {
        change_simulated(v, k, ns, name, next);
        return;
    }
    o = store_find(v, k, ns, name);
    if (json_same(o->v->doc, next)) {
        json_release(&next);
    } else if (is_over(next) && !str_equal(k->kind, "Namespace")) {
        json_release(&next);
        store_remove(v, o, ++v->rv);
    } else {
        store_stamp(v, o->kind, o->v->doc, next);
        store_put(v, k, next);
    }
}

void commit_touch(struct serve *v, const struct served_kind *k, const char *ns, const char *name)
{
    struct realm *r = k->sim == NOT_SIMULATED ? NULL : realm_of(v, ns);
    struct served_object *o;
    cJSON *next;

    if (r) {
        realm_enter(r);
        sim_bump(&r->s, sim_object_of(v, k, ns, name));
        realm_leave(r);
        return;
    }
    o = store_find(v, k, ns, name);
    next = json_copy(o->v->doc);
    store_stamp(v, o->kind, o->v->doc, next);
    store_put(v, k, next);
}

/* ---- gone ------------------------------------------------------------------------------------ */

static void mark(struct serve *v, struct served_object *o, const char *more)
{
    cJSON *next;
    struct arena a;
    char now[TIME_TEXT_MAX];

    if (json_str(o->v->doc, "metadata.deletionTimestamp"))
        return;
    arena_init(&a);
    time_format(v->now_ms, now);
    next = json_copy(o->v->doc);
    doc_merge(
        next,
        json_fmt(&a, "{'metadata':{'deletionTimestamp':%q,'deletionGracePeriodSeconds':0}}", now));
    doc_merge(next, more);
    arena_release(&a);
    store_stamp(v, o->kind, o->v->doc, next);
    store_put(v, o->kind, next);
}

static void delete_kept(struct serve *v, struct served_object *o)
{
    if (str_equal(o->kind->kind, "Namespace"))
        mark(v, o, "{\"status\":{\"phase\":\"Terminating\"}}");
    else if (json_count(json_at(o->v->doc, "metadata.finalizers")) > 0)
        mark(v, o, "{}");
    else
        store_remove(v, o, ++v->rv);
    v->collect_due = true;
}

void commit_delete(struct serve *v, const struct served_kind *k, const char *ns, const char *name)
{
    struct served_object *o = store_find(v, k, ns, name);
    struct realm *r = *ns ? realm_of(v, ns) : NULL;

    if (k->sim != NOT_SIMULATED) {
        realm_enter(r);
        sim_delete(&r->s, (enum sim_kind)k->sim, name);
        realm_leave(r);
    } else if (str_equal(k->kind, "Pod") && realm_pod(r, name)) {
        realm_stop_pod(r, name);
        realm_show_pods(r);
    } else if (o) {
        delete_kept(v, o);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* realm.c - a simulated cluster for each namespace, and what it changes, in the store.
 *
 * All draw their resourceVersions and uids from one well: a realm is entered with the server's
 * counters, and left with what it has used of them. */
#include "parts.h"

#include <stdlib.h>

/* The policies act while they are there. */
void realm_enter(struct realm *r)
{
    const struct serve *v = r->v;
    const char *const policy = POLICY_BRAKE;

    r->s.last_rv = v->rv;
    r->s.last_uid = v->uid;
    r->s.opt.no_policies = !store_find(v, kind_named("MutatingAdmissionPolicy"), "", policy) ||
                           !store_find(v, kind_named("MutatingAdmissionPolicyBinding"), "", policy);
}

/* Nobody holds what was read of versions that were replaced. */
void realm_leave(struct realm *r)
{
    r->v->rv = r->s.last_rv;
    r->v->uid = r->s.last_uid;
    sim_forget(&r->s);
}

/* ---- what the simulator changes -------------------------------------------------------------- */

void realm_dress(const struct realm *r, const struct served_kind *k, cJSON *doc)
{
    const cJSON *spec = json_at(doc, "spec");

    if ((k->sim == SIM_FENCE || k->sim == SIM_SLICE) && spec && !spec->child)
        doc_merge(doc, "{\"spec\":null}");
    /* The simulator gives one to all that it keeps. */
    if (!(k->flags & K_COUNTED))
        doc_merge(doc, "{\"metadata\":{\"generation\":null}}");
    /* A slice that somebody wrote has an address type; the simulator's own have none. */
    if (k->sim == SIM_SLICE && !json_str(doc, "addressType"))
        realm_dress_slice(r, doc);
}

static void on_change(void *arg, struct sim_object *o, bool gone)
{
    struct realm *r = arg;
    struct serve *v = r->v;
    const struct served_kind *k = kind_of_sim(o->kind);
    struct served_object *there;
    cJSON *doc;

    if (v->closing)
        return;
    v->rv = max_i64(v->rv, r->s.last_rv);
    if (gone) {
        there = store_find(v, k, r->ns, json_str(o->doc, "metadata.name"));
        if (there)
            store_remove(v, there, ++r->s.last_rv);
        return;
    }
    doc = json_copy(o->doc);
    realm_dress(r, k, doc);
    store_put(v, k, doc);
}

struct realm *realm_of(struct serve *v, const char *ns)
{
    struct realm *r, **end = &v->realms;
    struct sim_options options = v->opt.sim;

    for (r = v->realms; r; r = r->next) {
        if (str_equal(r->ns, ns))
            return r;
        end = &r->next;
    }
    r = xcalloc(1, sizeof *r);
    r->v = v;
    r->ns = xstrdup(ns);
    options.ns = r->ns;
    options.changed = on_change;
    options.changed_arg = r;
    sim_init(&r->s, &options);
    r->s.now_ms = v->now_ms;
    *end = r;
    return r;
}

/* ---- the clock ------------------------------------------------------------------------------- */

static void tick(struct realm *r)
{
    realm_enter(r);
    sim_tick(&r->s, SIM_TICK_MS);
    realm_leave(r);
    if (r->s.epoch != r->pods_epoch)
        realm_show_pods(r);
    r->pods_epoch = r->s.epoch;
    clients_tick(r, SIM_TICK_MS);
}

void realms_tick(struct serve *v)
{
    v->now_ms += SIM_TICK_MS;
    for (struct realm *r = v->realms; r; r = r->next)
        tick(r);
}

void realms_free(struct serve *v)
{
    while (v->realms) {
        struct realm *r = v->realms;

        v->realms = r->next;
        sim_release(&r->s);
        free(r->ns);
        free(r);
    }
}

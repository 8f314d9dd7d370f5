/* SPDX-License-Identifier: Apache-2.0 */
/* store.c - the simulated API server: objects, resourceVersion, generation, patches, deletion. */
#include "sluice/base/clock.h"
#include "sluice/json/jfmt.h"
#include "sluice/sim/sim.h"

#include <stdlib.h>
#include <string.h>

void sim_init(struct sim *s, const struct sim_options *opt)
{
    *s = (struct sim){.now_ms = INT64_C(1700000000000), .last_rv = 1};
    if (opt)
        s->opt = *opt;
    if (!s->opt.pod_start_ms)
        s->opt.pod_start_ms = 200;
    if (!s->opt.pod_stop_ms)
        s->opt.pod_stop_ms = 100;
    if (!s->opt.slice_lag_ms)
        s->opt.slice_lag_ms = 200;
}

void sim_release(struct sim *s)
{
    while (s->objects) {
        struct sim_object *o = s->objects;

        s->objects = o->next;
        json_release(&o->doc);
        free(o);
    }
    free(s->pods);
    *s = (struct sim){0};
}

struct sim_object *sim_find(const struct sim *s, enum sim_kind kind, const char *name)
{
    for (struct sim_object *o = s->objects; o; o = o->next) {
        if (o->kind == kind && str_equal(json_str(o->doc, "metadata.name"), name))
            return o;
    }
    return NULL;
}

static void merge_fmt(cJSON *doc, const char *text)
{
    struct err e = {0};
    cJSON *patch = json_parse(text, strlen(text), &e);

    assert(patch);
    json_edit_merge(doc, patch);
    json_release(&patch);
}

void sim_touch(struct sim *s, struct sim_object *o, bool spec_changed)
{
    struct arena a;
    int64_t generation = json_i64(o->doc, "metadata.generation", 0);

    arena_init(&a);
    if (spec_changed)
        generation++;
    merge_fmt(o->doc, json_fmt(&a, "{'metadata':{'resourceVersion':'%l','generation':%l}}",
                               ++s->last_rv, generation));
    arena_release(&a);
}

bool sim_create(struct sim *s, enum sim_kind kind, const char *json, struct err *e)
{
    cJSON *doc = json_parse(json, strlen(json), e);
    struct sim_object *o, **end = &s->objects;
    struct arena a;
    char at[TIME_TEXT_MAX];

    if (!doc)
        return false;
    if (sim_find(s, kind, json_str(doc, "metadata.name"))) {
        err_set(e, ERR_EXISTS, "%s already exists", json_str(doc, "metadata.name"));
        json_release(&doc);
        return false;
    }
    o = xcalloc(1, sizeof *o);
    o->kind = kind;
    o->doc = doc;
    arena_init(&a);
    time_format(s->now_ms, at);
    merge_fmt(doc, json_fmt(&a,
                            "{'metadata':{'namespace':'default','uid':'u%l','creationTimestamp':%q,"
                            "'generation':0},'spec':{}}",
                            ++s->last_uid, at));
    if (kind == SIM_REPLICASET && s->opt.mutates)
        merge_fmt(
            doc, "{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"mutated\":\"by\"}}}}}");
    if (kind == SIM_DEPLOYMENT && !json_at(doc, "spec.replicas"))
        merge_fmt(doc, "{\"spec\":{\"replicas\":1}}");
    arena_release(&a);
    while (*end)
        end = &(*end)->next;
    *end = o;
    sim_admit(s, kind, NULL, doc);
    sim_touch(s, o, true);
    return true;
}

/* ---- writes ---------------------------------------------------------------------------------- */

/* Takes the edited copy when it differs; generation follows spec alone. */
static void accept(struct sim *s, struct sim_object *o, cJSON *next)
{
    const bool spec = !json_same(json_at(o->doc, "spec"), json_at(next, "spec"));

    if (json_same(o->doc, next)) {
        json_release(&next);
        return;
    }
    json_release(&o->doc);
    o->doc = next;
    sim_touch(s, o, spec);
}

bool sim_set(struct sim *s, struct sim_object *o, const char *merge)
{
    cJSON *next = json_copy(o->doc);

    merge_fmt(next, merge);
    accept(s, o, next);
    return true;
}

bool sim_user_patch(struct sim *s, enum sim_kind kind, const char *name, const char *merge,
                    struct err *e)
{
    struct sim_object *o = sim_find(s, kind, name);
    cJSON *next;

    if (!o)
        return err_set(e, ERR_NOT_FOUND, "%s not found", name);
    next = json_copy(o->doc);
    merge_fmt(next, merge);
    sim_admit(s, kind, o->doc, next);
    accept(s, o, next);
    return true;
}

static bool stale(const cJSON *doc, const char *member, const cJSON *patch)
{
    const char *path = str_equal(member, "uid") ? "metadata.uid" : "metadata.resourceVersion";
    const char *asked = json_str(patch, path);

    return asked && !str_equal(asked, json_str(doc, path));
}

static void apply_finalizers(cJSON *next, const cJSON *patch)
{
    const cJSON *finalizers = json_at(patch, "metadata.finalizers");

    merge_fmt(next, finalizers ? "{\"metadata\":{\"finalizers\":[\"" FINALIZER_FLIGHT "\"]}}"
                               : "{\"metadata\":{\"finalizers\":null}}");
}

static bool patch_object(struct sim *s, struct sim_object *o, const struct action *act,
                         const cJSON *body, struct err *e)
{
    cJSON *next = json_copy(o->doc);
    const bool json_patch = strstr(act->content_type, "json-patch") != NULL;
    const bool apply = strstr(act->content_type, "apply-patch") != NULL;

    if (json_patch) {
        if (!json_edit_patch(next, body, e)) {
            json_release(&next);
            return false;
        }
    } else if (stale(o->doc, "uid", body) || stale(o->doc, "rv", body)) {
        json_release(&next);
        return err_set(e, ERR_CONFLICT, "the object has been modified");
    } else if (apply && !act->subresource) {
        apply_finalizers(next, body);
    } else if (apply) {
        merge_fmt(next, "{\"status\":null}");
        json_edit_merge(next, body);
    } else {
        json_edit_merge(next, body);
    }
    accept(s, o, next);
    return true;
}

static enum sim_kind kind_of(enum target t)
{
    static const enum sim_kind kinds[TARGET_COUNT] = {
        [TARGET_ROLLOUT] = SIM_ROLLOUT,       [TARGET_DEPLOYMENT] = SIM_DEPLOYMENT,
        [TARGET_REPLICASET] = SIM_REPLICASET, [TARGET_FENCE] = SIM_FENCE,
        [TARGET_SERVICE] = SIM_SERVICE,       [TARGET_ROUTE] = SIM_ROUTE};

    return kinds[t];
}

static bool send_parsed(struct sim *s, const struct action *act, const cJSON *body, struct err *e)
{
    struct sim_object *o = sim_find(s, kind_of(act->target), act->name);

    if (str_equal(act->method, "POST"))
        return sim_create(s, kind_of(act->target), act->body, e);
    if (!o)
        return err_set(e, ERR_NOT_FOUND, "%s not found", act->name);
    if (str_equal(act->method, "PATCH"))
        return patch_object(s, o, act, body, e);
    if (!str_equal(json_str(body, "preconditions.uid"), json_str(o->doc, "metadata.uid")) ||
        !str_equal(json_str(body, "preconditions.resourceVersion"),
                   json_str(o->doc, "metadata.resourceVersion")))
        return err_set(e, ERR_CONFLICT, "the preconditions do not hold");
    sim_delete(s, o->kind, act->name);
    return true;
}

bool sim_send(struct sim *s, const struct action *act, struct err *e)
{
    cJSON *body = json_parse(act->body, strlen(act->body), e);
    bool ok;

    assert(body);
    ok = send_parsed(s, act, body, e);
    json_release(&body);
    s->writes[act->act]++;
    if (!ok)
        s->conflicts++;
    sim_collect(s);
    return ok;
}

/* ---- deletion -------------------------------------------------------------------------------- */

static void unlink_object(struct sim *s, struct sim_object *gone)
{
    for (struct sim_object **at = &s->objects; *at; at = &(*at)->next) {
        if (*at != gone)
            continue;
        *at = gone->next;
        json_release(&gone->doc);
        free(gone);
        return;
    }
}

void sim_delete(struct sim *s, enum sim_kind kind, const char *name)
{
    struct sim_object *o = sim_find(s, kind, name);
    struct arena a;
    char at[TIME_TEXT_MAX];

    if (!o)
        return;
    if (json_count(json_at(o->doc, "metadata.finalizers")) == 0) {
        unlink_object(s, o);
        sim_collect(s);
        return;
    }
    arena_init(&a);
    time_format(s->now_ms, at);
    sim_set(s, o, json_fmt(&a, "{'metadata':{'deletionTimestamp':%q}}", at));
    arena_release(&a);
}

static bool uid_there(const struct sim *s, const char *uid)
{
    for (struct sim_object *o = s->objects; o; o = o->next) {
        if (str_equal(json_str(o->doc, "metadata.uid"), uid))
            return true;
    }
    return false;
}

static bool orphaned(const struct sim *s, const struct sim_object *o)
{
    const cJSON *owners = json_at(o->doc, "metadata.ownerReferences");

    if (json_count(owners) == 0)
        return o->kind == SIM_ROLLOUT && json_at(o->doc, "metadata.deletionTimestamp") &&
               json_count(json_at(o->doc, "metadata.finalizers")) == 0;
    JSON_EACH(owner, owners) {
        if (uid_there(s, json_str(owner, "uid")))
            return false;
    }
    return true;
}

void sim_collect(struct sim *s)
{
    bool again = true;

    while (again) {
        again = false;
        for (struct sim_object *o = s->objects; o; o = o->next) {
            if (!orphaned(s, o))
                continue;
            unlink_object(s, o);
            again = true;
            break;
        }
    }
}

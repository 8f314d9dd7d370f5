/* SPDX-License-Identifier: Apache-2.0 */
/* store.c - the simulated API server: objects and their versions, resourceVersion, generation. */
#include "sluice/base/clock.h"
#include "sluice/json/jfmt.h"
#include "sluice/sim/sim.h"

#include <stdlib.h>
#include <string.h>

static int64_t or_else(int64_t value, int64_t dflt)
{
    return value ? value : dflt;
}

void sim_init(struct sim *s, const struct sim_options *opt)
{
    *s = (struct sim){.now_ms = SIM_BIRTH_MS, .last_rv = 1, .quiet_epoch = -1, .sliced_epoch = -1};
    if (opt)
        s->opt = *opt;
    s->opt.pod_start_ms = or_else(s->opt.pod_start_ms, 200);
    s->opt.pod_stop_ms = or_else(s->opt.pod_stop_ms, 100);
    s->opt.slice_lag_ms = or_else(s->opt.slice_lag_ms, 200);
    s->opt.route_lag_ms = or_else(s->opt.route_lag_ms, 150);
    s->opt.proxy_lag_ms = or_else(s->opt.proxy_lag_ms, 100);
    s->random = s->opt.seed * 0x9e3779b97f4a7c15U + 1;
}

/* ---- versions -------------------------------------------------------------------------------- */

struct sim_version *sim_version_new(cJSON *doc)
{
    struct sim_version *v = xcalloc(1, sizeof *v);

    v->doc = doc;
    v->refs = 1;
    arena_init(&v->a);
    return v;
}

static struct sim_version *version_ref(struct sim_version *v)
{
    if (v)
        v->refs++;
    return v;
}

void sim_version_drop(struct sim_version *v)
{
    if (!v || --v->refs > 0)
        return;
    json_release(&v->doc);
    arena_release(&v->a);
    free(v);
}

static void retire(struct sim *s, struct sim_version *v)
{
    if (s->retired_count == s->retired_cap) {
        s->retired_cap = s->retired_cap ? 2 * s->retired_cap : 64;
        s->retired = xrealloc(s->retired, s->retired_cap * sizeof(struct sim_version *));
    }
    s->retired[s->retired_count++] = v;
}

void sim_forget(struct sim *s)
{
    for (size_t i = 0; i < s->retired_count; i++)
        sim_version_drop(s->retired[i]);
    s->retired_count = 0;
}

const void *sim_view(struct sim_object *o)
{
    struct sim_version *v = o->version;
    char *raw;
    size_t len;

    if (v->view)
        return v->view;
    raw = json_print(v->doc);
    len = strlen(raw);
    switch (o->kind) {
    case SIM_ROLLOUT:
        v->view = rollout_read(&v->a, v->doc, raw, len);
        break;
    case SIM_DEPLOYMENT:
        v->view = deployment_read(&v->a, v->doc, raw, len);
        break;
    case SIM_REPLICASET:
        v->view = replicaset_read(&v->a, v->doc, raw, len);
        break;
    case SIM_FENCE:
        v->view = fence_read(&v->a, v->doc, raw, len);
        break;
    case SIM_SERVICE:
        v->view = service_read(&v->a, v->doc, raw, len);
        break;
    case SIM_SLICE:
        v->view = slice_read(&v->a, v->doc);
        break;
    case SIM_ROUTE:
        v->view = route_read(&v->a, v->doc, raw, len);
        break;
    case SIM_KIND_COUNT:
        break;
    }
    free(raw);
    return v->view;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void object_free(struct sim_object *o)
{
    sim_version_drop(o->version);
    sim_version_drop(o->sent_by);
    free(o);
}

void sim_release(struct sim *s)
{
    while (s->objects) {
        struct sim_object *o = s->objects;

        s->objects = o->next;
        object_free(o);
    }
    sim_forget(s);
    free(s->retired);
    free(s->pods);
    *s = (struct sim){0};
}

void sim_fork(struct sim *to, const struct sim *from)
{
    struct sim_object **end = &to->objects;

    *to = *from;
    to->objects = NULL;
    to->retired = NULL;
    to->retired_count = to->retired_cap = 0;
    for (const struct sim_object *o = from->objects; o; o = o->next) {
        struct sim_object *copy = xcalloc(1, sizeof *copy);

        *copy = *o;
        copy->next = NULL;
        version_ref(copy->version);
        version_ref(copy->sent_by);
        *end = copy;
        end = &copy->next;
    }
    to->pod_cap = from->pod_count;
    to->pods = from->pod_count ? xcalloc(from->pod_count, sizeof *to->pods) : NULL;
    if (from->pod_count)
        memcpy(to->pods, from->pods, from->pod_count * sizeof *to->pods);
}

struct sim_object *sim_find(const struct sim *s, enum sim_kind kind, const char *name)
{
    for (struct sim_object *o = s->objects; o; o = o->next) {
        if (o->kind == kind && str_equal(json_str(o->doc, "metadata.name"), name))
            return o;
    }
    return NULL;
}

/* ---- new versions ---------------------------------------------------------------------------- */

static void merge_text(cJSON *doc, const char *text)
{
    struct err e = {0};
    cJSON *patch = json_parse(text, strlen(text), &e);

    assert(patch);
    json_edit_merge(doc, patch);
    json_release(&patch);
}

static void stamp(struct sim *s, cJSON *doc, bool spec_changed)
{
    const int64_t generation = json_i64(doc, "metadata.generation", 0) + spec_changed;
    struct arena a;

    arena_init(&a);
    merge_text(doc, json_fmt(&a, "{'metadata':{'resourceVersion':'%l','generation':%l}}",
                             ++s->last_rv, generation));
    arena_release(&a);
    s->epoch++;
}

static void tell(struct sim *s, struct sim_object *o, bool gone)
{
    if (s->opt.changed)
        s->opt.changed(s->opt.changed_arg, o, gone);
}

static bool differ(const cJSON *was, const cJSON *now)
{
    return was != now && !json_same(was, now);
}

/* A Deployment's annotations count too, as on a real server. Slices have no spec: all that they
 * say, and their labels. */
bool sim_says_other(enum sim_kind kind, const cJSON *was, const cJSON *now)
{
    static const char *const parts[] = {"addressType", "endpoints", "ports"};

    if (kind == SIM_DEPLOYMENT &&
        differ(json_at(was, "metadata.annotations"), json_at(now, "metadata.annotations")))
        return true;
    if (kind != SIM_SLICE)
        return !json_same(json_at(was, "spec"), json_at(now, "spec"));
    for (size_t i = 0; i < COUNT(parts); i++) {
        if (differ(json_key(was, parts[i]), json_key(now, parts[i])))
            return true;
    }
    return differ(json_at(was, "metadata.labels"), json_at(now, "metadata.labels"));
}

/* Generation follows what is wanted, not what is told. */
void sim_accept(struct sim *s, struct sim_object *o, cJSON *next)
{
    if (json_same(o->doc, next)) {
        json_release(&next);
        return;
    }
    stamp(s, next, sim_says_other(o->kind, o->doc, next));
    retire(s, o->version);
    o->version = sim_version_new(next);
    o->doc = next;
    tell(s, o, false);
}

void sim_bump(struct sim *s, struct sim_object *o)
{
    cJSON *next = json_copy(o->doc);

    stamp(s, next, false);
    retire(s, o->version);
    o->version = sim_version_new(next);
    o->doc = next;
    tell(s, o, false);
}

bool sim_set(struct sim *s, struct sim_object *o, const char *merge)
{
    cJSON *next = json_copy(o->doc);

    merge_text(next, merge);
    sim_accept(s, o, next);
    return true;
}

/* By kind and number, so that the order in which kinds are created is not told; several clusters
 * that are served together count as one. */
static const char *new_uid(struct sim *s, enum sim_kind kind, struct arena *a)
{
    return s->opt.ns ? arena_printf(a, "u%lld", (long long)++s->last_uid)
                     : arena_printf(a, "u%d-%d", (int)kind, s->created[kind] + 1);
}

static void complete_meta(struct sim *s, enum sim_kind kind, cJSON *doc)
{
    struct arena a;
    char at[TIME_TEXT_MAX];

    arena_init(&a);
    time_format(s->now_ms, at);
    merge_text(doc, json_fmt(&a,
                             "{'metadata':{'namespace':%q,'uid':%q,'creationTimestamp':%q,"
                             "'generation':0},'spec':{}}",
                             s->opt.ns ? s->opt.ns : "default", new_uid(s, kind, &a), at));
    if (kind == SIM_DEPLOYMENT && !json_at(doc, "spec.replicas"))
        merge_text(doc, "{\"spec\":{\"replicas\":1}}");
    arena_release(&a);
}

/* Somebody's webhook. */
static void mutate(cJSON *doc)
{
    static const char by[] =
        "{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"mutated\":\"by\"}}}}}";
    struct err e = {0};
    cJSON *patch = json_parse(by, sizeof by - 1, &e);

    json_edit_merge(doc, patch);
    json_release(&patch);
}

bool sim_create(struct sim *s, enum sim_kind kind, const char *json, struct err *e)
{
    cJSON *doc = json_parse(json, strlen(json), e);
    struct sim_object *o, **end = &s->objects;

    if (!doc)
        return false;
    if (sim_find(s, kind, json_str(doc, "metadata.name"))) {
        err_set(e, ERR_EXISTS, "%s already exists", json_str(doc, "metadata.name"));
        json_release(&doc);
        return false;
    }
    complete_meta(s, kind, doc);
    sim_admit(s, kind, NULL, doc);
    if (kind == SIM_REPLICASET && s->opt.mutates)
        mutate(doc);
    stamp(s, doc, true);
    o = xcalloc(1, sizeof *o);
    o->kind = kind;
    o->version = sim_version_new(doc);
    o->doc = doc;
    s->created[kind]++;
    while (*end)
        end = &(*end)->next;
    *end = o;
    tell(s, o, false);
    return true;
}

/* ---- deletion -------------------------------------------------------------------------------- */

static void unlink_object(struct sim *s, struct sim_object *gone)
{
    for (struct sim_object **at = &s->objects; *at; at = &(*at)->next) {
        if (*at != gone)
            continue;
        *at = gone->next;
        s->deleted[gone->kind]++;
        tell(s, gone, true);
        retire(s, version_ref(gone->version));
        object_free(gone);
        s->epoch++;
        return;
    }
}

void sim_adopt(struct sim *s, enum sim_kind kind, const char *name, const struct sim_object *as)
{
    struct sim_object *o = sim_find(s, kind, name), **end = &s->objects;

    if (o && (!as || as->version != o->version))
        s->epoch++;
    if (o && !as) {
        unlink_object(s, o);
        return;
    }
    if (!as)
        return;
    if (!o) {
        o = xcalloc(1, sizeof *o);
        o->kind = kind;
        while (*end)
            end = &(*end)->next;
        *end = o;
    } else {
        retire(s, o->version);
    }
    o->version = version_ref(as->version);
    o->doc = o->version->doc;
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
    /* A deletion counts as a change of what is wanted; a second one changes nothing. */
    if (!json_str(o->doc, "metadata.deletionTimestamp"))
        sim_set(s, o,
                json_fmt(&a,
                         "{'metadata':{'deletionTimestamp':%q,'deletionGracePeriodSeconds':0,"
                         "'generation':%l}}",
                         at, json_i64(o->doc, "metadata.generation", 0) + 1));
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
    bool again = !s->partial && !s->opt.no_controllers && !s->opt.only_deployments;

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

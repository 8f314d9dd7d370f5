/* SPDX-License-Identifier: Apache-2.0 */
/* delete.c - one object or a collection, as the API server deletes them. */
#include "calls.h"

#include <string.h>

#define DELETED_MAX 4096 /* of a collection, told in the answer */

static bool conditions_hold(struct call *c, const cJSON *options, const cJSON *now)
{
    const char *uid = json_str(options, "preconditions.uid");
    const char *rv = json_str(options, "preconditions.resourceVersion");

    if ((!uid || str_equal(uid, json_str(now, "metadata.uid"))) &&
        (!rv || str_equal(rv, json_str(now, "metadata.resourceVersion"))))
        return true;
    return call_conflict(c, "Precondition failed: the object is another one");
}

static bool owned_by(const cJSON *doc, const char *uid)
{
    JSON_EACH(owner, json_at(doc, "metadata.ownerReferences")) {
        if (str_equal(json_str(owner, "uid"), uid))
            return true;
    }
    return false;
}

/* Its dependents stay: those that have no other owner are nobody's. */
static void orphan(struct serve *v, const char *uid)
{
    for (struct served_object *o = v->objects; o; o = o->next) {
        const cJSON *now = owned_by(o->v->doc, uid) ? stored_doc(v, o->kind, o->ns, o->name) : NULL;
        cJSON *next;

        if (!now || str_equal(o->kind->kind, "Pod"))
            continue;
        next = json_copy(now);
        doc_merge(next, "{\"metadata\":{\"ownerReferences\":null}}");
        commit_change(v, o->kind, o->ns, o->name, next);
    }
}

static const char *policy_of(const struct call *c, const cJSON *options)
{
    return options ? json_str(options, "propagationPolicy") : call_query(c, "propagationPolicy");
}

/* With a body, what the query says is not looked at. */
static bool options_valid(struct call *c, const cJSON *options)
{
    static const char *const known[] = {"Background", "Orphan", "Foreground"};
    const char *policy = policy_of(c, options);

    for (size_t i = 0; i < COUNT(known); i++) {
        if (str_empty(policy) || str_equal(policy, known[i]))
            return true;
    }
    call_text(c, 422,
              json_fmt(c->a,
                       "{'kind':'Status','apiVersion':'v1','metadata':{},'status':'Failure',"
                       "'message':'unknown propagationPolicy %s','reason':'Invalid','details':"
                       "{'group':'meta.k8s.io','kind':'DeleteOptions'},'code':422}",
                       policy));
    return false;
}

/* What is held by finalizers, as a deletion that is only tried would leave it. */
static void answer_tried(struct call *c, const cJSON *now)
{
    auto_json cJSON *next = json_copy(now);
    const int64_t generation = json_i64(now, "metadata.generation", 0);
    char at[TIME_TEXT_MAX];

    time_format(c->v->now_ms, at);
    if (!json_str(now, "metadata.deletionTimestamp"))
        doc_merge(next, json_fmt(c->a,
                                 "{'metadata':{'deletionTimestamp':%q,"
                                 "'deletionGracePeriodSeconds':0,'generation':%l}}",
                                 at, generation + 1));
    answer_dressed(c, 200, next);
}

static void answer_gone(struct call *c, const char *uid)
{
    call_text(c, 200,
              json_fmt(c->a,
                       "{'kind':'Status','apiVersion':'v1','metadata':{},'status':'Success',"
                       "'details':{'name':%q%r,'kind':%q,'uid':%q}}",
                       c->name,
                       *c->kind->group ? json_fmt(c->a, ",'group':%q", c->kind->group) : "",
                       c->kind->plural, uid));
}

/* Some kinds are told once more, with the version of their end. */
static void delete_free(struct call *c, const cJSON *now)
{
    const char *uid = arena_strdup(c->a, json_str(now, "metadata.uid"));
    auto_json cJSON *told = c->kind->flags & K_TOLD ? json_copy(now) : NULL;

    if (!c->dry_run)
        commit_delete(c->v, c->kind, c->ns, c->name);
    if (!told) {
        answer_gone(c, uid);
        return;
    }
    if (!c->dry_run)
        doc_merge(told, json_fmt(c->a, "{'metadata':{'resourceVersion':'%l'}}", c->v->rv));
    answer_dressed(c, 200, told);
}

static void delete_one(struct call *c, const cJSON *options)
{
    const cJSON *now = stored_doc(c->v, c->kind, c->ns, c->name);

    if (!now) {
        call_refuse(c, 404, "NotFound", "%s \"%s\" not found", c->kind->plural, c->name);
        return;
    }
    if (!conditions_hold(c, options, now))
        return;
    if (!c->dry_run && str_equal(policy_of(c, options), "Orphan"))
        orphan(c->v, json_str(now, "metadata.uid"));
    if (json_count(json_at(now, "metadata.finalizers")) == 0) {
        delete_free(c, now);
    } else if (c->dry_run) {
        answer_tried(c, now);
    } else {
        commit_delete(c->v, c->kind, c->ns, c->name);
        answer_stored(c, 200);
    }
}

static bool is_chosen(const struct call *c, const struct selector_text *s,
                      const struct served_object *o)
{
    return o->kind == c->kind && str_equal(o->ns, c->ns) &&
           !json_str(o->v->doc, "metadata.deletionTimestamp") && select_matches(s, o->v->doc);
}

/* Others may go with each: it is begun anew, until none is left that was not told to go. */
static void delete_all(struct call *c)
{
    const struct selector_text s = {call_query(c, "labelSelector"), call_query(c, "fieldSelector")};
    struct served_object *o = c->v->objects;
    struct version *versions[DELETED_MAX];
    size_t count = 0;

    if (!select_valid(c, &s))
        return;
    for (; o; o = o->next) {
        if (count < DELETED_MAX && o->kind == c->kind && str_equal(o->ns, c->ns) &&
            select_matches(&s, o->v->doc))
            versions[count++] = version_ref(o->v);
    }
    for (o = c->v->objects; o;) {
        if (is_chosen(c, &s, o)) {
            commit_delete(c->v, o->kind, c->ns, arena_strdup(c->a, o->name));
            o = c->v->objects;
        } else {
            o = o->next;
        }
    }
    read_show(c, versions, count);
    while (count > 0)
        version_drop(versions[--count]);
}

void write_delete(struct call *c)
{
    struct err e = {0};
    auto_json cJSON *options =
        c->http->body_len ? json_parse(c->http->body, c->http->body_len, &e) : NULL;

    if (options) /* what the query says is not looked at then */
        c->dry_run = json_count(json_key(options, "dryRun")) > 0;
    if (!options_valid(c, options))
        return;
    if (*c->name)
        delete_one(c, options);
    else
        delete_all(c);
}

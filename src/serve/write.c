/* SPDX-License-Identifier: Apache-2.0 */
/* write.c - create and change, as the API server does them. */
#include "calls.h"

#include <stdlib.h>
#include <string.h>

/* ---- create ---------------------------------------------------------------------------------- */

static bool has_namespace(struct call *c)
{
    if (!(c->kind->flags & K_NAMESPACED) || store_find(c->v, kind_named("Namespace"), "", c->ns))
        return true;
    return call_refuse(c, 404, "NotFound", "namespaces \"%s\" not found", c->ns);
}

/* "" and none are the same to it. */
static bool is_other(const char *said, const char *is)
{
    return !str_empty(said) && !str_equal(said, is);
}

static bool has_name(struct call *c, cJSON *doc)
{
    const char *name = json_str(doc, "metadata.name"),
               *begin = json_str(doc, "metadata.generateName");

    if (is_other(json_str(doc, "metadata.namespace"), c->ns) && c->kind->flags & K_NAMESPACED)
        return call_refuse(c, 400, "BadRequest",
                           "the namespace of the provided object does not match the namespace "
                           "sent on the request");
    if (str_empty(name) && !str_empty(begin))
        name = arena_printf(c->a, "%s%lld", begin, (long long)++c->v->uid);
    if (str_empty(name))
        return call_invalid(c, "metadata.name: Required value", "{\"field\":\"metadata.name\"}");
    c->name = arena_strdup(c->a, name);
    doc_merge(doc, json_fmt(c->a,
                            "{'metadata':{'name':%q,'uid':null,"
                            "'creationTimestamp':null,'generation':null}}",
                            c->name));
    if (c->kind->flags & K_NAMESPACED)
        doc_merge(doc, json_fmt(c->a, "{'metadata':{'namespace':%q}}", c->ns));
    if (c->kind->flags & K_STATUS)
        doc_merge(doc, "{\"status\":null}");
    return true;
}

void answer_doc(struct call *c, int code, const cJSON *doc)
{
    auto_free char *rest = NULL;
    cJSON *bare = json_copy(doc);

    doc_merge(bare, "{\"apiVersion\":null,\"kind\":null}");
    rest = json_print(bare);
    json_release(&bare);
    call_text(c, code,
              json_fmt(c->a, "{'apiVersion':%q,'kind':%q,%r", kind_api_version(c->kind, c->a),
                       c->kind->kind, rest + 1));
}

void answer_dressed(struct call *c, int code, cJSON *doc)
{
    realm_dress(c->kind->sim == NOT_SIMULATED ? NULL : realm_of(c->v, c->ns), c->kind, doc);
    answer_doc(c, code, doc);
}

/* What it would have been given. */
static void answer_dry(struct call *c, cJSON *doc)
{
    char now[TIME_TEXT_MAX];

    time_format(c->v->now_ms, now);
    doc_merge(doc,
              json_fmt(c->a, "{'metadata':{'uid':'u%l','creationTimestamp':%q,'generation':1}}",
                       ++c->v->uid, now));
    answer_dressed(c, 201, doc);
}

void answer_stored(struct call *c, int code)
{
    call_version(c, code, store_find(c->v, kind_stored(c->kind), c->ns, c->name)->v);
}

/* Takes `doc`. */
static void create_doc(struct call *c, cJSON *doc)
{
    struct err e = {0};

    if (!has_name(c, doc) || !admit_write(c, NULL, doc)) {
        json_release(&doc);
        return;
    }
    if (store_find(c->v, c->kind, c->ns, c->name)) {
        call_refuse(c, 409, "AlreadyExists", "%s \"%s\" already exists", c->kind->plural, c->name);
        json_release(&doc);
        return;
    }
    if (!str_empty(json_str(doc, "metadata.resourceVersion"))) {
        call_refuse(c, 500, NULL, "resourceVersion should not be set on objects to be created");
        json_release(&doc);
        return;
    }
    doc_merge(doc, "{\"metadata\":{\"resourceVersion\":null}}");
    if (c->dry_run) {
        answer_dry(c, doc);
        json_release(&doc);
        return;
    }
    if (commit_new(c->v, c->kind, doc, &e))
        answer_stored(c, 201);
    else
        call_refuse_err(c, &e);
}

void write_create(struct call *c)
{
    cJSON *doc = body_doc(c);

    if (!doc)
        return;
    if (has_namespace(c))
        create_doc(c, doc);
    else
        json_release(&doc);
}

/* ---- change ---------------------------------------------------------------------------------- */

/* What names the object is in the path; a PUT cannot say another. */
static bool names_fit(struct call *c, const cJSON *next)
{
    if (!str_equal(json_str(next, "metadata.name"), c->name))
        return call_refuse(c, 400, "BadRequest",
                           "the name of the object (%s) does not match the name on the URL (%s)",
                           json_str(next, "metadata.name"), c->name);
    if (is_other(json_str(next, "metadata.namespace"), c->ns))
        return call_refuse(c, 400, "BadRequest",
                           "the namespace of the object (%s) does not match the namespace on the "
                           "request (%s)",
                           json_str(next, "metadata.namespace"), c->ns);
    return true;
}

/* Some kinds take no PUT that does not say which version it is made from. */
static bool says_version(struct call *c, const cJSON *next)
{
    struct served_kind kind = *c->kind;
    struct call by_plural = *c;

    if (!str_equal(c->http->method, "PUT") || !(c->kind->flags & K_CONDITIONAL) ||
        !str_empty(json_str(next, "metadata.resourceVersion")))
        return true;
    by_plural.kind = &kind;
    kind.kind = kind.plural;
    return call_invalid(&by_plural,
                        "metadata.resourceVersion: Invalid value: 0: must be specified for an "
                        "update",
                        "{\"field\":\"metadata.resourceVersion\"}");
}

static bool is_fresh(struct call *c, const cJSON *now, const cJSON *next)
{
    const char *rv = json_str(next, "metadata.resourceVersion");
    const char *uid = json_str(next, "metadata.uid");

    /* A status of a kind of a definition is written whatever its metadata says. */
    if (str_equal(c->sub, "status") && c->kind->flags & K_CUSTOM)
        uid = NULL;
    if (is_other(uid, json_str(now, "metadata.uid")) && !str_equal(c->http->method, "PUT"))
        return call_invalid(c, "metadata.uid: Invalid value: field is immutable",
                            "{\"field\":\"metadata.uid\"}");
    if ((str_empty(rv) || str_equal(rv, json_str(now, "metadata.resourceVersion"))) &&
        (str_empty(uid) || str_equal(uid, json_str(now, "metadata.uid"))))
        return true;
    return call_refuse(c, 409, "Conflict",
                       "Operation cannot be fulfilled on %s \"%s\": the object has been modified; "
                       "please apply your changes to the latest version and try again",
                       c->kind->plural, c->name);
}

void doc_put_part(cJSON *doc, const char *member, const cJSON *from)
{
    const cJSON *part = json_key(from, member);
    auto_free char *text = part ? json_print(part) : NULL;
    struct arena a;

    arena_init(&a);
    doc_merge(doc, json_fmt(&a, "{%q:null}", member));
    if (text)
        doc_merge(doc, json_fmt(&a, "{%q:%r}", member, text));
    arena_release(&a);
}

/* What nobody changes. */
static void keep_identity(const cJSON *now, cJSON *next)
{
    struct arena a;

    arena_init(&a);
    doc_merge(next,
              json_fmt(&a,
                       "{'metadata':{'name':%q,'namespace':%q,'uid':%q,'resourceVersion':%q,"
                       "'generation':%l,'creationTimestamp':%q,'deletionTimestamp':%q}}",
                       json_str(now, "metadata.name"), json_str(now, "metadata.namespace"),
                       json_str(now, "metadata.uid"), json_str(now, "metadata.resourceVersion"),
                       json_i64(now, "metadata.generation", 0),
                       json_str(now, "metadata.creationTimestamp"),
                       json_str(now, "metadata.deletionTimestamp")));
    if (json_str(now, "metadata.deletionTimestamp"))
        doc_merge(next, "{\"metadata\":{\"deletionGracePeriodSeconds\":0}}");
    /* The simulator gives all that it keeps a spec, which is not shown where a kind has none. */
    if (!json_key(next, "spec") && json_key(now, "spec") && !json_key(now, "spec")->child)
        doc_merge(next, "{\"spec\":{}}");
    if (!json_key(json_key(now, "metadata"), "generation"))
        doc_merge(next, "{\"metadata\":{\"generation\":null}}");
    doc_merge(next, "{\"apiVersion\":null,\"kind\":null}");
    /* Who does not say a Service's address keeps it. */
    if (json_at(now, "spec.clusterIP") && !json_at(next, "spec.clusterIP"))
        doc_merge(next, json_fmt(&a, "{'spec':{'clusterIP':%q}}", json_str(now, "spec.clusterIP")));
    arena_release(&a);
}

/* Takes `next`. A write of the status writes nothing else, and the other way round. */
static cJSON *only_part(const struct call *c, const cJSON *now, cJSON *next)
{
    cJSON *out;

    if (!(c->kind->flags & K_STATUS))
        return next;
    if (!str_equal(c->sub, "status")) {
        doc_put_part(next, "status", now);
        return next;
    }
    out = json_copy(now);
    doc_put_part(out, "status", next);
    json_release(&next);
    return out;
}

void write_next(struct call *c, const cJSON *now, cJSON *next)
{
    int64_t generation = json_i64(now, "metadata.generation", 0);
    cJSON *last;

    if (!says_version(c, next) || !is_fresh(c, now, next)) {
        json_release(&next);
        return;
    }
    next = only_part(c, now, next);
    keep_identity(now, next);
    if (!admit_write(c, now, next)) {
        json_release(&next);
        return;
    }
    if (c->dry_run) {
        answer_dressed(c, 200, next);
        json_release(&next);
        return;
    }
    last = json_copy(next);
    generation += store_says_other(c->kind, now, next);
    if (json_same(now, next) && patch_names_other(c, now)) {
        commit_touch(c->v, c->kind, c->ns, c->name);
        json_release(&next);
    } else {
        commit_change(c->v, c->kind, c->ns, c->name, next);
    }
    if (store_find(c->v, c->kind, c->ns, c->name)) {
        answer_stored(c, 200);
    } else { /* its last finalizer went: nobody else sees it so */
        doc_merge(last, json_fmt(c->a, "{'metadata':{'generation':%l}}", generation));
        answer_dressed(c, 200, last);
    }
    json_release(&last);
}

/* Some kinds are made by a PUT where there is none. */
static void put(struct call *c, const cJSON *now)
{
    cJSON *next = body_doc(c);

    if (!next)
        return;
    if (!names_fit(c, next)) {
        json_release(&next);
    } else if (!shape_settle(c, next)) {
        json_release(&next);
    } else if (now) {
        write_next(c, now, next);
    } else if (c->kind->flags & K_PUT_CREATES && !*c->sub &&
               !str_empty(json_str(next, "metadata.uid"))) {
        call_refuse(c, 409, "Conflict", "the object that is meant is no longer there");
        json_release(&next);
    } else if (c->kind->flags & K_PUT_CREATES && !*c->sub) {
        doc_merge(next, "{\"metadata\":{\"resourceVersion\":null,\"uid\":null}}");
        create_doc(c, next);
    } else {
        call_refuse(c, 404, "NotFound", "%s \"%s\" not found", c->kind->plural, c->name);
        json_release(&next);
    }
}

void write_update(struct call *c)
{
    const cJSON *now = stored_doc(c->v, c->kind, c->ns, c->name);
    cJSON *next;

    if (!patch_type_known(c))
        return;
    if (!now && strstr(c->http->content_type, "apply-patch") && !*c->sub) {
        write_create(c);
        if (c->reply->code == 201 && !c->dry_run)
            patch_remember(c, stored_doc(c->v, c->kind, c->ns, c->name));
        return;
    }
    if (str_equal(c->http->method, "PUT")) {
        put(c, now);
        return;
    }
    if (!now) {
        call_refuse(c, 404, "NotFound", "%s \"%s\" not found", c->kind->plural, c->name);
        return;
    }
    next = patch_wanted(c, now);
    if (next && names_fit(c, next) && shape_settle(c, next)) /* unreadable is not even stale */
        write_next(c, now, next);
    else
        json_release(&next);
    now = stored_doc(c->v, c->kind, c->ns, c->name);
    if (now && c->reply->code == 200 && strstr(c->http->content_type, "apply-patch") && !c->dry_run)
        patch_remember(c, now);
}

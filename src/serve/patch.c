/* SPDX-License-Identifier: Apache-2.0 */
/* patch.c - PUT and the four kinds of PATCH: what the object shall become.
 *
 * Server-side apply is done with what the same manager applied before, kept here, in place of
 * managedFields: what it no longer names goes, and to name other members is a change of the object.
 * Conflicts between managers are not looked for. */
#include "calls.h"
#include "sluice/json/yaml.h"

#include <stdlib.h>
#include <string.h>

/* Bodies of an apply are YAML, of which JSON is a part. */
static cJSON *parse_body(struct call *c, struct err *e)
{
    struct yaml_doc *docs = NULL;
    size_t count = 0;

    if (!strstr(c->http->content_type, "yaml"))
        return json_parse(c->http->body, c->http->body_len, e);
    if (!yaml_read(c->a, c->http->body, c->http->body_len, &docs, &count, e))
        return NULL;
    if (count != 1) {
        err_set(e, ERR_INVALID, "%zu documents in the body", count);
        return NULL;
    }
    return json_parse(docs[0].json, docs[0].json_len, e);
}

/* What a body says of its kind must be so; kinds of a definition must say it. */
static bool kind_fits(struct call *c, const cJSON *body)
{
    const char *version = json_str(body, "apiVersion"), *kind = json_str(body, "kind");
    const bool says = !str_empty(version) && !str_empty(kind);

    if (!says && c->kind->flags & K_CUSTOM)
        return call_refuse(c, 400, "BadRequest", "Object 'Kind' is missing");
    if ((str_empty(kind) || str_equal(kind, c->kind->kind)) &&
        (str_empty(version) || str_equal(version, kind_api_version(c->kind, c->a))))
        return true;
    return call_refuse(c, 400, "BadRequest",
                       "%s in version \"%s\" cannot be handled as a %s: no match", kind ? kind : "",
                       version ? version : "", c->kind->kind);
}

cJSON *body_doc(struct call *c)
{
    struct err e = {0};
    auto_json cJSON *body = parse_body(c, &e);
    cJSON *doc;

    if (!body) {
        call_refuse_err(c, &e);
        return NULL;
    }
    if (!json_is_object(body)) {
        call_refuse(c, 400, "BadRequest", "the body is no object");
        return NULL;
    }
    if (!kind_fits(c, body))
        return NULL;
    doc = doc_parse("{}");
    json_edit_merge(doc, body);
    return doc;
}

static const char *applied_key(const struct call *c, const cJSON *now)
{
    const char *manager = call_query(c, "fieldManager");

    return arena_printf(c->a, "%s/%s/%s/%s/%s/%s", c->kind->plural, c->ns, c->name,
                        json_str(now, "metadata.uid"), c->sub, manager ? manager : "");
}

/* A slice's lists are each of one piece. */
static void merge_strategic(const struct call *c, cJSON *next, const cJSON *body)
{
    json_edit_strategic(next, body);
    if (c->kind->sim == SIM_SLICE && json_key(body, "ports"))
        doc_put_part(next, "ports", body);
}

static cJSON *apply(struct call *c, const cJSON *now, const cJSON *body)
{
    const char *key = applied_key(c, now), *text = map_get(&c->v->applied, key);
    auto_json cJSON *was = text ? doc_parse(text) : NULL;
    cJSON *next = json_copy(now);

    if (was)
        json_edit_forget(next, was, body);
    /* A selector is one piece: whoever applies it says it whole. */
    if (c->kind->sim == SIM_SERVICE && json_at(body, "spec.selector"))
        doc_merge(next, "{\"spec\":{\"selector\":null}}");
    merge_strategic(c, next, body);
    /* The path says the name, whether the body does or not. */
    doc_merge(next, json_fmt(c->a, "{'metadata':{'name':%q}}", c->name));
    return next;
}

/* The sentence is the real one's: clients know it. */
static cJSON *json_patch(struct call *c, const cJSON *now, const cJSON *body)
{
    struct call nameless = *c;
    struct err e = {0};
    cJSON *next = json_copy(now);

    if (json_edit_patch(next, body, &e))
        return next;
    json_release(&next);
    nameless.name = "";
    nameless.kind = NULL;
    call_refuse(&nameless, 422, "Invalid",
                "the server rejected our request due to an error in our request: %s", e.text);
    return NULL;
}

static cJSON *by_type(struct call *c, const cJSON *now, const cJSON *body)
{
    const char *type = c->http->content_type;
    cJSON *next;

    if (strstr(type, "json-patch+json"))
        return json_patch(c, now, body);
    if (strstr(type, "apply-patch"))
        return apply(c, now, body);
    next = json_copy(now);
    if (strstr(type, "strategic"))
        merge_strategic(c, next, body);
    else
        json_edit_merge(next, body);
    return next;
}

/* Do two bodies name other members? Their values do not count, but those of a list of plain values
 * are its members. */
static bool names_other(const cJSON *was, const cJSON *body)
{
    if (json_is_object(was) && json_is_object(body)) {
        JSON_EACH(member, was) {
            const cJSON *same = json_key(body, member->string);

            if (!same || names_other(member, same))
                return true;
        }
        return json_count(was) != json_count(body);
    }
    if (json_is_list(was) && json_is_list(body)) {
        const cJSON *other = body->child;

        JSON_EACH(item, was) {
            if (!other ||
                (json_is_object(item) ? names_other(item, other) : !json_same(item, other)))
                return true;
            other = other->next;
        }
        return other != NULL;
    }
    return false;
}

/* What says which object it is belongs to nobody. */
static void forget_identity(cJSON *body)
{
    doc_merge(body, "{\"apiVersion\":null,\"kind\":null,\"metadata\":{\"name\":null,"
                    "\"namespace\":null,\"uid\":null,\"resourceVersion\":null}}");
}

bool patch_names_other(struct call *c, const cJSON *now)
{
    const char *text;
    struct err e = {0};
    auto_json cJSON *was = NULL, *body = NULL;

    if (!strstr(c->http->content_type, "apply-patch") || str_equal(c->http->method, "PUT"))
        return false;
    text = map_get(&c->v->applied, applied_key(c, now));
    if (!text)
        return true;
    was = doc_parse(text);
    body = parse_body(c, &e);
    forget_identity(was);
    forget_identity(body);
    return names_other(was, body);
}

void patch_remember(struct call *c, const cJSON *now)
{
    struct err e = {0};
    auto_json cJSON *body = parse_body(c, &e);

    free(map_put(&c->v->applied, applied_key(c, now), json_print(body)));
}

bool patch_type_known(struct call *c)
{
    const char *type = c->http->content_type;
    const bool strategic = strstr(type, "strategic") != NULL;

    if (strstr(type, "apply-patch") && str_empty(call_query(c, "fieldManager"))) {
        struct call options = *c;
        struct served_kind kind = {.group = "meta.k8s.io", .kind = "PatchOptions"};

        options.kind = &kind;
        options.name = "";
        return call_invalid(&options, "fieldManager: Required value", "");
    }
    if (str_equal(c->http->method, "PUT") || strstr(type, "json-patch+json") ||
        strstr(type, "apply-patch") ||
        (strstr(type, "merge-patch+json") && !(strategic && c->kind->flags & K_CUSTOM)))
        return true;
    return call_refuse(c, 415, "UnsupportedMediaType", "%s is not supported here", type);
}

static bool is_list_of_objects(const cJSON *body)
{
    JSON_EACH(item, body) {
        if (!json_is_object(item))
            return false;
    }
    return json_is_list(body);
}

cJSON *patch_wanted(struct call *c, const cJSON *now)
{
    struct err e = {0};
    auto_json cJSON *body = NULL;

    if (str_equal(c->http->method, "PUT"))
        return body_doc(c);
    body = parse_body(c, &e);
    if (!body)
        call_refuse_err(c, &e);
    else if (strstr(c->http->content_type, "json-patch+json") ? is_list_of_objects(body)
                                                              : json_is_object(body))
        return by_type(c, now, body);
    else
        call_refuse(c, 400, "BadRequest", "the patch has not the form of its type");
    return NULL;
}

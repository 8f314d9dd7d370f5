/* SPDX-License-Identifier: Apache-2.0 */
/* discover.c - what there is: groups, kinds, versions; as much of OpenAPI as kubectl apply asks
 * for, which is whether the server itself looks at unknown fields. */
#include "calls.h"

#include <string.h>

#define VERSION                                                                                    \
    "{\"major\":\"1\",\"minor\":\"36\",\"gitVersion\":\"v1.36.0+sluice-sim\",\"gitCommit\":\"\","  \
    "\"gitTreeState\":\"clean\",\"buildDate\":\"2026-01-01T00:00:00Z\",\"goVersion\":\"none\","    \
    "\"compiler\":\"cc\",\"platform\":\"linux/amd64\"}"

static const char verbs[] =
    "[\"create\",\"delete\",\"deletecollection\",\"get\",\"list\",\"patch\","
    "\"update\",\"watch\"]";

static bool is_first_of_group(size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (str_equal(served_kinds[k].group, served_kinds[i].group))
            return false;
    }
    return true;
}

static bool there(struct call *c, const struct served_kind *k)
{
    return kind_at(c->v, k->group, k->version, k->plural) == k;
}

static char *group_text(struct arena *a, const struct served_kind *k)
{
    const char *both = kind_api_version(k, a);

    return json_fmt(a,
                    "{'name':%q,'versions':[{'groupVersion':%q,'version':%q}],"
                    "'preferredVersion':{'groupVersion':%q,'version':%q}}",
                    k->group, both, k->version, both, k->version);
}

static void groups(struct call *c)
{
    char *out = arena_strdup(c->a, "");

    for (size_t i = 0; i < served_kind_count; i++) {
        const struct served_kind *k = &served_kinds[i];

        if (k->group[0] && is_first_of_group(i) && there(c, k))
            out = json_fmt(c->a, "%r%r%r", out, *out ? "," : "", group_text(c->a, k));
    }
    call_text(c, 200,
              json_fmt(c->a, "{'kind':'APIGroupList','apiVersion':'v1','groups':[%r]}", out));
}

/* ---- the kinds of a group -------------------------------------------------------------------- */

static char *shorts_text(struct arena *a, const struct served_kind *k)
{
    return k->shorts[0] ? json_fmt(a, "'shortNames':[%q],", k->shorts) : arena_strdup(a, "");
}

static bool in_all(const struct served_kind *k)
{
    static const char *const kinds[] = {"Pod", "Service", "Deployment", "ReplicaSet"};

    for (size_t i = 0; i < COUNT(kinds); i++) {
        if (str_equal(kinds[i], k->kind))
            return true;
    }
    return false;
}

static char *singular(struct arena *a, const struct served_kind *k)
{
    char *name = arena_strdup(a, k->kind);

    for (char *p = name; *p; p++)
        *p = (char)(*p >= 'A' && *p <= 'Z' ? *p | 0x20 : *p);
    return name;
}

static char *kind_text(struct arena *a, const struct served_kind *k)
{
    const bool namespaced = k->flags & K_NAMESPACED;
    char *out = json_fmt(
        a, "{'name':%q,'singularName':%q,'namespaced':%b,'kind':%q,%r%r'verbs':%r}", k->plural,
        singular(a, k), namespaced, k->kind, shorts_text(a, k),
        in_all(k) ? "\"categories\":[\"all\"]," : "", k->flags & K_REVIEW ? "[\"create\"]" : verbs);

    if (k->flags & K_STATUS)
        out = json_fmt(a,
                       "%r,{'name':'%s/status','singularName':'','namespaced':%b,'kind':%q,"
                       "'verbs':['get','patch','update']}",
                       out, k->plural, namespaced, k->kind);
    if (k->flags & K_SCALE)
        out = json_fmt(a,
                       "%r,{'name':'%s/scale','singularName':'','namespaced':%b,'group':"
                       "'autoscaling','version':'v1','kind':'Scale','verbs':['get','patch',"
                       "'update']}",
                       out, k->plural, namespaced);
    return out;
}

static void kinds_of(struct call *c, const char *group, const char *version)
{
    const struct served_kind *any = kind_at(c->v, group, version, NULL);
    char *out = arena_strdup(c->a, "");

    if (!any) {
        call_refuse(c, 404, "NotFound", "the server could not find the requested resource");
        return;
    }
    for (size_t i = 0; i < served_kind_count; i++) {
        const struct served_kind *k = &served_kinds[i];

        if (str_equal(k->group, group) && there(c, k))
            out = json_fmt(c->a, "%r%r%r", out, *out ? "," : "", kind_text(c->a, k));
    }
    call_text(c, 200,
              json_fmt(c->a,
                       "{'kind':'APIResourceList','apiVersion':'v1','groupVersion':%q,"
                       "'resources':[%r]}",
                       kind_api_version(any, c->a), out));
}

/* ---- OpenAPI --------------------------------------------------------------------------------- */

static char *open_path(struct arena *a, const struct served_kind *k)
{
    return k->group[0] ? arena_printf(a, "apis/%s/%s", k->group, k->version)
                       : arena_printf(a, "api/%s", k->version);
}

static void open_index(struct call *c)
{
    char *out = arena_strdup(c->a, "");

    for (size_t i = 0; i < served_kind_count; i++) {
        const char *path = open_path(c->a, &served_kinds[i]);

        if (is_first_of_group(i) && there(c, &served_kinds[i]))
            out = json_fmt(c->a, "%r%r%q:{'serverRelativeURL':'/openapi/v3/%s'}", out,
                           *out ? "," : "", path, path);
    }
    call_text(c, 200, json_fmt(c->a, "{'paths':{%r}}", out));
}

static char *open_kind(struct arena *a, const struct served_kind *k)
{
    return json_fmt(a,
                    "'/%s/%s%s/{name}':{'patch':{'parameters':[{'name':'fieldValidation',"
                    "'in':'query'}],'responses':{},'x-kubernetes-group-version-kind':"
                    "{'group':%q,'version':%q,'kind':%q}}}",
                    open_path(a, k), k->flags & K_NAMESPACED ? "namespaces/{namespace}/" : "",
                    k->plural, k->group, k->version, k->kind);
}

/* As its definition has it, for kubectl explain; "" for others. */
static char *open_schema(struct call *c, const struct served_kind *k)
{
    const struct served_object *crd = store_find(c->v, kind_named("CustomResourceDefinition"), "",
                                                 arena_printf(c->a, "%s.%s", k->plural, k->group));
    const cJSON *versions = crd ? json_at(crd->v->doc, "spec.versions") : NULL;
    const cJSON *schema =
        versions && versions->child ? json_at(versions->child, "schema.openAPIV3Schema") : NULL;
    auto_free char *text = schema ? json_print(schema) : NULL;

    if (!text)
        return arena_strdup(c->a, "");
    return json_fmt(c->a,
                    "'%s.%s.%s':{'x-kubernetes-group-version-kind':[{'group':%q,'version':%q,"
                    "'kind':%q}],%r",
                    k->group, k->version, k->kind, k->group, k->version, k->kind, text + 1);
}

static void open_group(struct call *c, const char *path)
{
    char *out = arena_strdup(c->a, ""), *schemas = out;

    for (size_t i = 0; i < served_kind_count; i++) {
        const struct served_kind *k = &served_kinds[i];

        if (!str_equal(open_path(c->a, k), path) || !there(c, k))
            continue;
        out = json_fmt(c->a, "%r%r%r", out, *out ? "," : "", open_kind(c->a, k));
        if (k->flags & K_BY_CRD)
            schemas = open_schema(c, k);
    }
    call_text(c, 200,
              json_fmt(c->a,
                       "{'openapi':'3.0.0','info':{'title':'Simulated Kubernetes','version':"
                       "'v1.36.0'},'paths':{%r},'components':{'schemas':{%r}}}",
                       out, schemas));
}

/* ---- paths ----------------------------------------------------------------------------------- */

static bool group_path(struct call *c, const char *path)
{
    const size_t group = strcspn(path, "/");
    const char *version = path[group] ? path + group + 1 : "";

    if (!*version || strchr(version, '/'))
        return false;
    kinds_of(c, arena_strndup(c->a, path, group), version);
    return true;
}

bool discover(struct call *c)
{
    const char *path = c->http->path;

    if (str_equal(path, "/version"))
        call_text(c, 200, VERSION);
    else if (str_equal(path, "/api"))
        call_text(c, 200, "{\"kind\":\"APIVersions\",\"versions\":[\"v1\"]}");
    else if (str_equal(path, "/apis"))
        groups(c);
    else if (str_equal(path, "/api/v1"))
        kinds_of(c, "", "v1");
    else if (str_equal(path, "/openapi/v3"))
        open_index(c);
    else if (strncmp(path, "/openapi/v3/", 12) == 0)
        open_group(c, path + 12);
    else if (strncmp(path, "/apis/", 6) == 0)
        return group_path(c, path + 6);
    else
        return false;
    return true;
}

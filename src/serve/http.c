/* SPDX-License-Identifier: Apache-2.0 */
/* http.c - a request: who asks, what for; and the forms of an answer. */
#include "calls.h"
#include "parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PARTS_MAX 12

/* ---- answers --------------------------------------------------------------------------------- */

void call_text(struct call *c, int code, const char *json)
{
    c->reply->code = code;
    c->reply->content_type = "application/json";
    strbuf_adds(&c->reply->body, json);
}

/* ",'details':{...}", without what is empty. */
static const char *details(struct call *c, const char *name, const char *kind, const char *causes)
{
    const char *group = *kind ? c->kind->group : "", *out = "";

    if (*name)
        out = json_fmt(c->a, "%r,'name':%q", out, name);
    if (*group)
        out = json_fmt(c->a, "%r,'group':%q", out, group);
    if (*kind)
        out = json_fmt(c->a, "%r,'kind':%q", out, kind);
    if (*causes)
        out = json_fmt(c->a, "%r,'causes':[%r]", out, causes);
    return *out ? json_fmt(c->a, ",'details':{%r}", out + 1) : "";
}

static bool refuse(struct call *c, int code, const char *reason, const char *text,
                   const char *causes)
{
    /* What was wrong with a body has no details; an object that is invalid is told by its kind. */
    const bool bare = !c->kind || code == 400 || code == 405 || code == 415 || code == 500;
    const char *kind = bare ? "" : code == 422 ? c->kind->kind : c->kind->plural;

    call_text(c, code,
              json_fmt(c->a,
                       "{'kind':'Status','apiVersion':'v1','metadata':{},'status':'Failure',"
                       "'message':%q,'reason':%q%r,'code':%d}",
                       text, reason, details(c, bare ? "" : c->name, kind, causes), code));
    return false;
}

bool call_refuse(struct call *c, int code, const char *reason, const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return refuse(c, code, reason, text, "");
}

bool call_invalid(struct call *c, const char *text, const char *causes)
{
    return refuse(c, 422, "Invalid",
                  arena_printf(c->a, "%s \"%s\" is invalid: %s", c->kind->kind, c->name, text),
                  causes);
}

bool call_conflict(struct call *c, const char *text)
{
    struct call by_kind = *c;
    struct served_kind kind = *c->kind;

    kind.plural = kind.kind;
    by_kind.kind = &kind;
    return refuse(&by_kind, 409, "Conflict", text, "");
}

bool call_refuse_err(struct call *c, const struct err *e)
{
    switch ((int)e->kind) {
    case ERR_EXISTS:
        return call_refuse(c, 409, "AlreadyExists", "%s \"%s\" already exists", c->kind->plural,
                           c->name);
    case ERR_CONFLICT:
        return call_refuse(c, 409, "Conflict", "Operation cannot be fulfilled: %s", e->text);
    case ERR_NOT_FOUND:
        return call_refuse(c, 404, "NotFound", "%s", e->text);
    default:
        return call_refuse(c, 400, "BadRequest", "%s", e->text);
    }
}

void call_version(struct call *c, int code, const struct version *v)
{
    struct version *item = (struct version *)(uintptr_t)v;

    if (view_table_wanted(c))
        call_text(c, code,
                  table_text(c->v, c->a, c->kind, &item, 1,
                             json_fmt(c->a, "{'resourceVersion':'%l'}", v->rv), true));
    else
        call_text(c, code, view_text(c->kind, c->a, v));
}

/* ---- the query ------------------------------------------------------------------------------- */

static int hex(char ch)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = ch ? strchr(digits, ch | 0x20) : NULL;

    return at ? (int)(at - digits) : -1;
}

static char *decoded(struct arena *a, const char *p, size_t len)
{
    char *out = arena_strndup(a, p, len), *to = out;

    for (size_t i = 0; i < len; i++) {
        if (p[i] == '%' && i + 2 < len + 0 && hex(p[i + 1]) >= 0 && hex(p[i + 2]) >= 0) {
            *to++ = (char)(hex(p[i + 1]) * 16 + hex(p[i + 2]));
            i += 2;
        } else {
            *to++ = p[i] == '+' ? ' ' : p[i];
        }
    }
    *to = '\0';
    return out;
}

const char *call_query(const struct call *c, const char *key)
{
    const size_t key_len = strlen(key);

    for (const char *p = c->http->query; *p;) {
        const size_t len = strcspn(p, "&");

        if (len > key_len && p[key_len] == '=' && strncmp(p, key, key_len) == 0)
            return decoded(c->a, p + key_len + 1, len - key_len - 1);
        p += len + (p[len] == '&');
    }
    return NULL;
}

/* ---- the path -------------------------------------------------------------------------------- */

static size_t split(struct arena *a, const char *path, const char *parts[static PARTS_MAX])
{
    size_t n = 0;

    for (const char *p = path; *p && n < PARTS_MAX;) {
        const size_t len = strcspn(p, "/");

        if (len)
            parts[n++] = arena_strndup(a, p, len);
        p += len + (p[len] == '/');
    }
    return n;
}

static bool is_served(const struct serve *v, const struct served_kind *k)
{
    struct arena a;
    bool there;

    if (!(k->flags & K_BY_CRD))
        return true;
    arena_init(&a);
    there = store_find(v, kind_named("CustomResourceDefinition"), "",
                       arena_printf(&a, "%s.%s", k->plural, k->group)) != NULL;
    arena_release(&a);
    return there;
}

const struct served_kind *kind_at(const struct serve *v, const char *group, const char *version,
                                  const char *plural)
{
    for (size_t i = 0; i < served_kind_count; i++) {
        const struct served_kind *k = &served_kinds[i];

        if (str_equal(k->group, group) && str_equal(k->version, version) &&
            (!plural || str_equal(k->plural, plural)) && is_served(v, k))
            return k;
    }
    return NULL;
}

/* namespaces/NS/PLURAL/NAME/SUB behind the version; a Namespace has no plural behind it. */
static bool find_target(struct call *c, const char *const *p, size_t n, const char *group,
                        const char *version)
{
    const bool in_namespace = n >= 3 && str_equal(p[0], "namespaces") &&
                              !str_equal(p[2], "status") && !str_equal(p[2], "finalize");

    if (in_namespace) {
        c->ns = p[1];
        p += 2;
        n -= 2;
    }
    c->kind = n > 0 ? kind_at(c->v, group, version, p[0]) : NULL;
    c->name = n > 1 ? p[1] : "";
    c->sub = n > 2 ? p[2] : "";
    return c->kind && n <= 3 && (!in_namespace || c->kind->flags & K_NAMESPACED);
}

static bool find_kind(struct call *c)
{
    const char *parts[PARTS_MAX];
    const size_t n = split(c->a, c->http->path, parts);

    if (n >= 3 && str_equal(parts[0], "api"))
        return find_target(c, parts + 2, n - 2, "", parts[1]);
    if (n >= 4 && str_equal(parts[0], "apis"))
        return find_target(c, parts + 3, n - 3, parts[1], parts[2]);
    return false;
}

/* ---- who asks, and what for ------------------------------------------------------------------ */

static bool has_token(const struct call *c, const char *token)
{
    return strncmp(c->http->authorization, "Bearer ", 7) == 0 &&
           str_equal(c->http->authorization + 7, token);
}

static bool known(struct call *c)
{
    c->operator= has_token(c, c->v->operator_token);
    return c->operator|| has_token(c, c->v->token) ||
           call_refuse(c, 401, "Unauthorized", "Unauthorized");
}

/* Every token may do all, whatever is asked. */
static void review(struct call *c)
{
    call_text(c, 201,
              json_fmt(c->a, "{'kind':%q,'apiVersion':%q,'metadata':{},'status':{'allowed':true}}",
                       c->kind->kind, kind_api_version(c->kind, c->a)));
}

static bool is_readable(struct call *c)
{
    return !strstr(c->http->content_type, "protobuf") || c->kind->flags & K_REVIEW ||
           call_refuse(c, 415, "UnsupportedMediaType",
                       "the simulated cluster reads JSON only: "
                       "kubectl create ... --dry-run=client -o yaml | kubectl apply -f -");
}

static bool is_watch(const struct call *c)
{
    const char *watch = call_query(c, "watch");

    return watch && !str_equal(watch, "false") && !str_equal(watch, "0");
}

static void no_such_path(struct call *c)
{
    c->kind = NULL;
    c->name = "";
    call_refuse(c, 404, "NotFound", "the server could not find the requested resource");
}

static void act(struct call *c)
{
    const char *method = c->http->method;
    const bool named = *c->name;

    if (c->kind->flags & K_REVIEW)
        review(c);
    else if (str_equal(c->sub, "scale") && c->kind->flags & K_SCALE)
        scale_call(c);
    else if (*c->sub && !(str_equal(c->sub, "status") && c->kind->flags & K_STATUS))
        no_such_path(c);
    else if (str_equal(method, "GET") && is_watch(c))
        watch_begin(c);
    else if (str_equal(method, "GET"))
        (named ? read_get : read_list)(c);
    else if (str_equal(method, "POST") && !named)
        write_create(c);
    else if ((str_equal(method, "PUT") || str_equal(method, "PATCH")) && named)
        write_update(c);
    else if (str_equal(method, "DELETE"))
        write_delete(c);
    else
        call_refuse(c, 405, "MethodNotAllowed", "the server does not allow this method");
}

static void answer(struct call *c)
{
    const char *dry_run;

    if (!known(c) || discover(c) || knobs(c))
        return;
    if (!find_kind(c)) {
        call_refuse(c, 404, "NotFound", "the server could not find the requested resource");
        return;
    }
    dry_run = call_query(c, "dryRun");
    c->dry_run = !str_empty(dry_run);
    if (is_readable(c))
        act(c);
}

void http_request(const struct server_request *req, struct server_reply *reply, void *arg)
{
    struct arena a;
    struct call c = {
        .v = arg, .a = &a, .http = req, .reply = reply, .ns = "", .name = "", .sub = ""};

    arena_init(&a);
    answer(&c);
    arena_release(&a);
}

void http_alive(const struct server_request *req, struct server_reply *reply, void *arg)
{
    (void)req;
    (void)arg;
    strbuf_adds(&reply->body, "ok");
}

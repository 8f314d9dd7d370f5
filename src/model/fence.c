/* SPDX-License-Identifier: Apache-2.0 */
/* fence.c - the flight record: what is stable, whatever else is written elsewhere. */
#include "read.h"
#include "sluice/base/clock.h"
#include "sluice/json/jfmt.h"
#include "sluice/model/rollout.h"

#include <string.h>

/* The digest is that of the template at hand, not the one written: a record of an older Sluice
 * with another way of hashing must not look like a change. */
static const char *read_template(struct arena *a, struct jslice tmpl, const cJSON *side,
                                 const char **digest)
{
    const struct pod_template *t = template_intern(a, tmpl);

    *digest = t->raw ? t->digest : read_str(a, side, "digest");
    return t->raw;
}

static void read_stable(struct arena *a, const cJSON *o, const char *text, struct record *out)
{
    const cJSON *s = json_key(o, "stable");

    out->stable_revision = read_str(a, s, "revision");
    out->stable_name = read_str(a, s, "name");
    out->stable_number = json_i64(s, "deploymentRevision", 0);
    out->stable_min_ready = read_i32(s, "minReadySeconds", 0);
    out->stable_template =
        read_template(a, json_slice(text, strlen(text), "stable.template"), s, &out->stable_digest);
}

static void read_previous(struct arena *a, const cJSON *o, const char *text, struct record *out)
{
    const cJSON *p = json_key(o, "previous");

    out->previous = read_str(a, p, "revision");
    if (!out->previous)
        return;
    out->previous_number = json_i64(p, "deploymentRevision", 0);
    out->previous_template = read_template(a, json_slice(text, strlen(text), "previous.template"),
                                           p, &out->previous_digest);
}

static const char *const *read_names(struct arena *a, const cJSON *list, size_t *count)
{
    const char **names = ARENA_ARRAY(a, const char *, json_count(list) + 1);

    *count = 0;
    JSON_EACH(item, list) {
        if (json_str(item, ""))
            names[(*count)++] = read_str(a, item, "");
    }
    return names;
}

static void read_routes(struct arena *a, const cJSON *list, struct record *out)
{
    struct flown_route *routes = ARENA_ARRAY(a, struct flown_route, json_count(list) + 1);

    out->routes = routes;
    JSON_EACH(item, list) {
        struct flown_route *r = &routes[out->route_count];

        *r = (struct flown_route){
            .traffic = {.router = read_str(a, item, "router"),
                        .kind = json_str(item, "kind") ? read_str(a, item, "kind") : "HTTPRoute",
                        .name = read_str(a, item, "name"),
                        .settle_ms = json_i64(item, "settleMs", -1)},
            .stable = read_str(a, item, "stable"),
            .canary = read_str(a, item, "canary"),
            .rest = read_str(a, item, "rest"),
        };
        r->traffic.rules = read_names(a, json_key(item, "rules"), &r->traffic.rule_count);
        if (r->traffic.router && r->traffic.name && r->stable)
            out->route_count++;
    }
}

bool record_read(struct arena *a, const char *text, struct record *out)
{
    struct err e = {0};
    auto_json cJSON *doc = text ? json_parse(text, strlen(text), &e) : NULL;
    struct record r = {0};

    if (!json_str(doc, "stable.revision") || !json_at(doc, "stable.template.spec"))
        return false;
    read_stable(a, doc, text, &r);
    read_previous(a, doc, text, &r);
    r.history = read_names(a, json_key(doc, "history"), &r.history_count);
    r.committed_ms = read_time(doc, "committedAt");
    read_routes(a, json_key(doc, "routes"), &r);
    *out = r;
    return true;
}

static void write_previous(struct strbuf *out, const struct record *r)
{
    if (!r->previous)
        return;
    json_fmt_to(out,
                ",'previous':{'revision':%q,'digest':%q,'deploymentRevision':%l,'template':%r}",
                r->previous, r->previous_digest, r->previous_number,
                r->previous_template ? r->previous_template : "null");
}

static void write_names(struct strbuf *out, const char *const *names, size_t count)
{
    strbuf_addc(out, '[');
    for (size_t i = 0; i < count; i++)
        json_fmt_to(out, "%r%q", i ? "," : "", names[i]);
    strbuf_addc(out, ']');
}

static void write_route(struct strbuf *out, const struct flown_route *r)
{
    json_fmt_to(out, "{'router':%q,'kind':%q,'name':%q,'settleMs':%l,'stable':%q,'canary':%q,",
                r->traffic.router, r->traffic.kind, r->traffic.name, r->traffic.settle_ms,
                r->stable, r->canary);
    if (r->rest)
        json_fmt_to(out, "'rest':%q,", r->rest);
    strbuf_adds(out, "\"rules\":");
    write_names(out, r->traffic.rules, r->traffic.rule_count);
    strbuf_addc(out, '}');
}

char *record_write(struct arena *a, const struct record *r)
{
    auto_strbuf struct strbuf out = {.max = SIZE_MAX / 2};
    char at[TIME_TEXT_MAX];

    json_fmt_to(&out,
                "{'stable':{'revision':%q,'name':%q,'digest':%q,'deploymentRevision':%l,"
                "'minReadySeconds':%d,'template':%r}",
                r->stable_revision, r->stable_name, r->stable_digest, r->stable_number,
                (int)r->stable_min_ready, r->stable_template ? r->stable_template : "null");
    write_previous(&out, r);
    if (r->committed_ms) {
        time_format_micro(r->committed_ms, at);
        json_fmt_to(&out, ",'committedAt':%q", at);
    }
    strbuf_adds(&out, ",\"history\":");
    write_names(&out, r->history, r->history_count);
    strbuf_adds(&out, ",\"routes\":[");
    for (size_t i = 0; i < r->route_count; i++) {
        strbuf_adds(&out, i ? "," : "");
        write_route(&out, &r->routes[i]);
    }
    strbuf_adds(&out, "]}");
    return arena_strndup(a, strbuf_str(&out), out.len);
}

struct fence *fence_read(struct arena *a, const cJSON *o, const char *raw UNUSED, size_t len UNUSED)
{
    struct fence *f = ARENA_NEW(a, struct fence);

    meta_read(a, o, &f->meta);
    JSON_EACH(ref, json_at(o, "metadata.ownerReferences")) {
        if (!f->deployment_uid && str_equal(json_str(ref, "kind"), "Deployment"))
            f->deployment_uid = read_str(a, ref, "uid");
    }
    f->readable = record_read(a, annotation(o, ANNOTATION_RECORD), &f->record);
    return f;
}

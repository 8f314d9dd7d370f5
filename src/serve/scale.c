/* SPDX-License-Identifier: Apache-2.0 */
/* scale.c - the subresource: how many, and nothing else. */
#include "calls.h"

#include <stdlib.h>
#include <string.h>

/* "app=web,tier=x", as an autoscaler wants it. */
static char *selector_text(struct arena *a, const cJSON *labels)
{
    char *out = arena_strdup(a, "");

    JSON_EACH(label, labels)
        out =
            arena_printf(a, "%s%s%s=%s", out, *out ? "," : "", label->string, json_str(label, ""));
    return out;
}

static char *scale_text(struct arena *a, const cJSON *doc)
{
    return json_fmt(a,
                    "{'kind':'Scale','apiVersion':'autoscaling/v1','metadata':{'name':%q,"
                    "'namespace':%q,'uid':%q,'resourceVersion':%q,'creationTimestamp':%q},"
                    "'spec':%r,'status':{'replicas':%l,'selector':%q}}",
                    json_str(doc, "metadata.name"), json_str(doc, "metadata.namespace"),
                    json_str(doc, "metadata.uid"), json_str(doc, "metadata.resourceVersion"),
                    json_str(doc, "metadata.creationTimestamp"),
                    json_i64(doc, "spec.replicas", 1)
                        ? json_fmt(a, "{'replicas':%l}", json_i64(doc, "spec.replicas", 1))
                        : "{}",
                    json_i64(doc, "status.replicas", 0),
                    selector_text(a, json_at(doc, "spec.selector.matchLabels")));
}

static void write_scale(struct call *c, const cJSON *now)
{
    auto_json cJSON *scale = doc_parse(scale_text(c->a, now));
    auto_json cJSON *wanted = patch_wanted(c, scale);
    const char *rv = wanted ? json_str(wanted, "metadata.resourceVersion") : NULL;
    cJSON *next;

    if (!wanted)
        return;
    if (json_i64(wanted, "spec.replicas", 0) < 0) {
        struct served_kind kind = {.group = "autoscaling", .kind = "Scale"};

        c->kind = &kind;
        call_invalid(c, "spec.replicas: must be greater than or equal to 0", "");
        return;
    }
    next = json_copy(now);
    doc_merge(next,
              json_fmt(c->a, "{'spec':{'replicas':%l}}", json_i64(wanted, "spec.replicas", 0)));
    if (!str_empty(rv))
        doc_merge(next, json_fmt(c->a, "{'metadata':{'resourceVersion':%q}}", rv));
    c->sub = "";
    write_next(c, now, next);
    if (c->reply->code != 200)
        return;
    strbuf_reset(&c->reply->body);
    call_text(c, 200, scale_text(c->a, stored_doc(c->v, c->kind, c->ns, c->name)));
}

void scale_call(struct call *c)
{
    const cJSON *now = stored_doc(c->v, c->kind, c->ns, c->name);

    if (!now)
        call_refuse(c, 404, "NotFound", "%s \"%s\" not found", c->kind->plural, c->name);
    else if (str_equal(c->http->method, "GET"))
        call_text(c, 200, scale_text(c->a, now));
    else
        write_scale(c, now);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "event_text.h"
#include "sluice/base/clock.h"
#include "sluice/base/utf8.h"
#include "sluice/json/jfmt.h"

#include <string.h>

#define NAME_MAX_BYTES 253 /* of any Kubernetes object */
#define UNIQUE_DIGITS  16

char *event_cut(struct arena *a, const char *s, size_t max)
{
    const size_t len = s ? strlen(s) : 0;
    size_t n = 0;

    while (n < len) {
        const size_t step = utf8_char(s + n, len - n);
        if (n + (step ? step : 1) > max)
            break;
        n += step ? step : 1;
    }
    return arena_strndup(a, s ? s : "", n);
}

char *event_name(struct arena *a, const char *object, uint64_t unique)
{
    char *base = event_cut(a, object, NAME_MAX_BYTES - UNIQUE_DIGITS - 1);

    for (size_t len = strlen(base); len > 0 && (base[len - 1] == '-' || base[len - 1] == '.');)
        base[--len] = '\0';
    return arena_printf(a, "%s.%016llx", base[0] ? base : "event", (unsigned long long)unique);
}

const char *event_namespace(const struct kube_ref *regarding)
{
    return str_empty(regarding->namespace) ? "default" : regarding->namespace;
}

char *event_key(struct arena *a, const struct event_text *t)
{
    const struct kube_ref *r = &t->regarding;

    /* Unit separators: no part can hold one. */
    return arena_printf(a, "%s\x1f%s\x1f%s\x1f%s\x1f%d\x1f%s\x1f%s\x1f%s", r->kind ? r->kind : "",
                        r->namespace ? r->namespace : "", r->name ? r->name : "",
                        r->uid ? r->uid : "", (int)t->type, t->reason, t->action, t->note);
}

/* Members that are not known are left out: the API takes no empty uid. */
static void add_member(struct strbuf *b, const char *key, const char *value)
{
    if (!str_empty(value))
        json_fmt_to(b, b->p[b->len - 1] == '{' ? "%q:%q" : ",%q:%q", key, value);
}

static char *reference(struct arena *a, const struct kube_ref *r)
{
    auto_strbuf struct strbuf b = {.max = 4096};

    strbuf_addc(&b, '{');
    add_member(&b, "apiVersion", r->api_version);
    add_member(&b, "kind", r->kind);
    add_member(&b, "namespace", r->namespace);
    add_member(&b, "name", r->name);
    add_member(&b, "uid", r->uid);
    strbuf_addc(&b, '}');
    return arena_strdup(a, b.p);
}

char *event_create_body(struct arena *a, const struct event_text *t, const char *name,
                        const char *instance, int64_t wall_ms)
{
    char now[TIME_TEXT_MAX];

    time_format_micro(wall_ms, now);
    return json_fmt(a,
                    "{'apiVersion':'events.k8s.io/v1','kind':'Event','metadata':{'name':%q,"
                    "'namespace':%q},'eventTime':%q,'reportingController':%q,"
                    "'reportingInstance':%q,'action':%q,'reason':%q,'regarding':%r,'note':%q,"
                    "'type':%q}",
                    name, event_namespace(&t->regarding), now, EVENT_CONTROLLER, instance,
                    t->action, t->reason, reference(a, &t->regarding), t->note,
                    t->type == EVENT_WARNING ? "Warning" : "Normal");
}

char *event_series_body(struct arena *a, int64_t count, int64_t last_wall_ms)
{
    char last[TIME_TEXT_MAX];

    time_format_micro(last_wall_ms, last);
    return json_fmt(a, "{'series':{'count':%l,'lastObservedTime':%q}}", count, last);
}

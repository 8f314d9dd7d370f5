/* SPDX-License-Identifier: Apache-2.0 */
/* table.c - the routers there are, and resting values by route. */
#include "gateway.h"

#include "sluice/base/clock.h"
#include "sluice/json/jfmt.h"
#include <string.h>

/* Settle: Traefik batches changes for 2 s by default (dataplanes.md 2). */
static const struct router routers[] = {
    {
        .name = "gatewayAPI",
        .kinds = {"HTTPRoute"},
        .settle_ms = 2 * SECOND_MS,
        .settle_floor_ms = 0,
        .view = gateway_view,
        .render = gateway_render,
        .resting = gateway_resting,
        .restore = gateway_restore,
        .check = gateway_check,
    },
};

const struct router *router_find(const char *name)
{
    for (size_t i = 0; i < COUNT(routers); i++) {
        if (str_equal(routers[i].name, name))
            return &routers[i];
    }
    return NULL;
}

char *route_key(struct arena *a, const struct traffic_spec *t)
{
    return arena_printf(a, "%s/%s", t->router ? t->router : "", t->name ? t->name : "");
}

/* --- resting values ------------------------------------------------------------------------- */

struct search {
    struct arena *a;
    const char *key;
    const char *found; /* the last of that key */
    struct strbuf *others; /* members of other keys, joined; or NULL */
};

static bool each_resting(struct jslice item, void *arg)
{
    struct search *s = arg;
    const struct jslice route = json_slice(item.p, item.len, "route");
    auto_strbuf struct strbuf quoted = {.max = 4096};

    json_quote(&quoted, s->key);
    if (route.p && route.len == quoted.len && memcmp(route.p, quoted.p, quoted.len) == 0) {
        s->found = arena_strndup(s->a, item.p, item.len);
    } else if (s->others) {
        if (s->others->len)
            strbuf_addc(s->others, ',');
        strbuf_add(s->others, item.p, item.len);
    }
    return true;
}

/* Records come back from annotations: anything may stand there. */
static bool is_array(const char *text)
{
    auto_json cJSON *doc = str_empty(text) ? NULL : json_parse(text, strlen(text), NULL);

    return doc && json_slice(text, strlen(text), "").p[0] == '[';
}

const char *resting_find(struct arena *a, const char *routes_raw, const struct traffic_spec *t)
{
    struct search s = {.a = a, .key = route_key(a, t)};

    if (is_array(routes_raw))
        json_slice_each(json_slice(routes_raw, strlen(routes_raw), ""), each_resting, &s);
    return s.found;
}

char *resting_put(struct arena *a, const char *routes_raw, const struct traffic_spec *t,
                  const char *resting)
{
    auto_strbuf struct strbuf others = {.max = SIZE_MAX / 2};
    struct search s = {.a = a, .key = route_key(a, t), .others = &others};

    if (is_array(routes_raw))
        json_slice_each(json_slice(routes_raw, strlen(routes_raw), ""), each_resting, &s);
    return arena_printf(a, "[%s%s%s]", strbuf_str(&others), others.len ? "," : "", resting);
}

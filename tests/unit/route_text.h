/* SPDX-License-Identifier: Apache-2.0 */
/* route_text.h - HTTPRoutes written as text, and what the router makes of them. */
#ifndef SLUICE_TESTS_UNIT_ROUTE_TEXT_H
#define SLUICE_TESTS_UNIT_ROUTE_TEXT_H

#include "json_patch.h"
#include "sluice/route/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct arena arena;
static const struct traffic_spec all_rules = {
    .router = "gatewayAPI", .kind = "HTTPRoute", .name = "web"};
#define HEAD                                                                                       \
    "{\"kind\":\"HTTPRoute\",\"metadata\":{\"name\":\"web\",\"namespace\":\"shop\",\"uid\":\"u-"   \
    "1\","                                                                                         \
    "\"resourceVersion\":\"77\",\"generation\":7},"
#define PARENTS      "\"parentRefs\":[{\"name\":\"edge\"}]"
#define RULES(rules) HEAD "\"spec\":{" PARENTS ",\"rules\":[" rules "]}}"
#define WEB          "{\"name\":\"web\",\"port\":80,\"weight\":1}"

static inline const struct route *read_route(const char *text)
{
    struct err e = {0};
    auto_json cJSON *doc = json_parse(text, strlen(text), &e);

    if (!doc)
        fail_msg("%s: %s", e.text, text);
    return route_read(&arena, doc, text, strlen(text));
}

static inline struct route_view view(const char *text, const struct traffic_spec *t)
{
    struct route_view v;

    router_find("gatewayAPI")->view(&arena, read_route(text), t, "web", "web-canary", &v);
    return v;
}

static inline const char *render(const char *text, const struct traffic_spec *t, int weight)
{
    return router_find("gatewayAPI")
        ->render(&arena, read_route(text), t, "web", "web-canary", weight);
}

static inline const char *resting(const char *text, const struct traffic_spec *t)
{
    return router_find("gatewayAPI")->resting(&arena, read_route(text), t, "web", "web-canary");
}

static inline const char *restore(const char *text, const struct traffic_spec *t, const char *rest)
{
    return router_find("gatewayAPI")
        ->restore(&arena, read_route(text), t, "web", "web-canary", rest);
}

/* The route after its canary has got `weight`. */
static inline const char *weighed(const char *text, const struct traffic_spec *t, int weight)
{
    const char *patch = render(text, t, weight);
    const char *now = patch ? apply_patch(&arena, text, patch) : text;

    if (!now)
        fail_msg("cannot be applied: %s", patch);
    assert_int_equal(view(now, t).weight, weight);
    return now;
}

static inline const char *rested(const char *text, const struct traffic_spec *t, const char *rest)
{
    const char *patch = restore(text, t, rest);

    return patch ? apply_patch(&arena, text, patch) : text;
}

static inline void assert_findings(const char *text, const struct traffic_spec *t, size_t count,
                                   const char *path, const char *value, const char *message)
{
    const struct finding *f = NULL;
    const size_t n =
        router_find("gatewayAPI")
            ->check(&arena, text ? read_route(text) : NULL, t, 0, "web", "web-canary", &f);

    if (n != count)
        fail_msg("%zu findings, the first: %s", n, n ? f[0].message : "-");
    if (!count)
        return;
    assert_string_equal(f[0].rule, "V32");
    assert_string_equal(f[0].path, path);
    assert_string_equal(f[0].value, value);
    assert_string_equal(f[0].message, message);
    assert_false(f[0].warning);
}

#define AT "spec.strategy.canary.traffic[0].gatewayAPI"

#endif

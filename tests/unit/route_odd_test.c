/* SPDX-License-Identifier: Apache-2.0 */
/* HTTPRoutes that are not as expected: Services named twice, rules without names, entries that came
 * or went, parents of which one says no. */
#include "route_text.h"

#define CANARY(weight) "{\"name\":\"web-canary\",\"weight\":" #weight "}"
#define STABLE(weight) "{\"name\":\"web\",\"weight\":" #weight "}"

/* --- reading -------------------------------------------------------------------------------- */

static void a_service_named_twice_has_no_weight(void **state UNUSED)
{
    assert_int_equal(
        view(RULES("{\"backendRefs\":[" WEB "," CANARY(1) "," CANARY(1) "]}"), &all_rules).weight,
        -1);
    assert_int_equal(view(RULES("{\"backendRefs\":[" WEB "," WEB "]}"), &all_rules).weight, -1);
    assert_int_equal(view(RULES("{\"backendRefs\":[" STABLE(0) "]}"), &all_rules).weight, -1);
}

static void the_first_of_several_is_told(void **state UNUSED)
{
    static const char text[] =
        RULES("{\"backendRefs\":[" WEB "]},{\"backendRefs\":[" WEB ",{\"name\":\"x\"}]},{"
              "\"backendRefs\":[" WEB ",{\"name\":\"y\"}]}");

    assert_int_equal(view(text, &all_rules).third_rule, 1);
}

static struct route_view parents(const struct parent *list, size_t count)
{
    const struct route r = {
        .meta.generation = 7, .parents = list, .parent_count = count, .spec_parent_count = count};
    struct route_view v;

    router_find("gatewayAPI")->view(&arena, &r, &all_rules, "web", "web-canary", &v);
    return v;
}

/* The first that says no is quoted, by its name where it has one. */
static void the_first_refusal_is_quoted(void **state UNUSED)
{
    struct parent list[] = {
        {.parent = "edge", .observed_generation = 7, .accepted = true, .resolved = true},
        {.observed_generation = 7, .message = "no such port"},
        {.parent = "inner", .observed_generation = 7, .accepted = true},
    };
    struct route_view v = parents(list, COUNT(list));

    assert_string_equal(v.refused, "parent: no such port");
    assert_false(v.accepted || v.seen);
    v = parents(&list[2], 1);
    assert_string_equal(v.refused, "inner: ResolvedRefs is not True");
    assert_true(v.seen && !v.accepted);
    v = parents(list, 1);
    assert_null(v.refused);
    assert_true(v.seen && v.accepted);
}

/* A place that the route does not have is none of its rules. */
static void backends_of_no_rule_are_left_out(void **state UNUSED)
{
    const struct backend odd[] = {{.rule = -1, .service = "web", .weight = 1},
                                  {.rule = 1, .service = "web", .weight = 1},
                                  {.rule = 0, .service = "web", .weight = 1, .raw = "{}"}};
    struct route r = {.backends = odd, .backend_count = 2, .rule_count = 1};
    struct route_view v;

    router_find("gatewayAPI")->view(&arena, &r, &all_rules, "web", "web-canary", &v);
    assert_false(v.found);
    r.backend_count = 3;
    router_find("gatewayAPI")->view(&arena, &r, &all_rules, "web", "web-canary", &v);
    assert_true(v.found && v.weight == 0);
}

/* --- writing -------------------------------------------------------------------------------- */

/* What is as it should be is not written again. */
static void only_what_differs_is_written(void **state UNUSED)
{
    const char *half = RULES("{\"backendRefs\":[" STABLE(50) "," CANARY(10) "]}");
    const char *patch = render(half, &all_rules, 50);

    assert_non_null(strstr(patch, "backendRefs/1/weight\",\"value\":50"));
    assert_null(strstr(patch, "backendRefs/0/weight"));
    half = RULES("{\"backendRefs\":[" STABLE(10) "," CANARY(50) "]}");
    patch = render(half, &all_rules, 50);
    assert_non_null(strstr(patch, "backendRefs/0/weight\",\"value\":50"));
    assert_null(strstr(patch, "backendRefs/1/weight"));
}

/* More than a patch may be: nothing is written rather than a part of it. */
static void a_patch_that_is_too_long_is_none(void **state UNUSED)
{
    const size_t half = 2500000;
    char *text = arena_alloc(&arena, half + 1);
    const char *rule;

    memset(text, 'x', half);
    text[half] = '\0';
    rule = arena_printf(
        &arena, "{\"backendRefs\":[{\"name\":\"web\",\"port\":80,\"filters\":[\"%s\"]}]}", text);
    assert_non_null(render(arena_printf(&arena, RULES("%s"), rule), &all_rules, 50));
    assert_null(render(arena_printf(&arena, RULES("%s,%s"), rule, rule), &all_rules, 50));
}

/* --- back ----------------------------------------------------------------------------------- */

#define REST(rules) "{\"canary\":false,\"rules\":[" rules "]}"

/* Rules came or went: what all that are recorded have in common is true of each; else all weight
 * rests on stable. */
static void rules_that_cannot_be_told_apart(void **state UNUSED)
{
    static const struct {
        const char *rest, *stable;
    } rows[] = {
        {REST("{\"stable\":{\"weight\":3}},{\"stable\":{\"weight\":3}}"), "3"},
        {REST("{\"stable\":{\"weight\":3}},{\"stable\":{\"weight\":4}}"), "1"},
        {REST("{\"stable\":{\"weight\":3}},{\"stable\":{\"weight\":3},\"canary\":{}}"), "1"},
        {REST("{\"stable\":{\"weight\":3},\"canary\":{\"weight\":1}},{\"stable\":{\"weight\":3},"
              "\"canary\":{\"weight\":2}}"),
         "1"},
        {REST(""), "1"},
    };
    const char *now = weighed(RULES("{\"backendRefs\":[" WEB "]}"), &all_rules, 25);

    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *want = arena_printf(
            &arena, RULES("{\"backendRefs\":[{\"name\":\"web\",\"port\":80,\"weight\":%s}]}"),
            rows[i].stable);

        assert_string_equal(rested(now, &all_rules, rows[i].rest), want);
    }
}

/* As many as there were, and another name in this place, or none: it is another rule. */
static void a_rule_that_lost_its_name(void **state UNUSED)
{
    static const char *const rows[] = {RULES("{\"backendRefs\":[" WEB "]}"),
                                       RULES("{\"name\":\"b\",\"backendRefs\":[" WEB "]}")};
    const char *lost = REST("{\"name\":\"a\",\"stable\":{\"weight\":3}}");

    for (size_t i = 0; i < COUNT(rows); i++)
        assert_string_equal(rested(weighed(rows[i], &all_rules, 25), &all_rules, lost), rows[i]);
}

/* Nothing is known of it, and no request reaches it: stable has them again. */
static void a_rule_without_any_weight(void **state UNUSED)
{
    assert_string_equal(rested(RULES("{\"backendRefs\":[" STABLE(0) "]}"), &all_rules, NULL),
                        RULES("{\"backendRefs\":[" STABLE(1) "]}"));
}

/* --- check ------------------------------------------------------------------------------------ */

static void what_else_cannot_be_used(void **state UNUSED)
{
    static const char *const names[] = {"chekout"};
    const struct traffic_spec some = {
        .router = "gatewayAPI", .name = "web", .rules = names, .rule_count = 1};

    assert_findings(
        RULES("{\"backendRefs\":[" WEB "]},{\"name\":\"checkout\",\"backendRefs\":[" WEB "]}"),
        &some, 1, AT ".rules[0]", "chekout",
        "no rule of HTTPRoute web that has backends bears this name: correct it (did "
        "you mean \"checkout\"?)");
    assert_findings(RULES("{\"backendRefs\":[" WEB "," CANARY(1) "," CANARY(1) "]}"), &all_rules, 1,
                    AT ".name", "web",
                    "spec.rules[0] of HTTPRoute web names Service web-canary more than once, so "
                    "the choice is not clear: leave one entry, or set rules to other rules");
    assert_findings(RULES("{\"backendRefs\":[" WEB ",{\"kind\":\"Bucket\",\"name\":\"x\",\"group\":"
                          "\"aws\",\"weight\":20}]}"),
                    &all_rules, 1, AT ".name", "web",
                    "in spec.rules[0] of HTTPRoute web another backend has weight 20 and its share "
                    "would move: take it out, or set rules to other rules");
}

static int release(void **state UNUSED)
{
    arena_release(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_service_named_twice_has_no_weight),
        cmocka_unit_test(the_first_of_several_is_told),
        cmocka_unit_test(the_first_refusal_is_quoted),
        cmocka_unit_test(backends_of_no_rule_are_left_out),
        cmocka_unit_test(only_what_differs_is_written),
        cmocka_unit_test(a_patch_that_is_too_long_is_none),
        cmocka_unit_test(rules_that_cannot_be_told_apart),
        cmocka_unit_test(a_rule_that_lost_its_name),
        cmocka_unit_test(a_rule_without_any_weight),
        cmocka_unit_test(what_else_cannot_be_used),
    };

    return cmocka_run_group_tests(tests, NULL, release);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* HTTPRoute: what is read, what is written, and that it comes back byte for byte. */
#include "route_text.h"

/* Out and back through several weights gives the very bytes. */
static void assert_round_trip(const char *text, const struct traffic_spec *t)
{
    const char *rest = resting(text, t), *now = text;
    static const int weights[] = {5, 25, 50, 100, 0};

    for (size_t i = 0; i < COUNT(weights); i++)
        now = weighed(now, t, weights[i]);
    assert_string_equal(rested(now, t, rest), text);
    assert_null(restore(text, t, rest)); /* at rest there is nothing to do */
}

/* --- reading -------------------------------------------------------------------------------- */

static void the_table_knows_its_routers(void **state UNUSED)
{
    assert_non_null(router_find("gatewayAPI"));
    assert_string_equal(router_find("gatewayAPI")->kinds[0], "HTTPRoute");
    assert_int_equal(router_find("gatewayAPI")->settle_ms, 2000);
    assert_null(router_find("istio"));
    assert_null(router_find(NULL));
}

static void weights_are_read_as_shares(void **state UNUSED)
{
    static const struct {
        const char *refs;
        int weight;
        bool canary;
    } cases[] = {
        {WEB, 0, false},
        {"{\"name\":\"web\",\"port\":80}", 0, false},
        {WEB ",{\"name\":\"web-canary\",\"weight\":0}", 0, true},
        {WEB ",{\"name\":\"web-canary\",\"weight\":1}", 50, true},
        {WEB ",{\"name\":\"web-canary\"}", 50, true},
        {"{\"name\":\"web\",\"weight\":3},{\"name\":\"web-canary\",\"weight\":1}", 25, true},
        {"{\"name\":\"web\",\"weight\":0},{\"name\":\"web-canary\",\"weight\":100}", 100, true},
        {"{\"name\":\"web\",\"weight\":2},{\"name\":\"web-canary\",\"weight\":1}", -1, true},
        {"{\"name\":\"web\",\"weight\":0},{\"name\":\"web-canary\",\"weight\":0}", -1, true},
        {"{\"name\":\"web\",\"weight\":0}", -1, false},
        {WEB "," WEB, -1, false},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *text = arena_printf(&arena, RULES("{\"backendRefs\":[%s]}"), cases[i].refs);
        const struct route_view v = view(text, &all_rules);

        assert_true(v.found);
        assert_int_equal(v.weight, cases[i].weight);
        assert_int_equal(v.canary_present, cases[i].canary);
        assert_int_equal(v.third_rule, -1);
    }
}

static void rules_that_differ_have_no_weight(void **state UNUSED)
{
    const char *text =
        RULES("{\"backendRefs\":[" WEB "]},{\"backendRefs\":[" WEB ",{\"name\":\"web-canary\"}]}");

    assert_int_equal(view(text, &all_rules).weight, -1);
    assert_int_equal(view(weighed(text, &all_rules, 25), &all_rules).weight, 25);
}

static void names_choose_rules(void **state UNUSED)
{
    static const char *const names[] = {"checkout"};
    const struct traffic_spec one = {
        .router = "gatewayAPI", .name = "web", .rules = names, .rule_count = 1};
    const char *text = RULES("{\"name\":\"other\",\"backendRefs\":[" WEB "]},"
                             "{\"backendRefs\":[" WEB "]},"
                             "{\"name\":\"checkout\",\"backendRefs\":[" WEB "]}");
    const char *now = weighed(text, &one, 25);

    assert_non_null(
        strstr(now, "\"other\",\"backendRefs\":[" WEB "]},{\"backendRefs\":[" WEB "]}"));
    assert_round_trip(text, &one);
    assert_round_trip(text, &all_rules);
    assert_false(view(RULES("{\"name\":\"other\",\"backendRefs\":[" WEB "]}"), &one).found);
}

static void a_third_backend_with_a_weight_is_seen(void **state UNUSED)
{
    assert_int_equal(view(RULES("{\"backendRefs\":[{\"name\":\"x\"}]},{\"backendRefs\":[" WEB
                                ",{\"name\":\"x\",\"weight\":2}]}"),
                          &all_rules)
                         .third_rule,
                     1);
    assert_int_equal(
        view(RULES("{\"backendRefs\":[" WEB ",{\"name\":\"x\",\"weight\":0}]}"), &all_rules)
            .third_rule,
        -1);
    /* Another namespace's Service of the same name is another Service. */
    assert_int_equal(
        view(RULES("{\"backendRefs\":[" WEB ",{\"name\":\"web\",\"namespace\":\"else\"}]}"),
             &all_rules)
            .third_rule,
        0);
}

static void no_route_is_no_route(void **state UNUSED)
{
    const struct router *r = router_find("gatewayAPI");
    struct route_view v = {.found = true};

    r->view(&arena, NULL, &all_rules, "web", "web-canary", &v);
    assert_false(v.found || v.accepted || v.seen);
    assert_null(r->render(&arena, NULL, &all_rules, "web", "web-canary", 5));
    assert_null(r->restore(&arena, NULL, &all_rules, "web", "web-canary", NULL));
    assert_non_null(r->resting(&arena, NULL, &all_rules, "web", "web-canary"));
    assert_false(view(HEAD "\"spec\":{}}", &all_rules).found);
    assert_false(view(HEAD "\"spec\":{\"rules\":[{}]}}", &all_rules).found);
}

/* --- acceptance ------------------------------------------------------------------------------- */

#define STATUS(parents) HEAD "\"spec\":{" PARENTS "},\"status\":{\"parents\":[" parents "]}}"
#define TWO(parents)                                                                               \
    HEAD "\"spec\":{\"parentRefs\":[{\"name\":\"a\"},{\"name\":\"b\"}]},\"status\":{\"parents\":"  \
         "[" parents "]}}"
#define COND(type, status, gen, words)                                                             \
    "{\"type\":\"" type "\",\"status\":\"" status "\",\"observedGeneration\":" gen                 \
    ",\"message\":\"" words "\"}"
#define PARENT(name, accepted, resolved, gen)                                                      \
    "{\"parentRef\":{\"name\":\"" name "\"},\"controllerName\":\"c\",\"conditions\":[" COND(       \
        "Accepted", accepted, gen, "no listener") "," COND("ResolvedRefs", resolved, gen,          \
                                                           "no such backend") "]}"

static void acceptance_is_of_this_generation(void **state UNUSED)
{
    static const struct {
        const char *text;
        bool accepted, seen;
        const char *refused;
    } cases[] = {
        {STATUS(""), false, false, NULL},
        {STATUS(PARENT("edge", "True", "True", "7")), true, true, NULL},
        {STATUS(PARENT("edge", "True", "True", "6")), false, false, NULL},
        {STATUS(PARENT("edge", "False", "True", "6")), false, false, NULL},
        {STATUS(PARENT("edge", "False", "True", "7")), false, false, "edge: no listener"},
        {STATUS(PARENT("edge", "Unknown", "True", "7")), false, false, "edge: no listener"},
        {STATUS(PARENT("edge", "True", "False", "7")), false, true, "edge: no such backend"},
        {TWO(PARENT("a", "True", "True", "7")), false, false, NULL},
        {TWO(PARENT("a", "True", "True", "7") "," PARENT("b", "True", "True", "6")), false, false,
         NULL},
        {TWO(PARENT("a", "True", "True", "7") "," PARENT("b", "True", "True", "7")), true, true,
         NULL},
        {TWO(PARENT("a", "True", "True", "7") "," PARENT("b", "False", "True", "7")), false, false,
         "b: no listener"},
        /* One that was uninstalled, or has lost the Gateway, says nothing any more. */
        {STATUS(PARENT("edge", "True", "True", "3") "," PARENT("edge", "True", "True", "7")), true,
         true, NULL},
        {STATUS(PARENT("edge", "False", "True", "3") "," PARENT("edge", "True", "True", "7")), true,
         true, NULL},
        {STATUS(PARENT("edge", "True", "True", "7") "," PARENT("edge", "False", "False", "7")),
         false, false, "edge: no listener"},
        {HEAD "\"spec\":{},\"status\":{\"parents\":[]}}", false, false,
         "the route has no parentRefs: no Gateway serves it"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct route_view v = view(cases[i].text, &all_rules);

        if (v.accepted != cases[i].accepted || v.seen != cases[i].seen ||
            !str_equal(v.refused, cases[i].refused))
            fail_msg("case %zu: accepted %d seen %d refused %s", i, v.accepted, v.seen,
                     v.refused ? v.refused : "-");
    }
}

/* --- writing ---------------------------------------------------------------------------------- */

static void the_patch_guards_and_says_little(void **state UNUSED)
{
    const char *text = RULES("{\"backendRefs\":[{\"name\":\"x\",\"weight\":0}," WEB "]}");

    assert_string_equal(
        render(text, &all_rules, 25),
        "[{\"op\":\"test\",\"path\":\"/metadata/uid\",\"value\":\"u-1\"},"
        "{\"op\":\"test\",\"path\":\"/metadata/resourceVersion\",\"value\":\"77\"},"
        "{\"op\":\"test\",\"path\":\"/spec/rules/0/backendRefs/1/name\",\"value\":\"web\"},"
        "{\"op\":\"add\",\"path\":\"/spec/rules/0/backendRefs/1/weight\",\"value\":75},"
        "{\"op\":\"add\",\"path\":\"/spec/rules/0/backendRefs/-\","
        "\"value\":{\"weight\":25,\"name\":\"web-canary\",\"port\":80}}]");
    assert_null(render(text, &all_rules, 0)); /* nothing points at the canary: nothing to write */
    assert_null(render(weighed(text, &all_rules, 25), &all_rules, 25));
    /* Somebody's entry stands where ours was: even without a version nothing is written. */
    assert_null(apply_patch(&arena, RULES("{\"backendRefs\":[" WEB ",{\"name\":\"x\"}]}"),
                            render(text, &all_rules, 25)));
}

static void another_version_refuses_the_patch(void **state UNUSED)
{
    const char *text = RULES("{\"backendRefs\":[" WEB "]}");
    const char *patch = render(text, &all_rules, 25);

    assert_non_null(apply_patch(&arena, text, patch));
    assert_null(apply_patch(&arena,
                            apply_patch(&arena, text,
                                        "[{\"op\":\"replace\",\"path\":\"/metadata/"
                                        "resourceVersion\",\"value\":\"78\"}]"),
                            patch));
}

/* The canary's entry has all that stable's has. */
static void a_copy_keeps_filters_and_unknown_fields(void **state UNUSED)
{
    const char *text = RULES(
        "{\"backendRefs\":[{\"group\":\"\",\"kind\":\"Service\",\"name\":\"web\",\"port\":8080,"
        "\"weight\":7,\"filters\":[{\"type\":\"RequestHeaderModifier\",\"requestHeaderModifier\":"
        "{\"set\":[{\"name\":\"x\",\"value\":\"\\u00e9 \\\"1e15\\\"\"}]},\"weight\":1}],"
        "\"later\":1000000000000000}]}");
    const char *now = weighed(text, &all_rules, 50);

    assert_non_null(strstr(now,
                           "\\u00e9 \\\"1e15\\\"\"}]},\"type\":\"RequestHeaderModifier\","
                           "\"weight\":1}],\"group\":\"\",\"kind\":\"Service\","
                           "\"later\":1000000000000000,\"name\":\"web-canary\",\"port\":8080}"));
    assert_round_trip(text, &all_rules);
}

static void weights_stay_in_bounds(void **state UNUSED)
{
    const char *text = RULES("{\"backendRefs\":[" WEB "]}");

    assert_int_equal(
        view(apply_patch(&arena, text, render(text, &all_rules, 1000)), &all_rules).weight, 100);
    assert_null(render(text, &all_rules, -5));
    assert_int_equal(view(apply_patch(&arena,
                                      RULES("{\"backendRefs\":[{\"name\":\"web\","
                                            "\"weight\":0}]}"),
                                      render(RULES("{\"backendRefs\":[{\"name\":\"web\","
                                                   "\"weight\":0}]}"),
                                             &all_rules, 0)),
                          &all_rules)
                         .weight,
                     0); /* never 0 and 0 */
}

/* --- rest ------------------------------------------------------------------------------------- */

static void routes_come_back_byte_for_byte(void **state UNUSED)
{
    static const char *const routes[] = {
        RULES("{\"backendRefs\":[" WEB "]}"),
        RULES("{\"backendRefs\":[{\"name\":\"web\"}]}"),
        RULES("{\"backendRefs\": [ { \"name\" : \"web\" , \"port\": 80 } ] , \"matches\":[{}]}"),
        RULES("{\"backendRefs\":[" WEB ",{\"name\":\"web-canary\",\"weight\":0}]}"),
        RULES("{\"backendRefs\":[{\"name\":\"web-canary\",\"weight\":0}," WEB "]}"),
        RULES("{\"backendRefs\":[{\"name\":\"web-canary\"},{\"name\":\"web\"}]}"),
        RULES("{\"backendRefs\":[{\"name\":\"x\",\"weight\":0}," WEB "]},{\"backendRefs\":["
              "{\"name\":\"y\"}]},{\"filters\":[]},{\"backendRefs\":[{\"name\":\"web\","
              "\"weight\":9}]}"),
        RULES("{\"name\":\"b\",\"backendRefs\":[{\"name\":\"web\",\"weight\":9}]},"
              "{\"name\":\"a\",\"backendRefs\":[" WEB "]}"),
        RULES("{\"backendRefs\":[{\"name\":\"web-canary\"}]},{\"backendRefs\":[" WEB "]}"),
    };

    for (size_t i = 0; i < COUNT(routes); i++)
        assert_round_trip(routes[i], &all_rules);
}

static void resting_values_are_as_recorded(void **state UNUSED)
{
    assert_string_equal(
        resting(RULES("{\"name\":\"a\",\"backendRefs\":[" WEB "]},{\"backendRefs\":[{\"name\":"
                      "\"web\"},{\"name\":\"web-canary\",\"weight\":0}]},{\"backendRefs\":[]}"),
                &all_rules),
        "{\"canary\":true,\"rules\":["
        "{\"name\":\"a\",\"stable\":{\"weight\":1}},"
        "{\"name\":null,\"stable\":{},\"canary\":{\"weight\":0}}]}");
}

/* A server that writes the default in makes an absent weight 1: that is rest, not work. */
static void an_absent_weight_is_one(void **state UNUSED)
{
    const char *rest =
        resting(RULES("{\"backendRefs\":[{\"name\":\"web\",\"port\":80}]}"), &all_rules);

    assert_null(restore(RULES("{\"backendRefs\":[" WEB "]}"), &all_rules, rest));
}

static void rules_are_found_again_by_name(void **state UNUSED)
{
    const char *before =
        RULES("{\"name\":\"a\",\"backendRefs\":[{\"name\":\"web\",\"weight\":2}]},"
              "{\"name\":\"b\",\"backendRefs\":[{\"name\":\"web\",\"weight\":3}]}");
    const char *turned =
        RULES("{\"name\":\"b\",\"backendRefs\":[{\"name\":\"web\",\"weight\":3}]},"
              "{\"name\":\"a\",\"backendRefs\":[{\"name\":\"web\",\"weight\":2}]}");
    const char *rest = resting(before, &all_rules);

    assert_string_equal(rested(weighed(turned, &all_rules, 50), &all_rules, rest), turned);
}

static void a_rule_that_came_in_flight_does_not_confuse(void **state UNUSED)
{
    const char *rest = resting(RULES("{\"backendRefs\":[" WEB "]}"), &all_rules);
    const char *after = RULES("{\"backendRefs\":[{\"name\":\"y\"}]},{\"backendRefs\":[" WEB "]},"
                              "{\"backendRefs\":[" WEB "]}");

    assert_string_equal(rested(weighed(after, &all_rules, 50), &all_rules, rest), after);
    assert_null(restore(after, &all_rules, rest));
}

static void what_others_took_away_stays_away(void **state UNUSED)
{
    const char *rest = resting(RULES("{\"backendRefs\":[" WEB ",{\"name\":\"web-canary\","
                                     "\"weight\":0}]}"),
                               &all_rules);

    assert_string_equal(
        rested(RULES("{\"backendRefs\":[{\"name\":\"web\",\"weight\":60}]}"), &all_rules, rest),
        RULES("{\"backendRefs\":[{\"name\":\"web\",\"weight\":1}]}"));
}

/* Our entry beside a Service that replaced stable would fail its share of requests at rest. */
static void an_orphan_goes_when_it_is_ours(void **state UNUSED)
{
    const char *mine = resting(RULES("{\"backendRefs\":[" WEB "]}"), &all_rules);
    const char *theirs = resting(RULES("{\"backendRefs\":[" WEB "]},{\"backendRefs\":[{\"name\":"
                                       "\"web-canary\"}]}"),
                                 &all_rules);
    const char *orphan = RULES("{\"backendRefs\":[{\"name\":\"web2\"},{\"name\":\"web-canary\","
                               "\"weight\":25}]}");
    const char *alone = RULES("{\"backendRefs\":[{\"name\":\"web-canary\",\"weight\":25}]}");

    assert_string_equal(rested(orphan, &all_rules, mine),
                        RULES("{\"backendRefs\":[{\"name\":\"web2\"}]}"));
    assert_null(restore(orphan, &all_rules, theirs));
    assert_null(restore(orphan, &all_rules, NULL));
    assert_null(restore(alone, &all_rules, mine)); /* an empty rule would fail all requests */
}

static void a_lost_record_rests_on_stable(void **state UNUSED)
{
    static const char *const lost[] = {NULL, "", "{}", "[]", "no JSON", "{\"rules\":7}"};
    const char *now = weighed(RULES("{\"backendRefs\":[" WEB "]}"), &all_rules, 25);
    const char *own = RULES("{\"backendRefs\":[{\"name\":\"web\",\"weight\":75},{\"name\":"
                            "\"web-canary\",\"port\":81,\"weight\":25}]}");

    for (size_t i = 0; i < COUNT(lost); i++) {
        assert_string_equal(rested(now, &all_rules, lost[i]), RULES("{\"backendRefs\":[" WEB "]}"));
        /* Not what we would have made: somebody's, and it stays, without traffic. */
        assert_string_equal(rested(own, &all_rules, lost[i]),
                            RULES("{\"backendRefs\":[{\"name\":\"web\",\"weight\":1},{\"name\":"
                                  "\"web-canary\",\"port\":81,\"weight\":0}]}"));
        assert_null(restore(RULES("{\"backendRefs\":[{\"name\":\"web\",\"weight\":5}]}"),
                            &all_rules, lost[i]));
    }
}

static void broken_weights_in_the_record_do_no_harm(void **state UNUSED)
{
    const char *now = RULES("{\"backendRefs\":[{\"name\":\"web\",\"weight\":75}]}");

    assert_string_equal(
        rested(now, &all_rules, "{\"rules\":[{\"stable\":{\"weight\":99999999999}}]}"),
        RULES("{\"backendRefs\":[{\"name\":\"web\"}]}"));
    assert_string_equal(rested(now, &all_rules, "{\"rules\":[{\"stable\":{\"weight\":-3}}]}"),
                        RULES("{\"backendRefs\":[{\"name\":\"web\"}]}"));
}

/* --- check ------------------------------------------------------------------------------------ */

static void what_cannot_be_used_says_what_to_write(void **state UNUSED)
{
    static const char *const names[] = {"chekout"};
    const struct traffic_spec one = {.router = "gatewayAPI",
                                     .kind = "HTTPRoute",
                                     .name = "web",
                                     .rules = names,
                                     .rule_count = 1};

    assert_findings(RULES("{\"backendRefs\":[" WEB "]}"), &all_rules, 0, NULL, NULL, NULL);
    assert_findings(NULL, &all_rules, 1, AT ".name", "web",
                    "HTTPRoute web does not exist: create it, or correct the name");
    assert_findings(RULES("{\"backendRefs\":[{\"name\":\"x\"}]}"), &all_rules, 1, AT ".name", "web",
                    "no rule of HTTPRoute web sends to Service web: correct name or "
                    "stableService, or add the Service to backendRefs");
    assert_findings(RULES("{\"name\":\"checkout\",\"backendRefs\":[" WEB "]}"), &one, 1,
                    AT ".rules[0]", "chekout",
                    "no rule of HTTPRoute web that has backends bears this name: correct it (did "
                    "you mean \"checkout\"?)");
    assert_findings(RULES("{\"name\":\"chekout\",\"backendRefs\":[{\"name\":\"x\"}]}"), &one, 1,
                    AT ".rules[0]", "chekout",
                    "this rule of HTTPRoute web does not send to Service web: name a rule that "
                    "does, or correct stableService");
    assert_findings(RULES("{\"backendRefs\":[" WEB ",{\"name\":\"x\",\"weight\":20}]}"), &all_rules,
                    1, AT ".name", "web",
                    "in spec.rules[0] of HTTPRoute web another backend (Service x) has weight 20 "
                    "and its share would move: take it out, or set rules to other rules");
    assert_findings(RULES("{\"name\":\"a\",\"backendRefs\":[" WEB "," WEB "]}"), &all_rules, 1,
                    AT ".name", "web",
                    "rule a of HTTPRoute web names Service web more than once, so the choice is "
                    "not clear: leave one entry, or set rules to other rules");
    assert_findings(HEAD "\"spec\":{\"rules\":[{\"backendRefs\":[" WEB "]}]}}", &all_rules, 1,
                    AT ".name", "web",
                    "HTTPRoute web has no parentRefs, so no Gateway serves it: add the Gateway");
    /* In flight it is as fine as at rest. */
    assert_findings(weighed(RULES("{\"backendRefs\":[" WEB "]}"), &all_rules, 100), &all_rules, 0,
                    NULL, NULL, NULL);
}

static void a_full_rule_has_no_room(void **state UNUSED)
{
    auto_strbuf struct strbuf refs = {.max = 4096};

    for (int i = 0; i < 15; i++)
        strbuf_addf(&refs, ",{\"name\":\"x%d\",\"weight\":0}", i);
    assert_findings(arena_printf(&arena, RULES("{\"backendRefs\":[" WEB "%s]}"), refs.p),
                    &all_rules, 1, AT ".name", "web",
                    "spec.rules[0] of HTTPRoute web has 16 backendRefs, which leaves no room for "
                    "Service web-canary: take one out");
}

static void all_faults_at_once(void **state UNUSED)
{
    static const char *const names[] = {"a", "b", "c"};
    const struct traffic_spec some = {.router = "gatewayAPI",
                                      .kind = "HTTPRoute",
                                      .name = "web",
                                      .rules = names,
                                      .rule_count = 3};
    const struct finding *f = NULL;
    const char *text = RULES("{\"name\":\"a\",\"backendRefs\":[" WEB ",{\"name\":\"x\"}]},"
                             "{\"name\":\"b\",\"backendRefs\":[{\"name\":\"x\"}]}");

    assert_int_equal(router_find("gatewayAPI")
                         ->check(&arena, read_route(text), &some, 3, "web", "web-canary", &f),
                     3);
    assert_string_equal(f[0].path, "spec.strategy.canary.traffic[3].gatewayAPI.rules[1]");
    assert_string_equal(f[1].path, "spec.strategy.canary.traffic[3].gatewayAPI.rules[2]");
    assert_string_equal(f[2].path, "spec.strategy.canary.traffic[3].gatewayAPI.name");
}

static int release(void **state UNUSED)
{
    arena_release(&arena);
    return 0;
}

#define TEST(name) cmocka_unit_test_teardown(name, release)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_table_knows_its_routers),
        TEST(weights_are_read_as_shares),
        TEST(rules_that_differ_have_no_weight),
        TEST(names_choose_rules),
        TEST(a_third_backend_with_a_weight_is_seen),
        TEST(no_route_is_no_route),
        TEST(acceptance_is_of_this_generation),
        TEST(the_patch_guards_and_says_little),
        TEST(another_version_refuses_the_patch),
        TEST(a_copy_keeps_filters_and_unknown_fields),
        TEST(weights_stay_in_bounds),
        TEST(routes_come_back_byte_for_byte),
        TEST(resting_values_are_as_recorded),
        TEST(an_absent_weight_is_one),
        TEST(rules_are_found_again_by_name),
        TEST(a_rule_that_came_in_flight_does_not_confuse),
        TEST(what_others_took_away_stays_away),
        TEST(an_orphan_goes_when_it_is_ours),
        TEST(a_lost_record_rests_on_stable),
        TEST(broken_weights_in_the_record_do_no_harm),
        TEST(what_cannot_be_used_says_what_to_write),
        TEST(a_full_rule_has_no_room),
        TEST(all_faults_at_once),
    };

    arena_init(&arena);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

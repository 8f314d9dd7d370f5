/* SPDX-License-Identifier: Apache-2.0 */
/* What no well-formed object has, and what is seldom: it is read as what it says, or left out. */
#include "../../src/model/read.h"
#include "model_lib.h"
#include "sluice/base/clock.h"
#include "sluice/json/jfmt.h"
#include "sluice/model/names.h"
#include "sluice/model/objects.h"
#include "sluice/model/reasons.h"
#include "sluice/model/rollout.h"
#include "sluice/model/template.h"
#include "sluice/model/world.h"

#include <stdio.h>

static struct arena arena;

static int setup(void **state UNUSED)
{
    arena_init(&arena);
    return 0;
}

static int teardown(void **state UNUSED)
{
    arena_release(&arena);
    return 0;
}

/* ---- records --------------------------------------------------------------------------------- */

static void names_that_are_no_text_are_left_out(void **state UNUSED)
{
    struct record r;

    assert_true(record_read(&arena,
                            "{\"stable\":{\"revision\":\"r\",\"template\":{\"spec\":{}}},"
                            "\"history\":[1,\"a\",null,\"b\"]}",
                            &r));
    assert_int_equal(r.history_count, 2);
    CHECK_TEXT(r.history[0], "a", "first");
    CHECK_TEXT(r.history[1], "b", "second");
}

static void routes_that_cannot_be_found_again_are_left_out(void **state UNUSED)
{
    struct record r;

    assert_true(record_read(
        &arena,
        "{\"stable\":{\"revision\":\"r\",\"template\":{\"spec\":{}}},\"routes\":["
        "{\"name\":\"a\",\"stable\":\"s\"},{\"router\":\"g\",\"stable\":\"s\"},"
        "{\"router\":\"g\",\"name\":\"c\"},{\"router\":\"g\",\"name\":\"d\",\"stable\":\"s\"}]}",
        &r));
    assert_int_equal(r.route_count, 1);
    CHECK_TEXT(r.routes[0].traffic.name, "d", "name");
}

/* Without a template of the one before, its digest is what was written. */
static void the_former_template_may_be_gone(void **state UNUSED)
{
    static const struct flown_route routes[] = {
        {.traffic = {.router = "g", .kind = "k", .name = "a", .settle_ms = 5}, .stable = "s"},
        {.traffic = {.router = "g", .kind = "k", .name = "b", .settle_ms = 5}, .stable = "s"}};
    const struct record r = {.stable_revision = "r",
                             .stable_template = "{\"spec\":{}}",
                             .previous = "p",
                             .previous_digest = "d",
                             .routes = routes,
                             .route_count = 2};
    struct record back;

    assert_true(record_read(&arena, record_write(&arena, &r), &back));
    CHECK_TEXT(back.previous, "p", "revision");
    CHECK_TEXT(back.previous_digest, "d", "digest");
    assert_null(back.previous_template);
    assert_int_equal(back.route_count, 2);
    CHECK_TEXT(back.routes[1].traffic.name, "b", "name");
    assert_null(back.routes[1].rest);
}

static void without_the_stable_template_it_is_no_record(void **state UNUSED)
{
    const struct record r = {.stable_revision = "r"};
    struct record back;

    assert_false(record_read(&arena, record_write(&arena, &r), &back));
}

static void of_two_owners_the_first_deployment_counts(void **state UNUSED)
{
    auto_object struct object o = object_of(
        "{\"metadata\":{\"ownerReferences\":[{\"kind\":\"Rollout\",\"uid\":\"x\"},"
        "{\"kind\":\"Deployment\",\"uid\":\"a\"},{\"kind\":\"Deployment\",\"uid\":\"b\"}]}}");

    CHECK_TEXT(fence_read(&arena, o.doc, o.text, o.len)->deployment_uid, "a", "uid");
}

/* ---- objects --------------------------------------------------------------------------------- */

/* With two, the first Deployment counts; the controller is whoever says so. */
static void of_two_deployments_a_set_has_the_first(void **state UNUSED)
{
    auto_object struct object o =
        object_of("{\"metadata\":{\"ownerReferences\":[{\"kind\":\"Rollout\",\"uid\":\"x\"},"
                  "{\"kind\":\"Deployment\",\"uid\":\"a\"},{\"kind\":\"Deployment\",\"uid\":\"b\","
                  "\"controller\":true}]}}");
    const struct replicaset *rs = replicaset_read(&arena, o.doc, o.text, o.len);

    CHECK_TEXT(rs->deployment_uid, "a", "deployment");
    CHECK_TEXT(rs->first_owner_uid, "x", "first");
    CHECK_TEXT(rs->controller_uid, "b", "controller");
}

static void a_slice_of_endpoints_without_a_name(void **state UNUSED)
{
    auto_object struct object o = object_of(
        "{\"metadata\":{\"ownerReferences\":[]},\"endpoints\":[{\"targetRef\":{\"kind\":\"Pod\"}},"
        "{\"targetRef\":{\"kind\":\"Node\",\"name\":\"n\"}},{\"targetRef\":{\"kind\":\"Pod\","
        "\"name\":\"a\"}}]}");
    const struct slice *s = slice_read(&arena, o.doc);

    assert_null(s->owner_uid);
    assert_int_equal(s->ready, 3);
    assert_int_equal(s->ready_pod_count, 1);
    CHECK_TEXT(s->ready_pods[0], "a", "pod");
}

/* A parent that says nothing of references refuses nothing. */
static void a_parent_with_one_condition(void **state UNUSED)
{
    auto_object struct object o = object_of(
        "{\"metadata\":{\"name\":\"r\"},\"spec\":{\"parentRefs\":[{\"name\":\"g\"}]},\"status\":{"
        "\"parents\":[{\"parentRef\":{\"name\":\"g\"},\"conditions\":[{\"type\":\"Accepted\","
        "\"status\":\"True\",\"message\":\"fine\"}]},{\"parentRef\":{\"name\":\"h\"}}]}}");
    const struct route *r = route_read(&arena, o.doc, o.text, o.len);

    assert_int_equal(r->parent_count, 2);
    assert_true(r->parents[0].accepted);
    assert_null(r->parents[0].message);
    assert_false(r->parents[1].accepted);
    assert_null(r->parents[1].message);
}

/* What we own ourselves, whole or as a status, is nobody else's. */
static void our_own_fields_have_no_other_manager(void **state UNUSED)
{
#define FIELDS(who) "{\"manager\":\"" who "\",\"fieldsV1\":{\"f:spec\":{\"f:selector\":{}}}}"
    auto_object struct object o = object_of("{\"metadata\":{\"managedFields\":[" FIELDS(
        "sluice") "," FIELDS("sluice-status") "," FIELDS("helm") "]}}");
    auto_object struct object ours = object_of(
        "{\"metadata\":{\"managedFields\":[" FIELDS("sluice") "," FIELDS("sluice-status") "]}}");

    CHECK_TEXT(service_read(&arena, o.doc, o.text, o.len)->selector_manager, "helm", "manager");
    assert_null(service_read(&arena, ours.doc, ours.text, ours.len)->selector_manager);
}

/* Without an end, without fields, or no list at all: nobody's. */
static void managed_fields_that_are_none(void **state UNUSED)
{
    static const char *const rows[] = {
        "{'manager':'helm'}",
        "null",
        "[{'manager':'helm'}]",
        "[{'manager':'helm','fieldsV1':{'f:spec':null}}]",
        "[helm]",
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *text =
            json_fmt(&arena, "{'metadata':{'managedFields':%r}}", json_fmt(&arena, rows[i], NULL));
        const struct jslice object = {text, strlen(text)};

        CHECK(!read_manager(&arena, object, "f:spec", false), "%s", rows[i]);
    }
}

/* A template that is null is none. */
static void templates_that_are_none(void **state UNUSED)
{
    auto_object struct object o = object_of(
        "{\"metadata\":{\"name\":\"web\"},\"spec\":{\"template\":null,\"selector\":null}}");
    const struct deployment *d = deployment_read(&arena, o.doc, o.text, o.len);
    const struct replicaset *rs = replicaset_read(&arena, o.doc, o.text, o.len);
    char digest[DIGEST_TEXT_MAX] = "x";

    assert_null(d->template_raw);
    assert_null(d->selector_raw);
    CHECK_TEXT(d->digest, "", "digest");
    assert_null(rs->template_raw);
    template_digest((struct jslice){"", 0}, digest);
    assert_int_equal(strlen(digest), DIGEST_TEXT_MAX - 1);
}

static void selectors_by_words(void **state UNUSED)
{
    static const struct {
        const char *selector;
        bool matches;
    } rows[] = {
        {"{}", true},
        {"{'matchLabels':{'app':'web'}}", true},
        {"{'matchLabels':{'zone':'a'}}", false},
        {"{'matchLabels':{'app':'db'}}", false},
        {"{'matchLabels':{'app':1}}", false},
        {"{'matchExpressions':[{'key':'app','operator':'In','values':['db','web']}]}", true},
        {"{'matchExpressions':[{'key':'app','operator':'In','values':['db']}]}", false},
        {"{'matchExpressions':[{'key':'zone','operator':'In','values':['a']}]}", false},
        {"{'matchExpressions':[{'key':'zone','operator':'NotIn','values':['a']}]}", true},
        {"{'matchExpressions':[{'key':'app','operator':'NotIn','values':['web']}]}", false},
        {"{'matchExpressions':[{'key':'app','operator':'Exists'}]}", true},
        {"{'matchExpressions':[{'key':'app','operator':'DoesNotExist'}]}", false},
        {"{'matchExpressions':[{'key':'zone','operator':'DoesNotExist'}]}", true},
        {"{'matchExpressions':[{'key':'app','operator':'Near'}]}", false},
    };
    static const struct pair labels[] = {{"app", "web"}};

    for (size_t i = 0; i < COUNT(rows); i++) {
        auto_object struct object o = object_of(json_fmt(&arena, rows[i].selector, NULL));

        CHECK(label_selector_matches(o.doc, labels, 1) == rows[i].matches, "%s", rows[i].selector);
    }
    assert_false(label_selector_matches(NULL, labels, 1));
}

/* A selector of more than pairs is not understood, and so selects nothing. */
static void what_is_not_understood_selects_nothing(void **state UNUSED)
{
    static const struct pair labels[] = {{"app", "web"}};
    static const struct deployment d = {.template_labels = labels, .template_label_count = 1};
    struct service s = {.selector = {.pairs = labels, .count = 1, .present = true}};

    assert_true(service_selects(&s, &d));
    s.selector.complex = true;
    assert_false(service_selects(&s, &d));
}

/* ---- names and words ------------------------------------------------------------------------- */

/* A name is cut before a dot or a dash, and what is nothing else is cut away. */
static void long_names_are_cut_at_a_word(void **state UNUSED)
{
    static const char signs[] = ".-";
    char text[301];

    for (size_t i = 0; i < 2; i++) {
        for (int keep = NAME_MAX_LEN - 20; keep < NAME_MAX_LEN; keep++) {
            memset(text, 'a', 300);
            text[300] = '\0';
            memset(text + keep, signs[i], 10);
            const char *name = name_join(&arena, text, "x"), *cut = strrchr(name, '-');
            CHECK(strlen(name) <= NAME_MAX_LEN, "%s", name);
            CHECK(cut > name && cut[-1] != '.' && cut[-1] != '-', "%d: %s", keep, name);
        }
        memset(text, signs[i], 300);
        CHECK(name_join(&arena, text, "x")[0] == '-', "nothing is kept");
        assert_true(strlen(name_join(&arena, text, "x")) < 20);
    }
}

static void words_of_what_is_out_of_range_are_empty(void **state UNUSED)
{
    CHECK_TEXT(reason_remedy((enum reason)9999), "", "reason");
    CHECK_TEXT(reason_name((enum reason)9999), "", "reason");
    CHECK_TEXT(strategy_name((enum strategy)9999), "", "strategy");
    CHECK_TEXT(verdict_name((enum verdict)9999), "", "verdict");
    CHECK_TEXT(verb_name((enum verb)9999), "", "verb");
}

/* ---- templates ------------------------------------------------------------------------------- */

static const char *digest(const char *text)
{
    char out[DIGEST_TEXT_MAX];

    template_digest((struct jslice){text, strlen(text)}, out);
    return arena_strdup(&arena, out);
}

/* One spelling of a character is another's identity, and no character hides what follows it. */
static void templates_are_the_same_in_any_spelling(void **state UNUSED)
{
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        {"{\"a\":\"\\ue000\"}", "{\"a\":\"\xee\x80\x80\"}", true},
        {"{\"a\":\"\\ud83d\\ude00\"}", "{\"a\":\"\xf0\x9f\x98\x80\"}", true},
        {"{\"a\":\"\\u0041\\/\"}", "{\"a\":\"A/\"}", true},
        {"{\"a\":\"x\\u0000y\"}", "{\"a\":\"x\\u0000z\"}", false},
        {"{\"a\":\"x\\u0000y\"}", "{\"a\":\"x\"}", false},
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(str_equal(digest(rows[i].a), digest(rows[i].b)) == rows[i].same, "%s and %s",
              rows[i].a, rows[i].b);
}

/* ---- objects --------------------------------------------------------------------------------- */

static void labels_that_are_no_labels_are_left_out(void **state UNUSED)
{
    auto_object struct object o = object_of("{\"metadata\":{\"name\":\"a\",\"labels\":[\"b\"]}}");
    auto_object struct object mixed =
        object_of("{\"metadata\":{\"labels\":{\"a\":1,\"b\":\"c\"}},\"spec\":{}}");

    assert_int_equal(service_read(&arena, o.doc, o.text, o.len)->meta.label_count, 0);
    assert_int_equal(service_read(&arena, mixed.doc, mixed.text, mixed.len)->meta.label_count, 1);
}

static void a_status_without_its_text_is_read_too(void **state UNUSED)
{
    auto_object struct object o =
        object_of("{\"spec\":{},\"status\":{\"display\":{\"status\":\"Holding\"},\"later\":1}}");
    const struct rollout *r = rollout_read(&arena, o.doc, NULL, 0);

    CHECK_TEXT(r->status.display.status, "Holding", "status");
}

static const char *why_a_pod_waits(const char *status)
{
    auto_object struct object o = object_of(arena_printf(&arena, "{\"status\":{%s}}", status));

    return pod_read(&arena, o.doc)->waiting_reason;
}

#define WAITING(list, why) "\"" list "\":[{\"state\":{\"waiting\":{\"reason\":\"" why "\"}}}]"

/* What each pod passes through is no reason; of two, that of what has to come first. */
static void why_a_pod_waits_is_told(void **state UNUSED)
{
    assert_null(why_a_pod_waits(WAITING("containerStatuses", "ContainerCreating")));
    assert_null(why_a_pod_waits(WAITING("containerStatuses", "PodInitializing")));
    CHECK_TEXT(why_a_pod_waits(WAITING("containerStatuses", "ErrImagePull")), "ErrImagePull", "");
    CHECK_TEXT(why_a_pod_waits(WAITING("initContainerStatuses", "CrashLoopBackOff") "," WAITING(
                   "containerStatuses", "ErrImagePull")),
               "CrashLoopBackOff", "init");
}

/* Only a Service of the route's own namespace is ours to shift. */
static void backends_that_are_not_ours_have_no_service(void **state UNUSED)
{
    static const struct {
        const char *ref, *service;
    } rows[] = {{"'name':'a'", "a"},
                {"'name':'a','kind':'Service','group':''", "a"},
                {"'name':'a','kind':'Bucket'", NULL},
                {"'name':'a','group':'x.io'", NULL},
                {"'name':'a','namespace':'shop'", "a"},
                {"'name':'a','namespace':'other'", NULL}};

    for (size_t i = 0; i < COUNT(rows); i++) {
        auto_object struct object o = object_of(
            json_fmt(&arena,
                     "{'metadata':{'namespace':'shop','name':'r'},'spec':{'rules':[{'backendRefs':["
                     "{%r}]}]}}",
                     json_fmt(&arena, rows[i].ref, NULL)));
        const struct route *r = route_read(&arena, o.doc, o.text, o.len);

        assert_int_equal(r->backend_count, 1);
        CHECK_TEXT(r->backends[0].service, rows[i].service, rows[i].ref);
    }
}

static void a_claim_is_the_first_volume_that_is_one(void **state UNUSED)
{
    auto_object struct object o = object_of(
        "{\"spec\":{\"strategy\":{\"type\":\"Recreate\"},\"template\":{\"spec\":{\"volumes\":[{"
        "\"name\":"
        "\"v\",\"emptyDir\":{}},{\"persistentVolumeClaim\":{\"claimName\":\"data\"}}]}}}}");
    const struct deployment *d = deployment_read(&arena, o.doc, o.text, o.len);

    assert_false(d->rolling_update);
    CHECK_TEXT(d->first_claim, "data", "claim");
}

static void nothing_has_no_name(void **state UNUSED)
{
    static const struct route edge = {.meta = {.name = "edge"}};
    static const struct route *const routes[] = {&edge};
    const struct world w = {.routes = routes, .route_count = 1};

    assert_null(world_route(&w, NULL));
    assert_ptr_equal(world_route(&w, "edge"), &edge);
    assert_null(world_route(&w, "other"));
}

/* ---- the status as it is written ------------------------------------------------------------- */

/* Quotes take two bytes, what is no character three: with them it still fits, and is whole. */
static void words_are_cut_by_their_bytes_as_json(void **state UNUSED)
{
    struct rollout_status s = {.observed_generation = 1, .flight.revision = "h1"};
    char text[400];

    for (size_t n = 0; n < 4; n++) {
        static const char *const units[] = {"\"", "\\", "\x01", "\xff"};
        static const size_t costs[] = {2, 2, 6, 1}; /* of a byte that reads back */
        struct err e = {0};
        char *out;
        size_t len = 0;

        while (len < 300)
            len += (size_t)snprintf(text + len, sizeof(text) - len, "%s", units[n]);
        s.awaiting[0] = (struct awaiting){.what = "Approval", .message = text};
        s.awaiting_count = 1;
        s.flight.present = true;
        out = status_write(&arena, &s);
        auto_json cJSON *doc = json_parse(out, strlen(out), &e);
        CHECK(doc, "%s: %s", units[n], e.text);
        const cJSON *awaiting = json_at(doc, "flight.awaiting");
        const char *message = awaiting ? json_str(awaiting->child, "message") : NULL;
        CHECK(message, "%s", out);
        CHECK((strlen(message) - 3) * costs[n] <= 117, "%zu bytes", strlen(message));
        CHECK(strstr(message, "..."), "%s", message);
    }
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names_that_are_no_text_are_left_out),
        TEST(routes_that_cannot_be_found_again_are_left_out),
        TEST(the_former_template_may_be_gone),
        TEST(without_the_stable_template_it_is_no_record),
        TEST(of_two_owners_the_first_deployment_counts),
        TEST(of_two_deployments_a_set_has_the_first),
        TEST(a_slice_of_endpoints_without_a_name),
        TEST(a_parent_with_one_condition),
        TEST(our_own_fields_have_no_other_manager),
        TEST(managed_fields_that_are_none),
        TEST(templates_that_are_none),
        TEST(selectors_by_words),
        TEST(what_is_not_understood_selects_nothing),
        TEST(long_names_are_cut_at_a_word),
        TEST(words_of_what_is_out_of_range_are_empty),
        TEST(templates_are_the_same_in_any_spelling),
        TEST(labels_that_are_no_labels_are_left_out),
        TEST(a_status_without_its_text_is_read_too),
        TEST(why_a_pod_waits_is_told),
        TEST(backends_that_are_not_ours_have_no_service),
        TEST(a_claim_is_the_first_volume_that_is_one),
        TEST(nothing_has_no_name),
        TEST(words_are_cut_by_their_bytes_as_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

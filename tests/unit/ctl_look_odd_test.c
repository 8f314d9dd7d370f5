/* SPDX-License-Identifier: Apache-2.0 */
/* A live look at what is seldom: Rollouts that are not valid, many objects at once, two answers
 * that differ, and answers that cannot be read. */
#include "look_bench.h"

#define ROUTES  "/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes"
#define ROLLOUT "/apis/sluice.dev/v1beta1/namespaces/shop/rollouts/web"
#define FENCE   APPS "controllerrevisions/web-sluice"
#define OF_WEB  ",'labels':{'sluice.dev/of':'web'}"

/* In the place of what the server has of that name. */
static void serves_instead(enum kube_kind kind, const char *name, const char *json)
{
    size_t i = 0;

    while (b.served[i].kind != kind || strcmp(b.served[i].name, name) != 0)
        i++;
    b.served[i].json = json;
}

static void many(enum kube_kind kind, const char *prefix, int count, const char *more,
                 const char *rest,
                 void (*add)(enum kube_kind kind, const char *name, const char *json))
{
    for (int i = 0; i < count; i++) {
        const char *name = arena_printf(&b.a, "%s%d", prefix, i);
        add(kind, name, object(name, name, "20", more, rest));
    }
}

static void caches_alone(enum kube_kind kind, const char *name UNUSED, const char *json)
{
    caches(kind, json);
}

/* ---- Rollouts that are not valid ------------------------------------------------------------- */

/* Without a target it has nothing else: it is read all the same, for its status has to say so. */
static void without_a_target_it_is_read_alone(void **state UNUSED)
{
    both(KIND_ROLLOUT, "web", object("web", "u-r", "5", "", ",'spec':{'strategy':{'rolling':{}}}"));
    look(false);
    assert_int_equal(b.asked, 1);
    assert_int_equal(asked(ROLLOUT, ""), 1);
    assert_int_equal(b.result.err.kind, ERR_NONE);
    assert_non_null(b.result.scene.rollout);
}

static void what_it_names_is_read_without_a_target_too(void **state UNUSED)
{
    both(KIND_ROLLOUT, "web",
         object("web", "u-r", "5", "",
                ",'spec':{'strategy':{'blueGreen':{'activeService':'web'}}}"));
    both(KIND_SERVICE, "web", object("web", "u-s", "8", "", SERVICE_SPEC));
    both(KIND_SERVICE, "other", object("other", "u-o", "9", "", SERVICE_SPEC));
    look(false);
    assert_int_equal(b.asked, 3);
    assert_int_equal(asked(SERVICES, ""), 1);
    assert_int_equal(asked(SLICES, BY_SLICED), 1);
    assert_int_equal(b.result.scene.services.count, 1);
}

static void a_target_that_went_takes_its_objects_along(void **state UNUSED)
{
    ordinary(BLUE_GREEN_SPEC);
    both(KIND_FENCE, "web-sluice", object("web-sluice", "u-f", "10", OF_WEB, ""));
    serves_instead(KIND_ROLLOUT, "web",
                   object("web", "u-r", "50", "", ",'spec':{'strategy':{'rolling':{}}}"));
    look(false);
    assert_string_equal(b.result.scene.rollout->meta->rv, "50");
    assert_null(b.result.scene.deployment);
    assert_null(b.result.scene.fence);
    assert_int_equal(b.result.scene.sets.count, 0);
}

static void a_route_without_a_name_is_not_asked_for(void **state UNUSED)
{
    ordinary(",'spec':{'targetRef':{'name':'web'},'strategy':{'canary':{'stableService':'web',"
             "'traffic':[{'gatewayAPI':{}},{'gatewayAPI':{'name':'edge'}}]}}}");
    look(false);
    assert_int_equal(asked(ROUTES, NULL), 0);
    assert_int_equal(asked(ROUTES "/edge", ""), 1);
}

/* ---- what a flight has moved ----------------------------------------------------------------- */

/* Its flight has moved a route "first", and this one. */
static const char *fence_of(const char *route)
{
    struct flown_route flown[2] = {
        {.traffic = {.router = "gatewayAPI", .kind = "HTTPRoute", .name = "first", .settle_ms = -1},
         .stable = "web"}};
    const struct record r = {.stable_revision = "h1",
                             .stable_template = "{\"spec\":{}}",
                             .routes = flown,
                             .route_count = 2};

    flown[1] = flown[0];
    flown[1].traffic.name = route;
    return object("web-sluice", "u-f", "10",
                  arena_printf(&b.a, OF_WEB ",'annotations':{'sluice.dev/record':%s}",
                               json_fmt(&b.a, "%q", record_write(&b.a, &r))),
                  "");
}

/* The spec was edited in flight and names it no more: its weights are still ours. */
static void a_route_that_the_flight_moved_is_read(void **state UNUSED)
{
    ordinary(CANARY_SPEC);
    both(KIND_FENCE, "web-sluice", fence_of("old"));
    serves(KIND_HTTPROUTE, "old", object("old", "u-o", "30", "", ",'spec':{}"));
    look(false);
    assert_int_equal(asked(ROUTES "/first", ""), 1);
    assert_int_equal(asked(ROUTES "/old", ""), 1);
    assert_int_equal(asked(ROUTES "/edge", ""), 1);
    assert_int_equal(b.result.scene.routes.count, 1);
}

static void moved_and_named_it_is_read_once(void **state UNUSED)
{
    ordinary(CANARY_SPEC);
    both(KIND_FENCE, "web-sluice", fence_of("edge"));
    both(KIND_HTTPROUTE, "edge", object("edge", "u-e", "30", "", ",'spec':{}"));
    look(false);
    assert_int_equal(asked(ROUTES "/edge", ""), 1);
    assert_int_equal(b.result.scene.routes.count, 1);
}

#define FLYING(regime)                                                                             \
    ",'status':{'flight':{'revision':'h2','digest':'d','regime':'" regime "','step':1}}"

static void a_rolling_flight_reads_no_services(void **state UNUSED)
{
    ordinary(ROLLING_SPEC FLYING("Inside"));
    look(false);
    assert_int_equal(asked(SERVICES, NULL), 0);
}

/* Begun as another strategy, and edited since. */
static void a_flight_outside_reads_them(void **state UNUSED)
{
    ordinary(ROLLING_SPEC FLYING("Outside"));
    look(false);
    assert_int_equal(asked(SERVICES, ""), 1);
}

/* ---- many, and none -------------------------------------------------------------------------- */

static void all_are_asked_for_by_name(void **state UNUSED)
{
    ordinary(BLUE_GREEN_SPEC);
    many(KIND_REPLICASET, "web-x", 40, SET(""), "", caches_alone);
    look(false);
    for (int i = 0; i < 40; i++)
        CHECK(asked(arena_printf(&b.a, SETS "/web-x%d", i), "") == 1, "web-x%d", i);
    assert_int_equal(b.result.scene.sets.count, 1);
}

static void leaving_nothing_to_the_cache_reads_all_services(void **state UNUSED)
{
    ordinary(BLUE_GREEN_SPEC);
    many(KIND_SERVICE, "s", LOOK_SERVICES_MAX, "", "", both);
    look(true);
    assert_int_equal(asked(SERVICES, ""), 1);
    assert_int_equal(asked(SERVICES "/web", NULL), 0);
}

/* More names than a query can hold: the slices of all Services come, and those of others go. */
static void more_services_than_a_query_names(void **state UNUSED)
{
    static const char sixty[] = "a-service-whose-name-is-so-long-that-few-of-them-fill-a-text";

    ordinary(BLUE_GREEN_SPEC);
    many(KIND_SERVICE, sixty, 280, "", SERVICE_SPEC, both);
    look(true);
    assert_int_equal(asked(SLICES, "labelSelector=kubernetes.io/service-name"), 1);
    assert_int_equal(b.result.scene.services.count, 281);
}

static const char *deployment_selecting(const char *pairs)
{
    return object("web", "u-d", "6", "",
                  arena_printf(&b.a,
                               ",'spec':{'selector':{'matchLabels':{%s}},'template':{"
                               "'metadata':{'labels':{%s}}}}",
                               pairs, pairs));
}

static void every_pair_of_a_selector_narrows(void **state UNUSED)
{
    both(KIND_ROLLOUT, "web", object("web", "u-r", "5", "", ROLLING_SPEC));
    both(KIND_DEPLOYMENT, "web", deployment_selecting("'app':'web','tier':'front'"));
    look(false);
    assert_int_equal(asked(SETS, "labelSelector=app=web,tier=front"), 1);
}

static void a_selector_without_pairs_narrows_nothing(void **state UNUSED)
{
    both(KIND_ROLLOUT, "web", object("web", "u-r", "5", "", ROLLING_SPEC));
    both(KIND_DEPLOYMENT, "web", deployment_selecting(""));
    both(KIND_REPLICASET, "web-1", object("web-1", "u-1", "7", SET(""), ""));
    look(false);
    assert_int_equal(asked(SETS, ""), 1);
    assert_int_equal(b.result.scene.sets.count, 1);
}

static void a_selector_too_long_narrows_nothing(void **state UNUSED)
{
    const char *pairs = "'app':'web'";

    for (int i = 0; i < 200; i++)
        pairs =
            arena_printf(&b.a,
                         "%s,'a-label-that-is-as-long-as-labels-may-be-%d':'and-so-is-its-value-"
                         "which-goes-on-and-on-to-the-end-%d'",
                         pairs, i, i);
    both(KIND_ROLLOUT, "web", object("web", "u-r", "5", "", ROLLING_SPEC));
    both(KIND_DEPLOYMENT, "web", deployment_selecting(pairs));
    look(false);
    assert_int_equal(asked(SETS, ""), 1);
}

/* Named by the spec, or known by the cache to select the pods; others are nobody's. */
static void of_many_services_all_that_matter(void **state UNUSED)
{
    ordinary(",'spec':{'targetRef':{'name':'web'},'strategy':{'blueGreen':{'activeService':'web',"
             "'previewService':'not-yet'}}}");
    many(KIND_SERVICE, "s", LOOK_SERVICES_MAX, "", "", both);
    many(KIND_SERVICE, "also", 2, "", SERVICE_SPEC, both);
    look(false);
    assert_int_equal(asked(SERVICES "/web", ""), 1);
    assert_int_equal(asked(SERVICES "/not-yet", ""), 1);
    assert_int_equal(asked(SERVICES "/also0", ""), 1);
    assert_int_equal(asked(SERVICES "/also1", ""), 1);
    assert_int_equal(asked(SERVICES "/s0", NULL), 0);
}

/* The cache knows one of them: what the list tells of is followed, and what is not ours is not. */
static void services_that_are_read_have_slices(void **state UNUSED)
{
    ordinary(BLUE_GREEN_SPEC);
    many(KIND_SERVICE, "new", 2, "", SERVICE_SPEC, serves);
    many(KIND_SERVICE, "foreign", 2, "", ",'spec':{'selector':{'app':'db'}}", serves);
    look(false);
    assert_int_equal(asked(SLICES, NULL), 2);
    assert_int_equal(asked(SLICES, BY_SLICED), 1);
    assert_true(asked(SLICES, "labelSelector=kubernetes.io/service-name in (new0,new1)") == 1 ||
                asked(SLICES, "labelSelector=kubernetes.io/service-name in (new1,new0)") == 1);
}

/* What a list brought needs no second question. */
static void what_a_list_has_is_not_asked_by_name(void **state UNUSED)
{
    ordinary(BLUE_GREEN_SPEC);
    many(KIND_REPLICASET, "web-x", 2, SET(""), "", serves);
    look(false);
    assert_int_equal(asked(SETS, NULL), 1);
    assert_int_equal(asked(SETS "/web-x0", NULL) + asked(SETS "/web-x1", NULL), 0);
    assert_int_equal(asked(SETS "/web-1", NULL), 0);
    assert_int_equal(b.result.scene.sets.count, 3);
}

static void any_stranger_and_any_pin_counts(void **state UNUSED)
{
    ordinary(ROLLING_SPEC);
    caches(KIND_REPLICASET, object("a-stranger", "u-2", "11", OF_WEB, ""));
    both(KIND_SERVICE, "z-pinned",
         object("z-pinned", "u-o", "13", ",'labels':{'sluice.dev/pin':'h1'}",
                ",'spec':{'selector':{'app':'web','pod-template-hash':'h1'}}"));
    look(false);
    assert_int_equal(asked(SETS, BY_OF), 1);
    assert_int_equal(asked(SERVICES, ""), 1);
}

/* The texts are whose who asks: they may change at once. */
static void the_names_are_copied(void **state UNUSED)
{
    char ns[] = "shop", name[] = "web";

    ordinary(BLUE_GREEN_SPEC);
    look_start(&(struct look_spec){.store = b.store, .ns = ns, .name = name, .done = on_done});
    memset(ns, 'x', 4);
    memset(name, 'x', 3);
    serve();
    assert_int_equal(asked(ROLLOUT, ""), 1);
    assert_int_equal(b.result.scene.services.count, 1);
}

/* A fence that came with the last read is of the former target: what it moved is not ours. */
static void the_fence_of_another_target_tells_nothing(void **state UNUSED)
{
    ordinary(ROLLING_SPEC);
    serves(KIND_FENCE, "web-sluice", fence_of("old"));
    serves_instead(KIND_ROLLOUT, "web",
                   object("web", "u-r", "50", "",
                          ",'spec':{'targetRef':{'name':'web-shop'},'strategy':{'rolling':{}}}"));
    look(false);
    assert_int_equal(asked(FENCE, ""), 1);
    assert_int_equal(asked(ROUTES "/old", NULL), 0);
    assert_null(b.result.scene.fence);
    assert_null(b.result.scene.deployment);
}

/* ---- two answers that differ ----------------------------------------------------------------- */

/* Both lists have it, read at different moments: the newer one counts, whichever comes first. */
static void of_two_answers_the_newer_counts(void **state UNUSED)
{
    static const struct {
        const char *first, *second;
    } rows[] = {{"71", "72"}, {"72", "71"}};

    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *labels = SET(",'sluice.dev/of':'web'");

        teardown(NULL);
        setup(NULL);
        ordinary(BLUE_GREEN_SPEC);
        serves_instead(KIND_REPLICASET, "web-1",
                       object("web-1", "u-1", rows[i].second, labels, ""));
        b.odd.path = SETS;
        b.odd.body = arena_printf(&b.a, "{\"items\":[%s]}",
                                  object("web-1", "u-1", rows[i].first, labels, ""));
        look(true);
        CHECK_TEXT(object_list_find(&b.result.scene.sets, "web-1")->meta->rv, "72", rows[i].first);
    }
}

/* Deleted and made again between two lists: another object, whatever its version. */
static void another_of_that_name_is_no_older_one(void **state UNUSED)
{
    const char *labels = SET(",'sluice.dev/of':'web'");

    ordinary(BLUE_GREEN_SPEC);
    serves_instead(KIND_REPLICASET, "web-1", object("web-1", "u-9", "70", labels, ""));
    b.odd.path = SETS;
    b.odd.body = arena_printf(&b.a, "{\"items\":[%s]}", object("web-1", "u-1", "72", labels, ""));
    look(true);
    assert_string_equal(object_list_find(&b.result.scene.sets, "web-1")->meta->uid, "u-9");
}

/* A list by labels brings those of others, and of nobody. */
static void a_set_of_nobody_is_left(void **state UNUSED)
{
    ordinary(BLUE_GREEN_SPEC);
    serves(KIND_REPLICASET, "stray", object("stray", "u-x", "9", ",'labels':{'app':'web'}", ""));
    look(false);
    assert_null(object_list_find(&b.result.scene.sets, "stray"));
    assert_int_equal(b.result.scene.sets.count, 1);
}

/* ---- answers that cannot be read ------------------------------------------------------------- */

static void fails_by(const char *path, const char *body, const char *what)
{
    teardown(NULL);
    setup(NULL);
    ordinary(BLUE_GREEN_SPEC);
    both(KIND_FENCE, "web-sluice", object("web-sluice", "u-f", "10", OF_WEB, ""));
    b.odd.path = path;
    b.odd.body = body;
    look(false);
    CHECK(b.result.err.kind == ERR_INVALID, "%s: %s", path, body);
    CHECK_TEXT(b.result.what, what, body);
}

/* Nothing is planned on it: what is not read is neither as it was nor gone. */
static void what_cannot_be_read_fails_it(void **state UNUSED)
{
    fails_by(APPS "deployments/web", "<html>", "get deployments");
    fails_by(APPS "deployments/web", "{\"metadata\":{\"name\":\"web\"}}", "get deployments");
    fails_by(FENCE, "{\"metadata\":{\"uid\":\"u\"}}", "get controllerrevisions");
    fails_by(ROLLOUT, "{}", "get rollouts");
    fails_by(SETS, "{\"items\":[", "list replicasets");
}

static void what_a_list_cannot_name_is_not_in_it(void **state UNUSED)
{
    static const char *const bodies[] = {"{\"items\":[{\"metadata\":{\"name\":\"web-1\"}}]}",
                                         "{\"items\":[]}", "{}", "{\"items\":null}"};

    for (size_t i = 0; i < COUNT(bodies); i++) {
        teardown(NULL);
        setup(NULL);
        ordinary(BLUE_GREEN_SPEC);
        b.odd.path = SETS;
        b.odd.body = bodies[i];
        look(false);
        CHECK(b.result.err.kind == ERR_NONE, "%s", bodies[i]);
        CHECK(asked(SETS "/web-1", "") == 1, "%s", bodies[i]); /* so it is asked for */
        CHECK(b.result.scene.sets.count == 1, "%s", bodies[i]);
    }
}

/* A list is never absent: where its kind is not served the look fails, and says so. */
static void a_kind_that_is_not_served_fails_it(void **state UNUSED)
{
    ordinary(BLUE_GREEN_SPEC);
    begin(false);
    for (size_t i = 0; i < b.asked && !b.done; i++) {
        struct kube_reply reply = {.code = 404, .body = ""};

        err_set(&reply.err, ERR_NOT_FOUND, "no such kind");
        if (strcmp(b.open[i].path, SETS) == 0)
            b.open[i].done(&reply, b.open[i].arg);
    }
    assert_int_equal(b.done, 1);
    assert_int_equal(b.result.err.kind, ERR_NOT_FOUND);
    assert_string_equal(b.result.what, "list replicasets");
}

/* What came between asking and answering is another object, and stays. */
static void absent_is_what_was_known(void **state UNUSED)
{
    ordinary(BLUE_GREEN_SPEC);
    caches(KIND_REPLICASET, object("web-9", "u-9", "12", SET(""), ""));
    begin(false);
    for (size_t i = 0; i < b.asked && !b.done; i++) {
        if (strcmp(b.open[i].path, SETS "/web-9") == 0) {
            store_remove(b.store, KIND_REPLICASET, "shop", "web-9", "u-9", 1);
            caches(KIND_REPLICASET, object("web-9", "u-10", "13", SET(""), ""));
        }
        answer(&b.open[i]);
    }
    assert_int_equal(b.done, 1);
    assert_string_equal(store_get(b.store, KIND_REPLICASET, "shop", "web-9")->meta->uid, "u-10");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_a_target_it_is_read_alone),
        TEST(what_it_names_is_read_without_a_target_too),
        TEST(a_target_that_went_takes_its_objects_along),
        TEST(a_route_without_a_name_is_not_asked_for),
        TEST(a_route_that_the_flight_moved_is_read),
        TEST(moved_and_named_it_is_read_once),
        TEST(a_rolling_flight_reads_no_services),
        TEST(a_flight_outside_reads_them),
        TEST(all_are_asked_for_by_name),
        TEST(leaving_nothing_to_the_cache_reads_all_services),
        TEST(more_services_than_a_query_names),
        TEST(every_pair_of_a_selector_narrows),
        TEST(a_selector_without_pairs_narrows_nothing),
        TEST(a_selector_too_long_narrows_nothing),
        TEST(of_many_services_all_that_matter),
        TEST(services_that_are_read_have_slices),
        TEST(what_a_list_has_is_not_asked_by_name),
        TEST(any_stranger_and_any_pin_counts),
        TEST(the_names_are_copied),
        TEST(the_fence_of_another_target_tells_nothing),
        TEST(of_two_answers_the_newer_counts),
        TEST(another_of_that_name_is_no_older_one),
        TEST(a_set_of_nobody_is_left),
        TEST(what_cannot_be_read_fails_it),
        TEST(what_a_list_cannot_name_is_not_in_it),
        TEST(a_kind_that_is_not_served_fails_it),
        TEST(absent_is_what_was_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

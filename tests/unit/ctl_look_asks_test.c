/* SPDX-License-Identifier: Apache-2.0 */
/* A live look: which objects it asks for, and that what it brings is the server's word and not the
 * cache's (C60, C64). */
#include "look_bench.h"

/* ---- what is asked for ----------------------------------------------------------------------- */

/* Each once, and nothing that the cache knows to be needless. */
static void all_it_rests_on(void **state UNUSED)
{
    static const struct {
        const char *path, *query;
    } rows[] = {{"/apis/sluice.dev/v1beta1/namespaces/shop/rollouts/web", ""},
                {APPS "deployments/web", ""},
                {APPS "controllerrevisions/web-sluice", ""},
                {SETS, BY_APP},
                {SERVICES, ""},
                {SLICES, BY_SLICED}};

    ordinary(BLUE_GREEN_SPEC);
    look(false);
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(asked(rows[i].path, rows[i].query) == 1, "%s?%s", rows[i].path, rows[i].query);
    assert_int_equal(b.asked, COUNT(rows));
    assert_int_equal(b.result.err.kind, ERR_NONE);
    assert_non_null(b.result.scene.rollout);
    assert_non_null(b.result.scene.deployment);
    assert_null(b.result.scene.fence);
    assert_int_equal(b.result.scene.sets.count, 1);
    assert_int_equal(b.result.scene.services.count, 1);
    assert_int_equal(b.result.scene.slices.count, 1);
    assert_true(b.result.started_ms > 0);
}

/* What is fenced has lost its labels, and is found by ours: where there may be one. */
static void fenced_sets_are_asked_for_where_they_may_be(void **state UNUSED)
{
    ordinary(BLUE_GREEN_SPEC);
    look(true);
    assert_int_equal(asked(SETS, BY_OF), 1);
}

static void a_fence_in_the_cache_has_sets(void **state UNUSED)
{
    ordinary(BLUE_GREEN_SPEC);
    both(KIND_FENCE, "web-sluice",
         object("web-sluice", "u-f", "10", ",'labels':{'sluice.dev/of':'web'}", ""));
    look(false);
    assert_int_equal(asked(SETS, BY_OF), 1);
    assert_non_null(b.result.scene.fence);
}

static void a_fence_that_is_read_has_sets(void **state UNUSED)
{
    ordinary(BLUE_GREEN_SPEC);
    serves(KIND_FENCE, "web-sluice",
           object("web-sluice", "u-f", "10", ",'labels':{'sluice.dev/of':'web'}", ""));
    look(false);
    assert_int_equal(asked(SETS, BY_OF), 1);
    assert_int_equal(asked(SETS, BY_APP), 1); /* not once more */
}

static void a_stranger_among_the_sets_has_others(void **state UNUSED)
{
    ordinary(BLUE_GREEN_SPEC);
    both(KIND_REPLICASET, "web-2",
         object("web-2", "u-2", "11", ",'labels':{'sluice.dev/of':'web'}", ""));
    look(false);
    assert_int_equal(asked(SETS, BY_OF), 1);
    assert_int_equal(b.result.scene.sets.count, 2);
}

/* In neither list: asked for by name, and gone when that says so. */
static void a_set_that_no_list_has_is_asked_by_name(void **state UNUSED)
{
    ordinary(BLUE_GREEN_SPEC);
    caches(KIND_REPLICASET, object("web-9", "u-9", "12", SET(""), ""));
    look(false);
    assert_int_equal(asked(SETS "/web-9", NULL), 1);
    assert_null(object_list_find(&b.result.scene.sets, "web-9"));
    assert_null(store_get(b.store, KIND_REPLICASET, "shop", "web-9"));
    assert_true(store_is_gone(b.store, "u-9"));
}

/* A rolling update leaves Services alone, unless something is pinned. */
static void rolling_reads_no_services(void **state UNUSED)
{
    ordinary(ROLLING_SPEC);
    look(false);
    assert_int_equal(asked(SERVICES, NULL), 0);
    assert_int_equal(asked(SLICES, NULL), 0);
    assert_int_equal(b.result.scene.services.count, 1); /* the cache's */
}

static void rolling_reads_them_where_one_is_pinned(void **state UNUSED)
{
    ordinary(ROLLING_SPEC);
    both(KIND_SERVICE, "old",
         object("old", "u-o", "13", ",'labels':{'sluice.dev/pin':'h1'}",
                ",'spec':{'selector':{'app':'web','pod-template-hash':'h1'}}"));
    look(false);
    assert_int_equal(asked(SERVICES, ""), 1);
}

static void rolling_reads_them_where_a_pin_is_told(void **state UNUSED)
{
    ordinary(ROLLING_SPEC ",'status':{'pins':[{'service':'web','revision':'h1','proved':true}]}");
    look(false);
    assert_int_equal(asked(SERVICES, ""), 1);
}

#define ROUTES "/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes"

static void routes_are_read(void **state UNUSED)
{
    ordinary(CANARY_SPEC);
    look(false);
    assert_int_equal(asked(ROUTES "/edge", ""), 1);
    assert_int_equal(asked(ROUTES "/inner", ""), 1);
}

/* Where there are many Services only those that can matter are read, one by one. */
static void of_many_services_only_some(void **state UNUSED)
{
    char name[16];

    ordinary(BLUE_GREEN_SPEC);
    for (int i = 0; i < LOOK_SERVICES_MAX; i++) {
        snprintf(name, sizeof(name), "s%d", i);
        both(KIND_SERVICE, arena_strdup(&b.a, name), object(name, name, "20", "", ""));
    }
    both(KIND_SERVICE, "also", object("also", "u-a", "21", "", SERVICE_SPEC));
    look(false);
    assert_int_equal(asked(SERVICES, NULL), 0);
    assert_int_equal(asked(SERVICES "/web", ""), 1);
    assert_int_equal(asked(SERVICES "/also", ""), 1); /* nobody names it, but it selects the pods */
    assert_int_equal(asked(SERVICES "/s1", NULL), 0);
    assert_int_equal(b.result.scene.services.count, 2);
}

static void not_one_more_than_few(void **state UNUSED)
{
    char name[16];

    ordinary(BLUE_GREEN_SPEC);
    for (int i = 0; i < LOOK_SERVICES_MAX - 1; i++) {
        snprintf(name, sizeof(name), "s%d", i);
        both(KIND_SERVICE, arena_strdup(&b.a, name), object(name, name, "20", "", ""));
    }
    look(false);
    assert_int_equal(asked(SERVICES, ""), 1);
}

/* The cache may know of none: the namespace is asked all the same. */
static void where_no_service_is_known_all_are_read(void **state UNUSED)
{
    caches(KIND_ROLLOUT, object("web", "u-r", "5", "", BLUE_GREEN_SPEC));
    serves(KIND_ROLLOUT, "web", object("web", "u-r", "5", "", BLUE_GREEN_SPEC));
    serves(KIND_SERVICE, "web", object("web", "u-s", "8", "", SERVICE_SPEC));
    look(false);
    assert_int_equal(asked(SERVICES, ""), 1);
    assert_int_equal(b.result.scene.services.count, 1);
}

/* ---- what it brings -------------------------------------------------------------------------- */

static void newer_than_the_cache(void **state UNUSED)
{
    ordinary(BLUE_GREEN_SPEC);
    serves(KIND_DEPLOYMENT, "web", object("web", "u-d", "60", "", DEPLOYMENT_SPEC));
    b.served[1] = b.served[--b.served_count]; /* in the old one's place */
    look(false);
    assert_string_equal(b.result.scene.deployment->meta->rv, "60");
    assert_string_equal(store_get(b.store, KIND_DEPLOYMENT, "shop", "web")->meta->rv, "60");
}

/* Lists bring all that is new in them, wherever it stands among what is known. */
static void all_that_a_list_has(void **state UNUSED)
{
    ordinary(BLUE_GREEN_SPEC);
    serves(KIND_REPLICASET, "web-2", object("web-2", "u-2", "71", SET(""), ""));
    serves(KIND_REPLICASET, "web-3", object("web-3", "u-3", "72", SET(""), ""));
    look(false);
    assert_int_equal(b.result.scene.sets.count, 3);
    assert_string_equal(object_list_find(&b.result.scene.sets, "web-1")->meta->rv, "7");
    assert_string_equal(object_list_find(&b.result.scene.sets, "web-2")->meta->rv, "71");
    assert_string_equal(store_get(b.store, KIND_REPLICASET, "shop", "web-3")->meta->rv, "72");
}

/* What the cache has decoded already is not decoded again. */
static void what_is_known_is_the_very_object(void **state UNUSED)
{
    const struct object *deployment, *set;

    ordinary(BLUE_GREEN_SPEC);
    deployment = store_get(b.store, KIND_DEPLOYMENT, "shop", "web");
    set = store_get(b.store, KIND_REPLICASET, "shop", "web-1");
    look(false);
    assert_ptr_equal(b.result.scene.deployment, deployment);
    assert_ptr_equal(object_list_find(&b.result.scene.sets, "web-1"), set);
}

static void what_is_not_there_is_not_there(void **state UNUSED)
{
    ordinary(BLUE_GREEN_SPEC);
    b.served[1] = b.served[--b.served_count]; /* no Deployment; the slice in its place */
    look(false);
    assert_int_equal(b.result.err.kind, ERR_NONE);
    assert_null(b.result.scene.deployment);
    assert_null(store_get(b.store, KIND_DEPLOYMENT, "shop", "web"));
}

static void a_rollout_that_is_gone_ends_it(void **state UNUSED)
{
    ordinary(BLUE_GREEN_SPEC);
    b.served[0] = b.served[--b.served_count];
    look(false);
    assert_int_equal(b.result.err.kind, ERR_NONE);
    assert_null(b.result.scene.rollout);
}

/* Services of other applications are read with the rest, and left. */
static void only_its_own(void **state UNUSED)
{
    ordinary(BLUE_GREEN_SPEC);
    serves(KIND_SERVICE, "db", object("db", "u-db", "14", "", ",'spec':{'selector':{'app':'db'}}"));
    look(false);
    assert_int_equal(b.result.scene.services.count, 1);
    assert_null(object_list_find(&b.result.scene.services, "db"));
}

static void one_read_that_fails_fails_it_all(void **state UNUSED)
{
    ordinary(BLUE_GREEN_SPEC);
    b.fails = SERVICES;
    look(false);
    assert_int_equal(b.result.err.kind, ERR_DENIED);
    assert_string_equal(b.result.what, "list services");
}

static void the_first_name_is_told(void **state UNUSED)
{
    ordinary(BLUE_GREEN_SPEC);
    b.fails = APPS "deployments/web";
    look(false);
    assert_int_equal(b.result.err.kind, ERR_DENIED);
    assert_string_equal(b.result.what, "get deployments");
    assert_true(b.cancelled > 0); /* the others are of no use */
}

static void cancelled_it_never_ends(void **state UNUSED)
{
    ordinary(BLUE_GREEN_SPEC);
    begin(false);
    look_cancel(b.look);
    assert_int_equal(b.cancelled, b.asked);
    serve();
    assert_int_equal(b.done, 0);
}

static void an_older_rollout_is_a_rival(void **state UNUSED)
{
    ordinary(BLUE_GREEN_SPEC);
    caches(KIND_ROLLOUT, object("elder", "u-x", "3", "", BLUE_GREEN_SPEC));
    look(false);
    assert_non_null(b.result.scene.rival);
    assert_string_equal(b.result.scene.rival->meta->name, "elder");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_it_rests_on),
        TEST(fenced_sets_are_asked_for_where_they_may_be),
        TEST(a_fence_in_the_cache_has_sets),
        TEST(a_fence_that_is_read_has_sets),
        TEST(a_stranger_among_the_sets_has_others),
        TEST(a_set_that_no_list_has_is_asked_by_name),
        TEST(rolling_reads_no_services),
        TEST(rolling_reads_them_where_one_is_pinned),
        TEST(rolling_reads_them_where_a_pin_is_told),
        TEST(routes_are_read),
        TEST(of_many_services_only_some),
        TEST(not_one_more_than_few),
        TEST(where_no_service_is_known_all_are_read),
        TEST(newer_than_the_cache),
        TEST(all_that_a_list_has),
        TEST(what_is_known_is_the_very_object),
        TEST(what_is_not_there_is_not_there),
        TEST(a_rollout_that_is_gone_ends_it),
        TEST(only_its_own),
        TEST(one_read_that_fails_fails_it_all),
        TEST(the_first_name_is_told),
        TEST(cancelled_it_never_ends),
        TEST(an_older_rollout_is_a_rival),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What a world is made of: which objects are a Rollout's own, and those that look alike and are
 * another's. */
#include "store_bench.h"

/* ---- from the store -------------------------------------------------------------------------- */

static void a_world_holds_its_own_and_no_more(void **state)
{
    struct fixture *f = *state;
    const struct world *w;
    struct scene sc;

    world_of_two(f);
    put_slice(f, "s-web", "web");
    put_slice(f, "s-shop", "shop");
    put_service(f, "extra", "{\"app\":\"web\",\"pod-template-hash\":\"h1\"}", "3");
    put(f, KIND_HTTPROUTE, "route-web", "3", "", "");
    /* Fenced: no labels of the Deployment, another controller. */
    put(f, KIND_REPLICASET, "web-2", "3", ",\"labels\":{\"sluice.dev/of\":\"web\"}", "");
    put(f, KIND_FENCE, "web-sluice", "3", ",\"labels\":{\"sluice.dev/of\":\"web\"}", "");
    scene_from_store(&sc, f->store, "shop", "ro-web");
    w = scene_world(&sc, &f->a);
    assert_string_equal(w->rollout->meta.name, "ro-web");
    assert_string_equal(w->dep->meta.name, "web");
    assert_string_equal(w->fence->meta.name, "web-sluice");
    assert_int_equal(w->rs_count, 2);
    assert_string_equal(w->rs[0]->meta.name, "web-1");
    assert_string_equal(w->rs[1]->meta.name, "web-2");
    assert_int_equal(w->service_count, 2);
    assert_string_equal(w->services[0]->meta.name, "extra");
    assert_string_equal(w->services[1]->meta.name, "web");
    assert_int_equal(w->slice_count, 1);
    assert_string_equal(w->slices[0]->meta.name, "s-web");
    assert_int_equal(w->route_count, 1);
    scene_release(&sc);
    scene_from_store(&sc, f->store, "shop", "none");
    assert_null(scene_world(&sc, &f->a));
    scene_release(&sc);
}

/* A template may have the very label that tells revisions apart: nothing is found by that one. */
static void a_template_with_the_label_of_revisions(void **state)
{
    struct fixture *f = *state;
    struct scene sc;

    put_rollout(f, "ro-web", "web", "1");
    put(f, KIND_DEPLOYMENT, "web", "2", "",
        json_fmt(&f->a,
                 ",'spec':{'selector':{'matchLabels':{'app':'web'}},'template':{'metadata':{"
                 "'labels':{'pod-template-hash':'h1','app':'web'}}}}",
                 NULL));
    put_service(f, "extra", "{\"app\":\"web\"}", "3");
    put_service(f, "pinned", "{\"pod-template-hash\":\"h1\",\"app\":\"web\"}", "3");
    put_service(f, "only-pin", "{\"pod-template-hash\":\"h1\"}", "3");
    scene_from_store(&sc, f->store, "shop", "ro-web");
    assert_int_equal(sc.services.count, 2);
    assert_string_equal(sc.services.items[0]->meta->name, "extra");
    assert_string_equal(sc.services.items[1]->meta->name, "pinned");
    scene_release(&sc);
}

/* Another one of that name controls its sets: those of a Deployment that was. */
static void sets_of_a_former_deployment_are_not_its(void **state)
{
    static const char former[] =
        ",'ownerReferences':[{'apiVersion':'apps/v1','kind':'Deployment','name':'web','uid':"
        "'u-former','controller':true}]";
    static const char stateful[] =
        ",'ownerReferences':[{'apiVersion':'apps/v1','kind':'StatefulSet','name':'web','uid':"
        "'u-web','controller':true}]";
    struct fixture *f = *state;
    struct scene sc;

    world_of_two(f);
    assert_true(put(f, KIND_REPLICASET, "web-0", "3", json_fmt(&f->a, former, NULL), ""));
    assert_false(put(f, KIND_REPLICASET, "set-0", "3", json_fmt(&f->a, stateful, NULL), ""));
    scene_from_store(&sc, f->store, "shop", "ro-web");
    assert_int_equal(sc.sets.count, 1);
    assert_string_equal(sc.sets.items[0]->meta->name, "web-1");
    scene_release(&sc);
}

/* What the flight moved is in its world as long as somebody names it, and once. */
static void a_route_that_was_moved_is_in_its_world(void **state)
{
    static const char record[] =
        "{\"stable\":{\"revision\":\"h1\",\"template\":{\"spec\":{}}},\"routes\":[{\"router\":"
        "\"gatewayAPI\",\"kind\":\"HTTPRoute\",\"name\":\"route-shop\",\"stable\":\"web\"},"
        "{\"router\":\"gatewayAPI\",\"kind\":\"HTTPRoute\",\"name\":\"route-web\",\"stable\":"
        "\"web\"}]}";
    struct fixture *f = *state;
    struct scene sc;

    world_of_two(f);
    put(f, KIND_HTTPROUTE, "route-web", "3", "", "");
    put(f, KIND_HTTPROUTE, "route-shop", "3", "", "");
    put(f, KIND_FENCE, "web-sluice", "3",
        json_fmt(&f->a, ",'labels':{'sluice.dev/of':'web'},'annotations':{'sluice.dev/record':%q}",
                 record),
        "");
    scene_from_store(&sc, f->store, "shop", "ro-web");
    assert_int_equal(sc.routes.count, 2);
    scene_release(&sc);
}

/* The planner works on a scene while the watch goes on. */
static void a_scene_outlives_the_store(void **state)
{
    struct fixture *f = *state;
    struct scene sc;

    world_of_two(f);
    scene_from_store(&sc, f->store, "shop", "ro-web");
    put_deployment(f, "web", "9");
    store_remove(f->store, KIND_ROLLOUT, "shop", "ro-web", "u-ro-web", f->now);
    store_sweep(f->store);
    assert_string_equal(scene_world(&sc, &f->a)->dep->meta.rv, "2");
    assert_string_equal(scene_world(&sc, &f->a)->rollout->meta.name, "ro-web");
    scene_release(&sc);
}

static void answers_are_folded_in(void **state)
{
    struct fixture *f = *state;
    struct scene sc;

    world_of_two(f);
    scene_from_store(&sc, f->store, "shop", "ro-web");
    put_set(f, "web-1", "web", "h1", "8");
    put_set(f, "web-3", "web", "h3", "8");
    scene_put(&sc, store_get(f->store, KIND_REPLICASET, "shop", "web-1"));
    scene_put(&sc, store_get(f->store, KIND_REPLICASET, "shop", "web-3"));
    assert_int_equal(sc.sets.count, 2);
    assert_string_equal(object_list_find(&sc.sets, "web-1")->meta->rv, "8");
    scene_remove(&sc, KIND_REPLICASET, "web-1");
    assert_int_equal(sc.sets.count, 1);
    scene_remove(&sc, KIND_DEPLOYMENT, "web");
    assert_null(scene_world(&sc, &f->a)->dep);
    scene_release(&sc);
}

/* Made for it, by its label alone: nothing selects with it, and nobody names it. */
static void a_service_that_was_made_for_it_is_its(void **state)
{
    struct fixture *f = *state;
    struct scene sc;

    world_of_two(f);
    put(f, KIND_SERVICE, "made", "3", ",\"labels\":{\"sluice.dev/of\":\"web\"}",
        ",\"spec\":{\"selector\":{\"x\":\"y\"}}");
    assert_string_equal(f->woken, "ro-web ");
    scene_from_store(&sc, f->store, "shop", "ro-web");
    assert_non_null(object_list_find(&sc.services, "made"));
    scene_release(&sc);
    scene_from_store(&sc, f->store, "shop", "ro-shop");
    assert_null(object_list_find(&sc.services, "made"));
    scene_release(&sc);
}

/* ---- ReplicaSets ----------------------------------------------------------------------------- */

static struct kept_rollout rollout = {.meta = {.name = "ro"}, .spec = {.target = "web"}};
static struct deployment deployment = {.meta = {.name = "web", .uid = "u-web"}};
static struct object rollout_object = {
    .kind = KIND_ROLLOUT, .refs = 100, .meta = &rollout.meta, .as.rollout = &rollout};
static struct object deployment_object = {
    .kind = KIND_DEPLOYMENT, .refs = 100, .meta = &deployment.meta, .as.deployment = &deployment};

/* The label says whose it is; where it names no other of ours the controller's uid does. */
static void a_set_is_its_by_label_or_by_uid(void **state UNUSED)
{
    static const struct {
        const char *of, *controller;
        bool deployment, own;
    } rows[] = {
        {"web", NULL, true, true},       {"web", NULL, false, true},    {NULL, "u-web", true, true},
        {NULL, "u-former", true, false}, {NULL, "u-web", false, false}, {"shop", NULL, true, false},
        {"shop", "u-shop", true, false}, {NULL, NULL, true, false},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct replicaset rs = {.meta = {.name = "web-1", .uid = "u-1"},
                                .of = rows[i].of,
                                .deployment_uid = rows[i].controller};
        struct object o = {
            .kind = KIND_REPLICASET, .refs = 100, .meta = &rs.meta, .as.replicaset = &rs};
        struct scene sc = {0};

        scene_put(&sc, &rollout_object);
        if (rows[i].deployment)
            scene_put(&sc, &deployment_object);
        scene_put(&sc, &o);
        scene_keep_own(&sc);
        CHECK(sc.sets.count == rows[i].own, "row %zu", i);
        scene_release(&sc);
        CHECK(o.refs == 100, "row %zu: %d references", i, o.refs);
    }
}

/* ---- Services -------------------------------------------------------------------------------- */

static void a_service_is_its_by_label_selector_or_name(void **state UNUSED)
{
    static struct pair labels[] = {{"app", "web"}}, other[] = {{"app", "other"}};
    static struct deployment d = {
        .meta = {.name = "web"}, .template_labels = labels, .template_label_count = COUNT(labels)};
    static const struct kept_rollout r = {
        .spec = {.target = "web", .strategy = STRATEGY_CANARY, .stable_service = "named"}};
    static const struct {
        const char *of, *name;
        const struct pair *selects;
        const struct deployment *dep;
        bool own;
    } rows[] = {
        {"web", "x", other, &d, true},      {"shop", "x", other, &d, false},
        {NULL, "x", labels, &d, true},      {"shop", "x", labels, &d, true},
        {NULL, "x", other, &d, false},      {NULL, "x", labels, NULL, false},
        {NULL, "named", other, NULL, true},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct service s = {
            .meta = {.name = rows[i].name},
            .of = rows[i].of,
            .selector = {.pairs = rows[i].selects, .count = 1, .present = true}};

        CHECK(service_concerns(&s, &r, rows[i].dep) == rows[i].own, "row %zu", i);
    }
}

/* ---- names ----------------------------------------------------------------------------------- */

/* Of a Rollout without a target nothing is found, and nothing is amiss. */
static void what_is_not_named_has_a_key_of_its_own(void **state UNUSED)
{
    char key[OBJECT_KEY_MAX];

    object_key(key, "shop", "web");
    assert_string_equal(key, "shop/web");
    object_key(key, NULL, "web");
    assert_string_equal(key, "/web");
    object_key(key, "shop", NULL);
    assert_string_equal(key, "shop/");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_world_holds_its_own_and_no_more),
        TEST(a_template_with_the_label_of_revisions),
        TEST(sets_of_a_former_deployment_are_not_its),
        TEST(a_route_that_was_moved_is_in_its_world),
        TEST(a_scene_outlives_the_store),
        TEST(answers_are_folded_in),
        TEST(a_service_that_was_made_for_it_is_its),
        cmocka_unit_test(a_set_is_its_by_label_or_by_uid),
        cmocka_unit_test(a_service_is_its_by_label_selector_or_name),
        cmocka_unit_test(what_is_not_named_has_a_key_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The cache: what is kept, what is believed, whom a change wakes, what a world is made of. */
#include "store_bench.h"

/* ---- what is kept ---------------------------------------------------------------------------- */

static void what_no_rollout_concerns_is_not_kept(void **state)
{
    struct fixture *f = *state;

    assert_false(put_deployment(f, "web", "1"));
    assert_false(store_wants_namespace(f->store, KIND_POD, "shop"));
    assert_true(store_wants_namespace(f->store, KIND_MAP, ""));
    assert_true(put_rollout(f, "web", "web", "2"));
    assert_true(put_deployment(f, "web", "3"));
    assert_false(put_deployment(f, "other", "3"));
    assert_true(put_set(f, "web-1", "web", "h1", "3"));
    assert_false(put_set(f, "other-1", "other", "h1", "3"));
    assert_true(put_service(f, "any", "{\"x\":\"y\"}", "3"));
    assert_true(put(f, KIND_HTTPROUTE, "route-web", "3", "", ""));
    assert_false(put(f, KIND_HTTPROUTE, "route-other", "3", "", ""));
}

static void a_sweep_drops_what_is_not_needed_any_more(void **state)
{
    struct fixture *f = *state;

    put_rollout(f, "web", "web", "1");
    put_rollout(f, "shop", "shop", "1");
    put_deployment(f, "web", "2");
    put_deployment(f, "shop", "2");
    put_set(f, "web-1", "web", "h1", "2");
    store_sweep(f->store);
    assert_int_equal(store_count(f->store, KIND_DEPLOYMENT), 2);
    store_remove(f->store, KIND_ROLLOUT, "shop", "web", "u-web", f->now);
    assert_string_equal(f->gone, "web ");
    store_sweep(f->store);
    assert_null(store_get(f->store, KIND_DEPLOYMENT, "shop", "web"));
    assert_non_null(store_get(f->store, KIND_DEPLOYMENT, "shop", "shop"));
    assert_int_equal(store_count(f->store, KIND_REPLICASET), 0);
    assert_int_equal(store_bytes(f->store, KIND_REPLICASET), 0);
}

/* ---- what is believed (C24, C29) ------------------------------------------------------------- */

static void never_a_step_back(void **state)
{
    struct fixture *f = *state;

    put_rollout(f, "web", "web", "1");
    assert_true(put_deployment(f, "web", "99"));
    assert_true(put_deployment(f, "web", "100"));
    assert_false(put_deployment(f, "web", "100"));
    assert_string_equal(f->woken, "");
    assert_false(put_deployment(f, "web", "99"));
    assert_string_equal(store_get(f->store, KIND_DEPLOYMENT, "shop", "web")->meta->rv, "100");
    assert_true(put_deployment(f, "web", "odd")); /* tells nothing: the newer word is taken */
}

static void the_dead_do_not_come_back(void **state)
{
    struct fixture *f = *state;

    put_rollout(f, "web", "web", "1");
    put_deployment(f, "web", "5");
    store_remove(f->store, KIND_DEPLOYMENT, "shop", "web", "u-web", f->now);
    assert_true(store_is_gone(f->store, "u-web"));
    assert_false(put_deployment(f, "web", "6")); /* a read that began before */
    /* Unknown so far, and gone: a read under way may still bring it. */
    store_remove(f->store, KIND_REPLICASET, "shop", "web-1", "u-web-1", f->now);
    assert_false(put_set(f, "web-1", "web", "h1", "9"));
    f->now += GRAVE_MS;
    assert_true(put_set(f, "web-1", "web", "h1", "9"));
    assert_false(store_is_gone(f->store, "u-web"));
}

/* Told twice, by our own delete and by the watch: no longer dead for that. */
static void the_dead_are_buried_once(void **state)
{
    struct fixture *f = *state;

    put_rollout(f, "web", "web", "1");
    store_remove(f->store, KIND_DEPLOYMENT, "shop", "web", "u-web", f->now);
    store_remove(f->store, KIND_DEPLOYMENT, "shop", "web", "u-web", f->now + GRAVE_MS / 2);
    assert_true(store_is_gone(f->store, "u-web"));
    f->now += GRAVE_MS;
    assert_true(put_deployment(f, "web", "5"));
    assert_false(store_is_gone(f->store, "u-web"));
}

static void a_late_delete_leaves_the_successor(void **state)
{
    struct fixture *f = *state;

    put_rollout(f, "web", "web", "1");
    put_deployment(f, "web", "5");
    store_remove(f->store, KIND_DEPLOYMENT, "shop", "web", "u-former", f->now);
    assert_non_null(store_get(f->store, KIND_DEPLOYMENT, "shop", "web"));
    store_remove(f->store, KIND_DEPLOYMENT, "shop", "web", "", f->now); /* whatever has the name */
    assert_null(store_get(f->store, KIND_DEPLOYMENT, "shop", "web"));
    assert_true(store_is_gone(f->store, "u-web"));
}

/* Made again under its name: what is still read of the former one is not believed. */
static void a_successor_buries_its_predecessor(void **state)
{
    struct fixture *f = *state;
    static const char again[] = "{\"metadata\":{\"namespace\":\"shop\",\"name\":\"web\",\"uid\":"
                                "\"u-again\",\"resourceVersion\":\"7\"},\"spec\":{}}";

    put_rollout(f, "web", "web", "1");
    put_deployment(f, "web", "5");
    assert_true(put_text(f, KIND_DEPLOYMENT, again));
    assert_true(store_is_gone(f->store, "u-web"));
    assert_false(put_deployment(f, "web", "9"));
    assert_string_equal(store_get(f->store, KIND_DEPLOYMENT, "shop", "web")->meta->uid, "u-again");
}

static void many_graves_are_forgotten_in_time(void **state)
{
    struct fixture *f = *state;
    char uid[32];

    put_rollout(f, "web", "web", "1");
    for (int i = 0; i < 100; i++) {
        snprintf(uid, sizeof(uid), "u-%d", i);
        store_remove(f->store, KIND_POD, "shop", "p", uid, f->now + i * 2000);
    }
    f->now += 99 * 2000;
    store_remove(f->store, KIND_POD, "shop", "p", "u-last", f->now);
    assert_false(store_is_gone(f->store, "u-0"));
    assert_true(store_is_gone(f->store, "u-99"));
}

/* A ReplicaSet that was given to a Deployment which is nobody's. */
static void what_moved_to_others_is_dropped(void **state)
{
    struct fixture *f = *state;

    put_rollout(f, "ro-web", "web", "1");
    put_set(f, "web-1", "web", "h1", "2");
    assert_false(put_set(f, "web-1", "other", "h1", "3"));
    assert_string_equal(f->woken, "ro-web ");
    assert_null(store_get(f->store, KIND_REPLICASET, "shop", "web-1"));
    assert_int_equal(store_bytes(f->store, KIND_REPLICASET), 0);
    assert_false(store_is_gone(f->store, "u-web-1")); /* it lives, elsewhere */
}

/* Without a uid nothing is known of whom it was: no other is taken for it. */
static void the_nameless_dead_are_nobody(void **state)
{
    struct fixture *f = *state;

    put_rollout(f, "ro-web", "web", "1");
    store_remove(f->store, KIND_DEPLOYMENT, "shop", "web", "", f->now);
    assert_false(store_is_gone(f->store, ""));
    assert_false(store_is_gone(f->store, NULL));
    assert_true(put_deployment(f, "web", "2"));
}

static void only_the_same_state_is_had(void **state)
{
    struct fixture *f = *state;
    struct ident id = {.ns = "shop", .name = "web", .uid = "u-web", .rv = "5"};

    put_rollout(f, "ro-web", "web", "1");
    assert_null(store_has(f->store, KIND_DEPLOYMENT, &id));
    put_deployment(f, "web", "5");
    assert_non_null(store_has(f->store, KIND_DEPLOYMENT, &id));
    id.rv = "6";
    assert_null(store_has(f->store, KIND_DEPLOYMENT, &id));
    id = (struct ident){.ns = "shop", .name = "web", .uid = "u-other", .rv = "5"};
    assert_null(store_has(f->store, KIND_DEPLOYMENT, &id));
}

/* ---- who is woken ---------------------------------------------------------------------------- */

static void a_change_wakes_whom_it_concerns(void **state)
{
    struct fixture *f = *state;

    world_of_two(f);
    put_deployment(f, "web", "3");
    assert_string_equal(f->woken, "ro-web ");
    put_set(f, "shop-1", "shop", "h2", "3");
    assert_string_equal(f->woken, "ro-shop ");
    put_slice(f, "s", "shop");
    assert_string_equal(f->woken, "ro-shop ");
    put(f, KIND_HTTPROUTE, "route-web", "3", "", "");
    assert_string_equal(f->woken, "ro-web ");
    put(f, KIND_FENCE, "web-sluice", "3", ",\"labels\":{\"sluice.dev/of\":\"web\"}", "");
    assert_string_equal(f->woken, "ro-web ");
    /* A Service that nobody names, by what it selects; pinned too. */
    put_service(f, "extra", "{\"app\":\"web\",\"pod-template-hash\":\"h1\"}", "3");
    assert_string_equal(f->woken, "ro-web ");
    /* Selects both: the pair they share. */
    put_service(f, "front", "{\"tier\":\"front\"}", "3");
    CHECK(strstr(f->woken, "ro-web") && strstr(f->woken, "ro-shop"), "%s", f->woken);
    /* Moved from one to the other: both have to know. */
    put_service(f, "extra", "{\"app\":\"shop\"}", "4");
    CHECK(strstr(f->woken, "ro-web") && strstr(f->woken, "ro-shop"), "%s", f->woken);
    put_service(f, "none", "{\"app\":\"none\"}", "4");
    assert_string_equal(f->woken, "");
}

/* Nobody else rests on it, but somebody has to say what it lacks. */
static void a_rollout_without_a_target_wakes_itself(void **state)
{
    struct fixture *f = *state;

    assert_true(put(f, KIND_ROLLOUT, "web", "1", "", ",\"spec\":{\"targetRef\":{}}"));
    assert_string_equal(f->woken, "web ");
    assert_true(put(f, KIND_ROLLOUT, "web", "2", "", ""));
    assert_string_equal(f->woken, "web ");
    store_remove(f->store, KIND_ROLLOUT, "shop", "web", "u-web", f->now);
    assert_string_equal(f->gone, "web ");
}

/* The first pair is shared, the second is not: it selects neither, and is of neither's world. */
static void a_service_that_selects_less_is_not_its(void **state)
{
    struct fixture *f = *state;
    struct scene sc;

    world_of_two(f);
    put_service(f, "back", "{\"app\":\"web\",\"tier\":\"back\"}", "3");
    assert_string_equal(f->woken, "");
    scene_from_store(&sc, f->store, "shop", "ro-web");
    assert_int_equal(sc.services.count, 1);
    scene_release(&sc);
}

/* A slice may come before its Service: whoever names that is told. */
static void a_slice_without_its_service_wakes_who_names_it(void **state)
{
    struct fixture *f = *state;

    put_rollout(f, "ro-web", "web", "1");
    put_rollout(f, "ro-shop", "shop", "1");
    assert_true(put_slice(f, "s", "web"));
    assert_string_equal(f->woken, "ro-web ");
    put_slice(f, "t", "other");
    assert_string_equal(f->woken, "");
}

/* Named twice by one Rollout, as stable and as pin, and once by another: who goes leaves the
 * other's. */
static void a_service_named_by_two(void **state)
{
    static const char spec[] =
        ",'spec':{'targetRef':{'name':%q},'strategy':{'canary':{'stableService':'web','steps':[{"
        "'weight':5}]}}},'status':{'pins':[{'service':'web','revision':'h1','proved':true},"
        "{'revision':'h2','proved':true}]}";
    struct fixture *f = *state;

    put(f, KIND_ROLLOUT, "a", "1", "", json_fmt(&f->a, spec, "web"));
    put(f, KIND_ROLLOUT, "b", "1", "", json_fmt(&f->a, spec, "shop"));
    assert_int_equal(store_bucket(f->store, BUCKET_NAMED_SERVICE, "shop", "web")->count, 2);
    store_remove(f->store, KIND_ROLLOUT, "shop", "a", "u-a", f->now);
    assert_int_equal(store_bucket(f->store, BUCKET_NAMED_SERVICE, "shop", "web")->count, 1);
    put_service(f, "web", "{\"x\":\"y\"}", "2");
    assert_string_equal(f->woken, "b ");
    store_remove(f->store, KIND_ROLLOUT, "shop", "b", "u-b", f->now);
    assert_null(store_bucket(f->store, BUCKET_NAMED_SERVICE, "shop", "web"));
    assert_null(store_bucket(f->store, BUCKET_NAMED_SERVICE, "shop", ""));
}

static void policies_are_nobodys_and_everybodys(void **state)
{
    struct fixture *f = *state;
    const char *text =
        "{\"metadata\":{\"name\":\"sluice-brake\",\"uid\":\"u\",\"resourceVersion\":\"7\"}}";

    assert_true(put_text(f, KIND_MAP, text));
    assert_int_equal(f->policies, 1);
    assert_non_null(store_get(f->store, KIND_MAP, "", "sluice-brake"));
    store_remove(f->store, KIND_MAP, "", "sluice-brake", "u", f->now);
    assert_int_equal(f->policies, 2);
}

static void the_older_rollout_is_the_rival(void **state)
{
    struct fixture *f = *state;
    struct scene sc;

    put_rollout(f, "b", "web", "1");
    put_rollout(f, "a", "web", "1");
    CHECK(strstr(f->woken, "b") && strstr(f->woken, "a"), "%s", f->woken);
    scene_from_store(&sc, f->store, "shop", "b");
    assert_string_equal(scene_world(&sc, &f->a)->rival, "a"); /* same age: by name */
    scene_release(&sc);
    scene_from_store(&sc, f->store, "shop", "a");
    assert_null(scene_world(&sc, &f->a)->rival);
    scene_release(&sc);
}

static const char *rival_of(struct fixture *f, const char *name)
{
    const struct object *rival =
        store_rival(f->store, store_get(f->store, KIND_ROLLOUT, "shop", name));

    return rival ? rival->meta->name : NULL;
}

static void put_born(struct fixture *f, const char *name, const char *year)
{
    put(f, KIND_ROLLOUT, name, "1",
        json_fmt(&f->a, ",'creationTimestamp':'%s-01-01T00:00:00Z'", year),
        json_fmt(&f->a, ",'spec':{'targetRef':{'name':'web'}}", NULL));
}

/* By age, whatever their names; of several that are older the oldest. */
static void the_oldest_rollout_is_the_rival(void **state)
{
    struct fixture *f = *state;

    put_born(f, "a", "2003");
    put_born(f, "b", "2001");
    put_born(f, "c", "2002");
    assert_string_equal(rival_of(f, "a"), "b");
    assert_string_equal(rival_of(f, "c"), "b");
    assert_null(rival_of(f, "b"));
}

static void whoever_comes_first_the_oldest_is_the_rival(void **state)
{
    struct fixture *f = *state;

    put_born(f, "c", "2002");
    put_born(f, "b", "2001");
    put_born(f, "d", "2001");
    put_born(f, "a", "2003");
    assert_string_equal(rival_of(f, "a"), "b");
    assert_string_equal(rival_of(f, "d"), "b");
}

/* A Rollout's world is found by index: the cost does not grow with the cluster. */
static void a_thousand_rollouts(void **state)
{
    struct fixture *f = *state;
    char name[32], selector[64];
    struct scene sc;

    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "app-%d", i);
        snprintf(selector, sizeof(selector), "{\"app\":\"%s\"}", name);
        put_rollout(f, name, name, "1");
        put_deployment(f, name, "2");
        put_service(f, name, selector, "2");
        put_slice(f, name, name);
        arena_release(&f->a);
    }
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "app-%d", i);
        scene_from_store(&sc, f->store, "shop", name);
        assert_int_equal(sc.services.count, 1);
        assert_int_equal(sc.slices.count, 1);
        scene_release(&sc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_no_rollout_concerns_is_not_kept),
        TEST(a_sweep_drops_what_is_not_needed_any_more),
        TEST(never_a_step_back),
        TEST(the_dead_do_not_come_back),
        TEST(the_dead_are_buried_once),
        TEST(a_late_delete_leaves_the_successor),
        TEST(a_successor_buries_its_predecessor),
        TEST(many_graves_are_forgotten_in_time),
        TEST(what_moved_to_others_is_dropped),
        TEST(the_nameless_dead_are_nobody),
        TEST(only_the_same_state_is_had),
        TEST(a_change_wakes_whom_it_concerns),
        TEST(a_rollout_without_a_target_wakes_itself),
        TEST(a_service_that_selects_less_is_not_its),
        TEST(a_slice_without_its_service_wakes_who_names_it),
        TEST(a_service_named_by_two),
        TEST(policies_are_nobodys_and_everybodys),
        TEST(the_older_rollout_is_the_rival),
        TEST(the_oldest_rollout_is_the_rival),
        TEST(whoever_comes_first_the_oldest_is_the_rival),
        TEST(a_thousand_rollouts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

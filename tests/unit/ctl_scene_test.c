/* SPDX-License-Identifier: Apache-2.0 */
/* Which objects are a Rollout's own, one by one: those that look alike and are another's. */
#include "check.h"
#include "sluice/ctl/scene.h"

/* ---- ReplicaSets ----------------------------------------------------------------------------- */

static struct rollout rollout = {.meta = {.name = "ro"}, .spec = {.target = "web"}};
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
    static const struct rollout r = {
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
        cmocka_unit_test(a_set_is_its_by_label_or_by_uid),
        cmocka_unit_test(a_service_is_its_by_label_selector_or_name),
        cmocka_unit_test(what_is_not_named_has_a_key_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

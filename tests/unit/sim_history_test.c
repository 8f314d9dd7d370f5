/* SPDX-License-Identifier: Apache-2.0 */
/* Which old ReplicaSets the simulated Deployment controller deletes, and what it does by strategy
 * Recreate: as the real one, found by tests/differential. The test itself tells what pods there
 * are. */
#include "check.h"
#include "sluice/json/jfmt.h"
#include "sluice/sim/sim.h"

#include <stdio.h>

#define ROLLING  "{'type':'RollingUpdate','rollingUpdate':{'maxSurge':1,'maxUnavailable':0}}"
#define RECREATE "{'type':'Recreate'}"

struct bed {
    struct sim s;
    struct arena a;
};

static void patch(struct bed *b, enum sim_kind kind, const char *name, const char *text)
{
    struct err e = {0};

    if (!sim_user_patch(&b->s, kind, name, json_fmt(&b->a, text), &e))
        fail_msg("%s", e.text);
    sim_tick(&b->s, 4 * SIM_TICK_MS);
}

/* Every ReplicaSet has the pods that it should. */
static void tell(struct bed *b)
{
    for (struct sim_object *o = b->s.objects; o; o = o->next) {
        const int n = (int)json_i64(o->doc, "spec.replicas", 0);

        if (o->kind == SIM_REPLICASET)
            sim_set(&b->s, o,
                    json_fmt(&b->a,
                             "{'status':{'observedGeneration':%l,'replicas':%d,'readyReplicas':%d,"
                             "'availableReplicas':%d}}",
                             json_i64(o->doc, "metadata.generation", 0), n, n, n));
    }
    sim_tick(&b->s, 4 * SIM_TICK_MS);
}

static void open(struct bed *b, int limit, const char *strategy)
{
    const struct sim_options o = {.only_deployments = true};
    struct err e = {0};

    sim_init(&b->s, &o);
    arena_init(&b->a);
    if (!sim_create(&b->s, SIM_DEPLOYMENT,
                    json_fmt(&b->a,
                             "{'metadata':{'name':'web'},'spec':{'replicas':2,"
                             "'revisionHistoryLimit':%d,'strategy':%r,'selector':{'matchLabels':{"
                             "'app':'web'}},'template':{'metadata':{'labels':{'app':'web'}},"
                             "'spec':{'containers':[{'name':'app','image':'app:v0'}]}}}}",
                             limit, json_fmt(&b->a, strategy)),
                    &e))
        fail_msg("%s", e.text);
}

static void close_bed(struct bed *b)
{
    sim_release(&b->s);
    arena_release(&b->a);
}

static void image(struct bed *b, int version)
{
    patch(b, SIM_DEPLOYMENT, "web",
          arena_printf(&b->a,
                       "{'spec':{'template':{'spec':{'containers':[{'name':'app','image':"
                       "'app:v%d'}]}}}}",
                       version));
}

static void release(struct bed *b, int version)
{
    image(b, version);
    for (int i = 0; i < 8; i++)
        tell(b);
}

static struct sim_object *of_image(const struct bed *b, int version)
{
    char want[16];

    snprintf(want, sizeof want, "app:v%d", version);
    for (struct sim_object *o = b->s.objects; o; o = o->next) {
        if (o->kind == SIM_REPLICASET &&
            str_equal(json_str(json_at(o->doc, "spec.template.spec.containers")->child, "image"),
                      want))
            return o;
    }
    return NULL;
}

static const char *name_of(const struct bed *b, int version)
{
    return json_str(of_image(b, version)->doc, "metadata.name");
}

/* Versions whose ReplicaSets are there, in order of version. */
static void check_there(const struct bed *b, const char *want)
{
    char have[16] = "";

    for (int v = 0; v < 9; v++) {
        if (of_image(b, v))
            snprintf(have + strlen(have), sizeof have - strlen(have), "%d", v);
    }
    assert_string_equal(have, want);
}

static int64_t size(const struct bed *b, int version)
{
    return json_i64(of_image(b, version)->doc, "spec.replicas", -1);
}

static void the_lowest_revision_goes_first(void **state)
{
    struct bed b;
    (void)state;

    open(&b, 2, ROLLING);
    for (int v = 0; v < 3; v++)
        release(&b, v);
    check_there(&b, "012");
    release(&b, 0); /* the oldest has the newest revision now */
    check_there(&b, "012");
    release(&b, 3);
    check_there(&b, "023");
    close_bed(&b);
}

static void nothing_goes_in_place_of_one_with_pods(void **state)
{
    struct bed b;
    (void)state;

    open(&b, 2, ROLLING);
    for (int v = 0; v < 3; v++)
        release(&b, v);
    patch(&b, SIM_REPLICASET, name_of(&b, 0), "{'status':{'replicas':1}}");
    patch(&b, SIM_DEPLOYMENT, "web", "{'spec':{'revisionHistoryLimit':1}}");
    check_there(&b, "012");
    patch(&b, SIM_REPLICASET, name_of(&b, 0), "{'status':{'replicas':0,'observedGeneration':1}}");
    check_there(&b, "012"); /* nobody has seen what is wanted of it */
    tell(&b);
    check_there(&b, "12");
    close_bed(&b);
}

static void one_that_is_being_deleted_does_not_count(void **state)
{
    struct bed b;
    (void)state;

    open(&b, 2, ROLLING);
    for (int v = 0; v < 3; v++)
        release(&b, v);
    patch(&b, SIM_REPLICASET, name_of(&b, 0), "{'metadata':{'finalizers':['a/b']}}");
    sim_delete(&b.s, SIM_REPLICASET, name_of(&b, 0));
    patch(&b, SIM_DEPLOYMENT, "web", "{'spec':{'revisionHistoryLimit':1}}");
    tell(&b);
    check_there(&b, "012");
    close_bed(&b);
}

/* How many there are of two sides that were 3, when 8 are wanted of a paused Deployment. */
static int64_t resized(const char *strategy)
{
    struct bed b;
    int64_t n;

    open(&b, 2, ROLLING);
    release(&b, 0);
    image(&b, 1);
    assert_int_equal(size(&b, 0) + size(&b, 1), 3);
    patch(&b, SIM_DEPLOYMENT, "web",
          arena_printf(&b.a, "{'spec':{'paused':true,'strategy':%s}}", strategy));
    patch(&b, SIM_DEPLOYMENT, "web", "{'spec':{'replicas':8}}");
    n = size(&b, 0) + size(&b, 1);
    close_bed(&b);
    return n;
}

/* Under a pause it grows the last ReplicaSet from nothing, and takes it for an empty one still. */
static void what_has_just_grown_goes_as_well(void **state)
{
    struct bed b;

    (void)state;
    open(&b, 5, ROLLING);
    release(&b, 0);
    release(&b, 1);
    patch(&b, SIM_DEPLOYMENT, "web", "{'spec':{'paused':true}}");
    image(&b, 2);
    patch(&b, SIM_DEPLOYMENT, "web", "{'spec':{'replicas':0}}");
    tell(&b);
    check_there(&b, "01");
    patch(&b, SIM_DEPLOYMENT, "web", "{'spec':{'replicas':4,'revisionHistoryLimit':0}}");
    check_there(&b, "");
    close_bed(&b);
}

static void only_a_rolling_update_is_shared_out(void **state)
{
    (void)state;
    assert_int_equal(resized(ROLLING), 9);
    assert_int_equal(resized("{'type':'Recreate','rollingUpdate':null}"), 3);
}

static void recreate_waits_for_the_old_to_be_gone(void **state)
{
    struct bed b;
    (void)state;

    open(&b, 2, RECREATE);
    release(&b, 0);
    image(&b, 1);
    check_there(&b, "0");
    assert_int_equal(size(&b, 0), 0);
    tell(&b);
    check_there(&b, "01");
    assert_int_equal(size(&b, 1), 2);
    close_bed(&b);
}

/* Of 4 wanted 3 are available at least: those that leave v0 do not count as such. */
static void what_leaves_is_not_spare(void **state)
{
    struct bed b;
    (void)state;

    open(&b, 2, "{'type':'RollingUpdate','rollingUpdate':{'maxSurge':0,'maxUnavailable':1}}");
    patch(&b, SIM_DEPLOYMENT, "web", "{'spec':{'replicas':4}}");
    for (int i = 0; i < 4; i++)
        tell(&b);
    image(&b, 1);
    patch(&b, SIM_REPLICASET, name_of(&b, 1),
          "{'status':{'replicas':3,'readyReplicas':3,'availableReplicas':3}}");
    patch(&b, SIM_REPLICASET, name_of(&b, 0), "{'spec':{'replicas':0}}");
    patch(&b, SIM_REPLICASET, name_of(&b, 0), "{'status':{'availableReplicas':3}}");
    image(&b, 2);
    assert_int_equal(size(&b, 1) + size(&b, 2), 4);
    assert_int_equal(size(&b, 1), 3);
    close_bed(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lowest_revision_goes_first),
        cmocka_unit_test(nothing_goes_in_place_of_one_with_pods),
        cmocka_unit_test(one_that_is_being_deleted_does_not_count),
        cmocka_unit_test(what_has_just_grown_goes_as_well),
        cmocka_unit_test(only_a_rolling_update_is_shared_out),
        cmocka_unit_test(what_leaves_is_not_spare),
        cmocka_unit_test(recreate_waits_for_the_old_to_be_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

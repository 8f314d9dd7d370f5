/* SPDX-License-Identifier: Apache-2.0 */
/* How a step is lived through: since when it counts, what is progress, what it says while it waits,
 * and what it leaves to the next (api.md 6). */
#include "sim_scene.h"

#define HOLDS                                                                                      \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':20,'hold':'1h'},{"       \
    "'weight':50}]}}}"
#define GATED                                                                                      \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':50}]}},'gates':[{"       \
    "'name':'g','metric':{'prometheus':{'query':'q'},'max':'1','every':'1s','count':1000}}]}"
#define QUEUED                                                                                     \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':50}]}},'gates':[{"       \
    "'name':'g','metric':{'prometheus':{'query':'q'},'max':'1','every':'1s','count':1000},"        \
    "'during':['Start']}]}"
#define ONE_POD                                                                                    \
    "{'targetRef':{'name':'web'},'strategy':{'rolling':{'steps':[{'replicas':'50%%','approve':"    \
    "true}]}}}"

static const char *const in_step[] = {"image app:v2", "-> Approval", NULL};
static const char *const release[] = {"image app:v2", NULL};
static const char *const holding[] = {"image app:v2", "-> Holding", NULL};
static const char *const gating[] = {"image app:v2", "-> Gating", NULL};

static int64_t now(const struct scene *sc)
{
    return sc->st.s.now_ms;
}

static const struct rollout_status *told(struct scene *sc)
{
    return scene_plan(sc)->status;
}

/* ---- from one to the next -------------------------------------------------------------------- */

static void a_step_begins_with_the_end_of_another(void **state UNUSED)
{
    struct scene *sc = scene_at("holding", HOLDS, holding, 0);
    struct flight *fl = &sc->r.status.flight;
    const struct flight *then;

    fl->settled_ms = fl->step_started_ms = fl->progressed_ms = now(sc) - HOUR_MS;
    then = &told(sc)->flight;
    assert_int_equal(then->step, 2);
    assert_true(then->steps[0].ended_ms == now(sc) && then->steps[1].ended_ms == 0);
    assert_true(then->step_started_ms == now(sc) && then->progressed_ms == now(sc));
    assert_true(then->settled_ms == 0);
    scene_close(sc);
}

/* The commit has its deadline from then on. */
static void the_last_step_is_progress_too(void **state UNUSED)
{
    struct scene *sc = scene_at("the switch", UNDONE, release, ACT_RECORD);
    struct flight *fl = &sc->r.status.flight;
    const struct flight *then;

    fl->step = 2;
    fl->settled_ms = fl->progressed_ms = now(sc) - SECOND_MS;
    fl->steps[1].ended_ms = 0;
    then = &told(sc)->flight;
    assert_true(then->steps[1].ended_ms == now(sc));
    assert_true(then->progressed_ms == now(sc));
    scene_close(sc);
}

/* A weight that is decided begins the traffic anew: what was drained is not. */
static void a_weight_ends_the_drain(void **state UNUSED)
{
    struct scene *sc = scene_at("its weight", ROUTED, release, ACT_ROUTE_WEIGHT);

    sc->r.status.flight.weight_desired = 0;
    sc->r.status.flight.drained_ms = now(sc) - SECOND_MS;
    assert_int_equal(told(sc)->flight.weight_desired, 50);
    assert_true(told(sc)->flight.drained_ms == 0);
    scene_close(sc);
}

/* ---- progress -------------------------------------------------------------------------------- */

static void a_pod_more_is_progress(void **state UNUSED)
{
    struct scene *sc = scene_at("in a step", CANARY, in_step, 0);
    struct flight *fl = &sc->r.status.flight;
    struct replicaset *c = scene_candidate(sc);
    const int64_t then = now(sc) - SECOND_MS;

    c->st_ready--;
    c->st_available--;
    fl->settled_ms = 0;
    fl->progressed_ms = then;
    fl->new_ready = c->st_ready;
    assert_true(told(sc)->flight.progressed_ms == then);
    fl->new_ready = c->st_ready + 1; /* one was lost */
    assert_true(told(sc)->flight.progressed_ms == then);
    assert_int_equal(told(sc)->flight.new_ready, c->st_ready);
    fl->new_ready = c->st_ready - 1;
    assert_true(told(sc)->flight.progressed_ms == now(sc));
    scene_close(sc);
}

/* A pod is asked why when it has taken five seconds, and the plan wakes for that; the one that
 * waits is found among those that are ready. */
static void a_slow_pod_is_asked_in_time(void **state UNUSED)
{
    struct scene *sc = scene_at("in a step", CANARY, in_step, 0);
    struct flight *fl = &sc->r.status.flight;
    struct replicaset *c = scene_candidate(sc);
    struct pod pods[3] = {{.revision = fl->revision, .ready = true, .waiting_reason = "Ready"},
                          {.revision = "another", .waiting_reason = "Other"},
                          {.revision = fl->revision, .waiting_reason = "ErrImagePull"}};
    const struct pod *list[] = {&pods[0], &pods[1], &pods[2]};

    c->st_ready--;
    c->st_available--;
    fl->settled_ms = 0;
    fl->new_ready = c->st_ready;
    sc->w.pods = list;
    sc->w.pod_count = COUNT(list);
    fl->progressed_ms = now(sc) - 5 * SECOND_MS + 1;
    assert_null(scene_plan(sc)->pods_of);
    assert_true(scene_plan(sc)->wake_ms == now(sc) + 1);
    fl->progressed_ms--;
    assert_string_equal(scene_plan(sc)->pods_of, fl->revision);
    assert_non_null(strstr(told(sc)->display.message, "3 of 4 new pods ready: ErrImagePull"));
    scene_close(sc);
}

/* ---- no less than it needs ------------------------------------------------------------------- */

/* Outside, stable is not the step's to judge; nor where there is but one pod. */
static void stable_is_not_waited_for(void **state UNUSED)
{
    struct scene *outside = scene_at("in a step", CANARY, in_step, 0);
    struct scene *one = scene_open(&(struct bed_options){.spec = ONE_POD, .replicas = 1});
    struct scene *scenes[] = {outside, one};

    bed_rest(&one->st, "app:v1", 1);
    bed_story(&one->st, "one pod", in_step);
    scene_now(one);
    scene_stable(one)->replicas = scene_stable(one)->st_replicas = 2;
    for (size_t i = 0; i < COUNT(scenes); i++) {
        struct scene *sc = scenes[i];

        scene_stable(sc)->st_available = 1;
        sc->r.status.flight.settled_ms = 0;
        CHECK(told(sc)->flight.settled_ms == now(sc), "%zu: %s", i, told(sc)->display.message);
        scene_close(sc);
    }
}

/* Of each family as many as are wanted, or all of one; and none that are of another revision. */
static void endpoints_of_the_step(void **state UNUSED)
{
    struct scene *sc = scene_at("its weight", ROUTED, release, ACT_ROUTE_WEIGHT);
    struct slice *side = NULL, first = sc->slices[0];

    sc->r.status.flight.weight_desired = 0;
    for (size_t i = 0; i < sc->w.slice_count; i++) {
        if (str_equal(sc->slices[i].pin, sc->r.status.flight.revision))
            side = &sc->slices[i];
    }
    assert_non_null(side);
    sc->slices[0] = *side; /* it comes first */
    *side = first;
    assert_int_equal(told(sc)->flight.weight_desired, 50);
    sc->slices[0].v6 = true;
    assert_int_equal(told(sc)->flight.weight_desired, 50);
    sc->slices[0].ready--;
    assert_int_equal(told(sc)->flight.weight_desired, 0);
    sc->slices[0].ready++;
    sc->slices[0].pin = "another";
    assert_int_equal(told(sc)->flight.weight_desired, 0);
    scene_close(sc);
}

/* ---- what is said ---------------------------------------------------------------------------- */

static void what_the_traffic_waits_for(void **state UNUSED)
{
    struct scene *sc = scene_at("its weight", ROUTED, release, ACT_ROUTE_WEIGHT);

    sc->r.status.flight.weight_desired = 0;
    for (size_t i = 0; i < sc->w.slice_count; i++)
        sc->slices[i].ready = 0;
    assert_string_equal(told(sc)->display.message, "Waits for the route to accept 50 %.");
    scene_close(sc);
    sc = scene_at("the switch", UNDONE, release, ACT_RECORD);
    sc->r.status.flight.settled_ms = sc->r.status.flight.steps[1].ended_ms = 0;
    sc->r.status.flight.step = 2;
    sc->services[sc->w.service_count] = sc->services[0]; /* one more, and no pin is free for it */
    sc->services[sc->w.service_count].meta.name = "late";
    sc->services[sc->w.service_count++].pin = NULL;
    while (sc->r.status.pin_count < PINS_MAX)
        sc->r.status.pins[sc->r.status.pin_count++] =
            (struct pin_state){.service = "gone", .revision = sc->r.status.flight.revision};
    assert_string_equal(told(sc)->display.message,
                        "Waits for every Service to serve the new revision.");
    scene_close(sc);
}

static void what_a_gate_says(void **state UNUSED)
{
    struct scene *sc = scene_at("gating", GATED, gating, 0);

    sc->w.reading_count = 0;
    sc->r.status.gates[0].message = NULL;
    assert_string_equal(told(sc)->display.message, "Gate g: no answer yet.");
    sc->r.status.gates[0].message = "0.2, at most 1";
    assert_string_equal(told(sc)->display.message, "Gate g: 0.2, at most 1.");
    sc->r.status.flight.settled_ms = now(sc) - HOUR_MS + 1;
    assert_string_equal(told(sc)->conditions[COND_READY].reason, "Gating");
    sc->r.status.flight.settled_ms--;
    assert_string_equal(told(sc)->conditions[COND_READY].reason, "DeadlineExceeded");
    scene_close(sc);
}

static void what_a_gate_says_before_anything(void **state UNUSED)
{
    struct scene *sc =
        scene_at("queued", QUEUED, (const char *const[]){"image app:v2", "-> Queued", NULL}, 0);
    struct reading r = {.gate = "g",
                        .revision = sc->r.status.flight.revision,
                        .since_ms = now(sc),
                        .at_ms = now(sc),
                        .bad = 9,
                        .message = "7 above 1"};

    sc->w.readings = &r;
    sc->w.reading_count = 1;
    assert_string_equal(told(sc)->flight.abort_reason, "gate g failed: 7 above 1");
    assert_string_equal(told(sc)->conditions[COND_READY].reason, "Aborting");
    sc->w.reading_count = 0;
    sc->r.status.flight.step_started_ms = now(sc) - HOUR_MS;
    assert_string_equal(told(sc)->conditions[COND_READY].reason, "DeadlineExceeded");
    scene_close(sc);
}

static void until_when_it_holds(void **state UNUSED)
{
    struct scene *sc = scene_at("holding", HOLDS, holding, 0);
    char at[TIME_TEXT_MAX];

    time_format_clock(sc->r.status.flight.settled_ms + HOUR_MS, at);
    assert_string_equal(told(sc)->display.message,
                        arena_printf(&sc->a, "Holds step 1 until %s.", at));
    scene_close(sc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_begins_with_the_end_of_another),
        cmocka_unit_test(the_last_step_is_progress_too),
        cmocka_unit_test(a_weight_ends_the_drain),
        cmocka_unit_test(a_pod_more_is_progress),
        cmocka_unit_test(a_slow_pod_is_asked_in_time),
        cmocka_unit_test(stable_is_not_waited_for),
        cmocka_unit_test(endpoints_of_the_step),
        cmocka_unit_test(what_the_traffic_waits_for),
        cmocka_unit_test(what_a_gate_says),
        cmocka_unit_test(what_a_gate_says_before_anything),
        cmocka_unit_test(until_when_it_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

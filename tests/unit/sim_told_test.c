/* SPDX-License-Identifier: Apache-2.0 */
/* What one write of a step says: whatever follows from it is in it, its clocks begin with it, and
 * people read why it waits. */
#include "sim_scene.h"

#define METRIC "'metric':{'prometheus':{'query':'q'},'max':'1','every':'1s','count':1000}"
#define GATED(more)                                                                                \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':50}]}},'gates':[{"       \
    "'name':'g','deadline':'1h'," more "}]}"
#define TWO_STEPS                                                                                  \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':25,'approve':true},{"    \
    "'weight':50,'approve':true}]}},'drain':'1s'}"
#define HOLDS                                                                                      \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':50,'hold':'1h'}]}}}"
#define QUEUED                                                                                     \
    {                                                                                              \
        "image app:v2", "-> Queued"                                                                \
    }
#define GATING                                                                                     \
    {                                                                                              \
        "image app:v2", "-> Gating"                                                                \
    }

/* ---- in the same write ----------------------------------------------------------------------- */

static void answered(struct scene *sc, enum verdict verdict)
{
    sc->w.reading_count = 0;
    sc->r.status.gates[0].verdict = verdict;
    sc->r.status.gates[0].message = "so it is";
    scene_told(sc);
}

static void said_no(struct scene *sc)
{
    answered(sc, VERDICT_FAIL);
}

static void said_yes(struct scene *sc)
{
    answered(sc, VERDICT_PASS);
}

static void said_nothing(struct scene *sc)
{
    answered(sc, VERDICT_WAIT);
    sc->r.status.flight.step_started_ms = sc->st.s.now_ms - HOUR_MS;
    if (sc->r.status.flight.settled_ms)
        sc->r.status.flight.settled_ms = sc->st.s.now_ms - HOUR_MS;
    scene_told(sc);
}

static const struct scene_row rows[] = {
    {"a gate says no: it goes back", GATED(METRIC), GATING, 0, said_no, ACT_DECIDE, "web",
     "'reason':'gate g failed: so it is'", "Aborting"},
    {"a gate says nothing: a person is asked", GATED(METRIC), GATING, 0, said_nothing, ACT_DECIDE,
     "web", "'reason':'DeadlineExceeded'", "DeadlineExceeded"},
    {"before anything it says no: nothing begins", GATED(METRIC ",'during':['Start']"), QUEUED, 0,
     said_no, ACT_DECIDE, "web", "'reason':'gate g failed: so it is'", "Aborting"},
    {"... nothing: a person is asked", GATED(METRIC ",'during':['Start']"), QUEUED, 0, said_nothing,
     ACT_DECIDE, "web", "'reason':'DeadlineExceeded'", "DeadlineExceeded"},
    {"... yes: the first step begins", GATED(METRIC ",'during':['Start']"), QUEUED, 0, said_yes,
     ACT_DECIDE, "web", "'step':1", "Progressing"},
};

/* ---- clocks ---------------------------------------------------------------------------------- */

/* The next step's begin when this one has passed; what settled before has not settled in it. */
static void a_step_begins_with_its_clocks(void **state UNUSED)
{
    struct scene *sc = scene_at("in a step", TWO_STEPS,
                                (const char *const[]){"image app:v2", "-> Approval", NULL}, 0);
    const struct flight *fl;

    sc->r.status.flight.steps[0].approved = true;
    sc->st.s.now_ms += MINUTE_MS;
    fl = &scene_plan(sc)->status->flight;
    assert_int_equal(fl->step, 2);
    assert_true(fl->steps[0].ended_ms == sc->st.s.now_ms);
    assert_true(fl->step_started_ms == sc->st.s.now_ms);
    assert_true(fl->progressed_ms == sc->st.s.now_ms);
    assert_int_equal(fl->settled_ms, 0);
    scene_close(sc);
}

/* The last one too: what comes then has its own time. */
static void a_last_step_ends_with_its_clocks(void **state UNUSED)
{
    struct scene *sc = scene_at(
        "in the last",
        "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':100,'approve':"
        "true}]}},'drain':'1s'}",
        (const char *const[]){"image app:v2", "-> Approval", NULL}, 0);
    const struct flight *fl;

    sc->r.status.flight.steps[0].approved = true;
    sc->st.s.now_ms += MINUTE_MS;
    fl = &scene_plan(sc)->status->flight;
    assert_int_equal(fl->step, 1);
    assert_true(fl->steps[0].ended_ms == sc->st.s.now_ms);
    assert_true(fl->progressed_ms == sc->st.s.now_ms);
    scene_close(sc);
}

static struct replicaset *waits_for(struct scene *sc, int32_t ready, int32_t before)
{
    struct replicaset *c = scene_candidate(sc);
    struct flight *fl = &sc->r.status.flight;

    c->st_ready = c->st_available = ready;
    fl->settled_ms = 0;
    fl->new_ready = before;
    fl->progressed_ms = sc->st.s.now_ms - MINUTE_MS;
    return c;
}

/* One more is progress, one less is none; either is what the next is measured by. */
static void progress_is_one_more(void **state UNUSED)
{
    struct scene *sc = scene_at("in a step", CANARY,
                                (const char *const[]){"image app:v2", "-> Approval", NULL}, 0);
    const int64_t now_ms = sc->st.s.now_ms;
    const struct flight *fl;

    waits_for(sc, 3, 2);
    fl = &scene_plan(sc)->status->flight;
    assert_true(fl->progressed_ms == now_ms && fl->new_ready == 3);
    waits_for(sc, 2, 3);
    fl = &scene_plan(sc)->status->flight;
    assert_true(fl->progressed_ms == now_ms - MINUTE_MS && fl->new_ready == 2);
    waits_for(sc, 3, 3);
    fl = &scene_plan(sc)->status->flight;
    assert_true(fl->progressed_ms == now_ms - MINUTE_MS && fl->new_ready == 3);
    sc->r.status.flight.progressed_ms = now_ms - sc->r.spec.progress_deadline_ms;
    assert_string_equal(scene_plan(sc)->status->flight.abort_reason,
                        "no progress for 10m: 3 of 4 new pods ready");
    scene_close(sc);
}

/* A weight that is decided has nothing to do with the drain of what was before. */
static void a_weight_ends_no_drain(void **state UNUSED)
{
    struct scene *sc = scene_at("before its weight", ROUTED,
                                (const char *const[]){"image app:v2", NULL}, ACT_ROUTE_WEIGHT);
    const struct flight *fl;

    sc->r.status.flight.weight_desired = 0;
    sc->r.status.flight.drained_ms = 5;
    scene_told(sc);
    fl = &scene_plan(sc)->status->flight;
    assert_int_equal(fl->weight_desired, 50);
    assert_int_equal(fl->drained_ms, 0);
    scene_close(sc);
}

/* ---- pods ------------------------------------------------------------------------------------ */

/* Five seconds after the last progress it is asked why; any of them may say. */
static void a_pod_is_asked_why_it_is_slow(void **state UNUSED)
{
    struct scene *sc = scene_at("in a step", CANARY,
                                (const char *const[]){"image app:v2", "-> Approval", NULL}, 0);
    const char *revision = sc->r.status.flight.revision;
    const struct pod pods[] = {{.revision = revision, .ready = true, .waiting_reason = "Old"},
                               {.revision = "other", .waiting_reason = "Theirs"},
                               {.revision = revision},
                               {.revision = revision, .waiting_reason = "ErrImagePull"}};
    const struct pod *list[COUNT(pods)];
    const struct plan *p;

    for (size_t i = 0; i < COUNT(pods); i++)
        list[i] = &pods[i];
    waits_for(sc, 3, 3);
    sc->w.pods = list;
    sc->w.pod_count = COUNT(pods);
    sc->w.pods_of = revision;
    sc->w.pods_trouble = "forbidden"; /* by now they are known */
    sc->r.status.flight.progressed_ms = sc->st.s.now_ms - 5 * SECOND_MS;
    p = scene_plan(sc);
    assert_string_equal(p->status->display.message,
                        "Waits for pods: 3 of 4 new pods ready: ErrImagePull.");
    assert_string_equal(p->pods_of, revision);
    list[0] = &pods[3];
    sc->w.pod_count = 1;
    p = scene_plan(sc);
    assert_string_equal(p->status->display.message,
                        "Waits for pods: 3 of 4 new pods ready: ErrImagePull.");
    sc->w.pods_of = NULL;
    p = scene_plan(sc);
    assert_string_equal(
        p->status->display.message,
        "Waits for pods: 3 of 4 new pods ready: the pods could not be read: forbidden.");
    sc->r.status.flight.progressed_ms++;
    p = scene_plan(sc);
    assert_string_equal(p->status->display.message, "Waits for pods: 3 of 4 new pods ready.");
    assert_true(p->wake_ms == sc->st.s.now_ms + 1);
    assert_null(p->pods_of);
    scene_close(sc);
}

/* With one replica its one pod is waited for as well. */
static void one_pod_is_waited_for(void **state UNUSED)
{
    struct scene *sc = scene_open(&(struct bed_options){.spec = SWITCH, .replicas = 1});
    struct replicaset *c;

    bed_rest(&sc->st, "app:v1", 1);
    bed_image(&sc->st, "app:v2");
    bed_until(&sc->st, "Approval", 30000);
    scene_now(sc);
    c = waits_for(sc, 0, 0);
    assert_int_equal(c->replicas, 1);
    assert_int_equal(scene_plan(sc)->status->flight.settled_ms, 0);
    assert_non_null(strstr(scene_plan(sc)->status->display.message, "0 of 1 new pods ready"));
    scene_close(sc);
}

/* ... and so is its one endpoint. */
static void one_endpoint_is_waited_for(void **state UNUSED)
{
    struct scene *sc = scene_open(&(struct bed_options){.spec = ROUTED, .replicas = 1});

    bed_rest(&sc->st, "app:v1", 1);
    bed_image(&sc->st, "app:v2");
    assert_true(scene_before(sc, ACT_ROUTE_WEIGHT));
    sc->r.status.flight.weight_desired = 0;
    scene_told(sc);
    assert_int_equal(scene_plan(sc)->status->flight.weight_desired, 50);
    for (size_t i = 0; i < sc->w.slice_count; i++)
        sc->slices[i].ready = 0;
    assert_int_equal(scene_plan(sc)->status->flight.weight_desired, 0);
    scene_close(sc);
}

/* ---- words ----------------------------------------------------------------------------------- */

static void says(struct scene *sc, const char *want)
{
    CHECK_TEXT(scene_plan(sc)->status->display.message, want, want);
}

static void why_it_waits_is_told(void **state UNUSED)
{
    struct scene *sc =
        scene_at("holds", HOLDS, (const char *const[]){"image app:v2", "-> Holding", NULL}, 0);
    char at[TIME_TEXT_MAX];

    time_format_clock(sc->r.status.flight.settled_ms + HOUR_MS, at);
    says(sc, arena_printf(&sc->a, "Holds step 1 until %s.", at));
    scene_close(sc);
    sc = scene_at("asks", CANARY, (const char *const[]){"image app:v2", "-> Approval", NULL}, 0);
    time_format_clock(sc->r.status.flight.settled_ms + 24 * HOUR_MS, at);
    says(sc, arena_printf(&sc->a, "Step 1 waits for approval until %s: sluice approve web.", at));
    scene_close(sc);
    sc = scene_at("gating", GATED(METRIC), (const char *const[]){"image app:v2", "-> Gating", NULL},
                  0);
    answered(sc, VERDICT_WAIT);
    says(sc, "Gate g: so it is.");
    sc->r.status.gates[0].message = NULL;
    says(sc, "Gate g: no answer yet.");
    scene_close(sc);
    sc = scene_at("before its weight", ROUTED, (const char *const[]){"image app:v2", NULL},
                  ACT_ROUTE_WEIGHT);
    sc->r.status.flight.weight_desired = 0;
    for (size_t i = 0; i < sc->w.slice_count; i++)
        sc->slices[i].ready -= str_equal(sc->slices[i].pin, sc->r.status.flight.revision);
    scene_told(sc);
    says(sc, "Waits for the route to accept 50 %.");
    assert_string_equal(scene_plan(sc)->status->awaiting[0].message, "the route to accept 50 %");
    scene_close(sc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_ROWS(rows),
        cmocka_unit_test(a_step_begins_with_its_clocks),
        cmocka_unit_test(a_last_step_ends_with_its_clocks),
        cmocka_unit_test(progress_is_one_more),
        cmocka_unit_test(a_weight_ends_no_drain),
        cmocka_unit_test(a_pod_is_asked_why_it_is_slow),
        cmocka_unit_test(one_pod_is_waited_for),
        cmocka_unit_test(one_endpoint_is_waited_for),
        cmocka_unit_test(why_it_waits_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What a rule asks itself although one before it in the table has seen to it: each holds alone, so
 * that none hangs on the order of the others. Rules are called here one by one. */
#include "../../src/plan/planner.h"
#include "sim_scene.h"

/* The planner before its first rule. */
static struct planner *planner_of(struct scene *sc)
{
    struct planner *p = ARENA_NEW(&sc->a, struct planner);

    *p = (struct planner){.a = &sc->a,
                          .w = &sc->w,
                          .now = sc->st.s.now_ms,
                          .r = &sc->r,
                          .spec = &sc->r.spec,
                          .d = &sc->d,
                          .st = sc->r.status};
    facts(p);
    return p;
}

static void nothing(struct scene *sc UNUSED, struct planner *p UNUSED) {}

static void not_paused(struct scene *sc, struct planner *p UNUSED)
{
    sc->d.paused = false;
}

/* To release, and no flight yet. */
static void to_begin(struct scene *sc UNUSED, struct planner *p)
{
    p->st.flight.present = false;
    p->changed = true;
    p->rejected = false;
    p->d = ARENA_NEW(p->a, struct deployment);
}

static void stable_outside(struct scene *sc, struct planner *p)
{
    scene_rs(sc, p->stable->revision)->controller_uid = sc->f.meta.uid;
}

static const struct guard {
    const char *name, *spec, *lines[6];
    enum act before;
    void (*change)(struct scene *sc, struct planner *p);
    enum flow (*rule)(struct planner *p);
    enum flow flow;
} guards[] = {
    {"nobody's pause is none", UNDONE, AT_REST, 0, not_paused, rule_user_pause, NEXT},
    {"no flight without the pause", UNDONE, TO_RELEASE, ACT_RECORD, to_begin, rule_flight, NEXT},
    {"not given back while stable's pods are the fence's", UNDONE, TO_RELEASE, ACT_RESUME,
     stable_outside, rule_settle, STOP},
    {"... but when they are the Deployment's", UNDONE, TO_RELEASE, ACT_RESUME, nothing, rule_settle,
     STOP},
};

static void each_rule_asks_itself(void **state UNUSED)
{
    for (size_t i = 0; i < COUNT(guards); i++) {
        const struct guard *g = &guards[i];
        struct scene *sc = scene_at(g->name, g->spec, g->lines, g->before);
        struct planner *p = planner_of(sc);
        enum flow flow;

        g->change(sc, p);
        flow = g->rule(p);
        CHECK(flow == g->flow, "%s: %d", g->name, (int)flow);
        CHECK((p->act.act == ACT_RESUME) == (g->change == nothing), "%s: %s", g->name,
              act_name(p->act.act));
        scene_close(sc);
    }
}

/* Under a pause that stays history is held to its limit: the oldest goes, never one with pods. */
static void history_that_has_pods_is_not_deleted(void **state UNUSED)
{
    for (int pods = 0; pods < 2; pods++) {
        struct scene *sc = scene_at("history", PAUSED, (const char *const[]){"image app:v2", NULL},
                                    ACT_FENCE_DELETE);
        struct replicaset *elder = scene_elder(sc);
        struct planner *p = planner_of(sc);

        elder->replicas = elder->st_replicas = pods;
        sc->d.history_limit = 1;
        assert_int_equal(rule_settle(p), STOP);
        assert_int_equal(p->act.act, ACT_RS_DELETE);
        assert_int_equal(str_equal(p->act.name, elder->meta.name), !pods);
        scene_close(sc);
    }
}

/* ---- facts ----------------------------------------------------------------------------------- */

static void no_replicaset_is_not_available(void **state UNUSED)
{
    assert_false(rs_available(NULL, 0));
    assert_true(rs_available(&(struct replicaset){0}, 0));
    assert_int_equal(available(NULL), 0);
}

static void steps_end_where_there_are_some(void **state UNUSED)
{
    struct planner *p = xcalloc(1, sizeof(*p));

    for (int i = 0; i < FLIGHT_STEPS_MAX; i++)
        p->st.flight.steps[i].ended_ms = 1;
    assert_false(step_ended(p, 0));
    assert_true(step_ended(p, 1));
    assert_true(step_ended(p, FLIGHT_STEPS_MAX));
    assert_false(step_ended(p, FLIGHT_STEPS_MAX + 1));
    free(p);
}

/* The old pods of a commit are warm until the bake is over, or until it goes back. */
static void warm_until_the_bake_is_over(void **state UNUSED)
{
    static const struct {
        int64_t until_ms;
        enum direction direction;
        int32_t n;
        bool warm;
    } cases[] = {
        {0, DIRECTION_FORWARD, 1, true},     {1001, DIRECTION_FORWARD, 1, true},
        {1000, DIRECTION_FORWARD, 1, false}, {1001, DIRECTION_BACK, 1, false},
        {1001, DIRECTION_FORWARD, 0, false},
    };
    const struct replicaset old = {0};

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct planner *p = xcalloc(1, sizeof(*p));

        p->committed = p->outside = true;
        p->previous = &old;
        p->now = 1000;
        p->n = cases[i].n;
        p->st.flight.direction = cases[i].direction;
        p->st.flight.bake_until_ms = cases[i].until_ms;
        CHECK(is_warm(p, &old) == cases[i].warm, "case %zu", i);
        free(p);
    }
}

/* ---- what waits ------------------------------------------------------------------------------ */

/* Too small a candidate holds up its pins and weights on the way forward only: a commit, and a way
 * back, put them where they are to be. */
static void only_forward_waits_for_a_candidate_to_grow(void **state UNUSED)
{
    static const struct {
        const char *name, *spec;
        enum flow (*rule)(struct planner *p);
        enum act before;
    } cases[] = {
        {"pins", SWITCH, rule_pins, ACT_SERVICE_PIN},
        {"weights", ROUTED, rule_route, ACT_ROUTE_WEIGHT},
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        for (int committed = 0; committed < 2; committed++) {
            struct scene *sc =
                scene_at(cases[i].name, cases[i].spec,
                         (const char *const[]){"image app:v2", "-> Approval", "approve", NULL},
                         cases[i].before);
            struct planner *p = planner_of(sc);
            struct replicaset *c = scene_rs(sc, p->candidate->revision);

            c->st_available = 0;
            sc->w.slice_count = 0;
            p->committed = committed;
            cases[i].rule(p);
            CHECK((p->act.act != ACT_NONE) == committed, "%s, %d: %s", cases[i].name, committed,
                  act_name(p->act.act));
            scene_close(sc);
        }
}

/* ---- sizes ----------------------------------------------------------------------------------- */

/* Of two sides that share the Deployment both are the Deployment's; one that is not yet is no side
 * whose last step counts. */
static void a_candidate_outside_is_to_have_all(void **state UNUSED)
{
    struct scene *sc =
        scene_at("sizes", BATCHES, (const char *const[]){"image app:v2", NULL}, ACT_RS_SCALE);
    struct planner *p = planner_of(sc);
    struct replicaset *c = scene_rs(sc, p->candidate->revision);
    struct replicaset *s = scene_rs(sc, p->stable->revision);

    p->surge = (struct surge){.surge = 1};
    c->replicas = 1;
    s->replicas = 2;
    c->meta.created_ms = s->meta.created_ms - 1;
    assert_int_equal(want_new(p), 1); /* as far as it goes */
    c->controller_uid = sc->f.meta.uid;
    assert_int_equal(want_new(p), 2);
    scene_close(sc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_asks_itself),
        cmocka_unit_test(history_that_has_pods_is_not_deleted),
        cmocka_unit_test(no_replicaset_is_not_available),
        cmocka_unit_test(steps_end_where_there_are_some),
        cmocka_unit_test(warm_until_the_bake_is_over),
        cmocka_unit_test(only_forward_waits_for_a_candidate_to_grow),
        cmocka_unit_test(a_candidate_outside_is_to_have_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

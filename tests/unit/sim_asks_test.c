/* SPDX-License-Identifier: Apache-2.0 */
/* What gates ask: which pods at which port, which address, with which counts to go on from. */
#include "sim_gating.h"

/* ---- pods ------------------------------------------------------------------------------------ */

static void at_the_port_that_is_named(void **state UNUSED)
{
    static const struct {
        const char *spec;
        int port;
        const char *broken;
    } rows[] = {
        {PROBED(""), 8080, NULL},
        {PROBED("'port':'http'"), 8080, NULL},
        {PROBED("'port':9090"), 9090, NULL},
        {PROBED("'port':'admin'"), 0, "no container port admin"},
        {PROBED("'port':'8080-tcp'"), 0, "no container port 8080-tcp"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct scene *sc = gating(rows[i].spec);
        const struct ask *ask = asked(sc);

        CHECK(ask->pod_count > 0 && ask->pods[0].port == rows[i].port, "%s: %d", rows[i].spec,
              ask->pods[0].port);
        CHECK_TEXT(ask->broken, rows[i].broken, rows[i].spec);
        scene_close(sc);
    }
}

/* Only pods of the new revision that are ready, stay, and have an address: at most ten. */
static void only_the_ready_new_ones(void **state UNUSED)
{
    enum { MANY = 16 };
    struct scene *sc = gating(PROBED(""));
    struct pod pods[MANY];
    const struct pod *list[MANY];
    const struct ask *ask;

    for (int i = 0; i < MANY; i++) {
        pods[i] = (struct pod){.meta.name = arena_printf(&sc->a, "p%d", i),
                               .revision = sc->r.status.flight.revision,
                               .ip = "10.0.0.1",
                               .ready = true};
        list[i] = &pods[i];
    }
    pods[0].ready = false;
    pods[1].ip = NULL;
    pods[2].meta.deleting_ms = 1;
    pods[3].revision = sc->r.status.stable.revision;
    sc->w.pods = list;
    sc->w.pod_count = 5;
    sc->w.pods_of = sc->r.status.flight.revision;
    ask = asked(sc);
    assert_int_equal(ask->pod_count, 1);
    assert_string_equal(ask->pods[0].name, "p4");
    assert_string_equal(ask->broken, "no container port "); /* these pods declare none */
    sc->w.pod_count = MANY;
    assert_int_equal(asked(sc)->pod_count, 10);
    sc->w.pod_count = 4;
    ask = asked(sc);
    assert_int_equal(ask->pod_count, 0);
    assert_string_equal(ask->broken, "no ready new pod to ask");
    sc->w.pods_of = sc->r.status.stable.revision; /* those of another: it waits for its own */
    assert_int_equal(scene_plan(sc)->ask_count, 0);
    assert_string_equal(scene_plan(sc)->pods_of, sc->r.status.flight.revision);
    scene_close(sc);
}

/* ---- queries --------------------------------------------------------------------------------- */

static void of_the_address_that_is_given(void **state UNUSED)
{
    static const struct {
        const char *spec, *operators, *address;
        bool broken;
    } rows[] = {
        {MEASURED("'query':'q'"), "http://prom", "http://prom", false},
        {MEASURED("'query':'q','address':'http://own'"), "http://prom", "http://own", false},
        {MEASURED("'query':'q'"), NULL, NULL, true},
        {MEASURED("'query':'$(nothing)'"), "http://prom", "http://prom", true},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct scene *sc = gating(rows[i].spec);
        const struct ask *ask;

        sc->w.prometheus = rows[i].operators;
        ask = asked(sc);
        CHECK_TEXT(ask->address, rows[i].address, rows[i].spec);
        CHECK((ask->broken != NULL) == rows[i].broken, "%s: %s", rows[i].spec,
              ask->broken ? ask->broken : "fine");
        scene_close(sc);
    }
}

/* A runner that was restarted goes on from what the status has; what is no number counts as 0. */
static void from_what_is_written(void **state UNUSED)
{
    struct scene *sc = gating(MEASURED("'query':'q'"));
    struct gate_state *g = &sc->r.status.gates[0];
    const struct ask *ask;

    assert_string_equal(g->name, "g");
    g->samples = 9;
    g->evidence = "g3 b2 e1";
    sc->w.reading_count = 0;
    ask = asked(sc);
    assert_true(ask->samples == 9 && ask->good == 3 && ask->bad == 2 && ask->errors == 1);
    assert_true(ask->since_ms == g->since_ms);
    g->evidence = "g-3 bx";
    ask = asked(sc);
    assert_true(ask->good == 0 && ask->bad == 0 && ask->errors == 0);
    g->evidence = NULL;
    assert_int_equal(asked(sc)->good, 0);
    scene_close(sc);
}

/* Edits of the gates leave states of others behind, up to as many as there may be. */
static void among_many_that_were(void **state UNUSED)
{
    struct scene *sc = gating(MEASURED("'query':'q'"));
    const struct rollout_status *st;
    bool found = false;

    for (int i = 0; i < GATE_STATES_MAX; i++)
        sc->r.status.gates[i] = (struct gate_state){.name = arena_printf(&sc->a, "was-%d", i)};
    sc->r.status.gate_count = GATE_STATES_MAX;
    sc->w.reading_count = 0;
    assert_string_equal(asked(sc)->gate->name, "g");
    st = scene_plan(sc)->status;
    assert_int_equal(st->gate_count, GATE_STATES_MAX);
    for (int i = 0; i < st->gate_count; i++)
        found = found || str_equal(st->gates[i].name, "g");
    assert_true(found);
    scene_close(sc);
}

/* ---- gates that others wrote, or edited in flight -------------------------------------------- */

static struct gate_spec *own_gate(struct scene *sc)
{
    struct gate_spec *g = ARENA_ARRAY(&sc->a, struct gate_spec, GATES_MAX + 2);

    g[0] = sc->r.spec.gates[0];
    sc->r.spec.gates = g;
    return g;
}

/* More than there may be: as many are asked as there is room for, each once. */
static void more_gates_than_there_may_be(void **state UNUSED)
{
    struct scene *sc = gating(MEASURED("'query':'q'"));
    struct gate_spec *g = own_gate(sc);
    const struct plan *p;

    for (int i = 1; i < GATES_MAX + 2; i++) {
        g[i] = g[0];
        g[i].name = arena_printf(&sc->a, "g%d", i);
    }
    sc->r.spec.gate_count = GATES_MAX + 2;
    p = scene_plan(sc);
    assert_int_equal(p->ask_count, GATES_MAX);
    for (int i = 0; i < GATES_MAX; i++)
        assert_string_equal(p->asks[i].gate->name, g[i].name);
    scene_close(sc);
}

/* No question is none about pods. */
static void no_question_needs_no_pods(void **state UNUSED)
{
    struct scene *sc = gating(MEASURED("'query':'q'"));

    own_gate(sc)->metric.query = NULL;
    assert_string_equal(asked(sc)->query, "");
    assert_null(scene_plan(sc)->pods_of);
    scene_close(sc);
}

/* On trial it tells, and nothing rests on what it says. */
static void a_gate_on_trial_decides_nothing(void **state UNUSED)
{
    struct scene *sc = gating(MEASURED("'query':'q'"));
    struct gate_spec *g = own_gate(sc);
    struct step_spec *step = ARENA_NEW(&sc->a, struct step_spec);
    struct reading r = {.gate = "g",
                        .revision = sc->r.status.flight.revision,
                        .step = 1,
                        .since_ms = sc->st.s.now_ms,
                        .at_ms = sc->st.s.now_ms,
                        .samples = 3,
                        .bad = 3,
                        .message = "bad"};
    const struct plan *p;

    *step = sc->r.spec.steps[0];
    step->hold_ms = HOUR_MS;
    sc->r.spec.steps = step;
    sc->r.status.flight.spec_digest = scene_plan(sc)->status->flight.spec_digest;
    sc->r.status.flight.settled_ms = sc->st.s.now_ms;
    scene_told(sc);
    g->dry_run = true;
    sc->w.readings = &r;
    sc->w.reading_count = 1;
    p = scene_plan(sc);
    assert_int_equal(p->action.act, ACT_REPORT);
    assert_int_equal(p->status->gates[0].verdict, VERDICT_FAIL);
    assert_string_equal(p->status->conditions[COND_READY].reason, "Holding");
    g->dry_run = false;
    p = scene_plan(sc);
    assert_int_equal(p->action.act, ACT_DECIDE);
    assert_int_equal(p->status->flight.direction, DIRECTION_BACK);
    assert_string_equal(p->status->flight.abort_reason, "gate g failed: bad");
    scene_close(sc);
}

/* What a status of others lacks is not made up. */
static void verdicts_without_words(void **state UNUSED)
{
    struct scene *sc = gating(MEASURED("'query':'q'"));
    struct flight *fl = &sc->r.status.flight;

    sc->w.reading_count = 0;
    sc->r.status.gates[0].verdict = VERDICT_FAIL;
    sc->r.status.gates[0].message = NULL;
    assert_string_equal(scene_plan(sc)->status->flight.abort_reason, "gate g failed: ");
    fl->decision_ms = sc->st.s.now_ms;
    fl->decision = fl->decision_reason = NULL;
    assert_string_equal(scene_plan(sc)->status->display.message, ".");
    assert_string_equal(scene_plan(sc)->status->conditions[COND_READY].reason, "GateFailed");
    scene_close(sc);
}

/* Answers from before the gate began to count again are not its own. */
static void answers_of_before_do_not_count(void **state UNUSED)
{
    struct scene *sc = gating(MEASURED("'query':'q'"));
    const struct gate_state *g = &sc->r.status.gates[0];
    struct reading r = {.gate = "g",
                        .revision = sc->r.status.flight.revision,
                        .step = sc->r.status.flight.step,
                        .since_ms = g->since_ms - 1,
                        .at_ms = sc->st.s.now_ms,
                        .samples = 1000,
                        .good = 1000,
                        .message = "good"};

    sc->w.readings = &r;
    sc->w.reading_count = 1;
    assert_int_equal(scene_plan(sc)->status->flight.step, 1);
    r.since_ms = g->since_ms;
    assert_int_equal(scene_plan(sc)->status->flight.step, 2);
    r.at_ms = 0; /* asked, and not answered yet */
    assert_int_equal(scene_plan(sc)->status->flight.step, 1);
    scene_close(sc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_the_port_that_is_named),
        cmocka_unit_test(only_the_ready_new_ones),
        cmocka_unit_test(of_the_address_that_is_given),
        cmocka_unit_test(from_what_is_written),
        cmocka_unit_test(among_many_that_were),
        cmocka_unit_test(more_gates_than_there_may_be),
        cmocka_unit_test(no_question_needs_no_pods),
        cmocka_unit_test(a_gate_on_trial_decides_nothing),
        cmocka_unit_test(verdicts_without_words),
        cmocka_unit_test(answers_of_before_do_not_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

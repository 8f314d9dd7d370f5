/* SPDX-License-Identifier: Apache-2.0 */
/* What gates make of a world: whose pods a query names, whose answers count, what of them is
 * written, and what a deadline says. */
#include "sim_gating.h"

#define TWO_GATES                                                                                  \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':50}]}},'gates':[{"       \
    "'name':'g','deadline':'1h','probe':{'http':{'path':'/ok'},'every':'1s','successes':100}},{"   \
    "'name':'h','deadline':'10m','metric':{'prometheus':{'query':'q'},'max':'1','every':'1s',"     \
    "'count':1000}}]}"
#define PERSON                                                                                     \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':50,'hold':'5h'}]}},"     \
    "'gates':[{'name':'lead','approval':{},'deadline':'1h'}]}"
#define CANARY_SERVICE                                                                             \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'stableService':'web','traffic':[{"         \
    "'gatewayAPI':{'name':'web'},'settle':'500ms'}],'steps':[{'weight':50}]}},'gates':[{'name':'"  \
    "g',"                                                                                          \
    "'metric':{'prometheus':{'query':'$(service) $(step) $(weight)'},'max':'1','every':'1s',"      \
    "'count':1000}}]}"

static struct gate_spec *own_gate(struct scene *sc)
{
    struct gate_spec *g = ARENA_NEW(&sc->a, struct gate_spec);

    *g = sc->r.spec.gates[0];
    sc->r.spec.gates = g;
    return g;
}

/* ---- whom it asks ---------------------------------------------------------------------------- */

static void of_its_own_pods(void **state UNUSED)
{
    struct scene *sc = gating(MEASURED("'query':'$(pods)'"));
    const char *revision = sc->r.status.flight.revision;
    struct pod pods[] = {{.meta.name = "new-1", .revision = revision},
                         {.meta.name = "old-1", .revision = sc->r.status.stable.revision},
                         {.meta.name = "new-2", .revision = revision},
                         {.meta.name = "new-3", .revision = revision}};
    const struct pod *list[COUNT(pods)];

    for (size_t i = 0; i < COUNT(pods); i++)
        list[i] = &pods[i];
    sc->w.pods = list;
    sc->w.pod_count = COUNT(pods);
    sc->w.pods_of = revision;
    assert_string_equal(asked(sc)->query, "new-(1|2|3)");
    scene_close(sc);
}

static void of_its_own_release(void **state UNUSED)
{
    struct scene *sc =
        gating(MEASURED("'query':'$(namespace) $(name) $(target) $(hash) $(step) $(service).'"));
    const char *want =
        arena_printf(&sc->a, "%s web web %s 1 .", sc->r.meta.ns, sc->r.status.flight.revision);

    assert_string_equal(asked(sc)->query, want);
    scene_close(sc);
    sc = gating(CANARY_SERVICE);
    assert_string_equal(asked(sc)->query, "web-canary 1 50");
    scene_close(sc);
}

/* At the path that is given; a port is named by any of the pod's. */
static void at_its_own_address(void **state UNUSED)
{
    struct scene *sc = gating(PROBED("'path':'/ready','port':'admin'"));
    const struct port ports[] = {{.name = "http", .port = 8080},
                                 {.name = "metrics", .port = 9090},
                                 {.name = "admin", .port = 7070}};
    const struct pod pod = {.meta.name = "p",
                            .revision = sc->r.status.flight.revision,
                            .ip = "10.0.0.1",
                            .ready = true,
                            .ports = ports,
                            .port_count = COUNT(ports)};
    const struct pod *list[] = {&pod};
    const struct ask *ask;

    sc->w.pods = list;
    sc->w.pod_count = 1;
    sc->w.pods_of = pod.revision;
    ask = asked(sc);
    assert_string_equal(ask->query, "/ready");
    assert_int_equal(ask->pods[0].port, 7070);
    assert_null(ask->broken);
    scene_close(sc);
}

/* Counts of more than one digit are read as they were written. */
static void from_counts_of_many(void **state UNUSED)
{
    struct scene *sc = gating(MEASURED("'query':'q'"));
    const struct ask *ask;

    sc->r.status.gates[0].evidence = "g123 b19 e80";
    sc->w.reading_count = 0;
    ask = asked(sc);
    assert_true(ask->good == 123 && ask->bad == 19 && ask->errors == 80);
    scene_close(sc);
}

/* ---- whose answers count --------------------------------------------------------------------- */

static struct reading good(struct scene *sc)
{
    return (struct reading){.gate = "g",
                            .revision = sc->r.status.flight.revision,
                            .step = 1,
                            .since_ms = sc->st.s.now_ms,
                            .at_ms = sc->st.s.now_ms,
                            .samples = 7,
                            .good = 3,
                            .bad = 2,
                            .errors = 11,
                            .message = "so it is"};
}

static const struct gate_state *told(struct scene *sc, const struct reading *r)
{
    sc->w.readings = r;
    sc->w.reading_count = 1;
    return &scene_plan(sc)->status->gates[0];
}

/* What a controller goes on from when it is started again, and what people read. */
static void an_answer_is_written(void **state UNUSED)
{
    struct scene *sc = gating(MEASURED("'query':'q'"));
    struct reading r = good(sc);
    const struct gate_state *g = told(sc, &r);

    assert_string_equal(g->name, "g");
    assert_string_equal(g->kind, "metric");
    assert_int_equal(g->samples, 7);
    assert_string_equal(g->evidence, "g3 b2 e11");
    assert_string_equal(g->message, "so it is");
    r.message = arena_printf(&sc->a, "%0120d", 1);
    assert_int_equal(strlen(told(sc, &r)->message), 100); /* so much of it has room */
    scene_close(sc);
    sc = gating(PROBED(""));
    assert_string_equal(scene_plan(sc)->status->gates[0].kind, "probe");
    scene_close(sc);
}

static void answers_to_others_do_not_count(void **state UNUSED)
{
    struct scene *sc = gating(MEASURED("'query':'q'"));
    struct reading others[4];

    sc->r.status.gates[0].samples = 1;
    for (size_t i = 0; i < COUNT(others); i++)
        others[i] = good(sc);
    others[0].gate = "h";
    others[1].revision = sc->r.status.stable.revision;
    others[2].step = 2;
    others[3].at_ms = 0;
    for (size_t i = 0; i < COUNT(others); i++)
        CHECK(told(sc, &others[i])->samples == 1, "row %zu", i);
    others[3] = good(sc);
    sc->w.readings = others;
    sc->w.reading_count = COUNT(others); /* its own is the last of them */
    assert_int_equal(scene_plan(sc)->status->gates[0].samples, 7);
    scene_close(sc);
}

/* A pass is written as a decision, also while another gate is waited for: who takes over asks no
 * more than what is open. */
static void a_verdict_is_a_decision(void **state UNUSED)
{
    struct scene *sc = gating(TWO_GATES);
    struct reading r = good(sc);
    const struct plan *p;

    assert_int_equal(told(sc, &r)->verdict, VERDICT_WAIT);
    assert_int_equal(scene_plan(sc)->action.act, ACT_REPORT);
    r.good = 100;
    assert_int_equal(told(sc, &r)->verdict, VERDICT_PASS);
    p = scene_plan(sc);
    assert_int_equal(p->action.act, ACT_DECIDE);
    assert_string_equal(p->status->conditions[COND_READY].reason, "Gating");
    scene_close(sc);
}

/* ---- deadlines ------------------------------------------------------------------------------- */

/* It wakes for the first that comes, whichever is told of. */
static void the_first_deadline_wakes(void **state UNUSED)
{
    struct scene *sc = gating(TWO_GATES);
    const struct plan *p = scene_plan(sc);
    const int64_t since = sc->r.status.flight.settled_ms;

    assert_true(p->status->gates[0].until_ms == since + HOUR_MS);
    assert_true(p->status->gates[1].until_ms == since + 10 * MINUTE_MS);
    assert_true(p->wake_ms == since + 10 * MINUTE_MS);
    scene_close(sc);
}

static void late(struct scene *sc)
{
    sc->r.status.flight.settled_ms = sc->st.s.now_ms - HOUR_MS;
    sc->w.reading_count = 0;
    scene_told(sc);
}

/* What a deadline decides is told: in the gate, and as the reason. */
static void what_a_deadline_says(void **state UNUSED)
{
    struct scene *sc = gating(MEASURED("'query':'q'"));
    struct gate_spec *g = own_gate(sc);
    const struct rollout_status *st;

    g->deadline_ms = HOUR_MS;
    late(sc);
    g->on_deadline = ON_DEADLINE_FAIL;
    st = scene_plan(sc)->status;
    assert_int_equal(st->flight.direction, DIRECTION_BACK);
    assert_string_equal(st->flight.abort_reason, "gate g failed: no answer by its deadline");
    g->on_deadline = ON_DEADLINE_PASS;
    st = scene_plan(sc)->status;
    assert_true(st->flight.forced && st->flight.step == 2);
    assert_string_equal(st->gates[0].message, "no answer by its deadline; onDeadline is Pass");
    scene_close(sc);
}

/* A paused release runs out of no time; it says by when the answer was to come. */
static void a_pause_has_no_deadlines(void **state UNUSED)
{
    struct scene *sc = gating(MEASURED("'query':'q'"));
    const struct rollout_status *st;

    own_gate(sc)->deadline_ms = HOUR_MS;
    late(sc);
    sc->r.spec.paused = true;
    sc->r.status.flight.paused_ms = sc->st.s.now_ms - MINUTE_MS;
    st = scene_plan(sc)->status;
    assert_string_equal(st->conditions[COND_READY].reason, "Paused");
    assert_int_equal(st->flight.decision_ms, 0);
    assert_true(st->gates[0].until_ms == sc->st.s.now_ms);
    scene_close(sc);
}

static void check_question(const char *spec, const char *word, const char *what)
{
    struct scene *sc = scene_at(spec, spec, (const char *const[]){"image app:v2", word, NULL}, 0);
    char at[TIME_TEXT_MAX];
    const struct flight *fl;

    own_gate(sc)->deadline_ms = HOUR_MS;
    late(sc);
    time_format_clock(sc->st.s.now_ms, at);
    fl = &scene_plan(sc)->status->flight;
    assert_true(fl->decision_ms == sc->st.s.now_ms);
    CHECK_TEXT(fl->decision,
               arena_printf(&sc->a, "%s had no answer by %s; onDeadline is Pause", what, at), spec);
    scene_close(sc);
}

/* A person is told who did not answer, and by when. */
static void what_a_deadline_asks(void **state UNUSED)
{
    check_question(MEASURED("'query':'q'"), "-> Gating", "gate g");
    check_question(PERSON, "-> Holding", "approval lead");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_its_own_pods),         cmocka_unit_test(of_its_own_release),
        cmocka_unit_test(at_its_own_address),      cmocka_unit_test(from_counts_of_many),
        cmocka_unit_test(an_answer_is_written),    cmocka_unit_test(answers_to_others_do_not_count),
        cmocka_unit_test(a_verdict_is_a_decision), cmocka_unit_test(the_first_deadline_wakes),
        cmocka_unit_test(what_a_deadline_says),    cmocka_unit_test(a_pause_has_no_deadlines),
        cmocka_unit_test(what_a_deadline_asks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

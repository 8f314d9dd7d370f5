/* SPDX-License-Identifier: Apache-2.0 */
/* What people do at the worst moment: each of these was found on a real API server
 * (tests/adversary), and ended in pods that nobody had judged, or in nothing at all. */
#include "sim_bed.h"

#define STEPS(list) "{'spec':{'strategy':{'rolling':{'steps':[" list "]}}}}"

static const char *const all[] = {BLUE_GREEN, CANARY_PODS, CANARY_ROUTE, ROLLING};

static void open_with(struct stage *st, const char *spec, int n)
{
    const struct bed_options o = {.spec = spec, .replicas = n};

    bed_open(st, &o);
    bed_rest(st, "app:v1", n);
}

/* Before the flight is recorded there is no fence either: what is new must not roll by itself. */
static void deleted_at_once(void **state)
{
    (void)state;
    for (size_t k = 0; k < COUNT(all); k++) {
        for (int when = 1; when < 16; when++) {
            struct stage st;

            open_with(&st, all[k], 4);
            bed_image(&st, "app:v2");
            bed_turns(&st, when);
            bed_do(&st, "rollout deleted");
            for (int i = 0; i < 800 && sim_find(&st.s, SIM_ROLLOUT, "web"); i++)
                bed_turn(&st);
            assert_null(sim_find(&st.s, SIM_ROLLOUT, "web"));
            assert_string_equal(stage_image(&st), "app:v1");
            sim_tick(&st.s, 3000);
            assert_int_equal(sim_endpoints(&st.s, "web", NULL), 4);
            stage_close(&st);
        }
    }
}

/* Stable's ReplicaSet deleted by hand while no fence holds its template: nobody has it then. What
 * is new was not judged, and does not take its place; with the template put back it serves. */
static void stable_lost_without_record(void **state)
{
    static const char *const specs[] = {
        "{'targetRef':{'name':'web'},'strategy':{'blueGreen':{'activeService':'web','switch':"
        "'Approve'}},'drain':'1s'}",
        "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':50,'approve':true}]}}"
        ",'drain':'1s'}",
        "{'targetRef':{'name':'web'},'strategy':{'rolling':{'steps':[{'replicas':'50%%','approve':"
        "true}]}}}",
    };

    (void)state;
    for (size_t i = 0; i < 3 * COUNT(specs); i++) {
        struct stage st;
        char stable[64];

        open_with(&st, specs[i / 3], 4);
        snprintf(stable, sizeof stable, "%s", stage_status(&st)->stable.revision);
        bed_image(&st, "app:v2");
        if (i % 3 == 1) {
            bed_until(&st, "Approval", 30000);
            bed_do(&st, "fence deleted");
        }
        bed_do(&st, "stable replicaset deleted");
        if (i % 3 < 2) { /* else it is put back before the operator saw any of it */
            bed_until(&st, "Stalled", 30000);
            assert_string_equal(stage_status(&st)->stable.revision, stable);
        }
        bed_image(&st, "app:v1");
        bed_rest(&st, "app:v1", 4);
        stage_close(&st);
    }
}

/* The same, and what is put in its place went before: the Deployment controller gives that the next
 * number, which with stable's ReplicaSet gone is the one that the dead man names. */
static void stable_lost_for_an_earlier_one(void **state)
{
    (void)state;
    for (int when = 0; when < 6; when++) {
        struct stage st;

        open_with(
            &st, "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':50}]}}}", 4);
        bed_image(&st, "app:v2");
        bed_rest(&st, "app:v2", 4);
        bed_image(&st, "app:v3");
        bed_rest(&st, "app:v3", 4);
        bed_image(&st, "app:v1");
        bed_turns(&st, when);
        bed_do(&st, "stable replicaset deleted");
        bed_turns(&st, 60);
        assert_string_not_equal(stage_word(&st), "Resting"); /* on what nobody judged */
        bed_image(&st, "app:v3");
        bed_rest(&st, "app:v3", 4);
        stage_close(&st);
    }
}

/* An undo, and stable's ReplicaSet is lost before anything holds it. */
static void undone_without_a_stable(void **state)
{
    (void)state;
    for (int when = 0; when < 8; when++) {
        struct stage st;

        open_with(
            &st, "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':50}]}}}", 4);
        bed_loses_stable_in_undo(&st, when);
        stage_close(&st);
    }
}

/* The status' stable is lost, and an earlier revision has pods: the record names that one, and is
 * not taken for one of a leader long replaced, to be deleted and made again for ever. */
static void stable_lost_while_an_earlier_one_serves(void **state)
{
    struct stage st;
    struct err e = {0};
    char *earlier;
    int before;

    (void)state;
    open_with(&st, "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':50}]}}}",
              4);
    earlier = arena_printf(&st.a, "web-%s", stage_status(&st)->stable.revision);
    bed_image(&st, "app:v2");
    bed_rest(&st, "app:v2", 4);
    bed_image(&st, "app:v3");
    assert_true(sim_user_patch(&st.s, SIM_REPLICASET, earlier, "{\"spec\":{\"replicas\":4}}", &e));
    bed_do(&st, "stable replicaset deleted");
    before = bed_writes(&st);
    bed_rest(&st, "app:v3", 4);
    assert_in_range(bed_writes(&st) - before, 10, 40);
    stage_close(&st);
}

/* A template that is applied with a resume rolls natively until it is stopped, beside pods of the
 * one before that had walked in: those go once stable is whole, and then the new one is gated. */
static void resumed_with_a_template_in_a_walk(void **state)
{
    (void)state;
    for (int late_ms = 0; late_ms <= 1500; late_ms += 100) {
        struct stage st;
        struct bed_options o = {
            .spec = "{'targetRef':{'name':'web'},'brake':'Paused','strategy':{'rolling':{'steps':[{"
                    "'replicas':'20%%','approve':true}]}}}",
            .replicas = 5,
            .surge = "0",
            .unavailable = "1",
            .sim = {.no_policies = true}};

        bed_open(&st, &o);
        bed_rest(&st, "app:v1", 5);
        bed_image(&st, "app:v2");
        bed_until(&st, "Approval", 30000);
        sim_judge_disturbed(&st.judge, 60 * SECOND_MS);
        sim_operator_crash(&st.op, late_ms);
        bed_do(&st, "dead man dropped");
        bed_do(&st, "image app:v3");
        bed_do(&st, "deployment resumed");
        bed_turns(&st, 100);
        bed_until(&st, "Approval", 60000);
        bed_do(&st, "approve");
        bed_rest(&st, "app:v3", 5);
        stage_close(&st);
    }
}

/* Back to a revision that was rejected: no flight begins, but the one that ends has served. */
static void rejected_again_drains(void **state)
{
    struct stage st;
    struct sim_object *served;
    char *name;
    int64_t since;

    (void)state;
    open_with(&st,
              "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':50,'approve':"
              "true}]}},'drain':'4s'}",
              4);
    bed_image(&st, "app:v2");
    bed_until(&st, "Approval", 30000);
    bed_do(&st, "abort");
    bed_until(&st, "Aborted", 30000);
    bed_image(&st, "app:v3");
    bed_until(&st, "Approval", 30000);
    name = arena_printf(&st.a, "web-%s", stage_status(&st)->flight.revision);
    bed_image(&st, "app:v2");
    since = st.s.now_ms;
    while ((served = sim_find(&st.s, SIM_REPLICASET, name)) &&
           ((const struct replicaset *)sim_view(served))->replicas > 0)
        bed_turn(&st);
    assert_true(st.s.now_ms - since >= 4000);
    bed_until(&st, "Aborted", 30000);
    assert_string_equal(stage_status(&st)->history[0].outcome, "Aborted");
    stage_close(&st);
}

static const struct replicaset *candidate_of(struct stage *st, const char *revision)
{
    struct sim_object *o =
        sim_find(&st->s, SIM_REPLICASET, arena_printf(&st->a, "web-%s", revision));

    return o ? sim_view(o) : NULL;
}

static int sent_to(const struct stage *st, const char *revision)
{
    return sim_share(&st->s, "web", "web", revision);
}

/* In the midst of the drain somebody gives the side that goes its weight once more. */
static void weighed_in_the_drain(void **state)
{
    (void)state;
    for (int later = 0; later < 70; later += 7) {
        struct stage st;
        char *rules, *revision;
        int64_t last = 0;

        open_with(&st,
                  "{'targetRef':{'name':'web'},'strategy':{'canary':{'stableService':'web',"
                  "'traffic':[{'gatewayAPI':{'name':'web'},'settle':'500ms'}],'steps':[{'weight':"
                  "50,'approve':true}]}},'drain':'4s'}",
                  4);
        bed_image(&st, "app:v2");
        bed_until(&st, "Approval", 30000);
        revision = arena_strdup(&st.a, stage_status(&st)->flight.revision);
        rules = json_print(json_at(sim_find(&st.s, SIM_ROUTE, "web")->doc, "spec.rules"));
        bed_do(&st, "abort");
        while (!stage_status(&st)->flight.drained_ms)
            bed_turn(&st);
        bed_turns(&st, later);
        assert_int_equal(sent_to(&st, revision), 0);
        bed_do(&st, "operator down for 1s");
        bed_patch(&st, SIM_ROUTE, arena_printf(&st.a, "{'spec':{'rules':%s}}", rules));
        while (candidate_of(&st, revision) && candidate_of(&st, revision)->replicas > 0) {
            bed_turn(&st);
            if (sent_to(&st, revision) > 0)
                last = st.s.now_ms;
        }
        assert_true(last > 0 && st.s.now_ms - last >= 4000);
        bed_until(&st, "Aborted", 30000);
        free(rules);
        stage_close(&st);
    }
}

/* Endpoints follow pods some time later: what serves goes when what comes is served too. */
static void back_when_endpoints_know(void **state)
{
    (void)state;
    for (int n = 1; n <= 4; n++) {
        const struct bed_options o = {
            .spec = "{'targetRef':{'name':'web'},'strategy':{'rolling':{'steps':[{'replicas':"
                    "'50%%','approve':true}]}}}",
            .replicas = n,
            .sim = {.slice_lag_ms = 3000}};
        struct stage st;
        int fewest = n;

        bed_open(&st, &o);
        bed_rest(&st, "app:v1", n);
        bed_image(&st, "app:v2");
        bed_until(&st, "Approval", 60000);
        bed_turns(&st, 100);
        bed_image(&st, "app:v1");
        for (int i = 0; i < 600; i++) {
            bed_turn(&st);
            fewest = (int)min_i64(fewest, sim_endpoints(&st.s, "web", NULL));
        }
        assert_int_equal(fewest, n);
        bed_rest(&st, "app:v1", n);
        stage_close(&st);
    }
}

/* What the Deployment controller does of itself while stable has no pods. */
static void candidate_grows(struct stage *st)
{
    struct err e = {0};

    CHECK(sim_user_patch(&st->s, SIM_REPLICASET,
                         arena_printf(&st->a, "web-%s", stage_status(st)->flight.revision),
                         "{\"spec\":{\"replicas\":4}}", &e),
          "%s", e.text);
}

/* An edit of steps approves nothing: the pods that there are must pass before there are more, and
 * those that no step allowed are none. */
static void rolling_edit_approves_nothing(void **state)
{
    static const struct {
        int n, step;
        const char *edit;
        bool grows;
    } table[] = {
        {4, 1, STEPS("{'replicas':'50%%','approve':true,'hold':'1s'}"), false},
        {1, 1, STEPS("{'replicas':'50%%','approve':true,'hold':'1s'}"), false},
        {4, 2, STEPS("{'replicas':'25%%'},{'replicas':'50%%','approve':true},{'replicas':'75%%'}"),
         false},
        {4, 1, STEPS("{'replicas':'25%%','approve':true},{'replicas':'75%%'}"), false},
        {4, 1, STEPS("{'replicas':'25%%','approve':true},{'replicas':'75%%'}"), true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct stage st;

        open_with(&st,
                  "{'targetRef':{'name':'web'},'strategy':{'rolling':{'steps':[{'replicas':'50%%',"
                  "'approve':true}]}}}",
                  table[i].n);
        bed_image(&st, "app:v2");
        bed_until(&st, "Approval", 30000);
        if (table[i].grows)
            candidate_grows(&st);
        bed_patch(&st, SIM_ROLLOUT, table[i].edit);
        bed_turns(&st, 100);
        bed_until(&st, "Approval", 30000);
        assert_int_equal(stage_status(&st)->flight.step, table[i].step);
        bed_do(&st, "approve");
        bed_rest(&st, "app:v2", table[i].n);
        stage_close(&st);
    }
}

/* A write whose answer is lost, which the server does late, and a person who aborts meanwhile: what
 * was not done when that was decided is not done after it. */
static void late_after_an_abort(void **state)
{
    (void)state;
    for (size_t k = 0; k < COUNT(all); k++) {
        for (int at = 0; at < 40; at++) {
            struct stage st;

            open_with(&st, all[k], 4);
            st.op.opt.fault = FAULT_LATE;
            st.op.opt.fault_at = st.op.writes + at;
            bed_image(&st, "app:v2");
            for (int i = 0; i < 600 && st.op.faults == 0; i++)
                bed_turn(&st);
            if (stage_status(&st)->flight.present)
                bed_do(&st, "abort");
            bed_turns(&st, 400);
            CHECK(!st.judge.violations, "%s, write %d: %s", all[k], at, st.judge.words);
            stage_close(&st);
        }
    }
}

/* A release that was begun, and nobody led for longer than its progress deadline, 1m. */
static void nobody_led(void **state)
{
    (void)state;
    for (size_t k = 0; k < COUNT(all); k++) {
        for (int when = 1; when < 24; when += 2) {
            struct stage st;

            open_with(&st, all[k], 4);
            bed_image(&st, "app:v2");
            bed_turns(&st, when);
            sim_operator_crash(&st.op, 70 * SECOND_MS);
            while (st.s.now_ms < st.op.down_until_ms)
                bed_turn(&st);
            bed_rest(&st, "app:v2", 4);
            stage_close(&st);
        }
    }
}

/* What history knows of the Deployment's size is from before it was scaled: the Deployment
 * controller would share the pods out as soon as the candidate has one. */
static void rolling_to_history_after_a_scale(void **state)
{
    static const struct {
        const char *surge, *unavailable;
        int n;
    } rows[] = {{"1", "0", 8}, {"0", "1", 8}, {"0", "2", 8}, {"1", "1", 8}, {"0", "1", 3}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct bed_options o = {.spec = ROLLING,
                                      .replicas = 4,
                                      .surge = rows[i].surge,
                                      .unavailable = rows[i].unavailable};
        struct stage st;
        char words[40];

        bed_open(&st, &o);
        bed_rest(&st, "app:v1", 4);
        bed_image(&st, "app:v2");
        bed_rest(&st, "app:v2", 4);
        snprintf(words, sizeof(words), "scale to %d", rows[i].n);
        bed_do(&st, words);
        bed_rest(&st, "app:v2", rows[i].n);
        while (!sim_judge_calm(&st.judge))
            bed_turn(&st);
        bed_image(&st, "app:v1");
        bed_rest(&st, "app:v1", rows[i].n);
        stage_close(&st);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deleted_at_once),
        cmocka_unit_test(stable_lost_without_record),
        cmocka_unit_test(stable_lost_for_an_earlier_one),
        cmocka_unit_test(undone_without_a_stable),
        cmocka_unit_test(stable_lost_while_an_earlier_one_serves),
        cmocka_unit_test(resumed_with_a_template_in_a_walk),
        cmocka_unit_test(rejected_again_drains),
        cmocka_unit_test(weighed_in_the_drain),
        cmocka_unit_test(back_when_endpoints_know),
        cmocka_unit_test(rolling_edit_approves_nothing),
        cmocka_unit_test(late_after_an_abort),
        cmocka_unit_test(nobody_led),
        cmocka_unit_test(rolling_to_history_after_a_scale),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

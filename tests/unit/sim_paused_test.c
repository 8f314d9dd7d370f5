/* SPDX-License-Identifier: Apache-2.0 */
/* brake: Paused, on an API server without the policies: the pause that stays at rest is all that
 * keeps a template from rolling natively, and under it nobody else heals what is lost. */
#include "sim_bed.h"

static const char *const all[] = {PAUSED_BLUE_GREEN, PAUSED_CANARY, PAUSED_CANARY_ROUTE,
                                  PAUSED_ROLLING};

static void open_with(struct stage *st, const char *spec)
{
    const struct bed_options o = {
        .spec = spec, .replicas = 4, .sim = {.no_policies = true, .gate_bad = "bad"}};

    bed_open(st, &o);
    bed_rest(st, "app:v1", 4);
}

static const cJSON *deployment_of(const struct stage *st)
{
    return sim_find(&st->s, SIM_DEPLOYMENT, "web")->doc;
}

static bool is_paused(const struct stage *st)
{
    return json_bool(deployment_of(st), "spec.paused", false);
}

/* Of one revision, as its image says. */
static int pods_of(const struct stage *st, const char *image)
{
    int n = 0;

    for (struct sim_object *o = st->s.objects; o; o = o->next) {
        const struct replicaset *rs = o->kind == SIM_REPLICASET ? sim_view(o) : NULL;

        if (rs && str_equal(rs->image, image))
            n += rs->st_replicas;
    }
    return n;
}

static void releases(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(all); i++) {
        struct stage st;

        open_with(&st, all[i]);
        bed_image(&st, "app:v2");
        bed_rest(&st, "app:v2", 4);
        bed_image(&st, "app:v3");
        bed_rest(&st, "app:v3", 4);
        bed_do(&st, "undo");
        bed_rest(&st, "app:v2", 4);
        assert_string_equal(stage_status(&st)->last_action.outcome, "Accepted");
        stage_close(&st);
    }
}

/* The Deployment controller removes no history while it is paused with a dead man. */
static void history_is_kept_short(void **state)
{
    (void)state;
    for (int limit = 0; limit < 3; limit++) {
        const char *const digits[] = {"0", "1", "2"};
        const struct bed_options o = {.spec = PAUSED_BLUE_GREEN,
                                      .replicas = 4,
                                      .history_limit = digits[limit],
                                      .sim = {.no_policies = true}};
        struct stage st;
        int kept = 0;

        bed_open(&st, &o);
        bed_rest(&st, "app:v1", 4);
        for (int v = 2; v < 6; v++) {
            char image[16];

            snprintf(image, sizeof image, "app:v%d", v);
            bed_image(&st, image);
            bed_rest(&st, image, 4);
        }
        for (const struct sim_object *k = st.s.objects; k; k = k->next)
            kept += k->kind == SIM_REPLICASET;
        assert_int_equal(kept, limit + 1);
        stage_close(&st);
    }
}

/* A bad revision is refused and held; a better one goes out. */
static void aborts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(all); i++) {
        struct stage st;

        open_with(&st, all[i]);
        bed_image(&st, "app:bad2");
        bed_until(&st, "Aborted", 90000);
        assert_int_equal(pods_of(&st, "app:v1"), 4);
        bed_do(&st, "retry");
        bed_turns(&st, 40);
        bed_until(&st, "Aborted", 90000);
        bed_image(&st, "app:v3");
        bed_rest(&st, "app:v3", 4);
        stage_close(&st);
    }
}

/* Somebody resumes at rest: that starts nothing, and the pause comes back. */
static void resumed_at_rest(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(all); i++) {
        struct stage st;

        open_with(&st, all[i]);
        bed_image(&st, "app:v2");
        bed_rest(&st, "app:v2", 4);
        bed_do(&st, "deployment resumed");
        bed_rest(&st, "app:v2", 4);
        bed_do(&st, "dead man dropped"); /* and what is applied over it has no annotation */
        bed_rest(&st, "app:v2", 4);
        bed_patch(&st, SIM_DEPLOYMENT,
                  "{'metadata':{'annotations':{'" ANNOTATION_DEAD_MAN "':null}}}");
        bed_rest(&st, "app:v2", 4);
        stage_close(&st);
    }
}

/* Resumed in flight it goes back natively; with the fence gone at the same time nobody else knows
 * what was fenced. The pause may be back before that is seen to. */
static void resumed_without_a_fence(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(all); i++) {
        for (int when = 0; when < 30; when++) {
            struct stage st;

            open_with(&st, all[i]);
            bed_image(&st, "app:v2");
            bed_rest(&st, "app:v2", 4);
            bed_image(&st, "app:v3");
            bed_turns(&st, when);
            bed_do(&st, "deployment resumed");
            bed_do(&st, "fence deleted");
            bed_turns(&st, 40);
            assert_true(bed_reaches(&st, "Resting", 90000));
            bed_rest(&st, stage_image(&st), 4);
            stage_close(&st);
        }
    }
}

/* An undo puts an earlier template in, and stable's ReplicaSet is lost before anything holds it.
 * Put back, as is asked for, stable's template comes first: no undo takes it away again. */
static void undone_without_a_stable(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(all); i++) {
        for (int when = 0; when < 10; when++) {
            struct stage st;

            open_with(&st, all[i]);
            bed_loses_stable_in_undo(&st, when);
            stage_close(&st);
        }
    }
}

/* Somebody resumes when the commit was written. While the one before is the Deployment's it comes
 * back, as the dead man says; then the new one stays. Whichever goes, goes after its drain. */
static void resumed_after_the_commit(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(all); i++) {
        for (int later = 0; later < 20; later += 2) {
            struct stage st;

            open_with(&st, all[i]);
            bed_image(&st, "app:v2");
            for (int k = 0; k < 2000 && st.s.writes[ACT_RECORD] == 0; k++)
                bed_turn(&st);
            assert_int_equal(st.s.writes[ACT_RECORD], 1);
            bed_turns(&st, later);
            bed_do(&st, "deployment resumed");
            bed_until(&st, "Resting", 90000);
            bed_rest(&st, later < 4 ? stage_image(&st) : "app:v2", 4);
            stage_close(&st);
        }
    }
}

/* A manifest without the pause, or with a pause and no way back, put over the Deployment. */
static const char *const manifest[] = {
    "{'metadata':{'annotations':{'" ANNOTATION_DEAD_MAN "':null}},'spec':{'paused':null,"
    "'template':{'spec':{'containers':[{'name':'app','image':'app:bad2','ports':[{"
    "'containerPort':8080,'name':'http'}]}]}}}}",
    "{'metadata':{'annotations':{'" ANNOTATION_DEAD_MAN "':null}},'spec':{'paused':true,"
    "'template':{'spec':{'containers':[{'name':'app','image':'app:bad2','ports':[{"
    "'containerPort':8080,'name':'http'}]}]}}}}",
};

/* Pause and dead man are taken off in a flight, and all goes out natively until the operator is
 * there. What came that way serves until stable has its own again, has a name of its own, and is
 * drained where no step asks for it: the judge holds the Deployment to its own maxUnavailable. */
static void resumed_in_flight(struct stage *st, const char *spec, bool held, int until,
                              const char *down)
{
    const struct bed_options o = {.spec = spec,
                                  .replicas = 4,
                                  .sim = {.no_policies = true, .pod_start_ms = 2000},
                                  .op = {.look_ms = until / 9 % 3 * 300}};

    bed_open(st, &o);
    bed_rest(st, "app:v1", 4);
    if (held)
        bed_do(st, "pause");
    bed_image(st, "app:v2");
    bed_turns(st, until);
    bed_do(st, down);
    bed_do(st, "dead man dropped");
    bed_turns(st, 600);
    bed_judge(st);
    if (held && stage_status(st)->flight.present)
        CHECK(pods_of(st, "app:v2") == 0, "%d pods at %d, %s", pods_of(st, "app:v2"), until, down);
    if (held)
        bed_do(st, "resume");
    bed_rest(st, "app:v2", 4);
    stage_close(st);
}

static void resumed_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(all); i++) {
        for (int until = 1; until < 160; until += 9) {
            struct stage st;

            resumed_in_flight(&st, all[i], false, until, "operator killed");
            resumed_in_flight(&st, all[i], true, until, "operator killed");
            resumed_in_flight(&st, all[i], false, until, "operator down for 15s");
            resumed_in_flight(&st, all[i], true, until, "operator down for 15s");
        }
    }
}

static void braked_late(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(all) * COUNT(manifest); i++) {
        struct stage st;

        open_with(&st, all[i / COUNT(manifest)]);
        bed_patch(&st, SIM_DEPLOYMENT, manifest[i % COUNT(manifest)]);
        bed_until(&st, "Aborted", 90000);
        assert_true(is_paused(&st));
        assert_int_equal(pods_of(&st, "app:v1"), 4);
        assert_int_equal(pods_of(&st, "app:bad2"), 0);
        bed_image(&st, "app:v1");
        bed_rest(&st, "app:v1", 4);
        stage_close(&st);
    }
}

/* A manifest put over Deployment and Service in flight: both are as their owner has them. */
static void put_over(struct stage *st)
{
    bed_patch(st, SIM_SERVICE,
              "{'metadata':{'labels':{'" LABEL_PIN "':null}},'spec':{'selector':{'" LABEL_REVISION
              "':null}}}");
    bed_patch(st, SIM_DEPLOYMENT,
              "{'metadata':{'annotations':{'" ANNOTATION_DEAD_MAN
              "':null}},'spec':{'paused':null}}");
}

#define PAUSED_APPROVE                                                                             \
    "{'targetRef':{'name':'web'},'strategy':{'blueGreen':{'activeService':'web','switch':"         \
    "'Approve'}},'brake':'Paused','progressDeadline':'60s'}"

/* The Deployment controller takes stable's pods for others. Those serve until it has its own again:
 * its pin comes back then, not before. */
static void braked_late_without_a_pin(void **state)
{
    (void)state;
    for (int down = 0; down < 3000; down += 100) {
        struct stage st;
        char words[40];

        open_with(&st, PAUSED_APPROVE);
        bed_image(&st, "app:v2");
        bed_until(&st, "Approval", 60000);
        snprintf(words, sizeof words, "operator down for %dms", down);
        bed_do(&st, words);
        put_over(&st);
        for (int k = 0; k < 600; k++) {
            bed_turn(&st);
            if (sim_endpoints(&st.s, "web", NULL) < 4)
                fail_msg("down for %d ms: %d endpoints", down, sim_endpoints(&st.s, "web", NULL));
        }
        stage_close(&st);
    }
}

/* At any moment of the switch: what the Deployment controller made goes; the release goes on. */
static void braked_late_at_the_switch(void **state)
{
    (void)state;
    for (int when = 0; when < 40; when++) {
        struct stage st;

        open_with(&st, PAUSED_APPROVE);
        bed_image(&st, "app:v2");
        bed_until(&st, "Approval", 60000);
        bed_do(&st, "approve");
        bed_turns(&st, when);
        put_over(&st);
        if (!bed_reaches(&st, "Resting", 90000))
            fail_msg("%d turns after the approval: %s", when, stage_word(&st));
        assert_string_equal(stage_image(&st), "app:v2");
        stage_close(&st);
    }
}

/* What went out while nobody braked, and is taken back by its owner, is replaced natively before
 * the pause returns: paused, it would stop half way. */
static void taken_back_unpaused(void **state)
{
    (void)state;
    for (int when = 1; when < 40; when++) {
        struct stage st;

        open_with(&st, PAUSED_BLUE_GREEN);
        bed_do(&st, "operator down for 1s");
        bed_patch(&st, SIM_DEPLOYMENT, manifest[0]);
        bed_turns(&st, when);
        bed_patch(&st, SIM_DEPLOYMENT,
                  "{'spec':{'template':{'spec':{'containers':[{'name':'app',"
                  "'image':'app:v1','ports':[{'containerPort':8080,'name':"
                  "'http'}]}]}}}}");
        bed_turns(&st, 40);
        assert_true(bed_reaches(&st, "Resting", 60000)); /* it rolled: the judge has his opinion */
        assert_true(is_paused(&st));
        assert_int_equal(pods_of(&st, "app:v1"), 4);
        assert_int_equal(pods_of(&st, "app:bad2"), 0);
        stage_close(&st);
    }
}

/* Nothing is armed before the Deployment is paused. */
static void armed_when_paused(void **state)
{
    const struct bed_options o = {
        .spec = PAUSED_ROLLING, .replicas = 4, .sim = {.no_policies = true}};
    struct stage st;
    bool before = false;

    (void)state;
    bed_open(&st, &o);
    for (int i = 0; i < 200; i++) {
        const struct rollout_status *status = stage_status(&st);
        const char *armed = status ? status->conditions[COND_BRAKE_ARMED].status : NULL;

        if (str_equal(armed, "True"))
            assert_true(is_paused(&st));
        before = before || str_equal(armed, "Unknown");
        bed_turn(&st);
    }
    assert_true(before);
    assert_string_equal(stage_status(&st)->conditions[COND_BRAKE_ARMED].status, "True");
    stage_close(&st);
}

/* The Deployment controller would bring back the newest revision before: ours is made again. */
static void stable_deleted_at_rest(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(all); i++) {
        struct stage st;

        open_with(&st, all[i]);
        for (int v = 2; v < 4; v++) {
            bed_do(&st, "stable replicaset deleted");
            bed_turns(&st, 10);
            bed_rest(&st, v == 2 ? "app:v1" : "app:v2", 4);
            assert_int_equal(pods_of(&st, v == 2 ? "app:v1" : "app:v2"), 4);
            bed_image(&st, v == 2 ? "app:v2" : "app:v3");
            bed_rest(&st, v == 2 ? "app:v2" : "app:v3", 4);
        }
        stage_close(&st);
    }
}

/* ... and the Deployment is resumed while we bring it back: both make it. */
static void stable_deleted_and_resumed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(all); i++) {
        for (int later = 0; later < 60; later += 3) {
            const struct bed_options o = {.spec = all[i],
                                          .replicas = 1 + later % 2 * 3,
                                          .sim = {.no_policies = true, .pod_start_ms = 800},
                                          .op = {.look_ms = 600}};
            struct stage st;

            bed_open(&st, &o);
            bed_rest(&st, "app:v1", o.replicas);
            bed_image(&st, "app:v2");
            bed_rest(&st, "app:v2", o.replicas);
            bed_do(&st, "stable replicaset deleted");
            bed_turns(&st, later);
            bed_do(&st, "dead man dropped");
            bed_turns(&st, 100);
            bed_rest(&st, "app:v2", o.replicas);
            stage_close(&st);
        }
    }
}

/* Whom the Deployment controller could give pods to, when a revision becomes its own again. */
static void given_alone(void *arg, const struct plan *plan, const struct action *act,
                        enum sim_fault fault)
{
    struct stage *st = arg;
    int inside = 0;

    (void)fault;
    if (act->act != ACT_RS_GIVE || strcmp(plan->rule, "give") != 0)
        return;
    for (struct sim_object *o = st->s.objects; o; o = o->next) {
        const struct replicaset *rs = o->kind == SIM_REPLICASET ? sim_view(o) : NULL;

        inside += rs && str_equal(rs->controller_uid, json_str(deployment_of(st), "metadata.uid"));
    }
    assert_int_equal(inside, 0);
}

/* Scaled to 0 when the commit was written, the old one looks like history, but its Deployment has
 * no other: scaled up again, that one would get the pods. */
static void scaled_to_zero_after_the_commit(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(all); i++) {
        for (int when = 0; when < 12; when++) {
            struct stage st;

            open_with(&st, all[i]);
            st.sent = given_alone;
            st.arg = &st;
            bed_image(&st, "app:v2");
            for (int k = 0; k < 2000 && st.s.writes[ACT_RECORD] == 0; k++)
                stage_turn(&st);
            bed_do(&st, "scale to 0");
            for (int k = 0; k < when; k++)
                stage_turn(&st);
            bed_do(&st, "scale to 4");
            bed_rest(&st, "app:v2", 4);
            stage_close(&st);
        }
    }
}

/* The Deployment is its owner's, whole, whatever its template is by now. */
static void is_left_alone(const struct stage *st)
{
    assert_int_equal(pods_of(st, stage_image(st)), 4);
    assert_int_equal(sim_endpoints(&st->s, "web", NULL), 4);
    assert_null(sim_find(&st->s, SIM_FENCE, "web-sluice"));
    assert_false(is_paused(st));
    assert_null(json_key(json_at(deployment_of(st), "metadata.annotations"), ANNOTATION_DEAD_MAN));
}

/* Leaving takes the pause off: at rest, in flight, and when the template moves at that moment. */
static void leaves(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(all); i++) {
        for (int when = -12; when < 60; when += when < 0 ? 1 : 3) {
            struct stage st;
            bool free_again = false;

            open_with(&st, all[i]);
            if (when > 0) {
                bed_image(&st, "app:v2");
                bed_turns(&st, when);
            }
            bed_do(&st, "rollout deleted");
            if (when < 0) {
                bed_turns(&st, -when);
                free_again = !is_paused(&st);
                bed_do(&st, "operator down for 500ms"); /* and may find a roll half way */
                bed_image(&st, "app:v2");
            }
            for (int k = 0; k < 800 && sim_find(&st.s, SIM_ROLLOUT, "web"); k++)
                bed_turn(&st);
            assert_null(sim_find(&st.s, SIM_ROLLOUT, "web"));
            sim_tick(&st.s, 9000);
            if (free_again)
                assert_string_equal(stage_image(&st), "app:v2");
            is_left_alone(&st);
            stage_close(&st);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(releases),
        cmocka_unit_test(history_is_kept_short),
        cmocka_unit_test(aborts),
        cmocka_unit_test(resumed_at_rest),
        cmocka_unit_test(resumed_without_a_fence),
        cmocka_unit_test(undone_without_a_stable),
        cmocka_unit_test(resumed_after_the_commit),
        cmocka_unit_test(scaled_to_zero_after_the_commit),
        cmocka_unit_test(resumed_anywhere),
        cmocka_unit_test(braked_late),
        cmocka_unit_test(braked_late_without_a_pin),
        cmocka_unit_test(braked_late_at_the_switch),
        cmocka_unit_test(taken_back_unpaused),
        cmocka_unit_test(armed_when_paused),
        cmocka_unit_test(stable_deleted_at_rest),
        cmocka_unit_test(stable_deleted_and_resumed),
        cmocka_unit_test(leaves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of people: done once, for what they were meant for, and answered with a reason when they
 * are not (api.md 4). One world at rest, one at the first step's gates. */
#include "sim_scene.h"

static struct scene *open_scene(bool gating)
{
    struct scene *sc = scene_open(&(struct bed_options){.spec = CANARY_ROUTE});

    bed_until(&sc->st, "Resting", 60000);
    if (gating)
        bed_image(&sc->st, "app:v2");
    for (int i = 0; gating && i < 400 && !str_equal(stage_word(&sc->st), "Gating"); i++)
        bed_turn(&sc->st);
    assert_string_equal(stage_word(&sc->st), gating ? "Gating" : "Resting");
    scene_now(sc);
    return sc;
}

/* The command is for what is there, unless the row says otherwise. */
static const struct plan *commanded(struct scene *sc, enum verb verb, const char *revision,
                                    int step)
{
    const struct rollout_status *st = &sc->r.status;
    const char *here = st->flight.present ? st->flight.revision : st->stable.revision;

    sc->r.spec.action.verb = verb;
    sc->r.spec.action.id = "a1";
    sc->r.spec.action.revision = revision ? revision : here;
    sc->r.spec.action.step = step;
    return scene_plan(sc);
}

static const struct row {
    bool gating;
    enum verb verb;
    const char *revision; /* NULL: of what is there */
    int step;             /* -1: any */
    const char *reason;
} rows[] = {
    {true, VERB_APPROVE, NULL, -1, "NothingToApprove"},
    {true, VERB_SKIP, NULL, -1, "Accepted"},
    {true, VERB_PROMOTE, NULL, -1, "Accepted"},
    {true, VERB_ABORT, NULL, -1, "Accepted"},
    {true, VERB_ABORT, NULL, 1, "Accepted"},
    {true, VERB_ABORT, NULL, 2, "WrongStep"},
    {true, VERB_ABORT, NULL, 0, "WrongStep"},
    {true, VERB_ABORT, "other", 1, "WrongRevision"},
    {true, VERB_UNDO, NULL, -1, "NoEarlierRevision"}, /* in a step that is abort */
    {true, VERB_RETRY, NULL, -1, "NothingRejected"},
    {true, VERB_RETRY, NULL, 2,
     "NothingRejected"}, /* its step is where to begin, not where it is */
    {false, VERB_APPROVE, NULL, -1, "NothingToApprove"},
    {false, VERB_SKIP, NULL, -1, "NotWaiting"},
    {false, VERB_PROMOTE, NULL, -1, "NothingInFlight"},
    {false, VERB_ABORT, NULL, -1, "NothingInFlight"},
    {false, VERB_ABORT, NULL, 3, "NothingInFlight"}, /* at rest there are no steps */
    {false, VERB_ABORT, "other", -1, "WrongRevision"},
    {false, VERB_RETRY, NULL, -1, "NothingRejected"},
    {false, VERB_UNDO, NULL, -1, "NoEarlierRevision"},
};

static void check_row(struct scene *sc, const struct row *row)
{
    const struct plan *p = commanded(sc, row->verb, row->revision, row->step);
    const struct rollout_status *st = p->status;
    const bool accepted = str_equal(row->reason, "Accepted");
    char name[80];

    snprintf(name, sizeof(name), "%s %s, step %d",
             row->gating ? "gating:" : "at rest:", verb_name(row->verb), row->step);
    CHECK_TEXT(st->last_action.reason, row->reason, name);
    CHECK_TEXT(st->last_action.outcome, accepted ? "Accepted" : "Refused", name);
    CHECK_TEXT(st->last_action.id, "a1", name);
    CHECK(st->last_action.verb == row->verb, "%s", name);
    CHECK_TEXT(st->last_action.revision, sc->r.spec.action.revision, name);
    CHECK(st->last_action.step == sc->r.status.flight.step, "%s", name);
    CHECK(st->last_action.time_ms == sc->st.s.now_ms, "%s", name);
    CHECK(str_empty(st->last_action.message) == accepted, "%s: %s", name, st->last_action.message);
    CHECK(st->action_id_count == 1 && str_equal(st->action_ids[0], "a1"), "%s", name);
    CHECK(p->action.act == ACT_DECIDE, "%s: %s", name, act_name(p->action.act));
    CHECK(accepted || p->event_count >= 1, "%s: nothing is told", name);
    if (!accepted)
        CHECK(st->flight.direction == DIRECTION_FORWARD && !st->flight.forced, "%s", name);
}

static void each_has_its_answer(void **state UNUSED)
{
    for (int gating = 0; gating < 2; gating++) {
        struct scene *sc = open_scene(gating);

        for (size_t i = 0; i < COUNT(rows); i++)
            if (rows[i].gating == gating)
                check_row(sc, &rows[i]);
        scene_close(sc);
    }
}

static void what_they_do(void **state UNUSED)
{
    struct scene *sc = open_scene(true);
    const struct flight *fl;

    fl = &commanded(sc, VERB_SKIP, NULL, -1)->status->flight;
    assert_true(fl->steps[0].skipped && fl->forced);
    assert_false(fl->promote_all);
    fl = &commanded(sc, VERB_PROMOTE, NULL, -1)->status->flight;
    assert_true(fl->promote_all && fl->forced);
    fl = &commanded(sc, VERB_ABORT, NULL, -1)->status->flight;
    assert_int_equal(fl->direction, DIRECTION_BACK);
    assert_false(fl->undo);
    scene_close(sc);
}

/* A gate failed, and a person is asked: to try again or to go on ends the waiting. */
static void a_decision_ends_the_waiting(void **state UNUSED)
{
    static const enum verb verbs[] = {VERB_RETRY, VERB_PROMOTE, VERB_SKIP};
    struct scene *sc = open_scene(true);

    sc->r.status.flight.decision_ms = sc->st.s.now_ms - 1000;
    sc->r.status.flight.decision = "gate smoke failed";
    sc->r.status.flight.decision_reason = "GateFailed";
    for (size_t i = 0; i < COUNT(verbs); i++) {
        const struct rollout_status *st = commanded(sc, verbs[i], NULL, -1)->status;

        CHECK_TEXT(st->last_action.reason, "Accepted", verb_name(verbs[i]));
        CHECK(st->flight.decision_ms == 0 && !st->flight.decision && !st->flight.decision_reason,
              "%s: it still waits", verb_name(verbs[i]));
        CHECK(st->flight.progressed_ms == sc->st.s.now_ms, "%s", verb_name(verbs[i]));
    }
    scene_close(sc);
}

/* ---- what was rejected ----------------------------------------------------------------------- */

#define TWO_STEPS                                                                                  \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':20},{'weight':50,"       \
    "'approve':true}]}},'drain':'1s','gates':[{'name':'ok','approval':{},'during':['Start']}]}"

static struct scene *open_rejected(void)
{
    static const char *const lines[] = {"image app:v2", "-> Queued",  "approve", "-> Approval",
                                        "abort",        "-> Aborted", NULL};
    struct scene *sc = scene_open(&(struct bed_options){.spec = TWO_STEPS});

    bed_until(&sc->st, "Resting", 60000);
    bed_story(&sc->st, "rejected", lines);
    scene_now(sc);
    assert_int_equal(sc->r.status.rejected.step, 2);
    return sc;
}

/* From the step where it failed, or earlier; those before it have passed. */
static void retried_from_a_step(void **state UNUSED)
{
    static const struct {
        int step, begins;
        const char *reason;
    } retries[] = {{-1, 0, "Accepted"},
                   {0, 0, "Accepted"},
                   {1, 0, "Accepted"},
                   {2, 2, "Accepted"},
                   {3, 0, "WrongStep"}};

    for (size_t i = 0; i < COUNT(retries); i++) {
        struct scene *sc = open_rejected();
        const struct rollout_status *st;
        char name[40];

        snprintf(name, sizeof(name), "from step %d", retries[i].step);
        st = commanded(sc, VERB_RETRY, sc->r.status.rejected.revision, retries[i].step)->status;
        CHECK_TEXT(st->last_action.reason, retries[i].reason, name);
        CHECK(st->flight.present == str_equal(retries[i].reason, "Accepted"), "%s", name);
        CHECK(st->flight.step == retries[i].begins, "%s: at %d", name, st->flight.step);
        CHECK((st->flight.steps[0].ended_ms != 0) == (retries[i].begins > 1), "%s", name);
        scene_close(sc);
    }
}

/* ---- undo ------------------------------------------------------------------------------------ */

/* To the newest before: not to one that was rejected, nor to stable's own template. */
static void undone_to_the_newest_that_may(void **state UNUSED)
{
    struct scene *sc = open_scene(false);
    const struct replicaset *list[5];
    struct replicaset rs[5];
    const struct flight *fl;

    for (int i = 0; i < 5; i++) {
        rs[i] = *sc->w.rs[0];
        list[i] = &rs[i];
        if (i == 0)
            continue; /* stable */
        rs[i].revision = arena_printf(&sc->a, "r%d", i);
        rs[i].digest = arena_printf(&sc->a, "d%d", i);
        rs[i].deployment_revision = i;
        rs[i].replicas = rs[i].st_replicas = rs[i].st_ready = rs[i].st_available = 0;
    }
    rs[0].deployment_revision = 5;
    rs[4].controller_uid = "somebody";
    rs[3].digest = sc->r.status.rejected.digest = "bad";
    sc->r.status.stable.deployment_revision = 5;
    sc->w.rs = list;
    sc->w.rs_count = 5;
    fl = &commanded(sc, VERB_UNDO, NULL, -1)->status->flight;
    assert_string_equal(fl->revision, "r2");
    assert_string_equal(fl->digest, "d2");
    assert_int_equal(fl->deployment_revision, 6); /* as kubectl counts on */
    assert_int_equal(fl->step, 1);
    assert_true(fl->undo && fl->promote_all && fl->forced);
    list[1] = &rs[2]; /* in whatever order they come */
    list[2] = &rs[1];
    assert_string_equal(commanded(sc, VERB_UNDO, NULL, -1)->status->flight.revision, "r2");
    rs[2].digest = rs[0].digest;
    assert_string_equal(commanded(sc, VERB_UNDO, NULL, -1)->status->flight.revision, "r1");
    sc->d.paused = true; /* a person's pause: their template is not touched */
    assert_string_equal(commanded(sc, VERB_UNDO, NULL, -1)->status->last_action.reason,
                        "NoEarlierRevision");
    scene_close(sc);
}

/* ---- elsewhere ------------------------------------------------------------------------------- */

#define BAKE_ASKS                                                                                  \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':50,'hold':'1h'}]}},"     \
    "'gates':[{'name':'ok','approval':{},'during':['Bake']}]}"
#define BAKE_IS_ASKED                                                                              \
    "{'targetRef':{'name':'web'},'strategy':{'blueGreen':{'activeService':'web','switch':"         \
    "'Approve'}},'drain':'1s','bake':'1h','gates':[{'name':'ok','approval':{},'during':["          \
    "'Bake']},{'name':'qa','approval':{},'during':['Bake']}]}"
#define STEP_IS_ASKED                                                                              \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':50}]}},'drain':'1s',"    \
    "'gates':[{'name':'ok','approval':{}}]}"
#define LAST_IS_ASKED                                                                              \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':100,'approve':true}]}}," \
    "'drain':'1s','bake':'1h'}"
#define SWITCH_AND_BAKE                                                                            \
    "{'targetRef':{'name':'web'},'strategy':{'blueGreen':{'activeService':'web','switch':"         \
    "'Approve'}},'drain':'1s','bake':'1h'}"
#define STARTS_WITH_A_GATE                                                                         \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':50,'approve':true}]}},"  \
    "'gates':[{'name':'g','probe':{'http':{}},'deadline':'1h','during':['Start']}]}"
#define QUEUES                                                                                     \
    {                                                                                              \
        "image app:v2", "-> Queued"                                                                \
    }

static void as_it_is(struct scene *sc UNUSED) {}

static void a_clock_of_before(struct scene *sc)
{
    sc->r.status.flight.bake_until_ms = sc->st.s.now_ms + HOUR_MS;
}

static void resumed(struct scene *sc)
{
    sc->d.paused = false;
}

static void rejected_before_its_first_step(struct scene *sc)
{
    sc->r.status.rejected.step = 0;
}

static void with_an_earlier_one(struct scene *sc)
{
    scene_elder(sc);
}

/* What a command means where it is given. */
static const struct place {
    const char *name, *spec, *lines[6];
    enum act before; /* 0: as the lines leave it */
    void (*change)(struct scene *sc);
    enum verb verb;
    bool of_the_rejected; /* it is meant for the rejected revision */
    int step;
    const char *reason, *why; /* why: its message; NULL: none */
} places[] = {
    {"nothing is approved that is asked for later",
     BAKE_ASKS,
     {"image app:v2", "-> Holding"},
     0,
     as_it_is,
     VERB_APPROVE,
     false,
     1,
     "NothingToApprove",
     "step 1 asks for no approval"},
    {"nothing is approved before there is a step", STARTS_WITH_A_GATE, QUEUES, 0, as_it_is,
     VERB_APPROVE, false, 0, "NothingToApprove", "step 0 asks for no approval"},
    {"what was approved to switch is not approved again in the bake", SWITCH_AND_BAKE, IN_BAKE, 0,
     as_it_is, VERB_APPROVE, false, -1, "NothingToApprove", "step 2 asks for no approval"},
    {"... nor is a last step", LAST_IS_ASKED, IN_BAKE, 0, as_it_is, VERB_APPROVE, false, -1,
     "NothingToApprove", "step 1 asks for no approval"},
    {"what goes back is not approved", STEP_IS_ASKED, ABORTS, ACT_DEP_STATUS, as_it_is,
     VERB_APPROVE, false, -1, "NothingToApprove", "step 1 asks for no approval"},
    {"... nor tried again", CANARY, ABORTS, ACT_DEP_STATUS, as_it_is, VERB_RETRY, false, -1,
     "NothingRejected", "no revision was rejected, and none waits for a decision"},
    {"nothing to retry under a pause that is the brake", PAUSED, AT_REST, 0, as_it_is, VERB_RETRY,
     false, -1, "NothingRejected", "no revision was rejected, and none waits for a decision"},
    {"what goes back has no bake to cut short", CANARY, UNDOES, ACT_RECORD, a_clock_of_before,
     VERB_SKIP, false, -1, "NotWaiting", "nothing is waited for"},
    {"undone twice", CANARY, UNDOES, ACT_RECORD, as_it_is, VERB_UNDO, false, -1,
     "NoEarlierRevision", "it goes back already"},
    {"aborted twice", CANARY, UNDOES, ACT_RECORD, as_it_is, VERB_ABORT, false, -1,
     "NothingInFlight", "it goes back already"},
    {"undone to what is lost", CANARY, IN_BAKE, 0, fence_and_old_lost, VERB_UNDO, false, -1,
     "NoEarlierRevision", "nothing is left of the revision before"},
    {"aborted to what is lost", CANARY, IN_BAKE, 0, fence_and_old_lost, VERB_ABORT, false, -1,
     "NoEarlierRevision", "nothing is left of the revision before"},
    {"nothing to retry that was resumed", CANARY, ABORTED, 0, resumed, VERB_RETRY, true, -1,
     "NothingRejected", "no revision was rejected, and none waits for a decision"},
    {"retried from its first step, which it did not reach", CANARY, ABORTED, 0,
     rejected_before_its_first_step, VERB_RETRY, true, 1, "Accepted", NULL},
    {"... not from the second", CANARY, ABORTED, 0, rejected_before_its_first_step, VERB_RETRY,
     true, 2, "WrongStep", "it failed in step 0: retry from there or earlier"},
    {"no undo over a template that was refused", CANARY, ABORTED, 0, with_an_earlier_one, VERB_UNDO,
     false, -1, "NoEarlierRevision", "there is no earlier revision"},
    {"undone under a pause that is the brake", PAUSED, AT_REST, 0, with_an_earlier_one, VERB_UNDO,
     false, -1, "Accepted", NULL},
};

static void check_place(const struct place *row)
{
    struct scene *sc = scene_at(row->name, row->spec, row->lines, row->before);
    const struct rollout_status *st;

    row->change(sc);
    st = commanded(sc, row->verb, row->of_the_rejected ? sc->r.status.rejected.revision : NULL,
                   row->step)
             ->status;
    CHECK_TEXT(st->last_action.reason, row->reason, row->name);
    CHECK_TEXT(st->last_action.message, row->why ? row->why : "", row->name);
    CHECK(row->why == NULL || st->flight.bake_until_ms == sc->r.status.flight.bake_until_ms,
          "%s: refused, and done", row->name);
    scene_close(sc);
}

static void each_place(void **state UNUSED)
{
    for (size_t i = 0; i < COUNT(places); i++)
        check_place(&places[i]);
}

/* One word answers all who are asked at this place; what was said before does not stand beside. */
static void all_approvals_of_a_place(void **state UNUSED)
{
    struct scene *sc = scene_at(
        "in the bake", BAKE_IS_ASKED,
        (const char *const[]){"image app:v2", "-> Approval", "approve", "-> Baking", NULL}, 0);
    const struct rollout_status *st;

    assert_int_equal(sc->r.status.gate_count, 2);
    sc->r.status.gates[0].message = sc->r.status.gates[1].message = "late";
    st = commanded(sc, VERB_APPROVE, NULL, -1)->status;
    assert_string_equal(st->last_action.outcome, "Accepted");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(st->gates[i].verdict, VERDICT_PASS);
        assert_string_equal(st->gates[i].message, "approved");
    }
    scene_close(sc);
}

/* The clocks of the first step begin with it. */
static void a_queue_is_skipped(void **state UNUSED)
{
    struct scene *sc = scene_at("queued", STARTS_WITH_A_GATE,
                                (const char *const[]){"image app:v2", "-> Queued", NULL}, 0);
    const struct flight *fl;

    sc->st.s.now_ms += HOUR_MS / 2;
    fl = &commanded(sc, VERB_SKIP, NULL, 0)->status->flight;
    assert_int_equal(fl->step, 1);
    assert_true(fl->step_started_ms == sc->st.s.now_ms);
    assert_true(fl->forced && !fl->promote_all);
    scene_close(sc);
}

/* The bake ends at once, and what was asked in it is answered. */
static void a_bake_is_cut_short(void **state UNUSED)
{
    static const enum verb verbs[] = {VERB_SKIP, VERB_PROMOTE};
    struct scene *sc = scene_at(
        "in the bake", CANARY,
        (const char *const[]){"image app:v2", "-> Approval", "approve", "-> Baking", NULL}, 0);

    for (size_t i = 0; i < COUNT(verbs); i++) {
        const struct rollout_status *st = commanded(sc, verbs[i], NULL, -1)->status;

        CHECK_TEXT(st->last_action.outcome, "Accepted", verb_name(verbs[i]));
        CHECK(st->flight.bake_until_ms == sc->st.s.now_ms, "%s", verb_name(verbs[i]));
        CHECK(!st->flight.forced && !st->flight.promote_all, "%s", verb_name(verbs[i]));
    }
    sc->r.status.flight.decision_ms = sc->st.s.now_ms - 1000;
    sc->r.status.flight.decision = "why";
    sc->r.status.flight.decision_reason = "GateFailed";
    assert_true(commanded(sc, VERB_PROMOTE, NULL, -1)->status->flight.decision_ms == 0);
    scene_close(sc);
}

/* Whoever approves late has decided; what a gate found is another question. */
static void approved_after_the_deadline(void **state UNUSED)
{
    static const char *const reasons[] = {"DeadlineExceeded", "GateFailed"};

    for (size_t i = 0; i < COUNT(reasons); i++) {
        struct scene *sc = scene_at("in its step", CANARY,
                                    (const char *const[]){"image app:v2", "-> Approval", NULL}, 0);
        const struct flight *fl;

        sc->r.status.flight.decision_ms = sc->st.s.now_ms - 1000;
        sc->r.status.flight.decision = "why";
        sc->r.status.flight.decision_reason = reasons[i];
        fl = &commanded(sc, VERB_APPROVE, NULL, -1)->status->flight;
        CHECK(fl->steps[0].approved, "%s", reasons[i]);
        CHECK((fl->decision_ms == 0) == (i == 0), "%s", reasons[i]);
        scene_close(sc);
    }
}

/* What it was meant for is not what is there: both are named. */
static void meant_for_another(void **state UNUSED)
{
    for (int gating = 0; gating < 2; gating++) {
        struct scene *sc = open_scene(gating);
        const struct rollout_status *st = &sc->r.status;
        const char *want = gating ? arena_printf(&sc->a, "in flight is %s", st->flight.revision)
                                  : arena_printf(&sc->a, "at rest is %s", st->stable.revision);
        const char *why = commanded(sc, VERB_ABORT, "other", -1)->status->last_action.message;

        CHECK(strstr(why, want) && strstr(why, "other"), "%s, not %s", why, want);
        scene_close(sc);
    }
}

/* To try again is to ask the gates of this step anew; what passed before has passed. */
static void retry_asks_anew_in_this_step(void **state UNUSED)
{
    struct scene *sc = open_scene(true);
    struct rollout_status *st = &sc->r.status;
    const struct rollout_status *then;
    const struct gate_state *g;

    st->flight.decision_ms = st->flight.settled_ms = sc->st.s.now_ms - SECOND_MS;
    st->flight.decision = "why";
    st->gates[0].verdict = VERDICT_FAIL;
    st->gates[0].samples = 3;
    st->gates[1] = (struct gate_state){
        .name = "early", .kind = "metric", .verdict = VERDICT_PASS, .samples = 9, .message = "ok"};
    st->gate_count = 2;
    sc->w.reading_count = 0;
    then = commanded(sc, VERB_RETRY, NULL, -1)->status;
    g = then->gates;
    assert_true(g[0].verdict == VERDICT_WAIT && g[0].samples == 0);
    assert_true(g[0].since_ms == sc->st.s.now_ms && then->flight.settled_ms == sc->st.s.now_ms);
    assert_true(g[1].verdict == VERDICT_PASS && g[1].samples == 9 && g[1].step == 0);
    scene_close(sc);
}

/* ---- once ------------------------------------------------------------------------------------ */

static void the_same_command_is_done_once(void **state UNUSED)
{
    struct scene *sc = open_scene(true);

    sc->r.status.action_ids[0] = "a0";
    sc->r.status.action_ids[1] = "a1";
    sc->r.status.action_id_count = 2;
    const struct plan *p = commanded(sc, VERB_ABORT, NULL, -1);
    assert_int_equal(p->status->flight.direction, DIRECTION_FORWARD);
    assert_null(p->status->last_action.id);
    assert_int_equal(p->status->action_id_count, 2);
    scene_close(sc);
}

static void the_oldest_are_forgotten(void **state UNUSED)
{
    struct scene *sc = open_scene(true);

    for (int i = 0; i < ACTION_IDS_MAX; i++)
        sc->r.status.action_ids[i] = arena_printf(&sc->a, "x%d", i);
    sc->r.status.action_id_count = ACTION_IDS_MAX;
    const struct rollout_status *st = commanded(sc, VERB_ABORT, NULL, -1)->status;
    assert_int_equal(st->action_id_count, ACTION_IDS_MAX);
    for (int i = 0; i + 1 < ACTION_IDS_MAX; i++)
        CHECK_TEXT(st->action_ids[i], arena_printf(&sc->a, "x%d", i + 1), "moved up");
    CHECK_TEXT(st->action_ids[ACTION_IDS_MAX - 1], "a1", "last");
    scene_close(sc);
}

static void what_is_no_command_is_none(void **state UNUSED)
{
    struct scene *sc = open_scene(true);

    assert_null(commanded(sc, VERB_NONE, NULL, -1)->status->last_action.id);
    assert_null(commanded(sc, VERB_COUNT, NULL, -1)->status->last_action.id);
    sc->r.meta.deleting_ms = 1;
    sc->r.has_finalizer = true;
    assert_null(commanded(sc, VERB_PROMOTE, NULL, -1)->status->last_action.id);
    scene_close(sc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_has_its_answer),
        cmocka_unit_test(what_they_do),
        cmocka_unit_test(a_decision_ends_the_waiting),
        cmocka_unit_test(retried_from_a_step),
        cmocka_unit_test(undone_to_the_newest_that_may),
        cmocka_unit_test(each_place),
        cmocka_unit_test(all_approvals_of_a_place),
        cmocka_unit_test(a_queue_is_skipped),
        cmocka_unit_test(a_bake_is_cut_short),
        cmocka_unit_test(approved_after_the_deadline),
        cmocka_unit_test(meant_for_another),
        cmocka_unit_test(retry_asks_anew_in_this_step),
        cmocka_unit_test(the_same_command_is_done_once),
        cmocka_unit_test(the_oldest_are_forgotten),
        cmocka_unit_test(what_is_no_command_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

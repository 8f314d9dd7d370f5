/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of people: done once, for what they were meant for, and answered with a reason when they
 * are not (api.md 4). One world at rest, one at the first step's gates. */
#include "sim_bed.h"
#include "sluice/plan/plan.h"

struct scene {
    struct stage st;
    struct arena a;
    struct world w;
    struct rollout r;
};

static void open_scene(struct scene *sc, bool gating)
{
    const struct bed_options o = {.spec = CANARY_ROUTE, .replicas = 4};

    arena_init(&sc->a);
    bed_open(&sc->st, &o);
    bed_until(&sc->st, "Resting", 60000);
    if (gating)
        bed_image(&sc->st, "app:v2");
    for (int i = 0; gating && i < 400 && !str_equal(stage_word(&sc->st), "Gating"); i++)
        bed_turn(&sc->st);
    assert_string_equal(stage_word(&sc->st), gating ? "Gating" : "Resting");
    sc->w = *sim_world(&sc->st.s, &sc->a, "web");
    sc->r = *sc->w.rollout;
    sc->w.rollout = &sc->r;
}

static void close_scene(struct scene *sc)
{
    stage_close(&sc->st);
    arena_release(&sc->a);
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
    return plan_rollout(&sc->a, &sc->w, sc->st.s.now_ms);
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
        struct scene *sc = xcalloc(1, sizeof(*sc));

        open_scene(sc, gating);
        for (size_t i = 0; i < COUNT(rows); i++)
            if (rows[i].gating == gating)
                check_row(sc, &rows[i]);
        close_scene(sc);
        free(sc);
    }
}

static void what_they_do(void **state UNUSED)
{
    struct scene *sc = xcalloc(1, sizeof(*sc));
    const struct flight *fl;

    open_scene(sc, true);
    fl = &commanded(sc, VERB_SKIP, NULL, -1)->status->flight;
    assert_true(fl->steps[0].skipped && fl->forced);
    assert_false(fl->promote_all);
    fl = &commanded(sc, VERB_PROMOTE, NULL, -1)->status->flight;
    assert_true(fl->promote_all && fl->forced);
    fl = &commanded(sc, VERB_ABORT, NULL, -1)->status->flight;
    assert_int_equal(fl->direction, DIRECTION_BACK);
    assert_false(fl->undo);
    close_scene(sc);
    free(sc);
}

/* A gate failed, and a person is asked: to try again or to go on ends the waiting. */
static void a_decision_ends_the_waiting(void **state UNUSED)
{
    static const enum verb verbs[] = {VERB_RETRY, VERB_PROMOTE, VERB_SKIP};
    struct scene *sc = xcalloc(1, sizeof(*sc));

    open_scene(sc, true);
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
    close_scene(sc);
    free(sc);
}

/* ---- what was rejected ----------------------------------------------------------------------- */

#define TWO_STEPS                                                                                  \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':20},{'weight':50,"       \
    "'approve':true}]}},'drain':'1s','gates':[{'name':'ok','approval':{},'during':['Start']}]}"

static void open_rejected(struct scene *sc)
{
    const struct bed_options o = {.spec = TWO_STEPS, .replicas = 4};
    static const char *const lines[] = {"image app:v2", "-> Queued",  "approve", "-> Approval",
                                        "abort",        "-> Aborted", NULL};

    arena_init(&sc->a);
    bed_open(&sc->st, &o);
    bed_until(&sc->st, "Resting", 60000);
    bed_story(&sc->st, "rejected", lines);
    sc->w = *sim_world(&sc->st.s, &sc->a, "web");
    sc->r = *sc->w.rollout;
    sc->w.rollout = &sc->r;
    assert_int_equal(sc->r.status.rejected.step, 2);
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
        struct scene *sc = xcalloc(1, sizeof(*sc));
        const struct rollout_status *st;
        char name[40];

        open_rejected(sc);
        snprintf(name, sizeof(name), "from step %d", retries[i].step);
        st = commanded(sc, VERB_RETRY, sc->r.status.rejected.revision, retries[i].step)->status;
        CHECK_TEXT(st->last_action.reason, retries[i].reason, name);
        CHECK(st->flight.present == str_equal(retries[i].reason, "Accepted"), "%s", name);
        CHECK(st->flight.step == retries[i].begins, "%s: at %d", name, st->flight.step);
        CHECK((st->flight.steps[0].ended_ms != 0) == (retries[i].begins > 1), "%s", name);
        close_scene(sc);
        free(sc);
    }
}

/* ---- undo ------------------------------------------------------------------------------------ */

/* To the newest before: not to one that was rejected, nor to stable's own template. */
static void undone_to_the_newest_that_may(void **state UNUSED)
{
    struct scene *sc = xcalloc(1, sizeof(*sc));
    const struct replicaset *list[5];
    struct replicaset rs[5];
    struct deployment d;

    open_scene(sc, false);
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
    assert_string_equal(commanded(sc, VERB_UNDO, NULL, -1)->status->flight.revision, "r2");
    rs[2].digest = rs[0].digest;
    assert_string_equal(commanded(sc, VERB_UNDO, NULL, -1)->status->flight.revision, "r1");
    d = *sc->w.dep; /* a person's pause: their template is not touched */
    d.paused = true;
    sc->w.dep = &d;
    assert_string_equal(commanded(sc, VERB_UNDO, NULL, -1)->status->last_action.reason,
                        "NoEarlierRevision");
    close_scene(sc);
    free(sc);
}

/* ---- once ------------------------------------------------------------------------------------ */

static void the_same_command_is_done_once(void **state UNUSED)
{
    struct scene *sc = xcalloc(1, sizeof(*sc));

    open_scene(sc, true);
    sc->r.status.action_ids[0] = "a0";
    sc->r.status.action_ids[1] = "a1";
    sc->r.status.action_id_count = 2;
    const struct plan *p = commanded(sc, VERB_ABORT, NULL, -1);
    assert_int_equal(p->status->flight.direction, DIRECTION_FORWARD);
    assert_null(p->status->last_action.id);
    assert_int_equal(p->status->action_id_count, 2);
    close_scene(sc);
    free(sc);
}

static void the_oldest_are_forgotten(void **state UNUSED)
{
    struct scene *sc = xcalloc(1, sizeof(*sc));

    open_scene(sc, true);
    for (int i = 0; i < ACTION_IDS_MAX; i++)
        sc->r.status.action_ids[i] = arena_printf(&sc->a, "x%d", i);
    sc->r.status.action_id_count = ACTION_IDS_MAX;
    const struct rollout_status *st = commanded(sc, VERB_ABORT, NULL, -1)->status;
    assert_int_equal(st->action_id_count, ACTION_IDS_MAX);
    for (int i = 0; i + 1 < ACTION_IDS_MAX; i++)
        CHECK_TEXT(st->action_ids[i], arena_printf(&sc->a, "x%d", i + 1), "moved up");
    CHECK_TEXT(st->action_ids[ACTION_IDS_MAX - 1], "a1", "last");
    close_scene(sc);
    free(sc);
}

static void what_is_no_command_is_none(void **state UNUSED)
{
    struct scene *sc = xcalloc(1, sizeof(*sc));

    open_scene(sc, true);
    assert_null(commanded(sc, VERB_NONE, NULL, -1)->status->last_action.id);
    assert_null(commanded(sc, VERB_COUNT, NULL, -1)->status->last_action.id);
    sc->r.meta.deleting_ms = 1;
    sc->r.has_finalizer = true;
    assert_null(commanded(sc, VERB_PROMOTE, NULL, -1)->status->last_action.id);
    close_scene(sc);
    free(sc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_has_its_answer),
        cmocka_unit_test(what_they_do),
        cmocka_unit_test(a_decision_ends_the_waiting),
        cmocka_unit_test(retried_from_a_step),
        cmocka_unit_test(undone_to_the_newest_that_may),
        cmocka_unit_test(the_same_command_is_done_once),
        cmocka_unit_test(the_oldest_are_forgotten),
        cmocka_unit_test(what_is_no_command_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The last writes of a release, one thing changed: a gate that fails in the bake, what is said
 * while all is given back, and that nothing is given back before the status says what the record
 * does (I12). */
#include "sim_scene.h"

#define WATCHED(more)                                                                              \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':50}]}},'drain':'1s',"    \
    "'bake':'1h'," more "'gates':[{'name':'g','metric':{'prometheus':{'query':'q'},'max':'1',"     \
    "'every':'1s','count':1000},'during':['Bake']}]}"
#define BATCHES_AND_BAKE                                                                           \
    "{'targetRef':{'name':'web'},'strategy':{'rolling':{'steps':[{'replicas':'50%%'}]}},"          \
    "'bake':'1h'}"
#define TO_BAKE                                                                                    \
    {                                                                                              \
        "image app:v2", "-> Baking"                                                                \
    }

/* ---- the bake -------------------------------------------------------------------------------- */

static void a_gate_fails(struct scene *sc)
{
    struct reading *r = ARENA_NEW(&sc->a, struct reading);

    *r = (struct reading){.gate = "g",
                          .revision = sc->f.record.stable_revision,
                          .step = sc->r.status.flight.step,
                          .since_ms = sc->st.s.now_ms,
                          .at_ms = sc->st.s.now_ms,
                          .samples = 9,
                          .bad = 9,
                          .message = "7 above 1"};
    sc->w.readings = r;
    sc->w.reading_count = 1;
}

/* Resumed by hand, and what was promoted is deleted: there is nothing to watch. */
static void nothing_is_left_to_watch(struct scene *sc)
{
    sc->d.paused = false;
    sc->w.rs_count = 0;
}

static void a_person_is_asked(struct scene *sc)
{
    struct flight *fl = &sc->r.status.flight;

    fl->decision_ms = sc->st.s.now_ms - 1;
    fl->decision = "gate g failed in the bake: 7 above 1";
    fl->decision_reason = "GateFailed";
    scene_told(sc);
}

static void the_bake_is_over(struct scene *sc)
{
    sc->r.status.flight.bake_until_ms = sc->st.s.now_ms;
    scene_told(sc);
}

/* ---- the end --------------------------------------------------------------------------------- */

/* The old pods' ReplicaSet is gone with the fence: revisionHistoryLimit may be 0. */
static void nothing_of_before_is_kept(struct scene *sc)
{
    scene_forget_rs(sc, scene_rs(sc, sc->f.record.previous));
    scene_no_fence(sc);
}

/* kubectl has been told; only the status is left. */
static void failed_is_told(struct scene *sc)
{
    sc->d.progressing_reason = "ProgressDeadlineExceeded";
}

/* Accepted a moment ago; as long as a weight would, what it rests at settles. */
static void routes_settle(struct scene *sc)
{
    assert_int_equal(sc->r.status.route_count, 1);
    sc->r.status.routes[0].settled_ms = sc->st.s.now_ms - 499;
    scene_told(sc);
}

static void routes_have_settled(struct scene *sc)
{
    routes_settle(sc);
    sc->r.status.routes[0].settled_ms--;
    scene_told(sc);
}

/* ---- what the status says -------------------------------------------------------------------- */

static void another_revision_is_told(struct scene *sc)
{
    sc->r.status.stable.revision = "another";
    scene_told(sc);
}

static void another_number_is_told(struct scene *sc)
{
    sc->r.status.stable.deployment_revision = 77;
    scene_told(sc);
}

static void no_commit_is_told(struct scene *sc)
{
    sc->r.status.flight.committed_ms = 0;
    scene_told(sc);
}

static const struct scene_row rows[] = {
    /* --- the bake --- */
    {"a gate that fails in the bake turns back", WATCHED(""), TO_BAKE, 0, a_gate_fails, ACT_DECIDE,
     "web", "gate g failed in the bake: 7 above 1", "Aborting"},
    {"... or asks a person", WATCHED("'onFailure':'Pause',"), TO_BAKE, 0, a_gate_fails, ACT_DECIDE,
     "web", "'decisionReason':'GateFailed'", "GateFailed"},
    {"a bake of nothing is not told of", CANARY, IN_BAKE, 0, nothing_is_left_to_watch, ACT_REPORT,
     NULL, NULL, "Promoting"},
    {"a decision in the bake keeps all as it is", CANARY, IN_BAKE, 0, a_person_is_asked, ACT_REPORT,
     NULL, "'gate g failed in the bake: 7 above 1.'", "GateFailed"},
    {"... also where no old pods are kept", BATCHES_AND_BAKE, TO_BAKE, 0, a_person_is_asked,
     ACT_REPORT, NULL, NULL, "GateFailed"},
    {"a bake that is over is over", BATCHES_AND_BAKE, TO_BAKE, 0, the_bake_is_over, ACT_RESUME,
     "web", NULL, "Promoting"},
    /* --- the end --- */
    {"over: the status says at once that all rests", UNDONE, TO_RELEASE, ACT_FENCE_DELETE,
     scene_no_fence, ACT_DECIDE, "web", "'outcome':'Promoted'", "Resting"},
    {"... also when nothing of before is kept", UNDONE, TO_RELEASE, ACT_FENCE_DELETE,
     nothing_of_before_is_kept, ACT_DECIDE, "web", "'outcome':'Promoted'", "Resting"},
    {"... or that stable is held", CANARY, ABORTS, ACT_DEP_STATUS, failed_is_told, ACT_DECIDE,
     "web", "'outcome':'Aborted'", "Aborted"},
    {"our Service stays while the routes settle", ROUTED, ABORTS, ACT_SERVICE_DELETE, routes_settle,
     ACT_REPORT, NULL, "'Waits for the routes to be as they were.'", "Aborting"},
    {"... no longer", ROUTED, ABORTS, ACT_SERVICE_DELETE, routes_have_settled, ACT_SERVICE_DELETE,
     "web-canary", NULL, NULL},
    /* --- what the status says --- */
    {"resumed when the status says the same", UNDONE, TO_RELEASE, ACT_RESUME, scene_nothing,
     ACT_RESUME, "web", NULL, NULL},
    {"... not while it names another as stable", UNDONE, TO_RELEASE, ACT_RESUME,
     another_revision_is_told, ACT_DECIDE, NULL, NULL, NULL},
    {"... or another number", UNDONE, TO_RELEASE, ACT_RESUME, another_number_is_told, ACT_DECIDE,
     NULL, NULL, NULL},
    {"... or no commit", UNDONE, TO_RELEASE, ACT_RESUME, no_commit_is_told, ACT_DECIDE, NULL,
     "'committedAt'", NULL},
    {"nor is the fence deleted before", UNDONE, TO_RELEASE, ACT_FENCE_DELETE,
     another_number_is_told, ACT_DECIDE, NULL, NULL, NULL},
    {"... nor without the commit", UNDONE, TO_RELEASE, ACT_FENCE_DELETE, no_commit_is_told,
     ACT_DECIDE, NULL, "'committedAt'", NULL},
};

/* ---- what is said ---------------------------------------------------------------------------- */

static void promoted_before(struct scene *sc)
{
    struct rollout_status *st = &sc->r.status;

    st->history_count = 1;
    st->history[0].revision = sc->f.record.stable_revision;
}

static void another_was_promoted(struct scene *sc)
{
    sc->r.status.history[0].revision = "another";
}

static void no_history(struct scene *sc)
{
    sc->r.status.history_count = 0;
}

static void older_history(struct scene *sc)
{
    sc->r.status.history[1].revision = sc->r.status.history[0].revision;
    sc->r.status.history[0].revision = "another";
    sc->r.status.history_count = 2;
}

static void route_not_at_rest(struct scene *sc)
{
    sc->routes[0].meta.generation++;
}

static void closing_is_told(void **state UNUSED)
{
    static const char gives[] = "Gives the Deployment back.";
    static const struct {
        const char *name, *spec, *lines[4];
        enum act before;
        void (*change)(struct scene *sc);
        const char *word, *message;
    } said[] = {
        {"promoted", UNDONE, TO_RELEASE, ACT_FENCE_DELETE, scene_nothing, "Promoting", gives},
        {"promoted, and told", PAUSED, TO_RELEASE, ACT_FENCE_DELETE, scene_nothing, "Promoting",
         gives},
        {"told of another", PAUSED, TO_RELEASE, ACT_FENCE_DELETE, another_was_promoted, "Aborting",
         gives},
        {"... before this one", PAUSED, TO_RELEASE, ACT_FENCE_DELETE, older_history, "Aborting",
         gives},
        {"told of nothing", PAUSED, TO_RELEASE, ACT_FENCE_DELETE, no_history, "Aborting", gives},
        {"taken back", REVERTS, ABORTS, ACT_FENCE_DELETE, scene_nothing, "Aborting", gives},
        {"taken back to what was promoted before", REVERTS, ABORTS, ACT_FENCE_DELETE,
         promoted_before, "Aborting", gives},
        {"routes to be given back",
         ROUTED,
         {"image app:v2", "-> Approval", "approve"},
         ACT_RESUME,
         route_not_at_rest,
         "Promoting",
         "Waits for the routes to be as they were."},
    };

    for (size_t i = 0; i < COUNT(said); i++) {
        struct scene *sc = scene_at(said[i].name, said[i].spec, said[i].lines, said[i].before);
        const struct rollout_status *st;

        said[i].change(sc);
        st = scene_plan(sc)->status;
        CHECK_TEXT(st->display.status, said[i].word, said[i].name);
        CHECK_TEXT(st->conditions[COND_READY].reason, said[i].word, said[i].name);
        CHECK_TEXT(st->display.message, said[i].message, said[i].name);
        scene_close(sc);
    }
}

/* The pins that were are no more in the status when all is given back, the preview's neither. */
static void no_pin_is_left_in_the_status(void **state UNUSED)
{
    static const enum act last[] = {ACT_SERVICE_DELETE, ACT_RESUME, ACT_FENCE_DELETE};

    for (size_t i = 0; i < COUNT(last); i++) {
        struct scene *sc =
            scene_at("promoted", PREVIEW, (const char *const[]){"image app:v2", NULL}, last[i]);

        CHECK(scene_plan(sc)->status->pin_count == 0, "%s", act_name(last[i]));
        scene_close(sc);
    }
}

/* The record knows of no commit: the status was written for one that never came, and what it says
 * of the step goes with it. */
static void a_commit_that_was_none_is_taken_back(void **state UNUSED)
{
    struct scene *sc = scene_at("in a step", CANARY,
                                (const char *const[]){"image app:v2", "-> Approval", NULL}, 0);
    struct flight *fl = &sc->r.status.flight;
    const struct plan *p;

    fl->committed_ms = fl->steps[0].ended_ms = sc->st.s.now_ms - 1;
    scene_told(sc);
    p = scene_plan(sc);
    assert_int_equal(p->action.act, ACT_DECIDE);
    assert_int_equal(p->status->flight.committed_ms, 0);
    assert_int_equal(p->status->flight.steps[0].ended_ms, 0);
    assert_string_equal(p->status->conditions[COND_READY].reason, "AwaitingApproval");
    fl->step = 0; /* its place was lost */
    fl->committed_ms = sc->st.s.now_ms - 1;
    scene_told(sc);
    assert_int_equal(scene_plan(sc)->status->flight.committed_ms, 0);
    scene_close(sc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_ROWS(rows),
        cmocka_unit_test(closing_is_told),
        cmocka_unit_test(no_pin_is_left_in_the_status),
        cmocka_unit_test(a_commit_that_was_none_is_taken_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

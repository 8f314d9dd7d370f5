/* SPDX-License-Identifier: Apache-2.0 */
/* When a flight begins, turns, moves among its steps and ends, one thing changed (api.md 5, 6). */
#include "sim_scene.h"

#define TWO_STEPS                                                                                  \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':50,'approve':true},{"    \
    "'weight':75}]}},'drain':'1s'}"
#define QUEUED                                                                                     \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':50}]}},'gates':[{"       \
    "'name':'lead','approval':{},'during':['Start']}]}"
#define MANY_STEPS                                                                                 \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':1},{'weight':2},{"       \
    "'weight':3},{'weight':4},{'weight':5},{'weight':6},{'weight':7},{'weight':8},{'weight':50}]"  \
    "}}}"

static void newer_template(struct scene *sc)
{
    sc->d.digest = "newer";
    sc->d.observed_generation = ++sc->d.meta.generation;
}

/* ---- edits of the steps ---------------------------------------------------------------------- */

static void queued_by_an_earlier_version(struct scene *sc)
{
    sc->r.status.flight.spec_digest = NULL;
    scene_told(sc);
}

static void one_step_less(struct scene *sc)
{
    struct flight *fl = &sc->r.status.flight;

    fl->spec_digest = arena_printf(&sc->a, "%s0000", fl->spec_digest);
    scene_told(sc);
}

static void one_step_more(struct scene *sc)
{
    struct flight *fl = &sc->r.status.flight;

    fl->spec_digest = arena_strndup(&sc->a, fl->spec_digest, strlen(fl->spec_digest) - 4);
    scene_told(sc);
}

static struct step_spec *own_steps(struct scene *sc)
{
    struct step_spec *steps = ARENA_ARRAY(&sc->a, struct step_spec, sc->r.spec.step_count);

    memcpy(steps, sc->r.spec.steps, sc->r.spec.step_count * sizeof *steps);
    sc->r.spec.steps = steps;
    return steps;
}

/* Its pods were as many as the new step 1 has, or what had them is gone. */
static void fewer_pods_in_the_step(struct scene *sc)
{
    own_steps(sc)[0].replicas = "25%";
}

static void fewer_pods_and_the_candidate_gone(struct scene *sc)
{
    fewer_pods_in_the_step(sc);
    scene_forget_rs(sc, scene_candidate(sc));
}

static void a_later_step_edited(struct scene *sc)
{
    own_steps(sc)[1].weight = "80";
}

/* ---- what ends it ---------------------------------------------------------------------------- */

static void forced_and_a_newer_template(struct scene *sc)
{
    sc->r.status.flight.forced = true;
    newer_template(sc);
}

static void deleted_in_the_bake(struct scene *sc)
{
    sc->r.meta.deleting_ms = 1;
}

static void deleted_at_the_end_of_the_bake(struct scene *sc)
{
    deleted_in_the_bake(sc);
    sc->r.status.flight.bake_until_ms = sc->st.s.now_ms;
    scene_told(sc);
}

static void put_back_in_the_bake(struct scene *sc)
{
    sc->d.digest = sc->f.record.previous_digest;
}

static void deleted_and_promoted(struct scene *sc)
{
    deleted_in_the_bake(sc);
    sc->r.spec.on_delete = ON_DELETE_PROMOTE;
}

static void deleted_and_promoted_before(struct scene *sc)
{
    deleted_and_promoted(sc);
    sc->r.status.flight.promote_all = sc->r.status.flight.forced = true;
    scene_told(sc);
}

/* ---- a status that others wrote -------------------------------------------------------------- */

static void nameless(struct scene *sc)
{
    sc->r.status.flight.revision = NULL;
    scene_told(sc);
}

static void nameless_and_the_candidate_gone(struct scene *sc)
{
    scene_forget_rs(sc, scene_candidate(sc));
    nameless(sc);
}

static const struct scene_row rows[] = {
    /* --- it begins --- */
    {"its steps are told with their pods", BATCHES, TO_RELEASE, ACT_DECIDE, scene_nothing,
     ACT_DECIDE, "web", "'steps':[{'weight':0,'replicas':2},{'weight':100,'replicas':3}]", NULL},
    {"... and the pin of the side", PREVIEW, TO_RELEASE, ACT_DECIDE, scene_nothing, ACT_DECIDE,
     "web", "'pins':[{'service':'web-preview','revision':'s1-82343883'", NULL},
    /* --- the steps are edited --- */
    {"queued, its steps are taken as they are now",
     QUEUED,
     {"image app:v2", "-> Queued"},
     0,
     queued_by_an_earlier_version,
     ACT_DECIDE,
     "web",
     "'step':0",
     "Queued"},
    {"... and nothing is made",
     QUEUED,
     {"image app:v2", "-> Queued"},
     0,
     scene_nothing,
     ACT_NONE,
     NULL,
     NULL,
     "Queued"},
    {"a step less behind this one: it stays where it is", TWO_STEPS, IN_STEP, 0, one_step_less,
     ACT_DECIDE, "web", "'step':1", "AwaitingApproval"},
    {"... and a step more", TWO_STEPS, IN_STEP, 0, one_step_more, ACT_DECIDE, "web", "'step':1",
     "AwaitingApproval"},
    {"a later step is another: what is asked here is asked still", TWO_STEPS, IN_STEP, 0,
     a_later_step_edited, ACT_DECIDE, "web", "'settledAt'", "AwaitingApproval"},
    {"this step is another: it is lived through anew", BATCHES, IN_STEP, 0, fewer_pods_in_the_step,
     ACT_DECIDE, "web", "'step':1", NULL},
    {"... with nothing of what it had", BATCHES, IN_STEP, 0, fewer_pods_and_the_candidate_gone,
     ACT_DECIDE, "web", "'step':1", NULL},
    /* --- and ends --- */
    {"a forced one is told as forced", CANARY, IN_BAKE, 0, forced_and_a_newer_template, ACT_DECIDE,
     "web", "'outcome':'Forced'", NULL},
    {"deleted in a step: it goes back", CANARY, IN_STEP, 0, deleted_in_the_bake, ACT_DECIDE, "web",
     "'abortReason':'the Rollout is being deleted'", NULL},
    {"... or is promoted, where that is asked for", CANARY, IN_STEP, 0, deleted_and_promoted,
     ACT_DECIDE, "web", "'promoteAll':true", NULL},
    {"... once", CANARY, IN_STEP, 0, deleted_and_promoted_before, ACT_DECIDE, "web", "'step':2",
     NULL},
    {"deleted at the end of the bake: nothing is decided", CANARY, IN_BAKE, 0,
     deleted_at_the_end_of_the_bake, ACT_RS_SCALE, NULL, "'value':0}]", NULL},
    {"the template before, in the bake, is an undo", CANARY, IN_BAKE, 0, put_back_in_the_bake,
     ACT_DECIDE, "web", "'abortReason':'the template before was put back','undo':true", NULL},
    {"deleted in the bake: that is over", CANARY, IN_BAKE, 0, deleted_in_the_bake, ACT_DECIDE,
     "web", "'committedAt'", NULL},
    /* --- a status that others wrote --- */
    {"a flight without a name is called as its ReplicaSet is", CANARY, IN_STEP, 0, nameless,
     ACT_DECIDE, "web", "'flight':{'revision':'s1-", "AwaitingApproval"},
    {"... or anew, before that is made", CANARY, IN_STEP, 0, nameless_and_the_candidate_gone,
     ACT_DECIDE, "web", "'flight':{'revision':'s1-", "Progressing"},
    {"as it was, it waits", TWO_STEPS, IN_STEP, 0, scene_nothing, ACT_NONE, NULL, NULL,
     "AwaitingApproval"},
};

/* ---- names ----------------------------------------------------------------------------------- */

/* A name that is taken is salted, and the search for one ends. */
static void a_name_is_searched_for_so_long(void **state UNUSED)
{
    enum { TRIES = 65 };
    struct scene *sc = scene_open(&(struct bed_options){.spec = CANARY});
    static struct replicaset taken[TRIES + 2];
    const struct replicaset *list[TRIES + 2];
    const char *digest;

    bed_rest(&sc->st, "app:v1", 4);
    bed_image(&sc->st, "app:v2");
    assert_true(scene_before(sc, ACT_DECIDE));
    digest = sc->d.digest;
    list[0] = scene_stable(sc);
    for (int salt = 0; salt <= TRIES; salt++) {
        taken[salt] = *scene_stable(sc);
        taken[salt].digest = "other";
        taken[salt].revision = template_revision(&sc->a, digest, salt);
        list[salt + 1] = &taken[salt];
    }
    sc->w.rs = list;
    sc->w.rs_count = 1;
    assert_string_equal(scene_plan(sc)->status->flight.revision, taken[0].revision);
    sc->w.rs_count = 2;
    assert_string_equal(scene_plan(sc)->status->flight.revision, taken[1].revision);
    sc->w.rs_count = TRIES + 1; /* salts 0 to 64 */
    assert_string_equal(scene_plan(sc)->status->flight.revision, taken[TRIES].revision);
    sc->w.rs_count = TRIES + 2; /* that one too: it ends all the same */
    assert_string_equal(scene_plan(sc)->status->flight.revision, taken[TRIES].revision);
    scene_close(sc);
}

/* ---- history --------------------------------------------------------------------------------- */

/* The newest first, and the oldest is forgotten. */
static void what_was_is_kept_in_order(void **state UNUSED)
{
    static const struct {
        int had, keeps;
    } ends[] = {{0, 1}, {1, 2}, {HISTORY_MAX - 1, HISTORY_MAX}, {HISTORY_MAX, HISTORY_MAX}};

    for (size_t i = 0; i < COUNT(ends); i++) {
        struct scene *sc = scene_at("in a step", CANARY,
                                    (const char *const[]){"image app:v2", "-> Approval", NULL}, 0);
        const struct rollout_status *st;
        struct rollout_status *was = &sc->r.status;

        for (int k = 0; k < ends[i].had; k++)
            was->history[k] = (struct history_entry){.outcome = "Promoted",
                                                     .revision = arena_printf(&sc->a, "r%d", k)};
        was->history_count = ends[i].had;
        newer_template(sc);
        st = scene_plan(sc)->status;
        assert_int_equal(st->history_count, ends[i].keeps);
        assert_string_equal(st->history[0].outcome, "Superseded");
        assert_string_equal(st->history[0].revision, was->flight.revision);
        for (int k = 1; k < ends[i].keeps; k++)
            assert_string_equal(st->history[k].revision, arena_printf(&sc->a, "r%d", k - 1));
        scene_close(sc);
    }
}

/* ---- from one to the next -------------------------------------------------------------------- */

static struct scene *released(void)
{
    return scene_at("released", CANARY, (const char *const[]){"image app:v2", NULL}, ACT_DECIDE);
}

static struct scene *in_a_step(void)
{
    return scene_at("in a step", CANARY, (const char *const[]){"image app:v2", "-> Approval", NULL},
                    0);
}

/* What passed for the one before has not passed for this one. */
static void it_begins_with_nothing(void **state UNUSED)
{
    struct scene *sc = released();
    const struct plan *p;

    sc->r.status.gates[0] = (struct gate_state){.name = "ok", .verdict = VERDICT_PASS};
    sc->r.status.gate_count = sc->r.status.route_count = 1;
    p = scene_plan(sc);
    assert_int_equal(p->status->gate_count, 0);
    assert_int_equal(p->status->route_count, 0);
    assert_string_equal(scene_events(sc, p),
                        "Normal Started: Revision s1-82343883 starts: Canary, 2 steps.");
    scene_close(sc);
}

/* The commit of the one before goes out of the record, and what it would go back to. */
static void it_begins_without_the_commit_before(void **state UNUSED)
{
    struct scene *sc = scene_at("superseded in the bake", CANARY,
                                (const char *const[]){"image app:v2", "-> Approval", "approve",
                                                      "-> Baking", "image app:v3", NULL},
                                0);

    assert_true(sc->f.record.committed_ms != 0 && sc->f.record.previous);
    assert_true(scene_before(sc, ACT_RECORD));
    scene_now(sc);
    assert_null(strstr(scene_plan(sc)->action.body, "committedAt"));
    assert_null(strstr(scene_plan(sc)->action.body, "previous"));
    scene_close(sc);
}

/* A ReplicaSet that is there already has its number, where no other has a higher one. */
static void it_is_numbered_as_its_replicaset_is(void **state UNUSED)
{
    static const struct {
        int64_t of_the_deployment, of_its_own, want;
    } numbers[] = {{7, 7, 7}, {8, 7, 9}, {7, 8, 8}, {7, 0, 8}};

    for (size_t i = 0; i < COUNT(numbers); i++) {
        struct scene *sc = released();
        struct replicaset *rs;

        sc->d.revision = numbers[i].of_the_deployment;
        if (numbers[i].of_its_own) {
            rs = scene_elder(sc);
            rs->digest = sc->d.digest;
            rs->deployment_revision = numbers[i].of_its_own;
        }
        CHECK(scene_plan(sc)->status->flight.deployment_revision == numbers[i].want, "%zu: %lld", i,
              (long long)scene_plan(sc)->status->flight.deployment_revision);
        scene_close(sc);
    }
}

/* Turned round, nothing is decided any more, and it is remembered what was refused, and why. */
static void it_turns_round(void **state UNUSED)
{
    struct scene *sc = scene_at(
        "in its bake", CANARY,
        (const char *const[]){"image app:v2", "-> Approval", "approve", "-> Baking", NULL}, 0);
    const struct flight *was = &sc->r.status.flight, *fl;
    const struct rollout_status *st;
    const struct plan *p;

    sc->r.status.flight.decision_ms = sc->st.s.now_ms - 1;
    sc->r.status.flight.decision = sc->r.status.flight.decision_reason = "why";
    sc->r.spec.action =
        (struct action_spec){.verb = VERB_UNDO, .id = "u", .revision = was->revision, .step = -1};
    p = scene_plan(sc);
    st = p->status;
    fl = &st->flight;
    assert_int_equal(fl->direction, DIRECTION_BACK);
    assert_string_equal(fl->abort_reason, "undone by a person");
    assert_true(fl->decision_ms == 0 && !fl->decision && !fl->decision_reason);
    assert_true(fl->bake_until_ms == 0 && fl->drained_ms == 0);
    assert_true(fl->progressed_ms == sc->st.s.now_ms);
    assert_string_equal(st->rejected.revision, was->revision);
    assert_string_equal(st->rejected.digest, was->digest);
    assert_string_equal(st->rejected.reason, "undone by a person");
    assert_true(st->rejected.at_ms == sc->st.s.now_ms);
    assert_int_equal(st->rejected.step, 2);
    assert_string_equal(
        scene_events(sc, p),
        "Warning Aborted: Revision s1-82343883 goes back at step 2/2: undone by a person");
    scene_close(sc);
}

static void a_newer_one_supersedes_it(void **state UNUSED)
{
    struct scene *sc = in_a_step();

    newer_template(sc);
    assert_non_null(
        strstr(scene_events(sc, scene_plan(sc)),
               "Normal Superseded: Revision s1-82343883 is superseded by a newer template."));
    scene_close(sc);
}

/* At rest again: of its routes nothing is told any more, and the message is cut to what fits. */
static void it_ends(void **state UNUSED)
{
    struct scene *sc = scene_at(
        "put back", CANARY,
        (const char *const[]){"image app:v2", "-> Approval", "image app:v1", NULL}, ACT_RESUME);
    const struct rollout_status *st;
    char why[200] = "";

    memset(why, 'x', 150);
    sc->r.status.flight.abort_reason = why;
    sc->r.status.route_count = 1;
    sc->d.paused = false;
    scene_no_fence(sc);
    st = scene_plan(sc)->status;
    assert_false(st->flight.present);
    assert_int_equal(st->route_count, 0);
    assert_int_equal(st->history_count, 1);
    assert_string_equal(st->history[0].outcome, "Reverted");
    assert_int_equal(strlen(st->history[0].message), 120);
    scene_close(sc);
}

/* The status lost, the record is there: that is told. */
static void a_lost_status_is_told_of(void **state UNUSED)
{
    struct scene *sc = in_a_step();

    sc->r.status = (struct rollout_status){0};
    scene_told(sc);
    assert_non_null(strstr(
        scene_events(sc, scene_plan(sc)),
        "Warning RecordLost: The status was lost; the flight record says stable 1865bdca63."));
    scene_close(sc);
}

/* ---- many at once ---------------------------------------------------------------------------- */

/* Steps of one size pass in one plan, and as many are told of as there is room for. */
static void small_steps_pass_at_once(void **state UNUSED)
{
    struct scene *sc = scene_open(&(struct bed_options){.spec = MANY_STEPS});
    const struct plan *p = NULL;
    int told = 0;

    bed_rest(&sc->st, "app:v1", 4);
    bed_image(&sc->st, "app:v2");
    for (int i = 0; i < 400 && told < PLAN_EVENTS_MAX; i++) {
        bed_turn(&sc->st);
        scene_now(sc);
        p = scene_plan(sc);
        told = 0;
        for (int k = 0; k < p->event_count; k++)
            told += p->events[k].reason == REASON_STEP_PASSED;
    }
    assert_int_equal(told, PLAN_EVENTS_MAX);
    assert_int_equal(p->event_count, PLAN_EVENTS_MAX);
    assert_true(p->status->flight.step > PLAN_EVENTS_MAX);
    for (int i = 0; i + 1 < p->status->flight.step; i++)
        assert_true(p->status->flight.steps[i].ended_ms != 0);
    scene_close(sc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_ROWS(rows),
        cmocka_unit_test(a_name_is_searched_for_so_long),
        cmocka_unit_test(it_begins_with_nothing),
        cmocka_unit_test(it_begins_without_the_commit_before),
        cmocka_unit_test(it_is_numbered_as_its_replicaset_is),
        cmocka_unit_test(it_turns_round),
        cmocka_unit_test(a_newer_one_supersedes_it),
        cmocka_unit_test(it_ends),
        cmocka_unit_test(a_lost_status_is_told_of),
        cmocka_unit_test(what_was_is_kept_in_order),
        cmocka_unit_test(small_steps_pass_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

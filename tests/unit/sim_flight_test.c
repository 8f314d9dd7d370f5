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

static void nothing(struct scene *sc UNUSED) {}

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
    {"its steps are told with their pods", BATCHES, TO_RELEASE, ACT_DECIDE, nothing, ACT_DECIDE,
     "web", "'steps':[{'weight':0,'replicas':2},{'weight':100,'replicas':3}]", NULL},
    {"... and the pin of the side", PREVIEW, TO_RELEASE, ACT_DECIDE, nothing, ACT_DECIDE, "web",
     "'pins':[{'service':'web-preview','revision':'s1-82343883'", NULL},
    {"... and that something is held", CANARY, TO_RELEASE, ACT_DECIDE, nothing, ACT_DECIDE, "web",
     "'held':true", NULL},
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
    {"as it was, it waits", TWO_STEPS, IN_STEP, 0, nothing, ACT_NONE, NULL, NULL,
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
        cmocka_unit_test(what_was_is_kept_in_order),
        cmocka_unit_test(small_steps_pass_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The Deployment as its owner left it, one thing changed: nothing is written at rest, what an
 * earlier Deployment left goes when nobody needs it, and a template that rolls by itself is stopped
 * or let be (design.md 3; I6, I13). */
#include "sim_scene.h"

#define TO_UNDO                                                                                    \
    {                                                                                              \
        "image app:v2", "-> Resting", "undo"                                                       \
    }

/* ---- undo at rest ---------------------------------------------------------------------------- */

static void earlier_gone(struct scene *sc)
{
    scene_forget_rs(sc, scene_candidate(sc));
}

static void earlier_without_template(struct scene *sc)
{
    scene_candidate(sc)->template_raw = NULL;
}

static void deployment_not_numbered(struct scene *sc)
{
    sc->d.revision = 0;
}

/* ---- left over ------------------------------------------------------------------------------- */

static struct replicaset *left(struct scene *sc, int32_t pods)
{
    struct replicaset *rs = scene_elder(sc);

    rs->of = "web";
    rs->deployment_uid = "uid-gone";
    rs->controller_uid = rs->first_owner_uid = "uid-gone";
    rs->replicas = rs->st_replicas = pods;
    return rs;
}

/* Nothing says that what is the Deployment's own comes first. */
static struct replicaset *left_first(struct scene *sc, int32_t pods)
{
    const struct replicaset first = sc->rs[0];
    struct replicaset *rs = left(sc, pods);

    sc->rs[0] = *rs;
    *rs = first;
    return &sc->rs[0];
}

static void pods_left(struct scene *sc)
{
    left(sc, 2);
}

static void a_pod_left(struct scene *sc)
{
    left_first(sc, 1);
}

static void pods_left_and_going(struct scene *sc)
{
    left(sc, 2)->replicas = 0;
}

static void a_replicaset_left(struct scene *sc)
{
    left(sc, 0);
}

static void a_replicaset_left_and_going(struct scene *sc)
{
    left(sc, 0)->meta.deleting_ms = 1;
}

static void left_in_the_midst_of_a_rollout(struct scene *sc)
{
    left(sc, 2);
    sc->d.st_updated--;
}

static void stable_outside(struct scene *sc)
{
    scene_stable(sc)->controller_uid = "uid-gone";
}

static void a_pin_left(struct scene *sc)
{
    sc->services[0].pin = "elder";
}

static void a_pin_left_and_stable_gone(struct scene *sc)
{
    a_pin_left(sc);
    scene_forget_rs(sc, scene_stable(sc));
}

static void a_pin_on_stable(struct scene *sc)
{
    sc->services[0].pin = sc->r.status.stable.revision;
}

static void a_pin_on_stable_that_is_needed(struct scene *sc)
{
    pods_left_and_going(sc);
    a_pin_on_stable(sc);
}

/* A status of before: something was held, or some Service was pinned. */
static void held_before(struct scene *sc)
{
    sc->r.status.held = true;
    sc->r.has_finalizer = true;
    scene_told(sc);
}

static void pinned_before(struct scene *sc)
{
    sc->r.status.pins[sc->r.status.pin_count++] =
        (struct pin_state){"web", sc->r.status.stable.revision, true};
    sc->r.has_finalizer = true;
    scene_told(sc);
}

static void a_finalizer_left(struct scene *sc)
{
    sc->r.has_finalizer = true;
}

/* Its first ReplicaSet has the number 1; the status was written for another. */
static void stable_numbered_otherwise(struct scene *sc)
{
    assert_int_equal(scene_stable(sc)->deployment_revision, 1);
    sc->r.status.stable.deployment_revision = 5;
    scene_told(sc);
}

/* ---- resumed with a flight open -------------------------------------------------------------- */

/* Something to do there would be, if it were ours to do. */
static void resumed_with_the_dead_man(struct scene *sc)
{
    sc->d.paused = false;
    sc->d.replicas = 9;
}

static void resumed_and_nothing_of_before_is_left(struct scene *sc)
{
    struct replicaset *old = scene_rs(sc, sc->f.record.previous);

    sc->d.paused = false;
    old->replicas = old->st_replicas = 0;
}

static void resumed_and_its_fence_lost(struct scene *sc)
{
    sc->r.status = *scene_plan(sc)->status; /* which tells of the commit */
    resumed_and_nothing_of_before_is_left(sc);
    scene_no_fence(sc);
}

/* ---- rolls by itself ------------------------------------------------------------------------- */

static void rolls(struct scene *sc)
{
    sc->d.digest = "newer";
    sc->d.observed_generation = ++sc->d.meta.generation;
    sc->d.st_updated = 0;
}

static void rolls_and_no_stable_pod_is_left(struct scene *sc)
{
    rolls(sc);
    scene_stable(sc)->replicas = 0;
}

static void rolls_from_one_pod(struct scene *sc)
{
    rolls(sc);
    scene_stable(sc)->replicas = 1;
}

static void rolls_and_is_deleted(struct scene *sc)
{
    rolls(sc);
    sc->r.has_finalizer = true;
    sc->r.meta.deleting_ms = 1;
}

static void rolls_and_stable_is_gone(struct scene *sc)
{
    rolls(sc);
    scene_forget_rs(sc, scene_stable(sc));
}

static void rolls_where_no_brake_is(struct scene *sc)
{
    rolls(sc);
    sc->w.brake.state = BRAKE_NOT_INSTALLED;
}

/* ---- paused by a person ---------------------------------------------------------------------- */

static void only_the_pause_is_left(struct scene *sc)
{
    scene_no_fence(sc);
    scene_no_dead_man(sc);
}

static void only_the_pause_is_left_of_another(struct scene *sc)
{
    only_the_pause_is_left(sc);
    sc->d.digest = "newer";
    sc->d.observed_generation = ++sc->d.meta.generation;
}

/* All was given back, but stable is nobody's and the pause is ours: it is taken off. */
static void paused_and_stable_outside(struct scene *sc)
{
    stable_outside(sc);
    sc->d.paused = true;
    sc->d.dead_man = "1";
    sc->r.has_finalizer = true;
}

/* ---- the pause that stays -------------------------------------------------------------------- */

static void dead_man_of_another(struct scene *sc)
{
    sc->d.dead_man = "77";
}

static void finalizer_gone(struct scene *sc)
{
    sc->r.has_finalizer = false;
}

static struct replicaset *an_elder_of_its_own(struct scene *sc, int32_t pods)
{
    struct replicaset *rs = scene_elder(sc);

    rs->replicas = rs->st_replicas = pods;
    return rs;
}

static void no_dead_man_and_others_have_pods(struct scene *sc)
{
    scene_no_dead_man(sc);
    an_elder_of_its_own(sc, 1);
}

static void resumed_and_others_have_pods(struct scene *sc)
{
    sc->d.paused = false;
    an_elder_of_its_own(sc, 1);
}

static void resumed_at_rest(struct scene *sc)
{
    sc->d.paused = false;
}

static const struct scene_row rows[] = {
    /* --- undo at rest --- */
    {"the template before is put back with pause and dead man", UNDONE, TO_UNDO, ACT_BRAKE,
     scene_nothing, ACT_BRAKE, "web", "app:v1", NULL},
    {"... also where the Deployment has no number", UNDONE, TO_UNDO, ACT_BRAKE,
     deployment_not_numbered, ACT_BRAKE, "web", "'path':'/spec/template','value':{", NULL},
    {"... not when its ReplicaSet is gone", UNDONE, TO_UNDO, ACT_BRAKE, earlier_gone, ACT_DECIDE,
     "web", "'message':'the earlier revision is gone'", NULL},
    {"... nor when that has no template", UNDONE, TO_UNDO, ACT_BRAKE, earlier_without_template,
     ACT_DECIDE, "web", "'message':'the earlier revision is gone'", NULL},
    {"... once", UNDONE, TO_UNDO, ACT_FENCE_CREATE, scene_nothing, ACT_FENCE_CREATE, "web-sluice",
     NULL, NULL},
    /* --- left over --- */
    {"pods of an earlier Deployment go", CANARY, AT_REST, 0, pods_left, ACT_RS_SCALE, "web-elder",
     "'value':0", "Progressing"},
    {"... to the last", CANARY, AT_REST, 0, a_pod_left, ACT_RS_SCALE, "web-elder", "'value':0",
     "Progressing"},
    {"... and are waited for", CANARY, AT_REST, 0, pods_left_and_going, ACT_NONE, NULL, NULL,
     "Resting"},
    {"... then what had them", CANARY, AT_REST, 0, a_replicaset_left, ACT_RS_DELETE, "web-elder",
     NULL, NULL},
    {"... once", CANARY, AT_REST, 0, a_replicaset_left_and_going, ACT_NONE, NULL, NULL, "Resting"},
    {"... not in the midst of a rollout", CANARY, AT_REST, 0, left_in_the_midst_of_a_rollout,
     ACT_NONE, NULL, NULL, "Resting"},
    {"stable is nothing left over, whoever has it", CANARY, AT_REST, 0, stable_outside, ACT_NONE,
     NULL, NULL, "Resting"},
    {"a pin that is left goes", CANARY, AT_REST, 0, a_pin_left, ACT_SERVICE_UNPIN, "web", NULL,
     "Progressing"},
    {"... also without stable", CANARY, AT_REST, 0, a_pin_left_and_stable_gone, ACT_SERVICE_UNPIN,
     "web", NULL, NULL},
    {"... also under the pause that stays", PAUSED, AT_REST, 0, a_pin_left, ACT_SERVICE_UNPIN,
     "web", NULL, NULL},
    {"... and one on stable", CANARY, AT_REST, 0, a_pin_on_stable, ACT_SERVICE_UNPIN, "web", NULL,
     NULL},
    {"... not while it keeps users from other pods", CANARY, AT_REST, 0,
     a_pin_on_stable_that_is_needed, ACT_REPORT, NULL,
     "'Waits for the pods of an earlier Deployment of this name to go.'", "Progressing"},
    {"that nothing is held any more is written before the finalizer goes", CANARY, AT_REST, 0,
     held_before, ACT_DECIDE, "web", "'held':false", "Resting"},
    {"... and that nothing is pinned", CANARY, AT_REST, 0, pinned_before, ACT_DECIDE, "web", NULL,
     "Resting"},
    {"... then it goes", CANARY, AT_REST, 0, a_finalizer_left, ACT_FINALIZER_DROP, "web", NULL,
     "Resting"},
    {"at rest stable has the number of its ReplicaSet", CANARY, AT_REST, 0,
     stable_numbered_otherwise, ACT_DECIDE, "web", "'deploymentRevision':1", "Resting"},
    /* --- resumed with a flight open --- */
    {"resumed with the dead man it is let be", CANARY, IN_STEP, 0, resumed_with_the_dead_man,
     ACT_REPORT, NULL, "was resumed; it takes stable", "Progressing"},
    {"resumed in a hand-over, and nothing of before is left: it goes on", PAUSED, TO_RELEASE,
     ACT_RS_GIVE, resumed_and_nothing_of_before_is_left, ACT_SERVICE_UNPIN, "web", NULL, NULL},
    {"... under the pause that stays not without its fence", PAUSED, TO_RELEASE, ACT_RS_GIVE,
     resumed_and_its_fence_lost, ACT_BRAKE, "web", NULL, NULL},
    /* --- rolls by itself --- */
    {"a template that rolls is stopped late", CANARY, AT_REST, 0, rolls, ACT_BRAKE, "web", NULL,
     NULL},
    {"... also while one pod of stable is left", CANARY, AT_REST, 0, rolls_from_one_pod, ACT_BRAKE,
     "web", NULL, NULL},
    {"... not when the Rollout is being deleted", CANARY, AT_REST, 0, rolls_and_is_deleted,
     ACT_FINALIZER_DROP, "web", NULL, NULL},
    {"... not when no stable pod is left", CANARY, AT_REST, 0, rolls_and_no_stable_pod_is_left,
     ACT_REPORT, NULL, NULL, "NotComplete"},
    {"... nor stable itself", CANARY, AT_REST, 0, rolls_and_stable_is_gone, ACT_REPORT, NULL, NULL,
     "NotComplete"},
    {"... nor where no brake is", CANARY, AT_REST, 0, rolls_where_no_brake_is, ACT_REPORT, NULL,
     NULL, "NotComplete"},
    /* --- paused by a person --- */
    {"a refused template without anything of ours is a person's pause", CANARY, ABORTED, 0,
     only_the_pause_is_left, ACT_REPORT, NULL, NULL, "PausedByUser"},
    {"... another one is a release", CANARY, ABORTED, 0, only_the_pause_is_left_of_another,
     ACT_BRAKE, "web", NULL, NULL},
    {"a pause of ours with nothing behind it is taken off", CANARY, AT_REST, 0,
     paused_and_stable_outside, ACT_RESUME, "web", "'value':false", NULL},
    /* --- the pause that stays --- */
    {"the pause is the brake, with a dead man", PAUSED, AT_REST, 0, scene_no_dead_man, ACT_BRAKE,
     "web", NULL, "Pending"},
    {"... that names stable", PAUSED, AT_REST, 0, dead_man_of_another, ACT_BRAKE, "web", "'1'",
     "Pending"},
    {"... whoever has pods", PAUSED, AT_REST, 0, no_dead_man_and_others_have_pods, ACT_BRAKE, "web",
     NULL, "Pending"},
    {"... behind a finalizer", PAUSED, AT_REST, 0, finalizer_gone, ACT_FINALIZER_ADD, "web", NULL,
     "Pending"},
    {"resumed by hand it is paused again", PAUSED, AT_REST, 0, resumed_at_rest, ACT_BRAKE, "web",
     NULL, "Pending"},
    {"... after others were replaced", PAUSED, AT_REST, 0, resumed_and_others_have_pods, ACT_REPORT,
     NULL, "'Pauses Deployment web: that is its brake.'", "Pending"},
};

/* ---- a template that went out natively ------------------------------------------------------- */

static const char *const at_rest[] = AT_REST;

/* It counts as stable, is told of, and nothing of what was rejected holds it up. */
static void what_went_out_counts_as_stable(void **state UNUSED)
{
    struct scene *sc = scene_at("rolled by itself", CANARY, at_rest, 0);
    struct replicaset *old = scene_stable(sc), *fresh = scene_elder(sc);
    const struct rollout_status *st;
    const struct plan *p;

    rolls(sc);
    fresh->digest = sc->d.digest;
    fresh->deployment_revision = sc->d.revision = 2;
    fresh->replicas = fresh->st_replicas = fresh->st_ready = fresh->st_available = 4;
    old->replicas = old->st_replicas = old->st_ready = old->st_available = 0;
    sc->d.st_updated = sc->d.replicas;
    sc->r.status.rejected.revision = "elder";
    sc->r.status.rejected.digest = sc->d.digest;
    scene_told(sc);
    p = scene_plan(sc);
    st = p->status;
    assert_int_equal(p->action.act, ACT_DECIDE);
    assert_string_equal(st->stable.revision, "elder");
    assert_string_equal(st->stable.digest, sc->d.digest);
    assert_int_equal(st->stable.deployment_revision, 2);
    assert_null(st->rejected.revision);
    assert_null(st->rejected.digest);
    assert_string_equal(scene_events(sc, p),
                        "Warning BrakeMissed: Revision elder went out natively, ungated: the brake "
                        "did not see it. It counts as stable.");
    scene_close(sc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_ROWS(rows),
        cmocka_unit_test(what_went_out_counts_as_stable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

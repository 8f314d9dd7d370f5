/* SPDX-License-Identifier: Apache-2.0 */
/* What the planner does in worlds that no release makes by itself: somebody deleted, replaced or
 * added something. Each is the world of a release with one thing changed. */
#include "sim_scene.h"

/* ---- the Deployment -------------------------------------------------------------------------- */

/* `kubectl replace` with a file that has none of them. */
static void annotations_gone(struct scene *sc)
{
    sc->d.dead_man = NULL;
    sc->d.revision = 0;
}

static void annotations_and_fence_gone(struct scene *sc)
{
    annotations_gone(sc);
    scene_no_fence(sc);
}

static void slower_pods(struct scene *sc)
{
    sc->d.min_ready_seconds = 7;
}

static void two_labels(struct scene *sc)
{
    static const struct pair both[] = {{"app", "web"}, {"tier", "front"}};

    sc->d.selector.pairs = sc->d.template_labels = both;
    sc->d.selector.count = sc->d.template_label_count = 2;
}

static void pause_not_seen(struct scene *sc)
{
    sc->d.observed_generation = sc->d.meta.generation - 1;
}

static void resumed(struct scene *sc)
{
    sc->d.paused = false;
}

static void resumed_without_dead_man(struct scene *sc)
{
    sc->d.paused = false;
    sc->d.dead_man = NULL;
}

static void stable_template_back(struct scene *sc)
{
    sc->d.digest = scene_stable(sc)->digest;
}

static void stable_template_back_without_dead_man(struct scene *sc)
{
    stable_template_back(sc);
    sc->d.dead_man = NULL;
}

static void said_failed(struct scene *sc)
{
    sc->d.progressing_reason = "ProgressDeadlineExceeded";
}

/* ---- the fence ------------------------------------------------------------------------------- */

static void record_broken(struct scene *sc)
{
    sc->f.readable = false;
}

static void fence_of_another(struct scene *sc)
{
    sc->f.deployment_uid = "uid-before";
}

static void broken_fence_going(struct scene *sc)
{
    sc->f.readable = false;
    sc->f.meta.deleting_ms = 1;
}

static void record_of_another_stable(struct scene *sc)
{
    sc->f.record.stable_revision = "other";
}

static void status_gone(struct scene *sc)
{
    memset(&sc->r.status, 0, sizeof sc->r.status);
}

/* ---- ReplicaSets ----------------------------------------------------------------------------- */

/* Adopted from somebody: no hash label, and no labels of its own. */
static void adopted_by_hand(struct scene *sc)
{
    struct replicaset *rs = scene_elder(sc);

    rs->controller_uid = rs->first_owner_uid = rs->deployment_uid = sc->d.meta.uid;
    rs->meta.label_count = 0;
    rs->revision = rs->of = NULL;
}

static void ours_without_owner(struct scene *sc)
{
    struct replicaset *rs = scene_elder(sc);

    rs->of = "web";
    rs->controller_uid = rs->first_owner_uid = rs->deployment_uid = NULL;
}

static void stable_gone(struct scene *sc)
{
    scene_forget_rs(sc, scene_stable(sc));
}

static void stable_going(struct scene *sc)
{
    scene_stable(sc)->meta.deleting_ms = 1;
}

/* The fence as well, and the dead man names an earlier one. */
static void stable_and_fence_gone(struct scene *sc)
{
    scene_elder(sc)->deployment_revision = 77;
    sc->d.dead_man = "77";
    scene_no_fence(sc);
    stable_gone(sc);
}

static void candidate_gone(struct scene *sc)
{
    scene_forget_rs(sc, scene_candidate(sc));
}

/* Somebody made one of stable's template by hand; it has no part in anything. */
static void stable_twice(struct scene *sc)
{
    struct replicaset *rs = scene_elder(sc);

    rs->digest = scene_stable(sc)->digest;
    rs->of = "web";
    rs->controller_uid = sc->f.meta.uid;
}

static void elder_with_pods(struct scene *sc, const char *controller)
{
    struct replicaset *rs = scene_elder(sc);

    rs->of = "web";
    rs->deployment_uid = NULL;
    rs->controller_uid = rs->first_owner_uid = controller;
    rs->replicas = rs->st_replicas = rs->st_ready = rs->st_available = 2;
}

static void stable_gone_with(struct scene *sc, const char *controller)
{
    elder_with_pods(sc, controller);
    stable_gone(sc);
}

static void left_by_another(struct scene *sc)
{
    elder_with_pods(sc, NULL);
}

static void left_by_another_empty(struct scene *sc)
{
    elder_with_pods(sc, NULL);
    sc->rs[sc->w.rs_count - 1].replicas = sc->rs[sc->w.rs_count - 1].st_replicas = 0;
}

static void left_by_another_stopping(struct scene *sc)
{
    elder_with_pods(sc, NULL);
    sc->rs[sc->w.rs_count - 1].replicas = 0;
}

static void on_an_unknown_fence(struct scene *sc)
{
    struct replicaset *rs = scene_elder(sc);

    rs->of = "web";
    rs->controller_uid = "uid-other-fence";
}

/* Its hash label says otherwise than what is recorded: the Deployment healed itself. */
static void stable_renamed(struct scene *sc)
{
    scene_elder(sc)->digest = scene_stable(sc)->digest;
    scene_stable(sc)->revision = "healed";
}

static void stable_renamed_of_two_alike(struct scene *sc)
{
    stable_renamed(sc);
    sc->rs[sc->w.rs_count - 1].replicas = 4;
}

static void candidate_twice(struct scene *sc)
{
    struct replicaset *rs = scene_elder(sc);
    const struct replicaset twin = *rs;

    *rs = sc->rs[0];
    sc->rs[0] = twin;
    sc->rs[0].digest = scene_candidate(sc)->digest;
    sc->rs[0].controller_uid = sc->f.meta.uid;
}

/* Deleted and made again, with pods of its own. */
static void another_deployment(struct scene *sc)
{
    sc->d.meta.uid = "uid-again";
    for (size_t i = 0; i < sc->w.rs_count; i++)
        sc->rs[i].controller_uid = sc->rs[i].deployment_uid = "uid-again";
}

static void earlier_gone(struct scene *sc)
{
    scene_forget_rs(sc, scene_candidate(sc));
}

static void left_by_another_going(struct scene *sc)
{
    left_by_another_empty(sc);
    sc->rs[sc->w.rs_count - 1].meta.deleting_ms = 1;
}

static void stable_twice_in_history(struct scene *sc)
{
    static const char *const names[] = {"elder"};

    stable_twice(sc);
    sc->f.record.history = names;
    sc->f.record.history_count = 1;
}

static void pods_on_an_unknown_fence(struct scene *sc)
{
    elder_with_pods(sc, "uid-other-fence");
}

static void pods_and_no_stable(struct scene *sc)
{
    stable_gone_with(sc, sc->f.meta.uid);
}

/* The last fence was deleted by hand, and one of its ReplicaSets is still about. */
static void fence_gone_too_early(struct scene *sc)
{
    struct replicaset *rs = scene_elder(sc);

    rs->of = "web";
    rs->controller_uid = "uid-gone";
    scene_no_fence(sc);
}

static void candidate_outside(struct scene *sc)
{
    struct replicaset *c = scene_candidate(sc);

    c->controller_uid = c->first_owner_uid = sc->f.meta.uid;
    c->deployment_revision = 0;
}

static void candidate_outside_numbered(struct scene *sc)
{
    candidate_outside(sc);
    scene_candidate(sc)->deployment_revision = 50;
    scene_candidate(sc)->desired_annotation = -1;
}

static void candidate_outside_ready(struct scene *sc)
{
    candidate_outside_numbered(sc);
    scene_candidate(sc)->desired_annotation = 4;
    scene_candidate(sc)->max_annotation = 5;
}

static void scaled_to_nothing(struct scene *sc)
{
    sc->d.replicas = 0;
}

static void stable_gone_and_its_digest(struct scene *sc)
{
    sc->r.status.stable.digest = sc->r.status.target.digest = "before";
    sc->r.status.target.observed_generation = sc->d.meta.generation;
    stable_gone(sc);
}

static void left_a_pin(struct scene *sc)
{
    sc->services[0].pin = "elder";
}

static void left_a_pin_and_pods(struct scene *sc)
{
    sc->services[0].pin = sc->r.status.stable.revision;
    left_by_another_stopping(sc);
}

static void left_a_fence(struct scene *sc)
{
    sc->f =
        (struct fence){.meta = {.ns = "default", .name = "web-sluice", .uid = "uid-f", .rv = "1"}};
    sc->w.fence = &sc->f;
}

static const struct scene_row rows[] = {
    /* --- the Deployment --- */
    {"the dead man is put back", CANARY, IN_STEP, 0, scene_no_dead_man, ACT_BRAKE, "web",
     "'op':'add','path':'/spec/paused','value':true", NULL},
    {"where there are no annotations, too", CANARY, IN_STEP, 0, annotations_gone, ACT_BRAKE, "web",
     "'annotations':{'deprecated.deployment.rollback.to':'", NULL},
    {"... before the fence", CANARY, IN_STEP, 0, annotations_and_fence_gone, ACT_BRAKE, "web", NULL,
     NULL},
    {"new pods take as long as the Deployment's", CANARY, IN_STEP, 0, slower_pods, ACT_RS_MIN_READY,
     NULL, "'minReadySeconds':7", NULL},
    {"... before there are more of them", CANARY, TO_RELEASE, ACT_RS_SCALE, slower_pods,
     ACT_RS_MIN_READY, NULL, "'minReadySeconds':7", NULL},
    {"every label of the selector", CANARY, TO_RELEASE, ACT_RS_CREATE, two_labels, ACT_RS_CREATE,
     NULL, "'matchLabels':{'app':'web','tier':'front','pod-template-hash':", NULL},
    {"nothing before the pause is seen", CANARY, IN_STEP, 0, pause_not_seen, ACT_REPORT, NULL, NULL,
     "Progressing"},
    {"resumed by hand: it goes back by itself", CANARY, IN_STEP, 0, resumed, ACT_REPORT, NULL, NULL,
     "Progressing"},
    {"resumed by hand, with no way back: braked", CANARY, IN_STEP, 0, resumed_without_dead_man,
     ACT_BRAKE, "web", NULL, NULL},
    {"the dead man is there until it is given back", CANARY, ABORTED, 0,
     stable_template_back_without_dead_man, ACT_BRAKE, "web", NULL, NULL},
    {"what was said of the one before is taken back", CANARY, IN_STEP, 0, said_failed,
     ACT_DEP_STATUS, "web", "DeploymentPaused", NULL},
    /* --- the fence --- */
    {"a fence that cannot be read goes", CANARY, IN_STEP, 0, record_broken, ACT_FENCE_DELETE,
     "web-sluice", NULL, NULL},
    {"a fence of another Deployment goes", CANARY, IN_STEP, 0, fence_of_another, ACT_FENCE_DELETE,
     "web-sluice", NULL, NULL},
    {"a fence that goes is waited for", CANARY, IN_STEP, 0, broken_fence_going, ACT_REPORT, NULL,
     NULL, NULL},
    {"a late record goes", CANARY, IN_STEP, 0, record_of_another_stable, ACT_FENCE_DELETE,
     "web-sluice", NULL, NULL},
    {"a lost fence is made again", CANARY, IN_STEP, 0, scene_no_fence, ACT_FENCE_CREATE,
     "web-sluice", NULL, NULL},
    {"a lost status is made again", CANARY, IN_STEP, 0, status_gone, ACT_DECIDE, "web", NULL, NULL},
    /* --- ReplicaSets --- */
    {"one without labels is fenced", CANARY, IN_STEP, 0, adopted_by_hand, ACT_RS_FENCE, "web-elder",
     "'op':'add','path':'/metadata/labels'", NULL},
    {"one without owner is fenced", CANARY, IN_STEP, 0, ours_without_owner, ACT_RS_FENCE,
     "web-elder", "'op':'add','path':'/metadata/ownerReferences'", NULL},
    {"stable's is made again", CANARY, IN_STEP, 0, stable_gone, ACT_RS_CREATE, NULL, "app:v1",
     NULL},
    {"stable's that goes is waited for", CANARY, IN_STEP, 0, stable_going, ACT_REPORT, NULL, NULL,
     "Progressing"},
    {"what the dead man names is stable where nothing else is", CANARY, IN_STEP, 0,
     stable_and_fence_gone, ACT_FENCE_CREATE, NULL, "elder", NULL},
    {"the candidate's is made again", CANARY, IN_STEP, 0, candidate_gone, ACT_RS_CREATE, NULL,
     "app:v2", NULL},
    {"a twin of stable's is taken away", CANARY, IN_STEP, 0, stable_twice, ACT_RS_DELETE,
     "web-elder", NULL, NULL},
    {"pods left by another Deployment go", CANARY, AT_REST, 0, left_by_another, ACT_RS_SCALE,
     "web-elder", "'value':0", NULL},
    {"... and then their ReplicaSet", CANARY, AT_REST, 0, left_by_another_empty, ACT_RS_DELETE,
     "web-elder", NULL, NULL},
    {"... not before they are gone", CANARY, AT_REST, 0, left_by_another_stopping, ACT_NONE, NULL,
     NULL, NULL},
    {"... and once", CANARY, AT_REST, 0, left_by_another_going, ACT_NONE, NULL, NULL, "Resting"},
    {"its pin goes", CANARY, AT_REST, 0, left_a_pin, ACT_SERVICE_UNPIN, "web", NULL, NULL},
    {"... not before its pods", CANARY, AT_REST, 0, left_a_pin_and_pods, ACT_REPORT, NULL, NULL,
     "Progressing"},
    {"its fence goes", CANARY, AT_REST, 0, left_a_fence, ACT_FENCE_DELETE, "web-sluice", NULL,
     NULL},
    {"one on a fence that is not known is taken over", CANARY, IN_STEP, 0, on_an_unknown_fence,
     ACT_RS_FENCE, "web-elder", NULL, NULL},
    {"a twin of stable's is not kept as history", CANARY, IN_STEP, 0, stable_twice_in_history,
     ACT_RS_DELETE, "web-elder", NULL, NULL},
    {"pods on a fence that is not known are left alone", UNDONE, TO_RELEASE, ACT_FENCE_DELETE,
     pods_on_an_unknown_fence, ACT_DECIDE, "web", NULL, NULL},
    {"no pods go while there is no stable", UNDONE, TO_RELEASE, ACT_FENCE_DELETE,
     pods_and_no_stable, ACT_REPORT, NULL, NULL, NULL},
    {"a fence deleted at the very end changes nothing", UNDONE, TO_RELEASE, ACT_FENCE_DELETE,
     fence_gone_too_early, ACT_DECIDE, "web", "'outcome':'Promoted'", NULL},
    {"a candidate gets the highest number before it is given", BATCHES, TO_RELEASE, ACT_RS_SCALE,
     candidate_outside, ACT_RS_ANNOTATE, NULL, "'deployment.kubernetes.io/revision':", NULL},
    {"... and knows the sum", BATCHES, TO_RELEASE, ACT_RS_SCALE, candidate_outside_numbered,
     ACT_RS_ANNOTATE, NULL, "'deployment.kubernetes.io/max-replicas':'5'", NULL},
    {"... then it is given", BATCHES, TO_RELEASE, ACT_RS_SCALE, candidate_outside_ready,
     ACT_RS_GIVE, NULL, NULL, NULL},
    {"nothing is kept warm at 0", CANARY, IN_BAKE, 0, scaled_to_nothing, ACT_RS_SCALE, NULL,
     "'value':0", NULL},
    {"an earlier digest of what is lost starts no release", CANARY, AT_REST, 0,
     stable_gone_and_its_digest, ACT_DECIDE, "web", NULL, "Resting"},
    {"of twins the one with pods is stable", CANARY, AT_REST, 0, stable_renamed, ACT_DECIDE, "web",
     "'stable':{'revision':'healed'", "Resting"},
    {"... of equals the older", CANARY, AT_REST, 0, stable_renamed_of_two_alike, ACT_DECIDE, "web",
     "'stable':{'revision':'elder'", "Resting"},
    {"a twin of the candidate's is not it", CANARY, TO_RELEASE, ACT_RS_SCALE, candidate_twice,
     ACT_RS_DELETE, "web-elder", NULL, NULL},
    {"another Deployment is attached anew", CANARY, AT_REST, 0, another_deployment, ACT_DECIDE,
     "web", "'uid':'uid-again'", "Resting"},
    {"nothing to undo to",
     UNDONE,
     {"image app:v2", "-> Resting", "undo"},
     ACT_BRAKE,
     earlier_gone,
     ACT_DECIDE,
     "web",
     "'outcome':'Aborted'",
     NULL},
};

/* What was promoted in one flight and is followed in the next is in the history already. */
static void history_names_a_revision_once(void **state UNUSED)
{
    struct scene *sc = scene_open(&(struct bed_options){.spec = UNDONE});
    const char *names[1];
    struct record rec;
    struct err e = {0};

    bed_rest(&sc->st, "app:v1", 4);
    bed_image(&sc->st, "app:v2");
    assert_true(scene_before(sc, ACT_RECORD));
    names[0] = sc->f.record.stable_revision;
    sc->f.record.history = names;
    sc->f.record.history_count = 1;
    const char *body = scene_plan(sc)->action.body;
    auto_json cJSON *doc = json_parse(body, strlen(body), &e);
    assert_true(record_read(
        &sc->a, json_str(json_key(json_at(doc, "metadata.annotations"), ANNOTATION_RECORD), ""),
        &rec));
    assert_int_equal(rec.history_count, 1);
    assert_string_equal(rec.previous, names[0]);
    scene_close(sc);
}

/* Another ReplicaSet has the name that the new revision would get. */
static void a_hash_that_is_taken(void **state UNUSED)
{
    struct scene *sc = scene_open(&(struct bed_options){.spec = CANARY});
    const struct flight *fl;

    bed_rest(&sc->st, "app:v1", 4);
    bed_image(&sc->st, "app:v2");
    scene_now(sc);
    scene_elder(sc)->revision = template_revision(&sc->a, sc->d.digest, 0);
    fl = &scene_plan(sc)->status->flight;
    assert_true(fl->present);
    assert_string_equal(fl->revision, template_revision(&sc->a, sc->d.digest, 1));
    scene_close(sc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_ROWS(rows),
        cmocka_unit_test(history_names_a_revision_once),
        cmocka_unit_test(a_hash_that_is_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

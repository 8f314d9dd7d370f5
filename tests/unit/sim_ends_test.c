/* SPDX-License-Identifier: Apache-2.0 */
/* What the planner does when the Rollout is on its way out, was edited by others, or was written by
 * an earlier version of Sluice. Each is the world of a release with one thing changed. */
#include "sim_scene.h"

static void finalizer_gone(struct scene *sc)
{
    sc->r.has_finalizer = false;
}

static void finalizer_and_dead_man_gone(struct scene *sc)
{
    finalizer_gone(sc);
    scene_no_dead_man(sc);
}

static void deleted_under_a_users_pause(struct scene *sc)
{
    sc->d.paused = true;
    sc->r.has_finalizer = true;
    sc->r.meta.deleting_ms = 1;
}

static void deleted(struct scene *sc)
{
    sc->r.meta.deleting_ms = 1;
}

static void deleted_fence_gone(struct scene *sc)
{
    deleted(sc);
    scene_no_fence(sc);
}

static void deleted_all_gone(struct scene *sc)
{
    deleted_fence_gone(sc);
    finalizer_gone(sc);
}

static void deleted_dead_man_gone(struct scene *sc)
{
    deleted(sc);
    scene_no_dead_man(sc);
}

static void steps_unknown(struct scene *sc)
{
    sc->r.status.flight.spec_digest = NULL;
}

static void services_gone(struct scene *sc)
{
    sc->w.service_count = 0;
}

static void newer_template(struct scene *sc)
{
    sc->d.digest = "newer";
    sc->d.observed_generation = ++sc->d.meta.generation;
}

static void deleted_at_rest(struct scene *sc)
{
    finalizer_gone(sc);
    deleted(sc);
}

static void reason_of_going_back_unknown(struct scene *sc)
{
    sc->r.status.flight.abort_reason = NULL;
    newer_template(sc);
}

static void on_our_fence(struct scene *sc)
{
    struct replicaset *rs = scene_elder(sc);

    rs->of = "web";
    rs->controller_uid = sc->f.meta.uid;
}

static void on_another_fence(struct scene *sc)
{
    on_our_fence(sc);
    sc->rs[sc->w.rs_count - 1].controller_uid = "uid-other-fence";
}

static void fence_going(struct scene *sc)
{
    sc->f.meta.deleting_ms = 1;
}

static void stable_outside(struct scene *sc)
{
    scene_stable(sc)->controller_uid = sc->f.meta.uid;
    sc->d.paused = true;
    sc->d.dead_man = "1";
    scene_stable(sc)->deployment_revision = 0;
}

/* Where no brake is, a pause of theirs with a new template is a pause of theirs. */
static void paused_by_hand_unbraked(struct scene *sc)
{
    newer_template(sc);
    sc->d.paused = true;
    sc->w.brake.state = BRAKE_NOT_SERVED;
}

static void paused_by_hand_braked(struct scene *sc)
{
    paused_by_hand_unbraked(sc);
    sc->w.brake.state = BRAKE_PROVED;
}

static void deleted_under_a_pause_and_done(struct scene *sc)
{
    deleted_under_a_users_pause(sc);
    sc->r.has_finalizer = false;
}

static void rolls_and_is_deleted(struct scene *sc)
{
    deleted_at_rest(sc);
    newer_template(sc);
}

static void why_unknown(struct scene *sc)
{
    sc->r.status.rejected.reason = NULL;
}

/* As by a version of Sluice whose digest was another. */
static void digests_of_before(struct scene *sc)
{
    sc->r.status.stable.digest = "before";
    sc->r.status.target.digest = "before-target";
    sc->f.record.stable_digest = "before";
    sc->r.status.flight.digest = "before-target";
    sc->r.status.target.observed_generation = sc->d.meta.generation;
}

static void rejected_digest_of_before(struct scene *sc)
{
    sc->r.status.rejected.digest = sc->r.status.target.digest = "before-target";
    sc->r.status.target.observed_generation = sc->d.meta.generation;
}

static void deleted_with_a_rival(struct scene *sc)
{
    deleted(sc);
    sc->w.rival = "elder";
}

/* Nothing is known of any flight, and nothing is to be given back. */
static void deleted_status_and_fence_gone(struct scene *sc)
{
    deleted_fence_gone(sc);
    sc->r.status = (struct rollout_status){0};
    scene_told(sc);
}

static void deleted_and_nothing_left_of_it(struct scene *sc)
{
    deleted_status_and_fence_gone(sc);
    sc->r.has_finalizer = false;
}

static const struct scene_row rows[] = {
    /* --- the Rollout --- */
    {"the finalizer is put back", CANARY, IN_STEP, 0, finalizer_gone, ACT_FINALIZER_ADD, "web",
     NULL, NULL},
    {"... while it holds stable", CANARY, ABORTED, 0, finalizer_and_dead_man_gone,
     ACT_FINALIZER_ADD, "web", NULL, NULL},
    {"who has a rival is let go at once", CANARY, IN_STEP, 0, deleted_with_a_rival,
     ACT_FINALIZER_DROP, "web", NULL, NULL},
    {"... and who knows of nothing", CANARY, IN_STEP, 0, deleted_status_and_fence_gone,
     ACT_FINALIZER_DROP, "web", NULL, NULL},
    {"... and does nothing more", CANARY, IN_STEP, 0, deleted_and_nothing_left_of_it, ACT_REPORT,
     NULL, NULL, NULL},
    {"a user's pause holds back no deletion", CANARY, AT_REST, 0, deleted_under_a_users_pause,
     ACT_FINALIZER_DROP, "web", NULL, NULL},
    {"deleted and held: the fence goes", HELD, ABORTED, 0, deleted, ACT_FENCE_DELETE, "web-sluice",
     NULL, NULL},
    {"... then the finalizer", HELD, ABORTED, 0, deleted_fence_gone, ACT_FINALIZER_DROP, "web",
     NULL, NULL},
    {"... and then nothing more", HELD, ABORTED, 0, deleted_all_gone, ACT_REPORT, NULL, NULL, NULL},
    {"deleted and reverted: stable's template is put back", CANARY, ABORTED, 0, deleted, ACT_RESUME,
     "web", "app:v1", NULL},
    {"deleted at rest: its pause goes", PAUSED, AT_REST, 0, deleted, ACT_RESUME, "web",
     "'value':false", NULL},
    {"... also where the dead man is gone", PAUSED, AT_REST, 0, deleted_dead_man_gone, ACT_RESUME,
     "web", "'value':false", NULL},
    {"steps that are not known any more: it goes back", CANARY, IN_STEP, 0, steps_unknown,
     ACT_DECIDE, "web", "the strategy was changed", NULL},
    {"no release without its Service", SWITCH, TO_RELEASE, 0, services_gone, ACT_REPORT, NULL, NULL,
     "ServiceNotFound"},
    {"a newer template ends the way back",
     CANARY,
     {"image app:v2", "-> Approval", "abort"},
     ACT_RS_SCALE,
     newer_template,
     ACT_DECIDE,
     "web",
     "'outcome':'Aborted'",
     NULL},
    {"... whatever it was for",
     CANARY,
     {"image app:v2", "-> Approval", "abort"},
     ACT_RS_SCALE,
     reason_of_going_back_unknown,
     ACT_DECIDE,
     "web",
     "'outcome':'Aborted'",
     NULL},
    {"... of an undo too",
     CANARY,
     {"image app:v2", "-> Approval", "approve", "-> Baking", "undo"},
     ACT_RS_SCALE,
     newer_template,
     ACT_DECIDE,
     "web",
     "'outcome':'Undone'",
     NULL},
    {"... and a bake", CANARY, IN_BAKE, 0, newer_template, ACT_DECIDE, "web",
     "'outcome':'Promoted'", NULL},
    {"at rest without its Service", SWITCH, AT_REST, 0, services_gone, ACT_REPORT, NULL, NULL,
     "ServiceNotFound"},
    {"deleted at rest", CANARY, AT_REST, 0, deleted_at_rest, ACT_NONE, NULL, NULL, "Resting"},
    {"what is no history goes at the end", UNDONE, TO_RELEASE, ACT_FENCE_DELETE, on_our_fence,
     ACT_RS_DELETE, "web-elder", NULL, NULL},
    {"what hangs on another fence holds up no end", UNDONE, TO_RELEASE, ACT_FENCE_DELETE,
     on_another_fence, ACT_FENCE_DELETE, "web-sluice", NULL, NULL},
    {"a fence that goes is waited for at the end", UNDONE, TO_RELEASE, ACT_FENCE_DELETE,
     fence_going, ACT_REPORT, NULL, NULL, NULL},
    {"nothing is resumed while stable is not the Deployment's", UNDONE, TO_RELEASE,
     ACT_FENCE_DELETE, stable_outside, ACT_RS_FENCE, NULL, NULL, NULL},
    {"paused by hand where no brake is", CANARY, AT_REST, 0, paused_by_hand_unbraked, ACT_REPORT,
     NULL, NULL, "PausedByUser"},
    {"... where one is, a release begins", CANARY, AT_REST, 0, paused_by_hand_braked, ACT_BRAKE,
     "web", NULL, NULL},
    {"deleted under a user's pause, and done", CANARY, AT_REST, 0, deleted_under_a_pause_and_done,
     ACT_REPORT, NULL, NULL, "PausedByUser"},
    {"deleted while it rolls natively", CANARY, AT_REST, 0, rolls_and_is_deleted, ACT_REPORT, NULL,
     NULL, "NotComplete"},
    {"aborted, nobody knows why", CANARY, ABORTED, 0, why_unknown, ACT_REPORT, NULL, NULL,
     "Aborted"},
    /* --- an upgrade of Sluice --- */
    {"an earlier digest starts no release", CANARY, AT_REST, 0, digests_of_before, ACT_NONE, NULL,
     NULL, "Resting"},
    {"... ends none", CANARY, IN_STEP, 0, digests_of_before, ACT_NONE, NULL, NULL,
     "AwaitingApproval"},
    {"... and forgets no rejection", CANARY, ABORTED, 0, rejected_digest_of_before, ACT_NONE, NULL,
     NULL, "Aborted"},
};

/* Undone in the bake: the record says of the revision before what it said before. */
static void an_undo_takes_the_commit_back(void **state UNUSED)
{
    struct scene *sc = scene_open(&(struct bed_options){.spec = CANARY});
    struct record before, after;
    struct err e = {0};
    const char *body;

    bed_rest(&sc->st, "app:v1", 4);
    bed_image(&sc->st, "app:v2");
    bed_until(&sc->st, "Approval", 30000);
    scene_now(sc);
    assert_true(record_read(&sc->a, record_write(&sc->a, &sc->f.record), &before));
    bed_do(&sc->st, "approve");
    bed_until(&sc->st, "Baking", 30000);
    bed_do(&sc->st, "undo");
    assert_true(scene_before(sc, ACT_RECORD));
    body = scene_plan(sc)->action.body;
    auto_json cJSON *doc = json_parse(body, strlen(body), &e);
    assert_true(record_read(
        &sc->a, json_str(json_key(json_at(doc, "metadata.annotations"), ANNOTATION_RECORD), ""),
        &after));
    assert_string_equal(after.stable_revision, before.stable_revision);
    assert_string_equal(after.stable_name, before.stable_name);
    assert_string_equal(after.stable_digest, before.stable_digest);
    assert_string_equal(after.stable_template, before.stable_template);
    assert_true(after.stable_number == before.stable_number);
    assert_true(after.committed_ms == 0 && !after.previous);
    scene_close(sc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_ROWS(rows),
        cmocka_unit_test(an_undo_takes_the_commit_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

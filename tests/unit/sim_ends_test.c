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

static const struct scene_row rows[] = {
    /* --- the Rollout --- */
    {"the finalizer is put back", CANARY, IN_STEP, 0, finalizer_gone, ACT_FINALIZER_ADD, "web",
     NULL, NULL},
    {"... while it holds stable", CANARY, ABORTED, 0, finalizer_and_dead_man_gone,
     ACT_FINALIZER_ADD, "web", NULL, NULL},
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

static void each(void **state UNUSED)
{
    for (size_t i = 0; i < COUNT(rows); i++)
        scene_check(&rows[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

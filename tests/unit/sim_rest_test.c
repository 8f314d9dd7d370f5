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

static void nothing(struct scene *sc UNUSED) {}

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

static void pods_left(struct scene *sc)
{
    left(sc, 2);
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

static const struct scene_row rows[] = {
    /* --- undo at rest --- */
    {"the template before is put back with pause and dead man", UNDONE, TO_UNDO, ACT_BRAKE, nothing,
     ACT_BRAKE, "web", "app:v1", NULL},
    {"... also where the Deployment has no number", UNDONE, TO_UNDO, ACT_BRAKE,
     deployment_not_numbered, ACT_BRAKE, "web", "'path':'/spec/template','value':{", NULL},
    {"... not when its ReplicaSet is gone", UNDONE, TO_UNDO, ACT_BRAKE, earlier_gone, ACT_DECIDE,
     "web", "'message':'the earlier revision is gone'", NULL},
    {"... nor when that has no template", UNDONE, TO_UNDO, ACT_BRAKE, earlier_without_template,
     ACT_DECIDE, "web", "'message':'the earlier revision is gone'", NULL},
    /* --- left over --- */
    {"pods of an earlier Deployment go", CANARY, AT_REST, 0, pods_left, ACT_RS_SCALE, "web-elder",
     "'value':0", NULL},
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
     NULL},
    {"... also without stable", CANARY, AT_REST, 0, a_pin_left_and_stable_gone, ACT_SERVICE_UNPIN,
     "web", NULL, NULL},
    {"... also under the pause that stays", PAUSED, AT_REST, 0, a_pin_left, ACT_SERVICE_UNPIN,
     "web", NULL, NULL},
    {"... and one on stable", CANARY, AT_REST, 0, a_pin_on_stable, ACT_SERVICE_UNPIN, "web", NULL,
     NULL},
    {"... not while it keeps users from other pods", CANARY, AT_REST, 0,
     a_pin_on_stable_that_is_needed, ACT_REPORT, NULL, NULL, "Progressing"},
    /* --- rolls by itself --- */
    {"a template that rolls is stopped late", CANARY, AT_REST, 0, rolls, ACT_BRAKE, "web", NULL,
     NULL},
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
};

int main(void)
{
    return scene_check_all(rows, COUNT(rows));
}

/* SPDX-License-Identifier: Apache-2.0 */
/* How many pods each side gets, one thing changed: what serves is not taken away, and the walk
 * inside keeps to its order. */
#include "sim_scene.h"

/* Both sides as large as each other after the next write: who is older, by age and then by name? */
static void candidate_of_the_same_age(struct scene *sc, const char *name)
{
    scene_candidate(sc)->meta.created_ms = scene_stable(sc)->meta.created_ms;
    scene_candidate(sc)->meta.name = name;
}

static void candidate_first_by_name(struct scene *sc)
{
    candidate_of_the_same_age(sc, "a");
}

static void candidate_last_by_name(struct scene *sc)
{
    candidate_of_the_same_age(sc, "z");
}

static void candidate_older(struct scene *sc)
{
    candidate_last_by_name(sc);
    scene_candidate(sc)->meta.created_ms--;
}

static void sum_is_moving(struct scene *sc)
{
    scene_stable(sc)->replicas++;
}

static void candidate_not_available(struct scene *sc)
{
    scene_candidate(sc)->st_available--;
}

static void stable_not_available(struct scene *sc)
{
    scene_stable(sc)->st_available--;
}

static void stable_not_available_at_all(struct scene *sc)
{
    scene_stable(sc)->st_available = 0;
}

/* As large after the next write, but nothing is there that could be shrunk instead. */
static void stable_as_small_as_the_first_step(struct scene *sc)
{
    struct replicaset *s = scene_stable(sc);

    s->replicas = s->st_replicas = s->st_available = s->st_ready = 1;
    candidate_of_the_same_age(sc, "a");
}

/* It was taken out of the Deployment, with pods. */
static void candidate_outside(struct scene *sc, int32_t ready)
{
    struct replicaset *c = scene_candidate(sc);

    c->controller_uid = c->first_owner_uid = sc->f.meta.uid;
    c->st_ready = c->st_available = ready;
}

static void candidate_outside_serves(struct scene *sc)
{
    candidate_outside(sc, 2);
    scene_stable(sc)->st_available--;
}

static void candidate_outside_serves_beside_all(struct scene *sc)
{
    struct replicaset *s = scene_stable(sc);

    candidate_outside(sc, 2);
    s->replicas = s->st_replicas = s->st_available = sc->d.replicas;
}

static void candidate_outside_serves_beside_all_alone(struct scene *sc)
{
    candidate_outside_serves_beside_all(sc);
    scene_stable(sc)->max_annotation = sc->d.replicas;
}

static void candidate_outside_not_ready(struct scene *sc)
{
    candidate_outside(sc, 0);
}

/* The flight has the name of what is stable, and another template. */
static void named_as_stable_is(struct scene *sc)
{
    scene_forget_rs(sc, scene_candidate(sc));
    sc->r.status.flight.revision = sc->r.status.stable.revision;
}

/* ---- sharing --------------------------------------------------------------------------------- */

static void two_pods(struct scene *sc)
{
    sc->d.replicas = 2;
}

static void one_pod(struct scene *sc)
{
    sc->d.replicas = 1;
}

static void candidate_of(struct scene *sc, int32_t pods)
{
    struct replicaset *c = scene_candidate(sc);

    c->replicas = c->st_replicas = c->st_ready = c->st_available = pods;
}

static void one_pod_and_one_new(struct scene *sc)
{
    one_pod(sc);
    candidate_of(sc, 1);
}

static void one_new_and_stable_not_told(struct scene *sc)
{
    candidate_of(sc, 1);
    told_of_another_sum(sc);
}

static void one_new_and_not_told(struct scene *sc)
{
    candidate_of(sc, 1);
    scene_candidate(sc)->max_annotation = 99;
}

static void candidate_not_told(struct scene *sc)
{
    scene_candidate(sc)->max_annotation = 99;
}

static void candidate_outside_stops(struct scene *sc)
{
    candidate_outside(sc, 0);
    scene_candidate(sc)->replicas = 0;
    scene_candidate(sc)->st_replicas = 1;
}

static void candidate_outside_with_one(struct scene *sc)
{
    candidate_outside(sc, 0);
    scene_candidate(sc)->replicas = 1;
}

static void candidate_outside_one_ready(struct scene *sc)
{
    candidate_outside(sc, 1);
    stable_not_available(sc);
}

static void candidate_outside_one_behind(struct scene *sc)
{
    candidate_of(sc, 0);
    candidate_outside(sc, 0);
    sc->d.revision = scene_candidate(sc)->deployment_revision + 1;
    sc->r.status.flight.deployment_revision = sc->d.revision; /* nobody else is to be told */
    scene_told(sc);
}

/* ---- walking --------------------------------------------------------------------------------- */

static void two_may_move(struct scene *sc)
{
    sc->d.max_unavailable = "1";
}

static void one_new_and_the_sum_moves(struct scene *sc)
{
    candidate_of(sc, 1);
    sum_is_moving(sc);
}

/* Of ten six are new: to have seven, stable is shrunk. */
static void more_new_than_old(struct scene *sc)
{
    struct replicaset *s = scene_stable(sc);

    sc->d.replicas = 10;
    candidate_of(sc, 6);
    s->replicas = s->st_replicas = s->st_ready = s->st_available = 5;
}

/* ---- sizes ----------------------------------------------------------------------------------- */

static void candidate_too_large(struct scene *sc)
{
    candidate_of(sc, 4);
}

static void candidate_larger_than_all(struct scene *sc)
{
    candidate_of(sc, 5);
}

static const struct scene_row rows[] = {
    {"two pods share the Deployment", BATCHES, TO_RELEASE, ACT_RS_CREATE, two_pods, ACT_RS_CREATE,
     NULL, "'ownerReferences':[{'apiVersion':'apps/v1','kind':'Deployment'", NULL},
    {"... and know the sum from the start", BATCHES, TO_RELEASE, ACT_RS_CREATE, two_pods,
     ACT_RS_CREATE, NULL, "'deployment.kubernetes.io/max-replicas':'3'", NULL},
    {"... one does not", BATCHES, TO_RELEASE, ACT_RS_CREATE, one_pod, ACT_RS_CREATE, NULL,
     "'ownerReferences':[{'apiVersion':'apps/v1','kind':'ControllerRevision'", NULL},
    {"stable is told of the sum first", BATCHES, TO_RELEASE, ACT_RS_SCALE, told_of_another_sum,
     ACT_RS_ANNOTATE, "web-1865bdca63", "'deployment.kubernetes.io/max-replicas':'5'", NULL},
    {"... then the candidate", BATCHES, TO_RELEASE, ACT_RS_SCALE, candidate_not_told,
     ACT_RS_ANNOTATE, "web-s1-82343883", "'deployment.kubernetes.io/max-replicas':'5'", NULL},
    {"... not once there is a pod", BATCHES, IN_STEP, 0, one_new_and_stable_not_told, ACT_REPORT,
     NULL, NULL, NULL},
    {"... of either", BATCHES, IN_STEP, 0, one_new_and_not_told, ACT_REPORT, NULL, NULL, NULL},
    {"two move in one write, where two may", BATCHES, TO_RELEASE, ACT_RS_SCALE, two_may_move,
     ACT_RS_SCALE, NULL, "'value':2}]", NULL},
    {"one by one, where one may", BATCHES, TO_RELEASE, ACT_RS_SCALE, scene_nothing, ACT_RS_SCALE,
     NULL, "'value':1}]", NULL},
    {"... not while the sum moves, from the first pod on", BATCHES, IN_STEP, 0,
     one_new_and_the_sum_moves, ACT_REPORT, NULL, NULL, NULL},
    {"where more are new, the old are shrunk", BATCHES, APPROVES, ACT_RS_SCALE, more_new_than_old,
     ACT_RS_SCALE, "web-1865bdca63", "'value':4}]", NULL},
    {"the walk goes on", BATCHES, APPROVES, ACT_RS_SCALE, candidate_last_by_name, ACT_RS_SCALE, "z",
     "'value':3", NULL},
    {"... not to where the older would be shrunk", BATCHES, APPROVES, ACT_RS_SCALE,
     candidate_first_by_name, ACT_RECORD, NULL, NULL, NULL},
    {"... by age before name", BATCHES, APPROVES, ACT_RS_SCALE, candidate_older, ACT_RECORD, NULL,
     NULL, NULL},
    {"... not while the sum moves", BATCHES, APPROVES, ACT_RS_SCALE, sum_is_moving, ACT_REPORT,
     NULL, NULL, NULL},
    {"... nor while a new pod is missing", BATCHES, APPROVES, ACT_RS_SCALE, candidate_not_available,
     ACT_REPORT, NULL, NULL, NULL},
    {"... or an old one", BATCHES, APPROVES, ACT_RS_SCALE, stable_not_available, ACT_REPORT, NULL,
     NULL, NULL},
    {"... but where all old ones are broken", BATCHES, APPROVES, ACT_RS_SCALE,
     stable_not_available_at_all, ACT_RS_SCALE, NULL, "'value':3", NULL},
    {"... and for the first pod of all there is nothing to shrink", BATCHES, TO_RELEASE,
     ACT_RS_SCALE, stable_as_small_as_the_first_step, ACT_RS_SCALE, "a", "'value':1", NULL},
    {"a candidate outside that serves is left", BATCHES, IN_STEP, 0, candidate_outside_serves,
     ACT_REPORT, NULL, NULL, NULL},
    {"... until stable has all, and is told so", BATCHES, IN_STEP, 0,
     candidate_outside_serves_beside_all, ACT_RS_ANNOTATE, NULL,
     "'deployment.kubernetes.io/max-replicas':'4'", NULL},
    {"... then it goes", BATCHES, IN_STEP, 0, candidate_outside_serves_beside_all_alone,
     ACT_RS_SCALE, NULL, "'value':0", NULL},
    {"... and one that does not goes at once", BATCHES, IN_STEP, 0, candidate_outside_not_ready,
     ACT_RS_SCALE, NULL, "'value':0", NULL},
    {"... also with one pod", BATCHES, IN_STEP, 0, candidate_outside_with_one, ACT_RS_SCALE, NULL,
     "'value':0}]", NULL},
    {"... not if that one serves", BATCHES, IN_STEP, 0, candidate_outside_one_ready, ACT_REPORT,
     NULL, NULL, NULL},
    {"... and comes back when its pods have stopped", BATCHES, IN_STEP, 0, candidate_outside_stops,
     ACT_REPORT, NULL, NULL, NULL},
    {"... with the highest number", BATCHES, IN_STEP, 0, candidate_outside_one_behind,
     ACT_RS_ANNOTATE, "web-s1-82343883", "'deployment.kubernetes.io/revision':'4'", NULL},
    {"a step has as many pods as it asks for", ROUTED, IN_STEP, 0, candidate_too_large,
     ACT_RS_SCALE, NULL, "'value':2}]", NULL},
    {"... by their share at once", CANARY, IN_STEP, 0, candidate_larger_than_all, ACT_RS_SCALE,
     NULL, "'value':4}]", NULL},
    {"... and the end has all", CANARY, APPROVES, ACT_RECORD, candidate_larger_than_all,
     ACT_RS_SCALE, NULL, "'value':4}]", NULL},
    {"... of one it is one", CANARY, IN_STEP, 0, one_pod_and_one_new, ACT_REPORT, NULL, NULL,
     "AwaitingApproval"},
    {"stable is never taken for a mutated candidate", CANARY, IN_STEP, 0, named_as_stable_is,
     ACT_RS_CREATE, NULL, "app:v2", NULL},
};

int main(void)
{
    return scene_check_all(rows, COUNT(rows));
}

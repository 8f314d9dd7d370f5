/* SPDX-License-Identifier: Apache-2.0 */
/* Whose is what, one thing changed: which ReplicaSet is stable, which fence counts, what of the
 * status is still true (design.md 3). What cannot be told is not taken for ours. */
#include "sim_scene.h"

/* ---- whose ----------------------------------------------------------------------------------- */

/* Neither owned by the Deployment nor made for one of its name. */
static struct replicaset *of_another(struct scene *sc, const char *controller)
{
    struct replicaset *rs = scene_elder(sc);

    rs->of = "other";
    rs->deployment_uid = "uid-other";
    rs->controller_uid = rs->first_owner_uid = controller;
    return rs;
}

static void deleted_without_fence(struct scene *sc)
{
    sc->r.meta.deleting_ms = 1;
    scene_no_fence(sc);
}

static void leaves_one_with_its_owner(struct scene *sc)
{
    deleted_without_fence(sc);
    of_another(sc, "uid-owner");
}

static void leaves_pods_that_nobody_has(struct scene *sc)
{
    deleted_without_fence(sc);
    of_another(sc, NULL)->st_replicas = 2;
}

static void candidate_without_stable_beside_it(struct scene *sc)
{
    scene_stable(sc)->controller_uid = sc->f.meta.uid;
    scene_candidate(sc)->meta.name = "candidate";
}

static void one_pod_left(struct scene *sc)
{
    sc->d.replicas = 1;
}

static void one_pod_left_and_none_new(struct scene *sc)
{
    one_pod_left(sc);
    scene_candidate(sc)->replicas = 0;
}

static void two_pods_left_and_one_new(struct scene *sc)
{
    struct replicaset *c = scene_candidate(sc), *s = scene_stable(sc);

    sc->d.replicas = 2;
    c->replicas = c->st_replicas = c->st_ready = c->st_available = 1;
    s->replicas = s->st_replicas = s->st_ready = s->st_available = 2;
}

static void candidate_as_large_as_all(struct scene *sc)
{
    scene_candidate(sc)->replicas = sc->d.replicas;
}

/* Other routes and a newer template came with them; that one's ReplicaSet is there already. */
static void inside_while_routes_are_waited_for(struct scene *sc)
{
    struct traffic_spec *t = ARENA_NEW(&sc->a, struct traffic_spec);
    static const char *const rules[] = {"a"};

    *t = sc->r.spec.traffic[0];
    t->rules = rules;
    t->rule_count = 1;
    sc->r.spec.traffic = t;
    scene_elder(sc)->digest = sc->d.digest = "newer";
    sc->d.observed_generation = ++sc->d.meta.generation;
    sc->routes[0].meta.generation++;
}

/* ---- which is stable ------------------------------------------------------------------------- */

/* It has no digest either; it is not stable for that. */
static void nothing_says_which_is_stable(struct scene *sc)
{
    struct replicaset *rs = scene_stable(sc);

    rs->revision = "another";
    rs->digest = sc->r.status.stable.digest = "";
}

static void renamed(struct scene *sc)
{
    scene_stable(sc)->revision = "renamed";
}

/* ---- which fence ----------------------------------------------------------------------------- */

static void names_another(struct scene *sc)
{
    sc->f.record.stable_revision = "another";
}

static void names_another_and_stable_renamed(struct scene *sc)
{
    names_another(sc);
    renamed(sc);
}

static void names_another_on_the_way_back(struct scene *sc)
{
    names_another(sc);
    sc->r.status.flight.direction = DIRECTION_BACK;
}

static void names_another_and_tells_of_a_commit(struct scene *sc)
{
    names_another(sc);
    sc->f.record.committed_ms = sc->st.s.now_ms;
    sc->f.record.stable_digest = sc->d.digest;
}

/* The fence in a cache that lags: it tells of the commit of what this flight leaves. */
static void commit_of_the_flight_before(struct scene *sc)
{
    sc->f.record.committed_ms = sc->st.s.now_ms - MINUTE_MS;
    sc->f.record.previous = "elder";
}

/* ... and as that was once taken for this one's. */
static void noted_as_committed(struct scene *sc)
{
    struct flight *fl = &sc->r.status.flight;

    fl->committed_ms = fl->steps[0].ended_ms = sc->st.s.now_ms - MINUTE_MS;
    scene_told(sc);
}

static void fence_of_another_deployment(struct scene *sc)
{
    sc->f.deployment_uid = "uid-other";
}

static void fence_unreadable(struct scene *sc)
{
    sc->f.readable = false;
}

/* ---- what the status still knows ------------------------------------------------------------- */

/* The record knows; what the status says of digests is of whoever had it before. */
static void status_of_another_deployment(struct scene *sc)
{
    sc->r.status.target.uid = "uid-other";
    sc->r.status.target.digest = sc->r.status.flight.digest = "theirs";
    scene_forget_rs(sc, scene_candidate(sc));
    scene_told(sc);
}

/* ---- what is kept ---------------------------------------------------------------------------- */

/* On our fence, with pods, and not what was stable before. */
static void another_with_pods(struct scene *sc)
{
    struct replicaset *rs = scene_elder(sc);

    rs->of = "web";
    rs->controller_uid = rs->first_owner_uid = sc->f.meta.uid;
    rs->replicas = rs->st_replicas = rs->st_ready = rs->st_available = 2;
}

static void bake_ends_now(struct scene *sc)
{
    sc->r.status.flight.bake_until_ms = sc->st.s.now_ms;
    scene_told(sc);
}

static void bake_ends_soon(struct scene *sc)
{
    sc->r.status.flight.bake_until_ms = sc->st.s.now_ms + 1;
    scene_told(sc);
}

/* ---- a rollout of its own -------------------------------------------------------------------- */

/* As somebody's without the brake: nothing of ours is there, and the template is another. */
static void rolls_by_itself(struct scene *sc)
{
    struct replicaset *s = scene_stable(sc);

    scene_elder(sc)->digest = sc->d.digest = "newer";
    s->replicas = s->st_replicas = s->st_ready = s->st_available = 0; /* too late to stop it */
    sc->d.dead_man = NULL;
}

static void rolls_unseen(struct scene *sc)
{
    rolls_by_itself(sc);
    sc->d.meta.generation++;
}

static void rolls_with_old_pods(struct scene *sc)
{
    rolls_by_itself(sc);
    sc->d.st_replicas++;
}

static void rolls_with_some_new(struct scene *sc)
{
    rolls_by_itself(sc);
    sc->d.st_updated--;
}

static void rolls_with_one_not_available(struct scene *sc)
{
    rolls_by_itself(sc);
    sc->d.st_available--;
}

static const struct scene_row rows[] = {
    /* --- whose --- */
    {"who leaves leaves others' alone", HELD, ABORTED, 0, leaves_one_with_its_owner,
     ACT_FINALIZER_DROP, "web", NULL, NULL},
    {"... and deletes nothing that has pods", HELD, ABORTED, 0, leaves_pods_that_nobody_has,
     ACT_REPORT, NULL, NULL, NULL},
    {"inside, the candidate is not left alone in the Deployment", BATCHES, IN_STEP, 0,
     candidate_without_stable_beside_it, ACT_RS_FENCE, "candidate", NULL, NULL},
    {"... nor where there is one pod to share", BATCHES, IN_STEP, 0, one_pod_left, ACT_RS_FENCE,
     NULL, NULL, NULL},
    {"... nor before it has a pod", BATCHES, IN_STEP, 0, one_pod_left_and_none_new, ACT_RS_FENCE,
     NULL, NULL, NULL},
    {"... two share it", BATCHES, IN_STEP, 0, two_pods_left_and_one_new, ACT_REPORT, NULL, NULL,
     "AwaitingApproval"},
    {"... nor when it is whole", BATCHES, IN_STEP, 0, candidate_as_large_as_all, ACT_RS_FENCE, NULL,
     NULL, NULL},
    {"what is inside is fenced also before its flight begins", ROUTED, ABORTED, 0,
     inside_while_routes_are_waited_for, ACT_RS_FENCE, "web-elder", NULL, NULL},
    /* --- which is stable --- */
    {"no digest is nobody's", CANARY, AT_REST, 0, nothing_says_which_is_stable, ACT_REPORT, NULL,
     NULL, "NotComplete"},
    {"another name, the same template: it is stable still", CANARY, AT_REST, 0, renamed, ACT_DECIDE,
     "web", "'stable':{'revision':'renamed'", "Resting"},
    /* --- which fence --- */
    {"a fence that names another than the status came late", CANARY, IN_STEP, 0, names_another,
     ACT_FENCE_DELETE, "web-sluice", NULL, NULL},
    {"... also where stable has another name by now", CANARY, IN_STEP, 0,
     names_another_and_stable_renamed, ACT_DECIDE, "web", "'stable':{'revision':'renamed'", NULL},
    {"... not on the way back", CANARY, IN_STEP, 0, names_another_on_the_way_back, ACT_DECIDE,
     "web", "'stable':{'revision':'another'", NULL},
    {"... nor with a commit", CANARY, IN_STEP, 0, names_another_and_tells_of_a_commit, ACT_DECIDE,
     "web", "'stable':{'revision':'another'", NULL},
    {"a commit of the flight before is none of this one's", CANARY, IN_STEP, 0,
     commit_of_the_flight_before, ACT_NONE, NULL, NULL, "AwaitingApproval"},
    {"... also inside", BATCHES, IN_STEP, 0, commit_of_the_flight_before, ACT_NONE, NULL, NULL,
     "AwaitingApproval"},
    {"... and is not noted as such for ever", CANARY, IN_STEP, 0, noted_as_committed, ACT_DECIDE,
     "web", "'steps':[{'weight':50,'replicas':4},", "AwaitingApproval"},
    {"a fence of another Deployment is none", CANARY, IN_STEP, 0, fence_of_another_deployment,
     ACT_FENCE_DELETE, "web-sluice", NULL, NULL},
    {"... nor is one that cannot be read", CANARY, IN_STEP, 0, fence_unreadable, ACT_FENCE_DELETE,
     "web-sluice", NULL, NULL},
    /* --- what is kept --- */
    {"in the bake the old pods are kept, others' are not", CANARY, IN_BAKE, 0, another_with_pods,
     ACT_RS_SCALE, "web-elder", "'value':0}]", NULL},
    {"... to its last moment", CANARY, IN_BAKE, 0, bake_ends_soon, ACT_REPORT, NULL, NULL,
     "Baking"},
    {"... and no longer", CANARY, IN_BAKE, 0, bake_ends_now, ACT_RS_SCALE, "web-1865bdca63",
     "'value':0}]", NULL},
    /* --- a rollout of its own --- */
    {"what went out natively counts as stable", CANARY, AT_REST, 0, rolls_by_itself, ACT_DECIDE,
     "web", "'stable':{'revision':'elder'", NULL},
    {"... not before it was seen", CANARY, AT_REST, 0, rolls_unseen, ACT_REPORT, NULL, NULL,
     "NotComplete"},
    {"... nor with old pods left", CANARY, AT_REST, 0, rolls_with_old_pods, ACT_REPORT, NULL, NULL,
     "NotComplete"},
    {"... nor with new ones missing", CANARY, AT_REST, 0, rolls_with_some_new, ACT_REPORT, NULL,
     NULL, "NotComplete"},
    {"... or not available", CANARY, AT_REST, 0, rolls_with_one_not_available, ACT_REPORT, NULL,
     NULL, "NotComplete"},
    /* --- what the status still knows --- */
    {"a status of another Deployment is lost, the record is not", CANARY, IN_STEP, 0,
     status_of_another_deployment, ACT_DECIDE, "web", "'stable':{'revision':", NULL},
};

int main(void)
{
    return scene_check_all(rows, COUNT(rows));
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What is taken out of the Deployment and what stays in it, one thing changed: nobody's pods change
 * hands by mistake, and what is not known is not taken for stable. */
#include "sim_scene.h"

static void lost_all_but_the_pause(struct scene *sc)
{
    scene_forget_rs(sc, scene_stable(sc));
    scene_no_dead_man(sc);
    sc->r.has_finalizer = false;
}

static void lost_all_but_the_flight(struct scene *sc)
{
    scene_no_fence(sc);
    scene_no_dead_man(sc);
    sc->r.has_finalizer = false;
}

/* The dead man names no revision, nor has one of those that are left a number. */
static void nothing_says_what_was_stable(struct scene *sc)
{
    scene_elder(sc)->controller_uid = "uid-gone";
    sc->d.dead_man = "0";
    scene_no_fence(sc);
    scene_forget_rs(sc, scene_stable(sc));
}

static void stable_has_no_template(struct scene *sc)
{
    scene_stable(sc)->template_raw = NULL;
}

static void one_adopted(struct scene *sc)
{
    struct replicaset *rs = scene_elder(sc);

    rs->revision = rs->of = NULL;
}

static void a_twin_of_stable(struct scene *sc)
{
    scene_elder(sc)->digest = scene_stable(sc)->digest;
}

static void one_of_its_own(struct scene *sc)
{
    scene_elder(sc);
}

static void leaves_with_one_outside(struct scene *sc)
{
    sc->r.meta.deleting_ms = 1;
    scene_elder(sc)->controller_uid = "uid-gone";
    scene_no_fence(sc);
}

/* Rejected and given back; what is stable is held by nothing else. */
static void fence_lost(struct scene *sc)
{
    scene_no_fence(sc);
}

static struct replicaset *another_elder(struct scene *sc, const char *name)
{
    struct replicaset *rs = scene_elder(sc);

    rs->meta.name = rs->meta.uid = name;
    rs->revision = rs->digest = name;
    return rs;
}

static void pause_not_seen(struct scene *sc)
{
    sc->d.observed_generation--;
}

/* Two, and those with pods come first in the list. */
static void stable_gone_and_two_are_inside(struct scene *sc)
{
    another_elder(sc, "with-pods")->replicas = 1;
    another_elder(sc, "empty");
    scene_forget_rs(sc, scene_stable(sc));
}

static void stable_gone(struct scene *sc)
{
    scene_forget_rs(sc, scene_stable(sc));
}

static void stable_goes(struct scene *sc)
{
    scene_stable(sc)->meta.deleting_ms = 1;
}

static void stable_goes_last_of_the_list(struct scene *sc)
{
    const struct replicaset s = *scene_stable(sc);

    scene_forget_rs(sc, scene_stable(sc));
    sc->rs[sc->w.rs_count] = s;
    sc->rs[sc->w.rs_count++].meta.deleting_ms = 1;
}

static void stable_gone_and_another_goes(struct scene *sc)
{
    scene_elder(sc)->meta.deleting_ms = 1;
    scene_forget_rs(sc, scene_stable(sc));
}

static void one_inside_goes(struct scene *sc)
{
    scene_elder(sc)->meta.deleting_ms = 1;
}

static void pods_then_history(struct scene *sc)
{
    another_elder(sc, "with-pods")->replicas = 1;
    another_elder(sc, "empty");
    another_elder(sc, "empty-too");
}

static void pods_then_pods(struct scene *sc)
{
    another_elder(sc, "with-pods")->replicas = 1;
    another_elder(sc, "with-more")->replicas = 2;
}

/* Taken out of the Deployment, and its pods serve. */
static void another_waits_outside(struct scene *sc)
{
    struct replicaset *rs = another_elder(sc, "with-pods");

    rs->controller_uid = sc->f.meta.uid;
    rs->replicas = rs->st_replicas = rs->st_ready = rs->st_available = 1;
}

static void another_waits_outside_and_the_new_have_none(struct scene *sc)
{
    struct replicaset *c = scene_candidate(sc);

    another_waits_outside(sc);
    c->replicas = c->st_replicas = c->st_ready = c->st_available = 0;
}

static void history_then_pods(struct scene *sc)
{
    another_elder(sc, "empty");
    another_elder(sc, "with-pods")->replicas = 1;
}

/* ---- who goes first -------------------------------------------------------------------------- */

/* After the commit, before anything changed hands: `pods` of the old stable are left. */
static void without_surge(struct scene *sc, int32_t pods)
{
    sc->d.max_surge = "0";
    sc->d.max_unavailable = "2";
    scene_rs(sc, sc->f.record.previous)->replicas = pods;
}

static void as_few_as_may_lack(struct scene *sc)
{
    without_surge(sc, 2);
}

static void one_more_than_may_lack(struct scene *sc)
{
    without_surge(sc, 3);
}

static void one_that_may_lack(struct scene *sc)
{
    without_surge(sc, 1);
}

static void none_that_could_lack(struct scene *sc)
{
    without_surge(sc, 0);
}

static void one_by_surge(struct scene *sc)
{
    without_surge(sc, 2);
    sc->d.max_surge = "1";
}

/* Not what was stable before, and within what may lack. */
static void another_with_pods(struct scene *sc)
{
    another_elder(sc, "with-pods")->replicas = 1;
    without_surge(sc, 0);
    scene_rs(sc, sc->f.record.previous)->controller_uid = sc->f.meta.uid;
}

static void one_of_two(struct scene *sc)
{
    without_surge(sc, 1);
    sc->d.replicas = 2;
}

static void the_only_one(struct scene *sc)
{
    without_surge(sc, 1);
    sc->d.replicas = 1;
}

/* Both are out of the Deployment, and the new one is to be given. */
static void both_outside(struct scene *sc)
{
    scene_rs(sc, sc->f.record.previous)->controller_uid = sc->f.meta.uid;
    scene_candidate(sc)->controller_uid = sc->f.meta.uid;
}

static void the_only_one_outside(struct scene *sc)
{
    the_only_one(sc);
    both_outside(sc);
}

static void one_of_two_outside(struct scene *sc)
{
    one_of_two(sc);
    both_outside(sc);
}

static void stable_outside_in_a_step(struct scene *sc)
{
    sc->d.max_surge = "0";
    scene_stable(sc)->controller_uid = sc->f.meta.uid;
    scene_stable(sc)->deployment_revision = scene_candidate(sc)->deployment_revision;
    scene_candidate(sc)->controller_uid = sc->f.meta.uid;
}

/* ---- numbers --------------------------------------------------------------------------------- */

static void one_number_behind(struct scene *sc)
{
    sc->d.revision = scene_candidate(sc)->deployment_revision + 1;
}

static void numbered_behind_our_back(struct scene *sc)
{
    sc->d.revision = 77;
}

static void numbered_and_the_candidate_gone(struct scene *sc)
{
    numbered_behind_our_back(sc);
    scene_forget_rs(sc, scene_candidate(sc));
}

static void numbered_as_the_flight_is(struct scene *sc)
{
    numbered_behind_our_back(sc);
    sc->r.status.flight.deployment_revision = 77;
}

static void numbered_as_an_earlier_one(struct scene *sc)
{
    numbered_behind_our_back(sc);
    sc->r.status.history[0] = (struct history_entry){.outcome = "Aborted", .revision = "x"};
    sc->r.status.history[0].deployment_revision = 77;
    sc->r.status.history_count = 1;
}

/* The last of the list has it, and is on its way out. */
static void numbered_as_one_in_sight(struct scene *sc)
{
    struct replicaset *rs = scene_elder(sc);

    numbered_behind_our_back(sc);
    rs->deployment_revision = 77;
    rs->meta.deleting_ms = 1;
}

static void numbered_as_one_long_ago(struct scene *sc)
{
    numbered_as_an_earlier_one(sc);
    sc->r.status.history[1] = sc->r.status.history[0];
    sc->r.status.history[0].deployment_revision = 76;
    sc->r.status.history_count = 2;
}

static void numbered_as_none_of_those(struct scene *sc)
{
    numbered_as_one_long_ago(sc);
    sc->r.status.history[1].deployment_revision = 75;
}

static void numbered_as_one_forgotten(struct scene *sc)
{
    numbered_as_an_earlier_one(sc);
    sc->r.status.history_count = 0;
}

static void stable_without_number(struct scene *sc)
{
    scene_stable(sc)->deployment_revision = 0;
    sc->f.record.stable_number = sc->r.status.stable.deployment_revision;
}

static void dead_man_of_another(struct scene *sc)
{
    sc->d.dead_man = "76";
}

static const struct scene_row rows[] = {
    {"what was lost under a pause that stays is borrowed for", PAUSED, AT_REST, 0,
     lost_all_but_the_pause, ACT_FENCE_CREATE, "web-sluice", "app:v1", NULL},
    {"a flight is held for itself", CANARY, IN_STEP, 0, lost_all_but_the_flight, ACT_FINALIZER_ADD,
     "web", NULL, NULL},
    {"what was refused and is held is held by a fence", CANARY, ABORTED, 0, fence_lost,
     ACT_FENCE_CREATE, "web-sluice", NULL, NULL},
    {"what has no number is not what a dead man names", CANARY, IN_STEP, 0,
     nothing_says_what_was_stable, ACT_REPORT, NULL, NULL, "StableBroken"},
    {"no fence without stable's template", CANARY, TO_RELEASE, ACT_FENCE_CREATE,
     stable_has_no_template, ACT_DECIDE, NULL, NULL, "StableBroken"},
    {"history is what goes back", CANARY, TO_RELEASE, ACT_FENCE_CREATE, one_of_its_own,
     ACT_FENCE_CREATE, NULL, "\\'history\\':[\\'elder\\']", NULL},
    {"... not one without a hash", CANARY, TO_RELEASE, ACT_FENCE_CREATE, one_adopted,
     ACT_FENCE_CREATE, NULL, "\\'history\\':[]", NULL},
    {"... nor a twin of stable's", CANARY, TO_RELEASE, ACT_FENCE_CREATE, a_twin_of_stable,
     ACT_FENCE_CREATE, NULL, "\\'history\\':[]", NULL},
    {"who leaves takes back what is outside first", HELD, ABORTED, 0, leaves_with_one_outside,
     ACT_FENCE_CREATE, "web-sluice", NULL, NULL},
    {"stable's is not waited for because another goes", CANARY, IN_STEP, 0,
     stable_gone_and_another_goes, ACT_RS_CREATE, NULL, "app:v1", NULL},
    {"the pause is waited for", CANARY, IN_STEP, 0, pause_not_seen, ACT_REPORT, NULL,
     "'what':'Barrier','name':'deployment'", "Progressing"},
    {"... and that is said", CANARY, IN_STEP, 0, pause_not_seen, ACT_REPORT, NULL,
     "Waits for the Deployment controller to see the pause.", "Progressing"},
    {"... and what is inside is taken out first, history before pods", CANARY, IN_STEP, 0,
     stable_gone_and_two_are_inside, ACT_RS_FENCE, "empty", NULL, NULL},
    {"... the candidate, too, in the midst of a walk", BATCHES, IN_STEP, 0, stable_gone,
     ACT_RS_FENCE, NULL, NULL, NULL},
    {"stable's own is waited for while it goes, wherever it stands", CANARY, IN_STEP, 0,
     stable_goes_last_of_the_list, ACT_REPORT, NULL,
     "Waits for the deleted ReplicaSet of stable to be gone.", "Progressing"},
    {"stable's own is waited for while it goes", CANARY, IN_STEP, 0, stable_goes, ACT_REPORT, NULL,
     "Waits for the deleted ReplicaSet of stable to be gone.", "Progressing"},
    {"what goes is not fenced", CANARY, IN_STEP, 0, one_inside_goes, ACT_NONE, NULL, NULL,
     "AwaitingApproval"},
    {"history is fenced before what has pods", BATCHES, IN_STEP, 0, pods_then_history, ACT_RS_FENCE,
     "empty", NULL, NULL},
    {"... in any order", BATCHES, IN_STEP, 0, history_then_pods, ACT_RS_FENCE, "empty", NULL, NULL},
    {"... and of those with pods any", BATCHES, IN_STEP, 0, pods_then_pods, ACT_RS_FENCE,
     "with-pods", NULL, NULL},
    {"the new ones go out, too, when others' pods wait for stable to be whole", BATCHES, IN_STEP, 0,
     another_waits_outside, ACT_RS_FENCE, "web-s1-82343883", NULL, NULL},
    {"... not before they have any", BATCHES, IN_STEP, 0,
     another_waits_outside_and_the_new_have_none, ACT_REPORT, NULL, NULL, "Aborting"},
    {"without surge as many of the old pods go as may lack", BATCHES, APPROVES, ACT_RS_FENCE,
     as_few_as_may_lack, ACT_RS_SCALE, NULL, "'value':0}]", NULL},
    {"... or fewer", BATCHES, APPROVES, ACT_RS_FENCE, one_that_may_lack, ACT_RS_SCALE, NULL,
     "'value':0}]", NULL},
    {"... not more", BATCHES, APPROVES, ACT_RS_FENCE, one_more_than_may_lack, ACT_RS_FENCE, NULL,
     NULL, NULL},
    {"... nor where there are none", BATCHES, APPROVES, ACT_RS_FENCE, none_that_could_lack,
     ACT_RS_FENCE, NULL, NULL, NULL},
    {"... with a surge the new ones come first", BATCHES, APPROVES, ACT_RS_FENCE, one_by_surge,
     ACT_RS_FENCE, NULL, NULL, NULL},
    {"... nor do another's", BATCHES, APPROVES, ACT_RS_FENCE, another_with_pods, ACT_RS_FENCE,
     "with-pods", NULL, NULL},
    {"... and outside they are behind no Service before they go", CANARY, APPROVES, ACT_RS_FENCE,
     as_few_as_may_lack, ACT_RS_FENCE, NULL, NULL, NULL},
    {"... one of two is taken", BATCHES, APPROVES, ACT_RS_FENCE, one_of_two, ACT_RS_SCALE, NULL,
     "'value':0}]", NULL},
    {"... an only one would be given back at once", BATCHES, APPROVES, ACT_RS_FENCE, the_only_one,
     ACT_RS_FENCE, NULL, NULL, NULL},
    {"... and goes when it is outside", BATCHES, APPROVES, ACT_RS_FENCE, the_only_one_outside,
     ACT_RS_SCALE, NULL, "'value':0}]", NULL},
    {"... where one of two had gone before", BATCHES, APPROVES, ACT_RS_FENCE, one_of_two_outside,
     ACT_RS_GIVE, NULL, NULL, NULL},
    {"before the commit none is there to go", BATCHES, IN_STEP, 0, stable_outside_in_a_step,
     ACT_RS_GIVE, NULL, NULL, NULL},
    {"the highest number is given before the Deployment takes it", CANARY, APPROVES, ACT_RS_GIVE,
     one_number_behind, ACT_RS_ANNOTATE, NULL, "'deployment.kubernetes.io/revision':'4'", NULL},
    {"a number nobody has is stable's, outside", CANARY, IN_STEP, 0, numbered_behind_our_back,
     ACT_RS_ANNOTATE, NULL, "'deployment.kubernetes.io/revision':'78'", NULL},
    {"... and the candidate's, inside", BATCHES, IN_STEP, 0, numbered_behind_our_back,
     ACT_RS_ANNOTATE, NULL, "'deployment.kubernetes.io/revision':'78'", NULL},
    {"... stable's where that is gone", BATCHES, IN_STEP, 0, numbered_and_the_candidate_gone,
     ACT_RS_ANNOTATE, NULL, NULL, NULL},
    {"the flight's number is known", CANARY, IN_STEP, 0, numbered_as_the_flight_is, ACT_NONE, NULL,
     NULL, "AwaitingApproval"},
    {"... and an earlier one's", CANARY, IN_STEP, 0, numbered_as_an_earlier_one, ACT_NONE, NULL,
     NULL, "AwaitingApproval"},
    {"... nor yet an earlier one's", CANARY, IN_STEP, 0, numbered_as_one_long_ago, ACT_NONE, NULL,
     NULL, "AwaitingApproval"},
    {"... and no others", CANARY, IN_STEP, 0, numbered_as_none_of_those, ACT_RS_ANNOTATE, NULL,
     NULL, NULL},
    {"... what is forgotten is not", CANARY, IN_STEP, 0, numbered_as_one_forgotten, ACT_RS_ANNOTATE,
     NULL, NULL, NULL},
    {"... and that of any that is in sight", CANARY, IN_STEP, 0, numbered_as_one_in_sight, ACT_NONE,
     NULL, NULL, "AwaitingApproval"},
    {"... and after the commit it is nobody's", CANARY, IN_BAKE, 0, numbered_behind_our_back,
     ACT_NONE, NULL, NULL, "Baking"},
    {"stable without a number is no way back", CANARY, IN_STEP, 0, stable_without_number, ACT_NONE,
     NULL, NULL, "AwaitingApproval"},
    {"the dead man names stable", CANARY, IN_STEP, 0, dead_man_of_another, ACT_BRAKE, "web",
     "rollback.to','value':'1'", NULL},
    {"... also where there is no bake", HELD, IN_STEP, 0, dead_man_of_another, ACT_BRAKE, "web",
     "rollback.to','value':'1'", NULL},
    {"... but after the last commit it may lag", PREVIEW, TO_RELEASE, ACT_RS_SCALE,
     dead_man_of_another, ACT_RS_SCALE, NULL, "'value':0}]", NULL},
};

/* Whose number it is: the candidate's while it is inside, else stable's. */
static void a_number_is_written_where_it_belongs(void **state UNUSED)
{
    static const char *const specs[] = {CANARY, BATCHES};

    for (size_t i = 0; i < COUNT(specs); i++) {
        struct scene *sc = scene_open(&(struct bed_options){.spec = specs[i]});

        bed_rest(&sc->st, "app:v1", 4);
        bed_image(&sc->st, "app:v2");
        bed_until(&sc->st, "Approval", 30000);
        scene_now(sc);
        numbered_behind_our_back(sc);
        assert_string_equal(scene_plan(sc)->action.name,
                            i ? scene_candidate(sc)->meta.name : scene_stable(sc)->meta.name);
        scene_close(sc);
    }
}

/* Given back it has the labels of its pods, and always the one that tells it apart. */
static void given_back_it_is_labelled(void **state UNUSED)
{
    static const struct pair in_a_zone[] = {
        {"app", "web"}, {"pod-template-hash", "of-before"}, {"zone", "a"}};
    static const struct {
        size_t count;
        const char *before, *behind; /* its revision */
    } given[] = {{3, "{'app':'web','pod-template-hash':", ",'zone':'a'}"},
                 {2, "{'app':'web','pod-template-hash':", "}"},
                 {1, "{'app':'web','pod-template-hash':", "}"},
                 {0, "{'pod-template-hash':", "}"}};
    struct scene *sc =
        scene_at("given back", UNDONE, (const char *const[]){"image app:v2", NULL}, ACT_RS_GIVE);
    struct replicaset *rs;

    rs = scene_rs(sc, sc->f.record.stable_revision);
    rs->template_labels = in_a_zone;
    for (size_t i = 0; i < COUNT(given); i++) {
        const char *before = json_fmt(&sc->a, given[i].before, NULL);
        const char *behind = json_fmt(&sc->a, given[i].behind, NULL);
        const char *want = arena_printf(&sc->a, "%s\"%s\"%s", before, rs->revision, behind);

        rs->template_label_count = given[i].count;
        CHECK(strstr(scene_plan(sc)->action.body, want), "no %s in %s", want,
              scene_plan(sc)->action.body);
    }
    scene_close(sc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_ROWS(rows),
        cmocka_unit_test(given_back_it_is_labelled),
        cmocka_unit_test(a_number_is_written_where_it_belongs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

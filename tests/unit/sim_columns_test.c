/* SPDX-License-Identifier: Apache-2.0 */
/* What people read of a release at each of its moments: the word, step, weight and pods that
 * kubectl get shows, the sentence beside them, the counts that both come from (api.md 3). */
#include "sim_scene.h"

static void one_of_three(struct scene *sc)
{
    scene_candidate(sc)->st_ready = 1;
    scene_stable(sc)->st_ready = 2;
}

static void two_of_three(struct scene *sc)
{
    scene_candidate(sc)->st_ready = 2;
    scene_stable(sc)->st_ready = 1;
}

static void new_ones_alone(struct scene *sc)
{
    scene_stable(sc)->st_ready = 0;
}

static void none_ready(struct scene *sc)
{
    scene_candidate(sc)->st_ready = scene_candidate(sc)->st_available = 0;
}

static void one_of_seven(struct scene *sc)
{
    scene_candidate(sc)->st_ready = 1;
    scene_stable(sc)->st_ready = 6;
}

static void all_but_one_of_many(struct scene *sc)
{
    scene_candidate(sc)->st_ready = 199;
    scene_stable(sc)->st_ready = 1;
}

static void scaled_up(struct scene *sc)
{
    sc->d.replicas = 8;
}

/* As many as can be counted. */
static void very_many(struct scene *sc)
{
    scene_candidate(sc)->st_ready = scene_stable(sc)->st_ready = COUNT_MAX;
}

/* What others wrote in place of the status lacks most. */
static void nameless(struct scene *sc)
{
    sc->r.status.flight.revision = NULL;
    sc->r.status.flight.abort_reason = NULL;
    sc->r.status.flight.decision = NULL;
}

/* It rolls by itself, and is to be stopped late. */
static void not_braked(struct scene *sc)
{
    sc->d.paused = false;
    sc->d.dead_man = NULL;
    sc->d.st_updated = 0;
}

static void stable_deleted(struct scene *sc)
{
    scene_forget_rs(sc, scene_stable(sc));
}

static void left_by_another(struct scene *sc)
{
    struct replicaset *rs = scene_elder(sc);

    rs->controller_uid = rs->deployment_uid = "uid-another";
    rs->of = "web";
}

static void shown_by_nobody(struct scene *sc)
{
    sc->r.spec.strategy = STRATEGY_NONE;
    sc->w.dep = NULL;
}

static void step_lost(struct scene *sc)
{
    sc->r.status.flight.step = 0;
}

static const struct column_row {
    const char *name, *spec, *lines[6];
    enum act before; /* as of scene_at() */
    void (*change)(struct scene *sc);
    const char *columns; /* word | strategy, step | weight | ready | sentence */
    const char *counts;  /* weight desired/written/accepted, new ready/all, stable ready/all,
                             * pods of steps, of the Deployment; whether it is held */
} rows[] = {
    {"at rest", CANARY, AT_REST, 0, scene_nothing,
     "Resting|Canary ||4/4|web runs revision 1865bdca63 on 4/4 pods; no release in flight.",
     "0/0/0, 0/0, 0/0, 0,0,0 of 4"},
    {"a template came", CANARY, TO_RELEASE, ACT_FENCE_CREATE, scene_nothing,
     "Progressing|Canary 1/2|0%|4/4|Revision s1-82343883 is at step 1/2.",
     "50/0/0, 0/0, 4/4, 4,4,0 of 4 held"},
    {"... and is written down", CANARY, TO_RELEASE, ACT_RS_CREATE, scene_nothing,
     "Progressing|Canary 1/2|0%|4/4|Revision s1-82343883 is at step 1/2.",
     "50/0/0, 0/0, 4/4, 4,4,0 of 4 held"},
    {"its first pods", CANARY, TO_RELEASE, ACT_RS_SCALE, scene_nothing,
     "Progressing|Canary 1/2|0%|4/4|Revision s1-82343883 is at step 1/2.",
     "50/0/0, 0/0, 4/4, 4,4,0 of 4 held"},
    {"in its step", CANARY, IN_STEP, 0, scene_nothing,
     "Approval|Canary 1/2|50%|4/4|Step 1 waits for approval until 22:13:27: sluice approve web.",
     "50/50/50, 4/4, 4/4, 4,4,0 of 4 held"},
    {"approved",
     CANARY,
     {"image app:v2", "-> Approval", "approve"},
     ACT_SERVICE_PIN,
     scene_nothing,
     "Progressing|Canary 2/2|50%|4/4|Revision s1-82343883 is at step 2/2.",
     "100/50/50, 4/4, 4/4, 4,4,0 of 4 held"},
    {"... and switched",
     CANARY,
     {"image app:v2", "-> Approval", "approve"},
     ACT_RECORD,
     scene_nothing,
     "Promoting|Canary 2/2|100%|4/4|Hands over to revision s1-82343883.",
     "100/100/100, 4/4, 4/4, 4,4,0 of 4 held"},
    {"... and committed",
     CANARY,
     {"image app:v2", "-> Approval", "approve"},
     ACT_RS_GIVE,
     scene_nothing,
     "Promoting|Canary 2/2|100%|4/4|Hands over to revision s1-82343883.",
     "100/100/100, 4/4, 4/4, 4,4,0 of 4 held"},
    {"baking", CANARY, IN_BAKE, 0, scene_nothing,
     "Baking|Canary 2/2|100%|4/4|Watches revision s1-82343883 until 23:13:28.",
     "100/100/100, 4/4, 4/4, 4,4,0 of 4 held"},
    {"aborts", CANARY, ABORTS, ACT_SERVICE_PIN, scene_nothing,
     "Aborting|Canary 1/2|0%|4/4|Takes back revision s1-82343883: aborted by a person.",
     "0/0/0, 0/0, 4/4, 4,4,0 of 4 held"},
    {"... its pods go", CANARY, ABORTS, ACT_RS_SCALE, scene_nothing,
     "Aborting|Canary 1/2|0%|4/4|Takes back revision s1-82343883: aborted by a person.",
     "0/0/0, 0/0, 4/4, 4,4,0 of 4 held"},
    {"... and are gone", CANARY, ABORTS, ACT_RS_DELETE, scene_nothing,
     "Aborting|Canary 1/2|0%|4/4|Takes back revision s1-82343883: aborted by a person.",
     "0/0/0, 0/0, 4/4, 4,4,0 of 4 held"},
    {"aborted", CANARY, ABORTED, 0, scene_nothing,
     "Aborted|Canary ||4/4|Revision s1-82343883 was aborted at step 1: aborted by a person. Stable "
     "1865bdca63 serves all requests.",
     "0/0/0, 0/0, 0/0, 0,0,0 of 4 held"},
    {"routed", ROUTED, IN_STEP, 0, scene_nothing,
     "Approval|Canary 1/2|50%|4/4|Step 1 waits for approval until 22:13:28: sluice approve web.",
     "50/50/50, 2/2, 4/4, 2,4,0 of 4 held"},
    {"... its weight to be written", ROUTED, TO_RELEASE, ACT_ROUTE_WEIGHT, scene_nothing,
     "Progressing|Canary 1/2|0%|4/4|Revision s1-82343883 is at step 1/2.",
     "50/0/0, 2/2, 4/4, 2,4,0 of 4 held"},
    {"... and goes back", ROUTED, ABORTS, ACT_ROUTE_REST, scene_nothing,
     "Aborting|Canary 1/2|0%|4/4|Takes back revision s1-82343883: aborted by a person.",
     "0/0/0, 0/0, 4/4, 2,4,0 of 4 held"},
    {"... and promoted",
     ROUTED,
     {"image app:v2", "-> Approval", "approve"},
     ACT_ROUTE_REST,
     scene_nothing,
     "Promoting|Canary 2/2|100%|4/4|Hands over to revision s1-82343883.",
     "100/100/100, 4/4, 4/4, 2,4,0 of 4 held"},
    {"previewed", SWITCH, IN_STEP, 0, scene_nothing,
     "Approval|BlueGreen 1/2|0%|4/4|Step 1 waits for approval until 22:13:27: sluice approve web.",
     "0/0/0, 4/4, 4/4, 4,4,0 of 4 held"},
    {"... and switched",
     SWITCH,
     {"image app:v2", "-> Approval", "approve"},
     ACT_RECORD,
     scene_nothing,
     "Promoting|BlueGreen 2/2|100%|4/4|Hands over to revision s1-82343883.",
     "100/100/100, 4/4, 4/4, 4,4,0 of 4 held"},
    {"batches", BATCHES, IN_STEP, 0, scene_nothing,
     "Approval|Rolling 1/2|40%|3/4|Step 1 waits for approval until 22:13:27: sluice approve web.",
     "0/40/40, 2/2, 3/3, 2,3,0 of 4 held"},
    {"... go on",
     BATCHES,
     {"image app:v2", "-> Approval", "approve"},
     ACT_RECORD,
     scene_nothing,
     "Promoting|Rolling 2/2|60%|2/4|Hands over to revision s1-82343883.",
     "100/60/60, 3/3, 2/2, 2,3,0 of 4 held"},
    {"... go back", BATCHES, ABORTS, ACT_RS_SCALE, scene_nothing,
     "Aborting|Rolling 1/2|0%|4/4|Takes back revision s1-82343883: aborted by a person.",
     "0/0/0, 0/0, 4/4, 2,3,0 of 4 held"},
    {"its own pause", PAUSED, AT_REST, 0, scene_nothing,
     "Resting|Canary ||4/4|web runs revision 1865bdca63 on 4/4 pods; no release in flight.",
     "0/0/0, 0/0, 0/0, 0,0,0 of 4"},
    {"a template that rolls", CANARY, TO_RELEASE, 0, not_braked,
     "Progressing|Canary ||4/4|A new template begins its release.", "0/0/0, 0/0, 0/0, 0,0,0 of 4"},
    {"held, and stable deleted", CANARY, ABORTED, 0, stable_deleted,
     "Aborting|Canary ||0/4|Holds stable 1865bdca63.", "0/0/0, 0/0, 0/0, 0,0,0 of 4 held"},
    {"left by a Deployment before", CANARY, AT_REST, 0, left_by_another,
     "Progressing|Canary ||4/4|Brings stable 1865bdca63 in order.", "0/0/0, 0/0, 0/0, 0,0,0 of 4"},
    {"no Deployment", CANARY, AT_REST, 0, shown_by_nobody,
     "Pending| |||Deployment web does not exist.", "0/0/0, 0/0, 0/0, 0,0,0 of 4"},
    {"... in flight", CANARY, IN_STEP, 0, shown_by_nobody,
     "Pending| 1/2|50%||Deployment web does not exist.", "50/50/50, 4/4, 4/4, 4,4,0 of 4"},
    {"a third is new", CANARY, IN_STEP, 0, one_of_three,
     "Approval|Canary 1/2|33.3%|4/4|Step 1 waits for approval until 22:13:27: sluice approve web.",
     "50/33/33, 1/4, 2/4, 4,4,0 of 4 held"},
    {"a seventh is", CANARY, IN_STEP, 0, one_of_seven,
     "Approval|Canary 1/2|14.3%|4/4|Step 1 waits for approval until 22:13:27: sluice approve web.",
     "50/14/14, 1/4, 6/4, 4,4,0 of 4 held"},
    {"nearly all are", CANARY, IN_STEP, 0, all_but_one_of_many,
     "Approval|Canary 1/2|99.5%|4/4|Step 1 waits for approval until 22:13:27: sluice approve web.",
     "50/99/99, 199/4, 1/4, 4,4,0 of 4 held"},
    {"scaled up", CANARY, IN_STEP, 0, scaled_up,
     "Progressing|Canary 1/2|50%|4/8|Revision s1-82343883 is at step 1/2.",
     "50/50/50, 4/4, 4/4, 8,8,0 of 8 held"},
    {"... in batches", BATCHES, IN_STEP, 0, scaled_up,
     "Approval|Rolling 1/2|40%|3/8|Step 1 waits for approval until 22:13:27: sluice approve web.",
     "0/40/40, 2/2, 3/3, 4,7,0 of 8 held"},
    {"... at rest", CANARY, AT_REST, 0, scaled_up,
     "Resting|Canary ||4/8|web runs revision 1865bdca63 on 4/8 pods; no release in flight.",
     "0/0/0, 0/0, 0/0, 0,0,0 of 8"},
    {"stable deleted in its step", CANARY, IN_STEP, 0, stable_deleted,
     "Progressing|Canary 1/2|100%|0/4|Revision s1-82343883 is at step 1/2.",
     "50/100/100, 4/4, 0/0, 4,4,0 of 4 held"},
    {"two thirds are", CANARY, IN_STEP, 0, two_of_three,
     "Approval|Canary 1/2|66.7%|4/4|Step 1 waits for approval until 22:13:27: sluice approve web.",
     "50/66/66, 2/4, 1/4, 4,4,0 of 4 held"},
    {"all are", CANARY, IN_STEP, 0, new_ones_alone,
     "Approval|Canary 1/2|100%|4/4|Step 1 waits for approval until 22:13:27: sluice approve web.",
     "50/100/100, 4/4, 0/4, 4,4,0 of 4 held"},
    {"none is", CANARY, IN_STEP, 0, none_ready,
     "Approval|Canary 1/2|0%|4/4|Step 1 waits for approval until 22:13:27: sluice approve web.",
     "50/0/0, 0/4, 4/4, 4,4,0 of 4 held"},
    {"of very many", CANARY, IN_STEP, 0, very_many,
     "Approval|Canary 1/2|50%|4/4|Step 1 waits for approval until 22:13:27: sluice approve web.",
     "50/50/50, 500000000/4, 500000000/4, 4,4,0 of 4 held"},
    {"nameless", CANARY, IN_STEP, 0, nameless,
     "Approval|Canary 1/2|50%|4/4|Step 1 waits for approval until 22:13:27: sluice approve web.",
     "50/50/50, 4/4, 4/4, 4,4,0 of 4 held"},
    {"nameless, to go back", CANARY, ABORTS, ACT_RS_SCALE, nameless,
     "Aborting|Canary 1/2|0%|4/4|Takes back revision ?: .", "0/0/0, 0/0, 4/4, 4,4,0 of 4 held"},
    {"step lost", ROUTED, IN_STEP, 0, step_lost,
     "Approval|Canary 1/2|50%|4/4|Step 1 waits for approval until 22:13:29: sluice approve web.",
     "50/50/50, 2/2, 4/4, 2,4,0 of 4 held"},
    {"step lost, batches", BATCHES, IN_STEP, 0, step_lost,
     "Approval|Rolling 1/2|40%|3/4|Step 1 waits for approval until 22:13:28: sluice approve web.",
     "0/40/40, 2/2, 3/3, 2,3,0 of 4 held"},
};

static void each_moment(void **state UNUSED)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct column_row *row = &rows[i];
        struct scene *sc = scene_at(row->name, row->spec, row->lines, row->before);
        const struct rollout_status *st;
        const struct flight *fl;

        row->change(sc);
        st = scene_plan(sc)->status;
        fl = &st->flight;
        CHECK_TEXT(arena_printf(&sc->a, "%s|%s %s|%s|%s|%s", st->display.status,
                                st->display.strategy, st->display.step, st->display.weight,
                                st->display.ready, st->display.message),
                   row->columns, row->name);
        CHECK_TEXT(arena_printf(&sc->a, "%d/%d/%d, %d/%d, %d/%d, %d,%d,%d of %d%s",
                                fl->weight_desired, fl->weight_written, fl->weight_accepted,
                                fl->new_ready, fl->new_replicas, fl->stable_ready,
                                fl->stable_replicas, fl->steps[0].replicas, fl->steps[1].replicas,
                                fl->steps[2].replicas, st->target.replicas,
                                st->held ? " held" : ""),
                   row->counts, row->name);
        scene_close(sc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_moment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

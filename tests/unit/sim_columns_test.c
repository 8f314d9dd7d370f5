/* SPDX-License-Identifier: Apache-2.0 */
/* What people read of a release at each of its moments: the word, step, weight and pods that
 * kubectl get shows, the sentence beside them, the counts that both come from (api.md 3). */
#include "sim_scene.h"

static void nothing(struct scene *sc UNUSED) {}

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

static void step_lost(struct scene *sc)
{
    sc->r.status.flight.step = 0;
}

static const struct column_row {
    const char *name, *spec, *lines[6];
    enum act before; /* as of scene_at() */
    void (*change)(struct scene *sc);
    const char *columns; /* word | step | weight | ready | sentence */
    const char *counts;  /* weight desired/written/accepted, new ready/all, stable ready/all */
} rows[] = {
    {"at rest", CANARY, AT_REST, 0, nothing,
     "Resting|||4/4|web runs revision 1865bdca63 on 4/4 pods; no release in flight.",
     "0/0/0, 0/0, 0/0"},
    {"a template came", CANARY, TO_RELEASE, ACT_FENCE_CREATE, nothing,
     "Progressing|1/2|0%|4/4|Revision s1-82343883 is at step 1/2.", "50/0/0, 0/0, 4/4"},
    {"... and is written down", CANARY, TO_RELEASE, ACT_RS_CREATE, nothing,
     "Progressing|1/2|0%|4/4|Revision s1-82343883 is at step 1/2.", "50/0/0, 0/0, 4/4"},
    {"its first pods", CANARY, TO_RELEASE, ACT_RS_SCALE, nothing,
     "Progressing|1/2|0%|4/4|Revision s1-82343883 is at step 1/2.", "50/0/0, 0/0, 4/4"},
    {"in its step", CANARY, IN_STEP, 0, nothing,
     "Approval|1/2|50%|4/4|Step 1 waits for approval until 22:13:27: sluice approve web.",
     "50/50/50, 4/4, 4/4"},
    {"approved",
     CANARY,
     {"image app:v2", "-> Approval", "approve"},
     ACT_SERVICE_PIN,
     nothing,
     "Progressing|2/2|50%|4/4|Revision s1-82343883 is at step 2/2.",
     "100/50/50, 4/4, 4/4"},
    {"... and switched",
     CANARY,
     {"image app:v2", "-> Approval", "approve"},
     ACT_RECORD,
     nothing,
     "Promoting|2/2|100%|4/4|Hands over to revision s1-82343883.",
     "100/100/100, 4/4, 4/4"},
    {"... and committed",
     CANARY,
     {"image app:v2", "-> Approval", "approve"},
     ACT_RS_GIVE,
     nothing,
     "Promoting|2/2|100%|4/4|Hands over to revision s1-82343883.",
     "100/100/100, 4/4, 4/4"},
    {"baking", CANARY, IN_BAKE, 0, nothing,
     "Baking|2/2|100%|4/4|Watches revision s1-82343883 until 23:13:28.", "100/100/100, 4/4, 4/4"},
    {"aborts", CANARY, ABORTS, ACT_SERVICE_PIN, nothing,
     "Aborting|1/2|0%|4/4|Takes back revision s1-82343883: aborted by a person.",
     "0/0/0, 0/0, 4/4"},
    {"... its pods go", CANARY, ABORTS, ACT_RS_SCALE, nothing,
     "Aborting|1/2|0%|4/4|Takes back revision s1-82343883: aborted by a person.",
     "0/0/0, 0/0, 4/4"},
    {"... and are gone", CANARY, ABORTS, ACT_RS_DELETE, nothing,
     "Aborting|1/2|0%|4/4|Takes back revision s1-82343883: aborted by a person.",
     "0/0/0, 0/0, 4/4"},
    {"aborted", CANARY, ABORTED, 0, nothing,
     "Aborted|||4/4|Revision s1-82343883 was aborted at step 1: aborted by a person. Stable "
     "1865bdca63 serves all requests.",
     "0/0/0, 0/0, 0/0"},
    {"routed", ROUTED, IN_STEP, 0, nothing,
     "Approval|1/2|50%|4/4|Step 1 waits for approval until 22:13:28: sluice approve web.",
     "50/50/50, 2/2, 4/4"},
    {"... its weight to be written", ROUTED, TO_RELEASE, ACT_ROUTE_WEIGHT, nothing,
     "Progressing|1/2|0%|4/4|Revision s1-82343883 is at step 1/2.", "50/0/0, 2/2, 4/4"},
    {"... and goes back", ROUTED, ABORTS, ACT_ROUTE_REST, nothing,
     "Aborting|1/2|0%|4/4|Takes back revision s1-82343883: aborted by a person.",
     "0/0/0, 0/0, 4/4"},
    {"... and promoted",
     ROUTED,
     {"image app:v2", "-> Approval", "approve"},
     ACT_ROUTE_REST,
     nothing,
     "Promoting|2/2|100%|4/4|Hands over to revision s1-82343883.",
     "100/100/100, 4/4, 4/4"},
    {"previewed", SWITCH, IN_STEP, 0, nothing,
     "Approval|1/2|0%|4/4|Step 1 waits for approval until 22:13:27: sluice approve web.",
     "0/0/0, 4/4, 4/4"},
    {"... and switched",
     SWITCH,
     {"image app:v2", "-> Approval", "approve"},
     ACT_RECORD,
     nothing,
     "Promoting|2/2|100%|4/4|Hands over to revision s1-82343883.",
     "100/100/100, 4/4, 4/4"},
    {"batches", BATCHES, IN_STEP, 0, nothing,
     "Approval|1/2|40%|3/4|Step 1 waits for approval until 22:13:27: sluice approve web.",
     "0/40/40, 2/2, 3/3"},
    {"... go on",
     BATCHES,
     {"image app:v2", "-> Approval", "approve"},
     ACT_RECORD,
     nothing,
     "Promoting|2/2|60%|2/4|Hands over to revision s1-82343883.",
     "100/60/60, 3/3, 2/2"},
    {"... go back", BATCHES, ABORTS, ACT_RS_SCALE, nothing,
     "Aborting|1/2|0%|4/4|Takes back revision s1-82343883: aborted by a person.",
     "0/0/0, 0/0, 4/4"},
    {"its own pause", PAUSED, AT_REST, 0, nothing,
     "Resting|||4/4|web runs revision 1865bdca63 on 4/4 pods; no release in flight.",
     "0/0/0, 0/0, 0/0"},
    {"a third is new", CANARY, IN_STEP, 0, one_of_three,
     "Approval|1/2|33.3%|4/4|Step 1 waits for approval until 22:13:27: sluice approve web.",
     "50/33/33, 1/4, 2/4"},
    {"two thirds are", CANARY, IN_STEP, 0, two_of_three,
     "Approval|1/2|66.7%|4/4|Step 1 waits for approval until 22:13:27: sluice approve web.",
     "50/66/66, 2/4, 1/4"},
    {"all are", CANARY, IN_STEP, 0, new_ones_alone,
     "Approval|1/2|100%|4/4|Step 1 waits for approval until 22:13:27: sluice approve web.",
     "50/100/100, 4/4, 0/4"},
    {"none is", CANARY, IN_STEP, 0, none_ready,
     "Approval|1/2|0%|4/4|Step 1 waits for approval until 22:13:27: sluice approve web.",
     "50/0/0, 0/4, 4/4"},
    {"of very many", CANARY, IN_STEP, 0, very_many,
     "Approval|1/2|50%|4/4|Step 1 waits for approval until 22:13:27: sluice approve web.",
     "50/50/50, 500000000/4, 500000000/4"},
    {"nameless", CANARY, IN_STEP, 0, nameless,
     "Approval|1/2|50%|4/4|Step 1 waits for approval until 22:13:27: sluice approve web.",
     "50/50/50, 4/4, 4/4"},
    {"nameless, to go back", CANARY, ABORTS, ACT_RS_SCALE, nameless,
     "Aborting|1/2|0%|4/4|Takes back revision ?: .", "0/0/0, 0/0, 4/4"},
    {"step lost", ROUTED, IN_STEP, 0, step_lost,
     "Approval|1/2|50%|4/4|Step 1 waits for approval until 22:13:29: sluice approve web.",
     "50/50/50, 2/2, 4/4"},
    {"step lost, batches", BATCHES, IN_STEP, 0, step_lost,
     "Approval|1/2|40%|3/4|Step 1 waits for approval until 22:13:28: sluice approve web.",
     "0/40/40, 2/2, 3/3"},
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
        CHECK_TEXT(arena_printf(&sc->a, "%s|%s|%s|%s|%s", st->display.status, st->display.step,
                                st->display.weight, st->display.ready, st->display.message),
                   row->columns, row->name);
        CHECK_TEXT(arena_printf(&sc->a, "%d/%d/%d, %d/%d, %d/%d", fl->weight_desired,
                                fl->weight_written, fl->weight_accepted, fl->new_ready,
                                fl->new_replicas, fl->stable_ready, fl->stable_replicas),
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

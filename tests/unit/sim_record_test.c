/* SPDX-License-Identifier: Apache-2.0 */
/* What the flight record says when it is made, and made again: from the status and the ReplicaSets
 * (api.md 3). */
#include "sim_scene.h"

#include "sluice/model/rollout.h"

/* ---- of what is stable ----------------------------------------------------------------------- */

/* One without pods, which may be what the dead man names. */
static struct replicaset *elder(struct scene *sc, int64_t number)
{
    struct replicaset *rs = scene_elder(sc);

    rs->deployment_revision = number;
    rs->min_ready_seconds = 7;
    return rs;
}

static void stable_gone(struct scene *sc, const char *dead_man)
{
    sc->d.dead_man = dead_man;
    scene_forget_rs(sc, scene_rs(sc, sc->r.status.stable.revision));
}

static void stable_gone_dead_man_names_another(struct scene *sc)
{
    elder(sc, 7);
    stable_gone(sc, "7");
    sc->rs[0].meta.name = "web-elder";
}

/* The dead man names one of two that have the same template. */
static void stable_gone_another_has_a_twin(struct scene *sc)
{
    elder(sc, 7);
    elder(sc, 6)->revision = "twin";
    stable_gone(sc, "7");
}

static void stable_gone_another_has_pods(struct scene *sc)
{
    elder(sc, 7)->replicas = 1;
    stable_gone(sc, "99");
}

static void stable_gone_another_is_empty(struct scene *sc)
{
    elder(sc, 7);
    stable_gone(sc, "99");
}

static void stable_gone_another_is_not_its_own(struct scene *sc)
{
    struct replicaset *rs = elder(sc, 7);

    rs->replicas = 1;
    rs->controller_uid = "uid-of-a-fence";
    stable_gone(sc, "99");
}

static void stable_gone_number_of_none(struct scene *sc)
{
    elder(sc, 0)->replicas = 0;
    stable_gone(sc, "0");
}

static void stable_gone_dead_man_names_the_first(struct scene *sc)
{
    elder(sc, 1);
    stable_gone(sc, "1");
}

/* The new template's own has pods already, and nobody judged it. */
static void stable_gone_what_is_new_has_pods(struct scene *sc)
{
    struct replicaset *rs = elder(sc, 7);

    rs->digest = sc->d.digest;
    rs->replicas = 1;
    stable_gone(sc, "7");
}

static void stable_renamed(struct scene *sc)
{
    struct replicaset *rs = scene_stable(sc);

    rs->revision = "renamed";
    rs->meta.name = "web-renamed";
    rs->deployment_revision = 12;
    rs->min_ready_seconds = 9;
}

/* ---- lost in flight -------------------------------------------------------------------------- */

static void lost(struct scene *sc)
{
    scene_no_fence(sc);
}

static void lost_and_put_back(struct scene *sc)
{
    lost(sc);
    sc->d.digest = scene_stable(sc)->digest;
    sc->d.min_ready_seconds = 4;
    scene_forget_rs(sc, scene_stable(sc));
}

static void lost_with_history(struct scene *sc)
{
    struct replicaset *twin;

    lost(sc);
    elder(sc, 7);
    twin = scene_elder(sc);
    twin->meta.name = "web-twin";
    twin->revision = "twin";
    twin->digest = scene_stable(sc)->digest;
    twin = scene_elder(sc);
    twin->meta.name = "web-adopted";
    twin->revision = NULL;
}

static void lost_before_its_first_step(struct scene *sc)
{
    lost(sc);
    sc->r.status.flight.step = 0;
    scene_told(sc);
}

/* On the way back to it, with its template in the Deployment. */
static void lost_on_the_way_back(struct scene *sc)
{
    lost(sc);
    sc->d.min_ready_seconds = 4;
    scene_forget_rs(sc, scene_stable(sc));
}

static void lost_in_the_bake(struct scene *sc)
{
    lost(sc);
    scene_rs(sc, sc->f.record.previous)->template_raw =
        "{\"metadata\":{\"labels\":{\"app\":\"web\",\"" LABEL_REVISION "\":\"x\"}}}";
}

static const struct record_row {
    const char *name, *spec, *lines[6];
    enum act before; /* as of scene_at() */
    void (*change)(struct scene *sc);
    const char *record; /* that is written; else the reason of Ready */
    const char *events;
} rows[] = {
    {"a template came", CANARY, TO_RELEASE, ACT_FENCE_CREATE, scene_nothing,
     "1865bdca63 called web-1865bdca63 #1 ready 0, history, 0 routes", ""},
    {"stable renamed", CANARY, TO_RELEASE, ACT_FENCE_CREATE, stable_renamed,
     "renamed called web-renamed #12 ready 9, history, 0 routes", ""},
    {"stable gone, the dead man names another", CANARY, TO_RELEASE, ACT_FENCE_CREATE,
     stable_gone_dead_man_names_another, "elder called web-elder #7 ready 7, history, 0 routes",
     ""},
    {"... and its twin is no history", CANARY, TO_RELEASE, ACT_FENCE_CREATE,
     stable_gone_another_has_a_twin, "elder called web-elder #7 ready 7, history, 0 routes", ""},
    {"... another has pods", CANARY, TO_RELEASE, ACT_FENCE_CREATE, stable_gone_another_has_pods,
     "elder called web-elder #7 ready 7, history, 0 routes", ""},
    {"... another is empty", CANARY, TO_RELEASE, ACT_FENCE_CREATE, stable_gone_another_is_empty,
     "Decide, StableBroken", "Normal Started: Revision s1-82343883 starts: Canary, 2 steps."},
    {"... another is not its own", CANARY, TO_RELEASE, ACT_FENCE_CREATE,
     stable_gone_another_is_not_its_own, "Decide, StableBroken",
     "Normal Started: Revision s1-82343883 starts: Canary, 2 steps."},
    {"... no number is nobody's", CANARY, TO_RELEASE, ACT_FENCE_CREATE, stable_gone_number_of_none,
     "Decide, StableBroken", "Normal Started: Revision s1-82343883 starts: Canary, 2 steps."},
    {"... the first is one like others", CANARY, TO_RELEASE, ACT_FENCE_CREATE,
     stable_gone_dead_man_names_the_first, "elder called web-elder #1 ready 7, history, 0 routes",
     ""},
    {"... what is new is never taken for it", CANARY, TO_RELEASE, ACT_FENCE_CREATE,
     stable_gone_what_is_new_has_pods, "Decide, StableBroken",
     "Normal Started: Revision elder starts: Canary, 2 steps."},
    {"lost", CANARY, IN_STEP, 0, lost,
     "1865bdca63 called web-1865bdca63 #1 ready 0, history, 0 routes",
     "Warning RecordLost: The flight record was lost; it is made again from the status."},
    {"... of a release by routes", ROUTED, IN_STEP, 0, lost,
     "1865bdca63 called web-1865bdca63 #1 ready 0, history, 1 routes",
     "Warning RecordLost: The flight record was lost; it is made again from the status, and routes "
     "will rest with all weight on stable."},
    {"... and the template put back", CANARY, IN_STEP, 0, lost_and_put_back, "Decide, Aborting",
     "Normal Reverted: Revision s1-82343883 goes back at step 1/2: the stable template was put "
     "back; Warning RecordLost: The flight record was lost; it is made again from the status."},
    {"... and on the way back",
     CANARY,
     {"image app:v2", "-> Approval", "image app:v1"},
     ACT_RS_SCALE,
     lost_on_the_way_back,
     "1865bdca63 called web-1865bdca63 #1 ready 4, history, 0 routes",
     "Warning RecordLost: The flight record was lost; it is made again from the status."},
    {"... with history", CANARY, IN_STEP, 0, lost_with_history,
     "1865bdca63 called web-1865bdca63 #1 ready 0, history elder, 0 routes",
     "Warning RecordLost: The flight record was lost; it is made again from the status."},
    {"... before its first step", CANARY, IN_STEP, 0, lost_before_its_first_step,
     "1865bdca63 called web-1865bdca63 #1 ready 0, history, 0 routes", ""},
    {"... in its bake", CANARY, IN_BAKE, 0, lost_in_the_bake,
     "s1-82343883 called web-s1-82343883 #2 ready 0, history 1865bdca63, 0 routes, committed from "
     "1865bdca63 #1",
     "Warning RecordLost: The flight record was lost; it is made again from the status."},
};

static const char *record_of(struct arena *a, const struct plan *p)
{
    struct record rec;
    const char *history = "";
    struct err e = {0};

    if (p->action.act != ACT_FENCE_CREATE)
        return arena_printf(a, "%s, %s", act_name(p->action.act),
                            p->status->conditions[COND_READY].reason);
    auto_json cJSON *body = json_parse(p->action.body, strlen(p->action.body), &e);
    assert_true(record_read(
        a, json_str(json_key(json_at(body, "metadata.annotations"), ANNOTATION_RECORD), ""), &rec));
    for (size_t i = 0; i < rec.history_count; i++)
        history = arena_printf(a, "%s %s", history, rec.history[i]);
    /* templates as the user wrote them, without the label that tells revisions apart */
    assert_null(strstr(rec.stable_template, LABEL_REVISION));
    assert_true(!rec.previous_template || !strstr(rec.previous_template, LABEL_REVISION));
    assert_true(!rec.committed_ms || rec.previous_template);
    return arena_printf(a, "%s called %s #%lld ready %d, history%s, %zu routes%s",
                        rec.stable_revision, rec.stable_name, (long long)rec.stable_number,
                        rec.stable_min_ready, history, rec.route_count,
                        rec.committed_ms
                            ? arena_printf(a, ", committed from %s #%lld", rec.previous,
                                           (long long)rec.previous_number)
                            : "");
}

static void each_record(void **state UNUSED)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct record_row *row = &rows[i];
        struct scene *sc = scene_at(row->name, row->spec, row->lines, row->before);
        const struct plan *p;

        row->change(sc);
        p = scene_plan(sc);
        CHECK_TEXT(record_of(&sc->a, p), row->record, row->name);
        CHECK_TEXT(scene_events(sc, p), row->events, row->name);
        scene_close(sc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_record),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

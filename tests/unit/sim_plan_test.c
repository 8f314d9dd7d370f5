/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan says beside its write (plan.h): which rule decided, whether all rests, what is asked
 * by it and by no reading of the table before; and what the API server refused is told before it is
 * tried again. */
#include "sim_gating.h"

/* ---- the rule, and rest ---------------------------------------------------------------------- */

static void a_finalizer_left(struct scene *sc)
{
    sc->r.has_finalizer = true;
}

static void no_brake(struct scene *sc)
{
    sc->w.brake.state = BRAKE_NOT_INSTALLED;
}

/* What needs no record of its own is in the status by now. */
static void as_told(struct scene *sc)
{
    sc->r.status = *scene_plan(sc)->status;
}

static void a_pod_lost(struct scene *sc)
{
    as_told(sc);
    scene_candidate(sc)->st_available--;
}

static void a_route_edited(struct scene *sc)
{
    as_told(sc);
    sc->routes[0].meta.generation++;
}

static void deleted(struct scene *sc)
{
    sc->r.meta.deleting_ms = 1;
}

static void deleted_and_fence_gone(struct scene *sc)
{
    deleted(sc);
    scene_no_fence(sc);
}

static void deleted_before_it_began(struct scene *sc)
{
    deleted(sc);
    sc->d.dead_man = "1";
    memset(&sc->r.status.rejected, 0, sizeof(sc->r.status.rejected));
    sc->d.progressing_reason = "DeploymentPaused";
}

static void deleted_with_history(struct scene *sc)
{
    static const char *const names[] = {"elder"};
    struct replicaset *rs = scene_elder(sc);

    deleted(sc);
    sc->f.record.history = names;
    sc->f.record.history_count = COUNT(names);
    rs->of = "web";
    rs->controller_uid = sc->f.meta.uid;
}

static void one_before_failed(struct scene *sc)
{
    sc->d.progressing_reason = "ProgressDeadlineExceeded";
}

static void at_0_without_its_route(struct scene *sc)
{
    sc->d.replicas = 0;
    sc->w.route_count = 0;
}

static const struct plan_row {
    const char *name, *spec, *lines[6];
    enum act before; /* as of scene_at() */
    void (*change)(struct scene *sc);
    const char *rule; /* that decided */
    bool settled;
} plans[] = {
    {"at rest", CANARY, AT_REST, 0, scene_nothing, "rest", true},
    {"... but for a finalizer", CANARY, AT_REST, 0, a_finalizer_left, "rest", false},
    {"... without a brake", CANARY, AT_REST, 0, no_brake, "rest", false},
    {"a person is awaited", CANARY, IN_STEP, 0, scene_nothing, "step", false},
    {"nothing to judge", ROUTED, IN_STEP, 0, at_0_without_its_route, "step", false},
    {"held on stable", CANARY, ABORTED, 0, scene_nothing, "hold", false},
    {"before anything changes hands", CANARY, TO_RELEASE, ACT_FENCE_CREATE, scene_nothing, "fence",
     false},
    {"kubectl was told of one before", CANARY, IN_STEP, 0, one_before_failed, "not-failed", false},
    /* --- what comes after the steps --- */
    {"promoted", UNDONE, TO_RELEASE, ACT_RECORD, scene_nothing, "commit", false},
    {"... with all its pods", UNDONE, TO_RELEASE, ACT_RECORD, a_pod_lost, "commit", false},
    {"... and routes that settled",
     ROUTED,
     {"image app:v2", "-> Approval", "approve"},
     ACT_RECORD,
     a_route_edited,
     "commit",
     false},
    {"watched", CANARY, IN_BAKE, 0, scene_nothing, "bake", false},
    /* --- what is refused --- */
    {"the preview goes", SWITCH, ABORTS, ACT_SERVICE_DELETE, scene_nothing, "hold", false},
    {"kubectl is told", CANARY, ABORTS, ACT_DEP_STATUS, scene_nothing, "hold", false},
    {"... of one that never began", HELD, ABORTED, 0, deleted_before_it_began, "hold", false},
    {"the template is put back", REVERTS, ABORTS, ACT_RESUME, scene_nothing, "hold", false},
    {"deleted, history is given back", HELD, ABORTED, 0, deleted_with_history, "hold", false},
    {"... the fence goes", HELD, ABORTED, 0, deleted, "hold", false},
    {"... the finalizer", HELD, ABORTED, 0, deleted_and_fence_gone, "hold", false},
};

static void each_plan(void **state UNUSED)
{
    for (size_t i = 0; i < COUNT(plans); i++) {
        const struct plan_row *row = &plans[i];
        struct scene *sc = scene_at(row->name, row->spec, row->lines, row->before);
        const struct plan *p;

        row->change(sc);
        p = scene_plan(sc);
        CHECK_TEXT(p->rule, row->rule, row->name);
        CHECK(p->settled == row->settled, "%s: %d", row->name, p->settled);
        scene_close(sc);
    }
}

/* ---- what is asked --------------------------------------------------------------------------- */

/* The gate's answer ends its step: what comes then asks nothing of it, nor of its pods. */
static void what_is_answered_is_not_asked(void **state UNUSED)
{
    struct scene *sc = gating(PROBED(""));
    const struct plan *p;

    assert_string_equal(scene_plan(sc)->pods_of, sc->r.status.flight.revision);
    asked(sc);
    sc->w.reading_count = 0;
    sc->r.status.gates[0].verdict = VERDICT_PASS;
    p = scene_plan(sc);
    assert_int_equal(p->status->flight.step, 2);
    assert_int_equal(p->ask_count, 0);
    assert_null(p->pods_of);
    scene_close(sc);
}

/* ---- what is refused ------------------------------------------------------------------------- */

static const struct refusal_row {
    const char *name;
    enum act before; /* the write that was refused */
    enum err_kind kind;
    enum act act;       /* that comes next ... */
    const char *reason; /* ... and says this; NULL: nothing of it */
} refusals[] = {
    {"a right is missing", ACT_RS_CREATE, ERR_DENIED, ACT_REPORT, "Forbidden"},
    {"a quota is used up", ACT_RS_CREATE, ERR_QUOTA, ACT_REPORT, "QuotaExceeded"},
    {"a webhook says no", ACT_RS_CREATE, ERR_INVALID, ACT_REPORT, "AdmissionDenied"},
    {"a name is taken", ACT_RS_CREATE, ERR_EXISTS, ACT_REPORT, "NameTaken"},
    {"the namespace goes", ACT_RS_CREATE, ERR_TERMINATING, ACT_REPORT, "Terminating"},
    {"nothing that anybody could mend", ACT_RS_CREATE, ERR_BUG, ACT_RS_CREATE, NULL},
    {"before anything is written of it", ACT_FENCE_CREATE, ERR_DENIED, ACT_DECIDE, "Forbidden"},
};

static void refused(struct scene *sc, const struct refusal_row *row)
{
    sc->w.refusal = (struct refusal){.present = true,
                                     .kind = row->kind,
                                     .what = "create replicasets",
                                     .text = "it is so",
                                     .at_ms = sc->st.s.now_ms};
}

/* Told first, and then tried again. */
static void a_refusal_is_told(void **state UNUSED)
{
    for (size_t i = 0; i < COUNT(refusals); i++) {
        const struct refusal_row *row = &refusals[i];
        struct scene *sc =
            scene_at(row->name, CANARY, (const char *const[]){"image app:v2", NULL}, row->before);
        const struct plan *p;
        const struct condition *c;

        refused(sc, row);
        p = scene_plan(sc);
        c = p->status->conditions;
        CHECK(p->action.act == row->act, "%s: %s", row->name, act_name(p->action.act));
        CHECK((strcmp(c[COND_STALLED].status, "True") == 0) == (row->reason != NULL), "%s: %s",
              row->name, c[COND_STALLED].status);
        if (row->reason) {
            CHECK_TEXT(c[COND_READY].reason, row->reason, row->name);
            CHECK_TEXT(c[COND_READY].message, "The API server refused create replicasets: it is so",
                       row->name);
        }
        sc->r.status = *p->status;
        scene_told(sc);
        CHECK(scene_plan(sc)->action.act == row->before, "%s: %s", row->name,
              act_name(scene_plan(sc)->action.act));
        scene_close(sc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_plan),
        cmocka_unit_test(what_is_answered_is_not_asked),
        cmocka_unit_test(a_refusal_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

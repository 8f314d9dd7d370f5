/* SPDX-License-Identifier: Apache-2.0 */
/* The commit and the hand-over, one thing changed: the commit waits for its proofs, the hand-over
 * has a deadline, and both say what they did. */
#include "sim_scene.h"

#define BATCHES_AND_BAKE                                                                           \
    "{'targetRef':{'name':'web'},'strategy':{'rolling':{'steps':[{'replicas':'50%%'}]}},"          \
    "'bake':'1h'}"
#define APPROVED                                                                                   \
    {                                                                                              \
        "image app:v2", "-> Approval", "approve"                                                   \
    }

/* What needs no record of its own is in the status by now. */
static void as_told(struct scene *sc)
{
    sc->r.status = *scene_plan(sc)->status;
}

/* ---- the commit ------------------------------------------------------------------------------ */

static void a_pod_lost(struct scene *sc)
{
    as_told(sc);
    scene_candidate(sc)->st_available--;
}

/* Its last pod was told to go, and is still counted as available. */
static void a_pod_goes(struct scene *sc)
{
    as_told(sc);
    scene_candidate(sc)->replicas--;
}

static void route_edited(struct scene *sc)
{
    as_told(sc);
    sc->routes[0].meta.generation++;
}

/* As many pins as there may be, and one Service more, made in flight. */
static void a_service_too_many(struct scene *sc)
{
    struct rollout_status *st = &sc->r.status;
    struct service *late = &sc->services[sc->w.service_count++];

    as_told(sc);
    while (st->pin_count < PINS_MAX)
        st->pins[st->pin_count++] =
            (struct pin_state){.service = arena_printf(&sc->a, "gone-%d", st->pin_count),
                               .revision = st->pins[0].revision};
    *late = sc->services[0];
    late->meta.name = "late";
    late->meta.uid = "uid-late";
    late->pin = NULL;
    late->selector.count = 1; /* app: web, the first by its key */
}

/* ---- the hand-over --------------------------------------------------------------------------- */

/* The step is over and the one behind it is not: the commit waits for that. */
static void a_step_before_the_last(struct scene *sc)
{
    struct flight *fl = &sc->r.status.flight;

    as_told(sc);
    fl->step = 1;
    fl->steps[1].ended_ms = 0;
}

static void late(struct scene *sc)
{
    struct flight *fl = &sc->r.status.flight;

    fl->committed_ms = sc->f.record.committed_ms;
    fl->progressed_ms = sc->st.s.now_ms - sc->r.spec.progress_deadline_ms;
}

static void not_yet_late(struct scene *sc)
{
    late(sc);
    sc->r.status.flight.progressed_ms++;
}

static void late_and_scaled_to_nothing(struct scene *sc)
{
    late(sc);
    sc->d.replicas = 0;
}

static void late_and_handed_over(struct scene *sc)
{
    late(sc);
    sc->r.status.flight.bake_until_ms = 0;
    sc->d.st_replicas = sc->d.st_updated = sc->d.st_available = sc->d.replicas;
}

/* As though all stood ready, of somebody else's pods: stable's ReplicaSet is gone, or outside. */
static void late_without_stable(struct scene *sc)
{
    late_and_handed_over(sc);
    scene_forget_rs(sc, scene_rs(sc, sc->f.record.stable_revision));
}

static void late_with_stable_outside(struct scene *sc)
{
    late_and_handed_over(sc);
    scene_rs(sc, sc->f.record.stable_revision)->controller_uid = sc->f.meta.uid;
}

static void late_with_routes_to_give_back(struct scene *sc)
{
    late_and_handed_over(sc);
    sc->routes[0].meta.generation++;
}

/* The user resumed it, and it takes its time. */
static void late_and_resumed(struct scene *sc)
{
    late(sc);
    sc->d.paused = false;
    sc->d.st_available--;
}

static void back_and_resumed_without_fence(struct scene *sc)
{
    sc->r.status.flight.committed_ms = sc->f.record.committed_ms;
    sc->d.paused = false;
    for (size_t i = 0; i < sc->w.rs_count; i++) {
        if (!str_equal(sc->rs[i].revision, sc->f.record.stable_revision))
            sc->rs[i].replicas = sc->rs[i].st_replicas = 0;
    }
    scene_no_fence(sc);
}

static void resumed_and_stable_gone(struct scene *sc)
{
    sc->d.paused = false;
    scene_forget_rs(sc, scene_rs(sc, sc->f.record.stable_revision));
    for (size_t i = 0; i < sc->w.rs_count; i++)
        sc->rs[i].replicas = sc->rs[i].st_replicas = 0;
}

static void fence_and_old_lost_and_late(struct scene *sc)
{
    late(sc);
    fence_and_old_lost(sc);
}

/* By hand, right after the commit. */
static void resumed(struct scene *sc)
{
    sc->d.paused = false;
}

/* A commit whose record does not say what was before: there is no way back over it. */
static void back_without_a_before(struct scene *sc)
{
    sc->f.record.previous = NULL;
}

static void bake_ends_now(struct scene *sc)
{
    sc->r.status.flight.bake_until_ms = sc->st.s.now_ms;
}

static void bake_ends_soon(struct scene *sc)
{
    sc->r.status.flight.bake_until_ms = sc->st.s.now_ms + 1;
}

static const struct scene_row rows[] = {
    /* --- the commit --- */
    {"no commit while a pod is missing", UNDONE, TO_RELEASE, ACT_RECORD, a_pod_lost, ACT_NONE, NULL,
     NULL, "Promoting"},
    {"... or goes", BATCHES, APPROVED, ACT_RECORD, a_pod_goes, ACT_REPORT, NULL, NULL, "Promoting"},
    {"... or the route was edited since", ROUTED, APPROVED, ACT_RECORD, route_edited, ACT_NONE,
     NULL, NULL, "Promoting"},
    {"... or a Service could not be pinned", UNDONE, TO_RELEASE, ACT_RECORD, a_service_too_many,
     ACT_REPORT, NULL, NULL, "Promoting"},
    {"... or a step is not over", UNDONE, TO_RELEASE, ACT_RECORD, a_step_before_the_last,
     ACT_REPORT, NULL, NULL, "Progressing"},
    /* --- the hand-over --- */
    {"a hand-over that takes too long turns back", UNDONE, TO_RELEASE, ACT_RS_GIVE, late,
     ACT_DECIDE, "web", "'reason':'the promoted revision did not reach all replicas in time'",
     "Aborting"},
    {"... not before", UNDONE, TO_RELEASE, ACT_RS_GIVE, not_yet_late, ACT_RS_GIVE, NULL, NULL,
     NULL},
    {"... not of no pods", UNDONE, TO_RELEASE, ACT_RS_GIVE, late_and_scaled_to_nothing, ACT_RS_GIVE,
     NULL, NULL, NULL},
    {"... not when it is done", UNDONE, TO_RELEASE, ACT_SERVICE_UNPIN, late_and_handed_over,
     ACT_SERVICE_UNPIN, "web", NULL, "Promoting"},
    {"... also when what was promoted is gone", UNDONE, TO_RELEASE, ACT_SERVICE_UNPIN,
     late_without_stable, ACT_DECIDE, "web", "'direction':'Back'", NULL},
    {"... or is not the Deployment's", UNDONE, TO_RELEASE, ACT_SERVICE_UNPIN,
     late_with_stable_outside, ACT_DECIDE, "web", "'direction':'Back'", NULL},
    {"... or routes are not given back", ROUTED, APPROVED, ACT_SERVICE_UNPIN,
     late_with_routes_to_give_back, ACT_DECIDE, "web", "'direction':'Back'", NULL},
    {"... not when it was resumed", UNDONE, TO_RELEASE, ACT_FENCE_DELETE, late_and_resumed,
     ACT_FENCE_DELETE, "web-sluice", NULL, NULL},
    {"resumed by hand with old pods left: it is paused again", CANARY, APPROVED, ACT_RS_GIVE,
     resumed, ACT_BRAKE, "web", "'path':'/spec/paused','value':true", NULL},
    {"... also in the bake", CANARY, IN_BAKE, 0, resumed, ACT_BRAKE, "web", NULL, NULL},
    {"resumed without stable nothing is given back", UNDONE, TO_RELEASE, ACT_FENCE_DELETE,
     resumed_and_stable_gone, ACT_REPORT, NULL, NULL, "Promoting"},
    {"resumed on the way back, its fence lost", CANARY, UNDOES, ACT_RECORD,
     back_and_resumed_without_fence, ACT_SERVICE_UNPIN, "web", NULL, NULL},
    {"... not in the bake", CANARY, IN_BAKE, 0, late, ACT_NONE, NULL, NULL, "Baking"},
    {"no way back over a commit from nowhere", CANARY, UNDOES, ACT_RECORD, back_without_a_before,
     ACT_DECIDE, "web", "'drainedAt'", NULL},
    {"with all of before lost it bakes on", CANARY, IN_BAKE, 0, fence_and_old_lost,
     ACT_FENCE_CREATE, "web-sluice", "committedAt", "Promoting"},
    {"... and hands over, however late", CANARY, IN_BAKE, 0, fence_and_old_lost_and_late,
     ACT_FENCE_CREATE, "web-sluice", NULL, "Promoting"},
    {"the bake lasts as long as it was to", CANARY, IN_BAKE, 0, bake_ends_soon, ACT_REPORT, NULL,
     NULL, "Baking"},
    {"... and no longer", CANARY, IN_BAKE, 0, bake_ends_now, ACT_RS_SCALE, NULL, "'value':0",
     "Promoting"},
};

/* ---- what is written ------------------------------------------------------------------------- */

static struct record record_of(struct scene *sc, const struct plan *p)
{
    struct record rec = {0};
    struct err e = {0};
    auto_json cJSON *doc = json_parse(p->action.body, strlen(p->action.body), &e);
    const cJSON *annotations = json_at(doc, "metadata.annotations");

    assert_int_equal(p->action.act, ACT_RECORD);
    assert_true(record_read(&sc->a, json_str(json_key(annotations, ANNOTATION_RECORD), ""), &rec));
    return rec;
}

static struct scene *before(const char *spec, const char *const *lines, enum act act)
{
    return scene_at(spec, spec, lines, act);
}

/* The digests stand in it too, for who does not make them of the templates. */
static bool written_of(struct scene *sc, const struct replicaset *stable, const char *previous)
{
    const char *body = scene_plan(sc)->action.body;
    struct err e = {0};
    auto_json cJSON *doc = json_parse(body, strlen(body), &e);
    const char *text =
        json_str(json_key(json_at(doc, "metadata.annotations"), ANNOTATION_RECORD), "");
    auto_json cJSON *rec = json_parse(text, strlen(text), &e);

    return str_equal(json_str(rec, "stable.digest"), stable->digest) &&
           json_i64(rec, "stable.minReadySeconds", -1) == stable->min_ready_seconds &&
           (!previous || str_equal(json_str(rec, "previous.digest"), previous));
}

/* Who is stable, who was, and what is given back; what lies behind the list is no part of it. */
static void a_commit_says_who_is_stable(void **state UNUSED)
{
    struct scene *sc = before(UNDONE, (const char *const[]){"image app:v2", NULL}, ACT_RECORD);
    const struct record was = sc->f.record;
    const char *const history[] = {"a", "b", was.stable_revision};
    struct replicaset *c = scene_candidate(sc);
    struct record rec;

    c->min_ready_seconds = sc->d.min_ready_seconds = 7;
    sc->f.record.history = history;
    sc->f.record.history_count = 2;
    rec = record_of(sc, scene_plan(sc));
    assert_string_equal(rec.stable_revision, c->revision);
    assert_string_equal(rec.stable_name, c->meta.name);
    assert_string_equal(rec.stable_digest, c->digest);
    assert_non_null(strstr(rec.stable_template, "app:v2"));
    assert_int_equal(rec.stable_number, c->deployment_revision);
    assert_string_equal(rec.previous, was.stable_revision);
    assert_string_equal(rec.previous_digest, was.stable_digest);
    assert_non_null(strstr(rec.previous_template, "app:v1"));
    assert_int_equal(rec.previous_number, was.stable_number);
    assert_true(rec.committed_ms / SECOND_MS == sc->st.s.now_ms / SECOND_MS);
    assert_true(written_of(sc, c, was.stable_digest));
    assert_int_equal(rec.history_count, 3);
    for (size_t i = 0; i < COUNT(history); i++)
        assert_string_equal(rec.history[i], history[i]);
    sc->f.record.history_count = 3;
    assert_int_equal(record_of(sc, scene_plan(sc)).history_count, 3);
    sc->f.record.history = &history[2]; /* it was stable before, and is the first of them */
    sc->f.record.history_count = 1;
    assert_int_equal(record_of(sc, scene_plan(sc)).history_count, 1);
    scene_close(sc);
}

/* Also when the ReplicaSet of what was before is gone: it is made again by what the record says. */
static void a_commit_is_taken_back_whole(void **state UNUSED)
{
    struct scene *sc = before(
        CANARY,
        (const char *const[]){"image app:v2", "-> Approval", "approve", "-> Baking", "undo", NULL},
        ACT_RECORD);
    struct record rec;

    scene_forget_rs(sc, scene_rs(sc, sc->f.record.previous));
    rec = record_of(sc, scene_plan(sc));
    assert_string_equal(rec.stable_revision, sc->f.record.previous);
    assert_true(written_of(sc,
                           &(struct replicaset){.digest = sc->f.record.previous_digest,
                                                .min_ready_seconds = sc->f.record.stable_min_ready},
                           NULL));
    assert_int_equal(rec.stable_number, sc->f.record.previous_number);
    assert_null(rec.stable_name);
    assert_null(rec.previous);
    assert_int_equal(rec.previous_number, 0);
    assert_true(rec.committed_ms == 0);
    scene_close(sc);
}

/* What follows from the record is told with what comes: the clocks, and that the step is over. */
static void a_commit_is_noted(void **state UNUSED)
{
    struct scene *sc = before(
        SWITCH, (const char *const[]){"image app:v2", "-> Approval", "approve", NULL}, ACT_RS_GIVE);
    struct flight *fl = &sc->r.status.flight;
    const struct flight *told;
    const int64_t at = sc->f.record.committed_ms;

    fl->committed_ms = fl->drained_ms = fl->steps[1].ended_ms = fl->paused_ms = 0;
    told = &scene_plan(sc)->status->flight;
    assert_true(told->committed_ms == at && told->progressed_ms == at && told->drained_ms == at);
    assert_true(told->steps[1].ended_ms == at);
    fl->steps[1].ended_ms = at - 5;
    assert_true(scene_plan(sc)->status->flight.steps[1].ended_ms == at - 5);
    fl->step = 1;
    fl->steps[0].ended_ms = 0;
    assert_true(scene_plan(sc)->status->flight.steps[0].ended_ms == at);
    fl->steps[0].ended_ms = at - 9;
    fl->step = 0; /* its place was lost: then no step was passed */
    told = &scene_plan(sc)->status->flight;
    assert_true(told->committed_ms == at && told->paused_ms == 0);
    fl->direction = DIRECTION_BACK;
    fl->step = 2;
    fl->steps[1].ended_ms = 0;
    told = &scene_plan(sc)->status->flight;
    assert_true(told->committed_ms == at && told->drained_ms != at && !told->steps[1].ended_ms);
    scene_close(sc);
}

/* The hand-over's deadline is slept for; the bake begins with its end, as long as it is to be. */
static void a_hand_over_has_its_clocks(void **state UNUSED)
{
    const char *const lines[] = {"image app:v2", "-> Approval", "approve", NULL};
    struct scene *sc = before(CANARY, lines, ACT_RS_GIVE);
    struct flight *fl = &sc->r.status.flight;
    const struct plan *p;

    late(sc);
    fl->progressed_ms += SECOND_MS;
    p = scene_plan(sc);
    assert_true(p->wake_ms == fl->progressed_ms + sc->r.spec.progress_deadline_ms);
    bed_until(&sc->st, "Baking", 30000);
    scene_now(sc);
    fl->bake_until_ms = 0;
    fl->progressed_ms = sc->st.s.now_ms;
    p = scene_plan(sc);
    assert_true(p->status->flight.bake_until_ms == sc->st.s.now_ms + HOUR_MS);
    assert_int_equal(p->action.act, ACT_DECIDE);
    assert_string_equal(p->status->awaiting[0].what, "Bake");
    assert_true(p->status->awaiting[0].since_ms == sc->st.s.now_ms);
    assert_true(p->status->awaiting[0].until_ms == sc->st.s.now_ms + HOUR_MS);
    sc->d.st_available--;
    p = scene_plan(sc);
    assert_int_equal(p->status->flight.bake_until_ms, 0);
    assert_string_equal(p->status->conditions[COND_READY].reason, "Promoting");
    assert_non_null(strstr(p->status->display.message, ": 3/4 pods ready."));
    scene_close(sc);
}

/* Nobody waits for old pods that are none, inside: without a clock there is no bake. */
static void inside_a_bake_needs_a_clock(void **state UNUSED)
{
    const char *const lines[] = {"image app:v2", "-> Baking", NULL};
    struct scene *sc = before(BATCHES_AND_BAKE, lines, ACT_NONE);

    sc->r.status.flight.bake_until_ms = 0;
    assert_true(scene_plan(sc)->status->flight.bake_until_ms == sc->st.s.now_ms + HOUR_MS);
    sc->r.spec.bake_ms = 0;
    assert_int_equal(scene_plan(sc)->action.act, ACT_RESUME);
    assert_int_equal(scene_plan(sc)->status->flight.bake_until_ms, 0);
    scene_close(sc);
}

/* How it ended, in the history and for who listens. */
static void an_end_is_told(void **state UNUSED)
{
    static const struct {
        bool forced, undo, promoted;
        const char *outcome;
        enum reason reason;
    } ends[] = {
        {false, false, true, "Promoted", REASON_PROMOTED},
        {true, false, true, "Forced", REASON_PROMOTED},
        {false, false, false, "Reverted", REASON_REVERTED},
        {false, true, false, "Undone", REASON_UNDONE},
    };

    for (size_t i = 0; i < COUNT(ends); i++) {
        struct scene *sc =
            before(UNDONE, (const char *const[]){"image app:v2", NULL}, ACT_FENCE_DELETE);
        struct flight *fl = &sc->r.status.flight;
        const struct plan *p;

        scene_no_fence(sc);
        fl->forced = ends[i].forced;
        fl->undo = ends[i].undo;
        if (!ends[i].promoted) {
            fl->direction = DIRECTION_BACK;
            fl->committed_ms = 0;
            fl->abort_reason = "why";
        }
        sc->r.status.rejected.revision = sc->r.status.rejected.digest = "bad";
        p = scene_plan(sc);
        assert_int_equal(p->action.act, ACT_DECIDE);
        assert_false(p->status->flight.present);
        CHECK_TEXT(p->status->history[0].outcome, ends[i].outcome, ends[i].outcome);
        CHECK_TEXT(p->status->history[0].message, ends[i].promoted ? "" : "why", ends[i].outcome);
        assert_true((p->status->rejected.digest == NULL) == ends[i].promoted);
        assert_int_equal(p->event_count, 1);
        assert_int_equal(p->events[0].reason, ends[i].reason);
        assert_string_equal(p->events[0].type, ends[i].promoted ? "Normal" : "Warning");
        scene_close(sc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_ROWS(rows),
        cmocka_unit_test(a_commit_says_who_is_stable),
        cmocka_unit_test(a_commit_is_taken_back_whole),
        cmocka_unit_test(a_commit_is_noted),
        cmocka_unit_test(a_hand_over_has_its_clocks),
        cmocka_unit_test(inside_a_bake_needs_a_clock),
        cmocka_unit_test(an_end_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Where a release begins, turns and ends: the events that tell of it, what is rejected, what goes
 * into history, which clocks run anew (api.md 3, 6). */
#include "sim_scene.h"

/* ---- the template ---------------------------------------------------------------------------- */

static void put_back(struct scene *sc)
{
    sc->d.digest = scene_stable(sc)->digest;
    sc->d.template_raw = scene_stable(sc)->template_raw;
}

static void a_newer_one(struct scene *sc)
{
    sc->d.digest = "9999999999999999";
    sc->d.meta.generation++;
    sc->d.observed_generation = sc->d.meta.generation;
}

static void one_rejected_before(struct scene *sc)
{
    a_newer_one(sc);
    sc->r.status.rejected.digest = sc->d.digest;
    scene_told(sc);
}

/* ---- people ---------------------------------------------------------------------------------- */

static void command(struct scene *sc, enum verb verb)
{
    const struct rollout_status *st = &sc->r.status;

    sc->r.spec.action =
        (struct action_spec){.id = "next",
                             .verb = verb,
                             .revision = st->flight.present      ? st->flight.revision
                                         : st->rejected.revision ? st->rejected.revision
                                                                 : st->stable.revision,
                             .step = -1};
}

static void abort_it(struct scene *sc)
{
    command(sc, VERB_ABORT);
}

static void undo_it(struct scene *sc)
{
    command(sc, VERB_UNDO);
}

static void retry_it(struct scene *sc)
{
    command(sc, VERB_RETRY);
}

static void deleted(struct scene *sc)
{
    sc->r.meta.deleting_ms = 1;
}

static void deleted_to_promote(struct scene *sc)
{
    deleted(sc);
    sc->r.spec.on_delete = ON_DELETE_PROMOTE;
    sc->r.status.flight.decision_ms = sc->st.s.now_ms;
    sc->r.status.flight.decision = "approval had no answer";
    scene_told(sc);
}

static void deleted_at_the_end_of_its_bake(struct scene *sc)
{
    deleted(sc);
    sc->r.status.flight.bake_until_ms = sc->st.s.now_ms;
    scene_told(sc);
}

/* ---- clocks ---------------------------------------------------------------------------------- */

static void no_progress(struct scene *sc)
{
    struct flight *fl = &sc->r.status.flight;

    scene_candidate(sc)->st_ready = scene_candidate(sc)->st_available = 0;
    fl->settled_ms = 0;
    fl->progressed_ms = 1;
    scene_told(sc);
}

static void no_progress_and_paused_for_it(struct scene *sc)
{
    no_progress(sc);
    sc->r.spec.on_failure = ON_FAILURE_PAUSE;
}

static void went_on_from_a_pause(struct scene *sc)
{
    sc->r.status.flight.paused_ms = sc->st.s.now_ms - MINUTE_MS;
    scene_told(sc);
}

static void drained_and_decided(struct scene *sc)
{
    struct flight *fl = &sc->r.status.flight;

    fl->drained_ms = fl->decision_ms = sc->st.s.now_ms - 1;
    fl->decision = "approval had no answer";
    fl->decision_reason = "DeadlineExceeded";
    scene_told(sc);
    abort_it(sc);
}

static void a_long_reason(struct scene *sc)
{
    char *why = arena_strdup(&sc->a, "x");

    for (int i = 0; i < 8; i++)
        why = arena_printf(&sc->a, "%s%s", why, why);
    sc->r.status.flight.abort_reason = why;
    sc->r.status.flight.direction = DIRECTION_BACK;
    scene_told(sc);
    a_newer_one(sc);
}

static void a_long_past(struct scene *sc)
{
    for (int i = 0; i < HISTORY_MAX; i++)
        sc->r.status.history[i] = (struct history_entry){
            .revision = arena_printf(&sc->a, "old-%d", i), .outcome = "Promoted"};
    sc->r.status.history_count = HISTORY_MAX;
    scene_told(sc);
    a_newer_one(sc);
}

static void routed_before(struct scene *sc)
{
    sc->r.status.route_count = 1;
    sc->r.status.routes[0] = (struct route_state){.route = "gatewayAPI/gone", .written = 7};
    sc->r.status.gate_count = 1;
    sc->r.status.gates[0] = (struct gate_state){.name = "smoke", .verdict = VERDICT_PASS};
    scene_told(sc);
}

/* The newest number is that of its own ReplicaSet, which was there before. */
static void known_and_newest(struct scene *sc)
{
    struct replicaset *rs = scene_elder(sc);

    rs->digest = sc->d.digest;
    rs->deployment_revision = 9;
    sc->d.revision = 9;
}

static void known_and_older(struct scene *sc)
{
    known_and_newest(sc);
    scene_stable(sc)->deployment_revision = 10;
}

static const struct turn_row {
    const char *name, *spec, *lines[6];
    enum act before; /* as of scene_at() */
    void (*change)(struct scene *sc);
    const char *events;
    const char *flight; /* what is in flight then, and since when; times before now in seconds */
    const char *past;   /* what is rejected, and what the newest entries of history say */
} rows[] = {
    {"a template came", CANARY, TO_RELEASE, ACT_DECIDE, scene_nothing,
     "Normal Started: Revision s1-82343883 starts: Canary, 2 steps.",
     "s1-82343883 #2 from 1865bdca63 at 1 forward, started 0 step 0 settled - progressed 0 drained "
     "- bake - decided - - -, held, 0 routes 0 gates",
     "-"},
    {"... after others", CANARY, TO_RELEASE, ACT_DECIDE, routed_before,
     "Normal Started: Revision s1-82343883 starts: Canary, 2 steps.",
     "s1-82343883 #2 from 1865bdca63 at 1 forward, started 0 step 0 settled - progressed 0 drained "
     "- bake - decided - - -, held, 0 routes 0 gates",
     "-"},
    {"... that was there before", CANARY, TO_RELEASE, ACT_DECIDE, known_and_newest,
     "Normal Started: Revision elder starts: Canary, 2 steps.",
     "elder #9 from 1865bdca63 at 1 forward, started 0 step 0 settled - progressed 0 drained - "
     "bake - decided - - -, held, 0 routes 0 gates",
     "-"},
    {"... and others since", CANARY, TO_RELEASE, ACT_DECIDE, known_and_older,
     "Normal Started: Revision elder starts: Canary, 2 steps.",
     "elder #11 from 1865bdca63 at 1 forward, started 0 step 0 settled - progressed 0 drained - "
     "bake - decided - - -, held, 0 routes 0 gates",
     "-"},
    {"put back", CANARY, IN_STEP, 0, put_back,
     "Normal Reverted: Revision s1-82343883 goes back at step 1/2: the stable template was put "
     "back",
     "s1-82343883 #2 from 1865bdca63 at 1 back: the stable template was put back, started 4 step 4 "
     "settled 4 progressed 0 drained - bake - decided - - -, held, 0 routes 0 gates",
     "-"},
    {"superseded", CANARY, IN_STEP, 0, a_newer_one,
     "Normal Superseded: Revision s1-82343883 is superseded by a newer template.; Normal Started: "
     "Revision s1-99999999 starts: Canary, 2 steps.",
     "s1-99999999 #3 from 1865bdca63 at 1 forward, started 0 step 0 settled - progressed 0 drained "
     "- bake - decided - - -, held, 0 routes 0 gates",
     "-; 1: s1-82343883 #2 Superseded at 1 started 4 ended 0: 30 superseded by a newer template"},
    {"... of many", CANARY, IN_STEP, 0, a_long_past,
     "Normal Superseded: Revision s1-82343883 is superseded by a newer template.; Normal Started: "
     "Revision s1-99999999 starts: Canary, 2 steps.",
     "s1-99999999 #3 from 1865bdca63 at 1 forward, started 0 step 0 settled - progressed 0 drained "
     "- bake - decided - - -, held, 0 routes 0 gates",
     "-; 6: s1-82343883 #2 Superseded at 1 started 4 ended 0: 30 superseded by a newer template"},
    {"... by one rejected before", CANARY, IN_STEP, 0, one_rejected_before,
     "Normal Reverted: Revision s1-82343883 goes back at step 1/2: a revision that was rejected "
     "before was put back",
     "s1-82343883 #2 from 1865bdca63 at 1 back: a revision that was rejected before was put back, "
     "started 4 step 4 settled 4 progressed 0 drained - bake - decided - - -, held, 0 routes 0 "
     "gates",
     "-"},
    {"... while it goes back", CANARY, IN_STEP, 0, a_long_reason,
     "Normal Started: Revision s1-99999999 starts: Canary, 2 steps.",
     "s1-99999999 #3 from 1865bdca63 at 1 forward, started 0 step 0 settled - progressed 0 drained "
     "- bake - decided - - -, held, 0 routes 0 gates",
     "-; 1: s1-82343883 #2 Aborted at 1 started 4 ended 0: 120 "
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
    {"... superseded in its bake", CANARY, IN_BAKE, 0, a_newer_one, "", "none, held",
     "-; 1: s1-82343883 #2 Promoted at 2 started 6 ended 0: 29 a new template ended the bake"},
    {"aborted", CANARY, IN_STEP, 0, abort_it,
     "Warning Aborted: Revision s1-82343883 goes back at step 1/2: aborted by a person",
     "s1-82343883 #2 from 1865bdca63 at 1 back: aborted by a person, started 4 step 4 settled 4 "
     "progressed 0 drained - bake - decided - - -, held, 0 routes 0 gates",
     "s1-82343883 at 1, aborted by a person, 0"},
    {"... instead of a decision", CANARY, IN_STEP, 0, drained_and_decided,
     "Warning Aborted: Revision s1-82343883 goes back at step 1/2: aborted by a person",
     "s1-82343883 #2 from 1865bdca63 at 1 back: aborted by a person, started 4 step 4 settled 4 "
     "progressed 0 drained - bake - decided - - -, held, 0 routes 0 gates",
     "s1-82343883 at 1, aborted by a person, 0"},
    {"... aborted in its bake", CANARY, IN_BAKE, 0, abort_it,
     "Warning Aborted: Revision s1-82343883 goes back at step 2/2: aborted by a person",
     "s1-82343883 #2 from 1865bdca63 at 2 back: aborted by a person, started 6 step 4 settled - "
     "progressed 0 drained - bake - decided - - -, held, 0 routes 0 gates",
     "s1-82343883 at 2, aborted by a person, 0"},
    {"undone", CANARY, IN_BAKE, 0, undo_it,
     "Warning Aborted: Revision s1-82343883 goes back at step 2/2: undone by a person",
     "s1-82343883 #2 from 1865bdca63 at 2 back: undone by a person undo, started 6 step 4 settled "
     "- progressed 0 drained - bake - decided - - -, held, 0 routes 0 gates",
     "s1-82343883 at 2, undone by a person, 0"},
    {"tried again", CANARY, ABORTED, 0, retry_it,
     "Normal Started: Revision s1-82343883 starts: Canary, 2 steps.",
     "s1-82343883 #2 from 1865bdca63 at 1 forward, started 0 step 0 settled - progressed 0 drained "
     "- bake - decided - - -, held, 0 routes 0 gates",
     "-; 1: s1-82343883 #2 Aborted at 1 started 7 ended 4: 19 aborted by a person"},
    {"deleted", CANARY, IN_STEP, 0, deleted,
     "Warning Aborted: Revision s1-82343883 goes back at step 1/2: the Rollout is being deleted",
     "s1-82343883 #2 from 1865bdca63 at 1 back: the Rollout is being deleted, started 4 step 4 "
     "settled 4 progressed 0 drained - bake - decided - - -, held, 0 routes 0 gates",
     "s1-82343883 at 1, the Rollout is being deleted, 0"},
    {"... to promote", CANARY, IN_STEP, 0, deleted_to_promote,
     "Normal StepPassed: Revision s1-82343883 passed step 1/2.",
     "s1-82343883 #2 from 1865bdca63 at 2 forward forced promoted, started 4 step 0 settled - "
     "progressed 0 drained - bake - decided - approval had no answer -, held, 0 routes 0 gates",
     "-"},
    {"... deleted in its bake", CANARY, IN_BAKE, 0, deleted, "",
     "s1-82343883 #2 from 1865bdca63 at 2 forward, started 6 step 4 settled - progressed 4 drained "
     "4 bake 0 decided - - -, held, 0 routes 0 gates",
     "-"},
    {"... at the end of it", CANARY, IN_BAKE, 0, deleted_at_the_end_of_its_bake, "",
     "s1-82343883 #2 from 1865bdca63 at 2 forward, started 6 step 4 settled - progressed 4 drained "
     "4 bake 3 decided - - -, held, 0 routes 0 gates",
     "-"},
    {"no progress", CANARY, IN_STEP, 0, no_progress,
     "Warning ProgressDeadlineExceeded: no progress for 10m: 0 of 4 new pods ready; Warning "
     "Aborted: Revision s1-82343883 goes back at step 1/2: no progress for 10m: 0 of 4 new pods "
     "ready",
     "s1-82343883 #2 from 1865bdca63 at 1 back: no progress for 10m: 0 of 4 new pods ready, "
     "started 4 step 4 settled - progressed 0 drained - bake - decided - - -, held, 0 routes 0 "
     "gates",
     "s1-82343883 at 1, no progress for 10m: 0 of 4 new pods ready, 0"},
    {"... and a person is asked", CANARY, IN_STEP, 0, no_progress_and_paused_for_it,
     "Warning ProgressDeadlineExceeded: no progress for 10m: 0 of 4 new pods ready",
     "s1-82343883 #2 from 1865bdca63 at 1 forward, started 4 step 4 settled - progressed "
     "1700000011 drained - bake - decided 0 no progress for 10m: 0 of 4 new pods ready "
     "ProgressDeadlineExceeded, held, 0 routes 0 gates",
     "-"},
    {"after a pause", CANARY, IN_STEP, 0, went_on_from_a_pause, "",
     "s1-82343883 #2 from 1865bdca63 at 1 forward, started 4 step 4 settled -58 progressed -58 "
     "drained - bake - decided - - -, held, 0 routes 0 gates",
     "-"},
};

static const char *ago(struct arena *a, int64_t now, int64_t ms)
{
    return ms ? arena_printf(a, "%lld", (long long)((now - ms) / SECOND_MS)) : "-";
}

static const char *flight_of(struct arena *a, const struct rollout_status *st, int64_t now)
{
    const struct flight *fl = &st->flight;

    if (!fl->present)
        return arena_printf(a, "none, %s", st->held ? "held" : "free");
    return arena_printf(
        a,
        "%s #%lld from %s at %d %s%s%s%s%s, started %s step %s settled %s progressed %s drained %s "
        "bake %s decided %s %s %s, %s, %d routes %d gates",
        fl->revision, (long long)fl->deployment_revision, fl->from_revision, fl->step,
        fl->direction == DIRECTION_BACK ? "back: " : "forward",
        fl->direction == DIRECTION_BACK ? fl->abort_reason : "", fl->undo ? " undo" : "",
        fl->forced ? " forced" : "", fl->promote_all ? " promoted" : "",
        ago(a, now, fl->started_ms), ago(a, now, fl->step_started_ms), ago(a, now, fl->settled_ms),
        ago(a, now, fl->progressed_ms), ago(a, now, fl->drained_ms), ago(a, now, fl->bake_until_ms),
        ago(a, now, fl->decision_ms), fl->decision ? fl->decision : "-",
        fl->decision_reason ? fl->decision_reason : "-", st->held ? "held" : "free",
        st->route_count, st->gate_count);
}

static const char *past_of(struct arena *a, const struct rollout_status *st, int64_t now)
{
    const struct history_entry *h = &st->history[0];
    const char *rejected =
        st->rejected.revision
            ? arena_printf(a, "%s at %d, %s, %s", st->rejected.revision, st->rejected.step,
                           st->rejected.reason, ago(a, now, st->rejected.at_ms))
            : "-";

    if (!st->history_count)
        return rejected;
    return arena_printf(a, "%s; %d: %s #%lld %s at %d started %s ended %s: %zu %.40s", rejected,
                        st->history_count, h->revision, (long long)h->deployment_revision,
                        h->outcome, h->step, ago(a, now, h->started_ms), ago(a, now, h->ended_ms),
                        h->message ? strlen(h->message) : 0, h->message ? h->message : "");
}

static void each_turn(void **state UNUSED)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct turn_row *row = &rows[i];
        struct scene *sc = scene_at(row->name, row->spec, row->lines, row->before);
        const struct plan *p;

        row->change(sc);
        sc->st.s.now_ms += 3000;
        p = scene_plan(sc);
        CHECK_TEXT(scene_events(sc, p), row->events, row->name);
        CHECK_TEXT(flight_of(&sc->a, p->status, sc->st.s.now_ms), row->flight, row->name);
        CHECK_TEXT(past_of(&sc->a, p->status, sc->st.s.now_ms), row->past, row->name);
        scene_close(sc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_turn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

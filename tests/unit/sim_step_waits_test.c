/* SPDX-License-Identifier: Apache-2.0 */
/* A step that waits, one thing changed: for what, since when and until when, and what would end the
 * waiting. */
#include "sim_stepping.h"

#define GATED(more)                                                                                \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':50}]}},'gates':[{"       \
    "'name':'g'," more "}]}"

/* ---- what is said of the waiting ------------------------------------------------------------- */

/* A world in which a step waits: for what, and what of it is told. */
struct wait_row {
    const char *name, *spec, *lines[6];
    enum act before;
    void (*change)(struct scene *sc);
    const char *reason; /* of the condition Ready */
    const char *what, *then, *unblock;
    int64_t (*since)(struct scene *sc), (*until)(struct scene *sc); /* NULL: 0 */
    const char *message;                                            /* part of it; NULL: any */
};

static int64_t settled(struct scene *sc)
{
    return sc->r.status.flight.settled_ms;
}

static int64_t progressed(struct scene *sc)
{
    return sc->r.status.flight.progressed_ms;
}

static int64_t decided(struct scene *sc)
{
    return sc->r.status.flight.decision_ms;
}

static int64_t paused_since(struct scene *sc)
{
    return sc->r.status.flight.paused_ms;
}

static int64_t progress_ends(struct scene *sc)
{
    return progressed(sc) + sc->r.spec.progress_deadline_ms;
}

static int64_t progress_ends_as_led(struct scene *sc)
{
    return sc->w.led_since_ms + sc->r.spec.progress_deadline_ms;
}

static int64_t in_a_day(struct scene *sc)
{
    return settled(sc) + 24 * HOUR_MS;
}

static int64_t in_an_hour(struct scene *sc)
{
    return settled(sc) + HOUR_MS;
}

static int64_t queued_since(struct scene *sc)
{
    return sc->r.status.flight.step_started_ms;
}

static int64_t an_hour_queued(struct scene *sc)
{
    return queued_since(sc) + HOUR_MS;
}

static void asks_after(struct scene *sc, const char *reason)
{
    struct flight *fl = &sc->r.status.flight;

    fl->decision_ms = sc->st.s.now_ms - 7;
    fl->decision = "why";
    fl->decision_reason = reason;
}

static void asks_after_a_gate(struct scene *sc)
{
    asks_after(sc, "GateFailed");
}

static void asks_after_a_deadline(struct scene *sc)
{
    asks_after(sc, "DeadlineExceeded");
}

static void asks_after_no_progress(struct scene *sc)
{
    asks_after(sc, "ProgressDeadlineExceeded");
}

static void paused_by_a_person(struct scene *sc)
{
    sc->r.spec.paused = true;
    sc->r.status.flight.paused_ms = sc->st.s.now_ms - 9;
}

static void paused_before_traffic(struct scene *sc)
{
    paused_by_a_person(sc);
    sc->r.status.flight.settled_ms = 0;
}

static void one_not_ready_and_asks(struct scene *sc)
{
    sc->r.spec.on_failure = ON_FAILURE_PAUSE;
    one_not_ready(sc);
}

static void one_not_ready_as_led(struct scene *sc)
{
    one_not_ready(sc);
    sc->w.led_since_ms = sc->st.s.now_ms - 3;
}

static void one_not_ready_and_paused(struct scene *sc)
{
    one_not_ready(sc);
    paused_by_a_person(sc);
    sc->r.status.flight.progressed_ms = sc->st.s.now_ms - sc->r.spec.progress_deadline_ms;
}

static void one_ready_for_too_short(struct scene *sc)
{
    scene_candidate(sc)->st_available--;
    onset(sc);
}

static void one_more_asked_for(struct scene *sc)
{
    scene_candidate(sc)->observed_generation--;
    onset(sc);
}

static void endpoints_of_before(struct scene *sc)
{
    for (size_t i = 0; i < sc->w.slice_count; i++)
        sc->slices[i].pin = NULL;
}

static const struct wait_row waits[] = {
    {"a gate failed", CANARY, IN_STEP, 0, asks_after_a_gate, "GateFailed", "Decision", "",
     "sluice retry web", decided, NULL, NULL},
    {"a deadline passed", CANARY, IN_STEP, 0, asks_after_a_deadline, "DeadlineExceeded", "Decision",
     "", "sluice retry web", decided, NULL, NULL},
    {"no progress", CANARY, IN_STEP, 0, asks_after_no_progress, "ProgressDeadlineExceeded",
     "Decision", "", "sluice retry web", decided, NULL, NULL},
    {"paused", CANARY, IN_STEP, 0, paused_by_a_person, "Paused", "Decision", "",
     "sluice resume web", paused_since, NULL, NULL},
    {"paused before its traffic", CANARY, IN_STEP, 0, paused_before_traffic, "Paused", "Decision",
     "", "sluice resume web", paused_since, NULL, NULL},
    {"approval of a step", CANARY, IN_STEP, 0, scene_nothing, "AwaitingApproval", "Approval",
     "pauses", "sluice approve web", settled, in_a_day, NULL},
    {"a hold",
     HOLDS,
     {"image app:v2", "-> Holding"},
     0,
     scene_nothing,
     "Holding",
     "Hold",
     "goes on",
     "sluice skip web",
     settled,
     in_an_hour,
     NULL},
    {"a gate",
     GATED("'metric':{'prometheus':{'query':'q'},'max':'1','every':'1s','count':1000}"),
     {"image app:v2", "-> Gating"},
     0,
     scene_nothing,
     "Gating",
     "Gate",
     "pauses",
     "sluice skip web",
     settled,
     in_an_hour,
     NULL},
    {"a gate that is no",
     GATED("'onDeadline':'Fail','probe':{'http':{},'successes':100}"),
     {"image app:v2", "-> Gating"},
     0,
     scene_nothing,
     "Gating",
     "Gate",
     "fails",
     "sluice skip web",
     settled,
     in_an_hour,
     NULL},
    {"a person's gate",
     GATED("'approval':{},'deadline':'1h'"),
     {"image app:v2", "-> Approval"},
     0,
     scene_nothing,
     "AwaitingApproval",
     "Approval",
     "pauses",
     "sluice approve web",
     settled,
     in_an_hour,
     NULL},
    {"a person's gate before anything",
     GATED("'approval':{},'deadline':'1h','during':['Start']"),
     {"image app:v2", "-> Queued"},
     0,
     scene_nothing,
     "Queued",
     "Approval",
     "pauses",
     "sluice approve web",
     queued_since,
     an_hour_queued,
     NULL},
    {"... and a pause",
     GATED("'approval':{},'deadline':'1h','during':['Start']"),
     {"image app:v2", "-> Queued"},
     0,
     paused_by_a_person,
     "Paused",
     "Decision",
     "",
     "sluice resume web",
     paused_since,
     NULL,
     NULL},
    {"... and a decision",
     GATED("'approval':{},'deadline':'1h','during':['Start']"),
     {"image app:v2", "-> Queued"},
     0,
     asks_after_a_deadline,
     "DeadlineExceeded",
     "Decision",
     "",
     "sluice retry web",
     decided,
     NULL,
     NULL},
    {"a gate before anything",
     GATED("'probe':{'http':{}},'deadline':'1h','during':['Start']"),
     {"image app:v2", "-> Queued"},
     0,
     scene_nothing,
     "Queued",
     "Gate",
     "pauses",
     "sluice skip web",
     queued_since,
     an_hour_queued,
     NULL},
    /* --- capacity --- */
    {"a new pod", CANARY, IN_STEP, 0, one_not_ready, "Progressing", "Capacity", "aborts", "",
     progressed, progress_ends, "3 of 4 new pods ready"},
    {"... then a person", CANARY, IN_STEP, 0, one_not_ready_and_asks, "Progressing", "Capacity",
     "pauses", "", progressed, progress_ends, NULL},
    {"... from when somebody asked for it", CANARY, IN_STEP, 0, one_not_ready_as_led, "Progressing",
     "Capacity", "aborts", "", progressed, progress_ends_as_led, NULL},
    {"... paused, for ever", CANARY, IN_STEP, 0, one_not_ready_and_paused, "Progressing",
     "Capacity", "aborts", "", progressed, progress_ends, NULL},
    {"a new pod to stay ready", CANARY, IN_STEP, 0, one_ready_for_too_short, "Progressing",
     "Capacity", "aborts", "", progressed, progress_ends, "3 of 4 new pods ready for 0s"},
    {"its ReplicaSet to be seen", CANARY, IN_STEP, 0, one_more_asked_for, "Progressing", "Capacity",
     "aborts", "", progressed, progress_ends, NULL},
    {"a stable pod, inside", BATCHES, IN_STEP, 0, one_of_stable_lost, "Progressing", "Capacity",
     "aborts", "", progressed, progress_ends, "2 of 3 stable pods available"},
    {"a weight, for endpoints", ROUTED, TO_RELEASE, ACT_ROUTE_WEIGHT, undecided_one_endpoint_short,
     "Progressing", "Capacity", "aborts", "", progressed, progress_ends,
     "the route to accept 50 %"},
    /* --- pins --- */
    {"endpoints to follow", SWITCH, IN_STEP, 0, endpoints_of_before, "Progressing", "Barrier", "",
     "", progressed, NULL, "every EndpointSlice to follow its Service"},
    {"... also on the way back", SWITCH, ABORTS, ACT_RS_SCALE, endpoints_of_before, "Aborting",
     "Barrier", "", "", progressed, NULL, NULL},
};

static void check_wait(const struct wait_row *row)
{
    struct scene *sc = scene_at(row->name, row->spec, row->lines, row->before);
    const struct awaiting *w;
    const struct plan *p;

    row->change(sc);
    p = scene_plan(sc);
    w = &p->status->awaiting[0];
    CHECK_TEXT(p->status->conditions[COND_READY].reason, row->reason, row->name);
    CHECK(p->status->awaiting_count == 1, "%s: %d", row->name, p->status->awaiting_count);
    CHECK_TEXT(w->what, row->what, row->name);
    CHECK_TEXT(w->then, row->then, row->name);
    CHECK_TEXT(w->unblock, row->unblock, row->name);
    CHECK(w->since_ms == (row->since ? row->since(sc) : 0), "%s: since", row->name);
    CHECK(w->until_ms == (row->until ? row->until(sc) : 0), "%s: until", row->name);
    CHECK(p->wake_ms <= w->until_ms || w->until_ms <= sc->st.s.now_ms, "%s: sleeps", row->name);
    CHECK(!row->message || strstr(w->message, row->message), "%s: %s", row->name, w->message);
    CHECK_TEXT(p->rule, str_equal(row->what, "Barrier") ? "pins" : "step", row->name);
    scene_check_sound(sc, p, row->name);
    scene_close(sc);
}

static void each_wait(void **state UNUSED)
{
    for (size_t i = 0; i < COUNT(waits); i++)
        check_wait(&waits[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

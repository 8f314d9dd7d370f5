/* SPDX-License-Identifier: Apache-2.0 */
/* One step, one thing changed: what ends its waiting, and that it goes on with no less than it
 * needs. */
#include "sim_stepping.h"

#define TO_SWITCH                                                                                  \
    {                                                                                              \
        "image app:v2", "-> Approval", "approve"                                                   \
    }

/* ---- what ends it ---------------------------------------------------------------------------- */

static void no_stable_pod_left(struct scene *sc)
{
    scene_stable(sc)->st_available = scene_stable(sc)->st_ready = 0;
    onset(sc);
}

static void no_progress_for_too_long(struct scene *sc)
{
    one_not_ready(sc);
    sc->r.status.flight.progressed_ms = sc->st.s.now_ms - sc->r.spec.progress_deadline_ms;
}

static void no_progress_and_asks(struct scene *sc)
{
    no_progress_for_too_long(sc);
    sc->r.spec.on_failure = ON_FAILURE_PAUSE;
}

static void hold_is_over(struct scene *sc)
{
    sc->r.status.flight.settled_ms = sc->st.s.now_ms - HOUR_MS;
}

static void hold_is_almost_over(struct scene *sc)
{
    sc->r.status.flight.settled_ms = sc->st.s.now_ms - HOUR_MS + 1;
}

static void approval_is_late(struct scene *sc)
{
    sc->r.status.flight.settled_ms = sc->st.s.now_ms - 24 * HOUR_MS;
}

/* As many pins as there may be, and one Service more, made in flight. */
static void a_service_too_many(struct scene *sc)
{
    struct rollout_status *st = &sc->r.status;
    struct service *late = &sc->services[sc->w.service_count++];
    const char *revision = sc->services[0].pin;

    while (st->pin_count < PINS_MAX)
        st->pins[st->pin_count++] = (struct pin_state){
            .service = arena_printf(&sc->a, "gone-%d", st->pin_count), .revision = revision};
    *late = sc->services[0];
    late->meta.name = "late";
    late->meta.uid = "uid-late";
    late->pin = NULL;
    late->selector.count = 1; /* app: web, the first by its key */
}

static void switch_not_settled(struct scene *sc)
{
    sc->r.status = *scene_plan(sc)->status;
    a_service_too_many(sc);
    sc->r.status.flight.settled_ms = 0;
    sc->r.status.flight.steps[1].ended_ms = 0;
}

static void undecided_and_a_service_too_many(struct scene *sc)
{
    undecided(sc);
    a_service_too_many(sc);
}

static void undecided_one_endpoint_long(struct scene *sc)
{
    undecided(sc);
    side_slice(sc)->ready++;
}

static void undecided_slice_of_before(struct scene *sc)
{
    struct slice *old = &sc->slices[sc->w.slice_count++];

    undecided(sc);
    *old = *side_slice(sc);
    old->ready = 0;
    old->pin = sc->r.status.stable.revision;
}

/* Half of the endpoints in each of two slices; and again, in the other family. */
static void undecided_in_four_slices(struct scene *sc)
{
    struct slice *s = side_slice(sc);
    struct slice *more = &sc->slices[sc->w.slice_count];

    undecided(sc);
    assert_int_equal(s->ready, 2);
    s->ready = 1;
    more[0] = more[1] = more[2] = *s;
    more[1].v6 = more[2].v6 = true;
    sc->w.slice_count += 3;
}

static void undecided_all_v6(struct scene *sc)
{
    undecided(sc);
    side_slice(sc)->v6 = true;
}

static void undecided_all_v6_one_endpoint_short(struct scene *sc)
{
    undecided_all_v6(sc);
    side_slice(sc)->ready--;
}

static void candidate_gone_at_0(struct scene *sc)
{
    scene_forget_rs(sc, scene_candidate(sc));
    sc->d.replicas = 0;
}

static void candidate_gone_at_0_and_queued(struct scene *sc)
{
    scene_candidate(sc)->st_ready = scene_candidate(sc)->st_available = 0;
    scene_candidate(sc)->replicas = 0;
    sc->d.replicas = 0;
}

/* The new pods stay as long as the route may send to them, and nobody knows whether it does. */
static void at_0_without_its_route(struct scene *sc)
{
    sc->d.replicas = 0;
    sc->w.route_count = 0;
}

static void promoted_by_a_person(struct scene *sc)
{
    sc->r.status.flight.promote_all = true;
}

static const struct scene_row rows[] = {
    {"inside, with no stable pod left, it goes on", BATCHES, IN_STEP, 0, no_stable_pod_left,
     ACT_DECIDE, "web", "'settledAt'", NULL},
    {"without progress it goes back", CANARY, IN_STEP, 0, no_progress_for_too_long, ACT_DECIDE,
     "web", "'direction':'Back'", "Aborting"},
    {"... or a person is asked", CANARY, IN_STEP, 0, no_progress_and_asks, ACT_DECIDE, "web",
     "'ProgressDeadlineExceeded'", "ProgressDeadlineExceeded"},
    {"outside, what stable lacks is nothing of it", CANARY, IN_STEP, 0, one_of_stable_lost,
     ACT_DECIDE, "web", "'settledAt'", NULL},
    {"a hold ends",
     HOLDS,
     {"image app:v2", "-> Holding"},
     0,
     hold_is_over,
     ACT_DECIDE,
     "web",
     NULL,
     "Progressing"},
    {"... no sooner",
     HOLDS,
     {"image app:v2", "-> Holding"},
     0,
     hold_is_almost_over,
     ACT_REPORT,
     NULL,
     NULL,
     "Holding"},
    {"an approval that is late", CANARY, IN_STEP, 0, approval_is_late, ACT_DECIDE, "web", NULL,
     "DeadlineExceeded"},
    {"the switch waits for every Service", SWITCH, TO_SWITCH, ACT_RECORD, switch_not_settled,
     ACT_REPORT, NULL, NULL, "Progressing"},
    {"a weight is decided", ROUTED, TO_RELEASE, ACT_ROUTE_WEIGHT, undecided, ACT_DECIDE, "web",
     "'desired':50", NULL},
    {"... not while a Service could not be pinned", ROUTED, TO_RELEASE, ACT_ROUTE_WEIGHT,
     undecided_and_a_service_too_many, ACT_REPORT, NULL, NULL, "Progressing"},
    {"... nor one endpoint short", ROUTED, TO_RELEASE, ACT_ROUTE_WEIGHT,
     undecided_one_endpoint_short, ACT_REPORT, NULL, NULL, "Progressing"},
    {"... nor while endpoints are listed that are gone", ROUTED, TO_RELEASE, ACT_ROUTE_WEIGHT,
     undecided_one_endpoint_long, ACT_REPORT, NULL, NULL, "Progressing"},
    {"... nor by a slice of before", ROUTED, TO_RELEASE, ACT_ROUTE_WEIGHT,
     undecided_slice_of_before, ACT_REPORT, NULL, NULL, "Progressing"},
    {"... each family in two slices", ROUTED, TO_RELEASE, ACT_ROUTE_WEIGHT,
     undecided_in_four_slices, ACT_DECIDE, "web", "'desired':50", NULL},
    {"... or all of the other family", ROUTED, TO_RELEASE, ACT_ROUTE_WEIGHT, undecided_all_v6,
     ACT_DECIDE, "web", "'desired':50", NULL},
    {"... with none short", ROUTED, TO_RELEASE, ACT_ROUTE_WEIGHT,
     undecided_all_v6_one_endpoint_short, ACT_REPORT, NULL, NULL, "Progressing"},
    {"no weight for a side that is gone", ROUTED, TO_RELEASE, ACT_ROUTE_WEIGHT, candidate_gone_at_0,
     ACT_REPORT, NULL, NULL, "ScaledToZero"},
    {"nothing is judged at 0", CANARY, IN_STEP, 0, candidate_gone_at_0_and_queued, ACT_REPORT, NULL,
     NULL, "ScaledToZero"},
    {"... nor while a weight keeps its pods", ROUTED, IN_STEP, 0, at_0_without_its_route,
     ACT_REPORT, NULL, "'Deployment web has 0 replicas: nothing can be judged; promotion waits.'",
     "ScaledToZero"},
    {"promoted by a person it switches in the same write", SWITCH, IN_STEP, 0, promoted_by_a_person,
     ACT_DECIDE, "web", "'service':'web','revision':'s1-82343883'", NULL},
};

int main(void)
{
    return scene_check_all(rows, COUNT(rows));
}

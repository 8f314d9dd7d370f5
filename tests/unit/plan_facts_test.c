/* SPDX-License-Identifier: Apache-2.0 */
/* What the rules share (facts.c, capacity.c): which ReplicaSet is which, what may stay inside, how
 * many pods a step wants. */
#include "check.h"

#include "../../src/plan/planner.h"

static const struct step_spec half[] = {{.weight = "50"}};

/* A Deployment with stable "v1" and one more, "v2", in a flight to it that is at step 1. */
struct bench {
    struct rollout r;
    struct deployment d;
    struct fence f;
    struct replicaset rs[2];
    const struct replicaset *all[2];
    struct world w;
    struct planner p;
};

static void bench_init(struct bench *b)
{
    static const char *const names[] = {"v1", "v2"}, *const digests[] = {"digest1", "digest2"};

    *b = (struct bench){0};
    b->d.meta.name = "web";
    b->d.meta.uid = "uid-d";
    b->d.replicas = 4;
    b->d.digest = "digest2";
    for (size_t i = 0; i < COUNT(b->rs); i++) {
        b->rs[i] = (struct replicaset){.meta.name = names[i],
                                       .revision = names[i],
                                       .digest = digests[i],
                                       .deployment_uid = "uid-d",
                                       .controller_uid = "uid-d",
                                       .deployment_revision = (int64_t)i + 1};
        b->all[i] = &b->rs[i];
    }
    b->f = (struct fence){.readable = true,
                          .deployment_uid = "uid-d",
                          .record = {.stable_revision = "v1", .stable_digest = "digest1"}};
    b->r.spec = (struct rollout_spec){
        .strategy = STRATEGY_CANARY, .steps = half, .step_count = COUNT(half)};
    b->w = (struct world){
        .rollout = &b->r, .dep = &b->d, .fence = &b->f, .rs = b->all, .rs_count = COUNT(b->all)};
    b->p = (struct planner){.w = &b->w, .r = &b->r, .spec = &b->r.spec, .d = &b->d, .now = 1000};
    b->p.st.target.uid = "uid-d";
    b->p.st.stable.revision = "v1";
    b->p.st.flight = (struct flight){
        .present = true, .revision = "v2", .from_revision = "v1", .digest = "digest2", .step = 1};
}

/* ---- steps ----------------------------------------------------------------------------------- */

static void which_step(void **state UNUSED)
{
    struct bench b;

    bench_init(&b);
    facts(&b.p);
    assert_int_equal(step_weight(&b.p), 50);
    b.p.st.flight.step = 0;
    assert_int_equal(step_weight(&b.p), 0);
    for (int i = 0; i < FLIGHT_STEPS_MAX; i++)
        b.p.st.flight.steps[i].ended_ms = 1;
    assert_false(step_ended(&b.p, 0));
    assert_true(step_ended(&b.p, 1));
    assert_true(step_ended(&b.p, FLIGHT_STEPS_MAX));
    assert_false(step_ended(&b.p, FLIGHT_STEPS_MAX + 1));
}

/* The flight's, also where the spec has another strategy by now. */
static void the_flights_regime(void **state UNUSED)
{
    struct bench b;

    bench_init(&b);
    b.p.st.flight.regime = REGIME_INSIDE;
    facts(&b.p);
    assert_false(b.p.outside);
    b.p.st.flight.present = false;
    facts(&b.p);
    assert_true(b.p.outside);
}

static void a_bake_is_of_a_commit(void **state UNUSED)
{
    struct bench b;

    bench_init(&b);
    b.p.st.flight.bake_until_ms = 2000;
    assert_false(baking(&b.p));
    b.p.committed = true;
    assert_true(baking(&b.p));
    b.p.st.flight.bake_until_ms = 0;
    assert_false(baking(&b.p));
}

/* ---- which is which -------------------------------------------------------------------------- */

/* Of two with stable's template the one that the record names if it has pods, or the one with more
 * of them. */
static void the_named_one_is_stable(void **state UNUSED)
{
    struct bench b;

    bench_init(&b);
    b.p.st.flight = (struct flight){0};
    b.rs[0].digest = b.rs[1].digest = b.d.digest = b.f.record.stable_digest;
    b.rs[0].replicas = 4;
    b.f.record.stable_revision = b.p.st.stable.revision = "v2";
    b.rs[1].replicas = 1;
    facts(&b.p);
    assert_ptr_equal(b.p.stable, &b.rs[1]);
    b.rs[1].replicas = 0;
    facts(&b.p);
    assert_ptr_equal(b.p.stable, &b.rs[0]);
    b.rs[0].replicas = 0;
    facts(&b.p);
    assert_ptr_equal(b.p.stable, &b.rs[1]);
    b.f.record.stable_revision = b.p.st.stable.revision = "lost";
    facts(&b.p);
    assert_ptr_equal(b.p.stable, &b.rs[0]);
}

static void no_candidate_that_was_rejected(void **state UNUSED)
{
    struct bench b;

    bench_init(&b);
    b.p.st.flight.present = false;
    facts(&b.p);
    assert_ptr_equal(b.p.candidate, &b.rs[1]);
    b.p.st.rejected.digest = "digest2";
    facts(&b.p);
    assert_true(b.p.rejected);
    assert_null(b.p.candidate);
}

/* What was found before is not kept where nothing is found any more. */
static void found_anew(void **state UNUSED)
{
    struct bench b;

    bench_init(&b);
    facts(&b.p);
    assert_true(b.p.forward && b.p.changed);
    b.p.d = NULL;
    facts(&b.p);
    assert_false(b.p.forward || b.p.changed);
    assert_null(b.p.stable);
    assert_null(b.p.candidate);
}

/* A record of an earlier version of the digest reads as one of this. */
static void digests_of_the_record_are_renewed(void **state UNUSED)
{
    struct bench b;

    bench_init(&b);
    b.f.record = (struct record){.stable_revision = "v2",
                                 .stable_digest = "old2",
                                 .previous = "v1",
                                 .previous_digest = "old1",
                                 .committed_ms = 500};
    facts(&b.p);
    assert_true(b.p.committed);
    assert_ptr_equal(b.p.previous, &b.rs[0]);
    assert_string_equal(b.p.rec.stable_digest, "digest2");
    assert_string_equal(b.p.rec.previous_digest, "digest1");
}

/* ---- how many pods a step wants -------------------------------------------------------------- */

static const struct want_row {
    const char *name;
    enum direction direction;
    int step;
    int32_t n, stable, fresh; /* pods that the Deployment, and its two sides, have */
    int64_t created_ms;       /* of the candidate; stable's is 10 */
    enum strategy strategy;
    int32_t want;
} wants[] = {
    {"half of the requests, beside four", DIRECTION_FORWARD, 1, 4, 4, 0, 20, STRATEGY_CANARY, 4},
    {"before the first step", DIRECTION_FORWARD, 0, 4, 4, 0, 20, STRATEGY_CANARY, 0},
    {"on the way back", DIRECTION_BACK, 1, 4, 4, 2, 20, STRATEGY_CANARY, 0},
    {"of none", DIRECTION_FORWARD, 1, 0, 0, 0, 20, STRATEGY_CANARY, 0},
    {"half of three inside", DIRECTION_FORWARD, 1, 3, 2, 1, 20, STRATEGY_ROLLING, 2},
    {"... where the older would be shrunk", DIRECTION_FORWARD, 1, 3, 2, 1, 5, STRATEGY_ROLLING, 1},
    {"... not before there is one", DIRECTION_FORWARD, 1, 3, 1, 0, 5, STRATEGY_ROLLING, 2},
    {"... it is there", DIRECTION_FORWARD, 1, 3, 3, 2, 5, STRATEGY_ROLLING, 2},
    {"... stable is larger yet", DIRECTION_FORWARD, 1, 3, 3, 1, 5, STRATEGY_ROLLING, 2},
    {"... outside nobody shrinks any", DIRECTION_FORWARD, 1, 3, 2, 1, 5, STRATEGY_CANARY, 3},
};

static void what_a_step_wants(void **state UNUSED)
{
    static const struct step_spec batches[] = {{.replicas = "50%"}};

    for (size_t i = 0; i < COUNT(wants); i++) {
        const struct want_row *row = &wants[i];
        struct bench b;

        bench_init(&b);
        b.d.replicas = row->n;
        b.d.max_surge = "1";
        b.d.max_unavailable = "0";
        b.rs[0].replicas = row->stable;
        b.rs[0].meta.created_ms = 10;
        b.rs[1].replicas = row->fresh;
        b.rs[1].meta.created_ms = row->created_ms;
        b.p.st.flight.direction = row->direction;
        b.p.st.flight.step = row->step;
        if (row->strategy == STRATEGY_ROLLING) {
            b.r.spec.strategy = STRATEGY_ROLLING;
            b.r.spec.steps = batches;
            b.p.st.flight.regime = REGIME_INSIDE;
        }
        facts(&b.p);
        CHECK(want_new(&b.p) == row->want, "%s: %d", row->name, (int)want_new(&b.p));
    }
}

/* ---- without a fence ------------------------------------------------------------------------- */

static void a_commit_is_recalled(void **state UNUSED)
{
    struct bench b;

    bench_init(&b);
    b.w.fence = NULL;
    b.p.st.stable.revision = "v2";
    b.p.st.stable.digest = "digest2";
    b.p.st.flight.committed_ms = 500;
    facts(&b.p);
    assert_true(b.p.committed);
    assert_string_equal(b.p.rec.previous, "v1");
    assert_string_equal(b.p.rec.previous_digest, "digest1");
    b.p.st.flight.present = false; /* of a flight that is over */
    facts(&b.p);
    assert_null(b.p.rec.previous);
    b.p.st.flight.present = true;
    b.p.st.flight.committed_ms = 0;
    facts(&b.p);
    assert_null(b.p.rec.previous);
}

/* ---- under the pause that stays -------------------------------------------------------------- */

static void history_may_stay_inside(void **state UNUSED)
{
    static const char *const history[] = {"v2"};
    static const struct {
        const char *name;
        enum brake brake;
        const char *digest; /* of the Deployment's template */
        size_t history_count;
        int32_t pods;
        bool allowed;
    } rows[] = {
        {"given back, without pods", BRAKE_PAUSED, "digest1", 1, 0, true},
        {"it has pods", BRAKE_PAUSED, "digest1", 1, 1, false},
        {"it is no history", BRAKE_PAUSED, "digest1", 0, 0, false},
        {"stable is not the newest", BRAKE_PAUSED, "digest3", 1, 0, false},
        {"nothing is paused at rest", BRAKE_ADMISSION, "digest1", 1, 0, false},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct bench b;

        bench_init(&b);
        b.r.spec.brake = rows[i].brake;
        b.d.digest = rows[i].digest;
        b.f.record.history = history;
        b.f.record.history_count = rows[i].history_count;
        b.rs[1].replicas = rows[i].pods;
        facts(&b.p);
        CHECK(inside_allowed(&b.p, &b.rs[1]) == rows[i].allowed, "%s", rows[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(which_step),
        cmocka_unit_test(the_flights_regime),
        cmocka_unit_test(a_bake_is_of_a_commit),
        cmocka_unit_test(the_named_one_is_stable),
        cmocka_unit_test(no_candidate_that_was_rejected),
        cmocka_unit_test(found_anew),
        cmocka_unit_test(digests_of_the_record_are_renewed),
        cmocka_unit_test(what_a_step_wants),
        cmocka_unit_test(a_commit_is_recalled),
        cmocka_unit_test(history_may_stay_inside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

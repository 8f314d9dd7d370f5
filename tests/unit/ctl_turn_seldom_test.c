/* SPDX-License-Identifier: Apache-2.0 */
/* The turns of a pass at what is seldom: long passes, full queues, refusals in the middle, pods
 * that are looked at, and what is measured. */
#include "turn_bench.h"

/* ---- what a plan is told, and what it asks for ----------------------------------------------- */

static void a_plan_knows_all_that_is_known(void **state)
{
    struct ctl *c = *state;

    c->leading_ms = WALL - 77;
    event(c);
    assert_int_equal(turn.planned, 1);
    assert_int_equal(turn.led_since_ms, WALL - 77);
    assert_int_equal(turn.readings, 1);
    assert_int_equal(turn.views, 1);
    assert_int_equal(turn.logged, 1);
}

static void a_flight_is_counted_while_it_is_planned(void **state)
{
    struct ctl *c = *state;

    said.flight.present = true;
    event(c);
    assert_int_equal(c->in_flight, 1);
    said.flight.present = false;
    event(c);
    assert_int_equal(c->in_flight, 0);
}

static void put(struct ctl *c, enum kube_kind kind, const char *text)
{
    struct err e = {0};
    auto_json cJSON *doc = kube_object_parse(text, strlen(text), &e);
    struct object *o = object_read(kind, doc, text, strlen(text));

    CHECK(o && store_put(c->store, o, MONO), "%s", text);
    object_unref(o);
}

static void add_set(struct ctl *c, const char *name, const char *hash, int ready)
{
    struct arena a = {0};

    put(c, KIND_REPLICASET,
        json_fmt(&a,
                 "{'metadata':{'namespace':'shop','name':%q,'uid':%q,'resourceVersion':'7',"
                 "'labels':{'sluice.dev/of':'web'}},'spec':{'selector':{'matchLabels':{"
                 "'pod-template-hash':%q}}},'status':{'readyReplicas':%d}}",
                 name, name, hash, ready));
    arena_release(&a);
}

/* How many are ready tells whether the last list of them is old. */
static void pods_are_wanted_with_their_count(void **state)
{
    static const struct {
        const char *revision;
        size_t asks;
        int32_t ready;
    } rows[] = {{"h1", 1, 3},
                {"h2", 1, 5},
                {"h9", 1, 0},
                {NULL, 1, 0},
                {"h1", 0, PODS_ONLY_WHY},
                {NULL, 0, PODS_ONLY_WHY}};
    struct ctl *c = *state;

    add_set(c, "web-1", "h1", 3);
    add_set(c, "web-2", "h2", 5);
    for (size_t i = 0; i < COUNT(rows); i++) {
        plans(&nothing, NULL, PLAN_SLEEP);
        turn.plans[0].pods_of = rows[i].revision;
        turn.plans[0].ask_count = rows[i].asks;
        event(c);
        CHECK_TEXT(turn.pods_of, rows[i].revision ? rows[i].revision : "", "revision");
        CHECK(turn.pods_ready == rows[i].ready, "row %zu: %d ready", i, turn.pods_ready);
    }
}

/* ---- routes that were not read --------------------------------------------------------------- */

#define META(name, rv)                                                                             \
    "\"metadata\":{\"namespace\":\"shop\",\"name\":\"" name "\",\"uid\":\"u\","                    \
    "\"resourceVersion\":\"" rv "\""

static void name_a_route(struct ctl *c)
{
    put(c, KIND_ROLLOUT,
        "{" META("web", "6") "},\"spec\":{\"targetRef\":{\"name\":\"web\"},\"strategy\":{"
                             "\"canary\":{\"stableService\":\"web\",\"traffic\":[{"
                             "\"gatewayAPI\":{\"name\":\"edge\"}}]}}}}");
}

static void put_fence(struct ctl *c, const char *routes)
{
    struct arena a = {0};
    const char *record = arena_printf(
        &a, "{\"stable\":{\"revision\":\"h1\",\"template\":{\"spec\":{}}},\"routes\":[%s]}",
        routes);

    put(c, KIND_FENCE,
        json_fmt(&a,
                 "{'metadata':{'namespace':'shop','name':'web-sluice','uid':'f','resourceVersion':"
                 "'7','labels':{'sluice.dev/of':'web'},'annotations':{'sluice.dev/record':%q}}}",
                 record));
    arena_release(&a);
}

static void have_moved_a_route(struct ctl *c)
{
    put_fence(c, "{\"router\":\"gatewayAPI\",\"kind\":\"HTTPRoute\",\"name\":\"edge\",\"stable\":"
                 "\"web\"}");
}

static void have_moved_none(struct ctl *c)
{
    put_fence(c, "");
}

static void rest_on_none(struct ctl *c UNUSED) {}

/* A cache that is still being read, or not ours to read, does not say that a route is not there. */
static void who_rests_on_a_route_looks_where_none_is_read(void **state)
{
    static const struct {
        void (*have)(struct ctl *c);
        bool unread;
        int looks;
    } rows[] = {{rest_on_none, true, 0},       {have_moved_none, true, 0},
                {name_a_route, true, 1},       {name_a_route, false, 0},
                {have_moved_a_route, true, 1}, {have_moved_a_route, false, 0}};

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ctl *c;

        teardown(state);
        setup(state);
        c = *state;
        rows[i].have(c);
        turn.routes_unread = rows[i].unread;
        event(c);
        CHECK(turn.looks == rows[i].looks, "row %zu: %d looks", i, turn.looks);
        CHECK(turn.planned == 1 - rows[i].looks, "row %zu: %d plans", i, turn.planned);
    }
}

/* It may not look, either: that is told, on what the caches have. */
static void where_nobody_may_read_a_route_that_is_told(void **state)
{
    struct ctl *c = *state;

    name_a_route(c);
    turn.routes_unread = true;
    event(c);
    look_fails(ERR_DENIED, 0);
    event(c);
    assert_int_equal(turn.looks, 1);
    assert_int_equal(turn.planned, 1);
    assert_true(turn.refusal);
}

static void of_what_went_no_route_is_missed(void **state)
{
    struct ctl *c = *state;

    turn.routes_unread = true;
    store_remove(c->store, KIND_ROLLOUT, "shop", "web", "u", turn.mono);
    event(c);
    assert_int_equal(turn.looks + turn.planned, 0);
    assert_int_equal(queue_due_ms(c->queue), QUEUE_NEVER);
}

/* ---- long passes ----------------------------------------------------------------------------- */

/* Edited in the middle of each look, it is planned on the last one that a pass may take. */
static void looks_of_a_pass_are_bounded(void **state)
{
    struct ctl *c = *state;

    web(c)->needs_look = true;
    event(c);
    turn.pass->looks = PASS_LOOKS_MAX - 1;
    web(c)->needs_look = true;
    looked(1);
    assert_int_equal(turn.looks, 2);
    assert_int_equal(turn.planned, 0);
    web(c)->needs_look = true;
    looked(1);
    assert_int_equal(turn.looks, 2);
    assert_int_equal(turn.planned, 1);
}

/* It is due, but this pass has written enough: at once, after the others. */
static void a_report_after_a_long_pass_comes_next(void **state)
{
    struct ctl *c = *state;

    plans(&scale, NULL, PLAN_SLEEP);
    event(c);
    looked(1);
    turn.plans[0].action = report;
    said.display.status = "Holding";
    web(c)->report_since_ms = turn.mono - REPORT_DELAY_MS - 5;
    turn.pass->writes = PASS_WRITES_MAX;
    pass_plan(turn.pass);
    assert_int_equal(turn.sends, 1);
    assert_int_equal(c->passes, 0);
    assert_true(queue_due_ms(c->queue) <= turn.mono);
}

/* Plan after plan, a pass holds one of them. */
static void a_long_pass_holds_one_plan(void **state)
{
    struct ctl *c = *state;
    size_t used;

    plans(&scale, NULL, PLAN_SLEEP);
    event(c);
    looked(1);
    used = arena_used(&turn.pass->arena);
    for (int i = 0; i < 50; i++)
        pass_plan(turn.pass);
    assert_int_equal(arena_used(&turn.pass->arena), used);
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void refuse_to_write(struct ctl *c)
{
    struct err e = {0};

    err_set(&e, ERR_QUOTA, "full");
    refused_remember(&web(c)->refused, &scale, "patch replicasets", &e, WALL, turn.mono);
}

/* A read that works says nothing of a write. */
static void a_look_ends_no_refusal_of_a_write(void **state)
{
    struct ctl *c = *state;

    refuse_to_write(c);
    turn.mono = web(c)->refused.due_ms;
    plans(&scale, NULL, PLAN_SLEEP);
    event(c);
    looked(1);
    assert_true(web(c)->refused.present);
    assert_true(turn.refusal);
    assert_int_equal(turn.sends, 1);
}

static void a_look_that_works_ends_a_refusal_of_one(void **state)
{
    struct ctl *c = *state;

    web(c)->needs_look = true;
    event(c);
    look_fails(ERR_DENIED, 0);
    turn.mono = web(c)->refused.due_ms;
    event(c);
    looked(1);
    assert_int_equal(turn.planned, 1); /* at once without it */
    assert_false(turn.refusal);
}

/* The caches lag, and nobody may look: what they have is planned on, which tells why. */
static void where_nobody_may_look_lagging_caches_serve(void **state)
{
    struct ctl *c = *state;

    web(c)->needs_look = true;
    event(c);
    look_fails(ERR_DENIED, 0);
    barrier_wrote(&web(c)->barrier, KIND_REPLICASET, "9", turn.mono - BARRIER_WAIT_MS);
    key_barrier_changed(web(c));
    event(c);
    assert_int_equal(turn.looks, 1);
    assert_int_equal(c->metrics.barrier_looks, 0);
    assert_int_equal(turn.planned, 1);
    assert_true(turn.refusal);
}

/* ---- the end of a pass ----------------------------------------------------------------------- */

static void what_ends_for_good_is_not_queued(void **state)
{
    struct ctl *c = *state;

    web(c)->needs_look = true;
    store_remove(c->store, KIND_ROLLOUT, "shop", "web", "u", turn.mono);
    event(c);
    assert_int_equal(queue_stats(c->queue).depth, 0);
}

/* A pass that ended leaves a place: the next one is looked for at once. */
static void its_end_makes_room(void **state)
{
    struct ctl *c = *state;

    plans(&scale, NULL, PLAN_SLEEP);
    event(c);
    turn.pumps = 0;
    pass_end(turn.pass, turn.mono + HOUR_MS);
    assert_int_equal(turn.pumps, 1);
    assert_int_equal(turn.pump_ms, 0);
}

static void its_time_is_measured(void **state)
{
    struct ctl *c = *state;

    plans(&scale, NULL, PLAN_SLEEP);
    queue_add(c->queue, "shop/web", turn.mono, QUEUE_HIGH, "test");
    turn.mono += 40;
    passes_pump(c);
    looked(30);
    pass_end(turn.pass, QUEUE_NEVER);
    CHECK(c->metrics.queue_time.sum > 0.039 && c->metrics.queue_time.sum < 0.041, "waited %f",
          c->metrics.queue_time.sum);
    CHECK(c->metrics.pass_time.sum > 0.029 && c->metrics.pass_time.sum < 0.031, "took %f",
          c->metrics.pass_time.sum);
}

/* ---- full queues ----------------------------------------------------------------------------- */

static void add_many(struct ctl *c, int count)
{
    char name[32];

    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "shop/other%d", i);
        queue_add(c->queue, name, turn.mono, QUEUE_HIGH, "test");
    }
}

/* Then the loop has its turn: answers and signals are not kept waiting. */
static void so_many_in_one_turn(void **state)
{
    struct ctl *c = *state;

    add_many(c, PASSES_PER_TURN + 1);
    turn.mono += 5;
    passes_pump(c);
    assert_int_equal(queue_stats(c->queue).depth, 1);
    assert_int_equal(turn.pump_ms, 0);
    passes_pump(c);
    assert_int_equal(queue_stats(c->queue).depth, 0);
}

static void a_full_house_sets_no_pump(void **state)
{
    struct ctl *c = *state;

    add_many(c, 1);
    c->passes = PASSES_MAX;
    turn.pumps = 0;
    passes_pump(c);
    assert_int_equal(turn.pumps, 0);
    c->passes = 0;
    passes_pump(c);
    turn.pumps = 0;
    passes_pump(c); /* nor an empty queue */
    assert_int_equal(turn.pumps, 0);
}

static void a_lease_that_ran_out_stops_it(void **state)
{
    struct ctl *c = *state;

    c->lease = (struct lease *)&turn;
    event(c);
    assert_int_equal(turn.planned, 0);
    turn.lease_leads = true;
    passes_pump(c);
    assert_int_equal(turn.planned, 1);
    c->lease = NULL;
}

/* As many as there may be, wherever their keys are kept. */
static void all_looks_are_dropped_when_it_stops(void **state)
{
    struct ctl *c = *state;
    struct arena a = {0};

    for (int i = 0; i < PASSES_MAX; i++) {
        const char *name = arena_printf(&a, "r%d", i), *key = arena_printf(&a, "shop/r%d", i);

        put(c, KIND_ROLLOUT,
            json_fmt(&a,
                     "{'metadata':{'namespace':'shop','name':%q,'uid':%q,'resourceVersion':'7'},"
                     "'spec':{'targetRef':{'name':%q}}}",
                     name, name, name));
        key_of(c, store_get(c->store, KIND_ROLLOUT, "shop", name))->needs_look = true;
        queue_add(c->queue, key, turn.mono, QUEUE_HIGH, "test");
    }
    passes_pump(c);
    assert_int_equal(c->passes, PASSES_MAX);
    passes_stop(c, false);
    assert_int_equal(c->passes, 0);
    assert_int_equal(turn.cancelled_looks, PASSES_MAX);
    arena_release(&a);
}

static void what_is_stopped_takes_nothing_more(void **state)
{
    struct ctl *c = *state;

    passes_stop(c, false);
    assert_true(c->stopping);
    queue_add(c->queue, "shop/web", turn.mono, QUEUE_HIGH, "test");
    assert_int_equal(queue_stats(c->queue).depth, 0);
}

/* ---- what others wrote ----------------------------------------------------------------------- */

/* What the last look saw is not what is there now: a write rests on a new look. */
static void what_others_wrote_is_looked_at_first(void **state)
{
    static const struct {
        const char *rollout, *fence; /* as they were seen */
        int looks;
    } rows[] = {{"5", "", 0}, {"4", "", 1}, {"5", "7", 1}};
    struct ctl *c = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        plans(&decide, &nothing, PLAN_SLEEP);
        turn.looks = turn.sends = 0;
        key_knows(web(c), rows[i].rollout, rows[i].fence);
        web(c)->looked_ms = turn.mono;
        event(c);
        CHECK(turn.looks == rows[i].looks, "row %zu: %d looks", i, turn.looks);
        CHECK(turn.sends == 1 - rows[i].looks, "row %zu: %d sends", i, turn.sends);
        if (turn.looks)
            look_fails(ERR_RETRY, 0);
        else
            pass_plan(turn.pass);
        turn.mono += HOUR_MS;
    }
}

/* Of what has no version nobody can say that others wrote it. */
static void what_has_no_version_was_not_written(void **state)
{
    struct ctl *c = *state;

    put(c, KIND_ROLLOUT,
        "{\"metadata\":{\"namespace\":\"shop\",\"name\":\"web\",\"uid\":\"u\"},"
        "\"spec\":{\"targetRef\":{\"name\":\"web\"}}}");
    plans(&decide, NULL, PLAN_SLEEP);
    key_knows(web(c), "", "");
    web(c)->looked_ms = turn.mono;
    event(c);
    assert_int_equal(turn.looks, 0);
    assert_int_equal(turn.sends, 1);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_plan_knows_all_that_is_known),
        TEST(a_flight_is_counted_while_it_is_planned),
        TEST(pods_are_wanted_with_their_count),
        TEST(who_rests_on_a_route_looks_where_none_is_read),
        TEST(where_nobody_may_read_a_route_that_is_told),
        TEST(of_what_went_no_route_is_missed),
        TEST(looks_of_a_pass_are_bounded),
        TEST(a_report_after_a_long_pass_comes_next),
        TEST(a_long_pass_holds_one_plan),
        TEST(a_look_ends_no_refusal_of_a_write),
        TEST(a_look_that_works_ends_a_refusal_of_one),
        TEST(where_nobody_may_look_lagging_caches_serve),
        TEST(what_ends_for_good_is_not_queued),
        TEST(its_end_makes_room),
        TEST(its_time_is_measured),
        TEST(so_many_in_one_turn),
        TEST(a_full_house_sets_no_pump),
        TEST(a_lease_that_ran_out_stops_it),
        TEST(all_looks_are_dropped_when_it_stops),
        TEST(what_is_stopped_takes_nothing_more),
        TEST(what_others_wrote_is_looked_at_first),
        TEST(what_has_no_version_was_not_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

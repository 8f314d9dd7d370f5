/* SPDX-License-Identifier: Apache-2.0 */
/* One write of a pass: what is asked of the server, what its answer changes in all that is kept,
 * and what is told of it (C42, C49, C60). */
#include "send_bench.h"

/* ---- what is asked --------------------------------------------------------------------------- */

static void each_act_asks_at_its_place(void **state)
{
    static const struct {
        enum target target;
        const char *method, *name, *sub;
        enum kube_verb verb;
        const char *path;
    } rows[] = {
        {TARGET_ROLLOUT, "PATCH", "web", "status", KUBE_PATCH,
         "/apis/sluice.dev/v1beta1/namespaces/shop/rollouts/web/status"},
        {TARGET_DEPLOYMENT, "PATCH", "web", NULL, KUBE_PATCH,
         "/apis/apps/v1/namespaces/shop/deployments/web"},
        {TARGET_REPLICASET, "POST", "web-2", NULL, KUBE_POST,
         "/apis/apps/v1/namespaces/shop/replicasets"},
        {TARGET_FENCE, "DELETE", "web-sluice", NULL, KUBE_DELETE,
         "/apis/apps/v1/namespaces/shop/controllerrevisions/web-sluice"},
        {TARGET_SERVICE, "PATCH", "web", NULL, KUBE_PATCH, "/api/v1/namespaces/shop/services/web"},
        {TARGET_ROUTE, "PATCH", "web", NULL, KUBE_PATCH,
         "/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes/web"},
    };
    struct bench *b = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct action act = scale;

        act.target = rows[i].target;
        act.method = rows[i].method;
        act.name = rows[i].name;
        act.subresource = rows[i].sub;
        sends(b, &act);
        CHECK(noted.verb == rows[i].verb, "%s", rows[i].path);
        CHECK_TEXT(noted.path, rows[i].path, rows[i].method);
        CHECK_TEXT(noted.query, "fieldManager=sluice", rows[i].path);
        CHECK_TEXT(noted.type, "application/json-patch+json", rows[i].path);
        CHECK_TEXT(noted.body, "[]", rows[i].path);
    }
}

/* C49: each request costs, whatever becomes of it. */
static void a_write_costs_one_of_the_budget(void **state)
{
    struct bench *b = *state;

    b->key.budget_at_ms = clock_mono_ms() + MINUTE_MS; /* nothing grows */
    b->key.budget = 1;
    assert_true(key_may_write(&b->key, b->key.budget_at_ms));
    sends(b, &scale);
    assert_false(key_may_write(&b->key, b->key.budget_at_ms));
}

/* From the event to the first write that it led to; a report is not what one waits for. */
static void the_first_act_answers_the_event(void **state)
{
    struct bench *b = *state;

    b->key.woken_ms = clock_mono_ms() - 20;
    sends(b, &report);
    assert_int_equal(b->ctl.metrics.reaction.count, 0);
    assert_true(b->key.woken_ms > 0);
    sends(b, &scale);
    assert_int_equal(b->ctl.metrics.reaction.count, 1);
    assert_true(b->ctl.metrics.reaction.sum >= 0.02 && b->ctl.metrics.reaction.sum < 60);
    assert_int_equal(b->key.woken_ms, 0);
    sends(b, &scale);
    assert_int_equal(b->ctl.metrics.reaction.count, 1);
}

/* ---- it was done ----------------------------------------------------------------------------- */

/* C60: the answer is the newest word about that object, for this pass and for the cache, which
 * decides nothing until the watch has shown it too. */
static void the_answer_is_folded_in(void **state)
{
    struct bench *b = *state;

    b->pass.conflicts = 2;
    sends(b, &scale);
    answers(b, text_of(b, "ReplicaSet", "web-1", "17", OF_WEB));
    assert_int_equal(noted.plans, 1);
    assert_int_equal(noted.looks, 0);
    assert_int_equal(b->pass.writes, 1);
    assert_int_equal(b->pass.conflicts, 0);
    assert_false(b->pass.fresh);
    assert_true(b->pass.live);
    assert_int_equal(b->ctl.metrics.writes[ACT_RS_SCALE], 1);
    assert_string_equal(object_list_find(&b->pass.scene.sets, "web-1")->meta->rv, "17");
    assert_string_equal(stored(b, KIND_REPLICASET, "web-1")->meta->rv, "17");
    assert_int_equal(b->key.barrier.count, 1);
    assert_string_equal(b->key.barrier.entries[0].rv, "17");
    assert_ptr_equal(map_get(&b->ctl.closed, "shop/web"), &b->key);
}

/* A look serves later passes as long as nobody else writes: our own writes are known. */
static void what_was_written_is_known(void **state)
{
    struct bench *b = *state;

    sends(b, &report);
    answers(b, text_of(b, "Rollout", "web", "17", ""));
    assert_string_equal(b->key.known_rollout, b->pass.scene.rollout->meta->rv);
    assert_string_equal(b->key.known_fence, "");
    b->pass.moved = true; /* by others, which a report does not mind */
    sends(b, &report);
    answers(b, text_of(b, "Rollout", "web", "19", ""));
    assert_string_not_equal(b->key.known_rollout, b->pass.scene.rollout->meta->rv);
}

static void many_writes_are_counted_one_by_one(void **state)
{
    struct bench *b = *state;

    for (int i = 0; i < 3; i++) {
        sends(b, &scale);
        answers(b, text_of(b, "ReplicaSet", "web-1", arena_printf(&b->a, "%d", 20 + i), OF_WEB));
    }
    assert_int_equal(b->pass.writes, 3);
    assert_int_equal(b->ctl.metrics.writes[ACT_RS_SCALE], 3);
}

/* Done, but what it is now cannot be read: only a look can tell. */
static void an_unreadable_answer_is_looked_at(void **state)
{
    static const char *const bodies[] = {"<html>", "{\"kind\":\"ReplicaSet\"}",
                                         "{\"metadata\":{\"name\":\"web-1\"}}"};
    struct bench *b = *state;

    for (size_t i = 0; i < COUNT(bodies); i++) {
        b->key.needs_look = false;
        sends(b, &scale);
        answers(b, bodies[i]);
        CHECK(b->key.needs_look, "%s", bodies[i]);
        CHECK(noted.looks == (int)i + 1 && noted.plans == 0, "%s: %d looks", bodies[i],
              noted.looks);
    }
}

/* A pass that is to stop begins nothing: it plans, which ends it. */
static void stopping_looks_no_more(void **state)
{
    struct bench *b = *state;

    b->pass.stopping = true;
    sends(b, &scale);
    answers(b, "<html>");
    assert_int_equal(noted.looks, 0);
    assert_int_equal(noted.plans, 1);
    assert_true(b->key.needs_look);
}

/* ---- it is gone ------------------------------------------------------------------------------ */

static void check_gone(struct bench *b, bool gone, const char *row)
{
    CHECK((stored(b, KIND_REPLICASET, "web-1") == NULL) == gone, "%s: store", row);
    CHECK((object_list_find(&b->pass.scene.sets, "web-1") == NULL) == gone, "%s: scene", row);
    CHECK(store_is_gone(b->ctl.store, "u-web-1") == gone, "%s: grave", row);
    CHECK(b->key.barrier.count == 1, "%s: barrier", row);
    CHECK((b->key.barrier.entries[0].uid != NULL) == gone, "%s: barrier", row);
}

static void deleted_by_status(void **state)
{
    struct bench *b = *state;

    sends(b, &drop);
    answers(b, "{\"kind\":\"Status\",\"status\":\"Success\"}");
    check_gone(b, true, "Status");
    assert_string_equal(b->key.barrier.entries[0].uid, "u-web-1");
    assert_int_equal(noted.plans, 1);
}

static void deleted_by_object(void **state)
{
    sends(*state, &drop);
    answers(*state, text_of(*state, "ReplicaSet", "web-1", "18", OF_WEB));
    check_gone(*state, true, "object");
}

#define FINALIZER ",\"finalizers\":[\"a/b\"]"
#define DELETING  ",\"deletionTimestamp\":\"2026-11-28T01:00:00Z\""

static void deleted_later_by_its_finalizer(void **state)
{
    sends(*state, &drop);
    answers(*state, text_of(*state, "ReplicaSet", "web-1", "18", OF_WEB FINALIZER DELETING));
    check_gone(*state, false, "held");
}

static void gone_with_its_last_finalizer(void **state)
{
    sends(*state, &scale);
    answers(*state, text_of(*state, "ReplicaSet", "web-1", "18", OF_WEB DELETING));
    check_gone(*state, true, "let go");
}

static void patched_and_not_gone(void **state)
{
    sends(*state, &scale);
    answers(*state, text_of(*state, "ReplicaSet", "web-1", "18", OF_WEB));
    check_gone(*state, false, "patched");
}

/* Then there is nothing to wait for any more. */
static void the_watch_was_faster(void **state)
{
    struct bench *b = *state;

    sends(b, &drop);
    store_remove(b->ctl.store, KIND_REPLICASET, "shop", "web-1", "u-web-1", 2);
    answers(b, "{\"kind\":\"Status\"}");
    assert_int_equal(b->key.barrier.count, 0);
    assert_int_equal(b->ctl.closed.count, 0);
    assert_null(object_list_find(&b->pass.scene.sets, "web-1"));
}

/* ---- what a success ends --------------------------------------------------------------------- */

static void only_a_status_answers_a_report(void **state)
{
    struct bench *b = *state;
    struct action decide = report;
    const char *rollout = text_of(b, "Rollout", "web", "30", "");

    decide.act = ACT_DECIDE;
    b->key.report_since_ms = 77;
    sends(b, &scale);
    answers(b, text_of(b, "ReplicaSet", "web-1", "31", OF_WEB));
    assert_int_equal(b->key.report_since_ms, 77);
    sends(b, &decide);
    answers(b, rollout);
    assert_int_equal(b->key.report_since_ms, 0);
    b->key.report_since_ms = 78;
    sends(b, &report);
    answers(b, rollout);
    assert_int_equal(b->key.report_since_ms, 0);
}

static void events_follow_their_write(void **state)
{
    struct bench *b = *state;

    b->plan.events[0] = (struct plan_event){"Normal", REASON_PROMOTED, "it is out"};
    b->plan.events[1] = (struct plan_event){"Warning", REASON_GATE_FAILED, "it is bad"};
    b->plan.event_count = 2;
    sends(b, &scale);
    assert_int_equal(noted.event_count, 0);
    answers(b, text_of(b, "ReplicaSet", "web-1", "18", OF_WEB));
    assert_int_equal(noted.event_count, 2);
    assert_int_equal(noted.events[0].type, EVENT_NORMAL);
    assert_int_equal(noted.events[1].type, EVENT_WARNING);
    assert_string_equal(noted.events[0].note, "it is out");
    assert_string_equal(noted.events[1].reason, reason_name(REASON_GATE_FAILED));
    assert_string_equal(noted.events[1].action, act_name(ACT_RS_SCALE));
    assert_string_equal(noted.events[1].uid, "u-web");
    sends(b, &scale);
    fails_with(b, ERR_CONFLICT, 0);
    assert_int_equal(noted.event_count, 2); /* of what was not written nothing is told */
}

static void of_a_rollout_that_is_gone_nothing_is_told(void **state)
{
    struct bench *b = *state;

    b->plan.events[0] = (struct plan_event){"Normal", REASON_PROMOTED, "it is out"};
    b->plan.event_count = 1;
    scene_remove(&b->pass.scene, KIND_ROLLOUT, "web");
    sends(b, &scale);
    answers(b, text_of(b, "ReplicaSet", "web-1", "18", OF_WEB));
    assert_int_equal(noted.event_count, 0);
}

/* What was done is told; how far it is, and that somebody was faster, is nobody's alarm. */
static void each_write_is_logged_by_its_weight(void **state)
{
    struct bench *b = *state;
    const enum log_level told = LOG_INFO, alarm = LOG_WARN, detail = LOG_DEBUG;

    sends(b, &scale);
    answers(b, text_of(b, "ReplicaSet", "web-1", "17", OF_WEB));
    assert_int_equal(noted.logged, 1);
    assert_int_equal(noted.level, told);
    sends(b, &report);
    answers(b, text_of(b, "Rollout", "web", "30", ""));
    assert_int_equal(noted.logged, 2);
    assert_int_equal(noted.level, detail);
    sends(b, &scale);
    fails_with(b, ERR_CONFLICT, 0);
    assert_int_equal(noted.logged, 3);
    assert_int_equal(noted.level, told);
    sends(b, &scale);
    fails_with(b, ERR_DENIED, 0);
    assert_int_equal(noted.logged, 4);
    assert_int_equal(noted.level, alarm);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_act_asks_at_its_place),
        TEST(a_write_costs_one_of_the_budget),
        TEST(the_first_act_answers_the_event),
        TEST(the_answer_is_folded_in),
        TEST(what_was_written_is_known),
        TEST(many_writes_are_counted_one_by_one),
        TEST(an_unreadable_answer_is_looked_at),
        TEST(stopping_looks_no_more),
        TEST(deleted_by_status),
        TEST(deleted_by_object),
        TEST(deleted_later_by_its_finalizer),
        TEST(gone_with_its_last_finalizer),
        TEST(patched_and_not_gone),
        TEST(the_watch_was_faster),
        TEST(only_a_status_answers_a_report),
        TEST(events_follow_their_write),
        TEST(of_a_rollout_that_is_gone_nothing_is_told),
        TEST(each_write_is_logged_by_its_weight),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

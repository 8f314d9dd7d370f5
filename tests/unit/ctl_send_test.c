/* SPDX-License-Identifier: Apache-2.0 */
/* One write of a pass: what is asked of the server, what its answer changes in all that is kept,
 * and how the pass goes on. The pass itself and the client are this file: they note what they are
 * asked to do (C10, C42, C45, C49, C60, C61). */
#include "../../src/ctl/pass.h"
#include "check.h"
#include "sluice/json/jfmt.h"
#include "sluice/kube/watch.h"

#include <stdio.h>

#define EVENTS_MAX 4

static struct noted {
    enum kube_verb verb;
    char path[200], query[80], body[80], type[80];
    kube_done *done;
    void *arg;
    int plans, looks, ends;
    int64_t due_ms, at_least_ms;
    bool failed;
    struct {
        char uid[16], reason[40], action[40], note[80];
        enum event_type type;
    } events[EVENTS_MAX];
    int event_count;
    int logged; /* lines, and the level of the last one */
    enum log_level level;
} noted;

/* Whoever calls these gets ours (ld --wrap; CMake sees the names). */
__typeof__(kube_send) __wrap_kube_send;
__typeof__(kube_cancel) __wrap_kube_cancel;
__typeof__(kube_event) __wrap_kube_event;
__typeof__(pass_plan) __wrap_pass_plan;
__typeof__(pass_look) __wrap_pass_look;
__typeof__(pass_end) __wrap_pass_end;
__typeof__(pass_fail) __wrap_pass_fail;
__typeof__(passes_kick) __wrap_passes_kick;
__typeof__(log_line) __wrap_log_line;

struct kube_call *__wrap_kube_send(struct kube_client *c UNUSED, const struct kube_request *req,
                                   kube_done *done, void *arg)
{
    noted.verb = req->verb;
    snprintf(noted.path, sizeof(noted.path), "%s", req->path);
    snprintf(noted.query, sizeof(noted.query), "%s", req->query ? req->query : "");
    snprintf(noted.body, sizeof(noted.body), "%s", req->body ? req->body : "");
    snprintf(noted.type, sizeof(noted.type), "%s", req->content_type ? req->content_type : "");
    noted.done = done;
    noted.arg = arg;
    return (struct kube_call *)&noted;
}

void __wrap_kube_cancel(struct kube_call *call UNUSED) {}

void __wrap_kube_event(struct recorder *r UNUSED, const struct kube_ref *regarding,
                       enum event_type type, const char *reason, const char *action,
                       const char *note)
{
    const int i = noted.event_count++;

    CHECK(i < EVENTS_MAX, "%d events", i);
    snprintf(noted.events[i].uid, sizeof(noted.events[i].uid), "%s", regarding->uid);
    snprintf(noted.events[i].reason, sizeof(noted.events[i].reason), "%s", reason);
    snprintf(noted.events[i].action, sizeof(noted.events[i].action), "%s", action);
    snprintf(noted.events[i].note, sizeof(noted.events[i].note), "%s", note);
    noted.events[i].type = type;
}

void __wrap_pass_plan(struct pass *p UNUSED)
{
    noted.plans++;
}

void __wrap_pass_look(struct pass *p UNUSED)
{
    noted.looks++;
}

void __wrap_pass_end(struct pass *p UNUSED, int64_t due_ms)
{
    noted.ends++;
    noted.due_ms = due_ms;
}

void __wrap_pass_fail(struct pass *p UNUSED, int64_t at_least_ms, const char *why UNUSED)
{
    noted.failed = true;
    noted.at_least_ms = at_least_ms;
}

void __wrap_passes_kick(struct ctl *c UNUSED) {}

void __wrap_log_line(enum log_level level, const char *msg UNUSED, ...)
{
    noted.logged++;
    noted.level = level;
}

/* ---- a pass on one Rollout, its Deployment and a ReplicaSet ---------------------------------- */

struct bench {
    struct ctl ctl;
    struct key key;
    struct pass pass;
    struct plan plan;
    struct arena a;
};

static void on_woken(void *arg UNUSED, const struct object *rollout UNUSED,
                     enum kube_kind by UNUSED)
{
}

static void on_gone(void *arg UNUSED, const struct object *rollout UNUSED) {}

static const char *text_of(struct bench *b, const char *kind, const char *name, const char *rv,
                           const char *more)
{
    return json_fmt(&b->a,
                    "{'kind':%q,'metadata':{'namespace':'shop','name':%q,'uid':'u-%s',"
                    "'resourceVersion':%q%r}}",
                    kind, name, name, rv, more);
}

static void have(struct bench *b, enum kube_kind kind, const char *text)
{
    struct err e = {0};
    auto_json cJSON *doc = kube_object_parse(text, strlen(text), &e);
    struct object *o = object_read(kind, doc, text, strlen(text));

    CHECK(o, "%s", text);
    scene_put(&b->pass.scene, o);
    CHECK(store_put(b->ctl.store, o, 1), "%s is not kept", text);
    object_unref(o);
}

#define OF_WEB                                                                                     \
    ",\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"name\":\"web\","  \
    "\"uid\":\"u-web\",\"controller\":true}]"

static int setup(void **state)
{
    struct bench *b = xcalloc(1, sizeof(*b));
    const struct store_listener listener = {.woken = on_woken, .gone = on_gone, .arg = b};
    const char *rollout;

    log_set_level(LOG_ERROR);
    noted = (struct noted){0};
    b->ctl.store = store_new(&listener);
    b->ctl.queue = queue_new(1);
    b->key = (struct key){
        .ctl = &b->ctl, .name = xstrdup("shop/web"), .ns = xstrdup("shop"), .rollout = "web"};
    b->key.budget = 10;
    b->pass = (struct pass){.ctl = &b->ctl, .key = &b->key, .plan = &b->plan};
    b->pass.live = b->pass.fresh = true;
    b->plan.rule = "test";
    rollout = "{\"kind\":\"Rollout\",\"metadata\":{\"namespace\":\"shop\",\"name\":\"web\","
              "\"uid\":\"u-web\",\"resourceVersion\":\"5\"},\"spec\":{\"targetRef\":{\"name\":"
              "\"web\"}}}";
    have(b, KIND_ROLLOUT, rollout);
    have(b, KIND_DEPLOYMENT, text_of(b, "Deployment", "web", "6", ""));
    have(b, KIND_REPLICASET, text_of(b, "ReplicaSet", "web-1", "7", OF_WEB));
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;

    scene_release(&b->pass.scene);
    key_knows(&b->key, NULL, NULL);
    barrier_release(&b->key.barrier);
    refused_clear(&b->key.refused);
    map_release(&b->ctl.closed);
    queue_free(b->ctl.queue);
    store_free(b->ctl.store);
    arena_release(&b->pass.arena);
    arena_release(&b->a);
    free(b->key.name);
    free(b->key.ns);
    free(b);
    return 0;
}

static const struct action scale = {.act = ACT_RS_SCALE,
                                    .target = TARGET_REPLICASET,
                                    .ns = "shop",
                                    .name = "web-1",
                                    .uid = "u-web-1",
                                    .method = "PATCH",
                                    .query = "fieldManager=sluice",
                                    .content_type = "application/json-patch+json",
                                    .body = "[]"};
static const struct action report = {.act = ACT_REPORT,
                                     .target = TARGET_ROLLOUT,
                                     .ns = "shop",
                                     .name = "web",
                                     .uid = "u-web",
                                     .method = "PATCH",
                                     .subresource = "status",
                                     .body = "{}"};
static const struct action drop = {.act = ACT_RS_DELETE,
                                   .target = TARGET_REPLICASET,
                                   .ns = "shop",
                                   .name = "web-1",
                                   .uid = "u-web-1",
                                   .method = "DELETE",
                                   .body = "{}"};

static void sends(struct bench *b, const struct action *act)
{
    b->plan.action = *act;
    pass_send(&b->pass);
    assert_ptr_equal(b->pass.call, &noted);
}

static void answers(struct bench *b, const char *body)
{
    const struct kube_reply reply = {.code = 200, .body = body, .len = strlen(body)};

    noted.done(&reply, noted.arg);
    assert_null(b->pass.call);
}

static void fails_with(struct bench *b, enum err_kind kind, int retry_after_s)
{
    struct kube_reply reply = {.code = 500, .body = "", .len = 0};

    err_set(&reply.err, kind, "no");
    reply.err.retry_after_s = retry_after_s;
    noted.done(&reply, noted.arg);
    assert_null(b->pass.call);
}

static const struct object *stored(struct bench *b, enum kube_kind kind, const char *name)
{
    return store_get(b->ctl.store, kind, "shop", name);
}

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

static void refuse(struct bench *b, const struct action *act)
{
    struct err e = {0};

    err_set(&e, ERR_QUOTA, "full");
    refused_remember(&b->key.refused, act, "patch replicasets", &e, 1, 1);
}

/* C45: what was refused stands until something else goes through, and telling of it is nothing. */
static void a_refusal_ends_with_the_next_act(void **state)
{
    struct bench *b = *state;

    refuse(b, &scale);
    sends(b, &report);
    answers(b, text_of(b, "Rollout", "web", "30", ""));
    assert_true(b->key.refused.present);
    sends(b, &drop);
    answers(b, "{\"kind\":\"Status\"}");
    assert_false(b->key.refused.present);
    refuse(b, &report);
    sends(b, &report);
    answers(b, text_of(b, "Rollout", "web", "31", ""));
    assert_false(b->key.refused.present);
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

/* ---- it failed ------------------------------------------------------------------------------- */

static void each_failure_has_its_reaction(void **state)
{
    enum { LOOKS, ENDS, FAILS };
    static const struct {
        enum err_kind kind;
        int then;
    } rows[] = {{ERR_CONFLICT, LOOKS}, {ERR_NOT_FOUND, LOOKS}, {ERR_GONE, LOOKS},
                {ERR_EXISTS, LOOKS},   {ERR_UNKNOWN, FAILS},   {ERR_RETRY, FAILS},
                {ERR_DENIED, ENDS},    {ERR_QUOTA, ENDS},      {ERR_INVALID, ENDS}};
    struct bench *b = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *name = err_kind_name(rows[i].kind);

        noted = (struct noted){0};
        b->pass.conflicts = 0;
        b->key.needs_look = false;
        b->key.open_until_ms = 0;
        sends(b, &scale);
        fails_with(b, rows[i].kind, 0);
        CHECK((b->key.open_until_ms > 0) == (rows[i].kind == ERR_UNKNOWN), "%s: open", name);
        CHECK(b->key.open_until_ms <= clock_mono_ms() + KUBE_WRITE_TIMEOUT_MS, "%s: open", name);
        CHECK((noted.looks == 1) == (rows[i].then == LOOKS), "%s: look", name);
        CHECK((noted.ends == 1) == (rows[i].then == ENDS), "%s: end", name);
        CHECK(noted.failed == (rows[i].then == FAILS), "%s: fail", name);
        CHECK(noted.plans == 0, "%s: planned on what is not known", name);
        CHECK(b->key.needs_look == (rows[i].then != ENDS && rows[i].kind != ERR_CONFLICT),
              "%s: C61", name);
        CHECK(b->key.refused.present == (rows[i].then == ENDS), "%s: remembered", name);
        refused_clear(&b->key.refused);
    }
    assert_int_equal(b->pass.writes, 0);
    assert_int_equal(b->ctl.metrics.conflicts, 1);
    assert_int_equal(b->ctl.metrics.unknown, 1);
    assert_int_equal(b->ctl.metrics.refused, 3);
    assert_int_equal(b->key.barrier.count, 0);
}

/* What the server asks for in Retry-After is kept (C74). */
static void backs_off_as_long_as_asked(void **state)
{
    struct bench *b = *state;

    sends(b, &scale);
    fails_with(b, ERR_RETRY, 7);
    assert_int_equal(noted.at_least_ms, 7 * SECOND_MS);
}

static void conflicts_in_a_row_end_the_pass(void **state)
{
    struct bench *b = *state;

    for (int i = 0; i < CONFLICTS_MAX; i++) {
        sends(b, &scale);
        fails_with(b, ERR_CONFLICT, 0);
        assert_int_equal(noted.looks, i + 1);
        assert_false(noted.failed);
    }
    sends(b, &scale);
    fails_with(b, ERR_CONFLICT, 0);
    assert_int_equal(noted.looks, CONFLICTS_MAX);
    assert_true(noted.failed);
}

/* Another operator creates the same: what it was quicker with is no stranger's. */
static void each_create_may_be_there_once(void **state)
{
    struct bench *b = *state;

    sends(b, &scale);
    fails_with(b, ERR_CONFLICT, 0);
    sends(b, &scale);
    fails_with(b, ERR_EXISTS, 0);
    sends(b, &drop);
    fails_with(b, ERR_EXISTS, 0);
    assert_int_equal(noted.looks, 3);
    assert_false(b->key.refused.present);
    sends(b, &drop);
    fails_with(b, ERR_EXISTS, 0);
    assert_true(b->key.refused.present);
}

static void stopping_a_failure_ends(void **state)
{
    struct bench *b = *state;

    b->pass.stopping = true;
    sends(b, &scale);
    fails_with(b, ERR_CONFLICT, 0);
    assert_int_equal(noted.looks, 0);
    assert_true(noted.failed);
    assert_true(b->key.needs_look);
}

static void a_conflict_takes_back_no_need_to_look(void **state)
{
    struct bench *b = *state;

    b->key.needs_look = true;
    sends(b, &scale);
    fails_with(b, ERR_CONFLICT, 0);
    assert_true(b->key.needs_look);
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

static void a_refusal_says_what_was_refused(void **state)
{
    struct bench *b = *state;
    struct refusal r;

    sends(b, &drop);
    fails_with(b, ERR_DENIED, 0);
    r = refused_view(&b->key.refused);
    assert_true(r.present);
    assert_int_equal(r.kind, ERR_DENIED);
    assert_string_equal(r.what, "delete replicasets");
    assert_string_equal(r.text, "no");
    assert_true(noted.due_ms <= clock_mono_ms()); /* planned at once: the status says so */
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
        TEST(a_refusal_ends_with_the_next_act),
        TEST(events_follow_their_write),
        TEST(of_a_rollout_that_is_gone_nothing_is_told),
        TEST(each_failure_has_its_reaction),
        TEST(backs_off_as_long_as_asked),
        TEST(conflicts_in_a_row_end_the_pass),
        TEST(each_create_may_be_there_once),
        TEST(stopping_a_failure_ends),
        TEST(a_conflict_takes_back_no_need_to_look),
        TEST(each_write_is_logged_by_its_weight),
        TEST(a_refusal_says_what_was_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

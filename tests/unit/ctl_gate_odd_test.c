/* SPDX-License-Identifier: Apache-2.0 */
/* The gate runner at what is seldom: asks that change, that lack something, or that are many. */
#include "gate_fixture.h"

#include "check.h"
#include "sluice/net/grpc.h"
#include "sluice/net/http.h"
#include "sluice/net/tcp.h"

__typeof__(timer_move) __wrap_timer_move;
__typeof__(timer_move) __real_timer_move;

static int64_t longest_ms; /* that a timer was set to */

void __wrap_timer_move(struct timer *timer, int64_t delay_ms)
{
    longest_ms = max_i64(longest_ms, delay_ms);
    __real_timer_move(timer, delay_ms);
}

/* Requests and connections whose end this file says. */
static struct caught {
    bool on;
    void (*http)(const struct http_result *result, void *arg);
    void (*tcp)(const struct err *e, void *arg);
    void *arg;
    char url[128];
} caught;

__typeof__(http_send) __wrap_http_send;
__typeof__(http_send) __real_http_send;
__typeof__(tcp_check) __wrap_tcp_check;
__typeof__(tcp_check) __real_tcp_check;

struct http_call *__wrap_http_send(struct http_pool *pool, const struct http_request *req,
                                   void (*done)(const struct http_result *result, void *arg),
                                   void *arg)
{
    if (!caught.on)
        return __real_http_send(pool, req, done, arg);
    caught.http = done;
    caught.arg = arg;
    snprintf(caught.url, sizeof(caught.url), "%s", req->url);
    return (struct http_call *)&caught;
}

struct tcp_check *__wrap_tcp_check(struct loop *l, const char *host, int port, int64_t timeout_ms,
                                   bool (*allow)(const struct sockaddr *address, void *arg),
                                   void *allow_arg, void (*done)(const struct err *e, void *arg),
                                   void *arg)
{
    if (!caught.on)
        return __real_tcp_check(l, host, port, timeout_ms, allow, allow_arg, done, arg);
    caught.tcp = done;
    caught.arg = arg;
    return (struct tcp_check *)&caught;
}

static struct ask_pod *pods_of(struct ask *ask)
{
    return (struct ask_pod *)(uintptr_t)ask->pods;
}

static size_t readings(void)
{
    const struct reading *all;

    return gate_readings(runner, "shop/web", &arena, &all);
}

static bool all_answered(void *arg UNUSED)
{
    const struct reading *all;
    const size_t count = gate_readings(runner, "shop/web", &arena, &all);
    size_t answered = 0;

    for (size_t i = 0; i < count; i++)
        answered += all[i].at_ms != 0;
    return answered == count;
}

static bool one_is_left(void *arg UNUSED)
{
    return readings() == 1;
}

static bool none_is_left(void *arg UNUSED)
{
    return readings() == 0;
}

/* --- asks that change ------------------------------------------------------------------------- */

/* A bound is part of what a gate is: the counts of another one are not its own. */
static void another_bound_is_another_question(void **state UNUSED)
{
    struct ask ask = metric_ask("/0.2");

    spec_of(&ask)->metric.has_max = false;
    spec_of(&ask)->metric.has_min = true;
    spec_of(&ask)->metric.min = "0.1";
    (void)ask_once(ask, 3000);
    spec_of(&ask)->metric.min = "0.15";
    gate_run(runner, "shop/web", &ask, 1);
    assert_int_equal(reading("shop/web").at_ms, 0);
    assert_int_equal(readings(), 1);
}

static void another_revision_is_another_question(void **state UNUSED)
{
    struct ask ask = probe_ask(PROBE_HTTP, "/ok", 1);

    (void)ask_once(ask, 3000);
    ask.revision = "s1-b";
    gate_run(runner, "shop/web", &ask, 1);
    assert_int_equal(readings(), 2);
    assert_string_equal(reading("shop/web").revision, "s1-b");
    assert_int_equal(reading("shop/web").at_ms, 0);
}

/* Pods come and go under one question: the next round asks those of the newest plan. */
static void other_pods_are_asked_from_the_next_round_on(void **state UNUSED)
{
    struct ask ask = probe_ask(PROBE_HTTP, "/ok", 1), more = probe_ask(PROBE_HTTP, "/ok", 2);
    struct ask most = probe_ask(PROBE_HTTP, "/ok", 3);

    spec_of(&ask)->probe.every_ms = 200;
    more.gate = most.gate = ask.gate;
    (void)ask_once(ask, 3000);
    gate_run(runner, "shop/web", &more, 1);
    gate_run(runner, "shop/web", &most, 1);
    gate_run(runner, "shop/web", &most, 1);
    wait_answers("shop/web", 2, 3000);
    assert_reading(reading("shop/web"), 2, 0, 0, "GET /ok gives 200 on 3 of 3 pods");
}

/* Left and asked again before its first round: that is due at once, not when it would be forgotten.
 */
static void asked_again_it_is_asked_at_once(void **state UNUSED)
{
    const struct ask ask = probe_ask(PROBE_HTTP, "/ok", 1);

    gate_run(runner, "shop/web", &ask, 1);
    gate_run(runner, "shop/web", NULL, 0);
    assert_reading(ask_once(ask, 2000), 1, 0, 0, "GET /ok gives 200 on 1 of 1 pods");
}

/* ... and in the middle of a round, that one goes on: no second beside it. */
static void asked_again_in_a_round_it_has_one(void **state UNUSED)
{
    const struct ask ask = probe_ask(PROBE_HTTP, "/slow", 1);

    gate_run(runner, "shop/web", &ask, 1);
    await(has_come, "the first round");
    gate_run(runner, "shop/web", NULL, 0);
    gate_run(runner, "shop/web", &ask, 1);
    assert_int_equal(gate_stats(runner).open, 1);
    wait_answers("shop/web", 1, 20000);
    assert_int_equal(reading("shop/web").bad, 1);
    assert_int_equal(gate_stats(runner).open, 0);
    assert_int_equal(server.hits, 1);
}

/* Left in the middle of a round: its answer counts, and no plan is waked for it. */
static void what_was_left_is_counted_to_its_end(void **state UNUSED)
{
    const struct ask ask = probe_ask(PROBE_HTTP, "/slow", 1);

    gate_run(runner, "shop/web", &ask, 1);
    await(has_come, "the round");
    gate_run(runner, "shop/web", NULL, 0);
    longest_ms = 0;
    wait_answers("shop/web", 1, 20000);
    assert_int_equal(reading("shop/web").bad, 1);
    assert_int_equal(answered_count, 0);
    assert_int_equal(longest_ms, GATE_KEEP_MS); /* so long it is known */
}

/* --- asks that lack something ----------------------------------------------------------------- */

static void what_lacks_something_is_told(void **state UNUSED)
{
    struct ask ask = metric_ask("/0.2");

    ask.address = "";
    assert_reading(ask_once(ask, 3000), 0, 0, 1, "no address to ask");
    gate_forget(runner, "shop/web");
    ask = metric_ask("/0.2");
    ask.query = "";
    assert_reading(ask_once(ask, 3000), 0, 0, 1, "the query is empty");
    assert_int_equal(server.hits, 0);
}

static void a_pod_without_an_address_is_no_failure(void **state UNUSED)
{
    struct ask ask = probe_ask(PROBE_HTTP, "/ok", 1);
    struct reading r;

    pods_of(&ask)[0].ip = NULL;
    pods_of(&ask)[0].port = 80;
    r = ask_once(ask, 3000);
    assert_int_equal(r.errors, 1);
    assert_int_equal(r.bad, 0);
    assert_non_null(strstr(r.message, "no address: - port 80"));
    pass_time(50);
    assert_int_equal(answered_count, 1); /* it is asked again in its time, not at once */
}

static void a_service_name_that_does_not_fit_is_no_failure(void **state UNUSED)
{
    struct ask ask = probe_ask(PROBE_GRPC, NULL, 1);
    char name[(GRPC_SERVICE_MAX + 1) + 1];
    struct reading r;

    memset(name, 'x', (GRPC_SERVICE_MAX + 1));
    name[(GRPC_SERVICE_MAX + 1)] = '\0';
    spec_of(&ask)->probe.service = name;
    r = ask_once(ask, 3000);
    assert_int_equal(r.errors, 1); /* no word about the pod */
    assert_int_equal(r.bad, 0);
    assert_int_equal(server.hits, 0);
}

static void a_probe_without_patience_has_one(void **state UNUSED)
{
    struct ask ask = probe_ask(PROBE_HTTP, "/hang", 1);

    spec_of(&ask)->probe.timeout_ms = 0;
    assert_int_equal(ask_once(ask, 20000).bad, 1);
    assert_int_equal(server.hits, 1);
}

/* Without a pace it is not asked without a pause. */
static void pace_has_a_default(void **state UNUSED)
{
    struct ask probe = probe_ask(PROBE_HTTP, "/ok", 1), query = metric_ask("/low");

    spec_of(&probe)->probe.every_ms = 0;
    spec_of(&query)->metric.every_ms = 0;
    longest_ms = 0;
    assert_int_equal(ask_once(probe, 20000).good, 1);
    assert_true(longest_ms > GATE_PROBE_TIMEOUT_MS && longest_ms <= 10 * SECOND_MS);
    gate_forget(runner, "shop/web");
    longest_ms = 0;
    assert_int_equal(ask_once(query, 20000).good, 1);
    assert_true(longest_ms > GATE_QUERY_TIMEOUT_MS && longest_ms <= 30 * SECOND_MS);
}

static bool is_caught(void *arg UNUSED)
{
    return caught.arg != NULL;
}

static void ends_with(enum err_kind kind, bool sent)
{
    struct http_result result = {.body = "", .grpc_status = -1, .sent = sent};

    err_set(&result.err, kind, "it is so");
    if (caught.tcp)
        caught.tcp(&result.err, caught.arg);
    else
        caught.http(&result, caught.arg);
    caught = (struct caught){0};
}

/* The method of the service that gRPC servers have for it, and nothing beside. */
static void health_is_asked_by_its_name(void **state UNUSED)
{
    const struct ask ask = probe_ask(PROBE_GRPC, NULL, 1);
    char want[128];

    caught.on = true;
    gate_run(runner, "shop/web", &ask, 1);
    await(is_caught, "to be asked");
    snprintf(want, sizeof(want), "http://127.0.0.1:%d/grpc.health.v1.Health/Check", server.port);
    assert_string_equal(caught.url, want);
    ends_with(ERR_RETRY, true);
}

/* A fault of ours, or of the spec, is no word about the pod; what came from the pod is. */
static void whose_fault_it_is(void **state UNUSED)
{
    static const struct {
        enum probe_kind probe;
        enum err_kind kind;
        bool sent, ours;
    } rows[] = {
        {PROBE_TCP, ERR_BUG, false, true},      {PROBE_TCP, ERR_INVALID, false, true},
        {PROBE_TCP, ERR_RETRY, false, false},   {PROBE_HTTP, ERR_BUG, false, true},
        {PROBE_HTTP, ERR_INVALID, true, false}, {PROBE_HTTP, ERR_RETRY, true, false},
        {PROBE_GRPC, ERR_BUG, false, true},     {PROBE_GRPC, ERR_INVALID, false, true},
        {PROBE_GRPC, ERR_INVALID, true, false}, {PROBE_GRPC, ERR_RETRY, false, false},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct ask ask = probe_ask(rows[i].probe, "/ok", 1);
        struct reading r;

        caught.on = true;
        gate_run(runner, "shop/web", &ask, 1);
        await(is_caught, "to be asked");
        ends_with(rows[i].kind, rows[i].sent);
        r = reading("shop/web");
        CHECK(r.errors == rows[i].ours && r.bad == !rows[i].ours && r.good == 0,
              "row %zu: %d errors, %d bad: %s", i, r.errors, r.bad, r.message);
        CHECK(strstr(r.message, "it is so"), "row %zu: %s", i, r.message);
        gate_forget(runner, "shop/web");
    }
}

/* An address without a scheme has a lane, too, and its answer or error is counted. */
static void an_address_without_a_scheme_is_asked_or_fails(void **state UNUSED)
{
    struct ask ask = metric_ask("/0.2");
    struct reading r;

    ask.address = arena_printf(&arena, "127.0.0.1:%d", rude_closed_port());
    r = ask_once(ask, 3000);
    assert_int_equal(r.errors, 1);
    assert_int_equal(r.good, 0);
}

/* --- many ------------------------------------------------------------------------------------- */

static void of_many_headers_only_so_many_are_sent(void **state UNUSED)
{
    struct ask ask = probe_ask(PROBE_HTTP, "/ok", 1);
    struct pair headers[40];

    for (size_t i = 0; i < COUNT(headers); i++)
        headers[i] = (struct pair){arena_printf(&arena, "X-Nr-%zu-", i), "1"};
    spec_of(&ask)->probe.headers = headers;
    spec_of(&ask)->probe.header_count = COUNT(headers);
    assert_int_equal(ask_once(ask, 3000).good, 1);
    assert_non_null(strstr(server.last, "X-Nr-30-: 1"));
    assert_null(strstr(server.last, "X-Nr-31-: 1"));
}

static void approvals_are_nothing_to_ask(void **state UNUSED)
{
    static const struct gate_spec approval = {.name = "boss", .kind = GATE_APPROVAL};
    const struct ask ask = {.gate = &approval, .revision = "s1-a", .step = 1};

    gate_run(runner, "shop/web", &ask, 1);
    assert_int_equal(readings(), 0);
    assert_int_equal(gate_stats(runner).questions, 0);
}

/* ... nor do they take the place of what is. */
static void beside_an_approval_all_is_asked(void **state UNUSED)
{
    static const struct gate_spec approval = {.name = "smoke", .kind = GATE_APPROVAL};
    struct ask asks[] = {{.gate = &approval, .revision = "s1-a", .step = 1},
                         probe_ask(PROBE_HTTP, "/ok", 1)};

    gate_run(runner, "shop/web", asks, 2);
    wait_answers("shop/web", 1, 20000);
    gate_run(runner, "shop/web", asks, 2);
    assert_int_equal(gate_stats(runner).questions, 1);
    assert_int_equal(reading("shop/web").good, 1);
    gate_run(runner, "shop/web", asks, 1); /* of that name, and nothing to ask */
    assert_int_equal(gate_stats(runner).questions, 0);
}

/* Which cannot be compared is not taken for the same: no count of another gate is its own. */
static void what_is_too_long_to_compare_begins_anew(void **state UNUSED)
{
    const size_t len = 5u * 1024 * 1024;
    struct ask ask = metric_ask("/low");
    char *query = ARENA_ARRAY(&arena, char, len + 1);

    memset(query, 'x', len);
    spec_of(&ask)->metric.query = query;
    assert_int_equal(ask_once(ask, 20000).good, 1);
    gate_run(runner, "shop/web", &ask, 1);
    assert_int_equal(readings(), 1);
    assert_int_equal(reading("shop/web").at_ms, 0);
}

/* What is asked stays, however many they are; what is not is forgotten in time, one by one. */
static void all_that_is_asked_stays(void **state UNUSED)
{
    struct ask asks[80];

    gate_runner_free(runner);
    keep_ms = 200;
    start_runner(false, NULL);
    keep_ms = 0;
    for (size_t i = 0; i < COUNT(asks); i++) {
        asks[i] = probe_ask(PROBE_HTTP, "/ok", 1);
        spec_of(&asks[i])->name = arena_printf(&arena, "gate-%zu", i);
    }
    gate_run(runner, "shop/web", asks, COUNT(asks));
    gate_run(runner, "shop/web", asks, COUNT(asks));
    await(all_answered, "all rounds");
    assert_int_equal(readings(), COUNT(asks));
    gate_run(runner, "shop/web", asks, 1);
    await(one_is_left, "to be forgotten");
    assert_string_equal(reading("shop/web").gate, "gate-0");
    gate_run(runner, "shop/web", NULL, 0);
    await(none_is_left, "to be forgotten");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(another_bound_is_another_question),
        TEST(another_revision_is_another_question),
        TEST(other_pods_are_asked_from_the_next_round_on),
        TEST(asked_again_it_is_asked_at_once),
        TEST(asked_again_in_a_round_it_has_one),
        TEST(what_was_left_is_counted_to_its_end),
        TEST(what_lacks_something_is_told),
        TEST(a_pod_without_an_address_is_no_failure),
        TEST(a_service_name_that_does_not_fit_is_no_failure),
        TEST(a_probe_without_patience_has_one),
        TEST(pace_has_a_default),
        TEST(health_is_asked_by_its_name),
        TEST(whose_fault_it_is),
        TEST(an_address_without_a_scheme_is_asked_or_fails),
        TEST(of_many_headers_only_so_many_are_sent),
        TEST(approvals_are_nothing_to_ask),
        TEST(beside_an_approval_all_is_asked),
        TEST(what_is_too_long_to_compare_begins_anew),
        TEST(all_that_is_asked_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

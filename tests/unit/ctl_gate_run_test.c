/* SPDX-License-Identifier: Apache-2.0 */
/* The gate runner against servers that answer, refuse, hang, dawdle and lie. */
#include "rude_server.h"
#include "sluice/base/clock.h"
#include "sluice/ctl/gate_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct rude_server server;
static struct loop *loop;
static struct gate_runner *runner;
static struct arena arena;
static int answered_count;
static char answered_key[64];
static bool forget_when_answered;

static bool anywhere(const struct sockaddr *address UNUSED, void *arg UNUSED)
{
    return true;
}

static void answered(const char *key, void *arg UNUSED)
{
    answered_count++;
    strncat(memset(answered_key, 0, sizeof(answered_key)), key, sizeof(answered_key) - 1);
    if (forget_when_answered)
        gate_forget(runner, key);
}

static void start_runner(bool guarded, const char *trusted)
{
    runner = gate_runner_new(&(struct gate_runner_options){
        .loop = loop,
        .answered = answered,
        .trusted_address = trusted,
        .allow_address = guarded ? NULL : anywhere,
    });
}

static int start(void **state UNUSED)
{
    arena_init(&arena);
    rude_start(&server);
    loop = loop_new();
    answered_count = 0;
    forget_when_answered = false;
    start_runner(false, NULL);
    return 0;
}

static int stop(void **state UNUSED)
{
    gate_runner_free(runner);
    loop_free(loop);
    rude_stop(&server);
    arena_release(&arena);
    return 0;
}

/* --- asks -------------------------------------------------------------------------------------- */

static struct ask probe_ask(enum probe_kind kind, const char *path, size_t pod_count)
{
    struct gate_spec *g = ARENA_NEW(&arena, struct gate_spec);
    struct ask_pod *pods = ARENA_ARRAY(&arena, struct ask_pod, pod_count + 1);

    *g = (struct gate_spec){
        .name = "smoke",
        .kind = GATE_PROBE,
        .probe = {.kind = kind,
                  .path = path,
                  .expect_status = 200,
                  .every_ms = 60000,
                  .timeout_ms = 1000,
                  .successes = 1,
                  .failures = 3},
    };
    for (size_t i = 0; i < pod_count; i++)
        pods[i] = (struct ask_pod){
            .name = arena_printf(&arena, "web-%zu", i), .ip = "127.0.0.1", .port = server.port};
    return (struct ask){.gate = g,
                        .revision = "s1-a",
                        .step = 1,
                        .query = path,
                        .pods = pods,
                        .pod_count = pod_count};
}

static struct ask metric_ask(const char *prefix)
{
    struct gate_spec *g = ARENA_NEW(&arena, struct gate_spec);

    *g = (struct gate_spec){
        .name = "latency",
        .kind = GATE_METRIC,
        .metric = {.query = "up{hash=\"$(hash)\"}",
                   .has_max = true,
                   .max = "0.3",
                   .every_ms = 60000,
                   .count = 1,
                   .failures = 1},
    };
    return (struct ask){.gate = g,
                        .revision = "s1-a",
                        .step = 1,
                        .query = "up{hash=\"s1-a\"}",
                        .address =
                            arena_printf(&arena, "http://127.0.0.1:%d%s", server.port, prefix)};
}

static struct gate_spec *spec_of(struct ask *ask)
{
    return (struct gate_spec *)(uintptr_t)ask->gate; /* ours, made above */
}

/* --- waiting ----------------------------------------------------------------------------------- */

static struct reading reading(const char *key)
{
    const struct reading *all;

    return gate_readings(runner, key, &arena, &all) ? all[0] : (struct reading){.message = ""};
}

struct wanted {
    const char *key;
    int answers;
};

static int answers_of(const char *key)
{
    const struct reading r = reading(key);

    return r.at_ms ? (r.errors > r.samples ? r.errors : r.samples ? r.samples : 1) : 0;
}

static bool has_answers(void *arg)
{
    const struct wanted *w = arg;

    return answers_of(w->key) >= w->answers;
}

static void wait_answers(const char *key, int answers, int64_t ms)
{
    struct wanted w = {key, answers};

    if (!loop_run_until(loop, has_answers, &w, ms))
        fail_msg("%s: no answer in %lld ms", key, (long long)ms);
}

static bool never(void *arg UNUSED)
{
    return false;
}

static void pass_time(int64_t ms)
{
    (void)loop_run_until(loop, never, NULL, ms);
}

static struct reading ask_once(struct ask ask, int64_t ms)
{
    gate_run(runner, "shop/web", &ask, 1);
    wait_answers("shop/web", 1, ms);
    return reading("shop/web");
}

static void assert_reading(struct reading r, int good, int bad, int errors, const char *text)
{
    assert_string_equal(r.message, text);
    assert_int_equal(r.good, good);
    assert_int_equal(r.bad, bad);
    assert_int_equal(r.errors, errors);
}

static void assert_starts(const char *text, const char *with)
{
    if (strncmp(text, with, strlen(with)) != 0)
        fail_msg("\"%s\" does not start with \"%s\"", text, with);
}

/* --- answers ----------------------------------------------------------------------------------- */

static void pods_that_agree_are_good(void **state UNUSED)
{
    const struct reading r = ask_once(probe_ask(PROBE_HTTP, "/ok", 3), 3000);

    assert_reading(r, 1, 0, 0, "GET /ok gives 200 on 3 of 3 pods");
    assert_string_equal(r.gate, "smoke");
    assert_string_equal(r.revision, "s1-a");
    assert_int_equal(r.step, 1);
    assert_true(r.at_ms >= r.since_ms && r.since_ms > 0);
    assert_int_equal(server.hits, 3);
    assert_int_equal(answered_count, 1);
    assert_string_equal(answered_key, "shop/web");
}

static void one_pod_is_enough_to_fail(void **state UNUSED)
{
    struct ask ask = probe_ask(PROBE_HTTP, "/ok", 3);
    struct ask_pod *pods = (struct ask_pod *)(uintptr_t)ask.pods;
    struct reading r;

    pods[1].port = rude_closed_port();
    r = ask_once(ask, 3000);
    assert_starts(r.message, "GET /ok gives 200 on 2 of 3 pods; web-1: ");
    assert_int_equal(r.bad, 1);
    assert_int_equal(r.good, 0);
}

static void at_most_ten_pods_are_asked(void **state UNUSED)
{
    assert_reading(ask_once(probe_ask(PROBE_HTTP, "/ok", 40), 3000), 1, 0, 0,
                   "GET /ok gives 200 on 10 of 10 pods");
    assert_int_equal(server.hits, 10);
}

static void rude_pods_are_bad_and_never_good(void **state UNUSED)
{
    static const struct {
        const char *path, *text;
    } cases[] = {
        {"/503", "GET /503 gives 200 on 0 of 1 pods; web-0: 503, not 200"},
        {"/302", "GET /302 gives 200 on 0 of 1 pods; web-0: 302, not 200"},
        {"/hang", "GET /hang gives 200 on 0 of 1 pods; web-0: "},
        {"/slow", "GET /slow gives 200 on 0 of 1 pods; web-0: "},
        {"/slow-body", "GET /slow-body gives 200 on 0 of 1 pods; web-0: "},
        {"/reset", "GET /reset gives 200 on 0 of 1 pods; web-0: "},
        {"/half", "GET /half gives 200 on 0 of 1 pods; web-0: "},
        {"/garbage", "GET /garbage gives 200 on 0 of 1 pods; web-0: "},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct ask ask = probe_ask(PROBE_HTTP, cases[i].path, 1);

        gate_run(runner, cases[i].path, &ask, 1); /* all at the same time */
    }
    for (size_t i = 0; i < COUNT(cases); i++) {
        wait_answers(cases[i].path, 1, 4000);
        assert_starts(reading(cases[i].path).message, cases[i].text);
        assert_int_equal(reading(cases[i].path).bad, 1);
        assert_int_equal(reading(cases[i].path).good, 0);
    }
}

/* The status is what was asked for; how long the page is was not. */
static void a_long_page_is_still_an_answer(void **state UNUSED)
{
    assert_reading(ask_once(probe_ask(PROBE_HTTP, "/huge", 1), 3000), 1, 0, 0,
                   "GET /huge gives 200 on 1 of 1 pods");
}

static void tcp_probes_connect(void **state UNUSED)
{
    struct ask ask = probe_ask(PROBE_TCP, NULL, 2);
    struct ask_pod *pods = (struct ask_pod *)(uintptr_t)ask.pods;

    assert_reading(ask_once(ask, 3000), 1, 0, 0, "the port accepts on 2 of 2 pods");
    gate_forget(runner, "shop/web");
    pods[0].port = rude_closed_port();
    assert_starts(ask_once(ask, 3000).message,
                  "the port accepts on 1 of 2 pods; web-0: 127.0.0.1:");
    assert_int_equal(reading("shop/web").bad, 1);
}

static void grpc_probes_ask_for_health(void **state UNUSED)
{
    struct ask ask = probe_ask(PROBE_GRPC, NULL, 2);

    spec_of(&ask)->probe.service = "web.v1";
    assert_reading(ask_once(ask, 3000), 1, 0, 0, "gRPC health of web.v1 is SERVING on 2 of 2 pods");
    gate_forget(runner, "shop/web");
    server.serving = 2;
    assert_reading(ask_once(ask, 3000), 0, 1, 0,
                   "gRPC health of web.v1 is SERVING on 0 of 2 pods; web-0: NOT_SERVING");
    gate_forget(runner, "shop/web");
    server.serving = 3;
    assert_starts(ask_once(ask, 3000).message,
                  "gRPC health of web.v1 is SERVING on 0 of 2 pods; web-0: gRPC status 5");
}

static void samples_are_judged(void **state UNUSED)
{
    static const struct {
        const char *path;
        int good, bad, errors;
        const char *text;
    } cases[] = {
        {"/low", 1, 0, 0, "0.1, at most 0.3"},
        {"/high", 0, 1, 0, "0.9 above 0.3"},
        {"/nan", 0, 0, 1, "NaN came back: not a finite number"},
        {"/empty", 0, 0, 0, "no series came back"},
        {"/503", 0, 0, 1, "HTTP 503, and not Prometheus' JSON: <h1>busy</h1>"},
        {"/302", 0, 0, 1, "HTTP 302 and an empty body"},
        {"/reset", 0, 0, 1, "no answer: "},
        {"/half", 0, 0, 1, "no answer: "},
        {"/garbage", 0, 0, 1, "no answer: "},
        {"/huge", 0, 0, 1, "no answer: the answer is longer than 1048576 bytes"},
        {"/bomb", 0, 0, 1, "no answer: the answer is longer than 1048576 bytes"},
        {"/headers", 0, 0, 1, "no answer: the answer's headers are too long"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct ask ask = metric_ask(cases[i].path);

        gate_run(runner, cases[i].path, &ask, 1);
    }
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct reading r;

        wait_answers(cases[i].path, 1, 5000);
        r = reading(cases[i].path);
        assert_starts(r.message, cases[i].text);
        if (r.good != cases[i].good || r.bad != cases[i].bad || r.errors != cases[i].errors)
            fail_msg("%s: good %d bad %d errors %d", cases[i].path, r.good, r.bad, r.errors);
    }
}

static void queries_arrive_encoded(void **state UNUSED)
{
    ask_once(metric_ask("/low/"), 3000);
    assert_starts(server.last, "GET /low/api/v1/query?query=up%7Bhash%3D%22s1-a%22%7D HTTP/1.1");
}

static void probe_headers_are_sent_and_cannot_smuggle(void **state UNUSED)
{
    static const struct pair fine[] = {{"X-A", "b"}, {"X-Empty", ""}};
    static const struct pair evil[] = {{"X-A", "b\r\nX-Evil: 1"}};
    struct ask ask = probe_ask(PROBE_HTTP, "/ok", 1);

    spec_of(&ask)->probe.headers = fine;
    spec_of(&ask)->probe.header_count = COUNT(fine);
    assert_int_equal(ask_once(ask, 3000).good, 1);
    assert_non_null(strstr(server.last, "\r\nX-A: b\r\nX-Empty:\r\n"));
    gate_forget(runner, "shop/web");
    spec_of(&ask)->probe.headers = evil;
    spec_of(&ask)->probe.header_count = COUNT(evil);
    assert_int_equal(ask_once(ask, 3000).errors, 1);
    assert_int_equal(server.hits, 1);
}

/* --- where it may go --------------------------------------------------------------------------- */

static void loopback_is_refused_by_default(void **state UNUSED)
{
    const struct ask metric = metric_ask("/low");

    gate_runner_free(runner);
    start_runner(true, NULL);
    assert_starts(ask_once(metric, 3000).message, "no answer: address 127.0.0.1:");
    assert_int_equal(reading("shop/web").errors, 1);
    assert_int_equal(server.hits, 0);
    for (enum probe_kind kind = PROBE_HTTP; kind <= PROBE_GRPC; kind++) {
        const struct ask ask = probe_ask(kind, "/ok", 1);

        gate_forget(runner, "shop/web");
        assert_int_equal(ask_once(ask, 3000).errors, 1); /* a fault of ours, not of the pod */
        assert_non_null(strstr(reading("shop/web").message, "not allowed"));
    }
    assert_int_equal(server.hits, 0);
}

static void the_operators_own_address_is_trusted(void **state UNUSED)
{
    const struct ask own = metric_ask("/low"), other = metric_ask("/high");

    gate_runner_free(runner);
    start_runner(true, own.address);
    assert_int_equal(ask_once(own, 3000).good, 1);
    gate_forget(runner, "shop/web");
    assert_int_equal(ask_once(other, 3000).errors, 1);
}

static void pods_without_an_address_are_no_word_about_them(void **state UNUSED)
{
    struct ask ask = probe_ask(PROBE_HTTP, "/ok", 2);
    struct ask_pod *pods = (struct ask_pod *)(uintptr_t)ask.pods;

    pods[0].ip = "evil.example";
    pods[1].port = 0;
    assert_starts(ask_once(ask, 3000).message,
                  "GET /ok gives 200 on 0 of 2 pods; web-0: no address: evil.example port ");
    assert_int_equal(reading("shop/web").errors, 1);
}

static void no_pods_are_no_data(void **state UNUSED)
{
    assert_reading(ask_once(probe_ask(PROBE_HTTP, "/ok", 0), 3000), 0, 0, 0,
                   "no ready new pod to ask for GET /ok");
}

/* --- again and again --------------------------------------------------------------------------- */

static void answers_are_counted_in_a_row(void **state UNUSED)
{
    struct ask ask = probe_ask(PROBE_HTTP, "/ok", 1);

    spec_of(&ask)->probe.every_ms = 1; /* no less than GATE_EVERY_MIN_MS */
    gate_run(runner, "shop/web", &ask, 1);
    wait_answers("shop/web", 4, 3000);
    assert_int_equal(reading("shop/web").good, 4);
    assert_int_equal(answered_count, 4);
    assert_true(reading("shop/web").at_ms - reading("shop/web").since_ms >= 2 * GATE_EVERY_MIN_MS);
}

static void a_question_is_asked_once_however_often_plans_ask(void **state UNUSED)
{
    struct ask ask = probe_ask(PROBE_HTTP, "/hang", 1);

    spec_of(&ask)->probe.every_ms = 100;
    for (int i = 0; i < 50; i++) {
        gate_run(runner, "shop/web", &ask, 1);
        pass_time(10);
    }
    assert_int_equal(server.hits, 1); /* `every` is long over, but the answer is still due */
    assert_int_equal(gate_stats(runner).questions, 1);
    assert_int_equal(gate_stats(runner).open, 1);
}

static void what_is_no_longer_asked_rests_with_its_counts(void **state UNUSED)
{
    struct ask ask = probe_ask(PROBE_HTTP, "/ok", 1);
    int hits;

    spec_of(&ask)->probe.every_ms = 100;
    gate_run(runner, "shop/web", &ask, 1);
    wait_answers("shop/web", 2, 3000);
    gate_run(runner, "shop/web", NULL, 0);
    pass_time(50);
    hits = server.hits;
    pass_time(400);
    assert_int_equal(server.hits, hits);
    assert_true(reading("shop/web").good >= 2);
    assert_int_equal(gate_stats(runner).questions, 0);
    gate_run(runner, "shop/web", &ask, 1);
    wait_answers("shop/web", reading("shop/web").good + 1, 3000);
    assert_true(reading("shop/web").good >= 3);
}

static void other_pods_are_the_same_question_another_bound_is_not(void **state UNUSED)
{
    struct ask ask = metric_ask("/low"), others = metric_ask("/low");

    assert_int_equal(ask_once(ask, 3000).good, 1);
    others.query = "up{pod=\"x\"}";
    gate_run(runner, "shop/web", &others, 1);
    assert_int_equal(reading("shop/web").good, 1);
    spec_of(&others)->metric.max = "0.05";
    gate_run(runner, "shop/web", &others, 1);
    assert_int_equal(reading("shop/web").good, 0);
    wait_answers("shop/web", 1, 3000);
    assert_reading(reading("shop/web"), 0, 1, 0, "0.1 above 0.05");
    others.step = 2;
    gate_run(runner, "shop/web", &others, 1);
    pass_time(300);
    assert_int_equal(server.hits, 3);
}

static void a_later_since_begins_anew(void **state UNUSED)
{
    struct ask ask = probe_ask(PROBE_HTTP, "/503", 1);

    spec_of(&ask)->probe.every_ms = 200;
    gate_run(runner, "shop/web", &ask, 1);
    wait_answers("shop/web", 2, 3000);
    ask.since_ms = clock_wall_ms() + 1;
    gate_run(runner, "shop/web", &ask, 1);
    assert_int_equal(reading("shop/web").bad, 0);
    assert_int_equal(reading("shop/web").at_ms, 0);
    assert_int_equal(reading("shop/web").since_ms, ask.since_ms);
    gate_run(runner, "shop/web", &ask, 1); /* the same again is the same */
    wait_answers("shop/web", 1, 3000);
    assert_int_equal(reading("shop/web").bad, 1);
}

/* An answer to what was asked before the new count began is not of it. */
static void answers_under_way_do_not_count_for_a_later_since(void **state UNUSED)
{
    struct ask ask = probe_ask(PROBE_HTTP, "/hang", 1);

    spec_of(&ask)->probe.timeout_ms = 500;
    gate_run(runner, "shop/web", &ask, 1);
    pass_time(100);
    ask.since_ms = clock_wall_ms() + 1;
    gate_run(runner, "shop/web", &ask, 1);
    pass_time(700);
    assert_int_equal(server.hits, 1);
    assert_int_equal(reading("shop/web").bad, 0);
    assert_int_equal(answered_count, 0);
}

static void counting_goes_on_where_status_left_it(void **state UNUSED)
{
    struct ask ask = metric_ask("/low");

    ask.samples = 11;
    ask.good = 7;
    ask.since_ms = 1000;
    assert_int_equal(ask_once(ask, 3000).good, 8);
    assert_int_equal(reading("shop/web").samples, 12);
    assert_int_equal(reading("shop/web").since_ms, 1000);
}

static void broken_questions_say_why_without_a_call(void **state UNUSED)
{
    struct ask broken = metric_ask("/low"), nowhere = metric_ask("/low");

    broken.broken = "$(x) is not known";
    assert_reading(ask_once(broken, 1000), 0, 0, 1, "$(x) is not known");
    nowhere.address = NULL;
    gate_run(runner, "shop/api", &nowhere, 1);
    wait_answers("shop/api", 1, 1000);
    assert_string_equal(reading("shop/api").message, "no address to ask");
    assert_int_equal(server.hits, 0);
}

static void approvals_are_not_asked(void **state UNUSED)
{
    static const struct gate_spec person = {.name = "sign-off", .kind = GATE_APPROVAL};
    const struct ask ask = {.gate = &person, .revision = "s1-a", .step = 1};
    const struct reading *all;

    gate_run(runner, "shop/web", &ask, 1);
    assert_int_equal(gate_readings(runner, "shop/web", &arena, &all), 0);
}

/* --- nobody holds up others -------------------------------------------------------------------- */

static void a_host_that_hangs_keeps_few_places(void **state UNUSED)
{
    struct rude_server other;
    struct ask fine;

    rude_start(&other);
    for (int i = 0; i < 40; i++) {
        const struct ask ask = metric_ask("/hang");

        gate_run(runner, arena_printf(&arena, "shop/dead-%d", i), &ask, 1);
    }
    pass_time(300);
    assert_int_equal(gate_stats(runner).open, GATE_QUERIES_TO_HOST_MAX);
    assert_int_equal(gate_stats(runner).waiting, 40 - GATE_QUERIES_TO_HOST_MAX);
    fine = metric_ask("/low");
    fine.address = arena_printf(&arena, "http://127.0.0.1:%d/low", other.port);
    assert_int_equal(ask_once(fine, 1000).good, 1);
    assert_true(server.open_most <= GATE_QUERIES_TO_HOST_MAX);
    gate_runner_free(runner); /* with all of that under way */
    start_runner(false, NULL);
    rude_stop(&other);
}

static void dead_pods_of_many_hold_up_nobody_for_long(void **state UNUSED)
{
    struct ask ask = probe_ask(PROBE_HTTP, "/hang", 10);

    spec_of(&ask)->probe.timeout_ms = 500;
    spec_of(&ask)->probe.every_ms = 100;
    for (int i = 0; i < 60; i++)
        gate_run(runner, arena_printf(&arena, "shop/dead-%d", i), &ask, 1);
    pass_time(200);
    assert_true(gate_stats(runner).open <= GATE_PROBE_ROUNDS_MAX);
    ask = probe_ask(PROBE_HTTP, "/ok", 1);
    spec_of(&ask)->probe.every_ms = 100;
    assert_int_equal(ask_once(ask, 4000).good, 1);
    assert_true(server.open_most <= 10 * GATE_PROBE_ROUNDS_MAX + 10);
}

/* --- ends -------------------------------------------------------------------------------------- */

static void the_callback_may_forget(void **state UNUSED)
{
    const struct reading *all;
    struct ask ask = probe_ask(PROBE_HTTP, "/ok", 2), broken = metric_ask("/low");

    forget_when_answered = true;
    broken.broken = "no";
    gate_run(runner, "shop/web", &ask, 1);
    gate_run(runner, "shop/api", &broken, 1);
    pass_time(500);
    assert_int_equal(answered_count, 2);
    assert_int_equal(gate_readings(runner, "shop/web", &arena, &all), 0);
    assert_int_equal(gate_stats(runner).open, 0);
}

static void forgetting_cancels_what_is_under_way(void **state UNUSED)
{
    const struct ask asks[] = {probe_ask(PROBE_HTTP, "/hang", 3), metric_ask("/hang")};

    gate_run(runner, "shop/web", asks, 2);
    pass_time(200);
    assert_int_equal(gate_stats(runner).open, 2);
    gate_forget(runner, "shop/web");
    assert_int_equal(gate_stats(runner).open, 0);
    gate_forget(runner, "shop/web");
    pass_time(200);
    assert_int_equal(answered_count, 0);
}

static void many_steps_leave_few_traces(void **state UNUSED)
{
    struct ask ask = probe_ask(PROBE_HTTP, "/ok", 1);
    const struct reading *all;

    for (int i = 0; i < 500; i++) {
        ask.step = i;
        gate_run(runner, "shop/web", &ask, 1);
    }
    assert_true(gate_readings(runner, "shop/web", &arena, &all) <= 4 * GATES_MAX + 1);
    gate_runner_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pods_that_agree_are_good),
        TEST(one_pod_is_enough_to_fail),
        TEST(at_most_ten_pods_are_asked),
        TEST(rude_pods_are_bad_and_never_good),
        TEST(a_long_page_is_still_an_answer),
        TEST(tcp_probes_connect),
        TEST(grpc_probes_ask_for_health),
        TEST(samples_are_judged),
        TEST(queries_arrive_encoded),
        TEST(probe_headers_are_sent_and_cannot_smuggle),
        TEST(loopback_is_refused_by_default),
        TEST(the_operators_own_address_is_trusted),
        TEST(pods_without_an_address_are_no_word_about_them),
        TEST(no_pods_are_no_data),
        TEST(answers_are_counted_in_a_row),
        TEST(a_question_is_asked_once_however_often_plans_ask),
        TEST(what_is_no_longer_asked_rests_with_its_counts),
        TEST(other_pods_are_the_same_question_another_bound_is_not),
        TEST(a_later_since_begins_anew),
        TEST(answers_under_way_do_not_count_for_a_later_since),
        TEST(counting_goes_on_where_status_left_it),
        TEST(broken_questions_say_why_without_a_call),
        TEST(approvals_are_not_asked),
        TEST(a_host_that_hangs_keeps_few_places),
        TEST(dead_pods_of_many_hold_up_nobody_for_long),
        TEST(the_callback_may_forget),
        TEST(forgetting_cancels_what_is_under_way),
        TEST(many_steps_leave_few_traces),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

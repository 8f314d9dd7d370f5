/* SPDX-License-Identifier: Apache-2.0 */
/* The gate runner: what it asks, and what it makes of servers that answer, refuse, hang and lie. */
#include "gate_fixture.h"

/* --- answers ---------------------------------------------------------------------------------- */

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

/* --- where it may go -------------------------------------------------------------------------- */

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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Samples against bounds, pods against probes, counts in a row. */
#include "sluice/metric/metric.h"

#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;

static void assert_judged(const char *min, const char *max, double value, enum answer answer,
                          const char *text)
{
    const struct gate_spec g = {
        .kind = GATE_METRIC,
        .metric = {.has_min = min, .min = min, .has_max = max, .max = max},
    };
    struct judged j;

    metric_judge(&g, value, &j);
    assert_string_equal(j.text, text);
    assert_int_equal(j.answer, answer);
}

static void bounds_are_inclusive(void **state UNUSED)
{
    assert_judged(NULL, "0.3", 0.212, ANSWER_GOOD, "0.212, at most 0.3");
    assert_judged(NULL, "0.3", 0.3, ANSWER_GOOD, "0.3, at most 0.3");
    assert_judged(NULL, "0.3", 0.41, ANSWER_BAD, "0.41 above 0.3");
    assert_judged("0.99", NULL, 0.99, ANSWER_GOOD, "0.99, at least 0.99");
    assert_judged("0.99", NULL, 0.5, ANSWER_BAD, "0.5 below 0.99");
    assert_judged("-1", "1", 0, ANSWER_GOOD, "0, from -1 to 1");
    assert_judged("-1", "1", 1.5, ANSWER_BAD, "1.5 above 1");
    assert_judged("-1", "1", -1.5, ANSWER_BAD, "-1.5 below -1");
    assert_judged(NULL, "0", -0.0, ANSWER_GOOD, "-0, at most 0");
}

/* What is shown must not look like what is allowed. */
static void the_difference_is_shown(void **state UNUSED)
{
    assert_judged(NULL, "0.3", 0.30004, ANSWER_BAD, "0.30004 above 0.3");
    assert_judged(NULL, "0.3", 0.1 + 0.2, ANSWER_BAD, "0.30000000000000004 above 0.3");
    assert_judged("1000", NULL, 999.99996, ANSWER_BAD, "999.99996 below 1000");
    assert_judged(NULL, "1234", 1234.5, ANSWER_BAD, "1234.5 above 1234");
    assert_judged(NULL, "5", 1e300, ANSWER_BAD, "1e+300 above 5");
    assert_judged(NULL, "123456789", 12345678, ANSWER_GOOD, "12345678, at most 123456789");
}

static void nonsense_passes_nothing(void **state UNUSED)
{
    assert_judged(NULL, NULL, 1, ANSWER_ERROR, "1 cannot be judged: set min, max or both");
    assert_judged(NULL, "1", (double)NAN, ANSWER_ERROR,
                  "nan cannot be judged: set min, max or both");
    assert_judged("1", NULL, (double)INFINITY, ANSWER_ERROR,
                  "inf cannot be judged: set min, max or both");
}

/* --- counts ----------------------------------------------------------------------------------- */

static struct tally counted(const struct gate_spec *g, const char *answers)
{
    struct tally t = {0};

    for (; *answers; answers++)
        tally_add(&t, g,
                  *answers == 'g'   ? ANSWER_GOOD
                  : *answers == 'b' ? ANSWER_BAD
                  : *answers == 'n' ? ANSWER_NO_DATA
                                    : ANSWER_ERROR);
    return t;
}

static void assert_counts(const struct gate_spec *g, const char *answers, int good, int bad,
                          int errors, int samples)
{
    const struct tally t = counted(g, answers);

    assert_int_equal(t.good, good);
    assert_int_equal(t.bad, bad);
    assert_int_equal(t.errors, errors);
    assert_int_equal(t.samples, samples);
}

static void rows_are_rows_of_samples(void **state UNUSED)
{
    const struct gate_spec g = {.kind = GATE_METRIC};

    assert_counts(&g, "", 0, 0, 0, 0);
    assert_counts(&g, "ggg", 3, 0, 0, 3);
    assert_counts(&g, "ggb", 0, 1, 0, 3);
    assert_counts(&g, "bbg", 1, 0, 0, 3);
    assert_counts(&g, "beb", 0, 2, 0, 2); /* an error does not wash a bad sample away */
    assert_counts(&g, "bnb", 0, 2, 0, 2);
    assert_counts(&g, "geng", 2, 0, 0, 2);
    assert_counts(&g, "gee", 1, 0, 2, 1);
    assert_counts(&g, "een", 0, 0, 0, 0); /* an answer, if an empty one */
    assert_counts(&g, "nnn", 0, 0, 0, 0); /* no data is no sample, however often */
}

static void no_data_counts_as_bad_where_asked_for(void **state UNUSED)
{
    const struct gate_spec fails = {.kind = GATE_METRIC, .metric = {.no_data_fails = true}};
    const struct gate_spec probe = {.kind = GATE_PROBE, .metric = {.no_data_fails = true}};

    assert_counts(&fails, "gnn", 0, 2, 0, 3);
    assert_counts(&fails, "ne", 0, 1, 1, 1);
    assert_counts(&probe, "nn", 0, 0, 0, 0); /* no pod is there yet */
}

static void counts_do_not_overflow(void **state UNUSED)
{
    const struct gate_spec g = {.kind = GATE_METRIC};
    struct tally t = {.samples = INT_MAX, .good = INT_MAX, .errors = INT_MAX};

    tally_add(&t, &g, ANSWER_ERROR);
    tally_add(&t, &g, ANSWER_GOOD);
    assert_int_equal(t.good, INT_MAX);
    assert_int_equal(t.samples, INT_MAX);
}

static void verdicts_come_from_rows(void **state UNUSED)
{
    const struct gate_spec metric = {.kind = GATE_METRIC, .metric = {.count = 3, .failures = 2}};
    const struct gate_spec probe = {.kind = GATE_PROBE, .probe = {.successes = 2, .failures = 3}};
    const struct gate_spec bare = {.kind = GATE_METRIC};
    const struct gate_spec person = {.kind = GATE_APPROVAL};

    assert_int_equal(gate_verdict(&metric, 0, 0), VERDICT_WAIT);
    assert_int_equal(gate_verdict(&metric, 2, 0), VERDICT_WAIT);
    assert_int_equal(gate_verdict(&metric, 3, 0), VERDICT_PASS);
    assert_int_equal(gate_verdict(&metric, 0, 1), VERDICT_WAIT);
    assert_int_equal(gate_verdict(&metric, 0, 2), VERDICT_FAIL);
    assert_int_equal(gate_verdict(&metric, 9, 2), VERDICT_FAIL);
    assert_int_equal(gate_verdict(&probe, 2, 0), VERDICT_PASS);
    assert_int_equal(gate_verdict(&probe, 1, 2), VERDICT_WAIT);
    assert_int_equal(gate_verdict(&probe, 0, 3), VERDICT_FAIL);
    assert_int_equal(gate_verdict(&bare, 0, 0), VERDICT_WAIT);
    assert_int_equal(gate_verdict(&bare, 1, 0), VERDICT_PASS);
    assert_int_equal(gate_verdict(&bare, 0, 1), VERDICT_FAIL);
    assert_int_equal(gate_verdict(&person, 9, 9), VERDICT_WAIT);
}

/* --- probes ----------------------------------------------------------------------------------- */

static const struct gate_spec healthz = {
    .kind = GATE_PROBE, .probe = {.kind = PROBE_HTTP, .path = "/healthz", .expect_status = 200}};
static const struct gate_spec port = {.kind = GATE_PROBE,
                                      .probe = {.kind = PROBE_TCP, .port = "9000"}};
static const struct gate_spec grpc = {.kind = GATE_PROBE,
                                      .probe = {.kind = PROBE_GRPC, .service = "web.v1"}};

static struct probed pod(const struct gate_spec *g, const char *name, int code, const char *failed)
{
    struct probed p = {.pod = name};

    probe_judge(g, code, failed, &p.judged);
    return p;
}

static void assert_sum(const struct gate_spec *g, const struct probed *pods, size_t count,
                       enum answer answer, const char *text)
{
    struct judged j;

    probe_sum(g, pods, count, &j);
    assert_string_equal(j.text, text);
    assert_int_equal(j.answer, answer);
}

static void all_pods_must_agree(void **state UNUSED)
{
    struct probed pods[10];

    for (size_t i = 0; i < 10; i++)
        pods[i] = pod(&healthz, arena_printf(&arena, "web-s1-9d21c07e-p%zu", i), 200, NULL);
    assert_sum(&healthz, pods, 10, ANSWER_GOOD, "GET /healthz gives 200 on 10 of 10 pods");
    pods[4] = pod(&healthz, "web-s1-9d21c07e-4kq2v", 503, NULL);
    assert_sum(&healthz, pods, 10, ANSWER_BAD,
               "GET /healthz gives 200 on 9 of 10 pods; web-s1-9d21c07e-4kq2v: 503, not 200");
    assert_sum(&healthz, pods, 0, ANSWER_NO_DATA, "no ready new pod to ask for GET /healthz");
}

static void other_protocols_have_their_words(void **state UNUSED)
{
    const struct probed open[] = {pod(&port, "a", 0, NULL), pod(&port, "b", 0, NULL)};
    const struct probed shut[] = {pod(&port, "a", 0, NULL), pod(&port, "b", 0, "refused")};
    const struct probed serving[] = {pod(&grpc, "a", 200, NULL)};
    const struct probed not [] = {pod(&grpc, "a", 200, "NOT_SERVING")};

    assert_sum(&port, open, 2, ANSWER_GOOD, "port 9000 accepts on 2 of 2 pods");
    assert_sum(&port, shut, 2, ANSWER_BAD, "port 9000 accepts on 1 of 2 pods; b: refused");
    assert_sum(&grpc, serving, 1, ANSWER_GOOD, "gRPC health of web.v1 is SERVING on 1 of 1 pods");
    assert_sum(&grpc, not, 1, ANSWER_BAD,
               "gRPC health of web.v1 is SERVING on 0 of 1 pods; a: NOT_SERVING");
}

/* What is not named has a word all the same. */
static void what_is_not_named_has_its_words(void **state UNUSED)
{
    const struct gate_spec http = {.kind = GATE_PROBE, .probe = {.kind = PROBE_HTTP}};
    const struct gate_spec tcp = {.kind = GATE_PROBE, .probe = {.kind = PROBE_TCP}};
    const struct gate_spec rpc = {.kind = GATE_PROBE, .probe = {.kind = PROBE_GRPC}};
    const struct probed fine = pod(&tcp, "a", 200, NULL), shut = pod(&tcp, NULL, 0, "refused");

    assert_sum(&http, &fine, 1, ANSWER_GOOD, "GET / gives 200 on 1 of 1 pods");
    assert_sum(&tcp, &fine, 1, ANSWER_GOOD, "the port accepts on 1 of 1 pods");
    assert_sum(&rpc, &fine, 1, ANSWER_GOOD, "gRPC health is SERVING on 1 of 1 pods");
    assert_sum(&tcp, &shut, 1, ANSWER_BAD, "the port accepts on 0 of 1 pods; a pod: refused");
}

/* Of several the first is named. */
static void the_first_culprit_is_named(void **state UNUSED)
{
    struct probed pods[] = {pod(&port, "a", 0, "refused"), pod(&port, "b", 0, "timeout")};

    assert_sum(&port, pods, 2, ANSWER_BAD, "port 9000 accepts on 0 of 2 pods; a: refused");
    pods[0].judged.answer = pods[1].judged.answer = ANSWER_ERROR;
    assert_sum(&port, pods, 2, ANSWER_ERROR, "port 9000 accepts on 0 of 2 pods; a: refused");
}

/* A pod that could not be asked hinders a pass; a bad one decides. */
static void bad_wins_over_error_and_error_over_good(void **state UNUSED)
{
    struct probed pods[] = {pod(&healthz, "a", 200, NULL), pod(&healthz, "b", 200, NULL),
                            pod(&healthz, "c", 500, NULL)};

    pods[1].judged = (struct judged){.answer = ANSWER_ERROR, .text = "not allowed"};
    assert_sum(&healthz, pods, 2, ANSWER_ERROR,
               "GET /healthz gives 200 on 1 of 2 pods; b: not allowed");
    assert_sum(&healthz, pods, 3, ANSWER_BAD,
               "GET /healthz gives 200 on 1 of 3 pods; c: 500, not 200");
}

static void words_are_cut_to_their_room(void **state UNUSED)
{
    const struct gate_spec longest = {
        .kind = GATE_PROBE,
        .probe = {.kind = PROBE_HTTP,
                  .expect_status = 204,
                  .path = "/a/very/long/path/that/goes/on/and/on/and/on/until/nobody/reads/it"}};
    const struct probed pods[] = {
        pod(&longest, "a-deployment-with-a-name-as-long-as-it-may-be-s1-9d21c07e-4kq2v", 0,
            "Operation timed out after 5001 milliseconds with 0 bytes received, and more words\n")};
    struct judged j;

    probe_sum(&longest, pods, 1, &j);
    assert_string_equal(j.text, "GET /a/very/long/path/that/goes/on/and/on... gives 204 on 0 of 1 "
                                "pods; ...-may-be-s1-9d21c07e-4kq...");
    assert_int_equal(strlen(j.text), 100);
}

static void the_other_expected_status(void **state UNUSED)
{
    const struct gate_spec g = {.kind = GATE_PROBE,
                                .probe = {.kind = PROBE_HTTP, .path = "/", .expect_status = 302}};
    const struct probed good = pod(&g, "a", 302, NULL), bad = pod(&g, "a", 200, NULL);
    const struct gate_spec bare = {.kind = GATE_PROBE, .probe = {.kind = PROBE_HTTP}};

    assert_int_equal(good.judged.answer, ANSWER_GOOD);
    assert_string_equal(bad.judged.text, "200, not 302");
    assert_int_equal(pod(&bare, "a", 200, NULL).judged.answer, ANSWER_GOOD);
    assert_int_equal(pod(&bare, "a", 0, NULL).judged.answer, ANSWER_BAD);
}

/* --- URLs ------------------------------------------------------------------------------------- */

static const char *url_of(const char *scheme, const char *path, const char *ip, int32_t number)
{
    const struct gate_spec g = {.kind = GATE_PROBE,
                                .probe = {.kind = PROBE_HTTP, .path = path, .scheme = scheme}};

    return probe_url(&arena, &g, ip, number);
}

static void probes_go_to_their_pod_only(void **state UNUSED)
{
    assert_string_equal(url_of("HTTP", "/healthz", "10.0.0.7", 8080),
                        "http://10.0.0.7:8080/healthz");
    assert_string_equal(url_of("HTTPS", "/a?b=c&d=%20", "fd00::7", 443),
                        "https://[fd00::7]:443/a?b=c&d=%20");
    assert_string_equal(url_of(NULL, NULL, "10.0.0.7", 1), "http://10.0.0.7:1/");
    assert_string_equal(url_of(NULL, "", "10.0.0.7", 1), "http://10.0.0.7:1/");
    assert_string_equal(url_of(NULL, "@evil:1/x", "10.0.0.7", 80), "http://10.0.0.7:80/@evil:1/x");
    assert_string_equal(url_of(NULL, "/a b\r\nHost: x#y\x01\xff", "10.0.0.7", 80),
                        "http://10.0.0.7:80/a%20b%0D%0AHost:%20x%23y%01%FF");
    assert_null(url_of(NULL, "/", "evil.example", 80));
    assert_null(url_of(NULL, "/", "10.0.0.7@evil", 80));
    assert_null(url_of(NULL, "/", "::1]:80/", 80));
    assert_null(url_of(NULL, "/", "", 80));
    assert_null(url_of(NULL, "/", NULL, 80));
    assert_null(url_of(NULL, "/", "10.0.0.7", 0));
    assert_null(url_of(NULL, "/", "10.0.0.7", 65536));
}

/* Only HTTP has a path and a scheme, and a URL has an end. */
static void urls_of_other_protocols(void **state UNUSED)
{
    struct gate_spec g = {.kind = GATE_PROBE,
                          .probe = {.kind = PROBE_GRPC, .path = "/x", .scheme = "HTTPS"}};
    char path[9000];

    assert_string_equal(probe_url(&arena, &g, "10.0.0.7", 9000), "http://10.0.0.7:9000/");
    g.probe.kind = PROBE_HTTP;
    assert_string_equal(probe_url(&arena, &g, "10.0.0.7", 9000), "https://10.0.0.7:9000/x");
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    g.probe.path = path;
    assert_null(probe_url(&arena, &g, "10.0.0.7", 9000));
}

static int release(void **state UNUSED)
{
    arena_release(&arena);
    return 0;
}

#define TEST(name) cmocka_unit_test_teardown(name, release)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bounds_are_inclusive),
        TEST(the_difference_is_shown),
        TEST(nonsense_passes_nothing),
        TEST(rows_are_rows_of_samples),
        TEST(no_data_counts_as_bad_where_asked_for),
        TEST(counts_do_not_overflow),
        TEST(verdicts_come_from_rows),
        TEST(all_pods_must_agree),
        TEST(other_protocols_have_their_words),
        TEST(bad_wins_over_error_and_error_over_good),
        TEST(words_are_cut_to_their_room),
        TEST(the_other_expected_status),
        TEST(probes_go_to_their_pod_only),
        TEST(urls_of_other_protocols),
        TEST(what_is_not_named_has_its_words),
        TEST(the_first_culprit_is_named),
    };

    arena_init(&arena);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

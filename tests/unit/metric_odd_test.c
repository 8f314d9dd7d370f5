/* SPDX-License-Identifier: Apache-2.0 */
/* Gates at what is seldom: answers of other shapes, texts with what steers terminals, probes that
 * say little. */
#include "../../src/metric/text.h"
#include "check.h"

static struct arena arena;

static int release(void **state UNUSED)
{
    arena_release(&arena);
    return 0;
}

/* ---- questions and answers ------------------------------------------------------------------- */

static void an_address_of_little(void **state UNUSED)
{
    static const struct {
        const char *address, *url;
    } rows[] = {
        {"///", "/api/v1/query?query=up"},
        {"http://p?", "http://p/api/v1/query?query=up"},
        {"http://p?#x", "http://p/api/v1/query?query=up"},
        {"http://p?a=1#x", "http://p/api/v1/query?a=1&query=up"},
        {"http://p#x", "http://p/api/v1/query?query=up"},
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_TEXT(metric_provider_find("prometheus")->ask(&arena, rows[i].address, "up", 0),
                   rows[i].url, rows[i].address);
}

#define NOW_MS INT64_C(1800000000000)
#define VECTOR(items)                                                                              \
    "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[" items "]}}"
#define SAMPLE(pair) VECTOR("{\"metric\":{},\"value\":" pair "}")

static void samples_of_other_shapes(void **state UNUSED)
{
    static const struct {
        const char *body;
        enum answer answer;
        const char *words;
    } rows[] = {
        {SAMPLE("[1800000000,\"1E2\"]"), ANSWER_GOOD, ""},
        {SAMPLE("[1800000000,\"1e\"]"), ANSWER_ERROR, ""},
        {SAMPLE("[1800000000]"), ANSWER_ERROR, "not [time"},
        {SAMPLE("[]"), ANSWER_ERROR, "not [time"},
        {SAMPLE("[1800000000,\"1\",2]"), ANSWER_ERROR, "not [time"},
        {SAMPLE("[\"1800000000\",\"1\"]"), ANSWER_ERROR, "not [time"},
        {SAMPLE("[1800000000,1]"), ANSWER_ERROR, "not [time"},
        {VECTOR("{\"metric\":[\"a\",1]},{}"), ANSWER_ERROR, "The first: {?=\"a\",?=\"?\"}"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[EVIDENCE_MAX] = "";
        double value = 77;
        const enum answer got =
            metric_provider_find("prometheus")
                ->read(rows[i].body, strlen(rows[i].body), 200, NOW_MS, &value, text);

        CHECK(got == rows[i].answer, "%s: %d, %s", rows[i].body, (int)got, text);
        CHECK(strstr(text, rows[i].words), "%s: %s", rows[i].body, text);
        CHECK(value == (got == ANSWER_GOOD ? 100 : 77), "%s: %f", rows[i].body, value);
    }
}

/* An empty expression would match all that has no such label. */
static void pods_without_a_name_match_nothing(void **state UNUSED)
{
    const char *none[] = {NULL, ""}, *some[] = {NULL, "web-1"};

    CHECK_TEXT(pods_regex(&arena, none, 1), "!none", "one");
    CHECK_TEXT(pods_regex(&arena, none, 2), "!none", "two");
    CHECK_TEXT(pods_regex(&arena, some, 2), "web-1", "one of two");
}

/* ---- words ----------------------------------------------------------------------------------- */

/* What steers a terminal does not stand in a status: C0, delete, C1. */
static void what_steers_terminals_is_blank(void **state UNUSED)
{
    static const struct {
        const char *text, *line;
    } rows[] = {
        {"a\x01z", "a z"},
        {"a\x7fz", "a z"},
        {"a\xc2\x80z", "a z"},
        {"a\xc2\x9fz", "a z"},
        {"a\xc2\xa0z", "a\xc2\xa0z"},
        {"a~z", "a~z"},
        {"a\xffz", "a?z"},
        {" \t\r\n a \r\n\t ", "a"},
        {"\x0b"
         "a",
         " a"},
        {" \t\r\n", ""},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[EVIDENCE_MAX];

        text_quote(out, rows[i].text, strlen(rows[i].text), 40);
        CHECK_TEXT(out, rows[i].line, rows[i].line);
    }
}

/* As few digits as tell it from the bound; on it, none more. */
static void a_number_at_its_bound(void **state UNUSED)
{
    static const struct {
        double value;
        const char *other, *text;
    } rows[] = {
        {0.3, "0.3", "0.3"},    {0.30001, "0.3", "0.30001"},  {0.30001, "0.4", "0.3"},
        {0.30001, NULL, "0.3"}, {123456, "123456", "123456"}, {1e15, NULL, "1e+15"},
        {999.4, NULL, "999.4"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[NUMBER_TEXT_MAX];

        text_number(out, rows[i].value, rows[i].other);
        CHECK_TEXT(out, rows[i].text, rows[i].text);
    }
}

/* ---- probes ---------------------------------------------------------------------------------- */

/* Without a path, a status or a name of its pod a probe has words all the same. */
static void a_probe_of_little_has_words(void **state UNUSED)
{
    static const struct gate_spec bare = {.kind = GATE_PROBE, .probe = {.kind = PROBE_HTTP}},
                                  tcp = {.kind = GATE_PROBE,
                                         .probe = {.kind = PROBE_TCP, .port = "http"}},
                                  grpc = {.kind = GATE_PROBE, .probe = {.kind = PROBE_GRPC}};
    struct probed pod = {.pod = NULL};
    struct judged sum;

    probe_judge(&bare, 503, NULL, &pod.judged);
    probe_sum(&bare, &pod, 1, &sum);
    CHECK_TEXT(sum.text, "GET / gives 200 on 0 of 1 pods; a pod: 503, not 200", "http");
    probe_judge(&tcp, 0, NULL, &pod.judged);
    probe_sum(&tcp, &pod, 1, &sum);
    CHECK_TEXT(sum.text, "port http accepts on 1 of 1 pods", "tcp");
    probe_judge(&grpc, 200, NULL, &pod.judged);
    probe_sum(&grpc, &pod, 1, &sum);
    CHECK_TEXT(sum.text, "gRPC health is SERVING on 1 of 1 pods", "grpc");
}

static void an_address_that_is_too_long_is_none(void **state UNUSED)
{
    const size_t len = (size_t)1 << 20;
    char *path = ARENA_ARRAY(&arena, char, len + 1);
    const struct gate_spec g = {.kind = GATE_PROBE, .probe = {.kind = PROBE_HTTP, .path = path}};

    memset(path, '/', len);
    assert_null(probe_url(&arena, &g, "10.0.0.7", 80));
}

/* A person's word is no count of answers. */
static void an_approval_is_awaited_whatever_is_counted(void **state UNUSED)
{
    static const struct gate_spec g = {.kind = GATE_APPROVAL};

    assert_int_equal(gate_verdict(&g, 9, 0), VERDICT_WAIT);
    assert_int_equal(gate_verdict(&g, 0, 9), VERDICT_WAIT);
}

#define TEST(name) cmocka_unit_test_teardown(name, release)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_address_of_little),
        TEST(samples_of_other_shapes),
        TEST(pods_without_a_name_match_nothing),
        TEST(what_steers_terminals_is_blank),
        TEST(a_number_at_its_bound),
        TEST(a_probe_of_little_has_words),
        TEST(an_address_that_is_too_long_is_none),
        TEST(an_approval_is_awaited_whatever_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

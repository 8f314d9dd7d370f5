/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to Prometheus, its answers, and the variables in queries. */
#include "sluice/base/clock.h"
#include "sluice/metric/metric.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;
#define NOW_MS        INT64_C(1800000000000)
#define SAMPLE(value) "{\"metric\":{},\"value\":[1800000000.123," value "]}"
#define VECTOR(items)                                                                              \
    "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[" items "]}}"

static enum answer read_answer(int code, const char *body, double *value,
                               char text[static EVIDENCE_MAX])
{
    text[0] = '\0';
    return metric_provider_find("prometheus")->read(body, strlen(body), code, NOW_MS, value, text);
}

static void assert_answer(int code, const char *body, enum answer answer, const char *text)
{
    double value = 77;
    char said[EVIDENCE_MAX];
    const enum answer got = read_answer(code, body, &value, said);

    assert_string_equal(said, text);
    assert_int_equal(got, answer);
    if (got != ANSWER_GOOD)
        assert_true(value == 77); /* untouched: nothing to mistake for a sample */
}

static void assert_sample(const char *body, double want)
{
    double value = 77;
    char said[EVIDENCE_MAX];

    assert_int_equal(read_answer(200, body, &value, said), ANSWER_GOOD);
    assert_true(value == want);
}

/* --- questions -------------------------------------------------------------------------------- */

static void assert_url(const char *address, const char *query, const char *url)
{
    assert_string_equal(metric_provider_find("prometheus")->ask(&arena, address, query, NOW_MS),
                        url);
}

static void questions_are_encoded(void **state UNUSED)
{
    assert_url("http://p:9090", "up", "http://p:9090/api/v1/query?query=up");
    assert_url("http://p:9090/", "up", "http://p:9090/api/v1/query?query=up");
    assert_url("https://p/prefix//", "up", "https://p/prefix/api/v1/query?query=up");
    assert_url("http://p?tenant=a", "up", "http://p/api/v1/query?tenant=a&query=up");
    assert_url("http://p/?#frag", "up", "http://p/api/v1/query?query=up");
    assert_url("http://p?", "up", "http://p/api/v1/query?query=up");
    assert_url("http://p#frag", "up", "http://p/api/v1/query?query=up");
    assert_url("http://p", "sum(rate(x{pod=~\"a|b\"}[1m])) / 2 + 1 & #%\n\xc3\xa9",
               "http://p/api/v1/query?query=sum%28rate%28x%7Bpod%3D~%22a%7Cb%22%7D%5B1m%5D%29%29"
               "%20%2F%202%20%2B%201%20%26%20%23%25%0A%C3%A9");
}

static void unknown_providers_are_unknown(void **state UNUSED)
{
    assert_null(metric_provider_find("datadog"));
    assert_null(metric_provider_find(NULL));
}

/* --- answers ---------------------------------------------------------------------------------- */

static void one_finite_sample_is_one(void **state UNUSED)
{
    assert_sample(VECTOR(SAMPLE("\"0.212\"")), 0.212);
    assert_sample(VECTOR(SAMPLE("\"0\"")), 0);
    assert_sample(VECTOR(SAMPLE("\"-1.5e-07\"")), -1.5e-07);
    assert_sample(VECTOR(SAMPLE("\"1.5E+3\"")), 1500);
    assert_sample(VECTOR(SAMPLE("\"1.7976931348623157e+308\"")), 1.7976931348623157e+308);
    assert_sample("{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":"
                  "[1800000000,\"42\"]}}",
                  42);
    assert_sample(
        "{\"status\":\"success\",\"warnings\":[\"w\"],\"data\":{\"resultType\":\"vector\","
        "\"result\":[{\"metric\":{\"pod\":\"a\"},\"value\":[1800000000,\"1\"]}]}}",
        1);
}

static void what_is_not_finite_is_quoted(void **state UNUSED)
{
    static const char *const bad[] = {"NaN",   "+Inf", "-Inf",  "Inf", "inf", "nan",
                                      "0x1p3", "1e",   "1.2.3", "",    "abc", "1,5",
                                      "--1",   ".",    "e5",    "1e5x"};

    for (size_t i = 0; i < COUNT(bad); i++)
        assert_answer(200, arena_printf(&arena, VECTOR(SAMPLE("\"%s\"")), bad[i]), ANSWER_ERROR,
                      arena_printf(&arena, "%s came back: not a finite number", bad[i]));
    assert_answer(200, VECTOR(SAMPLE("\" 1\"")), ANSWER_ERROR, "1 came back: not a finite number");
    assert_answer(200, VECTOR(SAMPLE("\"1e400\"")), ANSWER_ERROR,
                  "1e400 came back: too large for a number");
    assert_answer(200, VECTOR(SAMPLE("\"-1e400\"")), ANSWER_ERROR,
                  "-1e400 came back: too large for a number");
    assert_answer(200, VECTOR(SAMPLE("5")), ANSWER_ERROR, "the sample is not [time, \"number\"]");
    assert_answer(200, VECTOR(SAMPLE("1e400")), ANSWER_ERROR,
                  "HTTP 200: not JSON at byte 97: number too large");
    assert_answer(
        200,
        "{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":[\"1800000000\","
        "\"42\"]}}",
        ANSWER_ERROR, "the sample is not [time, \"number\"]");
    assert_answer(200, VECTOR(SAMPLE("null")), ANSWER_ERROR,
                  "the sample is not [time, \"number\"]");
}

static void numbers_have_a_length(void **state UNUSED)
{
    char digits[100];

    memset(digits, '1', sizeof(digits) - 1);
    digits[sizeof(digits) - 1] = '\0';
    assert_answer(200, arena_printf(&arena, VECTOR(SAMPLE("\"%s\"")), digits), ANSWER_ERROR,
                  "1111111111111111111111111111111111111... came back: not a finite number");
}

static void empty_is_no_data_and_not_zero(void **state UNUSED)
{
    assert_answer(200, VECTOR(""), ANSWER_NO_DATA, "no series came back");
}

static void several_series_are_an_error(void **state UNUSED)
{
    assert_answer(200,
                  VECTOR("{\"metric\":{\"pod\":\"a\",\"code\":\"500\"},\"value\":[1800000000,"
                         "\"1\"]}," SAMPLE("\"2\"") "," SAMPLE("\"3\"")),
                  ANSWER_ERROR,
                  "3 series came back, not one: sum() them? The first: {pod=\"a\",code=\"500\"}");
}

static void other_types_are_an_error(void **state UNUSED)
{
    assert_answer(200,
                  "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[]}}",
                  ANSWER_ERROR, "a matrix came back, not one number");
    assert_answer(200,
                  "{\"status\":\"success\",\"data\":{\"resultType\":\"string\",\"result\":"
                  "[1800000000,\"5\"]}}",
                  ANSWER_ERROR, "a string came back, not one number");
    assert_answer(200, VECTOR("{\"metric\":{},\"histogram\":[1800000000,{}]}"), ANSWER_ERROR,
                  "a histogram came back, not a number: histogram_quantile() it");
    assert_answer(200, "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\"}}",
                  ANSWER_ERROR, "a vector came back, not one number");
    assert_answer(200,
                  "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":{}}}",
                  ANSWER_ERROR, "a vector came back, not one number");
    assert_answer(200, "{\"status\":\"success\"}", ANSWER_ERROR, "no data in Prometheus' answer");
    assert_answer(200, VECTOR("7"), ANSWER_ERROR, "the sample is not [time, \"number\"]");
    assert_answer(200, VECTOR("{\"value\":[1800000000,\"1\",2]}"), ANSWER_ERROR,
                  "the sample is not [time, \"number\"]");
}

static void old_and_future_samples_are_an_error(void **state UNUSED)
{
    assert_answer(200, VECTOR("{\"value\":[1799996400,\"1\"]}"), ANSWER_ERROR,
                  "the sample is 1h old: a cache, or a clock that is wrong");
    assert_answer(200, VECTOR("{\"value\":[1800000301,\"1\"]}"), ANSWER_ERROR,
                  "the sample is 5m1s ahead of now: a cache, or a clock that is wrong");
    assert_answer(200, VECTOR("{\"value\":[1e300,\"1\"]}"), ANSWER_ERROR,
                  "the sample's time is no time");
    assert_answer(200, VECTOR("{\"value\":[-1e12,\"1\"]}"), ANSWER_ERROR,
                  "the sample's time is no time");
    assert_sample(VECTOR("{\"value\":[1799999701,\"1\"]}"), 1);
}

static void prometheus_own_words_are_passed_on(void **state UNUSED)
{
    assert_answer(400,
                  "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"parse error: "
                  "unexpected end\\nof input\"}",
                  ANSWER_ERROR, "Prometheus said: parse error: unexpected end of input");
    assert_answer(503, "{\"status\":\"error\",\"error\":\"query timed out\"}", ANSWER_ERROR,
                  "Prometheus said: query timed out");
    assert_answer(500, "{\"status\":\"error\"}", ANSWER_ERROR, "Prometheus said: HTTP 500, error");
    /* A success that is none: the code decides. */
    assert_answer(500, VECTOR(SAMPLE("\"0\"")), ANSWER_ERROR, "Prometheus said: HTTP 500, success");
    assert_answer(206, VECTOR(SAMPLE("\"0\"")), ANSWER_ERROR, "Prometheus said: HTTP 206, success");
}

static void foreign_answers_are_quoted(void **state UNUSED)
{
    assert_answer(502, "<html>\n<h1>Bad Gateway</h1>\x1b[31m\xff", ANSWER_ERROR,
                  "HTTP 502, and not Prometheus' JSON: <html> <h1>Bad Gateway</h1> [31m?");
    assert_answer(204, "", ANSWER_ERROR, "HTTP 204 and an empty body");
    assert_answer(200, "  \n", ANSWER_ERROR, "HTTP 200 and an empty body");
    assert_answer(500, "\r\n\t gone\xc2\x85\x7f\xc2\xa0. \n\t", ANSWER_ERROR,
                  "HTTP 500, and not Prometheus' JSON: gone  \xc2\xa0."); /* C1, DEL; no-break */
    assert_answer(200, "[]", ANSWER_ERROR, "HTTP 200, and not Prometheus' JSON: []");
    assert_answer(200, "{\"status\":7}", ANSWER_ERROR,
                  "HTTP 200, and not Prometheus' JSON: {\"status\":7}");
    assert_answer(200, VECTOR(SAMPLE("\"1\"")) "x", ANSWER_ERROR,
                  "HTTP 200: not JSON at byte 105: more text after the value");
    assert_answer(200, "{\"status\":\"suc", ANSWER_ERROR,
                  "HTTP 200: not JSON at byte 10: string does not end");
    assert_answer(302, "", ANSWER_ERROR, "HTTP 302 and an empty body");
}

static void deep_and_doubled_json_is_refused(void **state UNUSED)
{
    auto_strbuf struct strbuf deep = {.max = 4096};
    char text[EVIDENCE_MAX];
    double value = 77;

    for (int i = 0; i < 1000; i++)
        strbuf_addc(&deep, '[');
    assert_int_equal(read_answer(200, deep.p, &value, text), ANSWER_ERROR);
    assert_int_equal(
        read_answer(200, "{\"status\":\"success\",\"status\":\"error\"}", &value, text),
        ANSWER_ERROR);
    assert_int_equal(read_answer(200, "{\"STATUS\":\"success\"}", &value, text), ANSWER_ERROR);
}

/* --- variables -------------------------------------------------------------------------------- */

static const struct pair pairs[] = {
    {"namespace", "shop"},      {"hash", "s1-9d21"}, {"pods", "web-(a|b)"},
    {"args.route", "x$(hash)"}, {"empty", NULL},
};
static const struct variables variables = {pairs, COUNT(pairs)};

static void assert_replaced(const char *text, const char *want)
{
    struct err e = {0};
    char *out = NULL;

    assert_true(variables_replace(&arena, text, &variables, &out, &e));
    assert_string_equal(out, want);
}

static void assert_refused(const char *text, const char *words)
{
    struct err e = {0};
    char *out = NULL;

    assert_false(variables_replace(&arena, text, &variables, &out, &e));
    assert_null(out);
    assert_int_equal(e.kind, ERR_INVALID);
    assert_string_equal(e.text, words);
}

static void variables_are_replaced_as_text(void **state UNUSED)
{
    assert_replaced("", "");
    assert_replaced(NULL, "");
    assert_replaced("up", "up");
    assert_replaced("x{pod=~\"$(pods)\",ns=\"$(namespace)\"}", "x{pod=~\"web-(a|b)\",ns=\"shop\"}");
    assert_replaced("$(hash)$(hash)", "s1-9d21s1-9d21");
    assert_replaced("$(args.route)", "x$(hash)"); /* once, not again in what was put in */
    assert_replaced("$$(hash)", "$(hash)");
    assert_replaced("$$$(hash)", "$$(hash)");
    assert_replaced("5..$", "5..$");
    assert_replaced("$hash ${hash} $ $$", "$hash ${hash} $ $$");
    assert_replaced("[$(empty)]", "[]");
}

static void unknown_variables_are_named(void **state UNUSED)
{
    assert_refused("a$(pod)b",
                   "$(pod) is not known: correct the name, or write $$( for a plain $(");
    assert_refused("$()", "$() is not known: correct the name, or write $$( for a plain $(");
    assert_refused("$(Hash)",
                   "$(Hash) is not known: correct the name, or write $$( for a plain $(");
    assert_refused("a$(hash", "\"$(hash\" has no ')': write $$( for a plain $(");
}

static void replacing_has_a_limit(void **state UNUSED)
{
    static char huge[600 * 1024];
    const struct pair big[] = {{"x", huge}};
    const struct variables v = {big, 1};
    struct err e = {0};
    char *out = NULL;

    memset(huge, 'a', sizeof(huge) - 1);
    assert_true(variables_replace(&arena, "$(x)", &v, &out, &e));
    out = NULL;
    assert_false(variables_replace(&arena, "$(x)$(x)", &v, &out, &e));
    assert_null(out);
}

/* --- pods ------------------------------------------------------------------------------------- */

#define REGEX(...)                                                                                 \
    pods_regex(&arena, (const char *const[]){__VA_ARGS__},                                         \
               COUNT(((const char *const[]){__VA_ARGS__})))

static void pods_become_a_regular_expression(void **state UNUSED)
{
    assert_string_equal(REGEX("web-s1-abc-x2", "web-s1-abc-x1"), "web-s1-abc-(x1|x2)");
    assert_string_equal(REGEX("web-s1-abc-x1"), "web-s1-abc-x1");
    assert_string_equal(REGEX("b", "a"), "(a|b)");
    assert_string_equal(REGEX("a", "a"), "a");
    assert_string_equal(REGEX("web-a", "web-ab", "web-b"), "web-(a|ab|b)");
    assert_string_equal(REGEX("web", "web-1"), "(web|web-1)");
    assert_string_equal(REGEX("web.v1-a", "web.v1-b"), "web[.]v1-(a|b)");
    assert_string_equal(REGEX("a*(b)|c\"\\"), "a[*][(]b[)][|]c..");
}

/* An empty expression would match all that has no such label. */
static void no_pods_match_nothing(void **state UNUSED)
{
    assert_string_equal(pods_regex(&arena, NULL, 0), "!none");
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
        TEST(questions_are_encoded),
        TEST(unknown_providers_are_unknown),
        TEST(one_finite_sample_is_one),
        TEST(what_is_not_finite_is_quoted),
        TEST(numbers_have_a_length),
        TEST(empty_is_no_data_and_not_zero),
        TEST(several_series_are_an_error),
        TEST(other_types_are_an_error),
        TEST(old_and_future_samples_are_an_error),
        TEST(prometheus_own_words_are_passed_on),
        TEST(foreign_answers_are_quoted),
        TEST(deep_and_doubled_json_is_refused),
        TEST(variables_are_replaced_as_text),
        TEST(unknown_variables_are_named),
        TEST(replacing_has_a_limit),
        TEST(pods_become_a_regular_expression),
        TEST(no_pods_match_nothing),
    };

    arena_init(&arena);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

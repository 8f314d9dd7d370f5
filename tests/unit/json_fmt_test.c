/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "sluice/json/jfmt.h"
#include "sluice/json/json.h"

static void every_directive(void **state UNUSED)
{
    struct arena a;

    arena_init(&a);
    assert_string_equal(json_fmt(&a, "{'a':%q,'b':%q}", "x\"y", NULL),
                        "{\"a\":\"x\\\"y\",\"b\":null}");
    assert_string_equal(json_fmt(&a, "[%d,%d,%l,%l]", 0, -7, INT64_MAX, INT64_MIN),
                        "[0,-7,9223372036854775807,-9223372036854775808]");
    assert_string_equal(json_fmt(&a, "[%b,%b]", 1, 0), "[true,false]");
    assert_string_equal(json_fmt(&a, "{'x':%r}", "[1]"), "{\"x\":[1]}");
    assert_string_equal(json_fmt(&a, "'%s-%s'", "a\\b", "c\n"), "\"a\\\\b-c\\n\"");
    assert_string_equal(json_fmt(&a, "'100%%'"), "\"100%\"");
    assert_string_equal(json_fmt(&a, "{'path':'/metadata/labels/%k'}", "sluice.dev/a~b\"c"),
                        "{\"path\":\"/metadata/labels/sluice.dev~1a~0b\\\"c\"}");
    assert_string_equal(json_fmt(&a, ""), "");
    arena_release(&a);
}

static void texts_are_quoted(void **state UNUSED)
{
    static const struct {
        const char *raw, *quoted;
    } cases[] = {
        {NULL, "null"},
        {"", "\"\""},
        {"plain 'single'", "\"plain 'single'\""},
        {"\"\\/", "\"\\\"\\\\/\""},
        {"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
        {"\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\""},
        {"caf\xc3\xa9 \xf0\x9f\x98\x80", "\"caf\xc3\xa9 \xf0\x9f\x98\x80\""},
        {"\xff\xc3(\xed\xa0\x80",
         "\"\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {"cut \xe2\x82", "\"cut \xef\xbf\xbd\xef\xbf\xbd\""},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        auto_strbuf struct strbuf out = {.max = 1024};
        json_quote(&out, cases[i].raw);
        CHECK_TEXT(strbuf_str(&out), cases[i].quoted, "json_quote");
    }
}

/* Any bytes quoted are JSON, and good UTF-8 reads back as it was. */
static void random_texts_read_back(void **state UNUSED)
{
    static const char *const parts[] = {"a",    "\"", "\\", "\n",       "\x01",
                                        "\x7f", "/",  "~",  "\xc3\xa9", "\xf0\x9f\x98\x80"};
    uint64_t seed = 31;

    for (int round = 0; round < 20000; round++) {
        auto_strbuf struct strbuf raw = {.max = 1024}, out = {.max = 1024};
        struct err e = {0};
        for (size_t n = (size_t)(next_random(&seed) % 12); n > 0; n--)
            strbuf_adds(&raw, parts[next_random(&seed) % COUNT(parts)]);
        json_fmt_to(&out, "{'v':%q,'s':'<%s>'}", strbuf_str(&raw), strbuf_str(&raw));
        auto_json cJSON *doc = json_parse(out.p, out.len, &e);
        CHECK(doc, "%s: %s", out.p, e.text);
        CHECK_TEXT(json_str(doc, "v"), strbuf_str(&raw), "read back");
        strbuf_reset(&raw);
    }
    for (int round = 0; round < 20000; round++) {
        auto_strbuf struct strbuf out = {.max = 1024};
        struct err e = {0};
        char raw[16] = "";
        for (size_t i = 0; i + 1 < sizeof(raw); i++)
            raw[i] = (char)next_random(&seed);
        json_quote(&out, raw);
        auto_json cJSON *doc = json_parse(out.p, out.len, &e);
        CHECK(doc, "%s: %s", out.p, e.text);
    }
}

static void output_stops_at_the_maximum(void **state UNUSED)
{
    auto_strbuf struct strbuf out = {.max = 8};

    json_fmt_to(&out, "{'a':%q}", "long text");
    assert_true(out.overflow);
    assert_true(out.len <= 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_directive),
        cmocka_unit_test(texts_are_quoted),
        cmocka_unit_test(random_texts_read_back),
        cmocka_unit_test(output_stops_at_the_maximum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

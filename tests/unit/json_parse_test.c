/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "sluice/json/json.h"

#include <stdio.h>

struct refused {
    const char *text, *why;
};

static const char *const accepted[] = {
    "{}",
    "[]",
    " \t\r\n{ } \n",
    "null",
    "true",
    "false",
    "0",
    "-0",
    "12.5e-3",
    "1E+2",
    "\"\"",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\ude00\"",
    "\"caf\xc3\xa9 \xf0\x9f\x98\x80\x7f\"",
    "[1,[2,[3]],{\"a\":{\"b\":[]}}]",
    "{\"a\":1,\"A\":2,\"\":3}",
    "[{\"a\":1},{\"a\":1}]", /* the same key in two objects */
    "{\"a\" : [ 1 , 2 ] , \"b\" : { } }",
    "1.7976931348623157e308",
    "123456789012345678901234567890",
};

static void good_json_is_taken(void **state UNUSED)
{
    for (size_t i = 0; i < COUNT(accepted); i++) {
        struct err e = {0};
        auto_json cJSON *doc = json_parse(accepted[i], strlen(accepted[i]), &e);
        CHECK(doc, "%s: %s", accepted[i], e.text);
        CHECK(e.kind == ERR_NONE, "%s", accepted[i]);
    }
}

static const struct refused refused[] = {
    {"", "byte 0: the text ends early"},
    {"  ", "byte 2: the text ends early"},
    {"{", "byte 1: a key was expected"},
    {"[", "byte 1: the text ends early"},
    {"[1", "byte 2: the text ends early"},
    {"[1,", "byte 3: the text ends early"},
    {"[1,]", "byte 3: not a value"},
    {"[,1]", "byte 1: not a value"},
    {"[1 2]", "byte 3: a comma or a closing bracket was expected"},
    {"[1}", "byte 2: a comma or a closing bracket was expected"},
    {"]", "byte 0: not a value"},
    {"{\"a\"}", "byte 4: a colon was expected"},
    {"{\"a\":}", "byte 5: not a value"},
    {"{\"a\":1,}", "byte 7: a key was expected"},
    {"{a:1}", "byte 1: a key was expected"},
    {"{1:1}", "byte 1: a key was expected"},
    {"{'a':1}", "byte 1: a key was expected"},
    {"{} {}", "byte 3: more text after the value"},
    {"{}x", "byte 2: more text after the value"},
    {"truex", "byte 4: more text after the value"},
    {"True", "byte 0: not a value"},
    {"nul", "byte 0: not a value"},
    {"NaN", "byte 0: not a value"},
    {"+1", "byte 0: not a value"},
    {"01", "byte 1: more text after the value"},
    {"1.", "byte 0: not a value"},
    {".5", "byte 0: not a value"},
    {"-", "byte 0: not a value"},
    {"1e", "byte 0: not a value"},
    {"1e+", "byte 0: not a value"},
    {"0x10", "byte 1: more text after the value"},
    {"1e999", "byte 0: number too large"},
    {"1234567890123456789012345678901234567890123456789012345678901234", "byte 0: number too long"},
    {"\"\\ud83d\\n\"", "byte 1: bad escape"},
    {"\"\\ud83d\\u12\"", "byte 1: bad escape"},
    {"\"\\ud83d\\uffff\"", "byte 1: bad escape"},
    {"\"\\ud83d?\\ude00\"", "byte 1: bad escape"},
    {"[-1e309]", "byte 1: number too large"},
    {"\"", "byte 0: string does not end"},
    {"\"a", "byte 0: string does not end"},
    {"\"\\", "byte 1: string does not end"},
    {"\"\\\"", "byte 0: string does not end"},
    {"\"a\nb\"", "byte 2: control character in a string"},
    {"\"\\x\"", "byte 1: bad escape"},
    {"\"\\u12\"", "byte 1: bad escape"},
    {"\"\\u00g0\"", "byte 1: bad escape"},
    {"\"\\u0000\"", "byte 1: bad escape"},
    {"\"\\ud800\"", "byte 1: bad escape"},
    {"\"\\udc00\\ud800\"", "byte 1: bad escape"},
    {"\"\\ud800\\u0041\"", "byte 1: bad escape"},
    {"\"\xff\"", "byte 1: bad UTF-8"},
    {"\"\xc0\x80\"", "byte 1: bad UTF-8"},
    {"\"\xed\xa0\x80\"", "byte 1: bad UTF-8"},
    {"\"\xe2\x82", "byte 1: bad UTF-8"},
    {"\xef\xbb\xbf{}", "byte 0: not a value"},
    {"{\"a\":1,\"a\":2}", "key \"a\" stands twice"},
    {"{\"a\":1,\"\\u0061\":2}", "key \"a\" stands twice"},
    {"[0,{\"x\":{\"b\":1,\"c\":2,\"b\":1}}]", "key \"b\" stands twice"},
    {"{\"z\":[{}, {\"\":1,\"\":1}]}", "key \"\" stands twice"},
    {"/* no */ 1", "byte 0: not a value"},
};

static void bad_json_is_refused_with_its_place(void **state UNUSED)
{
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct err e = {0};
        auto_json cJSON *doc = json_parse(refused[i].text, strlen(refused[i].text), &e);
        CHECK(!doc, "%s", refused[i].text);
        CHECK(e.kind == ERR_INVALID, "%s", refused[i].text);
        CHECK(strstr(e.text, refused[i].why), "%s: %s", refused[i].text, e.text);
    }
}

static void nul_byte_is_refused(void **state UNUSED)
{
    struct err e = {0};

    assert_null(json_parse("{}\0", 3, &e));
    assert_null(json_parse("\"a\0b\"", 5, &e));
    assert_null(json_parse("\0", 1, &e));
}

/* `depth` arrays or objects, one in another. */
static char *nested(int depth, bool object)
{
    char *text = xcalloc((size_t)depth + 1, 8);
    size_t len = 0;

    for (int i = 0; i < depth; i++)
        len += (size_t)snprintf(text + len, 8, "%s",
                                !object         ? "["
                                : i < depth - 1 ? "{\"a\":"
                                                : "{");
    memset(text + len, object ? '}' : ']', (size_t)depth);
    return text;
}

static void depth_is_bounded(void **state UNUSED)
{
    for (int object = 0; object < 2; object++) {
        auto_free char *most = nested(JSON_DEPTH_MAX, object);
        auto_free char *more = nested(JSON_DEPTH_MAX + 1, object);
        auto_free char *bomb = nested(1000000, object);
        auto_json cJSON *doc = NULL;
        struct err e = {0};
        doc = json_parse(most, strlen(most), &e);
        assert_non_null(doc);
        assert_null(json_parse(more, strlen(more), &e));
        assert_non_null(strstr(e.text, "nested too deeply"));
        assert_null(json_parse(bomb, strlen(bomb), &e));
    }
}

/* Every strict beginning of a container is refused: no text that was cut passes for whole. */
static void cut_text_is_refused(void **state UNUSED)
{
    static const char text[] = "{\"a\":[1.5e3,\"x\\u00e9\",true,null],\"b\":{\"c\":-0}}";

    for (size_t len = 0; len < sizeof(text) - 1; len++) {
        auto_free char *exact = xmalloc(len); /* so that ASan sees a byte too many */
        struct err e = {0};
        memcpy(exact, text, len);
        CHECK(!json_parse(exact, len, &e), "%zu bytes", len);
    }
}

static const char sample[] =
    "{\"metadata\":{\"name\":\"web\",\"Name\":\"other\",\"labels\":{\"a.b/c\":\"x\",\"a\":\"y\"},"
    "\"none\":null},\"spec\":{\"replicas\":3,\"big\":9007199254740991,\"huge\":1e300,"
    "\"half\":0.5,\"minus\":-7,\"exp\":2e3,\"paused\":true,\"open\":false,\"surge\":\"25%\","
    "\"list\":[1,2,3],\"empty\":[]}}";

static void paths_lead_to_values(void **state UNUSED)
{
    struct err e = {0};
    auto_json cJSON *doc = json_parse(sample, strlen(sample), &e);

    assert_string_equal(json_str(doc, "metadata.name"), "web");
    assert_string_equal(json_str(doc, "metadata.Name"), "other"); /* case counts */
    assert_null(json_str(doc, "metadata.NAME"));
    assert_null(json_str(doc, "metadata.nam"));
    assert_null(json_str(doc, "metadata.namex"));
    assert_null(json_str(doc, "metadata.name.x"));
    assert_null(json_str(doc, "spec.replicas"));
    assert_null(json_str(NULL, "spec"));
    assert_null(json_at(doc, "metadata.none")); /* null is absent */
    assert_null(json_at(doc, "spec.list.0"));
    assert_ptr_equal(json_at(doc, ""), doc);
    const cJSON *labels = json_at(doc, "metadata.labels");
    assert_string_equal(json_key(labels, "a.b/c")->valuestring, "x");
    assert_null(json_key(labels, "A"));
    assert_null(json_key(json_at(doc, "spec.list"), "a"));
    assert_null(json_key(NULL, "a"));
}

static void numbers_are_whole_or_the_default(void **state UNUSED)
{
    struct err e = {0};
    auto_json cJSON *doc = json_parse(sample, strlen(sample), &e);

    assert_int_equal(json_i64(doc, "spec.replicas", 1), 3);
    assert_int_equal(json_i64(doc, "spec.minus", 1), -7);
    assert_int_equal(json_i64(doc, "spec.exp", 1), 2000);
    assert_true(json_i64(doc, "spec.big", 1) == INT64_C(9007199254740991));
    assert_int_equal(json_i64(doc, "spec.huge", 1), 1);
    assert_int_equal(json_i64(doc, "spec.half", 1), 1);
    assert_int_equal(json_i64(doc, "spec.surge", 1), 1);
    assert_int_equal(json_i64(doc, "spec.absent", -1), -1);
    assert_int_equal(json_i64(doc, "spec.paused", 5), 5);
}

static void booleans_and_counts(void **state UNUSED)
{
    struct err e = {0};
    struct arena a;
    auto_json cJSON *doc = json_parse(sample, strlen(sample), &e);
    int sum = 0;

    assert_true(json_bool(doc, "spec.paused", false));
    assert_false(json_bool(doc, "spec.open", true));
    assert_true(json_bool(doc, "spec.absent", true));
    assert_false(json_bool(doc, "spec.replicas", false));
    assert_int_equal(json_count(json_at(doc, "spec.list")), 3);
    assert_int_equal(json_count(json_at(doc, "spec.empty")), 0);
    assert_int_equal(json_count(NULL), 0);
    JSON_EACH(item, json_at(doc, "spec.list"))
        sum += item->valueint;
    assert_int_equal(sum, 6);
    arena_init(&a);
    assert_string_equal(json_int_or_str(&a, doc, "spec.surge"), "25%");
    assert_string_equal(json_int_or_str(&a, doc, "spec.replicas"), "3");
    assert_null(json_int_or_str(&a, doc, "spec.half"));
    assert_null(json_int_or_str(&a, doc, "spec.paused"));
    assert_null(json_int_or_str(&a, doc, "spec.absent"));
    arena_release(&a);
}

/* Ten thousand keys: the search for a double one is not quadratic. */
/* A tree without members of a name is that of a text that never had them. */
static void members_are_left_out(void **state UNUSED)
{
    static const struct {
        const char *text, *rest;
    } rows[] = {
        {"{'m':[{'x':{}}],'a':1}", "{'a':1}"},
        {"{'a':1,'m':[{'x':{}}]}", "{'a':1}"},
        {"{'a':1 , 'm' : [1] , 'b':2}", "{'a':1,'b':2}"},
        {"{ 'm' : { } }", "{}"},
        {"{ 'm' :[] , 'b':2}", "{'b':2}"},
        {"{'m':[1],'m':[2]}", "{}"},
        {"{'m':[], 'm':{} ,'a':3,'m':[4]}", "{'a':3}"},
        {"{'a':{'m':{'m':1}},'b':[{'m':[]},{'m':{},'c':4}]}", "{'a':{},'b':[{},{'c':4}]}"},
        {"{'m':'x','a':{'m':1,'b':{'m':null}}}", "{'m':'x','a':{'m':1,'b':{'m':null}}}"},
        {"{'a':'m','b':['m','m'],'mm':1,'':2}", "{'a':'m','b':['m','m'],'mm':1,'':2}"},
        {"{'a':'\\'m\\':[1]'}", "{'a':'\\'m\\':[1]'}"}, /* not inside strings */
        {"{'a':'\\\\','m':[1]}", "{'a':'\\\\'}"},
        {"'m'", "'m'"},
        {"['m']", "['m']"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a = {0};
        char *text = arena_strdup(&a, rows[i].text), *rest = arena_strdup(&a, rows[i].rest);
        for (char *p = text; (p = strchr(p, '\''));)
            *p = '"';
        for (char *p = rest; (p = strchr(p, '\''));)
            *p = '"';
        const size_t len = strlen(text);
        char *exact = memcpy(xmalloc(len), text, len); /* ASan sees a byte too many */
        auto_json cJSON *doc = json_parse_without(exact, len, "\"m\"", NULL);
        auto_json cJSON *wanted = json_parse(rest, strlen(rest), NULL);
        CHECK(doc && wanted && cJSON_Compare(doc, wanted, true), "%s", rows[i].text);
        free(exact);
        arena_release(&a);
    }
}

static void what_is_left_out_is_checked(void **state UNUSED)
{
    const char *const text = "{\"m\":[1,],\"a\":1}";
    struct err e = {0};

    assert_null(json_parse_without(text, strlen(text), "\"m\"", &e));
    assert_string_equal(e.text, "not JSON at byte 8: not a value");
}

static void wide_objects_are_quick(void **state UNUSED)
{
    auto_strbuf struct strbuf b = {.max = 64 * 1024 * 1024};
    struct err e = {0};

    strbuf_addc(&b, '{');
    for (int i = 0; i < 200000; i++)
        strbuf_addf(&b, "\"key-%d\":%d,", i, i);
    strbuf_adds(&b, "\"last\":1}");
    auto_json cJSON *doc = json_parse(b.p, b.len, &e);
    assert_non_null(doc);
    assert_int_equal(json_i64(doc, "last", 0), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_json_is_taken),
        cmocka_unit_test(bad_json_is_refused_with_its_place),
        cmocka_unit_test(nul_byte_is_refused),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(cut_text_is_refused),
        cmocka_unit_test(paths_lead_to_values),
        cmocka_unit_test(numbers_are_whole_or_the_default),
        cmocka_unit_test(booleans_and_counts),
        cmocka_unit_test(members_are_left_out),
        cmocka_unit_test(what_is_left_out_is_checked),
        cmocka_unit_test(wide_objects_are_quick),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

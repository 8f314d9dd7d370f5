/* SPDX-License-Identifier: Apache-2.0 */
/* JSON at what is seldom: edits of what is not there, texts that do not fit, escapes cut short. */
#include "../../src/json/scan.h"
#include "check.h"
#include "sluice/json/edit.h"
#include "sluice/json/jfmt.h"

__typeof__(cJSON_ParseWithLengthOpts) __real_cJSON_ParseWithLengthOpts;
__typeof__(cJSON_ParseWithLengthOpts) __wrap_cJSON_ParseWithLengthOpts;
static bool cjson_refuses;

static cJSON *parse(const char *text)
{
    struct arena a = {0};
    struct err e = {0};
    const char *json = json_fmt(&a, text, NULL);
    cJSON *doc = json_parse(json, strlen(json), &e);

    CHECK(doc, "%s: %s", text, e.text);
    arena_release(&a);
    return doc;
}

static void check_same(const cJSON *have, const char *want, const char *row)
{
    auto_json cJSON *doc = parse(want);
    auto_free char *text = json_print(have);

    CHECK(json_same(have, doc), "%s: %s, not %s", row, text, want);
}

/* What a patch names and is not there is nothing; what has no key is one more. */
static void strategic_patches_of_what_is_not_there(void **state UNUSED)
{
    static const struct {
        const char *doc, *patch, *want;
    } rows[] = {
        {"{'containers':[{'name':'a'}]}", "{'containers':[{'name':'z','$patch':'delete'}]}",
         "{'containers':[{'name':'a'}]}"},
        {"{'x':[1,2]}", "{'$setElementOrder/x':[2,1]}", "{'x':[1,2]}"},
        {"{'containers':1}", "{'$setElementOrder/containers':[{'name':'a'}]}", "{'containers':1}"},
        {"{'containers':[{'name':'a'},{'name':'b'},{'name':'c'}]}",
         "{'$setElementOrder/containers':[{'name':'c'},{'name':'zz'},{'name':'a'}]}",
         "{'containers':[{'name':'c'},{'name':'a'},{'name':'b'}]}"},
        {"{'finalizers':['a','b']}", "{'$deleteFromPrimitiveList/finalizers':['z','a']}",
         "{'finalizers':['b']}"},
        {"{'containers':[{'image':'i'},{'name':'a'}]}", "{'containers':[{'name':'a','image':'j'}]}",
         "{'containers':[{'name':'a','image':'j'},{'image':'i'}]}"},
        {"{'containers':[{'name':'a'}]}", "{'containers':[{'image':'x'}]}",
         "{'containers':[{'name':'a'},{'image':'x'}]}"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        auto_json cJSON *doc = parse(rows[i].doc), *patch = parse(rows[i].patch);

        json_edit_strategic(doc, patch);
        check_same(doc, rows[i].want, rows[i].patch);
    }
}

/* Others may have taken it away, or made something else of it: that stays as it is. */
static void what_is_forgotten_may_be_gone(void **state UNUSED)
{
    static const struct {
        const char *doc, *was, *now, *want;
    } rows[] = {
        {"{'containers':[{'name':'a','x':1}]}", "{'containers':[{'name':'b'}]}",
         "{'containers':[]}", "{'containers':[{'name':'a','x':1}]}"},
        {"{'a':'text'}", "{'a':{'b':1}}", "{'a':{}}", "{'a':'text'}"},
        {"{'finalizers':'x'}", "{'finalizers':['x']}", "{'finalizers':[]}", "{'finalizers':'x'}"},
        {"{'finalizers':['x','y']}", "{'finalizers':['x','y']}", "{'finalizers':['y']}",
         "{'finalizers':['y']}"},
        {"{'finalizers':['x']}", "{'finalizers':'x'}", "{}", "{'finalizers':['x']}"},
        {"{'b':1}", "{'a':1}", "{}", "{'b':1}"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        auto_json cJSON *doc = parse(rows[i].doc), *was = parse(rows[i].was);
        auto_json cJSON *now = parse(rows[i].now);

        json_edit_forget(doc, was, now);
        check_same(doc, rows[i].want, rows[i].was);
    }
}

/* A JSON Patch that cannot be done says what is not there, and is no other operation. */
static void patches_that_cannot_be(void **state UNUSED)
{
    static const struct {
        const char *patch, *wrong;
    } rows[] = {
        {"[{'op':'copy','from':'/a','path':'/none/b'}]", "/none/b: no such place"},
        {"[{'op':'move','from':'/a','path':'/a/b'}]", "/a/b: no such place"},
        {"[{'op':'copy','from':'/a','path':'/list/7'}]", "/list/7: no such place"},
        {"[{'op':'copy','from':'/none','path':'/b'}]", "/none: the value is not there"},
        {"[{'op':'copy','path':'/b','value':1}]", "/b: not an operation"},
        {"[{'op':'copy','from':'/a'}]", ": not an operation"},
        {"[{'op':'add','from':'/a'}]", ": not an operation"},
        {"[{'op':'add','from':'/a','path':'/b'}]", "/b: not an operation"},
        {"[{'op':'replace','path':'/list/2','value':1}]", "/list/2: the value is not there"},
        {"[{'op':'replace','path':'/a/b','value':1}]", "/a/b: the value is not there"},
        {"[{'op':'add','path':'/a/b','value':1}]", "/a/b: no such place"},
        {"[{'op':'add','path':'/list/x','value':1}]", "/list/x: no such place"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        auto_json cJSON *doc = parse("{'a':1,'list':[1,2]}"), *patch = parse(rows[i].patch);
        struct err e = {0};

        CHECK(!json_edit_patch(doc, patch, &e), "%s", rows[i].patch);
        CHECK(strncmp(e.text, rows[i].wrong, strlen(rows[i].wrong)) == 0, "%s: %s", rows[i].patch,
              e.text);
    }
}

/* The name that it begins with is another one. */
static void a_name_that_is_too_long_is_not_cut(void **state UNUSED)
{
    struct arena a = {0};
    char *name = ARENA_ARRAY(&a, char, 300);
    struct err e = {0};
    auto_json cJSON *doc = NULL, *patch = NULL;

    memset(name, 'n', 299);
    doc = parse(arena_printf(&a, "{'%.255s':{}}", name));
    patch = parse(arena_printf(&a, "[{'op':'add','path':'/%s','value':1}]", name));
    assert_false(json_edit_patch(doc, patch, &e));
    assert_non_null(strstr(e.text, "the path is not there"));
    check_same(doc, arena_printf(&a, "{'%.255s':{}}", name), "nothing is added");
    arena_release(&a);
}

static void no_text_is_no_number(void **state UNUSED)
{
    static const char text[] = "-";

    assert_null(scan_number(text, text));
    assert_null(scan_number(text, text + 1));
}

static void an_object_is_no_number(void **state UNUSED)
{
    auto_json cJSON *a = parse("{'x':{'y':1}}"), *b = parse("{'x':1}"),
                    *but = parse("{'x':{'y':1}}");

    assert_false(json_same_but(a, b, but));
    assert_false(json_same_but(b, a, but));
    assert_true(json_same_but(b, b, but));
}

static void what_is_empty(void **state UNUSED)
{
    static const struct {
        const char *value;
        bool empty;
    } rows[] = {{"[false]", true},    {"[0]", true},     {"['']", true}, {"[{}]", true},
                {"[[]]", true},       {"[true]", false}, {"[1]", false}, {"['a']", false},
                {"[{'a':1}]", false}, {"[[0]]", false}};

    for (size_t i = 0; i < COUNT(rows); i++) {
        auto_json cJSON *doc = parse(rows[i].value);

        CHECK(json_is_empty(doc->child) == rows[i].empty, "%s", rows[i].value);
    }
}

/* The second half of a pair is another escape, or none. */
static void half_a_pair_is_no_character(void **state UNUSED)
{
    static const char *const rows[] = {"\"\\ud83d\\n12345\"", "\"\\ud83d\\u0041\"", "\"\\ud83dx\"",
                                       "\"\\ud83d\"", "\"\\ude00\""};

    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(!json_valid(rows[i], strlen(rows[i])), "%s", rows[i]);
    assert_true(json_valid("\"\\ud83d\\ude00\"", 14));
}

static void texts_that_are_none_and_bytes_that_are_none(void **state UNUSED)
{
    struct arena a = {0};

    CHECK_TEXT(json_fmt(&a, "'%s','%k'", NULL, NULL), "\"\",\"\"", "none");
    CHECK_TEXT(json_fmt(&a, "%q", "\xc3\xa4\x01"), "\"\xc3\xa4\\u0001\"", "two bytes");
    CHECK_TEXT(json_fmt(&a, "%q", "a\xff"), "\"a\xef\xbf\xbd\"", "no character");
    CHECK_TEXT(json_fmt(&a, "%d%%", 5), "5%", "a sign");
    arena_release(&a);
}

/* All of it dropped is an empty object, unless there was no room even for what is dropped. */
static void what_is_dropped_needs_no_room(void **state UNUSED)
{
    static const char text[] = "{\"a\":{\"b\":1}}";
    struct strbuf out = {.max = 100}, small = {.max = 3};

    json_canonical(&out, (struct jslice){text, sizeof(text) - 1}, "a");
    CHECK_TEXT(strbuf_str(&out), "{}", "dropped");
    json_canonical(&small, (struct jslice){text, sizeof(text) - 1}, "a.b");
    assert_true(small.overflow);
    assert_true(small.len <= 3);
    strbuf_release(&out);
    strbuf_release(&small);
}

static void a_string_is_set_at_the_top_too(void **state UNUSED)
{
    static const char text[] = "{\"x\":1}";
    struct arena a = {0};

    CHECK_TEXT(json_splice(&a, (struct jslice){text, sizeof(text) - 1}, NULL, "k", "v"),
               "{\"k\":\"v\",\"x\":1}", "no path");
    arena_release(&a);
}

/* A key whose quote is escaped is not the one that is left out; a text cut short ends where it
 * ends. */
static void what_is_left_out_of_a_text(void **state UNUSED)
{
    static const struct {
        const char *text, *rest; /* NULL: nothing is left out */
    } rows[] = {
        {"{\"a\\\"x\":{\"b\":1}}", NULL},
        {"{\"a\\\"x\":{\"b\":1},\"x\":{}}", "{\"a\\\"x\":{\"b\":1}}"},
        {"{\"x\":[]", "{"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t len = 0;
        auto_free char *rest = scan_omit(rows[i].text, strlen(rows[i].text), "\"x\"", &len);

        CHECK((rest != NULL) == (rows[i].rest != NULL), "%s", rows[i].text);
        if (rest)
            CHECK(len == strlen(rows[i].rest) && memcmp(rest, rows[i].rest, len) == 0, "%s: %.*s",
                  rows[i].text, (int)len, rest);
    }
}

cJSON *__wrap_cJSON_ParseWithLengthOpts(const char *text, size_t len, const char **end,
                                        cJSON_bool terminated)
{
    return cjson_refuses ? NULL : __real_cJSON_ParseWithLengthOpts(text, len, end, terminated);
}

/* Another cJSON may not take all that is JSON to us. */
static void what_cjson_does_not_take(void **state UNUSED)
{
    struct err e = {0};

    cjson_refuses = true;
    assert_null(json_parse("{}", 2, &e));
    cjson_refuses = false;
    assert_int_equal(e.kind, ERR_INVALID);
    assert_string_equal(e.text, "not JSON");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strategic_patches_of_what_is_not_there),
        cmocka_unit_test(what_is_forgotten_may_be_gone),
        cmocka_unit_test(patches_that_cannot_be),
        cmocka_unit_test(a_name_that_is_too_long_is_not_cut),
        cmocka_unit_test(no_text_is_no_number),
        cmocka_unit_test(an_object_is_no_number),
        cmocka_unit_test(what_is_empty),
        cmocka_unit_test(half_a_pair_is_no_character),
        cmocka_unit_test(texts_that_are_none_and_bytes_that_are_none),
        cmocka_unit_test(what_is_dropped_needs_no_room),
        cmocka_unit_test(what_is_left_out_of_a_text),
        cmocka_unit_test(what_cjson_does_not_take),
        cmocka_unit_test(a_string_is_set_at_the_top_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

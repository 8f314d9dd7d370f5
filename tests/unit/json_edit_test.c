/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "sluice/json/edit.h"

#include <stdio.h>

static cJSON *parse(const char *text)
{
    struct err e = {0};
    cJSON *doc = json_parse(text, strlen(text), &e);

    CHECK(doc, "%s: %s", text, e.text);
    return doc;
}

static const struct {
    const char *doc, *patch, *want; /* NULL: refused */
    enum err_kind kind;
} patches[] = {
    {"{}", "[]", "{}", ERR_NONE},
    {"{}", "[{'op':'add','path':'/a','value':1}]", "{'a':1}", ERR_NONE},
    {"{'a':1}", "[{'op':'add','path':'/a','value':null}]", "{'a':null}", ERR_NONE},
    {"{'a':[1,3]}", "[{'op':'add','path':'/a/1','value':2}]", "{'a':[1,2,3]}", ERR_NONE},
    {"{'a':[1]}", "[{'op':'add','path':'/a/-','value':2}]", "{'a':[1,2]}", ERR_NONE},
    {"{'a':[1]}", "[{'op':'add','path':'/a/1','value':2}]", "{'a':[1,2]}", ERR_NONE},
    {"{'a':[1,2]}", "[{'op':'replace','path':'/a/1','value':3}]", "{'a':[1,3]}", ERR_NONE},
    {"{'a/b':{'~':1}}", "[{'op':'replace','path':'/a~1b/~0','value':2}]", "{'a/b':{'~':2}}",
     ERR_NONE},
    {"{'a':[{'b':1},{'b':2}]}", "[{'op':'replace','path':'/a/1/b','value':3}]",
     "{'a':[{'b':1},{'b':3}]}", ERR_NONE},
    {"{'a':[1,2]}", "[{'op':'replace','path':'/a/0','value':[]}]", "{'a':[[],2]}", ERR_NONE},
    {"{'a':1,'b':2}", "[{'op':'remove','path':'/a'}]", "{'b':2}", ERR_NONE},
    {"{'a':[1,2]}", "[{'op':'remove','path':'/a/0'}]", "{'a':[2]}", ERR_NONE},
    {"{'a':{'x':1,'y':2}}",
     "[{'op':'test','path':'/a','value':{'y':2,'x':1}},{'op':'remove','path':'/a/x'}]",
     "{'a':{'y':2}}", ERR_NONE},
    {"{'a':1}", "[{'op':'test','path':'/a','value':2}]", NULL, ERR_CONFLICT},
    {"{'a':1}", "[{'op':'copy','from':'/a','path':'/b'}]", "{'a':1,'b':1}", ERR_NONE},
    {"{'a':[1,2]}", "[{'op':'move','from':'/a/0','path':'/b'}]", "{'a':[2],'b':1}", ERR_NONE},
    {"{'a':1}", "[{'op':'copy','from':'/x','path':'/b'}]", NULL, ERR_CONFLICT},
    {"{'a':1}", "[{'op':'move','from':'/a','path':'/b/c'}]", NULL, ERR_CONFLICT},
    {"{'a':null}", "[{'op':'test','path':'/a','value':null}]", "{'a':null}", ERR_NONE},
    {"{}", "[{'op':'test','path':'/a','value':null}]", NULL, ERR_CONFLICT},
    {"{}", "[{'op':'remove','path':'/a'}]", NULL, ERR_CONFLICT},
    {"{}", "[{'op':'replace','path':'/a','value':1}]", NULL, ERR_CONFLICT},
    {"{}", "[{'op':'add','path':'/a/b','value':1}]", NULL, ERR_CONFLICT},
    {"{'a':1}", "[{'op':'add','path':'/a/b','value':1}]", NULL, ERR_CONFLICT},
    {"{'a':[1]}", "[{'op':'add','path':'/a/3','value':1}]", NULL, ERR_CONFLICT},
    {"{'a':[1]}", "[{'op':'add','path':'/a/01','value':1}]", NULL, ERR_CONFLICT},
    {"{'a':[1]}", "[{'op':'add','path':'/a/x','value':1}]", NULL, ERR_CONFLICT},
    {"{'a':[1]}", "[{'op':'replace','path':'/a/-','value':1}]", NULL, ERR_CONFLICT},
    {"{'a':[1]}", "[{'op':'remove','path':'/a/-1'}]", NULL, ERR_CONFLICT},
    {"{'a':[1]}", "[{'op':'add','path':'/a/0x','value':1}]", NULL, ERR_CONFLICT},
    {"{'a':[1]}", "[{'op':'add','path':'/a/1000000','value':1}]", NULL, ERR_CONFLICT},
    {"{'a':[1]}", "[{'op':'replace','path':'/a/1','value':1}]", NULL, ERR_CONFLICT},
    {"{'~2':1,'~':2}", "[{'op':'remove','path':'/~2'}]", "{'~':2}", ERR_NONE},
    {"{'~':2}", "[{'op':'remove','path':'/~'}]", "{}", ERR_NONE},
    {"{'a':1}", "[{'op':'copy','from':'x','path':'/b'}]", NULL, ERR_CONFLICT},
    {"{'a':1}", "[{'op':'copy','from':'/a','path':'b'}]", NULL, ERR_CONFLICT},
    {"{'a':1}", "[{'op':'copy','from':'/a'}]", NULL, ERR_INVALID},
    {"{'a':1}", "[{'op':'copy','path':'/b'}]", NULL, ERR_INVALID},
    {"{'a':1}", "[{'op':'remove'}]", NULL, ERR_INVALID},
    {"{}", "[{'op':'add','path':'/a'}]", NULL, ERR_INVALID},
    {"{}", "[{'op':'add','value':1}]", NULL, ERR_INVALID},
    {"{}", "[{'op':'move','path':'/a','value':1}]", NULL, ERR_INVALID},
    {"{}", "[{'path':'/a','value':1}]", NULL, ERR_INVALID},
    {"{}", "[{'op':'add','path':'a','value':1}]", NULL, ERR_CONFLICT},
};

static const struct {
    const char *doc, *patch, *want;
} merges[] = {
    {"{}", "{}", "{}"},
    {"{'a':1,'b':2}", "{'a':null,'c':3}", "{'b':2,'c':3}"},
    {"{'a':{'x':1,'y':2}}", "{'a':{'x':null,'z':[1]}}", "{'a':{'y':2,'z':[1]}}"},
    {"{'a':1}", "{'a':{'b':{'c':null,'d':1}}}", "{'a':{'b':{'d':1}}}"},
    {"{'a':[1,2]}", "{'a':[3]}", "{'a':[3]}"},
    {"{'a':{'x':1}}", "{'a':'text'}", "{'a':'text'}"},
    {"{'A':1}", "{'a':2}", "{'A':1,'a':2}"},
    {"{}", "{'a':null}", "{}"},
};

/* The tables' single quotes are double ones. */
static cJSON *quoted(const char *text)
{
    auto_free char *copy = xstrdup(text);

    for (char *p = copy; *p; p++)
        *p = *p == '\'' ? '"' : *p;
    return parse(copy);
}

static void patches_are_rfc_6902(void **state UNUSED)
{
    for (size_t i = 0; i < COUNT(patches); i++) {
        auto_json cJSON *doc = quoted(patches[i].doc), *patch = quoted(patches[i].patch);
        struct err e = {0};
        const bool ok = json_edit_patch(doc, patch, &e);
        CHECK(ok == (patches[i].want != NULL), "%s: %s", patches[i].patch, e.text);
        CHECK(e.kind == patches[i].kind, "%s: %s", patches[i].patch, e.text);
        auto_json cJSON *want = ok ? quoted(patches[i].want) : NULL;
        CHECK(!ok || json_same(doc, want), "%s", patches[i].patch);
    }
}

static void merges_are_rfc_7386(void **state UNUSED)
{
    for (size_t i = 0; i < COUNT(merges); i++) {
        auto_json cJSON *doc = quoted(merges[i].doc), *patch = quoted(merges[i].patch);
        auto_json cJSON *want = quoted(merges[i].want);
        json_edit_merge(doc, patch);
        CHECK(json_same(doc, want), "%s", merges[i].patch);
    }
}

static const struct {
    const char *doc, *patch, *want;
} strategics[] = {
    {"{'a':1,'b':{'c':2}}", "{'a':null,'b':{'d':3}}", "{'b':{'c':2,'d':3}}"},
    {"{'containers':[{'name':'a','image':'x','tty':true},{'name':'b'}]}",
     "{'containers':[{'name':'a','image':'y'}]}",
     "{'containers':[{'name':'a','image':'y','tty':true},{'name':'b'}]}"},
    {"{'containers':[{'name':'a'}]}", "{'containers':[{'name':'c','image':'z'}]}",
     "{'containers':[{'name':'c','image':'z'},{'name':'a'}]}"}, /* as the API server has it */
    {"{'containers':[{'name':'a'},{'name':'b'}]}",
     "{'containers':[{'$patch':'delete','name':'a'}]}", "{'containers':[{'name':'b'}]}"},
    {"{'containers':[{'name':'a'},{'name':'b'}]}",
     "{'containers':[{'name':'c'},{'$patch':'replace'}]}", "{'containers':[{'name':'c'}]}"},
    {"{'containers':[{'name':'a'},{'name':'b'}]}",
     "{'$setElementOrder/containers':[{'name':'b'},{'name':'a'}]}",
     "{'containers':[{'name':'b'},{'name':'a'}]}"},
    {"{'ports':[{'containerPort':80}]}", "{'ports':[{'containerPort':81,'name':'x'}]}",
     "{'ports':[{'containerPort':81,'name':'x'},{'containerPort':80}]}"},
    {"{'ports':[{'port':80,'name':'x'}]}", "{'ports':[{'port':80,'name':'y'}]}",
     "{'ports':[{'port':80,'name':'y'}]}"},
    {"{'env':[{'name':'A','value':'1'}]}", "{'env':[{'name':'A','value':null}]}",
     "{'env':[{'name':'A'}]}"},
    {"{'finalizers':['a','b']}", "{'finalizers':['b','c']}", "{'finalizers':['a','b','c']}"},
    {"{'finalizers':['a','b','c']}", "{'finalizers':['c','a']}", "{'finalizers':['b','c','a']}"},
    {"{'env':[{'name':'A'},{'name':'B'}]}",
     "{'env':[{'name':'B'},{'name':'C'}],'$setElementOrder/env':[{'name':'C'},{'name':'A'},"
     "{'name':'B'}]}",
     "{'env':[{'name':'C'},{'name':'A'},{'name':'B'}]}"},
    {"{'finalizers':['a','b']}", "{'$deleteFromPrimitiveList/finalizers':['a']}",
     "{'finalizers':['b']}"},
    {"{'command':['a','b']}", "{'command':['c']}", "{'command':['c']}"},
    {"{'strategy':{'type':'RollingUpdate','rollingUpdate':{'maxSurge':1}}}",
     "{'strategy':{'$retainKeys':['type'],'type':'Recreate'}}", "{'strategy':{'type':'Recreate'}}"},
    {"{'a':{'x':1}}", "{'a':{'$patch':'replace','y':2}}", "{'a':{'y':2}}"},
    {"{'a':{'x':1}}", "{'a':{'$patch':'delete'}}", "{}"},
    {"{}", "{'containers':[{'name':'a'}]}", "{'containers':[{'name':'a'}]}"},
};

static void strategic_merges_keep_the_items_of_others(void **state UNUSED)
{
    for (size_t i = 0; i < COUNT(strategics); i++) {
        auto_json cJSON *doc = quoted(strategics[i].doc), *patch = quoted(strategics[i].patch);
        auto_json cJSON *want = quoted(strategics[i].want);
        json_edit_strategic(doc, patch);
        auto_free char *text = json_print(doc);
        CHECK(json_same(doc, want), "%s gave %s", strategics[i].patch, text);
    }
}

static const struct {
    const char *doc, *was, *now, *want;
} forgotten[] = {
    {"{'a':1,'b':2}", "{'a':1}", "{}", "{'b':2}"},
    {"{'a':1,'b':2}", "{'a':1}", "{'a':1}", "{'a':1,'b':2}"},
    {"{'labels':{'x':1,'mine':2}}", "{'labels':{'mine':2}}", "{}", "{'labels':{'x':1}}"},
    {"{'labels':{'mine':2}}", "{'labels':{'mine':2}}", "{}", "{}"},
    {"{'annotations':{'x':1,'mine':2}}", "{'annotations':{'mine':2}}", "{}",
     "{'annotations':{'x':1}}"},
    {"{'finalizers':['a','b']}", "{'finalizers':['a']}", "{}", "{'finalizers':['b']}"},
    {"{'finalizers':['a']}", "{'finalizers':['a']}", "{}", "{}"},
    {"{'containers':[{'name':'a','image':'x','tty':true},{'name':'b'}]}",
     "{'containers':[{'name':'a','image':'x'},{'name':'b'}]}", "{'containers':[{'name':'a'}]}",
     "{'containers':[{'name':'a','tty':true}]}"},
    {"{'list':[1,2]}", "{'list':[1]}", "{}", "{}"},
    {"{'probe':{'path':'/','filled':1}}", "{'probe':{'path':'/'}}", "{}", "{}"},
    {"{'probe':{'path':'/','filled':1}}", "{'probe':{'path':'/'}}", "{'probe':{}}",
     "{'probe':{'filled':1}}"},
    {"{}", "{'a':{'b':1}}", "{}", "{}"},
};

static void what_is_no_longer_applied_goes(void **state UNUSED)
{
    for (size_t i = 0; i < COUNT(forgotten); i++) {
        auto_json cJSON *doc = quoted(forgotten[i].doc), *was = quoted(forgotten[i].was);
        auto_json cJSON *now = quoted(forgotten[i].now), *want = quoted(forgotten[i].want);
        json_edit_forget(doc, was, now);
        auto_free char *text = json_print(doc);
        CHECK(json_same(doc, want), "%zu gave %s", i, text);
    }
}

static void copies_are_the_same_and_apart(void **state UNUSED)
{
    auto_json cJSON *doc = quoted("{'a':{'b':[1,'x']}}"), *patch = quoted("{'a':{'c':1}}");
    auto_json cJSON *copy = json_copy(doc), *turned = quoted("{'y':1,'x':2}");
    auto_json cJSON *other = quoted("{'x':2,'y':1}");
    auto_free char *text = json_print(doc);

    assert_true(json_same(doc, copy));
    assert_true(json_same(turned, other));
    json_edit_merge(copy, patch);
    assert_false(json_same(doc, copy));
    assert_string_equal(text, "{\"a\":{\"b\":[1,\"x\"]}}");
}

static void same_whatever_the_order(void **state UNUSED)
{
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        {"{'a':1,'b':{'c':[],'d':null}}", "{'b':{'d':null,'c':[]},'a':1.0}", true},
        {"{'a':1,'b':2,'c':3}", "{'c':3,'a':1,'b':2}", true},
        {"{'a':1,'b':2}", "{'a':1}", false},
        {"{'a':1}", "{'a':1,'b':2}", false},
        {"{'a':1,'b':2}", "{'a':1,'c':2}", false},
        {"{'a':1}", "{'A':1}", false},
        {"{'a':1}", "{'a':'1'}", false},
        {"{'a':null}", "{}", false},
        {"[1,2]", "[1,2]", true},
        {"[1,2]", "[2,1]", false},
        {"[1,2]", "[1]", false},
        {"[1]", "[1,2]", false},
        {"[]", "{}", false},
        {"[true,null,'x']", "[true,null,'x']", true},
        {"[true]", "[false]", false},
        {"['x']", "['y']", false},
        {"[1e15]", "[1000000000000000]", true},
        {"[1]", "[1.0000000000000002]", false},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        auto_json cJSON *a = quoted(cases[i].a), *b = quoted(cases[i].b);

        CHECK(json_same(a, b) == cases[i].same, "%s and %s", cases[i].a, cases[i].b);
        CHECK(json_same(b, a) == cases[i].same, "%s and %s", cases[i].b, cases[i].a);
        CHECK(json_same(a, a) && !json_same(a, NULL) && !json_same(NULL, NULL), "%s", cases[i].a);
    }
}

/* As deep as a text may be. What is looked at twice on each level would take years. */
static void same_as_deep_as_can_be(void **state UNUSED)
{
    char text[JSON_DEPTH_MAX * 12] = "", other[JSON_DEPTH_MAX * 12];
    size_t len = 0;

    for (int i = 1; i < JSON_DEPTH_MAX; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "{'b':2,'a':");
    len += (size_t)snprintf(text + len, sizeof(text) - len, "{'c':1}");
    memset(text + len, '}', JSON_DEPTH_MAX - 1);
    memcpy(other, text, sizeof(other));
    *strchr(other, '1') = '2';
    auto_json cJSON *a = quoted(text), *b = quoted(text), *c = quoted(other);
    assert_true(json_same(a, b));
    assert_false(json_same(a, c));
}

static void same_but_for_a_patch(void **state)
{
    static const char but[] = "{\"a\":null,\"m\":{\"x\":null}}";
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        {"{\"a\":1,\"k\":2}", "{\"k\":2}", true},
        {"{\"k\":2}", "{\"k\":3}", false},
        {"{\"k\":null}", "{\"k\":null}", true},
        {"{\"k\":null}", "{}", false},
        {"{\"m\":{\"x\":1}}", "{}", true},
        {"{\"m\":{\"x\":1,\"y\":1}}", "{\"m\":{\"y\":1}}", true},
        {"{\"m\":{\"y\":1}}", "{}", false},
        {"{}", "{\"m\":{\"y\":1}}", false},
        {"{\"m\":[]}", "{\"m\":{}}", false},
    };
    struct err e = {0};
    cJSON *patch = json_parse(but, sizeof but - 1, &e);
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        cJSON *a = json_parse(cases[i].a, strlen(cases[i].a), &e);
        cJSON *b = json_parse(cases[i].b, strlen(cases[i].b), &e);

        CHECK(json_same_but(a, b, patch) == cases[i].same, "%s and %s", cases[i].a, cases[i].b);
        json_release(&a);
        json_release(&b);
    }
    json_release(&patch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_whatever_the_order),
        cmocka_unit_test(same_as_deep_as_can_be),
        cmocka_unit_test(same_but_for_a_patch),
        cmocka_unit_test(patches_are_rfc_6902),
        cmocka_unit_test(merges_are_rfc_7386),
        cmocka_unit_test(strategic_merges_keep_the_items_of_others),
        cmocka_unit_test(what_is_no_longer_applied_goes),
        cmocka_unit_test(copies_are_the_same_and_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

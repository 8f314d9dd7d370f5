/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "sluice/json/json.h"

#include <stdio.h>

static struct jslice whole(const char *text)
{
    return (struct jslice){.p = text, .len = strlen(text)};
}

/* A copy with nothing behind it, so that ASan sees a byte too many. */
static struct jslice exact(const char *text)
{
    const size_t len = strlen(text);
    char *copy = xmalloc(len);

    memcpy(copy, text, len);
    return (struct jslice){.p = copy, .len = len};
}

static const struct {
    const char *text, *path, *want; /* NULL: absent */
} slices[] = {
    {"{\"a\":1}", "a", "1"},
    {" { \"a\" : [ 1 , 2 ] } ", "a", "[ 1 , 2 ]"},
    {"{\"a\":{\"b\":{\"c\":\"x\\\"}\"}}}", "a.b.c", "\"x\\\"}\""},
    {"{\"a\":{\"b\":1e15}}", "a", "{\"b\":1e15}"}, /* byte for byte */
    {"{\"a\":1,\"b\":-2.50}", "b", "-2.50"},
    {"{\"a\":1}", "", "{\"a\":1}"},
    {"  {} \n", "", "{}"},
    {"[1,2]", "", "[1,2]"},
    {"\"x\"", "", "\"x\""},
    {"{\"a\":1}", "b", NULL},
    {"{\"a\":1}", "A", NULL},
    {"{\"a\":1}", "a.b", NULL},
    {"{\"aa\":1}", "a", NULL},
    {"{\"a\":1}", "aa", NULL},
    {"[{\"a\":1}]", "a", NULL},
    {"{}", "a", NULL},
    {"{\"a\":1,\"a.\":2}", "a.", "2"},
    {"{\"a\":{\"b\":1}}", "a.", NULL},
    {"{\"a.b\":1}", "a.b", "1"},                 /* keys may hold dots */
    {"{\"a\":{\"b\":2},\"a.b\":1}", "a.b", "1"}, /* and the whole key wins */
    {"{\"a.b\":1,\"a\":{\"b\":2}}", "a.b", "1"},
    {"{\"\\u0061\":1}", "a", "1"}, /* an escaped key is the key */
    {"{\"caf\\u00e9\":1}", "caf\xc3\xa9", "1"},
    {"{\"\\ud83d\\ude00\":1}", "\xf0\x9f\x98\x80", "1"},
    {"{\"x\":\"{\\\"a\\\":1}\",\"a\":2}", "a", "2"}, /* not inside strings */
    {"{\"x\":{\"a\":1},\"a\":2}", "a", "2"},         /* not in a sibling */
    {"{\"a\":null}", "a", "null"},
    {"{\"a\":true ,\"b\":false}", "a", "true"},
};

static void slices_are_the_bytes(void **state UNUSED)
{
    for (size_t i = 0; i < COUNT(slices); i++) {
        const struct jslice text = exact(slices[i].text);
        const struct jslice s = json_slice(text.p, text.len, slices[i].path);
        const bool absent = !slices[i].want;
        CHECK(absent == !s.p, "%s at %s", slices[i].text, slices[i].path);
        CHECK(absent ||
                  (s.len == strlen(slices[i].want) && memcmp(s.p, slices[i].want, s.len) == 0),
              "%s at %s: %.*s", slices[i].text, slices[i].path, (int)s.len, s.p);
        free((char *)(uintptr_t)text.p);
    }
}

/* One walk, into a member that is not walked over, gives what paths give. */
static void members_are_found_in_one_walk(void **state UNUSED)
{
    static const char *const keys[] = {"c", "missing", "\"", "a"};
    const struct jslice text =
        exact("{\"x\":\"{\\\"in\\\":\",\"in\":{\"a\":[1,{\"c\":2}],\"b\":\"q\\\"\","
              "\"\\\"\":\"}\",\"c\":\"d\"},\"a\":3}");
    const struct jslice inner = json_begin(text, "in");
    struct jslice found[COUNT(keys)];

    assert_ptr_equal(inner.p, json_slice(text.p, text.len, "in").p);
    assert_ptr_equal(inner.p + inner.len, text.p + text.len);
    assert_int_equal(json_members(inner, keys, COUNT(keys), found), 3);
    assert_true(found[0].len == 3 && memcmp(found[0].p, "\"d\"", 3) == 0);
    assert_null(found[1].p);
    assert_true(found[2].len == 3 && memcmp(found[2].p, "\"}\"", 3) == 0);
    assert_ptr_equal(found[3].p, json_slice(text.p, text.len, "in.a").p);
    assert_int_equal(found[3].len, json_slice(text.p, text.len, "in.a").len);
    assert_null(json_begin(text, "c").p);
    assert_null(json_begin(inner, "x").p); /* it ends with its container */
    assert_int_equal(json_members(json_begin(text, "x"), keys, COUNT(keys), found), 0);
    free((char *)(uintptr_t)text.p);
}

struct visits {
    char text[256];
    int left;
};

static bool visit(struct jslice item, void *arg)
{
    struct visits *v = arg;
    const size_t at = strlen(v->text);

    memcpy(v->text + at, item.p, item.len);
    v->text[at + item.len] = '|';
    return --v->left > 0;
}

static void elements_are_visited_in_order(void **state UNUSED)
{
    static const struct {
        const char *array, *want;
        int most;
        bool all;
    } cases[] = {
        {"[]", "", 9, true},
        {"[ ]", "", 9, true},
        {"[1]", "1|", 9, true},
        {"[ 1 , \"a,]\" , {\"b\":[2]} , [3,4] , null ]", "1|\"a,]\"|{\"b\":[2]}|[3,4]|null|", 9,
         true},
        {"[1,2,3]", "1|2|", 2, false},
        {"{\"a\":1}", "", 9, true},
        {"7", "", 9, true},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct visits v = {.left = cases[i].most};
        const bool all = json_slice_each(whole(cases[i].array), visit, &v);
        CHECK_TEXT(v.text, cases[i].want, cases[i].array);
        CHECK(all == cases[i].all, "%s", cases[i].array);
    }
    assert_true(json_slice_each((struct jslice){0}, visit, NULL));
}

static const struct {
    const char *text, *drop, *want;
} canon[] = {
    {"{}", NULL, "{}"},
    {" [ ] ", NULL, "[]"},
    {"{\"b\":1,\"a\":2}", NULL, "{\"a\":2,\"b\":1}"},
    {"{\"b\" : { \"d\" : 1 , \"c\" : [ 3 , { \"z\":1, \"y\":2 } ] } }", NULL,
     "{\"b\":{\"c\":[3,{\"y\":2,\"z\":1}],\"d\":1}}"},
    {"{\"a\":null,\"b\":[null],\"c\":{\"d\":null}}", NULL, "{\"b\":[null],\"c\":{}}"},
    {"{\"ab\":1,\"a\":2,\"a-\":3,\"B\":4}", NULL, "{\"B\":4,\"a\":2,\"a-\":3,\"ab\":1}"},
    {"{\"n\":[1.0,1e15,-0,12345678901234567890]}", NULL,
     "{\"n\":[1.0,1e15,-0,12345678901234567890]}"},
    {"{\"s\":\"a\\u00e9 \\/ b\"}", NULL, "{\"s\":\"a\\u00e9 \\/ b\"}"},
    {"\"x\"", NULL, "\"x\""},
    /* what is dropped, and what it leaves empty */
    {"{\"a\":{\"b\":1,\"c\":2}}", "a.b", "{\"a\":{\"c\":2}}"},
    {"{\"a\":{\"b\":1},\"d\":0}", "a.b", "{\"d\":0}"},
    {"{\"a\":{\"b\":{\"c\":1}}}", "a.b.c", "{}"},
    {"{\"a\":{\"b\":{}}}", "a.b.c", "{\"a\":{\"b\":{}}}"}, /* it was empty before */
    {"{\"a\":{\"b\":1}}", "a.x", "{\"a\":{\"b\":1}}"},
    {"{\"a\":[{\"b\":1}]}", "a.b", "{\"a\":[{\"b\":1}]}"},
    {"{\"x\":{\"a\":1},\"a\":2}", "a", "{\"x\":{\"a\":1}}"},
    {"{\"metadata\":{\"labels\":{\"sluice.dev/hash\":\"h\",\"app\":\"web\"}}}",
     "metadata.labels.sluice.dev/hash", "{\"metadata\":{\"labels\":{\"app\":\"web\"}}}"},
    {"{\"metadata\":{\"labels\":{\"sluice.dev/hash\":\"h\"}},\"spec\":{}}",
     "metadata.labels.sluice.dev/hash", "{\"spec\":{}}"},
    {"{\"a\":1}", "a", "{}"},
};

static void canonical_form_is_one(void **state UNUSED)
{
    for (size_t i = 0; i < COUNT(canon); i++) {
        auto_strbuf struct strbuf out = {.max = 1024}, again = {.max = 1024};
        json_canonical(&out, whole(canon[i].text), canon[i].drop);
        CHECK_TEXT(strbuf_str(&out), canon[i].want, canon[i].text);
        json_canonical(&again, whole(out.p), canon[i].drop);
        CHECK_TEXT(strbuf_str(&again), canon[i].want, "canonical twice");
    }
}

static void canonical_form_stops_at_the_maximum(void **state UNUSED)
{
    auto_strbuf struct strbuf out = {.max = 10};

    json_canonical(&out, whole("{\"b\":{\"x\":1},\"a\":[1,2,3,4,5]}"), "b.x");
    assert_true(out.overflow);
    assert_true(out.len <= 10);
    strbuf_reset(&out);
    json_canonical(&out, (struct jslice){0}, NULL);
    assert_int_equal(out.len, 0);
}

/* The order of the members does not matter, whatever it is. */
static void any_order_gives_the_same(void **state UNUSED)
{
    static const char *const members[] = {
        "\"a\":1", "\"ab\":[2, 3]", "\"b\":{\"y\":1,\"x\":2}", "\"B\":null", "\"\":\"\"", "\"~\":0",
    };
    uint64_t seed = 17;

    for (int round = 0; round < 500; round++) {
        auto_strbuf struct strbuf text = {.max = 1024}, out = {.max = 1024};
        size_t order[COUNT(members)];
        for (size_t i = 0; i < COUNT(order); i++) {
            const size_t j = (size_t)(next_random(&seed) % (i + 1));
            order[i] = order[j];
            order[j] = i;
        }
        for (size_t i = 0; i < COUNT(order); i++)
            strbuf_addf(&text, "%s%s", i ? " ,\n" : "{", members[order[i]]);
        strbuf_addc(&text, '}');
        json_canonical(&out, whole(text.p), NULL);
        assert_string_equal(out.p,
                            "{\"\":\"\",\"a\":1,\"ab\":[2,3],\"b\":{\"x\":2,\"y\":1},\"~\":0}");
    }
}

static const struct {
    const char *text, *path, *key, *value, *want; /* NULL: not an object */
} splices[] = {
    {"{}", "", "k", "v", "{\"k\":\"v\"}"},
    {"{ }", "", "k", "v", "{\"k\":\"v\" }"},
    {"{\"a\":1}", "", "k", "v", "{\"k\":\"v\",\"a\":1}"},
    {"{\"k\" : 7 , \"a\":1}", "", "k", "v", "{\"k\" : \"v\" , \"a\":1}"},
    {"{\"a\":{\"k\":\"old\"}}", "a", "k", "v", "{\"a\":{\"k\":\"v\"}}"},
    {"{\"a\":{}}", "a", "k", "v", "{\"a\":{\"k\":\"v\"}}"},
    {"{\"a\":null,\"b\":1}", "a", "k", "v", "{\"a\":{\"k\":\"v\"},\"b\":1}"},
    {"{\"b\":1e15}", "a.c", "k", "v", "{\"a\":{\"c\":{\"k\":\"v\"}},\"b\":1e15}"},
    {"{\"a\":{\"x\":1}}", "a.c", "k", "v", "{\"a\":{\"c\":{\"k\":\"v\"},\"x\":1}}"},
    {"{\"a\":{\"c\":null}}", "a.c", "k", "v", "{\"a\":{\"c\":{\"k\":\"v\"}}}"},
    {" {\"a\":1} ", "", "a", "q\"\n", "{\"a\":\"q\\\"\\n\"}"},
    {"{\"spec\":{\"x\":\"k\"},\"metadata\":{\"labels\":{\"app\":\"web\"}}}", "metadata.labels",
     "sluice.dev/hash", "h1",
     "{\"spec\":{\"x\":\"k\"},\"metadata\":{\"labels\":{\"sluice.dev/hash\":\"h1\","
     "\"app\":\"web\"}}}"},
    {"{\"a\":{\"\\u006b\":1}}", "a", "k", "v", "{\"a\":{\"\\u006b\":\"v\"}}"},
    {"[]", "", "k", "v", NULL},
    {"\"x\"", "", "k", "v", NULL},
    {"", "", "k", "v", NULL},
};

static void splice_changes_one_member(void **state UNUSED)
{
    struct arena a;

    arena_init(&a);
    for (size_t i = 0; i < COUNT(splices); i++) {
        char *out = json_splice(&a, whole(splices[i].text), splices[i].path, splices[i].key,
                                splices[i].value);
        CHECK_TEXT(out, splices[i].want, splices[i].text);
        if (!out)
            continue;
        /* Setting it again changes that value alone, and taking it out gives the rest back. */
        CHECK_TEXT(json_splice(&a, whole(out), splices[i].path, splices[i].key, splices[i].value),
                   splices[i].want, "spliced twice");
    }
    arena_release(&a);
}

/* What is left has the canonical form that the whole has without that member. */
static void a_member_is_cut_out(void **state UNUSED)
{
    static const struct {
        const char *text, *left; /* NULL: nothing is cut */
    } rows[] = {
        {"{\"m\":{\"h\":1,\"a\":2}}", "{\"m\":{\"a\":2}}"},
        {"{\"m\":{\"a\":2 , \"h\":1},\"b\":3}", "{\"m\":{\"a\":2},\"b\":3}"},
        {"{\"m\":{\"a\":2,\"h\":1,\"n\":null}}", "{\"m\":{\"a\":2,\"n\":null}}"},
        {"{\"m\":{\"h\":1,\"n\":null,\"a\":2}}", "{\"m\":{\"n\":null,\"a\":2}}"},
        {"{\"m\":{\"h\":1}}", NULL},
        {"{\"m\":{\"h\":1,\"n\":null}}", NULL},
        {"{\"m\":{\"n\":null,\"h\":1,\"o\":null},\"b\":3}", NULL},
        {"{\"m\":{\"a\":1}}", NULL},
        {"{\"m\":[1]}", NULL},
        {"{}", NULL},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        auto_strbuf struct strbuf left = {.max = 100}, dropped = {.max = 100}, same = {.max = 100};
        const bool cut = json_cut(&left, whole(rows[i].text), "m", "h");

        CHECK_TEXT(cut ? strbuf_str(&left) : NULL, rows[i].left, rows[i].text);
        json_canonical(&dropped, whole(rows[i].text), "m.h");
        json_canonical(&same, whole(cut ? strbuf_str(&left) : rows[i].text), "m.h");
        CHECK_TEXT(strbuf_str(&same), strbuf_str(&dropped), rows[i].text);
    }
}

static bool note_bytes(struct jslice item, void *arg)
{
    size_t *bytes = arg;

    *bytes += item.len;
    return true;
}

/* Steps over text that is not JSON stay inside it, whatever they give. */
/* Strings are walked over in words of eight bytes: each byte is seen wherever it stands in one. */
static void every_byte_counts_at_every_place(void **state UNUSED)
{
    for (int byte = 1; byte < 256; byte++) {
        for (int at = 0; at < 20; at++) {
            char text[64];
            const int len = snprintf(text, sizeof(text), "{\"s\":\"%.*s%c%.*s\",\"t\":1}", at,
                                     "aaaaaaaaaaaaaaaaaaaa", byte, 19 - at, "aaaaaaaaaaaaaaaaaaaa");
            const bool plain = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
            CHECK(json_valid(text, (size_t)len) == plain, "%d at %d", byte, at);
            const struct jslice t = json_slice(text, (size_t)len, "t");
            CHECK(byte == '"' || byte == '\\' || (t.len == 1 && *t.p == '1'), "%d at %d", byte, at);
        }
    }
}

static void broken_text_is_never_left(void **state UNUSED)
{
    static const char alphabet[] = "{}[]\",:\\u0a1 \n.-e";
    static const char *const paths[] = {"", "a", "a.b", "0", "u"};
    uint64_t seed = 23;

    for (int round = 0; round < 200000; round++) {
        const size_t len = (size_t)(next_random(&seed) % 24);
        char *text = xmalloc(len);
        size_t bytes = 0;
        for (size_t i = 0; i < len; i++)
            text[i] = alphabet[next_random(&seed) % (sizeof(alphabet) - 1)];
        for (size_t i = 0; i < COUNT(paths); i++) {
            const struct jslice s = json_slice(text, len, paths[i]);
            assert_true(!s.p || (s.p >= text && s.p + s.len <= text + len));
            json_slice_each(s, note_bytes, &bytes);
        }
        struct jslice found[COUNT(paths)];
        json_members(json_begin((struct jslice){text, len}, "a"), paths, COUNT(paths), found);
        for (size_t i = 0; i < COUNT(paths); i++)
            assert_true(!found[i].p ||
                        (found[i].p >= text && found[i].p + found[i].len <= text + len));
        assert_true(bytes <= COUNT(paths) * len);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_are_the_bytes),
        cmocka_unit_test(members_are_found_in_one_walk),
        cmocka_unit_test(elements_are_visited_in_order),
        cmocka_unit_test(canonical_form_is_one),
        cmocka_unit_test(canonical_form_stops_at_the_maximum),
        cmocka_unit_test(any_order_gives_the_same),
        cmocka_unit_test(splice_changes_one_member),
        cmocka_unit_test(a_member_is_cut_out),
        cmocka_unit_test(every_byte_counts_at_every_place),
        cmocka_unit_test(broken_text_is_never_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

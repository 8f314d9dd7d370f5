/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "sluice/json/json.h"
#include "sluice/json/yaml.h"

#include <stdio.h>

#define MIB ((size_t)1024 * 1024)

/* The documents of `text` as JSON, one a line. */
static const char *read_all(struct arena *a, const char *text)
{
    auto_strbuf struct strbuf out = {.max = 64 * 1024 * 1024};
    struct yaml_doc *docs = NULL;
    struct err e = {0}, json_error = {0};
    size_t count = 0;

    if (!yaml_read(a, text, strlen(text), &docs, &count, &e)) {
        assert_int_equal(e.kind, ERR_INVALID);
        return arena_printf(a, "%s", e.text);
    }
    for (size_t i = 0; i < count; i++) {
        auto_json cJSON *doc = json_parse(docs[i].json, docs[i].json_len, &json_error);
        CHECK(doc, "%s: %s", docs[i].json, json_error.text);
        strbuf_addf(&out, "%s%s", i ? "\n" : "", docs[i].json);
    }
    return arena_strdup(a, strbuf_str(&out));
}

struct reading {
    const char *yaml, *json;
};

static void check_readings(const struct reading *cases, size_t count)
{
    struct arena a;

    arena_init(&a);
    for (size_t i = 0; i < count; i++)
        CHECK_TEXT(read_all(&a, cases[i].yaml), cases[i].json, cases[i].yaml);
    arena_release(&a);
}

static void structures(void **state UNUSED)
{
    static const struct reading cases[] = {
        {"", ""},
        {"# only a comment\n", ""},
        {"---\n---\n", ""},
        {"null", ""},
        {"~\n---\na: 1\n", "{\"a\":1}"},
        {"a: 1\nb: two\n", "{\"a\":1,\"b\":\"two\"}"},
        {"a:\n  b:\n    - 1\n    - c: 2\n      d: 3\n    - []\n",
         "{\"a\":{\"b\":[1,{\"c\":2,\"d\":3},[]]}}"},
        {"a:\n- 1\n- 2\n", "{\"a\":[1,2]}"},
        {"{a: 1, b: [x, \"y\"], c: {}}", "{\"a\":1,\"b\":[\"x\",\"y\"],\"c\":{}}"},
        {"- 1\n- - 2\n  - 3\n", "[1,[2,3]]"},
        {"word\n", "\"word\""},
        {"a:\nb: ~\n", "{\"a\":null,\"b\":null}"},
        {"a: |\n  one\n   two\n\nb: >-\n  three\n  four\n",
         "{\"a\":\"one\\n two\\n\",\"b\":\"three four\"}"},
        {"a: 'it''s'\nb: \"q\\\"\\n\\x41\\u00e9\"\n",
         "{\"a\":\"it's\",\"b\":\"q\\\"\\nA\xc3\xa9\"}"},
        {"a: 1\n---\nb: 2\n---\n# nothing\n---\nc: 3\n...\n", "{\"a\":1}\n{\"b\":2}\n{\"c\":3}"},
        {"1\n---\n2\n---\n3\n---\n4\n---\n5\n---\n6\n", "1\n2\n3\n4\n5\n6"},
        {"\xef\xbb\xbf"
         "a: 1\n",
         "{\"a\":1}"},
        {"%YAML 1.1\n---\na: 1\n", "{\"a\":1}"},
        {"a: 1\r\nb: 2\r\n", "{\"a\":1,\"b\":2}"},
        {"? a\n: 1\n", "{\"a\":1}"},
        {"a: b: c", "line 1: not YAML: mapping values are not allowed in this context"},
        {"a: 1\n b: 2\n", "line 2: not YAML: mapping values are not allowed in this context"},
        {"a:\n\t- 1\n", "line 2: not YAML: while scanning for the next token: found character that "
                        "cannot start any token"},
        {"a: [1, 2\nb: 3\n", "line 2: not YAML: while parsing a flow sequence: did not find "
                             "expected ',' or ']'"},
        {"a: \"open\n", "line 2: not YAML: while scanning a quoted scalar: found unexpected end "
                        "of stream"},
        {"a: @b\n", "line 1: not YAML: while scanning for the next token: found character that "
                    "cannot start any token"},
    };

    check_readings(cases, COUNT(cases));
}

/* As sigs.k8s.io/yaml reads it, hence kubectl. */
static void unquoted_text_has_a_meaning(void **state UNUSED)
{
    static const struct reading cases[] = {
        {"[~, null, Null, NULL, ]", "[null,null,null,null]"},
        {"[true, True, TRUE, yes, Yes, YES, y, Y, on, On, ON]",
         "[true,true,true,true,true,true,true,true,true,true,true]"},
        {"[false, False, FALSE, no, No, NO, n, N, off, Off, OFF]",
         "[false,false,false,false,false,false,false,false,false,false,false]"},
        {"[nULL, tRue, yEs, oN, nul, truE]", "[\"nULL\",\"tRue\",\"yEs\",\"oN\",\"nul\",\"truE\"]"},
        {"[0, 7, -7, +7, 1_000, 18446744073709551615, -9223372036854775808]",
         "[0,7,-7,7,1000,18446744073709551615,-9223372036854775808]"},
        {"[0644, 0o644, -0644, 0x1F, 0X1f, -0x1f, 0b101, 0B11, 00, 0_644]",
         "[420,420,-420,31,31,-31,5,3,0,420]"},
        {"[08, 0o8, 0b2, 0x, 0xg, 1a, --1, 1-2]",
         "[8,\"0o8\",\"0b2\",\"0x\",\"0xg\",\"1a\",\"--1\",\"1-2\"]"},
        {"[1.5, -1.50, 1e3, 1E+3, 1.5e-3, .5, 1., +.5, 00.5, 1_0.5]",
         "[1.5,-1.50,1e3,1E+3,1.5e-3,0.5,1,0.5,0.5,10.5]"},
        {"[.5e1, .5E1, .5e+1, 5.e-1, +1e2, .5e, .5e+, +0, -0, -00]",
         "[5,5,5,0.5,100,\".5e\",\".5e+\",0,-0,0]"},
        {"[-0x8000000000000000, -0x8000000000000001]",
         "[-9223372036854775808,\"-0x8000000000000001\"]"},
        {"[., .e5, 1e, e5, 1.2.3, 10.0.0.1, 1e999, -, +, ._5]",
         "[\".\",\".e5\",\"1e\",\"e5\",\"1.2.3\",\"10.0.0.1\",\"1e999\",\"-\",\"+\",\"._5\"]"},
        {"[18446744073709551616]", "[18446744073709551616]"},
        {"[+18446744073709551616]", "[1.8446744073709552e+19]"},
        {"[2026-11-24, 2026-11-24T09:14:03Z, 12:30, 1:30:00]",
         "[\"2026-11-24\",\"2026-11-24T09:14:03Z\",\"12:30\",\"1:30:00\"]"},
        {"[100m, 25%, 1Gi, 5s, =]", "[\"100m\",\"25%\",\"1Gi\",\"5s\",\"=\"]"},
        {"['1', \"true\", 'null', \"\"]", "[\"1\",\"true\",\"null\",\"\"]"},
        {"- |\n  1\n- >-\n  true\n", "[\"1\\n\",\"true\"]"},
        {"[.inf]", "line 1: JSON has no such number: .inf"},
        {"a: 1\nb: -.INF", "line 2: JSON has no such number: -.INF"},
        {"[.NaN]", "line 1: JSON has no such number: .NaN"},
    };

    check_readings(cases, COUNT(cases));
}

static void tags(void **state UNUSED)
{
    static const struct reading cases[] = {
        {"[!!str 1, !!str true, !!str , ! 7]", "[\"1\",\"true\",\"\",\"7\"]"},
        {"[!!int 1, !!int \"2\", !!float 3, !!float 1.5, !!bool yes, !!null ~]",
         "[1,2,3,1.5,true,null]"},
        {"!!map {a: !!seq [1]}", "{\"a\":[1]}"},
        {"!!int x", "line 1: a tag that does not fit or is not supported: tag:yaml.org,2002:int"},
        {"!!bool 1", "line 1: a tag that does not fit or is not supported: tag:yaml.org,2002:bool"},
        {"a:\n  !!binary aGk=",
         "line 2: a tag that does not fit or is not supported: tag:yaml.org,2002:binary"},
        {"!include file", "line 1: a tag that does not fit or is not supported: !include"},
        {"! [1]", "[1]"},
        {"! {a: ! [1]}", "{\"a\":[1]}"},
        {"!!int ~", "line 1: a tag that does not fit or is not supported: tag:yaml.org,2002:int"},
        {"!!null true",
         "line 1: a tag that does not fit or is not supported: tag:yaml.org,2002:null"},
        {"!!float yes",
         "line 1: a tag that does not fit or is not supported: tag:yaml.org,2002:float"},
        {"!!int 1.5", "line 1: a tag that does not fit or is not supported: tag:yaml.org,2002:int"},
        {"!!map []", "line 1: a tag that does not fit or is not supported: tag:yaml.org,2002:map"},
        {"!!seq {}", "line 1: a tag that does not fit or is not supported: tag:yaml.org,2002:seq"},
    };

    check_readings(cases, COUNT(cases));
}

static void keys(void **state UNUSED)
{
    static const struct reading cases[] = {
        {"1: a\n0x10: b\ntrue: c\noff: d\n'~': e\n\"\": f\n1.5: g\n",
         "{\"1\":\"a\",\"16\":\"b\",\"true\":\"c\",\"false\":\"d\",\"~\":\"e\",\"\":\"f\","
         "\"1.5\":\"g\"}"},
        {"a: 1\nb: 2\na: 3\n", "line 3: this key stands twice in its mapping: a"},
        {"x:\n- {a: 1}\n- {a: 1}\n", "{\"x\":[{\"a\":1},{\"a\":1}]}"},
        {"a: 1\n\"\\x61\": 2\n", "line 2: this key stands twice in its mapping: a"},
        {"1: a\n0x1: b\n", "line 2: this key stands twice in its mapping: 1"},
        {"{\"a\":1,\n\"a\":2}", "line 2: this key stands twice in its mapping: a"},
        {"~: 1", "line 1: a key is missing"},
        {"[a]: 1", "line 1: a key must be plain text"},
        {"? {a: 1}\n: 2", "line 1: a key must be plain text"},
        {"&x a: 1", "line 1: a key must be plain text"},
        {"a: &x b\n*x : 1", "line 2: a key must be plain text"},
        {"a: \"\\0\"", "line 1: a NUL byte in a string"},
        {"\"\\0\": a", "line 1: a NUL byte in a string"},
    };

    check_readings(cases, COUNT(cases));
}

static void aliases_and_merges(void **state UNUSED)
{
    static const struct reading cases[] = {
        {"a: &x {b: [1, c]}\nd: *x\ne: [*x, *x]\n",
         "{\"a\":{\"b\":[1,\"c\"]},\"d\":{\"b\":[1,\"c\"]},"
         "\"e\":[{\"b\":[1,\"c\"]},{\"b\":[1,\"c\"]}]}"},
        {"a: &x word\nb: *x\n", "{\"a\":\"word\",\"b\":\"word\"}"},
        {"a: &x 1\nb: &x 2\nc: *x\n", "{\"a\":1,\"b\":2,\"c\":2}"},
        {"- &x [1]\n- &y [*x, 2]\n- *y\n", "[[1],[[1],2],[[1],2]]"},
        {"a: *x\n", "line 1: an alias of nothing: x"},
        {"a: &x 1\n---\nb: *x\n", "line 3: an alias of nothing: x"},
        {"a: &x\n  b: *x\n", "line 2: an alias inside what it names: x"},
        {"&x [1, [*x]]", "line 1: an alias inside what it names: x"},
        /* merge keys: the mapping's own members win, then the first merged */
        {"a: &x {p: 1, q: 2}\nb:\n  <<: *x\n  q: 3\n",
         "{\"a\":{\"p\":1,\"q\":2},\"b\":{\"q\":3,\"p\":1}}"},
        {"a: &x {p: 1}\nb: &y {p: 2, q: 2}\nc: {r: 0, <<: [*x, *y], s: 1}\n",
         "{\"a\":{\"p\":1},\"b\":{\"p\":2,\"q\":2},\"c\":{\"r\":0,\"s\":1,\"p\":1,\"q\":2}}"},
        {"<<: {a: 1}\n", "{\"a\":1}"},
        {"a: {<<: {}}\n", "{\"a\":{}}"},
        {"a: &x {<<: {p: 1}}\nb: {<<: *x}\n", "{\"a\":{\"p\":1},\"b\":{\"p\":1}}"},
        {"a:\n- {<<: {p: [1, {<<: {q: 2}}]}}\n", "{\"a\":[{\"p\":[1,{\"q\":2}]}]}"},
        {"\"<<\": {a: 1}\n", "{\"<<\":{\"a\":1}}"}, /* quoted: a key like others */
        {"<<: 1\n", "line 1: \"<<\" takes mappings only"},
        {"a: 1\n<<: [{b: 1}, 2]\n", "line 2: \"<<\" takes mappings only"},
        {"<<: {a: &x 1}\nb: *x\n", "line 1: an anchor inside \"<<\" is not supported: x"},
        {"<<: &x {a: 1}\n", "line 1: an anchor inside \"<<\" is not supported: x"},
        {"<<: [&x {a: 1}]\n", "line 1: an anchor inside \"<<\" is not supported: x"},
        {"<<: {a: 1}\n<<: {b: 1}\n", "line 2: this key stands twice in its mapping: <<"},
    };

    check_readings(cases, COUNT(cases));
}

/* Each level names the one before ten times: 10^9 in nine lines. */
static void alias_bombs_are_refused(void **state UNUSED)
{
    auto_strbuf struct strbuf bomb = {.max = 64 * 1024};
    struct arena a;

    arena_init(&a);
    strbuf_adds(&bomb, "- &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for (int i = 1; i < 9; i++) {
        strbuf_addf(&bomb, "- &a%d [", i);
        for (int j = 0; j < 10; j++)
            strbuf_addf(&bomb, "%s*a%d", j ? ", " : "", i - 1);
        strbuf_adds(&bomb, "]\n");
    }
    const char *text = read_all(&a, bomb.p);
    CHECK(strstr(text, "aliases stand for more than 1 MiB"), "%.80s", text);
    assert_true(a.bytes < 8 * 1024 * 1024);
    arena_release(&a);
}

/* The same through merges, and the sum counts, not each alias. */
static void alias_bytes_are_summed(void **state UNUSED)
{
    auto_strbuf struct strbuf text = {.max = 4 * 1024 * 1024};
    static char large[600 * 1024];
    struct arena a;

    arena_init(&a);
    memset(large, 'x', sizeof(large) - 1);
    strbuf_addf(&text, "a: &a %s\nb: *a\n", large);
    assert_int_equal(*read_all(&a, text.p), '{');
    strbuf_adds(&text, "c: *a\n");
    assert_string_equal(read_all(&a, text.p), "line 3: aliases stand for more than 1 MiB: a");
    strbuf_reset(&text);
    strbuf_addf(&text, "a: &a {k: %s}\nb: {<<: *a}\nc: {<<: *a}\n", large);
    assert_string_equal(read_all(&a, text.p), "line 3: aliases stand for more than 1 MiB: a");
    arena_release(&a);
}

static char *flow_nest(struct arena *a, int depth)
{
    char *text = arena_alloc(a, (size_t)depth * 2 + 1);

    memset(text, '[', (size_t)depth);
    memset(text + depth, ']', (size_t)depth);
    return text;
}

static void depth_is_bounded(void **state UNUSED)
{
    struct arena a;

    arena_init(&a);
    assert_string_equal(read_all(&a, arena_printf(&a, "# x\n%s", flow_nest(&a, JSON_DEPTH_MAX))),
                        flow_nest(&a, JSON_DEPTH_MAX));
    assert_string_equal(
        read_all(&a, arena_printf(&a, "# x\n%s", flow_nest(&a, JSON_DEPTH_MAX + 1))),
        "line 2: nested too deeply");
    assert_string_equal(read_all(&a, flow_nest(&a, 100000)), "line 1: nested too deeply");
    /* An alias brings its own depth. */
    for (int extra = 0; extra < 2; extra++) {
        const char *in = flow_nest(&a, 40), *out = flow_nest(&a, JSON_DEPTH_MAX - 41 + extra);
        const char *text =
            arena_printf(&a, "- &x %s\n- %.*s*x%s\n", in, JSON_DEPTH_MAX - 41 + extra, out,
                         out + JSON_DEPTH_MAX - 41 + extra);
        const char *have = read_all(&a, text);
        CHECK(extra ? strcmp(have, "line 2: nested too deeply") == 0 : *have == '[', "%s", have);
    }
    arena_release(&a);
}

static void size_and_encoding(void **state UNUSED)
{
    static char large[8 * 1024 * 1024 + 2];
    struct yaml_doc *docs = NULL;
    struct err e = {0};
    struct arena a;
    size_t count = 77;

    arena_init(&a);
    memset(large, ' ', sizeof(large) - 1);
    memcpy(large, "a: 1", 4);
    assert_false(yaml_read(&a, large, sizeof(large) - 1, &docs, &count, &e));
    assert_string_equal(e.text, "larger than 8 MiB");
    assert_null(docs);
    assert_int_equal(count, 77);
    assert_true(yaml_read(&a, large, sizeof(large) - 2, &docs, &count, &e));
    assert_int_equal(count, 1);
    assert_string_equal(read_all(&a, "a: 1\nb: \xff\n"), "line 2: not UTF-8");
    assert_string_equal(read_all(&a, "a: 1\nb: \xed\xa0\x80\n"), "line 2: not UTF-8");
    assert_int_equal(strncmp(read_all(&a, "a: \x01\n"), "line 1: not YAML", 16), 0);
    arena_release(&a);
}

/* Six bytes of JSON for two of YAML: what is allowed as text may be too much as JSON. */
static void what_grows_too_large_as_json(void **state UNUSED)
{
    const size_t escapes = (16 * MIB - 4) / 6;

    for (int more = 2; more <= 3; more++) {
        auto_strbuf struct strbuf text = {.max = 8 * MIB};
        struct yaml_doc *docs = NULL;
        struct err e = {0};
        struct arena a;
        size_t count;

        arena_init(&a);
        strbuf_adds(&text, "\n\"");
        for (size_t i = 0; i < escapes; i++)
            strbuf_adds(&text, "\\e");
        strbuf_addf(&text, "%.*s\"\n", more, "abc");
        if (more == 2) {
            assert_true(yaml_read(&a, text.p, text.len, &docs, &count, &e));
            assert_int_equal(docs[0].json_len, 16 * MIB);
        } else {
            assert_false(yaml_read(&a, text.p, text.len, &docs, &count, &e));
            assert_string_equal(e.text, "line 2: larger than 16 MiB as JSON");
        }
        arena_release(&a);
    }
}

static const char manifest[] = "# a comment\n"
                               "apiVersion: sluice.dev/v1beta1\n"
                               "kind: Rollout\n"
                               "metadata: {name: web}\n"
                               "spec:\n"
                               "  strategy:\n"
                               "    canary:\n"
                               "      steps:\n"
                               "      - weight: 5\n"
                               "      -\n"
                               "        weight: 20\n"
                               "        gates: [smoke, errors]\n"
                               "  gates:\n"
                               "  - name: smoke\n"
                               "    probe: {}\n"
                               "  - name: errors\n"
                               "    metric:\n"
                               "      query: |\n"
                               "        sum(x)\n"
                               "      max: 1\n"
                               "---\n"
                               "kind: Gate\n";

static void lines_are_known(void **state UNUSED)
{
    static const struct {
        const char *path;
        int line;
    } cases[] = {
        {"", 2},
        {"apiVersion", 2},
        {"metadata.name", 4},
        {"spec", 5},
        {"spec.strategy.canary.steps", 8},
        {"spec.strategy.canary.steps[0]", 9},
        {"spec.strategy.canary.steps[0].weight", 9},
        {"spec.strategy.canary.steps[1]", 11},
        {"spec.strategy.canary.steps[1].weight", 11},
        {"spec.strategy.canary.steps[1].gates[1]", 12},
        {"spec.gates[1].metric.max", 20},
        {"spec.gates[1].metric.query", 18},
        /* by name, and what is not there */
        {"spec.gates[name=errors].metric.max", 20},
        {"spec.gates[name=smoke]", 14},
        {"spec.gates[name=other].metric", 13},
        {"spec.strategy.canary.steps[7].weight", 8},
        {"spec.strategy.canary.stepsX", 7},
        {"spec.paused", 5},
        {"nothing", 2},
        {"spec.gates[", 13},
    };
    struct yaml_doc *docs = NULL;
    struct err e = {0};
    struct arena a;
    size_t count = 0;

    arena_init(&a);
    assert_true(yaml_read(&a, manifest, strlen(manifest), &docs, &count, &e));
    assert_int_equal(count, 2);
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK(yaml_line(&docs[0], cases[i].path) == cases[i].line, "%s: %d", cases[i].path,
              yaml_line(&docs[0], cases[i].path));
    assert_int_equal(docs[1].line, 22);
    assert_int_equal(yaml_line(&docs[1], "spec"), 22);
    assert_string_equal(docs[0].marks[0].path, "");
    assert_string_equal(docs[0].marks[1].path, "apiVersion");
    arena_release(&a);
}

/* A name stands for an element only where there are elements that have one. */
static void a_name_that_no_element_has_is_none(void **state UNUSED)
{
    static const char text[] = "v: 1\ngates:\n- 1\n- {name: 2}\n- {other: a}\n- {name: a, x: 1}\n"
                               "map: {name: a}\nword: a\n";
    static const struct {
        const char *path;
        int line;
    } cases[] = {
        {"gates[name=a].x", 6}, {"gates[name=2]", 2}, {"gates[none=a]", 2}, {"map[name=a]", 7},
        {"word[name=a]", 8},    {"none[name=a]", 1},  {"gates[name]", 2},
    };
    struct yaml_doc *docs = NULL;
    struct err e = {0};
    struct arena a;
    size_t count = 0;

    arena_init(&a);
    assert_true(yaml_read(&a, text, strlen(text), &docs, &count, &e));
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK(yaml_line(docs, cases[i].path) == cases[i].line, "%s: %d", cases[i].path,
              yaml_line(docs, cases[i].path));
    arena_release(&a);
}

static void json_text_has_lines_too(void **state UNUSED)
{
    static const char text[] = "\n{\n \"a\": {\"b\\u002ec\": 1,\n  \"d\": [1,\n 2]},\n \"e\": "
                               "\"\\ud83d\\ude00\"\n}\n";
    struct yaml_doc *docs = NULL;
    struct err e = {0};
    struct arena a;
    size_t count = 0;

    arena_init(&a);
    assert_true(yaml_read(&a, text, strlen(text), &docs, &count, &e));
    assert_int_equal(count, 1);
    assert_int_equal(docs->line, 2);
    assert_int_equal(yaml_line(docs, ""), 2);
    assert_int_equal(yaml_line(docs, "a.b.c"), 3);
    assert_int_equal(yaml_line(docs, "a.d[0]"), 4);
    assert_int_equal(yaml_line(docs, "a.d[1]"), 5);
    assert_int_equal(yaml_line(docs, "e"), 6);
    assert_int_equal(docs->json_len, strlen(text) - 2); /* byte for byte, without the blanks */
    arena_release(&a);
}

/* What marks cost does not grow with long keys or many nodes. */
static void marks_are_bounded(void **state UNUSED)
{
    auto_strbuf struct strbuf text = {.max = 4 * 1024 * 1024};
    struct yaml_doc *docs = NULL;
    struct err e = {0};
    struct arena a;
    size_t count = 0;

    arena_init(&a);
    strbuf_adds(&text, "a:\n  k");
    for (int i = 0; i < 900; i++)
        strbuf_addc(&text, 'k');
    strbuf_adds(&text, ":\n");
    for (int i = 0; i < 200000; i++)
        strbuf_adds(&text, "  - 1\n");
    assert_true(yaml_read(&a, text.p, text.len, &docs, &count, &e));
    assert_int_equal(docs->mark_count, 2);
    arena_release(&a);
    strbuf_reset(&text);
    for (int i = 0; i < 200000; i++)
        strbuf_adds(&text, "- 1\n");
    assert_true(yaml_read(&a, text.p, text.len, &docs, &count, &e));
    assert_int_equal(docs->mark_count, 65536);
    assert_int_equal(yaml_line(docs, "[5]"), 6);
    assert_int_equal(yaml_line(docs, "[199999]"), 1);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(structures),
        cmocka_unit_test(unquoted_text_has_a_meaning),
        cmocka_unit_test(tags),
        cmocka_unit_test(keys),
        cmocka_unit_test(aliases_and_merges),
        cmocka_unit_test(alias_bombs_are_refused),
        cmocka_unit_test(alias_bytes_are_summed),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(size_and_encoding),
        cmocka_unit_test(what_grows_too_large_as_json),
        cmocka_unit_test(lines_are_known),
        cmocka_unit_test(a_name_that_no_element_has_is_none),
        cmocka_unit_test(json_text_has_lines_too),
        cmocka_unit_test(marks_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "sluice/json/jfmt.h"
#include "sluice/json/json.h"
#include "sluice/json/yaml.h"

static const struct {
    const char *json, *yaml; /* NULL: not JSON */
} cases[] = {
    {"{\"a\":1,\"b\":[true,null,\"x\"],\"c\":{\"d\":-2.50}}",
     "a: 1\nb:\n- true\n- null\n- x\nc:\n  d: -2.50\n"},
    {"{\"z\":1,\"a\":2}", "z: 1\na: 2\n"},
    {"{}", "{}\n"},
    {"[]", "[]\n"},
    {"{\"a\":{},\"b\":[]}", "a: {}\nb: []\n"},
    {"[[1,2],[{\"a\":1,\"b\":2}]]", "- - 1\n  - 2\n- - a: 1\n    b: 2\n"},
    {"{\"t\":\"true\",\"n\":\"1\",\"e\":\"\",\"o\":\"0644\",\"y\":\"yes\",\"nil\":\"null\"}",
     "t: \"true\"\n\"n\": \"1\"\ne: \"\"\no: \"0644\"\n\"y\": \"yes\"\nnil: \"null\"\n"},
    {"{\"at\":\"2026-11-24T09:14:03Z\",\"base60\":\"1:30\",\"ip\":\"10.0.0.1\",\"ports\":\"80:"
     "81\"}",
     "at: \"2026-11-24T09:14:03Z\"\nbase60: \"1:30\"\nip: 10.0.0.1\nports: \"80:81\"\n"},
    {"{\"year\":\"2026x\",\"three\":\"202-x\",\"day\":\"2026-x\"}",
     "year: 2026x\nthree: 202-x\nday: \"2026-x\"\n"},
    {"{\"text\":\"one\\n  two\\n\"}", "text: |\n  one\n    two\n"},
    {"{\"text\":\"one\\ntwo\"}", "text: |-\n  one\n  two\n"},
    {"{\"s\":\" edge \",\"c\":\"a: b\",\"h\":\"a #b\",\"d\":\"- x\",\"q\":\"it's\"}",
     "s: ' edge '\nc: 'a: b'\nh: 'a #b'\nd: '- x'\nq: it's\n"},
    {"{\"u\":\"caf\\u00e9\",\"bell\":\"\\u0007\"}", "u: caf\xc3\xa9\nbell: \"\\a\"\n"},
    {"{\"merge\":\"<<\",\"<<\":1,\"=\":\"=\"}", "merge: \"<<\"\n\"<<\": 1\n\"=\": \"=\"\n"},
    {"{\"sluice.dev/x\":\"z\"}", "sluice.dev/x: z\n"},
    {"\"word\"", "word\n"},
    {"12", "12\n"},
    {"", NULL},
    {"{", NULL},
    {"{\"a\":1} x", NULL},
    {"{'a':1}", NULL},
};

static void json_becomes_block_yaml(void **state UNUSED)
{
    struct arena a;

    arena_init(&a);
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_TEXT(yaml_from_json(&a, cases[i].json, strlen(cases[i].json)), cases[i].yaml,
                   cases[i].json);
    arena_release(&a);
}

static void long_text_is_not_folded(void **state UNUSED)
{
    static char json[2000] = "{\"a\":\"word";
    struct arena a;
    char *yaml;

    arena_init(&a);
    while (strlen(json) < 1900)
        memcpy(json + strlen(json), " word", 6);
    memcpy(json + strlen(json), "\"}", 3);
    yaml = yaml_from_json(&a, json, strlen(json));
    assert_ptr_equal(strchr(yaml, '\n'), yaml + strlen(yaml) - 1);
    arena_release(&a);
}

static void add_random(struct strbuf *out, uint64_t *seed, int depth)
{
    static const char *const words[] = {
        "null",
        "true",
        "-0.5e3",
        "12",
        "\"\"",
        "\"yes\"",
        "\"0x1f\"",
        "\"a: b\"",
        "\"#\"",
        "\" \"",
        "\"a\\nb\"",
        "\"\\n\"",
        "\"\\n x\"",
        "\"x\\n\\n\"",
        "\"\\t\"",
        "\"'\"",
        "\"\\\"\"",
        "\"\\u0085\"",
        "\"---\"",
        "\"? \"",
        "\"\\ufeff\"",
        "\"*a\"",
        "\"&a\"",
        "\"!a\"",
        "\"\\u2028\"",
        "\"a \\n b\"",
        "\" \\n\"",
        "\"x \"",
        "\"\\ud83d\\ude00\"",
        "\"%\"",
    };
    const size_t n = (size_t)(next_random(seed) % 4);

    switch (depth > 0 ? next_random(seed) % 4 : 0) {
    case 1:
        strbuf_addc(out, '{');
        for (size_t i = 0; i < n; i++) {
            strbuf_addf(out, "%s\"%zu%s:", i ? "," : "", i, words[next_random(seed) % 26 + 4] + 1);
            add_random(out, seed, depth - 1);
        }
        strbuf_addc(out, '}');
        break;
    case 2:
        strbuf_addc(out, '[');
        for (size_t i = 0; i < n; i++) {
            strbuf_adds(out, i ? "," : "");
            add_random(out, seed, depth - 1);
        }
        strbuf_addc(out, ']');
        break;
    default:
        strbuf_adds(out, words[next_random(seed) % COUNT(words)]);
    }
}

/* JSON to YAML and back is the same document. */
static void random_documents_come_back(void **state UNUSED)
{
    uint64_t seed = 41;

    for (int round = 0; round < 20000; round++) {
        auto_strbuf struct strbuf json = {.max = 64 * 1024};
        struct yaml_doc *docs = NULL;
        struct err e = {0};
        struct arena a;
        size_t count = 0;
        arena_init(&a);
        strbuf_adds(&json, "{\"x\":");
        add_random(&json, &seed, 4);
        strbuf_addc(&json, '}');
        auto_json cJSON *before = json_parse(json.p, json.len, &e);
        CHECK(before, "%s: %s", json.p, e.text);
        const char *yaml = yaml_from_json(&a, json.p, json.len);
        CHECK(yaml_read(&a, yaml, strlen(yaml), &docs, &count, &e), "%s\n%s: %s", json.p, yaml,
              e.text);
        assert_int_equal(count, 1);
        auto_json cJSON *after = json_parse(docs->json, docs->json_len, &e);
        CHECK(cJSON_Compare(before, after, true), "%s\n%s\n%s", json.p, yaml, docs->json);
        arena_release(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_becomes_block_yaml),
        cmocka_unit_test(long_text_is_not_folded),
        cmocka_unit_test(random_documents_come_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Rollout.spec at what is seldom: values at the edge of their form, lists with what is no name in
 * them, and bytes that no parser lets through. */
#include "sluice/json/jfmt.h"
#include "spec_bench.h"

#define ROLLING(gates) "{targetRef: {name: web}, strategy: {rolling: {}}, gates: [" gates "]}"
#define METRIC(max)                                                                                \
    ROLLING("{name: a, metric: {prometheus: {address: 'http://p', query: up}, max: " max "}}")
#define PROBE(port)  ROLLING("{name: a, probe: {tcp: {port: " port "}}}")
#define STEPS(steps) "{targetRef: {name: web}, strategy: {canary: {steps: [" steps "]}}"
#define WEIGHT(w)    STEPS("{weight: " w "}") "}"
#define PREVIEW(n)                                                                                 \
    "{targetRef: {name: web}, strategy: {blueGreen: {activeService: web, previewReplicas: " n "}}" \
    "}"

struct row {
    const char *spec, *wrong; /* NULL: as it should be */
};

static void check_rows(const struct row *rows, size_t count, const char *path)
{
    for (size_t i = 0; i < count; i++) {
        const char *said = finding_at(rollout_of(rows[i].spec), path);

        CHECK(rows[i].wrong ? said && strstr(said, rows[i].wrong) : !said, "%s: %s", rows[i].spec,
              said ? said : "fine");
    }
}

/* ---- values ---------------------------------------------------------------------------------- */

static void decimals(void **state UNUSED)
{
    static const struct row rows[] = {
        {METRIC("'0'"), NULL},
        {METRIC("'-1.5'"), NULL},
        {METRIC("'123456789012345.123456789'"), NULL},
        {METRIC("'1234567890123456'"), "must be"},
        {METRIC("'1.1234567890'"), "must be"},
        {METRIC("'1.'"), "must be"},
        {METRIC("'.5'"), "must be"},
        {METRIC("'1.5x'"), "must be"},
        {METRIC("'1x.5'"), "must be"},
        {METRIC("'-'"), "must be"},
        {METRIC("''"), "must be"},
    };

    check_rows(rows, COUNT(rows), "spec.gates[name=a].metric.max");
}

static void shares(void **state UNUSED)
{
    static const struct row rows[] = {
        {WEIGHT("0"), NULL},
        {WEIGHT("'0%'"), NULL},
        {WEIGHT("'99%'"), NULL},
        {WEIGHT("'%'"), "0 to 100"},
        {WEIGHT("'1000%'"), "0 to 100"},
        {WEIGHT("'25'"), "0 to 100"},
        {WEIGHT("'x5%'"), "0 to 100"},
        {WEIGHT("'05%'"), "0 to 100"},
        {WEIGHT("'101%'"), "0 to 100"},
        {WEIGHT("-1"), "0 to 100"},
        {WEIGHT("101"), "0 to 100"},
        {WEIGHT("''"), "0 to 100"},
    };
    static const struct row counts[] = {
        {PREVIEW("1"), NULL},        {PREVIEW("'1%'"), NULL},           {PREVIEW("0"), "from 1"},
        {PREVIEW("'0%'"), "from 1"}, {PREVIEW("2147483648"), "from 1"},
    };

    check_rows(rows, COUNT(rows), "spec.strategy.canary.steps[0].weight");
    check_rows(counts, COUNT(counts), "spec.strategy.blueGreen.previewReplicas");
}

static void ports(void **state UNUSED)
{
    static const struct row rows[] = {
        {PROBE("1"), NULL},
        {PROBE("65535"), NULL},
        {PROBE("http"), NULL},
        {PROBE("8-a"), NULL},
        {PROBE("abcdefghijklmno"), NULL},
        {PROBE("abcdefghijklmnop"), "must be a port"},
        {PROBE("0"), "must be a port"},
        {PROBE("65536"), "must be a port"},
        {PROBE("Http"), "must be a port"},
        {PROBE("'8080'"), "must be a port"},
        {PROBE("8-0"), "must be a port"},
        {PROBE("''"), "must be a port"},
    };

    check_rows(rows, COUNT(rows), "spec.gates[name=a].probe.tcp.port");
}

/* ---- lists ----------------------------------------------------------------------------------- */

/* What is no name is told as that, and hides no other error. */
static void lists_with_what_is_no_name(void **state UNUSED)
{
#define STEP_GATES(gates, step) STEPS("{weight: 10, gates: [" step "]}") ", gates: [" gates "]}"
    static const struct {
        const char *spec, *path, *words;
    } rows[] = {
        {ROLLING("{approval: {}}, {name: b, approval: {}}, {name: b, approval: {}}"),
         "spec.gates[name=b].name", "stands twice"},
        {ROLLING("{approval: {}}, {approval: {}}"), "spec.gates[0].name", "required"},
        {STEP_GATES("{name: a, approval: {}}", "1, a"), "spec.strategy.canary.steps[0].gates[0]",
         "must be text"},
        {STEP_GATES("{name: a, approval: {}}", "1, a, a"), "spec.strategy.canary.steps[0].gates[2]",
         "stands twice"},
        {STEP_GATES("{approval: {}}, {name: latency, approval: {}}", "latancy"),
         "spec.strategy.canary.steps[0].gates[0]", "did you mean \"latency\""},
        {STEP_GATES("{name: a, approval: {}, during: [Bake]}", "1, b, a"),
         "spec.gates[name=a].during", "step"},
        {STEP_GATES("{approval: {}}", "latancy"), "spec.strategy.canary.steps[0].gates[0]", ""},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *said = finding_at(rollout_of(rows[i].spec), rows[i].path);

        CHECK(said && strstr(said, rows[i].words), "%s: %s", rows[i].spec, said ? said : "fine");
    }
}

/* More gates than may be: a slip among the first of them is still seen. */
static void of_too_many_gates_some_are_meant(void **state UNUSED)
{
    auto_strbuf struct strbuf gates = {.max = 1 << 16};
    const char *said;

    for (int i = 0; i < GATES_MAX + 5; i++)
        strbuf_addf(&gates, "{name: gate-%d, approval: {}}, ", i);
    said = finding_at(
        rollout_of(arena_printf(&arena,
                                "{targetRef: {name: web}, strategy: {canary: {steps: [{weight: 10, "
                                "gates: [gite-1]}]}}, gates: [%s]}",
                                strbuf_str(&gates))),
        "spec.strategy.canary.steps[0].gates[0]");
    assert_non_null(said);
    assert_non_null(strstr(said, "did you mean \"gate-1\""));
}

/* ---- words that are meant -------------------------------------------------------------------- */

static void only_a_slip_is_meant(void **state UNUSED)
{
    static const struct {
        const char *word, *name;
        bool meant;
    } rows[] = {
        {"latancy", "latency", true},
        {"ab", "c", false},
        {"a", "bc", false},
        {"a", "abc", false},
        {"abcd", "ab", false},
        {"abcde", "abc", true},
        {"", "a", false},
        {"latancy", "", false},
        {"latancy", NULL, false},
        {NULL, "a", false},
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK((did_you_mean(rows[i].word, &rows[i].name, 1) != NULL) == rows[i].meant, "row %zu",
              i);
}

static void what_is_long_is_no_slip(void **state UNUSED)
{
    static char text[300];
    const char *name = text;

    memset(text, 'a', sizeof(text) - 1);
    assert_null(did_you_mean(text, &name, 1));
    assert_null(did_you_mean("aaaa", &name, 1));
}

/* ---- what no parser lets through ------------------------------------------------------------- */

/* A member without a name is unknown like others. */
static void a_member_without_a_name(void **state UNUSED)
{
    auto_object struct object o = object_of("{\"\":1}");
    const struct finding *findings;
    const size_t count = validate_manifest(&arena, o.doc, &findings);

    bool told = false;

    for (size_t i = 0; i < count; i++)
        told |= str_equal(findings[i].rule, "unknown");
    assert_true(told);
}

/* Bytes that are no characters count one by one, and are shown as what stands for them. */
static void bytes_that_are_no_text(void **state UNUSED)
{
    auto_object struct object o = object_of("{\"metadata\":{\"name\":\"web\"},\"spec\":{}}");
    const struct rollout *r;
    const char *value = NULL;

    cJSON_AddStringToObject(cJSON_GetObjectItem(o.doc, "spec"), "paused", "a\xff");
    r = rollout_read(&arena, o.doc, o.text, o.len);
    for (size_t i = 0; i < r->finding_count; i++)
        if (str_equal(r->findings[i].path, "spec.paused"))
            value = r->findings[i].value;
    CHECK_TEXT(value, "\"a\xef\xbf\xbd\"", "shown");
    assert_true(format_fits(&format_query, "\xff\xff"));
    assert_false(format_fits(&format_label, "a\xff"));
}

/* ---- tables of another form ------------------------------------------------------------------ */

/* Text of any form, and a list without bounds. */
static void what_a_table_does_not_bound(void **state UNUSED)
{
    struct item {
        const char *text;
    };
    struct root {
        struct item *items;
        size_t count;
    };
    static const struct spec_field text = {.key = "text", .kind = F_TEXT};
    static const struct spec_shape item = {
        .name = "item", .fields = &text, .count = 1, .size = sizeof(struct item)};
    static const struct spec_field list = {.key = "items",
                                           .kind = F_LIST,
                                           .at = offsetof(struct root, items),
                                           .count_at = offsetof(struct root, count),
                                           .shape = &item};
    static const struct spec_shape root = {.name = "root", .fields = &list, .count = 1};
    auto_object struct object o = object_of("{\"items\":[{\"text\":\"\\u0001\"},{}]}");
    const struct finding *findings;
    struct root r = {0};
    struct checker c;

    checker_init(&c, &arena, "");
    checker_walk(&c, o.doc, &root, &r);
    assert_int_equal(checker_finish(&c, o.doc, false, &findings), 0);
    assert_int_equal(r.count, 2);
    CHECK_TEXT(r.items[0].text, "\1", "text");
}

/* More fields than are looked through for what was meant. */
static void of_very_many_fields_the_first_are_meant(void **state UNUSED)
{
    static struct spec_field fields[80];
    static const struct spec_shape shape = {.name = "many", .fields = fields, .count = 80};
    auto_object struct object o = object_of("{\"field-00x\":1,\"field-79x\":1}");
    const struct finding *findings;
    struct checker c;
    char nothing = 0;

    for (size_t i = 0; i < COUNT(fields); i++)
        fields[i] =
            (struct spec_field){.key = arena_printf(&arena, "field-%02zu", i), .kind = F_ANY};
    checker_init(&c, &arena, "");
    leave(&(struct checker){.a = &arena}, (struct path_mark){0, 0}); /* from nowhere */
    checker_walk(&c, o.doc, &shape, &nothing);
    assert_int_equal(checker_finish(&c, o.doc, false, &findings), 2);
    assert_non_null(strstr(findings[0].message, "field-00"));
    assert_null(strstr(findings[1].message, "field-79"));
}

/* A target of another version is another target, as it is one of another name. */
#define WEB     "{\"name\":\"web\"}"
#define SPEC_OF "{'targetRef':%r,'strategy':{'rolling':{}}}"
static void a_target_stays(void **state UNUSED)
{
    static const struct {
        const char *was, *now;
        size_t findings;
    } rows[] = {
        {WEB, WEB, 0},
        {WEB, "{\"name\":\"web\",\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\"}", 0},
        {WEB, "{\"name\":\"other\"}", 1},
        {WEB, "{\"name\":\"web\",\"apiVersion\":\"apps/v2\"}", 1},
        {"{}", "{}", 1}, /* its name is missing, and nothing else */
        {"{}", "null", 2},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        auto_object struct object was = object_of(json_fmt(&arena, SPEC_OF, rows[i].was));
        auto_object struct object now = object_of(json_fmt(&arena, SPEC_OF, rows[i].now));
        const struct finding *findings;
        const size_t n = validate_change(&arena, was.doc, now.doc, &findings);

        CHECK(n == rows[i].findings, "%s, then %s: %zu", rows[i].was, rows[i].now, n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimals),
        cmocka_unit_test(shares),
        cmocka_unit_test(ports),
        cmocka_unit_test(lists_with_what_is_no_name),
        cmocka_unit_test(of_too_many_gates_some_are_meant),
        cmocka_unit_test(only_a_slip_is_meant),
        cmocka_unit_test(what_is_long_is_no_slip),
        cmocka_unit_test(a_member_without_a_name),
        cmocka_unit_test(bytes_that_are_no_text),
        cmocka_unit_test(what_a_table_does_not_bound),
        cmocka_unit_test(of_very_many_fields_the_first_are_meant),
        cmocka_unit_test(a_target_stays),
    };

    return cmocka_run_group_tests(tests, begin, end);
}

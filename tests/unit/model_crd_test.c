/* SPDX-License-Identifier: Apache-2.0 */
/* manifests/crd/rollouts.yaml against the tables of src/model: the same fields, types, bounds,
 * words and sentences, so that the API server and `sluice lint` cannot drift apart. */
#include "../../src/model/spec.h"
#include "../../src/model/status.h"
#include "check.h"
#include "sluice/base/clock.h"
#include "sluice/base/file.h"
#include "sluice/json/yaml.h"

#include <stdio.h>

#define CRD                  "manifests/crd/rollouts.yaml"
#define ANNOTATION_BYTES_MAX (256 * 1024) /* what a plain kubectl apply can hold */

static struct arena arena;
static cJSON *crd;
static const cJSON *schema;
static char *crd_text;

static int load(void **state UNUSED)
{
    struct yaml_doc *docs;
    struct err e = {0};
    size_t len, count;

    arena_init(&arena);
    if (!file_read(CRD, 1 << 20, &crd_text, &len, &e) ||
        !yaml_read(&arena, crd_text, len, &docs, &count, &e) || count != 1)
        return -1;
    crd = json_parse(docs[0].json, docs[0].json_len, &e);
    schema = json_at(json_at(crd, "spec.versions")->child, "schema.openAPIV3Schema");
    assert_true(docs[0].json_len < ANNOTATION_BYTES_MAX / 4);
    return schema ? 0 : -1;
}

static int unload(void **state UNUSED)
{
    json_release(&crd);
    free(crd_text);
    arena_release(&arena);
    return 0;
}

static bool holds_word(const cJSON *list, const char *word)
{
    JSON_EACH(item, list) {
        if (str_equal(json_str(item, ""), word))
            return true;
    }
    return false;
}

static bool has_rule(const cJSON *node, const char *rule, const char *message)
{
    JSON_EACH(v, json_key(node, "x-kubernetes-validations")) {
        if (str_equal(json_str(v, "rule"), rule) && str_equal(json_str(v, "message"), message))
            return true;
    }
    return false;
}

/* ---- values of spec -------------------------------------------------------------------------- */

static void check_text(const cJSON *node, const struct format *f, const char *path)
{
    CHECK_TEXT(json_str(node, "type"), "string", path);
    if (!f)
        return;
    CHECK_TEXT(json_str(node, "pattern"), f->pattern, path);
    CHECK(json_i64(node, "maxLength", 0) == f->max, "%s: maxLength", path);
    CHECK(f->pattern || json_i64(node, "minLength", 0) == 1, "%s: minLength", path);
}

static const char *hours(int64_t ms)
{
    if (ms % HOUR_MS == 0)
        return arena_printf(&arena, "%dh", (int)(ms / HOUR_MS));
    return ms % MINUTE_MS ? arena_printf(&arena, "%ds", (int)(ms / SECOND_MS))
                          : arena_printf(&arena, "%dm", (int)(ms / MINUTE_MS));
}

static void check_duration(const cJSON *node, const struct spec_field *f, const char *path)
{
    const char *message;

    CHECK_TEXT(json_str(node, "pattern"), "^([0-9]{1,5}(h|m|s|ms)){1,4}$", path);
    CHECK(json_i64(node, "maxLength", 0) == 28, "%s: maxLength", path);
    if (f->max) {
        message = arena_printf(&arena, "must be at most %s: lower it", hours(f->max));
        CHECK(has_rule(node,
                       arena_printf(&arena, "duration(self) <= duration('%s')", hours(f->max)),
                       message),
              "%s: %s", path, message);
    }
    if (f->min == 1)
        CHECK(has_rule(node, "duration(self) > duration('0s')", "must be longer than 0s"), "%s",
              path);
    if (f->min > 1) {
        message = f->rule ? validate_rule_message(f->rule)
                          : arena_printf(&arena, "must be at least %s: raise it", hours(f->min));
        CHECK(has_rule(node,
                       arena_printf(&arena, "duration(self) >= duration('%s')", hours(f->min)),
                       message),
              "%s: %s", path, message);
    }
}

static void check_int_or_string(const cJSON *node, int min, int64_t max, const char *pattern,
                                const char *path)
{
    CHECK(json_bool(node, "x-kubernetes-int-or-string", false), "%s", path);
    CHECK(json_i64(node, "minimum", -1) == min, "%s: minimum", path);
    CHECK(json_i64(node, "maximum", -1) == max, "%s: maximum", path);
    CHECK_TEXT(json_str(node, "pattern"), pattern, path);
}

static void check_words(const cJSON *node, const struct spec_field *f, const char *path)
{
    size_t n = 0;

    for (size_t i = 0; f->words[i]; i++) {
        if (!*f->words[i])
            continue;
        CHECK(holds_word(json_key(node, "enum"), f->words[i]), "%s: %s", path, f->words[i]);
        n++;
    }
    CHECK(json_count(json_key(node, "enum")) == n, "%s: enum", path);
}

static void check_bits(const cJSON *node, const struct spec_field *f, const char *path)
{
    size_t n = 0;

    while (f->words[n])
        n++;
    CHECK_TEXT(json_str(node, "x-kubernetes-list-type"), "set", path);
    CHECK(json_i64(node, "maxItems", 0) == (int64_t)n, "%s: maxItems", path);
    check_words(json_key(node, "items"), f, path);
}

static void check_shape(const cJSON *node, const struct spec_shape *shape, const char *path);

static void check_list(const cJSON *node, const struct spec_field *f, const char *path)
{
    const char *key = f->shape->merge_key;

    CHECK_TEXT(json_str(node, "type"), "array", path);
    CHECK_TEXT(json_str(node, "x-kubernetes-list-type"), key ? "map" : "atomic", path);
    if (key)
        CHECK(holds_word(json_key(node, "x-kubernetes-list-map-keys"), key), "%s", path);
    CHECK(json_i64(node, "minItems", 0) == f->min, "%s: minItems", path);
    CHECK(json_i64(node, "maxItems", 0) == f->max, "%s: maxItems", path);
    check_shape(json_key(node, "items"), f->shape, arena_printf(&arena, "%s[]", path));
}

static void check_names(const cJSON *node, const struct spec_field *f, const char *path)
{
    CHECK_TEXT(json_str(node, "x-kubernetes-list-type"), "set", path);
    CHECK(json_i64(node, "maxItems", 0) == f->max, "%s: maxItems", path);
    check_text(json_key(node, "items"), f->format, path);
}

static void check_value(const cJSON *node, const struct spec_field *f, const char *path)
{
    switch (f->kind) {
    case F_TEXT:
        check_text(node, f->format, path);
        break;
    case F_DURATION:
        check_duration(node, f, path);
        break;
    case F_PERCENT:
        check_int_or_string(node, 0, 100, "^(0|[1-9][0-9]?|100)%$", path);
        break;
    case F_COUNT:
        check_int_or_string(node, 1, INT32_MAX, "^([1-9][0-9]?|100)%$", path);
        break;
    case F_PORT:
        check_int_or_string(node, 1, 65535, "^[-a-z0-9]*[a-z][-a-z0-9]*$", path);
        break;
    case F_DECIMAL:
        CHECK_TEXT(json_str(node, "pattern"), "^-?[0-9]{1,15}(\\.[0-9]{1,9})?$", path);
        break;
    case F_BOOL:
        CHECK_TEXT(json_str(node, "type"), "boolean", path);
        break;
    case F_INT:
        CHECK_TEXT(json_str(node, "type"), "integer", path);
        CHECK(json_i64(node, "minimum", -1) == f->min, "%s: minimum", path);
        CHECK(json_i64(node, "maximum", -1) == f->max, "%s: maximum", path);
        break;
    case F_WORD:
    case F_WORD_TEXT:
    case F_WORD_FLAG:
        check_words(node, f, path);
        break;
    case F_BITS:
        check_bits(node, f, path);
        break;
    case F_OBJECT:
        check_shape(node, f->shape, path);
        break;
    case F_LIST:
        check_list(node, f, path);
        break;
    case F_NAMES:
        check_names(node, f, path);
        break;
    case F_ANY:
    case F_RESERVED:
        break;
    }
}

/* ---- shapes of spec -------------------------------------------------------------------------- */

static size_t default_count;

/* A default of the CRD is for ever: only those that api.md marks, and as the reader has them. */
static void check_default(const cJSON *node, const struct spec_field *f, const char *path)
{
    const char *dflt = json_str(node, "default");

    CHECK(!json_key(node, "default") || dflt, "%s: default", path);
    if (!dflt)
        return;
    CHECK_TEXT(dflt, f->dflt ? f->dflt : f->words[0], path);
    default_count++;
}

static void check_field(const cJSON *node, const struct spec_shape *shape,
                        const struct spec_field *f, const char *path)
{
    const cJSON *value = json_key(json_key(node, "properties"), f->key);

    CHECK((f->kind != F_RESERVED) == (value != NULL), "%s", path);
    if (!value)
        return;
    CHECK(!str_empty(json_str(value, "description")), "%s: no description", path);
    CHECK(f->required == holds_word(json_key(node, "required"), f->key), "%s: required", path);
    CHECK(!f->choice || shape->choice, "%s: a choice without its rule", path);
    check_default(value, f, path);
    check_value(value, f, path);
}

static void check_shape(const cJSON *node, const struct spec_shape *shape, const char *path)
{
    size_t known = 0;

    CHECK_TEXT(json_str(node, "type"), "object", path);
    CHECK(!str_empty(json_str(node, "description")), "%s: no description", path);
    CHECK((shape->empty != NULL) == (json_i64(node, "minProperties", 0) == 1), "%s: empty", path);
    for (size_t i = 0; i < shape->count; i++) {
        check_field(node, shape, &shape->fields[i],
                    arena_printf(&arena, "%s.%s", path, shape->fields[i].key));
        known += shape->fields[i].kind != F_RESERVED;
    }
    CHECK(json_count(json_key(node, "properties")) == known, "%s: other fields", path);
}

static void spec_is_the_table(void **state UNUSED)
{
    check_shape(json_at(schema, "properties.spec"), &spec_shape, "spec");
    assert_int_equal(default_count, 5);
}

/* The sentence of every rule stands in the CRD, but for those that CEL cannot or need not say. */
static void sentences_are_the_same(void **state UNUSED)
{
    for (int i = 1; i < 100; i++) {
        char rule[16], tag[24];
        const char *message;

        snprintf(rule, sizeof(rule), "V%d", i);
        snprintf(tag, sizeof(tag), "# %s\n", rule);
        message = validate_rule_message(rule);
        CHECK((message && i < 30) == (strstr(crd_text, tag) != NULL), "%s: tag", rule);
        if (message && i < 30)
            CHECK(strstr(crd_text, arena_printf(&arena, "message: \"%s\" %s", message, tag)),
                  "%s: %s", rule, message);
    }
}

/* ---- status ---------------------------------------------------------------------------------- */

static void check_status(const cJSON *node, const struct status_shape *shape, const char *path);

static void check_status_list(const cJSON *node, const struct status_field *f, const char *path)
{
    const char *type = json_str(node, "x-kubernetes-list-type");
    const cJSON *items = json_key(node, "items"), *keys;

    CHECK_TEXT(json_str(node, "type"), "array", path);
    CHECK(type, "%s: list type", path);
    if (!f->shape)
        return;
    keys = json_key(node, "x-kubernetes-list-map-keys");
    JSON_EACH(key, keys)
        CHECK(holds_word(json_key(items, "required"), json_str(key, "")), "%s: key", path);
    CHECK(str_equal(type, "map") == (keys != NULL), "%s: keys", path);
    check_status(items, f->shape, arena_printf(&arena, "%s[]", path));
}

static void check_status_field(const cJSON *node, const struct status_field *f, const char *path)
{
    static const char *const types[] = {
        [S_STR] = "string",    [S_I64] = "integer", [S_I32] = "integer",   [S_STEP] = "integer",
        [S_BOOL] = "boolean",  [S_TIME] = "string", [S_SECOND] = "string", [S_WORD] = "string",
        [S_OBJECT] = "object", [S_LIST] = "array",  [S_NAMES] = "array",   [S_CONDITIONS] = "array",
    };

    CHECK(node, "%s", path);
    CHECK(!str_empty(json_str(node, "description")), "%s: no description", path);
    CHECK_TEXT(json_str(node, "type"), types[f->kind], path);
    CHECK((f->kind == S_TIME || f->kind == S_SECOND) ==
              str_equal(json_str(node, "format"), "date-time"),
          "%s: format", path);
    CHECK(!json_key(node, "enum") && !json_key(node, "maxLength"),
          "%s: a status is always written: no bounds that could refuse it", path);
    if (f->kind == S_OBJECT)
        check_status(node, f->shape, path);
    if (f->kind == S_LIST || f->kind == S_CONDITIONS || f->kind == S_NAMES)
        check_status_list(node, f, path);
}

static void check_status(const cJSON *node, const struct status_shape *shape, const char *path)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct status_field *f = &shape->fields[i];

        check_status_field(json_key(json_key(node, "properties"), f->key), f,
                           arena_printf(&arena, "%s.%s", path, f->key));
    }
    CHECK(json_count(json_key(node, "properties")) == shape->count, "%s: other fields", path);
}

static void status_is_the_table(void **state UNUSED)
{
    check_status(json_at(schema, "properties.status"), &status_shape, "status");
}

/* ---- names ----------------------------------------------------------------------------------- */

static void names_and_columns(void **state UNUSED)
{
    static const char *const columns[][2] = {
        {"Strategy", "0"}, {"Status", "0"}, {"Step", "0"},     {"Weight", "0"},
        {"Ready", "0"},    {"Age", "0"},    {"Revision", "1"}, {"Message", "1"},
    };
    const cJSON *version = json_at(crd, "spec.versions")->child;
    size_t i = 0;

    CHECK_TEXT(json_str(crd, "spec.group"), SLUICE_GROUP, "group");
    CHECK(holds_word(json_at(crd, "spec.names.shortNames"), "rol"), "short name");
    CHECK(holds_word(json_at(crd, "spec.names.categories"), "sluice"), "category");
    CHECK(json_at(version, "subresources.status"), "status subresource");
    JSON_EACH(column, json_key(version, "additionalPrinterColumns")) {
        assert_true(i < COUNT(columns));
        CHECK_TEXT(json_str(column, "name"), columns[i][0], "column");
        assert_int_equal(json_i64(column, "priority", 0), strtol(columns[i][1], NULL, 10));
        i++;
    }
    assert_int_equal(i, COUNT(columns));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spec_is_the_table),
        cmocka_unit_test(sentences_are_the_same),
        cmocka_unit_test(status_is_the_table),
        cmocka_unit_test(names_and_columns),
    };

    return cmocka_run_group_tests(tests, load, unload);
}

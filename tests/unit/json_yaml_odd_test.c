/* SPDX-License-Identifier: Apache-2.0 */
/* The YAML reader with a libyaml that says what this one never says. */
#include "check.h"
#include "sluice/json/yaml.h"

#include <yaml.h>

__typeof__(yaml_parser_parse) __wrap_yaml_parser_parse;

static const yaml_event_type_t *events; /* one after the other; then its error */
static const char *problem, *context;

int __wrap_yaml_parser_parse(yaml_parser_t *parser, yaml_event_t *event)
{
    if (!events) {
        parser->error = YAML_PARSER_ERROR;
        parser->problem = problem;
        parser->context = context;
        return 0;
    }
    *event = (yaml_event_t){.type = *events++};
    return 1;
}

static void errors_without_words(void **state UNUSED)
{
    static const struct {
        const char *context, *problem, *text;
    } rows[] = {
        {NULL, NULL, "line 1: not YAML: syntax error"},
        {"", "odd", "line 1: not YAML: odd"},
        {"in a map", "odd", "line 1: not YAML: in a map: odd"},
    };
    struct arena a = {0};

    events = NULL;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct yaml_doc *docs;
        struct err e = {0};
        size_t count;

        context = rows[i].context;
        problem = rows[i].problem;
        assert_false(yaml_read(&a, "a: 1", 4, &docs, &count, &e));
        CHECK_TEXT(e.text, rows[i].text, rows[i].text);
    }
    arena_release(&a);
}

/* Without a root there is no document. */
static void a_document_of_no_node_is_none(void **state UNUSED)
{
    static const yaml_event_type_t empty[] = {YAML_STREAM_START_EVENT, YAML_DOCUMENT_START_EVENT,
                                              YAML_DOCUMENT_END_EVENT, YAML_STREAM_END_EVENT};
    struct arena a = {0};
    struct yaml_doc *docs;
    struct err e = {0};
    size_t count;

    events = empty;
    assert_true(yaml_read(&a, "a: 1", 4, &docs, &count, &e));
    assert_int_equal(count, 0);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_without_words),
        cmocka_unit_test(a_document_of_no_node_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

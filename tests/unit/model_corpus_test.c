/* SPDX-License-Identifier: Apache-2.0 */
/* The Rollouts of tests/model/corpus: what the validator says of each, finding by finding. What the
 * API server says of them with our CRD is compared by tests/model/agree. */
#include "check.h"
#include "sluice/base/file.h"
#include "sluice/json/yaml.h"
#include "sluice/model/validate.h"

#include <stdio.h>

static const char *const files[] = {"top",   "strategy", "steps", "step-gates",
                                    "gates", "metric",   "probe", "action"};
static bool rule_seen[100];
static size_t good_count, bad_count;

/* One case: its head of comments, its document, and the one it changes, if any. */
struct corpus_case {
    const char *name, *verdict;
    struct strbuf wanted;
};

static void see_rule(const char *line)
{
    const char *number = strstr(line, "V");

    if (number && (number == line || strncmp(line, "warning ", 8) == 0))
        rule_seen[strtol(number + 1, NULL, 10) % 100] = true;
}

/* "# case NAME", "# good" or "# bad", "# server ...", then a line for each finding. */
static void read_head(struct arena *a, const char *text, struct corpus_case *c)
{
    while (text[0] == '#') {
        const size_t len = strcspn(text, "\n");
        const char *line = arena_strndup(a, text + 2, len - 2);

        if (strncmp(line, "case ", 5) == 0)
            c->name = line + 5;
        else if (strcmp(line, "good") == 0 || strcmp(line, "bad") == 0)
            c->verdict = line;
        else if (strncmp(line, "server ", 7) != 0)
            strbuf_addf(&c->wanted, "%s\n", line);
        see_rule(line);
        text += len + (text[len] != '\0');
    }
}

static cJSON *read_doc(struct arena *a, const char *text, const char *name)
{
    struct yaml_doc *docs;
    struct err e = {0};
    size_t count;
    cJSON *doc;

    CHECK(yaml_read(a, text, strlen(text), &docs, &count, &e), "%s: %s", name, e.text);
    CHECK(count == 1, "%s: %zu documents", name, count);
    doc = json_parse(docs[0].json, docs[0].json_len, &e);
    CHECK(doc, "%s: %s", name, e.text);
    return doc;
}

static bool list_findings(const struct finding *f, size_t count, struct strbuf *out)
{
    bool bad = false;

    for (size_t i = 0; i < count; i++) {
        strbuf_addf(out, "%s%s %s\n", f[i].warning ? "warning " : "", f[i].rule, f[i].path);
        bad = bad || !f[i].warning;
        CHECK(strlen(f[i].message) > 10 && strlen(f[i].message) < 200, "%s", f[i].message);
    }
    return bad;
}

static void check_case(struct arena *a, const struct corpus_case *c, const cJSON *before,
                       const cJSON *doc)
{
    auto_strbuf struct strbuf found = {.max = 16384};
    const struct finding *findings;
    size_t count;
    bool bad;

    if (before)
        count = validate_change(a, json_key(before, "spec"), json_key(doc, "spec"), &findings);
    else
        count = validate_manifest(a, doc, &findings);
    bad = list_findings(findings, count, &found);
    CHECK_TEXT(strbuf_str(&found), strbuf_str(&c->wanted), c->name);
    CHECK(bad == (strcmp(c->verdict, "bad") == 0), "%s: should be %s", c->name, c->verdict);
    *(bad ? &bad_count : &good_count) += 1;
}

/* A document without a head is the change of the one before it. */
static void check_text(struct arena *a, char *text)
{
    struct corpus_case c = {0};
    auto_json cJSON *before = NULL;
    char *next;

    strbuf_init(&c.wanted, 16384);
    for (char *at = strstr(text, "\n---\n"); at; at = next) {
        at += 5;
        next = strstr(at, "\n---\n");
        if (next)
            *next = '\0';
        if (*at == '#') {
            strbuf_reset(&c.wanted);
            read_head(a, at, &c);
        }
        auto_json cJSON *doc = read_doc(a, at, c.name);
        if (next && next[5] != '#') {
            before = doc;
            doc = NULL;
            continue;
        }
        check_case(a, &c, before, doc);
        json_release(&before);
    }
    strbuf_release(&c.wanted);
}

static void validator_says_what_is_written(void **state UNUSED)
{
    for (size_t i = 0; i < COUNT(files); i++) {
        auto_free char *text = NULL;
        struct err e = {0};
        struct arena a;
        char path[64];
        size_t len;

        arena_init(&a);
        snprintf(path, sizeof(path), "tests/model/corpus/%s.yaml", files[i]);
        CHECK(file_read(path, 1 << 20, &text, &len, &e), "%s", e.text);
        check_text(&a, text);
        arena_release(&a);
    }
    CHECK(good_count > 20 && bad_count > 60, "%zu good, %zu bad", good_count, bad_count);
}

static void every_rule_has_a_case(void **state UNUSED)
{
    for (int i = 1; i < (int)COUNT(rule_seen); i++) {
        char rule[16];

        snprintf(rule, sizeof(rule), "V%d", i);
        CHECK(!validate_rule_message(rule) || rule_seen[i], "%s has no case", rule);
        CHECK(validate_rule_message(rule) || !rule_seen[i], "%s is no rule", rule);
    }
    assert_null(validate_rule_message("V0"));
    assert_null(validate_rule_message(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(validator_says_what_is_written),
        cmocka_unit_test(every_rule_has_a_case),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* model_selector_fuzz.c - any label selector and any labels: both readings of a selector agree,
 * one more label never ends a match of plain pairs, and what is not understood matches nothing.
 *
 * {"selector":{metav1.LabelSelector},"labels":{...}} */
#include "../../src/model/read.h"
#include "check.h"

static void check_pairs(const struct pair *pairs, size_t count)
{
    for (size_t i = 1; i < count; i++)
        CHECK(strcmp(pairs[i - 1].key, pairs[i].key) <= 0, "%s before %s", pairs[i - 1].key,
              pairs[i].key);
}

/* Every pair that is asked for is there. */
static bool has_all(const struct selector *s, const struct pair *labels, size_t count)
{
    for (size_t i = 0; i < s->count; i++) {
        const char *value = pair_get(labels, count, s->pairs[i].key);
        if (!value || strcmp(value, s->pairs[i].value) != 0)
            return false;
    }
    return true;
}

static void check_less(const struct selector *s, const struct pair *labels, size_t count)
{
    if (count > 0 && selector_matches(s, labels, count - 1))
        CHECK(selector_matches(s, labels, count), "a label more ends the match");
}

/* Labels alone, and all of them texts, as the API server has them. */
static bool is_plain(const cJSON *selector, const struct selector *s)
{
    return s->count > 0 && json_count(json_at(selector, "matchLabels")) == s->count &&
           !json_key(selector, "matchExpressions");
}

/* The same key twice is a mistake that the API server does not let through. */
static bool unique(const struct pair *pairs, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (strcmp(pairs[i - 1].key, pairs[i].key) == 0)
            return false;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct err e = {0};
    auto_json cJSON *doc = json_parse((const char *)data, len, &e);
    const cJSON *selector = json_key(doc, "selector");
    const struct pair *labels;
    struct selector s = {0};
    struct arena a;
    size_t count = 0;
    bool fits;

    if (!doc)
        return REFUSED;
    arena_init(&a);
    labels = read_pairs(&a, json_key(doc, "labels"), &count);
    read_selector(&a, selector, &s);
    check_pairs(labels, count);
    check_pairs(s.pairs, s.count);
    fits = selector_matches(&s, labels, count);
    CHECK(!fits || (s.present && !s.complex), "nothing was asked for, or what we do not know");
    CHECK(!fits || has_all(&s, labels, count), "a pair is missing");
    if (s.present && !s.complex && s.count > 0 && unique(labels, count) && unique(s.pairs, s.count))
        CHECK(fits == has_all(&s, labels, count), "all pairs are there");
    if (unique(labels, count))
        check_less(&s, labels, count);
    if (is_plain(selector, &s) && !s.complex && unique(s.pairs, s.count) && unique(labels, count))
        CHECK(fits == label_selector_matches(selector, labels, count), "the two differ");
    arena_release(&a);
    return 0;
}

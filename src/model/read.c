/* SPDX-License-Identifier: Apache-2.0 */
#include "read.h"
#include "sluice/base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

char *read_str(struct arena *a, const cJSON *o, const char *path)
{
    return arena_strdup(a, json_str(o, path));
}

char *read_key(struct arena *a, const cJSON *o, const char *path, const char *key)
{
    return arena_strdup(a, json_str(json_key(json_at(o, path), key), ""));
}

int32_t read_i32(const cJSON *o, const char *path, int32_t dflt)
{
    return (int32_t)clamp_i64(json_i64(o, path, dflt), INT32_MIN, INT32_MAX);
}

int32_t read_count(const cJSON *o, const char *path, int32_t dflt)
{
    return (int32_t)clamp_i64(json_i64(o, path, dflt), 0, COUNT_MAX);
}

int64_t read_time(const cJSON *o, const char *path)
{
    return time_parse(json_str(o, path));
}

const char *annotation(const cJSON *o, const char *key)
{
    return json_str(json_key(json_at(o, "metadata.annotations"), key), "");
}

int64_t annotation_i64(const cJSON *o, const char *key, int64_t dflt)
{
    const char *text = annotation(o, key);
    char *end = NULL;
    long long value;

    if (str_empty(text))
        return dflt;
    errno = 0;
    value = strtoll(text, &end, 10);
    return *end == '\0' && errno == 0 ? value : dflt;
}

char *read_raw(struct arena *a, const char *raw, size_t len, const char *path)
{
    const struct jslice s = json_slice(raw, len, path);

    if (!s.p || s.p[0] == 'n')
        return NULL;
    return arena_strndup(a, s.p, s.len);
}

/* ---- pairs and selectors --------------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;

    return strcmp(x->key, y->key);
}

const struct pair *read_pairs(struct arena *a, const cJSON *map, size_t *count)
{
    struct pair *pairs = ARENA_ARRAY(a, struct pair, json_count(map) + 1);
    size_t n = 0;

    JSON_EACH(item, map) {
        if (item->string && json_str(item, ""))
            pairs[n++] = (struct pair){arena_strdup(a, item->string), read_str(a, item, "")};
    }
    if (n > 1)
        qsort(pairs, n, sizeof(*pairs), by_key);
    *count = n;
    return pairs;
}

const char *pair_get(const struct pair *pairs, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(pairs[i].key, key))
            return pairs[i].value;
    }
    return NULL;
}

void read_selector(struct arena *a, const cJSON *selector, struct selector *out)
{
    out->pairs = read_pairs(a, json_key(selector, "matchLabels"), &out->count);
    out->complex = json_count(json_key(selector, "matchExpressions")) > 0;
    out->present = selector != NULL;
}

bool selector_matches(const struct selector *s, const struct pair *labels, size_t count)
{
    if (!s->present || s->complex)
        return false;
    for (size_t i = 0; i < s->count; i++) {
        const char *value = pair_get(labels, count, s->pairs[i].key);

        if (!value || strcmp(value, s->pairs[i].value) != 0)
            return false;
    }
    return true;
}

const char *selector_get(const struct selector *s, const char *key)
{
    return pair_get(s->pairs, s->count, key);
}

static bool one_of(const cJSON *values, const char *value)
{
    JSON_EACH(item, values) {
        if (value && str_equal(json_str(item, ""), value))
            return true;
    }
    return false;
}

static bool expression_holds(const cJSON *e, const char *value)
{
    const char *op = json_str(e, "operator");

    if (str_equal(op, "In"))
        return one_of(json_key(e, "values"), value);
    if (str_equal(op, "NotIn"))
        return !one_of(json_key(e, "values"), value);
    if (str_equal(op, "Exists"))
        return value != NULL;
    return str_equal(op, "DoesNotExist") && !value;
}

bool label_selector_matches(const cJSON *selector, const struct pair *labels, size_t count)
{
    if (!selector)
        return false;
    JSON_EACH(item, json_key(selector, "matchLabels")) {
        const char *value = pair_get(labels, count, item->string);

        if (!value || !str_equal(value, json_str(item, "")))
            return false;
    }
    JSON_EACH(e, json_key(selector, "matchExpressions")) {
        if (!expression_holds(e, pair_get(labels, count, json_str(e, "key"))))
            return false;
    }
    return true;
}

/* ---- lists ----------------------------------------------------------------------------------- */

const struct port *read_container_ports(struct arena *a, const cJSON *pod_spec, size_t *count)
{
    struct port *ports;
    size_t n = 0;

    JSON_EACH(c, json_key(pod_spec, "containers"))
        n += json_count(json_key(c, "ports"));
    ports = ARENA_ARRAY(a, struct port, n + 1);
    n = 0;
    JSON_EACH(c, json_key(pod_spec, "containers")) {
        JSON_EACH(p, json_key(c, "ports"))
            ports[n++] = (struct port){read_str(a, p, "name"), read_i32(p, "containerPort", 0)};
    }
    *count = n;
    return ports;
}

const cJSON *find_condition(const cJSON *conditions, const char *type)
{
    JSON_EACH(c, conditions) {
        if (str_equal(json_str(c, "type"), type))
            return c;
    }
    return NULL;
}

bool condition_true(const cJSON *conditions, const char *type)
{
    return str_equal(json_str(find_condition(conditions, type), "status"), "True");
}

/* ---- who wrote what -------------------------------------------------------------------------- */

/* The entries as a tree, but for their long part, which is asked in the bytes. */
struct manager_search {
    const cJSON *entry; /* the next one's twin in the tree */
    const char *path;   /* of `fields` in an entry */
    bool apply_first;
    const cJSON *best;
    int64_t best_ms;
    bool best_applies;
};

static bool foreign_owner(const cJSON *entry, struct jslice raw, const char *path)
{
    const char *manager = json_str(entry, "manager");
    const struct jslice owned = json_slice(raw.p, raw.len, path);

    return owned.p && *owned.p != 'n' && !json_key(entry, "subresource") &&
           !str_equal(manager, MANAGER) && !str_equal(manager, MANAGER_STATUS);
}

static bool weigh_entry(struct jslice raw, void *arg)
{
    struct manager_search *s = arg;
    const cJSON *entry = s->entry;
    const int64_t ms = read_time(entry, "time");
    const bool applies = s->apply_first && str_equal(json_str(entry, "operation"), "Apply");

    assert(entry);
    s->entry = entry->next;
    if (!foreign_owner(entry, raw, s->path) || (s->best_applies && !applies))
        return true;
    if (!s->best || applies != s->best_applies || ms >= s->best_ms) {
        s->best = entry;
        s->best_ms = ms;
        s->best_applies = applies;
    }
    return true;
}

const char *read_manager(struct arena *a, struct jslice object, const char *fields,
                         bool apply_first)
{
    static const char *const key = "managedFields";
    struct jslice entries;
    auto_json cJSON *doc = NULL;
    struct manager_search s = {.path = arena_printf(a, "fieldsV1.%s", fields),
                               .apply_first = apply_first};

    if (!json_members(json_begin(object, "metadata"), &key, 1, &entries) || *entries.p != '[')
        return NULL;
    doc = json_parse_without(entries.p, entries.len, "\"fieldsV1\"", NULL);
    s.entry = json_first(doc);
    if (doc)
        json_slice_each(entries, weigh_entry, &s);
    return read_str(a, s.best, "manager");
}

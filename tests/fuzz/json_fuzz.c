/* SPDX-License-Identifier: Apache-2.0 */
/* json_fuzz.c - any bytes: refused, or a document on which all readings agree. */
#include "check.h"
#include "sluice/json/edit.h"
#include "sluice/json/jfmt.h"

#define OUT_MAX ((size_t)64 * 1024 * 1024)

static cJSON *parse(const char *text, size_t len)
{
    struct err e = {0};
    cJSON *doc = json_parse(text, len, &e);

    /* Our own check refuses all that cJSON does, and knows where. */
    CHECK(doc || strncmp(e.text, "not JSON at byte ", 17) == 0 ||
              strncmp(e.text, "not JSON we take: ", 18) == 0,
          "%s", e.text);
    return doc;
}

/* The canonical form is JSON, and its own canonical form. */
static void check_canonical(const char *text, size_t len)
{
    auto_strbuf struct strbuf once = {.max = OUT_MAX}, twice = {.max = OUT_MAX};

    json_canonical(&once, (struct jslice){text, len}, NULL);
    auto_json cJSON *doc = parse(once.p, once.len);
    CHECK(doc, "%s", once.p);
    json_canonical(&twice, (struct jslice){once.p, once.len}, NULL);
    CHECK(strcmp(once.p, twice.p) == 0, "%s\n%s", once.p, twice.p);
    strbuf_reset(&twice);
    json_canonical(&twice, (struct jslice){text, len}, "a.b");
    auto_json cJSON *dropped = parse(twice.p, twice.len);
    CHECK(dropped, "%s", twice.p);
}

/* A member set reads back, and nothing but its value changes when it is set again. */
static void check_splice(const char *text, size_t len, const char *path, const char *key)
{
    struct arena a;
    char *first, *second, *other;

    arena_init(&a);
    first = json_splice(&a, (struct jslice){text, len}, path, key, "v\"1");
    if (first) {
        auto_json cJSON *doc = parse(first, strlen(first));
        CHECK(doc, "%s", first);
        const struct jslice at = json_slice(first, strlen(first), *path ? path : key);
        CHECK(at.p, "%s", first);
        other = json_splice(&a, (struct jslice){first, strlen(first)}, path, key, "w");
        second = json_splice(&a, (struct jslice){other, strlen(other)}, path, key, "v\"1");
        CHECK(strcmp(first, second) == 0, "%s\n%s", first, second);
        CHECK(strlen(first) == strlen(other) + 3, "%s\n%s", first, other);
    }
    arena_release(&a);
}

static bool element_is_json(struct jslice item, void *arg)
{
    size_t *count = arg;
    auto_json cJSON *doc = parse(item.p, item.len);

    CHECK(doc, "%.*s", (int)item.len, item.p);
    (*count)++;
    return true;
}

/* Every member's and element's slice is JSON of the type that the tree has there. */
static void check_slices(const cJSON *doc, const char *text, size_t len)
{
    size_t count = 0;

    if (json_slice(text, len, "").p[0] == '[') {
        json_slice_each(json_slice(text, len, ""), element_is_json, &count);
        CHECK(count == json_count(doc), "%zu elements", count);
        return;
    }
    JSON_EACH(item, doc) {
        const struct jslice s = json_slice(text, len, item->string);
        if (!*item->string) /* the empty path is the whole */
            continue;
        auto_json cJSON *same = s.p ? parse(s.p, s.len) : NULL;
        CHECK(same && json_same(same, item), "%s: %.*s", item->string, (int)s.len, s.p);
    }
}

/* No strict beginning of a container is JSON. */
static void check_cut(const char *text, size_t len)
{
    const struct jslice s = json_slice(text, len, "");

    if (s.p[0] != '{' && s.p[0] != '[')
        return;
    for (size_t n = s.len > 64 ? s.len - 64 : 0; n < s.len; n++) {
        auto_json cJSON *doc = parse(s.p, n);
        CHECK(!doc, "%.*s", (int)n, s.p);
    }
}

/* Of a map or a list. */
static bool has_key(const cJSON *doc, const char *key)
{
    JSON_EACH(item, doc) {
        const bool more = cJSON_IsObject(item) || cJSON_IsArray(item);

        if ((more && item->string && strcmp(item->string, key) == 0) || has_key(item, key))
            return true;
    }
    return false;
}

/* Without a name, nothing else is gone; spelt with an escape, it stays. */
static void check_without(const cJSON *doc, const char *text, size_t len)
{
    auto_json cJSON *less = json_parse_without(text, len, "\"a\"", NULL);

    CHECK(less && (!has_key(less, "a") || memmem(text, len, "\\u", 2)), "%.*s", (int)len, text);
    CHECK(has_key(doc, "a") || json_same(doc, less), "%.*s", (int)len, text);
}

static bool ignore_element(struct jslice item, void *arg)
{
    size_t *bytes = arg;

    *bytes += item.len;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const char *const text = (const char *)data;
    const struct jslice any = json_slice(text, len, "a.b");
    auto_json cJSON *doc = parse(text, len);
    size_t bytes = 0;

    CHECK(!any.p || (any.p >= text && any.p + any.len <= text + len), "slice leaves its text");
    json_slice_each(json_slice(text, len, ""), ignore_element, &bytes);
    CHECK(bytes <= len, "elements overlap");
    if (!doc)
        return 0;
    check_canonical(text, len);
    check_without(doc, text, len);
    check_slices(doc, text, len);
    check_splice(text, len, "", "a");
    check_splice(text, len, "metadata.labels", "sluice.dev/hash");
    check_splice(text, len, "a", "b");
    check_cut(text, len);
    return 0;
}

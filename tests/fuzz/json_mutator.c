/* SPDX-License-Identifier: Apache-2.0 */
/* json_mutator.c - how libFuzzer changes an input that holds JSON: one to three members or elements
 * are dropped, emptied, made another kind, set to an end of their range, repeated, or replaced by
 * what stands elsewhere. Bytes by chance nearly always end in "not JSON", which tells nothing.
 *
 * The JSON may stand behind a few bytes that choose something, or be one of several lines or
 * answers. All but what is edited stays as it is spelt. Every fourth change is libFuzzer's own. */
#include "../../src/json/scan.h"
#include "sluice/base/strbuf.h"

#include <stdlib.h>
#include <string.h>

#define BEGIN_MAX 16 /* bytes that choose something before the JSON */
#define NODES_MAX 4096
#define INPUT_MAX ((size_t)64 * 1024) /* a text may grow from this once more */
#define TEXT_MAX  ((size_t)16 * 1024 * 1024)

/* A value: the member of an object, the element of a list, or all of it. */
struct node {
    struct jslice key; /* with its quotes; empty for an element */
    struct jslice value;
    size_t parent; /* index; its own for the first */
};

struct edit {
    struct strbuf now, next; /* what is edited, and what comes of it */
    struct node nodes[NODES_MAX];
    size_t count;
    uint64_t random;
};

/* libFuzzer's own change of `size` bytes; how many they are then. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

static size_t pick(struct edit *e, size_t below)
{
    e->random ^= e->random << 13;
    e->random ^= e->random >> 7;
    e->random ^= e->random << 17;
    return (size_t)(e->random >> 16) % below;
}

/* ---- where there is JSON --------------------------------------------------------------------- */

static bool begins(const char *text, size_t at)
{
    return (text[at] == '{' || text[at] == '[') && (at <= BEGIN_MAX || text[at - 1] == '\n');
}

/* One of the JSON texts in the input, by chance. */
static struct jslice choose_json(struct edit *e, const char *text, size_t len)
{
    struct jslice chosen = {0};
    size_t seen = 0;

    for (size_t at = 0; at < len; at++) {
        if (!begins(text, at))
            continue;
        const char *end = scan_value(text + at, text + len);
        const struct jslice found = {text + at, end ? (size_t)(end - text) - at : 0};
        if (!found.len || !json_valid(found.p, found.len))
            continue;
        if (pick(e, ++seen) == 0)
            chosen = found;
        at += found.len - 1;
    }
    return chosen;
}

/* Breadth first: a parent stands before what is in it. */
static void list_nodes(struct edit *e)
{
    e->nodes[0] = (struct node){.value = {e->now.p, e->now.len}};
    e->count = 1;
    for (size_t i = 0; i < e->count; i++) {
        const struct jslice v = e->nodes[i].value;
        struct scan_item item;
        const char *p = NULL;

        if (!scan_is(v, '{') && !scan_is(v, '['))
            continue;
        while (e->count < NODES_MAX && scan_next(v, &p, &item))
            e->nodes[e->count++] = (struct node){item.key, item.value, i};
    }
}

/* ---- writing --------------------------------------------------------------------------------- */

static void add(struct edit *e, struct jslice s)
{
    strbuf_add(&e->next, s.p, s.len);
}

/* All up to `at`; what comes is the caller's; then all from `from` on. */
static void add_until(struct edit *e, const char *at)
{
    add(e, (struct jslice){e->now.p, (size_t)(at - e->now.p)});
}

static void add_from(struct edit *e, const char *from)
{
    add(e, (struct jslice){from, (size_t)(e->now.p + e->now.len - from)});
}

static void put_value(struct edit *e, const struct node *n, const char *text, size_t len)
{
    add_until(e, n->value.p);
    add(e, (struct jslice){text, len});
    add_from(e, n->value.p + n->value.len);
}

static const char *start_of(const struct node *n)
{
    return n->key.len ? n->key.p : n->value.p;
}

static bool blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* ---- edits: false where they do not apply ---------------------------------------------------- */

static bool drop(struct edit *e, const struct node *n)
{
    const char *from = start_of(n), *to = n->value.p + n->value.len;
    const char *before = from - 1, *behind = to;

    if (n == e->nodes)
        return false;
    while (blank(*before))
        before--;
    while (blank(*behind))
        behind++;
    if (*before == ',')
        from = before;
    else if (*behind == ',')
        to = behind + 1;
    add_until(e, from);
    add_from(e, to);
    return true;
}

static bool make_other(struct edit *e, const struct node *n)
{
    static const char *const others[] = {"null",  "\"\"",      "{}",       "[]",    "[null]",
                                         "[{}]",  "[\"\"]",    "0",        "\"x\"", "true",
                                         "false", "{\"a\":1}", "\"null\"", "[[]]",  "1"};
    const char *other = others[pick(e, COUNT(others))];

    put_value(e, n, other, strlen(other));
    return true;
}

static bool make_extreme(struct edit *e, const struct node *n)
{
    static const char *const ends[] = {
        "0",     "-1",         "1",          "2",           "99",         "100",
        "101",   "2147483647", "2147483648", "-2147483648", "4294967296", "9007199254740991",
        "1e308", "-1e308",     "0.5",        "1e-9",        "1000000"};
    const char *end = ends[pick(e, COUNT(ends))];

    if (!n->value.len || !strchr("-0123456789", n->value.p[0]))
        return false;
    put_value(e, n, end, strlen(end));
    return true;
}

static bool is_text(struct jslice v)
{
    return scan_is(v, '"');
}

/* Texts of other forms: times, durations, counts, names that are none. */
static bool make_text(struct edit *e, const struct node *n)
{
    static const char *const texts[] = {"\"0\"",
                                        "\"-1\"",
                                        "\"100%\"",
                                        "\"101%\"",
                                        "\"2147483648\"",
                                        "\"0s\"",
                                        "\"99999h\"",
                                        "\"a b\"",
                                        "\"/\"",
                                        "\"%s%n\"",
                                        "\"\\u001b[1m\\n\"",
                                        "\"\\u00e9\\ud83d\\ude00\"",
                                        "\"0001-01-01T00:00:00Z\"",
                                        "\"9999-12-31T23:59:59Z\"",
                                        "\"True\"",
                                        "\"False\"",
                                        "\"Unknown\"",
                                        "\".\"",
                                        "\"{}\"",
                                        "\"{\\\"v\\\":1}\"",
                                        "\"s1-\""};
    const char *text = texts[pick(e, COUNT(texts))];

    if (!is_text(n->value))
        return false;
    put_value(e, n, text, strlen(text));
    return true;
}

/* The same text many times over, or cut in half. */
static bool stretch_text(struct edit *e, const struct node *n)
{
    static const size_t times[] = {2, 20, 300};
    const struct jslice v = n->value;
    size_t count;

    if (!is_text(v) || memchr(v.p, '\\', v.len) || v.len < 3)
        return false;
    count = pick(e, 4);
    add_until(e, v.p + 1);
    if (count < COUNT(times))
        for (size_t i = 0; i < times[count]; i++)
            add(e, (struct jslice){v.p + 1, v.len - 2});
    else
        add(e, (struct jslice){v.p + 1, scan_plain(v.p + 1, v.p + v.len) ? (v.len - 2) / 2 : 0});
    add_from(e, v.p + v.len - 1);
    return true;
}

/* An element once more, or many times. */
static bool repeat(struct edit *e, const struct node *n)
{
    const size_t times = pick(e, 4) ? 1 : 40;

    if (n->key.len || n == e->nodes)
        return false;
    add_until(e, n->value.p + n->value.len);
    for (size_t i = 0; i < times; i++) {
        strbuf_addc(&e->next, ',');
        add(e, n->value);
    }
    add_from(e, n->value.p + n->value.len);
    return true;
}

/* What has the same name elsewhere; for an element, another of its list. NULL: none. */
static const struct node *like(struct edit *e, const struct node *n)
{
    const struct node *found = NULL;
    size_t seen = 0;

    for (size_t i = 1; i < e->count; i++) {
        const struct node *o = &e->nodes[i];
        const bool same =
            n->key.len ? o->key.len == n->key.len && memcmp(o->key.p, n->key.p, n->key.len) == 0
                       : !o->key.len && o->parent == n->parent;
        if (o != n && same && pick(e, ++seen) == 0)
            found = o;
    }
    return found;
}

static bool copy_like(struct edit *e, const struct node *n)
{
    const struct node *o = like(e, n);

    if (n == e->nodes || !o)
        return false;
    put_value(e, n, o->value.p, o->value.len);
    return true;
}

static bool copy_any(struct edit *e, const struct node *n)
{
    const struct node *o = &e->nodes[pick(e, e->count)];

    put_value(e, n, o->value.p, o->value.len);
    return true;
}

static bool has_key(const struct edit *e, size_t object, struct jslice key)
{
    for (size_t i = 1; i < e->count; i++) {
        const struct node *n = &e->nodes[i];
        if (n->parent == object && n->key.len == key.len && memcmp(n->key.p, key.p, key.len) == 0)
            return true;
    }
    return false;
}

/* A member or an element that stands elsewhere, at the beginning of this object or list. */
static bool lend(struct edit *e, const struct node *n)
{
    const struct node *o = &e->nodes[pick(e, e->count)];
    const char *inside = n->value.p + 1;
    const bool object = scan_is(n->value, '{');

    if ((!object && !scan_is(n->value, '[')) || (object && !o->key.len) ||
        (object && has_key(e, (size_t)(n - e->nodes), o->key)))
        return false;
    add_until(e, inside);
    if (object) {
        add(e, o->key);
        strbuf_addc(&e->next, ':');
    }
    add(e, o->value);
    while (blank(*inside))
        inside++;
    if (*inside != '}' && *inside != ']')
        strbuf_addc(&e->next, ',');
    add_from(e, inside);
    return true;
}

/* ---- one change ------------------------------------------------------------------------------ */

static bool edit_once(struct edit *e)
{
    /* What found most in the past stands more than once. */
    static bool (*const edits[])(struct edit *, const struct node *) = {
        drop,      drop,     drop,   make_other, make_other,   make_extreme, make_extreme,
        copy_like, copy_any, repeat, make_text,  stretch_text, lend,         lend};

    list_nodes(e);
    strbuf_reset(&e->next);
    for (int tries = 0; tries < 8; tries++) {
        const struct node *n = &e->nodes[pick(e, e->count)];
        if (edits[pick(e, COUNT(edits))](e, n))
            return true;
    }
    return false;
}

/* The JSON as it is then, in `e->now`; false: as it was. */
static bool edit_some(struct edit *e, struct jslice json)
{
    const size_t times = 1 + pick(e, 3);
    size_t done = 0;

    strbuf_reset(&e->now);
    strbuf_add(&e->now, json.p, json.len);
    while (done < times && e->now.len < INPUT_MAX && edit_once(e)) {
        const struct strbuf was = e->now;

        e->now = e->next;
        e->next = was;
        done++;
    }
    return done > 0 && e->now.len > 0;
}

/* The input with one of its JSON texts edited; 0: there is none, or it has no room. */
static size_t mutate(struct edit *e, uint8_t *data, size_t size, size_t max_size)
{
    const char *const text = (const char *)data;
    const struct jslice json = choose_json(e, text, size);
    size_t before, behind;

    if (!json.len || !edit_some(e, json))
        return 0;
    before = (size_t)(json.p - text);
    behind = size - before - json.len;
    if (before + e->now.len + behind > max_size)
        return 0;
    memmove(data + before + e->now.len, json.p + json.len, behind);
    memcpy(data + before, e->now.p, e->now.len);
    return before + e->now.len + behind;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    static struct edit e = {.now.max = TEXT_MAX,
                            .next.max = TEXT_MAX}; /* its memory serves again */
    size_t result = 0;

    e.random = (seed + UINT64_C(1)) * UINT64_C(0x9e3779b97f4a7c15);
    if (pick(&e, 4) != 0)
        result = mutate(&e, data, size, max_size);
    return result ? result : LLVMFuzzerMutate(data, size, max_size);
}

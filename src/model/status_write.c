/* SPDX-License-Identifier: Apache-2.0 */
#include "sluice/base/clock.h"
#include "sluice/base/utf8.h"
#include "sluice/json/jfmt.h"
#include "status.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define ACTION_ID_BYTES_MAX 72 /* 36 characters, each escaped */

/* How much is written: less at each try that comes out too long. */
struct writer {
    struct strbuf out;
    int history; /* entries */
    int talk;    /* bytes of each text for people */
    bool unknown;
};

static void write_shape(struct writer *w, const struct status_shape *shape, const char *base);

static void write_key(struct writer *w, const char *name)
{
    assert(w->out.len > 0); /* at least the brace of its object */
    if (w->out.p[w->out.len - 1] != '{')
        strbuf_addc(&w->out, ',');
    strbuf_addc(&w->out, '"');
    strbuf_adds(&w->out, name); /* our own: nothing in it to be escaped */
    strbuf_add(&w->out, "\":", 2);
}

/* ---- text ------------------------------------------------------------------------------------ */

#define ESCAPED_MAX 6 /* bytes that one takes at most */

static size_t escaped_len(const char *s, size_t n)
{
    if (n == 0)
        return 3; /* bad UTF-8 becomes U+FFFD */
    if (*s == '"' || *s == '\\')
        return 2;
    return (unsigned char)*s < 0x20 ? 6 : n;
}

/* How many bytes of `s` fit into `max` bytes of JSON. */
static size_t fitting(const char *s, size_t max)
{
    const size_t len = strlen(s);
    size_t at = 0, used = 0;

    if (len <= max / ESCAPED_MAX)
        return len;
    while (at < len) {
        const bool ascii = (unsigned char)s[at] < 0x80;
        const size_t n = ascii ? 1 : utf8_char(s + at, len - at);

        used += escaped_len(s + at, n);
        if (used > max)
            break;
        at += n ? n : 1;
    }
    return at;
}

static void write_text(struct writer *w, const struct status_field *f, const char *text)
{
    const size_t max = (size_t)(f->talk ? min_i64(f->max, w->talk) : f->max);
    char cut[512];
    bool whole;

    assert(max + 4 < sizeof(cut));
    if ((str_empty(text) || max == 0) && !f->always)
        return;
    whole = fitting(text ? text : "", max) == strlen(text ? text : "");
    write_key(w, f->key);
    if (whole)
        json_quote(&w->out, text ? text : "");
    else if (max <= 3)
        strbuf_adds(&w->out, "\"\"");
    else {
        snprintf(cut, sizeof(cut), "%.*s...", (int)fitting(text, max - 3), text);
        json_quote(&w->out, cut);
    }
}

static void write_time(struct writer *w, const struct status_field *f, int64_t ms)
{
    char text[TIME_TEXT_MAX];
    size_t len;

    if (ms <= 0)
        return;
    time_format(ms, text);
    len = strlen(text);
    if (f->kind == S_TIME && ms % SECOND_MS)
        snprintf(text + len - 1, sizeof(text) - len + 1, ".%03dZ", (int)(ms % SECOND_MS));
    write_key(w, f->key);
    json_quote(&w->out, text);
}

/* ---- lists and objects ----------------------------------------------------------------------- */

static const char *text_at(const char *from)
{
    const char *text = NULL;

    memcpy(&text, from, sizeof(text));
    return text;
}

/* Whether the entry's key, a string at `key_at`, is empty or stands in one before it; or is too
 * long to be one: cut, it would name something else. */
static bool key_taken(const char *entries, size_t size, size_t key_at, size_t max, int i)
{
    const char *key = text_at(entries + (size_t)i * size + key_at);

    if (key && fitting(key, max) < strlen(key))
        return true;

    for (int j = 0; j < i && !str_empty(key); j++) {
        if (str_equal(text_at(entries + (size_t)j * size + key_at), key))
            return true;
    }
    return str_empty(key);
}

static void write_list(struct writer *w, const struct status_field *f, const char *base)
{
    const struct status_shape *shape = f->shape;
    const size_t start = w->out.len;
    int count = 0, written = 0;

    memcpy(&count, base + f->count_at, sizeof(count));
    count = (int)clamp_i64(count, 0, f->max);
    if (f->count_at == offsetof(struct rollout_status, history_count))
        count = (int)min_i64(count, w->history);
    write_key(w, f->key);
    for (int i = 0; i < count; i++) {
        if (shape->keyed && key_taken(base + f->at, shape->size, shape->fields[0].at,
                                      (size_t)shape->fields[0].max, i))
            continue;
        strbuf_addc(&w->out, written++ ? ',' : '[');
        write_shape(w, shape, base + f->at + (size_t)i * shape->size);
    }
    strbuf_addc(&w->out, ']');
    if (!written)
        w->out.len = start;
}

static void write_names(struct writer *w, const struct status_field *f, const char *base)
{
    const size_t start = w->out.len;
    int count = 0, written = 0;

    memcpy(&count, base + f->count_at, sizeof(count));
    count = (int)clamp_i64(count, 0, f->max);
    write_key(w, f->key);
    for (int i = 0; i < count; i++) {
        if (key_taken(base + f->at, sizeof(char *), 0, ACTION_ID_BYTES_MAX, i))
            continue;
        strbuf_addc(&w->out, written++ ? ',' : '[');
        json_quote(&w->out, text_at(base + f->at + (size_t)i * sizeof(char *)));
    }
    strbuf_addc(&w->out, ']');
    if (!written)
        w->out.len = start;
}

static void write_conditions(struct writer *w, const struct status_field *f, const char *base)
{
    const struct rollout_status *s = (const struct rollout_status *)(const void *)base;
    const char *unknown = w->unknown ? s->unknown_conditions : NULL;
    const size_t start = w->out.len;
    bool any = false;

    write_key(w, f->key);
    strbuf_addc(&w->out, '[');
    for (int i = 0; i < COND_COUNT; i++) {
        if (!s->conditions[i].type)
            continue;
        if (any)
            strbuf_addc(&w->out, ',');
        write_shape(w, f->shape, (const char *)&s->conditions[i]);
        any = true;
    }
    if (unknown)
        strbuf_adds(&w->out, any ? unknown : unknown + 1);
    strbuf_addc(&w->out, ']');
    if (!any && !unknown)
        w->out.len = start;
}

static bool object_there(const struct status_field *f, const char *base)
{
    const struct status_shape *shape = f->shape;
    bool flag = false;

    if (f->always)
        return true;
    if (shape->flag_at != STATUS_NONE) {
        memcpy(&flag, base + shape->flag_at, sizeof(flag));
        return flag;
    }
    return !str_empty(text_at(base + shape->fields[0].at));
}

/* ---- values ---------------------------------------------------------------------------------- */

static int64_t number_at(const struct status_field *f, const char *from)
{
    int64_t wide = 0;
    int32_t small = 0;

    if (f->kind == S_I32 || f->kind == S_STEP) {
        memcpy(&small, from, sizeof(small));
        return small;
    }
    memcpy(&wide, from, sizeof(wide));
    return wide;
}

static void write_number(struct writer *w, const struct status_field *f, const char *from)
{
    const int64_t value = number_at(f, from);

    if (f->kind == S_STEP ? value < 0 : value == 0 && !f->always)
        return;
    write_key(w, f->key);
    strbuf_addf(&w->out, "%lld", (long long)value);
}

static void write_bool(struct writer *w, const struct status_field *f, const char *from)
{
    bool value = false;

    memcpy(&value, from, sizeof(value));
    if (!value && !f->always)
        return;
    write_key(w, f->key);
    strbuf_adds(&w->out, value ? "true" : "false");
}

static void write_word(struct writer *w, const struct status_field *f, const char *from)
{
    unsigned value = 0, count = 0;

    memcpy(&value, from, sizeof(value));
    while (f->words[count])
        count++;
    if (value < count && !str_empty(f->words[value])) {
        write_key(w, f->key);
        json_quote(&w->out, f->words[value]);
    }
}

static void write_string(struct writer *w, const struct status_field *f, const char *from)
{
    write_text(w, f, text_at(from));
}

static void write_object(struct writer *w, const struct status_field *f, const char *base)
{
    if (!object_there(f, base))
        return;
    write_key(w, f->key);
    write_shape(w, f->shape, base);
}

static void write_field(struct writer *w, const struct status_field *f, const char *base)
{
    switch (f->kind) {
    case S_STR:
        write_string(w, f, base + f->at);
        break;
    case S_I64:
    case S_I32:
    case S_STEP:
        write_number(w, f, base + f->at);
        break;
    case S_BOOL:
        write_bool(w, f, base + f->at);
        break;
    case S_TIME:
    case S_SECOND:
        write_time(w, f, number_at(f, base + f->at));
        break;
    case S_WORD:
        write_word(w, f, base + f->at);
        break;
    case S_OBJECT:
        write_object(w, f, base);
        break;
    case S_LIST:
        write_list(w, f, base);
        break;
    case S_NAMES:
        write_names(w, f, base);
        break;
    case S_CONDITIONS:
    default:
        write_conditions(w, f, base);
    }
}

static void write_shape(struct writer *w, const struct status_shape *shape, const char *base)
{
    const char *unknown = NULL;

    strbuf_addc(&w->out, '{');
    for (size_t i = 0; i < shape->count; i++)
        write_field(w, &shape->fields[i], base);
    if (shape->unknown_at != STATUS_NONE && w->unknown)
        memcpy(&unknown, base + shape->unknown_at, sizeof(unknown));
    if (!str_empty(unknown)) {                   /* each with a comma before it */
        assert(w->out.p[w->out.len - 1] != '{'); /* such a shape always has members of ours */
        strbuf_adds(&w->out, unknown);
    }
    strbuf_addc(&w->out, '}');
}

/* The oldest history goes first, then words, at last what a later version wrote. */
static void less(struct writer *w)
{
    if (w->history > 0)
        w->history--;
    else if (w->talk > 0)
        w->talk = w->talk > 80 ? 80 : w->talk > 40 ? 40 : 0;
    else
        w->unknown = false;
}

/* FNV-1a, 64 bits. */
uint64_t status_mark(const char *text)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return h;
}

char *status_write(struct arena *a, const struct rollout_status *s)
{
    struct writer w = {.history = (int)clamp_i64(s->history_count, 0, HISTORY_MAX),
                       .talk = INT_MAX,
                       .unknown = true};
    char *text;

    strbuf_init(&w.out, SIZE_MAX / 2);
    for (;;) {
        strbuf_reset(&w.out);
        write_shape(&w, &status_shape, (const char *)s);
        if (!w.unknown || w.out.len <= STATUS_BYTES_MAX)
            break;
        less(&w);
    }
    text = arena_strndup(a, strbuf_str(&w.out), w.out.len);
    strbuf_release(&w.out);
    return text;
}

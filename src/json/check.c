/* SPDX-License-Identifier: Apache-2.0 */
/* check.c - the grammar of RFC 8259, stricter than cJSON and without recursion. */
#include "scan.h"
#include "sluice/base/utf8.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* cJSON copies a number to a buffer of 64 bytes and would cut a longer one. */
#define NUMBER_BYTES_MAX 63

struct check {
    const char *p, *end;
    const char *wrong; /* what is wrong, at p; NULL while all is well */
    char open[JSON_DEPTH_MAX];
    size_t depth;
};

static bool refuse(struct check *c, const char *p, const char *wrong)
{
    c->p = p;
    c->wrong = wrong;
    return false;
}

static const char *over_digits(const char *p, const char *end)
{
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p;
}

/* Over at least one digit, else NULL. */
static const char *need_digits(const char *p, const char *end)
{
    const char *after = over_digits(p, end);

    return after > p ? after : NULL;
}

const char *scan_number(const char *p, const char *end)
{
    if (p < end && *p == '-')
        p++;
    p = p < end && *p == '0' ? p + 1 : need_digits(p, end);
    if (p && p < end && *p == '.')
        p = need_digits(p + 1, end);
    if (p && p < end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < end && (*p == '+' || *p == '-'))
            p++;
        p = need_digits(p, end);
    }
    return p;
}

/* As many digits as there may be are not: it takes an exponent. */
static bool too_large(const char *number, size_t len)
{
    char copy[NUMBER_BYTES_MAX + 1] = "";

    if (!memchr(number, 'e', len) && !memchr(number, 'E', len))
        return false;
    memcpy(copy, number, len);
    return isinf(strtod(copy, NULL));
}

static bool check_number(struct check *c)
{
    const char *const start = c->p, *const after = scan_number(start, c->end);

    if (!after)
        return refuse(c, start, "not a value");
    if (after - start > NUMBER_BYTES_MAX)
        return refuse(c, start, "number too long");
    if (too_large(start, (size_t)(after - start)))
        return refuse(c, start, "number too large");
    c->p = after;
    return true;
}

static bool check_escape(struct check *c)
{
    char out[4];
    size_t n;
    const char *const start = c->p;

    if (c->end - start < 2)
        return refuse(c, start, "string does not end");
    c->p = scan_char(start, c->end, out, &n);
    /* scan_char gives NUL for whatever is not an escape, and for \u0000. */
    if (n == 1 && out[0] == '\0')
        return refuse(c, start, "bad escape");
    return true;
}

static bool check_string(struct check *c)
{
    const char *const start = c->p;

    for (c->p++; (c->p = scan_plain(c->p, c->end)) < c->end && *c->p != '"';) {
        const size_t n = utf8_char(c->p, (size_t)(c->end - c->p));
        if (n == 0)
            return refuse(c, c->p, "bad UTF-8");
        if ((unsigned char)*c->p < 0x20)
            return refuse(c, c->p, "control character in a string");
        if (*c->p != '\\')
            c->p += n;
        else if (!check_escape(c))
            return false;
    }
    if (c->p >= c->end)
        return refuse(c, start, "string does not end");
    c->p++;
    return true;
}

static bool check_word(struct check *c)
{
    static const char *const words[] = {"true", "false", "null"};

    for (size_t i = 0; i < COUNT(words); i++) {
        const size_t len = strlen(words[i]);
        if ((size_t)(c->end - c->p) >= len && memcmp(c->p, words[i], len) == 0) {
            c->p += len;
            return true;
        }
    }
    return check_number(c);
}

/* A key and its colon, inside an object. */
static bool check_key(struct check *c)
{
    c->p = scan_blank(c->p, c->end);
    if (c->p >= c->end || *c->p != '"')
        return refuse(c, c->p, "a key was expected");
    if (!check_string(c))
        return false;
    c->p = scan_blank(c->p, c->end);
    if (c->p >= c->end || *c->p != ':')
        return refuse(c, c->p, "a colon was expected");
    c->p++;
    return true;
}

/* Opens a container. `*whole`: it was an empty one, hence a whole value already. */
static bool check_open(struct check *c, bool *whole)
{
    const char kind = *c->p;

    if (c->depth == JSON_DEPTH_MAX)
        return refuse(c, c->p, "nested too deeply");
    c->p = scan_blank(c->p + 1, c->end);
    *whole = c->p < c->end && *c->p == (kind == '{' ? '}' : ']');
    if (*whole) {
        c->p++;
        return true;
    }
    c->open[c->depth++] = kind;
    return kind == '[' || check_key(c);
}

/* The start of a value. `*whole` is false when it opened a container. */
static bool check_value(struct check *c, bool *whole)
{
    c->p = scan_blank(c->p, c->end);
    *whole = true;
    if (c->p >= c->end)
        return refuse(c, c->p, "the text ends early");
    if (*c->p == '{' || *c->p == '[')
        return check_open(c, whole);
    return *c->p == '"' ? check_string(c) : check_word(c);
}

/* What follows a whole value: closers, then a comma when another value is to come. */
static bool check_after(struct check *c)
{
    while (c->depth > 0) {
        const char kind = c->open[c->depth - 1];
        c->p = scan_blank(c->p, c->end);
        if (c->p >= c->end)
            return refuse(c, c->p, "the text ends early");
        if (*c->p == ',') {
            c->p++;
            return kind == '[' || check_key(c);
        }
        if (*c->p != (kind == '{' ? '}' : ']'))
            return refuse(c, c->p, "a comma or a closing bracket was expected");
        c->p++;
        c->depth--;
    }
    return true;
}

const char *scan_check(const char *text, size_t len, size_t *at)
{
    struct check c = {.p = text, .end = text + len};
    bool whole = false, ok;

    do
        ok = check_value(&c, &whole) && (!whole || check_after(&c));
    while (ok && c.depth > 0);
    if (ok) {
        c.p = scan_blank(c.p, c.end);
        if (c.p < c.end)
            refuse(&c, c.p, "more text after the value");
    }
    *at = (size_t)(c.p - text);
    return c.wrong;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* omit.c - a text without the members that nobody reads in a tree. */
#include "scan.h"

#include <stdlib.h>
#include <string.h>

/* Is there a colon at `p`, and then a map or a list? A label of such a name stays. */
static bool holds_more(const char *p, const char *end)
{
    p = scan_blank(p, end);
    if (p >= end || *p != ':')
        return false;
    p = scan_blank(p + 1, end);
    return *p == '{' || *p == '[';
}

/* The next key `quoted` at or after `p`, NULL when there is none. In valid JSON a quote with no
 * backslash before it opens or closes a string; this one opens it, for a name follows. */
static const char *next_key(const char *p, const char *end, const char *quoted, size_t len)
{
    while ((p = memmem(p, (size_t)(end - p), quoted, len))) {
        if (holds_more(p + len, end) && p[-1] != '\\')
            return p;
        p += len;
    }
    return NULL;
}

struct cut {
    const char *from, *to;
};

/* The member whose key ends at `key_end`, with the comma before it; or the one behind it where none
 * is before it since `start`. */
static struct cut cut_member(const char *start, const char *key, const char *key_end,
                             const char *end)
{
    const char *const value = scan_blank(scan_blank(key_end, end) + 1, end);
    const char *before = key - 1, *after = scan_value(value, end);

    while (before > start && scan_blank(before, before + 1) != before)
        before--;
    if (before >= start && *before == ',')
        return (struct cut){before, after};
    after = scan_blank(after, end);
    return (struct cut){key, after < end && *after == ',' ? after + 1 : after};
}

char *scan_omit(const char *text, size_t len, const char *quoted, size_t *out_len)
{
    const size_t key_len = strlen(quoted);
    const char *const end = text + len, *key = next_key(text, end, quoted, key_len), *p = text;
    char *out = key ? xmalloc(len) : NULL, *to = out;

    for (; key; key = next_key(p, end, quoted, key_len)) {
        const struct cut cut = cut_member(p, key, key + key_len, end);
        memcpy(to, p, (size_t)(cut.from - p));
        to += cut.from - p;
        p = cut.to;
    }
    if (out) {
        memcpy(to, p, (size_t)(end - p));
        *out_len = (size_t)(to - out) + (size_t)(end - p);
    }
    return out;
}

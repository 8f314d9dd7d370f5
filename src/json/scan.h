/* SPDX-License-Identifier: Apache-2.0 */
/* scan.h - JSON as bytes: the grammar checked, and steps over text known to be valid.
 *
 * The steps stay inside their bounds for any input; only their result is then meaningless. */
#ifndef SLUICE_JSON_SCAN_H
#define SLUICE_JSON_SCAN_H

#include "sluice/json/json.h"

/* Checks the grammar of one whole text. On failure gives what is wrong and where. */
const char *scan_check(const char *text, size_t len, size_t *at);

const char *scan_blank(const char *p, const char *end); /* over blanks */
/* Over bytes of a string's inside that stand for themselves in any text: ASCII, but for quote,
 * backslash and control characters. */
const char *scan_plain(const char *p, const char *end);
const char *scan_string(const char *p, const char *end); /* over a string, with its quotes */
const char *scan_value(const char *p, const char *end);  /* over any value */
/* Over a number by the grammar, NULL when there is none. */
const char *scan_number(const char *p, const char *end);

/* One member of an object or one element of an array (its key is empty then). */
struct scan_item {
    struct jslice key; /* with its quotes */
    struct jslice value;
};
/* Walks a container: `*p` is NULL at first, `slice` starts with { or [. False after the last. */
bool scan_next(struct jslice slice, const char **p, struct scan_item *item);

/* The same in two steps: the key, with `*p` left where its value begins, which may then be walked
 * into instead of over. `slice` may go on behind the container's end. */
bool scan_key(struct jslice slice, const char **p, struct jslice *key);

/* The valid text without all members of that name, which is given in its quotes, ASCII and without
 * escapes: owned, NULL when there is none. */
char *scan_omit(const char *text, size_t len, const char *quoted, size_t *out_len);

/* Reads one character of a string's inside: up to 4 bytes to `out`, their number to `n`; gives
 * the place of the next one. */
const char *scan_char(const char *p, const char *end, char out[static 4], size_t *n);
/* Whether the quoted `key` reads as the `len` bytes at `name`. */
bool scan_key_is(struct jslice key, const char *name, size_t len);
/* The part of the dotted `path` after `key`: "" when the path ends with it, NULL when the path
 * does not start with it. Keys may hold dots themselves. */
const char *scan_path_rest(struct jslice key, const char *path);
/* The text of a quoted string. */
void scan_unquote(struct strbuf *out, struct jslice quoted);

static inline bool scan_is(struct jslice v, char first)
{
    return v.p && v.len > 0 && v.p[0] == first;
}

#endif

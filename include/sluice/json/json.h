/* SPDX-License-Identifier: Apache-2.0 */
/* json.h - strict reading of JSON: cJSON behind a wrapper, and slices of the original bytes.
 *
 * cJSON 1.7.15 prints 1e15 wrongly, cuts at \u0000, accepts trailing garbage and ignores case of
 * keys (correctness.md F2), so: nothing read through it is ever written back; only json.c calls
 * it; what must travel verbatim (a pod template) travels as a slice of the server's own bytes.
 * Source: correctness.md F2, section 4; C39. */
#ifndef SLUICE_JSON_JSON_H
#define SLUICE_JSON_JSON_H

#include "sluice/base/arena.h"
#include "sluice/base/err.h"
#include "sluice/base/strbuf.h"
#include <cjson/cJSON.h>

#define JSON_DEPTH_MAX 64

/* Owned document, NULL on failure. Refuses: trailing bytes, bad UTF-8, \u0000, duplicate keys,
 * depth over JSON_DEPTH_MAX, numbers outside the grammar. `len` excludes any NUL. */
cJSON *json_parse(const char *text, size_t len, struct err *e) MUST_USE;
/* The same without all maps and lists of that name, wherever they stand: they are checked, but for
 * keys that stand twice, and no memory is spent on them. `quoted` is the name in its quotes, ASCII;
 * a member that spells it with escapes stays. */
cJSON *json_parse_without(const char *text, size_t len, const char *quoted, struct err *e) MUST_USE;
/* Is it a text that json_parse takes, but for keys that stand twice? Without a tree. */
bool json_valid(const char *text, size_t len);
void json_release(cJSON **doc);
#define auto_json CLEANUP(json_release)

/* Paths are keys in dots ("metadata.labels"); a key holding dots or slashes goes through
 * json_key. All are case-sensitive and return NULL / the default when absent or of another type. */
const cJSON *json_at(const cJSON *o, const char *path);
const cJSON *json_key(const cJSON *o, const char *key);
const char *json_str(const cJSON *o, const char *path);           /* borrowed from the document */
int64_t json_i64(const cJSON *o, const char *path, int64_t dflt); /* integral numbers only */
bool json_bool(const cJSON *o, const char *path, bool dflt);
/* IntOrString as text: 25 -> "25", "25%" -> "25%"; NULL when absent or neither. */
const char *json_int_or_str(struct arena *a, const cJSON *o, const char *path);
size_t json_count(const cJSON *array);
static inline const cJSON *json_first(const cJSON *array) /* NULL is fine */
{
    return array ? array->child : NULL;
}
#define JSON_EACH(item, array) for (const cJSON *item = json_first(array); item; item = item->next)

/* A piece of the text that was parsed, byte for byte. */
struct jslice {
    const char *p;
    size_t len;
};
/* Finds the value at `path` in `text` (one JSON object, already known to be valid). Absent: p is
 * NULL. O(len); no recursion on input depth. */
struct jslice json_slice(const char *text, size_t len, const char *path);
/* For a first glance at a long text. Where the value of the member `key` begins, up to the end of
 * `object`: that value is not walked over. Absent: p is NULL. */
struct jslice json_begin(struct jslice object, const char *key);
/* The values of the members `keys`, each once, in one walk that ends with the last of them; how
 * many there are. `object` may go on behind its end, as json_begin leaves it. */
size_t json_members(struct jslice object, const char *const *keys, size_t count,
                    struct jslice *out);
/* Calls `each` for every element of the array slice, in order; stops when it returns false. */
bool json_slice_each(struct jslice array, bool (*each)(struct jslice item, void *arg), void *arg);

/* Canonical form: keys sorted by bytes, no blanks, null members dropped, numbers and strings as
 * they came. `drop`, when not NULL, is a path whose member is left out; an object left empty by
 * that is left out too. */
void json_canonical(struct strbuf *out, struct jslice value, const char *drop);
/* The object `value` with string member path/key set to `text` (added or replaced, objects on the
 * way made when missing); everything else byte for byte. Arena text. */
char *json_splice(struct arena *a, struct jslice value, const char *path, const char *key,
                  const char *text);
/* Adds the object `value` without the member `key` of the object at `path` in it, everything else
 * byte for byte. False, and nothing added, where there is none or nothing but nulls beside it. */
bool json_cut(struct strbuf *out, struct jslice value, const char *path, const char *key);

#endif

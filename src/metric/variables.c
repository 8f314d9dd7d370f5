/* SPDX-License-Identifier: Apache-2.0 */
/* variables.c - $(name) in queries, and the pods as a regular expression. */
#include "sluice/metric/metric.h"

#include <stdlib.h>
#include <string.h>

#define REPLACED_BYTES_MAX (1024u * 1024)

static const char *lookup(const struct variables *v, const char *name, size_t len)
{
    for (size_t i = 0; i < v->count; i++) {
        const char *key = v->pairs[i].key;

        if (strlen(key) == len && memcmp(key, name, len) == 0)
            return v->pairs[i].value ? v->pairs[i].value : "";
    }
    return NULL;
}

/* `p` is at "$(": puts the value, gives the place behind the ')'. NULL: `e` says why. */
static const char *replace_one(struct strbuf *out, const char *p, const struct variables *v,
                               struct err *e)
{
    const char *name = p + 2, *end = strchr(name, ')');
    const char *value;

    if (!end) {
        err_set(e, ERR_INVALID, "\"%.20s\" has no ')': write $$( for a plain $(", p);
        return NULL;
    }
    value = lookup(v, name, (size_t)(end - name));
    if (!value) {
        err_set(e, ERR_INVALID,
                "$(%.*s) is not known: correct the name, or write $$( for a "
                "plain $(",
                (int)min_i64(end - name, 63), name);
        return NULL;
    }
    strbuf_adds(out, value);
    return end + 1;
}

bool variables_replace(struct arena *a, const char *text, const struct variables *v, char **out,
                       struct err *e)
{
    auto_strbuf struct strbuf b = {.max = REPLACED_BYTES_MAX};
    const char *p = text ? text : "";

    while (p && *p) {
        const size_t plain = strcspn(p, "$");

        strbuf_add(&b, p, plain);
        p += plain;
        if (strncmp(p, "$$(", 3) == 0) {
            strbuf_adds(&b, "$(");
            p += 3;
        } else if (strncmp(p, "$(", 2) == 0) {
            p = replace_one(&b, p, v, e);
        } else if (*p) {
            strbuf_addc(&b, *p++);
        }
    }
    if (!p)
        return false;
    if (b.overflow)
        return err_set(e, ERR_INVALID, "longer than %u bytes once its variables are replaced",
                       REPLACED_BYTES_MAX);
    *out = arena_strndup(a, strbuf_str(&b), b.len);
    return true;
}

/* ---- pods ---------------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;

    return strcmp(*x, *y);
}

/* Sorted, each once. */
static size_t sort_names(const char **names, size_t count)
{
    size_t n = 0;

    if (count > 1)
        qsort(names, count, sizeof(*names), by_text);
    for (size_t i = 0; i < count; i++) {
        if (n == 0 || strcmp(names[n - 1], names[i]) != 0)
            names[n++] = names[i];
    }
    return n;
}

/* Names are lower case letters, digits, '-' and '.'; anything else goes into brackets as well,
 * where only the four that mean something there are left out of it. */
static void add_literal(struct strbuf *out, const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        const char c = s[i];
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_' || (c & 0x80);

        if (plain)
            strbuf_addc(out, c);
        else if (strchr("\\^]\"", c))
            strbuf_addc(out, '.'); /* no pod is called so */
        else
            strbuf_addf(out, "[%c]", c);
    }
}

/* Bytes that all (sorted) names begin with, back to the last '-'. */
static size_t shared(const char *const *names, size_t count)
{
    const char *first = names[0], *last = names[count - 1];
    size_t n = 0, end = 0;

    while (first[n] && first[n] == last[n]) {
        if (first[n++] == '-')
            end = n;
    }
    return end;
}

char *pods_regex(struct arena *a, const char *const *names, size_t count)
{
    auto_strbuf struct strbuf out = {.max = REPLACED_BYTES_MAX};
    const char **sorted = ARENA_ARRAY(a, const char *, count + 1);
    size_t head, named = 0, n;

    for (size_t i = 0; i < count; i++)
        if (!str_empty(names[i])) /* an empty word would match all that has no such label */
            sorted[named++] = names[i];
    n = sort_names(sorted, named);
    if (!n)
        return arena_strdup(a, "!none");
    head = n > 1 ? shared(sorted, n) : 0;
    add_literal(&out, sorted[0], head);
    if (n > 1)
        strbuf_addc(&out, '(');
    for (size_t i = 0; i < n; i++) {
        if (i)
            strbuf_addc(&out, '|');
        add_literal(&out, sorted[i] + head, strlen(sorted[i] + head));
    }
    if (n > 1)
        strbuf_addc(&out, ')');
    return arena_strndup(a, strbuf_str(&out), out.len);
}

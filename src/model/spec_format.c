/* SPDX-License-Identifier: Apache-2.0 */
/* spec_format.c - forms of text, and words that were nearly right. */
#include "sluice/base/utf8.h"
#include "spec.h"

#include <string.h>

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
/* [!-~] */
#define PRINTED LOWER UPPER DIGITS "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"

const struct format format_label = {
    .pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
    .max = 63,
    .ends = LOWER DIGITS,
    .inside = LOWER DIGITS "-",
    .words = "must be a name of at most 63 lower-case letters, digits and -",
};
const struct format format_gate = {
    .pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
    .max = 32,
    .ends = LOWER DIGITS,
    .inside = LOWER DIGITS "-",
    .words = "must be a name of at most 32 lower-case letters, digits and -",
};
const struct format format_name = {
    .pattern = "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
    .max = 253,
    .ends = LOWER DIGITS,
    .inside = LOWER DIGITS "-.",
    .words = "must be a name of lower-case letters, digits, - and .",
};
const struct format format_rule = {
    .pattern = "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
    .max = 253,
    .ends = LOWER DIGITS,
    .inside = LOWER DIGITS "-.",
    .words = "must be the name of a rule of the route",
};
const struct format format_revision = {
    .pattern = "^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$",
    .max = 63,
    .ends = LOWER UPPER DIGITS,
    .inside = LOWER UPPER DIGITS "-_.",
    .words = "must be a revision: copy status.flight.revision, or at rest status.stable.revision",
};
const struct format format_id = {
    .pattern = "^[!-~]+$",
    .max = 36,
    .inside = PRINTED,
    .words = "must be new for each command: at most 36 characters without blanks",
};
const struct format format_url = {
    .pattern = "^https?://[!-~]+$",
    .max = 2048,
    .prefixes = {"http://", "https://"},
    .inside = PRINTED,
    .words = "must be a URL: write http://prometheus.monitoring:9090",
};
const struct format format_path = {
    .pattern = "^/[!-~]*$",
    .max = 1024,
    .prefixes = {"/", NULL},
    .inside = PRINTED,
    .empty = true,
    .words = "must be a path: start it with /",
};
const struct format format_header = {
    .pattern = "^[A-Za-z0-9]([-A-Za-z0-9_]*[A-Za-z0-9])?$",
    .max = 64,
    .ends = LOWER UPPER DIGITS,
    .inside = LOWER UPPER DIGITS "-_",
    .words = "must be the name of a header: letters, digits and -",
};
const struct format format_header_value = {
    .pattern = "^[ -~]*$",
    .max = 1024,
    .inside = PRINTED " ",
    .empty = true,
    .words = "must be plain text of one line",
};
const struct format format_token = {
    .pattern = "^[!-~]*$",
    .max = 253,
    .inside = PRINTED,
    .empty = true,
    .words = "must be the name of a gRPC service, such as web.v1",
};
const struct format format_query = {
    .max = 4096,
    .words = "must be a query of 1 to 4096 characters",
};

static int64_t characters(const char *s)
{
    const size_t len = strlen(s);
    int64_t count = 0;

    for (size_t at = 0; at < len; count++) {
        const size_t n = utf8_char(s + at, len - at);

        at += n ? n : 1;
    }
    return count;
}

/* What follows the prefix; NULL when there is none of those wanted. */
static const char *behind_prefix(const struct format *f, const char *text)
{
    if (!f->prefixes[0])
        return text;
    for (size_t i = 0; i < COUNT(f->prefixes) && f->prefixes[i]; i++) {
        const size_t len = strlen(f->prefixes[i]);

        if (strncmp(text, f->prefixes[i], len) == 0)
            return text + len;
    }
    return NULL;
}

bool format_fits(const struct format *f, const char *text)
{
    const char *rest = behind_prefix(f, text);
    size_t len;

    if (!rest || characters(text) > f->max)
        return false;
    len = strlen(rest);
    if (len == 0)
        return f->empty;
    if (f->ends && (!strchr(f->ends, rest[0]) || !strchr(f->ends, rest[len - 1])))
        return false;
    return !f->inside || strspn(rest, f->inside) == len;
}

/* ---- did you mean ---------------------------------------------------------------------------- */

#define WORD_BYTES_MAX 40

/* Insertions, deletions, changes and swaps of neighbours that lead from `a` to `b`. */
static size_t edits(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t d[WORD_BYTES_MAX + 1][WORD_BYTES_MAX + 1];

    for (size_t i = 0; i <= a_len; i++)
        d[i][0] = i;
    for (size_t j = 0; j <= b_len; j++)
        d[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        for (size_t j = 1; j <= b_len; j++) {
            size_t best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

            if (d[i - 1][j] + 1 < best)
                best = d[i - 1][j] + 1;
            if (d[i][j - 1] + 1 < best)
                best = d[i][j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                d[i - 2][j - 2] + 1 < best)
                best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    }
    return d[a_len][b_len];
}

const char *did_you_mean(const char *word, const char *const *names, size_t count)
{
    const size_t len = word ? strlen(word) : 0;
    const char *best = NULL;
    size_t best_edits = 3;

    if (len == 0 || len > WORD_BYTES_MAX)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        const size_t name_len = names[i] ? strlen(names[i]) : 0;
        size_t n;

        if (name_len == 0 || name_len > WORD_BYTES_MAX)
            continue;
        n = edits(word, len, names[i], name_len);
        /* A word changed altogether is no slip. */
        if (n < best_edits && n < name_len && n < len) {
            best = names[i];
            best_edits = n;
        }
    }
    return best;
}

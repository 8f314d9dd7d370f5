/* SPDX-License-Identifier: Apache-2.0 */
#include "sluice/base/err.h"
#include "sluice/base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* One character of `s` as it may stand in an error: text in `out`, bytes eaten as result. */
static size_t printable(const char *s, size_t len, char out[static 8])
{
    const size_t n = utf8_char(s, len);
    const unsigned char c = (unsigned char)*s;

    if (n == 0 || (n == 1 && (c < 0x20 || c == 0x7f))) {
        snprintf(out, 8, c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\x%02x", c);
        return 1;
    }
    /* C1 controls steer terminals just as C0 ones do. */
    if (n == 2 && utf8_point(s, n) < 0xa0) {
        snprintf(out, 8, "\\u%04x", (unsigned)utf8_point(s, n));
        return 2;
    }
    memcpy(out, s, n);
    out[n] = '\0';
    return n;
}

static void set_text(struct err *e, const char *raw)
{
    size_t len = strlen(raw), at = 0;

    while (len > 0) {
        char one[8];
        const size_t eaten = printable(raw, len, one);
        const size_t n = strlen(one);
        if (at + n >= sizeof(e->text))
            break;
        memcpy(e->text + at, one, n);
        at += n;
        raw += eaten;
        len -= eaten;
    }
    e->text[at] = '\0';
}

/* Twice the room of the result: `raw` may hold arguments taken from e->text itself. */
#define RAW_MAX (2 * sizeof(((struct err *)0)->text))

bool err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
    char raw[RAW_MAX];
    va_list ap;

    if (!e)
        return false;
    va_start(ap, fmt);
    vsnprintf(raw, sizeof(raw), fmt, ap);
    va_end(ap);
    e->kind = kind;
    e->retry_after_s = 0;
    set_text(e, raw);
    return false;
}

bool err_wrap(struct err *e, const char *fmt, ...)
{
    char raw[RAW_MAX], inner[sizeof(e->text)];
    va_list ap;
    size_t used;

    if (!e)
        return false;
    memcpy(inner, e->text, sizeof(inner));
    va_start(ap, fmt);
    vsnprintf(raw, sizeof(inner), fmt, ap);
    va_end(ap);
    used = strlen(raw);
    snprintf(raw + used, sizeof(raw) - used, ": %s", inner);
    set_text(e, raw);
    return false;
}

const char *err_kind_name(enum err_kind kind)
{
    static const char *const names[] = {
        [ERR_NONE] = "None",
        [ERR_RETRY] = "Retry",
        [ERR_UNKNOWN] = "Unknown",
        [ERR_CONFLICT] = "Conflict",
        [ERR_EXISTS] = "AlreadyExists",
        [ERR_NOT_FOUND] = "NotFound",
        [ERR_GONE] = "Gone",
        [ERR_DENIED] = "Denied",
        [ERR_QUOTA] = "QuotaExceeded",
        [ERR_TERMINATING] = "NamespaceTerminating",
        [ERR_INVALID] = "Invalid",
        [ERR_BUG] = "Bug",
    };

    return (size_t)kind < COUNT(names) ? names[kind] : "Bug";
}

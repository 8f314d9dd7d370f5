/* SPDX-License-Identifier: Apache-2.0 */
#include "sluice/json/jfmt.h"
#include "scan.h"
#include "sluice/base/utf8.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static void add_escaped(struct strbuf *out, const char *s, size_t n)
{
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    const char *found = memchr(from, *s, sizeof(from) - 1);

    if (n == 0)
        strbuf_adds(out, "\xef\xbf\xbd"); /* U+FFFD */
    else if (found)
        strbuf_addf(out, "\\%c", to[found - from]);
    else if ((unsigned char)*s < 0x20)
        strbuf_addf(out, "\\u%04x", (unsigned)*s);
    else
        strbuf_add(out, s, n);
}

/* How many characters stand for themselves. */
static size_t plain_run(const char *s, size_t len, bool pointer)
{
    const size_t plain = (size_t)(scan_plain(s, s + len) - s);
    size_t n = 0;

    if (!pointer)
        return plain;
    while (n < plain && s[n] != '~' && s[n] != '/')
        n++;
    return n;
}

/* With `pointer`, also as a token of a JSON Pointer: ~ is ~0, / is ~1 (RFC 6901). */
static void add_text(struct strbuf *out, const char *s, bool pointer)
{
    size_t len = s ? strlen(s) : 0;

    while (len > 0) {
        const size_t plain = plain_run(s, len, pointer);
        const size_t n = plain ? plain : utf8_char(s, len), eaten = n ? n : 1;
        if (plain)
            strbuf_add(out, s, plain);
        else if (pointer && (*s == '~' || *s == '/'))
            strbuf_adds(out, *s == '~' ? "~0" : "~1");
        else
            add_escaped(out, s, n);
        s += eaten;
        len -= eaten;
    }
}

void json_quote(struct strbuf *out, const char *s)
{
    if (!s) {
        strbuf_adds(out, "null");
        return;
    }
    strbuf_addc(out, '"');
    add_text(out, s, false);
    strbuf_addc(out, '"');
}

/* `ap` as a pointer: each directive takes its argument from the one list. */
static void add_directive(struct strbuf *out, char directive, va_list *ap)
{
    switch (directive) {
    case 'q':
        json_quote(out, va_arg(*ap, const char *));
        break;
    case 'k':
        add_text(out, va_arg(*ap, const char *), true);
        break;
    case 's':
        add_text(out, va_arg(*ap, const char *), false);
        break;
    case 'r':
        strbuf_adds(out, va_arg(*ap, const char *));
        break;
    case 'd':
        strbuf_addf(out, "%d", va_arg(*ap, int));
        break;
    case 'l':
        strbuf_addf(out, "%lld", (long long)va_arg(*ap, int64_t));
        break;
    case 'b':
        strbuf_adds(out, va_arg(*ap, int) ? "true" : "false");
        break;
    default:
        assert(directive == '%'); /* else a mistake in our own format */
        strbuf_addc(out, '%');
    }
}

static void add_format(struct strbuf *out, const char *fmt, va_list ap)
{
    va_list args;

    va_copy(args, ap);
    while (*fmt) {
        const size_t plain = strcspn(fmt, "'%");
        strbuf_add(out, fmt, plain);
        fmt += plain;
        if (*fmt == '\'') {
            strbuf_addc(out, '"');
            fmt++;
        } else if (*fmt) {
            add_directive(out, fmt[1], &args);
            fmt += 2;
        }
    }
    va_end(args);
}

void json_fmt_to(struct strbuf *out, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    add_format(out, fmt, ap);
    va_end(ap);
}

char *json_fmt(struct arena *a, const char *fmt, ...)
{
    auto_strbuf struct strbuf out = {.max = SIZE_MAX / 2};
    va_list ap;

    va_start(ap, fmt);
    add_format(&out, fmt, ap);
    va_end(ap);
    return arena_strndup(a, strbuf_str(&out), out.len);
}

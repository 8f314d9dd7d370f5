/* SPDX-License-Identifier: Apache-2.0 */
#include "sluice/base/log.h"
#include "sluice/base/clock.h"
#include "sluice/base/strbuf.h"
#include "sluice/base/utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES ((size_t)16 * 1024)

static enum log_level threshold = LOG_INFO;

void log_set_level(enum log_level level)
{
    threshold = level;
}

static void add_quoted(struct strbuf *b, const char *s)
{
    size_t len = strlen(s);

    strbuf_addc(b, '"');
    while (len > 0) {
        const size_t n = utf8_char(s, len);
        const unsigned char c = (unsigned char)*s;
        if (n == 0)
            strbuf_adds(b, "\\ufffd");
        else if (c < 0x20 || c == 0x7f)
            strbuf_addf(b, "\\u%04x", c);
        else if (c == '"' || c == '\\')
            strbuf_addf(b, "\\%c", c);
        else
            strbuf_add(b, s, n);
        s += n ? n : 1;
        len -= n ? n : 1;
    }
    strbuf_addc(b, '"');
}

/* A pair that does not fit is left out whole: the line stays JSON. */
static void add_pair(struct strbuf *b, const char *key, const char *value)
{
    const size_t before = b->len;

    strbuf_addc(b, ',');
    add_quoted(b, key);
    strbuf_addc(b, ':');
    add_quoted(b, value ? value : "");
    if (b->overflow) {
        b->len = before;
        b->overflow = false;
        b->p[before] = '\0';
    }
}

/* One write(2) a line, so that lines of several processes do not mix. */
static void send_line(const char *line, size_t len)
{
    while (len > 0) {
        const ssize_t n = write(STDERR_FILENO, line, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        line += n;
        len -= (size_t)n;
    }
}

void log_line(enum log_level level, const char *msg, ...)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    auto_strbuf struct strbuf b = {.max = LINE_MAX_BYTES};
    char now[TIME_TEXT_MAX];
    const char *key;
    va_list ap;

    if (level > threshold)
        return;
    time_format_micro(clock_wall_ms(), now);
    strbuf_addf(&b, "{\"time\":\"%s\",\"level\":\"%s\"", now, names[level]);
    add_pair(&b, "msg", msg);
    va_start(ap, msg);
    while ((key = va_arg(ap, const char *)))
        add_pair(&b, key, va_arg(ap, const char *));
    va_end(ap);
    b.max += 2;
    strbuf_adds(&b, "}\n");
    send_line(b.p, b.len);
}

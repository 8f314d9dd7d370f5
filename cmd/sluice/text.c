/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"
#include "sluice/base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const style_codes[] = {
    [STYLE_BOLD] = "\033[1m",  [STYLE_DIM] = "\033[2m",  [STYLE_GOOD] = "\033[32m",
    [STYLE_WARN] = "\033[33m", [STYLE_BAD] = "\033[31m",
};
#define STYLE_OFF "\033[0m"

void screen_init(struct screen *s, int width, int64_t now_ms)
{
    *s = (struct screen){.now_ms = now_ms, .program = "sluice", .where = ""};
    s->width = (int)clamp_i64(width, WIDTH_MIN, WIDTH_MAX);
    strbuf_init(&s->out, SCREEN_BYTES_MAX);
    arena_init(&s->a);
}

void screen_release(struct screen *s)
{
    strbuf_release(&s->out);
    arena_release(&s->a);
}

const char *screen_text(const struct screen *s)
{
    return strbuf_str(&s->out);
}

bool has_text(const char *text)
{
    return !str_empty(text);
}

/* Bytes of the next character as it is shown: control bytes show as one '?', bytes that are not
 * UTF-8 as one U+FFFD. */
static size_t next_char(const char *text, size_t len, const char **shown, size_t *shown_len)
{
    const size_t n = utf8_char(text, len);
    const uint32_t point = n ? utf8_point(text, n) : 0;

    *shown = text;
    *shown_len = n;
    if (n == 0) {
        *shown = "\xef\xbf\xbd";
        *shown_len = 3;
        return 1;
    }
    if (point < 0x20 || (point >= 0x7f && point < 0xa0)) {
        *shown = point == '\n' || point == '\t' ? " " : "?";
        *shown_len = 1;
    }
    return n;
}

int text_width(const char *text)
{
    size_t len = text ? strlen(text) : 0;
    int width = 0;

    while (len > 0) {
        const char *shown;
        size_t shown_len;
        const size_t eaten = next_char(text, len, &shown, &shown_len);
        text += eaten;
        len -= eaten;
        width++;
    }
    return width;
}

static void put_len(struct screen *s, const char *text, size_t len)
{
    while (len > 0) {
        const char *shown;
        size_t shown_len;
        const size_t eaten = next_char(text, len, &shown, &shown_len);
        strbuf_add(&s->out, shown, shown_len);
        text += eaten;
        len -= eaten;
        s->column++;
    }
}

void put(struct screen *s, const char *text)
{
    if (text)
        put_len(s, text, strlen(text));
}

static char *format(struct screen *s, const char *fmt, va_list ap)
{
    auto_strbuf struct strbuf b = {.max = SCREEN_BYTES_MAX};

    strbuf_vaddf(&b, fmt, ap);
    return arena_strndup(&s->a, strbuf_str(&b), b.len);
}

void putf(struct screen *s, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    put(s, format(s, fmt, ap));
    va_end(ap);
}

char *word(struct screen *s, const char *fmt, ...)
{
    va_list ap;
    char *text;

    va_start(ap, fmt);
    text = format(s, fmt, ap);
    va_end(ap);
    return text;
}

void put_styled(struct screen *s, enum style style, const char *text)
{
    const bool on = s->color && style != STYLE_PLAIN && has_text(text);

    if (on)
        strbuf_adds(&s->out, style_codes[style]);
    put(s, text);
    if (on)
        strbuf_adds(&s->out, STYLE_OFF);
}

void put_spaces(struct screen *s, int count)
{
    for (int i = 0; i < count; i++)
        put(s, " ");
}

void put_to(struct screen *s, int column)
{
    put_spaces(s, column > s->column ? column - s->column : s->column > 0);
}

void new_line(struct screen *s)
{
    while (s->out.len > 0 && s->out.p[s->out.len - 1] == ' ')
        s->out.p[--s->out.len] = '\0';
    strbuf_addc(&s->out, '\n');
    s->column = 0;
}

/* --- wrapped blocks --------------------------------------------------------------------------- */

/* May a line end at this blank? Not between a number and its percent sign. */
static bool breaks(const char *blank)
{
    return blank[0] == ' ' && blank[1] != '%' && blank[1] != ' ';
}

/* Bytes up to the next place where a line may end (at a blank, or the end). */
static size_t word_len(const char *text)
{
    size_t n = 0;

    while (text[n] && !breaks(text + n))
        n++;
    return n;
}

static int width_of(struct screen *s, const char *text, size_t len)
{
    return text_width(arena_strndup(&s->a, text, len));
}

void put_block(struct screen *s, int margin, const char *text)
{
    const int indent = s->column, right = s->width - margin;
    bool first = true;

    while (text && *text) {
        const size_t len = word_len(text);
        const int width = width_of(s, text, len);

        if (!first && s->column + 1 + width > right) {
            new_line(s);
            put_spaces(s, indent);
        } else if (!first) {
            put(s, " ");
        }
        put_len(s, text, len);
        text += len;
        text += *text == ' ';
        first = false;
    }
}

void put_paragraph(struct screen *s, const char *fmt, ...)
{
    va_list ap;
    char *text;

    va_start(ap, fmt);
    text = format(s, fmt, ap);
    va_end(ap);
    put_spaces(s, 2);
    put_block(s, TEXT_MARGIN, text);
    new_line(s);
}

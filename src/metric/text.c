/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include "sluice/base/utf8.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CUT "..."

/* One character as it may stand in a line; gives the bytes eaten, puts up to 4 bytes out. */
static size_t one_char(const char *s, size_t len, char out[static 4], size_t *n)
{
    const size_t whole = utf8_char(s, len);
    const uint32_t point = whole ? utf8_point(s, whole) : 0;

    *n = 1;
    if (!whole) {
        out[0] = '?';
        return 1;
    }
    /* Control characters, C1 among them, steer terminals. */
    if (point < 0x20 || (point >= 0x7f && point < 0xa0)) {
        out[0] = ' ';
        return whole;
    }
    memcpy(out, s, whole);
    *n = whole;
    return whole;
}

/* `room` counts the NUL. */
static void put_line(char *out, size_t room, const char *s, size_t len)
{
    size_t at = 0, fits = 0; /* as far as the cut mark still fits behind */

    while (len > 0) {
        char c[4];
        size_t n;
        const size_t eaten = one_char(s, len, c, &n);

        if (at + n >= room) {
            memcpy(out + fits, CUT, sizeof(CUT));
            return;
        }
        memcpy(out + at, c, n);
        at += n;
        if (at + sizeof(CUT) <= room)
            fits = at;
        s += eaten;
        len -= eaten;
    }
    out[at] = '\0';
}

void evidence_set(char out[static EVIDENCE_MAX], const char *fmt, ...)
{
    char raw[4 * EVIDENCE_MAX];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(raw, sizeof(raw), fmt, ap);
    va_end(ap);
    put_line(out, EVIDENCE_MAX, raw, strlen(raw));
}

void text_quote(char out[static EVIDENCE_MAX], const char *s, size_t len, size_t max)
{
    while (len > 0 && (*s == ' ' || *s == '\n' || *s == '\r' || *s == '\t'))
        s++, len--;
    while (len > 0 && (unsigned char)s[len - 1] <= ' ')
        len--;
    assert(max >= sizeof(CUT) && max < EVIDENCE_MAX);
    put_line(out, max + 1, s, len);
}

void text_number(char out[static NUMBER_TEXT_MAX], double value, const char *other)
{
    const bool plain = fabs(value) >= 1000 && fabs(value) < 1e15;

    snprintf(out, NUMBER_TEXT_MAX, plain ? "%.0f" : "%.4g", value);
    for (int digits = 6; digits <= 17 && other; digits++) {
        /* 0.30004 is not "0.3", when that is the bound it is above of. */
        if (strtod(out, NULL) != strtod(other, NULL) || value == strtod(other, NULL))
            break;
        snprintf(out, NUMBER_TEXT_MAX, "%.*g", digits, value);
    }
}

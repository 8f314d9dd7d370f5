/* SPDX-License-Identifier: Apache-2.0 */
#include "sluice/base/strbuf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_ROOM 128 /* for a first formatted text */

void strbuf_init(struct strbuf *b, size_t max)
{
    *b = (struct strbuf){.max = max};
}

void strbuf_release(struct strbuf *b)
{
    free(b->p);
    strbuf_init(b, b->max);
}

void strbuf_reset(struct strbuf *b)
{
    b->len = 0;
    b->overflow = false;
    if (b->p)
        b->p[0] = '\0';
}

/* Room for `more` bytes and the NUL. */
static bool reserve(struct strbuf *b, size_t more)
{
    if (b->overflow || more > b->max - b->len || b->max == SIZE_MAX) {
        b->overflow = true;
        return false;
    }
    const size_t need = b->len + more + 1;
    if (need > b->cap) {
        b->cap = need > b->cap * 2 ? need : b->cap * 2;
        if (b->cap < 32)
            b->cap = 32;
        b->p = xrealloc(b->p, b->cap);
    }
    return true;
}

bool strbuf_add(struct strbuf *b, const void *data, size_t len)
{
    if (!reserve(b, len))
        return false;
    if (len)
        memcpy(b->p + b->len, data, len);
    b->len += len;
    b->p[b->len] = '\0';
    return true;
}

bool strbuf_adds(struct strbuf *b, const char *s)
{
    return strbuf_add(b, s, strlen(s));
}

bool strbuf_addc(struct strbuf *b, char c)
{
    return strbuf_add(b, &c, 1);
}

/* Into the room that is there, which mostly does; else once more with enough. */
bool strbuf_vaddf(struct strbuf *b, const char *fmt, va_list ap)
{
    va_list again;
    size_t room;
    int len;

    if (!b->p && b->max >= TEXT_ROOM)
        reserve(b, TEXT_ROOM - 1); /* else the first text is always formatted twice */
    room = b->overflow ? 0 : b->cap - b->len;
    va_copy(again, ap);
    len = vsnprintf(room ? b->p + b->len : NULL, room, fmt, again);
    va_end(again);
    if (len < 0)
        abort();
    if (!reserve(b, (size_t)len)) {
        if (room)
            b->p[b->len] = '\0';
        return false;
    }
    if ((size_t)len >= room)
        vsnprintf(b->p + b->len, (size_t)len + 1, fmt, ap);
    b->len += (size_t)len;
    return true;
}

bool strbuf_addf(struct strbuf *b, const char *fmt, ...)
{
    va_list ap;
    bool ok;

    va_start(ap, fmt);
    ok = strbuf_vaddf(b, fmt, ap);
    va_end(ap);
    return ok;
}

const char *strbuf_str(const struct strbuf *b)
{
    return b->p ? b->p : "";
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "url.h"

#include <string.h>

/* Of a character of a string: never its NUL, which strchr would find. */
static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           strchr("-._~", c);
}

static void add_encoded(struct strbuf *out, char c)
{
    strbuf_addf(out, "%%%02X", (unsigned)(unsigned char)c);
}

void url_add_value(struct strbuf *out, const char *s)
{
    for (; *s; s++) {
        if (is_unreserved(*s))
            strbuf_addc(out, *s);
        else
            add_encoded(out, *s);
    }
}

void url_add_path(struct strbuf *out, const char *s)
{
    if (*s != '/')
        strbuf_addc(out, '/');
    for (; *s; s++) {
        if (is_unreserved(*s) || strchr("/?:@!$&'()*+,;=%[]", *s))
            strbuf_addc(out, *s);
        else
            add_encoded(out, *s);
    }
}

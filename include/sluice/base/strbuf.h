/* SPDX-License-Identifier: Apache-2.0 */
/* strbuf.h - a growing byte buffer born with its maximum (curl's dynbuf is the model).
 *
 * `p` is always NUL-terminated after the first add, or NULL while empty; `len` excludes the NUL.
 * An add that would pass `max` sets `overflow`, adds nothing, and all later adds do nothing:
 * callers may check once at the end. */
#ifndef SLUICE_BASE_STRBUF_H
#define SLUICE_BASE_STRBUF_H

#include "sluice/base/base.h"
#include <stdarg.h>

struct strbuf {
    char *p;
    size_t len, cap, max;
    bool overflow;
};

void strbuf_init(struct strbuf *b, size_t max);
void strbuf_release(struct strbuf *b); /* frees; keeps max */
void strbuf_reset(struct strbuf *b);   /* len = 0, overflow cleared, memory kept */
bool strbuf_add(struct strbuf *b, const void *data, size_t len); /* false on overflow */
bool strbuf_adds(struct strbuf *b, const char *s);
bool strbuf_addc(struct strbuf *b, char c);
bool strbuf_addf(struct strbuf *b, const char *fmt, ...) PRINTF(2, 3);
bool strbuf_vaddf(struct strbuf *b, const char *fmt, va_list ap) PRINTF(2, 0);
const char *strbuf_str(const struct strbuf *b); /* "" while empty */
#define auto_strbuf CLEANUP(strbuf_release)

#endif

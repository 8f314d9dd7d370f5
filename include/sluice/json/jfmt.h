/* SPDX-License-Identifier: Apache-2.0 */
/* jfmt.h - building JSON text: the only way we write it.
 *
 * json_fmt(a, "{'metadata':{'name':%q},'spec':{'replicas':%d},'x':%r}", name, n, raw):
 * a single quote prints a double quote; directives:
 *   %q  const char *   a JSON string, quoted and escaped; NULL gives null
 *   %k  const char *   a JSON Pointer token in a "path" (~0 ~1 and JSON escapes), no quotes
 *   %d  int   %l  int64_t   %b  int (true/false)
 *   %r  const char *   raw JSON, as it is
 *   %s  const char *   raw text inside a quoted part, JSON-escaped, no quotes
 *   %%  a percent sign */
#ifndef SLUICE_JSON_JFMT_H
#define SLUICE_JSON_JFMT_H

#include "sluice/base/arena.h"
#include "sluice/base/strbuf.h"

char *json_fmt(struct arena *a, const char *fmt, ...); /* arena text */
void json_fmt_to(struct strbuf *out, const char *fmt, ...);
void json_quote(struct strbuf *out, const char *s); /* with quotes; bad UTF-8 becomes U+FFFD */

#endif

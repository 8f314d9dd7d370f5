/* SPDX-License-Identifier: Apache-2.0 */
/* url.h - parts of URLs. Private to src/metric. */
#ifndef SLUICE_METRIC_URL_H
#define SLUICE_METRIC_URL_H

#include "sluice/base/strbuf.h"

/* All but unreserved characters (RFC 3986) encoded: a value of a query. */
void url_add_value(struct strbuf *out, const char *s);
/* A path with its query as a user wrote it: only what may not stand there is encoded ('#' is, as
 * it would end it), and it begins with '/'. */
void url_add_path(struct strbuf *out, const char *s);

#endif

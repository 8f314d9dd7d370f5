/* SPDX-License-Identifier: Apache-2.0 */
/* text.h - evidence in words: at most 100 bytes, one line, valid UTF-8. Private to src/metric. */
#ifndef SLUICE_METRIC_TEXT_H
#define SLUICE_METRIC_TEXT_H

#include "sluice/metric/metric.h"

/* Control bytes become blanks, bad UTF-8 '?', what is too long is cut and ends in "...". The
 * arguments must not lie in `out`. */
void text_set(char out[static EVIDENCE_MAX], const char *fmt, ...) PRINTF(2, 3);
/* The same of foreign bytes, which may hold anything; at most `max` bytes are shown. */
void text_quote(char out[static EVIDENCE_MAX], const char *s, size_t len, size_t max);
/* A number as people write it, in as few digits as tell it from `other` (text, may be NULL). */
#define NUMBER_TEXT_MAX 32
void text_number(char out[static NUMBER_TEXT_MAX], double value, const char *other);

#endif

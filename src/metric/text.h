/* SPDX-License-Identifier: Apache-2.0 */
/* text.h - parts of evidence_set's sentences. Private to src/metric. */
#ifndef SLUICE_METRIC_TEXT_H
#define SLUICE_METRIC_TEXT_H

#include "sluice/metric/metric.h"

/* Foreign bytes, which may hold anything, as evidence_set shows them; at most `max` bytes. */
void text_quote(char out[static EVIDENCE_MAX], const char *s, size_t len, size_t max);
/* A number as people write it, in as few digits as tell it from `other` (text, may be NULL). */
#define NUMBER_TEXT_MAX 32
void text_number(char out[static NUMBER_TEXT_MAX], double value, const char *other);

#endif

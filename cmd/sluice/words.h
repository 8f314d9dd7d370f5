/* SPDX-License-Identifier: Apache-2.0 */
/* words.h - times, ages and counts as people say them. Pure; times are UTC, as the controller's. */
#ifndef SLUICE_CMD_WORDS_H
#define SLUICE_CMD_WORDS_H

#include "text.h"

/* "3d", "5h30m", "95s": as kubectl writes an AGE; "<unknown>" for no time. */
char *words_age(struct arena *a, int64_t since_ms, int64_t now_ms);
/* "6m 40s", "11m", "1.8s", "1h 30m", "3d 4h": a length of time in a sentence. */
char *words_took(struct arena *a, int64_t ms);
/* The same in whole seconds: for what still runs. */
char *words_lasts(struct arena *a, int64_t ms);
/* "2m ago", "3 days ago", "just now". */
char *words_ago(struct arena *a, int64_t since_ms, int64_t now_ms);
/* "14:02:10", "09:14:03 tomorrow", "09:14:03 yesterday", "2026-11-24 09:14:03"; "" for no time. */
char *words_clock(struct arena *a, int64_t ms, int64_t now_ms);
/* As configured: "10m", "24h" (duration_format). */
char *words_duration(struct arena *a, int64_t ms);
/* "1 error", "3 errors". */
char *words_count(struct arena *a, int64_t n, const char *noun);
/* "25 %", "9.1 %" from tenths of a percent; a whole number has no decimals. */
char *words_permille(struct arena *a, int permille);
/* The same for a part of a whole, rounded to nearest; "-" of nothing. */
char *words_part(struct arena *a, int64_t part, int64_t whole);
/* Decimal digits only, at most six; -1: not such a number. */
int words_number(const char *text);
/* "health, errors, latency". */
char *words_list(struct arena *a, const char *const *items, size_t count);
/* Without blanks and a full stop at its end. */
char *words_trimmed(struct arena *a, const char *text);
/* The same, first letter in upper case. */
char *words_sentence(struct arena *a, const char *text);

#endif

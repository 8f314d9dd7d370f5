/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h - time as a value. Unix milliseconds everywhere ("_ms"); 0 means "no time".
 *
 * Only the shell (net, kube, ctl, cmd) reads clocks; pure layers get `now_ms` as an argument. */
#ifndef SLUICE_BASE_CLOCK_H
#define SLUICE_BASE_CLOCK_H

#include "sluice/base/base.h"

#define SECOND_MS     INT64_C(1000)
#define MINUTE_MS     (60 * SECOND_MS)
#define HOUR_MS       (60 * MINUTE_MS)
#define TIME_TEXT_MAX 40

int64_t clock_wall_ms(void);
int64_t clock_mono_ms(void); /* CLOCK_BOOTTIME: suspend counts (C67) */

/* RFC 3339 in UTC, "2026-11-24T09:14:03Z" (metav1.Time); `out` gets "" for 0. */
void time_format(int64_t ms, char out[static TIME_TEXT_MAX]);
/* The same with microseconds, "2026-11-24T09:14:03.000000Z" (metav1.MicroTime). */
void time_format_micro(int64_t ms, char out[static TIME_TEXT_MAX]);
/* Accepts fractions and offsets. NULL, "" or bad text gives 0. */
int64_t time_parse(const char *s);
/* "15:02:10" UTC, or "tomorrow 09:14:03"-like forms are the CLI's affair. */
void time_format_clock(int64_t ms, char out[static TIME_TEXT_MAX]);

/* GEP-2257: ^([0-9]{1,5}(h|m|s|ms)){1,4}$. */
bool duration_parse(const char *s, int64_t *ms) MUST_USE;
/* "1h30m", "2m", "1.8s", "0s": as people write it; for messages. */
void duration_format(int64_t ms, char out[static TIME_TEXT_MAX]);

#endif

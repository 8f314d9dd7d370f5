/* SPDX-License-Identifier: Apache-2.0 */
/* clock.c - the proleptic Gregorian calendar in UTC, by arithmetic: no time zone, no locale. */
#include "sluice/base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define DAY_MS (24 * HOUR_MS)

static int64_t read_clock_ms(clockid_t id)
{
    struct timespec t = {0};
    const int failed = clock_gettime(id, &t);

    assert(!failed);
    (void)failed;
    return (int64_t)t.tv_sec * SECOND_MS + t.tv_nsec / 1000000;
}

int64_t clock_wall_ms(void)
{
    return read_clock_ms(CLOCK_REALTIME);
}

int64_t clock_mono_ms(void)
{
    return read_clock_ms(CLOCK_BOOTTIME);
}

/* --- the calendar: days since 1970-01-01, years that begin in March (H. Hinnant) -------------- */

struct civil {
    int64_t year;
    int month, day;
};

static int64_t days_of(struct civil c)
{
    const int64_t y = c.year - (c.month <= 2);
    const int64_t era = (y >= 0 ? y : y - 399) / 400;
    const int64_t of_era = y - era * 400;
    const int64_t of_year = (153 * (c.month + (c.month > 2 ? -3 : 9)) + 2) / 5 + c.day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static struct civil civil_of(int64_t days)
{
    days += 719468;
    const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    const int64_t d = days - era * 146097;
    const int64_t y = (d - d / 1460 + d / 36524 - d / 146096) / 365;
    const int64_t of_year = d - (365 * y + y / 4 - y / 100);
    const int64_t m = (5 * of_year + 2) / 153;
    const int month = (int)(m < 10 ? m + 3 : m - 9);

    return (struct civil){
        .year = y + era * 400 + (month <= 2),
        .month = month,
        .day = (int)(of_year - (153 * m + 2) / 5 + 1),
    };
}

static int days_in(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap);
}

/* --- writing ---------------------------------------------------------------------------------- */

/* `width` digits and what follows them; statuses are full of times. */
static char *put(char *p, int value, int width, char after)
{
    for (int i = width - 1; i >= 0; i--, value /= 10)
        p[i] = (char)('0' + value % 10);
    p[width] = after;
    return p + width + 1;
}

static void format_parts(int64_t ms, bool micro, char out[static TIME_TEXT_MAX])
{
    const bool before = ms % DAY_MS < 0; /* 1970, and not at midnight */
    const int64_t days = ms / DAY_MS - before;
    const int of_day = (int)(ms % DAY_MS + (before ? DAY_MS : 0));
    const struct civil c = civil_of(days);
    const int second = of_day / 1000;
    char *p = out;

    out[0] = '\0';
    if (ms == 0 || c.year < 0 || c.year > 9999) /* RFC 3339 has four digits for the year */
        return;
    p = put(p, (int)c.year, 4, '-');
    p = put(p, c.month, 2, '-');
    p = put(p, c.day, 2, 'T');
    p = put(p, second / 3600, 2, ':');
    p = put(p, second / 60 % 60, 2, ':');
    p = put(p, second % 60, 2, micro ? '.' : 'Z');
    if (micro)
        p = put(p, of_day % 1000 * 1000, 6, 'Z');
    *p = '\0';
}

void time_format(int64_t ms, char out[static TIME_TEXT_MAX])
{
    format_parts(ms, false, out);
}

void time_format_micro(int64_t ms, char out[static TIME_TEXT_MAX])
{
    format_parts(ms, true, out);
}

void time_format_clock(int64_t ms, char out[static TIME_TEXT_MAX])
{
    char whole[TIME_TEXT_MAX];

    out[0] = '\0';
    format_parts(ms, false, whole);
    if (whole[0])
        snprintf(out, TIME_TEXT_MAX, "%.8s", whole + strlen("2026-11-24T"));
}

/* --- reading ---------------------------------------------------------------------------------- */

/* Exactly `width` digits, up to `max`; moves *s on. */
static bool take_number(const char **s, int width, int least, int max, int *out)
{
    int value = 0;

    for (int i = 0; i < width; i++, (*s)++) {
        if (**s < '0' || **s > '9')
            return false;
        value = value * 10 + (**s - '0');
    }
    *out = value;
    return value >= least && value <= max;
}

static bool take_char(const char **s, char lower, char upper)
{
    if (**s != lower && **s != upper)
        return false;
    (*s)++;
    return true;
}

static bool take_date(const char **s, int64_t *days)
{
    int year, month, day;

    if (!take_number(s, 4, 0, 9999, &year) || !take_char(s, '-', '-') ||
        !take_number(s, 2, 1, 12, &month) || !take_char(s, '-', '-') ||
        !take_number(s, 2, 1, days_in(year, month), &day))
        return false;
    *days = days_of((struct civil){.year = year, .month = month, .day = day});
    return true;
}

static bool take_fraction(const char **s, int64_t *ms)
{
    int64_t unit = 100;

    if (!take_char(s, '.', '.'))
        return true;
    if (**s < '0' || **s > '9')
        return false;
    for (; **s >= '0' && **s <= '9'; (*s)++, unit /= 10)
        *ms += (**s - '0') * unit; /* past milliseconds the unit is 0 */
    return true;
}

static bool take_clock(const char **s, int64_t *ms)
{
    int hour, minute, second;

    if (!take_number(s, 2, 0, 23, &hour) || !take_char(s, ':', ':') ||
        !take_number(s, 2, 0, 59, &minute) || !take_char(s, ':', ':') ||
        !take_number(s, 2, 0, 59, &second))
        return false;
    *ms = hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS;
    return take_fraction(s, ms);
}

static bool take_offset(const char **s, int64_t *ms)
{
    const char sign = **s;
    int hour, minute;

    if (take_char(s, 'z', 'Z'))
        return true;
    if (!take_char(s, '+', '-') || !take_number(s, 2, 0, 23, &hour) || !take_char(s, ':', ':') ||
        !take_number(s, 2, 0, 59, &minute))
        return false;
    *ms = (hour * HOUR_MS + minute * MINUTE_MS) * (sign == '-' ? -1 : 1);
    return true;
}

int64_t time_parse(const char *s)
{
    int64_t days = 0, of_day = 0, offset = 0;

    if (!s || !take_date(&s, &days) || !take_char(&s, 't', 'T') || !take_clock(&s, &of_day) ||
        !take_offset(&s, &offset) || *s)
        return 0;
    return days * DAY_MS + of_day - offset;
}

/* --- durations -------------------------------------------------------------------------------- */

#define PART_DIGITS_MAX 5
#define PARTS_MAX       4

static bool take_unit(const char **s, int64_t *unit)
{
    /* "ms" before "m": the longer name wins. */
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {{"ms", 1}, {"h", HOUR_MS}, {"m", MINUTE_MS}, {"s", SECOND_MS}};

    for (size_t i = 0; i < COUNT(units); i++) {
        const size_t len = strlen(units[i].name);
        if (strncmp(*s, units[i].name, len) == 0) {
            *s += len;
            *unit = units[i].ms;
            return true;
        }
    }
    return false;
}

bool duration_parse(const char *s, int64_t *ms)
{
    int64_t sum = 0;
    int parts = 0;

    for (; s && *s; parts++) {
        int64_t value = 0, unit = 0;
        int digits = 0;
        for (; *s >= '0' && *s <= '9'; s++)
            if (++digits <= PART_DIGITS_MAX)
                value = value * 10 + (*s - '0');
        if (digits == 0 || digits > PART_DIGITS_MAX || parts == PARTS_MAX || !take_unit(&s, &unit))
            return false;
        sum += value * unit;
    }
    if (parts == 0)
        return false;
    *ms = sum;
    return true;
}

static int format_seconds(int64_t ms, char *out, size_t size)
{
    char fraction[8];
    size_t len;

    if (ms % 1000 == 0)
        return snprintf(out, size, "%ds", (int)(ms / 1000));
    snprintf(fraction, sizeof(fraction), "%03d", (int)(ms % 1000));
    for (len = strlen(fraction); fraction[len - 1] == '0'; len--)
        ;
    return snprintf(out, size, "%d.%.*ss", (int)(ms / 1000), (int)len, fraction);
}

void duration_format(int64_t ms, char out[static TIME_TEXT_MAX])
{
    const bool negative = ms < 0;
    const int64_t v = !negative ? ms : ms == INT64_MIN ? INT64_MAX : -ms;
    const int64_t rest = v % MINUTE_MS;
    size_t n = 0;

    if (negative)
        out[n++] = '-';
    if (v > 0 && v < SECOND_MS) {
        snprintf(out + n, TIME_TEXT_MAX - n, "%dms", (int)v);
        return;
    }
    if (v >= HOUR_MS)
        n += (size_t)snprintf(out + n, TIME_TEXT_MAX - n, "%lldh", (long long)(v / HOUR_MS));
    if (v / MINUTE_MS % 60)
        n += (size_t)snprintf(out + n, TIME_TEXT_MAX - n, "%dm", (int)(v / MINUTE_MS % 60));
    if (rest || v == 0)
        format_seconds(rest, out + n, TIME_TEXT_MAX - n);
}

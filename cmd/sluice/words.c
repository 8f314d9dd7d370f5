/* SPDX-License-Identifier: Apache-2.0 */
#include "words.h"
#include "sluice/base/clock.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS  (24 * HOUR_MS)
#define YEAR_MS (365 * DAY_MS)

/* "5h30m", or "5h" when the smaller part is 0. */
static char *two_parts(struct arena *a, int64_t big, const char *big_unit, const char *between,
                       int64_t small, const char *small_unit)
{
    if (small == 0)
        return arena_printf(a, "%lld%s", (long long)big, big_unit);
    return arena_printf(a, "%lld%s%s%lld%s", (long long)big, big_unit, between, (long long)small,
                        small_unit);
}

/* The thresholds are those of apimachinery's HumanDuration, so that our AGE reads as kubectl's. */
char *words_age(struct arena *a, int64_t since_ms, int64_t now_ms)
{
    const int64_t ms = max_i64(now_ms - since_ms, 0);
    const int64_t s = ms / SECOND_MS, m = ms / MINUTE_MS, h = ms / HOUR_MS, d = ms / DAY_MS;

    if (since_ms == 0)
        return arena_strdup(a, "<unknown>");
    if (s < 120)
        return arena_printf(a, "%llds", (long long)s);
    if (m < 10)
        return two_parts(a, m, "m", "", s % 60, "s");
    if (m < 180)
        return arena_printf(a, "%lldm", (long long)m);
    if (h < 8)
        return two_parts(a, h, "h", "", m % 60, "m");
    if (h < 48)
        return arena_printf(a, "%lldh", (long long)h);
    if (d < 8)
        return two_parts(a, d, "d", "", h % 24, "h");
    if (d < 2 * 365)
        return arena_printf(a, "%lldd", (long long)d);
    return two_parts(a, ms / YEAR_MS, "y", "", d < 8 * 365 ? d % 365 : 0, "d");
}

char *words_took(struct arena *a, int64_t ms)
{
    const int64_t s = ms / SECOND_MS, m = ms / MINUTE_MS, h = ms / HOUR_MS;

    if (ms < 10 * SECOND_MS && ms % SECOND_MS >= 100)
        return arena_printf(a, "%lld.%llds", (long long)s, (long long)(ms % SECOND_MS / 100));
    if (s < 60)
        return arena_printf(a, "%llds", (long long)max_i64(s, 0));
    if (m < 10)
        return two_parts(a, m, "m", " ", s % 60, "s");
    if (h < 1)
        return arena_printf(a, "%lldm", (long long)m);
    if (h < 10)
        return two_parts(a, h, "h", " ", m % 60, "m");
    if (h < 48)
        return arena_printf(a, "%lldh", (long long)h);
    return two_parts(a, h / 24, "d", " ", h < 8 * 24 ? h % 24 : 0, "h");
}

char *words_lasts(struct arena *a, int64_t ms)
{
    return words_took(a, ms - ms % SECOND_MS);
}

char *words_ago(struct arena *a, int64_t since_ms, int64_t now_ms)
{
    const int64_t ms = max_i64(now_ms - since_ms, 0);

    if (ms < SECOND_MS)
        return arena_strdup(a, "just now");
    if (ms >= 2 * DAY_MS)
        return arena_printf(a, "%lld days ago", (long long)(ms / DAY_MS));
    if (ms >= MINUTE_MS) /* whole minutes: nobody asks for the seconds of the past */
        return arena_printf(a, "%s ago", words_took(a, ms - ms % MINUTE_MS));
    return arena_printf(a, "%s ago", words_lasts(a, ms));
}

static int64_t day_of(int64_t ms)
{
    return ms >= 0 ? ms / DAY_MS : -1;
}

char *words_clock(struct arena *a, int64_t ms, int64_t now_ms)
{
    char clock[TIME_TEXT_MAX], whole[TIME_TEXT_MAX];
    const int64_t days = day_of(ms) - day_of(now_ms);

    time_format_clock(ms, clock);
    if (days == 0 || !clock[0])
        return arena_strdup(a, clock);
    if (days == 1 || days == -1)
        return arena_printf(a, "%s %s", clock, days == 1 ? "tomorrow" : "yesterday");
    time_format(ms, whole);
    return arena_printf(a, "%.10s %s", whole, clock);
}

char *words_duration(struct arena *a, int64_t ms)
{
    char text[TIME_TEXT_MAX];

    duration_format(ms, text);
    return arena_strdup(a, text);
}

char *words_count(struct arena *a, int64_t n, const char *noun)
{
    return arena_printf(a, "%lld %s%s", (long long)n, noun, n == 1 ? "" : "s");
}

char *words_permille(struct arena *a, int permille)
{
    if (permille % 10 == 0)
        return arena_printf(a, "%d %%", permille / 10);
    return arena_printf(a, "%d.%d %%", permille / 10, permille % 10);
}

char *words_part(struct arena *a, int64_t part, int64_t whole)
{
    if (whole <= 0)
        return arena_strdup(a, "-");
    return words_permille(a, (int)((2000 * part + whole) / (2 * whole)));
}

int words_number(const char *text)
{
    char *end = NULL;
    long value;

    if (!text || *text < '0' || *text > '9' || strlen(text) > 6)
        return -1;
    value = strtol(text, &end, 10);
    return *end ? -1 : (int)value;
}

char *words_list(struct arena *a, const char *const *items, size_t count)
{
    auto_strbuf struct strbuf b = {.max = SCREEN_BYTES_MAX};

    for (size_t i = 0; i < count; i++)
        strbuf_addf(&b, "%s%s", i ? ", " : "", items[i] ? items[i] : "");
    return arena_strndup(a, strbuf_str(&b), b.len);
}

char *words_trimmed(struct arena *a, const char *text)
{
    char *s = arena_strdup(a, text ? text : "");
    size_t len = strlen(s);

    while (len > 0 && (s[len - 1] == '.' || s[len - 1] == ' '))
        s[--len] = '\0';
    return s;
}

char *words_sentence(struct arena *a, const char *text)
{
    char *s = words_trimmed(a, text);

    /* A first word that is a name ("web-canary:", "HTTPRoute/web") keeps its letters. */
    if (s[strspn(s, "abcdefghijklmnopqrstuvwxyz")] == ' ')
        s[0] = (char)toupper((unsigned char)s[0]);
    return s;
}

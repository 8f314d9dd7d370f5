/* SPDX-License-Identifier: Apache-2.0 */
/* base_time_fuzz.c - times and durations: as the pattern says, and the same when read back. */
#include "check.h"
#include "sluice/base/clock.h"

#include <regex.h>

#define RFC3339                                                                                    \
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?"                        \
    "([Zz]|[+-][0-9]{2}:[0-9]{2})$"

static bool matches(const char *pattern, const char *text)
{
    regex_t r;
    bool ok;

    CHECK(regcomp(&r, pattern, REG_EXTENDED | REG_NOSUB) == 0, "%s", pattern);
    ok = regexec(&r, text, 0, NULL, 0) == 0;
    regfree(&r);
    return ok;
}

static void check_duration(const char *text)
{
    int64_t ms = -1, again = -1;
    char out[TIME_TEXT_MAX];
    const bool ok = duration_parse(text, &ms);

    /* The pattern's dot and dollar stop at a line's end; ours does not. */
    if (!strchr(text, '\n'))
        CHECK(ok == matches("^([0-9]{1,5}(h|m|s|ms)){1,4}$", text), "%s", text);
    CHECK(ok == (ms >= 0), "%s: %lld", text, (long long)ms);
    if (!ok)
        return;
    duration_format(ms, out);
    CHECK(strlen(out) < TIME_TEXT_MAX, "%s", out);
    if (ms % SECOND_MS == 0 && ms / HOUR_MS <= 99999)
        CHECK(duration_parse(out, &again) && again == ms, "%s: %s", text, out);
}

static void check_time(const char *text)
{
    const int64_t ms = time_parse(text);
    char out[TIME_TEXT_MAX];

    if (ms == 0)
        return;
    CHECK(matches(RFC3339, text), "%s", text);
    time_format_micro(ms, out);
    if (*out) /* an offset may lead out of the four-digit years */
        CHECK(time_parse(out) == ms, "%s: %s", text, out);
    time_format(ms, out);
    if (*out)
        CHECK(time_parse(out) == (ms - (ms % 1000 + 1000) % 1000), "%s: %s", text, out);
}

static void check_any(int64_t ms)
{
    char out[TIME_TEXT_MAX];

    time_format_micro(ms, out);
    CHECK(*out == '\0' || time_parse(out) == ms, "%lld: %s", (long long)ms, out);
    time_format_clock(ms, out);
    CHECK(*out == '\0' || strlen(out) == 8, "%s", out);
    duration_format(ms, out);
    CHECK(*out && strlen(out) < TIME_TEXT_MAX, "%s", out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    auto_free char *text = xcalloc(len + 1, 1);
    int64_t ms = 0;

    if (len)
        memcpy(text, data, len);
    check_duration(text);
    check_time(text);
    if (len >= sizeof(ms)) {
        memcpy(&ms, data, sizeof(ms));
        check_any(ms);
        check_any(ms >> (data[0] & 63));
    }
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "sluice/base/clock.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define T0 INT64_C(1795511643000) /* 2026-11-24T09:14:03Z */

static void clocks_go_forward(void **state UNUSED)
{
    const int64_t wall = clock_wall_ms(), mono = clock_mono_ms();

    assert_true(wall > INT64_C(1700000000000));
    assert_true(mono > 0);
    usleep(3000);
    assert_in_range(clock_mono_ms() - mono, 2, 60000);
}

static const struct {
    int64_t ms;
    const char *text, *micro, *clock;
} written[] = {
    {0, "", "", ""},
    {T0, "2026-11-24T09:14:03Z", "2026-11-24T09:14:03.000000Z", "09:14:03"},
    {T0 + 7, "2026-11-24T09:14:03Z", "2026-11-24T09:14:03.007000Z", "09:14:03"},
    {1, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.001000Z", "00:00:00"},
    {-1, "1969-12-31T23:59:59Z", "1969-12-31T23:59:59.999000Z", "23:59:59"},
    {-86400000, "1969-12-31T00:00:00Z", "1969-12-31T00:00:00.000000Z", "00:00:00"},
    {951782400000, "2000-02-29T00:00:00Z", "2000-02-29T00:00:00.000000Z", "00:00:00"},
    {253402300799999, "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999000Z", "23:59:59"},
    {253402300800000, "", "", ""}, /* the year 10000 */
    {-62167219200000, "0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000000Z", "00:00:00"},
    {-62167219200001, "", "", ""},
    {INT64_MAX, "", "", ""},
    {INT64_MIN, "", "", ""},
};

static void times_are_written(void **state UNUSED)
{
    for (size_t i = 0; i < COUNT(written); i++) {
        char out[TIME_TEXT_MAX];
        time_format(written[i].ms, out);
        CHECK_TEXT(out, written[i].text, "time_format");
        time_format_micro(written[i].ms, out);
        CHECK_TEXT(out, written[i].micro, "time_format_micro");
        time_format_clock(written[i].ms, out);
        CHECK_TEXT(out, written[i].clock, "time_format_clock");
    }
}

static const struct {
    const char *text;
    int64_t ms;
} readings[] = {
    {"2026-11-24T09:14:03Z", T0},
    {"2026-11-24t09:14:03z", T0},
    {"2026-11-24T09:14:03.5Z", T0 + 500},
    {"2026-11-24T09:14:03.007999999Z", T0 + 7},
    {"2026-11-24T10:44:03+01:30", T0},
    {"2026-11-24T08:14:03.250-01:00", T0 + 250},
    {"2026-11-24T09:14:03+00:00", T0},
    {"2024-02-29T00:00:00Z", 1709164800000},
    {"1969-12-31T23:59:59Z", -1000},
    {"9999-12-31T23:59:59Z", 253402300799000},
    {NULL, 0},
    {"", 0},
    {"2026-11-24", 0},
    {"2026-11-24 09:14:03Z", 0},
    {"2026-11-24T09:14:03", 0},
    {"2026-11-24T09:14:03Zx", 0},
    {"2026-11-24T09:14:03Z ", 0},
    {" 2026-11-24T09:14:03Z", 0},
    {"2026-11-24T09:14Z", 0},
    {"2026-11-24T09:14:03.Z", 0},
    {"2026-11-24T09:14:03,5Z", 0},
    {"2026-11-24T24:00:00Z", 0},
    {"2026-11-24T09:60:00Z", 0},
    {"2026-11-24T09:14:60Z", 0},
    {"2026-13-24T09:14:03Z", 0},
    {"2026-00-24T09:14:03Z", 0},
    {"2026-02-29T09:14:03Z", 0},
    {"2100-02-29T09:14:03Z", 0},
    {"2026-11-31T09:14:03Z", 0},
    {"2026-11-00T09:14:03Z", 0},
    {"26-11-24T09:14:03Z", 0},
    {"2026-11-24T09:14:03+0130", 0},
    {"2026-11-24T09:14:03+24:00", 0},
    {"2026-11-24T09:14:03+01:60", 0},
    {"2026-11-24T09:14:03+01:30Z", 0},
    {"+026-11-24T09:14:03Z", 0},
};

static void times_are_read(void **state UNUSED)
{
    for (size_t i = 0; i < COUNT(readings); i++)
        CHECK(time_parse(readings[i].text) == readings[i].ms, "%s: %lld", readings[i].text,
              (long long)time_parse(readings[i].text));
}

/* Against the C library's calendar, and back again. */
static void random_times_agree_with_timegm(void **state UNUSED)
{
    uint64_t seed = 5;

    for (int i = 0; i < 100000; i++) {
        /* years 1 to 9998 */
        const int64_t ms =
            (int64_t)(next_random(&seed) % UINT64_C(315500000000000)) - INT64_C(62135596800000);
        char out[TIME_TEXT_MAX];
        struct tm t = {0};
        time_format_micro(ms, out);
        assert_true(ms == 0 || time_parse(out) == ms);
        out[19] = '\0';
        assert_non_null(strptime(out, "%Y-%m-%dT%H:%M:%S", &t));
        assert_true((int64_t)timegm(&t) == (ms >= 0 ? ms : ms - 999) / 1000);
    }
}

static const struct {
    const char *text;
    int64_t ms; /* -1: refused */
} durations[] = {
    {"0s", 0},
    {"1ms", 1},
    {"5m", 5 * MINUTE_MS},
    {"1h30m", 90 * MINUTE_MS},
    {"30m1h", 90 * MINUTE_MS}, /* any order: the pattern says no more */
    {"1h1m1s1ms", HOUR_MS + MINUTE_MS + SECOND_MS + 1},
    {"99999h", 99999 * HOUR_MS},
    {"00005s", 5 * SECOND_MS},
    {"99999h99999h99999h99999h", 4 * 99999 * HOUR_MS},
    {NULL, -1},
    {"", -1},
    {"5", -1},
    {"s", -1},
    {"-5s", -1},
    {"+5s", -1},
    {"1.5s", -1},
    {"5 s", -1},
    {" 5s", -1},
    {"5s ", -1},
    {"100000s", -1},
    {"000000s", -1},
    {"1h1m1s1ms1h", -1},
    {"5us", -1},
    {"5d", -1},
    {"5M", -1},
    {"5mss", -1},
};

static void durations_are_read(void **state UNUSED)
{
    for (size_t i = 0; i < COUNT(durations); i++) {
        int64_t ms = -7;
        const bool ok = duration_parse(durations[i].text, &ms);
        CHECK(ok == (durations[i].ms >= 0), "%s", durations[i].text);
        CHECK(ms == (ok ? durations[i].ms : -7), "%s: %lld", durations[i].text, (long long)ms);
    }
}

static void durations_are_written(void **state UNUSED)
{
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        {0, "0s"},
        {1, "1ms"},
        {999, "999ms"},
        {1000, "1s"},
        {1800, "1.8s"},
        {1850, "1.85s"},
        {1001, "1.001s"},
        {59999, "59.999s"},
        {60000, "1m"},
        {120000, "2m"},
        {61000, "1m1s"},
        {60500, "1m0.5s"},
        {3600000, "1h"},
        {3601000, "1h1s"},
        {5400000, "1h30m"},
        {90061000, "25h1m1s"},
        {-1500, "-1.5s"},
        {-250, "-250ms"},
        {-3600000, "-1h"},
        {INT64_MAX, "2562047788015h12m55.807s"},
        {INT64_MIN, "-2562047788015h12m55.807s"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        char out[TIME_TEXT_MAX];
        duration_format(cases[i].ms, out);
        CHECK_TEXT(out, cases[i].text, "duration_format");
    }
}

static void whole_seconds_read_back(void **state UNUSED)
{
    uint64_t seed = 11;

    for (int i = 0; i < 100000; i++) {
        const int64_t want = (int64_t)(next_random(&seed) % (99999 * 3600)) * SECOND_MS;
        char out[TIME_TEXT_MAX];
        int64_t ms = 0;
        duration_format(want, out);
        CHECK(duration_parse(out, &ms) && ms == want, "%s", out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks_go_forward),       cmocka_unit_test(times_are_written),
        cmocka_unit_test(times_are_read),          cmocka_unit_test(random_times_agree_with_timegm),
        cmocka_unit_test(durations_are_read),      cmocka_unit_test(durations_are_written),
        cmocka_unit_test(whole_seconds_read_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Header values from the peer: Retry-After (C74) and Warning (C9). */
#include "check.h"
#include "sluice/base/clock.h"
#include "sluice/net/http.h"

#include <stdio.h>

static void retry_after(void **state)
{
    const int64_t now_ms = time_parse("2026-11-24T09:14:00Z");
    static const struct {
        const char *value;
        int want;
    } rows[] = {
        {NULL, 0},
        {"", 0},
        {"0", 0},
        {"1", 1},
        {"120", 120},
        {"86401", 86400},
        {"99999999999999999999", 86400},
        {"-1", 0},
        {"+5", 0},
        {"1.5", 0},
        {"5s", 0},
        {"soon", 0},
        {"12:00", 0},
        {"Tue, 24 Nov 2026 09:14:07 GMT", 7},
        {"Tue, 24 Nov 2026 09:13:59 GMT", 0},
        {"Fri, 24 Nov 2028 09:14:07 GMT", 86400},
        {"Tue, 99 Nov 2026", 0},
        {"Mon, 1 Nov 346666632", 86400}, /* found by fuzzing: milliseconds overflowed */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(http_retry_after(rows[i].value, now_ms) == rows[i].want, "%s", rows[i].value);
}

/* All texts with code 299, each followed by '|'. */
static const char *all_warnings(const char *value, size_t size)
{
    static char out[512];
    char text[128];
    const char *p = value;

    out[0] = '\0';
    while ((p = http_warning_next(p, text, size))) {
        const size_t used = strlen(out);
        snprintf(out + used, sizeof(out) - used, "%s|", text);
    }
    return out;
}

static void warnings(void **state)
{
    static const struct {
        const char *value, *want;
    } rows[] = {
        {"", ""},
        {"299 - \"a\"", "a|"},
        {"299 - \"a b, c\"", "a b, c|"},
        {"299 - \"a\", 299 - \"b\"", "a|b|"},
        {"299 - \"a\",299 host:80 \"b\"", "a|b|"},
        {"199 - \"a\", 299 - \"b\"", "b|"},
        {"299 - \"q\\\"q\\\\\"", "q\"q\\|"},
        {"299 - \"a\" \"Tue, 24 Nov 2026 09:14:07 GMT\", 299 - \"b\"", "a|b|"},
        {"299 - \"open", "open|"},
        {"299 - \"open\\", "open\\|"},
        {"299\t- \"a\"", "a|"},
        {"299- \"a\"", ""},
        {"299 - \"a\" x, 299 - \"b\"", "a|b|"},
        {"299 - \"a\" \"b", "a|"},
        {"299", ""},
        {"2990 - \"a\"", ""},
        {"299 - a, 299 - \"b\"", "b|"},
        {"299 - \"\"", "|"},
        {",,, 299 - \"a\"", "a|"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_TEXT(all_warnings(rows[i].value, 128), rows[i].want, rows[i].value);
    assert_string_equal(all_warnings("299 - \"abcdef\"", 4), "abc|");
    assert_null(http_warning_next(NULL, NULL, 0));
    assert_string_equal(http_warning_next("299 - \"a\", b", NULL, 0), ", b"); /* no room at all */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retry_after),
        cmocka_unit_test(warnings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

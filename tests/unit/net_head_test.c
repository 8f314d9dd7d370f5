/* SPDX-License-Identifier: Apache-2.0 */
/* Header lines and values from the peer: Retry-After (C74) and Warning (C9). */
#include "../../src/net/http_call.h"
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

/* ---- lines ----------------------------------------------------------------------------------- */

static struct http_head head_of(const char *const *lines, size_t count)
{
    struct http_head head = {.bytes_max = 4096};

    http_head_reset(&head);
    for (size_t i = 0; i < count; i++)
        assert_true(http_head_line(&head, lines[i], strlen(lines[i])));
    return head;
}

static void a_number_is_digits_alone(void **state)
{
    static const struct {
        const char *line;
        int grpc_status, retry_after_s;
    } rows[] = {
        {"grpc-status: 5\r\n", 5, 0},
        {"Grpc-Status:0", 0, 0},
        {"grpc-status:\t13 \t\r\n", 13, 0},
        {"grpc-status: 9999\r\n", 9999, 0},
        {"grpc-status: 10000\r\n", -1, 0},
        {"grpc-status: -1\r\n", -1, 0},
        {"grpc-status: 5x\r\n", -1, 0},
        {"grpc-status:\r\n", -1, 0},
        {"grpc-status 5\r\n", -1, 0},
        {"Retry-After: 7\r\n", -1, 7},
        {"Retry-After: \r\n", -1, 0},
        {"\r\n", -1, 0},
        {":5\r\n", -1, 0},
        {"H", -1, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_head head = head_of(&rows[i].line, 1);

        CHECK(head.grpc_status == rows[i].grpc_status, "%s: %d", rows[i].line, head.grpc_status);
        CHECK(head.retry_after_s == rows[i].retry_after_s, "%s", rows[i].line);
        http_head_release(&head);
    }
}

/* What 100 Continue or a redirect of a proxy said is not said by the answer. */
static void a_status_line_begins_anew(void **state)
{
    static const char *const lines[] = {
        "HTTP/1.1 103 Early Hints\r\n",
        "Content-Type: text/html\r\n",
        "Warning: 299 - \"early\"\r\n",
        "X-Kubernetes-PF-FlowSchema-UID: f0\r\n",
        "Retry-After: 7\r\n",
        "grpc-status: 3\r\n",
        "HTTP/1.1 200 OK\r\n",
        "Content-Type: application/json\r\n",
        "HTTPS: 1\r\n",
    };
    struct http_head head = head_of(lines, COUNT(lines) - 3);

    (void)state;
    assert_string_equal(head.flow_schema, "f0");
    assert_int_equal(head.warning_count, 1);
    http_head_release(&head);
    head = head_of(lines, COUNT(lines));
    assert_string_equal(head.content_type, "application/json");
    assert_string_equal(head.flow_schema, "");
    assert_int_equal(head.warning_count, 0);
    assert_int_equal(head.retry_after_s, 0);
    assert_int_equal(head.grpc_status, -1);
    http_head_release(&head);
}

static void no_more_than_there_is_room_for(void **state)
{
    static const char line[] = "Warning: 299 - \"a\", 299 - \"b\", 299 - \"c\"\r\n";
    struct http_head head = {0};
    char type[400];

    (void)state;
    snprintf(type, sizeof(type), "Content-Type: %0*d", 200, 7);
    head.bytes_max = 8 * strlen(line) + strlen(type);
    http_head_reset(&head);
    for (int i = 0; i < 8; i++)
        assert_true(http_head_line(&head, line, strlen(line)));
    assert_int_equal(head.warning_count, HTTP_WARNINGS_MAX);
    assert_string_equal(head.warnings[HTTP_WARNINGS_MAX - 1], "a");
    assert_true(http_head_line(&head, type, strlen(type)));
    assert_int_equal(strlen(head.content_type), HTTP_FIELD_MAX - 1);
    assert_false(http_head_line(&head, "\n", 1));
    http_head_release(&head);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retry_after),
        cmocka_unit_test(warnings),
        cmocka_unit_test(a_number_is_digits_alone),
        cmocka_unit_test(a_status_line_begins_anew),
        cmocka_unit_test(no_more_than_there_is_room_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

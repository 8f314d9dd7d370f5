/* SPDX-License-Identifier: Apache-2.0 */
/* Standard error goes to a pipe, and what comes out must be one JSON object a line. */
#include "check.h"
#include "sluice/base/log.h"
#include "sluice/base/utf8.h"

#include <fcntl.h>
#include <unistd.h>

static char out[128 * 1024];

static int fds[2], former;

static void capture_begin(void)
{
    assert_int_equal(pipe(fds), 0);
    assert_true(fcntl(fds[1], F_SETPIPE_SZ, 128 * 1024) > 0);
    former = dup(STDERR_FILENO);
    assert_true(dup2(fds[1], STDERR_FILENO) >= 0);
    close(fds[1]);
}

static const char *capture_end(void)
{
    size_t len = 0;
    ssize_t n;

    dup2(former, STDERR_FILENO);
    close(former);
    while (len + 1 < sizeof(out) && (n = read(fds[0], out + len, sizeof(out) - 1 - len)) > 0)
        len += (size_t)n;
    close(fds[0]);
    out[len] = '\0';
    return out;
}

static void line_has_time_level_message_and_pairs(void **state UNUSED)
{
    const char *line;

    capture_begin();
    log_info("wrote", "namespace", "shop", "name", NULL, "rule", "say \"hi\" \\", NULL);
    line = capture_end();
    assert_int_equal(strncmp(line, "{\"time\":\"20", 11), 0);
    assert_string_equal(
        line + strlen("{\"time\":\"2026-11-24T09:14:03.000000Z\""),
        ",\"level\":\"info\",\"msg\":\"wrote\",\"namespace\":\"shop\",\"name\":\"\","
        "\"rule\":\"say \\\"hi\\\" \\\\\"}\n");
}

static void bad_bytes_are_escaped(void **state UNUSED)
{
    const char *line;

    capture_begin();
    log_error("x", "k", "a\nb\x1b\x7f\xff caf\xc3\xa9", NULL);
    line = capture_end();
    assert_non_null(strstr(line, "\"k\":\"a\\u000ab\\u001b\\u007f\\ufffd caf\xc3\xa9\""));
    assert_int_equal(utf8_check(line, strlen(line)), strlen(line));
}

static void lines_above_the_level_only(void **state UNUSED)
{
    const char *text;

    capture_begin();
    log_debug("hidden", NULL);
    log_set_level(LOG_DEBUG);
    log_debug("shown", NULL);
    log_set_level(LOG_ERROR);
    log_warn("hidden", NULL);
    log_error("always", NULL);
    log_set_level(LOG_INFO);
    text = capture_end();
    assert_null(strstr(text, "hidden"));
    assert_non_null(strstr(text, "\"level\":\"debug\",\"msg\":\"shown\""));
    assert_non_null(strstr(text, "\"level\":\"error\",\"msg\":\"always\""));
}

/* A value too long goes whole; the line stays whole. */
static void too_long_a_pair_is_left_out(void **state UNUSED)
{
    static char large[20000];
    const char *line;

    memset(large, 'x', sizeof(large) - 1);
    capture_begin();
    log_info("big", "before", "1", "large", large, "after", "2", NULL);
    line = capture_end();
    assert_non_null(strstr(line, "\"msg\":\"big\",\"before\":\"1\",\"after\":\"2\"}\n"));
}

static void line_is_bounded_at_every_length(void **state UNUSED)
{
    static char text[16500];

    memset(text, 'x', sizeof(text));
    for (size_t len = 16000; len + 1 < sizeof(text); len++) {
        const char *line;
        text[len] = '\0';
        capture_begin();
        log_info("m", "k", text, "l", "v", NULL);
        line = capture_end();
        text[len] = 'x';
        CHECK(strlen(line) <= 16 * 1024 + 2, "%zu", len);
        CHECK(strcmp(line + strlen(line) - 3, "\"}\n") == 0, "%zu", len);
        CHECK(strchr(line, '\n') == line + strlen(line) - 1, "%zu", len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_has_time_level_message_and_pairs),
        cmocka_unit_test(bad_bytes_are_escaped),
        cmocka_unit_test(lines_above_the_level_only),
        cmocka_unit_test(too_long_a_pair_is_left_out),
        cmocka_unit_test(line_is_bounded_at_every_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

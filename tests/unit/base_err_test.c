/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "sluice/base/err.h"
#include "sluice/base/utf8.h"

static void set_is_false_and_formats(void **state UNUSED)
{
    struct err e = {.kind = ERR_GONE, .retry_after_s = 9};

    assert_false(err_set(&e, ERR_CONFLICT, "object %s at %d", "web", 7));
    assert_int_equal(e.kind, ERR_CONFLICT);
    assert_int_equal(e.retry_after_s, 0);
    assert_string_equal(e.text, "object web at 7");
}

static void nobody_listening_is_fine(void **state UNUSED)
{
    assert_false(err_set(NULL, ERR_BUG, "%s", "x"));
    assert_false(err_wrap(NULL, "%s", "x"));
}

static void wrap_puts_context_before(void **state UNUSED)
{
    struct err e = {0};

    err_set(&e, ERR_INVALID, "not JSON at byte %d", 12);
    e.retry_after_s = 3;
    assert_false(err_wrap(&e, "token %s", "/run/x"));
    assert_false(err_wrap(&e, "login"));
    assert_string_equal(e.text, "login: token /run/x: not JSON at byte 12");
    assert_int_equal(e.kind, ERR_INVALID);
    assert_int_equal(e.retry_after_s, 3);
}

static void own_text_may_be_an_argument(void **state UNUSED)
{
    struct err e = {0};

    err_set(&e, ERR_RETRY, "inner");
    err_set(&e, ERR_RETRY, "outer (%s)", e.text);
    assert_string_equal(e.text, "outer (inner)");
    err_wrap(&e, "again %s", e.text);
    assert_string_equal(e.text, "again outer (inner): outer (inner)");
}

static void text_is_one_printable_line(void **state UNUSED)
{
    static const struct {
        const char *raw, *text;
    } cases[] = {
        {"", ""},
        {"two\nlines\tand a tab", "two\\nlines\\tand a tab"},
        {"\x1b[31mred", "\\x1b[31mred"},
        {"del \x7f", "del \\x7f"},
        {"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"bad \xff\xc3( \xe2\x82", "bad \\xff\\xc3( \\xe2\\x82"},
        {"C1 \xc2\x9b", "C1 \\u009b"},
        {"100%", "100%"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e = {0};
        err_set(&e, ERR_INVALID, "%s", cases[i].raw);
        CHECK_TEXT(e.text, cases[i].text, cases[i].raw);
    }
}

/* Cut between characters, wherever the end falls. */
static void long_text_is_cut_cleanly(void **state UNUSED)
{
    static const char *const units[] = {"x", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\n"};

    for (size_t u = 0; u < COUNT(units); u++) {
        for (size_t shift = 0; shift < 5; shift++) {
            char raw[4000] = "12345";
            struct err e = {0};
            size_t len = shift;
            for (; len + 4 < sizeof(raw); len += strlen(units[u]))
                memcpy(raw + len, units[u], strlen(units[u]) + 1);
            err_set(&e, ERR_INVALID, "%s", raw);
            CHECK(utf8_check(e.text, strlen(e.text)) == strlen(e.text), "unit %zu", u);
            CHECK(strlen(e.text) > sizeof(e.text) - 5, "unit %zu: %zu", u, strlen(e.text));
            err_wrap(&e, "context %s", raw);
            CHECK(utf8_check(e.text, strlen(e.text)) == strlen(e.text), "unit %zu", u);
            CHECK(strncmp(e.text, "context ", 8) == 0, "unit %zu", u);
        }
    }
}

static void kinds_have_different_names(void **state UNUSED)
{
    for (int k = ERR_NONE; k <= ERR_BUG; k++) {
        assert_true(*err_kind_name((enum err_kind)k) != '\0');
        for (int other = ERR_NONE; other < k; other++)
            assert_string_not_equal(err_kind_name((enum err_kind)k),
                                    err_kind_name((enum err_kind)other));
    }
    assert_string_equal(err_kind_name(ERR_CONFLICT), "Conflict");
    assert_string_equal(err_kind_name((enum err_kind)99), "Bug");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_is_false_and_formats),   cmocka_unit_test(nobody_listening_is_fine),
        cmocka_unit_test(wrap_puts_context_before),   cmocka_unit_test(own_text_may_be_an_argument),
        cmocka_unit_test(text_is_one_printable_line), cmocka_unit_test(long_text_is_cut_cleanly),
        cmocka_unit_test(kinds_have_different_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

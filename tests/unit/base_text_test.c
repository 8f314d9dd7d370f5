/* SPDX-License-Identifier: Apache-2.0 */
/* base.h and utf8.h. */
#include "check.h"
#include "sluice/base/base.h"
#include "sluice/base/utf8.h"

static void null_is_empty_text(void **state UNUSED)
{
    assert_true(str_equal(NULL, NULL));
    assert_true(str_equal(NULL, ""));
    assert_true(str_equal("a", "a"));
    assert_false(str_equal("a", NULL));
    assert_false(str_equal("a", "A"));
    assert_true(str_empty(NULL));
    assert_true(str_empty(""));
    assert_false(str_empty(" "));
}

static void numbers_are_bounded(void **state UNUSED)
{
    assert_true(min_i64(INT64_MIN, INT64_MAX) == INT64_MIN);
    assert_true(max_i64(INT64_MIN, INT64_MAX) == INT64_MAX);
    assert_int_equal(clamp_i64(5, 1, 10), 5);
    assert_int_equal(clamp_i64(-5, 1, 10), 1);
    assert_int_equal(clamp_i64(50, 1, 10), 10);
}

static void memory_of_no_bytes_is_memory(void **state UNUSED)
{
    auto_free char *none = xmalloc(0);
    auto_free char *zeroed = xcalloc(0, 8);
    auto_free char *copy = xstrdup("web");

    assert_non_null(none);
    assert_non_null(zeroed);
    none = xrealloc(none, 10);
    memset(none, 'x', 10);
    none = xrealloc(none, 0);
    assert_non_null(none);
    assert_string_equal(copy, "web");
}

static void items_grow(void **state UNUSED)
{
    static const size_t caps[] = {3, 6, 12};
    auto_free int *items = NULL;
    size_t cap = 0;

    for (size_t i = 0; i < COUNT(caps); i++) {
        items = xgrow(items, &cap, 3, sizeof(*items));
        assert_int_equal(cap, caps[i]);
        for (size_t k = i ? caps[i - 1] : 0; k < cap; k++)
            items[k] = (int)k;
    }
    for (size_t k = 0; k < cap; k++)
        assert_int_equal(items[k], (int)k);
}

static const struct {
    const char *bytes;
    size_t good; /* offset of the first bad byte */
} texts[] = {
    {"", 0},
    {"plain", 5},
    {"\xc2\x80", 2},
    {"\xdf\xbf\xe0\xa0\x80", 5},
    {"\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf", 9},
    {"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 8},
    {"a\x80", 1},             /* no head */
    {"a\xc0\x80", 1},         /* NUL in two bytes */
    {"a\xc1\xbf", 1},         /* not shortest */
    {"a\xe0\x9f\xbf", 1},     /* not shortest */
    {"a\xf0\x8f\xbf\xbf", 1}, /* not shortest */
    {"a\xed\xa0\x80", 1},     /* surrogate */
    {"a\xed\xbf\xbf", 1},     /* surrogate */
    {"a\xf4\x90\x80\x80", 1}, /* over U+10FFFF */
    {"a\xf5\x80\x80\x80", 1},
    {"a\xff", 1},
    {"ab\xe2\x82", 2}, /* ends early */
    {"ab\xe2(\xa1", 2},
    {"ab\xf0\x9f\x98", 2},
};

static void only_good_utf8_passes(void **state UNUSED)
{
    for (size_t i = 0; i < COUNT(texts); i++) {
        const size_t len = strlen(texts[i].bytes);
        CHECK(utf8_check(texts[i].bytes, len) == texts[i].good, "text %zu: %zu", i,
              utf8_check(texts[i].bytes, len));
    }
    assert_int_equal(utf8_check("a\0b", 3), 3); /* NUL is a character */
    assert_int_equal(utf8_char("", 0), 0);
}

static void every_point_reads_back(void **state UNUSED)
{
    for (uint32_t point = 0; point <= 0x10ffff; point++) {
        char bytes[4];
        const size_t n = utf8_put(bytes, point);
        if (point >= 0xd800 && point < 0xe000) {
            assert_int_equal(utf8_char(bytes, n), 0);
            continue;
        }
        assert_int_equal(utf8_char(bytes, n), n);
        assert_int_equal(utf8_point(bytes, n), point);
        assert_int_equal(utf8_char(bytes, n - 1), 0); /* never past the end */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_is_empty_text),           cmocka_unit_test(numbers_are_bounded),
        cmocka_unit_test(memory_of_no_bytes_is_memory), cmocka_unit_test(items_grow),
        cmocka_unit_test(only_good_utf8_passes),        cmocka_unit_test(every_point_reads_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

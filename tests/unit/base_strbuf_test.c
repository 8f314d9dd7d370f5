/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "sluice/base/strbuf.h"

static void empty_reads_as_empty_text(void **state UNUSED)
{
    auto_strbuf struct strbuf b;

    strbuf_init(&b, 10);
    assert_string_equal(strbuf_str(&b), "");
    assert_null(b.p);
    assert_true(strbuf_add(&b, NULL, 0));
    assert_string_equal(strbuf_str(&b), "");
    assert_false(b.overflow);
}

static void adds_in_every_way(void **state UNUSED)
{
    auto_strbuf struct strbuf b = {.max = 100};

    assert_true(strbuf_adds(&b, "one"));
    assert_true(strbuf_addc(&b, ' '));
    assert_true(strbuf_add(&b, "a\0b", 3));
    assert_true(strbuf_addf(&b, "<%d|%s>", 42, "x"));
    assert_int_equal(b.len, strlen("one ") + 3 + strlen("<42|x>"));
    assert_memory_equal(b.p, "one a\0b<42|x>", b.len + 1);
}

static void exact_maximum_fits(void **state UNUSED)
{
    auto_strbuf struct strbuf b = {.max = 5};

    assert_true(strbuf_adds(&b, "12345"));
    assert_false(b.overflow);
    assert_false(strbuf_addc(&b, '6'));
    assert_true(b.overflow);
    assert_string_equal(strbuf_str(&b), "12345");
}

static void overflow_adds_nothing_and_stays(void **state UNUSED)
{
    auto_strbuf struct strbuf b = {.max = 5};

    assert_true(strbuf_adds(&b, "123"));
    assert_false(strbuf_adds(&b, "456"));
    assert_false(strbuf_addc(&b, '4')); /* would fit, but the text has a hole before it */
    assert_false(strbuf_addf(&b, "%d", 4));
    assert_string_equal(strbuf_str(&b), "123");
    strbuf_reset(&b);
    assert_false(b.overflow);
    assert_string_equal(strbuf_str(&b), "");
    assert_true(strbuf_addf(&b, "%05d", 7));
    assert_string_equal(strbuf_str(&b), "00007");
}

static void formatted_text_that_overflows_leaves_no_trace(void **state UNUSED)
{
    auto_strbuf struct strbuf b = {.max = 4};

    strbuf_adds(&b, "ab");
    assert_false(strbuf_addf(&b, "%s", "cdefghij"));
    assert_string_equal(strbuf_str(&b), "ab");
    assert_int_equal(b.len, 2);
}

static void zero_maximum_takes_nothing(void **state UNUSED)
{
    auto_strbuf struct strbuf b = {0};

    assert_true(strbuf_adds(&b, ""));
    assert_false(strbuf_addc(&b, 'x'));
    assert_string_equal(strbuf_str(&b), "");
}

static void release_keeps_the_maximum(void **state UNUSED)
{
    struct strbuf b;

    strbuf_init(&b, 3);
    strbuf_adds(&b, "abc");
    strbuf_release(&b);
    assert_null(b.p);
    assert_int_equal(b.len, 0);
    assert_int_equal(b.max, 3);
    assert_true(strbuf_adds(&b, "xyz"));
    strbuf_release(&b);
}

/* The same bytes in any pieces give the same text. */
static void any_splitting_gives_the_same(void **state UNUSED)
{
    uint64_t seed = 7;
    char text[3000];

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)next_random(&seed);
    for (int round = 0; round < 200; round++) {
        auto_strbuf struct strbuf b = {.max = sizeof(text)};
        for (size_t at = 0; at < sizeof(text);) {
            size_t n = (size_t)(next_random(&seed) % 400);
            n = n < sizeof(text) - at ? n : sizeof(text) - at;
            assert_true(strbuf_add(&b, text + at, n));
            at += n;
            assert_int_equal(b.p[b.len], '\0');
        }
        assert_int_equal(b.len, sizeof(text));
        assert_memory_equal(b.p, text, sizeof(text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_reads_as_empty_text),
        cmocka_unit_test(adds_in_every_way),
        cmocka_unit_test(exact_maximum_fits),
        cmocka_unit_test(overflow_adds_nothing_and_stays),
        cmocka_unit_test(formatted_text_that_overflows_leaves_no_trace),
        cmocka_unit_test(zero_maximum_takes_nothing),
        cmocka_unit_test(release_keeps_the_maximum),
        cmocka_unit_test(any_splitting_gives_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

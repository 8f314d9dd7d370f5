/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "sluice/base/arena.h"

#include <stdalign.h>

static bool all_zero(const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i])
            return false;
    return true;
}

static void pieces_are_zeroed_aligned_and_apart(void **state UNUSED)
{
    static const size_t sizes[] = {0,    1,    7,      16,     17,    1000,   1024,
                                   5000, 3000, 300000, 100000, 70000, 262144, 1};
    unsigned char *pieces[COUNT(sizes)];
    struct arena a;

    arena_init(&a);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        pieces[i] = arena_alloc(&a, sizes[i]);
        CHECK((uintptr_t)pieces[i] % alignof(max_align_t) == 0, "size %zu", sizes[i]);
        CHECK(all_zero(pieces[i], sizes[i]), "size %zu", sizes[i]);
        memset(pieces[i], (int)i + 1, sizes[i]);
    }
    for (size_t i = 0; i < COUNT(sizes); i++)
        for (size_t j = 0; j < sizes[i]; j++)
            assert_int_equal(pieces[i][j], i + 1);
    arena_release(&a);
}

static void random_sizes_do_not_overlap(void **state UNUSED)
{
    enum { PIECES = 400 };
    unsigned char *pieces[PIECES];
    size_t sizes[PIECES];
    uint64_t seed = 42;
    struct arena a;

    arena_init(&a);
    for (size_t i = 0; i < PIECES; i++) {
        sizes[i] = (size_t)(next_random(&seed) % (i % 20 == 0 ? 200000 : 300));
        pieces[i] = arena_alloc(&a, sizes[i]);
        memset(pieces[i], (int)(i & 0xff), sizes[i]);
    }
    for (size_t i = 0; i < PIECES; i++)
        for (size_t j = 0; j < sizes[i]; j++)
            assert_int_equal(pieces[i][j], i & 0xff);
    arena_release(&a);
}

static void bytes_are_counted_and_given_back(void **state UNUSED)
{
    struct arena a;

    arena_init(&a);
    assert_int_equal(a.bytes, 0);
    arena_alloc(&a, 100);
    assert_in_range(a.bytes, 100, 4096);
    arena_alloc(&a, 100000);
    assert_in_range(a.bytes, 100100, 110000);
    arena_release(&a);
    assert_int_equal(a.bytes, 0);
    assert_non_null(arena_alloc(&a, 1)); /* usable again */
    arena_release(&a);
    arena_release(&a);
}

/* A large piece has its own block; the small ones after it still fill the one before. */
static void large_piece_wastes_nothing(void **state UNUSED)
{
    struct arena a;
    char *first, *second;

    arena_init(&a);
    first = arena_alloc(&a, 16);
    arena_alloc(&a, 1024 * 1024);
    second = arena_alloc(&a, 16);
    assert_ptr_equal(second, first + 16);
    arena_release(&a);
}

/* The next one with the same contents takes one block, and no more than they need. */
static void a_sized_arena_fits(void **state UNUSED)
{
    struct arena a = {0};
    size_t used = 0;

    for (int i = 0; i < 2; i++) {
        arena_release(&a);
        arena_init_sized(&a, used);
        arena_alloc(&a, 1001);
        arena_strdup(&a, "web");
        arena_alloc(&a, 100);
        arena_printf(&a, "%d", 4096);
        used = arena_used(&a);
    }
    assert_int_equal(used, 1008 + 4 + 112 + 5);
    assert_in_range(a.bytes, used, used + 64);
    arena_strndup(&a, "more than was thought", 100);
    assert_in_range(a.bytes, used, used + 512);
    arena_release(&a);
}

static void texts_are_copied(void **state UNUSED)
{
    struct arena a;
    char long_text[5000];

    arena_init(&a);
    assert_null(arena_strdup(&a, NULL));
    assert_string_equal(arena_strdup(&a, ""), "");
    assert_string_equal(arena_strdup(&a, "web"), "web");
    assert_string_equal(arena_strndup(&a, "website", 3), "web");
    assert_string_equal(arena_strndup(&a, NULL, 0), "");
    assert_string_equal(arena_strndup(&a, "web", 160), "web"); /* stops at the NUL */
    assert_string_equal(arena_strndup(&a, "web", 0), "");
    assert_string_equal(arena_printf(&a, "%s-%d%%", "web", 7), "web-7%");
    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    assert_string_equal(arena_printf(&a, "%s", long_text), long_text);
    arena_release(&a);
}

struct pair {
    int64_t a;
    char b;
};

static void typed_pieces(void **state UNUSED)
{
    struct arena a;
    struct pair *one, *many;

    arena_init(&a);
    one = ARENA_NEW(&a, struct pair);
    many = ARENA_ARRAY(&a, struct pair, 9);
    assert_true(one->a == 0 && one->b == 0);
    many[8].b = 'x';
    assert_true(many[7].a == 0);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_zeroed_aligned_and_apart),
        cmocka_unit_test(random_sizes_do_not_overlap),
        cmocka_unit_test(bytes_are_counted_and_given_back),
        cmocka_unit_test(large_piece_wastes_nothing),
        cmocka_unit_test(a_sized_arena_fits),
        cmocka_unit_test(texts_are_copied),
        cmocka_unit_test(typed_pieces),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

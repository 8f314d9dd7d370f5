/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "sluice/base/map.h"

#include <stdio.h>
#include <stdlib.h>

static int one = 1, two = 2;

static void zeroed_map_is_empty(void **state UNUSED)
{
    struct map m = {0};
    const char *key;
    void *value;
    size_t i = 0;

    assert_null(map_get(&m, "web"));
    assert_null(map_remove(&m, "web"));
    assert_false(map_next(&m, &i, &key, &value));
    map_release(&m);
}

static void put_gives_the_former_value(void **state UNUSED)
{
    struct map m = {0};
    char key[] = "web";

    assert_null(map_put(&m, key, &one));
    key[0] = 'X'; /* the map has its own copy */
    assert_ptr_equal(map_get(&m, "web"), &one);
    assert_null(map_get(&m, "we"));
    assert_null(map_get(&m, "Xeb"));
    assert_ptr_equal(map_put(&m, "web", &two), &one);
    assert_int_equal(m.count, 1);
    assert_ptr_equal(map_remove(&m, "web"), &two);
    assert_null(map_remove(&m, "web"));
    assert_int_equal(m.count, 0);
    map_release(&m);
}

/* The newest text of a key stands for it: the former one goes with the former value. */
static void lent_keys_lie_in_their_values(void **state UNUSED)
{
    struct map m = {0};
    char *keys[40], *next = xstrdup("key-7");
    const char *key;
    void *value;

    for (size_t k = 0; k < COUNT(keys); k++) {
        char text[16];
        snprintf(text, sizeof(text), "key-%zu", k);
        keys[k] = xstrdup(text);
        assert_null(map_put_lent(&m, keys[k], keys[k]));
    }
    assert_ptr_equal(map_put_lent(&m, next, next), keys[7]);
    free(keys[7]);
    keys[7] = next;
    for (size_t i = 0; map_next(&m, &i, &key, &value);)
        assert_ptr_equal(key, value);
    for (size_t k = 0; k < COUNT(keys); k++) {
        assert_ptr_equal(map_get(&m, keys[k]), keys[k]);
        if (k % 2)
            assert_ptr_equal(map_remove(&m, keys[k]), keys[k]);
        free(keys[k]);
    }
    map_release(&m); /* half of them are gone by now */
    assert_null(map_put(&m, "a", &one));
    map_release(&m);
}

static void empty_key_is_a_key(void **state UNUSED)
{
    struct map m = {0};

    map_put(&m, "", &one);
    assert_ptr_equal(map_get(&m, ""), &one);
    map_remove(&m, "");
    assert_null(map_get(&m, ""));
    map_put(&m, "a", &two);
    assert_null(map_get(&m, "")); /* not to be taken for the place of the removed one */
    map_release(&m);
}

static void release_makes_it_empty(void **state UNUSED)
{
    struct map m = {0};

    map_put(&m, "a", &one);
    map_release(&m);
    assert_int_equal(m.count, 0);
    assert_null(map_get(&m, "a"));
    map_put(&m, "a", &two);
    assert_ptr_equal(map_get(&m, "a"), &two);
    map_release(&m);
}

/* Against a plain table, with many collisions and removals. */
static void random_walk_agrees_with_a_table(void **state UNUSED)
{
    enum { KEYS = 300, STEPS = 60000 };
    static void *want[KEYS];
    static char values[STEPS];
    struct map m = {0};
    uint64_t seed = 99;
    size_t count = 0;

    for (size_t step = 0; step < STEPS; step++) {
        const size_t k = (size_t)(next_random(&seed) % KEYS);
        char key[16];
        snprintf(key, sizeof(key), "key-%zu", k);
        assert_ptr_equal(map_get(&m, key), want[k]);
        if (next_random(&seed) % 3 == 0) {
            assert_ptr_equal(map_remove(&m, key), want[k]);
            count -= want[k] != NULL;
            want[k] = NULL;
        } else {
            assert_ptr_equal(map_put(&m, key, &values[step]), want[k]);
            count += want[k] == NULL;
            want[k] = &values[step];
        }
        assert_int_equal(m.count, count);
    }
    assert_in_range(m.cap, KEYS, 4 * KEYS); /* removals do not make it grow */
    map_release(&m);
}

static void walk_visits_each_once_and_may_remove(void **state UNUSED)
{
    enum { KEYS = 1000 };
    static char seen[KEYS];
    struct map m = {0};
    const char *key;
    void *value;

    for (size_t k = 0; k < KEYS; k++) {
        char text[16];
        snprintf(text, sizeof(text), "%zu", k);
        map_put(&m, text, &seen[k]);
    }
    for (size_t i = 0; map_next(&m, &i, &key, &value);) {
        char *mark = value;
        (*mark)++;
        if ((mark - seen) % 2 == 0)
            map_remove(&m, key);
    }
    for (size_t k = 0; k < KEYS; k++)
        assert_int_equal(seen[k], 1);
    assert_int_equal(m.count, KEYS / 2);
    for (size_t i = 0; map_next(&m, &i, &key, &value);)
        assert_int_equal(((char *)value - seen) % 2, 1);
    map_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeroed_map_is_empty),
        cmocka_unit_test(put_gives_the_former_value),
        cmocka_unit_test(lent_keys_lie_in_their_values),
        cmocka_unit_test(empty_key_is_a_key),
        cmocka_unit_test(release_makes_it_empty),
        cmocka_unit_test(random_walk_agrees_with_a_table),
        cmocka_unit_test(walk_visits_each_once_and_may_remove),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

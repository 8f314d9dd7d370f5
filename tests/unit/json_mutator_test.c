/* SPDX-License-Identifier: Apache-2.0 */
/* What fuzzers make of an input: JSON stays JSON, each edit comes in its turn, the same seed gives
 * the same, and what is no JSON is left to libFuzzer. */
#include "../fuzz/json_mutator.c"
#include "check.h"
#include "sluice/json/json.h"

#define ROOM  16384
#define SEEDS 4000

static size_t own_changes;

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size)
{
    (void)max_size;
    own_changes++;
    if (size)
        data[0] = '!';
    return size;
}

static const char object[] = "{\"a\": 1, \"list\": [ {\"name\":\"x\",\"n\":5} , {\"name\":\"yy\"}],"
                             "\"none\":{}, \"t\":\"text\"}";

static size_t change(char out[static ROOM], const char *text, unsigned seed)
{
    const size_t len = strlen(text);
    uint8_t *const bytes = (uint8_t *)out;
    size_t got;

    memcpy(out, text, len);
    got = LLVMFuzzerCustomMutator(bytes, len, ROOM - 1, seed);
    assert_in_range(got, 0, ROOM - 1);
    out[got] = '\0';
    return got;
}

static void json_stays_json(void **state UNUSED)
{
    static char out[ROOM], again[ROOM];

    own_changes = 0;
    for (unsigned seed = 0; seed < SEEDS; seed++) {
        const size_t len = change(out, object, seed);

        CHECK(*out == '!' || json_valid(out, len), "seed %u: %s", seed, out);
        assert_int_equal(change(again, object, seed), len);
        assert_string_equal(out, again);
    }
    /* Each seed twice, a quarter of them by bytes. */
    assert_in_range(own_changes, SEEDS / 3, SEEDS * 2 / 3);
}

/* All that a single edit can be; more may come on top, so texts are looked for. */
static void each_edit_comes(void **state UNUSED)
{
    static const char *const wanted[] = {
        "{\"a\": 1, \"list\": [ {\"name\":\"x\",\"n\":5} , {\"name\":\"yy\"}],\"none\":{}}",
        "{ \"list\": [ {\"name\":\"x\",\"n\":5} , {\"name\":\"yy\"}],\"none\":{}, \"t\":\"text\"}",
        "\"list\": [ {\"name\":\"x\",\"n\":5} ],", /* the last element dropped */
        "\"list\": [ {\"name\":\"yy\"}],",         /* the first */
        "\"a\": null",
        "\"a\": 2147483647",
        "\"none\":[]",
        "\"t\":{}",
        "{\"name\":\"yy\"},{\"name\":\"yy\"}]", /* repeated */
        "\"t\":\"texttext\"",
        "\"t\":\"te\"",
        "\"none\":{\"name\":\"x\"}",
        "{\"n\":5,\"name\":\"yy\"}",
        "[ {\"name\":\"yy\",\"n\":5} ,",
    };
    bool found[COUNT(wanted)] = {false};
    static char out[ROOM];

    for (unsigned seed = 0; seed < 10 * SEEDS; seed++) {
        change(out, object, seed);
        for (size_t i = 0; i < COUNT(wanted); i++)
            found[i] = found[i] || strstr(out, wanted[i]);
    }
    for (size_t i = 0; i < COUNT(wanted); i++)
        CHECK(found[i], "never: %s", wanted[i]);
}

/* Behind bytes that choose something, or in one of several lines: only it changes. */
static void what_is_around_stays(void **state UNUSED)
{
    static char out[ROOM];
    size_t first = 0, second = 0;

    for (unsigned seed = 0; seed < SEEDS; seed++) {
        change(out, "\x01\x02{\"a\":1}\n--\n[2]\nend", seed);
        if (*out == '!')
            continue;
        assert_int_equal(strncmp(out, "\x01\x02", 2), 0);
        CHECK(strlen(out) > 4 && strcmp(out + strlen(out) - 4, "\nend") == 0, "%s", out);
        first += strstr(out, "\n[2]\n") != NULL;
        second += strncmp(out + 2, "{\"a\":1}\n", 8) == 0;
    }
    assert_in_range(first, SEEDS / 5, SEEDS);
    assert_in_range(second, SEEDS / 5, SEEDS);
}

static void no_json_or_no_room_is_libfuzzers(void **state UNUSED)
{
    uint8_t full[] = "{\"a\":\"text\",\"b\":\"other\"}";
    static char out[ROOM];

    own_changes = 0;
    for (unsigned seed = 0; seed < 1000; seed++) {
        static const char *const texts[] = {"", "plain", "{\"cut", "0123456789abcdefgh{}"};

        for (size_t i = 0; i < COUNT(texts); i++)
            change(out, texts[i], seed);
    }
    assert_int_equal(own_changes, 4000);
    for (unsigned seed = 0; seed < 1000; seed++) {
        uint8_t bytes[sizeof(full)];

        memcpy(bytes, full, sizeof(full));
        assert_in_range(LLVMFuzzerCustomMutator(bytes, sizeof(full) - 1, sizeof(full) - 1, seed), 1,
                        sizeof(full) - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_stays_json),
        cmocka_unit_test(each_edit_comes),
        cmocka_unit_test(what_is_around_stays),
        cmocka_unit_test(no_json_or_no_room_is_libfuzzers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

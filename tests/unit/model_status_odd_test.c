/* SPDX-License-Identifier: Apache-2.0 */
/* Rollout.status at what is seldom: members of later versions alone, no room for words, numbers
 * that no version of ours writes. */
#include "status_bench.h"

/* ---- what is read ---------------------------------------------------------------------------- */

/* Of a later version, wherever they stand alone: they come back as they came. */
static void unknown_members_alone_stay(void **state UNUSED)
{
    static const struct {
        const char *text, *again;
    } rows[] = {
        {"{\"epoch\":7}", "{\"observedGeneration\":0,\"held\":false,\"epoch\":7}"},
        {"{\"conditions\":[{\"type\":\"Later\"}]}",
         "{\"observedGeneration\":0,\"held\":false,\"conditions\":[{\"type\":\"Later\"}]}"},
        {"{\"conditions\":[]}", "{\"observedGeneration\":0,\"held\":false}"},
        {"{\"\":1,\"epoch\":7}", "{\"observedGeneration\":0,\"held\":false,\"epoch\":7}"},
        {"{\"ep\\u006fch\":7}", "{\"observedGeneration\":0,\"held\":false,\"epoch\":7}"},
        {"{\"history\":[{\"mood\":1}]}",
         "{\"observedGeneration\":0,\"held\":false,\"history\":[{\"step\":0,\"mood\":1}]}"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct rollout_status s = read_text(rows[i].text);

        CHECK_TEXT(settled(&s), rows[i].again, rows[i].text);
    }
}

static void lists_of_names_have_an_end(void **state UNUSED)
{
    auto_strbuf struct strbuf text = {.max = 1 << 16};
    struct rollout_status s;

    strbuf_adds(&text, "{\"actionIDs\":[7,");
    for (int i = 0; i < 100; i++)
        strbuf_addf(&text, "%s\"%d\"", i ? "," : "", i);
    strbuf_adds(&text, "]}");
    s = read_text(text.p);
    assert_true(s.action_id_count > 1 && s.action_id_count < 100);
    CHECK_TEXT(s.action_ids[0], "0", "first");
    CHECK_TEXT(s.action_ids[s.action_id_count - 1],
               arena_printf(&arena, "%d", s.action_id_count - 1), "last");
}

/* A word that is none of ours is as if it were not there. */
static void words_that_are_none(void **state UNUSED)
{
    static const char *const rows[] = {
        "{\"gates\":[{\"name\":\"a\",\"verdict\":7}]}",
        "{\"gates\":[{\"name\":\"a\",\"verdict\":\"Maybe\"}]}",
        "{\"gates\":[{\"name\":\"a\"}]}",
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct rollout_status s = read_text(rows[i]);

        assert_int_equal(s.gate_count, 1);
        CHECK(s.gates[0].verdict == VERDICT_WAIT, "%s: %d", rows[i], (int)s.gates[0].verdict);
    }
}

/* What others wrote is not counted with beyond what can be. */
static void numbers_have_ends(void **state UNUSED)
{
    const struct rollout_status s = read_text(
        "{\"target\":{\"replicas\":2147483647},\"flight\":{\"step\":1000000,\"weight\":{"
        "\"desired\":"
        "2147483647,\"written\":-1,\"accepted\":101},\"replicas\":{\"new\":-3,\"newReady\":"
        "2000000000,"
        "\"stable\":4,\"stableReady\":2147483647},\"steps\":[{\"weight\":1000,\"replicas\":1e9}]},"
        "\"traffic\":[{\"route\":\"a\",\"written\":400,\"accepted\":-400,\"resets\":2147483647}]}");
    const struct flight *fl = &s.flight;

    assert_int_equal(s.target.replicas, COUNT_MAX);
    assert_int_equal(fl->step, FLIGHT_STEPS_MAX);
    assert_int_equal(fl->weight_desired, 100);
    assert_int_equal(fl->weight_written, 0);
    assert_int_equal(fl->weight_accepted, 100);
    assert_int_equal(fl->new_replicas, 0);
    assert_int_equal(fl->new_ready, COUNT_MAX);
    assert_int_equal(fl->stable_replicas, 4);
    assert_int_equal(fl->stable_ready, COUNT_MAX);
    assert_int_equal(fl->steps[0].weight_pct, 100);
    assert_int_equal(fl->steps[0].replicas, COUNT_MAX);
    assert_int_equal(s.routes[0].written, 100);
    assert_int_equal(s.routes[0].accepted, 0);
    assert_int_equal(s.routes[0].resets, COUNT_MAX);
}

/* An entry of such a list is no entry without the member that says of what it is. */
static void what_is_awaited_is_always_said(void **state UNUSED)
{
    const struct rollout_status s = read_text("{\"flight\":{\"awaiting\":[{}]}}");

    assert_int_equal(s.awaiting_count, 1);
    assert_non_null(strstr(settled(&s), "\"awaiting\":[{\"what\":\"\"}]"));
}

/* A text that lacks what its tree has, or a list where members were to be: nothing is kept. */
static void a_text_that_is_not_of_its_tree(void **state UNUSED)
{
    auto_object struct object o = object_of("{\"epoch\":7,\"held\":true}");
    auto_object struct object list = object_of("[1,2]");
    struct rollout_status s;

    status_read_raw(&arena, o.doc, (struct jslice){"{}", 2}, &s);
    assert_true(s.held);
    assert_true(str_empty(s.unknown));
    status_read_raw(&arena, list.doc, (struct jslice){list.text, list.len}, &s);
    CHECK_TEXT(status_write(&arena, &s), "{\"observedGeneration\":0,\"held\":false}", "a list");
}

/* ---- what is written ------------------------------------------------------------------------- */

/* A verdict that has no word is not told at all. */
static void numbers_without_a_word_are_not_written(void **state UNUSED)
{
    struct rollout_status s = {.gates = {{.name = "a", .verdict = (enum verdict)99}},
                               .gate_count = 1};

    CHECK_TEXT(status_write(&arena, &s),
               "{\"observedGeneration\":0,\"held\":false,\"gates\":[{\"name\":\"a\",\"step\":0}]}",
               "status");
}

/* Nor is a word that is none. */
static void empty_words_are_not_written(void **state UNUSED)
{
    const struct rollout_status s = {.last_action = {.id = "7", .verb = VERB_NONE}};

    CHECK_TEXT(status_write(&arena, &s),
               "{\"observedGeneration\":0,\"held\":false,\"lastAction\":{\"id\":\"7\",\"step\":0}}",
               "status");
}

/* Words for people go first, but what must be there is there, if it says nothing. */
static void without_room_words_are_empty(void **state UNUSED)
{
    struct rollout_status s = {.held = true};
    const char *text;

    s.conditions[COND_READY] = (struct condition){
        .type = "Ready", .status = "True", .message = "All is as it should be for a while."};
    s.display.message = "All is as it should be for a while.";
    s.unknown = arena_printf(&arena, ",\"x\":\"%s\"", text_of(STATUS_BYTES_MAX));
    text = status_write(&arena, &s);
    assert_true(strlen(text) < STATUS_BYTES_MAX);
    assert_non_null(strstr(text, "\"type\":\"Ready\""));
    assert_non_null(strstr(text, "\"message\":\"\""));
    assert_null(strstr(text, "All is"));
    assert_null(strstr(text, "\"display\""));
}

/* ---- compared -------------------------------------------------------------------------------- */

/* A count beyond the list is no reason to look there. */
static void counts_beyond_the_list_are_not_followed(void **state UNUSED)
{
    struct rollout_status a = {.action_ids = {"1"}}, b = {.action_ids = {"1"}};

    a.action_id_count = b.action_id_count = 1 << 20;
    assert_true(status_same(&a, &b));
    b.action_ids[0] = "2";
    assert_false(status_same(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_members_alone_stay),
        cmocka_unit_test(lists_of_names_have_an_end),
        cmocka_unit_test(words_that_are_none),
        cmocka_unit_test(numbers_have_ends),
        cmocka_unit_test(what_is_awaited_is_always_said),
        cmocka_unit_test(numbers_without_a_word_are_not_written),
        cmocka_unit_test(empty_words_are_not_written),
        cmocka_unit_test(without_room_words_are_empty),
        cmocka_unit_test(a_text_that_is_not_of_its_tree),
        cmocka_unit_test(counts_beyond_the_list_are_not_followed),
    };

    return cmocka_run_group_tests(tests, begin, end);
}

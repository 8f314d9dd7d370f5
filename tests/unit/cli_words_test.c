/* SPDX-License-Identifier: Apache-2.0 */
/* Flags, commands, completion, help; words for times; frames and printed objects. */
#include "cli_golden.h"

#include "cli.h"
#include "live.h"
#include "session.h"
#include "sluice/base/clock.h"
#include "words.h"

static struct arena arena;

static int start(void **unused)
{
    (void)unused;
    arena_init(&arena);
    return 0;
}

static int end(void **unused)
{
    (void)unused;
    arena_release(&arena);
    return 0;
}

/* --- flags ------------------------------------------------------------------------------------ */

/* "get -w web": split at blanks. */
static bool parse(const char *line, struct options *o, const struct command **c, char message[512])
{
    char *words[20];
    int n = 0;

    while (*line) {
        const size_t len = strcspn(line, " ");
        words[n++] = arena_strndup(&arena, line, len);
        line += len + strspn(line + len, " ");
    }
    return options_parse(n, words, o, c, message, 512);
}

static void test_flags(void **unused)
{
    const struct command *c;
    struct options o;
    char message[512];

    (void)unused;
    assert_true(parse("-n shop get -w web --context=prod -v", &o, &c, message));
    assert_string_equal(c->name, "get");
    assert_string_equal(o.namespace, "shop");
    assert_string_equal(o.context, "prod");
    assert_string_equal(o.args[0], "web");
    assert_true(o.watch && o.verbose && o.watch_given);
    assert_true(parse("list -Aojson", &o, &c, message));
    assert_true(o.all_namespaces && o.output == OUTPUT_JSON);
    assert_true(parse("status web --watch=false --timeout 1h30m", &o, &c, message));
    assert_true(o.watch_given && !o.watch && o.timeout_ms == 90 * MINUTE_MS);
    assert_true(parse("lint -f a.yaml --filename=b.yaml -fc.yaml -n=x", &o, &c, message));
    assert_int_equal(o.file_count, 3);
    assert_string_equal(o.files[2], "c.yaml");
    assert_string_equal(o.namespace, "x");
    assert_true(parse("get -- -web", &o, &c, message));
    assert_string_equal(o.args[0], "-web");
    assert_true(parse("approve web --step 3 --as-group a --as-group b", &o, &c, message));
    assert_int_equal(o.as_group_count, 2);
    assert_true(parse("", &o, &c, message));
    assert_null(c);
}

static void test_wrong_usage(void **unused)
{
    static const char *const rows[][2] = {
        {"aprove web",
         "unknown command \"aprove\" for \"sluice\"\n\nDid you mean this?\n\tapprove\n"},
        {"rollback web",
         "unknown command \"rollback\" for \"sluice\"\n\nDid you mean this?\n\tundo\n"},
        {"xyzzy", "unknown command \"xyzzy\" for \"sluice\""},
        {"experiment", "unknown command \"experiment\" for \"sluice\""},
        {"get --wide", "unknown flag: --wide"},
        {"get -z", "unknown shorthand flag: 'z' in -z"},
        {"get web -n", "flag needs an argument: 'n' in -n"},
        {"get web --namespace", "flag needs an argument: --namespace"},
        {"get a b", "get takes 1 argument: leave \"b\" out"},
        {"list web", "list takes no argument: leave \"web\" out"},
        {"status", "status needs NAME"},
        {"abort web --step 3", "unknown flag: --step (abort does not take it)"},
        {"approve web --step x",
         "invalid argument \"x\" for \"--step\" flag: write a number from 0 to 21"},
        {"status web --timeout 5",
         "invalid argument \"5\" for \"--timeout\" flag: write a duration, 30m or 1h30m"},
        {"get -w=maybe web",
         "invalid argument \"maybe\" for \"--watch\" flag: write true or false"},
        {"get web -o xml",
         "unable to match a printer suitable for the output format \"xml\", allowed "
         "formats are: json,name,wide,yaml"},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct command *c;
        struct options o;
        char message[512] = "";
        CHECK(!parse(rows[i][0], &o, &c, message), "%s", rows[i][0]);
        CHECK_TEXT(message, rows[i][1], rows[i][0]);
    }
}

static void test_names(void **unused)
{
    (void)unused;
    assert_string_equal(bare_name("web"), "web");
    assert_string_equal(bare_name("rol/web"), "web");
    assert_string_equal(bare_name("rollouts.sluice.dev/web"), "web");
    assert_string_equal(bare_name("deploy/web"), "deploy/web");
}

/* --- completion and help ---------------------------------------------------------------------- */

static void some_names(struct strbuf *out, int count, char **words)
{
    strbuf_addf(out, "name after %d: %s\n", count, words[count - 1]);
}

static const char *complete(int count, char **words)
{
    auto_strbuf struct strbuf b = {.max = 1 << 20};

    completion_words(&b, count, words, some_names);
    return arena_strdup(&arena, strbuf_str(&b));
}
#define COMPLETE(...)                                                                              \
    complete((int)(sizeof((char *[]){__VA_ARGS__}) / sizeof(char *)), (char *[]){__VA_ARGS__})

static void test_completion(void **unused)
{
    (void)unused;
    CHECK_TEXT(COMPLETE("ap"), "approve\tGive the approval that the present step asks for\n", "ap");
    CHECK_TEXT(COMPLETE("get", "--na"),
               "--namespace\tNamespace of the Rollout; else the one of the context\n", "--na");
    CHECK_TEXT(COMPLETE("get", "-o", "y"), "yaml\t\n", "-o y");
    CHECK_TEXT(COMPLETE("lint", "-f", ""), ":files\n", "-f");
    CHECK_TEXT(COMPLETE("simulate", "--scenario", ""), ":files\n", "--scenario");
    CHECK_TEXT(COMPLETE("simulate", "-o", ""), "html\t\njson\t\n", "simulate -o");
    CHECK_TEXT(COMPLETE("get", "-o", "h"), "", "get -o h");
    CHECK_TEXT(COMPLETE("sim"), "simulate\tShow what a release would do, hours in a second\n",
               "sim");
    CHECK_TEXT(COMPLETE("-n", "shop", "abort", "w"), "name after 4: w\n", "name");
    CHECK_TEXT(COMPLETE("completion", "z"), "zsh\t\n", "shell");
    CHECK_TEXT(COMPLETE("help", "und"), "undo\tPut the template before back\n", "help");
    assert_null(strstr(COMPLETE(""), "__complete"));
    assert_null(strstr(COMPLETE("abort", "--"), "--step"));
    for (int i = 0; i < 3; i++)
        assert_non_null(completion_script((const char *const[]){"bash", "zsh", "fish"}[i]));
    assert_null(completion_script("tcsh"));
}

static void test_help(void **unused)
{
    struct screen s;

    (void)unused;
    screen_init(&s, 80, 0);
    help_all(&s);
    golden_narrow(&s);
    golden("help", &s);
    for (size_t i = 0; i < command_count; i++) {
        screen_init(&s, 80, 0);
        help_command(&s, &commands[i]);
        golden_narrow(&s);
        if (strcmp(commands[i].name, "status") == 0)
            golden_text("help-status", screen_text(&s));
        screen_release(&s);
    }
}

/* --- words ------------------------------------------------------------------------------------ */

static void test_times(void **unused)
{
    const int64_t now = time_parse("2026-11-24T09:30:00Z"), day = 24 * HOUR_MS;

    (void)unused;
    CHECK_TEXT(words_age(&arena, now - 95000, now), "95s", "age");
    CHECK_TEXT(words_age(&arena, now - 400000, now), "6m40s", "age");
    CHECK_TEXT(words_age(&arena, now - 5 * HOUR_MS - 30 * MINUTE_MS, now), "5h30m", "age");
    CHECK_TEXT(words_age(&arena, now - 3 * day, now), "3d", "age");
    CHECK_TEXT(words_age(&arena, now - 400 * day, now), "400d", "age");
    CHECK_TEXT(words_age(&arena, now + 5000, now), "0s", "a clock ahead");
    CHECK_TEXT(words_age(&arena, 0, now), "<unknown>", "no time");
    CHECK_TEXT(words_took(&arena, 1800), "1.8s", "took");
    CHECK_TEXT(words_took(&arena, 400000), "6m 40s", "took");
    CHECK_TEXT(words_took(&arena, 11 * MINUTE_MS + 20000), "11m", "took");
    CHECK_TEXT(words_took(&arena, 90 * MINUTE_MS), "1h 30m", "took");
    CHECK_TEXT(words_ago(&arena, now - 3 * day - HOUR_MS, now), "3 days ago", "ago");
    CHECK_TEXT(words_ago(&arena, now - 140000, now), "2m ago", "ago");
    CHECK_TEXT(words_ago(&arena, now, now), "just now", "ago");
    CHECK_TEXT(words_clock(&arena, now, now), "09:30:00", "clock");
    CHECK_TEXT(words_clock(&arena, now + day, now), "09:30:00 tomorrow", "clock");
    CHECK_TEXT(words_clock(&arena, now - day, now), "09:30:00 yesterday", "clock");
    CHECK_TEXT(words_clock(&arena, now + 3 * day, now), "2026-11-27 09:30:00", "clock");
    CHECK_TEXT(words_clock(&arena, 0, now), "", "clock");
    CHECK_TEXT(words_part(&arena, 1, 11), "9.1 %", "part");
    CHECK_TEXT(words_part(&arena, 6, 13), "46.2 %", "part");
    CHECK_TEXT(words_part(&arena, 0, 0), "-", "part");
    CHECK_TEXT(words_sentence(&arena, "gate errors failed. "), "Gate errors failed", "sentence");
    CHECK_TEXT(words_sentence(&arena, "web-canary is gone"), "web-canary is gone", "name");
}

/* --- frames, objects -------------------------------------------------------------------------- */

static void test_frames(void **unused)
{
    auto_strbuf struct strbuf b = {.max = 1 << 20};

    (void)unused;
    assert_int_equal(live_frame(&b, "a\nb\nc\n", 24, 0), 3);
    assert_null(strstr(strbuf_str(&b), "\033[0A"));
    assert_non_null(strstr(strbuf_str(&b), "a\033[K\nb\033[K\nc\033[K\n\033[J"));
    strbuf_reset(&b);
    assert_int_equal(live_frame(&b, "a\n", 24, 3), 1);
    assert_non_null(strstr(strbuf_str(&b), "\033[3A\ra\033[K\n\033[J"));
    strbuf_reset(&b);
    assert_int_equal(live_frame(&b, "a\nb\nc\nd\ne\n", 5, -1), 4);
    assert_non_null(strstr(strbuf_str(&b), "\033[2J"));
    assert_non_null(strstr(strbuf_str(&b), "(more here"));
    assert_null(strstr(strbuf_str(&b), "b\033[K"));
    assert_null(strstr(strbuf_str(&b), "c\033[K"));
    assert_non_null(strstr(strbuf_str(&b), "e\033[K"));
}

static void test_pretty(void **unused)
{
    static const char json[] = "{\"a\":[1,2,{\"b\":{}}],\"c\":\"x,{\\\"y\",\"d\":[]}";
    auto_strbuf struct strbuf b = {.max = 1 << 20};

    (void)unused;
    pretty_json(&b, json, strlen(json));
    assert_string_equal(strbuf_str(&b), "{\n"
                                        "    \"a\": [\n"
                                        "        1,\n"
                                        "        2,\n"
                                        "        {\n"
                                        "            \"b\": {}\n"
                                        "        }\n"
                                        "    ],\n"
                                        "    \"c\": \"x,{\\\"y\",\n"
                                        "    \"d\": []\n"
                                        "}");
}

static void test_wrapping(void **unused)
{
    struct screen s;

    (void)unused;
    screen_init(&s, 40, 0);
    put(&s, "1234 ");
    put_block(&s, 0, "one two three four five six seven 71 % eight");
    new_line(&s);
    assert_string_equal(screen_text(&s), "1234 one two three four five six seven\n"
                                         "     71 % eight\n");
    screen_release(&s);
    assert_int_equal(text_width("a\xc3\xa4\033\xff"), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flags),    cmocka_unit_test(test_wrong_usage),
        cmocka_unit_test(test_names),    cmocka_unit_test(test_completion),
        cmocka_unit_test(test_help),     cmocka_unit_test(test_times),
        cmocka_unit_test(test_frames),   cmocka_unit_test(test_pretty),
        cmocka_unit_test(test_wrapping),
    };

    return cmocka_run_group_tests(tests, start, end);
}

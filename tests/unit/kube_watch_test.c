/* SPDX-License-Identifier: Apache-2.0 */
/* Framing (C31), events (C27, C28), resource versions (C24). */
#include "check.h"
#include "sluice/kube/watch.h"

#include <stdio.h>

/* --- framing ---------------------------------------------------------------------------------- */

struct lines {
    struct strbuf text; /* each line, followed by '|' */
    size_t count, stop_after;
};

static bool on_line(const char *p, size_t len, void *arg)
{
    struct lines *l = arg;

    strbuf_add(&l->text, p, len);
    strbuf_addc(&l->text, '|');
    return ++l->count != l->stop_after;
}

/* `text` in chunks of `step` bytes. */
static bool feed(const char *text, size_t len, size_t step, size_t max, struct lines *l,
                 struct err *e)
{
    struct watch_framer f;
    bool ok = true;

    strbuf_init(&l->text, SIZE_MAX / 4);
    watch_framer_init(&f, max);
    for (size_t at = 0; ok && at < len; at += step)
        ok = watch_framer_feed(&f, text + at, step < len - at ? step : len - at, on_line, l, e);
    watch_framer_release(&f);
    return ok;
}

static void any_split_gives_the_same_lines(void **state)
{
    static const char text[] = "{\"a\":1}\n{\"b\":2}\r\n\n\r\n\n{}\n{\"nul\":\"\0\"}\ntail";
    static const char want[] = "{\"a\":1}|{\"b\":2}|{}|{\"nul\":\"\0\"}|";

    (void)state;
    for (size_t step = 1; step <= sizeof(text); step++) {
        struct lines l = {0};
        struct err e = {0};
        assert_true(feed(text, sizeof(text) - 1, step, 0, &l, &e));
        assert_int_equal(l.text.len, sizeof(want) - 1);
        assert_memory_equal(l.text.p, want, sizeof(want) - 1);
        strbuf_release(&l.text);
    }
}

static void a_line_over_the_limit(void **state)
{
    (void)state;
    for (size_t step = 1; step <= 12; step++) {
        struct lines l = {0};
        struct err e = {0};
        assert_true(feed("0123456789\n0123456789\n", 22, step, 10, &l, &e));
        strbuf_release(&l.text);
        l = (struct lines){0};
        assert_false(feed("0123456789\n0123456789a\n", 23, step, 10, &l, &e));
        assert_int_equal(e.kind, ERR_INVALID);
        assert_int_equal(l.count, 1);
        strbuf_release(&l.text);
    }
}

static void the_reader_stops(void **state)
{
    (void)state;
    for (size_t step = 1; step <= 9; step++) {
        struct lines l = {.stop_after = 2};
        struct err e = {0};
        assert_false(feed("a\nb\nc\nd\n", 8, step, 0, &l, &e));
        assert_int_equal(e.kind, ERR_NONE);
        assert_int_equal(l.count, 2);
        strbuf_release(&l.text);
    }
}

static void a_line_of_4_mib(void **state)
{
    const size_t len = WATCH_LINE_MAX;
    char *text = xmalloc(len + 1);
    struct lines l = {0};
    struct err e = {0};

    (void)state;
    memset(text, 'x', len);
    text[len] = '\n';
    assert_true(feed(text, len + 1, 16384, 0, &l, &e));
    assert_int_equal(l.text.len, len + 1);
    strbuf_release(&l.text);
    free(text);
}

/* --- events ----------------------------------------------------------------------------------- */

static void events(void **state)
{
    static const struct {
        const char *line;
        enum watch_type type;
        const char *rv, *raw;
    } rows[] = {
        {"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"resourceVersion\":\"5\"}}}", WATCH_ADDED,
         "5", "{\"metadata\":{\"resourceVersion\":\"5\"}}"},
        {"{\"object\": {\"a\" : 1e15 },\"type\":\"MODIFIED\"}", WATCH_MODIFIED, "",
         "{\"a\" : 1e15 }"},
        {"{\"type\":\"DELETED\",\"object\":{}}", WATCH_DELETED, "", "{}"},
        {"{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"77\"}}}",
         WATCH_BOOKMARK, "77", NULL},
        {"{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410}}", WATCH_ERROR, "",
         NULL},
        {"{\"type\":\"added\",\"object\":{}}", WATCH_UNKNOWN, "", "{}"},
        {"{\"type\":\"\",\"object\":{\"metadata\":{\"resourceVersion\":7}}}", WATCH_UNKNOWN, "",
         NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct watch_event ev;
        struct err e = {0};
        CHECK(watch_decode(rows[i].line, strlen(rows[i].line), &ev, &e), "%s: %s", rows[i].line,
              e.text);
        CHECK(ev.type == rows[i].type, "%s", rows[i].line);
        assert_string_equal(ev.rv, rows[i].rv);
        if (rows[i].raw) {
            assert_int_equal(ev.raw.len, strlen(rows[i].raw));
            assert_memory_equal(ev.raw.p, rows[i].raw, ev.raw.len);
        }
        watch_event_release(&ev);
    }
}

#define ADDED        "{\"type\":\"ADDED\",\"object\":"
#define OBJECT(meta) "{\"metadata\":{" meta "}}"
#define NAME         "\"name\":\"a\","
#define UID          "\"uid\":\"u\","
#define RV           "\"resourceVersion\":\"5\""

/* Names of any length are told whole, or not at all. */
static void a_name_that_is_too_long_has_to_be_decoded(void **state)
{
    auto_strbuf struct strbuf line = {.max = 1 << 16};
    enum watch_type type;
    struct ident id;

    (void)state;
    for (size_t len = 1; len < 4000; len += 13) {
        char name[4000];

        memset(name, 'n', len);
        name[len] = '\0';
        strbuf_reset(&line);
        strbuf_addf(&line, ADDED "{\"metadata\":{\"name\":\"%s\"," UID RV "}}}", name);
        if (watch_peek(line.p, line.len, &type, &id))
            assert_string_equal(id.name, name);
        else
            assert_true(len > 253);
    }
}

static void what_a_line_is_about(void **state)
{
    static const struct {
        const char *line, *id; /* "ns/name uid rv"; NULL: it has to be decoded */
    } rows[] = {
        {"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\",\"namespace\":\"n\",\"uid\":"
         "\"u\",\"resourceVersion\":\"5\"},\"spec\":{\"metadata\":{\"name\":\"x\"}}}}",
         "n/a u 5"},
        {"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"labels\":{\"name\":\"x\"},\"uid\":\"u\","
         "\"name\":"
         "\"a\",\"resourceVersion\":\"5\"}}}",
         "/a u 5"},
        {"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\",\"uid\":\"u\"}}}", NULL},
        {"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"\\u0061\",\"uid\":\"u\","
         "\"resourceVersion\":\"5\"}}}",
         NULL},
        {"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\",\"uid\":\"u\","
         "\"resourceVersion\":5}"
         "}}",
         NULL},
        {"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\",\"uid\":\"u\","
         "\"resourceVersion\":"
         "\"5\"}}",
         NULL},
        {"{\"object\":{\"metadata\":{\"name\":\"a\",\"uid\":\"u\",\"resourceVersion\":\"5\"}}}",
         NULL},
        /* an order that nobody sends, and members behind the object */
        {"{\"object\":" OBJECT(NAME UID RV) ",\"type\":\"ADDED\"}", NULL},
        {ADDED OBJECT(NAME UID RV) ",\"x\":1}", NULL},
        {ADDED OBJECT(NAME UID RV) "} ", NULL},
        {ADDED OBJECT(NAME UID RV) "]", NULL},
        {ADDED "7}", NULL},
        {"{\"type\":\"A-TYPE-THAT-IS-TOO-LONG\",\"object\":" OBJECT(NAME UID RV) "}", NULL},
        {"{\"type\":1,\"object\":" OBJECT(NAME UID RV) "}", NULL},
        /* an identity that is incomplete, or no text */
        {ADDED OBJECT("\"name\":\"\"," UID RV) "}", NULL},
        {ADDED OBJECT(NAME "\"uid\":\"\"," RV) "}", NULL},
        {ADDED OBJECT(NAME UID "\"resourceVersion\":\"\"") "}", NULL},
        {ADDED OBJECT("\"name\":1," UID RV) "}", NULL},
        {ADDED OBJECT("\"name\":10," UID RV) "}", NULL},
        {ADDED OBJECT(NAME "\"namespace\":[]," UID RV) "}", NULL},
        {ADDED OBJECT(NAME "\"uid\":{}," RV) "}", NULL},
        {ADDED "{}}", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        enum watch_type type;
        struct ident id;
        char text[64];
        const bool told = watch_peek(rows[i].line, strlen(rows[i].line), &type, &id) &&
                          watch_closes(rows[i].line, strlen(rows[i].line));

        CHECK(told == (rows[i].id != NULL), "%s", rows[i].line);
        if (!told)
            continue;
        snprintf(text, sizeof(text), "%s/%s %s %s", id.ns, id.name, id.uid, id.rv);
        assert_string_equal(text, rows[i].id);
        assert_int_equal(type, WATCH_ADDED);
    }
}

static void what_is_no_event(void **state)
{
    static const char *const lines[] = {
        "",
        "x",
        "[]",
        "{}",
        "{\"type\":\"ADDED\"}",
        "{\"type\":\"ADDED\",\"object\":[]}",
        "{\"type\":\"ADDED\",\"object\":\"x\"}",
        "{\"type\":1,\"object\":{}}",
        "{\"object\":{}}",
        "{\"type\":\"ADDED\",\"object\":{}} x",
        "{\"type\":\"ADDED\",\"object\":{",
        "{\"type\":\"ADDED\",\"type\":\"ADDED\",\"object\":{}}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        struct watch_event ev = {.rv = "mine"};
        struct err e = {0};
        CHECK(!watch_decode(lines[i], strlen(lines[i]), &ev, &e), "%s", lines[i]);
        assert_int_equal(e.kind, ERR_INVALID);
        assert_string_equal(ev.rv, "mine");
    }
}

/* C39: a NUL in anybody's annotation must not blind us. */
/* Only what ends with its object, and closes it, is passed over undecoded. */
static void lines_that_close(void **state UNUSED)
{
    static const struct {
        const char *line;
        bool closes;
    } rows[] = {
        {"{\"type\":\"ADDED\",\"object\":{}}", true},
        {"{\"object\":{\"a\":{}}}", true},
        {"{\"object\":{},\"type\":\"ADDED\"}", false},
        {"{\"object\":{}} ", false},
        {"{\"object\":{}]", false},
        {"{\"object\":{}", false},
        {"{\"object\":5}", false},
        {"{\"type\":\"ADDED\"}", false},
        {"[]", false},
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(watch_closes(rows[i].line, strlen(rows[i].line)) == rows[i].closes, "%s",
              rows[i].line);
}

static void nul_in_a_string(void **state)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"{\"a\":\"x\\u0000y\"}", "x\xef\xbf\xbdy"},
        {"{\"a\":\"\\u0000\"}", "\xef\xbf\xbd"},
        {"{\"a\":\"\\u0000\\u0000\"}", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"{\"a\":\"\\\\u0000\"}", "\\u0000"},
        {"{\"a\":\"\\\\\\u0000\"}", "\\\xef\xbf\xbd"},
        {"{\"a\":\"\\\"\\u0000\"}", "\"\xef\xbf\xbd"},
        {"{\"a\":\"\\u0001\"}", "\x01"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        cJSON *doc = kube_object_parse(rows[i].text, strlen(rows[i].text), &e);
        CHECK(doc, "%s: %s", rows[i].text, e.text);
        CHECK_TEXT(json_str(doc, "a"), rows[i].want, rows[i].text);
        json_release(&doc);
    }
    assert_null(kube_object_parse("{\"a\":\"\\u0000", 12, NULL));
    assert_null(kube_object_parse("\\", 1, NULL));
    assert_null(kube_object_parse("", 0, NULL));
}

/* --- resource versions ------------------------------------------------------------------------ */

static void versions(void **state)
{
    static const struct {
        const char *a, *b;
        enum rv_order want;
    } rows[] = {
        {"1", "1", RV_SAME},
        {"1", "2", RV_OLDER},
        {"10", "9", RV_NEWER},
        {"9", "10", RV_OLDER},
        {"18446744073709551616", "18446744073709551615", RV_NEWER}, /* over 64 bits */
        {"9007199254740993", "9007199254740992", RV_NEWER},         /* over a double */
        {"100000000000000000000000000000", "99999999999999999999999999999", RV_NEWER},
        {"", "1", RV_UNKNOWN},
        {"0", "1", RV_UNKNOWN},
        {"01", "1", RV_UNKNOWN},
        {"1a", "1", RV_UNKNOWN},
        {"-1", "1", RV_UNKNOWN},
        {"+1", "1", RV_UNKNOWN},
        {" 1", "1", RV_UNKNOWN},
        {"1.0", "1", RV_UNKNOWN},
        {NULL, "1", RV_UNKNOWN},
        {"1", NULL, RV_UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(rv_compare(rows[i].a, rows[i].b) == rows[i].want, "%s %s", rows[i].a, rows[i].b);
    assert_true(rv_reached("10", "9"));
    assert_true(rv_reached("9", "9"));
    assert_false(rv_reached("9", "10"));
    assert_false(rv_reached("", "1")); /* fails closed (C60) */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_split_gives_the_same_lines),
        cmocka_unit_test(a_line_over_the_limit),
        cmocka_unit_test(the_reader_stops),
        cmocka_unit_test(a_line_of_4_mib),
        cmocka_unit_test(events),
        cmocka_unit_test(what_a_line_is_about),
        cmocka_unit_test(a_name_that_is_too_long_has_to_be_decoded),
        cmocka_unit_test(what_is_no_event),
        cmocka_unit_test(nul_in_a_string),
        cmocka_unit_test(lines_that_close),
        cmocka_unit_test(versions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* screens.h - what must hold of any text that `sluice` shows. */
#ifndef SLUICE_TESTS_FUZZ_SCREENS_H
#define SLUICE_TESTS_FUZZ_SCREENS_H

#include "check.h"
#include "screen.h"
#include "sluice/base/utf8.h"
#include "sluice/json/edit.h"

/* Words: UTF-8, no byte that steers a terminal, no NULL. */
static inline void check_words(const char *text)
{
    const size_t len = strlen(text);

    CHECK(utf8_check(text, len) == len, "not UTF-8: %s", text);
    for (const char *p = text; *p; p++)
        CHECK((*p & 0xe0) || *p == '\n', "control byte %d: %s", *p, text);
    CHECK(!strchr(text, 0x7f), "a DEL: %s", text);
    CHECK(!says_null(text, len), "%s", text);
}

/* A whole screen without colour: lines that end, without blanks behind them. Releases it. */
static inline void check_screen(struct screen *s)
{
    const char *text = screen_text(s);
    const size_t len = strlen(text);

    CHECK(!s->out.overflow, "no end of it: %zu bytes", len);
    check_words(text);
    CHECK(len == 0 || text[len - 1] == '\n', "no line end: %s", text);
    CHECK(!strstr(text, " \n"), "blanks behind a line: %s", text);
    screen_release(s);
}

/* JSON that parses, and says NULL nowhere. */
static inline void check_json(const char *text)
{
    struct err e = {0};
    auto_json cJSON *doc = json_parse(text, strlen(text), &e);

    CHECK(doc, "%s: %s", e.text, text);
    CHECK(!says_null(text, strlen(text)), "%s", text);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* scenario.c - the lines of a scenario: when, and what. */
#include "sluice/base/clock.h"
#include "sluice/model/validate.h"
#include "sluice/sim/stage.h"

#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 16

struct words {
    const char *w[WORDS_MAX];
    size_t count;
};

/* "2%" is two words, as "2 %" is. */
static size_t word_len(const char *p)
{
    const size_t len = strcspn(p, " \t,");

    return len > 1 && p[len - 1] == '%' ? len - 1 : len;
}

static bool split(struct arena *a, const char *line, struct words *out)
{
    out->count = 0;
    for (const char *p = line; *p;) {
        const size_t blank = strspn(p, " \t,:"), len = word_len(p + blank);

        p += blank;
        if (!len || *p == '#')
            break;
        if (out->count == WORDS_MAX)
            return false;
        out->w[out->count++] = arena_strndup(a, p, len);
        p += len;
    }
    return true;
}

static void drop(struct words *w, size_t at, size_t count)
{
    memmove(&w->w[at], &w->w[at + count], (w->count - at - count) * sizeof w->w[0]);
    w->count -= count;
}

/* ---- when ------------------------------------------------------------------------------------ */

/* "at 3m" in front or at the end. */
static bool take_time(struct words *w, struct stage_event *e)
{
    for (size_t i = 0; i + 1 < w->count; i++) {
        if (strcmp(w->w[i], "at") != 0 || (i != 0 && i + 2 != w->count))
            continue;
        if (!duration_parse(w->w[i + 1], &e->at_ms))
            return false;
        drop(w, i, 2);
        return true;
    }
    return true;
}

static const char *trimmed(struct arena *a, const char *word)
{
    return arena_strndup(a, word, strcspn(word, ":"));
}

/* "when Approval", "when Gating step 2". */
static bool take_word(struct arena *a, struct words *w, struct stage_event *e)
{
    char *end = NULL;

    if (w->count < 2 || strcmp(w->w[0], "when") != 0)
        return true;
    e->at_ms = -1;
    e->word = trimmed(a, w->w[1]);
    drop(w, 0, 2);
    if (w->count < 2 || strcmp(w->w[0], "step") != 0)
        return true;
    e->step = (int)strtol(trimmed(a, w->w[1]), &end, 10);
    if (*end)
        return false;
    drop(w, 0, 2);
    return true;
}

/* ---- what ------------------------------------------------------------------------------------ */

static bool is_value(const char *word)
{
    return *word >= 'A' && *word <= 'Z';
}

#define VALUES_MAX 2

/* The values' words, NULL where there is none; false when the words are others. */
static bool matches(struct arena *a, const struct words *w, const struct stage_action *action,
                    const char *value[VALUES_MAX])
{
    struct words want;
    int n = 0;

    value[0] = value[1] = NULL;
    if (!split(a, action->words, &want) || want.count != w->count)
        return false;
    for (size_t i = 0; i < w->count; i++) {
        if (is_value(want.w[i]) && n < VALUES_MAX)
            value[n++] = w->w[i];
        else if (strcmp(want.w[i], w->w[i]) != 0)
            return false;
    }
    return true;
}

static bool read_value(const struct stage_action *action, const char *value, struct stage_event *e)
{
    char *end = NULL;

    if (action->takes == TAKES_TIME)
        return duration_parse(value, &e->value);
    if (action->takes != TAKES_NUMBER)
        return true;
    e->value = strtoll(value, &end, 10);
    return *end == '\0' && e->value >= 0 && e->value <= 10000;
}

const char *scenario_action(size_t i)
{
    return i < stage_action_count ? stage_actions[i].words : NULL;
}

static bool no_action(struct arena *a, const char *said, struct err *e)
{
    const char *names[64];
    const char *near;
    size_t n = 0;

    while (n < COUNT(names) && scenario_action(n)) {
        names[n] = scenario_action(n);
        n++;
    }
    near = did_you_mean(said, names, n);
    return err_set(e, ERR_INVALID, "\"%s\" is nothing that can happen%s", said,
                   near ? arena_printf(a, " (did you mean \"%s\"?)", near) : "");
}

static bool take_action(struct arena *a, const struct words *w, struct stage_event *out,
                        struct err *e)
{
    const char *said = "", *value[VALUES_MAX];

    for (size_t i = 0; i < w->count; i++)
        said = arena_printf(a, "%s%s%s", said, i ? " " : "", w->w[i]);
    for (size_t i = 0; i < stage_action_count; i++) {
        if (!matches(a, w, &stage_actions[i], value))
            continue;
        out->action = &stage_actions[i];
        out->text = value[0];
        out->more = value[1];
        if (value[0] && !read_value(out->action, value[0], out))
            return err_set(e, ERR_INVALID, "\"%s\": %s is no %s", said, value[0],
                           out->action->takes == TAKES_TIME ? "time; write 30s, 5m or 1h"
                                                            : "number");
        return true;
    }
    return no_action(a, said, e);
}

static bool parse_line(struct arena *a, const char *line, struct stage_event *out, struct err *e)
{
    struct words w;

    *out = (struct stage_event){.line = line, .step = -1};
    if (!split(a, line, &w))
        return err_set(e, ERR_INVALID, "too many words");
    if (!take_time(&w, out))
        return err_set(e, ERR_INVALID, "the time is not like 30s, 5m or 1h");
    if (!take_word(a, &w, out))
        return err_set(e, ERR_INVALID, "the step is no number");
    return take_action(a, &w, out, e);
}

static const char *clean(struct arena *a, const char *line, size_t len)
{
    const char *hash = memchr(line, '#', len);

    if (hash)
        len = (size_t)(hash - line);
    while (len && strchr(" \t\r", line[len - 1]))
        len--;
    while (len && strchr(" \t", *line)) {
        line++;
        len--;
    }
    return arena_strndup(a, line, len);
}

bool scenario_parse(struct arena *a, const char *text, struct scenario *out, struct err *e)
{
    int number = 0;

    *out = (struct scenario){0};
    while (*text) {
        const size_t len = strcspn(text, "\n");
        const char *line = clean(a, text, len);

        number++;
        text += len + (text[len] == '\n');
        if (!*line)
            continue;
        if (out->count == STAGE_EVENTS_MAX)
            return err_set(e, ERR_INVALID, "line %d: more than %d lines", number, STAGE_EVENTS_MAX);
        if (!parse_line(a, line, &out->events[out->count], e))
            return err_wrap(e, "line %d", number);
        out->events[out->count++].number = number;
    }
    return true;
}

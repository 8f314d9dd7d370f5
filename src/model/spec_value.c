/* SPDX-License-Identifier: Apache-2.0 */
/* spec_value.c - one value: is it what its field takes, and how it is kept. */
#include "read.h"
#include "sluice/base/clock.h"
#include "spec.h"

#include <stdlib.h>
#include <string.h>

/* ---- forms of text --------------------------------------------------------------------------- */

static bool all_digits(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (s[i] < '0' || s[i] > '9')
            return false;
    }
    return len > 0;
}

/* ^-?[0-9]{1,15}(\.[0-9]{1,9})?$ */
static bool is_decimal(const char *s)
{
    const size_t sign = *s == '-' ? 1 : 0;
    const size_t whole = strcspn(s + sign, ".");
    const char *fraction = s + sign + whole;

    if (whole > 15 || !all_digits(s + sign, whole))
        return false;
    return !*fraction ||
           (strlen(fraction + 1) <= 9 && all_digits(fraction + 1, strlen(fraction + 1)));
}

/* 0 to 100 and a percent sign, without leading zeros; -1 when it is something else. */
static int percent(const char *s)
{
    const size_t len = strlen(s);
    int value;

    if (len < 2 || len > 4 || s[len - 1] != '%' || !all_digits(s, len - 1))
        return -1;
    if (s[0] == '0' && len > 2)
        return -1;
    value = (int)strtol(s, NULL, 10);
    return value <= 100 ? value : -1;
}

/* ^[-a-z0-9]*[a-z][-a-z0-9]*$ */
static bool is_port_name(const char *s)
{
    const size_t len = strlen(s);

    return len <= 15 && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == len &&
           strpbrk(s, "abcdefghijklmnopqrstuvwxyz") != NULL;
}

/* ---- the kinds ------------------------------------------------------------------------------- */

/* Each takes the value or says why not: NULL, or what must be there instead. */
typedef const char *take_fn(struct checker *c, const cJSON *item, const struct spec_field *f,
                            char *to);

static const char *take_text(struct checker *c, const cJSON *item, const struct spec_field *f,
                             char *to)
{
    const char *text = read_str(c->a, item, "");

    if (!text)
        return "must be text: put it in quotes";
    if (f->format && !format_fits(f->format, text))
        return f->format->words;
    memcpy(to, &text, sizeof(text));
    return NULL;
}

static const char *out_of_bounds(struct checker *c, const struct spec_field *f, int64_t ms)
{
    char text[TIME_TEXT_MAX];

    if (f->min > 0 && ms < f->min) {
        if (f->min == 1)
            return "must be longer than 0s";
        duration_format(f->min, text);
        return arena_printf(c->a, "must be at least %s: raise it", text);
    }
    if (f->max > 0 && ms > f->max) {
        duration_format(f->max, text);
        return arena_printf(c->a, "must be at most %s: lower it",
                            f->max % HOUR_MS ? text
                                             : arena_printf(c->a, "%dh", (int)(f->max / HOUR_MS)));
    }
    return NULL;
}

static const char *take_duration(struct checker *c, const cJSON *item, const struct spec_field *f,
                                 char *to)
{
    const char *text = json_str(item, "");
    const char *wrong;
    int64_t ms = 0;

    if (!text || !duration_parse(text, &ms))
        return "must be a duration: write 30s, 5m or 1h30m";
    wrong = out_of_bounds(c, f, ms);
    if (wrong) {
        if (!f->rule)
            return wrong;
        note(c, f->rule, item, "%s", validate_rule_message(f->rule));
        return NULL;
    }
    memcpy(to, &ms, sizeof(ms));
    return NULL;
}

static const char *take_share(struct checker *c, const cJSON *item, const struct spec_field *f,
                              char *to)
{
    const bool count = f->kind == F_COUNT;
    const char *text = json_str(item, "");
    const int64_t number = json_i64(item, "", -1);
    const int64_t top = count ? INT32_MAX : 100;
    const int least = count ? 1 : 0;

    if (text ? percent(text) < least : number < least || number > top)
        return count ? "must be a number of pods or a share of them, from 1: write 3 or 20%"
                     : "must be a percentage from 0 to 100: write 25 or 25%";
    text = arena_strdup(c->a, json_int_or_str(c->a, item, ""));
    memcpy(to, &text, sizeof(text));
    return NULL;
}

static const char *take_port(struct checker *c, const cJSON *item,
                             const struct spec_field *f UNUSED, char *to)
{
    const char *text = json_str(item, "");
    const int64_t number = json_i64(item, "", 0);

    if (text ? !is_port_name(text) : number < 1 || number > 65535)
        return "must be a port from 1 to 65535 or the name of one: write 8080 or http";
    text = arena_strdup(c->a, json_int_or_str(c->a, item, ""));
    memcpy(to, &text, sizeof(text));
    return NULL;
}

static const char *take_decimal(struct checker *c, const cJSON *item,
                                const struct spec_field *f UNUSED, char *to)
{
    const char *text = read_str(c->a, item, "");

    if (!text || !is_decimal(text))
        return "must be a decimal number in quotes: write \"0.3\"";
    memcpy(to, &text, sizeof(text));
    return NULL;
}

static const char *take_bool(struct checker *c UNUSED, const cJSON *item,
                             const struct spec_field *f UNUSED, char *to)
{
    const bool value = json_is(item, cJSON_True);

    if (!value && !json_is(item, cJSON_False))
        return "must be true or false";
    memcpy(to, &value, sizeof(value));
    return NULL;
}

static const char *take_int(struct checker *c, const cJSON *item, const struct spec_field *f,
                            char *to)
{
    const int64_t number = json_i64(item, "", INT64_MIN);
    const int value = (int)number;

    if (number < f->min || number > f->max)
        return arena_printf(c->a, "must be a whole number from %d to %d", (int)f->min, (int)f->max);
    memcpy(to, &value, sizeof(value));
    return NULL;
}

/* ---- words ----------------------------------------------------------------------------------- */

static int word_index(const char *const *words, const char *text)
{
    for (int i = 0; text && words[i]; i++) {
        if (*words[i] && str_equal(words[i], text))
            return i;
    }
    return -1;
}

static const char *words_wanted(struct checker *c, const struct spec_field *f, const char *text)
{
    auto_strbuf struct strbuf out = {.max = SIZE_MAX / 2};
    const char *const *words = f->words + (*f->words[0] ? 0 : 1);
    const char *meant;
    size_t n = 0;

    strbuf_adds(&out, words[1] ? "must be one of " : "must be ");
    while (words[n]) {
        strbuf_addf(&out, "%s%s", n ? ", " : "", words[n]);
        n++;
    }
    meant = text ? did_you_mean(text, words, n) : NULL;
    if (meant)
        strbuf_addf(&out, " (did you mean \"%s\"?)", meant);
    return arena_strndup(c->a, out.p, out.len);
}

static const char *take_word(struct checker *c, const cJSON *item, const struct spec_field *f,
                             char *to)
{
    const char *text = json_str(item, "");
    const int i = word_index(f->words, text);
    const unsigned value = (unsigned)i;
    const bool flag = i > 0;

    if (i < 0)
        return words_wanted(c, f, text);
    if (f->kind == F_WORD)
        memcpy(to, &value, sizeof(value));
    else if (f->kind == F_WORD_FLAG)
        memcpy(to, &flag, sizeof(flag));
    else
        memcpy(to, &f->words[i], sizeof(f->words[i]));
    return NULL;
}

static const char *take_bits(struct checker *c, const cJSON *list, const struct spec_field *f,
                             char *to)
{
    unsigned bits = 0;
    size_t at = 0;

    if (!json_is(list, cJSON_Array))
        return "must be a list: start each entry with a dash";
    JSON_EACH(item, list) {
        const struct path_mark mark = enter_item(c, item, at++, NULL);
        const int i = word_index(f->words, json_str(item, ""));

        if (i < 0)
            note(c, "enum", item, "%s", words_wanted(c, f, json_str(item, "")));
        else if (bits & 1U << i)
            note(c, "duplicate", item, "stands twice: remove one");
        else
            bits |= 1U << i;
        leave(c, mark);
    }
    memcpy(to, &bits, sizeof(bits));
    return NULL;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static const struct {
    take_fn *take;
    const char *rule;
} kinds[] = {
    [F_TEXT] = {take_text, "format"},    [F_DURATION] = {take_duration, "range"},
    [F_PERCENT] = {take_share, "range"}, [F_COUNT] = {take_share, "range"},
    [F_PORT] = {take_port, "format"},    [F_DECIMAL] = {take_decimal, "format"},
    [F_BOOL] = {take_bool, "type"},      [F_INT] = {take_int, "range"},
    [F_WORD] = {take_word, "enum"},      [F_WORD_TEXT] = {take_word, "enum"},
    [F_WORD_FLAG] = {take_word, "enum"}, [F_BITS] = {take_bits, "type"},
    [F_RESERVED] = {NULL, NULL},
};

void spec_value(struct checker *c, const cJSON *item, const struct spec_field *f, char *to)
{
    const char *wrong = kinds[f->kind].take ? kinds[f->kind].take(c, item, f, to) : NULL;

    if (wrong)
        note(c, kinds[f->kind].rule, item, "%s", wrong);
}

/* Defaults are ours: a bad one is a mistake in the table, and the tests read them all. */
void spec_default(const struct spec_field *f, char *to)
{
    int64_t ms = 0;
    int number;

    if (!f->dflt)
        return;
    if (f->kind == F_DURATION) {
        if (!duration_parse(f->dflt, &ms))
            abort();
        memcpy(to, &ms, sizeof(ms));
    } else if (f->kind == F_INT) {
        number = (int)strtol(f->dflt, NULL, 10);
        memcpy(to, &number, sizeof(number));
    } else {
        assert(f->kind == F_TEXT || f->kind == F_WORD_TEXT || f->kind == F_COUNT);
        memcpy(to, &f->dflt, sizeof(f->dflt));
    }
}

static bool name_before(const cJSON *list, const cJSON *until, const char *name)
{
    for (const cJSON *item = list->child; item != until; item = item->next) {
        if (json_str(item, "") && str_equal(json_str(item, ""), name))
            return true;
    }
    return false;
}

static void check_name(struct checker *c, const cJSON *list, const cJSON *item,
                       const struct spec_field *f, const char **to)
{
    const char *wrong = take_text(c, item, f, (char *)to);

    if (wrong)
        note(c, "format", item, "%s", wrong);
    else if (name_before(list, item, *to))
        note(c, "duplicate", item, "stands twice: remove one");
}

void spec_names(struct checker *c, const cJSON *list, const struct spec_field *f, char *base)
{
    const size_t n = json_count(list);
    const char **names;
    size_t count = 0, at = 0;

    if (!json_is(list, cJSON_Array)) {
        note(c, "type", list, "must be a list: start each entry with a dash");
        return;
    }
    if ((int64_t)n > f->max) {
        note(c, "range", list, "takes at most %d: %zu are too many", (int)f->max, n);
        return;
    }
    names = ARENA_ARRAY(c->a, const char *, n + 1);
    JSON_EACH(item, list) {
        const struct path_mark mark = enter_item(c, item, at++, NULL);

        check_name(c, list, item, f, &names[count]);
        count += names[count] != NULL;
        leave(c, mark);
    }
    memcpy(base + f->at, &names, sizeof(names));
    memcpy(base + f->count_at, &count, sizeof(count));
}

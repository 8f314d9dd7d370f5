/* SPDX-License-Identifier: Apache-2.0 */
/* objects_value.c - is one value as its demand wants it? */
#include "objects_parts.h"

#include "sluice/json/edit.h"
#include <string.h>

#define LOWER_DIGITS "abcdefghijklmnopqrstuvwxyz0123456789"
#define ALNUM        LOWER_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* --- forms of text ---------------------------------------------------------------------------- */

/* Characters of `inside`, those of `ends` first and last. */
static bool is_made_of(const char *text, size_t len, const char *ends, const char *inside)
{
    return len > 0 && strchr(ends, text[0]) && strchr(ends, text[len - 1]) &&
           strspn(text, inside) >= len;
}

static bool is_label(const char *text)
{
    return strlen(text) <= 63 && is_made_of(text, strlen(text), LOWER_DIGITS, LOWER_DIGITS "-");
}

/* Labels with dots between them. */
static bool is_name(const char *text)
{
    const char *part = text;

    if (strlen(text) > 253)
        return false;
    for (;; part++) {
        const size_t len = strcspn(part, ".");

        if (!is_made_of(part, len, LOWER_DIGITS, LOWER_DIGITS "-."))
            return false;
        part += len;
        if (!*part)
            return true;
    }
}

static bool is_port_name(const char *text)
{
    return strlen(text) <= 15 && is_made_of(text, strlen(text), LOWER_DIGITS, LOWER_DIGITS "-") &&
           !strstr(text, "--") && strpbrk(text, "abcdefghijklmnopqrstuvwxyz");
}

static bool is_label_value(const char *text)
{
    return !*text || (strlen(text) <= 63 && is_made_of(text, strlen(text), ALNUM, ALNUM "-_."));
}

/* "app", "app.kubernetes.io/name". */
static bool is_key(struct arena *a, const char *text)
{
    const char *slash = strchr(text, '/'), *name = slash ? slash + 1 : text;

    if (slash && !is_name(arena_strndup(a, text, (size_t)(slash - text))))
        return false;
    return *name && is_label_value(name);
}

/* "25%". */
static bool is_percent(const char *text, int64_t max)
{
    const size_t digits = strspn(text, "0123456789");
    int64_t value = 0;

    if (digits == 0 || digits > 9 || strcmp(text + digits, "%") != 0)
        return false;
    for (size_t i = 0; i < digits; i++)
        value = value * 10 + (text[i] - '0');
    return value <= max;
}

/* --- one value -------------------------------------------------------------------------------- */

static const struct text_form {
    bool (*fits)(const char *text);
    const char *wanted;
} text_forms[] = {
    [NAME] = {is_name, "must be a name of lower-case letters, digits, - and ."},
    [LABEL] = {is_label, "must be a name of at most 63 lower-case letters, digits and -"},
    [PORT_NAME] = {is_port_name, "must be a name of at most 15 lower-case letters, digits and -, "
                                 "with a letter among them"},
};

static const char *wrong_text(const struct demand *d, const char *text)
{
    if (!text)
        return "must be text: put it in quotes";
    if (d->form == TEXT || !*text)
        return NULL;
    return text_forms[d->form].fits(text) ? NULL : text_forms[d->form].wanted;
}

static bool is_within(const struct demand *d, const cJSON *v)
{
    const int64_t value = json_i64(v, "", INT64_MIN);

    return value >= d->min && value <= d->max;
}

static const char *wrong_number(struct arena *a, const struct demand *d, const cJSON *v)
{
    if (is_within(d, v))
        return NULL;
    return arena_printf(a, "must be a whole number from %lld to %lld", (long long)d->min,
                        (long long)d->max);
}

/* The bound of a share is one of its percentage: as a number it has none. */
static const char *wrong_share(const struct demand *d, const cJSON *v)
{
    const char *text = json_str(v, "");
    const int64_t number = json_i64(v, "", -1);

    if (text ? is_percent(text, d->max) : number >= 0 && number <= INT32_MAX)
        return NULL;
    return d->max == 100 ? "must be a number of pods or a percentage up to 100%: write 1 or 25%"
                         : "must be a number of pods or a percentage: write 1 or 25%";
}

static const char *wrong_port(const struct demand *d, const cJSON *v)
{
    const char *text = json_str(v, "");

    if (text ? !*text || is_port_name(text) : is_within(d, v))
        return NULL;
    return "must be a port from 1 to 65535 or the name of one: write 8080 or http";
}

static const char *wrong_word(struct arena *a, const struct demand *d, const cJSON *v)
{
    const char *text = json_str(v, ""), *all = "";

    for (size_t i = 0; d->words[i]; i++) {
        if (text && (!*text || strcmp(text, d->words[i]) == 0))
            return NULL;
        all = arena_printf(a, "%s%s%s", all,
                           i == 0            ? ""
                           : d->words[i + 1] ? ", "
                                             : " or ",
                           d->words[i]);
    }
    return arena_printf(a, "must be %s", all);
}

const char *demand_wrong(struct arena *a, const struct demand *d, const cJSON *v)
{
    switch (d->form) {
    case OBJECT:
    case TEXTS:
    case LABELS:
        return json_is_object(v) ? NULL : "must be an object: write its fields below it";
    case LIST:
        if (json_is_list(v))
            return d->min && !json_first(v) ? "has no entry: add one, or leave it out" : NULL;
        return "must be a list: start each entry with a dash";
    case FLAG:
        return json_is_flag(v) ? NULL : "must be true or false";
    case NUMBER:
        return wrong_number(a, d, v);
    case SHARE:
        return wrong_share(d, v);
    case PORT:
        return wrong_port(d, v);
    case WORD:
        return wrong_word(a, d, v);
    case TEXT:
    case NAME:
    case LABEL:
    case PORT_NAME:
    default:
        return wrong_text(d, json_str(v, ""));
    }
}

const char *demand_wrong_pair(struct arena *a, const struct demand *d, const cJSON *pair)
{
    const char *value = json_str(pair, "");

    if (!is_key(a, pair->string))
        return "its key must be a name of at most 63 letters, digits, -, _ and ., with a domain "
               "and / before it or without";
    if (!value)
        return json_is_null(pair) && !d->min ? NULL : "must be text: put it in quotes";
    if (d->form == LABELS && !is_label_value(value))
        return "must be at most 63 letters, digits, -, _ and .: a label takes no other text";
    return NULL;
}

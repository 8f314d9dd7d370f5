/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_meaning.c - unquoted text as kubectl reads it (sigs.k8s.io/yaml, which is YAML 1.1 with
 * octal 0644 and yes/no, but without base 60 and with timestamps as strings). */
#include "scan.h"
#include "yaml_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longer text is a string: json_parse takes no number over 63 bytes either. */
#define NUMBER_TEXT_MAX 63

struct word {
    const char *text;
    enum yaml_meaning meaning;
    const char *json;
};

static const struct word words[] = {
    {"", YAML_MEANS_NULL, "null"},       {"~", YAML_MEANS_NULL, "null"},
    {"null", YAML_MEANS_NULL, "null"},   {"Null", YAML_MEANS_NULL, "null"},
    {"NULL", YAML_MEANS_NULL, "null"},   {"true", YAML_MEANS_BOOL, "true"},
    {"True", YAML_MEANS_BOOL, "true"},   {"TRUE", YAML_MEANS_BOOL, "true"},
    {"yes", YAML_MEANS_BOOL, "true"},    {"Yes", YAML_MEANS_BOOL, "true"},
    {"YES", YAML_MEANS_BOOL, "true"},    {"y", YAML_MEANS_BOOL, "true"},
    {"Y", YAML_MEANS_BOOL, "true"},      {"on", YAML_MEANS_BOOL, "true"},
    {"On", YAML_MEANS_BOOL, "true"},     {"ON", YAML_MEANS_BOOL, "true"},
    {"false", YAML_MEANS_BOOL, "false"}, {"False", YAML_MEANS_BOOL, "false"},
    {"FALSE", YAML_MEANS_BOOL, "false"}, {"no", YAML_MEANS_BOOL, "false"},
    {"No", YAML_MEANS_BOOL, "false"},    {"NO", YAML_MEANS_BOOL, "false"},
    {"n", YAML_MEANS_BOOL, "false"},     {"N", YAML_MEANS_BOOL, "false"},
    {"off", YAML_MEANS_BOOL, "false"},   {"Off", YAML_MEANS_BOOL, "false"},
    {"OFF", YAML_MEANS_BOOL, "false"},   {".nan", YAML_MEANS_NOT_FINITE, ""},
    {".NaN", YAML_MEANS_NOT_FINITE, ""}, {".NAN", YAML_MEANS_NOT_FINITE, ""},
};

static const struct word *find_word(const char *s, size_t len)
{
    for (size_t i = 0; i < COUNT(words); i++)
        if (strlen(words[i].text) == len && memcmp(words[i].text, s, len) == 0)
            return &words[i];
    return NULL;
}

static bool is_infinite(const char *s)
{
    static const char *const names[] = {".inf", ".Inf", ".INF"};

    s += *s == '+' || *s == '-';
    for (size_t i = 0; i < COUNT(names); i++)
        if (strcmp(s, names[i]) == 0)
            return true;
    return false;
}

static const char *over_digits(const char *s)
{
    while (*s >= '0' && *s <= '9')
        s++;
    return s;
}

/* [-+]? ( .[0-9]+ | [0-9]+ (.[0-9]*)? ) ([eE][-+]?[0-9]+)? */
static bool looks_float(const char *s)
{
    const char *start;

    s += *s == '+' || *s == '-';
    start = s;
    s = over_digits(s);
    if (*s == '.') {
        const bool need = s == start;
        start = s + 1;
        s = over_digits(start);
        if (need && s == start)
            return false;
    } else if (s == start) {
        return false;
    }
    if (*s == 'e' || *s == 'E') {
        s++;
        s += *s == '+' || *s == '-';
        start = s;
        s = over_digits(s);
        if (s == start)
            return false;
    }
    return *s == '\0';
}

/* The base that the text's start names; `*s` moves over the name. */
static unsigned base_of(const char **s)
{
    static const struct {
        char letter;
        unsigned base;
    } bases[] = {{'x', 16}, {'o', 8}, {'b', 2}};

    if (**s != '0' || (*s)[1] == '\0')
        return 10;
    for (size_t i = 0; i < COUNT(bases); i++) {
        if (((*s)[1] | 0x20) == bases[i].letter) {
            *s += 2;
            return bases[i].base;
        }
    }
    (*s)++;
    return 8;
}

static unsigned digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

/* Integers from -2^63 to 2^64-1, in any base. */
static bool read_int(const char *s, bool *negative, uint64_t *value)
{
    uint64_t v = 0;
    unsigned base;

    *negative = *s == '-';
    s += *s == '+' || *s == '-';
    base = base_of(&s);
    if (!*s)
        return false;
    for (; *s; s++) {
        const unsigned digit = digit_of(*s);
        if (digit >= base || v > (UINT64_MAX - digit) / base)
            return false;
        v = v * base + digit;
    }
    *value = v;
    return !*negative || v <= (uint64_t)INT64_MAX + 1;
}

static void add(struct strbuf *json, const char *text)
{
    if (json)
        strbuf_adds(json, text);
}

static enum yaml_meaning number(const char *s, struct strbuf *json)
{
    const char *const end = s + strlen(s);
    const double value = strtod(s, NULL);
    char text[48];
    bool negative;
    uint64_t whole;

    if (scan_number(s, end) == end && !isinf(value)) { /* as it came */
        add(json, s);
        return strpbrk(s, ".eE") ? YAML_MEANS_FLOAT : YAML_MEANS_INT;
    }
    if (read_int(s, &negative, &whole)) {
        snprintf(text, sizeof(text), "%s%llu", negative && whole ? "-" : "",
                 (unsigned long long)whole);
        add(json, text);
        return YAML_MEANS_INT;
    }
    if (!looks_float(s) || isinf(value))
        return YAML_MEANS_STRING;
    snprintf(text, sizeof(text), "%.17g", value);
    add(json, text);
    return YAML_MEANS_FLOAT;
}

enum yaml_meaning yaml_meaning(const char *s, size_t len, struct strbuf *json)
{
    const struct word *word = find_word(s, len);
    char text[NUMBER_TEXT_MAX + 1];
    size_t n = 0;

    if (word) {
        add(json, word->json);
        return word->meaning;
    }
    if (len > NUMBER_TEXT_MAX || !memchr("0123456789+-.", s[0], 13))
        return YAML_MEANS_STRING;
    for (size_t i = 0; i < len; i++)
        if (s[i] != '_' || s[0] == '.')
            text[n++] = s[i];
    text[n] = '\0';
    return is_infinite(text) ? YAML_MEANS_NOT_FINITE : number(text, json);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* select.c - label and field selectors, as text. */
#include "parts.h"

#include <ctype.h>
#include <string.h>

#define TERM_MAX 512

enum term_op { OP_HAS, OP_HAS_NOT, OP_IN, OP_NOT_IN };
struct term {
    enum term_op op;
    char key[TERM_MAX], values[TERM_MAX]; /* values: between commas, "," at both ends */
};

/* ---- reading --------------------------------------------------------------------------------- */

static bool put(char out[static TERM_MAX], const char *p, size_t len)
{
    while (len > 0 && *p == ' ') {
        p++;
        len--;
    }
    while (len > 0 && p[len - 1] == ' ')
        len--;
    if (len + 3 > TERM_MAX)
        return false;
    memcpy(out, p, len);
    out[len] = '\0';
    return true;
}

/* "x, y" as ",x,y,". */
static bool put_values(char out[static TERM_MAX], const char *p, size_t len)
{
    size_t n = 0;

    if (len + 3 > TERM_MAX)
        return false;
    out[n++] = ',';
    for (size_t i = 0; i < len; i++) {
        if (p[i] != ' ')
            out[n++] = p[i];
    }
    out[n++] = ',';
    out[n] = '\0';
    return true;
}

static bool read_set(const char *p, size_t len, const char *word, enum term_op op, struct term *t)
{
    const char *at = memmem(p, len, word, strlen(word)), *open, *close;

    if (!at)
        return false;
    open = memchr(at, '(', len - (size_t)(at - p));
    close = open ? memchr(open, ')', len - (size_t)(open - p)) : NULL;
    t->op = op;
    return close && put(t->key, p, (size_t)(at - p)) &&
           put_values(t->values, open + 1, (size_t)(close - open - 1));
}

static bool read_term(const char *p, size_t len, struct term *t)
{
    const char *equal = memchr(p, '=', len);
    size_t key;

    if (memchr(p, '(', len))
        return read_set(p, len, " notin ", OP_NOT_IN, t) || read_set(p, len, " in ", OP_IN, t);
    if (!equal) {
        t->op = *p == '!' ? OP_HAS_NOT : OP_HAS;
        return put(t->key, p + (*p == '!'), len - (*p == '!')) && t->key[0];
    }
    key = (size_t)(equal - p);
    t->op = key > 0 && equal[-1] == '!' ? OP_NOT_IN : OP_IN;
    equal += equal + 1 < p + len && equal[1] == '=';
    return put(t->key, p, key - (t->op == OP_NOT_IN)) &&
           put_values(t->values, equal + 1, len - (size_t)(equal + 1 - p));
}

/* Up to the next comma outside of brackets. */
static size_t term_len(const char *p)
{
    bool inside = false;
    size_t n = 0;

    for (; p[n] && (inside || p[n] != ','); n++)
        inside = p[n] == '(' || (inside && p[n] != ')');
    return n;
}

/* ---- asking ---------------------------------------------------------------------------------- */

static bool among(const char *value, const char *values)
{
    char wanted[TERM_MAX];
    const size_t len = value ? strlen(value) : 0;

    if (!value || len + 3 > TERM_MAX)
        return false;
    put_values(wanted, value, len);
    return strstr(values, wanted) != NULL;
}

static bool holds(const struct term *t, const char *value)
{
    switch (t->op) {
    case OP_HAS:
        return value != NULL;
    case OP_HAS_NOT:
        return value == NULL;
    case OP_IN:
        return among(value, t->values);
    case OP_NOT_IN:
    default:
        return !among(value, t->values);
    }
}

static const char *label_of(const cJSON *doc, const char *key)
{
    return json_str(json_key(json_at(doc, "metadata.labels"), key), "");
}

/* Core Events call "regarding" by another name. */
static const char *field_of(const cJSON *doc, const char *key)
{
    static const char old_name[] = "involvedObject.";
    struct arena a;
    const char *value;

    if (strncmp(key, old_name, sizeof old_name - 1) != 0)
        value = json_str(doc, key);
    else {
        arena_init(&a);
        value = json_str(doc, arena_printf(&a, "regarding.%s", key + sizeof old_name - 1));
        arena_release(&a);
    }
    return value ? value : "";
}

static bool all_hold(const char *text, const cJSON *doc, bool fields)
{
    while (text && *text) {
        const size_t len = term_len(text);
        struct term t;

        if (!read_term(text, len, &t) ||
            !holds(&t, fields ? field_of(doc, t.key) : label_of(doc, t.key)))
            return false;
        text += len + (text[len] == ',');
    }
    return true;
}

bool select_matches(const struct selector_text *s, const cJSON *doc)
{
    return all_hold(s->labels, doc, false) && all_hold(s->fields, doc, true);
}

static bool readable(const char *text)
{
    while (text && *text) {
        const size_t len = term_len(text);
        struct term t;

        if (!read_term(text, len, &t))
            return false;
        text += len + (text[len] == ',');
    }
    return true;
}

/* A label's key and values are words; nothing else could match. */
static bool is_word(const char *p, size_t len, const char *more)
{
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)p[i]) && !strchr(more, p[i]))
            return false;
    }
    return true;
}

static bool labels_readable(const char *text)
{
    const size_t all = text ? strlen(text) : 0;

    if (all && text[all - 1] == ',')
        return false;
    while (text && *text) {
        const size_t len = term_len(text);
        struct term t;

        if (!read_term(text, len, &t) || !*t.key || !is_word(t.key, strlen(t.key), "-_./") ||
            ((t.op == OP_IN || t.op == OP_NOT_IN) && !is_word(t.values, strlen(t.values), "-_.,")))
            return false;
        text += len + (text[len] == ',');
    }
    return true;
}

/* Few members can be selected by: every kind's name, and what some kinds have besides. */
static bool field_known(const struct call *c, const char *key)
{
    static const struct {
        const char *kind, *begin;
    } more[] = {{"Pod", "spec.nodeName"},
                {"Pod", "spec.restartPolicy"},
                {"Pod", "status.phase"},
                {"Pod", "status.podIP"},
                {"Event", "involvedObject."},
                {"Event", "regarding."},
                {"Event", "reason"},
                {"Event", "type"},
                {"Event", "source"},
                {"Event", "reportingController"},
                {"Namespace", "status.phase"},
                {"Secret", "type"},
                {"ReplicaSet", "status.replicas"}};

    for (size_t i = 0; i < COUNT(more); i++) {
        if (str_equal(more[i].kind, c->kind->kind) &&
            strncmp(key, more[i].begin, strlen(more[i].begin)) == 0)
            return true;
    }
    return str_equal(key, "metadata.name") || str_equal(key, "metadata.namespace");
}

static bool fields_known(const struct call *c, const char *text)
{
    while (text && *text) {
        const size_t len = term_len(text);
        struct term t;

        if (!read_term(text, len, &t) || t.op == OP_HAS || t.op == OP_HAS_NOT ||
            !field_known(c, t.key))
            return false;
        text += len + (text[len] == ',');
    }
    return true;
}

bool select_valid(struct call *c, const struct selector_text *s)
{
    if (!labels_readable(s->labels))
        return call_refuse(c, 400, "BadRequest", "unable to parse requirement: %s", s->labels);
    if (!readable(s->fields) || !fields_known(c, s->fields))
        return call_refuse(c, 400, "BadRequest", "invalid field selector: %s", s->fields);
    return true;
}

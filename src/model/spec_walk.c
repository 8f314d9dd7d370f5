/* SPDX-License-Identifier: Apache-2.0 */
#include "read.h"
#include "sluice/json/jfmt.h"
#include "spec.h"

#include <stdlib.h>
#include <string.h>

#define PATH_BYTES_MAX  1024
#define VALUE_SHOWN_MAX 60

/* ---- paths ----------------------------------------------------------------------------------- */

struct path_mark enter(struct checker *c, const char *key)
{
    const struct path_mark mark = {c->path.len, c->at.len};

    strbuf_addf(&c->path, "%s%.80s", c->path.len ? "." : "", key);
    strbuf_addf(&c->at, "%s%.80s", c->at.len ? "." : "", key);
    return mark;
}

struct path_mark enter_item(struct checker *c, const cJSON *item, size_t i, const char *merge_key)
{
    const struct path_mark mark = {c->path.len, c->at.len};
    const char *name = merge_key ? json_str(json_key(item, merge_key), "") : NULL;

    if (name && format_fits(&format_label, name))
        strbuf_addf(&c->path, "[%s=%s]", merge_key, name);
    else
        strbuf_addf(&c->path, "[%zu]", i);
    strbuf_addf(&c->at, "[%zu]", i);
    return mark;
}

static void cut_to(struct strbuf *b, size_t len)
{
    if (b->p) {
        b->len = len;
        b->p[len] = '\0';
    }
    b->overflow = false;
}

void leave(struct checker *c, struct path_mark mark)
{
    cut_to(&c->path, mark.path);
    cut_to(&c->at, mark.at);
}

/* ---- findings -------------------------------------------------------------------------------- */

bool json_is(const cJSON *o, int type)
{
    return o && (o->type & 0xff) == type;
}

/* The most whole characters within `max` bytes of `s`, which is longer, and UTF-8. */
static int within(const char *s, int max)
{
    while ((s[max] & 0xc0) == 0x80)
        max--;
    return max;
}

const char *value_shown(struct arena *a, const cJSON *node)
{
    auto_strbuf struct strbuf out = {.max = SIZE_MAX / 2};
    const char *text = json_str(node, "");

    if (text) {
        json_quote(&out, text);
        if (out.len <= VALUE_SHOWN_MAX)
            return arena_strndup(a, out.p, out.len);
        return arena_printf(a, "%.*s...", within(out.p, VALUE_SHOWN_MAX - 3), out.p);
    }
    if (json_is(node, cJSON_Number)) {
        const char *whole = json_int_or_str(a, node, "");

        return whole ? whole : arena_printf(a, "%.15g", node->valuedouble);
    }
    if (json_is(node, cJSON_True) || json_is(node, cJSON_False))
        return json_is(node, cJSON_True) ? "true" : "false";
    return NULL;
}

static void note_text(struct checker *c, const char *rule, const cJSON *node, bool warning,
                      const char *message)
{
    if (c->count == FINDINGS_MAX)
        return;
    c->noted[c->count] = (struct noted){
        .finding = {.rule = rule,
                    .path = arena_strdup(c->a, strbuf_str(&c->path)),
                    .at = arena_strdup(c->a, strbuf_str(&c->at)),
                    .value = value_shown(c->a, node),
                    .message = message,
                    .warning = warning},
        .node = node,
        .rank = c->count, /* those of one place stay in this order */
    };
    c->count++;
}

void note(struct checker *c, const char *rule, const cJSON *node, const char *fmt, ...)
{
    auto_strbuf struct strbuf text = {.max = SIZE_MAX / 2};
    va_list ap;

    va_start(ap, fmt);
    strbuf_vaddf(&text, fmt, ap);
    va_end(ap);
    note_text(c, rule, node, false, arena_strndup(c->a, strbuf_str(&text), text.len));
}

void note_warning(struct checker *c, const char *rule, const cJSON *node, const char *fmt, ...)
{
    auto_strbuf struct strbuf text = {.max = SIZE_MAX / 2};
    va_list ap;

    va_start(ap, fmt);
    strbuf_vaddf(&text, fmt, ap);
    va_end(ap);
    note_text(c, rule, node, true, arena_strndup(c->a, strbuf_str(&text), text.len));
}

/* ---- objects --------------------------------------------------------------------------------- */

static const struct spec_field *field_of(const struct spec_shape *shape, const char *key)
{
    for (size_t i = 0; i < shape->count; i++) {
        if (str_equal(shape->fields[i].key, key))
            return &shape->fields[i];
    }
    return NULL;
}

static void note_unknown(struct checker *c, const struct spec_shape *shape, const cJSON *item)
{
    const char *keys[64];
    const char *meant;
    size_t n = 0;

    for (size_t i = 0; i < shape->count && n < COUNT(keys); i++) {
        if (shape->fields[i].kind != F_RESERVED)
            keys[n++] = shape->fields[i].key;
    }
    meant = did_you_mean(item->string, keys, n);
    if (meant)
        note(c, "unknown", item, "no such field: correct it (did you mean \"%s\"?)", meant);
    else
        note(c, "unknown", item, "no such field: remove it");
}

static void note_stranger(struct checker *c, const struct spec_shape *shape,
                          const struct spec_field *f, const cJSON *item)
{
    const struct path_mark mark = enter(c, item->string);

    if (f)
        note(c, "reserved", item, "this comes with a later version of Sluice: remove it");
    else
        note_unknown(c, shape, item);
    if (!c->unknown_field)
        c->unknown_field = arena_strdup(c->a, strbuf_str(&c->path));
    leave(c, mark);
}

static void walk_list(struct checker *c, const cJSON *list, const struct spec_field *f, char *base);

static void walk_field(struct checker *c, const cJSON *item, const struct spec_field *f, char *base)
{
    const struct path_mark mark = enter(c, f->key);

    if (f->kind == F_OBJECT)
        checker_walk(c, item, f->shape, base);
    else if (f->kind == F_LIST)
        walk_list(c, item, f, base);
    else if (f->kind == F_NAMES)
        spec_names(c, item, f, base);
    else
        spec_value(c, item, f, base + f->at);
    leave(c, mark);
}

static size_t walk_members(struct checker *c, const cJSON *o, const struct spec_shape *shape,
                           char *base)
{
    size_t members = 0;

    JSON_EACH(item, o) {
        const struct spec_field *f = field_of(shape, item->string);

        if (!f || f->kind == F_RESERVED) {
            note_stranger(c, shape, f, item);
            members++;
        } else if (!json_is(item, cJSON_NULL)) {
            walk_field(c, item, f, base);
            members++;
        }
    }
    return members;
}

static void need_required(struct checker *c, const cJSON *o, const struct spec_shape *shape)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct spec_field *f = &shape->fields[i];
        struct path_mark mark;

        if (!f->required || json_key(o, f->key))
            continue;
        mark = enter(c, f->key);
        note(c, "required", o, "%s is required: add it", f->key);
        leave(c, mark);
    }
}

/* Those of later versions count too: they were refused by name already. */
static void need_choice(struct checker *c, const cJSON *o, const struct spec_shape *shape)
{
    size_t n = 0;

    for (size_t i = 0; i < shape->count; i++)
        n += shape->fields[i].choice && json_key(o, shape->fields[i].key);
    if (n != 1)
        note(c, shape->choice, o, "%s", validate_rule_message(shape->choice));
}

void checker_walk(struct checker *c, const cJSON *o, const struct spec_shape *shape, void *base)
{
    size_t members;

    for (size_t i = 0; i < shape->count; i++)
        spec_default(&shape->fields[i], (char *)base + shape->fields[i].at);
    if (!json_is(o, cJSON_Object)) {
        note(c, "type", o, "must be an object: write its fields below it");
        return;
    }
    members = walk_members(c, o, shape, base);
    if (!members && shape->empty)
        note(c, "empty", o, "%s", shape->empty);
    need_required(c, o, shape);
    if (shape->choice)
        need_choice(c, o, shape);
    if (shape->derive)
        shape->derive(c, o, base);
    rules_run(c, shape->name, o);
}

/* ---- lists ----------------------------------------------------------------------------------- */

static void note_count(struct checker *c, const cJSON *list, const struct spec_field *f, size_t n)
{
    if ((int64_t)n < f->min)
        note(c, "range", list, "needs at least %d: add one, or leave %s out", (int)f->min, f->key);
    if (f->max && (int64_t)n > f->max)
        note(c, "range", list, "takes at most %d: %zu are too many", (int)f->max, n);
}

static bool seen_before(const cJSON *list, const cJSON *until, const char *key, const char *name)
{
    for (const cJSON *item = list->child; name && item != until; item = item->next) {
        const char *other = json_str(json_key(item, key), "");

        if (other && str_equal(other, name))
            return true;
    }
    return false;
}

static void walk_entry(struct checker *c, const cJSON *list, const cJSON *item,
                       const struct spec_field *f, char *to)
{
    const char *key = f->shape->merge_key;
    const char *name = key ? json_str(json_key(item, key), "") : NULL;

    checker_walk(c, item, f->shape, to);
    if (seen_before(list, item, key, name)) {
        const struct path_mark mark = enter(c, key);

        note(c, "duplicate", json_key(item, key), "stands twice: every %s is given once", key);
        leave(c, mark);
    }
}

static void walk_list(struct checker *c, const cJSON *list, const struct spec_field *f, char *base)
{
    const size_t n = json_count(list);
    const size_t kept = f->max ? (size_t)min_i64((int64_t)n, f->max) : n;
    char *entries;
    size_t i = 0;

    if (!json_is(list, cJSON_Array)) {
        note(c, "type", list, "must be a list: start each entry with a dash");
        return;
    }
    entries = arena_alloc(c->a, kept * f->shape->size + 1);
    note_count(c, list, f, n);
    for (const cJSON *item = list->child; i < kept; item = item->next) {
        const struct path_mark mark = enter_item(c, item, i, f->shape->merge_key);

        walk_entry(c, list, item, f, entries + i++ * f->shape->size);
        leave(c, mark);
    }
    memcpy(base + f->at, &entries, sizeof(entries));
    memcpy(base + f->count_at, &i, sizeof(i));
}

/* ---- a whole pass ---------------------------------------------------------------------------- */

void checker_init(struct checker *c, struct arena *a, const char *path)
{
    *c = (struct checker){.a = a};
    strbuf_init(&c->path, PATH_BYTES_MAX);
    strbuf_init(&c->at, PATH_BYTES_MAX);
    strbuf_adds(&c->path, path);
    strbuf_adds(&c->at, path);
}

static void rank_findings(struct checker *c, const cJSON *o, size_t *place)
{
    ++*place;
    for (size_t i = 0; i < c->count; i++) {
        if (c->noted[i].node == o)
            c->noted[i].rank += *place * FINDINGS_MAX;
    }
    JSON_EACH(item, o)
        rank_findings(c, item, place); /* as deep as json_parse lets through */
}

static int by_rank(const void *a, const void *b)
{
    const struct noted *x = a, *y = b;

    return x->rank < y->rank ? -1 : x->rank > y->rank;
}

size_t checker_finish(struct checker *c, const cJSON *doc, bool errors_only,
                      const struct finding **findings)
{
    struct finding *out = ARENA_ARRAY(c->a, struct finding, c->count + 1);
    size_t n = 0, place = 0;

    if (c->count > 0)
        rank_findings(c, doc, &place);
    if (c->count > 1)
        qsort(c->noted, c->count, sizeof(c->noted[0]), by_rank);
    for (size_t i = 0; i < c->count; i++) {
        if (!errors_only || !c->noted[i].finding.warning)
            out[n++] = c->noted[i].finding;
    }
    strbuf_release(&c->path);
    strbuf_release(&c->at);
    *findings = out;
    return n;
}

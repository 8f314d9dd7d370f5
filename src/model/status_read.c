/* SPDX-License-Identifier: Apache-2.0 */
#include "read.h"
#include "sluice/json/jfmt.h"
#include "status.h"

#include <string.h>

/* A value as the tree has it and as the bytes it came in, in step. */
struct node {
    const cJSON *o;
    struct jslice raw;
};

static struct jslice raw_member(struct jslice object, const char *key)
{
    if (!object.p)
        return object;
    return json_slice(object.p, object.len, key);
}

static void read_shape(struct arena *a, struct node n, const struct status_shape *shape,
                       char *base);

/* ---- members we do not know ------------------------------------------------------------------ */

static const struct status_field *field_of(const struct status_shape *shape, const char *key)
{
    for (size_t i = 0; i < shape->count; i++) {
        if (str_equal(shape->fields[i].key, key))
            return &shape->fields[i];
    }
    return NULL;
}

/* ",'key':value" for each, as status_write adds them; an empty key cannot be sliced and goes. */
static void keep_unknown(struct arena *a, struct node n, const struct status_shape *shape,
                         char *base)
{
    auto_strbuf struct strbuf out = {.max = SIZE_MAX / 2};
    const char *text;

    if (shape->unknown_at == STATUS_NONE || !n.raw.p)
        return;
    JSON_EACH(item, n.o) {
        struct jslice raw;

        if (str_empty(item->string) || field_of(shape, item->string))
            continue;
        raw = raw_member(n.raw, item->string);
        if (!raw.p)
            continue;
        strbuf_addc(&out, ',');
        json_quote(&out, item->string);
        strbuf_addc(&out, ':');
        strbuf_add(&out, raw.p, raw.len);
    }
    if (out.len == 0)
        return;
    text = arena_strndup(a, out.p, out.len);
    memcpy(base + shape->unknown_at, &text, sizeof(text));
}

/* ---- lists ----------------------------------------------------------------------------------- */

struct list_reader {
    struct arena *a;
    const struct status_field *field;
    const cJSON *next;
    char *entries;
    int count;
};

static bool read_entry(struct jslice raw, void *arg)
{
    struct list_reader *r = arg;
    const struct status_shape *shape = r->field->shape;

    if (!r->next || r->count >= r->field->max)
        return false;
    read_shape(r->a, (struct node){r->next, raw}, shape,
               r->entries + (size_t)r->count * shape->size);
    r->count++;
    r->next = r->next->next;
    return true;
}

static void read_list(struct arena *a, struct node n, const struct status_field *f, char *base)
{
    struct list_reader r = {.a = a, .field = f, .next = n.o->child, .entries = base + f->at};

    if (n.raw.p) {
        json_slice_each(n.raw, read_entry, &r);
    } else {
        while (read_entry((struct jslice){0}, &r))
            ;
    }
    memcpy(base + f->count_at, &r.count, sizeof(r.count));
}

static void read_names(struct arena *a, const cJSON *list, const struct status_field *f, char *base)
{
    int count = 0;

    JSON_EACH(item, list) {
        const char *text = read_str(a, item, "");

        if (!text || count >= f->max)
            continue;
        memcpy(base + f->at + (size_t)count * sizeof(text), &text, sizeof(text));
        count++;
    }
    memcpy(base + f->count_at, &count, sizeof(count));
}

struct condition_reader {
    struct arena *a;
    const cJSON *next;
    const struct status_shape *shape;
    struct condition *conditions;
    struct strbuf unknown;
};

/* COND_COUNT when we do not know it. */
static int condition_index(const cJSON *condition)
{
    const char *type = json_str(condition, "type");
    int i = 0;

    while (i < COND_COUNT && !str_equal(condition_types[i], type))
        i++;
    return i;
}

static bool read_condition(struct jslice raw, void *arg)
{
    struct condition_reader *r = arg;
    const int i = condition_index(r->next);

    if (i < COND_COUNT) {
        read_shape(r->a, (struct node){r->next, raw}, r->shape, (char *)&r->conditions[i]);
        r->conditions[i].type = condition_types[i];
    } else if (raw.p) {
        strbuf_addc(&r->unknown, ',');
        strbuf_add(&r->unknown, raw.p, raw.len);
    }
    r->next = r->next->next;
    return r->next != NULL;
}

static void read_conditions(struct arena *a, struct node n, const struct status_field *f,
                            char *base)
{
    struct rollout_status *s = (struct rollout_status *)(void *)base;
    struct condition_reader r = {.a = a,
                                 .next = n.o->child,
                                 .shape = f->shape,
                                 .conditions = s->conditions,
                                 .unknown = {.max = SIZE_MAX / 2}};

    if (r.next && n.raw.p) {
        json_slice_each(n.raw, read_condition, &r);
    } else if (r.next) {
        while (read_condition((struct jslice){0}, &r))
            ;
    }
    if (r.unknown.len > 0)
        s->unknown_conditions = arena_strndup(a, r.unknown.p, r.unknown.len);
    strbuf_release(&r.unknown);
}

/* ---- values ---------------------------------------------------------------------------------- */

static void put_word(const cJSON *o, const struct status_field *f, char *to)
{
    const char *text = json_str(o, "");

    for (unsigned i = 0; text && f->words[i]; i++) {
        if (str_equal(f->words[i], text))
            memcpy(to, &i, sizeof(i));
    }
}

static void read_object(struct arena *a, struct node n, const struct status_field *f, char *base)
{
    const bool here = true;

    read_shape(a, n, f->shape, base);
    if (f->shape->flag_at != STATUS_NONE)
        memcpy(base + f->shape->flag_at, &here, sizeof(here));
}

static void read_scalar(struct arena *a, const cJSON *o, const struct status_field *f, char *to)
{
    const char *text = f->kind == S_STR ? read_str(a, o, "") : NULL;
    const int64_t number =
        f->kind == S_TIME || f->kind == S_SECOND ? read_time(o, "") : json_i64(o, "", 0);
    const int32_t whole = read_i32(o, "", 0);
    const int32_t small = f->max ? (int32_t)clamp_i64(whole, 0, f->max) : whole;
    const bool flag = json_bool(o, "", false);

    if (f->kind == S_STR)
        memcpy(to, &text, sizeof(text));
    else if (f->kind == S_BOOL)
        memcpy(to, &flag, sizeof(flag));
    else if (f->kind == S_WORD)
        put_word(o, f, to);
    else if (f->kind == S_I32 || f->kind == S_STEP)
        memcpy(to, &small, sizeof(small));
    else
        memcpy(to, &number, sizeof(number));
}

static void read_field(struct arena *a, struct node n, const struct status_field *f, char *base)
{
    const bool array = n.o && (n.o->type & 0xff) == cJSON_Array;
    const bool object = n.o && (n.o->type & 0xff) == cJSON_Object;

    if (!n.o && f->kind == S_STEP)
        memcpy(base + f->at, &(int){-1}, sizeof(int));
    if (!n.o)
        return;
    if (f->kind == S_OBJECT) {
        if (object)
            read_object(a, n, f, base);
    } else if (f->kind == S_LIST || f->kind == S_NAMES || f->kind == S_CONDITIONS) {
        if (!array)
            return;
        if (f->kind == S_LIST)
            read_list(a, n, f, base);
        else if (f->kind == S_NAMES)
            read_names(a, n.o, f, base);
        else
            read_conditions(a, n, f, base);
    } else {
        read_scalar(a, n.o, f, base + f->at);
    }
}

static void read_shape(struct arena *a, struct node n, const struct status_shape *shape, char *base)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct status_field *f = &shape->fields[i];

        read_field(a, (struct node){json_key(n.o, f->key), raw_member(n.raw, f->key)}, f, base);
    }
    keep_unknown(a, n, shape, base);
}

/* ---- whether the bytes are wanted ------------------------------------------------------------ */

static bool any_unknown(const cJSON *o, const struct status_shape *shape);

static bool any_unknown_below(const cJSON *o, const struct status_field *f)
{
    bool any = false;

    if (f->kind == S_OBJECT)
        return any_unknown(o, f->shape);
    if (f->kind != S_LIST && f->kind != S_CONDITIONS)
        return false;
    JSON_EACH(entry, o)
        any = any || any_unknown(entry, f->shape) ||
              (f->kind == S_CONDITIONS && condition_index(entry) == COND_COUNT);
    return any;
}

/* Are there members or conditions that we do not know? Only those are kept as bytes. */
static bool any_unknown(const cJSON *o, const struct status_shape *shape)
{
    JSON_EACH(item, o) {
        const struct status_field *f = item->string ? field_of(shape, item->string) : NULL;

        if (!f || any_unknown_below(item, f))
            return true;
    }
    return false;
}

void status_read_raw(struct arena *a, const cJSON *status, struct jslice raw,
                     struct rollout_status *out)
{
    *out = (struct rollout_status){0};
    if (!any_unknown(status, &status_shape))
        raw = (struct jslice){0};
    read_shape(a, (struct node){status, raw}, &status_shape, (char *)out);
}

void status_read(struct arena *a, const cJSON *status, struct rollout_status *out)
{
    status_read_raw(a, status, (struct jslice){0}, out);
}

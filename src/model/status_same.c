/* SPDX-License-Identifier: Apache-2.0 */
/* status_same.c - two statuses compared as values, along the table they are written by. */
#include "sluice/base/clock.h"
#include "status.h"

#include <string.h>

static bool same_shape(const struct status_shape *shape, const char *a, const char *b);

static const char *text_at(const char *from)
{
    const char *text = NULL;

    memcpy(&text, from, sizeof(text));
    return text;
}

static int64_t wide_at(const char *from)
{
    int64_t value = 0;

    memcpy(&value, from, sizeof(value));
    return value;
}

static int32_t small_at(const char *from)
{
    int32_t value = 0;

    memcpy(&value, from, sizeof(value));
    return value;
}

static bool flag_at(const char *from)
{
    bool value = false;

    memcpy(&value, from, sizeof(value));
    return value;
}

static bool same_list(const struct status_field *f, const char *a, const char *b)
{
    const int count = small_at(a + f->count_at);
    const size_t size = f->shape ? f->shape->size : sizeof(char *);
    bool same = count == small_at(b + f->count_at);

    for (int i = 0; same && i < count && i < f->max; i++) {
        const char *x = a + f->at + (size_t)i * size, *y = b + f->at + (size_t)i * size;
        same = f->shape ? same_shape(f->shape, x, y) : str_equal(text_at(x), text_at(y));
    }
    return same;
}

static bool same_conditions(const struct status_field *f, const char *a, const char *b)
{
    const struct rollout_status *x = (const struct rollout_status *)(const void *)a;
    const struct rollout_status *y = (const struct rollout_status *)(const void *)b;
    bool same = str_equal(x->unknown_conditions, y->unknown_conditions);

    for (int i = 0; same && i < COND_COUNT; i++)
        same =
            !x->conditions[i].type == !y->conditions[i].type &&
            same_shape(f->shape, (const char *)&x->conditions[i], (const char *)&y->conditions[i]);
    return same;
}

static bool same_object(const struct status_field *f, const char *a, const char *b)
{
    const size_t flag = f->shape->flag_at;

    if (flag != STATUS_NONE && flag_at(a + flag) != flag_at(b + flag))
        return false;
    return same_shape(f->shape, a, b);
}

static bool same_field(const struct status_field *f, const char *a, const char *b)
{
    switch (f->kind) {
    case S_STR:
        return str_equal(text_at(a + f->at), text_at(b + f->at));
    case S_I64:
    case S_TIME:
        return wide_at(a + f->at) == wide_at(b + f->at);
    case S_SECOND:
        return wide_at(a + f->at) / SECOND_MS == wide_at(b + f->at) / SECOND_MS;
    case S_I32:
    case S_STEP:
    case S_WORD:
        return small_at(a + f->at) == small_at(b + f->at);
    case S_BOOL:
        return flag_at(a + f->at) == flag_at(b + f->at);
    case S_OBJECT:
        return same_object(f, a, b);
    case S_LIST:
    case S_NAMES:
        return same_list(f, a, b);
    case S_CONDITIONS:
    default:
        return same_conditions(f, a, b);
    }
}

static bool same_shape(const struct status_shape *shape, const char *a, const char *b)
{
    const size_t unknown = shape->unknown_at;

    for (size_t i = 0; i < shape->count; i++)
        if (!same_field(&shape->fields[i], a, b))
            return false;
    return unknown == STATUS_NONE || str_equal(text_at(a + unknown), text_at(b + unknown));
}

bool status_same(const struct rollout_status *a, const struct rollout_status *b)
{
    return same_shape(&status_shape, (const char *)a, (const char *)b);
}

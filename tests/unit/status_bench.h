/* SPDX-License-Identifier: Apache-2.0 */
/* status_bench.h - a status that is read from text, and written until it says the same. */
#ifndef SLUICE_TESTS_UNIT_STATUS_BENCH_H
#define SLUICE_TESTS_UNIT_STATUS_BENCH_H

#include "../../src/model/status.h"
#include "model_lib.h"

#include <stdio.h>

static struct arena arena;

static inline int begin(void **state UNUSED)
{
    arena_init(&arena);
    return 0;
}

static inline int end(void **state UNUSED)
{
    arena_release(&arena);
    return 0;
}

static inline struct rollout_status read_text(const char *text)
{
    auto_object struct object o = object_of(text);
    struct rollout_status s;

    status_read_raw(&arena, o.doc, (struct jslice){o.text, o.len}, &s);
    return s;
}

/* Written, read and written again it is the same text. */
static inline const char *settled(const struct rollout_status *s)
{
    const char *once = status_write(&arena, s);
    const struct rollout_status back = read_text(once);

    CHECK_TEXT(status_write(&arena, &back), once, "written again");
    CHECK(strlen(once) <= STATUS_BYTES_MAX, "%zu bytes", strlen(once));
    return once;
}

/* `n` characters, others each time. */
static inline const char *text_of(int n)
{
    static unsigned count;
    char *text = arena_alloc(&arena, (size_t)n + 16);

    memset(text, 'x', (size_t)n);
    snprintf(text, (size_t)n + 1, "%04u", count++);
    if (n > 4)
        text[4] = 'x';
    return text;
}

#endif

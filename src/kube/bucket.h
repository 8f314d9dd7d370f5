/* SPDX-License-Identifier: Apache-2.0 */
/* bucket.h - a token bucket. Pure: time is an argument (monotonic ms). */
#ifndef SLUICE_KUBE_BUCKET_H
#define SLUICE_KUBE_BUCKET_H

#include "sluice/base/base.h"

struct bucket {
    int64_t per_s, burst; /* tokens */
    int64_t milli;        /* thousandths of a token that are there */
    int64_t filled_ms;
};

static inline void bucket_init(struct bucket *b, int64_t per_s, int64_t burst, int64_t now_ms)
{
    *b =
        (struct bucket){.per_s = per_s, .burst = burst, .milli = burst * 1000, .filled_ms = now_ms};
}

static inline void bucket_fill(struct bucket *b, int64_t now_ms)
{
    /* Beyond this the bucket is full anyway, and the product stays small. */
    const int64_t passed = clamp_i64(now_ms - b->filled_ms, 0, b->burst * 1000 / b->per_s + 1);

    b->milli = min_i64(b->milli + passed * b->per_s, b->burst * 1000);
    b->filled_ms = now_ms;
}

static inline bool bucket_take(struct bucket *b, int64_t now_ms)
{
    bucket_fill(b, now_ms);
    if (b->milli < 1000)
        return false;
    b->milli -= 1000;
    return true;
}

/* Until the next token is there; 0 when one is. */
static inline int64_t bucket_wait_ms(const struct bucket *b)
{
    return max_i64((1000 - b->milli + b->per_s - 1) / b->per_s, 0);
}

#endif

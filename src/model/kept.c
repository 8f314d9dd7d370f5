/* SPDX-License-Identifier: Apache-2.0 */
/* kept.c - a status without its zeros: which of its words are not, and those. */
#include "sluice/model/kept.h"

#include <string.h>

#define WORDS (sizeof(struct rollout_status) / sizeof(uint64_t))
#define MAPS  ((WORDS + 63) / 64)

static_assert(sizeof(struct rollout_status) % sizeof(uint64_t) == 0, "it is taken by words");

/* MAPS of bits, one for each word of the status, then the words whose bit is set. */
static size_t pack(const struct rollout_status *s, uint64_t words[static MAPS + WORDS])
{
    size_t n = MAPS;

    memset(words, 0, MAPS * sizeof(*words));
    for (size_t i = 0; i < WORDS; i++) {
        uint64_t word;
        memcpy(&word, (const char *)s + i * sizeof(word), sizeof(word));
        if (!word)
            continue;
        words[i / 64] |= UINT64_C(1) << i % 64;
        words[n++] = word;
    }
    return n;
}

void status_unpack(const struct kept_rollout *k, struct rollout_status *out)
{
    const uint64_t *word;

    memset(out, 0, sizeof(*out));
    if (!k->status)
        return;
    word = k->status + MAPS;
    for (size_t map = 0; map < MAPS; map++) {
        for (uint64_t bits = k->status[map]; bits; bits &= bits - 1) {
            const size_t i = map * 64 + (size_t)__builtin_ctzll(bits);
            memcpy((char *)out + i * sizeof(*word), word++, sizeof(*word));
        }
    }
}

const struct kept_rollout *rollout_read_kept(struct arena *a, const cJSON *o, const char *raw,
                                             size_t len)
{
    struct kept_rollout *k = ARENA_NEW(a, struct kept_rollout);
    uint64_t words[MAPS + WORDS];
    struct rollout r;
    size_t n;
    uint64_t *status;

    rollout_read_to(a, o, raw, len, &r);
    n = pack(&r.status, words);
    status = ARENA_ARRAY(a, uint64_t, n);
    memcpy(status, words, n * sizeof(*words));
    *k = (struct kept_rollout){
        .meta = r.meta,
        .has_finalizer = r.has_finalizer,
        .spec = r.spec,
        .findings = r.findings,
        .finding_count = r.finding_count,
        .status_mark = r.status_mark,
        .status = status,
    };
    return k;
}

void rollout_unpack(const struct kept_rollout *k, struct rollout *out)
{
    out->meta = k->meta;
    out->has_finalizer = k->has_finalizer;
    out->spec = k->spec;
    out->findings = k->findings;
    out->finding_count = k->finding_count;
    status_unpack(k, &out->status);
    out->status_mark = k->status_mark;
}

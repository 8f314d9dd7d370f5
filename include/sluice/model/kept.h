/* SPDX-License-Identifier: Apache-2.0 */
/* kept.h - a Rollout as a cache keeps it.
 *
 * A status has room for all that it may hold, 3.4 KiB of it, and uses a quarter at most times. So
 * what is kept by the thousand is packed, and unpacked, in a fraction of a microsecond, for whoever
 * looks at it. */
#ifndef SLUICE_MODEL_KEPT_H
#define SLUICE_MODEL_KEPT_H

#include "sluice/model/rollout.h"

struct kept_rollout { /* as in struct rollout */
    struct meta meta;
    bool has_finalizer;
    struct rollout_spec spec;
    const struct finding *findings;
    size_t finding_count;
    uint64_t status_mark;
    const uint64_t *status; /* packed; NULL: there is none */
};

/* Decodes and validates as rollout_read; never NULL. */
const struct kept_rollout *rollout_read_kept(struct arena *a, const cJSON *o, const char *raw,
                                             size_t len);
/* Texts and lists of `out` are borrowed from what `k` was read into. */
void rollout_unpack(const struct kept_rollout *k, struct rollout *out);
void status_unpack(const struct kept_rollout *k, struct rollout_status *out);

#endif

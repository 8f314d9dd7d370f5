/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.h - what the operator counts (C77). Private to src/ctl. Bounded labels only. */
#ifndef SLUICE_CTL_METRICS_H
#define SLUICE_CTL_METRICS_H

#include "sluice/kube/client.h"
#include "sluice/plan/plan.h"

#define HISTOGRAM_BUCKETS 9
extern const double histogram_bounds[HISTOGRAM_BUCKETS]; /* seconds; +Inf follows */

struct histogram {
    uint64_t buckets[HISTOGRAM_BUCKETS + 1];
    uint64_t count;
    double sum;
};
void histogram_add(struct histogram *h, int64_t took_ms);

struct metrics {
    uint64_t passes_ok, passes_failed;
    uint64_t writes[ACT_COUNT];
    uint64_t conflicts, unknown, refused;  /* writes */
    uint64_t looks, looks_failed, relooks; /* relooks: within a pass, the first was too old */
    uint64_t changed_minds; /* the live plan gave another action than the cached one */
    uint64_t barrier_waits, barrier_looks;
    uint64_t proofs, proofs_failed;
    struct histogram pass_time, look_time, queue_time;
    struct histogram reaction; /* from an event or a due time to the write that it led to */
    struct histogram requests[KUBE_VERB_COUNT];
};

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* lease_record.h - the Lease object: read, and written back with our fields changed and all
 * foreign ones (labels, owners, strategy) byte for byte as they came (C39, C65). */
#ifndef SLUICE_KUBE_LEASE_RECORD_H
#define SLUICE_KUBE_LEASE_RECORD_H

#include "sluice/base/arena.h"
#include "sluice/base/err.h"

struct lease_record {
    struct arena arena; /* owns all that follows */
    const char *holder; /* "" = nobody */
    int64_t duration_ms, transitions;
    const char *acquired;                    /* acquireTime as text */
    const char *spec;                        /* exact bytes: did it change (C67)? */
    const char *metadata;                    /* exact bytes, with the resourceVersion */
    const char *strategy, *preferred_holder; /* exact bytes, or NULL */
};

/* Replaces `r`; untouched on failure. */
bool lease_record_read(struct lease_record *r, const char *body, size_t len,
                       struct err *e) MUST_USE;
void lease_record_release(struct lease_record *r);

struct lease_claim {
    const char *holder;
    int64_t duration_s, transitions;
    const char *acquired; /* NULL: now */
    int64_t now_ms;       /* wall */
};
/* The body of a PUT over `r`, or of a POST when `r` is NULL. */
char *lease_record_write(struct arena *a, const struct lease_record *r, const char *namespace,
                         const char *name, const struct lease_claim *claim);

#endif

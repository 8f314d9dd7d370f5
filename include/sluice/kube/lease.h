/* SPDX-License-Identifier: Apache-2.0 */
/* lease.h - who leads: a coordination.k8s.io/v1 Lease (C65 to C73).
 *
 * 15 s lease, 10 s to renew, 2 s between tries (jitter 1.2). Expiry is judged by local monotonic
 * time since the record last changed, never by timestamps in it (C67). A leader stops writing at
 * lastRenew + renewDeadline and tells its owner, who exits (C68). leaseTransitions is the epoch
 * (C70). */
#ifndef SLUICE_KUBE_LEASE_H
#define SLUICE_KUBE_LEASE_H

#include "sluice/kube/client.h"

struct lease_timing {
    int64_t duration_ms, renew_deadline_ms, retry_ms; /* 0 = 15000, 10000, 2000 */
};
/* duration > renewDeadline > 1.2 x retry. ERR_INVALID. */
bool lease_timing_check(const struct lease_timing *t, struct err *e) MUST_USE;

/* What is known of the record, in local monotonic time. */
struct lease_view {
    bool read; /* it was looked at; false: look first */
    bool exists;
    const char *holder;  /* "" = released */
    int64_t duration_ms; /* leaseDurationSeconds of the record */
    int64_t changed_ms;  /* when we first saw it in this state */
    int64_t renewed_ms;  /* start of our last write that succeeded; 0 = we do not hold it */
    struct lease_timing timing;
};

enum lease_decision {
    LEASE_LOOK,   /* GET it */
    LEASE_CREATE, /* not there */
    LEASE_TAKE,   /* released, expired, or ours from a former life: PUT, transitions + 1 */
    LEASE_RENEW,  /* ours: PUT */
    LEASE_WAIT,   /* somebody else's */
    LEASE_LOST,   /* it was ours: another took it, or the deadline passed */
};
enum lease_decision lease_decide(const struct lease_view *view, const char *me, int64_t now_ms);
/* From when on another may take it, on our clock, unless its record changes. */
int64_t lease_expires_ms(const struct lease_view *view);
/* May a leader start a write now (C68)? */
bool lease_may_write(const struct lease_view *view, int64_t now_ms);

struct lease;
struct lease_spec {
    const char *namespace, *name; /* copied, as all here */
    const char *identity;         /* "<host>_<uuid>" */
    struct lease_timing timing;
    void *arg;
    void (*on_lead)(int64_t epoch, void *arg); /* once */
    /* Once, after on_lead only: stop writing, cancel, exit. */
    void (*on_lost)(const char *why, void *arg);
};

struct lease *lease_new(struct kube_client *c, const struct lease_spec *spec,
                        struct err *e) MUST_USE;
/* After the last write finished: holderIdentity "", 1 s (C71). `done` runs from the loop, also
 * when it failed or we did not hold it. Then lease_free. */
void lease_release(struct lease *l, void (*done)(void *arg), void *arg);
void lease_free(struct lease *l); /* without a release: the lease runs out; NULL is fine */

bool lease_leading(const struct lease *l); /* led, not lost, and may still write */
bool lease_leading_arg(void *lease);       /* the same, fits kube_client_set_write_gate */
int64_t lease_epoch(const struct lease *l);
const char *lease_holder(const struct lease *l);  /* as last seen, "" = nobody */
const char *lease_trouble(const struct lease *l); /* last error, "" when fine: /readyz, logs */
/* C79: false when we believe to lead longer than the lease lives after our last renewal. */
bool lease_alive(const struct lease *l);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* sync.h - one request, waited for: for the CLI, whose next step needs the answer. Not for use
 * inside a callback of the loop. */
#ifndef SLUICE_KUBE_SYNC_H
#define SLUICE_KUBE_SYNC_H

#include "sluice/kube/client.h"

struct kube_reply_owned {
    int code;
    char *body; /* owned, NUL behind it */
    size_t len;
};
void kube_reply_release(struct kube_reply_owned *r);
#define auto_reply CLEANUP(kube_reply_release)

/* True for 2xx. On failure `out` stays as it is and `e` says what the server said (status.h).
 * loop_stop (a signal) ends it with ERR_UNKNOWN for writes, ERR_RETRY for reads. */
bool kube_call(struct kube_client *c, const struct kube_request *req, struct kube_reply_owned *out,
               struct err *e) MUST_USE;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* status.h - what the API server's answer means for us. Pure: HTTP code and body in, err out.
 *
 * 401, 403 DENIED (QUOTA: "exceeded quota"; TERMINATING: NamespaceTerminating; INVALID: an
 * admission webhook or policy refused). 404 NOT_FOUND. 409 EXISTS or CONFLICT. 410, and a
 * resourceVersion from the future, GONE. 422 CONFLICT for a failed JSON Patch test, else INVALID.
 * 400, 405, 406, 413, 415 INVALID. 429 RETRY with retry_after_s. 3xx INVALID: redirects are
 * refused. 5xx: RETRY for reads, UNKNOWN for writes, whose outcome nobody knows (C10).
 * Contract: C10, C23, C42, C45, C74. */
#ifndef SLUICE_KUBE_STATUS_H
#define SLUICE_KUBE_STATUS_H

#include "sluice/base/err.h"
#include <cjson/cJSON.h>

/* Fields of metav1.Status, borrowed from the document; absent text is "". */
struct kube_status {
    int code;
    const char *reason, *message;
    int retry_after_s;   /* details.retryAfterSeconds */
    const cJSON *causes; /* details.causes, NULL when absent */
};

/* False when `o` is not a Status. */
bool kube_status_read(const cJSON *o, struct kube_status *out);
/* Is there a cause with this reason? */
bool kube_status_has_cause(const struct kube_status *s, const char *reason);

/* Fills `e` from an answer that is not 2xx; a body that is no Status is quoted, shortened. The
 * text is the server's message on one line. `write`: the request may have changed something. */
void kube_status_judge(int code, const char *body, size_t len, bool write, struct err *e);
/* The same for a Status already parsed: ERROR events of a watch (C27). */
void kube_status_judge_parsed(const struct kube_status *s, bool write, struct err *e);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* client.h - requests to the API server.
 *
 * Three pools that share no connection: calls, watches, lease (C2). Reads: at most 32 in flight,
 * sent again by the client on reset or EOF and on 429, out of one shared budget (C10, C74).
 * Writes: token bucket, in order, never repeated; when a write ends in reset, timeout or 5xx, its
 * outcome is ERR_UNKNOWN: look live, plan again (C10, C61). A write that certainly was not
 * executed (no connection, 429) is ERR_RETRY. A 401 re-reads the token and asks once more (C13).
 *
 * Requests are borrowed until kube_send returns. `done` runs exactly once unless cancelled,
 * always from the loop. */
#ifndef SLUICE_KUBE_CLIENT_H
#define SLUICE_KUBE_CLIENT_H

#include "sluice/kube/config.h"
#include "sluice/kube/path.h"
#include "sluice/net/loop.h"

struct kube_client;
struct kube_call;

#define KUBE_TIMEOUT_MS       INT64_C(30000) /* reads (C5) */
#define KUBE_WRITE_TIMEOUT_MS INT64_C(5000)  /* writes: the server gives up after 4 s (C69) */
#define KUBE_LEASE_TIMEOUT_MS INT64_C(5000)
#define KUBE_READS_MAX        32  /* in flight (C75) */
#define KUBE_WRITES_PER_S     500 /* token bucket */
#define KUBE_WRITES_BURST     100
#define KUBE_URL_BYTES_MAX    ((size_t)64 * 1024) /* longer: ERR_INVALID, and nothing is sent */
#define KUBE_BYTES_MAX        (4u * 1024 * 1024)  /* C8 */
#define KUBE_LIST_BYTES_MAX   (64u * 1024 * 1024) /* one page of a list */

#define KUBE_SSA         "application/apply-patch+yaml"
#define KUBE_JSON_PATCH  "application/json-patch+json"
#define KUBE_MERGE_PATCH "application/merge-patch+json"

enum kube_verb { KUBE_GET, KUBE_POST, KUBE_PUT, KUBE_PATCH, KUBE_DELETE, KUBE_VERB_COUNT };
enum kube_pool { KUBE_CALLS, KUBE_WATCH, KUBE_LEASE, KUBE_POOL_COUNT };

struct kube_request {
    enum kube_verb verb;
    const char *path;         /* from kube_path; encoded, with its '/' */
    const char *query;        /* from kube_query; NULL or "": none. timeout= is added here */
    const char *content_type; /* of the body; NULL: application/json */
    const char *body;         /* NULL: none. A PUT without metadata.resourceVersion aborts (C38) */
    size_t body_len;          /* 0 with a body: strlen */
    enum kube_pool pool;
    int64_t timeout_ms; /* 0: the constants above; the server gets four fifths of it (C5) */
    size_t max_bytes;   /* 0: KUBE_BYTES_MAX */
    /* Watches: bytes of a 2xx answer; no total limit then. False ends it with ERR_INVALID. */
    bool (*on_chunk)(const char *p, size_t len, void *arg);
    int64_t idle_ms; /* watches: C6 */
};

struct kube_reply {
    int code;         /* 0: no answer */
    const char *body; /* borrowed until done returns; NUL behind it; never NULL */
    size_t len;
    struct err err; /* status.h; ERR_NONE for 2xx */
};

typedef void kube_done(const struct kube_reply *reply, void *arg);

/* `config` is borrowed until kube_client_free. `user_agent_suffix`: commit or program, C9; NULL:
 * none. Reads certificates and token; NULL on failure, `e` names the file. */
struct kube_client *kube_client_new(struct loop *loop, const struct kube_config *config,
                                    const char *user_agent_suffix, struct err *e) MUST_USE;
void kube_client_free(struct kube_client *c); /* cancels all; not from a callback */

struct kube_call *kube_send(struct kube_client *c, const struct kube_request *req, kube_done *done,
                            void *arg);
void kube_cancel(struct kube_call *call); /* done does not run; not inside or after it; NULL ok */

struct loop *kube_client_loop(const struct kube_client *c);
const struct kube_config *kube_client_config(const struct kube_client *c);

/* Asked when a write is about to leave (not those of the lease); false ends it with ERR_RETRY
 * unsent: the leader's deadline also holds for writes that waited in the bucket (C68). */
void kube_client_set_write_gate(struct kube_client *c, bool (*may_write)(void *arg), void *arg);
/* Each distinct `Warning: 299` text once per 10 minutes; without a callback it is logged (C9). */
void kube_client_on_warning(struct kube_client *c, void (*fn)(const char *text, void *arg),
                            void *arg);
/* After every answer or failure (code 0): for rest_client_request_duration_seconds. */
void kube_client_on_request(struct kube_client *c,
                            void (*fn)(enum kube_verb verb, int code, int64_t took_ms, void *arg),
                            void *arg);
/* rest_client_requests_total{code,method}; code 0 is "<error>". */
void kube_client_counts(const struct kube_client *c,
                        void (*each)(const char *method, int code, uint64_t count, void *arg),
                        void *arg);
size_t kube_client_writes_open(const struct kube_client *c); /* waiting or in flight (C71, C81) */
const char *kube_verb_name(enum kube_verb verb);             /* "GET" */

#endif

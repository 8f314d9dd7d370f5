/* SPDX-License-Identifier: Apache-2.0 */
/* client_parts.h - shared by client.c (when a request leaves, and what its answer leads to),
 * client_wire.c (a request as HTTP) and client_stats.c (what is counted and shown). */
#ifndef SLUICE_KUBE_CLIENT_PARTS_H
#define SLUICE_KUBE_CLIENT_PARTS_H

#include "bucket.h"
#include "creds.h"
#include "sluice/base/map.h"
#include "sluice/kube/client.h"
#include "sluice/net/http.h"

enum call_state {
    CALL_QUEUED,  /* for a free place (reads) or a token (writes) */
    CALL_OPEN,    /* with the server */
    CALL_PAUSING, /* its timer runs: before it leaves again, or to bring `verdict` */
};

struct kube_call {
    struct kube_call *prev, *next; /* all of the client */
    struct kube_call *queue_next;
    struct kube_client *client;

    enum kube_verb verb;
    enum kube_pool pool;
    bool write; /* counts, waits and is gated as a write: not those of the lease */
    bool stream;
    char *url, *content_type, *body;
    size_t body_len, max_bytes;
    int64_t timeout_ms, idle_ms;
    bool (*on_chunk)(const char *p, size_t len, void *arg);
    kube_done *done;
    void *arg;

    enum call_state state;
    bool holds_place; /* one of KUBE_READS_MAX */
    struct http_call *http;
    struct timer *timer;
    struct err verdict; /* known before it could leave */
    int64_t start_ms;
    int tries; /* answers and failures so far */
    bool reauthorized;
    uint64_t creds_generation;
};

struct call_queue {
    struct kube_call *first, **last;
};

struct request_count {
    enum kube_verb verb;
    int code;
    uint64_t count;
};

struct kube_client {
    struct loop *loop;
    const struct kube_config *config;
    struct creds *creds;
    struct http_pool *pools[KUBE_POOL_COUNT];
    int64_t renewed_ms[KUBE_POOL_COUNT]; /* when its connections were last given up */
    struct kube_call *calls;

    struct call_queue reads, writes;
    size_t reads_open;  /* places taken */
    size_t writes_open; /* waiting or in flight */
    struct bucket write_bucket, retry_bucket;
    struct timer *pump;

    /* Fixed parts of every request. */
    char *base_url;   /* without '/' at the end */
    char *connect_to; /* NULL: the URL's host */
    char *user_agent;
    char *credentials; /* "user:password" or NULL */
    char **as_headers;
    size_t as_header_count;

    bool (*may_write)(void *arg);
    void *may_write_arg;
    void (*on_warning)(const char *text, void *arg);
    void *on_warning_arg;
    void (*on_request)(enum kube_verb verb, int code, int64_t took_ms, void *arg);
    void *on_request_arg;
    struct map warnings; /* text -> struct warning */
    struct request_count *counts;
    size_t count_len, count_cap;
};

/* client_wire.c */
void wire_init(struct kube_client *c, const char *user_agent_suffix);
void wire_release(struct kube_client *c);
/* Owned; NULL: longer than KUBE_URL_BYTES_MAX. */
char *wire_url(const struct kube_client *c, const struct kube_request *req, int64_t timeout_ms);
struct http_call *wire_send(struct kube_call *call,
                            void (*done)(const struct http_result *result, void *arg));

/* client_stats.c */
void stats_note(struct kube_client *c, const struct kube_call *call,
                const struct http_result *result);
void stats_release(struct kube_client *c);

#endif

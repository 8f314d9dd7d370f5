/* SPDX-License-Identifier: Apache-2.0 */
/* http.h - HTTP requests on the loop: curl_multi, bounded in bytes and time.
 *
 * Only http and https, no redirects followed (a 302 is an answer like any other), no netrc, no
 * cookies, no signals (C7). HTTP/2 by ALPN over TLS, HTTP/1.1 otherwise (C1). Every socket has
 * TCP keepalive and TCP_USER_TIMEOUT, so a dead peer is found within 60 s (C4).
 *
 * The request struct and all it points to is borrowed until http_send returns; `arg` until done
 * or http_cancel. `done` runs exactly once unless cancelled, always from the loop. A body is sent
 * at most once: libcurl's own replay on a reused connection that died is refused, since it would
 * repeat a write (C10). Requests without body may be replayed by libcurl in that one case. */
#ifndef SLUICE_NET_HTTP_H
#define SLUICE_NET_HTTP_H

#include "sluice/base/err.h"
#include "sluice/net/loop.h"

struct sockaddr;
struct http_pool;
struct http_call;

#define HTTP_CONNECT_MS       INT64_C(10000)     /* C5 */
#define HTTP_BYTES_MAX        (4u * 1024 * 1024) /* C8: unary answers */
#define HTTP_HEADER_BYTES_MAX (64u * 1024)       /* C8: all headers of one answer */
#define HTTP_WARNINGS_MAX     16                 /* Warning: 299 texts kept per answer */

/* PEM text, lengths without NUL. All NULL: the system's trust store, no client certificate. */
struct http_tls {
    const char *ca;
    size_t ca_len;
    const char *cert;
    size_t cert_len;
    const char *key;
    size_t key_len;
    bool insecure; /* accept any server certificate */
};

enum http_version {
    HTTP_VERSION_AUTO = 0,   /* ALPN: h2, else 1.1 */
    HTTP_VERSION_2_CLEARTEXT /* h2c with prior knowledge: gRPC health checks */
};

struct http_request {
    const char *method; /* "GET" ... */
    const char *url;
    const char *const *headers; /* "Name: value" */
    size_t header_count;
    const char *body; /* NULL: none; "" with body_len 0: Content-Length: 0 */
    size_t body_len;
    int64_t connect_ms; /* 0 = HTTP_CONNECT_MS */
    int64_t total_ms;   /* 0 = none: streams only */
    int64_t idle_ms;    /* no byte for so long ends the call; 0 = none */
    size_t max_bytes;   /* of the body after decompression; 0 = HTTP_BYTES_MAX; a stream
                                   has no limit of its own, its reader counts lines */
    bool gzip;          /* offer gzip; identity only otherwise */
    enum http_version version;
    const struct http_tls *tls;
    const char *proxy;       /* NULL: HTTPS_PROXY, NO_PROXY (with CIDR) of the environment
                                   (C19); "": none; else http, https or socks5 URL */
    const char *connect_to;  /* "HOST:PORT" dialled instead of the URL's (C16) */
    const char *user_agent;  /* NULL: "sluice" */
    const char *credentials; /* "user:password" for Basic, or NULL */
    /* Asked for every address after DNS, before each connect; false refuses it (C84). With a
     * proxy it sees the proxy's address: pass "" as proxy where it must hold. */
    bool (*allow_address)(const struct sockaddr *address, void *arg);
    void *allow_arg;
    /* Streams: gets the bytes of a 2xx answer as they come, with done's `arg`; false ends the
     * call with ERR_INVALID. Other answers are collected. It may send and cancel any call. */
    bool (*on_chunk)(const char *p, size_t len, void *arg);
};

struct http_result {
    int code;         /* 0: no answer */
    const char *body; /* borrowed until done returns, NUL behind it; never NULL */
    size_t len;
    const char *content_type;    /* "" when absent; these too borrowed until done returns */
    const char *flow_schema;     /* X-Kubernetes-PF-FlowSchema-UID, "" when absent (C74) */
    const char *const *warnings; /* texts of Warning: 299 (C9) */
    size_t warning_count;
    int retry_after_s; /* Retry-After as seconds from now (number or date), else 0 */
    int grpc_status;   /* grpc-status header or trailer, -1 when absent */
    bool sent;         /* the peer may have the whole request */
    bool timed_out;    /* of the failures: the deadline or the silence ended it */
    int64_t took_ms;
    /* ERR_NONE: a whole answer, whatever its code. ERR_RETRY: no or half an answer (refused,
     * reset, timeout, TLS). ERR_INVALID: a limit, a forbidden address, a bad URL. */
    struct err err;
};

/* Pools share nothing: separate connections, so that a stalled one cannot hold up another's
 * calls (C2). `name` (a literal) is for logs. */
struct http_pool *http_pool_new(struct loop *loop, const char *name);
void http_pool_free(struct http_pool *pool); /* cancels all; not from a callback of this pool */
void http_pool_drop_idle(struct http_pool *pool); /* new connections from now on: new trust */

struct http_call *http_send(struct http_pool *pool, const struct http_request *req,
                            void (*done)(const struct http_result *result, void *arg), void *arg);
void http_cancel(struct http_call *call); /* done does not run; not after or inside done; NULL ok */

/* Retry-After: seconds or an HTTP date, as seconds from `now_ms` (wall); 0 on nonsense. Pure. */
int http_retry_after(const char *value, int64_t now_ms);
/* The next warn-text with code 299 in a Warning header: unquoted into `out`; returns where to go
 * on, NULL at the end. Pure. */
const char *http_warning_next(const char *value, char *out, size_t out_size);

#endif

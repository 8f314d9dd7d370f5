/* SPDX-License-Identifier: Apache-2.0 */
/* server.h - the small HTTP server for /livez, /readyz, /metrics and the like (C79, C77).
 *
 * GET and HEAD only; request head up to 16 KiB, no body, 10 s per connection; libevent evhttp.
 * server_open_up widens that, for the simulated API server. */
#ifndef SLUICE_NET_SERVER_H
#define SLUICE_NET_SERVER_H

#include "sluice/base/err.h"
#include "sluice/base/strbuf.h"
#include "sluice/net/loop.h"

struct server;
struct server_stream;

struct server_request {
    const char *method;        /* "GET" ... */
    const char *path;          /* decoded, without query; borrowed until the handler returns */
    const char *query;         /* as sent, "" when absent */
    const char *authorization; /* headers, "" when absent */
    const char *content_type, *accept;
    const char *body; /* with a NUL behind it; "" when absent */
    size_t body_len;
    void *native; /* server_stream_begin's */
};

struct server_reply {
    int code;                     /* 200 unless the handler says otherwise */
    const char *content_type;     /* "text/plain; charset=utf-8" unless set; a literal */
    struct strbuf body;           /* up to 64 MiB */
    struct server_stream *stream; /* set by server_stream_begin: then it is the answer */
};

struct server_handler {
    const char *path; /* "/livez"; with a final '/' (and not only that) all below it too */
    void (*fn)(const struct server_request *req, struct server_reply *reply, void *arg);
    void *arg;
};

/* Listens at once. `address` is numeric ("0.0.0.0", "::"); port 0 takes a free one. The table is
 * borrowed until server_free. Owned; NULL on failure ("cannot listen on 0.0.0.0:8080: ..."). */
struct server *server_new(struct loop *loop, const char *address, int port,
                          const struct server_handler *handlers, size_t handler_count,
                          struct err *e) MUST_USE;
/* The same over TLS when `pem` is not NULL. Its texts are borrowed until the call returns. */
struct server_pem {
    const char *cert; /* the server's first, then its chain */
    size_t cert_len;
    const char *key;
    size_t key_len;
};
struct server *server_new_tls(struct loop *loop, const char *address, int port,
                              const struct server_pem *pem, const struct server_handler *handlers,
                              size_t handler_count, struct err *e) MUST_USE;
/* New connections get this one; on failure the old one stays (C89). */
bool server_set_pem(struct server *server, const struct server_pem *pem, struct err *e) MUST_USE;
int server_port(const struct server *server);
void server_free(struct server *server); /* NULL is fine; ends its streams */

/* Also POST, PUT, PATCH and DELETE, bodies up to `body_max` bytes, and connections that may be
 * silent for `idle_s`. Only for a server that knows whom it talks to. */
void server_open_up(struct server *server, size_t body_max, int idle_s);

/* ---- answers without an end ------------------------------------------------------------------ */

/* Begins one inside a handler, status 200. `closed` runs once when the other side is gone or the
 * server is freed, not for server_stream_end. The stream lives until either. */
struct server_stream *server_stream_begin(const struct server_request *req,
                                          struct server_reply *reply, const char *content_type,
                                          void (*closed)(void *arg), void *arg);
void server_stream_send(struct server_stream *stream, const char *p, size_t len);
void server_stream_end(struct server_stream *stream);

#endif

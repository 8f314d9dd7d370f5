/* SPDX-License-Identifier: Apache-2.0 */
/* server.h - the small HTTP server for /livez, /readyz, /metrics and the like (C79, C77).
 *
 * GET and HEAD only; request head up to 16 KiB, no body, 10 s per connection; libevent evhttp. */
#ifndef SLUICE_NET_SERVER_H
#define SLUICE_NET_SERVER_H

#include "sluice/base/err.h"
#include "sluice/base/strbuf.h"
#include "sluice/net/loop.h"

struct server;

struct server_request {
    const char *path;          /* decoded, without query; borrowed until the handler returns */
    const char *query;         /* as sent, "" when absent */
    const char *authorization; /* header, "" when absent */
};

struct server_reply {
    int code;                 /* 200 unless the handler says otherwise */
    const char *content_type; /* "text/plain; charset=utf-8" unless set; a literal */
    struct strbuf body;       /* up to 64 MiB */
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
void server_free(struct server *server); /* NULL is fine */

#endif

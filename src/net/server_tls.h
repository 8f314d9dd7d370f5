/* SPDX-License-Identifier: Apache-2.0 */
/* server_tls.h - the server's certificate, which may change while it runs (C89). */
#ifndef SLUICE_NET_SERVER_TLS_H
#define SLUICE_NET_SERVER_TLS_H

#include "sluice/net/server.h"

struct bufferevent;
struct event_base;
struct server_tls;

struct server_tls *server_tls_new(const struct server_pem *pem, struct err *e);
/* For connections from now on; the old one stays on failure. */
bool server_tls_set(struct server_tls *tls, const struct server_pem *pem, struct err *e);
struct bufferevent *server_tls_connection(struct event_base *base, void *tls);
void server_tls_free(struct server_tls *tls);

#endif

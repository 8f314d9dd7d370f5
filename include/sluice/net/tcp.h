/* SPDX-License-Identifier: Apache-2.0 */
/* tcp.h - does a port accept connections? For TCP probes of pods. */
#ifndef SLUICE_NET_TCP_H
#define SLUICE_NET_TCP_H

#include "sluice/base/err.h"
#include "sluice/net/loop.h"

struct sockaddr;
struct tcp_check;

/* `host` is a numeric address (a pod's IP): no DNS, so nothing blocks. `allow` as in http.h, NULL
 * allows all. `done` runs once from the loop: ERR_NONE when connected, ERR_RETRY when refused or
 * late, ERR_INVALID for a bad or forbidden address. The connection is closed at once. */
struct tcp_check *tcp_check(struct loop *loop, const char *host, int port, int64_t timeout_ms,
                            bool (*allow)(const struct sockaddr *address, void *arg),
                            void *allow_arg, void (*done)(const struct err *e, void *arg),
                            void *arg);
void tcp_check_cancel(struct tcp_check *check); /* done does not run; NULL is fine */

#endif

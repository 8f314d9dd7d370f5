/* SPDX-License-Identifier: Apache-2.0 */
/* addr.h - which network addresses a user-given URL may reach (C84). Pure.
 *
 * Refused: loopback, link-local (with 169.254.169.254), unspecified, multicast, broadcast, the
 * clouds' metadata addresses outside those ranges, and all of these in IPv6 clothes (mapped,
 * 6to4, NAT64). Private ranges are allowed: that is where pods and Prometheus live. */
#ifndef SLUICE_NET_ADDR_H
#define SLUICE_NET_ADDR_H

#include "sluice/base/base.h"

struct sockaddr;
struct sockaddr_storage;

#define ADDR_TEXT_MAX 64

/* Fits http_request.allow_address and tcp_check; `arg` is not used. */
bool addr_allowed_for_gates(const struct sockaddr *address, void *arg);
/* "10.0.0.1:80", "[::1]:80". */
void addr_format(const struct sockaddr *address, char out[static ADDR_TEXT_MAX]);
/* A numeric IPv4 or IPv6 address (without brackets or zone); false for anything else. */
bool addr_parse(const char *host, int port, struct sockaddr_storage *out);
unsigned addr_len(const struct sockaddr *address); /* as connect(2) and bind(2) want it */

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* grpc.h - grpc.health.v1.Health/Check, the pure half: bytes in, bytes out.
 *
 * Ask: POST http://HOST:PORT GRPC_HEALTH_PATH, HTTP_VERSION_2_CLEARTEXT, headers
 * "Content-Type: application/grpc" and "TE: trailers", body from grpc_health_request. */
#ifndef SLUICE_NET_GRPC_H
#define SLUICE_NET_GRPC_H

#include "sluice/base/base.h"

struct http_result;

#define GRPC_HEALTH_PATH      "/grpc.health.v1.Health/Check"
#define GRPC_SERVICE_MAX      120 /* so that lengths fit one varint byte */
#define GRPC_HEALTH_BYTES_MAX (5 + 2 + GRPC_SERVICE_MAX)

enum grpc_health {
    GRPC_HEALTH_UNKNOWN = 0, /* the protocol's own values */
    GRPC_HEALTH_SERVING = 1,
    GRPC_HEALTH_NOT_SERVING = 2,
    GRPC_HEALTH_SERVICE_UNKNOWN = 3,
    GRPC_HEALTH_BAD = 100, /* not an answer: wrong frame, compressed, truncated */
};

/* One frame with HealthCheckRequest{service}; NULL or "" asks for the whole server. Bytes used,
 * 0 when the name is longer than GRPC_SERVICE_MAX. */
size_t grpc_health_request(const char *service, uint8_t out[static GRPC_HEALTH_BYTES_MAX]);
/* Any bytes. An empty message is UNKNOWN (proto3 default). */
enum grpc_health grpc_health_read(const char *body, size_t len);
/* The whole answer: SERVING is the only true. `text` says what came back otherwise. */
bool grpc_health_judge(const struct http_result *result, char text[static 101]);

#endif

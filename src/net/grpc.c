/* SPDX-License-Identifier: Apache-2.0 */
#include "sluice/net/grpc.h"
#include "sluice/net/http.h"

#include <stdio.h>
#include <string.h>

#define FRAME_HEAD    ((size_t)5)    /* compressed flag, length as 4 bytes, big end first */
#define FIELD_SERVICE 0x0a           /* field 1, length-delimited */
#define FIELD_STATUS  UINT64_C(0x08) /* field 1, varint */

size_t grpc_health_request(const char *service, uint8_t out[static GRPC_HEALTH_BYTES_MAX])
{
    const size_t len = service ? strlen(service) : 0;
    const size_t message = len ? 2 + len : 0;

    if (len > GRPC_SERVICE_MAX)
        return 0;
    memset(out, 0, FRAME_HEAD);
    out[4] = (uint8_t)message;
    if (len) {
        out[5] = FIELD_SERVICE;
        out[6] = (uint8_t)len;
        memcpy(out + 7, service, len);
    }
    return FRAME_HEAD + message;
}

/* --- protobuf, as far as one enum field needs it ---------------------------------------------- */

struct reader {
    const uint8_t *p, *end;
};

static bool take_varint(struct reader *r, uint64_t *out)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 64 && r->p < r->end; shift += 7) {
        const uint8_t byte = *r->p++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *out = value;
            return true;
        }
    }
    return false;
}

static bool skip_bytes(struct reader *r, uint64_t n)
{
    if (n > (uint64_t)(r->end - r->p))
        return false;
    r->p += n;
    return true;
}

/* A field of another number: future versions may send more. */
static bool skip_field(struct reader *r, uint64_t tag)
{
    uint64_t n;

    switch (tag & 7) {
    case 0:
        return take_varint(r, &n);
    case 1:
        return skip_bytes(r, 8);
    case 2:
        return take_varint(r, &n) && skip_bytes(r, n);
    case 5:
        return skip_bytes(r, 4);
    default:
        return false;
    }
}

enum grpc_health grpc_health_read(const char *body, size_t len)
{
    const uint8_t *p = (const uint8_t *)body;
    uint64_t status = GRPC_HEALTH_UNKNOWN, tag;
    struct reader r;

    if (len < FRAME_HEAD || p[0] != 0)
        return GRPC_HEALTH_BAD;
    if (((uint64_t)p[1] << 24 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 8 | p[4]) !=
        len - FRAME_HEAD)
        return GRPC_HEALTH_BAD;
    r = (struct reader){.p = p + FRAME_HEAD, .end = p + len};
    while (r.p < r.end) {
        if (!take_varint(&r, &tag) || tag >> 3 == 0)
            return GRPC_HEALTH_BAD;
        if (!(tag == FIELD_STATUS ? take_varint(&r, &status) : skip_field(&r, tag)))
            return GRPC_HEALTH_BAD;
    }
    return status <= GRPC_HEALTH_SERVICE_UNKNOWN ? (enum grpc_health)status : GRPC_HEALTH_UNKNOWN;
}

/* --- the verdict ------------------------------------------------------------------------------ */

static const char *status_name(int status)
{
    static const char *const names[] = {
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    };

    return status >= 0 && (size_t)status < COUNT(names) ? names[status] : "?";
}

static const char *health_name(enum grpc_health health)
{
    switch (health) {
    case GRPC_HEALTH_SERVING:
        return "SERVING";
    case GRPC_HEALTH_NOT_SERVING:
        return "NOT_SERVING";
    case GRPC_HEALTH_SERVICE_UNKNOWN:
        return "SERVICE_UNKNOWN";
    case GRPC_HEALTH_BAD:
        return "not a health answer";
    case GRPC_HEALTH_UNKNOWN:
        break;
    }
    return "UNKNOWN";
}

bool grpc_health_judge(const struct http_result *result, char text[static 101])
{
    enum grpc_health health;

    text[0] = '\0';
    if (result->err.kind != ERR_NONE) {
        snprintf(text, 101, "%.100s", result->err.text);
        return false;
    }
    if (result->code != 200) {
        snprintf(text, 101, "HTTP %d", result->code);
        return false;
    }
    if (result->grpc_status != 0) {
        if (result->grpc_status < 0)
            snprintf(text, 101, "no grpc-status: not a gRPC server");
        else
            snprintf(text, 101, "gRPC status %d %s", result->grpc_status,
                     status_name(result->grpc_status));
        return false;
    }
    health = grpc_health_read(result->body, result->len);
    snprintf(text, 101, "%s", health_name(health));
    return health == GRPC_HEALTH_SERVING;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* net_head_fuzz.c - header values and gRPC frames from any peer. */
#include "check.h"
#include "sluice/net/grpc.h"
#include "sluice/net/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    auto_free char *text = xcalloc(len + 1, 1);
    char out[32];
    size_t count = 0;

    if (len)
        memcpy(text, data, len);
    const int seconds = http_retry_after(text, INT64_C(1795511640000));
    CHECK(seconds >= 0 && seconds <= 86400, "%d", seconds);
    for (const char *p = text; (p = http_warning_next(p, out, sizeof(out)));) {
        CHECK(p > text && p <= text + len && memchr(out, '\0', sizeof(out)), "walked off");
        CHECK(++count <= len, "no end");
    }
    const enum grpc_health health = grpc_health_read((const char *)data, len);
    CHECK(health == GRPC_HEALTH_BAD || health <= GRPC_HEALTH_SERVICE_UNKNOWN, "%d", (int)health);
    return 0;
}

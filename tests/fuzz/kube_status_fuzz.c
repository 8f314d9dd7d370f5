/* SPDX-License-Identifier: Apache-2.0 */
/* kube_status_fuzz.c - any answer to any request has a meaning, and a text that may be shown; a
 * write is never called retryable unless it certainly did not happen (C10). */
#include "../../src/kube/lease_record.h"
#include "check.h"
#include "sluice/base/utf8.h"
#include "sluice/kube/status.h"

static void check_judged(int code, const char *body, size_t len, bool write)
{
    struct err e = {0};

    kube_status_judge(code, body, len, write, &e);
    CHECK(e.kind != ERR_NONE && e.kind != ERR_BUG && e.text[0], "code %d", code);
    CHECK(e.retry_after_s >= 0 && e.retry_after_s <= 86400, "%d", e.retry_after_s);
    CHECK(utf8_check(e.text, strlen(e.text)) == strlen(e.text), "%s", e.text);
    for (const char *p = e.text; *p; p++)
        CHECK((unsigned char)*p >= 0x20 && *p != 0x7f, "%s", e.text);
    if (write && e.kind == ERR_RETRY)
        CHECK(code == 429, "code %d", code);
    if (write && code >= 500)
        CHECK(e.kind == ERR_UNKNOWN, "code %d: %s", code, err_kind_name(e.kind));
    if (!write)
        CHECK(e.kind != ERR_UNKNOWN, "code %d", code);
}

/* The other body that we read and write back. */
static void check_lease(const char *body, size_t len)
{
    const struct lease_claim claim = {"me", 15, 1, NULL, 1795511640123};
    struct lease_record r = {0}, again = {0};
    struct arena a = {0};
    struct err e = {0};

    if (lease_record_read(&r, body, len, &e)) {
        const char *out = lease_record_write(&a, &r, "ns", "n", &claim);
        CHECK(lease_record_read(&again, out, strlen(out), &e), "%s: %s", e.text, out);
        CHECK(strcmp(again.metadata, r.metadata) == 0, "%s", out);
        CHECK(strcmp(again.holder, "me") == 0, "%s", out);
    }
    lease_record_release(&r);
    lease_record_release(&again);
    arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const int codes[] = {401, 403, 404, 409, 410, 422, 429, 500, 503, 504, 302, 400, 100};
    auto_free char *body = xcalloc(len + 1, 1);

    if (len == 0)
        return 0;
    memcpy(body, data + 1, len - 1);
    check_judged(codes[data[0] % COUNT(codes)], body, len - 1, data[0] & 128);
    check_lease(body, len - 1);
    return 0;
}

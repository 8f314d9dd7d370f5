/* SPDX-License-Identifier: Apache-2.0 */
/* kube_exec_fuzz.c - whatever a credential plugin prints: refused with a reason, or credentials
 * that are whole: a token, or a certificate with its key. */
#include "../../src/kube/exec_parts.h"
#include "check.h"

static void check_whole(const struct kube_exec_result *r)
{
    CHECK(r->token || r->cert, "neither");
    CHECK(!r->cert == !r->key, "half a pair");
    CHECK(!r->token || *r->token, "an empty token");
}

static void check_version(const char *version, const char *text, size_t len)
{
    const struct kube_exec exec = {.api_version = version, .command = "plugin"};
    struct kube_exec_result r = {.expires_ms = 77};
    struct err e = {0};

    if (kube_exec_read(&exec, text, len, &r, &e)) {
        check_whole(&r);
        kube_exec_result_release(&r);
        return;
    }
    CHECK(e.kind == ERR_INVALID && e.text[0], "%d %s", (int)e.kind, e.text);
    CHECK(r.expires_ms == 77 && !r.token && !r.cert && !r.key, "touched");
    CHECK(len < 8 || !memmem(e.text, strlen(e.text), text, len), "it tells what it was told");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    auto_free char *text = xcalloc(len + 1, 1);

    if (len)
        memcpy(text, data, len);
    check_version("client.authentication.k8s.io/v1", text, len);
    check_version("client.authentication.k8s.io/v1beta1", text, len);
    return 0;
}

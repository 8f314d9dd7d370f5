/* SPDX-License-Identifier: Apache-2.0 */
#include "digest.h"
#include "sluice/model/names.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REVISION_HASH_LEN 8

void digest_text(const char *p, size_t len, char out[static DIGEST_TEXT_MAX])
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    /* Fails only where OpenSSL itself is broken: an identity made up then would start releases. */
    if (EVP_Digest(p, len, sum, &n, EVP_sha256(), NULL) != 1 || n != 32)
        abort();
    for (unsigned i = 0; i < n; i++)
        snprintf(out + (size_t)i * 2, 3, "%02x", sum[i]);
}

void template_digest(struct jslice tmpl, char out[static DIGEST_TEXT_MAX])
{
    auto_strbuf struct strbuf canonical = {.max = SIZE_MAX / 2};

    json_canonical(&canonical, tmpl, "metadata.labels." LABEL_REVISION);
    digest_text(strbuf_str(&canonical), canonical.len, out);
}

char *template_revision(struct arena *a, const char *digest, int salt)
{
    char salted[DIGEST_TEXT_MAX];
    char *text;

    if (salt <= 0)
        return arena_printf(a, REVISION_TAG "%.*s", REVISION_HASH_LEN, digest);
    text = arena_printf(a, "%s/%d", digest, salt);
    digest_text(text, strlen(text), salted);
    return arena_printf(a, REVISION_TAG "%.*s", REVISION_HASH_LEN, salted);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "digest.h"
#include "sluice/base/utf8.h"
#include "sluice/json/jfmt.h"
#include "sluice/model/names.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define REVISION_HASH_LEN 8

void digest_text(const char *p, size_t len, char out[static DIGEST_TEXT_MAX])
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    /* Without its context, which it makes once, OpenSSL crashes instead of failing. */
    if (!OSSL_LIB_CTX_get0_global_default())
        out_of_memory();
    /* Fails for want of memory, or where OpenSSL itself is broken: an identity made up then would
     * start releases. */
    if (EVP_Digest(p, len, sum, &n, EVP_sha256(), NULL) != 1 || n != 32)
        out_of_memory();
    for (unsigned i = 0; i < n; i++) {
        *out++ = "0123456789abcdef"[sum[i] >> 4];
        *out++ = "0123456789abcdef"[sum[i] & 15];
    }
    *out = '\0';
}

/* ---- one spelling of every string ------------------------------------------------------------ */

/* The API server writes "<" as \u003c, files and other servers do not: what a string says counts,
 * not how it is escaped, or an upgrade of the server would look like a new template. */

static uint32_t hex4(const char *p)
{
    char digits[5] = "";

    memcpy(digits, p, 4);
    return (uint32_t)strtoul(digits, NULL, 16);
}

/* `p` behind "\u"; gives the place behind the character. The text is valid JSON. */
static const char *add_point(struct strbuf *out, const char *p)
{
    uint32_t point = hex4(p);
    char bytes[4];

    p += 4;
    if (point >= 0xd800 && point < 0xdc00) {
        point = 0x10000 + ((point - 0xd800) << 10) + (hex4(p + 2) - 0xdc00);
        p += 6;
    }
    if (point == 0)
        point = 0xfffd; /* a NUL would end the text, and what follows would count for nothing */
    strbuf_add(out, bytes, utf8_put(bytes, point));
    return p;
}

static const char *add_escaped(struct strbuf *out, const char *p)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *found;

    if (*p == 'u')
        return add_point(out, p + 1);
    found = strchr(from, *p); /* what json_parse lets through is one of these */
    strbuf_addc(out, to[found - from]);
    return p + 1;
}

/* A string from its opening quote on; gives the place behind its closing one. */
static const char *respell(struct strbuf *out, struct strbuf *text, const char *p)
{
    strbuf_reset(text);
    for (p++; *p != '"';) {
        const size_t plain = strcspn(p, "\"\\");

        strbuf_add(text, p, plain);
        p += plain;
        if (*p == '\\')
            p = add_escaped(text, p + 1);
    }
    json_quote(out, strbuf_str(text));
    return p + 1;
}

static void respell_all(struct strbuf *out, const char *canonical)
{
    auto_strbuf struct strbuf text = {.max = SIZE_MAX / 2};

    for (const char *p = canonical; *p;) {
        const size_t plain = strcspn(p, "\"");

        strbuf_add(out, p, plain);
        p += plain;
        if (*p)
            p = respell(out, &text, p);
    }
}

/* ---- identity -------------------------------------------------------------------------------- */

void template_digest(struct jslice tmpl, char out[static DIGEST_TEXT_MAX])
{
    auto_strbuf struct strbuf canonical = {.max = SIZE_MAX / 2}, spelt = {.max = SIZE_MAX / 2};

    json_canonical(&canonical, tmpl, "metadata.labels." LABEL_REVISION);
    /* Without escapes a string has one spelling, which is its own. */
    if (canonical.len == 0 || !memchr(canonical.p, '\\', canonical.len)) {
        digest_text(strbuf_str(&canonical), canonical.len, out);
        return;
    }
    respell_all(&spelt, strbuf_str(&canonical));
    digest_text(strbuf_str(&spelt), spelt.len, out);
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

/* SPDX-License-Identifier: Apache-2.0 */
/* pki.c - an authority for one run, the server's certificate, tokens, and the kubeconfigs that
 * name them. */
#include "parts.h"
#include "sluice/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIFE_S      (7 * 24 * 3600)
#define EARLY_S     3600 /* clocks differ */
#define TOKEN_BYTES 24

/* ---- certificates ---------------------------------------------------------------------------- */

static char *text_of(BIO *bio)
{
    char *data = NULL, *copy;
    const long len = BIO_get_mem_data(bio, &data);

    copy = xcalloc(1, (size_t)len + 1);
    memcpy(copy, data, (size_t)len);
    BIO_free(bio);
    return copy;
}

static char *cert_pem(X509 *cert)
{
    BIO *out = BIO_new(BIO_s_mem());

    PEM_write_bio_X509(out, cert);
    return text_of(out);
}

static char *key_pem(EVP_PKEY *key)
{
    BIO *out = BIO_new(BIO_s_mem());

    PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL);
    return text_of(out);
}

static void extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *extension;

    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert(extension);
    X509_add_ext(cert, extension, -1);
    X509_EXTENSION_free(extension);
}

static X509 *new_cert(EVP_PKEY *key, const char *name, long serial)
{
    X509 *cert = X509_new();

    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), serial);
    X509_gmtime_adj(X509_getm_notBefore(cert), -EARLY_S);
    X509_gmtime_adj(X509_getm_notAfter(cert), LIFE_S);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                               (const unsigned char *)name, -1, -1, 0);
    X509_set_pubkey(cert, key);
    return cert;
}

struct serve_keys serve_keys_new(void)
{
    EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
    X509 *ca = new_cert(ca_key, "sluice-sim authority", 1);
    X509 *cert = new_cert(key, "sluice-sim", 2);
    struct serve_keys out;

    X509_set_issuer_name(ca, X509_get_subject_name(ca));
    X509_set_issuer_name(cert, X509_get_subject_name(ca));
    extend(ca, ca, NID_basic_constraints, "critical,CA:TRUE");
    extend(ca, ca, NID_key_usage, "critical,keyCertSign");
    extend(ca, ca, NID_subject_key_identifier, "hash");
    extend(cert, ca, NID_authority_key_identifier, "keyid");
    extend(cert, ca, NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost");
    X509_sign(ca, ca_key, EVP_sha256());
    X509_sign(cert, ca_key, EVP_sha256());
    out = (struct serve_keys){cert_pem(ca), cert_pem(cert), key_pem(key)};
    X509_free(ca);
    X509_free(cert);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(key);
    return out;
}

void serve_keys_release(struct serve_keys *keys)
{
    free(keys->ca);
    free(keys->cert);
    free(keys->key);
    *keys = (struct serve_keys){0};
}

char *serve_token(void)
{
    unsigned char bytes[TOKEN_BYTES];
    char *out = xcalloc(1, 2 * TOKEN_BYTES + 1);

    if (RAND_bytes(bytes, sizeof bytes) != 1)
        abort();
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    return out;
}

/* ---- kubeconfigs ----------------------------------------------------------------------------- */

static char *base64(struct arena *a, const char *text)
{
    const size_t len = strlen(text);
    unsigned char *out = arena_alloc(a, len / 3 * 4 + 8);

    EVP_EncodeBlock(out, (const unsigned char *)text, (int)len);
    return (char *)out;
}

static char *config_text(struct arena *a, const struct serve *v, const char *user,
                         const char *token)
{
    return json_fmt(a,
                    "{'apiVersion':'v1','kind':'Config','current-context':'sluice-sim',"
                    "'clusters':[{'name':'sluice-sim','cluster':{'server':"
                    "'https://127.0.0.1:%d','certificate-authority-data':%q}}],"
                    "'users':[{'name':%q,'user':{'token':%q}}],"
                    "'contexts':[{'name':'sluice-sim','context':{'cluster':'sluice-sim',"
                    "'user':%q,'namespace':'default'}}]}\n",
                    serve_port(v), base64(a, v->ca), user, token, user);
}

/* Put in place as a whole: whoever waits for the file finds all of it. */
static bool write_file(struct arena *a, const char *path, const char *text, struct err *e)
{
    const char *part = arena_printf(a, "%s.part", path);
    const int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const size_t len = strlen(text);
    bool ok = fd >= 0 && write(fd, text, len) == (ssize_t)len;

    if (fd >= 0)
        ok &= close(fd) == 0;
    ok = ok && rename(part, path) == 0;
    return ok || err_set(e, ERR_INVALID, "%s: %s", path, strerror(errno));
}

bool serve_announce(const struct serve *v, struct err *e)
{
    const char *path = v->opt.kubeconfig;
    struct arena a;
    bool ok;

    if (!path)
        return true;
    arena_init(&a);
    ok = write_file(&a, arena_printf(&a, "%s.operator", path),
                    config_text(&a, v, "sluice-controller", v->operator_token), e) &&
         write_file(&a, path, config_text(&a, v, "person", v->token), e);
    arena_release(&a);
    return ok;
}

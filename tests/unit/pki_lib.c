/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "pki.h"
#include "sluice/base/base.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

static EVP_PKEY *new_key(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");

    assert_non_null(key);
    return key;
}

static char *text_of(BIO *bio)
{
    char *data = NULL, *copy;
    const long len = BIO_get_mem_data(bio, &data);

    copy = xcalloc(1, (size_t)len + 1);
    memcpy(copy, data, (size_t)len);
    BIO_free(bio);
    return copy;
}

static struct pki_pair to_pem(X509 *cert, EVP_PKEY *key)
{
    BIO *c = BIO_new(BIO_s_mem()), *k = BIO_new(BIO_s_mem());

    PEM_write_bio_X509(c, cert);
    PEM_write_bio_PrivateKey(k, key, NULL, NULL, 0, NULL, NULL);
    return (struct pki_pair){.cert = text_of(c), .key = text_of(k)};
}

static void extend(X509 *cert, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *extension;

    X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(extension);
    X509_add_ext(cert, extension, -1);
    X509_EXTENSION_free(extension);
}

static X509 *new_cert(EVP_PKEY *key, const char *name, X509_NAME *issuer)
{
    static long serial = 1;
    X509 *cert = X509_new();
    X509_NAME *subject = X509_get_subject_name(cert);

    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(cert, issuer ? issuer : subject);
    X509_set_pubkey(cert, key);
    return cert;
}

static void may_sign(X509 *cert)
{
    extend(cert, NID_basic_constraints, "critical,CA:TRUE");
    extend(cert, NID_key_usage, "critical,keyCertSign");
}

struct pki_pair pki_ca(const char *name)
{
    EVP_PKEY *key = new_key();
    X509 *cert = new_cert(key, name, NULL);
    struct pki_pair pair;

    may_sign(cert);
    X509_sign(cert, key, EVP_sha256());
    pair = to_pem(cert, key);
    X509_free(cert);
    EVP_PKEY_free(key);
    return pair;
}

static struct pki_pair signed_by(const struct pki_pair *ca, const char *name, const char *san,
                                 bool signs)
{
    BIO *ca_cert_bio = BIO_new_mem_buf(ca->cert, -1), *ca_key_bio = BIO_new_mem_buf(ca->key, -1);
    X509 *ca_cert = PEM_read_bio_X509(ca_cert_bio, NULL, NULL, NULL);
    EVP_PKEY *ca_key = PEM_read_bio_PrivateKey(ca_key_bio, NULL, NULL, NULL);
    EVP_PKEY *key = new_key();
    X509 *cert = new_cert(key, name, X509_get_subject_name(ca_cert));
    struct pki_pair pair;

    if (san)
        extend(cert, NID_subject_alt_name, san);
    if (signs)
        may_sign(cert);
    X509_sign(cert, ca_key, EVP_sha256());
    pair = to_pem(cert, key);
    X509_free(cert);
    X509_free(ca_cert);
    EVP_PKEY_free(key);
    EVP_PKEY_free(ca_key);
    BIO_free(ca_cert_bio);
    BIO_free(ca_key_bio);
    return pair;
}

struct pki_pair pki_ca_of(const struct pki_pair *ca, const char *name)
{
    return signed_by(ca, name, NULL, true);
}

struct pki_pair pki_leaf(const struct pki_pair *ca, const char *name, const char *san)
{
    return signed_by(ca, name, san, false);
}

char *pki_locked_key(const struct pki_pair *pair, const char *passphrase)
{
    BIO *plain = BIO_new_mem_buf(pair->key, -1), *locked = BIO_new(BIO_s_mem());
    EVP_PKEY *key = PEM_read_bio_PrivateKey(plain, NULL, NULL, NULL);

    assert_non_null(key);
    PEM_write_bio_PKCS8PrivateKey(locked, key, EVP_aes_128_cbc(), passphrase,
                                  (int)strlen(passphrase), NULL, NULL);
    EVP_PKEY_free(key);
    BIO_free(plain);
    return text_of(locked);
}

void pki_release(struct pki_pair *pair)
{
    free(pair->cert);
    free(pair->key);
    *pair = (struct pki_pair){0};
}

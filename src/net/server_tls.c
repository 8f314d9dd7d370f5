/* SPDX-License-Identifier: Apache-2.0 */
#include "server_tls.h"

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdlib.h>

struct server_tls {
    SSL_CTX *ctx;
};

static bool failed(struct err *e, const char *what)
{
    const unsigned long code = ERR_peek_last_error();
    const char *reason = ERR_reason_error_string(code);

    err_set(e, ERR_INVALID, "TLS %s: %s", what, reason ? reason : "not PEM");
    ERR_clear_error();
    return false;
}

static BIO *pem_bio(const char *text, size_t len)
{
    BIO *bio = BIO_new_mem_buf(text, len > INT_MAX ? 0 : (int)len);

    if (!bio)
        out_of_memory();
    return bio;
}

/* The first certificate is the server's, the others its chain. */
static bool use_chain(SSL_CTX *ctx, BIO *bio, struct err *e)
{
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    bool ok;

    if (!cert)
        return failed(e, "certificate");
    ok = SSL_CTX_use_certificate(ctx, cert) == 1;
    X509_free(cert);
    while (ok && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
        ok = SSL_CTX_add0_chain_cert(ctx, cert) == 1;
    ERR_clear_error(); /* the end of the text counts as an error */
    if (!ok)
        return failed(e, "certificate");
    return true;
}

/* Nobody is there to be asked for one. */
static int no_passphrase(char *buf UNUSED, int size UNUSED, int writes UNUSED, void *arg UNUSED)
{
    return -1;
}

static bool use_key(SSL_CTX *ctx, BIO *bio, struct err *e)
{
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    bool ok;

    if (!key)
        return failed(e, "key");
    ok = SSL_CTX_use_PrivateKey(ctx, key) == 1 && SSL_CTX_check_private_key(ctx) == 1;
    EVP_PKEY_free(key);
    if (!ok)
        return failed(e, "key");
    return true;
}

static SSL_CTX *context(const struct server_pem *pem, struct err *e)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    BIO *cert = pem_bio(pem->cert, pem->cert_len), *key = pem_bio(pem->key, pem->key_len);
    bool ok;

    if (!ctx)
        out_of_memory();
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    ok = use_chain(ctx, cert, e) && use_key(ctx, key, e);
    BIO_free(cert);
    BIO_free(key);
    if (ok)
        return ctx;
    SSL_CTX_free(ctx);
    return NULL;
}

bool server_tls_set(struct server_tls *tls, const struct server_pem *pem, struct err *e)
{
    SSL_CTX *ctx = context(pem, e);

    if (!ctx)
        return false;
    SSL_CTX_free(tls->ctx);
    tls->ctx = ctx;
    return true;
}

struct server_tls *server_tls_new(const struct server_pem *pem, struct err *e)
{
    struct server_tls *tls = xcalloc(1, sizeof(*tls));

    if (server_tls_set(tls, pem, e))
        return tls;
    free(tls);
    return NULL;
}

struct bufferevent *server_tls_connection(struct event_base *base, void *arg)
{
    const struct server_tls *tls = arg;
    SSL *ssl = SSL_new(tls->ctx);
    struct bufferevent *bev;

    if (!ssl)
        out_of_memory();
    bev = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING,
                                         BEV_OPT_CLOSE_ON_FREE);
    if (bev)
        bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
    return bev;
}

void server_tls_free(struct server_tls *tls)
{
    if (!tls)
        return;
    SSL_CTX_free(tls->ctx);
    free(tls);
}

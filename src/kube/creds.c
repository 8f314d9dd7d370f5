/* SPDX-License-Identifier: Apache-2.0 */
#include "creds.h"
#include "sluice/base/clock.h"
#include "sluice/base/file.h"
#include "sluice/base/log.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#define EXPIRY_MARGIN_MS INT64_C(10000) /* a plugin's token is renewed so long before its end */

/* Owned bytes with a NUL behind them, wiped when they go. */
struct blob {
    char *p;
    size_t len;
};

struct creds {
    const struct kube_config *config;
    struct blob token, ca, cert, key;
    struct http_tls tls;
    uint64_t generation; /* of the token */
    int64_t token_ms, tls_ms;
    int64_t expires_ms; /* of what the plugin gave, wall time; 0 = never */
};

static void blob_release(struct blob *b)
{
    if (b->p)
        explicit_bzero(b->p, b->len);
    free(b->p);
    *b = (struct blob){0};
}

static void blob_take(struct blob *to, struct blob *from)
{
    blob_release(to);
    *to = *from;
    *from = (struct blob){0};
}

static bool blob_equal(const struct blob *a, const struct blob *b)
{
    return a->len == b->len && (a->len == 0 || memcmp(a->p, b->p, a->len) == 0);
}

static struct blob blob_of(const char *data, size_t len)
{
    struct blob b = {.p = xmalloc(len + 1), .len = len};

    memcpy(b.p, data, len);
    b.p[len] = '\0';
    return b;
}

/* --- token ------------------------------------------------------------------------------------ */

/* The file's first word: blanks around it do not belong to it. */
static bool read_token(const char *path, struct blob *out, struct err *e)
{
    struct blob text = {0};
    size_t from, len;
    bool ok = file_read(path, KUBE_TOKEN_BYTES_MAX, &text.p, &text.len, e);

    if (!ok)
        return err_wrap(e, "token");
    from = strspn(text.p, " \t\r\n");
    len = strcspn(text.p + from, " \t\r\n");
    if (len == 0)
        ok = err_set(e, ERR_INVALID, "token: %s is empty", path);
    else
        *out = blob_of(text.p + from, len);
    blob_release(&text);
    return ok;
}

static void set_token(struct creds *c, struct blob *token)
{
    if (blob_equal(&c->token, token)) {
        blob_release(token);
        return;
    }
    blob_take(&c->token, token);
    c->generation++;
}

/* False: the old one stays. */
static bool renew_token(struct creds *c, int64_t now_ms, struct err *e)
{
    struct blob token = {0};

    c->token_ms = now_ms;
    if (!read_token(c->config->token_file, &token, e))
        return false;
    set_token(c, &token);
    return true;
}

/* --- certificates ----------------------------------------------------------------------------- */

static bool read_pem(const struct kube_pem *pem, struct blob *out, struct err *e)
{
    if (pem->data)
        *out = blob_of(pem->data, pem->data_len);
    else if (pem->file)
        return file_read(pem->file, KUBE_PEM_BYTES_MAX, &out->p, &out->len, e);
    return true;
}

static BIO *bio_of(const struct blob *b)
{
    BIO *bio;

    assert(b->len <= INT_MAX); /* whatever it was read from is bounded */
    bio = BIO_new_mem_buf(b->p ? b->p : "", (int)b->len);
    if (!bio)
        out_of_memory();
    return bio;
}

static X509 *first_cert(const struct blob *b)
{
    BIO *bio = bio_of(b);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    BIO_free(bio);
    ERR_clear_error();
    return cert;
}

static int no_passphrase(char *buf, int size, int writing, void *arg)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)arg;
    return -1; /* or OpenSSL would ask on the terminal */
}

/* A pair read while it was being replaced does not fit: then the old one serves on. */
static bool pair_fits(const struct blob *cert, const struct blob *key)
{
    X509 *x = first_cert(cert);
    BIO *bio = bio_of(key);
    EVP_PKEY *k = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    const bool fits = x && k && X509_check_private_key(x, k) == 1;

    BIO_free(bio);
    X509_free(x);
    EVP_PKEY_free(k);
    ERR_clear_error();
    return fits;
}

static bool check_tls(const struct creds *c, const struct blob *ca, const struct blob *cert,
                      const struct blob *key, struct err *e)
{
    X509 *x = ca->p ? first_cert(ca) : NULL;
    const bool ca_ok = !c->config->ca.data && !c->config->ca.file ? true : x != NULL;

    X509_free(x);
    if (!ca_ok)
        return err_set(e, ERR_INVALID, "no certificate in the certificate authority%s%s",
                       c->config->ca.data ? "-data" : " ",
                       c->config->ca.data ? "" : c->config->ca.file);
    if (cert->p && !pair_fits(cert, key))
        return err_set(e, ERR_INVALID, "the client certificate and its key do not fit");
    return true;
}

static void point_tls(struct creds *c)
{
    c->tls = (struct http_tls){
        .ca = c->ca.p,
        .ca_len = c->ca.len,
        .cert = c->cert.p,
        .cert_len = c->cert.len,
        .key = c->key.p,
        .key_len = c->key.len,
        .insecure = c->config->insecure,
    };
}

/* Swaps all three or none; `changed` says whether there was something to swap. */
static bool swap_tls(struct creds *c, struct blob *ca, struct blob *cert, struct blob *key,
                     bool *changed, struct err *e)
{
    *changed = false;
    if (blob_equal(ca, &c->ca) && blob_equal(cert, &c->cert) && blob_equal(key, &c->key))
        return true;
    if (!check_tls(c, ca, cert, key, e))
        return false;
    blob_take(&c->ca, ca);
    blob_take(&c->cert, cert);
    blob_take(&c->key, key);
    point_tls(c);
    *changed = true;
    return true;
}

/* A certificate that a plugin gave stays: only the files are looked at. */
static bool renew_tls(struct creds *c, int64_t now_ms, bool *changed, struct err *e)
{
    const struct kube_config *config = c->config;
    const bool of_plugin = config->exec && c->cert.p;
    struct blob ca = {0}, cert = {0}, key = {0};
    bool ok;

    c->tls_ms = now_ms;
    *changed = false;
    ok = read_pem(&config->ca, &ca, e);
    if (ok && of_plugin) {
        cert = blob_of(c->cert.p, c->cert.len);
        key = blob_of(c->key.p, c->key.len);
    } else if (ok) {
        ok = read_pem(&config->cert, &cert, e) && read_pem(&config->key, &key, e);
    }
    ok = ok && swap_tls(c, &ca, &cert, &key, changed, e);
    blob_release(&ca);
    blob_release(&cert);
    blob_release(&key);
    return ok;
}

/* --- plugin (C18) ----------------------------------------------------------------------------- */

static bool renew_from_plugin(struct creds *c, bool *changed, struct err *e)
{
    kube_exec_fn *run = kube_config_exec();
    struct kube_exec_result got = {0};
    struct blob ca = {0}, cert = {0}, key = {0}, token = {0};
    bool ok = true;

    *changed = false;
    if (!run)
        return err_set(e, ERR_INVALID, "credential plugins are not run by this program");
    if (!run(c->config, &got, e))
        return false;
    if (got.token) {
        token = blob_of(got.token, strlen(got.token));
        set_token(c, &token);
    }
    if (got.cert && got.key) {
        ca = blob_of(c->ca.p ? c->ca.p : "", c->ca.len);
        cert = blob_of(got.cert, strlen(got.cert));
        key = blob_of(got.key, strlen(got.key));
        if (!c->ca.p)
            blob_release(&ca);
        ok = swap_tls(c, &ca, &cert, &key, changed, e);
        c->generation += *changed;
    }
    c->expires_ms = got.expires_ms;
    blob_release(&ca);
    blob_release(&cert);
    blob_release(&key);
    kube_exec_result_release(&got);
    return ok;
}

/* --- the interface ---------------------------------------------------------------------------- */

static bool first_read(struct creds *c, int64_t now_ms, struct err *e)
{
    const struct kube_config *config = c->config;
    struct blob token = {0};
    bool changed;

    if (!renew_tls(c, now_ms, &changed, e))
        return false;
    if (config->token_file)
        return renew_token(c, now_ms, e);
    if (config->token.reveal) {
        token = blob_of(config->token.reveal, strlen(config->token.reveal));
        set_token(c, &token);
        return true;
    }
    return !config->exec || renew_from_plugin(c, &changed, e);
}

struct creds *creds_new(const struct kube_config *config, int64_t now_ms, struct err *e)
{
    struct creds *c = xcalloc(1, sizeof(*c));

    c->config = config;
    point_tls(c);
    if (first_read(c, now_ms, e))
        return c;
    creds_free(c);
    return NULL;
}

void creds_free(struct creds *c)
{
    if (!c)
        return;
    blob_release(&c->token);
    blob_release(&c->ca);
    blob_release(&c->cert);
    blob_release(&c->key);
    free(c);
}

static bool uses_plugin(const struct creds *c)
{
    return c->config->exec && !c->config->token_file && !c->config->token.reveal;
}

static void complain(const struct err *e)
{
    log_warn("credentials not renewed, the old ones stay", "err", e->text, NULL);
}

bool creds_refresh(struct creds *c, int64_t now_ms)
{
    bool changed = false, plugin_changed = false;
    struct err e = {0};

    if (c->config->token_file && now_ms - c->token_ms >= CREDS_TOKEN_MS &&
        !renew_token(c, now_ms, &e))
        complain(&e);
    if (now_ms - c->tls_ms >= CREDS_TLS_MS && !renew_tls(c, now_ms, &changed, &e))
        complain(&e);
    if (uses_plugin(c) && c->expires_ms && clock_wall_ms() >= c->expires_ms - EXPIRY_MARGIN_MS) {
        c->expires_ms = clock_wall_ms() + EXPIRY_MARGIN_MS + SECOND_MS; /* when it fails again */
        if (!renew_from_plugin(c, &plugin_changed, &e))
            complain(&e);
    }
    return changed || plugin_changed;
}

bool creds_refused(struct creds *c, uint64_t generation, int64_t now_ms)
{
    struct err e = {0};
    bool changed, ok = true;

    if (c->generation != generation)
        return true;
    if (c->config->token_file)
        ok = renew_token(c, now_ms, &e);
    else if (uses_plugin(c))
        ok = renew_from_plugin(c, &changed, &e);
    if (!ok)
        complain(&e);
    return c->generation != generation;
}

const char *creds_token(const struct creds *c)
{
    return c->token.p;
}

uint64_t creds_generation(const struct creds *c)
{
    return c->generation;
}

const struct http_tls *creds_tls(const struct creds *c)
{
    return &c->tls;
}

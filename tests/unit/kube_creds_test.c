/* SPDX-License-Identifier: Apache-2.0 */
/* C13, C14, C17: credentials that rotate. Time is an argument here, so nothing waits. */
#include "../../src/kube/creds.h"
#include "check.h"
#include "pki.h"
#include "sluice/base/clock.h"
#include "sluice/base/log.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <unistd.h>

#define START INT64_C(1000000)

static char dir[] = "/tmp/sluice-creds-XXXXXX";
static char token_path[64], ca_path[64], cert_path[64], key_path[64];

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static struct creds *open_creds(const struct kube_config *config)
{
    struct err e = {0};
    struct creds *c = creds_new(config, START, &e);

    CHECK(c, "%s", e.text);
    return c;
}

static void no_creds(const struct kube_config *config, const char *want)
{
    struct err e = {0};

    assert_null(creds_new(config, START, &e));
    CHECK(strstr(e.text, want), "\"%s\", want \"%s\"", e.text, want);
}

static void a_token_file_is_read_again(void **state)
{
    const struct kube_config config = {.token_file = token_path, .token = {"inline"}};
    struct creds *c;

    (void)state;
    unlink(token_path);
    no_creds(&config, token_path);
    write_file(token_path, " \n");
    no_creds(&config, "is empty");
    write_file(token_path, "  one\n");
    c = open_creds(&config);
    assert_string_equal(creds_token(c), "one");
    write_file(token_path, "two\n");
    creds_refresh(c, START + CREDS_TOKEN_MS - 1);
    assert_string_equal(creds_token(c), "one");
    creds_refresh(c, START + CREDS_TOKEN_MS);
    assert_string_equal(creds_token(c), "two");
    write_file(token_path, ""); /* half way through a rotation: the old one stays */
    creds_refresh(c, START + 2 * CREDS_TOKEN_MS);
    assert_string_equal(creds_token(c), "two");
    unlink(token_path);
    creds_refresh(c, START + 3 * CREDS_TOKEN_MS);
    assert_string_equal(creds_token(c), "two");
    creds_free(c);
    creds_free(NULL);
}

static void a_refused_token_is_read_at_once(void **state)
{
    const struct kube_config config = {.token_file = token_path};
    struct creds *c;
    uint64_t used;

    (void)state;
    write_file(token_path, "one");
    c = open_creds(&config);
    used = creds_generation(c);
    assert_false(creds_refused(c, used, START + 1)); /* the same one: asking again is no use */
    write_file(token_path, "two");
    assert_true(creds_refused(c, used, START + 2));
    assert_string_equal(creds_token(c), "two");
    assert_true(creds_refused(c, used, START + 3)); /* sent before the change */
    unlink(token_path);
    assert_false(creds_refused(c, creds_generation(c), START + 4));
    creds_free(c);
}

static void an_inline_token_stays(void **state)
{
    const struct kube_config config = {.token = {"inline"}}, none = {0};
    struct creds *c = open_creds(&config);

    (void)state;
    assert_string_equal(creds_token(c), "inline");
    assert_false(creds_refused(c, creds_generation(c), START));
    creds_free(c);
    c = open_creds(&none);
    assert_null(creds_token(c));
    assert_null(creds_tls(c)->ca);
    creds_free(c);
}

static void certificates_are_read_again(void **state)
{
    const struct kube_config config = {
        .ca = {.file = ca_path}, .cert = {.file = cert_path}, .key = {.file = key_path}};
    struct pki_pair ca = pki_ca("ca"), next_ca = pki_ca("next");
    struct pki_pair one = pki_leaf(&ca, "one", NULL), two = pki_leaf(&ca, "two", NULL);
    struct creds *c;
    int64_t now_ms = START;

    (void)state;
    no_creds(&config, ca_path);
    write_file(ca_path, "no certificate");
    write_file(cert_path, one.cert);
    write_file(key_path, one.key);
    no_creds(&config, "no certificate in the certificate authority");
    write_file(ca_path, ca.cert);
    c = open_creds(&config);
    assert_string_equal(creds_tls(c)->ca, ca.cert);
    assert_string_equal(creds_tls(c)->key, one.key);

    write_file(ca_path, next_ca.cert);
    assert_false(creds_refresh(c, now_ms + CREDS_TLS_MS - 1));
    assert_true(creds_refresh(c, now_ms += CREDS_TLS_MS));
    assert_string_equal(creds_tls(c)->ca, next_ca.cert);
    assert_false(creds_refresh(c, now_ms += CREDS_TLS_MS)); /* nothing new */

    write_file(ca_path, ""); /* C14: empty or unreadable, the old one stays */
    assert_false(creds_refresh(c, now_ms += CREDS_TLS_MS));
    assert_string_equal(creds_tls(c)->ca, next_ca.cert);
    write_file(ca_path, next_ca.cert);

    write_file(cert_path, two.cert); /* its key is not there yet */
    assert_false(creds_refresh(c, now_ms += CREDS_TLS_MS));
    assert_string_equal(creds_tls(c)->cert, one.cert);
    write_file(key_path, two.key);
    assert_true(creds_refresh(c, now_ms += CREDS_TLS_MS));
    assert_string_equal(creds_tls(c)->cert, two.cert);
    assert_int_equal(creds_tls(c)->cert_len, strlen(two.cert));

    write_file(cert_path, "");
    assert_false(creds_refresh(c, now_ms += CREDS_TLS_MS));
    unlink(key_path);
    assert_false(creds_refresh(c, now_ms += CREDS_TLS_MS));
    assert_string_equal(creds_tls(c)->key, two.key);
    creds_free(c);
    write_file(key_path, one.key);
    write_file(cert_path, two.cert);
    no_creds(&config, "do not fit");
    pki_release(&ca);
    pki_release(&next_ca);
    pki_release(&one);
    pki_release(&two);
}

/* A key that is locked: nobody is asked for its passphrase. */
static char *locked(const char *key)
{
    BIO *in = BIO_new_mem_buf(key, -1), *out = BIO_new(BIO_s_mem());
    EVP_PKEY *k = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
    char *data, *copy;
    long len;

    assert_int_equal(
        PEM_write_bio_PKCS8PrivateKey(out, k, EVP_aes_256_cbc(), "word", 4, NULL, NULL), 1);
    len = BIO_get_mem_data(out, &data);
    copy = xcalloc(1, (size_t)len + 1);
    memcpy(copy, data, (size_t)len);
    EVP_PKEY_free(k);
    BIO_free(in);
    BIO_free(out);
    return copy;
}

static struct kube_pem inline_pem(const char *text)
{
    return (struct kube_pem){.data = text, .data_len = strlen(text)};
}

static void certificates_that_stand_in_the_kubeconfig(void **state)
{
    struct pki_pair ca = pki_ca("ca"), one = pki_leaf(&ca, "one", NULL);
    auto_free char *locked_key = locked(one.key);
    struct kube_config config = {.ca = inline_pem("nonsense")};
    struct creds *c;

    (void)state;
    no_creds(&config, "no certificate in the certificate authority-data");
    config.ca = inline_pem(ca.cert);
    config.cert = inline_pem("nonsense");
    config.key = inline_pem(one.key);
    no_creds(&config, "do not fit");
    config.cert = inline_pem(one.cert);
    config.key = inline_pem("nonsense");
    no_creds(&config, "do not fit");
    config.key = inline_pem(locked_key);
    no_creds(&config, "do not fit");
    config.key = inline_pem("");
    no_creds(&config, "do not fit");
    config.key = (struct kube_pem){0};
    no_creds(&config, "do not fit");
    config.key = (struct kube_pem){.file = "/nonexistent/key"};
    no_creds(&config, "/nonexistent/key");
    config.cert = (struct kube_pem){.file = "/nonexistent/cert"};
    no_creds(&config, "/nonexistent/cert");
    config.cert = inline_pem(one.cert);
    config.key = inline_pem(one.key);
    c = open_creds(&config);
    assert_string_equal(creds_tls(c)->cert, one.cert);
    assert_false(creds_refresh(c, START + CREDS_TLS_MS));
    creds_free(c);
    pki_release(&ca);
    pki_release(&one);
}

/* --- plugins ---------------------------------------------------------------------------------- */

static int runs;
static const char *next_token;
static const struct pki_pair *next_pair;
static int64_t next_expiry_ms;

static bool plugin(const struct kube_config *config, struct kube_exec_result *out, struct err *e)
{
    (void)config;
    runs++;
    if (!next_token && !next_pair)
        return err_set(e, ERR_RETRY, "the plugin failed");
    *out = (struct kube_exec_result){
        .token = next_token ? xstrdup(next_token) : NULL,
        .cert = next_pair ? xstrdup(next_pair->cert) : NULL,
        .key = next_pair && next_pair->key ? xstrdup(next_pair->key) : NULL,
        .expires_ms = next_expiry_ms,
    };
    return true;
}

static void plugins_are_asked_again(void **state)
{
    const struct kube_exec exec = {.command = "login"};
    const struct kube_config config = {.exec = &exec};
    struct pki_pair ca = pki_ca("ca"), one = pki_leaf(&ca, "one", NULL);
    struct creds *c;

    (void)state;
    no_creds(&config, "plugins are not run");
    kube_config_allow_exec(plugin);
    no_creds(&config, "the plugin failed");
    runs = 0;
    next_token = "one";
    c = open_creds(&config);
    assert_string_equal(creds_token(c), "one");
    creds_refresh(c, START + 10 * CREDS_TOKEN_MS);
    assert_int_equal(runs, 1); /* no expiry: until it is refused */
    next_token = "two";
    next_expiry_ms = clock_wall_ms() + 1000; /* within the margin: next time at once */
    assert_true(creds_refused(c, creds_generation(c), START));
    assert_string_equal(creds_token(c), "two");
    next_token = NULL;
    creds_refresh(c, START);
    assert_int_equal(runs, 3);
    assert_string_equal(creds_token(c), "two"); /* the old one stays */
    creds_refresh(c, START);
    assert_int_equal(runs, 3); /* and a failing plugin is not run for every request */
    next_pair = &one;
    assert_true(creds_refused(c, creds_generation(c), START));
    assert_string_equal(creds_tls(c)->cert, one.cert);
    assert_false(creds_refresh(c, START + 9 * CREDS_TLS_MS)); /* files do not take it away */
    assert_string_equal(creds_tls(c)->cert, one.cert);
    creds_free(c);
    kube_config_allow_exec(NULL);
    pki_release(&ca);
    pki_release(&one);
}

/* Before it expires it is renewed, and what changed then is told: connections follow. Half a pair
 * is none. */
static void a_plugin_gives_another_pair(void **state)
{
    const struct kube_exec exec = {.command = "login"};
    const struct kube_config config = {.exec = &exec};
    struct pki_pair ca = pki_ca("ca"), one = pki_leaf(&ca, "one", NULL);
    struct pki_pair two = pki_leaf(&ca, "two", NULL), half = {one.cert, NULL};
    struct creds *c;

    (void)state;
    kube_config_allow_exec(plugin);
    next_token = NULL;
    next_pair = &one;
    next_expiry_ms = clock_wall_ms() + 1000;
    c = open_creds(&config);
    next_pair = &two;
    assert_true(creds_refresh(c, START));
    assert_string_equal(creds_tls(c)->cert, two.cert);
    next_pair = &half;
    next_token = "t";
    assert_true(creds_refused(c, creds_generation(c), START));
    assert_string_equal(creds_token(c), "t");
    assert_string_equal(creds_tls(c)->cert, two.cert);
    creds_free(c);
    next_pair = NULL;
    next_token = NULL;
    kube_config_allow_exec(NULL);
    pki_release(&ca);
    pki_release(&one);
    pki_release(&two);
}

/* Beside a token of one's own it is not asked; a certificate authority of a file stays with the
 * certificate that it gives. */
static void a_plugin_beside_files(void **state)
{
    const struct kube_exec exec = {.command = "login"};
    struct pki_pair ca = pki_ca("ca"), one = pki_leaf(&ca, "one", NULL);
    struct pki_pair two = pki_leaf(&ca, "two", NULL), mixed = {one.cert, two.key};
    struct kube_config config = {.exec = &exec, .token = {"own"}, .ca = {.file = ca_path}};
    struct creds *c;

    (void)state;
    kube_config_allow_exec(plugin);
    write_file(ca_path, ca.cert);
    runs = 0;
    next_token = NULL;
    next_expiry_ms = 0;
    next_pair = &one;
    c = open_creds(&config);
    assert_false(creds_refused(c, creds_generation(c), START));
    assert_int_equal(runs, 0);
    creds_free(c);
    config.token.reveal = NULL;
    config.token_file = token_path;
    write_file(token_path, "own");
    c = open_creds(&config);
    assert_false(creds_refresh(c, START));
    assert_false(creds_refused(c, creds_generation(c), START));
    assert_int_equal(runs, 0);
    creds_free(c);
    config.token_file = NULL;
    c = open_creds(&config);
    assert_int_equal(runs, 1);
    assert_string_equal(creds_tls(c)->ca, ca.cert);
    assert_string_equal(creds_tls(c)->cert, one.cert);
    next_pair = &mixed; /* does not fit: the old one stays */
    assert_false(creds_refused(c, creds_generation(c), START));
    assert_string_equal(creds_tls(c)->key, one.key);
    unlink(ca_path);
    assert_false(creds_refresh(c, START + CREDS_TLS_MS));
    assert_string_equal(creds_tls(c)->ca, ca.cert);
    creds_free(c);
    next_pair = NULL;
    kube_config_allow_exec(NULL);
    pki_release(&ca);
    pki_release(&one);
    pki_release(&two);
}

static int remove_dir(void **state)
{
    const char *const names[] = {token_path, ca_path, cert_path, key_path, dir};

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        (void)remove(names[i]);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_file_is_read_again),
        cmocka_unit_test(a_refused_token_is_read_at_once),
        cmocka_unit_test(an_inline_token_stays),
        cmocka_unit_test(certificates_are_read_again),
        cmocka_unit_test(certificates_that_stand_in_the_kubeconfig),
        cmocka_unit_test(plugins_are_asked_again),
        cmocka_unit_test(a_plugin_gives_another_pair),
        cmocka_unit_test(a_plugin_beside_files),
    };

    if (!mkdtemp(dir))
        return 1;
    log_set_level(LOG_ERROR);
    snprintf(token_path, sizeof(token_path), "%s/token", dir);
    snprintf(ca_path, sizeof(ca_path), "%s/ca", dir);
    snprintf(cert_path, sizeof(cert_path), "%s/cert", dir);
    snprintf(key_path, sizeof(key_path), "%s/key", dir);
    return cmocka_run_group_tests(tests, NULL, remove_dir);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Trust: whose certificate is taken, under which name (C7, C14, C16, C17). */
#include "check.h"
#include "pki.h"
#include "script.h"
#include "sluice/net/http.h"

#include <stdio.h>
#include <unistd.h>

#define WAIT_MS 10000

struct outcome {
    bool done;
    int code;
    bool sent;
    struct err err;
};

static void on_done(const struct http_result *r, void *arg)
{
    struct outcome *o = arg;

    o->done = true;
    o->code = r->code;
    o->sent = r->sent;
    o->err = r->err;
}

static bool is_done(void *arg)
{
    const struct outcome *o = arg;

    return o->done;
}

struct fixture {
    struct loop *loop;
    struct http_pool *pool;
    struct pki_pair ca, other_ca, server, client;
};

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));

    f->loop = loop_new();
    f->pool = http_pool_new(f->loop, "test");
    f->ca = pki_ca("ca");
    f->other_ca = pki_ca("other");
    f->server = pki_leaf(&f->ca, "server", "IP:127.0.0.1,DNS:api.test");
    f->client = pki_leaf(&f->ca, "client", NULL);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    http_pool_free(f->pool);
    pki_release(&f->ca);
    pki_release(&f->other_ca);
    pki_release(&f->server);
    pki_release(&f->client);
    loop_free(f->loop);
    free(f);
    return 0;
}

static struct outcome ask(struct fixture *f, const struct http_tls *tls, const char *url,
                          const char *connect_to)
{
    struct outcome o = {0};
    const struct http_request req = {
        .method = "POST",
        .url = url,
        .body = "x",
        .body_len = 1,
        .total_ms = WAIT_MS,
        .tls = tls,
        .connect_to = connect_to,
        .proxy = "",
    };

    http_send(f->pool, &req, on_done, &o);
    assert_true(loop_run_until(f->loop, is_done, &o, WAIT_MS));
    return o;
}

static struct http_tls trust(const struct pki_pair *ca)
{
    return (struct http_tls){.ca = ca->cert, .ca_len = strlen(ca->cert)};
}

static void whose_certificate_is_taken(void **state)
{
    struct fixture *f = *state;
    struct script *s = script_new_tls(f->loop, f->server.cert, f->server.key, NULL);
    const struct http_tls right = trust(&f->ca), wrong = trust(&f->other_ca),
                          none = {.insecure = true};
    struct outcome o;

    SCRIPT(s, .code = 200);
    assert_int_equal(ask(f, &right, script_url(s), NULL).code, 200);
    o = ask(f, &wrong, script_url(s), NULL);
    assert_int_equal(o.err.kind, ERR_RETRY);
    assert_false(o.sent);
    o = ask(f, NULL, script_url(s), NULL); /* the system's trust store does not know it */
    assert_int_equal(o.err.kind, ERR_RETRY);
    SCRIPT(s, .code = 200);
    assert_int_equal(ask(f, &none, script_url(s), NULL).code, 200);
    script_check(s);
    script_free(s);
}

static void under_which_name(void **state)
{
    struct fixture *f = *state;
    struct script *s = script_new_tls(f->loop, f->server.cert, f->server.key, NULL);
    const struct http_tls right = trust(&f->ca);
    char real[64];

    snprintf(real, sizeof(real), "127.0.0.1:%d", script_port(s));
    SCRIPT(s, .want_head = "Host: api.test", .code = 200);
    assert_int_equal(ask(f, &right, "https://api.test/", real).code, 200);
    assert_int_equal(ask(f, &right, "https://evil.test/", real).err.kind, ERR_RETRY);
    script_check(s);
    script_free(s);
}

static void with_a_certificate_of_ours(void **state)
{
    struct fixture *f = *state;
    struct script *s = script_new_tls(f->loop, f->server.cert, f->server.key, f->ca.cert);
    struct http_tls tls = trust(&f->ca);

    assert_int_equal(ask(f, &tls, script_url(s), NULL).err.kind, ERR_RETRY);
    tls.cert = f->client.cert;
    tls.cert_len = strlen(f->client.cert);
    tls.key = f->client.key;
    tls.key_len = strlen(f->client.key);
    SCRIPT(s, .code = 200);
    assert_int_equal(ask(f, &tls, script_url(s), NULL).code, 200);
    http_pool_drop_idle(f->pool);
    tls.key = f->server.key; /* does not belong to it: our own fault */
    tls.key_len = strlen(f->server.key);
    assert_int_equal(ask(f, &tls, script_url(s), NULL).err.kind, ERR_INVALID);
    script_free(s);
}

/* A key under a passphrase is refused: nobody is asked for it, who may have something to say. */
static void without_a_passphrase(void **state)
{
    struct fixture *f = *state;
    struct script *s = script_new_tls(f->loop, f->server.cert, f->server.key, f->ca.cert);
    auto_free char *locked = pki_locked_key(&f->client, "secret");
    struct http_tls tls = trust(&f->ca);
    int says[2], before = dup(STDIN_FILENO);

    assert_int_equal(pipe(says), 0);
    assert_int_equal(write(says[1], "secret\n", 7), 7);
    dup2(says[0], STDIN_FILENO);
    tls.cert = f->client.cert;
    tls.cert_len = strlen(f->client.cert);
    tls.key = locked;
    tls.key_len = strlen(locked);
    assert_int_equal(ask(f, &tls, script_url(s), NULL).err.kind, ERR_INVALID);
    dup2(before, STDIN_FILENO);
    close(before);
    close(says[0]);
    close(says[1]);
    script_free(s);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(whose_certificate_is_taken),
        TEST(under_which_name),
        TEST(with_a_certificate_of_ours),
        TEST(without_a_passphrase),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

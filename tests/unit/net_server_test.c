/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "pki.h"
#include "sluice/net/http.h"
#include "sluice/net/server.h"

#include <stdio.h>
#include <sys/socket.h>

#define WAIT_MS 10000

static void livez(const struct server_request *req, struct server_reply *reply, void *arg)
{
    (void)req;
    (void)arg;
    strbuf_adds(&reply->body, "ok\n");
}

static void echo(const struct server_request *req, struct server_reply *reply, void *arg)
{
    ++*(int *)arg;
    reply->code = 203;
    reply->content_type = "text/x-echo";
    strbuf_addf(&reply->body, "%s?%s#%s", req->path, req->query, req->authorization);
}

static void flood(const struct server_request *req, struct server_reply *reply, void *arg)
{
    (void)req;
    (void)arg;
    while (strbuf_adds(&reply->body, "0123456789abcdef0123456789abcdef0123456789abcdef"))
        ;
}

static int echoed;
static const struct server_handler handlers[] = {
    {"/livez", livez, NULL},
    {"/debug/", echo, &echoed},
    {"/flood", flood, NULL},
};

struct fixture {
    struct loop *loop;
    struct http_pool *pool;
};

struct outcome {
    bool done;
    int code;
    struct err err;
    char body[256], type[64];
    size_t len;
};

static void on_done(const struct http_result *r, void *arg)
{
    struct outcome *o = arg;

    o->done = true;
    o->code = r->code;
    o->err = r->err;
    o->len = r->len;
    snprintf(o->body, sizeof(o->body), "%.200s", r->body);
    snprintf(o->type, sizeof(o->type), "%s", r->content_type);
}

static bool is_done(void *arg)
{
    const struct outcome *o = arg;

    return o->done;
}

static struct outcome ask(struct fixture *f, const char *scheme, int port, const char *method,
                          const char *path, const struct http_tls *tls)
{
    const char *headers[] = {"Authorization: Bearer t"};
    struct outcome o = {0};
    char url[256];
    struct http_request req = {
        .method = method,
        .url = url,
        .total_ms = WAIT_MS,
        .headers = headers,
        .header_count = 1,
        .tls = tls,
        .proxy = "",
    };

    snprintf(url, sizeof(url), "%s://127.0.0.1:%d%s", scheme, port, path);
    if (strcmp(method, "POST") == 0) {
        req.body = "hello";
        req.body_len = 5;
    }
    http_send(f->pool, &req, on_done, &o);
    assert_true(loop_run_until(f->loop, is_done, &o, WAIT_MS));
    return o;
}

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));

    f->loop = loop_new();
    f->pool = http_pool_new(f->loop, "test");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    http_pool_free(f->pool);
    loop_free(f->loop);
    free(f);
    return 0;
}

static struct server *plain_server(struct fixture *f)
{
    struct err e = {0};
    struct server *s = server_new(f->loop, "127.0.0.1", 0, handlers, COUNT(handlers), &e);

    CHECK(s, "%s", e.text);
    return s;
}

static void pages(void **state)
{
    static const struct {
        const char *method, *path;
        int code;
        const char *body;
    } rows[] = {
        {"GET", "/livez", 200, "ok\n"},
        {"HEAD", "/livez", 200, ""},
        {"GET", "/livez?verbose", 200, "ok\n"},
        {"GET", "/livez/", 404, "not found\n"},
        {"GET", "/", 404, "not found\n"},
        {"GET", "/debug/a%20b?x=1&y", 203, "/debug/a b?x=1&y#Bearer t"},
        {"GET", "/debug/", 203, "/debug/?#Bearer t"},
        {"GET", "/debug", 404, "not found\n"},
        {"GET", "/debug/%00x", 400, "bad path\n"},
        {"GET", "/flood", 500, "the answer is too long\n"},
    };
    struct fixture *f = *state;
    struct server *s = plain_server(f);

    echoed = 0;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct outcome o = ask(f, "http", server_port(s), rows[i].method, rows[i].path, NULL);
        CHECK(o.code == rows[i].code, "%s: %d %s", rows[i].path, o.code, o.err.text);
        CHECK_TEXT(o.body, rows[i].body, rows[i].path);
    }
    assert_int_equal(echoed, 2);
    assert_string_equal(ask(f, "http", server_port(s), "GET", "/debug/", NULL).type, "text/x-echo");
    server_free(s);
}

static void other_methods_and_bodies(void **state)
{
    struct fixture *f = *state;
    struct server *s = plain_server(f);
    struct outcome o = ask(f, "http", server_port(s), "POST", "/livez", NULL);

    assert_true(o.code == 501 || o.code == 405 || o.code == 413);
    o = ask(f, "http", server_port(s), "DELETE", "/livez", NULL);
    assert_true(o.code == 501 || o.code == 405);
    server_free(s);
}

static void a_port_taken(void **state)
{
    struct fixture *f = *state;
    struct server *s = plain_server(f);
    struct err e = {0};

    assert_null(server_new(f->loop, "127.0.0.1", server_port(s), handlers, 1, &e));
    assert_non_null(strstr(e.text, "cannot listen on 127.0.0.1:"));
    assert_null(server_new(f->loop, "not-an-address", 0, handlers, 1, &e));
    server_free(s);
    server_free(NULL);
}

static void body_back(const struct server_request *req, struct server_reply *reply, void *arg)
{
    (void)arg;
    strbuf_addf(&reply->body, "%s %s %zu", req->method, req->body, req->body_len);
}

static void an_opened_server_takes_bodies(void **state)
{
    static const struct server_handler all[] = {{"/", body_back, NULL}};
    struct fixture *f = *state;
    struct err e = {0};
    struct server *s = server_new(f->loop, "127.0.0.1", 0, all, COUNT(all), &e);
    struct outcome o;

    assert_non_null(s);
    server_open_up(s, 8, 10);
    o = ask(f, "http", server_port(s), "POST", "/", NULL);
    assert_int_equal(o.code, 200);
    assert_string_equal(o.body, "POST hello 5");
    assert_string_equal(ask(f, "http", server_port(s), "DELETE", "/", NULL).body, "DELETE  0");
    server_free(s);

    s = server_new(f->loop, "127.0.0.1", 0, all, COUNT(all), &e);
    assert_non_null(s);
    server_open_up(s, 4, 10); /* five bytes are too many */
    assert_int_equal(ask(f, "http", server_port(s), "POST", "/", NULL).code, 413);
    server_free(s);
}

static void nothing(const struct server_request *req, struct server_reply *reply, void *arg)
{
    (void)req;
    (void)arg;
    reply->code = 204;
}

/* Whoever has no more to say says that. */
static void a_method_each_and_an_answer_without_a_body(void **state)
{
    static const struct server_handler all[] = {{"/none", nothing, NULL}, {"/", body_back, NULL}};
    static const char *const methods[] = {"GET", "PUT", "PATCH", "DELETE"};
    struct fixture *f = *state;
    struct err e = {0};
    struct server *s = server_new(f->loop, "127.0.0.1", 0, all, COUNT(all), &e);

    assert_non_null(s);
    server_open_up(s, 8, 10);
    for (size_t i = 0; i < COUNT(methods); i++) {
        char want[32];

        snprintf(want, sizeof(want), "%s  0", methods[i]);
        CHECK_TEXT(ask(f, "http", server_port(s), methods[i], "/", NULL).body, want, methods[i]);
    }
    assert_int_equal(ask(f, "http", server_port(s), "GET", "/none", NULL).code, 204);
    assert_int_equal(ask(f, "http", server_port(s), "GET", "/none", NULL).len, 0);
    server_free(s);
}

__typeof__(getsockname) __real_getsockname;
__typeof__(getsockname) __wrap_getsockname;
static bool no_name;

int __wrap_getsockname(int fd, struct sockaddr *address, socklen_t *len)
{
    return no_name ? -1 : __real_getsockname(fd, address, len);
}

static void a_socket_without_a_name_has_no_port(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    struct server *s;

    no_name = true;
    s = server_new(f->loop, "127.0.0.1", 0, handlers, COUNT(handlers), &e);
    no_name = false;
    assert_non_null(s);
    assert_int_equal(server_port(s), 0);
    server_free(s);
}

static void the_port_that_was_free(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    struct server *s = server_new(f->loop, "::1", 0, handlers, COUNT(handlers), &e);

    if (!s)
        skip(); /* no IPv6 here */
    assert_in_range(server_port(s), 1, 65535);
    server_free(s);
}

struct streaming {
    struct server_stream *stream;
    bool closed;
    char got[64];
};

static void on_closed(void *arg)
{
    struct streaming *s = arg;

    s->closed = true;
    s->stream = NULL;
}

static bool is_closed(void *arg)
{
    return ((struct streaming *)arg)->closed;
}

static void begin_stream(const struct server_request *req, struct server_reply *reply, void *arg)
{
    struct streaming *s = arg;

    s->stream = server_stream_begin(req, reply, "text/x-lines", on_closed, s);
    server_stream_send(s->stream, "one\n", 4);
}

static struct streaming streaming;

static bool on_chunk(const char *p, size_t len, void *arg)
{
    const size_t have = strlen(streaming.got);

    (void)arg;
    snprintf(streaming.got + have, sizeof(streaming.got) - have, "%.*s", (int)len, p);
    return true;
}

static bool got_two(void *arg)
{
    if (streaming.stream && str_equal(streaming.got, "one\n"))
        server_stream_send(streaming.stream, "two\n", 4);
    (void)arg;
    return strstr(streaming.got, "two\n") != NULL;
}

static struct http_call *listen_to(struct fixture *f, const struct server *s, struct outcome *o)
{
    char url[64];

    streaming = (struct streaming){0};
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/stream", server_port(s));
    return http_send(
        f->pool,
        &(struct http_request){.method = "GET", .url = url, .proxy = "", .on_chunk = on_chunk},
        on_done, o);
}

static void streams_go_on_until_either_side_ends_them(void **state)
{
    static const struct server_handler all[] = {{"/stream", begin_stream, &streaming}};
    struct fixture *f = *state;
    struct err e = {0};
    struct server *s = server_new(f->loop, "127.0.0.1", 0, all, COUNT(all), &e);
    struct outcome o = {0};
    struct http_call *call;

    assert_non_null(s);
    listen_to(f, s, &o);
    assert_true(loop_run_until(f->loop, got_two, NULL, WAIT_MS));
    assert_false(o.done);
    server_stream_end(streaming.stream);
    assert_true(loop_run_until(f->loop, is_done, &o, WAIT_MS));
    assert_int_equal(o.code, 200);
    assert_false(streaming.closed); /* not told of what it did itself */

    call = listen_to(f, s, &o);
    assert_true(loop_run_until(f->loop, got_two, NULL, WAIT_MS));
    http_cancel(call);
    assert_true(loop_run_until(f->loop, is_closed, &streaming, WAIT_MS));

    listen_to(f, s, &o);
    assert_true(loop_run_until(f->loop, got_two, NULL, WAIT_MS));
    server_free(s);
    assert_true(streaming.closed);
}

static struct server_pem pem_of(const struct pki_pair *pair)
{
    return (struct server_pem){.cert = pair->cert,
                               .cert_len = strlen(pair->cert),
                               .key = pair->key,
                               .key_len = strlen(pair->key)};
}

static struct http_tls trust(const struct pki_pair *ca)
{
    return (struct http_tls){.ca = ca->cert, .ca_len = strlen(ca->cert)};
}

static void over_tls_with_a_new_certificate(void **state)
{
    struct fixture *f = *state;
    struct pki_pair old_ca = pki_ca("old"), new_ca = pki_ca("new");
    struct pki_pair old_cert = pki_leaf(&old_ca, "s", "IP:127.0.0.1"),
                    new_cert = pki_leaf(&new_ca, "s", "IP:127.0.0.1");
    const struct http_tls old_trust = trust(&old_ca), new_trust = trust(&new_ca);
    struct server_pem pem = pem_of(&old_cert), mixed = pem;
    struct err e = {0};
    struct server *s = server_new_tls(f->loop, "127.0.0.1", 0, &pem, handlers, COUNT(handlers), &e);

    CHECK(s, "%s", e.text);
    assert_int_equal(ask(f, "https", server_port(s), "GET", "/livez", &old_trust).code, 200);
    assert_int_equal(ask(f, "https", server_port(s), "GET", "/livez", &new_trust).err.kind,
                     ERR_RETRY);
    mixed.key = new_cert.key;
    mixed.key_len = strlen(new_cert.key);
    assert_false(server_set_pem(s, &mixed, &e)); /* the old one stays */
    pem = pem_of(&new_cert);
    assert_true(server_set_pem(s, &pem, &e));
    assert_int_equal(ask(f, "https", server_port(s), "GET", "/livez", &new_trust).code, 200);
    server_free(s);
    pem.cert = "nonsense";
    pem.cert_len = 8;
    assert_null(server_new_tls(f->loop, "127.0.0.1", 0, &pem, handlers, 1, &e));
    assert_non_null(strstr(e.text, "TLS certificate: "));
    pem = pem_of(&new_cert);
    pem.key = "nonsense";
    pem.key_len = 8;
    assert_null(server_new_tls(f->loop, "127.0.0.1", 0, &pem, handlers, 1, &e));
    assert_non_null(strstr(e.text, "TLS key: "));
    pki_release(&old_ca);
    pki_release(&new_ca);
    pki_release(&old_cert);
    pki_release(&new_cert);
}

/* Whoever trusts the root alone is shown who signed in between. */
static void over_tls_with_a_chain(void **state)
{
    struct fixture *f = *state;
    struct pki_pair root = pki_ca("root"), between = pki_ca_of(&root, "between");
    struct pki_pair leaf = pki_leaf(&between, "s", "IP:127.0.0.1");
    const struct http_tls trusted = trust(&root);
    struct server_pem pem = pem_of(&leaf);
    auto_strbuf struct strbuf chain = {.max = 16384};
    struct err e = {0};
    struct server *s = server_new_tls(f->loop, "127.0.0.1", 0, &pem, handlers, COUNT(handlers), &e);

    CHECK(s, "%s", e.text);
    assert_int_equal(ask(f, "https", server_port(s), "GET", "/livez", &trusted).err.kind,
                     ERR_RETRY);
    strbuf_addf(&chain, "%s%s", leaf.cert, between.cert);
    pem.cert = chain.p;
    pem.cert_len = chain.len;
    assert_true(server_set_pem(s, &pem, &e));
    assert_int_equal(ask(f, "https", server_port(s), "GET", "/livez", &trusted).code, 200);
    server_free(s);
    pki_release(&root);
    pki_release(&between);
    pki_release(&leaf);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_opened_server_takes_bodies),
        TEST(streams_go_on_until_either_side_ends_them),
        TEST(pages),
        TEST(other_methods_and_bodies),
        TEST(a_method_each_and_an_answer_without_a_body),
        TEST(the_port_that_was_free),
        TEST(a_socket_without_a_name_has_no_port),
        TEST(a_port_taken),
        TEST(over_tls_with_a_new_certificate),
        TEST(over_tls_with_a_chain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "script.h"
#include "sluice/base/clock.h"
#include "sluice/base/strbuf.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/listener.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <sys/socket.h>

#define STEPS_MAX         512
#define REQUEST_BYTES_MAX ((size_t)16 * 1024 * 1024)

struct link {
    struct link *next;
    struct script *script;
    struct bufferevent *bev;
    struct strbuf out; /* what a step still sends, piece by piece */
    size_t sent, piece;
    enum script_end end;
    bool answering, streaming;
    struct timer *timer;
};

struct script {
    struct loop *loop;
    struct evconnlistener *listener;
    SSL_CTX *tls;
    char url[64];
    int port;
    struct script_step steps[STEPS_MAX];
    size_t step_count, taken, requests, connections;
    struct link *links, *stream;
    struct strbuf last, wrong;
    int64_t last_ms;
};

/* --- connections ------------------------------------------------------------------------------ */

static void drop(struct link *l, bool reset)
{
    struct script *s = l->script;
    const struct linger now = {.l_onoff = 1, .l_linger = 0};

    if (reset)
        setsockopt(bufferevent_getfd(l->bev), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    for (struct link **at = &s->links; *at; at = &(*at)->next)
        if (*at == l) {
            *at = l->next;
            break;
        }
    if (s->stream == l)
        s->stream = NULL;
    timer_cancel(l->timer);
    bufferevent_free(l->bev);
    strbuf_release(&l->out);
    free(l);
}

static void read_requests(struct link *l);

/* All of the step's bytes are with the kernel. */
static void step_over(struct link *l)
{
    l->answering = false;
    switch (l->end) {
    case SCRIPT_CLOSE:
    case SCRIPT_RESET:
        drop(l, l->end == SCRIPT_RESET);
        return;
    case SCRIPT_STREAM:
        l->streaming = true;
        l->script->stream = l;
        return;
    case SCRIPT_KEEP:
    case SCRIPT_HANG:
        break;
    }
    read_requests(l);
}

static void send_piece(void *arg)
{
    struct link *l = arg;
    const size_t left = l->out.len - l->sent;
    const size_t n = l->piece && l->piece < left ? l->piece : left;

    if (n > 0)
        bufferevent_write(l->bev, l->out.p + l->sent, n);
    l->sent += n;
}

static void on_drained(struct bufferevent *bev, void *arg)
{
    struct link *l = arg;

    if (!l->answering || evbuffer_get_length(bufferevent_get_output(bev)) > 0)
        return;
    if (l->sent < l->out.len)
        timer_move(l->timer, 0);
    else
        step_over(l);
}

/* --- requests --------------------------------------------------------------------------------- */

static void complain(struct script *s, const char *what, const char *want)
{
    strbuf_addf(&s->wrong, "request %zu: %s, want \"%s\":\n%s\n", s->requests, what, want,
                strbuf_str(&s->last));
}

static bool as_told(struct script *s, const struct script_step *step, const char *body)
{
    const char *text = strbuf_str(&s->last);
    const size_t before = s->wrong.len;

    if (step->want && strncmp(text, step->want, strlen(step->want)) != 0)
        complain(s, "not the one", step->want);
    if (step->want_head && !strstr(text, step->want_head))
        complain(s, "head lacks it", step->want_head);
    if (step->lack_head && strstr(text, step->lack_head))
        complain(s, "head has what it must not", step->lack_head);
    if (step->want_body && strcmp(body, step->want_body) != 0)
        complain(s, "body differs", step->want_body);
    return s->wrong.len == before;
}

static void compose(struct link *l, const struct script_step *step)
{
    const char *body = step->body ? step->body : "";
    const size_t len = step->body_len ? step->body_len : strlen(body);
    const bool stream = step->end == SCRIPT_STREAM;

    strbuf_reset(&l->out);
    if (step->code == 0)
        return;
    strbuf_addf(&l->out, "HTTP/1.1 %d Answer\r\n%s", step->code,
                step->headers ? step->headers : "Content-Type: application/json\r\n");
    if (stream)
        strbuf_adds(&l->out, "Transfer-Encoding: chunked\r\n\r\n");
    else if (step->no_length)
        strbuf_adds(&l->out, "\r\n");
    else
        strbuf_addf(&l->out, "Content-Length: %zu\r\n\r\n",
                    step->claim_len ? step->claim_len : len);
    if (stream && len > 0)
        strbuf_addf(&l->out, "%zx\r\n", len);
    strbuf_add(&l->out, body, len);
    if (stream && len > 0)
        strbuf_adds(&l->out, "\r\n");
}

static void answer(struct link *l, const char *body)
{
    static const struct script_step refusal = {.code = 599, .body = "not in the script"};
    struct script *s = l->script;
    const struct script_step *step = &refusal;

    if (s->taken == s->step_count)
        complain(s, "one too many", "nothing");
    else if (as_told(s, &s->steps[s->taken], body))
        step = &s->steps[s->taken];
    s->taken += s->taken < s->step_count;
    compose(l, step);
    l->sent = 0;
    l->piece = step->piece;
    l->end = step->end;
    l->answering = true;
    s->last_ms = clock_mono_ms();
    if (step->end == SCRIPT_HANG)
        return;
    if (l->out.len == 0)
        step_over(l);
    else
        send_piece(l);
}

static size_t body_length(const char *head)
{
    const char *field = strstr(head, "\r\nContent-Length: ");

    return field ? strtoul(field + 18, NULL, 10) : 0;
}

static bool take_request(struct link *l)
{
    struct script *s = l->script;
    struct evbuffer *in = bufferevent_get_input(l->bev);
    const struct evbuffer_ptr end = evbuffer_search(in, "\r\n\r\n", 4, NULL);
    size_t head, total;

    if (end.pos < 0)
        return false;
    head = (size_t)end.pos + 4;
    strbuf_reset(&s->last);
    strbuf_add(&s->last, evbuffer_pullup(in, (ev_ssize_t)head), head);
    total = head + body_length(s->last.p);
    if (evbuffer_get_length(in) < total)
        return false;
    strbuf_add(&s->last, evbuffer_pullup(in, (ev_ssize_t)total) + head, total - head);
    evbuffer_drain(in, total);
    s->requests++;
    answer(l, s->last.p + head);
    return true;
}

/* One at a time: the next of a connection waits for the answer to the one before. */
static void read_requests(struct link *l)
{
    if (!l->answering && !l->streaming)
        take_request(l);
}

static void on_bytes(struct bufferevent *bev, void *arg)
{
    (void)bev;
    read_requests(arg);
}

static void on_end(struct bufferevent *bev, short what, void *arg)
{
    (void)bev;
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
        drop(arg, false);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
                      int len, void *arg)
{
    struct script *s = arg;
    struct link *l = xcalloc(1, sizeof(*l));

    (void)listener;
    (void)address;
    (void)len;
    l->script = s;
    l->next = s->links;
    s->links = l;
    s->connections++;
    strbuf_init(&l->out, REQUEST_BYTES_MAX * 16);
    l->bev = s->tls
                 ? bufferevent_openssl_socket_new(loop_base(s->loop), fd, SSL_new(s->tls),
                                                  BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE)
                 : bufferevent_socket_new(loop_base(s->loop), fd, BEV_OPT_CLOSE_ON_FREE);
    if (!l->bev)
        abort();
    l->timer = loop_timer(s->loop, 0, send_piece, l);
    timer_stop(l->timer);
    bufferevent_setcb(l->bev, on_bytes, on_drained, on_end, l);
    bufferevent_enable(l->bev, EV_READ | EV_WRITE);
}

/* --- the interface ---------------------------------------------------------------------------- */

struct script *script_new(struct loop *loop)
{
    struct script *s = xcalloc(1, sizeof(*s));
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);

    s->loop = loop;
    strbuf_init(&s->last, REQUEST_BYTES_MAX);
    strbuf_init(&s->wrong, REQUEST_BYTES_MAX);
    s->listener = evconnlistener_new_bind(loop_base(loop), on_accept, s,
                                          LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 64,
                                          (const struct sockaddr *)&address, sizeof(address));
    assert_non_null(s->listener);
    getsockname(evconnlistener_get_fd(s->listener), (struct sockaddr *)&address, &len);
    s->port = ntohs(address.sin_port);
    snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%d", s->port);
    return s;
}

static BIO *bio_of(const char *pem)
{
    return BIO_new_mem_buf(pem, -1);
}

struct script *script_new_tls(struct loop *loop, const char *cert, const char *key,
                              const char *client_ca)
{
    struct script *s = script_new(loop);
    BIO *cert_bio = bio_of(cert), *key_bio = bio_of(key);
    X509 *x = PEM_read_bio_X509(cert_bio, NULL, NULL, NULL);
    EVP_PKEY *k = PEM_read_bio_PrivateKey(key_bio, NULL, NULL, NULL);

    s->tls = SSL_CTX_new(TLS_server_method());
    assert_int_equal(SSL_CTX_use_certificate(s->tls, x), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(s->tls, k), 1);
    if (client_ca) {
        BIO *ca_bio = bio_of(client_ca);
        X509 *ca = PEM_read_bio_X509(ca_bio, NULL, NULL, NULL);
        X509_STORE_add_cert(SSL_CTX_get_cert_store(s->tls), ca);
        SSL_CTX_set_verify(s->tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        X509_free(ca);
        BIO_free(ca_bio);
    }
    X509_free(x);
    EVP_PKEY_free(k);
    BIO_free(cert_bio);
    BIO_free(key_bio);
    snprintf(s->url, sizeof(s->url), "https://127.0.0.1:%d", s->port);
    return s;
}

void script_free(struct script *s)
{
    while (s->links)
        drop(s->links, false);
    evconnlistener_free(s->listener);
    SSL_CTX_free(s->tls);
    strbuf_release(&s->last);
    strbuf_release(&s->wrong);
    free(s);
}

int script_port(const struct script *s)
{
    return s->port;
}

const char *script_url(const struct script *s)
{
    return s->url;
}

void script_add(struct script *s, const struct script_step *step)
{
    assert_true(s->step_count < STEPS_MAX);
    s->steps[s->step_count++] = *step;
}

size_t script_left(const struct script *s)
{
    return s->step_count - s->taken;
}

bool script_empty(void *script)
{
    return script_left(script) == 0;
}

size_t script_requests(const struct script *s)
{
    return s->requests;
}

size_t script_connections(const struct script *s)
{
    return s->connections;
}

size_t script_open(const struct script *s)
{
    size_t n = 0;

    for (const struct link *l = s->links; l; l = l->next)
        n++;
    return n;
}

const char *script_last(const struct script *s)
{
    return strbuf_str(&s->last);
}

int64_t script_last_ms(const struct script *s)
{
    return s->last_ms;
}

void script_push_bytes(struct script *s, const char *p, size_t len)
{
    assert_non_null(s->stream);
    evbuffer_add_printf(bufferevent_get_output(s->stream->bev), "%zx\r\n", len);
    bufferevent_write(s->stream->bev, p, len);
    bufferevent_write(s->stream->bev, "\r\n", 2);
}

void script_push(struct script *s, const char *text)
{
    script_push_bytes(s, text, strlen(text));
}

void script_finish(struct script *s, enum script_end end)
{
    struct link *l = s->stream;

    assert_non_null(l);
    s->stream = NULL;
    l->streaming = false;
    if (end == SCRIPT_KEEP) {
        bufferevent_write(l->bev, "0\r\n\r\n", 5);
        return;
    }
    bufferevent_flush(l->bev, EV_WRITE, BEV_FLUSH);
    drop(l, end == SCRIPT_RESET);
}

bool script_streaming(void *script)
{
    const struct script *s = script;

    return s->stream != NULL;
}

void script_check(struct script *s)
{
    CHECK(s->wrong.len == 0, "%s", strbuf_str(&s->wrong));
}

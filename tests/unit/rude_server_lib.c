/* SPDX-License-Identifier: Apache-2.0 */
#include "rude_server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct connection {
    struct rude_server *server;
    int fd;
};

/* False: the peer is gone, or the test is over. */
static bool put(const struct connection *c, const void *p, size_t len)
{
    const char *at = p;

    while (len > 0) {
        const ssize_t n = send(c->fd, at, len, MSG_NOSIGNAL);
        if (n <= 0 || c->server->stop)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static bool puts_to(const struct connection *c, const char *text)
{
    return put(c, text, strlen(text));
}

static void answer(const struct connection *c, int code, const char *type, const char *body)
{
    char head[256];

    snprintf(head, sizeof(head),
             "HTTP/1.1 %d X\r\nContent-Type: %s\r\nLocation: http://127.0.0.1:1/\r\n"
             "Content-Length: %zu\r\nConnection: close\r\n\r\n",
             code, type, strlen(body));
    if (puts_to(c, head))
        puts_to(c, body);
}

/* True when `ms` have passed, false when the peer left or the test is over. */
static bool linger(const struct connection *c, int ms)
{
    for (int i = 0; i * 20 < ms; i++) {
        struct pollfd p = {.fd = c->fd, .events = POLLRDHUP};
        if (c->server->stop || poll(&p, 1, 20) != 0)
            return false;
    }
    return true;
}

/* --- behaviours ------------------------------------------------------------------------------- */

static void do_ok(const struct connection *c)
{
    answer(c, 200, "text/plain", "ok");
}

static void do_503(const struct connection *c)
{
    answer(c, 503, "text/html", "<h1>busy</h1>");
}

static void do_302(const struct connection *c)
{
    answer(c, 302, "text/plain", "");
}

static void do_hang(const struct connection *c)
{
    linger(c, 60000);
}

static void do_slow(const struct connection *c)
{
    for (const char *p = "HTTP/1.1 200 X\r\nContent-Length: 2\r\n\r\nok"; *p; p++)
        if (!put(c, p, 1) || !linger(c, 1000))
            return;
}

static void do_slow_body(const struct connection *c)
{
    if (!puts_to(c, "HTTP/1.1 200 X\r\nContent-Length: 60\r\n\r\n"))
        return;
    while (puts_to(c, "x") && linger(c, 1000))
        ;
}

static void do_reset(const struct connection *c)
{
    const struct linger now = {.l_onoff = 1};

    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

static void do_half(const struct connection *c)
{
    puts_to(c, "HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\nhalf");
}

static void do_garbage(const struct connection *c)
{
    put(c, "\0\xff\xfe garbage \r\n\r\n", 16);
}

static void do_huge(const struct connection *c)
{
    static const char block[4096] = "x";

    if (!puts_to(c, "HTTP/1.1 200 X\r\nConnection: close\r\n\r\n"))
        return;
    for (int i = 0; i < 4096 && put(c, block, sizeof(block)); i++)
        ;
}

static void do_headers(const struct connection *c)
{
    if (!puts_to(c, "HTTP/1.1 200 X\r\n"))
        return;
    for (int i = 0; i < 100000 && puts_to(c, "X-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n");
         i++)
        ;
}

static void sample(const struct connection *c, const char *value)
{
    char body[256];

    snprintf(body, sizeof(body),
             "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":["
             "{\"metric\":{},\"value\":[%lld,\"%s\"]}]}}",
             (long long)time(NULL), value);
    answer(c, 200, "application/json", body);
}

static void do_low(const struct connection *c)
{
    sample(c, "0.1");
}

static void do_high(const struct connection *c)
{
    sample(c, "0.9");
}

static void do_nan(const struct connection *c)
{
    sample(c, "NaN");
}

static void do_empty(const struct connection *c)
{
    answer(c, 200, "application/json",
           "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]}}");
}

/* Deflate by hand: a zero, then copies of 258 bytes each, 13 bits a piece. */
static size_t bomb(uint8_t *out, size_t room)
{
    size_t bit = 0;
    const uint32_t head =
        0x3 | 0x0c << 3; /* last block, fixed codes; then the literal 0, reversed */

    memset(out, 0, room);
    for (int i = 0; i < 11; i++, bit++)
        out[bit / 8] |= (uint8_t)((head >> i & 1) << bit % 8);
    while (bit / 8 + 8 < room) {
        const uint32_t copy = 0xa3; /* length 258 (11000101 reversed), then distance 1 (00000) */
        for (int i = 0; i < 13; i++, bit++)
            out[bit / 8] |= (uint8_t)((copy >> i & 1) << bit % 8);
    }
    bit += 7; /* end of block */
    return (bit + 7) / 8;
}

static void do_bomb(const struct connection *c)
{
    static const char head[] = "\x1f\x8b\x08\0\0\0\0\0\0\x03";
    uint8_t *body = malloc(256 * 1024); /* about 40 MiB of zeros */
    char text[128];
    const size_t len = bomb(body, 256 * 1024);

    snprintf(text, sizeof(text),
             "HTTP/1.1 200 X\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n",
             len + sizeof(head) - 1);
    if (puts_to(c, text) && put(c, head, sizeof(head) - 1))
        put(c, body, len);
    free(body);
}

static const struct behaviour {
    const char *path;
    void (*act)(const struct connection *c);
} behaviours[] = {
    {"/ok", do_ok},
    {"/503", do_503},
    {"/302", do_302},
    {"/hang", do_hang},
    {"/slow-body", do_slow_body},
    {"/slow", do_slow},
    {"/reset", do_reset},
    {"/half", do_half},
    {"/garbage", do_garbage},
    {"/huge", do_huge},
    {"/headers", do_headers},
    {"/low", do_low},
    {"/high", do_high},
    {"/nan", do_nan},
    {"/empty", do_empty},
    {"/bomb", do_bomb},
};

/* --- HTTP/2, as far as one health check needs it ---------------------------------------------- */

static void do_grpc(const struct connection *c)
{
    static const char settings[] = "\0\0\0\x04\0\0\0\0\0"
                                   "\0\0\0\x04\x01\0\0\0\0";
    /* HEADERS: :status 200, content-type: application/grpc. */
    static const char headers[] = "\0\0\x14\x01\x04\0\0\0\x01"
                                  "\x88"
                                  "\x0f\x10\x10"
                                  "application/grpc";
    char data[] = "\0\0\x07\0\0\0\0\0\x01"
                  "\0\0\0\0\x02"
                  "\x08\x01";
    char trailers[] = "\0\0\x0f\x01\x05\0\0\0\x01"
                      "\0\x0bgrpc-status\x01"
                      "0";

    data[15] = (char)c->server->serving;
    trailers[sizeof(trailers) - 2] = c->server->serving > 2 ? '5' : '0';
    if (put(c, settings, sizeof(settings) - 1) && put(c, headers, sizeof(headers) - 1) &&
        put(c, data, sizeof(data) - 1) && put(c, trailers, sizeof(trailers) - 1))
        linger(c, 200);
}

/* --- the server ------------------------------------------------------------------------------- */

/* The head of the request; false when none comes. */
static bool read_head(const struct connection *c, char *head, size_t room)
{
    size_t len = 0;

    while (len + 1 < room && !c->server->stop) {
        struct pollfd p = {.fd = c->fd, .events = POLLIN};
        ssize_t n;
        if (poll(&p, 1, 20) == 0)
            continue;
        n = recv(c->fd, head + len, room - 1 - len, 0);
        if (n <= 0)
            return false;
        len += (size_t)n;
        head[len] = '\0';
        if (strncmp(head, "PRI * HTTP/2.0", 14) == 0 || strstr(head, "\r\n\r\n"))
            return true;
    }
    return false;
}

static void serve(const struct connection *c)
{
    char head[4096] = "";

    if (!read_head(c, head, sizeof(head)))
        return;
    memcpy(c->server->last, head, sizeof(head));
    atomic_fetch_add(&c->server->hits, 1);
    if (strncmp(head, "PRI", 3) == 0) {
        do_grpc(c);
        return;
    }
    for (size_t i = 0; i < sizeof(behaviours) / sizeof(behaviours[0]); i++) {
        const size_t n = strlen(behaviours[i].path);
        if (strncmp(head + 4, behaviours[i].path, n) == 0 && strchr("/? ", head[4 + n])) {
            behaviours[i].act(c);
            return;
        }
    }
    answer(c, 404, "text/plain", "not here");
}

static void *connection_main(void *arg)
{
    struct connection c = *(struct connection *)arg;

    free(arg);
    serve(&c);
    close(c.fd);
    atomic_fetch_sub(&c.server->open, 1);
    return NULL;
}

static void *server_main(void *arg)
{
    struct rude_server *s = arg;

    while (!s->stop) {
        struct pollfd p = {.fd = s->fd, .events = POLLIN};
        struct connection *c;
        pthread_t thread;
        if (poll(&p, 1, 20) <= 0)
            continue;
        c = malloc(sizeof(*c));
        *c = (struct connection){s, accept(s->fd, NULL, NULL)};
        atomic_fetch_add(&s->open, 1);
        if (c->fd < 0 || pthread_create(&thread, NULL, connection_main, c) != 0)
            abort();
        pthread_detach(thread);
    }
    while (s->open > 0)
        usleep(1000);
    return NULL;
}

static int listen_somewhere(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) != 0 || listen(fd, 512) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        abort();
    *port = ntohs(address.sin_port);
    return fd;
}

void rude_start(struct rude_server *s)
{
    pthread_t thread;

    memset(s, 0, sizeof(*s));
    s->serving = 1;
    s->fd = listen_somewhere(&s->port);
    if (pthread_create(&thread, NULL, server_main, s) != 0)
        abort();
    s->thread = thread;
}

void rude_stop(struct rude_server *s)
{
    s->stop = true;
    pthread_join(s->thread, NULL);
    close(s->fd);
}

int rude_closed_port(void)
{
    int port;
    const int fd = listen_somewhere(&port);

    close(fd);
    return port;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* load_client.c - the clients of the load generator: one request at a time on a connection. */
#include "load.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_BYTES_MAX 16384
#define OWN_PORTS_FROM   12000 /* below the range that the kernel chooses from */
#define OWN_PORTS        16384

/* One client, on a connection of its own while `fd` is open. */
struct client {
    int fd;         /* -1 = not connected */
    bool busy;      /* a request is under way */
    int64_t due_us; /* when its request was due */
    int64_t deadline_us;
    size_t sent_bytes;
    size_t got_bytes;
    char got[ANSWER_BYTES_MAX];
};

static struct client clients[CLIENTS_MAX];

void clients_init(void)
{
    for (size_t i = 0; i < CLIENTS_MAX; i++)
        clients[i].fd = -1;
}

static void disconnect(struct client *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

static void end_request(struct client *c, bool keep)
{
    c->busy = false;
    load.busy_count--;
    if (!keep || !load.keepalive)
        disconnect(c);
}

static void lose(struct client *c, enum why why)
{
    count_lost(&load.total, why);
    count_lost(&load.second, why);
    end_request(c, false);
}

static enum why why_of(int error)
{
    if (error == ECONNREFUSED)
        return WHY_REFUSED;
    if (error == ECONNRESET || error == EPIPE)
        return WHY_RESET;
    return error == ETIMEDOUT ? WHY_TIMEOUT : WHY_OTHER;
}

/* The value of header `name` (written "\r\nname:") in `head`, copied out; "" if there is none. */
static void header(const char *head, const char *name, char *value, size_t size)
{
    const char *at = strcasestr(head, name);
    size_t n;

    value[0] = '\0';
    if (!at)
        return;
    at += strlen(name);
    at += strspn(at, " \t");
    n = strcspn(at, "\r\n");
    snprintf(value, size, "%.*s", (int)n, at);
}

/* Whether the answer is whole. `closed`: no more of it will come. */
static bool finish_answer(struct client *c, bool closed)
{
    char value[64];
    char version[64];
    char *body;
    int code = 0;
    bool keep;

    c->got[c->got_bytes] = '\0';
    body = strstr(c->got, "\r\n\r\n");
    if (!body || sscanf(c->got, "HTTP/1.%*c %d", &code) != 1 || code < 100 || code > 599)
        return false;
    body[2] = '\0';
    body += 4;
    header(c->got, "\r\nconnection:", value, sizeof value);
    keep = !closed && strcasecmp(value, "close") != 0;
    header(c->got, "\r\ncontent-length:", value, sizeof value);
    header(c->got, "\r\nx-version:", version, sizeof version);
    body[-2] = '\r'; /* as it was, should more be needed */
    if (value[0]) {
        if (c->got_bytes - (size_t)(body - c->got) < strtoul(value, NULL, 10))
            return false;
    } else {
        header(c->got, "\r\ntransfer-encoding:", value, sizeof value);
        if (!strcasecmp(value, "chunked") ? !strstr(body - 2, "\r\n0\r\n\r\n") : !closed)
            return false;
    }
    for (char *p = version; *p; p++) {
        if (*p == '"' || *p == '\\' || *p < ' ')
            *p = '?';
    }
    count_answer(&load.total, code, version[0] ? version : "none",
                 now_us(CLOCK_MONOTONIC) - c->due_us);
    count_answer(&load.second, code, version[0] ? version : "none",
                 now_us(CLOCK_MONOTONIC) - c->due_us);
    end_request(c, keep);
    return true;
}

static void on_readable(struct client *c)
{
    while (c->busy) {
        ssize_t n = recv(c->fd, c->got + c->got_bytes, sizeof c->got - 1 - c->got_bytes, 0);

        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0) {
            lose(c, why_of(errno));
        } else if (n == 0) {
            if (c->got_bytes == sizeof c->got - 1)
                lose(c, WHY_OTHER);
            else if (!finish_answer(c, true))
                lose(c, WHY_CLOSED);
        } else {
            c->got_bytes += (size_t)n;
            finish_answer(c, false);
        }
    }
}

static void on_writable(struct client *c)
{
    ssize_t n;

    if (c->sent_bytes == load.request_bytes)
        return;
    n = send(c->fd, load.request + c->sent_bytes, load.request_bytes - c->sent_bytes, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN)
        lose(c, why_of(errno));
    else if (n > 0)
        c->sent_bytes += (size_t)n;
}

void on_event(struct client *c, uint32_t events)
{
    int error = 0;
    socklen_t size = sizeof error;

    if (c->fd < 0)
        return;
    if (!c->busy) {
        /* An idle connection has only its end to tell. */
        if (events & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP))
            disconnect(c);
        return;
    }
    if (events & EPOLLERR) {
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        lose(c, why_of(error));
        return;
    }
    if (events & EPOLLOUT)
        on_writable(c);
    if (c->busy && (events & (EPOLLIN | EPOLLHUP | EPOLLRDHUP)))
        on_readable(c);
}

/* Kept connections get ports of their own, each once. A connection that a dying pod resets leaves
 * the kernel's connection tracking an entry that leads to that pod for 10 s more: the next one from
 * the same port would go there, and a client of new connections takes any port of the usual range.
 * No port that is free: the kernel chooses. */
static void bind_own_port(int fd)
{
    static int next;
    const int start = getpid() % (OWN_PORTS / 64) * 64;
    struct sockaddr_in own = {.sin_family = AF_INET};

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    for (int i = 0; i < 64; i++) {
        own.sin_port = htons((uint16_t)(OWN_PORTS_FROM + (start + next++) % OWN_PORTS));
        if (bind(fd, (struct sockaddr *)&own, sizeof own) == 0)
            return;
    }
}

static void connect_client(struct client *c)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c};

    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        die("no socket is left");
    if (load.keepalive)
        bind_own_port(c->fd);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    epoll_ctl(load.poll, EPOLL_CTL_ADD, c->fd, &event);
    if (connect(c->fd, (struct sockaddr *)&load.address, sizeof load.address) < 0 &&
        errno != EINPROGRESS)
        lose(c, why_of(errno));
}

/* Whether the server has closed an idle connection, or sent what was not asked for. */
static bool is_stale(const struct client *c)
{
    char byte;

    return recv(c->fd, &byte, 1, MSG_PEEK) >= 0 || errno != EAGAIN;
}

void begin_request(struct client *c, int64_t due_us)
{
    if (c->fd >= 0 && is_stale(c))
        disconnect(c);
    load.total.sent++;
    load.second.sent++;
    load.busy_count++;
    c->busy = true;
    c->due_us = due_us;
    c->deadline_us = now_us(CLOCK_MONOTONIC) + load.timeout_us;
    c->sent_bytes = c->got_bytes = 0;
    if (c->fd >= 0)
        on_writable(c);
    else
        connect_client(c);
}

/* A client that is free; in turn, so that all connections are used alike. */
struct client *free_client(void)
{
    static size_t next;

    for (size_t i = 0; i < load.client_count; i++) {
        struct client *c = &clients[next++ % load.client_count];

        if (!c->busy)
            return c;
    }
    return NULL;
}

void lose_late_ones(int64_t now)
{
    for (size_t i = 0; i < load.client_count; i++) {
        if (clients[i].busy && clients[i].deadline_us <= now)
            lose(&clients[i], WHY_TIMEOUT);
    }
}

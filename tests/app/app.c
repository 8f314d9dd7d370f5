/* SPDX-License-Identifier: Apache-2.0 */
/* app.c - the application that the tests release: a small HTTP server that misbehaves on demand.
 *
 *   GET /          "hello from VERSION"; counted in /metrics; ERROR_RATE and DELAY_MS apply
 *   GET /version   VERSION alone
 *   GET /healthz   200, or 500 while FAIL_HEALTH=1
 *   GET /readyz    200, or 503 while NEVER_READY=1
 *   GET /metrics   http_requests_total{code} and http_request_duration_seconds, for Prometheus
 *   GET /set?error_rate=0.2&delay_ms=50&fail_health=1&never_ready=0   changes these while it runs
 *
 * The environment: PORT (8080), VERSION (v1), ERROR_RATE (0 to 1), DELAY_MS, FAIL_HEALTH,
 * NEVER_READY, CRASH_AFTER_MS (exit 1 that long after the start), and GRACEFUL: without it SIGTERM
 * ends the process at once, whatever is being answered; with GRACEFUL=1 it stops accepting, closes
 * idle connections and ends when the last request is answered. */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX   4096
#define REQUEST_BYTES_MAX 8192
#define COUNT(array)      (sizeof(array) / sizeof((array)[0]))

/* One client. A request is answered only when the one before it has been. */
struct connection {
    bool open;
    bool close_after; /* once the answer is out */
    int64_t due_us;   /* when the held-back answer goes out; 0 = none is held back */
    int64_t began_us; /* when the request was complete */
    int code;         /* of the held-back answer */
    size_t in_bytes;  /* in `in`, of which the first `request_bytes` are being answered */
    size_t request_bytes;
    size_t out_bytes; /* in `out`, of which `sent_bytes` are sent */
    size_t sent_bytes;
    char in[REQUEST_BYTES_MAX];
    char out[8192];
};

static const double bounds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5};

static struct {
    const char *version;
    char host[128];
    double error_rate;
    long delay_ms;
    bool fail_health;
    bool never_ready;
    bool graceful;
    bool ending;      /* graceful, and SIGTERM has come */
    int64_t crash_us; /* 0 = never */
    int poll;
    int listener;
    int signals;
    uint64_t random;
    long delayed; /* answers held back */

    uint64_t requests_ok;
    uint64_t requests_failed;
    uint64_t buckets[COUNT(bounds) + 1];
    double seconds_sum;
} app;

/* By file descriptor. */
static struct connection *connections[CONNECTIONS_MAX];

static int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static double chance(void)
{
    app.random ^= app.random << 13;
    app.random ^= app.random >> 7;
    app.random ^= app.random << 17;
    return (double)(app.random >> 11) / (double)(UINT64_C(1) << 53);
}

static void watch(int fd, int op, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};

    if (epoll_ctl(app.poll, op, fd, &event) < 0)
        perror("epoll_ctl");
}

static void drop(int fd)
{
    struct connection *c = connections[fd];

    if (c->due_us)
        app.delayed--;
    c->open = false;
    close(fd);
}

/* Returns false once the connection is dropped. */
static bool flush(int fd)
{
    struct connection *c = connections[fd];

    while (c->sent_bytes < c->out_bytes) {
        ssize_t n = send(fd, c->out + c->sent_bytes, c->out_bytes - c->sent_bytes, MSG_NOSIGNAL);

        if (n < 0 && errno == EAGAIN) {
            watch(fd, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
            return true;
        }
        if (n < 0) {
            drop(fd);
            return false;
        }
        c->sent_bytes += (size_t)n;
    }
    if (c->out_bytes > 0)
        watch(fd, EPOLL_CTL_MOD, EPOLLIN);
    c->out_bytes = c->sent_bytes = 0;
    if (c->close_after) {
        drop(fd);
        return false;
    }
    return true;
}

/* Answers the request at the head of `in` and takes it out. */
static bool answer(int fd, int code, const char *type, const char *body)
{
    struct connection *c = connections[fd];
    size_t body_bytes = strlen(body);
    int n;

    if (app.ending)
        c->close_after = true;
    n = snprintf(c->out, sizeof c->out,
                 "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nX-Version: %s\r\n"
                 "X-Pod: %s\r\n%s\r\n%s",
                 code, code < 400 ? "OK" : "Failed", type, body_bytes, app.version, app.host,
                 c->close_after ? "Connection: close\r\n" : "", body);
    assert(n > 0 && (size_t)n < sizeof c->out);
    c->out_bytes = (size_t)n;
    c->sent_bytes = 0;
    c->in_bytes -= c->request_bytes;
    memmove(c->in, c->in + c->request_bytes, c->in_bytes);
    c->request_bytes = 0;
    return flush(fd);
}

static bool answer_hello(int fd)
{
    struct connection *c = connections[fd];
    double seconds = (double)(now_us() - c->began_us) / 1e6;
    char body[256];
    size_t i = 0;

    while (i < COUNT(bounds) && seconds > bounds[i])
        i++;
    app.buckets[i]++;
    app.seconds_sum += seconds;
    if (c->code == 200)
        app.requests_ok++;
    else
        app.requests_failed++;
    snprintf(body, sizeof body, "%s from %s on %s\n", c->code == 200 ? "hello" : "error",
             app.version, app.host);
    return answer(fd, c->code, "text/plain", body);
}

static void add(char *text, size_t size, size_t *used, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static void add(char *text, size_t size, size_t *used, const char *format, ...)
{
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vsnprintf(text + *used, size - *used, format, arguments);
    va_end(arguments);
    assert(n >= 0 && (size_t)n < size - *used);
    *used += (size_t)n;
}

static bool answer_metrics(int fd)
{
    char text[4096];
    size_t used = 0;
    uint64_t sum = 0;

    add(text, sizeof text, &used,
        "# HELP http_requests_total Requests for / answered, by status code.\n"
        "# TYPE http_requests_total counter\n"
        "http_requests_total{code=\"200\"} %llu\nhttp_requests_total{code=\"500\"} %llu\n"
        "# HELP http_request_duration_seconds Time from request to answer.\n"
        "# TYPE http_request_duration_seconds histogram\n",
        (unsigned long long)app.requests_ok, (unsigned long long)app.requests_failed);
    for (size_t i = 0; i < COUNT(bounds); i++) {
        sum += app.buckets[i];
        add(text, sizeof text, &used, "http_request_duration_seconds_bucket{le=\"%g\"} %llu\n",
            bounds[i], (unsigned long long)sum);
    }
    sum += app.buckets[COUNT(bounds)];
    add(text, sizeof text, &used,
        "http_request_duration_seconds_bucket{le=\"+Inf\"} %llu\n"
        "http_request_duration_seconds_sum %.6f\nhttp_request_duration_seconds_count %llu\n",
        (unsigned long long)sum, app.seconds_sum, (unsigned long long)sum);
    return answer(fd, 200, "text/plain; version=0.0.4", text);
}

static bool answer_set(int fd, char *query)
{
    char *rest = query;
    char *pair;

    while ((pair = strsep(&rest, "&"))) {
        char *value = strchr(pair, '=');

        if (!value)
            continue;
        *value++ = '\0';
        if (!strcmp(pair, "error_rate"))
            app.error_rate = strtod(value, NULL);
        else if (!strcmp(pair, "delay_ms"))
            app.delay_ms = strtol(value, NULL, 10);
        else if (!strcmp(pair, "fail_health"))
            app.fail_health = value[0] == '1';
        else if (!strcmp(pair, "never_ready"))
            app.never_ready = value[0] == '1';
        else
            return answer(fd, 400, "text/plain", "no such setting\n");
    }
    return answer(fd, 200, "text/plain", "set\n");
}

/* Answers one complete request, or holds the answer back. */
static bool serve(int fd, char *path)
{
    struct connection *c = connections[fd];
    char *query = strchr(path, '?');

    if (query)
        *query++ = '\0';
    if (!strcmp(path, "/healthz"))
        return answer(fd, app.fail_health ? 500 : 200, "text/plain",
                      app.fail_health ? "ill\n" : "ok\n");
    if (!strcmp(path, "/readyz"))
        return answer(fd, app.never_ready ? 503 : 200, "text/plain",
                      app.never_ready ? "no\n" : "ok\n");
    if (!strcmp(path, "/version"))
        return answer(fd, 200, "text/plain", app.version);
    if (!strcmp(path, "/metrics"))
        return answer_metrics(fd);
    if (!strcmp(path, "/set"))
        return answer_set(fd, query ? query : path + strlen(path));
    if (strcmp(path, "/") != 0)
        return answer(fd, 404, "text/plain", "not found\n");

    c->code = chance() < app.error_rate ? 500 : 200;
    c->began_us = now_us();
    if (app.delay_ms > 0) {
        c->due_us = c->began_us + app.delay_ms * 1000;
        app.delayed++;
        return true;
    }
    return answer_hello(fd);
}

/* Answers what `in` holds, until an answer is held back or cannot be sent at once. */
static void advance(int fd)
{
    struct connection *c = connections[fd];

    while (c->open && !c->due_us && c->out_bytes == 0) {
        char path[256] = "";
        char version = '1';
        const char *end = memmem(c->in, c->in_bytes, "\r\n\r\n", 4);

        if (!end) {
            if (c->in_bytes == sizeof c->in)
                drop(fd);
            return;
        }
        c->request_bytes = (size_t)(end - c->in) + 4;
        c->in[c->request_bytes - 1] = '\0';
        /* A body would be taken for the next request: only GET and HEAD's kin come here. */
        if (sscanf(c->in, "%*7s %255s HTTP/1.%c", path, &version) < 1) {
            drop(fd);
            return;
        }
        if (version == '0' || strcasestr(c->in, "\r\nconnection: close"))
            c->close_after = true;
        if (!serve(fd, path))
            return;
    }
}

static void receive(int fd)
{
    struct connection *c = connections[fd];

    for (;;) {
        ssize_t n;

        if (c->in_bytes == sizeof c->in)
            break;
        n = recv(fd, c->in + c->in_bytes, sizeof c->in - c->in_bytes, 0);
        if (n < 0 && errno == EAGAIN)
            break;
        if (n <= 0) {
            drop(fd);
            return;
        }
        c->in_bytes += (size_t)n;
    }
    advance(fd);
}

static void accept_all(void)
{
    int fd;

    while ((fd = accept4(app.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        if (fd >= CONNECTIONS_MAX) {
            close(fd);
            continue;
        }
        if (!connections[fd])
            connections[fd] = malloc(sizeof *connections[fd]);
        if (!connections[fd])
            abort();
        *connections[fd] = (struct connection){.open = true};
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        watch(fd, EPOLL_CTL_ADD, EPOLLIN);
    }
}

/* Sends answers that are due. Returns the time to wait for the next event, in ms; -1 = no limit. */
static int send_due(void)
{
    int64_t next_us = app.crash_us ? app.crash_us : INT64_MAX;
    int64_t now = now_us();

    if (app.crash_us && now >= app.crash_us)
        _exit(1);
    for (int fd = 0; fd < CONNECTIONS_MAX && app.delayed > 0; fd++) {
        struct connection *c = connections[fd];

        if (!c || !c->open || !c->due_us)
            continue;
        if (c->due_us > now) {
            if (c->due_us < next_us)
                next_us = c->due_us;
            continue;
        }
        c->due_us = 0;
        app.delayed--;
        if (answer_hello(fd))
            advance(fd);
    }
    if (next_us == INT64_MAX)
        return -1;
    return next_us > now ? (int)((next_us - now + 999) / 1000) : 0;
}

/* Whether nothing is left to answer, once it is to end. */
static bool finished(void)
{
    bool busy = false;

    for (int fd = 0; fd < CONNECTIONS_MAX; fd++) {
        struct connection *c = connections[fd];

        if (!c || !c->open)
            continue;
        if (c->in_bytes == 0 && c->out_bytes == 0)
            receive(fd); /* something may have come in the meantime */
        if (c->open && c->in_bytes == 0 && c->out_bytes == 0)
            drop(fd);
        busy = busy || c->open;
    }
    return !busy;
}

static void begin_ending(void)
{
    if (!app.graceful)
        _exit(0);
    if (app.ending)
        return;
    app.ending = true;
    accept_all();
    close(app.listener);
}

static const char *setting(const char *name, const char *otherwise)
{
    const char *value = getenv(name);

    return value && *value ? value : otherwise;
}

static bool is_on(const char *name)
{
    return strcmp(setting(name, "0"), "0") != 0;
}

static void configure(void)
{
    long crash_ms = strtol(setting("CRASH_AFTER_MS", "0"), NULL, 10);

    app.version = setting("VERSION", "v1");
    app.error_rate = strtod(setting("ERROR_RATE", "0"), NULL);
    app.delay_ms = strtol(setting("DELAY_MS", "0"), NULL, 10);
    app.fail_health = is_on("FAIL_HEALTH");
    app.never_ready = is_on("NEVER_READY");
    app.graceful = is_on("GRACEFUL");
    app.crash_us = crash_ms > 0 ? now_us() + crash_ms * 1000 : 0;
    app.random = ((uint64_t)now_us() * UINT64_C(0x9E3779B97F4A7C15) ^ (uint64_t)getpid()) | 1;
    if (gethostname(app.host, sizeof app.host - 1) < 0)
        strcpy(app.host, "unknown");
}

static bool listen_on(const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};

    address.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
    app.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(app.listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    return app.listener >= 0 &&
           bind(app.listener, (struct sockaddr *)&address, sizeof address) == 0 &&
           listen(app.listener, 1024) == 0;
}

int main(void)
{
    sigset_t ends;

    /* As the first process of a container it gets no signal that it has not asked for. */
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    configure();
    app.poll = epoll_create1(EPOLL_CLOEXEC);
    app.signals = signalfd(-1, &ends, SFD_NONBLOCK | SFD_CLOEXEC);
    if (app.poll < 0 || app.signals < 0 || !listen_on(setting("PORT", "8080"))) {
        perror("app");
        return 1;
    }
    watch(app.signals, EPOLL_CTL_ADD, EPOLLIN);
    watch(app.listener, EPOLL_CTL_ADD, EPOLLIN);

    while (!app.ending || !finished()) {
        struct epoll_event events[256];
        int count = epoll_wait(app.poll, events, COUNT(events), send_due());

        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;

            if (fd == app.signals) {
                begin_ending();
            } else if (fd == app.listener && !app.ending) {
                accept_all();
            } else if (fd < CONNECTIONS_MAX && connections[fd] && connections[fd]->open) {
                if (connections[fd]->out_bytes > 0 && !flush(fd))
                    continue;
                receive(fd);
            }
        }
    }
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* load.c - sends GET requests at a steady rate and says what became of every one.
 *
 *   load [OPTION...] http://ADDRESS[:PORT][/PATH]        ADDRESS in digits, or localhost
 *     --rate N             requests a second (100)
 *     --connections KIND   new: one for each request; keepalive (the default): --clients of them
 *     --clients N          kept-alive connections (8); requests wait for a free one
 *     --header 'A: B'      added to each request; --header 'Host: x' replaces Host
 *     --timeout-ms N       after which a request is lost (5000)
 *     --seconds N          how long; else until SIGTERM or SIGINT
 *     --report FILE        the final report; FILE appears only when it is whole
 *
 * Each second it prints a line of JSON about that second; the report has the same fields over all:
 *   sent      = ok + errors + lost, once all requests have ended
 *   ok        answered with a status below 500
 *   errors    answered with 500 or more
 *   lost      no whole answer: see lost_why. Nothing is sent twice: a connection that the server
 *             closed while it was idle costs nothing, a request that fell into that close is lost
 *   by_code, by_version (of the X-Version header), and when each version was first and last seen,
 *   in ms since 1970; latency_ms is measured from the time when the request was due. */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
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

#define CLIENTS_MAX      2048
#define ANSWER_BYTES_MAX 16384
#define VERSIONS_MAX     32
#define LOST_TIMES_MAX   64
#define OWN_PORTS_FROM   12000 /* below the range that the kernel chooses from */
#define OWN_PORTS        16384
#define COUNT(array)     (sizeof(array) / sizeof((array)[0]))

enum why { WHY_REFUSED, WHY_RESET, WHY_CLOSED, WHY_TIMEOUT, WHY_OTHER, WHY_COUNT };
static const char *const why_names[WHY_COUNT] = {"refused", "reset", "closed", "timeout", "other"};

/* Latencies fall into buckets that grow by an eighth: enough for percentiles. */
#define BUCKETS 192

struct version {
    char name[64];
    uint64_t count;
    int64_t first_ms;
    int64_t last_ms;
};

struct tally {
    uint64_t sent;
    uint64_t ok;
    uint64_t errors;
    uint64_t lost;
    uint64_t why[WHY_COUNT];
    uint64_t codes[600];
    uint64_t buckets[BUCKETS];
    struct version versions[VERSIONS_MAX];
    size_t version_count;
    int64_t lost_ms[LOST_TIMES_MAX]; /* when the first ones were lost */
};

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

static struct {
    struct sockaddr_in address;
    char request[4096];
    size_t request_bytes;
    double rate;
    bool keepalive;
    size_t client_count;
    int64_t timeout_us;
    int64_t seconds;
    const char *report;
    int poll;
    size_t busy_count;
    struct tally total;
    struct tally second; /* the current one */
} load;

static struct client clients[CLIENTS_MAX];

static int64_t now_us(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void die(const char *what)
{
    fprintf(stderr, "load: %s\n", what);
    exit(2);
}

/* --- what became of them ---------------------------------------------------------------------- */

static size_t bucket_of(int64_t us)
{
    double limit = 100;
    size_t i = 0;

    while (i < BUCKETS - 1 && (double)us > limit) {
        limit *= 1.125;
        i++;
    }
    return i;
}

/* The latency in ms that `share` of all answers did not exceed. */
static double percentile(const struct tally *t, double share)
{
    uint64_t wanted = (uint64_t)((double)(t->ok + t->errors) * share);
    double limit = 100;
    uint64_t sum = 0;

    for (size_t i = 0; i < BUCKETS; i++, limit *= 1.125) {
        sum += t->buckets[i];
        if (sum > 0 && sum >= wanted)
            return limit / 1000;
    }
    return 0;
}

static void count_version(struct tally *t, const char *name, int64_t wall_ms)
{
    size_t i = 0;

    while (i < t->version_count && strcmp(t->versions[i].name, name) != 0)
        i++;
    if (i == VERSIONS_MAX)
        return;
    if (i == t->version_count) {
        snprintf(t->versions[i].name, sizeof t->versions[i].name, "%s", name);
        t->versions[i].count = 0;
        t->versions[i].first_ms = wall_ms;
        t->version_count++;
    }
    t->versions[i].count++;
    t->versions[i].last_ms = wall_ms;
}

static void count_answer(struct tally *t, int code, const char *version, int64_t latency_us)
{
    if (code < 500)
        t->ok++;
    else
        t->errors++;
    t->codes[code]++;
    t->buckets[bucket_of(latency_us)]++;
    count_version(t, version, now_us(CLOCK_REALTIME) / 1000);
}

static void count_lost(struct tally *t, enum why why)
{
    if (t->lost < LOST_TIMES_MAX)
        t->lost_ms[t->lost] = now_us(CLOCK_REALTIME) / 1000;
    t->lost++;
    t->why[why]++;
}

static void print_tally(FILE *out, const struct tally *t, bool whole)
{
    const char *comma = "";

    fprintf(
        out,
        "{\"time_ms\":%lld,\"sent\":%llu,\"ok\":%llu,\"errors\":%llu,\"lost\":%llu,\"by_code\":{",
        (long long)(now_us(CLOCK_REALTIME) / 1000), (unsigned long long)t->sent,
        (unsigned long long)t->ok, (unsigned long long)t->errors, (unsigned long long)t->lost);
    for (size_t i = 0; i < COUNT(t->codes); i++) {
        if (t->codes[i] == 0)
            continue;
        fprintf(out, "%s\"%zu\":%llu", comma, i, (unsigned long long)t->codes[i]);
        comma = ",";
    }
    fprintf(out, "},\"by_version\":{");
    for (size_t i = 0; i < t->version_count; i++)
        fprintf(out, "%s\"%s\":%llu", i ? "," : "", t->versions[i].name,
                (unsigned long long)t->versions[i].count);
    fprintf(out, "},\"lost_why\":{");
    comma = "";
    for (size_t i = 0; i < WHY_COUNT; i++) {
        if (t->why[i] == 0)
            continue;
        fprintf(out, "%s\"%s\":%llu", comma, why_names[i], (unsigned long long)t->why[i]);
        comma = ",";
    }
    fprintf(out, "},\"latency_ms\":{\"p50\":%.2f,\"p90\":%.2f,\"p99\":%.2f,\"max\":%.2f}",
            percentile(t, 0.5), percentile(t, 0.9), percentile(t, 0.99), percentile(t, 1));
    if (whole) {
        fprintf(out, ",\"seen_ms\":{");
        for (size_t i = 0; i < t->version_count; i++)
            fprintf(out, "%s\"%s\":[%lld,%lld]", i ? "," : "", t->versions[i].name,
                    (long long)t->versions[i].first_ms, (long long)t->versions[i].last_ms);
        fprintf(out, "},\"lost_ms\":[");
        for (size_t i = 0; i < t->lost && i < LOST_TIMES_MAX; i++)
            fprintf(out, "%s%lld", i ? "," : "", (long long)t->lost_ms[i]);
        fprintf(out, "]");
    }
    fprintf(out, "}\n");
    fflush(out);
}

/* --- one request ------------------------------------------------------------------------------ */

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

static void on_event(struct client *c, uint32_t events)
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

static void begin_request(struct client *c, int64_t due_us)
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
static struct client *free_client(void)
{
    static size_t next;

    for (size_t i = 0; i < load.client_count; i++) {
        struct client *c = &clients[next++ % load.client_count];

        if (!c->busy)
            return c;
    }
    return NULL;
}

static void lose_late_ones(int64_t now)
{
    for (size_t i = 0; i < load.client_count; i++) {
        if (clients[i].busy && clients[i].deadline_us <= now)
            lose(&clients[i], WHY_TIMEOUT);
    }
}

/* --- the whole -------------------------------------------------------------------------------- */

static void take_events(int64_t wait_us, int signals, bool *stop)
{
    struct epoll_event events[256];
    struct timespec wait = {.tv_sec = wait_us / 1000000, .tv_nsec = (wait_us % 1000000) * 1000};
    int count = epoll_pwait2(load.poll, events, COUNT(events), &wait, NULL);

    for (int i = 0; i < count; i++) {
        struct signalfd_siginfo signal;

        if (events[i].data.ptr)
            on_event(events[i].data.ptr, events[i].events);
        else if (read(signals, &signal, sizeof signal) > 0)
            *stop = true;
    }
}

static void run(int signals)
{
    int64_t start = now_us(CLOCK_MONOTONIC);
    int64_t end = load.seconds > 0 ? start + load.seconds * 1000000 : INT64_MAX;
    int64_t tick = start + 1000000;
    uint64_t begun = 0;
    bool stop = false;

    while (!stop || load.busy_count > 0) {
        int64_t now = now_us(CLOCK_MONOTONIC);
        int64_t due = start + (int64_t)((double)begun * 1e6 / load.rate);
        int64_t next;
        struct client *c;

        stop = stop || now >= end;
        while (!stop && due <= now && (c = free_client())) {
            begin_request(c, due);
            due = start + (int64_t)((double)++begun * 1e6 / load.rate);
        }
        lose_late_ones(now);
        if (now >= tick) {
            print_tally(stdout, &load.second, false);
            memset(&load.second, 0, sizeof load.second);
            tick += 1000000;
        }
        next = tick < end || stop ? tick : end;
        /* Without a free client the next event is an answer or a deadline: looked at each 10 ms. */
        if (!stop && due < next)
            next = due > now ? due : now + 10000;
        if (load.busy_count > 0 && next > now + 10000)
            next = now + 10000;
        take_events(next > now ? next - now : 0, signals, &stop);
    }
}

static bool write_report(void)
{
    char part[4096];
    FILE *out;

    snprintf(part, sizeof part, "%s.part", load.report);
    out = fopen(part, "w");
    if (!out)
        return false;
    print_tally(out, &load.total, true);
    return fclose(out) == 0 && rename(part, load.report) == 0;
}

static void parse_url(const char *url, char *host, size_t host_size, const char **path)
{
    const char *prefix = "http://";
    size_t n;
    char *colon;
    char name[64];

    if (strncmp(url, prefix, strlen(prefix)) != 0)
        die("the URL must begin with http://");
    url += strlen(prefix);
    n = strcspn(url, "/");
    *path = url[n] ? url + n : "/";
    snprintf(host, host_size, "%.*s", (int)n, url);
    snprintf(name, sizeof name, "%.*s", (int)n, url);
    load.address.sin_family = AF_INET;
    load.address.sin_port = htons(80);
    if ((colon = strchr(name, ':'))) {
        *colon = '\0';
        load.address.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    }
    if (inet_pton(AF_INET, strcmp(name, "localhost") ? name : "127.0.0.1",
                  &load.address.sin_addr) != 1)
        die("the URL's host must be an IPv4 address");
}

static void parse_arguments(int argc, char **argv)
{
    const char *url = NULL;
    const char *path;
    char host[128];
    char headers[2048] = "";
    bool own_host;
    size_t n = 0;

    load.rate = 100;
    load.keepalive = true;
    load.client_count = 8;
    load.timeout_us = 5000000;
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i];
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;

        if (strncmp(name, "--", 2) != 0) {
            url = name;
            continue;
        }
        if (!value)
            die("an option lacks its value");
        i++;
        if (!strcmp(name, "--rate"))
            load.rate = strtod(value, NULL);
        else if (!strcmp(name, "--connections") && !strcmp(value, "new"))
            load.keepalive = false;
        else if (!strcmp(name, "--connections") && !strcmp(value, "keepalive"))
            load.keepalive = true;
        else if (!strcmp(name, "--clients"))
            load.client_count = strtoul(value, NULL, 10);
        else if (!strcmp(name, "--timeout-ms"))
            load.timeout_us = strtol(value, NULL, 10) * 1000;
        else if (!strcmp(name, "--seconds"))
            load.seconds = strtol(value, NULL, 10);
        else if (!strcmp(name, "--report"))
            load.report = value;
        else if (!strcmp(name, "--header") && n + strlen(value) + 3 < sizeof headers)
            n += (size_t)snprintf(headers + n, sizeof headers - n, "%s\r\n", value);
        else
            die("unknown option or value; the head of load.c lists them");
    }
    if (!url || load.rate <= 0 || load.timeout_us <= 0)
        die("usage: load [OPTION...] http://ADDRESS[:PORT][/PATH]");
    if (!load.keepalive)
        load.client_count = CLIENTS_MAX;
    if (load.client_count == 0 || load.client_count > CLIENTS_MAX)
        die("too many clients, or none");
    parse_url(url, host, sizeof host, &path);
    own_host = !strncasecmp(headers, "host:", 5) || strcasestr(headers, "\r\nhost:");
    if (!own_host && n + strlen(host) + 9 < sizeof headers)
        snprintf(headers + n, sizeof headers - n, "Host: %s\r\n", host);
    n = (size_t)snprintf(load.request, sizeof load.request, "GET %s HTTP/1.1\r\n%s%s\r\n", path,
                         headers, load.keepalive ? "" : "Connection: close\r\n");
    if (n >= sizeof load.request)
        die("the request is too long");
    load.request_bytes = n;
}

int main(int argc, char **argv)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    sigset_t ends;
    int signals;

    parse_arguments(argc, argv);
    for (size_t i = 0; i < CLIENTS_MAX; i++)
        clients[i].fd = -1;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    load.poll = epoll_create1(EPOLL_CLOEXEC);
    signals = signalfd(-1, &ends, SFD_NONBLOCK | SFD_CLOEXEC);
    if (load.poll < 0 || signals < 0 || epoll_ctl(load.poll, EPOLL_CTL_ADD, signals, &event) < 0)
        die(strerror(errno));
    run(signals);
    if (!load.report) {
        print_tally(stdout, &load.total, true);
    } else if (!write_report()) {
        perror("load: report");
        return 1;
    }
    return 0;
}

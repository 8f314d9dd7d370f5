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
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct load load;

int64_t now_us(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void die(const char *what)
{
    fprintf(stderr, "load: %s\n", what);
    exit(2);
}

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
    clients_init();
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

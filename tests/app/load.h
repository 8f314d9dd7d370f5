/* SPDX-License-Identifier: Apache-2.0 */
/* load.h - what the files of the load generator share: its settings, its clients, its counts. */
#ifndef SLUICE_TESTS_APP_LOAD_H
#define SLUICE_TESTS_APP_LOAD_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#define CLIENTS_MAX    2048
#define VERSIONS_MAX   32
#define LOST_TIMES_MAX 64
#define COUNT(array)   (sizeof(array) / sizeof((array)[0]))

enum why { WHY_REFUSED, WHY_RESET, WHY_CLOSED, WHY_TIMEOUT, WHY_OTHER, WHY_COUNT };

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

struct load {
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
};

extern struct load load;

/* load.c */
int64_t now_us(clockid_t clock);
void die(const char *what);

/* load_tally.c */
void count_answer(struct tally *t, int code, const char *version, int64_t latency_us);
void count_lost(struct tally *t, enum why why);
void print_tally(FILE *out, const struct tally *t, bool whole);

/* load_client.c */
struct client;
void clients_init(void); /* none of them is connected */
struct client *free_client(void);
void begin_request(struct client *c, int64_t due_us);
void on_event(struct client *c, uint32_t events);
void lose_late_ones(int64_t now);

#endif

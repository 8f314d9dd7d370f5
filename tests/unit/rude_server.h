/* SPDX-License-Identifier: Apache-2.0 */
/* rude_server.h - an HTTP server on loopback that behaves as badly as its path says, for tests of
 * clients. Threads of its own, blocking calls, one connection each.
 *
 * The first part of the path decides: see the table in rude_server_lib.c. A connection that starts
 * with the preface of HTTP/2 is answered as grpc.health.v1, with `serving`. */
#ifndef SLUICE_TEST_RUDE_SERVER_H
#define SLUICE_TEST_RUDE_SERVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct rude_server {
    int port;
    atomic_int hits;    /* requests read */
    atomic_int open;    /* connections whose threads have not ended */
    atomic_int serving; /* 1: SERVING, 2: NOT_SERVING, else an error of gRPC */
    atomic_bool stop;
    int fd;
    unsigned long thread;
    char last[4096]; /* the newest request's head; read it when nothing is under way */
};

void rude_start(struct rude_server *s);
void rude_stop(struct rude_server *s); /* returns when all its threads are gone */
int rude_closed_port(void);            /* a port of loopback where nobody listens */

#endif

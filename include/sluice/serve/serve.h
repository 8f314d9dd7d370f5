/* SPDX-License-Identifier: Apache-2.0 */
/* serve.h - the simulated cluster behind a socket: an API server on loopback that the real
 * operator, the CLI and kubectl talk to.
 *
 * Objects are JSON documents. Those that the simulator's controllers know (sim.h) live in one
 * simulated cluster for each namespace; all others are only kept. Pods are written from what the
 * simulator has of them. The world moves on a clock of its own, driven by the real one.
 *
 * What it does not do: other groups than those of kinds.c, rights (every token may do all),
 * defaults inside pod templates, admission but that of Sluice's own two policies, foreground
 * deletion, logs and exec. src/README.md says more. */
#ifndef SLUICE_SERVE_SERVE_H
#define SLUICE_SERVE_SERVE_H

#include "sluice/net/loop.h"
#include "sluice/sim/sim.h"

struct serve;

struct serve_options {
    int port;               /* 0: a free one */
    int metrics_port;       /* plain HTTP, with a little of Prometheus; 0: a free one, -1: none */
    const char *kubeconfig; /* for people; FILE.operator is the operator's */
    double speed;           /* virtual seconds for each real one; 0 means 1 */
    int requests_per_s;     /* of the steady clients, for each Service in use; 0 means 100 */
    struct sim_options sim;
};

/* Listens on 127.0.0.1 at once; the texts of the options are borrowed. NULL on failure. */
struct serve *serve_new(struct loop *loop, const struct serve_options *options,
                        struct err *e) MUST_USE;
void serve_free(struct serve *v); /* NULL is fine */
int serve_port(const struct serve *v);
int serve_metrics_port(const struct serve *v); /* -1: none */
/* Creates what a YAML or JSON text names, in its order, as a person would. */
bool serve_apply(struct serve *v, const char *text, size_t len, struct err *e) MUST_USE;
/* Writes the kubeconfigs: whoever waits for them may begin. */
bool serve_announce(const struct serve *v, struct err *e) MUST_USE;

#endif

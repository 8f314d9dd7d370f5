/* SPDX-License-Identifier: Apache-2.0 */
/* gate_run.h - the runner of gates: asks of plans go in, counts of answers come out.
 *
 * It does all the I/O of gates - queries of Prometheus, probes of pods by HTTP, TCP and gRPC - and
 * decides nothing: what an answer means is metric.h's, what follows from it the plan's. Every
 * question has a deadline and a limit of bytes; at most GATE_PROBE_ROUNDS_MAX rounds of probes and
 * GATE_QUERIES_MAX queries are open at once, of one Rollout and of one host only a few of them, and
 * each of those gets its turn: what is dead or slow holds up nobody else. Nothing here is needed
 * again after a restart: asks say what status remembers. Source: api.md 2.4 to 2.6; C8, C84. */
#ifndef SLUICE_CTL_GATE_RUN_H
#define SLUICE_CTL_GATE_RUN_H

#include "sluice/metric/metric.h"
#include "sluice/net/loop.h"
#include "sluice/plan/plan.h"

#define GATE_PODS_MAX                10             /* asked in one round */
#define GATE_PROBE_ROUNDS_MAX        25             /* open at once, of all Rollouts ... */
#define GATE_PROBE_ROUNDS_OF_KEY_MAX 2              /* ... and of one */
#define GATE_QUERIES_MAX             128            /* open at once, to all hosts ... */
#define GATE_QUERIES_TO_HOST_MAX     8              /* ... and to one */
#define GATE_PROBE_BYTES_MAX         (64u * 1024)   /* C8 */
#define GATE_QUERY_BYTES_MAX         (1024u * 1024) /* C8; after decompression */
#define GATE_QUERY_TIMEOUT_MS        INT64_C(10000)
#define GATE_PROBE_TIMEOUT_MS        INT64_C(5000) /* where the gate has none */
#define GATE_TIMEOUT_MAX_MS          INT64_C(60000)
#define GATE_EVERY_MIN_MS            INT64_C(100)
#define GATE_KEEP_MS                 INT64_C(60000) /* counts of what is not asked for at present */

struct sockaddr;
struct gate_runner;

struct gate_runner_options {
    struct loop *loop;
    /* The operator's own Prometheus: set by whoever runs the operator, so asks with exactly this
     * address may reach any host. NULL: none. Borrowed until gate_runner_free. */
    const char *trusted_address;
    /* A new answer was counted: plan `key` again. From the loop; any call is allowed in it. */
    void (*answered)(const char *key, void *arg);
    void *arg;
    /* Which addresses may be reached; NULL: addr_allowed_for_gates (C84). */
    bool (*allow_address)(const struct sockaddr *address, void *arg);
    void *allow_arg;
    int64_t keep_ms; /* 0: GATE_KEEP_MS */
};

struct gate_runner *gate_runner_new(const struct gate_runner_options *o);
void gate_runner_free(struct gate_runner *g); /* cancels all; NULL is fine */

/* The asks of the newest plan of `key`. One that runs already goes on undisturbed: the same gate,
 * revision and step are one question, whatever pods it is about at the moment; another definition
 * of the gate or a later since_ms begins it anew. One that is no longer in the list is not asked
 * again, but its counts are kept for GATE_KEEP_MS: a plan that writes something asks nothing.
 * Everything is copied. */
void gate_run(struct gate_runner *g, const char *key, const struct ask *asks, size_t count);
void gate_forget(struct gate_runner *g, const char *key); /* at once, with its counts */

/* What is known of the questions of `key`; one reading each, at_ms 0 before the first answer. All
 * in arena `a`. */
size_t gate_readings(const struct gate_runner *g, const char *key, struct arena *a,
                     const struct reading **out);

/* For /metrics (C77). */
struct gate_stats {
    uint64_t answers[ANSWER_COUNT]; /* by enum answer */
    size_t questions;               /* that somebody asks at present */
    size_t open, waiting;           /* queries and rounds of probes: under way, in line */
};
struct gate_stats gate_stats(const struct gate_runner *g);

#endif

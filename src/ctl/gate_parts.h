/* SPDX-License-Identifier: Apache-2.0 */
/* gate_parts.h - what the files of the gate runner share. Private to src/ctl.
 *
 *   gate_run.c: runs and their counts --due--> gate_lane.c: whose turn --> gate_round.c: the I/O
 *        '<------------------------------ round_answered ------------------------------' */
#ifndef SLUICE_CTL_GATE_PARTS_H
#define SLUICE_CTL_GATE_PARTS_H

#include "sluice/base/map.h"
#include "sluice/ctl/gate_run.h"
#include "sluice/net/http.h"

/* ---- gate_question.c: an ask of one's own ---------------------------------------------------- */
struct question {
    struct arena arena; /* owns it all, this struct too */
    struct ask ask;
    char *identity; /* the gate's definition: another one is another question */
    char *whole;    /* and all that may change from ask to ask */
};
struct question *question_new(const struct ask *ask);                   /* owned */
void question_free(struct question *q);                                 /* NULL is fine */
bool question_is(const struct question *q, const struct ask *ask);      /* gate, revision, step */
bool question_defines(const struct question *q, const struct ask *ask); /* the same definition */
bool question_equals(const struct question *q, const struct ask *ask);  /* in everything */

/* ---- runs ------------------------------------------------------------------------------------ */
struct lane;

/* One pod of a round. */
struct pod_call {
    struct run *run;
    struct probed probed; /* its name is of run->now */
    struct http_call *http;
    struct tcp_check *tcp;
};

/* A question that is asked again and again, and the counts of its answers. */
struct run {
    struct gate_runner *runner;
    struct run_set *set;
    struct run *next;             /* in the set */
    struct question *now, *fresh; /* asked, and to be asked from the next round on (or NULL) */
    bool asked;                   /* by the newest plan */
    struct tally tally;
    int64_t since_ms, at_ms; /* wall: counted since, last answer */
    char message[EVIDENCE_MAX];
    struct timer *timer; /* next round; or the end of an unasked run */

    struct lane *lane;  /* in line or open; NULL: neither */
    struct run *behind; /* in line */
    bool open;          /* a round is under way */
    bool outdated;      /* ... whose answer does not count any more */
    int64_t started_ms; /* monotonic; of the last round, 0 = none yet */
    struct http_call *query;
    struct pod_call pods[GATE_PODS_MAX];
    size_t pod_count, pods_open;
};

/* The runs of one Rollout. */
struct run_set {
    char *key;
    struct run *runs;
};

/* ---- gate_lane.c: turns ---------------------------------------------------------------------- */
struct limit {
    size_t open, max;
};
struct lanes {
    struct lane *lanes; /* a list; the first is the next to get a turn */
    struct limit probes, queries;
    size_t waiting;
    bool closed; /* nothing starts any more */
};
void lane_enter(struct run *run); /* round_start now or when it is its turn */
void lane_leave(struct run *run); /* out of line, or its round is over; fine when in neither */

/* ---- gate_round.c: one round ----------------------------------------------------------------- */
void round_start(struct run *run);  /* ends with round_answered, never before it returns */
void round_cancel(struct run *run); /* fine when none is under way */
/* A round that had nothing to wait for; called by the run's timer. */
void round_finish_probes(struct run *run);

/* ---- gate_run.c ------------------------------------------------------------------------------ */
struct gate_runner {
    struct gate_runner_options o;
    struct map sets; /* key -> struct run_set */
    struct lanes lanes;
    /* gRPC has its own: its connections are never used twice (gate_round.c). */
    struct http_pool *queries, *probes, *grpc;
    uint64_t answers[ANSWER_COUNT];
};
void round_answered(struct run *run, const struct judged *judged);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* operator.h - the operator on the simulated cluster: the discipline of ctl/next.h around the real
 * planner, with caches that lag, requests that fail, crashes, and gates that are asked in time.
 *
 * One turn a tick: it plans on its caches, looks live before it decides anything, goes on from that
 * look with its own writes folded in, and takes every outcome as ctl/send.c does. */
#ifndef SLUICE_SIM_OPERATOR_H
#define SLUICE_SIM_OPERATOR_H

#include "sluice/metric/metric.h"
#include "sluice/sim/sim.h"

/* What becomes of one request. */
enum sim_fault {
    FAULT_NONE,
    FAULT_LOST,         /* never arrives; the operator does not know */
    FAULT_REPLY_LOST,   /* done; the operator does not know */
    FAULT_CONFLICT,     /* somebody was faster: 409, and a new resourceVersion */
    FAULT_ERROR,        /* 500, not done */
    FAULT_ERROR_DONE,   /* 500, done all the same */
    FAULT_THROTTLED,    /* 429, a second to wait */
    FAULT_DENIED,       /* 403, this once */
    FAULT_CRASH_BEFORE, /* the operator dies, and comes back 3 s later */
    FAULT_CRASH_AFTER,  /* ... after the request was done */
    FAULT_RESTART,      /* it dies after it, and is back at once: all it knew is gone */
    FAULT_OUTAGE,       /* it dies after it, for longer than most deadlines: 100 s */
    FAULT_LATE,         /* done when the operator has given it up: the server takes its time */
    FAULT_DEPOSED,      /* arrives four seconds later: of a leader that was long replaced */
    FAULT_TWICE,        /* done twice, by a proxy that repeats it */
    FAULT_COUNT
};
const char *sim_fault_name(enum sim_fault f);

struct sim_judge;
struct sim_operator;

struct sim_operator_options {
    const char *rollout;      /* "web" */
    int64_t cache_lag_ms;     /* each cache shows the cluster as it was up to so long ago */
    int64_t cache_age_ms;     /* > 0: just so long ago, all but the Rollout's */
    int64_t look_ms;          /* from a look's first read to its last, 0 */
    int turn_writes;          /* most writes in a tick, 1 */
    int64_t write_ms;         /* until the answer to a write is there, 0 */
    enum sim_fault fault;     /* befalls ... */
    int fault_at;             /* ... the write with this number, from 0; */
    enum sim_fault fault_too; /* and this one ... */
    int fault_too_at;         /* ... that one */
    int fault_percent;        /* chance of any fault for each write ... */
    int fault_from;           /* ... from this one on ... */
    int fault_until;          /* ... and before that one; 0: to the end */
    uint64_t seed;            /* of lags and chances: each draw has its own, so that leaving one
                                 thing out changes no other */
    struct sim_judge *judge;  /* sees every write; may be NULL */
    /* How a question is answered; NULL: sim.opt.gate_bad decides. Words go to `text`. */
    enum answer (*ask)(void *arg, const struct sim *s, const struct ask *ask, char *text);
    /* For tests of the tests: changes what the planner sees (and when), or what is sent. `tamper`
     * false: the write is dropped, and counts as done. */
    void (*lie)(void *arg, struct arena *a, struct world *w, int64_t *now_ms);
    bool (*tamper)(void *arg, struct sim *s, struct arena *a, struct action *act);
    /* Before each write: what is sent, and what is going to become of it. */
    void (*sent)(void *arg, const struct plan *plan, const struct action *act,
                 enum sim_fault fault);
    void *arg;
};

#define SIM_GATES_MAX 16
#define SIM_LATE_MAX  8
#define SIM_PAST_MAX  64

/* One question of the gate runner. */
struct sim_gate {
    bool used, asked;
    char gate[64], revision[64];
    int step;
    int64_t since_ms, next_ms, at_ms;
    struct tally tally;
    char text[EVIDENCE_MAX];
};

struct sim_late {
    struct arena a;
    struct action act;
    int64_t due_ms; /* 0: none */
};

/* What late writes made that was not there, or not any more. */
struct sim_came_late {
    int pods;  /* that they asked for */
    bool left; /* the Rollout was gone by then: `kind`, `name` of the last such object */
    enum sim_kind kind;
    char name[80];
};

struct sim_operator {
    struct sim *s;
    struct sim_operator_options opt;
    struct arena a; /* of the last plan */
    const struct plan *plan;
    bool cached;           /* that plan was made on the caches, not on a look */
    bool moved;            /* ... and Rollout or fence is another there than in `look` */
    int64_t planned_epoch; /* what the caches showed then */
    int64_t gates_changed, planned_gates;
    bool shared; /* another one's plan borrows from the cluster too: nothing is forgotten */
    bool need_look;
    bool reads;   /* the look is not at its end: till then nothing is planned */
    bool looking; /* `look` is there: the live world of then, own writes folded in */
    bool passing; /* plans are made on it */
    bool fresh;   /* nothing was written since */
    struct sim look;
    int64_t looked_ms, wrote_ms;
    int64_t report_since_ms;
    int64_t down_until_ms, started_ms, brake_ms;
    int64_t answer_ms; /* of the write that is under way */
    int conflicts;     /* in a row */
    struct {
        bool present;
        enum act act;
        char name[80], text[80];
        enum err_kind kind;
        int64_t at_ms, due_ms, wait_ms;
    } refused;
    struct sim past[SIM_PAST_MAX]; /* what the caches may show, newest first */
    int past_count;
    struct sim_gate gates[SIM_GATES_MAX];
    struct sim_late late[SIM_LATE_MAX];
    int late_count; /* of those that are due some time */
    struct sim_came_late came_late;
    char pods_of[64]; /* the revision whose pods the last plan looked at; "": none */
    int64_t pods_ms;  /* when they are there */
    bool blind;       /* the last plan was made without them */
    int writes;       /* requests sent, whatever became of them */
    int faults;       /* ... that a fault befell */
    int looks;
    int plans;
};

void sim_operator_init(struct sim_operator *op, struct sim *s,
                       const struct sim_operator_options *opt);
void sim_operator_release(struct sim_operator *op);
/* One turn. */
void sim_operator_act(struct sim_operator *op);
/* One turn, then one tick of the cluster. The last plan, NULL: there is no Rollout any more, or the
 * operator is down. Valid until the next turn. */
const struct plan *sim_operator_turn(struct sim_operator *op);
/* As after a resync of its caches: what it knows is looked at again. */
void sim_operator_resync(struct sim_operator *op);
/* It dies now, and comes back after `ms`. */
void sim_operator_crash(struct sim_operator *op, int64_t ms);
/* Nothing is under way, and nothing is to be written but what only reports. */
bool sim_operator_idle(const struct sim_operator *op);

/* By the image of the revision: bad when it holds sim.opt.gate_bad. */
enum answer sim_gate_answer(const struct sim *s, const struct ask *ask, char *text);

/* What the discipline says to its plan now: as ctl/next.h, which is a layer above and says it of
 * its own kind of pass; a test holds the two side by side. Notes since when a report waits. */
enum sim_next { SIM_END, SIM_LOOK, SIM_SEND };
enum sim_next sim_operator_next(struct sim_operator *op);

/* ---- between the files ----------------------------------------------------------------------- */
bool sim_operator_send(struct sim_operator *op, const struct action *act); /* faults.c */
void sim_operator_late(struct sim_operator *op);
void sim_gates_ask(struct sim_operator *op, const struct plan *plan); /* gates.c */
void sim_gates_run(struct sim_operator *op);
size_t sim_gates_read(const struct sim_operator *op, struct arena *a, const struct reading **out);
/* 0 .. n-1: the same for the same seed, use and moment. */
uint32_t sim_operator_pick(const struct sim_operator *op, uint64_t use, uint64_t at, uint32_t n);

#endif

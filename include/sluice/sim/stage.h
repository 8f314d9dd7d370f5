/* SPDX-License-Identifier: Apache-2.0 */
/* stage.h - one Rollout on a simulated cluster, what people and mishaps do to it, and the judge.
 *
 * A scenario is text, one line for each thing that happens:
 *
 *   at 3m metrics down            what happens, and when: after so long ...
 *   scale to 5 at 1m              ... (the time may stand at the end) ...
 *   when Approval approve         ... or once the Rollout's status is that word ...
 *   when Gating step 2 abort      ... in that step; these wait for each other, in their order
 *   new version never ready       no time: from the beginning
 *
 * sim_stage_actions says what there is. "#" begins a comment. */
#ifndef SLUICE_SIM_STAGE_H
#define SLUICE_SIM_STAGE_H

#include "sluice/sim/judge.h"
#include "sluice/sim/operator.h"

#define STAGE_EVENTS_MAX 64
#define STAGE_GATES_MAX  12
#define STAGE_ROUTES_MAX 8

struct stage_action;
struct stage_event {
    const char *line; /* as written, without its comment */
    int number;       /* of the line */
    int64_t at_ms;    /* after the beginning; -1: by word */
    const char *word; /* "Approval" */
    int step;         /* -1: any */
    const struct stage_action *action;
    const char *text, *more; /* the values among its words, in their order; NULL: none */
    int64_t value;           /* the first as a number or a time */
    bool done;
};

struct scenario {
    struct stage_event events[STAGE_EVENTS_MAX];
    int count;
};

/* False: `e` says what is wrong in which line, and what could be meant. */
bool scenario_parse(struct arena *a, const char *text, struct scenario *out,
                    struct err *e) MUST_USE;
/* "scale to N", "abort" ...: the actions there are, NULL behind the last. */
const char *scenario_action(size_t i);

/* What a stage begins with, as JSON text; NULL: none. */
struct stage_spec {
    const char *deployment, *rollout;
    const char *const *services;
    size_t service_count;
    const char *const *routes;
    size_t route_count;
    struct sim_options sim;
    struct sim_operator_options op;
    bool apart; /* of the judge */
};

struct stage {
    struct sim s;
    struct sim_operator op;
    /* Another one that takes itself for the leader, until then; 0: there is none. */
    struct sim_operator second;
    int64_t second_until_ms;
    struct sim_judge judge;
    struct arena a; /* of the stage's own texts */
    const char *rollout, *deployment;
    const char *old_image, *old_revision; /* at the beginning */
    struct {
        const char *name, *spec;
    } routes[STAGE_ROUTES_MAX]; /* as they were then */
    int route_count;
    struct scenario scenario;
    int64_t began_ms; /* times of the scenario count from here */
    int next_word;    /* the event by word that is awaited */
    int commands;
    bool metrics_down, new_fails;
    double new_errors; /* percent; negative: not said */
    struct stage_gate {
        char name[64];
        enum answer answer;
        bool measured; /* then `value` is judged */
        double value;
    } gates[STAGE_GATES_MAX]; /* that answer alike whatever the version */
    int gate_count;
    const struct plan *plan; /* the last one, NULL: none just now */
    /* Called for every event, and for every write, as it happens; may be NULL. */
    void (*happened)(void *arg, const struct stage_event *event);
    void (*sent)(void *arg, const struct plan *plan, const struct action *act,
                 enum sim_fault fault);
    void *arg;
};

bool stage_open(struct stage *st, const struct stage_spec *spec, struct err *e) MUST_USE;
void stage_close(struct stage *st);
/* Times of the scenario count from now. */
void stage_begin(struct stage *st, const struct scenario *scenario);
/* One tick: what is due happens, the operator has its turn, the judge looks. */
void stage_turn(struct stage *st);
const char *
stage_word(const struct stage *st); /* display.status as stored, "" when there is none */
const struct rollout_status *stage_status(struct stage *st); /* as stored, NULL: no Rollout */
/* Everything in the scenario has happened, or is still awaited without a time. */
bool stage_played(const struct stage *st);
/* Nothing moves: the operator writes nothing, and waits for nothing but people. */
bool stage_idle(const struct stage *st);
/* One action by its words, "scale to 5", now. False: there is no such action. */
bool stage_do(struct stage *st, const char *words, struct err *e) MUST_USE;
const char *stage_image(const struct stage *st); /* first container of the template */

/* ---- between the files ----------------------------------------------------------------------- */
struct stage_action {
    const char *words; /* "scale to N": capitals stand for a value */
    enum { TAKES_NOTHING, TAKES_NUMBER, TAKES_TIME, TAKES_TEXT } takes;
    void (*run)(struct stage *st, const struct stage_event *e);
};
extern const struct stage_action stage_actions[];
extern const size_t stage_action_count;

#endif

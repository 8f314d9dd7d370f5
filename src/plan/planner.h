/* SPDX-License-Identifier: Apache-2.0 */
/* planner.h - what the rules of one call of plan_rollout share. Private to src/plan.
 *
 * A rule reads facts, may change the working copy of the status (`decide`), and ends in one of
 * three ways: NEXT; STOP with or without an action; or AGAIN, to read the table from the top as
 * though the changed status were written, so that one write records several decisions. An action
 * that rests on a changed status is never sent before that status is: plan.c then sends the status
 * first, and the next call finds the action again. */
#ifndef SLUICE_PLAN_PLANNER_H
#define SLUICE_PLAN_PLANNER_H

#include "sluice/base/clock.h"
#include "sluice/json/jfmt.h"
#include "sluice/metric/metric.h"
#include "sluice/plan/compile.h"
#include "sluice/plan/plan.h"
#include "sluice/route/route.h"

enum flow { NEXT, STOP, AGAIN };

/* Of the Deployment's condition Progressing, which whoever waits for it reads as failed. */
#define PROGRESS_FAILED "ProgressDeadlineExceeded"

/* What is said at the end when nothing else was: one word, one reason, one sentence. */
struct summary {
    const char *word; /* display.status */
    enum reason reason;
    const char *message;
    bool stalled; /* a person or a repair is needed */
    bool resting; /* Ready */
};

struct planner {
    struct arena *a;
    const struct world *w;
    int64_t now;
    const struct rollout *r;
    const struct rollout_spec *spec;
    const struct deployment *d; /* not NULL beyond rule "gone" */
    const struct fence *f;      /* NULL: none; unreadable counts as none but is deleted first */

    struct rollout_status st; /* working copy */
    bool decided;             /* a deciding field of st was changed */
    struct record rec;        /* of the fence, or made from status when there is none */
    bool rec_known;           /* stable is known */

    /* facts.c */
    const struct replicaset *stable;    /* S, NULL: missing */
    const struct replicaset *candidate; /* C, NULL: none yet, or nothing to release */
    const struct replicaset *previous;  /* old stable after the commit */
    bool changed;                       /* spec.template is not stable's */
    bool rejected;                      /* ... and it is the rejected one */
    bool forward;                       /* flight towards the candidate, before the commit */
    bool back;                          /* flight back, or held on stable */
    bool committed;                     /* record says this flight's candidate is stable */
    bool outside;                       /* regime Outside (design.md 3) */
    int32_t n;                          /* replicas of the Deployment */
    struct compiled c;
    struct surge surge;

    /* result */
    const char *rule;
    struct action act;
    int readings; /* how often the table was read in this call */
    struct plan_event events[PLAN_EVENTS_MAX];
    int event_count;
    struct ask asks[GATES_MAX];
    int ask_count;
    const char *pods_of; /* the revision whose pods are looked at */
    int64_t wake_ms;
    struct summary sum;
    const char *contended; /* who resets us, or NULL */
    bool decline_write;    /* this look only reports (spec invalid, rival ...) */
};

/* ---- helpers (plan.c) ------------------------------------------------------------------------ */
void decide(struct planner *p); /* marks the status as one that others rest on */
void wake_at(struct planner *p, int64_t ms);
void say(struct planner *p, const char *word, enum reason reason, bool stalled, const char *fmt,
         ...) PRINTF(5, 6); /* the first one of a call stands */
void awaits(struct planner *p, const char *what, const char *name, int64_t since, int64_t until,
            const char *then, const char *unblock, const char *fmt, ...) PRINTF(8, 9);
void event(struct planner *p, bool warning, enum reason reason, const char *fmt, ...) PRINTF(4, 5);
const char *cmd(struct planner *p, const char *verb); /* "sluice approve web" */

/* ---- facts.c --------------------------------------------------------------------------------- */
void facts(struct planner *p); /* again after every change of st */
bool rs_inside(const struct planner *p, const struct replicaset *rs); /* controlled by D */
bool rs_fenced(const struct planner *p, const struct replicaset *rs); /* controlled by our fence */
bool rs_empty(const struct replicaset *rs);                           /* wants and has no pods */
bool in_history(const struct planner *p, const struct replicaset *rs);
bool waits_to_start(const struct planner *p);                        /* before the first step */
bool is_extra(const struct planner *p, const struct replicaset *rs); /* not S, nor C in its time */
bool is_warm(const struct planner *p, const struct replicaset *rs);  /* kept for the bake */
bool extras_have_pods(const struct planner *p);                      /* warm ones too */
bool given_back(const struct planner *p); /* stable is inside, and nothing is left outside */
bool inside_allowed(const struct planner *p, const struct replicaset *rs);
int64_t revision_next(const struct planner *p); /* highest number of any ReplicaSet plus one */
bool status_knows(const struct planner *p);     /* what is stable of this very Deployment */
bool dep_observed(const struct planner *p);
bool dep_complete(const struct planner *p);                /* N/N/N and observed */
int32_t available(const struct replicaset *rs);            /* 0 for NULL */
bool rs_available(const struct replicaset *rs, int32_t n); /* observed, and at least n available */
bool baking(const struct planner *p);
bool way_back(const struct planner *p); /* not when all that knew of the old stable is lost */
bool at_last_step(const struct planner *p);
bool step_ended(const struct planner *p, int step);
int step_weight(const struct planner *p); /* of the step in flight, percent; 0 in none */
const struct replicaset *rs_by_revision(const struct planner *p, const char *revision);
const struct replicaset *rs_by_digest(const struct planner *p, const char *digest);

/* ---- acts.c: each builds the one request of its name and ends the call (STOP) ---------------- */
enum flow act_finalizer(struct planner *p, bool add);
enum flow act_brake(struct planner *p, int64_t number, const char *template_json);
enum flow act_resume(struct planner *p, const char *template_json);
enum flow act_dep_failed(struct planner *p, const char *message);
enum flow act_dep_paused(struct planner *p);
enum flow act_fence_create(struct planner *p);
enum flow act_record(struct planner *p, const struct record *rec);
enum flow act_fence_delete(struct planner *p);
enum flow act_rs_create(struct planner *p, const char *revision, int32_t replicas,
                        const char *template_json, int64_t number, bool inside);
enum flow act_rs_scale(struct planner *p, const struct replicaset *rs, int32_t replicas);
enum flow act_rs_fence(struct planner *p, const struct replicaset *rs);
enum flow act_rs_give(struct planner *p, const struct replicaset *rs);
enum flow act_rs_number(struct planner *p, const struct replicaset *rs, int64_t number);
enum flow act_rs_counts(struct planner *p, const struct replicaset *rs, int32_t sum);
enum flow act_rs_min_ready(struct planner *p, const struct replicaset *rs);
enum flow act_rs_delete(struct planner *p, const struct replicaset *rs);
enum flow act_service_create(struct planner *p, const char *name, const struct service *like,
                             const char *revision);
enum flow act_service_pin(struct planner *p, const struct service *s, const char *revision);
enum flow act_service_unpin(struct planner *p, const struct service *s);
enum flow act_service_delete(struct planner *p, const struct service *s);
enum flow act_route(struct planner *p, const struct route *r, const char *patch, bool rest);

/* ---- the rules, by room ---------------------------------------------------------------------- */
enum flow rule_gone(struct planner *p); /* attach.c */
enum flow rule_invalid(struct planner *p);
enum flow rule_rival(struct planner *p);
enum flow rule_attach(struct planner *p);
enum flow rule_stable_follows(struct planner *p); /* rest.c */
enum flow rule_undo_start(struct planner *p);
enum flow rule_unpaused(struct planner *p);
enum flow rule_rest(struct planner *p);
enum flow rule_user_pause(struct planner *p);
enum flow rule_command(struct planner *p); /* command.c */
enum flow rule_deleted(struct planner *p); /* flight.c */
enum flow rule_flight(struct planner *p);
enum flow rule_edit(struct planner *p);
enum flow rule_pause(struct planner *p);
enum flow rule_finalizer(struct planner *p); /* borrow.c */
enum flow rule_dead_man(struct planner *p);
enum flow rule_observed(struct planner *p);
enum flow rule_fence(struct planner *p);
enum flow rule_stable_missing(struct planner *p);
enum flow rule_inside(struct planner *p);
enum flow rule_give(struct planner *p);
enum flow rule_dead_man_follows(struct planner *p);
enum flow rule_route(struct planner *p); /* route.c */
enum flow rule_pins(struct planner *p);  /* pins.c */
enum flow rule_side_service(struct planner *p);
enum flow rule_extras(struct planner *p); /* capacity.c */
enum flow rule_candidate(struct planner *p);
enum flow rule_size(struct planner *p);
enum flow rule_step(struct planner *p);   /* step.c */
enum flow rule_commit(struct planner *p); /* commit.c */
enum flow rule_turn_back(struct planner *p);
enum flow rule_bake(struct planner *p);
enum flow rule_not_failed(struct planner *p); /* finish.c */
enum flow rule_hold(struct planner *p);
enum flow rule_settle(struct planner *p);
enum flow rule_ended(struct planner *p);

/* ---- shared between rooms -------------------------------------------------------------------- */
bool attach_checks(struct planner *p); /* services, room, routes: false said why (attach.c) */
/* Turns the flight round; `reject` remembers the template as refused (flight.c). */
void flight_back(struct planner *p, const char *why, bool reject, bool undo);
void flight_begin(struct planner *p, int step);
void flight_end(struct planner *p, const char *outcome, const char *message);
void flight_fails(struct planner *p, enum reason reason, const char *why); /* onFailure decides */
const char *spec_digest(struct planner *p);
char *template_plain(struct planner *p, const char *raw); /* without the hash label (borrow.c) */
const char *side_service(const struct planner *p); /* preview or canary Service, NULL (pins.c) */
const char *like_service(const struct planner *p); /* active or stable Service, NULL */
bool service_live(const struct planner *p,
                  const struct service *s);          /* selects pods, not the side */
const char *serve_revision(const struct planner *p); /* revision that live Services are to be
                                                        narrowed to, NULL: no pin */
bool pins_proved(const struct planner *p, const char *revision); /* every live Service and slice */
bool serves(const struct planner *p, const struct replicaset *rs,
            int32_t n); /* n of its pods are available, and behind every live Service */
bool pins_off(const struct planner *p); /* nothing of ours left in any live Service */
struct pin_state *pin_find(struct planner *p, const char *service);
void pin_side(struct planner *p, const char *revision); /* the entry of the side Service, if any */
/* Pods of the candidate, behind its own Service (step.c). */
bool endpoints_ready(const struct planner *p, int32_t want);
void end_step(struct planner *p, int64_t ms); /* the one the flight is at (step.c) */
int64_t progress_deadline(const struct planner *p);
bool weight_settled(struct planner *p); /* the desired weight is accepted and settled (route.c) */
void weight_told(struct planner *p);    /* written and accepted, in the flight of the status */
bool routes_at_rest(struct planner *p); /* resting values written, accepted, settled */
void routes_of_spec(struct planner *p, struct record *rec);         /* ... as they rest now */
bool routes_differ(const struct record *a, const struct record *b); /* other routes, by name */
bool traffic_off(struct planner *p); /* nothing extra is served: pins and weights proved */
bool drained(struct planner *p);     /* ... since `drain` (capacity.c) */
bool drain_anew(struct planner *p);  /* requests went there since; false: none was begun */
/* Asks the gates of `set`, updates st.gates, gives the first that failed, else the first that
 * waits, else NULL with *verdict Pass (gates.c). */
const struct gate_spec *gates_ask(struct planner *p, unsigned set, int step, int64_t since,
                                  enum verdict *verdict);
struct gate_state *gate_find(struct planner *p, const char *name, int step);
/* Has the world the pods of `revision`? They are asked for either way. */
bool pods_known(struct planner *p, const char *revision);
int32_t want_new(const struct planner *p); /* pods that the new revision is to have now */

/* ---- report.c -------------------------------------------------------------------------------- */
void report(struct planner *p); /* fills display, conditions and counts of p->st */

#endif

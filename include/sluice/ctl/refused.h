/* SPDX-License-Identifier: Apache-2.0 */
/* refused.h - the last request that the API server refused for good, of one Rollout (C45).
 *
 * It is shown to the planner, so that the status says why nothing moves, and tried again slowly:
 * after 10 s, doubling to 2 min. Other writes, an abort say, are not held up by it. One that was
 * not met again REFUSED_KEEP_MS after it was to be tried is over, whatever the plan is: another
 * operator may have done it, and would else be told for ever that it was not. */
#ifndef SLUICE_CTL_REFUSED_H
#define SLUICE_CTL_REFUSED_H

#include "sluice/base/clock.h"
#include "sluice/plan/plan.h"

#define REFUSED_WAIT_MIN_MS INT64_C(10000)
#define REFUSED_WAIT_MAX_MS INT64_C(120000)
#define REFUSED_KEEP_MS     INT64_C(5000)

struct refused {
    bool present;
    bool reading; /* a live read was refused: no action at all can be confirmed */
    enum err_kind kind;
    enum act act;   /* of the write */
    char *object;   /* its name */
    char *what;     /* "create replicasets" */
    char *text;     /* the server's words */
    int64_t at_ms;  /* wall */
    int64_t due_ms; /* monotonic: when to try again */
    int64_t wait_ms;
};

/* `action` NULL: it was the live read of `what`. */
void refused_remember(struct refused *r, const struct action *action, const char *what,
                      const struct err *e, int64_t wall_ms, int64_t mono_ms);
void refused_clear(struct refused *r); /* frees; also for release */

/* Is it this action that was refused? */
bool refused_is(const struct refused *r, const struct action *action);
static inline bool refused_due(const struct refused *r, int64_t mono_ms)
{
    return r->present && mono_ms >= r->due_ms;
}
/* Is it over at this time, given what is planned now? */
bool refused_over(const struct refused *r, const struct action *planned, int64_t mono_ms);
/* When its time is to be looked at next; INT64_MAX: never. */
int64_t refused_wake_ms(const struct refused *r, int64_t mono_ms);
/* For the world; borrowed until the next change. */
struct refusal refused_view(const struct refused *r);

/* "create replicasets", "patch deployments/status": as RBAC writes it. Arena text. */
char *action_words(struct arena *a, const struct action *action);

#endif

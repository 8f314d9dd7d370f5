/* SPDX-License-Identifier: Apache-2.0 */
/* facts.h - what screens and `sluice status` read out of one look at a Rollout. Pure.
 *
 * Decided from flight, held, conditions: never from the words of status.display, which are for
 * people (api.md 3). */
#ifndef SLUICE_CMD_FACTS_H
#define SLUICE_CMD_FACTS_H

#include "screen.h"
#include "sluice/model/reasons.h"
#include "sluice/plan/compile.h"

struct facts {
    const struct world *w;
    const struct rollout *r;
    const struct rollout_spec *spec;
    const struct rollout_status *st;
    const struct flight *flight; /* NULL: none */
    struct compiled c;
    const char *name;
    const char *target;            /* the Deployment, for people to read */
    const char *stable, *rejected; /* revisions, NULL: none */
    bool attached;                 /* there is a stable revision */
    bool forward;                  /* flies, and not back */
    bool baking;                   /* committed: promoted, still watched */
    bool aborted;                  /* held on stable after an abort */
    bool paused;                   /* spec.paused */
    int step, step_count;          /* step of the flight, or the one it was aborted in */
};

void facts_of(const struct world *w, struct facts *out);

/* True conditions only. NULL when it is not so; its text then is not NULL. */
const struct condition *facts_true(const struct facts *f, enum condition_type type);
const struct condition *facts_false(const struct facts *f, enum condition_type type);
const char *facts_remedy(const struct condition *c); /* of its reason; "" */

const struct replicaset *facts_rs(const struct facts *f, const char *revision); /* NULL: not seen */
/* Number in `kubectl rollout history`, 0 = not known. */
int64_t facts_number(const struct facts *f, const char *revision);
/* "42", else the revision's own name; "?" when there is none. */
const char *facts_called(struct arena *a, const struct facts *f, const char *revision);
const struct history_entry *facts_last(const struct facts *f); /* newest, NULL: none */
const struct history_entry *facts_history_of(const struct facts *f, const char *revision);
const struct awaiting *facts_awaited(const struct facts *f); /* the first, NULL: nothing */
/* Of what "Capacity": "1 of 3 new pods ready", as against "the route to accept 25 %". */
bool facts_counts_pods(const struct awaiting *a);
/* The route weight on its way: what is desired, 0 once the flight goes back. */
int facts_desired(const struct facts *f);
/* Share of the new revision in this step, in words: "25 %", "23.1 %". */
const char *facts_share(struct arena *a, const struct facts *f, int step);
int32_t facts_new_pods(const struct facts *f, int step); /* compiled; 0 for step 0 */
int32_t facts_old_pods(const struct facts *f, int step);
int32_t facts_replicas(const struct facts *f); /* N */
bool facts_last_step(const struct facts *f, int step);

#endif

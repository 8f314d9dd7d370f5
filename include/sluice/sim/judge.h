/* SPDX-License-Identifier: Apache-2.0 */
/* judge.h - what must never happen, looked for on the simulated cluster itself: at every tick and
 * after every write of the operator. It knows the planner's promises (src/README.md) and nothing of
 * how they are kept. The numbers are those of that list. */
#ifndef SLUICE_SIM_JUDGE_H
#define SLUICE_SIM_JUDGE_H

#include "sluice/sim/sim.h"

#define JUDGE_WORDS_MAX   400
#define JUDGE_SERVED_MAX  32
#define JUDGE_RESTING_MAX 8
#define JUDGE_EXCUSED_MAX 32
#define JUDGE_GRACE_MS    INT64_C(2600) /* what is written may rest on a look so old */

struct sim_judge {
    struct sim *s;
    const char *rollout;
    bool record_lost; /* somebody deleted the fence: what routes rest at is not known any more */
    bool apart;       /* only one hand writes: no two ReplicaSets of one revision, at most 2 N */
    int violations;
    char words[JUDGE_WORDS_MAX]; /* the first one: rule and what was seen */
    bool late;                   /* what is written was decided when another status stood */
    int64_t native_ms;           /* until then a template may go out natively (brake: Paused) */
    int64_t calm_ms;             /* until then people took capacity away: it is not judged */
    int64_t seen_epoch;
    int writes;
    /* Since when each ReplicaSet is sent nothing any more. */
    struct judge_served {
        char uid[24];
        bool now;
        int64_t since_ms, last_ms;
    } served[JUDGE_SERVED_MAX];
    int served_count;
    int64_t lost_ms;         /* since when the dead man does not lead back */
    bool rests;              /* "Resting" would be true ... */
    int64_t rested_ms;       /* ... and was, the last time, then */
    int weighs;              /* the weight that the router has accepted, -1: none ... */
    int64_t weighed_ms[101]; /* ... and when it last had accepted that one */
    int sends;               /* the same of the weight that its proxies send by */
    int64_t sent_ms[101];
    char excused[JUDGE_EXCUSED_MAX][64]; /* revisions that may be served whatever gates say */
    int excused_count;
    char *resting[JUDGE_RESTING_MAX]; /* Services and routes as their owners left them */
    int resting_count;
    const struct rollout
        *was; /* a Rollout before a write of its status; NULL: read from `before` */
};

void sim_judge_init(struct sim_judge *j, struct sim *s, const char *rollout);
void sim_judge_release(struct sim_judge *j);
/* What Services and routes are like without us: now. */
void sim_judge_resting(struct sim_judge *j);
/* Somebody else takes capacity or meddles with what is ours, for so long. */
void sim_judge_disturbed(struct sim_judge *j, int64_t ms);
void sim_judge_look(struct sim_judge *j); /* once a tick */
/* After a write of the operator. `before`: the object as it was, NULL: it was not there. */
void sim_judge_wrote(struct sim_judge *j, const struct action *act, const cJSON *before, bool ok);
/* The Rollout says that it is at rest, and nothing is written any more: is nothing of ours left? */
void sim_judge_rest(struct sim_judge *j);

/* ---- between the files ----------------------------------------------------------------------- */
void sim_judge_violation(struct sim_judge *j, const char *rule, const char *fmt, ...) PRINTF(3, 4);
bool sim_judge_calm(const struct sim_judge *j);
bool sim_judge_native(const struct sim_judge *j);
/* Stable has all the pods that the Deployment asks for (not rolling), and before anything is on its
 * way the dead man leads back. What goes out natively takes the one and renumbers the other. */
bool sim_judge_in_order(const struct sim_judge *j);
/* What the users' objects said at rest (judge_rest.c). */
void sim_judge_forget_resting(struct sim_judge *j);
/* Steps, commits and what is given back; `before` is not NULL (judge_step.c). */
void sim_judge_step(struct sim_judge *j, const struct world *w, const struct action *act,
                    const cJSON *before);
/* A Service that users reach, and that is not the preview or canary one. */
bool sim_judge_live(const struct world *w, const struct service *v);
int sim_judge_weight(const struct sim *s, const struct world *w, bool sent); /* canary's, percent */
const char *sim_judge_side(const struct world *w);
bool sim_judge_on_the_way(const struct world *w); /* a flight, forward, and not committed */
bool sim_judge_leads_back(const struct world *w); /* the dead man, to what is stable */

#endif

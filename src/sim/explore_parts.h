/* SPDX-License-Identifier: Apache-2.0 */
/* explore_parts.h - between the files of the explorer.
 *
 * What a move does is computed once for the few objects that it reads, and remembered: by the
 * groups that a controller reads, by what the operator sees for a plan, by action and cluster for a
 * write. A state is three numbers. */
#ifndef SLUICE_SIM_EXPLORE_PARTS_H
#define SLUICE_SIM_EXPLORE_PARTS_H

#include "sluice/sim/explore.h"
#include "stock.h"

enum {
    MOVE_DEPLOYMENT,
    MOVE_SETS,
    MOVE_FIRST_POD,
    MOVE_LAST_POD,
    MOVE_SLICES,
    MOVE_SIDE_SLICES,
    MOVE_ROUTER,
    MOVE_CLOCK,
    MOVE_PERSON
};
#define MOVE_COUNT (MOVE_PERSON + PERSON_COUNT)
/* ... and those that are no matter of the cluster alone. */
enum { MOVE_OPERATOR = MOVE_COUNT, MOVE_BRAKE, MOVE_SEE };

struct explorer;
struct move {
    const char *name;
    unsigned reads, writes;                               /* groups */
    bool (*run)(const struct explorer *x, struct sim *s); /* false: not possible here */
    bool disturbs;                                        /* takes capacity away */
};
extern const struct move explore_moves[MOVE_COUNT];

/* What is known of one cluster. */
struct known_cluster {
    uint32_t next[MOVE_COUNT]; /* 0: not known yet */
    uint32_t verdict[2];       /* calm, disturbed: a text, or CLEAN */
    bool native; /* brake: Paused: a template goes out as from any Deployment, or did, and what it
                    changed is not in order again */
    uint32_t end[2]; /* nothing moves it: a text, or CLEAN; Rollout held, or gone at once */
};
#define CLEAN UINT32_MAX

/* What is known of what the operator sees. */
struct known_view {
    uint32_t action[2]; /* brake proved, brake unknown: number of an action, NO_ACTION */
    uint32_t truths;    /* what a judge remembers of it */
};
#define NO_ACTION UINT32_MAX

struct known_action {
    struct action act;
    const char *rule;
    uint32_t name; /* of its object */
    struct arena a;
};

struct sent {
    uint32_t cluster, verdict;
    bool ok;
};

struct explorer {
    const struct explore_options *o;
    struct stock k;
    struct sim_judge judge; /* as new; its list of what rests is its own */
    struct vectors clusters, views, truths;
    struct known_cluster *known;
    struct known_view *seen;
    struct known_action *actions;
    struct sent *sent;
    struct sim_judge *memories; /* by truths: the judge after that look */
    size_t known_cap, seen_cap, action_cap, sent_cap, truths_cap, action_count, sent_count;
    struct memo passes, sends, effects, judged;
    struct vectors action_texts;
    size_t write_count; /* judged */
};

void explore_init(struct explorer *x, const struct sim *from, const struct explore_options *o);
void explore_release(struct explorer *x);
size_t explore_bytes(const struct explorer *x);

/* explore_step.c. Numbers of clusters and views are those of the vectors. */
uint32_t explore_cluster(struct explorer *x, const uint32_t groups[GROUP_COUNT]);
void explore_groups(const struct explorer *x, uint32_t cluster, uint32_t out[GROUP_COUNT]);
uint32_t explore_view(struct explorer *x, const uint32_t groups[SIM_KIND_COUNT]);
void explore_sight(const struct explorer *x, uint32_t view, uint32_t out[SIM_KIND_COUNT]);
/* The same cluster: the move is not possible, or changes nothing. */
uint32_t explore_next(struct explorer *x, uint32_t cluster, int move);
uint32_t explore_plan(struct explorer *x, uint32_t view, bool brake_unknown);
struct sent explore_send(struct explorer *x, uint32_t action, uint32_t cluster, uint32_t view,
                         bool disturbed);

/* explore_judge.c */
void explore_rest(struct explorer *x, struct sim *first); /* Services and routes without us */
uint32_t explore_verdict(struct explorer *x, uint32_t cluster, bool disturbed);
bool explore_native(struct explorer *x, uint32_t cluster);
/* `at_once`: the Rollout was deleted before its finalizer was there. */
uint32_t explore_end(struct explorer *x, uint32_t cluster, bool at_once);
uint32_t explore_truths(struct explorer *x, uint32_t view);
/* As of somebody who saw that view, and then the cluster as it is. */
void explore_remember(const struct explorer *x, struct sim_judge *j, uint32_t truths,
                      struct sim *now, bool disturbed);
uint32_t explore_words(struct explorer *x, const struct sim_judge *j);

/* explore_tell.c: what changed from one cluster to the next, in a line. */
void explore_tell(struct explorer *x, struct strbuf *out, uint32_t from, uint32_t to);

#endif

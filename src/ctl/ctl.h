/* SPDX-License-Identifier: Apache-2.0 */
/* ctl.h - what the parts of the operator's shell share. Private to src/ctl.
 *
 *   caches (reflectors) -> store -> woken -> queue -> pass -> plan -> one write at a time
 *                                                       |-> asks -> gate runner -> readings
 *
 * All on one loop. A `struct key` is what the operator remembers of one Rollout between passes;
 * losing it loses no progress, for that is in the cluster. */
#ifndef SLUICE_CTL_CTL_H
#define SLUICE_CTL_CTL_H

#include "metrics.h"
#include "sluice/base/map.h"
#include "sluice/ctl/app.h"
#include "sluice/ctl/barrier.h"
#include "sluice/ctl/gate_run.h"
#include "sluice/ctl/refused.h"
#include "sluice/ctl/scene.h"
#include "sluice/kube/events.h"
#include "sluice/kube/lease.h"
#include "sluice/kube/queue.h"
#include "sluice/kube/reflector.h"

#define PASSES_MAX      32               /* Rollouts worked on at once */
#define PASSES_PER_TURN 64               /* before the loop gets its turn */
#define GATHER_MS       INT64_C(15)      /* events so close are answered by one pass */
#define RESYNC_MS       (10 * MINUTE_MS) /* a Rollout is planned at least this often (C37) */
#define BUDGET_BURST    80               /* writes of one Rollout at once ... */
#define BUDGET_EVERY_MS SECOND_MS        /* ... and in the long run: one in so long (C49) */

struct pass;
struct pods;
struct prover;
struct health;

/* The brake of one Rollout as proved last (brake.c). */
struct brake_memory {
    enum brake_state state;
    int64_t at_ms;          /* wall; since when it is this state */
    char *message;          /* owned; NULL: none */
    bool queued;            /* a proof is due some time, or under way */
    int failures;           /* in a row */
    struct kube_call *call; /* of the proof under way */
};

struct key {
    char *name;          /* "NAMESPACE/NAME" */
    char *ns;            /* its first part */
    const char *rollout; /* the second, where it stands in the name */
    char *uid;           /* of the Rollout that all below is known of */
    struct ctl *ctl;
    int64_t generation; /* of the Rollout, when its names were last taken into account */
    bool needs_look;    /* the cache may lack part of its world, or a write's outcome is unknown */
    int64_t woken_ms;   /* monotonic: of the event that no pass has answered yet; 0: none */
    int64_t looked_ms;  /* monotonic: from when on the last look ages; 0: there was none */
    char *known_rollout, *known_fence; /* their versions then, or as we wrote them since */
    int64_t report_since_ms; /* monotonic: since when a report waits to be written; 0: none */
    int64_t open_until_ms;   /* monotonic: till then the server may yet do what it did not answer */
    double budget;           /* writes left (C49) */
    int64_t budget_at_ms;
    struct barrier barrier;
    struct refused refused;
    struct brake_memory brake;
    struct pods *pods; /* that plans look at; NULL: they look at none */
    struct pass *pass; /* under way, or NULL */
    bool renewed;      /* ... for a Rollout of that name that is no more */
    bool in_flight;    /* a release of it is */
    bool gone;         /* the Rollout was deleted: forget the key when the pass is over */
};

/* A reflector's sink knows its kind. */
struct cache_sink {
    struct ctl *ctl;
    enum kube_kind kind;
};

struct relist {
    void (*done)(void *arg);
    void *arg;
    size_t open;
};

struct ctl {
    struct app_options options;
    struct loop *loop;
    struct kube_client *client;
    struct store *store;
    struct queue *queue;
    struct map keys;   /* name -> struct key */
    struct map closed; /* keys whose barrier is closed */
    struct recorder *recorder;
    struct gate_runner *runner;
    struct prover *prover;
    struct lease *lease; /* NULL: no election, we lead */
    struct health *health;
    struct metrics metrics;
    struct timer *pump, *housekeeping;

    struct reflector *reflectors[KIND_COUNT];
    struct cache_sink sinks[KIND_COUNT];
    struct relist relist;
    bool others_started; /* all reflectors, after the Rollouts are known */
    bool leading, stopping;
    int64_t leading_ms; /* since when, on the wall */
    size_t passes;
    size_t in_flight;                    /* keys that are */
    int64_t pods_every_ms, pods_late_ms; /* 0: PODS_EVERY_MS, PODS_LATE_MS */
};

/* ---- keys.c ---------------------------------------------------------------------------------- */
struct key *key_find(const struct ctl *c, const char *name);
struct key *key_of(struct ctl *c, const struct object *rollout); /* made when it is new */
void key_renew(struct key *key);                                 /* another Rollout of that name */
void key_forget(struct key *key);                                /* now, or when its pass is over */
void keys_release(struct ctl *c);
void key_queue(struct key *key, int64_t due_ms, enum queue_priority priority, const char *reason);
void key_barrier_changed(
    struct key *key); /* keeps `closed` true; wakes a key whose barrier opened */
void key_flies(struct key *key, bool in_flight);
bool key_may_write(struct key *key, int64_t now_ms); /* the write budget has one left (C49) */
void key_wrote(struct key *key, int64_t now_ms);
/* Versions of what was looked at or written last; "": it is not there. */
void key_knows(struct key *key, const char *rollout_rv, const char *fence_rv);
extern const struct store_listener ctl_store_listener; /* its arg is to be the ctl */

/* ---- caches.c -------------------------------------------------------------------------------- */
void caches_start(struct ctl *c);
void caches_free(struct ctl *c);
/* For passes; those that are optional may not be read yet. */
bool caches_ready(const struct ctl *c);
/* It was read whole, or is not served: what it lacks is not there. */
bool caches_know(const struct ctl *c, enum kube_kind kind);
/* "rollouts: not synced; ...": what is missing, "" when ready. */
void caches_trouble(const struct ctl *c, struct strbuf *out);
/* Lists everything consistently (C70), then calls `done`. */
void caches_relist(struct ctl *c, void (*done)(void *arg), void *arg);

/* ---- pass.c ---------------------------------------------------------------------------------- */
void passes_pump(struct ctl *c); /* starts what is due; called by the pump timer */
void passes_kick(struct ctl *c); /* pump soon */
/* No new passes; reads are cancelled; a write in flight ends first unless `now`. */
void passes_stop(struct ctl *c, bool now);

/* ---- brake.c --------------------------------------------------------------------------------- */
struct prover *prover_new(struct ctl *c);
void prover_free(struct prover *p);
void brake_consider(struct key *key, const struct world *w); /* queues a proof when one is due */
void prover_policy_changed(struct prover *p);                /* prove all again */
void brake_forget(struct key *key);
struct brake_proof brake_view(const struct key *key);

/* ---- pods.c: listed while plans look at them, watched never ---------------------------------- */
/* Of the plan at hand; NULL: it looks at none, and what was read is forgotten. Wakes the key when
 * there is news of them. `ready`: how many their ReplicaSet counts; where the last list has another
 * number, one more is asked for at once. PODS_ONLY_WHY: nothing is decided by them, they only say
 * why one is slow, and are listed as seldom as minor_delay_ms: on a busy cluster all are slow. */
#define PODS_ONLY_WHY (-1)
void pods_want(struct key *key, const char *revision, int32_t ready);
static inline void pods_forget(struct key *key)
{
    pods_want(key, NULL, 0);
}
/* Into the world; borrowed until pods_want or the loop's next turn. */
void pods_view(const struct key *key, struct arena *a, struct world *w);
#define PODS_EVERY_MS INT64_C(2000)
#define PODS_AGAIN_MS INT64_C(250)   /* least time between two lists */
#define PODS_LATE_MS  INT64_C(10000) /* without an answer: then the plan is told that, and why */

/* ---- runner.c -------------------------------------------------------------------------------- */
struct gate_runner *runner_new(struct ctl *c);
void runner_readings(const struct key *key, struct arena *a, struct world *w);

/* ---- health.c -------------------------------------------------------------------------------- */
struct health *health_new(struct ctl *c, struct err *e);
void health_free(struct health *h);
void metrics_write(struct ctl *c, struct strbuf *out); /* metrics.c: Prometheus text */

#endif

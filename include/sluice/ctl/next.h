/* SPDX-License-Identifier: Apache-2.0 */
/* next.h - what a pass does with a plan. Pure: the discipline of design.md 4 in one function.
 *
 * The cache may only say "nothing to do": before any write that decides or acts the objects are
 * read live and planned again, and it is the live plan's action that goes out (C64). A look serves
 * for a while: its pass, and those after it, whose caches are at least as new; but those take
 * nothing away without a look of their own, and none of them goes on once somebody else has written
 * to Rollout or fence: of the rest the caches may still show the time before. A status that only
 * reports goes out on the cache, a moment late, so that a burst is one write, and pods that come up
 * one by one are few; but where somebody else has written, he may know more, and two that each
 * believe their own caches would contradict each other without end. */
#ifndef SLUICE_CTL_NEXT_H
#define SLUICE_CTL_NEXT_H

#include "sluice/plan/plan.h"

#define REPORT_DELAY_MS     INT64_C(1000)
#define MINOR_DELAY_MS      INT64_C(10000)
#define MINOR_DELAY_MAX_MS  INT64_C(60000)
#define MINOR_SHARE_MS      INT64_C(200) /* five a second, over all releases in flight */
#define LOOK_AGE_HARMFUL_MS INT64_C(1000)
#define LOOK_AGE_MS         INT64_C(5000)
#define PASS_WRITES_MAX     40
#define PASS_LOOKS_MAX      60

enum next {
    NEXT_END,  /* nothing to write now */
    NEXT_LOOK, /* read live, plan again */
    NEXT_SEND,
    NEXT_LATER /* something to write, not before `NEXT`'s due time */
};

struct pass_view {
    const struct action *action;
    bool live;           /* planned on a look, with our own writes since folded in */
    bool fresh;          /* ... and nothing was written since that look */
    int64_t look_age_ms; /* since look_age_begins, of this pass or one before; INT64_MAX: none */
    /* Rollout or fence is another than that look, with our writes since, knows, and the reads of
     * another one are not refused. */
    bool moved;
    int64_t report_age_ms; /* since a report was first wanted */
    bool minor;        /* a report of how far it is, not there yet: what it does is told already */
    size_t in_flight;  /* releases, of all Rollouts */
    bool refused;      /* the server refused this very write; the time to try again is not yet */
    bool spent;        /* the Rollout's write budget is (C49) */
    int writes, looks; /* of this pass */
};

enum next pass_next(const struct pass_view *v);
int64_t report_delay_ms(const struct pass_view *v);
/* How often a release's counts, and why a pod of it is slow, are asked or told: 10 s, and up to a
 * minute where hundreds are in flight, for then the API server is what all of them wait for. */
int64_t minor_delay_ms(size_t in_flight);
/* From when on a look ages: its end, or a busy server would be asked the more; unless it was so
 * slow that what it read first is old by then. */
int64_t look_age_begins(int64_t started_ms, int64_t ended_ms);

/* What to do after a write failed, by the kind of error. */
enum after {
    AFTER_LOOK,     /* read live, plan again, in this pass */
    AFTER_BACK_OFF, /* end; again later, first thing a live look */
    AFTER_REMEMBER, /* refused for good: remember, try slowly */
};
enum after write_failed(enum err_kind kind, int before); /* how often so, before */
#define CONFLICTS_MAX 5                                  /* in a row, within one pass */

#endif

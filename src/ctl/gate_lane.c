/* SPDX-License-Identifier: Apache-2.0 */
/* gate_lane.c - whose turn it is.
 *
 * Queries to one host share a lane, and so do the probes of one Rollout. A lane has few places, so
 * that a host which hangs or a Rollout whose pods are dead keeps only those busy; the lanes take
 * turns at the places that all share. */
#include "gate_parts.h"
#include "sluice/base/strbuf.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct lane {
    struct lane *next;
    char *name;
    struct limit *shared;
    size_t open, max;
    struct run *first, *last; /* in line */
};

/* --- finding one's lane ----------------------------------------------------------------------- */

/* "http://host:port" of an address, in lower case. */
static void add_host(struct strbuf *out, const char *address)
{
    const char *host = strstr(address, "://");
    size_t len;

    host = host ? host + 3 : address;
    len = (size_t)(host - address) + strcspn(host, "/?#");
    for (size_t i = 0; i < len; i++)
        strbuf_addc(out, (char)tolower((unsigned char)address[i]));
}

static bool is_probe(const struct run *run)
{
    return run->now->ask.gate->kind == GATE_PROBE;
}

static void lane_name(struct strbuf *out, const struct run *run)
{
    strbuf_adds(out, is_probe(run) ? "probe " : "query ");
    if (is_probe(run))
        strbuf_adds(out, run->set->key);
    else
        add_host(out, run->now->ask.address);
}

static struct lane *lane_of(struct run *run)
{
    struct lanes *lanes = &run->runner->lanes;
    auto_strbuf struct strbuf name = {.max = 64u * 1024};
    struct lane **link = &lanes->lanes, *lane;

    lane_name(&name, run);
    for (; *link; link = &(*link)->next) {
        if (strcmp((*link)->name, strbuf_str(&name)) == 0)
            return *link;
    }
    lane = xcalloc(1, sizeof(*lane));
    lane->name = xstrdup(strbuf_str(&name));
    lane->shared = is_probe(run) ? &lanes->probes : &lanes->queries;
    lane->max = is_probe(run) ? GATE_PROBE_ROUNDS_OF_KEY_MAX : GATE_QUERIES_TO_HOST_MAX;
    *link = lane;
    return lane;
}

static void drop_if_empty(struct lanes *lanes, struct lane *lane)
{
    struct lane **link = &lanes->lanes;

    if (lane->open || lane->first)
        return;
    while (*link != lane)
        link = &(*link)->next;
    *link = lane->next;
    free(lane->name);
    free(lane);
}

/* --- turns ------------------------------------------------------------------------------------ */

/* The lane that had its turn goes behind the others. */
static void to_the_end(struct lanes *lanes, struct lane *lane)
{
    struct lane **link = &lanes->lanes;

    while (*link != lane)
        link = &(*link)->next;
    *link = lane->next;
    while (*link)
        link = &(*link)->next;
    *link = lane;
    lane->next = NULL;
}

static struct lane *next_lane(const struct lanes *lanes)
{
    for (struct lane *lane = lanes->lanes; lane; lane = lane->next) {
        if (lane->first && lane->open < lane->max && lane->shared->open < lane->shared->max)
            return lane;
    }
    return NULL;
}

static void take_turns(struct lanes *lanes)
{
    struct lane *lane;

    while (!lanes->closed && (lane = next_lane(lanes))) {
        struct run *run = lane->first;

        lane->first = run->behind;
        run->behind = NULL;
        lanes->waiting--;
        lane->open++;
        lane->shared->open++;
        run->open = true;
        to_the_end(lanes, lane);
        round_start(run);
    }
}

void lane_enter(struct run *run)
{
    struct lane *lane = lane_of(run);

    assert(!run->lane);
    run->lane = lane;
    if (lane->first)
        lane->last->behind = run;
    else
        lane->first = run;
    lane->last = run;
    run->runner->lanes.waiting++;
    take_turns(&run->runner->lanes);
}

static void step_out_of_line(struct run *run)
{
    struct lane *lane = run->lane;
    struct run **link = &lane->first, *before = NULL;

    for (; *link != run; link = &(*link)->behind)
        before = *link;
    *link = run->behind;
    if (lane->last == run)
        lane->last = before;
    run->behind = NULL;
    run->runner->lanes.waiting--;
}

void lane_leave(struct run *run)
{
    struct lane *lane = run->lane;
    struct lanes *lanes = &run->runner->lanes;

    if (!lane)
        return;
    if (run->open) {
        lane->open--;
        lane->shared->open--;
    } else {
        step_out_of_line(run);
    }
    run->open = false;
    run->lane = NULL;
    drop_if_empty(lanes, lane);
    take_turns(lanes);
}

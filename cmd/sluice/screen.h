/* SPDX-License-Identifier: Apache-2.0 */
/* screen.h - the screens of `sluice`: from what was read of the cluster, and the time, to text.
 *
 * Pure: golden files in tests/cli pin them down (api.md 7). */
#ifndef SLUICE_CMD_SCREEN_H
#define SLUICE_CMD_SCREEN_H

#include "sluice/model/world.h"
#include "text.h"

/* `sluice get NAME`. The world may lack objects that could not be read: their parts are left
 * out. `trouble` says why, NULL when all was read. */
void screen_get(struct screen *s, const struct world *w, const char *trouble);
void screen_history(struct screen *s, const struct world *w);
void screen_traffic(struct screen *s, const struct world *w);
/* Rows in the order given; `ns`: with the column NAMESPACE; `wide`: with REVISION and MESSAGE. */
void screen_list(struct screen *s, const struct rollout *const *rollouts, size_t count, bool ns,
                 bool wide);
/* `sluice plan`: the compiled list of steps for the Deployment at hand. */
void screen_plan(struct screen *s, const struct world *w);
struct plan;
/* What `sluice plan -v` adds: the planner's next write, asks and time to wake. */
void screen_plan_next(struct screen *s, const struct plan *p);

/* ---- parts, in the order in which screen_get shows them -------------------------------------- */
struct facts;
void part_head(struct screen *s, const struct facts *f);
void part_steps(struct screen *s, const struct facts *f);
void part_gates(struct screen *s, const struct facts *f);
void part_revisions(struct screen *s, const struct facts *f);
void part_pods(struct screen *s, const struct facts *f);
void part_tail(struct screen *s, const struct facts *f);

/* "sluice abort web -n shop": for a person to type. */
char *to_type(struct screen *s, const char *verb, const char *name);
/* Findings of a spec as lint shows them, without file and line; at most `most`. */
void put_findings(struct screen *s, const struct finding *findings, size_t count, size_t most);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* runner.c - the gate runner, seen from the passes: asks go in, readings come out, by key. */
#include "ctl.h"

struct runner *runner_new(struct ctl *c)
{
    (void)c;
    return NULL;
}

void runner_free(struct runner *g)
{
    (void)g;
}

void runner_ask(struct key *key, const struct plan *plan)
{
    (void)key;
    (void)plan;
}

void runner_forget(struct key *key)
{
    (void)key;
}

void runner_readings(const struct key *key, struct arena *a, struct world *w)
{
    (void)key;
    (void)a;
    (void)w;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* runner.c - the gate runner, seen from the passes: asks go in, readings come out, by key. */
#include "ctl.h"

static void on_answered(const char *name, void *arg)
{
    struct ctl *c = arg;
    struct key *key = key_find(c, name);

    assert(key); /* with a key its questions go */
    key_queue(key, clock_mono_ms(), QUEUE_HIGH, "gate");
}

struct gate_runner *runner_new(struct ctl *c)
{
    return gate_runner_new(&(struct gate_runner_options){
        .loop = c->loop,
        .trusted_address = c->options.prometheus,
        .answered = on_answered,
        .arg = c,
    });
}

void runner_readings(const struct key *key, struct arena *a, struct world *w)
{
    w->reading_count = gate_readings(key->ctl->runner, key->name, a, &w->readings);
}

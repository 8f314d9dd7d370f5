/* SPDX-License-Identifier: Apache-2.0 */
/* keys.c - what is remembered of each Rollout between passes, and who wakes it. */
#include "ctl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct key *key_find(const struct ctl *c, const char *name)
{
    return map_get(&c->keys, name);
}

static struct key *key_new(struct ctl *c, const char *name, const struct object *rollout)
{
    struct key *key = xcalloc(1, sizeof(*key));

    key->ctl = c;
    key->name = xstrdup(name);
    key->ns = xstrdup(rollout->meta->ns ? rollout->meta->ns : "");
    key->rollout = strchr(key->name, '/') + 1;
    key->uid = xstrdup(rollout->meta->uid);
    key->generation = rollout->meta->generation;
    key->budget = BUDGET_BURST;
    /* The caches keep only what some Rollout concerns: what passed before this one was known has
     * to be read. Those known before the other caches began have it all. */
    key->needs_look = c->others_started;
    map_put_lent(&c->keys, key->name, key);
    return key;
}

/* Everything but the budget, which binds whoever makes the same Rollout again and again. */
void key_renew(struct key *key)
{
    key->renewed = false;
    key->needs_look = true;
    key->report_since_ms = key->woken_ms = 0;
    barrier_release(&key->barrier);
    key_barrier_changed(key);
    refused_clear(&key->refused);
    brake_forget(key);
    gate_forget(key->ctl->runner, key->name);
    pods_forget(key);
}

/* One that was deleted and made again between two lists: no event told of its end. A pass that is
 * under way for the one before may yet note things: they go with it. */
static void become(struct key *key, const char *uid)
{
    free(key->uid);
    key->uid = xstrdup(uid);
    key_renew(key);
    key->renewed = key->pass != NULL;
}

struct key *key_of(struct ctl *c, const struct object *rollout)
{
    char name[OBJECT_KEY_MAX];
    struct key *key;

    object_key(name, rollout->meta->ns, rollout->meta->name);
    key = key_find(c, name);
    if (!key)
        key = key_new(c, name, rollout);
    if (key->generation != rollout->meta->generation) {
        key->generation = rollout->meta->generation;
        key->needs_look = true; /* it may name Services and routes that are not kept yet */
    }
    if (!str_equal(key->uid, rollout->meta->uid))
        become(key, rollout->meta->uid);
    key->gone = false;
    return key;
}

void key_flies(struct key *key, bool in_flight)
{
    if (in_flight == key->in_flight)
        return;
    key->in_flight = in_flight;
    if (in_flight)
        key->ctl->in_flight++;
    else
        key->ctl->in_flight--;
}

static void key_free(struct key *key)
{
    key_flies(key, false);
    map_remove(&key->ctl->keys, key->name);
    map_remove(&key->ctl->closed, key->name);
    brake_forget(key);
    gate_forget(key->ctl->runner, key->name);
    pods_forget(key);
    barrier_release(&key->barrier);
    refused_clear(&key->refused);
    key_knows(key, NULL, NULL);
    free(key->name);
    free(key->ns);
    free(key->uid);
    free(key);
}

void key_forget(struct key *key)
{
    key->gone = true;
    if (key->pass)
        return;
    queue_drop(key->ctl->queue, key->name);
    key_free(key);
}

void keys_release(struct ctl *c)
{
    const char *name;
    void *value;

    for (size_t i = 0; map_next(&c->keys, &i, &name, &value);)
        key_free(value);
    map_release(&c->keys);
    map_release(&c->closed);
}

void key_queue(struct key *key, int64_t due_ms, enum queue_priority priority, const char *reason)
{
    queue_add(key->ctl->queue, key->name, due_ms, priority, reason);
    passes_kick(key->ctl);
}

void key_barrier_changed(struct key *key)
{
    struct ctl *c = key->ctl;

    if (!barrier_open(&key->barrier)) {
        map_put_lent(&c->closed, key->name, key);
        return;
    }
    if (map_remove(&c->closed, key->name))
        key_queue(key, clock_mono_ms(), QUEUE_HIGH, "own writes seen");
}

/* ---- the write budget: a loop that writes for ever is a fault, and must stay a slow one (C49)  */

static void budget_refill(struct key *key, int64_t now_ms)
{
    const double grown = (double)(now_ms - key->budget_at_ms) / BUDGET_EVERY_MS;

    key->budget_at_ms = now_ms;
    key->budget = fmin(key->budget + grown, BUDGET_BURST);
}

bool key_may_write(struct key *key, int64_t now_ms)
{
    budget_refill(key, now_ms);
    return key->budget >= 1;
}

void key_wrote(struct key *key, int64_t now_ms)
{
    budget_refill(key, now_ms);
    key->budget -= 1;
}

void key_knows(struct key *key, const char *rollout_rv, const char *fence_rv)
{
    free(key->known_rollout);
    free(key->known_fence);
    key->known_rollout = rollout_rv ? xstrdup(rollout_rv) : NULL;
    key->known_fence = fence_rv ? xstrdup(fence_rv) : NULL;
}

/* ---- the store's listener -------------------------------------------------------------------- */

/* One change comes as several events, of the Deployment, its ReplicaSets and their slices: the
 * first of them waits a moment for the others. */
static void on_woken(void *arg, const struct object *rollout, enum kube_kind by)
{
    struct ctl *c = arg;
    struct key *key = key_of(c, rollout);
    const int64_t now = clock_mono_ms();

    if (!key->pass && !key->woken_ms)
        key->woken_ms = now;
    key_queue(key, now + GATHER_MS, caches_ready(c) ? QUEUE_HIGH : QUEUE_LOW,
              kube_kind_info(by)->kind);
}

static void on_gone(void *arg, const struct object *rollout)
{
    struct ctl *c = arg;

    key_forget(key_of(c, rollout));
    timer_move(c->housekeeping, SECOND_MS); /* sweeps what nobody needs any more */
}

static void on_policy_changed(void *arg)
{
    struct ctl *c = arg;

    prover_policy_changed(c->prover);
}

const struct store_listener ctl_store_listener = {
    .woken = on_woken, .gone = on_gone, .policy_changed = on_policy_changed};

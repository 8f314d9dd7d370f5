/* SPDX-License-Identifier: Apache-2.0 */
/* workload.c - ReplicaSet controller, kubelet, and the clock that makes everybody run. */
#include "sluice/base/clock.h"
#include "sluice/json/jfmt.h"
#include "sluice/sim/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- pods ------------------------------------------------------------------------------------ */

static bool never_ready(const struct sim *s, const struct replicaset *rs)
{
    if (s->opt.only_ready && !str_equal(rs->revision, s->opt.only_ready))
        return true;
    return s->opt.never_ready && rs->image && strstr(rs->image, s->opt.never_ready);
}

static void add_pod(struct sim *s, const struct replicaset *rs)
{
    struct sim_pod *p;
    const bool never = never_ready(s, rs);

    if (s->pod_count == s->pod_cap) {
        s->pod_cap = s->pod_cap ? 2 * s->pod_cap : 64;
        s->pods = xrealloc(s->pods, s->pod_cap * sizeof *s->pods);
    }
    p = &s->pods[s->pod_count++];
    *p = (struct sim_pod){.ready_at_ms = never ? INT64_MAX : s->now_ms + s->opt.pod_start_ms,
                          .min_ready_ms = rs->min_ready_seconds * SECOND_MS};
    snprintf(p->name, sizeof p->name, "%.60s-%lld", rs->meta.name, (long long)++s->last_uid);
    snprintf(p->rs_uid, sizeof p->rs_uid, "%s", rs->meta.uid);
    snprintf(p->revision, sizeof p->revision, "%s", rs->revision ? rs->revision : "");
    s->pods_started++;
    s->epoch++;
}

struct count {
    int32_t all, ready, available;
};

static struct count count_pods(const struct sim *s, const struct replicaset *rs)
{
    struct count c = {0};

    for (size_t i = 0; i < s->pod_count; i++) {
        const struct sim_pod *p = &s->pods[i];

        if (!str_equal(p->rs_uid, rs->meta.uid) || p->gone_at_ms)
            continue;
        c.all++;
        c.ready += p->ready;
        c.available += p->available;
    }
    return c;
}

/* Those not ready go first, as the ReplicaSet controller ranks them. */
static void stop_pod(struct sim *s, const char *rs_uid)
{
    struct sim_pod *victim = NULL;

    for (size_t i = 0; i < s->pod_count; i++) {
        struct sim_pod *p = &s->pods[i];

        if (str_equal(p->rs_uid, rs_uid) && !p->gone_at_ms &&
            (!victim || (victim->ready && !p->ready)))
            victim = p;
    }
    if (victim) {
        victim->gone_at_ms = s->now_ms + s->opt.pod_stop_ms;
        victim->ready = victim->available = false;
        s->epoch++;
    }
}

static bool replicaset_there(const struct sim *s, const char *uid)
{
    for (const struct sim_object *o = s->objects; o; o = o->next) {
        if (o->kind == SIM_REPLICASET && str_equal(json_str(o->doc, "metadata.uid"), uid))
            return true;
    }
    return false;
}

static void get_ready(struct sim *s, struct sim_pod *p)
{
    if (!p->ready && s->now_ms >= p->ready_at_ms) {
        p->ready = true;
        s->epoch++;
    }
    if (p->ready && !p->available && s->now_ms >= p->ready_at_ms + p->min_ready_ms) {
        p->available = true;
        s->epoch++;
    }
}

static void run_pods(struct sim *s)
{
    size_t keep = 0;

    for (size_t i = 0; i < s->pod_count; i++) {
        struct sim_pod *p = &s->pods[i];

        if (!p->gone_at_ms && !replicaset_there(s, p->rs_uid)) {
            p->gone_at_ms = s->now_ms + s->opt.pod_stop_ms;
            p->ready = p->available = false;
            s->epoch++;
        }
        if (!p->gone_at_ms)
            get_ready(s, p);
        if (!p->gone_at_ms || s->now_ms < p->gone_at_ms)
            s->pods[keep++] = *p;
    }
    s->epoch += (int64_t)(s->pod_count - keep);
    s->pod_count = keep;
}

static void write_status(struct sim *s, struct sim_object *o, const struct replicaset *rs)
{
    const struct count c = count_pods(s, rs);
    struct arena a;

    if (rs->observed_generation == rs->meta.generation && rs->st_replicas == c.all &&
        rs->st_ready == c.ready && rs->st_available == c.available)
        return;
    arena_init(&a);
    sim_set(s, o,
            json_fmt(&a,
                     "{'status':{'observedGeneration':%l,'replicas':%d,'readyReplicas':%d,"
                     "'availableReplicas':%d}}",
                     rs->meta.generation, c.all, c.ready, c.available));
    arena_release(&a);
}

void sim_replicasets(struct sim *s)
{
    run_pods(s);
    for (struct sim_object *o = s->objects; o; o = o->next) {
        const struct replicaset *rs = o->kind == SIM_REPLICASET ? sim_view(o) : NULL;
        int32_t have;

        if (!rs)
            continue;
        for (have = count_pods(s, rs).all; have < rs->replicas; have++)
            add_pod(s, rs);
        for (; have > rs->replicas; have--)
            stop_pod(s, rs->meta.uid);
        write_status(s, o, rs);
    }
}

/* ---- the clock ------------------------------------------------------------------------------- */

static bool pod_due(const struct sim *s, const struct sim_pod *p)
{
    if (p->gone_at_ms)
        return s->now_ms >= p->gone_at_ms;
    if (p->available || p->ready_at_ms == INT64_MAX)
        return false;
    return s->now_ms >= p->ready_at_ms + (p->ready ? p->min_ready_ms : 0);
}

bool sim_timer_due(const struct sim *s)
{
    for (size_t i = 0; i < s->pod_count; i++) {
        if (pod_due(s, &s->pods[i]))
            return true;
    }
    for (const struct sim_object *o = s->objects; o; o = o->next) {
        if (o->kind == SIM_ROUTE && (o->accept_ms || o->send_ms))
            return true;
    }
    return false;
}

static bool awake(struct sim *s)
{
    uint64_t *r = &s->random;

    if (!s->opt.idle_percent)
        return true;
    *r ^= *r << 13;
    *r ^= *r >> 7;
    *r ^= *r << 17;
    return (int)(*r % 100) >= s->opt.idle_percent;
}

/* Nothing changed since everybody had seen everything: then nobody would do anything. */
static void run_controllers(struct sim *s)
{
    static void (*const all[])(struct sim * s) = {sim_deployments, sim_replicasets, sim_routers};
    const int64_t before = s->epoch;
    bool slept = false;

    if (s->epoch == s->quiet_epoch && !sim_timer_due(s))
        return;
    for (size_t i = 0; i < (s->opt.only_deployments ? 1 : COUNT(all)); i++) {
        if (awake(s))
            all[i](s);
        else
            slept = true;
    }
    sim_proxies(s);
    sim_collect(s);
    s->quiet_epoch = !slept && s->epoch == before ? s->epoch : -1;
}

void sim_tick(struct sim *s, int64_t ms)
{
    for (int64_t end = s->now_ms + ms; s->now_ms < end;) {
        s->now_ms += SIM_TICK_MS;
        if (s->opt.no_controllers)
            continue;
        run_controllers(s);
        if (!s->opt.only_deployments && awake(s))
            sim_slices(s);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "pass.h"

#include <stdlib.h>
#include <string.h>

static const char *const next_words[] = {
    [NEXT_END] = "end", [NEXT_LOOK] = "look", [NEXT_SEND] = "send", [NEXT_LATER] = "later"};

/* ---- the end of a pass ----------------------------------------------------------------------- */

static void pass_free(struct pass *p)
{
    struct key *key = p->key;

    key->needs_look |= p->look_all; /* one that did not end in a scene answered nothing */
    key->pass = NULL;
    if (!p->waited)
        key->woken_ms = 0;
    p->ctl->passes--;
    histogram_add(&p->ctl->metrics.pass_time, clock_mono_ms() - p->started_ms);
    look_cancel(p->look);
    kube_cancel(p->call);
    scene_release(&p->scene);
    arena_release(&p->arena);
    passes_kick(p->ctl);
    free(p);
    if (key->renewed)
        key_renew(key);
    if (key->gone)
        key_forget(key);
}

void pass_end(struct pass *p, int64_t due_ms)
{
    struct ctl *c = p->ctl;

    c->metrics.passes_ok++;
    queue_done(c->queue, p->key->name, clock_mono_ms());
    if (due_ms != QUEUE_NEVER)
        queue_add(c->queue, p->key->name, due_ms, QUEUE_HIGH, "due");
    pass_free(p);
}

void pass_fail(struct pass *p, int64_t at_least_ms, const char *why)
{
    struct ctl *c = p->ctl;

    c->metrics.passes_failed++;
    queue_done_failed(c->queue, p->key->name, clock_mono_ms(), at_least_ms, why);
    pass_free(p);
}

/* ---- what is known --------------------------------------------------------------------------- */

static const char *version_of(const struct object *o)
{
    return o && o->meta->rv ? o->meta->rv : "";
}

void pass_knows(struct pass *p)
{
    key_knows(p->key, version_of(p->scene.rollout), version_of(p->scene.fence));
}

static bool others_wrote(const struct pass *p)
{
    return !str_equal(p->key->known_rollout, version_of(p->scene.rollout)) ||
           !str_equal(p->key->known_fence, version_of(p->scene.fence));
}

/* ---- looking live ---------------------------------------------------------------------------- */

static void look_failed(struct pass *p, const struct look_result *result)
{
    const struct err *e = &result->err;
    const int64_t now = clock_mono_ms();

    p->ctl->metrics.looks_failed++;
    log_warn("look failed", "namespace", p->key->ns, "name", p->key->rollout, "read", result->what,
             "err", e->text, NULL);
    if (write_failed(e->kind, CONFLICTS_MAX) != AFTER_REMEMBER) {
        pass_fail(p, e->retry_after_s * SECOND_MS, "look failed");
        return;
    }
    refused_remember(&p->key->refused, NULL, result->what, e, clock_wall_ms(), now);
    pass_end(p, now); /* the plan on the cache says so in the status */
}

static void looked(struct look_result *result, void *arg)
{
    struct pass *p = arg;
    struct key *key = p->key;

    p->look = NULL; /* ends with this callback */
    histogram_add(&p->ctl->metrics.look_time, clock_mono_ms() - result->started_ms);
    if (result->err.kind != ERR_NONE) {
        look_failed(p, result);
        return;
    }
    scene_release(&p->scene);
    p->scene = result->scene;
    result->scene = (struct scene){0};
    pass_knows(p);
    key->looked_ms = look_age_begins(result->started_ms, clock_mono_ms());
    p->live = p->fresh = true;
    p->look_all = false;
    if (p->instead) { /* the store now has all that the caches should have shown */
        barrier_release(&key->barrier);
        key_barrier_changed(key);
    }
    if (key->refused.reading)
        refused_clear(&key->refused);
    /* Edited meanwhile, the Rollout may name what nobody read. */
    if ((key->needs_look || result->moved) && p->looks < PASS_LOOKS_MAX)
        pass_look(p);
    else
        pass_plan(p);
}

void pass_look(struct pass *p)
{
    struct ctl *c = p->ctl;

    if (!store_get(c->store, KIND_ROLLOUT, p->key->ns, p->key->rollout)) {
        pass_end(p, QUEUE_NEVER); /* gone meanwhile */
        return;
    }
    if (p->looks++ > 0)
        c->metrics.relooks++;
    c->metrics.looks++;
    p->look_all = p->key->needs_look;
    p->key->needs_look = false; /* what comes from now on is for the next look */
    p->look = look_start(&(struct look_spec){
        .client = c->client,
        .store = c->store,
        .ns = p->key->ns,
        .name = p->key->rollout,
        .all = p->look_all,
        .done = looked,
        .arg = p,
    });
}

/* ---- planning -------------------------------------------------------------------------------- */

static const struct plan *plan_once(struct pass *p)
{
    struct key *key = p->key;
    struct world *w;

    arena_release(&p->arena);
    w = scene_world(&p->scene, &p->arena);
    if (!w)
        return NULL;
    w->brake = brake_view(key);
    w->refusal = refused_view(&key->refused);
    w->prometheus = p->ctl->options.prometheus;
    w->led_since_ms = p->ctl->leading_ms;
    runner_readings(key, &p->arena, w);
    pods_view(key, &p->arena, w);
    brake_consider(key, w);
    return plan_rollout(&p->arena, w, clock_wall_ms());
}

/* At rest with all pods ready, "5/5": the last word, until something else happens. */
static bool is_whole(const struct rollout_status *s)
{
    const char *ready = s->display.ready, *slash = ready ? strchr(ready, '/') : NULL;

    return !s->flight.present && slash && strlen(slash + 1) == (size_t)(slash - ready) &&
           strncmp(ready, slash + 1, (size_t)(slash - ready)) == 0;
}

/* The same word as was told, nobody's edit to be answered, and no answers of gates, which a restart
 * would ask for again. */
static bool is_minor(const struct pass *p)
{
    const struct rollout_status *now = p->plan->status;
    struct rollout_status told;

    status_unpack(p->scene.rollout->as.rollout, &told);
    return p->plan->ask_count == 0 && !is_whole(now) &&
           str_equal(told.display.status, now->display.status) &&
           told.observed_generation == now->observed_generation &&
           told.target.observed_generation == now->target.observed_generation;
}

/* What was refused is not asked for again before its time. */
static bool may_look(const struct key *key, int64_t now)
{
    return !key->refused.reading || refused_due(&key->refused, now);
}

static struct pass_view view_of(const struct pass *p, int64_t now)
{
    const struct key *key = p->key;
    const struct action *action = &p->plan->action;

    return (struct pass_view){
        .action = action,
        .live = p->live,
        .fresh = p->fresh,
        .look_age_ms = key->looked_ms ? now - key->looked_ms : INT64_MAX,
        .moved = p->moved && may_look(key, now),
        .report_age_ms = now - key->report_since_ms,
        .minor = is_minor(p),
        .in_flight = p->ctl->in_flight,
        .refused = refused_is(&key->refused, action) && !refused_due(&key->refused, now),
        .spent = !key_may_write(p->key, now),
        .writes = p->writes,
        .looks = p->looks,
    };
}

/* A plan's times are on the wall; a Rollout at rest is planned again once in a while (C37). */
static int64_t plan_due(const struct pass *p, int64_t now)
{
    int64_t wait = loop_random(RESYNC_MS / 2, RESYNC_MS);

    if (p->plan->wake_ms != PLAN_SLEEP)
        wait = min_i64(wait, max_i64(p->plan->wake_ms - clock_wall_ms(), 1));
    return min_i64(now + wait, refused_wake_ms(&p->key->refused, now));
}

/* Something is to be written, but not now: when? */
static int64_t later_due(const struct pass *p, const struct pass_view *v, int64_t now)
{
    if (v->refused)
        return QUEUE_NEVER; /* the plan's time is the refusal's, too */
    if (v->spent) {
        log_warn("write budget spent", "namespace", p->key->ns, "name", p->key->rollout, "rule",
                 p->plan->rule, NULL);
        return now + SECOND_MS;
    }
    if (v->action->act == ACT_REPORT)
        return p->key->report_since_ms + report_delay_ms(v);
    return now; /* this pass was long enough; others first */
}

static void log_plan(const struct pass *p, enum next next)
{
    log_debug("planned", "namespace", p->key->ns, "name", p->key->rollout, "rule", p->plan->rule,
              "act", act_name(p->plan->action.act), "on", p->live ? "look" : "cache", "next",
              next_words[next], NULL);
}

/* The cached plan is only a suspicion; how often it is wrong is worth knowing. */
static void compare_minds(struct pass *p)
{
    const enum act act = p->plan->action.act;

    if (p->live && p->cached_act != ACT_NONE && p->cached_act != act)
        p->ctl->metrics.changed_minds++;
    p->cached_act = p->live ? ACT_NONE : act;
}

static void note_report(struct pass *p, int64_t now)
{
    if (p->plan->action.act == ACT_NONE)
        p->key->report_since_ms = 0;
    else if (p->plan->action.act == ACT_REPORT && !p->key->report_since_ms)
        p->key->report_since_ms = now;
}

static void act_on(struct pass *p)
{
    const int64_t now = clock_mono_ms();
    struct pass_view v;
    enum next next;

    p->moved = others_wrote(p);
    v = view_of(p, now);
    next = pass_next(&v);
    log_plan(p, next);
    switch (next) {
    case NEXT_END:
        pass_end(p, plan_due(p, now));
        return;
    case NEXT_LATER:
        pass_end(p, min_i64(later_due(p, &v, now), plan_due(p, now)));
        return;
    case NEXT_LOOK:
        pass_look(p);
        return;
    case NEXT_SEND:
    default:
        pass_send(p);
    }
}

static int32_t ready_of(const struct pass *p, const char *revision)
{
    if (p->plan->ask_count == 0)
        return PODS_ONLY_WHY;
    for (size_t i = 0; revision && i < p->scene.sets.count; i++) {
        const struct replicaset *rs = p->scene.sets.items[i]->as.replicaset;
        if (str_equal(rs->revision, revision))
            return rs->st_ready;
    }
    return 0;
}

void pass_plan(struct pass *p)
{
    if (p->stopping) {
        pass_end(p, QUEUE_NEVER);
        return;
    }
    p->plan = plan_once(p);
    if (p->plan && refused_over(&p->key->refused, &p->plan->action, clock_mono_ms())) {
        refused_clear(&p->key->refused);
        p->plan = plan_once(p);
    }
    if (!p->plan) {
        pass_end(p, QUEUE_NEVER); /* the Rollout is gone */
        return;
    }
    key_flies(p->key, p->plan->status->flight.present);
    gate_run(p->ctl->runner, p->key->name, p->plan->asks, p->plan->ask_count);
    pods_want(p->key, p->plan->pods_of, ready_of(p, p->plan->pods_of));
    compare_minds(p);
    note_report(p, clock_mono_ms());
    act_on(p);
}

/* ---- the beginning of a pass ----------------------------------------------------------------- */

/* C60: until the caches have seen our own writes they decide nothing. They are given a moment;
 * if they do not get there, the look takes their place. */
static bool waits_for_caches(const struct pass *p, int64_t now)
{
    const struct barrier *b = &p->key->barrier;

    return !barrier_open(b) && now - b->since_ms < BARRIER_WAIT_MS;
}

/* A cache of routes that was never read whole does not say that one is not there: who rests on one
 * looks. */
static bool lacks_routes(const struct pass *p)
{
    const struct scene *sc = &p->scene;

    return sc->rollout && !caches_know(p->ctl, KIND_HTTPROUTE) &&
           (sc->rollout->as.rollout->spec.traffic_count > 0 ||
            (sc->fence && sc->fence->as.fence->record.route_count > 0));
}

static void wait_until(struct pass *p, int64_t ms)
{
    p->waited = true;
    pass_end(p, ms);
}

static void pass_begin(struct pass *p)
{
    struct key *key = p->key;
    struct metrics *m = &p->ctl->metrics;
    const int64_t now = clock_mono_ms();

    if (now < key->open_until_ms) {
        wait_until(p, key->open_until_ms);
    } else if (key->needs_look && may_look(key, now)) {
        pass_look(p);
    } else if (waits_for_caches(p, now)) {
        m->barrier_waits++;
        wait_until(p, key->barrier.since_ms + BARRIER_WAIT_MS);
    } else if (!barrier_open(&key->barrier) && may_look(key, now)) {
        m->barrier_looks++;
        p->instead = true;
        pass_look(p);
    } else {
        scene_from_store(&p->scene, p->ctl->store, key->ns, key->rollout);
        if (may_look(key, now) && lacks_routes(p))
            pass_look(p);
        else
            pass_plan(p);
    }
}

static void pass_start(struct ctl *c, struct key *key, int64_t woken_ms)
{
    struct pass *p = xcalloc(1, sizeof(*p));

    assert(!key->pass);
    key->pass = p;
    p->ctl = c;
    p->key = key;
    p->started_ms = clock_mono_ms();
    if (!key->woken_ms)
        key->woken_ms = woken_ms;
    c->passes++;
    pass_begin(p);
}

/* ---- all passes ------------------------------------------------------------------------------ */

static bool may_work(const struct ctl *c)
{
    return c->leading && !c->stopping && caches_ready(c) && (!c->lease || lease_leading(c->lease));
}

void passes_pump(struct ctl *c)
{
    const struct queue_item *item;
    int started = 0;

    if (!may_work(c))
        return;
    while (c->passes < PASSES_MAX && started < PASSES_PER_TURN &&
           (item = queue_take(c->queue, clock_mono_ms()))) {
        struct key *key = key_find(c, item->key);
        histogram_add(&c->metrics.queue_time, clock_mono_ms() - item->added_ms);
        if (key)
            pass_start(c, key, item->added_ms);
        else
            queue_done(c->queue, item->key, clock_mono_ms());
        started++;
    }
    if (c->passes < PASSES_MAX && queue_due_ms(c->queue) != QUEUE_NEVER)
        timer_move(c->pump, max_i64(queue_due_ms(c->queue) - clock_mono_ms(), 0));
}

void passes_kick(struct ctl *c)
{
    if (c->pump)
        timer_move(c->pump, 0);
}

static void pass_stop(struct pass *p, bool now)
{
    p->stopping = true;
    if (p->look || now)
        pass_end(p, QUEUE_NEVER); /* cancels what is open */
}

void passes_stop(struct ctl *c, bool now)
{
    const char *name;
    void *value;

    c->stopping = true;
    queue_close(c->queue);
    for (size_t i = 0; map_next(&c->keys, &i, &name, &value);) {
        struct key *key = value;
        if (key->pass)
            pass_stop(key->pass, now);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* turn_bench.h - a pass whose clock, planner, look and sending are this file: they say what the
 * test says, and note what they are asked. */
#ifndef SLUICE_TESTS_UNIT_TURN_BENCH_H
#define SLUICE_TESTS_UNIT_TURN_BENCH_H

#include "../../src/ctl/pass.h"
#include "check.h"
#include "sluice/json/jfmt.h"
#include "sluice/kube/watch.h"

#include <stdio.h>

/* Whoever calls these gets ours (ld --wrap; CMake sees the names). */
__typeof__(clock_mono_ms) __wrap_clock_mono_ms;
__typeof__(clock_wall_ms) __wrap_clock_wall_ms;
__typeof__(loop_random) __wrap_loop_random;
__typeof__(timer_move) __wrap_timer_move;
__typeof__(caches_ready) __wrap_caches_ready;
__typeof__(caches_know) __wrap_caches_know;
__typeof__(plan_rollout) __wrap_plan_rollout;
__typeof__(pass_send) __wrap_pass_send;
__typeof__(look_start) __wrap_look_start;
__typeof__(look_cancel) __wrap_look_cancel;
__typeof__(kube_cancel) __wrap_kube_cancel;
__typeof__(gate_run) __wrap_gate_run;
__typeof__(gate_forget) __wrap_gate_forget;
__typeof__(brake_consider) __wrap_brake_consider;
__typeof__(brake_forget) __wrap_brake_forget;
__typeof__(runner_readings) __wrap_runner_readings;
__typeof__(pods_view) __wrap_pods_view;
__typeof__(pods_want) __wrap_pods_want;
__typeof__(lease_leading) __wrap_lease_leading;
__typeof__(log_line) __wrap_log_line;

#define MONO INT64_C(1000000)
#define WALL INT64_C(1795511640000)

static struct turn {
    int64_t mono, wall, random_lo, random_hi, pump_ms;
    bool ready, routes_unread;
    struct plan plans[3]; /* what the planner says, one after the other; the last one stays */
    int plan_count, planned, sends, looks, cancelled_looks, cancelled_calls, asked, pumps;
    bool refusal; /* seen by the last plan */
    const char *prometheus;
    int64_t led_since_ms;
    int readings, views, logged; /* of gates and pods into a world; plans that were logged */
    char pods_of[40];            /* that a plan looks at */
    int32_t pods_ready;
    bool lease_leads;
    struct pass *pass; /* that sends, or sent last */
    struct look_spec look;
} turn;

int64_t __wrap_clock_mono_ms(void)
{
    return turn.mono;
}

int64_t __wrap_clock_wall_ms(void)
{
    return turn.wall;
}

int64_t __wrap_loop_random(int64_t lo, int64_t hi)
{
    turn.random_lo = lo;
    turn.random_hi = hi;
    return hi;
}

void __wrap_timer_move(struct timer *timer UNUSED, int64_t delay_ms)
{
    turn.pumps++;
    turn.pump_ms = delay_ms;
}

bool __wrap_caches_ready(const struct ctl *c UNUSED)
{
    return turn.ready;
}

bool __wrap_caches_know(const struct ctl *c UNUSED, enum kube_kind kind)
{
    assert_int_equal(kind, KIND_HTTPROUTE);
    return !turn.routes_unread;
}

const struct plan *__wrap_plan_rollout(struct arena *a UNUSED, const struct world *w,
                                       int64_t now_ms)
{
    const int i = turn.planned < turn.plan_count ? turn.planned : turn.plan_count - 1;

    assert_int_equal(now_ms, turn.wall);
    turn.planned++;
    turn.refusal = w->refusal.present;
    turn.prometheus = w->prometheus;
    turn.led_since_ms = w->led_since_ms;
    return &turn.plans[i];
}

void __wrap_pass_send(struct pass *p)
{
    turn.sends++;
    turn.pass = p;
}

struct look *__wrap_look_start(const struct look_spec *spec)
{
    turn.looks++;
    turn.look = *spec;
    turn.pass = spec->arg;
    return (struct look *)&turn;
}

void __wrap_look_cancel(struct look *look)
{
    turn.cancelled_looks += look != NULL;
}

void __wrap_kube_cancel(struct kube_call *call)
{
    turn.cancelled_calls += call != NULL;
}

void __wrap_gate_run(struct gate_runner *g UNUSED, const char *key UNUSED,
                     const struct ask *asks UNUSED, size_t count)
{
    turn.asked += (int)count;
}

void __wrap_gate_forget(struct gate_runner *g UNUSED, const char *key UNUSED) {}
void __wrap_brake_consider(struct key *key UNUSED, const struct world *w UNUSED) {}
void __wrap_brake_forget(struct key *key UNUSED) {}
void __wrap_runner_readings(const struct key *key UNUSED, struct arena *a UNUSED,
                            struct world *w UNUSED)
{
    turn.readings++;
}

void __wrap_pods_view(const struct key *key UNUSED, struct arena *a UNUSED, struct world *w UNUSED)
{
    turn.views++;
}

void __wrap_pods_want(struct key *key UNUSED, const char *revision, int32_t ready)
{
    snprintf(turn.pods_of, sizeof(turn.pods_of), "%s", revision ? revision : "");
    turn.pods_ready = ready;
}

bool __wrap_lease_leading(const struct lease *lease)
{
    assert_ptr_equal(lease, &turn);
    return turn.lease_leads;
}

void __wrap_log_line(enum log_level level, const char *msg, ...)
{
    turn.logged += level == LOG_DEBUG && strcmp(msg, "planned") == 0;
}

/* ---- one Rollout that is known --------------------------------------------------------------- */

static struct rollout_status said; /* by every plan */

static const struct action nothing = {.act = ACT_NONE};
static const struct action report = {.act = ACT_REPORT, .name = "web"};
static const struct action decide = {.act = ACT_DECIDE, .name = "web"};
static const struct action scale = {.act = ACT_RS_SCALE, .name = "web-1", .method = "PATCH"};

static inline void plans(const struct action *a, const struct action *b, int64_t wake_ms)
{
    turn.plan_count = b ? 2 : 1;
    turn.planned = 0;
    for (int i = 0; i < turn.plan_count; i++)
        turn.plans[i] = (struct plan){
            .rule = "test", .action = i ? *b : *a, .wake_ms = wake_ms, .status = &said};
}

static inline struct object *rollout_object(void)
{
    static const char text[] = "{\"metadata\":{\"namespace\":\"shop\",\"name\":\"web\",\"uid\":"
                               "\"u\",\"resourceVersion\":\"5\"},\"spec\":{\"targetRef\":{"
                               "\"name\":\"web\"}},\"status\":{\"observedGeneration\":3,"
                               "\"display\":{\"status\":\"Gating\"},\"target\":{"
                               "\"observedGeneration\":4}}}";
    struct err e = {0};
    auto_json cJSON *doc = kube_object_parse(text, strlen(text), &e);
    struct object *o = object_read(KIND_ROLLOUT, doc, text, strlen(text));

    CHECK(o, "%s", e.text);
    return o;
}

static inline void on_woken(void *arg UNUSED, const struct object *rollout UNUSED,
                            enum kube_kind by UNUSED)
{
}

static inline void on_gone(void *arg UNUSED, const struct object *rollout UNUSED) {}

static inline int setup(void **state)
{
    struct ctl *c = xcalloc(1, sizeof(*c));
    const struct store_listener listener = {.woken = on_woken, .gone = on_gone, .arg = c};
    struct object *o = rollout_object();

    log_set_level(LOG_ERROR);
    turn = (struct turn){.mono = MONO, .wall = WALL, .ready = true};
    said = (struct rollout_status){.observed_generation = 3};
    said.display.status = "Gating";
    said.target.observed_generation = 4;
    plans(&nothing, NULL, PLAN_SLEEP);
    c->store = store_new(&listener);
    c->queue = queue_new(1);
    c->pump = (struct timer *)&turn;
    c->leading = true;
    c->options.prometheus = "http://prometheus";
    store_put(c->store, o, MONO);
    key_of(c, o)->needs_look = false;
    object_unref(o);
    *state = c;
    return 0;
}

static inline int teardown(void **state)
{
    struct ctl *c = *state;

    passes_stop(c, true);
    keys_release(c);
    queue_free(c->queue);
    store_free(c->store);
    free(c);
    return 0;
}

static inline struct key *web(struct ctl *c)
{
    return key_find(c, "shop/web");
}

/* Something happened to it. */
static inline void event(struct ctl *c)
{
    queue_add(c->queue, "shop/web", turn.mono, QUEUE_HIGH, "test");
    passes_pump(c);
}

/* The look is answered, after so long, with what is in the store. */
static inline void looked_at(int64_t took_ms, bool moved)
{
    struct look_result result = {.started_ms = turn.mono, .moved = moved};

    turn.mono += took_ms;
    result.scene.rollout = rollout_object();
    turn.look.done(&result, turn.look.arg);
    scene_release(&result.scene);
}

static inline void looked(int64_t took_ms)
{
    looked_at(took_ms, false);
}

static inline void look_fails(enum err_kind kind, int retry_after_s)
{
    struct look_result result = {.started_ms = turn.mono, .what = "get services"};

    err_set(&result.err, kind, "no");
    result.err.retry_after_s = retry_after_s;
    turn.look.done(&result, turn.look.arg);
}

static inline void due_in(struct ctl *c, int64_t ms)
{
    const int64_t due = queue_due_ms(c->queue);

    CHECK(due == turn.mono + ms, "due in %lld ms, not %lld", (long long)(due - turn.mono),
          (long long)ms);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Releases among people and programs that meddle: scale, apply, resume, delete, supersede,
 * commands. Whatever they do, once they stop the Rollout settles, what users reach is whole and of
 * the right revision, and nothing is written any more.
 *
 * SIM_SEEDS=n tries n seeds a strategy (default 40); SIM_SEED=n replays one, SIM_TRACE=1 shows it.
 */
#include "sluice/sim/sim.h"

#include "check.h"
#include "sluice/base/clock.h"
#include "sluice/json/jfmt.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define APP "{'app':'web'}"

static const char *const strategies[] = {
    "{'targetRef':{'name':'web'},'strategy':{'blueGreen':{'activeService':'web'}},'drain':'1s',"
    "'bake':'2s','progressDeadline':'10s','gates':[{'name':'smoke','probe':{'http':{}}}]}",
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':20},{'weight':50}]}},"
    "'drain':'1s','bake':'2s','progressDeadline':'10s','gates':[{'name':'smoke','probe':{'http':{}}"
    "}]}",
    "{'targetRef':{'name':'web'},'strategy':{'rolling':{'steps':[{'replicas':'20%%'},{'replicas':"
    "'60%%'}]}},'bake':'1s','progressDeadline':'10s','gates':[{'name':'smoke','probe':{'http':{}}}"
    "]}",
};

/* Nothing is judged or baked: fewer writes, and other ones follow each other. */
static const char *const plain[] = {
    "{'targetRef':{'name':'web'},'strategy':{'blueGreen':{'activeService':'web'}},'drain':'1s',"
    "'progressDeadline':'10s'}",
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':20},{'weight':50}]}},"
    "'drain':'1s','progressDeadline':'10s'}",
    "{'targetRef':{'name':'web'},'strategy':{'rolling':{'steps':[{'replicas':'20%%'},{'replicas':"
    "'60%%'}]}},'progressDeadline':'10s'}",
};

struct game {
    struct sim s;
    struct arena a;
    uint64_t random;
    uint64_t seed;
    bool trace;
    bool plain;
    int version;
    bool alone;   /* one replica is fine: there is room for another */
    bool meddled; /* capacity was taken by hand: endpoints are not judged for a while */
    int64_t calm_at_ms;
};

static uint32_t pick(struct game *g, uint32_t n)
{
    return (uint32_t)(next_random(&g->random) % n);
}

static const char *image_template(struct arena *a, const char *image)
{
    return json_fmt(a,
                    "{'metadata':{'labels':" APP "},'spec':{'containers':[{'name':'app','image':%q,"
                    "'ports':[{'containerPort':8080,'name':'http'}]}]}}",
                    image);
}

static void open_game(struct game *g, const char *spec, uint64_t seed)
{
    static const char *const limits[] = {"0", "1", "3", "10"};
    const struct sim_options opt = {.gate_bad = "bad", .never_ready = "never"};
    struct err e = {0};
    uint32_t limit;
    int replicas, surge, unavailable;

    memset(g, 0, sizeof *g);
    g->seed = seed;
    g->random = seed * 0x9e3779b97f4a7c15U + 1;
    /* One after the other: the order of arguments is the compiler's. */
    replicas = 1 + (int)pick(g, 8);
    limit = pick(g, 4);
    surge = (int)pick(g, 3);
    unavailable = (int)pick(g, 2);
    g->alone = surge > 0;
    if (replicas == 1 && !g->alone)
        replicas = 2; /* refused: no room to judge a new pod */
    g->trace = getenv("SIM_TRACE") != NULL;
    sim_init(&g->s, &opt);
    arena_init(&g->a);
    g->version = 1;
    assert_true(sim_create(
        &g->s, SIM_DEPLOYMENT,
        json_fmt(&g->a,
                 "{'metadata':{'name':'web','annotations':{}},'spec':{'replicas':%d,"
                 "'revisionHistoryLimit':%r,'selector':{'matchLabels':" APP "},'template':%r,"
                 "'strategy':{'type':'RollingUpdate','rollingUpdate':{'maxSurge':%d,"
                 "'maxUnavailable':%d}}}}",
                 replicas, limits[limit], image_template(&g->a, "app:v1"), surge, unavailable),
        &e));
    assert_true(
        sim_create(&g->s, SIM_SERVICE,
                   json_fmt(&g->a, "{'metadata':{'name':'web','labels':{}},'spec':{'selector':" APP
                                   ",'ports':[{'port':80,'targetPort':8080}]}}"),
                   &e));
    sim_tick(&g->s, 2000);
    assert_true(sim_create(&g->s, SIM_ROLLOUT,
                           json_fmt(&g->a,
                                    "{'apiVersion':'sluice.dev/v1beta1','kind':'Rollout',"
                                    "'metadata':{'name':'web'},'spec':%r}",
                                    json_fmt(&g->a, spec, NULL)),
                           &e));
}

/* ---- what people do -------------------------------------------------------------------------- */

static void patch(struct game *g, enum sim_kind kind, const char *name, const char *merge)
{
    struct err e = {0};

    if (g->trace)
        fprintf(stderr, "         ---- %s\n", merge);
    (void)!sim_user_patch(&g->s, kind, name, merge, &e);
}

static void new_image(struct game *g)
{
    static const char *const kinds[] = {"v", "v", "v", "bad", "never"};
    const bool old = pick(g, 4) == 0;
    const int v = old ? 1 + (int)pick(g, (uint32_t)g->version) : ++g->version;
    const char *image =
        arena_printf(&g->a, "app:%s%d", old ? "v" : kinds[pick(g, COUNT(kinds))], v);

    patch(g, SIM_DEPLOYMENT, "web",
          json_fmt(&g->a, "{'spec':{'template':%r}}", image_template(&g->a, image)));
}

static void meddle(struct game *g)
{
    g->calm_at_ms = g->s.now_ms + 6000;
}

static void scale(struct game *g)
{
    const int n = (int)pick(g, 9);

    meddle(g);
    patch(g, SIM_DEPLOYMENT, "web",
          json_fmt(&g->a, "{'spec':{'replicas':%d}}", n == 1 && !g->alone ? 2 : n));
}

static void scale_up(struct game *g)
{
    meddle(g);
    patch(g, SIM_DEPLOYMENT, "web", "{\"spec\":{\"replicas\":3}}");
}

static void resume(struct game *g)
{
    patch(g, SIM_DEPLOYMENT, "web", "{\"spec\":{\"paused\":false}}");
}

static void user_pause(struct game *g)
{
    patch(g, SIM_DEPLOYMENT, "web", "{\"spec\":{\"paused\":true}}");
}

static void drop_dead_man(struct game *g)
{
    patch(g, SIM_DEPLOYMENT, "web",
          json_fmt(&g->a, "{'metadata':{'annotations':{%q:null}},'spec':{'paused':null}}",
                   ANNOTATION_DEAD_MAN));
}

static void apply_service(struct game *g)
{
    patch(g, SIM_SERVICE, "web",
          json_fmt(&g->a,
                   "{'metadata':{'labels':{%q:null}},'spec':{'selector':{'app':'web',%q:null}"
                   "}}",
                   LABEL_PIN, LABEL_REVISION));
}

static void delete_rs(struct game *g)
{
    int n = (int)pick(g, 4);

    meddle(g);
    for (struct sim_object *o = g->s.objects; o; o = o->next) {
        if (o->kind == SIM_REPLICASET && n-- == 0) {
            if (g->trace)
                fprintf(stderr, "         ---- delete %s\n", json_str(o->doc, "metadata.name"));
            sim_delete(&g->s, SIM_REPLICASET, json_str(o->doc, "metadata.name"));
            return;
        }
    }
}

static void delete_fence(struct game *g)
{
    if (g->trace)
        fprintf(stderr, "         ---- delete fence\n");
    sim_delete(&g->s, SIM_FENCE, "web-sluice");
}

static void delete_service(struct game *g)
{
    struct err e = {0};

    meddle(g);
    if (g->trace)
        fprintf(stderr, "         ---- service again\n");
    sim_delete(&g->s, SIM_SERVICE, "web");
    (void)!sim_create(&g->s, SIM_SERVICE,
                      json_fmt(&g->a,
                               "{'metadata':{'name':'web','labels':{}},'spec':{'selector':" APP
                               ",'ports':[{'port':80,'targetPort':8080}]}}"),
                      &e);
}

static void command(struct game *g)
{
    static const char *const verbs[] = {"Approve", "Skip", "Promote", "Abort", "Retry", "Undo"};
    const struct sim_object *o = sim_find(&g->s, SIM_ROLLOUT, "web");
    const char *revision = json_str(o->doc, "status.flight.revision");

    if (!revision)
        revision = json_str(o->doc, "status.stable.revision");
    if (!revision)
        return;
    patch(g, SIM_ROLLOUT, "web",
          json_fmt(&g->a, "{'spec':{'action':{'id':'c%l','verb':%q,'revision':%q,'step':%l}}}",
                   g->s.last_rv, verbs[pick(g, COUNT(verbs))], revision,
                   json_i64(o->doc, "status.flight.step", 0)));
}

static void pause_rollout(struct game *g)
{
    patch(g, SIM_ROLLOUT, "web",
          pick(g, 2) ? "{\"spec\":{\"paused\":true}}" : "{\"spec\":{\"paused\":null}}");
}

static void (*const acts[])(struct game *g) = {
    new_image,    new_image,      new_image,  scale,         scale,
    resume,       drop_dead_man,  user_pause, apply_service, delete_rs,
    delete_fence, delete_service, command,    command,       pause_rollout,
};

/* ---- what must hold -------------------------------------------------------------------------- */

static const char *image_of(struct game *g, enum sim_kind kind, const char *name)
{
    const struct sim_object *o = sim_find(&g->s, kind, name);
    const cJSON *c = o ? json_at(o->doc, "spec.template.spec.containers") : NULL;

    return c && c->child ? json_str(c->child, "image") : "";
}

static void lost(struct game *g, const char *what, const struct plan *plan)
{
    fail_msg("seed %llu: %s (rule %s: %s %s)", (unsigned long long)g->seed, what, plan->rule,
             plan->status->display.status, plan->status->display.message);
}

/* I11, I1: with the pins, what users reach never shrinks because of us. */
static void check_served(struct game *g, const struct plan *plan, size_t strategy)
{
    const struct sim_object *d = sim_find(&g->s, SIM_DEPLOYMENT, "web");
    const int64_t n = json_i64(d->doc, "spec.replicas", 0);

    if (strategy == 2 || g->s.now_ms < g->calm_at_ms || n == 0)
        return;
    if (sim_endpoints(&g->s, "web", NULL) < n)
        lost(g, "fewer ready endpoints than replicas", plan);
}

/* I2: blue-green never lets a version that its gate calls bad be reached through the Service. */
static void check_judged(struct game *g, const struct plan *plan, size_t strategy)
{
    if (strategy != 0 || g->plain)
        return;
    for (struct sim_object *o = g->s.objects; o; o = o->next) {
        const char *revision;

        if (o->kind != SIM_REPLICASET)
            continue;
        revision =
            json_str(json_key(json_at(o->doc, "spec.selector.matchLabels"), LABEL_REVISION), "");
        if (strstr(image_of(g, SIM_REPLICASET, json_str(o->doc, "metadata.name")), "bad") &&
            sim_endpoints(&g->s, "web", revision) > 0 && !plan->status->flight.forced &&
            !str_equal(plan->status->stable.revision, revision))
            lost(g, "a bad version is served", plan);
    }
}

static void show(struct game *g, const struct plan *plan)
{
    const struct sim_object *v = sim_find(&g->s, SIM_SERVICE, "web");

    if (!g->trace)
        return;
    fprintf(stderr,
            "%8lld %-16s %-14s %-11s step %d ep %d pin %s:", (long long)(g->s.now_ms % 10000000),
            plan->rule, act_name(plan->action.act), plan->status->display.status,
            plan->status->flight.step, sim_endpoints(&g->s, "web", NULL),
            v ? json_str(json_key(json_at(v->doc, "spec.selector"), LABEL_REVISION), "") : "-");
    for (struct sim_object *o = g->s.objects; o; o = o->next) {
        if (o->kind == SIM_REPLICASET)
            fprintf(stderr, " %s%s=%s %d/%d", json_str(o->doc, "metadata.name") + 4,
                    json_key(json_at(o->doc, "metadata.labels"), LABEL_OF) ? "!" : "",
                    image_of(g, SIM_REPLICASET, json_str(o->doc, "metadata.name")) + 4,
                    (int)json_i64(o->doc, "spec.replicas", 0),
                    (int)json_i64(o->doc, "status.availableReplicas", 0));
    }
    fprintf(stderr, " | %s\n", plan->status->display.message);
}

static const struct plan *turn(struct game *g, size_t strategy)
{
    const struct plan *plan;

    arena_release(&g->a);
    plan = sim_reconcile(&g->s, &g->a, "web", 1);
    if (plan->action.act != ACT_NONE)
        show(g, plan);
    sim_tick(&g->s, 50);
    check_served(g, plan, strategy);
    check_judged(g, plan, strategy);
    return plan;
}

static bool ended(const struct plan *plan)
{
    return plan->action.act == ACT_NONE && (str_equal(plan->status->display.status, "Resting") ||
                                            str_equal(plan->status->display.status, "Aborted"));
}

static void settle(struct game *g, size_t strategy)
{
    const struct plan *plan = NULL;
    const int64_t end = g->s.now_ms + 180000;
    const char *revision;
    int64_t n;

    patch(g, SIM_ROLLOUT, "web", "{\"spec\":{\"paused\":null,\"action\":null}}");
    if (json_i64(sim_find(&g->s, SIM_DEPLOYMENT, "web")->doc, "spec.replicas", 0) == 0)
        scale_up(g); /* nothing is judged at 0 */
    if (!json_key(json_at(sim_find(&g->s, SIM_DEPLOYMENT, "web")->doc, "metadata.annotations"),
                  ANNOTATION_DEAD_MAN))
        resume(g); /* lifts a person's own pause */
    do {
        plan = turn(g, strategy);
        if (str_equal(plan->status->display.status, "Pending") && plan->action.act == ACT_NONE)
            resume(g);
    } while (!ended(plan) && g->s.now_ms < end);
    if (!ended(plan))
        lost(g, "it never settles", plan);
    for (int i = 0; i < 60; i++)
        turn(g, strategy); /* pods that still come up are reported */
    for (int i = 0; i < 60; i++) {
        plan = turn(g, strategy);
        if (plan->action.act != ACT_NONE)
            lost(g, "it writes though settled", plan);
    }
    revision = plan->status->stable.revision;
    n = json_i64(sim_find(&g->s, SIM_DEPLOYMENT, "web")->doc, "spec.replicas", 0);
    if (sim_endpoints(&g->s, "web", NULL) != n || sim_endpoints(&g->s, "web", revision) != n)
        lost(g, "not all endpoints are stable's", plan);
}

static void play(size_t strategy, uint64_t seed)
{
    struct game *g = calloc(1, sizeof *g);
    int turns;

    open_game(g, seed % 3 == 0 ? plain[strategy] : strategies[strategy], seed);
    g->plain = seed % 3 == 0;
    for (int i = 0; i < 60; i++)
        turn(g, strategy);
    g->calm_at_ms = 0;
    turns = 100 + (int)pick(g, 500);
    new_image(g);
    for (int i = 0; i < turns; i++) {
        if (pick(g, 40) == 0)
            acts[pick(g, COUNT(acts))](g);
        turn(g, strategy);
    }
    settle(g, strategy);
    sim_release(&g->s);
    arena_release(&g->a);
    free(g);
}

static uint64_t number(const char *name, uint64_t dflt)
{
    const char *text = getenv(name);

    return text ? strtoull(text, NULL, 10) : dflt;
}

static void seeds(size_t strategy)
{
    const uint64_t one = number("SIM_SEED", 0);

    for (uint64_t i = 1; !one && i <= number("SIM_SEEDS", 40); i++)
        play(strategy, i);
    if (one)
        play(strategy, one);
}

static void blue_green(void **state)
{
    (void)state;
    seeds(0);
}

static void canary(void **state)
{
    (void)state;
    seeds(1);
}

static void rolling(void **state)
{
    (void)state;
    seeds(2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blue_green),
        cmocka_unit_test(canary),
        cmocka_unit_test(rolling),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

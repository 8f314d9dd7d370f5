/* SPDX-License-Identifier: Apache-2.0 */
/* lint_world.c - a Rollout and the objects it names: V30 to V37, V42 and V43 of api.md 2.7, as far
 * as a look at them tells. From files, an object that is not there is not judged. */
#include "lint.h"
#include "words.h"

#include "sluice/plan/compile.h"
#include "sluice/route/route.h"
#include <string.h>

struct look {
    struct lint *l;
    struct arena *a;
    const struct manifest *doc;
    const struct world *w;
    const struct rollout_spec *spec;
    const struct deployment *d; /* NULL: not known */
    bool outside;
};

static void say(const struct look *k, const char *rule, bool warning, const char *path,
                const char *value, const char *message)
{
    lint_add(
        k->l, k->doc,
        &(struct finding){
            .rule = rule, .path = path, .value = value, .message = message, .warning = warning});
}

#define ERROR(k, rule, path, value, ...)                                                           \
    say(k, rule, false, path, value, arena_printf((k)->a, __VA_ARGS__))
#define WARN(k, rule, path, value, ...)                                                            \
    say(k, rule, true, path, value, arena_printf((k)->a, __VA_ARGS__))

/* --- the Deployment --------------------------------------------------------------------------- */

static void target(const struct look *k)
{
    const char *path = "spec.targetRef.name", *name = k->spec->target;

    if (!k->d) {
        if (!k->w->offline)
            ERROR(k, "V30", path, name, "Deployment %s does not exist: correct the name", name);
        return;
    }
    if (k->w->rival)
        ERROR(k, "V30", path, name, "Rollout %s has this Deployment already: delete one of the two",
              k->w->rival);
    if (!k->d->rolling_update)
        ERROR(k, "V30", path, name,
              "Deployment %s has strategy Recreate, which forbids two versions at once: use "
              "RollingUpdate",
              name);
    if (k->d->selector.complex)
        ERROR(k, "V31", path, name, "Deployment %s selects by matchExpressions: use matchLabels",
              name);
}

static void room(const struct look *k)
{
    const char *path =
        k->spec->strategy == STRATEGY_CANARY ? "spec.strategy.canary" : "spec.strategy.blueGreen";
    const char *why = NULL;

    if (!k->d || !k->outside)
        return;
    if (k->d->host_port)
        why = arena_printf(k->a, "hostPort %s", k->d->host_port);
    else if (k->d->anti_affinity_self)
        why = "a required pod anti-affinity against itself";
    if (why)
        ERROR(k, "V34", path, NULL,
              "two revisions cannot run side by side: the template uses %s; use rolling", why);
    if (k->d->first_claim)
        WARN(k, "V34", path, NULL,
             "the template mounts claim %s: when it is ReadWriteOnce two revisions cannot run side "
             "by side on two nodes; use rolling, or ReadWriteMany",
             k->d->first_claim);
}

static void rolling_room(const struct look *k)
{
    if (!k->d || k->outside || k->d->replicas != 1 || surge_of(k->d).surge > 0)
        return;
    if (k->spec->step_count || k->spec->gate_count)
        ERROR(k, "V43", "spec.strategy.rolling", NULL,
              "1 replica and maxSurge 0 have no room to judge a new pod: set maxSurge: 1, or use "
              "canary");
}

static bool said_already(const struct lint *l, const struct finding *f, size_t file, int line)
{
    for (size_t i = 0; i < l->count; i++)
        if (l->found[i].file == file && l->found[i].line == line &&
            str_equal(l->found[i].f.rule, f->rule))
            return true;
    return false;
}

/* Only the template's own words are known here: whether the app ends gracefully is its affair. */
static void termination(const struct look *k)
{
    const struct manifest *d = manifests_find(k->l->m, "Deployment", k->spec->target, k->doc);
    const struct finding f = {
        .rule = "V36",
        .path = "spec.template.spec",
        .message = "no container has a preStop hook: an app that exits at once when told to stop "
                   "loses the requests on their way to it; let it finish them, or add "
                   "lifecycle.preStop.sleep.seconds: 5",
        .warning = true,
    };

    if (k->d && !k->d->has_pre_stop && d &&
        !said_already(k->l, &f, d->file, manifest_line(d, f.path)))
        lint_add(k->l, d, &f);
}

/* --- Services --------------------------------------------------------------------------------- */

static void service(const struct look *k, const char *path, const char *name)
{
    const struct service *s = name ? world_service(k->w, name) : NULL;

    if (!name)
        return;
    if (!s && !k->w->offline)
        ERROR(k, "V31", path, name, "Service %s does not exist: create it or correct the name",
              name);
    if (s && k->d && !service_selects(s, k->d))
        ERROR(k, "V31", path, name,
              "Service %s does not select the pods of Deployment %s: correct its selector", name,
              k->spec->target);
}

/* A selector that holds all pairs of the Deployment's own reaches no pods of others. */
static bool only_ours(const struct deployment *d, const struct service *s)
{
    for (size_t i = 0; i < d->selector.count; i++)
        if (!str_equal(selector_get(&s->selector, d->selector.pairs[i].key),
                       d->selector.pairs[i].value))
            return false;
    return true;
}

static void selecting_services(const struct look *k)
{
    int count = 0;

    if (!k->d || !k->outside)
        return;
    for (size_t i = 0; i < k->w->service_count; i++) {
        const struct service *s = k->w->services[i];
        if (!service_selects(s, k->d))
            continue;
        count++;
        if (!only_ours(k->d, s))
            ERROR(k, "V31", "spec.targetRef.name", k->spec->target,
                  "Service %s may select pods of others too and cannot be pinned: give it all "
                  "labels of the Deployment's selector",
                  s->meta.name);
    }
    if (count > PINS_MAX)
        ERROR(k, "V42", "spec.targetRef.name", k->spec->target,
              "%d Services select the pods, at most %d can be pinned: remove some", count,
              PINS_MAX);
}

static void services(const struct look *k)
{
    if (k->spec->strategy == STRATEGY_BLUE_GREEN)
        service(k, "spec.strategy.blueGreen.activeService", k->spec->active_service);
    if (k->spec->strategy == STRATEGY_CANARY)
        service(k, "spec.strategy.canary.stableService", k->spec->stable_service);
    selecting_services(k);
}

/* --- routes ----------------------------------------------------------------------------------- */

static void route(const struct look *k, size_t i)
{
    const struct traffic_spec *t = &k->spec->traffic[i];
    const char *path = arena_printf(k->a, "spec.strategy.canary.traffic[%zu].%s", i, t->router);
    const struct router *router = router_find(t->router);
    const struct route *r = world_route(k->w, t->name);
    struct route_view v = {.third_rule = -1};

    if (!r || !router) {
        if (!r && !k->w->offline)
            ERROR(k, "V32", path, t->name, "%s %s does not exist: create it or correct the name",
                  t->kind, t->name);
        return;
    }
    router->view(k->a, r, t, k->spec->stable_service, k->spec->canary_service, &v);
    if (!v.found)
        ERROR(
            k, "V32", path, t->name,
            "%s %s has no rule that sends to Service %s: name it in backendRefs, or correct rules",
            t->kind, t->name, k->spec->stable_service);
    else if (v.third_rule >= 0)
        ERROR(k, "V32", path, t->name,
              "rules[%d] of %s %s has a third backend with a weight, whose share would move: name "
              "other rules",
              v.third_rule, t->kind, t->name);
}

/* --- what the numbers come to ----------------------------------------------------------------- */

static void shares(const struct look *k)
{
    const struct deployment *d = k->d;
    struct compiled c;

    compile_steps(k->spec, &c);
    if (k->spec->strategy != STRATEGY_CANARY || c.by != TRAFFIC_PODS)
        return;
    for (size_t i = 0; i < k->spec->step_count; i++) {
        const char *weight = k->spec->steps[i].weight;
        const char *path = arena_printf(k->a, "spec.strategy.canary.steps[%zu].weight", i);
        const int asked = weight ? percent_of(weight) : 0;
        if (d && d->replicas == 1 && asked > 0 && asked < 50)
            WARN(k, "V37", path, weight,
                 "1 replica: a %d %% step without traffic gives 50 %%; add traffic or replicas",
                 asked);
    }
}

void lint_world(struct lint *l, const struct manifest *rollout, const struct world *w)
{
    const struct look k = {
        .l = l,
        .a = &l->m->a,
        .doc = rollout,
        .w = w,
        .spec = &w->rollout->spec,
        .d = w->dep,
        .outside = w->rollout->spec.strategy != STRATEGY_ROLLING,
    };

    target(&k);
    room(&k);
    rolling_room(&k);
    termination(&k);
    services(&k);
    for (size_t i = 0; i < k.spec->traffic_count; i++)
        route(&k, i);
    shares(&k);
}

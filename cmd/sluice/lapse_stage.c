/* SPDX-License-Identifier: Apache-2.0 */
#include "lapse_stage.h"

#include "lint.h"

#include "sluice/base/clock.h"
#include "sluice/json/jfmt.h"
#include "sluice/model/validate.h"

#include <string.h>

#define LIST_MAX 32

struct making {
    struct lapse *l;
    struct manifests *m;
    const struct manifest *rollout;
    const char *services[LIST_MAX], *routes[LIST_MAX];
    struct stage_spec spec;
};

static const char *raw(struct making *k, const struct manifest *d)
{
    return arena_strndup(&k->l->a, d->raw, d->raw_len);
}

static void made_up(struct making *k, const char *kind, const char *name)
{
    k->l->made_up =
        arena_printf(&k->l->a, "%s%s%s %s", k->l->made_up, *k->l->made_up ? ", " : "", kind, name);
}

const char *lapse_service(const struct lapse *l)
{
    const struct rollout_spec *spec = &l->w->rollout->spec;

    return spec->strategy == STRATEGY_BLUE_GREEN ? spec->active_service
           : spec->strategy == STRATEGY_CANARY   ? spec->stable_service
                                                 : NULL;
}

const char *lapse_route(const struct lapse *l)
{
    const struct rollout_spec *spec = &l->w->rollout->spec;

    return spec->traffic_count ? spec->traffic[0].name : NULL;
}

/* ---- Services and routes --------------------------------------------------------------------- */

static const char *selector_json(struct making *k)
{
    const struct selector *s = &k->l->w->dep->selector;
    const char *text = "";

    for (size_t i = 0; i < s->count; i++)
        text =
            json_fmt(&k->l->a, "%r%r%q:%q", text, i ? "," : "", s->pairs[i].key, s->pairs[i].value);
    return arena_printf(&k->l->a, "{%s}", text);
}

static void add_service(struct making *k, const char *text)
{
    if (k->spec.service_count < LIST_MAX)
        k->services[k->spec.service_count++] = text;
}

static void add_services(struct making *k)
{
    const char *name = lapse_service(k->l);

    for (size_t i = 0; i < k->m->doc_count; i++) {
        const struct manifest *d = &k->m->docs[i];

        if (str_equal(d->kind, "Service") && *d->name &&
            manifests_find(k->m, "Service", d->name, k->rollout) == d)
            add_service(k, raw(k, d));
    }
    if (!name || manifests_find(k->m, "Service", name, k->rollout))
        return;
    made_up(k, "Service", name);
    add_service(k, json_fmt(&k->l->a,
                            "{'apiVersion':'v1','kind':'Service','metadata':{'name':%q},'spec':{"
                            "'selector':%r,'ports':[{'port':80}]}}",
                            name, selector_json(k)));
}

static void add_route(struct making *k, const struct traffic_spec *t)
{
    const struct manifest *d = manifests_find(k->m, t->kind, t->name, k->rollout);
    const char *text = d ? raw(k, d) : NULL;

    if (!d) {
        made_up(k, t->kind, t->name);
        text = json_fmt(&k->l->a,
                        "{'kind':%q,'metadata':{'name':%q},'spec':{'parentRefs':[{'name':"
                        "'gateway'}],'rules':[{'backendRefs':[{'name':%q,'port':80}]}]}}",
                        t->kind, t->name, lapse_service(k->l));
    }
    if (k->spec.route_count < LIST_MAX)
        k->routes[k->spec.route_count++] = text;
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* The first of what lint_objects finds. */
static bool check_objects(struct making *k, struct err *e)
{
    struct lint l;
    bool ok;

    lint_init(&l, k->m);
    lint_objects(&l);
    ok = l.errors == 0;
    if (!ok)
        err_set(e, ERR_INVALID, "%s:%d: %s: %s: see sluice lint", k->m->files[l.found->file].name,
                l.found->line, l.found->f.path, l.found->f.message);
    lint_release(&l);
    return ok;
}

static bool check(struct making *k, struct err *e)
{
    const struct finding *findings = NULL;
    const size_t count = validate_manifest(&k->l->a, k->rollout->json, &findings);
    const struct world *w = k->l->w;

    for (size_t i = 0; i < count; i++) {
        if (!findings[i].warning)
            return err_set(e, ERR_INVALID, "%s: %s: see sluice lint", findings[i].path,
                           findings[i].message);
    }
    if (!check_objects(k, e))
        return false;
    if (!w->dep)
        return err_set(e, ERR_INVALID,
                       "Deployment %s is not in the files: add its manifest with -f",
                       w->rollout->spec.target);
    if (w->dep->replicas > LAPSE_REPLICAS_MAX)
        return err_set(e, ERR_INVALID, "%d replicas are too many to simulate: at most %d",
                       (int)w->dep->replicas, LAPSE_REPLICAS_MAX);
    if (surge_of(w->dep).surge > LAPSE_REPLICAS_MAX)
        return err_set(e, ERR_INVALID, "a maxSurge of %d is too many to simulate: at most %d",
                       (int)surge_of(w->dep).surge, LAPSE_REPLICAS_MAX);
    return true;
}

/* Pods that start in five seconds, a router and endpoints that follow within one. */
static const struct sim_options circumstances = {.pod_start_ms = 5000,
                                                 .pod_stop_ms = 1000,
                                                 .slice_lag_ms = 250,
                                                 .route_lag_ms = 500,
                                                 .proxy_lag_ms = 250};

bool lapse_open(struct lapse *l, struct stage *st, struct manifests *m,
                const struct manifest *rollout, struct err *e)
{
    struct making k = {.l = l, .m = m, .rollout = rollout, .spec = {.sim = circumstances}};

    l->w = manifests_world(m, rollout);
    l->made_up = "";
    if (!check(&k, e))
        return false;
    k.spec.deployment =
        raw(&k, manifests_find(m, "Deployment", l->w->rollout->spec.target, rollout));
    k.spec.rollout = raw(&k, rollout);
    k.spec.services = k.services;
    k.spec.routes = k.routes;
    add_services(&k);
    for (size_t i = 0; i < l->w->rollout->spec.traffic_count; i++)
        add_route(&k, &l->w->rollout->spec.traffic[i]);
    return stage_open(st, &k.spec, e);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* traffic.c - weights on the users' routes: decided in status, written, accepted, settled.
 *
 * Accepted is not yet traffic (dataplanes.md 3): a weight counts as real its settle time after the
 * router accepted this generation of the route. */
#include "planner.h"

#include <string.h>

#define RESETS_MAX 5

/* ---- which routes ---------------------------------------------------------------------------- */

/* The fence was lost while weights of ours may stand in the routes: those are no resting values,
 * and what these were is not known any more. */
static bool weights_are_ours(const struct planner *p)
{
    const char *name = side_service(p);
    const struct service *side = name ? world_service(p->w, name) : NULL;
    const struct flight *fl = &p->st.flight;

    return fl->weight_desired > 0 || fl->committed_ms || (side && side->pin);
}

void routes_of_spec(struct planner *p, struct record *rec)
{
    const struct rollout_spec *spec = p->spec;
    const size_t count = p->c.by == TRAFFIC_ROUTE ? spec->traffic_count : 0;
    struct flown_route *routes = ARENA_ARRAY(p->a, struct flown_route, count + 1);
    const bool known = !weights_are_ours(p);

    for (size_t i = 0; i < count; i++) {
        const struct traffic_spec *t = &spec->traffic[i];
        const struct route *r = world_route(p->w, t->name);
        const struct router *router = router_find(t->router);

        routes[i] = (struct flown_route){
            .traffic = *t, .stable = spec->stable_service, .canary = side_service(p)};
        if (r && router && known)
            routes[i].rest = router->resting(p->a, r, t, spec->stable_service, side_service(p));
    }
    rec->routes = routes;
    rec->route_count = count;
}

static bool same_route(const struct flown_route *a, const struct flown_route *b)
{
    if (!str_equal(a->traffic.router, b->traffic.router) ||
        !str_equal(a->traffic.name, b->traffic.name) || !str_equal(a->stable, b->stable) ||
        !str_equal(a->canary, b->canary) || a->traffic.rule_count != b->traffic.rule_count)
        return false;
    for (size_t i = 0; i < a->traffic.rule_count; i++) {
        if (!str_equal(a->traffic.rules[i], b->traffic.rules[i]))
            return false;
    }
    return true;
}

bool routes_differ(const struct record *a, const struct record *b)
{
    if (a->route_count != b->route_count)
        return true;
    for (size_t i = 0; i < a->route_count; i++) {
        if (!same_route(&a->routes[i], &b->routes[i]))
            return true;
    }
    return false;
}

/* ---- what is wanted of them ------------------------------------------------------------------ */

/* Resting values come back when only stable is left, or all pins are on what was promoted. */
static bool resting(const struct planner *p)
{
    return p->committed || (!p->forward && !extras_have_pods(p));
}

static int wanted(const struct planner *p)
{
    return p->forward ? p->st.flight.weight_desired : 0;
}

static struct route_state *state_of(struct planner *p, const struct traffic_spec *t)
{
    const char *name = arena_printf(p->a, "%s/%s", t->router, t->name);
    struct route_state *s;

    for (int i = 0; i < p->st.route_count; i++) {
        if (str_equal(p->st.routes[i].route, name))
            return &p->st.routes[i];
    }
    if (p->st.route_count >= ROUTES_MAX)
        return NULL;
    s = &p->st.routes[p->st.route_count++];
    *s = (struct route_state){.route = name};
    return s;
}

/* ---- one route ------------------------------------------------------------------------------- */

struct look {
    const struct traffic_spec *t;
    const struct router *router;
    const struct route *r;
    struct route_view view;
    struct route_state *st;
    const char *patch; /* what has to be written, NULL: it is as it should be */
};

static bool look_at(struct planner *p, size_t i, struct look *l)
{
    const struct flown_route *flown = &p->rec.routes[i];
    const char *stable = flown->stable, *side = flown->canary;

    *l = (struct look){.t = &flown->traffic};
    l->router = router_find(l->t->router);
    l->r = world_route(p->w, l->t->name);
    if (!l->router || !l->r)
        return false;
    l->st = state_of(p, l->t);
    l->router->view(p->a, l->r, l->t, stable, side, &l->view);
    if (resting(p)) {
        l->patch = l->router->restore(p->a, l->r, l->t, stable, side, flown->rest);
    } else if (l->view.found && l->view.weight != wanted(p) &&
               (l->view.canary_present || wanted(p) != 0)) {
        l->patch = l->router->render(p->a, l->r, l->t, stable, side, wanted(p));
    }
    return l->st != NULL;
}

/* Somebody put back what we had written: again, but not for ever while going forward. */
static bool reset_by_others(struct planner *p, struct look *l)
{
    const int want = wanted(p);

    if (want != 0 && l->st->written == want) {
        l->st->written = 0;
        l->st->accepted = 0;
        l->st->settled_ms = 0;
        l->st->resets++;
        decide(p);
    }
    if (l->st->resets < RESETS_MAX || !p->forward)
        return false;
    p->contended = l->r->rules_manager ? l->r->rules_manager : "somebody";
    say(p, "Stalled", REASON_MANAGED_ELSEWHERE, true,
        "%s resets the weights of %s/%s (%d times); Sluice holds.", p->contended, l->t->kind,
        l->t->name, l->st->resets);
    return true;
}

/* On the way back a leftover of others must not hold up an abort (dataplanes.md 3.6). */
static bool accepted(const struct planner *p, const struct look *l)
{
    return p->forward ? l->view.accepted : l->view.seen;
}

/* There is nothing to write and the weight is not there: its owner does not send to us any more. It
 * is as a route that is gone. */
static bool astray(const struct planner *p, const struct look *l)
{
    return wanted(p) != 0 && l->view.weight != wanted(p);
}

static void note_acceptance(struct planner *p, struct look *l)
{
    const int want = wanted(p);

    if (astray(p, l))
        return;
    l->st->written = want;
    if (l->view.refused && !accepted(p, l)) {
        say(p, "Stalled", REASON_ROUTE_NOT_ACCEPTED, true, "%s/%s is not accepted: %s.", l->t->kind,
            l->t->name, l->view.refused);
        return;
    }
    if (!accepted(p, l) || (l->st->accepted == want && l->st->settled_ms))
        return;
    l->st->accepted = want;
    l->st->settled_ms = p->now;
    decide(p);
    if (p->forward && want > 0)
        event(p, false, REASON_WEIGHT_ACCEPTED, "%s/%s accepted weight %d %%.", l->t->kind,
              l->t->name, want);
}

/* The weight was decided, and since then the candidate has got too small for it: the Deployment was
 * scaled up, or somebody deleted its ReplicaSet. It waits until it has grown. */
static bool outgrown(struct planner *p, const struct look *l)
{
    return p->forward && !p->committed && l->view.weight < wanted(p) &&
           l->st->written != wanted(p) && !endpoints_ready(p, want_new(p));
}

/* It was given weight in the midst of the drain, by hand or by a write that came late: requests
 * went there since, so the drain begins anew. */
static bool weighed_anew(struct planner *p, const struct look *l)
{
    if (resting(p) || !drain_anew(p))
        return false;
    l->st->settled_ms = 0;
    return true;
}

enum flow rule_route(struct planner *p)
{
    for (size_t i = 0; p->f && i < p->rec.route_count; i++) {
        struct look l;

        if (!look_at(p, i, &l))
            continue;
        if (!l.patch) {
            note_acceptance(p, &l);
            continue;
        }
        if (outgrown(p, &l))
            continue;
        if (reset_by_others(p, &l))
            return STOP;
        if (weighed_anew(p, &l))
            return AGAIN;
        return act_route(p, l.r, l.patch, resting(p));
    }
    return NEXT;
}

/* ---- what others rest on --------------------------------------------------------------------- */

static int64_t settle_of(const struct look *l)
{
    const int64_t asked = l->t->settle_ms < 0 ? l->router->settle_ms : l->t->settle_ms;

    return max_i64(asked, l->router->settle_floor_ms);
}

static bool settled(struct planner *p, struct look *l)
{
    int64_t until;

    if (l->patch || astray(p, l) || !accepted(p, l) || l->st->accepted != wanted(p) ||
        !l->st->settled_ms)
        return false;
    until = l->st->settled_ms + settle_of(l);
    if (p->now >= until)
        return true;
    awaits(p, "Settle", l->t->name, l->st->settled_ms, until, "", "",
           "%s/%s to settle after its acceptance", l->t->kind, l->t->name);
    return false;
}

bool weight_settled(struct planner *p)
{
    for (size_t i = 0; i < p->rec.route_count; i++) {
        struct look l;

        if (look_at(p, i, &l) ? !settled(p, &l) : wanted(p) != 0)
            return false;
    }
    return true;
}

bool routes_at_rest(struct planner *p)
{
    return p->rec.route_count == 0 || (resting(p) && weight_settled(p));
}

/* After the switch it is the candidate that all are pinned to. */
bool traffic_off(struct planner *p)
{
    if (p->forward && p->candidate && pins_proved(p, p->candidate->revision))
        return weight_settled(p);
    return pins_proved(p, p->stable->revision) && weight_settled(p);
}

/* ---- what is told ---------------------------------------------------------------------------- */

static const struct flown_route *flown_as(struct planner *p, const char *name)
{
    for (size_t i = 0; i < p->rec.route_count; i++) {
        const struct traffic_spec *t = &p->rec.routes[i].traffic;

        if (str_equal(name, arena_printf(p->a, "%s/%s", t->router, t->name)))
            return &p->rec.routes[i];
    }
    return NULL;
}

/* No more than the router says now, also where nobody came to note it: a rule above may have been
 * waiting. A side without pods is sent nothing, whatever its weight was. */
static int still_accepted(struct planner *p, const struct route_state *st)
{
    const struct flown_route *flown = flown_as(p, st->route);
    const struct route *r = flown ? world_route(p->w, flown->traffic.name) : NULL;
    const struct router *router = flown ? router_find(flown->traffic.router) : NULL;
    struct route_view view;

    if (resting(p))
        return 0;
    if (!r || !router)
        return st->accepted;
    router->view(p->a, r, &flown->traffic, flown->stable, flown->canary, &view);
    return view.seen && view.weight >= 0 ? (int)min_i64(st->accepted, view.weight) : st->accepted;
}

void weight_told(struct planner *p)
{
    struct flight *fl = &p->st.flight;

    fl->weight_written = fl->weight_accepted = 0;
    for (int i = 0; i < p->st.route_count; i++) {
        fl->weight_written = p->st.routes[i].written;
        fl->weight_accepted = still_accepted(p, &p->st.routes[i]);
    }
}

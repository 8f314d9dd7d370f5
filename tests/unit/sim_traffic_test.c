/* SPDX-License-Identifier: Apache-2.0 */
/* Routes of others: several of them, with rules of their own, reset by somebody again and again,
 * edited or deleted in the middle. */
#include "sim_scene.h"

#define TWO_ROUTES                                                                                 \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'stableService':'web','traffic':[{"         \
    "'gatewayAPI':{'name':'web','rules':['main']},'settle':'0s'},{'gatewayAPI':{'name':'api'},"    \
    "'settle':'1s'}],'steps':[{'weight':50,'approve':true}]}},'drain':'1s'}"

/* ---- routes ---------------------------------------------------------------------------------- */

static int weight_of(const struct stage *st, const char *route, const char *name)
{
    struct sim_backend b[8];
    const size_t n = sim_backends(&st->s, route, true, b, COUNT(b));

    for (size_t i = 0; i < n; i++) {
        if (str_equal(b[i].service, name))
            return (int)(100 * b[i].weight / b[i].sum);
    }
    return -1;
}

/* Each gets the weight, in the rules that are named; at the end each is as it was. */
static void two_routes_move_together(void **state UNUSED)
{
    const struct bed_options o = {
        .spec = TWO_ROUTES,
        .rules = "[{'name':'main','backendRefs':[{'name':'web','port':80}]},{'name':'admin',"
                 "'backendRefs':[{'name':'web','port':80}]}]"};
    struct stage st;
    struct sim_backend b[8];
    struct err e = {0};

    bed_open(&st, &o);
    bed_until(&st, "Stalled", 30000);
    assert_true(sim_create(&st.s, SIM_ROUTE,
                           "{\"metadata\":{\"name\":\"api\"},\"spec\":{\"parentRefs\":[{\"name\":"
                           "\"edge\"}],\"rules\":[{\"backendRefs\":[{\"name\":\"web\",\"port\":80}"
                           "]}]}}",
                           &e));
    sim_judge_resting(&st.judge);
    bed_until(&st, "Resting", 30000);
    bed_image(&st, "app:v2");
    bed_until(&st, "Approval", 30000);
    assert_int_equal(weight_of(&st, "web", "web-canary"), 50);
    assert_int_equal(weight_of(&st, "api", "web-canary"), 50);
    assert_int_equal(sim_backends(&st.s, "web", true, b, COUNT(b)), 3); /* "admin" has one still */
    bed_do(&st, "approve");
    bed_rest(&st, "app:v2", 4);
    assert_int_equal(weight_of(&st, "web", "web"), 100);
    assert_int_equal(weight_of(&st, "api", "web"), 100);
    stage_close(&st);
}

/* The rules are narrowed in flight: all are given back, then it begins anew with those. */
static void rules_edited_in_flight(void **state UNUSED)
{
    static const char *const rules[] = {"main", "admin"};
    const struct bed_options o = {.spec = ROUTED};
    struct stage st;

    bed_open(&st, &o);
    bed_rest(&st, "app:v1", 4);
    bed_image(&st, "app:v2");
    bed_until(&st, "Approval", 30000);
    bed_patch(&st, SIM_ROUTE,
              "{'spec':{'rules':[{'name':'main','backendRefs':[{'name':'web','port':80}]},{'name':"
              "'admin','backendRefs':[{'name':'web','port':80}]}]}}");
    sim_judge_resting(&st.judge);
    for (int i = 0; i < 2; i++) {
        bed_patch(&st, SIM_ROLLOUT,
                  arena_printf(&st.a,
                               "{'spec':{'strategy':{'canary':{'traffic':[{'gatewayAPI':{'name':"
                               "'web','rules':['%s']},'settle':'500ms'}]}}}}",
                               rules[i]));
        bed_turns(&st, 200);
        bed_until(&st, "Approval", 30000);
        assert_string_equal(stage_status(&st)->history[0].outcome, "Superseded");
        assert_int_equal(stage_status(&st)->history_count, i + 1);
        assert_int_equal(weight_of(&st, "web", "web-canary"), 50);
    }
    bed_do(&st, "abort");
    bed_until(&st, "Aborted", 30000);
    assert_int_equal(weight_of(&st, "web", "web"), 100);
    stage_close(&st);
}

/* Somebody who resets the weights each time is told of, and not fought for ever; to go back is
 * always possible. */
static void a_route_that_is_reset_again_and_again(void **state UNUSED)
{
    const struct bed_options o = {.spec = ROUTED};
    struct stage st;
    int writes;

    bed_open(&st, &o);
    bed_rest(&st, "app:v1", 4);
    stage_begin(&st, NULL);
    bed_image(&st, "app:v2");
    bed_until(&st, "Approval", 30000);
    for (int i = 0; i < 8; i++) {
        bed_do(&st, "route reset");
        bed_turns(&st, 40);
    }
    bed_until(&st, "Stalled", 30000);
    assert_string_equal(stage_status(&st)->conditions[COND_CONTENDED].status, "True");
    assert_string_equal(stage_status(&st)->conditions[COND_READY].reason, "ManagedElsewhere");
    writes = st.s.writes[ACT_ROUTE_WEIGHT];
    bed_do(&st, "route reset");
    bed_turns(&st, 100);
    assert_int_equal(st.s.writes[ACT_ROUTE_WEIGHT], writes);
    bed_do(&st, "abort");
    bed_until(&st, "Aborted", 60000);
    assert_string_equal(stage_status(&st)->conditions[COND_CONTENDED].status, "False");
    stage_close(&st);
}

/* ---- one thing is otherwise ------------------------------------------------------------------ */

static void no_route(struct scene *sc)
{
    sc->w.route_count = 0;
}

static struct flown_route *flown(struct scene *sc)
{
    struct flown_route *r = ARENA_NEW(&sc->a, struct flown_route);

    assert_int_equal(sc->f.record.route_count, 1);
    *r = sc->f.record.routes[0];
    sc->f.record.routes = r;
    sc->d.digest = "newer";
    sc->d.observed_generation = ++sc->d.meta.generation;
    return r;
}

static void flew_the_same(struct scene *sc)
{
    flown(sc);
}

static void flew_another_router(struct scene *sc)
{
    flown(sc)->traffic.router = "later";
}

static void flew_another_name(struct scene *sc)
{
    flown(sc)->traffic.name = "other";
}

static void flew_another_stable(struct scene *sc)
{
    flown(sc)->stable = "other";
}

static void flew_another_canary(struct scene *sc)
{
    flown(sc)->canary = "other";
}

static const char *const rule_a[] = {"a"};

/* The rules of the spec are others now, and a newer template came with them. */
static void other_rules_and_template(struct scene *sc)
{
    struct traffic_spec *t = ARENA_NEW(&sc->a, struct traffic_spec);

    *t = sc->r.spec.traffic[0];
    t->rules = rule_a;
    t->rule_count = 1;
    sc->r.spec.traffic = t;
    sc->d.digest = "newer";
    sc->d.observed_generation = ++sc->d.meta.generation;
}

/* ---- one thing is otherwise with the weights ------------------------------------------------- */

#define BY_DEFAULT                                                                                 \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'stableService':'web','traffic':[{"         \
    "'gatewayAPI':{'name':'web'}}],'steps':[{'weight':50,'approve':true}]}},'drain':'1s'}"

static struct backend *own_backends(struct scene *sc)
{
    struct route *r = &sc->routes[0];
    struct backend *b = ARENA_ARRAY(&sc->a, struct backend, r->backend_count + 1);

    memcpy(b, r->backends, r->backend_count * sizeof *b);
    r->backends = b;
    return b;
}

static struct parent *own_parents(struct scene *sc)
{
    struct route *r = &sc->routes[0];
    struct parent *parents = ARENA_ARRAY(&sc->a, struct parent, r->parent_count + 1);

    memcpy(parents, r->parents, r->parent_count * sizeof *parents);
    r->parents = parents;
    return parents;
}

/* Its owner sends to another Service now. */
static void route_of_others(struct scene *sc)
{
    struct backend *b = own_backends(sc);

    for (size_t i = 0; i < sc->routes[0].backend_count; i++)
        b[i].service = "other";
}

static void route_switched_off(struct scene *sc)
{
    struct backend *b = own_backends(sc);

    b[0].weight = 0;
    b[0].weight_set = true;
}

static void settled_since(struct scene *sc, int64_t ms)
{
    sc->r.status.routes[0].settled_ms = sc->st.s.now_ms - ms;
    sc->r.status.flight.settled_ms = 0;
    scene_told(sc);
}

static void settled_for_two_seconds(struct scene *sc)
{
    settled_since(sc, 2 * SECOND_MS);
}

static void settled_for_less(struct scene *sc)
{
    settled_since(sc, 2 * SECOND_MS - 1);
}

static void settled_for_half_a_second(struct scene *sc)
{
    settled_since(sc, 500);
}

static void settled_for_less_than_that(struct scene *sc)
{
    settled_since(sc, 499);
}

/* A record of before says nothing of it: the router's own. */
static void settle_unknown(struct scene *sc, int64_t ms)
{
    struct flown_route *r = ARENA_NEW(&sc->a, struct flown_route);

    *r = sc->f.record.routes[0];
    r->traffic.settle_ms = -1;
    sc->f.record.routes = r;
    settled_since(sc, ms);
}

static void settled_by_the_router(struct scene *sc)
{
    settle_unknown(sc, 2 * SECOND_MS);
}

static void settled_for_less_than_the_router_says(struct scene *sc)
{
    settle_unknown(sc, 2 * SECOND_MS - 1);
}

static void backend_unresolved(struct scene *sc)
{
    own_parents(sc)[0].resolved = false;
}

static void backend_unresolved_before_it_settled(struct scene *sc)
{
    backend_unresolved(sc);
    sc->r.status.flight.settled_ms = 0;
}

static void not_accepted(struct scene *sc)
{
    own_parents(sc)[0].accepted = false;
}

/* Somebody resets the weights, each time. */
static void reset_and_reset(struct scene *sc)
{
    sc->r.status.routes[0].resets = 9;
}

static void reset_for_the_last_time(struct scene *sc)
{
    struct backend *b = own_backends(sc);

    sc->r.status.routes[0].resets = 4;
    b[0].weight = 100;
    sc->routes[0].backend_count = 1;
    sc->routes[0].rules_manager = NULL;
}

static void reset_once(struct scene *sc)
{
    reset_for_the_last_time(sc);
    sc->r.status.routes[0].resets = 0;
}

/* Written by an earlier version: no place is left for the route that counts. */
static void other_routes_in_the_status(struct scene *sc)
{
    struct rollout_status *st = &sc->r.status;

    for (st->route_count = 0; st->route_count < ROUTES_MAX; st->route_count++)
        st->routes[st->route_count] = (struct route_state){
            .route = arena_printf(&sc->a, "gatewayAPI/other-%d", st->route_count),
            .written = 50,
            .accepted = 50,
            .settled_ms = 1};
}

/* Written by others, who left the routes out. */
static void no_routes_in_the_status(struct scene *sc)
{
    sc->r.status.route_count = 0;
    scene_told(sc);
}

/* The new pods' ReplicaSet was deleted, and others than stable's have pods still. */
static void candidate_gone_and_others_have_pods(struct scene *sc)
{
    struct replicaset *rs = scene_elder(sc);

    rs->of = "web";
    rs->controller_uid = rs->first_owner_uid = sc->f.meta.uid;
    rs->replicas = rs->st_replicas = rs->st_ready = rs->st_available = 2;
    scene_forget_rs(sc, scene_candidate(sc));
}

/* Deleted on the way back, with a spec that a newer version wrote; the fence is lost. */
static void leaves_with_a_router_of_later(struct scene *sc)
{
    struct traffic_spec *t = ARENA_NEW(&sc->a, struct traffic_spec);

    *t = sc->r.spec.traffic[0];
    t->router = "later";
    sc->r.spec.traffic = t;
    sc->r.meta.deleting_ms = 1;
    scene_no_fence(sc);
}

static const struct scene_row rows[] = {
    {"no promotion past a route that is gone", ROUTED, APPROVES, ACT_RECORD, no_route, ACT_REPORT,
     NULL, NULL, "Promoting"},
    {"... or does not send to us any more", ROUTED, APPROVES, ACT_RECORD, route_of_others,
     ACT_REPORT, NULL, NULL, "Promoting"},
    {"... or has no place in the status", ROUTED, APPROVES, ACT_RECORD, other_routes_in_the_status,
     ACT_REPORT, NULL, NULL, "Promoting"},
    {"no weight is taken for accepted that nobody has", ROUTED, TO_RELEASE, ACT_ROUTE_WEIGHT,
     route_of_others, ACT_REPORT, NULL, NULL, "Progressing"},
    {"nothing is written before a weight is decided", ROUTED, TO_RELEASE, ACT_RS_CREATE,
     route_switched_off, ACT_RS_CREATE, NULL, NULL, NULL},
    {"a weight is written also where the status lacks the route", ROUTED, TO_RELEASE,
     ACT_ROUTE_WEIGHT, no_routes_in_the_status, ACT_ROUTE_WEIGHT, "web", NULL, NULL},
    {"no way back is held up by a route that sends to others", ROUTED, ABORTS, ACT_RS_SCALE,
     route_of_others, ACT_RS_SCALE, NULL, "'value':0", "Aborting"},
    {"others drain while the new pods' ReplicaSet is gone", ROUTED, IN_STEP, 0,
     candidate_gone_and_others_have_pods, ACT_DECIDE, "web", "'drainedAt'", NULL},
    {"a step that was passed stays so", ROUTED, IN_STEP, 0, no_route, ACT_NONE, NULL, NULL,
     "AwaitingApproval"},
    /* --- settled --- */
    {"a weight settles for two seconds", BY_DEFAULT, IN_STEP, 0, settled_for_two_seconds,
     ACT_DECIDE, "web", "'settledAt'", "AwaitingApproval"},
    {"... no less", BY_DEFAULT, IN_STEP, 0, settled_for_less, ACT_REPORT, NULL, NULL,
     "Progressing"},
    {"... or for as long as is asked for", ROUTED, IN_STEP, 0, settled_for_half_a_second,
     ACT_DECIDE, "web", "'settledAt'", "AwaitingApproval"},
    {"... no less than that", ROUTED, IN_STEP, 0, settled_for_less_than_that, ACT_REPORT, NULL,
     NULL, "Progressing"},
    {"... as the router says where nothing is known", ROUTED, IN_STEP, 0, settled_by_the_router,
     ACT_DECIDE, "web", "'settledAt'", "AwaitingApproval"},
    {"... and no less", ROUTED, IN_STEP, 0, settled_for_less_than_the_router_says, ACT_REPORT, NULL,
     NULL, "Progressing"},
    /* --- accepted --- */
    {"a backend that is not resolved holds up the way there", ROUTED, IN_STEP, 0,
     backend_unresolved_before_it_settled, ACT_REPORT, NULL, NULL, "RouteNotAccepted"},
    {"... not the way back", ROUTED, ABORTS, ACT_RS_SCALE, backend_unresolved, ACT_RS_SCALE, NULL,
     "'value':0", "Aborting"},
    {"... which waits for a route that is not accepted", ROUTED, ABORTS, ACT_RS_SCALE, not_accepted,
     ACT_REPORT, NULL, NULL, "RouteNotAccepted"},
    /* --- reset --- */
    {"a weight that was reset is written again", ROUTED, IN_STEP, 0, reset_once, ACT_DECIDE, "web",
     "'resets':1", NULL},
    {"... five times", ROUTED, IN_STEP, 0, reset_for_the_last_time, ACT_DECIDE, "web", "'resets':5",
     "ManagedElsewhere"},
    {"... on the way back for ever", ROUTED, ABORTS, ACT_ROUTE_WEIGHT, reset_and_reset,
     ACT_ROUTE_WEIGHT, "web", NULL, NULL},
    /* --- whose --- */
    {"a router of later keeps nobody from leaving", ROUTED, ABORTS, ACT_RS_SCALE,
     leaves_with_a_router_of_later, ACT_FENCE_CREATE, "web-sluice", NULL, NULL},
    {"the routes of before are the record's still", ROUTED, ABORTED, 0, flew_the_same, ACT_DECIDE,
     "web", NULL, NULL},
    {"those of another router go out of it", ROUTED, ABORTED, 0, flew_another_router, ACT_RECORD,
     "web-sluice", NULL, NULL},
    {"... of another name", ROUTED, ABORTED, 0, flew_another_name, ACT_RECORD, "web-sluice", NULL,
     NULL},
    {"... to another stable", ROUTED, ABORTED, 0, flew_another_stable, ACT_RECORD, "web-sluice",
     NULL, NULL},
    {"... to another canary", ROUTED, ABORTED, 0, flew_another_canary, ACT_RECORD, "web-sluice",
     NULL, NULL},
    {"weights are taken back by the rules they were put in", ROUTED, IN_STEP, 0,
     other_rules_and_template, ACT_DECIDE, "web", "the strategy was changed", NULL},
    {"routes rest before a newer template begins", ROUTED, APPROVES, ACT_ROUTE_REST,
     other_rules_and_template, ACT_ROUTE_REST, "web", NULL, NULL},
};

/* ---- what is told ---------------------------------------------------------------------------- */

static const char *const in_step[] = {"image app:v2", "-> Approval", NULL};

/* No more than the router says, and who it is that resets. */
static void accepted_is_what_the_router_says(void **state UNUSED)
{
    struct scene *sc = scene_at("in a step", ROUTED, in_step, 0);
    struct flown_route *r = ARENA_NEW(&sc->a, struct flown_route);
    struct backend *b = own_backends(sc);
    const struct flight *told = &scene_plan(sc)->status->flight;

    assert_int_equal(told->weight_accepted, 50);
    b[0].weight = 90;
    b[1].weight = 10;
    assert_int_equal(scene_plan(sc)->status->flight.weight_accepted, 0); /* it was reset */
    sc->r.status.routes[0].written = 20; /* this one is on its way still */
    assert_int_equal(scene_plan(sc)->status->flight.weight_accepted, 10);
    b[0].weight = 2; /* no percent says nothing */
    b[1].weight = 1;
    assert_int_equal(scene_plan(sc)->status->flight.weight_accepted, 50);
    sc->r.status.routes[0].written = 50;
    b[0].weight = b[1].weight = 50;
    *r = sc->f.record.routes[0];
    r->traffic.router = "later"; /* as a newer version wrote it */
    sc->f.record.routes = r;
    sc->r.status.routes[0].route = "later/web";
    assert_int_equal(scene_plan(sc)->status->flight.weight_accepted, 50);
    sc->r.status.route_count = 0; /* nothing is known of any, and there is none */
    sc->w.route_count = 0;
    told = &scene_plan(sc)->status->flight;
    assert_true(told->weight_written == 0 && told->weight_accepted == 0);
    scene_close(sc);
}

static void who_resets_is_named(void **state UNUSED)
{
    struct scene *sc = scene_at("in a step", ROUTED, in_step, 0);
    const struct rollout_status *st;

    reset_for_the_last_time(sc);
    st = scene_plan(sc)->status;
    assert_string_equal(st->display.message,
                        "somebody resets the weights of HTTPRoute/web (5 times); Sluice holds.");
    assert_string_equal(st->conditions[COND_CONTENDED].status, "True");
    sc->routes[0].rules_manager = "argocd";
    st = scene_plan(sc)->status;
    assert_string_equal(st->display.message,
                        "argocd resets the weights of HTTPRoute/web (5 times); Sluice holds.");
    scene_close(sc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_routes_move_together),
        cmocka_unit_test(rules_edited_in_flight),
        cmocka_unit_test(a_route_that_is_reset_again_and_again),
        cmocka_unit_test(accepted_is_what_the_router_says),
        cmocka_unit_test(who_resets_is_named),
        SCENE_ROWS(rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

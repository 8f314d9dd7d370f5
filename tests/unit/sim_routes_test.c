/* SPDX-License-Identifier: Apache-2.0 */
/* Routes in the record and in the status: when their resting values are known, which are the same,
 * and what is told of their weights. */
#include "sim_scene.h"

#include "sluice/model/names.h"

static const char *const in_step[] = {"image app:v2", "-> Approval", NULL};

/* ---- resting values -------------------------------------------------------------------------- */

/* Of the fence that is made. */
static bool rest_is_known(struct scene *sc)
{
    const struct plan *p = scene_plan(sc);
    struct err e = {0};
    auto_json cJSON *doc = json_parse(p->action.body, strlen(p->action.body), &e);
    struct record rec = {0};

    CHECK(p->action.act == ACT_FENCE_CREATE, "%s by %s", act_name(p->action.act), p->rule);
    assert_true(record_read(
        &sc->a, json_str(json_key(json_at(doc, "metadata.annotations"), ANNOTATION_RECORD), ""),
        &rec));
    assert_int_equal(rec.route_count, 1);
    return rec.routes[0].rest != NULL;
}

static struct service *side(struct scene *sc)
{
    for (size_t i = 0; i < sc->w.service_count; i++) {
        if (str_equal(sc->services[i].meta.name, "web-canary"))
            return &sc->services[i];
    }
    fail_msg("no canary Service");
    return NULL;
}

/* The fence is lost. What stands in a route while a weight or a pin of ours may be is no resting
 * value: to put it back would keep requests where they are. */
static void weights_of_ours_are_no_resting_values(void **state UNUSED)
{
    static const struct {
        int weight;
        bool pinned, there, known;
    } rows[] = {
        {50, true, true, false}, {1, false, true, false},  {0, true, true, false},
        {0, false, true, true},  {0, false, false, false},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct scene *sc = scene_at("in a step", ROUTED, in_step, 0);

        scene_no_fence(sc);
        sc->r.status.flight.weight_desired = rows[i].weight;
        sc->w.route_count = rows[i].there;
        if (!rows[i].pinned)
            side(sc)->pin = NULL;
        scene_told(sc);
        CHECK(rest_is_known(sc) == rows[i].known, "row %zu", i);
        scene_close(sc);
    }
}

/* ---- the same routes ------------------------------------------------------------------------- */

static const char *const rules[] = {"a", "b"}, *const first_other[] = {"x", "b"},
                         *const second_other[] = {"a", "x"};

/* The route has the rules "a" and "b", both to stable alone. */
static void has_two_rules(struct scene *sc)
{
    struct route *r = &sc->routes[0];
    struct backend *b = ARENA_ARRAY(&sc->a, struct backend, COUNT(rules));

    for (int i = 0; i < 2; i++) {
        b[i] = r->backends[0];
        b[i].rule = i;
        b[i].rule_name = rules[i];
    }
    r->backends = b;
    r->backend_count = COUNT(rules);
    r->rule_count = COUNT(rules);
}

/* What flew, and what the spec says now, each with two rules; a newer template came. */
static struct flown_route *flew(struct scene *sc, const char *const *names)
{
    struct flown_route *r = ARENA_ARRAY(&sc->a, struct flown_route, 2);
    struct traffic_spec *t = ARENA_NEW(&sc->a, struct traffic_spec);

    has_two_rules(sc);
    *t = sc->r.spec.traffic[0];
    t->rules = rules;
    t->rule_count = COUNT(rules);
    sc->r.spec.traffic = t;
    r[0] = r[1] = sc->f.record.routes[0];
    r[0].rest = r[1].rest = NULL;
    r[0].traffic.rules = names;
    r[0].traffic.rule_count = COUNT(rules);
    sc->f.record.routes = r;
    sc->d.digest = "newer";
    sc->d.observed_generation = ++sc->d.meta.generation;
    return r;
}

static void by_the_same_rules(struct scene *sc)
{
    flew(sc, rules);
}

static void by_another_first_rule(struct scene *sc)
{
    flew(sc, first_other);
}

static void by_another_second_rule(struct scene *sc)
{
    flew(sc, second_other);
}

static void by_one_rule_less(struct scene *sc)
{
    flew(sc, rules)->traffic.rule_count = 1;
}

static void by_one_more(struct scene *sc)
{
    flew(sc, rules);
    sc->f.record.route_count = 2;
}

/* Both have two, and the second of them is another. */
static void by_another_second_route(struct scene *sc)
{
    struct flown_route *r = flew(sc, rules);
    struct traffic_spec *t = ARENA_ARRAY(&sc->a, struct traffic_spec, 2);

    t[0] = t[1] = sc->r.spec.traffic[0];
    sc->r.spec.traffic = t;
    sc->r.spec.traffic_count = 2;
    r[1].stable = "other";
    sc->f.record.route_count = 2;
}

static const struct scene_row rows[] = {
    {"by the same rules", ROUTED, ABORTED, 0, by_the_same_rules, ACT_DECIDE, "web", NULL, NULL},
    {"by another rule", ROUTED, ABORTED, 0, by_another_first_rule, ACT_RECORD, "web-sluice", NULL,
     NULL},
    {"... the second", ROUTED, ABORTED, 0, by_another_second_rule, ACT_RECORD, "web-sluice", NULL,
     NULL},
    {"... one less", ROUTED, ABORTED, 0, by_one_rule_less, ACT_RECORD, "web-sluice", NULL, NULL},
    {"... or another second route", ROUTED, ABORTED, 0, by_another_second_route, ACT_RECORD,
     "web-sluice", NULL, NULL},
    {"... and one route more", ROUTED, ABORTED, 0, by_one_more, ACT_RECORD, "web-sluice", NULL,
     NULL},
};

/* ---- what is written ------------------------------------------------------------------------- */

static void weigh(struct scene *sc, struct route *r, int stable, int canary)
{
    struct backend *b = ARENA_ARRAY(&sc->a, struct backend, r->backend_count);

    assert_int_equal(r->backend_count, 2);
    memcpy(b, r->backends, 2 * sizeof *b);
    b[0].weight = stable;
    b[1].weight = canary;
    r->backends = b;
}

/* Somebody gave the new pods more than was decided, and one of them is gone: they get less, now. */
static void too_much_with_a_pod_less(struct scene *sc)
{
    weigh(sc, &sc->routes[0], 10, 90);
    sc->r.status.routes[0].written = 0;
    for (size_t i = 0; i < sc->w.slice_count; i++)
        sc->slices[i].ready -= str_equal(sc->slices[i].pin, sc->r.status.flight.revision);
    scene_told(sc);
}

static void settles_at_once(struct scene *sc)
{
    struct flown_route *r = ARENA_NEW(&sc->a, struct flown_route);

    *r = sc->f.record.routes[0];
    r->traffic.settle_ms = 0;
    sc->f.record.routes = r;
    sc->r.status.routes[0].settled_ms = sc->st.s.now_ms;
    sc->r.status.flight.settled_ms = 0;
    scene_told(sc);
}

static const struct scene_row writes[] = {
    {"a weight that is too high goes down whatever is ready", ROUTED, IN_STEP, 0,
     too_much_with_a_pod_less, ACT_ROUTE_WEIGHT, "web", NULL, NULL},
    {"who wants no settling has none", ROUTED, IN_STEP, 0, settles_at_once, ACT_DECIDE, "web",
     "'settledAt'", "AwaitingApproval"},
};

/* While somebody resets the weights no step passes, whoever approved it. */
static void nothing_passes_while_it_is_contended(void **state UNUSED)
{
    struct scene *sc = scene_at("in a step", ROUTED, in_step, 0);
    const struct plan *p;

    weigh(sc, &sc->routes[0], 100, 0);
    sc->r.status.routes[0].resets = 9;
    sc->r.status.flight.steps[0].approved = true;
    scene_told(sc);
    p = scene_plan(sc);
    assert_string_equal(p->status->conditions[COND_READY].reason, "ManagedElsewhere");
    assert_int_equal(p->status->flight.step, 1);
    assert_int_equal(p->status->flight.steps[0].ended_ms, 0);
    scene_close(sc);
}

/* ---- what is told ---------------------------------------------------------------------------- */

/* Somebody took the weight back: nothing of it is written or accepted any more. */
static void a_reset_takes_it_all_back(void **state UNUSED)
{
    struct scene *sc = scene_at("in a step", ROUTED, in_step, 0);
    struct backend *b = ARENA_ARRAY(&sc->a, struct backend, sc->routes[0].backend_count);
    const struct route_state *r;

    memcpy(b, sc->routes[0].backends, sc->routes[0].backend_count * sizeof *b);
    b[0].weight = 100;
    sc->routes[0].backends = b;
    sc->routes[0].backend_count = 1;
    r = &scene_plan(sc)->status->routes[0];
    assert_int_equal(r->resets, 1);
    assert_int_equal(r->written, 0);
    assert_int_equal(r->accepted, 0);
    assert_int_equal(r->settled_ms, 0);
    scene_close(sc);
}

static int accepted_events(const struct plan *p)
{
    int n = 0;

    for (int i = 0; i < p->event_count; i++)
        n += p->events[i].reason == REASON_WEIGHT_ACCEPTED;
    return n;
}

/* A weight that a router took is news; that nothing is sent any more is none. */
static void an_acceptance_is_told(void **state UNUSED)
{
    struct scene *sc = scene_at("in a step", ROUTED, in_step, 0);
    const struct plan *p;

    assert_int_equal(accepted_events(scene_plan(sc)), 0); /* it was told */
    sc->r.status.routes[0].accepted = 0;
    sc->r.status.routes[0].settled_ms = 0;
    scene_told(sc);
    p = scene_plan(sc);
    assert_int_equal(p->action.act, ACT_DECIDE);
    assert_int_equal(p->status->routes[0].accepted, 50);
    assert_true(p->status->routes[0].settled_ms == sc->st.s.now_ms);
    assert_int_equal(accepted_events(p), 1);
    assert_string_equal(p->events[0].note, "HTTPRoute/web accepted weight 50 %.");
    scene_close(sc);
    sc =
        scene_at("on the way back", ROUTED,
                 (const char *const[]){"image app:v2", "-> Approval", "abort", NULL}, ACT_RS_SCALE);
    sc->r.status.routes[0].accepted = 50;
    scene_told(sc);
    p = scene_plan(sc);
    assert_int_equal(p->status->routes[0].accepted, 0);
    assert_int_equal(accepted_events(p), 0);
    scene_close(sc);
}

/* Before a weight is decided there is none to be taken. */
static void no_weight_is_no_news(void **state UNUSED)
{
    struct scene *sc = scene_at("before its weight", ROUTED,
                                (const char *const[]){"image app:v2", NULL}, ACT_ROUTE_WEIGHT);
    const struct plan *p;

    sc->r.status.flight.weight_desired = 0;
    sc->r.status.routes[0].settled_ms = 0;
    for (size_t i = 0; i < sc->w.slice_count; i++)
        sc->slices[i].ready = 0; /* nor is one decided now */
    scene_told(sc);
    p = scene_plan(sc);
    assert_int_equal(accepted_events(p), 0);
    scene_close(sc);
}

/* Of each route: the one that says least is what is told. */
static void each_route_is_told_of(void **state UNUSED)
{
    struct scene *sc = scene_at("in a step", ROUTED, in_step, 0);
    struct rollout_status *st = &sc->r.status;
    struct flown_route *r = ARENA_ARRAY(&sc->a, struct flown_route, 2);
    struct route *api = &sc->routes[sc->w.route_count++];

    *api = sc->routes[0];
    api->meta.name = "api";
    weigh(sc, api, 90, 10);
    r[0] = r[1] = sc->f.record.routes[0];
    r[1].traffic.name = "api";
    sc->f.record.routes = r;
    sc->f.record.route_count = 2;
    st->routes[1] = st->routes[0];
    st->routes[1].route = "gatewayAPI/api";
    st->routes[1].written = 20; /* on its way still */
    st->route_count = 2;
    assert_int_equal(scene_plan(sc)->status->flight.weight_accepted, 10);
    weigh(sc, api, 100, 0);
    assert_int_equal(scene_plan(sc)->status->flight.weight_accepted, 0);
    scene_close(sc);
}

/* What the status said before is no word of now. */
static void weights_are_told_anew(void **state UNUSED)
{
    struct scene *sc = scene_at("in a step", ROUTED, in_step, 0);

    sc->r.status.flight.weight_written = 7;
    assert_int_equal(scene_plan(sc)->status->flight.weight_written, 50);
    scene_close(sc);
    sc = scene_at("taken back", ROUTED,
                  (const char *const[]){"image app:v2", "-> Approval", "abort", NULL},
                  ACT_DEP_STATUS);
    assert_true(sc->r.status.flight.present);
    assert_int_equal(scene_plan(sc)->status->flight.weight_accepted, 0);
    scene_close(sc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_of_ours_are_no_resting_values),
        SCENE_ROWS(rows),
        SCENE_ROWS(writes),
        cmocka_unit_test(nothing_passes_while_it_is_contended),
        cmocka_unit_test(no_weight_is_no_news),
        cmocka_unit_test(each_route_is_told_of),
        cmocka_unit_test(weights_are_told_anew),
        cmocka_unit_test(a_reset_takes_it_all_back),
        cmocka_unit_test(an_acceptance_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Routes and Services of others: several of them, with rules of their own, reset by somebody again
 * and again, deleted in the middle. */
#include "sim_scene.h"

#define TWO_ROUTES                                                                                 \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'stableService':'web','traffic':[{"         \
    "'gatewayAPI':{'name':'web','rules':['main']},'settle':'0s'},{'gatewayAPI':{'name':'api'},"    \
    "'settle':'1s'}],'steps':[{'weight':50,'approve':true}]}},'drain':'1s'}"
#define OWN_PREVIEW                                                                                \
    "{'targetRef':{'name':'web'},'strategy':{'blueGreen':{'activeService':'web',"                  \
    "'previewService':'side','switch':'Approve'}},'drain':'1s'}"

static const char service[] = "{\"metadata\":{\"name\":\"%s\",\"labels\":{\"team\":\"a\"}},"
                              "\"spec\":{\"selector\":{\"app\":\"web\"},\"ports\":[{"
                              "\"port\":80,\"targetPort\":8080}]}}";

static void make_service(struct stage *st, const char *name)
{
    struct err e = {0};

    assert_true(sim_create(&st->s, SIM_SERVICE, arena_printf(&st->a, service, name), &e));
}

static const char *label(const struct stage *st, const char *name, const char *key)
{
    const struct sim_object *o = sim_find(&st->s, SIM_SERVICE, name);

    return o ? json_str(json_key(json_at(o->doc, "metadata.labels"), key), "") : "no Service";
}

/* The revision that the status pins it to. */
static const char *pin_of(struct stage *st, const char *name)
{
    const struct rollout_status *status = stage_status(st);

    for (int i = 0; i < status->pin_count; i++) {
        if (str_equal(status->pins[i].service, name))
            return status->pins[i].revision;
    }
    return "none";
}

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

/* ---- Services -------------------------------------------------------------------------------- */

/* A preview Service that is not of our making stays, with its own selector. */
static void a_preview_of_their_own(void **state UNUSED)
{
    const struct bed_options o = {.spec = OWN_PREVIEW};
    struct stage st;
    const char *fresh;

    bed_open(&st, &o);
    make_service(&st, "side");
    sim_judge_resting(&st.judge);
    bed_rest(&st, "app:v1", 4);
    assert_null(label(&st, "side", LABEL_PIN));
    bed_image(&st, "app:v2");
    bed_until(&st, "Approval", 30000);
    fresh = stage_status(&st)->flight.revision;
    assert_string_equal(label(&st, "side", LABEL_PIN), fresh);
    assert_int_equal(sim_endpoints(&st.s, "side", fresh), 4);
    bed_do(&st, "approve");
    bed_rest(&st, "app:v2", 4);
    assert_null(label(&st, "side", LABEL_PIN));
    stage_close(&st);
}

/* Deleted before the switch and made again after it: it comes back pinned to what serves now. */
static void a_service_away_at_the_switch(void **state UNUSED)
{
    const struct bed_options o = {.spec = SWITCH};
    struct stage st;
    char fresh[64];

    bed_open(&st, &o);
    bed_rest(&st, "app:v1", 4);
    bed_image(&st, "app:v2");
    bed_until(&st, "Approval", 30000);
    snprintf(fresh, sizeof fresh, "%s", stage_status(&st)->flight.revision);
    sim_judge_disturbed(&st.judge, 60000);
    sim_delete(&st.s, SIM_SERVICE, "web");
    bed_turns(&st, 20);
    bed_do(&st, "approve");
    for (int i = 0; i < 400 && !str_equal(pin_of(&st, "web"), fresh); i++)
        bed_turn(&st);
    assert_string_equal(pin_of(&st, "web"), fresh);
    make_service(&st, "web");
    assert_string_equal(label(&st, "web", LABEL_PIN), fresh); /* the policy reads the pins */
    bed_rest(&st, "app:v2", 4);
    stage_close(&st);
}

/* ---- one thing is otherwise ------------------------------------------------------------------ */

static void two_families(struct scene *sc)
{
    for (size_t i = 0; i < sc->w.service_count; i++) {
        sc->services[i].ip_families_raw = "[\"IPv6\",\"IPv4\"]";
        sc->services[i].ip_family_policy = "PreferDualStack";
    }
}

static void old_candidate_pods(struct scene *sc)
{
    struct replicaset *c = scene_candidate(sc);

    c->st_replicas = c->replicas + 2;
}

static void preview_going(struct scene *sc)
{
    for (size_t i = 0; i < sc->w.service_count; i++) {
        if (sc->services[i].created_for)
            sc->services[i].meta.deleting_ms = 1;
    }
}

static void preview_of_another(struct scene *sc)
{
    struct service *s = &sc->services[sc->w.service_count++];

    *s = sc->services[0];
    s->meta.name = "other-preview";
    s->created_for = "other";
}

static void preview_left_over(struct scene *sc)
{
    preview_of_another(sc);
    sc->services[sc->w.service_count - 1].created_for = "web";
}

static void no_route(struct scene *sc)
{
    sc->w.route_count = 0;
}

static void slices_of_before(struct scene *sc)
{
    for (size_t i = 0; i < sc->w.slice_count; i++)
        sc->slices[i].pin = NULL;
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

/* More than can be pinned: made in flight, when no check was due any more. */
static void many_services(struct scene *sc)
{
    for (int i = 0; i < PINS_MAX; i++) {
        struct service *s = &sc->services[sc->w.service_count++];

        *s = sc->services[0];
        s->meta.name = arena_printf(&sc->a, "more-%d", i);
        s->pin = NULL;
    }
}

static void pinned_elsewhere(struct scene *sc)
{
    static const struct pair db = {"app", "db"};
    struct service *s = &sc->services[sc->w.service_count++];

    *s = sc->services[0];
    s->meta.name = "db";
    s->pin = "somebody";
    s->selector.pairs = &db;
}

static void grown(struct scene *sc)
{
    sc->d.replicas = 9;
}

static void to_nothing(struct scene *sc)
{
    sc->d.replicas = 0;
}

/* What holds up the new pods is told in the words of whoever holds them. */
static void why_pods_do_not_come(void **state UNUSED)
{
    struct scene *sc =
        scene_open(&(struct bed_options){.spec = SWITCH, .sim = {.never_ready = "never"}});
    struct pod pod;
    const struct pod *list[] = {&pod};
    const char *message;

    bed_rest(&sc->st, "app:v1", 4);
    bed_image(&sc->st, "app:never");
    bed_turns(&sc->st, 300);
    scene_now(sc);
    message = scene_plan(sc)->status->display.message;
    assert_string_equal(message, "Waits for pods: 0 of 4 new pods ready.");
    scene_candidate(sc)->failure = "exceeded quota: compute";
    message = scene_plan(sc)->status->display.message;
    assert_non_null(strstr(message, "exceeded quota: compute"));
    pod = (struct pod){.revision = sc->r.status.flight.revision, .waiting_reason = "ErrImagePull"};
    sc->w.pods = list;
    sc->w.pod_count = 1;
    message = scene_plan(sc)->status->display.message;
    assert_non_null(strstr(message, "ErrImagePull"));
    pod.ready = true; /* by now */
    message = scene_plan(sc)->status->display.message;
    assert_null(strstr(message, "ErrImagePull"));
    scene_candidate(sc)->st_ready = 4; /* but not for long enough */
    scene_candidate(sc)->min_ready_seconds = sc->d.min_ready_seconds = 30;
    message = scene_plan(sc)->status->display.message;
    assert_string_equal(message, "Waits for pods: 0 of 4 new pods ready for 30s.");
    scene_close(sc);
}

/* Those that are too many hold the switch up, and it is said; the others are pinned. */
static void more_services_than_pins(void **state UNUSED)
{
    struct scene *sc = scene_open(&(struct bed_options){.spec = SWITCH});
    const struct plan *p;

    bed_rest(&sc->st, "app:v1", 4);
    bed_image(&sc->st, "app:v2");
    bed_until(&sc->st, "Approval", 30000);
    scene_now(sc);
    many_services(sc);
    p = scene_plan(sc);
    assert_int_equal(p->action.act, ACT_DECIDE);
    assert_int_equal(p->status->pin_count, PINS_MAX);
    sc->r.status = *p->status;
    p = scene_plan(sc);
    assert_int_equal(p->action.act, ACT_SERVICE_PIN);
    assert_string_equal(p->action.name, "more-0");
    scene_close(sc);
}

static const struct scene_row rows[] = {
    {"a preview has the families of its model", SWITCH, TO_RELEASE, ACT_SERVICE_CREATE,
     two_families, ACT_SERVICE_CREATE, "web-preview",
     "'ipFamilies':['IPv6','IPv4'],'ipFamilyPolicy':'PreferDualStack'", NULL},
    {"a preview waits for the pods of before", SWITCH, TO_RELEASE, ACT_SERVICE_CREATE,
     old_candidate_pods, ACT_REPORT, NULL, NULL, "Progressing"},
    {"a preview that goes is let go",
     SWITCH,
     {"image app:v2", "-> Approval", "approve"},
     ACT_SERVICE_DELETE,
     preview_going,
     ACT_RESUME,
     "web",
     NULL,
     NULL},
    {"a preview of another Rollout stays", CANARY, AT_REST, 0, preview_of_another, ACT_NONE, NULL,
     NULL, "Resting"},
    {"a preview of an earlier Deployment goes", CANARY, AT_REST, 0, preview_left_over,
     ACT_SERVICE_DELETE, "other-preview", NULL, NULL},
    {"no promotion past a route that is gone",
     ROUTED,
     {"image app:v2", "-> Approval", "approve"},
     ACT_RECORD,
     no_route,
     ACT_REPORT,
     NULL,
     NULL,
     "Promoting"},
    {"a step that was passed stays so", ROUTED, IN_STEP, 0, no_route, ACT_NONE, NULL, NULL,
     "AwaitingApproval"},
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
    {"routes rest before a newer template begins",
     ROUTED,
     {"image app:v2", "-> Approval", "approve"},
     ACT_ROUTE_REST,
     other_rules_and_template,
     ACT_ROUTE_REST,
     "web",
     NULL,
     NULL},
    {"a pin of somebody else stays", CANARY, AT_REST, 0, pinned_elsewhere, ACT_NONE, NULL, NULL,
     "Resting"},
    {"nor past endpoints that do not follow",
     SWITCH,
     {"image app:v2", "-> Approval", "approve"},
     ACT_RECORD,
     slices_of_before,
     ACT_REPORT,
     NULL,
     NULL,
     "Progressing"},
    {"nor with fewer pods than all",
     SWITCH,
     {"image app:v2", "-> Approval", "approve"},
     ACT_RECORD,
     grown,
     ACT_RS_SCALE,
     NULL,
     "'value':9",
     NULL},
    {"nor with none",
     SWITCH,
     {"image app:v2", "-> Approval", "approve"},
     ACT_RECORD,
     to_nothing,
     ACT_RS_SCALE,
     NULL,
     "'value':0",
     NULL},
};

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_routes_move_together),
        cmocka_unit_test(rules_edited_in_flight),
        cmocka_unit_test(a_route_that_is_reset_again_and_again),
        cmocka_unit_test(a_preview_of_their_own),
        cmocka_unit_test(a_service_away_at_the_switch),
        cmocka_unit_test(why_pods_do_not_come),
        cmocka_unit_test(more_services_than_pins),
        SCENE_ROWS(rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

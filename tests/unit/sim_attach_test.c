/* SPDX-License-Identifier: Apache-2.0 */
/* May this Rollout have this Deployment? What stands in the way is said, and nothing is written but
 * that (api.md 2.7: V30 to V43). One thing is changed in a world that is otherwise fine. */
#include "sim_attaching.h"

/* ---- what may stand in the way --------------------------------------------------------------- */

static void two_findings(struct scene *sc)
{
    static const struct finding wrong[] = {
        {.path = "spec.bake", .value = "\"x\"", .message = "must be a duration"},
        {.path = "spec.drain", .message = "must be a duration"}};

    sc->r.findings = wrong;
    sc->r.finding_count = 2;
}

static void recreate(struct scene *sc)
{
    sc->d.rolling_update = false;
}

static void expressions(struct scene *sc)
{
    sc->d.selector.complex = true;
}

static void keeps_apart(struct scene *sc)
{
    sc->d.anti_affinity_self = true;
}

static void keeps_apart_one(struct scene *sc)
{
    sc->d.anti_affinity_self = true;
    sc->d.replicas = sc->d.st_replicas = sc->d.st_updated = sc->d.st_ready = 1;
    sc->d.st_available = 1;
}

static void one_without_surge_judged(struct scene *sc)
{
    static const struct gate_spec smoke = {.name = "smoke"};

    one_without_surge(sc);
    sc->r.spec.step_count = 0;
    sc->r.spec.gates = &smoke;
    sc->r.spec.gate_count = 1;
}

/* It is the second that reaches further. */
static void second_service_wide(struct scene *sc)
{
    static const struct pair both[] = {{"app", "web"}, {"tier", "front"}};
    struct service *s = ARENA_NEW(&sc->a, struct service);

    *s = sc->service;
    s->meta.name = "wide";
    s->selector.pairs = &both[1];
    sc->d.template_labels = both;
    sc->d.template_label_count = 2;
    sc->services[sc->w.service_count++] = s;
}

static void no_service(struct scene *sc)
{
    sc->w.service_count = 0;
}

static void other_service(struct scene *sc)
{
    static const struct pair db = {"app", "db"};

    sc->service.selector.pairs = &db;
}

static void one_service_too_many(struct scene *sc)
{
    many_services(sc, PINS_MAX);
}

static void one_service_more_than_pins(struct scene *sc)
{
    many_services(sc, PINS_MAX + 1);
}

static void no_route(struct scene *sc)
{
    sc->w.route_count = 0;
}

static void route_of_others(struct scene *sc)
{
    struct route *r = ARENA_NEW(&sc->a, struct route);
    const struct route **list = ARENA_ARRAY(&sc->a, const struct route *, 1);

    *r = *sc->w.routes[0];
    r->backend_count = 0;
    list[0] = r;
    sc->w.routes = list;
}

static void second_route_missing(struct scene *sc)
{
    struct traffic_spec *t = ARENA_ARRAY(&sc->a, struct traffic_spec, 2);

    t[0] = t[1] = sc->r.spec.traffic[0];
    t[1].name = "missing";
    sc->r.spec.traffic = t;
    sc->r.spec.traffic_count = 2;
}

static void large_template(struct scene *sc)
{
    sc->d.template_raw = template_of(sc, RECORD_BYTES_MAX / 2 + 1);
}

static void selector_unread(struct scene *sc)
{
    sc->d.selector_raw = NULL;
}

static void paused(struct scene *sc)
{
    sc->d.paused = true;
}

/* Another ReplicaSet has pods: what is stable cannot be told. */
static void two_revisions(struct scene *sc)
{
    struct replicaset *rs = ARENA_NEW(&sc->a, struct replicaset);
    const struct replicaset **list = ARENA_ARRAY(&sc->a, const struct replicaset *, 2);

    *rs = *sc->w.rs[0];
    rs->digest = "other";
    list[0] = sc->w.rs[0];
    list[1] = rs;
    sc->w.rs = list;
    sc->w.rs_count = 2;
}

/* Adopted from somebody: the pods of one of those cannot be told from others by a label. */
static void others_with_pods_first(struct scene *sc)
{
    const struct replicaset *list[2];

    two_revisions(sc);
    list[0] = sc->w.rs[1];
    list[1] = sc->w.rs[0];
    sc->w.rs = memcpy(ARENA_ARRAY(&sc->a, const struct replicaset *, 2), list, sizeof list);
}

static void its_own_is_fenced(struct scene *sc)
{
    struct replicaset *rs = ARENA_NEW(&sc->a, struct replicaset);
    const struct replicaset **list = ARENA_ARRAY(&sc->a, const struct replicaset *, 1);

    *rs = *sc->w.rs[0];
    rs->controller_uid = "uid-of-a-fence";
    list[0] = rs;
    sc->w.rs = list;
}

static void without_hash(struct scene *sc)
{
    struct replicaset *rs = ARENA_NEW(&sc->a, struct replicaset);
    const struct replicaset **list = ARENA_ARRAY(&sc->a, const struct replicaset *, 1);

    *rs = *sc->w.rs[0];
    rs->revision = NULL;
    list[0] = rs;
    sc->w.rs = list;
}

static void rolling_out(struct scene *sc)
{
    sc->d.st_updated = 1;
}

static const struct row {
    const char *name, *spec;
    void (*change)(struct scene *sc);
    const char *word;
    enum reason reason;
    bool of_target; /* else it may be fine, and is not known yet */
} rows[] = {
    {"no Deployment", BLUE_GREEN, no_deployment, "Pending", REASON_NOT_FOUND, true},
    {"Deployment being deleted", BLUE_GREEN, deployment_going, "Stalled", REASON_TERMINATING, true},
    {"no template", BLUE_GREEN, template_unread, "Stalled", REASON_NOT_FOUND, true},
    {"no selector", BLUE_GREEN, selector_unread, "Stalled", REASON_NOT_FOUND, true},
    {"rival", BLUE_GREEN, rival, "Stalled", REASON_ALREADY_ATTACHED, true},
    {"unknown field", BLUE_GREEN, unknown_field, "Stalled", REASON_UNKNOWN_FIELD, false},
    {"invalid", BLUE_GREEN, finding, "Stalled", REASON_INVALID_SPEC, false},
    {"invalid twice", BLUE_GREEN, two_findings, "Stalled", REASON_INVALID_SPEC, false},
    {"Recreate", BLUE_GREEN, recreate, "Stalled", REASON_STRATEGY_RECREATE, true},
    {"matchExpressions", BLUE_GREEN, expressions, "Stalled", REASON_SELECTOR_MISMATCH, false},
    {"hostPort", BLUE_GREEN, host_port, "Stalled", REASON_NO_ROOM, true},
    {"anti-affinity", CANARY_PODS, keeps_apart, "Stalled", REASON_NO_ROOM, true},
    {"anti-affinity of one", CANARY_PODS, keeps_apart_one, "Stalled", REASON_NO_ROOM, true},
    {"one pod, no surge", ROLLING, one_without_surge, "Stalled", REASON_NO_ROOM, true},
    {"one pod, no surge, a gate", ROLLING, one_without_surge_judged, "Stalled", REASON_NO_ROOM,
     true},
    {"no Service", BLUE_GREEN, no_service, "Stalled", REASON_SERVICE_NOT_FOUND, false},
    {"Service of others", BLUE_GREEN, other_service, "Stalled", REASON_SELECTOR_MISMATCH, false},
    {"Service of others too", BLUE_GREEN, wide_service, "Stalled", REASON_SELECTOR_MISMATCH, false},
    {"too many Services", BLUE_GREEN, one_service_too_many, "Stalled", REASON_SELECTOR_MISMATCH,
     false},
    {"a Service of fewer labels", BLUE_GREEN, service_of_fewer_labels, "Stalled",
     REASON_SELECTOR_MISMATCH, false},
    {"a second Service of others too", BLUE_GREEN, second_service_wide, "Stalled",
     REASON_SELECTOR_MISMATCH, false},
    {"more Services than pins", CANARY_PODS, one_service_more_than_pins, "Stalled",
     REASON_SELECTOR_MISMATCH, false},
    {"no route", CANARY_ROUTE, no_route, "Stalled", REASON_ROUTE_NOT_FOUND, false},
    {"no second route", CANARY_ROUTE, second_route_missing, "Stalled", REASON_ROUTE_NOT_FOUND,
     false},
    {"route of others", CANARY_ROUTE, route_of_others, "Stalled", REASON_ROUTE_NOT_FOUND, false},
    {"large template", BLUE_GREEN, large_template, "Stalled", REASON_NO_ROOM, true},
    {"paused by somebody", BLUE_GREEN, paused, "Pending", REASON_PAUSED_BY_USER, true},
    {"two revisions with pods", BLUE_GREEN, two_revisions, "Pending", REASON_NOT_COMPLETE, true},
    {"... in any order", BLUE_GREEN, others_with_pods_first, "Pending", REASON_NOT_COMPLETE, true},
    {"its own is another's", BLUE_GREEN, its_own_is_fenced, "Pending", REASON_NOT_COMPLETE, true},
    {"a ReplicaSet without hash", BLUE_GREEN, without_hash, "Pending", REASON_NOT_COMPLETE, true},
    {"in a rollout of its own", BLUE_GREEN, rolling_out, "Pending", REASON_NOT_COMPLETE, true},
};

/* What stands in the way is found before anything else is looked at. */
static bool stands_first(const char *rule)
{
    static const char *const first[] = {"gone", "rival", "invalid", "attach"};

    for (size_t i = 0; i < COUNT(first); i++) {
        if (str_equal(rule, first[i]))
            return true;
    }
    return false;
}

static void it_is_said_and_nothing_is_done(void **state UNUSED)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct scene *sc = xcalloc(1, sizeof(*sc));
        const struct plan *p;
        const struct condition *valid;

        open_scene(sc, rows[i].spec);
        rows[i].change(sc);
        p = planned(sc);
        CHECK(p->action.act == ACT_REPORT, "%s: %s", rows[i].name, act_name(p->action.act));
        CHECK_TEXT(p->status->display.status, rows[i].word, rows[i].name);
        CHECK_TEXT(p->status->conditions[COND_READY].reason, reason_name(rows[i].reason),
                   rows[i].name);
        CHECK_TEXT(p->status->conditions[COND_READY].status, "False", rows[i].name);
        CHECK(!p->status->stable.revision, "%s: attached", rows[i].name);
        CHECK(stands_first(p->rule), "%s: by %s", rows[i].name, p->rule);
        valid = &p->status->conditions[COND_TARGET_VALID];
        CHECK_TEXT(valid->status, rows[i].of_target ? "False" : "Unknown", rows[i].name);
        CHECK_TEXT(valid->reason, rows[i].of_target ? reason_name(rows[i].reason) : "Pending",
                   rows[i].name);
        CHECK_TEXT(valid->message, p->status->display.message, rows[i].name);
        close_scene(sc);
        free(sc);
    }
}

/* How many, and the first of them; and how large is too large. */
static void what_is_wrong_is_told(void **state UNUSED)
{
    static const struct {
        void (*change)(struct scene *sc);
        const char *message;
    } wrong[] = {{finding, "1 error: spec.bake: must be a duration"},
                 {two_findings, "2 errors: spec.bake: \"x\": must be a duration"},
                 {large_template, "the template is too large: 100 KiB, at most 100: the flight "
                                  "record keeps two; move what is large to a ConfigMap."}};

    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct scene *sc = xcalloc(1, sizeof(*sc));

        open_scene(sc, BLUE_GREEN);
        wrong[i].change(sc);
        CHECK_TEXT(planned(sc)->status->display.message, wrong[i].message, "what is wrong");
        close_scene(sc);
        free(sc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_said_and_nothing_is_done),
        cmocka_unit_test(what_is_wrong_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

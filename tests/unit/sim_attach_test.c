/* SPDX-License-Identifier: Apache-2.0 */
/* May this Rollout have this Deployment? What stands in the way is said, and nothing is written but
 * that (api.md 2.7: V30 to V43). One thing is changed in a world that is otherwise fine. */
#include "sim_bed.h"
#include "sluice/plan/plan.h"

/* The world of a Rollout that was just made, open for changes. */
struct scene {
    struct stage st;
    struct arena a;
    struct world w;
    struct deployment d;
    struct rollout r;
    struct service service;
    const struct service *services[PINS_MAX + 2];
};

static void open_scene(struct scene *sc, const char *spec)
{
    const struct bed_options o = {.spec = spec, .replicas = 2};

    arena_init(&sc->a);
    bed_open(&sc->st, &o);
    for (int i = 0; i < 100; i++)
        sim_tick(&sc->st.s, 50); /* its first pods */
    sc->w = *sim_world(&sc->st.s, &sc->a, "web");
    sc->d = *sc->w.dep;
    sc->r = *sc->w.rollout;
    sc->service = *world_service(&sc->w, "web");
    sc->services[0] = &sc->service;
    sc->w.dep = &sc->d;
    sc->w.rollout = &sc->r;
    sc->w.services = sc->services;
    sc->w.service_count = 1;
}

static void close_scene(struct scene *sc)
{
    stage_close(&sc->st);
    arena_release(&sc->a);
}

static const struct plan *planned(struct scene *sc)
{
    return plan_rollout(&sc->a, &sc->w, sc->st.s.now_ms);
}

/* ---- what may stand in the way --------------------------------------------------------------- */

static void as_it_is(struct scene *sc UNUSED) {}

static void no_deployment(struct scene *sc)
{
    sc->w.dep = NULL;
}

static void deployment_going(struct scene *sc)
{
    sc->d.meta.deleting_ms = 1;
}

static void rival(struct scene *sc)
{
    sc->w.rival = "elder";
}

static void unknown_field(struct scene *sc)
{
    sc->r.spec.unknown_field = "spec.later";
}

static void finding(struct scene *sc)
{
    static const struct finding wrong = {.path = "spec.bake", .message = "must be a duration"};

    sc->r.findings = &wrong;
    sc->r.finding_count = 1;
}

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

static void host_port(struct scene *sc)
{
    sc->d.host_port = "80";
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

static void keeps_apart_nothing(struct scene *sc)
{
    sc->d.anti_affinity_self = true;
    sc->d.replicas = sc->d.st_replicas = sc->d.st_updated = sc->d.st_ready = 0;
    sc->d.st_available = 0;
}

static void one_without_surge(struct scene *sc)
{
    sc->d.replicas = sc->d.st_replicas = sc->d.st_updated = sc->d.st_available = 1;
    sc->d.max_surge = "0";
    sc->d.max_unavailable = "1";
}

static void one_without_surge_judged(struct scene *sc)
{
    static const struct gate_spec smoke = {.name = "smoke"};

    one_without_surge(sc);
    sc->r.spec.step_count = 0;
    sc->r.spec.gates = &smoke;
    sc->r.spec.gate_count = 1;
}

static void one_without_surge_not_judged(struct scene *sc)
{
    one_without_surge(sc);
    sc->r.spec.step_count = sc->r.spec.gate_count = 0;
}

/* Of two one may go while the other is judged; and a surge is room enough for one. */
static void two_without_surge(struct scene *sc)
{
    sc->d.max_surge = "0";
    sc->d.max_unavailable = "1";
}

static void one_with_surge(struct scene *sc)
{
    one_without_surge(sc);
    sc->d.max_surge = "1";
}

/* It lacks the last of the labels that the Deployment selects by. */
static void service_of_fewer_labels(struct scene *sc)
{
    static const struct pair both[] = {{"app", "web"}, {"tier", "front"}};

    sc->d.selector.pairs = sc->d.template_labels = both;
    sc->d.selector.count = sc->d.template_label_count = 2;
}

/* Behind the end of the list stands another, which nobody asks for. */
static void selector_of_one_label(struct scene *sc)
{
    service_of_fewer_labels(sc);
    sc->d.selector.count = 1;
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

/* It has a label of the template alone: pods of others may have that too. */
static void wide_service(struct scene *sc)
{
    static const struct pair both[] = {{"app", "web"}, {"tier", "front"}};

    sc->d.template_labels = both;
    sc->d.template_label_count = 2;
    sc->service.selector.pairs = &both[1];
}

/* Also named, and of others. */
static void one_of_others_too(struct scene *sc)
{
    static const struct pair db = {"app", "db"};
    struct service *s = ARENA_NEW(&sc->a, struct service);

    *s = sc->service;
    s->meta.name = "db";
    s->selector.pairs = &db;
    sc->services[sc->w.service_count++] = s;
}

static void many_services(struct scene *sc, int n)
{
    for (int i = 1; i < n; i++) {
        struct service *s = ARENA_NEW(&sc->a, struct service);
        *s = sc->service;
        s->meta.name = arena_printf(&sc->a, "s%d", i);
        sc->services[i] = s;
    }
    sc->w.service_count = (size_t)n;
}

static void as_many_services_as_pins(struct scene *sc)
{
    many_services(sc, PINS_MAX - 1); /* and the preview Service */
}

static void one_service_too_many(struct scene *sc)
{
    many_services(sc, PINS_MAX);
}

static void as_many_services_as_all_pins(struct scene *sc)
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

static char *template_of(struct scene *sc, size_t bytes)
{
    char *text = arena_alloc(&sc->a, bytes + 1);

    memset(text, ' ', bytes);
    text[0] = '{';
    text[bytes - 1] = '}';
    return text;
}

static void large_template(struct scene *sc)
{
    sc->d.template_raw = template_of(sc, RECORD_BYTES_MAX / 2 + 1);
}

static void as_large_as_may_be(struct scene *sc)
{
    sc->d.template_raw = template_of(sc, RECORD_BYTES_MAX / 2);
}

static void template_unread(struct scene *sc)
{
    sc->d.template_raw = NULL;
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

/* ---- what does not --------------------------------------------------------------------------- */

static void the_rest_is_attached(void **state UNUSED)
{
    static const struct {
        const char *name, *spec;
        void (*change)(struct scene *sc);
    } fine[] = {{"as it is", BLUE_GREEN, as_it_is},
                {"with a route", CANARY_ROUTE, as_it_is},
                {"one pod less than a pin", BLUE_GREEN, as_many_services_as_pins},
                {"as large as may be", BLUE_GREEN, as_large_as_may_be},
                {"no pods to keep apart", CANARY_PODS, keeps_apart_nothing},
                {"rolling keeps its ports", ROLLING, host_port},
                {"two without a surge", ROLLING, two_without_surge},
                {"one with a surge", ROLLING, one_with_surge},
                {"as many Services as pins, without another side", CANARY_PODS,
                 as_many_services_as_all_pins},
                {"nothing to judge needs no room", ROLLING, one_without_surge_not_judged},
                {"a selector of one label", BLUE_GREEN, selector_of_one_label},
                {"a Service of others besides", BLUE_GREEN, one_of_others_too},
                {"rolling pins nothing", ROLLING, wide_service}};

    for (size_t i = 0; i < COUNT(fine); i++) {
        struct scene *sc = xcalloc(1, sizeof(*sc));
        const struct plan *p;

        open_scene(sc, fine[i].spec);
        fine[i].change(sc);
        p = planned(sc);
        CHECK(p->status->stable.revision, "%s: %s: %s", fine[i].name, p->status->display.status,
              p->status->display.message);
        CHECK(p->action.act == ACT_DECIDE, "%s: %s", fine[i].name, act_name(p->action.act));
        CHECK(p->event_count == 1, "%s: %d events", fine[i].name, p->event_count);
        close_scene(sc);
        free(sc);
    }
}

/* ---- another of its name --------------------------------------------------------------------- */

/* Nothing of the flight of an earlier Deployment is true of this one. */
static void what_was_of_another_is_forgotten(void **state UNUSED)
{
    struct scene *sc = xcalloc(1, sizeof(*sc));
    struct rollout_status *was;
    const struct rollout_status *st;
    const struct replicaset *rs;

    open_scene(sc, BLUE_GREEN);
    was = &sc->r.status;
    rs = sc->w.rs[0];
    was->target.uid = "uid-of-another";
    was->stable.revision = was->stable.digest = was->rejected.revision = "old";
    was->rejected.digest = sc->d.digest;
    was->flight = (struct flight){.present = true, .revision = "old", .digest = "old", .step = 1};
    was->gate_count = was->route_count = 1;
    was->held = true;
    st = planned(sc)->status;
    assert_string_equal(st->stable.revision, rs->revision);
    assert_string_equal(st->stable.digest, rs->digest);
    assert_int_equal(st->stable.deployment_revision, rs->deployment_revision);
    assert_string_equal(st->target.uid, sc->d.meta.uid);
    assert_false(st->flight.present || st->held);
    assert_true(!st->rejected.revision && !st->rejected.digest);
    assert_true(st->gate_count == 0 && st->route_count == 0);
    close_scene(sc);
    free(sc);
}

/* ---- on the way out -------------------------------------------------------------------------- */

/* A Rollout that is to go is let go where there is nothing to give back. */
static void nothing_holds_it_back(void **state UNUSED)
{
    static const struct {
        const char *name;
        void (*change)(struct scene *sc);
    } going[] = {{"never attached", as_it_is},
                 {"no Deployment", no_deployment},
                 {"Deployment being deleted", deployment_going},
                 {"no template", template_unread},
                 {"rival", rival},
                 {"invalid", finding},
                 {"unknown field", unknown_field}};

    for (size_t i = 0; i < COUNT(going); i++) {
        struct scene *sc = xcalloc(1, sizeof(*sc));

        open_scene(sc, BLUE_GREEN);
        going[i].change(sc);
        sc->r.meta.deleting_ms = 1;
        sc->r.has_finalizer = true;
        CHECK(planned(sc)->action.act == ACT_FINALIZER_DROP, "%s: %s", going[i].name,
              act_name(planned(sc)->action.act));
        sc->r.has_finalizer = false;
        CHECK(planned(sc)->action.act <= ACT_REPORT, "%s: %s", going[i].name,
              act_name(planned(sc)->action.act));
        close_scene(sc);
        free(sc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_said_and_nothing_is_done),
        cmocka_unit_test(what_is_wrong_is_told),
        cmocka_unit_test(the_rest_is_attached),
        cmocka_unit_test(what_was_of_another_is_forgotten),
        cmocka_unit_test(nothing_holds_it_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

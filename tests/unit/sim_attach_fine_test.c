/* SPDX-License-Identifier: Apache-2.0 */
/* What does not stand in the way of attaching, what is forgotten of a Deployment of before, and
 * what does not hold a Rollout back that is to go. */
#include "sim_attaching.h"

/* ---- what does not --------------------------------------------------------------------------- */

static void as_it_is(struct scene *sc UNUSED) {}

static void keeps_apart_nothing(struct scene *sc)
{
    sc->d.anti_affinity_self = true;
    sc->d.replicas = sc->d.st_replicas = sc->d.st_updated = sc->d.st_ready = 0;
    sc->d.st_available = 0;
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

/* Behind the end of the list stands another, which nobody asks for. */
static void selector_of_one_label(struct scene *sc)
{
    service_of_fewer_labels(sc);
    sc->d.selector.count = 1;
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

static void as_many_services_as_pins(struct scene *sc)
{
    many_services(sc, PINS_MAX - 1); /* and the preview Service */
}

static void as_many_services_as_all_pins(struct scene *sc)
{
    many_services(sc, PINS_MAX);
}

static void as_large_as_may_be(struct scene *sc)
{
    sc->d.template_raw = template_of(sc, RECORD_BYTES_MAX / 2);
}

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
        cmocka_unit_test(the_rest_is_attached),
        cmocka_unit_test(what_was_of_another_is_forgotten),
        cmocka_unit_test(nothing_holds_it_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

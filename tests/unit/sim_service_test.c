/* SPDX-License-Identifier: Apache-2.0 */
/* What is written to Services that belong to others: in their author's name, and never a port of
 * the node twice (design.md 3). */
#include "sim_bed.h"
#include "sluice/plan/plan.h"

struct moment {
    enum act act; /* that is awaited */
    const char *manager;
    const char *ports; /* JSON; NULL: as they are */
    char query[120], body[4096];
    bool seen;
};

/* The world as it is, but for who wrote the selector of web, and its ports. */
static void replan(struct stage *st, struct moment *m)
{
    struct arena a;
    struct world w;
    struct service s;
    const struct service *services[8];
    const struct plan *p;

    arena_init(&a);
    w = *sim_world(&st->s, &a, "web");
    assert_true(w.service_count <= COUNT(services));
    for (size_t i = 0; i < w.service_count; i++) {
        services[i] = w.services[i];
        if (!str_equal(w.services[i]->meta.name, "web"))
            continue;
        s = *w.services[i];
        s.selector_manager = m->manager;
        s.ports_raw = m->ports ? m->ports : s.ports_raw;
        services[i] = &s;
    }
    w.services = services;
    p = plan_rollout(&a, &w, st->s.now_ms);
    m->seen = p->action.act == m->act;
    if (m->seen) {
        snprintf(m->query, sizeof(m->query), "%s", p->action.query);
        snprintf(m->body, sizeof(m->body), "%s", p->action.body);
    }
    arena_release(&a);
}

static void reach(struct moment *m)
{
    const struct bed_options o = {.spec = BLUE_GREEN, .replicas = 2};
    struct stage st;

    bed_open(&st, &o);
    bed_until(&st, "Resting", 60000);
    bed_image(&st, "app:v2");
    for (int i = 0; i < 400 && !m->seen; i++) {
        replan(&st, m);
        bed_turn(&st);
    }
    CHECK(m->seen, "%s never came", act_name(m->act));
    stage_close(&st);
}

static void in_its_authors_name(void **state UNUSED)
{
    static const struct {
        const char *manager, *query;
    } rows[] = {{"helm", "fieldManager=helm"},
                {"kubectl-client-side-apply", "fieldManager=kubectl-client-side-apply"},
                {NULL, "fieldManager=sluice"},
                {"a&force=true", "fieldManager=sluice"}, /* no part of a query of its own */
                {"two words", "fieldManager=sluice"},
                {"50%", "fieldManager=sluice"}};

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct moment m = {.act = ACT_SERVICE_PIN, .manager = rows[i].manager};

        reach(&m);
        CHECK_TEXT(m.query, rows[i].query, rows[i].manager ? rows[i].manager : "nobody");
    }
}

/* A port of the node is taken: the server would refuse the preview Service. */
static void ports_of_the_node_are_left_out(void **state UNUSED)
{
    struct moment m = {.act = ACT_SERVICE_CREATE,
                       .ports = "[{\"port\":80,\"nodePort\":30080,\"targetPort\":8080},"
                                "{\"name\":\"b\",\"nodePort\":30081,\"port\":81}]"};
    struct err e = {0};

    reach(&m);
    CHECK(!strstr(m.body, "nodePort"), "%s", m.body);
    auto_json cJSON *body = json_parse(m.body, strlen(m.body), &e);
    const cJSON *ports = json_at(body, "spec.ports");
    CHECK(json_count(ports) == 2, "%s", m.body);
    assert_int_equal(json_i64(ports->child, "port", 0), 80);
    assert_int_equal(json_i64(ports->child, "targetPort", 0), 8080);
    assert_int_equal(json_i64(ports->child->next, "port", 0), 81);
    assert_string_equal(json_str(body, "spec.type"), "ClusterIP");
}

static const char *pin_of(const struct sim_object *service)
{
    return json_str(json_key(json_at(service->doc, "metadata.labels"), LABEL_PIN), "");
}

static bool has_candidate(struct stage *st)
{
    const struct rollout_status *status = stage_status(st);

    for (struct sim_object *o = st->s.objects; o; o = o->next) {
        const struct replicaset *rs = o->kind == SIM_REPLICASET ? sim_view(o) : NULL;
        if (rs && status->flight.present && str_equal(rs->revision, status->flight.revision))
            return true;
    }
    return false;
}

/* Deleted before its pin was told of, and made again when new pods are on their way: it comes with
 * the pin, for the policy to keep new pods out from the first moment. */
static void made_again_it_is_pinned(void **state UNUSED)
{
    static const char *const specs[] = {BLUE_GREEN, CANARY_ROUTE};

    for (size_t i = 0; i < COUNT(specs); i++) {
        const struct bed_options o = {.spec = specs[i], .replicas = 2};
        struct err e = {0};
        struct stage st;
        char where[600];
        auto_free char *text = NULL;

        bed_open(&st, &o);
        bed_rest(&st, "app:v1", 2);
        text = json_print(sim_find(&st.s, SIM_SERVICE, "web")->doc);
        bed_image(&st, "app:v2");
        st.s.opt.idle_percent =
            100; /* the pins wait for the Deployment controller to see the pause */
        for (int k = 0; k < 400 && !stage_status(&st)->flight.present; k++)
            bed_turn(&st);
        st.s.opt.idle_percent = 0;
        assert_true(stage_status(&st)->pin_count < 2); /* of the other side at most */
        sim_judge_disturbed(&st.judge, MINUTE_MS);
        sim_delete(&st.s, SIM_SERVICE, "web");
        for (int k = 0; k < 400 && !has_candidate(&st); k++)
            bed_turn(&st);
        if (!has_candidate(&st))
            fail_msg("no candidate, %s", bed_where(&st, where));
        assert_non_null(sim_create(&st.s, SIM_SERVICE, text, &e));
        assert_true(str_equal(pin_of(sim_find(&st.s, SIM_SERVICE, "web")),
                              stage_status(&st)->stable.revision));
        bed_rest(&st, "app:v2", 2);
        stage_close(&st);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_its_authors_name),
        cmocka_unit_test(ports_of_the_node_are_left_out),
        cmocka_unit_test(made_again_it_is_pinned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What is read of users' objects, as a real API server sends them. */
#include "model_lib.h"

#include "sluice/base/clock.h"
#include "sluice/json/jfmt.h"
#include "sluice/model/world.h"
#include <stdio.h>

static struct arena arena;

static int begin(void **state UNUSED)
{
    arena_init(&arena);
    return 0;
}

static int end(void **state UNUSED)
{
    arena_release(&arena);
    return 0;
}

#define READ(kind, object) kind##_read(&arena, (object).doc, (object).text, (object).len)

/* ---- Deployment and ReplicaSet --------------------------------------------------------------- */

static void deployment_as_served(void **state UNUSED)
{
    auto_object struct object o = fixture("deployment.json");
    const struct deployment *d = READ(deployment, o);

    CHECK_TEXT(d->meta.name, "web", "name");
    CHECK_TEXT(d->meta.ns, "h-model", "namespace");
    CHECK_TEXT(d->meta.rv, "342", "resourceVersion");
    assert_int_equal(d->meta.generation, 1);
    assert_int_equal(d->meta.created_ms, time_parse("2026-11-28T01:24:34Z"));
    assert_int_equal(d->replicas, 2);
    assert_false(d->paused);
    assert_true(d->rolling_update);
    CHECK_TEXT(d->max_surge, "1", "maxSurge");
    CHECK_TEXT(d->max_unavailable, "0", "maxUnavailable");
    CHECK_TEXT(d->selector_raw, "{\"matchLabels\":{\"app\":\"web\"}}", "selector");
    CHECK_TEXT(d->image, "web:1.8.2", "image");
    assert_null(d->dead_man);
    assert_int_equal(d->revision, 1);
    CHECK_TEXT(d->progressing_reason, "ReplicaSetUpdated", "Progressing");
    CHECK_TEXT(d->digest, "25fb2d280ffb398aedc9a0d3a59dde46ba63ac4be18532d19290e4944ae12204",
               "digest");
}

static void deployment_for_the_checks(void **state UNUSED)
{
    auto_object struct object o = fixture("deployment.json");
    const struct deployment *d = READ(deployment, o);

    assert_true(d->has_pre_stop);
    assert_true(d->anti_affinity_self);
    assert_null(d->host_port);
    CHECK_TEXT(d->first_claim, "web-data", "claim");
    assert_int_equal(d->port_count, 2);
    CHECK_TEXT(d->ports[0].name, "http", "port");
    assert_int_equal(d->ports[1].port, 9090);
    assert_int_equal(d->template_label_count, 2);
}

/* Annotations are anybody's: what is no number counts as none. */
static void revisions_that_are_no_numbers(void **state UNUSED)
{
    static const struct {
        const char *text;
        int64_t want;
    } rows[] = {{"7", 7}, {"7x", 0}, {"", 0}, {"x", 0}, {"99999999999999999999", 0}, {"-1", -1}};

    for (size_t i = 0; i < COUNT(rows); i++) {
        auto_object struct object o = object_of(json_fmt(
            &arena,
            arena_printf(&arena,
                         "{'metadata':{'annotations':{'deployment.kubernetes.io/revision':'%s'}}}",
                         rows[i].text),
            NULL));
        const struct deployment *d = READ(deployment, o);
        CHECK(d->revision == rows[i].want, "%s: %lld", rows[i].text, (long long)d->revision);
    }
}

/* Who wrote the selector: an apply before an update, the newer of two; never we ourselves. */
static void the_author_of_a_selector(void **state UNUSED)
{
#define BY(name, how, at)                                                                          \
    "{'manager':'" name "','operation':'" how "','time':'2026-01-0" at "T00:00:00Z','fieldsV1':{"  \
    "'f:spec':{'f:selector':{}}}}"
#define SUB                                                                                        \
    "{'manager':'status','operation':'Apply','subresource':'status','time':'2026-01-09T00:00:00Z'" \
    ",'fieldsV1':{'f:spec':{'f:selector':{}}}}"
    static const struct {
        const char *entries, *manager;
    } rows[] = {
        {BY("kubectl", "Update", "2") "," BY("helm", "Update", "3"), "helm"},
        {BY("helm", "Update", "3") "," BY("kubectl", "Update", "2"), "helm"},
        {BY("argo", "Apply", "1") "," BY("kubectl", "Update", "3"), "argo"},
        {BY("kubectl", "Update", "3") "," BY("argo", "Apply", "1"), "argo"},
        {BY("argo", "Apply", "2") "," BY("flux", "Apply", "1"), "argo"},
        {BY("sluice", "Apply", "4") "," BY("kubectl", "Update", "3"), "kubectl"},
        {BY("sluice", "Apply", "4"), NULL},
        {SUB "," BY("kubectl", "Update", "3"), "kubectl"},
        {"{'manager':'other','operation':'Apply','fieldsV1':{'f:metadata':{}}}", NULL},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        auto_object struct object o = object_of(json_fmt(
            &arena, arena_printf(&arena, "{'metadata':{'managedFields':[%s]}}", rows[i].entries),
            NULL));
        const struct service *s = READ(service, o);
        CHECK_TEXT(s->selector_manager, rows[i].manager, rows[i].entries);
    }
}

static void deployment_of_nothing(void **state UNUSED)
{
    auto_object struct object o = object_of("{}");
    const struct deployment *d = READ(deployment, o);

    assert_int_equal(d->replicas, 1);
    assert_true(d->rolling_update);
    CHECK_TEXT(d->max_surge, "25%", "default");
    CHECK_TEXT(d->digest, "", "no template");
    CHECK_TEXT(d->progressing_reason, "", "no condition");
    assert_null(d->meta.name);
    assert_false(d->selector.present);
}

static bool anti_affine(const char *term)
{
    const char *text = arena_printf(
        &arena,
        "{\"metadata\":{\"namespace\":\"shop\"},\"spec\":{\"template\":{\"metadata\":{\"labels\":"
        "{\"app\":\"web\",\"tier\":\"front\"}},\"spec\":{\"affinity\":{\"podAntiAffinity\":{"
        "\"requiredDuringSchedulingIgnoredDuringExecution\":[%s]}}}}}}",
        term);
    auto_object struct object o = object_of(text);

    return READ(deployment, o)->anti_affinity_self;
}

static void anti_affinity_with_itself(void **state UNUSED)
{
#define APP(value)       "\"labelSelector\":{\"matchLabels\":{\"app\":\"" value "\"}}"
#define EXPRESSION(rest) "{\"labelSelector\":{\"matchExpressions\":[{" rest "}]}}"
    static const struct {
        const char *term;
        bool self;
    } cases[] = {
        {"{" APP("web") "}", true},
        {"{" APP("db") "}", false},
        {"{}", false},
        {"{\"labelSelector\":{}}", true},
        {"{" APP("web") ",\"matchLabelKeys\":[\"pod-template-hash\"]}", false},
        {"{" APP("web") ",\"matchLabelKeys\":[\"app\"]}", true},
        {"{" APP("web") ",\"namespaces\":[\"other\"]}", false},
        {"{" APP("web") ",\"namespaces\":[\"other\",\"shop\"]}", true},
        {EXPRESSION("\"key\":\"tier\",\"operator\":\"In\",\"values\":[\"back\"]"), false},
        {EXPRESSION("\"key\":\"tier\",\"operator\":\"NotIn\",\"values\":[\"back\"]"), true},
        {EXPRESSION("\"key\":\"tier\",\"operator\":\"Exists\""), true},
        {EXPRESSION("\"key\":\"tier\",\"operator\":\"DoesNotExist\""), false},
        {EXPRESSION("\"key\":\"zone\",\"operator\":\"DoesNotExist\""), true},
        {EXPRESSION("\"key\":\"tier\",\"operator\":\"Later\""), false},
        {"{" APP("db") "},{" APP("web") "}", true},
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK(anti_affine(cases[i].term) == cases[i].self, "%s", cases[i].term);
}

static void replicaset_as_served(void **state UNUSED)
{
    auto_object struct object o = fixture("replicaset.json");
    auto_object struct object dep = fixture("deployment.json");
    const struct replicaset *rs = replicaset_read(&arena, o.doc, o.text, o.len);
    const struct deployment *d = READ(deployment, dep);

    CHECK_TEXT(rs->digest, d->digest, "a ReplicaSet has the template of its Deployment");
    assert_ptr_equal(rs->template_raw, d->template_raw);
    CHECK_TEXT(rs->revision, "797dcf8478", "revision");
    CHECK_TEXT(rs->controller_uid, d->meta.uid, "controller");
    CHECK_TEXT(rs->controller_kind, "Deployment", "controller");
    CHECK_TEXT(rs->deployment_uid, d->meta.uid, "deployment");
    assert_int_equal(rs->deployment_revision, 1);
    assert_int_equal(rs->desired_annotation, 2);
    assert_int_equal(rs->max_annotation, 3);
    assert_int_equal(rs->template_label_count, 3);
    assert_int_equal(rs->st_replicas, 2);
    assert_int_equal(rs->st_ready, 0);
    CHECK_TEXT(rs->image, "web:1.8.2", "image");
}

static void fenced_replicaset(void **state UNUSED)
{
    auto_object struct object o = object_of(
        "{\"metadata\":{\"labels\":{\"sluice.dev/of\":\"web\",\"sluice.dev/hash\":\"s1-1\"},"
        "\"ownerReferences\":[{\"kind\":\"ControllerRevision\",\"name\":\"web-sluice\",\"uid\":"
        "\"f\","
        "\"controller\":true},{\"kind\":\"Deployment\",\"name\":\"web\",\"uid\":\"d\"}]},"
        "\"spec\":{\"selector\":{\"matchLabels\":{\"pod-template-hash\":\"s1-1\"}}},"
        "\"status\":{\"conditions\":[{\"type\":\"ReplicaFailure\",\"status\":\"True\","
        "\"message\":\"exceeded quota\"}]}}");
    const struct replicaset *rs = replicaset_read(&arena, o.doc, o.text, o.len);

    CHECK_TEXT(rs->of, "web", "of");
    CHECK_TEXT(rs->controller_kind, "ControllerRevision", "fenced");
    CHECK_TEXT(rs->controller_name, "web-sluice", "fence");
    CHECK_TEXT(rs->deployment_uid, "d", "deployment");
    CHECK_TEXT(rs->first_owner_uid, "f", "first");
    CHECK_TEXT(rs->failure, "exceeded quota", "failure");
    CHECK_TEXT(rs->revision, "s1-1", "revision");
    assert_int_equal(rs->desired_annotation, -1);
    assert_int_equal(rs->replicas, 1);
}

/* ---- Service, slice, pod --------------------------------------------------------------------- */

static void service_as_served(void **state UNUSED)
{
    auto_object struct object o = fixture("service.json");
    const struct service *s = READ(service, o);

    assert_true(s->selector.present);
    CHECK_TEXT(selector_get(&s->selector, "app"), "web", "selector");
    assert_null(selector_get(&s->selector, LABEL_REVISION));
    CHECK(strstr(s->ports_raw, "\"appProtocol\":\"http\""), "%s", s->ports_raw);
    CHECK_TEXT(s->ip_families_raw, "[\"IPv4\"]", "families");
    CHECK_TEXT(s->ip_family_policy, "SingleStack", "policy");
    assert_int_equal(s->port_count, 1);
    CHECK_TEXT(s->ports[0].target, "http", "target port");
    CHECK_TEXT(s->selector_manager, "kubectl-client-side-apply", "manager");
    assert_null(s->pin);
    assert_false(s->external_name);
}

static void slice_as_served(void **state UNUSED)
{
    auto_object struct object o = fixture("slice.json");
    auto_object struct object other = object_of(
        "{\"metadata\":{\"labels\":{\"kubernetes.io/service-name\":\"web\",\"sluice.dev/"
        "pin\":\"r\"}},"
        "\"addressType\":\"IPv6\","
        "\"endpoints\":[{\"conditions\":{\"ready\":false},\"targetRef\":{\"kind\":\"Pod\",\"name\":"
        "\"a\"}},{\"targetRef\":{\"kind\":\"Pod\",\"name\":\"b\"}},{\"conditions\":{}}]}");
    const struct slice *s = slice_read(&arena, o.doc);

    CHECK_TEXT(s->service, "web", "service");
    assert_int_equal(s->ready, 2);
    assert_false(s->v6);
    assert_int_equal(s->ready_pod_count, 2);
    CHECK_TEXT(s->ready_pods[0], "web-7f44c6df7b-fng8s", "pod");
    s = slice_read(&arena, other.doc);
    CHECK_TEXT(s->pin, "r", "pin");
    assert_true(s->v6);
    assert_int_equal(s->total, 3);
    assert_int_equal(s->ready, 2); /* absent means ready */
    assert_int_equal(s->ready_pod_count, 1);
}

/* A Service that was deleted and made again is not what the old slices speak of. */
static void slices_are_of_one_service(void **state UNUSED)
{
    const struct service web = {.meta = {.name = "web", .uid = "u2"}};
    const struct {
        const char *service, *owner_uid;
        bool of;
    } cases[] = {
        {"web", "u2", true}, {"web", NULL, true}, {"web", "u1", false}, {"api", "u2", false}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct slice s = {.service = cases[i].service, .owner_uid = cases[i].owner_uid};

        assert_int_equal(slice_is_of(&s, &web), cases[i].of);
    }
    assert_false(slice_is_of(&(struct slice){.service = "web"}, NULL));
}

static void pods_as_served(void **state UNUSED)
{
    auto_object struct object o = fixture("pod.json");
    auto_object struct object pending = fixture("pod-pending.json");
    auto_object struct object broken = object_of(
        "{\"status\":{\"initContainerStatuses\":[{\"state\":{\"waiting\":{\"reason\":"
        "\"PodInitializing\"}}}],\"containerStatuses\":[{\"restartCount\":2,\"state\":{}},"
        "{\"restartCount\":1,\"state\":{\"waiting\":{\"reason\":\"CrashLoopBackOff\"}}}]}}");
    const struct pod *p = pod_read(&arena, o.doc);

    assert_true(p->ready);
    CHECK_TEXT(p->revision, "7f44c6df7b", "revision");
    CHECK_TEXT(p->ip, "198.19.0.2", "ip");
    CHECK_TEXT(p->node, "kwok-1", "node");
    CHECK_TEXT(p->phase, "Running", "phase");
    assert_null(p->waiting_reason);
    assert_int_equal(p->port_count, 2);
    p = pod_read(&arena, pending.doc);
    assert_false(p->ready);
    CHECK_TEXT(p->waiting_reason, "Unschedulable", "pending");
    p = pod_read(&arena, broken.doc);
    CHECK_TEXT(p->waiting_reason, "CrashLoopBackOff", "broken");
    assert_int_equal(p->restarts, 3);
}

/* ---- HTTPRoute ------------------------------------------------------------------------------- */

static void route_backends(void **state UNUSED)
{
    auto_object struct object o = fixture("httproute.json");
    const struct route *r = READ(route, o);
    static const struct {
        int rule, index;
        const char *rule_name, *service;
        int32_t weight;
        bool weight_set;
    } want[] = {
        {0, 0, "checkout", "web", 90, true}, {0, 1, "checkout", "web-canary", 10, true},
        {2, 0, NULL, "web", 1, false},       {2, 1, NULL, NULL, 0, true}, /* another namespace */
        {2, 2, NULL, NULL, 1, true},                                      /* another kind */
    };

    assert_int_equal(r->rule_count, 3);
    assert_int_equal(r->backend_count, COUNT(want));
    for (size_t i = 0; i < COUNT(want); i++) {
        const struct backend *b = &r->backends[i];

        CHECK_TEXT(b->service, want[i].service, b->raw);
        CHECK_TEXT(b->rule_name, want[i].rule_name, b->raw);
        CHECK(b->rule == want[i].rule && b->index == want[i].index, "%s", b->raw);
        CHECK(b->weight == want[i].weight && b->weight_set == want[i].weight_set, "%s", b->raw);
    }
    CHECK(strstr(r->backends[0].raw, "a\\u0026b"), "byte for byte: %s", r->backends[0].raw);
    assert_int_equal(r->backends[2].port, 80);
    CHECK_TEXT(r->rules_manager, "argocd-controller", "foreign manager");
}

static void route_parents(void **state UNUSED)
{
    auto_object struct object o = fixture("httproute.json");
    const struct route *r = READ(route, o);

    assert_int_equal(r->spec_parent_count, 2);
    assert_int_equal(r->parent_count, 2);
    CHECK_TEXT(r->parents[0].parent, "contour", "parent");
    assert_true(r->parents[0].accepted);
    assert_false(r->parents[0].resolved);
    CHECK_TEXT(r->parents[0].message, "Service \"web-canary\" not found", "words");
    assert_int_equal(r->parents[0].observed_generation, 7);
    assert_int_equal(r->parents[1].observed_generation, 6);
    assert_null(r->parents[1].message);
}

/* ---- selectors and the world ----------------------------------------------------------------- */

static void services_that_select(void **state UNUSED)
{
    static const struct {
        const char *spec;
        bool selects;
    } cases[] = {
        {"{\"selector\":{\"app\":\"web\"}}", true},
        {"{\"selector\":{\"app\":\"web\",\"tier\":\"front\",\"pod-template-hash\":\"s1-1\"}}",
         true},
        {"{\"selector\":{\"app\":\"web\",\"zone\":\"a\"}}", false},
        {"{\"selector\":{\"app\":\"db\"}}", false},
        {"{\"selector\":{\"pod-template-hash\":\"s1-1\"}}", false},
        {"{\"selector\":{}}", false},
        {"{}", false},
        {"{\"selector\":{\"app\":\"web\"},\"type\":\"ExternalName\"}", false},
    };
    auto_object struct object dep = fixture("deployment.json");
    const struct deployment *d = READ(deployment, dep);

    for (size_t i = 0; i < COUNT(cases); i++) {
        auto_object struct object o =
            object_of(arena_printf(&arena, "{\"spec\":%s}", cases[i].spec));

        CHECK(service_selects(READ(service, o), d) == cases[i].selects, "%s", cases[i].spec);
    }
}

static void selectors_match_labels(void **state UNUSED)
{
    static const struct pair labels[] = {{"app", "web"}, {"tier", "front"}};
    struct selector s = {.pairs = labels, .count = 1, .present = true};

    assert_true(selector_matches(&s, labels, 2));
    assert_false(selector_matches(&s, labels + 1, 1));
    s.complex = true;
    assert_false(selector_matches(&s, labels, 2));
    s = (struct selector){.pairs = labels, .count = 1};
    assert_false(selector_matches(&s, labels, 2));
}

static void world_finds_by_name(void **state UNUSED)
{
    const struct service s = {.meta = {.name = "web"}}, *services[] = {&s};
    const struct route r = {.meta = {.name = "web"}}, *routes[] = {&r};
    const struct world w = {
        .services = services, .service_count = 1, .routes = routes, .route_count = 1};

    assert_ptr_equal(world_service(&w, "web"), &s);
    assert_null(world_service(&w, "db"));
    assert_null(world_service(&w, NULL));
    assert_ptr_equal(world_route(&w, "web"), &r);
    assert_null(world_route(&w, "db"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deployment_as_served),
        cmocka_unit_test(deployment_for_the_checks),
        cmocka_unit_test(revisions_that_are_no_numbers),
        cmocka_unit_test(the_author_of_a_selector),
        cmocka_unit_test(deployment_of_nothing),
        cmocka_unit_test(anti_affinity_with_itself),
        cmocka_unit_test(replicaset_as_served),
        cmocka_unit_test(fenced_replicaset),
        cmocka_unit_test(service_as_served),
        cmocka_unit_test(slice_as_served),
        cmocka_unit_test(slices_are_of_one_service),
        cmocka_unit_test(pods_as_served),
        cmocka_unit_test(route_backends),
        cmocka_unit_test(route_parents),
        cmocka_unit_test(services_that_select),
        cmocka_unit_test(selectors_match_labels),
        cmocka_unit_test(world_finds_by_name),
    };

    return cmocka_run_group_tests(tests, begin, end);
}

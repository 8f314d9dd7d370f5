/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "sluice/kube/path.h"

static void paths(void **state)
{
    static const struct {
        enum kube_kind kind;
        const char *ns, *name, *sub, *want;
    } rows[] = {
        {KIND_POD, NULL, NULL, NULL, "/api/v1/pods"},
        {KIND_POD, "", NULL, NULL, "/api/v1/pods"},
        {KIND_POD, "ns", "p", NULL, "/api/v1/namespaces/ns/pods/p"},
        {KIND_DEPLOYMENT, "ns", "web", NULL, "/apis/apps/v1/namespaces/ns/deployments/web"},
        {KIND_REPLICASET, "ns", "w", "scale", "/apis/apps/v1/namespaces/ns/replicasets/w/scale"},
        {KIND_ROLLOUT, "ns", "web", "status",
         "/apis/sluice.dev/v1beta1/namespaces/ns/rollouts/web/status"},
        {KIND_NAMESPACE, "ignored", "ns", NULL, "/api/v1/namespaces/ns"},
        {KIND_MAP, NULL, "sluice-brake", NULL,
         "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies/sluice-brake"},
        {KIND_POD, "a/b", "..", NULL, "/api/v1/namespaces/a%2Fb/pods/%2E%2E"},
        {KIND_POD, ".", "a?b#c%d", NULL, "/api/v1/namespaces/%2E/pods/a%3Fb%23c%25d"},
        {KIND_LEASE, "s", "l", NULL, "/apis/coordination.k8s.io/v1/namespaces/s/leases/l"},
        {KIND_EVENT, "s", NULL, NULL, "/apis/events.k8s.io/v1/namespaces/s/events"},
    };
    struct arena a = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_TEXT(kube_path(&a, rows[i].kind, rows[i].ns, rows[i].name, rows[i].sub), rows[i].want,
                   rows[i].want);
    arena_release(&a);
}

static void every_kind_is_described(void **state)
{
    struct arena a = {0};

    (void)state;
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        const struct kube_kind_info *info = kube_kind_info((enum kube_kind)kind);
        assert_true(info->plural && info->kind && info->version && info->group);
        assert_string_equal(info->api_version,
                            info->group[0] ? arena_printf(&a, "%s/%s", info->group, info->version)
                                           : info->version);
    }
    arena_release(&a);
}

/* C11: what label selectors hold. */
static void encoding(void **state)
{
    struct arena a = {0};

    (void)state;
    assert_string_equal(percent_encoded(&a, "azAZ09-._~"), "azAZ09-._~");
    assert_string_equal(percent_encoded(&a, "a,b=c!d/e f+g&h"), "a%2Cb%3Dc%21d%2Fe%20f%2Bg%26h");
    assert_string_equal(percent_encoded(&a, "\xc3\xa9\x01"), "%C3%A9%01");
    assert_string_equal(percent_encoded(&a, ""), "");
    arena_release(&a);
}

static void queries(void **state)
{
    struct arena a = {0};

    (void)state;
    assert_string_equal(kube_query(&a, NULL), "");
    assert_string_equal(kube_query(&a, "limit", "500", "continue", NULL, NULL), "limit=500");
    assert_string_equal(kube_query(&a, "a", NULL, "labelSelector", "a in (b,c)", "x", "", NULL),
                        "labelSelector=a%20in%20%28b%2Cc%29&x=");
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths),
        cmocka_unit_test(every_kind_is_described),
        cmocka_unit_test(encoding),
        cmocka_unit_test(queries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

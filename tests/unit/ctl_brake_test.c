/* SPDX-License-Identifier: Apache-2.0 */
/* The brake is asked of the API server itself, when there is something to brake; what it said is
 * kept until it says otherwise (api.md 8). */
#include "ctl_fixture.h"

#define ROLLOUT    "/apis/sluice.dev/v1beta1/namespaces/shop/rollouts/web"
#define DEPLOYMENT "/apis/apps/v1/namespaces/shop/deployments/web"
#define ADMISSION  "/apis/admissionregistration.k8s.io/v1/"
#define POLICY     ADMISSION "mutatingadmissionpolicies"
#define BINDING    ADMISSION "mutatingadmissionpolicybindings"
#define META       "\"namespace\":\"shop\",\"name\":\"web\",\"uid\":\"u\""
#define STABLE     "'status':{'stable':{'revision':'h1','digest':'d'}}"
#define STRATEGY   "'strategy':{'blueGreen':{'activeService':'web'}}"
#define SPEC       "'spec':{'targetRef':{'name':'web'}," STRATEGY "},"

/* What a dry run of a template change comes back as. */
static void put_deployment(struct fake *f, bool stopped)
{
    fake_put(f, DEPLOYMENT,
             stopped ? META ",\"annotations\":{\"" ANNOTATION_DEAD_MAN "\":\"1\"}" : META,
             stopped ? "\"spec\":{\"paused\":true}" : "\"spec\":{}");
}

static void keep(struct fake *f, enum kube_kind kind, const char *path)
{
    const struct fake_object *at = fake_find(f, path);
    auto_json cJSON *doc = json_parse(at->json, strlen(at->json), NULL);
    struct object *o = object_read(kind, doc, at->json, strlen(at->json));

    store_put(f->ctl.store, o, clock_mono_ms());
    object_unref(o);
}

static int setup(void **state)
{
    struct fake *f = xcalloc(1, sizeof(*f));

    fake_open(f);
    fake_put(f, ROLLOUT, META, json_fmt(&f->arena, SPEC STABLE));
    put_deployment(f, true);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fake_close(*state);
    free(*state);
    return 0;
}

static struct key *web(struct fake *f)
{
    keep(f, KIND_ROLLOUT, ROLLOUT);
    keep(f, KIND_DEPLOYMENT, DEPLOYMENT);
    return key_of(&f->ctl, store_get(f->ctl.store, KIND_ROLLOUT, "shop", "web"));
}

static void consider(struct fake *f, struct key *key)
{
    const struct world w = {
        .rollout = store_get(f->ctl.store, KIND_ROLLOUT, "shop", "web")->as.rollout,
        .dep = store_get(f->ctl.store, KIND_DEPLOYMENT, "shop", "web")->as.deployment};

    brake_consider(key, &w);
}

static bool concluded(void *arg)
{
    const struct key *key = arg;

    return key->brake.state != BRAKE_UNKNOWN;
}

static bool given_up(void *arg)
{
    const struct key *key = arg;

    return !key->brake.queued;
}

static bool failed_once_more(void *arg)
{
    const struct key *key = arg;

    return key->brake.failures == 1;
}

static bool is_proved(void *arg)
{
    const struct key *key = arg;

    return key->brake.state == BRAKE_PROVED;
}

static bool asked(void *arg)
{
    const struct key *key = arg;

    return key->brake.call != NULL;
}

static bool never(void *arg UNUSED)
{
    return false;
}

static void await(struct fake *f, bool (*condition)(void *arg), struct key *key)
{
    CHECK(loop_run_until(f->ctl.loop, condition, key, 10000), "waited in vain, state %d: %s",
          (int)key->brake.state, strbuf_str(&f->log));
}

/* ---- asked ----------------------------------------------------------------------------------- */

static void a_change_that_is_stopped_proves_it(void **state)
{
    struct fake *f = *state;
    struct key *key = web(f);

    consider(f, key);
    await(f, concluded, key);
    assert_int_equal(key->brake.state, BRAKE_PROVED);
    assert_true(brake_view(key).at_ms > 0);
    assert_null(brake_view(key).message);
    assert_int_equal(f->ctl.metrics.proofs, 1);
    assert_string_equal(strbuf_str(&f->log), "PATCH " DEPLOYMENT ";");
    consider(f, key); /* asked again in an hour, not now */
    loop_run_until(f->ctl.loop, never, f, 100);
    assert_int_equal(f->ctl.metrics.proofs, 1);
}

/* A policy takes effect a moment late: it is only said to fail when it went on failing. */
static void one_that_is_not_stopped_fails_it(void **state)
{
    struct fake *f = *state;
    struct key *key;

    put_deployment(f, false);
    key = web(f);
    consider(f, key);
    await(f, failed_once_more, key);
    assert_int_equal(key->brake.state, BRAKE_UNKNOWN);
    key->brake.failures = 4;
    prover_policy_changed(f->ctl.prover); /* what failed counts anew */
    assert_int_equal(key->brake.failures, 0);
    key->brake.failures = 4;
    await(f, concluded, key);
    assert_int_equal(key->brake.state, BRAKE_PROOF_FAILED);
    assert_non_null(strstr(brake_view(key).message, "not stopped by policy sluice-brake"));
}

static void a_refusal_fails_it_in_the_servers_words(void **state)
{
    struct fake *f = *state;
    struct key *key = web(f);

    fake_fail_next(f, (struct fake_failure){
                          "PATCH " DEPLOYMENT, 403,
                          "{\"kind\":\"Status\",\"reason\":\"Forbidden\",\"message\":\"no patching "
                          "here\",\"code\":403}",
                          false});
    key->brake.failures = 4;
    consider(f, key);
    await(f, concluded, key);
    assert_int_equal(key->brake.state, BRAKE_PROOF_FAILED);
    assert_non_null(strstr(brake_view(key).message, "no patching here"));
    assert_int_equal(f->ctl.metrics.proofs_failed, 1);
}

/* What it stops for one it stops for all: who failed before is asked soon. */
static void the_first_proof_tells_the_others(void **state)
{
    struct fake *f = *state;
    struct key *key = web(f);

    key->brake.failures = 7;
    put_deployment(f, false);
    consider(f, key);
    await(f, concluded, key);
    assert_int_equal(key->brake.state, BRAKE_PROOF_FAILED);
    put_deployment(f, true);
    prover_policy_changed(f->ctl.prover);
    await(f, is_proved, key);
    assert_int_equal(key->brake.failures, 0);
}

static void no_deployment_no_proof(void **state)
{
    struct fake *f = *state;
    struct key *key = web(f);

    fake_fail_next(f, (struct fake_failure){
                          "PATCH " DEPLOYMENT, 404,
                          "{\"kind\":\"Status\",\"reason\":\"NotFound\",\"code\":404}", false});
    consider(f, key);
    await(f, given_up, key);
    assert_int_equal(key->brake.state, BRAKE_UNKNOWN);
    consider(f, key); /* a plan has seen one */
    await(f, is_proved, key);
}

/* ---- not asked ------------------------------------------------------------------------------- */

static void only_where_there_is_something_to_brake(void **state)
{
    static const char *const rest[] = {
        SPEC "'status':{}", /* not attached */
        "'spec':{'targetRef':{'name':'web'},'brake':'Paused'," STRATEGY "}," STABLE,
    };
    struct fake *f = *state;
    struct key *key = NULL;

    for (size_t i = 0; i < COUNT(rest); i++) {
        fake_put(f, ROLLOUT, META, json_fmt(&f->arena, rest[i]));
        key = web(f);
        consider(f, key);
        CHECK(!key->brake.queued, "%s", rest[i]);
    }
    fake_put(f, ROLLOUT, META ",\"deletionTimestamp\":\"2026-11-28T01:00:00Z\"",
             json_fmt(&f->arena, SPEC STABLE));
    key = web(f);
    consider(f, key);
    assert_false(key->brake.queued);
}

/* A standby asks nothing; a Rollout that went, or has a new target, is not asked about. */
static void what_changed_since_it_was_due(void **state)
{
    struct fake *f = *state;
    struct key *key = web(f);

    f->ctl.leading = false;
    consider(f, key);
    loop_run_until(f->ctl.loop, never, f, 50);
    assert_int_equal(f->ctl.metrics.proofs, 0);
    assert_true(key->brake.queued);
    f->ctl.leading = true;
    fake_put(f, ROLLOUT, META, json_fmt(&f->arena, SPEC "'status':{}"));
    keep(f, KIND_ROLLOUT, ROLLOUT);
    prover_policy_changed(f->ctl.prover);
    await(f, given_up, key);
    assert_int_equal(f->ctl.metrics.proofs, 0);
    brake_forget(key);
    assert_int_equal(brake_view(key).state, BRAKE_UNKNOWN);
}

/* Forgotten while it is asked: the answer is nobody's. */
static void forgotten_under_way(void **state)
{
    struct fake *f = *state;
    struct key *key = web(f);

    consider(f, key);
    await(f, asked, key);
    brake_forget(key);
    loop_run_until(f->ctl.loop, never, f, 50);
    assert_int_equal(key->brake.state, BRAKE_UNKNOWN);
    consider(f, key);
    await(f, is_proved, key);
}

/* ---- without asking -------------------------------------------------------------------------- */

static bool cached(void *arg)
{
    const struct fake *f = arg;

    return caches_ready(&f->ctl) && key_find(&f->ctl, "shop/web");
}

static void put_policies(struct fake *f, bool policy, bool binding)
{
    if (policy)
        fake_put(f, POLICY "/" POLICY_BRAKE, "\"name\":\"" POLICY_BRAKE "\",\"uid\":\"p\"",
                 "\"spec\":{}");
    if (binding)
        fake_put(f, BINDING "/" POLICY_BRAKE, "\"name\":\"" POLICY_BRAKE "\",\"uid\":\"b\"",
                 "\"spec\":{}");
}

static void no_policy_no_question(void **state)
{
    static const struct {
        bool served, policy, binding;
        enum brake_state want;
        const char *words;
    } rows[] = {{true, false, false, BRAKE_NOT_INSTALLED, "no MutatingAdmissionPolicy sluice"},
                {true, true, false, BRAKE_NOT_INSTALLED, "no MutatingAdmissionPolicyBinding"},
                {false, false, false, BRAKE_NOT_SERVED, "has no MutatingAdmissionPolicy v1"},
                {true, true, true, BRAKE_PROVED, NULL}};

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fake *f = *state;
        struct key *key;

        teardown(state);
        setup(state);
        f = *state;
        put_policies(f, rows[i].policy, rows[i].binding);
        if (!rows[i].served)
            fake_fail_next(f, (struct fake_failure){"GET " POLICY, 404, "404 page", false});
        f->ctl.leading = false; /* no passes: the brake alone */
        caches_start(&f->ctl);
        CHECK(loop_run_until(f->ctl.loop, cached, f, 10000), "row %zu", i);
        key = key_find(&f->ctl, "shop/web");
        f->ctl.leading = true;
        consider(f, key);
        await(f, concluded, key);
        CHECK(key->brake.state == rows[i].want, "row %zu: %d", i, (int)key->brake.state);
        CHECK(!rows[i].words || strstr(brake_view(key).message, rows[i].words), "row %zu: %s", i,
              brake_view(key).message);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_change_that_is_stopped_proves_it),
        TEST(one_that_is_not_stopped_fails_it),
        TEST(a_refusal_fails_it_in_the_servers_words),
        TEST(the_first_proof_tells_the_others),
        TEST(no_deployment_no_proof),
        TEST(only_where_there_is_something_to_brake),
        TEST(what_changed_since_it_was_due),
        TEST(forgotten_under_way),
        TEST(no_policy_no_question),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

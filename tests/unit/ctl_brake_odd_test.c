/* SPDX-License-Identifier: Apache-2.0 */
/* The brake at what is seldom: verdicts without a question, and those that change (api.md 8). */
#include "brake_bench.h"

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
            fake_fail_next(
                f, (struct fake_failure){.begins = "GET " POLICY, .code = 404, .body = "404 page"});
        f->ctl.leading = false; /* no passes: the brake alone */
        caches_start(&f->ctl);
        CHECK(loop_run_until(f->ctl.loop, cached, f, 10000), "row %zu", i);
        key = key_find(&f->ctl, "shop/web");
        f->ctl.leading = true;
        consider(f, key);
        await(f, concluded, key);
        CHECK(key->brake.state == rows[i].want, "row %zu: %d", i, (int)key->brake.state);
        CHECK(f->ctl.metrics.proofs == (rows[i].want == BRAKE_PROVED), "row %zu", i);
        CHECK(!rows[i].words || strstr(brake_view(key).message, rows[i].words), "row %zu: %s", i,
              brake_view(key).message);
    }
}

/* ---- policies that cannot be read ------------------------------------------------------------ */

static bool tried(const struct fake *f, enum kube_kind kind)
{
    const struct reflector *r = f->ctl.reflectors[kind];

    return r && (reflector_synced(r) || reflector_stats(r).failures > 0);
}

static bool all_tried(void *arg)
{
    return cached(arg) && tried(arg, KIND_MAP) && tried(arg, KIND_MAP_BINDING);
}

static void deny(struct fake *f, const char *list)
{
    fake_fail_next(f, (struct fake_failure){.begins = list,
                                            .code = 403,
                                            .body = "{\"kind\":\"Status\",\"code\":403}"});
}

/* Who may not read them, or has not yet, knows nothing of them: the dry run tells. */
static void unread_policies_are_no_verdict(void **state)
{
    static const struct {
        const char *denied;
        bool unwatched;
    } rows[] = {{"GET " POLICY, false}, {"GET " BINDING, false}, {NULL, true}};

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fake *f = *state;
        struct key *key;

        teardown(state);
        setup(state);
        f = *state;
        if (rows[i].denied)
            deny(f, rows[i].denied);
        f->ctl.leading = false;
        caches_start(&f->ctl);
        CHECK(loop_run_until(f->ctl.loop, all_tried, f, 10000), "row %zu", i);
        if (rows[i].unwatched) {
            reflector_free(f->ctl.reflectors[KIND_MAP_BINDING]);
            f->ctl.reflectors[KIND_MAP_BINDING] = NULL;
        }
        key = key_find(&f->ctl, "shop/web");
        f->ctl.leading = true;
        consider(f, key);
        await(f, concluded, key);
        CHECK(key->brake.state == BRAKE_PROVED, "row %zu: %d", i, (int)key->brake.state);
        CHECK(f->ctl.metrics.proofs == 1, "row %zu", i);
    }
}

/* ---- verdicts that change -------------------------------------------------------------------- */

static bool not_stopped(void *arg)
{
    const struct key *key = arg;

    return key->brake.message && strstr(key->brake.message, "not stopped by policy");
}

/* It failed before and fails now, but for another reason: that is news. */
static void another_reason_is_news(void **state)
{
    struct fake *f = *state;
    struct key *key = web(f);

    put_deployment(f, false);
    deny(f, "PATCH " DEPLOYMENT);
    key->brake.failures = 4;
    consider(f, key);
    await(f, concluded, key);
    assert_false(not_stopped(key));
    key->brake.at_ms = 5;
    queue_drop(f->ctl.queue, key->name);
    prover_policy_changed(f->ctl.prover);
    key->brake.failures = 4;
    await(f, not_stopped, key);
    assert_int_equal(key->brake.state, BRAKE_PROOF_FAILED);
    assert_true(key->brake.at_ms > 5);
    assert_int_equal(queue_stats(f->ctl.queue).depth, 1);
}

/* One that has nothing to brake any more failed once: it is not asked about for that. */
static void who_is_not_asked_about_is_not_hurried(void **state)
{
    struct fake *f = *state;
    struct key *key = web(f), *other = second(f);

    other->brake.failures = 7;
    deny(f, "PATCH " DEPLOYMENT);
    key->brake.failures = 4;
    consider(f, key);
    await(f, concluded, key);
    prover_policy_changed(f->ctl.prover);
    other->brake.failures = 7;
    await(f, is_proved, key);
    assert_false(other->brake.queued);
    assert_int_equal(other->brake.failures, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(no_policy_no_question),
        TEST(unread_policies_are_no_verdict),
        TEST(another_reason_is_news),
        TEST(who_is_not_asked_about_is_not_hurried),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

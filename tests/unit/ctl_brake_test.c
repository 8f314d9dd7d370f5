/* SPDX-License-Identifier: Apache-2.0 */
/* The brake is asked of the API server itself, when there is something to brake; what it said is
 * kept until it says otherwise (api.md 8). */
#include "brake_bench.h"

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
                          .begins = "PATCH " DEPLOYMENT,
                          .code = 403,
                          .body = "{\"kind\":\"Status\",\"reason\":\"Forbidden\",\"message\":\"no "
                                  "patching here\",\"code\":403}"});
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
                          .begins = "PATCH " DEPLOYMENT,
                          .code = 404,
                          .body = "{\"kind\":\"Status\",\"reason\":\"NotFound\",\"code\":404}"});
    consider(f, key);
    await(f, given_up, key);
    assert_int_equal(key->brake.state, BRAKE_UNKNOWN);
    consider(f, key); /* a plan has seen one */
    await(f, is_proved, key);
}

/* The hourly proof that says the same again writes nothing. */
static void the_same_verdict_is_no_news(void **state)
{
    struct fake *f = *state;
    struct key *key = web(f);
    int64_t at_ms;

    consider(f, key);
    await(f, concluded, key);
    at_ms = key->brake.at_ms = 5;
    queue_drop(f->ctl.queue, key->name);
    prover_policy_changed(f->ctl.prover);
    CHECK(loop_run_until(f->ctl.loop, proved_twice, f, 10000), "%s", strbuf_str(&f->log));
    loop_run_until(f->ctl.loop, never, f, 50);
    assert_int_equal(key->brake.at_ms, at_ms);
    assert_int_equal(queue_stats(f->ctl.queue).depth, 0);
}

/* What it stops is only stopped when it is paused and has its way back; and what cannot be read
 * proves nothing. */
static void what_proves_nothing_fails_it(void **state)
{
    static const struct {
        const char *body, *why;
    } rows[] = {
        {"{'metadata':{'name':'web','uid':'u'},'spec':{'paused':true}}", "not stopped by policy"},
        {"{'metadata':{'name':'web','uid':'u','annotations':{'" ANNOTATION_DEAD_MAN
         "':'1'}},'spec':{}}",
         "not stopped by policy"},
        {"{'metadata':{'name':'web'}}", "not stopped by policy"},
        {"[]]", "not JSON"},
    };
    struct fake *f = *state;
    struct key *key = web(f);

    for (size_t i = 0; i < COUNT(rows); i++) {
        brake_forget(key);
        key->brake.failures = 4;
        fake_fail_next(f, (struct fake_failure){.begins = "PATCH " DEPLOYMENT,
                                                .code = 200,
                                                .body = json_fmt(&f->arena, rows[i].body, NULL)});
        consider(f, key);
        await(f, concluded, key);
        CHECK(key->brake.state == BRAKE_PROOF_FAILED, "%s", rows[i].body);
        CHECK(strstr(brake_view(key).message, rows[i].why), "%s", brake_view(key).message);
    }
}

/* One said that it failed, and would be asked in a minute; then another is stopped. */
static void the_first_proof_hurries_the_others(void **state)
{
    struct fake *f = *state;
    struct key *key = web(f), *other = second(f);

    fake_fail_next(f, (struct fake_failure){.begins = "PATCH " DEPLOYMENT,
                                            .code = 403,
                                            .body = "{\"kind\":\"Status\",\"code\":403}"});
    other->brake.failures = 7;
    brake_consider(
        other, &(struct world){
                   .rollout = stored_rollout(f, "other"),
                   .dep = store_get(f->ctl.store, KIND_DEPLOYMENT, "shop", "web")->as.deployment});
    await(f, concluded, other);
    assert_int_equal(other->brake.state, BRAKE_PROOF_FAILED);
    consider(f, key);
    await(f, is_proved, key);
    await(f, is_proved, other); /* in seconds, not in a minute */
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

/* A rival's is not asked about, nor what is going, nor what is not there. */
static void only_where_a_plan_sees_one(void **state)
{
    struct fake *f = *state;
    struct key *key = web(f);
    struct world w = {.rollout = stored_rollout(f, "web"),
                      .dep =
                          store_get(f->ctl.store, KIND_DEPLOYMENT, "shop", "web")->as.deployment};
    struct deployment going = *w.dep;

    w.rival = "elder";
    brake_consider(key, &w);
    assert_false(key->brake.queued);
    w.rival = NULL;
    w.dep = NULL;
    brake_consider(key, &w);
    assert_false(key->brake.queued);
    going.meta.deleting_ms = 1;
    w.dep = &going;
    brake_consider(key, &w);
    assert_false(key->brake.queued);
}

static void a_deployment_that_went_is_not_asked_about(void **state)
{
    struct fake *f = *state;
    struct key *key = web(f);

    f->ctl.leading = false;
    consider(f, key);
    store_remove(f->ctl.store, KIND_DEPLOYMENT, "shop", "web", "u", 1);
    f->ctl.leading = true;
    prover_policy_changed(f->ctl.prover);
    await(f, given_up, key);
    assert_int_equal(f->ctl.metrics.proofs, 0);
}

/* Its pass is under way, so the key is still there. */
static void a_rollout_that_went_is_not_asked_about(void **state)
{
    struct fake *f = *state;
    struct key *key = web(f);

    f->ctl.leading = false;
    consider(f, key);
    key->pass = (struct pass *)f;
    store_remove(f->ctl.store, KIND_ROLLOUT, "shop", "web", "u", 1);
    assert_true(key->gone);
    f->ctl.leading = true;
    prover_policy_changed(f->ctl.prover);
    await(f, given_up, key);
    assert_int_equal(f->ctl.metrics.proofs, 0);
    key->pass = NULL;
    key_forget(key);
}

static void stopping_nothing_is_asked(void **state)
{
    struct fake *f = *state;
    struct key *key = web(f);

    consider(f, key);
    f->ctl.stopping = true;
    loop_run_until(f->ctl.loop, never, f, 50);
    assert_int_equal(f->ctl.metrics.proofs, 0);
    assert_true(key->brake.queued);
}

/* Proofs of many Rollouts go out a few at a time: the others wait for an answer. */
static void so_many_at_once(void **state)
{
    struct fake *f = *state;
    struct key *key = web(f);

    for (int i = 0; i < 12; i++) {
        const char *name = arena_printf(&f->arena, "r%d", i);
        const char *path =
            arena_printf(&f->arena, "/apis/sluice.dev/v1beta1/namespaces/shop/rollouts/%s", name);
        fake_put(f, path, json_fmt(&f->arena, "'namespace':'shop','name':%q,'uid':%q", name, name),
                 json_fmt(&f->arena, SPEC STABLE));
        keep(f, KIND_ROLLOUT, path);
        consider(f, key_of(&f->ctl, store_get(f->ctl.store, KIND_ROLLOUT, "shop", name)));
    }
    for (int i = 0; i < 7; i++)
        fake_fail_next(f, (struct fake_failure){.begins = "PATCH " DEPLOYMENT, .hangs = true});
    loop_run_until(f->ctl.loop, all_asked, f, 1000);
    loop_run_until(f->ctl.loop, never, f, 100);
    assert_int_equal(f->ctl.metrics.proofs, 12); /* one place was left, and used in turn */
    fake_fail_next(f, (struct fake_failure){.begins = "PATCH " DEPLOYMENT, .hangs = true});
    consider(f, key);
    loop_run_until(f->ctl.loop, never, f, 50);
    assert_int_equal(f->ctl.metrics.proofs, 13); /* the eighth */
    key->brake.queued = false;
    brake_forget(key);
    key = second(f);
    brake_consider(
        key, &(struct world){
                 .rollout = stored_rollout(f, "other"),
                 .dep = store_get(f->ctl.store, KIND_DEPLOYMENT, "shop", "web")->as.deployment});
    await(f, is_proved, key);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_change_that_is_stopped_proves_it),
        TEST(one_that_is_not_stopped_fails_it),
        TEST(a_refusal_fails_it_in_the_servers_words),
        TEST(the_first_proof_tells_the_others),
        TEST(no_deployment_no_proof),
        TEST(the_same_verdict_is_no_news),
        TEST(what_proves_nothing_fails_it),
        TEST(the_first_proof_hurries_the_others),
        TEST(only_where_a_plan_sees_one),
        TEST(a_deployment_that_went_is_not_asked_about),
        TEST(a_rollout_that_went_is_not_asked_about),
        TEST(stopping_nothing_is_asked),
        TEST(so_many_at_once),
        TEST(only_where_there_is_something_to_brake),
        TEST(what_changed_since_it_was_due),
        TEST(forgotten_under_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The brake over time: when a proof is asked for again, whose turn it is, and what is asked. Chance
 * and clock are this file's (api.md 8). */
#include "brake_bench.h"

#define ADDS_MAX 64

/* Each time that a proof was put in line: whose, and how long from then. */
static struct {
    struct add {
        char key[32];
        int64_t in_ms;
    } adds[ADDS_MAX];
    size_t count;
    const char *at_once; /* whose is due now, whatever was said; NULL: nobody's */
    bool highest;        /* what chance gives; else the lowest */
    size_t timers;       /* set */
    int64_t delay_ms;    /* ... and the last of them to */
    char query[128], body[512];
} noted;

__typeof__(queue_add) __wrap_queue_add;
__typeof__(queue_add) __real_queue_add;
__typeof__(loop_random) __wrap_loop_random;
__typeof__(timer_move) __wrap_timer_move;
__typeof__(timer_move) __real_timer_move;
__typeof__(kube_send) __wrap_kube_send;
__typeof__(kube_send) __real_kube_send;

void __wrap_queue_add(struct queue *q, const char *key, int64_t due_ms,
                      enum queue_priority priority, const char *reason)
{
    if (str_equal(reason, "proof") && noted.count < ADDS_MAX) {
        struct add *add = &noted.adds[noted.count++];

        snprintf(add->key, sizeof(add->key), "%s", key);
        add->in_ms = due_ms - clock_mono_ms();
    }
    if (str_equal(reason, "proof") && str_equal(key, noted.at_once))
        due_ms = 0;
    __real_queue_add(q, key, due_ms, priority, reason);
}

int64_t __wrap_loop_random(int64_t lo, int64_t hi)
{
    return noted.highest ? hi : lo;
}

void __wrap_timer_move(struct timer *timer, int64_t delay_ms)
{
    noted.timers++;
    noted.delay_ms = delay_ms;
    __real_timer_move(timer, delay_ms);
}

struct kube_call *__wrap_kube_send(struct kube_client *c, const struct kube_request *req,
                                   kube_done *done, void *arg)
{
    snprintf(noted.query, sizeof(noted.query), "%s", req->query ? req->query : "");
    snprintf(noted.body, sizeof(noted.body), "%s", req->body ? req->body : "");
    return __real_kube_send(c, req, done, arg);
}

static int begin(void **state)
{
    memset(&noted, 0, sizeof(noted));
    return setup(state);
}

/* `add` was meant for so long from then; a test takes a moment itself. */
static void meant_for(const struct add *add, int64_t ms)
{
    CHECK(add->in_ms <= ms && add->in_ms > ms - 2 * SECOND_MS, "%s in %lld ms, not %lld", add->key,
          (long long)add->in_ms, (long long)ms);
}

static size_t adds_of(const struct key *key)
{
    size_t n = 0;

    for (size_t i = 0; i < noted.count; i++)
        n += str_equal(noted.adds[i].key, key->name);
    return n;
}

static struct key *named(struct fake *f, const char *name)
{
    const char *path =
        arena_printf(&f->arena, "/apis/sluice.dev/v1beta1/namespaces/shop/rollouts/%s", name);

    fake_put(f, path, json_fmt(&f->arena, "'namespace':'shop','name':%q,'uid':%q", name, name),
             json_fmt(&f->arena, SPEC STABLE));
    keep(f, KIND_ROLLOUT, path);
    return key_of(&f->ctl, store_get(f->ctl.store, KIND_ROLLOUT, "shop", name));
}

static void fail_once(struct fake *f)
{
    fake_fail_next(f, (struct fake_failure){.begins = "PATCH " DEPLOYMENT,
                                            .code = 403,
                                            .body = "{\"kind\":\"Status\",\"code\":403}"});
}

static void hang(struct fake *f, int count)
{
    while (count-- > 0)
        fake_fail_next(f, (struct fake_failure){.begins = "PATCH " DEPLOYMENT, .hangs = true});
}

/* ---- when ------------------------------------------------------------------------------------ */

/* About once an hour, and not all that began together at the same time. */
static void again_in_about_an_hour(void **state)
{
    for (int highest = 0; highest < 2; highest++) {
        struct fake *f;
        struct key *key;

        teardown(state);
        begin(state);
        f = *state;
        noted.highest = highest;
        key = web(f);
        key->brake.failures = 3;
        consider(f, key);
        await(f, is_proved, key);
        assert_int_equal(key->brake.failures, 0);
        assert_int_equal(noted.count, 2);
        meant_for(&noted.adds[0], 0);
        meant_for(&noted.adds[1], (highest ? 66 : 54) * MINUTE_MS);
    }
}

static bool nine_noted(void *arg UNUSED)
{
    return noted.count >= 9;
}

/* A policy takes effect a moment late: soon, then less and less often. */
static void a_failure_is_tried_again_in_a_minute_at_most(void **state)
{
    static const int64_t waits[] = {0, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
    struct fake *f = *state;
    struct key *key;

    put_deployment(f, false);
    key = web(f);
    noted.at_once = key->name;
    consider(f, key);
    await(f, nine_noted, key);
    f->ctl.stopping = true;
    for (size_t i = 0; i < COUNT(waits); i++)
        meant_for(&noted.adds[i], waits[i]);
    assert_int_equal(key->brake.state, BRAKE_PROOF_FAILED);
}

static bool watched(const struct fake *f, const char *list)
{
    for (size_t i = 0; i < FAKE_WATCHES; i++) {
        if (f->watches[i].req && str_equal(f->watches[i].path, list))
            return true;
    }
    return false;
}

static bool cached(void *arg)
{
    const struct fake *f = arg;

    return caches_ready(&f->ctl) && key_find(&f->ctl, "shop/web") && watched(f, POLICY) &&
           watched(f, BINDING);
}

/* In an hour, or when the policy comes: then it is proved like any other. */
static void without_a_policy_it_is_looked_at_in_an_hour(void **state)
{
    struct fake *f = *state;
    struct key *key;

    f->ctl.leading = false;
    caches_start(&f->ctl);
    CHECK(loop_run_until(f->ctl.loop, cached, f, 10000), "no caches");
    queue_close(f->ctl.queue); /* no passes: the brake alone */
    f->ctl.leading = true;
    key = key_find(&f->ctl, "shop/web");
    consider(f, key);
    await(f, concluded, key);
    assert_int_equal(key->brake.state, BRAKE_NOT_INSTALLED);
    assert_int_equal(f->ctl.metrics.proofs, 0);
    meant_for(&noted.adds[noted.count - 1], HOUR_MS);
    fake_put(f, POLICY "/" POLICY_BRAKE, "\"name\":\"" POLICY_BRAKE "\",\"uid\":\"p\"",
             "\"spec\":{}");
    fake_put(f, BINDING "/" POLICY_BRAKE, "\"name\":\"" POLICY_BRAKE "\",\"uid\":\"b\"",
             "\"spec\":{}");
    await(f, is_proved, key);
}

/* What had nothing to prove when its turn came is asked about when it has again. */
static void what_had_nothing_to_prove_may_have_again(void **state)
{
    struct fake *f = *state;
    struct key *key = web(f);

    f->ctl.leading = false;
    consider(f, key);
    store_remove(f->ctl.store, KIND_DEPLOYMENT, "shop", "web", "u", 1);
    f->ctl.leading = true;
    prover_policy_changed(f->ctl.prover);
    await(f, given_up, key);
    keep(f, KIND_DEPLOYMENT, DEPLOYMENT);
    consider(f, key);
    await(f, is_proved, key);
}

static bool third_proof(void *arg)
{
    const struct fake *f = arg;

    return f->ctl.metrics.proofs >= 3;
}

/* It failed for long, and is proved. */
static void proved_at_last(struct fake *f, struct key *key)
{
    noted.at_once = key->name;
    noted.highest = true;
    key->brake.failures = 4;
    fail_once(f);
    consider(f, key);
    await(f, is_proved, key);
}

/* That hurries who failed, once, and nobody else. */
static void only_who_failed_is_hurried(void **state)
{
    struct fake *f = *state;
    struct key *key = web(f), *failed = named(f, "failed"), *fine = named(f, "fine");

    failed->brake.queued = fine->brake.queued = true; /* in their hours */
    failed->brake.failures = 1;
    proved_at_last(f, key);
    assert_int_equal(adds_of(failed), 1);
    assert_int_equal(adds_of(fine), 0);
    for (size_t i = 0; i < noted.count; i++)
        if (str_equal(noted.adds[i].key, failed->name))
            meant_for(&noted.adds[i], 2 * SECOND_MS);
    CHECK(loop_run_until(f->ctl.loop, third_proof, f, 10000), "no third");
    loop_run_until(f->ctl.loop, never, f, 20);
    f->ctl.stopping = true;
    assert_int_equal(adds_of(failed), 1);
}

/* ... all of them. */
static void all_who_failed_are_hurried(void **state)
{
    struct fake *f = *state;
    struct key *key = web(f), *failed[24];

    for (size_t i = 0; i < COUNT(failed); i++) {
        failed[i] = named(f, arena_printf(&f->arena, "r%zu", i));
        failed[i]->brake.queued = true;
        failed[i]->brake.failures = 1;
    }
    proved_at_last(f, key);
    f->ctl.stopping = true;
    for (size_t i = 0; i < COUNT(failed); i++)
        CHECK(adds_of(failed[i]) == 1, "%s", failed[i]->name);
}

/* ---- whose turn ------------------------------------------------------------------------------ */

static struct key *many(struct fake *f, int count)
{
    struct key *last = NULL;

    for (int i = 0; i < count; i++) {
        last = named(f, arena_printf(&f->arena, "r%d", i));
        consider(f, last);
    }
    return last;
}

static bool eight_asked(void *arg)
{
    const struct fake *f = arg;

    return f->ctl.metrics.proofs == 8;
}

/* Eight hang: the ninth waits, without going round in circles, until a place is free. */
static void the_ninth_waits_for_a_place(void **state)
{
    struct fake *f = *state;
    struct key *last;
    size_t before;

    web(f);
    hang(f, 8);
    last = many(f, 9);
    CHECK(loop_run_until(f->ctl.loop, eight_asked, f, 10000), "not asked");
    loop_run_until(f->ctl.loop, never, f, 20);
    before = noted.timers;
    loop_run_until(f->ctl.loop, never, f, 50);
    assert_int_equal(f->ctl.metrics.proofs, 8);
    assert_in_range(noted.timers - before, 0, 20);
    assert_null(last->brake.call);
    noted.delay_ms = -1;
    brake_forget(key_find(&f->ctl, "shop/r0"));
    assert_int_equal(noted.delay_ms, 0); /* at once, not when another is answered */
    await(f, is_proved, last);
}

static bool all_again(void *arg)
{
    const struct fake *f = arg;

    return f->ctl.metrics.proofs == 48;
}

static bool all_once(void *arg)
{
    const struct fake *f = arg;

    return f->ctl.metrics.proofs == 24;
}

/* A change of the policy is one for all of them. */
static void all_are_asked_when_the_policy_changes(void **state)
{
    struct fake *f = *state;

    web(f);
    many(f, 24);
    CHECK(loop_run_until(f->ctl.loop, all_once, f, 10000), "not asked");
    loop_run_until(f->ctl.loop, never, f, 20);
    prover_policy_changed(f->ctl.prover);
    CHECK(loop_run_until(f->ctl.loop, all_again, f, 10000), "%d", (int)f->ctl.metrics.proofs);
}

/* A Rollout that goes takes its turn with it. */
static void who_went_has_no_turn(void **state)
{
    struct fake *f = *state;
    struct key *key = web(f), *gone = named(f, "gone");

    f->ctl.leading = false;
    consider(f, gone);
    store_remove(f->ctl.store, KIND_ROLLOUT, "shop", "gone", "gone", 1);
    assert_null(key_find(&f->ctl, "shop/gone"));
    f->ctl.leading = true;
    consider(f, key);
    await(f, is_proved, key);
    assert_int_equal(f->ctl.metrics.proofs, 1);
}

/* ---- what ------------------------------------------------------------------------------------ */

/* A change of the template that is new each time, which lets go of brake and dead man; and never
 * more than a dry run. */
static void what_is_asked_is_a_dry_run(void **state)
{
    struct fake *f = *state;
    struct key *key = web(f);
    struct err e = {0};
    const char *changed;
    cJSON *body;

    consider(f, key);
    await(f, is_proved, key);
    assert_non_null(strstr(noted.query, "dryRun=All"));
    body = json_parse(noted.body, strlen(noted.body), &e);
    CHECK(body, "%s", noted.body);
    assert_non_null(strstr(noted.body, "{\"" ANNOTATION_DEAD_MAN "\":null}"));
    assert_non_null(strstr(noted.body, "\"paused\":false"));
    changed = json_str(
        json_key(json_at(body, "spec.template.metadata.annotations"), "sluice.dev/brake-proof"),
        "");
    CHECK(time_parse(changed) > 0, "%s", noted.body);
    json_release(&body);
}

#undef TEST
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(again_in_about_an_hour),
        TEST(a_failure_is_tried_again_in_a_minute_at_most),
        TEST(without_a_policy_it_is_looked_at_in_an_hour),
        TEST(what_had_nothing_to_prove_may_have_again),
        TEST(only_who_failed_is_hurried),
        TEST(all_who_failed_are_hurried),
        TEST(the_ninth_waits_for_a_place),
        TEST(all_are_asked_when_the_policy_changes),
        TEST(who_went_has_no_turn),
        TEST(what_is_asked_is_a_dry_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Pods are listed while plans look at them, watched never, and forgotten after. */
#include "ctl_fixture.h"

#define ROLLOUT "/apis/sluice.dev/v1beta1/namespaces/shop/rollouts/web"
#define PODS    "/api/v1/namespaces/shop/pods"

static const struct deployment web = {
    .selector = {.pairs = &(const struct pair){"app", "web"}, .count = 1, .present = true}};

static struct key *key(const struct fake *f)
{
    return key_find(&f->ctl, "shop/web");
}

static void put_pod(struct fake *f, const char *name, const char *app)
{
    fake_put(f, arena_printf(&f->arena, PODS "/%s", name),
             json_fmt(&f->arena, "'namespace':'shop','name':%q,'uid':%q,'labels':{'app':%q}", name,
                      name, app),
             "\"status\":{}");
}

static int setup(void **state)
{
    struct fake *f = xcalloc(1, sizeof(*f));
    struct object *o;
    auto_json cJSON *doc = NULL;
    const char *text = fake_put((fake_open(f), f), ROLLOUT,
                                "\"namespace\":\"shop\",\"name\":\"web\",\"uid\":\"u\"",
                                "\"spec\":{\"targetRef\":{\"name\":\"web\"}}");

    doc = json_parse(text, strlen(text), NULL);
    o = object_read(KIND_ROLLOUT, doc, text, strlen(text));
    key_of(&f->ctl, o);
    object_unref(o);
    f->ctl.leading = false; /* the queue is read here, no pass begins */
    put_pod(f, "web-1", "web");
    put_pod(f, "shop-1", "shop");
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fake_close(*state);
    free(*state);
    return 0;
}

static bool woken(void *arg)
{
    const struct fake *f = arg;

    return queue_stats(f->ctl.queue).depth > 0;
}

static bool listed_twice(void *arg)
{
    const struct fake *f = arg;

    return f->lists_of_pods >= 2;
}

static bool never(void *arg UNUSED)
{
    return false;
}

static void await(struct fake *f, bool (*condition)(void *arg))
{
    assert_true(loop_run_until(f->ctl.loop, condition, f, 10000));
    queue_drop(f->ctl.queue, "shop/web");
}

static struct world seen(struct fake *f)
{
    struct world w = {.dep = &web};

    pods_view(key(f), &f->arena, &w);
    return w;
}

static void what_a_plan_asks_for_is_listed(void **state)
{
    struct fake *f = *state;
    struct world w = seen(f);

    assert_null(w.pods_of);
    pods_want(key(f), "h1", 0);
    assert_null(seen(f).pods_of);
    await(f, woken);
    w = seen(f);
    assert_string_equal(w.pods_of, "h1");
    assert_int_equal(w.pod_count, 1); /* the other Deployment's is not its affair */
    assert_string_equal(w.pods[0]->meta.name, "web-1");
    assert_null(w.pods_trouble);
}

/* The same again is no news; another pod is. */
static void it_is_kept_fresh_as_long_as_plans_ask(void **state)
{
    struct fake *f = *state;

    pods_want(key(f), "h1", 0);
    await(f, woken);
    pods_want(key(f), "h1", 0);
    await(f, listed_twice);
    assert_false(woken(f));
    put_pod(f, "web-2", "web");
    await(f, woken);
    assert_int_equal(seen(f).pod_count, 2);
}

/* The ReplicaSet counts another number of ready ones: the list is old before its time. */
static void a_list_that_is_outdated_is_made_anew(void **state)
{
    struct fake *f = *state;

    f->ctl.pods_every_ms = HOUR_MS;
    pods_want(key(f), "h1", 0);
    await(f, woken);
    pods_want(key(f), "h1", 1);
    await(f, listed_twice);
}

/* Why a pod is slow is asked seldom, and at once as soon as a gate wants to know. */
static void what_decides_nothing_is_listed_seldom(void **state)
{
    struct fake *f = *state;

    f->ctl.pods_every_ms = 400;
    pods_want(key(f), "h1", PODS_ONLY_WHY);
    await(f, woken);
    pods_want(key(f), "h1", PODS_ONLY_WHY);
    loop_run_until(f->ctl.loop, never, f, 3 * f->ctl.pods_every_ms);
    assert_int_equal(f->lists_of_pods, 1);
    pods_want(key(f), "h1", 1);
    await(f, listed_twice);
}

static void it_is_forgotten_after(void **state)
{
    struct fake *f = *state;

    pods_want(key(f), "h1", 0);
    await(f, woken);
    pods_want(key(f), NULL, 0);
    assert_null(seen(f).pods_of);
    loop_run_until(f->ctl.loop, never, f, PODS_EVERY_MS + 500);
    assert_int_equal(f->lists_of_pods, 1);
    pods_want(key(f), "h1", 0);
    pods_want(key(f), "h2", 0); /* the first is not even waited for */
    await(f, woken);
    assert_string_equal(seen(f).pods_of, "h2");
}

/* A list that fails is tried again; what was read stands until it is too old. */
static void trouble_is_told_in_time(void **state)
{
    static const struct fake_failure no = {
        .begins = "GET " PODS, .code = 403, .body = "{\"kind\":\"Status\",\"code\":403}"};
    struct fake *f = *state;

    f->ctl.pods_late_ms = 3000;
    pods_want(key(f), "h1", 0);
    await(f, woken);
    fake_fail_next(f, no);
    fake_fail_next(f, no);
    await(f, woken);
    assert_int_equal(f->lists_of_pods, 1);
    assert_null(seen(f).pods_of);
    assert_non_null(seen(f).pods_trouble);
    await(f, woken);
    assert_string_equal(seen(f).pods_of, "h1");
    assert_null(seen(f).pods_trouble);
}

/* Made again under its name, and another version: what a plan knows of them is old. */
static void another_pod_of_that_name_is_news(void **state)
{
    struct fake *f = *state;

    f->ctl.pods_every_ms = 100;
    pods_want(key(f), "h1", 0);
    await(f, woken);
    put_pod(f, "web-1", "web"); /* only its version is new */
    await(f, woken);
    fake_put(f, PODS "/web-1",
             "\"namespace\":\"shop\",\"name\":\"web-1\",\"uid\":\"u-again\",\"labels\":{\"app\":"
             "\"web\"}",
             "\"status\":{}");
    await(f, woken);
    assert_string_equal(seen(f).pods[0]->meta.uid, "u-again");
}

static void a_pod_that_cannot_be_told_is_left_out(void **state)
{
    struct fake *f = *state;

    fake_put(f, PODS "/web-0", "\"namespace\":\"shop\",\"name\":\"web-0\"", "\"status\":{}");
    pods_want(key(f), "h1", 0);
    await(f, woken);
    assert_int_equal(seen(f).pod_count, 1);
    assert_string_equal(seen(f).pods[0]->meta.name, "web-1");
}

/* Without the Deployment nobody knows which of them are its. */
static void without_a_deployment_there_are_none(void **state)
{
    struct fake *f = *state;
    struct world w = {0};

    pods_want(key(f), "h1", 0);
    await(f, woken);
    pods_view(key(f), &f->arena, &w);
    assert_null(w.pods_of);
    assert_int_equal(w.pod_count, 0);
}

/* The first list fails, again and again: told once, and anew when it fails otherwise. */
static void the_same_trouble_is_told_once(void **state)
{
    static const struct fake_failure no = {
        .begins = "GET " PODS, .code = 403, .body = "{\"kind\":\"Status\",\"code\":403}"};
    struct fake *f = *state;

    f->ctl.pods_every_ms = 800;
    f->ctl.pods_late_ms = 700; /* an answer that takes so long would be told as none */
    for (int i = 0; i < 4; i++)
        fake_fail_next(f, no);
    fake_fail_next(f, (struct fake_failure){.begins = "GET " PODS,
                                            .code = 400,
                                            .body = "{\"kind\":\"Status\",\"message\":\"other\","
                                                    "\"code\":400}"});
    pods_want(key(f), "h1", 0);
    await(f, woken);
    assert_non_null(seen(f).pods_trouble);
    while (f->failures[3].begins) { /* the same three times more */
        assert_false(woken(f));
        loop_run_until(f->ctl.loop, never, f, 5);
    }
    assert_int_equal(f->lists_of_pods, 0);
    await(f, woken);
    assert_non_null(strstr(seen(f).pods_trouble, "other"));
    await(f, woken);
    assert_null(seen(f).pods_trouble);
}

/* An API server that takes the question and never answers. */
static void no_answer_is_trouble_too(void **state)
{
    struct fake *f = *state;

    f->ctl.pods_every_ms = 100;
    f->ctl.pods_late_ms = 300;
    fake_fail_next(f, (struct fake_failure){.begins = "GET " PODS, .hangs = true});
    pods_want(key(f), "h1", 0);
    pods_want(key(f), "h1", 1); /* one is under way: it is waited for */
    await(f, woken);
    assert_string_equal(seen(f).pods_trouble, "the API server does not answer");
    await(f, woken); /* asked again */
    assert_null(seen(f).pods_trouble);
    assert_string_equal(seen(f).pods_of, "h1");
}

/* They are known, and one more list is under way: it is not asked for once more. */
static void a_list_under_way_is_waited_for(void **state)
{
    struct fake *f = *state;

    f->ctl.pods_every_ms = 50;
    pods_want(key(f), "h1", 0);
    await(f, woken);
    fake_fail_next(f, (struct fake_failure){.begins = "GET " PODS, .hangs = true});
    loop_run_until(f->ctl.loop, never, f, 150);
    for (int i = 0; i < 3; i++) {
        pods_want(key(f), "h1", 1);
        loop_run_until(f->ctl.loop, never, f, PODS_AGAIN_MS + 50);
    }
    assert_int_equal(f->lists_of_pods, 1);
    assert_string_equal(seen(f).pods_of, "h1"); /* what was read stands */
}

static void nobody_watches_pods(void **state)
{
    struct fake *f = *state;

    caches_start(&f->ctl);
    while (!caches_ready(&f->ctl))
        loop_run_until(f->ctl.loop, never, f, 50);
    for (size_t i = 0; i < FAKE_WATCHES; i++)
        CHECK(!strstr(f->watches[i].path, "/pods"), "%s", f->watches[i].path);
    assert_int_equal(f->lists_of_pods, 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_a_plan_asks_for_is_listed),
        TEST(it_is_kept_fresh_as_long_as_plans_ask),
        TEST(a_list_that_is_outdated_is_made_anew),
        TEST(what_decides_nothing_is_listed_seldom),
        TEST(it_is_forgotten_after),
        TEST(trouble_is_told_in_time),
        TEST(another_pod_of_that_name_is_news),
        TEST(a_pod_that_cannot_be_told_is_left_out),
        TEST(without_a_deployment_there_are_none),
        TEST(the_same_trouble_is_told_once),
        TEST(no_answer_is_trouble_too),
        TEST(a_list_under_way_is_waited_for),
        TEST(nobody_watches_pods),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

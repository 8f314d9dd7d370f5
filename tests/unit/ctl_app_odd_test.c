/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's start and end, at what must not be missed: where its credentials are from, what
 * may be written, and that it neither waits nor hurries (C12, C21, C68). */
#include "app_bench.h"

#include <sys/resource.h>

/* In a pod, or not at all: what lies about for people is not its own (C12). */
static void without_a_kubeconfig_it_is_in_a_pod(void **state UNUSED)
{
    struct app_options o = options();

    o.kubeconfig = NULL;
    o.log_level = (enum log_level) - 1;
    unsetenv("KUBERNETES_SERVICE_HOST");
    setenv("KUBECONFIG", kubeconfig, 1);
    noted.steps[0] = interrupt;
    assert_int_equal(run(&o), 1);
    unsetenv("KUBECONFIG");
    assert_null(noted.ctl);
}

/* Credentials are in its memory: none of that is left behind on a disk (C21). */
static void it_leaves_no_core(void **state UNUSED)
{
    struct app_options o = options();
    struct rlimit core;

    assert_int_equal(getrlimit(RLIMIT_CORE, &core), 0);
    if (core.rlim_max == 0)
        skip(); /* there would be none anyway */
    noted.steps[0] = interrupt;
    assert_int_equal(run(&o), 0);
    assert_int_equal(getrlimit(RLIMIT_CORE, &core), 0);
    assert_int_equal(core.rlim_cur, 0);
    assert_int_equal(core.rlim_max, 0);
}

static void see_pumped(struct ctl *c)
{
    see(c);
    noted.seen.deployments = (size_t)noted.pumped;
    noted.pumped = 0;
}

/* What waits is looked for at once, and every second. */
static void elected_it_begins_at_once(void **state UNUSED)
{
    struct app_options o = options();

    o.leader_elect = true;
    noted.steps[0] = elected;
    noted.steps[1] = see_pumped;
    noted.steps[2] = terminate;
    assert_int_equal(run(&o), 0);
    assert_int_equal(noted.seen.deployments, 1);
}

static void on_refused(const struct kube_reply *reply, void *arg UNUSED)
{
    noted.refused = reply->err;
}

static void write_something(struct ctl *c)
{
    kube_send(c->client, &(struct kube_request){.verb = KUBE_DELETE, .path = "/nowhere"},
              on_refused, NULL);
}

/* A write leaves only while the lease is held, whoever believed to lead when it was made (C68). */
static void without_its_lease_nothing_is_written(void **state UNUSED)
{
    struct app_options o = options();

    o.leader_elect = true;
    for (int held = 0; held < 2; held++) {
        noted.may_write = held;
        noted.refused = (struct err){0};
        noted.steps[0] = elected;
        noted.steps[1] = write_something;
        noted.steps[2] = see;
        noted.steps[3] = terminate;
        assert_int_equal(run(&o), 0);
        assert_int_equal(noted.refused.kind, ERR_RETRY);
        CHECK((strstr(noted.refused.text, "not the leader") == NULL) == (held == 1), "%s",
              noted.refused.text);
    }
}

/* Nothing is under way: it does not wait for what it would at most. */
static void at_rest_it_ends_at_once(void **state UNUSED)
{
    struct app_options o = options();
    const int64_t before = clock_mono_ms();

    noted.steps[0] = interrupt;
    assert_int_equal(run(&o), 0);
    assert_in_range(clock_mono_ms() - before, 0, 4000);
}

static void do_work(struct ctl *c)
{
    queue_add(c->queue, "shop/web", clock_mono_ms(), QUEUE_HIGH, "test");
}

/* Every fifteen seconds, but where nothing was done there is nothing to give back. */
static void the_heap_is_trimmed_after_work_only(void **state UNUSED)
{
    for (int work = 0; work < 2; work++) {
        struct app_options o = options();

        noted = (struct noted){.hurried_ms = 15 * SECOND_MS};
        noted.steps[0] = work ? do_work : see;
        noted.steps[1] = interrupt;
        assert_int_equal(run(&o), 0);
        assert_int_equal(noted.trims, 1 + work);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_leaves_no_core), /* first: it stays so */
        TEST(without_a_kubeconfig_it_is_in_a_pod),
        TEST(elected_it_begins_at_once),
        TEST(without_its_lease_nothing_is_written),
        TEST(at_rest_it_ends_at_once),
        TEST(the_heap_is_trimmed_after_work_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The operator from start to end: what keeps it from starting, who leads, how it stops (C68, C70,
 * C81). Caches and lease are this file; no server is asked. */
#include "app_bench.h"

/* ---- the start ------------------------------------------------------------------------------- */

/* It says so and ends with 1; all that was begun is given back. */
static void what_keeps_it_from_starting(void **state UNUSED)
{
    struct app_options o = options();

    o.log_level = (enum log_level) - 1; /* nothing is logged here */
    o.kubeconfig = "/nonexistent";
    assert_int_equal(run(&o), 1);
    o.kubeconfig = kubeconfig;
    noted.no_client = true;
    assert_int_equal(run(&o), 1);
    noted.no_client = false;
    o.listen_address = "no-address";
    assert_int_equal(run(&o), 1);
    o.listen_address = NULL;
    o.leader_elect = true;
    noted.no_lease = true;
    assert_int_equal(run(&o), 1);
    assert_null(noted.ctl); /* nothing is watched */
}

/* What could not be told to stop does not start. */
static void without_signals_it_does_not_start(void **state UNUSED)
{
    static const int signals[] = {SIGTERM, SIGINT};
    struct app_options o = options();

    o.log_level = (enum log_level) - 1;
    for (size_t i = 0; i < COUNT(signals); i++) {
        noted.no_signal = signals[i];
        assert_int_equal(run(&o), 1);
        assert_int_equal(noted.step, 0);
        assert_non_null(strstr(noted.why, "signals"));
    }
}

/* ---- who leads ------------------------------------------------------------------------------- */

static void without_election_it_leads(void **state UNUSED)
{
    struct app_options o = options();

    noted.steps[0] = interrupt;
    assert_int_equal(run(&o), 0);
    assert_false(noted.seen.listening);
    assert_true(noted.seen.leading);
    assert_true(noted.seen.leading_ms > 0);
    assert_false(noted.seen.stopping);
    assert_int_equal(noted.leases + noted.released, 0);
}

static void asked_to_it_listens(void **state UNUSED)
{
    struct app_options o = options();

    o.listen_address = "127.0.0.1";
    noted.steps[0] = interrupt;
    assert_int_equal(run(&o), 0);
    assert_true(noted.seen.listening);
}

static void elected_it_leads(void **state UNUSED)
{
    struct app_options o = options();
    char host[256] = "";

    o.leader_elect = true;
    noted.steps[0] = see;
    noted.steps[1] = elected;
    noted.steps[2] = interrupt;
    assert_int_equal(run(&o), 0);
    assert_true(noted.seen.leading);
    assert_int_equal(noted.leases, 1);
    assert_string_equal(noted.lease_name, "sluice-controller");
    assert_string_equal(noted.epoch, "1");
    assert_string_equal(noted.lease_namespace, "at-home");
    assert_int_equal(gethostname(host, sizeof(host) - 1), 0);
    assert_int_equal(strncmp(noted.identity, host, strlen(host)), 0); /* that is the pod's name */
    assert_int_equal(noted.identity[strlen(host)], '_');
    assert_int_equal(noted.released, 1);
    assert_int_equal(noted.freed, 1);
}

static void it_stands_by_until_then(void **state UNUSED)
{
    struct app_options o = options();

    o.leader_elect = true;
    o.lease_namespace = "elsewhere";
    noted.steps[0] = interrupt;
    assert_int_equal(run(&o), 0);
    assert_false(noted.seen.leading);
    assert_string_equal(noted.lease_namespace, "elsewhere");
}

/* Another has it: nothing is given back, and whoever restarts it sees that it failed. */
static void a_lost_lease_ends_it(void **state UNUSED)
{
    struct app_options o = options();

    o.log_level = (enum log_level) - 1;
    o.leader_elect = true;
    noted.steps[0] = elected;
    noted.steps[1] = lost;
    assert_int_equal(run(&o), 1);
    assert_false(noted.seen.leading);
    assert_true(noted.seen.stopping);
    assert_int_equal(noted.released, 0);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void begin_a_pass(struct ctl *c)
{
    c->passes = 1;
    raise(SIGTERM);
}

static void elected_meanwhile(struct ctl *c)
{
    noted.lease.on_lead(1, noted.lease.arg);
    see(c);
}

static void end_the_pass(struct ctl *c)
{
    see(c);
    c->passes = 0;
}

/* The write under way ends first; who is elected meanwhile leads no more. */
static void a_write_under_way_is_waited_for(void **state UNUSED)
{
    struct app_options o = options();

    o.leader_elect = true;
    noted.steps[0] = begin_a_pass;
    noted.steps[1] = elected_meanwhile;
    noted.steps[2] = end_the_pass;
    assert_int_equal(run(&o), 0);
    assert_true(noted.seen.stopping);
    assert_false(noted.seen.leading);
    assert_int_equal(noted.seen.released, 0); /* until then */
    assert_int_equal(noted.released, 1);
}

static void time_passes(struct ctl *c)
{
    see(c);
    noted.clock_ahead_ms = 4600;
}

static void it_is_not_waited_for_for_ever(void **state UNUSED)
{
    struct app_options o = options();

    o.leader_elect = true;
    noted.steps[0] = begin_a_pass;
    noted.steps[1] = time_passes;
    assert_int_equal(run(&o), 0);
    assert_int_equal(strncmp(noted.stops, "ln", 2), 0); /* first no more begin, then none goes on */
    assert_int_equal(noted.seen.released, 0);
    assert_int_equal(noted.released, 1);
}

/* Who asks twice is in a hurry. */
static void a_second_signal_ends_it_at_once(void **state UNUSED)
{
    struct app_options o = options();
    pid_t child;
    int status = 0;

    o.log_level = (enum log_level) - 1;
    noted.steps[0] = begin_a_pass;
    noted.steps[1] = terminate;
    child = fork();
    if (child == 0)
        exit(app_run(&o));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 41);
}

/* ---- at rest --------------------------------------------------------------------------------- */

static void keep(struct ctl *c, enum kube_kind kind, const char *uid, const char *spec)
{
    struct arena a = {0};
    const char *text = json_fmt(&a,
                                "{'metadata':{'namespace':'shop','name':'web','uid':%q,"
                                "'resourceVersion':'5'},'spec':%r}",
                                uid, spec);
    auto_json cJSON *doc = json_parse(text, strlen(text), NULL);
    struct object *o = object_read(kind, doc, text, strlen(text));

    store_put(c->store, o, 1);
    object_unref(o);
    arena_release(&a);
}

static void leave_something(struct ctl *c)
{
    keep(c, KIND_ROLLOUT, "r", "{\"targetRef\":{\"name\":\"web\"}}");
    keep(c, KIND_DEPLOYMENT, "d", "{}");
    see(c);
    assert_int_equal(noted.seen.deployments, 1);
    store_remove(c->store, KIND_ROLLOUT, "shop", "web", "r", 2);
    timer_move(c->housekeeping, 0);
}

/* What only a deleted Rollout needed is let go. */
static void it_keeps_house(void **state UNUSED)
{
    struct app_options o = options();

    noted.steps[0] = leave_something;
    noted.steps[1] = interrupt;
    assert_int_equal(run(&o), 0);
    assert_int_equal(noted.seen.deployments, 0);
    assert_in_range(noted.house_ms, 1, HOUR_MS); /* and again */
}

static void ignore_reply(const struct kube_reply *reply UNUSED, void *arg UNUSED) {}

static void ask_something(struct ctl *c)
{
    kube_send(c->client, &(struct kube_request){.verb = KUBE_DELETE, .path = "/nowhere"},
              ignore_reply, NULL);
}

static void count_requests(struct ctl *c)
{
    noted.seen.deployments = c->metrics.requests[KUBE_DELETE].count;
    raise(SIGTERM);
}

static void its_requests_are_measured(void **state UNUSED)
{
    struct app_options o = options();

    noted.steps[0] = ask_something;
    noted.steps[1] = see;
    noted.steps[2] = count_requests;
    assert_int_equal(run(&o), 0);
    assert_int_equal(noted.seen.deployments, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_keeps_it_from_starting),
        TEST(without_signals_it_does_not_start),
        TEST(without_election_it_leads),
        TEST(asked_to_it_listens),
        TEST(elected_it_leads),
        TEST(it_stands_by_until_then),
        TEST(a_lost_lease_ends_it),
        TEST(a_write_under_way_is_waited_for),
        TEST(it_is_not_waited_for_for_ever),
        TEST(a_second_signal_ends_it_at_once),
        TEST(it_keeps_house),
        TEST(its_requests_are_measured),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The operator from start to end: what keeps it from starting, who leads, how it stops (C68, C70,
 * C81). Caches and lease are this file; no server is asked. */
#include "../../src/ctl/ctl.h"
#include "check.h"
#include "sluice/json/jfmt.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static struct noted {
    struct ctl *ctl;
    void (*steps[4])(struct ctl *c); /* what happens, 30 ms after each other */
    int step;
    struct timer *timer;
    bool no_client, no_lease;
    int no_signal; /* that cannot be waited for; 0: all can */
    char lease_name[40], lease_namespace[40], identity[320];
    struct lease_spec lease;
    int leases, released, freed;
    int64_t clock_ahead_ms;
    struct fact {
        bool leading, stopping, listening;
        int64_t leading_ms;
        int released;
        size_t deployments;
    } seen;
} noted;

__typeof__(caches_start) __wrap_caches_start;
__typeof__(kube_client_new) __wrap_kube_client_new;
__typeof__(kube_client_new) __real_kube_client_new;
__typeof__(lease_new) __wrap_lease_new;
__typeof__(lease_release) __wrap_lease_release;
__typeof__(lease_free) __wrap_lease_free;
__typeof__(lease_leading) __wrap_lease_leading;
__typeof__(loop_on_signal) __wrap_loop_on_signal;
__typeof__(loop_on_signal) __real_loop_on_signal;
__typeof__(clock_mono_ms) __wrap_clock_mono_ms;
__typeof__(clock_mono_ms) __real_clock_mono_ms;
__typeof__(_exit) __wrap__exit;

static void next_step(void *arg)
{
    struct ctl *c = arg;

    if (noted.steps[noted.step])
        noted.steps[noted.step++](c);
    timer_move(noted.timer, 30);
}

void __wrap_caches_start(struct ctl *c)
{
    noted.ctl = c;
    noted.timer = loop_timer(c->loop, 10, next_step, c);
}

struct kube_client *__wrap_kube_client_new(struct loop *loop, const struct kube_config *config,
                                           const char *commit, struct err *e)
{
    if (!noted.no_client)
        return __real_kube_client_new(loop, config, commit, e);
    err_set(e, ERR_INVALID, "no client");
    return NULL;
}

struct lease *__wrap_lease_new(struct kube_client *c UNUSED, const struct lease_spec *spec,
                               struct err *e)
{
    if (noted.no_lease) {
        err_set(e, ERR_INVALID, "no lease");
        return NULL;
    }
    noted.leases++;
    noted.lease = *spec;
    snprintf(noted.lease_name, sizeof(noted.lease_name), "%s", spec->name);
    snprintf(noted.lease_namespace, sizeof(noted.lease_namespace), "%s", spec->namespace);
    snprintf(noted.identity, sizeof(noted.identity), "%s", spec->identity);
    return (struct lease *)&noted;
}

void __wrap_lease_release(struct lease *l, void (*done)(void *arg), void *arg)
{
    assert_ptr_equal(l, &noted);
    noted.released++;
    done(arg);
}

void __wrap_lease_free(struct lease *l)
{
    noted.freed += l != NULL;
}

bool __wrap_lease_leading(const struct lease *l UNUSED)
{
    return true;
}

bool __wrap_loop_on_signal(struct loop *l, int signo, void (*fn)(int signo, void *arg), void *arg)
{
    return signo != noted.no_signal && __real_loop_on_signal(l, signo, fn, arg);
}

int64_t __wrap_clock_mono_ms(void)
{
    return __real_clock_mono_ms() + noted.clock_ahead_ms;
}

void __wrap__exit(int code)
{
    exit(code + 40);
}

/* ---- runs ------------------------------------------------------------------------------------ */

static char kubeconfig[64];

static int setup(void **state UNUSED)
{
    static const char text[] =
        "apiVersion: v1\nkind: Config\ncurrent-context: c\n"
        "clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]\n"
        "contexts: [{name: c, context: {cluster: c, user: u, namespace: at-home}}]\n"
        "users: [{name: u, user: {token: t}}]\n";
    int fd;

    noted = (struct noted){0};
    snprintf(kubeconfig, sizeof(kubeconfig), "/tmp/sluice-app-XXXXXX");
    fd = mkstemp(kubeconfig);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, sizeof(text) - 1), (ssize_t)sizeof(text) - 1);
    close(fd);
    return 0;
}

static int teardown(void **state UNUSED)
{
    unlink(kubeconfig);
    return 0;
}

static struct app_options options(void)
{
    return (struct app_options){.kubeconfig = kubeconfig, .log_level = LOG_ERROR};
}

static void see(struct ctl *c)
{
    noted.seen = (struct fact){.leading = c->leading,
                               .stopping = c->stopping,
                               .listening = c->health != NULL,
                               .leading_ms = c->leading_ms,
                               .released = noted.released,
                               .deployments = store_count(c->store, KIND_DEPLOYMENT)};
}

static void terminate(struct ctl *c UNUSED)
{
    raise(SIGTERM);
}

static void interrupt(struct ctl *c)
{
    see(c);
    raise(SIGINT);
}

static void elected(struct ctl *c UNUSED)
{
    noted.lease.on_lead(1, noted.lease.arg);
}

static void lost(struct ctl *c)
{
    noted.lease.on_lost("taken", noted.lease.arg);
    see(c);
}

static int run(const struct app_options *o)
{
    const int code = app_run(o);

    noted.step = 0;
    return code;
}

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

    o.leader_elect = true;
    noted.steps[0] = see;
    noted.steps[1] = elected;
    noted.steps[2] = interrupt;
    assert_int_equal(run(&o), 0);
    assert_true(noted.seen.leading);
    assert_int_equal(noted.leases, 1);
    assert_string_equal(noted.lease_name, "sluice-controller");
    assert_string_equal(noted.lease_namespace, "at-home");
    assert_non_null(strchr(noted.identity, '_'));
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

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

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

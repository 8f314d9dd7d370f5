/* SPDX-License-Identifier: Apache-2.0 */
/* The gate runner over time: when it asks again, what it keeps, and that nobody holds up others. */
#include "gate_fixture.h"

#include <netinet/in.h>
#include <sys/socket.h>

#define LONG_MS 20000 /* for what must come, on a busy machine too */

/* --- connections, counted where they are opened: a server sees an end late ---------------- */

__typeof__(socket) __real_socket, __wrap_socket;
static int opened[2048];
static size_t opened_count, opened_most;

static bool leads_to_server(int fd)
{
    struct sockaddr_in peer = {0};
    socklen_t len = sizeof(peer);

    return getpeername(fd, (struct sockaddr *)&peer, &len) == 0 &&
           peer.sin_port == htons((uint16_t)server.port);
}

int __wrap_socket(int domain, int type, int protocol)
{
    const int fd = __real_socket(domain, type, protocol);
    size_t kept = 0;

    for (size_t i = 0; i < opened_count; i++)
        if (opened[i] != fd && leads_to_server(opened[i]))
            opened[kept++] = opened[i];
    assert_in_range(kept, 0, COUNT(opened) - 1);
    opened[kept++] = fd;
    opened_count = kept;
    opened_most = kept > opened_most ? kept : opened_most;
    return fd;
}

static bool none_open(void *arg UNUSED)
{
    return gate_stats(runner).open == 0;
}

static bool as_many_open(void *arg)
{
    return gate_stats(runner).open == *(const size_t *)arg;
}

static void await_open(size_t count)
{
    if (!loop_run_until(loop, as_many_open, &count, LONG_MS))
        fail_msg("%zu open, not %zu", gate_stats(runner).open, count);
}

static bool hit_again(void *arg)
{
    return server.hits >= *(const int *)arg;
}

/* --- again and again -------------------------------------------------------------------------- */

static void answers_are_counted_in_a_row(void **state UNUSED)
{
    struct ask ask = probe_ask(PROBE_HTTP, "/ok", 1);

    spec_of(&ask)->probe.every_ms = 1; /* no less than GATE_EVERY_MIN_MS */
    gate_run(runner, "shop/web", &ask, 1);
    wait_answers("shop/web", 4, LONG_MS);
    assert_int_equal(reading("shop/web").good, 4);
    assert_int_equal(answered_count, 4);
    assert_true(reading("shop/web").at_ms - reading("shop/web").since_ms >= 2 * GATE_EVERY_MIN_MS);
}

static void a_question_is_asked_once_however_often_plans_ask(void **state UNUSED)
{
    struct ask ask = probe_ask(PROBE_HTTP, "/hang", 1);

    spec_of(&ask)->probe.every_ms = 100;
    spec_of(&ask)->probe.timeout_ms = GATE_TIMEOUT_MAX_MS;
    for (int i = 0; i < 50; i++) {
        gate_run(runner, "shop/web", &ask, 1);
        pass_time(10);
    }
    await(has_come, "the question");
    assert_int_equal(server.hits, 1); /* `every` is long over, but the answer is still due */
    assert_int_equal(gate_stats(runner).questions, 1);
    assert_int_equal(gate_stats(runner).open, 1);
}

static void what_is_no_longer_asked_rests_with_its_counts(void **state UNUSED)
{
    struct ask ask = probe_ask(PROBE_HTTP, "/ok", 1);
    int hits;

    spec_of(&ask)->probe.every_ms = 100;
    gate_run(runner, "shop/web", &ask, 1);
    wait_answers("shop/web", 2, LONG_MS);
    gate_run(runner, "shop/web", NULL, 0);
    await(none_open, "the last answer");
    hits = server.hits;
    pass_time(400);
    assert_int_equal(server.hits, hits);
    assert_true(reading("shop/web").good >= 2);
    assert_int_equal(gate_stats(runner).questions, 0);
    gate_run(runner, "shop/web", &ask, 1);
    wait_answers("shop/web", reading("shop/web").good + 1, LONG_MS);
    assert_true(reading("shop/web").good >= 3);
}

static void other_pods_are_the_same_question_another_bound_is_not(void **state UNUSED)
{
    struct ask ask = metric_ask("/low"), others = metric_ask("/low");

    assert_int_equal(ask_once(ask, LONG_MS).good, 1);
    others.query = "up{pod=\"x\"}";
    gate_run(runner, "shop/web", &others, 1);
    assert_int_equal(reading("shop/web").good, 1);
    spec_of(&others)->metric.max = "0.05";
    gate_run(runner, "shop/web", &others, 1);
    assert_int_equal(reading("shop/web").good, 0);
    wait_answers("shop/web", 1, LONG_MS);
    assert_reading(reading("shop/web"), 0, 1, 0, "0.1 above 0.05");
    others.step = 2;
    gate_run(runner, "shop/web", &others, 1);
    assert_true(loop_run_until(loop, hit_again, &(int){3}, LONG_MS));
    await(none_open, "the last answer");
    assert_int_equal(server.hits, 3);
}

static void a_later_since_begins_anew(void **state UNUSED)
{
    struct ask ask = probe_ask(PROBE_HTTP, "/503", 1);

    spec_of(&ask)->probe.every_ms = 200;
    gate_run(runner, "shop/web", &ask, 1);
    wait_answers("shop/web", 2, LONG_MS);
    ask.since_ms = clock_wall_ms() + 1;
    gate_run(runner, "shop/web", &ask, 1);
    assert_int_equal(reading("shop/web").bad, 0);
    assert_int_equal(reading("shop/web").at_ms, 0);
    assert_int_equal(reading("shop/web").since_ms, ask.since_ms);
    gate_run(runner, "shop/web", &ask, 1); /* the same again is the same */
    wait_answers("shop/web", 1, LONG_MS);
    assert_int_equal(reading("shop/web").bad, 1);
}

/* An answer to what was asked before the new count began is not of it. */
static void answers_under_way_do_not_count_for_a_later_since(void **state UNUSED)
{
    struct ask ask = probe_ask(PROBE_HTTP, "/hang", 1);

    spec_of(&ask)->probe.timeout_ms = 2000;
    gate_run(runner, "shop/web", &ask, 1);
    await(has_come, "the question");
    ask.since_ms = clock_wall_ms() + 1;
    gate_run(runner, "shop/web", &ask, 1);
    await(none_open, "the end of its time");
    assert_int_equal(server.hits, 1);
    assert_int_equal(reading("shop/web").bad, 0);
    assert_int_equal(answered_count, 0);
}

static void counting_goes_on_where_status_left_it(void **state UNUSED)
{
    struct ask ask = metric_ask("/low");

    ask.samples = 11;
    ask.good = 7;
    ask.since_ms = 1000;
    assert_int_equal(ask_once(ask, LONG_MS).good, 8);
    assert_int_equal(reading("shop/web").samples, 12);
    assert_int_equal(reading("shop/web").since_ms, 1000);
}

static void broken_questions_say_why_without_a_call(void **state UNUSED)
{
    struct ask broken = metric_ask("/low"), nowhere = metric_ask("/low");

    broken.broken = "$(x) is not known";
    assert_reading(ask_once(broken, 1000), 0, 0, 1, "$(x) is not known");
    nowhere.address = NULL;
    gate_run(runner, "shop/api", &nowhere, 1);
    wait_answers("shop/api", 1, 1000);
    assert_string_equal(reading("shop/api").message, "no address to ask");
    assert_int_equal(server.hits, 0);
}

static void approvals_are_not_asked(void **state UNUSED)
{
    static const struct gate_spec person = {.name = "sign-off", .kind = GATE_APPROVAL};
    const struct ask ask = {.gate = &person, .revision = "s1-a", .step = 1};
    const struct reading *all;

    gate_run(runner, "shop/web", &ask, 1);
    assert_int_equal(gate_readings(runner, "shop/web", &arena, &all), 0);
}

/* --- nobody holds up others ------------------------------------------------------------------- */

static bool all_stand_in_line(void *arg UNUSED)
{
    return gate_stats(runner).open + gate_stats(runner).waiting == 40;
}

static void a_host_that_hangs_keeps_few_places(void **state UNUSED)
{
    static struct rude_server other;
    struct ask fine;

    rude_start(&other);
    opened_most = 0;
    for (int i = 0; i < 40; i++) {
        const struct ask ask = metric_ask("/hang");

        gate_run(runner, arena_printf(&arena, "shop/dead-%d", i), &ask, 1);
    }
    await(all_stand_in_line, "all questions");
    await(has_come, "a question");
    assert_int_equal(gate_stats(runner).open, GATE_QUERIES_TO_HOST_MAX);
    fine = metric_ask("/low");
    fine.address = arena_printf(&arena, "http://127.0.0.1:%d/low", other.port);
    assert_int_equal(ask_once(fine, GATE_QUERY_TIMEOUT_MS).good, 1);
    assert_int_equal(answered_count, 1); /* before any of the others came to its end */
    assert_in_range(opened_most, 1, GATE_QUERIES_TO_HOST_MAX + 1); /* with the one elsewhere */
    gate_runner_free(runner);                                      /* with all of that under way */
    start_runner(false, NULL);
    rude_stop(&other);
}

static void dead_pods_of_many_hold_up_nobody_for_long(void **state UNUSED)
{
    struct ask ask = probe_ask(PROBE_HTTP, "/hang", GATE_PODS_MAX);

    opened_most = 0;
    spec_of(&ask)->probe.timeout_ms = 500;
    spec_of(&ask)->probe.every_ms = 100;
    for (int i = 0; i < 60; i++)
        gate_run(runner, arena_printf(&arena, "shop/dead-%d", i), &ask, 1);
    await_open(GATE_PROBE_ROUNDS_MAX);
    ask = probe_ask(PROBE_HTTP, "/ok", 1);
    spec_of(&ask)->probe.timeout_ms = GATE_TIMEOUT_MAX_MS;
    assert_int_equal(ask_once(ask, LONG_MS).good, 1);
    assert_in_range(opened_most, GATE_PODS_MAX, GATE_PODS_MAX * GATE_PROBE_ROUNDS_MAX);
}

/* --- ends ------------------------------------------------------------------------------------- */

static bool both_answered(void *arg UNUSED)
{
    return answered_count >= 2;
}

static void the_callback_may_forget(void **state UNUSED)
{
    const struct reading *all;
    struct ask ask = probe_ask(PROBE_HTTP, "/ok", 2), broken = metric_ask("/low");

    forget_when_answered = true;
    broken.broken = "no";
    gate_run(runner, "shop/web", &ask, 1);
    gate_run(runner, "shop/api", &broken, 1);
    await(both_answered, "both answers");
    assert_int_equal(answered_count, 2);
    assert_int_equal(gate_readings(runner, "shop/web", &arena, &all), 0);
    assert_int_equal(gate_stats(runner).open, 0);
}

static void forgetting_cancels_what_is_under_way(void **state UNUSED)
{
    struct ask asks[] = {probe_ask(PROBE_HTTP, "/hang", 3), metric_ask("/hang")};

    spec_of(&asks[0])->probe.timeout_ms = GATE_TIMEOUT_MAX_MS;
    gate_run(runner, "shop/web", asks, 2);
    await_open(2);
    gate_forget(runner, "shop/web");
    assert_int_equal(gate_stats(runner).open, 0);
    gate_forget(runner, "shop/web");
    pass_time(200);
    assert_int_equal(answered_count, 0);
}

static void many_steps_leave_few_traces(void **state UNUSED)
{
    struct ask ask = probe_ask(PROBE_HTTP, "/ok", 1);
    const struct reading *all;

    for (int i = 0; i < 500; i++) {
        ask.step = i;
        gate_run(runner, "shop/web", &ask, 1);
    }
    assert_true(gate_readings(runner, "shop/web", &arena, &all) <= 4 * GATES_MAX + 1);
    gate_runner_free(NULL);
}

static bool is_forgotten(void *arg UNUSED)
{
    const struct reading *all;

    return gate_readings(runner, "shop/web", &arena, &all) == 0;
}

/* The last question of a Rollout goes with all that was kept for it. */
static void what_nobody_asks_for_long_is_forgotten(void **state UNUSED)
{
    const struct ask ask = probe_ask(PROBE_HTTP, "/ok", 1);

    gate_runner_free(runner);
    keep_ms = 1;
    start_runner(false, NULL);
    keep_ms = 0;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ask_once(ask, LONG_MS).good, 1);
        gate_run(runner, "shop/web", NULL, 0);
        assert_true(loop_run_until(loop, is_forgotten, NULL, LONG_MS));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(answers_are_counted_in_a_row),
        TEST(a_question_is_asked_once_however_often_plans_ask),
        TEST(what_is_no_longer_asked_rests_with_its_counts),
        TEST(other_pods_are_the_same_question_another_bound_is_not),
        TEST(a_later_since_begins_anew),
        TEST(answers_under_way_do_not_count_for_a_later_since),
        TEST(counting_goes_on_where_status_left_it),
        TEST(broken_questions_say_why_without_a_call),
        TEST(approvals_are_not_asked),
        TEST(a_host_that_hangs_keeps_few_places),
        TEST(dead_pods_of_many_hold_up_nobody_for_long),
        TEST(the_callback_may_forget),
        TEST(forgetting_cancels_what_is_under_way),
        TEST(many_steps_leave_few_traces),
        TEST(what_nobody_asks_for_long_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "sluice/base/clock.h"
#include "sluice/net/loop.h"

#include <event2/event.h>
#include <signal.h>
#include <unistd.h>

struct marks {
    char text[32];
    size_t len;
    struct loop *loop;
    struct timer *timer;
};

static struct marks *marks_now; /* for callbacks without room for two things */

static void mark(struct marks *m, char c)
{
    assert_true(m->len + 1 < sizeof(m->text));
    m->text[m->len++] = c;
    m->text[m->len] = '\0';
}

static void mark_a(void *arg)
{
    mark(arg, 'a');
}

static void mark_b(void *arg)
{
    mark(arg, 'b');
}

static void mark_c_and_stop(void *arg)
{
    struct marks *m = arg;

    mark(m, 'c');
    loop_stop(m->loop);
}

static void timers_fire_by_time(void **state)
{
    struct loop *loop = loop_new();
    struct marks m = {.loop = loop};
    struct timer *b = loop_timer(loop, 10, mark_b, &m), *a = loop_timer(loop, 1, mark_a, &m),
                 *c = loop_timer(loop, 20, mark_c_and_stop, &m);
    const int64_t start_ms = clock_mono_ms();

    (void)state;
    assert_string_equal(m.text, ""); /* never inside the call that asked */
    loop_run(loop);
    assert_string_equal(m.text, "abc");
    assert_true(clock_mono_ms() - start_ms >= 19);
    timer_cancel(a);
    timer_cancel(b);
    timer_cancel(c);
    loop_free(loop);
}

static void again(void *arg)
{
    struct marks *m = arg;

    mark(m, 'x');
    if (m->len < 3)
        timer_move(m->timer, 0);
    else
        loop_stop(m->loop);
}

static void a_timer_arms_itself_again(void **state)
{
    struct loop *loop = loop_new();
    struct marks m = {.loop = loop};

    (void)state;
    m.timer = loop_timer(loop, 0, again, &m);
    loop_run(loop);
    assert_string_equal(m.text, "xxx");
    loop_free(loop); /* frees the timer too */
}

static void cancel_self(void *arg)
{
    struct marks *m = arg;

    mark(m, 'x');
    timer_cancel(m->timer);
    loop_stop(m->loop);
}

static void a_timer_cancels_itself(void **state)
{
    struct loop *loop = loop_new();
    struct marks m = {.loop = loop};

    (void)state;
    m.timer = loop_timer(loop, 0, cancel_self, &m);
    loop_run(loop);
    assert_string_equal(m.text, "x");
    loop_free(loop);
}

static void stopped_and_moved_timers(void **state)
{
    struct loop *loop = loop_new();
    struct marks m = {.loop = loop};
    struct timer *a = loop_timer(loop, 0, mark_a, &m), *b = loop_timer(loop, 0, mark_b, &m),
                 *c = loop_timer(loop, 5, mark_c_and_stop, &m);

    (void)state;
    timer_stop(a);
    timer_move(b, 60000);
    timer_stop(NULL);
    timer_cancel(NULL);
    loop_run(loop);
    assert_string_equal(m.text, "c");
    timer_cancel(a);
    timer_cancel(b);
    timer_cancel(c);
    loop_free(loop);
}

static void posts_run_in_order(void **state)
{
    struct loop *loop = loop_new();
    struct marks m = {.loop = loop};

    (void)state;
    loop_post(loop, mark_a, &m);
    loop_post(loop, mark_c_and_stop, &m);
    assert_string_equal(m.text, "");
    loop_run(loop);
    assert_string_equal(m.text, "ac");
    loop_post(loop, mark_a, &m); /* never runs, and does not leak */
    loop_free(loop);
    loop_free(NULL);
}

static bool has_two(void *arg)
{
    const struct marks *m = arg;

    return m->len >= 2;
}

static void run_until_a_condition(void **state)
{
    struct loop *loop = loop_new();
    struct marks m = {.loop = loop};

    (void)state;
    loop_post(loop, mark_a, &m);
    assert_false(loop_run_until(loop, has_two, &m, 5));
    loop_post(loop, mark_b, &m);
    assert_true(loop_run_until(loop, has_two, &m, -1));
    assert_true(loop_run_until(loop, has_two, &m, 0)); /* holds already */
    m.len = 0;
    loop_post(loop, mark_c_and_stop, &m);
    assert_false(loop_run_until(loop, has_two, &m, -1)); /* stopped */
    loop_free(loop);
}

static void on_signal(int signo, void *arg)
{
    struct marks *m = arg;

    marks_now = m;
    assert_int_equal(signo, SIGUSR1);
    mark(m, 's');
}

static void signals_come_over_the_loop(void **state)
{
    struct loop *loop = loop_new();
    struct marks m = {.loop = loop};

    (void)state;
    assert_true(loop_on_signal(loop, SIGUSR1, on_signal, &m));
    kill(getpid(), SIGUSR1);
    assert_string_equal(m.text, "");
    while (m.len < 1)
        loop_run_until(loop, has_two, &m, 1);
    kill(getpid(), SIGUSR1);
    assert_true(loop_run_until(loop, has_two, &m, 5000));
    assert_ptr_equal(marks_now, &m);
    kill(getpid(), SIGPIPE); /* ignored */
    loop_free(loop);
}

static void on_no_signal(int signo, void *arg)
{
    (void)signo;
    (void)arg;
}

static void what_nobody_can_catch_is_not_waited_for(void **state)
{
    struct loop *loop = loop_new();

    (void)state;
    assert_false(loop_on_signal(loop, SIGKILL, on_no_signal, NULL));
    loop_free(loop);
}

__typeof__(event_new) __real_event_new;
__typeof__(event_new) __wrap_event_new;
static bool no_event;

struct event *__wrap_event_new(struct event_base *base, evutil_socket_t fd, short what,
                               event_callback_fn fn, void *arg)
{
    return no_event ? NULL : __real_event_new(base, fd, what, fn, arg);
}

static void without_an_event_no_signal_is_waited_for(void **state UNUSED)
{
    struct loop *loop = loop_new();

    no_event = true;
    assert_false(loop_on_signal(loop, SIGUSR1, on_no_signal, NULL));
    no_event = false;
    loop_free(loop);
}

static void random_numbers_stay_in_range(void **state)
{
    bool seen[5] = {false};

    (void)state;
    for (int i = 0; i < 1000; i++) {
        const int64_t r = loop_random(-2, 2);
        assert_true(r >= -2 && r <= 2);
        seen[r + 2] = true;
    }
    for (size_t i = 0; i < COUNT(seen); i++)
        assert_true(seen[i]);
    assert_int_equal(loop_random(7, 7), 7);
    (void)loop_random(INT64_MIN, INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_fire_by_time),
        cmocka_unit_test(a_timer_arms_itself_again),
        cmocka_unit_test(a_timer_cancels_itself),
        cmocka_unit_test(stopped_and_moved_timers),
        cmocka_unit_test(posts_run_in_order),
        cmocka_unit_test(run_until_a_condition),
        cmocka_unit_test(signals_come_over_the_loop),
        cmocka_unit_test(what_nobody_can_catch_is_not_waited_for),
        cmocka_unit_test(without_an_event_no_signal_is_waited_for),
        cmocka_unit_test(random_numbers_stay_in_range),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

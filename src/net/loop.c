/* SPDX-License-Identifier: Apache-2.0 */
#include "sluice/net/loop.h"
#include "memory.h"
#include "sluice/base/clock.h"

#include <event2/event.h>
#include <event2/util.h>
#include <signal.h>
#include <stdlib.h>

struct signal_watch {
    struct signal_watch *next;
    struct event *event;
    void (*fn)(int signo, void *arg);
    void *arg;
};

struct post {
    struct post *next;
    void (*fn)(void *arg);
    void *arg;
};

struct loop {
    struct event_base *base;
    struct timer *timers;
    struct post *posts, **posts_end; /* first posted, first run */
    struct event *post_event;
    struct signal_watch *signals;
    bool stopped;
};

struct timer {
    struct loop *loop;
    struct timer *prev, *next;
    struct event *event;
    void (*fn)(void *arg);
    void *arg;
};

static void on_posts(evutil_socket_t fd, short what, void *arg);

/* Timers count from the moment they are set, hence no cached time; PRECISE gives milliseconds
 * instead of the kernel's tick. The loop is there before anything of the libraries is used. */
struct loop *loop_new(void)
{
    struct loop *loop = xcalloc(1, sizeof(*loop));
    struct event_config *config;

    memory_as_ours();
    config = event_config_new();
    if (!config)
        out_of_memory();
    event_config_set_flag(config, EVENT_BASE_FLAG_NO_CACHE_TIME);
    event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
    loop->base = event_base_new_with_config(config);
    event_config_free(config);
    if (!loop->base)
        out_of_memory();
    loop->posts_end = &loop->posts;
    loop->post_event = event_new(loop->base, -1, 0, on_posts, loop);
    if (!loop->post_event)
        out_of_memory();
    signal(SIGPIPE, SIG_IGN);
    return loop;
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    while (loop->timers)
        timer_cancel(loop->timers);
    while (loop->posts) {
        struct post *post = loop->posts;
        loop->posts = post->next;
        free(post);
    }
    event_free(loop->post_event);
    while (loop->signals) {
        struct signal_watch *watch = loop->signals;
        loop->signals = watch->next;
        event_free(watch->event);
        free(watch);
    }
    event_base_free(loop->base);
    free(loop);
}

struct event_base *loop_base(struct loop *loop)
{
    return loop->base;
}

/* --- running ---------------------------------------------------------------------------------- */

void loop_run(struct loop *loop)
{
    loop->stopped = false;
    /* The base gives up by itself only when epoll fails: that is a bug, and a restart its cure. */
    if (event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY) < 0)
        abort();
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
    event_base_loopbreak(loop->base);
}

static void nothing(void *arg)
{
    (void)arg;
}

bool loop_run_until(struct loop *loop, bool (*done)(void *arg), void *arg, int64_t timeout_ms)
{
    const int64_t end_ms = clock_mono_ms() + timeout_ms;
    auto_timer struct timer *wake = NULL;

    loop->stopped = false;
    if (timeout_ms >= 0)
        wake = loop_timer(loop, timeout_ms, nothing, NULL);
    while (!done(arg)) {
        if (loop->stopped || (timeout_ms >= 0 && clock_mono_ms() >= end_ms))
            return false;
        if (wake)
            timer_move(wake, max_i64(end_ms - clock_mono_ms(), 0));
        if (event_base_loop(loop->base, EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY) < 0)
            abort();
    }
    return true;
}

/* --- timers ----------------------------------------------------------------------------------- */

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    const struct timer *timer = arg;

    (void)fd;
    (void)what;
    timer->fn(timer->arg); /* may free the timer */
}

struct timer *loop_timer(struct loop *loop, int64_t delay_ms, void (*fn)(void *arg), void *arg)
{
    struct timer *timer = xcalloc(1, sizeof(*timer));

    timer->loop = loop;
    timer->fn = fn;
    timer->arg = arg;
    timer->event = event_new(loop->base, -1, 0, on_timer, timer);
    if (!timer->event)
        out_of_memory();
    timer->next = loop->timers;
    if (timer->next)
        timer->next->prev = timer;
    loop->timers = timer;
    timer_move(timer, delay_ms);
    return timer;
}

#define DELAY_MAX_MS (400 * 24 * HOUR_MS)

void timer_move(struct timer *timer, int64_t delay_ms)
{
    const int64_t ms = clamp_i64(delay_ms, 0, DELAY_MAX_MS);
    const struct timeval wait = {.tv_sec = (time_t)(ms / 1000),
                                 .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

    event_del(timer->event);
    if (event_add(timer->event, &wait) != 0)
        out_of_memory();
}

void timer_stop(struct timer *timer)
{
    if (timer)
        event_del(timer->event);
}

void timer_cancel(struct timer *timer)
{
    if (!timer)
        return;
    if (timer->prev)
        timer->prev->next = timer->next;
    else
        timer->loop->timers = timer->next;
    if (timer->next)
        timer->next->prev = timer->prev;
    event_free(timer->event);
    free(timer);
}

void timer_cancel_pointer(struct timer **timer)
{
    timer_cancel(*timer);
    *timer = NULL;
}

/* --- posts, signals, chance ------------------------------------------------------------------- */

/* Those that are there now; what they post comes with the next round. */
static void on_posts(evutil_socket_t fd, short what, void *arg)
{
    struct loop *loop = arg;
    struct post *post = loop->posts;

    (void)fd;
    (void)what;
    loop->posts = NULL;
    loop->posts_end = &loop->posts;
    while (post) {
        struct post *next = post->next;
        void (*fn)(void *arg) = post->fn;
        void *fn_arg = post->arg;
        free(post);
        fn(fn_arg);
        post = next;
    }
}

void loop_post(struct loop *loop, void (*fn)(void *arg), void *arg)
{
    struct post *post = xcalloc(1, sizeof(*post));

    post->fn = fn;
    post->arg = arg;
    *loop->posts_end = post;
    loop->posts_end = &post->next;
    event_active(loop->post_event, EV_TIMEOUT, 0);
}

static void on_signal(evutil_socket_t signo, short what, void *arg)
{
    const struct signal_watch *watch = arg;

    (void)what;
    watch->fn((int)signo, watch->arg);
}

bool loop_on_signal(struct loop *loop, int signo, void (*fn)(int signo, void *arg), void *arg)
{
    struct signal_watch *watch = xcalloc(1, sizeof(*watch));

    watch->fn = fn;
    watch->arg = arg;
    watch->event = event_new(loop->base, signo, EV_SIGNAL | EV_PERSIST, on_signal, watch);
    if (!watch->event || event_add(watch->event, NULL) != 0) {
        if (watch->event)
            event_free(watch->event);
        free(watch);
        return false;
    }
    watch->next = loop->signals;
    loop->signals = watch;
    return true;
}

int64_t loop_random(int64_t lo, int64_t hi)
{
    const uint64_t span = (uint64_t)hi - (uint64_t)lo;
    uint64_t r;

    assert(lo <= hi);
    evutil_secure_rng_get_bytes(&r, sizeof(r));
    if (span != UINT64_MAX)
        r %= span + 1;
    return (int64_t)((uint64_t)lo + r);
}

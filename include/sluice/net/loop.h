/* SPDX-License-Identifier: Apache-2.0 */
/* loop.h - the one event loop of a process: one thread, monotonic timers, signals (C1).
 *
 * Every callback of net/ and kube/ runs on the loop, never inside the call that asked for it; no
 * locks anywhere. libevent is underneath. Out of memory aborts. */
#ifndef SLUICE_NET_LOOP_H
#define SLUICE_NET_LOOP_H

#include "sluice/base/base.h"

struct loop;
struct timer;
struct event_base; /* libevent's; only src/net looks inside */

struct loop *loop_new(void);       /* owned; ignores SIGPIPE for the whole process */
void loop_free(struct loop *loop); /* NULL is fine; frees timers and signals still on it */

void loop_run(struct loop *loop);  /* until loop_stop */
void loop_stop(struct loop *loop); /* from a callback: the run returns when the callback has */

/* Runs until done(arg) holds (asked after each round of callbacks) or `timeout_ms` have passed;
 * a negative timeout never passes. True when done. For the CLI, which wants one answer, and for
 * tests. loop_stop ends it early. */
bool loop_run_until(struct loop *loop, bool (*done)(void *arg), void *arg, int64_t timeout_ms);

/* A one-shot timer. It belongs to the caller until timer_cancel, also after it fired: then it is
 * idle, and timer_move arms it again (from inside its own callback too). */
struct timer *loop_timer(struct loop *loop, int64_t delay_ms, void (*fn)(void *arg), void *arg);
void timer_move(struct timer *timer, int64_t delay_ms); /* fires once, `delay_ms` from now */
void timer_stop(struct timer *timer);                   /* idle, still the caller's; NULL is fine */
void timer_cancel(struct timer *timer); /* frees; NULL is fine; allowed in its own callback */
#define auto_timer CLEANUP(timer_cancel_pointer)
void timer_cancel_pointer(struct timer **timer);

/* `fn` once from the loop, as soon as the callbacks before it are through. */
void loop_post(struct loop *loop, void (*fn)(void *arg), void *arg);

/* `fn` on the loop each time `signo` arrives, as long as the loop lives. False: not possible. */
bool loop_on_signal(struct loop *loop, int signo, void (*fn)(int signo, void *arg), void *arg);

struct event_base *loop_base(struct loop *loop);

/* Uniform in [lo, hi]; jitter for back-offs and watch timeouts. Not for secrets. */
int64_t loop_random(int64_t lo, int64_t hi);

#endif

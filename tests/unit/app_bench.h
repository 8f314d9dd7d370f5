/* SPDX-License-Identifier: Apache-2.0 */
/* app_bench.h - the operator from start to end with caches, lease and clock of our own: what is
 * done to it step by step, and what came of it. */
#ifndef SLUICE_TESTS_UNIT_APP_BENCH_H
#define SLUICE_TESTS_UNIT_APP_BENCH_H

#include "../../src/ctl/ctl.h"
#include "check.h"
#include "sluice/json/jfmt.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static struct noted {
    struct ctl *ctl;
    void (*steps[6])(struct ctl *c); /* what happens, 30 ms after each other */
    int step;
    struct timer *timer;
    bool no_client, no_lease;
    int no_signal; /* that cannot be waited for; 0: all can */
    char lease_name[40], lease_namespace[40], identity[320];
    struct lease_spec lease;
    int leases, released, freed;
    int64_t clock_ahead_ms;
    int64_t hurried_ms; /* timers of so long come at once */
    int trims;          /* of the heap */
    bool may_write;     /* what the lease says */
    int pumped;         /* how often passes were looked for */
    char stops[8];      /* 'n' for each time that passes were stopped now, 'l' later */
    int64_t house_ms;   /* until it keeps house again */
    struct err refused; /* how the last request ended */
    char why[200];      /* it did not start, as logged */
    char epoch[32];     /* it leads, as logged */
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
__typeof__(lease_leading_arg) __wrap_lease_leading_arg;
__typeof__(passes_pump) __wrap_passes_pump;
__typeof__(passes_stop) __wrap_passes_stop;
__typeof__(passes_stop) __real_passes_stop;
__typeof__(timer_move) __wrap_timer_move;
__typeof__(timer_move) __real_timer_move;
__typeof__(loop_timer) __wrap_loop_timer;
__typeof__(loop_timer) __real_loop_timer;
__typeof__(malloc_trim) __wrap_malloc_trim;
__typeof__(loop_on_signal) __wrap_loop_on_signal;
__typeof__(loop_on_signal) __real_loop_on_signal;
__typeof__(clock_mono_ms) __wrap_clock_mono_ms;
__typeof__(clock_mono_ms) __real_clock_mono_ms;
__typeof__(_exit) __wrap__exit;
__typeof__(log_line) __wrap_log_line;

static inline void next_step(void *arg)
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

bool __wrap_lease_leading_arg(void *l)
{
    return l == &noted && noted.may_write;
}

void __wrap_passes_pump(struct ctl *c UNUSED)
{
    noted.pumped++;
}

void __wrap_passes_stop(struct ctl *c, bool now)
{
    const size_t n = strlen(noted.stops);

    if (n + 1 < sizeof(noted.stops))
        noted.stops[n] = now ? 'n' : 'l';
    __real_passes_stop(c, now);
}

void __wrap_timer_move(struct timer *timer, int64_t delay_ms)
{
    if (noted.ctl && timer == noted.ctl->housekeeping)
        noted.house_ms = delay_ms;
    __real_timer_move(timer, delay_ms == noted.hurried_ms ? 0 : delay_ms);
}

struct timer *__wrap_loop_timer(struct loop *l, int64_t delay_ms, void (*fn)(void *arg), void *arg)
{
    return __real_loop_timer(l, delay_ms == noted.hurried_ms ? 0 : delay_ms, fn, arg);
}

int __wrap_malloc_trim(size_t pad UNUSED)
{
    noted.trims++;
    return 1;
}

bool __wrap_loop_on_signal(struct loop *l, int signo, void (*fn)(int signo, void *arg), void *arg)
{
    return signo != noted.no_signal && __real_loop_on_signal(l, signo, fn, arg);
}

int64_t __wrap_clock_mono_ms(void)
{
    return __real_clock_mono_ms() + noted.clock_ahead_ms;
}

void __wrap_log_line(enum log_level level UNUSED, const char *msg, ...)
{
    const char *key;
    va_list ap;

    va_start(ap, msg);
    while ((key = va_arg(ap, const char *))) {
        const char *value = va_arg(ap, const char *);

        if (str_equal(msg, "cannot start") && str_equal(key, "err"))
            snprintf(noted.why, sizeof(noted.why), "%s", value);
        if (str_equal(msg, "leading") && str_equal(key, "epoch"))
            snprintf(noted.epoch, sizeof(noted.epoch), "%s", value);
    }
    va_end(ap);
}

void __wrap__exit(int code)
{
    exit(code + 40);
}

/* ---- runs ------------------------------------------------------------------------------------ */

static char kubeconfig[64];

static inline int setup(void **state UNUSED)
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

static inline int teardown(void **state UNUSED)
{
    unlink(kubeconfig);
    return 0;
}

static inline struct app_options options(void)
{
    return (struct app_options){.kubeconfig = kubeconfig, .log_level = LOG_ERROR};
}

static inline void see(struct ctl *c)
{
    noted.seen = (struct fact){.leading = c->leading,
                               .stopping = c->stopping,
                               .listening = c->health != NULL,
                               .leading_ms = c->leading_ms,
                               .released = noted.released,
                               .deployments = store_count(c->store, KIND_DEPLOYMENT)};
}

static inline void terminate(struct ctl *c UNUSED)
{
    raise(SIGTERM);
}

static inline void interrupt(struct ctl *c)
{
    see(c);
    raise(SIGINT);
}

static inline void elected(struct ctl *c UNUSED)
{
    noted.lease.on_lead(1, noted.lease.arg);
}

static inline void lost(struct ctl *c)
{
    noted.lease.on_lost("taken", noted.lease.arg);
    see(c);
}

static inline int run(const struct app_options *o)
{
    int code;

    noted.ctl = NULL;
    code = app_run(o);

    noted.step = 0;
    return code;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

#endif

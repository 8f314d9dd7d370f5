/* SPDX-License-Identifier: Apache-2.0 */
/* app.c - the operator from start to end: what is wired to what, who leads, how it stops. */
#include "sluice/ctl/app.h"
#include "ctl.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define LEASE_NAME            "sluice-controller"
#define MMAP_BYTES_MIN        (128 * 1024)
#define HOUSEKEEPING_MS       (10 * MINUTE_MS)
#define HOUSEKEEPING_FIRST_MS (15 * SECOND_MS) /* the first lists are done by then */
#define TRIM_MS               (15 * SECOND_MS)
#define STOP_WRITES_MS        INT64_C(4500) /* a write ends within 5 s, the server's part in 4 */
#define STOP_EVENTS_MS        INT64_C(2000)
#define STOP_STEP_MS          INT64_C(20)

struct app {
    struct ctl ctl;
    struct kube_config config;
    char host[256];
    int64_t stop_since_ms; /* monotonic; 0: not stopping */
    struct timer *stop, *trim;
    uint64_t trimmed_at; /* when the queue had got so many */
    int exit_code;
};

/* ---- leading --------------------------------------------------------------------------------- */

static void lead(void *arg)
{
    struct app *app = arg;

    if (app->ctl.stopping)
        return;
    app->ctl.leading = true;
    app->ctl.leading_ms = clock_wall_ms();
    passes_kick(&app->ctl);
}

/* C70, C73: the caches are warm, but may not have seen what the former leader wrote. */
static void on_lead(int64_t epoch, void *arg)
{
    struct app *app = arg;
    char text[32];

    snprintf(text, sizeof(text), "%lld", (long long)epoch);
    log_info("leading", "epoch", text, NULL);
    caches_relist(&app->ctl, lead, app);
}

static void on_lost(const char *why, void *arg)
{
    struct app *app = arg;

    log_error("lost the lease", "why", why, NULL);
    app->ctl.leading = false;
    passes_stop(&app->ctl, true);
    app->exit_code = 1;
    loop_stop(app->ctl.loop);
}

static bool elect(struct app *app, struct err *e)
{
    const struct app_options *o = &app->ctl.options;
    char identity[sizeof(app->host) + 40];

    if (!o->leader_elect) {
        lead(app);
        return true;
    }
    snprintf(identity, sizeof(identity), "%s_%08llx%08llx", app->host,
             (unsigned long long)loop_random(0, UINT32_MAX),
             (unsigned long long)loop_random(0, UINT32_MAX));
    app->ctl.lease =
        lease_new(app->ctl.client,
                  &(struct lease_spec){
                      .namespace = o->lease_namespace ? o->lease_namespace : app->config.namespace,
                      .name = LEASE_NAME,
                      .identity = identity,
                      .arg = app,
                      .on_lead = on_lead,
                      .on_lost = on_lost,
                  },
                  e);
    if (!app->ctl.lease)
        return false;
    kube_client_set_write_gate(app->ctl.client, lease_leading_arg, app->ctl.lease);
    return true;
}

/* ---- stopping (C81): finish the write under way, tell the events, give the lease back -------- */

static void stopped(void *arg)
{
    struct app *app = arg;

    log_info("stopped", NULL);
    loop_stop(app->ctl.loop);
}

static void give_lease_back(void *arg)
{
    struct app *app = arg;

    if (app->ctl.lease)
        lease_release(app->ctl.lease, stopped, app);
    else
        stopped(app);
}

static void stop_step(void *arg)
{
    struct app *app = arg;
    struct ctl *c = &app->ctl;
    const bool late = clock_mono_ms() - app->stop_since_ms > STOP_WRITES_MS;

    if (c->passes > 0 && !late) {
        timer_move(app->stop, STOP_STEP_MS);
        return;
    }
    passes_stop(c, true);
    recorder_flush(c->recorder, STOP_EVENTS_MS, give_lease_back, app);
}

static void on_signal(int signo, void *arg)
{
    struct app *app = arg;

    if (app->stop_since_ms) {
        log_warn("stopping at once", NULL);
        _exit(1);
    }
    log_info("stopping", "signal", strsignal(signo), NULL);
    app->stop_since_ms = clock_mono_ms();
    passes_stop(&app->ctl, false);
    app->stop = loop_timer(app->ctl.loop, 0, stop_step, app);
}

/* ---- start and end --------------------------------------------------------------------------- */

static void pump(void *arg)
{
    passes_pump(arg);
}

static void housekeeping(void *arg)
{
    struct ctl *c = arg;

    store_sweep(c->store);
    timer_move(c->housekeeping, HOUSEKEEPING_MS);
}

/* What was read, and the requests of a burst, leave the heap wide, with what is kept strewn over
 * it. The free pages between are given back, a millisecond's work, but not where nothing was done
 * since: there are none then. */
static void trim(void *arg)
{
    struct app *app = arg;
    const uint64_t work = queue_stats(app->ctl.queue).adds;

    if (work != app->trimmed_at) {
        app->trimmed_at = work;
#ifdef __GLIBC__
        malloc_trim(0);
#endif
    }
    timer_move(app->trim, TRIM_MS);
}

static void on_request(enum kube_verb verb, int code, int64_t took_ms, void *arg)
{
    struct ctl *c = arg;

    (void)code;
    histogram_add(&c->metrics.requests[verb], took_ms);
}

static bool connect_to(struct app *app, struct err *e)
{
    struct ctl *c = &app->ctl;
    const struct kube_config_options options = {.kubeconfig = c->options.kubeconfig,
                                                .in_cluster = !c->options.kubeconfig};

    if (!kube_config_load(&options, &app->config, e))
        return false;
    c->client = kube_client_new(c->loop, &app->config, SLUICE_COMMIT, e);
    if (!c->client)
        return false;
    kube_client_on_request(c->client, on_request, c);
    log_info("starting", "version", SLUICE_VERSION, "commit", SLUICE_COMMIT, "server",
             app->config.server, "config", app->config.origin, NULL);
    return true;
}

static void wire(struct app *app)
{
    struct ctl *c = &app->ctl;
    struct store_listener listener = ctl_store_listener;

    listener.arg = c;
    c->store = store_new(&listener);
    c->queue = queue_new((uint64_t)loop_random(0, INT64_MAX));
    c->recorder = recorder_new(c->client, app->host);
    c->pump = loop_timer(c->loop, SECOND_MS, pump, c);
    c->housekeeping = loop_timer(c->loop, HOUSEKEEPING_FIRST_MS, housekeeping, c);
    app->trimmed_at = UINT64_MAX;
    app->trim = loop_timer(c->loop, TRIM_MS, trim, app);
    c->runner = runner_new(c);
    c->prover = prover_new(c);
}

static bool start(struct app *app, struct err *e)
{
    struct ctl *c = &app->ctl;

    if (!connect_to(app, e))
        return false;
    wire(app);
    if (c->options.listen_address && !(c->health = health_new(c, e)))
        return false;
    if (!elect(app, e))
        return false;
    caches_start(c);
    if (!loop_on_signal(c->loop, SIGTERM, on_signal, app) ||
        !loop_on_signal(c->loop, SIGINT, on_signal, app))
        return err_set(e, ERR_BUG, "cannot be told to stop: signals cannot be waited for");
    return true;
}

/* What holds calls or timers goes before what they rest on. */
static void end(struct app *app)
{
    struct ctl *c = &app->ctl;

    timer_cancel(app->stop);
    timer_cancel(app->trim);
    timer_cancel(c->pump);
    timer_cancel(c->housekeeping);
    c->pump = c->housekeeping = NULL;
    health_free(c->health);
    caches_free(c);
    if (c->client)
        kube_client_set_write_gate(c->client, NULL, NULL);
    lease_free(c->lease);
    recorder_free(c->recorder);
    keys_release(c);
    prover_free(c->prover);
    gate_runner_free(c->runner);
    queue_free(c->queue);
    store_free(c->store);
    if (c->client)
        kube_client_free(c->client);
    kube_config_release(&app->config);
    loop_free(c->loop);
}

/* Bodies of lists come and go: each in a mapping of its own. Left alone, the first that goes moves
 * the limit, and the next ones widen the heap for good. */
static void tune_memory(void)
{
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, MMAP_BYTES_MIN);
    mallopt(M_TRIM_THRESHOLD, MMAP_BYTES_MIN);
#endif
}

int app_run(const struct app_options *options)
{
    struct app *app = xcalloc(1, sizeof(*app));
    struct err e = {0};
    int code;

    tune_memory();
    setrlimit(RLIMIT_CORE, &(struct rlimit){0}); /* credentials are in this memory (C21) */
    log_set_level(options->log_level);
    app->ctl.options = *options;
    app->ctl.loop = loop_new();
    gethostname(app->host, sizeof(app->host) - 1);
    if (start(app, &e)) {
        loop_run(app->ctl.loop);
    } else {
        log_error("cannot start", "err", e.text, NULL);
        app->exit_code = 1;
    }
    code = app->exit_code;
    end(app);
    free(app);
    return code;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* gate_fixture.h - a runner, a rude server and asks, for the tests of the gate runner. */
#ifndef SLUICE_TEST_GATE_FIXTURE_H
#define SLUICE_TEST_GATE_FIXTURE_H

#include "rude_server.h"
#include "sluice/base/clock.h"
#include "sluice/ctl/gate_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct rude_server server;
static struct loop *loop;
static struct gate_runner *runner;
static struct arena arena;
static int answered_count;
static char answered_key[64];
static bool forget_when_answered;
static int64_t keep_ms; /* 0: as long as usual */

static inline bool anywhere(const struct sockaddr *address UNUSED, void *arg UNUSED)
{
    return true;
}

static inline void answered(const char *key, void *arg UNUSED)
{
    answered_count++;
    snprintf(answered_key, sizeof(answered_key), "%s", key);
    if (forget_when_answered)
        gate_forget(runner, key);
}

static inline void start_runner(bool guarded, const char *trusted)
{
    runner = gate_runner_new(&(struct gate_runner_options){
        .loop = loop,
        .answered = answered,
        .trusted_address = trusted,
        .allow_address = guarded ? NULL : anywhere,
        .keep_ms = keep_ms,
    });
}

static inline int start(void **state UNUSED)
{
    arena_init(&arena);
    rude_start(&server);
    loop = loop_new();
    answered_count = 0;
    forget_when_answered = false;
    start_runner(false, NULL);
    return 0;
}

static inline int stop(void **state UNUSED)
{
    gate_runner_free(runner);
    loop_free(loop);
    rude_stop(&server);
    arena_release(&arena);
    return 0;
}

/* --- asks ------------------------------------------------------------------------------------- */

static inline struct ask probe_ask(enum probe_kind kind, const char *path, size_t pod_count)
{
    struct gate_spec *g = ARENA_NEW(&arena, struct gate_spec);
    struct ask_pod *pods = ARENA_ARRAY(&arena, struct ask_pod, pod_count + 1);

    *g = (struct gate_spec){
        .name = "smoke",
        .kind = GATE_PROBE,
        .probe = {.kind = kind,
                  .path = path,
                  .expect_status = 200,
                  .every_ms = 60000,
                  .timeout_ms = 1000,
                  .successes = 1,
                  .failures = 3},
    };
    for (size_t i = 0; i < pod_count; i++)
        pods[i] = (struct ask_pod){
            .name = arena_printf(&arena, "web-%zu", i), .ip = "127.0.0.1", .port = server.port};
    return (struct ask){.gate = g,
                        .revision = "s1-a",
                        .step = 1,
                        .query = path,
                        .pods = pods,
                        .pod_count = pod_count};
}

static inline struct ask metric_ask(const char *prefix)
{
    struct gate_spec *g = ARENA_NEW(&arena, struct gate_spec);

    *g = (struct gate_spec){
        .name = "latency",
        .kind = GATE_METRIC,
        .metric = {.query = "up{hash=\"$(hash)\"}",
                   .has_max = true,
                   .max = "0.3",
                   .every_ms = 60000,
                   .count = 1,
                   .failures = 1},
    };
    return (struct ask){.gate = g,
                        .revision = "s1-a",
                        .step = 1,
                        .query = "up{hash=\"s1-a\"}",
                        .address =
                            arena_printf(&arena, "http://127.0.0.1:%d%s", server.port, prefix)};
}

static inline struct gate_spec *spec_of(struct ask *ask)
{
    return (struct gate_spec *)(uintptr_t)ask->gate; /* ours, made above */
}

/* --- waiting ---------------------------------------------------------------------------------- */

static inline struct reading reading(const char *key)
{
    const struct reading *all;

    return gate_readings(runner, key, &arena, &all) ? all[0] : (struct reading){.message = ""};
}

struct wanted {
    const char *key;
    int answers;
};

static inline int answers_of(const char *key)
{
    const struct reading r = reading(key);

    return r.at_ms ? (r.errors > r.samples ? r.errors : r.samples ? r.samples : 1) : 0;
}

static inline bool has_answers(void *arg)
{
    const struct wanted *w = arg;

    return answers_of(w->key) >= w->answers;
}

static inline void wait_answers(const char *key, int answers, int64_t ms)
{
    struct wanted w = {key, answers};

    if (!loop_run_until(loop, has_answers, &w, ms))
        fail_msg("%s: no answer in %lld ms", key, (long long)ms);
}

static inline bool has_come(void *arg UNUSED)
{
    return server.hits > 0;
}

static inline void await(bool (*condition)(void *arg), const char *what)
{
    if (!loop_run_until(loop, condition, NULL, 20000))
        fail_msg("waited in vain: %s", what);
}

static inline bool never(void *arg UNUSED)
{
    return false;
}

static inline void pass_time(int64_t ms)
{
    (void)loop_run_until(loop, never, NULL, ms);
}

static inline struct reading ask_once(struct ask ask, int64_t ms)
{
    gate_run(runner, "shop/web", &ask, 1);
    wait_answers("shop/web", 1, ms);
    return reading("shop/web");
}

static inline void assert_reading(struct reading r, int good, int bad, int errors, const char *text)
{
    assert_string_equal(r.message, text);
    assert_int_equal(r.good, good);
    assert_int_equal(r.bad, bad);
    assert_int_equal(r.errors, errors);
}

static inline void assert_starts(const char *text, const char *with)
{
    if (strncmp(text, with, strlen(with)) != 0)
        fail_msg("\"%s\" does not start with \"%s\"", text, with);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

#endif

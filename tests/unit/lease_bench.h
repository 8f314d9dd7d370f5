/* SPDX-License-Identifier: Apache-2.0 */
/* lease_bench.h - a lease before the scripted server, and what came of it. */
#ifndef SLUICE_TESTS_UNIT_LEASE_BENCH_H
#define SLUICE_TESTS_UNIT_LEASE_BENCH_H

#include "kube_fixture.h"
#include "sluice/base/clock.h"
#include "sluice/kube/lease.h"

#define PATH      "/apis/coordination.k8s.io/v1/namespaces/ns/leases"
#define WANT_GET  "GET " PATH "/l?timeout="
#define WANT_PUT  "PUT " PATH "/l?timeout="
#define WANT_POST "POST " PATH "?timeout="
#define NOT_FOUND .code = 404, .body = STATUS_BODY(404, "NotFound", "leases \\\"l\\\" not found")
#define CONFLICT  .code = 409, .body = STATUS_BODY(409, "Conflict", "modified")
#define RECORD(rv, holder, transitions)                                                            \
    .body = "{\"metadata\":{\"name\":\"l\",\"resourceVersion\":\"" rv "\"},\"spec\":{"             \
            "\"holderIdentity\":\"" holder "\",\"leaseDurationSeconds\":1,\"acquireTime\":"        \
            "\"2026-01-01T00:00:00.000000Z\",\"renewTime\":\"" rv                                  \
            "\",\"leaseTransitions\":" #transitions "}}"

struct world {
    struct fixture f;
    struct lease *lease;
    int led, lost, released;
    int64_t epoch, lost_ms;
    char why[64];
};

static inline void on_lead(int64_t epoch, void *arg)
{
    struct world *w = arg;

    w->led++;
    w->epoch = epoch;
}

static inline void on_lost(const char *why, void *arg)
{
    struct world *w = arg;

    w->lost++;
    w->lost_ms = clock_mono_ms();
    snprintf(w->why, sizeof(w->why), "%s", why);
}

static inline void on_released(void *arg)
{
    struct world *w = arg;

    w->released++;
}

static inline bool has_led(void *arg)
{
    const struct world *w = arg;

    return w->led > 0;
}

static inline bool has_lost(void *arg)
{
    const struct world *w = arg;

    return w->lost > 0;
}

static inline bool has_released(void *arg)
{
    const struct world *w = arg;

    return w->released > 0;
}

static inline int set_up(void **state)
{
    struct world *w = xcalloc(1, sizeof(*w));

    fixture_open(&w->f);
    log_set_level(LOG_ERROR);
    *state = w;
    return 0;
}

static inline int tear_down(void **state)
{
    struct world *w = *state;

    lease_free(w->lease);
    fixture_close(&w->f);
    free(w);
    return 0;
}

static inline void start(struct world *w, int64_t duration_ms, int64_t deadline_ms,
                         int64_t retry_ms)
{
    const struct lease_spec spec = {
        .namespace = "ns",
        .name = "l",
        .identity = "me",
        .timing = {duration_ms, deadline_ms, retry_ms},
        .arg = w,
        .on_lead = on_lead,
        .on_lost = on_lost,
    };
    struct err e = {0};

    w->lease = lease_new(w->f.client, &spec, &e);
    CHECK(w->lease, "%s", e.text);
    assert_false(lease_leading(w->lease));
}

/* Leading with epoch 3, record at "11"; the next renewal in `retry_ms`. */
static inline void start_leading(struct world *w, int64_t deadline_ms, int64_t retry_ms)
{
    SCRIPT(w->f.script, .want = WANT_GET, .code = 200, RECORD("10", "", 2));
    SCRIPT(w->f.script, .want = WANT_PUT, .code = 200, RECORD("11", "me", 3));
    start(w, 15000, deadline_ms, retry_ms);
    await(&w->f, has_led, w);
    assert_true(lease_leading(w->lease));
    assert_int_equal(w->epoch, 3);
    assert_int_equal(lease_epoch(w->lease), 3);
    assert_string_equal(lease_holder(w->lease), "me");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif

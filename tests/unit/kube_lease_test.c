/* SPDX-License-Identifier: Apache-2.0 */
/* Who leads (C65 to C73): the decision as a table, then the whole machine against a server. */
#include "../../src/kube/lease_record.h"
#include "lease_bench.h"

/* --- the decision ----------------------------------------------------------------------------- */

static void decisions(void **state)
{
    const struct lease_timing timing = {15000, 10000, 2000};
    const int64_t t0 = 1000000;
    static const struct {
        bool read, exists;
        const char *holder;
        int64_t duration_ms, changed_ago, renewed_ago; /* -1: never */
        enum lease_decision want;
        const char *why;
    } rows[] = {
        {false, false, "", 0, 0, -1, LEASE_LOOK, "nothing known"},
        {true, false, "", 0, 0, -1, LEASE_CREATE, "not there"},
        {true, true, "", 15000, 0, -1, LEASE_TAKE, "released"},
        {true, true, NULL, 15000, 0, -1, LEASE_TAKE, "released, null"},
        {true, true, "other", 15000, 0, -1, LEASE_WAIT, "somebody else's"},
        {true, true, "other", 15000, 14999, -1, LEASE_WAIT, "not expired yet"},
        {true, true, "other", 15000, 15000, -1, LEASE_TAKE, "expired"},
        {true, true, "other", 60000, 15000, -1, LEASE_WAIT, "its own duration counts"},
        {true, true, "other", 0, 14999, -1, LEASE_WAIT, "no duration: ours counts"},
        {true, true, "other", 0, 15000, -1, LEASE_TAKE, "no duration: ours counts"},
        {true, true, "me", 15000, 0, -1, LEASE_TAKE, "ours from a former life"},
        {true, true, "me", 15000, 0, 0, LEASE_RENEW, "ours"},
        {true, true, "me", 15000, 0, 9999, LEASE_RENEW, "in time"},
        {true, true, "me", 15000, 0, 10000, LEASE_LOST, "the deadline passed (C68)"},
        {true, true, "other", 15000, 0, 10, LEASE_LOST, "taken"},
        {true, true, "", 15000, 0, 10, LEASE_LOST, "released by hand"},
        {true, false, "", 15000, 0, 10, LEASE_LOST, "deleted (fault 47)"},
        {false, true, "me", 15000, 0, 10, LEASE_LOOK, "the last write's outcome is not known"},
        {false, true, "me", 15000, 0, 10000, LEASE_LOST, "and it is late"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct lease_view view = {
            .read = rows[i].read,
            .exists = rows[i].exists,
            .holder = rows[i].holder,
            .duration_ms = rows[i].duration_ms,
            .changed_ms = t0 - rows[i].changed_ago,
            .renewed_ms = rows[i].renewed_ago < 0 ? 0 : t0 - rows[i].renewed_ago,
            .timing = timing,
        };
        CHECK(lease_decide(&view, "me", t0) == rows[i].want, "%s", rows[i].why);
        CHECK(lease_may_write(&view, t0) ==
                  (rows[i].renewed_ago >= 0 && rows[i].renewed_ago < 10000),
              "%s", rows[i].why);
    }
}

/* C66, C69: a server that stops at 4 s leaves nothing behind when the next leader begins. */
static void timing_rules(void **state)
{
    static const struct {
        struct lease_timing t;
        bool ok;
    } rows[] = {
        {{15000, 10000, 2000}, true},  {{15000, 15000, 2000}, false},
        {{15000, 10000, 9000}, false}, {{15000, 10000, 0}, false},
        {{15000, 10000, -1}, false},   {{15500, 10000, 2000}, false},
        {{2000, 1000, 100}, true},     {{0, 0, 0}, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        CHECK(lease_timing_check(&rows[i].t, &e) == rows[i].ok, "row %zu", i);
    }
}

/* --- the record ------------------------------------------------------------------------------- */

static void foreign_fields_stay(void **state)
{
    static const char body[] =
        "{\"kind\":\"Lease\",\"metadata\":{\"resourceVersion\":\"7\",\"labels\":{\"a\":\"\\u0000\"}"
        ","
        "\"x\":9007199254740993},\"spec\":{\"holderIdentity\":\"other\",\"leaseDurationSeconds\":9,"
        "\"leaseTransitions\":4,\"acquireTime\":\"2026-01-01T00:00:00.000001Z\","
        "\"strategy\":\"OldestEmulationVersion\",\"preferredHolder\":\"p\"}}";
    struct lease_record r = {0};
    struct arena a = {0};
    struct err e = {0};
    const struct lease_claim renew = {"me", 15, 4, NULL, 1795511640123};

    (void)state;
    CHECK(lease_record_read(&r, body, strlen(body), &e), "%s", e.text);
    assert_string_equal(r.holder, "other");
    assert_int_equal(r.duration_ms, 9000);
    assert_int_equal(r.transitions, 4);
    assert_string_equal(
        lease_record_write(&a, &r, "ns", "n", &renew),
        "{\"apiVersion\":\"coordination.k8s.io/v1\",\"kind\":\"Lease\",\"metadata\":"
        "{\"resourceVersion\":\"7\",\"labels\":{\"a\":\"\\u0000\"},\"x\":9007199254740993},"
        "\"spec\":{\"holderIdentity\":\"me\",\"leaseDurationSeconds\":15,\"acquireTime\":"
        "\"2026-11-24T09:14:00.123000Z\",\"renewTime\":\"2026-11-24T09:14:00.123000Z\","
        "\"leaseTransitions\":4,\"strategy\":\"OldestEmulationVersion\",\"preferredHolder\":\"p\"}"
        "}");
    assert_false(lease_record_read(&r, "{}", 2, &e));
    assert_false(lease_record_read(&r, "x", 1, &e));
    assert_string_equal(r.holder, "other"); /* untouched */
    lease_record_release(&r);
    arena_release(&a);
}

/* --- the machine ------------------------------------------------------------------------------ */

static void created_and_renewed(void **state)
{
    struct world *w = *state;

    SCRIPT(w->f.script, .want = WANT_GET, NOT_FOUND);
    SCRIPT(w->f.script, .want = WANT_POST, .code = 201, RECORD("1", "me", 0));
    SCRIPT(w->f.script, .want = WANT_PUT, .code = 200, RECORD("2", "me", 0));
    SCRIPT(w->f.script, .want = WANT_PUT, .code = 200, RECORD("3", "me", 0));
    start(w, 15000, 10000, 5);
    await(&w->f, has_led, w);
    assert_int_equal(w->epoch, 0);
    const char *body = strstr(script_last(w->f.script), "\r\n\r\n") + 4;
    assert_non_null(strstr(body, "{\"namespace\":\"ns\",\"name\":\"l\"}"));
    assert_non_null(strstr(body, "\"leaseDurationSeconds\":15"));
    await(&w->f, script_empty, w->f.script);
    body = strstr(script_last(w->f.script), "\r\n\r\n") + 4;
    /* C65, C68: with the version it read, and since when it leads. */
    assert_non_null(strstr(body, "\"resourceVersion\":\"2\""));
    assert_non_null(strstr(body, "\"acquireTime\":\"2026-01-01T00:00:00.000000Z\""));
    assert_int_equal(w->led, 1);
    assert_true(lease_alive(w->lease));
    assert_string_equal(lease_trouble(w->lease), "");
}

static void a_race_for_it(void **state)
{
    struct world *w = *state;

    SCRIPT(w->f.script, .want = WANT_GET, NOT_FOUND);
    SCRIPT(w->f.script, .want = WANT_POST, .code = 409,
           .body = STATUS_BODY(409, "AlreadyExists", "leases l already exists"));
    SCRIPT(w->f.script, .want = WANT_GET, .code = 200, RECORD("5", "other", 0));
    SCRIPT(w->f.script, .want = WANT_GET, .code = 200, RECORD("6", "other", 0));
    start(w, 15000, 10000, 5);
    await(&w->f, script_empty, w->f.script);
    assert_int_equal(w->led, 0);
    assert_string_equal(lease_holder(w->lease), "other");
}

/* C67: what counts is how long the record stands still before our eyes; the next look is when it
 * expires, long before the usual one. */
static void taken_over_when_it_stands_still(void **state)
{
    struct world *w = *state;
    int64_t start_ms;

    SCRIPT(w->f.script, .want = WANT_GET, .code = 200, RECORD("5", "other", 7));
    SCRIPT(w->f.script, .want = WANT_GET, .code = 200, RECORD("6", "other", 7)); /* renewed */
    SCRIPT(w->f.script, .want = WANT_GET, .code = 200, RECORD("6", "other", 7));
    SCRIPT(w->f.script, .want = WANT_PUT, .want_head = "\"resourceVersion\":\"6\"", .code = 200,
           RECORD("7", "me", 8));
    start(w, 15000, 10000, 8000);
    start_ms = clock_mono_ms();
    await(&w->f, has_led, w);
    assert_true(clock_mono_ms() - start_ms >= 1000); /* leaseDurationSeconds of the record */
    assert_int_equal(w->epoch, 8);
    assert_non_null(strstr(script_last(w->f.script), "\"leaseTransitions\":8"));
}

/* Fault 11: the reply is lost, the renewal was stored. */
static void an_unknown_outcome_is_looked_at(void **state)
{
    struct world *w = *state;

    start_leading(w, 10000, 5);
    SCRIPT(w->f.script, .want = WANT_PUT, .code = 0, .end = SCRIPT_RESET);
    SCRIPT(w->f.script, .want = WANT_GET, .code = 200, RECORD("12", "me", 3));
    SCRIPT(w->f.script, .want = WANT_PUT, .want_head = "\"resourceVersion\":\"12\"", CONFLICT);
    SCRIPT(w->f.script, .want = WANT_GET, .code = 200, RECORD("13", "me", 3));
    SCRIPT(w->f.script, .want = WANT_PUT, .want_head = "\"resourceVersion\":\"13\"", .code = 500);
    SCRIPT(w->f.script, .want = WANT_GET, .code = 500);
    SCRIPT(w->f.script, .want = WANT_GET, .code = 200, RECORD("13", "me", 3));
    SCRIPT(w->f.script, .want = WANT_PUT, .code = 200, RECORD("14", "me", 3));
    await(&w->f, script_empty, w->f.script);
    assert_int_equal(w->lost, 0);
    assert_true(lease_leading(w->lease));
    assert_int_equal(w->led, 1);
}

static void lost_to_another(void **state)
{
    struct world *w = *state;

    start_leading(w, 10000, 5);
    SCRIPT(w->f.script, .want = WANT_PUT, CONFLICT);
    SCRIPT(w->f.script, .want = WANT_GET, .code = 200, RECORD("12", "other", 4));
    await(&w->f, has_lost, w);
    assert_string_equal(w->why, "another one holds it");
    assert_false(lease_leading(w->lease));
    assert_false(lease_leading_arg(w->lease));
    assert_int_equal(w->lost, 1);
}

static void lost_by_deletion(void **state)
{
    struct world *w = *state;

    start_leading(w, 10000, 5);
    SCRIPT(w->f.script, .want = WANT_PUT, NOT_FOUND);
    SCRIPT(w->f.script, .want = WANT_GET, NOT_FOUND);
    await(&w->f, has_lost, w);
    assert_string_equal(w->why, "it was deleted");
}

/* C68: the fence falls before the lease ends, whatever the server does. */
static void lost_by_silence(void **state)
{
    struct world *w = *state;
    int64_t renewed_ms;

    SCRIPT(w->f.script, .want = WANT_GET, .code = 200, RECORD("10", "", 2));
    SCRIPT(w->f.script, .want = WANT_PUT, .code = 200, RECORD("11", "me", 3));
    SCRIPT(w->f.script, .want = WANT_PUT, .end = SCRIPT_HANG);
    SCRIPT(w->f.script, .want = WANT_GET, .end = SCRIPT_HANG);
    start(w, 2000, 300, 20);
    await(&w->f, has_led, w);
    renewed_ms = script_last_ms(w->f.script);
    kube_client_set_write_gate(w->f.client, lease_leading_arg, w->lease);
    CHECK(loop_run_until(w->f.loop, has_lost, w, WAIT_MS), "in vain");
    assert_string_equal(w->why, "not renewed before the deadline");
    assert_true(w->lost_ms - renewed_ms >= 250 && w->lost_ms - renewed_ms < 1500);
    assert_false(lease_leading(w->lease));
    assert_true(lease_alive(w->lease)); /* it does not believe that it leads */
    assert_non_null(strstr(lease_trouble(w->lease), "lost"));
}

static void trouble_is_told_and_survived(void **state)
{
    struct world *w = *state;

    SCRIPT(w->f.script, .want = WANT_GET, .code = 403,
           .body = STATUS_BODY(403, "Forbidden", "leases is forbidden"));
    SCRIPT(w->f.script, .want = WANT_GET, .code = 200, .body = "{}");
    SCRIPT(w->f.script, .want = WANT_GET, .end = SCRIPT_HANG);
    start(w, 15000, 10000, 5);
    await(&w->f, script_empty, w->f.script);
    assert_non_null(strstr(lease_trouble(w->lease), "resourceVersion"));
    assert_int_equal(w->led + w->lost, 0);
}

/* --- giving it back (C71) --------------------------------------------------------------------- */

static void given_back(void **state)
{
    struct world *w = *state;
    const char *body;

    start_leading(w, 10000, 5000);
    SCRIPT(w->f.script, .want = WANT_PUT, CONFLICT); /* somebody set a label */
    SCRIPT(w->f.script, .want = WANT_GET, .code = 200, RECORD("12", "me", 3));
    SCRIPT(w->f.script, .want = WANT_PUT, .code = 200, RECORD("13", "", 3));
    lease_release(w->lease, on_released, w);
    assert_false(lease_leading(w->lease)); /* from now on */
    assert_int_equal(w->released, 0);
    await(&w->f, has_released, w);
    body = strstr(script_last(w->f.script), "\r\n\r\n") + 4;
    assert_non_null(strstr(body, "\"holderIdentity\":\"\",\"leaseDurationSeconds\":1,"));
    assert_non_null(strstr(body, "\"leaseTransitions\":3"));
    assert_non_null(strstr(body, "\"resourceVersion\":\"12\""));
    assert_int_equal(w->lost, 0);
    assert_int_equal(script_left(w->f.script), 0);
}

static void given_back_during_a_renewal(void **state)
{
    struct world *w = *state;

    start_leading(w, 10000, 5);
    SCRIPT(w->f.script, .want = WANT_PUT, .end = SCRIPT_HANG);
    await(&w->f, script_empty, w->f.script);
    SCRIPT(w->f.script, .want = WANT_GET, .code = 200, RECORD("12", "me", 3));
    SCRIPT(w->f.script, .want = WANT_PUT, .want_head = "\"holderIdentity\":\"\"", .code = 200,
           RECORD("13", "", 3));
    lease_release(w->lease, on_released, w);
    await(&w->f, has_released, w);
    assert_int_equal(script_left(w->f.script), 0);
}

static void what_is_not_ours_is_not_given_back(void **state)
{
    struct world *w = *state;

    SCRIPT(w->f.script, .want = WANT_GET, .code = 200, RECORD("12", "other", 3));
    start(w, 15000, 10000, 5000);
    await(&w->f, script_empty, w->f.script);
    lease_release(w->lease, on_released, w);
    await(&w->f, has_released, w);
    assert_int_equal(script_requests(w->f.script), 1);
    lease_free(w->lease);
    w->released = 0;

    start_leading(w, 10000, 5000);
    SCRIPT(w->f.script, .want = WANT_PUT, CONFLICT);
    SCRIPT(w->f.script, .want = WANT_GET, .code = 200, RECORD("20", "other", 4));
    lease_release(w->lease, on_released, w);
    await(&w->f, has_released, w);
    assert_int_equal(script_left(w->f.script), 0);
    lease_free(w->lease);
    lease_free(NULL);
    w->lease = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decisions),
        cmocka_unit_test(timing_rules),
        cmocka_unit_test(foreign_fields_stay),
        TEST(created_and_renewed),
        TEST(a_race_for_it),
        TEST(taken_over_when_it_stands_still),
        TEST(an_unknown_outcome_is_looked_at),
        TEST(lost_to_another),
        TEST(lost_by_deletion),
        TEST(lost_by_silence),
        TEST(trouble_is_told_and_survived),
        TEST(given_back),
        TEST(given_back_during_a_renewal),
        TEST(what_is_not_ours_is_not_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The discipline of a pass: what may go out on what was seen (C60, C64), what a failure means. */
#include "check.h"
#include "sluice/ctl/barrier.h"
#include "sluice/ctl/next.h"
#include "sluice/ctl/refused.h"

#include <stdio.h>

static const struct action none = {.act = ACT_NONE};
static const struct action report = {.act = ACT_REPORT, .name = "web"};
static const struct action decide = {.act = ACT_DECIDE, .name = "web"};
static const struct action scale = {.act = ACT_RS_SCALE,
                                    .target = TARGET_REPLICASET,
                                    .name = "web-1",
                                    .method = "PATCH",
                                    .harmful = true};

/* A row: what was planned, on what, and what is to happen. */
struct row {
    const char *what;
    struct pass_view view;
    enum next next;
};

static void what_goes_out_on_what_was_seen(void **state UNUSED)
{
    static const struct row rows[] = {
        {"nothing to do", {.action = &none}, NEXT_END},
        {"nothing to do, live", {.action = &none, .live = true}, NEXT_END},
        {"a report waits a moment", {.action = &report}, NEXT_LATER},
        {"a report goes out on the cache",
         {.action = &report, .report_age_ms = REPORT_DELAY_MS},
         NEXT_SEND},
        {"how far it is waits longer",
         {.action = &report, .report_age_ms = REPORT_DELAY_MS, .minor = true},
         NEXT_LATER},
        {"but not for ever",
         {.action = &report, .report_age_ms = MINOR_DELAY_MS, .minor = true},
         NEXT_SEND},
        {"with many in flight longer still",
         {.action = &report, .report_age_ms = MINOR_DELAY_MS, .minor = true, .in_flight = 100},
         NEXT_LATER},
        {"a minute at most",
         {.action = &report,
          .report_age_ms = MINOR_DELAY_MAX_MS,
          .minor = true,
          .in_flight = 100000},
         NEXT_SEND},
        {"news do not wait for others",
         {.action = &report, .report_age_ms = REPORT_DELAY_MS, .in_flight = 100000},
         NEXT_SEND},
        {"a report goes out on a look too",
         {.action = &report, .report_age_ms = REPORT_DELAY_MS, .live = true, .look_age_ms = 99999},
         NEXT_SEND},
        {"a report that contradicts others does not",
         {.action = &report, .report_age_ms = REPORT_DELAY_MS, .look_age_ms = 0, .moved = true},
         NEXT_LOOK},
        {"nor before its time",
         {.action = &report, .report_age_ms = REPORT_DELAY_MS - 1, .moved = true},
         NEXT_LATER},
        {"the cache decides nothing",
         {.action = &decide, .look_age_ms = LOOK_AGE_MS + 1},
         NEXT_LOOK},
        {"nor where nothing was looked at",
         {.action = &decide, .look_age_ms = INT64_MAX},
         NEXT_LOOK},
        {"the cache does nothing", {.action = &scale, .look_age_ms = LOOK_AGE_MS + 1}, NEXT_LOOK},
        {"soon after a look it decides",
         {.action = &decide, .look_age_ms = LOOK_AGE_MS},
         NEXT_SEND},
        {"but not when others wrote since",
         {.action = &decide, .look_age_ms = 0, .moved = true},
         NEXT_LOOK},
        {"soon after a look it does no harm", {.action = &scale, .look_age_ms = 0}, NEXT_LOOK},
        {"a fresh look acts", {.action = &scale, .live = true, .fresh = true}, NEXT_SEND},
        {"a slow look acts once",
         {.action = &scale, .live = true, .fresh = true, .look_age_ms = 5000},
         NEXT_SEND},
        {"harm on an old look",
         {.action = &scale, .live = true, .look_age_ms = LOOK_AGE_HARMFUL_MS + 1},
         NEXT_LOOK},
        {"harm on a young look",
         {.action = &scale, .live = true, .look_age_ms = LOOK_AGE_HARMFUL_MS},
         NEXT_SEND},
        {"a decision on that look",
         {.action = &decide, .live = true, .look_age_ms = LOOK_AGE_HARMFUL_MS + 1},
         NEXT_SEND},
        {"a decision on an old look",
         {.action = &decide, .live = true, .look_age_ms = LOOK_AGE_MS + 1},
         NEXT_LOOK},
        {"refused before", {.action = &scale, .refused = true}, NEXT_LATER},
        {"too many writes", {.action = &decide, .live = true, .writes = 40}, NEXT_LATER},
        {"too many looks", {.action = &decide, .looks = PASS_LOOKS_MAX}, NEXT_LATER},
        {"the budget is spent", {.action = &decide, .spent = true}, NEXT_LATER},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        if (pass_next(&rows[i].view) != rows[i].next)
            fail_msg("%s: %d", rows[i].what, (int)pass_next(&rows[i].view));
    }
}

static void a_look_ages_from_its_end_unless_it_was_slow(void **state UNUSED)
{
    assert_int_equal(look_age_begins(1000, 1300), 1300);
    assert_int_equal(look_age_begins(1000, 1000 + LOOK_AGE_MS), 1000 + LOOK_AGE_MS);
    assert_int_equal(look_age_begins(1000, 1001 + LOOK_AGE_MS), 1000);
}

static void failures_are_reactions(void **state UNUSED)
{
    assert_int_equal(write_failed(ERR_CONFLICT, 0), AFTER_LOOK);
    assert_int_equal(write_failed(ERR_EXISTS, 0), AFTER_LOOK);
    assert_int_equal(write_failed(ERR_EXISTS, 1), AFTER_REMEMBER);
    assert_int_equal(write_failed(ERR_CONFLICT, CONFLICTS_MAX), AFTER_BACK_OFF);
    assert_int_equal(write_failed(ERR_UNKNOWN, 0), AFTER_BACK_OFF);
    assert_int_equal(write_failed(ERR_RETRY, 0), AFTER_BACK_OFF);
    assert_int_equal(write_failed(ERR_DENIED, 0), AFTER_REMEMBER);
    assert_int_equal(write_failed(ERR_QUOTA, 0), AFTER_REMEMBER);
    assert_int_equal(write_failed(ERR_INVALID, 0), AFTER_REMEMBER);
    assert_int_equal(write_failed(ERR_TERMINATING, 0), AFTER_REMEMBER);
}

static void refusals_are_tried_slowly(void **state UNUSED)
{
    struct refused r = {0};
    const struct err quota = {.kind = ERR_QUOTA, .text = "exceeded quota: pods"};
    int64_t now = 1000, wait = 10000;

    for (int i = 0; i < 6; i++) {
        refused_remember(&r, &scale, "patch replicasets", &quota, 77 + i, now);
        assert_int_equal(r.due_ms, now + wait);
        assert_int_equal(refused_view(&r).at_ms, 77); /* since when, however often tried */
        now = r.due_ms;
        wait = min_i64(wait * 2, 120000);
    }
    assert_true(refused_is(&r, &scale));
    assert_false(refused_is(&r, &decide)); /* an abort is not held up */
    assert_false(refused_is(&r, &report));
    assert_false(refused_is(&r, &none));
    assert_string_equal(refused_view(&r).what, "patch replicasets");
    refused_remember(&r, &decide, "patch rollouts/status", &quota, 500, now);
    assert_int_equal(r.due_ms, now + 10000); /* another one begins anew */
    refused_clear(&r);
    assert_false(refused_view(&r).present);
}

/* Two operators, of which one was refused and the other not: the report of the one is undone by the
 * other. It ends, though every plan is a report. */
static void a_refusal_that_is_not_met_again_is_over(void **state UNUSED)
{
    static const struct {
        const struct action *planned;
        int64_t late_ms; /* behind the time to try again */
        bool over;
    } table[] = {
        {&report, -1, false},
        {&decide, -1, false},
        {&report, 0, false}, /* it tells of the refusal, and not what is wanted */
        {&report, REFUSED_KEEP_MS - 1, false},
        {&report, REFUSED_KEEP_MS, true},
        {&scale, 0, false},
        {&decide, 0, true}, /* something else is wanted */
        {&none, 0, true},
    };
    const struct err denied = {.kind = ERR_DENIED, .text = "no"};
    struct refused r = {0};

    assert_int_equal(refused_wake_ms(&r, 5), INT64_MAX);
    refused_remember(&r, &scale, "patch replicasets", &denied, 77, 0);
    for (size_t i = 0; i < COUNT(table); i++)
        CHECK(refused_over(&r, table[i].planned, r.due_ms + table[i].late_ms) == table[i].over,
              "case %zu", i);
    assert_int_equal(refused_wake_ms(&r, 0), r.due_ms);
    assert_int_equal(refused_wake_ms(&r, r.due_ms), r.due_ms + REFUSED_KEEP_MS);
    refused_clear(&r);
}

static void a_refused_look_holds_up_all_but_reports(void **state UNUSED)
{
    struct refused r = {0};
    const struct err denied = {.kind = ERR_DENIED, .text = "forbidden", .retry_after_s = 30};

    refused_remember(&r, NULL, "get httproutes", &denied, 77, 0);
    assert_true(refused_is(&r, &scale)); /* nothing can be confirmed */
    assert_false(refused_is(&r, &report));
    assert_int_equal(r.due_ms, 30000);
    assert_false(refused_due(&r, 29999));
    assert_true(refused_due(&r, 30000));
    refused_clear(&r);
}

static void caches_must_have_seen_own_writes(void **state UNUSED)
{
    struct barrier b = {0};

    assert_true(barrier_open(&b));
    barrier_wrote(&b, KIND_REPLICASET, "99", 10);
    barrier_wrote(&b, KIND_REPLICASET, "100", 20); /* newer, though not by bytes (C24) */
    barrier_wrote(&b, KIND_REPLICASET, "98", 30);
    barrier_wrote(&b, KIND_SERVICE, "101", 40);
    barrier_deleted(&b, KIND_REPLICASET, "uid-1", 50);
    assert_int_equal(b.since_ms, 50);
    barrier_progress(&b, KIND_REPLICASET, "99");
    assert_int_equal(b.count, 3);
    barrier_progress(&b, KIND_REPLICASET, "100"); /* says nothing of the delete */
    assert_int_equal(b.count, 2);
    barrier_progress(&b, KIND_SERVICE, "");
    barrier_progress(&b, KIND_DEPLOYMENT, "500"); /* one kind does not speak for another */
    assert_int_equal(b.count, 2);
    barrier_removed(&b, KIND_REPLICASET, "uid-2");
    barrier_removed(&b, KIND_REPLICASET, "uid-1");
    assert_int_equal(b.count, 1);
    barrier_progress(&b, KIND_SERVICE, "1000");
    assert_true(barrier_open(&b));
    barrier_wrote(&b, KIND_SERVICE, "nonsense", 60); /* no progress ever proves it: look live */
    barrier_progress(&b, KIND_SERVICE, "2000");
    assert_false(barrier_open(&b));
    barrier_release(&b);
}

/* A delete waits for its own word; a write after it is no news of it, nor it of the write. */
static void a_write_after_a_delete_is_waited_for_beside_it(void **state UNUSED)
{
    struct barrier b = {0};

    barrier_deleted(&b, KIND_REPLICASET, "uid-1", 10);
    barrier_wrote(&b, KIND_REPLICASET, "9", 20);
    assert_int_equal(b.count, 2);
    assert_int_equal(b.since_ms, 20);
    barrier_wrote(&b, KIND_REPLICASET, "11", 30);
    assert_int_equal(b.count, 2);
    barrier_progress(&b, KIND_REPLICASET, "10");
    assert_int_equal(b.count, 2);
    barrier_progress(&b, KIND_REPLICASET, "11");
    assert_int_equal(b.count, 1);
    assert_string_equal(b.entries[0].uid, "uid-1");
    barrier_release(&b);
}

/* Many at once: each is waited for by itself. */
static void a_barrier_of_many(void **state UNUSED)
{
    struct barrier b = {0};
    char uid[8];

    barrier_wrote(&b, KIND_SERVICE, "7", 1);
    for (int i = 0; i < 20; i++) {
        snprintf(uid, sizeof(uid), "u%d", i);
        barrier_deleted(&b, KIND_SERVICE, uid, 2);
    }
    barrier_wrote(&b, KIND_SERVICE, "8", 3);
    assert_int_equal(b.count, 21);
    for (int i = 0; i < 20; i++) {
        snprintf(uid, sizeof(uid), "u%d", i);
        barrier_removed(&b, KIND_DEPLOYMENT, uid);
        barrier_removed(&b, KIND_SERVICE, uid);
        assert_int_equal(b.count, 20 - i);
    }
    barrier_removed(&b, KIND_SERVICE, NULL); /* a delete of whom nobody knows opens nothing */
    assert_false(barrier_open(&b));
    barrier_progress(&b, KIND_SERVICE, "8");
    assert_true(barrier_open(&b));
    barrier_release(&b);
}

/* An answer without a version: no watch ever proves it. */
static void a_write_of_no_version_stays_unseen(void **state UNUSED)
{
    struct barrier b = {0};

    barrier_wrote(&b, KIND_SERVICE, NULL, 1);
    barrier_progress(&b, KIND_SERVICE, "100");
    assert_false(barrier_open(&b));
    barrier_wrote(&b, KIND_SERVICE, "7", 2);
    barrier_wrote(&b, KIND_SERVICE, NULL, 3);
    barrier_progress(&b, KIND_SERVICE, "100");
    assert_false(barrier_open(&b));
    barrier_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_out_on_what_was_seen),
        cmocka_unit_test(a_look_ages_from_its_end_unless_it_was_slow),
        cmocka_unit_test(failures_are_reactions),
        cmocka_unit_test(refusals_are_tried_slowly),
        cmocka_unit_test(a_refusal_that_is_not_met_again_is_over),
        cmocka_unit_test(a_refused_look_holds_up_all_but_reports),
        cmocka_unit_test(caches_must_have_seen_own_writes),
        cmocka_unit_test(a_write_after_a_delete_is_waited_for_beside_it),
        cmocka_unit_test(a_barrier_of_many),
        cmocka_unit_test(a_write_of_no_version_stays_unseen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

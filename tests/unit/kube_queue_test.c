/* SPDX-License-Identifier: Apache-2.0 */
/* C57 to C59; and a long random run against a plain model of them. */
#include "../../src/kube/bucket.h"
#include "check.h"
#include "sluice/kube/queue.h"

static const char *take(struct queue *q, int64_t now_ms)
{
    const struct queue_item *item = queue_take(q, now_ms);

    return item ? item->key : NULL;
}

static void a_key_is_there_once_with_its_earliest_time(void **state)
{
    struct queue *q = queue_new(1);
    const struct queue_item *item;

    (void)state;
    assert_int_equal(queue_due_ms(q), QUEUE_NEVER);
    assert_null(queue_take(q, 1000));
    queue_add(q, "a", 500, QUEUE_LOW, "late");
    queue_add(q, "a", 200, QUEUE_LOW, "early");
    queue_add(q, "a", 300, QUEUE_LOW, "middle");
    assert_int_equal(queue_due_ms(q), 200);
    assert_int_equal(queue_stats(q).depth, 1);
    assert_int_equal(queue_stats(q).adds, 3);
    assert_null(queue_take(q, 199));
    item = queue_take(q, 200);
    assert_string_equal(item->key, "a");
    assert_string_equal(item->reason, "early");
    assert_int_equal(item->added_ms, 200);
    assert_int_equal(item->failures, 0);
    assert_null(queue_take(q, 9999)); /* never worked on twice at once */
    assert_int_equal(queue_stats(q).working, 1);
    queue_done(q, "a", 250);
    assert_null(queue_take(q, 9999));
    assert_int_equal(queue_stats(q).depth, 0);
    queue_free(q);
    queue_free(NULL);
}

static void a_change_during_work_counts_once(void **state)
{
    struct queue *q = queue_new(1);
    const struct queue_item *item;

    (void)state;
    queue_add(q, "a", 0, QUEUE_LOW, "x");
    assert_string_equal(take(q, 0), "a");
    queue_add(q, "a", 90, QUEUE_LOW, "second");
    queue_add(q, "a", 80, QUEUE_HIGH, "first");
    queue_add(q, "a", 85, QUEUE_LOW, "third");
    assert_int_equal(queue_due_ms(q), QUEUE_NEVER);
    queue_done(q, "a", 10);
    assert_int_equal(queue_due_ms(q), 80);
    item = queue_take(q, 80);
    assert_string_equal(item->reason, "first");
    queue_done(q, "a", 80);
    assert_null(queue_take(q, 9999));
    queue_free(q);
}

static void order_of_those_that_are_due(void **state)
{
    struct queue *q = queue_new(1);

    (void)state;
    queue_add(q, "low-1", 1, QUEUE_LOW, "");
    queue_add(q, "low-2", 2, QUEUE_LOW, "");
    queue_add(q, "high-4", 4, QUEUE_HIGH, "");
    queue_add(q, "high-3", 3, QUEUE_HIGH, "");
    queue_add(q, "high-9", 9, QUEUE_HIGH, "");
    assert_string_equal(take(q, 5), "high-3");
    assert_string_equal(take(q, 5), "high-4");
    assert_string_equal(take(q, 5), "low-1");
    queue_add(q, "low-2", 8, QUEUE_HIGH, ""); /* now high, and still due at 2 */
    queue_add(q, "high-0", 0, QUEUE_HIGH, "");
    assert_string_equal(take(q, 5), "high-0");
    assert_string_equal(take(q, 5), "low-2");
    assert_null(queue_take(q, 5));
    assert_int_equal(queue_stats(q).working, 5);
    queue_free(q);
}

static void failures_wait_longer_each_time(void **state)
{
    struct queue *q = queue_new(7);
    int64_t now_ms = 1000, want_ms = QUEUE_BACKOFF_MIN_MS;

    (void)state;
    queue_add(q, "a", 0, QUEUE_HIGH, "x");
    for (int i = 0; i < 40; i++) {
        const struct queue_item *item = queue_take(q, now_ms);
        assert_int_equal(item->failures, i);
        queue_done_failed(q, "a", now_ms, 0, "again");
        CHECK(queue_due_ms(q) <= now_ms + want_ms &&
                  queue_due_ms(q) >= now_ms + want_ms - want_ms / 4,
              "failure %d: %lld", i, (long long)(queue_due_ms(q) - now_ms));
        now_ms = queue_due_ms(q);
        want_ms = want_ms * 2 < QUEUE_BACKOFF_MAX_MS ? want_ms * 2 : QUEUE_BACKOFF_MAX_MS;
    }
    assert_int_equal(queue_stats(q).retries, 40);
    assert_string_equal(take(q, now_ms), "a");
    queue_done(q, "a", now_ms); /* success forgets */
    queue_add(q, "a", now_ms, QUEUE_HIGH, "x");
    assert_int_equal(queue_take(q, now_ms)->failures, 0);
    queue_done_failed(q, "a", now_ms, 7000, "429");
    assert_int_equal(queue_due_ms(q), now_ms + 7000); /* Retry-After */
    queue_drop(q, "a");
    queue_drop(q, "never there");
    assert_int_equal(queue_due_ms(q), QUEUE_NEVER);
    queue_free(q);
}

static void a_change_shortens_a_back_off(void **state)
{
    struct queue *q = queue_new(7);

    (void)state;
    queue_add(q, "a", 0, QUEUE_LOW, "x");
    for (int i = 0; i < 20; i++) {
        queue_take(q, INT64_MAX - 1);
        queue_done_failed(q, "a", 0, 0, "again");
    }
    queue_add(q, "a", 5, QUEUE_HIGH, "edit");
    assert_int_equal(queue_due_ms(q), 5);
    assert_string_equal(queue_take(q, 5)->reason, "edit");
    queue_add(q, "a", 6, QUEUE_HIGH, "edit while working");
    queue_done_failed(q, "a", 6, 0, "again");
    assert_int_equal(queue_due_ms(q), 6);
    assert_string_equal(queue_take(q, 6)->reason, "edit while working");
    queue_add(q, "a", 7, QUEUE_HIGH, "edit");
    queue_done_failed(q, "a", 7, 1000, "429"); /* but not what the server asked for */
    assert_int_equal(queue_due_ms(q), 1007);
    queue_free(q);
}

/* What was asked for during work that failed: the earlier of both times, the higher priority. */
static void a_failure_keeps_what_was_asked_meanwhile(void **state)
{
    struct queue *q = queue_new(1);

    (void)state;
    queue_add(q, "b", 5000, QUEUE_LOW, "other");
    queue_add(q, "a", 0, QUEUE_LOW, "x");
    assert_string_equal(take(q, 0), "a");
    queue_add(q, "a", 5000, QUEUE_HIGH, "late"); /* the back-off is over long before */
    queue_done_failed(q, "a", 0, 0, "again");
    assert_in_range(queue_due_ms(q), 1, QUEUE_BACKOFF_MIN_MS);
    assert_string_equal(queue_take(q, 5000)->reason, "again"); /* before "b", which is due too */
    queue_add(q, "a", 5001, QUEUE_LOW, "soon");
    queue_done_failed(q, "a", 5000, 0, "again");
    assert_int_equal(queue_due_ms(q), 5000); /* "b" */
    assert_string_equal(take(q, 5001), "a"); /* its priority stays */
    queue_free(q);
}

/* Only who waits can be taken out of the line. */
static void what_is_worked_on_is_not_dropped(void **state)
{
    struct queue *q = queue_new(1);

    (void)state;
    queue_add(q, "a", 0, QUEUE_LOW, "x");
    assert_string_equal(take(q, 0), "a");
    queue_done_failed(q, "a", 0, 0, "x");
    assert_int_equal(queue_take(q, QUEUE_BACKOFF_MIN_MS)->failures, 1);
    queue_drop(q, "a");
    queue_drop(q, "nobody");
    assert_int_equal(queue_stats(q).working, 1);
    queue_done_failed(q, "a", 1000, 0, "x");
    assert_int_equal(queue_take(q, 9999)->failures, 1); /* those of before are forgotten */
    queue_add(q, "a", 9999, QUEUE_LOW, "y");
    queue_close(q);
    queue_done(q, "a", 9999); /* nothing more comes */
    assert_int_equal(queue_stats(q).depth, 0);
    queue_free(q);
}

static void closed(void **state)
{
    struct queue *q = queue_new(1);

    (void)state;
    queue_add(q, "a", 0, QUEUE_LOW, "");
    queue_add(q, "b", 0, QUEUE_LOW, "");
    queue_add(q, "c", 0, QUEUE_LOW, "");
    take(q, 0);
    take(q, 0);
    queue_close(q);
    queue_add(q, "d", 0, QUEUE_LOW, "");
    assert_null(queue_take(q, 0));
    assert_int_equal(queue_due_ms(q), QUEUE_NEVER);
    queue_done(q, "a", 0);
    queue_done_failed(q, "b", 0, 0, "");
    assert_int_equal(queue_stats(q).working, 0);
    queue_free(q);
}

/* --- against a model -------------------------------------------------------------------------- */

#define KEYS 20

struct model {
    bool queued, working, again;
    int64_t due_ms, again_ms;
};

static void check_take(struct queue *q, struct model *m, int64_t now_ms)
{
    const struct queue_item *item = queue_take(q, now_ms);
    bool any = false;
    int k;

    for (int i = 0; i < KEYS; i++)
        any = any || (m[i].queued && m[i].due_ms <= now_ms);
    assert_true(any == (item != NULL));
    if (!item)
        return;
    k = item->key[0] - 'a';
    assert_true(m[k].queued && m[k].due_ms <= now_ms && !m[k].working);
    assert_int_equal(item->added_ms, m[k].due_ms);
    m[k].queued = m[k].again = false;
    m[k].working = true;
}

static void add(struct queue *q, struct model *m, int k, int64_t due_ms)
{
    const char key[2] = {(char)('a' + k), '\0'};

    queue_add(q, key, due_ms, due_ms % 2 ? QUEUE_HIGH : QUEUE_LOW, "r");
    if (m[k].working) {
        m[k].again_ms = m[k].again ? min_i64(m[k].again_ms, due_ms) : due_ms;
        m[k].again = true;
    } else {
        m[k].due_ms = m[k].queued ? min_i64(m[k].due_ms, due_ms) : due_ms;
        m[k].queued = true;
    }
}

static void end(struct queue *q, struct model *m, int k, int64_t now_ms)
{
    const char key[2] = {(char)('a' + k), '\0'};

    queue_done(q, key, now_ms);
    m[k].working = false;
    m[k].queued = m[k].again;
    m[k].due_ms = m[k].again_ms;
}

static void random_runs(void **state)
{
    uint64_t seed = 42;

    (void)state;
    for (int run = 0; run < 50; run++) {
        struct queue *q = queue_new(seed);
        struct model m[KEYS] = {0};
        int64_t now_ms = 0;
        for (int step = 0; step < 2000; step++) {
            const uint64_t r = next_random(&seed);
            const int k = (int)(r / 16 % KEYS);
            int64_t least = QUEUE_NEVER;
            now_ms += (int64_t)(r / 1024 % 3);
            if (r % 4 < 2)
                add(q, m, k, now_ms + (int64_t)(r / 4096 % 40) - 5);
            else if (r % 4 == 2)
                check_take(q, m, now_ms);
            else if (m[k].working)
                end(q, m, k, now_ms);
            for (int i = 0; i < KEYS; i++)
                if (m[i].queued)
                    least = min_i64(least, m[i].due_ms);
            /* Those that are due already may hide behind a due one of higher priority. */
            if (least > now_ms)
                assert_int_equal(queue_due_ms(q), least);
            else
                assert_true(queue_due_ms(q) <= now_ms);
        }
        queue_free(q);
    }
}

/* --- the write budget ------------------------------------------------------------------------- */

static void tokens(void **state)
{
    struct bucket b;
    int taken = 0;

    (void)state;
    bucket_init(&b, 500, 100, 1000);
    assert_int_equal(bucket_wait_ms(&b), 0);
    while (bucket_take(&b, 1000))
        taken++;
    assert_int_equal(taken, 100);
    assert_int_equal(bucket_wait_ms(&b), 2);
    assert_false(bucket_take(&b, 1001));
    assert_true(bucket_take(&b, 1002));
    assert_false(bucket_take(&b, 1002));
    assert_false(bucket_take(&b, 900)); /* time never goes back here */
    for (taken = 0; bucket_take(&b, 1000 + 3600000); taken++)
        ;
    assert_int_equal(taken, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_there_once_with_its_earliest_time),
        cmocka_unit_test(a_change_during_work_counts_once),
        cmocka_unit_test(order_of_those_that_are_due),
        cmocka_unit_test(failures_wait_longer_each_time),
        cmocka_unit_test(a_change_shortens_a_back_off),
        cmocka_unit_test(a_failure_keeps_what_was_asked_meanwhile),
        cmocka_unit_test(what_is_worked_on_is_not_dropped),
        cmocka_unit_test(closed),
        cmocka_unit_test(random_runs),
        cmocka_unit_test(tokens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What the API server refused is told, and tried again slowly (C45). */
#include "check.h"
#include "sluice/ctl/refused.h"

static const struct action scale = {
    .act = ACT_RS_SCALE, .target = TARGET_REPLICASET, .name = "web-1", .method = "PATCH"};
static const struct action scale_other = {
    .act = ACT_RS_SCALE, .target = TARGET_REPLICASET, .name = "web-2", .method = "PATCH"};
static const struct action report = {
    .act = ACT_REPORT, .target = TARGET_ROLLOUT, .name = "web", .method = "PATCH"};
static const struct action nothing = {.act = ACT_NONE};

static struct err refusal(enum err_kind kind)
{
    return (struct err){.kind = kind, .text = "no"};
}

static int64_t wait_after(struct refused *r, const struct action *a, enum err_kind kind,
                          int64_t now)
{
    const struct err e = refusal(kind);

    refused_remember(r, a, "patch replicasets", &e, now, now);
    return r->due_ms - now;
}

/* Longer each time for the same; anything else begins anew. */
static void slower_each_time(void **state UNUSED)
{
    static const int64_t seconds[] = {10, 20, 40, 80, 120, 120};
    struct refused r = {0};

    for (size_t i = 0; i < COUNT(seconds); i++)
        CHECK(wait_after(&r, &scale, ERR_DENIED, 100) == seconds[i] * SECOND_MS, "time %zu: %d", i,
              (int)r.wait_ms);
    assert_true(wait_after(&r, &scale_other, ERR_DENIED, 100) == 10 * SECOND_MS);
    assert_true(wait_after(&r, NULL, ERR_DENIED, 100) == 10 * SECOND_MS);
    assert_true(wait_after(&r, NULL, ERR_DENIED, 100) == 20 * SECOND_MS);
    assert_true(wait_after(&r, &scale, ERR_DENIED, 100) == 10 * SECOND_MS);
    refused_clear(&r);
}

/* The server says when: that, if it is later. */
static void as_long_as_the_server_says(void **state UNUSED)
{
    struct refused r = {0};
    struct err e = refusal(ERR_QUOTA);

    e.retry_after_s = 60;
    refused_remember(&r, &scale, "patch replicasets", &e, 0, 0);
    assert_true(r.due_ms == 60 * SECOND_MS);
    e.retry_after_s = 1;
    refused_remember(&r, &scale_other, "patch replicasets", &e, 0, 0);
    assert_true(r.due_ms == 10 * SECOND_MS);
    refused_clear(&r);
}

/* Since when it stands: that of the first of its kind, so that the status does not change. */
static void since_the_first_of_its_kind(void **state UNUSED)
{
    struct refused r = {0};

    wait_after(&r, &scale, ERR_DENIED, 100);
    wait_after(&r, &scale, ERR_DENIED, 200);
    assert_true(refused_view(&r).at_ms == 100);
    wait_after(&r, &scale, ERR_QUOTA, 300);
    assert_true(refused_view(&r).at_ms == 300);
    assert_int_equal(refused_view(&r).kind, ERR_QUOTA);
    assert_string_equal(refused_view(&r).what, "patch replicasets");
    refused_clear(&r);
    assert_false(refused_view(&r).present);
    assert_true(refused_wake_ms(&r, 0) == INT64_MAX);
}

/* A read that was refused stands before every write, but not before a report of it. */
static void what_is_held_up(void **state UNUSED)
{
    struct refused r = {0};

    assert_false(refused_is(&r, &scale));
    wait_after(&r, &scale, ERR_DENIED, 0);
    assert_true(refused_is(&r, &scale));
    assert_false(refused_is(&r, &scale_other));
    assert_false(refused_is(&r, &report));
    assert_false(refused_is(&r, &nothing));
    wait_after(&r, NULL, ERR_DENIED, 0);
    assert_true(refused_is(&r, &scale) && refused_is(&r, &scale_other));
    assert_false(refused_is(&r, &report));
    assert_false(refused_is(&r, &nothing));
    refused_clear(&r);
}

/* Over when it was due and is not planned any more, or was not met again for a while. */
static void over_in_time(void **state UNUSED)
{
    struct refused r = {0};
    int64_t due;

    wait_after(&r, &scale, ERR_DENIED, 0);
    due = r.due_ms;
    assert_false(refused_over(&r, &scale_other, due - 1));
    assert_true(refused_wake_ms(&r, 0) == due);
    assert_true(refused_over(&r, &scale_other, due));
    assert_true(refused_over(&r, &nothing, due));
    assert_false(refused_over(&r, &scale, due));  /* it is tried now */
    assert_false(refused_over(&r, &report, due)); /* that tells of it */
    assert_true(refused_wake_ms(&r, due) == due + REFUSED_KEEP_MS);
    assert_true(refused_over(&r, &scale, due + REFUSED_KEEP_MS));
    assert_true(refused_wake_ms(&r, due + REFUSED_KEEP_MS) == due + REFUSED_KEEP_MS + 1);
    refused_clear(&r);
}

/* The words of RBAC, to be copied into a Role. */
static void in_the_words_of_rbac(void **state UNUSED)
{
    static const struct {
        const char *method, *subresource, *words;
        enum target target;
    } rows[] = {{"POST", NULL, "create replicasets", TARGET_REPLICASET},
                {"DELETE", NULL, "delete services", TARGET_SERVICE},
                {"PATCH", "status", "patch deployments/status", TARGET_DEPLOYMENT},
                {"PATCH", NULL, "patch httproutes", TARGET_ROUTE}};
    struct arena a;

    arena_init(&a);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct action action = {
            .method = rows[i].method, .subresource = rows[i].subresource, .target = rows[i].target};

        CHECK_TEXT(action_words(&a, &action), rows[i].words, rows[i].method);
    }
    arena_release(&a);
}

static void an_act_without_an_object_is_the_same_again(void **state UNUSED)
{
    static const struct action nameless = {.act = ACT_RS_CREATE, .method = "POST"};
    struct refused r = {0};

    assert_true(wait_after(&r, &nameless, ERR_DENIED, 100) == 10 * SECOND_MS);
    assert_true(refused_is(&r, &nameless));
    assert_true(wait_after(&r, &nameless, ERR_DENIED, 100) == 20 * SECOND_MS);
    refused_clear(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slower_each_time),
        cmocka_unit_test(as_long_as_the_server_says),
        cmocka_unit_test(since_the_first_of_its_kind),
        cmocka_unit_test(what_is_held_up),
        cmocka_unit_test(over_in_time),
        cmocka_unit_test(in_the_words_of_rbac),
        cmocka_unit_test(an_act_without_an_object_is_the_same_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of a Rollout between passes, and when it is worked on. */
#include "ctl_fixture.h"

static struct object *rollout(struct fake *f, const char *uid, int generation)
{
    const char *text = json_fmt(&f->arena,
                                "{'metadata':{'namespace':'shop','name':'web','uid':%q,"
                                "'generation':%d,'resourceVersion':'1'},'spec':{}}",
                                uid, generation);
    auto_json cJSON *doc = json_parse(text, strlen(text), NULL);

    return object_read(KIND_ROLLOUT, doc, text, strlen(text));
}

static struct key *woken(struct fake *f, const char *uid, int generation)
{
    struct object *o = rollout(f, uid, generation);

    ctl_store_listener.woken(&f->ctl, o, KIND_REPLICASET);
    object_unref(o);
    return key_find(&f->ctl, "shop/web");
}

static int setup(void **state)
{
    struct fake *f = xcalloc(1, sizeof(*f));

    fake_open(f);
    f->ctl.leading = false; /* the queue is read here, no pass begins */
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fake_close(*state);
    free(*state);
    return 0;
}

/* The first event is not put off by those that follow it. */
static void events_that_come_together_are_one_pass(void **state)
{
    struct fake *f = *state;
    const int64_t before = clock_mono_ms();
    int64_t due;

    woken(f, "u1", 1);
    due = queue_due_ms(f->ctl.queue);
    assert_true(due >= before + GATHER_MS && due <= clock_mono_ms() + GATHER_MS);
    for (int i = 0; i < 5; i++)
        woken(f, "u1", 1);
    assert_int_equal(queue_due_ms(f->ctl.queue), due);
    assert_int_equal(queue_stats(f->ctl.queue).depth, 1);
    assert_null(queue_take(f->ctl.queue, due - 1));
    assert_non_null(queue_take(f->ctl.queue, due));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(events_that_come_together_are_one_pass),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

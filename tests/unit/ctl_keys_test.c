/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of a Rollout between passes, and when it is worked on. */
#include "../../src/ctl/pass.h"
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

static bool never(void *arg UNUSED)
{
    return false;
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

static void ask_a_gate(struct key *key)
{
    static const struct gate_spec gate = {
        .name = "latency",
        .kind = GATE_METRIC,
        .metric = {.query = "up", .max = "1", .has_max = true, .every_ms = 60000, .count = 1}};
    const struct ask ask = {
        .gate = &gate, .revision = "h1", .step = 1, .query = "up", .address = "http://127.0.0.1:1"};

    gate_run(key->ctl->runner, key->name, &ask, 1);
    assert_int_equal(gate_stats(key->ctl->runner).questions, 1);
}

static void note_much(struct key *key)
{
    const struct action scale = {.act = ACT_RS_SCALE, .name = "web-1"};
    const struct err no = {.kind = ERR_DENIED, .text = "no"};

    key->needs_look = false;
    key->report_since_ms = 1;
    key->brake.state = BRAKE_PROVED;
    barrier_wrote(&key->barrier, KIND_REPLICASET, "7", 1);
    key_barrier_changed(key);
    refused_remember(&key->refused, &scale, "patch replicasets", &no, 1, 1);
    pods_want(key, "h1", 0);
    ask_a_gate(key);
}

static void expect_new(const struct fake *f, const struct key *key)
{
    assert_true(key->needs_look);
    assert_int_equal(key->report_since_ms, 0);
    assert_int_equal(key->brake.state, BRAKE_UNKNOWN);
    assert_true(barrier_open(&key->barrier));
    assert_int_equal(f->ctl.closed.count, 0);
    assert_false(key->refused.present);
    assert_null(key->pods);
    assert_int_equal(gate_stats(f->ctl.runner).questions, 0);
}

static void a_rollout_made_again_is_another(void **state)
{
    struct fake *f = *state;
    struct key *key = woken(f, "u1", 1);

    note_much(key);
    assert_ptr_equal(woken(f, "u1", 1), key);
    assert_true(key->refused.present);
    assert_false(key->needs_look);
    assert_ptr_equal(woken(f, "u2", 1), key);
    assert_string_equal(key->uid, "u2");
    expect_new(f, key);
}

/* What the pass of the one before notes is gone with that pass. */
static void a_pass_of_the_one_before_leaves_nothing(void **state)
{
    struct fake *f = *state;
    struct key *key = woken(f, "u1", 1);
    struct pass *p = xcalloc(1, sizeof(*p));

    queue_take(f->ctl.queue, clock_mono_ms() + GATHER_MS);
    *p = (struct pass){.ctl = &f->ctl, .key = key};
    key->pass = p;
    f->ctl.passes = 1;
    woken(f, "u2", 1);
    note_much(key);
    pass_end(p, QUEUE_NEVER);
    expect_new(f, key);
    assert_false(key->renewed);
}

static bool is_due(void *arg)
{
    const struct fake *f = arg;

    return queue_due_ms(f->ctl.queue) <= clock_mono_ms();
}

/* What a gate said is planned on at once. */
static void an_answer_of_a_gate_wakes_it(void **state)
{
    static const struct gate_spec gate = {.name = "smoke", .kind = GATE_METRIC};
    const struct ask ask = {.gate = &gate, .revision = "h1", .broken = "no such variable"};
    struct fake *f = *state;
    struct key *key = woken(f, "u1", 1);
    struct world w = {0};

    queue_drop(f->ctl.queue, key->name);
    gate_run(f->ctl.runner, key->name, &ask, 1);
    assert_true(loop_run_until(f->ctl.loop, is_due, f, 10000));
    runner_readings(key, &f->arena, &w);
    assert_int_equal(w.reading_count, 1);
    assert_int_equal(w.readings[0].errors, 1);
    assert_string_equal(w.readings[0].message, "no such variable");
}

/* All that is held for it goes with it: queries and lists that are under way, too. */
static void a_key_that_is_forgotten_holds_nothing(void **state)
{
    struct fake *f = *state;
    struct key *key = woken(f, "u1", 1);

    note_much(key);
    key_forget(key);
    assert_null(key_find(&f->ctl, "shop/web"));
    assert_int_equal(f->ctl.closed.count, 0);
    assert_int_equal(gate_stats(f->ctl.runner).questions, 0);
    loop_run_until(f->ctl.loop, never, f, 50); /* nothing comes back to it */
    assert_null(key_find(&f->ctl, "shop/web"));
}

/* An API server's word is taken as it is: no namespace is one with an empty name. */
static void without_a_namespace_it_is_in_none(void **state)
{
    static const char text[] = "{\"metadata\":{\"name\":\"web\",\"uid\":\"u\","
                               "\"resourceVersion\":\"1\"},\"spec\":{\"targetRef\":{"
                               "\"name\":\"web\"}}}";
    struct fake *f = *state;
    auto_json cJSON *doc = json_parse(text, strlen(text), NULL);
    struct object *o = object_read(KIND_ROLLOUT, doc, text, strlen(text));

    assert_string_equal(key_of(&f->ctl, o)->ns, "");
    assert_ptr_equal(key_find(&f->ctl, "/web"), key_of(&f->ctl, o));
    assert_true(store_put(f->ctl.store, o, 1));
    assert_ptr_equal(store_get(f->ctl.store, KIND_ROLLOUT, NULL, "web"), o);
    assert_int_equal(store_bucket(f->ctl.store, BUCKET_TARGET, NULL, "web")->count, 1);
    object_unref(o);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_answer_of_a_gate_wakes_it),          TEST(events_that_come_together_are_one_pass),
        TEST(a_rollout_made_again_is_another),       TEST(a_pass_of_the_one_before_leaves_nothing),
        TEST(a_key_that_is_forgotten_holds_nothing), TEST(without_a_namespace_it_is_in_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

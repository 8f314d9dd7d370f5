/* SPDX-License-Identifier: Apache-2.0 */
/* Many requests at a time: places and pools, writes in their order and behind their gate, and
 * streams (C2, C68). */
#include "kube_calls.h"

/* --- places, order, pools --------------------------------------------------------------------- */

static size_t open_now(struct fixture *f)
{
    return script_open(f->script);
}

static bool all_done(void *arg)
{
    const struct outcome *o = arg;

    for (size_t i = 0; i < KUBE_READS_MAX + 8; i++)
        if (!o[i].done)
            return false;
    return true;
}

static void only_so_many_reads(void **state)
{
    struct fixture *f = *state;
    struct outcome o[KUBE_READS_MAX + 8];

    for (size_t i = 0; i < KUBE_READS_MAX; i++)
        SCRIPT(f->script, .end = SCRIPT_HANG);
    for (size_t i = 0; i < COUNT(o); i++)
        start(f, &(struct kube_request){.path = "/"}, &o[i]);
    await(f, script_empty, f->script);
    assert_false(loop_run_until(f->loop, all_done, o, 20));
    assert_int_equal(script_requests(f->script), KUBE_READS_MAX);
    assert_int_equal(open_now(f), KUBE_READS_MAX);
    /* Those that wait can be cancelled: the last, one in the middle, the first. */
    const size_t cancelled[] = {COUNT(o) - 1, KUBE_READS_MAX + 2, KUBE_READS_MAX};
    for (size_t i = 0; i < COUNT(cancelled); i++) {
        kube_cancel(o[cancelled[i]].call);
        o[cancelled[i]].done = 1;
    }
    /* One under way that is cancelled makes room. */
    for (size_t i = 0; i < 8 - COUNT(cancelled); i++)
        SCRIPT(f->script, .code = 200);
    for (size_t i = 0; i < KUBE_READS_MAX; i++) {
        kube_cancel(o[i].call);
        o[i].done = 1;
    }
    await(f, all_done, o);
}

static char order[600];

static void note_order(const struct kube_reply *reply, void *arg)
{
    (void)reply;
    const size_t len = strlen(order);

    order[len] = *(const char *)arg;
    order[len + 1] = 0;
}

static bool has_all(void *arg)
{
    return strlen(order) >= *(size_t *)arg;
}

static void writes_leave_in_order(void **state)
{
    static char letters[260];
    struct fixture *f = *state;
    size_t count = sizeof(letters);

    order[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        letters[i] = (char)('a' + i % 26);
        SCRIPT(f->script, .want = "PATCH", .code = 200);
    }
    for (size_t i = 0; i < count; i++)
        kube_send(f->client, &(struct kube_request){.verb = KUBE_PATCH, .path = "/p", .body = "{}"},
                  note_order, &letters[i]);
    assert_int_equal(kube_client_writes_open(f->client), count);
    await(f, has_all, &count);
    assert_int_equal(kube_client_writes_open(f->client), 0);
    assert_int_equal(script_requests(f->script), count);
}

static bool gate_open;

static bool may_write(void *arg)
{
    ++*(int *)arg;
    return gate_open;
}

static void deposed_leaders_do_not_write(void **state)
{
    struct fixture *f = *state;
    struct outcome o;
    int asked = 0;

    kube_client_set_write_gate(f->client, may_write, &asked);
    gate_open = false;
    o = patch(f);
    assert_int_equal(o.err.kind, ERR_RETRY); /* C68 */
    assert_int_equal(asked, 1);
    assert_int_equal(script_requests(f->script), 0);
    SCRIPT(f->script, .want = "GET", .code = 200);
    get(f, "/");
    SCRIPT(f->script, .want = "POST", .code = 201);
    o = ask(f, (struct kube_request){
                   .verb = KUBE_POST, .path = "/l", .body = "{}", .pool = KUBE_LEASE});
    assert_int_equal(o.code, 201); /* the lease itself is not gated */
    gate_open = true;
    SCRIPT(f->script, .want = "PATCH", .code = 200);
    assert_int_equal(patch(f).code, 200);
    assert_int_equal(asked, 2);
}

/* C2: what hangs in one pool does not hold up another. */
static void pools_do_not_wait_for_each_other(void **state)
{
    struct fixture *f = *state;
    struct outcome hung;

    SCRIPT(f->script, .end = SCRIPT_HANG);
    start(f, &(struct kube_request){.path = "/watch", .pool = KUBE_WATCH}, &hung);
    await(f, script_empty, f->script);
    SCRIPT(f->script, .want = "GET /lease?timeout=4000ms", .code = 200);
    ask(f, (struct kube_request){.path = "/lease", .pool = KUBE_LEASE});
    SCRIPT(f->script, .want = "GET /call", .code = 200);
    get(f, "/call");
    assert_int_equal(script_connections(f->script), 3);
    kube_cancel(hung.call);
    kube_cancel(NULL);
}

static void freed_with_calls_open(void **state)
{
    struct fixture *f = *state;
    struct outcome o[3];

    SCRIPT(f->script, .end = SCRIPT_HANG);
    start(f, &(struct kube_request){.path = "/"}, &o[0]);
    await(f, script_empty, f->script);
    gate_open = false;
    int asked = 0;
    kube_client_set_write_gate(f->client, may_write, &asked);
    start(f, &(struct kube_request){.verb = KUBE_PATCH, .path = "/", .body = "{}"}, &o[1]);
    start(f, &(struct kube_request){.path = "/"}, &o[2]);
    kube_client_free(f->client);
    f->client = NULL;
    assert_int_equal(o[0].done + o[1].done + o[2].done, 0);
}

/* --- streams ---------------------------------------------------------------------------------- */

static bool has_chunk(void *arg)
{
    const struct outcome *o = arg;

    return o->chunks > 0;
}

static void streams(void **state)
{
    struct fixture *f = *state;
    struct outcome o;
    const struct kube_request req = {.path = "/w",
                                     .query = "watch=1",
                                     .pool = KUBE_WATCH,
                                     .on_chunk = on_chunk,
                                     .idle_ms = 5000};

    SCRIPT(f->script, .want = "GET /w?watch=1 HTTP", .code = 200, .body = "x",
           .end = SCRIPT_STREAM);
    start(f, &req, &o);
    await(f, has_chunk, &o);
    script_finish(f->script, SCRIPT_KEEP);
    await(f, is_done, &o);
    assert_int_equal(o.err.kind, ERR_NONE);
    SCRIPT(f->script, .code = 410, .body = STATUS_BODY(410, "Expired", "too old"),
           .end = SCRIPT_CLOSE);
    o = ask(f, req);
    assert_int_equal(o.err.kind, ERR_GONE);
    SCRIPT(f->script, .code = 0, .end = SCRIPT_RESET); /* not sent again: its owner knows how */
    o = ask(f, req);
    assert_int_equal(o.err.kind, ERR_RETRY);
    assert_true(script_empty(f->script));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(only_so_many_reads),           TEST(writes_leave_in_order),
        TEST(deposed_leaders_do_not_write), TEST(pools_do_not_wait_for_each_other),
        TEST(freed_with_calls_open),        TEST(streams),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

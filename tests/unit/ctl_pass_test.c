/* SPDX-License-Identifier: Apache-2.0 */
/* Passes before an API server that fails: what is read before what is written, and what is not
 * written again (C10, C42, C45, C60, C61, C64). */
#include "../../src/ctl/pass.h"
#include "ctl_fixture.h"

#define ROLLOUT    "/apis/sluice.dev/v1beta1/namespaces/shop/rollouts/web"
#define DEPLOYMENT "/apis/apps/v1/namespaces/shop/deployments/web"
#define SETS       "/apis/apps/v1/namespaces/shop/replicasets"
#define SET        SETS "/web-1"
#define SERVICE    "/api/v1/namespaces/shop/services/web"
#define STATUS     "PATCH " ROLLOUT "/status;"
#define LOOKED     "GET " ROLLOUT ";"
#define META(name)                                                                                 \
    "'namespace':'shop','name':'" name "','uid':'u','generation':1,"                               \
    "'creationTimestamp':'2026-11-28T01:00:00Z'"
#define NUMBER ",'annotations':{'deployment.kubernetes.io/revision':'1'}"
#define OWNED                                                                                      \
    ",'labels':{'app':'web','pod-template-hash':'h1'},'ownerReferences':[{'apiVersion':"           \
    "'apps/v1','kind':'Deployment','name':'web','uid':'u','controller':true}]"
#define TEMPLATE                                                                                   \
    "'template':{'metadata':{'labels':{'app':'web'}},'spec':{'containers':[{'name':'c'}]}}"
#define COUNTS                                                                                     \
    "'observedGeneration':1,'replicas':1,'updatedReplicas':1,'readyReplicas':1,"                   \
    "'availableReplicas':1"

static void put(struct fake *f, const char *path, const char *meta, const char *rest)
{
    fake_put(f, path, json_fmt(&f->arena, meta), json_fmt(&f->arena, rest));
}

static int setup(void **state)
{
    struct fake *f = xcalloc(1, sizeof(*f));

    fake_open(f);
    put(f, ROLLOUT, META("web"),
        "'spec':{'targetRef':{'name':'web'},'strategy':{'blueGreen':"
        "{'activeService':'web'}}}");
    put(f, DEPLOYMENT, META("web") NUMBER,
        "'spec':{'replicas':1,'selector':{'matchLabels':{'app':'web'}}," TEMPLATE
        "},'status':{" COUNTS "}");
    put(f, SET, META("web-1") NUMBER OWNED,
        "'spec':{'replicas':1,'selector':{'matchLabels':{'app':'web','pod-template-hash':"
        "'h1'}}," TEMPLATE "},'status':{" COUNTS "}");
    put(f, SERVICE, META("web"), "'spec':{'selector':{'app':'web'},'ports':[{'port':80}]}");
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fake_close(*state);
    free(*state);
    return 0;
}

static size_t times(const struct fake *f, const char *text)
{
    const char *at = strbuf_str(&f->log);
    size_t n = 0;

    while ((at = strstr(at, text))) {
        at += strlen(text);
        n++;
    }
    return n;
}

static bool written_once(void *arg)
{
    return times(arg, STATUS) >= 1;
}

static bool written_twice(void *arg)
{
    return times(arg, STATUS) >= 2;
}

static bool never(void *arg UNUSED)
{
    return false;
}

/* Attached: status.stable is written, and nothing is left to do but to report. */
static bool attached(void *arg)
{
    const struct fake *f = arg;
    const struct object *o = store_get(f->ctl.store, KIND_ROLLOUT, "shop", "web");
    struct rollout_status status;

    if (!o)
        return false;
    status_unpack(o->as.rollout, &status);
    return status.stable.revision && f->ctl.passes == 0;
}

static void begin(struct fake *f)
{
    caches_start(&f->ctl);
}

static void await(struct fake *f, bool (*condition)(void *arg))
{
    CHECK(loop_run_until(f->ctl.loop, condition, f, 10000), "waited in vain: %s",
          strbuf_str(&f->log));
}

static void pause_ms(struct fake *f, int64_t ms)
{
    loop_run_until(f->ctl.loop, never, f, ms);
}

static struct key *web(const struct fake *f)
{
    return key_find(&f->ctl, "shop/web");
}

static bool refused(void *arg)
{
    const struct fake *f = arg;
    const struct key *key = web(f);

    return key && key->refused.present && f->ctl.passes == 0;
}

static bool all_cached(void *arg)
{
    const struct fake *f = arg;

    return caches_ready(&f->ctl);
}

static bool waited(void *arg)
{
    const struct fake *f = arg;

    return f->ctl.metrics.barrier_waits > 0;
}

static bool looked_instead(void *arg)
{
    const struct fake *f = arg;

    return f->ctl.metrics.barrier_looks > 0;
}

static bool seen_by_caches(void *arg)
{
    return barrier_open(&web(arg)->barrier);
}

static bool passed(void *arg)
{
    const struct fake *f = arg;

    return f->ctl.passes == 0;
}

static void nothing_decides_on_the_cache_alone(void **state)
{
    struct fake *f = *state;

    begin(f);
    await(f, attached);
    assert_true(times(f, LOOKED) >= 1);
    assert_true(times(f, "GET " DEPLOYMENT ";") >= 1);
    CHECK(strstr(strbuf_str(&f->log), LOOKED) < strstr(strbuf_str(&f->log), STATUS), "%s",
          strbuf_str(&f->log));
}

/* A ReplicaSet that changes hands between two lists is in neither. */
static void what_no_list_showed_is_asked_for_by_name(void **state)
{
    struct fake *f = *state;

    fake_fail_next(f, (struct fake_failure){.begins = "GET " SETS,
                                            .code = 200,
                                            .body = "{\"metadata\":{\"resourceVersion\":\"1\"},"
                                                    "\"items\":[]}"});
    begin(f);
    await(f, attached);
    assert_int_equal(times(f, "GET " SETS "/web-1;"), 1);
}

static void at_rest_nothing_is_sent(void **state)
{
    struct fake *f = *state;
    size_t len;

    begin(f);
    await(f, attached);
    pause_ms(f, 1500);
    len = f->log.len;
    pause_ms(f, 1500);
    CHECK(f->log.len == len, "%s", strbuf_str(&f->log) + len);
}

static void a_conflict_is_looked_at_and_planned_again(void **state)
{
    struct fake *f = *state;

    fake_fail_next(f, (struct fake_failure){
                          .begins = "PATCH " ROLLOUT,
                          .code = 409,
                          .body = "{\"kind\":\"Status\",\"reason\":\"Conflict\",\"code\":409}"});
    begin(f);
    await(f, attached);
    assert_int_equal(f->ctl.metrics.conflicts, 1);
    assert_true(times(f, LOOKED) >= 2);
    assert_int_equal(f->ctl.metrics.passes_failed, 0);
}

static bool looked_more(void *arg)
{
    const struct fake *f = arg;

    return f->ctl.metrics.looks > 1 && attached(arg);
}

/* The look a moment ago would do, if this were not another's word: it took the status away. */
static void what_others_wrote_is_looked_at(void **state)
{
    struct fake *f = *state;

    begin(f);
    await(f, attached);
    await(f, seen_by_caches);
    assert_int_equal(f->ctl.metrics.looks, 1);
    put(f, ROLLOUT, META("web"),
        "'spec':{'targetRef':{'name':'web'},'strategy':{'blueGreen':"
        "{'activeService':'web'}}}");
    await(f, looked_more);
}

static bool looked_since(void *arg)
{
    const struct fake *f = arg;
    const char *written = strstr(strbuf_str(&f->log), STATUS);

    return written && strstr(written, LOOKED);
}

/* The write was done, only its answer says otherwise: a repeat would be a second one. The look for
 * it comes when the server cannot be at it any more. */
static void an_unknown_outcome_is_not_repeated(void **state)
{
    struct fake *f = *state;

    fake_fail_next(f, (struct fake_failure){
                          .begins = "PATCH " ROLLOUT, .code = 504, .body = "late", .commit = true});
    begin(f);
    await(f, attached);
    assert_int_equal(f->ctl.metrics.unknown, 1);
    pause_ms(f, KUBE_WRITE_TIMEOUT_MS - 2000);
    CHECK(!looked_since(f), "a look too soon: %s", strbuf_str(&f->log));
    await(f, looked_since);
    assert_int_equal(f->ctl.metrics.writes[ACT_DECIDE], 0);
}

static void a_refusal_is_remembered_and_tried_slowly(void **state)
{
    struct fake *f = *state;

    for (int i = 0; i < 3; i++)
        fake_fail_next(f, (struct fake_failure){
                              .begins = "PATCH " ROLLOUT,
                              .code = 403,
                              .body = "{\"kind\":\"Status\",\"reason\":\"Forbidden\",\"message\":"
                                      "\"exceeded quota\",\"code\":403}"});
    begin(f);
    await(f, refused);
    pause_ms(f, 1000);
    assert_int_equal(web(f)->refused.kind, ERR_QUOTA);
    assert_true(times(f, STATUS) <= 2); /* the decision; a report of the refusal, refused too */
    assert_int_equal(f->ctl.passes, 0);
}

static void a_read_that_is_refused_stops_writes(void **state)
{
    struct fake *f = *state;

    fake_fail_next(f, (struct fake_failure){
                          .begins = "GET " SERVICE,
                          .code = 403,
                          .body = "{\"kind\":\"Status\",\"reason\":\"Forbidden\",\"code\":403}"});
    fake_fail_next(f, (struct fake_failure){
                          .begins = "GET /api/v1/namespaces/shop/services",
                          .code = 403,
                          .body = "{\"kind\":\"Status\",\"reason\":\"Forbidden\",\"code\":403}"});
    begin(f);
    await(f, refused);
    assert_true(web(f)->refused.reading);
    assert_string_equal(web(f)->refused.what, "list services");
    assert_int_equal(f->ctl.metrics.writes[ACT_DECIDE], 0);
}

/* The watch is mute: our own writes are never seen, so the cache is not trusted again before a
 * look took its place. */
static bool looking(void *arg)
{
    const struct key *key = web(arg);

    return key->pass && key->pass->look;
}

/* An edit in the middle of a look: what it read may be of before. */
static void a_look_answers_no_later_edit(void **state)
{
    struct fake *f = *state;
    uint64_t looks;

    begin(f);
    await(f, attached);
    looks = f->ctl.metrics.looks;
    web(f)->needs_look = true;
    key_queue(web(f), clock_mono_ms(), QUEUE_HIGH, "test");
    await(f, looking);
    assert_false(web(f)->needs_look);
    web(f)->needs_look = true;
    await(f, passed);
    assert_int_equal(f->ctl.metrics.looks, looks + 2);
    assert_false(web(f)->needs_look);
}

/* One that is cut short answers nothing at all. */
static void a_look_cut_short_is_still_needed(void **state)
{
    struct fake *f = *state;

    begin(f);
    await(f, attached);
    web(f)->needs_look = true;
    key_queue(web(f), clock_mono_ms(), QUEUE_HIGH, "test");
    await(f, looking);
    passes_stop(&f->ctl, false);
    await(f, passed);
    assert_true(web(f)->needs_look);
}

static void caches_that_lag_are_waited_for_and_then_replaced(void **state)
{
    struct fake *f = *state;

    f->mute = true;
    begin(f);
    await(f, attached);
    assert_false(barrier_open(&web(f)->barrier));
    key_queue(web(f), clock_mono_ms(), QUEUE_HIGH, "test");
    await(f, waited);
    assert_int_equal(f->ctl.metrics.barrier_looks, 0);
    await(f, looked_instead);
}

#define ROUTES "/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes"

static void put_canary(struct fake *f)
{
    put(f, ROLLOUT, META("web"),
        "'spec':{'targetRef':{'name':'web'},'strategy':{'canary':{'stableService':'web','traffic':["
        "{'gatewayAPI':{'name':'web'}}],'steps':[{'weight':50}]}}}");
    put(f, ROUTES "/web", META("web"),
        "'spec':{'parentRefs':[{'name':'edge'}],'rules':[{'backendRefs':[{'name':'web','port':80},{"
        "'name':'web-canary','port':80}]}]}");
}

/* The list of routes hangs, or is refused: a route that is there is not said to be missing. */
static void a_route_that_was_not_listed_is_not_missed(void **state)
{
    static const struct fake_failure rows[] = {
        {.begins = "GET /apis/gateway.networking.k8s.io/v1/httproutes", .hangs = true},
        {.begins = "GET /apis/gateway.networking.k8s.io/v1/httproutes",
         .code = 403,
         .body = "{\"kind\":\"Status\",\"reason\":\"Forbidden\",\"code\":403}"}};

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fake *f;

        teardown(state);
        setup(state);
        f = *state;
        put_canary(f);
        fake_fail_next(f, rows[i]);
        begin(f);
        await(f, written_once);
        CHECK(!strstr(fake_find(f, ROLLOUT)->json, "RouteNotFound"), "row %zu: %s", i,
              fake_find(f, ROLLOUT)->json);
        await(f, written_twice); /* at rest: what the brake is */
        CHECK(!strstr(fake_find(f, ROLLOUT)->json, "RouteNotFound"), "row %zu: %s", i,
              fake_find(f, ROLLOUT)->json);
    }
}

static void own_writes_seen_open_the_barrier(void **state)
{
    struct fake *f = *state;

    begin(f);
    await(f, attached);
    await(f, seen_by_caches);
    assert_int_equal(f->ctl.closed.count, 0);
    assert_int_equal(f->ctl.metrics.barrier_looks, 0);
}

/* Stopping: a look is dropped, a write under way is finished, nothing new begins. */
static void stopping_finishes_the_write_under_way(void **state)
{
    struct fake *f = *state;

    begin(f);
    await(f, written_once);
    passes_stop(&f->ctl, false);
    await(f, passed);
    assert_int_equal(kube_client_writes_open(f->ctl.client), 0);
    assert_int_equal(times(f, STATUS), 1);
}

static void a_standby_writes_nothing(void **state)
{
    struct fake *f = *state;

    f->ctl.leading = false;
    begin(f);
    await(f, all_cached);
    pause_ms(f, 100);
    assert_string_equal(strbuf_str(&f->log), "");
    f->ctl.leading = true;
    passes_kick(&f->ctl);
    await(f, attached);
}

static void a_budget_bounds_the_writes_of_one(void **state)
{
    struct fake *f = *state;
    struct key *key;

    begin(f);
    await(f, written_twice);
    key = web(f);
    for (int i = 0; i < BUDGET_BURST; i++)
        key_wrote(key, clock_mono_ms());
    assert_false(key_may_write(key, clock_mono_ms()));
    assert_true(key_may_write(key, clock_mono_ms() + 20 * SECOND_MS));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_decides_on_the_cache_alone),
        TEST(what_no_list_showed_is_asked_for_by_name),
        TEST(at_rest_nothing_is_sent),
        TEST(what_others_wrote_is_looked_at),
        TEST(a_conflict_is_looked_at_and_planned_again),
        TEST(an_unknown_outcome_is_not_repeated),
        TEST(a_refusal_is_remembered_and_tried_slowly),
        TEST(a_read_that_is_refused_stops_writes),
        TEST(a_look_answers_no_later_edit),
        TEST(a_look_cut_short_is_still_needed),
        TEST(caches_that_lag_are_waited_for_and_then_replaced),
        TEST(a_route_that_was_not_listed_is_not_missed),
        TEST(own_writes_seen_open_the_barrier),
        TEST(stopping_finishes_the_write_under_way),
        TEST(a_standby_writes_nothing),
        TEST(a_budget_bounds_the_writes_of_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

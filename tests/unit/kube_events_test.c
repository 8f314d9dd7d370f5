/* SPDX-License-Identifier: Apache-2.0 */
/* events.k8s.io/v1 (C76): bounded, aggregated, beside the work. */
#include "../../src/kube/event_text.h"
#include "kube_fixture.h"
#include "sluice/base/strbuf.h"
#include "sluice/json/json.h"
#include "sluice/kube/events.h"

#define WANT_POST  "POST /apis/events.k8s.io/v1/namespaces/ns/events?timeout="
#define WANT_PATCH "PATCH /apis/events.k8s.io/v1/namespaces/ns/events/web."

static const struct kube_ref web = {"sluice.dev/v1beta1", "Rollout", "ns", "web", "u-1"};

struct world {
    struct fixture f;
    struct recorder *r;
    int flushed;
};

static int set_up(void **state)
{
    struct world *w = xcalloc(1, sizeof(*w));

    fixture_open(&w->f);
    w->r = recorder_new(w->f.client, "sluice-0");
    recorder_set_timing(w->r, &(struct recorder_timing){.retry_ms = 4});
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    recorder_free(w->r);
    fixture_close(&w->f);
    free(w);
    return 0;
}

static void say(struct world *w, const char *note)
{
    kube_event(w->r, &web, EVENT_NORMAL, "Started", "Release", note);
}

static bool quiet(void *arg)
{
    const struct world *w = arg;

    return recorder_stats(w->r).waiting == 0;
}

static bool flushed(void *arg)
{
    const struct world *w = arg;

    return w->flushed > 0;
}

static void on_flushed(void *arg)
{
    struct world *w = arg;

    w->flushed++;
}

static const char *last_body(struct world *w)
{
    const char *end = strstr(script_last(w->f.script), "\r\n\r\n");

    assert_non_null(end);
    return end + 4;
}

static void as_the_server_wants_it(void **state)
{
    struct world *w = *state;
    struct err e = {0};
    cJSON *doc;

    SCRIPT(w->f.script, .want = WANT_POST, .code = 201);
    kube_event(w->r, &web, EVENT_WARNING, "Aborted", "Abort", "the \"new\" one\n is bad \xff");
    assert_int_equal(script_requests(w->f.script), 0);
    await(&w->f, quiet, w);
    doc = json_parse(last_body(w), strlen(last_body(w)), &e);
    CHECK(doc, "%s", e.text);
    assert_string_equal(json_str(doc, "apiVersion"), "events.k8s.io/v1");
    assert_string_equal(json_str(doc, "type"), "Warning");
    assert_string_equal(json_str(doc, "reason"), "Aborted");
    assert_string_equal(json_str(doc, "action"), "Abort");
    assert_string_equal(json_str(doc, "note"), "the \"new\" one\n is bad \xef\xbf\xbd");
    assert_string_equal(json_str(doc, "regarding.uid"), "u-1");
    assert_string_equal(json_str(doc, "regarding.kind"), "Rollout");
    assert_string_equal(json_str(doc, "reportingController"), "sluice.dev/controller");
    assert_string_equal(json_str(doc, "reportingInstance"), "sluice-0");
    assert_string_equal(json_str(doc, "metadata.namespace"), "ns");
    assert_int_equal(strlen(json_str(doc, "metadata.name")), strlen("web.") + 16);
    assert_int_equal(strlen(json_str(doc, "eventTime")), strlen("2026-11-24T09:14:03.000000Z"));
    json_release(&doc);
    assert_int_equal(recorder_stats(w->r).written, 1);
}

static void equal_ones_become_a_series(void **state)
{
    struct world *w = *state;

    SCRIPT(w->f.script, .want = WANT_POST, .code = 201);
    for (int i = 0; i < 5; i++)
        say(w, "same");
    await(&w->f, quiet, w);
    say(w, "same");
    assert_int_equal(recorder_stats(w->r).waiting, 0); /* the first at once, the rest later */
    SCRIPT(w->f.script, .want = WANT_POST, .code = 201);
    say(w, "another");
    await(&w->f, quiet, w);
    SCRIPT(w->f.script, .want = WANT_PATCH, .code = 200,
           .want_head = "Content-Type: application/merge-patch+json");
    recorder_flush(w->r, WAIT_MS, on_flushed, w);
    assert_int_equal(w->flushed, 0);
    await(&w->f, flushed, w);
    assert_non_null(strstr(last_body(w), "{\"series\":{\"count\":6,\"lastObservedTime\":\"20"));
    assert_int_equal(recorder_stats(w->r).written, 3);
}

static void a_series_in_time(void **state)
{
    struct world *w = *state;

    recorder_set_timing(w->r,
                        &(struct recorder_timing){
                            .retry_ms = 4, .refresh_ms = 30, .quiet_ms = 60000, .review_ms = 3});
    SCRIPT(w->f.script, .want = WANT_POST, .code = 201);
    say(w, "same");
    await(&w->f, quiet, w);
    SCRIPT(w->f.script, .want = WANT_PATCH, .code = 200);
    say(w, "same");
    await(&w->f, script_empty, w->f.script); /* after refresh_ms */
    await(&w->f, quiet, w);
    recorder_set_timing(w->r,
                        &(struct recorder_timing){
                            .retry_ms = 4, .refresh_ms = 60000, .quiet_ms = 30, .review_ms = 3});
    SCRIPT(w->f.script, .want = WANT_PATCH, .code = 200);
    say(w, "same");
    await(&w->f, script_empty, w->f.script); /* after quiet_ms; then the series is over */
    await(&w->f, quiet, w);
    SCRIPT(w->f.script, .want = WANT_POST, .code = 201);
    do {
        loop_run_until(w->f.loop, script_empty, w->f.script, 40);
        say(w, "same");
    } while (recorder_stats(w->r).waiting == 0);
    await(&w->f, quiet, w);
}

static void tries_and_giving_up(void **state)
{
    static const struct script_step hopeless[] = {
        {.want = WANT_POST, .code = 400},
        {.want = WANT_POST, .code = 403},
        {.want = WANT_POST, .code = 404},
        {.want = WANT_POST, .code = 410},
        {.want = WANT_POST, .code = 422},
        {.want = WANT_POST,
         .code = 403, /* its namespace goes */
         .body =
             "{\"kind\":\"Status\",\"reason\":\"Forbidden\",\"code\":403,\"details\":{\"causes\":"
             "[{\"reason\":\"NamespaceTerminating\"}]}}"},
    };
    struct world *w = *state;

    for (size_t i = 0; i < COUNT(hopeless); i++) {
        script_add(w->f.script, &hopeless[i]);
        say(w, "x");
        await(&w->f, quiet, w);
        assert_int_equal(recorder_stats(w->r).failed, i + 1);
    }
    SCRIPT(w->f.script, .want = WANT_POST, .code = 500);
    SCRIPT(w->f.script, .want = WANT_POST, .code = 0, .end = SCRIPT_RESET);
    SCRIPT(w->f.script, .want = WANT_POST, .code = 409, /* the lost one was stored */
           .body = STATUS_BODY(409, "AlreadyExists", "x"));
    say(w, "y");
    await(&w->f, quiet, w);
    assert_int_equal(recorder_stats(w->r).written, 1);
    for (int i = 0; i < EVENT_TRIES_MAX; i++)
        SCRIPT(w->f.script, .want = WANT_POST, .code = 503);
    say(w, "z");
    await(&w->f, quiet, w);
    assert_int_equal(recorder_stats(w->r).failed, COUNT(hopeless) + 1);
    assert_int_equal(script_left(w->f.script), 0);
}

static void the_server_forgot_it(void **state)
{
    struct world *w = *state;

    SCRIPT(w->f.script, .want = WANT_POST, .code = 201);
    say(w, "same");
    await(&w->f, quiet, w);
    say(w, "same");
    SCRIPT(w->f.script, .want = WANT_PATCH, .code = 404);
    SCRIPT(w->f.script, .want = WANT_POST, .code = 201);
    SCRIPT(w->f.script, .want = WANT_PATCH, .code = 200);
    recorder_flush(w->r, WAIT_MS, on_flushed, w);
    await(&w->f, flushed, w);
    assert_int_equal(script_left(w->f.script), 0);
}

static void a_flood_is_bounded(void **state)
{
    struct world *w = *state;
    struct recorder_stats stats;

    SCRIPT(w->f.script, .want = WANT_POST, .end = SCRIPT_HANG);
    say(w, "first");
    await(&w->f, script_empty, w->f.script);
    for (int i = 0; i < 5000; i++) {
        char note[32];
        snprintf(note, sizeof(note), "note %d", i);
        say(w, note);
    }
    stats = recorder_stats(w->r);
    assert_true(stats.waiting <= EVENT_QUEUE_MAX);
    assert_int_equal(stats.waiting + stats.dropped, 5001);
    recorder_flush(w->r, 10, on_flushed, w); /* C81: not for ever */
    await(&w->f, flushed, w);
    assert_int_equal(w->flushed, 1);
}

/* One more of a series that the server does not take is tried again, as one more. */
static void an_update_that_fails_is_tried_again(void **state)
{
    struct world *w = *state;

    SCRIPT(w->f.script, .want = WANT_POST, .code = 201);
    say(w, "same");
    await(&w->f, quiet, w);
    say(w, "same");
    SCRIPT(w->f.script, .want = WANT_PATCH, .code = 500);
    SCRIPT(w->f.script, .want = WANT_PATCH, .code = 200);
    recorder_flush(w->r, WAIT_MS, on_flushed, w);
    await(&w->f, flushed, w);
    assert_int_equal(script_left(w->f.script), 0);
    assert_int_equal(recorder_stats(w->r).written, 2);
}

static bool never(void *arg UNUSED)
{
    return false;
}

/* Looked through often: what is under way stays, and what has just been written is still known. */
static void what_is_new_is_left_alone(void **state)
{
    struct world *w = *state;

    recorder_set_timing(w->r, &(struct recorder_timing){.review_ms = 1});
    SCRIPT(w->f.script, .want = WANT_POST, .end = SCRIPT_STREAM, .code = 201);
    say(w, "same");
    await(&w->f, script_streaming, w->f.script);
    loop_run_until(w->f.loop, never, NULL, 10);
    assert_int_equal(recorder_stats(w->r).waiting, 1);
    script_finish(w->f.script, SCRIPT_KEEP);
    await(&w->f, quiet, w);
    loop_run_until(w->f.loop, never, NULL, 10);
    say(w, "same");
    assert_int_equal(recorder_stats(w->r).waiting, 0); /* one more of it */
}

/* The oldest goes, if it is not the one that is being written. */
static void a_flood_behind_an_open_one(void **state)
{
    struct world *w = *state;

    SCRIPT(w->f.script, .want = WANT_POST, .code = 201);
    say(w, "first");
    await(&w->f, quiet, w);
    SCRIPT(w->f.script, .want = WANT_POST, .end = SCRIPT_HANG);
    say(w, "second");
    await(&w->f, script_empty, w->f.script);
    for (int i = 0; i < EVENT_QUEUE_MAX - 1; i++) {
        char note[32];
        snprintf(note, sizeof(note), "note %d", i);
        say(w, note);
    }
    assert_int_equal(recorder_stats(w->r).dropped, 0); /* the first was written */
    say(w, "last");
    assert_int_equal(recorder_stats(w->r).dropped, 1);
}

static void what_has_no_name_is_told_too(void **state)
{
    static const struct kube_ref nameless = {"v1", "Thing", "ns", NULL, "u-2"};
    struct world *w = *state;

    SCRIPT(w->f.script, .want = WANT_POST, .code = 201);
    kube_event(w->r, &nameless, EVENT_NORMAL, "Started", "Release", "note");
    await(&w->f, quiet, w);
    assert_non_null(strstr(last_body(w), "\"uid\":\"u-2\""));
}

static void nothing_to_flush(void **state)
{
    struct world *w = *state;

    recorder_flush(w->r, WAIT_MS, on_flushed, w);
    assert_int_equal(w->flushed, 0);
    await(&w->f, flushed, w);
    kube_event(NULL, &web, EVENT_NORMAL, "a", "b", "c");
    recorder_free(NULL);
}

/* --- texts ------------------------------------------------------------------------------------ */

static void names_and_cuts(void **state)
{
    struct arena a = {0};
    char long_name[300], *name;

    (void)state;
    assert_string_equal(event_name(&a, "web", 255), "web.00000000000000ff");
    assert_string_equal(event_name(&a, "", 1), "event.0000000000000001");
    memset(long_name, 'a', sizeof(long_name));
    long_name[235] = '-'; /* where it is cut */
    long_name[299] = '\0';
    name = event_name(&a, long_name, 1);
    assert_true(strlen(name) <= 253);
    assert_null(strstr(name, "-."));
    long_name[235] = '.';
    assert_null(strstr(event_name(&a, long_name, 1), ".."));
    assert_string_equal(event_name(&a, "-.-", 1), "event.0000000000000001");
    assert_string_equal(event_cut(&a, "a\xff", 3), "a\xff");
    assert_string_equal(event_cut(&a, "\xc3\xa9\xc3\xa9", 3), "\xc3\xa9");
    assert_string_equal(event_cut(&a, "abc", 3), "abc");
    assert_string_equal(event_cut(&a, NULL, 3), "");
    assert_string_equal(event_namespace(&(struct kube_ref){.name = "c"}), "default");
    arena_release(&a);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(as_the_server_wants_it),
        TEST(equal_ones_become_a_series),
        TEST(a_series_in_time),
        TEST(tries_and_giving_up),
        TEST(the_server_forgot_it),
        TEST(a_flood_is_bounded),
        TEST(nothing_to_flush),
        TEST(an_update_that_fails_is_tried_again),
        TEST(what_is_new_is_left_alone),
        TEST(a_flood_behind_an_open_one),
        TEST(what_has_no_name_is_told_too),
        cmocka_unit_test(names_and_cuts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

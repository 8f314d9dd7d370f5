/* SPDX-License-Identifier: Apache-2.0 */
/* The flight record: what is written reads back the same, and what is broken is no record. */
#include "model_lib.h"
#include "sluice/base/clock.h"
#include "sluice/json/jfmt.h"
#include "sluice/model/rollout.h"

#define TEMPLATE                                                                                   \
    "{\"metadata\":{\"labels\":{\"app\":\"web\"}},\"spec\":{\"big\":1e15,\"a\":\"\\u003c\"}}"

static const char *digest_of(struct arena *a, const char *tmpl)
{
    char digest[DIGEST_TEXT_MAX];

    template_digest((struct jslice){tmpl, strlen(tmpl)}, digest);
    return arena_strdup(a, digest);
}

static const char *const rules[] = {"home", "checkout"};
static const struct flown_route a_route = {
    .traffic = {.router = "gatewayAPI",
                .kind = "HTTPRoute",
                .name = "web",
                .rules = rules,
                .rule_count = 2,
                .settle_ms = 1500},
    .stable = "web",
    .canary = "web-canary",
    .rest = "{\"canary\":false,\"rules\":[{\"name\":\"home\",\"stable\":{}}]}",
};

static struct record a_record(struct arena *a)
{
    static const char *const history[] = {"7c9f", "5d4b"};

    return (struct record){
        .stable_revision = "s1-7c9f58d6",
        .stable_name = "web-s1-7c9f58d6",
        .stable_digest = digest_of(a, TEMPLATE),
        .stable_number = 41,
        .stable_template = TEMPLATE,
        .stable_min_ready = 5,
        .previous = "s1-11111111",
        .previous_template = "{\"spec\":{}}",
        .previous_digest = digest_of(a, "{\"spec\":{}}"),
        .previous_number = 40,
        .committed_ms = 1795857273250,
        .history = history,
        .history_count = 2,
        .routes = &a_route,
        .route_count = 1,
    };
}

static void record_reads_back(void **state UNUSED)
{
    struct arena a;
    struct record r, back;

    arena_init(&a);
    r = a_record(&a);
    assert_true(record_read(&a, record_write(&a, &r), &back));
    CHECK_TEXT(back.stable_revision, r.stable_revision, "revision");
    CHECK_TEXT(back.stable_name, r.stable_name, "name");
    CHECK_TEXT(back.stable_digest, r.stable_digest, "digest");
    CHECK_TEXT(back.stable_template, TEMPLATE, "byte for byte");
    CHECK_TEXT(back.previous, r.previous, "previous");
    CHECK_TEXT(back.previous_digest, r.previous_digest, "previous");
    CHECK_TEXT(back.previous_template, r.previous_template, "previous");
    assert_int_equal(back.route_count, 1);
    CHECK_TEXT(back.routes[0].traffic.router, "gatewayAPI", "router");
    CHECK_TEXT(back.routes[0].traffic.kind, "HTTPRoute", "kind");
    CHECK_TEXT(back.routes[0].traffic.name, "web", "name");
    CHECK_TEXT(back.routes[0].traffic.rules[1], "checkout", "rules");
    assert_int_equal(back.routes[0].traffic.rule_count, 2);
    assert_int_equal(back.routes[0].traffic.settle_ms, 1500);
    CHECK_TEXT(back.routes[0].stable, "web", "stable");
    CHECK_TEXT(back.routes[0].canary, "web-canary", "canary");
    CHECK_TEXT(back.routes[0].rest, a_route.rest, "rest");
    assert_int_equal(back.stable_number, 41);
    assert_int_equal(back.stable_min_ready, 5);
    assert_int_equal(back.previous_number, 40);
    assert_int_equal(back.committed_ms, r.committed_ms);
    assert_int_equal(back.history_count, 2);
    CHECK_TEXT(back.history[1], "5d4b", "history");
    CHECK_TEXT(record_write(&a, &back), record_write(&a, &r), "written again");
    arena_release(&a);
}

static void least_record(void **state UNUSED)
{
    const struct record r = {.stable_revision = "r", .stable_template = "{\"spec\":{\"x\":1}}"};
    struct arena a;
    struct record back;

    arena_init(&a);
    assert_true(record_read(&a, record_write(&a, &r), &back));
    assert_null(back.previous);
    assert_null(back.previous_template);
    assert_int_equal(back.committed_ms, 0);
    assert_int_equal(back.history_count, 0);
    assert_int_equal(back.route_count, 0);
    arena_release(&a);
}

/* Whatever digest an older Sluice wrote, the template says what it is. */
static void digest_is_that_of_the_template(void **state UNUSED)
{
    struct arena a;
    struct record r, back;

    arena_init(&a);
    r = a_record(&a);
    r.stable_digest = "of another time";
    assert_true(record_read(&a, record_write(&a, &r), &back));
    CHECK_TEXT(back.stable_digest, digest_of(&a, TEMPLATE), "digest");
    arena_release(&a);
}

static void broken_records(void **state UNUSED)
{
    static const char *const texts[] = {
        NULL,
        "",
        "not JSON",
        "[]",
        "{}",
        "{\"stable\":\"r\"}",
        "{\"stable\":{\"revision\":\"r\"}}",
        "{\"stable\":{\"revision\":\"r\",\"template\":null}}",
        "{\"stable\":{\"revision\":\"r\",\"template\":{}}}",
        "{\"stable\":{\"revision\":1,\"template\":{\"spec\":{}}}}",
        "{\"stable\":{\"revision\":\"r\",\"template\":{\"spec\":{}}}",
    };
    struct arena a;

    arena_init(&a);
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct record r = {.stable_number = 7};

        CHECK(!record_read(&a, texts[i], &r), "%s", texts[i] ? texts[i] : "NULL");
        assert_int_equal(r.stable_number, 7); /* untouched */
    }
    arena_release(&a);
}

static struct fence *fence_with(struct arena *a, const char *annotation)
{
    const char *text =
        json_fmt(a,
                 "{'metadata':{'name':'web-sluice','annotations':{'sluice.dev/record':%q},"
                 "'ownerReferences':[{'kind':'Deployment','name':'web','uid':'d'}]},'revision':1}",
                 annotation);
    auto_object struct object o = object_of(text);

    return fence_read(a, o.doc, o.text, o.len);
}

static void fence_carries_it(void **state UNUSED)
{
    struct arena a;
    struct record r;
    const struct fence *f;

    arena_init(&a);
    r = a_record(&a);
    f = fence_with(&a, record_write(&a, &r));
    assert_true(f->readable);
    CHECK_TEXT(f->deployment_uid, "d", "owner");
    CHECK_TEXT(f->meta.name, "web-sluice", "name");
    CHECK_TEXT(f->record.stable_template, TEMPLATE, "through two layers of JSON");
    assert_false(fence_with(&a, "{")->readable);
    assert_false(fence_with(&a, NULL)->readable);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(record_reads_back),
        cmocka_unit_test(least_record),
        cmocka_unit_test(digest_is_that_of_the_template),
        cmocka_unit_test(broken_records),
        cmocka_unit_test(fence_carries_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

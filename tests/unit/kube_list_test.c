/* SPDX-License-Identifier: Apache-2.0 */
/* Lists, whole or not at all (C22, C23, C25). */
#include "kube_fixture.h"
#include "sluice/json/json.h"
#include "sluice/kube/list.h"

#define ITEM(name) "{\"metadata\":{\"name\":\"" name "\"}}"
#define PAGE(rv, more, items)                                                                      \
    "{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"" rv "\"" more                      \
    "},\"items\":[" items "]}"
#define MORE(token) ",\"continue\":\"" token "\""
#define GONE        STATUS_BODY(410, "Expired", "The provided continue parameter is too old")

struct outcome {
    int done;
    struct err err;
    char rv[32], names[256];
    size_t count, stop_after;
};

static bool add_name(const cJSON *object, const char *raw, size_t len, void *arg)
{
    struct outcome *o = arg;
    const size_t used = strlen(o->names);

    snprintf(o->names + used, sizeof(o->names) - used, "%s=%.*s ",
             json_str(object, "metadata.name"), (int)len, raw);
    return --o->stop_after != 0;
}

static void on_done(const struct kube_list *list, const struct err *e, void *arg)
{
    struct outcome *o = arg;

    o->done++;
    o->err = *e;
    if (!list)
        return;
    snprintf(o->rv, sizeof(o->rv), "%s", kube_list_rv(list));
    o->count = kube_list_count(list);
    kube_list_each(list, add_name, o);
}

static bool is_done(void *arg)
{
    const struct outcome *o = arg;

    return o->done > 0;
}

static struct outcome list(struct fixture *f, const struct kube_list_spec *spec)
{
    struct outcome o = {0};

    kube_list(f->client, spec, on_done, &o);
    assert_int_equal(o.done, 0);
    await(f, is_done, &o);
    assert_int_equal(o.done, 1);
    assert_int_equal(script_left(f->script), 0);
    return o;
}

static const struct kube_list_spec pods = {.kind = KIND_POD};

static void page_by_page(void **state)
{
    struct fixture *f = *state;
    const struct kube_list_spec spec = {.kind = KIND_POD,
                                        .namespace = "n",
                                        .label_selector = "a=b,c!=d",
                                        .field_selector = "metadata.name=x",
                                        .page_limit = 2};
    struct outcome o;

    /* Consistent: no resourceVersion at all (C22). */
    SCRIPT(f->script,
           .want = "GET /api/v1/namespaces/n/pods?labelSelector=a%3Db%2Cc%21%3Dd&fieldSelector="
                   "metadata.name%3Dx&limit=2&timeout=",
           .code = 200, .body = PAGE("7", MORE("t+1/="), ITEM("a") "," ITEM("b")));
    SCRIPT(f->script,
           .want = "GET /api/v1/namespaces/n/pods?labelSelector=a%3Db%2Cc%21%3Dd&fieldSelector="
                   "metadata.name%3Dx&limit=2&continue=t%2B1%2F%3D&timeout=",
           .code = 200, .body = PAGE("7", "", ITEM("c")));
    o = list(f, &spec);
    assert_int_equal(o.err.kind, ERR_NONE);
    assert_string_equal(o.rv, "7");
    assert_int_equal(o.count, 3);
    assert_string_equal(o.names, "a=" ITEM("a") " b=" ITEM("b") " c=" ITEM("c") " ");
}

static void no_older_than(void **state)
{
    struct fixture *f = *state;
    const struct kube_list_spec spec = {.kind = KIND_POD, .resource_version = "42"};

    /* The later pages go by their token alone; the server refuses both together. */
    SCRIPT(f->script,
           .want = "GET /api/v1/pods?limit=100&resourceVersion=42&resourceVersionMatch="
                   "NotOlderThan&timeout=",
           .code = 200, .body = PAGE("50", MORE("x"), ""));
    SCRIPT(f->script, .want = "GET /api/v1/pods?limit=100&continue=x&timeout=", .code = 200,
           .body = PAGE("50", "", ""));
    assert_string_equal(list(f, &spec).rv, "50");
}

static void gone_between_pages(void **state)
{
    struct fixture *f = *state;
    struct outcome o;

    SCRIPT(f->script, .code = 200, .body = PAGE("1", MORE("t"), ITEM("old")));
    SCRIPT(f->script, .code = 410, .body = GONE);
    SCRIPT(f->script, .lack_head = "continue=", .code = 200,
           .body = PAGE("9", MORE("t"), ITEM("new")));
    SCRIPT(f->script, .code = 200, .body = PAGE("9", "", ""));
    o = list(f, &pods);
    assert_string_equal(o.rv, "9");
    assert_string_equal(o.names, "new=" ITEM("new") " ");
    /* On the first page it is the caller's affair; and not for ever on later ones. */
    SCRIPT(f->script, .code = 410, .body = GONE);
    assert_int_equal(list(f, &pods).err.kind, ERR_GONE);
    for (int i = 0; i < 6; i++) {
        SCRIPT(f->script, .code = 200, .body = PAGE("1", MORE("t"), ""));
        SCRIPT(f->script, .code = 410, .body = GONE);
    }
    assert_int_equal(list(f, &pods).err.kind, ERR_GONE);
}

static void what_is_no_list(void **state)
{
    static const char *const bodies[] = {
        "",
        "x",
        "[]",
        "{}",
        "{\"items\":[]}",
        "{\"metadata\":{},\"items\":{}}",
        "{\"metadata\":{},\"items\":\"x\"}",
        "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[{}]}",
        "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[1]}",
        "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[{\"metadata\":{\"name\":1}}]}",
        "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[",
        PAGE("1", "", ITEM("a")) "}",
    };
    struct fixture *f = *state;
    struct outcome o;

    for (size_t i = 0; i < COUNT(bodies); i++) {
        SCRIPT(f->script, .code = 200, .body = bodies[i]);
        o = list(f, &pods);
        CHECK(o.err.kind == ERR_RETRY && o.rv[0] == '\0', "%s: %s", bodies[i], o.err.text);
    }
    SCRIPT(f->script, .code = 200,
           .body = "{\"metadata\":{\"resourceVersion\":\"3\"},\"items\":null}");
    assert_string_equal(list(f, &pods).rv, "3");
    SCRIPT(f->script, .code = 200, .body = "{\"metadata\":{}}");
    o = list(f, &pods); /* of a server that has no versions: none, and nothing in it */
    assert_int_equal(o.err.kind, ERR_NONE);
    assert_string_equal(o.rv, "");
    assert_int_equal(o.count, 0);
    SCRIPT(f->script, .code = 403, .body = STATUS_BODY(403, "Forbidden", "no"));
    assert_int_equal(list(f, &pods).err.kind, ERR_DENIED);
}

/* Its end is that of all pages together. */
static void too_long_a_list(void **state)
{
    static const char first[] = PAGE("1", MORE("t"), ITEM("a")),
                      second[] = PAGE("1", "", ITEM("b"));
    struct fixture *f = *state;
    struct kube_list_spec spec = {.kind = KIND_POD,
                                  .max_bytes = sizeof(first) + sizeof(second) - 2};

    for (int over = 0; over <= 1; over++) {
        SCRIPT(f->script, .code = 200, .body = first);
        SCRIPT(f->script, .code = 200, .body = second);
        assert_int_equal(list(f, &spec).err.kind, over ? ERR_INVALID : ERR_NONE);
        spec.max_bytes--;
    }
}

static void one_odd_item_does_not_blind_us(void **state)
{
    struct fixture *f = *state;
    static const char odd[] = "{\"metadata\":{\"name\":\"a\",\"annotations\":{\"x\":\"\\u0000\"}}}";
    struct outcome o;

    SCRIPT(f->script, .code = 200,
           .body = PAGE("1", "",
                        "{\"metadata\":{\"name\":\"a\","
                        "\"annotations\":{\"x\":\"\\u0000\"}}}"));
    o = list(f, &pods);
    assert_non_null(strstr(o.names, odd)); /* its bytes as they came (C39) */
}

static void stopped_and_cancelled(void **state)
{
    struct fixture *f = *state;
    struct outcome o = {.stop_after = 2};

    SCRIPT(f->script, .code = 200, .body = PAGE("1", MORE("t"), ITEM("a")));
    SCRIPT(f->script, .code = 200, .body = PAGE("1", MORE("u"), ITEM("b")));
    SCRIPT(f->script, .code = 200, .body = PAGE("1", "", ITEM("c")));
    kube_list(f->client, &pods, on_done, &o);
    await(f, is_done, &o);
    assert_string_equal(o.names, "a=" ITEM("a") " b=" ITEM("b") " ");
    o = (struct outcome){0};
    SCRIPT(f->script, .code = 200, .body = PAGE("1", MORE("t"), ITEM("a")));
    SCRIPT(f->script, .end = SCRIPT_HANG);
    struct kube_lister *l = kube_list(f->client, &pods, on_done, &o);
    await(f, script_empty, f->script);
    kube_list_cancel(l);
    kube_list_cancel(NULL);
    assert_false(loop_run_until(f->loop, is_done, &o, 5));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(page_by_page),          TEST(no_older_than),   TEST(gone_between_pages),
        TEST(what_is_no_list),       TEST(too_long_a_list), TEST(one_odd_item_does_not_blind_us),
        TEST(stopped_and_cancelled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Rollout.status: reads back as written, keeps what it does not know, stays within its bytes. */
#include "sluice/base/clock.h"
#include "sluice/json/jfmt.h"
#include "sluice/model/kept.h"
#include "status_bench.h"

/* ---- everything at its limit ----------------------------------------------------------------- */

static void put_text(char *to, int n)
{
    const char *text = text_of(n);

    memcpy(to, &text, sizeof(text));
}

static void fill(const struct status_shape *shape, char *base);

static void fill_list(const struct status_field *f, char *base)
{
    memcpy(base + f->count_at, &f->max, sizeof(int));
    for (int i = 0; i < f->max; i++) {
        char *entry = base + f->at + (size_t)i * (f->shape ? f->shape->size : sizeof(char *));

        if (f->shape)
            fill(f->shape, entry);
        else
            put_text(entry, 36);
    }
}

static void fill_conditions(const struct status_field *f, char *base)
{
    struct rollout_status *s = (struct rollout_status *)(void *)base;

    for (int i = 0; i < COND_COUNT; i++) {
        fill(f->shape, (char *)&s->conditions[i]);
        s->conditions[i].type = condition_types[i];
        s->conditions[i].status = "Unknown";
    }
}

static void fill_field(const struct status_field *f, char *base)
{
    const int64_t time = 1795857273250;
    const unsigned word = 1;

    switch (f->kind) {
    case S_STR:
        put_text(base + f->at, f->max);
        break;
    case S_I64:
        memcpy(base + f->at, &(int64_t){123456789}, sizeof(int64_t));
        break;
    case S_I32:
    case S_STEP:
        memcpy(base + f->at, &(int32_t){f->max ? f->max : 100000}, sizeof(int32_t));
        break;
    case S_BOOL:
        memcpy(base + f->at, &(bool){true}, sizeof(bool));
        break;
    case S_TIME:
    case S_SECOND:
        memcpy(base + f->at, &time, sizeof(time));
        break;
    case S_WORD:
        memcpy(base + f->at, &word, sizeof(word));
        break;
    case S_OBJECT:
        fill(f->shape, base);
        break;
    case S_LIST:
    case S_NAMES:
        fill_list(f, base);
        break;
    case S_CONDITIONS:
        fill_conditions(f, base);
        break;
    }
}

static void fill(const struct status_shape *shape, char *base)
{
    for (size_t i = 0; i < shape->count; i++)
        fill_field(&shape->fields[i], base);
    if (shape->flag_at != STATUS_NONE)
        memcpy(base + shape->flag_at, &(bool){true}, sizeof(bool));
}

static void largest_status_fits(void **state UNUSED)
{
    struct rollout_status s = {0};
    auto_object struct object o = {0};
    const char *text;

    fill(&status_shape, (char *)&s);
    text = settled(&s);
    o = object_of(text);
    print_message("everything at its limit: %zu bytes, %zu of 6 history entries\n", strlen(text),
                  json_count(json_key(o.doc, "history")));
    /* What decides is never what is cut. */
    assert_int_equal(json_count(json_key(o.doc, "gates")), GATE_STATES_MAX);
    assert_int_equal(json_count(json_at(o.doc, "flight.steps")), FLIGHT_STEPS_MAX);
    assert_int_equal(json_count(json_key(o.doc, "pins")), PINS_MAX);
    assert_int_equal(strlen(json_str(json_key(o.doc, "gates")->child, "evidence")), 208);
}

static void usual_status_is_whole(void **state UNUSED)
{
    struct rollout_status s = {0};
    auto_object struct object o = {0};

    fill(&status_shape, (char *)&s);
    s.gate_count = 3;
    s.route_count = 1;
    s.pin_count = 2;
    s.flight.step_count = 5;
    o = object_of(settled(&s));
    assert_int_equal(json_count(json_key(o.doc, "history")), HISTORY_MAX);
    assert_int_equal(strlen(json_str(json_key(o.doc, "gates")->child, "message")), 100);
}

/* As a cache keeps it, and back: all of it, whether much or nothing is there. */
static void a_kept_one_is_the_same(void **state UNUSED)
{
    struct rollout_status full = {0}, back;
    const char *texts[] = {"{}", NULL};

    fill(&status_shape, (char *)&full);
    texts[1] = settled(&full);
    for (size_t i = 0; i < COUNT(texts); i++) {
        const char *text = json_fmt(&arena,
                                    "{'metadata':{'name':'web','uid':'u'},'spec':{'targetRef':"
                                    "{'name':'app'}},'status':%r}",
                                    texts[i]);
        auto_object struct object o = object_of(text);
        const struct rollout *r = rollout_read(&arena, o.doc, text, strlen(text));
        const struct kept_rollout *k = rollout_read_kept(&arena, o.doc, text, strlen(text));
        struct rollout unpacked;

        memset(&unpacked, 0xff, sizeof(unpacked));
        rollout_unpack(k, &unpacked);
        status_unpack(k, &back);
        assert_true(status_same(&r->status, &unpacked.status));
        assert_true(status_same(&r->status, &back));
        CHECK_TEXT(status_write(&arena, &back), status_write(&arena, &r->status), "status");
        CHECK_TEXT(unpacked.meta.name, "web", "meta");
        CHECK_TEXT(unpacked.spec.target, "app", "spec");
        assert_int_equal(unpacked.finding_count, r->finding_count);
        assert_true(unpacked.status_mark == r->status_mark);
        assert_false(unpacked.has_finalizer);
    }
}

/* ---- compared as values ---------------------------------------------------------------------- */

static struct rollout_status usual(void)
{
    struct rollout_status s = {0};

    fill(&status_shape, (char *)&s);
    s.gate_count = s.route_count = s.pin_count = s.history_count = s.action_id_count = 2;
    s.awaiting_count = s.flight.step_count = 2;
    return s;
}

struct comparison {
    struct rollout_status s;
    int seen;
};

/* The `size` bytes at `at` become others. */
static void change(struct comparison *c, char *at, const void *other, size_t size)
{
    struct rollout_status before = c->s;
    char kept[16];

    memcpy(kept, at, size);
    memcpy(at, other, size);
    if (!str_equal(status_write(&arena, &before), status_write(&arena, &c->s))) {
        assert_false(status_same(&before, &c->s));
        c->seen++;
    }
    memcpy(at, kept, size);
    assert_true(status_same(&before, &c->s));
}

static void change_shape(struct comparison *c, const struct status_shape *shape, char *base)
{
    const char *text = text_of(10), *none = NULL;

    for (size_t i = 0; i < shape->count; i++) {
        const struct status_field *f = &shape->fields[i];

        if (f->kind == S_OBJECT)
            change_shape(c, f->shape, base);
        else if (f->kind == S_CONDITIONS)
            change_shape(c, f->shape, (char *)&c->s.conditions[COND_COUNT - 1]);
        else if (f->kind == S_LIST)
            change_shape(c, f->shape, base + f->at + f->shape->size); /* its second entry */
        if (f->kind == S_LIST || f->kind == S_NAMES)
            change(c, base + f->count_at, &(int){1}, sizeof(int));
        else if (f->kind == S_STR)
            change(c, base + f->at, &text, sizeof(text));
        else if (f->kind == S_I64 || f->kind == S_TIME || f->kind == S_SECOND)
            change(c, base + f->at, &(int64_t){1795857274251}, sizeof(int64_t));
        else if (f->kind == S_I32 || f->kind == S_STEP || f->kind == S_WORD)
            change(c, base + f->at, &(int){2}, sizeof(int));
        else if (f->kind == S_BOOL)
            change(c, base + f->at, &(bool){false}, sizeof(bool));
        if (f->kind == S_STR)
            change(c, base + f->at, &none, sizeof(none));
    }
    if (shape->flag_at != STATUS_NONE)
        change(c, base + shape->flag_at, &(bool){false}, sizeof(bool));
    if (shape->unknown_at != STATUS_NONE)
        change(c, base + shape->unknown_at, &(const char *){",\"x\":1"}, sizeof(char *));
}

/* What is the same is never written otherwise, whatever member is another. */
static void no_difference_is_overlooked(void **state UNUSED)
{
    struct comparison c = {.s = usual()};
    struct rollout_status read;

    change_shape(&c, &status_shape, (char *)&c.s);
    CHECK(c.seen > 100, "%d members", c.seen);
    change(&c, (char *)&c.s.unknown_conditions, &(const char *){",{}"}, sizeof(char *));
    change(&c, (char *)&c.s.conditions[1].type, &(const char *){NULL}, sizeof(char *));
    read = read_text(status_write(&arena, &c.s));
    assert_true(status_same(&read, &c.s)); /* seconds are seconds */
}

/* What was read has the mark of what would be written again; another text has another one. */
static void a_mark_stands_for_the_text(void **state UNUSED)
{
    const struct rollout_status s = usual();
    const char *status = status_write(&arena, &s);
    const char *text =
        arena_printf(&arena, "{\"metadata\":{\"name\":\"web\"},\"status\":%s}", status);
    struct err e = {0};
    auto_json cJSON *doc = json_parse(text, strlen(text), &e);
    const struct rollout *r = rollout_read(&arena, doc, text, strlen(text));
    char *other = arena_strdup(&arena, status);

    assert_true(r->status_mark == status_mark(status_write(&arena, &r->status)));
    assert_true(r->status_mark == status_mark(status));
    other[strlen(other) / 2]++;
    assert_true(r->status_mark != status_mark(other));
}

/* ---- what is written ------------------------------------------------------------------------- */

static void empty_status(void **state UNUSED)
{
    const struct rollout_status s = {.last_action = {.step = -1}};

    CHECK_TEXT(settled(&s), "{\"observedGeneration\":0,\"held\":false}", "empty");
}

static void members_as_people_read_them(void **state UNUSED)
{
    struct rollout_status s = {
        .observed_generation = 4,
        .display = {.status = "Gating", .strategy = "Canary", .step = "2/4"},
        .held = true,
        .stable = {.revision = "s1-1", .deployment_revision = 41},
        .flight = {.present = true,
                   .revision = "s1-2",
                   .step = 2,
                   .settled_ms = 1795857273250,
                   .started_ms = 1795857273000,
                   .direction = DIRECTION_BACK,
                   .weight_desired = 25},
        .gate_count = 1,
        .gates = {{.name = "errors", .kind = "metric", .verdict = VERDICT_FAIL, .step = 2}},
        .last_action = {.id = "42", .verb = VERB_SKIP, .step = 0, .outcome = "Accepted"},
    };

    s.conditions[COND_READY] =
        (struct condition){.type = "Ready", .status = "False", .transition_ms = 1795857273250};
    CHECK_TEXT(
        settled(&s),
        "{\"observedGeneration\":4,\"display\":{\"status\":\"Gating\",\"strategy\":\"Canary\","
        "\"step\":\"2/"
        "4\"},\"held\":true,\"stable\":{\"revision\":\"s1-1\",\"deploymentRevision\":41},"
        "\"flight\":{\"revision\":\"s1-2\",\"regime\":\"Outside\",\"direction\":\"Back\","
        "\"startedAt\":\"2026-11-28T09:14:33Z\",\"step\":2,\"settledAt\":\"2026-11-28T09:14:33."
        "250Z\","
        "\"weight\":{\"desired\":25,\"written\":0,\"accepted\":0},\"replicas\":{\"new\":0,"
        "\"newReady\":0,\"stable\":0,\"stableReady\":0}},\"gates\":[{\"name\":\"errors\",\"kind\":"
        "\"metric\",\"verdict\":\"Fail\",\"step\":2}],\"lastAction\":{\"id\":\"42\",\"verb\":"
        "\"Skip\","
        "\"step\":0,\"outcome\":\"Accepted\"},\"conditions\":[{\"type\":\"Ready\",\"status\":"
        "\"False\","
        "\"message\":\"\",\"lastTransitionTime\":\"2026-11-28T09:14:33Z\"}]}",
        "status");
}

static void action_without_step(void **state UNUSED)
{
    struct rollout_status s = {.last_action = {.id = "1", .verb = VERB_ABORT, .step = -1}};
    struct rollout_status back = read_text(settled(&s));

    assert_int_equal(back.last_action.step, -1);
    s.last_action.step = 0;
    back = read_text(settled(&s));
    assert_int_equal(back.last_action.step, 0);
    assert_int_equal(read_text("{}").last_action.id != NULL, false);
}

static void texts_are_cut_at_characters(void **state UNUSED)
{
    struct rollout_status s = {.display = {.status = "Gating"}};
    auto_strbuf struct strbuf long_text = {.max = 4096};
    struct rollout_status back;

    for (int i = 0; i < 100; i++)
        strbuf_adds(&long_text, i % 2 ? "\"" : "\xc3\xa9"); /* 2 bytes each in JSON */
    s.display.message = long_text.p;
    back = read_text(settled(&s));
    assert_int_equal(strlen(back.display.message), 39 * 2 + 39 + 3); /* 78 characters and dots */
    CHECK(strcmp(back.display.message + strlen(back.display.message) - 3, "...") == 0, "%s",
          back.display.message);
    s.display.message = "\x01\x02 bad \xff bytes";
    back = read_text(settled(&s));
    CHECK_TEXT(back.display.message, "\x01\x02 bad \xef\xbf\xbd bytes", "control characters");
}

/* ---- what is read ---------------------------------------------------------------------------- */

static void unknown_members_stay(void **state UNUSED)
{
    static const char *const text =
        "{\"observedGeneration\":1,\"display\":{\"status\":\"Resting\"},\"held\":true,"
        "\"flight\":{\"revision\":\"r\",\"regime\":\"Inside\",\"direction\":\"Forward\",\"step\":0,"
        "\"weight\":{\"desired\":0,\"written\":0,\"accepted\":0},"
        "\"replicas\":{\"new\":0,\"newReady\":0,\"stable\":0,\"stableReady\":0},"
        "\"mood\":1e15},"
        "\"gates\":[{\"name\":\"a\",\"verdict\":\"Wait\",\"step\":1,\"more\":[1.50,{\"\\u0061\":"
        "null}]}],"
        "\"traffic\":[{\"route\":\"x\",\"written\":0,\"accepted\":0,\"x-y\":{}}],"
        "\"history\":[{\"revision\":\"q\",\"step\":1,\"kept\":\"\\u003c\"}],"
        "\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\",\"message\":\"\"},"
        "{\"type\":\"Later\", \"status\":\"True\"}],"
        "\"epoch\":7,\"a.b\":{ \"c\" : 1 }}";
    const struct rollout_status s = read_text(text);

    CHECK_TEXT(s.unknown, ",\"epoch\":7,\"a.b\":{ \"c\" : 1 }", "top");
    CHECK_TEXT(s.flight.unknown, ",\"mood\":1e15", "flight");
    CHECK_TEXT(s.unknown_conditions, ",{\"type\":\"Later\", \"status\":\"True\"}", "conditions");
    CHECK_TEXT(status_write(&arena, &s), text, "as it came");
}

/* What does not belong there is dropped, and nothing else is. */
static void wrong_types_are_absent(void **state UNUSED)
{
    const struct rollout_status s = read_text(
        "{\"observedGeneration\":\"4\",\"held\":1,\"display\":[],\"flight\":\"x\",\"gates\":{"
        "\"name\":"
        "\"a\"},\"pins\":[1,{\"service\":\"web\",\"proved\":\"yes\"},null],\"conditions\":[{},[]],"
        "\"actionIDs\":[1,\"a\",null,\"b\"],\"stable\":{\"revision\":7},\"history\":null}");

    assert_int_equal(s.observed_generation, 0);
    assert_false(s.held);
    assert_false(s.flight.present);
    assert_int_equal(s.gate_count, 0);
    assert_int_equal(s.pin_count, 3);
    CHECK_TEXT(s.pins[1].service, "web", "pin");
    assert_int_equal(s.action_id_count, 2);
    CHECK_TEXT(s.action_ids[1], "b", "ids");
    assert_null(s.stable.revision);
    assert_int_equal(s.history_count, 0);
}

/* The step is a place in a table of ours. */
static void a_step_that_cannot_be(void **state UNUSED)
{
    assert_int_equal(read_text("{\"flight\":{\"revision\":\"a\",\"step\":3}}").flight.step, 3);
    assert_int_equal(read_text("{\"flight\":{\"revision\":\"a\",\"step\":9999}}").flight.step,
                     FLIGHT_STEPS_MAX);
    assert_int_equal(read_text("{\"flight\":{\"revision\":\"a\",\"step\":-1}}").flight.step, 0);
}

static void lists_longer_than_ours(void **state UNUSED)
{
    auto_strbuf struct strbuf text = {.max = 1 << 16};
    struct rollout_status s;

    strbuf_adds(&text, "{\"history\":[");
    for (int i = 0; i < 50; i++)
        json_fmt_to(&text, "%r{'revision':'r%d'}", i ? "," : "", i);
    strbuf_adds(&text, "]}");
    s = read_text(text.p);
    assert_int_equal(s.history_count, HISTORY_MAX);
    CHECK_TEXT(s.history[5].revision, "r5", "the newest");
}

static void read_without_bytes(void **state UNUSED)
{
    auto_object struct object o =
        object_of("{\"held\":true,\"epoch\":7,\"conditions\":[{\"type\":\"Stalled\",\"status\":"
                  "\"True\"},{\"type\":\"Later\"}],\"gates\":[{\"name\":\"a\",\"x\":1}]}");
    struct rollout_status s;

    status_read(&arena, o.doc, &s);
    assert_true(s.held);
    assert_null(s.unknown);
    assert_null(s.unknown_conditions);
    CHECK_TEXT(s.conditions[COND_STALLED].status, "True", "condition");
    assert_int_equal(s.gate_count, 1);
    status_read(&arena, NULL, &s);
    assert_false(s.held);
}

/* Bytes of a later version are kept as long as there is room beside our own. */
static void too_much_unknown_is_dropped(void **state UNUSED)
{
    struct rollout_status s = {.held = true};

    s.unknown = arena_printf(&arena, ",\"x\":\"%s\"", text_of(STATUS_BYTES_MAX));
    CHECK_TEXT(status_write(&arena, &s), "{\"observedGeneration\":0,\"held\":true}", "dropped");
}

/* The API server would refuse the whole status. */
static void keys_stand_once(void **state UNUSED)
{
    struct rollout_status s = {
        .gates = {{.name = "a"}, {.name = "b"}, {.name = "a", .step = 7}, {.name = ""}},
        .gate_count = 4,
        .pins = {{.service = NULL}, {.service = text_of(64)}},
        .pin_count = 2,
        .action_ids = {"1", "1", NULL, "2"},
        .action_id_count = 4,
        .last_action = {.step = -1},
    };

    CHECK_TEXT(settled(&s),
               "{\"observedGeneration\":0,\"held\":false,\"gates\":[{\"name\":\"a\",\"verdict\":"
               "\"Wait\",\"step\":0},{\"name\":\"b\",\"verdict\":\"Wait\",\"step\":0}],"
               "\"actionIDs\":[\"1\",\"2\"]}",
               "status");
}

static void words_for_enums(void **state UNUSED)
{
    CHECK_TEXT(strategy_name(STRATEGY_BLUE_GREEN), "BlueGreen", "strategy");
    CHECK_TEXT(strategy_name(STRATEGY_NONE), "", "none");
    CHECK_TEXT(verdict_name(VERDICT_FAIL), "Fail", "verdict");
    CHECK_TEXT(verb_name(VERB_UNDO), "Undo", "verb");
    CHECK_TEXT(verb_name(VERB_COUNT), "", "beyond");
    for (int v = VERB_NONE + 1; v < VERB_COUNT; v++)
        assert_int_equal(verb_from(verb_name((enum verb)v)), v);
    assert_int_equal(verb_from("abort"), VERB_NONE);
    assert_int_equal(verb_from(""), VERB_NONE);
    assert_int_equal(verb_from(NULL), VERB_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(largest_status_fits),
        cmocka_unit_test(usual_status_is_whole),
        cmocka_unit_test(a_kept_one_is_the_same),
        cmocka_unit_test(no_difference_is_overlooked),
        cmocka_unit_test(a_mark_stands_for_the_text),
        cmocka_unit_test(empty_status),
        cmocka_unit_test(members_as_people_read_them),
        cmocka_unit_test(action_without_step),
        cmocka_unit_test(texts_are_cut_at_characters),
        cmocka_unit_test(unknown_members_stay),
        cmocka_unit_test(wrong_types_are_absent),
        cmocka_unit_test(a_step_that_cannot_be),
        cmocka_unit_test(lists_longer_than_ours),
        cmocka_unit_test(read_without_bytes),
        cmocka_unit_test(too_much_unknown_is_dropped),
        cmocka_unit_test(keys_stand_once),
        cmocka_unit_test(words_for_enums),
    };

    return cmocka_run_group_tests(tests, begin, end);
}

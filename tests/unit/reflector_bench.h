/* SPDX-License-Identifier: Apache-2.0 */
/* reflector_bench.h - a reflector before the scripted server, and what its sink heard. */
#ifndef SLUICE_TESTS_UNIT_REFLECTOR_BENCH_H
#define SLUICE_TESTS_UNIT_REFLECTOR_BENCH_H

#include "kube_fixture.h"
#include "sluice/base/clock.h"
#include "sluice/base/strbuf.h"
#include "sluice/json/json.h"
#include "sluice/kube/reflector.h"

#define OBJECT(name, uid, rv)                                                                      \
    "{\"metadata\":{\"name\":\"" name "\",\"namespace\":\"n\",\"uid\":\"" uid                      \
    "\",\"resourceVersion\":\"" rv "\"}}"
#define LIST(rv, items)     "{\"metadata\":{\"resourceVersion\":\"" rv "\"},\"items\":[" items "]}"
#define EVENT(type, object) "{\"type\":\"" type "\",\"object\":" object "}\n"
#define BOOKMARK(rv)                                                                               \
    EVENT("BOOKMARK", "{\"kind\":\"Pod\",\"metadata\":{\"resourceVersion\":\"" rv "\"}}")
#define GONE STATUS_BODY(410, "Expired", "too old resource version: 1 (2)")

#define WANT_LIST      "GET /api/v1/pods?limit=100&timeout="
#define WANT_WATCH(rv) "GET /api/v1/pods?watch=1&allowWatchBookmarks=true&resourceVersion=" rv "&"

/* What the sink heard: "+a@5 -a#u =5 S". */
struct heard {
    struct fixture f;
    struct reflector *r;
    struct strbuf text;
    const char *want; /* for the condition: the text ends so */
    bool relist_at_upsert;
    int missed;
    int relisted;
};

static inline void on_upsert(void *arg, const cJSON *object, const char *raw, size_t len)
{
    struct heard *h = arg;
    struct err e = {0};
    cJSON *again = json_parse(raw, len, &e);

    CHECK(again, "raw bytes: %s", e.text);
    assert_string_equal(json_str(again, "metadata.uid"), json_str(object, "metadata.uid"));
    json_release(&again);
    strbuf_addf(&h->text, "+%s@%s ", json_str(object, "metadata.name"),
                json_str(object, "metadata.resourceVersion"));
    if (h->relist_at_upsert) {
        h->relist_at_upsert = false;
        reflector_relist(h->r, NULL, NULL);
    }
}

static inline void on_remove(void *arg, const char *ns, const char *name, const char *uid)
{
    struct heard *h = arg;

    assert_string_equal(ns, "n");
    strbuf_addf(&h->text, "-%s#%s ", name, uid);
}

static inline void on_synced(void *arg)
{
    struct heard *h = arg;

    strbuf_adds(&h->text, "S ");
}

static inline void on_progress(void *arg, const char *rv)
{
    struct heard *h = arg;

    strbuf_addf(&h->text, "=%s ", rv);
}

static inline int set_up(void **state)
{
    struct heard *h = xcalloc(1, sizeof(*h));

    fixture_open(&h->f);
    strbuf_init(&h->text, SIZE_MAX / 4);
    *state = h;
    return 0;
}

static inline int tear_down(void **state)
{
    struct heard *h = *state;

    reflector_free(h->r);
    fixture_close(&h->f);
    strbuf_release(&h->text);
    free(h);
    return 0;
}

static inline struct reflector_spec spec_of(struct heard *h)
{
    return (struct reflector_spec){
        .kind = KIND_POD,
        .sink = {.arg = h,
                 .upsert = on_upsert,
                 .remove = on_remove,
                 .synced = on_synced,
                 .progress = on_progress},
        .timing = {.backoff_min_ms = 4, .backoff_max_ms = 16, .absent_ms = 10, .denied_ms = 10},
    };
}

static inline void start(struct heard *h)
{
    const struct reflector_spec spec = spec_of(h);

    h->r = reflector_new(h->f.client, &spec);
    assert_string_equal(strbuf_str(&h->text), "");
    assert_false(reflector_synced(h->r));
}

static inline bool heard_it(void *arg)
{
    const struct heard *h = arg;
    const size_t want = strlen(h->want);

    return h->text.len >= want && strcmp(h->text.p + h->text.len - want, h->want) == 0;
}

/* All that was heard since the last time is `want`, and the script is done with. */
static inline void expect(struct heard *h, const char *want)
{
    h->want = want;
    if (!loop_run_until(h->f.loop, heard_it, h, WAIT_MS)) {
        script_check(h->f.script);
        CHECK_TEXT(strbuf_str(&h->text), want, "in vain");
    }
    CHECK_TEXT(strbuf_str(&h->text), want, "heard");
    strbuf_reset(&h->text);
}

static inline void await_script(struct heard *h)
{
    await(&h->f, script_empty, h->f.script);
}

static inline void await_stream(struct heard *h)
{
    await_script(h);
    await(&h->f, script_streaming, h->f.script);
}

/* Synced at 10 with a@5, and watching. */
static inline void start_synced(struct heard *h)
{
    SCRIPT(h->f.script, .want = WANT_LIST, .code = 200, .body = LIST("10", OBJECT("a", "u1", "5")));
    SCRIPT(h->f.script, .want = WANT_WATCH("10"), .code = 200, .end = SCRIPT_STREAM);
    start(h);
    expect(h, "+a@5 =10 S ");
    await_stream(h);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* kube_list_fuzz.c - any answers to the requests of one list: told once, whole or not at all.
 *
 * Answers are parted by a line "--"; one that begins with "!" is a failure, "!g" 410 Gone. */
#include "check.h"
#include "sluice/kube/list.h"
#include "sluice/kube/path.h"
#include "sluice/kube/watch.h"

#define PARTED       "\n--\n"
#define REQUESTS_MAX 64

/* The client is this file: requests wait for `answer`. */
static struct wire {
    kube_done *done;
    void *arg;
    const char *query;
    int requests, cancelled;
} wire;

struct kube_call *kube_send(struct kube_client *c UNUSED, const struct kube_request *req,
                            kube_done *done, void *arg)
{
    static char query[4096];

    CHECK(!wire.done, "two requests at once");
    snprintf(query, sizeof(query), "%s", req->query ? req->query : "");
    wire.done = done;
    wire.arg = arg;
    wire.query = query;
    wire.requests++;
    return (struct kube_call *)&wire;
}

void kube_cancel(struct kube_call *call)
{
    if (call) {
        wire.cancelled++;
        wire.done = NULL;
    }
}

struct told {
    int times;
    size_t items, count;
    bool whole;
};

static bool each(const cJSON *object, const char *raw, size_t len, void *arg)
{
    struct told *t = arg;
    struct err e = {0};
    auto_json cJSON *same = kube_object_parse(raw, len, &e);

    CHECK(json_str(object, "metadata.name"), "an item without a name");
    CHECK(same && str_equal(json_str(same, "metadata.name"), json_str(object, "metadata.name")),
          "bytes of another item: %.*s", (int)len, raw);
    t->items++;
    return true;
}

static void done(const struct kube_list *list, const struct err *e, void *arg)
{
    struct told *t = arg;

    t->times++;
    CHECK((list != NULL) == (e->kind == ERR_NONE), "%s", e->text);
    if (!list)
        return;
    CHECK(kube_list_rv(list), "no version at all");
    t->count = kube_list_count(list);
    kube_list_each(list, each, t);
    t->whole = true;
}

static void answer(const char *text, size_t len)
{
    auto_free char *body = xcalloc(len + 1, 1);
    struct kube_reply reply = {.code = 200, .body = body, .len = len};
    kube_done *to = wire.done;

    if (len)
        memcpy(body, text, len);
    if (len && text[0] == '!')
        err_set(&reply.err, len > 1 && text[1] == 'g' ? ERR_GONE : ERR_RETRY, "no");
    wire.done = NULL;
    to(&reply, wire.arg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct kube_list_spec spec = {.kind = KIND_POD, .resource_version = "7"};
    const char *at = (const char *)data, *end = at + len;
    struct told told = {0};
    struct kube_lister *lister;

    wire = (struct wire){0};
    lister = kube_list(NULL, &spec, done, &told);
    CHECK(strstr(wire.query, "resourceVersionMatch=NotOlderThan"), "%s", wire.query);
    while (wire.done && wire.requests < REQUESTS_MAX && at < end) {
        const char *part = memmem(at, (size_t)(end - at), PARTED, strlen(PARTED));
        answer(at, (size_t)((part ? part : end) - at));
        at = part ? part + strlen(PARTED) : end;
        CHECK(told.times == !wire.done, "told %d times, asks on: %d", told.times, !!wire.done);
    }
    CHECK(told.times <= 1 && told.items == told.count, "%zu of %zu items", told.items, told.count);
    if (!told.times)
        kube_list_cancel(lister);
    CHECK(wire.cancelled == !told.times, "a call is left");
    return 0;
}

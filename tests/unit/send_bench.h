/* SPDX-License-Identifier: Apache-2.0 */
/* send_bench.h - one write of a pass. The pass itself and the client are this file: they note what
 * they are asked to do. */
#ifndef SLUICE_TESTS_UNIT_SEND_BENCH_H
#define SLUICE_TESTS_UNIT_SEND_BENCH_H

#include "../../src/ctl/pass.h"
#include "check.h"
#include "sluice/json/jfmt.h"
#include "sluice/kube/watch.h"

#include <stdio.h>

#define EVENTS_MAX 4

static struct noted {
    enum kube_verb verb;
    char path[200], query[80], body[80], type[80];
    kube_done *done;
    void *arg;
    int plans, looks, ends;
    int64_t due_ms, at_least_ms;
    bool failed;
    struct {
        char uid[16], reason[40], action[40], note[80];
        enum event_type type;
    } events[EVENTS_MAX];
    int event_count;
    int logged; /* lines, and the level of the last one */
    enum log_level level;
} noted;

/* Whoever calls these gets ours (ld --wrap; CMake sees the names). */
__typeof__(kube_send) __wrap_kube_send;
__typeof__(kube_cancel) __wrap_kube_cancel;
__typeof__(kube_event) __wrap_kube_event;
__typeof__(pass_plan) __wrap_pass_plan;
__typeof__(pass_look) __wrap_pass_look;
__typeof__(pass_end) __wrap_pass_end;
__typeof__(pass_fail) __wrap_pass_fail;
__typeof__(passes_kick) __wrap_passes_kick;
__typeof__(log_line) __wrap_log_line;

struct kube_call *__wrap_kube_send(struct kube_client *c UNUSED, const struct kube_request *req,
                                   kube_done *done, void *arg)
{
    noted.verb = req->verb;
    snprintf(noted.path, sizeof(noted.path), "%s", req->path);
    snprintf(noted.query, sizeof(noted.query), "%s", req->query ? req->query : "");
    snprintf(noted.body, sizeof(noted.body), "%s", req->body ? req->body : "");
    snprintf(noted.type, sizeof(noted.type), "%s", req->content_type ? req->content_type : "");
    noted.done = done;
    noted.arg = arg;
    return (struct kube_call *)&noted;
}

void __wrap_kube_cancel(struct kube_call *call UNUSED) {}

void __wrap_kube_event(struct recorder *r UNUSED, const struct kube_ref *regarding,
                       enum event_type type, const char *reason, const char *action,
                       const char *note)
{
    const int i = noted.event_count++;

    CHECK(i < EVENTS_MAX, "%d events", i);
    snprintf(noted.events[i].uid, sizeof(noted.events[i].uid), "%s", regarding->uid);
    snprintf(noted.events[i].reason, sizeof(noted.events[i].reason), "%s", reason);
    snprintf(noted.events[i].action, sizeof(noted.events[i].action), "%s", action);
    snprintf(noted.events[i].note, sizeof(noted.events[i].note), "%s", note);
    noted.events[i].type = type;
}

void __wrap_pass_plan(struct pass *p UNUSED)
{
    noted.plans++;
}

void __wrap_pass_look(struct pass *p UNUSED)
{
    noted.looks++;
}

void __wrap_pass_end(struct pass *p UNUSED, int64_t due_ms)
{
    noted.ends++;
    noted.due_ms = due_ms;
}

void __wrap_pass_fail(struct pass *p UNUSED, int64_t at_least_ms, const char *why UNUSED)
{
    noted.failed = true;
    noted.at_least_ms = at_least_ms;
}

void __wrap_passes_kick(struct ctl *c UNUSED) {}

void __wrap_log_line(enum log_level level, const char *msg UNUSED, ...)
{
    noted.logged++;
    noted.level = level;
}

/* ---- a pass on one Rollout, its Deployment and a ReplicaSet ---------------------------------- */

struct bench {
    struct ctl ctl;
    struct key key;
    struct pass pass;
    struct plan plan;
    struct arena a;
};

static inline void on_woken(void *arg UNUSED, const struct object *rollout UNUSED,
                            enum kube_kind by UNUSED)
{
}

static inline void on_gone(void *arg UNUSED, const struct object *rollout UNUSED) {}

static inline const char *text_of(struct bench *b, const char *kind, const char *name,
                                  const char *rv, const char *more)
{
    return json_fmt(&b->a,
                    "{'kind':%q,'metadata':{'namespace':'shop','name':%q,'uid':'u-%s',"
                    "'resourceVersion':%q%r}}",
                    kind, name, name, rv, more);
}

static inline void have(struct bench *b, enum kube_kind kind, const char *text)
{
    struct err e = {0};
    auto_json cJSON *doc = kube_object_parse(text, strlen(text), &e);
    struct object *o = object_read(kind, doc, text, strlen(text));

    CHECK(o, "%s", text);
    scene_put(&b->pass.scene, o);
    CHECK(store_put(b->ctl.store, o, 1), "%s is not kept", text);
    object_unref(o);
}

#define OF_WEB                                                                                     \
    ",\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"name\":\"web\","  \
    "\"uid\":\"u-web\",\"controller\":true}]"

static inline int setup(void **state)
{
    struct bench *b = xcalloc(1, sizeof(*b));
    const struct store_listener listener = {.woken = on_woken, .gone = on_gone, .arg = b};
    const char *rollout;

    log_set_level(LOG_ERROR);
    noted = (struct noted){0};
    b->ctl.store = store_new(&listener);
    b->ctl.queue = queue_new(1);
    b->key = (struct key){
        .ctl = &b->ctl, .name = xstrdup("shop/web"), .ns = xstrdup("shop"), .rollout = "web"};
    b->key.budget = 10;
    b->pass = (struct pass){.ctl = &b->ctl, .key = &b->key, .plan = &b->plan};
    b->pass.live = b->pass.fresh = true;
    b->plan.rule = "test";
    rollout = "{\"kind\":\"Rollout\",\"metadata\":{\"namespace\":\"shop\",\"name\":\"web\","
              "\"uid\":\"u-web\",\"resourceVersion\":\"5\"},\"spec\":{\"targetRef\":{\"name\":"
              "\"web\"}}}";
    have(b, KIND_ROLLOUT, rollout);
    have(b, KIND_DEPLOYMENT, text_of(b, "Deployment", "web", "6", ""));
    have(b, KIND_REPLICASET, text_of(b, "ReplicaSet", "web-1", "7", OF_WEB));
    *state = b;
    return 0;
}

static inline int teardown(void **state)
{
    struct bench *b = *state;

    scene_release(&b->pass.scene);
    key_knows(&b->key, NULL, NULL);
    barrier_release(&b->key.barrier);
    refused_clear(&b->key.refused);
    map_release(&b->ctl.closed);
    queue_free(b->ctl.queue);
    store_free(b->ctl.store);
    arena_release(&b->pass.arena);
    arena_release(&b->a);
    free(b->key.name);
    free(b->key.ns);
    free(b);
    return 0;
}

static const struct action scale = {.act = ACT_RS_SCALE,
                                    .target = TARGET_REPLICASET,
                                    .ns = "shop",
                                    .name = "web-1",
                                    .uid = "u-web-1",
                                    .method = "PATCH",
                                    .query = "fieldManager=sluice",
                                    .content_type = "application/json-patch+json",
                                    .body = "[]"};
static const struct action report = {.act = ACT_REPORT,
                                     .target = TARGET_ROLLOUT,
                                     .ns = "shop",
                                     .name = "web",
                                     .uid = "u-web",
                                     .method = "PATCH",
                                     .subresource = "status",
                                     .body = "{}"};
static const struct action drop = {.act = ACT_RS_DELETE,
                                   .target = TARGET_REPLICASET,
                                   .ns = "shop",
                                   .name = "web-1",
                                   .uid = "u-web-1",
                                   .method = "DELETE",
                                   .body = "{}"};

static inline void sends(struct bench *b, const struct action *act)
{
    b->plan.action = *act;
    pass_send(&b->pass);
    assert_ptr_equal(b->pass.call, &noted);
}

static inline void answers(struct bench *b, const char *body)
{
    const struct kube_reply reply = {.code = 200, .body = body, .len = strlen(body)};

    noted.done(&reply, noted.arg);
    assert_null(b->pass.call);
}

static inline void fails_with(struct bench *b, enum err_kind kind, int retry_after_s)
{
    struct kube_reply reply = {.code = 500, .body = "", .len = 0};

    err_set(&reply.err, kind, "no");
    reply.err.retry_after_s = retry_after_s;
    noted.done(&reply, noted.arg);
    assert_null(b->pass.call);
}

static inline const struct object *stored(struct bench *b, enum kube_kind kind, const char *name)
{
    return store_get(b->ctl.store, kind, "shop", name);
}

#endif

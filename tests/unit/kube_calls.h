/* SPDX-License-Identifier: Apache-2.0 */
/* kube_calls.h - requests to the scripted server, and what came of each. */
#ifndef SLUICE_TESTS_UNIT_KUBE_CALLS_H
#define SLUICE_TESTS_UNIT_KUBE_CALLS_H

#include "kube_fixture.h"

#define PATCH_BODY "{\"spec\":{}}"

struct outcome {
    struct kube_call *call;
    int done, code;
    struct err err;
    char body[256];
    size_t chunks;
};

static inline void on_done(const struct kube_reply *reply, void *arg)
{
    struct outcome *o = arg;

    o->done++;
    o->call = NULL;
    o->code = reply->code;
    o->err = reply->err;
    snprintf(o->body, sizeof(o->body), "%.200s", reply->body);
}

static inline bool is_done(void *arg)
{
    const struct outcome *o = arg;

    return o->done > 0;
}

static inline void start(struct fixture *f, const struct kube_request *req, struct outcome *o)
{
    *o = (struct outcome){0};
    o->call = kube_send(f->client, req, on_done, o);
    assert_int_equal(o->done, 0);
}

static inline struct outcome ask(struct fixture *f, struct kube_request req)
{
    struct outcome o;

    start(f, &req, &o);
    await(f, is_done, &o);
    assert_int_equal(o.done, 1);
    return o;
}

static inline struct outcome get(struct fixture *f, const char *path)
{
    return ask(f, (struct kube_request){.verb = KUBE_GET, .path = path});
}

static inline struct outcome patch(struct fixture *f)
{
    return ask(f, (struct kube_request){.verb = KUBE_PATCH,
                                        .path = "/p",
                                        .body = PATCH_BODY,
                                        .content_type = KUBE_MERGE_PATCH});
}

static inline bool on_chunk(const char *p, size_t len, void *arg)
{
    struct outcome *o = arg;

    (void)p;
    o->chunks += len;
    return true;
}

#endif

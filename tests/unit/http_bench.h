/* SPDX-License-Identifier: Apache-2.0 */
/* http_bench.h - a pool before the scripted server, and what came of each request. */
#ifndef SLUICE_TESTS_UNIT_HTTP_BENCH_H
#define SLUICE_TESTS_UNIT_HTTP_BENCH_H

#include "check.h"
#include "script.h"
#include "sluice/base/strbuf.h"
#include "sluice/net/addr.h"
#include "sluice/net/http.h"

#include <stdio.h>
#include <sys/socket.h>

#define WAIT_MS 10000

struct fixture {
    struct loop *loop;
    struct script *script;
    struct http_pool *pool;
};

/* What came of one request. */
struct outcome {
    struct http_call *call;
    int done, code;
    struct err err;
    struct strbuf body;
    char type[128], flow[64], warning[64];
    size_t warnings, chunks;
    int retry_after_s, grpc_status;
    bool sent;
    /* For on_chunk tests. */
    struct fixture *f;
    struct outcome *other;
    bool stop, cancel_self;
};

static inline int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));

    f->loop = loop_new();
    f->script = script_new(f->loop);
    f->pool = http_pool_new(f->loop, "test");
    *state = f;
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *f = *state;

    http_pool_free(f->pool);
    script_free(f->script);
    loop_free(f->loop);
    free(f);
    return 0;
}

static inline void on_done(const struct http_result *r, void *arg)
{
    struct outcome *o = arg;

    o->done++;
    o->call = NULL;
    o->code = r->code;
    o->err = r->err;
    strbuf_init(&o->body, SIZE_MAX / 4);
    strbuf_add(&o->body, r->body, r->len);
    assert_int_equal(r->body[r->len], 0);
    snprintf(o->type, sizeof(o->type), "%s", r->content_type);
    snprintf(o->flow, sizeof(o->flow), "%s", r->flow_schema);
    o->warnings = r->warning_count;
    if (r->warning_count)
        snprintf(o->warning, sizeof(o->warning), "%s", r->warnings[0]);
    o->retry_after_s = r->retry_after_s;
    o->grpc_status = r->grpc_status;
    o->sent = r->sent;
}

static inline bool is_done(void *arg)
{
    const struct outcome *o = arg;

    return o->done > 0;
}

static inline const char *url(const struct fixture *f, const char *path)
{
    static char text[256];

    snprintf(text, sizeof(text), "%s%s", script_url(f->script), path);
    return text;
}

static inline void start(struct fixture *f, struct http_request req, const char *path,
                         struct outcome *o)
{
    if (!req.method)
        req.method = "GET";
    if (!req.url)
        req.url = url(f, path);
    if (!req.total_ms)
        req.total_ms = WAIT_MS;
    *o = (struct outcome){.f = f};
    o->call = http_send(f->pool, &req, on_done, o);
    assert_int_equal(o->done, 0);
}

static inline void wait_for(struct fixture *f, struct outcome *o)
{
    assert_true(loop_run_until(f->loop, is_done, o, WAIT_MS));
    assert_int_equal(o->done, 1);
}

static inline void ask(struct fixture *f, struct http_request req, const char *path,
                       struct outcome *o)
{
    start(f, req, path, o);
    wait_for(f, o);
}

static inline void release(struct outcome *o)
{
    strbuf_release(&o->body);
}

#endif

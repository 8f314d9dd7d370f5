/* SPDX-License-Identifier: Apache-2.0 */
/* http.c - the life of a request: sent, answered or stopped, told about, gone. */
#include "sluice/net/http.h"
#include "http_call.h"
#include "sluice/base/clock.h"

#include <stdlib.h>
#include <string.h>

/* A curl_multi with its connections. http_pool_drop_idle starts a new one; the old one goes when
 * its last call is over. */
struct generation {
    struct generation *next;
    struct http_pool *pool;
    struct multi *multi;
};

struct http_pool {
    struct loop *loop;
    const char *name;
    struct generation *generations; /* the newest first: it takes new calls */
    struct http_call *calls;
    bool unsettled; /* a call was sent or cancelled from inside libcurl */
};

static void on_finished(CURL *easy, CURLcode code, void *arg);
static void on_settled(void *arg);

static void add_generation(struct http_pool *pool)
{
    struct generation *g = xcalloc(1, sizeof(*g));
    const struct multi_hooks hooks = {.finished = on_finished, .settled = on_settled, .arg = pool};

    g->pool = pool;
    g->multi = multi_new(pool->loop, &hooks);
    g->next = pool->generations;
    pool->generations = g;
}

/* Old generations without calls; all of them when `all`. */
static void drop_generations(struct http_pool *pool, bool all)
{
    struct generation **link = all ? &pool->generations : &pool->generations->next;

    while (*link) {
        struct generation *g = *link;
        if (!all && (multi_count(g->multi) > 0 || multi_acting(g->multi))) {
            link = &g->next;
            continue;
        }
        *link = g->next;
        multi_free(g->multi);
        free(g);
    }
}

/* --- one call --------------------------------------------------------------------------------- */

static void unlink_call(struct http_call *call)
{
    if (call->prev)
        call->prev->next = call->next;
    else
        call->pool->calls = call->next;
    if (call->next)
        call->next->prev = call->prev;
}

static void link_call(struct http_pool *pool, struct http_call *call)
{
    call->pool = pool;
    call->multi = pool->generations->multi;
    call->next = pool->calls;
    if (call->next)
        call->next->prev = call;
    pool->calls = call;
}

/* Out of libcurl and out of the pool; only its memory is left. */
static void detach(struct http_call *call)
{
    if (call->added)
        multi_remove(call->multi, call->easy);
    call->added = false;
    timer_cancel(call->timer);
    call->timer = NULL;
    unlink_call(call);
}

static void destroy(struct http_call *call)
{
    http_easy_release(call);
    http_head_release(&call->head);
    strbuf_release(&call->body);
    free(call);
}

static enum err_kind kind_of(CURLcode code)
{
    switch ((int)code) {
    case CURLE_OK:
        return ERR_NONE;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_BAD_FUNCTION_ARGUMENT:
    case CURLE_SSL_CERTPROBLEM: /* our own certificate or key is no good */
        return ERR_INVALID;
    case CURLE_OUT_OF_MEMORY:
        out_of_memory();
    default:
        return ERR_RETRY;
    }
}

static void judge(const struct http_call *call, CURLcode code, struct err *e)
{
    if (call->stop.kind != ERR_NONE)
        *e = call->stop;
    else if (code != CURLE_OK)
        err_set(e, kind_of(code), "%s", call->error[0] ? call->error : curl_easy_strerror(code));
}

static void finish(struct http_call *call, CURLcode code)
{
    struct http_result result = {
        .body = strbuf_str(&call->body),
        .len = call->body.len,
        .content_type = call->head.content_type,
        .flow_schema = call->head.flow_schema,
        .warnings = (const char *const *)call->head.warnings,
        .warning_count = call->head.warning_count,
        .retry_after_s = call->head.retry_after_s,
        .grpc_status = call->head.grpc_status,
        .sent = call->sent,
        .timed_out = code == CURLE_OPERATION_TIMEDOUT && call->stop.kind != ERR_INVALID,
        .took_ms = clock_mono_ms() - call->start_ms,
    };
    long http_code = 0;

    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &http_code);
    result.code = (int)http_code;
    judge(call, code, &result.err);
    detach(call);
    call->done(&result, call->arg);
    destroy(call);
}

static void on_finished(CURL *easy, CURLcode code, void *arg)
{
    char *private = NULL;
    struct http_call *call;

    (void)arg;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
    call = (struct http_call *)(void *)private;
    if (!call->cancelled)
        finish(call, code);
}

/* Silence is judged against the last byte, not by moving the timer with each one. */
static void on_timer(void *arg)
{
    struct http_call *call = arg;
    struct http_pool *pool = call->pool;
    const int64_t left = call->last_byte_ms + call->idle_ms - clock_mono_ms();

    if (call->stop.kind == ERR_NONE && left > 0) {
        timer_move(call->timer, left);
        return;
    }
    if (call->stop.kind == ERR_NONE)
        err_set(&call->stop, ERR_RETRY, "no byte for %lld ms", (long long)call->idle_ms);
    finish(call, CURLE_OPERATION_TIMEDOUT);
    drop_generations(pool, false);
}

static void add(struct http_call *call)
{
    multi_add(call->multi, call->easy);
    call->added = true;
}

/* libcurl is left: now what its callbacks asked for. */
static void on_settled(void *arg)
{
    struct http_pool *pool = arg;
    struct http_call *next;

    for (struct http_call *call = pool->unsettled ? pool->calls : NULL; call; call = next) {
        next = call->next;
        if (call->cancelled) {
            detach(call);
            destroy(call);
        } else if (!call->added && call->stop.kind == ERR_NONE) {
            add(call);
        }
    }
    pool->unsettled = false;
    drop_generations(pool, false);
}

/* --- the interface ---------------------------------------------------------------------------- */

struct http_pool *http_pool_new(struct loop *loop, const char *name)
{
    struct http_pool *pool = xcalloc(1, sizeof(*pool));

    pool->loop = loop;
    pool->name = name;
    add_generation(pool);
    return pool;
}

void http_pool_free(struct http_pool *pool)
{
    if (!pool)
        return;
    while (pool->calls) {
        struct http_call *call = pool->calls;
        detach(call);
        destroy(call);
    }
    drop_generations(pool, true);
    free(pool);
}

void http_pool_drop_idle(struct http_pool *pool)
{
    add_generation(pool);
    drop_generations(pool, false);
}

static bool busy(const struct http_call *call)
{
    return multi_busy(call->multi);
}

struct http_call *http_send(struct http_pool *pool, const struct http_request *req,
                            void (*done)(const struct http_result *result, void *arg), void *arg)
{
    struct http_call *call = xcalloc(1, sizeof(*call));

    link_call(pool, call);
    call->done = done;
    call->arg = arg;
    call->max_bytes = req->max_bytes ? req->max_bytes : HTTP_BYTES_MAX;
    call->idle_ms = req->idle_ms;
    call->allow_address = req->allow_address;
    call->allow_arg = req->allow_arg;
    call->on_chunk = req->on_chunk;
    call->start_ms = call->last_byte_ms = clock_mono_ms();
    strbuf_init(&call->body, call->max_bytes);
    call->head.bytes_max = HTTP_HEADER_BYTES_MAX;
    http_head_reset(&call->head);
    if (!http_easy_setup(call, req, &call->stop))
        call->timer = loop_timer(pool->loop, 0, on_timer, call);
    else if (busy(call))
        pool->unsettled = true;
    else
        add(call);
    if (call->idle_ms > 0 && !call->timer)
        call->timer = loop_timer(pool->loop, call->idle_ms, on_timer, call);
    return call;
}

void http_cancel(struct http_call *call)
{
    struct http_pool *pool;

    if (!call)
        return;
    pool = call->pool;
    if (busy(call)) {
        call->cancelled = true;
        pool->unsettled = true;
        return;
    }
    detach(call);
    destroy(call);
    drop_generations(pool, false);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* client.c - when a request leaves, and what its answer leads to.
 *
 *   kube_send --> queued --> open --> done
 *                   ^         |
 *                   '-pausing-'     reads only: reset, EOF, 429; and one 401 of any request
 */
#include "sluice/kube/client.h"
#include "client_parts.h"
#include "sluice/base/clock.h"
#include "sluice/json/json.h"
#include "sluice/kube/status.h"

#include <stdlib.h>
#include <string.h>

#define TRIES_MAX    5
#define PAUSE_MIN_MS INT64_C(50) /* after a reset; doubles */
#define PAUSE_429_MS INT64_C(1000)
#define RENEW_MS     INT64_C(1000)
/* All reads together may try again so often: no storm when the server is down (C74). */
#define RETRIES_PER_S 5
#define RETRIES_BURST 50

const char *kube_verb_name(enum kube_verb verb)
{
    static const char *const names[KUBE_VERB_COUNT] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

    assert((size_t)verb < COUNT(names));
    return names[verb];
}

/* --- lists ------------------------------------------------------------------------------------ */

static void queue_init(struct call_queue *q)
{
    q->first = NULL;
    q->last = &q->first;
}

static void queue_push(struct call_queue *q, struct kube_call *call)
{
    call->queue_next = NULL;
    *q->last = call;
    q->last = &call->queue_next;
}

static struct kube_call *queue_pop(struct call_queue *q)
{
    struct kube_call *call = q->first;

    q->first = call->queue_next;
    if (!q->first)
        q->last = &q->first;
    return call;
}

static void queue_take_out(struct call_queue *q, struct kube_call *call)
{
    struct kube_call **link = &q->first;

    while (*link != call)
        link = &(*link)->queue_next;
    *link = call->queue_next;
    if (q->last == &call->queue_next)
        q->last = link;
}

static void link_call(struct kube_client *c, struct kube_call *call)
{
    call->client = c;
    call->next = c->calls;
    if (call->next)
        call->next->prev = call;
    c->calls = call;
}

static void unlink_call(struct kube_call *call)
{
    if (call->prev)
        call->prev->next = call->next;
    else
        call->client->calls = call->next;
    if (call->next)
        call->next->prev = call->prev;
}

/* --- leaving ---------------------------------------------------------------------------------- */

static void on_answer(const struct http_result *result, void *arg);
static void pump(void *arg);

static void depart(struct kube_call *call)
{
    struct kube_client *c = call->client;

    if (creds_refresh(c->creds, clock_mono_ms()))
        for (size_t i = 0; i < KUBE_POOL_COUNT; i++)
            http_pool_drop_idle(c->pools[i]);
    call->state = CALL_OPEN;
    call->http = wire_send(call, on_answer);
}

static void on_pause_over(void *arg);

static void pause_call(struct kube_call *call, int64_t ms)
{
    call->state = CALL_PAUSING;
    if (call->timer)
        timer_move(call->timer, ms);
    else
        call->timer = loop_timer(call->client->loop, ms, on_pause_over, call);
}

/* `done` never runs inside the call that asked, so the verdict takes the way over the loop. */
static void refuse(struct kube_call *call, enum err_kind kind, const char *text)
{
    err_set(&call->verdict, kind, "%s", text);
    pause_call(call, 0);
}

static void pump_reads(struct kube_client *c)
{
    while (c->reads.first && c->reads_open < KUBE_READS_MAX) {
        struct kube_call *call = queue_pop(&c->reads);
        call->holds_place = true;
        c->reads_open++;
        depart(call);
    }
}

/* C68: the leader's deadline holds for a write that waited, whatever it waited for. */
static void depart_write(struct kube_call *call)
{
    const struct kube_client *c = call->client;

    if (c->may_write && !c->may_write(c->may_write_arg))
        refuse(call, ERR_RETRY, "not the leader any more: the write was not sent");
    else
        depart(call);
}

static void pump_writes(struct kube_client *c)
{
    while (c->writes.first) {
        if (!bucket_take(&c->write_bucket, clock_mono_ms())) {
            timer_move(c->pump, bucket_wait_ms(&c->write_bucket));
            return;
        }
        depart_write(queue_pop(&c->writes));
    }
}

static void pump(void *arg)
{
    pump_reads(arg);
    pump_writes(arg);
}

static void enqueue(struct kube_call *call)
{
    struct kube_client *c = call->client;

    if (call->write)
        queue_push(&c->writes, call);
    else if (call->pool == KUBE_CALLS && !call->stream)
        queue_push(&c->reads, call);
    else
        depart(call);
    pump(c);
}

/* --- the end of a call ------------------------------------------------------------------------ */

/* Out of all lists; what it held is free for others. */
static void detach(struct kube_call *call)
{
    struct kube_client *c = call->client;

    if (call->state == CALL_QUEUED)
        queue_take_out(call->write ? &c->writes : &c->reads, call);
    if (call->holds_place)
        c->reads_open--;
    if (call->write)
        c->writes_open--;
    http_cancel(call->http);
    timer_cancel(call->timer);
    unlink_call(call);
}

static void destroy(struct kube_call *call)
{
    free(call->url);
    free(call->content_type);
    free(call->body);
    free(call);
}

static void complete(struct kube_call *call, const struct kube_reply *reply)
{
    struct kube_client *c = call->client;

    detach(call);
    call->done(reply, call->arg);
    destroy(call);
    pump(c);
}

static void on_pause_over(void *arg)
{
    struct kube_call *call = arg;
    const struct kube_reply reply = {.body = "", .err = call->verdict};

    if (call->verdict.kind != ERR_NONE)
        complete(call, &reply);
    else if (call->write)
        depart_write(call);
    else
        depart(call);
}

/* --- answers ---------------------------------------------------------------------------------- */

static bool is_read(const struct kube_call *call)
{
    return call->verb == KUBE_GET && !call->stream;
}

/* A read may leave again when its deadline allows and the common budget too (C10, C74). */
static bool try_again(struct kube_call *call, int64_t pause_ms)
{
    struct kube_client *c = call->client;
    const int64_t now_ms = clock_mono_ms();

    if (!is_read(call) || call->tries >= TRIES_MAX ||
        now_ms + pause_ms >= call->start_ms + call->timeout_ms ||
        !bucket_take(&c->retry_bucket, now_ms))
        return false;
    pause_call(call, pause_ms);
    return true;
}

static int64_t growing_pause(const struct kube_call *call)
{
    const int64_t ms = PAUSE_MIN_MS << (call->tries - 1);

    return loop_random(ms / 2, ms);
}

/* Reset or EOF after it had left: the connection's fault, GOAWAY among them (C3). */
static bool broke(const struct http_result *result)
{
    return result->err.kind == ERR_RETRY && result->sent;
}

static bool again_after(struct kube_call *call, const struct http_result *result)
{
    if (result->err.kind != ERR_NONE)
        return broke(result) && try_again(call, growing_pause(call));
    if (result->code == 401 && !call->reauthorized) {
        call->reauthorized = true;
        if (!creds_refused(call->client->creds, call->creds_generation, clock_mono_ms()))
            return false;
        pause_call(call, 0);
        return true;
    }
    if (result->code == 429)
        return try_again(call, max_i64(result->retry_after_s * SECOND_MS,
                                       loop_random(PAUSE_429_MS / 2, PAUSE_429_MS)));
    return false;
}

static bool changes(const struct kube_call *call)
{
    return call->verb != KUBE_GET;
}

static void judge(const struct kube_call *call, const struct http_result *result, struct err *e)
{
    if (result->err.kind != ERR_NONE) {
        *e = result->err;
        if (changes(call) && result->sent)
            e->kind = ERR_UNKNOWN; /* C10, C61 */
        return;
    }
    if (result->code / 100 == 2)
        return;
    kube_status_judge(result->code, result->body, result->len, changes(call), e);
    if (result->retry_after_s > e->retry_after_s)
        e->retry_after_s = result->retry_after_s;
}

/* A connection on which a request ran out of time may be dead; TCP notices late (C4), and HTTP/2
 * would put all that follows on it: the lease's next try as well. Calls under way stay there. */
static void doubt_connection(struct kube_client *c, enum kube_pool pool)
{
    const int64_t now_ms = clock_mono_ms();

    if (now_ms - c->renewed_ms[pool] < RENEW_MS)
        return;
    c->renewed_ms[pool] = now_ms;
    http_pool_drop_idle(c->pools[pool]);
}

static void on_answer(const struct http_result *result, void *arg)
{
    struct kube_call *call = arg;
    struct kube_reply reply = {.code = result->code, .body = result->body, .len = result->len};

    call->http = NULL;
    call->tries++;
    stats_note(call->client, call, result);
    if (result->timed_out && result->sent)
        doubt_connection(call->client, call->pool);
    if (again_after(call, result))
        return;
    judge(call, result, &reply.err);
    complete(call, &reply);
}

/* --- the interface ---------------------------------------------------------------------------- */

struct kube_client *kube_client_new(struct loop *loop, const struct kube_config *config,
                                    const char *user_agent_suffix, struct err *e)
{
    static const char *const names[KUBE_POOL_COUNT] = {"calls", "watches", "lease"};
    struct kube_client *c = xcalloc(1, sizeof(*c));
    const int64_t now_ms = clock_mono_ms();

    c->loop = loop;
    c->config = config;
    c->creds = creds_new(config, now_ms, e);
    if (!c->creds) {
        free(c);
        return NULL;
    }
    for (size_t i = 0; i < KUBE_POOL_COUNT; i++)
        c->pools[i] = http_pool_new(loop, names[i]);
    queue_init(&c->reads);
    queue_init(&c->writes);
    bucket_init(&c->write_bucket, KUBE_WRITES_PER_S, KUBE_WRITES_BURST, now_ms);
    bucket_init(&c->retry_bucket, RETRIES_PER_S, RETRIES_BURST, now_ms);
    c->pump = loop_timer(loop, 0, pump, c);
    wire_init(c, user_agent_suffix);
    return c;
}

void kube_client_free(struct kube_client *c)
{
    if (!c)
        return;
    while (c->calls) {
        struct kube_call *call = c->calls;
        detach(call);
        destroy(call);
    }
    for (size_t i = 0; i < KUBE_POOL_COUNT; i++)
        http_pool_free(c->pools[i]);
    timer_cancel(c->pump);
    creds_free(c->creds);
    wire_release(c);
    stats_release(c);
    free(c);
}

/* An unconditional PUT would overwrite what others wrote: the server accepts it for built-in
 * kinds, we never send one (C38). */
static void check_put(const struct kube_call *call)
{
    struct jslice rv;

    if (call->verb != KUBE_PUT)
        return;
    rv = json_slice(call->body, call->body_len, "metadata.resourceVersion");
    if (!rv.p || rv.p[0] != '"' || rv.len < 3)
        abort();
}

static void copy_body(struct kube_call *call, const struct kube_request *req)
{
    if (!req->body)
        return;
    call->body_len = req->body_len ? req->body_len : strlen(req->body);
    call->body = xmalloc(call->body_len + 1);
    memcpy(call->body, req->body, call->body_len);
    call->body[call->body_len] = '\0';
    if (req->content_type)
        call->content_type = xstrdup(req->content_type);
}

static int64_t default_timeout(const struct kube_request *req)
{
    return req->pool == KUBE_LEASE ? KUBE_LEASE_TIMEOUT_MS
           : req->verb == KUBE_GET ? KUBE_TIMEOUT_MS
                                   : KUBE_WRITE_TIMEOUT_MS;
}

struct kube_call *kube_send(struct kube_client *c, const struct kube_request *req, kube_done *done,
                            void *arg)
{
    struct kube_call *call = xcalloc(1, sizeof(*call));

    link_call(c, call);
    call->verb = req->verb;
    call->pool = req->pool;
    call->write = req->verb != KUBE_GET && req->pool != KUBE_LEASE;
    call->stream = req->on_chunk != NULL;
    call->timeout_ms = req->timeout_ms > 0 ? req->timeout_ms : default_timeout(req);
    call->idle_ms = req->idle_ms;
    call->max_bytes = req->max_bytes ? req->max_bytes : KUBE_BYTES_MAX;
    call->on_chunk = req->on_chunk;
    call->done = done;
    call->arg = arg;
    call->start_ms = clock_mono_ms();
    call->url = wire_url(c, req, call->timeout_ms);
    copy_body(call, req);
    check_put(call);
    if (call->write)
        c->writes_open++;
    if (call->url)
        enqueue(call);
    else
        refuse(
            call, ERR_INVALID,
            "the address of the request is longer than 64 KiB: a name or a selector is too long");
    return call;
}

void kube_cancel(struct kube_call *call)
{
    struct kube_client *c;

    if (!call)
        return;
    c = call->client;
    detach(call);
    destroy(call);
    pump(c);
}

struct loop *kube_client_loop(const struct kube_client *c)
{
    return c->loop;
}

const struct kube_config *kube_client_config(const struct kube_client *c)
{
    return c->config;
}

void kube_client_set_write_gate(struct kube_client *c, bool (*may_write)(void *arg), void *arg)
{
    c->may_write = may_write;
    c->may_write_arg = arg;
}

size_t kube_client_writes_open(const struct kube_client *c)
{
    return c->writes_open;
}

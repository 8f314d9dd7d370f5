/* SPDX-License-Identifier: Apache-2.0 */
/* gate_round.c - one round of a question: one query, or one probe of each pod, at the same time. */
#include "gate_parts.h"
#include "sluice/base/clock.h"
#include "sluice/net/addr.h"
#include "sluice/net/grpc.h"
#include "sluice/net/tcp.h"

#include <stdlib.h>
#include <string.h>

#define PROBE_HEADERS_MAX 32
#define QUERY_SILENCE_MS  (5 * SECOND_MS)

static bool allowed(const struct sockaddr *address, void *arg)
{
    const struct gate_runner_options *o = arg;

    return o->allow_address ? o->allow_address(address, o->allow_arg)
                            : addr_allowed_for_gates(address, NULL);
}

/* --- queries ---------------------------------------------------------------------------------- */

static void query_done(const struct http_result *result, void *arg)
{
    struct run *run = arg;
    const struct metric_provider *provider = metric_provider_find("prometheus");
    struct judged judged = {.answer = ANSWER_ERROR};
    double value = 0;

    run->query = NULL;
    if (result->err.kind != ERR_NONE) {
        evidence_set(judged.text, "no answer: %s", result->err.text);
    } else {
        judged.answer = provider->read(result->body, result->len, result->code, clock_wall_ms(),
                                       &value, judged.text);
        if (judged.answer == ANSWER_GOOD)
            metric_judge(run->now->ask.gate, value, &judged);
    }
    round_answered(run, &judged);
}

static void start_query(struct run *run)
{
    static const char *const headers[] = {"Accept: application/json", "Cache-Control: no-cache"};
    const struct ask *ask = &run->now->ask;
    const struct gate_runner_options *o = &run->runner->o;
    const bool trusted = o->trusted_address && str_equal(o->trusted_address, ask->address);
    struct arena scratch;

    arena_init(&scratch);
    run->query =
        http_send(run->runner->queries,
                  &(struct http_request){
                      .method = "GET",
                      .url = metric_provider_find("prometheus")
                                 ->ask(&scratch, ask->address, ask->query, clock_wall_ms()),
                      .headers = headers,
                      .header_count = COUNT(headers),
                      .total_ms = GATE_QUERY_TIMEOUT_MS,
                      .idle_ms = QUERY_SILENCE_MS,
                      .max_bytes = GATE_QUERY_BYTES_MAX,
                      .gzip = true,
                      .proxy = trusted ? NULL : "",
                      .allow_address = trusted ? NULL : allowed,
                      .allow_arg = &run->runner->o,
                  },
                  query_done, run);
    arena_release(&scratch);
}

/* --- probes ----------------------------------------------------------------------------------- */

void round_finish_probes(struct run *run)
{
    struct probed pods[GATE_PODS_MAX];
    struct judged judged;

    for (size_t i = 0; i < run->pod_count; i++)
        pods[i] = run->pods[i].probed;
    probe_sum(run->now->ask.gate, pods, run->pod_count, &judged);
    round_answered(run, &judged);
}

static void pod_done(struct pod_call *pod)
{
    struct run *run = pod->run;

    pod->http = NULL;
    pod->tcp = NULL;
    if (--run->pods_open == 0)
        round_finish_probes(run);
}

/* What lies with us or the spec is no word about the pod. */
static bool is_ours(const struct err *e)
{
    return e->kind == ERR_INVALID || e->kind == ERR_BUG;
}

static void could_not(struct pod_call *pod, const char *why)
{
    pod->probed.judged.answer = ANSWER_ERROR;
    evidence_set(pod->probed.judged.text, "%s", why);
}

/* A body over the limit changes nothing about a status that is there; what did not come in time is
 * no answer, and what came but is not HTTP is a bad one. */
static void http_done(const struct http_result *result, void *arg)
{
    struct pod_call *pod = arg;
    const struct gate_spec *g = pod->run->now->ask.gate;

    if (result->err.kind == ERR_NONE || (result->err.kind == ERR_INVALID && result->code > 0))
        probe_judge(g, result->code, NULL, &pod->probed.judged);
    else if (is_ours(&result->err) && !result->sent)
        could_not(pod, result->err.text);
    else
        probe_judge(g, 0, result->err.text, &pod->probed.judged);
    pod_done(pod);
}

static void grpc_done(const struct http_result *result, void *arg)
{
    struct pod_call *pod = arg;
    char text[EVIDENCE_MAX];
    const bool serving = grpc_health_judge(result, text);

    if (is_ours(&result->err) && !result->sent)
        could_not(pod, result->err.text);
    else
        probe_judge(pod->run->now->ask.gate, result->code, serving ? NULL : text,
                    &pod->probed.judged);
    pod_done(pod);
}

static void tcp_done(const struct err *e, void *arg)
{
    struct pod_call *pod = arg;

    if (is_ours(e))
        could_not(pod, e->text);
    else
        probe_judge(pod->run->now->ask.gate, 0, e->kind == ERR_NONE ? NULL : e->text,
                    &pod->probed.judged);
    pod_done(pod);
}

static int64_t timeout_of(const struct gate_spec *g)
{
    return g->probe.timeout_ms > 0 ? min_i64(g->probe.timeout_ms, GATE_TIMEOUT_MAX_MS)
                                   : GATE_PROBE_TIMEOUT_MS;
}

/* "Name: value"; an empty value is written "Name;" for libcurl, which else takes it out. */
static size_t probe_headers(struct arena *a, const struct gate_spec *g,
                            const char *out[static PROBE_HEADERS_MAX])
{
    size_t n = 0;

    out[n++] = "Connection: close"; /* each probe proves that the pod takes connections */
    for (size_t i = 0; i < g->probe.header_count && n < PROBE_HEADERS_MAX; i++) {
        const struct pair *h = &g->probe.headers[i];

        out[n++] = str_empty(h->value) ? arena_printf(a, "%s;", h->key)
                                       : arena_printf(a, "%s: %s", h->key, h->value);
    }
    return n;
}

static void send_http(struct pod_call *pod, struct arena *a, const char *url)
{
    const struct run *run = pod->run;
    const struct gate_spec *g = run->now->ask.gate;
    static const struct http_tls any = {.insecure = true}; /* as the kubelet: pods' own names */
    const char *headers[PROBE_HEADERS_MAX];
    const size_t header_count = probe_headers(a, g, headers);

    pod->http = http_send(run->runner->probes,
                          &(struct http_request){
                              .method = "GET",
                              .url = url,
                              .headers = headers,
                              .header_count = header_count,
                              .connect_ms = timeout_of(g),
                              .total_ms = timeout_of(g),
                              .max_bytes = GATE_PROBE_BYTES_MAX,
                              .tls = &any,
                              .proxy = "",
                              .user_agent = "sluice-probe",
                              .allow_address = allowed,
                              .allow_arg = &pod->run->runner->o,
                          },
                          http_done, pod);
}

static bool send_grpc(struct pod_call *pod, struct arena *a, const char *url)
{
    static const char *const headers[] = {"Content-Type: application/grpc", "TE: trailers"};
    const struct run *run = pod->run;
    const struct gate_spec *g = run->now->ask.gate;
    uint8_t body[GRPC_HEALTH_BYTES_MAX];
    const size_t len = grpc_health_request(g->probe.service, body);

    if (!len)
        return false;
    pod->http =
        http_send(run->runner->grpc,
                  &(struct http_request){
                      .method = "POST",
                      .url = arena_printf(a, "%.*s%s", (int)strlen(url) - 1, url, GRPC_HEALTH_PATH),
                      .headers = headers,
                      .header_count = COUNT(headers),
                      .body = (const char *)body,
                      .body_len = len,
                      .connect_ms = timeout_of(g),
                      .total_ms = timeout_of(g),
                      .max_bytes = GATE_PROBE_BYTES_MAX,
                      .version = HTTP_VERSION_2_CLEARTEXT,
                      .proxy = "",
                      .user_agent = "sluice-probe",
                      .allow_address = allowed,
                      .allow_arg = &pod->run->runner->o,
                  },
                  grpc_done, pod);
    return true;
}

static void start_tcp(struct pod_call *pod, const struct ask_pod *of)
{
    const struct gate_spec *g = pod->run->now->ask.gate;

    pod->tcp = tcp_check(pod->run->runner->o.loop, of->ip, of->port, timeout_of(g), allowed,
                         &pod->run->runner->o, tcp_done, pod);
}

/* False: nothing was sent, and probed.judged says why. */
static bool start_pod(struct pod_call *pod, const struct ask_pod *of, struct arena *a)
{
    const struct gate_spec *g = pod->run->now->ask.gate;
    const char *url = probe_url(a, g, of->ip, of->port);

    if (!url) {
        could_not(pod,
                  arena_printf(a, "no address: %s port %d", of->ip ? of->ip : "-", (int)of->port));
        return false;
    }
    switch (g->probe.kind) {
    case PROBE_HTTP:
        send_http(pod, a, url);
        return true;
    case PROBE_TCP:
        start_tcp(pod, of);
        return true;
    case PROBE_GRPC:
    default:
        break;
    }
    if (send_grpc(pod, a, url))
        return true;
    could_not(pod, "the name of the gRPC service is too long");
    return false;
}

static void start_probes(struct run *run)
{
    const struct ask *ask = &run->now->ask;
    struct arena scratch;

    arena_init(&scratch);
    /* A body goes out once only, so a connection that died since the last round would count as a
     * failure of the pod: each round makes its own. */
    if (ask->gate->probe.kind == PROBE_GRPC)
        http_pool_drop_idle(run->runner->grpc);
    run->pod_count = ask->pod_count;
    for (size_t i = 0; i < run->pod_count; i++) {
        run->pods[i] = (struct pod_call){.run = run, .probed.pod = ask->pods[i].name};
        run->pods_open += start_pod(&run->pods[i], &ask->pods[i], &scratch);
    }
    if (!run->pods_open)
        timer_move(run->timer, 0); /* round_finish_probes, from the loop */
    arena_release(&scratch);
}

/* --- a round ---------------------------------------------------------------------------------- */

void round_start(struct run *run)
{
    run->started_ms = clock_mono_ms();
    run->outdated = false;
    if (run->now->ask.gate->kind == GATE_PROBE)
        start_probes(run);
    else
        start_query(run);
}

void round_cancel(struct run *run)
{
    http_cancel(run->query);
    run->query = NULL;
    for (size_t i = 0; i < run->pod_count; i++) {
        http_cancel(run->pods[i].http);
        tcp_check_cancel(run->pods[i].tcp);
        run->pods[i].http = NULL;
        run->pods[i].tcp = NULL;
    }
    run->pod_count = run->pods_open = 0;
}

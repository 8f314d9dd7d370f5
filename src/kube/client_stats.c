/* SPDX-License-Identifier: Apache-2.0 */
/* client_stats.c - requests counted, warnings of the server passed on (C9, C74, C77). */
#include "client_parts.h"
#include "sluice/base/clock.h"
#include "sluice/base/log.h"

#include <stdio.h>
#include <stdlib.h>

#define WARNING_AGAIN_MS    (10 * MINUTE_MS)
#define WARNINGS_REMEMBERED 256

struct warning {
    int64_t shown_ms;
};

static void forget_warnings(struct kube_client *c)
{
    const char *text;
    void *warning;

    for (size_t i = 0; map_next(&c->warnings, &i, &text, &warning);)
        free(warning);
    map_release(&c->warnings);
}

/* Whether it is new; a flood of different ones forgets the old. */
static bool is_news(struct kube_client *c, const char *text, int64_t now_ms)
{
    struct warning *w = map_get(&c->warnings, text);

    if (w && now_ms - w->shown_ms < WARNING_AGAIN_MS)
        return false;
    if (!w) {
        if (c->warnings.count >= WARNINGS_REMEMBERED)
            forget_warnings(c);
        w = xcalloc(1, sizeof(*w));
        map_put(&c->warnings, text, w);
    }
    w->shown_ms = now_ms;
    return true;
}

static void pass_warnings(struct kube_client *c, const struct http_result *result)
{
    const int64_t now_ms = clock_mono_ms();

    for (size_t i = 0; i < result->warning_count; i++) {
        if (!is_news(c, result->warnings[i], now_ms))
            continue;
        if (c->on_warning)
            c->on_warning(result->warnings[i], c->on_warning_arg);
        else
            log_warn("API server warning", "warning", result->warnings[i], NULL);
    }
}

static void count(struct kube_client *c, enum kube_verb verb, int code)
{
    for (size_t i = 0; i < c->count_len; i++)
        if (c->counts[i].verb == verb && c->counts[i].code == code) {
            c->counts[i].count++;
            return;
        }
    if (c->count_len == c->count_cap) {
        c->count_cap = c->count_cap ? c->count_cap * 2 : 16;
        c->counts = xrealloc(c->counts, c->count_cap * sizeof(*c->counts));
    }
    c->counts[c->count_len++] = (struct request_count){.verb = verb, .code = code, .count = 1};
}

static void log_throttled(const struct kube_call *call, const struct http_result *result)
{
    char seconds[24];

    snprintf(seconds, sizeof(seconds), "%d", result->retry_after_s);
    log_warn("API server throttles us", "method", kube_verb_name(call->verb), "flowSchema",
             result->flow_schema, "retryAfter", seconds, NULL);
}

void stats_note(struct kube_client *c, const struct kube_call *call,
                const struct http_result *result)
{
    const int code = result->err.kind == ERR_NONE ? result->code : 0;

    count(c, call->verb, code);
    pass_warnings(c, result);
    if (code == 429)
        log_throttled(call, result);
    if (c->on_request)
        c->on_request(call->verb, code, result->took_ms, c->on_request_arg);
}

void stats_release(struct kube_client *c)
{
    forget_warnings(c);
    free(c->counts);
}

void kube_client_counts(const struct kube_client *c,
                        void (*each)(const char *method, int code, uint64_t count, void *arg),
                        void *arg)
{
    for (size_t i = 0; i < c->count_len; i++)
        each(kube_verb_name(c->counts[i].verb), c->counts[i].code, c->counts[i].count, arg);
}

void kube_client_on_warning(struct kube_client *c, void (*fn)(const char *text, void *arg),
                            void *arg)
{
    c->on_warning = fn;
    c->on_warning_arg = arg;
}

void kube_client_on_request(struct kube_client *c,
                            void (*fn)(enum kube_verb verb, int code, int64_t took_ms, void *arg),
                            void *arg)
{
    c->on_request = fn;
    c->on_request_arg = arg;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "sluice/kube/status.h"
#include "sluice/base/utf8.h"
#include "sluice/kube/watch.h"

#include <stdio.h>
#include <string.h>

#define QUOTE_MAX 200 /* of a body that is no Status */

static const char *text_or_empty(const cJSON *o, const char *path)
{
    const char *s = json_str(o, path);

    return s ? s : "";
}

bool kube_status_read(const cJSON *o, struct kube_status *out)
{
    if (!str_equal(json_str(o, "kind"), "Status"))
        return false;
    *out = (struct kube_status){
        .code = (int)clamp_i64(json_i64(o, "code", 0), 0, 999),
        .reason = text_or_empty(o, "reason"),
        .message = text_or_empty(o, "message"),
        .retry_after_s = (int)clamp_i64(json_i64(o, "details.retryAfterSeconds", 0), 0, 86400),
        .causes = json_at(o, "details.causes"),
    };
    return true;
}

bool kube_status_has_cause(const struct kube_status *s, const char *reason)
{
    JSON_EACH(cause, s->causes)
        if (str_equal(json_str(cause, "reason"), reason))
            return true;
    return false;
}

/* --- what it means ---------------------------------------------------------------------------- */

static bool says(const struct kube_status *s, const char *words)
{
    return strstr(s->message, words) != NULL;
}

/* RBAC's refusals read: "... is forbidden: User "x" cannot list resource ...". Any other 403 was
 * spoken by admission (C45). */
static enum err_kind judge_403(const struct kube_status *s)
{
    if (kube_status_has_cause(s, "NamespaceTerminating"))
        return ERR_TERMINATING;
    if (says(s, "exceeded quota") || says(s, "status unknown for quota"))
        return ERR_QUOTA;
    if (says(s, "admission webhook") || says(s, "denied request") ||
        says(s, "ValidatingAdmissionPolicy") || says(s, "violates PodSecurity"))
        return ERR_INVALID;
    return ERR_DENIED;
}

/* A JSON Patch that cannot be applied to the object as it is now (a `test` failed, a path is gone)
 * gets this sentence and nothing more; whatever validation refuses is named (apimachinery,
 * NewGenericServerResponse). Older servers gave the words of the patch library. */
static enum err_kind judge_422(const struct kube_status *s)
{
    return says(s, "the server rejected our request due to an error in our request") ||
                   says(s, "metadata.uid: Invalid value") /* the name is another object's now */ ||
                   says(s, "testing path") || says(s, "test failed")
               ? ERR_CONFLICT
               : ERR_INVALID;
}

static bool too_large_version(const struct kube_status *s)
{
    return kube_status_has_cause(s, "ResourceVersionTooLarge") ||
           says(s, "Too large resource version");
}

static enum err_kind judge(const struct kube_status *s, bool write)
{
    switch (s->code) {
    case 401:
        return ERR_DENIED;
    case 403:
        return judge_403(s);
    case 404:
        return ERR_NOT_FOUND;
    case 409:
        return str_equal(s->reason, "AlreadyExists") ? ERR_EXISTS : ERR_CONFLICT;
    case 410:
        return ERR_GONE;
    case 422:
        return judge_422(s);
    case 429:
        return ERR_RETRY;
    default:
        break;
    }
    if (!write && too_large_version(s))
        return ERR_GONE;
    if (s->code >= 500)
        return write ? ERR_UNKNOWN : ERR_RETRY;
    if (s->code >= 300)
        return ERR_INVALID;
    /* No code, or one that is no failure: 0 of an ERROR event, 1xx. */
    return write ? ERR_UNKNOWN : ERR_RETRY;
}

void kube_status_judge_parsed(const struct kube_status *s, bool write, struct err *e)
{
    err_set(e, judge(s, write), "%s",
            s->message[0]  ? s->message
            : s->reason[0] ? s->reason
                           : "the server gave no reason");
    e->retry_after_s = s->retry_after_s;
}

/* --- bodies ----------------------------------------------------------------------------------- */

/* The reason, when only the HTTP code is there to go by. */
static const char *phrase(int code)
{
    switch (code) {
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 409:
        return "Conflict";
    case 410:
        return "Gone";
    case 429:
        return "Too Many Requests";
    default:
        return code >= 500                 ? "server error"
               : code >= 300 && code < 400 ? "redirects are not followed"
                                           : "unexpected answer";
    }
}

/* Up to QUOTE_MAX bytes, ending on a character border. */
static size_t quotable(const char *body, size_t len)
{
    size_t n = 0;

    while (n < len) {
        const size_t step = utf8_char(body + n, len - n);
        if (n + (step ? step : 1) > QUOTE_MAX)
            break;
        n += step ? step : 1;
    }
    return n;
}

static void judge_foreign(int code, const char *body, size_t len, bool write, struct err *e)
{
    char text[QUOTE_MAX + 64];
    struct kube_status s = {.code = code, .reason = "", .message = text};
    size_t shown;

    while (len > 0 && strchr(" \t\r\n", body[len - 1]))
        len--;
    shown = quotable(body, len);
    if (len == 0)
        snprintf(text, sizeof(text), "HTTP %d %s", code, phrase(code));
    else
        snprintf(text, sizeof(text), "HTTP %d: %.*s%s", code, (int)shown, body,
                 shown < len ? "..." : "");
    kube_status_judge_parsed(&s, write, e);
}

void kube_status_judge(int code, const char *body, size_t len, bool write, struct err *e)
{
    auto_json cJSON *doc = kube_object_parse(body, len, NULL);
    struct kube_status s;

    if (!doc || !kube_status_read(doc, &s)) {
        judge_foreign(code, body, len, write, e);
        return;
    }
    s.code = code; /* the line above the body is what proxies and the server agree on */
    kube_status_judge_parsed(&s, write, e);
}

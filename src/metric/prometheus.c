/* SPDX-License-Identifier: Apache-2.0 */
#include "prometheus.h"
#include "text.h"
#include "url.h"

#include "sluice/base/clock.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define URL_BYTES_MAX    (4u * 1024 * 1024) /* a replaced query, all of it encoded */
#define NUMBER_BYTES_MAX 64

/* No time is asked for: the store's own clock then stands in the answer, and shows an answer that
 * comes out of a cache. A query that the address brings (a tenant, say) stays. */
char *prometheus_ask(struct arena *a, const char *address, const char *query, int64_t now_ms)
{
    auto_strbuf struct strbuf url = {.max = URL_BYTES_MAX};
    size_t base = strcspn(address, "?#");
    const char *own = address + base;

    (void)now_ms;
    while (base > 0 && address[base - 1] == '/')
        base--;
    strbuf_add(&url, address, base);
    strbuf_adds(&url, "/api/v1/query?");
    if (*own == '?' && own[1] && own[1] != '#') {
        strbuf_add(&url, own + 1, strcspn(own + 1, "#"));
        strbuf_addc(&url, '&');
    }
    strbuf_adds(&url, "query=");
    url_add_value(&url, query);
    return arena_strndup(a, strbuf_str(&url), url.len);
}

/* --- numbers -------------------------------------------------------------------------------- */

static const char *digits(const char *p)
{
    while (*p >= '0' && *p <= '9')
        p++;
    return p;
}

/* As Go's strconv prints them, in decimal: no blanks, no hex, no locale. */
static bool is_number(const char *s)
{
    const char *whole, *p = s + (*s == '-' || *s == '+');
    size_t seen;

    whole = p;
    p = digits(p);
    seen = (size_t)(p - whole);
    if (*p == '.') {
        const char *fraction = p + 1;
        p = digits(fraction);
        seen += (size_t)(p - fraction);
    }
    if (!seen)
        return false;
    if (*p == 'e' || *p == 'E') {
        const char *power = p + 1 + (p[1] == '-' || p[1] == '+');
        p = digits(power);
        if (p == power)
            return false;
    }
    return !*p && p - s < NUMBER_BYTES_MAX;
}

static enum answer read_number(const char *s, double *value, char text[static EVIDENCE_MAX])
{
    char quoted[EVIDENCE_MAX];
    double v;

    text_quote(quoted, s, strlen(s), 40);
    if (!is_number(s)) {
        evidence_set(text, "%s came back: not a finite number", quoted);
        return ANSWER_ERROR;
    }
    v = strtod(s, NULL);
    if (!isfinite(v)) {
        evidence_set(text, "%s came back: too large for a number", quoted);
        return ANSWER_ERROR;
    }
    *value = v;
    evidence_set(text, "%s", quoted);
    return ANSWER_GOOD;
}

/* --- one sample ----------------------------------------------------------------------------- */

static bool is_fresh(double seconds, int64_t now_ms, char text[static EVIDENCE_MAX])
{
    char age[TIME_TEXT_MAX];
    double late_ms;

    if (!(fabs(seconds) < 1e11)) {
        evidence_set(text, "the sample's time is no time");
        return false;
    }
    late_ms = (double)now_ms - seconds * 1000;
    if (fabs(late_ms) <= (double)PROMETHEUS_SKEW_MS)
        return true;
    duration_format((int64_t)(fabs(late_ms) / 1000) * SECOND_MS, age);
    evidence_set(text, "the sample is %s %s: a cache, or a clock that is wrong", age,
                 late_ms > 0 ? "old" : "ahead of now");
    return false;
}

/* [seconds, "number"] */
static enum answer read_sample(const cJSON *pair, int64_t now_ms, double *value,
                               char text[static EVIDENCE_MAX])
{
    const cJSON *time = pair ? pair->child : NULL;
    const cJSON *number = time ? time->next : NULL;

    const char *text_of = number ? json_str(number, "") : NULL;

    if (json_count(pair) != 2 || (time->type & 0xff) != cJSON_Number || !text_of) {
        evidence_set(text, "the sample is not [time, \"number\"]");
        return ANSWER_ERROR;
    }
    if (!is_fresh(time->valuedouble, now_ms, text))
        return ANSWER_ERROR;
    return read_number(text_of, value, text);
}

/* --- the answer ----------------------------------------------------------------------------- */

/* {pod="a",code="500"} of a series, for people. */
static void add_labels(struct strbuf *out, const cJSON *series)
{
    const char *comma = "";

    strbuf_addc(out, '{');
    JSON_EACH(label, json_at(series, "metric")) {
        const char *value = json_str(label, "");

        strbuf_addf(out, "%s%s=\"%s\"", comma, label->string ? label->string : "?",
                    value ? value : "?");
        comma = ",";
    }
    strbuf_addc(out, '}');
}

static enum answer read_vector(const cJSON *result, int64_t now_ms, double *value,
                               char text[static EVIDENCE_MAX])
{
    const size_t count = json_count(result);
    const cJSON *series = result->child;

    if (count == 0) {
        evidence_set(text, "no series came back");
        return ANSWER_NO_DATA;
    }
    if (count > 1) {
        auto_strbuf struct strbuf labels = {.max = 64 * 1024};
        char quoted[EVIDENCE_MAX];

        add_labels(&labels, series);
        text_quote(quoted, strbuf_str(&labels), labels.len, 40);
        evidence_set(text, "%zu series came back, not one: sum() them? The first: %s", count,
                     quoted);
        return ANSWER_ERROR;
    }
    if (json_at(series, "histogram")) {
        evidence_set(text, "a histogram came back, not a number: histogram_quantile() it");
        return ANSWER_ERROR;
    }
    return read_sample(json_at(series, "value"), now_ms, value, text);
}

static enum answer read_data(const cJSON *data, int64_t now_ms, double *value,
                             char text[static EVIDENCE_MAX])
{
    const char *type = json_str(data, "resultType");
    const cJSON *result = json_at(data, "result");

    if (type && result && (result->type & 0xff) == cJSON_Array) {
        if (strcmp(type, "vector") == 0)
            return read_vector(result, now_ms, value, text);
        if (strcmp(type, "scalar") == 0)
            return read_sample(result, now_ms, value, text);
    }
    if (type)
        evidence_set(text, "a %.20s came back, not one number", type);
    else
        evidence_set(text, "no data in Prometheus' answer");
    return ANSWER_ERROR;
}

/* What is no answer of Prometheus: a proxy's page. */
static enum answer foreign(const char *body, size_t len, int http_code,
                           char text[static EVIDENCE_MAX])
{
    char quoted[EVIDENCE_MAX];

    text_quote(quoted, body, len, 60);
    if (quoted[0])
        evidence_set(text, "HTTP %d, and not Prometheus' JSON: %s", http_code, quoted);
    else
        evidence_set(text, "HTTP %d and an empty body", http_code);
    return ANSWER_ERROR;
}

enum answer prometheus_read(const char *body, size_t len, int http_code, int64_t now_ms,
                            double *value, char text[static EVIDENCE_MAX])
{
    struct err e = {0};
    auto_json cJSON *doc = json_parse(body, len, &e);
    const char *status = json_str(doc, "status");

    if (!doc && len > 0 && body[0] == '{') {
        evidence_set(text, "HTTP %d: %s", http_code, e.text);
        return ANSWER_ERROR;
    }
    if (!status)
        return foreign(body, len, http_code, text);
    if (strcmp(status, "success") == 0 && http_code == 200)
        return read_data(json_at(doc, "data"), now_ms, value, text);
    if (json_str(doc, "error"))
        evidence_set(text, "Prometheus said: %.100s", json_str(doc, "error"));
    else
        evidence_set(text, "Prometheus said: HTTP %d, %.20s", http_code, status);
    return ANSWER_ERROR;
}

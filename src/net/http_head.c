/* SPDX-License-Identifier: Apache-2.0 */
/* http_head.c - header lines of an answer. Bytes come from the peer: nothing is trusted. */
#include "http_call.h"
#include "sluice/base/clock.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define RETRY_AFTER_MAX_S (24 * 60 * 60)
#define DATE_MAX_S        INT64_C(253402300799) /* the end of the year 9999 */

/* --- values ----------------------------------------------------------------------------------- */

static bool all_digits(const char *s)
{
    return *s && s[strspn(s, "0123456789")] == '\0';
}

int http_retry_after(const char *value, int64_t now_ms)
{
    int64_t seconds;
    time_t date;

    if (!value)
        return 0;
    if (all_digits(value)) {
        if (strlen(value) > 9)
            return RETRY_AFTER_MAX_S;
        seconds = strtol(value, NULL, 10);
    } else {
        /* Only full dates: curl_getdate would also take "tomorrow"-like scraps such as "12:00". */
        date = strchr(value, ',') ? curl_getdate(value, NULL) : -1;
        if (date < 0)
            return 0;
        seconds = (min_i64(date, DATE_MAX_S) * SECOND_MS - now_ms + SECOND_MS - 1) / SECOND_MS;
    }
    return (int)clamp_i64(seconds, 0, RETRY_AFTER_MAX_S);
}

/* A quoted-string at `p` (its opening quote): text to `out`, cut to fit; gives what follows. */
static const char *take_quoted(const char *p, char *out, size_t size)
{
    size_t n = 0;

    for (p++; *p && *p != '"'; p++) {
        if (*p == '\\' && p[1])
            p++;
        if (n + 1 < size)
            out[n++] = *p;
    }
    if (size > 0)
        out[n] = '\0';
    return *p ? p + 1 : p;
}

/* warning-value = warn-code SP warn-agent SP warn-text [SP warn-date], in a comma list. */
const char *http_warning_next(const char *value, char *out, size_t out_size)
{
    char date[2];

    while (value && *value) {
        const char *p = value + strspn(value, " \t,");
        const bool ours = strncmp(p, "299", 3) == 0 && (p[3] == ' ' || p[3] == '\t');

        p += strcspn(p, "\",");
        value = p;
        if (*p != '"')
            continue;
        value = take_quoted(p, out, out_size);
        if (value[0] == ' ' && value[1] == '"')
            value = take_quoted(value + 1, date, sizeof(date));
        if (ours)
            return value;
    }
    return NULL;
}

/* --- lines ------------------------------------------------------------------------------------ */

void http_head_reset(struct http_head *head)
{
    for (size_t i = 0; i < head->warning_count; i++)
        free(head->warnings[i]);
    head->warning_count = 0;
    head->content_type[0] = head->flow_schema[0] = '\0';
    head->retry_after_s = 0;
    head->grpc_status = -1;
}

void http_head_release(struct http_head *head)
{
    http_head_reset(head);
}

static void add_warnings(struct http_head *head, const char *value)
{
    char text[HTTP_WARNING_BYTES_MAX];

    while (head->warning_count < HTTP_WARNINGS_MAX &&
           (value = http_warning_next(value, text, sizeof(text))))
        head->warnings[head->warning_count++] = xstrdup(text);
}

static void set_grpc_status(struct http_head *head, const char *value)
{
    if (all_digits(value) && strlen(value) <= 4)
        head->grpc_status = (int)strtol(value, NULL, 10);
}

static void set_field(struct http_head *head, const char *name, const char *value)
{
    if (strcasecmp(name, "content-type") == 0)
        snprintf(head->content_type, sizeof(head->content_type), "%s", value);
    else if (strcasecmp(name, "x-kubernetes-pf-flowschema-uid") == 0)
        snprintf(head->flow_schema, sizeof(head->flow_schema), "%s", value);
    else if (strcasecmp(name, "retry-after") == 0)
        head->retry_after_s = http_retry_after(value, clock_wall_ms());
    else if (strcasecmp(name, "warning") == 0)
        add_warnings(head, value);
    else if (strcasecmp(name, "grpc-status") == 0)
        set_grpc_status(head, value);
}

/* Cuts blanks and line ends off both sides; the text is changed in place. */
static char *trim(char *s)
{
    size_t len;

    s += strspn(s, " \t");
    len = strlen(s);
    while (len > 0 && strchr(" \t\r\n", s[len - 1]))
        s[--len] = '\0';
    return s;
}

bool http_head_line(struct http_head *head, const char *line, size_t len)
{
    char text[HTTP_WARNING_BYTES_MAX + HTTP_FIELD_MAX];
    char *colon;

    head->bytes += len;
    if (head->bytes > head->bytes_max)
        return false;
    if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        http_head_reset(head);
        return true;
    }
    snprintf(text, sizeof(text), "%.*s", (int)min_i64((int64_t)len, sizeof(text) - 1), line);
    colon = strchr(text, ':');
    if (colon) {
        *colon = '\0';
        set_field(head, text, trim(colon + 1));
    }
    return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* http_call.h - one request under way: shared by http.c (its life), http_easy.c (what libcurl is
 * told, and libcurl's questions) and http_head.c (the answer's head). */
#ifndef SLUICE_NET_HTTP_CALL_H
#define SLUICE_NET_HTTP_CALL_H

#include "multi.h"
#include "sluice/base/strbuf.h"
#include "sluice/net/http.h"

#define HTTP_FIELD_MAX         128
#define HTTP_WARNING_BYTES_MAX 512

/* What the answer's header lines and trailers said. */
struct http_head {
    size_t bytes, bytes_max;
    char content_type[HTTP_FIELD_MAX];
    char flow_schema[HTTP_FIELD_MAX];
    char *warnings[HTTP_WARNINGS_MAX]; /* owned */
    size_t warning_count;
    int retry_after_s;
    int grpc_status;
};

void http_head_reset(struct http_head *head); /* a new status line: 1xx came before */
void http_head_release(struct http_head *head);
/* One line, with or without its line end. False: over the limit. */
bool http_head_line(struct http_head *head, const char *line, size_t len);

struct http_call {
    struct http_call *prev, *next; /* in its pool */
    struct http_pool *pool;
    struct multi *multi; /* the pool's at the time; holds `easy` when `added` */
    CURL *easy;
    struct curl_slist *headers, *connect_to;

    size_t max_bytes;
    int64_t idle_ms;
    bool (*allow_address)(const struct sockaddr *address, void *arg);
    void *allow_arg;
    bool (*on_chunk)(const char *p, size_t len, void *arg);
    void (*done)(const struct http_result *result, void *arg);
    void *arg;

    bool safe;      /* GET, HEAD: may go out again on a new connection */
    bool added;     /* given to libcurl */
    bool cancelled; /* inside libcurl: goes when that is over */
    bool sent;
    unsigned refused; /* not 0: libcurl, or we, cannot make this request */
    int departures;   /* how often libcurl was about to send it */
    struct err stop;  /* why we stopped it ourselves; wins over libcurl's reason */
    int64_t start_ms, last_byte_ms;
    struct timer *timer; /* silence; or a verdict that came before sending */
    struct strbuf body;
    struct http_head head;
    char error[CURL_ERROR_SIZE];
};

/* Sets up call->easy and the rest from the request; false with call->stop set. */
bool http_easy_setup(struct http_call *call, const struct http_request *req, struct err *e);
/* Wipes header texts: they hold credentials. */
void http_easy_release(struct http_call *call);

#endif

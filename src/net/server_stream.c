/* SPDX-License-Identifier: Apache-2.0 */
/* server_stream.c - answers that go on, chunk by chunk. */
#include "sluice/net/server.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdlib.h>

struct server_stream {
    struct evhttp_request *req;
    void (*closed)(void *arg);
    void *arg;
};

/* A request whose connection failed is no longer that one's to free. */
static void on_close(struct evhttp_connection *connection, void *arg)
{
    struct server_stream *s = arg;

    (void)connection;
    s->closed(s->arg);
    if (!evhttp_request_get_connection(s->req))
        evhttp_send_reply_end(s->req);
    free(s);
}

struct server_stream *server_stream_begin(const struct server_request *req,
                                          struct server_reply *reply, const char *content_type,
                                          void (*closed)(void *arg), void *arg)
{
    struct server_stream *s = xcalloc(1, sizeof(*s));

    *s = (struct server_stream){.req = req->native, .closed = closed, .arg = arg};
    evhttp_add_header(evhttp_request_get_output_headers(s->req), "Content-Type", content_type);
    evhttp_connection_set_closecb(evhttp_request_get_connection(s->req), on_close, s);
    evhttp_send_reply_start(s->req, 200, NULL);
    reply->stream = s;
    return s;
}

void server_stream_send(struct server_stream *s, const char *p, size_t len)
{
    struct evbuffer *chunk = evbuffer_new();

    if (!chunk || evbuffer_add(chunk, p, len) != 0)
        abort();
    evhttp_send_reply_chunk(s->req, chunk);
    evbuffer_free(chunk);
}

/* The connection may serve other requests now. */
void server_stream_end(struct server_stream *s)
{
    evhttp_connection_set_closecb(evhttp_request_get_connection(s->req), NULL, NULL);
    evhttp_send_reply_end(s->req);
    free(s);
}

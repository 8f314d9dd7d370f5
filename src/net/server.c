/* SPDX-License-Identifier: Apache-2.0 */
#include "sluice/net/server.h"
#include "server_tls.h"
#include "sluice/base/clock.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define HEAD_BYTES_MAX  (16 * 1024)
#define REPLY_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define CONNECTION_S    10

struct server {
    struct evhttp *http;
    struct server_tls *tls; /* NULL: plain HTTP */
    const struct server_handler *handlers;
    size_t handler_count;
    int port;
};

static bool matches(const struct server_handler *h, const char *path)
{
    const size_t len = strlen(h->path);
    const bool below = len > 1 && h->path[len - 1] == '/';

    return below ? strncmp(path, h->path, len) == 0 : strcmp(path, h->path) == 0;
}

static const struct server_handler *find_handler(const struct server *s, const char *path)
{
    for (size_t i = 0; i < s->handler_count; i++)
        if (matches(&s->handlers[i], path))
            return &s->handlers[i];
    return NULL;
}

static void free_reply_body(const void *data, size_t len, void *arg)
{
    (void)len;
    (void)arg;
    free((void *)(uintptr_t)data);
}

static void send_reply(struct evhttp_request *req, struct server_reply *reply)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
    struct evbuffer *body = evhttp_request_get_output_buffer(req);

    evhttp_add_header(headers, "Content-Type", reply->content_type);
    evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
    evhttp_add_header(headers, "Cache-Control", "no-store");
    if (evhttp_request_get_command(req) == EVHTTP_REQ_HEAD) {
        strbuf_reset(&reply->body);
    } else if (reply->body.p && evbuffer_add_reference(body, reply->body.p, reply->body.len,
                                                       free_reply_body, NULL) == 0) {
        strbuf_init(&reply->body, 0); /* the connection frees the bytes once they are sent */
    }
    evhttp_send_reply(req, reply->code, NULL, NULL);
    strbuf_release(&reply->body);
}

static void send_error(struct evhttp_request *req, int code, const char *text)
{
    struct server_reply reply = {.code = code, .content_type = "text/plain; charset=utf-8"};

    strbuf_init(&reply.body, 1024);
    strbuf_addf(&reply.body, "%s\n", text);
    send_reply(req, &reply);
}

static const char *header(const struct evhttp_request *req, const char *name)
{
    struct evhttp_request *r = (struct evhttp_request *)(uintptr_t)req;
    const char *value = evhttp_find_header(evhttp_request_get_input_headers(r), name);

    return value ? value : "";
}

static const char *method_name(const struct evhttp_request *req)
{
    switch ((int)evhttp_request_get_command(req)) {
    case EVHTTP_REQ_POST:
        return "POST";
    case EVHTTP_REQ_PUT:
        return "PUT";
    case EVHTTP_REQ_PATCH:
        return "PATCH";
    case EVHTTP_REQ_DELETE:
        return "DELETE";
    default:
        return "GET";
    }
}

static const char *body_of(struct evhttp_request *req, size_t *len)
{
    struct evbuffer *in = evhttp_request_get_input_buffer(req);

    *len = evbuffer_get_length(in);
    if (*len == 0)
        return "";
    evbuffer_add(in, "", 1);
    return (const char *)evbuffer_pullup(in, -1);
}

static void answer(struct evhttp_request *req, const struct server_handler *h, const char *path)
{
    const char *query = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(req));
    struct server_request request = {
        .method = method_name(req),
        .path = path,
        .query = query ? query : "",
        .authorization = header(req, "Authorization"),
        .content_type = header(req, "Content-Type"),
        .accept = header(req, "Accept"),
        .native = req,
    };
    struct server_reply reply = {.code = 200, .content_type = "text/plain; charset=utf-8"};

    request.body = body_of(req, &request.body_len);
    strbuf_init(&reply.body, REPLY_BYTES_MAX);
    h->fn(&request, &reply, h->arg);
    if (reply.stream) {
        strbuf_release(&reply.body);
        return;
    }
    if (reply.body.overflow) {
        strbuf_release(&reply.body);
        send_error(req, 500, "the answer is too long");
        return;
    }
    send_reply(req, &reply);
}

/* Head and body leave one after the other: the second shall not wait for word of the first. */
static void send_at_once(struct evhttp_request *req)
{
    struct evhttp_connection *connection = evhttp_request_get_connection(req);
    const int on = 1;

    setsockopt(bufferevent_getfd(evhttp_connection_get_bufferevent(connection)), IPPROTO_TCP,
               TCP_NODELAY, &on, sizeof(on));
}

static void on_request(struct evhttp_request *req, void *arg)
{
    const struct server *s = arg;
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
    const char *raw = uri ? evhttp_uri_get_path(uri) : NULL;
    size_t len = 0;
    auto_free char *path = raw ? evhttp_uridecode(raw, 0, &len) : NULL;
    const struct server_handler *h;

    send_at_once(req);
    if (!path || strlen(path) != len) { /* also a path with %00 in it */
        send_error(req, 400, "bad path");
        return;
    }
    h = find_handler(s, path);
    if (h)
        answer(req, h, path);
    else
        send_error(req, 404, "not found");
}

/* --- listening -------------------------------------------------------------------------------- */

static int bound_port(evutil_socket_t fd)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof(address);
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        return 0;
    if (address.ss_family == AF_INET6) {
        memcpy(&v6, &address, sizeof(v6));
        return ntohs(v6.sin6_port);
    }
    memcpy(&v4, &address, sizeof(v4));
    return ntohs(v4.sin_port);
}

static void limit(struct evhttp *http)
{
    const struct timeval connection = {.tv_sec = CONNECTION_S};

    evhttp_set_max_headers_size(http, HEAD_BYTES_MAX);
    evhttp_set_max_body_size(http, 0);
    evhttp_set_timeout_tv(http, &connection);
    evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
}

void server_open_up(struct server *server, size_t body_max, int idle_s)
{
    const struct timeval idle = {.tv_sec = idle_s};

    evhttp_set_max_body_size(server->http, (ev_ssize_t)body_max);
    evhttp_set_timeout_tv(server->http, &idle);
    evhttp_set_allowed_methods(server->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST |
                                                 EVHTTP_REQ_PUT | EVHTTP_REQ_PATCH |
                                                 EVHTTP_REQ_DELETE);
}

struct server *server_new_tls(struct loop *loop, const char *address, int port,
                              const struct server_pem *pem, const struct server_handler *handlers,
                              size_t handler_count, struct err *e)
{
    struct server *s = xcalloc(1, sizeof(*s));
    struct evhttp_bound_socket *bound;

    s->handlers = handlers;
    s->handler_count = handler_count;
    s->tls = pem ? server_tls_new(pem, e) : NULL;
    if (pem && !s->tls) {
        free(s);
        return NULL;
    }
    s->http = evhttp_new(loop_base(loop));
    if (!s->http)
        out_of_memory();
    limit(s->http);
    evhttp_set_gencb(s->http, on_request, s);
    if (s->tls)
        evhttp_set_bevcb(s->http, server_tls_connection, s->tls);
    errno = 0;
    bound = evhttp_bind_socket_with_handle(s->http, address, (uint16_t)port);
    if (!bound) {
        err_set(e, ERR_INVALID, "cannot listen on %s:%d: %s", address, port,
                errno ? strerror(errno) : "bad address");
        server_free(s);
        return NULL;
    }
    s->port = bound_port(evhttp_bound_socket_get_fd(bound));
    return s;
}

struct server *server_new(struct loop *loop, const char *address, int port,
                          const struct server_handler *handlers, size_t handler_count,
                          struct err *e)
{
    return server_new_tls(loop, address, port, NULL, handlers, handler_count, e);
}

bool server_set_pem(struct server *server, const struct server_pem *pem, struct err *e)
{
    assert(server->tls);
    return server_tls_set(server->tls, pem, e);
}

int server_port(const struct server *server)
{
    return server->port;
}

void server_free(struct server *server)
{
    if (!server)
        return;
    evhttp_free(server->http);
    server_tls_free(server->tls);
    free(server);
}

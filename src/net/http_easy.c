/* SPDX-License-Identifier: Apache-2.0 */
/* http_easy.c - a request in libcurl's terms, and the answers to libcurl's questions. */
#include "http_call.h"
#include "sluice/base/clock.h"
#include "sluice/net/addr.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

/* A peer that went silent is found in 20 s + what TCP_USER_TIMEOUT gives, below 60 s (C4). */
#define KEEPALIVE_IDLE_S  20
#define KEEPALIVE_EVERY_S 10
#define DEAD_PEER_MS      35000

/* For each request with a body, of a few KiB mostly: the least that libcurl takes, for its own 64.
 * What it reads into stays as large as it is: with a full one some versions mixed up the answers of
 * one HTTP/2 connection (curl issue 10525). */
#define WRITE_BYTES 16384

/* What libcurl does not take is seen at the end, whichever it was. */
#define SET(call, option, value)                                                                   \
    ((call)->refused |= (unsigned)curl_easy_setopt((call)->easy, (option), (value)))

/* --- questions -------------------------------------------------------------------------------- */

static bool stop(struct http_call *call, const char *text)
{
    if (call->stop.kind == ERR_NONE)
        err_set(&call->stop, ERR_INVALID, "%s", text);
    return false;
}

static size_t on_header(char *line, size_t size, size_t count, void *arg)
{
    struct http_call *call = arg;

    call->last_byte_ms = clock_mono_ms();
    if (call->cancelled)
        return 0;
    if (http_head_line(&call->head, line, size * count))
        return size * count;
    stop(call, "the answer's headers are too long");
    return 0;
}

static bool is_2xx(const struct http_call *call)
{
    long code = 0;

    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &code);
    return code >= 200 && code < 300;
}

static bool take_body(struct http_call *call, const char *p, size_t len)
{
    if (call->on_chunk && is_2xx(call)) {
        if (!call->on_chunk(p, len, call->arg))
            return stop(call, "ended by its reader");
        return !call->cancelled;
    }
    if (strbuf_add(&call->body, p, len))
        return true;
    err_set(&call->stop, ERR_INVALID, "the answer is longer than %zu bytes", call->max_bytes);
    return false;
}

static size_t on_body(char *p, size_t size, size_t count, void *arg)
{
    struct http_call *call = arg;
    const size_t len = size * count;

    call->last_byte_ms = clock_mono_ms();
    return !call->cancelled && take_body(call, p, len) ? len : 0;
}

static bool refuse(struct http_call *call, const struct sockaddr *address)
{
    char text[ADDR_TEXT_MAX];

    if (!call->allow_address || call->allow_address(address, call->allow_arg))
        return false;
    addr_format(address, text);
    err_set(&call->stop, ERR_INVALID, "address %s is not allowed", text);
    return true;
}

static void keep_alive(int fd)
{
    const int on = 1, idle = KEEPALIVE_IDLE_S, every = KEEPALIVE_EVERY_S;
    const unsigned dead = DEAD_PEER_MS;

    /* Best effort: a socket without them is found dead later, by the idle timer (C6). */
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every, sizeof(every));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &dead, sizeof(dead));
}

static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    int fd;

    (void)purpose;
    if (refuse(arg, &address->addr))
        return CURL_SOCKET_BAD;
    fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd >= 0)
        keep_alive(fd);
    return fd;
}

/* What cannot be read cannot be judged, and is refused. */
static bool refuse_peer(struct http_call *call, const char *peer, int port)
{
    struct sockaddr_storage address;

    if (!call->allow_address)
        return false;
    if (addr_parse(peer, port, &address))
        return refuse(call, (const struct sockaddr *)&address);
    err_set(&call->stop, ERR_INVALID, "address %.100s cannot be read", peer);
    return true;
}

/* The connection stands and the request is about to leave on it. A second time means that libcurl
 * found a reused connection dead and wants to repeat itself (C10). The address is looked at again
 * since the connection may be one that another request made. */
static int on_departure(void *arg, char *peer, char *local, int peer_port, int local_port)
{
    struct http_call *call = arg;

    (void)local;
    (void)local_port;
    if (call->cancelled)
        return CURL_PREREQFUNC_ABORT;
    if (call->departures > 0 && !call->safe) {
        err_set(&call->stop, ERR_RETRY, "the connection broke while the request was sent");
        return CURL_PREREQFUNC_ABORT;
    }
    if (refuse_peer(call, peer, peer_port))
        return CURL_PREREQFUNC_ABORT;
    call->stop = (struct err){0}; /* another address was refused, this one serves */
    call->departures++;
    call->sent = true;
    return CURL_PREREQFUNC_OK;
}

/* --- options ---------------------------------------------------------------------------------- */

static void set_limits(struct http_call *call, const struct http_request *req)
{
    SET(call, CURLOPT_CONNECTTIMEOUT_MS,
        (long)(req->connect_ms > 0 ? req->connect_ms : HTTP_CONNECT_MS));
    SET(call, CURLOPT_TIMEOUT_MS, (long)max_i64(req->total_ms, 0));
    SET(call, CURLOPT_PROTOCOLS_STR, "http,https");
    SET(call, CURLOPT_FOLLOWLOCATION, 0L);
    SET(call, CURLOPT_PATH_AS_IS, 1L);
    SET(call, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(call, CURLOPT_NOSIGNAL, 1L);
    SET(call, CURLOPT_QUICK_EXIT, 1L); /* or a cancelled call waits for its DNS thread */
    SET(call, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(call, CURLOPT_UPLOAD_BUFFERSIZE, (long)WRITE_BYTES);
    if (req->gzip)
        SET(call, CURLOPT_ACCEPT_ENCODING, "gzip");
}

static void set_questions(struct http_call *call)
{
    SET(call, CURLOPT_PRIVATE, (void *)call);
    SET(call, CURLOPT_ERRORBUFFER, call->error);
    SET(call, CURLOPT_HEADERFUNCTION, on_header);
    SET(call, CURLOPT_HEADERDATA, (void *)call);
    SET(call, CURLOPT_WRITEFUNCTION, on_body);
    SET(call, CURLOPT_WRITEDATA, (void *)call);
    SET(call, CURLOPT_OPENSOCKETFUNCTION, on_open);
    SET(call, CURLOPT_OPENSOCKETDATA, (void *)call);
    SET(call, CURLOPT_PREREQFUNCTION, on_departure);
    SET(call, CURLOPT_PREREQDATA, (void *)call);
}

static void set_version(struct http_call *call, const struct http_request *req)
{
    const bool tls = strncasecmp(req->url, "https:", 6) == 0;

    switch (req->version) {
    case HTTP_VERSION_2_CLEARTEXT:
        SET(call, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE);
        break;
    case HTTP_VERSION_AUTO:
        SET(call, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
        /* Wait for a connection that may turn out to take many requests. Without TLS that is
         * known only after a first answer, which may be long in coming. */
        SET(call, CURLOPT_PIPEWAIT, tls ? 1L : 0L);
        break;
    }
}

static void set_blob(struct http_call *call, CURLoption option, const char *text, size_t len)
{
    struct curl_blob blob = {.data = (void *)(uintptr_t)text, .len = len, .flags = CURL_BLOB_COPY};

    if (text)
        SET(call, option, &blob);
}

/* A CA of our own replaces the system's: both the file and the directory (F3, C14). */
static void set_tls(struct http_call *call, const struct http_tls *tls)
{
    SET(call, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(call, CURLOPT_CA_CACHE_TIMEOUT, 300L);
    if (!tls)
        return;
    if (tls->ca)
        SET(call, CURLOPT_CAPATH, NULL);
    if (tls->insecure) {
        SET(call, CURLOPT_SSL_VERIFYPEER, 0L);
        SET(call, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    SET(call, CURLOPT_SSLCERTTYPE, "PEM");
    SET(call, CURLOPT_SSLKEYTYPE, "PEM");
    SET(call, CURLOPT_KEYPASSWD, ""); /* else OpenSSL asks at the terminal, and waits */
    set_blob(call, CURLOPT_CAINFO_BLOB, tls->ca, tls->ca_len);
    set_blob(call, CURLOPT_SSLCERT_BLOB, tls->cert, tls->cert_len);
    set_blob(call, CURLOPT_SSLKEY_BLOB, tls->key, tls->key_len);
}

static struct curl_slist *append(struct curl_slist *list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(list, line);

    if (!longer)
        out_of_memory();
    return longer;
}

static void set_route(struct http_call *call, const struct http_request *req)
{
    if (req->proxy) {
        SET(call, CURLOPT_PROXY, req->proxy);
        SET(call, CURLOPT_NOPROXY, ""); /* the environment's exceptions are not for this one */
    }
    if (req->connect_to) {
        char text[512];
        const int n = snprintf(text, sizeof(text), "::%s", req->connect_to);

        call->refused |= (size_t)n >= sizeof(text);
        call->connect_to = append(NULL, text);
        SET(call, CURLOPT_CONNECT_TO, call->connect_to);
    }
}

static void add_header(struct http_call *call, const char *line)
{
    call->refused |= strpbrk(line, "\r\n") != NULL;
    call->headers = append(call->headers, line);
}

static void set_headers(struct http_call *call, const struct http_request *req)
{
    bool typed = false;

    for (size_t i = 0; i < req->header_count; i++) {
        typed = typed || strncasecmp(req->headers[i], "content-type:", 13) == 0;
        add_header(call, req->headers[i]);
    }
    /* No 100-continue round trip, and no form type that libcurl would make up. */
    add_header(call, "Expect:");
    if (!typed)
        add_header(call, "Content-Type:");
    SET(call, CURLOPT_HTTPHEADER, call->headers);
    SET(call, CURLOPT_USERAGENT, req->user_agent ? req->user_agent : "sluice");
    if (req->credentials) {
        SET(call, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        SET(call, CURLOPT_USERPWD, req->credentials);
    }
}

static void set_method(struct http_call *call, const struct http_request *req)
{
    call->safe = strcmp(req->method, "GET") == 0 || strcmp(req->method, "HEAD") == 0;
    call->refused |= strpbrk(req->method, " \r\n") != NULL;
    if (strcmp(req->method, "HEAD") == 0) {
        SET(call, CURLOPT_NOBODY, 1L);
        return;
    }
    if (req->body) {
        SET(call, CURLOPT_POST, 1L);
        SET(call, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body_len);
        SET(call, CURLOPT_COPYPOSTFIELDS, req->body);
    }
    SET(call, CURLOPT_CUSTOMREQUEST, req->method);
}

bool http_easy_setup(struct http_call *call, const struct http_request *req, struct err *e)
{
    call->easy = curl_easy_init();
    if (!call->easy)
        out_of_memory();
    if (curl_easy_setopt(call->easy, CURLOPT_URL, req->url) != CURLE_OK)
        return err_set(e, ERR_INVALID, "bad URL");
    set_limits(call, req);
    set_questions(call);
    set_version(call, req);
    set_tls(call, req->tls);
    set_route(call, req);
    set_headers(call, req);
    set_method(call, req);
    if (call->refused)
        return err_set(e, ERR_INVALID, "the request cannot be made: bad header, method or proxy");
    return true;
}

void http_easy_release(struct http_call *call)
{
    curl_easy_cleanup(call->easy);
    for (const struct curl_slist *h = call->headers; h; h = h->next)
        explicit_bzero(h->data, strlen(h->data));
    curl_slist_free_all(call->headers);
    curl_slist_free_all(call->connect_to);
}

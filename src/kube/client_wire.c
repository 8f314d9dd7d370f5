/* SPDX-License-Identifier: Apache-2.0 */
/* client_wire.c - one request as HTTP: URL, headers, trust. */
#include "client_parts.h"
#include "sluice/base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define OWN_HEADERS 3 /* Accept, Content-Type, Authorization */

/* Of configuration, which has its own limits: a header cut short would be another one. */
static char *print(const char *fmt, ...) PRINTF(1, 2);
static char *print(const char *fmt, ...)
{
    struct strbuf b = {.max = SIZE_MAX / 2};
    va_list ap;

    va_start(ap, fmt);
    strbuf_vaddf(&b, fmt, ap);
    va_end(ap);
    return b.p;
}

/* --- what never changes ----------------------------------------------------------------------- */

static const char *go_arch(const char *machine)
{
    static const struct {
        const char *machine, *go;
    } names[] = {{"x86_64", "amd64"}, {"aarch64", "arm64"}, {"armv7l", "arm"}, {"i686", "386"}};

    for (size_t i = 0; i < COUNT(names); i++)
        if (strcmp(names[i].machine, machine) == 0)
            return names[i].go;
    return machine;
}

static char *user_agent(const char *suffix)
{
    struct utsname u;

    if (uname(&u) != 0)
        snprintf(u.machine, sizeof(u.machine), "unknown");
    return print("sluice/%s (linux/%s)%s%s", SLUICE_VERSION, go_arch(u.machine),
                 str_empty(suffix) ? "" : " ", suffix ? suffix : "");
}

/* "https://host:port/prefix": where the host begins, and where it (with its port) ends. */
static const char *authority(const char *server, size_t *len)
{
    const char *host = strstr(server, "://") + 3;

    *len = strcspn(host, "/");
    return host;
}

/* C16: the URL carries the name that the certificate has, the connection goes to the real host. */
static void init_route(struct kube_client *c)
{
    const struct kube_config *config = c->config;
    const bool tls = strncmp(config->server, "https:", 6) == 0;
    size_t len;
    const char *host = authority(config->server, &len), *port;

    if (!config->tls_server_name || !tls) {
        c->base_url = xstrdup(config->server);
        return;
    }
    port = host + len;
    while (port > host && port[-1] != ':' && port[-1] != ']')
        port--;
    if (port == host || port[-1] == ']') /* no port */
        c->connect_to = print("%.*s:443", (int)len, host);
    else
        c->connect_to = print("%.*s", (int)len, host);
    port = strrchr(c->connect_to, ':') + 1;
    c->base_url = print("https://%s:%s%s", config->tls_server_name, port, host + len);
}

static void add_as(struct kube_client *c, const char *name, const char *value)
{
    if (value)
        c->as_headers[c->as_header_count++] = print("%s: %s", name, value);
}

/* C20. Extra keys are percent-encoded: header names know no '/'. */
static void init_impersonation(struct kube_client *c)
{
    const struct kube_config *config = c->config;
    CLEANUP(arena_release) struct arena a = {0};
    const size_t most = 2 + config->as_group_count + config->as_extra_count;

    c->as_headers = xcalloc(most, sizeof(*c->as_headers));
    add_as(c, "Impersonate-User", config->as);
    add_as(c, "Impersonate-Uid", config->as_uid);
    for (size_t i = 0; i < config->as_group_count; i++)
        add_as(c, "Impersonate-Group", config->as_groups[i]);
    for (size_t i = 0; i < config->as_extra_count; i++)
        add_as(
            c,
            arena_printf(&a, "Impersonate-Extra-%s", percent_encoded(&a, config->as_extra[i].name)),
            config->as_extra[i].value);
}

void wire_init(struct kube_client *c, const char *user_agent_suffix)
{
    const struct kube_config *config = c->config;

    c->user_agent = user_agent(user_agent_suffix);
    if (config->user)
        c->credentials =
            print("%s:%s", config->user, config->password.reveal ? config->password.reveal : "");
    init_route(c);
    init_impersonation(c);
}

void wire_release(struct kube_client *c)
{
    if (c->credentials)
        explicit_bzero(c->credentials, strlen(c->credentials));
    for (size_t i = 0; i < c->as_header_count; i++)
        free(c->as_headers[i]);
    free(c->as_headers);
    free(c->credentials);
    free(c->base_url);
    free(c->connect_to);
    free(c->user_agent);
}

/* --- one request ------------------------------------------------------------------------------ */

/* The server's deadline lies before ours, so that its word arrives (C5, C69). Watches have their
 * own, timeoutSeconds. */
char *wire_url(const struct kube_client *c, const struct kube_request *req, int64_t timeout_ms)
{
    struct strbuf b = {.max = KUBE_URL_BYTES_MAX};
    const char *mark = "?";

    strbuf_addf(&b, "%s%s", c->base_url, req->path);
    if (!str_empty(req->query)) {
        strbuf_addf(&b, "?%s", req->query);
        mark = "&";
    }
    if (!req->on_chunk)
        strbuf_addf(&b, "%stimeout=%lldms", mark, (long long)(timeout_ms * 4 / 5));
    if (b.overflow)
        strbuf_release(&b);
    return b.p;
}

/* Of every request, and a token is long: not worth formatting. */
static char *joined(const char *name, const char *value)
{
    const size_t name_len = strlen(name), value_len = strlen(value);
    char *text = xmalloc(name_len + value_len + 1);

    memcpy(text, name, name_len);
    memcpy(text + name_len, value, value_len + 1);
    return text;
}

static void wipe(char **text)
{
    if (*text)
        explicit_bzero(*text, strlen(*text));
    free(*text);
}

/* May end the call, and the caller with it. */
static bool on_chunk(const char *p, size_t len, void *arg)
{
    const struct kube_call *call = arg;

    return call->on_chunk(p, len, call->arg);
}

/* A read that is sent again has what is left of its time. */
static int64_t time_left(const struct kube_call *call)
{
    if (call->stream)
        return 0;
    if (call->tries == 0)
        return call->timeout_ms;
    return max_i64(call->start_ms + call->timeout_ms - clock_mono_ms(), 1);
}

struct http_call *wire_send(struct kube_call *call,
                            void (*done)(const struct http_result *result, void *arg))
{
    struct kube_client *c = call->client;
    const char *token = creds_token(c->creds);
    auto_free char *type =
        joined("Content-Type: ", call->content_type ? call->content_type : "application/json");
    CLEANUP(wipe) char *bearer = token ? joined("Authorization: Bearer ", token) : NULL;
    auto_free const char **headers = xcalloc(OWN_HEADERS + c->as_header_count, sizeof(*headers));
    struct http_request req = {
        .method = kube_verb_name(call->verb),
        .url = call->url,
        .body = call->body,
        .body_len = call->body_len,
        .total_ms = time_left(call),
        .idle_ms = call->idle_ms,
        .max_bytes = call->max_bytes,
        .gzip = call->verb == KUBE_GET && !call->stream && !c->config->no_gzip,
        .tls = creds_tls(c->creds),
        .proxy = c->config->proxy_url,
        .connect_to = c->connect_to,
        .user_agent = c->user_agent,
        .credentials = token ? NULL : c->credentials,
        .on_chunk = call->stream ? on_chunk : NULL,
    };

    call->creds_generation = creds_generation(c->creds);
    headers[req.header_count++] = "Accept: application/json";
    if (call->body)
        headers[req.header_count++] = type;
    if (bearer)
        headers[req.header_count++] = bearer;
    for (size_t i = 0; i < c->as_header_count; i++)
        headers[req.header_count++] = c->as_headers[i];
    req.headers = headers;
    return http_send(c->pools[call->pool], &req, done, call);
}

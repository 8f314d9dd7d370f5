/* SPDX-License-Identifier: Apache-2.0 */
/* gRPC health: frames by hand, and one real exchange in HTTP/2 with canned server frames. */
#include "check.h"
#include "sluice/net/grpc.h"
#include "sluice/net/http.h"

#include <arpa/inet.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <stdio.h>
#include <sys/socket.h>

#define WAIT_MS 10000

static void requests(void **state)
{
    uint8_t out[GRPC_HEALTH_BYTES_MAX];
    char name[GRPC_SERVICE_MAX + 2];

    (void)state;
    assert_int_equal(grpc_health_request(NULL, out), 5);
    assert_memory_equal(out, "\0\0\0\0\0", 5);
    assert_int_equal(grpc_health_request("", out), 5);
    assert_int_equal(grpc_health_request("abc", out), 10);
    assert_memory_equal(out, "\0\0\0\0\5\x0a\3abc", 10);
    memset(name, 'x', sizeof(name));
    name[GRPC_SERVICE_MAX] = '\0';
    assert_int_equal(grpc_health_request(name, out), GRPC_HEALTH_BYTES_MAX);
    name[GRPC_SERVICE_MAX] = 'x';
    name[GRPC_SERVICE_MAX + 1] = '\0';
    assert_int_equal(grpc_health_request(name, out), 0);
}

#define BYTES(text) (text), sizeof(text) - 1

static void answers(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        enum grpc_health want;
    } rows[] = {
        {BYTES("\0\0\0\0\2\x08\1"), GRPC_HEALTH_SERVING},
        {BYTES("\0\0\0\0\2\x08\2"), GRPC_HEALTH_NOT_SERVING},
        {BYTES("\0\0\0\0\2\x08\3"), GRPC_HEALTH_SERVICE_UNKNOWN},
        {BYTES("\0\0\0\0\2\x08\0"), GRPC_HEALTH_UNKNOWN},
        {BYTES("\0\0\0\0\0"), GRPC_HEALTH_UNKNOWN},
        {BYTES("\0\0\0\0\2\x08\x7f"), GRPC_HEALTH_UNKNOWN},
        {BYTES("\0\0\0\0\4\x08\2\x08\1"), GRPC_HEALTH_SERVING},   /* the last one counts */
        {BYTES("\0\0\0\0\6\x12\2ab\x08\1"), GRPC_HEALTH_SERVING}, /* a field of the future */
        {BYTES("\0\0\0\0\4\x10\x80\1\x08"), GRPC_HEALTH_BAD},     /* no value */
        {BYTES("\0\0\0\0\x0b\x11"
               "12345678"
               "\x08\1"),
         GRPC_HEALTH_SERVING},
        {BYTES("\0\0\0\0\7\x15"
               "1234"
               "\x08\1"),
         GRPC_HEALTH_SERVING},
        {BYTES("\0\0\0\0\3\x08\x81\0"), GRPC_HEALTH_SERVING}, /* a longer varint */
        {BYTES("\0\0\0\0\2\x0b\1"), GRPC_HEALTH_BAD},         /* a group */
        {BYTES("\0\0\0\0\2\x12\x80"), GRPC_HEALTH_BAD},       /* a length without end */
        {BYTES("\0\0\0\0\2\x11\1"), GRPC_HEALTH_BAD},         /* fewer bytes than it says */
        {BYTES("\0\0\0\0\1\x80"), GRPC_HEALTH_BAD},           /* a tag without end */
        {BYTES("\0\0\0\0\2\x00\1"), GRPC_HEALTH_BAD},         /* field 0 */
        {BYTES("\1\0\0\0\2\x08\1"), GRPC_HEALTH_BAD},         /* compressed */
        {BYTES("\0\0\0\0\3\x08\1"), GRPC_HEALTH_BAD},         /* cut */
        {BYTES("\0\0\0\0\1\x08\1"), GRPC_HEALTH_BAD},         /* more than one frame */
        {BYTES("\0\0\0\0"), GRPC_HEALTH_BAD},
        {BYTES(""), GRPC_HEALTH_BAD},
        {BYTES("\0\xff\xff\xff\xff\x08\1"), GRPC_HEALTH_BAD},
        {BYTES("\0\0\0\0\3\x12\x7f"
               "a"),
         GRPC_HEALTH_BAD},
        {BYTES("\0\0\0\0\x0c\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\1"), GRPC_HEALTH_BAD},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(grpc_health_read(rows[i].bytes, rows[i].len) == rows[i].want, "row %zu", i);
}

static void verdicts(void **state)
{
    struct http_result r = {.code = 200, .body = "\0\0\0\0\2\x08\1", .len = 7};
    char text[101];

    (void)state;
    assert_true(grpc_health_judge(&r, text));
    assert_string_equal(text, "SERVING");
    r.body = "\0\0\0\0\2\x08\2";
    assert_false(grpc_health_judge(&r, text));
    assert_string_equal(text, "NOT_SERVING");
    r.body = "\0\0\0\0\2\x08\3";
    assert_false(grpc_health_judge(&r, text));
    assert_string_equal(text, "SERVICE_UNKNOWN");
    r.body = "\0\0\0\0\2\x08\0";
    assert_false(grpc_health_judge(&r, text));
    assert_string_equal(text, "UNKNOWN");
    r.body = "<html>";
    r.len = 6;
    assert_false(grpc_health_judge(&r, text));
    assert_string_equal(text, "not a health answer");
    r.grpc_status = 5;
    assert_false(grpc_health_judge(&r, text));
    assert_string_equal(text, "gRPC status 5 NOT_FOUND");
    r.grpc_status = 77;
    assert_false(grpc_health_judge(&r, text));
    assert_string_equal(text, "gRPC status 77 ?");
    r.grpc_status = -1;
    assert_false(grpc_health_judge(&r, text));
    assert_string_equal(text, "no grpc-status: not a gRPC server");
    r.code = 503;
    assert_false(grpc_health_judge(&r, text));
    assert_string_equal(text, "HTTP 503");
    err_set(&r.err, ERR_RETRY, "refused");
    assert_false(grpc_health_judge(&r, text));
    assert_string_equal(text, "refused");
}

/* --- over HTTP/2 ------------------------------------------------------------------------------ */

/* SETTINGS and its ACK; HEADERS of stream 1: ":status 200" and "content-type: application/grpc";
 * DATA with the message; HEADERS with the trailer "grpc-status: 0" (literals, no Huffman). */
static const char frames[] = "\0\0\0\4\0\0\0\0\0"
                             "\0\0\0\4\1\0\0\0\0"
                             "\0\0\x20\1\4\0\0\0\1\x88\x00\x0c"
                             "content-type"
                             "\x10"
                             "application/grpc"
                             "\0\0\7\0\0\0\0\0\1\0\0\0\0\2\x08\1"
                             "\0\0\x0f\1\5\0\0\0\1\x00\x0b"
                             "grpc-status"
                             "\x01"
                             "0";

struct peer {
    struct loop *loop;
    struct bufferevent *bev;
    size_t seen;
    bool answered, done, ok;
    char text[101];
};

static void on_bytes(struct bufferevent *bev, void *arg)
{
    struct peer *p = arg;
    char buf[4096];

    p->seen += bufferevent_read(bev, buf, sizeof(buf));
    if (!p->answered && p->seen > 100) { /* preface, SETTINGS, HEADERS, DATA */
        p->answered = true;
        bufferevent_write(bev, frames, sizeof(frames) - 1);
    }
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
                      int len, void *arg)
{
    struct peer *p = arg;

    (void)listener;
    (void)address;
    (void)len;
    p->bev = bufferevent_socket_new(loop_base(p->loop), fd, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(p->bev, on_bytes, NULL, NULL, p);
    bufferevent_enable(p->bev, EV_READ | EV_WRITE);
}

static void on_done(const struct http_result *r, void *arg)
{
    struct peer *p = arg;

    p->done = true;
    p->ok = grpc_health_judge(r, p->text);
}

static bool is_done(void *arg)
{
    const struct peer *p = arg;

    return p->done;
}

static void an_exchange_over_h2c(void **state)
{
    struct loop *loop = loop_new();
    struct peer peer = {.loop = loop};
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    struct evconnlistener *listener =
        evconnlistener_new_bind(loop_base(loop), on_accept, &peer, LEV_OPT_CLOSE_ON_FREE, 8,
                                (struct sockaddr *)&address, sizeof(address));
    struct http_pool *pool = http_pool_new(loop, "grpc");
    const char *headers[] = {"Content-Type: application/grpc", "TE: trailers"};
    uint8_t body[GRPC_HEALTH_BYTES_MAX];
    char url[128];
    struct http_request req = {
        .method = "POST",
        .url = url,
        .headers = headers,
        .header_count = 2,
        .body = (const char *)body,
        .body_len = grpc_health_request("svc", body),
        .version = HTTP_VERSION_2_CLEARTEXT,
        .total_ms = WAIT_MS,
        .proxy = "",
    };

    (void)state;
    getsockname(evconnlistener_get_fd(listener), (struct sockaddr *)&address, &len);
    snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", ntohs(address.sin_port), GRPC_HEALTH_PATH);
    http_send(pool, &req, on_done, &peer);
    assert_true(loop_run_until(loop, is_done, &peer, WAIT_MS));
    assert_string_equal(peer.text, "SERVING");
    assert_true(peer.ok);
    http_pool_free(pool);
    bufferevent_free(peer.bev);
    evconnlistener_free(listener);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests),
        cmocka_unit_test(answers),
        cmocka_unit_test(verdicts),
        cmocka_unit_test(an_exchange_over_h2c),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

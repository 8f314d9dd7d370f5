/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "script.h"
#include "sluice/net/addr.h"
#include "sluice/net/tcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_MS 10000

struct outcome {
    int done;
    struct err err;
};

static void on_done(const struct err *e, void *arg)
{
    struct outcome *o = arg;

    o->done++;
    o->err = *e;
}

static bool is_done(void *arg)
{
    const struct outcome *o = arg;

    return o->done > 0;
}

static enum err_kind check_port(struct loop *loop, const char *host, int port,
                                bool (*allow)(const struct sockaddr *address, void *arg))
{
    struct outcome o = {0};

    assert_non_null(tcp_check(loop, host, port, WAIT_MS, allow, NULL, on_done, &o));
    assert_int_equal(o.done, 0); /* never inside the call */
    assert_true(loop_run_until(loop, is_done, &o, WAIT_MS));
    assert_int_equal(o.done, 1);
    assert_true((o.err.kind == ERR_NONE) == (o.err.text[0] == '\0'));
    return o.err.kind;
}

static void open_closed_and_forbidden(void **state)
{
    struct loop *loop = loop_new();
    struct script *s = script_new(loop);
    const int port = script_port(s);

    (void)state;
    assert_int_equal(check_port(loop, "127.0.0.1", port, NULL), ERR_NONE);
    assert_int_equal(check_port(loop, "127.0.0.1", port, addr_allowed_for_gates), ERR_INVALID);
    assert_int_equal(check_port(loop, "localhost", port, NULL), ERR_INVALID);
    assert_int_equal(check_port(loop, "127.0.0.1", 0, NULL), ERR_INVALID);
    assert_int_equal(check_port(loop, "127.0.0.1", 65536, NULL), ERR_INVALID);
    script_free(s);
    assert_int_equal(check_port(loop, "127.0.0.1", port, NULL), ERR_RETRY);
    loop_free(loop);
}

static bool anywhere(const struct sockaddr *address, void *arg)
{
    (void)address;
    (void)arg;
    return true;
}

/* There is no way there at all, or no descriptor left to go with: both may pass. */
static void no_way_there(void **state)
{
    struct loop *loop = loop_new();
    struct rlimit limit, none;

    (void)state;
    assert_int_equal(check_port(loop, "255.255.255.255", 80, anywhere), ERR_RETRY);
    assert_int_equal(check_port(loop, "::ffff:255.255.255.255", 80, anywhere), ERR_RETRY);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_int_equal(check_port(loop, "127.0.0.1", 80, NULL), ERR_RETRY);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    loop_free(loop);
}

/* A listener whose queue is full answers no further SYN: the check hangs until its deadline. */
static int full_listener(int *filler, size_t count, int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(fd, 0), 0);
    getsockname(fd, (struct sockaddr *)&address, &len);
    for (size_t i = 0; i < count; i++) {
        filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(filler[i], (struct sockaddr *)&address, len);
    }
    *port = ntohs(address.sin_port);
    return fd;
}

static void late_and_cancelled(void **state)
{
    struct loop *loop = loop_new();
    struct outcome late = {0}, cancelled = {0};
    int filler[4], port;
    const int fd = full_listener(filler, COUNT(filler), &port);
    struct tcp_check *check;

    (void)state;
    tcp_check(loop, "127.0.0.1", port, 30, NULL, NULL, on_done, &late);
    check = tcp_check(loop, "127.0.0.1", port, WAIT_MS, NULL, NULL, on_done, &cancelled);
    assert_true(loop_run_until(loop, is_done, &late, WAIT_MS));
    assert_int_equal(late.err.kind, ERR_RETRY);
    assert_non_null(strstr(late.err.text, "in time"));
    tcp_check_cancel(check);
    tcp_check_cancel(NULL);
    check = tcp_check(loop, "nowhere", 1, WAIT_MS, NULL, NULL, on_done, &cancelled);
    tcp_check_cancel(check);
    assert_false(loop_run_until(loop, is_done, &cancelled, 5));
    for (size_t i = 0; i < COUNT(filler); i++)
        close(filler[i]);
    close(fd);
    loop_free(loop);
}

/* ---- a kernel and a libevent that do what they seldom do ------------------------------------- */

__typeof__(connect) __real_connect;
__typeof__(connect) __wrap_connect;
__typeof__(getsockopt) __real_getsockopt;
__typeof__(getsockopt) __wrap_getsockopt;
__typeof__(event_new) __real_event_new;
__typeof__(event_new) __wrap_event_new;
static bool at_once, no_word, no_event;

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t len)
{
    return at_once ? 0 : __real_connect(fd, address, len);
}

int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
    if (!no_word || name != SO_ERROR)
        return __real_getsockopt(fd, level, name, value, len);
    errno = EBADF;
    return -1;
}

struct event *__wrap_event_new(struct event_base *base, evutil_socket_t fd, short what,
                               event_callback_fn fn, void *arg)
{
    return no_event && (what & EV_WRITE) ? NULL : __real_event_new(base, fd, what, fn, arg);
}

static void what_seldom_happens(void **state UNUSED)
{
    struct loop *loop = loop_new();
    struct script *s = script_new(loop);
    const int port = script_port(s);

    at_once = true;
    assert_int_equal(check_port(loop, "127.0.0.1", port, NULL), ERR_NONE);
    at_once = false;
    no_word = true;
    assert_int_equal(check_port(loop, "127.0.0.1", port, NULL), ERR_RETRY);
    no_word = false;
    no_event = true;
    assert_int_equal(check_port(loop, "127.0.0.1", port, NULL), ERR_RETRY);
    no_event = false;
    script_free(s);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_closed_and_forbidden),
        cmocka_unit_test(no_way_there),
        cmocka_unit_test(late_and_cancelled),
        cmocka_unit_test(what_seldom_happens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

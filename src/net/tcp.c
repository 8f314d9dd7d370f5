/* SPDX-License-Identifier: Apache-2.0 */
#include "sluice/net/tcp.h"
#include "sluice/base/clock.h"
#include "sluice/net/addr.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct tcp_check {
    int fd; /* -1: none */
    struct event *writable;
    struct timer *timer; /* the deadline; also brings an early verdict to the loop */
    struct err verdict;  /* known before the loop came round */
    bool judged;
    char address[ADDR_TEXT_MAX];
    void (*done)(const struct err *e, void *arg);
    void *arg;
};

static void release(struct tcp_check *check)
{
    if (check->writable)
        event_free(check->writable);
    if (check->fd >= 0)
        close(check->fd);
    timer_cancel(check->timer);
    free(check);
}

static void finish(struct tcp_check *check, const struct err *e)
{
    void (*done)(const struct err *e, void *arg) = check->done;
    void *arg = check->arg;

    release(check);
    done(e, arg);
}

static void on_timer(void *arg)
{
    struct tcp_check *check = arg;
    struct err e = check->verdict;

    if (!check->judged)
        err_set(&e, ERR_RETRY, "%s: no connection in time", check->address);
    finish(check, &e);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct tcp_check *check = arg;
    struct err e = {0};
    int error = 0;
    socklen_t len = sizeof(error);

    (void)what;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        error = errno;
    if (error)
        err_set(&e, ERR_RETRY, "%s: %s", check->address, strerror(error));
    finish(check, &e);
}

/* False: the verdict is there already. */
static bool start(struct tcp_check *check, struct loop *loop, const struct sockaddr *address)
{
    check->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (check->fd < 0)
        return err_set(&check->verdict, ERR_RETRY, "%s: %s", check->address, strerror(errno));
    if (connect(check->fd, address, (socklen_t)addr_len(address)) == 0)
        return false;
    if (errno != EINPROGRESS)
        return err_set(&check->verdict, ERR_RETRY, "%s: %s", check->address, strerror(errno));
    check->writable = event_new(loop_base(loop), check->fd, EV_WRITE, on_writable, check);
    if (!check->writable || event_add(check->writable, NULL) != 0)
        return err_set(&check->verdict, ERR_RETRY, "%s: cannot be watched", check->address);
    return true;
}

struct tcp_check *tcp_check(struct loop *loop, const char *host, int port, int64_t timeout_ms,
                            bool (*allow)(const struct sockaddr *address, void *arg),
                            void *allow_arg, void (*done)(const struct err *e, void *arg),
                            void *arg)
{
    struct tcp_check *check = xcalloc(1, sizeof(*check));
    struct sockaddr_storage storage;
    const struct sockaddr *address = (const struct sockaddr *)&storage;

    check->fd = -1;
    check->done = done;
    check->arg = arg;
    check->judged = true;
    if (port < 1 || !addr_parse(host, port, &storage)) {
        err_set(&check->verdict, ERR_INVALID, "%s port %d is not an address", host, port);
    } else {
        addr_format(address, check->address);
        if (allow && !allow(address, allow_arg))
            err_set(&check->verdict, ERR_INVALID, "%s is not allowed", check->address);
        else
            check->judged = !start(check, loop, address);
    }
    check->timer = loop_timer(loop, check->judged ? 0 : timeout_ms, on_timer, check);
    return check;
}

void tcp_check_cancel(struct tcp_check *check)
{
    if (check)
        release(check);
}

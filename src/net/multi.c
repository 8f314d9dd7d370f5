/* SPDX-License-Identifier: Apache-2.0 */
#include "multi.h"

#include <event2/event.h>
#include <stdlib.h>

struct multi {
    CURLM *curl;
    struct loop *loop;
    struct timer *timer;
    struct multi_hooks hooks;
    size_t count;
    bool busy, acting;
};

static void must(CURLMcode code)
{
    if (code == CURLM_OUT_OF_MEMORY)
        out_of_memory();
    if (code != CURLM_OK)
        abort(); /* a mistake of our own */
}

static void act(struct multi *m, curl_socket_t fd, int what)
{
    CURLMsg *message;
    int running, left;

    m->acting = m->busy = true;
    must(curl_multi_socket_action(m->curl, fd, what, &running));
    m->busy = false;
    while ((message = curl_multi_info_read(m->curl, &left)))
        if (message->msg == CURLMSG_DONE)
            m->hooks.finished(message->easy_handle, message->data.result, m->hooks.arg);
    m->acting = false;
    m->hooks.settled(m->hooks.arg);
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
    act(arg, fd, (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

static void on_timer(void *arg)
{
    act(arg, CURL_SOCKET_TIMEOUT, 0);
}

/* libcurl says how long it wants to sleep. */
static int set_timer(CURLM *curl, long ms, void *arg)
{
    const struct multi *m = arg;

    (void)curl;
    if (ms < 0)
        timer_stop(m->timer);
    else
        timer_move(m->timer, ms);
    return 0;
}

/* libcurl says what it waits for on a socket; `assigned` is the event we made for it. */
static int set_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *assigned)
{
    struct multi *m = arg;
    struct event *event = assigned;
    const short flags = (short)(EV_PERSIST | (what & CURL_POLL_IN ? EV_READ : 0) |
                                (what & CURL_POLL_OUT ? EV_WRITE : 0));

    (void)easy;
    if (event)
        event_free(event);
    if (what == CURL_POLL_REMOVE)
        return 0;
    event = event_new(loop_base(m->loop), fd, flags, on_ready, m);
    if (!event || event_add(event, NULL) != 0)
        out_of_memory();
    must(curl_multi_assign(m->curl, fd, event));
    return 0;
}

/* Libcurl asks for memory as we do: refused it, it frees a TLS session twice. */
static void global_init(void)
{
    static bool once;

    if (once)
        return;
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, xmalloc, free, xrealloc, xstrdup, xcalloc) !=
        CURLE_OK)
        out_of_memory();
    once = true;
}

struct multi *multi_new(struct loop *loop, const struct multi_hooks *hooks)
{
    struct multi *m = xcalloc(1, sizeof(*m));

    global_init();
    m->loop = loop;
    m->hooks = *hooks;
    m->curl = curl_multi_init();
    if (!m->curl)
        out_of_memory();
    m->timer = loop_timer(loop, 0, on_timer, m);
    timer_stop(m->timer);
    curl_multi_setopt(m->curl, CURLMOPT_SOCKETFUNCTION, set_socket);
    curl_multi_setopt(m->curl, CURLMOPT_SOCKETDATA, m);
    curl_multi_setopt(m->curl, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(m->curl, CURLMOPT_TIMERDATA, m);
    curl_multi_setopt(m->curl, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    return m;
}

void multi_free(struct multi *m)
{
    assert(!m->acting && m->count == 0);
    must(curl_multi_cleanup(m->curl));
    timer_cancel(m->timer);
    free(m);
}

void multi_add(struct multi *m, CURL *easy)
{
    assert(!m->busy);
    must(curl_multi_add_handle(m->curl, easy));
    m->count++;
}

void multi_remove(struct multi *m, CURL *easy)
{
    assert(!m->busy && m->count > 0);
    must(curl_multi_remove_handle(m->curl, easy));
    m->count--;
}

bool multi_busy(const struct multi *m)
{
    return m->busy;
}

bool multi_acting(const struct multi *m)
{
    return m->acting;
}

size_t multi_count(const struct multi *m)
{
    return m->count;
}

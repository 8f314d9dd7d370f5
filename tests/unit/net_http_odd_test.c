/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP client at what is seldom: peers that cannot be read, no socket, requests that cannot be
 * made. The kernel stands in this file. */
#include "http_bench.h"
#include "sluice/base/clock.h"

#include <errno.h>

__typeof__(addr_parse) __real_addr_parse;
__typeof__(addr_parse) __wrap_addr_parse;
static bool unreadable;

bool __wrap_addr_parse(const char *host, int port, struct sockaddr_storage *out)
{
    return !unreadable && __real_addr_parse(host, port, out);
}

static bool allow_all(const struct sockaddr *address UNUSED, void *arg UNUSED)
{
    return true;
}

/* What cannot be read was not judged, and so is not allowed: a local socket, an address of a
 * family to come. */
static void a_peer_that_cannot_be_read_is_refused(void **state)
{
    struct fixture *f = *state;
    struct outcome o;

    unreadable = true;
    ask(f, (struct http_request){.allow_address = allow_all, .proxy = ""}, "/", &o);
    unreadable = false;
    assert_int_equal(o.err.kind, ERR_INVALID);
    assert_non_null(strstr(o.err.text, "cannot be read"));
    assert_false(o.sent);
    assert_int_equal(script_requests(f->script), 0);
    release(&o);
}

__typeof__(socket) __real_socket;
__typeof__(socket) __wrap_socket;
static bool no_socket;

int __wrap_socket(int domain, int type, int protocol)
{
    if (!no_socket)
        return __real_socket(domain, type, protocol);
    errno = EMFILE;
    return -1;
}

/* No descriptor is left, for a moment. */
static void without_a_socket(void **state)
{
    struct fixture *f = *state;
    struct outcome o;

    no_socket = true;
    ask(f, (struct http_request){.proxy = ""}, "/", &o);
    no_socket = false;
    assert_int_equal(o.err.kind, ERR_RETRY);
    assert_false(o.sent);
    release(&o);
}

/* What cannot be asked is told as soon as what can: libcurl takes URLs to 8 MB. */
static void what_cannot_be_asked(void **state)
{
    static char far[8 * 1000 * 1000 + 100];
    static const char *const headers[] = {"X: a\r\nY: b"};
    const char *const start_of_it = "http://127.0.0.1/";
    struct fixture *f = *state;
    struct outcome o;

    memset(far, 'a', sizeof(far) - 1);
    memcpy(far, start_of_it, strlen(start_of_it));
    ask(f, (struct http_request){.url = far, .proxy = ""}, "", &o);
    assert_int_equal(o.err.kind, ERR_INVALID);
    assert_string_equal(o.err.text, "bad URL");
    release(&o);
    ask(f, (struct http_request){.headers = headers, .header_count = 1, .idle_ms = 60000}, "/", &o);
    assert_int_equal(o.err.kind, ERR_INVALID);
    assert_non_null(strstr(o.err.text, "bad header"));
    release(&o);
    assert_int_equal(script_connections(f->script), 0);
}

static struct outcome good, bad;

static bool ask_both(const char *p UNUSED, size_t len UNUSED, void *arg)
{
    static const char *const headers[] = {"X: a\r\nY: b"};
    struct outcome *o = arg;

    if (!o->chunks++) {
        start(o->f, (struct http_request){0}, "/good", &good);
        start(o->f, (struct http_request){.headers = headers, .header_count = 1}, "/bad", &bad);
    }
    return true;
}

/* Sent while libcurl is at work they go when it is done; what cannot be asked goes nowhere. */
static void asked_from_inside(void **state)
{
    struct fixture *f = *state;
    struct outcome o;

    SCRIPT(f->script, .code = 200, .body = "x");
    SCRIPT(f->script, .want = "GET /good", .code = 200);
    start(f, (struct http_request){.on_chunk = ask_both}, "/", &o);
    wait_for(f, &o);
    wait_for(f, &good);
    wait_for(f, &bad);
    assert_int_equal(good.code, 200);
    assert_int_equal(bad.err.kind, ERR_INVALID);
    script_check(f->script);
    release(&o);
    release(&good);
    release(&bad);
}

static bool note_chunk(const char *p UNUSED, size_t len UNUSED, void *arg)
{
    struct outcome *o = arg;

    o->chunks++;
    return true;
}

static bool second_came(void *arg)
{
    const struct outcome *o = arg;

    return o->chunks == 2;
}

static bool never(void *arg UNUSED)
{
    return false;
}

/* Silence is counted from the last byte: the timer that runs since the first comes too early. */
static void silence_begins_with_the_last_byte(void **state)
{
    struct fixture *f = *state;
    struct outcome o;

    SCRIPT(f->script, .code = 200, .end = SCRIPT_STREAM, .body = "x");
    start(f, (struct http_request){.on_chunk = note_chunk, .idle_ms = 400}, "/", &o);
    assert_true(loop_run_until(f->loop, script_streaming, f->script, WAIT_MS));
    loop_run_until(f->loop, never, NULL, 100);
    script_push(f->script, "y");
    assert_true(loop_run_until(f->loop, second_came, &o, WAIT_MS));
    wait_for(f, &o);
    assert_int_equal(o.err.kind, ERR_RETRY);
    assert_true(clock_mono_ms() - script_last_ms(f->script) >= 500);
    release(&o);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_peer_that_cannot_be_read_is_refused),
        TEST(without_a_socket),
        TEST(what_cannot_be_asked),
        TEST(asked_from_inside),
        TEST(silence_begins_with_the_last_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

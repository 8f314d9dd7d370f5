/* SPDX-License-Identifier: Apache-2.0 */
/* The client over time: warnings that come again (C9), trust that changes under it (C14), and what
 * it counts. Clock and log are this file's. */
#include "../../src/kube/client_parts.h"
#include "kube_fixture.h"
#include "pki.h"
#include "sluice/base/clock.h"
#include "sluice/kube/sync.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

static int64_t ahead_ms;
static const char *machine; /* that this is; NULL: nobody knows */
static int logged;          /* warnings of the server */

__typeof__(clock_mono_ms) __wrap_clock_mono_ms;
__typeof__(clock_mono_ms) __real_clock_mono_ms;
__typeof__(log_line) __wrap_log_line;

__typeof__(uname) __wrap_uname;

int __wrap_uname(struct utsname *u)
{
    if (!machine)
        return -1;
    snprintf(u->machine, sizeof(u->machine), "%s", machine);
    return 0;
}

int64_t __wrap_clock_mono_ms(void)
{
    return __real_clock_mono_ms() + ahead_ms;
}

void __wrap_log_line(enum log_level level UNUSED, const char *msg, ...)
{
    logged += strcmp(msg, "API server warning") == 0;
}

static int set_up(void **state)
{
    ahead_ms = 0;
    machine = "x86_64";
    logged = 0;
    return fixture_set_up(state);
}

static void ask(struct fixture *f)
{
    auto_reply struct kube_reply_owned r = {0};
    struct err e = {0};

    (void)!kube_call(f->client, &(struct kube_request){.path = "/"}, &r, &e);
    script_check(f->script);
}

static void answered(struct fixture *f, int code, const char *headers)
{
    SCRIPT(f->script, .code = code, .headers = headers);
    ask(f);
}

/* ---- warnings -------------------------------------------------------------------------------- */

static void a_warning_comes_again_in_its_time(void **state)
{
    static const char old[] = "Warning: 299 - \"old API\"\r\n";
    struct fixture *f = *state;

    answered(f, 200, old);
    answered(f, 200, old);
    assert_int_equal(logged, 1);
    ahead_ms = 10 * MINUTE_MS;
    answered(f, 200, old);
    assert_int_equal(logged, 2);
    answered(f, 200, old);
    assert_int_equal(logged, 2);
}

/* A flood of different ones takes no room for ever: the first is forgotten, and news again. */
static void a_flood_of_warnings_is_forgotten(void **state)
{
    struct fixture *f = *state;
    char line[64];

    for (int i = 0; i <= 256; i++) {
        snprintf(line, sizeof(line), "Warning: 299 - \"nr %d\"\r\n", i);
        answered(f, 200, line);
    }
    assert_int_equal(logged, 257);
    answered(f, 200, line);
    assert_int_equal(logged, 257);
    answered(f, 200, "Warning: 299 - \"nr 0\"\r\n");
    assert_int_equal(logged, 258);
}

/* ---- counts ---------------------------------------------------------------------------------- */

static void add_count(const char *method, int code, uint64_t count, void *arg)
{
    int *seen = arg;

    assert_string_equal(method, "GET");
    assert_int_equal(count, 1);
    seen[0]++;
    seen[1] += code;
}

static void every_code_is_counted(void **state)
{
    struct fixture *f = *state;
    int seen[2] = {0, 0}, sum = 0;

    for (int code = 400; code < 421; code++) {
        if (code == 401 || code == 408)
            continue; /* asked once more, or of libevent's own */
        answered(f, code, NULL);
        sum += code;
    }
    kube_client_counts(f->client, add_count, seen);
    assert_int_equal(seen[0], 19);
    assert_int_equal(seen[1], sum);
}

/* ---- what it is known by --------------------------------------------------------------------- */

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* Connections made under the trust of before carry nothing more. */
static void new_trust_is_for_new_connections(void **state)
{
    struct fixture *f = *state;
    struct pki_pair old = pki_ca("old"), next = pki_ca("next");
    char path[] = "/tmp/sluice-client-XXXXXX";

    close(mkstemp(path));
    write_file(path, old.cert);
    f->config.ca.file = path;
    fixture_reopen(f);
    answered(f, 200, NULL);
    answered(f, 200, NULL);
    assert_int_equal(script_connections(f->script), 1);
    write_file(path, next.cert);
    ahead_ms = 10 * MINUTE_MS;
    answered(f, 200, NULL);
    assert_int_equal(script_connections(f->script), 2);
    unlink(path);
    f->config.ca.file = NULL;
    pki_release(&old);
    pki_release(&next);
}

/* A user without a password has an empty one; without TLS there is no name of a certificate. */
static void a_user_and_a_name_alone(void **state)
{
    struct fixture *f = *state;

    f->config.user = "me";
    f->config.tls_server_name = "api.test";
    fixture_reopen(f);
    SCRIPT(f->script, .want_head = "Authorization: Basic bWU6\r\n", .code = 200);
    ask(f);
    assert_null(strstr(script_last(f->script), "api.test"));
}

/* As Go names machines: that is what servers' logs are searched for. */
static void it_says_on_what_it_runs(void **state)
{
    static const struct {
        const char *machine, *want;
    } rows[] = {{"x86_64", "(linux/amd64)"},
                {"aarch64", "(linux/arm64)"},
                {"riscv64", "(linux/riscv64)"},
                {NULL, "(linux/unknown)"}};
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        machine = rows[i].machine;
        fixture_reopen(f);
        SCRIPT(f->script, .want_head = rows[i].want, .code = 200);
        ask(f);
    }
}

static void nothing_packed_where_that_is_not_wished(void **state)
{
    struct fixture *f = *state;

    SCRIPT(f->script, .want_head = "Accept-Encoding: gzip", .code = 200);
    ask(f);
    f->config.no_gzip = true;
    fixture_reopen(f);
    SCRIPT(f->script, .lack_head = "Accept-Encoding", .code = 200);
    ask(f);
}

/* ---- what is asked --------------------------------------------------------------------------- */

struct calls {
    int done;
    struct err err;
};

static void on_done(const struct kube_reply *reply, void *arg)
{
    struct calls *c = arg;

    c->done++;
    c->err = reply->err;
}

static bool is_done(void *arg)
{
    const struct calls *c = arg;

    return c->done > 0;
}

/* Of a longer text so many bytes. */
static void a_body_may_be_a_part(void **state)
{
    struct fixture *f = *state;
    struct calls c = {0};

    SCRIPT(f->script, .want_body = "{}", .code = 201);
    kube_send(f->client,
              &(struct kube_request){.verb = KUBE_POST, .path = "/", .body = "{}{}", .body_len = 2},
              on_done, &c);
    await(f, is_done, &c);
}

static bool take(const char *p UNUSED, size_t len UNUSED, void *arg UNUSED)
{
    return true;
}

/* A stream stands in no line, whatever pool it is in. */
static void a_stream_leaves_at_once(void **state)
{
    struct fixture *f = *state;
    struct calls c = {0};

    SCRIPT(f->script, .code = 200, .body = "x");
    kube_send(f->client, &(struct kube_request){.path = "/", .pool = KUBE_CALLS, .on_chunk = take},
              on_done, &c);
    await(f, is_done, &c);
}

/* One that waits for its turn goes from the line, and the next one has it. */
static void a_write_that_waits_is_cancelled(void **state)
{
    struct fixture *f = *state;
    const struct kube_request write = {.verb = KUBE_DELETE, .path = "/"};
    struct kube_call *calls[200];
    struct calls c = {0};

    for (size_t i = 0; i < COUNT(calls); i++)
        calls[i] = kube_send(f->client, &write, on_done, &c);
    assert_int_equal(calls[COUNT(calls) - 1]->state, CALL_QUEUED);
    for (size_t i = COUNT(calls); i-- > 0;)
        kube_cancel(calls[i]);
    SCRIPT(f->script, .want = "DELETE /", .code = 200);
    ahead_ms = HOUR_MS;
    kube_send(f->client, &write, on_done, &c);
    await(f, is_done, &c);
    assert_int_equal(c.err.kind, ERR_NONE);
}

/* All tries again together are bounded, lest a server that is down hears of nothing else. */
static void tries_again_are_of_a_budget(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    auto_reply struct kube_reply_owned r = {0};

    f->client->retry_bucket.milli = 0;
    f->client->retry_bucket.filled_ms = clock_mono_ms() + HOUR_MS;
    SCRIPT(f->script, .code = 429);
    assert_false(kube_call(f->client, &(struct kube_request){.path = "/"}, &r, &e));
    assert_int_equal(script_left(f->script), 0);
    SCRIPT(f->script, .code = 503);
    assert_false(kube_call(f->client, &(struct kube_request){.path = "/"}, &r, NULL));
    bucket_init(&f->client->retry_bucket, 1, 2, 0);
    assert_int_equal(bucket_wait_ms(&f->client->retry_bucket), 0);
    bucket_take(&f->client->retry_bucket, 0);
    bucket_take(&f->client->retry_bucket, 0);
    assert_int_equal(bucket_wait_ms(&f->client->retry_bucket), 1000);
}

/* A server that takes connections and says nothing: out of time before anything was sent. */
static void out_of_time_before_it_left(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct fixture *f = *state;
    socklen_t len = sizeof(at);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct err e = {0};
    auto_reply struct kube_reply_owned r = {0};
    char url[64];

    assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    snprintf(url, sizeof(url), "https://127.0.0.1:%d", ntohs(at.sin_port));
    f->config.server = url;
    f->config.insecure = true;
    fixture_reopen(f);
    assert_false(
        kube_call(f->client, &(struct kube_request){.path = "/", .timeout_ms = 200}, &r, &e));
    assert_int_equal(e.kind, ERR_RETRY);
    close(fd);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, fixture_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_warning_comes_again_in_its_time),
        TEST(a_flood_of_warnings_is_forgotten),
        TEST(every_code_is_counted),
        TEST(new_trust_is_for_new_connections),
        TEST(a_user_and_a_name_alone),
        TEST(it_says_on_what_it_runs),
        TEST(nothing_packed_where_that_is_not_wished),
        TEST(a_body_may_be_a_part),
        TEST(a_stream_leaves_at_once),
        TEST(a_write_that_waits_is_cancelled),
        TEST(tries_again_are_of_a_budget),
        TEST(out_of_time_before_it_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

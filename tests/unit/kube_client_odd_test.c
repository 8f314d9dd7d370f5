/* SPDX-License-Identifier: Apache-2.0 */
/* The client over time: warnings that come again (C9), trust that changes under it (C14), and what
 * it counts. Clock and log are this file's. */
#include "kube_fixture.h"
#include "pki.h"
#include "sluice/base/clock.h"
#include "sluice/kube/sync.h"

#include <unistd.h>

static int64_t ahead_ms;
static int logged; /* warnings of the server */

__typeof__(clock_mono_ms) __wrap_clock_mono_ms;
__typeof__(clock_mono_ms) __real_clock_mono_ms;
__typeof__(log_line) __wrap_log_line;

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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, fixture_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_warning_comes_again_in_its_time),
        TEST(a_flood_of_warnings_is_forgotten),
        TEST(every_code_is_counted),
        TEST(new_trust_is_for_new_connections),
        TEST(a_user_and_a_name_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

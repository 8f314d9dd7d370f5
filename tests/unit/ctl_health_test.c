/* SPDX-License-Identifier: Apache-2.0 */
/* /livez, /readyz, /metrics: what they say of the operator (C79). The server, the lease and the
 * caches are this file. */
#include "../../src/ctl/ctl.h"
#include "check.h"
#include "sluice/net/server.h"

#include <stdio.h>

static struct noted {
    struct server_handler handlers[8];
    size_t handler_count;
    char addresses[64]; /* that were tried, each with a blank */
    int ports, servers;
    const char *refused; /* the address that cannot be listened on; "all": none can */
    bool ready, alive;
    const char *lease_trouble;
} noted;

__typeof__(server_new) __wrap_server_new;
__typeof__(server_free) __wrap_server_free;
__typeof__(caches_ready) __wrap_caches_ready;
__typeof__(caches_trouble) __wrap_caches_trouble;
__typeof__(lease_alive) __wrap_lease_alive;
__typeof__(lease_trouble) __wrap_lease_trouble;
__typeof__(metrics_write) __wrap_metrics_write;

struct server *__wrap_server_new(struct loop *loop UNUSED, const char *address, int port,
                                 const struct server_handler *handlers, size_t handler_count,
                                 struct err *e)
{
    const size_t len = strlen(noted.addresses);

    snprintf(noted.addresses + len, sizeof(noted.addresses) - len, "%s ", address);
    noted.ports += port;
    if (str_equal(noted.refused, address) || str_equal(noted.refused, "all")) {
        err_set(e, ERR_RETRY, "cannot listen on %s", address);
        return NULL;
    }
    memcpy(noted.handlers, handlers, handler_count * sizeof(*handlers));
    noted.handler_count = handler_count;
    noted.servers++;
    return (struct server *)&noted;
}

void __wrap_server_free(struct server *server)
{
    assert_ptr_equal(server, &noted);
    noted.servers--;
}

bool __wrap_caches_ready(const struct ctl *c UNUSED)
{
    return noted.ready;
}

void __wrap_caches_trouble(const struct ctl *c UNUSED, struct strbuf *out)
{
    if (!noted.ready)
        strbuf_adds(out, "services: forbidden\n");
}

bool __wrap_lease_alive(const struct lease *l)
{
    assert_ptr_equal(l, &noted);
    return noted.alive;
}

const char *__wrap_lease_trouble(const struct lease *l)
{
    assert_ptr_equal(l, &noted);
    return noted.lease_trouble;
}

void __wrap_metrics_write(struct ctl *c UNUSED, struct strbuf *out)
{
    strbuf_adds(out, "a_metric 1\n");
}

/* ---- an operator ----------------------------------------------------------------------------- */

struct bench {
    struct ctl ctl;
    struct health *health;
};

static int setup(void **state)
{
    struct bench *b = xcalloc(1, sizeof(*b));
    struct err e = {0};

    noted = (struct noted){.ready = true, .alive = true, .lease_trouble = ""};
    b->ctl.options.listen_address = "127.0.0.1";
    b->ctl.options.listen_port = 7;
    b->health = health_new(&b->ctl, &e);
    CHECK(b->health, "%s", e.text);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;

    health_free(b->health);
    assert_int_equal(noted.servers, 0);
    free(b);
    return 0;
}

static void answers(const char *path, int code, const char *body)
{
    struct server_request req = {.method = "GET", .path = path};
    struct server_reply reply = {.code = 200, .body = {.max = 4096}};

    for (size_t i = 0; i < noted.handler_count; i++)
        if (strcmp(noted.handlers[i].path, path) == 0)
            noted.handlers[i].fn(&req, &reply, noted.handlers[i].arg);
    CHECK(reply.code == code, "%s: %d", path, reply.code);
    CHECK_TEXT(strbuf_str(&reply.body), body, path);
    if (strcmp(path, "/metrics") == 0)
        assert_non_null(strstr(reply.content_type, "version=0.0.4"));
    strbuf_release(&reply.body);
}

/* Alive as long as it answers, unless it leads on without its lease: only that a restart heals. */
static void it_lives_while_it_answers(void **state)
{
    struct bench *b = *state;

    noted.ready = false;
    answers("/livez", 200, "ok\n");
    answers("/healthz", 200, "ok\n");
    b->ctl.lease = (struct lease *)&noted;
    answers("/livez", 200, "ok\n");
    noted.alive = false;
    answers("/livez", 503, "leads beyond its lease\n");
    answers("/healthz", 503, "leads beyond its lease\n");
}

static void it_is_ready_when_its_caches_are(void **state)
{
    struct bench *b = *state;

    answers("/readyz", 200, "ok\n");
    noted.ready = false;
    answers("/readyz", 503, "caches are not synced\nservices: forbidden\n");
    b->ctl.stopping = true;
    answers("/readyz", 503, "stopping\n");
}

/* A standby is as ready as who leads, and says what it is. */
static void it_says_whether_it_leads(void **state)
{
    struct bench *b = *state;

    b->ctl.lease = (struct lease *)&noted;
    answers("/readyz", 200, "ok\nstands by\n");
    b->ctl.leading = true;
    answers("/readyz", 200, "ok\nleads\n");
    noted.lease_trouble = "no answer";
    answers("/readyz", 200, "ok\nleads\nlease: no answer\n");
}

static void its_metrics_have_their_type(void **state UNUSED)
{
    answers("/metrics", 200, "a_metric 1\n");
}

static void tries(const char *address, const char *refused, const char *tried, bool listens)
{
    struct ctl c = {.options = {.listen_address = address, .listen_port = 9}};
    struct err e = {0};
    struct health *h;

    noted.addresses[0] = '\0';
    noted.refused = refused;
    h = health_new(&c, &e);
    CHECK_TEXT(noted.addresses, tried, address);
    CHECK((h != NULL) == listens, "%s", address);
    CHECK(listens || strstr(e.text, "cannot listen"), "%s: %s", address, e.text);
    health_free(h);
}

/* "::" is both families, where there are both. */
static void a_host_without_ipv6_is_served_too(void **state UNUSED)
{
    tries("::", "", ":: ", true);
    tries("::", "::", ":: 0.0.0.0 ", true);
    tries("::", "all", ":: 0.0.0.0 ", false);
    tries("::1", "::1", "::1 ", false);
    assert_int_equal(noted.ports, 7 + 6 * 9);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_lives_while_it_answers),         TEST(it_is_ready_when_its_caches_are),
        TEST(it_says_whether_it_leads),          TEST(its_metrics_have_their_type),
        TEST(a_host_without_ipv6_is_served_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

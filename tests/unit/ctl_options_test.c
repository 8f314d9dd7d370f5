/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "sluice/ctl/app.h"

#include <stdio.h>

/* Up to seven arguments behind the program's name; each is copied, as parsing cuts them up. */
static enum app_wish parse(struct app_options *out, struct err *e, const char *const args[7])
{
    static char texts[8][128];
    char *argv[9] = {0};
    int argc = 1;

    snprintf(texts[0], sizeof(texts[0]), "sluice-controller");
    argv[0] = texts[0];
    for (int i = 0; i < 7 && args[i]; i++) {
        snprintf(texts[argc], sizeof(texts[argc]), "%s", args[i]);
        argv[argc] = texts[argc];
        argc++;
    }
    return app_options_parse(argc, argv, out, e);
}
#define PARSE(...) parse(&o, &e, (const char *const[7]){__VA_ARGS__})

static void defaults_suit_a_pod(void **state UNUSED)
{
    struct app_options o;
    struct err e = {0};

    assert_int_equal(PARSE(NULL), APP_RUN);
    assert_true(o.leader_elect);
    assert_null(o.kubeconfig);
    assert_null(o.watch_namespace);
    assert_string_equal(o.listen_address, "::");
    assert_int_equal(o.listen_port, 8080);
    assert_int_equal(o.log_level, LOG_INFO);
}

static void all_options_are_read(void **state UNUSED)
{
    struct app_options o;
    struct err e = {0};

    assert_int_equal(PARSE("--kubeconfig=/k", "--namespace=ns", "--watch-namespace", "shop",
                           "--leader-elect=false", "--prometheus=http://p:9090"),
                     APP_RUN);
    assert_string_equal(o.kubeconfig, "/k");
    assert_string_equal(o.lease_namespace, "ns");
    assert_string_equal(o.watch_namespace, "shop");
    assert_string_equal(o.prometheus, "http://p:9090");
    assert_false(o.leader_elect);
    assert_int_equal(PARSE("--log-level", "debug", "--leader-elect"), APP_RUN);
    assert_int_equal(o.log_level, LOG_DEBUG);
    assert_true(o.leader_elect);
    assert_int_equal(PARSE("--leader-elect=false", "--leader-elect=true"), APP_RUN);
    assert_true(o.leader_elect);
    assert_int_equal(PARSE("--prometheus=https://p:9090"), APP_RUN);
    assert_string_equal(o.prometheus, "https://p:9090");
    assert_int_equal(PARSE("--version"), APP_VERSION);
    assert_int_equal(PARSE("--help"), APP_HELP);
}

static void addresses_in_their_forms(void **state UNUSED)
{
    struct app_options o;
    struct err e = {0};

    assert_int_equal(PARSE("--listen=127.0.0.1:80"), APP_RUN);
    assert_string_equal(o.listen_address, "127.0.0.1");
    assert_int_equal(o.listen_port, 80);
    assert_int_equal(PARSE("--listen=[::1]:0"), APP_RUN);
    assert_string_equal(o.listen_address, "::1");
    assert_int_equal(o.listen_port, 0);
    assert_int_equal(PARSE("--listen=::1:65535"), APP_RUN); /* the last colon is the port's */
    assert_string_equal(o.listen_address, "::1");
    assert_int_equal(o.listen_port, 65535);
    assert_int_equal(PARSE("--listen=[::1:9"), APP_RUN); /* listening will fail, and name it */
    assert_string_equal(o.listen_address, "[::1");
    assert_int_equal(PARSE("--listen=:9"), APP_RUN);
    assert_string_equal(o.listen_address, "::");
    assert_int_equal(PARSE("--listen="), APP_RUN);
    assert_null(o.listen_address);
}

static void mistakes_are_named(void **state UNUSED)
{
    static const char *const wrong[] = {
        "--listen=x",
        "--listen=1.2.3.4:",
        "--listen=1.2.3.4:65536",
        "--listen=1.2.3.4:-1",
        "--listen=a:1x",
        "--leader-elect=yes",
        "--log-level=loud",
        "--prometheus=p:9090",
        "--nonsense",
        "--kubeconfig",
        "stray",
    };
    struct app_options o;

    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct err e = {0};
        if (PARSE(wrong[i]) != APP_WRONG || !e.text[0])
            fail_msg("%s was taken", wrong[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_suit_a_pod),
        cmocka_unit_test(all_options_are_read),
        cmocka_unit_test(addresses_in_their_forms),
        cmocka_unit_test(mistakes_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

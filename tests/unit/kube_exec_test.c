/* SPDX-License-Identifier: Apache-2.0 */
/* Credential plugins (C18). The plugin of these tests is /bin/sh with a script of ours. */
#include "check.h"
#include "sluice/kube/config.h"

#include <stdio.h>

static bool run(const char *script, struct kube_exec_result *out, struct err *e)
{
    const char *const args[] = {"-c", script};
    const struct kube_pair env[] = {{"PLUGIN_SAYS", "hello"}, {"HOME", "/plugin"}};
    const struct kube_exec exec = {
        .command = "sh",
        .args = args,
        .arg_count = COUNT(args),
        .env = env,
        .env_count = COUNT(env),
        .api_version = "client.authentication.k8s.io/v1",
        .interactive_mode = "Never",
        .provide_cluster_info = true,
        .install_hint = "Install it.",
    };
    const struct kube_config config = {
        .server = "https://h:1",
        .exec = &exec,
        .tls_server_name = "api",
        .ca = {.data = "CA\n", .data_len = 3},
    };

    return kube_exec_run(&config, out, e);
}

#define ANSWER(status)                                                                             \
    "{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\","             \
    "\"status\":" status "}"

static void answers(void **state)
{
    struct kube_exec_result got = {0};
    struct err e = {0};

    (void)state;
    CHECK(run("echo '" ANSWER("{\"token\":\"t\",\"expirationTimestamp\":"
                              "\"2026-11-24T09:14:00Z\"}") "'",
              &got, &e),
          "%s", e.text);
    assert_string_equal(got.token, "t");
    assert_null(got.cert);
    assert_int_equal(got.expires_ms, INT64_C(1795511640000));
    kube_exec_result_release(&got);
    assert_null(got.token);
    CHECK(run("echo '" ANSWER("{\"clientCertificateData\":\"c\",\"clientKeyData\":\"k\"}") "'",
              &got, &e),
          "%s", e.text);
    assert_string_equal(got.cert, "c");
    assert_string_equal(got.key, "k");
    assert_int_equal(got.expires_ms, 0);
    kube_exec_result_release(&got);
}

static void what_it_is_told(void **state)
{
    struct kube_exec_result got = {0};
    struct err e = {0};
    /* The info has quotes in it: as base64 it fits into a token. */
    static const char script[] =
        "t=$(printf '%s|%s|%s|%s' \"$PLUGIN_SAYS\" \"$HOME\" \"$KUBERNETES_EXEC_INFO\" "
        "\"$(cat)\" | sed 's/\"/~/g')\n"
        "printf '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\","
        "\"status\":{\"token\":\"%s\"}}' \"$t\"";

    (void)state;
    CHECK(run(script, &got, &e), "%s", e.text);
    assert_string_equal(
        got.token,
        "hello|/plugin|{~apiVersion~:~client.authentication.k8s.io/v1~,~kind~:~ExecCredential~,"
        "~spec~:{~interactive~:false,~cluster~:{~server~:~https://h:1~,~tls-server-name~:~api~,"
        "~certificate-authority-data~:~Q0EK~}}}|");
    kube_exec_result_release(&got);
}

static void failures(void **state)
{
    static const struct {
        const char *script, *want;
    } rows[] = {
        {"exit 3", "failed with code 3"},
        {"kill -9 $$", "failed with signal 9"},
        {"echo 's3cr3t'", "not JSON"},
        {"echo '{}'", "not an ExecCredential"},
        {"echo '{\"apiVersion\":\"client.authentication.k8s.io/v1beta1\",\"kind\":"
         "\"ExecCredential\",\"status\":{\"token\":\"s3cr3t\"}}'",
         "not an ExecCredential"},
        {"echo '" ANSWER("{}") "'", "neither a token nor"},
        {"echo '" ANSWER("{\"clientKeyData\":\"s3cr3t\"}") "'", "neither a token nor"},
        {"echo '" ANSWER("{\"clientCertificateData\":\"s3cr3t\"}") "'", "neither a token nor"},
        {"echo '" ANSWER("{\"token\":\"s3cr3t\",\"expirationTimestamp\":\"soon\"}") "'",
         "no readable expirationTimestamp"},
        {"head -c 2000000 /dev/zero", "too long"},
    };
    struct kube_exec_result got = {.token = NULL};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        assert_false(run(rows[i].script, &got, &e));
        CHECK(strstr(e.text, rows[i].want), "%s: %s", rows[i].script, e.text);
        CHECK(!strstr(e.text, "s3cr3t"), "%s", e.text); /* C21 */
        assert_null(got.token);
    }
}

static void not_there(void **state)
{
    const struct kube_exec exec = {.command = "no-such-plugin-of-ours",
                                   .api_version = "client.authentication.k8s.io/v1",
                                   .interactive_mode = "Never",
                                   .install_hint = "Install it."};
    const struct kube_config config = {.server = "https://h", .exec = &exec};
    struct kube_exec always = exec;
    const struct kube_config asks = {.server = "https://h", .exec = &always};
    struct kube_exec_result got = {0};
    struct err e = {0};

    (void)state;
    assert_false(kube_exec_run(&config, &got, &e));
    assert_non_null(strstr(e.text, "No such file"));
    assert_non_null(strstr(e.text, "Install it."));
    always.interactive_mode = "Always";
    (void)freopen("/dev/null", "r", stdin);
    assert_false(kube_exec_run(&asks, &got, &e));
    assert_non_null(strstr(e.text, "no terminal"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(what_it_is_told),
        cmocka_unit_test(failures),
        cmocka_unit_test(not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Kubeconfigs as people and programs break them, and where they are looked for (C15, C18). */
#include "check.h"
#include "sluice/base/strbuf.h"
#include "sluice/json/json.h"
#include "sluice/kube/config.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD                                                                                       \
    "current-context: one\ncontexts: [{name: one, context: {cluster: c, user: u}}]\n"              \
    "clusters: [{name: c, cluster: {server: 'https://h:1'}}]\n"
#define CLUSTER(more)                                                                              \
    "current-context: one\ncontexts: [{name: one, context: {cluster: c}}]\n"                       \
    "clusters: [{name: c, cluster: {server: 'https://h:1', " more "}}]\n"
#define USER(more) HEAD "users: [{name: u, user: {" more "}}]\n"
#define EXEC(more) USER("exec: {command: x, apiVersion: client.authentication.k8s.io/v1" more "}")
#define CONFIG     "/etc/k/config"

__typeof__(cJSON_ParseWithLengthOpts) __real_cJSON_ParseWithLengthOpts;
__typeof__(cJSON_ParseWithLengthOpts) __wrap_cJSON_ParseWithLengthOpts;
static bool cjson_refuses;

cJSON *__wrap_cJSON_ParseWithLengthOpts(const char *text, size_t len, const char **end,
                                        cJSON_bool terminated)
{
    return cjson_refuses ? NULL : __real_cJSON_ParseWithLengthOpts(text, len, end, terminated);
}

static bool read_text(const char *text, const struct kube_config_options *options,
                      struct kube_config *config, struct err *e)
{
    const struct kubeconfig_text one = {CONFIG, text, strlen(text)};

    return kubeconfig_read(&one, 1, options, config, e);
}

static void refused(const char *text, const struct kube_config_options *options, const char *want)
{
    struct kube_config config = {0};
    struct err e = {0};

    CHECK(!read_text(text, options, &config, &e), "%s", text);
    CHECK(e.kind == ERR_INVALID && strstr(e.text, want), "%s: \"%s\", want \"%s\"", text, e.text,
          want);
}

static struct kube_config taken(const char *text, const struct kube_config_options *options)
{
    struct kube_config config = {0};
    struct err e = {0};

    CHECK(read_text(text, options, &config, &e), "%s: %s", text, e.text);
    return config;
}

static bool no_exec(const struct kube_config *config, struct kube_exec_result *out, struct err *e)
{
    (void)config;
    (void)out;
    return err_set(e, ERR_BUG, "not for running");
}

/* ---- one text -------------------------------------------------------------------------------- */

static void what_is_wrong_is_named(void **state UNUSED)
{
    static const struct {
        const char *text;
        struct kube_config_options options;
        const char *want;
    } rows[] = {
        {CLUSTER("certificate-authority-data: ' '"), {0}, "-data is not base64"},
        {CLUSTER("certificate-authority-data: '='"), {0}, "-data is not base64"},
        {CLUSTER("certificate-authority-data: '?!?!'"), {0}, "-data is not base64"},
        {CLUSTER("certificate-authority-data: 'QQ=Q'"), {0}, "-data is not base64"},
        {USER("as-groups: [a, 1], as: j"), {0}, "as-groups holds something that is not text"},
        {USER("token: t"), {.as_uid = "8"}, "impersonation needs a user name"},
        {USER("as-user-extra: {k: [v]}"), {0}, "impersonation needs a user name"},
        {"a: \"\\0\"\n", {0}, CONFIG},
        {EXEC(", args: [1]"), {0}, "args holds something that is not text"},
        {EXEC(", interactiveMode: never"), {0}, "exec.interactiveMode"},
    };

    kube_config_allow_exec(no_exec);
    for (size_t i = 0; i < COUNT(rows); i++)
        refused(rows[i].text, &rows[i].options, rows[i].want);
    kube_config_allow_exec(NULL);
}

/* A certificate authority of more than any is. */
/* ... also what another cJSON would not take. */
static void what_cjson_does_not_take(void **state UNUSED)
{
    cjson_refuses = true;
    refused(HEAD, &(struct kube_config_options){0}, CONFIG ": not JSON");
    cjson_refuses = false;
}

static void too_much_base64_is_none(void **state UNUSED)
{
    auto_strbuf struct strbuf b = {.max = (size_t)2 * KUBE_PEM_BYTES_MAX};

    strbuf_adds(&b, "current-context: one\ncontexts: [{name: one, context: {cluster: c}}]\n"
                    "clusters: [{name: c, cluster: {server: 'https://h:1', "
                    "certificate-authority-data: ");
    for (size_t i = 0; i <= KUBE_PEM_BYTES_MAX; i += 4)
        strbuf_adds(&b, "QUFB");
    strbuf_adds(&b, "}}]\n");
    refused(strbuf_str(&b), &(struct kube_config_options){0}, "");
}

static void a_plugin_may_ask_or_not(void **state UNUSED)
{
    static const char *const modes[] = {"Never", "IfAvailable", "Always"};

    kube_config_allow_exec(no_exec);
    for (size_t i = 0; i < COUNT(modes); i++) {
        auto_strbuf struct strbuf b = {.max = 4096};
        struct kube_config config;

        strbuf_addf(&b,
                    USER("exec: {command: x, apiVersion: client.authentication.k8s.io/v1, "
                         "interactiveMode: %s}"),
                    modes[i]);
        config = taken(strbuf_str(&b), &(struct kube_config_options){0});
        assert_string_equal(config.exec->interactive_mode, modes[i]);
        assert_string_equal(config.exec->command, "x"); /* of the PATH: no file beside the config */
        kube_config_release(&config);
    }
    kube_config_allow_exec(NULL);
}

/* An absolute name is that, wherever the file stands; a server of a flag needs no cluster. */
static void what_stands_for_itself(void **state UNUSED)
{
    struct kube_config config =
        taken(CLUSTER("certificate-authority: /abs/ca"), &(struct kube_config_options){0});

    assert_string_equal(config.ca.file, "/abs/ca");
    kube_config_release(&config);
    config = taken("current-context: x\ncontexts: [{name: x, context: {namespace: ns}}]\n",
                   &(struct kube_config_options){.server = "https://s"});
    assert_string_equal(config.server, "https://s");
    assert_string_equal(config.namespace, "ns");
    kube_config_release(&config);
}

static void so_many_files_are_no_list(void **state UNUSED)
{
    struct kubeconfig_text list[33];
    struct kube_config config = {0};
    struct err e = {0};

    for (size_t i = 0; i < COUNT(list); i++)
        list[i] = (struct kubeconfig_text){CONFIG, USER("token: t"), strlen(USER("token: t"))};
    assert_false(kubeconfig_read(list, 33, &(struct kube_config_options){0}, &config, &e));
    assert_non_null(strstr(e.text, "more than 32"));
    assert_true(kubeconfig_read(list, 32, &(struct kube_config_options){0}, &config, &e));
    assert_string_equal(config.token.reveal, "t");
    kube_config_release(&config);
}

/* ---- where it is looked for ------------------------------------------------------------------ */

static char dir[] = "/tmp/sluice-config-odd-XXXXXX";
static char path[128];

static const char *in_dir(const char *name)
{
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static void write_file(const char *name, const char *text)
{
    FILE *f = fopen(in_dir(name), "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static int set_up(void **state UNUSED)
{
    unsetenv("KUBECONFIG");
    unsetenv("KUBERNETES_SERVICE_HOST");
    setenv("HOME", dir, 1);
    return 0;
}

static void not_found(const char *want)
{
    struct kube_config config = {0};
    struct err e = {0};

    assert_false(kube_config_load(&(struct kube_config_options){0}, &config, &e));
    CHECK(e.kind == ERR_INVALID && strstr(e.text, want), "\"%s\", want \"%s\"", e.text, want);
}

static const char *namespace_of_pod(const char *text)
{
    const struct kube_config_options options = {.in_cluster = true, .service_account_dir = dir};
    static char out[64];
    struct kube_config config = {0};
    struct err e = {0};

    write_file("namespace", text);
    CHECK(kube_config_load(&options, &config, &e), "%s", e.text);
    snprintf(out, sizeof(out), "%s", config.namespace);
    kube_config_release(&config);
    return out;
}

static void a_pods_namespace_is_one_word(void **state UNUSED)
{
    setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1", 1);
    setenv("KUBERNETES_SERVICE_PORT", "443", 1);
    assert_string_equal(namespace_of_pod("mine \nrest"), "mine");
    assert_string_equal(namespace_of_pod(""), "default");
    assert_string_equal(namespace_of_pod("\n"), "default");
}

/* What is there and cannot be read is told; only what is not there is passed over. */
static void what_cannot_be_read_is_no_absence(void **state UNUSED)
{
    char list[512];

    snprintf(list, sizeof(list), ":%s/absent:%s", dir, dir);
    setenv("KUBECONFIG", list, 1);
    not_found("Is a directory");
    unsetenv("KUBECONFIG");
    mkdir(in_dir(".kube"), 0700);
    mkdir(in_dir(".kube/config"), 0700);
    not_found("Is a directory");
    rmdir(in_dir(".kube/config"));
    not_found("no kubeconfig");
    unsetenv("HOME");
    not_found("no kubeconfig");
}

static void a_list_has_an_end(void **state UNUSED)
{
    auto_strbuf struct strbuf list = {.max = 8192};

    write_file("one", USER("token: t"));
    for (int i = 0; i < 33; i++)
        strbuf_addf(&list, "%s:", in_dir("one"));
    setenv("KUBECONFIG", strbuf_str(&list), 1);
    not_found("more than 32 files");
}

static int remove_dir(void **state UNUSED)
{
    static const char *const names[] = {".kube", "one", "namespace", ""};

    for (size_t i = 0; i < COUNT(names); i++)
        (void)remove(in_dir(names[i]));
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(too_much_base64_is_none),
        cmocka_unit_test(what_cjson_does_not_take),
        cmocka_unit_test(a_plugin_may_ask_or_not),
        cmocka_unit_test(what_stands_for_itself),
        cmocka_unit_test(so_many_files_are_no_list),
        cmocka_unit_test_setup(a_pods_namespace_is_one_word, set_up),
        cmocka_unit_test_setup(what_cannot_be_read_is_no_absence, set_up),
        cmocka_unit_test_setup(a_list_has_an_end, set_up),
    };

    if (!mkdtemp(dir))
        return 1;
    return cmocka_run_group_tests(tests, NULL, remove_dir);
}

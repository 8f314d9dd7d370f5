/* SPDX-License-Identifier: Apache-2.0 */
/* C12, C15 to C20: which server, as whom. */
#include "check.h"
#include "sluice/base/strbuf.h"
#include "sluice/kube/config.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* The whole of a configuration on one line, for tables. */
static const char *describe(const struct kube_config *c)
{
    static char out[2048];
    auto_strbuf struct strbuf b = {.max = sizeof(out)};
    const struct {
        const char *name, *value;
    } fields[] = {
        {"server", c->server},
        {"ns", c->namespace},
        {"ctx", c->context},
        {"ca", c->ca.data ? c->ca.data : c->ca.file},
        {"cert", c->cert.data ? c->cert.data : c->cert.file},
        {"key", c->key.data ? c->key.data : c->key.file},
        {"sni", c->tls_server_name},
        {"insecure", c->insecure ? "1" : NULL},
        {"nogzip", c->no_gzip ? "1" : NULL},
        {"proxy", c->proxy_url},
        {"token", c->token.reveal},
        {"tokenFile", c->token_file},
        {"user", c->user},
        {"password", c->password.reveal},
        {"exec", c->exec ? c->exec->command : NULL},
        {"as", c->as},
        {"uid", c->as_uid},
    };

    for (size_t i = 0; i < COUNT(fields); i++)
        if (fields[i].value)
            strbuf_addf(&b, "%s%s=%s", b.len ? " " : "", fields[i].name, fields[i].value);
    for (size_t i = 0; i < c->as_group_count; i++)
        strbuf_addf(&b, " group=%s", c->as_groups[i]);
    for (size_t i = 0; i < c->as_extra_count; i++)
        strbuf_addf(&b, " extra.%s=%s", c->as_extra[i].name, c->as_extra[i].value);
    snprintf(out, sizeof(out), "%s", strbuf_str(&b));
    return out;
}

#define HEAD    "apiVersion: v1\nkind: Config\ncurrent-context: one\n"
#define CONTEXT "contexts:\n- {name: one, context: {cluster: c, user: u, namespace: ns}}\n"
#define CLUSTER "clusters:\n- {name: c, cluster: {server: 'https://h:1'}}\n"
#define USER    "users:\n- {name: u, user: {token: t}}\n"

static const struct row {
    const char *text, *want; /* `want` begins with '!': an error that says so */
    struct kube_config_options options;
} rows[] = {
    {HEAD CONTEXT CLUSTER USER, "server=https://h:1 ns=ns ctx=one token=t", {0}},
    /* JSON is YAML. */
    {"{\"current-context\":\"x\",\"contexts\":[{\"name\":\"x\",\"context\":{\"cluster\":\"c\"}}],"
     "\"clusters\":[{\"name\":\"c\",\"cluster\":{\"server\":\"http://h/p/\"}}]}",
     "server=http://h/p ns=default ctx=x",
     {0}},
    {HEAD CONTEXT "clusters:\n- {name: c, cluster: {server: 'https://h:1', "
                  "certificate-authority: ca.pem, tls-server-name: api, proxy-url: 'socks5://p', "
                  "disable-compression: true}}\n" USER,
     "server=https://h:1 ns=ns ctx=one ca=/etc/k/ca.pem sni=api nogzip=1 proxy=socks5://p token=t",
     {0}},
    {HEAD CONTEXT "clusters:\n- {name: c, cluster: {server: 'https://h:1', "
                  "certificate-authority: /abs/ca.pem, certificate-authority-data: 'Q0EK'}}\n" USER,
     "server=https://h:1 ns=ns ctx=one ca=CA\n token=t",
     {0}},
    {HEAD CONTEXT CLUSTER
     "users:\n- name: u\n  user:\n    client-certificate-data: |\n      Q0VS\n      VA==\n"
     "    client-key-data: S0VZ\n    client-key: other.pem\n",
     "server=https://h:1 ns=ns ctx=one cert=CERT key=KEY",
     {0}},
    {HEAD CONTEXT CLUSTER "users:\n- {name: u, user: {client-certificate: c.pem, "
                          "client-key: ../k.pem}}\n",
     "server=https://h:1 ns=ns ctx=one cert=/etc/k/c.pem key=/etc/k/../k.pem",
     {0}},
    {HEAD CONTEXT CLUSTER "users:\n- {name: u, user: {token: t, tokenFile: tok}}\n",
     "server=https://h:1 ns=ns ctx=one token=t tokenFile=/etc/k/tok",
     {0}},
    {HEAD CONTEXT CLUSTER "users:\n- {name: u, user: {username: me, password: 'a:b'}}\n",
     "server=https://h:1 ns=ns ctx=one user=me password=a:b",
     {0}},
    {HEAD CONTEXT CLUSTER
     "users:\n- {name: u, user: {as: j, as-uid: '7', as-groups: [a, b], as-user-extra: {k/x: [1, "
     "2]}}}\n",
     "!as-user-extra holds something that is not text",
     {0}},
    {HEAD CONTEXT CLUSTER
     "users:\n- {name: u, user: {as: j, as-uid: '7', as-groups: [a, b], as-user-extra: {k/x: "
     "['1', '2'], k2: [z]}}}\n",
     "server=https://h:1 ns=ns ctx=one as=j uid=7 group=a group=b extra.k/x=1 extra.k/x=2 "
     "extra.k2=z",
     {0}},
    {HEAD CONTEXT CLUSTER "users:\n- {name: u, user: {as: j, as-user-extra: [[a]]}}\n",
     "!as-user-extra is not a map",
     {0}},
    {HEAD CONTEXT CLUSTER "users:\n- {name: u, user: {as: j, as-user-extra: {k: a}}}\n",
     "!as-user-extra holds something that is not a list",
     {0}},
    {HEAD CONTEXT CLUSTER "users:\n- {name: u, user: {as: j, as-user-extra: {k: , l: [z]}}}\n",
     "server=https://h:1 ns=ns ctx=one as=j extra.l=z",
     {0}},
    /* Flags. */
    {HEAD CONTEXT CLUSTER USER,
     "server=https://s:2 ns=m ctx=one token=flag as=me uid=8",
     {.server = "https://s:2/", .namespace = "m", .token = "flag", .as = "me", .as_uid = "8"}},
    {HEAD CONTEXT CLUSTER USER,
     "server=https://h:1 ns=ns ctx=one token=t as=me group=g h",
     {.as = "me", .as_groups = (const char *const[]){"g h"}, .as_group_count = 1}},
    {HEAD "contexts: []\nclusters:\n- {name: d, cluster: {server: 'https://d'}}\nusers:\n- {name: "
          "v, user: {token: w}}\n",
     "!there is no context \"one\"",
     {.cluster = "d"}},
    {"clusters:\n- {name: d, cluster: {server: 'https://d'}}\nusers:\n- {name: v, user: {token: "
     "w}}\n",
     "server=https://d ns=default token=w",
     {.cluster = "d", .user = "v"}},
    {HEAD CONTEXT "clusters:\n- {name: c, cluster: {server: 'https://h:1', "
                  "certificate-authority-data: 'Q0EK'}}\n" USER,
     "server=https://h:1 ns=ns ctx=one insecure=1 token=t",
     {.insecure = true}},
    {HEAD CONTEXT CLUSTER "users:\n- {name: u, user: {exec: {command: x, apiVersion: "
                          "client.authentication.k8s.io/v1}, username: me}}\n",
     "server=https://h:1 ns=ns ctx=one token=flag",
     {.token = "flag"}},
    {"contexts: [{name: a, context: {cluster: c}}, {name: b, context: {cluster: c, namespace: "
     "q}}]\n" CLUSTER,
     "server=https://h:1 ns=q ctx=b",
     {.context = "b"}},
    /* What is wrong is named. */
    {"", "!no current-context", {0}},
    {CONTEXT CLUSTER USER, "!no current-context: choose one with --context", {0}},
    {HEAD, "!there is no context \"one\"", {0}},
    {HEAD CONTEXT, "!there is no cluster \"c\"", {0}},
    {HEAD CONTEXT CLUSTER, "!there is no user \"u\"", {0}},
    {HEAD CONTEXT "clusters: [{name: c, cluster: {}}]\n" USER, "!no server", {0}},
    {HEAD CONTEXT "clusters: [{name: c}]\n" USER, "!no server", {0}},
    {HEAD CONTEXT "clusters: [{name: c, cluster: {server: 'ftp://x'}}]\n" USER,
     "!neither https:// nor http://",
     {0}},
    {HEAD CONTEXT "clusters: [{name: c, cluster: {server: 'https://u:p@x'}}]\n" USER,
     "!a user",
     {0}},
    {HEAD CONTEXT "clusters: [{name: c, cluster: {server: 'https://x?y'}}]\n" USER,
     "!a query",
     {0}},
    {HEAD CONTEXT "clusters: [{name: c, cluster: {server: 'https:///'}}]\n" USER, "!no host", {0}},
    {HEAD CONTEXT "clusters: [{name: c, cluster: {server: 8}}]\n" USER,
     "!server is not text (quote it)",
     {0}},
    {HEAD CONTEXT CLUSTER "users: [{name: u, user: {token: 123}}]\n", "!token is not text", {0}},
    {HEAD CONTEXT "clusters: [{name: c, cluster: {server: 'https://h', insecure-skip-tls-verify: "
                  "true, certificate-authority: x}}]\n" USER,
     "!exclude each other",
     {0}},
    {HEAD CONTEXT "clusters: [{name: c, cluster: {server: 'https://h', insecure-skip-tls-verify: "
                  "1}}]\n" USER,
     "!neither true nor false",
     {0}},
    {HEAD CONTEXT "clusters: [{name: c, cluster: {server: 'https://h', "
                  "certificate-authority-data: '?!'}}]\n" USER,
     "!certificate-authority-data is not base64",
     {0}},
    {HEAD CONTEXT "clusters: [{name: c, cluster: {server: 'https://h', "
                  "certificate-authority-data: 'QQ='}}]\n" USER,
     "!is not base64",
     {0}},
    {HEAD CONTEXT CLUSTER "users: [{name: u, user: {client-certificate: x}}]\n",
     "!go together",
     {0}},
    {HEAD CONTEXT CLUSTER "users: [{name: u, user: {as-groups: [a]}}]\n",
     "!needs a user name",
     {0}},
    {HEAD CONTEXT CLUSTER "users: [{name: u, user: {as-groups: a}}]\n", "!is not a list", {0}},
    {HEAD CONTEXT CLUSTER "users: [{name: u, user: {auth-provider: {name: gcp}}}]\n",
     "!no longer supported",
     {0}},
    {HEAD CONTEXT CLUSTER "users: [{name: u, user: {exec: {command: x, apiVersion: "
                          "client.authentication.k8s.io/v1}}}]\n",
     "!credential plugin, which this program does not run",
     {0}},
    {"- a\n- b\n", "!not a kubeconfig", {0}},
    {"a: b\n---\nc: d\n", "!more than one document", {0}},
    {"a: [", "!/etc/k/config", {0}},
};

static void one_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *r = &rows[i];
        const struct kubeconfig_text text = {"/etc/k/config", r->text, strlen(r->text)};
        struct kube_config config = {.server = "untouched"};
        struct err e = {0};
        if (kubeconfig_read(&text, 1, &r->options, &config, &e)) {
            CHECK_TEXT(describe(&config), r->want, r->text);
            kube_config_release(&config);
            continue;
        }
        CHECK(r->want[0] == '!' && strstr(e.text, r->want + 1), "row %zu: \"%s\", want \"%s\"", i,
              e.text, r->want);
        assert_int_equal(e.kind, ERR_INVALID);
        assert_string_equal(config.server, "untouched");
    }
}

/* C15: the first file that has a name wins it; its relative paths are its own. */
static void several_texts(void **state)
{
    static const char *const texts[] = {
        "current-context: ''\nusers: [{name: u, user: {tokenFile: first}}]\n",
        "current-context: one\ncontexts: [{name: one, context: {cluster: c, user: u}}]\n"
        "users: [{name: u, user: {tokenFile: second}}]\n",
        "current-context: two\nclusters: [{name: c, cluster: {server: 'https://third', "
        "certificate-authority: ca}}]\n",
    };
    struct kubeconfig_text list[COUNT(texts)];
    const struct kube_config_options options = {0};
    struct kube_config config = {0};
    struct err e = {0};
    static const char *const paths[] = {"/a/k", "/b/k", "k"};

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        list[i] = (struct kubeconfig_text){paths[i], texts[i], strlen(texts[i])};
    CHECK(kubeconfig_read(list, COUNT(list), &options, &config, &e), "%s", e.text);
    assert_string_equal(describe(&config),
                        "server=https://third ns=default ctx=one ca=ca tokenFile=/a/first");
    kube_config_release(&config);
    assert_false(kubeconfig_read(list, 0, &options, &config, &e));
}

static bool no_exec(const struct kube_config *config, struct kube_exec_result *out, struct err *e)
{
    (void)config;
    (void)out;
    return err_set(e, ERR_BUG, "not for running");
}

static void plugins(void **state)
{
    static const char text[] = HEAD CONTEXT CLUSTER
        "users:\n- name: u\n  user:\n    exec:\n      command: ./login\n      args: [get, token]\n"
        "      env: [{name: A, value: b}, {name: C, value: ''}]\n"
        "      apiVersion: client.authentication.k8s.io/v1beta1\n"
        "      interactiveMode: Never\n      provideClusterInfo: true\n      installHint: get it\n";
    static const struct {
        const char *exec, *want;
    } bad[] = {
        {"{apiVersion: client.authentication.k8s.io/v1}", "exec.command"},
        {"{command: x, apiVersion: client.authentication.k8s.io/v1alpha1}", "exec.apiVersion"},
        {"{command: x, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Maybe}",
         "exec.interactiveMode"},
        {"{command: x, apiVersion: client.authentication.k8s.io/v1, env: [{value: b}]}",
         "exec.env"},
        {"{command: x, apiVersion: client.authentication.k8s.io/v1, args: {a: b}}",
         "args is not a list"},
    };
    const struct kubeconfig_text one = {"/etc/k/config", text, sizeof(text) - 1};
    const struct kube_config_options options = {0};
    struct kube_config config = {0};
    struct err e = {0};

    (void)state;
    kube_config_allow_exec(no_exec);
    CHECK(kubeconfig_read(&one, 1, &options, &config, &e), "%s", e.text);
    assert_string_equal(config.exec->command, "/etc/k/./login");
    assert_int_equal(config.exec->arg_count, 2);
    assert_string_equal(config.exec->args[1], "token");
    assert_int_equal(config.exec->env_count, 2);
    assert_string_equal(config.exec->env[0].value, "b");
    assert_string_equal(config.exec->env[1].value, "");
    assert_true(config.exec->provide_cluster_info);
    assert_string_equal(config.exec->install_hint, "get it");
    kube_config_release(&config);
    for (size_t i = 0; i < COUNT(bad); i++) {
        auto_strbuf struct strbuf b = {.max = 4096};
        strbuf_addf(&b, "%susers: [{name: u, user: {exec: %s}}]\n", HEAD CONTEXT CLUSTER,
                    bad[i].exec);
        const struct kubeconfig_text wrong = {"/etc/k/config", b.p, b.len};
        assert_false(kubeconfig_read(&wrong, 1, &options, &config, &e));
        CHECK(strstr(e.text, bad[i].want), "%s: %s", bad[i].exec, e.text);
    }
    kube_config_allow_exec(NULL);
}

/* --- where it comes from ---------------------------------------------------------------------- */

static char dir[] = "/tmp/sluice-config-XXXXXX";

static const char *in_dir(const char *name)
{
    static char path[4][128];
    static size_t next;
    char *p = path[next++ % COUNT(path)];

    snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
    return p;
}

static void write_file(const char *name, const char *text)
{
    FILE *f = fopen(in_dir(name), "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static int set_up(void **state)
{
    (void)state;
    unsetenv("KUBECONFIG");
    unsetenv("KUBERNETES_SERVICE_HOST");
    unsetenv("KUBERNETES_SERVICE_PORT");
    setenv("HOME", dir, 1);
    return 0;
}

static void expect(const struct kube_config_options *options, const char *want)
{
    struct kube_config config = {0};
    struct err e = {0};

    if (kube_config_load(options, &config, &e)) {
        CHECK_TEXT(describe(&config), want, "loaded");
        kube_config_release(&config);
        return;
    }
    assert_int_equal(e.kind, ERR_INVALID);
    CHECK(want[0] == '!' && strstr(e.text, want + 1), "\"%s\", want \"%s\"", e.text, want);
}

static void in_a_pod(void **state)
{
    const struct kube_config_options options = {.in_cluster = true, .service_account_dir = dir};

    (void)state;
    expect(&options, "!KUBERNETES_SERVICE_HOST"); /* C12: no fall-back to localhost */
    setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1", 1);
    expect(&options, "!KUBERNETES_SERVICE_PORT");
    setenv("KUBERNETES_SERVICE_PORT", "443", 1);
    write_file("namespace", "mine\n");
    char want[512];
    snprintf(want, sizeof(want),
             "server=https://10.0.0.1:443 ns=mine ca=%s/ca.crt tokenFile=%s/"
             "token",
             dir, dir);
    expect(&options, want);
    setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
    unlink(in_dir("namespace"));
    snprintf(want, sizeof(want),
             "server=https://[fd00::1]:443 ns=default ca=%s/ca.crt "
             "tokenFile=%s/token",
             dir, dir);
    expect(&options, want);
    expect(&(struct kube_config_options){.service_account_dir = dir}, want);
}

static void from_files(void **state)
{
    static const char config[] = HEAD CONTEXT CLUSTER USER;
    char list[512];

    (void)state;
    expect(&(struct kube_config_options){0}, "!no kubeconfig");
    mkdir(in_dir(".kube"), 0700);
    write_file(".kube/config", config);
    expect(&(struct kube_config_options){0}, "server=https://h:1 ns=ns ctx=one token=t");
    setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1", 1);
    expect(&(struct kube_config_options){0}, "!KUBERNETES_SERVICE_PORT"); /* a pod, then */
    snprintf(list, sizeof(list), "%s:%s", in_dir("absent"), in_dir(".kube/config"));
    setenv("KUBECONFIG", list, 1);
    expect(&(struct kube_config_options){0}, "server=https://h:1 ns=ns ctx=one token=t");
    setenv("KUBECONFIG", in_dir("absent"), 1);
    expect(&(struct kube_config_options){0}, "!none of the files");
    expect(&(struct kube_config_options){.kubeconfig = in_dir("absent")}, "!absent");
    expect(&(struct kube_config_options){.kubeconfig = dir}, "!kubeconfig");
    expect(&(struct kube_config_options){.kubeconfig = in_dir(".kube/config"), .in_cluster = true},
           "server=https://h:1 ns=ns ctx=one token=t");
    write_file("empty", "");
    expect(&(struct kube_config_options){.kubeconfig = in_dir("empty")}, "!no current-context");
}

static int remove_dir(void **state)
{
    static const char *const names[] = {".kube/config", ".kube", "empty", "namespace", ""};

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        (void)remove(in_dir(names[i]));
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_text),
        cmocka_unit_test(several_texts),
        cmocka_unit_test(plugins),
        cmocka_unit_test_setup(in_a_pod, set_up),
        cmocka_unit_test_setup(from_files, set_up),
    };

    if (!mkdtemp(dir))
        return 1;
    return cmocka_run_group_tests(tests, NULL, remove_dir);
}

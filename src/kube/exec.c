/* SPDX-License-Identifier: Apache-2.0 */
/* exec.c - a credential plugin, run without a shell and waited for (C18). Only programs that name
 * kube_exec_run have this in them.
 *
 * What the plugin prints is a credential: no error text ever quotes it (C21). */
#include "exec_parts.h"
#include "sluice/base/clock.h"
#include "sluice/base/file.h"
#include "sluice/base/strbuf.h"
#include "sluice/json/jfmt.h"
#include "sluice/json/json.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PLUGIN_MS        (60 * SECOND_MS)
#define OUTPUT_BYTES_MAX ((size_t)1024 * 1024)

extern char **environ;

/* --- what the plugin is told ------------------------------------------------------------------ */

static bool interactive(const struct kube_exec *exec, struct err *e, bool *out)
{
    *out = !str_equal(exec->interactive_mode, "Never") && isatty(STDIN_FILENO);
    if (str_equal(exec->interactive_mode, "Always") && !*out)
        return err_set(e, ERR_INVALID, "it wants to ask you something, and there is no terminal");
    return true;
}

/* Certificate authority as base64, NULL when there is none. */
static bool ca_base64(struct arena *a, const struct kube_pem *ca, const char **out, struct err *e)
{
    auto_free char *text = NULL;
    const char *data = ca->data;
    size_t len = ca->data_len;
    char *encoded;

    *out = NULL;
    if (!data && ca->file) {
        if (!file_read(ca->file, KUBE_PEM_BYTES_MAX, &text, &len, e))
            return false;
        data = text;
    }
    if (!data)
        return true;
    encoded = arena_alloc(a, (len + 2) / 3 * 4 + 1);
    EVP_EncodeBlock((unsigned char *)encoded, (const unsigned char *)data, (int)len);
    *out = encoded;
    return true;
}

static bool cluster_info(struct arena *a, const struct kube_config *config, const char **out,
                         struct err *e)
{
    auto_strbuf struct strbuf b = {.max = 2 * KUBE_PEM_BYTES_MAX};
    const char *ca;

    *out = "";
    if (!config->exec->provide_cluster_info)
        return true;
    if (!ca_base64(a, &config->ca, &ca, e))
        return false;
    json_fmt_to(&b, ",'cluster':{'server':%q", config->server);
    if (config->tls_server_name)
        json_fmt_to(&b, ",'tls-server-name':%q", config->tls_server_name);
    if (config->insecure)
        json_fmt_to(&b, ",'insecure-skip-tls-verify':true");
    if (ca)
        json_fmt_to(&b, ",'certificate-authority-data':%q", ca);
    if (config->proxy_url)
        json_fmt_to(&b, ",'proxy-url':%q", config->proxy_url);
    strbuf_addc(&b, '}');
    *out = arena_strdup(a, strbuf_str(&b));
    return true;
}

static size_t count_environ(void)
{
    size_t n = 0;

    while (environ[n])
        n++;
    return n;
}

static bool is_set_by(const char *variable, const struct kube_exec *exec)
{
    const size_t len = strcspn(variable, "=");

    if (len == 20 && strncmp(variable, "KUBERNETES_EXEC_INFO", len) == 0)
        return true;
    for (size_t i = 0; i < exec->env_count; i++)
        if (strlen(exec->env[i].name) == len && strncmp(exec->env[i].name, variable, len) == 0)
            return true;
    return false;
}

static bool make_environ(struct arena *a, const struct kube_config *config, bool may_ask,
                         char ***out, struct err *e)
{
    const struct kube_exec *exec = config->exec;
    char **env = ARENA_ARRAY(a, char *, count_environ() + exec->env_count + 2);
    const char *cluster;
    size_t n = 0;

    if (!cluster_info(a, config, &cluster, e))
        return false;
    for (size_t i = 0; environ[i]; i++)
        if (!is_set_by(environ[i], exec))
            env[n++] = environ[i];
    for (size_t i = 0; i < exec->env_count; i++)
        env[n++] = arena_printf(a, "%s=%s", exec->env[i].name, exec->env[i].value);
    env[n] = arena_printf(a, "KUBERNETES_EXEC_INFO=%s",
                          json_fmt(a,
                                   "{'apiVersion':%q,'kind':'ExecCredential','spec':{"
                                   "'interactive':%b%r}}",
                                   exec->api_version, may_ask, cluster));
    *out = env;
    return true;
}

/* --- the process ------------------------------------------------------------------------------ */

static bool start(struct arena *a, const struct kube_exec *exec, char **env, bool may_ask,
                  pid_t *pid, int *output, struct err *e)
{
    char **argv = ARENA_ARRAY(a, char *, exec->arg_count + 2);
    posix_spawn_file_actions_t actions;
    int pipe_fds[2], error;

    argv[0] = arena_strdup(a, exec->command);
    for (size_t i = 0; i < exec->arg_count; i++)
        argv[i + 1] = arena_strdup(a, exec->args[i]);
    if (pipe2(pipe_fds, O_CLOEXEC) != 0)
        return err_set(e, ERR_RETRY, "%s", strerror(errno));
    posix_spawn_file_actions_init(&actions);
    error = posix_spawn_file_actions_adddup2(&actions, pipe_fds[1], STDOUT_FILENO);
    if (!error && !may_ask)
        error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!error)
        error = posix_spawnp(pid, argv[0], &actions, NULL, argv, env);
    posix_spawn_file_actions_destroy(&actions);
    close(pipe_fds[1]);
    if (error == 0) {
        *output = pipe_fds[0];
        return true;
    }
    close(pipe_fds[0]);
    return err_set(e, ERR_INVALID, "%s%s%s", strerror(error), exec->install_hint ? ". " : "",
                   exec->install_hint ? exec->install_hint : "");
}

/* Until the plugin closes its output. */
static bool read_output(int fd, int64_t end_ms, struct strbuf *out, struct err *e)
{
    char chunk[4096];
    bool ok = true;

    while (ok) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        const int64_t left_ms = end_ms - clock_mono_ms();
        ssize_t n;
        if (left_ms <= 0) {
            ok = err_set(e, ERR_RETRY, "no answer in %lld s", (long long)(PLUGIN_MS / SECOND_MS));
            break;
        }
        if (poll(&p, 1, (int)left_ms) <= 0)
            continue;
        n = read(fd, chunk, sizeof(chunk));
        if (n == 0)
            break;
        if (n > 0 && !strbuf_add(out, chunk, (size_t)n))
            ok = err_set(e, ERR_INVALID, "its answer is too long");
        else if (n < 0 && errno != EINTR)
            ok = err_set(e, ERR_RETRY, "%s", strerror(errno));
    }
    explicit_bzero(chunk, sizeof(chunk));
    return ok;
}

/* It closed its output, so it is about to end; else it is made to. */
static int reap(pid_t pid, bool ended, int64_t end_ms)
{
    const struct timespec moment = {.tv_nsec = 10000000};
    int status = 0;

    while (ended && clock_mono_ms() < end_ms) {
        const pid_t got = waitpid(pid, &status, WNOHANG);
        if (got == pid)
            return status;
        if (got < 0 && errno != EINTR)
            return -1;
        nanosleep(&moment, NULL);
    }
    kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

static bool run(struct arena *a, const struct kube_config *config, struct strbuf *out,
                struct err *e)
{
    const int64_t end_ms = clock_mono_ms() + PLUGIN_MS;
    char **env;
    bool may_ask, ok;
    int fd = -1, status;
    pid_t pid;

    /* Who started us may have ignored it, and that is handed down: then nothing is left of a child
     * to ask how it ended. */
    signal(SIGCHLD, SIG_DFL);
    if (!interactive(config->exec, e, &may_ask) || !make_environ(a, config, may_ask, &env, e) ||
        !start(a, config->exec, env, may_ask, &pid, &fd, e))
        return false;
    ok = read_output(fd, end_ms, out, e);
    close(fd);
    status = reap(pid, ok, end_ms);
    if (ok && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
        ok = err_set(e, ERR_DENIED, "it failed with %s %d", WIFEXITED(status) ? "code" : "signal",
                     WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    return ok;
}

/* --- what it answered ------------------------------------------------------------------------- */

static char *copy(const char *s)
{
    return str_empty(s) ? NULL : xstrdup(s);
}

bool kube_exec_read(const struct kube_exec *exec, const char *text, size_t len,
                    struct kube_exec_result *out, struct err *e)
{
    auto_json cJSON *doc = json_parse(text, len, e);
    const char *expires;
    struct kube_exec_result got;

    if (!doc)
        return false;
    if (!str_equal(json_str(doc, "kind"), "ExecCredential") ||
        !str_equal(json_str(doc, "apiVersion"), exec->api_version))
        return err_set(e, ERR_INVALID, "its answer is not an ExecCredential of %s",
                       exec->api_version);
    got = (struct kube_exec_result){
        .token = copy(json_str(doc, "status.token")),
        .cert = copy(json_str(doc, "status.clientCertificateData")),
        .key = copy(json_str(doc, "status.clientKeyData")),
    };
    expires = json_str(doc, "status.expirationTimestamp");
    got.expires_ms = time_parse(expires);
    if ((!got.token && !got.cert) || !got.cert != !got.key || (expires && !got.expires_ms)) {
        kube_exec_result_release(&got);
        return err_set(e, ERR_INVALID,
                       "its answer has neither a token nor a certificate with its key, or no "
                       "readable expirationTimestamp");
    }
    *out = got;
    return true;
}

bool kube_exec_run(const struct kube_config *config, struct kube_exec_result *out, struct err *e)
{
    CLEANUP(arena_release) struct arena a = {0};
    struct strbuf text;
    bool ok;

    strbuf_init(&text, OUTPUT_BYTES_MAX);
    ok = run(&a, config, &text, e) &&
         kube_exec_read(config->exec, strbuf_str(&text), text.len, out, e);
    if (text.p)
        explicit_bzero(text.p, text.len);
    strbuf_release(&text);
    if (!ok)
        return err_wrap(e, "credential plugin %s", config->exec->command);
    return true;
}

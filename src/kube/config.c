/* SPDX-License-Identifier: Apache-2.0 */
/* config.c - where the settings come from: a flag, $KUBECONFIG, the pod, the home directory. */
#include "config_parts.h"
#include "sluice/base/file.h"
#include "sluice/base/strbuf.h"

#include <stdlib.h>
#include <string.h>

#define KUBECONFIG_BYTES_MAX ((size_t)8 * 1024 * 1024)
#define KUBECONFIGS_MAX      32

static kube_exec_fn *exec_allowed;

void kube_config_allow_exec(kube_exec_fn *run)
{
    exec_allowed = run;
}

kube_exec_fn *kube_config_exec(void)
{
    return exec_allowed;
}

void config_wipe(const char *text, size_t len)
{
    if (text)
        explicit_bzero((void *)(uintptr_t)text, len);
}

static void wipe_free(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

/* Here and not in exec.c, which programs without plugins leave out. */
void kube_exec_result_release(struct kube_exec_result *r)
{
    wipe_free(r->token);
    wipe_free(r->cert);
    wipe_free(r->key);
    *r = (struct kube_exec_result){0};
}

static void wipe_secret(const struct secret *s)
{
    if (s->reveal)
        config_wipe(s->reveal, strlen(s->reveal));
}

void kube_config_release(struct kube_config *config)
{
    wipe_secret(&config->token);
    wipe_secret(&config->password);
    config_wipe(config->key.data, config->key.data_len);
    arena_release(&config->arena);
    *config = (struct kube_config){0};
}

const char *config_relative(struct arena *a, const char *origin, const char *path)
{
    const char *slash = strrchr(origin, '/');

    if (path[0] == '/' || !slash)
        return arena_strdup(a, path);
    return arena_printf(a, "%.*s/%s", (int)(slash - origin), origin, path);
}

/* --- for every origin ------------------------------------------------------------------------- */

static void set_text(struct kube_config *config, const char **field, const char *value)
{
    if (!str_empty(value))
        *field = arena_strdup(&config->arena, value);
}

static void use_token(struct kube_config *config, const char *token)
{
    config->token.reveal = arena_strdup(&config->arena, token);
    config->token_file = NULL;
    config->user = NULL;
    config->password.reveal = NULL;
    config->exec = NULL;
}

static void use_groups(struct kube_config *config, const struct kube_config_options *options)
{
    const char **groups = ARENA_ARRAY(&config->arena, const char *, options->as_group_count);

    for (size_t i = 0; i < options->as_group_count; i++)
        groups[i] = arena_strdup(&config->arena, options->as_groups[i]);
    config->as_groups = groups;
    config->as_group_count = options->as_group_count;
}

void config_apply_options(struct kube_config *config, const struct kube_config_options *options)
{
    if (!str_empty(options->server))
        config->tls_server_name = NULL; /* it was the other server's */
    set_text(config, &config->server, options->server);
    set_text(config, &config->namespace, options->namespace);
    set_text(config, &config->as, options->as);
    set_text(config, &config->as_uid, options->as_uid);
    if (!str_empty(options->token))
        use_token(config, options->token);
    if (options->as_group_count)
        use_groups(config, options);
    if (options->insecure) {
        config->insecure = true;
        config->ca = (struct kube_pem){0};
    }
}

static bool check_server(struct kube_config *config, struct err *e)
{
    const char *s = config->server;
    size_t len = s ? strlen(s) : 0;

    if (len == 0)
        return err_set(e, ERR_INVALID, "%s: no server", config->origin);
    if (strncmp(s, "https://", 8) != 0 && strncmp(s, "http://", 7) != 0)
        return err_set(e, ERR_INVALID, "%s: server \"%s\" is neither https:// nor http://",
                       config->origin, s);
    if (strpbrk(s, "?#@ \t\r\n"))
        return err_set(e, ERR_INVALID, "%s: server may not hold a query, a user or blanks",
                       config->origin);
    while (s[len - 1] == '/')
        len--;
    if (strchr("/:", s[len - 1]))
        return err_set(e, ERR_INVALID, "%s: server \"%s\" has no host", config->origin, s);
    config->server = arena_strndup(&config->arena, s, len);
    return true;
}

static bool has_pem(const struct kube_pem *pem)
{
    return pem->data || pem->file;
}

bool config_check(struct kube_config *config, struct err *e)
{
    if (!config->namespace)
        config->namespace = "default";
    if (!check_server(config, e))
        return false;
    if (config->insecure && has_pem(&config->ca))
        return err_set(
            e, ERR_INVALID,
            "%s: a certificate authority and insecure-skip-tls-verify exclude each other",
            config->origin);
    if (has_pem(&config->cert) != has_pem(&config->key))
        return err_set(e, ERR_INVALID, "%s: a client certificate and its key go together",
                       config->origin);
    if (!config->as && (config->as_uid || config->as_group_count || config->as_extra_count))
        return err_set(e, ERR_INVALID, "%s: impersonation needs a user name", config->origin);
    return true;
}

/* --- in the cluster (C12) --------------------------------------------------------------------- */

static const char *pod_namespace(struct arena *a, const char *dir)
{
    auto_free char *text = NULL;
    auto_strbuf struct strbuf b = {.max = 4096};
    size_t len = 0;

    strbuf_addf(&b, "%s/namespace", dir);
    if (!file_read(strbuf_str(&b), 4096, &text, &len, NULL))
        return NULL;
    len = strcspn(text, " \t\r\n");
    return len ? arena_strndup(a, text, len) : NULL;
}

static bool load_in_cluster(const struct kube_config_options *options, struct kube_config *config,
                            struct err *e)
{
    const char *host = getenv("KUBERNETES_SERVICE_HOST");
    const char *port = getenv("KUBERNETES_SERVICE_PORT");
    const char *dir =
        options->service_account_dir ? options->service_account_dir : KUBE_SERVICE_ACCOUNT_DIR;
    struct arena *a = &config->arena;

    if (str_empty(host) || str_empty(port))
        return err_set(e, ERR_INVALID,
                       "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: not in a "
                       "pod? Name a kubeconfig with --kubeconfig");
    config->origin = "in-cluster";
    config->server =
        arena_printf(a, strchr(host, ':') ? "https://[%s]:%s" : "https://%s:%s", host, port);
    config->ca.file = arena_printf(a, "%s/ca.crt", dir);
    config->token_file = arena_printf(a, "%s/token", dir);
    config->namespace = pod_namespace(a, dir);
    config_apply_options(config, options);
    return config_check(config, e);
}

/* --- files ------------------------------------------------------------------------------------ */

struct texts {
    struct kubeconfig_text at[KUBECONFIGS_MAX];
    size_t count;
};

static void release_texts(struct texts *t)
{
    for (size_t i = 0; i < t->count; i++) {
        config_wipe(t->at[i].text, t->at[i].len);
        free((char *)(uintptr_t)t->at[i].text);
    }
}

/* False with ERR_NOT_FOUND when it is not there. */
static bool add_file(struct texts *t, const char *path, struct err *e)
{
    char *text = NULL;
    size_t len = 0;

    if (t->count == KUBECONFIGS_MAX)
        return err_set(e, ERR_INVALID, "KUBECONFIG names more than %d files", KUBECONFIGS_MAX);
    if (!file_read(path, KUBECONFIG_BYTES_MAX, &text, &len, e))
        return err_wrap(e, "kubeconfig");
    t->at[t->count++] = (struct kubeconfig_text){.path = path, .text = text, .len = len};
    return true;
}

/* A list as in PATH; files that are not there are skipped (C15). */
static bool add_list(struct arena *a, struct texts *t, const char *list, struct err *e)
{
    while (*list) {
        const size_t len = strcspn(list, ":");
        struct err one = {0};
        if (len > 0 && !add_file(t, arena_strndup(a, list, len), &one) &&
            one.kind != ERR_NOT_FOUND) {
            *e = one;
            return false;
        }
        list += len + (list[len] == ':');
    }
    if (t->count == 0)
        return err_set(e, ERR_INVALID, "none of the files that KUBECONFIG names is there");
    return true;
}

static bool add_home(struct arena *a, struct texts *t, struct err *e)
{
    const char *home = getenv("HOME");
    struct err one = {0};

    if (!str_empty(home) && add_file(t, arena_printf(a, "%s/.kube/config", home), &one))
        return true;
    if (one.kind != ERR_NONE && one.kind != ERR_NOT_FOUND) {
        *e = one;
        return false;
    }
    return err_set(e, ERR_INVALID,
                   "no kubeconfig: neither --kubeconfig, nor KUBECONFIG, nor ~/.kube/config, and "
                   "not in a pod");
}

static bool find_texts(struct arena *a, const struct kube_config_options *options, struct texts *t,
                       struct err *e)
{
    const char *list = getenv("KUBECONFIG");

    if (options->kubeconfig) {
        if (add_file(t, options->kubeconfig, e))
            return true;
        e->kind = ERR_INVALID;
        return false;
    }
    return str_empty(list) ? add_home(a, t, e) : add_list(a, t, list, e);
}

static bool in_cluster(const struct kube_config_options *options)
{
    if (options->kubeconfig)
        return false;
    return options->in_cluster ||
           (str_empty(getenv("KUBECONFIG")) && !str_empty(getenv("KUBERNETES_SERVICE_HOST")));
}

bool kube_config_load(const struct kube_config_options *options, struct kube_config *out,
                      struct err *e)
{
    CLEANUP(arena_release) struct arena paths = {0};
    CLEANUP(release_texts) struct texts texts = {0};
    CLEANUP(kube_config_release) struct kube_config config = {0};
    struct err problem = {0};

    if (!in_cluster(options)) {
        if (find_texts(&paths, options, &texts, &problem))
            return kubeconfig_read(texts.at, texts.count, options, out, e);
        return err_set(e, ERR_INVALID, "%s", problem.text);
    }
    if (!load_in_cluster(options, &config, e))
        return false;
    *out = config;
    config = (struct kube_config){0};
    return true;
}

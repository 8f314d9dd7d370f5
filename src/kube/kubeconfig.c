/* SPDX-License-Identifier: Apache-2.0 */
/* kubeconfig.c - the kubeconfig format: files merged, first value wins (C15). */
#include "config_parts.h"
#include "sluice/json/json.h"
#include "sluice/json/yaml.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX 32

/* A file of the list, read; and one named entry in it. */
struct file {
    const char *path;
    cJSON *doc; /* NULL: empty */
};

struct files {
    struct file at[FILES_MAX];
    size_t count;
};

struct entry {
    const char *path; /* the file it stands in: relative names start there */
    const cJSON *value;
};

/* Reads typed fields; the first one of a wrong type is the error. */
struct reader {
    struct kube_config *config;
    struct arena *a;
    struct entry from;
    struct err *e;
    bool failed;
};

static void release_files(struct files *files)
{
    for (size_t i = 0; i < files->count; i++)
        json_release(&files->at[i].doc);
}

static bool read_file(struct arena *a, const struct kubeconfig_text *text, struct files *files,
                      struct err *e)
{
    struct yaml_doc *docs = NULL;
    struct file *file = &files->at[files->count++];
    size_t count = 0;

    file->path = text->path;
    if (!yaml_read(a, text->text, text->len, &docs, &count, e))
        return err_wrap(e, "%s", text->path);
    if (count == 0)
        return true;
    if (count > 1)
        return err_set(e, ERR_INVALID, "%s: more than one document", text->path);
    file->doc = json_parse(docs[0].json, docs[0].json_len, e);
    config_wipe(docs[0].json, docs[0].json_len);
    if (!file->doc)
        return err_wrap(e, "%s", text->path);
    if ((file->doc->type & 0xff) != cJSON_Object)
        return err_set(e, ERR_INVALID, "%s: not a kubeconfig", text->path);
    return true;
}

static bool find_entry(const struct files *files, const char *list, const char *name,
                       const char *member, struct entry *out)
{
    for (size_t i = 0; i < files->count; i++)
        JSON_EACH(item, json_key(files->at[i].doc, list))
            if (str_equal(json_str(item, "name"), name)) {
                *out = (struct entry){.path = files->at[i].path, .value = json_key(item, member)};
                return true;
            }
    return false;
}

static const char *current_context(const struct files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        const char *name = json_str(files->at[i].doc, "current-context");
        if (!str_empty(name))
            return name;
    }
    return NULL;
}

/* --- typed fields ----------------------------------------------------------------------------- */

static void fail(struct reader *r, const char *key, const char *what)
{
    if (!r->failed)
        err_set(r->e, ERR_INVALID, "%s: %s %s", r->from.path, key, what);
    r->failed = true;
}

static bool is_string(const cJSON *item)
{
    return (item->type & 0xff) == cJSON_String;
}

/* Absent and empty are the same. Arena text. */
static const char *text(struct reader *r, const cJSON *o, const char *key)
{
    const cJSON *item = json_key(o, key);

    if (!item)
        return NULL;
    if (!is_string(item)) {
        fail(r, key, "is not text (quote it)");
        return NULL;
    }
    return item->valuestring[0] ? arena_strdup(r->a, item->valuestring) : NULL;
}

static bool flag(struct reader *r, const cJSON *o, const char *key)
{
    const cJSON *item = json_key(o, key);
    const int type = item ? item->type & 0xff : cJSON_False;

    if (type != cJSON_True && type != cJSON_False)
        fail(r, key, "is neither true nor false");
    return type == cJSON_True;
}

static const char *file_name(struct reader *r, const cJSON *o, const char *key)
{
    const char *name = text(r, o, key);

    return name ? config_relative(r->a, r->from.path, name) : NULL;
}

/* Base64, possibly broken into lines. */
static void decode(struct reader *r, const char *key, const char *base64, struct kube_pem *out)
{
    const size_t size = strlen(base64);
    char *joined = arena_alloc(r->a, size + 1);
    unsigned char *data;
    size_t len = 0, pad = 0;
    int n;

    for (const char *p = base64; *p; p++)
        if (!strchr(" \t\r\n", *p))
            joined[len++] = *p;
    while (pad < 2 && pad < len && joined[len - 1 - pad] == '=')
        pad++;
    /* OpenSSL takes a '=' anywhere, for zeros. */
    if (len == 0 || len % 4 != 0 || len > KUBE_PEM_BYTES_MAX || memchr(joined, '=', len - pad)) {
        fail(r, key, "is not base64");
        return;
    }
    data = arena_alloc(r->a, len / 4 * 3 + 1);
    n = EVP_DecodeBlock(data, (const unsigned char *)joined, (int)len);
    explicit_bzero(joined, len);
    if (n < (int)pad) {
        fail(r, key, "is not base64");
        return;
    }
    data[(size_t)n - pad] = '\0';
    out->data = (const char *)data;
    out->data_len = (size_t)n - pad;
}

static void pem(struct reader *r, const char *key, const char *data_key, struct kube_pem *out)
{
    const char *base64 = text(r, r->from.value, data_key);

    if (base64)
        decode(r, data_key, base64, out);
    else
        out->file = file_name(r, r->from.value, key);
}

static size_t count_of(struct reader *r, const cJSON *o, const char *key, const cJSON **list)
{
    *list = json_key(o, key);
    if (*list && ((*list)->type & 0xff) != cJSON_Array) {
        fail(r, key, "is not a list");
        *list = NULL;
    }
    return json_count(*list);
}

static const char *const *texts(struct reader *r, const cJSON *o, const char *key, size_t *count)
{
    const cJSON *list;
    const char **out = ARENA_ARRAY(r->a, const char *, count_of(r, o, key, &list));

    *count = 0;
    JSON_EACH(item, list) {
        if (is_string(item))
            out[(*count)++] = arena_strdup(r->a, item->valuestring);
        else
            fail(r, key, "holds something that is not text");
    }
    return out;
}

/* --- sections --------------------------------------------------------------------------------- */

static void read_cluster(struct reader *r)
{
    struct kube_config *config = r->config;
    const cJSON *o = r->from.value;

    config->server = text(r, o, "server");
    config->tls_server_name = text(r, o, "tls-server-name");
    config->insecure = flag(r, o, "insecure-skip-tls-verify");
    config->no_gzip = flag(r, o, "disable-compression");
    config->proxy_url = text(r, o, "proxy-url");
    pem(r, "certificate-authority", "certificate-authority-data", &config->ca);
}

/* A map of lists; how many texts there are in it. */
static size_t count_extra(struct reader *r, const cJSON *extra)
{
    size_t count = 0;

    if (extra && (extra->type & 0xff) != cJSON_Object)
        fail(r, "as-user-extra", "is not a map");
    JSON_EACH(key, extra) {
        const int type = key->type & 0xff;

        if (type != cJSON_Array && type != cJSON_NULL)
            fail(r, "as-user-extra", "holds something that is not a list");
        count += json_count(key);
    }
    return count;
}

static void read_extra(struct reader *r)
{
    const cJSON *extra = json_key(r->from.value, "as-user-extra");
    struct kube_pair *pairs = ARENA_ARRAY(r->a, struct kube_pair, count_extra(r, extra));

    JSON_EACH(key, extra)
        JSON_EACH(value, key)
            if (is_string(value))
                pairs[r->config->as_extra_count++] =
                    (struct kube_pair){.name = arena_strdup(r->a, key->string),
                                       .value = arena_strdup(r->a, value->valuestring)};
            else
                fail(r, "as-user-extra", "holds something that is not text");
    r->config->as_extra = pairs;
}

static void read_exec_env(struct reader *r, const cJSON *o, struct kube_exec *exec)
{
    const cJSON *list;
    struct kube_pair *env = ARENA_ARRAY(r->a, struct kube_pair, count_of(r, o, "env", &list));

    JSON_EACH(item, list) {
        const char *name = text(r, item, "name"), *value = text(r, item, "value");
        if (name)
            env[exec->env_count++] = (struct kube_pair){.name = name, .value = value ? value : ""};
        else
            fail(r, "exec.env", "has an entry without name");
    }
    exec->env = env;
}

static void check_exec(struct reader *r, const struct kube_exec *exec)
{
    const char *const mode = exec->interactive_mode;

    if (!exec->command)
        fail(r, "exec.command", "is not there");
    if (!str_equal(exec->api_version, "client.authentication.k8s.io/v1") &&
        !str_equal(exec->api_version, "client.authentication.k8s.io/v1beta1"))
        fail(r, "exec.apiVersion", "is neither client.authentication.k8s.io/v1 nor .../v1beta1");
    if (mode && !str_equal(mode, "Never") && !str_equal(mode, "IfAvailable") &&
        !str_equal(mode, "Always"))
        fail(r, "exec.interactiveMode", "is not Never, IfAvailable or Always");
    if (!kube_config_exec())
        fail(r, "exec",
             "is a credential plugin, which this program does not run: give it a "
             "token or a certificate");
}

static void read_exec(struct reader *r, const cJSON *o)
{
    struct kube_exec *exec = ARENA_NEW(r->a, struct kube_exec);

    exec->command = text(r, o, "command");
    if (exec->command && strchr(exec->command, '/'))
        exec->command = config_relative(r->a, r->from.path, exec->command);
    exec->args = texts(r, o, "args", &exec->arg_count);
    read_exec_env(r, o, exec);
    exec->api_version = text(r, o, "apiVersion");
    exec->interactive_mode = text(r, o, "interactiveMode");
    exec->provide_cluster_info = flag(r, o, "provideClusterInfo");
    exec->install_hint = text(r, o, "installHint");
    check_exec(r, exec);
    r->config->exec = exec;
}

/* `own_token`: a flag brings the token, plugins are not asked. */
static void read_user(struct reader *r, bool own_token)
{
    struct kube_config *config = r->config;
    const cJSON *o = r->from.value;

    pem(r, "client-certificate", "client-certificate-data", &config->cert);
    pem(r, "client-key", "client-key-data", &config->key);
    config->token.reveal = text(r, o, "token");
    config->token_file = file_name(r, o, "tokenFile");
    config->user = text(r, o, "username");
    config->password.reveal = text(r, o, "password");
    config->as = text(r, o, "as");
    config->as_uid = text(r, o, "as-uid");
    config->as_groups = texts(r, o, "as-groups", &config->as_group_count);
    read_extra(r);
    if (own_token)
        return;
    if (json_key(o, "exec"))
        read_exec(r, json_key(o, "exec"));
    if (json_key(o, "auth-provider"))
        fail(r, "auth-provider", "is no longer supported: use an exec plugin or a token");
}

/* --- together --------------------------------------------------------------------------------- */

/* Names the context uses, flags first. */
static bool choose(struct reader *r, const struct files *files,
                   const struct kube_config_options *options, const char **cluster,
                   const char **user)
{
    const char *name = str_empty(options->context) ? current_context(files) : options->context;
    const bool whole = !str_empty(options->server) || !str_empty(options->cluster);

    if (!name && !whole)
        return err_set(r->e, ERR_INVALID, "%s: no current-context: choose one with --context",
                       r->from.path);
    if (name) {
        if (!find_entry(files, "contexts", name, "context", &r->from))
            return err_set(r->e, ERR_INVALID, "%s: there is no context \"%s\"", r->from.path, name);
        r->config->context = arena_strdup(r->a, name);
        r->config->namespace = text(r, r->from.value, "namespace");
        *cluster = text(r, r->from.value, "cluster");
        *user = text(r, r->from.value, "user");
    }
    if (!str_empty(options->cluster))
        *cluster = options->cluster;
    if (!str_empty(options->user))
        *user = options->user;
    return !r->failed;
}

static bool read_sections(struct reader *r, const struct files *files,
                          const struct kube_config_options *options)
{
    const char *cluster = NULL, *user = NULL;

    if (!choose(r, files, options, &cluster, &user))
        return false;
    if (cluster && !find_entry(files, "clusters", cluster, "cluster", &r->from))
        return err_set(r->e, ERR_INVALID, "%s: there is no cluster \"%s\"", r->from.path, cluster);
    if (cluster)
        read_cluster(r);
    if (user && !find_entry(files, "users", user, "user", &r->from))
        return err_set(r->e, ERR_INVALID, "%s: there is no user \"%s\"", r->from.path, user);
    if (user)
        read_user(r, !str_empty(options->token));
    return !r->failed;
}

bool kubeconfig_read(const struct kubeconfig_text *list, size_t count,
                     const struct kube_config_options *options, struct kube_config *out,
                     struct err *e)
{
    CLEANUP(arena_release) struct arena scratch = {0};
    CLEANUP(release_files) struct files files = {0};
    CLEANUP(kube_config_release) struct kube_config config = {0};
    struct reader r = {.config = &config, .a = &config.arena, .e = e};

    if (count == 0 || count > FILES_MAX)
        return err_set(e, ERR_INVALID, "no kubeconfig, or more than %d", FILES_MAX);
    for (size_t i = 0; i < count; i++)
        if (!read_file(&scratch, &list[i], &files, e))
            return false;
    r.from.path = list[0].path;
    config.origin = arena_strdup(&config.arena, list[0].path);
    if (!read_sections(&r, &files, options))
        return false;
    config_apply_options(&config, options);
    if (!config_check(&config, e))
        return false;
    *out = config;
    config = (struct kube_config){0};
    return true;
}

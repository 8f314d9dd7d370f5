/* SPDX-License-Identifier: Apache-2.0 */
/* config.h - which API server, as whom: in-cluster or kubeconfig (C12 to C20).
 *
 * Loading reads files but opens no connection. Files that rotate (token, CA) are kept as paths;
 * the client reads them again (C13, C14). Error texts say what to do. */
#ifndef SLUICE_KUBE_CONFIG_H
#define SLUICE_KUBE_CONFIG_H

#include "sluice/base/arena.h"
#include "sluice/base/err.h"

#define KUBE_SERVICE_ACCOUNT_DIR "/var/run/secrets/kubernetes.io/serviceaccount"
#define KUBE_TOKEN_BYTES_MAX     (64 * 1024)
#define KUBE_PEM_BYTES_MAX       (4 * 1024 * 1024)

/* A credential: it has no printable form, `reveal` is easy to grep for (C21). */
struct secret {
    const char *reveal; /* NULL: none */
};

/* Text given inline (*-data, decoded) beats a file (C15). */
struct kube_pem {
    const char *data; /* NULL: none */
    size_t data_len;
    const char *file; /* NULL: none; absolute, or relative to the working directory */
};

struct kube_pair {
    const char *name, *value;
};

/* users[].user.exec, only for the CLI (C18). */
struct kube_exec {
    const char *command; /* resolved against the kubeconfig when it has a '/' */
    const char *const *args;
    size_t arg_count;
    const struct kube_pair *env;
    size_t env_count;
    const char *api_version;      /* client.authentication.k8s.io/v1 or v1beta1 */
    const char *interactive_mode; /* Never, IfAvailable, Always; NULL = IfAvailable */
    bool provide_cluster_info;
    const char *install_hint; /* shown when the command is not there */
};

struct kube_config {
    struct arena arena;    /* owns all that follows */
    const char *origin;    /* "in-cluster" or the kubeconfig's path: for messages */
    const char *context;   /* name of the context used, NULL in-cluster */
    const char *server;    /* "https://host:port[/prefix]", no '/' at the end */
    const char *namespace; /* "default" unless said */
    struct kube_pem ca, cert;
    struct kube_pem key;         /* data is a credential */
    const char *tls_server_name; /* NULL: the host of `server` (C16) */
    bool insecure;
    bool no_gzip;          /* disable-compression */
    const char *proxy_url; /* NULL: environment */
    struct secret token;
    const char *token_file; /* beats token (C15) */
    const char *user;       /* basic auth; NULL: none */
    struct secret password;
    const struct kube_exec *exec; /* NULL: none */
    /* Impersonation (C20). */
    const char *as, *as_uid;
    const char *const *as_groups;
    size_t as_group_count;
    const struct kube_pair *as_extra; /* one entry per value */
    size_t as_extra_count;
};

struct kube_config_options {
    const char *kubeconfig; /* --kubeconfig; NULL: $KUBECONFIG, else in-cluster when
                               KUBERNETES_SERVICE_HOST is set, else ~/.kube/config */
    bool in_cluster;        /* the operator: in-cluster or fail (unless kubeconfig is given) */
    const char *service_account_dir; /* NULL: KUBE_SERVICE_ACCOUNT_DIR; tests */
    const char *context, *cluster, *user, *namespace, *server, *token, *as, *as_uid;
    const char *const *as_groups;
    size_t as_group_count;
    bool insecure;
};

/* Fills `out` (release it with kube_config_release); untouched on failure. ERR_INVALID. */
bool kube_config_load(const struct kube_config_options *options, struct kube_config *out,
                      struct err *e) MUST_USE;
void kube_config_release(struct kube_config *config); /* wipes credentials */

/* The pure half: one or more kubeconfig texts, merged in order, first value wins (C15). `path`
 * of each is for messages and relative names; `out` as above. */
struct kubeconfig_text {
    const char *path, *text;
    size_t len;
};
bool kubeconfig_read(const struct kubeconfig_text *texts, size_t count,
                     const struct kube_config_options *options, struct kube_config *out,
                     struct err *e) MUST_USE;

/* What an exec plugin gave us. `token`, `cert`, `key` are owned (free with free()). */
struct kube_exec_result {
    char *token, *cert, *key;
    int64_t expires_ms; /* wall; 0 = never */
};
void kube_exec_result_release(struct kube_exec_result *r); /* wipes */
/* Runs the plugin and waits up to 60 s. No shell. In src/kube/exec.c, which only the CLI links:
 * the operator's seccomp profile forbids execve (C18). */
bool kube_exec_run(const struct kube_config *config, struct kube_exec_result *out,
                   struct err *e) MUST_USE;
typedef bool kube_exec_fn(const struct kube_config *config, struct kube_exec_result *out,
                          struct err *e);
/* The CLI calls kube_config_allow_exec(kube_exec_run) first thing; without it a user with `exec`
 * is refused with a clear text. */
void kube_config_allow_exec(kube_exec_fn *run);
kube_exec_fn *kube_config_exec(void); /* NULL: not allowed */

#endif

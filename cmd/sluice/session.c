/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"

#include "sluice/base/clock.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>

bool session_open(struct session *s, const struct options *o, struct err *e)
{
    const struct kube_config_options options = {
        .kubeconfig = o->kubeconfig,
        .context = o->context,
        .cluster = o->cluster,
        .user = o->user,
        .namespace = o->namespace,
        .server = o->server,
        .token = o->token,
        .as = o->as,
        .as_uid = o->as_uid,
        .as_groups = o->as_groups,
        .as_group_count = (size_t)o->as_group_count,
        .insecure = o->insecure,
    };

    *s = (struct session){0};
    kube_config_allow_exec(kube_exec_run);
    if (!kube_config_load(&options, &s->config, e))
        return false;
    s->configured = true;
    s->ns = s->config.namespace;
    s->loop = loop_new();
    s->client = kube_client_new(s->loop, &s->config, "cli", e);
    return s->client != NULL;
}

void session_close(struct session *s)
{
    if (s->client)
        kube_client_free(s->client);
    loop_free(s->loop);
    if (s->configured)
        kube_config_release(&s->config);
    *s = (struct session){0};
}

static void on_signal(int signo, void *arg)
{
    struct session *s = arg;

    (void)signo;
    s->interrupted = true;
    loop_stop(s->loop);
}

void session_catch_signals(struct session *s)
{
    loop_on_signal(s->loop, SIGINT, on_signal, s);
    loop_on_signal(s->loop, SIGTERM, on_signal, s);
}

static bool is_interrupted(void *arg)
{
    return ((struct session *)arg)->interrupted;
}

bool session_sleep(struct session *s, int64_t ms)
{
    return !loop_run_until(s->loop, is_interrupted, s, ms);
}

/* --- requests --------------------------------------------------------------------------------- */

static bool call(struct session *s, struct arena *a, const struct kube_request *req,
                 struct jslice *out, struct err *e)
{
    auto_reply struct kube_reply_owned reply = {0};

    if (!kube_call(s->client, req, &reply, e))
        return false;
    if (out)
        *out = (struct jslice){.p = arena_strndup(a, reply.body ? reply.body : "", reply.len),
                               .len = reply.len};
    return true;
}

bool session_get(struct session *s, struct arena *a, enum kube_kind kind, const char *ns,
                 const char *name, const char *query, struct jslice *out, struct err *e)
{
    const struct kube_request req = {
        .verb = KUBE_GET,
        .path = kube_path(a, kind, ns, name, NULL),
        .query = query,
        .max_bytes = name ? 0 : KUBE_LIST_BYTES_MAX,
    };

    return call(s, a, &req, out, e);
}

bool session_patch(struct session *s, struct arena *a, enum kube_kind kind, const char *name,
                   const char *body, struct jslice *out, struct err *e)
{
    const struct kube_request req = {
        .verb = KUBE_PATCH,
        .path = kube_path(a, kind, s->ns, name, NULL),
        .query = kube_query(a, "fieldManager", MANAGER_CLI, NULL),
        .content_type = KUBE_MERGE_PATCH,
        .body = body,
    };

    return call(s, a, &req, out, e);
}

/* --- names and errors ------------------------------------------------------------------------- */

const char *bare_name(const char *arg)
{
    static const char *const types[] = {"rollout", "rollouts", "rol", "rollout.sluice.dev",
                                        "rollouts.sluice.dev"};
    const char *slash = strchr(arg, '/');

    for (size_t i = 0; slash && i < COUNT(types); i++)
        if (strlen(types[i]) == (size_t)(slash - arg) &&
            strncmp(types[i], arg, (size_t)(slash - arg)) == 0)
            return slash + 1;
    return arg;
}

static const char *remedy(struct arena *a, const struct session *s, const struct err *e)
{
    switch (e->kind) {
    case ERR_NOT_FOUND:
        if (strstr(e->text, "could not find the requested resource"))
            return "Sluice is not installed in this cluster: apply its manifests, or choose "
                   "another --context";
        return arena_printf(a, "namespace %s was looked in: see sluice list -A",
                            s->ns ? s->ns : "default");
    case ERR_DENIED:
        return strstr(e->text, "deployments") ? "a restart patches the Deployment: that needs "
                                                "the role edit"
                                              : "ask for the role sluice-view to look, "
                                                "sluice-operate to act";
    case ERR_RETRY:
    case ERR_UNKNOWN:
        return s->configured ? arena_printf(a, "the server is %s, from %s", s->config.server,
                                            s->config.origin)
                             : "";
    case ERR_NONE:
    case ERR_CONFLICT:
    case ERR_EXISTS:
    case ERR_GONE:
    case ERR_QUOTA:
    case ERR_TERMINATING:
    case ERR_INVALID:
    case ERR_BUG:
    default:
        return "";
    }
}

const char *explain(struct arena *a, const struct session *s, const struct err *e)
{
    const char *more = remedy(a, s, e);

    return *more ? arena_printf(a, "%s (%s)", e->text, more) : arena_strdup(a, e->text);
}

int complain(const struct session *s, const struct err *e)
{
    struct arena a;

    arena_init(&a);
    fprintf(stderr, "error: %s\n", explain(&a, s, e));
    arena_release(&a);
    return EXIT_NOT_KNOWN;
}

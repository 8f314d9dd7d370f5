/* SPDX-License-Identifier: Apache-2.0 */
/* session.h - the connection of one command, and what it reads and writes of the cluster.
 *
 * Requests are waited for (kube/sync.h). Texts of errors are the server's own, completed by what
 * to do about them. */
#ifndef SLUICE_CMD_SESSION_H
#define SLUICE_CMD_SESSION_H

#include "cli.h"
#include "sluice/json/json.h"
#include "sluice/kube/sync.h"

struct manifests;

struct session {
    struct loop *loop;
    struct kube_config config;
    bool configured;
    struct kube_client *client;
    const char *ns;   /* of the flags, else of the context */
    bool interrupted; /* by a signal, once session_catch_signals was called */
};

bool session_open(struct session *s, const struct options *o, struct err *e) MUST_USE;
void session_close(struct session *s); /* a zeroed one is fine */
#define auto_session CLEANUP(session_close)
/* SIGINT and SIGTERM then end waits instead of the process. */
void session_catch_signals(struct session *s);
/* Waits, answering the loop; false when a signal came. */
bool session_sleep(struct session *s, int64_t ms);

/* One object, or a list when `name` is NULL. `ns` NULL: all namespaces. Text in the arena. */
bool session_get(struct session *s, struct arena *a, enum kube_kind kind, const char *ns,
                 const char *name, const char *query, struct jslice *out, struct err *e) MUST_USE;
/* Merge patch with fieldManager sluice-cli; the object as it is then, when `out` is not NULL. */
bool session_patch(struct session *s, struct arena *a, enum kube_kind kind, const char *name,
                   const char *body, struct jslice *out, struct err *e) MUST_USE;

/* What to load of a world besides the Rollout and its Deployment. */
enum world_part {
    WORLD_PODS = 1,    /* ReplicaSets and pods */
    WORLD_TRAFFIC = 2, /* Services, EndpointSlices, routes, fence: what the planner needs too */
};
/* NULL when the Rollout itself cannot be read (`e`). What else cannot be read is left out and told
 * in `trouble` (arena text, NULL: nothing). */
struct world *world_load(struct session *s, struct arena *a, const char *name, unsigned parts,
                         const char **trouble, struct err *e);
/* The same for a Rollout that is known already: its status decides nothing new here. */
struct world *world_around(struct session *s, struct arena *a, const struct rollout *r,
                           unsigned parts, const char **trouble);

/* "web" of "web", "rol/web", "rollout.sluice.dev/web". */
const char *bare_name(const char *arg);
/* Writes "error: ..." with a remedy to stderr, gives EXIT_NOT_KNOWN. */
int complain(const struct session *s, const struct err *e);
/* The error's text with what to do about it. */
const char *explain(struct arena *a, const struct session *s, const struct err *e);
/* A screen for standard output: its width, colour if it is a terminal, flags for commands. */
void screen_for(struct screen *s, const struct cli *cli, const struct session *session);
/* Writes it out and releases it. */
void screen_show(struct screen *s);
bool on_terminal(void);
/* False: an API server would refuse what the files say, and standard error shows it as lint does.
 */
bool files_admissible(struct cli *cli, struct manifests *m);

#endif

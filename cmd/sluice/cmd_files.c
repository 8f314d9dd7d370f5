/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_files.c - plan and lint: what manifests say before anything is applied. */
#include "lint.h"
#include "session.h"
#include "words.h"

#include "sluice/base/clock.h"
#include "sluice/base/file.h"
#include "sluice/model/validate.h"
#include "sluice/plan/plan.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Broken YAML is a finding; a file that cannot be opened is an error of its own. */
static bool add_files(struct manifests *m, const struct options *o)
{
    bool ok = true;

    for (int i = 0; i < o->file_count; i++) {
        auto_free char *text = NULL;
        size_t len = 0;
        struct err e = {0};

        if (file_read(o->files[i], MANIFEST_BYTES_MAX, &text, &len, &e)) {
            manifests_add(m, o->files[i], text, len);
            continue;
        }
        fprintf(stderr, "error: %s\n", e.text);
        ok = false;
    }
    return ok;
}

/* --- lint ------------------------------------------------------------------------------------- */

struct live_world {
    struct session *s;
    struct manifests *m;
    bool denied; /* something could not be read */
};

/* The cluster's objects, and in their place those of the files, which are about to be applied. */
static const struct world *in_cluster(void *arg, const struct manifest *rollout)
{
    struct live_world *l = arg;
    const struct world *files = manifests_world(l->m, rollout);
    const char *trouble = NULL;
    const char *ns = l->s->ns;
    struct world *w;

    if (*rollout->ns)
        l->s->ns = rollout->ns;
    w = world_around(l->s, &l->m->a, files->rollout, WORLD_TRAFFIC, &trouble);
    l->s->ns = ns;
    if (files->dep)
        w->dep = files->dep;
    if (files->service_count) {
        const struct service **all =
            ARENA_ARRAY(&l->m->a, const struct service *, files->service_count + w->service_count);
        memcpy(all, files->services, files->service_count * sizeof(*all));
        memcpy(all + files->service_count, w->services, w->service_count * sizeof(*all));
        w->services = all;
        w->service_count += files->service_count;
    }
    if (files->route_count) {
        w->routes = files->routes;
        w->route_count = files->route_count;
    }
    if (trouble) {
        fprintf(stderr, "warning: not all could be read: %s\n", trouble);
        w->offline = true; /* then a missing object may only be one that may not be seen */
    }
    return w;
}

static int lint(struct cli *cli, struct manifests *m, struct session *s)
{
    struct live_world live = {.s = s, .m = m};
    struct screen screen;
    struct lint l;
    int code;

    lint_init(&l, m);
    if (s) {
        l.world = in_cluster;
        l.world_arg = &live;
    }
    lint_files(&l);
    screen_for(&screen, cli, NULL);
    screen_lint(&screen, &l);
    screen_show(&screen);
    code = l.errors ? EXIT_NOT_KNOWN : EXIT_GOOD;
    lint_release(&l);
    return code;
}

int cmd_lint(struct cli *cli)
{
    auto_session struct session s = {0};
    struct manifests m;
    struct err e = {0};
    int code;

    if (!cli->opt.file_count) {
        fprintf(stderr, "error: must specify -f: the files to check\n");
        return EXIT_USAGE;
    }
    if (cli->opt.live && !session_open(&s, &cli->opt, &e))
        return complain(&s, &e);
    manifests_init(&m);
    code = add_files(&m, &cli->opt) ? EXIT_GOOD : EXIT_NOT_KNOWN;
    if (m.file_count && lint(cli, &m, cli->opt.live ? &s : NULL) != EXIT_GOOD)
        code = EXIT_NOT_KNOWN;
    manifests_release(&m);
    return code;
}

/* --- plan ------------------------------------------------------------------------------------- */

static int no_size(const struct cli *cli, const struct rollout *r, const char *why)
{
    (void)cli;
    fprintf(
        stderr,
        "error: how many replicas? Deployment %s is not in the files and not in the cluster%s%s: "
        "add its manifest with -f, or give --replicas N\n",
        str_name(r->spec.target), why ? ": " : "", why ? why : "");
    return EXIT_NOT_KNOWN;
}

/* --replicas wins over what is known. */
static void resize(struct arena *a, struct world *w, const char *replicas)
{
    struct deployment *d = ARENA_NEW(a, struct deployment);

    if (w->dep)
        *d = *w->dep;
    else
        *d = (struct deployment){.max_surge = "25%", .max_unavailable = "25%"};
    d->replicas = words_number(replicas);
    w->dep = d;
}

static void draw_plan(struct cli *cli, const struct session *s, const struct world *w, bool next)
{
    struct screen screen;

    screen_for(&screen, cli, s);
    screen_plan(&screen, w);
    if (next)
        screen_plan_next(&screen, plan_rollout(&cli->a, w, clock_wall_ms()));
    screen_show(&screen);
}

bool files_admissible(struct cli *cli, struct manifests *m)
{
    struct screen screen;
    struct lint l;
    bool ok;

    lint_init(&l, m);
    lint_objects(&l);
    ok = l.errors == 0;
    if (!ok) {
        screen_for(&screen, cli, NULL);
        screen_lint(&screen, &l);
        fprintf(stderr, "%serror: an API server would refuse these files: correct them first\n",
                screen_text(&screen));
        screen_release(&screen);
    }
    lint_release(&l);
    return ok;
}

/* A Rollout with errors has no steps to show: they are named instead. */
static bool valid(struct cli *cli, struct manifests *m, const struct manifest *d)
{
    const struct finding *findings = NULL;
    const size_t count = validate_manifest(&m->a, d->json, &findings);
    size_t errors = 0;
    struct screen screen;

    for (size_t i = 0; i < count; i++)
        errors += !findings[i].warning;
    if (!errors)
        return true;
    screen_for(&screen, cli, NULL);
    put_findings(&screen, findings, count, SIZE_MAX);
    fprintf(stderr, "%serror: Rollout %s has %zu error%s: see sluice lint\n", screen_text(&screen),
            d->name, errors, errors == 1 ? "" : "s");
    screen_release(&screen);
    return false;
}

/* Where the files do not hold the Deployment, the cluster is asked for it, if there is one. */
static const char *deployment_from_cluster(struct cli *cli, const struct manifest *d,
                                           struct world *w)
{
    auto_session struct session s = {0};
    const char *trouble = NULL;
    struct err e = {0};

    if (!session_open(&s, &cli->opt, &e))
        return arena_strdup(&cli->a, e.text);
    if (*d->ns)
        s.ns = d->ns;
    w->dep = world_around(&s, &cli->a, w->rollout, 0, &trouble)->dep;
    return trouble;
}

static int plan_doc(struct cli *cli, struct manifests *m, const struct manifest *d)
{
    struct world w = *manifests_world(m, d);
    const char *why = NULL;

    if (!valid(cli, m, d))
        return EXIT_NOT_KNOWN;
    if (!w.dep && !cli->opt.replicas)
        why = deployment_from_cluster(cli, d, &w);
    if (!w.dep && !cli->opt.replicas)
        return no_size(cli, w.rollout, why);
    if (cli->opt.replicas)
        resize(&cli->a, &w, cli->opt.replicas);
    draw_plan(cli, NULL, &w, false);
    return EXIT_GOOD;
}

static int plan_docs(struct cli *cli, struct manifests *m)
{
    int code = EXIT_GOOD, plans = 0;

    for (size_t i = 0; i < m->doc_count; i++) {
        if (!manifest_is_rollout(&m->docs[i]) ||
            (cli->opt.arg_count && !str_equal(m->docs[i].name, bare_name(cli->opt.args[0]))))
            continue;
        if (plans++)
            printf("\n");
        fflush(stdout);
        if (plan_doc(cli, m, &m->docs[i]) != EXIT_GOOD)
            code = EXIT_NOT_KNOWN;
    }
    if (plans)
        return code;
    fprintf(stderr, "error: no Rollout of sluice.dev is in these files\n");
    return EXIT_NOT_KNOWN;
}

static int plan_files(struct cli *cli)
{
    struct manifests m;
    int code = EXIT_GOOD;

    manifests_init(&m);
    if (!add_files(&m, &cli->opt))
        code = EXIT_NOT_KNOWN;
    for (size_t i = 0; i < m.file_count; i++)
        if (m.files[i].broken) {
            fprintf(stderr, "error: %s: %s\n", m.files[i].name, m.files[i].broken);
            code = EXIT_NOT_KNOWN;
        }
    if (!files_admissible(cli, &m) || plan_docs(cli, &m) != EXIT_GOOD)
        code = EXIT_NOT_KNOWN;
    manifests_release(&m);
    return code;
}

static int plan_live(struct cli *cli)
{
    auto_session struct session s = {0};
    const char *trouble = NULL;
    struct err e = {0};
    struct world *w = NULL;
    const bool next = cli->opt.verbose && !cli->opt.replicas;

    if (session_open(&s, &cli->opt, &e))
        w = world_load(&s, &cli->a, bare_name(cli->opt.args[0]),
                       next ? WORLD_PODS | WORLD_TRAFFIC : 0, &trouble, &e);
    if (!w)
        return complain(&s, &e);
    if (!w->dep && !cli->opt.replicas)
        return no_size(cli, w->rollout, trouble);
    if (cli->opt.replicas)
        resize(&cli->a, w, cli->opt.replicas);
    draw_plan(cli, &s, w, next);
    if (trouble)
        fprintf(stderr, "warning: not all could be read: %s\n", trouble);
    return EXIT_GOOD;
}

int cmd_plan(struct cli *cli)
{
    if (cli->opt.file_count)
        return plan_files(cli);
    if (cli->opt.arg_count)
        return plan_live(cli);
    fprintf(stderr, "error: plan needs -f FILE, or the NAME of a Rollout in the cluster\n");
    return EXIT_USAGE;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_simulate.c - simulate: files in, what would happen out. */
#include "lapse.h"
#include "session.h"

#include "sluice/base/file.h"
#include <stdio.h>

#define SCENARIO_BYTES_MAX (64u * 1024)

static bool add_files(struct manifests *m, const struct options *o)
{
    for (int i = 0; i < o->file_count; i++) {
        auto_free char *text = NULL;
        size_t len = 0;
        struct err e = {0};

        if (!file_read(o->files[i], MANIFEST_BYTES_MAX, &text, &len, &e)) {
            fprintf(stderr, "error: %s\n", e.text);
            return false;
        }
        manifests_add(m, o->files[i], text, len);
    }
    for (size_t i = 0; i < m->file_count; i++)
        if (m->files[i].broken) {
            fprintf(stderr, "error: %s: %s\n", m->files[i].name, m->files[i].broken);
            return false;
        }
    return true;
}

/* The one that is named, or the only one. */
static const struct manifest *the_rollout(const struct manifests *m, const struct options *o)
{
    const struct manifest *found = NULL;
    const char *name = o->arg_count ? bare_name(o->args[0]) : NULL;

    for (size_t i = 0; i < m->doc_count; i++) {
        const struct manifest *d = &m->docs[i];
        if (!manifest_is_rollout(d) || (name && !str_equal(d->name, name)))
            continue;
        if (found) {
            fprintf(stderr, "error: there are several Rollouts: name one of them\n");
            return NULL;
        }
        found = d;
    }
    if (!found)
        fprintf(stderr, "error: no Rollout %s%sof sluice.dev is in these files\n", name ? name : "",
                name ? " " : "");
    return found;
}

static void show(struct cli *cli, const struct lapse *l)
{
    auto_strbuf struct strbuf out = {.max = SCREEN_BYTES_MAX};
    struct screen s;

    if (cli->opt.output == OUTPUT_SCREEN) {
        screen_for(&s, cli, NULL);
        screen_lapse(&s, l);
        screen_show(&s);
        return;
    }
    if (cli->opt.output == OUTPUT_HTML)
        lapse_html(&out, l);
    else
        lapse_json(&out, l);
    fputs(strbuf_str(&out), stdout);
}

static int simulate(struct cli *cli, struct manifests *m)
{
    auto_free char *scenario = NULL;
    const struct manifest *rollout;
    struct lapse l;
    struct err e = {0};
    size_t len = 0;
    int code = EXIT_NOT_KNOWN;

    if (!add_files(m, &cli->opt) || !files_admissible(cli, m) ||
        !(rollout = the_rollout(m, &cli->opt)))
        return EXIT_NOT_KNOWN;
    if (cli->opt.scenario &&
        !file_read(cli->opt.scenario, SCENARIO_BYTES_MAX, &scenario, &len, &e)) {
        fprintf(stderr, "error: %s\n", e.text);
        return EXIT_NOT_KNOWN;
    }
    if (lapse_run(&l, m, rollout, scenario, &e)) {
        show(cli, &l);
        code = l.broken ? EXIT_NOT_KNOWN : (int)l.code;
    } else {
        fprintf(stderr, "error: %s\n", e.text);
    }
    lapse_release(&l);
    return code;
}

int cmd_simulate(struct cli *cli)
{
    struct manifests m;
    int code;

    if (!cli->opt.file_count) {
        fprintf(stderr, "error: must specify -f: the Rollout and its Deployment\n");
        return EXIT_USAGE;
    }
    manifests_init(&m);
    code = simulate(cli, &m);
    manifests_release(&m);
    return code;
}

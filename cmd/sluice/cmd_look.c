/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_look.c - get, list, history, traffic. */
#include "follow.h"
#include "live.h"

#include "sluice/base/clock.h"
#include "sluice/kube/watch.h"
#include <stdio.h>
#include <string.h>

#define REFRESH_MS  INT64_C(2000) /* pods move without the Rollout's status moving */
#define TICK_MS     INT64_C(1000) /* "for 6m 41s" */
#define EXIT_SIGNAL 130

/* --- list ------------------------------------------------------------------------------------- */

struct rows {
    struct arena *a;
    const struct rollout **rollouts;
    size_t count, cap;
};

static bool add_row(struct jslice item, void *arg)
{
    struct rows *r = arg;
    struct err e = {0};
    auto_json cJSON *o = kube_object_parse(item.p, item.len, &e);

    if (!o)
        return true;
    if (r->count == r->cap) {
        const struct rollout **more;
        r->cap = r->cap ? r->cap * 2 : 32;
        more = ARENA_ARRAY(r->a, const struct rollout *, r->cap);
        if (r->count)
            memcpy(more, r->rollouts, r->count * sizeof(*more));
        r->rollouts = more;
    }
    r->rollouts[r->count++] = rollout_read(r->a, o, item.p, item.len);
    return true;
}

static void show_list(struct cli *cli, const struct session *s, struct jslice list)
{
    const bool everywhere = cli->opt.all_namespaces;
    struct rows rows = {.a = &cli->a};
    struct screen screen;

    json_slice_each(json_slice(list.p, list.len, "items"), add_row, &rows);
    if (!rows.count) {
        fprintf(stderr,
                everywhere ? "No resources found\n" : "No resources found in %s namespace.\n",
                s->ns);
        return;
    }
    if (cli->opt.output == OUTPUT_NAME) {
        for (size_t i = 0; i < rows.count; i++)
            printf("rollout.sluice.dev/%s\n", rows.rollouts[i]->meta.name);
        return;
    }
    screen_for(&screen, cli, s);
    screen_list(&screen, rows.rollouts, rows.count, everywhere, cli->opt.output == OUTPUT_WIDE);
    screen_show(&screen);
}

int cmd_list(struct cli *cli)
{
    auto_session struct session s = {0};
    struct jslice list = {0};
    struct err e = {0};

    if (!session_open(&s, &cli->opt, &e) ||
        !session_get(&s, &cli->a, KIND_ROLLOUT, cli->opt.all_namespaces ? NULL : s.ns, NULL,
                     kube_query(&cli->a, "labelSelector", cli->opt.selector, NULL), &list, &e))
        return complain(&s, &e);
    if (cli->opt.output == OUTPUT_JSON || cli->opt.output == OUTPUT_YAML)
        print_list(&cli->a, cli->opt.output, list);
    else
        show_list(cli, &s, list);
    return EXIT_GOOD;
}

/* --- one object ------------------------------------------------------------------------------- */

static int print_one(struct cli *cli, struct session *s, const char *name)
{
    struct jslice object = {0};
    struct err e = {0};

    if (!session_get(s, &cli->a, KIND_ROLLOUT, s->ns, name, NULL, &object, &e))
        return complain(s, &e);
    if (cli->opt.output == OUTPUT_NAME)
        printf("rollout.sluice.dev/%s\n", name);
    else
        print_object(&cli->a, cli->opt.output, object);
    return EXIT_GOOD;
}

typedef void draw_fn(struct screen *screen, const struct world *w, const char *trouble);

static int show_one(struct cli *cli, struct session *s, const char *name, unsigned parts,
                    draw_fn *draw)
{
    const char *trouble = NULL;
    struct err e = {0};
    const struct world *w = world_load(s, &cli->a, name, parts, &trouble, &e);
    struct screen screen;

    if (!w)
        return complain(s, &e);
    screen_for(&screen, cli, s);
    draw(&screen, w, trouble);
    screen_show(&screen);
    return EXIT_GOOD;
}

/* --- get -w ----------------------------------------------------------------------------------- */

struct watching {
    struct cli *cli;
    struct session *s;
    const char *name;
    struct arena a; /* of the look at hand */
    const struct world *w;
    const char *trouble;
    struct live live;
    struct err e;
};

static bool look(struct watching *v)
{
    struct arena fresh;
    const char *trouble = NULL;
    const struct world *w;

    arena_init(&fresh);
    w = world_load(v->s, &fresh, v->name, WORLD_PODS, &trouble, &v->e);
    if (!w || v->s->interrupted) { /* half a look is none */
        arena_release(&fresh);
        return false;
    }
    arena_release(&v->a);
    v->a = fresh;
    v->w = w;
    v->trouble = trouble;
    return true;
}

static void draw(struct watching *v)
{
    struct screen screen;

    screen_for(&screen, v->cli, v->s);
    screen_get(&screen, v->w, v->trouble);
    live_draw(&v->live, screen_text(&screen));
    screen_release(&screen);
}

/* On a terminal times run on; elsewhere only news are worth a line. */
static int watch_loop(struct watching *v, struct follow *f)
{
    const int64_t step = v->live.terminal ? TICK_MS : INT64_C(60000);
    int64_t looked = clock_mono_ms();

    for (;;) {
        const enum followed is = follow_wait(f, step);
        const bool due = v->live.terminal && clock_mono_ms() - looked >= REFRESH_MS;

        if (is == FOLLOW_STOPPED)
            return EXIT_SIGNAL;
        if (is == FOLLOW_CHANGED || is == FOLLOW_GONE || due) {
            /* A moment without the server is no reason to give up looking. */
            if (!look(v) && v->e.kind == ERR_NOT_FOUND)
                return EXIT_NOT_KNOWN;
            if (v->s->interrupted)
                return EXIT_SIGNAL;
            looked = clock_mono_ms();
        }
        if (v->live.terminal || is == FOLLOW_CHANGED)
            draw(v);
        if (v->live.closed)
            return EXIT_GOOD;
    }
}

static int watch_one(struct cli *cli, struct session *s, const char *name)
{
    struct watching v = {.cli = cli, .s = s, .name = name};
    struct follow f;
    int code;

    if (!look(&v))
        return complain(s, &v.e);
    session_catch_signals(s);
    live_init(&v.live);
    draw(&v);
    follow_begin(&f, s, name);
    code = watch_loop(&v, &f);
    follow_end(&f);
    live_end(&v.live);
    arena_release(&v.a);
    if (code == EXIT_NOT_KNOWN)
        complain(s, &v.e);
    return code;
}

int cmd_get(struct cli *cli)
{
    const struct options *o = &cli->opt;
    auto_session struct session s = {0};
    struct err e = {0};
    const char *name;

    if (o->watch && (!o->arg_count || o->output != OUTPUT_SCREEN)) {
        fprintf(stderr, "error: -w shows the screen of one Rollout: give its NAME and leave -o "
                        "out\n");
        return EXIT_USAGE;
    }
    if (!o->arg_count)
        return cmd_list(cli);
    name = bare_name(o->args[0]);
    if (!session_open(&s, o, &e))
        return complain(&s, &e);
    if (o->watch)
        return watch_one(cli, &s, name);
    if (o->output == OUTPUT_SCREEN || o->output == OUTPUT_WIDE)
        return show_one(cli, &s, name, WORLD_PODS, screen_get);
    return print_one(cli, &s, name);
}

/* --- history, traffic ------------------------------------------------------------------------- */

static void draw_history(struct screen *screen, const struct world *w, const char *trouble)
{
    (void)trouble;
    screen_history(screen, w);
}

static void draw_traffic(struct screen *screen, const struct world *w, const char *trouble)
{
    (void)trouble;
    screen_traffic(screen, w);
}

static int show(struct cli *cli, draw_fn *how)
{
    auto_session struct session s = {0};
    struct err e = {0};

    if (!session_open(&s, &cli->opt, &e))
        return complain(&s, &e);
    return show_one(cli, &s, bare_name(cli->opt.args[0]), 0, how);
}

int cmd_history(struct cli *cli)
{
    return show(cli, draw_history);
}

int cmd_traffic(struct cli *cli)
{
    return show(cli, draw_traffic);
}

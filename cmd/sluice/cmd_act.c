/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_act.c - approve, skip, promote, abort, retry, undo; pause, resume; restart.
 *
 * Only spec.action and spec.paused are written; a command waits for the controller's answer. */
#include "act.h"
#include "session.h"

#include "sluice/base/clock.h"
#include "sluice/kube/watch.h"
#include <stdio.h>
#include <string.h>

#define ANSWER_MS    INT64_C(5000)
#define ASK_EVERY_MS INT64_C(200)

struct acting {
    struct cli *cli;
    struct session s;
    const char *name;
    const struct world *w; /* as the person saw it */
    struct facts f;
};

static bool begin(struct acting *v, struct cli *cli, struct err *e)
{
    const char *trouble = NULL;

    *v = (struct acting){.cli = cli, .name = bare_name(cli->opt.args[0])};
    if (!session_open(&v->s, &cli->opt, e))
        return false;
    v->w = world_load(&v->s, &cli->a, v->name, 0, &trouble, e);
    if (!v->w)
        return false;
    facts_of(v->w, &v->f);
    return true;
}

static void say(const char *line)
{
    struct screen s; /* its door for control bytes */

    screen_init(&s, WIDTH_MAX, 0);
    put(&s, line);
    puts(screen_text(&s));
    screen_release(&s);
}

static int refuse(const char *why)
{
    fprintf(stderr, "error: %s\n", why);
    return EXIT_NOT_KNOWN;
}

/* --- waiting for an answer -------------------------------------------------------------------- */

typedef bool answered_fn(struct acting *v, const struct facts *now, void *arg);

/* True when `answered` says so within five seconds. The looks end in the command's arena. */
static bool wait_answer(struct acting *v, answered_fn *answered, void *arg, struct err *e)
{
    const int64_t until = clock_mono_ms() + ANSWER_MS;

    do {
        struct jslice text = {0};
        auto_json cJSON *o = NULL;
        struct world w = {0};
        struct facts now;

        if (session_get(&v->s, &v->cli->a, KIND_ROLLOUT, v->s.ns, v->name, NULL, &text, e))
            o = kube_object_parse(text.p, text.len, e);
        if (o) {
            w.rollout = rollout_read(&v->cli->a, o, text.p, text.len);
            facts_of(&w, &now);
            if (answered(v, &now, arg))
                return true;
        }
    } while (session_sleep(&v->s, ASK_EVERY_MS) && clock_mono_ms() < until);
    return false;
}

/* --- verbs ------------------------------------------------------------------------------------ */

struct asking {
    struct order order;
    char id[ACTION_ID_MAX];
    bool accepted;
    const char *line;
};

static bool verb_answered(struct acting *v, const struct facts *now, void *arg)
{
    struct asking *q = arg;

    q->line = answer_said(&v->cli->a, &v->f, now, &q->order, q->id, &q->accepted);
    return q->line != NULL;
}

static int give(struct acting *v, struct asking *q, struct err *e)
{
    struct arena *a = &v->cli->a;

    action_id(q->id);
    if (!session_patch(&v->s, a, KIND_ROLLOUT, v->name, order_patch(a, &q->order, q->id), NULL, e))
        return complain(&v->s, e);
    if (!wait_answer(v, verb_answered, q, e))
        return refuse(arena_printf(a,
                                   "%s: no answer within 5s; the command is written and will be "
                                   "answered when the controller runs: sluice get %s",
                                   v->name, v->name));
    if (!q->accepted)
        return refuse(q->line);
    say(q->line);
    return EXIT_GOOD;
}

int cmd_verb(struct cli *cli)
{
    const struct options *o = &cli->opt;
    struct asking q = {0};
    struct acting v = {0};
    const char *why = NULL;
    struct err e = {0};
    int code;

    if (!begin(&v, cli, &e))
        code = complain(&v.s, &e);
    else if (!order_of(&cli->a, &v.f, cli->command->verb, o->revision, o->step, &q.order, &why))
        code = refuse(why);
    else
        code = give(&v, &q, &e);
    session_close(&v.s);
    return code;
}

/* --- pause, resume ---------------------------------------------------------------------------- */

static bool seen(struct acting *v, const struct facts *now, void *arg)
{
    (void)v;
    return now->st->observed_generation >= *(const int64_t *)arg;
}

static const char *where_said(struct arena *a, const struct facts *f)
{
    return f->flight ? arena_printf(a, " at step %d/%d", f->step, f->step_count) : "";
}

static int set_paused(struct acting *v, bool paused, struct err *e)
{
    struct arena *a = &v->cli->a;
    const char *name = v->name, *done = paused ? "paused" : "resumed";
    struct jslice text = {0};
    auto_json cJSON *o = NULL;
    int64_t generation;

    if (v->f.paused == paused) {
        say(arena_printf(a, "%s: %s", name, paused ? "is paused already" : "is not paused"));
        return EXIT_GOOD;
    }
    if (!session_patch(&v->s, a, KIND_ROLLOUT, name, pause_patch(a, paused), &text, e))
        return complain(&v->s, e);
    o = kube_object_parse(text.p, text.len, e);
    generation = json_i64(o, "metadata.generation", 0);
    if (!wait_answer(v, seen, &generation, e))
        return refuse(arena_printf(a,
                                   "%s: %s is written, but the controller has not seen it within "
                                   "5s: sluice get %s",
                                   name, done, name));
    say(arena_printf(a, "%s: %s%s%s%s", name, done, where_said(a, &v->f),
                     paused ? "; go on with sluice resume " : "", paused ? name : ""));
    return EXIT_GOOD;
}

static int pause_or_resume(struct cli *cli, bool paused)
{
    struct acting v = {0};
    struct err e = {0};
    const int code = begin(&v, cli, &e) ? set_paused(&v, paused, &e) : complain(&v.s, &e);

    session_close(&v.s);
    return code;
}

int cmd_pause(struct cli *cli)
{
    return pause_or_resume(cli, true);
}

int cmd_resume(struct cli *cli)
{
    return pause_or_resume(cli, false);
}

/* --- restart ---------------------------------------------------------------------------------- */

int cmd_restart(struct cli *cli)
{
    struct arena *a = &cli->a;
    struct acting v = {0};
    const char *why = NULL;
    struct err e = {0};
    int code = EXIT_GOOD;

    if (!begin(&v, cli, &e))
        code = complain(&v.s, &e);
    else if ((why = restart_refused(a, &v.f)))
        code = refuse(why);
    else if (!session_patch(&v.s, a, KIND_DEPLOYMENT, v.f.spec->target,
                            restart_patch(a, clock_wall_ms()), NULL, &e))
        code = complain(&v.s, &e);
    else
        say(arena_printf(a,
                         "%s: Deployment %s has a new template; follow its release: sluice status "
                         "%s",
                         v.name, v.f.spec->target, v.name));
    session_close(&v.s);
    return code;
}

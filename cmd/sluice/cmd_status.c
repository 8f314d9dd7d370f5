/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_status.c - `sluice status`: waits for the end of a release; its exit code is its answer. */
#include "follow.h"
#include "words.h"

#include "sluice/base/clock.h"
#include <stdio.h>
#include <string.h>

#define LOOK_AGAIN_MS INT64_C(10000) /* the Deployment may change without the Rollout */
#define FLEETING_MS   INT64_C(2000)
#define EXIT_SIGNAL   130

struct waiting {
    struct cli *cli;
    struct session s;
    const char *name;
    struct vigil vigil;
    struct arena a; /* of the look at hand */
    const struct world *w;
    char said[512];      /* the last line written */
    int64_t fleeting_ms; /* since when there was nothing worth a line, monotonic; 0: not so */
    struct err e;
};

static bool look(struct waiting *v, struct outlook *out)
{
    const char *trouble = NULL;
    const struct world *w;
    struct arena fresh;

    arena_init(&fresh);
    w = world_load(&v->s, &fresh, v->name, 0, &trouble, &v->e);
    if (!w) {
        arena_release(&fresh);
        return false;
    }
    arena_release(&v->a);
    v->a = fresh;
    v->w = w;
    *out = outlook_of(&v->a, v->w, &v->vigil, clock_wall_ms());
    return true;
}

/* Each line once; the last one written is the answer. */
static void say(struct waiting *v, const char *line)
{
    struct screen s; /* its door for control bytes */

    if (strncmp(v->said, line, sizeof(v->said) - 1) == 0)
        return;
    snprintf(v->said, sizeof(v->said), "%s", line);
    screen_init(&s, WIDTH_MAX, 0);
    put(&s, line);
    puts(screen_text(&s));
    fflush(stdout);
    screen_release(&s);
}

/* What is between two states is said when it stays so, or when it is the answer. */
static void say_outlook(struct waiting *v, const struct outlook *out, bool last)
{
    const int64_t now = clock_mono_ms();

    if (!out->fleeting || last) {
        v->fleeting_ms = 0;
        say(v, out->line);
    } else if (!v->fleeting_ms) {
        v->fleeting_ms = now;
    } else if (now - v->fleeting_ms >= FLEETING_MS) {
        say(v, out->line);
    }
}

static int cannot_tell(struct waiting *v)
{
    say(v, arena_printf(&v->a, "%s: %s", v->name, explain(&v->a, &v->s, &v->e)));
    return EXIT_NOT_KNOWN;
}

/* Does the wait go on? */
static bool goes_on(const struct waiting *v, enum exit_code code)
{
    const struct options *o = &v->cli->opt;

    if (o->watch_given && !o->watch)
        return false;
    return code == EXIT_IN_FLIGHT || (code == EXIT_PERSON && !o->fail_on_wait);
}

/* What is left of --timeout, at most `ms`; 0: none. */
static int64_t left(const struct waiting *v, int64_t began, int64_t ms)
{
    const int64_t timeout = v->cli->opt.timeout_ms;

    return timeout ? min_i64(ms, max_i64(began + timeout - clock_mono_ms(), 0)) : ms;
}

/* A server that is away for a moment ends no wait; that the object or the right is gone does. */
static bool fleeting(const struct err *e)
{
    return e->kind == ERR_RETRY || e->kind == ERR_UNKNOWN;
}

static int wait_for_end(struct waiting *v, struct outlook out)
{
    const int64_t began = clock_mono_ms();
    struct follow f;

    follow_begin(&f, &v->s, v->name);
    while (goes_on(v, out.code)) {
        const int64_t ms = left(v, began, v->fleeting_ms ? FLEETING_MS : LOOK_AGAIN_MS);

        if (ms == 0) {
            say(v, outlook_timeout(&v->a, v->w, v->cli->opt.timeout_ms));
            out.code = EXIT_TIMEOUT;
            break;
        }
        if (follow_wait(&f, ms) == FOLLOW_STOPPED) {
            out.code = (enum exit_code)EXIT_SIGNAL;
            break;
        }
        if (!look(v, &out)) {
            if (fleeting(&v->e) && left(v, began, 1) != 0 && session_sleep(&v->s, 1000))
                continue;
            out.code = (enum exit_code)cannot_tell(v);
            break;
        }
        say_outlook(v, &out, !goes_on(v, out.code));
    }
    follow_end(&f);
    return (int)out.code;
}

int cmd_status(struct cli *cli)
{
    struct waiting v = {.cli = cli, .name = bare_name(cli->opt.args[0])};
    struct outlook out = {0};
    int code;

    if (!session_open(&v.s, &cli->opt, &v.e) || !look(&v, &out)) {
        code = cannot_tell(&v);
    } else {
        session_catch_signals(&v.s);
        say_outlook(&v, &out, !goes_on(&v, out.code));
        code = wait_for_end(&v, out);
    }
    arena_release(&v.a);
    session_close(&v.s);
    return code;
}

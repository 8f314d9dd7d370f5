/* SPDX-License-Identifier: Apache-2.0 */
/* lapse.c - plays the release and notes what changes. */
#include "lapse.h"

#include "lapse_stage.h"
#include "sluice/base/clock.h"
#include "words.h"

#include <stdlib.h>
#include <string.h>

#define ATTACH_MS   (10 * MINUTE_MS)
#define QUIET_TURNS 40
#define ECHO_MS     MINUTE_MS /* what the scenario did shows in the pods so long */
#define DAY_MS      (24 * HOUR_MS)

struct player {
    struct lapse *l;
    struct stage *st;
    int64_t zero_ms, epoch;
    int64_t echo_until_ms;
    struct lapse_point now;
};

/* ---- what is noted --------------------------------------------------------------------------- */

static void *grow(void *items, size_t count, size_t *cap, size_t size)
{
    if (count < *cap)
        return items;
    *cap = *cap ? 2 * *cap : 64;
    return xrealloc(items, *cap * size);
}

static void add_point(struct lapse *l, const struct lapse_point *p)
{
    l->points = grow(l->points, l->point_count, &l->point_cap, sizeof *l->points);
    l->points[l->point_count++] = *p;
}

static void add_line(struct lapse *l, const struct lapse_point *p, const char *what, bool happened)
{
    l->lines = grow(l->lines, l->line_count, &l->line_cap, sizeof *l->lines);
    l->lines[l->line_count++] =
        (struct lapse_line){.at = *p, .what = arena_strdup(&l->a, what), .happened = happened};
}

static struct lapse_gate *last_of(struct lapse *l, const char *name)
{
    for (size_t i = l->gate_count; i-- > 0;) {
        if (str_equal(l->gates[i].name, name))
            return &l->gates[i];
    }
    return NULL;
}

/* `was`: its verdict was given in the step before the one that it opened. */
static void note_gate(struct player *p, const struct gate_state *g, const struct lapse_point *was)
{
    struct lapse *l = p->l;
    struct lapse_gate *last = last_of(l, str_name(g->name));

    if (last)
        last->until_ms = p->now.ms;
    if (last && last->verdict == g->verdict)
        return;
    if (g->verdict != VERDICT_WAIT)
        add_line(l, was,
                 arena_printf(&l->a, "Gate %s %s: %s", str_name(g->name),
                              g->verdict == VERDICT_PASS ? "passes" : "fails",
                              g->message ? g->message : ""),
                 false);
    l->gates = grow(l->gates, l->gate_count, &l->gate_cap, sizeof *l->gates);
    l->gates[l->gate_count++] = (struct lapse_gate){.name = arena_strdup(&l->a, str_name(g->name)),
                                                    .verdict = g->verdict,
                                                    .from_ms = p->now.ms,
                                                    .until_ms = p->now.ms};
}

static int share(const struct player *p)
{
    const struct sim *s = &p->st->s;
    const char *service = lapse_service(p->l), *route = lapse_route(p->l);
    const int all = p->now.fresh + p->now.old;

    if (service)
        return sim_share(s, route, service, NULL) -
               sim_share(s, route, service, p->st->old_revision);
    return all ? 1000 * p->now.fresh / all : 0;
}

static void look(struct player *p)
{
    const struct sim *s = &p->st->s;
    const struct rollout_status *status = stage_status(p->st);
    const char *word = stage_word(p->st);
    const bool same = str_equal(p->now.word, word);

    p->now =
        (struct lapse_point){.ms = s->now_ms - p->zero_ms,
                             .step = status && status->flight.present ? status->flight.step : 0,
                             .word = same ? p->now.word : arena_strdup(&p->l->a, word)};
    p->epoch = s->epoch;
    for (size_t i = 0; i < s->pod_count; i++) {
        const struct sim_pod *pod = &s->pods[i];

        if (pod->ready && !pod->gone_at_ms)
            *(str_equal(pod->revision, p->st->old_revision) ? &p->now.old : &p->now.fresh) += 1;
    }
    p->now.share = share(p);
}

static bool differs(const struct lapse_point *a, const struct lapse_point *b)
{
    return a->fresh != b->fresh || a->old != b->old || a->share != b->share || a->step != b->step ||
           !str_equal(a->word, b->word);
}

/* A status first says where it is, and then what it waits for. */
static void say_better(struct player *p, const char *message)
{
    struct lapse *l = p->l;
    struct lapse_line *last = l->line_count ? &l->lines[l->line_count - 1] : NULL;

    if (last && !last->happened && strstr(last->what, " is at step ") && !str_empty(message))
        last->what = arena_strdup(&l->a, message);
}

static bool pods_differ(const struct player *p)
{
    const struct lapse *l = p->l;
    const struct lapse_point *last = l->line_count ? &l->lines[l->line_count - 1].at : NULL;

    return last && p->now.ms < p->echo_until_ms &&
           (last->fresh != p->now.fresh || last->old != p->now.old);
}

static void note(struct player *p)
{
    const struct rollout_status *status = stage_status(p->st);
    const struct lapse_point was = p->now;
    struct lapse_point said;

    p->now.ms = p->st->s.now_ms - p->zero_ms;
    if (p->epoch == p->st->s.epoch)
        return; /* then nothing is another than it was */
    look(p);
    if (!p->l->point_count || differs(&was, &p->now))
        add_point(p->l, &p->now);
    said = p->now;
    said.word = was.word;
    said.step = was.step;
    for (int i = 0; status && status->flight.present && i < status->gate_count; i++)
        note_gate(p, &status->gates[i], &said);
    if (status && (!str_equal(was.word, p->now.word) || was.step != p->now.step))
        add_line(p->l, &p->now, status->display.message ? status->display.message : "", false);
    else if (was.share != p->now.share || pods_differ(p))
        add_line(p->l, &p->now, "", false);
    else if (status)
        say_better(p, status->display.message);
}

static void happened(void *arg, const struct stage_event *e)
{
    struct player *p = arg;

    look(p);
    add_line(p->l, &p->now, e->line, true);
    if (e->number > 0 && strncmp(e->action->words, "image", 5) != 0)
        p->echo_until_ms = p->now.ms + ECHO_MS;
}

const char *lapse_time(struct arena *a, int64_t ms)
{
    const long long s = ms / SECOND_MS, tenths = ms % SECOND_MS / 100;

    if (s < 60)
        return tenths ? arena_printf(a, "%lld.%llds", s, tenths) : arena_printf(a, "%llds", s);
    if (s < 3600)
        return arena_printf(a, "%lldm %02llds", s / 60, s % 60);
    return arena_printf(a, "%lldh %02lldm %02llds", s / 3600, s / 60 % 60, s % 60);
}

/* ---- how it ends ----------------------------------------------------------------------------- */

static bool waits_for_people(const struct player *p)
{
    const char *word = p->now.word;

    return str_equal(word, "Approval") || str_equal(word, "Decision") || str_equal(word, "Paused");
}

static bool is_over(struct player *p, int *quiet)
{
    const bool still =
        stage_played(p->st) && (waits_for_people(p) || stage_idle(p->st) || !stage_status(p->st));

    *quiet = still ? *quiet + 1 : 0;
    return *quiet >= QUIET_TURNS;
}

static const char *last_message(struct player *p)
{
    const struct rollout_status *status = stage_status(p->st);

    return status && status->display.message ? words_trimmed(&p->l->a, status->display.message)
                                             : "";
}

static void conclude_rest(struct player *p)
{
    struct lapse *l = p->l;
    const struct rollout_status *status = stage_status(p->st);
    const char *outcome = status && status->history_count ? status->history[0].outcome : NULL;
    const char *took = lapse_time(&l->a, l->took_ms);

    if (!outcome) {
        l->code = EXIT_GOOD;
        l->end = arena_printf(&l->a, "nothing was released in %s", took);
    } else if (str_equal(outcome, "Promoted") || str_equal(outcome, "Forced")) {
        l->code = EXIT_GOOD;
        l->end = arena_printf(&l->a, "promoted after %s", took);
    } else {
        l->code = EXIT_TAKEN_BACK;
        l->end = arena_printf(&l->a, "taken back after %s (%s)", took, outcome);
    }
}

static void conclude(struct player *p)
{
    struct lapse *l = p->l;
    const char *took, *word = p->now.word;

    l->took_ms = l->line_count ? l->lines[l->line_count - 1].at.ms : 0;
    took = lapse_time(&l->a, l->took_ms);
    if (!stage_status(p->st)) {
        l->code = EXIT_GOOD;
        l->end =
            arena_printf(&l->a, "gone after %s; the Deployment runs %s", took, stage_image(p->st));
    } else if (str_equal(word, "Resting")) {
        conclude_rest(p);
    } else if (str_equal(word, "Aborted")) {
        l->code = EXIT_TAKEN_BACK;
        l->end = arena_printf(&l->a, "aborted after %s: %s", took, last_message(p));
    } else if (waits_for_people(p)) {
        l->code = EXIT_PERSON;
        l->end = arena_printf(&l->a, "held after %s: %s", took, last_message(p));
    } else if (str_equal(word, "Stalled") || str_equal(word, "Pending")) {
        l->code = EXIT_STALLED;
        l->end = arena_printf(&l->a, "stalled after %s: %s", took, last_message(p));
    } else {
        l->code = EXIT_IN_FLIGHT;
        l->end = arena_printf(&l->a, "still in flight after %s: %s", took, last_message(p));
    }
    if (p->st->judge.violations)
        l->broken = arena_strdup(&l->a, p->st->judge.words);
}

/* ---- the play -------------------------------------------------------------------------------- */

static bool attach(struct stage *st, struct err *e)
{
    const int64_t end = st->s.now_ms + ATTACH_MS;
    const struct rollout_status *status;

    while (st->s.now_ms < end && !(str_equal(stage_word(st), "Resting") && stage_idle(st)))
        stage_turn(st);
    status = stage_status(st);
    if (str_equal(stage_word(st), "Resting"))
        return true;
    return err_set(e, ERR_INVALID, "it cannot be attached: %s",
                   status && status->display.message ? status->display.message : stage_word(st));
}

/* "web:1.9.0" becomes "web:next". */
static const char *next_image(struct arena *a, const char *image)
{
    const char *name = strrchr(image, '/');
    const char *tag = strrchr(name ? name : image, ':');

    return arena_printf(a, "%.*s:next", (int)(tag ? (size_t)(tag - image) : strlen(image)), image);
}

static bool names_image(const struct scenario *sc)
{
    for (int i = 0; i < sc->count; i++) {
        if (strncmp(sc->events[i].action->words, "image ", 6) == 0)
            return true;
    }
    return false;
}

static bool read_scenario(struct player *p, const char *text, struct scenario *out, struct err *e)
{
    struct arena *a = &p->l->a;

    if (!scenario_parse(a, text ? text : "", out, e))
        return err_wrap(e, "scenario");
    if (names_image(out))
        return true;
    return scenario_parse(
        a, arena_printf(a, "image %s\n%s", next_image(a, stage_image(p->st)), text ? text : ""),
        out, e);
}

static bool play(struct player *p, const char *text, struct err *e)
{
    struct scenario scenario;
    int quiet = 0;

    if (!attach(p->st, e) || !read_scenario(p, text, &scenario, e))
        return false;
    /* Times of the Rollout's sentences are then those since the beginning. */
    p->st->s.now_ms = (p->st->s.now_ms / DAY_MS + 1) * DAY_MS;
    p->zero_ms = p->st->s.now_ms;
    stage_begin(p->st, &scenario);
    p->st->happened = happened;
    p->st->arg = p;
    look(p);
    while (!is_over(p, &quiet) && p->now.ms < LAPSE_MINUTES_MAX * MINUTE_MS) {
        stage_turn(p->st);
        note(p);
    }
    conclude(p);
    return true;
}

bool lapse_run(struct lapse *l, struct manifests *m, const struct manifest *rollout,
               const char *scenario, struct err *e)
{
    struct stage *st = xcalloc(1, sizeof *st);
    struct player p = {.l = l, .st = st};
    bool ok;

    *l = (struct lapse){0};
    arena_init(&l->a);
    ok = lapse_open(l, st, m, rollout, e);
    if (ok) {
        ok = play(&p, scenario, e);
        stage_close(st);
    }
    free(st);
    return ok;
}

void lapse_release(struct lapse *l)
{
    free(l->points);
    free(l->lines);
    free(l->gates);
    arena_release(&l->a);
    *l = (struct lapse){0};
}

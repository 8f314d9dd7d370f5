/* SPDX-License-Identifier: Apache-2.0 */
/* stage.c - a Rollout on a simulated cluster, turn by turn. */
#include "sluice/sim/stage.h"

#include "sluice/base/clock.h"

#include <stdlib.h>
#include <string.h>

#define SETTLE_MS     INT64_C(2000) /* the Deployment stands so long before the Rollout comes */
#define SETTLE_MAX_MS HOUR_MS

/* ---- how gates are answered ------------------------------------------------------------------ */

static bool is_new(const struct stage *st, const char *revision)
{
    return !str_equal(revision, st->old_revision);
}

static enum answer measured(const struct ask *ask, double value, char *text)
{
    struct judged judged;

    metric_judge(ask->gate, value, &judged);
    evidence_set(text, "%s", judged.text);
    return judged.answer;
}

static enum answer answer_of(const struct stage_gate *g, const struct ask *ask, char *text)
{
    static const char *const words[ANSWER_COUNT] = {
        [ANSWER_GOOD] = "good", [ANSWER_BAD] = "bad", [ANSWER_NO_DATA] = "no data"};

    if (g->measured && ask->gate->kind == GATE_METRIC)
        return measured(ask, g->value, text);
    evidence_set(text, "%s", words[g->answer] ? words[g->answer] : "no answer");
    return g->answer;
}

/* A part of all requests, as a ratio where the bound is one. */
static double errors_as(const struct gate_spec *g, double percent)
{
    const double max = g->metric.has_max ? strtod(g->metric.max, NULL) : 0;

    return max > 1 ? percent : percent / 100;
}

static enum answer answer(void *arg, const struct sim *s, const struct ask *ask, char *text)
{
    const struct stage *st = arg;

    for (int i = 0; i < st->gate_count; i++) {
        if (str_equal(st->gates[i].name, ask->gate->name))
            return answer_of(&st->gates[i], ask, text);
    }
    if (st->metrics_down && ask->gate->kind == GATE_METRIC) {
        evidence_set(text, "no answer: connection refused");
        return ANSWER_ERROR;
    }
    if (st->new_errors >= 0 && is_new(st, ask->revision) && ask->gate->kind == GATE_METRIC &&
        ask->gate->metric.has_max)
        return measured(ask, errors_as(ask->gate, st->new_errors), text);
    if (st->new_fails && is_new(st, ask->revision)) {
        evidence_set(text, "bad");
        return ANSWER_BAD;
    }
    return sim_gate_answer(s, ask, text);
}

static void sent(void *arg, const struct plan *plan, const struct action *act, enum sim_fault fault)
{
    const struct stage *st = arg;

    if (st->sent)
        st->sent(st->arg, plan, act, fault);
}

/* ---- open and close -------------------------------------------------------------------------- */

static bool is_whole(struct stage *st)
{
    const struct deployment *d = sim_view(sim_find(&st->s, SIM_DEPLOYMENT, st->deployment));

    return d->st_available == d->replicas && d->observed_generation == d->meta.generation;
}

static void stand(struct stage *st)
{
    const int64_t end = st->s.now_ms + SETTLE_MAX_MS;
    const int idle = st->s.opt.idle_percent;

    st->s.opt.idle_percent = 0;
    while (!is_whole(st) && st->s.now_ms < end)
        sim_tick(&st->s, SIM_TICK_MS);
    sim_tick(&st->s, SETTLE_MS);
    st->s.opt.idle_percent = idle;
    sim_forget(&st->s);
}

static bool create_all(struct stage *st, const struct stage_spec *spec, struct err *e)
{
    if (!sim_create(&st->s, SIM_DEPLOYMENT, spec->deployment, e))
        return false;
    for (size_t i = 0; i < spec->service_count; i++) {
        if (!sim_create(&st->s, SIM_SERVICE, spec->services[i], e))
            return false;
    }
    for (size_t i = 0; i < spec->route_count; i++) {
        if (!sim_create(&st->s, SIM_ROUTE, spec->routes[i], e))
            return false;
    }
    stand(st);
    sim_judge_init(&st->judge, &st->s, st->rollout);
    sim_judge_resting(&st->judge);
    return sim_create(&st->s, SIM_ROLLOUT, spec->rollout, e);
}

static char *name_in(struct arena *a, const char *json, const char *path, struct err *e)
{
    cJSON *doc = json_parse(json, strlen(json), e);
    char *name = arena_strdup(a, json_str(doc, path));

    json_release(&doc);
    return name;
}

bool stage_open(struct stage *st, const struct stage_spec *spec, struct err *e)
{
    struct sim_operator_options op = spec->op;

    *st = (struct stage){.new_errors = -1};
    arena_init(&st->a);
    sim_init(&st->s, &spec->sim);
    st->rollout = name_in(&st->a, spec->rollout, "metadata.name", e);
    st->deployment = name_in(&st->a, spec->deployment, "metadata.name", e);
    if (!st->rollout || !st->deployment || !create_all(st, spec, e)) {
        stage_close(st);
        return false;
    }
    st->judge.apart = spec->apart;
    op.rollout = st->rollout;
    op.judge = &st->judge;
    if (!op.arg) {
        op.arg = st;
        op.ask = op.ask ? op.ask : answer;
        op.sent = op.sent ? op.sent : sent;
    }
    sim_operator_init(&st->op, &st->s, &op);
    stage_begin(st, NULL);
    return true;
}

void stage_close(struct stage *st)
{
    if (st->op.s)
        sim_operator_release(&st->op);
    if (st->second.s)
        sim_operator_release(&st->second);
    sim_judge_release(&st->judge);
    sim_release(&st->s);
    arena_release(&st->a);
    *st = (struct stage){0};
}

static const char *as_text(struct stage *st, enum sim_kind kind, const char *name)
{
    const struct sim_object *o = sim_find(&st->s, kind, name);
    auto_free char *spec = o ? json_print(json_key(o->doc, "spec")) : NULL;

    return arena_strdup(&st->a, spec);
}

void stage_begin(struct stage *st, const struct scenario *scenario)
{
    const struct rollout_status *status = stage_status(st);

    st->scenario = scenario ? *scenario : (struct scenario){0};
    st->began_ms = st->s.now_ms;
    st->next_word = 0;
    st->old_image = arena_strdup(&st->a, stage_image(st));
    st->old_revision = arena_strdup(&st->a, status ? status->stable.revision : NULL);
    st->route_count = 0;
    for (const struct sim_object *o = st->s.objects; o; o = o->next) {
        if (o->kind != SIM_ROUTE || st->route_count == STAGE_ROUTES_MAX)
            continue;
        st->routes[st->route_count].name = arena_strdup(&st->a, json_str(o->doc, "metadata.name"));
        st->routes[st->route_count].spec = as_text(st, SIM_ROUTE, st->routes[st->route_count].name);
        st->route_count++;
    }
}

/* ---- what is there --------------------------------------------------------------------------- */

const struct rollout_status *stage_status(struct stage *st)
{
    struct sim_object *o = sim_find(&st->s, SIM_ROLLOUT, st->rollout);

    return o ? &((const struct rollout *)sim_view(o))->status : NULL;
}

const char *stage_word(const struct stage *st)
{
    const struct sim_object *o = sim_find(&st->s, SIM_ROLLOUT, st->rollout);
    const char *word = o ? json_str(o->doc, "status.display.status") : NULL;

    return word ? word : "";
}

const char *stage_image(const struct stage *st)
{
    const struct sim_object *o = sim_find(&st->s, SIM_DEPLOYMENT, st->deployment);
    const cJSON *containers = o ? json_at(o->doc, "spec.template.spec.containers") : NULL;
    const char *image = containers && containers->child ? json_str(containers->child, "image") : "";

    return image ? image : "";
}

bool stage_played(const struct stage *st)
{
    for (int i = 0; i < st->scenario.count; i++) {
        if (!st->scenario.events[i].word && !st->scenario.events[i].done)
            return false;
    }
    return true;
}

bool stage_idle(const struct stage *st)
{
    return sim_operator_idle(&st->op) && st->op.plan->wake_ms == PLAN_SLEEP &&
           st->op.plan->ask_count == 0;
}

/* ---- turns ----------------------------------------------------------------------------------- */

static void happen(struct stage *st, struct stage_event *e)
{
    e->done = true;
    if (st->happened)
        st->happened(st->arg, e);
    e->action->run(st, e);
}

static bool is_time(const struct stage *st, const struct stage_event *e)
{
    return !e->done && !e->word && st->s.now_ms >= st->began_ms + e->at_ms;
}

static bool is_said(struct stage *st, const struct stage_event *e)
{
    const struct rollout_status *status = stage_status(st);

    return status && str_equal(stage_word(st), e->word) &&
           (e->step < 0 || status->flight.step == e->step);
}

static void play(struct stage *st)
{
    struct scenario *sc = &st->scenario;

    for (int i = 0; i < sc->count; i++) {
        if (is_time(st, &sc->events[i]))
            happen(st, &sc->events[i]);
    }
    while (st->next_word < sc->count && !sc->events[st->next_word].word)
        st->next_word++;
    if (st->next_word < sc->count && is_said(st, &sc->events[st->next_word]))
        happen(st, &sc->events[st->next_word++]);
}

/* Its turn comes first: what is borrowed for a plan is valid until somebody plans again. */
static void second_turn(struct stage *st)
{
    if (!st->second.s)
        return;
    st->op.shared = st->second.shared = st->s.now_ms < st->second_until_ms;
    if (st->second.shared)
        sim_operator_act(&st->second);
    else
        sim_operator_release(&st->second);
}

void stage_turn(struct stage *st)
{
    play(st);
    second_turn(st);
    st->plan = sim_operator_turn(&st->op);
    sim_judge_look(&st->judge);
}

bool stage_do(struct stage *st, const char *words, struct err *e)
{
    struct scenario one;

    if (!scenario_parse(&st->a, words, &one, e))
        return false;
    for (int i = 0; i < one.count; i++)
        happen(st, &one.events[i]);
    return true;
}

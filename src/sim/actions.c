/* SPDX-License-Identifier: Apache-2.0 */
/* actions.c - what can happen on a stage: people, programs and machines. */
#include "sluice/base/clock.h"
#include "sluice/json/jfmt.h"
#include "sluice/sim/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Who takes capacity away leaves the judge blind for it until it is whole again. */
static void disturb(struct stage *st)
{
    const struct sim_options *o = &st->s.opt;

    sim_judge_disturbed(&st->judge,
                        6 * SECOND_MS + 4 * (o->pod_start_ms + o->pod_stop_ms + o->slice_lag_ms));
}

static void patch(struct stage *st, enum sim_kind kind, const char *name, const char *text)
{
    struct err e = {0};

    (void)!sim_user_patch(&st->s, kind, name, text, &e); /* gone: then nothing happens */
}

/* ---- the Deployment -------------------------------------------------------------------------- */

static void set_image(struct stage *st, const char *image)
{
    patch(st, SIM_DEPLOYMENT, st->deployment,
          json_fmt(&st->a,
                   "[{'op':'add','path':'/spec/template/spec/containers/0/image','value':%q}]",
                   image));
}

static void run_image(struct stage *st, const struct stage_event *e)
{
    set_image(st, e->text);
}

static void run_old_image(struct stage *st, const struct stage_event *e)
{
    (void)e;
    set_image(st, st->old_image);
}

static void run_scale(struct stage *st, const struct stage_event *e)
{
    disturb(st);
    patch(st, SIM_DEPLOYMENT, st->deployment,
          json_fmt(&st->a, "{'spec':{'replicas':%l}}", e->value));
}

static void run_deployment_resumed(struct stage *st, const struct stage_event *e)
{
    (void)e;
    patch(st, SIM_DEPLOYMENT, st->deployment, "{\"spec\":{\"paused\":false}}");
}

static void run_deployment_paused(struct stage *st, const struct stage_event *e)
{
    (void)e;
    patch(st, SIM_DEPLOYMENT, st->deployment, "{\"spec\":{\"paused\":true}}");
}

static void run_dead_man_dropped(struct stage *st, const struct stage_event *e)
{
    (void)e;
    sim_judge_disturbed(&st->judge, 6 * SECOND_MS);
    patch(st, SIM_DEPLOYMENT, st->deployment,
          json_fmt(&st->a, "{'metadata':{'annotations':{%q:null}},'spec':{'paused':null}}",
                   ANNOTATION_DEAD_MAN));
}

/* ---- the Rollout ----------------------------------------------------------------------------- */

static void command(struct stage *st, const char *verb)
{
    const struct rollout_status *status = stage_status(st);
    const char *revision = status ? status->flight.revision : NULL;

    if (status && !revision)
        revision = status->stable.revision;
    if (!revision)
        return;
    patch(st, SIM_ROLLOUT, st->rollout,
          json_fmt(&st->a, "{'spec':{'action':{'id':'c%d','verb':%q,'revision':%q,'step':%d}}}",
                   ++st->commands, verb, revision, status->flight.step));
}

static void run_verb(struct stage *st, const struct stage_event *e)
{
    static const char *const verbs[][2] = {{"approve", "Approve"}, {"skip", "Skip"},
                                           {"promote", "Promote"}, {"abort", "Abort"},
                                           {"retry", "Retry"},     {"undo", "Undo"}};

    for (size_t i = 0; i < COUNT(verbs); i++) {
        if (str_equal(e->action->words, verbs[i][0]))
            command(st, verbs[i][1]);
    }
}

static void run_pause(struct stage *st, const struct stage_event *e)
{
    (void)e;
    patch(st, SIM_ROLLOUT, st->rollout, "{\"spec\":{\"paused\":true}}");
}

static void run_resume(struct stage *st, const struct stage_event *e)
{
    (void)e;
    patch(st, SIM_ROLLOUT, st->rollout, "{\"spec\":{\"paused\":null}}");
}

static void run_weight_edit(struct stage *st, const struct stage_event *e)
{
    patch(st, SIM_ROLLOUT, st->rollout,
          json_fmt(&st->a,
                   "[{'op':'replace','path':'/spec/strategy/canary/steps/%l/weight','value':%l}]",
                   e->value - 1, (int64_t)strtoll(e->more, NULL, 10)));
}

static void run_delete_rollout(struct stage *st, const struct stage_event *e)
{
    (void)e;
    sim_delete(&st->s, SIM_ROLLOUT, st->rollout);
}

/* ---- gates and pods -------------------------------------------------------------------------- */

static void run_metrics(struct stage *st, const struct stage_event *e)
{
    st->metrics_down = str_equal(e->action->words, "metrics down");
}

static struct stage_gate *gate_named(struct stage *st, const char *name)
{
    int i = 0;

    while (i < st->gate_count && !str_equal(st->gates[i].name, name))
        i++;
    if (i == STAGE_GATES_MAX)
        i--;
    st->gate_count += i == st->gate_count;
    st->gates[i] = (struct stage_gate){0};
    snprintf(st->gates[i].name, sizeof st->gates[i].name, "%s", name);
    return &st->gates[i];
}

static void set_gate(struct stage *st, const char *name, enum answer answer)
{
    gate_named(st, name)->answer = answer;
}

static void run_gate_gives(struct stage *st, const struct stage_event *e)
{
    struct stage_gate *g = gate_named(st, e->text);

    g->measured = true;
    g->value = strtod(e->more, NULL);
}

static void run_new_errors(struct stage *st, const struct stage_event *e)
{
    st->new_errors = strtod(e->text, NULL);
}

static void run_gate_fails(struct stage *st, const struct stage_event *e)
{
    set_gate(st, e->text, ANSWER_BAD);
}

static void run_gate_passes(struct stage *st, const struct stage_event *e)
{
    set_gate(st, e->text, ANSWER_GOOD);
}

static void run_gate_silent(struct stage *st, const struct stage_event *e)
{
    set_gate(st, e->text, ANSWER_NO_DATA);
}

static void run_new_fails(struct stage *st, const struct stage_event *e)
{
    st->new_fails = str_equal(e->action->words, "new version fails gates");
}

static void run_never_ready(struct stage *st, const struct stage_event *e)
{
    (void)e;
    st->s.opt.only_ready = st->old_revision;
}

static void run_gets_ready(struct stage *st, const struct stage_event *e)
{
    (void)e;
    st->s.opt.only_ready = NULL;
    for (size_t i = 0; i < st->s.pod_count; i++) {
        struct sim_pod *p = &st->s.pods[i];

        if (p->ready_at_ms == INT64_MAX)
            p->ready_at_ms = st->s.now_ms + st->s.opt.pod_start_ms;
    }
    st->s.epoch++;
}

static void run_pods_take(struct stage *st, const struct stage_event *e)
{
    st->s.opt.pod_start_ms = max_i64(e->value, SIM_TICK_MS);
}

/* Every third pod, whoever's it is. */
static void run_node_lost(struct stage *st, const struct stage_event *e)
{
    (void)e;
    disturb(st);
    for (size_t i = 0; i < st->s.pod_count; i += 3) {
        struct sim_pod *p = &st->s.pods[i];

        p->ready = p->available = false;
        p->gone_at_ms = st->s.now_ms + SIM_TICK_MS;
    }
    st->s.epoch++;
}

/* ---- the operator and the router ------------------------------------------------------------- */

static void run_operator_down(struct stage *st, const struct stage_event *e)
{
    sim_operator_crash(&st->op, e->action->takes == TAKES_TIME ? e->value : SECOND_MS);
}

/* Split brain: a leader that was replaced does not know it yet. */
static void run_second_operator(struct stage *st, const struct stage_event *e)
{
    struct sim_operator_options opt = st->op.opt;

    if (!st->second.s) {
        opt.seed += 1000003;
        opt.fault = opt.fault_too = FAULT_NONE;
        opt.fault_percent = 0;
        sim_operator_init(&st->second, &st->s, &opt);
    }
    st->second_until_ms = st->s.now_ms + e->value;
}

static void run_route_refuses(struct stage *st, const struct stage_event *e)
{
    (void)e;
    st->s.opt.route_refused = true;
}

static void run_route_accepts(struct stage *st, const struct stage_event *e)
{
    (void)e;
    st->s.opt.route_refused = false;
    for (struct sim_object *o = st->s.objects; o; o = o->next)
        o->seen_generation = 0; /* looked at anew */
    st->s.epoch++;
}

/* ---- others who write ------------------------------------------------------------------------ */

static void run_route_reset(struct stage *st, const struct stage_event *e)
{
    (void)e;
    for (int i = 0; i < st->route_count; i++)
        patch(st, SIM_ROUTE, st->routes[i].name,
              arena_printf(&st->a, "{\"spec\":%s}", st->routes[i].spec));
}

/* As a GitOps tool that owns the labels and the selector. */
static void run_service_reset(struct stage *st, const struct stage_event *e)
{
    (void)e;
    for (struct sim_object *o = st->s.objects; o; o = o->next) {
        if (o->kind == SIM_SERVICE && !json_key(json_at(o->doc, "metadata.labels"), LABEL_CREATED))
            patch(st, SIM_SERVICE, json_str(o->doc, "metadata.name"),
                  json_fmt(&st->a,
                           "{'metadata':{'labels':{%q:null}},'spec':{'selector':{%q:null}}}",
                           LABEL_PIN, LABEL_REVISION));
    }
}

/* Deleted and made again at once, as its owner has it. */
static void recreate(struct stage *st, const char *name)
{
    cJSON *doc = json_copy(sim_find(&st->s, SIM_SERVICE, name)->doc);
    struct err e = {0};
    auto_free char *text = NULL;
    auto_json cJSON *edit = NULL;
    const char *plain =
        json_fmt(&st->a,
                 "{'metadata':{'uid':null,'resourceVersion':null,'generation':null,'labels':{%q:"
                 "null}},'spec':{'selector':{%q:null}}}",
                 LABEL_PIN, LABEL_REVISION);

    edit = json_parse(plain, strlen(plain), &e);
    json_edit_merge(doc, edit);
    text = json_print(doc);
    json_release(&doc);
    sim_delete(&st->s, SIM_SERVICE, name);
    (void)!sim_create(&st->s, SIM_SERVICE, text, &e);
}

static void run_service_recreated(struct stage *st, const struct stage_event *e)
{
    const char *names[16];
    size_t n = 0;

    (void)e;
    sim_judge_disturbed(&st->judge, 8 * SECOND_MS);
    for (struct sim_object *o = st->s.objects; o; o = o->next) {
        if (o->kind == SIM_SERVICE && n < COUNT(names) &&
            !json_key(json_at(o->doc, "metadata.labels"), LABEL_CREATED))
            names[n++] = arena_strdup(&st->a, json_str(o->doc, "metadata.name"));
    }
    for (size_t i = 0; i < n; i++)
        recreate(st, names[i]);
}

static void delete_replicaset(struct stage *st, bool of_stable)
{
    const struct rollout_status *status = stage_status(st);

    for (struct sim_object *o = st->s.objects; status && o; o = o->next) {
        const struct replicaset *rs = o->kind == SIM_REPLICASET ? sim_view(o) : NULL;

        if (!rs || str_equal(rs->revision, status->stable.revision) != of_stable)
            continue;
        disturb(st);
        sim_delete(&st->s, SIM_REPLICASET, rs->meta.name);
        return;
    }
}

static void run_stable_deleted(struct stage *st, const struct stage_event *e)
{
    (void)e;
    delete_replicaset(st, true);
}

static void run_other_deleted(struct stage *st, const struct stage_event *e)
{
    (void)e;
    delete_replicaset(st, false);
}

static void run_fence_deleted(struct stage *st, const struct stage_event *e)
{
    (void)e;
    sim_judge_disturbed(&st->judge, 6 * SECOND_MS);
    st->judge.record_lost = true;
    sim_delete(&st->s, SIM_FENCE, name_fence(&st->a, st->deployment));
}

const struct stage_action stage_actions[] = {
    {"image IMAGE", TAKES_TEXT, run_image},
    {"old image", TAKES_NOTHING, run_old_image},
    {"scale to N", TAKES_NUMBER, run_scale},
    {"scale N", TAKES_NUMBER, run_scale},
    {"approve", TAKES_NOTHING, run_verb},
    {"skip", TAKES_NOTHING, run_verb},
    {"promote", TAKES_NOTHING, run_verb},
    {"abort", TAKES_NOTHING, run_verb},
    {"retry", TAKES_NOTHING, run_verb},
    {"undo", TAKES_NOTHING, run_verb},
    {"pause", TAKES_NOTHING, run_pause},
    {"resume", TAKES_NOTHING, run_resume},
    {"weight of step N becomes W", TAKES_NUMBER, run_weight_edit},
    {"rollout deleted", TAKES_NOTHING, run_delete_rollout},
    {"metrics down", TAKES_NOTHING, run_metrics},
    {"metrics up", TAKES_NOTHING, run_metrics},
    {"gate NAME fails", TAKES_TEXT, run_gate_fails},
    {"gate NAME passes", TAKES_TEXT, run_gate_passes},
    {"gate NAME silent", TAKES_TEXT, run_gate_silent},
    {"gate NAME gives VALUE", TAKES_TEXT, run_gate_gives},
    {"new version has N % errors", TAKES_TEXT, run_new_errors},
    {"new version fails gates", TAKES_NOTHING, run_new_fails},
    {"new version passes gates", TAKES_NOTHING, run_new_fails},
    {"new version never ready", TAKES_NOTHING, run_never_ready},
    {"new version gets ready", TAKES_NOTHING, run_gets_ready},
    {"pods take TIME", TAKES_TIME, run_pods_take},
    {"node lost", TAKES_NOTHING, run_node_lost},
    {"operator killed", TAKES_NOTHING, run_operator_down},
    {"operator down for TIME", TAKES_TIME, run_operator_down},
    {"second operator for TIME", TAKES_TIME, run_second_operator},
    {"route refuses", TAKES_NOTHING, run_route_refuses},
    {"route accepts", TAKES_NOTHING, run_route_accepts},
    {"route reset", TAKES_NOTHING, run_route_reset},
    {"service reset", TAKES_NOTHING, run_service_reset},
    {"service recreated", TAKES_NOTHING, run_service_recreated},
    {"deployment resumed", TAKES_NOTHING, run_deployment_resumed},
    {"deployment paused", TAKES_NOTHING, run_deployment_paused},
    {"dead man dropped", TAKES_NOTHING, run_dead_man_dropped},
    {"stable replicaset deleted", TAKES_NOTHING, run_stable_deleted},
    {"other replicaset deleted", TAKES_NOTHING, run_other_deleted},
    {"fence deleted", TAKES_NOTHING, run_fence_deleted},
};
const size_t stage_action_count = COUNT(stage_actions);

/* SPDX-License-Identifier: Apache-2.0 */
/* sim_bed.h - the Deployment, Service and HTTPRoute called web on a stage, and a few words for
 * what is done with them. */
#ifndef SLUICE_TESTS_UNIT_SIM_BED_H
#define SLUICE_TESTS_UNIT_SIM_BED_H

#include "check.h"
#include "sluice/base/clock.h"
#include "sluice/json/jfmt.h"
#include "sluice/sim/stage.h"

#include <stdio.h>

#define GATE "'gates':[{'name':'smoke','probe':{'http':{},'every':'1s','successes':1}}]"

#define BLUE_GREEN                                                                                 \
    "{'targetRef':{'name':'web'},'strategy':{'blueGreen':{'activeService':'web'}},'drain':'4s',"   \
    "'bake':'3s','progressDeadline':'60s'," GATE "}"
#define BLUE_GREEN_APPROVE                                                                         \
    "{'targetRef':{'name':'web'},'strategy':{'blueGreen':{'activeService':'web','switch':"         \
    "'Approve'}},'drain':'4s','bake':'3s','progressDeadline':'60s'," GATE "}"
#define CANARY_PODS                                                                                \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':20},{'weight':50,"       \
    "'hold':'1s'}]}},'drain':'4s','bake':'2s','progressDeadline':'60s'," GATE "}"
#define CANARY_ROUTE                                                                               \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'stableService':'web','traffic':[{"         \
    "'gatewayAPI':{'name':'web'},'settle':'500ms'}],'steps':[{'weight':20},{'weight':50}]}},"      \
    "'drain':'4s','bake':'2s','progressDeadline':'60s'," GATE "}"
#define ROLLING                                                                                    \
    "{'targetRef':{'name':'web'},'strategy':{'rolling':{'steps':[{'replicas':'20%%'},{'replicas':" \
    "'60%%'}]}},'bake':'2s','progressDeadline':'60s'," GATE "}"

/* For API servers without the policies. */
#define PAUSED_BLUE_GREEN                                                                          \
    "{'targetRef':{'name':'web'},'strategy':{'blueGreen':{'activeService':'web'}},'drain':'4s',"   \
    "'brake':'Paused','progressDeadline':'60s'," GATE "}"
#define PAUSED_CANARY                                                                              \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':20},{'weight':50}]}},"   \
    "'drain':'4s','bake':'2s','brake':'Paused','progressDeadline':'60s'," GATE "}"
#define PAUSED_CANARY_ROUTE                                                                        \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'stableService':'web','traffic':[{"         \
    "'gatewayAPI':{'name':'web'},'settle':'500ms'}],'steps':[{'weight':20},{'weight':50}]}},"      \
    "'drain':'4s','brake':'Paused','progressDeadline':'60s'," GATE "}"
#define PAUSED_ROLLING                                                                             \
    "{'targetRef':{'name':'web'},'strategy':{'rolling':{'steps':[{'replicas':'20%%'},{'replicas':" \
    "'60%%'}]}},'bake':'2s','brake':'Paused','progressDeadline':'60s'," GATE "}"

/* What differs from bed to bed; zero is fine. */
struct bed_options {
    int replicas; /* 4 */
    const char *spec;
    const char *history_limit;       /* "10" */
    const char *surge, *unavailable; /* JSON; "1", "0" */
    const char *rules;               /* of the route, JSON with ' for "; NULL: one rule */
    struct sim_options sim;
    struct sim_operator_options op;
    bool apart;
};

#define BED_QUIET 20

static const char *const BED_RULES =
    "[{'matches':[{'path':{'type':'PathPrefix','value':'/'}}],'backendRefs':[{'name':'web',"
    "'port':80}]}]";

static inline const char *bed_or(const char *text, const char *dflt)
{
    return text ? text : dflt;
}

static inline char *bed_deployment(struct arena *a, const struct bed_options *o)
{
    return json_fmt(a,
                    "{'metadata':{'name':'web','annotations':{}},'spec':{'replicas':%d,"
                    "'revisionHistoryLimit':%r,'selector':{'matchLabels':{'app':'web'}},'template':"
                    "{'metadata':{'labels':{'app':'web'}},'spec':{'containers':[{'name':'app',"
                    "'image':'app:v1','ports':[{'containerPort':8080,'name':'http'}]}]}},"
                    "'strategy':{'type':'RollingUpdate','rollingUpdate':{'maxSurge':%r,"
                    "'maxUnavailable':%r}}}}",
                    o->replicas ? o->replicas : 4, bed_or(o->history_limit, "10"),
                    bed_or(o->surge, "1"), bed_or(o->unavailable, "0"));
}

static inline bool bed_try(struct stage *st, const struct bed_options *o, struct err *e)
{
    struct arena a;
    const char *service, *route;
    struct stage_spec spec = {.sim = o->sim, .op = o->op, .apart = o->apart};
    bool ok;

    arena_init(&a);
    service = json_fmt(&a,
                       "{'metadata':{'name':'web','labels':{'team':'a'}},'spec':{'selector':{'app':"
                       "'web'},'ports':[{'port':80,'targetPort':8080}]}}",
                       NULL);
    route = json_fmt(
        &a, "{'metadata':{'name':'web'},'spec':{'parentRefs':[{'name':'edge'}],'rules':%r}}",
        json_fmt(&a, bed_or(o->rules, BED_RULES), NULL));
    spec.deployment = bed_deployment(&a, o);
    spec.rollout = json_fmt(&a,
                            "{'apiVersion':'sluice.dev/v1beta1','kind':'Rollout','metadata':{"
                            "'name':'web'},'spec':%r}",
                            json_fmt(&a, o->spec, NULL));
    spec.services = &service;
    spec.service_count = 1;
    spec.routes = &route;
    spec.route_count = strstr(o->spec, "gatewayAPI") != NULL;
    ok = stage_open(st, &spec, e);
    arena_release(&a);
    return ok;
}

static inline void bed_open(struct stage *st, const struct bed_options *o)
{
    struct err e = {0};

    if (!bed_try(st, o, &e))
        fail_msg("%s", e.text);
}

static inline void bed_do(struct stage *st, const char *words)
{
    struct err e = {0};

    if (getenv("SIM_TRACE"))
        fprintf(stderr, "         ---- %s\n", words);
    if (!stage_do(st, words, &e))
        fail_msg("%s", e.text);
}

static inline void bed_image(struct stage *st, const char *image)
{
    char words[80];

    snprintf(words, sizeof words, "image %s", image);
    bed_do(st, words);
}

static inline void bed_patch(struct stage *st, enum sim_kind kind, const char *patch)
{
    struct err e = {0};

    if (!sim_user_patch(&st->s, kind, "web", json_fmt(&st->a, patch, NULL), &e))
        fail_msg("%s", e.text);
}

/* SIM_TRACE=1: every write, on the cluster as it was before. */
static inline void bed_show(void *arg, const struct plan *plan, const struct action *act,
                            enum sim_fault fault)
{
    struct stage *st = arg;
    struct sim_backend b[4];
    const size_t n = sim_backends(&st->s, "web", false, b, COUNT(b));

    fprintf(stderr,
            "%8lld %-16s %-16s %-12s step %d ep %d:", (long long)(st->s.now_ms - SIM_BIRTH_MS),
            plan->rule, act_name(act->act), plan->status->display.status, plan->status->flight.step,
            sim_endpoints(&st->s, "web", NULL));
    for (struct sim_object *o = st->s.objects; o; o = o->next) {
        const struct replicaset *rs = o->kind == SIM_REPLICASET ? sim_view(o) : NULL;

        if (rs)
            fprintf(stderr, " %s%s=%s %d/%d", rs->meta.name + 4, rs->of ? "!" : "",
                    rs->image ? rs->image + 4 : "", rs->replicas, rs->st_available);
    }
    for (struct sim_object *o = st->s.objects; o; o = o->next) {
        const struct slice *slice = o->kind == SIM_SLICE ? sim_view(o) : NULL;

        if (slice)
            fprintf(stderr, " %s>%s/%d", slice->service, slice->pin ? slice->pin : "",
                    slice->ready);
    }
    for (size_t i = 0; i < n; i++)
        fprintf(stderr, " %s:%d", b[i].service, (int)b[i].weight);
    fprintf(stderr, " | %s%s%s\n", fault ? sim_fault_name(fault) : "", fault ? "! " : "",
            plan->status->display.message);
}

static inline void bed_turn(struct stage *st)
{
    static int traced = -1;

    if (traced < 0)
        traced = getenv("SIM_TRACE") != NULL;
    if (traced) {
        st->sent = bed_show;
        st->arg = st;
    }
    stage_turn(st);
}

/* What was taken away is not made good by an operator that is down, refused, or at a loss. */
static inline void bed_patience(struct stage *st)
{
    const struct sim_operator *op = &st->op;
    const bool hindered = op->refused.present || st->s.now_ms < op->down_until_ms ||
                          str_equal(stage_word(st), "Stalled") ||
                          str_equal(stage_word(st), "Pending");

    if (hindered && !sim_judge_calm(&st->judge))
        sim_judge_disturbed(&st->judge, 8 * SECOND_MS);
}

static inline void bed_turns(struct stage *st, int n)
{
    for (int i = 0; i < n; i++)
        bed_turn(st);
}

/* Reports go on as long as gates answer. */
static inline int bed_writes(const struct stage *st)
{
    return st->op.writes - st->s.writes[ACT_REPORT];
}

/* Until the word is there and nothing was decided or done for a second. */
static inline bool bed_reaches(struct stage *st, const char *word, int64_t ms)
{
    const int64_t end = st->s.now_ms + ms;
    int quiet = 0, writes = bed_writes(st);

    while (st->s.now_ms < end) {
        bed_turn(st);
        quiet = bed_writes(st) == writes && sim_operator_idle(&st->op) ? quiet + 1 : 0;
        writes = bed_writes(st);
        if (quiet >= BED_QUIET && str_equal(stage_word(st), word))
            return true;
    }
    return false;
}

static inline const char *bed_where(struct stage *st, char out[static 600])
{
    const struct rollout_status *status = stage_status(st);

    snprintf(out, 600, "at %.1f s: %s, rule %s: %s", (double)(st->s.now_ms - SIM_BIRTH_MS) / 1000,
             stage_word(st), st->op.plan ? st->op.plan->rule : "-",
             status && status->display.message ? status->display.message : "");
    return out;
}

static inline void bed_judge(struct stage *st)
{
    if (st->judge.violations)
        fail_msg("%s", st->judge.words);
}

static inline void bed_until(struct stage *st, const char *word, int64_t ms)
{
    char where[600];

    if (!bed_reaches(st, word, ms))
        fail_msg("not %s, %s", word, bed_where(st, where));
    bed_judge(st);
}

/* One line after the other: "-> Word" waits for it, "for N" (ms) lets time pass, "{...}" is merged
 * into the Rollout's spec, anything else happens. `row` says whose story it is. */
static inline void bed_story(struct stage *st, const char *row, const char *const *lines)
{
    char where[600];

    for (; *lines; lines++) {
        if (strncmp(*lines, "for ", 4) == 0)
            bed_turns(st, (int)(strtol(*lines + 4, NULL, 10) / SIM_TICK_MS));
        else if (**lines == '{')
            bed_patch(st, SIM_ROLLOUT, arena_printf(&st->a, "{'spec':%s}", *lines));
        else if (strncmp(*lines, "-> ", 3) != 0)
            bed_do(st, *lines);
        else if (!bed_reaches(st, *lines + 3, 90000))
            fail_msg("%s: not %s, %s", row, *lines + 3, bed_where(st, where));
        if (st->judge.violations)
            fail_msg("%s: %s", row, st->judge.words);
    }
}

/* At rest nothing of ours is left, the Deployment is whole, and nothing is written any more. */
static inline void bed_rest(struct stage *st, const char *image, int n)
{
    const struct sim_object *o;
    int writes;

    bed_until(st, "Resting", 90000);
    writes = st->op.writes;
    for (int i = 0; i < 60; i++)
        bed_turn(st);
    assert_int_equal(st->op.writes, writes);
    o = sim_find(&st->s, SIM_DEPLOYMENT, "web");
    assert_string_equal(stage_image(st), image);
    assert_int_equal(json_i64(o->doc, "status.availableReplicas", 0), n);
    assert_int_equal(json_i64(o->doc, "status.updatedReplicas", 0), n);
    assert_int_equal(json_i64(o->doc, "status.replicas", 0), n);
    assert_int_equal(sim_endpoints(&st->s, "web", NULL), n);
    sim_judge_rest(&st->judge);
    bed_judge(st);
}

/* `when` turns after an undo stable's ReplicaSet is lost; its template is put back if that is asked
 * for. */
static inline void bed_loses_stable_in_undo(struct stage *st, int when)
{
    bed_image(st, "app:v2");
    bed_rest(st, "app:v2", 4);
    bed_do(st, "undo");
    bed_turns(st, when);
    bed_do(st, "stable replicaset deleted");
    bed_turns(st, 40);
    if (str_equal(stage_word(st), "Stalled"))
        bed_image(st, "app:v2");
    bed_until(st, "Resting", 90000);
    bed_rest(st, stage_image(st), 4);
}

/* An environment variable as a number. */
static inline uint64_t bed_number(const char *name, uint64_t dflt)
{
    const char *text = getenv(name);

    return text ? strtoull(text, NULL, 10) : dflt;
}

/* For `make sim`: lines "what n" are added up over all programs. */
static inline void bed_tally(const char *what, long n)
{
    const char *path = getenv("SIM_TALLY");
    FILE *f = path ? fopen(path, "a") : NULL;

    if (!f)
        return;
    fprintf(f, "%s %ld\n", what, n);
    fclose(f);
}

#endif

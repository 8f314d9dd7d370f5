/* SPDX-License-Identifier: Apache-2.0 */
/* sim_releases.h - reference releases, each a few lines of scenario, and how one is played with
 * something wrong in it: what it ended in, and what the judge said. */
#ifndef SLUICE_TESTS_UNIT_SIM_RELEASES_H
#define SLUICE_TESTS_UNIT_SIM_RELEASES_H

#include "sim_bed.h"

#define RELEASE_MAX_MS INT64_C(400000)

struct release {
    const char *name, *spec;
    int replicas;       /* 0: 4 */
    const char *script; /* times count from when the Rollout rests */
    const char *extra;  /* merged into the Rollout's spec, ' for " */
    const char *rules;  /* of the route; NULL: one rule */
};

#define WEIGHTED_RULES                                                                             \
    "[{'backendRefs':[{'name':'web','port':80,'weight':7}]},{'matches':[{'path':{'value':'/api'}"  \
    "}],'backendRefs':[{'name':'web','port':80}]},{'matches':[{'path':{'value':'/"                 \
    "x'}}],'backendRefs':[{'name':"                                                                \
    "'other','port':80},{'name':'third','port':80,'weight':3}]}]"
#define METRIC                                                                                     \
    "{'gates':[{'name':'latency','metric':{'prometheus':{'query':'q'},'max':'0.3','every':'1s'},"  \
    "'deadline':'20s'}]}"

static const struct release releases[] = {
    {"blue-green", BLUE_GREEN, 0, "image app:v2", NULL, NULL},
    {"blue-green-one", BLUE_GREEN, 1, "image app:v2", NULL, NULL},
    {"blue-green-approve", BLUE_GREEN_APPROVE, 0, "image app:v2\nwhen Approval approve", NULL,
     NULL},
    {"blue-green-undo", BLUE_GREEN, 3, "image app:v2\nwhen Baking undo", NULL, NULL},
    {"blue-green-bad", BLUE_GREEN, 0, "image app:bad", NULL, NULL},
    {"blue-green-never", BLUE_GREEN, 0, "image app:never", NULL, NULL},
    {"blue-green-revert", BLUE_GREEN, 0, "image app:bad", "{'afterAbort':'Revert'}", NULL},
    {"blue-green-twice", BLUE_GREEN, 0, "image app:v2\nwhen Gating step 1 image app:v3", NULL,
     NULL},
    {"blue-green-deleted", BLUE_GREEN, 0, "image app:v2\nwhen Gating step 2 rollout deleted", NULL,
     NULL},
    {"blue-green-deleted-on", BLUE_GREEN, 0, "image app:v2\nwhen Gating step 1 rollout deleted",
     "{'onDelete':'Promote'}", NULL},
    {"canary-pods", CANARY_PODS, 5, "image app:v2", NULL, NULL},
    {"canary-pods-abort", CANARY_PODS, 5, "image app:v2\nwhen Holding step 2 abort", NULL, NULL},
    {"canary-pods-grows", CANARY_PODS, 4, "image app:v2\nwhen Holding step 2 scale to 6", NULL,
     NULL},
    {"canary-pods-held", CANARY_PODS, 4, "image app:v2\nwhen Gating step 1 rollout deleted",
     "{'onDelete':'Hold'}", NULL},
    {"canary-route", CANARY_ROUTE, 5, "image app:v2", NULL, NULL},
    {"canary-route-one", CANARY_ROUTE, 1, "image app:v2", NULL, NULL},
    {"canary-route-bad", CANARY_ROUTE, 5, "image app:bad", NULL, NULL},
    {"canary-route-abort", CANARY_ROUTE, 4, "image app:v2\nwhen Gating step 2 abort", NULL, NULL},
    {"canary-route-twice", CANARY_ROUTE, 4, "image app:v2\nwhen Gating step 2 image app:v3", NULL,
     NULL},
    {"canary-route-back", CANARY_ROUTE, 4, "image app:v2\nwhen Gating step 1 old image", NULL,
     NULL},
    {"canary-route-retry", CANARY_ROUTE, 3,
     "gate smoke fails\nimage app:v2\nwhen Aborted gate smoke passes\nwhen Aborted retry", NULL,
     NULL},
    {"canary-route-undo", CANARY_ROUTE, 3, "image app:v2\nwhen Baking undo", NULL, NULL},
    {"canary-route-theirs", CANARY_ROUTE, 4, "image app:v2", NULL, WEIGHTED_RULES},
    {"canary-route-paused", CANARY_ROUTE, 4,
     "image app:v2\nwhen Gating step 1 pause\nresume at 150s", NULL, NULL},
    {"canary-route-held", CANARY_ROUTE, 4, "image app:v2\nwhen Approval step 1 approve",
     "{'strategy':{'canary':{'steps':[{'weight':10,'hold':'3s','approve':true},{'weight':60}]}}}",
     NULL},
    {"canary-route-metric", CANARY_ROUTE, 4, "gate latency gives 0.3\nimage app:v2", METRIC, NULL},
    {"canary-route-nan", CANARY_ROUTE, 4, "gate latency gives nan\nimage app:v2", METRIC, NULL},
    {"canary-route-silent", CANARY_ROUTE, 4, "gate latency silent\nimage app:v2", METRIC, NULL},
    {"canary-route-shrinks", CANARY_ROUTE, 6, "image app:v2\nwhen Gating step 1 scale to 3", NULL,
     NULL},
    {"canary-route-no-drain", CANARY_ROUTE, 4, "image app:v2\nwhen Gating step 2 abort",
     "{'drain':'0s','bake':'0s'}", NULL},
    {"canary-pods-no-drain", CANARY_PODS, 4, "image app:v2\nwhen Holding step 2 abort",
     "{'drain':'0s','bake':'0s'}", NULL},
    {"canary-pods-to-0", CANARY_PODS, 3,
     "image app:v2\nimage app:bad at 60s\nscale to 0 at 120s\nscale to 3 at 125s", NULL, NULL},
    {"blue-green-again", BLUE_GREEN, 3, "image app:bad\nold image at 60s\nimage app:bad at 100s",
     NULL, NULL},
    {"blue-green-one-by-one", BLUE_GREEN, 3, "image app:v2\nimage app:v3 at 60s", NULL, NULL},
    {"canary-pods-one-step", CANARY_PODS, 5, "image app:v2",
     "{'strategy':{'canary':{'steps':[{'weight':20}]}}}", NULL},
    {"canary-route-edited", CANARY_ROUTE, 4,
     "image app:v2\nwhen Gating step 2 weight of step 2 becomes 21", NULL, NULL},
    {"canary-route-grows", CANARY_ROUTE, 3, "image app:v2\nwhen Gating step 2 scale to 6", NULL,
     NULL},
    {"rolling-grows", ROLLING, 3, "image app:v2\nwhen Gating step 2 scale to 7", NULL, NULL},
    {"rolling", ROLLING, 5, "image app:v2", NULL, NULL},
    {"rolling-one", ROLLING, 1, "image app:v2", NULL, NULL},
    {"rolling-at-once", ROLLING, 4, "image app:v2", "{'bake':'0s'}", NULL},
    {"rolling-bad", ROLLING, 5, "image app:bad", NULL, NULL},
    {"rolling-twice", ROLLING, 4, "image app:v2\nwhen Gating step 2 image app:v3", NULL, NULL},
    {"rolling-undo", ROLLING, 3, "image app:v2\nwhen Baking route accepts\nwhen Resting undo", NULL,
     NULL},
    {"rolling-deleted", ROLLING, 4, "image app:v2\nwhen Gating step 2 rollout deleted", NULL, NULL},
    {"paused-blue-green-undo", PAUSED_BLUE_GREEN, 3, "image app:v2\nwhen Resting undo", NULL, NULL},
    {"paused-blue-green-deleted", PAUSED_BLUE_GREEN, 0, "rollout deleted", NULL, NULL},
    {"paused-canary-pods-bad", PAUSED_CANARY, 4, "image app:bad\nwhen Aborted image app:v3", NULL,
     NULL},
    {"paused-canary-route", PAUSED_CANARY_ROUTE, 4, "image app:v2", NULL, NULL},
    {"paused-rolling", PAUSED_ROLLING, 4, "image app:v2", NULL, NULL},
};

struct outcome {
    bool good, played; /* to the end of the script */
    char trouble[800];
    char *end; /* what lasts, in the arena given */
    int writes, pods, faults;
    int shared; /* pods that may be started more: see is_shared_out */
    int late;   /* ... for a ReplicaSet that a late write made once more */
    bool left;  /* a late write made something when nobody was there to take it away */
    int created[SIM_KIND_COUNT], deleted[SIM_KIND_COUNT];
};

static inline bool release_fails(struct outcome *out, struct stage *st, const char *what)
{
    char where[600];

    snprintf(out->trouble, sizeof out->trouble, "%.180s (%s)", what, bed_where(st, where));
    return false;
}

/* Nothing moves any more: for longer than any late write takes. */
static inline bool is_still(struct stage *st)
{
    const enum sim_fault f = st->op.opt.fault;

    if (f != FAULT_OUTAGE && f != FAULT_DENIED && st->next_word < st->scenario.count)
        return false;
    if (!sim_find(&st->s, SIM_ROLLOUT, "web"))
        return true;
    return stage_played(st) && stage_idle(st);
}

static inline bool release_ends(struct stage *st, struct outcome *out)
{
    const int64_t end = st->s.now_ms + RELEASE_MAX_MS;
    int quiet = 0, writes = -1;

    while (quiet < 110) {
        bed_patience(st);
        bed_turn(st);
        if (st->judge.violations)
            return release_fails(out, st, st->judge.words);
        if (st->s.now_ms > end)
            return release_fails(out, st, "it does not come to an end");
        quiet = st->op.writes == writes && is_still(st) ? quiet + 1 : 0;
        writes = st->op.writes;
    }
    if (str_equal(stage_word(st), "Resting"))
        sim_judge_rest(&st->judge);
    if (st->judge.violations)
        return release_fails(out, st, st->judge.words);
    return true;
}

/* Scaled up before the Deployment controller has moved the old side for the last pod of the new
 * one, it shares the new pods out by what it finds: one more goes to the side that is on its way
 * out. No write of ours decides that. */
static inline bool is_shared_out(const struct release *r)
{
    return strstr(r->spec, "'rolling'") && strstr(r->script, "scale to");
}

/* A write of an operator that was frozen may come when its Rollout is gone, and nobody is left to
 * take away what it makes: that one object stays, without a pod, as the docs say. It is taken away
 * here, as a person would, so that the rest can be compared. */
static inline void take_late(struct stage *st, struct outcome *out)
{
    const struct sim_came_late *l = &st->op.came_late;
    const struct sim_object *o = l->left ? sim_find(&st->s, l->kind, l->name) : NULL;

    out->late = l->pods;
    if (!o)
        return;
    if (l->kind == SIM_REPLICASET && json_i64(o->doc, "spec.replicas", 0) != 0)
        out->good = release_fails(out, st, "a late write left pods");
    out->left = true;
    sim_delete(&st->s, l->kind, l->name);
}

static inline bool release_play(const struct release *r, const struct bed_options *more,
                                struct arena *a, struct outcome *out)
{
    struct bed_options o = *more;
    struct scenario script;
    struct stage st;
    struct err e = {0};

    *out = (struct outcome){0};
    o.spec = r->spec;
    o.replicas = r->replicas;
    o.rules = r->rules;
    o.sim.gate_bad = "bad";
    o.sim.never_ready = "never";
    o.sim.no_policies = strstr(r->spec, "'Paused'") != NULL;
    bed_open(&st, &o);
    if (r->extra)
        bed_patch(&st, SIM_ROLLOUT, arena_printf(&st.a, "{'spec':%s}", r->extra));
    if (!scenario_parse(&st.a, r->script, &script, &e))
        fail_msg("%s: %s", r->name, e.text);
    if (!bed_reaches(&st, "Resting", 200000)) {
        release_fails(out, &st, "it does not attach");
    } else {
        stage_begin(&st, &script);
        out->good = release_ends(&st, out);
    }
    out->played = st.next_word >= st.scenario.count;
    take_late(&st, out);
    out->end = sim_fingerprint(&st.s, a);
    out->writes = st.op.writes;
    out->pods = st.s.pods_started;
    out->faults = st.op.faults;
    out->shared = is_shared_out(r);
    memcpy(out->created, st.s.created, sizeof out->created);
    memcpy(out->deleted, st.s.deleted, sizeof out->deleted);
    stage_close(&st);
    return out->good;
}

/* Objects that were made and deleted on the way are as many; slices are not ours. */
static inline void compare_counts(const struct outcome *want, struct outcome *have, bool net)
{
    for (int k = 0; k < SIM_KIND_COUNT; k++) {
        const int created = have->created[k] - want->created[k];
        const int deleted = have->deleted[k] - want->deleted[k];

        if (k == SIM_SLICE || (net ? created == deleted : !created && !deleted))
            continue;
        have->good = false;
        snprintf(have->trouble, sizeof have->trouble,
                 "kind %d: %d created, %d deleted; without the fault %d and %d", k,
                 have->created[k], have->deleted[k], want->created[k], want->deleted[k]);
    }
}

/* The number of a revision that came and went lasts, and Kubernetes gives no number twice. */
static inline void forget_numbers(char *text)
{
    static const char key[] = "\"deployment.kubernetes.io/revision\":\"";
    const char *from = text;

    for (const char *at = strstr(from, key); at; at = strstr(from, key)) {
        const size_t n = (size_t)(at - from) + sizeof key - 1;

        memmove(text, from, n);
        text += n;
        from = strchr(from + n, '"');
    }
    memmove(text, from, strlen(from) + 1);
}

/* The first line that differs, for people. `net`: what was made twice was taken away twice. */
static inline void release_compare(const struct outcome *want, struct outcome *have, bool net)
{
    auto_free char *plain = xstrdup(want->end);
    const char *begin = have->left ? plain : want->end, *a = begin, *b = have->end;

    if (!have->good)
        return;
    if (have->left) {
        forget_numbers(plain);
        forget_numbers(have->end);
    }
    compare_counts(want, have, net);
    if (have->pods > want->pods + have->shared + have->late) { /* fewer: a scale between writes */
        have->good = false;
        snprintf(have->trouble, sizeof have->trouble, "%d pods started instead of %d", have->pods,
                 want->pods);
    }
    while (*a && *a == *b) {
        a++;
        b++;
    }
    if (*a == *b)
        return;
    have->good = false;
    while (a > begin && a[-1] != '\n')
        a--;
    while (b > have->end && b[-1] != '\n')
        b--;
    snprintf(have->trouble, sizeof have->trouble, "it ends otherwise:\n  %.*s\n  %.*s",
             (int)min_i64((int64_t)strcspn(b, "\n"), 350), b,
             (int)min_i64((int64_t)strcspn(a, "\n"), 350), a);
}

#endif

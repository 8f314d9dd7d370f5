/* SPDX-License-Identifier: Apache-2.0 */
/* explore_step.c - what moves lead to, each computed once. */
#include "explore_parts.h"

#include "sluice/json/jfmt.h"

#include <stdlib.h>
#include <string.h>

void explore_init(struct explorer *x, const struct sim *from, const struct explore_options *o)
{
    *x = (struct explorer){.o = o, .judge = *o->judge};
    stock_init(&x->k, from);
    x->k.clock = o->clock;
    x->judge.resting_count = 0; /* theirs */
    x->judge.violations = x->judge.served_count = 0;
    x->judge.rested_ms = 0;
    memset(x->judge.weighed_ms, 0, sizeof x->judge.weighed_ms);
    memset(x->judge.sent_ms, 0, sizeof x->judge.sent_ms);
    x->judge.weighs = x->judge.sends = -1;
    x->judge.rests = false;
    x->judge.seen_epoch = -1;
}

void explore_release(struct explorer *x)
{
    for (size_t i = 1; i <= x->action_count; i++)
        arena_release(&x->actions[i].a);
    stock_release(&x->k);
    sim_judge_release(&x->judge);
    vectors_release(&x->clusters);
    vectors_release(&x->views);
    vectors_release(&x->truths);
    memo_release(&x->passes);
    memo_release(&x->sends);
    memo_release(&x->effects);
    memo_release(&x->judged);
    vectors_release(&x->action_texts);
    free(x->known);
    free(x->seen);
    free(x->actions);
    free(x->sent);
    free(x->memories);
}

static size_t vector_bytes(const struct vectors *v)
{
    return v->cap * 4 + v->starts_cap * sizeof *v->starts + v->mask * 4;
}

size_t explore_bytes(const struct explorer *x)
{
    return vector_bytes(&x->clusters) + vector_bytes(&x->views) + vector_bytes(&x->passes.keys) +
           vector_bytes(&x->sends.keys) + 3 * vector_bytes(&x->k.texts) +
           x->known_cap * sizeof *x->known + x->seen_cap * sizeof *x->seen +
           x->action_cap * sizeof *x->actions + x->sent_cap * sizeof *x->sent;
}

/* ---- numbers --------------------------------------------------------------------------------- */

uint32_t explore_cluster(struct explorer *x, const uint32_t groups[GROUP_COUNT])
{
    const uint32_t id = vectors_put(&x->clusters, groups, GROUP_COUNT);

    x->known = grown(x->known, &x->known_cap, id, sizeof *x->known);
    return id;
}

void explore_groups(const struct explorer *x, uint32_t cluster, uint32_t out[GROUP_COUNT])
{
    size_t n;

    memcpy(out, vectors_get(&x->clusters, cluster, &n), GROUP_COUNT * sizeof *out);
}

uint32_t explore_view(struct explorer *x, const uint32_t groups[SIM_KIND_COUNT])
{
    const uint32_t id = vectors_put(&x->views, groups, SIM_KIND_COUNT);

    x->seen = grown(x->seen, &x->seen_cap, id, sizeof *x->seen);
    return id;
}

void explore_sight(const struct explorer *x, uint32_t view, uint32_t out[SIM_KIND_COUNT])
{
    size_t n;

    memcpy(out, vectors_get(&x->views, view, &n), SIM_KIND_COUNT * sizeof *out);
}

/* ---- controllers and people ------------------------------------------------------------------ */

/* The groups that it writes; 1: it does nothing. */
static uint32_t pass(struct explorer *x, const struct move *m, const uint32_t groups[GROUP_COUNT])
{
    uint32_t after[GROUP_COUNT], out[GROUP_COUNT];
    struct sim s;
    size_t n = 0;
    bool ok;

    memcpy(after, groups, sizeof after);
    stock_load(&x->k, groups, m->reads, &s);
    ok = m->run(x, &s);
    if (ok)
        stock_store(&x->k, &s, m->writes, after);
    sim_release(&s);
    for (int g = 0; g < GROUP_COUNT; g++) {
        if (m->writes & BIT(g))
            out[n++] = after[g];
    }
    return ok ? vectors_put(&x->k.groups, out, n) : 1;
}

static uint32_t remembered_pass(struct explorer *x, int move, const uint32_t groups[GROUP_COUNT])
{
    const struct move *m = &explore_moves[move];
    uint32_t key[GROUP_COUNT + 1] = {(uint32_t)move}, *at, value;
    size_t n = 1;

    for (int g = 0; g < GROUP_COUNT; g++) {
        if (m->reads & BIT(g))
            key[n++] = groups[g];
    }
    at = memo_at(&x->passes, key, n);
    if (!*at) {
        value = pass(x, m, groups);
        *memo_at(&x->passes, key, n) = value;
        return value;
    }
    return *at;
}

static uint32_t collected(struct explorer *x, uint32_t groups[GROUP_COUNT])
{
    if (stock_orphans(&x->k, groups)) {
        struct sim s;

        stock_load(&x->k, groups, ALL_GROUPS, &s);
        sim_collect(&s);
        stock_store(&x->k, &s, ALL_GROUPS, groups);
        sim_release(&s);
    }
    return explore_cluster(x, groups);
}

uint32_t explore_next(struct explorer *x, uint32_t cluster, int move)
{
    uint32_t groups[GROUP_COUNT], next = x->known[cluster].next[move];
    const uint32_t *wrote;
    size_t n, at = 0;

    if (next)
        return next;
    explore_groups(x, cluster, groups);
    wrote = vectors_get(&x->k.groups, remembered_pass(x, move, groups), &n);
    for (int g = 0; n && g < GROUP_COUNT; g++) {
        if (explore_moves[move].writes & BIT(g))
            groups[g] = wrote[at++];
    }
    next = collected(x, groups);
    x->known[cluster].next[move] = next;
    return next;
}

/* ---- the operator ---------------------------------------------------------------------------- */

static void load_view(const struct explorer *x, uint32_t view, struct sim *s)
{
    uint32_t groups[GROUP_COUNT] = {0};

    explore_sight(x, view, groups);
    stock_load(&x->k, groups, ALL_GROUPS & ~(BIT(GROUP_PODS) | BIT(GROUP_BIRTHS)), s);
}

static const char *or_none(const char *text)
{
    return text ? text : "";
}

static void copy_action(struct known_action *to, const struct action *act, const char *rule)
{
    struct arena *a = &to->a;

    arena_init_sized(a, 2048);
    to->act = *act;
    to->act.ns = arena_strdup(a, act->ns);
    to->act.name = arena_strdup(a, act->name);
    to->act.uid = arena_strdup(a, act->uid);
    to->act.method = arena_strdup(a, act->method);
    to->act.subresource = arena_strdup(a, act->subresource);
    to->act.query = arena_strdup(a, act->query);
    to->act.content_type = arena_strdup(a, act->content_type);
    to->act.body = arena_strdup(a, act->body);
    to->rule = arena_strdup(a, rule);
}

/* Without what only tells: it is made anew by every plan, and no plan looks at it. */
static struct rollout_status *untold_status(struct arena *a, const struct rollout_status *from,
                                            bool routed)
{
    struct rollout_status *st = ARENA_NEW(a, struct rollout_status);

    *st = *from;
    st->display.message = st->display.strategy = st->display.step = NULL;
    st->display.weight = st->display.ready = NULL;
    st->awaiting_count = 0;
    memset(st->conditions, 0, sizeof st->conditions);
    st->target.replicas = 0;
    st->target.observed_generation = 0; /* digests have one version here */
    if (!routed)
        st->flight.weight_written = st->flight.weight_accepted = 0; /* the share of pods */
    st->flight.new_replicas = st->flight.new_ready = 0;
    st->flight.stable_replicas = st->flight.stable_ready = 0;
    return st;
}

/* False: it only tells. */
static bool untold(struct arena *a, const struct world *w, const struct plan *plan,
                   struct action *act)
{
    const struct meta *m = &w->rollout->meta;
    const bool routed = w->rollout->spec.traffic_count != 0;
    const bool reports = act->act == ACT_REPORT;
    const struct rollout_status *now = untold_status(a, plan->status, routed);
    const struct rollout_status *then =
        reports ? untold_status(a, &w->rollout->status, routed) : NULL;
    const char *text;

    if (reports && status_same(now, then))
        return false; /* spares the texts */
    text = status_write(a, now);
    if (reports && str_equal(text, status_write(a, then)))
        return false;
    act->body = json_fmt(a, "{'metadata':{'name':%q,'uid':%q,'resourceVersion':%q},'status':%r}",
                         m->name, m->uid, m->rv, text);
    return true;
}

static uint32_t keep_action(struct explorer *x, struct arena *a, const struct world *w,
                            const struct plan *plan)
{
    struct action act = plan->action;
    const char *text;
    uint32_t id;

    if (act.act == ACT_NONE ||
        (act.subresource && act.target == TARGET_ROLLOUT && !untold(a, w, plan, &act)))
        return NO_ACTION;
    text = arena_printf(a, "%d %d %s %s %s %s %s %s", act.act, act.harmful, or_none(act.name),
                        or_none(act.uid), or_none(act.method), or_none(act.subresource),
                        or_none(act.content_type), or_none(act.body));
    id = vectors_put_text(&x->action_texts, text);
    if (id > x->action_count) {
        x->actions = grown(x->actions, &x->action_cap, id, sizeof *x->actions);
        copy_action(&x->actions[id], &act, plan->rule);
        x->actions[id].name = vectors_put_text(&x->k.texts, act.name);
        x->action_count = id;
    }
    return id;
}

uint32_t explore_plan(struct explorer *x, uint32_t view, bool brake_unknown)
{
    uint32_t *known = &x->seen[view].action[brake_unknown];
    const struct plan *plan;
    struct world *w;
    struct arena a;
    struct sim s;

    if (*known)
        return *known;
    load_view(x, view, &s);
    arena_init(&a);
    w = sim_world(&s, &a, x->o->rollout);
    if (w && brake_unknown)
        w->brake.state = BRAKE_UNKNOWN;
    plan = w ? plan_rollout(&a, w, s.now_ms) : NULL;
    *known = plan ? keep_action(x, &a, w, plan) : NO_ACTION;
    arena_release(&a);
    sim_release(&s);
    return *known;
}

/* ---- a write, and what it does --------------------------------------------------------------- */

/* What the outcome rests on. Only what is created meets a policy here (admit.c), and only what is
 * deleted takes others with it. */
static unsigned read_by(const struct action *act)
{
    if (str_equal(act->method, "PATCH"))
        return BIT(sim_kind_of(act->target));
    if (str_equal(act->method, "POST"))
        return BIT(sim_kind_of(act->target)) | BIT(SIM_ROLLOUT) | BIT(GROUP_BIRTHS);
    return ALL_GROUPS;
}

/* What the judge looks at: of a status the pods, weights and record that it speaks of. */
static unsigned judged_by(const struct action *act)
{
    if (act->act != ACT_DECIDE && act->act != ACT_REPORT)
        return ALL_GROUPS;
    return BIT(SIM_ROLLOUT) | BIT(SIM_DEPLOYMENT) | BIT(SIM_REPLICASET) | BIT(GROUP_PODS) |
           BIT(SIM_ROUTE) | BIT(SIM_FENCE);
}

static size_t put_groups(uint32_t *key, size_t n, const uint32_t groups[GROUP_COUNT],
                         unsigned which)
{
    for (int g = 0; g < GROUP_COUNT; g++) {
        if (which & BIT(g))
            key[n++] = groups[g];
    }
    return n;
}

/* The groups after it, and 1 when it was done. */
static uint32_t effect(struct explorer *x, const struct action *act,
                       const uint32_t groups[GROUP_COUNT], unsigned which)
{
    uint32_t after[GROUP_COUNT + 1];
    struct err e = {0};
    struct sim s;

    memcpy(after, groups, GROUP_COUNT * sizeof *groups);
    stock_load(&x->k, groups, which, &s);
    after[GROUP_COUNT] = sim_send(&s, act, &e);
    stock_store(&x->k, &s, which, after);
    sim_release(&s);
    return vectors_put(&x->k.groups, after, COUNT(after));
}

static bool done(struct explorer *x, uint32_t action, uint32_t groups[GROUP_COUNT])
{
    const struct action *act = &x->actions[action].act;
    const unsigned which = read_by(act);
    uint32_t key[GROUP_COUNT + 1] = {action}, value;
    const size_t n = put_groups(key, 1, groups, which);
    const uint32_t *after;
    size_t len;

    value = *memo_at(&x->effects, key, n);
    if (!value) {
        value = effect(x, act, groups, which);
        *memo_at(&x->effects, key, n) = value;
    }
    after = vectors_get(&x->k.groups, value, &len);
    for (int g = 0; g < GROUP_COUNT; g++) {
        if (which & BIT(g))
            groups[g] = after[g];
    }
    return after[GROUP_COUNT];
}

/* Of the clusters before and after it. */
static uint32_t judged(struct explorer *x, const struct known_action *known,
                       const uint32_t before[GROUP_COUNT], const uint32_t after[GROUP_COUNT],
                       uint32_t truths, bool disturbed)
{
    const struct action *act = &known->act;
    const unsigned which = judged_by(act);
    const uint32_t o = stock_find(&x->k, before[sim_kind_of(act->target)], known->name);
    struct sim_judge j;
    struct sim s;
    uint32_t words;

    stock_load(&x->k, before, which, &s);
    explore_remember(x, &j, truths, &s, disturbed);
    if (o && act->target == TARGET_ROLLOUT)
        j.was = sim_view(sim_find(&s, SIM_ROLLOUT, act->name)); /* lives as long as the stock */
    sim_release(&s);
    stock_load(&x->k, after, which, &s);
    j.seen_epoch = s.epoch; /* the cluster itself is judged apart */
    sim_judge_wrote(&j, act, o ? x->k.items[o].version->doc : NULL, true);
    words = explore_words(x, &j);
    x->write_count++;
    sim_release(&s);
    return words;
}

static uint32_t verdict(struct explorer *x, uint32_t action, const uint32_t before[GROUP_COUNT],
                        const uint32_t after[GROUP_COUNT], uint32_t truths, bool disturbed)
{
    const struct known_action *known = &x->actions[action];
    uint32_t key[GROUP_COUNT + 2] = {action, truths << 1 | disturbed}, value;
    const size_t n = put_groups(key, 2, before, judged_by(&known->act));

    value = *memo_at(&x->judged, key, n);
    if (!value) {
        value = judged(x, known, before, after, truths, disturbed);
        *memo_at(&x->judged, key, n) = value;
    }
    return value;
}

struct sent explore_send(struct explorer *x, uint32_t action, uint32_t cluster, uint32_t view,
                         bool disturbed)
{
    const uint32_t truths = explore_truths(x, view);
    const uint32_t key[] = {action, cluster, truths << 1 | disturbed};
    uint32_t at = *memo_at(&x->sends, key, COUNT(key)), groups[GROUP_COUNT], before[GROUP_COUNT];
    struct sent got = {.verdict = CLEAN};

    if (at)
        return x->sent[at];
    explore_groups(x, cluster, before);
    memcpy(groups, before, sizeof groups);
    got.ok = done(x, action, groups);
    if (got.ok)
        got.verdict = verdict(x, action, before, groups, truths, disturbed);
    got.cluster = collected(x, groups);
    at = (uint32_t)++x->sent_count;
    x->sent = grown(x->sent, &x->sent_cap, at, sizeof *x->sent);
    x->sent[at] = got;
    *memo_at(&x->sends, key, COUNT(key)) = at;
    return got;
}

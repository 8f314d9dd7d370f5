/* SPDX-License-Identifier: Apache-2.0 */
/* explore.c - depth first through all orders; a state is a fork of the cluster, which is cheap. */
#include "sluice/sim/explore.h"

#include "sluice/json/jfmt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct node {
    struct sim s;
    bool looking;
    struct sim look;
    int age;                /* moves of others since */
    unsigned happened;      /* bits of enum explore_person */
    struct sim_judge judge; /* its lists belong to the first one */
    int next;               /* the move to try next */
    bool moved;             /* something other than a person can move it */
    const char *came_by;
    uint64_t state; /* hash of `s` */
};

struct explorer {
    const struct explore_options *o;
    struct explored *out;
    uint64_t *seen;
    size_t mask;
    struct node **way;
    int depth;
    const char *found; /* by a move itself */
};

/* ---- nodes ----------------------------------------------------------------------------------- */

static struct node *node_fork(const struct node *from)
{
    struct node *n = xcalloc(1, sizeof *n);

    *n = *from;
    n->next = 0;
    n->moved = false;
    sim_fork(&n->s, &from->s);
    if (from->looking)
        sim_fork(&n->look, &from->look);
    n->judge.s = &n->s;
    n->s.now_ms += SIM_TICK_MS;
    return n;
}

static void drop_look(struct node *n)
{
    if (n->looking)
        sim_release(&n->look);
    n->looking = false;
    n->age = 0;
}

static void node_free(struct node *n)
{
    drop_look(n);
    sim_release(&n->s);
    free(n);
}

/* Which objects of the look are the server's own newest: what a write of them would meet. */
static uint64_t freshness(const struct node *n)
{
    uint64_t bits = 0;
    int i = 0;

    for (const struct sim_object *o = n->look.objects; o; o = o->next, i++) {
        const struct sim_object *now = sim_find(&n->s, o->kind, json_str(o->doc, "metadata.name"));

        if (now && now->version == o->version)
            bits |= UINT64_C(1) << (i % 64);
    }
    return bits;
}

static uint64_t node_hash(struct node *n)
{
    uint64_t h = n->state = sim_state_hash(&n->s);

    if (n->looking)
        h = (h ^ sim_state_hash(&n->look) * 31 ^ freshness(n) * 0x9e3779b97f4a7c15U) + 17;
    return (h ^ (uint64_t)n->happened << 56 ^ (uint64_t)n->age << 50) | 1;
}

/* ---- moves ----------------------------------------------------------------------------------- */

static bool by_deployment(struct explorer *x, struct node *n)
{
    (void)x;
    sim_deployments(&n->s);
    return true;
}

static bool by_replicasets(struct explorer *x, struct node *n)
{
    (void)x;
    sim_replicasets(&n->s);
    return true;
}

static bool by_slices(struct explorer *x, struct node *n)
{
    (void)x;
    sim_slices(&n->s);
    return true;
}

/* It sees a change, accepts it, and its proxies send by it: what lies between is what the settle
 * time is for, and that is 0 here. */
static bool by_router(struct explorer *x, struct node *n)
{
    (void)x;
    for (int i = 0; i < 3; i++) {
        n->s.now_ms++;
        sim_routers(&n->s);
    }
    return true;
}

static void look(struct node *n)
{
    sim_fork(&n->look, &n->s);
    n->looking = true;
    n->age = 0;
}

static void send(struct explorer *x, struct node *n, const struct action *act)
{
    struct sim_object *o = sim_find(&n->s, sim_kind_of(act->target), act->name);
    const cJSON *before = o ? o->doc : NULL;
    struct err e = {0};
    const bool ok = sim_send(&n->s, act, &e);

    (void)x;
    sim_judge_wrote(&n->judge, act, before, ok);
    if (ok)
        sim_adopt(&n->look, sim_kind_of(act->target), act->name,
                  sim_find(&n->s, sim_kind_of(act->target), act->name));
    else
        drop_look(n);
}

/* It looks, or does what it plans on its look. */
static bool by_operator(struct explorer *x, struct node *n)
{
    const struct plan *plan;
    struct world *w;
    struct arena a;

    if (!n->looking)
        look(n);
    arena_init(&a);
    w = sim_world(&n->look, &a, x->o->rollout);
    plan = w ? plan_rollout(&a, w, n->s.now_ms) : NULL;
    if (!plan || plan->action.act == ACT_NONE)
        drop_look(n);
    else
        send(x, n, &plan->action);
    arena_release(&a);
    return true;
}

/* What was looked at is kept while others move on. */
static bool by_look(struct explorer *x, struct node *n)
{
    (void)x;
    if (n->looking)
        return false;
    look(n);
    return true;
}

static bool patch(struct node *n, enum sim_kind kind, const char *name, const char *text)
{
    struct err e = {0};

    return sim_user_patch(&n->s, kind, name, text, &e);
}

static bool set_image(struct explorer *x, struct node *n, const char *image)
{
    struct arena a;
    bool ok;

    arena_init(&a);
    ok = patch(n, SIM_DEPLOYMENT, x->o->deployment,
               json_fmt(&a,
                        "[{'op':'add','path':'/spec/template/spec/containers/0/image','value':%q}]",
                        image));
    arena_release(&a);
    return ok;
}

static bool aborts(struct explorer *x, struct node *n)
{
    struct sim_object *o = sim_find(&n->s, SIM_ROLLOUT, x->o->rollout);
    const struct rollout_status *st = &((const struct rollout *)sim_view(o))->status;
    struct arena a;
    bool ok;

    if (!st->flight.present)
        return false;
    arena_init(&a);
    ok = patch(n, SIM_ROLLOUT, x->o->rollout,
               json_fmt(&a, "{'spec':{'action':{'id':'a','verb':'Abort','revision':%q}}}",
                        st->flight.revision));
    arena_release(&a);
    return ok;
}

static bool new_image(struct explorer *x, struct node *n)
{
    return set_image(x, n, "app:v3");
}

static bool old_image(struct explorer *x, struct node *n)
{
    return set_image(x, n, x->o->old_image);
}

static bool scales_up(struct explorer *x, struct node *n)
{
    const struct sim_object *o = sim_find(&n->s, SIM_DEPLOYMENT, x->o->deployment);
    struct arena a;
    bool ok;

    sim_judge_disturbed(&n->judge, 60 * SIM_TICK_MS);
    arena_init(&a);
    ok = patch(n, SIM_DEPLOYMENT, x->o->deployment,
               json_fmt(&a, "{'spec':{'replicas':%l}}", json_i64(o->doc, "spec.replicas", 1) + 1));
    arena_release(&a);
    return ok;
}

static bool restarts(struct explorer *x, struct node *n)
{
    (void)x;
    if (!n->looking)
        return false;
    drop_look(n);
    return true;
}

static const struct move {
    const char *name;
    bool (*run)(struct explorer *x, struct node *n);
    int person; /* -1: none */
    bool ages;  /* a move of others, for the operator's look */
} moves[] = {
    {"operator", by_operator, -1, false},
    {"replicasets", by_replicasets, -1, true},
    {"deployment", by_deployment, -1, true},
    {"slices", by_slices, -1, true},
    {"router", by_router, -1, true},
    {"look", by_look, -1, false},
    {"abort", aborts, PERSON_ABORTS, true},
    {"new image", new_image, PERSON_NEW_IMAGE, true},
    {"old image", old_image, PERSON_OLD_IMAGE, true},
    {"scale", scales_up, PERSON_SCALES_UP, true},
    {"restart", restarts, PERSON_RESTARTS, false},
};

static bool may_happen(const struct explorer *x, const struct node *n, const struct move *m)
{
    if (m->person < 0)
        return true;
    return (x->o->people & 1U << m->person) && !(n->happened & 1U << m->person);
}

static void grow_old(const struct explorer *x, struct node *n)
{
    if (n->looking && ++n->age > x->o->lag)
        drop_look(n);
}

/* NULL: not possible here. */
static struct node *moved(struct explorer *x, const struct node *from, const struct move *m)
{
    const int64_t epoch = from->s.epoch;
    struct node *n;

    if (!may_happen(x, from, m))
        return NULL;
    n = node_fork(from);
    n->came_by = m->name;
    if (!m->run(x, n)) {
        node_free(n);
        return NULL;
    }
    sim_collect(&n->s);
    if (m->ages && n->s.epoch != epoch)
        grow_old(x, n);
    if (m->person >= 0)
        n->happened |= 1U << m->person;
    sim_judge_look(&n->judge);
    return n;
}

/* ---- the search ------------------------------------------------------------------------------ */

/* True: it is new. */
static bool visit(struct explorer *x, uint64_t h)
{
    size_t at = (size_t)(h * 0x9e3779b97f4a7c15U >> 20) & x->mask;

    while (x->seen[at] && x->seen[at] != h)
        at = (at + 1) & x->mask;
    if (x->seen[at])
        return false;
    x->seen[at] = h;
    x->out->states++;
    return true;
}

static void tell_way(struct explorer *x, const struct node *last)
{
    struct explored *out = x->out;
    size_t at = 0;

    for (int i = x->depth > 80 ? x->depth - 80 : 1; i < x->depth; i++)
        at += (size_t)snprintf(out->way + at, sizeof out->way - at, "%.14s, ", x->way[i]->came_by);
    snprintf(out->way + at, sizeof out->way - at, "%s", last->came_by ? last->came_by : "");
}

static bool is_good(struct explorer *x, const struct node *n)
{
    if (!n->judge.violations)
        return true;
    snprintf(x->out->trouble, sizeof x->out->trouble, "%s", n->judge.words);
    tell_way(x, n);
    return false;
}

/* Nobody but people can move it: then it must have come to an end. */
static bool is_end(struct explorer *x, const struct node *n)
{
    const struct sim_object *o = sim_find(&n->s, SIM_ROLLOUT, x->o->rollout);
    const char *word = o ? json_str(o->doc, "status.display.status") : "Resting";

    if (str_equal(word, "Resting") || str_equal(word, "Aborted"))
        return true;
    snprintf(x->out->trouble, sizeof x->out->trouble, "nothing moves it any more: %s: %s",
             word ? word : "-", o ? json_str(o->doc, "status.display.message") : "");
    tell_way(x, n);
    return false;
}

static void push(struct explorer *x, struct node *n)
{
    x->way[x->depth++] = n;
    if (x->depth > x->out->depth)
        x->out->depth = x->depth;
}

static void pop(struct explorer *x)
{
    node_free(x->way[--x->depth]);
}

/* False: something was found. */
static bool try_move(struct explorer *x, struct node *top, const struct move *m)
{
    struct node *n = moved(x, top, m);
    uint64_t h;
    bool good;

    if (!n)
        return true;
    x->out->moves++;
    good = is_good(x, n);
    h = node_hash(n);
    if (m->person < 0 && n->state != top->state)
        top->moved = true;
    if (good && x->depth < x->o->depth_max && visit(x, h)) {
        push(x, n);
        return true;
    }
    if (x->depth >= x->o->depth_max)
        x->out->whole = false;
    node_free(n);
    return good;
}

static bool search(struct explorer *x)
{
    bool good = true;

    while (good && x->depth && x->out->states < x->o->states_max) {
        struct node *top = x->way[x->depth - 1];

        if (top->next < (int)COUNT(moves)) {
            good = try_move(x, top, &moves[top->next++]);
            continue;
        }
        good = top->moved || top->looking || is_end(x, top);
        if (good)
            pop(x);
    }
    if (x->depth)
        x->out->whole = false;
    while (x->depth)
        pop(x);
    return good;
}

bool sim_explore(const struct sim *from, const struct explore_options *o, struct explored *out)
{
    struct explorer x = {.o = o, .out = out};
    struct node *first = xcalloc(1, sizeof *first);
    bool good;

    *out = (struct explored){.whole = true};
    for (x.mask = 1; x.mask < o->states_max * 2; x.mask *= 2)
        ;
    x.seen = xcalloc(x.mask, sizeof *x.seen);
    x.way = xcalloc((size_t)o->depth_max + 2, sizeof *x.way);
    x.mask--;
    sim_fork(&first->s, from);
    first->judge = *o->judge;
    first->judge.s = &first->s;
    visit(&x, node_hash(first));
    push(&x, first);
    good = search(&x);
    free(x.seen);
    free(x.way);
    return good;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* explore.c - breadth first through all orders. */
#include "explore_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How many changes of a kind are not seen: two bits each. Then who has come, and more. */
#define AGE_BITS          2
#define PEOPLE_AT         (AGE_BITS * SIM_KIND_COUNT)
#define AGES              ((1U << PEOPLE_AT) - 1)
#define DISTURBED         (1U << (PEOPLE_AT + PERSON_COUNT))
#define BRAKE_UNKNOWN_BIT (DISTURBED << 1)

struct state {
    uint32_t cluster, view, bits;
};

struct search {
    struct explorer x;
    struct explored *out;
    struct state *states; /* in the order in which they were found */
    uint32_t *parents;
    uint8_t *came_by;
    size_t count, cap[3];
    uint32_t *slots;
    size_t mask;
    uint32_t at; /* whose moves are tried */
};

/* ---- states ---------------------------------------------------------------------------------- */

static size_t hash(const struct state *st)
{
    uint64_t h = (uint64_t)st->cluster << 32 | st->view;

    h = (h ^ (uint64_t)st->bits << 17) * 0x9e3779b97f4a7c15U;
    h = (h ^ h >> 29) * 0xbf58476d1ce4e5b9U;
    return (size_t)(h ^ h >> 32);
}

static bool same(const struct state *a, const struct state *b)
{
    return a->cluster == b->cluster && a->view == b->view && a->bits == b->bits;
}

static void rehash(struct search *s)
{
    const size_t slots = s->mask ? 2 * (s->mask + 1) : 4096;

    free(s->slots);
    s->slots = xcalloc(slots, sizeof *s->slots);
    s->mask = slots - 1;
    for (uint32_t i = 0; i < s->count; i++) {
        size_t at = hash(&s->states[i]) & s->mask;

        while (s->slots[at])
            at = (at + 1) & s->mask;
        s->slots[at] = i + 1;
    }
}

/* True: it is new. */
static bool visit(struct search *s, const struct state *st, int move)
{
    size_t at;

    if (3 * s->count >= 2 * s->mask)
        rehash(s);
    for (at = hash(st) & s->mask; s->slots[at]; at = (at + 1) & s->mask) {
        if (same(&s->states[s->slots[at] - 1], st))
            return false;
    }
    s->states = grown(s->states, &s->cap[0], s->count, sizeof *s->states);
    s->parents = grown(s->parents, &s->cap[1], s->count, sizeof *s->parents);
    s->came_by = grown(s->came_by, &s->cap[2], s->count, sizeof *s->came_by);
    s->states[s->count] = *st;
    s->parents[s->count] = s->at;
    s->came_by[s->count] = (uint8_t)move;
    s->slots[at] = (uint32_t)++s->count;
    return true;
}

static bool came(const struct state *st, int person)
{
    return st->bits & 1U << (PEOPLE_AT + person);
}

/* ---- what was found -------------------------------------------------------------------------- */

static void tell_move(struct search *s, struct strbuf *out, const struct state *from, int move)
{
    static const char *const kinds[] = {"the Rollout", "the Deployment", "the ReplicaSets",
                                        "the record",  "the Services",   "the slices",
                                        "the routes"};
    struct explorer *x = &s->x;
    uint32_t action;

    if (move >= MOVE_SEE) {
        strbuf_addf(out, "the operator sees %s", kinds[move - MOVE_SEE]);
    } else if (move == MOVE_BRAKE) {
        strbuf_adds(out, "the brake is proved");
    } else if (move == MOVE_OPERATOR) {
        action = explore_plan(x, from->view, from->bits & BRAKE_UNKNOWN_BIT);
        strbuf_addf(out, "operator: %s %s (%s)", act_name(x->actions[action].act.act),
                    x->actions[action].act.name, x->actions[action].rule);
    } else {
        strbuf_adds(out, explore_moves[move].name);
    }
}

static void tell_step(struct search *s, struct strbuf *out, size_t number, const struct state *from,
                      const struct state *to, int move)
{
    strbuf_addf(out, "  %2zu. ", number);
    tell_move(s, out, from, move);
    if (from->cluster != to->cluster) {
        strbuf_adds(out, ": ");
        explore_tell(&s->x, out, from->cluster, to->cluster);
    }
    strbuf_addc(out, '\n');
}

/* To the state whose moves are tried, and then that move. */
static void tell_way(struct search *s, const struct state *last, int move)
{
    uint32_t *way = xcalloc(s->count + 1, sizeof *way);
    struct strbuf out;
    size_t n = 0;

    for (uint32_t i = s->at; i; i = s->parents[i])
        way[n++] = i;
    strbuf_init(&out, EXPLORE_WAY_MAX - 1);
    for (size_t i = n; i-- > 0;)
        tell_step(s, &out, n - i, &s->states[s->parents[way[i]]], &s->states[way[i]],
                  s->came_by[way[i]]);
    if (last)
        tell_step(s, &out, n + 1, &s->states[s->at], last, move);
    snprintf(s->out->way, sizeof s->out->way, "%s", strbuf_str(&out));
    strbuf_release(&out);
    free(way);
}

/* `last` NULL: it is the state itself. */
static bool is_good(struct search *s, uint32_t verdict, const struct state *last, int move)
{
    if (verdict == CLEAN)
        return true;
    snprintf(s->out->trouble, sizeof s->out->trouble, "%s", vectors_text(&s->x.k.texts, verdict));
    tell_way(s, last, move);
    return false;
}

/* ---- what the operator sees ------------------------------------------------------------------ */

static unsigned age(const struct state *st, int kind)
{
    return st->bits >> (AGE_BITS * kind) & 3U;
}

static void set_age(struct state *st, int kind, unsigned n)
{
    st->bits = (st->bits & ~(3U << (AGE_BITS * kind))) | n << (AGE_BITS * kind);
}

/* After a move: what changed is seen later, but not too late. `own`: the kind that the operator
 * wrote, -1: none. */
static void look_on(struct search *s, struct state *st, uint32_t from,
                    uint32_t sight[SIM_KIND_COUNT], int own)
{
    uint32_t was[GROUP_COUNT], is[GROUP_COUNT];

    explore_groups(&s->x, from, was);
    explore_groups(&s->x, st->cluster, is);
    for (int kind = 0; kind < SIM_KIND_COUNT; kind++) {
        unsigned n = age(st, kind) + (was[kind] != is[kind] && kind != own);

        if (sight[kind] == is[kind] || n > s->x.o->lag[kind]) {
            sight[kind] = is[kind];
            n = 0;
        }
        set_age(st, kind, n);
    }
    st->view = explore_view(&s->x, sight);
}

static void see_all(struct search *s, struct state *st)
{
    uint32_t groups[GROUP_COUNT];

    explore_groups(&s->x, st->cluster, groups);
    st->view = explore_view(&s->x, groups);
    st->bits &= ~AGES;
}

/* ---- moves ----------------------------------------------------------------------------------- */

/* Everybody has seen it and done his part, and the cluster is whole again: from here on capacity is
 * judged. */
static void calm_down(struct search *s, struct state *st)
{
    if (!(st->bits & DISTURBED) || st->bits & AGES)
        return;
    for (int move = 0; move < MOVE_CLOCK; move++) {
        if (explore_next(&s->x, st->cluster, move) != st->cluster)
            return;
    }
    if (explore_verdict(&s->x, st->cluster, false) == CLEAN)
        st->bits &= ~DISTURBED;
}

/* False: something was found. */
static bool arrive(struct search *s, struct state *st, int move, uint32_t verdict)
{
    s->out->moves++;
    if (explore_native(&s->x, st->cluster))
        st->bits |= DISTURBED;
    else
        calm_down(s, st);
    if (!is_good(s, verdict, st, move))
        return false;
    return !visit(s, st, move) ||
           is_good(s, explore_verdict(&s->x, st->cluster, st->bits & DISTURBED), st, move);
}

static bool try_operator(struct search *s, const struct state *from, bool *moved)
{
    const uint32_t action = explore_plan(&s->x, from->view, from->bits & BRAKE_UNKNOWN_BIT);
    struct state st = *from;
    uint32_t sight[SIM_KIND_COUNT], groups[GROUP_COUNT];
    struct sent sent;
    int kind;

    if (action == NO_ACTION)
        return true;
    sent = explore_send(&s->x, action, from->cluster, from->view, from->bits & DISTURBED);
    st.cluster = sent.cluster;
    if (!sent.ok) {
        *moved = true;
        see_all(s, &st);
        return arrive(s, &st, MOVE_OPERATOR, sent.verdict);
    }
    kind = (int)sim_kind_of(s->x.actions[action].act.target);
    explore_sight(&s->x, from->view, sight);
    explore_groups(&s->x, st.cluster, groups);
    sight[kind] = stock_adopt(&s->x.k, sight[kind], s->x.actions[action].name, groups[kind]);
    look_on(s, &st, from->cluster, sight, kind);
    *moved = *moved || !same(&st, from);
    return arrive(s, &st, MOVE_OPERATOR, sent.verdict);
}

static bool try_cluster(struct search *s, const struct state *from, int move, bool *moved)
{
    const uint32_t next = explore_next(&s->x, from->cluster, move);
    struct state st = *from;
    uint32_t sight[SIM_KIND_COUNT];

    if (next == from->cluster)
        return true;
    st.cluster = next;
    if (move >= MOVE_PERSON)
        st.bits |= 1U << (PEOPLE_AT + move - MOVE_PERSON);
    else
        *moved = true;
    if (explore_moves[move].disturbs)
        st.bits |= DISTURBED;
    explore_sight(&s->x, from->view, sight);
    if (move == MOVE_CLOCK)
        see_all(s, &st);
    else
        look_on(s, &st, from->cluster, sight, -1);
    return arrive(s, &st, move, CLEAN);
}

static bool try_people(struct search *s, const struct state *from)
{
    bool moved;

    for (int p = 0; p < PERSON_COUNT; p++) {
        struct state st = *from;

        if (!(s->x.o->people & 1U << p) || came(from, p))
            continue;
        if (p != PERSON_RESTARTS) {
            if (!try_cluster(s, from, MOVE_PERSON + p, &moved))
                return false;
            continue;
        }
        see_all(s, &st);
        st.bits |= BRAKE_UNKNOWN_BIT | 1U << (PEOPLE_AT + p);
        if (!arrive(s, &st, MOVE_PERSON + p, CLEAN))
            return false;
    }
    return true;
}

static bool try_seeing(struct search *s, const struct state *from, bool *moved)
{
    uint32_t sight[SIM_KIND_COUNT], groups[GROUP_COUNT];

    explore_groups(&s->x, from->cluster, groups);
    for (int kind = 0; kind < SIM_KIND_COUNT; kind++) {
        struct state st = *from;

        if (!age(from, kind))
            continue;
        *moved = true;
        explore_sight(&s->x, from->view, sight);
        sight[kind] = groups[kind];
        set_age(&st, kind, 0);
        st.view = explore_view(&s->x, sight);
        if (!arrive(s, &st, MOVE_SEE + kind, CLEAN))
            return false;
    }
    return true;
}

static bool try_brake(struct search *s, const struct state *from, bool *moved)
{
    struct state st = *from;

    if (!(from->bits & BRAKE_UNKNOWN_BIT))
        return true;
    *moved = true;
    st.bits &= ~BRAKE_UNKNOWN_BIT;
    return arrive(s, &st, MOVE_BRAKE, CLEAN);
}

static bool try_all(struct search *s)
{
    const struct state from = s->states[s->at];
    bool moved = false;

    if (!try_operator(s, &from, &moved))
        return false;
    for (int move = 0; move < MOVE_PERSON; move++) {
        if ((move != MOVE_CLOCK || s->x.o->clock) && !try_cluster(s, &from, move, &moved))
            return false;
    }
    if (!try_seeing(s, &from, &moved) || !try_brake(s, &from, &moved) || !try_people(s, &from))
        return false;
    return moved ||
           is_good(s, explore_end(&s->x, from.cluster, came(&from, PERSON_COMES_FIRST)), NULL, 0);
}

/* ---- the search ------------------------------------------------------------------------------ */

static bool search(struct search *s)
{
    uint32_t level_end = 0;

    for (s->at = 0; s->at < s->count; s->at++) {
        if (s->at > level_end) {
            level_end = (uint32_t)s->count - 1;
            s->out->depth++;
        }
        if (s->count >= s->x.o->states_max) {
            s->out->whole = false;
            return true;
        }
        if (!try_all(s))
            return false;
    }
    return true;
}

static void first(struct search *s, const struct sim *from)
{
    uint32_t groups[GROUP_COUNT];
    struct state st = {0};
    struct sim copy;

    sim_fork(&copy, from);
    stock_store(&s->x.k, &copy, ALL_GROUPS, groups);
    sim_release(&copy);
    stock_load(&s->x.k, groups, ALL_GROUPS, &copy);
    explore_rest(&s->x, &copy);
    sim_release(&copy);
    st.cluster = explore_cluster(&s->x, groups);
    see_all(s, &st);
    visit(s, &st, 0);
}

static void count(struct search *s)
{
    struct explored *out = s->out;

    out->states = s->count;
    out->clusters = s->x.clusters.count;
    out->views = s->x.views.count;
    out->writes = s->x.write_count;
    out->bytes = explore_bytes(&s->x) + s->cap[0] * (sizeof *s->states + sizeof *s->parents + 1) +
                 s->mask * sizeof *s->slots;
}

bool sim_explore(const struct sim *from, const struct explore_options *o, struct explored *out)
{
    struct search s = {.out = out};
    bool good;

    *out = (struct explored){.whole = true};
    explore_init(&s.x, from, o);
    first(&s, from);
    good = search(&s);
    count(&s);
    explore_release(&s.x);
    free(s.states);
    free(s.parents);
    free(s.came_by);
    free(s.slots);
    return good;
}

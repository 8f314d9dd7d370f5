/* SPDX-License-Identifier: Apache-2.0 */
/* stock.c - clusters into numbers, and back. */
#include "stock.h"

#include "sluice/base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEW_PODS  1000 /* numbers of pods that were started just now begin above */
#define WORDS_MAX 256

void stock_init(struct stock *k, const struct sim *from)
{
    *k = (struct stock){.opt = from->opt, .base_count = 1};
    k->born_ms = from->now_ms / HOUR_MS * HOUR_MS + HOUR_MS;
    k->now_ms = k->born_ms + HOUR_MS;
    k->opt.pod_start_ms = k->opt.pod_stop_ms = -1; /* by the next pass */
    k->opt.route_lag_ms = k->opt.proxy_lag_ms = -1;
    k->opt.slice_lag_ms = SIM_TICK_MS;
    k->opt.idle_percent = 0;
    vectors_put(&k->groups, NULL, 0); /* 1: nobody */
}

void stock_release(struct stock *k)
{
    for (size_t i = 0; i < k->item_cap; i++)
        sim_version_drop(k->items[i].version);
    vectors_release(&k->texts);
    vectors_release(&k->groups);
    free(k->items);
    free(k->bases);
    *k = (struct stock){0};
}

/* ---- objects --------------------------------------------------------------------------------- */

static void describe(struct stock *k, uint32_t id, const struct sim_object *o, const char *text)
{
    struct err e = {0};
    cJSON *doc = json_parse(text, strlen(text), &e);
    struct item *it;
    const cJSON *owners;
    const uint32_t name = vectors_put_text(&k->texts, json_str(o->doc, "metadata.name"));
    const uint32_t uid = vectors_put_text(&k->texts, json_str(o->doc, "metadata.uid"));

    assert(doc);
    k->items = grown(k->items, &k->item_cap, id, sizeof *k->items);
    it = &k->items[id];
    *it = (struct item){.kind = o->kind, .name = name, .uid = uid};
    it->version = sim_version_new(doc);
    it->version->number = id;
    owners = json_at(doc, "metadata.ownerReferences");
    JSON_EACH(owner, owners) {
        assert(it->owner_count < OWNERS_MAX);
        it->owners[it->owner_count++] = vectors_put_text(&k->texts, json_str(owner, "uid"));
    }
    it->ends = it->kind == SIM_ROLLOUT && json_at(doc, "metadata.deletionTimestamp") &&
               json_count(json_at(doc, "metadata.finalizers")) == 0;
}

/* Texts are known by kind; each kind has its own letter before. */
static uint32_t put_kind(struct stock *k, enum sim_kind kind, const char *text)
{
    const size_t len = strlen(text) + 2;
    auto_free char *key = xmalloc(len);

    snprintf(key, len, "%c%s", 'A' + (int)kind, text);
    return vectors_put_text(&k->texts, key);
}

static uint32_t keep(struct stock *k, const struct sim_object *o)
{
    auto_free char *text = NULL;
    uint32_t id = o->version->number;

    if (id)
        return id;
    text = stock_text(k, o, "");
    id = put_kind(k, o->kind, text);
    if (id >= k->item_cap || !k->items[id].version) {
        char version[16];
        auto_free char *whole = NULL;

        snprintf(version, sizeof version, "%u", id);
        whole = stock_text(k, o, version);
        describe(k, id, o, whole);
    }
    return id;
}

static const struct item *item(const struct stock *k, uint32_t id)
{
    return &k->items[id];
}

/* ---- pods ------------------------------------------------------------------------------------ */

enum pod_bit { POD_READY = 1, POD_AVAILABLE = 2, POD_GOES = 4 };

static uint32_t base_of(struct stock *k, const struct sim_pod *p)
{
    size_t i;
    struct sim_pod *base;

    for (i = 1; i < k->base_count; i++) {
        if (str_equal(k->bases[i].rs_uid, p->rs_uid) &&
            str_equal(k->bases[i].revision, p->revision))
            return (uint32_t)i;
    }
    k->bases = grown(k->bases, &k->base_cap, i, sizeof *k->bases);
    base = &k->bases[k->base_count++];
    *base = *p;
    *strrchr(base->name, '-') = '\0';
    return (uint32_t)i;
}

static bool is_listed(const struct sim *s, const char *name)
{
    for (size_t i = 0; i < s->pod_count; i++) {
        if (str_equal(s->pods[i].name, name))
            return true;
    }
    for (struct sim_object *o = s->objects; o; o = o->next) {
        const struct slice *slice = o->kind == SIM_SLICE ? sim_view(o) : NULL;

        for (size_t i = 0; slice && i < slice->ready_pod_count; i++) {
            if (str_equal(slice->ready_pods[i], name))
                return true;
        }
    }
    return false;
}

/* A pod that was started just now gets the lowest number that nobody knows. */
static void number(const struct sim *s, struct sim_pod *p)
{
    char *dash = strrchr(p->name, '-'), base[64];

    if (strtol(dash + 1, NULL, 10) <= NEW_PODS)
        return;
    snprintf(base, sizeof base, "%.*s", (int)(dash - p->name), p->name);
    for (int n = 0;; n++) {
        char name[sizeof p->name];

        snprintf(name, sizeof name, "%s-%d", base, n);
        if (is_listed(s, name))
            continue;
        memcpy(p->name, name, sizeof name);
        return;
    }
}

static int by_number(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static uint32_t store_pods(struct stock *k, struct sim *s)
{
    uint32_t words[WORDS_MAX];
    size_t n = 0;

    assert(s->pod_count < WORDS_MAX);
    for (size_t i = 0; i < s->pod_count; i++) {
        struct sim_pod *p = &s->pods[i];
        uint32_t bits = 0;

        number(s, p);
        bits |= p->ready ? POD_READY : 0;
        bits |= p->available ? POD_AVAILABLE : 0;
        bits |= p->gone_at_ms ? POD_GOES : 0;
        words[n++] = base_of(k, p) << 16 |
                     (uint32_t)strtoul(strrchr(p->name, '-') + 1, NULL, 10) << 8 | bits;
    }
    qsort(words, n, sizeof *words, by_number);
    return vectors_put(&k->groups, words, n);
}

static void load_pods(const struct stock *k, uint32_t group, struct sim *s)
{
    size_t n;
    const uint32_t *words = vectors_get(&k->groups, group, &n);

    s->pods = n ? xcalloc(n, sizeof *s->pods) : NULL;
    s->pod_count = s->pod_cap = n;
    for (size_t i = 0; i < n; i++) {
        struct sim_pod *p = &s->pods[i];

        *p = k->bases[words[i] >> 16];
        snprintf(p->name, sizeof p->name, "%.80s-%u", k->bases[words[i] >> 16].name,
                 words[i] >> 8 & 0xff);
        p->ready_at_ms = p->ready_at_ms == INT64_MAX ? INT64_MAX : k->now_ms - 1;
        p->ready = words[i] & POD_READY;
        p->available = words[i] & POD_AVAILABLE;
        p->gone_at_ms = words[i] & POD_GOES ? k->now_ms - 1 : 0;
    }
}

/* ---- groups ---------------------------------------------------------------------------------- */

static uint32_t store_kind(struct stock *k, const struct sim *s, enum sim_kind kind)
{
    uint32_t words[WORDS_MAX];
    size_t n = 0;

    for (struct sim_object *o = s->objects; o; o = o->next) {
        if (o->kind != kind)
            continue;
        assert(n + 3 < WORDS_MAX);
        words[n++] = keep(k, o);
        if (kind != SIM_ROUTE)
            continue;
        words[n] = 0;
        if (o->sent_by)
            words[n] = keep(k, &(struct sim_object){
                                   .kind = kind, .doc = o->sent_by->doc, .version = o->sent_by});
        words[n + 1] = json_i64(o->doc, "metadata.generation", 0) == o->seen_generation;
        n += 2;
    }
    return vectors_put(&k->groups, words, n);
}

static struct sim_object **load_object(const struct stock *k, const uint32_t *words,
                                       struct sim_object **end)
{
    const struct item *it = item(k, words[0]);
    struct sim_object *o = *end = xcalloc(1, sizeof *o);

    o->kind = it->kind;
    o->version = it->version;
    o->version->refs++;
    o->doc = o->version->doc;
    if (o->kind == SIM_ROUTE && words[1]) {
        o->sent_by = item(k, words[1])->version;
        o->sent_by->refs++;
    }
    if (o->kind == SIM_ROUTE && words[2])
        o->seen_generation = json_i64(o->doc, "metadata.generation", 0);
    return &o->next;
}

void stock_load(const struct stock *k, const uint32_t groups[GROUP_COUNT], unsigned which,
                struct sim *out)
{
    struct sim_object **end = &out->objects;

    *out = (struct sim){.opt = k->opt,
                        .now_ms = k->now_ms,
                        .last_uid = NEW_PODS,
                        .quiet_epoch = -1,
                        .sliced_epoch = -1,
                        .partial = which != ALL_GROUPS};
    end = &out->objects;
    for (enum sim_kind kind = 0; kind < SIM_KIND_COUNT; kind++) {
        size_t n;
        const uint32_t *words = vectors_get(&k->groups, groups[kind], &n);

        for (size_t i = 0; which & BIT(kind) && i < n; i += stock_stride(kind))
            end = load_object(k, words + i, end);
    }
    if (which & BIT(GROUP_PODS))
        load_pods(k, groups[GROUP_PODS], out);
    if (which & BIT(GROUP_BIRTHS)) {
        size_t n;
        const uint32_t *words = vectors_get(&k->groups, groups[GROUP_BIRTHS], &n);

        for (size_t i = 0; i < n; i++)
            out->created[i] = (int)words[i];
    }
}

void stock_store(struct stock *k, struct sim *s, unsigned which, uint32_t groups[GROUP_COUNT])
{
    uint32_t births[SIM_KIND_COUNT];

    for (enum sim_kind kind = 0; kind < SIM_KIND_COUNT; kind++) {
        if (which & BIT(kind))
            groups[kind] = store_kind(k, s, kind);
        births[kind] = (uint32_t)s->created[kind];
    }
    if (which & BIT(GROUP_PODS))
        groups[GROUP_PODS] = store_pods(k, s);
    if (which & BIT(GROUP_BIRTHS))
        groups[GROUP_BIRTHS] = vectors_put(&k->groups, births, SIM_KIND_COUNT);
}

/* ---- without a cluster ----------------------------------------------------------------------- */

static size_t place(const struct stock *k, const uint32_t *words, size_t n, uint32_t name)
{
    size_t i = 0;

    while (i < n && item(k, words[i])->name != name)
        i += stock_stride(item(k, words[i])->kind);
    return i;
}

uint32_t stock_find(const struct stock *k, uint32_t group, uint32_t name)
{
    size_t n;
    const uint32_t *words = vectors_get(&k->groups, group, &n);
    const size_t at = place(k, words, n, name);

    return at < n ? words[at] : 0;
}

uint32_t stock_adopt(struct stock *k, uint32_t group, uint32_t name, uint32_t from)
{
    uint32_t words[WORDS_MAX + 3];
    size_t n, others, step;
    const uint32_t *have = vectors_get(&k->groups, group, &n);
    const uint32_t *theirs = vectors_get(&k->groups, from, &others);
    const size_t at = place(k, have, n, name), there = place(k, theirs, others, name);

    if (at == n && there == others)
        return group;
    assert(n < WORDS_MAX);
    memcpy(words, have, n * sizeof *words);
    step = stock_stride(item(k, at < n ? have[at] : theirs[there])->kind);
    if (there < others) {
        memcpy(words + at, theirs + there, step * sizeof *words);
        n = at == n ? n + step : n;
    } else {
        memmove(words + at, words + at + step, (n - at - step) * sizeof *words);
        n -= step;
    }
    return vectors_put(&k->groups, words, n);
}

static bool is_there(const struct stock *k, const uint32_t groups[GROUP_COUNT], uint32_t uid)
{
    for (enum sim_kind kind = 0; kind < SIM_KIND_COUNT; kind++) {
        size_t n;
        const uint32_t *words = vectors_get(&k->groups, groups[kind], &n);

        for (size_t i = 0; i < n; i += stock_stride(kind)) {
            if (item(k, words[i])->uid == uid)
                return true;
        }
    }
    return false;
}

static bool is_orphan(const struct stock *k, const uint32_t groups[GROUP_COUNT],
                      const struct item *it)
{
    if (it->owner_count == 0)
        return it->ends;
    for (uint32_t i = 0; i < it->owner_count; i++) {
        if (is_there(k, groups, it->owners[i]))
            return false;
    }
    return true;
}

bool stock_orphans(const struct stock *k, const uint32_t groups[GROUP_COUNT])
{
    for (enum sim_kind kind = 0; kind < SIM_KIND_COUNT; kind++) {
        size_t n;
        const uint32_t *words = vectors_get(&k->groups, groups[kind], &n);

        for (size_t i = 0; i < n; i += stock_stride(kind)) {
            if (is_orphan(k, groups, item(k, words[i])))
                return true;
        }
    }
    return false;
}

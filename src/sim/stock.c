/* SPDX-License-Identifier: Apache-2.0 */
/* stock.c - clusters into numbers, and back. */
#include "stock.h"

#include "sluice/base/clock.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEW_PODS  1000 /* numbers of pods that were started just now begin above */
#define WORDS_MAX 256
#define TEXT_MAX  (1U << 22)

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

/* ---- the text of an object ------------------------------------------------------------------- */

struct writer {
    struct strbuf out;
    int64_t generation, spec; /* as it stands there, and as it is written */
    const char *version;
    char now[TIME_TEXT_MAX], born[TIME_TEXT_MAX];
    bool clock;
    bool foreign; /* within what a Rollout says of its Deployment */
};

static void put_generation(struct writer *w, const char *value, bool own)
{
    const int64_t n = strtoll(value, NULL, 10);

    if (n == w->generation)
        strbuf_addf(&w->out, "%lld", (long long)w->spec);
    else
        strbuf_addf(&w->out, "%lld", own ? 1 : (long long)n); /* behind is behind */
}

static void put_birth(struct writer *w, const char *value, size_t len)
{
    const size_t n = strlen(w->now);

    if (len == n + 2 && strncmp(value + 1, w->now, n) == 0)
        strbuf_addf(&w->out, "\"%s\"", w->born);
    else
        strbuf_add(&w->out, value, len);
}

/* Length of a member that was written otherwise; 0: it is none of those. */
static size_t put_member(struct writer *w, const char *p)
{
    static const char *const names[] = {"\"resourceVersion\":", "\"generation\":",
                                        "\"observedGeneration\":", "\"creationTimestamp\":"};

    for (size_t i = 0; i < COUNT(names); i++) {
        const size_t n = strlen(names[i]);
        const char *value = p + n;
        size_t len;

        if (strncmp(p, names[i], n) != 0 || (i == 2 && w->foreign))
            continue;
        len = strcspn(value + 1, i == 0 || i == 3 ? "\"" : ",}") + 1;
        len += i == 0 || i == 3;
        strbuf_add(&w->out, p, n);
        if (i == 0)
            strbuf_addf(&w->out, "\"%s\"", w->version);
        else if (i == 3)
            put_birth(w, value, len);
        else
            put_generation(w, value, i == 2);
        return n + len;
    }
    return 0;
}

static bool looks_like(const char *p, const char *shape)
{
    for (; *shape; shape++, p++) {
        if (*shape == 'd' ? !isdigit((unsigned char)*p) : *p != *shape)
            return false;
    }
    return true;
}

/* Length of a time that stands here up to its seconds, 0: none. */
static size_t time_len(const char *p)
{
    return looks_like(p, "dddd-dd-ddTdd:dd:dd") ? 19 : 0;
}

/* Times that something is waited from or to; the others only tell. */
static bool is_awaited(const char *p, const char *text)
{
    static const char *const keys[] = {"settledAt", "drainedAt", "committedAt", "bakeUntil"};

    for (size_t i = 0; i < COUNT(keys); i++) {
        const size_t n = strlen(keys[i]);
        const char *key = p;

        while (key > text && !isalpha((unsigned char)key[-1]))
            key--;
        if (key >= text + n && strncmp(key - n, keys[i], n) == 0)
            return true;
    }
    return false;
}

/* Length of a time that was written otherwise, 0: there is none, or it matters. */
static size_t put_time(struct writer *w, const char *p, const char *text)
{
    size_t n = time_len(p);

    if (n && w->clock && is_awaited(p, text))
        return 0;
    if (n) {
        strbuf_adds(&w->out, w->born);
        n += strcspn(p + n, "Z") + 1;
    } else if (looks_like(p, "dd:dd:dd") && p[-1] != 'T') {
        strbuf_adds(&w->out, "then");
        n = 8;
    }
    return n;
}

static void rewrite(struct writer *w, enum sim_kind kind, const char *text)
{
    for (const char *p = text; *p;) {
        size_t skip = *p == '"' ? put_member(w, p) : 0;

        if (kind == SIM_ROLLOUT && isdigit((unsigned char)*p))
            skip = put_time(w, p, text);
        if (kind == SIM_ROLLOUT && strncmp(p, "\"target\":{", 10) == 0)
            w->foreign = true;
        if (*p == '}')
            w->foreign = false;
        if (!skip)
            strbuf_addc(&w->out, *p);
        p += skip ? skip : 1;
    }
}

static char *canonical_text(const char *raw)
{
    struct strbuf out;
    char *text;

    strbuf_init(&out, TEXT_MAX);
    json_canonical(&out, (struct jslice){raw, strlen(raw)}, NULL);
    text = xstrdup(strbuf_str(&out));
    strbuf_release(&out);
    return text;
}

static char *canonical(const cJSON *doc)
{
    auto_free char *raw = doc ? json_print(doc) : xstrdup("{}");

    return canonical_text(raw);
}

/* What a Rollout only tells is not kept (explore_step.c). */
static char *untold(const cJSON *rollout)
{
    static const char told[] =
        "{\"status\":{\"conditions\":null,\"awaiting\":null,\"display\":{\"message\":null,"
        "\"strategy\":null,\"step\":null,\"weight\":null,\"ready\":null}}}";
    cJSON *copy = json_copy(rollout), *patch;
    struct err e = {0};
    char *text;

    patch = json_parse(told, sizeof told - 1, &e);
    if (json_at(rollout, "status"))
        json_edit_merge(copy, patch);
    text = canonical(copy);
    json_release(&patch);
    json_release(&copy);
    return text;
}

static char *kept_text(struct writer *w, enum sim_kind kind, const char *text, const char *version)
{
    char *out;

    strbuf_init(&w->out, TEXT_MAX);
    w->version = version;
    strbuf_addc(&w->out, (char)('A' + kind));
    rewrite(w, kind, text);
    out = xstrdup(strbuf_str(&w->out));
    strbuf_release(&w->out);
    return out;
}

/* Even ones: what counts up by one is never another's. */
static void begin(struct stock *k, struct writer *w, const struct sim_object *o)
{
    auto_free char *spec = canonical(json_key(o->doc, "spec"));
    const char *count = strrchr(json_str(o->doc, "metadata.uid"), '-');

    *w = (struct writer){.generation = json_i64(o->doc, "metadata.generation", 0),
                         .clock = k->clock};
    w->spec = 10 + 2 * (int64_t)vectors_put_text(&k->texts, spec);
    time_format(k->now_ms, w->now);
    time_format(k->born_ms + (count ? strtoll(count + 1, NULL, 10) * SECOND_MS : 0), w->born);
}

/* ---- the clock ------------------------------------------------------------------------------- */

static int64_t parse_time(const char *p)
{
    char text[24];

    snprintf(text, sizeof text, "%.19sZ", p);
    return time_parse(text);
}

static char *aged_text(const struct stock *k, const char *text)
{
    struct strbuf out;
    char *aged;

    strbuf_init(&out, TEXT_MAX);
    for (const char *p = text; *p;) {
        char at[TIME_TEXT_MAX];
        const size_t n = time_len(p);
        const int64_t then = n ? parse_time(p) : 0;

        if (then < k->now_ms - STOCK_WAIT_MS || then > k->now_ms + STOCK_WAIT_MS) {
            strbuf_addc(&out, *p++);
            continue;
        }
        time_format(max_i64(then - STOCK_WAIT_MS, k->now_ms - STOCK_WAIT_MS), at);
        strbuf_add(&out, at, 19);
        p += n;
    }
    aged = xstrdup(strbuf_str(&out));
    strbuf_release(&out);
    return aged;
}

void stock_age(const struct stock *k, struct sim *s)
{
    for (struct sim_object *o = s->objects; o; o = o->next) {
        auto_free char *raw = json_print(o->doc);
        auto_free char *text = aged_text(k, raw);
        struct err e = {0};

        if (str_equal(raw, text))
            continue;
        sim_version_drop(o->version);
        o->version = sim_version_new(json_parse(text, strlen(text), &e));
        o->doc = o->version->doc;
    }
}

/* ---- objects --------------------------------------------------------------------------------- */

static void describe(struct stock *k, uint32_t id, const struct sim_object *o, const char *text)
{
    struct err e = {0};
    cJSON *doc = json_parse(text + 1, strlen(text + 1), &e);
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

static uint32_t keep(struct stock *k, const struct sim_object *o)
{
    struct writer w;
    auto_free char *text = NULL;
    auto_free char *key = NULL;
    uint32_t id = o->version->number;

    if (id)
        return id;
    text = json_at(o->doc, "status.conditions") && o->kind == SIM_ROLLOUT ? untold(o->doc)
                                                                          : canonical(o->doc);
    begin(k, &w, o);
    key = kept_text(&w, o->kind, text, "");
    id = vectors_put_text(&k->texts, key);
    if (id >= k->item_cap || !k->items[id].version) {
        char version[16];
        auto_free char *whole = NULL;

        snprintf(version, sizeof version, "%u", id);
        whole = kept_text(&w, o->kind, text, version);
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

/* SPDX-License-Identifier: Apache-2.0 */
/* stock_text.c - the text that an object is known by: without what differs from way to way and
 * means nothing. */
#include "stock.h"

#include "sluice/base/clock.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX (1U << 22)

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

/* What its generation counts, as a number. */
static int64_t wanted(struct stock *k, const struct sim_object *o)
{
    auto_free char *spec = canonical(json_key(o->doc, "spec"));
    auto_free char *notes =
        canonical(o->kind == SIM_DEPLOYMENT ? json_at(o->doc, "metadata.annotations") : NULL);
    struct arena a;
    uint32_t number;

    arena_init(&a);
    number = vectors_put_text(&k->texts, arena_printf(&a, "%s%s", spec, notes));
    arena_release(&a);
    return number;
}

/* Even ones: what counts up by one is never another's. */
static void begin(struct stock *k, struct writer *w, const struct sim_object *o)
{
    const char *count = strrchr(json_str(o->doc, "metadata.uid"), '-');

    *w = (struct writer){.generation = json_i64(o->doc, "metadata.generation", 0),
                         .clock = k->clock};
    w->spec = 10 + 2 * wanted(k, o);
    time_format(k->now_ms, w->now);
    time_format(k->born_ms + (count ? strtoll(count + 1, NULL, 10) * SECOND_MS : 0), w->born);
}

char *stock_text(struct stock *k, const struct sim_object *o, const char *version)
{
    const bool told = o->kind == SIM_ROLLOUT && json_at(o->doc, "status.conditions");
    auto_free char *text = told ? untold(o->doc) : canonical(o->doc);
    struct writer w;
    char *out;

    begin(k, &w, o);
    w.version = version;
    strbuf_init(&w.out, TEXT_MAX);
    rewrite(&w, o->kind, text);
    out = xstrdup(strbuf_str(&w.out));
    strbuf_release(&w.out);
    return out;
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

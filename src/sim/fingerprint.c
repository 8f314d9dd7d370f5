/* SPDX-License-Identifier: Apache-2.0 */
/* fingerprint.c - what lasts of a cluster, as text: two runs that ended alike give the same. */
#include "sluice/json/jfmt.h"
#include "sluice/sim/sim.h"

#include <stdlib.h>
#include <string.h>

/* Members that differ from run to run: identities, versions, times, and what follows from them. */
static const char *const volatile_members[] = {"uid",
                                               "resourceVersion",
                                               "creationTimestamp",
                                               "generation",
                                               "observedGeneration",
                                               "lastUpdateTime",
                                               "lastTransitionTime"};

static bool is_volatile(const char *name)
{
    for (size_t i = 0; i < COUNT(volatile_members); i++) {
        if (str_equal(name, volatile_members[i]))
            return true;
    }
    return false;
}

static void put_value(struct strbuf *out, const cJSON *v);

static void put_members(struct strbuf *out, const cJSON *object)
{
    bool first = true;

    strbuf_addc(out, '{');
    JSON_EACH(m, object) {
        if (is_volatile(m->string))
            continue;
        if (!first)
            strbuf_addc(out, ',');
        first = false;
        json_quote(out, m->string);
        strbuf_addc(out, ':');
        put_value(out, m);
    }
    strbuf_addc(out, '}');
}

static void put_value(struct strbuf *out, const cJSON *v)
{
    auto_free char *text = NULL;
    bool first = true;

    if (v->child && v->child->string) {
        put_members(out, v);
        return;
    }
    if (v->child) {
        strbuf_addc(out, '[');
        JSON_EACH(item, v) {
            if (!first)
                strbuf_addc(out, ',');
            first = false;
            put_value(out, item);
        }
        strbuf_addc(out, ']');
        return;
    }
    text = json_print(v);
    strbuf_adds(out, text);
}

static void put_canonical(struct strbuf *out, const cJSON *v)
{
    struct strbuf plain;

    if (!v)
        return;
    strbuf_init(&plain, 1 << 22);
    put_value(&plain, v);
    if (v->child)
        json_canonical(out, (struct jslice){strbuf_str(&plain), plain.len}, NULL);
    else
        strbuf_adds(out, strbuf_str(&plain));
    strbuf_release(&plain);
}

static const char *owner_kinds(struct arena *a, const cJSON *doc)
{
    const char *all = "";

    JSON_EACH(owner, json_at(doc, "metadata.ownerReferences"))
        all = arena_printf(a, "%s %s%s", all, json_str(owner, "kind"),
                           json_bool(owner, "controller", false) ? "!" : "");
    return all;
}

/* Of a Rollout's status only what says how its releases ended. */
static void put_status(struct strbuf *out, struct sim_object *o)
{
    const struct rollout_status *st = &((const struct rollout *)sim_view(o))->status;

    strbuf_addf(out, " %s stable %s flight %s rejected %s", st->display.status,
                st->stable.revision ? st->stable.revision : "-",
                st->flight.present ? st->flight.revision : "-",
                st->rejected.revision ? st->rejected.revision : "-");
    for (int i = 0; i < st->history_count; i++)
        strbuf_addf(out, " %s=%s", st->history[i].revision, st->history[i].outcome);
}

static char *line_of(struct sim_object *o, struct arena *a)
{
    static const char *const kinds[] = {
        [SIM_ROLLOUT] = "Rollout", [SIM_DEPLOYMENT] = "Deployment", [SIM_REPLICASET] = "ReplicaSet",
        [SIM_FENCE] = "Fence",     [SIM_SERVICE] = "Service",       [SIM_SLICE] = "Slice",
        [SIM_ROUTE] = "HTTPRoute"};
    struct strbuf out;
    char *text;

    strbuf_init(&out, 1 << 22);
    strbuf_addf(&out, "%s %s [%s] ", kinds[o->kind], json_str(o->doc, "metadata.name"),
                owner_kinds(a, o->doc));
    put_canonical(&out, json_at(o->doc, "metadata.labels"));
    put_canonical(&out, json_at(o->doc, "metadata.annotations"));
    put_canonical(&out, json_at(o->doc, "metadata.finalizers"));
    put_canonical(&out, json_key(o->doc, "spec"));
    if (o->kind == SIM_ROLLOUT)
        put_status(&out, o);
    else
        put_canonical(&out, json_key(o->doc, "status"));
    strbuf_addc(&out, '\n');
    text = arena_strdup(a, strbuf_str(&out));
    strbuf_release(&out);
    return text;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char *sim_fingerprint(const struct sim *s, struct arena *a)
{
    struct strbuf out;
    size_t n = 0;
    char **lines, *text;

    for (const struct sim_object *o = s->objects; o; o = o->next)
        n += o->kind != SIM_SLICE;
    lines = ARENA_ARRAY(a, char *, n + 1);
    n = 0;
    for (struct sim_object *o = s->objects; o; o = o->next) {
        if (o->kind != SIM_SLICE)
            lines[n++] = line_of(o, a);
    }
    qsort(lines, n, sizeof *lines, by_text);
    strbuf_init(&out, 1 << 24);
    for (size_t i = 0; i < n; i++)
        strbuf_adds(&out, lines[i]);
    text = arena_strdup(a, strbuf_str(&out));
    strbuf_release(&out);
    return text;
}

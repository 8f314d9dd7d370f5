/* SPDX-License-Identifier: Apache-2.0 */
/* state.c - a hash of a cluster's state, without times, versions, uids and names of pods. */
#include "sluice/sim/explore.h"

#include <ctype.h>
#include <string.h>

#define SEED  0xcbf29ce484222325U
#define PRIME 0x100000001b3U

static uint64_t add_byte(uint64_t h, char c)
{
    return (h ^ (unsigned char)c) * PRIME;
}

static uint64_t add_text(uint64_t h, const char *text)
{
    for (const char *c = text ? text : ""; *c; c++)
        h = add_byte(h, *c);
    return add_byte(h, '\x01');
}

static uint64_t add_number(uint64_t h, int64_t n)
{
    for (int i = 0; i < 8; i++)
        h = add_byte(h, (char)((uint64_t)n >> (8 * i)));
    return h;
}

/* ---- text of an object ----------------------------------------------------------------------- */

static bool looks_like(const char *p, const char *shape)
{
    for (; *shape; shape++, p++) {
        if (*shape == 'd' ? !isdigit((unsigned char)*p) : *p != *shape)
            return false;
    }
    return true;
}

/* Length of a time that stands here, 0: none. */
static size_t time_len(const char *p)
{
    size_t n;

    if (looks_like(p, "dd:dd:dd"))
        return 8;
    if (!looks_like(p, "dddd-dd-ddTdd:dd:dd"))
        return 0;
    n = 19;
    while (p[n] == '.' || isdigit((unsigned char)p[n]))
        n++;
    return n;
}

static const char *const left_out[] = {"\"resourceVersion\":", "\"uid\":", "\"generation\":",
                                       "\"observedGeneration\":", "\\\"committedAt\\\":"};

/* Length of a member that is left out, with its value; 0: none. */
static size_t member_len(const char *p)
{
    for (size_t i = 0; i < COUNT(left_out); i++) {
        const size_t n = strlen(left_out[i]);

        if (strncmp(p, left_out[i], n) == 0)
            return n + strcspn(p + n, ",}");
    }
    return 0;
}

static uint64_t text_hash(const char *text)
{
    uint64_t h = SEED;

    for (const char *p = text; *p;) {
        const size_t skip = *p == '"' || *p == '\\'      ? member_len(p)
                            : isdigit((unsigned char)*p) ? time_len(p)
                                                         : 0;

        h = add_byte(h, skip ? '~' : *p);
        p += skip ? skip : 1;
    }
    return h;
}

static uint64_t version_hash(struct sim_version *v)
{
    if (!v->hash) {
        auto_free char *text = json_print(v->doc);

        v->hash = text_hash(text) | 1;
    }
    return v->hash;
}

/* ---- the parts ------------------------------------------------------------------------------- */

static const struct sim_pod *pod_named(const struct sim *s, const char *name)
{
    for (size_t i = 0; i < s->pod_count; i++) {
        if (str_equal(s->pods[i].name, name))
            return &s->pods[i];
    }
    return NULL;
}

static uint64_t pod_hash(const struct sim *s, const struct sim_pod *p)
{
    uint64_t h = add_text(SEED, p->revision);

    h = add_byte(h, p->ready);
    h = add_byte(h, p->available);
    h = add_byte(h, p->gone_at_ms != 0);
    return add_byte(h, s->now_ms >= p->ready_at_ms);
}

/* Sums: the order of pods tells nothing. */
static uint64_t slice_hash(const struct sim *s, struct sim_object *o)
{
    const struct slice *slice = sim_view(o);
    uint64_t h = add_text(add_text(SEED, slice->service), slice->pin), sum = 0;

    for (size_t i = 0; i < slice->ready_pod_count; i++) {
        const struct sim_pod *p = pod_named(s, slice->ready_pods[i]);

        sum += p ? pod_hash(s, p) : 7;
    }
    return add_number(add_number(h, (int64_t)sum), slice->total);
}

/* How far the status is behind, not the numbers themselves. */
static int64_t behind(const cJSON *doc)
{
    return json_i64(doc, "metadata.generation", 0) - json_i64(doc, "status.observedGeneration", 0);
}

static int64_t route_behind(const cJSON *doc)
{
    const cJSON *parents = json_at(doc, "status.parents");
    const cJSON *first = parents ? parents->child : NULL;
    const cJSON *conditions = first ? json_key(first, "conditions") : NULL;

    return json_i64(doc, "metadata.generation", 0) -
           (conditions && conditions->child ? json_i64(conditions->child, "observedGeneration", 0)
                                            : 0);
}

static uint64_t object_hash(const struct sim *s, struct sim_object *o)
{
    uint64_t h;

    if (o->kind == SIM_SLICE)
        return slice_hash(s, o);
    h = add_number(SEED, (int64_t)version_hash(o->version));
    if (o->kind == SIM_DEPLOYMENT || o->kind == SIM_REPLICASET)
        h = add_number(h, behind(o->doc));
    if (o->kind == SIM_ROUTE) {
        h = add_number(h, min_i64(route_behind(o->doc), 3));
        h = add_number(h, json_i64(o->doc, "metadata.generation", 0) == o->seen_generation);
        h = add_number(h, (o->accept_ms != 0) + 2 * (o->send_ms != 0));
        h = add_number(h, o->sent_by ? (int64_t)version_hash(o->sent_by) : 0);
    }
    return h;
}

uint64_t sim_state_hash(const struct sim *s)
{
    uint64_t h = SEED, pods = 0;

    for (struct sim_object *o = s->objects; o; o = o->next)
        h = add_number(h, (int64_t)object_hash(s, o));
    for (size_t i = 0; i < s->pod_count; i++)
        pods += pod_hash(s, &s->pods[i]);
    return add_number(h, (int64_t)pods);
}

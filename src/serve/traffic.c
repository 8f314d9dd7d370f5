/* SPDX-License-Identifier: Apache-2.0 */
/* traffic.c - steady clients of every Service and route in use, and what became of each request.
 *
 * A request goes to one of the ready endpoints that the EndpointSlice names at that moment, in
 * turn. It is lost when there is none, or when the pod is not there to answer: not yet ready, or
 * told to stop without a preStop hook to cover for it. Behind a route the proxies send by the
 * weights that they have. Services that Sluice made have no users. */
#include "parts.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWERS_MAX 8192
#define VERSION_MAX 48

struct version_count {
    char version[VERSION_MAX];
    int64_t count;
    struct version_count *next;
};

struct front {
    char *ns, *name;
    bool route, started;
    double due; /* requests, with their fraction */
    int64_t sent, errors, lost, turn;
    struct version_count *versions;
    struct front *next;
};

struct answer_note {
    int64_t at_ms;
    char pod[96];
    bool error;
};

struct clients {
    struct front *fronts;
    struct answer_note answers[ANSWERS_MAX];
    size_t answer_next;
};

/* ---- pods ------------------------------------------------------------------------------------ */

static void version_of(const struct realm *r, const struct sim_pod *p, char out[static VERSION_MAX])
{
    const cJSON *all = pod_containers(r, p);
    const char *image = all && all->child ? json_str(all->child, "image") : NULL;
    const char *tag = image ? strrchr(image, ':') : NULL;

    snprintf(out, VERSION_MAX, "%s", tag ? tag + 1 : image ? image : "gone");
}

/* It answers on for a while when it is told to stop. */
static bool covers(const struct realm *r, const struct sim_pod *p)
{
    JSON_EACH(c, pod_containers(r, p)) {
        if (json_at(c, "lifecycle.preStop"))
            return true;
    }
    return pod_env(r, p, "GRACEFUL") != NULL;
}

/* Percent of its answers. */
static int64_t errors_of(const struct realm *r, const struct sim_pod *p, const char *version)
{
    const char *rate = pod_env(r, p, "ERROR_RATE");
    const int64_t told = (int64_t)(intptr_t)map_get(&r->v->errors, version);

    return rate ? max_i64(told, (int64_t)(strtod(rate, NULL) * 100)) : told;
}

static bool can_answer(const struct realm *r, const struct sim_pod *p)
{
    return p && r->s.now_ms >= p->ready_at_ms && (!p->gone_at_ms || covers(r, p));
}

/* ---- one request ----------------------------------------------------------------------------- */

static void count_version(struct front *f, const char *version)
{
    struct version_count **at = &f->versions;

    while (*at && !str_equal((*at)->version, version))
        at = &(*at)->next;
    if (!*at) {
        *at = xcalloc(1, sizeof **at);
        snprintf((*at)->version, VERSION_MAX, "%s", version);
    }
    (*at)->count++;
}

/* 0 .. n - 1, of request number `i`; what is drawn for different ends has nothing to do with each
 * other. splitmix64. */
enum draw_for { DRAW_BACKEND = 1, DRAW_ERROR };

static int64_t draw(int64_t i, enum draw_for end, int64_t n)
{
    uint64_t z = ((uint64_t)i << 2 | end) * UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (int64_t)((z ^ z >> 31) % (uint64_t)n);
}

static void answered(struct realm *r, struct front *f, const struct sim_pod *p)
{
    struct clients *c = r->v->clients;
    struct answer_note *note = &c->answers[c->answer_next++ % ANSWERS_MAX];
    char version[VERSION_MAX];

    version_of(r, p, version);
    *note = (struct answer_note){
        .at_ms = r->s.now_ms, .error = draw(f->sent, DRAW_ERROR, 100) < errors_of(r, p, version)};
    snprintf(note->pod, sizeof note->pod, "%s", p->name);
    f->errors += note->error;
    count_version(f, version);
}

static const struct slice *slice_of(struct realm *r, const char *service)
{
    for (struct sim_object *o = r->s.objects; o; o = o->next) {
        const struct slice *slice = o->kind == SIM_SLICE ? sim_view(o) : NULL;

        if (slice && str_equal(slice->service, service))
            return slice;
    }
    return NULL;
}

static void request(struct realm *r, struct front *f, const char *service)
{
    const struct slice *slice = slice_of(r, service);
    const size_t n = slice ? slice->ready_pod_count : 0;
    const struct sim_pod *p = n ? realm_pod(r, slice->ready_pods[(size_t)f->turn++ % n]) : NULL;

    f->sent++;
    if (can_answer(r, p))
        answered(r, f, p);
    else
        f->lost++;
}

/* The Service that the proxies choose for the next request; NULL: they know no way yet. */
static const char *chosen(const struct realm *r, const struct front *f)
{
    struct sim_backend b[SIM_BACKENDS_MAX];
    const size_t n = sim_backends(&r->s, f->name, true, b, SIM_BACKENDS_MAX);
    int64_t at = n && b[0].sum > 0 ? draw(f->sent, DRAW_BACKEND, b[0].sum) : -1;

    for (size_t i = 0; i < n && at >= 0; i++) {
        if (b[i].rule == 0 && (at -= b[i].weight) < 0)
            return b[i].service;
    }
    return NULL;
}

/* ---- who has users --------------------------------------------------------------------------- */

static bool is_behind_route(const struct realm *r, const char *service)
{
    for (const struct sim_object *o = r->s.objects; o; o = o->next) {
        struct sim_backend b[SIM_BACKENDS_MAX];
        size_t n = 0;

        if (o->kind == SIM_ROUTE)
            n = sim_backends(&r->s, json_str(o->doc, "metadata.name"), false, b, SIM_BACKENDS_MAX);
        for (size_t i = 0; i < n; i++) {
            if (str_equal(b[i].service, service))
                return true;
        }
    }
    return false;
}

static bool has_users(const struct realm *r, const struct sim_object *o)
{
    const char *name = json_str(o->doc, "metadata.name");

    if (o->kind == SIM_ROUTE)
        return true;
    return o->kind == SIM_SERVICE && !json_key(json_at(o->doc, "metadata.labels"), LABEL_CREATED) &&
           !is_behind_route(r, name);
}

static struct front *front_of(struct realm *r, const char *name, bool route)
{
    struct clients *c = r->v->clients;
    struct front *f;

    for (f = c->fronts; f; f = f->next) {
        if (f->route == route && str_equal(f->name, name) && str_equal(f->ns, r->ns))
            return f;
    }
    f = xcalloc(1, sizeof *f);
    *f = (struct front){
        .ns = xstrdup(r->ns), .name = xstrdup(name), .route = route, .next = c->fronts};
    c->fronts = f;
    return f;
}

/* Users come once it serves. */
static void serve_users(struct realm *r, struct front *f, int64_t ms)
{
    const char *service = f->route ? chosen(r, f) : f->name;

    f->started = f->started || (service && sim_endpoints(&r->s, service, NULL) > 0);
    if (!f->started)
        return;
    f->due += (double)r->v->opt.requests_per_s * (double)ms / 1000;
    for (; f->due >= 1; f->due -= 1) {
        service = f->route ? chosen(r, f) : f->name;
        request(r, f, service ? service : "");
    }
}

void clients_tick(struct realm *r, int64_t ms)
{
    struct serve *v = r->v;

    if (!v->clients)
        v->clients = xcalloc(1, sizeof *v->clients);
    for (const struct sim_object *o = r->s.objects; o; o = o->next) {
        if ((o->kind == SIM_SERVICE || o->kind == SIM_ROUTE) && has_users(r, o))
            serve_users(r, front_of(r, json_str(o->doc, "metadata.name"), o->kind == SIM_ROUTE),
                        ms);
    }
    sim_forget(&r->s);
}

/* ---- what became of them --------------------------------------------------------------------- */

static char *versions_text(struct arena *a, const struct front *f)
{
    char *out = arena_strdup(a, "");

    for (const struct version_count *n = f->versions; n; n = n->next)
        out = json_fmt(a, "%r%r%q:%l", out, *out ? "," : "", n->version, n->count);
    return out;
}

char *clients_text(struct serve *v, struct arena *a)
{
    int64_t sent = 0, errors = 0, lost = 0;
    char *out = arena_strdup(a, "");

    for (const struct front *f = v->clients ? v->clients->fronts : NULL; f; f = f->next) {
        sent += f->sent;
        errors += f->errors;
        lost += f->lost;
        out = json_fmt(a,
                       "%r%r{'namespace':%q,'kind':%q,'name':%q,'sent':%l,'errors':%l,'lost':%l,"
                       "'versions':{%r}}",
                       out, *out ? "," : "", f->ns, f->route ? "HTTPRoute" : "Service", f->name,
                       f->sent, f->errors, f->lost, versions_text(a, f));
    }
    return json_fmt(a, "{'sent':%l,'errors':%l,'lost':%l,'by':[%r]}\n", sent, errors, lost, out);
}

/* Anchored, as Prometheus has it. */
static bool compile(regex_t *out, const char *pods)
{
    struct arena a;
    bool ok;

    arena_init(&a);
    ok = regcomp(out, arena_printf(&a, "^(%s)$", *pods ? pods : ".*"), REG_EXTENDED | REG_NOSUB) ==
         0;
    arena_release(&a);
    return ok;
}

double clients_error_ratio(struct serve *v, const char *pods, int64_t window_ms)
{
    int64_t all = 0, errors = 0;
    regex_t pattern;

    if (!compile(&pattern, pods))
        return -1;
    for (size_t i = 0; v->clients && i < ANSWERS_MAX; i++) {
        const struct answer_note *n = &v->clients->answers[i];

        if (!n->pod[0] || n->at_ms < v->now_ms - window_ms ||
            regexec(&pattern, n->pod, 0, NULL, 0) != 0)
            continue;
        all++;
        errors += n->error;
    }
    regfree(&pattern);
    return all ? (double)errors / (double)all : -1;
}

static void front_free(struct front *f)
{
    while (f->versions) {
        struct version_count *n = f->versions;

        f->versions = n->next;
        free(n);
    }
    free(f->ns);
    free(f->name);
    free(f);
}

void clients_free(struct serve *v)
{
    while (v->clients && v->clients->fronts) {
        struct front *f = v->clients->fronts;

        v->clients->fronts = f->next;
        front_free(f);
    }
    free(v->clients);
    v->clients = NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* plan_world_fuzz.c - any world, however odd, has a plan: at most one whole request, the same one
 * each time, a status that can be kept, and a time to wake that lies ahead.
 *
 * {"nowMs":n,"ask":[good, bad, errors],"items":[objects by kind]}; the corpus holds worlds of the
 * simulated cluster in flight. */
#include "check.h"
#include "sluice/plan/plan.h"

#define LIST_MAX 24

struct maker {
    struct arena a;
    struct world w;
    const struct replicaset *rs[LIST_MAX];
    const struct service *services[LIST_MAX];
    const struct slice *slices[LIST_MAX];
    const struct route *routes[LIST_MAX];
    const struct pod *pods[LIST_MAX];
    struct reading readings[LIST_MAX];
};

/* ---- the world ------------------------------------------------------------------------------- */

static void take(struct maker *m, const cJSON *o, const char *raw, size_t len)
{
    struct world *w = &m->w;
    const char *kind = json_str(o, "kind");

    if (str_equal(kind, "Rollout") && !w->rollout)
        w->rollout = rollout_read(&m->a, o, raw, len);
    else if (str_equal(kind, "Deployment") && !w->dep)
        w->dep = deployment_read(&m->a, o, raw, len);
    else if (str_equal(kind, "ControllerRevision") && !w->fence)
        w->fence = fence_read(&m->a, o, raw, len);
    else if (str_equal(kind, "ReplicaSet") && w->rs_count < LIST_MAX)
        m->rs[w->rs_count++] = replicaset_read(&m->a, o, raw, len);
    else if (str_equal(kind, "Service") && w->service_count < LIST_MAX)
        m->services[w->service_count++] = service_read(&m->a, o, raw, len);
    else if (str_equal(kind, "EndpointSlice") && w->slice_count < LIST_MAX)
        m->slices[w->slice_count++] = slice_read(&m->a, o);
    else if (str_equal(kind, "HTTPRoute") && w->route_count < LIST_MAX)
        m->routes[w->route_count++] = route_read(&m->a, o, raw, len);
    else if (str_equal(kind, "Pod") && w->pod_count < LIST_MAX)
        m->pods[w->pod_count++] = pod_read(&m->a, o);
}

struct items {
    struct maker *m;
    const cJSON *next; /* the parsed twin of the slice that comes next */
};

static bool take_item(struct jslice raw, void *arg)
{
    struct items *items = arg;

    if (!items->next)
        return false;
    take(items->m, items->next, raw.p, raw.len);
    items->next = items->next->next;
    return true;
}

/* Objects without what the API server gives every one of them are no world. */
static bool named(const struct meta *m)
{
    return m->name && m->uid && m->rv && m->ns;
}

static bool all_named(const struct world *w)
{
    bool ok = w->rollout && named(&w->rollout->meta) && (!w->dep || named(&w->dep->meta)) &&
              (!w->fence || named(&w->fence->meta));

    for (size_t i = 0; i < w->rs_count; i++)
        ok = ok && named(&w->rs[i]->meta);
    for (size_t i = 0; i < w->service_count; i++)
        ok = ok && named(&w->services[i]->meta);
    for (size_t i = 0; i < w->slice_count; i++)
        ok = ok && named(&w->slices[i]->meta);
    for (size_t i = 0; i < w->route_count; i++)
        ok = ok && named(&w->routes[i]->meta);
    for (size_t i = 0; i < w->pod_count; i++)
        ok = ok && named(&w->pods[i]->meta);
    return ok;
}

/* The Deployment has what the API server asks of one. */
static bool served(const struct world *w)
{
    return !w->dep || (w->dep->template_raw && w->dep->selector_raw && w->dep->replicas >= 0 &&
                       w->dep->replicas < 100000);
}

/* ---- what must hold -------------------------------------------------------------------------- */

static void check_request(const struct action *act)
{
    struct err e = {0};
    auto_json cJSON *body = act->body ? json_parse(act->body, strlen(act->body), &e) : NULL;
    const bool post = str_equal(act->method, "POST");

    CHECK(act->act > ACT_NONE && act->act < ACT_COUNT && act->target < TARGET_COUNT, "%d",
          (int)act->act);
    CHECK(post || str_equal(act->method, "PATCH") || str_equal(act->method, "DELETE"), "%s",
          act->method ? act->method : "no method");
    CHECK(!str_empty(act->name) && !str_empty(act->ns), "%s of nothing", act_name(act->act));
    CHECK(body, "%s: %s: %s", act_name(act->act), e.text, act->body ? act->body : "no body");
    CHECK(act->content_type, "%s without a type", act_name(act->act));
    CHECK(post || !str_empty(act->uid), "%s of any uid", act_name(act->act)); /* I8 */
    if (act->target != TARGET_ROLLOUT && !post)
        CHECK(strstr(act->body, act->uid), "%s does not name its uid: %s", act_name(act->act),
              act->body);
}

static void check_status(struct arena *a, const struct rollout_status *st)
{
    const char *text = status_write(a, st);
    struct err e = {0};
    auto_json cJSON *doc = json_parse(text, strlen(text), &e);

    CHECK(doc, "%s: %s", e.text, text);
    CHECK(strlen(text) <= STATUS_BYTES_MAX, "%zu bytes", strlen(text));
    CHECK(st->flight.step >= 0 && st->flight.step <= FLIGHT_STEPS_MAX, "step %d", st->flight.step);
    CHECK(!str_empty(st->display.status), "no word");
}

static void check_same(const struct plan *a, const struct plan *b)
{
    CHECK(a->action.act == b->action.act && str_equal(a->rule, b->rule), "%s, then %s", a->rule,
          b->rule);
    CHECK(str_equal(a->action.body, b->action.body), "%s\n%s", a->action.body, b->action.body);
    CHECK(a->wake_ms == b->wake_ms && a->ask_count == b->ask_count, "%s", a->rule);
}

static void check(struct maker *m, int64_t now)
{
    const struct plan *p = plan_rollout(&m->a, &m->w, now);

    CHECK(!str_empty(p->rule), "no rule");
    CHECK(p->wake_ms > now, "%s wakes %lld ms ago", p->rule, (long long)(now - p->wake_ms));
    CHECK(p->event_count >= 0 && p->event_count <= PLAN_EVENTS_MAX, "%d", p->event_count);
    CHECK(p->ask_count <= GATES_MAX, "%zu", p->ask_count);
    if (p->action.act != ACT_NONE)
        check_request(&p->action);
    check_status(&m->a, p->status);
    check_same(p, plan_rollout(&m->a, &m->w, now));
}

/* All gates of all steps, answered alike. */
static void answer(struct maker *m, const cJSON *ask, int64_t now)
{
    const struct rollout *r = m->w.rollout;
    const struct flight *fl = &r->status.flight;

    for (size_t i = 0; i < r->spec.gate_count && i < LIST_MAX; i++) {
        m->readings[i] = (struct reading){.gate = r->spec.gates[i].name,
                                          .revision = fl->revision,
                                          .step = fl->step,
                                          .since_ms = fl->step_started_ms,
                                          .at_ms = now,
                                          .samples = (int)json_i64(ask, "samples", 0),
                                          .good = (int)json_i64(ask, "good", 0),
                                          .bad = (int)json_i64(ask, "bad", 0),
                                          .errors = (int)json_i64(ask, "errors", 0),
                                          .message = "said"};
        m->w.reading_count++;
    }
}

static void try_world(struct maker *m, const cJSON *doc, const char *text, size_t len)
{
    const cJSON *list = json_key(doc, "items");
    struct items items = {.m = m, .next = list ? list->child : NULL};
    const int64_t now = clamp_i64(json_i64(doc, "nowMs", 0), 1, INT64_C(4000000000000));

    json_slice_each(json_slice(text, len, "items"), take_item, &items);
    m->w.rs = m->rs;
    m->w.services = m->services;
    m->w.slices = m->slices;
    m->w.routes = m->routes;
    m->w.pods = m->pods;
    m->w.readings = m->readings;
    m->w.brake.state = (enum brake_state)clamp_i64(json_i64(doc, "brake", 1), 0, 4);
    if (!all_named(&m->w) || !served(&m->w))
        return;
    answer(m, json_key(doc, "ask"), now);
    check(m, now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct err e = {0};
    auto_json cJSON *doc = json_parse((const char *)data, len, &e);
    struct maker *m;

    if (!doc)
        return 0;
    m = xcalloc(1, sizeof(*m));
    try_world(m, doc, (const char *)data, len);
    arena_release(&m->a);
    free(m);
    return 0;
}

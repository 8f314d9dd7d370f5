/* SPDX-License-Identifier: Apache-2.0 */
#include "planner.h"

#include <stdarg.h>
#include <stdio.h>

#define READINGS_MAX 24

/* First match wins. The order is the safety argument (reference/prototype.md): what is nobody's
 * business, then decisions, then who owns what, then traffic, then capacity, then progress. */
static const struct rule {
    const char *name;
    enum flow (*apply)(struct planner *p);
} rules[] = {
    {"gone", rule_gone},
    {"rival", rule_rival},
    {"invalid", rule_invalid},
    {"attach", rule_attach},
    {"stable-follows", rule_stable_follows},
    {"ended", rule_ended},
    {"command", rule_command},
    {"deleted", rule_deleted},
    {"undo-start", rule_undo_start},
    {"unpaused", rule_unpaused},
    {"rest", rule_rest},
    {"user-pause", rule_user_pause},
    {"flight", rule_flight},
    {"edit", rule_edit},
    {"pause", rule_pause},
    {"finalizer", rule_finalizer},
    {"dead-man", rule_dead_man},
    {"observed", rule_observed},
    {"fence", rule_fence},
    {"not-failed", rule_not_failed},
    {"turn-back", rule_turn_back},
    {"stable-missing", rule_stable_missing},
    {"route", rule_route},
    {"pins", rule_pins},
    {"inside", rule_inside},
    {"give", rule_give},
    {"dead-man-follows", rule_dead_man_follows},
    {"extras", rule_extras},
    {"candidate", rule_candidate},
    {"side-service", rule_side_service},
    {"size", rule_size},
    {"step", rule_step},
    {"commit", rule_commit},
    {"bake", rule_bake},
    {"hold", rule_hold},
    {"settle", rule_settle},
};

void decide(struct planner *p)
{
    p->decided = true;
}

void wake_at(struct planner *p, int64_t ms)
{
    if (ms > p->now && ms < p->wake_ms)
        p->wake_ms = ms;
}

static const char *text(struct planner *p, size_t max, const char *fmt, va_list ap)
{
    char line[512];

    vsnprintf(line, sizeof line, fmt, ap);
    return arena_strndup(p->a, line, max);
}

void say(struct planner *p, const char *word, enum reason reason, bool stalled, const char *fmt,
         ...)
{
    va_list ap;

    if (p->sum.word)
        return;
    va_start(ap, fmt);
    p->sum = (struct summary){.word = word, .reason = reason, .stalled = stalled};
    p->sum.message = text(p, 160, fmt, ap);
    va_end(ap);
}

void awaits(struct planner *p, const char *what, const char *name, int64_t since, int64_t until,
            const char *then, const char *unblock, const char *fmt, ...)
{
    va_list ap;
    struct awaiting *w;

    wake_at(p, until);
    if (p->st.awaiting_count >= AWAITING_MAX)
        return;
    w = &p->st.awaiting[p->st.awaiting_count++];
    *w = (struct awaiting){.what = what,
                           .name = name,
                           .since_ms = since,
                           .until_ms = until,
                           .then = then,
                           .unblock = unblock};
    va_start(ap, fmt);
    w->message = text(p, 120, fmt, ap);
    va_end(ap);
}

/* Events tell of what changes in the status, so they go out with the write of it, once. */
void event(struct planner *p, bool warning, enum reason reason, const char *fmt, ...)
{
    struct plan_event *e;
    va_list ap;

    if (p->event_count >= PLAN_EVENTS_MAX)
        return;
    e = &p->events[p->event_count++];
    e->type = warning ? "Warning" : "Normal";
    e->reason = reason;
    va_start(ap, fmt);
    e->note = text(p, 400, fmt, ap);
    va_end(ap);
}

const char *cmd(struct planner *p, const char *verb)
{
    return arena_printf(p->a, "sluice %s %s", verb, p->r->meta.name);
}

static void read_table(struct planner *p)
{
    enum flow flow = NEXT;

    p->sum = (struct summary){0};
    p->act = (struct action){0};
    p->ask_count = 0;
    p->pods_of = NULL;
    p->wake_ms = PLAN_SLEEP;
    p->contended = NULL;
    p->st.awaiting_count = 0;
    facts(p);
    for (size_t i = 0; i < COUNT(rules) && flow == NEXT; i++) {
        p->rule = rules[i].name;
        flow = rules[i].apply(p);
        if (flow == AGAIN)
            return;
    }
    p->readings = READINGS_MAX;
}

/* A refused write stands in the way of everything else: it is what people must hear of. */
static void tell_refusal(struct planner *p)
{
    static const struct {
        enum err_kind kind;
        enum reason reason;
    } table[] = {{ERR_DENIED, REASON_FORBIDDEN},
                 {ERR_QUOTA, REASON_QUOTA_EXCEEDED},
                 {ERR_INVALID, REASON_ADMISSION_DENIED},
                 {ERR_EXISTS, REASON_NAME_TAKEN},
                 {ERR_TERMINATING, REASON_TERMINATING}};
    const struct refusal *no = &p->w->refusal;

    for (size_t i = 0; no->present && i < COUNT(table); i++) {
        if (table[i].kind != no->kind)
            continue;
        p->sum = (struct summary){0};
        say(p, "Stalled", table[i].reason, true, "The API server refused %s: %s", no->what,
            no->text);
    }
}

static void send_status(struct planner *p, enum act act, const char *status)
{
    const struct meta *m = &p->r->meta;

    p->act = (struct action){
        .act = act,
        .target = TARGET_ROLLOUT,
        .ns = m->ns,
        .name = m->name,
        .uid = m->uid,
        .method = "PATCH",
        .subresource = "status",
        .query = "fieldManager=" MANAGER_STATUS "&force=true",
        .content_type = "application/apply-patch+yaml",
        .body = json_fmt(p->a,
                         "{'apiVersion':%q,'kind':'Rollout','metadata':{'name':%q,'namespace':%q,"
                         "'uid':%q,'resourceVersion':%q},'status':%r}",
                         SLUICE_API_VERSION, m->name, m->ns, m->uid, m->rv, status),
    };
}

/* These prepare for whatever is decided: done first, several decisions are one write. But a fence
 * would count as that of the flight which the status still has. */
static bool rests_on_nothing(const struct planner *p)
{
    return p->act.act == ACT_FINALIZER_ADD ||
           (p->act.act == ACT_FENCE_CREATE && !p->r->status.flight.present);
}

/* Events go out with the write that they tell of. A status that was decided comes after the fence
 * that was made for it. */
static bool tells(const struct planner *p)
{
    return p->act.act == ACT_DECIDE || p->act.act == ACT_REPORT ||
           (p->act.act == ACT_FENCE_CREATE && !p->decided);
}

/* The status comes before the act that rests on it; one that only reports comes after. */
static void choose_write(struct planner *p)
{
    const bool refused = p->w->refusal.present; /* is told before it is tried again */
    const bool later = !p->decided && !refused && p->act.act != ACT_NONE;
    const bool same = later || status_same(&p->st, &p->r->status); /* spares the text */
    const char *text = same ? NULL : status_write(p->a, &p->st);
    const bool differs = !same && status_mark(text) != p->r->status_mark;

    if (differs && p->decided && (refused || !rests_on_nothing(p)))
        send_status(p, ACT_DECIDE, text);
    else if (differs && (refused || p->act.act == ACT_NONE))
        send_status(p, ACT_REPORT, text);
    if (!tells(p))
        p->event_count = 0;
}

static struct plan *result(struct planner *p)
{
    struct plan *out = ARENA_NEW(p->a, struct plan);
    struct ask *asks = ARENA_ARRAY(p->a, struct ask, (size_t)p->ask_count + 1);
    struct rollout_status *st = ARENA_NEW(p->a, struct rollout_status);

    for (int i = 0; i < p->ask_count; i++)
        asks[i] = p->asks[i];
    *st = p->st;
    out->rule = p->rule;
    out->action = p->act;
    for (int i = 0; i < p->event_count; i++)
        out->events[i] = p->events[i];
    out->event_count = p->event_count;
    out->asks = asks;
    out->ask_count = (size_t)p->ask_count;
    out->pods_of = p->pods_of;
    out->wake_ms = p->wake_ms;
    out->status = st;
    out->settled = p->sum.resting && p->act.act == ACT_NONE;
    return out;
}

const struct plan *plan_rollout(struct arena *a, const struct world *world, int64_t now_ms)
{
    struct planner *p = ARENA_NEW(a, struct planner);

    p->a = a;
    p->w = world;
    p->now = now_ms;
    p->r = world->rollout;
    p->spec = &world->rollout->spec;
    p->d = world->dep;
    p->st = world->rollout->status;
    while (p->readings < READINGS_MAX) {
        p->readings++;
        read_table(p);
    }
    tell_refusal(p);
    report(p);
    choose_write(p);
    return result(p);
}

const char *act_name(enum act act)
{
    static const char *const names[ACT_COUNT] = {
        [ACT_NONE] = "None",
        [ACT_DECIDE] = "Decide",
        [ACT_REPORT] = "Report",
        [ACT_FINALIZER_ADD] = "FinalizerAdd",
        [ACT_FINALIZER_DROP] = "FinalizerDrop",
        [ACT_BRAKE] = "Brake",
        [ACT_RESUME] = "Resume",
        [ACT_DEP_STATUS] = "DeploymentStatus",
        [ACT_FENCE_CREATE] = "FenceCreate",
        [ACT_RECORD] = "Record",
        [ACT_FENCE_DELETE] = "FenceDelete",
        [ACT_RS_CREATE] = "RsCreate",
        [ACT_RS_SCALE] = "RsScale",
        [ACT_RS_FENCE] = "RsFence",
        [ACT_RS_GIVE] = "RsGive",
        [ACT_RS_ANNOTATE] = "RsAnnotate",
        [ACT_RS_MIN_READY] = "RsMinReady",
        [ACT_RS_DELETE] = "RsDelete",
        [ACT_SERVICE_CREATE] = "ServiceCreate",
        [ACT_SERVICE_PIN] = "ServicePin",
        [ACT_SERVICE_UNPIN] = "ServiceUnpin",
        [ACT_SERVICE_DELETE] = "ServiceDelete",
        [ACT_ROUTE_WEIGHT] = "RouteWeight",
        [ACT_ROUTE_REST] = "RouteRest",
    };

    return names[act];
}

const char *target_name(enum target target)
{
    static const char *const names[TARGET_COUNT] = {
        [TARGET_ROLLOUT] = "rollouts",       [TARGET_DEPLOYMENT] = "deployments",
        [TARGET_REPLICASET] = "replicasets", [TARGET_FENCE] = "controllerrevisions",
        [TARGET_SERVICE] = "services",       [TARGET_ROUTE] = "httproutes",
    };

    return names[target];
}

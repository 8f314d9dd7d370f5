/* SPDX-License-Identifier: Apache-2.0 */
/* faults.c - one write of the simulated operator: what becomes of it, and how that is taken. */
#include "sluice/base/clock.h"
#include "sluice/sim/judge.h"
#include "sluice/sim/operator.h"

#include <stdio.h>
#include <string.h>

/* As ctl/next.h and ctl/refused.h have them. */
#define CONFLICTS_MAX       5
#define REFUSED_WAIT_MIN_MS INT64_C(10000)
#define REFUSED_WAIT_MAX_MS INT64_C(120000)
#define BACK_OFF_MS         INT64_C(300)
#define CRASH_MS            INT64_C(3000)
#define OUTAGE_MS           INT64_C(100000)
#define OPEN_MS             INT64_C(5000) /* KUBE_WRITE_TIMEOUT_MS, of which the server has */
#define LATE_MS             INT64_C(4000)
#define DEPOSED_MS          INT64_C(4000)

const char *sim_fault_name(enum sim_fault f)
{
    static const char *const names[FAULT_COUNT] = {
        [FAULT_NONE] = "none",
        [FAULT_LOST] = "lost",
        [FAULT_REPLY_LOST] = "reply-lost",
        [FAULT_CONFLICT] = "conflict",
        [FAULT_ERROR] = "error",
        [FAULT_ERROR_DONE] = "error-done",
        [FAULT_THROTTLED] = "throttled",
        [FAULT_DENIED] = "denied",
        [FAULT_CRASH_BEFORE] = "crash-before",
        [FAULT_CRASH_AFTER] = "crash-after",
        [FAULT_RESTART] = "restart",
        [FAULT_OUTAGE] = "outage",
        [FAULT_LATE] = "late",
        [FAULT_DEPOSED] = "deposed",
        [FAULT_TWICE] = "twice",
    };

    return f < FAULT_COUNT ? names[f] : "";
}

/* ---- what the server does -------------------------------------------------------------------- */

static bool deliver(struct sim_operator *op, const struct action *act, bool late, struct err *e)
{
    struct sim_object *o = sim_find(op->s, sim_kind_of(act->target), act->name);
    const cJSON *before = o ? o->doc : NULL; /* retired, but there until the next plan */
    const bool ok = sim_send(op->s, act, e);

    if (op->opt.judge) {
        op->opt.judge->late = late;
        sim_judge_wrote(op->opt.judge, act, before, ok);
    }
    return ok;
}

static void keep_late(struct sim_operator *op, const struct action *act, int64_t after_ms)
{
    for (size_t i = 0; i < SIM_LATE_MAX; i++) {
        struct sim_late *l = &op->late[i];

        if (l->due_ms)
            continue;
        l->act = *act;
        l->act.ns = arena_strdup(&l->a, act->ns);
        l->act.name = arena_strdup(&l->a, act->name);
        l->act.uid = arena_strdup(&l->a, act->uid);
        l->act.body = arena_strdup(&l->a, act->body);
        l->due_ms = op->s->now_ms + after_ms;
        op->late_count++;
        return;
    }
}

static bool has_rollout(const struct sim *s)
{
    for (const struct sim_object *o = s->objects; o; o = o->next) {
        if (o->kind == SIM_ROLLOUT)
            return true;
    }
    return false;
}

static void note_late(struct sim_operator *op, const struct action *act)
{
    struct sim_came_late *l = &op->came_late;
    auto_json cJSON *body = NULL;
    struct err e = {0};

    if (!str_equal(act->method, "POST"))
        return;
    body = json_parse(act->body, strlen(act->body), &e);
    l->pods += (int)json_i64(body, "spec.replicas", 0);
    if (has_rollout(op->s))
        return;
    l->left = true;
    l->kind = sim_kind_of(act->target);
    snprintf(l->name, sizeof l->name, "%s", act->name);
}

void sim_operator_late(struct sim_operator *op)
{
    for (size_t i = 0; op->late_count > 0 && i < SIM_LATE_MAX; i++) {
        struct sim_late *l = &op->late[i];
        struct err e = {0};

        if (!l->due_ms || op->s->now_ms < l->due_ms)
            continue;
        l->due_ms = 0;
        op->late_count--;
        if (deliver(op, &l->act, true, &e))
            note_late(op, &l->act);
        arena_release(&l->a);
    }
}

/* ---- how the answer is taken ----------------------------------------------------------------- */

static void fold(struct sim_operator *op, const struct action *act)
{
    const enum sim_kind kind = sim_kind_of(act->target);
    struct sim_object *now = sim_find(op->s, kind, act->name);

    op->wrote_ms = op->s->now_ms;
    op->conflicts = 0;
    op->report_since_ms = 0;
    if (act->act != ACT_REPORT)
        op->refused.present = false;
    if (op->looking && !op->moved)
        sim_adopt(&op->look, kind, act->name, now);
}

static void back_off(struct sim_operator *op, int64_t ms)
{
    op->need_look = true;
    op->plan = NULL;
    op->down_until_ms = op->s->now_ms + ms;
}

static void refuse(struct sim_operator *op, const struct action *act, enum err_kind kind)
{
    const bool same = op->refused.present && op->refused.act == act->act &&
                      str_equal(op->refused.name, act->name);
    const int64_t wait =
        same ? min_i64(op->refused.wait_ms * 2, REFUSED_WAIT_MAX_MS) : REFUSED_WAIT_MIN_MS;

    op->refused.present = true;
    op->refused.act = act->act;
    op->refused.kind = kind;
    op->refused.at_ms = same ? op->refused.at_ms : op->s->now_ms;
    op->refused.wait_ms = wait;
    op->refused.due_ms = op->s->now_ms + wait;
    snprintf(op->refused.name, sizeof op->refused.name, "%s", act->name);
    snprintf(op->refused.text, sizeof op->refused.text, "%s", act_name(act->act));
    op->passing = op->fresh = false;
}

/* False: the pass has ended, or what is known of the live world is void. */
static bool take(struct sim_operator *op, const struct action *act, bool ok, const struct err *e)
{
    if (ok) {
        fold(op, act);
        return true;
    }
    switch (e->kind) {
    case ERR_CONFLICT:
    case ERR_EXISTS:
    case ERR_NOT_FOUND:
    case ERR_GONE:
        op->need_look = true;
        if (++op->conflicts >= CONFLICTS_MAX)
            back_off(op, BACK_OFF_MS);
        return false;
    case ERR_DENIED:
    case ERR_QUOTA:
    case ERR_INVALID:
    case ERR_TERMINATING:
        refuse(op, act, e->kind);
        return false;
    case ERR_UNKNOWN:
        back_off(op, OPEN_MS);
        return false;
    case ERR_NONE:
    case ERR_RETRY:
    case ERR_BUG:
        back_off(op, max_i64(e->retry_after_s * SECOND_MS, BACK_OFF_MS));
        return false;
    }
    return false;
}

/* ---- faults ---------------------------------------------------------------------------------- */

#define USE_CHANCE 100 /* draws of caches are numbered by kind */
#define USE_WHICH  101

static bool by_chance(const struct sim_operator *op)
{
    const struct sim_operator_options *o = &op->opt;

    if (op->writes < o->fault_from || (o->fault_until && op->writes >= o->fault_until))
        return false;
    return (int)sim_operator_pick(op, USE_CHANCE, (uint64_t)op->writes, 100) < o->fault_percent;
}

static enum sim_fault fault_of(const struct sim_operator *op)
{
    const struct sim_operator_options *o = &op->opt;

    if (o->fault && op->writes == o->fault_at)
        return o->fault;
    if (o->fault_too && op->writes == o->fault_too_at)
        return o->fault_too;
    if (by_chance(op))
        return (enum sim_fault)(
            1 + sim_operator_pick(op, USE_WHICH, (uint64_t)op->writes, FAULT_COUNT - 1));
    return FAULT_NONE;
}

static void touch_target(struct sim_operator *op, const struct action *act)
{
    struct sim_object *o = sim_find(op->s, sim_kind_of(act->target), act->name);

    if (o)
        sim_bump(op->s, o);
}

static bool unknown(struct sim_operator *op, const struct action *act)
{
    const struct err e = {.kind = ERR_UNKNOWN};

    return take(op, act, false, &e);
}

/* Requests that the server never does, or not now. */
static bool not_done(struct sim_operator *op, const struct action *act, enum sim_fault fault)
{
    struct err e = {.kind = ERR_RETRY};

    switch ((int)fault) {
    case FAULT_CONFLICT:
        touch_target(op, act);
        e.kind = ERR_CONFLICT;
        break;
    case FAULT_THROTTLED:
        e.retry_after_s = 1;
        break;
    case FAULT_DENIED:
        e.kind = ERR_DENIED;
        break;
    case FAULT_LATE:
        keep_late(op, act, LATE_MS);
        e.kind = ERR_UNKNOWN;
        break;
    case FAULT_DEPOSED:
        keep_late(op, act, DEPOSED_MS);
        sim_operator_crash(op, BACK_OFF_MS);
        return false;
    case FAULT_CRASH_BEFORE:
        sim_operator_crash(op, CRASH_MS);
        return false;
    case FAULT_LOST:
        e.kind = ERR_UNKNOWN;
        break;
    default: /* FAULT_ERROR */
        break;
    }
    return take(op, act, false, &e);
}

static bool done_but(struct sim_operator *op, const struct action *act, enum sim_fault fault)
{
    struct err e = {0}, again = {0};
    const bool ok = deliver(op, act, false, &e);

    if (fault == FAULT_TWICE)
        (void)!deliver(op, act, false, &again);
    if (fault == FAULT_NONE || fault == FAULT_TWICE)
        return take(op, act, ok, &e);
    if (fault == FAULT_REPLY_LOST)
        return unknown(op, act);
    if (fault == FAULT_ERROR_DONE) {
        const struct err failed = {.kind = ERR_RETRY};

        return take(op, act, false, &failed);
    }
    sim_operator_crash(op, fault == FAULT_CRASH_AFTER ? CRASH_MS
                           : fault == FAULT_OUTAGE    ? OUTAGE_MS
                                                      : 0);
    return false;
}

static bool is_done(enum sim_fault f)
{
    return f == FAULT_NONE || f == FAULT_TWICE || f == FAULT_REPLY_LOST || f == FAULT_ERROR_DONE ||
           f == FAULT_CRASH_AFTER || f == FAULT_RESTART || f == FAULT_OUTAGE;
}

static bool send_tampered(struct sim_operator *op, struct action *act, enum sim_fault fault)
{
    if (op->opt.tamper && !op->opt.tamper(op->opt.arg, op->s, &op->a, act))
        return take(op, act, true, NULL);
    return is_done(fault) ? done_but(op, act, fault) : not_done(op, act, fault);
}

bool sim_operator_send(struct sim_operator *op, const struct action *planned)
{
    const enum sim_fault fault = fault_of(op);
    struct action act = *planned;

    op->writes++;
    op->answer_ms = op->s->now_ms + op->opt.write_ms;
    op->faults += fault != FAULT_NONE;
    if (op->opt.sent)
        op->opt.sent(op->opt.arg, op->plan, &act, fault);
    return send_tampered(op, &act, fault);
}

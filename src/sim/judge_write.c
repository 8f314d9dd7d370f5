/* SPDX-License-Identifier: Apache-2.0 */
/* judge_write.c - what must hold of every single write. */
#include "sluice/sim/judge.h"

#include "sluice/json/jfmt.h"
#include "sluice/plan/compile.h"

#include <stdlib.h>
#include <string.h>

#define WRITES_MAX 4000 /* of one run: more is a loop */

/* ---- I8: nothing on another object or version than the one decided on ------------------------ */

static void check_target(struct sim_judge *j, const struct action *act, const cJSON *before)
{
    if (str_equal(act->method, "POST"))
        return;
    if (str_empty(act->uid) || !strstr(act->body, act->uid))
        sim_judge_violation(j, "I8", "%s of %s does not name the uid", act_name(act->act),
                            act->name);
    else if (!str_equal(act->uid, json_str(before, "metadata.uid")))
        sim_judge_violation(j, "I8", "%s hit another %s", act_name(act->act), act->name);
    if (act->harmful && !strstr(act->body, "resourceVersion") && !strstr(act->body, "generation"))
        sim_judge_violation(j, "I8", "%s of %s does not say what it was decided on",
                            act_name(act->act), act->name);
}

/* ---- I9: foreign fields ---------------------------------------------------------------------- */

/* What we may write is taken out; the rest must be the same. */
static const char *const ours[SIM_KIND_COUNT] = {
    [SIM_ROLLOUT] = "{'metadata':{'resourceVersion':null,'generation':null,'finalizers':null,"
                    "'deletionTimestamp':null},'status':null}",
    [SIM_DEPLOYMENT] = "{'metadata':{'resourceVersion':null,'generation':null,'annotations':{"
                       "'" ANNOTATION_DEAD_MAN "':null}},'spec':{'paused':null,'template':null},"
                       "'status':null}",
    [SIM_REPLICASET] = "{'metadata':null,'spec':{'replicas':null},'status':null}",
    [SIM_FENCE] = "{'metadata':null}",
    [SIM_SERVICE] = "{'metadata':{'resourceVersion':null,'generation':null,'labels':{'" LABEL_PIN
                    "':null}},'spec':{'selector':{'" LABEL_REVISION "':null}}}",
    [SIM_SLICE] = "{}",
    [SIM_ROUTE] = "{'metadata':{'resourceVersion':null,'generation':null},'spec':null,"
                  "'status':null}",
};

static bool foreign_same(const cJSON *was, const cJSON *is, enum sim_kind kind)
{
    struct arena a;
    struct err e = {0};
    const char *text;
    cJSON *mine;
    bool same;

    arena_init(&a);
    text = json_fmt(&a, ours[kind], NULL);
    mine = json_parse(text, strlen(text), &e);
    assert(mine);
    same = json_same_but(was, is, mine);
    json_release(&mine);
    arena_release(&a);
    return same;
}

/* By the spec, or by what the flight has recorded, whatever the spec says since. */
static bool is_side(const struct world *w, const char *service)
{
    const struct record *flown = w->fence ? &w->fence->record : NULL;

    if (str_equal(service, sim_judge_side(w)))
        return true;
    for (size_t i = 0; flown && i < flown->route_count; i++) {
        if (str_equal(service, flown->routes[i].canary))
            return true;
    }
    return false;
}

/* All of the rules but weights and the canary's entries. */
static char *route_part(const struct world *w, const cJSON *doc)
{
    struct strbuf out;
    char *text;

    strbuf_init(&out, 1 << 22);
    JSON_EACH(rule, json_at(doc, "spec.rules")) {
        JSON_EACH(member, rule) {
            auto_free char *raw = json_print(member);

            if (!str_equal(member->string, "backendRefs"))
                strbuf_addf(&out, "%s=%s;", member->string, raw);
        }
        JSON_EACH(ref, json_key(rule, "backendRefs")) {
            if (is_side(w, json_str(ref, "name")))
                continue;
            JSON_EACH(member, ref) {
                auto_free char *raw = json_print(member);

                if (!str_equal(member->string, "weight"))
                    strbuf_addf(&out, "%s=%s,", member->string, raw);
            }
            strbuf_addc(&out, '|');
        }
        strbuf_addc(&out, '/');
    }
    text = xstrdup(strbuf_str(&out));
    strbuf_release(&out);
    return text;
}

static void check_foreign(struct sim_judge *j, const struct world *w, const struct action *act,
                          const cJSON *before, const cJSON *after)
{
    const enum sim_kind kind = sim_kind_of(act->target);

    if (!foreign_same(before, after, kind))
        sim_judge_violation(j, "I9", "%s changed foreign fields of %s", act_name(act->act),
                            act->name);
    if (kind == SIM_ROUTE) {
        auto_free char *then = route_part(w, before), *now = route_part(w, after);

        if (!str_equal(then, now))
            sim_judge_violation(j, "I9", "%s changed foreign parts of route %s", act_name(act->act),
                                act->name);
    }
    if (kind == SIM_SERVICE && json_count(json_at(after, "spec.selector")) == 0 &&
        !(json_at(after, "spec.selector") && json_at(after, "spec.selector")->child))
        sim_judge_violation(j, "I11", "the selector of %s is empty", act->name);
}

static void check_removed(struct sim_judge *j, const struct action *act, const cJSON *before)
{
    const cJSON *labels = json_at(before, "metadata.labels");

    if (act->target == TARGET_SERVICE && !json_key(labels, LABEL_CREATED))
        sim_judge_violation(j, "I9", "Service %s, which is a user's, was deleted", act->name);
    if (act->target == TARGET_DEPLOYMENT || act->target == TARGET_ROUTE)
        sim_judge_violation(j, "I9", "%s was deleted", act->name);
}

/* A template that we write is one that was there: stable's, or the one before. Of a ReplicaSet that
 * was deleted a moment ago the record knows, or the flight that undoes. */
static void check_template(struct sim_judge *j, const struct world *w, const struct action *act,
                           const cJSON *before, const cJSON *after)
{
    const struct flight *fl = &w->rollout->status.flight;

    if (act->target != TARGET_DEPLOYMENT ||
        json_same(json_at(before, "spec.template"), json_at(after, "spec.template")))
        return;
    for (size_t i = 0; i < w->rs_count; i++) {
        if (str_equal(w->rs[i]->digest, w->dep->digest))
            return;
    }
    if (w->fence && str_equal(w->fence->record.stable_digest, w->dep->digest))
        return;
    if (fl->undo && str_equal(fl->digest, w->dep->digest))
        return;
    sim_judge_violation(j, "I9", "%s wrote a template that nobody had", act_name(act->act));
}

/* ---- I2: a weight rises by the record of a pass ---------------------------------------------- */

static int allowed_weight(const struct world *w)
{
    const struct flight *fl = &w->rollout->status.flight;
    int most = 0;

    for (int i = 0; fl->present && i < fl->step_count && i < FLIGHT_STEPS_MAX; i++) {
        most = (int)max_i64(most, fl->steps[i].weight_pct);
        if (!fl->steps[i].ended_ms)
            break;
    }
    return most;
}

static void check_weight(struct sim_judge *j, const struct world *w, const struct action *act)
{
    const int weight = sim_judge_weight(j->s, w, false);

    if (j->late)
        return;
    if (act->act == ACT_ROUTE_WEIGHT && weight > allowed_weight(w))
        sim_judge_violation(j, "I2", "weight %d, but the steps passed allow %d", weight,
                            allowed_weight(w));
    if (act->act == ACT_ROUTE_WEIGHT && weight > w->rollout->status.flight.weight_desired)
        sim_judge_violation(j, "I3", "weight %d, but the status authorises %d", weight,
                            w->rollout->status.flight.weight_desired);
}

/* ---- I4: nothing is brought to users before the way back is there ---------------------------- */

static bool brings(const struct world *w, const struct action *act, const cJSON *before,
                   const cJSON *after)
{
    const char *revision = w->rollout->status.flight.revision;
    const cJSON *selector =
        json_at(after, act->act == ACT_RS_SCALE ? "spec.selector.matchLabels" : "spec.selector");

    if (act->act == ACT_ROUTE_WEIGHT)
        return w->rollout->status.flight.weight_desired > 0;
    if (act->act == ACT_RS_SCALE &&
        json_i64(after, "spec.replicas", 0) <= json_i64(before, "spec.replicas", 0))
        return false;
    return (act->act == ACT_RS_SCALE || act->act == ACT_SERVICE_PIN) &&
           str_equal(json_str(json_key(selector, LABEL_REVISION), ""), revision);
}

/* Others may renumber revisions at any time: only with one hand. */
static void check_brought(struct sim_judge *j, const struct world *w, const struct action *act,
                          const cJSON *before, const cJSON *after)
{
    if (j->apart && sim_judge_calm(j) && sim_judge_on_the_way(w) &&
        str_equal(w->dep->digest, w->rollout->status.flight.digest) && !sim_judge_leads_back(w) &&
        brings(w, act, before, after))
        sim_judge_violation(j, "I4", "%s of %s, and the way back, revision %s, is not stable's",
                            act_name(act->act), act->name,
                            w->dep->dead_man ? w->dep->dead_man : "(none)");
}

/* ---- drain ----------------------------------------------------------------------------------- */

/* The candidate itself, taken up again: the share of pods is the share of traffic. */
static bool is_forward(const struct world *w, const cJSON *rs)
{
    const struct flight *fl = &w->rollout->status.flight;

    return fl->present && fl->direction == DIRECTION_FORWARD &&
           w->rollout->spec.strategy == STRATEGY_CANARY &&
           str_equal(
               json_str(json_key(json_at(rs, "spec.selector.matchLabels"), LABEL_REVISION), ""),
               fl->revision);
}

#define LOOK_OLDEST_MS INT64_C(600) /* of a harmful write */

/* Requests still reach it, whatever the drain, and did when the operator looked. With several hands
 * this may be a race. */
static bool serves_now(const struct sim_judge *j, const struct judge_served *e)
{
    return j->apart && e->now && j->s->now_ms - e->since_ms > LOOK_OLDEST_MS;
}

static void check_drain(struct sim_judge *j, const struct world *w, const struct action *act,
                        const cJSON *before, const cJSON *after)
{
    const char *uid = json_str(before, "metadata.uid");
    const bool ends = act->target == TARGET_REPLICASET &&
                      json_i64(before, "spec.replicas", 0) > 0 &&
                      json_i64(after, "spec.replicas", 0) == 0;

    if (!ends || !sim_judge_calm(j) || w->rollout->spec.strategy == STRATEGY_ROLLING ||
        (is_forward(w, before) && w->rollout->spec.traffic_count == 0) ||
        json_i64(before, "status.readyReplicas", 0) == 0)
        return;
    for (int i = 0; i < j->served_count; i++) {
        const struct judge_served *e = &j->served[i];

        if (str_equal(e->uid, uid) && e->last_ms &&
            (serves_now(j, e) ||
             j->s->now_ms < e->last_ms + w->rollout->spec.drain_ms - JUDGE_GRACE_MS))
            sim_judge_violation(j, "drain", "%s of %s %d ms after its last requests",
                                act_name(act->act), act->name, (int)(j->s->now_ms - e->last_ms));
    }
}

/* ---- I12: status never claims more than is true ---------------------------------------------- */

static bool was_accepted(const struct sim_judge *j, int weight, int64_t since)
{
    for (int w = weight; w <= 100; w++) {
        if (j->weighed_ms[w] >= since)
            return true;
    }
    return false;
}

/* The record says it before the status does. */
static bool is_committed(const struct world *w)
{
    return w->rollout->status.flight.committed_ms || (w->fence && w->fence->record.committed_ms);
}

static void check_claims(struct sim_judge *j, const struct world *w, const struct action *act)
{
    const struct rollout_status *st = &w->rollout->status;
    const int64_t since = j->s->now_ms - JUDGE_GRACE_MS;
    const int weight = st->flight.weight_accepted;

    if (act->act != ACT_DECIDE && act->act != ACT_REPORT)
        return;
    if (str_equal(st->display.status, "Resting") && j->rested_ms < since)
        sim_judge_violation(j, "I12", "it says Resting, and does not rest");
    if (st->flight.present && w->rollout->spec.traffic_count && !is_committed(w) &&
        st->flight.regime == REGIME_OUTSIDE && weight > 0 && weight <= 100 &&
        !was_accepted(j, weight, since) && sim_judge_calm(j))
        sim_judge_violation(j, "I12", "it says that weight %d is accepted", weight);
}

void sim_judge_wrote(struct sim_judge *j, const struct action *act, const cJSON *before, bool ok)
{
    const struct sim_object *o = sim_find(j->s, sim_kind_of(act->target), act->name);
    struct arena a;
    const struct world *w;

    if (++j->writes == WRITES_MAX)
        sim_judge_violation(j, "I6", "%d writes", WRITES_MAX);
    if (!ok)
        return;
    arena_init(&a);
    w = sim_world(j->s, &a, j->rollout);
    if (before)
        check_target(j, act, before);
    if (before && !o)
        check_removed(j, act, before);
    if (w && w->dep && before) {
        check_drain(j, w, act, before, o ? o->doc : NULL);
        if (o) {
            check_foreign(j, w, act, before, o->doc);
            check_template(j, w, act, before, o->doc);
            check_brought(j, w, act, before, o->doc);
        }
        check_weight(j, w, act);
        sim_judge_step(j, w, act, before);
    }
    sim_judge_look(j);
    if (w && w->dep && before)
        check_claims(j, w, act);
    arena_release(&a);
}

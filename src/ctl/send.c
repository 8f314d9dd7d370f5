/* SPDX-License-Identifier: Apache-2.0 */
/* send.c - one write of a pass, and what its answer means. */
#include "pass.h"
#include "sluice/kube/watch.h"

#include <stdlib.h>

static const enum kube_kind kinds[TARGET_COUNT] = {
    [TARGET_ROLLOUT] = KIND_ROLLOUT,       [TARGET_DEPLOYMENT] = KIND_DEPLOYMENT,
    [TARGET_REPLICASET] = KIND_REPLICASET, [TARGET_FENCE] = KIND_FENCE,
    [TARGET_SERVICE] = KIND_SERVICE,       [TARGET_ROUTE] = KIND_HTTPROUTE,
};

static const struct {
    const char *method;
    enum kube_verb verb;
} methods[] = {{"PATCH", KUBE_PATCH}, {"POST", KUBE_POST}, {"DELETE", KUBE_DELETE}};

static enum kube_verb verb_of(const struct action *a)
{
    size_t i = 0;

    while (!str_equal(methods[i].method, a->method)) {
        i++;
        assert(i < COUNT(methods)); /* else a plan asks for a method that no write uses */
    }
    return methods[i].verb;
}

static bool is_status(const struct action *a)
{
    return a->act == ACT_DECIDE || a->act == ACT_REPORT;
}

static void log_wrote(const struct pass *p)
{
    const struct action *a = &p->plan->action;

    log_line(a->act == ACT_REPORT ? LOG_DEBUG : LOG_INFO, "wrote", "namespace", p->key->ns, "name",
             p->key->rollout, "rule", p->plan->rule, "act", act_name(a->act), "object", a->name,
             NULL);
}

/* Somebody else was faster: that is ordinary. */
static void log_failed(const struct pass *p, const struct err *e, enum after after)
{
    const struct action *a = &p->plan->action;

    log_line(after == AFTER_LOOK ? LOG_INFO : LOG_WARN, "write failed", "namespace", p->key->ns,
             "name", p->key->rollout, "rule", p->plan->rule, "act", act_name(a->act), "object",
             a->name, "kind", err_kind_name(e->kind), "err", e->text, NULL);
}

/* ---- success: the server's answer is the newest word about that object ----------------------- */

/* Without finalizers a delete is final, whether the server answers with the object or a Status;
 * so is a patch that took the last finalizer off an object on its way out. */
static bool is_gone(const struct action *a, const cJSON *doc)
{
    if (str_equal(json_str(doc, "kind"), "Status"))
        return true;
    if (json_count(json_at(doc, "metadata.finalizers")) > 0)
        return false;
    return str_equal(a->method, "DELETE") || json_str(doc, "metadata.deletionTimestamp");
}

static void fold_gone(struct pass *p, enum kube_kind kind, const char *uid)
{
    const struct action *a = &p->plan->action;
    const int64_t now = clock_mono_ms();

    if (!store_is_gone(p->ctl->store, uid)) /* else the watch was faster */
        barrier_deleted(&p->key->barrier, kind, uid, now);
    store_remove(p->ctl->store, kind, a->ns, a->name, uid, now);
    scene_remove(&p->scene, kind, a->name); /* last: the action's texts are the object's */
}

static void fold_object(struct pass *p, enum kube_kind kind, const cJSON *doc,
                        const struct kube_reply *reply)
{
    struct object *o = object_read(kind, doc, reply->body, reply->len);
    const int64_t now = clock_mono_ms();

    if (!o) {
        p->key->needs_look = true;
        return;
    }
    barrier_wrote(&p->key->barrier, kind, o->meta->rv, now);
    scene_put(&p->scene, o);
    store_put(p->ctl->store, o, now);
    object_unref(o);
}

static void fold(struct pass *p, const struct kube_reply *reply)
{
    const struct action *a = &p->plan->action;
    const enum kube_kind kind = kinds[a->target];
    auto_json cJSON *doc = kube_object_parse(reply->body, reply->len, NULL);

    if (!doc)
        p->key->needs_look = true; /* it was written, but what it is now only a look can tell */
    else if (is_gone(a, doc))
        fold_gone(p, kind, a->uid);
    else
        fold_object(p, kind, doc, reply);
    if (p->ctl->reflectors[kind])
        barrier_progress(&p->key->barrier, kind, reflector_rv(p->ctl->reflectors[kind]));
    if (!p->moved)
        pass_knows(p);
    key_barrier_changed(p->key);
}

static void tell_events(const struct pass *p, const struct meta *rollout)
{
    const struct plan *plan = p->plan;
    const struct kube_ref ref = {.api_version = SLUICE_API_VERSION,
                                 .kind = "Rollout",
                                 .namespace = rollout->ns,
                                 .name = rollout->name,
                                 .uid = rollout->uid};

    for (int i = 0; i < plan->event_count; i++) {
        const struct plan_event *ev = &plan->events[i];
        kube_event(p->ctl->recorder, &ref,
                   str_equal(ev->type, "Warning") ? EVENT_WARNING : EVENT_NORMAL,
                   reason_name(ev->reason), act_name(plan->action.act), ev->note);
    }
}

static void succeeded(struct pass *p, const struct kube_reply *reply)
{
    struct key *key = p->key;
    const struct action *a = &p->plan->action;

    p->writes++;
    p->conflicts = 0;
    p->fresh = false;
    p->ctl->metrics.writes[a->act]++;
    log_wrote(p);
    if (p->scene.rollout)
        tell_events(p, p->scene.rollout->meta);
    if (is_status(a))
        key->report_since_ms = 0;
    if (a->act != ACT_REPORT || key->refused.act == ACT_REPORT)
        refused_clear(&key->refused);
    fold(p, reply);
    if (key->needs_look && !p->stopping)
        pass_look(p);
    else
        pass_plan(p);
}

/* ---- failure --------------------------------------------------------------------------------- */

static void remember(struct pass *p, const struct err *e)
{
    const struct action *a = &p->plan->action;
    const int64_t now = clock_mono_ms();

    p->ctl->metrics.refused++;
    refused_remember(&p->key->refused, a, action_words(&p->arena, a), e, clock_wall_ms(), now);
    pass_end(p, now); /* the next plan knows of it, and says so */
}

/* What two operators create at once is no stranger's: each act has a look of its own for that. */
static int failures_before(struct pass *p, enum err_kind kind)
{
    const enum act act = p->plan->action.act, last = p->existed;

    if (kind != ERR_EXISTS)
        return p->conflicts++;
    p->existed = act;
    return last == act;
}

static void failed(struct pass *p, const struct err *e)
{
    const enum after after = write_failed(e->kind, failures_before(p, e->kind));

    log_failed(p, e, after);
    p->ctl->metrics.conflicts += e->kind == ERR_CONFLICT;
    p->ctl->metrics.unknown += e->kind == ERR_UNKNOWN;
    if (after == AFTER_REMEMBER) {
        remember(p, e);
        return;
    }
    if (e->kind == ERR_UNKNOWN) /* what comes late must not meet a decision that it was not done */
        p->key->open_until_ms = p->sent_ms + KUBE_WRITE_TIMEOUT_MS;
    /* C61; and what is not what we knew may have company. A mere conflict is looked at at once. */
    p->key->needs_look |= after != AFTER_LOOK || p->stopping || e->kind != ERR_CONFLICT;
    if (after == AFTER_LOOK && !p->stopping)
        pass_look(p);
    else
        pass_fail(p, e->retry_after_s * SECOND_MS, "write failed");
}

static void wrote(const struct kube_reply *reply, void *arg)
{
    struct pass *p = arg;

    p->call = NULL;
    if (reply->err.kind == ERR_NONE)
        succeeded(p, reply);
    else
        failed(p, &reply->err);
}

void pass_send(struct pass *p)
{
    const struct action *a = &p->plan->action;
    const enum kube_verb verb = verb_of(a);
    const int64_t now = clock_mono_ms();
    struct arena scratch = {0};

    p->sent_ms = now;
    key_wrote(p->key, now);
    if (a->act != ACT_REPORT && p->key->woken_ms) { /* those that follow in this pass wait for it */
        histogram_add(&p->ctl->metrics.reaction, now - p->key->woken_ms);
        p->key->woken_ms = 0;
    }
    p->call = kube_send(p->ctl->client,
                        &(struct kube_request){
                            .verb = verb,
                            .path = kube_path(&scratch, kinds[a->target], a->ns,
                                              verb == KUBE_POST ? NULL : a->name, a->subresource),
                            .query = a->query,
                            .content_type = a->content_type,
                            .body = a->body,
                        },
                        wrote, p);
    arena_release(&scratch);
}

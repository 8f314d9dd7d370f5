/* SPDX-License-Identifier: Apache-2.0 */
/* brake.c - is a change of the template stopped at admission? Asked of the API server itself: a
 * server-side dry run of such a change must come back paused, with the dead man set (api.md 8).
 *
 * The same patch also lets go of both, so that in flight, when the Deployment is paused anyway, it
 * still proves that the policy holds it. Asked when status.stable is written, when the policy or
 * its binding changes, and about once an hour; never in a burst. */
#include "ctl.h"
#include "sluice/json/jfmt.h"
#include "sluice/kube/watch.h"

#include <stdlib.h>

#define PROOFS_MAX          8 /* under way at once */
#define PROOF_AGAIN_MS      HOUR_MS
#define PROOF_SPREAD_MS     (2 * SECOND_MS) /* after a change of the policy */
#define PROOF_RETRY_MS      INT64_C(500)    /* doubling: the policy takes effect a moment late */
#define PROOF_RETRY_MAX_MS  MINUTE_MS
#define PROOF_DOUBLINGS_MAX 7
#define PROOF_FAILURES_MAX  5 /* then it is said to have failed, and tried on */
#define ANNOTATION_PROOF    "sluice.dev/brake-proof" /* only ever in a dry run */

struct prover {
    struct ctl *ctl;
    struct queue *queue;
    struct timer *timer;
    size_t open;
    bool some_failed; /* and it was said */
};

static void pump(void *arg);

struct prover *prover_new(struct ctl *c)
{
    struct prover *p = xcalloc(1, sizeof(*p));

    p->ctl = c;
    p->queue = queue_new((uint64_t)loop_random(0, INT64_MAX));
    p->timer = loop_timer(c->loop, SECOND_MS, pump, p);
    return p;
}

void prover_free(struct prover *p)
{
    if (!p)
        return;
    timer_cancel(p->timer);
    queue_free(p->queue);
    free(p);
}

struct brake_proof brake_view(const struct key *key)
{
    return (struct brake_proof){
        .state = key->brake.state, .at_ms = key->brake.at_ms, .message = key->brake.message};
}

static void plan_proof(struct key *key, int64_t delay_ms)
{
    struct prover *p = key->ctl->prover;

    key->brake.queued = true;
    queue_add(p->queue, key->name, clock_mono_ms() + delay_ms, QUEUE_HIGH, "proof");
    timer_move(p->timer, 0);
}

/* The admission policy needs status.stable to act, so there is nothing to prove before. */
static bool needs_proof(const struct rollout *r, const struct meta *deployment)
{
    return deployment && deployment->deleting_ms == 0 && r->meta.deleting_ms == 0 &&
           r->spec.brake != BRAKE_PAUSED && !str_empty(r->status.stable.revision);
}

static bool kept_needs_proof(const struct kept_rollout *kept, const struct meta *deployment)
{
    struct rollout r;

    rollout_unpack(kept, &r);
    return needs_proof(&r, deployment);
}

void brake_consider(struct key *key, const struct world *w)
{
    if (!key->brake.queued && !w->rival && needs_proof(w->rollout, w->dep ? &w->dep->meta : NULL))
        plan_proof(key, 0);
}

void prover_policy_changed(struct prover *p)
{
    const char *name;
    void *value;

    for (size_t i = 0; map_next(&p->ctl->keys, &i, &name, &value);) {
        struct key *key = value;
        if (key->brake.queued)
            plan_proof(key, loop_random(0, PROOF_SPREAD_MS));
        key->brake.failures = 0;
    }
}

/* The time is that of the change: a proof that says the same again writes nothing (I6). */
static void conclude(struct key *key, enum brake_state state, const char *message)
{
    struct brake_memory *b = &key->brake;

    if (b->state == state && str_equal(b->message, message))
        return;
    b->state = state;
    b->at_ms = clock_wall_ms();
    free(b->message);
    b->message = message ? xstrdup(message) : NULL;
    key_queue(key, clock_mono_ms(), QUEUE_HIGH, "brake");
}

static void finished(struct key *key)
{
    struct prover *p = key->ctl->prover;

    key->brake.call = NULL;
    p->open--;
    queue_done(p->queue, key->name, clock_mono_ms());
    timer_move(p->timer, 0);
}

/* The policy is the same for all. Where its parameters were gone, with the CRD, the API server
 * takes up to a minute to see those that are back: the first Rollout that it stops for tells the
 * others. */
static void prove_failed_again(struct prover *p)
{
    const char *name;
    void *value;

    p->some_failed = false;
    for (size_t i = 0; map_next(&p->ctl->keys, &i, &name, &value);) {
        struct key *key = value;
        if (key->brake.queued && key->brake.failures > 0)
            plan_proof(key, loop_random(0, PROOF_SPREAD_MS));
    }
}

static void proved(struct key *key)
{
    key->brake.failures = 0;
    if (key->ctl->prover->some_failed)
        prove_failed_again(key->ctl->prover);
    conclude(key, BRAKE_PROVED, NULL);
    plan_proof(key, loop_random(PROOF_AGAIN_MS * 9 / 10, PROOF_AGAIN_MS * 11 / 10));
}

static void failed(struct key *key, const char *why)
{
    struct brake_memory *b = &key->brake;

    key->ctl->metrics.proofs_failed++;
    if (b->failures < PROOF_DOUBLINGS_MAX)
        b->failures++;
    if (b->failures >= PROOF_FAILURES_MAX) {
        key->ctl->prover->some_failed = true;
        conclude(key, BRAKE_PROOF_FAILED, why);
    }
    plan_proof(key, min_i64(PROOF_RETRY_MS << b->failures, PROOF_RETRY_MAX_MS));
}

/* The Deployment as it would have become: stopped, with a way back? */
static bool stopped(const struct kube_reply *reply, struct err *e)
{
    auto_json cJSON *doc = kube_object_parse(reply->body, reply->len, e);
    struct object *o = doc ? object_read(KIND_DEPLOYMENT, doc, reply->body, reply->len) : NULL;
    const struct deployment *d = o ? o->as.deployment : NULL;
    const bool yes = d && d->paused && !str_empty(d->dead_man);

    if (!yes && !e->text[0])
        err_set(e, ERR_INVALID,
                "a dry run of a template change was not stopped by policy " POLICY_BRAKE);
    object_unref(o);
    return yes;
}

static void judge(struct key *key, const struct kube_reply *reply)
{
    struct err e = {0};

    if (reply->err.kind == ERR_NOT_FOUND)
        key->brake.queued = false; /* no Deployment: asked again when a plan sees one */
    else if (reply->err.kind != ERR_NONE)
        failed(key, reply->err.text);
    else if (stopped(reply, &e))
        proved(key);
    else
        failed(key, e.text);
}

static void answered(const struct kube_reply *reply, void *arg)
{
    struct key *key = arg;

    finished(key);
    judge(key, reply);
}

static void ask(struct key *key, const char *deployment)
{
    struct ctl *c = key->ctl;
    struct arena a = {0};
    char now[TIME_TEXT_MAX];

    time_format(clock_wall_ms(), now);
    c->metrics.proofs++;
    key->brake.call = kube_send(
        c->client,
        &(struct kube_request){
            .verb = KUBE_PATCH,
            .path = kube_path(&a, KIND_DEPLOYMENT, key->ns, deployment, NULL),
            .query = "dryRun=All&fieldManager=" MANAGER,
            .content_type = KUBE_MERGE_PATCH,
            .body = json_fmt(&a,
                             "{'metadata':{'annotations':{%q:null}},'spec':{'paused':false,"
                             "'template':{'metadata':{'annotations':{%q:%q}}}}}",
                             ANNOTATION_DEAD_MAN, ANNOTATION_PROOF, now),
        },
        answered, key);
    arena_release(&a);
}

/* Without asking: is there a policy at all? False: the verdict is in. */
static bool installed(struct key *key)
{
    struct ctl *c = key->ctl;

    if (!caches_know(c, KIND_MAP) || !caches_know(c, KIND_MAP_BINDING))
        return true; /* may not read them: the dry run tells */
    if (!reflector_served(c->reflectors[KIND_MAP]))
        conclude(key, BRAKE_NOT_SERVED, "the API server has no MutatingAdmissionPolicy v1");
    else if (!store_get(c->store, KIND_MAP, "", POLICY_BRAKE))
        conclude(key, BRAKE_NOT_INSTALLED, "there is no MutatingAdmissionPolicy " POLICY_BRAKE);
    else if (!store_get(c->store, KIND_MAP_BINDING, "", POLICY_BRAKE))
        conclude(key, BRAKE_NOT_INSTALLED,
                 "there is no MutatingAdmissionPolicyBinding " POLICY_BRAKE);
    else
        return true;
    return false;
}

static void begin(struct key *key)
{
    struct ctl *c = key->ctl;
    const struct object *r = store_get(c->store, KIND_ROLLOUT, key->ns, key->rollout), *dep = NULL;

    if (r)
        dep = store_get(c->store, KIND_DEPLOYMENT, key->ns, r->as.rollout->spec.target);
    c->prover->open++;
    if (r && kept_needs_proof(r->as.rollout, dep ? dep->meta : NULL)) {
        if (installed(key)) {
            ask(key, dep->meta->name);
            return;
        }
        finished(key);
        plan_proof(key, PROOF_AGAIN_MS); /* or when the policy comes */
        return;
    }
    finished(key);
    key->brake.queued = false;
}

static void pump(void *arg)
{
    struct prover *p = arg;
    const int64_t now = clock_mono_ms();
    const struct queue_item *item;

    if (!p->ctl->leading || p->ctl->stopping)
        return;
    while (p->open < PROOFS_MAX && (item = queue_take(p->queue, now))) {
        struct key *key = key_find(p->ctl, item->key);
        assert(key); /* with a key its proof goes */
        begin(key);
    }
    if (p->open < PROOFS_MAX && queue_due_ms(p->queue) != QUEUE_NEVER)
        timer_move(p->timer, max_i64(queue_due_ms(p->queue) - now, 1));
}

void brake_forget(struct key *key)
{
    struct prover *p = key->ctl->prover;

    if (key->brake.call) {
        kube_cancel(key->brake.call);
        finished(key);
    }
    queue_drop(p->queue, key->name);
    free(key->brake.message);
    key->brake = (struct brake_memory){0};
}

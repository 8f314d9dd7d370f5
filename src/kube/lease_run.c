/* SPDX-License-Identifier: Apache-2.0 */
/* lease_run.c - lease_decide's decisions carried out, one request at a time.
 *
 * Two timers: `turn` for the next look or renewal, `fence` for the moment at which leading ends
 * when no renewal succeeded (C68). Even before `fence` fires, after a suspend for example,
 * lease_leading() asks the clock. */
#include "lease_record.h"
#include "sluice/base/clock.h"
#include "sluice/base/log.h"
#include "sluice/kube/lease.h"

#include <stdlib.h>
#include <string.h>

#define RELEASE_TRIES_MAX 3
#define RELEASE_MS        INT64_C(3000) /* hand-over is worth so much of the exit's time (C71) */

enum phase { CANDIDATE, LEADER, RELEASING, OVER };

struct lease {
    struct kube_client *client;
    struct arena arena; /* of the spec's texts */
    struct lease_spec spec;
    enum phase phase;
    struct lease_view view;
    struct lease_record record;
    int64_t epoch;

    struct kube_call *call;
    int64_t sent_ms; /* when the open request left */
    struct timer *turn, *fence;
    struct err trouble;
    int failures; /* of renewals, in a row */

    void (*released)(void *arg);
    void *released_arg;
    int release_tries;
};

static void on_turn(void *arg);
static void release_again(struct lease *l);

static void again_after(struct lease *l, int64_t ms)
{
    timer_move(l->turn, ms);
}

static int64_t retry_ms(const struct lease *l)
{
    const int64_t ms = l->spec.timing.retry_ms;

    return loop_random(ms, ms * 12 / 10);
}

/* --- requests --------------------------------------------------------------------------------- */

static void ask(struct lease *l, enum kube_verb verb, const char *body, kube_done *done)
{
    CLEANUP(arena_release) struct arena a = {0};
    const char *name = verb == KUBE_POST ? NULL : l->spec.name;
    const struct kube_request req = {
        .verb = verb,
        .path = kube_path(&a, KIND_LEASE, l->spec.namespace, name, NULL),
        .body = body,
        .pool = KUBE_LEASE,
        /* An answer after the deadline would be of no use. */
        .timeout_ms = min_i64(KUBE_LEASE_TIMEOUT_MS, l->spec.timing.renew_deadline_ms / 2),
    };

    l->sent_ms = clock_mono_ms();
    l->call = kube_send(l->client, &req, done, l);
}

static void put(struct lease *l, const struct lease_claim *claim, kube_done *done)
{
    CLEANUP(arena_release) struct arena a = {0};
    const bool exists = l->view.exists;

    ask(l, exists ? KUBE_PUT : KUBE_POST,
        lease_record_write(&a, exists ? &l->record : NULL, l->spec.namespace, l->spec.name, claim),
        done);
}

static struct lease_claim claim(const struct lease *l, bool renew)
{
    return (struct lease_claim){
        .holder = l->spec.identity,
        .duration_s = l->spec.timing.duration_ms / SECOND_MS,
        .transitions = l->record.transitions + (l->view.exists && !renew ? 1 : 0),
        .acquired = renew ? l->record.acquired : NULL,
        .now_ms = clock_wall_ms(),
    };
}

/* --- what we know ----------------------------------------------------------------------------- */

static bool absorb(struct lease *l, const struct kube_reply *reply, struct err *e)
{
    auto_free char *before = l->record.spec ? xstrdup(l->record.spec) : NULL;
    const bool existed = l->view.exists;

    if (!lease_record_read(&l->record, reply->body, reply->len, e))
        return false;
    if (!existed || !str_equal(before, l->record.spec))
        l->view.changed_ms = clock_mono_ms();
    l->view.read = l->view.exists = true;
    l->view.holder = l->record.holder;
    l->view.duration_ms = l->record.duration_ms;
    return true;
}

static void note_absence(struct lease *l)
{
    lease_record_release(&l->record);
    l->view.read = true;
    l->view.exists = false;
    l->view.holder = "";
}

static void note_trouble(struct lease *l, const struct err *e)
{
    if (!str_equal(l->trouble.text, e->text))
        log_warn("lease", "name", l->spec.name, "err", e->text, NULL);
    l->trouble = *e;
}

/* --- taking and keeping ----------------------------------------------------------------------- */

/* Last thing in any callback: the owner may free the lease. */
static void lose(struct lease *l, const char *why)
{
    kube_cancel(l->call);
    l->call = NULL;
    timer_stop(l->turn);
    timer_stop(l->fence);
    l->phase = OVER;
    err_set(&l->trouble, ERR_DENIED, "lost: %s", why);
    l->spec.on_lost(why, l->spec.arg);
}

static void on_fence(void *arg)
{
    struct lease *l = arg;

    if (l->phase == LEADER)
        lose(l, "not renewed before the deadline");
}

static void lead(struct lease *l)
{
    if (l->phase == LEADER)
        return;
    l->phase = LEADER;
    l->epoch = l->record.transitions;
    if (l->spec.on_lead)
        l->spec.on_lead(l->epoch, l->spec.arg);
}

static void on_looked(const struct kube_reply *reply, void *arg)
{
    struct lease *l = arg;
    struct err e = reply->err;

    l->call = NULL;
    if (e.kind == ERR_NOT_FOUND)
        note_absence(l);
    else if (e.kind != ERR_NONE || !absorb(l, reply, &e)) {
        note_trouble(l, &e);
        again_after(l, retry_ms(l));
        return;
    }
    l->trouble = (struct err){0};
    on_turn(l);
}

static void put_failed(struct lease *l, const struct err *e)
{
    const bool stale = e->kind == ERR_CONFLICT || e->kind == ERR_UNKNOWN ||
                       e->kind == ERR_NOT_FOUND || e->kind == ERR_EXISTS;

    l->view.read = false; /* the record is not as we thought, or nobody knows */
    note_trouble(l, e);
    if (l->phase == LEADER && stale) /* the answer decides whether we still lead: look soon */
        again_after(l, l->failures++ ? l->spec.timing.retry_ms / 4 : 0);
    else
        again_after(l, retry_ms(l));
}

static void on_put(const struct kube_reply *reply, void *arg)
{
    struct lease *l = arg;
    struct err e = reply->err;

    l->call = NULL;
    if (e.kind != ERR_NONE || !absorb(l, reply, &e)) {
        put_failed(l, &e);
        return;
    }
    if (!str_equal(l->record.holder, l->spec.identity)) {
        err_set(&e, ERR_CONFLICT, "the server stored another holder");
        put_failed(l, &e);
        return;
    }
    l->trouble = (struct err){0};
    l->failures = 0;
    l->view.renewed_ms = l->sent_ms;
    timer_move(l->fence, l->sent_ms + l->spec.timing.renew_deadline_ms - clock_mono_ms());
    again_after(l, retry_ms(l));
    lead(l);
}

static const char *why_lost(const struct lease *l)
{
    if (!lease_may_write(&l->view, clock_mono_ms()))
        return "not renewed before the deadline";
    return l->view.exists ? "another one holds it" : "it was deleted";
}

static void carry_out(struct lease *l, enum lease_decision decision)
{
    struct lease_claim c;

    switch (decision) {
    case LEASE_LOOK:
        ask(l, KUBE_GET, NULL, on_looked);
        break;
    case LEASE_CREATE:
    case LEASE_TAKE:
    case LEASE_RENEW:
        c = claim(l, decision == LEASE_RENEW);
        put(l, &c, on_put);
        break;
    case LEASE_WAIT: /* the moment it expires, not one look later */
        l->view.read = false;
        again_after(l,
                    min_i64(retry_ms(l), max_i64(lease_expires_ms(&l->view) - clock_mono_ms(), 1)));
        break;
    case LEASE_LOST:
        lose(l, why_lost(l));
        break;
    }
}

static void on_turn(void *arg)
{
    struct lease *l = arg;

    if (l->phase == RELEASING)
        release_again(l);
    else if (l->phase != OVER && !l->call)
        carry_out(l, lease_decide(&l->view, l->spec.identity, clock_mono_ms()));
}

/* --- giving it back (C71) --------------------------------------------------------------------- */

static void end_release(struct lease *l)
{
    void (*released)(void *arg) = l->released;
    void *arg = l->released_arg;

    kube_cancel(l->call);
    l->call = NULL;
    timer_stop(l->turn);
    timer_stop(l->fence);
    l->phase = OVER;
    if (released)
        released(arg);
}

static void on_release_late(void *arg)
{
    struct lease *l = arg;

    if (l->phase == RELEASING)
        end_release(l);
}

static void on_release_put(const struct kube_reply *reply, void *arg)
{
    struct lease *l = arg;

    l->call = NULL;
    if (reply->err.kind != ERR_CONFLICT && reply->err.kind != ERR_UNKNOWN) {
        end_release(l);
        return;
    }
    l->view.read = false;
    again_after(l, 0);
}

static void on_release_looked(const struct kube_reply *reply, void *arg)
{
    struct lease *l = arg;
    struct err e = reply->err;

    l->call = NULL;
    if (e.kind != ERR_NONE || !absorb(l, reply, &e))
        end_release(l);
    else
        again_after(l, 0);
}

static void release_again(struct lease *l)
{
    struct lease_claim c;

    if (l->call)
        return;
    if (!l->view.read) {
        ask(l, KUBE_GET, NULL, on_release_looked);
        return;
    }
    if (!str_equal(l->record.holder, l->spec.identity) || l->release_tries++ >= RELEASE_TRIES_MAX) {
        end_release(l);
        return;
    }
    c = claim(l, true);
    c.holder = "";
    c.duration_s = 1;
    c.acquired = NULL;
    put(l, &c, on_release_put);
}

void lease_release(struct lease *l, void (*done)(void *arg), void *arg)
{
    const bool held = l->phase == LEADER;

    l->released = done;
    l->released_arg = arg;
    if (l->call) {
        /* A renewal under way may still be stored: then ours conflicts and looks again. */
        kube_cancel(l->call);
        l->call = NULL;
        l->view.read = false;
    }
    l->phase = RELEASING;
    timer_cancel(l->fence);
    l->fence = loop_timer(kube_client_loop(l->client), held ? RELEASE_MS : 0, on_release_late, l);
    if (held)
        again_after(l, 0);
    else
        timer_stop(l->turn);
}

/* --- the interface ---------------------------------------------------------------------------- */

struct lease *lease_new(struct kube_client *c, const struct lease_spec *spec, struct err *e)
{
    struct lease *l = xcalloc(1, sizeof(*l));
    struct lease_timing *t = &l->spec.timing;

    l->client = c;
    l->spec = *spec;
    t->duration_ms = t->duration_ms ? t->duration_ms : 15000;
    t->renew_deadline_ms = t->renew_deadline_ms ? t->renew_deadline_ms : 10000;
    t->retry_ms = t->retry_ms ? t->retry_ms : 2000;
    if (!lease_timing_check(t, e)) {
        free(l);
        return NULL;
    }
    l->spec.namespace = arena_strdup(&l->arena, spec->namespace);
    l->spec.name = arena_strdup(&l->arena, spec->name);
    l->spec.identity = arena_strdup(&l->arena, spec->identity);
    l->view.timing = *t;
    l->view.holder = "";
    l->turn = loop_timer(kube_client_loop(c), 0, on_turn, l);
    l->fence = loop_timer(kube_client_loop(c), 0, on_fence, l);
    timer_stop(l->fence);
    return l;
}

void lease_free(struct lease *l)
{
    if (!l)
        return;
    kube_cancel(l->call);
    timer_cancel(l->turn);
    timer_cancel(l->fence);
    lease_record_release(&l->record);
    arena_release(&l->arena);
    free(l);
}

bool lease_leading(const struct lease *l)
{
    return l->phase == LEADER && lease_may_write(&l->view, clock_mono_ms());
}

bool lease_leading_arg(void *lease)
{
    return lease_leading(lease);
}

int64_t lease_epoch(const struct lease *l)
{
    return l->epoch;
}

const char *lease_holder(const struct lease *l)
{
    return l->view.holder;
}

const char *lease_trouble(const struct lease *l)
{
    return l->trouble.text;
}

bool lease_alive(const struct lease *l)
{
    return l->phase != LEADER || clock_mono_ms() - l->view.renewed_ms <= l->spec.timing.duration_ms;
}

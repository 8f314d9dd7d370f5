/* SPDX-License-Identifier: Apache-2.0 */
/* attach.c - may this Rollout have this Deployment at all? (api.md 2.7) */
#include "planner.h"

#include <string.h>

/* Every API server sees to both; what answers otherwise is none. */
static bool readable(const struct deployment *d)
{
    return d->template_raw && d->selector_raw;
}

enum flow rule_gone(struct planner *p)
{
    if (p->d && p->d->meta.deleting_ms == 0 && readable(p->d))
        return NEXT;
    if (p->r->meta.deleting_ms && p->r->has_finalizer)
        return act_finalizer(p, false);
    if (p->d && !readable(p->d))
        say(p, "Stalled", REASON_NOT_FOUND, true,
            "Deployment %s has no template and selector that can be read; Sluice writes nothing.",
            str_name(p->spec->target));
    else if (p->d)
        say(p, "Stalled", REASON_TERMINATING, true,
            "Deployment %s is being deleted; Sluice writes nothing.", str_name(p->spec->target));
    else
        say(p, "Pending", REASON_NOT_FOUND, true, "Deployment %s does not exist.",
            str_name(p->spec->target));
    return STOP;
}

enum flow rule_rival(struct planner *p)
{
    if (!p->w->rival)
        return NEXT;
    if (p->r->meta.deleting_ms && p->r->has_finalizer)
        return act_finalizer(p, false);
    say(p, "Stalled", REASON_ALREADY_ATTACHED, true, "Rollout %s has Deployment %s.", p->w->rival,
        str_name(p->spec->target));
    return STOP;
}

/* What is wrong holds a release where it is; a Rollout on its way out is still served. */
enum flow rule_invalid(struct planner *p)
{
    const struct finding *f = p->r->findings;

    if (p->r->meta.deleting_ms)
        return NEXT;
    if (p->spec->unknown_field) {
        say(p, "Stalled", REASON_UNKNOWN_FIELD, true, "%s is not known to this controller.",
            p->spec->unknown_field);
        return STOP;
    }
    if (p->r->finding_count == 0)
        return NEXT;
    say(p, "Stalled", REASON_INVALID_SPEC, true, "%zu error%s: %s: %s%s%s", p->r->finding_count,
        p->r->finding_count == 1 ? "" : "s", f->path, f->value ? f->value : "",
        f->value ? ": " : "", f->message);
    return STOP;
}

/* ---- V30 to V43 ------------------------------------------------------------------------------ */

static bool no(struct planner *p, enum reason reason, const char *message)
{
    say(p, "Stalled", reason, true, "%s", message);
    return false;
}

/* Does it select only what the Deployment's own selector selects? (V31: a pin must not cut others
 * off.) A selector that holds all pairs of the Deployment's cannot reach further. */
static bool only_ours(const struct planner *p, const struct service *s)
{
    const struct selector *d = &p->d->selector;

    for (size_t i = 0; i < d->count; i++) {
        if (!str_equal(selector_get(&s->selector, d->pairs[i].key), d->pairs[i].value))
            return false;
    }
    return true;
}

static bool service_checks(struct planner *p)
{
    const char *name = like_service(p);
    const struct service *s = name ? world_service(p->w, name) : NULL;
    int selecting = 0;

    if (name && !s)
        return no(p, REASON_SERVICE_NOT_FOUND,
                  arena_printf(p->a, "Service %s does not exist.", name));
    if (s && !service_selects(s, p->d))
        return no(p, REASON_SELECTOR_MISMATCH,
                  arena_printf(p->a, "Service %s does not select the pods of Deployment %s.", name,
                               p->d->meta.name));
    if (!p->outside)
        return true;
    for (size_t i = 0; i < p->w->service_count; i++) {
        s = p->w->services[i];
        if (!service_selects(s, p->d))
            continue;
        selecting++;
        if (!only_ours(p, s))
            return no(p, REASON_SELECTOR_MISMATCH,
                      arena_printf(p->a,
                                   "Service %s may select pods of others too and cannot be pinned: "
                                   "give it all labels of the Deployment's selector.",
                                   s->meta.name));
    }
    if (selecting > PINS_MAX - (side_service(p) ? 1 : 0))
        return no(p, REASON_SELECTOR_MISMATCH,
                  arena_printf(p->a, "%d Services select the pods: at most %d can be pinned.",
                               selecting, PINS_MAX));
    return true;
}

static bool room_checks(struct planner *p)
{
    const struct deployment *d = p->d;
    const char *why = NULL;

    if (!p->outside) {
        if (d->replicas == 1 && p->surge.surge == 0 && (p->spec->step_count || p->spec->gate_count))
            return no(p, REASON_NO_ROOM,
                      "1 replica and maxSurge 0: no room to judge a new pod: set maxSurge: 1, or "
                      "use canary.");
        return true;
    }
    if (d->host_port)
        why = arena_printf(p->a, "hostPort %s", d->host_port);
    else if (d->anti_affinity_self && d->replicas > 0)
        why = "a required pod anti-affinity against itself";
    if (!why)
        return true;
    return no(p, REASON_NO_ROOM,
              arena_printf(p->a,
                           "two revisions cannot run side by side: the template uses %s; use "
                           "rolling",
                           why));
}

static bool route_checks(struct planner *p)
{
    for (size_t i = 0; i < p->spec->traffic_count; i++) {
        const struct traffic_spec *t = &p->spec->traffic[i];
        const struct router *router = router_find(t->router);
        const struct route *r = world_route(p->w, t->name);
        const struct finding *wrong;

        if (!r)
            return no(p, REASON_ROUTE_NOT_FOUND,
                      arena_printf(p->a, "%s/%s does not exist.", t->kind, t->name));
        if (router->check(p->a, r, t, i, p->spec->stable_service, side_service(p), &wrong))
            return no(p, REASON_ROUTE_NOT_FOUND,
                      arena_printf(p->a, "%s/%s: %s", t->kind, t->name, wrong->message));
    }
    return true;
}

/* The flight record keeps two templates, in one annotation. */
static bool size_checks(struct planner *p)
{
    const size_t most = RECORD_BYTES_MAX / 2, bytes = strlen(p->d->template_raw);

    if (bytes <= most)
        return true;
    return no(p, REASON_NO_ROOM,
              arena_printf(p->a,
                           "the template is too large: %zu KiB, at most %zu: the flight record "
                           "keeps two; move what is large to a ConfigMap.",
                           bytes / 1024, most / 1024));
}

bool attach_checks(struct planner *p)
{
    if (!p->d->rolling_update)
        return no(p, REASON_STRATEGY_RECREATE,
                  arena_printf(p->a,
                               "Deployment %s has strategy Recreate: two versions at once are what "
                               "it forbids; use RollingUpdate.",
                               p->d->meta.name));
    if (p->d->selector.complex)
        return no(p, REASON_SELECTOR_MISMATCH,
                  arena_printf(p->a, "Deployment %s selects by matchExpressions: use matchLabels.",
                               p->d->meta.name));
    return size_checks(p) && room_checks(p) && service_checks(p) && route_checks(p);
}

/* ---- attach ---------------------------------------------------------------------------------- */

static const struct replicaset *only_active(const struct planner *p)
{
    const struct replicaset *mine = rs_by_digest(p, p->d->digest);

    for (size_t i = 0; i < p->w->rs_count; i++) {
        const struct replicaset *rs = p->w->rs[i];

        if (rs != mine && rs_inside(p, rs) && !rs_empty(rs))
            return NULL;
    }
    return mine && rs_inside(p, mine) ? mine : NULL;
}

static void set_stable(struct planner *p, const char *revision, const char *digest, int64_t number)
{
    p->st.stable.revision = revision;
    p->st.stable.digest = digest;
    p->st.stable.deployment_revision = number;
    p->st.target.uid = p->d->meta.uid;
    decide(p);
}

/* Another Deployment than the one judged before: nothing of the old one's flight is true of it. */
static void forget(struct planner *p)
{
    p->st.flight = (struct flight){0};
    p->st.rejected.revision = p->st.rejected.digest = NULL;
    p->st.route_count = 0;
    p->st.gate_count = 0;
}

enum flow rule_attach(struct planner *p)
{
    const struct replicaset *rs = only_active(p);

    if (status_knows(p))
        return NEXT;
    if (p->f) { /* a flight of this very Deployment, its status lost */
        set_stable(p, p->rec.stable_revision, p->rec.stable_digest, p->rec.stable_number);
        event(p, true, REASON_RECORD_LOST, "The status was lost; the flight record says stable %s.",
              p->rec.stable_revision);
        return AGAIN;
    }
    if (p->r->meta.deleting_ms) {
        if (p->r->has_finalizer)
            return act_finalizer(p, false);
        return STOP;
    }
    if (!attach_checks(p))
        return STOP;
    if (p->d->paused) {
        say(p, "Pending", REASON_PAUSED_BY_USER, true,
            "Deployment %s is paused, not by Sluice: kubectl rollout resume.", p->d->meta.name);
        return STOP;
    }
    if (!dep_complete(p)) {
        say(p, "Pending", REASON_NOT_COMPLETE, false,
            "Deployment %s is itself in the middle of a rollout; attaching waits for its end.",
            p->d->meta.name);
        return STOP;
    }
    if (!rs) {
        say(p, "Pending", REASON_NOT_COMPLETE, false,
            "Not all pods of Deployment %s are of one ReplicaSet with a pod-template-hash: kubectl "
            "rollout restart.",
            p->d->meta.name);
        return STOP;
    }
    forget(p);
    set_stable(p, rs->revision, rs->digest, rs->deployment_revision);
    event(p, false, REASON_ATTACHED, "Deployment %s is attached; what runs counts as stable: %s.",
          p->d->meta.name, rs->revision);
    return AGAIN;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* moves.c - what can happen next on a cluster: its controllers, and people. */
#include "explore_parts.h"

#include "sluice/json/jfmt.h"

#define SETS BIT(SIM_REPLICASET)

static bool by_deployment(const struct explorer *x, struct sim *s)
{
    (void)x;
    sim_deployments(s);
    return true;
}

/* The ReplicaSet controller, and pods that go: no pod gets ready by it. */
static bool by_sets(const struct explorer *x, struct sim *s)
{
    (void)x;
    for (size_t i = 0; i < s->pod_count; i++)
        s->pods[i].ready_at_ms = INT64_MAX;
    sim_replicasets(s);
    return true;
}

static bool get_ready(struct sim *s, bool last)
{
    struct sim_pod *chosen = NULL;

    for (size_t i = 0; i < s->pod_count; i++) {
        struct sim_pod *p = &s->pods[i];

        if (!p->ready && !p->gone_at_ms && p->ready_at_ms != INT64_MAX && (last || !chosen))
            chosen = p;
    }
    if (chosen)
        chosen->ready = chosen->available = true;
    return chosen != NULL;
}

/* Pods of one ReplicaSet are alike: of two the first and the last waiting one are all there are. */
static bool by_first_pod(const struct explorer *x, struct sim *s)
{
    (void)x;
    return get_ready(s, false);
}

static bool by_last_pod(const struct explorer *x, struct sim *s)
{
    (void)x;
    return get_ready(s, true);
}

/* Slices of the Service called as the Deployment, or of all others. */
static bool sync_slices(const struct explorer *x, struct sim *s, bool stable)
{
    struct sim_object *next;

    for (struct sim_object *o = s->objects; o; o = next) {
        const char *name = json_str(o->doc, "metadata.name");

        next = o->next;
        if (o->kind == SIM_SERVICE && str_equal(name, x->o->deployment) != stable)
            sim_adopt(s, SIM_SERVICE, name, NULL);
    }
    sim_slices(s);
    return true;
}

static bool by_slices(const struct explorer *x, struct sim *s)
{
    return sync_slices(x, s, true);
}

static bool by_side_slices(const struct explorer *x, struct sim *s)
{
    return sync_slices(x, s, false);
}

/* It sees a change, accepts it, and its proxies send by it: what lies between is what the settle
 * time is for, and that is 0 here. */
static bool by_router(const struct explorer *x, struct sim *s)
{
    (void)x;
    sim_routers(s);
    return true;
}

/* What holds, drains and bakes wait for is over; no look is so old. */
static bool by_clock(const struct explorer *x, struct sim *s)
{
    stock_age(&x->k, s);
    return true;
}

/* ---- people ---------------------------------------------------------------------------------- */

static bool patch(struct sim *s, enum sim_kind kind, const char *name, const char *text)
{
    struct err e = {0};

    return sim_user_patch(s, kind, name, text, &e);
}

static const struct rollout_status *status_of(const struct explorer *x, const struct sim *s)
{
    struct sim_object *r = sim_find(s, SIM_ROLLOUT, x->o->rollout);

    return r ? &((const struct rollout *)sim_view(r))->status : NULL;
}

static bool command(const struct explorer *x, struct sim *s, const char *verb)
{
    const struct rollout_status *st = status_of(x, s);
    const char *revision = st && st->flight.present ? st->flight.revision : NULL;
    struct arena a;
    bool ok;

    if (!revision && st)
        revision = st->stable.revision;
    if (!revision)
        return false;
    arena_init(&a);
    ok = patch(s, SIM_ROLLOUT, x->o->rollout,
               json_fmt(&a, "{'spec':{'action':{'id':%q,'verb':%q,'revision':%q,'step':%d}}}", verb,
                        verb, revision, st->flight.step));
    arena_release(&a);
    return ok;
}

static bool aborts(const struct explorer *x, struct sim *s)
{
    const struct rollout_status *st = status_of(x, s);

    return st && st->flight.present && command(x, s, "Abort");
}

static bool undoes(const struct explorer *x, struct sim *s)
{
    return command(x, s, "Undo");
}

static bool retries(const struct explorer *x, struct sim *s)
{
    return command(x, s, "Retry");
}

static bool set_image(const struct explorer *x, struct sim *s, const char *image)
{
    struct arena a;
    bool ok;

    arena_init(&a);
    ok = patch(s, SIM_DEPLOYMENT, x->o->deployment,
               json_fmt(&a,
                        "[{'op':'add','path':'/spec/template/spec/containers/0/image','value':%q}]",
                        image));
    arena_release(&a);
    return ok;
}

static bool new_image(const struct explorer *x, struct sim *s)
{
    return set_image(x, s, "app:v3");
}

static bool old_image(const struct explorer *x, struct sim *s)
{
    return set_image(x, s, x->o->old_image);
}

static bool scale_by(const struct explorer *x, struct sim *s, int by)
{
    const struct sim_object *d = sim_find(s, SIM_DEPLOYMENT, x->o->deployment);
    const int64_t n = d ? json_i64(d->doc, "spec.replicas", 1) + by : 0;
    struct arena a;
    bool ok;

    if (n < 1)
        return false;
    arena_init(&a);
    ok = patch(s, SIM_DEPLOYMENT, x->o->deployment, json_fmt(&a, "{'spec':{'replicas':%l}}", n));
    arena_release(&a);
    return ok;
}

static bool scales_up(const struct explorer *x, struct sim *s)
{
    return scale_by(x, s, 1);
}

static bool scales_down(const struct explorer *x, struct sim *s)
{
    return scale_by(x, s, -1);
}

static bool resumes(const struct explorer *x, struct sim *s)
{
    return patch(s, SIM_DEPLOYMENT, x->o->deployment, "{\"spec\":{\"paused\":false}}");
}

static bool deletes_set(const struct explorer *x, struct sim *s)
{
    const struct rollout_status *st = status_of(x, s);

    for (struct sim_object *r = s->objects; st && st->flight.present && r; r = r->next) {
        const struct replicaset *rs = r->kind == SIM_REPLICASET ? sim_view(r) : NULL;

        if (!rs || !str_equal(rs->revision, st->flight.revision))
            continue;
        sim_delete(s, SIM_REPLICASET, rs->meta.name);
        return true;
    }
    return false;
}

/* Before the finalizer is there nothing holds the Rollout: `held` says which of the two it is. */
static bool delete_rollout(const struct explorer *x, struct sim *s, bool held)
{
    const struct sim_object *r = sim_find(s, SIM_ROLLOUT, x->o->rollout);

    if (!r || (json_count(json_at(r->doc, "metadata.finalizers")) > 0) != held)
        return false;
    sim_delete(s, SIM_ROLLOUT, x->o->rollout);
    return true;
}

static bool detaches(const struct explorer *x, struct sim *s)
{
    return delete_rollout(x, s, true);
}

/* In flight, as far as the Deployment is: the policy has paused it. */
static bool comes_first(const struct explorer *x, struct sim *s)
{
    const struct sim_object *d = sim_find(s, SIM_DEPLOYMENT, x->o->deployment);

    return d && json_bool(d->doc, "spec.paused", false) && delete_rollout(x, s, false);
}

/* ---- the table ------------------------------------------------------------------------------- */

#define ROLLOUT    BIT(SIM_ROLLOUT)
#define DEPLOYMENT BIT(SIM_DEPLOYMENT)
#define SLICED     SETS | BIT(GROUP_PODS) | BIT(SIM_SLICE) | BIT(SIM_SERVICE) | BIT(GROUP_BIRTHS)
#define EDIT       DEPLOYMENT | ROLLOUT /* the policies look at the Rollout */

const struct move explore_moves[MOVE_COUNT] = {
    [MOVE_DEPLOYMENT] = {"deployment", DEPLOYMENT | SETS | BIT(GROUP_BIRTHS),
                         DEPLOYMENT | SETS | BIT(GROUP_BIRTHS), by_deployment, false},
    [MOVE_SETS] = {"replicasets", SETS | BIT(GROUP_PODS) | BIT(SIM_SLICE), SETS | BIT(GROUP_PODS),
                   by_sets, false},
    [MOVE_FIRST_POD] = {"a pod gets ready", BIT(GROUP_PODS), BIT(GROUP_PODS), by_first_pod, false},
    [MOVE_LAST_POD] = {"a new pod gets ready", BIT(GROUP_PODS), BIT(GROUP_PODS), by_last_pod,
                       false},
    [MOVE_SLICES] = {"slices", SLICED, BIT(SIM_SLICE) | BIT(GROUP_BIRTHS), by_slices, false},
    [MOVE_SIDE_SLICES] = {"slices of the new side", SLICED, BIT(SIM_SLICE) | BIT(GROUP_BIRTHS),
                          by_side_slices, false},
    [MOVE_ROUTER] = {"router", BIT(SIM_ROUTE), BIT(SIM_ROUTE), by_router, false},
    [MOVE_CLOCK] = {"time passes", ROLLOUT | BIT(SIM_FENCE), ROLLOUT | BIT(SIM_FENCE), by_clock,
                    false},
    [MOVE_PERSON + PERSON_ABORTS] = {"a person aborts", ROLLOUT, ROLLOUT, aborts, false},
    [MOVE_PERSON +
        PERSON_NEW_IMAGE] = {"a person applies app:v3", EDIT, DEPLOYMENT, new_image, false},
    [MOVE_PERSON +
        PERSON_OLD_IMAGE] = {"a person applies app:v1", EDIT, DEPLOYMENT, old_image, false},
    [MOVE_PERSON + PERSON_SCALES_UP] = {"a person scales up", EDIT, DEPLOYMENT, scales_up, true},
    [MOVE_PERSON +
        PERSON_SCALES_DOWN] = {"a person scales down", EDIT, DEPLOYMENT, scales_down, true},
    [MOVE_PERSON + PERSON_UNDOES] = {"a person undoes", ROLLOUT, ROLLOUT, undoes, false},
    [MOVE_PERSON + PERSON_RETRIES] = {"a person retries", ROLLOUT, ROLLOUT, retries, false},
    [MOVE_PERSON +
        PERSON_RESUMES] = {"a person resumes the Deployment", EDIT, DEPLOYMENT, resumes, true},
    [MOVE_PERSON + PERSON_DELETES_SET] = {"a person deletes the new ReplicaSet", ALL_GROUPS,
                                          ALL_GROUPS, deletes_set, true},
    [MOVE_PERSON + PERSON_DETACHES] = {"a person deletes the Rollout", ALL_GROUPS, ALL_GROUPS,
                                       detaches, false},
    [MOVE_PERSON + PERSON_COMES_FIRST] = {"a person deletes the Rollout at once", ALL_GROUPS,
                                          ALL_GROUPS, comes_first, false},
    [MOVE_PERSON + PERSON_RESTARTS] = {"the operator restarts", 0, 0, NULL, false},
};

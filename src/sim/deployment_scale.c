/* SPDX-License-Identifier: Apache-2.0 */
/* deployment_scale.c - sizes of ReplicaSets without a change of template: by share, after the real
 * GetReplicaSetProportion and its callers. */
#include "deployment_parts.h"
#include "sluice/json/jfmt.h"

void dc_scale_to(struct dc *c, int i, int32_t n)
{
    const int32_t max = c->d->replicas + c->surge.surge;

    if (c->rs[i]->replicas == n && c->rs[i]->desired_annotation == c->d->replicas &&
        c->rs[i]->max_annotation == max)
        return;
    sim_set(c->s, c->obj[i],
            json_fmt(&c->a, "{'metadata':{'annotations':{%q:'%d',%q:'%d'}},'spec':{'replicas':%d}}",
                     ANNOTATION_DESIRED, c->d->replicas, ANNOTATION_MAX, max, n));
    c->rs[i]->replicas = n;
}

static int active(const struct dc *c, int *which)
{
    int n = 0;

    for (int i = 0; i < c->count; i++) {
        if (c->rs[i]->replicas > 0) {
            *which = i;
            n++;
        }
    }
    return n;
}

int32_t dc_total(const struct dc *c)
{
    int32_t n = 0;

    for (int i = 0; i < c->count; i++)
        n += c->rs[i]->replicas;
    return n;
}

static bool saturated(const struct dc *c)
{
    const struct replicaset *rs = c->fresh >= 0 ? c->rs[c->fresh] : NULL;

    return rs && rs->replicas == c->d->replicas && rs->desired_annotation == c->d->replicas &&
           rs->st_available == c->d->replicas;
}

/* GetReplicaSetFraction. */
static int32_t fraction(const struct dc *c, const struct replicaset *rs)
{
    const int64_t max = c->d->replicas + c->surge.surge; /* as large as COUNT_MAX */
    int64_t was = rs->max_annotation > 0 ? rs->max_annotation : c->d->st_replicas;

    if (c->d->replicas == 0)
        return -rs->replicas;
    if (was <= 0)
        was = max;
    return (int32_t)min_i64((2 * rs->replicas * max + was) / (2 * was) - rs->replicas, INT32_MAX);
}

static int larger_first(const struct dc *c, int a, int b, bool growing)
{
    if (c->rs[a]->replicas != c->rs[b]->replicas)
        return c->rs[b]->replicas - c->rs[a]->replicas;
    return growing ? b - a : a - b; /* ties: the newer on growth, the older on shrink */
}

static void share_out(struct dc *c)
{
    int order[RS_MAX], n = 0;
    int32_t total = 0, add, added = 0, want[RS_MAX];
    const int32_t allowed = c->d->replicas > 0 ? c->d->replicas + c->surge.surge : 0;

    for (int i = 0; i < c->count; i++) {
        if (c->rs[i]->replicas == 0)
            continue;
        total += c->rs[i]->replicas;
        order[n++] = i;
    }
    add = allowed - total;
    for (int i = 1; i < n; i++) {
        for (int j = i; j > 0 && larger_first(c, order[j - 1], order[j], add > 0) > 0; j--) {
            const int t = order[j];

            order[j] = order[j - 1];
            order[j - 1] = t;
        }
    }
    for (int i = 0; i < n; i++) {
        const struct replicaset *rs = c->rs[order[i]];
        int32_t part = 0;

        /* GetReplicaSetProportion: one whose sum is out of date may grow while all shrink. */
        if (add != added) {
            part = fraction(c, rs);
            part =
                add > 0 ? (int32_t)min_i64(part, add - added) : (int32_t)max_i64(part, add - added);
        }
        want[i] = rs->replicas + part;
        added += part;
    }
    for (int i = 0; i < n; i++) {
        if (i == 0)
            want[i] = (int32_t)max_i64(0, want[i] + add - added);
        dc_scale_to(c, order[i], want[i]);
    }
}

void dc_scale(struct dc *c)
{
    int which = -1;
    const int n = active(c, &which);

    if (n == 0)
        which = c->fresh >= 0 ? c->fresh : c->count - 1; /* the newest created (O1, O3) */
    if (n <= 1) {
        if (which >= 0 && c->rs[which]->replicas != c->d->replicas)
            dc_scale_to(c, which, c->d->replicas); /* as many already: not even an annotation */
        return;
    }
    if (saturated(c)) {
        for (int i = 0; i < c->count; i++) {
            if (i != c->fresh && c->rs[i]->replicas > 0)
                dc_scale_to(c, i, 0);
        }
        return;
    }
    if (c->d->rolling_update)
        share_out(c);
}

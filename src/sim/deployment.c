/* SPDX-License-Identifier: Apache-2.0 */
/* deployment.c - the Deployment controller, after reference/deployment-controller.md appendix A. */
#include "deployment_parts.h"
#include "sluice/json/jfmt.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- who is mine ----------------------------------------------------------------------------- */

static bool labels_match(const struct dc *c, const struct replicaset *rs)
{
    return selector_matches(&c->d->selector, rs->meta.labels, rs->meta.label_count);
}

static void claim(struct dc *c, struct sim_object *o, struct replicaset *rs)
{
    const char *uid = c->d->meta.uid;

    if (rs->controller_uid && !str_equal(rs->controller_uid, uid))
        return;
    if (rs->controller_uid && !labels_match(c, rs)) {
        sim_set(c->s, o, "{\"metadata\":{\"ownerReferences\":[]}}");
        return;
    }
    if (!rs->controller_uid && !labels_match(c, rs))
        return;
    if (!rs->controller_uid)
        sim_set(c->s, o,
                json_fmt(&c->a,
                         "{'metadata':{'ownerReferences':[{'apiVersion':'apps/v1','kind':"
                         "'Deployment','name':%q,'uid':%q,'controller':true}]}}",
                         c->d->meta.name, uid));
    if (c->count < RS_MAX) {
        c->obj[c->count] = o;
        c->was[c->count] = rs->replicas;
        c->rs[c->count++] = rs;
    }
}

/* A copy: this pass goes on with the counts that it wrote. */
static struct replicaset *read_rs(struct dc *c, struct sim_object *o)
{
    struct replicaset *rs = ARENA_NEW(&c->a, struct replicaset);

    *rs = *(const struct replicaset *)sim_view(o);
    return rs;
}

/* Objects stand in order of creation: the oldest equal template is "the new ReplicaSet" (O6). */
void dc_load(struct dc *c)
{
    c->count = 0;
    c->fresh = -1;
    for (struct sim_object *o = c->s->objects; o; o = o->next) {
        if (o->kind == SIM_REPLICASET)
            claim(c, o, read_rs(c, o));
    }
    for (int i = c->count; i-- > 0;) {
        if (str_equal(c->rs[i]->digest, c->d->digest))
            c->fresh = i;
    }
}

/* ---- revisions, rollback, status ------------------------------------------------------------- */

void dc_sync_revision(struct dc *c)
{
    int64_t top = 0;
    struct replicaset *rs = c->fresh >= 0 ? c->rs[c->fresh] : NULL;

    if (!rs)
        return;
    for (int i = 0; i < c->count; i++) {
        if (i != c->fresh)
            top = max_i64(top, c->rs[i]->deployment_revision);
    }
    if (rs->deployment_revision <= top) {
        rs->deployment_revision = top + 1;
        sim_set(c->s, c->obj[c->fresh],
                json_fmt(&c->a, "{'metadata':{'annotations':{%q:'%l'}}}", ANNOTATION_REVISION,
                         rs->deployment_revision));
    }
    if (c->d->revision != rs->deployment_revision)
        sim_set(c->s, c->dep,
                json_fmt(&c->a, "{'metadata':{'annotations':{%q:'%l'}}}", ANNOTATION_REVISION,
                         rs->deployment_revision));
}

static bool rollback(struct dc *c)
{
    const int64_t to = strtoll(c->d->dead_man, NULL, 10);
    const char *tmpl = NULL;

    for (int i = 0; i < c->count; i++) {
        if (c->rs[i]->deployment_revision == to)
            tmpl = c->rs[i]->template_raw;
    }
    sim_set(c->s, c->dep,
            json_fmt(&c->a, "{'metadata':{'annotations':{%q:null}},'spec':{'template':null}}",
                     ANNOTATION_DEAD_MAN));
    sim_set(c->s, c->dep,
            json_fmt(&c->a, "{'spec':{'template':%r}}", tmpl ? tmpl : c->d->template_raw));
    sim_set(c->s, c->dep,
            "{\"spec\":{\"template\":{\"metadata\":{\"labels\":{\"" LABEL_REVISION "\":null}}}}}");
    return true;
}

struct progressing {
    const char *status, *reason;
};

/* A deadline that passed is kept as long as the Deployment is paused. */
static struct progressing progressing(const struct dc *c, const struct deployment *now,
                                      int32_t updated, int32_t avail)
{
    const int32_t n = c->d->replicas;

    if (c->d->paused && str_equal(now->progressing_reason, "ProgressDeadlineExceeded"))
        return (struct progressing){now->progressing_status, now->progressing_reason};
    if (c->d->paused)
        return (struct progressing){"Unknown", "DeploymentPaused"};
    if (updated == n && avail >= n && dc_total(c) == n)
        return (struct progressing){"True", "NewReplicaSetAvailable"};
    return (struct progressing){"True", "ReplicaSetUpdated"};
}

/* What stands is left as it is, with the words of whoever wrote it. */
static const char *conditions(struct dc *c, const struct deployment *now, struct progressing p)
{
    if (str_equal(now->progressing_status, p.status) &&
        str_equal(now->progressing_reason, p.reason))
        return "";
    return json_fmt(&c->a, ",'conditions':[{'type':'Progressing','status':%q,'reason':%q}]",
                    p.status, p.reason);
}

static void write_status(struct dc *c)
{
    const struct deployment *now = sim_view(c->dep);
    int32_t all = 0, ready = 0, avail = 0, updated = 0;
    struct progressing p;

    for (int i = 0; i < c->count; i++) {
        all += c->rs[i]->st_replicas;
        ready += c->rs[i]->st_ready;
        avail += c->rs[i]->st_available;
    }
    if (c->fresh >= 0)
        updated = c->rs[c->fresh]->st_replicas;
    p = progressing(c, now, updated, avail);
    if (now->observed_generation == c->d->meta.generation && now->st_replicas == all &&
        now->st_updated == updated && now->st_ready == ready && now->st_available == avail &&
        str_equal(now->progressing_reason, p.reason))
        return;
    sim_set(c->s, c->dep,
            json_fmt(&c->a,
                     "{'status':{'observedGeneration':%l,'replicas':%d,'updatedReplicas':%d,"
                     "'readyReplicas':%d,'availableReplicas':%d%r}}",
                     c->d->meta.generation, all, updated, ready, avail, conditions(c, now, p)));
}

/* ---- what is done when ----------------------------------------------------------------------- */

static bool scaling_event(const struct dc *c)
{
    for (int i = 0; i < c->count; i++) {
        if (c->rs[i]->replicas > 0 && c->rs[i]->desired_annotation >= 0 &&
            c->rs[i]->desired_annotation != c->d->replicas)
            return true;
    }
    return false;
}

/* Those that are not the new one nor being deleted, by revision: what comes first goes first. */
static int old_ones(const struct dc *c, int order[RS_MAX])
{
    int n = 0;

    for (int i = 0; i < c->count; i++) {
        int at = n;

        if (i == c->fresh || c->rs[i]->meta.deleting_ms)
            continue;
        for (; at > 0 && c->rs[order[at - 1]]->deployment_revision > c->rs[i]->deployment_revision;
             at--)
            order[at] = order[at - 1];
        order[at] = i;
        n++;
    }
    return n;
}

/* cleanupDeployment: nothing is taken in place of one that has pods. The real one looks at what it
 * read: under a pause it scales an empty ReplicaSet up and deletes it in one pass. */
static void clean_up(struct dc *c)
{
    const int64_t keep = json_i64(c->dep->doc, "spec.revisionHistoryLimit", 10);
    int order[RS_MAX];
    const int64_t much = old_ones(c, order) - keep;

    for (int64_t i = 0; i < much; i++) {
        const struct replicaset *rs = c->rs[order[i]];

        if (!c->was[order[i]] && !rs->st_replicas && rs->meta.generation <= rs->observed_generation)
            sim_delete(c->s, SIM_REPLICASET, rs->meta.name);
    }
}

/* DeploymentComplete, by what its status said when this pass began. */
static bool complete(const struct dc *c)
{
    const struct deployment *d = c->d;

    return d->st_updated == d->replicas && d->st_replicas == d->replicas &&
           d->st_available == d->replicas && d->observed_generation >= d->meta.generation;
}

/* What the controller has in its cache is unpaused still, and may have the template before: it goes
 * on with that one. */
static bool sees_pause_late(struct dc *c)
{
    struct sim *s = c->s;

    if (!s->opt.pause_lag_ms)
        return false;
    if (!c->d->paused) {
        s->paused_ms = 0;
        snprintf(s->acted, sizeof s->acted, "%s", c->d->digest ? c->d->digest : "");
        return false;
    }
    if (!s->paused_ms)
        s->paused_ms = s->now_ms;
    return s->now_ms < s->paused_ms + s->opt.pause_lag_ms;
}

static void go_on(struct dc *c)
{
    dc_load(c);
    c->fresh = -1;
    for (int i = c->count; i-- > 0;) {
        if (str_equal(c->rs[i]->digest, c->s->acted))
            c->fresh = i;
    }
    if (c->fresh >= 0)
        dc_roll(c);
    c->s->epoch++; /* its time runs */
}

static void sync_one(struct dc *c)
{
    if (c->d->meta.deleting_ms)
        return;
    dc_load(c);
    if (c->d->paused) {
        dc_sync_revision(c);
        dc_scale(c);
        if (!c->d->dead_man)
            clean_up(c);
    } else if (c->d->dead_man && rollback(c)) {
        return;
    } else if (scaling_event(c)) {
        dc_sync_revision(c);
        dc_scale(c);
    } else {
        if (c->d->rolling_update)
            dc_roll(c);
        else
            dc_recreate(c);
        if (complete(c))
            clean_up(c);
    }
}

void sim_deployments(struct sim *s)
{
    for (struct sim_object *o = s->objects; o; o = o->next) {
        struct dc c = {.s = s, .dep = o};

        if (o->kind != SIM_DEPLOYMENT)
            continue;
        arena_init(&c.a);
        c.d = sim_view(o);
        c.surge = surge_of(c.d);
        if (sees_pause_late(&c)) {
            go_on(&c);
        } else {
            sync_one(&c);
            dc_load(&c);
            write_status(&c);
        }
        arena_release(&c.a);
    }
}

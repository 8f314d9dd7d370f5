/* SPDX-License-Identifier: Apache-2.0 */
/* deployment.c - the Deployment controller, after reference/deployment-controller.md appendix A. */
#include "sluice/json/jfmt.h"
#include "sluice/plan/compile.h"
#include "sluice/sim/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RS_MAX 32

struct dc {
    struct sim *s;
    struct arena a;
    struct sim_object *dep;
    const struct deployment *d; /* as it was when this pass began */
    struct surge surge;
    struct sim_object *obj[RS_MAX]; /* ReplicaSets that it controls */
    struct replicaset *rs[RS_MAX];
    int count;
    int fresh; /* index of the one with the Deployment's template, -1 */
};

static void write_rs(struct dc *c, int i, const char *merge)
{
    sim_set(c->s, c->obj[i], merge);
}

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
static void load(struct dc *c)
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

/* ---- scaling --------------------------------------------------------------------------------- */

static void scale_to(struct dc *c, int i, int32_t n)
{
    const int32_t max = c->d->replicas + c->surge.surge;

    if (c->rs[i]->replicas == n && c->rs[i]->desired_annotation == c->d->replicas &&
        c->rs[i]->max_annotation == max)
        return;
    write_rs(c, i,
             json_fmt(&c->a,
                      "{'metadata':{'annotations':{%q:'%d',%q:'%d'}},'spec':{'replicas':%d}}",
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

static int32_t total(const struct dc *c)
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
    const int32_t max = c->d->replicas + c->surge.surge;
    int32_t was = rs->max_annotation > 0 ? rs->max_annotation : c->d->st_replicas;

    if (c->d->replicas == 0)
        return -rs->replicas;
    if (was <= 0)
        was = max;
    return (2 * rs->replicas * max + was) / (2 * was) - rs->replicas;
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
        scale_to(c, order[i], want[i]);
    }
}

static void scale(struct dc *c)
{
    int which = -1;
    const int n = active(c, &which);

    if (n == 0)
        which = c->fresh >= 0 ? c->fresh : c->count - 1; /* the newest created (O1, O3) */
    if (n <= 1) {
        if (which >= 0 && c->rs[which]->replicas != c->d->replicas)
            scale_to(c, which, c->d->replicas); /* as many already: not even an annotation */
        return;
    }
    if (saturated(c)) {
        for (int i = 0; i < c->count; i++) {
            if (i != c->fresh && c->rs[i]->replicas > 0)
                scale_to(c, i, 0);
        }
        return;
    }
    if (c->d->rolling_update)
        share_out(c);
}

/* ---- revisions, rollback, status ------------------------------------------------------------- */

static void sync_revision(struct dc *c)
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
        write_rs(c, c->fresh,
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
    if (updated == n && avail >= n && total(c) == n)
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

/* ---- rolling --------------------------------------------------------------------------------- */

static char *labels_json(struct dc *c, const struct pair *pairs, size_t count, const char *hash)
{
    struct strbuf out;
    char *text;

    strbuf_init(&out, 1 << 16);
    json_fmt_to(&out, "{%q:%q", LABEL_REVISION, hash);
    for (size_t i = 0; i < count; i++)
        json_fmt_to(&out, ",%q:%q", pairs[i].key, pairs[i].value);
    strbuf_addc(&out, '}');
    text = arena_strdup(&c->a, strbuf_str(&out));
    strbuf_release(&out);
    return text;
}

static void create_new(struct dc *c)
{
    const struct deployment *d = c->d;
    const struct jslice tmpl = {d->template_raw, strlen(d->template_raw)};
    char digest[DIGEST_TEXT_MAX], hash[16];
    struct err e = {0};
    const char *owner;

    template_digest(tmpl, digest);
    memcpy(hash, digest, 10);
    hash[10] = '\0';
    owner = json_fmt(&c->a,
                     "[{'apiVersion':'apps/v1','kind':'Deployment','name':%q,'uid':%q,"
                     "'controller':true,'blockOwnerDeletion':true}]",
                     d->meta.name, d->meta.uid);
    if (sim_create(c->s, SIM_REPLICASET,
                   json_fmt(&c->a,
                            "{'metadata':{'name':'%s-%s','labels':%r,'ownerReferences':%r,"
                            "'annotations':{}},'spec':{'replicas':0,'minReadySeconds':%d,"
                            "'selector':{'matchLabels':%r},'template':%r}}",
                            d->meta.name, hash,
                            labels_json(c, d->template_labels, d->template_label_count, hash),
                            owner, d->min_ready_seconds,
                            labels_json(c, d->selector.pairs, d->selector.count, hash),
                            json_splice(&c->a, tmpl, "metadata.labels", LABEL_REVISION, hash)),
                   &e))
        load(c);
}

/* False: as many already, or no room. */
static bool scale_new(struct dc *c)
{
    const int32_t want = c->d->replicas, have = c->rs[c->fresh]->replicas;
    const int32_t room = want + c->surge.surge - total(c);

    if (have > want)
        scale_to(c, c->fresh, want);
    else if (have < want && room > 0)
        scale_to(c, c->fresh, have + (int32_t)min_i64(room, want - have));
    return c->rs[c->fresh]->replicas != have;
}

/* cleanupUnhealthyReplicas: of the old ones, at most `max` that are not available. One of which
 * more are available than wanted, as its status has it still, ends the pass. */
static bool scale_down_sick(struct dc *c, int32_t max)
{
    for (int i = 0; i < c->count && max > 0; i++) {
        const struct replicaset *rs = c->rs[i];
        const int32_t down = (int32_t)min_i64(max, rs->replicas - rs->st_available);

        if (i == c->fresh || rs->replicas == 0 || down == 0)
            continue;
        if (down < 0)
            return false;
        max -= down;
        scale_to(c, i, rs->replicas - down);
    }
    return true;
}

/* scaleDownOldReplicaSetsForRollingUpdate, by what is available beyond the least that must be; the
 * pods that leave one scaled to 0 do not count. */
static void scale_down_spare(struct dc *c, int32_t least)
{
    int32_t spare = -least;

    for (int i = 0; i < c->count; i++) {
        if (i == c->fresh || c->rs[i]->replicas > 0)
            spare += c->rs[i]->st_available;
    }
    for (int i = 0; i < c->count && spare > 0; i++) {
        const int32_t down = (int32_t)min_i64(c->rs[i]->replicas, spare);

        if (i == c->fresh || down == 0)
            continue;
        spare -= down;
        scale_to(c, i, c->rs[i]->replicas - down);
    }
}

/* reconcileOldReplicaSets. */
static void scale_old(struct dc *c)
{
    const struct replicaset *fresh = c->rs[c->fresh];
    const int32_t least = c->d->replicas - c->surge.unavailable;
    const int32_t max = total(c) - least - (fresh->replicas - fresh->st_available);

    if (total(c) == fresh->replicas || max <= 0)
        return;
    if (scale_down_sick(c, max))
        scale_down_spare(c, least);
}

/* A new one is made with all the pods that it may have, which is not yet a step. */
static void roll(struct dc *c)
{
    const bool made = c->fresh < 0;

    if (made)
        create_new(c);
    if (c->fresh < 0)
        return;
    sync_revision(c);
    if (!scale_new(c) || made)
        scale_old(c);
}

/* Nothing new begins before all that is old has gone. */
static void recreate(struct dc *c)
{
    bool old = false;

    sync_revision(c);
    for (int i = 0; i < c->count; i++) {
        if (i == c->fresh)
            continue;
        old = old || c->rs[i]->replicas > 0 || c->rs[i]->st_replicas > 0;
        if (c->rs[i]->replicas > 0)
            scale_to(c, i, 0);
    }
    if (old)
        return;
    if (c->fresh < 0)
        create_new(c);
    if (c->fresh < 0)
        return;
    sync_revision(c);
    if (c->rs[c->fresh]->replicas != c->d->replicas)
        scale_to(c, c->fresh, c->d->replicas);
}

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

/* cleanupDeployment: nothing is taken in place of one that has pods. */
static void clean_up(struct dc *c)
{
    const int64_t keep = json_i64(c->dep->doc, "spec.revisionHistoryLimit", 10);
    int order[RS_MAX];
    const int64_t much = old_ones(c, order) - keep;

    for (int64_t i = 0; i < much; i++) {
        const struct replicaset *rs = c->rs[order[i]];

        if (!rs->replicas && !rs->st_replicas && rs->meta.generation <= rs->observed_generation)
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
    load(c);
    c->fresh = -1;
    for (int i = c->count; i-- > 0;) {
        if (str_equal(c->rs[i]->digest, c->s->acted))
            c->fresh = i;
    }
    if (c->fresh >= 0)
        roll(c);
    c->s->epoch++; /* its time runs */
}

static void sync_one(struct dc *c)
{
    if (c->d->meta.deleting_ms)
        return;
    load(c);
    if (c->d->paused) {
        sync_revision(c);
        scale(c);
        if (!c->d->dead_man)
            clean_up(c);
    } else if (c->d->dead_man && rollback(c)) {
        return;
    } else if (scaling_event(c)) {
        sync_revision(c);
        scale(c);
    } else {
        if (c->d->rolling_update)
            roll(c);
        else
            recreate(c);
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
            load(&c);
            write_status(&c);
        }
        arena_release(&c.a);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* deployment_roll.c - towards the Deployment's template, by a step: RollingUpdate and Recreate. */
#include "deployment_parts.h"
#include "sluice/json/jfmt.h"

#include <string.h>

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
        dc_load(c);
}

/* False: as many already, or no room. */
static bool scale_new(struct dc *c)
{
    const int32_t want = c->d->replicas, have = c->rs[c->fresh]->replicas;
    const int32_t room = want + c->surge.surge - dc_total(c);

    if (have > want)
        dc_scale_to(c, c->fresh, want);
    else if (have < want && room > 0)
        dc_scale_to(c, c->fresh, have + (int32_t)min_i64(room, want - have));
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
        dc_scale_to(c, i, rs->replicas - down);
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
        dc_scale_to(c, i, c->rs[i]->replicas - down);
    }
}

/* reconcileOldReplicaSets. */
static void scale_old(struct dc *c)
{
    const struct replicaset *fresh = c->rs[c->fresh];
    const int32_t least = c->d->replicas - c->surge.unavailable;
    const int32_t max = dc_total(c) - least - (fresh->replicas - fresh->st_available);

    if (dc_total(c) == fresh->replicas || max <= 0)
        return;
    if (scale_down_sick(c, max))
        scale_down_spare(c, least);
}

/* A new one is made with all the pods that it may have, which is not yet a step. */
void dc_roll(struct dc *c)
{
    const bool made = c->fresh < 0;

    if (made)
        create_new(c);
    if (c->fresh < 0)
        return;
    dc_sync_revision(c);
    if (!scale_new(c) || made)
        scale_old(c);
}

/* Nothing new begins before all that is old has gone. */
void dc_recreate(struct dc *c)
{
    bool old = false;

    dc_sync_revision(c);
    for (int i = 0; i < c->count; i++) {
        if (i == c->fresh)
            continue;
        old = old || c->rs[i]->replicas > 0 || c->rs[i]->st_replicas > 0;
        if (c->rs[i]->replicas > 0)
            dc_scale_to(c, i, 0);
    }
    if (old)
        return;
    if (c->fresh < 0)
        create_new(c);
    if (c->fresh < 0)
        return;
    dc_sync_revision(c);
    if (c->rs[c->fresh]->replicas != c->d->replicas)
        dc_scale_to(c, c->fresh, c->d->replicas);
}

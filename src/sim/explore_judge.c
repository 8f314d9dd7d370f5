/* SPDX-License-Identifier: Apache-2.0 */
/* explore_judge.c - what the judge says of clusters and writes, each asked once. */
#include "explore_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAW_MS 700 /* longer ago than a race, and still within the judge's grace */
#define PODS   16  /* numbers of pods that a slice may list */

uint32_t explore_words(struct explorer *x, const struct sim_judge *j)
{
    return j->violations ? vectors_put_text(&x->k.texts, j->words) : CLEAN;
}

static void set_calm(struct sim_judge *j, bool disturbed)
{
    j->calm_ms = disturbed ? INT64_MAX : 0;
}

uint32_t explore_verdict(struct explorer *x, uint32_t cluster, bool disturbed)
{
    uint32_t groups[GROUP_COUNT];
    struct sim_judge j = x->judge;
    struct sim s;

    if (x->known[cluster].verdict[disturbed])
        return x->known[cluster].verdict[disturbed];
    explore_groups(x, cluster, groups);
    stock_load(&x->k, groups, ALL_GROUPS, &s);
    j.s = &s;
    set_calm(&j, disturbed);
    sim_judge_look(&j);
    x->known[cluster].verdict[disturbed] = explore_words(x, &j);
    x->known[cluster].native =
        x->k.opt.no_policies && (sim_judge_native(&j) || !sim_judge_in_order(&j));
    sim_release(&s);
    return x->known[cluster].verdict[disturbed];
}

bool explore_native(struct explorer *x, uint32_t cluster)
{
    if (!x->k.opt.no_policies)
        return false;
    explore_verdict(x, cluster, true);
    return x->known[cluster].native;
}

void explore_rest(struct explorer *x, struct sim *first)
{
    x->judge.s = first;
    sim_judge_resting(&x->judge);
    x->judge.s = NULL;
}

/* ---- where nothing moves any more ------------------------------------------------------------ */

/* The Rollout went before anybody held it, and nobody but a person knows whether the Deployment is
 * to go on. Nothing of the new template runs; a resume gives it the stable one back. */
static void resume(const struct explorer *x, struct sim *s)
{
    struct err e = {0};

    (void)!sim_user_patch(s, SIM_DEPLOYMENT, x->o->deployment, "{\"spec\":{\"paused\":false}}", &e);
    for (int64_t epoch = -1; epoch != s->epoch;) {
        epoch = s->epoch;
        sim_deployments(s);
        sim_replicasets(s);
    }
}

static void check_resumed(const struct explorer *x, struct sim_judge *j)
{
    struct sim_object *o = sim_find(j->s, SIM_DEPLOYMENT, x->o->deployment);
    const struct deployment *d = o ? sim_view(o) : NULL;

    if (d && (!str_equal(d->image, x->o->old_image) || d->st_available != d->replicas))
        sim_judge_violation(j, "end", "resumed without its Rollout: %s, %d of %d", d->image,
                            d->st_available, d->replicas);
}

static void judge_end(struct explorer *x, struct sim_judge *j, bool at_once)
{
    const struct sim_object *o = sim_find(j->s, SIM_ROLLOUT, x->o->rollout);
    const char *word = o ? json_str(o->doc, "status.display.status") : "Resting";

    if (at_once) {
        resume(x, j->s);
        check_resumed(x, j);
    }
    if (str_equal(word, "Resting"))
        sim_judge_rest(j);
    else if (!str_equal(word, "Aborted"))
        sim_judge_violation(j, "end", "nothing moves it any more: %s: %s", word ? word : "-",
                            json_str(o->doc, "status.display.message"));
}

uint32_t explore_end(struct explorer *x, uint32_t cluster, bool at_once)
{
    uint32_t groups[GROUP_COUNT], *known = &x->known[cluster].end[at_once];
    struct sim_judge j = x->judge;
    struct sim s;

    if (*known)
        return *known;
    explore_groups(x, cluster, groups);
    stock_load(&x->k, groups, ALL_GROUPS, &s);
    j.s = &s;
    judge_end(x, &j, at_once);
    *known = explore_words(x, &j);
    sim_release(&s);
    return *known;
}

/* ---- what is remembered of what was seen ----------------------------------------------------- */

/* Whatever a slice lists was ready when it was seen. */
static void all_ready(struct sim *s)
{
    size_t n = 0;

    for (const struct sim_object *o = s->objects; o; o = o->next)
        n += o->kind == SIM_REPLICASET;
    s->pods = xcalloc(n * PODS + 1, sizeof *s->pods);
    for (struct sim_object *o = s->objects; o; o = o->next) {
        const struct replicaset *rs = o->kind == SIM_REPLICASET ? sim_view(o) : NULL;

        for (int i = 0; rs && i < PODS; i++) {
            struct sim_pod *p = &s->pods[s->pod_count++];

            snprintf(p->name, sizeof p->name, "%.80s-%d", rs->meta.name, i);
            snprintf(p->rs_uid, sizeof p->rs_uid, "%s", rs->meta.uid);
            snprintf(p->revision, sizeof p->revision, "%s", rs->revision ? rs->revision : "");
            p->ready = true;
        }
    }
}

/* The judge after a look at a view, some time ago. */
static void see(const struct explorer *x, uint32_t view, struct sim_judge *j)
{
    uint32_t groups[GROUP_COUNT] = {0};
    struct sim s;

    explore_sight(x, view, groups);
    stock_load(&x->k, groups, ALL_GROUPS & ~(BIT(GROUP_PODS) | BIT(GROUP_BIRTHS)), &s);
    all_ready(&s);
    s.now_ms -= SAW_MS;
    j->s = &s;
    sim_judge_look(j);
    if (j->weighs < 0) /* what was written last is not accepted yet: what was before it */
        j->weighs = j->sends;
    sim_release(&s);
    j->s = NULL;
    j->violations = 0;
    j->seen_epoch = -1;
}

uint32_t explore_truths(struct explorer *x, uint32_t view)
{
    struct sim_judge j = x->judge;
    uint32_t words[3 + JUDGE_SERVED_MAX] = {0}, id;
    size_t n = 3;

    if (x->seen[view].truths)
        return x->seen[view].truths;
    see(x, view, &j);
    words[0] = j.rests;
    words[1] = (uint32_t)(j.weighs + 1);
    words[2] = (uint32_t)(j.sends + 1);
    for (int i = 0; i < j.served_count; i++) {
        if (j.served[i].now)
            words[n++] = vectors_put_text(&x->k.texts, j.served[i].uid);
    }
    id = vectors_put(&x->truths, words, n);
    x->memories = grown(x->memories, &x->truths_cap, id, sizeof *x->memories);
    x->memories[id] = j;
    x->seen[view].truths = id;
    return id;
}

void explore_remember(const struct explorer *x, struct sim_judge *j, uint32_t truths,
                      struct sim *now, bool disturbed)
{
    *j = x->memories[truths];
    j->s = now;
    set_calm(j, disturbed);
    sim_judge_look(j);
    j->violations = 0; /* what the cluster is like without the write was said before */
}

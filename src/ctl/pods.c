/* SPDX-License-Identifier: Apache-2.0 */
/* pods.c - the pods of one revision, for the few plans that look at single pods: whom a probe asks,
 * the names in a query, why one is not ready. All other counts are in ReplicaSets.
 *
 * A watch of them would tell the operator of every pod of every Deployment in the cluster; a list
 * every other second tells what is asked, while it is asked, and a rarer one why a pod is slow. */
#include "ctl.h"
#include "sluice/ctl/next.h"
#include "sluice/kube/list.h"

#include <stdlib.h>

#define SLOWER_MS INT64_C(10) /* for each pod: many are listed less often */

struct pods {
    struct key *key;
    char *revision;
    struct object_list items; /* of the last answer, by name */
    bool known;               /* they are as new as PODS_LATE_MS demands */
    bool calm;                /* PODS_ONLY_WHY */
    char *trouble;            /* ... or why not; NULL: the first answer is still awaited */
    int64_t good_ms;          /* monotonic: of the last answer; at first: of the first request */
    struct kube_lister *lister;
    struct timer *timer; /* to the next list; while one is open: to the end of patience */
};

static int64_t late_ms(const struct pods *p)
{
    const int64_t set = p->key->ctl->pods_late_ms;

    return set ? set : PODS_LATE_MS;
}

static int64_t every_ms(const struct pods *p)
{
    const int64_t set = p->key->ctl->pods_every_ms;

    if (p->calm)
        return minor_delay_ms(p->key->ctl->in_flight);
    return set ? set : PODS_EVERY_MS;
}

static void tell(const struct pods *p)
{
    key_queue(p->key, clock_mono_ms(), QUEUE_HIGH, "pods");
}

/* ---- answers --------------------------------------------------------------------------------- */

static bool take(const cJSON *doc, const char *raw, size_t len, void *arg)
{
    struct object *o = object_read(KIND_POD, doc, raw, len);

    if (o)
        object_list_add(arg, o);
    object_unref(o);
    return true;
}

static bool same(const struct object_list *a, const struct object_list *b)
{
    bool same = a->count == b->count;

    for (size_t i = 0; same && i < a->count; i++)
        same = str_equal(a->items[i]->meta->uid, b->items[i]->meta->uid) &&
               str_equal(a->items[i]->meta->rv, b->items[i]->meta->rv);
    return same;
}

static void believe(struct pods *p, struct object_list *fresh)
{
    const bool news = !p->known || !same(&p->items, fresh);

    object_list_release(&p->items);
    p->items = *fresh;
    p->known = true;
    free(p->trouble);
    p->trouble = NULL;
    if (news)
        tell(p);
}

/* What was read stands until it is too old to be acted on. */
static void doubt(struct pods *p, const char *why)
{
    const bool news = p->known || !str_equal(p->trouble, why);

    if (clock_mono_ms() - p->good_ms < late_ms(p))
        return;
    p->known = false;
    object_list_release(&p->items);
    free(p->trouble);
    p->trouble = xstrdup(why);
    if (news)
        tell(p);
}

static void on_listed(const struct kube_list *list, const struct err *e, void *arg)
{
    struct pods *p = arg;
    struct object_list fresh = {0};

    p->lister = NULL;
    if (!list) {
        timer_move(p->timer, max_i64(every_ms(p), e->retry_after_s * SECOND_MS));
        doubt(p, e->text);
        return;
    }
    kube_list_each(list, take, &fresh);
    object_list_sort(&fresh);
    p->good_ms = clock_mono_ms();
    timer_move(p->timer, every_ms(p) + SLOWER_MS * (int64_t)fresh.count);
    believe(p, &fresh);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void ask(struct pods *p)
{
    struct arena a = {0};
    const int64_t patience = p->good_ms + late_ms(p) - clock_mono_ms();

    p->lister = kube_list(p->key->ctl->client,
                          &(struct kube_list_spec){
                              .kind = KIND_POD,
                              .namespace = p->key->ns,
                              .label_selector = arena_printf(&a, LABEL_REVISION "=%s", p->revision),
                          },
                          on_listed, p);
    timer_move(p->timer, max_i64(patience, late_ms(p) / 2));
    arena_release(&a);
}

static void on_due(void *arg)
{
    struct pods *p = arg;

    if (!p->lister) {
        ask(p);
        return;
    }
    kube_list_cancel(p->lister);
    p->lister = NULL;
    timer_move(p->timer, every_ms(p));
    doubt(p, "the API server does not answer");
}

static void pods_free(struct pods *p)
{
    kube_list_cancel(p->lister);
    timer_cancel(p->timer);
    object_list_release(&p->items);
    free(p->trouble);
    free(p->revision);
    free(p);
}

static struct pods *pods_new(struct key *key, const char *revision, bool calm)
{
    struct pods *p = xcalloc(1, sizeof(*p));

    p->key = key;
    p->revision = xstrdup(revision);
    p->calm = calm;
    p->good_ms = clock_mono_ms();
    p->timer = loop_timer(key->ctl->loop, PODS_LATE_MS, on_due, p);
    ask(p);
    return p;
}

/* A pod that is gone must not be asked, nor a new one be left out, because the last list is old. */
static void ask_sooner(struct pods *p, int32_t ready)
{
    int32_t listed = 0;

    for (size_t i = 0; i < p->items.count; i++)
        listed += p->items.items[i]->as.pod->ready;
    if (p->known && !p->lister && ready != PODS_ONLY_WHY && listed != ready)
        timer_move(p->timer, max_i64(p->good_ms + PODS_AGAIN_MS - clock_mono_ms(), 0));
}

void pods_want(struct key *key, const char *revision, int32_t ready)
{
    const bool calm = ready == PODS_ONLY_WHY;

    if (key->pods && str_equal(key->pods->revision, revision) && (calm || !key->pods->calm)) {
        key->pods->calm = calm;
        ask_sooner(key->pods, ready);
        return;
    }
    if (key->pods)
        pods_free(key->pods);
    key->pods = str_empty(revision) ? NULL : pods_new(key, revision, calm);
}

/* Two Deployments with one template have pods of one hash: the selector tells them apart. */
void pods_view(const struct key *key, struct arena *a, struct world *w)
{
    const struct pods *p = key->pods;
    const struct pod **out;

    if (!p)
        return;
    w->pods_trouble = p->trouble;
    if (!p->known || !w->dep)
        return;
    out = ARENA_ARRAY(a, const struct pod *, p->items.count + 1);
    for (size_t i = 0; i < p->items.count; i++) {
        const struct pod *pod = p->items.items[i]->as.pod;
        if (selector_matches(&w->dep->selector, pod->meta.labels, pod->meta.label_count))
            out[w->pod_count++] = pod;
    }
    w->pods = out;
    w->pods_of = p->revision;
}

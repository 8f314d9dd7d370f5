/* SPDX-License-Identifier: Apache-2.0 */
#include "index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKET_NAME_MAX (PAIR_TEXT_MAX + 300)

static void bucket_name(char out[static BUCKET_NAME_MAX], enum bucket bucket, const char *ns,
                        const char *text)
{
    snprintf(out, BUCKET_NAME_MAX, "%c%s/%s", 'a' + (int)bucket, ns, text);
}

static void pair_text(char out[static PAIR_TEXT_MAX], const struct pair *pair)
{
    snprintf(out, PAIR_TEXT_MAX, "%s=%s", pair->key, pair->value);
}

bool selector_first_pair(const struct selector *s, char out[static PAIR_TEXT_MAX])
{
    for (size_t i = 0; i < s->count; i++) {
        if (str_equal(s->pairs[i].key, LABEL_REVISION))
            continue; /* our pin: the resting selector has it not */
        pair_text(out, &s->pairs[i]);
        return true;
    }
    return false;
}

void rollout_named_services(const struct kept_rollout *r, void (*fn)(const char *name, void *arg),
                            void *arg)
{
    const char *const named[] = {r->spec.active_service, r->spec.preview_service,
                                 r->spec.stable_service, r->spec.canary_service};
    struct rollout_status status;

    status_unpack(r, &status);
    for (size_t i = 0; i < COUNT(named); i++)
        if (!str_empty(named[i]))
            fn(named[i], arg);
    for (int i = 0; i < status.pin_count; i++)
        if (!str_empty(status.pins[i].service))
            fn(status.pins[i].service, arg);
}

/* ---- in which buckets an object is ----------------------------------------------------------- */

struct visit {
    struct index *index;
    struct object *object;
    bool add;
};

/* One bucket in one piece: nearly all hold a single object. */
struct place {
    struct object_list list; /* its items are `one`, or an array */
    struct object *one;
    char name[];
};

static struct place *place_new(const char *name)
{
    const size_t size = strlen(name) + 1;
    struct place *p = xcalloc(1, sizeof(*p) + size);

    memcpy(p->name, name, size);
    p->list.items = &p->one;
    p->list.cap = 1;
    return p;
}

static void place_free(struct place *p)
{
    if (p->list.items != &p->one)
        free(p->list.items);
    free(p);
}

static void place_grow(struct place *p)
{
    struct object_list *list = &p->list;

    if (list->items != &p->one) {
        list->items = xgrow(list->items, &list->cap, 0, sizeof(struct object *));
        return;
    }
    list->cap = 2;
    list->items = xcalloc(list->cap, sizeof(struct object *));
    list->items[0] = p->one;
}

static void bucket_add(struct index *x, const char *name, struct object *o)
{
    struct place *p = map_get(&x->buckets, name);

    if (!p) {
        p = place_new(name);
        map_put_lent(&x->buckets, p->name, p);
    }
    for (size_t i = 0; i < p->list.count; i++)
        if (p->list.items[i] == o)
            return; /* named twice, as stable and as pin */
    if (p->list.count == p->list.cap)
        place_grow(p);
    p->list.items[p->list.count++] = o;
}

static void bucket_remove(struct index *x, const char *name, const struct object *o)
{
    struct place *p = map_get(&x->buckets, name);
    struct object_list *list = p ? &p->list : NULL;
    size_t i = 0;

    if (!list)
        return;
    while (i < list->count && list->items[i] != o)
        i++;
    if (i < list->count)
        list->items[i] = list->items[--list->count];
    if (list->count > 0)
        return;
    map_remove(&x->buckets, name);
    place_free(p);
}

static void visit(const struct visit *v, enum bucket bucket, const char *text)
{
    char name[BUCKET_NAME_MAX];

    if (!text)
        return;
    bucket_name(name, bucket, v->object->meta->ns ? v->object->meta->ns : "", text);
    if (v->add)
        bucket_add(v->index, name, v->object);
    else
        bucket_remove(v->index, name, v->object);
}

static void visit_named_service(const char *name, void *arg)
{
    visit(arg, BUCKET_NAMED_SERVICE, name);
}

static void visit_rollout(struct visit *v, const struct kept_rollout *r)
{
    visit(v, BUCKET_NAMESPACE, "");
    visit(v, BUCKET_TARGET, r->spec.target);
    rollout_named_services(r, visit_named_service, v);
    for (size_t i = 0; i < r->spec.traffic_count; i++)
        visit(v, BUCKET_NAMED_ROUTE, r->spec.traffic[i].name);
}

static void visit_deployment(const struct visit *v, const struct deployment *d)
{
    char text[PAIR_TEXT_MAX];

    for (size_t i = 0; i < d->template_label_count; i++) {
        pair_text(text, &d->template_labels[i]);
        visit(v, BUCKET_LABEL, text);
    }
}

static void visit_service(const struct visit *v, const struct service *s)
{
    char text[PAIR_TEXT_MAX];

    if (selector_first_pair(&s->selector, text))
        visit(v, BUCKET_SELECTS, text);
    visit(v, BUCKET_MADE_FOR, s->of);
    visit(v, BUCKET_SERVICES, "");
}

static void visit_all(struct visit *v)
{
    const struct object *o = v->object;

    switch ((int)o->kind) { /* the kinds that are found by more than their name */
    case KIND_ROLLOUT:
        visit_rollout(v, o->as.rollout);
        break;
    case KIND_DEPLOYMENT:
        visit_deployment(v, o->as.deployment);
        break;
    case KIND_REPLICASET:
        visit(v, BUCKET_OWNED, replicaset_deployment(o->as.replicaset));
        break;
    case KIND_SERVICE:
        visit_service(v, o->as.service);
        break;
    case KIND_ENDPOINTSLICE:
        visit(v, BUCKET_SLICES, o->as.slice->service);
        break;
    default:
        break;
    }
}

void index_add(struct index *x, struct object *o)
{
    visit_all(&(struct visit){.index = x, .object = o, .add = true});
}

void index_remove(struct index *x, struct object *o)
{
    visit_all(&(struct visit){.index = x, .object = o});
}

void index_release(struct index *x)
{
    const char *name;
    void *value;

    for (size_t i = 0; map_next(&x->buckets, &i, &name, &value);)
        place_free(value);
    map_release(&x->buckets);
}

const struct object_list *index_find(const struct index *x, enum bucket bucket, const char *ns,
                                     const char *text)
{
    char name[BUCKET_NAME_MAX];
    const struct place *p;

    if (!text)
        return NULL;
    bucket_name(name, bucket, ns ? ns : "", text);
    p = map_get(&x->buckets, name);
    return p ? &p->list : NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "sluice/ctl/object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const void *view_read(struct arena *a, enum kube_kind kind, const cJSON *o, const char *raw,
                             size_t len)
{
    switch ((int)kind) { /* the kinds that are kept */
    case KIND_ROLLOUT:
        return rollout_read_kept(a, o, raw, len);
    case KIND_DEPLOYMENT:
        return deployment_read(a, o, raw, len);
    case KIND_REPLICASET:
        return replicaset_read(a, o, raw, len);
    case KIND_FENCE:
        return fence_read(a, o, raw, len);
    case KIND_SERVICE:
        return service_read(a, o, raw, len);
    case KIND_ENDPOINTSLICE:
        return slice_read(a, o);
    case KIND_POD:
        return pod_read(a, o);
    case KIND_HTTPROUTE:
        return route_read(a, o, raw, len);
    default:
        assert(kind == KIND_MAP || kind == KIND_MAP_BINDING);
        return policy_read(a, o);
    }
}

/* What objects of a kind took so far, the larger ones remembered longer: a first block that is
 * nearly right is most of what the memory of a cache can be spared. */
static size_t typical_sizes[KIND_COUNT];

static void note_size(enum kube_kind kind, size_t used)
{
    size_t *size = &typical_sizes[kind];

    *size = used > *size ? used : *size - (*size - used) / 8;
}

struct object *object_read(enum kube_kind kind, const cJSON *o, const char *raw, size_t len)
{
    const char *name = json_str(o, "metadata.name"), *uid = json_str(o, "metadata.uid");
    char key[OBJECT_KEY_MAX];
    struct arena a;
    struct object *object;

    if (str_empty(name) || str_empty(uid))
        return NULL;
    arena_init_sized(&a, typical_sizes[kind]);
    object = ARENA_NEW(&a, struct object);
    object->kind = kind;
    object->refs = 1;
    object->as.any = view_read(&a, kind, o, raw, len);
    object->meta = object->as.any; /* the first member of every view */
    object_key(key, object->meta->ns, object->meta->name);
    object->key = arena_strdup(&a, key);
    note_size(kind, arena_used(&a));
    object->arena = a;
    return object;
}

static_assert(offsetof(struct kept_rollout, meta) == 0 && offsetof(struct deployment, meta) == 0 &&
                  offsetof(struct replicaset, meta) == 0 && offsetof(struct fence, meta) == 0 &&
                  offsetof(struct service, meta) == 0 && offsetof(struct slice, meta) == 0 &&
                  offsetof(struct pod, meta) == 0 && offsetof(struct route, meta) == 0 &&
                  offsetof(struct policy, meta) == 0,
              "object_read takes the first member of a view as its meta");

struct object *object_ref(struct object *o)
{
    assert(o->refs > 0);
    o->refs++;
    return o;
}

void object_unref(struct object *o)
{
    struct arena a;

    if (!o)
        return;
    assert(o->refs > 0);
    if (--o->refs > 0)
        return;
    a = o->arena; /* `o` lies in it */
    arena_release(&a);
}

void object_list_add(struct object_list *list, struct object *o)
{
    if (list->count == list->cap)
        list->items = xgrow(list->items, &list->cap, 4, sizeof(struct object *));
    list->items[list->count++] = object_ref(o);
}

static size_t place_of(const struct object_list *list, const char *name)
{
    size_t i = 0;

    while (i < list->count && !str_equal(list->items[i]->meta->name, name))
        i++;
    return i;
}

void object_list_put(struct object_list *list, struct object *o)
{
    const size_t i = place_of(list, o->meta->name);

    if (i == list->count) {
        object_list_add(list, o);
        return;
    }
    object_ref(o); /* first: it may be the same one */
    object_unref(list->items[i]);
    list->items[i] = o;
}

void object_list_remove(struct object_list *list, const char *name)
{
    const size_t i = place_of(list, name);

    if (i == list->count)
        return;
    object_unref(list->items[i]);
    list->count--;
    memmove(&list->items[i], &list->items[i + 1], (list->count - i) * sizeof(struct object *));
}

struct object *object_list_find(const struct object_list *list, const char *name)
{
    const size_t i = place_of(list, name);

    return i < list->count ? list->items[i] : NULL;
}

static int by_name(const void *a, const void *b)
{
    const struct object *const *x = a, *const *y = b;

    return strcmp((*x)->meta->name, (*y)->meta->name);
}

void object_list_sort(struct object_list *list)
{
    if (list->count > 1)
        qsort(list->items, list->count, sizeof(struct object *), by_name);
}

void object_list_release(struct object_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        object_unref(list->items[i]);
    free(list->items);
    *list = (struct object_list){0};
}

void object_key(char out[static OBJECT_KEY_MAX], const char *ns, const char *name)
{
    const size_t ns_len = ns ? strnlen(ns, OBJECT_KEY_MAX - 2) : 0;
    const size_t name_len = name ? strnlen(name, OBJECT_KEY_MAX - 2 - ns_len) : 0;

    if (ns_len)
        memcpy(out, ns, ns_len);
    out[ns_len] = '/';
    if (name_len)
        memcpy(out + ns_len + 1, name, name_len);
    out[ns_len + 1 + name_len] = '\0';
}

const char *replicaset_deployment(const struct replicaset *rs)
{
    if (!str_empty(rs->of))
        return rs->of;
    return str_equal(rs->controller_kind, "Deployment") ? rs->controller_name : NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* collect.c - dependents of what is gone, and namespaces that end. What the simulator keeps it
 * collects itself; pods go with what the simulator has of them. */
#include "calls.h"

#include <stdlib.h>

static bool uid_there(const struct serve *v, const char *uid)
{
    for (const struct served_object *o = v->objects; o; o = o->next) {
        if (str_equal(json_str(o->v->doc, "metadata.uid"), uid))
            return true;
    }
    return false;
}

static bool is_orphan(const struct serve *v, const struct served_object *o)
{
    const cJSON *owners = json_at(o->v->doc, "metadata.ownerReferences");

    if (o->kind->sim != NOT_SIMULATED || str_equal(o->kind->kind, "Pod") ||
        json_count(owners) == 0 || json_str(o->v->doc, "metadata.deletionTimestamp"))
        return false;
    JSON_EACH(owner, owners) {
        if (uid_there(v, json_str(owner, "uid")))
            return false;
    }
    return true;
}

static bool ends(const struct served_object *o)
{
    return str_equal(o->kind->kind, "Namespace") &&
           json_str(o->v->doc, "metadata.deletionTimestamp");
}

static const struct served_object *next_in(const struct serve *v, const char *ns)
{
    for (const struct served_object *o = v->objects; o; o = o->next) {
        if (str_equal(o->ns, ns) && !json_str(o->v->doc, "metadata.deletionTimestamp"))
            return o;
    }
    return NULL;
}

static bool is_empty(const struct serve *v, const char *ns)
{
    for (const struct served_object *o = v->objects; o; o = o->next) {
        if (str_equal(o->ns, ns))
            return false;
    }
    return true;
}

/* True: it is gone. */
static bool end_namespace(struct serve *v, struct served_object *ns)
{
    const struct served_object *o;

    while ((o = next_in(v, ns->name))) {
        char *name = xstrdup(o->name);

        commit_delete(v, o->kind, ns->name, name);
        free(name);
    }
    if (!is_empty(v, ns->name))
        return false;
    store_remove(v, ns, ++v->rv);
    return true;
}

/* True: something went, so that others may go now. */
static bool collect_one(struct serve *v)
{
    for (struct served_object *o = v->objects; o; o = o->next) {
        if (ends(o) && end_namespace(v, o))
            return true;
        if (!v->opt.sim.no_controllers && !v->opt.sim.only_deployments && is_orphan(v, o)) {
            commit_delete(v, o->kind, o->ns, o->name);
            return true;
        }
    }
    return false;
}

void write_collect(struct serve *v)
{
    v->collect_due = false;
    while (collect_one(v))
        ;
}

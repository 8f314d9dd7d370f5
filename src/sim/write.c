/* SPDX-License-Identifier: Apache-2.0 */
/* write.c - the simulated API server: patches of people and of the planner, preconditions. */
#include "sluice/sim/sim.h"

#include <stdlib.h>
#include <string.h>

static bool merge_text(cJSON *doc, const char *text, struct err *e)
{
    cJSON *patch = json_parse(text, strlen(text), e);

    if (!patch)
        return false;
    json_edit_merge(doc, patch);
    json_release(&patch);
    return true;
}

static bool user_edit(cJSON *next, const char *text, struct err *e)
{
    cJSON *patch;
    bool ok;

    if (*text != '[')
        return merge_text(next, text, e);
    patch = json_parse(text, strlen(text), e);
    ok = patch && json_edit_patch(next, patch, e);
    json_release(&patch);
    return ok;
}

bool sim_user_patch(struct sim *s, enum sim_kind kind, const char *name, const char *merge,
                    struct err *e)
{
    struct sim_object *o = sim_find(s, kind, name);
    cJSON *next;

    if (!o)
        return err_set(e, ERR_NOT_FOUND, "%s not found", name);
    next = json_copy(o->doc);
    if (!user_edit(next, merge, e)) {
        json_release(&next);
        return false;
    }
    sim_admit(s, kind, o->doc, next);
    sim_accept(s, o, next);
    return true;
}

/* ---- writes of the planner ------------------------------------------------------------------- */

static bool stale(const cJSON *doc, const char *member, const cJSON *patch)
{
    const char *path = str_equal(member, "uid") ? "metadata.uid" : "metadata.resourceVersion";
    const char *asked = json_str(patch, path);

    return asked && !str_equal(asked, json_str(doc, path));
}

static bool apply_finalizers(cJSON *next, const cJSON *patch, struct err *e)
{
    const cJSON *finalizers = json_at(patch, "metadata.finalizers");

    return merge_text(next,
                      finalizers ? "{\"metadata\":{\"finalizers\":[\"" FINALIZER_FLIGHT "\"]}}"
                                 : "{\"metadata\":{\"finalizers\":null}}",
                      e);
}

static bool edit(cJSON *next, const cJSON *now, const struct action *act, const cJSON *body,
                 struct err *e)
{
    const bool apply = strstr(act->content_type, "apply-patch") != NULL;

    if (strstr(act->content_type, "json-patch"))
        return json_edit_patch(next, body, e);
    if (stale(now, "uid", body) || stale(now, "rv", body))
        return err_set(e, ERR_CONFLICT, "the object has been modified");
    if (apply && !act->subresource)
        return apply_finalizers(next, body, e);
    if (apply && !merge_text(next, "{\"status\":null}", e))
        return false;
    json_edit_merge(next, body);
    return true;
}

/* A write of the status writes nothing else, and the other way round. */
static cJSON *only_part(const cJSON *now, cJSON *next, bool status)
{
    const cJSON *part = json_key(status ? next : now, "status");
    cJSON *out = json_copy(status ? now : next);
    auto_free char *text = part ? json_print(part) : xstrdup("null");
    struct arena a;
    struct err e = {0};
    bool ok;

    arena_init(&a);
    ok = merge_text(out, "{\"status\":null}", &e) &&
         merge_text(out, arena_printf(&a, "{\"status\":%s}", text), &e);
    assert(ok);
    (void)ok;
    arena_release(&a);
    json_release(&next);
    return out;
}

static bool patch_object(struct sim *s, struct sim_object *o, const struct action *act,
                         const cJSON *body, struct err *e)
{
    cJSON *next = json_copy(o->doc);

    if (!edit(next, o->doc, act, body, e)) {
        json_release(&next);
        return false;
    }
    sim_accept(s, o, only_part(o->doc, next, act->subresource != NULL));
    return true;
}

enum sim_kind sim_kind_of(enum target t)
{
    static const enum sim_kind kinds[TARGET_COUNT] = {
        [TARGET_ROLLOUT] = SIM_ROLLOUT,       [TARGET_DEPLOYMENT] = SIM_DEPLOYMENT,
        [TARGET_REPLICASET] = SIM_REPLICASET, [TARGET_FENCE] = SIM_FENCE,
        [TARGET_SERVICE] = SIM_SERVICE,       [TARGET_ROUTE] = SIM_ROUTE};

    return kinds[t];
}

static bool delete_object(struct sim *s, struct sim_object *o, const struct action *act,
                          const cJSON *body, struct err *e)
{
    const char *uid = json_str(body, "preconditions.uid");
    const char *rv = json_str(body, "preconditions.resourceVersion");

    if ((uid && !str_equal(uid, json_str(o->doc, "metadata.uid"))) ||
        (rv && !str_equal(rv, json_str(o->doc, "metadata.resourceVersion"))))
        return err_set(e, ERR_CONFLICT, "the preconditions do not hold");
    sim_delete(s, o->kind, act->name);
    return true;
}

static bool send_parsed(struct sim *s, const struct action *act, const cJSON *body, struct err *e)
{
    struct sim_object *o = sim_find(s, sim_kind_of(act->target), act->name);

    if (str_equal(act->method, "POST"))
        return sim_create(s, sim_kind_of(act->target), act->body, e);
    if (!o)
        return err_set(e, ERR_NOT_FOUND, "%s not found", act->name);
    if (str_equal(act->method, "PATCH"))
        return patch_object(s, o, act, body, e);
    return delete_object(s, o, act, body, e);
}

bool sim_send(struct sim *s, const struct action *act, struct err *e)
{
    cJSON *body = json_parse(act->body, strlen(act->body), e);
    bool ok;

    if (!body)
        return err_set(e, ERR_INVALID, "the body is no JSON");
    ok = send_parsed(s, act, body, e);
    json_release(&body);
    s->writes[act->act]++;
    s->conflicts += !ok;
    sim_collect(s);
    return ok;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* shape.c - the members of objects that have a type, a default, or are left out when empty.
 *
 * Members that no row names are kept as they are: there are no schemas here. */
#include "calls.h"

#include <stdlib.h>
#include <string.h>

enum shape_type { TEXT, NUMBER, FLAG, OBJECT, LIST, MAP }; /* MAP: of texts */
struct shape {
    const char *kinds; /* " Deployment ReplicaSet "; NULL: every kind */
    const char *path;  /* "[]": every item of a list */
    enum shape_type type;
    const char *dflt; /* NULL: none */
    bool omit;        /* nothing is what it says when empty */
};

#define RS   " Deployment ReplicaSet "
#define T    "spec.template."
#define C    T "spec.containers[]."
#define DROP NULL, true
#define KEEP NULL, false

static const struct shape shapes[] = {
    {NULL, "metadata", OBJECT, KEEP},
    {NULL, "metadata.name", TEXT, KEEP},
    {NULL, "metadata.labels", MAP, DROP},
    {NULL, "metadata.annotations", MAP, DROP},
    {NULL, "metadata.finalizers", LIST, DROP},
    {NULL, "metadata.ownerReferences", LIST, DROP},
    {" ConfigMap ", "data", MAP, DROP},
    {" ConfigMap ", "immutable", FLAG, KEEP},
    {" Deployment ", "spec", OBJECT, "{}", false},
    {" Deployment ", "status", OBJECT, "{}", false},
    {" ReplicaSet ", "spec", OBJECT, "{}", false},
    {" ReplicaSet ", "status", OBJECT, "{}", false},
    {" ReplicaSet ", "status.replicas", NUMBER, "0", false},
    {RS, "spec.replicas", NUMBER, "1", false},
    {RS, "spec.minReadySeconds", NUMBER, DROP},
    {" Deployment ", "spec.paused", FLAG, DROP},
    {" Deployment ", "spec.strategy", OBJECT, "{}", false},
    {" Deployment ", "spec.strategy.type", TEXT, "\"RollingUpdate\"", false},
    {" Deployment ", "spec.revisionHistoryLimit", NUMBER, "10", false},
    {" Deployment ", "spec.progressDeadlineSeconds", NUMBER, "600", false},
    {RS, "spec.selector", OBJECT, KEEP},
    {RS, "spec.selector.matchLabels", MAP, DROP},
    {RS, "spec.template", OBJECT, KEEP},
    {RS, T "metadata", OBJECT, "{}", false},
    {RS, T "metadata.labels", MAP, DROP},
    {RS, T "metadata.annotations", MAP, DROP},
    {RS, T "spec", OBJECT, "{}", false},
    {RS, T "spec.restartPolicy", TEXT, "\"Always\"", false},
    {RS, T "spec.terminationGracePeriodSeconds", NUMBER, "30", false},
    {RS, T "spec.dnsPolicy", TEXT, "\"ClusterFirst\"", false},
    {RS, T "spec.securityContext", OBJECT, "{}", false},
    {RS, T "spec.schedulerName", TEXT, "\"default-scheduler\"", false},
    {RS, T "spec.nodeSelector", MAP, DROP},
    {RS, T "spec.tolerations", LIST, DROP},
    {RS, T "spec.volumes", LIST, DROP},
    {RS, T "spec.containers", LIST, KEEP},
    {RS, C "resources", OBJECT, "{}", false},
    {RS, C "terminationMessagePath", TEXT, "\"/dev/termination-log\"", false},
    {RS, C "terminationMessagePolicy", TEXT, "\"File\"", false},
    {RS, C "env", LIST, DROP},
    {RS, C "ports", LIST, DROP},
    {RS, C "ports[].protocol", TEXT, "\"TCP\"", false},
    {RS, C "readinessProbe.timeoutSeconds", NUMBER, "1", false},
    {RS, C "readinessProbe.periodSeconds", NUMBER, "10", false},
    {RS, C "readinessProbe.successThreshold", NUMBER, "1", false},
    {RS, C "readinessProbe.failureThreshold", NUMBER, "3", false},
    {RS, C "readinessProbe.httpGet.scheme", TEXT, "\"HTTP\"", false},
    {" Service ", "spec", OBJECT, "{}", false},
    {" Service ", "status", OBJECT, "{}", false},
    {" Service ", "status.loadBalancer", OBJECT, "{}", false},
    {" Service ", "spec.type", TEXT, "\"ClusterIP\"", false},
    {" Service ", "spec.sessionAffinity", TEXT, "\"None\"", false},
    {" Service ", "spec.internalTrafficPolicy", TEXT, "\"Cluster\"", false},
    {" Service ", "spec.ipFamilies", LIST, "[\"IPv4\"]", false},
    {" Service ", "spec.ipFamilyPolicy", TEXT, "\"SingleStack\"", false},
    {" Service ", "spec.selector", MAP, DROP},
    {" Service ", "spec.ports", LIST, DROP},
    {" Service ", "spec.ports[].protocol", TEXT, "\"TCP\"", false},
    {" Lease ", "spec", OBJECT, "{}", false},
    {" Lease ", "spec.leaseDurationSeconds", NUMBER, KEEP},
    {" Lease ", "spec.leaseTransitions", NUMBER, KEEP},
    {" Lease ", "spec.holderIdentity", TEXT, KEEP},
    {" ControllerRevision ", "revision", NUMBER, "0", false},
    {" EndpointSlice ", "endpoints", LIST, "[]", false},
    {" EndpointSlice ", "endpoints[].conditions", OBJECT, "{}", false},
    {" EndpointSlice ", "ports[].protocol", TEXT, "\"TCP\"", false},
    {" EndpointSlice ", "ports[].name", TEXT, "\"\"", false},
};

static bool is_text_map(const cJSON *value)
{
    if (!json_is_object(value))
        return false;
    JSON_EACH(item, value) {
        if (!json_is_text(item))
            return false;
    }
    return true;
}

static bool has_type(const cJSON *value, enum shape_type type)
{
    switch (type) {
    case TEXT:
        return json_is_text(value);
    case NUMBER:
        return json_is_number(value);
    case FLAG:
        return json_is_flag(value);
    case OBJECT:
        return json_is_object(value);
    case LIST:
        return json_is_list(value);
    case MAP:
    default:
        return is_text_map(value);
    }
}

/* At the last member of the path. False: it has another type. */
static bool settle(cJSON *parent, const char *name, const struct shape *s)
{
    cJSON *value = json_member(parent, name);

    if (json_is_null(value)) {
        json_drop(parent, value);
        value = NULL;
    }
    if (!value && s->dflt)
        json_add(parent, name, doc_parse(s->dflt));
    if (value && !has_type(value, s->type))
        return false;
    if (value && s->omit && json_is_empty(value))
        json_drop(parent, value);
    return true;
}

static bool walk(cJSON *at, const char *path, const struct shape *s)
{
    const size_t len = strcspn(path, ".[");
    char name[64];
    cJSON *next;

    assert(len < sizeof name);
    memcpy(name, path, len);
    name[len] = '\0';
    if (!json_is_object(at))
        return true;
    if (!path[len])
        return settle(at, name, s);
    next = json_member(at, name);
    if (path[len] == '.')
        return walk(next, path + len + 1, s);
    for (next = json_is_list(next) ? next->child : NULL; next; next = next->next) {
        if (!walk(next, path + len + 3, s)) /* behind "[]." */
            return false;
    }
    return true;
}

static bool is_of(const struct shape *s, const char *kind)
{
    const char *at = s->kinds ? strstr(s->kinds, kind) : NULL;
    const size_t len = strlen(kind);

    return !s->kinds || (at && at[len] == ' ' && at[-1] == ' ');
}

/* A patch that makes something unreadable is invalid, a body that is so is a bad request. */
static bool refuse(struct call *c, const char *path)
{
    struct call nameless = *c;

    if (!str_equal(c->http->method, "PATCH"))
        return call_refuse(c, 400, "BadRequest", "%s cannot be handled: %s", c->kind->kind, path);
    nameless.name = "";
    nameless.kind = NULL;
    return call_refuse(&nameless, 422, "Invalid", "%s cannot be handled: %s", c->kind->kind, path);
}

bool shape_settle(struct call *c, cJSON *doc)
{
    for (size_t i = 0; i < COUNT(shapes); i++) {
        const struct shape *s = &shapes[i];

        if (is_of(s, c->kind->kind) && !walk(doc, s->path, s))
            return refuse(c, s->path);
    }
    return true;
}

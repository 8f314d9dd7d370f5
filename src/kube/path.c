/* SPDX-License-Identifier: Apache-2.0 */
#include "sluice/kube/path.h"

#include <stdarg.h>
#include <string.h>

static const struct kube_kind_info kinds[KIND_COUNT] = {
    [KIND_ROLLOUT] = {"sluice.dev", "v1beta1", "sluice.dev/v1beta1", "rollouts", "Rollout", true},
    [KIND_DEPLOYMENT] = {"apps", "v1", "apps/v1", "deployments", "Deployment", true},
    [KIND_REPLICASET] = {"apps", "v1", "apps/v1", "replicasets", "ReplicaSet", true},
    [KIND_FENCE] = {"apps", "v1", "apps/v1", "controllerrevisions", "ControllerRevision", true},
    [KIND_SERVICE] = {"", "v1", "v1", "services", "Service", true},
    [KIND_ENDPOINTSLICE] = {"discovery.k8s.io", "v1", "discovery.k8s.io/v1", "endpointslices",
                            "EndpointSlice", true},
    [KIND_POD] = {"", "v1", "v1", "pods", "Pod", true},
    [KIND_HTTPROUTE] = {"gateway.networking.k8s.io", "v1", "gateway.networking.k8s.io/v1",
                        "httproutes", "HTTPRoute", true},
    [KIND_GATEWAY] = {"gateway.networking.k8s.io", "v1", "gateway.networking.k8s.io/v1", "gateways",
                      "Gateway", true},
    [KIND_GATEWAYCLASS] = {"gateway.networking.k8s.io", "v1", "gateway.networking.k8s.io/v1",
                           "gatewayclasses", "GatewayClass", false},
    [KIND_MAP] = {"admissionregistration.k8s.io", "v1", "admissionregistration.k8s.io/v1",
                  "mutatingadmissionpolicies", "MutatingAdmissionPolicy", false},
    [KIND_MAP_BINDING] = {"admissionregistration.k8s.io", "v1", "admissionregistration.k8s.io/v1",
                          "mutatingadmissionpolicybindings", "MutatingAdmissionPolicyBinding",
                          false},
    [KIND_CRD] = {"apiextensions.k8s.io", "v1", "apiextensions.k8s.io/v1",
                  "customresourcedefinitions", "CustomResourceDefinition", false},
    [KIND_LEASE] = {"coordination.k8s.io", "v1", "coordination.k8s.io/v1", "leases", "Lease", true},
    [KIND_EVENT] = {"events.k8s.io", "v1", "events.k8s.io/v1", "events", "Event", true},
    [KIND_NAMESPACE] = {"", "v1", "v1", "namespaces", "Namespace", false},
};

const struct kube_kind_info *kube_kind_info(enum kube_kind kind)
{
    assert((size_t)kind < COUNT(kinds));
    return &kinds[kind];
}

/* --- encoding --------------------------------------------------------------------------------- */

static bool unreserved(unsigned char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void percent_encode(struct strbuf *out, const char *s)
{
    static const char hex[] = "0123456789ABCDEF";

    for (; *s; s++) {
        const unsigned char c = (unsigned char)*s;
        if (unreserved(c)) {
            strbuf_addc(out, *s);
        } else {
            const char code[3] = {'%', hex[c >> 4], hex[c & 15]};
            strbuf_add(out, code, sizeof(code));
        }
    }
}

static char *to_arena(struct arena *a, const struct strbuf *b)
{
    return arena_strndup(a, strbuf_str(b), b->len);
}

char *percent_encoded(struct arena *a, const char *s)
{
    auto_strbuf struct strbuf b = {.max = SIZE_MAX / 4};

    percent_encode(&b, s);
    return to_arena(a, &b);
}

/* --- paths ------------------------------------------------------------------------------------ */

/* "." and ".." would survive encoding, and readers of URLs fold them away. */
static void add_part(struct strbuf *b, const char *part)
{
    strbuf_addc(b, '/');
    if (strcmp(part, ".") == 0 || strcmp(part, "..") == 0)
        strbuf_adds(b, part[1] ? "%2E%2E" : "%2E");
    else
        percent_encode(b, part);
}

char *kube_path(struct arena *a, enum kube_kind kind, const char *ns, const char *name,
                const char *sub)
{
    const struct kube_kind_info *info = kube_kind_info(kind);
    auto_strbuf struct strbuf b = {.max = SIZE_MAX / 4};

    if (info->group[0])
        strbuf_addf(&b, "/apis/%s/%s", info->group, info->version);
    else
        strbuf_addf(&b, "/api/%s", info->version);
    if (info->namespaced && !str_empty(ns)) {
        strbuf_adds(&b, "/namespaces");
        add_part(&b, ns);
    }
    add_part(&b, info->plural);
    if (name)
        add_part(&b, name);
    if (sub)
        add_part(&b, sub);
    return to_arena(a, &b);
}

char *kube_query(struct arena *a, ...)
{
    auto_strbuf struct strbuf b = {.max = SIZE_MAX / 4};
    const char *name;
    va_list ap;

    va_start(ap, a);
    while ((name = va_arg(ap, const char *))) {
        const char *value = va_arg(ap, const char *);
        if (!value)
            continue;
        if (b.len > 0)
            strbuf_addc(&b, '&');
        percent_encode(&b, name);
        strbuf_addc(&b, '=');
        percent_encode(&b, value);
    }
    va_end(ap);
    return to_arena(a, &b);
}

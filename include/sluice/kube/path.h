/* SPDX-License-Identifier: Apache-2.0 */
/* path.h - the kinds Sluice talks about and how their URLs are written. Pure. */
#ifndef SLUICE_KUBE_PATH_H
#define SLUICE_KUBE_PATH_H

#include "sluice/base/arena.h"
#include "sluice/base/strbuf.h"

enum kube_kind {
    KIND_ROLLOUT,
    KIND_DEPLOYMENT,
    KIND_REPLICASET,
    KIND_FENCE, /* ControllerRevision (design.md 3) */
    KIND_SERVICE,
    KIND_ENDPOINTSLICE,
    KIND_POD,
    KIND_HTTPROUTE,
    KIND_GATEWAY,
    KIND_GATEWAYCLASS,
    KIND_MAP,         /* MutatingAdmissionPolicy: the brake */
    KIND_MAP_BINDING, /* MutatingAdmissionPolicyBinding */
    KIND_CRD,
    KIND_LEASE,
    KIND_EVENT,
    KIND_NAMESPACE,
    KIND_COUNT,
};

struct kube_kind_info {
    const char *group;       /* "" for core */
    const char *version;     /* "v1" */
    const char *api_version; /* "apps/v1", as apiVersion is written */
    const char *plural;      /* "deployments" */
    const char *kind;        /* "Deployment" */
    bool namespaced;
};

const struct kube_kind_info *kube_kind_info(enum kube_kind kind);

/* "/apis/apps/v1/namespaces/NS/deployments/NAME/SUB". `ns` NULL or "": all namespaces (or a
 * cluster-scoped kind); `name` NULL: the collection; `sub` NULL: none. Parts are encoded. */
char *kube_path(struct arena *a, enum kube_kind kind, const char *ns, const char *name,
                const char *sub);

/* Percent-encodes all but unreserved characters (RFC 3986), in path parts and query values alike:
 * the one function for it (C11). */
void percent_encode(struct strbuf *out, const char *s);
char *percent_encoded(struct arena *a, const char *s);

/* kube_query(a, "limit", "500", "continue", NULL_or_text, NULL): pairs, ended by a NULL name;
 * pairs with a NULL value are left out. "limit=500"; "" when nothing is left. */
char *kube_query(struct arena *a, ...) __attribute__((sentinel));

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* kinds.c - what is served. A kind more is a line here. */
#include "parts.h"

#define NS K_NAMESPACED

const struct served_kind served_kinds[] = {
    {"", "v1", "namespaces", "Namespace", "ns", K_STATUS, NOT_SIMULATED},
    {"", "v1", "pods", "Pod", "po", NS | K_STATUS | K_COUNTED | K_TOLD, NOT_SIMULATED},
    {"", "v1", "services", "Service", "svc", NS | K_STATUS | K_PUT_CREATES | K_TOLD, SIM_SERVICE},
    {"", "v1", "configmaps", "ConfigMap", "cm", NS, NOT_SIMULATED},
    {"", "v1", "secrets", "Secret", "", NS, NOT_SIMULATED},
    {"", "v1", "serviceaccounts", "ServiceAccount", "sa", NS | K_TOLD, NOT_SIMULATED},
    {"", "v1", "events", "Event", "ev", NS | K_PUT_CREATES, NOT_SIMULATED},
    {"apps", "v1", "deployments", "Deployment", "deploy", NS | K_STATUS | K_SCALE | K_COUNTED,
     SIM_DEPLOYMENT},
    {"apps", "v1", "replicasets", "ReplicaSet", "rs", NS | K_STATUS | K_SCALE | K_COUNTED,
     SIM_REPLICASET},
    {"apps", "v1", "controllerrevisions", "ControllerRevision", "", NS, SIM_FENCE},
    {"discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", "", NS | K_COUNTED, SIM_SLICE},
    {"events.k8s.io", "v1", "events", "Event", "ev", NS | K_PUT_CREATES, NOT_SIMULATED},
    {"coordination.k8s.io", "v1", "leases", "Lease", "", NS | K_CONDITIONAL | K_PUT_CREATES,
     NOT_SIMULATED},
    {"autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", "hpa",
     NS | K_STATUS | K_COUNTED, NOT_SIMULATED},
    {"policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", "pdb",
     NS | K_STATUS | K_COUNTED, NOT_SIMULATED},
    {"networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", "netpol", NS | K_COUNTED,
     NOT_SIMULATED},
    {"rbac.authorization.k8s.io", "v1", "roles", "Role", "", NS, NOT_SIMULATED},
    {"rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", "", NS, NOT_SIMULATED},
    {"rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", "", 0, NOT_SIMULATED},
    {"rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", "", 0,
     NOT_SIMULATED},
    {"admissionregistration.k8s.io", "v1", "mutatingadmissionpolicies", "MutatingAdmissionPolicy",
     "", K_COUNTED, NOT_SIMULATED},
    {"admissionregistration.k8s.io", "v1", "mutatingadmissionpolicybindings",
     "MutatingAdmissionPolicyBinding", "", K_COUNTED, NOT_SIMULATED},
    {"admissionregistration.k8s.io", "v1", "validatingadmissionpolicies",
     "ValidatingAdmissionPolicy", "", K_STATUS | K_COUNTED, NOT_SIMULATED},
    {"admissionregistration.k8s.io", "v1", "validatingadmissionpolicybindings",
     "ValidatingAdmissionPolicyBinding", "", K_COUNTED, NOT_SIMULATED},
    {"apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", "crd",
     K_STATUS | K_COUNTED, NOT_SIMULATED},
    {"flowcontrol.apiserver.k8s.io", "v1", "flowschemas", "FlowSchema", "", K_STATUS | K_COUNTED,
     NOT_SIMULATED},
    {"flowcontrol.apiserver.k8s.io", "v1", "prioritylevelconfigurations",
     "PriorityLevelConfiguration", "", K_STATUS | K_COUNTED, NOT_SIMULATED},
    {"gateway.networking.k8s.io", "v1", "httproutes", "HTTPRoute", "",
     NS | K_STATUS | K_CUSTOM | K_CONDITIONAL | K_COUNTED, SIM_ROUTE},
    {"gateway.networking.k8s.io", "v1", "gateways", "Gateway", "gtw",
     NS | K_STATUS | K_CUSTOM | K_CONDITIONAL | K_COUNTED, NOT_SIMULATED},
    {"gateway.networking.k8s.io", "v1", "gatewayclasses", "GatewayClass", "gc",
     K_STATUS | K_CUSTOM | K_CONDITIONAL | K_COUNTED, NOT_SIMULATED},
    {"sluice.dev", "v1beta1", "rollouts", "Rollout", "rol",
     NS | K_STATUS | K_CUSTOM | K_CONDITIONAL | K_BY_CRD | K_COUNTED, SIM_ROLLOUT},
    {"authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", "",
     K_REVIEW, NOT_SIMULATED},
};
const size_t served_kind_count = COUNT(served_kinds);

const struct served_kind *kind_named(const char *kind)
{
    for (size_t i = 0; i < COUNT(served_kinds); i++) {
        if (str_equal(served_kinds[i].kind, kind))
            return &served_kinds[i];
    }
    return NULL;
}

const struct served_kind *kind_of_sim(enum sim_kind sim)
{
    for (size_t i = 0; i < COUNT(served_kinds); i++) {
        if (served_kinds[i].sim == (int)sim)
            return &served_kinds[i];
    }
    return NULL;
}

const char *kind_api_version(const struct served_kind *k, struct arena *a)
{
    return k->group[0] ? arena_printf(a, "%s/%s", k->group, k->version) : k->version;
}

const struct served_kind *kind_of_manifest(const cJSON *doc)
{
    const char *api_version = json_str(doc, "apiVersion"), *kind = json_str(doc, "kind");
    const struct served_kind *found = NULL;
    struct arena a;

    arena_init(&a);
    for (size_t i = 0; i < COUNT(served_kinds) && !found; i++) {
        const struct served_kind *k = &served_kinds[i];

        if (str_equal(k->kind, kind) && str_equal(kind_api_version(k, &a), api_version))
            found = k;
    }
    arena_release(&a);
    return found;
}

const struct served_kind *kind_stored(const struct served_kind *k)
{
    if (!str_equal(k->kind, "Event") || k->group[0])
        return k;
    for (size_t i = 0; i < COUNT(served_kinds); i++) {
        if (str_equal(served_kinds[i].group, "events.k8s.io"))
            return &served_kinds[i];
    }
    return k;
}

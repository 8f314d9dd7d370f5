/* SPDX-License-Identifier: Apache-2.0 */
/* objects_table.c - what an API server demands of each member: Kubernetes v1.36 (pkg/apis/apps and
 * core, validation) and the definition of HTTPRoutes in the Gateway API v1.6. */
#include "objects_parts.h"

static const char *const apps[] = {"apps/v1", NULL};
static const char *const core[] = {"v1", NULL};
static const char *const gateway[] = {"gateway.networking.k8s.io/v1",
                                      "gateway.networking.k8s.io/v1beta1", NULL};
static const char *const strategies[] = {"RollingUpdate", "Recreate", NULL};
static const char *const always[] = {"Always", NULL};
static const char *const protocols[] = {"TCP", "UDP", "SCTP", NULL};
static const char *const types[] = {"ClusterIP", "NodePort", "LoadBalancer", "ExternalName", NULL};
static const char *const operators[] = {"In", "NotIn", "Exists", "DoesNotExist", NULL};

#define POD "spec.template.spec"

#define MAY(at, what, ...)                                                                         \
    {                                                                                              \
        .path = at, .form = what, __VA_ARGS__                                                      \
    }
#define MUST(at, what, absent, ...)                                                                \
    {                                                                                              \
        .path = at, .form = what, .missing = absent, __VA_ARGS__                                   \
    }

static const struct demand deployment_rows[] = {
    MUST("apiVersion", WORD, "apiVersion is required: write apps/v1", .words = apps),
    MUST("metadata", OBJECT, "metadata is required: give the Deployment a name"),
    MUST("metadata.name", NAME, "name is required: add it", .or_else = "generateName"),
    MAY("metadata.namespace", LABEL),
    MAY("metadata.labels", LABELS),
    MAY("metadata.annotations", TEXTS),
    MUST("spec", OBJECT, "spec is required: add selector and template"),
    MAY("spec.replicas", NUMBER, .max = INT32_MAX),
    MAY("spec.minReadySeconds", NUMBER, .max = INT32_MAX),
    MAY("spec.revisionHistoryLimit", NUMBER, .max = INT32_MAX),
    MAY("spec.progressDeadlineSeconds", NUMBER, .max = INT32_MAX),
    MAY("spec.paused", FLAG),
    MAY("spec.strategy", OBJECT),
    MAY("spec.strategy.type", WORD, .words = strategies),
    MAY("spec.strategy.rollingUpdate", OBJECT),
    MAY("spec.strategy.rollingUpdate.maxSurge", SHARE, .max = INT32_MAX),
    MAY("spec.strategy.rollingUpdate.maxUnavailable", SHARE, .max = 100),
    MUST("spec.selector", OBJECT,
         "selector is required: add matchLabels with a label of the template"),
    MAY("spec.selector.matchLabels", LABELS, .min = 1),
    MAY("spec.selector.matchExpressions", LIST),
    MAY("spec.selector.matchExpressions[]", OBJECT),
    MUST("spec.selector.matchExpressions[].key", TEXT, "key is required: add it"),
    MUST("spec.selector.matchExpressions[].operator", WORD,
         "operator is required: write In, NotIn, Exists or DoesNotExist", .words = operators),
    MAY("spec.selector.matchExpressions[].values", LIST),
    MAY("spec.selector.matchExpressions[].values[]", TEXT),
    MUST("spec.template", OBJECT,
         "template is required: add the labels and containers of the pods"),
    MAY("spec.template.metadata", OBJECT),
    MAY("spec.template.metadata.labels", LABELS),
    MAY("spec.template.metadata.annotations", TEXTS),
    MUST(POD, OBJECT, "spec is required: add the containers of the pods"),
    MAY(POD ".restartPolicy", WORD, .words = always),
    MAY(POD ".initContainers", LIST, .unique = "name"),
    MAY(POD ".initContainers[]", OBJECT),
    MUST(POD ".initContainers[].name", LABEL, "name is required: add it"),
    MUST(POD ".initContainers[].image", TEXT, "image is required: add it"),
    MUST(POD ".containers", LIST, "containers is required: add one, with its name and image",
         .unique = "name"),
    MAY(POD ".containers[]", OBJECT),
    MUST(POD ".containers[].name", LABEL, "name is required: add it"),
    MUST(POD ".containers[].image", TEXT, "image is required: add it"),
    MAY(POD ".containers[].lifecycle", OBJECT),
    MAY(POD ".containers[].lifecycle.preStop", OBJECT),
    MAY(POD ".containers[].ports", LIST, .unique = "name"),
    MAY(POD ".containers[].ports[]", OBJECT),
    MAY(POD ".containers[].ports[].name", PORT_NAME),
    MUST(POD ".containers[].ports[].containerPort", NUMBER,
         "containerPort is required: write the number that the container listens on", .min = 1,
         .max = 65535),
    MAY(POD ".containers[].ports[].hostPort", NUMBER, .max = 65535),
    MAY(POD ".containers[].ports[].protocol", WORD, .words = protocols),
    MAY(POD ".volumes", LIST, .unique = "name"),
    MAY(POD ".volumes[]", OBJECT),
    MUST(POD ".volumes[].name", LABEL, "name is required: add it"),
};

static const struct demand service_rows[] = {
    MUST("apiVersion", WORD, "apiVersion is required: write v1", .words = core),
    MUST("metadata", OBJECT, "metadata is required: give the Service a name"),
    MUST("metadata.name", LABEL, "name is required: add it", .or_else = "generateName"),
    MAY("metadata.namespace", LABEL),
    MAY("metadata.labels", LABELS),
    MAY("metadata.annotations", TEXTS),
    MUST("spec", OBJECT, "spec is required: add selector and ports"),
    MAY("spec.type", WORD, .words = types),
    MAY("spec.clusterIP", TEXT),
    MAY("spec.selector", LABELS),
    MAY("spec.ports", LIST, .unique = "name"),
    MAY("spec.ports[]", OBJECT),
    MAY("spec.ports[].name", LABEL),
    MUST("spec.ports[].port", NUMBER, "port is required: write the number that clients use",
         .min = 1, .max = 65535),
    MAY("spec.ports[].targetPort", PORT, .max = 65535),
    MAY("spec.ports[].protocol", WORD, .words = protocols),
};

static const struct demand route_rows[] = {
    MUST("apiVersion", WORD, "apiVersion is required: write gateway.networking.k8s.io/v1",
         .words = gateway),
    MUST("metadata", OBJECT, "metadata is required: give the HTTPRoute a name"),
    MUST("metadata.name", NAME, "name is required: add it", .or_else = "generateName"),
    MAY("metadata.namespace", LABEL),
    MAY("metadata.labels", LABELS),
    MAY("metadata.annotations", TEXTS),
    MUST("spec", OBJECT, "spec is required: add parentRefs and rules"),
    MAY("spec.parentRefs", LIST),
    MAY("spec.parentRefs[]", OBJECT),
    MUST("spec.parentRefs[].name", TEXT, "name is required: name the Gateway"),
    MAY("spec.hostnames", LIST),
    MAY("spec.hostnames[]", TEXT),
    MAY("spec.rules", LIST, .min = 1),
    MAY("spec.rules[]", OBJECT),
    MAY("spec.rules[].name", NAME),
    MAY("spec.rules[].matches", LIST),
    MAY("spec.rules[].matches[]", OBJECT),
    MAY("spec.rules[].filters", LIST),
    MAY("spec.rules[].filters[]", OBJECT),
    MAY("spec.rules[].backendRefs", LIST),
    MAY("spec.rules[].backendRefs[]", OBJECT),
    MUST("spec.rules[].backendRefs[].name", TEXT, "name is required: name the Service"),
    MAY("spec.rules[].backendRefs[].kind", TEXT),
    MAY("spec.rules[].backendRefs[].group", TEXT),
    MAY("spec.rules[].backendRefs[].namespace", LABEL),
    MAY("spec.rules[].backendRefs[].port", NUMBER, .min = 1, .max = 65535),
    MAY("spec.rules[].backendRefs[].weight", NUMBER, .max = 1000000),
};

const struct demands deployment_demands = {deployment_rows, COUNT(deployment_rows)};
const struct demands service_demands = {service_rows, COUNT(service_rows)};
const struct demands route_demands = {route_rows, COUNT(route_rows)};

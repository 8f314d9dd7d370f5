/* SPDX-License-Identifier: Apache-2.0 */
/* objects.h - the small typed, read-only views of what the API server holds.
 *
 * Each `X_read` decodes one object into arena memory that borrows nothing from the document; raw
 * slices that must travel verbatim are copied. Reading never fails on missing fields: absent is
 * NULL, 0 or false as the Kubernetes API means it. Objects are immutable once read. */
#ifndef SLUICE_MODEL_OBJECTS_H
#define SLUICE_MODEL_OBJECTS_H

#include "sluice/json/json.h"
#include "sluice/model/names.h"
#include "sluice/model/template.h"

struct pair {
    const char *key, *value;
};

struct meta {
    const char *ns, *name, *uid;
    const char *rv; /* resourceVersion, decimal text (C24) */
    int64_t generation;
    int64_t created_ms;
    int64_t deleting_ms; /* deletionTimestamp, 0 = none */
    const struct pair *labels;
    size_t label_count;
};
const char *meta_label(const struct meta *m, const char *key); /* NULL when absent */

/* A label selector: matchLabels only; anything more makes `complex` and matches nothing. */
struct selector {
    const struct pair *pairs; /* sorted by key */
    size_t count;
    bool complex;
    bool present; /* a Service without selector selects nothing */
};
bool selector_matches(const struct selector *s, const struct pair *labels, size_t count);
const char *selector_get(const struct selector *s, const char *key);

/* As many pods as are counted: what is read beyond counts as that many, so that sums of two sides
 * with their surges are whole numbers. No cluster has as many. */
#define COUNT_MAX 500000000

struct deployment {
    struct meta meta;
    int32_t replicas; /* spec, default 1 */
    bool paused;
    bool rolling_update;   /* strategy RollingUpdate (default) */
    const char *max_surge; /* as written, default "25%" */
    const char *max_unavailable;
    int32_t min_ready_seconds;
    int32_t history_limit; /* revisionHistoryLimit, default 10 */
    struct selector selector;
    const char *selector_raw; /* raw JSON of spec.selector */
    const char *template_raw; /* spec.template, byte for byte; NULL = none */
    const char *digest;       /* template_digest of it */
    const struct pair *template_labels;
    size_t template_label_count;
    const char *dead_man; /* annotation, NULL = none */
    int64_t revision;     /* annotation deployment.kubernetes.io/revision, 0 = none */
    int64_t observed_generation;
    int32_t st_replicas, st_updated, st_ready, st_available;
    const char *progressing_reason; /* status condition Progressing, "" when absent */
    const char *progressing_status;
    /* What the checks of api.md 2.7 need of the template. */
    const char *host_port;   /* first hostPort as text, NULL = none */
    bool anti_affinity_self; /* required pod anti-affinity that matches its own labels */
    bool has_pre_stop;
    const char *first_claim; /* first persistentVolumeClaim name, NULL = none */
    const char *image;       /* of the first container */
    const struct port {
        const char *name;
        int32_t port;
    } * ports; /* container ports */
    size_t port_count;
};

struct replicaset {
    struct meta meta;
    const char *digest;       /* of spec.template without the hash label */
    const char *template_raw; /* byte for byte but for the hash label, which goes; NULL = none */
    const char *revision;     /* pod-template-hash of spec.selector, NULL when absent */
    const char *controller_uid, *controller_kind, *controller_name; /* NULL = no controller */
    const char *deployment_uid; /* uid of the Deployment among all owner references, or NULL */
    const char *first_owner_uid;
    const char *of;                             /* label sluice.dev/of */
    int64_t deployment_revision;                /* annotation, 0 = none */
    int32_t desired_annotation, max_annotation; /* -1 = absent */
    int32_t replicas;                           /* spec */
    int32_t min_ready_seconds;
    int64_t observed_generation;
    int32_t st_replicas, st_ready, st_available;
    const char *image;
    const struct pair
        *template_labels; /* spec.template.metadata.labels, what "labels" are inside */
    size_t template_label_count;
    const char *failure; /* condition ReplicaFailure's message, NULL = none */
};

/* The fence: a ControllerRevision that carries the flight record (api.md 3, 8). */
struct fence {
    struct meta meta;
    const char *deployment_uid; /* owner */
    bool readable;              /* false: the annotation is missing or broken */
    struct record {
        const char *stable_revision; /* pod-template-hash of the stable ReplicaSet */
        const char *stable_name;     /* its object name */
        const char *stable_digest;
        int64_t stable_number;       /* its deployment.kubernetes.io/revision */
        const char *stable_template; /* raw JSON, without the hash label */
        int32_t stable_min_ready;
        const char *previous;          /* revision committed away from, or NULL */
        const char *previous_template; /* raw JSON, for undo in the bake; NULL */
        const char *previous_digest;
        int64_t previous_number;
        int64_t committed_ms;       /* 0 = not committed in this flight */
        const char *const *history; /* revisions that are given back at rest */
        size_t history_count;
        const struct flown_route *routes; /* whose weights this flight moves (rollout.h) */
        size_t route_count;
    } record;
};

struct service {
    struct meta meta;
    struct selector selector;
    const char *pin;         /* label sluice.dev/pin */
    const char *created_for; /* label sluice.dev/created */
    const char *of;
    const char *ports_raw; /* spec.ports, raw */
    const char *ip_families_raw, *ip_family_policy;
    const struct service_port {
        const char *name;
        int32_t port;
        const char *target;
    } * ports;
    size_t port_count;
    const char *selector_manager; /* manager that applied spec.selector, NULL unknown */
    bool external_name;
};

struct slice {
    struct meta meta;
    const char *service;           /* kubernetes.io/service-name */
    const char *owner_uid;         /* of the Service that it was made for, NULL = it has no owner */
    const char *pin;               /* mirrored label */
    bool v6;                       /* with two families each pod is in a slice of either */
    int32_t ready, total;          /* endpoints */
    const char *const *ready_pods; /* names of the ready pods, from targetRef */
    size_t ready_pod_count;
};

struct pod {
    struct meta meta;
    const char *revision; /* pod-template-hash */
    const char *ip, *node, *phase;
    bool ready;
    int32_t restarts;
    const char *waiting_reason; /* ImagePullBackOff, CrashLoopBackOff, Unschedulable ... or NULL */
    const struct port *ports;   /* container ports */
    size_t port_count;
};

struct route { /* HTTPRoute and kin */
    struct meta meta;
    const char *rules_raw; /* spec.rules, byte for byte */
    const struct backend {
        int rule, index;       /* position: spec.rules[rule].backendRefs[index] */
        const char *rule_name; /* NULL = none */
        const char *service;   /* backendRef of kind Service of this namespace, else NULL */
        const char *raw;       /* the whole backendRef */
        int32_t weight;        /* default 1 */
        bool weight_set;
        int32_t port;
    } * backends;
    size_t backend_count;
    int rule_count;
    const struct parent {
        const char *parent; /* name of the Gateway */
        int64_t observed_generation;
        bool accepted, resolved;
        const char *message; /* of the condition that is not True */
    } * parents;
    size_t parent_count, spec_parent_count;
    const char *rules_manager; /* newest foreign field manager of spec.rules */
};

/* A policy or binding of ours: only that it is there, and which version (the brake's proof). */
struct policy {
    struct meta meta;
};

/* `raw` is the text `o` was parsed from. */
void meta_read(struct arena *a, const cJSON *o, struct meta *out);
struct deployment *deployment_read(struct arena *a, const cJSON *o, const char *raw, size_t len);
struct replicaset *replicaset_read(struct arena *a, const cJSON *o, const char *raw, size_t len);
struct fence *fence_read(struct arena *a, const cJSON *o, const char *raw, size_t len);
struct service *service_read(struct arena *a, const cJSON *o, const char *raw, size_t len);
struct slice *slice_read(struct arena *a, const cJSON *o);
/* Of this very Service, and not of one that had its name before. */
bool slice_is_of(const struct slice *s, const struct service *v);
struct pod *pod_read(struct arena *a, const cJSON *o);
struct route *route_read(struct arena *a, const cJSON *o, const char *raw, size_t len);
struct policy *policy_read(struct arena *a, const cJSON *o);

/* The flight record as the JSON text of the annotation (not yet quoted). Arena text. */
char *record_write(struct arena *a, const struct record *r);
/* Reads the annotation's text; false when it is not a record. */
bool record_read(struct arena *a, const char *text, struct record *out);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* names.h - every name of ours that can be seen in a cluster. Source: api.md section 8. */
#ifndef SLUICE_MODEL_NAMES_H
#define SLUICE_MODEL_NAMES_H

#include "sluice/base/arena.h"

#define SLUICE_GROUP       "sluice.dev"
#define SLUICE_API_VERSION "sluice.dev/v1beta1"

#define LABEL_OF            "sluice.dev/of"      /* fenced ReplicaSets, fence, Services we made */
#define LABEL_HASH          "sluice.dev/hash"    /* fenced ReplicaSets: the revision */
#define LABEL_PIN           "sluice.dev/pin"     /* pinned Services, mirrored on EndpointSlices */
#define LABEL_CREATED       "sluice.dev/created" /* Services made by us: removed at rest */
#define LABEL_REVISION      "pod-template-hash"  /* the Deployment's own key */
#define LABEL_SLICE_SERVICE "kubernetes.io/service-name"

#define ANNOTATION_RECORD   "sluice.dev/record"
#define ANNOTATION_DEAD_MAN "deprecated.deployment.rollback.to"
#define ANNOTATION_REVISION "deployment.kubernetes.io/revision"
#define ANNOTATION_DESIRED  "deployment.kubernetes.io/desired-replicas"
#define ANNOTATION_MAX      "deployment.kubernetes.io/max-replicas"

#define FINALIZER_FLIGHT "sluice.dev/flight"

#define MANAGER        "sluice"
#define MANAGER_STATUS "sluice-status"
#define MANAGER_CLI    "sluice-cli"

#define POLICY_BRAKE "sluice-brake"
#define POLICY_PIN   "sluice-pin"

#define NAME_MAX_LEN     63
#define RECORD_BYTES_MAX (200 * 1024) /* template and record together (api.md 8) */
#define STATUS_BYTES_MAX (16 * 1024)  /* C56 */

/* `base` followed by `suffix`; beyond 63 characters cut, ending in eight characters of a hash of
 * the whole, so two long names never meet. Arena text. */
char *name_join(struct arena *a, const char *base, const char *suffix);
char *name_fence(struct arena *a, const char *deployment); /* web-sluice */
char *name_candidate(struct arena *a, const char *deployment,
                     const char *revision); /* web-s1-... */

#endif

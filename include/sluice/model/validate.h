/* SPDX-License-Identifier: Apache-2.0 */
/* validate.h - one table of rules, shown in four places: CEL in the CRD, `sluice lint`, the
 * condition InvalidSpec, the plan. All findings at once, with path, value and remedy.
 *
 * Source: api.md 2 (V1 to V28, types, enums, bounds). Checks against the cluster (V30 ...) are in
 * plan/attach.h. */
#ifndef SLUICE_MODEL_VALIDATE_H
#define SLUICE_MODEL_VALIDATE_H

#include "sluice/model/rollout.h"

/* Checks `spec` (the JSON object under "spec") on its own: types, enums, patterns, bounds, unknown
 * fields (with "did you mean"), and the numbered rules. Findings in document order, in `a`. */
size_t validate_spec(struct arena *a, const cJSON *spec, const struct finding **findings);
/* Checks a whole manifest of kind Rollout: apiVersion, kind, metadata.name, then validate_spec. */
size_t validate_manifest(struct arena *a, const cJSON *doc, const struct finding **findings);
/* validate_spec of `new_spec`, and what must not change from `old_spec` to it (V1). */
size_t validate_change(struct arena *a, const cJSON *old_spec, const cJSON *new_spec,
                       const struct finding **findings);
/* The same rules as names, for docs and tests: NULL after the last. */
const char *validate_rule_message(const char *rule); /* "V9" -> its sentence, NULL unknown */
/* The value of a finding as it would stand in the file, cut when long; NULL for objects, lists. */
const char *value_shown(struct arena *a, const cJSON *node);
/* Nearest of `names` within two edits, or NULL: for "did you mean". */
const char *did_you_mean(const char *word, const char *const *names, size_t count);

#endif

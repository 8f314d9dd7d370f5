/* SPDX-License-Identifier: Apache-2.0 */
/* lapse_stage.h - the simulated cluster that manifests describe; what they leave out is made up. */
#ifndef SLUICE_CMD_LAPSE_STAGE_H
#define SLUICE_CMD_LAPSE_STAGE_H

#include "lapse.h"

/* Opens `st`; `l` gets its world and what was made up. */
bool lapse_open(struct lapse *l, struct stage *st, struct manifests *m,
                const struct manifest *rollout, struct err *e) MUST_USE;
/* By which Service, and route (NULL: none), users reach the pods; NULL: by none that is known. */
const char *lapse_service(const struct lapse *l);
const char *lapse_route(const struct lapse *l);

#endif

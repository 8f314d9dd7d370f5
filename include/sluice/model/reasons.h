/* SPDX-License-Identifier: Apache-2.0 */
/* reasons.h - every reason with its remedy: one spelling for condition, event, log, CLI and docs.
 * Source: api.md 3.1. The sentence is made where the facts are (plan/report.c). */
#ifndef SLUICE_MODEL_REASONS_H
#define SLUICE_MODEL_REASONS_H

#include "sluice/base/base.h"

enum reason {
    REASON_NONE,
#define REASON(id, name, remedy) REASON_##id,
#include "sluice/model/reasons.def"
#undef REASON
    REASON_COUNT
};
const char *reason_name(enum reason r);   /* "GateFailed" */
const char *reason_remedy(enum reason r); /* "sluice abort, or ...", "" when there is none */

#endif

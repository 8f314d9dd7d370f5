/* SPDX-License-Identifier: Apache-2.0 */
/* act.h - a person's commands as what is written, and answers as what is said. Pure. */
#ifndef SLUICE_CMD_ACT_H
#define SLUICE_CMD_ACT_H

#include "facts.h"

#define ACTION_ID_MAX 37 /* a UUID and its NUL */

struct order {
    enum verb verb;
    const char *revision; /* NULL: none to bind it to */
    int step;             /* -1: none */
};

/* What `verb` is meant for, as the person sees it; `revision` and `step` (NULL: as seen) are what
 * flags say. False: there is nothing it could mean; `why` says so. */
bool order_of(struct arena *a, const struct facts *f, enum verb verb, const char *revision,
              const char *step, struct order *out, const char **why);
/* Merge patches. */
char *order_patch(struct arena *a, const struct order *o, const char *id);
char *pause_patch(struct arena *a, bool paused);
char *restart_patch(struct arena *a, int64_t now_ms);
/* "web: approved step 3 of revision 42", from the look the order was given on. */
const char *order_said(struct arena *a, const struct facts *f, const struct order *o);
/* The controller's answer to `id` in words; NULL: none yet. `accepted` tells which. */
const char *answer_said(struct arena *a, const struct facts *then, const struct facts *now,
                        const struct order *o, const char *id, bool *accepted);
/* NULL: a restart would be a release; else why not and what to do. */
const char *restart_refused(struct arena *a, const struct facts *f);
/* Random, version 4. */
void action_id(char out[static ACTION_ID_MAX]);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* outlook.h - `sluice status`: what one look at a Rollout means for a script. Pure.
 *
 * The exit codes are those of api.md 7. Judged from generations, flight and conditions only. */
#ifndef SLUICE_CMD_OUTLOOK_H
#define SLUICE_CMD_OUTLOOK_H

#include "facts.h"

enum exit_code {
    EXIT_GOOD = 0,      /* promoted, or at rest with the present template */
    EXIT_NOT_KNOWN = 1, /* not found, forbidden, no server */
    EXIT_USAGE = 2,
    EXIT_IN_FLIGHT = 3,  /* also: not yet seen by the controller */
    EXIT_PERSON = 4,     /* approval, decision, paused */
    EXIT_TAKEN_BACK = 5, /* aborted, reverted, undone, superseded */
    EXIT_STALLED = 6,    /* for another reason, or not attached */
    EXIT_TIMEOUT = 124,
};

/* What is waited for, remembered from look to look. */
struct vigil {
    char revision[128]; /* "" until it is known which revision the template became */
};

struct outlook {
    enum exit_code code;
    const char *line; /* "web: step 2/4, waits for gate errors until 15:02:10" */
    bool fleeting;    /* between two states: worth a line only if it lasts */
};

/* In arena `a`. `vigil` may gain its revision. Codes EXIT_IN_FLIGHT and EXIT_PERSON pass by
 * themselves; the others are final. */
struct outlook outlook_of(struct arena *a, const struct world *w, struct vigil *vigil,
                          int64_t now_ms);
/* The line when --timeout has passed: "web: still at step 2/4 after 30m". */
const char *outlook_timeout(struct arena *a, const struct world *w, int64_t waited_ms);
/* Does the controller's status answer to the present spec and template? */
bool outlook_seen(const struct world *w);

#endif

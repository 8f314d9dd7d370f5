/* SPDX-License-Identifier: Apache-2.0 */
/* follow.h - waiting for a Rollout to change: a watch, or where watching is not allowed or does
 * not come about, a look every now and then. */
#ifndef SLUICE_CMD_FOLLOW_H
#define SLUICE_CMD_FOLLOW_H

#include "session.h"

struct reflector;
struct follow {
    struct session *s;
    struct arena a;
    struct reflector *reflector;
    bool changed, gone, seen;
    int64_t polled_ms; /* monotonic */
};

enum followed { FOLLOW_SAME, FOLLOW_CHANGED, FOLLOW_GONE, FOLLOW_STOPPED };

void follow_begin(struct follow *f, struct session *s, const char *name);
void follow_end(struct follow *f);
/* Until it changes, at most `ms`. SAME: the time has passed. STOPPED: by a signal. Without a
 * working watch it says CHANGED every FOLLOW_POLL_MS: look again. */
enum followed follow_wait(struct follow *f, int64_t ms);

#define FOLLOW_POLL_MS INT64_C(2000)

#endif

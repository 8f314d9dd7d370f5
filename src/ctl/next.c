/* SPDX-License-Identifier: Apache-2.0 */
#include "sluice/ctl/next.h"

/* A look that took long has just begun to age when it ends: its first action always goes. */
static bool look_too_old(const struct pass_view *v)
{
    if (!v->live)
        return v->action->harmful || v->moved || v->look_age_ms > LOOK_AGE_MS;
    return !v->fresh && v->look_age_ms > (v->action->harmful ? LOOK_AGE_HARMFUL_MS : LOOK_AGE_MS);
}

int64_t look_age_begins(int64_t started_ms, int64_t ended_ms)
{
    return ended_ms - started_ms <= LOOK_AGE_MS ? ended_ms : started_ms;
}

int64_t minor_delay_ms(size_t in_flight)
{
    return clamp_i64((int64_t)in_flight * MINOR_SHARE_MS, MINOR_DELAY_MS, MINOR_DELAY_MAX_MS);
}

int64_t report_delay_ms(const struct pass_view *v)
{
    return v->minor ? minor_delay_ms(v->in_flight) : REPORT_DELAY_MS;
}

enum next pass_next(const struct pass_view *v)
{
    if (v->action->act == ACT_NONE)
        return NEXT_END;
    if (v->refused || v->spent || v->writes >= PASS_WRITES_MAX || v->looks >= PASS_LOOKS_MAX)
        return NEXT_LATER;
    if (v->action->act == ACT_REPORT && v->report_age_ms < report_delay_ms(v))
        return NEXT_LATER;
    if (v->action->act == ACT_REPORT)
        return v->moved ? NEXT_LOOK : NEXT_SEND;
    return look_too_old(v) ? NEXT_LOOK : NEXT_SEND;
}

enum after write_failed(enum err_kind kind, int before)
{
    switch (kind) {
    case ERR_EXISTS: /* once more than a live look: then it is somebody else's, and has the name */
        return before < 1 ? AFTER_LOOK : AFTER_REMEMBER;
    case ERR_CONFLICT: /* the decision is void (C42) */
    case ERR_NOT_FOUND:
    case ERR_GONE:
        return before < CONFLICTS_MAX ? AFTER_LOOK : AFTER_BACK_OFF;
    case ERR_DENIED: /* C45 */
    case ERR_QUOTA:
    case ERR_INVALID:
    case ERR_TERMINATING:
        return AFTER_REMEMBER;
    case ERR_NONE:
    case ERR_RETRY:
    case ERR_UNKNOWN: /* C61: the next pass begins with a live look */
    case ERR_BUG:
    default:
        break;
    }
    return AFTER_BACK_OFF;
}

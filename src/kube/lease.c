/* SPDX-License-Identifier: Apache-2.0 */
/* lease.c - what to do about a lease: a function of what is known and the time. Pure. */
#include "sluice/kube/lease.h"

bool lease_timing_check(const struct lease_timing *t, struct err *e)
{
    if (t->retry_ms <= 0)
        return err_set(e, ERR_INVALID, "lease retry must be above 0");
    if (t->renew_deadline_ms * 10 <= t->retry_ms * 12)
        return err_set(e, ERR_INVALID, "lease renew deadline must be above 1.2 x retry");
    if (t->duration_ms <= t->renew_deadline_ms)
        return err_set(e, ERR_INVALID, "lease duration must be above the renew deadline");
    if (t->duration_ms % 1000 != 0)
        return err_set(e, ERR_INVALID, "lease duration must be whole seconds");
    return true;
}

bool lease_may_write(const struct lease_view *view, int64_t now_ms)
{
    return view->renewed_ms != 0 && now_ms - view->renewed_ms < view->timing.renew_deadline_ms;
}

static enum lease_decision as_leader(const struct lease_view *view, const char *me, int64_t now_ms)
{
    if (!lease_may_write(view, now_ms))
        return LEASE_LOST;
    if (!view->read)
        return LEASE_LOOK;
    return view->exists && str_equal(view->holder, me) ? LEASE_RENEW : LEASE_LOST;
}

/* A record without a duration is judged by ours. */
int64_t lease_expires_ms(const struct lease_view *view)
{
    return view->changed_ms +
           (view->duration_ms > 0 ? view->duration_ms : view->timing.duration_ms);
}

enum lease_decision lease_decide(const struct lease_view *view, const char *me, int64_t now_ms)
{
    if (view->renewed_ms != 0)
        return as_leader(view, me, now_ms);
    if (!view->read)
        return LEASE_LOOK;
    if (!view->exists)
        return LEASE_CREATE;
    if (str_empty(view->holder) || str_equal(view->holder, me) || now_ms >= lease_expires_ms(view))
        return LEASE_TAKE;
    return LEASE_WAIT;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "sluice/ctl/refused.h"

#include <stdlib.h>

void refused_clear(struct refused *r)
{
    free(r->object);
    free(r->what);
    free(r->text);
    *r = (struct refused){0};
}

bool refused_is(const struct refused *r, const struct action *action)
{
    if (!r->present || action->act == ACT_NONE)
        return false;
    if (r->reading)
        return action->act != ACT_REPORT; /* which needs no look */
    return r->act == action->act && str_equal(r->object, action->name);
}

void refused_remember(struct refused *r, const struct action *action, const char *what,
                      const struct err *e, int64_t wall_ms, int64_t mono_ms)
{
    const bool same = action ? refused_is(r, action) && !r->reading : r->present && r->reading;
    const int64_t wait = same ? min_i64(r->wait_ms * 2, REFUSED_WAIT_MAX_MS) : REFUSED_WAIT_MIN_MS;
    const int64_t at = same && r->kind == e->kind ? r->at_ms : wall_ms;

    refused_clear(r);
    *r = (struct refused){
        .present = true,
        .reading = !action,
        .kind = e->kind,
        .act = action ? action->act : ACT_NONE,
        .object = xstrdup(action && action->name ? action->name : ""),
        .what = xstrdup(what),
        .text = xstrdup(e->text),
        .at_ms = at,
        .due_ms = mono_ms + max_i64(wait, e->retry_after_s * SECOND_MS),
        .wait_ms = wait,
    };
}

/* What was refused is no longer wanted, or was not met: nothing stands in the way any more. A
 * report tells of the refusal itself, and says nothing of what is wanted. */
bool refused_over(const struct refused *r, const struct action *planned, int64_t mono_ms)
{
    if (!refused_due(r, mono_ms))
        return false;
    if (mono_ms >= r->due_ms + REFUSED_KEEP_MS)
        return true;
    return planned->act != ACT_REPORT && !refused_is(r, planned);
}

int64_t refused_wake_ms(const struct refused *r, int64_t mono_ms)
{
    if (!r->present)
        return INT64_MAX;
    if (mono_ms < r->due_ms)
        return r->due_ms;
    return max_i64(r->due_ms + REFUSED_KEEP_MS, mono_ms + 1);
}

struct refusal refused_view(const struct refused *r)
{
    if (!r->present)
        return (struct refusal){0};
    return (struct refusal){
        .present = true, .kind = r->kind, .what = r->what, .text = r->text, .at_ms = r->at_ms};
}

static const char *verb_of(const char *method)
{
    if (str_equal(method, "POST"))
        return "create";
    return str_equal(method, "DELETE") ? "delete" : "patch";
}

char *action_words(struct arena *a, const struct action *action)
{
    return arena_printf(a, "%s %s%s%s", verb_of(action->method), target_name(action->target),
                        action->subresource ? "/" : "",
                        action->subresource ? action->subresource : "");
}

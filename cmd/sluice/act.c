/* SPDX-License-Identifier: Apache-2.0 */
#include "act.h"
#include "words.h"

#include "sluice/base/clock.h"
#include "sluice/json/jfmt.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

/* A verb that names a moment is bound to its step; one that must not fail for a step that has just
 * been passed (who types abort in panic) to the revision alone. */
static bool bound_to_step(enum verb verb)
{
    return verb == VERB_APPROVE || verb == VERB_SKIP;
}

static const char *verb_word(struct arena *a, enum verb verb)
{
    char *word = arena_strdup(a, verb_name(verb));

    word[0] = (char)tolower((unsigned char)word[0]);
    return word;
}

bool order_of(struct arena *a, const struct facts *f, enum verb verb, const char *revision,
              const char *step, struct order *out, const char **why)
{
    struct order o = {.verb = verb, .step = -1};

    if (!f->attached) {
        *why = arena_printf(a, "%s is not attached yet: there is nothing to %s; see sluice get %s",
                            f->name, verb_word(a, verb), f->name);
        return false;
    }
    if (f->flight)
        o.revision = f->flight->revision;
    else if (verb == VERB_RETRY && f->rejected)
        o.revision = f->rejected;
    else
        o.revision = f->stable;
    if (revision)
        o.revision = revision;
    if (step)
        o.step = words_number(step);
    else if (bound_to_step(verb))
        o.step = f->flight ? f->flight->step : 0;
    *out = o;
    return true;
}

char *order_patch(struct arena *a, const struct order *o, const char *id)
{
    /* A merge patch keeps members it does not name: an old step must not stay. */
    const char *step = o->step >= 0 ? arena_printf(a, "%d", o->step) : "null";

    return json_fmt(a, "{'spec':{'action':{'id':%q,'verb':%q,'revision':%q,'step':%r}}}", id,
                    verb_name(o->verb), o->revision, step);
}

char *pause_patch(struct arena *a, bool paused)
{
    return json_fmt(a, "{'spec':{'paused':%r}}", paused ? "true" : "null");
}

char *restart_patch(struct arena *a, int64_t now_ms)
{
    char now[TIME_TEXT_MAX];

    time_format(now_ms, now);
    return json_fmt(a,
                    "{'spec':{'template':{'metadata':{'annotations':"
                    "{'kubectl.kubernetes.io/restartedAt':%q}}}}}",
                    now);
}

/* --- in words --------------------------------------------------------------------------------- */

const char *order_said(struct arena *a, const struct facts *f, const struct order *o)
{
    const char *revision = facts_called(a, f, o->revision);
    const char *back = f->flight ? facts_called(a, f, f->flight->from_revision) : "stable";

    switch (o->verb) {
    case VERB_APPROVE:
        return arena_printf(a, "%s: approved step %d of revision %s", f->name, o->step, revision);
    case VERB_SKIP:
        if (f->baking)
            return arena_printf(a, "%s: the bake of revision %s ends now", f->name, revision);
        return arena_printf(a, "%s: revision %s waits no longer in step %d", f->name, revision,
                            o->step);
    case VERB_PROMOTE:
        if (f->baking)
            return arena_printf(a, "%s: the bake of revision %s ends now", f->name, revision);
        return arena_printf(a, "%s: revision %s goes to the end without waiting", f->name,
                            revision);
    case VERB_ABORT:
        return arena_printf(a, "%s: revision %s goes back to %s", f->name, revision, back);
    case VERB_RETRY:
        if (f->flight)
            return arena_printf(a, "%s: asks again in step %d of revision %s", f->name,
                                f->flight->step, revision);
        return arena_printf(a, "%s: tries revision %s again from step %d", f->name, revision,
                            o->step > 0 ? o->step : 1);
    case VERB_UNDO:
        if (f->flight)
            return arena_printf(a, "%s: takes revision %s back to %s", f->name, revision, back);
        return arena_printf(a, "%s: takes revision %s back to the one before", f->name, revision);
    case VERB_NONE:
    case VERB_COUNT:
    default:
        return f->name;
    }
}

const char *answer_said(struct arena *a, const struct facts *then, const struct facts *now,
                        const struct order *o, const char *id, bool *accepted)
{
    const struct rollout_status *st = now->st;

    if (!str_equal(st->last_action.id, id))
        return NULL;
    *accepted = str_equal(st->last_action.outcome, "Accepted");
    if (*accepted)
        return order_said(a, then, o);
    return arena_printf(a, "%s: %s refused: %s (%s)", now->name, verb_word(a, o->verb),
                        has_text(st->last_action.message) ? st->last_action.message : "no reason",
                        has_text(st->last_action.reason) ? st->last_action.reason : "Refused");
}

const char *restart_refused(struct arena *a, const struct facts *f)
{
    const struct condition *brake = facts_false(f, COND_BRAKE_ARMED);

    if (str_empty(f->spec->target))
        return arena_printf(a, "%s names no Deployment in spec.targetRef: see sluice get %s",
                            f->name, f->name);
    if (f->flight)
        return arena_printf(a,
                            "%s is in flight at step %d/%d, and a restart would supersede it: "
                            "wait (sluice status %s) or sluice abort %s first",
                            f->name, f->step, f->step_count, f->name, f->name);
    if (f->aborted)
        return arena_printf(a,
                            "%s is held on stable after an abort: apply a new template, or "
                            "sluice retry %s",
                            f->name, f->name);
    if (!f->attached)
        return arena_printf(a,
                            "%s is not attached: a restart would roll at once, ungated; see "
                            "sluice get %s",
                            f->name, f->name);
    if (!facts_true(f, COND_BRAKE_ARMED))
        return arena_printf(a,
                            "the brake is not armed%s%s: a restart would roll at once, ungated; "
                            "if that is what you want: kubectl rollout restart deployment/%s",
                            brake ? ": " : "", brake ? str_name(brake->reason) : "", f->target);
    return NULL;
}

void action_id(char out[static ACTION_ID_MAX])
{
    unsigned char b[16];

    if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
        abort(); /* 16 bytes never come short on Linux */
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    snprintf(out, ACTION_ID_MAX,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
}

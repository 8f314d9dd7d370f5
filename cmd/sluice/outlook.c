/* SPDX-License-Identifier: Apache-2.0 */
#include "outlook.h"
#include "words.h"

#include <stdio.h>
#include <string.h>

bool outlook_seen(const struct world *w)
{
    const struct rollout *r = w->rollout;

    if (r->status.observed_generation < r->meta.generation)
        return false;
    /* A template change was seen when the Deployment is not newer than the one judged. */
    return !w->dep || w->dep->meta.generation <= r->status.target.observed_generation;
}

/* What everything below shares. */
struct look {
    struct arena *a;
    struct facts f;
    struct vigil *vigil;
    int64_t now;
};

static const char *at_step(const struct look *k, int step)
{
    return arena_printf(k->a, "step %d/%d", step, k->f.step_count);
}

static const char *called(const struct look *k, const char *revision)
{
    const struct history_entry *h = facts_history_of(&k->f, revision);

    if (!facts_number(&k->f, revision) && h && h->deployment_revision)
        return arena_printf(k->a, "%lld", (long long)h->deployment_revision);
    return facts_called(k->a, &k->f, revision);
}

static struct outlook fleeting(const char *line)
{
    return (struct outlook){.code = EXIT_IN_FLIGHT, .line = line, .fleeting = true};
}

static struct outlook result(enum exit_code code, const char *line)
{
    return (struct outlook){.code = code, .line = line};
}

/* --- ends ------------------------------------------------------------------------------------- */

static const char *ready_of(const struct look *k)
{
    const char *ready = k->f.st->display.ready;

    return has_text(ready) ? arena_printf(k->a, ", %s ready", ready) : "";
}

static struct outlook taken_back(const struct look *k, const char *revision, const char *how,
                                 int step, const char *why)
{
    return result(EXIT_TAKEN_BACK,
                  arena_printf(k->a, "%s: revision %s %s at %s%s%s", k->f.name, called(k, revision),
                               how, at_step(k, step), has_text(why) ? ": " : "",
                               has_text(why) ? why : ""));
}

static const char *outcome_word(const char *outcome)
{
    static const char *const words[][2] = {
        {"Aborted", "aborted"},
        {"Reverted", "reverted"},
        {"Undone", "undone"},
        {"Superseded", "superseded"},
    };

    for (size_t i = 0; i < COUNT(words); i++)
        if (str_equal(outcome, words[i][0]))
            return words[i][1];
    return NULL;
}

/* The release that was waited for ended in the history while something else goes on. */
static bool ended(const struct look *k, struct outlook *out)
{
    const struct history_entry *h = facts_history_of(&k->f, k->vigil->revision);
    const char *how = h ? outcome_word(h->outcome) : NULL;
    const bool flies = k->f.flight && str_equal(k->f.flight->revision, k->vigil->revision);

    if (!how || flies || str_equal(k->f.stable, k->vigil->revision))
        return false;
    *out = taken_back(k, h->revision, how, h->step, h->message);
    return true;
}

static struct outlook at_rest(const struct look *k)
{
    const struct history_entry *h = facts_last(&k->f);
    const struct condition *no = facts_false(&k->f, COND_PROMOTED);
    const bool promoted = h && str_equal(h->revision, k->f.stable);

    if (no && h && outcome_word(h->outcome) && !promoted)
        return taken_back(k, h->revision, outcome_word(h->outcome), h->step, h->message);
    return result(EXIT_GOOD,
                  arena_printf(k->a, "%s: revision %s %s%s", k->f.name, called(k, k->f.stable),
                               promoted ? "promoted" : "at rest", ready_of(k)));
}

static struct outlook promoted(const struct look *k)
{
    const int64_t until = k->f.flight->bake_until_ms;

    return result(EXIT_GOOD, arena_printf(k->a, "%s: revision %s promoted%s%s%s", k->f.name,
                                          called(k, k->f.flight->revision), ready_of(k),
                                          until > k->now ? "; watched until " : "",
                                          until > k->now ? words_clock(k->a, until, k->now) : ""));
}

/* "3 errors" of "3 errors: spec.x: ..."; the remedy says where to look for the rest. */
static struct outlook stalled(const struct look *k, const struct condition *c)
{
    const char *said = c->message ? c->message : "";
    const char *remedy = facts_remedy(c);

    if (str_equal(c->reason, "InvalidSpec")) {
        said = arena_strndup(k->a, said, strcspn(said, ":"));
        remedy = "sluice lint";
    }
    return result(EXIT_STALLED,
                  arena_printf(k->a, "%s: %s: %.*s%s%s", k->f.name, str_name(c->reason),
                               (int)(strlen(said) - (*said && said[strlen(said) - 1] == '.')), said,
                               has_text(remedy) ? "; " : "", remedy));
}

/* --- in flight -------------------------------------------------------------------------------- */

/* Under Pause a failed gate or a passed deadline is Stalled, but it is a person's to decide. */
static bool is_decision(const struct look *k)
{
    const struct awaiting *a = facts_awaited(&k->f);

    return k->f.flight && (k->f.flight->decision_ms || (a && str_equal(a->what, "Decision")));
}

static const char *person_said(const struct look *k)
{
    const struct awaiting *a = facts_awaited(&k->f);
    const char *name = k->f.name;

    if (k->f.paused)
        return arena_printf(k->a, "is paused: sluice resume %s", name);
    if (is_decision(k))
        return arena_printf(k->a, "waits for a decision (%s): sluice retry, skip or abort %s",
                            has_text(k->f.flight->decision) ? k->f.flight->decision : "see get",
                            name);
    if (a && str_equal(a->what, "Approval"))
        return arena_printf(k->a, "waits for sluice approve %s", name);
    return NULL;
}

static const char *waits_for(const struct look *k)
{
    const struct awaiting *a = facts_awaited(&k->f);

    if (str_equal(a->what, "Gate"))
        return arena_printf(k->a, "waits for gate %s", str_name(a->name));
    if (str_equal(a->what, "Hold"))
        return "holds";
    if (facts_counts_pods(a))
        return arena_printf(k->a, "waits for pods (%s)", a->message);
    if (has_text(a->message) && strncmp(a->message, "Waits ", 6) == 0)
        return arena_printf(k->a, "waits %s", a->message + 6);
    if (has_text(a->message))
        return arena_printf(k->a, "waits for %s", a->message);
    return arena_printf(k->a, "waits (%s)", str_name(a->what));
}

static struct outlook in_flight(const struct look *k)
{
    const struct flight *fl = k->f.flight;
    const struct awaiting *a = facts_awaited(&k->f);
    const char *person = k->f.forward ? person_said(k) : NULL;
    const char *until = a && a->until_ms ? words_clock(k->a, a->until_ms, k->now) : "";

    if (person)
        return result(EXIT_PERSON,
                      arena_printf(k->a, "%s: %s %s", k->f.name, at_step(k, fl->step), person));
    if (k->f.baking && k->f.forward)
        return result(EXIT_IN_FLIGHT,
                      arena_printf(k->a, "%s: revision %s promoted, watched until %s", k->f.name,
                                   called(k, fl->revision),
                                   words_clock(k->a, fl->bake_until_ms, k->now)));
    if (!k->f.forward)
        return result(EXIT_IN_FLIGHT,
                      arena_printf(k->a, "%s: revision %s goes back from %s%s%s", k->f.name,
                                   called(k, fl->revision), at_step(k, fl->step),
                                   has_text(fl->abort_reason) ? ": " : "",
                                   has_text(fl->abort_reason) ? fl->abort_reason : ""));
    if (!a)
        return fleeting(arena_printf(k->a, "%s: %s", k->f.name, at_step(k, fl->step)));
    return result(EXIT_IN_FLIGHT,
                  arena_printf(k->a, "%s: %s, %s%s%s", k->f.name, at_step(k, fl->step),
                               waits_for(k), *until ? " until " : "", until));
}

static void remember(const struct look *k)
{
    if (!*k->vigil->revision && k->f.flight && has_text(k->f.flight->revision))
        snprintf(k->vigil->revision, sizeof(k->vigil->revision), "%s", k->f.flight->revision);
}

/* Attaching waits by itself for a Deployment that rolls; all other refusals want a repair. */
static bool not_attached(const struct look *k, struct outlook *out)
{
    const struct condition *no = facts_false(&k->f, COND_TARGET_VALID);

    if (!no || str_equal(no->reason, "NotComplete"))
        return false;
    *out = stalled(k, no);
    return true;
}

struct outlook outlook_of(struct arena *a, const struct world *w, struct vigil *vigil,
                          int64_t now_ms)
{
    struct look k = {.a = a, .vigil = vigil, .now = now_ms};
    const struct condition *stall;
    struct outlook v;

    facts_of(w, &k.f);
    stall = facts_true(&k.f, COND_STALLED);
    if (*vigil->revision && ended(&k, &v))
        return v;
    if (!outlook_seen(w))
        return fleeting(
            arena_printf(a, "%s: the controller has not seen the last change yet", k.f.name));
    remember(&k);
    if (k.f.aborted)
        return taken_back(&k, k.f.rejected, "aborted", k.f.step, k.f.st->rejected.reason);
    if (k.f.flight && k.f.forward && facts_true(&k.f, COND_PROMOTED))
        return promoted(&k);
    if (not_attached(&k, &v))
        return v;
    if (stall && !is_decision(&k))
        return stalled(&k, stall);
    if (k.f.flight)
        return in_flight(&k);
    if (!k.f.attached)
        return result(
            EXIT_IN_FLIGHT,
            arena_printf(a, "%s: not attached yet%s%s", k.f.name,
                         has_text(k.f.st->display.message) ? ": " : "",
                         has_text(k.f.st->display.message) ? k.f.st->display.message : ""));
    return at_rest(&k);
}

const char *outlook_timeout(struct arena *a, const struct world *w, int64_t waited_ms)
{
    struct look k = {.a = a};
    const char *after = words_duration(a, waited_ms);

    facts_of(w, &k.f);
    if (k.f.flight)
        return arena_printf(a, "%s: still at %s after %s", k.f.name, at_step(&k, k.f.step), after);
    return arena_printf(a, "%s: %s after %s", k.f.name,
                        outlook_seen(w) ? "still not done" : "still not seen by the controller",
                        after);
}

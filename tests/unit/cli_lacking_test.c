/* SPDX-License-Identifier: Apache-2.0 */
/* What a status or a spec lacks - an older controller wrote it, or a person with kubectl - is no
 * end of a screen, and a name that is not there reads "?". Every member of every moment of
 * cli_states.h is taken away, one at a time, and everything is shown. */
#include "check.h"

#include "act.h"
#include "cli_states.h"
#include "outlook.h"
#include "sluice/json/edit.h"

#define AWAY 400 /* members that are taken away at least, or this test tests little */

static struct state s;

/* --- the moments ------------------------------------------------------------------------------ */

static void state_taken_back(struct state *m)
{
    state_gating(m);
    m->r.status.flight.direction = DIRECTION_BACK;
    m->r.status.flight.abort_reason = "gate errors failed";
}

static void state_baking(struct state *m)
{
    state_gating(m);
    m->r.status.flight.committed_ms = NOW - MINUTE_MS;
    m->r.status.flight.bake_until_ms = NOW + MINUTE_MS;
    m->r.status.display.status = "Baking";
    m->r.status.awaiting[0].what = "Bake";
}

static void state_decision(struct state *m)
{
    state_gating(m);
    m->r.status.flight.decision_ms = NOW;
    m->r.status.flight.decision = "gate latency failed: 0.41 above 0.3";
    m->r.status.last_action.id = "1";
    m->r.status.last_action.verb = VERB_SKIP;
    m->r.status.last_action.outcome = "Refused";
    m->r.status.last_action.reason = "WrongStep";
    m->r.status.last_action.message = "step 1 has passed";
    state_condition(m, COND_STALLED, "True", "GateFailed", "Gate latency failed.");
}

static void state_capacity(struct state *m)
{
    state_gating(m);
    m->r.status.awaiting[0].what = "Capacity";
    m->r.status.awaiting[0].message = "1 of 3 new pods ready";
    state_condition(m, COND_BRAKE_ARMED, "False", "NotServed", "No admission policies.");
    state_condition(m, COND_TARGET_VALID, "False", "TargetNotFound", "There is no such thing.");
}

static const struct moment {
    const char *name;
    void (*make)(struct state *m);
} moments[] = {
    {"rest", state_rest},         {"gating", state_gating},     {"aborted", state_aborted},
    {"approval", state_approval}, {"back", state_taken_back},   {"baking", state_baking},
    {"decision", state_decision}, {"capacity", state_capacity},
};

/* --- everything that is said ------------------------------------------------------------------ */

static void check_said(const char *text, const char *what, const char *lack)
{
    CHECK(text && !strstr(text, "(null)"), "%s without %s: %s", what, lack, text ? text : "");
}

static void check_screen(struct screen *out, const char *what, const char *lack)
{
    check_said(screen_text(out), what, lack);
    screen_release(out);
}

static void check_screens(const char *lack, bool verbose)
{
    static void (*const screens[])(struct screen *, const struct world *) = {
        screen_history, screen_traffic, screen_plan};
    const struct rollout *all[] = {&s.r};
    struct screen out;

    screen_init(&out, 80, NOW);
    out.verbose = verbose;
    screen_get(&out, &s.w, NULL);
    check_screen(&out, "get", lack);
    screen_init(&out, 80, NOW);
    screen_list(&out, all, 1, verbose, verbose);
    check_screen(&out, "list", lack);
    for (size_t i = 0; i < COUNT(screens); i++) {
        screen_init(&out, 80, NOW);
        screens[i](&out, &s.w);
        check_screen(&out, "history, traffic, plan", lack);
    }
}

static void check_verbs(struct arena *a, const struct facts *f, const char *lack)
{
    for (enum verb verb = VERB_NONE + 1; verb < VERB_COUNT; verb++) {
        struct order order;
        const char *why = NULL, *answer;
        bool accepted;

        if (!order_of(a, f, verb, NULL, NULL, &order, &why)) {
            check_said(why, verb_name(verb), lack);
            continue;
        }
        check_said(order_patch(a, &order, "1"), verb_name(verb), lack);
        check_said(order_said(a, f, &order), verb_name(verb), lack);
        answer = answer_said(a, f, f, &order, f->st->last_action.id, &accepted);
        check_said(answer ? answer : "", verb_name(verb), lack);
    }
}

static void check_all(const char *lack)
{
    CLEANUP(arena_release) struct arena a = {0};
    struct vigil vigil = {.revision = NEW}, none = {0};
    struct facts f;
    const char *refused;

    facts_of(&s.w, &f);
    check_screens(lack, false);
    check_screens(lack, true);
    check_verbs(&a, &f, lack);
    refused = restart_refused(&a, &f);
    check_said(refused ? refused : "", "restart", lack);
    check_said(outlook_of(&a, &s.w, &none, NOW).line, "status", lack);
    check_said(outlook_of(&a, &s.w, &vigil, NOW).line, "status", lack);
    check_said(outlook_timeout(&a, &s.w, MINUTE_MS), "status --timeout", lack);
}

/* --- a status without one member -------------------------------------------------------------- */

struct taking {
    const struct moment *moment;
    cJSON *status;
    char lack[200];
    int away;
};

static void show(struct taking *t)
{
    CLEANUP(arena_release) struct arena a = {0};

    t->moment->make(&s);
    s.r.status = (struct rollout_status){0};
    status_read(&a, t->status, &s.r.status);
    check_all(t->lack);
    t->away++;
}

static void take_from(struct taking *t, cJSON *o);

/* Away and back again, at the end of its object: the order of members says nothing. */
static void take(struct taking *t, cJSON *o, cJSON *member)
{
    auto_free char *key = member->string ? xstrdup(member->string) : NULL;
    const size_t len = strlen(t->lack);
    cJSON *copy;

    snprintf(t->lack + len, sizeof(t->lack) - len, ".%s", key ? key : "[]");
    take_from(t, member);
    if (key) {
        copy = json_copy(member);
        json_drop(o, member);
        show(t);
        json_add(o, key, copy);
    }
    t->lack[len] = '\0';
}

static void take_from(struct taking *t, cJSON *o)
{
    const size_t count = json_count(o);
    cJSON *member = o->child;

    if (!json_is_object(o) && !json_is_list(o))
        return;
    for (size_t i = 0; i < count; i++) {
        cJSON *next = member->next;

        take(t, o, member);
        member = next;
    }
}

static void test_status(void **unused)
{
    int away = 0;

    (void)unused;
    for (size_t i = 0; i < COUNT(moments); i++) {
        CLEANUP(arena_release) struct arena a = {0};
        struct taking t = {.moment = &moments[i]};
        struct err e = {0};
        char *text;

        moments[i].make(&s);
        text = status_write(&a, &s.r.status);
        t.status = json_parse(text, strlen(text), &e);
        CHECK(t.status, "%s: %s", moments[i].name, e.text);
        snprintf(t.lack, sizeof(t.lack), "%s", moments[i].name);
        show(&t);
        take_from(&t, t.status);
        away += t.away;
        json_release(&t.status);
    }
    CHECK(away > AWAY, "%d", away);
}

/* --- a spec without one name ------------------------------------------------------------------ */

static const char **const names[] = {
    &s.r.meta.name,
    &s.r.meta.ns,
    &s.r.spec.target,
    &s.r.spec.stable_service,
    &s.r.spec.canary_service,
    &s.r.spec.active_service,
    &s.r.spec.preview_service,
    &s.traffic.router,
    &s.traffic.kind,
    &s.traffic.name,
    &s.gates[0].name,
    &s.gates[1].name,
    &s.gates[2].name,
    &s.steps[0].weight,
    &s.steps[1].weight,
    &s.d.meta.name,
    &s.d.image,
    &s.d.max_surge,
    &s.d.max_unavailable,
    &s.old.meta.name,
    &s.old.revision,
    &s.old.image,
    &s.fresh.meta.name,
    &s.fresh.revision,
    &s.fresh.image,
    &s.pods[0].meta.name,
    &s.pods[0].revision,
    &s.pods[0].node,
};

static void test_names(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT(moments); i++)
        for (size_t j = 0; j < COUNT(names); j++) {
            char lack[100];

            moments[i].make(&s);
            *names[j] = NULL;
            snprintf(lack, sizeof(lack), "%s: name %zu", moments[i].name, j);
            check_all(lack);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

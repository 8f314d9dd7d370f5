/* SPDX-License-Identifier: Apache-2.0 */
/* A status that lacks what ours always has - whoever may write it can leave out any member - and a
 * spec that no API server checked: screens and lines say "?", or nothing, and never "(null)". */
#include "check.h"

#include "act.h"
#include "cli_states.h"
#include "outlook.h"

#include "sluice/json/edit.h"
#include "sluice/plan/compile.h"

static struct state s;

/* ---- what is taken away ---------------------------------------------------------------------- */

static void no_gate_name(void)
{
    state_gating(&s);
    s.r.status.awaiting[0].name = NULL;
}

static void no_what(void)
{
    state_gating(&s);
    s.r.status.awaiting[0] = (struct awaiting){.since_ms = NOW};
}

static void no_target(void)
{
    state_aborted(&s);
    s.r.spec.target = NULL;
}

static void failed_gate_without_name(void)
{
    state_rest(&s);
    s.r.status.gates[0] = (struct gate_state){.verdict = VERDICT_FAIL};
}

static void no_last_revision(void)
{
    state_rest(&s);
    s.r.status.history[0].revision = NULL;
    s.r.status.history[0].deployment_revision = 0;
}

static void numbered_revision(void)
{
    state_rest(&s);
    s.r.status.history[0].revision = NULL;
}

static void no_brake_message(void)
{
    state_rest(&s);
    state_condition(&s, COND_BRAKE_ARMED, "False", NULL, NULL);
}

static void stalled_without_reason(void)
{
    state_gating(&s);
    state_condition(&s, COND_STALLED, "True", NULL, NULL);
}

static void refused_without_reason(void)
{
    state_rest(&s);
    s.r.status.last_action.outcome = "Refused";
    s.r.status.last_action.time_ms = NOW;
}

static void no_pinned_revision(void)
{
    state_gating(&s);
    s.r.status.pins[0].revision = NULL;
}

static void no_preview(void)
{
    state_approval(&s);
    s.r.spec.preview_service = s.r.spec.active_service = NULL;
}

static void no_gate_in_spec(void)
{
    state_gating(&s);
    for (size_t i = 0; i < COUNT(s.gates); i++)
        s.gates[i].name = NULL;
}

static void no_flight_revision(void)
{
    state_gating(&s);
    s.r.status.flight.revision = s.r.status.flight.from_revision = NULL;
    s.r.status.flight.deployment_revision = 0;
}

/* More pods than two sides of an int32_t hold together. */
static void pods_without_end(void)
{
    state_gating(&s);
    s.r.spec.traffic_count = 0;
    s.r.status.pin_count = 0;
    s.old.st_ready = s.fresh.st_ready = INT32_MAX;
}

static void screen_of_get(struct screen *out)
{
    screen_get(out, &s.w, NULL);
}

static void screen_of_history(struct screen *out)
{
    screen_history(out, &s.w);
}

static void screen_of_traffic(struct screen *out)
{
    screen_traffic(out, &s.w);
}

static void screen_of_plan(struct screen *out)
{
    screen_plan(out, &s.w);
}

static void line_of_status(struct screen *out)
{
    struct vigil vigil = {""};

    put(out, outlook_of(&out->a, &s.w, &vigil, NOW).line);
    CHECK(!strstr(vigil.revision, "null"), "%s", vigil.revision);
}

static void line_of_restart(struct screen *out)
{
    struct facts f;

    facts_of(&s.w, &f);
    put(out, restart_refused(&out->a, &f));
}

static const struct lack {
    void (*take)(void);
    void (*draw)(struct screen *);
    const char *says; /* NULL: anything */
} lacks[] = {
    {no_gate_name, screen_of_get, "Waits for gate ? since"},
    {no_gate_name, line_of_status, "waits for gate ? until"},
    {no_what, screen_of_get, "waits (?)"},
    {no_what, line_of_status, "waits (?)"},
    {no_target, screen_of_get, "Deployment ? is paused"},
    {no_target, screen_of_history, "deployment/?"},
    {no_target, screen_of_plan, "Deployment ? with 10 replicas"},
    {failed_gate_without_name, screen_of_get, "gate ? failed"},
    {no_last_revision, screen_of_get, "Last release: ? promoted"},
    {no_last_revision, screen_of_history, NULL},
    {numbered_revision, screen_of_history, "41  ?"},
    {no_brake_message, screen_of_get, "  The brake is not armed.\n"},
    {no_brake_message, line_of_restart, "the brake is not armed: ?:"},
    {stalled_without_reason, screen_of_get, "  ?.\n"},
    {stalled_without_reason, line_of_status, "web: ?:"},
    {refused_without_reason, screen_of_get, "(?)"},
    {no_pinned_revision, screen_of_traffic, "?"},
    {no_preview, screen_of_get, "preview behind Service ?"},
    {no_preview, screen_of_plan, "blue-green behind Service ?"},
    {no_gate_in_spec, screen_of_plan, NULL},
    {no_flight_revision, screen_of_get, NULL},
    {no_flight_revision, line_of_status, NULL},
    {pods_without_end, screen_of_get, "50 %"},
};

static void what_is_not_there(void **state UNUSED)
{
    for (size_t i = 0; i < COUNT(lacks); i++) {
        struct screen out;

        lacks[i].take();
        screen_init(&out, WIDTH_DEFAULT, NOW);
        lacks[i].draw(&out);
        CHECK(*screen_text(&out), "row %zu: nothing", i);
        CHECK(!strstr(screen_text(&out), "(null)"), "row %zu: %s", i, screen_text(&out));
        CHECK(!lacks[i].says || strstr(screen_text(&out), lacks[i].says), "row %zu: no %s in\n%s",
              i, lacks[i].says, screen_text(&out));
        screen_release(&out);
    }
}

/* ---- any member ------------------------------------------------------------------------------ */

#define AWAY 400 /* members that are taken away at least, or this tests little */

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

static void any_member_of_a_status(void **state UNUSED)
{
    int away = 0;

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

/* Names of the spec and of the objects around it. */
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

static void any_name(void **state UNUSED)
{
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
        cmocka_unit_test(what_is_not_there),
        cmocka_unit_test(any_member_of_a_status),
        cmocka_unit_test(any_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

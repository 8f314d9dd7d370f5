/* SPDX-License-Identifier: Apache-2.0 */
/* A status that lacks what ours always has - whoever may write it can leave out any member - and a
 * spec that no API server checked: screens and lines say "?", or nothing, and never "(null)". */
#include "check.h"

#include "act.h"
#include "cli_states.h"
#include "outlook.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_not_there)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* `sluice status`: the table of exit codes and last lines of api.md 7; and verbs: what is written,
 * what is said. */
#include "check.h"

#include "act.h"
#include "cli_states.h"
#include "outlook.h"

static struct state s;
static struct arena arena;

static int start(void **unused)
{
    (void)unused;
    arena_init(&arena);
    return 0;
}

static int end(void **unused)
{
    (void)unused;
    arena_release(&arena);
    return 0;
}

static void expect(enum exit_code code, const char *line, struct vigil *vigil)
{
    struct vigil none = {0};
    const struct outlook o = outlook_of(&arena, &s.w, vigil ? vigil : &none, NOW);

    CHECK_TEXT(o.line, line, line);
    CHECK(o.code == code, "%s: exit code %d", line, (int)o.code);
}

/* --- the lines of the table ------------------------------------------------------------------- */

static void test_promoted(void **unused)
{
    (void)unused;
    state_rest(&s);
    s.r.status.history[0].revision = OLD;
    s.r.status.stable.deployment_revision = 42;
    expect(EXIT_GOOD, "web: revision 42 promoted, 10/10 ready", NULL);
    s.r.status.history_count = 0;
    expect(EXIT_GOOD, "web: revision 42 at rest, 10/10 ready", NULL);
}

static void test_in_flight(void **unused)
{
    (void)unused;
    state_gating(&s);
    expect(EXIT_IN_FLIGHT, "web: step 2/4, waits for gate errors until 15:02:10", NULL);
    assert_string_equal(outlook_timeout(&arena, &s.w, 30 * MINUTE_MS),
                        "web: still at step 2/4 after 30m");
    s.r.status.flight.committed_ms = NOW;
    s.r.status.flight.bake_until_ms = NOW + MINUTE_MS;
    expect(EXIT_IN_FLIGHT, "web: revision 42 promoted, watched until 14:09:50", NULL);
    s.r.status.flight.committed_ms = 0;
    s.r.status.flight.direction = DIRECTION_BACK;
    s.r.status.flight.abort_reason = "aborted by a person";
    expect(EXIT_IN_FLIGHT, "web: revision 42 goes back from step 2/4: aborted by a person", NULL);
}

static void test_person(void **unused)
{
    struct flight *fl = &s.r.status.flight;

    (void)unused;
    state_gating(&s);
    fl->step = 3;
    s.r.status.awaiting[0].what = "Approval";
    expect(EXIT_PERSON, "web: step 3/4 waits for sluice approve web", NULL);
    s.r.spec.paused = true;
    expect(EXIT_PERSON, "web: step 3/4 is paused: sluice resume web", NULL);
    s.r.spec.paused = false;
    fl->decision_ms = NOW;
    fl->decision = "gate latency failed: 0.41 above 0.3";
    state_condition(&s, COND_STALLED, "True", "GateFailed", "Gate latency failed.");
    expect(
        EXIT_PERSON,
        "web: step 3/4 waits for a decision (gate latency failed: 0.41 above 0.3): sluice retry, "
        "skip or abort web",
        NULL);
}

static void test_taken_back(void **unused)
{
    struct vigil vigil = {.revision = NEW};

    (void)unused;
    state_aborted(&s);
    expect(EXIT_TAKEN_BACK, "web: revision 42 aborted at step 2/4: gate errors failed", NULL);
    /* afterAbort: Revert: at rest again on what was stable. */
    s.r.status.held = false;
    s.r.status.rejected.revision = NULL;
    s.r.status.history[0].outcome = "Reverted";
    state_condition(&s, COND_STALLED, "False", "None", "");
    state_condition(&s, COND_PROMOTED, "False", "Reverted", "Revision 42 was taken back.");
    expect(EXIT_TAKEN_BACK, "web: revision 42 reverted at step 2/4: gate errors failed", NULL);
    /* Another release flies; the one that was waited for is history. */
    state_gating(&s);
    s.r.status.history[0] = (struct history_entry){.revision = NEW,
                                                   .deployment_revision = 42,
                                                   .outcome = "Superseded",
                                                   .step = 1,
                                                   .message = "superseded by s1-aaaaaaaa"};
    s.r.status.flight.revision = "s1-aaaaaaaa";
    expect(EXIT_TAKEN_BACK, "web: revision 42 superseded at step 1/4: superseded by s1-aaaaaaaa",
           &vigil);
}

static void test_stalled(void **unused)
{
    (void)unused;
    state_rest(&s);
    state_condition(&s, COND_STALLED, "True", "InvalidSpec",
                    "3 errors: spec.strategy.canary.steps[2].weight: 20: weights must not go down");
    expect(EXIT_STALLED, "web: InvalidSpec: 3 errors; sluice lint", NULL);
    state_condition(&s, COND_STALLED, "True", "RouteNotFound", "HTTPRoute/web does not exist.");
    expect(EXIT_STALLED,
           "web: RouteNotFound: HTTPRoute/web does not exist; create it or correct its name in the "
           "Rollout",
           NULL);
    state_condition(&s, COND_STALLED, "False", "None", "");
    state_condition(&s, COND_TARGET_VALID, "False", "NotFound", "Deployment web does not exist.");
    expect(EXIT_STALLED, "web: NotFound: Deployment web does not exist; correct targetRef", NULL);
}

/* What was applied just now must not be answered with yesterday's Ready. */
static void test_not_seen(void **unused)
{
    struct vigil vigil = {0};

    (void)unused;
    state_rest(&s);
    s.d.meta.generation = 8;
    expect(EXIT_IN_FLIGHT, "web: the controller has not seen the last change yet", &vigil);
    assert_string_equal(vigil.revision, "");
    assert_string_equal(outlook_timeout(&arena, &s.w, MINUTE_MS),
                        "web: still not seen by the controller after 1m");
    state_rest(&s);
    s.r.meta.generation = 4;
    expect(EXIT_IN_FLIGHT, "web: the controller has not seen the last change yet", NULL);
    state_gating(&s);
    outlook_of(&arena, &s.w, &vigil, NOW);
    assert_string_equal(vigil.revision, NEW);
    /* A Deployment that may not be read is no reason to wait for ever. */
    state_rest(&s);
    s.w.dep = NULL;
    expect(EXIT_GOOD, "web: revision 41 promoted, 10/10 ready", NULL);
    /* Attaching waits by itself for a Deployment that rolls. */
    s.r.status.stable.revision = NULL;
    s.r.status.display.message = "Waits.";
    state_condition(&s, COND_TARGET_VALID, "False", "NotComplete", "It rolls.");
    expect(EXIT_IN_FLIGHT, "web: not attached yet: Waits.", NULL);
}

/* --- verbs ------------------------------------------------------------------------------------ */

static const char *patch_of(enum verb verb, const char *revision, const char *step)
{
    struct facts f;
    struct order o;
    const char *why = NULL;

    facts_of(&s.w, &f);
    if (!order_of(&arena, &f, verb, revision, step, &o, &why))
        return why;
    return order_patch(&arena, &o, "id-1");
}

static void test_patches(void **unused)
{
#define ACTION(verb, revision, step)                                                               \
    "{\"spec\":{\"action\":{\"id\":\"id-1\",\"verb\":\"" verb "\",\"revision\":\"" revision        \
    "\",\"step\":" step "}}}"
    (void)unused;
    state_gating(&s);
    CHECK_TEXT(patch_of(VERB_APPROVE, NULL, NULL), ACTION("Approve", NEW, "2"), "approve");
    CHECK_TEXT(patch_of(VERB_APPROVE, NULL, "3"), ACTION("Approve", NEW, "3"), "approve --step");
    CHECK_TEXT(patch_of(VERB_SKIP, NULL, NULL), ACTION("Skip", NEW, "2"), "skip");
    CHECK_TEXT(patch_of(VERB_ABORT, NULL, NULL), ACTION("Abort", NEW, "null"), "abort");
    CHECK_TEXT(patch_of(VERB_PROMOTE, "s1-x", NULL), ACTION("Promote", "s1-x", "null"), "promote");
    state_aborted(&s);
    CHECK_TEXT(patch_of(VERB_RETRY, NULL, NULL), ACTION("Retry", NEW, "null"), "retry");
    CHECK_TEXT(patch_of(VERB_RETRY, NULL, "2"), ACTION("Retry", NEW, "2"), "retry --step");
    state_rest(&s);
    CHECK_TEXT(patch_of(VERB_UNDO, NULL, NULL), ACTION("Undo", OLD, "null"), "undo");
    s.r.status.stable.revision = NULL;
    CHECK_TEXT(patch_of(VERB_ABORT, NULL, NULL),
               "web is not attached yet: there is nothing to abort; see sluice get web", "new");
    CHECK_TEXT(pause_patch(&arena, true), "{\"spec\":{\"paused\":true}}", "pause");
    CHECK_TEXT(pause_patch(&arena, false), "{\"spec\":{\"paused\":null}}", "resume");
    CHECK_TEXT(restart_patch(&arena, NOW),
               "{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"kubectl.kubernetes.io/"
               "restartedAt\":\"2026-11-24T14:08:50Z\"}}}}}",
               "restart");
}

static void test_answers(void **unused)
{
    struct facts then, now;
    struct order o;
    const char *why;
    bool accepted = false;

    (void)unused;
    state_gating(&s);
    facts_of(&s.w, &then);
    assert_true(order_of(&arena, &then, VERB_APPROVE, NULL, NULL, &o, &why));
    facts_of(&s.w, &now);
    assert_null(answer_said(&arena, &then, &now, &o, "id-1", &accepted));
    s.r.status.last_action.id = "id-1";
    s.r.status.last_action.outcome = "Refused";
    s.r.status.last_action.reason = "NothingToApprove";
    s.r.status.last_action.message = "step 2 asks for no approval";
    CHECK_TEXT(answer_said(&arena, &then, &now, &o, "id-1", &accepted),
               "web: approve refused: step 2 asks for no approval (NothingToApprove)", "refused");
    assert_false(accepted);
    s.r.status.last_action.outcome = "Accepted";
    CHECK_TEXT(answer_said(&arena, &then, &now, &o, "id-1", &accepted),
               "web: approved step 2 of revision 42", "accepted");
    assert_true(accepted);
    assert_true(order_of(&arena, &then, VERB_ABORT, NULL, NULL, &o, &why));
    CHECK_TEXT(order_said(&arena, &then, &o), "web: revision 42 goes back to 41", "abort");
}

static void test_restart(void **unused)
{
    struct facts f;

    (void)unused;
    state_rest(&s);
    facts_of(&s.w, &f);
    assert_null(restart_refused(&arena, &f));
    state_condition(&s, COND_BRAKE_ARMED, "False", "NotInstalled", "It would roll.");
    assert_non_null(strstr(restart_refused(&arena, &f), "NotInstalled"));
    state_gating(&s);
    facts_of(&s.w, &f);
    assert_non_null(strstr(restart_refused(&arena, &f), "sluice abort web"));
    state_aborted(&s);
    facts_of(&s.w, &f);
    assert_non_null(strstr(restart_refused(&arena, &f), "sluice retry web"));
    state_rest(&s);
    s.r.spec.target = NULL;
    CHECK_TEXT(restart_refused(&arena, &f),
               "web names no Deployment in spec.targetRef: see sluice get web", "no target");
}

static void test_ids(void **unused)
{
    char a[ACTION_ID_MAX], b[ACTION_ID_MAX];

    (void)unused;
    action_id(a);
    action_id(b);
    assert_int_equal(strlen(a), 36);
    assert_int_equal(a[14], '4');
    assert_string_not_equal(a, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_promoted), cmocka_unit_test(test_in_flight),
        cmocka_unit_test(test_person),   cmocka_unit_test(test_taken_back),
        cmocka_unit_test(test_stalled),  cmocka_unit_test(test_not_seen),
        cmocka_unit_test(test_patches),  cmocka_unit_test(test_answers),
        cmocka_unit_test(test_restart),  cmocka_unit_test(test_ids),
    };

    return cmocka_run_group_tests(tests, start, end);
}

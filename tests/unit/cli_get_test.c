/* SPDX-License-Identifier: Apache-2.0 */
/* The screens of `sluice get`, `list`, `history`, `traffic`: those of api.md 7 to the letter, and
 * what happens in between. */
#include "cli_golden.h"
#include "cli_states.h"

static struct state s;

static void screen_at(struct screen *out, int width, int64_t now)
{
    screen_init(out, width, now);
}

static void get_as(const char *name, int width, int64_t now, bool verbose)
{
    struct screen out;

    screen_at(&out, width, now);
    out.verbose = verbose;
    screen_get(&out, &s.w, NULL);
    golden_narrow(&out);
    golden(name, &out);
}

/* --- the mock-ups ----------------------------------------------------------------------------- */

static void test_rest(void **unused)
{
    (void)unused;
    state_rest(&s);
    get_as("get-rest", 80, NOW, false);
    get_as("get-rest-verbose", 80, NOW, true);
}

static void test_gating(void **unused)
{
    (void)unused;
    state_gating(&s);
    get_as("get-gating", 80, NOW, false);
    s.fresh.image = "registry.example.com/team/web:1.9.0";
    get_as("get-gating-160", 160, NOW, false);
}

static void test_aborted(void **unused)
{
    (void)unused;
    state_aborted(&s);
    get_as("get-aborted", 80, NOW, false);
}

static void test_approval(void **unused)
{
    (void)unused;
    state_approval(&s);
    get_as("get-approval", 80, NOW_APPROVAL, false);
    s.w.rs_count = 2;
    s.fresh.replicas = s.fresh.st_ready = 10;
    get_as("get-approval-revisions", 80, NOW_APPROVAL, false);
}

static void test_list(void **unused)
{
    static struct state shop, web, worker;
    const struct rollout *all[] = {&shop.r, &web.r, &worker.r};
    struct screen out;

    (void)unused;
    state_approval(&shop);
    state_gating(&web);
    state_rest(&worker);
    worker.r.meta.name = "worker";
    worker.r.meta.created_ms = NOW - 3 * DAY_MS;
    worker.r.status.display.strategy = "Rolling";
    worker.r.status.display.ready = "6/6";
    worker.r.status.display.message = "worker runs revision 17 on 6/6 pods.";
    screen_at(&out, 80, NOW);
    screen_list(&out, all, 3, false, false);
    golden("list", &out);
    screen_at(&out, 160, NOW);
    screen_list(&out, all, 3, true, true);
    golden("list-wide", &out);
}

/* --- other moments ---------------------------------------------------------------------------- */

static void test_capacity(void **unused)
{
    (void)unused;
    state_gating(&s);
    s.r.status.display.status = "Progressing";
    s.r.status.flight.settled_ms = 0;
    s.r.status.flight.weight_accepted = 5;
    s.r.status.flight.new_ready = s.fresh.st_ready = 1;
    s.pods[10] = (struct pod){.meta = {.name = "web-" NEW "-b7xkd"},
                              .revision = NEW,
                              .node = "node-b",
                              .phase = "Pending",
                              .waiting_reason = "ImagePullBackOff"};
    s.pods[11] = (struct pod){.meta = {.name = "web-" NEW "-aa2lm"},
                              .revision = NEW,
                              .phase = "Pending",
                              .waiting_reason = "Unschedulable"};
    s.w.pod_count = 12;
    s.r.status.awaiting[0] = (struct awaiting){.what = "Capacity",
                                               .message = "1 of 3 new pods ready: ImagePullBackOff",
                                               .since_ms = AT("14:02:10"),
                                               .until_ms = AT("14:12:10"),
                                               .then = "aborts"};
    get_as("get-capacity", 80, NOW, false);
}

static void test_hold(void **unused)
{
    (void)unused;
    state_gating(&s);
    s.r.status.display.status = "Holding";
    s.r.status.flight.settled_ms = NOW - 100 * SECOND_MS;
    s.r.status.awaiting[0] = (struct awaiting){.what = "Hold",
                                               .since_ms = NOW - 100 * SECOND_MS,
                                               .until_ms = NOW + 200 * SECOND_MS,
                                               .then = "goes on",
                                               .message = "the hold of step 2"};
    get_as("get-hold", 80, NOW, false);
}

static void test_decision(void **unused)
{
    (void)unused;
    state_gating(&s);
    s.r.status.display.status = "Decision";
    s.r.status.flight.decision_ms = NOW - MINUTE_MS;
    s.r.status.flight.decision = "gate latency failed (0.41 above 0.3, twice); onFailure is Pause";
    s.r.status.flight.decision_reason = "GateFailed";
    s.r.status.gates[1].verdict = VERDICT_FAIL;
    s.r.status.gates[1].message = "0.41 above 0.3, twice";
    s.r.status.awaiting[0] = (struct awaiting){
        .what = "Decision", .since_ms = NOW - MINUTE_MS, .message = "a person to decide"};
    state_condition(&s, COND_STALLED, "True", "GateFailed", "Gate latency failed.");
    get_as("get-decision", 80, NOW, false);
}

static void test_paused(void **unused)
{
    (void)unused;
    state_gating(&s);
    s.r.spec.paused = true;
    s.r.status.display.status = "Paused";
    s.r.status.awaiting[0] = (struct awaiting){
        .what = "Decision", .name = "paused", .message = "spec.paused to be taken away"};
    get_as("get-paused", 80, NOW, false);
}

static void test_baking(void **unused)
{
    struct flight *fl = &s.r.status.flight;

    (void)unused;
    state_gating(&s);
    s.r.status.display.status = "Baking";
    fl->step = 4;
    fl->committed_ms = fl->step_started_ms = NOW - 4 * MINUTE_MS;
    fl->bake_until_ms = NOW + 6 * MINUTE_MS;
    s.r.status.stable.revision = NEW;
    s.r.status.stable.deployment_revision = 42;
    s.fresh.replicas = s.fresh.st_ready = 10;
    s.r.status.awaiting[0] = (struct awaiting){.what = "Bake",
                                               .since_ms = fl->committed_ms,
                                               .until_ms = fl->bake_until_ms,
                                               .then = "ends",
                                               .message = "the bake to end"};
    get_as("get-baking", 80, NOW, false);
}

static void test_aborting(void **unused)
{
    struct flight *fl = &s.r.status.flight;

    (void)unused;
    state_gating(&s);
    s.r.status.display.status = "Aborting";
    fl->direction = DIRECTION_BACK;
    fl->abort_reason = "aborted by a person";
    s.r.status.awaiting[0] = (struct awaiting){.what = "Drain",
                                               .since_ms = NOW - 10 * SECOND_MS,
                                               .until_ms = NOW + 20 * SECOND_MS,
                                               .then = "its pods go",
                                               .message = "requests in the old pods to end"};
    get_as("get-aborting", 80, NOW, false);
}

/* The planner's phrases begin with names too: still a phrase, not a sentence. */
static void test_settle(void **unused)
{
    (void)unused;
    state_gating(&s);
    s.r.status.display.status = "Progressing";
    s.r.status.awaiting[0] =
        (struct awaiting){.what = "Settle",
                          .name = "web",
                          .since_ms = NOW - SECOND_MS,
                          .until_ms = NOW + SECOND_MS,
                          .message = "HTTPRoute/web to settle after its acceptance"};
    get_as("get-settle", 80, NOW, false);
}

static void test_rolling(void **unused)
{
    static const struct step_spec batches[] = {{.replicas = "20%"}, {.replicas = "60%"}};
    struct flight *fl = &s.r.status.flight;

    (void)unused;
    state_gating(&s);
    s.r.spec.strategy = STRATEGY_ROLLING;
    s.r.spec.traffic_count = 0;
    s.r.spec.steps = batches;
    s.r.spec.step_count = 2;
    s.r.status.display.status = "Progressing";
    fl->regime = REGIME_INSIDE;
    fl->step_count = 3;
    fl->steps[0].replicas = 2;
    fl->steps[1].replicas = 6;
    fl->steps[2].replicas = 9;
    s.fresh.replicas = s.fresh.st_ready = 4;
    s.old.replicas = s.old.st_ready = 9;
    s.r.status.gate_count = s.r.status.pin_count = s.r.status.route_count = 0;
    s.r.status.awaiting[0] = (struct awaiting){
        .what = "Capacity", .message = "4 of 6 new pods ready", .since_ms = AT("14:02:10")};
    get_as("get-rolling", 80, NOW, false);
}

static void test_invalid(void **unused)
{
    static const struct finding findings[] = {
        {.rule = "V9",
         .path = "spec.strategy.canary.steps[2].weight",
         .value = "20",
         .message = "weights must not go down: put the steps in ascending order; to go back use "
                    "abort"},
        {.rule = "V21",
         .path = "spec.gates[name=latency].metric",
         .message = "metric needs a threshold: set min, max or both"}};

    (void)unused;
    state_rest(&s);
    s.r.status.display.status = "Stalled";
    s.r.findings = findings;
    s.r.finding_count = 2;
    state_condition(&s, COND_STALLED, "True", "InvalidSpec", "2 errors: spec.strategy...");
    get_as("get-invalid", 80, NOW, false);
}

static void test_no_brake(void **unused)
{
    (void)unused;
    state_rest(&s);
    s.r.status.display.status = "Stalled";
    state_condition(&s, COND_BRAKE_ARMED, "False", "NotInstalled",
                    "A template change would roll at once, ungated: install the brake policy");
    state_condition(&s, COND_STALLED, "True", "NotInstalled",
                    "A template change would roll at once, ungated: install the brake policy");
    get_as("get-no-brake", 80, NOW, false);
}

static void test_not_attached(void **unused)
{
    (void)unused;
    state_rest(&s);
    s.r.status = (struct rollout_status){0};
    s.w.dep = NULL;
    s.w.rs_count = s.w.pod_count = 0;
    get_as("get-new", 80, NOW, false);
    s.r.status.display.status = "Pending";
    state_condition(&s, COND_TARGET_VALID, "False", "NotComplete",
                    "Deployment web is itself in the middle of a rollout; attaching waits for its "
                    "end.");
    get_as("get-not-complete", 80, NOW, false);
}

static void test_refused(void **unused)
{
    (void)unused;
    state_rest(&s);
    s.r.status.history_count = 0;
    s.r.status.last_action.outcome = "Refused";
    s.r.status.last_action.reason = "NothingInFlight";
    s.r.status.last_action.message = "nothing is in flight";
    s.r.status.last_action.verb = VERB_ABORT;
    s.r.status.last_action.time_ms = NOW - 30 * SECOND_MS;
    get_as("get-refused", 80, NOW, false);
}

static void test_history_and_traffic(void **unused)
{
    struct screen out;

    (void)unused;
    state_aborted(&s);
    screen_at(&out, 80, NOW);
    screen_history(&out, &s.w);
    golden_narrow(&out);
    golden("history", &out);
    state_gating(&s);
    screen_at(&out, 80, NOW);
    screen_traffic(&out, &s.w);
    golden("traffic", &out);
    state_rest(&s);
    screen_at(&out, 80, NOW);
    screen_traffic(&out, &s.w);
    golden("traffic-rest", &out);
}

/* --- what must hold for every screen ---------------------------------------------------------- */

/* Names come from the cluster: they must not steer a terminal. */
static void test_no_escape(void **unused)
{
    struct screen out;

    (void)unused;
    state_gating(&s);
    s.fresh.image = "evil\033[2J\x9b:1";
    s.r.status.gates[0].message = "a\rb\nc \xff";
    screen_at(&out, 80, NOW);
    screen_get(&out, &s.w, "pods: \033]0;x\a");
    assert_null(strchr(screen_text(&out), '\033'));
    assert_null(strchr(screen_text(&out), '\r'));
    assert_null(strchr(screen_text(&out), '\a'));
    assert_null(strchr(screen_text(&out), '\x9b'));
    assert_non_null(strstr(screen_text(&out), "evil?[2J"));
    screen_release(&out);
}

/* Colour only repeats words: without its codes the text is the same. */
static void test_colour(void **unused)
{
    struct screen plain, colour;
    char *bare, *to;

    (void)unused;
    state_gating(&s);
    screen_at(&plain, 80, NOW);
    screen_get(&plain, &s.w, NULL);
    screen_at(&colour, 80, NOW);
    colour.color = true;
    screen_get(&colour, &s.w, NULL);
    to = bare = xstrdup(screen_text(&colour));
    for (const char *p = screen_text(&colour); *p;) {
        if (*p == '\033')
            p += strcspn(p, "m") + 1;
        else
            *to++ = *p++;
    }
    *to = '\0';
    assert_non_null(strchr(screen_text(&colour), '\033'));
    assert_string_equal(bare, screen_text(&plain));
    free(bare);
    screen_release(&plain);
    screen_release(&colour);
}

static void test_where(void **unused)
{
    struct screen out;

    (void)unused;
    state_gating(&s);
    screen_at(&out, 80, NOW);
    out.program = "kubectl sluice";
    out.where = " -n shop";
    screen_get(&out, &s.w, "pods: forbidden");
    golden_narrow(&out);
    golden("get-namespace", &out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rest),      cmocka_unit_test(test_gating),
        cmocka_unit_test(test_aborted),   cmocka_unit_test(test_approval),
        cmocka_unit_test(test_list),      cmocka_unit_test(test_capacity),
        cmocka_unit_test(test_hold),      cmocka_unit_test(test_decision),
        cmocka_unit_test(test_paused),    cmocka_unit_test(test_baking),
        cmocka_unit_test(test_aborting),  cmocka_unit_test(test_settle),
        cmocka_unit_test(test_rolling),   cmocka_unit_test(test_invalid),
        cmocka_unit_test(test_no_brake),  cmocka_unit_test(test_not_attached),
        cmocka_unit_test(test_refused),   cmocka_unit_test(test_history_and_traffic),
        cmocka_unit_test(test_no_escape), cmocka_unit_test(test_colour),
        cmocka_unit_test(test_where),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

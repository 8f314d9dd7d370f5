/* SPDX-License-Identifier: Apache-2.0 */
/* Strategies as steps, and how many pods a step has (api.md 6). */
#include "check.h"
#include "sluice/plan/compile.h"

/* ---- gates of a step ------------------------------------------------------------------------- */

static const char *const smoke[] = {"smoke"}, *const both[] = {"load", "smoke"};

static struct rollout_spec canary(const struct step_spec *steps, size_t count,
                                  const struct gate_spec *gates, size_t gate_count)
{
    return (struct rollout_spec){.strategy = STRATEGY_CANARY,
                                 .steps = steps,
                                 .step_count = count,
                                 .gates = gates,
                                 .gate_count = gate_count};
}

/* A gate that a step names runs there and nowhere else; the others by their phase. */
static void gates_run_where_they_are_named(void **state)
{
    static const struct gate_spec gates[] = {{.name = "smoke", .named_by_step = true},
                                             {.name = "load", .named_by_step = true},
                                             {.name = "errors"},
                                             {.name = "late", .during = PHASE_AFTER_SWITCH}};
    static const struct step_spec steps[] = {
        {.weight = "10", .gates = smoke, .gate_count = 1},
        {.weight = "50"},
        {.weight = "100", .gates = both, .gate_count = 2},
    };
    const struct rollout_spec spec = canary(steps, COUNT(steps), gates, COUNT(gates));
    struct compiled c;

    (void)state;
    compile_steps(&spec, &c);
    assert_int_equal(c.step_count, 3);
    assert_int_equal(c.steps[0].gates, 1U | 4U);
    assert_int_equal(c.steps[1].gates, 4U);
    assert_int_equal(c.steps[2].gates, 1U | 2U | 4U | 8U);
    assert_true(c.steps[2].last && !c.steps[1].last);
    assert_int_equal(c.bake_gates, 4U);
    assert_int_equal(c.start_gates, 0);
}

/* What a step names runs in none that is added, nor where there are no steps to name it. */
static void gates_that_are_named_run_nowhere_else(void **state)
{
    static const struct gate_spec gates[] = {{.name = "smoke", .named_by_step = true},
                                             {.name = "errors"}};
    static const struct step_spec steps[] = {{.weight = "10", .gates = smoke, .gate_count = 1}};
    struct rollout_spec spec = canary(steps, COUNT(steps), gates, COUNT(gates));
    struct compiled c;

    (void)state;
    compile_steps(&spec, &c);
    assert_int_equal(c.step_count, 2);
    assert_int_equal(c.steps[0].gates, 1U | 2U);
    assert_int_equal(c.steps[1].gates, 2U);
    spec.strategy = STRATEGY_BLUE_GREEN;
    compile_steps(&spec, &c);
    assert_int_equal(c.steps[0].gates, 2U);
    assert_int_equal(c.steps[1].gates, 2U);
}

/* More steps than there may be are cut, and the end is still everything. */
static void as_many_steps_as_there_may_be(void **state)
{
    static struct step_spec steps[STEPS_MAX + 5];
    struct rollout_spec spec = canary(steps, 0, NULL, 0);
    struct compiled c;

    (void)state;
    for (size_t i = 0; i < COUNT(steps); i++)
        steps[i].weight = "50";
    for (spec.step_count = STEPS_MAX - 1; spec.step_count <= COUNT(steps); spec.step_count++) {
        compile_steps(&spec, &c);
        CHECK(c.step_count == (int)min_i64((int64_t)spec.step_count, STEPS_MAX) + 1, "%zu: %d",
              spec.step_count, c.step_count);
        CHECK(c.steps[c.step_count - 1].last && c.steps[c.step_count - 1].weight_pct == 100, "%zu",
              spec.step_count);
    }
}

/* Whatever the last step says, all requests are the end. */
static void the_end_is_everything(void **state)
{
    static const struct step_spec to_all[] = {{.weight = "100%"}}, part[] = {{.weight = "99"}},
                                  pods[] = {{.replicas = "100%"}}, keeps[] = {{.replicas = "2"}};
    static const struct {
        enum strategy strategy;
        const struct step_spec *step;
        int steps;
    } rows[] = {
        {STRATEGY_CANARY, to_all, 1}, {STRATEGY_CANARY, part, 2},   {STRATEGY_CANARY, keeps, 2},
        {STRATEGY_ROLLING, pods, 1},  {STRATEGY_ROLLING, keeps, 2},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct rollout_spec spec = canary(rows[i].step, 1, NULL, 0);
        struct compiled c;

        spec.strategy = rows[i].strategy;
        compile_steps(&spec, &c);
        CHECK(c.step_count == rows[i].steps, "row %zu: %d", i, c.step_count);
        CHECK(c.steps[c.step_count - 1].last, "row %zu", i);
    }
}

/* A hundred percent in the midst is not the end, and nor is what is no weight. */
static void only_the_last_is_the_last(void **state)
{
    static const struct step_spec twice[] = {{.weight = "100"}, {.weight = "100"}},
                                  dark[] = {{.weight = "50"}, {.replicas = "100%"}};
    struct rollout_spec spec = canary(twice, COUNT(twice), NULL, 0);
    struct compiled c;

    (void)state;
    compile_steps(&spec, &c);
    assert_int_equal(c.step_count, 2);
    assert_true(!c.steps[0].last && c.steps[1].last);
    spec.steps = dark;
    compile_steps(&spec, &c);
    assert_int_equal(c.step_count, 3);
    assert_true(!c.steps[1].last && c.steps[2].last);
}

/* What a step asks for is its own; its weight and pods stand until another says so. */
static void a_step_keeps_what_was_said(void **state)
{
    static const struct step_spec steps[] = {
        {.weight = "10", .replicas = "2", .approve = true, .deadline_ms = 7},
        {.replicas = "3", .hold_ms = 9},
        {.weight = "30", .on_deadline = ON_DEADLINE_PASS},
    };
    static const struct step want[] = {
        {.weight_pct = 10, .replicas = "2", .approve = true, .deadline_ms = 7},
        {.weight_pct = 10, .replicas = "3", .hold_ms = 9, .deadline_ms = 24 * 3600 * 1000},
        {.weight_pct = 30,
         .replicas = "3",
         .deadline_ms = 24 * 3600 * 1000,
         .on_deadline = ON_DEADLINE_PASS},
        {.weight_pct = 100, .replicas = "100%", .deadline_ms = 24 * 3600 * 1000, .last = true},
    };
    const struct rollout_spec spec = canary(steps, COUNT(steps), NULL, 0);
    struct compiled c;

    (void)state;
    compile_steps(&spec, &c);
    assert_int_equal(c.step_count, COUNT(want));
    for (size_t i = 0; i < COUNT(want); i++) {
        const struct step *s = &c.steps[i], *w = &want[i];

        CHECK_TEXT(s->replicas, w->replicas, "its pods");
        CHECK(s->weight_pct == w->weight_pct, "%zu: weight %d", i, s->weight_pct);
        CHECK(s->hold_ms == w->hold_ms && s->deadline_ms == w->deadline_ms, "%zu: times", i);
        CHECK(s->approve == w->approve && s->last == w->last, "%zu: approve or last", i);
        CHECK(s->on_deadline == w->on_deadline, "%zu: on deadline", i);
    }
}

/* Where the pods are, and what the traffic follows. */
static void each_strategy_has_its_place(void **state)
{
    static const struct traffic_spec route = {.router = "gatewayAPI", .name = "web"};
    static const struct step_spec half[] = {{.weight = "50"}};
    static const struct {
        struct rollout_spec spec;
        enum regime regime;
        enum traffic_by by;
    } rows[] = {
        {{.strategy = STRATEGY_BLUE_GREEN}, REGIME_OUTSIDE, TRAFFIC_PIN},
        {{.strategy = STRATEGY_CANARY, .steps = half, .step_count = 1},
         REGIME_OUTSIDE,
         TRAFFIC_PODS},
        {{.strategy = STRATEGY_CANARY,
          .steps = half,
          .step_count = 1,
          .traffic = &route,
          .traffic_count = 1},
         REGIME_OUTSIDE,
         TRAFFIC_ROUTE},
        {{.strategy = STRATEGY_ROLLING, .traffic = &route, .traffic_count = 1},
         REGIME_INSIDE,
         TRAFFIC_PODS},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct compiled c;

        compile_steps(&rows[i].spec, &c);
        CHECK(c.regime == rows[i].regime && c.by == rows[i].by, "row %zu: %d by %d", i, c.regime,
              c.by);
    }
}

/* Before the switch there is the preview, and a person may be asked; after it there is all. */
static void blue_green_is_two_steps(void **state)
{
    static const struct gate_spec gates[] = {{.name = "at rest", .during = PHASE_BAKE},
                                             {.name = "before", .during = PHASE_BEFORE_SWITCH},
                                             {.name = "after", .during = PHASE_AFTER_SWITCH},
                                             {.name = "queue", .during = PHASE_START},
                                             {.name = "bake", .during = PHASE_BAKE},
                                             {.name = "lead", .during = PHASE_START}};
    const struct rollout_spec spec = {.strategy = STRATEGY_BLUE_GREEN,
                                      .preview_replicas = "2",
                                      .switch_approve = true,
                                      .gates = gates,
                                      .gate_count = COUNT(gates)};
    struct compiled c;

    (void)state;
    compile_steps(&spec, &c);
    assert_int_equal(c.step_count, 2);
    assert_string_equal(c.steps[0].replicas, "2");
    assert_string_equal(c.steps[1].replicas, "100%");
    assert_true(c.steps[0].weight_pct == 0 && c.steps[1].weight_pct == 100);
    assert_true(c.steps[0].approve && !c.steps[1].approve);
    assert_true(!c.steps[0].last && c.steps[1].last);
    assert_int_equal(c.steps[0].gates, 2U);
    assert_int_equal(c.steps[1].gates, 4U);
    assert_int_equal(c.start_gates, 8U | 32U);
    assert_int_equal(c.bake_gates, 1U | 16U);
}

/* Rolling without steps is one. */
static void without_steps_there_is_one(void **state)
{
    struct rollout_spec spec = {.strategy = STRATEGY_ROLLING};
    struct compiled c;

    (void)state;
    compile_steps(&spec, &c);
    assert_int_equal(c.step_count, 1);
    assert_string_equal(c.steps[0].replicas, "100%");
}

/* ---- pods of a step -------------------------------------------------------------------------- */

static void counts(void **state)
{
    static const struct {
        const char *text;
        int n, want;
    } rows[] = {{"3", 10, 3},
                {"25%", 10, 3},
                {"25%", 8, 2},
                {"0", 10, 0},
                {"100%", 7, 7},
                {"x", 7, 7},
                {NULL, 7, 7},
                {"", 7, 7},
                {"-4", 7, 0},
                {"1%", 1, 1},
                {"1%", 101, 2},
                {"100%", 1000, 1000},
                {"99999999999", 7, COUNT_MAX},
                {"99999999999%", 1000, COUNT_MAX}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(count_of(rows[i].text, rows[i].n) == rows[i].want, "%s of %d: %d",
              rows[i].text ? rows[i].text : "(null)", rows[i].n, count_of(rows[i].text, rows[i].n));
    assert_true(count_of("99999999999999%", 7) > 0); /* no overflow */
    assert_int_equal(percent_of("0"), 0);
    assert_int_equal(percent_of("-3"), 0);
    assert_int_equal(percent_of("25%"), 25);
    assert_int_equal(percent_of("300"), 100);
    assert_int_equal(percent_of(NULL), 0);
}

/* As the Deployment controller resolves them: surge up, unavailable down, never both 0. */
static void rooms(void **state)
{
    static const struct {
        const char *surge, *unavailable;
        int n;
        struct surge want;
    } rows[] = {{NULL, NULL, 10, {3, 2}}, {"0", "25%", 3, {0, 1}}, {"0", "0", 4, {0, 1}},
                {"50%", "0", 3, {2, 0}},  {"2", "3", 2, {2, 2}},   {"0", "50%", 4, {0, 2}},
                {"1", "1%", 99, {1, 0}},  {"1", "-2", 4, {1, 0}},  {"0", "150%", 4, {0, 4}},
                {"1", "12", 20, {1, 12}}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct deployment d = {.replicas = rows[i].n,
                                     .max_surge = rows[i].surge,
                                     .max_unavailable = rows[i].unavailable};
        const struct surge s = surge_of(&d);

        CHECK(s.surge == rows[i].want.surge && s.unavailable == rows[i].want.unavailable,
              "row %zu: %d up, %d down", i, s.surge, s.unavailable);
    }
}

static void pods_of_a_step(void **state)
{
    static const struct {
        const char *name;
        enum regime regime;
        enum traffic_by by;
        struct step step;
        int n, want;
    } rows[] = {
        {"a route's weight, rounded up", REGIME_OUTSIDE, TRAFFIC_ROUTE, {.weight_pct = 20}, 4, 1},
        {"more pods than the weight",
         REGIME_OUTSIDE,
         TRAFFIC_ROUTE,
         {.weight_pct = 20, .replicas = "3"},
         4,
         3},
        {"fewer do not do",
         REGIME_OUTSIDE,
         TRAFFIC_ROUTE,
         {.weight_pct = 50, .replicas = "1"},
         4,
         2},
        {"a dark launch", REGIME_OUTSIDE, TRAFFIC_ROUTE, {.weight_pct = 0, .replicas = "2"}, 4, 2},
        {"no weight, no pods", REGIME_OUTSIDE, TRAFFIC_ROUTE, {.weight_pct = 0}, 4, 0},
        {"never more than all",
         REGIME_OUTSIDE,
         TRAFFIC_ROUTE,
         {.weight_pct = 20, .replicas = "9"},
         4,
         4},
        {"a share of the pods", REGIME_OUTSIDE, TRAFFIC_PODS, {.weight_pct = 20}, 8, 2},
        {"a share of few", REGIME_OUTSIDE, TRAFFIC_PODS, {.weight_pct = 1}, 3, 1},
        {"pods without a share",
         REGIME_OUTSIDE,
         TRAFFIC_PODS,
         {.weight_pct = 0, .replicas = "2"},
         4,
         2},
        {"no share yet, and no pods named: one",
         REGIME_OUTSIDE,
         TRAFFIC_PODS,
         {.weight_pct = 0},
         4,
         1},
        {"all", REGIME_OUTSIDE, TRAFFIC_PODS, {.weight_pct = 100}, 4, 4},
        {"a preview", REGIME_OUTSIDE, TRAFFIC_PIN, {.replicas = "50%"}, 4, 2},
        {"one beside stable at least", REGIME_INSIDE, TRAFFIC_PODS, {.replicas = "100%"}, 4, 3},
        {"one new at least", REGIME_INSIDE, TRAFFIC_PODS, {.replicas = "0"}, 4, 1},
        {"of one, by surge", REGIME_INSIDE, TRAFFIC_PODS, {.replicas = "50%"}, 1, 1},
        {"a weight, rounded up to a pod", REGIME_OUTSIDE, TRAFFIC_ROUTE, {.weight_pct = 1}, 101, 2},
        {"... not beyond", REGIME_OUTSIDE, TRAFFIC_ROUTE, {.weight_pct = 1}, 100, 1},
        {"... of many", REGIME_OUTSIDE, TRAFFIC_ROUTE, {.weight_pct = 100}, 1000, 1000},
        {"a share of many", REGIME_OUTSIDE, TRAFFIC_PODS, {.weight_pct = 20}, 1000, 250},
        {"a share, rounded up", REGIME_OUTSIDE, TRAFFIC_PODS, {.weight_pct = 5}, 30, 2},
        {"... and down", REGIME_OUTSIDE, TRAFFIC_PODS, {.weight_pct = 5}, 28, 1},
        {"... half of many is up", REGIME_OUTSIDE, TRAFFIC_PODS, {.weight_pct = 20}, 6, 2},
        {"... a bit less is not", REGIME_OUTSIDE, TRAFFIC_PODS, {.weight_pct = 1}, 148, 1},
        {"... half is up", REGIME_OUTSIDE, TRAFFIC_PODS, {.weight_pct = 60}, 1, 1},
        {"a share says how many, whatever is named",
         REGIME_OUTSIDE,
         TRAFFIC_PODS,
         {.weight_pct = 20, .replicas = "3"},
         8,
         2},
        {"none named is one",
         REGIME_OUTSIDE,
         TRAFFIC_PODS,
         {.weight_pct = 0, .replicas = "0"},
         4,
         1},
        {"a preview of one at least", REGIME_OUTSIDE, TRAFFIC_PIN, {.replicas = "0"}, 4, 1},
        {"... and of all at most", REGIME_OUTSIDE, TRAFFIC_PIN, {.replicas = "9"}, 4, 4},
        {"of none", REGIME_OUTSIDE, TRAFFIC_PODS, {.weight_pct = 50}, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct deployment d = {.replicas = rows[i].n};
        const struct compiled c = {
            .regime = rows[i].regime, .by = rows[i].by, .steps = {rows[i].step}, .step_count = 1};

        CHECK(step_replicas(&c, &d, 1) == rows[i].want, "%s: %d", rows[i].name,
              step_replicas(&c, &d, 1));
        CHECK(step_replicas(&c, &d, 0) == 0 && step_replicas(&c, &d, 2) == 0, "%s", rows[i].name);
    }
}

/* A single pod is beside another where a surge has room for it; two share what they are. */
static void inside_without_surge(void **state)
{
    const struct compiled c = {
        .regime = REGIME_INSIDE, .steps = {{.replicas = "50%"}}, .step_count = 1};

    (void)state;
    for (int32_t n = 1; n <= 3; n++) {
        const struct deployment d = {.replicas = n, .max_surge = "0"};

        CHECK(step_replicas(&c, &d, 1) == n - 1, "%d: %d", n, step_replicas(&c, &d, 1));
    }
}

static void shares(void **state)
{
    const struct compiled route = {
        .by = TRAFFIC_ROUTE, .steps = {{.weight_pct = 20}}, .step_count = 1};
    const struct compiled pods = {.by = TRAFFIC_PODS,
                                  .steps = {{.weight_pct = 20}, {.weight_pct = 100, .last = true}},
                                  .step_count = 2};
    const struct compiled pin = {
        .by = TRAFFIC_PIN, .steps = {{0}, {.weight_pct = 100}}, .step_count = 2};
    const struct compiled batches = {.regime = REGIME_INSIDE,
                                     .by = TRAFFIC_PODS,
                                     .steps = {{.weight_pct = 100, .last = true}},
                                     .step_count = 1};

    (void)state;
    assert_int_equal(share_permille(&route, 1, 1, 4), 200);
    assert_int_equal(share_permille(&pods, 1, 1, 2), 333);
    assert_int_equal(share_permille(&pods, 1, 2, 1), 667);
    assert_int_equal(share_permille(&pin, 1, 1, 2), 0);
    assert_int_equal(share_permille(&pin, 2, 1, 2), 1000);
    assert_int_equal(share_permille(&pods, 1, 0, 0), 0);
    assert_int_equal(share_permille(&pods, 2, 1, 1), 1000);
    assert_int_equal(share_permille(&batches, 1, 3, 1), 750);
    assert_int_equal(share_permille(&pods, 0, 1, 1), 0);
    assert_int_equal(share_permille(&pods, 3, 1, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gates_run_where_they_are_named),
        cmocka_unit_test(gates_that_are_named_run_nowhere_else),
        cmocka_unit_test(as_many_steps_as_there_may_be),
        cmocka_unit_test(the_end_is_everything),
        cmocka_unit_test(only_the_last_is_the_last),
        cmocka_unit_test(a_step_keeps_what_was_said),
        cmocka_unit_test(each_strategy_has_its_place),
        cmocka_unit_test(blue_green_is_two_steps),
        cmocka_unit_test(without_steps_there_is_one),
        cmocka_unit_test(counts),
        cmocka_unit_test(rooms),
        cmocka_unit_test(pods_of_a_step),
        cmocka_unit_test(inside_without_surge),
        cmocka_unit_test(shares),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

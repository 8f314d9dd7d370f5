/* SPDX-License-Identifier: Apache-2.0 */
/* `sluice plan` and `sluice lint`: the mock-ups of api.md 7, the tables of api.md 6, and what
 * objects in the same files say about each other. */
#include "cli_golden.h"
#include "cli_states.h"
#include "lint.h"

static struct state s;

/* --- plan ------------------------------------------------------------------------------------- */

static void plan_as(const char *name, int width)
{
    struct screen out;

    screen_init(&out, width, NOW);
    screen_plan(&out, &s.w);
    golden_narrow(&out);
    golden(name, &out);
}

static void test_plan(void **unused)
{
    (void)unused;
    state_rest(&s);
    s.r.spec.bake_ms = 0;
    plan_as("plan", 80);
    plan_as("plan-160", 160);
}

static void test_plan_more(void **unused)
{
    static const struct step_spec batches[] = {{.replicas = "20%", .hold_ms = MINUTE_MS},
                                               {.replicas = "60%"}};

    (void)unused;
    state_rest(&s);
    s.r.spec.traffic_count = 0;
    s.gates[1].during = PHASE_START;
    plan_as("plan-pods", 80);
    state_rest(&s);
    s.r.spec.strategy = STRATEGY_ROLLING;
    s.r.spec.traffic_count = s.r.spec.gate_count = 0;
    s.r.spec.steps = batches;
    s.r.spec.step_count = 2;
    plan_as("plan-rolling", 80);
    state_approval(&s);
    s.d.replicas = 1000;
    plan_as("plan-blue-green", 80);
}

/* --- lint ------------------------------------------------------------------------------------- */

/* The findings of the mock-up, as the validator gives them; the file is not needed for its text. */
static void test_lint_mock(void **unused)
{
    static const struct {
        int line;
        struct finding f;
    } found[] = {
        {13,
         {"V9", "spec.strategy.canary.steps[2].weight", NULL, "20",
          "weights must not go down: put the steps in ascending order; to go back use abort",
          false}},
        {15,
         {"V13", "spec.strategy.canary.steps[3].gates[0]", NULL, "\"smok\"",
          "a step names a gate that is not in spec.gates: add the gate or correct the name (did "
          "you mean \"smoke\"?)",
          false}},
        {22,
         {"V21", "spec.gates[name=latency].metric", "spec.gates[1].metric", NULL,
          "metric needs a threshold: set min, max or both", false}},
    };
    struct lint_finding list[COUNT(found)];
    struct manifest_file file = {.name = "web.yaml"};
    struct manifests m = {.files = &file, .file_count = 1};
    const struct lint l = {
        .m = &m, .found = list, .count = COUNT(found), .errors = 3, .rollouts = 1};
    struct screen out;

    (void)unused;
    for (size_t i = 0; i < COUNT(found); i++)
        list[i] = (struct lint_finding){.line = found[i].line, .f = found[i].f};
    screen_init(&out, 80, NOW);
    screen_lint(&out, &l);
    golden("lint", &out);
}

static void lint_files_as(const char *golden_name, const char *const *names, size_t count,
                          int errors, int warnings)
{
    struct manifests m;
    struct lint l;
    struct screen out;

    manifests_init(&m);
    for (size_t i = 0; i < count; i++) {
        char path[100];
        auto_free char *text = NULL;
        size_t len = 0;
        struct err e = {0};
        snprintf(path, sizeof(path), "tests/cli/manifests/%s", names[i]);
        CHECK(file_read(path, MANIFEST_BYTES_MAX, &text, &len, &e), "%s", e.text);
        manifests_add(&m, names[i], text, len);
    }
    lint_init(&l, &m);
    lint_files(&l);
    screen_init(&out, 80, NOW);
    screen_lint(&out, &l);
    golden(golden_name, &out);
    CHECK(l.errors == errors && l.warnings == warnings, "%s: %d errors, %d warnings", golden_name,
          l.errors, l.warnings);
    lint_release(&l);
    manifests_release(&m);
}

static void test_lint_files(void **unused)
{
    static const char *const wrong[] = {"wrong.yaml"}, *const app[] = {"web.yaml", "app.yaml"},
                             *const broken[] = {"broken.yaml", "web.yaml"},
                             *const pods[] = {"pods.yaml"}, *const refused[] = {"refused.yaml"};

    (void)unused;
    lint_files_as("lint-wrong", wrong, 1, 3, 0);
    lint_files_as("lint-app", app, 2, 3, 1);
    lint_files_as("lint-broken", broken, 2, 1, 0);
    lint_files_as("lint-pods", pods, 1, 2, 4);
    lint_files_as("lint-refused", refused, 1, 4, 0);
}

static void test_lines(void **unused)
{
    static const char text[] = "apiVersion: v1\n"
                               "kind: List\n"
                               "items:\n"
                               "- kind: Service\n"
                               "  metadata: {name: a}\n"
                               "- apiVersion: sluice.dev/v1beta1\n"
                               "  kind: Rollout\n"
                               "  metadata: {name: web}\n"
                               "  spec:\n"
                               "    targetRef: {name: web}\n"
                               "    strategy: {rolling: {}}\n"
                               "    gates:\n"
                               "    - name: a\n"
                               "      approval: {}\n"
                               "    - name: b\n"
                               "      approval: {}\n";
    static const struct {
        const char *path;
        int line;
    } rows[] = {{"spec.gates[1].approval", 16},
                {"spec.gates[0]", 13},
                {"spec.targetRef.name", 10},
                {"spec.strategy.rolling.steps", 11}};
    struct manifests m;

    (void)unused;
    manifests_init(&m);
    manifests_add(&m, "-", text, strlen(text));
    assert_int_equal(m.doc_count, 2);
    assert_string_equal(m.files[0].name, "stdin");
    assert_true(manifest_is_rollout(&m.docs[1]));
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(manifest_line(&m.docs[1], rows[i].path) == rows[i].line, "%s: %d", rows[i].path,
              manifest_line(&m.docs[1], rows[i].path));
    assert_string_equal(manifests_world(&m, &m.docs[1])->rollout->spec.target, "web");
    manifests_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan),      cmocka_unit_test(test_plan_more),
        cmocka_unit_test(test_lint_mock), cmocka_unit_test(test_lint_files),
        cmocka_unit_test(test_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

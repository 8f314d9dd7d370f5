/* SPDX-License-Identifier: Apache-2.0 */
/* `sluice simulate`: what a release would do, as text, JSON and a picture, and how it ended. */
#include "cli_golden.h"

#include "cli.h"
#include "lapse.h"

static const struct play {
    const char *name, *files, *scenario;
    enum exit_code code;
} plays[] = {
    {"simulate", "shop.yaml", NULL, EXIT_GOOD},
    {"simulate-errors", "shop.yaml", "new version has 2 % errors\n", EXIT_TAKEN_BACK},
    {"simulate-metrics-down", "shop.yaml", "at 3m metrics down\n", EXIT_PERSON},
    {"simulate-bad-day", "shop.yaml",
     "# all in one release\nwhen Holding step 2: operator down for 2m\nnode lost at 4m\n"
     "at 5m route reset\n",
     EXIT_GOOD},
    {"simulate-held", "shop-blue-green.yaml", NULL, EXIT_PERSON},
    {"simulate-approved", "shop-blue-green.yaml", "when Approval approve\nwhen Baking undo\n",
     EXIT_TAKEN_BACK},
    {"simulate-never-ready", "shop-blue-green.yaml", "new version never ready\n", EXIT_TAKEN_BACK},
};

static void read_files(struct manifests *m, const char *name)
{
    char path[100];
    auto_free char *text = NULL;
    size_t len = 0;
    struct err e = {0};

    manifests_init(m);
    snprintf(path, sizeof(path), "tests/cli/manifests/%s", name);
    CHECK(file_read(path, MANIFEST_BYTES_MAX, &text, &len, &e), "%s", e.text);
    manifests_add(m, name, text, len);
}

static const struct manifest *rollout_in(const struct manifests *m)
{
    for (size_t i = 0; i < m->doc_count; i++)
        if (manifest_is_rollout(&m->docs[i]))
            return &m->docs[i];
    return NULL;
}

static void run(struct lapse *l, struct manifests *m, const struct play *r)
{
    struct err e = {0};

    read_files(m, r->files);
    CHECK(lapse_run(l, m, rollout_in(m), r->scenario, &e), "%s: %s", r->name, e.text);
    CHECK(!l->broken, "%s: %s", r->name, l->broken);
    CHECK(l->code == r->code, "%s: %d, %s", r->name, (int)l->code, l->end);
}

static void test_timelines(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT(plays); i++) {
        struct manifests m;
        struct screen out;
        struct lapse l;

        run(&l, &m, &plays[i]);
        screen_init(&out, 80, SIM_BIRTH_MS);
        screen_lapse(&out, &l);
        golden(plays[i].name, &out);
        lapse_release(&l);
        manifests_release(&m);
    }
}

/* The same release as programs read it: every point in its order, parts that add up. */
static void test_json(void **unused)
{
    auto_strbuf struct strbuf out = {.max = SCREEN_BYTES_MAX};
    auto_json cJSON *doc = NULL;
    struct manifests m;
    struct lapse l;
    struct err e = {0};
    int64_t before = -1, points = 0;

    (void)unused;
    run(&l, &m, &plays[1]);
    lapse_json(&out, &l);
    doc = json_parse(strbuf_str(&out), out.len, &e);
    CHECK(doc != NULL, "%s", e.text);
    assert_string_equal(json_str(doc, "outcome"), "aborted");
    assert_int_equal(json_i64(doc, "exitCode", -1), EXIT_TAKEN_BACK);
    JSON_EACH(point, json_at(doc, "points")) {
        CHECK(json_i64(point, "ms", -1) >= before, "%d", (int)points);
        assert_in_range(json_i64(point, "sharePermille", -1), 0, 50);
        assert_int_equal(json_i64(point, "old", -1), 10);
        before = json_i64(point, "ms", -1);
        points++;
    }
    assert_true(points > 5);
    assert_int_equal(json_i64(doc, "tookMs", 0), l.took_ms);
    lapse_release(&l);
    manifests_release(&m);
}

/* One file that loads nothing; an image cannot smuggle a tag into it. */
static void test_html(void **unused)
{
    const struct play evil = {"evil", "shop.yaml",
                              "image app:<script>alert(1)</script>\nnew version has 2 % errors\n",
                              EXIT_TAKEN_BACK};
    auto_strbuf struct strbuf out = {.max = SCREEN_BYTES_MAX};
    struct manifests m;
    struct lapse l;

    (void)unused;
    run(&l, &m, &evil);
    lapse_html(&out, &l);
    assert_null(strstr(strbuf_str(&out), "<script"));
    assert_non_null(strstr(strbuf_str(&out), "&lt;script&gt;"));
    assert_null(strstr(strbuf_str(&out), "http"));
    assert_null(strstr(strbuf_str(&out), "src="));
    assert_non_null(strstr(strbuf_str(&out), "gate errors"));
    lapse_release(&l);
    manifests_release(&m);
    strbuf_reset(&out);
    run(&l, &m, &plays[1]);
    lapse_html(&out, &l);
    golden_text("simulate-errors-html", strbuf_str(&out));
    lapse_release(&l);
    manifests_release(&m);
}

/* What cannot be simulated says what to write instead. */
static void test_refused(void **unused)
{
    static const struct {
        const char *files, *scenario, *says;
    } wrong[] = {
        {"web.yaml", NULL, "Deployment web is not in the files: add its manifest with -f"},
        {"refused.yaml", NULL,
         "refused.yaml:4: spec.template: template is required: add the labels and containers of "
         "the "
         "pods: see sluice lint"},
        {"shop.yaml", "nod lost\n",
         "scenario: line 1: \"nod lost\" is nothing that can happen (did you mean \"node lost\"?)"},
        {"shop.yaml", "at soon metrics down\n",
         "scenario: line 1: the time is not like 30s, 5m or 1h"},
        {"shop.yaml", "\n# nothing\nscale to many\n",
         "scenario: line 3: \"scale to many\": many is no number"},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct manifests m;
        struct lapse l;
        struct err e = {0};

        read_files(&m, wrong[i].files);
        assert_false(lapse_run(&l, &m, rollout_in(&m), wrong[i].scenario, &e));
        CHECK_TEXT(e.text, wrong[i].says, wrong[i].files);
        lapse_release(&l);
        manifests_release(&m);
    }
}

/* simulate has formats of its own. */
static void test_formats(void **unused)
{
    static const struct {
        const char *command, *format;
        bool taken;
    } forms[] = {{"simulate", "html", true},
                 {"simulate", "json", true},
                 {"simulate", "wide", false},
                 {"get", "html", false},
                 {"get", "json", true}};

    (void)unused;
    for (size_t i = 0; i < COUNT(forms); i++) {
        char command[16], format[16], flag[] = "-o", message[512];
        char *argv[] = {command, flag, format};
        const struct command *c;
        struct options o;

        snprintf(command, sizeof command, "%s", forms[i].command);
        snprintf(format, sizeof format, "%s", forms[i].format);
        CHECK(options_parse(3, argv, &o, &c, message, sizeof message) == forms[i].taken, "%s -o %s",
              command, format);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timelines), cmocka_unit_test(test_json),
        cmocka_unit_test(test_html),      cmocka_unit_test(test_refused),
        cmocka_unit_test(test_formats),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* cli_files_fuzz.c - any file given to lint, plan and simulate: findings that name their place,
 * words that a terminal may be given, a release in which no promise is broken, and JSON that
 * parses.
 *
 * YAML, or a List in JSON, {"kind":"List","items":[...],"scenario":"what happens in simulate"}. */
#include "lapse.h"
#include "lint.h"
#include "screens.h"
#include "sluice/model/validate.h"

#define REPLICAS_MAX 12 /* more only take longer */
#define BYTES_MAX    ((size_t)64 * 1024)

static void open_screen(struct screen *s, int width)
{
    screen_init(s, width, SIM_BIRTH_MS);
    s->program = "sluice";
    s->where = "";
}

static void check_lint(struct manifests *m)
{
    struct screen s;
    struct lint l;

    lint_init(&l, m);
    lint_files(&l);
    for (size_t i = 0; i < l.count; i++) {
        CHECK(l.found[i].file < m->file_count && l.found[i].line >= 0, "%zu", l.found[i].file);
        CHECK(!str_empty(l.found[i].f.message), "finding %zu says nothing", i);
    }
    CHECK(l.errors >= 0 && l.warnings >= 0 && (size_t)l.errors + (size_t)l.warnings == l.count,
          "%d errors, %d warnings, %zu findings", l.errors, l.warnings, l.count);
    open_screen(&s, WIDTH_DEFAULT);
    screen_lint(&s, &l);
    check_screen(&s);
    lint_release(&l);
}

static bool valid(struct manifests *m, const struct manifest *d)
{
    const struct finding *findings = NULL;
    const size_t count = validate_manifest(&m->a, d->json, &findings);

    for (size_t i = 0; i < count; i++)
        if (!findings[i].warning)
            return false;
    return true;
}

/* As `plan -f` does, where it does not ask for --replicas. */
static void check_plan(const struct world *w)
{
    struct screen s;

    open_screen(&s, WIDTH_DEFAULT);
    screen_plan(&s, w);
    check_screen(&s);
}

static void check_lapse(const struct lapse *l)
{
    auto_strbuf struct strbuf json = {.max = SCREEN_BYTES_MAX}, html = {.max = SCREEN_BYTES_MAX};
    struct screen s;

    CHECK(!l->broken, "a promise is broken: %s", l->broken);
    CHECK(!str_empty(l->end), "no end");
    open_screen(&s, WIDTH_DEFAULT);
    screen_lapse(&s, l);
    check_screen(&s);
    lapse_json(&json, l);
    check_json(strbuf_str(&json));
    lapse_html(&html, l);
    check_words(strbuf_str(&html));
    CHECK(!strstr(strbuf_str(&html), "<script"), "a script: %s", strbuf_str(&html));
}

static void check_simulate(struct manifests *m, const struct manifest *d, const char *scenario)
{
    struct err e = {0};
    struct lapse l;

    if (lapse_run(&l, m, d, scenario, &e))
        check_lapse(&l);
    else
        CHECK(e.kind != ERR_NONE && e.text[0] && !says_null(e.text, strlen(e.text)), "%s", e.text);
    lapse_release(&l);
}

static void check_rollout(struct manifests *m, const struct manifest *d, const char *scenario)
{
    const struct world *w = manifests_world(m, d);

    CHECK(w->rollout, "no Rollout");
    if (w->dep && valid(m, d))
        check_plan(w);
    if (!w->dep || w->dep->replicas <= REPLICAS_MAX)
        check_simulate(m, d, scenario);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const char *const text = (const char *)data;
    auto_json cJSON *doc = NULL;
    struct manifests m;
    size_t rollouts = 0;

    if (len > BYTES_MAX || says_null(text, len))
        return REFUSED;
    doc = json_parse(text, len, NULL);
    manifests_init(&m);
    manifests_add(&m, "web.yaml", text, len);
    check_lint(&m);
    for (size_t i = 0; i < m.doc_count && !m.files[0].broken; i++)
        if (manifest_is_rollout(&m.docs[i]) && rollouts++ == 0)
            check_rollout(&m, &m.docs[i], json_str(doc, "scenario"));
    manifests_release(&m);
    return rollouts ? 0 : REFUSED;
}

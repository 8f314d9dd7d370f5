/* SPDX-License-Identifier: Apache-2.0 */
/* Releases as they are read: tests/sim/stories/NAME.txt holds what happened to a Rollout, and each
 * write that the planner made of it, with the numbers that matter. A change of src/plan that is no
 * change of behaviour leaves them as they are; any other shows here what it changes.
 *
 * SLUICE_GOLDEN_WRITE=1 writes the files anew; look at the difference before you keep it. */
#include "sim_bed.h"
#include "sim_releases.h"

#include "sluice/base/file.h"

#define STORY_BYTES_MAX ((size_t)64 * 1024)

/* One more than the reference releases have: told below under their names. */
struct story {
    const char *name; /* of the file, and of the release in sim_releases.h unless `own` is there */
    const char *title;
    const struct release *own;
    const char *surge, *unavailable; /* of the Deployment; NULL: 1 and 0 */
};

static const struct release outage = {
    "", CANARY_ROUTE, 4, "image app:v2\nwhen Gating step 2 operator down for 30s", NULL, NULL};
static const struct release reset = {
    "", CANARY_ROUTE, 4, "image app:v2\nwhen Gating step 2 route reset", NULL, NULL};
static const struct release resumed = {
    "", BLUE_GREEN, 4, "image app:v2\nwhen Gating step 1 deployment resumed", NULL, NULL};
static const struct release promoted = {
    "", CANARY_ROUTE, 4, "image app:v2\nwhen Gating step 1 promote", NULL, NULL};

static const struct release no_surge = {"", ROLLING, 4, "image app:v2", NULL, NULL};
static const struct release fence_lost = {
    "", CANARY_ROUTE, 4, "image app:v2\nwhen Gating step 2 fence deleted", NULL, NULL};
static const struct release stable_lost = {
    "", CANARY_PODS, 4, "image app:v2\nwhen Gating step 1 stable replicaset deleted", NULL, NULL};

static const struct story stories[] = {
    {.name = "blue-green",
     .title = "A new version beside the old one; the Service is switched at once."},
    {.name = "blue-green-approve", .title = "The same, but a person says when."},
    {.name = "blue-green-undo",
     .title = "Back to the old version, which is still warm, while the new one bakes."},
    {.name = "blue-green-bad", .title = "The new version fails its gate: users never saw it."},
    {.name = "blue-green-never", .title = "The new version never gets ready."},
    {.name = "blue-green-revert",
     .title = "It fails, and the Deployment gets its old template back."},
    {.name = "blue-green-twice", .title = "A third version comes while the second is judged."},
    {.name = "blue-green-deleted", .title = "The Rollout is deleted in the midst of a release."},
    {.name = "blue-green-resumed",
     .title = "Somebody resumes the Deployment in flight: the dead man answers.",
     .own = &resumed},
    {.name = "canary-pods", .title = "Traffic by the share of pods."},
    {.name = "canary-pods-grows", .title = "The Deployment is scaled up half way."},
    {.name = "canary-route", .title = "Traffic by the weights of a route."},
    {.name = "canary-route-abort", .title = "A person aborts at half of the traffic."},
    {.name = "canary-route-back", .title = "The old template is put back by hand, or by Git."},
    {.name = "canary-route-retry",
     .title = "It fails its gate, the gate is mended, and a person tries again."},
    {.name = "canary-route-theirs",
     .title = "The route has weights and rules of its own, which come back."},
    {.name = "canary-route-paused", .title = "A person stops it for a while."},
    {.name = "canary-route-outage",
     .title = "The operator is away for half a minute.",
     .own = &outage},
    {.name = "canary-route-reset", .title = "Somebody sets the route back.", .own = &reset},
    {.name = "canary-route-promoted", .title = "A person leaves the steps out.", .own = &promoted},
    {.name = "rolling", .title = "Within the Deployment's own surge, step by step."},
    {.name = "rolling-no-surge",
     .title = "Without surge: an old pod goes before a new one comes.",
     .own = &no_surge,
     .surge = "0",
     .unavailable = "1"},
    {.name = "canary-route-no-fence",
     .title = "Somebody deletes the flight record half way.",
     .own = &fence_lost},
    {.name = "canary-pods-no-stable",
     .title = "Somebody deletes the stable ReplicaSet half way.",
     .own = &stable_lost},
    {.name = "rolling-bad", .title = "The first new pods fail their gate."},
    {.name = "rolling-twice", .title = "A third version comes while the second is half way."},
};

struct teller {
    struct stage *st;
    struct strbuf text;
    int64_t began_ms;
};

/* ---- one line -------------------------------------------------------------------------------- */

/* ReplicaSets by their image, which a reader knows. */
static const char *object_name(struct stage *st, const struct action *act)
{
    struct sim_object *o =
        act->target == TARGET_REPLICASET ? sim_find(&st->s, SIM_REPLICASET, act->name) : NULL;

    return o ? ((const struct replicaset *)sim_view(o))->image : act->name;
}

/* How many pods of each image are available. */
static void tell_pods(struct teller *t)
{
    for (struct sim_object *o = t->st->s.objects; o; o = o->next) {
        const struct replicaset *rs = o->kind == SIM_REPLICASET ? sim_view(o) : NULL;

        if (rs && (rs->replicas || rs->st_replicas))
            strbuf_addf(&t->text, " %s%s %d/%d", rs->of ? "~" : "",
                        rs->image && strchr(rs->image, ':') ? strchr(rs->image, ':') + 1 : "?",
                        rs->st_available, rs->replicas);
    }
}

/* Every number that a request sets under this name: as a member, or by a patch of its path. */
static void tell_set(struct teller *t, const cJSON *body, const char *name, const char *before)
{
    const char *path = json_str(body, "path"), *last = path ? strrchr(path, '/') : NULL;
    int64_t n = json_i64(json_key(body, name) ? body : NULL, name, -1);

    if (last && str_equal(last + 1, name) && !str_equal(json_str(body, "op"), "test"))
        n = json_i64(body, "value", -1);
    if (n >= 0)
        strbuf_addf(&t->text, "%s%d", before, (int)n);
    JSON_EACH(item, body) {
        tell_set(t, item, name, before);
    }
}

static const char *image_of(struct stage *st, const char *revision)
{
    for (struct sim_object *o = st->s.objects; o; o = o->next) {
        const struct replicaset *rs = o->kind == SIM_REPLICASET ? sim_view(o) : NULL;

        if (rs && str_equal(rs->revision, revision))
            return rs->image;
    }
    return revision;
}

static void tell_decision(struct teller *t, const struct rollout_status *now)
{
    const struct flight *fl = &now->flight;

    strbuf_addf(&t->text, " %s", now->display.status);
    if (fl->present)
        strbuf_addf(&t->text, ", %s %s, step %d, weight %d",
                    fl->direction == DIRECTION_BACK ? "back from" : "on to",
                    image_of(t->st, fl->revision), fl->step, fl->weight_accepted);
}

/* The essential numbers of a request, by kind. */
static void tell_numbers(struct teller *t, const struct plan *plan, const struct action *act)
{
    struct err e = {0};
    auto_json cJSON *body = act->body ? json_parse(act->body, strlen(act->body), &e) : NULL;
    const cJSON *selector = json_at(body, "spec.selector");

    if (act->act == ACT_DECIDE)
        tell_decision(t, plan->status);
    else if (act->target == TARGET_ROUTE)
        tell_set(t, body, "weight", " weight ");
    else if (act->act == ACT_RS_SCALE || act->act == ACT_RS_CREATE)
        tell_set(t, body, "replicas", " to ");
    else if (act->act == ACT_SERVICE_PIN)
        strbuf_addf(&t->text, " to %s",
                    image_of(t->st, json_str(json_key(selector, LABEL_REVISION), "")));
}

static void tell_write(void *arg, const struct plan *plan, const struct action *act,
                       enum sim_fault fault UNUSED)
{
    struct teller *t = arg;

    if (act->act == ACT_REPORT)
        return;
    strbuf_addf(&t->text, "%7.2f  %-16s %-14s %s", (double)(t->st->s.now_ms - t->began_ms) / 1000,
                plan->rule, act_name(act->act), object_name(t->st, act));
    tell_numbers(t, plan, act);
    strbuf_adds(&t->text, "  (pods:");
    tell_pods(t);
    strbuf_addc(&t->text, ')');
    strbuf_addc(&t->text, '\n');
}

static void tell_event(void *arg, const struct stage_event *event)
{
    struct teller *t = arg;

    strbuf_addf(&t->text, "%7.2f  > %s\n", (double)(t->st->s.now_ms - t->began_ms) / 1000,
                event->line);
}

/* ---- a whole story --------------------------------------------------------------------------- */

static const struct release *release_of(const struct story *story)
{
    if (story->own)
        return story->own;
    for (size_t i = 0; i < COUNT(releases); i++) {
        if (str_equal(releases[i].name, story->name))
            return &releases[i];
    }
    fail_msg("no release %s", story->name);
    return NULL;
}

static void tell_beginning(struct teller *t, const struct story *story, const struct release *r)
{
    struct sim_object *o = sim_find(&t->st->s, SIM_ROLLOUT, "web");
    auto_free char *spec = json_print(json_key(o->doc, "spec"));

    strbuf_addf(&t->text, "# %s\n# Rollout: %s\n# Deployment: %d pods\n", story->title, spec,
                r->replicas ? r->replicas : 4);
    strbuf_adds(&t->text, "# seconds, rule of the planner, write, its object; pods available/wanted"
                          " before it, ~ outside the Deployment\n");
}

static void tell_end(struct teller *t)
{
    const struct rollout_status *status = stage_status(t->st);

    strbuf_addf(&t->text,
                "%7.2f  = %s, template %s, pods:", (double)(t->st->s.now_ms - t->began_ms) / 1000,
                status ? stage_word(t->st) : "no Rollout", stage_image(t->st));
    tell_pods(t);
    if (status && status->history_count)
        strbuf_addf(&t->text, ", history: %s", status->history[0].outcome);
    strbuf_addc(&t->text, '\n');
}

static void play(struct teller *t, const struct story *story)
{
    const struct release *r = release_of(story);
    struct bed_options o = {.spec = r->spec,
                            .replicas = r->replicas,
                            .rules = r->rules,
                            .surge = story->surge,
                            .unavailable = story->unavailable,
                            .apart = true,
                            .sim = {.gate_bad = "bad", .never_ready = "never"}};
    struct outcome out = {0};
    struct scenario script;
    struct err e = {0};

    bed_open(t->st, &o);
    if (r->extra)
        bed_patch(t->st, SIM_ROLLOUT, arena_printf(&t->st->a, "{'spec':%s}", r->extra));
    if (!scenario_parse(&t->st->a, r->script, &script, &e))
        fail_msg("%s: %s", story->name, e.text);
    bed_until(t->st, "Resting", 200000);
    tell_beginning(t, story, r);
    t->began_ms = t->st->s.now_ms;
    t->st->sent = tell_write;
    t->st->happened = tell_event;
    t->st->arg = t;
    stage_begin(t->st, &script);
    CHECK(release_ends(t->st, &out), "%s: %s", story->name, out.trouble);
    tell_end(t);
}

static void keep(const char *path, const struct teller *t)
{
    FILE *f = fopen(path, "w");

    CHECK(f != NULL, "%s", path);
    fputs(strbuf_str(&t->text), f);
    fclose(f);
}

/* The first line that differs, for people. */
static void compare(const char *path, const char *have, const char *want)
{
    size_t line = 1;

    while (*have && strcspn(have, "\n") == strcspn(want, "\n") &&
           strncmp(have, want, strcspn(have, "\n") + 1) == 0) {
        have += strcspn(have, "\n") + 1;
        want += strcspn(want, "\n") + 1;
        line++;
    }
    CHECK(strcmp(have, want) == 0, "%s:%zu:\n  have %.*s\n  want %.*s", path, line,
          (int)strcspn(have, "\n"), have, (int)strcspn(want, "\n"), want);
}

static void told(const struct story *story)
{
    auto_free char *want = NULL;
    struct stage st;
    struct teller t = {.st = &st};
    struct err e = {0};
    char path[120];
    size_t len;

    strbuf_init(&t.text, STORY_BYTES_MAX);
    play(&t, story);
    assert_false(t.text.overflow);
    snprintf(path, sizeof(path), "tests/sim/stories/%s.txt", story->name);
    if (getenv("SLUICE_GOLDEN_WRITE"))
        keep(path, &t);
    CHECK(file_read(path, STORY_BYTES_MAX, &want, &len, &e), "%s: %s", path, e.text);
    compare(path, strbuf_str(&t.text), want);
    strbuf_release(&t.text);
    stage_close(&st);
}

static void as_written(void **state UNUSED)
{
    for (size_t i = 0; i < COUNT(stories); i++)
        told(&stories[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_written)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

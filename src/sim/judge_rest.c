/* SPDX-License-Identifier: Apache-2.0 */
/* judge_rest.c - I13: at rest the users' objects are theirs. */
#include "sluice/sim/judge.h"

#include "sluice/plan/compile.h"

#include <stdlib.h>
#include <string.h>

void sim_judge_forget_resting(struct sim_judge *j)
{
    for (int i = 0; i < j->resting_count; i++)
        free(j->resting[i]);
    j->resting_count = 0;
}

static char *owners_text(const struct sim_object *o)
{
    auto_free char *spec = json_print(json_key(o->doc, "spec"));
    const cJSON *labels = json_at(o->doc, "metadata.labels");
    auto_free char *label_text = labels ? json_print(labels) : xstrdup("{}");
    struct strbuf out;
    char *text;

    strbuf_init(&out, 1 << 22);
    strbuf_addf(&out, "%s %s %s", json_str(o->doc, "metadata.name"), label_text, spec);
    text = xstrdup(strbuf_str(&out));
    strbuf_release(&out);
    return text;
}

static bool is_users(const struct sim_object *o)
{
    return (o->kind == SIM_SERVICE || o->kind == SIM_ROUTE) &&
           !json_key(json_at(o->doc, "metadata.labels"), LABEL_CREATED);
}

void sim_judge_resting(struct sim_judge *j)
{
    sim_judge_forget_resting(j);
    for (const struct sim_object *o = j->s->objects; o; o = o->next) {
        if (is_users(o) && j->resting_count < JUDGE_RESTING_MAX)
            j->resting[j->resting_count++] = owners_text(o);
    }
}

static bool is_resting_text(const struct sim_judge *j, const char *text)
{
    for (int i = 0; i < j->resting_count; i++) {
        if (str_equal(j->resting[i], text))
            return true;
    }
    return false;
}

/* Without the record weights go to stable alone; whether its weight was written is not known. */
static void check_route_rest(struct sim_judge *j, const struct sim_object *o)
{
    struct sim_backend b[SIM_BACKENDS_MAX];
    const char *name = json_str(o->doc, "metadata.name");
    const size_t n = sim_backends(j->s, name, false, b, SIM_BACKENDS_MAX);

    for (size_t i = 0; i < n; i++) {
        if (b[i].weight > 0 && !sim_find(j->s, SIM_SERVICE, b[i].service))
            sim_judge_violation(j, "I13", "at rest route %s has weight on %s, which is not there",
                                name, b[i].service);
    }
}

static void rest_has(struct sim_judge *j, const char *what, bool has, bool wanted)
{
    if (has != wanted)
        sim_judge_violation(j, "I13", "%s is %s at rest", what, wanted ? "missing" : "left");
}

/* brake: Paused keeps the pause, a dead man that names stable, and the finalizer. */
static void check_brake_rest(struct sim_judge *j, const struct sim_object *o, bool paused)
{
    const cJSON *notes = json_at(o->doc, "metadata.annotations");

    if (o->kind == SIM_ROLLOUT)
        rest_has(j, "the finalizer", json_count(json_at(o->doc, "metadata.finalizers")) > 0,
                 paused);
    if (o->kind != SIM_DEPLOYMENT)
        return;
    rest_has(j, "the pause", json_bool(o->doc, "spec.paused", false), paused);
    rest_has(j, "the dead man", json_key(notes, ANNOTATION_DEAD_MAN) != NULL, paused);
    if (paused && !str_equal(json_str(json_key(notes, ANNOTATION_DEAD_MAN), ""),
                             json_str(json_key(notes, ANNOTATION_REVISION), "")))
        sim_judge_violation(j, "I13", "the dead man names another revision than stable's at rest");
}

void sim_judge_rest(struct sim_judge *j)
{
    bool paused = false;

    for (const struct sim_object *o = j->s->objects; o; o = o->next) {
        const char *name = json_str(o->doc, "metadata.name");
        const cJSON *labels = json_at(o->doc, "metadata.labels");

        if (o->kind == SIM_ROUTE && j->record_lost) {
            check_route_rest(j, o);
        } else if (is_users(o)) {
            auto_free char *text = owners_text(o);

            if (!is_resting_text(j, text))
                sim_judge_violation(j, "I13", "at rest it is not as it was: %s", text);
        } else if (o->kind == SIM_SERVICE || o->kind == SIM_FENCE || json_key(labels, LABEL_OF)) {
            sim_judge_violation(j, "I13", "%s is left at rest", name);
        }
        if (o->kind == SIM_ROLLOUT)
            paused = str_equal(json_str(o->doc, "spec.brake"), "Paused");
    }
    for (const struct sim_object *o = j->s->objects; o; o = o->next)
        check_brake_rest(j, o, paused);
}

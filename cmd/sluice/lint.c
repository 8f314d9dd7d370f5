/* SPDX-License-Identifier: Apache-2.0 */
#include "lint.h"
#include "objects.h"
#include "words.h"

#include "sluice/model/validate.h"
#include <stdlib.h>
#include <string.h>

#define HEAD_GAP 2 /* between "web.yaml:13" and the path */

void lint_init(struct lint *l, struct manifests *m)
{
    *l = (struct lint){.m = m};
}

void lint_release(struct lint *l)
{
    free(l->found);
    *l = (struct lint){0};
}

static void add(struct lint *l, size_t file, int line, const struct finding *f)
{
    if (l->count == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 16;
        l->found = xrealloc(l->found, l->cap * sizeof(*l->found));
    }
    l->found[l->count++] = (struct lint_finding){.file = file, .line = line, .f = *f};
    if (f->warning)
        l->warnings++;
    else
        l->errors++;
}

void lint_add(struct lint *l, const struct manifest *d, const struct finding *f)
{
    add(l, d->file, manifest_line(d, f->at ? f->at : f->path), f);
}

static int by_place(const void *a, const void *b)
{
    const struct lint_finding *x = a, *y = b;

    if (x->file != y->file)
        return x->file < y->file ? -1 : 1;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return strcmp(x->f.path, y->f.path);
}

static void by_places(struct lint *l)
{
    if (l->count)
        qsort(l->found, l->count, sizeof(*l->found), by_place);
}

/* --- objects by themselves -------------------------------------------------------------------- */

static const struct manifest *twin_of(const struct lint *l, const struct manifest *d)
{
    if (!*d->name || !(objects_of_kind(d) || manifest_is_rollout(d)))
        return NULL;
    for (const struct manifest *other = l->m->docs; other < d; other++)
        if (strcmp(other->kind, d->kind) == 0 && strcmp(other->name, d->name) == 0 &&
            strcmp(other->ns, d->ns) == 0)
            return other;
    return NULL;
}

/* One would be put over the other: which of the two is meant? */
static void lint_twin(struct lint *l, const struct manifest *d)
{
    const struct manifest *twin = twin_of(l, d);

    if (!twin)
        return;
    lint_add(l, d,
             &(struct finding){
                 .rule = "API",
                 .path = "metadata.name",
                 .value = d->name,
                 .message = arena_printf(&l->m->a,
                                         "%s %s stands at line %d of %s already: keep one of the "
                                         "two",
                                         d->kind, d->name, manifest_line(twin, "metadata.name"),
                                         l->m->files[twin->file].name),
             });
}

void lint_objects(struct lint *l)
{
    for (size_t i = 0; i < l->m->doc_count; i++) {
        struct manifest *d = &l->m->docs[i];
        const struct finding *findings = NULL;
        const size_t count = objects_check(&l->m->a, d, &findings);
        const int errors = l->errors;

        for (size_t j = 0; j < count; j++)
            lint_add(l, d, &findings[j]);
        lint_twin(l, d);
        d->wrong = l->errors > errors;
    }
    by_places(l);
}

/* --- Rollouts --------------------------------------------------------------------------------- */

static bool meets_wrong(const struct lint *l, const struct manifest *rollout)
{
    for (size_t i = 0; i < l->m->doc_count; i++)
        if (l->m->docs[i].wrong && manifest_same_namespace(&l->m->docs[i], rollout))
            return true;
    return false;
}

static void lint_rollout(struct lint *l, const struct manifest *d)
{
    const struct finding *findings = NULL;
    const size_t count = validate_manifest(&l->m->a, d->json, &findings);
    const int errors = l->errors;

    l->rollouts++;
    for (size_t i = 0; i < count; i++)
        lint_add(l, d, &findings[i]);
    /* What it says about other objects is asked once it, and they, are right by themselves. */
    if (l->errors == errors && !meets_wrong(l, d))
        lint_world(l, d, l->world ? l->world(l->world_arg, d) : manifests_world(l->m, d));
}

static void lint_broken(struct lint *l, size_t file)
{
    const struct manifest_file *f = &l->m->files[file];

    add(l, file, f->broken_line,
        &(struct finding){.rule = "YAML", .path = "", .message = f->broken});
}

/* Two Rollouts for one Deployment: the older one wins in a cluster, here nobody knows which. */
static void lint_rival(struct lint *l, const struct manifest *d)
{
    const char *target = json_str(d->json, "spec.targetRef.name");

    for (const struct manifest *other = l->m->docs; other < d; other++) {
        if (!manifest_is_rollout(other) || !target || strcmp(other->ns, d->ns) != 0 ||
            strcmp(other->name, d->name) == 0 || /* a twin */
            !str_equal(json_str(other->json, "spec.targetRef.name"), target))
            continue;
        lint_add(l, d,
                 &(struct finding){
                     .rule = "V30",
                     .path = "spec.targetRef.name",
                     .value = target,
                     .message = arena_printf(&l->m->a,
                                             "Rollout %s has this Deployment already: "
                                             "delete one of the two",
                                             other->name),
                 });
        return;
    }
}

void lint_files(struct lint *l)
{
    for (size_t i = 0; i < l->m->file_count; i++)
        if (l->m->files[i].broken)
            lint_broken(l, i);
    lint_objects(l);
    for (size_t i = 0; i < l->m->doc_count; i++) {
        if (!manifest_is_rollout(&l->m->docs[i]))
            continue;
        lint_rollout(l, &l->m->docs[i]);
        lint_rival(l, &l->m->docs[i]);
    }
    by_places(l);
}

/* --- the screen ------------------------------------------------------------------------------- */

static const char *place(struct screen *s, const struct lint *l, const struct lint_finding *f)
{
    const char *file = l->m->files[f->file].name;

    return f->line ? word(s, "%s:%d", file, f->line) : file;
}

/* Message lines begin where the paths do, and stand in one column for a whole file. */
static int message_column(struct screen *s, const struct lint *l, size_t file)
{
    int width = 0;

    for (size_t i = 0; i < l->count; i++)
        if (l->found[i].file == file)
            width = (int)max_i64(width, text_width(place(s, l, &l->found[i])));
    return (int)min_i64(width + HEAD_GAP, s->width / 2);
}

static void put_path(struct screen *s, const struct finding *f)
{
    put_styled(s, f->warning ? STYLE_WARN : STYLE_BAD, f->path);
    if (f->value)
        putf(s, ": %s", f->value);
}

static void put_message(struct screen *s, int column, const struct finding *f)
{
    put_spaces(s, column);
    put_block(s, BLOCK_MARGIN, f->warning ? word(s, "warning: %s", f->message) : f->message);
    new_line(s);
}

static void put_file_end(struct screen *s, const struct lint *l, size_t file)
{
    int errors = 0, warnings = 0;

    for (size_t i = 0; i < l->count; i++)
        if (l->found[i].file == file) {
            errors += !l->found[i].f.warning;
            warnings += l->found[i].f.warning;
        }
    putf(s, "%s: %s", l->m->files[file].name,
         errors || !warnings ? errors ? words_count(&s->a, errors, "error") : "no errors"
                             : words_count(&s->a, warnings, "warning"));
    if (errors && warnings)
        putf(s, ", %s", words_count(&s->a, warnings, "warning"));
    new_line(s);
}

static void put_finding(struct screen *s, const struct lint *l, const struct lint_finding *f)
{
    const int column = message_column(s, l, f->file);

    put(s, place(s, l, f));
    if (has_text(f->f.path)) {
        put_to(s, column);
        put_path(s, &f->f);
    }
    new_line(s);
    put_message(s, column, &f->f);
}

void screen_lint(struct screen *s, const struct lint *l)
{
    for (size_t file = 0; file < l->m->file_count; file++) {
        for (size_t i = 0; i < l->count; i++)
            if (l->found[i].file == file)
                put_finding(s, l, &l->found[i]);
        put_file_end(s, l, file);
    }
    if (!l->rollouts && !l->errors) {
        put(s, "No Rollout of sluice.dev is in these files.");
        new_line(s);
    }
}

void put_findings(struct screen *s, const struct finding *findings, size_t count, size_t most)
{
    for (size_t i = 0; i < count && i < most; i++) {
        put_spaces(s, 2);
        put_path(s, &findings[i]);
        new_line(s);
        put_message(s, 6, &findings[i]);
    }
    if (count > most) {
        putf(s, "  and %zu more (-v)", count - most);
        new_line(s);
    }
}

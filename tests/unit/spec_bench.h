/* SPDX-License-Identifier: Apache-2.0 */
/* spec_bench.h - Rollouts from a spec in a line of YAML, and what is said of them. */
#ifndef SLUICE_TESTS_UNIT_SPEC_BENCH_H
#define SLUICE_TESTS_UNIT_SPEC_BENCH_H

#include "../../src/model/spec.h"
#include "model_lib.h"
#include "sluice/json/yaml.h"

static struct arena arena;

static inline int begin(void **state UNUSED)
{
    arena_init(&arena);
    return 0;
}

static inline int end(void **state UNUSED)
{
    arena_release(&arena);
    return 0;
}

/* A Rollout whose spec is this YAML in flow style. */
static inline const struct rollout *rollout_of(const char *spec)
{
    const char *text = arena_printf(&arena, "metadata: {name: web}\nspec: %s\n", spec);
    struct yaml_doc *docs;
    struct err e = {0};
    size_t count;

    CHECK(yaml_read(&arena, text, strlen(text), &docs, &count, &e), "%s: %s", spec, e.text);
    auto_object struct object o = object_of(docs[0].json);
    return rollout_read(&arena, o.doc, o.text, o.len);
}

static inline const char *finding_at(const struct rollout *r, const char *path)
{
    for (size_t i = 0; i < r->finding_count; i++) {
        if (str_equal(r->findings[i].path, path))
            return r->findings[i].message;
    }
    return NULL;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "spec.h"

#include <string.h>

size_t validate_spec(struct arena *a, const cJSON *spec, const struct finding **findings)
{
    struct spec_doc doc;
    struct checker c;

    spec_doc_init(&doc);
    checker_init(&c, a, "spec");
    checker_walk(&c, spec, &spec_shape, &doc);
    return checker_finish(&c, spec, false, findings);
}

size_t validate_manifest(struct arena *a, const cJSON *manifest, const struct finding **findings)
{
    struct spec_doc doc;
    struct checker c;

    spec_doc_init(&doc);
    checker_init(&c, a, "");
    checker_walk(&c, manifest, &manifest_shape, &doc);
    return checker_finish(&c, manifest, false, findings);
}

/* The target as the API server compares it: with the defaults filled in. */
static bool same_target(const struct spec_doc *x, const struct spec_doc *y)
{
    if (!str_equal(x->target_api_version, y->target_api_version) ||
        !str_equal(x->spec.target, y->spec.target))
        return false;
    /* There is one kind, filled in together with the version. */
    assert(str_equal(x->target_kind, y->target_kind));
    return true;
}

size_t validate_change(struct arena *a, const cJSON *old_spec, const cJSON *new_spec,
                       const struct finding **findings)
{
    const struct finding *unused;
    struct spec_doc old_doc, new_doc;
    struct checker c;

    spec_doc_init(&old_doc);
    spec_doc_init(&new_doc);
    checker_init(&c, a, "spec");
    checker_walk(&c, old_spec, &spec_shape, &old_doc);
    checker_finish(&c, old_spec, false, &unused);
    checker_init(&c, a, "spec");
    checker_walk(&c, new_spec, &spec_shape, &new_doc);
    if (!same_target(&old_doc, &new_doc)) {
        const struct path_mark mark = enter(&c, "targetRef");

        note(&c, "V1", json_key(new_spec, "targetRef"), "%s", validate_rule_message("V1"));
        leave(&c, mark);
    }
    return checker_finish(&c, new_spec, false, findings);
}

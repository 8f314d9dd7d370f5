/* SPDX-License-Identifier: Apache-2.0 */
/* rollout.c - a whole Rollout: spec checked and decoded, status as written last. */
#include "read.h"
#include "spec.h"

#include <string.h>

static bool has_finalizer(const cJSON *o)
{
    JSON_EACH(item, json_at(o, "metadata.finalizers")) {
        if (str_equal(json_str(item, ""), FINALIZER_FLIGHT))
            return true;
    }
    return false;
}

static void read_spec(struct arena *a, const cJSON *spec, struct rollout *r)
{
    struct spec_doc doc;
    struct checker c;

    spec_doc_init(&doc);
    checker_init(&c, a, "spec");
    checker_walk(&c, spec, &spec_shape, &doc);
    r->finding_count = checker_finish(&c, spec, true, &r->findings);
    r->spec = doc.spec;
    r->spec.unknown_field = c.unknown_field;
}

/* Once for each state of a Rollout, of which there are fewer than plans. */
static uint64_t mark(const struct rollout_status *status)
{
    struct arena scratch = {0};
    const uint64_t mark = status_mark(status_write(&scratch, status));

    arena_release(&scratch);
    return mark;
}

void rollout_read_to(struct arena *a, const cJSON *o, const char *raw, size_t len,
                     struct rollout *r)
{
    const cJSON *status = json_key(o, "status");

    *r = (struct rollout){0};
    meta_read(a, o, &r->meta);
    r->has_finalizer = has_finalizer(o);
    read_spec(a, json_key(o, "spec"), r);
    status_read_raw(a, status, raw ? json_slice(raw, len, "status") : (struct jslice){0},
                    &r->status);
    r->status_mark = mark(&r->status);
}

struct rollout *rollout_read(struct arena *a, const cJSON *o, const char *raw, size_t len)
{
    struct rollout *r = ARENA_NEW(a, struct rollout);

    rollout_read_to(a, o, raw, len, r);
    return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* intern.c - templates kept once. A Deployment, its newest ReplicaSet and, in flight, the record
 * have the same bytes, and every event about one brings them again: they are found instead of
 * hashed. */
#include "read.h"
#include "sluice/base/map.h"
#include "sluice/model/template.h"

#include <stdlib.h>
#include <string.h>

struct shared {
    struct pod_template is;
    size_t users; /* arenas */
    char raw[];
};

static struct map templates; /* raw -> struct shared */

static void give_up(void *arg)
{
    struct shared *t = arg;

    if (--t->users > 0)
        return;
    map_remove(&templates, t->raw);
    free(t);
    if (templates.count == 0)
        map_release(&templates);
}

static struct shared *make(struct arena *a, struct jslice tmpl)
{
    struct shared *t = xcalloc(1, sizeof(*t) + tmpl.len + 1);

    memcpy(t->raw, tmpl.p, tmpl.len);
    t->is.raw = t->raw;
    template_digest(tmpl, t->is.digest);
    map_put_lent(&templates, t->raw, t);
    a->bytes += sizeof(*t) + tmpl.len + 1; /* of the first that has it */
    return t;
}

const struct pod_template *template_intern(struct arena *a, struct jslice tmpl)
{
    static const struct pod_template none;
    auto_strbuf struct strbuf key = {.max = SIZE_MAX / 2};
    struct shared *t;

    if (!raw_is_there(tmpl))
        return &none;
    strbuf_add(&key, tmpl.p, tmpl.len);
    t = map_get(&templates, strbuf_str(&key));
    if (!t)
        t = make(a, tmpl);
    t->users++;
    arena_at_release(a, give_up, t);
    return &t->is;
}

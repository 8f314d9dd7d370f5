/* SPDX-License-Identifier: Apache-2.0 */
#include "patch.h"

#include <string.h>

#define PATCH_BYTES_MAX (4u * 1024 * 1024) /* above any object that the API server takes */

void patch_begin(struct patch *p, struct arena *a, const struct meta *meta)
{
    *p = (struct patch){.a = a};
    strbuf_init(&p->out, PATCH_BYTES_MAX);
    strbuf_addc(&p->out, '[');
    if (!str_empty(meta->uid))
        json_fmt_to(&p->out, "{'op':'test','path':'/metadata/uid','value':%q}", meta->uid);
    if (!str_empty(meta->rv)) {
        patch_next(p);
        json_fmt_to(&p->out, "{'op':'test','path':'/metadata/resourceVersion','value':%q}",
                    meta->rv);
    }
}

void patch_next(struct patch *p)
{
    if (p->out.len > 1)
        strbuf_addc(&p->out, ',');
}

void patch_test_name(struct patch *p, const struct backend *b)
{
    patch_next(p);
    json_fmt_to(&p->out, "{'op':'test','path':'/spec/rules/%d/backendRefs/%d/name','value':%q}",
                b->rule, b->index, b->service);
}

char *patch_end(struct patch *p)
{
    char *text = NULL;

    strbuf_addc(&p->out, ']');
    if (p->changes && !p->out.overflow)
        text = arena_strndup(p->a, p->out.p, p->out.len);
    strbuf_release(&p->out);
    return text;
}

/* --- copies --------------------------------------------------------------------------------- */

/* Sorted, and without its weight. */
static char *weightless(struct arena *a, const char *raw)
{
    auto_strbuf struct strbuf out = {.max = PATCH_BYTES_MAX};

    json_canonical(&out, json_slice(raw, strlen(raw), ""), "weight");
    return arena_strndup(a, strbuf_str(&out), out.len);
}

static char *renamed(struct arena *a, const char *backend, const char *service)
{
    return json_splice(a, json_slice(backend, strlen(backend), ""), "", "name", service);
}

char *backend_copy(struct arena *a, const struct backend *b, const char *service, int weight)
{
    const char *named = renamed(a, weightless(a, b->raw), service);

    /* Never empty: it has a name. */
    return arena_printf(a, "{\"weight\":%d,%s", weight, named + 1);
}

bool backend_is_copy(struct arena *a, const struct backend *b, const struct backend *of)
{
    return str_equal(weightless(a, b->raw), renamed(a, weightless(a, of->raw), b->service));
}

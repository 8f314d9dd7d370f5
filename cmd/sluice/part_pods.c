/* SPDX-License-Identifier: Apache-2.0 */
/* part_pods.c - single pods: at rest a few of stable's, in flight those of the new revision that
 * are not ready; all of them with -v. */
#include "facts.h"
#include "words.h"

#include <stdlib.h>
#include <string.h>

#define PODS_SHOWN   2 /* at rest */
#define BROKEN_SHOWN 3 /* in flight */
#define POD_INDENT   8 /* below the revision's name */

static const char *state_of(const struct pod *p)
{
    if (p->meta.deleting_ms)
        return "terminating";
    if (p->ready)
        return "ready";
    if (has_text(p->waiting_reason))
        return p->waiting_reason;
    return str_equal(p->phase, "Pending") ? "pending" : "not ready";
}

static int trouble_rank(const struct pod *p)
{
    return p->meta.deleting_ms ? 2 : p->ready ? 1 : 0;
}

/* What needs eyes comes first, then by name. */
static int by_trouble(const void *a, const void *b)
{
    const struct pod *x = *(const struct pod *const *)a, *y = *(const struct pod *const *)b;
    const int rank = trouble_rank(x) - trouble_rank(y);

    return rank ? rank : strcmp(str_name(x->meta.name), str_name(y->meta.name));
}

struct chosen {
    const struct pod **pods;
    size_t count, hidden;
};

static struct chosen pods_of(struct screen *s, const struct facts *f, const char *revision,
                             bool broken_only)
{
    struct chosen c = {.pods = ARENA_ARRAY(&s->a, const struct pod *, f->w->pod_count + 1)};

    for (size_t i = 0; i < f->w->pod_count; i++) {
        const struct pod *p = f->w->pods[i];
        if (str_equal(p->revision, revision) && !(broken_only && trouble_rank(p) != 0))
            c.pods[c.count++] = p;
    }
    qsort(c.pods, c.count, sizeof(const struct pod *), by_trouble);
    return c;
}

static void cut(struct chosen *c, size_t most)
{
    if (c->count > most) {
        c->hidden = c->count - most;
        c->count = most;
    }
}

static void put_pods(struct screen *s, const struct chosen *c)
{
    struct table t;

    table_init(&t, s, POD_INDENT);
    for (int i = 0; i < 4; i++)
        table_column(&t, (struct column){0});
    for (size_t i = 0; i < c->count; i++) {
        const struct pod *p = c->pods[i];
        struct row *r = table_row(&t);
        r->cells[0].text = str_name(p->meta.name);
        r->cells[1] = (struct cell){state_of(p), trouble_rank(p) == 0 ? STYLE_BAD : STYLE_PLAIN};
        r->cells[2].text = has_text(p->node) ? p->node : "no node";
        r->cells[3].text = words_count(&s->a, p->restarts, "restart");
    }
    if (c->hidden)
        table_line(&t, POD_INDENT, STYLE_DIM, word(s, "and %zu more (-v)", c->hidden));
    table_put(&t);
}

static void put_group(struct screen *s, const struct facts *f, const char *revision,
                      const char *heading)
{
    struct chosen c = pods_of(s, f, revision, !s->verbose);

    if (!s->verbose)
        cut(&c, BROKEN_SHOWN);
    if (!c.count)
        return;
    new_line(s);
    putf(s, "    %s", heading);
    new_line(s);
    put_pods(s, &c);
}

void part_pods(struct screen *s, const struct facts *f)
{
    const char *fresh = f->flight ? f->flight->revision : f->rejected;
    struct chosen c;

    if (f->flight || f->aborted) {
        put_group(s, f, fresh,
                  s->verbose ? "Pods of the new revision:"
                             : "Pods of the new revision that are not ready:");
        if (s->verbose)
            put_group(s, f, f->flight ? f->flight->from_revision : f->stable,
                      "Pods of the stable revision:");
        return;
    }
    if (!f->attached)
        return;
    c = pods_of(s, f, f->stable, false);
    if (!s->verbose)
        cut(&c, PODS_SHOWN);
    put_pods(s, &c);
}

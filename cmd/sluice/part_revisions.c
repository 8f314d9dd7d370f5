/* SPDX-License-Identifier: Apache-2.0 */
/* part_revisions.c - the revisions that live now: pods, share of traffic, image. */
#include "facts.h"
#include "words.h"

#include <string.h>

#define WIDE_ENOUGH        120 /* from here on images are written whole */
#define ROUTED_WIDTH       15  /* "100 %, accepted": the column stays as weights move */
#define IMAGE_DIGEST_SHOWN 19  /* "sha256:" and twelve digits */

struct shown_revision {
    const char *revision;
    const char *role;
    bool fresh; /* the one being released or rejected */
};

/* "registry.example.com/team/web:1.9.0" -> "web:1.9.0"; a digest is cut. */
static const char *image_of(struct screen *s, const char *image)
{
    const char *slash, *at;

    if (!has_text(image))
        return "-";
    slash = s->width < WIDE_ENOUGH ? strrchr(image, '/') : NULL;
    image = slash ? slash + 1 : image;
    at = strchr(image, '@');
    if (at && s->width < WIDE_ENOUGH)
        return word(s, "%.*s", (int)(at - image) + 1 + IMAGE_DIGEST_SHOWN, image);
    return image;
}

static const char *ready_of(struct screen *s, const struct facts *f, const struct shown_revision *v)
{
    const struct replicaset *rs = facts_rs(f, v->revision);

    if (rs)
        return word(s, "%d/%d", (int)rs->st_ready, (int)rs->replicas);
    if (f->flight && v->fresh)
        return word(s, "%d/%d", (int)f->flight->new_ready, (int)f->flight->new_replicas);
    if (f->flight)
        return word(s, "%d/%d", (int)f->flight->stable_ready, (int)f->flight->stable_replicas);
    return v->fresh ? "0/0" : has_text(f->st->display.ready) ? f->st->display.ready : "-";
}

/* --- traffic ---------------------------------------------------------------------------------- */

static const char *routed(struct screen *s, const struct facts *f, const struct shown_revision *v)
{
    const int accepted = f->flight            ? f->flight->weight_accepted
                         : f->st->route_count ? f->st->routes[0].accepted
                                              : 0;
    const int desired = facts_desired(f);
    const int now = v->fresh ? accepted : 100 - accepted;

    if (accepted < 0)
        return "not known";
    if (accepted == desired)
        return word(s, "%d %%, accepted", now);
    return word(s, "%d %%, to be %d %%", now, v->fresh ? desired : 100 - desired);
}

/* The pin of the users' Service, NULL when it is not narrowed. */
static const struct pin_state *live_pin(const struct facts *f)
{
    const char *side = f->spec->strategy == STRATEGY_BLUE_GREEN ? f->spec->preview_service
                                                                : f->spec->canary_service;

    for (int i = 0; i < f->st->pin_count; i++)
        if (!str_equal(f->st->pins[i].service, side))
            return &f->st->pins[i];
    return NULL;
}

static const char *pinned(struct screen *s, const struct pin_state *pin,
                          const struct shown_revision *v)
{
    if (!str_equal(pin->revision, v->revision))
        return pin->proved ? "0 %" : "until pinned";
    return word(s, "100 %%, %s", pin->proved ? "pinned" : "to be pinned");
}

static const char *by_pods(struct screen *s, const struct facts *f, const struct shown_revision *v)
{
    int64_t all = 0, mine = 0;

    for (size_t i = 0; i < f->w->rs_count; i++) {
        const struct replicaset *rs = f->w->rs[i];
        all += rs->st_ready;
        if (rs == facts_rs(f, v->revision))
            mine = rs->st_ready;
    }
    return words_part(&s->a, mine, all);
}

static const char *traffic_of(struct screen *s, const struct facts *f,
                              const struct shown_revision *v)
{
    const struct pin_state *pin = live_pin(f);

    if (f->baking || (!f->flight && !f->aborted))
        return str_equal(v->revision, f->stable) ? "100 %" : "0 %";
    if (f->c.by == TRAFFIC_ROUTE)
        return routed(s, f, v);
    if (pin)
        return pinned(s, pin, v);
    if (f->c.by == TRAFFIC_PIN || f->aborted)
        return v->fresh ? "0 %" : "100 %";
    return by_pods(s, f, v);
}

/* --- rows ------------------------------------------------------------------------------------- */

static const char *fresh_role(const struct facts *f)
{
    return f->baking ? "promoted" : f->forward ? "new" : "going back";
}

/* Outside, the pods before stay until the bake ends; rolling has none to keep. */
static const char *old_role(const struct facts *f)
{
    if (!f->baking)
        return "stable";
    return f->c.regime == REGIME_OUTSIDE ? "warm" : "old";
}

static size_t choose(const struct facts *f, struct shown_revision out[static 2])
{
    size_t n = 0;

    if (f->flight)
        out[n++] = (struct shown_revision){f->flight->revision, fresh_role(f), true};
    if (f->aborted)
        out[n++] = (struct shown_revision){f->rejected, "rejected", true};
    if (f->flight && has_text(f->flight->from_revision))
        out[n++] = (struct shown_revision){f->flight->from_revision, old_role(f), false};
    else if (!f->flight && f->attached)
        out[n++] = (struct shown_revision){f->stable, "stable", false};
    return n;
}

static const char *image_name(const struct facts *f, const struct shown_revision *v)
{
    const struct replicaset *rs = facts_rs(f, v->revision);

    if (rs)
        return rs->image;
    /* In flight and after an abort the Deployment's own template is the new one. */
    return v->fresh && f->w->dep ? f->w->dep->image : NULL;
}

static const char *title(struct screen *s, const struct facts *f, const char *revision)
{
    const int64_t number = facts_number(f, revision);

    return number ? word(s, "%lld  %s", (long long)number, revision) : revision;
}

static void add_row(struct table *t, const struct facts *f, const struct shown_revision *v,
                    bool age)
{
    struct screen *s = t->s;
    const struct replicaset *rs = facts_rs(f, v->revision);
    struct row *r = table_row(t);
    size_t i = 0;

    r->cells[i++].text = title(s, f, v->revision);
    r->cells[i++].text = ready_of(s, f, v);
    r->cells[i++].text = traffic_of(s, f, v);
    if (age)
        r->cells[i++].text = rs ? words_age(&s->a, rs->meta.created_ms, s->now_ms) : "";
    r->cells[i++].text = image_of(s, image_name(f, v));
    r->cells[i].text = v->role;
    r->cells[i].style = str_equal(v->role, "rejected") ? STYLE_BAD
                        : v->fresh                     ? STYLE_BOLD
                                                       : STYLE_PLAIN;
}

void part_revisions(struct screen *s, const struct facts *f)
{
    struct shown_revision shown[2];
    const bool moving = f->flight || f->aborted;
    const bool routed_now = moving && !f->baking && f->c.by == TRAFFIC_ROUTE;
    const size_t count = choose(f, shown);
    struct table t;

    /* Without a single ReplicaSet known there is nothing to say that the lines above do not. */
    if (count == 0 || (moving && f->w->rs_count == 0))
        return;
    new_line(s);
    table_init(&t, s, moving ? 4 : 2);
    table_column(&t, (struct column){.head = "REVISION"});
    table_column(&t, (struct column){.head = "READY"});
    table_column(&t, (struct column){.head = "TRAFFIC", .least = routed_now ? ROUTED_WIDTH : 0});
    if (!moving)
        table_column(&t, (struct column){.head = "AGE", .least = 3});
    table_column(&t, (struct column){.head = "IMAGE"});
    table_column(&t, (struct column){0});
    for (size_t i = 0; i < count; i++)
        add_row(&t, f, &shown[i], !moving);
    table_put(&t);
}

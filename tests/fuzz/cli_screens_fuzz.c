/* SPDX-License-Identifier: Apache-2.0 */
/* cli_screens_fuzz.c - every screen of `sluice` on any world that an API server may hold, in every
 * width: words that a terminal may be given, none of them NULL's; an exit code that is one of ours;
 * and -o json says what the server said. What world.h says. */
#include "live.h"
#include "outlook.h"
#include "screens.h"
#include "sluice/plan/plan.h"
#include "world.h"

static const int widths[] = {WIDTH_MIN, WIDTH_DEFAULT, WIDTH_MAX};

typedef void draw_fn(struct screen *s, const struct maker *m);

static void draw_get(struct screen *s, const struct maker *m)
{
    screen_get(s, &m->w, NULL);
}

static void draw_get_in_part(struct screen *s, const struct maker *m)
{
    struct world w = m->w;

    w.rs_count = w.pod_count = 0;
    screen_get(s, &w, "replicasets: forbidden");
}

static void draw_get_alone(struct screen *s, const struct maker *m)
{
    const struct world w = {.rollout = m->w.rollout};

    screen_get(s, &w, "deployments: forbidden");
}

static void draw_history(struct screen *s, const struct maker *m)
{
    screen_history(s, &m->w);
}

static void draw_traffic(struct screen *s, const struct maker *m)
{
    screen_traffic(s, &m->w);
}

static void draw_list(struct screen *s, const struct maker *m)
{
    const struct rollout *const rows[] = {m->w.rollout, m->w.rollout};

    screen_list(s, rows, COUNT(rows), s->verbose, s->width > WIDTH_DEFAULT);
}

static void draw_plan(struct screen *s, const struct maker *m)
{
    if (m->w.dep) /* else the command asks for --replicas */
        screen_plan(s, &m->w);
}

static void draw_plan_next(struct screen *s, const struct maker *m)
{
    struct arena a = {0};

    screen_plan_next(s, plan_rollout(&a, &m->w, m->now_ms));
    arena_release(&a);
}

static void check_draw(const struct maker *m, draw_fn *draw)
{
    for (size_t i = 0; i < COUNT(widths); i++) {
        struct screen s;

        screen_init(&s, widths[i], m->now_ms);
        s.program = "kubectl sluice";
        s.where = " -n shop";
        s.verbose = i == 1;
        draw(&s, m);
        check_screen(&s);
    }
}

static void check_outlook(const struct maker *m)
{
    static const struct vigil seen = {"s1-82343883"};
    struct arena a = {0};

    for (int i = 0; i < 2; i++) {
        struct vigil vigil = i ? seen : (struct vigil){0};
        const struct outlook o = outlook_of(&a, &m->w, &vigil, m->now_ms);

        CHECK(o.code <= EXIT_STALLED && o.code != EXIT_USAGE, "%d", (int)o.code);
        CHECK(!str_empty(o.line), "no answer");
        CHECK(!says_null(o.line, strlen(o.line)), "%s", o.line);
        CHECK(memchr(vigil.revision, '\0', sizeof(vigil.revision)), "a revision without end");
    }
    const char *late = outlook_timeout(&a, &m->w, INT64_C(90000));
    CHECK(!says_null(late, strlen(late)), "%s", late);
    arena_release(&a);
}

/* Indented, and else the same. */
static void check_object(const cJSON *object, const char *raw, size_t len, void *arg UNUSED)
{
    auto_strbuf struct strbuf out = {.max = SCREEN_BYTES_MAX};
    struct err e = {0};

    pretty_json(&out, raw, len);
    auto_json cJSON *again = json_parse(strbuf_str(&out), out.len, &e);
    CHECK(again && json_same(again, object), "%s: %s", e.text, strbuf_str(&out));
}

static void check(struct maker *m, const cJSON *doc, const char *text, size_t len)
{
    static draw_fn *const draws[] = {draw_get,     draw_get_in_part, draw_get_alone,
                                     draw_history, draw_traffic,     draw_list,
                                     draw_plan,    draw_plan_next};

    for (size_t i = 0; i < COUNT(draws); i++)
        check_draw(m, draws[i]);
    check_outlook(m);
    items_each(doc, text, len, check_object, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    return maker_try(data, len, check);
}

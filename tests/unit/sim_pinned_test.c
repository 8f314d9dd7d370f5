/* SPDX-License-Identifier: Apache-2.0 */
/* What the status says of pins: where each Service was decided to go, what of that is proved, and
 * when the drain of those who served before began (I12). */
#include "sim_scene.h"

#include "sluice/model/names.h"

/* In whatever order others wrote them, and one of a Service that is away. */
static void pins_in_order(struct scene *sc, const char *const *names, const char *side)
{
    struct rollout_status *st = &sc->r.status;

    for (st->pin_count = 0; names[st->pin_count]; st->pin_count++)
        st->pins[st->pin_count] = (struct pin_state){
            names[st->pin_count],
            str_equal(names[st->pin_count], "web-preview") ? st->flight.revision : side, true};
    scene_told(sc);
}

static const struct pin_state *told_pin(const struct plan *p, const char *name)
{
    for (int i = 0; i < p->status->pin_count; i++) {
        if (str_equal(p->status->pins[i].service, name))
            return &p->status->pins[i];
    }
    fail_msg("no pin of %s", name);
    return NULL;
}

static struct scene *switching(const char *const *lines, enum act before)
{
    return scene_at("switch", SWITCH, lines, before);
}

static void pin_to(struct scene *sc, struct service *s, const char *revision)
{
    struct pair *pairs = ARENA_ARRAY(&sc->a, struct pair, s->selector.count);

    for (size_t i = 0; i < s->selector.count; i++) {
        pairs[i] = s->selector.pairs[i];
        if (str_equal(pairs[i].key, LABEL_REVISION))
            pairs[i].value = revision;
    }
    s->selector.pairs = pairs;
    s->pin = revision;
}

/* All go over at once, also one that is away; nothing of what was proved is so any more, and the
 * old pods have had requests until now. */
static void a_switch_is_told_whole(void **state UNUSED)
{
    const char *const names[] = {"gone", "web-preview", "web", NULL};
    struct scene *sc = switching((const char *const[]){"image app:v2", "-> Approval", NULL}, 0);
    struct rollout_status *st = &sc->r.status;
    const char *fresh = st->flight.revision;
    const struct plan *p;

    pins_in_order(sc, names, st->stable.revision);
    st->flight.steps[0].approved = true;
    st->flight.drained_ms = 5;
    p = scene_plan(sc);
    assert_int_equal(p->action.act, ACT_DECIDE);
    assert_int_equal(p->status->pin_count, 3);
    for (size_t i = 0; names[i]; i++)
        CHECK_TEXT(told_pin(p, names[i])->revision, fresh, names[i]);
    assert_false(told_pin(p, "web")->proved);
    assert_int_equal(p->status->flight.drained_ms, 0);
    st->flight.step = 2;
    st->flight.steps[0].ended_ms = 5;
    st->flight.settled_ms = 0;
    pin_to(sc, scene_active(sc), fresh); /* by somebody, nobody knows when */
    p = scene_plan(sc);
    assert_string_equal(told_pin(p, "web")->revision, fresh);
    assert_int_equal(p->status->flight.drained_ms, 0);
    scene_close(sc);
}

/* When nothing is left to be kept from users only the other side stays pinned. */
static void what_is_over_is_told_of_no_more(void **state UNUSED)
{
    const char *const names[] = {"web", "web-preview", "gone", NULL};
    struct scene *sc = switching(
        (const char *const[]){"image app:v2", "-> Approval", "abort", NULL}, ACT_SERVICE_UNPIN);
    const struct plan *p;

    pins_in_order(sc, names, sc->r.status.stable.revision);
    p = scene_plan(sc);
    assert_int_equal(p->action.act, ACT_SERVICE_UNPIN);
    assert_int_equal(p->status->pin_count, 1);
    assert_string_equal(p->status->pins[0].service, "web-preview");
    scene_close(sc);
}

/* Whichever stands first. */
static void a_proof_is_told(void **state UNUSED)
{
    const char *const names[] = {"web", "web-preview", NULL};
    struct scene *sc = switching(
        (const char *const[]){"image app:v2", "-> Approval", "approve", NULL}, ACT_RECORD);
    struct rollout_status *st = &sc->r.status;

    pins_in_order(sc, names, st->flight.revision);
    st->pins[0].proved = st->pins[1].proved = false;
    assert_true(told_pin(scene_plan(sc), "web")->proved);
    assert_true(told_pin(scene_plan(sc), "web-preview")->proved);
    for (size_t i = 0; i < sc->w.slice_count; i++)
        sc->slices[i].pin = NULL;
    assert_false(told_pin(scene_plan(sc), "web")->proved);
    assert_string_equal(scene_plan(sc)->status->display.message,
                        "Waits for the endpoints of the pinned Services.");
    assert_string_equal(scene_plan(sc)->status->display.status, "Progressing");
    scene_close(sc);
}

/* Somebody took the pin off while the old pods drained: they may have had requests since. */
static void a_drain_begins_anew(void **state UNUSED)
{
    struct scene *sc =
        scene_at("drained", CANARY,
                 (const char *const[]){"image app:v2", "-> Approval", "abort", NULL}, ACT_RS_SCALE);
    const struct plan *p;

    assert_true(sc->r.status.flight.drained_ms != 0);
    scene_active(sc)->pin = NULL;
    p = scene_plan(sc);
    assert_int_equal(p->action.act, ACT_DECIDE);
    assert_int_equal(p->status->flight.drained_ms, 0);
    scene_close(sc);
}

/* A strategy without another side pins none. */
static void no_side_no_pin(void **state UNUSED)
{
    struct scene *sc =
        scene_at("rolling", BATCHES, (const char *const[]){"image app:v2", NULL}, ACT_DECIDE);

    assert_true(scene_plan(sc)->status->flight.present);
    assert_int_equal(scene_plan(sc)->status->pin_count, 0);
    scene_close(sc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_switch_is_told_whole), cmocka_unit_test(what_is_over_is_told_of_no_more),
        cmocka_unit_test(a_proof_is_told),        cmocka_unit_test(a_drain_begins_anew),
        cmocka_unit_test(no_side_no_pin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

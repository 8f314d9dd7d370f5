/* SPDX-License-Identifier: Apache-2.0 */
/* The spec is edited in flight: where the release goes on from, what turns it back, and the digest
 * that tells (api.md 2.6). */
#include "../../src/plan/planner.h"
#include "sim_scene.h"

#define STAIRS                                                                                     \
    "{'targetRef':{'name':'web'},'strategy':{'rolling':{'steps':[{'replicas':1,'approve':true},{"  \
    "'replicas':2,'approve':true},{'replicas':3,'approve':true}]}}}"
#define SHARES                                                                                     \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':20,'approve':true},{"    \
    "'weight':40,'approve':true},{'weight':60,'approve':true}]}},'drain':'1s'}"
#define QUEUED                                                                                     \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':20,'approve':true}]}},"  \
    "'drain':'1s','gates':[{'name':'ready','approval':{},'during':['Start']}]}"
#define LEVEL                                                                                      \
    "{'targetRef':{'name':'web'},'strategy':{'rolling':{'steps':[{'replicas':1,'approve':true},{"  \
    "'replicas':'100%%','approve':true},{'replicas':'100%%','approve':true}]}}}"
#define AT_THREE                                                                                   \
    {                                                                                              \
        "image app:v2", "-> Approval", "approve", "-> Approval", "approve", "-> Approval"          \
    }
#define AT_TWO                                                                                     \
    {                                                                                              \
        "image app:v2", "-> Approval", "approve", "-> Approval"                                    \
    }

/* ---- steps ----------------------------------------------------------------------------------- */

#define PODS(n, ...)                                                                               \
    {                                                                                              \
        .replicas = n, .approve = true, __VA_ARGS__                                                \
    }
#define SHARE(n, ...)                                                                              \
    {                                                                                              \
        .weight = n, .approve = true, __VA_ARGS__                                                  \
    }
#define HELD_1S .hold_ms = 1000

static const struct edit_row {
    const char *name, *spec, *lines[8];
    struct step_spec now[5];
    size_t count;
    int lost;           /* pods of the candidate that somebody took; < 0: added */
    const char *then;   /* step, direction, which ended, pods and weights of steps; what changed */
    const char *digest; /* of the spec with these steps and nothing else */
} rows[] = {
    {"as it was",
     STAIRS,
     AT_TWO,
     {PODS("1"), PODS("2"), PODS("3")},
     3,
     0,
     "2 forward, ended 1000, pods 1,2,3,3,0, weights 0,0,0,100",
     "7ae80d840cdb3a1f87c4c232"},
    {"a later one",
     STAIRS,
     AT_TWO,
     {PODS("1"), PODS("2"), PODS("3", HELD_1S)},
     3,
     0,
     "2 forward, ended 1000, pods 1,2,3,3,0, weights 0,0,0,100, noted",
     "7ae80d840cdb3a1f0ea5c232"},
    {"this one",
     STAIRS,
     AT_TWO,
     {PODS("1"), PODS("2", HELD_1S), PODS("3")},
     3,
     0,
     "2 forward, ended 1000, pods 1,2,3,3,0, weights 0,0,0,100, begun anew, not settled, its time "
     "anew, noted",
     "7ae80d840cdb72c887c4c232"},
    {"this one asks nobody",
     STAIRS,
     AT_TWO,
     {PODS("1"), {.replicas = "2"}, PODS("3")},
     3,
     0,
     "3 forward, ended 1100, pods 1,2,3,3,0, weights 0,0,0,100, begun anew, not settled, its time "
     "anew, noted",
     "7ae80d840cdbffa087c4c232"},
    {"an earlier one",
     STAIRS,
     AT_TWO,
     {PODS("1", HELD_1S), PODS("2"), PODS("3")},
     3,
     0,
     "2 forward, ended 1000, pods 1,2,3,3,0, weights 0,0,0,100, begun anew, not settled, its time "
     "anew, noted",
     "7ae80d84bd223a1f87c4c232"},
    {"an earlier one, pods lost",
     STAIRS,
     AT_TWO,
     {PODS("1", HELD_1S), PODS("2"), PODS("3")},
     3,
     1,
     "1 forward, ended 0000, pods 1,2,3,3,0, weights 0,0,0,100, begun anew, not settled, its time "
     "anew, noted",
     "7ae80d84bd223a1f87c4c232"},
    {"an earlier one, none left",
     STAIRS,
     AT_TWO,
     {PODS("1", HELD_1S), PODS("2"), PODS("3")},
     3,
     2,
     "1 forward, ended 0000, pods 1,2,3,3,0, weights 0,0,0,100, begun anew, not settled, its time "
     "anew, noted",
     "7ae80d84bd223a1f87c4c232"},
    {"an earlier one, more pods than were allowed",
     STAIRS,
     AT_TWO,
     {PODS("1", HELD_1S), PODS("2"), PODS("3")},
     3,
     -1,
     "2 forward, ended 1000, pods 1,2,3,3,0, weights 0,0,0,100, begun anew, not settled, its time "
     "anew, noted",
     "7ae80d84bd223a1f87c4c232"},
    {"up to the last",
     STAIRS,
     AT_THREE,
     {PODS("1", HELD_1S), PODS("2")},
     2,
     0,
     "3 forward, ended 1110, pods 1,2,3,0,0, weights 0,0,100,0, begun anew, not settled, its time "
     "anew, noted",
     "7ae80d84bd223a1fc232"},
    {"fewer than the one before, and a pod lost",
     STAIRS,
     AT_THREE,
     {PODS("1"), PODS("2"), PODS("1")},
     3,
     1,
     "3 forward, ended 1100, pods 1,2,1,3,0, weights 0,0,0,100, begun anew, not settled, its time "
     "anew, noted",
     "7ae80d840cdb3a1f0cdbc232"},
    {"without the one behind",
     LEVEL,
     AT_TWO,
     {PODS("1"), PODS("100%")},
     2,
     0,
     "2 forward, ended 1000, pods 1,3,3,0,0, weights 0,0,0,0, noted",
     "7ae80d840cdb8b02"},
    {"without this one, which was the last",
     LEVEL,
     AT_THREE,
     {PODS("1"), PODS("100%")},
     2,
     0,
     "2 forward, ended 1000, pods 1,3,0,0,0, weights 0,0,0,0, begun anew, not settled, its time "
     "anew, noted",
     "7ae80d840cdb8b02"},
    {"finer",
     STAIRS,
     AT_TWO,
     {PODS("1", HELD_1S), PODS("1"), PODS("2"), PODS("3")},
     4,
     0,
     "3 forward, ended 1100, pods 1,1,2,3,3, weights 0,0,0,0, begun anew, not settled, its time "
     "anew, noted",
     "7ae80d84bd220cdb3a1f87c4c232"},
    {"finer behind",
     STAIRS,
     AT_TWO,
     {PODS("1"), PODS("1"), PODS("2"), PODS("2"), PODS("3")},
     5,
     0,
     "3 forward, ended 1100, pods 1,1,2,2,3, weights 0,0,0,0, begun anew, not settled, its time "
     "anew, noted",
     "7ae80d840cdb0cdb3a1f3a1f87c4c232"},
    {"coarser",
     STAIRS,
     AT_TWO,
     {PODS("3")},
     1,
     0,
     "1 forward, ended 0000, pods 3,3,0,0,0, weights 0,100,0,0, begun anew, not settled, its time "
     "anew, noted",
     "7ae80d8487c4c232"},
    {"as many as all",
     STAIRS,
     AT_TWO,
     {PODS("1"), PODS("100%")},
     2,
     0,
     "2 forward, ended 1000, pods 1,3,0,0,0, weights 0,0,0,0, begun anew, not settled, its time "
     "anew, noted",
     "7ae80d840cdb8b02"},
    {"cut off",
     STAIRS,
     AT_TWO,
     {PODS("1")},
     1,
     0,
     "2 forward, ended 1000, pods 1,3,0,0,0, weights 0,100,0,0, begun anew, not settled, its time "
     "anew, noted",
     "7ae80d840cdbc232"},
    {"none at all",
     STAIRS,
     AT_TWO,
     {{0}},
     0,
     0,
     "1 forward, ended 0000, pods 3,0,0,0,0, weights 100,0,0,0, begun anew, not settled, its time "
     "anew, noted",
     "7ae80d84c232"},
    {"one more",
     STAIRS,
     AT_TWO,
     {PODS("1"), PODS("2"), PODS("3"), PODS("3")},
     4,
     0,
     "2 forward, ended 1000, pods 1,2,3,3,3, weights 0,0,0,0, noted",
     "7ae80d840cdb3a1f87c487c4c232"},
    {"of a canary",
     SHARES,
     AT_TWO,
     {SHARE("20"), SHARE("40"), SHARE("60")},
     3,
     0,
     "2 forward, ended 1000, pods 1,3,4,4,0, weights 20,40,60,100",
     "032f3606af5570f43c3bc232"},
    {"a later weight",
     SHARES,
     AT_TWO,
     {SHARE("20"), SHARE("40"), SHARE("80")},
     3,
     0,
     "2 forward, ended 1000, pods 1,3,4,4,0, weights 20,40,80,100, noted",
     "032f3606af5570f49eafc232"},
    {"this weight",
     SHARES,
     AT_TWO,
     {SHARE("20"), SHARE("50"), SHARE("60")},
     3,
     0,
     "2 forward, ended 1000, pods 1,4,4,4,0, weights 20,50,60,100, begun anew, not settled, its "
     "time anew, noted",
     "032f3606af55885a3c3bc232"},
    {"an earlier weight",
     SHARES,
     AT_TWO,
     {SHARE("30"), SHARE("40"), SHARE("60")},
     3,
     0,
     "1 forward, ended 0000, pods 2,3,4,4,0, weights 30,40,60,100, begun anew, not settled, its "
     "time anew, noted",
     "032f3606126170f43c3bc232"},
    {"weights cut off",
     SHARES,
     AT_TWO,
     {SHARE("20")},
     1,
     0,
     "2 forward, ended 1000, pods 1,4,0,0,0, weights 20,100,0,0, begun anew, not settled, its time "
     "anew, noted",
     "032f3606af55c232"},
    {"before the first",
     QUEUED,
     {"image app:v2", "-> Queued"},
     {SHARE("30")},
     1,
     0,
     "0 forward, ended 0000, pods 2,4,0,0,0, weights 30,100,0,0, noted",
     "032f36061261c232"},
};

static const char *told(struct arena *a, const struct flight *was, const struct flight *fl)
{
    return arena_printf(
        a, "%d %s, ended %d%d%d%d, pods %d,%d,%d,%d,%d, weights %d,%d,%d,%d%s%s%s%s", fl->step,
        fl->direction == DIRECTION_BACK ? fl->abort_reason : "forward", fl->steps[0].ended_ms != 0,
        fl->steps[1].ended_ms != 0, fl->steps[2].ended_ms != 0, fl->steps[3].ended_ms != 0,
        fl->steps[0].replicas, fl->steps[1].replicas, fl->steps[2].replicas, fl->steps[3].replicas,
        fl->steps[4].replicas, fl->steps[0].weight_pct, fl->steps[1].weight_pct,
        fl->steps[2].weight_pct, fl->steps[3].weight_pct,
        fl->step_started_ms != was->step_started_ms ? ", begun anew" : "",
        fl->settled_ms != was->settled_ms ? ", not settled" : "",
        fl->progressed_ms != was->progressed_ms ? ", its time anew" : "",
        fl->generation != was->generation ? ", noted" : "");
}

static void edited(void **state UNUSED)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct edit_row *row = &rows[i];
        struct scene *sc = scene_at(row->name, row->spec, row->lines, 0);
        const struct plan *p;

        sc->r.spec.steps = row->now;
        sc->r.spec.step_count = row->count;
        sc->r.meta.generation++;
        if (row->lost) {
            scene_candidate(sc)->replicas -= row->lost;
            scene_candidate(sc)->st_replicas -= row->lost;
        }
        p = scene_plan(sc);
        CHECK_TEXT(told(&sc->a, &sc->r.status.flight, &p->status->flight), row->then, row->name);
        scene_close(sc);
    }
}

/* ---- the digest ------------------------------------------------------------------------------ */

static const char *const two_rules[] = {"api", "pages"};
static const struct traffic_spec routes[] = {
    {.router = "gatewayAPI", .kind = "HTTPRoute", .name = "web"},
    {.router = "gatewayAPI", .kind = "HTTPRoute", .name = "other"},
    {.router = "gatewayAPI",
     .kind = "HTTPRoute",
     .name = "web",
     .rules = two_rules,
     .rule_count = 1},
    {.router = "gatewayAPI",
     .kind = "HTTPRoute",
     .name = "web",
     .rules = two_rules,
     .rule_count = 2},
    {.router = "another", .kind = "HTTPRoute", .name = "web"},
};

static const struct digest_row {
    const char *name;
    struct rollout_spec spec;
    const char *digest;
} digests[] = {
    {"rolling", {.strategy = STRATEGY_ROLLING}, "7ae80d84c232"},
    {"blue-green", {.strategy = STRATEGY_BLUE_GREEN, .active_service = "web"}, "9ae9d1acadd9c232"},
    {"... of another Service",
     {.strategy = STRATEGY_BLUE_GREEN, .active_service = "shop"},
     "a2d69b18add9c232"},
    {"... previewed",
     {.strategy = STRATEGY_BLUE_GREEN, .active_service = "web", .preview_service = "pre"},
     "64f80c7aadd9c232"},
    {"... approved",
     {.strategy = STRATEGY_BLUE_GREEN, .active_service = "web", .switch_approve = true},
     "9ae9d1ac6107c232"},
    {"... half previewed",
     {.strategy = STRATEGY_BLUE_GREEN, .active_service = "web", .preview_replicas = "50%"},
     "9ae9d1ace7fec232"},
    {"canary", {.strategy = STRATEGY_CANARY}, "032f3606c232"},
    {"... of a Service", {.strategy = STRATEGY_CANARY, .stable_service = "web"}, "fd85fd71c232"},
    {"... of two",
     {.strategy = STRATEGY_CANARY, .stable_service = "web", .canary_service = "side"},
     "ef53b95bc232"},
    {"... by a route",
     {.strategy = STRATEGY_CANARY, .traffic = &routes[0], .traffic_count = 1},
     "351a479ac232"},
    {"... by another",
     {.strategy = STRATEGY_CANARY, .traffic = &routes[1], .traffic_count = 1},
     "9e37328ec232"},
    {"... by one rule",
     {.strategy = STRATEGY_CANARY, .traffic = &routes[2], .traffic_count = 1},
     "26dad473c232"},
    {"... by two rules",
     {.strategy = STRATEGY_CANARY, .traffic = &routes[3], .traffic_count = 1},
     "88e6a8fac232"},
    {"... by another router",
     {.strategy = STRATEGY_CANARY, .traffic = &routes[4], .traffic_count = 1},
     "bbbcdb49c232"},
    {"... by two routes",
     {.strategy = STRATEGY_CANARY, .traffic = &routes[0], .traffic_count = 2},
     "5b837872c232"},
};

/* Of an earlier version's flights it tells whether somebody edited them since: it may never become
 * another by itself, or an upgrade would turn all back. */
static void digests_stay(void **state UNUSED)
{
    struct scene *sc = scene_at("in its step", CANARY, (const char *const[3])IN_STEP, 0);

    for (size_t i = 0; i < COUNT(digests); i++) {
        struct planner p = {.a = &sc->a, .spec = &digests[i].spec};

        compile_steps(p.spec, &p.c);
        CHECK_TEXT(spec_digest(&p), digests[i].digest, digests[i].name);
    }
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct rollout_spec spec = {.strategy = rows[i].now[0].weight ? STRATEGY_CANARY
                                                                            : STRATEGY_ROLLING,
                                          .steps = rows[i].now,
                                          .step_count = rows[i].count};
        struct planner p = {.a = &sc->a, .spec = &spec};

        compile_steps(p.spec, &p.c);
        CHECK_TEXT(spec_digest(&p), rows[i].digest, rows[i].name);
    }
    scene_close(sc);
}

/* Another strategy is another release: what is there is taken back first. */
static void another_strategy_turns_back(void **state UNUSED)
{
    for (size_t i = 0; i < COUNT(digests); i++) {
        struct scene *sc = scene_at("in its step", CANARY, (const char *const[3])IN_STEP, 0);
        const struct flight *fl;

        sc->r.spec.strategy = digests[i].spec.strategy;
        sc->r.spec.active_service = digests[i].spec.active_service;
        sc->r.spec.preview_service = digests[i].spec.preview_service;
        sc->r.spec.stable_service = digests[i].spec.stable_service;
        sc->r.spec.canary_service = digests[i].spec.canary_service;
        sc->r.spec.traffic = digests[i].spec.traffic;
        sc->r.spec.traffic_count = digests[i].spec.traffic_count;
        fl = &scene_plan(sc)->status->flight;
        if (str_equal(digests[i].name, "canary")) {
            assert_int_equal(fl->direction, DIRECTION_FORWARD);
        } else {
            CHECK(fl->direction == DIRECTION_BACK, "%s: goes on", digests[i].name);
            CHECK_TEXT(fl->abort_reason, "the strategy was changed in flight", digests[i].name);
        }
        scene_close(sc);
    }
}

/* Before the first step nothing is there to be taken back. */
static void another_strategy_may_come_while_it_is_queued(void **state UNUSED)
{
    struct scene *sc =
        scene_at("queued", QUEUED, (const char *const[]){"image app:v2", "-> Queued", NULL}, 0);
    const struct plan *p;

    sc->r.spec.stable_service = "web";
    p = scene_plan(sc);
    assert_int_equal(p->action.act, ACT_DECIDE);
    assert_int_equal(p->event_count, 0);
    assert_int_equal(p->status->flight.direction, DIRECTION_FORWARD);
    assert_int_equal(p->status->flight.step, 0);
    assert_true(p->status->flight.started_ms == sc->r.status.flight.started_ms);
    assert_string_not_equal(p->status->flight.spec_digest, sc->r.status.flight.spec_digest);
    scene_close(sc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edited),
        cmocka_unit_test(digests_stay),
        cmocka_unit_test(another_strategy_turns_back),
        cmocka_unit_test(another_strategy_may_come_while_it_is_queued),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* sim_scene.h - a world as a release has made it, copied so that one thing in it can be changed:
 * what does the planner do then? */
#ifndef SLUICE_TESTS_UNIT_SIM_SCENE_H
#define SLUICE_TESTS_UNIT_SIM_SCENE_H

#include "sim_bed.h"
#include "sluice/plan/plan.h"

#define SCENE_LIST_MAX 24

#define CANARY                                                                                     \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':50,'approve':true}]}},"  \
    "'drain':'1s','bake':'1h'}"
#define HELD                                                                                       \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':50,'approve':true}]}},"  \
    "'drain':'1s','onDelete':'Hold'}"
#define UNDONE                                                                                     \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':50}]}},'drain':'1s'}"
#define PAUSED                                                                                     \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':50}]}},'drain':'1s',"    \
    "'brake':'Paused'}"
#define SWITCH                                                                                     \
    "{'targetRef':{'name':'web'},'strategy':{'blueGreen':{'activeService':'web','switch':"         \
    "'Approve'}},'drain':'1s'}"
#define BATCHES                                                                                    \
    "{'targetRef':{'name':'web'},'strategy':{'rolling':{'steps':[{'replicas':'50%%','approve':"    \
    "true}]}}}"
#define ROUTED                                                                                     \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'stableService':'web','traffic':[{"         \
    "'gatewayAPI':{'name':'web'},'settle':'500ms'}],'steps':[{'weight':50,'approve':true}]}},"     \
    "'drain':'1s'}"
#define IN_STEP                                                                                    \
    {                                                                                              \
        "image app:v2", "-> Approval"                                                              \
    }
#define ABORTED                                                                                    \
    {                                                                                              \
        "image app:v2", "-> Approval", "abort", "-> Aborted"                                       \
    }
#define IN_BAKE                                                                                    \
    {                                                                                              \
        "image app:v2", "-> Approval", "approve", "-> Baking"                                      \
    }
#define UNDOES                                                                                     \
    {                                                                                              \
        "image app:v2", "-> Approval", "approve", "-> Baking", "undo"                              \
    }
#define AT_REST                                                                                    \
    {                                                                                              \
        NULL                                                                                       \
    }
#define TO_RELEASE                                                                                 \
    {                                                                                              \
        "image app:v2"                                                                             \
    }

struct scene {
    struct stage st;
    struct arena a;
    struct world w;
    struct rollout r;
    struct deployment d;
    struct fence f;
    struct replicaset rs[SCENE_LIST_MAX];
    struct service services[SCENE_LIST_MAX];
    struct slice slices[SCENE_LIST_MAX];
    struct route routes[SCENE_LIST_MAX];
    const struct replicaset *rs_list[SCENE_LIST_MAX];
    const struct service *service_list[SCENE_LIST_MAX];
    const struct slice *slice_list[SCENE_LIST_MAX];
    const struct route *route_list[SCENE_LIST_MAX];
};

#define SCENE_COPY(sc, copies, list, member, counter)                                              \
    do {                                                                                           \
        assert_in_range((sc)->w.counter, 0, SCENE_LIST_MAX - 4);                                   \
        for (size_t i_ = 0; i_ < SCENE_LIST_MAX; i_++)                                             \
            (sc)->list[i_] = &(sc)->copies[i_];                                                    \
        for (size_t i_ = 0; i_ < (sc)->w.counter; i_++)                                            \
            (sc)->copies[i_] = *(sc)->w.member[i_];                                                \
        (sc)->w.member = (sc)->list;                                                               \
    } while (0)

/* The world of this moment. */
static inline void scene_now(struct scene *sc)
{
    sc->w = *sim_world(&sc->st.s, &sc->a, "web");
    sc->r = *sc->w.rollout;
    sc->d = *sc->w.dep;
    sc->w.rollout = &sc->r;
    sc->w.dep = &sc->d;
    if (sc->w.fence) {
        sc->f = *sc->w.fence;
        sc->w.fence = &sc->f;
    }
    SCENE_COPY(sc, rs, rs_list, rs, rs_count);
    SCENE_COPY(sc, services, service_list, services, service_count);
    SCENE_COPY(sc, slices, slice_list, slices, slice_count);
    SCENE_COPY(sc, routes, route_list, routes, route_count);
}

static inline struct scene *scene_open(const struct bed_options *o)
{
    struct scene *sc = xcalloc(1, sizeof(*sc));

    arena_init(&sc->a);
    bed_open(&sc->st, o);
    return sc;
}

static inline void scene_close(struct scene *sc)
{
    stage_close(&sc->st);
    arena_release(&sc->a);
    free(sc);
}

/* Behind the end of a list stands nothing that could be read. */
#define SCENE_END(sc, copies, list, member, counter, closed)                                       \
    do {                                                                                           \
        if ((sc)->w.member == (sc)->list && (sc)->w.counter < SCENE_LIST_MAX)                      \
            (sc)->list[(sc)->w.counter] = (closed) ? NULL : &(sc)->copies[(sc)->w.counter];        \
    } while (0)

static inline void scene_end_lists(struct scene *sc, bool closed)
{
    SCENE_END(sc, rs, rs_list, rs, rs_count, closed);
    SCENE_END(sc, services, service_list, services, service_count, closed);
    SCENE_END(sc, slices, slice_list, slices, slice_count, closed);
    SCENE_END(sc, routes, route_list, routes, route_count, closed);
}

static inline const struct plan *scene_plan(struct scene *sc)
{
    const struct plan *p;

    scene_end_lists(sc, true);
    p = plan_rollout(&sc->a, &sc->w, sc->st.s.now_ms);
    scene_end_lists(sc, false);
    return p;
}

/* Turns until `act` is the next write, and stops before it. */
static inline bool scene_before(struct scene *sc, enum act act)
{
    for (int i = 0; i < 2000; i++) {
        scene_now(sc);
        if (scene_plan(sc)->action.act == act)
            return true;
        bed_turn(&sc->st);
    }
    return false;
}

static inline struct replicaset *scene_rs(struct scene *sc, const char *revision)
{
    for (size_t i = 0; i < sc->w.rs_count; i++) {
        if (str_equal(sc->rs[i].revision, revision))
            return &sc->rs[i];
    }
    fail_msg("no ReplicaSet of %s", revision ? revision : "(none)");
    return NULL;
}

static inline struct replicaset *scene_stable(struct scene *sc)
{
    return scene_rs(sc, sc->r.status.stable.revision);
}

static inline struct replicaset *scene_candidate(struct scene *sc)
{
    return scene_rs(sc, sc->r.status.flight.revision);
}

/* One more, an old one of the Deployment's without pods. */
static inline struct replicaset *scene_elder(struct scene *sc)
{
    struct replicaset *rs = &sc->rs[sc->w.rs_count++];

    *rs = *scene_stable(sc);
    rs->meta.name = "web-elder";
    rs->meta.uid = "uid-elder";
    rs->revision = "elder";
    rs->digest = "digest-elder";
    rs->meta.created_ms -= HOUR_MS;
    rs->deployment_revision = 0;
    rs->replicas = rs->st_replicas = rs->st_ready = rs->st_available = 0;
    return rs;
}

static inline void scene_forget_rs(struct scene *sc, const struct replicaset *rs)
{
    const size_t at = (size_t)(rs - sc->rs);

    memmove(&sc->rs[at], &sc->rs[at + 1], (sc->w.rs_count - at - 1) * sizeof(*rs));
    sc->w.rs_count--;
}

/* The status as it was changed is the one that is written. */
static inline void scene_told(struct scene *sc)
{
    sc->r.status_mark = status_mark(status_write(&sc->a, &sc->r.status));
}

/* What the Deployment controller was told of the sum is of no matter where nothing is shared. */
static inline void told_of_another_sum(struct scene *sc)
{
    scene_stable(sc)->max_annotation = 99;
}

static inline void scene_no_fence(struct scene *sc)
{
    sc->w.fence = NULL;
}

/* All that knew of what was stable before. */
static inline void fence_and_old_lost(struct scene *sc)
{
    scene_forget_rs(sc, scene_rs(sc, sc->f.record.previous));
    scene_no_fence(sc);
}

static inline void scene_no_dead_man(struct scene *sc)
{
    sc->d.dead_man = NULL;
}

/* Specs and lines of several tables. */
#define PREVIEW                                                                                    \
    "{'targetRef':{'name':'web'},'strategy':{'blueGreen':{'activeService':'web',"                  \
    "'previewService':'web-preview'}},'drain':'1s'}"
#define REVERTS                                                                                    \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':50,'approve':true}]}},"  \
    "'drain':'1s','afterAbort':'Revert'}"
#define APPROVES                                                                                   \
    {                                                                                              \
        "image app:v2", "-> Approval", "approve"                                                   \
    }
#define ABORTS                                                                                     \
    {                                                                                              \
        "image app:v2", "-> Approval", "abort"                                                     \
    }

/* A release lived through to its lines' end, and then on until `before` is the next write; 0: no
 * further. */
static inline struct scene *scene_at(const char *name, const char *spec, const char *const *lines,
                                     enum act before)
{
    struct scene *sc = scene_open(&(struct bed_options){
        .spec = spec, .sim = {.no_policies = strstr(spec, "'Paused'") != NULL}});

    bed_rest(&sc->st, "app:v1", 4);
    stage_begin(&sc->st, NULL);
    bed_story(&sc->st, name, lines);
    CHECK(!before || scene_before(sc, before), "%s: it never comes", name);
    scene_now(sc);
    return sc;
}

/* "Normal Started: ...; Warning ...", as they go out with the plan's write. */
static inline const char *scene_events(struct scene *sc, const struct plan *p)
{
    const char *all = "";

    for (int i = 0; i < p->event_count; i++)
        all = arena_printf(&sc->a, "%s%s%s %s: %s", all, i ? "; " : "", p->events[i].type,
                           reason_name(p->events[i].reason), p->events[i].note);
    return all;
}

/* The Service that users reach. */
static inline struct service *scene_active(struct scene *sc)
{
    for (size_t i = 0; i < sc->w.service_count; i++) {
        if (str_equal(sc->services[i].meta.name, "web"))
            return &sc->services[i];
    }
    fail_msg("no Service");
    return NULL;
}

/* For rows in which nothing is otherwise. */
static inline void scene_nothing(struct scene *sc UNUSED) {}

/* One thing is otherwise: what comes next? */
struct scene_row {
    const char *name, *spec, *lines[6];
    enum act before; /* as of scene_at() */
    void (*change)(struct scene *sc);
    enum act act;       /* that comes next */
    const char *object; /* its name; NULL: any */
    const char *body;   /* text in its body, ' for "; NULL: any */
    const char *reason; /* of the condition Ready; NULL: any */
};

/* Of any plan: Ready is true at rest and for no other reason (I12), and it wakes later than now. */
static inline void scene_check_sound(struct scene *sc, const struct plan *p, const char *name)
{
    const struct condition *ready = &p->status->conditions[COND_READY];

    CHECK(p->wake_ms > sc->st.s.now_ms, "%s: no sleep", name);
    CHECK(str_equal(ready->status, "True") == str_equal(ready->reason, "Resting"),
          "%s: Ready %s, %s", name, ready->status, ready->reason);
}

/* What is waited for began, and if it ends by itself, that is ahead. */
static inline void scene_check_awaiting(const struct scene *sc, const struct plan *p,
                                        const char *row)
{
    for (int i = 0; i < p->status->awaiting_count; i++) {
        const struct awaiting *w = &p->status->awaiting[i];

        CHECK(w->since_ms <= sc->st.s.now_ms, "%s: %s since later", row, w->what);
        CHECK(w->until_ms == 0 || w->until_ms > sc->st.s.now_ms, "%s: %s until before", row,
              w->what);
    }
}

/* One write of the status tells all that was decided, as it then is. */
static inline void scene_check_told(struct scene *sc, const struct plan *p, const char *row)
{
    const struct plan *then;

    if (p->action.target != TARGET_ROLLOUT || !str_equal(p->action.subresource, "status"))
        return;
    sc->r.status = *p->status;
    scene_told(sc);
    then = scene_plan(sc);
    CHECK(then->action.act != ACT_DECIDE && then->action.act != ACT_REPORT,
          "%s: what is written is written anew, by %s: %s", row, then->rule, then->action.body);
}

static inline void scene_check(const struct scene_row *row)
{
    struct scene *sc = scene_at(row->name, row->spec, row->lines, row->before);
    const struct plan *p;
    const char *text;

    row->change(sc);
    p = scene_plan(sc);
    text = row->body ? json_fmt(&sc->a, row->body, NULL) : NULL;
    CHECK(p->action.act == row->act, "%s: %s by %s: %s", row->name, act_name(p->action.act),
          p->rule, p->status->display.message);
    scene_check_awaiting(sc, p, row->name);
    if (row->object)
        CHECK_TEXT(p->action.name, row->object, row->name);
    if (text)
        CHECK(strstr(p->action.body, text), "%s: no %s in %s", row->name, text, p->action.body);
    if (row->reason)
        CHECK_TEXT(p->status->conditions[COND_READY].reason, row->reason, row->name);
    scene_check_sound(sc, p, row->name);
    scene_check_told(sc, p, row->name);
    scene_close(sc);
}

struct scene_rows {
    const struct scene_row *rows;
    size_t count;
};

static inline void scene_each(void **state)
{
    const struct scene_rows *of = *state;

    for (size_t i = 0; i < of->count; i++)
        scene_check(&of->rows[i]);
}

/* All rows of a table, as one test among others of a program. */
#define SCENE_ROWS(table)                                                                          \
    cmocka_unit_test_prestate(scene_each, (&(struct scene_rows){(table), COUNT(table)}))

/* ... or as all that there is to the program. */
static inline int scene_check_all(const struct scene_row *rows, size_t count)
{
    struct scene_rows of = {rows, count};
    const struct CMUnitTest tests[] = {cmocka_unit_test_prestate(scene_each, &of)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif

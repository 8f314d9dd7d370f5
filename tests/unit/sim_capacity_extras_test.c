/* SPDX-License-Identifier: Apache-2.0 */
/* Pods that are neither side's, or the side's that goes, one thing changed: what is not ours is
 * left alone, and nothing goes that may still serve. */
#include "sim_scene.h"

static struct replicaset *with_pods(struct scene *sc, const char *controller)
{
    struct replicaset *rs = scene_elder(sc);

    rs->of = "web";
    rs->controller_uid = rs->first_owner_uid = controller;
    rs->replicas = rs->st_replicas = rs->st_ready = rs->st_available = 2;
    return rs;
}

static void pods_on_an_unknown_fence(struct scene *sc)
{
    with_pods(sc, "uid-other-fence");
}

static void pods_on_our_fence(struct scene *sc)
{
    with_pods(sc, sc->f.meta.uid);
}

static void pods_of_nobody(struct scene *sc)
{
    with_pods(sc, NULL);
}

/* Neither owned by the Deployment nor made for one of its name. */
static void pods_of_another(struct scene *sc)
{
    struct replicaset *rs = with_pods(sc, "uid-other");

    rs->of = "other";
    rs->deployment_uid = "uid-other";
}

/* ... and on nothing: whatever has pods is deleted by nobody, and nothing ends over it. */
static void pods_of_another_and_of_nobody(struct scene *sc)
{
    pods_of_another(sc);
    sc->rs[sc->w.rs_count - 1].controller_uid = NULL;
}

static void pods_and_stable_short(struct scene *sc)
{
    pods_on_our_fence(sc);
    scene_stable(sc)->st_available--;
}

/* Somebody's pods of this name, on the service of another ReplicaSet. */
static void pods_on_our_fence_and_others_behind_the_service(struct scene *sc)
{
    pods_on_our_fence(sc);
    for (size_t i = 0; i < sc->w.slice_count; i++) {
        struct slice *s = &sc->slices[i];
        const char **names = ARENA_ARRAY(&sc->a, const char *, s->ready_pod_count + 1);

        for (size_t k = 0; k < s->ready_pod_count; k++)
            names[k] = arena_printf(&sc->a, "%s2-%zu", scene_stable(sc)->meta.name, k);
        s->ready_pods = names;
    }
}

/* ---- how many of stable's pods are behind a Service ------------------------------------------ */

static struct slice *only_slice(struct scene *sc)
{
    pods_on_our_fence(sc);
    assert_int_equal(sc->w.slice_count, 1);
    assert_int_equal(sc->slices[0].ready_pod_count, sc->d.replicas);
    return &sc->slices[0];
}

static void one_is_behind_none(struct scene *sc)
{
    only_slice(sc)->ready_pod_count--;
}

static void all_are_behind_it_by_v6(struct scene *sc)
{
    only_slice(sc)->v6 = true;
}

static void one_is_behind_none_by_v6(struct scene *sc)
{
    all_are_behind_it_by_v6(sc);
    sc->slices[0].ready_pod_count--;
}

/* Half of them in each of two slices; and again, in the other family. */
static void all_are_behind_it_in_four_slices(struct scene *sc)
{
    struct slice *s = only_slice(sc);

    s[0].ready_pod_count = 2;
    s[1] = s[2] = s[3] = s[0];
    s[1].ready_pods = s[3].ready_pods = s[0].ready_pods + 2;
    s[2].v6 = s[3].v6 = true;
    sc->w.slice_count = 4;
}

static void none_is_behind_the_second(struct scene *sc)
{
    struct service *second = &sc->services[sc->w.service_count++];

    pods_on_our_fence(sc);
    *second = sc->services[0];
    second->meta.name = "second";
    second->meta.uid = "uid-second";
}

/* ---- extras ---------------------------------------------------------------------------------- */

static void one_pod_on_our_fence(struct scene *sc)
{
    struct replicaset *rs = with_pods(sc, sc->f.meta.uid);

    rs->replicas = rs->st_replicas = rs->st_ready = rs->st_available = 1;
}

static void pods_that_stop(struct scene *sc)
{
    with_pods(sc, sc->f.meta.uid)->replicas = 0;
}

static void pods_never_ready_and_stable_short(struct scene *sc)
{
    struct replicaset *rs = with_pods(sc, sc->f.meta.uid);

    rs->st_ready = rs->st_available = 0;
    scene_rs(sc, sc->f.record.stable_revision)->st_available--;
}

static void pods_and_told_of_another_sum(struct scene *sc)
{
    pods_on_our_fence(sc);
    scene_rs(sc, sc->f.record.stable_revision)->max_annotation = 99;
}

static struct replicaset *empty_on_our_fence(struct scene *sc)
{
    struct replicaset *rs = with_pods(sc, sc->f.meta.uid);

    rs->replicas = rs->st_replicas = rs->st_ready = rs->st_available = 0;
    return rs;
}

static void one_of_history(struct scene *sc)
{
    static const char *const names[] = {"another", "elder"};

    empty_on_our_fence(sc);
    sc->f.record.history = names;
    sc->f.record.history_count = 2;
}

static void one_of_no_history(struct scene *sc)
{
    empty_on_our_fence(sc);
}

/* Somebody's webhook changed it on creation. */
static void candidate_mutated(struct scene *sc)
{
    struct replicaset *c = scene_candidate(sc);

    c->digest = "mutated";
    c->replicas = c->st_replicas = c->st_ready = c->st_available = 0;
}

static const struct scene_row rows[] = {
    {"pods on a fence that is not known are left alone, inside too", BATCHES, APPROVES,
     ACT_FENCE_DELETE, pods_on_an_unknown_fence, ACT_REPORT, NULL, NULL, "Promoting"},
    {"... on ours they go", BATCHES, APPROVES, ACT_FENCE_DELETE, pods_on_our_fence, ACT_RS_SCALE,
     "web-elder", "'value':0", NULL},
    {"... and when nobody has them", BATCHES, APPROVES, ACT_FENCE_DELETE, pods_of_nobody,
     ACT_RS_SCALE, "web-elder", "'value':0", NULL},
    {"... not while stable is short of pods", BATCHES, APPROVES, ACT_FENCE_DELETE,
     pods_and_stable_short, ACT_REPORT, NULL, NULL, "Promoting"},
    {"... nor while its pods are behind no Service", BATCHES, APPROVES, ACT_FENCE_DELETE,
     pods_on_our_fence_and_others_behind_the_service, ACT_REPORT, NULL, NULL, "Promoting"},
    {"... nor one of them", BATCHES, APPROVES, ACT_FENCE_DELETE, one_is_behind_none, ACT_REPORT,
     NULL, NULL, "Promoting"},
    {"... of either family", BATCHES, APPROVES, ACT_FENCE_DELETE, one_is_behind_none_by_v6,
     ACT_REPORT, NULL, NULL, "Promoting"},
    {"... nor none behind the second", BATCHES, APPROVES, ACT_FENCE_DELETE,
     none_is_behind_the_second, ACT_REPORT, NULL, NULL, "Promoting"},
    {"... but with all, by the other family", BATCHES, APPROVES, ACT_FENCE_DELETE,
     all_are_behind_it_by_v6, ACT_RS_SCALE, "web-elder", "'value':0", NULL},
    {"... or in two slices of each", BATCHES, APPROVES, ACT_FENCE_DELETE,
     all_are_behind_it_in_four_slices, ACT_RS_SCALE, "web-elder", "'value':0", NULL},
    {"... not another's", BATCHES, APPROVES, ACT_FENCE_DELETE, pods_of_another, ACT_FENCE_DELETE,
     "web-sluice", NULL, NULL},
    {"... and those of nobody end nothing", BATCHES, APPROVES, ACT_FENCE_DELETE,
     pods_of_another_and_of_nobody, ACT_REPORT, NULL, NULL, "Promoting"},
    {"... one goes, too", BATCHES, APPROVES, ACT_FENCE_DELETE, one_pod_on_our_fence, ACT_RS_SCALE,
     "web-elder", "'value':0", NULL},
    {"... and what was never ready, at once", BATCHES, APPROVES, ACT_FENCE_DELETE,
     pods_never_ready_and_stable_short, ACT_RS_SCALE, "web-elder", "'value':0", NULL},
    {"... what stops is waited for", BATCHES, APPROVES, ACT_FENCE_DELETE, pods_that_stop,
     ACT_REPORT, NULL, "Hands over to revision s1-82343883; the old pods drain and go.",
     "Promoting"},
    {"... after the commit nobody asks for a sum", BATCHES, APPROVES, ACT_FENCE_DELETE,
     pods_and_told_of_another_sum, ACT_RS_SCALE, "web-elder", "'value':0", NULL},
    {"... nor outside", CANARY, ABORTS, ACT_RS_SCALE, told_of_another_sum, ACT_RS_SCALE, NULL,
     "'value':0", NULL},
    {"... but on the way back inside", BATCHES, ABORTS, ACT_RS_SCALE, told_of_another_sum,
     ACT_RS_ANNOTATE, NULL, "'deployment.kubernetes.io/max-replicas':'4'", NULL},
    {"history is kept to be given back", CANARY, IN_STEP, 0, one_of_history, ACT_NONE, NULL, NULL,
     "AwaitingApproval"},
    {"... what is none goes", CANARY, IN_STEP, 0, one_of_no_history, ACT_RS_DELETE, "web-elder",
     NULL, NULL},
    {"a candidate that somebody changed is kept to be seen", CANARY, IN_STEP, 0, candidate_mutated,
     ACT_REPORT, NULL, NULL, "TemplateMutated"},
    {"... and one that goes back is not", CANARY, ABORTS, ACT_RS_DELETE, scene_nothing,
     ACT_RS_DELETE, "web-s1-82343883", NULL, NULL},
};

/* The old pods' requests have `drain` to end, to the millisecond. */
static void the_drain_is_lived_through(void **state UNUSED)
{
    struct scene *sc =
        scene_at("aborted", CANARY,
                 (const char *const[]){"image app:v2", "-> Approval", "abort", NULL}, ACT_RS_SCALE);
    struct flight *fl = &sc->r.status.flight;
    const struct plan *p;

    fl->drained_ms = sc->st.s.now_ms - SECOND_MS;
    p = scene_plan(sc);
    assert_int_equal(p->action.act, ACT_RS_SCALE);
    assert_string_equal(p->action.name, scene_candidate(sc)->meta.name);
    fl->drained_ms++;
    p = scene_plan(sc);
    assert_string_equal(p->rule, "extras");
    assert_true(p->wake_ms == sc->st.s.now_ms + 1);
    assert_int_equal(p->status->awaiting_count, 1);
    assert_string_equal(p->status->awaiting[0].what, "Drain");
    assert_true(p->status->awaiting[0].since_ms == fl->drained_ms);
    assert_true(p->status->awaiting[0].until_ms == sc->st.s.now_ms + 1);
    assert_string_equal(p->status->display.message,
                        "Takes back: traffic off first, then drain, then pods.");
    fl->drained_ms = 0; /* it begins now */
    p = scene_plan(sc);
    assert_true(p->status->flight.drained_ms == sc->st.s.now_ms);
    assert_int_equal(p->action.act, ACT_DECIDE);
    scene_close(sc);
}

/* What no Service selects and what was never available drains nothing; by the share of pods a look
 * may have missed that it was. */
static void what_never_served_goes_at_once(void **state UNUSED)
{
    static const char *const specs[] = {CANARY, SWITCH};

    for (size_t i = 0; i < COUNT(specs); i++) {
        struct scene *sc = scene_at(
            "aborted", specs[i],
            (const char *const[]){"image app:v2", "-> Approval", "abort", NULL}, ACT_RS_SCALE);

        sc->r.status.flight.drained_ms = sc->st.s.now_ms;
        assert_string_equal(scene_plan(sc)->rule, "extras");
        assert_int_not_equal(scene_plan(sc)->action.act, ACT_RS_SCALE);
        scene_candidate(sc)->st_available = 0;
        CHECK((scene_plan(sc)->action.act == ACT_RS_SCALE) == (i == 1), "%zu: %s", i,
              act_name(scene_plan(sc)->action.act));
        scene_close(sc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_ROWS(rows),
        cmocka_unit_test(the_drain_is_lived_through),
        cmocka_unit_test(what_never_served_goes_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Single pods are asked for where a plan looks at them, and nowhere else. */
#include "sim_scene.h"

struct seen {
    int blind;  /* plans that wait for pods */
    int asked;  /* ... that ask a gate */
    int broken; /* ... one that cannot be asked */
    char why[80];
    int slow; /* ... that say why a pod is slow */
};

static void look(struct seen *seen, const struct plan *plan)
{
    if (!plan)
        return;
    seen->blind += plan->pods_of && plan->ask_count == 0;
    seen->asked += plan->ask_count > 0;
    seen->broken += plan->ask_count > 0 && plan->asks[0].broken;
    if (plan->ask_count > 0 && plan->asks[0].broken)
        snprintf(seen->why, sizeof seen->why, "%s", plan->asks[0].broken);
    seen->slow += plan->status->display.message &&
                  strstr(plan->status->display.message, "could not be read") != NULL;
}

static struct seen released(const struct bed_options *o)
{
    struct seen seen = {0};
    struct stage st;

    bed_open(&st, o);
    bed_until(&st, "Resting", 30000);
    bed_image(&st, "app:v2");
    for (int i = 0; i < 600; i++) {
        bed_turn(&st);
        look(&seen, st.op.plan);
    }
    bed_rest(&st, "app:v2", 4);
    assert_null(st.op.plan->pods_of);
    stage_close(&st);
    return seen;
}

static void a_probe_waits_for_the_pods_it_asks(void **state)
{
    const struct seen seen = released(&(struct bed_options){.spec = BLUE_GREEN});

    (void)state;
    assert_true(seen.blind > 0);
    assert_true(seen.asked > 0);
    assert_int_equal(seen.broken, 0);
}

#define WITH_QUERY(query)                                                                          \
    "{'targetRef':{'name':'web'},'strategy':{'blueGreen':{'activeService':'web'}},'gates':[{"      \
    "'name':'errors','metric':{'prometheus':{'query':'" query "'},'max':'1','every':'5s'}}]}"

static void a_query_waits_for_the_names_it_has(void **state)
{
    struct seen seen = released(&(struct bed_options){.spec = WITH_QUERY("sum($(pods))")});

    (void)state;
    assert_true(seen.blind > 0 && seen.asked > 0);
    assert_int_equal(seen.broken, 0);
    seen = released(&(struct bed_options){.spec = WITH_QUERY("sum($(hash))")});
    assert_int_equal(seen.blind, 0);
    assert_true(seen.asked > 0);
}

static void none_to_be_had(void *arg, struct arena *a, struct world *w, int64_t *now_ms)
{
    (void)arg;
    (void)a;
    (void)now_ms;
    w->pods_of = NULL;
    w->pod_count = 0;
    w->pods_trouble = "forbidden";
}

/* No gate passes on pods that cannot be read, and it says so. */
static void pods_out_of_reach_pass_no_gate(void **state)
{
    struct seen seen = {0};
    struct stage st;

    (void)state;
    bed_open(&st, &(struct bed_options){.spec = BLUE_GREEN, .op = {.lie = none_to_be_had}});
    bed_until(&st, "Resting", 30000);
    bed_image(&st, "app:v2");
    for (int i = 0; i < 400; i++) {
        bed_turn(&st);
        look(&seen, st.op.plan);
    }
    assert_true(seen.asked > 0);
    assert_int_equal(seen.broken, seen.asked);
    assert_string_equal(seen.why, "the pods could not be read: forbidden");
    assert_true(stage_status(&st)->flight.present && !stage_status(&st)->flight.committed_ms);
    stage_close(&st);
}

/* Pods that come up in time are not asked; slow ones are. */
static void a_slow_pod_is_asked_why(void **state)
{
    static const char plain[] =
        "{'targetRef':{'name':'web'},'strategy':{'blueGreen':{'activeService':'web'}}}";
    struct bed_options o = {.spec = plain, .op = {.lie = none_to_be_had}};

    (void)state;
    assert_int_equal(released(&o).slow, 0);
    o.sim.pod_start_ms = 9000;
    assert_true(released(&o).slow > 0);
}

/* What holds up the new pods is told in the words of whoever holds them. */
static void why_pods_do_not_come(void **state UNUSED)
{
    struct scene *sc =
        scene_open(&(struct bed_options){.spec = SWITCH, .sim = {.never_ready = "never"}});
    struct pod pod;
    const struct pod *list[] = {&pod};
    const char *message;

    bed_rest(&sc->st, "app:v1", 4);
    bed_image(&sc->st, "app:never");
    bed_turns(&sc->st, 300);
    scene_now(sc);
    message = scene_plan(sc)->status->display.message;
    assert_string_equal(message, "Waits for pods: 0 of 4 new pods ready.");
    scene_candidate(sc)->failure = "exceeded quota: compute";
    message = scene_plan(sc)->status->display.message;
    assert_non_null(strstr(message, "exceeded quota: compute"));
    pod = (struct pod){.revision = sc->r.status.flight.revision, .waiting_reason = "ErrImagePull"};
    sc->w.pods = list;
    sc->w.pod_count = 1;
    message = scene_plan(sc)->status->display.message;
    assert_non_null(strstr(message, "ErrImagePull"));
    pod.ready = true; /* by now */
    message = scene_plan(sc)->status->display.message;
    assert_null(strstr(message, "ErrImagePull"));
    scene_candidate(sc)->st_ready = 4; /* but not for long enough */
    scene_candidate(sc)->min_ready_seconds = sc->d.min_ready_seconds = 30;
    message = scene_plan(sc)->status->display.message;
    assert_string_equal(message, "Waits for pods: 0 of 4 new pods ready for 30s.");
    scene_close(sc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_probe_waits_for_the_pods_it_asks),
        cmocka_unit_test(a_query_waits_for_the_names_it_has),
        cmocka_unit_test(pods_out_of_reach_pass_no_gate),
        cmocka_unit_test(a_slow_pod_is_asked_why),
        cmocka_unit_test(why_pods_do_not_come),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

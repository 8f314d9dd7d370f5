/* SPDX-License-Identifier: Apache-2.0 */
/* Whole releases on the simulated cluster: each strategy forward, back, undone, superseded, with
 * the judge looking on. */
#include "sim_bed.h"

static const char *const all[] = {BLUE_GREEN, CANARY_PODS, CANARY_ROUTE, ROLLING};
static long runs;

static void open_one(struct stage *st, size_t strategy, int n)
{
    const struct bed_options o = {
        .spec = all[strategy], .replicas = n, .apart = true, .sim = {.gate_bad = "bad"}};

    runs++;
    bed_open(st, &o);
    bed_rest(st, "app:v1", n);
}

static void forward_and_forward(void **state)
{
    static const int sizes[] = {1, 2, 5, 10};
    (void)state;

    for (size_t k = 0; k < COUNT(all); k++) {
        for (size_t i = 0; i < COUNT(sizes); i++) {
            struct stage st;

            open_one(&st, k, sizes[i]);
            for (int v = 2; v < 5; v++) {
                char image[16];

                snprintf(image, sizeof image, "app:v%d", v);
                bed_image(&st, image);
                bed_rest(&st, image, sizes[i]);
            }
            stage_close(&st);
        }
    }
}

static void approve_switches(void **state)
{
    const struct bed_options o = {.spec = BLUE_GREEN_APPROVE, .apart = true};
    struct stage st;
    (void)state;

    bed_open(&st, &o);
    bed_rest(&st, "app:v1", 4);
    bed_image(&st, "app:v2");
    bed_until(&st, "Approval", 60000);
    assert_int_equal(sim_endpoints(&st.s, "web", NULL), 4);
    assert_int_equal(sim_endpoints(&st.s, "web-preview", NULL), 4);
    bed_do(&st, "approve");
    bed_until(&st, "Baking", 60000);
    bed_do(&st, "undo");
    bed_rest(&st, "app:v1", 4);
    stage_close(&st);
}

/* The share of requests goes by the steps, and comes from what the router's proxies send. */
static void route_shares(void **state)
{
    static const int want[] = {0, 200, 500, 1000};
    const struct bed_options o = {.spec = CANARY_ROUTE, .replicas = 5, .apart = true};
    struct stage st;
    int seen = 0, share = 0;
    (void)state;

    bed_open(&st, &o);
    bed_rest(&st, "app:v1", 5);
    bed_image(&st, "app:v2");
    for (int i = 0; i < 2000 && seen < (int)COUNT(want); i++) {
        const struct rollout_status *status;

        bed_turn(&st);
        status = stage_status(&st);
        if (!status->flight.present)
            continue;
        share = sim_share(&st.s, "web", "web", status->flight.revision);
        if (share != want[seen] && seen + 1 < (int)COUNT(want) && share == want[seen + 1])
            seen++;
        assert_int_equal(share, want[seen]);
        if (share == 1000)
            break;
    }
    assert_int_equal(seen, 3);
    bed_rest(&st, "app:v2", 5);
    stage_close(&st);
}

/* Rules of others, names, weights that were there, a canary entry that was there: all stays. */
static void routes_stay_theirs(void **state)
{
    static const char *const rules[] = {
        "[{'name':'main','backendRefs':[{'name':'web','port':80,'weight':1}],'timeouts':{"
        "'request':'10s'}},{'backendRefs':[{'name':'web','port':81}],'matches':[{'path':{'value':'/"
        "x'}}]}]",
        "[{'backendRefs':[{'name':'web','port':80},{'name':'web-canary','port':80,'weight':0}]}]",
        "[{'backendRefs':[{'name':'web','port':80,'weight':7}],'filters':[{'type':"
        "'RequestHeaderModifier','requestHeaderModifier':{'set':[{'name':'x','value':'1'}]}}]},"
        "{'matches':[{'path':{'value':'/api'}}],'backendRefs':[{'name':'web','port':80}]}]",
    };
    (void)state;

    for (size_t i = 0; i < COUNT(rules); i++) {
        for (int bad = 0; bad < 2; bad++) {
            const struct bed_options o = {
                .spec = CANARY_ROUTE, .rules = rules[i], .apart = true, .sim = {.gate_bad = "bad"}};
            struct stage st;

            bed_open(&st, &o);
            bed_rest(&st, "app:v1", 4);
            bed_image(&st, bad ? "app:bad" : "app:v2");
            if (bad) {
                bed_until(&st, "Aborted", 60000);
                bed_do(&st, "old image");
            }
            bed_rest(&st, bad ? "app:v1" : "app:v2", 4);
            stage_close(&st);
        }
    }
}

/* The fence is deleted while the canary has weight: that weight must not be taken for what the
 * route rests at, or it stays when the canary Service goes. */
static void lost_record_leaves_no_weight(void **state)
{
    static const int steps[] = {1, 2, 3};
    (void)state;

    for (size_t i = 0; i < COUNT(steps); i++) {
        const struct bed_options o = {.spec = CANARY_ROUTE, .apart = true};
        struct sim_backend b[4];
        struct stage st;

        bed_open(&st, &o);
        bed_rest(&st, "app:v1", 4);
        bed_image(&st, "app:v2");
        for (int k = 0; k < 2000 && !(stage_status(&st)->flight.step == steps[i] &&
                                      str_equal(stage_word(&st), "Gating"));
             k++)
            bed_turn(&st);
        bed_do(&st, "fence deleted");
        bed_rest(&st, "app:v2", 4);
        assert_int_equal(sim_backends(&st.s, "web", true, b, COUNT(b)), 1);
        assert_string_equal(b[0].service, "web");
        stage_close(&st);
    }
}

/* The weight of the present step is lowered by an edit: first the weight, then the pods. */
static void edit_lowers_weight_first(void **state)
{
    const struct bed_options o = {.spec = CANARY_ROUTE, .replicas = 8, .apart = true};
    struct stage st;
    (void)state;

    bed_open(&st, &o);
    bed_rest(&st, "app:v1", 8);
    bed_image(&st, "app:v2");
    for (int i = 0; i < 2000 && stage_status(&st)->flight.weight_accepted < 50; i++)
        bed_turn(&st);
    assert_int_equal(sim_endpoints(&st.s, "web-canary", NULL), 4);
    bed_do(&st, "weight of step 2 becomes 25");
    for (int i = 0; i < 2000 && sim_endpoints(&st.s, "web-canary", NULL) != 2; i++)
        bed_turn(&st);
    assert_int_equal(sim_share(&st.s, "web", "web", stage_status(&st)->flight.revision), 250);
    bed_rest(&st, "app:v2", 8);
    stage_close(&st);
}

/* Killed and aborted while everything is being given back: part of the history is in the Deployment
 * again when it is paused, and must not be revived when what has pods is taken out. */
static void aborted_while_given_back(void **state)
{
    (void)state;
    for (int when = 0; when < 5; when++) {
        const struct bed_options o = {.spec = CANARY_ROUTE, .replicas = 2, .apart = true};
        struct stage st;
        int pods;

        bed_open(&st, &o);
        bed_rest(&st, "app:v1", 2);
        bed_image(&st, "app:v2");
        bed_rest(&st, "app:v2", 2);
        bed_image(&st, "app:v3");
        bed_rest(&st, "app:v3", 2);
        pods = st.s.pods_started;
        bed_image(&st, "app:v1");
        for (int i = 0, resumed = st.s.writes[ACT_RESUME];
             i < 4000 && st.s.writes[ACT_RESUME] == resumed; i++)
            bed_turn(&st);
        bed_turns(&st, when);
        bed_do(&st, "operator killed");
        bed_do(&st, "abort");
        bed_turns(&st, 400);
        bed_judge(&st);
        CHECK(st.s.pods_started <= pods + 4, "%d ticks later: %d pods started", when,
              st.s.pods_started - pods);
        stage_close(&st);
    }
}

/* Aborted just when the old pods were told to go, and their ReplicaSet's status still counts them:
 * nobody may be sent to them again. */
static void aborted_as_old_pods_go(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        const struct bed_options o = {.spec = BLUE_GREEN,
                                      .replicas = 2,
                                      .apart = true,
                                      .sim = {.idle_percent = 70, .seed = seed}};
        struct stage st;

        bed_open(&st, &o);
        bed_rest(&st, "app:v1", 2);
        bed_image(&st, "app:v2");
        for (int i = 0; i < 4000 && st.s.writes[ACT_RS_SCALE] < 2; i++)
            bed_turn(&st);
        bed_do(&st, "abort");
        bed_turns(&st, 300);
        CHECK(!st.judge.violations, "seed %d: %s", (int)seed, st.judge.words);
        stage_close(&st);
    }
}

/* Also when its flight is closed and the route settles: what was promoted is never "Aborting". */
static void promoted_never_says_aborting(void **state)
{
    const struct bed_options o = {
        .spec = CANARY_ROUTE, .apart = true, .sim = {.route_lag_ms = 1500, .proxy_lag_ms = 100}};
    struct stage st;
    (void)state;

    bed_open(&st, &o);
    bed_rest(&st, "app:v1", 4);
    bed_image(&st, "app:v2");
    for (int i = 0; i < 2000; i++) {
        bed_turn(&st);
        assert_string_not_equal(stage_word(&st), "Aborting");
    }
    bed_rest(&st, "app:v2", 4);
    stage_close(&st);
}

/* A router that says no holds the release until its deadline, and then it goes back. */
static void route_refused(void **state)
{
    const struct bed_options o = {.spec = CANARY_ROUTE, .apart = true};
    struct stage st;
    (void)state;

    bed_open(&st, &o);
    bed_rest(&st, "app:v1", 4);
    bed_do(&st, "route refuses");
    bed_image(&st, "app:v2");
    bed_until(&st, "Stalled", 5000);
    bed_turns(&st, 1300);
    assert_string_not_equal(stage_status(&st)->rejected.revision, "");
    bed_do(&st, "route accepts");
    bed_until(&st, "Aborted", 30000);
    bed_image(&st, "app:v3");
    bed_rest(&st, "app:v3", 4);
    stage_close(&st);
}

static void gate_fails_and_holds(void **state)
{
    (void)state;
    for (size_t k = 0; k < COUNT(all); k++) {
        struct stage st;

        open_one(&st, k, 5);
        bed_image(&st, "app:bad");
        bed_until(&st, "Aborted", 60000);
        assert_int_equal(sim_endpoints(&st.s, "web", NULL), 5);
        bed_do(&st, "scale to 0");
        bed_until(&st, "Aborted", 5000);
        bed_do(&st, "scale to 5");
        bed_turns(&st, 60);
        assert_int_equal(sim_endpoints(&st.s, "web", NULL), 5);
        bed_image(&st, "app:v3");
        bed_rest(&st, "app:v3", 5);
        bed_image(&st, "app:bad");
        bed_until(&st, "Aborted", 60000);
        bed_image(&st, "app:v3");
        bed_rest(&st, "app:v3", 5);
        stage_close(&st);
    }
}

/* Some other template comes at any time of the release: the newest one, or the old one again. */
static void moved_any_time(const char *image)
{
    for (size_t k = 0; k < COUNT(all); k++) {
        for (int when = 1; when < 160; when += 11) {
            struct stage st;

            open_one(&st, k, 4);
            bed_image(&st, "app:v2");
            bed_turns(&st, when);
            bed_image(&st, image);
            bed_rest(&st, image, 4);
            stage_close(&st);
        }
    }
}

static void superseded(void **state)
{
    (void)state;
    moved_any_time("app:v3");
}

static void reverted_any_time(void **state)
{
    (void)state;
    moved_any_time("app:v1");
}

static void deleted_any_time(void **state)
{
    static const char *const how[] = {"Revert", "Hold", "Promote"};
    (void)state;

    for (size_t k = 0; k < COUNT(all); k++) {
        for (int when = 0; when < 160; when += 16) {
            struct stage st;

            open_one(&st, k, 4);
            bed_patch(&st, SIM_ROLLOUT,
                      arena_printf(&st.a, "{'spec':{'onDelete':'%s'}}", how[(when / 16) % 3]));
            bed_image(&st, "app:v2");
            bed_turns(&st, when);
            bed_do(&st, "rollout deleted");
            for (int i = 0; i < 800 && sim_find(&st.s, SIM_ROLLOUT, "web"); i++)
                bed_turn(&st);
            assert_null(sim_find(&st.s, SIM_ROLLOUT, "web"));
            assert_null(sim_find(&st.s, SIM_FENCE, "web-sluice"));
            sim_tick(&st.s, 3000);
            assert_int_equal(sim_endpoints(&st.s, "web", NULL), 4);
            bed_judge(&st);
            stage_close(&st);
        }
    }
}

/* The candidate of an undo is older than stable, which is how the Deployment controller breaks a
 * tie: each room it may be given leads to the end. */
static void rolling_undone(int n, const char *surge, const char *unavailable)
{
    const struct bed_options o = {
        .spec = ROLLING, .replicas = n, .surge = surge, .unavailable = unavailable, .apart = true};
    struct stage st;

    runs++;
    bed_open(&st, &o);
    bed_rest(&st, "app:v1", n);
    bed_image(&st, "app:v2");
    bed_rest(&st, "app:v2", n);
    bed_do(&st, "undo");
    bed_rest(&st, "app:v1", n);
    stage_close(&st);
}

static void undone_at_rest(void **state)
{
    static const char *const rooms[][2] = {{"0", "1"}, {"0", "2"}, {"1", "0"}, {"1", "1"},
                                           {"1", "2"}, {"2", "0"}, {"2", "1"}, {"2", "2"}};
    (void)state;

    for (int n = 2; n <= 8; n++) {
        for (size_t i = 0; i < COUNT(rooms); i++)
            rolling_undone(n, rooms[i][0], rooms[i][1]);
    }
}

/* A candidate that is not what was asked for gets no pods, serves nobody, and is not made again and
 * again. */
static void a_mutated_candidate_stands_still(void **state)
{
    (void)state;
    for (size_t k = 0; k < COUNT(all); k++) {
        struct stage st;
        int before;

        open_one(&st, k, 4);
        st.s.opt.mutates = true;
        bed_image(&st, "app:v2");
        bed_until(&st, "Stalled", 60000);
        bed_turns(&st, 60);
        before = bed_writes(&st);
        bed_turns(&st, 60);
        assert_int_equal(bed_writes(&st), before);
        assert_string_equal(stage_word(&st), "Stalled");
        assert_int_equal(st.s.pod_count, 4);
        st.s.opt.mutates = false;
        bed_image(&st, "app:v3");
        bed_rest(&st, "app:v3", 4);
        stage_close(&st);
    }
}

/* What a release costs (I6): each write is there because a crash before or after it must leave
 * nothing ambiguous; src/README.md says which. A second release has history, whose every revision
 * is fenced and given back. Up to two status writes more than there: this Deployment controller
 * sees the pause a tick late. */
static void writes_are_few(void **state)
{
    static const struct {
        const char *spec;
        int first, second;
    } table[] = {
        {"{'blueGreen':{'activeService':'web'}}", 20, 22},
        {"{'canary':{'steps':[{'weight':20},{'weight':60}]}}", 20, 22},
        {"{'canary':{'steps':[{'weight':20},{'weight':40},{'weight':60}]}}", 22, 24},
        {"{'rolling':{'steps':[{'replicas':'20%%'},{'replicas':'60%%'}]}}", 19, 21},
        {"{'rolling':{'steps':[{'replicas':'20%%'},{'replicas':'40%%'},{'replicas':'60%%'}]}}", 20,
         22},
    };
    (void)state;

    for (size_t i = 0; i < COUNT(table); i++) {
        char spec[256];
        const struct bed_options o = {.spec = spec, .replicas = 5, .apart = true};
        struct stage st;
        int before;

        snprintf(spec, sizeof spec, "{'targetRef':{'name':'web'},'strategy':%s}", table[i].spec);
        bed_open(&st, &o);
        bed_rest(&st, "app:v1", 5);
        before = bed_writes(&st);
        bed_image(&st, "app:v2");
        bed_rest(&st, "app:v2", 5);
        CHECK(bed_writes(&st) - before == table[i].first, "%zu: first %d", i,
              bed_writes(&st) - before);
        before = bed_writes(&st);
        bed_image(&st, "app:v3");
        bed_rest(&st, "app:v3", 5);
        CHECK(bed_writes(&st) - before == table[i].second, "%zu: second %d", i,
              bed_writes(&st) - before);
        stage_close(&st);
    }
}

/* In the middle of a routed canary the spec forgets the route, or the whole strategy: the route is
 * given back as it was, then the release begins anew. */
static void traffic_forgotten_in_flight(void **state)
{
    static const char *const edits[] = {
        "{'spec':{'strategy':{'canary':{'traffic':null,'stableService':null}}}}",
        "{'spec':{'strategy':{'canary':null,'blueGreen':{'activeService':'web'}}}}",
        "{'spec':{'strategy':{'canary':null,'rolling':{'steps':[{'replicas':'50%%'}]}}}}",
    };
    (void)state;

    for (size_t i = 0; i < COUNT(edits); i++) {
        const struct bed_options o = {.spec = CANARY_ROUTE, .replicas = 4, .apart = true};
        struct sim_backend b[4];
        struct stage st;

        runs++;
        bed_open(&st, &o);
        bed_rest(&st, "app:v1", 4);
        bed_image(&st, "app:v2");
        for (int k = 0; k < 2000 && stage_status(&st)->flight.weight_accepted < 50; k++)
            bed_turn(&st);
        assert_int_equal(stage_status(&st)->flight.weight_accepted, 50);
        bed_patch(&st, SIM_ROLLOUT, edits[i]);
        bed_rest(&st, "app:v2", 4);
        assert_int_equal(sim_backends(&st.s, "web", true, b, COUNT(b)), 1);
        assert_string_equal(b[0].service, "web");
        assert_int_equal(stage_status(&st)->history_count, 2);
        assert_string_equal(stage_status(&st)->history[1].outcome, "Superseded");
        stage_close(&st);
    }
}

static int count_runs(void **state)
{
    (void)state;
    bed_tally("runs", runs);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forward_and_forward),
        cmocka_unit_test(approve_switches),
        cmocka_unit_test(route_shares),
        cmocka_unit_test(routes_stay_theirs),
        cmocka_unit_test(route_refused),
        cmocka_unit_test(lost_record_leaves_no_weight),
        cmocka_unit_test(promoted_never_says_aborting),
        cmocka_unit_test(aborted_as_old_pods_go),
        cmocka_unit_test(aborted_while_given_back),
        cmocka_unit_test(edit_lowers_weight_first),
        cmocka_unit_test(gate_fails_and_holds),
        cmocka_unit_test(superseded),
        cmocka_unit_test(reverted_any_time),
        cmocka_unit_test(deleted_any_time),
        cmocka_unit_test(undone_at_rest),
        cmocka_unit_test(a_mutated_candidate_stands_still),
        cmocka_unit_test(writes_are_few),
        cmocka_unit_test(traffic_forgotten_in_flight),
    };

    return cmocka_run_group_tests(tests, NULL, count_runs);
}

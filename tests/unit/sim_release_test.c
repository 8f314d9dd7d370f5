/* SPDX-License-Identifier: Apache-2.0 */
/* Whole releases on the simulated cluster: each strategy forward, back, undone, superseded. */
#include "sluice/sim/sim.h"

#include "check.h"
#include "sluice/base/clock.h"
#include "sluice/json/jfmt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define APP "{'app':'web'}"

struct bed {
    struct sim s;
    struct arena a;
    bool trace;
    int32_t least; /* fewest ready endpoints of Service web since the last bed_calm */
    int writes;    /* that decide or act; how many reports there are is a matter of their delay */
};

static const char *image_template(struct arena *a, const char *image)
{
    return json_fmt(a,
                    "{'metadata':{'labels':" APP "},'spec':{'containers':[{'name':'app','image':%q,"
                    "'ports':[{'containerPort':8080,'name':'http'}]}]}}",
                    image);
}

static void must(bool ok, const struct err *e)
{
    if (!ok)
        fail_msg("%s", e->text);
}

static void bed_open(struct bed *b, int n, const char *spec, const struct sim_options *opt)
{
    struct err e = {0};

    memset(b, 0, sizeof *b);
    sim_init(&b->s, opt);
    arena_init(&b->a);
    b->trace = getenv("SIM_TRACE") != NULL;
    must(sim_create(
             &b->s, SIM_DEPLOYMENT,
             json_fmt(
                 &b->a,
                 "{'metadata':{'name':'web','annotations':{}},'spec':{'replicas':%d,'selector':{"
                 "'matchLabels':" APP "},'template':%r,'strategy':{'type':"
                 "'RollingUpdate'}}}",
                 n, image_template(&b->a, "app:v1")),
             &e),
         &e);
    must(sim_create(&b->s, SIM_SERVICE,
                    json_fmt(&b->a, "{'metadata':{'name':'web','labels':{}},'spec':{'selector':" APP
                                    ",'ports':[{'port':80,'targetPort':8080}]}}"),
                    &e),
         &e);
    sim_tick(&b->s, 2000);
    must(sim_create(&b->s, SIM_ROLLOUT,
                    json_fmt(&b->a,
                             "{'apiVersion':'sluice.dev/v1beta1','kind':'Rollout','metadata':{"
                             "'name':'web'},'spec':%r}",
                             json_fmt(&b->a, spec, NULL)),
                    &e),
         &e);
}

static void bed_close(struct bed *b)
{
    sim_release(&b->s);
    arena_release(&b->a);
}

static const char *status_word(struct bed *b)
{
    const struct sim_object *o = sim_find(&b->s, SIM_ROLLOUT, "web");

    return o ? json_str(o->doc, "status.display.status") : NULL;
}

static void trace(struct bed *b, const struct plan *plan)
{
    if (!b->trace)
        return;
    fprintf(stderr, "%8lld %-16s %-16s %-12s step %d ep %d:", (long long)(b->s.now_ms % 10000000),
            plan->rule, act_name(plan->action.act), plan->status->display.status,
            plan->status->flight.step, sim_endpoints(&b->s, "web", NULL));
    for (struct sim_object *o = b->s.objects; o; o = o->next) {
        if (o->kind == SIM_REPLICASET)
            fprintf(stderr, " %s %d/%d", json_str(o->doc, "metadata.name"),
                    (int)json_i64(o->doc, "spec.replicas", 0),
                    (int)json_i64(o->doc, "status.availableReplicas", 0));
    }
    fprintf(stderr, " | %s\n", plan->status->display.message);
}

/* One write at a time, as the controller: everything is looked at between any two. */
static const struct plan *bed_step(struct bed *b)
{
    const struct plan *plan;

    arena_release(&b->a);
    plan = sim_reconcile(&b->s, &b->a, "web", 1);
    if (plan && plan->action.act != ACT_NONE) {
        b->writes += plan->action.act != ACT_REPORT;
        trace(b, plan);
    }
    sim_tick(&b->s, 50);
    b->least = (int32_t)min_i64(b->least, sim_endpoints(&b->s, "web", NULL));
    return plan;
}

static void bed_calm(struct bed *b)
{
    b->least = INT32_MAX;
}

/* Until the word is there; the test fails after `ms` of simulated time. */
static void until(struct bed *b, const char *word, int64_t ms)
{
    const int64_t end = b->s.now_ms + ms;
    const struct plan *plan = NULL;

    while (b->s.now_ms < end) {
        plan = bed_step(b);
        if (!plan || (str_equal(status_word(b), word) && plan->action.act == ACT_NONE))
            return;
    }
    fail_msg("not %s after %lld ms: %s, rule %s: %s", word, (long long)ms, status_word(b),
             plan->rule, plan->status->display.message);
}

static void set_image(struct bed *b, const char *image)
{
    struct err e = {0};

    must(sim_user_patch(&b->s, SIM_DEPLOYMENT, "web",
                        json_fmt(&b->a, "{'spec':{'template':%r}}", image_template(&b->a, image)),
                        &e),
         &e);
}

static void scale(struct bed *b, int n)
{
    struct err e = {0};

    must(sim_user_patch(&b->s, SIM_DEPLOYMENT, "web",
                        json_fmt(&b->a, "{'spec':{'replicas':%d}}", n), &e),
         &e);
}

static void command(struct bed *b, const char *verb)
{
    static int id;
    const struct sim_object *o = sim_find(&b->s, SIM_ROLLOUT, "web");
    const char *revision = json_str(o->doc, "status.flight.revision");
    struct err e = {0};

    if (!revision)
        revision = json_str(o->doc, "status.stable.revision");
    must(sim_user_patch(
             &b->s, SIM_ROLLOUT, "web",
             json_fmt(&b->a, "{'spec':{'action':{'id':'c%d','verb':%q,'revision':%q,'step':%l}}}",
                      ++id, verb, revision, json_i64(o->doc, "status.flight.step", 0)),
             &e),
         &e);
}

static const char *running_image(struct bed *b)
{
    const struct sim_object *d = sim_find(&b->s, SIM_DEPLOYMENT, "web");
    const cJSON *containers = json_at(d->doc, "spec.template.spec.containers");

    return json_str(containers ? containers->child : NULL, "image");
}

static void stable_revision(struct bed *b, char out[64])
{
    const struct sim_object *o = sim_find(&b->s, SIM_ROLLOUT, "web");

    snprintf(out, 64, "%s", json_str(o->doc, "status.stable.revision"));
}

static void delete_revision(struct bed *b, const char *revision)
{
    for (struct sim_object *o = b->s.objects; o; o = o->next) {
        if (o->kind == SIM_REPLICASET &&
            str_equal(json_str(json_at(o->doc, "spec.selector.matchLabels"), "pod-template-hash"),
                      revision)) {
            sim_delete(&b->s, SIM_REPLICASET, json_str(o->doc, "metadata.name"));
            return;
        }
    }
    fail_msg("no ReplicaSet of %s", revision);
}

/* At rest nothing of ours is left, and the Deployment is whole. */
static void assert_rest(struct bed *b, const char *image, int n)
{
    const struct sim_object *d = sim_find(&b->s, SIM_DEPLOYMENT, "web");
    const struct sim_object *v = sim_find(&b->s, SIM_SERVICE, "web");

    until(b, "Resting", 60000);
    for (int i = 0; i < 40; i++) {
        const struct plan *plan = bed_step(b);

        assert_int_equal(plan->action.act, ACT_NONE);
    }
    d = sim_find(&b->s, SIM_DEPLOYMENT, "web");
    assert_string_equal(running_image(b), image);
    assert_false(json_bool(d->doc, "spec.paused", false));
    assert_null(json_key(json_at(d->doc, "metadata.annotations"), ANNOTATION_DEAD_MAN));
    assert_int_equal(json_i64(d->doc, "status.availableReplicas", 0), n);
    assert_int_equal(json_i64(d->doc, "status.updatedReplicas", 0), n);
    assert_int_equal(json_i64(d->doc, "status.replicas", 0), n);
    v = sim_find(&b->s, SIM_SERVICE, "web");
    assert_null(json_key(json_at(v->doc, "spec.selector"), LABEL_REVISION));
    assert_null(sim_find(&b->s, SIM_SERVICE, "web-preview"));
    assert_null(sim_find(&b->s, SIM_SERVICE, "web-canary"));
    assert_null(sim_find(&b->s, SIM_FENCE, "web-sluice"));
    assert_int_equal(
        json_count(json_at(sim_find(&b->s, SIM_ROLLOUT, "web")->doc, "metadata.finalizers")), 0);
    assert_int_equal(sim_endpoints(&b->s, "web", NULL), n);
    for (struct sim_object *o = b->s.objects; o; o = o->next) {
        if (o->kind == SIM_REPLICASET)
            assert_null(json_key(json_at(o->doc, "metadata.labels"), LABEL_OF));
    }
}

#define BLUE_GREEN                                                                                 \
    "{'targetRef':{'name':'web'},'strategy':{'blueGreen':{'activeService':'web','switch':"         \
    "'Approve'}},'drain':'1s','bake':'3s','gates':[{'name':'smoke','probe':{'http':{}}}]}"
#define BLUE_GREEN_AUTO                                                                            \
    "{'targetRef':{'name':'web'},'strategy':{'blueGreen':{'activeService':'web'}},'drain':'1s',"   \
    "'bake':'3s','gates':[{'name':'smoke','probe':{'http':{}}}]}"
#define CANARY_PODS                                                                                \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':20},{'weight':50,"       \
    "'hold':'1s'}]}},'drain':'1s','bake':'2s','gates':[{'name':'smoke','probe':{'http':{}}}]}"
#define ROLLING                                                                                    \
    "{'targetRef':{'name':'web'},'strategy':{'rolling':{'steps':[{'replicas':'20%%'},{'replicas':" \
    "'60%%'}]}},'bake':'2s','gates':[{'name':'smoke','probe':{'http':{}}}]}"

static const char *const all[] = {BLUE_GREEN_AUTO, CANARY_PODS, ROLLING};

static void forward_and_forward(void **state)
{
    static const int sizes[] = {1, 2, 5, 10};
    (void)state;

    for (size_t k = 0; k < COUNT(all); k++) {
        for (size_t i = 0; i < COUNT(sizes); i++) {
            struct bed b;

            bed_open(&b, sizes[i], all[k], NULL);
            assert_rest(&b, "app:v1", sizes[i]);
            for (int v = 2; v < 5; v++) {
                char image[16];

                snprintf(image, sizeof image, "app:v%d", v);
                bed_calm(&b);
                set_image(&b, image);
                assert_rest(&b, image, sizes[i]);
                if (k < 2)
                    assert_true(b.least >= sizes[i]);
            }
            bed_close(&b);
        }
    }
}

static void approve_switches(void **state)
{
    struct bed b;
    (void)state;

    bed_open(&b, 4, BLUE_GREEN, NULL);
    assert_rest(&b, "app:v1", 4);
    bed_calm(&b);
    set_image(&b, "app:v2");
    until(&b, "Approval", 60000);
    assert_int_equal(sim_endpoints(&b.s, "web", NULL), 4);
    assert_int_equal(sim_endpoints(&b.s, "web-preview", NULL), 4);
    command(&b, "Approve");
    until(&b, "Baking", 60000);
    command(&b, "Undo");
    assert_rest(&b, "app:v1", 4);
    assert_true(b.least >= 4);
    bed_close(&b);
}

static void gate_fails_and_holds(void **state)
{
    const struct sim_options opt = {.gate_bad = "bad"};
    (void)state;

    for (size_t k = 0; k < COUNT(all); k++) {
        struct bed b;

        bed_open(&b, 5, all[k], &opt);
        assert_rest(&b, "app:v1", 5);
        bed_calm(&b);
        set_image(&b, "app:bad");
        until(&b, "Aborted", 60000);
        assert_int_equal(sim_endpoints(&b.s, "web", NULL), 5);
        scale(&b, 0);
        until(&b, "Aborted", 5000);
        scale(&b, 5);
        for (int i = 0; i < 60; i++)
            bed_step(&b);
        assert_int_equal(sim_endpoints(&b.s, "web", NULL), 5);
        set_image(&b, "app:v3");
        assert_rest(&b, "app:v3", 5);
        set_image(&b, "app:bad");
        until(&b, "Aborted", 60000);
        set_image(&b, "app:v3");
        assert_rest(&b, "app:v3", 5);
        bed_close(&b);
    }
}

static void superseded(void **state)
{
    (void)state;
    for (size_t k = 0; k < COUNT(all); k++) {
        for (int when = 1; when < 160; when += 11) {
            struct bed b;

            bed_open(&b, 4, all[k], NULL);
            assert_rest(&b, "app:v1", 4);
            bed_calm(&b);
            set_image(&b, "app:v2");
            for (int i = 0; i < when; i++)
                bed_step(&b);
            set_image(&b, "app:v3");
            assert_rest(&b, "app:v3", 4);
            if (k < 2)
                assert_true(b.least >= 4);
            bed_close(&b);
        }
    }
}

static void reverted_any_time(void **state)
{
    (void)state;
    for (size_t k = 0; k < COUNT(all); k++) {
        for (int when = 1; when < 160; when += 11) {
            struct bed b;

            bed_open(&b, 4, all[k], NULL);
            assert_rest(&b, "app:v1", 4);
            bed_calm(&b);
            set_image(&b, "app:v2");
            for (int i = 0; i < when; i++)
                bed_step(&b);
            set_image(&b, "app:v1");
            assert_rest(&b, "app:v1", 4);
            if (k < 2)
                assert_true(b.least >= 4);
            bed_close(&b);
        }
    }
}

static void deleted_any_time(void **state)
{
    static const char *const how[] = {"Revert", "Hold", "Promote"};
    (void)state;

    for (size_t k = 0; k < COUNT(all); k++) {
        for (int when = 0; when < 160; when += 16) {
            struct bed b;
            struct err e = {0};

            bed_open(&b, 4, all[k], NULL);
            assert_true(sim_user_patch(
                &b.s, SIM_ROLLOUT, "web",
                json_fmt(&b.a, "{'spec':{'onDelete':%q}}", how[(when / 16) % 3]), &e));
            assert_rest(&b, "app:v1", 4);
            bed_calm(&b);
            set_image(&b, "app:v2");
            for (int i = 0; i < when; i++)
                bed_step(&b);
            sim_delete(&b.s, SIM_ROLLOUT, "web");
            for (int i = 0; i < 400 && bed_step(&b); i++)
                ;
            assert_null(sim_find(&b.s, SIM_ROLLOUT, "web"));
            assert_null(sim_find(&b.s, SIM_FENCE, "web-sluice"));
            sim_tick(&b.s, 3000);
            assert_int_equal(sim_endpoints(&b.s, "web", NULL), 4);
            if (k < 2)
                assert_true(b.least >= 4);
            bed_close(&b);
        }
    }
}

/* Before the flight is recorded there is no fence either: what is new must not roll by itself. */
static void deleted_at_once(void **state)
{
    (void)state;
    for (size_t k = 0; k < COUNT(all); k++) {
        for (int when = 1; when < 16; when++) {
            struct bed b;

            bed_open(&b, 4, all[k], NULL);
            assert_rest(&b, "app:v1", 4);
            set_image(&b, "app:v2");
            for (int i = 0; i < when; i++)
                bed_step(&b);
            sim_delete(&b.s, SIM_ROLLOUT, "web");
            for (int i = 0; i < 400 && bed_step(&b); i++)
                ;
            assert_null(sim_find(&b.s, SIM_ROLLOUT, "web"));
            assert_string_equal(running_image(&b), "app:v1");
            sim_tick(&b.s, 3000);
            assert_int_equal(sim_endpoints(&b.s, "web", NULL), 4);
            bed_close(&b);
        }
    }
}

static bool all_given_back(struct bed *b)
{
    const struct sim_object *d = sim_find(&b->s, SIM_DEPLOYMENT, "web");
    const struct sim_object *r = sim_find(&b->s, SIM_ROLLOUT, "web");

    return json_str(r->doc, "status.flight.revision") && !json_bool(d->doc, "spec.paused", false) &&
           !sim_find(&b->s, SIM_FENCE, "web-sluice");
}

/* Between the last thing given back and the status that says so. */
static void undone_at_the_very_end(void **state)
{
    (void)state;
    for (size_t k = 0; k < COUNT(all); k++) {
        struct bed b;

        bed_open(&b, 4, all[k], NULL);
        assert_rest(&b, "app:v1", 4);
        set_image(&b, "app:v2");
        for (int i = 0; i < 40; i++)
            bed_step(&b);
        for (int i = 0; i < 2000 && !all_given_back(&b); i++)
            bed_step(&b);
        assert_true(all_given_back(&b));
        command(&b, "Undo");
        assert_rest(&b, "app:v1", 4);
        bed_close(&b);
    }
}

/* The candidate of an undo is older than stable, which is how the Deployment controller breaks a
 * tie: each room it may be given leads to the end. */
static void rolling_undone(int n, int surge, int unavailable)
{
    struct bed b;
    struct err e = {0};

    bed_open(&b, n, ROLLING, NULL);
    must(sim_user_patch(&b.s, SIM_DEPLOYMENT, "web",
                        json_fmt(&b.a,
                                 "{'spec':{'strategy':{'rollingUpdate':{'maxSurge':%d,"
                                 "'maxUnavailable':%d}}}}",
                                 surge, unavailable),
                        &e),
         &e);
    assert_rest(&b, "app:v1", n);
    set_image(&b, "app:v2");
    assert_rest(&b, "app:v2", n);
    bed_calm(&b);
    command(&b, "Undo");
    assert_rest(&b, "app:v1", n);
    assert_true(b.least >= n - unavailable);
    bed_close(&b);
}

static void undone_at_rest(void **state)
{
    (void)state;
    for (int n = 2; n <= 8; n++)
        for (int surge = 0; surge <= 2; surge++)
            for (int unavailable = surge ? 0 : 1; unavailable <= 2; unavailable++)
                rolling_undone(n, surge, unavailable);
}

/* What a release costs (I6): each write is there because a crash before or after it must leave
 * nothing ambiguous; src/README.md says which. A second release has history, whose every revision
 * is fenced and given back. */
static void writes_are_few(void **state)
{
    static const struct {
        const char *strategy;
        int first, second;
    } table[] = {
        {"{'blueGreen':{'activeService':'web'}}", 20, 22},
        {"{'canary':{'steps':[{'weight':20},{'weight':60}]}}", 20, 22},
        {"{'canary':{'steps':[{'weight':20},{'weight':40},{'weight':60}]}}", 22, 24},
        {"{'rolling':{'steps':[{'replicas':'20%%'},{'replicas':'60%%'}]}}", 17, 19},
        {"{'rolling':{'steps':[{'replicas':'20%%'},{'replicas':'40%%'},{'replicas':'60%%'}]}}", 19,
         21},
    };
    (void)state;

    for (size_t i = 0; i < COUNT(table); i++) {
        struct bed b;
        char spec[256];

        snprintf(spec, sizeof spec, "{'targetRef':{'name':'web'},'strategy':%s}",
                 table[i].strategy);
        bed_open(&b, 5, spec, NULL);
        assert_rest(&b, "app:v1", 5);
        b.writes = 0;
        set_image(&b, "app:v2");
        assert_rest(&b, "app:v2", 5);
        assert_int_equal(b.writes, table[i].first);
        b.writes = 0;
        set_image(&b, "app:v3");
        assert_rest(&b, "app:v3", 5);
        assert_int_equal(b.writes, table[i].second);
        bed_close(&b);
    }
}

/* Stable's ReplicaSet deleted by hand while no fence holds its template: nobody has it then. What
 * is new was not judged, and does not take its place; with the template put back it serves. */
static void stable_lost_without_record(void **state)
{
    static const char *const specs[] = {
        "{'targetRef':{'name':'web'},'strategy':{'blueGreen':{'activeService':'web','switch':"
        "'Approve'}},'drain':'1s'}",
        "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':50,'approve':true}]}}"
        ",'drain':'1s'}",
        "{'targetRef':{'name':'web'},'strategy':{'rolling':{'steps':[{'replicas':'50%%','approve':"
        "true}]}}}",
    };

    (void)state;
    for (size_t i = 0; i < 3 * COUNT(specs); i++) {
        struct bed b;
        char stable[64], now[64];

        bed_open(&b, 4, specs[i / 3], NULL);
        until(&b, "Resting", 5000);
        stable_revision(&b, stable);
        set_image(&b, "app:v2");
        if (i % 3 == 1) {
            until(&b, "Approval", 30000);
            sim_delete(&b.s, SIM_FENCE, "web-sluice");
        }
        delete_revision(&b, stable);
        if (i % 3 < 2) { /* else it is put back before the operator saw any of it */
            until(&b, "Stalled", 30000);
            stable_revision(&b, now);
            assert_string_equal(now, stable);
        }
        set_image(&b, "app:v1");
        assert_rest(&b, "app:v1", 4);
        bed_close(&b);
    }
}

static void patch_rollout(struct bed *b, const char *spec)
{
    struct err e = {0};

    must(sim_user_patch(&b->s, SIM_ROLLOUT, "web",
                        json_fmt(&b->a, "{'spec':%r}", json_fmt(&b->a, spec, NULL)), &e),
         &e);
}

static int step_now(struct bed *b)
{
    return (int)json_i64(sim_find(&b->s, SIM_ROLLOUT, "web")->doc, "status.flight.step", 0);
}

/* An edit of steps approves nothing: the pods that there are must pass before there are more. */
static void rolling_edit_approves_nothing(void **state)
{
    static const struct {
        int n, step;
        const char *steps;
    } table[] = {
        {4, 1,
         "{'strategy':{'rolling':{'steps':[{'replicas':'50%%','approve':true,'hold':'1s'}]}}}"},
        {1, 1,
         "{'strategy':{'rolling':{'steps':[{'replicas':'50%%','approve':true,'hold':'1s'}]}}}"},
        {4, 2,
         "{'strategy':{'rolling':{'steps':[{'replicas':'25%%'},{'replicas':'50%%','approve':true},"
         "{'replicas':'75%%'}]}}}"},
        {4, 1,
         "{'strategy':{'rolling':{'steps':[{'replicas':'25%%','approve':true},{'replicas':'75%%'}]}"
         "}}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct bed b;

        bed_open(&b, table[i].n,
                 "{'targetRef':{'name':'web'},'strategy':{'rolling':{'steps':[{'replicas':'50%%',"
                 "'approve':true}]}}}",
                 NULL);
        until(&b, "Resting", 5000);
        set_image(&b, "app:v2");
        until(&b, "Approval", 30000);
        patch_rollout(&b, table[i].steps);
        for (int k = 0; k < 100; k++)
            bed_step(&b);
        until(&b, "Approval", 30000);
        assert_int_equal(step_now(&b), table[i].step);
        command(&b, "Approve");
        assert_rest(&b, "app:v2", table[i].n);
        bed_close(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forward_and_forward),
        cmocka_unit_test(approve_switches),
        cmocka_unit_test(gate_fails_and_holds),
        cmocka_unit_test(superseded),
        cmocka_unit_test(reverted_any_time),
        cmocka_unit_test(deleted_any_time),
        cmocka_unit_test(deleted_at_once),
        cmocka_unit_test(undone_at_rest),
        cmocka_unit_test(undone_at_the_very_end),
        cmocka_unit_test(writes_are_few),
        cmocka_unit_test(stable_lost_without_record),
        cmocka_unit_test(rolling_edit_approves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

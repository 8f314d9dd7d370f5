/* SPDX-License-Identifier: Apache-2.0 */
/* Services of others: pinned to the survivor, proved, unpinned; deleted in the middle, with a
 * selector that somebody reset, and more of them than can be pinned. */
#include "sim_scene.h"

#define OWN_PREVIEW                                                                                \
    "{'targetRef':{'name':'web'},'strategy':{'blueGreen':{'activeService':'web',"                  \
    "'previewService':'side','switch':'Approve'}},'drain':'1s'}"

#define SWITCH_BAKES                                                                               \
    "{'targetRef':{'name':'web'},'strategy':{'blueGreen':{'activeService':'web','switch':"         \
    "'Approve'}},'drain':'1s','bake':'1h'}"

static const char service[] = "{\"metadata\":{\"name\":\"%s\",\"labels\":{\"team\":\"a\"}},"
                              "\"spec\":{\"selector\":{\"app\":\"web\"},\"ports\":[{"
                              "\"port\":80,\"targetPort\":8080}]}}";

static void make_service(struct stage *st, const char *name)
{
    struct err e = {0};

    assert_true(sim_create(&st->s, SIM_SERVICE, arena_printf(&st->a, service, name), &e));
}

static const char *label(const struct stage *st, const char *name, const char *key)
{
    const struct sim_object *o = sim_find(&st->s, SIM_SERVICE, name);

    return o ? json_str(json_key(json_at(o->doc, "metadata.labels"), key), "") : "no Service";
}

/* The revision that the status pins it to. */
static const char *pin_of(struct stage *st, const char *name)
{
    const struct rollout_status *status = stage_status(st);

    for (int i = 0; i < status->pin_count; i++) {
        if (str_equal(status->pins[i].service, name))
            return status->pins[i].revision;
    }
    return "none";
}

/* ---- Services -------------------------------------------------------------------------------- */

/* A preview Service that is not of our making stays, with its own selector. */
static void a_preview_of_their_own(void **state UNUSED)
{
    const struct bed_options o = {.spec = OWN_PREVIEW};
    struct stage st;
    const char *fresh;

    bed_open(&st, &o);
    make_service(&st, "side");
    sim_judge_resting(&st.judge);
    bed_rest(&st, "app:v1", 4);
    assert_null(label(&st, "side", LABEL_PIN));
    bed_image(&st, "app:v2");
    bed_until(&st, "Approval", 30000);
    fresh = stage_status(&st)->flight.revision;
    assert_string_equal(label(&st, "side", LABEL_PIN), fresh);
    assert_int_equal(sim_endpoints(&st.s, "side", fresh), 4);
    bed_do(&st, "approve");
    bed_rest(&st, "app:v2", 4);
    assert_null(label(&st, "side", LABEL_PIN));
    stage_close(&st);
}

/* Deleted before the switch and made again after it: it comes back pinned to what serves now. */
static void a_service_away_at_the_switch(void **state UNUSED)
{
    const struct bed_options o = {.spec = SWITCH};
    struct stage st;
    char fresh[64];

    bed_open(&st, &o);
    bed_rest(&st, "app:v1", 4);
    bed_image(&st, "app:v2");
    bed_until(&st, "Approval", 30000);
    snprintf(fresh, sizeof fresh, "%s", stage_status(&st)->flight.revision);
    sim_judge_disturbed(&st.judge, 60000);
    sim_delete(&st.s, SIM_SERVICE, "web");
    bed_turns(&st, 20);
    bed_do(&st, "approve");
    for (int i = 0; i < 400 && !str_equal(pin_of(&st, "web"), fresh); i++)
        bed_turn(&st);
    assert_string_equal(pin_of(&st, "web"), fresh);
    make_service(&st, "web");
    assert_string_equal(label(&st, "web", LABEL_PIN), fresh); /* the policy reads the pins */
    bed_rest(&st, "app:v2", 4);
    stage_close(&st);
}

/* ---- one thing is otherwise ------------------------------------------------------------------ */

static void two_families(struct scene *sc)
{
    for (size_t i = 0; i < sc->w.service_count; i++) {
        sc->services[i].ip_families_raw = "[\"IPv6\",\"IPv4\"]";
        sc->services[i].ip_family_policy = "PreferDualStack";
    }
}

static void old_candidate_pods(struct scene *sc)
{
    struct replicaset *c = scene_candidate(sc);

    c->st_replicas = c->replicas + 2;
}

static void preview_going(struct scene *sc)
{
    for (size_t i = 0; i < sc->w.service_count; i++) {
        if (sc->services[i].created_for)
            sc->services[i].meta.deleting_ms = 1;
    }
}

static void preview_of_another(struct scene *sc)
{
    struct service *s = &sc->services[sc->w.service_count++];

    *s = sc->services[0];
    s->meta.name = "other-preview";
    s->created_for = "other";
}

static void preview_left_over(struct scene *sc)
{
    preview_of_another(sc);
    sc->services[sc->w.service_count - 1].created_for = "web";
}

static void slices_of_before(struct scene *sc)
{
    for (size_t i = 0; i < sc->w.slice_count; i++)
        sc->slices[i].pin = NULL;
}

/* More than can be pinned: made in flight, when no check was due any more. */
static void many_services(struct scene *sc)
{
    for (int i = 0; i < PINS_MAX; i++) {
        struct service *s = &sc->services[sc->w.service_count++];

        *s = sc->services[0];
        s->meta.name = arena_printf(&sc->a, "more-%d", i);
        s->pin = NULL;
    }
}

static void pinned_elsewhere(struct scene *sc)
{
    static const struct pair db = {"app", "db"};
    struct service *s = &sc->services[sc->w.service_count++];

    *s = sc->services[0];
    s->meta.name = "db";
    s->pin = "somebody";
    s->selector.pairs = &db;
}

static void grown(struct scene *sc)
{
    sc->d.replicas = 9;
}

static void to_nothing(struct scene *sc)
{
    sc->d.replicas = 0;
}

static void unpinned(struct scene *sc)
{
    scene_active(sc)->pin = NULL;
}

static void unpinned_and_going(struct scene *sc)
{
    unpinned(sc);
    scene_active(sc)->meta.deleting_ms = 1;
}

/* Applied anew by its owner, who knows nothing of our label in it; the other stands. */
static void selector_reset(struct scene *sc)
{
    scene_active(sc)->selector.count = 1; /* app: web, the first by its key */
}

static void unpinned_and_stable_lacks_a_pod(struct scene *sc)
{
    unpinned(sc);
    scene_stable(sc)->st_available--;
}

/* Neither stable nor the candidate, with as many pods as there are to be. */
static void others_serve(struct scene *sc)
{
    struct replicaset *rs = scene_elder(sc);

    rs->of = "web";
    rs->controller_uid = rs->first_owner_uid = sc->f.meta.uid;
    rs->replicas = rs->st_replicas = rs->st_ready = rs->st_available = sc->d.replicas;
    scene_stable(sc)->st_available = 1;
}

static void unpinned_while_others_serve(struct scene *sc)
{
    unpinned(sc);
    others_serve(sc);
}

static void stable_lost_pods(struct scene *sc)
{
    scene_stable(sc)->st_available = 2;
}

static void both_lost_pods(struct scene *sc)
{
    stable_lost_pods(sc);
    scene_candidate(sc)->st_available = 2;
}

/* A Service that nobody pinned yet, made in flight. */
static struct service *made_in_flight(struct scene *sc)
{
    struct service *s = &sc->services[sc->w.service_count++];

    *s = *scene_active(sc);
    s->meta.name = "late";
    s->meta.uid = "uid-late";
    s->pin = NULL;
    s->selector.count = 1; /* app: web, the first by its key */
    return s;
}

static void one_made_in_flight(struct scene *sc)
{
    made_in_flight(sc);
}

static void one_made_while_stable_lacks_pods(struct scene *sc)
{
    made_in_flight(sc);
    scene_stable(sc)->st_available = 2;
}

static void one_made_while_stable_lacks_pods_and_is_last(struct scene *sc)
{
    struct replicaset *s = scene_stable(sc);
    struct replicaset *last = &sc->rs[sc->w.rs_count - 1];
    const struct replicaset was = *last;

    one_made_while_stable_lacks_pods(sc);
    *last = *s;
    *s = was;
}

static void one_made_while_nobody_serves(struct scene *sc)
{
    made_in_flight(sc);
    scene_stable(sc)->st_available = scene_candidate(sc)->st_available = 0;
}

/* In the last step; nobody has a pod, nor is anybody to have one. */
static void last_step_of_nothing(struct scene *sc)
{
    struct flight *fl = &sc->r.status.flight;

    fl->step = 2;
    fl->steps[0].ended_ms = fl->settled_ms;
    fl->settled_ms = 0;
    sc->d.replicas = 0;
    for (size_t i = 0; i < sc->w.rs_count; i++) {
        struct replicaset *rs = &sc->rs[i];

        rs->replicas = rs->st_replicas = rs->st_ready = rs->st_available = 0;
    }
    scene_told(sc);
}

static void old_candidate_pods_and_grown(struct scene *sc)
{
    old_candidate_pods(sc);
    grown(sc);
}

/* As many pins as there may be, none of them for the other side. */
static void no_pin_is_free(struct scene *sc)
{
    struct rollout_status *st = &sc->r.status;

    for (int i = 0; i < st->pin_count; i++) {
        if (!str_equal(st->pins[i].service, "web"))
            st->pins[i] = (struct pin_state){"gone", st->stable.revision, false};
    }
    while (st->pin_count < PINS_MAX)
        st->pins[st->pin_count++] =
            (struct pin_state){.service = arena_printf(&sc->a, "gone-%d", st->pin_count),
                               .revision = st->stable.revision};
    scene_told(sc);
}

/* Those that are too many hold the switch up, and it is said; the others are pinned. */
static void more_services_than_pins(void **state UNUSED)
{
    struct scene *sc = scene_open(&(struct bed_options){.spec = SWITCH});
    const struct plan *p;

    bed_rest(&sc->st, "app:v1", 4);
    bed_image(&sc->st, "app:v2");
    bed_until(&sc->st, "Approval", 30000);
    scene_now(sc);
    many_services(sc);
    p = scene_plan(sc);
    assert_int_equal(p->action.act, ACT_DECIDE);
    assert_int_equal(p->status->pin_count, PINS_MAX);
    sc->r.status = *p->status;
    p = scene_plan(sc);
    assert_int_equal(p->action.act, ACT_SERVICE_PIN);
    assert_string_equal(p->action.name, "more-0");
    scene_close(sc);
}

static void no_ports(struct scene *sc)
{
    for (size_t i = 0; i < sc->w.service_count; i++)
        sc->services[i].ports_raw = NULL;
}

static const struct scene_row rows[] = {
    {"a preview has the families of its model", SWITCH, TO_RELEASE, ACT_SERVICE_CREATE,
     two_families, ACT_SERVICE_CREATE, "web-preview",
     "'ipFamilies':['IPv6','IPv4'],'ipFamilyPolicy':'PreferDualStack'", NULL},
    {"a preview of what has no ports is headless as well", SWITCH, TO_RELEASE, ACT_SERVICE_CREATE,
     no_ports, ACT_SERVICE_CREATE, "web-preview", ",'clusterIP':'None'", NULL},
    {"a preview waits for the pods of before", SWITCH, TO_RELEASE, ACT_SERVICE_CREATE,
     old_candidate_pods, ACT_REPORT, NULL, "Waits for the old pods of revision s1-82343883 to go.",
     "Progressing"},
    {"... and there are no more pods before it", SWITCH, TO_RELEASE, ACT_SERVICE_CREATE,
     old_candidate_pods_and_grown, ACT_REPORT, NULL, NULL, "Progressing"},
    {"... nor before it is made", SWITCH, TO_RELEASE, ACT_SERVICE_CREATE, grown, ACT_SERVICE_CREATE,
     "web-preview", NULL, NULL},
    {"a preview that goes is let go",
     SWITCH,
     {"image app:v2", "-> Approval", "approve"},
     ACT_SERVICE_DELETE,
     preview_going,
     ACT_RESUME,
     "web",
     NULL,
     NULL},
    {"a preview of another Rollout stays", CANARY, AT_REST, 0, preview_of_another, ACT_NONE, NULL,
     NULL, "Resting"},
    {"a preview of an earlier Deployment goes", CANARY, AT_REST, 0, preview_left_over,
     ACT_SERVICE_DELETE, "other-preview", NULL, "Progressing"},
    {"a pin of somebody else stays", CANARY, AT_REST, 0, pinned_elsewhere, ACT_NONE, NULL, NULL,
     "Resting"},
    {"a pin that was taken off is put on again", SWITCH, IN_STEP, 0, unpinned, ACT_SERVICE_PIN,
     "web", NULL, NULL},
    {"... also while stable lacks a pod", SWITCH, IN_STEP, 0, unpinned_and_stable_lacks_a_pod,
     ACT_SERVICE_PIN, "web", "1865bdca63", NULL},
    {"... not while others serve that have more", SWITCH, IN_STEP, 0, unpinned_while_others_serve,
     ACT_REPORT, NULL, NULL, NULL},
    {"... but after the switch, whatever others have",
     SWITCH,
     {"image app:v2", "-> Approval", "approve"},
     ACT_RECORD,
     unpinned_while_others_serve,
     ACT_SERVICE_PIN,
     "web",
     "s1-82343883",
     NULL},
    {"no way back to fewer pods than serve", SWITCH_BAKES, UNDOES, ACT_SERVICE_PIN,
     stable_lost_pods, ACT_RS_FENCE, NULL, NULL, "Aborting"},
    {"... but to as few", SWITCH_BAKES, UNDOES, ACT_SERVICE_PIN, both_lost_pods, ACT_SERVICE_PIN,
     "web", "1865bdca63", NULL},
    {"a Service made in flight is pinned", SWITCH, IN_STEP, 0, one_made_in_flight, ACT_DECIDE,
     "web", "'service':'late','revision':'1865bdca63'", NULL},
    {"... not to fewer pods than it has", SWITCH, IN_STEP, 0, one_made_while_stable_lacks_pods,
     ACT_REPORT, NULL, NULL, "AwaitingApproval"},
    {"... while nobody serves there is nothing to lose", SWITCH, IN_STEP, 0,
     one_made_while_nobody_serves, ACT_DECIDE, "web", "'service':'late','revision':'1865bdca63'",
     NULL},
    {"... in whatever order they come", SWITCH, IN_STEP, 0,
     one_made_while_stable_lacks_pods_and_is_last, ACT_REPORT, NULL, NULL, "AwaitingApproval"},
    {"... and a selector that was reset", SWITCH, IN_STEP, 0, selector_reset, ACT_SERVICE_PIN,
     "web", "'selector':{'pod-template-hash':", NULL},
    {"... not of one that goes", SWITCH, IN_STEP, 0, unpinned_and_going, ACT_REPORT, NULL, NULL,
     "Progressing"},
    {"a preview that goes in a step is let go", SWITCH, IN_STEP, 0, preview_going, ACT_NONE, NULL,
     NULL, "AwaitingApproval"},
    {"never more pins than there may be", SWITCH, IN_STEP, 0, no_pin_is_free, ACT_REPORT, NULL,
     NULL, "Progressing"},
    {"no switch past endpoints that do not follow",
     SWITCH,
     {"image app:v2", "-> Approval", "approve"},
     ACT_RECORD,
     slices_of_before,
     ACT_REPORT,
     NULL,
     NULL,
     "Progressing"},
    {"nor at all with no pods", SWITCH, IN_STEP, 0, last_step_of_nothing, ACT_REPORT, NULL, NULL,
     "ScaledToZero"},
    {"nor with fewer pods than all",
     SWITCH,
     {"image app:v2", "-> Approval", "approve"},
     ACT_RECORD,
     grown,
     ACT_RS_SCALE,
     NULL,
     "'value':9",
     NULL},
    {"nor with none",
     SWITCH,
     {"image app:v2", "-> Approval", "approve"},
     ACT_RECORD,
     to_nothing,
     ACT_RS_SCALE,
     NULL,
     "'value':0",
     NULL},
};

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_preview_of_their_own),
        cmocka_unit_test(a_service_away_at_the_switch),
        cmocka_unit_test(more_services_than_pins),
        SCENE_ROWS(rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The status in words, columns and conditions (api.md 3), one thing changed: it claims no more than
 * is true (I12), and keeps what was said since when. */
#include "sim_scene.h"

/* ---- the brake ------------------------------------------------------------------------------- */

static void no_deployment(struct scene *sc)
{
    sc->w.dep = NULL;
}

static void not_paused(struct scene *sc)
{
    sc->d.paused = false;
}

static void not_installed(struct scene *sc)
{
    sc->w.brake.state = BRAKE_NOT_INSTALLED;
    sc->w.brake.message = NULL;
}

static void proof_failed(struct scene *sc)
{
    sc->w.brake.state = BRAKE_PROOF_FAILED;
    sc->w.brake.message = "the binding excludes this namespace";
}

static void not_asked_yet(struct scene *sc)
{
    sc->w.brake.state = BRAKE_UNKNOWN;
}

static void not_said_either(struct scene *sc)
{
    not_asked_yet(sc);
    sc->r.status.conditions[COND_BRAKE_ARMED].message = NULL;
}

static void never_asked(struct scene *sc)
{
    not_asked_yet(sc);
    sc->r.status.conditions[COND_BRAKE_ARMED].status = "Unknown";
}

/* ---- the release ----------------------------------------------------------------------------- */

/* Its stable was lost with the fence, and somebody else's pause does not let it be found again. */
static void nobody_knows_stable(struct scene *sc)
{
    sc->r.status.stable.revision = NULL;
    scene_no_fence(sc);
}

static void never_attached(struct scene *sc)
{
    sc->r.status.stable.revision = NULL;
    sc->d.paused = true;
}

static void past_lost(struct scene *sc)
{
    sc->r.status.history[0].revision = NULL;
}

/* ---- the Deployment -------------------------------------------------------------------------- */

static void recreated(struct scene *sc)
{
    sc->d.rolling_update = false;
}

static void on_a_host_port(struct scene *sc)
{
    sc->d.host_port = "8080";
}

static void paused_by_hand(struct scene *sc)
{
    sc->d.paused = true;
}

/* Not attached yet, and in the midst of a rollout of its own. */
static void not_complete(struct scene *sc)
{
    sc->r.status.stable.revision = NULL;
    sc->d.st_updated--;
}

static void no_service_and_not_attached(struct scene *sc)
{
    sc->r.status.stable.revision = NULL;
    sc->w.service_count = 0;
}

static void another_has_it(struct scene *sc)
{
    sc->w.rival = "older";
}

static void its_namespace_goes(struct scene *sc)
{
    sc->w.refusal = (struct refusal){
        .present = true, .kind = ERR_TERMINATING, .what = "create replicasets", .text = "it goes"};
}

#define TAKEN_BACK                                                                                 \
    {                                                                                              \
        "image app:v2", "-> Approval", "image app:v1", "-> Resting"                                \
    }
#define WAS_UNDONE                                                                                 \
    {                                                                                              \
        "image app:v2", "-> Approval", "approve", "-> Baking", "undo", "-> Resting"                \
    }

/* One condition of a plan. */
static const struct word_row {
    const char *name, *spec, *lines[7];
    void (*change)(struct scene *sc);
    enum condition_type type;
    const char *status, *reason, *message; /* message: part of it; NULL: any */
} words[] = {
    {"proved", CANARY, AT_REST, scene_nothing, COND_BRAKE_ARMED, "True", "Admission", NULL},
    {"paused for it", PAUSED, AT_REST, scene_nothing, COND_BRAKE_ARMED, "True", "Paused", NULL},
    {"... not yet", PAUSED, AT_REST, not_paused, COND_BRAKE_ARMED, "Unknown", "Proving",
     "The Deployment is not paused yet."},
    {"... of nothing", PAUSED, AT_REST, no_deployment, COND_BRAKE_ARMED, "Unknown", "Proving",
     NULL},
    {"no brake", CANARY, AT_REST, not_installed, COND_BRAKE_ARMED, "False", "NotInstalled",
     "A template change would roll at once, ungated: "},
    {"... is nothing to rest on", CANARY, AT_REST, not_installed, COND_READY, "False",
     "NotInstalled", NULL},
    {"no proof", CANARY, AT_REST, proof_failed, COND_BRAKE_ARMED, "False", "ProofFailed",
     "ungated: the binding excludes this namespace"},
    {"proved by the one before", CANARY, AT_REST, not_asked_yet, COND_BRAKE_ARMED, "True",
     "Admission", NULL},
    {"... who did not say how", CANARY, AT_REST, not_said_either, COND_BRAKE_ARMED, "True",
     "Admission", "A template change is stopped at admission."},
    {"... by nobody", CANARY, AT_REST, never_asked, COND_BRAKE_ARMED, "Unknown", "Proving", NULL},
    {"... is waited for", CANARY, AT_REST, never_asked, COND_READY, "False", "Pending",
     "Proves the brake."},
    {"in flight", CANARY, IN_STEP, scene_nothing, COND_PROMOTED, "False", "InFlight",
     "is at step 1/2; users' stable revision is "},
    {"... from nobody knows where", CANARY, IN_STEP, nobody_knows_stable, COND_PROMOTED, "False",
     "InFlight", "users' stable revision is unknown."},
    {"aborted", CANARY, ABORTED, scene_nothing, COND_PROMOTED, "False", "Aborted", NULL},
    {"attached", CANARY, AT_REST, scene_nothing, COND_PROMOTED, "True", "Attached",
     "What runs counts as stable: 1865bdca63."},
    {"not attached", CANARY, AT_REST, never_attached, COND_PROMOTED, "Unknown", "Pending",
     "Not attached yet."},
    {"promoted",
     UNDONE,
     {"image app:v2", "-> Resting"},
     scene_nothing,
     COND_PROMOTED,
     "True",
     "Promoted",
     "Revision s1-82343883 passed 2 steps and was promoted."},
    {"taken back", CANARY, TAKEN_BACK, scene_nothing, COND_PROMOTED, "False", "Reverted",
     "Revision s1-82343883 was taken back; the Deployment has the template of 1865bdca63."},
    {"undone", CANARY, WAS_UNDONE, scene_nothing, COND_PROMOTED, "False", "Undone",
     "Revision s1-82343883 was taken back; the Deployment has the template of 1865bdca63."},
    {"... of no name", CANARY, WAS_UNDONE, past_lost, COND_PROMOTED, "False", "Undone",
     "Revision ? was taken back; the Deployment has the template of 1865bdca63."},
    {"target", CANARY, AT_REST, scene_nothing, COND_TARGET_VALID, "True", "Attached",
     "Deployment web is attached."},
    {"no target", CANARY, AT_REST, no_deployment, COND_TARGET_VALID, "False", "NotFound",
     "Deployment web does not exist."},
    {"... to be recreated", CANARY, AT_REST, recreated, COND_TARGET_VALID, "False",
     "StrategyRecreate", NULL},
    {"... that another has", CANARY, AT_REST, another_has_it, COND_TARGET_VALID, "False",
     "AlreadyAttached", "Rollout older has Deployment web."},
    {"... that rolls by itself", CANARY, AT_REST, not_complete, COND_TARGET_VALID, "False",
     "NotComplete", NULL},
    {"... of a person's pause", CANARY, AT_REST, paused_by_hand, COND_TARGET_VALID, "False",
     "PausedByUser", NULL},
    {"... without room for a second", CANARY, AT_REST, on_a_host_port, COND_TARGET_VALID, "False",
     "NoRoom", NULL},
    {"... in a namespace that goes", CANARY, AT_REST, its_namespace_goes, COND_TARGET_VALID,
     "False", "Terminating", NULL},
    {"... not attached yet for another reason", SWITCH, AT_REST, no_service_and_not_attached,
     COND_TARGET_VALID, "Unknown", "Pending", NULL},
    {"not contended", CANARY, IN_STEP, scene_nothing, COND_CONTENDED, "False", "None", ""},
    {"moving", CANARY, TO_RELEASE, scene_nothing, COND_RECONCILING, "True", "Progressing", NULL},
    {"... is not stalled", CANARY, TO_RELEASE, scene_nothing, COND_STALLED, "False", "None", ""},
    {"resting", CANARY, AT_REST, scene_nothing, COND_RECONCILING, "False", "None", ""},
    {"stalled", CANARY, ABORTED, scene_nothing, COND_STALLED, "True", "Aborted", NULL},
    {"... does not move", CANARY, ABORTED, scene_nothing, COND_RECONCILING, "False", "None", ""},
};

static void each_word(void **state UNUSED)
{
    for (size_t i = 0; i < COUNT(words); i++) {
        const struct word_row *row = &words[i];
        struct scene *sc = scene_at(row->name, row->spec, row->lines, 0);
        const struct condition *c;

        row->change(sc);
        c = &scene_plan(sc)->status->conditions[row->type];
        CHECK_TEXT(c->status, row->status, row->name);
        CHECK_TEXT(c->reason, row->reason, row->name);
        CHECK(!row->message ||
                  (*row->message ? strstr(c->message, row->message) != NULL : !*c->message),
              "%s: %s", row->name, c->message);
        scene_close(sc);
    }
}

/* Since when it is so stays, until it is otherwise; what nobody said is so from now on. */
static void since_when(void **state UNUSED)
{
    struct scene *sc = scene_at("at rest", CANARY, (const char *const[]){NULL}, 0);
    struct condition *ready = &sc->r.status.conditions[COND_READY];
    const int64_t then = ready->transition_ms;

    assert_true(then > 0 && then < sc->st.s.now_ms);
    assert_true(scene_plan(sc)->status->conditions[COND_READY].transition_ms == then);
    ready->transition_ms = 0;
    assert_true(scene_plan(sc)->status->conditions[COND_READY].transition_ms == sc->st.s.now_ms);
    ready->transition_ms = then;
    ready->status = "False";
    assert_true(scene_plan(sc)->status->conditions[COND_READY].transition_ms == sc->st.s.now_ms);
    scene_close(sc);
}

/* By what the Deployment was at this generation a later version of the digest is told from another
 * template. */
static void of_this_deployment(void **state UNUSED)
{
    struct scene *sc = scene_at("at rest", CANARY, (const char *const[]){NULL}, 0);
    const struct rollout_status *st;

    sc->r.status.target.digest = NULL;
    sc->d.observed_generation = sc->d.meta.generation += 3;
    st = scene_plan(sc)->status;
    assert_true(st->target.observed_generation == sc->d.meta.generation);
    assert_string_equal(st->target.digest, sc->d.digest);
    scene_close(sc);
}

/* What is said is of this generation, and no longer than kubectl describe shows well. */
static void of_this_generation(void **state UNUSED)
{
    struct scene *sc = scene_at("at rest", CANARY, (const char *const[]){NULL}, 0);
    const struct rollout_status *st;
    char text[200];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    proof_failed(sc);
    sc->w.brake.message = text;
    sc->r.meta.generation += 7;
    st = scene_plan(sc)->status;
    assert_true(st->observed_generation == sc->r.meta.generation);
    for (int i = 0; i < COND_COUNT; i++)
        assert_true(st->conditions[i].observed_generation == sc->r.meta.generation);
    assert_int_equal(strlen(st->conditions[COND_BRAKE_ARMED].message), 160);
    scene_close(sc);
}

/* Of many that drain as many are told of as there is room for, and all are waited for. */
static void many_are_awaited(void **state UNUSED)
{
    struct scene *sc =
        scene_at("aborted", CANARY,
                 (const char *const[]){"image app:v2", "-> Approval", "abort", NULL}, ACT_RS_SCALE);
    const struct plan *p;

    for (int i = 0; i <= AWAITING_MAX; i++) {
        struct replicaset *rs = scene_elder(sc);

        rs->meta.name = arena_printf(&sc->a, "old-%d", i);
        rs->controller_uid = rs->first_owner_uid = sc->f.meta.uid;
        rs->replicas = rs->st_replicas = rs->st_available = 1;
    }
    sc->r.status.flight.drained_ms = sc->st.s.now_ms - 1;
    p = scene_plan(sc);
    assert_int_equal(p->status->awaiting_count, AWAITING_MAX);
    for (int i = 0; i < AWAITING_MAX; i++)
        assert_string_equal(p->status->awaiting[i].what, "Drain");
    assert_true(p->wake_ms == sc->st.s.now_ms - 1 + sc->r.spec.drain_ms);
    assert_true(p->action.act <= ACT_REPORT);
    sc->r.status.flight.drained_ms = sc->st.s.now_ms - sc->r.spec.drain_ms;
    assert_int_equal(scene_plan(sc)->action.act, ACT_RS_SCALE);
    scene_close(sc);
}

/* What an action is done to, as the API server calls it. */
static void targets_have_names(void **state UNUSED)
{
    static const struct {
        enum act act;
        const char *target;
    } rows[] = {{ACT_BRAKE, "deployments"},     {ACT_FENCE_CREATE, "controllerrevisions"},
                {ACT_RS_CREATE, "replicasets"}, {ACT_ROUTE_WEIGHT, "httproutes"},
                {ACT_SERVICE_PIN, "services"},  {ACT_FINALIZER_ADD, "rollouts"}};

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct scene *sc = scene_open(&(struct bed_options){.spec = ROUTED});

        bed_rest(&sc->st, "app:v1", 4);
        bed_image(&sc->st, "app:v2");
        if (rows[i].act == ACT_BRAKE) {
            bed_until(&sc->st, "Approval", 30000);
            scene_now(sc);
            sc->d.paused = false;
            scene_no_dead_man(sc);
        } else {
            CHECK(scene_before(sc, rows[i].act), "%s never comes", act_name(rows[i].act));
        }
        CHECK(scene_plan(sc)->action.act == rows[i].act, "%s",
              act_name(scene_plan(sc)->action.act));
        CHECK_TEXT(target_name(scene_plan(sc)->action.target), rows[i].target,
                   act_name(rows[i].act));
        scene_close(sc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_word),          cmocka_unit_test(since_when),
        cmocka_unit_test(of_this_generation), cmocka_unit_test(many_are_awaited),
        cmocka_unit_test(targets_have_names), cmocka_unit_test(of_this_deployment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What a release gives back at its end, one thing changed: our Service, history, the template; and
 * what counts as over. */
#include "sim_scene.h"

#define UNDOES                                                                                     \
    {                                                                                              \
        "image app:v2", "-> Approval", "approve", "-> Baking", "undo"                              \
    }

/* ---- our own Service ------------------------------------------------------------------------- */

static struct service *preview(struct scene *sc)
{
    for (size_t i = 0; i < sc->w.service_count; i++) {
        if (str_equal(sc->services[i].meta.name, "web-preview"))
            return &sc->services[i];
    }
    fail_msg("no preview Service");
    return NULL;
}

static void preview_of_theirs(struct scene *sc)
{
    preview(sc)->created_for = NULL;
}

static void preview_of_theirs_unpinned(struct scene *sc)
{
    preview_of_theirs(sc);
    preview(sc)->pin = NULL;
}

static void preview_goes(struct scene *sc)
{
    preview(sc)->meta.deleting_ms = 1;
}

static void preview_gone(struct scene *sc)
{
    *preview(sc) = sc->services[sc->w.service_count - 1];
    sc->w.service_count--;
}

/* ---- giving back ----------------------------------------------------------------------------- */

static struct replicaset *fenced_elder(struct scene *sc)
{
    struct replicaset *rs = scene_elder(sc);

    rs->of = "web";
    rs->controller_uid = sc->f.meta.uid;
    return rs;
}

static void extra_goes(struct scene *sc)
{
    fenced_elder(sc)->meta.deleting_ms = 1;
}

static void extra_is_history(struct scene *sc)
{
    static const char *const names[] = {"elder"};

    fenced_elder(sc);
    sc->f.record.history = names;
    sc->f.record.history_count = 1;
}

static void extra_of_nobody(struct scene *sc)
{
    extra_is_history(sc);
    sc->rs[sc->w.rs_count - 1].controller_uid = NULL;
}

static void extra_is_history_of_the_refused(struct scene *sc)
{
    sc->r.meta.deleting_ms = 1;
    extra_is_history(sc);
    sc->rs[sc->w.rs_count - 1].digest = sc->d.digest;
}

/* Two of the Deployment's own, the second of them older by its number. */
static void old_ones(struct scene *sc, int32_t limit)
{
    static const char *const names[] = {"elder", "elder-2"};
    struct replicaset *a = scene_elder(sc), *b = scene_elder(sc);

    a->meta.name = "web-elder-2";
    a->meta.uid = a->revision = a->digest = "elder-2";
    a->deployment_revision = 2;
    b->deployment_revision = 1;
    sc->d.history_limit = limit;
    sc->f.record.history = names;
    sc->f.record.history_count = COUNT(names);
    for (size_t i = sc->w.rs_count - 2; i-- > 0;) {
        if (&sc->rs[i] != scene_stable(sc))
            scene_forget_rs(sc, &sc->rs[i]);
    }
}

static void one_old_too_many(struct scene *sc)
{
    old_ones(sc, 1);
}

/* In whatever order they come. */
static void one_old_too_many_and_it_is_the_first(struct scene *sc)
{
    const size_t last = sc->w.rs_count;

    old_ones(sc, 1);
    for (size_t i = 0; i <= last; i++) {
        if (str_equal(sc->rs[i].meta.name, "web-elder")) {
            const struct replicaset first = sc->rs[0];

            sc->rs[0] = sc->rs[i];
            sc->rs[i] = first;
        }
    }
}

static void as_many_old_as_may_be(struct scene *sc)
{
    old_ones(sc, 2);
}

static void the_oldest_goes(struct scene *sc)
{
    old_ones(sc, 1);
    sc->rs[sc->w.rs_count - 1].meta.deleting_ms = 1;
}

static void twin_of_stable_is_history(struct scene *sc)
{
    extra_is_history(sc);
    sc->rs[sc->w.rs_count - 1].digest = scene_stable(sc)->digest;
}

/* ---- over, before the status says so --------------------------------------------------------- */

/* Only the status is left to tell, and a template came that the brake paused. */
static void over_and_braked(struct scene *sc)
{
    scene_no_fence(sc);
    sc->d.paused = true;
    sc->d.digest = "newer";
    sc->d.observed_generation = ++sc->d.meta.generation;
}

static void over_but_for_a_pin(struct scene *sc)
{
    over_and_braked(sc);
    sc->services[0].pin = sc->r.status.stable.revision;
}

static void over_but_for_a_pin_of_the_second(struct scene *sc)
{
    struct service *second = &sc->services[sc->w.service_count++];

    over_and_braked(sc);
    *second = sc->services[0];
    second->meta.name = "second";
    second->pin = sc->r.status.stable.revision;
}

static struct service *left_preview(struct scene *sc)
{
    struct service *side = &sc->services[sc->w.service_count++];

    over_and_braked(sc);
    *side = sc->services[0];
    side->meta.name = "web-preview";
    side->pin = side->created_for = NULL;
    return side;
}

static void over_but_for_our_service(struct scene *sc)
{
    left_preview(sc)->created_for = "web";
}

static void over_but_for_a_pinned_preview(struct scene *sc)
{
    left_preview(sc)->pin = "elder";
}

static void over_with_a_preview_of_theirs(struct scene *sc)
{
    left_preview(sc);
}

static void over_but_for_pods(struct scene *sc)
{
    struct replicaset *rs = scene_elder(sc);

    over_and_braked(sc);
    rs->replicas = rs->st_replicas = 1;
}

static void over_but_for_stable(struct scene *sc)
{
    over_and_braked(sc);
    scene_stable(sc)->controller_uid = "uid-gone";
}

/* Paused by somebody, with the very template that was promoted. */
static void over_and_paused(struct scene *sc)
{
    over_and_braked(sc);
    sc->d.digest = scene_stable(sc)->digest;
}

static void taken_back_and_braked(struct scene *sc)
{
    over_and_braked(sc);
    sc->r.status.flight.abort_reason = NULL;
}

/* ---- held ------------------------------------------------------------------------------------ */

static void deleted(struct scene *sc)
{
    sc->r.meta.deleting_ms = 1;
}

static void leaves_before_it_began(struct scene *sc)
{
    deleted(sc);
    sc->d.dead_man = "1";
    memset(&sc->r.status.rejected, 0, sizeof sc->r.status.rejected);
    sc->r.status.rejected.digest = NULL;
    sc->d.progressing_reason = "DeploymentPaused";
}

/* It goes back because its strategy was changed: nobody rejected it. */
static void leaves_while_it_goes_back(struct scene *sc)
{
    deleted(sc);
    memset(&sc->r.status.rejected, 0, sizeof sc->r.status.rejected);
    sc->r.status.flight.abort_reason = "the strategy was changed in flight";
    sc->r.status.flight.undo = false;
    sc->d.progressing_reason = "DeploymentPaused";
}

/* Nobody rejected it: its strategy was changed. */
static void goes_back_for_another_strategy(struct scene *sc)
{
    memset(&sc->r.status.rejected, 0, sizeof sc->r.status.rejected);
    sc->r.status.flight.abort_reason = "the strategy was changed in flight";
    scene_told(sc);
}

static void leaves_while_it_is_undone(struct scene *sc)
{
    deleted(sc);
    sc->r.spec.on_delete = ON_DELETE_HOLD;
}

static void leaves_without_a_fence(struct scene *sc)
{
    deleted(sc);
    scene_no_fence(sc);
}

static void pods_of_what_never_began(struct scene *sc)
{
    struct replicaset *rs = fenced_elder(sc);

    leaves_before_it_began(sc);
    rs->digest = sc->d.digest;
    rs->replicas = rs->st_replicas = 2;
}

static void no_template_to_put_back(struct scene *sc)
{
    deleted(sc);
    scene_no_fence(sc);
    scene_stable(sc)->template_raw = NULL;
}

/* It hangs on a fence that is not ours: nothing of the Deployment's history. */
static void one_of_theirs_beside_as_many_as_may_be(struct scene *sc)
{
    const char **names = ARENA_ARRAY(&sc->a, const char *, 2);

    assert_int_equal(sc->f.record.history_count, 1);
    names[0] = sc->f.record.history[0];
    names[1] = scene_elder(sc)->revision;
    sc->rs[sc->w.rs_count - 1].controller_uid = "uid-other-fence";
    sc->f.record.history = names;
    sc->f.record.history_count = 2;
    sc->d.history_limit = 1;
}

/* Not over: a template came, and nobody stopped it. */
static void over_and_not_braked(struct scene *sc)
{
    scene_no_fence(sc);
    sc->d.digest = "newer";
    sc->d.observed_generation = ++sc->d.meta.generation;
}

/* ---- a commit from nowhere ------------------------------------------------------------------- */

/* Its record does not say what was before, and no old pod is left. */
static void back_from_nowhere(struct scene *sc)
{
    const char *stable = sc->f.record.stable_revision;

    sc->f.record.previous = NULL;
    sc->r.status = *scene_plan(sc)->status;
    for (size_t i = sc->w.rs_count; i-- > 0;) {
        if (!str_equal(sc->rs[i].revision, stable))
            scene_forget_rs(sc, &sc->rs[i]);
    }
    for (size_t i = 0; i < sc->w.service_count; i++)
        sc->services[i].pin = NULL;
}

static void back_from_nowhere_and_a_template(struct scene *sc)
{
    back_from_nowhere(sc);
    sc->d.digest = "newer";
    sc->d.observed_generation = ++sc->d.meta.generation;
}

/* The verdict is forgotten, the undo is not. */
static void undone_and_not_rejected(struct scene *sc)
{
    sc->r.status.rejected.revision = sc->r.status.rejected.digest = NULL;
}

static const struct scene_row rows[] = {
    /* --- our own Service --- */
    {"a preview Service of theirs is unpinned", PREVIEW, TO_RELEASE, ACT_SERVICE_DELETE,
     preview_of_theirs, ACT_SERVICE_UNPIN, "web-preview", NULL, NULL},
    {"... once", PREVIEW, TO_RELEASE, ACT_SERVICE_DELETE, preview_of_theirs_unpinned, ACT_RESUME,
     "web", NULL, NULL},
    {"one that goes is left", PREVIEW, TO_RELEASE, ACT_SERVICE_DELETE, preview_goes, ACT_RESUME,
     "web", NULL, NULL},
    {"one that is gone is not missed", PREVIEW, TO_RELEASE, ACT_SERVICE_DELETE, preview_gone,
     ACT_RESUME, "web", NULL, NULL},
    /* --- giving back --- */
    {"what goes already is not waited for", UNDONE, TO_RELEASE, ACT_FENCE_DELETE, extra_goes,
     ACT_FENCE_DELETE, "web-sluice", NULL, NULL},
    {"history is given back", UNDONE, TO_RELEASE, ACT_FENCE_DELETE, extra_is_history, ACT_RS_GIVE,
     "web-elder", NULL, NULL},
    {"... also when nobody has it", UNDONE, TO_RELEASE, ACT_FENCE_DELETE, extra_of_nobody,
     ACT_RS_GIVE, "web-elder", NULL, NULL},
    {"... but what is refused is not", HELD, ABORTED, 0, extra_is_history_of_the_refused,
     ACT_RS_DELETE, "web-elder", NULL, NULL},
    {"under a pause the oldest goes", PAUSED, TO_RELEASE, ACT_FENCE_DELETE, one_old_too_many,
     ACT_RS_DELETE, "web-elder", NULL, NULL},
    {"... in whatever order they come", PAUSED, TO_RELEASE, ACT_FENCE_DELETE,
     one_old_too_many_and_it_is_the_first, ACT_RS_DELETE, "web-elder", NULL, NULL},
    {"... where there are too many", PAUSED, TO_RELEASE, ACT_FENCE_DELETE, as_many_old_as_may_be,
     ACT_FENCE_DELETE, "web-sluice", NULL, NULL},
    {"... and one that goes counts no more", PAUSED, TO_RELEASE, ACT_FENCE_DELETE, the_oldest_goes,
     ACT_FENCE_DELETE, "web-sluice", NULL, NULL},
    {"... nor does one of theirs", PAUSED, TO_RELEASE, ACT_FENCE_DELETE,
     one_of_theirs_beside_as_many_as_may_be, ACT_FENCE_DELETE, "web-sluice", NULL, NULL},
    {"a twin of stable's is no history", UNDONE, TO_RELEASE, ACT_FENCE_DELETE,
     twin_of_stable_is_history, ACT_RS_DELETE, "web-elder", NULL, NULL},
    /* --- over, before the status says so --- */
    {"over: the next begins in the same write", PREVIEW, TO_RELEASE, ACT_FENCE_DELETE,
     over_and_braked, ACT_DECIDE, "web", "'message':''", "Progressing"},
    {"... a preview Service of theirs is nothing of it", PREVIEW, TO_RELEASE, ACT_FENCE_DELETE,
     over_with_a_preview_of_theirs, ACT_DECIDE, "web", "'message':''", "Progressing"},
    {"... a pin is", PREVIEW, TO_RELEASE, ACT_FENCE_DELETE, over_but_for_a_pin, ACT_DECIDE, "web",
     "'message':'a new template ended the bake'", NULL},
    {"... whichever Service has it", PREVIEW, TO_RELEASE, ACT_FENCE_DELETE,
     over_but_for_a_pin_of_the_second, ACT_DECIDE, "web",
     "'message':'a new template ended the bake'", NULL},
    {"... our Service is", PREVIEW, TO_RELEASE, ACT_FENCE_DELETE, over_but_for_our_service,
     ACT_DECIDE, "web", "'message':'a new template ended the bake'", NULL},
    {"... a pinned one is", PREVIEW, TO_RELEASE, ACT_FENCE_DELETE, over_but_for_a_pinned_preview,
     ACT_DECIDE, "web", "'message':'a new template ended the bake'", NULL},
    {"... pods are", PREVIEW, TO_RELEASE, ACT_FENCE_DELETE, over_but_for_pods, ACT_DECIDE, "web",
     "'message':'a new template ended the bake'", NULL},
    {"... stable outside is", PREVIEW, TO_RELEASE, ACT_FENCE_DELETE, over_but_for_stable,
     ACT_DECIDE, "web", "'message':'a new template ended the bake'", NULL},
    {"over, and paused as it is", PREVIEW, TO_RELEASE, ACT_FENCE_DELETE, over_and_paused, ACT_BRAKE,
     NULL, NULL, NULL},
    {"not over, and nobody stopped it: it is braked", UNDONE, TO_RELEASE, ACT_FENCE_DELETE,
     over_and_not_braked, ACT_BRAKE, "web", NULL, NULL},
    {"taken back, and a template came", REVERTS, ABORTS, ACT_FENCE_DELETE, taken_back_and_braked,
     ACT_DECIDE, "web", "'outcome':'Aborted','step':1", NULL},
    {"undone, and a template came", CANARY, UNDOES, ACT_FENCE_DELETE, taken_back_and_braked,
     ACT_DECIDE, "web", "'outcome':'Undone'", NULL},
    {"back over a commit from nowhere: what was promoted is given back", CANARY, UNDOES, ACT_RECORD,
     back_from_nowhere, ACT_RESUME, "web", "'value':false", NULL},
    {"... nothing is, under a template that nobody judged", CANARY, UNDOES, ACT_RECORD,
     back_from_nowhere_and_a_template, ACT_REPORT, NULL, NULL, NULL},
    /* --- held --- */
    {"undone, its verdict forgotten: stable's template is put back", CANARY, UNDOES, ACT_RESUME,
     undone_and_not_rejected, ACT_RESUME, "web", "app:v1", NULL},
    {"deleted before it began, and held", HELD, ABORTED, 0, leaves_before_it_began, ACT_DEP_STATUS,
     "web", "'message':'Sluice: the Rollout was deleted before the release began'", NULL},
    {"... pods of that template get no requests, then they go", HELD, ABORTED, 0,
     pods_of_what_never_began, ACT_DECIDE, "web", "'pins':[{'service':'web'", NULL},
    {"deleted on the way back, and held", HELD, ABORTS, ACT_DEP_STATUS, leaves_while_it_goes_back,
     ACT_DEP_STATUS, "web", "was aborted: the strategy was changed in flight'", NULL},
    {"taken back for another strategy: it begins anew in the same write", HELD, ABORTS,
     ACT_DEP_STATUS, goes_back_for_another_strategy, ACT_DECIDE, "web", "'direction':'Forward'",
     NULL},
    {"deleted while it is undone: stable's template is put back", CANARY, UNDOES, ACT_RESUME,
     leaves_while_it_is_undone, ACT_RESUME, "web", "app:v1", NULL},
    {"... which its ReplicaSet has without a fence", CANARY, ABORTED, 0, leaves_without_a_fence,
     ACT_RESUME, "web", "app:v1", NULL},
    {"nothing is resumed without a template to put back", CANARY, ABORTED, 0,
     no_template_to_put_back, ACT_REPORT, NULL, NULL, NULL},
};

int main(void)
{
    return scene_check_all(rows, COUNT(rows));
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Every request of whole releases: where it goes, how, and that it names what it was decided on
 * (acts.c; C10, C43, C64). Whether it takes something away decides whether it needs a look of its
 * own pass (src/README.md). */
#include "sim_scene.h"

#define JSON_PATCH  "application/json-patch+json"
#define MERGE_PATCH "application/merge-patch+json"
#define APPLY_PATCH "application/apply-patch+yaml"
#define BY_US       "fieldManager=sluice"

enum takes { NOTHING, SOMETHING, WHERE_FEWER };

static const struct request {
    enum target target;
    const char *method, *type, *subresource, *query;
    enum takes takes;
} requests[ACT_COUNT] = {
    [ACT_DECIDE] = {TARGET_ROLLOUT, "PATCH", APPLY_PATCH, "status",
                    "fieldManager=sluice-status&force=true", NOTHING},
    [ACT_REPORT] = {TARGET_ROLLOUT, "PATCH", APPLY_PATCH, "status",
                    "fieldManager=sluice-status&force=true", NOTHING},
    [ACT_FINALIZER_ADD] = {TARGET_ROLLOUT, "PATCH", APPLY_PATCH, NULL, BY_US "&force=true",
                           NOTHING},
    [ACT_FINALIZER_DROP] = {TARGET_ROLLOUT, "PATCH", APPLY_PATCH, NULL, BY_US "&force=true",
                            NOTHING},
    [ACT_BRAKE] = {TARGET_DEPLOYMENT, "PATCH", JSON_PATCH, NULL, BY_US, NOTHING},
    [ACT_RESUME] = {TARGET_DEPLOYMENT, "PATCH", JSON_PATCH, NULL, BY_US, SOMETHING},
    [ACT_DEP_STATUS] = {TARGET_DEPLOYMENT, "PATCH", "application/strategic-merge-patch+json",
                        "status", BY_US, NOTHING},
    [ACT_FENCE_CREATE] = {TARGET_FENCE, "POST", "application/json", NULL, BY_US, NOTHING},
    [ACT_RECORD] = {TARGET_FENCE, "PATCH", MERGE_PATCH, NULL, BY_US, SOMETHING},
    [ACT_FENCE_DELETE] = {TARGET_FENCE, "DELETE", "application/json", NULL, NULL, SOMETHING},
    [ACT_RS_CREATE] = {TARGET_REPLICASET, "POST", "application/json", NULL, BY_US, NOTHING},
    [ACT_RS_SCALE] = {TARGET_REPLICASET, "PATCH", JSON_PATCH, NULL, BY_US, WHERE_FEWER},
    [ACT_RS_FENCE] = {TARGET_REPLICASET, "PATCH", JSON_PATCH, NULL, BY_US, SOMETHING},
    [ACT_RS_GIVE] = {TARGET_REPLICASET, "PATCH", JSON_PATCH, NULL, BY_US, SOMETHING},
    [ACT_RS_ANNOTATE] = {TARGET_REPLICASET, "PATCH", MERGE_PATCH, NULL, BY_US, NOTHING},
    [ACT_RS_MIN_READY] = {TARGET_REPLICASET, "PATCH", MERGE_PATCH, NULL, BY_US, NOTHING},
    [ACT_RS_DELETE] = {TARGET_REPLICASET, "DELETE", "application/json", NULL, NULL, SOMETHING},
    [ACT_SERVICE_CREATE] = {TARGET_SERVICE, "POST", "application/json", NULL, BY_US, NOTHING},
    [ACT_SERVICE_PIN] = {TARGET_SERVICE, "PATCH", MERGE_PATCH, NULL, NULL, SOMETHING},
    [ACT_SERVICE_UNPIN] = {TARGET_SERVICE, "PATCH", MERGE_PATCH, NULL, NULL, SOMETHING},
    [ACT_SERVICE_DELETE] = {TARGET_SERVICE, "DELETE", "application/json", NULL, NULL, SOMETHING},
    [ACT_ROUTE_WEIGHT] = {TARGET_ROUTE, "PATCH", JSON_PATCH, NULL, BY_US, SOMETHING},
    [ACT_ROUTE_REST] = {TARGET_ROUTE, "PATCH", JSON_PATCH, NULL, BY_US, SOMETHING},
};

/* ---- what it is decided on ------------------------------------------------------------------- */

static const struct replicaset *rs_named(const struct scene *sc, const char *name)
{
    for (size_t i = 0; i < sc->w.rs_count; i++) {
        if (str_equal(sc->rs[i].meta.name, name))
            return &sc->rs[i];
    }
    return NULL;
}

static const struct meta *meta_of(const struct scene *sc, const struct action *act)
{
    const struct service *s;
    const struct route *r;
    const struct replicaset *rs;

    switch (act->target) {
    case TARGET_ROLLOUT:
        return &sc->r.meta;
    case TARGET_DEPLOYMENT:
        return &sc->d.meta;
    case TARGET_FENCE:
        return sc->w.fence ? &sc->w.fence->meta : NULL;
    case TARGET_REPLICASET:
        rs = rs_named(sc, act->name);
        return rs ? &rs->meta : NULL;
    case TARGET_SERVICE:
        s = world_service(&sc->w, act->name);
        return s ? &s->meta : NULL;
    case TARGET_ROUTE:
        r = world_route(&sc->w, act->name);
        return r ? &r->meta : NULL;
    case TARGET_COUNT:
        break;
    }
    return NULL;
}

/* {"op":"test"} of a JSON Patch: the value at `path`, NULL: not tested. */
static const cJSON *tested(const cJSON *patch, const char *path)
{
    JSON_EACH(op, patch) {
        if (str_equal(json_str(json_key(op, "op"), ""), "test") &&
            str_equal(json_str(json_key(op, "path"), ""), path))
            return json_key(op, "value");
    }
    return NULL;
}

/* Of a JSON Patch a generation does for the spec, and a count for one that only grows. */
static bool names_version(const cJSON *body, const struct action *act, const struct meta *m)
{
    const cJSON *generation;

    if (str_equal(act->method, "DELETE"))
        return str_equal(json_str(json_at(body, "preconditions.uid"), ""), m->uid) &&
               str_equal(json_str(json_at(body, "preconditions.resourceVersion"), ""), m->rv);
    if (!str_equal(act->content_type, JSON_PATCH))
        return str_equal(json_str(json_at(body, "metadata.uid"), ""), m->uid) &&
               str_equal(json_str(json_at(body, "metadata.resourceVersion"), ""), m->rv);
    if (act->target == TARGET_ROUTE)
        return true; /* the router says what of it is tested: route_gateway_test */
    if (!str_equal(json_str(tested(body, "/metadata/uid"), ""), m->uid))
        return false;
    generation = tested(body, "/metadata/generation");
    if (generation)
        return generation->valueint == m->generation;
    if (act->act == ACT_RS_SCALE && !act->harmful)
        return tested(body, "/spec/replicas") != NULL;
    return str_equal(json_str(tested(body, "/metadata/resourceVersion"), ""), m->rv);
}

/* ... and what it says beside that. */
static bool says_what_it_does(struct scene *sc, const struct action *act, const cJSON *body)
{
    char now[TIME_TEXT_MAX];

    if (act->act == ACT_DEP_STATUS) {
        time_format(sc->st.s.now_ms, now);
        return strstr(act->body, arena_printf(&sc->a, "\"lastUpdateTime\":\"%s\"", now)) != NULL;
    }
    if (act->act != ACT_RS_FENCE)
        return true;
    JSON_EACH(op, body) {
        if (str_equal(json_str(json_key(op, "path"), ""), "/metadata/labels"))
            return str_equal(json_str(json_key(json_key(op, "value"), LABEL_HASH), ""),
                             rs_named(sc, act->name)->revision);
    }
    return false;
}

/* ---- each ------------------------------------------------------------------------------------ */

static bool takes(const struct scene *sc, const struct action *act, const cJSON *body)
{
    if (requests[act->act].takes != WHERE_FEWER)
        return requests[act->act].takes == SOMETHING;
    JSON_EACH(op, body) {
        if (str_equal(json_str(json_key(op, "op"), ""), "replace"))
            return json_key(op, "value")->valueint < rs_named(sc, act->name)->replicas;
    }
    return false;
}

static void check_request(struct scene *sc, const struct action *act, const char *row)
{
    const struct request *want = &requests[act->act];
    const struct meta *m = meta_of(sc, act);
    const char *name = arena_printf(&sc->a, "%s: %s", row, act_name(act->act));
    struct err e = {0};

    auto_json cJSON *body = json_parse(act->body, strlen(act->body), &e);
    CHECK(body, "%s: %s", name, e.text);
    CHECK(act->target == want->target, "%s: to %s", name, target_name(act->target));
    CHECK_TEXT(act->method, want->method, name);
    CHECK_TEXT(act->content_type, want->type, name);
    CHECK_TEXT(act->subresource, want->subresource, name);
    CHECK_TEXT(act->ns, sc->r.meta.ns, name);
    if (want->query)
        CHECK_TEXT(act->query, want->query, name);
    CHECK(act->harmful == takes(sc, act, body), "%s: %d", name, act->harmful);
    if (str_equal(act->method, "POST")) {
        CHECK_TEXT(json_str(json_at(body, "metadata.name"), ""), act->name, name);
        CHECK_TEXT(json_str(json_at(body, "metadata.namespace"), ""), act->ns, name);
        CHECK(!m && !act->uid, "%s: it is there", name);
        return;
    }
    CHECK(m, "%s: of what is not there", name);
    CHECK_TEXT(act->uid, m->uid, name);
    CHECK_TEXT(act->name, m->name, name);
    CHECK(names_version(body, act, m), "%s: not of what it was decided on: %s", name, act->body);
    CHECK(says_what_it_does(sc, act, body), "%s: %s", name, act->body);
}

/* ---- whole releases -------------------------------------------------------------------------- */

static bool seen[ACT_COUNT];

static void play(const char *row, const char *spec, const char *const *lines)
{
    struct scene *sc = scene_open(&(struct bed_options){
        .spec = spec, .sim = {.no_policies = strstr(spec, "'Paused'") != NULL}});

    bed_rest(&sc->st, "app:v1", 4);
    stage_begin(&sc->st, NULL);
    for (; *lines; lines++) {
        if (strncmp(*lines, "-> ", 3) != 0) {
            bed_do(&sc->st, *lines);
            continue;
        }
        for (int i = 0; i < 2000; i++) {
            const struct plan *p;

            scene_now(sc);
            p = scene_plan(sc);
            if (p->action.act)
                check_request(sc, &p->action, row);
            else if (str_equal(p->status->display.status, *lines + 3))
                break;
            seen[p->action.act] = true;
            bed_turn(&sc->st);
            assert_int_not_equal(i, 1999);
        }
    }
    scene_close(sc);
}

static void each_request_of_whole_releases(void **state UNUSED)
{
    static const struct {
        const char *name, *spec, *lines[10];
    } rows[] = {
        {"promoted, then undone",
         CANARY,
         {"image app:v2", "-> Approval", "approve", "-> Baking", "undo", "-> Resting"}},
        {"aborted, then reverted", REVERTS, {"image app:v2", "-> Approval", "abort", "-> Resting"}},
        {"aborted, then put back",
         CANARY,
         {"image app:v2", "-> Approval", "abort", "-> Aborted", "image app:v1", "-> Resting"}},
        {"in batches", BATCHES, {"image app:v2", "-> Approval", "approve", "-> Resting"}},
        {"by a route", ROUTED, {"image app:v2", "-> Approval", "approve", "-> Resting"}},
        {"with a preview", PREVIEW, {"image app:v2", "-> Resting", "undo", "-> Resting"}},
        {"under the pause that stays", PAUSED, {"image app:v2", "-> Resting"}},
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        play(rows[i].name, rows[i].spec, rows[i].lines);
    for (enum act act = ACT_DECIDE; act < ACT_COUNT; act++)
        CHECK(seen[act] || act == ACT_RS_MIN_READY, "%s: not seen", act_name(act));
}

/* ---- what others wrote ----------------------------------------------------------------------- */

/* The selector is one field and stays its author's, where a query can name them. */
static void pinned_in_the_authors_name(void **state UNUSED)
{
    static const struct {
        const char *author, *query;
    } rows[] = {{NULL, BY_US},
                {"helm", "fieldManager=helm"},
                {"kubectl-client-side-apply", "fieldManager=kubectl-client-side-apply"},
                {"a&b", BY_US},
                {"a b", BY_US}};
    struct scene *sc =
        scene_at("released", SWITCH, (const char *const[]){"image app:v2", NULL}, ACT_SERVICE_PIN);

    for (size_t i = 0; i < COUNT(rows); i++) {
        sc->services[0].selector_manager = rows[i].author;
        assert_int_equal(scene_plan(sc)->action.act, ACT_SERVICE_PIN);
        CHECK_TEXT(scene_plan(sc)->action.query, rows[i].query, "by its author");
    }
    scene_close(sc);
}

/* A port of every node is one Service's alone. */
static void ports_of_nodes_are_not_copied(void **state UNUSED)
{
    static const struct {
        const char *ports, *copy;
    } rows[] = {
        {"[{'port':80,'nodePort':30080,'name':'http'},{'name':'tls','port':443,'nodePort':30443}]",
         "'ports':[{'name':'http','port':80},{'name':'tls','port':443}]"},
        {"[{'port':80}]", "'ports':[{'port':80}]"},
        {NULL, "'clusterIP':'None'"},
    };
    struct scene *sc = scene_at("released", PREVIEW, (const char *const[]){"image app:v2", NULL},
                                ACT_SERVICE_CREATE);

    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *copy = json_fmt(&sc->a, rows[i].copy, NULL);
        const char *body;
        struct err e = {0};

        sc->services[0].ports_raw = rows[i].ports ? json_fmt(&sc->a, rows[i].ports, NULL) : NULL;
        body = scene_plan(sc)->action.body;
        CHECK(strstr(body, copy), "%zu: no %s in %s", i, copy, body);
        auto_json cJSON *whole = json_parse(body, strlen(body), &e);
        CHECK(whole, "%zu: %s", i, e.text);
    }
    scene_close(sc);
}

/* What is not there cannot be removed: the whole patch would be refused. */
static void a_dead_man_is_removed_where_there_is_one(void **state UNUSED)
{
    struct scene *sc = scene_at("at rest", PAUSED, (const char *const[]){NULL}, 0);

    sc->r.meta.deleting_ms = 1;
    assert_int_equal(scene_plan(sc)->action.act, ACT_RESUME);
    assert_non_null(strstr(scene_plan(sc)->action.body, "remove"));
    scene_no_dead_man(sc);
    assert_int_equal(scene_plan(sc)->action.act, ACT_RESUME);
    assert_null(strstr(scene_plan(sc)->action.body, "remove"));
    scene_close(sc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_request_of_whole_releases),
        cmocka_unit_test(pinned_in_the_authors_name),
        cmocka_unit_test(ports_of_nodes_are_not_copied),
        cmocka_unit_test(a_dead_man_is_removed_where_there_is_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

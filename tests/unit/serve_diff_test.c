/* SPDX-License-Identifier: Apache-2.0 */
/* What a real API server answers, as tests/differential found it to differ once: rows of requests
 * in order, with the code and what is then there. */
#include "check.h"
#include "sluice/json/jfmt.h"
#include "sluice/net/server.h"
#include "sluice/serve/serve.h"

#include "../../src/serve/calls.h"

#define MAPS      "/api/v1/namespaces/default/configmaps"
#define DEPS      "/apis/apps/v1/namespaces/default/deployments"
#define SVCS      "/api/v1/namespaces/default/services"
#define LEASES    "/apis/coordination.k8s.io/v1/namespaces/default/leases"
#define SLICES    "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
#define MERGE     "application/merge-patch+json"
#define STRATEGIC "application/strategic-merge-patch+json"
#define APPLY     "application/apply-patch+yaml"
#define APPLIER   "fieldManager=me&force=true"
#define DEPLOYMENT                                                                                 \
    "{'metadata':{'name':'d'},'spec':{'selector':{'matchLabels':{'app':'x'}},'template':"          \
    "{'metadata':{'labels':{'app':'x'}},'spec':{'containers':[{'name':'a','image':'i:v1'}]}}}}"

static const struct row {
    const char *method, *path, *query, *type, *body;
    int code;
    const char *member, *value; /* of the answer, as JSON; value NULL: it is not there */
} rows[] = {
    /* bodies that are no objects */
    {"POST", MAPS, "", "", "[1]", 400, "reason", "'BadRequest'"},
    {"POST", MAPS, "", "", "{'kind':'Secret','metadata':{'name':'m'}}", 400, NULL, NULL},
    {"POST", MAPS, "", "", "{'metadata':{'name':'No!'}}", 422, "details.kind", "'ConfigMap'"},
    {"POST", MAPS, "", "", "{'metadata':{'name':'m'},'data':{'a':1}}", 400, NULL, NULL},
    {"POST", MAPS, "", "", "{'metadata':{'name':'m'}}", 201, "metadata.generation", NULL},
    {"PATCH", MAPS "/m", "", MERGE, "7", 400, NULL, NULL},
    {"PATCH", MAPS "/m", "", MERGE, "{'data':{'a':1}}", 422, NULL, NULL},
    {"PATCH", MAPS "/m", "", "text/plain", "{}", 415, "details", NULL},
    {"PATCH", MAPS "/m", "", MERGE, "{'metadata':{'uid':'other'}}", 422, NULL, NULL},
    {"PATCH", MAPS "/m", "", MERGE, "{'metadata':{'finalizers':['a/b']}}", 200, NULL, NULL},
    {"PUT", MAPS "/m", "", "", "{'metadata':{'name':'n'}}", 400, NULL, NULL},
    {"DELETE", MAPS "/m", "propagationPolicy=Other", "", "", 422, "details.kind",
     "'DeleteOptions'"},
    /* with a body, a deletion does not look at the query: this is no dry run */
    {"POST", MAPS, "", "", "{'metadata':{'name':'n'}}", 201, NULL, NULL},
    {"DELETE", MAPS "/n", "dryRun=All", "", "{'kind':'DeleteOptions'}", 200, NULL, NULL},
    {"GET", MAPS "/n", "", "", "", 404, NULL, NULL},
    /* what is held is shown as it goes */
    {"DELETE", MAPS "/m", "", "", "", 200, "metadata.deletionGracePeriodSeconds", "0"},
    {"PATCH", MAPS "/m", "", MERGE, "{'metadata':{'finalizers':['a/b','c/d']}}", 422, NULL, NULL},
    {"GET", MAPS, "labelSelector=%3Dx", "", "", 400, NULL, NULL},
    {"GET", MAPS, "fieldSelector=spec.x%3D1", "", "", 400, NULL, NULL},
    /* an annotation of a Deployment counts as a change of what is wanted */
    {"POST", DEPS, "", "", DEPLOYMENT, 201, "spec.template.spec.dnsPolicy", "'ClusterFirst'"},
    {"PATCH", DEPS "/d", "", MERGE, "{'metadata':{'annotations':{'a':'b'}}}", 200,
     "metadata.generation", "2"},
    {"PATCH", DEPS "/d", "", MERGE, "{'metadata':{'labels':{'a':'b'}}}", 200, "metadata.generation",
     "2"},
    {"PATCH", DEPS "/d", "", MERGE, "{'spec':{'replicas':-1}}", 422, NULL, NULL},
    {"PATCH", DEPS "/d", "", MERGE,
     "{'spec':{'strategy':{'rollingUpdate':{'maxSurge':0,'maxUnavailable':0}}}}", 422, NULL, NULL},
    /* some kinds are made by a PUT, some must say what they change */
    {"PUT", LEASES "/l", "", "", "{'metadata':{'name':'l'}}", 201, NULL, NULL},
    {"PUT", LEASES "/l", "", "", "{'metadata':{'name':'l'}}", 422, NULL, NULL},
    {"PUT", MAPS "/none", "", "", "{'metadata':{'name':'none'}}", 404, NULL, NULL},
    {"POST", SVCS, "", "", "{'metadata':{'name':'s'},'spec':{'ports':[{'port':80}]}}", 201,
     "spec.ipFamilyPolicy", "'SingleStack'"},
    {"DELETE", SVCS "/s", "", "", "", 200, "kind", "'Service'"},
    /* what is unreadable is not even stale */
    {"POST", MAPS, "", "", "{'metadata':{'name':'k'}}", 201, NULL, NULL},
    {"PATCH", MAPS "/k", "", MERGE, "{'metadata':{'resourceVersion':'1'},'data':{'a':1}}", 422,
     "details", NULL},
    {"PATCH", MAPS "/k", "", MERGE, "{'metadata':{'resourceVersion':'1'}}", 409, NULL, NULL},
    /* who does not say an address keeps it */
    {"PATCH", SVCS "/u", APPLIER, APPLY,
     "{'metadata':{'name':'u'},'spec':{'clusterIP':'None','ports':[{'port':80}]}}", 201, NULL,
     NULL},
    {"PATCH", SVCS "/u", APPLIER, APPLY,
     "{'metadata':{'name':'u'},'spec':{'ports':[{'port':79},{'port':80}]}}", 422, "details.kind",
     "'Service'"}, /* two without a name */
    {"PATCH", SVCS "/u", APPLIER, APPLY,
     "{'metadata':{'name':'u'},'spec':{'ports':[{'port':79,'name':'a'},{'port':80,'name':'b'}]}}",
     200, "spec.clusterIP", "'None'"},
    {"PATCH", SVCS "/u", APPLIER, APPLY,
     "{'metadata':{'name':'u'},'spec':{'ports':[{'port':81,'name':'c'},{'port':80,'name':'b'}]}}",
     200, "spec.ports",
     "[{'port':81,'name':'c','targetPort':81,'protocol':'TCP'},"
     "{'port':80,'name':'b','targetPort':80,'protocol':'TCP'}]"},
    /* ... and who applies a selector says it whole, whoever else wrote into it */
    {"PATCH", SVCS "/u", "", MERGE, "{'spec':{'selector':{'rev':'1'}}}", 200, NULL, NULL},
    {"PATCH", SVCS "/u", APPLIER, APPLY,
     "{'metadata':{'name':'u'},'spec':{'selector':{'a':'b'},'ports':[{'port':80,'name':'b'}]}}",
     200, "spec.selector", "{'a':'b'}"},
    /* a deletion that is only tried says how it would be */
    {"DELETE", SVCS "/u", "dryRun=All", "", "", 200, "metadata.deletionTimestamp", NULL},
    {"PATCH", SVCS "/u", "", MERGE, "{'metadata':{'finalizers':['a/b']}}", 200, NULL, NULL},
    {"DELETE", SVCS "/u", "dryRun=All", "", "", 200, "metadata.deletionGracePeriodSeconds", "0"},
    {"GET", SVCS "/u", "", "", "", 200, "metadata.deletionTimestamp", NULL},
    /* who takes the last finalizer off is told what had become of it, which nobody else is */
    {"DELETE", SVCS "/u", "", "", "", 200, "metadata.generation", NULL},
    {"PATCH", SVCS "/u", "", MERGE, "{'metadata':{'finalizers':null}}", 200, "metadata.generation",
     NULL},
    {"GET", SVCS "/u", "", "", "", 404, NULL, NULL},
    {"PATCH", DEPS "/d", "", MERGE, "{'metadata':{'finalizers':['a/b']}}", 200,
     "metadata.generation", "2"},
    {"DELETE", DEPS "/d", "dryRun=All", "", "", 200, "metadata.generation", "3"},
    {"DELETE", DEPS "/d", "", "", "", 200, "metadata.generation", "3"},
    {"PATCH", DEPS "/d", "", MERGE, "{'metadata':{'finalizers':null},'spec':{'replicas':7}}", 200,
     "metadata.generation", "4"},
    {"GET", DEPS "/d", "", "", "", 404, NULL, NULL},
    /* a slice that somebody wrote is kept as it is */
    {"POST", SLICES, "", "",
     "{'metadata':{'name':'e'},'addressType':'IPv4','endpoints':[{'addresses':['198.19.0.1']}]}",
     201, "endpoints", "[{'addresses':['198.19.0.1'],'conditions':{}}]"},
    {"PATCH", SLICES "/e", "", MERGE, "{'metadata':{'finalizers':['a/b']}}", 200, "spec", NULL},
    {"DELETE", SLICES "/e", "dryRun=All", "", "", 200, "spec", NULL},
    /* a strategic merge of its finalizers, but not of its ports */
    {"PATCH", SLICES "/e", "", STRATEGIC, "{'ports':[{'name':'p','port':1}]}", 200, NULL, NULL},
    {"PATCH", SLICES "/e", "", STRATEGIC,
     "{'metadata':{'finalizers':['c/d']},'ports':[{'name':'q','port':2}]}", 200,
     "metadata.finalizers", "['c/d','a/b']"},
    {"GET", SLICES "/e", "", "", "", 200, "ports", "[{'name':'q','port':2,'protocol':'TCP'}]"},
};

/* The version that it has after an apply. */
static int64_t applied(struct serve *v, const char *manager, const char *body)
{
    struct server_reply reply = {.code = 200};
    struct err e = {0};
    struct arena a;
    int64_t version;

    arena_init(&a);
    strbuf_init(&reply.body, SIZE_MAX / 4);
    body = json_fmt(&a, body);
    const struct server_request http = {.method = "PATCH",
                                        .path = strstr(body, "ports") ? SVCS "/x" : MAPS "/x",
                                        .query =
                                            arena_printf(&a, "force=true&fieldManager=%s", manager),
                                        .content_type = APPLY,
                                        .accept = "",
                                        .authorization = arena_printf(&a, "Bearer %s", v->token),
                                        .body = body,
                                        .body_len = strlen(body)};

    http_request(&http, &reply, v);
    CHECK(reply.code < 300, "%s: %d %s", body, reply.code, strbuf_str(&reply.body));
    auto_json cJSON *doc = json_parse(reply.body.p, reply.body.len, &e);
    version = strtoll(json_str(doc, "metadata.resourceVersion"), NULL, 10);
    strbuf_release(&reply.body);
    arena_release(&a);
    return version;
}

/* Whose a member is stands in the object too. */
static void who_names_other_members_writes(void **state)
{
#define SERVICE "'spec':{'ports':[{'name':'a','port':80"
    static const struct {
        const char *manager, *body;
        bool writes;
    } applies[] = {
        {"me", "{'metadata':{'name':'x'}}", true},
        {"me", "{'metadata':{'name':'x'}}", false},
        {"me", "{'metadata':{'name':'x','namespace':'default'}}", false},
        {"me", "{'metadata':{'name':'x','labels':{}}}", true},
        {"me", "{'metadata':{'name':'x','labels':{}}}", false},
        {"me", "{'metadata':{'name':'x'}}", true},
        {"you", "{'metadata':{'name':'x'}}", true},
        {"you", "{'metadata':{'name':'x'}}", false},
        {"me", "{'metadata':{'name':'x'}," SERVICE "}]}}", true},
        {"me", "{'metadata':{'name':'x'}," SERVICE ",'protocol':'TCP'}]}}", true},
        {"me", "{'metadata':{'name':'x'}," SERVICE ",'protocol':'TCP'}]}}", false},
        {"me", "{'metadata':{'name':'x'}," SERVICE "}]}}", true},
    };
    struct loop *loop = loop_new();
    struct err e = {0};
    struct serve *v = serve_new(loop, &(struct serve_options){.metrics_port = -1}, &e);
    int64_t last = 0, version;
    (void)state;

    CHECK(v, "%s", e.text);
    for (size_t i = 0; i < COUNT(applies); i++) {
        version = applied(v, applies[i].manager, applies[i].body);
        CHECK((version > last) == applies[i].writes, "%zu: %s", i, applies[i].body);
        last = version;
    }
    serve_free(v);
    loop_free(loop);
}

static void ask(struct serve *v, const struct row *r)
{
    struct server_reply reply = {.code = 200};
    struct err e = {0};
    struct arena a;

    arena_init(&a);
    strbuf_init(&reply.body, SIZE_MAX / 4);
    const char *body = json_fmt(&a, r->body);
    const struct server_request http = {.method = r->method,
                                        .path = r->path,
                                        .query = r->query,
                                        .content_type = r->type,
                                        .accept = "",
                                        .authorization = arena_printf(&a, "Bearer %s", v->token),
                                        .body = body,
                                        .body_len = strlen(body)};

    http_request(&http, &reply, v);
    CHECK(reply.code == r->code, "%s %s %s: %d %s", r->method, r->path, r->body, reply.code,
          strbuf_str(&reply.body));
    if (r->member) {
        auto_json cJSON *doc = json_parse(reply.body.p, reply.body.len, &e);
        const cJSON *have = json_at(doc, r->member);
        auto_json cJSON *want = r->value ? doc_parse(json_fmt(&a, r->value)) : NULL;

        CHECK(want ? have && json_same(have, want) : json_count(have) == 0 || !have,
              "%s %s: %s in %s", r->method, r->path, r->member, strbuf_str(&reply.body));
    }
    strbuf_release(&reply.body);
    arena_release(&a);
}

static void it_answers_as_a_real_server_does(void **state)
{
    struct loop *loop = loop_new();
    struct err e = {0};
    struct serve *v = serve_new(
        loop, &(struct serve_options){.metrics_port = -1, .sim = {.no_controllers = true}}, &e);

    (void)state;
    CHECK(v, "%s", e.text);
    for (size_t i = 0; i < COUNT(rows); i++)
        ask(v, &rows[i]);
    serve_free(v);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(it_answers_as_a_real_server_does),
                                       cmocka_unit_test(who_names_other_members_writes)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

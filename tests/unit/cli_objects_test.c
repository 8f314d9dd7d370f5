/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests that an API server would refuse: one sentence for each wrong thing, with its line; and
 * nothing that is given to lint, plan and simulate ends them. The verdicts are those of a server
 * of v1.36 and of the Gateway API v1.6. */
#include "check.h"

#include "lapse.h"
#include "lint.h"
#include "objects.h"
#include "sluice/base/clock.h"
#include "sluice/json/edit.h"

#include <stdio.h>

/* Three objects that a server takes, each member on a line of its own. */
static const char good[] = "apiVersion: apps/v1\n"                      /* 1 */
                           "kind: Deployment\n"                         /* 2 */
                           "metadata:\n"                                /* 3 */
                           "  name: web\n"                              /* 4 */
                           "  labels: {tier: a}\n"                      /* 5 */
                           "spec:\n"                                    /* 6 */
                           "  replicas: 3\n"                            /* 7 */
                           "  minReadySeconds: 1\n"                     /* 8 */
                           "  progressDeadlineSeconds: 90\n"            /* 9 */
                           "  strategy:\n"                              /* 10 */
                           "    type: RollingUpdate\n"                  /* 11 */
                           "    rollingUpdate:\n"                       /* 12 */
                           "      maxSurge: 1\n"                        /* 13 */
                           "      maxUnavailable: 25%\n"                /* 14 */
                           "  selector:\n"                              /* 15 */
                           "    matchLabels: {app: web}\n"              /* 16 */
                           "  template:\n"                              /* 17 */
                           "    metadata:\n"                            /* 18 */
                           "      labels: {app: web}\n"                 /* 19 */
                           "    spec:\n"                                /* 20 */
                           "      restartPolicy: Always\n"              /* 21 */
                           "      containers:\n"                        /* 22 */
                           "        - name: web\n"                      /* 23 */
                           "          image: web:1\n"                   /* 24 */
                           "          ports:\n"                         /* 25 */
                           "            - name: http\n"                 /* 26 */
                           "              containerPort: 8080\n"        /* 27 */
                           "              protocol: TCP\n"              /* 28 */
                           "---\n"                                      /* 29 */
                           "apiVersion: v1\n"                           /* 30 */
                           "kind: Service\n"                            /* 31 */
                           "metadata:\n"                                /* 32 */
                           "  name: shop\n"                             /* 33 */
                           "spec:\n"                                    /* 34 */
                           "  type: ClusterIP\n"                        /* 35 */
                           "  selector: {app: web, in: eu}\n"           /* 36 */
                           "  ports:\n"                                 /* 37 */
                           "    - port: 80\n"                           /* 38 */
                           "      targetPort: http\n"                   /* 39 */
                           "---\n"                                      /* 40 */
                           "apiVersion: gateway.networking.k8s.io/v1\n" /* 41 */
                           "kind: HTTPRoute\n"                          /* 42 */
                           "metadata:\n"                                /* 43 */
                           "  name: edge\n"                             /* 44 */
                           "spec:\n"                                    /* 45 */
                           "  parentRefs: [{name: gate}]\n"             /* 46 */
                           "  hostnames: [a.example]\n"                 /* 47 */
                           "  rules:\n"                                 /* 48 */
                           "    - backendRefs:\n"                       /* 49 */
                           "        - name: shop\n"                     /* 50 */
                           "          port: 81\n"                       /* 51 */
                           "          weight: 5\n";                     /* 52 */

static const char rollout[] = "---\n"
                              "apiVersion: sluice.dev/v1beta1\n"
                              "kind: Rollout\n"
                              "metadata: {name: web}\n"
                              "spec: {targetRef: {name: web}, strategy: {rolling: {}}}\n";

/* `text` with the first `old` in another way. Owned. */
static char *with(const char *text, const char *old, const char *other)
{
    const char *at = strstr(text, old);
    struct strbuf b = {.max = 1 << 20};

    CHECK(at, "%s", old);
    strbuf_add(&b, text, (size_t)(at - text));
    strbuf_adds(&b, other);
    strbuf_adds(&b, at + strlen(old));
    return b.p;
}

/* "4 metadata.name: "x" | message", one after the other. */
static void findings_of(const char *text, struct strbuf *out)
{
    struct manifests m;
    struct lint l;

    manifests_init(&m);
    manifests_add(&m, "-", text, strlen(text));
    lint_init(&l, &m);
    lint_objects(&l);
    for (size_t i = 0; i < l.count; i++)
        strbuf_addf(out, "%s%d %s%s%s | %s", i ? "\n" : "", l.found[i].line, l.found[i].f.path,
                    l.found[i].f.value ? ": " : "", l.found[i].f.value ? l.found[i].f.value : "",
                    l.found[i].f.message);
    if (m.files[0].broken)
        strbuf_adds(out, m.files[0].broken);
    lint_release(&l);
    manifests_release(&m);
}

/* --- one sentence for each wrong thing -------------------------------------------------------- */

#define AN_OBJECT   "must be an object: write its fields below it"
#define A_LIST      "must be a list: start each entry with a dash"
#define A_TEXT      "must be text: put it in quotes"
#define A_NAME      "must be a name of lower-case letters, digits, - and ."
#define A_LABEL     "must be a name of at most 63 lower-case letters, digits and -"
#define UP_TO(most) "must be a whole number from 0 to " most
#define A_PORT      "must be a whole number from 1 to 65535"
#define POD         "spec.template.spec"
#define CONTAINER   POD ".containers[0]"

static const struct {
    const char *old, *other, *says; /* "": nothing */
} rows[] = {
    {"", "", ""},
    /* Deployment */
    {"apiVersion: apps/v1\n", "", "1 apiVersion | apiVersion is required: write apps/v1"},
    {"apps/v1", "apps/v1beta2", "1 apiVersion: \"apps/v1beta2\" | must be apps/v1"},
    {"apps/v1", "example.com/v1", ""}, /* somebody else's */
    {"metadata:\n  name: web\n  labels: {tier: a}\n", "",
     "1 metadata | metadata is required: give the Deployment a name"},
    {"  name: web\n  labels", "  labels", "3 metadata.name | name is required: add it"},
    {"  name: web\n  labels", "  generateName: web-\n  labels", ""},
    {"name: web\n  labels", "name: ''\n  labels", "4 metadata.name | name is required: add it"},
    {"name: web\n  labels", "name: 3\n  labels", "4 metadata.name: 3 | " A_TEXT},
    {"name: web\n  labels", "name: Web\n  labels", "4 metadata.name: \"Web\" | " A_NAME},
    {"name: web\n  labels", "name: a..b\n  labels", "4 metadata.name: \"a..b\" | " A_NAME},
    {"name: web\n  labels", "name: a.b\n  labels", ""},
    {"{tier: a}", "{tier: 3}", "5 metadata.labels.tier: 3 | " A_TEXT},
    {"{tier: a}", "{tier: null}", ""},
    {"{tier: a}", "{example.com/tier: A-b_c.d}", ""},
    {"{tier: a}", "[]", "5 metadata.labels | " AN_OBJECT},
    {"{tier: a}", "{tier: a b}",
     "5 metadata.labels.tier: \"a b\" | must be at most 63 letters, digits, -, _ and .: a label "
     "takes no other text"},
    {"{tier: a}", "{/tier: a}",
     "5 metadata.labels./tier: \"a\" | its key must be a name of at most 63 letters, digits, -, _ "
     "and ., with a domain and / before it or without"},
    {"replicas: 3", "replicas: -1", "7 spec.replicas: -1 | " UP_TO("2147483647")},
    {"replicas: 3", "replicas: '3'", "7 spec.replicas: \"3\" | " UP_TO("2147483647")},
    {"replicas: 3", "replicas: 2147483647", ""},
    {"replicas: 3", "replicas: 2147483648", "7 spec.replicas: 2147483648 | " UP_TO("2147483647")},
    {"replicas: 3", "replicas: 1.5", "7 spec.replicas: 1.5 | " UP_TO("2147483647")},
    {"replicas: 3", "replicas: null", ""},
    {"replicas: 3", "paused: 'no'", "7 spec.paused: \"no\" | must be true or false"},
    {"minReadySeconds: 1", "minReadySeconds: 90",
     "9 spec.progressDeadlineSeconds: 90 | must be more than minReadySeconds, and is 600 where it "
     "is left out: raise it"},
    {"type: RollingUpdate", "type: Rolling",
     "11 spec.strategy.type: \"Rolling\" | must be RollingUpdate or Recreate"},
    {"type: RollingUpdate", "type: Recreate",
     "12 spec.strategy.rollingUpdate | stands beside type Recreate: use type RollingUpdate"},
    {"maxSurge: 1", "maxSurge: many",
     "13 spec.strategy.rollingUpdate.maxSurge: \"many\" | must be a number of pods or a "
     "percentage: write 1 or 25%"},
    {"maxSurge: 1", "maxSurge: 300%", ""},
    {"maxUnavailable: 25%", "maxUnavailable: 101%",
     "14 spec.strategy.rollingUpdate.maxUnavailable: \"101%\" | must be a number of pods or a "
     "percentage up to 100%: write 1 or 25%"},
    {"maxSurge: 1\n      maxUnavailable: 25%", "maxSurge: 0\n      maxUnavailable: 0%",
     "14 spec.strategy.rollingUpdate.maxUnavailable: \"0%\" | no pod could be replaced when "
     "maxSurge is 0 too: raise one of the two"},
    {"  selector:\n    matchLabels: {app: web}\n", "",
     "6 spec.selector | selector is required: add matchLabels with a label of the template"},
    {"matchLabels: {app: web}", "matchLabels: {}",
     "15 spec.selector | selects nothing: add matchLabels with a label of the template"},
    {"matchLabels: {app: web}", "matchLabels: {app: 3}",
     "16 spec.selector.matchLabels.app: 3 | " A_TEXT},
    {"matchLabels: {app: web}", "matchLabels: {app: null}",
     "16 spec.selector.matchLabels.app | " A_TEXT},
    {"matchLabels: {app: web}", "matchLabels: [app]", "16 spec.selector.matchLabels | " AN_OBJECT},
    {"matchLabels: {app: web}", "matchExpressions: [{key: app, operator: Is}]",
     "16 spec.selector.matchExpressions[0].operator: \"Is\" | must be In, NotIn, Exists or "
     "DoesNotExist"},
    {"matchLabels: {app: web}", "matchExpressions: [{key: app, operator: Exists}]", ""},
    {"labels: {app: web}", "labels: {app: wbe}",
     "19 spec.template.metadata.labels | the selector asks for app: web, which the template does "
     "not have: add the label, or correct the selector"},
    {"    metadata:\n      labels: {app: web}\n", "",
     "17 spec.template.metadata.labels | the selector asks for app: web, which the template does "
     "not have: add the label, or correct the selector"},
    {"restartPolicy: Always", "restartPolicy: Never",
     "21 " POD ".restartPolicy: \"Never\" | must be Always"},
    {"name: web\n          image", "image", "23 " CONTAINER ".name | name is required: add it"},
    {"name: web\n          image", "name: Web\n          image",
     "23 " CONTAINER ".name: \"Web\" | " A_LABEL},
    {"          image: web:1\n", "", "23 " CONTAINER ".image | image is required: add it"},
    {"image: web:1", "image: 1", "24 " CONTAINER ".image: 1 | " A_TEXT},
    {"          ports:\n",
     "        - {name: web, image: b}\n        - name: c\n"
     "          image: c\n          ports:\n",
     "25 " POD ".containers[1].name: \"web\" | stands twice: every name is given once"},
    {"name: http\n", "name: http-of-the-application\n",
     "26 " CONTAINER ".ports[0].name: \"http-of-the-application\" | must be a name of at most 15 "
     "lower-case letters, digits and -, with a letter among them"},
    {"containerPort: 8080", "hostPort: 8080",
     "26 " CONTAINER ".ports[0].containerPort | containerPort is required: write the number that "
     "the container listens on"},
    {"containerPort: 8080", "containerPort: 65536",
     "27 " CONTAINER ".ports[0].containerPort: 65536 | " A_PORT},
    {"protocol: TCP", "protocol: HTTP",
     "28 " CONTAINER ".ports[0].protocol: \"HTTP\" | must be TCP, UDP or SCTP"},
    /* Service */
    {"apiVersion: v1\n", "", "30 apiVersion | apiVersion is required: write v1"},
    {"apiVersion: v1\n", "apiVersion: serving.knative.dev/v1\n", ""},
    {"name: shop\n", "name: shop.eu\n", "33 metadata.name: \"shop.eu\" | " A_LABEL},
    {"type: ClusterIP", "type: Balancer",
     "35 spec.type: \"Balancer\" | must be ClusterIP, NodePort, LoadBalancer or ExternalName"},
    {"type: ClusterIP", "type: ExternalName",
     "34 spec.externalName | type ExternalName needs externalName: write the name of the host"},
    {"in: eu", "in: true", "36 spec.selector.in: true | " A_TEXT},
    {"selector: {app: web, in: eu}", "selector: web", "36 spec.selector: \"web\" | " AN_OBJECT},
    {"ports:\n    - port: 80\n      targetPort: http\n", "ports: []\n",
     "37 spec.ports | ports is required: add one, with its port"},
    {"ports:\n    - port: 80\n      targetPort: http\n", "clusterIP: None\n", ""},
    {"ports:\n    - port: 80\n      targetPort: http\n", "ports: {port: 80}\n",
     "37 spec.ports | " A_LIST},
    {"port: 80\n", "name: a\n",
     "38 spec.ports[0].port | port is required: write the number that clients use"},
    {"port: 80\n", "port: http\n", "38 spec.ports[0].port: \"http\" | " A_PORT},
    {"targetPort: http", "targetPort: 70000",
     "39 spec.ports[0].targetPort: 70000 | must be a port from 1 to 65535 or the name of one: "
     "write 8080 or http"},
    {"targetPort: http", "name: a\n    - port: 81",
     "40 spec.ports[1].name | name is required where there are several ports: add it"},
    /* HTTPRoute */
    {"gateway.networking.k8s.io/v1", "gateway.networking.k8s.io/v1alpha2",
     "41 apiVersion: \"gateway.networking.k8s.io/v1alpha2\" | must be gateway.networking.k8s.io/v1 "
     "or gateway.networking.k8s.io/v1beta1"},
    {"parentRefs: [{name: gate}]", "parentRefs: [{}]",
     "46 spec.parentRefs[0].name | name is required: name the Gateway"},
    {"hostnames: [a.example]", "hostnames: [3]", "47 spec.hostnames[0]: 3 | " A_TEXT},
    {"        - name: shop\n          port: 81\n", "        - port: 81\n",
     "50 spec.rules[0].backendRefs[0].name | name is required: name the Service"},
    {"          port: 81\n", "",
     "50 spec.rules[0].backendRefs[0].port | port is required: write the Service's port"},
    {"          port: 81\n", "          kind: Bucket\n", ""},
    {"port: 81", "port: 0", "51 spec.rules[0].backendRefs[0].port: 0 | " A_PORT},
    {"weight: 5", "weight: -1", "52 spec.rules[0].backendRefs[0].weight: -1 | " UP_TO("1000000")},
};

static void test_rows(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        auto_free char *text = with(good, rows[i].old, rows[i].other);
        auto_strbuf struct strbuf out = {.max = 1 << 20};

        findings_of(text, &out);
        CHECK_TEXT(strbuf_str(&out), rows[i].says, rows[i].other);
    }
}

/* What holds others is wrong: nothing is said of those. */
static void test_wholes(void **unused)
{
    static const struct {
        const char *text, *says;
    } docs[] = {
        {"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n",
         "1 spec | spec is required: add selector and template"},
        {"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: 3\n",
         "4 spec: 3 | " AN_OBJECT},
        {"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n"
         "  selector: {matchLabels: {a: b}}\n  template: []\n",
         "6 spec.template | " AN_OBJECT},
        {"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n"
         "  selector: {matchLabels: {a: b}}\n  template: {spec: {containers: []}}\n",
         "6 spec.template.spec.containers | containers is required: add one, with its name and "
         "image"},
        {"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: {spec:\n"
         "  {containers: [null, {name: b}]}}}\n",
         "4 spec.selector | selector is required: add matchLabels with a label of the template\n"
         "5 spec.template.spec.containers[0] | " AN_OBJECT "\n"
         "5 spec.template.spec.containers[1].image | image is required: add it"},
        {"apiVersion: v1\nkind: Service\nmetadata: {name: a}\n",
         "1 spec | spec is required: add selector and ports"},
        {"apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: a}\n"
         "spec: {rules: []}\n",
         "4 spec.rules | has no entry: add one, or leave it out"},
        {"apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: a}\n"
         "spec: {rules: {a: b}}\n",
         "4 spec.rules | " A_LIST},
        {"kind: Widget\nspec: 3\n", ""},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(docs); i++) {
        auto_strbuf struct strbuf out = {.max = 1 << 20};

        findings_of(docs[i].text, &out);
        CHECK_TEXT(strbuf_str(&out), docs[i].says, docs[i].text);
    }
}

/* One of a name; the kind, the namespace and the name make it. */
static void test_twins(void **unused)
{
    static const char one[] = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n"
                              "spec: {ports: [{port: 80}]}\n---\n";
    auto_free char *other = with(one, "name: a", "name: a, namespace: b");
    auto_strbuf struct strbuf text = {.max = 1 << 20}, out = {.max = 1 << 20};

    (void)unused;
    strbuf_addf(&text, "%s%s", one, other);
    findings_of(strbuf_str(&text), &out);
    assert_string_equal(strbuf_str(&out), "");
    strbuf_adds(&text, one);
    findings_of(strbuf_str(&text), &out);
    assert_string_equal(strbuf_str(&out), "13 metadata.name: a | Service a stands at line 3 of "
                                          "stdin already: keep one of the two");
    strbuf_reset(&text);
    strbuf_reset(&out);
    strbuf_addf(&text, "%s%s", rollout, rollout);
    findings_of(strbuf_str(&text), &out);
    assert_string_equal(strbuf_str(&out), "9 metadata.name: web | Rollout web stands at line 4 of "
                                          "stdin already: keep one of the two");
}

/* A Deployment that two Rollouts name is looked at once; what a Rollout says of it waits. */
static void test_said_once(void **unused)
{
    auto_free char *wrong = with(good, "labels: {app: web}", "labels: {app: wbe}");
    auto_free char *rival = with(rollout, "metadata: {name: web}", "metadata: {name: rival}");
    auto_strbuf struct strbuf text = {.max = 1 << 20};
    struct manifests m;
    struct lint l;

    (void)unused;
    strbuf_addf(&text, "%s%s%s", wrong, rollout, rival);
    manifests_init(&m);
    manifests_add(&m, "-", strbuf_str(&text), text.len);
    lint_init(&l, &m);
    lint_files(&l);
    assert_int_equal(l.rollouts, 2);
    assert_int_equal(l.errors, 2);
    assert_int_equal(l.warnings, 0);
    assert_string_equal(l.found[0].f.path, "spec.template.metadata.labels");
    assert_string_equal(l.found[1].f.rule, "V30");
    lint_release(&l);
    manifests_release(&m);
}

/* A long list of wrong entries is not told to its end. */
static void test_bounds(void **unused)
{
    auto_strbuf struct strbuf list = {.max = 1 << 20}, out = {.max = 1 << 20};
    auto_free char *text = NULL;
    size_t lines = 0;

    (void)unused;
    for (int i = 0; i < 5000; i++)
        strbuf_addf(&list, "%s{port: 0}", i ? "," : "ports: [");
    strbuf_adds(&list, "]\n");
    text = with(good, "ports:\n    - port: 80\n      targetPort: http\n", strbuf_str(&list));
    findings_of(text, &out);
    for (const char *p = strbuf_str(&out); *p; p++)
        lines += *p == '\n';
    assert_int_equal(lines + 1, OBJECT_FINDINGS_MAX);
}

/* --- every member in every wrong way ---------------------------------------------------------- */

static const char *const instead[] = {
    NULL, /* away */
    "null",       "\"\"",  "{}",     "[]",     "\"x\"", "3",         "true",         "-1",
    "2147483647", "1e300", "[null]", "[\"\"]", "[{}]",  "{\"a\":3}", "{\"a\":null}", "\"70%\"",
};

struct mutation {
    char *docs[4]; /* as JSON */
    size_t doc;    /* which of them is changed */
    cJSON *whole;  /* that one, changed */
    int tried, played;
};

/* Nothing of it is about a promise of ours, which only what a server takes could break. */
static void play(struct mutation *t, struct manifests *m)
{
    const struct manifest *r = NULL;
    struct lapse l;
    struct err e = {0};

    for (size_t i = 0; i < m->doc_count; i++)
        if (manifest_is_rollout(&m->docs[i]))
            r = &m->docs[i];
    CHECK(r, "%s", t->docs[3]);
    if (lapse_run(&l, m, r, NULL, &e)) {
        CHECK(!l.broken, "%s", l.broken);
        t->played++;
    } else {
        CHECK(*e.text && !strstr(e.text, "(null)"), "%s", e.text);
    }
    lapse_release(&l);
}

static void check_lint(struct lint *l)
{
    struct screen out;

    screen_init(&out, 80, 0);
    screen_lint(&out, l);
    CHECK(!strstr(screen_text(&out), "(null)"), "%s", screen_text(&out));
    screen_release(&out);
}

static void try(struct mutation *t)
{
    auto_free char *changed = json_print(t->whole);
    auto_strbuf struct strbuf text = {.max = 1 << 20};
    struct manifests m;
    struct lint l;

    for (size_t i = 0; i < COUNT(t->docs); i++)
        strbuf_addf(&text, "---\n%s\n", i == t->doc ? changed : t->docs[i]);
    manifests_init(&m);
    manifests_add(&m, "-", strbuf_str(&text), text.len);
    lint_init(&l, &m);
    lint_files(&l);
    check_lint(&l);
    play(t, &m);
    t->tried++;
    lint_release(&l);
    manifests_release(&m);
}

static void change_below(struct mutation *t, cJSON *o);

/* The member in each of these ways, and then again as it was, at the end of its object. */
static void change(struct mutation *t, cJSON *o, cJSON *member)
{
    auto_free char *key = xstrdup(member->string);
    cJSON *copy = json_copy(member);
    struct err e = {0};

    json_drop(o, member);
    for (size_t i = 0; i < COUNT(instead); i++) {
        if (instead[i])
            json_add(o, key, json_parse(instead[i], strlen(instead[i]), &e));
        try(t);
        if (instead[i])
            json_drop(o, json_member(o, key));
    }
    json_add(o, key, copy);
    change_below(t, json_member(o, key));
}

static void change_below(struct mutation *t, cJSON *o)
{
    const size_t count = json_count(o);
    cJSON *member = o->child;

    if (!json_is_object(o) && !json_is_list(o))
        return;
    for (size_t i = 0; i < count; i++) {
        cJSON *next = member->next;

        if (member->string)
            change(t, o, member);
        else
            change_below(t, member);
        member = next;
    }
}

static void split(struct mutation *t, struct arena *a)
{
    auto_strbuf struct strbuf text = {.max = 1 << 20};
    struct yaml_doc *docs = NULL;
    size_t count = 0;
    struct err e = {0};

    strbuf_addf(&text, "%s%s", good, rollout);
    CHECK(yaml_read(a, strbuf_str(&text), text.len, &docs, &count, &e), "%s", e.text);
    assert_int_equal(count, COUNT(t->docs));
    for (size_t i = 0; i < count; i++)
        t->docs[i] = arena_strndup(a, docs[i].json, docs[i].json_len);
}

static void test_members(void **unused)
{
    CLEANUP(arena_release) struct arena a = {0};
    struct mutation t = {0};
    struct err e = {0};

    (void)unused;
    split(&t, &a);
    for (t.doc = 0; t.doc < 3; t.doc++) {
        t.whole = json_parse(t.docs[t.doc], strlen(t.docs[t.doc]), &e);
        CHECK(t.whole, "%s", e.text);
        change_below(&t, t.whole);
        json_release(&t.whole);
    }
    CHECK(t.tried > 500 && t.played > 50, "%d tried, %d played", t.tried, t.played);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),   cmocka_unit_test(test_wholes),
        cmocka_unit_test(test_twins),  cmocka_unit_test(test_said_once),
        cmocka_unit_test(test_bounds), cmocka_unit_test(test_members),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What the watches bring into the store, and when all is there. The reflectors are this file: they
 * note what they are told, and say what the test says. */
#include "../../src/ctl/ctl.h"
#include "check.h"
#include "sluice/json/jfmt.h"

#include <stdio.h>

static struct noted {
    struct reflector_spec specs[KIND_COUNT];
    bool started[KIND_COUNT], unsynced[KIND_COUNT], absent[KIND_COUNT];
    const char *trouble[KIND_COUNT];
    void (*relisted[KIND_COUNT])(void *arg);
    void *relist_arg;
    int freed, kicks, done;
    int decoded; /* objects */
} noted;

__typeof__(reflector_new) __wrap_reflector_new;
__typeof__(reflector_free) __wrap_reflector_free;
__typeof__(reflector_synced) __wrap_reflector_synced;
__typeof__(reflector_served) __wrap_reflector_served;
__typeof__(reflector_trouble) __wrap_reflector_trouble;
__typeof__(reflector_relist) __wrap_reflector_relist;
__typeof__(passes_kick) __wrap_passes_kick;
__typeof__(object_read) __wrap_object_read;
__typeof__(object_read) __real_object_read;

/* A reflector is its kind's place in `started`. */
static enum kube_kind kind_of(const struct reflector *r)
{
    return (enum kube_kind)((const bool *)r - noted.started);
}

struct reflector *__wrap_reflector_new(struct kube_client *c UNUSED,
                                       const struct reflector_spec *spec)
{
    noted.specs[spec->kind] = *spec;
    noted.started[spec->kind] = true;
    return (struct reflector *)&noted.started[spec->kind];
}

void __wrap_reflector_free(struct reflector *r)
{
    noted.freed += r != NULL;
}

bool __wrap_reflector_synced(const struct reflector *r)
{
    return !noted.unsynced[kind_of(r)];
}

bool __wrap_reflector_served(const struct reflector *r)
{
    return !noted.absent[kind_of(r)];
}

const char *__wrap_reflector_trouble(const struct reflector *r)
{
    const char *trouble = noted.trouble[kind_of(r)];

    return trouble ? trouble : "";
}

void __wrap_reflector_relist(struct reflector *r, void (*done)(void *arg), void *arg)
{
    noted.relisted[kind_of(r)] = done;
    noted.relist_arg = arg;
}

void __wrap_passes_kick(struct ctl *c UNUSED)
{
    noted.kicks++;
}

struct object *__wrap_object_read(enum kube_kind kind, const cJSON *o, const char *raw, size_t len)
{
    noted.decoded++;
    return __real_object_read(kind, o, raw, len);
}

/* ---- a cluster with one Rollout -------------------------------------------------------------- */

struct bench {
    struct ctl ctl;
    struct arena a;
    int woken;
};

static void on_woken(void *arg, const struct object *rollout UNUSED, enum kube_kind by UNUSED)
{
    struct bench *b = arg;

    b->woken++;
}

static void on_gone(void *arg UNUSED, const struct object *rollout UNUSED) {}

static int setup(void **state)
{
    struct bench *b = xcalloc(1, sizeof(*b));

    log_set_level(LOG_ERROR);
    noted = (struct noted){0};
    b->ctl.store =
        store_new(&(struct store_listener){.woken = on_woken, .gone = on_gone, .arg = b});
    b->ctl.queue = queue_new(1);
    b->ctl.options.watch_namespace = "shop";
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;

    map_release(&b->ctl.closed);
    queue_free(b->ctl.queue);
    store_free(b->ctl.store);
    arena_release(&b->a);
    free(b);
    return 0;
}

static void start_all(struct bench *b)
{
    caches_start(&b->ctl);
    noted.specs[KIND_ROLLOUT].sink.synced(noted.specs[KIND_ROLLOUT].sink.arg);
}

static void brings(enum kube_kind kind, const char *text)
{
    auto_json cJSON *doc = json_parse(text, strlen(text), NULL);

    noted.specs[kind].sink.upsert(noted.specs[kind].sink.arg, doc, text, strlen(text));
}

static void brings_rollout(struct bench *b, const char *spec)
{
    brings(KIND_ROLLOUT, json_fmt(&b->a,
                                  "{'metadata':{'namespace':'shop','name':'web','uid':'u',"
                                  "'resourceVersion':'5'},'spec':{'targetRef':{'name':'web'},%r}}",
                                  json_fmt(&b->a, spec, NULL)));
}

#define DEPLOYMENT(ns, rv)                                                                         \
    "{\"metadata\":{\"namespace\":\"" ns                                                           \
    "\",\"name\":\"web\",\"uid\":\"d\",\"resourceVersion\":\"" rv "\"},\"spec\":{}}"
#define ROLLING "'strategy':{'rolling':{}}"
#define CANARY                                                                                     \
    "'strategy':{'canary':{'stableService':'web','traffic':[{'gatewayAPI':{'name':'edge'}}]}}"

/* ---- what is watched ------------------------------------------------------------------------- */

/* The Rollouts say what is worth keeping: the others begin when they are known, and once. */
static void rollouts_come_first(void **state)
{
    struct bench *b = *state;
    int others = 0;

    caches_start(&b->ctl);
    assert_true(noted.started[KIND_ROLLOUT]);
    assert_false(noted.started[KIND_DEPLOYMENT]);
    assert_false(caches_ready(&b->ctl));
    assert_false(b->ctl.others_started);
    noted.specs[KIND_ROLLOUT].sink.synced(noted.specs[KIND_ROLLOUT].sink.arg);
    assert_true(b->ctl.others_started);
    assert_int_equal(noted.kicks, 1);
    for (int kind = 0; kind < KIND_COUNT; kind++)
        others += noted.started[kind];
    assert_int_equal(others, 9);
    memset(noted.started, 0, sizeof(noted.started));
    noted.specs[KIND_DEPLOYMENT].sink.synced(noted.specs[KIND_DEPLOYMENT].sink.arg);
    noted.specs[KIND_ROLLOUT].sink.synced(noted.specs[KIND_ROLLOUT].sink.arg);
    for (int kind = 0; kind < KIND_COUNT; kind++)
        CHECK(!noted.started[kind], "%d anew", kind);
    assert_int_equal(noted.kicks, 3);
    caches_free(&b->ctl);
    assert_int_equal(noted.freed, 9);
    assert_null(b->ctl.reflectors[KIND_ROLLOUT]);
}

static void each_where_it_is(void **state)
{
    start_all(*state);
    assert_string_equal(noted.specs[KIND_DEPLOYMENT].namespace, "shop");
    assert_null(noted.specs[KIND_MAP].namespace); /* of the whole cluster */
    assert_string_equal(noted.specs[KIND_FENCE].label_selector, LABEL_OF);
    assert_string_equal(noted.specs[KIND_MAP].field_selector, "metadata.name=" POLICY_BRAKE);
    assert_true(noted.specs[KIND_HTTPROUTE].optional);
    assert_false(noted.specs[KIND_SERVICE].optional);
}

/* ---- what is taken --------------------------------------------------------------------------- */

static void what_is_known_or_nobodys_is_not_taken(void **state)
{
    struct bench *b = *state;
    const struct ident known = {.ns = "shop", .name = "web", .uid = "d", .rv = "6"};
    const struct ident newer = {.ns = "shop", .name = "web", .uid = "d", .rv = "7"};
    const struct ident foreign = {.ns = "other", .name = "web", .uid = "d", .rv = "7"};
    const struct object *o;

    start_all(b);
    brings_rollout(b, ROLLING);
    brings(KIND_DEPLOYMENT, DEPLOYMENT("shop", "6"));
    o = store_get(b->ctl.store, KIND_DEPLOYMENT, "shop", "web");
    assert_non_null(o);
    assert_false(
        noted.specs[KIND_DEPLOYMENT].sink.wants(noted.specs[KIND_DEPLOYMENT].sink.arg, &known));
    assert_true(
        noted.specs[KIND_DEPLOYMENT].sink.wants(noted.specs[KIND_DEPLOYMENT].sink.arg, &newer));
    assert_false(
        noted.specs[KIND_DEPLOYMENT].sink.wants(noted.specs[KIND_DEPLOYMENT].sink.arg, &foreign));
    b->woken = 0;
    noted.decoded = 0;
    brings(KIND_DEPLOYMENT, DEPLOYMENT("shop", "6"));
    brings(KIND_DEPLOYMENT, DEPLOYMENT("other", "7"));
    assert_int_equal(noted.decoded, 0); /* nor read at all */
    brings(KIND_DEPLOYMENT, "{\"metadata\":{\"namespace\":\"shop\",\"name\":\"web\"}}");
    assert_int_equal(b->woken, 0);
    assert_ptr_equal(store_get(b->ctl.store, KIND_DEPLOYMENT, "shop", "web"), o);
    brings(KIND_DEPLOYMENT, DEPLOYMENT("shop", "7"));
    assert_true(b->woken > 0);
}

/* A kind that is not served is looked for again while somebody needs it. */
static void routes_are_missed_by_who_names_one(void **state)
{
    struct bench *b = *state;
    const struct reflector_sink *routes = &noted.specs[KIND_HTTPROUTE].sink;
    const struct reflector_sink *policies = &noted.specs[KIND_MAP].sink;

    start_all(b);
    assert_false(routes->misses(routes->arg));
    assert_true(policies->misses(policies->arg));
    brings_rollout(b, ROLLING);
    assert_false(routes->misses(routes->arg));
    store_remove(b->ctl.store, KIND_ROLLOUT, "shop", "web", "u", 1);
    store_sweep(b->ctl.store);
    brings(KIND_ROLLOUT,
           json_fmt(&b->a,
                    "{'metadata':{'namespace':'shop','name':'web','uid':'again',"
                    "'resourceVersion':'6'},'spec':{'targetRef':{'name':'web'}," CANARY "}}",
                    NULL));
    assert_true(routes->misses(routes->arg));
}

/* One among many is enough, wherever it is kept. */
static void one_rollout_with_a_route_misses_them(void **state)
{
    struct bench *b = *state;
    const struct reflector_sink *routes = &noted.specs[KIND_HTTPROUTE].sink;

    start_all(b);
    for (int i = 0; i < 20; i++)
        brings(KIND_ROLLOUT,
               json_fmt(&b->a,
                        "{'metadata':{'namespace':'shop','name':'r%d','uid':'u%d',"
                        "'resourceVersion':'6'},'spec':{'targetRef':{'name':'web'},%r}}",
                        i, i, json_fmt(&b->a, i == 7 ? CANARY : ROLLING, NULL)));
    assert_true(routes->misses(routes->arg));
    store_remove(b->ctl.store, KIND_ROLLOUT, "shop", "r7", "u7", 1);
    assert_false(routes->misses(routes->arg));
}

static void what_is_removed_is_gone(void **state)
{
    struct bench *b = *state;
    const struct reflector_sink *deployments = &noted.specs[KIND_DEPLOYMENT].sink;

    start_all(b);
    brings_rollout(b, ROLLING);
    brings(KIND_DEPLOYMENT, DEPLOYMENT("shop", "6"));
    deployments->remove(deployments->arg, "shop", "web", "d");
    assert_null(store_get(b->ctl.store, KIND_DEPLOYMENT, "shop", "web"));
    assert_true(store_is_gone(b->ctl.store, "d"));
}

/* ---- own writes ------------------------------------------------------------------------------ */

/* Each kind's watch opens its part of a barrier: only when all is seen the key is woken (C60). */
static void a_barrier_opens_when_all_is_seen(void **state)
{
    struct bench *b = *state;
    struct key key = {.ctl = &b->ctl, .name = (char[]){"shop/web"}};
    const struct reflector_sink *sets = &noted.specs[KIND_REPLICASET].sink;
    const struct reflector_sink *services = &noted.specs[KIND_SERVICE].sink;

    start_all(b);
    barrier_wrote(&key.barrier, KIND_REPLICASET, "9", 1);
    barrier_wrote(&key.barrier, KIND_SERVICE, "8", 1);
    barrier_deleted(&key.barrier, KIND_REPLICASET, "u1", 1);
    barrier_deleted(&key.barrier, KIND_REPLICASET, "u2", 1);
    key_barrier_changed(&key);
    sets->progress(sets->arg, "9");
    services->progress(services->arg, "7");
    sets->remove(sets->arg, "shop", "web-1", "u1");
    assert_int_equal(b->ctl.closed.count, 1);
    assert_int_equal(queue_stats(b->ctl.queue).depth, 0);
    services->progress(services->arg, "8");
    assert_int_equal(b->ctl.closed.count, 1);
    sets->remove(sets->arg, "shop", "web-2", "u2");
    assert_int_equal(b->ctl.closed.count, 0);
    assert_int_equal(queue_stats(b->ctl.queue).depth, 1);
    barrier_wrote(&key.barrier, KIND_SERVICE, "10", 1);
    key_barrier_changed(&key);
    services->progress(services->arg, "10");
    assert_int_equal(b->ctl.closed.count, 0);
    barrier_release(&key.barrier);
}

#define MANY 40

static void close_barriers(struct bench *b, struct key *keys, char (*names)[16], bool deleted)
{
    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof(names[i]), "shop/r%d", i);
        keys[i] = (struct key){.ctl = &b->ctl, .name = names[i]};
        if (deleted)
            barrier_deleted(&keys[i].barrier, KIND_REPLICASET, "u1", 1);
        else
            barrier_wrote(&keys[i].barrier, KIND_REPLICASET, "9", 1);
        key_barrier_changed(&keys[i]);
    }
    assert_int_equal(b->ctl.closed.count, MANY);
}

static void release_barriers(struct key *keys)
{
    for (int i = 0; i < MANY; i++)
        barrier_release(&keys[i].barrier);
}

/* However many wait, and wherever they are kept. */
static void of_many_barriers_all_are_opened(void **state)
{
    struct bench *b = *state;
    const struct reflector_sink *sets = &noted.specs[KIND_REPLICASET].sink;
    struct key keys[MANY];
    char names[MANY][16];

    start_all(b);
    close_barriers(b, keys, names, false);
    sets->progress(sets->arg, "9");
    assert_int_equal(b->ctl.closed.count, 0);
    release_barriers(keys);
    close_barriers(b, keys, names, true);
    sets->remove(sets->arg, "shop", "web-1", "u1");
    assert_int_equal(b->ctl.closed.count, 0);
    release_barriers(keys);
}

/* ---- when all is there ----------------------------------------------------------------------- */

static const char *trouble(struct bench *b)
{
    auto_strbuf struct strbuf out = {.max = 4096};

    caches_trouble(&b->ctl, &out);
    return arena_strdup(&b->a, strbuf_str(&out));
}

static void all_but_the_optional_are_waited_for(void **state)
{
    struct bench *b = *state;

    start_all(b);
    assert_true(caches_ready(&b->ctl));
    assert_string_equal(trouble(b), "");
    noted.unsynced[KIND_HTTPROUTE] = true;
    noted.trouble[KIND_HTTPROUTE] = "httproutes: forbidden";
    assert_true(caches_ready(&b->ctl));
    assert_string_equal(trouble(b), "httproutes: forbidden\n");
    assert_false(caches_know(&b->ctl, KIND_HTTPROUTE));
    assert_true(caches_know(&b->ctl, KIND_SERVICE));
    noted.unsynced[KIND_SERVICE] = true;
    assert_false(caches_ready(&b->ctl));
    noted.unsynced[KIND_SERVICE] = false;
    noted.unsynced[KIND_ROLLOUT] = true;
    noted.trouble[KIND_ROLLOUT] = "rollouts: forbidden";
    assert_false(caches_ready(&b->ctl));
    assert_string_equal(trouble(b), "rollouts: forbidden\nhttproutes: forbidden\n");
    caches_free(&b->ctl);
    assert_false(caches_know(&b->ctl, KIND_DEPLOYMENT));
    assert_false(caches_ready(&b->ctl));
    assert_non_null(strstr(trouble(b), "services: waits for the Rollouts\n"));
}

static void done(void *arg UNUSED)
{
    noted.done++;
}

/* Who begins to lead reads all anew, but for what is not there, or still being read (C70). */
static void all_that_was_read_is_read_again(void **state)
{
    struct bench *b = *state;
    int asked = 0;

    caches_relist(&b->ctl, done, b);
    assert_int_equal(noted.done, 1); /* nothing was read yet */
    start_all(b);
    noted.absent[KIND_MAP] = true;
    noted.unsynced[KIND_SERVICE] = true;
    caches_relist(&b->ctl, done, b);
    for (int kind = 0; kind < KIND_COUNT; kind++)
        asked += noted.relisted[kind] != NULL;
    assert_int_equal(asked, 7);
    assert_null(noted.relisted[KIND_MAP]);
    assert_null(noted.relisted[KIND_SERVICE]);
    for (int i = 0; i < 6; i++)
        noted.relisted[KIND_ROLLOUT](noted.relist_arg);
    assert_int_equal(noted.done, 1);
    noted.relisted[KIND_ROLLOUT](noted.relist_arg);
    assert_int_equal(noted.done, 2);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rollouts_come_first),
        TEST(each_where_it_is),
        TEST(what_is_known_or_nobodys_is_not_taken),
        TEST(routes_are_missed_by_who_names_one),
        TEST(one_rollout_with_a_route_misses_them),
        TEST(what_is_removed_is_gone),
        TEST(of_many_barriers_all_are_opened),
        TEST(a_barrier_opens_when_all_is_seen),
        TEST(all_but_the_optional_are_waited_for),
        TEST(all_that_was_read_is_read_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

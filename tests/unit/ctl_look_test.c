/* SPDX-License-Identifier: Apache-2.0 */
/* A live look: what is read, and in which order. */
#include "ctl_fixture.h"
#include "sluice/ctl/look.h"

#define NS         "/namespaces/shop"
#define ROLLOUT    "/apis/sluice.dev/v1beta1" NS "/rollouts/web"
#define DEPLOYMENT "/apis/apps/v1" NS "/deployments/web"
#define SETS       "/apis/apps/v1" NS "/replicasets"
#define FENCE      "/apis/apps/v1" NS "/controllerrevisions/web-sluice"
#define SERVICES   "/api/v1" NS "/services"
#define SLICES     "/apis/discovery.k8s.io/v1" NS "/endpointslices"
#define META(name) "'namespace':'shop','name':'" name "','uid':'u-" name "'"
#define OURS       ",'labels':{'sluice.dev/of':'web'}"
#define INSIDE                                                                                     \
    ",'labels':{'app':'web'},'ownerReferences':[{'apiVersion':'apps/v1','kind':'Deployment',"      \
    "'name':'web','uid':'u-web','controller':true}]"

struct bed {
    struct fake f; /* first: it is the fixture's */
    struct look_result seen;
    bool done;
};

static void put(struct fake *f, const char *path, const char *meta, const char *rest)
{
    fake_put(f, path, json_fmt(&f->arena, meta), json_fmt(&f->arena, rest));
}

static void put_rollout(struct fake *f, const char *target)
{
    put(f, ROLLOUT, META("web"),
        arena_printf(&f->arena,
                     "'spec':{'targetRef':{'name':'%s'},'strategy':{'blueGreen':{"
                     "'activeService':'web'}}}",
                     target));
}

static void put_deployment(struct fake *f, const char *name)
{
    put(f, arena_printf(&f->arena, "/apis/apps/v1" NS "/deployments/%s", name),
        arena_printf(&f->arena, "'namespace':'shop','name':'%s','uid':'u-%s'", name, name),
        arena_printf(&f->arena,
                     "'spec':{'selector':{'matchLabels':{'app':'%s'}},'template':{'metadata':{"
                     "'labels':{'app':'%s'}}}}",
                     name, name));
}

static bool ready(void *arg)
{
    const struct bed *b = arg;

    return caches_ready(&b->f.ctl);
}

static int setup(void **state)
{
    struct bed *b = xcalloc(1, sizeof(*b));
    struct fake *f = &b->f;

    fake_open(f);
    f->ctl.leading = false;
    put_rollout(f, "web");
    put_deployment(f, "web");
    put(f, SETS "/web-1", META("web-1") INSIDE, "'spec':{}");
    put(f, SERVICES "/web", META("web"), "'spec':{'selector':{'app':'web'}}");
    put(f, SLICES "/web-s", META("web-s") ",'labels':{'kubernetes.io/service-name':'web'}",
        "'endpoints':[]");
    caches_start(&f->ctl);
    assert_true(loop_run_until(f->ctl.loop, ready, b, 10000));
    strbuf_reset(&f->reads);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bed *b = *state;

    scene_release(&b->seen.scene);
    fake_close(&b->f);
    free(b);
    return 0;
}

static void looked(struct look_result *result, void *arg)
{
    struct bed *b = arg;

    b->seen = *result;
    result->scene = (struct scene){0};
    b->done = true;
}

static bool done(void *arg)
{
    const struct bed *b = arg;

    return b->done;
}

static void look(struct bed *b)
{
    look_start(&(struct look_spec){
        .client = b->f.ctl.client,
        .store = b->f.ctl.store,
        .ns = "shop",
        .name = "web",
        .done = looked,
        .arg = b,
    });
    CHECK(loop_run_until(b->f.ctl.loop, done, b, 10000), "%s", strbuf_str(&b->f.reads));
    CHECK(b->seen.err.kind == ERR_NONE, "%s", b->seen.err.text);
}

static void look_again(struct bed *b)
{
    scene_release(&b->seen.scene);
    b->done = false;
    look(b);
}

static const char *last(const struct bed *b, const char *read)
{
    const char *at = NULL, *next = strbuf_str(&b->f.reads);

    while ((next = strstr(next, read)))
        at = next++;
    return at;
}

static const char *first(const struct bed *b, const char *read)
{
    return strstr(strbuf_str(&b->f.reads), read);
}

static void the_record_comes_last(void **state)
{
    static const char *const others[] = {"GET " DEPLOYMENT ";", "GET " SETS ";",
                                         "GET " SERVICES ";", "GET " SLICES ";"};
    struct bed *b = *state;

    put(&b->f, FENCE, META("web-sluice") OURS, "'data':{}");
    look(b);
    for (size_t i = 0; i < COUNT(others); i++) {
        CHECK(last(b, others[i]), "%s", others[i]);
        CHECK(last(b, others[i]) < last(b, "GET " FENCE ";"), "%s", strbuf_str(&b->f.reads));
        CHECK(last(b, others[i]) < last(b, "GET " ROLLOUT ";"), "%s", strbuf_str(&b->f.reads));
    }
}

/* Somebody else commits, and then acts on it, between two of our reads. */
static void commit_behind_us(struct fake *f, const char *path)
{
    if (strcmp(path, SETS) != 0)
        return;
    f->on_read = NULL;
    put(f, FENCE, META("web-sluice") OURS, "'data':{'new':'1'}");
    put(f, SETS "/web-1", META("web-1") OURS, "'spec':{}");
}

static void what_was_done_was_decided(void **state)
{
    struct bed *b = *state;

    put(&b->f, FENCE, META("web-sluice") OURS, "'data':{}");
    b->f.on_read = commit_behind_us;
    look(b);
    assert_string_equal(b->seen.scene.sets.items[0]->as.replicaset->of, "web");
    assert_true(strcmp(b->seen.scene.fence->meta->rv, b->seen.scene.sets.items[0]->meta->rv) < 0);
    assert_true(b->seen.moved);
    CHECK(strstr(fake_find(&b->f, FENCE)->json, b->seen.scene.fence->meta->rv), "fence %s of %s",
          b->seen.scene.fence->meta->rv, fake_find(&b->f, FENCE)->json);
}

/* The server of the test knows no selectors: what only our label shows is there from then on. */
static void show_ours(struct fake *f, const char *path)
{
    if (strcmp(path, FENCE) != 0)
        return;
    f->on_read = NULL;
    put(f, SETS "/web-2", META("web-2") OURS, "'spec':{}");
}

/* A fence that no cache knows of: its ReplicaSets are read, and then it is read again. */
static void news_from_the_record_is_followed_by_the_record(void **state)
{
    struct bed *b = *state;

    b->f.mute = true;
    put(&b->f, FENCE, META("web-sluice") OURS, "'data':{}");
    b->f.on_read = show_ours;
    look(b);
    assert_true(first(b, "GET " FENCE ";") < last(b, "GET " SETS ";"));
    assert_true(last(b, "GET " SETS ";") < last(b, "GET " FENCE ";"));
    assert_non_null(b->seen.scene.fence);
    assert_int_equal(b->seen.scene.sets.count, 2);
}

/* The Rollout that is read last has another target: nothing of the one before is left. */
static void another_target_is_another_scene(void **state)
{
    struct bed *b = *state;

    put(&b->f, FENCE, META("web-sluice") OURS, "'data':{}");
    b->f.mute = true;
    put_rollout(&b->f, "webshop");
    put_deployment(&b->f, "webshop");
    look(b);
    assert_string_equal(b->seen.scene.deployment->meta->name, "webshop");
    assert_null(b->seen.scene.fence);
    assert_int_equal(b->seen.scene.sets.count, 0);
    assert_true(last(b, "GET /apis/apps/v1" NS "/deployments/webshop;") <
                last(b, "GET " ROLLOUT ";"));
}

static void what_is_gone_is_in_no_scene(void **state)
{
    struct bed *b = *state;
    struct fake_object *o;

    put(&b->f, FENCE, META("web-sluice") OURS, "'data':{}");
    o = fake_find(&b->f, FENCE);
    free(o->json);
    *o = (struct fake_object){0};
    look(b);
    assert_null(b->seen.scene.fence);
    assert_non_null(b->seen.scene.rollout);
}

/* Another operator scales and then decides, between two of our reads. */
static void decision_behind_us(struct fake *f, const char *path)
{
    if (strcmp(path, ROLLOUT) != 0)
        return;
    f->on_read = NULL;
    put(f, SETS "/web-1", META("web-1") INSIDE, "'spec':{'replicas':6}");
    put_rollout(f, "web");
}

/* What followed from its deeds is there, and they are not: such a scene says so, the next one does
 * not. */
static void a_scene_of_two_moments_says_so(void **state)
{
    struct bed *b = *state;

    look(b);
    assert_false(b->seen.moved);
    b->f.on_read = decision_behind_us;
    look_again(b);
    assert_true(b->seen.moved);
    assert_int_equal(b->seen.scene.sets.items[0]->as.replicaset->replicas, 1);
    look_again(b);
    assert_false(b->seen.moved);
    assert_int_equal(b->seen.scene.sets.items[0]->as.replicaset->replicas, 6);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_record_comes_last),
        TEST(what_was_done_was_decided),
        TEST(news_from_the_record_is_followed_by_the_record),
        TEST(another_target_is_another_scene),
        TEST(what_is_gone_is_in_no_scene),
        TEST(a_scene_of_two_moments_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

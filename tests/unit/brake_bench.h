/* SPDX-License-Identifier: Apache-2.0 */
/* brake_bench.h - a Rollout and its Deployment before the server of ctl_fixture.h, and what is
 * awaited of the proof of its brake. */
#ifndef SLUICE_TESTS_UNIT_BRAKE_BENCH_H
#define SLUICE_TESTS_UNIT_BRAKE_BENCH_H

#include "ctl_fixture.h"

#define ROLLOUT    "/apis/sluice.dev/v1beta1/namespaces/shop/rollouts/web"
#define DEPLOYMENT "/apis/apps/v1/namespaces/shop/deployments/web"
#define ADMISSION  "/apis/admissionregistration.k8s.io/v1/"
#define POLICY     ADMISSION "mutatingadmissionpolicies"
#define BINDING    ADMISSION "mutatingadmissionpolicybindings"
#define META       "\"namespace\":\"shop\",\"name\":\"web\",\"uid\":\"u\""
#define STABLE     "'status':{'stable':{'revision':'h1','digest':'d'}}"
#define STRATEGY   "'strategy':{'blueGreen':{'activeService':'web'}}"
#define SPEC       "'spec':{'targetRef':{'name':'web'}," STRATEGY "},"

/* What a dry run of a template change comes back as. */
static inline void put_deployment(struct fake *f, bool stopped)
{
    fake_put(f, DEPLOYMENT,
             stopped ? META ",\"annotations\":{\"" ANNOTATION_DEAD_MAN "\":\"1\"}" : META,
             stopped ? "\"spec\":{\"paused\":true}" : "\"spec\":{}");
}

static inline void keep(struct fake *f, enum kube_kind kind, const char *path)
{
    const struct fake_object *at = fake_find(f, path);
    auto_json cJSON *doc = json_parse(at->json, strlen(at->json), NULL);
    struct object *o = object_read(kind, doc, at->json, strlen(at->json));

    store_put(f->ctl.store, o, clock_mono_ms());
    object_unref(o);
}

static inline int setup(void **state)
{
    struct fake *f = xcalloc(1, sizeof(*f));

    fake_open(f);
    fake_put(f, ROLLOUT, META, json_fmt(&f->arena, SPEC STABLE));
    put_deployment(f, true);
    *state = f;
    return 0;
}

static inline int teardown(void **state)
{
    fake_close(*state);
    free(*state);
    return 0;
}

static inline struct key *web(struct fake *f)
{
    keep(f, KIND_ROLLOUT, ROLLOUT);
    keep(f, KIND_DEPLOYMENT, DEPLOYMENT);
    return key_of(&f->ctl, store_get(f->ctl.store, KIND_ROLLOUT, "shop", "web"));
}

/* Until it is asked again. */
static inline const struct rollout *stored_rollout(struct fake *f, const char *name)
{
    static struct rollout rollout;

    rollout_unpack(store_get(f->ctl.store, KIND_ROLLOUT, "shop", name)->as.rollout, &rollout);
    return &rollout;
}

static inline void consider(struct fake *f, struct key *key)
{
    const struct world w = {
        .rollout = stored_rollout(f, "web"),
        .dep = store_get(f->ctl.store, KIND_DEPLOYMENT, "shop", "web")->as.deployment};

    brake_consider(key, &w);
}

static inline bool concluded(void *arg)
{
    const struct key *key = arg;

    return key->brake.state != BRAKE_UNKNOWN;
}

static inline bool given_up(void *arg)
{
    const struct key *key = arg;

    return !key->brake.queued;
}

static inline bool failed_once_more(void *arg)
{
    const struct key *key = arg;

    return key->brake.failures == 1;
}

static inline bool is_proved(void *arg)
{
    const struct key *key = arg;

    return key->brake.state == BRAKE_PROVED;
}

static inline bool all_asked(void *arg)
{
    const struct fake *f = arg;

    return f->ctl.metrics.proofs == 12;
}

static inline bool proved_twice(void *arg)
{
    const struct fake *f = arg;

    return f->ctl.metrics.proofs == 2;
}

static inline bool asked(void *arg)
{
    const struct key *key = arg;

    return key->brake.call != NULL;
}

static inline bool never(void *arg UNUSED)
{
    return false;
}

static inline void await(struct fake *f, bool (*condition)(void *arg), struct key *key)
{
    CHECK(loop_run_until(f->ctl.loop, condition, key, 10000), "waited in vain, state %d: %s",
          (int)key->brake.state, strbuf_str(&f->log));
}

static inline struct key *second(struct fake *f)
{
    static const char path[] = "/apis/sluice.dev/v1beta1/namespaces/shop/rollouts/other";

    fake_put(f, path, "\"namespace\":\"shop\",\"name\":\"other\",\"uid\":\"o\"",
             json_fmt(&f->arena, SPEC STABLE));
    keep(f, KIND_ROLLOUT, path);
    return key_of(&f->ctl, store_get(f->ctl.store, KIND_ROLLOUT, "shop", "other"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif

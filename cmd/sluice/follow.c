/* SPDX-License-Identifier: Apache-2.0 */
#include "follow.h"

#include "sluice/base/clock.h"
#include "sluice/kube/reflector.h"

static void on_upsert(void *arg, const cJSON *object, const char *raw, size_t len)
{
    struct follow *f = arg;

    (void)object;
    (void)raw;
    (void)len;
    f->changed = f->seen = true;
    f->gone = false;
}

static void on_remove(void *arg, const char *ns, const char *name, const char *uid)
{
    struct follow *f = arg;

    (void)ns;
    (void)name;
    (void)uid;
    f->gone = true;
}

void follow_begin(struct follow *f, struct session *s, const char *name)
{
    struct reflector_spec spec = {
        .kind = KIND_ROLLOUT,
        .namespace = s->ns,
        .sink = {.arg = f, .upsert = on_upsert, .remove = on_remove},
    };

    *f = (struct follow){.s = s, .polled_ms = clock_mono_ms()};
    arena_init(&f->a);
    spec.field_selector = arena_printf(&f->a, "metadata.name=%s", name);
    f->reflector = reflector_new(s->client, &spec);
}

void follow_end(struct follow *f)
{
    reflector_free(f->reflector);
    f->reflector = NULL;
    arena_release(&f->a);
}

static bool has_news(void *arg)
{
    const struct follow *f = arg;

    return f->changed || f->gone || f->s->interrupted;
}

/* A watch that works, or is about to. */
static bool watches(const struct follow *f)
{
    return f->seen && !*reflector_trouble(f->reflector);
}

enum followed follow_wait(struct follow *f, int64_t ms)
{
    const int64_t poll = f->polled_ms + FOLLOW_POLL_MS - clock_mono_ms();
    const bool may_poll = !watches(f);

    if (may_poll && poll < ms)
        ms = max_i64(poll, 0);
    loop_run_until(f->s->loop, has_news, f, ms);
    if (f->s->interrupted)
        return FOLLOW_STOPPED;
    if (f->gone)
        return FOLLOW_GONE;
    if (f->changed || (may_poll && clock_mono_ms() >= f->polled_ms + FOLLOW_POLL_MS)) {
        f->changed = false;
        f->polled_ms = clock_mono_ms();
        return FOLLOW_CHANGED;
    }
    return FOLLOW_SAME;
}

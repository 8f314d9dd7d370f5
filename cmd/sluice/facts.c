/* SPDX-License-Identifier: Apache-2.0 */
#include "facts.h"
#include "words.h"

#include <string.h>

static int rejected_step(const struct facts *f)
{
    const struct history_entry *h = facts_history_of(f, f->rejected);

    return h && !f->st->rejected.step ? h->step : f->st->rejected.step;
}

void facts_of(const struct world *w, struct facts *out)
{
    const struct rollout *r = w->rollout;
    const struct rollout_status *st = &r->status;
    struct facts f = {.w = w, .r = r, .spec = &r->spec, .st = st, .name = str_name(r->meta.name)};

    compile_steps(&r->spec, &f.c);
    f.target = str_name(r->spec.target);
    f.stable = st->stable.revision;
    f.rejected = st->rejected.revision;
    f.attached = has_text(f.stable);
    f.paused = r->spec.paused;
    if (st->flight.present)
        f.flight = &st->flight;
    f.forward = f.flight && f.flight->direction == DIRECTION_FORWARD;
    f.baking = f.flight && f.flight->committed_ms && f.flight->bake_until_ms;
    f.aborted = !f.flight && st->held && has_text(f.rejected);
    f.step_count = f.flight && f.flight->step_count ? f.flight->step_count : f.c.step_count;
    f.step = f.flight ? f.flight->step : f.aborted ? rejected_step(&f) : 0;
    *out = f;
}

static const struct condition *facts_condition(const struct facts *f, enum condition_type type,
                                               const char *status)
{
    const struct condition *c = &f->st->conditions[type];

    return c->type && str_equal(c->status, status) ? c : NULL;
}

const struct condition *facts_true(const struct facts *f, enum condition_type type)
{
    return facts_condition(f, type, "True");
}

const struct condition *facts_false(const struct facts *f, enum condition_type type)
{
    return facts_condition(f, type, "False");
}

const char *facts_remedy(const struct condition *c)
{
    for (int i = REASON_NONE + 1; i < REASON_COUNT; i++)
        if (str_equal(c->reason, reason_name((enum reason)i)))
            return reason_remedy((enum reason)i);
    return "";
}

const struct replicaset *facts_rs(const struct facts *f, const char *revision)
{
    for (size_t i = 0; has_text(revision) && i < f->w->rs_count; i++) {
        const struct replicaset *rs = f->w->rs[i];
        const char *is = rs->revision ? rs->revision : meta_label(&rs->meta, LABEL_HASH);
        if (str_equal(is, revision))
            return rs;
    }
    return NULL;
}

const struct history_entry *facts_last(const struct facts *f)
{
    return f->st->history_count > 0 ? &f->st->history[0] : NULL;
}

const struct history_entry *facts_history_of(const struct facts *f, const char *revision)
{
    for (int i = 0; has_text(revision) && i < f->st->history_count; i++)
        if (str_equal(f->st->history[i].revision, revision))
            return &f->st->history[i];
    return NULL;
}

int64_t facts_number(const struct facts *f, const char *revision)
{
    const struct replicaset *rs = facts_rs(f, revision);
    const struct history_entry *h = facts_history_of(f, revision);

    if (!has_text(revision))
        return 0;
    if (f->flight && str_equal(f->flight->revision, revision) && f->flight->deployment_revision)
        return f->flight->deployment_revision;
    if (str_equal(f->stable, revision) && f->st->stable.deployment_revision)
        return f->st->stable.deployment_revision;
    if (rs && rs->deployment_revision)
        return rs->deployment_revision;
    return h ? h->deployment_revision : 0;
}

const char *facts_called(struct arena *a, const struct facts *f, const char *revision)
{
    const int64_t number = facts_number(f, revision);

    if (number > 0)
        return arena_printf(a, "%lld", (long long)number);
    return has_text(revision) ? revision : "?";
}

const struct awaiting *facts_awaited(const struct facts *f)
{
    return f->st->awaiting_count > 0 ? &f->st->awaiting[0] : NULL;
}

bool facts_counts_pods(const struct awaiting *a)
{
    return a->message && a->message[0] >= '0' && a->message[0] <= '9';
}

int facts_desired(const struct facts *f)
{
    return f->forward ? f->flight->weight_desired : 0;
}

/* --- pods and shares -------------------------------------------------------------------------- */

int32_t facts_replicas(const struct facts *f)
{
    return f->w->dep ? f->w->dep->replicas : f->st->target.replicas;
}

static struct deployment sized(const struct facts *f)
{
    struct deployment d = {.max_surge = "25%", .max_unavailable = "25%"};

    if (f->w->dep)
        return *f->w->dep;
    d.replicas = f->st->target.replicas;
    return d;
}

bool facts_last_step(const struct facts *f, int step)
{
    return step >= f->step_count;
}

int32_t facts_new_pods(const struct facts *f, int step)
{
    const struct deployment d = sized(f);

    if (f->c.regime == REGIME_INSIDE && facts_last_step(f, step))
        return d.replicas; /* the walk ends one short of it; the hand-over adds the last */
    if (f->flight && step >= 1 && step <= f->flight->step_count)
        return f->flight->steps[step - 1].replicas;
    return step_replicas(&f->c, &d, step);
}

/* Inside, both together are N + surge; outside stable stays whole until the hand-over. */
int32_t facts_old_pods(const struct facts *f, int step)
{
    const struct deployment d = sized(f);
    const int32_t all = d.replicas + surge_of(&d).surge;

    if (f->c.regime == REGIME_OUTSIDE || step == 0)
        return d.replicas;
    if (facts_last_step(f, step))
        return 0;
    if (d.replicas == 1) /* as outside with one pod, where there is room for it */
        return 1;
    return (int32_t)max_i64(all - facts_new_pods(f, step), 0);
}

const char *facts_share(struct arena *a, const struct facts *f, int step)
{
    const int32_t new_pods = facts_new_pods(f, step), old_pods = facts_old_pods(f, step);

    if (step == 0)
        return "0 %";
    if (facts_last_step(f, step) && f->c.regime == REGIME_INSIDE)
        return "100 %";
    if (f->c.by == TRAFFIC_PODS && !facts_last_step(f, step))
        return words_part(a, new_pods, (int64_t)new_pods + old_pods);
    return words_permille(a, share_permille(&f->c, step, new_pods, old_pods));
}

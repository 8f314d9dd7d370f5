/* SPDX-License-Identifier: Apache-2.0 */
/* pins.c - which revision the Services serve: pin to the survivor, prove, and only then kill.
 *
 * A pin is a Service selector narrowed to one revision with a label that EndpointSlices mirror: it
 * is proved when every slice carries the label (C8 of deployment-controller.md). */
#include "planner.h"

#include <string.h>

const char *side_service(const struct planner *p)
{
    return p->spec->strategy == STRATEGY_BLUE_GREEN ? p->spec->preview_service
           : p->spec->strategy == STRATEGY_CANARY   ? p->spec->canary_service
                                                    : NULL;
}

const char *like_service(const struct planner *p)
{
    return p->spec->strategy == STRATEGY_BLUE_GREEN ? p->spec->active_service
           : p->spec->strategy == STRATEGY_CANARY   ? p->spec->stable_service
                                                    : NULL;
}

bool service_live(const struct planner *p, const struct service *s)
{
    return service_selects(s, p->d) && !str_equal(s->meta.name, side_service(p)) &&
           !s->created_for && s->meta.deleting_ms == 0;
}

struct pin_state *pin_find(struct planner *p, const char *service)
{
    for (int i = 0; service && i < p->st.pin_count; i++) {
        if (str_equal(p->st.pins[i].service, service))
            return &p->st.pins[i];
    }
    return NULL;
}

static void pin_drop(struct planner *p, struct pin_state *entry)
{
    const size_t at = (size_t)(entry - p->st.pins);

    memmove(entry, entry + 1, ((size_t)p->st.pin_count - at - 1) * sizeof *entry);
    p->st.pin_count--;
}

static void pin_set(struct planner *p, const char *service, const char *revision)
{
    struct pin_state *entry = pin_find(p, service);

    if (!entry) {
        if (p->st.pin_count >= PINS_MAX)
            return;
        entry = &p->st.pins[p->st.pin_count++];
        entry->service = service;
    }
    entry->revision = revision;
    entry->proved = false;
    decide(p);
}

void pin_side(struct planner *p, const char *revision)
{
    const char *name = side_service(p);
    const struct pin_state *entry = pin_find(p, name);

    if (name && !(entry && str_equal(entry->revision, revision)))
        pin_set(p, name, revision);
}

/* ---- where to -------------------------------------------------------------------------------- */

static bool switched(const struct planner *p)
{
    for (int i = 0; i < p->st.pin_count; i++) {
        if (!str_equal(p->st.pins[i].service, side_service(p)) &&
            str_equal(p->st.pins[i].revision, p->candidate->revision))
            return true;
    }
    return false;
}

/* With a router the weights do the switch, and the pins follow at the hand-over. */
static bool switch_due(const struct planner *p)
{
    if (p->n == 0 || !rs_available(p->candidate, p->n))
        return false;
    return p->c.by == TRAFFIC_ROUTE ? step_ended(p, p->c.step_count) : at_last_step(p);
}

static const struct replicaset *serve_target(const struct planner *p)
{
    if (!p->outside)
        return NULL;
    if (p->forward && p->candidate && (switched(p) || switch_due(p)))
        return p->candidate;
    if (p->forward && p->c.by != TRAFFIC_PODS)
        return p->stable;
    return extras_have_pods(p) ? p->stable : NULL;
}

const char *serve_revision(const struct planner *p)
{
    const struct replicaset *target = serve_target(p);

    return target ? target->revision : NULL;
}

/* Never to a side that has fewer pods to offer than the one that serves now (I1, I11). */
static bool can_take_over(const struct planner *p, const struct service *s,
                          const struct replicaset *to)
{
    int32_t now = 0;

    if (s->pin) {
        now = available(rs_by_revision(p, s->pin));
    } else {
        for (size_t i = 0; i < p->w->rs_count; i++) {
            if (p->w->rs[i] != to)
                now = (int32_t)max_i64(now, available(p->w->rs[i]));
        }
    }
    /* Pods that are told to go are still counted as available for a while. */
    return min_i64(available(to), to->replicas) >= min_i64(now, p->n);
}

/* ---- proof ----------------------------------------------------------------------------------- */

static bool pinned(const struct service *s, const char *revision)
{
    return str_equal(s->pin, revision) &&
           str_equal(selector_get(&s->selector, LABEL_REVISION), revision);
}

static bool slices_carry(const struct planner *p, const struct service *s, const char *revision)
{
    bool any = false;

    for (size_t i = 0; i < p->w->slice_count; i++) {
        if (!slice_is_of(p->w->slices[i], s))
            continue;
        if (!str_equal(p->w->slices[i]->pin, revision))
            return false;
        any = true;
    }
    return any;
}

static bool proved(const struct planner *p, const struct service *s, const char *revision)
{
    return pinned(s, revision) && slices_carry(p, s, revision);
}

bool pins_proved(const struct planner *p, const char *revision)
{
    for (size_t i = 0; i < p->w->service_count; i++) {
        if (service_live(p, p->w->services[i]) && !proved(p, p->w->services[i], revision))
            return false;
    }
    return true;
}

/* Pods of a ReplicaSet are called after it. */
static int32_t endpoints_of(const struct planner *p, const struct service *service,
                            const struct replicaset *rs)
{
    const size_t len = strlen(rs->meta.name);
    int32_t count[2] = {0, 0};

    for (size_t i = 0; i < p->w->slice_count; i++) {
        const struct slice *s = p->w->slices[i];

        for (size_t k = 0; slice_is_of(s, service) && k < s->ready_pod_count; k++)
            count[s->v6] +=
                strncmp(s->ready_pods[k], rs->meta.name, len) == 0 && s->ready_pods[k][len] == '-';
    }
    return (int32_t)max_i64(count[0], count[1]);
}

bool serves(const struct planner *p, const struct replicaset *rs, int32_t n)
{
    for (size_t i = 0; i < p->w->service_count; i++) {
        const struct service *s = p->w->services[i];

        if (service_live(p, s) && endpoints_of(p, s, rs) < n)
            return false;
    }
    return rs_available(rs, n);
}

bool pins_off(const struct planner *p)
{
    for (size_t i = 0; i < p->w->service_count; i++) {
        if (service_live(p, p->w->services[i]) && p->w->services[i]->pin)
            return false;
    }
    return true;
}

/* ---- rules ----------------------------------------------------------------------------------- */

/* Entries first: the admission policy then keeps what we write, and a Service that is deleted and
 * made again comes back pinned; also where that was before there were entries. */
static bool enter(struct planner *p, const struct replicaset *to)
{
    const char *named = like_service(p);
    bool changed = false;

    for (size_t i = 0; i < p->w->service_count; i++) {
        const struct service *s = p->w->services[i];
        const struct pin_state *entry = pin_find(p, s->meta.name);

        if (!service_live(p, s) || (entry && str_equal(entry->revision, to->revision)))
            continue;
        if (!can_take_over(p, s, to) || (!entry && p->st.pin_count >= PINS_MAX))
            continue; /* too many, made in flight: the switch waits for those without a pin */
        pin_set(p, s->meta.name, to->revision);
        p->st.flight.drained_ms = 0;
        changed = true;
    }
    if (named && !world_service(p->w, named) && !pin_find(p, named)) {
        pin_set(p, named, to->revision);
        changed = true;
    }
    for (int i = 0; i < p->st.pin_count; i++) {
        struct pin_state *entry = &p->st.pins[i];

        if (world_service(p->w, entry->service) || str_equal(entry->service, side_service(p)) ||
            str_equal(entry->revision, to->revision))
            continue;
        pin_set(p, entry->service, to->revision);
        changed = true;
    }
    return changed;
}

/* Entries last: what is unpinned while its entry stands is at worst pinned once more. So they go
 * with the write that tells of the end. */
static void leave(struct planner *p)
{
    for (int i = p->st.pin_count; i-- > 0;) {
        if (!str_equal(p->st.pins[i].service, side_service(p)))
            pin_drop(p, &p->st.pins[i]);
    }
}

/* The switch was decided, and since then the candidate has got less than what serves: the
 * Deployment was scaled up, or somebody deleted its ReplicaSet. It waits until it has grown. */
static bool outgrown(const struct planner *p, const struct service *s, const char *revision)
{
    return p->forward && !p->committed && p->candidate &&
           str_equal(revision, p->candidate->revision) && !can_take_over(p, s, p->candidate);
}

/* Stable lost pods since the way back was decided, or pin and pause were taken off together and its
 * pods went to others natively. Those serve until it has its own again: pinned before, users would
 * meet nobody. */
static bool outrun(const struct planner *p, const struct service *s, const char *revision)
{
    return str_equal(revision, p->stable->revision) && extras_have_pods(p) &&
           !can_take_over(p, s, p->stable);
}

static enum flow write_pins(struct planner *p, bool *waits)
{
    for (size_t i = 0; i < p->w->service_count; i++) {
        const struct service *s = p->w->services[i];
        const struct pin_state *entry = pin_find(p, s->meta.name);

        if (!service_live(p, s))
            continue;
        if (entry && !pinned(s, entry->revision) &&
            (outgrown(p, s, entry->revision) || outrun(p, s, entry->revision))) {
            *waits = true;
            continue;
        }
        /* Taken off: requests went anywhere since. */
        if (entry && !pinned(s, entry->revision))
            return drain_anew(p) ? AGAIN : act_service_pin(p, s, entry->revision);
        if (!entry && s->pin)
            return act_service_unpin(p, s);
    }
    return NEXT;
}

static bool note_proofs(struct planner *p)
{
    bool all = true;

    for (int i = 0; i < p->st.pin_count; i++) {
        struct pin_state *entry = &p->st.pins[i];
        const struct service *s = world_service(p->w, entry->service);

        entry->proved = s && proved(p, s, entry->revision);
        if (s && !entry->proved && !str_equal(entry->service, side_service(p)))
            all = false;
    }
    return all;
}

enum flow rule_pins(struct planner *p)
{
    const struct replicaset *to = serve_target(p);
    bool waits = false;
    enum flow flow;

    if (!p->stable)
        return NEXT;
    if (to && enter(p, to))
        return AGAIN;
    if (!to)
        leave(p);
    flow = write_pins(p, &waits);
    if (flow != NEXT)
        return flow;
    if (note_proofs(p) || waits)
        return NEXT; /* waits: first its size follows */
    say(p, p->back ? "Aborting" : "Progressing", p->back ? REASON_ABORTING : REASON_PROGRESSING,
        false, "Waits for the endpoints of the pinned Services.");
    awaits(p, "Barrier", "endpoints", p->st.flight.progressed_ms, 0, "", "",
           "every EndpointSlice to follow its Service");
    return STOP;
}

/* A revision may come back while its pods of before are still going. In slices made now they would
 * be taken for those that are to come. */
static enum flow wait_for_empty(struct planner *p)
{
    say(p, "Progressing", REASON_PROGRESSING, false, "Waits for the old pods of revision %s to go.",
        p->candidate->revision);
    return STOP;
}

/* The preview or canary Service: pinned to the candidate from the first moment. */
enum flow rule_side_service(struct planner *p)
{
    const char *name = side_service(p);
    const struct service *s = name ? world_service(p->w, name) : NULL;
    const struct service *like = name ? world_service(p->w, like_service(p)) : NULL;
    const struct pin_state *entry = pin_find(p, name);

    if (!name || !p->forward || !p->candidate || (s && s->meta.deleting_ms))
        return NEXT;
    if (!entry || !str_equal(entry->revision, p->candidate->revision)) {
        pin_side(p, p->candidate->revision);
        return AGAIN;
    }
    if (s ? pinned(s, entry->revision) : !like)
        return NEXT;
    if (p->candidate->st_replicas > p->candidate->replicas)
        return wait_for_empty(p);
    return s ? act_service_pin(p, s, entry->revision)
             : act_service_create(p, name, like, entry->revision);
}

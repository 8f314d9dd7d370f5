/* SPDX-License-Identifier: Apache-2.0 */
/* sim_attaching.h - the world of a Rollout that was just made, and what may stand in the way of
 * attaching it. */
#ifndef SLUICE_TESTS_UNIT_SIM_ATTACHING_H
#define SLUICE_TESTS_UNIT_SIM_ATTACHING_H

#include "sim_bed.h"
#include "sluice/plan/plan.h"

/* The world of a Rollout that was just made, open for changes. */
struct scene {
    struct stage st;
    struct arena a;
    struct world w;
    struct deployment d;
    struct rollout r;
    struct service service;
    const struct service *services[PINS_MAX + 2];
};

static inline void open_scene(struct scene *sc, const char *spec)
{
    const struct bed_options o = {.spec = spec, .replicas = 2};

    arena_init(&sc->a);
    bed_open(&sc->st, &o);
    for (int i = 0; i < 100; i++)
        sim_tick(&sc->st.s, 50); /* its first pods */
    sc->w = *sim_world(&sc->st.s, &sc->a, "web");
    sc->d = *sc->w.dep;
    sc->r = *sc->w.rollout;
    sc->service = *world_service(&sc->w, "web");
    sc->services[0] = &sc->service;
    sc->w.dep = &sc->d;
    sc->w.rollout = &sc->r;
    sc->w.services = sc->services;
    sc->w.service_count = 1;
}

static inline void close_scene(struct scene *sc)
{
    stage_close(&sc->st);
    arena_release(&sc->a);
}

static inline const struct plan *planned(struct scene *sc)
{
    return plan_rollout(&sc->a, &sc->w, sc->st.s.now_ms);
}

/* ---- what several tables change in it -------------------------------------------------------- */

static inline void no_deployment(struct scene *sc)
{
    sc->w.dep = NULL;
}

static inline void deployment_going(struct scene *sc)
{
    sc->d.meta.deleting_ms = 1;
}

static inline void rival(struct scene *sc)
{
    sc->w.rival = "elder";
}

static inline void unknown_field(struct scene *sc)
{
    sc->r.spec.unknown_field = "spec.later";
}

static inline void finding(struct scene *sc)
{
    static const struct finding wrong = {.path = "spec.bake", .message = "must be a duration"};

    sc->r.findings = &wrong;
    sc->r.finding_count = 1;
}

static inline void template_unread(struct scene *sc)
{
    sc->d.template_raw = NULL;
}

static inline void host_port(struct scene *sc)
{
    sc->d.host_port = "80";
}

static inline void one_without_surge(struct scene *sc)
{
    sc->d.replicas = sc->d.st_replicas = sc->d.st_updated = sc->d.st_available = 1;
    sc->d.max_surge = "0";
    sc->d.max_unavailable = "1";
}

/* It lacks the last of the labels that the Deployment selects by. */
static inline void service_of_fewer_labels(struct scene *sc)
{
    static const struct pair both[] = {{"app", "web"}, {"tier", "front"}};

    sc->d.selector.pairs = sc->d.template_labels = both;
    sc->d.selector.count = sc->d.template_label_count = 2;
}

/* It has a label of the template alone: pods of others may have that too. */
static inline void wide_service(struct scene *sc)
{
    static const struct pair both[] = {{"app", "web"}, {"tier", "front"}};

    sc->d.template_labels = both;
    sc->d.template_label_count = 2;
    sc->service.selector.pairs = &both[1];
}

static inline void many_services(struct scene *sc, int n)
{
    for (int i = 1; i < n; i++) {
        struct service *s = ARENA_NEW(&sc->a, struct service);
        *s = sc->service;
        s->meta.name = arena_printf(&sc->a, "s%d", i);
        sc->services[i] = s;
    }
    sc->w.service_count = (size_t)n;
}

static inline char *template_of(struct scene *sc, size_t bytes)
{
    char *text = arena_alloc(&sc->a, bytes + 1);

    memset(text, ' ', bytes);
    text[0] = '{';
    text[bytes - 1] = '}';
    return text;
}

#endif

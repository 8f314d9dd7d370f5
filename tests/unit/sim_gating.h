/* SPDX-License-Identifier: Apache-2.0 */
/* sim_gating.h - a release at the gate of its first step, and what that gate asks. */
#ifndef SLUICE_TESTS_UNIT_SIM_GATING_H
#define SLUICE_TESTS_UNIT_SIM_GATING_H

#include "sim_scene.h"

#define PROBED(port)                                                                               \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':50}]}},'gates':[{"       \
    "'name':'g','probe':{'http':{" port "},'every':'1s','successes':100}}]}"
#define MEASURED(more)                                                                             \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':50}]}},'gates':[{"       \
    "'name':'g','metric':{'prometheus':{" more "},'max':'1','every':'1s','count':1000}}]}"

static inline struct scene *gating(const char *spec)
{
    struct scene *sc = scene_open(&(struct bed_options){.spec = spec});

    bed_rest(&sc->st, "app:v1", 4);
    bed_image(&sc->st, "app:v2");
    bed_until(&sc->st, "Gating", 30000);
    bed_turns(&sc->st, 100); /* some answers are written */
    scene_now(sc);
    return sc;
}

static inline const struct ask *asked(struct scene *sc)
{
    const struct plan *p = scene_plan(sc);

    assert_int_equal(p->ask_count, 1);
    return &p->asks[0];
}

#endif

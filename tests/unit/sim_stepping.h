/* SPDX-License-Identifier: Apache-2.0 */
/* sim_stepping.h - what may be otherwise in a step that waits or goes on. */
#ifndef SLUICE_TESTS_UNIT_SIM_STEPPING_H
#define SLUICE_TESTS_UNIT_SIM_STEPPING_H

#include "sim_scene.h"

#define HOLDS                                                                                      \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':50,'hold':'1h'}]}}}"

static inline void onset(struct scene *sc)
{
    sc->r.status.flight.settled_ms = 0;
    sc->r.status.flight.new_ready = scene_candidate(sc)->st_ready;
    sc->r.status.flight.progressed_ms = sc->st.s.now_ms - SECOND_MS;
}

static inline void one_not_ready(struct scene *sc)
{
    struct replicaset *c = scene_candidate(sc);

    c->st_ready--;
    c->st_available--;
    onset(sc);
}

static inline void one_of_stable_lost(struct scene *sc)
{
    scene_stable(sc)->st_available--;
    scene_stable(sc)->st_ready--;
    onset(sc);
}

/* The moment before the weight of step 1 is decided. */
static inline void undecided(struct scene *sc)
{
    sc->r.status.flight.weight_desired = 0;
    scene_told(sc);
}

static inline struct slice *side_slice(struct scene *sc)
{
    for (size_t i = 0; i < sc->w.slice_count; i++) {
        if (str_equal(sc->slices[i].pin, sc->r.status.flight.revision))
            return &sc->slices[i];
    }
    fail_msg("no slice of the new pods");
    return NULL;
}

static inline void undecided_one_endpoint_short(struct scene *sc)
{
    undecided(sc);
    side_slice(sc)->ready--;
}

#endif
